/* SPDX-License-Identifier: Apache-2.0 */
/* ops_rows.c -- rows of the user's in tables of ours.
 *
 * The engine need not keep the order of rows.  row_number() over no order makes it read them one
 * after the other, so that _smelt_i is the order in which they arrived. */
#include "runtime/ops/ops_rows.h"

#include "runtime/base/limit.h"
#include "runtime/base/sqltext.h"

static size_t n_named(const sm_ops__rows *r)
{
    return r->schema->n - r->n_hidden;
}

static void add_own(const sm_ops__rows *r, size_t i, sm_buf *sql)
{
    if (i < n_named(r))
        sm_buf_addf(sql, "c%zu", i);
    else
        sm_sql_ident(sql, r->schema->columns[i].name);
}

sm_code sm_ops__rows_make(sm_ops__rows *r, const sm_ops_batch *b, sm_error *err)
{
    sm_buf sql;

    sm_buf_init(&sql, SM_LIMIT_BATCH_SQL);
    sm_buf_addf(&sql,
                "CREATE OR REPLACE TEMPORARY TABLE %.*s AS SELECT *, row_number() OVER () - 1 AS "
                "_smelt_i FROM (",
                SM_SV_ARG(r->table));
    sm_buf_add(&sql, r->select);
    sm_buf_adds(&sql, "\n) AS _smelt_rows(");
    for (size_t i = 0; i < r->schema->n; i++) {
        sm_buf_adds(&sql, i > 0 ? ", " : "");
        add_own(r, i, &sql);
    }
    sm_buf_addc(&sql, ')');
    return sm_ops__fill(b, &sql, &r->n, err);
}

void sm_ops__add_on_time(const sm_ops__stage *s, sm_sv late_by, sm_buf *sql)
{
    if (late_by.len == 0 || s->late_us == SM_OPS_NO_TIME) {
        sm_buf_adds(sql, "true");
        return;
    }
    sm_buf_addc(sql, '(');
    sm_sql_ident(sql, late_by);
    sm_buf_adds(sql, " IS NULL OR ");
    sm_sql_ident(sql, late_by);
    sm_buf_addf(sql, " > %lld)", (long long)s->late_us);
}

static sm_sv late_select(sm_ops__stage *s, const sm_ops__rows *r)
{
    sm_arena *a = s->ops->scratch;
    sm_sv from = sm_arena_printf(a, "SELECT * FROM %.*s", SM_SV_ARG(r->table));
    sm_buf sql;

    sm_buf_init(&sql, SM_LIMIT_BATCH_SQL);
    if (s->late_rows.len > 0) {
        sm_buf_add(&sql, s->late_rows);
        sm_buf_adds(&sql, " UNION ALL ");
    }
    sm_ops__late_head(s, r->late_by, &sql);
    for (size_t i = 0; i < n_named(r); i++) {
        sm_buf_adds(&sql, i > 0 ? ", " : "");
        sm_sql_literal(&sql, r->schema->columns[i].name);
        sm_buf_addf(&sql, ", c%zu", i);
    }
    sm_ops__late_tail(s, from, r->late_by, &sql);
    return sm_ops__taken(a, &sql);
}

sm_code sm_ops__rows_late(sm_ops__stage *s, const sm_ops__rows *r, const sm_ops_batch *b,
                          sm_error *err)
{
    int64_t late = 0;
    sm_buf sql;
    sm_code rc;

    if (r->late_by.len == 0 || s->late_us == SM_OPS_NO_TIME || r->n == 0)
        return SM_OK;
    sm_buf_init(&sql, SM_LIMIT_BATCH_SQL);
    sm_buf_addf(&sql, "SELECT count(*) FROM %.*s WHERE NOT ", SM_SV_ARG(r->table));
    sm_ops__add_on_time(s, r->late_by, &sql);
    rc = sm_session_int64(b->session, sm_buf_sv(&sql), &late, err);
    sm_buf_release(&sql);
    s->count->late += late;
    if (rc == SM_OK && late > 0)
        s->late_rows = late_select(s, r);
    return rc;
}

void sm_ops__add_named(const sm_ops__rows *r, sm_buf *sql)
{
    for (size_t i = 0; i < n_named(r); i++) {
        sm_buf_addf(sql, "%sc%zu AS ", i > 0 ? ", " : "", i);
        sm_sql_ident(sql, r->schema->columns[i].name);
    }
}

void sm_ops__add_nulls(const sm_ops__rows *r, sm_buf *sql)
{
    for (size_t i = 0; i < r->schema->n; i++) {
        sm_buf_addf(sql, "%sCAST(NULL AS %.*s) AS ", i > 0 ? ", " : "",
                    SM_SV_ARG(r->schema->columns[i].type));
        add_own(r, i, sql);
    }
}

void sm_ops__add_same(const char *x, const char *y, char letter, size_t n, sm_buf *sql)
{
    for (size_t i = 0; i < n; i++)
        sm_buf_addf(sql, "%s%s.%c%zu IS NOT DISTINCT FROM %s.%c%zu", i > 0 ? " AND " : "", x,
                    letter, i, y, letter, i);
    if (n == 0)
        sm_buf_adds(sql, "true");
}

sm_sv sm_ops__taken(sm_arena *a, sm_buf *sql)
{
    sm_sv text = sm_arena_dup(a, sm_buf_sv(sql));

    sm_buf_release(sql);
    return text;
}
