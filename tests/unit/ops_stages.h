/* SPDX-License-Identifier: Apache-2.0 */
/* ops_stages.h -- stages as the cut makes them, by hand: over (ts, k, v), windows of ten seconds.
 */
#ifndef SM_TESTS_OPS_STAGES_H
#define SM_TESTS_OPS_STAGES_H

#include "pipelines/sql/sql_stage.h"

extern sm_column ops_group_columns[4], ops_out_columns[4];
extern const sm_stage_value ops_row_values[2]; /* of an aggregate that keeps its rows */
extern const sm_sv ops_labels[3];

/* Over _smelt_in_0, no delay, as _smelt_st_0. */
sm_stage ops_watermark(void);
/* k0 number of the window, k1 = k, a0 = count(*), a1 = sum(v); over it, as _smelt_st_1. */
sm_stage ops_aggregate(sm_stage_mode mode);

#endif
