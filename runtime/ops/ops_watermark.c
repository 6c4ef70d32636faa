/* SPDX-License-Identifier: Apache-2.0 */
/* ops_watermark.c -- a watermark looks at the event time of all rows that are read.
 *
 * Its rows become a table, so that a filter above it cannot hide some of them from it (rules B1,
 * R10); or, where they are an input that gives single columns, a query of their own asks for that
 * of their time, which costs less than a copy of all.  NULL and infinite times do not count (B7),
 * nor do rows that are further ahead than max_future says.  Milliseconds are all that is kept of a
 * time (B3).
 *
 * The same pass counts how far the rows lie behind the newest time of the batches before
 * (lateness.h). */
#include "runtime/ops/ops_int.h"

#include "runtime/base/limit.h"
#include "runtime/base/sqltext.h"

static int64_t floor_ms(int64_t us)
{
    int64_t rest = us % 1000;

    return us - (rest < 0 ? rest + 1000 : rest);
}

/* The bucket of lateness.h, -1 for a row that is ahead, NULL without a finite time; most rows are
 * ahead, and take no logarithm. */
static void add_bucket(int64_t newest_us, sm_buf *sql)
{
    sm_buf_addf(sql,
                "CASE WHEN _smelt_us > %lld THEN CAST(-1 AS SMALLINT) ELSE CAST(log2(CAST(%lld AS "
                "DOUBLE) - _smelt_us + 1) * %d AS SMALLINT) END",
                (long long)newest_us, (long long)newest_us, (int)SM_LATENESS_PER_DOUBLING);
}

/* For each bucket, or for all rows when nothing is known to compare them with: how many rows, how
 * many with a time, the newest that counts, the oldest. */
static void add_observation(const sm_stage *p, const sm_ops_batch *b, int64_t newest_us,
                            sm_buf *sql)
{
    bool compares = newest_us != SM_OPS_NO_TIME;

    sm_buf_adds(sql, "SELECT count(*), count(_smelt_us), max(_smelt_us)");
    if (p->max_future_us >= 0)
        sm_buf_addf(sql, " FILTER (WHERE _smelt_us <= %lld)",
                    (long long)(b->time_us + p->max_future_us));
    sm_buf_adds(sql, ", min(_smelt_us), ");
    if (compares)
        add_bucket(newest_us, sql);
    else
        sm_buf_adds(sql, "NULL");
    sm_buf_adds(sql, " AS _smelt_bucket FROM (SELECT epoch_us("); /* NULL of an infinite time */
    sm_sql_ident(sql, p->time_column);
    sm_buf_addf(sql, ") AS _smelt_us FROM %.*s)%s", SM_SV_ARG(p->relation),
                compares ? " GROUP BY _smelt_bucket" : "");
}

/* How long it is from one to the other; as long as can be said when they are ages apart. */
static int64_t span(int64_t from_us, int64_t to_us)
{
    return from_us < 0 && to_us > INT64_MAX + from_us ? INT64_MAX : to_us - from_us;
}

/* A row of the observation. */
static void count_rows(sm_rows *rows, int64_t newest_us, sm_lateness *l)
{
    int64_t n = sm_rows_int64(rows, 0), timed = sm_rows_int64(rows, 1), bucket, late_us;

    l->rows += n;
    l->timeless += n - timed;
    if (!sm_rows_null(rows, 2) && floor_ms(sm_rows_int64(rows, 2)) > l->newest_us)
        l->newest_us = floor_ms(sm_rows_int64(rows, 2));
    if (newest_us == SM_OPS_NO_TIME) {
        l->first += timed;
        return;
    }
    if (sm_rows_null(rows, 4))
        return;
    bucket = sm_rows_int64(rows, 4);
    if (bucket < 0) {
        l->ahead += n;
        return;
    }
    l->counts[bucket < SM_LATENESS_BUCKETS ? bucket : SM_LATENESS_BUCKETS - 1] += n;
    late_us = span(sm_rows_int64(rows, 3), newest_us);
    l->max_us = late_us > l->max_us ? late_us : l->max_us;
}

static sm_code observe(sm_ops__stage *s, const sm_ops_batch *b, sm_error *err)
{
    int64_t newest_us = b->newest_us != NULL ? b->newest_us[s->number] : SM_OPS_NO_TIME;
    sm_rows *rows;
    sm_buf sql;
    sm_code rc;

    sm_buf_init(&sql, SM_LIMIT_BATCH_SQL);
    add_observation(s->plan, b, newest_us, &sql);
    rc = sm_session_query(b->session, sm_buf_sv(&sql), &rows, err);
    sm_buf_release(&sql);
    if (rc != SM_OK)
        return rc;
    while (sm_rows_next(rows))
        count_rows(rows, newest_us, s->lateness);
    sm_rows_free(rows);
    return SM_OK;
}

static void define(sm_ops__stage *s)
{
    s->lateness = SM_NEW(s->arena, sm_lateness);
}

static sm_code take_rows(sm_ops__stage *s, const sm_ops_batch *b, sm_error *err)
{
    sm_buf sql;
    sm_code rc;

    if (b->columnar && s->plan->whole_input && !s->plan->ordered) {
        sm_session_view(b->session, s->plan->relation, s->plan->rows);
        return s->idle ? SM_OK : observe(s, b, err);
    }
    if (s->idle)
        return sm_ops__put_out_nothing(s, b, err);
    sm_buf_init(&sql, SM_LIMIT_BATCH_SQL);
    sm_ops__add_arrived(s->plan->ordered, s->plan->rows, &sql);
    rc = sm_ops__make(b, true, s->plan->relation, &sql, err);
    return rc != SM_OK ? rc : observe(s, b, err);
}

static sm_code run(sm_ops__stage *s, const sm_ops_batch *b, sm_error *err)
{
    sm_code rc;

    sm_lateness_init(s->lateness);
    if ((rc = take_rows(s, b, err)) != SM_OK)
        return rc;
    s->count->seen_us = s->lateness->newest_us;
    s->n_out = s->count->rows = s->lateness->rows;
    s->count->lateness = s->lateness;
    return SM_OK;
}

const sm_ops__kind sm_ops__watermark = { .name = "watermark", .define = define, .run = run };
