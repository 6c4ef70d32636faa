# SPDX-License-Identifier: Apache-2.0
sm_script_test(integration.delta_source LABELS integration TIMEOUT 300
  COMMAND "${CMAKE_SOURCE_DIR}/tests/support/oracles/run.sh"
    "${CMAKE_CURRENT_SOURCE_DIR}/test_delta_source.py" "$<TARGET_FILE:smelt>")
sm_script_test(integration.delta_source_spark LABELS integration all TIMEOUT 1800 SERIAL
  COMMAND "${CMAKE_SOURCE_DIR}/tests/support/oracles/run.sh"
    "${CMAKE_CURRENT_SOURCE_DIR}/test_delta_source.py" "$<TARGET_FILE:smelt>" --spark)
