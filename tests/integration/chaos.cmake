# SPDX-License-Identifier: Apache-2.0
set(chaos_run "${CMAKE_SOURCE_DIR}/tests/support/versitygw/run.sh" "${CMAKE_SOURCE_DIR}/tests/support/oracles/run.sh"
  "${CMAKE_CURRENT_SOURCE_DIR}/test_chaos.py")
sm_script_test(integration.chaos LABELS integration crash fault TIMEOUT 600 COMMAND ${chaos_run})
sm_script_test(integration.chaos_whole LABELS integration crash all TIMEOUT 3600 SERIAL
  COMMAND ${chaos_run} --kills 100 --spark)
