/* SPDX-License-Identifier: Apache-2.0 */
/* ops_aggregate.c -- GROUP BY, batch after batch.
 *
 *     rows ──fold──▶ added: one row of partials for each group of the batch
 *                      │      (or the rows themselves, when an aggregate does not decompose)
 *                      ├── groups that are late leave, with their rows (D1, D2)
 *                      ▼
 *                    the log ──combine──▶ emit, by mode:
 *                        append     groups that are final now and were not before, once (F1)
 *                        update     groups that the batch touched (F2)
 *                        complete   all groups (F3)
 *
 * Event time is a function of the key, so all rows of a group are late together.  Without a key
 * there is one group, also of no rows (F4).  NULL is a key like any other. */
#include "runtime/ops/ops_int.h"

#include <stdio.h>

#include "runtime/base/limit.h"
#include "runtime/base/sqltext.h"

static bool has_time(const sm_stage *p)
{
    return p->final_by.len > 0;
}

/* "k0, k1", each behind `prefix`; a comma behind each. */
static void add_keys(const sm_stage *p, const char *prefix, sm_buf *sql)
{
    for (size_t i = 0; i < p->n_keys; i++)
        sm_buf_addf(sql, "%sk%zu, ", prefix, i);
}

static void add_group_by(const sm_stage *p, bool time, sm_buf *sql)
{
    for (size_t i = 0; i < p->n_keys; i++)
        sm_buf_addf(sql, "%s%zu", i == 0 ? " GROUP BY " : ", ", i + 1);
    if (time && has_time(p))
        sm_buf_addf(sql, "%s%zu", p->n_keys == 0 ? " GROUP BY " : ", ", p->n_keys + 1);
}

/* k…, [_smelt_t], then p… or x…, _n. */
static void add_fold(const sm_stage *p, int64_t n, sm_buf *sql)
{
    sm_buf_adds(sql, "SELECT ");
    add_keys(p, "", sql);
    if (has_time(p))
        sm_buf_adds(sql, "_smelt_t, ");
    for (size_t i = 0; p->keeps_rows && i < p->n_args; i++)
        sm_buf_addf(sql, "x%zu, ", i);
    for (size_t i = 0; !p->keeps_rows && i < p->n_partials; i++)
        sm_buf_addf(sql, "%.*s AS p%zu, ", SM_SV_ARG(p->partials[i].fold), i);
    if (p->keeps_rows && p->ordered)
        sm_buf_adds(sql, "_smelt_o, ");
    sm_buf_addf(sql, "%lld::BIGINT AS _n, %s AS _smelt_c FROM (", (long long)n,
                p->keeps_rows ? "1::BIGINT" : "count(*)");
}

/* ---- the log --------------------------------------------------------------------- */

static sm_sv taken(sm_ops__stage *s, sm_buf *sql)
{
    sm_sv text = sm_arena_dup(s->arena, sm_buf_sv(sql));

    sm_buf_release(sql);
    return text;
}

/* No row, in the columns and types of the log. */
static sm_sv empty_select(sm_ops__stage *s)
{
    const sm_stage *p = s->plan;
    sm_buf sql;

    sm_buf_init(&sql, SM_LIMIT_BATCH_SQL);
    sm_buf_adds(&sql, "SELECT * EXCLUDE (_smelt_c) FROM (");
    add_fold(p, 0, &sql);
    sm_buf_adds(&sql, "SELECT ");
    for (size_t i = 0; i < p->schema.n; i++)
        sm_buf_addf(&sql, "%sCAST(NULL AS %.*s) AS \"%.*s\"", i > 0 ? ", " : "",
                    SM_SV_ARG(p->schema.columns[i].type), SM_SV_ARG(p->schema.columns[i].name));
    if (p->schema.n == 0)
        sm_buf_adds(&sql, "1 AS _smelt_none");
    if (p->ordered)
        sm_buf_adds(&sql, ", 0::BIGINT AS _smelt_o");
    sm_buf_adds(&sql, " WHERE false)");
    if (!p->keeps_rows)
        add_group_by(p, true, &sql);
    sm_buf_adds(&sql, ") WHERE false");
    return taken(s, &sql);
}

static void define(sm_ops__stage *s)
{
    const sm_stage *p = s->plan;
    sm_ops__log *l = sm_ops__log_new(s, "");
    sm_buf sql;

    sm_ops__log_keeps(s, l, 0);
    l->dies = has_time(p);
    l->empty = empty_select(s);
    if (p->keeps_rows)
        return;
    sm_buf_init(&sql, SM_LIMIT_BATCH_SQL);
    sm_buf_adds(&sql, "SELECT ");
    add_keys(p, "", &sql);
    if (has_time(p))
        sm_buf_adds(&sql, "_smelt_t, ");
    for (size_t i = 0; i < p->n_partials; i++)
        sm_buf_addf(&sql, "%.*s AS p%zu, ", SM_SV_ARG(p->partials[i].merge), i);
    sm_buf_adds(&sql, "max(_n) AS _n FROM ");
    l->combine = taken(s, &sql);
    sm_buf_init(&sql, SM_LIMIT_BATCH_SQL);
    add_group_by(p, true, &sql);
    l->combine_tail = taken(s, &sql);
}

/* ---- fold ------------------------------------------------------------------------ */

static sm_code fold(sm_ops__stage *s, const sm_ops_batch *b, int64_t *groups, sm_error *err)
{
    const sm_stage *p = s->plan;
    sm_buf sql;

    sm_buf_init(&sql, SM_LIMIT_BATCH_SQL);
    sm_buf_addf(&sql, "CREATE OR REPLACE TEMPORARY TABLE %.*s AS ", SM_SV_ARG(s->logs[0].added));
    add_fold(p, b->n, &sql);
    if (p->ordered)
        sm_buf_addf(&sql, "SELECT *, %lld + row_number() OVER () AS _smelt_o FROM (",
                    (long long)b->n << 32);
    sm_buf_add(&sql, p->rows);
    sm_buf_adds(&sql, p->ordered ? "\n))" : "\n)");
    sm_buf_adds(&sql, " AS _smelt_rows");
    if (!p->keeps_rows)
        add_group_by(p, true, &sql);
    return sm_ops__fill(b, &sql, groups, err);
}

/* SELECT the late rows of the stage, each with the names that the user gave its parts. */
static sm_sv late_select(sm_ops__stage *s)
{
    const sm_stage *p = s->plan;
    sm_buf sql;
    sm_sv text;

    sm_buf_init(&sql, SM_LIMIT_BATCH_SQL);
    sm_ops__late_head(s, p->late_by, &sql);
    for (size_t i = 0; i < p->n_keys + p->n_args; i++) {
        sm_buf_adds(&sql, i > 0 ? ", " : "");
        sm_sql_literal(&sql, p->labels[i]);
        if (i < p->n_keys)
            sm_buf_addf(&sql, ", k%zu", i);
        else
            sm_buf_addf(&sql, ", x%zu", i - p->n_keys);
    }
    sm_ops__late_tail(s, p->rows, p->late_by, &sql);
    text = sm_arena_dup(s->ops->scratch, sm_buf_sv(&sql));
    sm_buf_release(&sql);
    return text;
}

static sm_code drop_late(sm_ops__stage *s, const sm_ops_batch *b, sm_error *err)
{
    sm_sv added = s->logs[0].added;
    sm_buf sql;
    sm_code rc;

    if (s->late_us == SM_OPS_NO_TIME || s->plan->late_by.len == 0)
        return SM_OK;
    sm_buf_init(&sql, SM_LIMIT_BATCH_SQL);
    sm_buf_addf(&sql, "SELECT coalesce(sum(_smelt_c), 0)::BIGINT FROM %.*s WHERE %.*s <= %lld",
                SM_SV_ARG(added), SM_SV_ARG(s->plan->late_by), (long long)s->late_us);
    rc = sm_session_int64(b->session, sm_buf_sv(&sql), &s->count->late, err);
    sm_buf_clear(&sql);
    sm_buf_addf(&sql, "DELETE FROM %.*s WHERE %.*s <= %lld", SM_SV_ARG(added),
                SM_SV_ARG(s->plan->late_by), (long long)s->late_us);
    if (rc != SM_OK || s->count->late == 0) {
        sm_buf_release(&sql);
        return rc;
    }
    s->late_rows = late_select(s);
    return sm_ops__exec(b, &sql, err);
}

/* ---- emit ------------------------------------------------------------------------ */

/* The rows of the log that belong to groups which come out now. */
static void add_chosen(const sm_ops__stage *s, sm_buf *sql)
{
    const sm_stage *p = s->plan;
    const sm_ops__log *l = &s->logs[0];

    sm_buf_addf(sql, "(FROM (SELECT * FROM %.*s WHERE ",
                SM_SV_ARG(l->rows == 0 && p->n_keys == 0 ? l->added : l->relation));
    sm_ops__add_alive(l, s->late_us, sql);
    if (p->mode == SM_STAGE_APPEND && (s->final_us == SM_OPS_NO_TIME || !has_time(p)))
        sm_buf_adds(sql, " AND false");
    else if (p->mode == SM_STAGE_APPEND)
        sm_buf_addf(sql, " AND _smelt_t <= %lld", (long long)s->final_us);
    sm_buf_adds(sql, ") AS s");
    if (p->mode == SM_STAGE_UPDATE && p->n_keys > 0) {
        sm_buf_addf(sql, " SEMI JOIN %.*s AS d ON ", SM_SV_ARG(l->added));
        for (size_t i = 0; i < p->n_keys; i++)
            sm_buf_addf(sql, "%sd.k%zu IS NOT DISTINCT FROM s.k%zu", i > 0 ? " AND " : "", i, i);
    }
    sm_buf_addc(sql, ')');
}

static void add_values(const sm_stage *p, sm_buf *sql)
{
    sm_buf_adds(sql, "SELECT ");
    for (size_t i = 0; i < p->n_keys; i++)
        sm_buf_addf(sql, "%sk%zu", i > 0 ? ", " : "", i);
    for (size_t i = 0; i < p->n_values; i++)
        sm_buf_addf(sql, "%sCAST(%.*s AS %.*s) AS a%zu", p->n_keys + i > 0 ? ", " : "",
                    SM_SV_ARG(p->values[i].final), SM_SV_ARG(p->out.columns[p->n_keys + i].type),
                    i);
    sm_buf_adds(sql, " FROM ");
}

static sm_code emit(sm_ops__stage *s, const sm_ops_batch *b, sm_error *err)
{
    const sm_stage *p = s->plan;
    sm_buf sql, chosen;

    sm_buf_init(&sql, SM_LIMIT_BATCH_SQL);
    sm_buf_init(&chosen, SM_LIMIT_BATCH_SQL);
    add_chosen(s, &chosen);
    add_values(p, &sql);
    if (p->keeps_rows) {
        sm_buf_add(&sql, sm_buf_sv(&chosen));
        add_group_by(p, false, &sql);
    } else {
        sm_buf_addc(&sql, '(');
        sm_ops__add_combined(&s->logs[0], sm_buf_sv(&chosen), &sql);
        sm_buf_addc(&sql, ')');
    }
    sm_buf_release(&chosen);
    return sm_ops__put_out(s, b, &sql, err);
}

/* The one group of a query without keys has a row of partials also of a batch without rows; it
 * only counts while there is no other. */
static sm_code remember(sm_ops__stage *s, const sm_ops_batch *b, sm_error *err)
{
    int64_t rows = 1;
    char sql[128];
    sm_code rc = SM_OK;

    if (s->plan->n_keys == 0) {
        snprintf(sql, sizeof sql, "SELECT coalesce(sum(_smelt_c), 0)::BIGINT FROM %.*s",
                 SM_SV_ARG(s->logs[0].added));
        rc = sm_session_int64(b->session, sm_sv_cstr(sql), &rows, err);
    }
    return rc != SM_OK || rows == 0 ? rc : sm_ops__log_add(&s->logs[0], b, err);
}

static sm_code run(sm_ops__stage *s, const sm_ops_batch *b, sm_error *err)
{
    bool none = s->idle && s->plan->n_keys > 0; /* else there is one group also of no rows */
    int64_t groups = 0;                         /* or rows */
    sm_code rc = none ? SM_OK : fold(s, b, &groups, err);

    if (none && s->plan->mode == SM_STAGE_UPDATE)
        return sm_ops__put_out_nothing(s, b, err);
    if (rc == SM_OK && groups > 0 && (rc = drop_late(s, b, err)) == SM_OK)
        rc = remember(s, b, err);
    return rc == SM_OK ? emit(s, b, err) : rc;
}

static bool follows(const sm_stage *p)
{
    return p->mode != SM_STAGE_COMPLETE;
}

const sm_ops__kind sm_ops__aggregate = {
    .name = "aggregate", .define = define, .run = run, .follows = follows
};
