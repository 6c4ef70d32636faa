# SPDX-License-Identifier: Apache-2.0
set(run_python "${CMAKE_SOURCE_DIR}/tests/support/oracles/run.sh")
sm_script_test(integration.autoloader LABELS integration TIMEOUT 1800
  COMMAND "${run_python}" "${CMAKE_CURRENT_SOURCE_DIR}/test_autoloader.py")
