# SPDX-License-Identifier: Apache-2.0
sm_unit_test(test_engine runtime/engine)
sm_unit_test(test_engine_bind runtime/engine)
sm_unit_test(test_engine_copy runtime/engine)
sm_unit_test(test_engine_functions runtime/engine pipelines/sql)
sm_unit_test(test_engine_reader runtime/engine)
sm_unit_test(test_engine_watch runtime/engine)
sm_unit_test(test_engine_rules runtime/engine expectations TIMEOUT 120)
