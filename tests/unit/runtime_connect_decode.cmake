# SPDX-License-Identifier: Apache-2.0
set(table "${CMAKE_SOURCE_DIR}/tests/support/decode_table.c")
sm_unit_test(test_decode_ndjson runtime/connect SOURCES ${table})
sm_unit_test(test_decode_value runtime/connect SOURCES ${table})
sm_unit_test(test_decode_time runtime/connect)
sm_unit_test(test_decode_nested runtime/connect SOURCES ${table})
sm_unit_test(test_decode_csv runtime/connect SOURCES ${table})
sm_unit_test(test_decode_hints runtime/connect)
