# SPDX-License-Identifier: Apache-2.0
sm_fuzz(ndjson runtime/connect)
if(TARGET fuzz_ndjson)
  target_sources(fuzz_ndjson PRIVATE "${CMAKE_SOURCE_DIR}/tests/support/decode_table.c")
endif()
