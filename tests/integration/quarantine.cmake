# SPDX-License-Identifier: Apache-2.0
foreach(name IN ITEMS quarantine replay_records)
  sm_script_test(integration.${name} LABELS integration TIMEOUT 300
    COMMAND "${CMAKE_SOURCE_DIR}/tests/support/oracles/run.sh" "${CMAKE_CURRENT_SOURCE_DIR}/test_${name}.py")
endforeach()
