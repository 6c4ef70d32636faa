# SPDX-License-Identifier: Apache-2.0
# SmModule.cmake -- modules, linked as tests/lint/layers.txt says.
#
#     sm_module(runtime/delta SOURCES delta_action.c delta_commit.c LIBS libcrypto)
#
# makes the library sm_runtime_delta of exactly those files, linked with exactly the modules
# of its row and with the libraries named by LIBS: names of pkg-config modules
# (jansson, libcrypto, sqlite3, yaml-0.1, libcurl …), `threads`, `duckdb`, `m`.
# The composition root adds  PROGRAM smelt MAIN main.c  : main.c becomes the program.
# A folder without a row is a configure error; so is a row without its folder.

find_package(PkgConfig REQUIRED)
set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)

set(SM_LAYERS "${CMAKE_SOURCE_DIR}/tests/lint/layers.txt")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${SM_LAYERS}")

# The rows `module used used…` of layers.txt; SM_ROWS holds the names, in order.
function(sm_read_layers)
  file(STRINGS "${SM_LAYERS}" lines REGEX "^[a-z]")
  set(rows)
  foreach(line IN LISTS lines)
    string(REGEX REPLACE "[ \t]+" ";" words "${line}")
    list(POP_FRONT words name)
    list(APPEND rows "${name}")
    set_property(GLOBAL PROPERTY "SM_ROW_${name}" "${words}")
  endforeach()
  list(REMOVE_ITEM rows tests)
  set(SM_ROWS "${rows}" PARENT_SCOPE)
endfunction()

function(sm_module_target name out)
  string(REPLACE "/" "_" target "sm_${name}")
  set(${out} "${target}" PARENT_SCOPE)
endfunction()

# A library by the name that a developer knows -> a CMake target.
function(sm_library name out)
  if(name STREQUAL "threads")
    set(target Threads::Threads)
  elseif(name STREQUAL "duckdb")
    set(target sm_duckdb)
  elseif(name STREQUAL "m" OR name STREQUAL "dl")
    set(target "${name}")
  else()
    string(MAKE_C_IDENTIFIER "PC_${name}" prefix)
    pkg_check_modules(${prefix} QUIET IMPORTED_TARGET GLOBAL "${name}")
    if(NOT ${prefix}_FOUND)
      message(FATAL_ERROR "the library \"${name}\" is not installed: run scripts/setup")
    endif()
    set(target "PkgConfig::${prefix}")
  endif()
  set(${out} "${target}" PARENT_SCOPE)
endfunction()

function(sm_module name)
  cmake_parse_arguments(PARSE_ARGV 1 M "" "PROGRAM;MAIN" "SOURCES;LIBS")
  if(M_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "sm_module(${name}): what is \"${M_UNPARSED_ARGUMENTS}\"?")
  endif()
  if(NOT name IN_LIST SM_ROWS)
    message(FATAL_ERROR "module \"${name}\" has no row in tests/lint/layers.txt")
  endif()
  if(NOT CMAKE_CURRENT_SOURCE_DIR STREQUAL "${CMAKE_SOURCE_DIR}/${name}")
    message(FATAL_ERROR "sm_module(${name}) stands in \"${CMAKE_CURRENT_SOURCE_DIR}\"")
  endif()

  sm_module_target("${name}" target)
  set(kind PUBLIC)
  if(M_SOURCES)
    add_library(${target} STATIC ${M_SOURCES})
  else()
    add_library(${target} INTERFACE)
    set(kind INTERFACE)
  endif()
  target_link_libraries(${target} ${kind} sm_flags)
  foreach(lib IN LISTS M_LIBS)
    sm_library("${lib}" lib_target)
    target_link_libraries(${target} ${kind} ${lib_target})
  endforeach()
  set_property(GLOBAL APPEND PROPERTY SM_MODULES "${name}")

  if(M_PROGRAM)
    add_executable(${M_PROGRAM} ${M_MAIN})
    target_link_libraries(${M_PROGRAM} PRIVATE ${target})
    install(TARGETS ${M_PROGRAM} RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
  endif()
endfunction()

# Every folder has its row and every row its folder.
function(sm_add_modules)
  file(GLOB folders RELATIVE "${CMAKE_SOURCE_DIR}" CONFIGURE_DEPENDS
    "${CMAKE_SOURCE_DIR}/expectations" "${CMAKE_SOURCE_DIR}/pipelines/*"
    "${CMAKE_SOURCE_DIR}/runtime/*" "${CMAKE_SOURCE_DIR}/ui/*")
  foreach(folder IN LISTS folders)
    if(IS_DIRECTORY "${CMAKE_SOURCE_DIR}/${folder}" AND NOT folder IN_LIST SM_ROWS)
      message(FATAL_ERROR "the folder \"${folder}\" has no row in tests/lint/layers.txt")
    endif()
  endforeach()
  foreach(name IN LISTS SM_ROWS)
    if(NOT EXISTS "${CMAKE_SOURCE_DIR}/${name}/CMakeLists.txt")
      message(FATAL_ERROR "tests/lint/layers.txt has the row \"${name}\", but there is no such folder")
    endif()
    add_subdirectory("${name}")
  endforeach()
endfunction()

# Done after all modules are known, so that their order does not matter.
function(sm_link_modules)
  get_property(modules GLOBAL PROPERTY SM_MODULES)
  foreach(name IN LISTS modules)
    get_property(uses GLOBAL PROPERTY "SM_ROW_${name}")
    if("*" IN_LIST uses)
      set(uses ${modules})
      list(REMOVE_ITEM uses "${name}")
    endif()
    sm_module_target("${name}" target)
    get_target_property(type ${target} TYPE)
    set(kind PUBLIC)
    if(type STREQUAL "INTERFACE_LIBRARY")
      set(kind INTERFACE)
    endif()
    foreach(used IN LISTS uses)
      sm_module_target("${used}" used_target)
      target_link_libraries(${target} ${kind} ${used_target})
    endforeach()
  endforeach()
endfunction()
