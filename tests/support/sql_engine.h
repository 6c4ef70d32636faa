/* SPDX-License-Identifier: Apache-2.0 */
/* sql_engine.h -- the real engine, as what pipelines/sql asks for. */
#ifndef SM_TESTS_SQL_ENGINE_H
#define SM_TESTS_SQL_ENGINE_H

#include "pipelines/sql/sql.h"

/* Open DuckDB with one session; *out is good until sm_test_sql_close(). */
sm_code sm_test_sql_open(sm_sql_engine *out, sm_error *err);
void sm_test_sql_close(sm_sql_engine *e);

/* `zone` of a sm_plan_env. */
sm_code sm_test_sql_zone(const sm_sql_engine *e, sm_sv name, sm_arena *a, bool *known, sm_sv *near,
                         sm_error *err);

#endif
