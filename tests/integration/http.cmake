# SPDX-License-Identifier: Apache-2.0
sm_script_test(integration.http LABELS integration TIMEOUT 300
  COMMAND "${CMAKE_SOURCE_DIR}/tests/support/oracles/run.sh" "${CMAKE_CURRENT_SOURCE_DIR}/test_http.py")
sm_script_test(integration.http_load LABELS integration all TIMEOUT 600
  COMMAND "${CMAKE_SOURCE_DIR}/tests/support/oracles/run.sh" "${CMAKE_CURRENT_SOURCE_DIR}/test_http_load.py")
sm_script_test(integration.api LABELS integration all TIMEOUT 1800
  COMMAND "${CMAKE_SOURCE_DIR}/tests/support/oracles/run.sh" "${CMAKE_CURRENT_SOURCE_DIR}/test_api.py")
sm_script_test(integration.cost LABELS integration TIMEOUT 300
  COMMAND "${CMAKE_SOURCE_DIR}/tests/support/oracles/run.sh" "${CMAKE_CURRENT_SOURCE_DIR}/test_cost.py")
