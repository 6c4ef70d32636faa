/* SPDX-License-Identifier: Apache-2.0 */
/* engine_session.c -- a connection: statements, views, single values. */
#include <stdlib.h>

#include "runtime/base/sqltext.h"
#include "runtime/engine/engine_int.h"

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

sm_code sm_session__query(sm_session *s, sm_sv sql, duckdb_result *out, sm_error *err)
{
    char *text = NULL;
    sm_code rc = sm_engine__cstr(sql, &text, err);

    if (rc != SM_OK)
        return rc;
    if (sm_duck.query(s->con, text, out) != DuckDBSuccess) {
        rc = sm_engine__fail(s->e, sm_duck.result_error(out), err);
        sm_duck.destroy_result(out);
    }
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

static sm_code session_exec_buf(sm_session *s, sm_buf *sql, sm_error *err)
{
    sm_code rc = sm_buf_check(sql, "SQL text", err);

    if (rc == SM_OK)
        rc = sm_session_exec(s, sm_buf_sv(sql), err);
    sm_buf_release(sql);
    return rc;
}

sm_code sm_session_set_time(sm_session *s, int64_t time_ms, sm_error *err)
{
    sm_buf sql;

    sm_buf_init(&sql, 256);
    sm_buf_addf(&sql, "SET VARIABLE smelt_batch_time = make_timestamp(%lld)",
                (long long)time_ms * 1000);
    return session_exec_buf(s, &sql, err);
}

sm_code sm_session_view(sm_session *s, sm_sv name, sm_sv select, sm_error *err)
{
    sm_buf sql;

    sm_buf_init(&sql, select.len + 2 * name.len + 256);
    sm_buf_adds(&sql, "CREATE OR REPLACE TEMP VIEW ");
    sm_sql_ident(&sql, name);
    sm_buf_adds(&sql, " AS ");
    sm_buf_add(&sql, select);
    return session_exec_buf(s, &sql, err);
}

sm_code sm_session_drop_view(sm_session *s, sm_sv name, sm_error *err)
{
    sm_buf sql;

    sm_buf_init(&sql, 2 * name.len + 64);
    sm_buf_adds(&sql, "DROP VIEW IF EXISTS temp.");
    sm_sql_ident(&sql, name);
    return session_exec_buf(s, &sql, err);
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
