# SPDX-License-Identifier: Apache-2.0
sm_script_test(integration.install LABELS integration TIMEOUT 120
  COMMAND "${CMAKE_CURRENT_SOURCE_DIR}/test_install.sh")
