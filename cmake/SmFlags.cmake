# SPDX-License-Identifier: Apache-2.0
# SmFlags.cmake -- how every C file of smelt is compiled: the target `sm_flags`.

set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Debug or Release" FORCE)
endif()

# Asserts stay in release builds: a crash is safe by design, going on is not.
set(CMAKE_C_FLAGS_DEBUG "-Og -g")
set(CMAKE_C_FLAGS_RELEASE "-O2 -g -D_FORTIFY_SOURCE=2")

# Programs lie in bin/ and DuckDB in lib/smelt/, in the build tree as after
# installation, so that one rule finds it: ../lib/smelt beside the program's folder.
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")

add_library(sm_flags INTERFACE)
target_include_directories(sm_flags INTERFACE "${CMAKE_SOURCE_DIR}")
target_compile_definitions(sm_flags INTERFACE _GNU_SOURCE)
target_compile_options(sm_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wmissing-prototypes -Wstrict-prototypes
  -Wvla -Wundef -Wwrite-strings -Wformat=2 -Wno-format-nonliteral
  -fstack-protector-strong -fno-strict-aliasing -fno-common
  "-ffile-prefix-map=${CMAKE_SOURCE_DIR}/=")
target_link_options(sm_flags INTERFACE -Wl,-z,relro -Wl,--as-needed)

target_compile_options(sm_flags INTERFACE
  "SHELL:-include \"${CMAKE_SOURCE_DIR}/runtime/base/banned.h\"")

if(SM_WERROR)
  target_compile_options(sm_flags INTERFACE -Werror)
endif()

if(SM_FUZZ AND NOT CMAKE_C_COMPILER_ID MATCHES "Clang")
  message(FATAL_ERROR "SM_FUZZ needs clang: use the preset `fuzz` (cmake --preset fuzz)")
endif()
if(SM_FUZZ)
  target_compile_options(sm_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

if(SM_SANITIZE)
  set(sm_sanitize "-fsanitize=${SM_SANITIZE}" -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_compile_options(sm_flags INTERFACE ${sm_sanitize})
  target_link_options(sm_flags INTERFACE ${sm_sanitize})
  # clang's ASan looks for __cxa_throw when a program starts.  DuckDB brings it later, and its first
  # exception would end the program: so libstdc++ is there from the start.
  if(CMAKE_C_COMPILER_ID MATCHES "Clang")
    target_link_options(sm_flags INTERFACE
      -Wl,--push-state,--no-as-needed -l:libstdc++.so.6 -Wl,--pop-state)
  endif()
endif()
