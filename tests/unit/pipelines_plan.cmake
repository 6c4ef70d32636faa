# SPDX-License-Identifier: Apache-2.0
sm_unit_test(test_graph pipelines/plan)
sm_unit_test(test_plan_select pipelines/plan)
sm_unit_test(test_plan_diff pipelines/plan)
sm_unit_test(test_plan_json pipelines/plan)
sm_unit_test(test_plan pipelines/plan runtime/engine TIMEOUT 120
  SOURCES ${CMAKE_SOURCE_DIR}/tests/support/live_engine.c ${CMAKE_SOURCE_DIR}/tests/support/units.c)
