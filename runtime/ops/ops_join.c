/* SPDX-License-Identifier: Apache-2.0 */
/* ops_join.c -- a join of two streams, batch after batch.
 *
 *     rows of a side ── late ones leave (K4) ──▶ new ──┬──▶ what the last SELECT joins: new against
 *                                              old ────┤    all, old against new (K3)
 *                                               ▲      ├──▶ matched: ids of rows that have a match
 * now │      ▼ log   out of a preserved side without a match (K10): what dies now, and what can
 * have no match (K5)
 *
 * A side has two logs, which are only ever added to:
 *
 *     _l _r      its rows c0, c1, …, hidden columns, _smelt_id           (sql_stage.h)
 *     _lm _rm    _smelt_id of those that have had a match, and _smelt_t, by which both die; only
 *                of a side that is preserved, or whose rows come out at their first match
 *
 * In a batch first all matches are found, then rows die (K11).  Rows that die in the batch in which
 * they come are stored by none (K12).  A left row of a semi or an anti join that had its match has
 * nothing more to say: it is not stored, or passed over from then on (K13).  NULL is equal to
 * nothing, or to NULL, as the condition of the SELECTs has it (K6): here rows have numbers only. */
#include "runtime/ops/ops_rows.h"

#include "runtime/base/limit.h"
#include "runtime/base/sqltext.h"

/* A side at work.  Its texts live in the scratch arena of the batch. */
typedef struct join_side {
    const sm_stage_side *plan;
    char letter; /* of its relations: l, r */
    sm_ops__rows rows;
    sm_ops__log *log;
    sm_ops__log *matched; /* NULL: nobody asks */
    sm_sv match;          /* the SELECT of ids that have a match now, or "" */
    sm_sv found;          /* where they are */
    bool matches;         /* there may be some */
    bool once;            /* a row that had its match is passed over */
} join_side;

static bool takes_once(const sm_stage *p, char letter)
{
    return letter == 'l' && (p->join == SM_STAGE_SEMI || p->join == SM_STAGE_ANTI);
}

static bool asks_matches(const sm_stage *p, char letter)
{
    return (letter == 'l' ? p->left : p->right).preserved || takes_once(p, letter);
}

static join_side side_of(sm_ops__stage *s, char letter)
{
    const sm_stage *p = s->plan;
    const sm_stage_side *side = letter == 'l' ? &p->left : &p->right;
    size_t at = letter == 'l' ? 0 : asks_matches(p, 'l') ? 2 : 1;
    sm_sv table = sm_arena_printf(s->ops->scratch, "%.*s%c", SM_SV_ARG(s->batch_rows), letter);

    return (join_side){ .plan = side,
                        .letter = letter,
                        .rows = { .select = side->rows,
                                  .schema = &side->schema,
                                  .n_hidden = side->n_hidden,
                                  .late_by = side->late_by,
                                  .table = table },
                        .log = &s->logs[at],
                        .matched = asks_matches(p, letter) ? &s->logs[at + 1] : NULL,
                        .match = letter == 'l' ? p->match_left : p->match_right,
                        .found = sm_arena_printf(s->ops->scratch, "%.*sm", SM_SV_ARG(table)),
                        .once = takes_once(p, letter) };
}

static bool dies(const join_side *x)
{
    return x->plan->final_by.len > 0;
}

/* ---- columns --------------------------------------------------------------------- */

static bool is_hidden(const sm_stage_side *side, size_t i)
{
    return i >= side->schema.n - side->n_hidden;
}

static bool is_ok(const sm_stage_side *side, size_t i)
{
    return is_hidden(side, i) && sm_sv_eq(side->schema.columns[i].name, side->ok_by);
}

/* What the log keeps of a row, each column with a comma behind it: all but whether it is good. */
static void add_kept(const sm_stage_side *side, sm_buf *sql)
{
    for (size_t i = 0; i < side->schema.n; i++) {
        if (is_ok(side, i))
            continue;
        if (is_hidden(side, i))
            sm_sql_ident(sql, side->schema.columns[i].name);
        else
            sm_buf_addf(sql, "c%zu", i);
        sm_buf_adds(sql, ", ");
    }
}

/* ---- rows ------------------------------------------------------------------------ */

static void add_good(const sm_ops__stage *s, const join_side *x, bool good, sm_buf *sql)
{
    sm_ops__add_on_time(s, x->plan->late_by, sql);
    if (x->plan->ok_by.len > 0) {
        sm_buf_adds(sql, " AND ");
        sm_sql_ident(sql, x->plan->ok_by);
        sm_buf_adds(sql, good ? " IS TRUE" : " IS NOT TRUE");
    } else if (!good) {
        sm_buf_adds(sql, " AND false");
    }
}

/* Rows of this batch that can have a match: what the log keeps of them, and _smelt_id. */
static void add_new(const sm_ops__stage *s, const join_side *x, int64_t n, sm_buf *sql)
{
    sm_buf_adds(sql, "SELECT ");
    add_kept(x->plan, sql);
    sm_buf_addf(sql, "%lld + _smelt_i AS _smelt_id FROM %.*s WHERE ", (long long)n << 32,
                SM_SV_ARG(x->rows.table));
    add_good(s, x, true, sql);
}

/* Behind FROM x AS i: without those whose id is in the table. */
static void add_without(sm_sv ids, sm_buf *sql)
{
    sm_buf_addf(sql, " ANTI JOIN %.*s AS f ON f._smelt_id = i._smelt_id", SM_SV_ARG(ids));
}

/* The same: without those that had a match before this batch. */
static void add_unmatched(const join_side *x, int64_t n, sm_buf *sql)
{
    sm_buf_addf(sql,
                " ANTI JOIN (SELECT _smelt_id FROM %.*s WHERE _n < %lld) AS m ON m._smelt_id = "
                "i._smelt_id",
                SM_SV_ARG(x->matched->relation), (long long)n);
}

/* Rows of earlier batches that are alive, in the same columns. */
static void add_old(const sm_ops__stage *s, const join_side *x, int64_t n, sm_buf *sql)
{
    sm_buf_adds(sql, "SELECT ");
    add_kept(x->plan, sql);
    sm_buf_addf(sql, "_smelt_id FROM (SELECT * FROM %.*s WHERE _n < %lld AND ",
                SM_SV_ARG(x->log->relation), (long long)n);
    sm_ops__add_alive(x->log, s->late_us, sql);
    sm_buf_adds(sql, ") AS i");
    if (x->once)
        add_unmatched(x, n, sql);
}

/* Both, with _smelt_new. */
static void add_all(const sm_ops__stage *s, const join_side *x, int64_t n, sm_buf *sql)
{
    sm_buf_adds(sql, "SELECT *, true AS _smelt_new FROM (");
    add_new(s, x, n, sql);
    sm_buf_adds(sql, ") UNION ALL SELECT *, false FROM (");
    add_old(s, x, n, sql);
    sm_buf_addc(sql, ')');
}

/* The condition that a row goes on living after this batch, or that it does not. */
static void add_lives(const sm_ops__stage *s, const join_side *x, bool lives, sm_buf *sql)
{
    if (!dies(x) || s->final_us == SM_OPS_NO_TIME)
        sm_buf_adds(sql, lives ? "true" : "false");
    else if (lives)
        sm_buf_addf(sql, "(_smelt_t IS NULL OR _smelt_t > %lld)", (long long)s->final_us);
    else
        sm_buf_addf(sql, "_smelt_t <= %lld", (long long)s->final_us);
}

/* ---- logs ------------------------------------------------------------------------ */

static void define_side(sm_ops__stage *s, const sm_stage_side *side, char letter)
{
    char rows[] = "_l", matched[] = "_lm";
    sm_ops__rows r = { .schema = &side->schema, .n_hidden = side->n_hidden };
    sm_ops__log *l;
    sm_buf sql;

    rows[1] = matched[1] = letter;
    l = sm_ops__log_new(s, rows);
    sm_ops__log_keeps(s, l, letter == 'l' ? 0 : 1);
    l->dies = side->final_by.len > 0;
    sm_buf_init(&sql, SM_LIMIT_BATCH_SQL);
    sm_buf_adds(&sql, "SELECT ");
    add_kept(side, &sql);
    sm_buf_adds(&sql, "0::BIGINT AS _smelt_id, 0::BIGINT AS _n FROM (SELECT ");
    sm_ops__add_nulls(&r, &sql);
    sm_buf_adds(&sql, ") WHERE false");
    l->empty = sm_ops__taken(s->arena, &sql);
    if (!asks_matches(s->plan, letter))
        return;
    l = sm_ops__log_new(s, matched);
    l->dies = side->final_by.len > 0;
    l->empty = l->dies ? SM_SV("SELECT 0::BIGINT AS _smelt_id, 0::BIGINT AS _smelt_t, 0::BIGINT AS "
                               "_n WHERE false")
                       : SM_SV("SELECT 0::BIGINT AS _smelt_id, 0::BIGINT AS _n WHERE false");
}

static void define(sm_ops__stage *s)
{
    s->batch_rows = sm_arena_printf(s->arena, "_smelt_r_%zu", s->number);
    define_side(s, &s->plan->left, 'l');
    define_side(s, &s->plan->right, 'r');
}

/* ---- a batch, step by step ------------------------------------------------------------- */

/* No rows, under a name of their own: where there were some, they lie in a table. */
static sm_code make_none(join_side *x, const sm_ops__stage *s, const sm_ops_batch *b, sm_error *err)
{
    sm_buf sql;

    x->rows.table = sm_arena_printf(s->ops->scratch, "%.*s_0", SM_SV_ARG(x->rows.table));
    sm_buf_init(&sql, SM_LIMIT_BATCH_SQL);
    sm_buf_adds(&sql, "SELECT ");
    sm_ops__add_nulls(&x->rows, &sql);
    sm_buf_adds(&sql, ", 0::BIGINT AS _smelt_i WHERE false");
    return sm_ops__make(b, false, x->rows.table, &sql, err);
}

static sm_code make_rows(sm_ops__stage *s, join_side *x, const sm_ops_batch *b, sm_error *err)
{
    sm_code rc = s->idle ? make_none(x, s, b, err) : sm_ops__rows_make(&x->rows, b, err);

    return rc == SM_OK ? sm_ops__rows_late(s, &x->rows, b, err) : rc;
}

/* R_ln, …: what stands behind SELECT, over rows that `from` holds. */
static sm_code show(const sm_ops__stage *s, const join_side *x, char letter, const char *more,
                    sm_buf *from, const char *where, const sm_ops_batch *b, sm_error *err)
{
    sm_sv name = sm_arena_printf(s->ops->scratch, "%.*s_%c%c", SM_SV_ARG(s->plan->relation),
                                 x->letter, letter);
    sm_buf sql;
    sm_code rc;

    sm_buf_init(&sql, SM_LIMIT_BATCH_SQL);
    sm_buf_adds(&sql, "SELECT ");
    sm_ops__add_named(&x->rows, &sql);
    sm_buf_addf(&sql, "%s FROM (", more);
    sm_buf_add(&sql, sm_buf_sv(from));
    sm_buf_addf(&sql, ")%s", where);
    if ((rc = sm_buf_check(&sql, "the SQL of a stage", err)) == SM_OK)
        sm_session_view(b->session, name, sm_buf_sv(&sql));
    sm_buf_release(&sql);
    return rc;
}

static sm_code make_views(const sm_ops__stage *s, const join_side *x, const sm_ops_batch *b,
                          sm_error *err)
{
    sm_buf rows, old, all;
    sm_code rc;

    sm_buf_init(&rows, SM_LIMIT_BATCH_SQL);
    sm_buf_init(&old, SM_LIMIT_BATCH_SQL);
    sm_buf_init(&all, SM_LIMIT_BATCH_SQL);
    add_new(s, x, b->n, &rows);
    add_old(s, x, b->n, &old);
    add_all(s, x, b->n, &all);
    if ((rc = show(s, x, 'n', "", &rows, "", b, err)) == SM_OK &&
        (rc = show(s, x, 'o', "", &old, "", b, err)) == SM_OK &&
        (rc = show(s, x, 'a', "", &all, "", b, err)) == SM_OK &&
        (rc = show(s, x, 'i', ", _smelt_id, _smelt_new", &all, "", b, err)) == SM_OK)
        rc = show(s, x, '0', "", &rows, " WHERE false", b, err);
    sm_buf_release(&rows);
    sm_buf_release(&old);
    sm_buf_release(&all);
    return rc;
}

/* Which rows have a match now?  Without new rows on either side none has one that it had not. */
static sm_code find_matches(join_side *x, bool rows, const sm_ops_batch *b, sm_error *err)
{
    sm_buf sql;

    if (x->matched == NULL)
        return SM_OK;
    x->matches = rows && x->match.len > 0;
    sm_buf_init(&sql, SM_LIMIT_BATCH_SQL);
    sm_buf_adds(&sql, "SELECT DISTINCT _smelt_id FROM (");
    sm_buf_add(&sql, x->matches ? x->match : SM_SV("SELECT 0::BIGINT AS _smelt_id WHERE false"));
    sm_buf_adds(&sql, "\n)");
    return sm_ops__make(b, x->matches, x->found, &sql, err);
}

/* R_lu, R_lm: of the side's own columns. */
static sm_code put_out(const sm_ops__stage *s, const join_side *x, char letter, bool table,
                       sm_buf *from, const sm_ops_batch *b, sm_error *err)
{
    sm_sv name = sm_arena_printf(s->ops->scratch, "%.*s_%c%c", SM_SV_ARG(s->plan->relation),
                                 x->letter, letter);
    sm_buf sql;

    sm_buf_init(&sql, SM_LIMIT_BATCH_SQL);
    sm_buf_adds(&sql, "SELECT ");
    sm_ops__add_named(&x->rows, &sql);
    sm_buf_adds(&sql, " FROM ");
    sm_buf_add(&sql, sm_buf_sv(from));
    sm_buf_release(from);
    return sm_ops__make(b, table, name, &sql, err);
}

/* R_lm: rows that have their first match now. */
static sm_code put_out_matched(const sm_ops__stage *s, const join_side *x, const sm_ops_batch *b,
                               sm_error *err)
{
    sm_buf from;

    if (!x->once)
        return SM_OK;
    sm_buf_init(&from, SM_LIMIT_BATCH_SQL);
    sm_buf_addc(&from, '(');
    add_all(s, x, b->n, &from);
    sm_buf_addf(&from, ") WHERE _smelt_id IN (FROM %.*s)", SM_SV_ARG(x->found));
    return put_out(s, x, 'm', !s->plan->read_once, &from, b, err);
}

/* R_lu: rows of a preserved side that come out without a match. */
static sm_code put_out_alone(const sm_ops__stage *s, const join_side *x, const sm_ops_batch *b,
                             sm_error *err)
{
    sm_buf from;

    sm_buf_init(&from, SM_LIMIT_BATCH_SQL);
    sm_buf_addc(&from, '(');
    if (!x->plan->preserved) {
        add_new(s, x, b->n, &from);
        sm_buf_adds(&from, ") WHERE false");
        return put_out(s, x, 'u', false, &from, b, err);
    }
    sm_buf_adds(&from, "SELECT * FROM (");
    add_all(s, x, b->n, &from);
    sm_buf_adds(&from, ") WHERE ");
    add_lives(s, x, false, &from);
    sm_buf_adds(&from, ") AS i");
    add_without(x->found, &from);
    add_unmatched(x, b->n, &from);
    sm_buf_adds(&from, " UNION ALL SELECT ");
    sm_ops__add_named(&x->rows, &from);
    sm_buf_addf(&from, " FROM %.*s WHERE ", SM_SV_ARG(x->rows.table));
    add_good(s, x, false, &from);
    return put_out(s, x, 'u', !s->plan->read_once, &from, b, err);
}

static sm_code remember_rows(const sm_ops__stage *s, const join_side *x, const sm_ops_batch *b,
                             sm_error *err)
{
    int64_t rows = 0;
    sm_buf sql;
    sm_code rc;

    if (x->rows.n == 0)
        return SM_OK;
    sm_buf_init(&sql, SM_LIMIT_BATCH_SQL);
    sm_buf_addf(&sql,
                "CREATE OR REPLACE TEMPORARY TABLE %.*s AS SELECT *, %lld::BIGINT AS _n FROM "
                "(SELECT * FROM (",
                SM_SV_ARG(x->log->added), (long long)b->n);
    add_new(s, x, b->n, &sql);
    sm_buf_adds(&sql, ") WHERE ");
    add_lives(s, x, true, &sql);
    sm_buf_adds(&sql, ") AS i");
    if (x->once)
        add_without(x->found, &sql);
    rc = sm_ops__fill(b, &sql, &rows, err);
    return rc == SM_OK && rows > 0 ? sm_ops__log_add(x->log, b, err) : rc;
}

/* Rows that lie in the log and have their first match now. */
static sm_code remember_matches(const sm_ops__stage *s, const join_side *x, const sm_ops_batch *b,
                                sm_error *err)
{
    int64_t rows = 0;
    sm_buf sql;
    sm_code rc;

    if (x->matched == NULL || !x->matches)
        return SM_OK;
    sm_buf_init(&sql, SM_LIMIT_BATCH_SQL);
    sm_buf_addf(&sql,
                "CREATE OR REPLACE TEMPORARY TABLE %.*s AS SELECT _smelt_id, %s%lld::BIGINT AS "
                "_n FROM (SELECT * FROM (",
                SM_SV_ARG(x->matched->added), dies(x) ? "_smelt_t, " : "", (long long)b->n);
    if (x->once)
        add_old(s, x, b->n, &sql);
    else
        add_all(s, x, b->n, &sql);
    sm_buf_addf(&sql, ") WHERE _smelt_id IN (FROM %.*s) AND ", SM_SV_ARG(x->found));
    add_lives(s, x, true, &sql);
    sm_buf_adds(&sql, ") AS i");
    add_unmatched(x, b->n, &sql);
    rc = sm_ops__fill(b, &sql, &rows, err);
    return rc == SM_OK && rows > 0 ? sm_ops__log_add(x->matched, b, err) : rc;
}

static sm_code run(sm_ops__stage *s, const sm_ops_batch *b, sm_error *err)
{
    join_side sides[] = { side_of(s, 'l'), side_of(s, 'r') };
    bool rows;
    sm_code rc = SM_OK;

    for (int i = 0; rc == SM_OK && i < 2; i++)
        if ((rc = make_rows(s, &sides[i], b, err)) == SM_OK)
            rc = make_views(s, &sides[i], b, err);
    rows = sides[0].rows.n + sides[1].rows.n > 0;
    for (int i = 0; rc == SM_OK && i < 2; i++)
        rc = find_matches(&sides[i], rows, b, err);
    for (int i = 0; rc == SM_OK && i < 2; i++)
        if ((rc = put_out_matched(s, &sides[i], b, err)) == SM_OK)
            rc = put_out_alone(s, &sides[i], b, err);
    for (int i = 0; rc == SM_OK && i < 2; i++)
        if ((rc = remember_matches(s, &sides[i], b, err)) == SM_OK)
            rc = remember_rows(s, &sides[i], b, err);
    return rc;
}

/* Only if rows die by it (C1). */
static bool follows(const sm_stage *p)
{
    return p->left.final_by.len > 0 || p->right.final_by.len > 0;
}

const sm_ops__kind sm_ops__join = {
    .name = "join", .define = define, .run = run, .follows = follows
};
