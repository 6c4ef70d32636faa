# SPDX-License-Identifier: Apache-2.0
sm_unit_test(test_source_files_read runtime/sources LABELS integration engine TIMEOUT 120
  SOURCES "${CMAKE_SOURCE_DIR}/tests/support/source_fixture.c"
  "${CMAKE_SOURCE_DIR}/tests/unit/store_fixture.c")
sm_unit_test(test_source_generate_read runtime/sources LABELS integration engine)
sm_script_test(integration.continuous LABELS integration TIMEOUT 300
  COMMAND "${CMAKE_SOURCE_DIR}/tests/support/oracles/run.sh" "${CMAKE_CURRENT_SOURCE_DIR}/test_continuous.py")
