# SPDX-License-Identifier: Apache-2.0
sm_unit_test(test_mask expectations)
sm_unit_test(test_verdict expectations)
