# SPDX-License-Identifier: Apache-2.0
# Each default test has a whole one beside it, which runs only with the label `all`.
set(crash_run "${CMAKE_SOURCE_DIR}/tests/support/oracles/run.sh")
foreach(name IN ITEMS matrix named rebuild replay kill_loop signals)
  sm_script_test(crash.${name} LABELS crash TIMEOUT 300
    COMMAND "${crash_run}" "${CMAKE_CURRENT_SOURCE_DIR}/${name}.py")
endforeach()
sm_script_test(crash.remembered LABELS crash TIMEOUT 300
  COMMAND "${crash_run}" "${CMAKE_CURRENT_SOURCE_DIR}/matrix.py" --kind remembered
    --point ops.after_state:5:kill --point flow.after_decided:2:kill --point flow.after_publish:1:kill)
foreach(class IN ITEMS Hostile Permission Space)
  string(TOLOWER "${class}" name)
  sm_script_test(crash.${name} LABELS crash TIMEOUT 300
    COMMAND "${crash_run}" "${CMAKE_CURRENT_SOURCE_DIR}/hostile.py" ${class})
endforeach()
sm_script_test(crash.kill_loop_whole LABELS crash all TIMEOUT 900
  COMMAND "${crash_run}" "${CMAKE_CURRENT_SOURCE_DIR}/kill_loop.py" --kills 200)
foreach(kind IN ITEMS "first run" "chain" "full refresh" "two flows" "materialized view" "static join" "schema growth"
    "clean source" "quarantine" "type widening" "aggregate append" "aggregate update" "aggregate complete" "remembered")
  string(REPLACE " " "_" name "${kind}")
  sm_script_test(crash.matrix_whole.${name} LABELS crash all TIMEOUT 3600
    COMMAND "${crash_run}" "${CMAKE_CURRENT_SOURCE_DIR}/matrix.py" --all --every 4 --kind "${kind}")
endforeach()
