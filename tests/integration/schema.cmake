# SPDX-License-Identifier: Apache-2.0
sm_script_test(integration.schema_evolution LABELS integration TIMEOUT 900
  COMMAND "${CMAKE_SOURCE_DIR}/tests/support/oracles/run.sh" "${CMAKE_CURRENT_SOURCE_DIR}/test_schema_evolution.py")
set(feed "${CMAKE_SOURCE_DIR}/tests/support/oracles/run.sh" "${CMAKE_CURRENT_SOURCE_DIR}/test_feed.py")
sm_script_test(integration.feed LABELS integration TIMEOUT 600 COMMAND ${feed})
sm_script_test(integration.feed_whole LABELS integration all TIMEOUT 3600 COMMAND ${feed} --files 10000 --runs 50)
set(widened "${CMAKE_SOURCE_DIR}/tests/support/oracles/run.sh" "${CMAKE_CURRENT_SOURCE_DIR}/test_widened.py")
sm_script_test(integration.widened LABELS integration TIMEOUT 300 COMMAND ${widened})
sm_script_test(integration.widened_spark LABELS integration all TIMEOUT 1200 SERIAL COMMAND ${widened} --spark)
sm_script_test(integration.state_growth LABELS integration TIMEOUT 600
  COMMAND "${CMAKE_SOURCE_DIR}/tests/support/oracles/run.sh" "${CMAKE_CURRENT_SOURCE_DIR}/test_state_growth.py")
sm_script_test(integration.arrival LABELS integration TIMEOUT 600
  COMMAND "${CMAKE_SOURCE_DIR}/tests/support/oracles/run.sh" "${CMAKE_CURRENT_SOURCE_DIR}/test_arrival.py")
