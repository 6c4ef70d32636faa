# SPDX-License-Identifier: Apache-2.0
sm_unit_test(test_source_files_read runtime/sources LABELS integration engine TIMEOUT 120
  SOURCES "${CMAKE_SOURCE_DIR}/tests/support/source_fixture.c"
  "${CMAKE_SOURCE_DIR}/tests/unit/store_fixture.c")
sm_unit_test(test_source_generate_read runtime/sources LABELS integration engine)
