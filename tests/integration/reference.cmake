# SPDX-License-Identifier: Apache-2.0
# docs/reference/ is what the program prints; `cmake --build BUILD --target reference` writes it.
add_executable(list_events "${CMAKE_SOURCE_DIR}/tests/support/list_events.c")
target_link_libraries(list_events PRIVATE sm_flags sm_runtime_events)
add_executable(list_routes "${CMAKE_SOURCE_DIR}/tests/support/list_routes.c")
target_link_libraries(list_routes PRIVATE sm_flags sm_ui_http)
sm_script_test(integration.reference LABELS integration TIMEOUT 60
  COMMAND "${CMAKE_SOURCE_DIR}/tests/support/oracles/run.sh"
    "${CMAKE_SOURCE_DIR}/tests/support/gen_reference.py" --check)
add_custom_target(reference
  COMMAND "${CMAKE_COMMAND}" -E env "SM_SOURCE=${CMAKE_SOURCE_DIR}" "SMELT=${CMAKE_BINARY_DIR}/bin/smelt"
    "${SM_ORACLES}/bin/python3" -B "${CMAKE_SOURCE_DIR}/tests/support/gen_reference.py"
  DEPENDS smelt list_events list_routes VERBATIM)
