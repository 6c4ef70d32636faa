# SPDX-License-Identifier: Apache-2.0
sm_fuzz(ndjson runtime/connect)
sm_fuzz(records runtime/connect)
if(TARGET fuzz_ndjson)
  target_sources(fuzz_ndjson PRIVATE "${CMAKE_SOURCE_DIR}/tests/support/decode_table.c")
endif()
if(TARGET fuzz_records)
  target_sources(fuzz_records PRIVATE "${CMAKE_SOURCE_DIR}/tests/support/decode_table.c")
endif()
