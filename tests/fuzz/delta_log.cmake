# SPDX-License-Identifier: Apache-2.0
sm_fuzz(delta_log runtime/delta)
sm_fuzz(delta_dv runtime/delta)
