# SPDX-License-Identifier: Apache-2.0
sm_unit_test(test_sql_tokens pipelines/sql)
sm_unit_test(test_sql_window pipelines/sql)
sm_unit_test(test_stage_memory pipelines/sql)
sm_unit_test(test_sql_engine pipelines/sql runtime/engine TIMEOUT 120
  SOURCES ${CMAKE_SOURCE_DIR}/tests/support/live_engine.c)
sm_unit_test(test_sql_cut pipelines/sql runtime/engine TIMEOUT 120
  SOURCES ${CMAKE_SOURCE_DIR}/tests/support/live_engine.c)
