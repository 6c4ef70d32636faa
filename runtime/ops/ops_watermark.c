/* SPDX-License-Identifier: Apache-2.0 */
/* ops_watermark.c -- a watermark looks at the event time of all rows that are read.
 *
 * Its rows become a table, so that a filter above it cannot hide some of them from it (rules B1,
 * R10).  NULL and infinite times do not count (B7), nor do rows that are further ahead than
 * max_future says.  Milliseconds are all that is kept of a time (B3). */
#include "runtime/ops/ops_int.h"

#include "runtime/base/limit.h"
#include "runtime/base/sqltext.h"

static int64_t floor_ms(int64_t us)
{
    int64_t rest = us % 1000;

    return us - (rest < 0 ? rest + 1000 : rest);
}

static void add_observation(const sm_stage *p, const sm_ops_batch *b, sm_buf *sql)
{
    sm_buf_adds(sql, "SELECT max(epoch_us(");
    sm_sql_ident(sql, p->time_column);
    sm_buf_adds(sql, ")) FILTER (WHERE isfinite(");
    sm_sql_ident(sql, p->time_column);
    sm_buf_adds(sql, ")");
    if (p->max_future_us >= 0) {
        sm_buf_adds(sql, " AND epoch_us(");
        sm_sql_ident(sql, p->time_column);
        sm_buf_addf(sql, ") <= %lld", (long long)(b->time_us + p->max_future_us));
    }
    sm_buf_addf(sql, "), count(*) FROM %.*s", SM_SV_ARG(p->relation));
}

static sm_code observe(sm_ops__stage *s, const sm_ops_batch *b, sm_error *err)
{
    sm_rows *rows;
    sm_buf sql;
    sm_code rc;

    sm_buf_init(&sql, SM_LIMIT_BATCH_SQL);
    add_observation(s->plan, b, &sql);
    rc = sm_session_query(b->session, sm_buf_sv(&sql), &rows, err);
    sm_buf_release(&sql);
    if (rc != SM_OK)
        return rc;
    sm_rows_next(rows);
    if (!sm_rows_null(rows, 0))
        s->count->seen_us = floor_ms(sm_rows_int64(rows, 0));
    s->count->rows = sm_rows_int64(rows, 1);
    sm_rows_free(rows);
    return SM_OK;
}

static sm_code run(sm_ops__stage *s, const sm_ops_batch *b, sm_error *err)
{
    sm_buf sql;
    sm_code rc;

    sm_buf_init(&sql, SM_LIMIT_BATCH_SQL);
    sm_buf_addf(&sql, "CREATE OR REPLACE TEMPORARY TABLE %.*s AS ", SM_SV_ARG(s->plan->relation));
    sm_buf_add(&sql, s->plan->rows);
    rc = sm_ops__exec(b, &sql, err);
    return rc != SM_OK ? rc : observe(s, b, err);
}

const sm_ops__kind sm_ops__watermark = { .name = "watermark", .run = run };
