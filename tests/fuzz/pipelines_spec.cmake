# SPDX-License-Identifier: Apache-2.0
sm_fuzz(yaml pipelines/spec runtime/base)
if(TARGET fuzz_yaml)
  target_sources(fuzz_yaml PRIVATE "${CMAKE_SOURCE_DIR}/tests/support/units.c")
endif()
