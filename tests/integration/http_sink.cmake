# SPDX-License-Identifier: Apache-2.0
sm_script_test(integration.http_sink LABELS integration TIMEOUT 600
  COMMAND "${CMAKE_SOURCE_DIR}/tests/support/oracles/run.sh"
    "${CMAKE_CURRENT_SOURCE_DIR}/test_http_sink.py")
