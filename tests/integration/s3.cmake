# SPDX-License-Identifier: Apache-2.0
sm_test_modules("runtime/io" s3_modules)
add_executable(test_object_s3 test_object_s3.c)
sm_library(cmocka s3_cmocka)
target_link_libraries(test_object_s3 PRIVATE sm_flags sm_test_support ${s3_modules} ${s3_cmocka})
sm_script_test(integration.object_s3 LABELS integration fault TIMEOUT 120
  COMMAND "${CMAKE_SOURCE_DIR}/tests/support/versitygw/run.sh" "$<TARGET_FILE:test_object_s3>")
set(s3_run "${CMAKE_SOURCE_DIR}/tests/support/versitygw/run.sh" "${CMAKE_SOURCE_DIR}/tests/support/oracles/run.sh")
sm_script_test(integration.s3 LABELS integration TIMEOUT 300
  COMMAND ${s3_run} "${CMAKE_CURRENT_SOURCE_DIR}/test_s3.py" Kinds Bucket Environment Guide)
sm_script_test(integration.s3_faults LABELS integration crash fault TIMEOUT 300
  COMMAND ${s3_run} "${CMAKE_CURRENT_SOURCE_DIR}/test_s3.py" Faults Killed Durable)
sm_script_test(integration.s3_whole LABELS integration all TIMEOUT 900
  COMMAND ${s3_run} "${CMAKE_CURRENT_SOURCE_DIR}/test_s3.py" --all)
sm_script_test(integration.s3_files LABELS integration crash fault TIMEOUT 120
  COMMAND ${s3_run} "${CMAKE_CURRENT_SOURCE_DIR}/test_s3_files.py")
