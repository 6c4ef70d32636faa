# SPDX-License-Identifier: Apache-2.0
sm_script_test(integration.nexmark LABELS integration TIMEOUT 900
  COMMAND "${CMAKE_SOURCE_DIR}/tests/support/oracles/run.sh" "${CMAKE_CURRENT_SOURCE_DIR}/test_nexmark.py"
    Nexmark.test_each_recorded_query_is_here Nexmark.test_all_bids_at_once Nexmark.test_bids_by_sevens)
sm_script_test(integration.nexmark_one_by_one LABELS integration all TIMEOUT 3600
  COMMAND "${CMAKE_SOURCE_DIR}/tests/support/oracles/run.sh" "${CMAKE_CURRENT_SOURCE_DIR}/test_nexmark.py"
    Nexmark.test_bid_by_bid)
