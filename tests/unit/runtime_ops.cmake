# SPDX-License-Identifier: Apache-2.0
sm_unit_test(test_ops runtime/ops SOURCES ops_fixture.c ops_stages.c)
sm_unit_test(test_ops_dedup runtime/ops SOURCES ops_fixture.c)
sm_unit_test(test_ops_session runtime/ops SOURCES ops_fixture.c)
sm_unit_test(test_ops_join runtime/ops SOURCES ops_fixture.c)
