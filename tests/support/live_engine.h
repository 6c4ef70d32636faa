/* SPDX-License-Identifier: Apache-2.0 */
/* live_engine.h -- one real engine for a whole test program, and SQL to run on it. */
#ifndef SM_TESTS_LIVE_ENGINE_H
#define SM_TESTS_LIVE_ENGINE_H

#include "pipelines/sql/sql.h"

/* Opened at the first call; fails the program when there is none. */
const sm_sql_engine *sm_test_live_engine(void);
void sm_test_live_close(void);

/* Run statements; returns "" or what the engine says.  Static storage. */
const char *sm_test_live_exec(const char *sql);
/* The only value of a query as text, or what the engine says; lives in `a`. */
sm_sv sm_test_live_value(sm_sv sql, sm_arena *a);

#endif
