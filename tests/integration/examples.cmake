# SPDX-License-Identifier: Apache-2.0
set(run_python "${CMAKE_SOURCE_DIR}/tests/support/oracles/run.sh")
sm_script_test(integration.examples LABELS integration TIMEOUT 180
  COMMAND "${run_python}" "${CMAKE_CURRENT_SOURCE_DIR}/test_examples.py")
sm_script_test(integration.iot_equals LABELS integration TIMEOUT 300
  COMMAND "${run_python}" "${CMAKE_CURRENT_SOURCE_DIR}/test_iot_equals.py" 200000)
sm_script_test(integration.iot_equals_bench LABELS integration all TIMEOUT 1800 SERIAL
  COMMAND "${run_python}" "${CMAKE_CURRENT_SOURCE_DIR}/test_iot_equals.py" 2000000)
sm_script_test(integration.iot_versions LABELS integration TIMEOUT 300
  COMMAND "${run_python}" "${CMAKE_CURRENT_SOURCE_DIR}/test_iot_versions.py")
sm_script_test(integration.iot_versions_spark LABELS integration all TIMEOUT 1200 SERIAL
  COMMAND "${run_python}" "${CMAKE_CURRENT_SOURCE_DIR}/test_iot_versions.py" --spark)
