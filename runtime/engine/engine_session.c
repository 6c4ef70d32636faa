/* SPDX-License-Identifier: Apache-2.0 */
/* engine_session.c -- a connection: statements, views, single values. */
#include <stdio.h>
#include <stdlib.h>

#include "runtime/engine/engine_int.h"

#define BATCH_TIME "smelt_batch_time"

sm_code sm_session_open(sm_engine *e, sm_session **out, sm_error *err)
{
    sm_session *s = sm_xcalloc(1, sizeof *s);

    *out = NULL;
    s->e = e;
    if (sm_duck.connect(e->db, &s->con) != DuckDBSuccess) {
        free(s);
        return sm_fail(err, SM_E_SQL, 0, "could not connect to the engine");
    }
    *out = s;
    return SM_OK;
}

void sm_session_close(sm_session *s)
{
    if (s == NULL)
        return;
    sm_duck.disconnect(&s->con);
    sm_engine__views_free(s);
    free(s);
}

sm_engine *sm_session_engine(const sm_session *s)
{
    return s->e;
}

void sm_session_interrupt(sm_session *s)
{
    sm_duck.interrupt(s->con);
}

static sm_code set_clock(sm_session *s, sm_error *err)
{
    char sql[128];

    s->time_late = false;
    snprintf(sql, sizeof sql, "SET VARIABLE " BATCH_TIME " = make_timestamp(%lld)",
             (long long)s->time_ms * 1000);
    return sm_session_exec(s, sm_sv_cstr(sql), err);
}

/* Setting a variable costs as much as a small query, and few texts read this one. */
sm_code sm_session__begin(sm_session *s, sm_sv sql, sm_error *err)
{
    s->times = s->times || sm_sv_find(sql, SM_SV(BATCH_TIME)) >= 0;
    return s->times && s->time_late ? set_clock(s, err) : SM_OK;
}

sm_code sm_session__query(sm_session *s, sm_sv sql, duckdb_result *out, sm_error *err)
{
    const sm_session *before;
    char *text = NULL;
    sm_code rc = sm_session__begin(s, sql, err);

    if (rc != SM_OK || (rc = sm_engine__cstr(sql, &text, err)) != SM_OK)
        return rc;
    before = sm_engine__asks(s);
    if (sm_duck.query(s->con, text, out) != DuckDBSuccess) {
        rc = sm_engine__fail(s->e, sm_duck.result_error(out), err);
        sm_duck.destroy_result(out);
    }
    sm_engine__asks(before);
    free(text);
    return rc;
}

sm_code sm_session_exec(sm_session *s, sm_sv sql, sm_error *err)
{
    duckdb_result result = { 0 };
    sm_code rc = sm_session__query(s, sql, &result, err);

    if (rc == SM_OK)
        sm_duck.destroy_result(&result);
    return rc;
}

void sm_session_set_time(sm_session *s, int64_t time_ms)
{
    s->time_ms = time_ms;
    s->time_late = true;
}

static sm_code session_one(sm_session *s, sm_sv sql, sm_rows **out, sm_error *err)
{
    sm_code rc = sm_session_query(s, sql, out, err);

    if (rc == SM_OK && !sm_rows_next(*out)) {
        sm_rows_free(*out);
        rc = sm_fail(err, SM_E_SQL, 0, "a query that must have one row has none");
    }
    return rc;
}

sm_code sm_session_int64(sm_session *s, sm_sv sql, int64_t *out, sm_error *err)
{
    sm_rows *r = NULL;
    sm_code rc = session_one(s, sql, &r, err);

    if (rc != SM_OK)
        return rc;
    if (sm_rows_null(r, 0))
        rc = sm_fail(err, SM_E_SQL, 0, "a query that must give a number gives NULL");
    else
        *out = sm_rows_int64(r, 0);
    sm_rows_free(r);
    return rc;
}

sm_code sm_session_text(sm_session *s, sm_sv sql, sm_arena *a, sm_sv *out, sm_error *err)
{
    sm_rows *r = NULL;
    sm_buf b;
    sm_code rc = session_one(s, sql, &r, err);

    if (rc != SM_OK)
        return rc;
    *out = (sm_sv){ NULL, 0 };
    sm_buf_init(&b, SM_ENGINE_MAX_VALUE);
    if (!sm_rows_null(r, 0)) {
        sm_rows_text(r, 0, &b);
        if ((rc = sm_buf_check(&b, "value", err)) == SM_OK)
            *out = sm_arena_dup(a, sm_buf_sv(&b));
    }
    sm_buf_release(&b);
    sm_rows_free(r);
    return rc;
}
