# SPDX-License-Identifier: Apache-2.0
sm_unit_test(test_uri ui/http)
sm_unit_test(test_specifiers ui/web)
sm_unit_test(test_peer ui/http)
