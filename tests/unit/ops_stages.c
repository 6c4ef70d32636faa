/* SPDX-License-Identifier: Apache-2.0 */
/* ops_stages.c -- stages as the cut makes them, by hand. */
#include "tests/unit/ops_stages.h"

static sm_column input_columns[] = { { .name = { "ts", 2 }, .type = { "TIMESTAMP", 9 } },
                                     { .name = { "k", 1 }, .type = { "VARCHAR", 7 } },
                                     { .name = { "v", 1 }, .type = { "INTEGER", 7 } } };
sm_column ops_group_columns[] = { { .name = { "k0", 2 }, .type = { "BIGINT", 6 } },
                                  { .name = { "k1", 2 }, .type = { "VARCHAR", 7 } },
                                  { .name = { "x0", 2 }, .type = { "INTEGER", 7 } },
                                  { .name = { "_smelt_t", 8 }, .type = { "BIGINT", 6 } } };
sm_column ops_out_columns[] = { { .name = { "k0", 2 }, .type = { "BIGINT", 6 } },
                                { .name = { "k1", 2 }, .type = { "VARCHAR", 7 } },
                                { .name = { "a0", 2 }, .type = { "BIGINT", 6 } },
                                { .name = { "a1", 2 }, .type = { "HUGEINT", 7 } } };
static const sm_stage_partial partials[] = { { SM_SV_LIT("count(*)"), SM_SV_LIT("sum(p0)") },
                                             { SM_SV_LIT("sum(x0)"), SM_SV_LIT("sum(p1)") } };
static const sm_stage_value values[] = { { SM_SV_LIT("p0"), SM_SV_LIT("count(*)") },
                                         { SM_SV_LIT("p1"), SM_SV_LIT("sum(v)") } };
const sm_stage_value ops_row_values[] = { { SM_SV_LIT("count(DISTINCT x0)"),
                                            SM_SV_LIT("count(DISTINCT v)") },
                                          { SM_SV_LIT("sum(x0)"), SM_SV_LIT("sum(v)") } };
const sm_sv ops_labels[] = { SM_SV_LIT("window(ts)"), SM_SV_LIT("k"), SM_SV_LIT("v") };

/* Windows of ten seconds: k0 is the number of the window, _smelt_t its end. */
#define ROWS                                                                                       \
    "SELECT epoch_us(ts) // 10000000 AS k0, k AS k1, v AS x0, "                                    \
    "(epoch_us(ts) // 10000000 + 1) * 10000000 AS _smelt_t FROM _smelt_st_0"

sm_stage ops_watermark(void)
{
    return (sm_stage){ .kind = SM_STAGE_WATERMARK,
                       .name = SM_SV("watermark_0"),
                       .relation = SM_SV("_smelt_st_0"),
                       .rows = SM_SV("SELECT * FROM _smelt_in_0"),
                       .schema = { input_columns, 3 },
                       .out = { input_columns, 3 },
                       .time_column = SM_SV("ts"),
                       .max_future_us = -1 };
}

sm_stage ops_aggregate(sm_stage_mode mode)
{
    return (sm_stage){ .kind = SM_STAGE_AGGREGATE,
                       .name = SM_SV("aggregate_1"),
                       .relation = SM_SV("_smelt_st_1"),
                       .rows = SM_SV(ROWS),
                       .schema = { ops_group_columns, 4 },
                       .n_hidden = 1,
                       .late_by = SM_SV("_smelt_t"),
                       .final_by = SM_SV("_smelt_t"),
                       .out = { ops_out_columns, 4 },
                       .watermarked = true,
                       .fingerprint = SM_SV("one"),
                       .mode = mode,
                       .n_keys = 2,
                       .labels = ops_labels,
                       .n_args = 1,
                       .partials = partials,
                       .n_partials = 2,
                       .values = values,
                       .n_values = 2 };
}
