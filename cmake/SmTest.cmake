# SPDX-License-Identifier: Apache-2.0
# SmTest.cmake -- the kinds of tests.
#
#     sm_unit_test(test_arena runtime/base)            tests/unit/test_arena.c, label unit
#     sm_unit_test(test_x m1 m2 TIMEOUT 60 LABELS unit fault SOURCES more.c)
#     sm_script_test(cli.help LABELS cli TIMEOUT 30 COMMAND script args…)
#     sm_fuzz(yaml pipelines/spec)                     tests/fuzz/fuzz_yaml.c, corpus/yaml/
#     sm_bench(ndjson runtime/connect)                 tests/bench/bench_ndjson.c
#
# Every test runs in its own scratch folder and finds in its environment
#     SM_SOURCE   the source tree      SM_BUILD   the build tree
#     SMELT       the program          SM_PYTHON  the Python that has the oracles, if any
# Exit status 77 means skipped; the last line of the output says why.

if(NOT CMAKE_C_COMPILER_ID MATCHES "GNU|Clang")
  message(FATAL_ERROR "the tests need gcc or clang")
endif()

set(SM_ORACLES "${CMAKE_SOURCE_DIR}/build/deps/oracles" CACHE PATH "Python environment of the oracles")
set(SM_TEST_ENVIRONMENT
  "SM_SOURCE=${CMAKE_SOURCE_DIR}"
  "SM_BUILD=${CMAKE_BINARY_DIR}"
  "SMELT=${CMAKE_BINARY_DIR}/bin/smelt"
  "SM_PYTHON=${SM_ORACLES}/bin/python3"
  "LC_ALL=C.UTF-8"
  "TZ=UTC"
  "NO_COLOR=1"
  "ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1:abort_on_error=0"
  "UBSAN_OPTIONS=print_stacktrace=1"
  "LSAN_OPTIONS=suppressions=${CMAKE_SOURCE_DIR}/tests/support/lsan.supp:print_suppressions=0")

function(sm_test_properties name timeout labels)
  set(scratch "${CMAKE_BINARY_DIR}/scratch/${name}")
  file(MAKE_DIRECTORY "${scratch}")
  set_tests_properties("${name}" PROPERTIES
    WORKING_DIRECTORY "${scratch}"
    ENVIRONMENT "${SM_TEST_ENVIRONMENT}"
    LABELS "${labels}"
    TIMEOUT "${timeout}"
    SKIP_RETURN_CODE 77)
  if(timeout GREATER 300) # those that take long begin first, else all others wait for them at the end
    set_tests_properties("${name}" PROPERTIES COST "${timeout}")
  endif()
endfunction()

# The modules that a test names, as targets.
function(sm_test_modules modules out)
  if(ARGN)
    message(FATAL_ERROR "sm_test_modules takes a list and a name, not \"${ARGN}\" too")
  endif()
  set(targets)
  foreach(module IN LISTS modules)
    if(NOT module IN_LIST SM_ROWS)
      message(FATAL_ERROR "\"${module}\" is no module of tests/lint/layers.txt")
    endif()
    sm_module_target("${module}" target)
    list(APPEND targets ${target})
  endforeach()
  set(${out} "${targets}" PARENT_SCOPE)
endfunction()

function(sm_unit_test name)
  cmake_parse_arguments(PARSE_ARGV 1 T "" "TIMEOUT" "LABELS;SOURCES;LIBS")
  sm_test_modules("${T_UNPARSED_ARGUMENTS}" modules)
  if(NOT T_TIMEOUT)
    set(T_TIMEOUT 300)
  endif()
  if(NOT T_LABELS)
    set(T_LABELS unit)
  endif()
  add_executable(${name} "${name}.c" ${T_SOURCES})
  sm_library(cmocka cmocka)
  target_link_libraries(${name} PRIVATE sm_flags sm_test_support ${modules} ${cmocka})
  foreach(lib IN LISTS T_LIBS)
    sm_library("${lib}" lib_target)
    target_link_libraries(${name} PRIVATE ${lib_target})
  endforeach()
  add_test(NAME ${name} COMMAND ${name})
  sm_test_properties(${name} ${T_TIMEOUT} "${T_LABELS}")
endfunction()

function(sm_script_test name)
  cmake_parse_arguments(PARSE_ARGV 1 T "SERIAL" "TIMEOUT" "LABELS;COMMAND")
  if(NOT T_TIMEOUT)
    set(T_TIMEOUT 300)
  endif()
  add_test(NAME ${name} COMMAND ${T_COMMAND})
  sm_test_properties(${name} ${T_TIMEOUT} "${T_LABELS}")
  if(T_SERIAL)
    set_tests_properties(${name} PROPERTIES RUN_SERIAL ON)
  endif()
endfunction()

# A fuzz target is a file with LLVMFuzzerTestOneInput.  Its corpus runs in every ctest, by a
# plain main; with SM_FUZZ the same file is linked with libFuzzer as bin/fuzz_<name>.
function(sm_fuzz name)
  sm_test_modules("${ARGN}" modules)
  set(target "fuzz_${name}")
  if(SM_FUZZ)
    add_executable(${target} "${target}.c")
    target_link_options(${target} PRIVATE -fsanitize=fuzzer)
    target_link_libraries(${target} PRIVATE sm_flags ${modules})
    set(command ${target} -runs=0)
  else()
    add_executable(${target} "${target}.c" "${CMAKE_SOURCE_DIR}/tests/support/fuzz_main.c")
    target_link_libraries(${target} PRIVATE sm_flags ${modules})
    set(command ${target})
  endif()
  add_test(NAME ${target} COMMAND ${command} "${CMAKE_CURRENT_SOURCE_DIR}/corpus/${name}")
  sm_test_properties(${target} 120 fuzz)
endfunction()

# A benchmark in C: tests/bench/bench_<name>.c, run by scripts/bench <name>, never by ctest.
function(sm_bench name)
  sm_test_modules("${ARGN}" modules)
  add_executable(bench_${name} "bench_${name}.c")
  target_link_libraries(bench_${name} PRIVATE sm_flags ${modules})
endfunction()
