/* SPDX-License-Identifier: Apache-2.0 */
/* ops.c -- the stages of a flow, in order, batch after batch.
 *
 *     record of batch n-1 ──open──▶ ( not loaded ) ──run──▶ loaded ──save──▶ files of batch n
 *                                        ▲                     │                   │
 *                                        └────────drop─────────┴───────drop────────┤
 *                                                              ▲                  keep
 *                                                              └────── sweep ◀─────┘
 *
 * Invariants:
 *   (1) What the record of the last decided batch names is never changed or removed before the
 *       next batch is done.
 *   (2) What is in memory is the state after the last kept batch, or nothing is in memory, or
 *       a batch is between run and keep.
 *   (3) A file is written once, under a name that was never used. */
#include "runtime/ops/ops_int.h"

#include "runtime/base/limit.h"
#include "runtime/base/sqltext.h"

#include <assert.h>
#include <stdlib.h>

static const sm_ops__kind *const kinds[] = {
    [SM_STAGE_WATERMARK] = &sm_ops__watermark, [SM_STAGE_AGGREGATE] = &sm_ops__aggregate,
    [SM_STAGE_SESSION] = &sm_ops__session,     [SM_STAGE_DEDUP] = &sm_ops__dedup,
    [SM_STAGE_JOIN] = &sm_ops__join,           [SM_STAGE_LIMIT] = &sm_ops__limit,
};

bool sm_ops_follows(const sm_stage *stages, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const sm_ops__kind *k = kinds[stages[i].kind];

        if (stages[i].watermarked && k->follows != NULL && k->follows(&stages[i]))
            return true;
    }
    return false;
}

bool sm_ops_remembers(const sm_stage *stages, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (sm_stage_remembers(&stages[i]))
            return true;
    return false;
}

/* ---- open, close ----------------------------------------------------------------- */

static void stage_define(sm_ops *o, size_t i)
{
    sm_ops__stage *s = &o->stages[i];

    *s = (sm_ops__stage){ .ops = o,
                          .plan = &o->c.stages[i],
                          .kind = kinds[o->c.stages[i].kind],
                          .number = i,
                          .arena = o->arena,
                          .count = &o->counts[i] };
    if (s->kind->define != NULL)
        s->kind->define(s);
}

sm_code sm_ops_open(const sm_ops_config *c, const sm_json *state, sm_ops **out, sm_error *err)
{
    sm_ops *o;
    sm_code rc;

    *out = NULL;
    o = sm_xcalloc(1, sizeof *o);
    o->c = *c;
    o->arena = sm_arena_new("stages");
    o->scratch = sm_arena_new("stages of a batch");
    o->c.folder = sm_arena_dup(o->arena, c->folder);
    o->stages = SM_NEW_N(o->arena, sm_ops__stage, c->n_stages);
    o->counts = SM_NEW_N(o->arena, sm_ops_count, c->n_stages);
    for (size_t i = 0; i < c->n_stages; i++)
        stage_define(o, i);
    if ((rc = sm_ops__record_read(o, state, err)) == SM_OK)
        *out = o;
    else
        sm_ops_close(o);
    return rc;
}

void sm_ops_close(sm_ops *o)
{
    if (o == NULL)
        return;
    for (size_t i = 0; i < o->c.n_stages; i++)
        for (size_t k = 0; k < o->stages[i].n_logs; k++)
            sm_ops__log_release(&o->stages[i].logs[k]);
    sm_arena_free(o->scratch);
    sm_arena_free(o->arena);
    free(o);
}

/* ---- run ------------------------------------------------------------------------- */

sm_code sm_ops__exec(const sm_ops_batch *b, sm_buf *sql, sm_error *err)
{
    sm_code rc = sm_buf_check(sql, "the SQL of a stage", err);

    if (rc == SM_OK)
        rc = sm_session_exec(b->session, sm_buf_sv(sql), err);
    sm_buf_release(sql);
    return rc;
}

sm_code sm_ops__fill(const sm_ops_batch *b, sm_buf *sql, int64_t *rows, sm_error *err)
{
    sm_code rc = sm_buf_check(sql, "the SQL of a stage", err);

    if (rc == SM_OK)
        rc = sm_session_int64(b->session, sm_buf_sv(sql), rows, err);
    sm_buf_release(sql);
    return rc;
}

sm_code sm_ops__make(const sm_ops_batch *b, bool table, sm_sv as, sm_buf *select, sm_error *err)
{
    sm_buf sql;
    sm_code rc = sm_buf_check(select, "the SQL of a stage", err);

    if (rc == SM_OK && table) {
        sm_buf_init(&sql, SM_LIMIT_BATCH_SQL);
        sm_buf_addf(&sql, "CREATE OR REPLACE TEMPORARY TABLE %.*s_t AS ", SM_SV_ARG(as));
        sm_buf_add(&sql, sm_buf_sv(select));
        rc = sm_ops__exec(b, &sql, err);
        sm_buf_clear(select);
        sm_buf_addf(select, "FROM %.*s_t", SM_SV_ARG(as));
    }
    if (rc == SM_OK)
        sm_session_view(b->session, as, sm_buf_sv(select));
    sm_buf_release(select);
    return rc;
}

sm_code sm_ops__put_out(const sm_ops__stage *s, const sm_ops_batch *b, sm_buf *select,
                        sm_error *err)
{
    bool table = s->plan->ordered || !s->plan->read_once;

    return sm_ops__make(b, table, s->plan->relation, select, err);
}

sm_code sm_ops__put_out_nothing(sm_ops__stage *s, const sm_ops_batch *b, sm_error *err)
{
    const sm_schema *out = &s->plan->out;
    sm_buf sql;

    s->n_out = 0;
    sm_buf_init(&sql, SM_LIMIT_BATCH_SQL);
    sm_buf_adds(&sql, "SELECT ");
    for (size_t i = 0; i < out->n; i++) {
        sm_buf_addf(&sql, "%sCAST(NULL AS %.*s) AS ", i > 0 ? ", " : "",
                    SM_SV_ARG(out->columns[i].type));
        sm_sql_ident(&sql, out->columns[i].name);
    }
    sm_buf_adds(&sql, " WHERE false");
    return sm_ops__make(b, false, s->plan->relation, &sql, err);
}

/* A number that nothing needs would be left out, and with it the order. */
void sm_ops__add_arrived(bool ordered, sm_sv select, sm_buf *sql)
{
    if (!ordered) {
        sm_buf_add(sql, select);
        return;
    }
    sm_buf_adds(sql, "SELECT * EXCLUDE (_smelt_i) FROM (SELECT *, row_number() OVER () AS "
                     "_smelt_i FROM (");
    sm_buf_add(sql, select);
    sm_buf_adds(sql, "\n) AS _smelt_rows) WHERE _smelt_i > 0");
}

/* A watermark of the flow as the stage has it. */
static int64_t stage_time(const sm_stage *p, int64_t us)
{
    if (us == SM_OPS_NO_TIME || !p->watermarked || p->mode == SM_STAGE_COMPLETE)
        return SM_OPS_NO_TIME;
    return us < SM_OPS_NO_TIME + 1 + p->lag_us ? SM_OPS_NO_TIME + 1 : us - p->lag_us;
}

static sm_code stage_prepare(sm_ops__stage *s, const sm_ops_batch *b, sm_error *err)
{
    sm_code rc = SM_OK;

    *s->count = (sm_ops_count){ .seen_us = SM_OPS_NO_TIME };
    s->late_us = stage_time(s->plan, b->late_us);
    s->final_us = stage_time(s->plan, b->final_us);
    s->late_rows = SM_SV("");
    for (size_t i = 0; rc == SM_OK && i < s->n_logs; i++) {
        s->logs[i].n_added = 0;
        rc = s->ops->loaded ? sm_ops__log_shrink(s, &s->logs[i], b, err)
                            : sm_ops__log_load(s, &s->logs[i], b, err);
    }
    return rc;
}

/* Rows of a SELECT over streams come of rows of these (a UNION with a table, or a join that keeps
 * the rows of one, is refused): without any, and none of the stages below, there are none. */
static bool stage_is_idle(const sm_ops__stage *s, const sm_ops_batch *b)
{
    bool idle = !b->has_input;

    for (size_t i = 0; idle && i < s->number; i++) {
        sm_sv below = s->ops->c.stages[i].relation;
        bool read = sm_sv_find(s->plan->rows, below) >= 0 ||
                    sm_sv_find(s->plan->left.rows, below) >= 0 ||
                    sm_sv_find(s->plan->right.rows, below) >= 0;

        idle = !read || s->ops->stages[i].n_out == 0;
    }
    return idle;
}

sm_code sm_ops_run(sm_ops *o, const sm_ops_batch *b, sm_error *err)
{
    sm_code rc = SM_OK;

    sm_arena_reset(o->scratch);
    o->batch = *b;
    if (!o->folders_swept && (rc = sm_ops__sweep_folders(o, err)) != SM_OK)
        return rc;
    o->folders_swept = true;
    for (size_t i = 0; rc == SM_OK && i < o->c.n_stages; i++)
        rc = stage_prepare(&o->stages[i], b, err);
    if (rc == SM_OK)
        o->loaded = true;
    for (size_t i = 0; rc == SM_OK && i < o->c.n_stages; i++) {
        o->stages[i].n_out = -1;
        o->stages[i].idle = stage_is_idle(&o->stages[i], b);
        if ((rc = o->stages[i].kind->run(&o->stages[i], b, err)) != SM_OK)
            sm_wrap(err, "stage \"%.*s\"", SM_SV_ARG(o->c.stages[i].name));
    }
    return rc;
}

/* The rows of one log that count: of a key one, of a session each. */
static void add_alive_rows(const sm_ops__stage *s, const sm_ops__log *l, sm_buf *sql)
{
    bool keyed = s->plan->kind == SM_STAGE_AGGREGATE || s->plan->kind == SM_STAGE_SESSION;
    sm_buf alive;

    sm_buf_adds(sql, "SELECT ");
    for (size_t i = 0; keyed && i < s->plan->n_keys; i++)
        sm_buf_addf(sql, "%sk%zu", i > 0 ? ", " : "DISTINCT ", i);
    if (s->plan->kind == SM_STAGE_SESSION)
        sm_buf_addf(sql, "%s_smelt_s", s->plan->n_keys > 0 ? ", " : "DISTINCT ");
    else if (keyed && s->plan->n_keys == 0)
        sm_buf_adds(sql, "DISTINCT 1");
    else if (!keyed)
        sm_buf_addc(sql, '1');
    sm_buf_adds(sql, " FROM (");
    sm_buf_init(&alive, SM_LIMIT_BATCH_SQL);
    sm_buf_addf(&alive, "(SELECT * FROM %.*s WHERE ", SM_SV_ARG(l->relation));
    sm_ops__add_alive(l, s->final_us, &alive);
    sm_buf_addc(&alive, ')');
    sm_ops__add_combined(l, sm_buf_sv(&alive), sql);
    sm_buf_addc(sql, ')');
    sm_buf_release(&alive);
}

static sm_code count_alive(const sm_ops__stage *s, const sm_ops_batch *b, int64_t *rows,
                           sm_error *err)
{
    size_t n = s->plan->kind == SM_STAGE_JOIN ? 2 : s->n_logs; /* matches are no rows */
    sm_code rc = SM_OK;

    *rows = 0;
    for (size_t i = 0; rc == SM_OK && i < n; i++) {
        int64_t one = 0;
        sm_buf sql;

        sm_buf_init(&sql, SM_LIMIT_BATCH_SQL);
        sm_buf_adds(&sql, "SELECT count(*) FROM (");
        add_alive_rows(s, &s->logs[i], &sql);
        sm_buf_addc(&sql, ')');
        if ((rc = sm_buf_check(&sql, "the SQL of a stage", err)) == SM_OK)
            rc = sm_session_int64(b->session, sm_buf_sv(&sql), &one, err);
        sm_buf_release(&sql);
        *rows += one;
    }
    return rc;
}

sm_code sm_ops_alive(sm_ops *o, const sm_ops_batch *b, int64_t *rows, sm_error *err)
{
    sm_code rc = SM_OK;

    for (size_t i = 0; rc == SM_OK && i < o->c.n_stages; i++) {
        rows[i] = 0;
        if ((rc = stage_prepare(&o->stages[i], b, err)) == SM_OK)
            rc = count_alive(&o->stages[i], b, &rows[i], err);
    }
    return rc;
}

const sm_ops_count *sm_ops_counts(const sm_ops *o)
{
    return o->counts;
}

void sm_ops_late_rows(const sm_ops *o, sm_buf *sql)
{
    bool first = true;

    for (size_t i = 0; i < o->c.n_stages; i++) {
        if (o->stages[i].late_rows.len == 0)
            continue;
        sm_buf_adds(sql, first ? "" : " UNION ALL ");
        sm_buf_add(sql, o->stages[i].late_rows);
        first = false;
    }
}

void sm_ops__late_head(const sm_ops__stage *s, sm_sv time, sm_buf *sql)
{
    sm_buf_adds(sql, "SELECT ");
    sm_sql_literal(sql, s->plan->name);
    sm_buf_addf(sql,
                " AS _stage, make_timestamp(%.*s) AS _event_time, make_timestamp(%lld) AS "
                "_watermark, %lld - %.*s AS _lateness, CAST(json_object(",
                SM_SV_ARG(time), (long long)s->late_us, (long long)s->late_us, SM_SV_ARG(time));
}

void sm_ops__late_tail(const sm_ops__stage *s, sm_sv rows, sm_sv time, sm_buf *sql)
{
    sm_buf_adds(sql, ") AS VARCHAR) AS _row FROM (");
    sm_buf_add(sql, rows);
    sm_buf_addf(sql, "\n) AS _smelt_rows WHERE %.*s <= %lld", SM_SV_ARG(time),
                (long long)s->late_us);
}

/* ---- save, keep, sweep, drop ------------------------------------------------------- */

sm_code sm_ops_save(sm_ops *o, sm_arena *a, const sm_json **state, sm_error *err)
{
    sm_code rc = SM_OK;

    assert(o->loaded);
    for (size_t i = 0; rc == SM_OK && i < o->c.n_stages; i++)
        for (size_t k = 0; rc == SM_OK && k < o->stages[i].n_logs; k++)
            rc = sm_ops__log_save(&o->stages[i], &o->stages[i].logs[k], &o->batch, err);
    if (rc == SM_OK)
        *state = sm_ops__record(o, a);
    return rc;
}

static void each_log(sm_ops *o, void (*act)(const sm_ops *o, sm_ops__log *l))
{
    for (size_t i = 0; i < o->c.n_stages; i++)
        for (size_t k = 0; k < o->stages[i].n_logs; k++)
            act(o, &o->stages[i].logs[k]);
}

void sm_ops_keep(sm_ops *o)
{
    each_log(o, sm_ops__log_keep);
}

void sm_ops_sweep(sm_ops *o)
{
    each_log(o, sm_ops__log_sweep);
}

void sm_ops_drop(sm_ops *o)
{
    each_log(o, sm_ops__log_drop);
    o->loaded = false;
}

sm_sv sm_ops_folder(sm_sv state_dir, sm_sv pipeline, sm_sv flow, sm_arena *a)
{
    return sm_arena_printf(a, "%.*s/flows/%.*s/%.*s", SM_SV_ARG(state_dir), SM_SV_ARG(pipeline),
                           SM_SV_ARG(flow));
}
