# SPDX-License-Identifier: Apache-2.0
sm_unit_test(test_object_local runtime/io LABELS unit fault)
