# SPDX-License-Identifier: Apache-2.0
# What a stream finds in a folder: tables of behaviours.
sm_script_test(integration.discovery LABELS integration TIMEOUT 600
  COMMAND "${CMAKE_SOURCE_DIR}/tests/support/oracles/run.sh" "${CMAKE_CURRENT_SOURCE_DIR}/test_discovery.py")
