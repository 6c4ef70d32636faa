# SPDX-License-Identifier: Apache-2.0
# One broker for the whole suite; it is started when a test that wants it is among those that run.
set(kafka_broker "${CMAKE_SOURCE_DIR}/tests/support/kafka/broker")
set(kafka_folder "${CMAKE_CURRENT_BINARY_DIR}/kafka")
foreach(what IN ITEMS start kill)
  sm_script_test(kafka.${what} LABELS integration TIMEOUT 120 COMMAND "${kafka_broker}" ${what} "${kafka_folder}")
endforeach()
set_tests_properties(kafka.start PROPERTIES FIXTURES_SETUP kafka)
set_tests_properties(kafka.kill PROPERTIES FIXTURES_CLEANUP kafka)

function(sm_kafka_test name file)
  sm_script_test(${name} LABELS integration TIMEOUT 600
    COMMAND "${CMAKE_SOURCE_DIR}/tests/support/oracles/run.sh" "${CMAKE_CURRENT_SOURCE_DIR}/${file}" ${ARGN})
  set_tests_properties(${name} PROPERTIES FIXTURES_REQUIRED kafka)
  set_property(TEST ${name} APPEND PROPERTY ENVIRONMENT "SM_KAFKA=${kafka_folder}")
endfunction()

sm_kafka_test(integration.kafka_source test_kafka_source.py)
sm_kafka_test(integration.kafka_sink test_kafka_sink.py)
