# SPDX-License-Identifier: Apache-2.0
sm_test_modules("runtime/sinks;runtime/sources;runtime/connect" oracle_modules)
add_executable(oracle_delta oracle_delta.c)
target_link_libraries(oracle_delta PRIVATE sm_flags ${oracle_modules})
sm_script_test(integration.oracle_delta LABELS integration TIMEOUT 300
  COMMAND "${CMAKE_SOURCE_DIR}/tests/support/oracles/run.sh"
    "${CMAKE_CURRENT_SOURCE_DIR}/oracle_delta.py" "$<TARGET_FILE:oracle_delta>")
sm_script_test(integration.oracle_delta_spark LABELS integration all TIMEOUT 900 SERIAL
  COMMAND "${CMAKE_SOURCE_DIR}/tests/support/oracles/run.sh"
    "${CMAKE_CURRENT_SOURCE_DIR}/oracle_delta.py" "$<TARGET_FILE:oracle_delta>" --spark)
add_executable(merge_batches merge_batches.c)
target_link_libraries(merge_batches PRIVATE sm_flags ${oracle_modules})
sm_script_test(integration.oracle_merge LABELS integration fault TIMEOUT 900
  COMMAND "${CMAKE_SOURCE_DIR}/tests/support/oracles/run.sh"
    "${CMAKE_CURRENT_SOURCE_DIR}/oracle_merge.py" "$<TARGET_FILE:merge_batches>")
