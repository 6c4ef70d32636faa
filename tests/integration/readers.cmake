# SPDX-License-Identifier: Apache-2.0
sm_script_test(integration.readers LABELS integration TIMEOUT 300
  COMMAND "${CMAKE_SOURCE_DIR}/tests/support/oracles/run.sh" "${CMAKE_CURRENT_SOURCE_DIR}/test_readers.py")
sm_script_test(integration.readers_spark LABELS integration all TIMEOUT 900 SERIAL
  COMMAND "${CMAKE_SOURCE_DIR}/tests/support/oracles/run.sh" "${CMAKE_CURRENT_SOURCE_DIR}/test_readers.py" --spark)
