# SPDX-License-Identifier: Apache-2.0
set(source_fixture "${CMAKE_SOURCE_DIR}/tests/support/source_fixture.c"
  "${CMAKE_SOURCE_DIR}/tests/unit/store_fixture.c")
sm_unit_test(test_source_generate runtime/sources)
sm_unit_test(test_source_kafka runtime/sources)
sm_unit_test(test_message_headers runtime/sinks)
sm_unit_test(test_outbox runtime/sinks)
sm_unit_test(test_source_files runtime/sources SOURCES ${source_fixture})
