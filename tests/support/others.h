/* SPDX-License-Identifier: Apache-2.0 */
/* others.h -- a project that has one other pipeline, for tests of the planner. */
#ifndef SM_TESTS_SUPPORT_OTHERS_H
#define SM_TESTS_SUPPORT_OTHERS_H

#include "pipelines/plan/plan.h"

/* `other` of sm_plan_env.  Pipeline "up" with schema "raw" has events(id BIGINT, seen_at
 * TIMESTAMP), the materialized view totals(n BIGINT), hidden, which is private, later, whose
 * columns are not known, and loop(id BIGINT), which reads a table "back" of the pipeline under
 * test. */
sm_code sm_test_other(void *ctx, sm_sv schema, sm_sv name, sm_arena *a, sm_plan_other *out,
                      sm_error *err);

#endif
