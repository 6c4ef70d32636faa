# SPDX-License-Identifier: Apache-2.0
sm_unit_test(test_notify_book runtime/notify)
