# SPDX-License-Identifier: Apache-2.0
sm_unit_test(test_object_local runtime/io LABELS unit fault)
sm_unit_test(test_object_images runtime/io)
sm_unit_test(test_s3_listings runtime/io)
sm_unit_test(test_egress runtime/io)
sm_unit_test(test_fan runtime/io)
sm_unit_test(test_http_client runtime/io)
sm_unit_test(test_s3_text runtime/io)
