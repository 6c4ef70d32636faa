# SPDX-License-Identifier: Apache-2.0
sm_script_test(integration.debootstrap_demo LABELS integration all TIMEOUT 1200 SERIAL
  COMMAND "${CMAKE_CURRENT_SOURCE_DIR}/debootstrap_demo.sh")
