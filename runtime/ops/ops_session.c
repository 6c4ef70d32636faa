/* SPDX-License-Identifier: Apache-2.0 */
/* ops_session.c -- GROUP BY session_window(…), batch after batch.
 *
 *     rows ── late ones leave (D4) ──▶ pieces: each row is a session of its own (H1), and
 *                                      the stored sessions of the keys that have rows
 *                                        │ pieces of a key that touch are one session
 *                                        ▼
 *                                      the log ──▶ out: what is final now and was not before
 *                                                  (append, F1), or all (complete, H4)
 *
 * The log has k…, _smelt_s and _smelt_t, begin and end of a session, and its partials p…; or, with
 * `keeps_rows`, the rows of the session x… with their order _smelt_o.  It is only ever added to, so
 * sessions that became one still lie in it as they were: a batch adds *all* live sessions of each
 * key that it touched, and what a key has is what the newest batch added to it.  An older session
 * is part of one of those or was final, so that it never lives longer than what took its place. */
#include "runtime/ops/ops_rows.h"

#include "runtime/base/limit.h"
#include "runtime/base/sqltext.h"

/* "k0, k1, ": a comma behind each. */
static void add_keys(const sm_stage *p, sm_buf *sql)
{
    for (size_t i = 0; i < p->n_keys; i++)
        sm_buf_addf(sql, "k%zu, ", i);
}

/* The parts of a session, or of a row of one: "p0, p1, " or "x0, _smelt_o, ". */
static void add_parts(const sm_stage *p, sm_buf *sql)
{
    for (size_t i = 0; !p->keeps_rows && i < p->n_partials; i++)
        sm_buf_addf(sql, "p%zu, ", i);
    for (size_t i = 0; p->keeps_rows && i < p->n_args; i++)
        sm_buf_addf(sql, "x%zu, ", i);
    if (p->keeps_rows)
        sm_buf_adds(sql, "_smelt_o, ");
}

static void add_partition(const sm_stage *p, const char *more, sm_buf *sql)
{
    for (size_t i = 0; i < p->n_keys; i++)
        sm_buf_addf(sql, "%sk%zu", i == 0 ? "PARTITION BY " : ", ", i);
    if (more[0] != '\0')
        sm_buf_addf(sql, "%s%s", p->n_keys == 0 ? "PARTITION BY " : ", ", more);
}

/* Of the rows of a log: those that the newest batch added to their key. */
static void add_newest(const sm_stage *p, sm_buf *sql)
{
    sm_buf_adds(sql, " QUALIFY _n = max(_n) OVER (");
    add_partition(p, "", sql);
    sm_buf_addc(sql, ')');
}

/* ---- the log --------------------------------------------------------------------- */

static void add_folds(const sm_stage *p, sm_buf *sql)
{
    for (size_t i = 0; i < p->n_partials; i++)
        sm_buf_addf(sql, "%.*s AS p%zu, ", SM_SV_ARG(p->partials[i].fold), i);
}

static void add_no_rows(const sm_stage *p, sm_buf *sql)
{
    sm_buf_adds(sql, "(SELECT ");
    for (size_t i = 0; i < p->schema.n; i++)
        sm_buf_addf(sql, "CAST(NULL AS %.*s) AS \"%.*s\", ", SM_SV_ARG(p->schema.columns[i].type),
                    SM_SV_ARG(p->schema.columns[i].name));
    sm_buf_adds(sql, "0::BIGINT AS _smelt_o WHERE false)");
}

static sm_sv empty_select(sm_ops__stage *s)
{
    const sm_stage *p = s->plan;
    sm_buf sql;

    sm_buf_init(&sql, SM_LIMIT_BATCH_SQL);
    sm_buf_adds(&sql, "SELECT ");
    add_keys(p, &sql);
    sm_buf_adds(&sql, "_smelt_s, _smelt_t, ");
    if (p->keeps_rows)
        add_parts(p, &sql);
    else
        add_folds(p, &sql);
    sm_buf_adds(&sql, "0::BIGINT AS _n FROM ");
    add_no_rows(p, &sql);
    if (!p->keeps_rows)
        sm_buf_adds(&sql, " GROUP BY ALL");
    return sm_ops__taken(s->arena, &sql);
}

static void define(sm_ops__stage *s)
{
    sm_ops__log *l = sm_ops__log_new(s, "");
    sm_buf tail;

    s->batch_rows = sm_arena_printf(s->arena, "_smelt_r_%zu", s->number);
    sm_ops__log_keeps(s, l, 0);
    l->dies = true;
    l->empty = empty_select(s);
    l->combine = SM_SV("SELECT * FROM ");
    sm_buf_init(&tail, SM_LIMIT_BATCH_SQL);
    add_newest(s->plan, &tail);
    l->combine_tail = sm_ops__taken(s->arena, &tail);
}

/* ---- merging --------------------------------------------------------------------- */

/* The rows of the batch, once; a row without a begin, or that ends where it begins, is none (H2).
 */
static sm_code make_rows(sm_ops__stage *s, const sm_ops_batch *b, sm_error *err)
{
    sm_buf sql;

    sm_buf_init(&sql, SM_LIMIT_BATCH_SQL);
    sm_buf_addf(&sql,
                "CREATE OR REPLACE TEMPORARY TABLE %.*s AS SELECT *, %lld + row_number() OVER () "
                "AS _smelt_o FROM (",
                SM_SV_ARG(s->batch_rows), (long long)b->n << 32);
    sm_buf_add(&sql, s->plan->rows);
    sm_buf_adds(&sql, "\n) AS _smelt_rows WHERE _smelt_t > _smelt_s");
    return sm_ops__exec(b, &sql, err);
}

static sm_code take_late(sm_ops__stage *s, const sm_ops_batch *b, sm_error *err)
{
    const sm_stage *p = s->plan;
    sm_sv from;
    sm_buf sql;
    sm_code rc;

    if (s->late_us == SM_OPS_NO_TIME || p->late_by.len == 0)
        return SM_OK;
    from = sm_arena_printf(s->ops->scratch, "SELECT * FROM %.*s", SM_SV_ARG(s->batch_rows));
    sm_buf_init(&sql, SM_LIMIT_BATCH_SQL);
    sm_buf_addf(&sql, "SELECT count(*) FROM %.*s WHERE %.*s <= %lld", SM_SV_ARG(s->batch_rows),
                SM_SV_ARG(p->late_by), (long long)s->late_us);
    rc = sm_session_int64(b->session, sm_buf_sv(&sql), &s->count->late, err);
    sm_buf_clear(&sql);
    sm_ops__late_head(s, p->late_by, &sql);
    for (size_t i = 0; i < p->n_keys + p->n_args; i++) {
        sm_buf_adds(&sql, i > 0 ? ", " : "");
        sm_sql_literal(&sql, p->labels[i]);
        sm_buf_addf(&sql, ", %c%zu", i < p->n_keys ? 'k' : 'x', i < p->n_keys ? i : i - p->n_keys);
    }
    sm_ops__late_tail(s, from, p->late_by, &sql);
    if (rc == SM_OK && s->count->late > 0)
        s->late_rows = sm_arena_dup(s->ops->scratch, sm_buf_sv(&sql));
    sm_buf_release(&sql);
    return rc;
}

/* Rows that are not late, in the columns of pieces; `stored` are the partials of none. */
static void add_new_pieces(const sm_ops__stage *s, sm_buf *sql)
{
    const sm_stage *p = s->plan;

    sm_buf_adds(sql, "SELECT ");
    add_keys(p, sql);
    sm_buf_adds(sql, "_smelt_s, _smelt_t, ");
    for (size_t i = 0; i < p->n_args; i++)
        sm_buf_addf(sql, "x%zu, ", i);
    for (size_t i = 0; !p->keeps_rows && i < p->n_partials; i++)
        sm_buf_addf(sql, "NULL AS p%zu, ", i);
    sm_buf_addf(sql, "_smelt_o, true AS _smelt_new FROM %.*s WHERE ", SM_SV_ARG(s->batch_rows));
    sm_ops__add_on_time(s, p->late_by, sql);
}

/* The sessions (or their rows) that the keys of the batch have. */
static void add_stored_pieces(const sm_ops__stage *s, sm_buf *sql)
{
    const sm_stage *p = s->plan;
    const sm_ops__log *l = &s->logs[0];

    sm_buf_adds(sql, "SELECT ");
    add_keys(p, sql);
    sm_buf_adds(sql, "_smelt_s, _smelt_t, ");
    for (size_t i = 0; i < p->n_args; i++)
        sm_buf_addf(sql, p->keeps_rows ? "x%zu, " : "NULL AS x%zu, ", i);
    for (size_t i = 0; !p->keeps_rows && i < p->n_partials; i++)
        sm_buf_addf(sql, "p%zu, ", i);
    sm_buf_addf(sql, "%s, false AS _smelt_new FROM (FROM (SELECT * FROM %.*s WHERE ",
                p->keeps_rows ? "_smelt_o" : "_smelt_s AS _smelt_o", SM_SV_ARG(l->relation));
    sm_ops__add_alive(l, s->late_us, sql);
    sm_buf_addf(sql, ") AS o SEMI JOIN (SELECT * FROM %.*s WHERE ", SM_SV_ARG(s->batch_rows));
    sm_ops__add_on_time(s, p->late_by, sql);
    sm_buf_adds(sql, ") AS r ON ");
    sm_ops__add_same("r", "o", 'k', p->n_keys, sql);
    add_newest(p, sql);
    sm_buf_addc(sql, ')');
}

/* All pieces, each with the number of its session among those of the key: a piece begins one
 * unless it begins before, or where, the pieces before it end. */
static void add_numbered(const sm_ops__stage *s, sm_buf *sql)
{
    const sm_stage *p = s->plan;

    sm_buf_adds(sql, "SELECT *, sum(_smelt_b) OVER (");
    add_partition(p, "", sql);
    sm_buf_adds(sql, " ORDER BY _smelt_s, _smelt_t, _smelt_new, _smelt_o ROWS UNBOUNDED PRECEDING) "
                     "AS _smelt_g FROM (SELECT *, CASE WHEN _smelt_s <= max(_smelt_t) OVER (");
    add_partition(p, "", sql);
    sm_buf_adds(sql, " ORDER BY _smelt_s, _smelt_t, _smelt_new, _smelt_o ROWS BETWEEN UNBOUNDED "
                     "PRECEDING AND 1 PRECEDING) THEN 0 ELSE 1 END AS _smelt_b FROM (");
    add_new_pieces(s, sql);
    sm_buf_adds(sql, " UNION ALL ");
    add_stored_pieces(s, sql);
    sm_buf_adds(sql, "))");
}

static sm_code number_pieces(sm_ops__stage *s, const sm_ops_batch *b, sm_error *err)
{
    sm_buf sql;

    sm_buf_init(&sql, SM_LIMIT_BATCH_SQL);
    sm_buf_addf(&sql, "CREATE OR REPLACE TEMPORARY TABLE %.*s_p AS ", SM_SV_ARG(s->batch_rows));
    add_numbered(s, &sql);
    return sm_ops__exec(b, &sql, err);
}

/* Stored partials come first, by their begins, then those of the batch: a fixed order, for sums
 * that depend on it.  It stands in _n, which merging may look at. */
static void add_merged(const sm_ops__stage *s, int64_t n, sm_buf *sql)
{
    const sm_stage *p = s->plan;

    sm_buf_adds(sql, "SELECT ");
    add_keys(p, sql);
    sm_buf_adds(sql, "min(_smelt_s) AS _smelt_s, max(_smelt_t) AS _smelt_t, ");
    for (size_t i = 0; i < p->n_partials; i++)
        sm_buf_addf(sql, "%.*s AS p%zu, ", SM_SV_ARG(p->partials[i].merge), i);
    sm_buf_addf(sql, "%lld::BIGINT AS _n FROM (SELECT *, row_number() OVER (", (long long)n);
    add_partition(p, "_smelt_g", sql);
    sm_buf_adds(sql, " ORDER BY _smelt_new, _smelt_s) AS _n FROM (SELECT ");
    add_keys(p, sql);
    sm_buf_adds(sql, "_smelt_g, min(_smelt_s) AS _smelt_s, max(_smelt_t) AS _smelt_t, ");
    add_folds(p, sql);
    sm_buf_addf(sql,
                "true AS _smelt_new FROM (SELECT * FROM %.*s_p WHERE _smelt_new ORDER BY "
                "_smelt_o) GROUP BY ",
                SM_SV_ARG(s->batch_rows));
    add_keys(p, sql);
    sm_buf_adds(sql, "_smelt_g UNION ALL SELECT ");
    add_keys(p, sql);
    sm_buf_adds(sql, "_smelt_g, _smelt_s, _smelt_t, ");
    add_parts(p, sql);
    sm_buf_addf(sql, "false FROM %.*s_p WHERE NOT _smelt_new)) GROUP BY ",
                SM_SV_ARG(s->batch_rows));
    add_keys(p, sql);
    sm_buf_adds(sql, "_smelt_g");
}

/* The rows of all sessions, each with the bounds of the session that it is in now. */
static void add_kept_rows(const sm_ops__stage *s, int64_t n, sm_buf *sql)
{
    const sm_stage *p = s->plan;

    sm_buf_adds(sql, "SELECT ");
    add_keys(p, sql);
    sm_buf_adds(sql, "min(_smelt_s) OVER (");
    add_partition(p, "_smelt_g", sql);
    sm_buf_adds(sql, ") AS _smelt_s, max(_smelt_t) OVER (");
    add_partition(p, "_smelt_g", sql);
    sm_buf_adds(sql, ") AS _smelt_t, ");
    add_parts(p, sql);
    sm_buf_addf(sql, "%lld::BIGINT AS _n FROM %.*s_p", (long long)n, SM_SV_ARG(s->batch_rows));
}

static sm_code merge(sm_ops__stage *s, const sm_ops_batch *b, sm_error *err)
{
    sm_buf sql;

    sm_buf_init(&sql, SM_LIMIT_BATCH_SQL);
    sm_buf_addf(&sql, "CREATE OR REPLACE TEMPORARY TABLE %.*s AS ", SM_SV_ARG(s->logs[0].added));
    if (s->plan->keeps_rows)
        add_kept_rows(s, b->n, &sql);
    else
        add_merged(s, b->n, &sql);
    return sm_ops__exec(b, &sql, err);
}

/* ---- emit ------------------------------------------------------------------------ */

static bool nothing_is_final(const sm_ops__stage *s)
{
    return s->plan->mode != SM_STAGE_COMPLETE && s->final_us == SM_OPS_NO_TIME;
}

/* The sessions, or their rows, that come out now.  Only keys that have something which ends by
 * now can have one: the others are not looked at. */
static void add_chosen(const sm_ops__stage *s, sm_buf *sql)
{
    const sm_stage *p = s->plan;
    const sm_ops__log *l = &s->logs[0];
    bool append = p->mode != SM_STAGE_COMPLETE;

    sm_buf_addf(sql, "(SELECT * FROM (FROM (SELECT * FROM %.*s WHERE ", SM_SV_ARG(l->relation));
    sm_ops__add_alive(l, s->late_us, sql);
    sm_buf_adds(sql, nothing_is_final(s) ? " AND false) AS o" : ") AS o");
    if (append && !nothing_is_final(s)) {
        sm_buf_addf(sql, " SEMI JOIN (SELECT * FROM %.*s WHERE _smelt_t <= %lld AND ",
                    SM_SV_ARG(l->relation), (long long)s->final_us);
        sm_ops__add_alive(l, s->late_us, sql);
        sm_buf_adds(sql, ") AS e ON ");
        sm_ops__add_same("e", "o", 'k', p->n_keys, sql);
    }
    add_newest(p, sql);
    sm_buf_addc(sql, ')');
    if (append && !nothing_is_final(s))
        sm_buf_addf(sql, " WHERE _smelt_t <= %lld", (long long)s->final_us);
    sm_buf_adds(sql, p->keeps_rows ? " ORDER BY _smelt_o)" : ")");
}

static sm_code emit(sm_ops__stage *s, const sm_ops_batch *b, sm_error *err)
{
    const sm_stage *p = s->plan;
    sm_buf sql;

    sm_buf_init(&sql, SM_LIMIT_BATCH_SQL);
    sm_buf_adds(&sql, "SELECT ");
    add_keys(p, &sql);
    for (size_t i = 0; i < p->n_values; i++)
        sm_buf_addf(&sql, "CAST(%.*s AS %.*s) AS a%zu, ", SM_SV_ARG(p->values[i].final),
                    SM_SV_ARG(p->out.columns[p->n_keys + i].type), i);
    sm_buf_adds(&sql, "_smelt_s, _smelt_t FROM ");
    add_chosen(s, &sql);
    if (p->keeps_rows) {
        sm_buf_adds(&sql, " GROUP BY ");
        add_keys(p, &sql);
        sm_buf_adds(&sql, "_smelt_s, _smelt_t");
    }
    return sm_ops__put_out(s, b, &sql, err);
}

static sm_code run(sm_ops__stage *s, const sm_ops_batch *b, sm_error *err)
{
    sm_code rc;

    if (s->idle)
        return emit(s, b, err);
    if ((rc = make_rows(s, b, err)) != SM_OK || (rc = take_late(s, b, err)) != SM_OK ||
        (rc = number_pieces(s, b, err)) != SM_OK || (rc = merge(s, b, err)) != SM_OK ||
        (rc = sm_ops__log_add(&s->logs[0], b, err)) != SM_OK)
        return rc;
    return emit(s, b, err);
}

static bool follows(const sm_stage *p)
{
    return p->mode != SM_STAGE_COMPLETE;
}

const sm_ops__kind sm_ops__session = {
    .name = "session", .define = define, .run = run, .follows = follows
};
