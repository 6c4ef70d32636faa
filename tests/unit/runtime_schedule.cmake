# SPDX-License-Identifier: Apache-2.0
sm_unit_test(test_scheduler runtime/schedule SOURCES schedule_world.c store_fixture.c)
sm_unit_test(test_scheduler_left runtime/schedule SOURCES schedule_world.c)
sm_unit_test(test_cancel runtime/schedule)
sm_unit_test(test_schedule_day runtime/schedule SOURCES schedule_world.c)
sm_unit_test(test_triggers runtime/schedule SOURCES schedule_world.c)
