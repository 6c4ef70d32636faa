# SPDX-License-Identifier: Apache-2.0
sm_unit_test(test_scheduler runtime/schedule SOURCES schedule_world.c)
sm_unit_test(test_cancel runtime/schedule)
