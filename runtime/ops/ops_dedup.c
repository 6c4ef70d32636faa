/* SPDX-License-Identifier: Apache-2.0 */
/* ops_dedup.c -- of rows with the same key the first one comes out.
 *
 *     rows ── late ones leave (I3, J3) ──▶ the first of each key in the order of arrival (I1)
 *                                            │ whose key is not in the log and alive (J2)
 *                                            ▼
 *                                          out, and its key into the log
 *
 * The log has the columns of the key as k0, k1, … and _smelt_t, at which the key is forgotten.
 * Within a watermark that is the time of the first row and the delay (J1), else the event time in
 * the key, or never (I3): which one is a matter of the rows.  A duplicate changes nothing.  What
 * was forgotten by the end of the batch before comes out again.  NULL is a key like any other. */
#include "runtime/ops/ops_rows.h"

#include "runtime/base/limit.h"
#include "runtime/base/sqltext.h"

static sm_ops__rows rows_of(const sm_ops__stage *s)
{
    return (sm_ops__rows){ .select = s->plan->rows,
                           .schema = &s->plan->schema,
                           .n_hidden = s->plan->n_hidden,
                           .late_by = s->plan->late_by,
                           .table = s->batch_rows };
}

/* The number of the column among the user's. */
static size_t column_of(const sm_stage *p, size_t key)
{
    ptrdiff_t at = sm_schema_find(&p->schema, p->columns[key]);

    return at < 0 ? 0 : (size_t)at; /* the plan has judged the names */
}

/* k0, k1, …, [_smelt_t], _n of rows as ops_rows.h has them. */
static void add_state(const sm_stage *p, int64_t n, sm_buf *sql)
{
    for (size_t i = 0; i < p->n_columns; i++)
        sm_buf_addf(sql, "c%zu AS k%zu, ", column_of(p, i), i);
    if (p->final_by.len > 0) {
        sm_sql_ident(sql, p->final_by);
        sm_buf_adds(sql, " AS _smelt_t, ");
    }
    sm_buf_addf(sql, "%lld::BIGINT AS _n", (long long)n);
}

static void define(sm_ops__stage *s)
{
    sm_ops__log *l = sm_ops__log_new(s, "");
    sm_ops__rows r;
    sm_buf sql;

    s->batch_rows = sm_arena_printf(s->arena, "_smelt_r_%zu", s->number);
    r = rows_of(s);
    sm_ops__log_keeps(s, l, 0);
    l->dies = s->plan->final_by.len > 0;
    sm_buf_init(&sql, SM_LIMIT_BATCH_SQL);
    sm_buf_adds(&sql, "SELECT ");
    add_state(s->plan, 0, &sql);
    sm_buf_adds(&sql, " FROM (SELECT ");
    sm_ops__add_nulls(&r, &sql);
    sm_buf_adds(&sql, ") WHERE false");
    l->empty = sm_ops__taken(s->arena, &sql);
}

/* The places of the first rows of all keys of the batch. */
static void add_firsts(const sm_ops__stage *s, sm_buf *sql)
{
    const sm_stage *p = s->plan;

    sm_buf_addf(sql, "SELECT min(_smelt_i) FROM %.*s WHERE ", SM_SV_ARG(s->batch_rows));
    sm_ops__add_on_time(s, p->late_by, sql);
    sm_buf_adds(sql, " GROUP BY ");
    for (size_t i = 0; i < p->n_columns; i++)
        sm_buf_addf(sql, "%sc%zu", i > 0 ? ", " : "", column_of(p, i));
}

/* The keys that are new, with the places of their first rows. */
static sm_code find_new(sm_ops__stage *s, const sm_ops_batch *b, int64_t *found, sm_error *err)
{
    const sm_ops__log *l = &s->logs[0];
    sm_buf sql;

    *found = 0;
    sm_buf_init(&sql, SM_LIMIT_BATCH_SQL);
    sm_buf_addf(&sql, "CREATE OR REPLACE TEMPORARY TABLE %.*s AS FROM (SELECT ",
                SM_SV_ARG(l->added));
    add_state(s->plan, b->n, &sql);
    sm_buf_addf(&sql, ", _smelt_i FROM %.*s WHERE _smelt_i IN (", SM_SV_ARG(s->batch_rows));
    add_firsts(s, &sql);
    sm_buf_addf(&sql, ")) AS n WHERE NOT EXISTS (FROM (SELECT * FROM %.*s WHERE ",
                SM_SV_ARG(l->relation));
    sm_ops__add_alive(l, s->late_us, &sql);
    sm_buf_adds(&sql, ") AS o WHERE ");
    sm_ops__add_same("n", "o", 'k', s->plan->n_columns, &sql);
    sm_buf_addc(&sql, ')');
    return sm_ops__fill(b, &sql, found, err);
}

static sm_code put_out(sm_ops__stage *s, const sm_ops_batch *b, sm_error *err)
{
    sm_ops__rows r = rows_of(s);
    sm_buf sql;

    sm_buf_init(&sql, SM_LIMIT_BATCH_SQL);
    sm_buf_adds(&sql, "SELECT ");
    sm_ops__add_named(&r, &sql);
    sm_buf_addf(&sql, " FROM %.*s WHERE _smelt_i IN (SELECT _smelt_i FROM %.*s)",
                SM_SV_ARG(s->batch_rows), SM_SV_ARG(s->logs[0].added));
    if (s->plan->ordered)
        sm_buf_adds(&sql, " ORDER BY _smelt_i");
    return sm_ops__put_out(s, b, &sql, err);
}

static sm_code run(sm_ops__stage *s, const sm_ops_batch *b, sm_error *err)
{
    sm_ops__rows r = rows_of(s);
    int64_t found;
    sm_code rc;

    if (s->idle)
        return sm_ops__put_out_nothing(s, b, err);
    if ((rc = sm_ops__rows_make(&r, b, err)) != SM_OK ||
        (rc = sm_ops__rows_late(s, &r, b, err)) != SM_OK ||
        (rc = find_new(s, b, &found, err)) != SM_OK || (rc = put_out(s, b, err)) != SM_OK)
        return rc;
    s->n_out = found;
    s->count->duplicate = r.n - s->count->late - found; /* neither late nor new (I4) */
    return found > 0 ? sm_ops__log_add(&s->logs[0], b, err) : SM_OK;
}

/* Whenever the watermark has moved, also when nothing dies by it (C1). */
static bool follows(const sm_stage *p)
{
    (void)p;
    return true;
}

const sm_ops__kind sm_ops__dedup = {
    .name = "dedup", .define = define, .run = run, .follows = follows
};
