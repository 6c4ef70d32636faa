# SPDX-License-Identifier: Apache-2.0
sm_unit_test(test_flow_stages runtime/exec runtime/sources runtime/sinks SOURCES run_fixture.c ops_stages.c
  LABELS unit fault TIMEOUT 240)
sm_unit_test(test_flow_watermark runtime/exec)
