# SPDX-License-Identifier: Apache-2.0
sm_script_test(integration.reports LABELS integration TIMEOUT 180
  COMMAND "${CMAKE_SOURCE_DIR}/tests/support/oracles/run.sh" "${CMAKE_CURRENT_SOURCE_DIR}/test_reports.py")
sm_script_test(integration.ci_workflow LABELS integration TIMEOUT 180
  COMMAND "${CMAKE_SOURCE_DIR}/tests/support/oracles/run.sh" "${CMAKE_CURRENT_SOURCE_DIR}/test_ci_workflow.py")
