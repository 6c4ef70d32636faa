# SPDX-License-Identifier: Apache-2.0
# SmDuckdb.cmake -- find DuckDB, judge it, put it where the program looks.
#
# `scripts/setup` unpacks the pinned npm packages (runtime/engine/package-lock.json) to
# build/deps/duckdb; -DDUCKDB_ROOT= takes any other install.  smelt loads the library at
# run time (dlopen, ../lib/smelt/libduckdb.so beside the program's folder; the variable
# SMELT_DUCKDB overrides), so nothing is linked here: the target sm_duckdb carries the header.
#
# Judged at configure time: the library is at least as new as the header, it has every
# function that the header declares, and those named in runtime/engine/symbols.txt.

set(sm_duckdb_root "${DUCKDB_ROOT}")
if(NOT sm_duckdb_root)
  set(sm_duckdb_root "${CMAKE_SOURCE_DIR}/build/deps/duckdb")
endif()

find_path(SM_DUCKDB_INCLUDE duckdb.h NO_CACHE NO_DEFAULT_PATH
  PATHS "${sm_duckdb_root}" PATH_SUFFIXES include .)
find_file(SM_DUCKDB_LIBRARY libduckdb.so NO_CACHE NO_DEFAULT_PATH
  PATHS "${sm_duckdb_root}" PATH_SUFFIXES lib "lib/${CMAKE_LIBRARY_ARCHITECTURE}" .)
if(NOT SM_DUCKDB_INCLUDE OR NOT SM_DUCKDB_LIBRARY)
  message(FATAL_ERROR "DuckDB is not in \"${sm_duckdb_root}\" (include/duckdb.h and "
    "lib/libduckdb.so): run scripts/setup, or pass -DDUCKDB_ROOT=<folder>")
endif()
get_filename_component(SM_DUCKDB_LIBRARY "${SM_DUCKDB_LIBRARY}" REALPATH)

# The functions to look for: those of the header, and the newer ones that engine declares.
function(sm_duckdb_wanted out)
  file(READ "${SM_DUCKDB_INCLUDE}/duckdb.h" header)
  string(REGEX MATCHALL "DUCKDB_C_API [^;(]*[ *]duckdb_[a-z0-9_]+\\(" declared "${header}")
  set(names)
  foreach(line IN LISTS declared)
    string(REGEX REPLACE ".*[ *](duckdb_[a-z0-9_]+)\\($" "\\1" name "${line}")
    list(APPEND names "${name}")
  endforeach()
  set(extra "${CMAKE_SOURCE_DIR}/runtime/engine/symbols.txt")
  if(EXISTS "${extra}")
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${extra}")
    file(STRINGS "${extra}" more REGEX "^duckdb_")
    list(APPEND names ${more})
  endif()
  list(REMOVE_DUPLICATES names)
  set(${out} "${names}" PARENT_SCOPE)
endfunction()

# The version of the header: setup notes it beside the header; a header that came
# with its library needs none.
function(sm_duckdb_header_version out)
  set(note "${sm_duckdb_root}/header-version")
  set(version "0")
  if(EXISTS "${note}")
    file(STRINGS "${note}" version LIMIT_COUNT 1)
  endif()
  set(${out} "${version}" PARENT_SCOPE)
endfunction()

function(sm_duckdb_check)
  sm_duckdb_wanted(names)
  sm_duckdb_header_version(header_version)
  file(TIMESTAMP "${SM_DUCKDB_LIBRARY}" stamp "%s" UTC)
  string(SHA256 key "${SM_DUCKDB_LIBRARY} ${stamp} ${header_version} ${names}")
  if(CMAKE_CROSSCOMPILING OR "${SM_DUCKDB_CHECKED}" STREQUAL "${key}")
    return()
  endif()
  list(JOIN names "\n" text)
  file(WRITE "${CMAKE_BINARY_DIR}/duckdb-symbols.txt" "${text}\n")
  try_run(ran built "${CMAKE_BINARY_DIR}/duckdb-check" "${CMAKE_SOURCE_DIR}/cmake/duckdb_check.c"
    LINK_LIBRARIES ${CMAKE_DL_LIBS}
    COMPILE_OUTPUT_VARIABLE compile_output
    RUN_OUTPUT_VARIABLE output
    ARGS "${SM_DUCKDB_LIBRARY}" "${CMAKE_BINARY_DIR}/duckdb-symbols.txt")
  if(NOT built)
    message(FATAL_ERROR "cmake/duckdb_check.c does not compile:\n${compile_output}")
  endif()
  string(STRIP "${output}" output)
  if(NOT "${ran}" STREQUAL "0")
    message(FATAL_ERROR "\"${SM_DUCKDB_LIBRARY}\" cannot be used:\n${output}")
  endif()
  string(REGEX REPLACE "^v" "" version "${output}")
  if(version VERSION_LESS header_version)
    message(FATAL_ERROR "DuckDB's library is version ${version}, older than its header "
      "(${header_version}): run scripts/setup, or pass -DDUCKDB_ROOT=<folder>")
  endif()
  list(LENGTH names count)
  message(STATUS "DuckDB ${version}: ${count} functions found")
  set(SM_DUCKDB_VERSION "${version}" CACHE INTERNAL "version of the library")
  set(SM_DUCKDB_CHECKED "${key}" CACHE INTERNAL "what sm_duckdb_check() has judged")
endfunction()

sm_duckdb_check()

add_library(sm_duckdb INTERFACE)
target_include_directories(sm_duckdb SYSTEM INTERFACE "${SM_DUCKDB_INCLUDE}")
target_compile_definitions(sm_duckdb INTERFACE SM_DUCKDB_RELATIVE="../lib/smelt/libduckdb.so")
target_link_libraries(sm_duckdb INTERFACE ${CMAKE_DL_LIBS})

file(MAKE_DIRECTORY "${CMAKE_BINARY_DIR}/lib/smelt")
file(CREATE_LINK "${SM_DUCKDB_LIBRARY}" "${CMAKE_BINARY_DIR}/lib/smelt/libduckdb.so" SYMBOLIC)
install(FILES "${SM_DUCKDB_LIBRARY}" DESTINATION lib/smelt
  PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
