# SPDX-License-Identifier: Apache-2.0
sm_unit_test(test_event runtime/events)
sm_unit_test(test_event_bus runtime/events)
sm_unit_test(test_event_log runtime/events SOURCES store_fixture.c)
sm_unit_test(test_advice runtime/events)
sm_unit_test(test_phase runtime/events)
