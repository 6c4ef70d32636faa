/* SPDX-License-Identifier: Apache-2.0 */
/* prop_run.c -- a case as a flow: the real cut, the real stages, the real marks. */
#include "tests/property/prop.h"

#include <stdio.h>
#include <stdlib.h>

#include "runtime/base/fs.h"
#include "runtime/base/sqltext.h"
#include "runtime/exec/flow_stages.h"
#include "tests/support/live_engine.h"

enum { MAX_REFS = 8, MAX_OUT = 20000 };

static const sm_column stream_columns[] = {
    { .name = SM_SV_LIT("id"), .type = SM_SV_LIT("INTEGER"), .nullable = true },
    { .name = SM_SV_LIT("ts"), .type = SM_SV_LIT("TIMESTAMP"), .nullable = true },
    { .name = SM_SV_LIT("k"), .type = SM_SV_LIT("VARCHAR"), .nullable = true },
    { .name = SM_SV_LIT("g"), .type = SM_SV_LIT("INTEGER"), .nullable = true },
    { .name = SM_SV_LIT("v"), .type = SM_SV_LIT("INTEGER"), .nullable = true },
    { .name = SM_SV_LIT("d"), .type = SM_SV_LIT("DOUBLE"), .nullable = true },
    { .name = SM_SV_LIT("m"), .type = SM_SV_LIT("DECIMAL(12,2)"), .nullable = true },
    { .name = SM_SV_LIT("b"), .type = SM_SV_LIT("BOOLEAN"), .nullable = true },
};
static const sm_schema stream_schema = { .columns = (sm_column *)stream_columns, .n = 8 };
static const sm_column dim_columns[] = {
    { .name = SM_SV_LIT("g"), .type = SM_SV_LIT("INTEGER"), .nullable = true },
    { .name = SM_SV_LIT("label"), .type = SM_SV_LIT("VARCHAR"), .nullable = true },
    { .name = SM_SV_LIT("x"), .type = SM_SV_LIT("INTEGER"), .nullable = true },
};
static const sm_schema dim_schema = { .columns = (sm_column *)dim_columns, .n = 3 };

typedef struct flow {
    prop_case *c;
    prop_world *w;
    sm_session *session;
    sm_ops *ops;
    sm_plan_flow plan; /* what the marks look at */
    sm_cut cut;
    sm_sv names[MAX_REFS]; /* of the inputs */
    size_t n_names;
    const sm_json *record, *marks_record;
    sm_watermarks marks;
    int64_t next;
    int64_t late;    /* rows that groupings left out so far */
    int64_t *finals; /* when each row of the oracle comes out, in order */
    size_t n_finals;
} flow;

/* ---- compiling ------------------------------------------------------------------------- */

static size_t input_of(flow *f, sm_sv name)
{
    for (size_t i = 0; i < f->n_names; i++) {
        if (sm_sv_eq(f->names[i], name))
            return i;
    }
    f->names[f->n_names] = name;
    return f->n_names++;
}

static sm_cut_mark mark_of(prop_case *c, sm_sv name)
{
    const prop_stream *s = &c->streams[name.ptr[0] - 'a'];
    sm_cut_watermark *w = SM_NEW(c->a, sm_cut_watermark);

    *w = (sm_cut_watermark){ SM_SV("ts"), s->delay, s->idle, s->future, name };
    return (sm_cut_mark){ s->marked ? w : NULL, s->dedup };
}

static bool compile(flow *f, sm_diags *d, sm_cut_mark *marks, size_t *n_marks, sm_sql_text *text)
{
    prop_case *c = f->c;
    sm_text *src = SM_NEW(c->a, sm_text);
    sm_sql_input in = { SM_SQL_QUERY, src, SM_SV("q"), { NULL, 0 } };
    sm_sql_leaf leaves[MAX_REFS] = { 0 };
    bool streaming[MAX_REFS] = { 0 };
    const sm_sql_query *q = NULL;
    sm_error err;

    *src = sm_text_of(sm_sv_cstr(c->smelt), "<query>");
    prop_check(sm_sql_read(sm_test_live_engine(), &in, 1, c->a, d, &q, &err), &err, c->smelt);
    for (size_t i = 0; q && i < q->n_refs && i < MAX_REFS; i++) {
        sm_sql_text *view = SM_NEW(c->a, sm_sql_text), bare = { 0 };
        size_t input = input_of(f, q->refs[i].name);

        streaming[i] = q->refs[i].stream;
        leaves[i].relation = sm_arena_printf(c->a, SM_SQL_RELATION "%zu", input);
        leaves[i].alias = q->refs[i].name;
        if (!streaming[i])
            continue;
        marks[*n_marks] = mark_of(c, q->refs[i].name);
        sm_sql_enclose(prop_text(c, "SELECT * FROM (SELECT * FROM " SM_SQL_RELATION "%zu", input),
                       &bare, prop_text(c, ") AS " SM_SQL_MARK "%zu", (*n_marks)++), c->a, view);
        leaves[i].view = view;
    }
    return q && sm_sql_judge_stream(q, streaming, c->mode == SM_STAGE_COMPLETE, d) &&
           sm_sql_compile(q, leaves, SM_SQL_MARKED, c->a, d, text);
}

static bool cut(flow *f, sm_diags *d)
{
    prop_case *c = f->c;
    sm_cut_mark marks[MAX_REFS];
    sm_sql_relation relations[MAX_REFS];
    bool streaming[MAX_REFS], ok = false;
    sm_sql_text text;
    sm_cut_input in = { .engine = sm_test_live_engine(),
                        .owner = SM_SV("q"),
                        .text = &text,
                        .relations = relations,
                        .streaming = streaming,
                        .marks = marks,
                        .mode = c->mode,
                        .deduplicate = c->dedup,
                        .accepts_unbounded = true };
    sm_error err;

    if (!compile(f, d, marks, &in.n_marks, &text))
        return false;
    in.n_relations = f->n_names;
    for (size_t i = 0; i < f->n_names; i++) {
        streaming[i] = f->names[i].len == 1;
        relations[i] = (sm_sql_relation){ sm_arena_printf(c->a, SM_SQL_RELATION "%zu", i),
                                          streaming[i] ? &stream_schema : &dim_schema };
    }
    prop_check(sm_sql_cut(&in, c->a, d, &f->cut, &ok, &err), &err, c->smelt);
    return ok;
}

/* ---- a process ------------------------------------------------------------------------- */

static void end_process(flow *f)
{
    sm_ops_close(f->ops);
    sm_session_close(f->session);
    f->ops = NULL;
    f->session = NULL;
}

static void set_data(flow *f, int data)
{
    const char *set = prop_text(f->c, "SET VARIABLE prop_data = %d", data);

    prop_exec(f->session, set);
}

/* The view of each input stands as long as the process; which rows it shows is a variable. */
static void show_inputs(flow *f)
{
    set_data(f, -1);
    for (size_t i = 0; i < f->n_names; i++) {
        const char *view = prop_text(f->c, SM_SQL_RELATION "%zu", i);
        const char *select = f->names[i].len > 1
                                 ? "SELECT * FROM dim"
                                 : prop_text(f->c,
                                             "SELECT id, ts, k, g, v, d, m, b FROM r%c WHERE _b = "
                                             "getvariable('prop_data') ORDER BY _i",
                                             f->names[i].ptr[0]);

        sm_session_view(f->session, sm_sv_cstr(view), sm_sv_cstr(select));
    }
}

static void begin_process(flow *f)
{
    sm_ops_config c = { .stages = f->plan.stages,
                        .n_stages = f->plan.n_stages,
                        .folder = sm_sv_cstr(f->w->folder),
                        .flow = SM_SV("t"),
                        .table = SM_SV("t") };
    sm_error err;

    end_process(f);
    prop_check(sm_session_open(f->w->engine, &f->session, &err), &err, "session");
    show_inputs(f);
    prop_check(sm_ops_open(&c, f->record, &f->ops, &err), &err, "sm_ops_open");
    sm_watermarks_init(&f->marks, &f->plan, f->c->a);
    if (f->marks_record)
        sm_watermarks_read(&f->marks, &f->plan, f->marks_record);
}

/* ---- what comes out ---------------------------------------------------------------------- */

static sm_code statement(flow *f, const char *sql, sm_buf *why)
{
    sm_error err;
    sm_code rc = sm_session_exec(f->session, sm_sv_cstr(sql), &err);

    if (rc != SM_OK)
        sm_buf_addf(why, "the result cannot be read: %s\n%s\n", err.msg, sql);
    return rc;
}

/* As a table would take it in: added, in place of rows of the same key, in place of all. */
static sm_code take(flow *f, sm_buf *why)
{
    const sm_cut *cut = &f->cut;
    sm_sv sql = cut->sql;
    sm_code rc = SM_OK;
    sm_buf b;

    if (f->next == 0)
        return statement(
            f, prop_text(f->c, "CREATE OR REPLACE TABLE got AS FROM (%.*s)", SM_SV_ARG(sql)), why);
    if (cut->mode == SM_STAGE_COMPLETE)
        rc = statement(f, "DELETE FROM got", why);
    if (rc == SM_OK && cut->mode == SM_STAGE_UPDATE) {
        sm_buf_init(&b, 100000);
        sm_buf_addf(&b, "DELETE FROM got AS o WHERE EXISTS (FROM (%.*s) AS t WHERE true",
                    SM_SV_ARG(cut->touched));
        for (size_t i = 0; i < cut->n_merge_keys; i++) {
            sm_buf_adds(&b, " AND t.");
            sm_sql_ident(&b, cut->merge_keys[i]);
            sm_buf_adds(&b, " IS NOT DISTINCT FROM o.");
            sm_sql_ident(&b, cut->merge_keys[i]);
        }
        sm_buf_addc(&b, ')');
        rc = statement(f, b.ptr, why);
        sm_buf_release(&b);
    }
    if (rc != SM_OK)
        return rc;
    return statement(f, prop_text(f->c, "INSERT INTO got FROM (%.*s)", SM_SV_ARG(sql)), why);
}

/* ---- batches ----------------------------------------------------------------------------- */

static sm_code attempt(flow *f, const prop_step *s, int64_t final, sm_buf *why)
{
    sm_ops_batch b = { .n = f->next,
                       .time_us = s->time,
                       .late_us = f->marks.final_us,
                       .final_us = sm_watermarks_mark(&f->marks, &f->plan, s->time / 1000),
                       .columnar = f->c->number % 2 == 0,
                       .has_input = s->data >= 0,
                       .session = f->session };
    const sm_json *record;
    sm_error err;
    sm_code rc;

    if (final == PROP_END)
        b.final_us = PROP_END;
    if (b.late_us != s->late || b.final_us != final) {
        sm_buf_addf(why, "batch %lld: marks %lld, %lld; the model says %lld, %lld\n",
                    (long long)f->next, (long long)b.late_us, (long long)b.final_us,
                    (long long)s->late, (long long) final);
        return SM_E_INVALID;
    }
    set_data(f, s->data);
    rc = sm_ops_run(f->ops, &b, &err);
    if (rc == SM_OK)
        rc = sm_ops_save(f->ops, f->c->a, &record, &err);
    if (rc == SM_OK)
        f->record = record; /* put back by lose() */
    else
        sm_buf_addf(why, "batch %lld: %s\n", (long long)f->next, err.msg);
    return rc;
}

/* An attempt that nobody decided. */
static sm_code lose(flow *f, const prop_step *s, sm_buf *why)
{
    const sm_json *before = f->record;
    sm_code rc = attempt(f, s, s->lost_final, why);

    f->record = before;
    if (rc != SM_OK)
        return rc;
    if (s->crash)
        begin_process(f);
    else
        sm_ops_drop(f->ops);
    return SM_OK;
}

static void load_finals(flow *f)
{
    const prop_case *c = f->c;
    sm_rows *rows;
    sm_error err;
    const char *sql;

    if (!c->final || c->limit >= 0)
        return;
    sql = prop_text(f->c, "SELECT %s AS f FROM (%s) WHERE f IS NOT NULL ORDER BY f", c->final,
                    c->oracle);
    f->finals = SM_NEW_N(c->a, int64_t, MAX_OUT);
    prop_check(sm_session_query(f->w->oracle, sm_sv_cstr(sql), &rows, &err), &err, sql);
    while (f->n_finals < MAX_OUT && sm_rows_next(rows))
        f->finals[f->n_finals++] = sm_rows_int64(rows, 0);
    sm_rows_free(rows);
}

/* F1, A3: what is final by the mark of this batch is out, and nothing else. */
static sm_code judge_time(flow *f, const prop_step *s, sm_buf *why)
{
    int64_t got = 0, want = 0;
    sm_error err;

    if (!f->finals || f->n_finals == MAX_OUT)
        return SM_OK;
    while ((size_t)want < f->n_finals && f->finals[want] <= s->final)
        want++;
    prop_check(sm_session_int64(f->w->oracle, SM_SV("SELECT count(*) FROM got"), &got, &err), &err,
               "got");
    if (got == want)
        return SM_OK;
    sm_buf_addf(why, "after batch %lld: %lld rows are out, %lld are final\n", (long long)f->next,
                (long long)got, (long long)want);
    return SM_E_INVALID;
}

static sm_code batch(flow *f, const prop_step *s, sm_buf *why)
{
    int64_t late, final;
    sm_code rc;

    if (s->restart)
        begin_process(f);
    if (s->lost && (rc = lose(f, s, why)) != SM_OK)
        return rc;
    if ((rc = attempt(f, s, s->final, why)) != SM_OK || (rc = take(f, why)) != SM_OK ||
        (rc = judge_time(f, s, why)) != SM_OK)
        return rc;
    for (size_t i = 0; i < f->plan.n_stages; i++) {
        if (f->plan.stages[i].kind == SM_STAGE_AGGREGATE)
            f->late += sm_ops_counts(f->ops)[i].late;
    }
    sm_ops_keep(f->ops);
    sm_ops_sweep(f->ops);
    late = s->late;
    final = s->final;
    f->marks.late_us = late;
    f->marks.final_us = final;
    sm_watermarks_observe(&f->marks, &f->plan, sm_ops_counts(f->ops), s->time / 1000);
    f->marks_record = sm_watermarks_json(&f->marks, &f->plan, f->c->a);
    f->next++;
    return SM_OK;
}

static prop_verdict refused(const prop_case *c, const sm_diags *d, sm_buf *why)
{
    (void)c;
    for (size_t i = 0; i < sm_diags_count(d); i++) {
        const sm_diag *one = sm_diags_at(d, i);

        sm_buf_addf(why, "refused at %u:%u: %s %.*s\n", one->at.line, one->at.column, one->def->id,
                    SM_SV_ARG(one->message));
    }
    return PROP_DIFFERS;
}

/* R3: late rows are counted, each once. */
static bool judge_late(flow *f, sm_buf *why)
{
    int64_t want = 0;
    sm_error err;

    if (!f->c->late)
        return true;
    prop_check(sm_session_int64(f->w->oracle, sm_sv_cstr(f->c->late), &want, &err), &err,
               f->c->late);
    if (f->late != want)
        sm_buf_addf(why, "%lld rows were late, the model says %lld\n", (long long)f->late,
                    (long long)want);
    return f->late == want;
}

static prop_verdict run_steps(flow *f, sm_buf *why)
{
    sm_error err;

    sm_fs_remove_tree(f->w->folder, 100000, &err);
    load_finals(f);
    begin_process(f);
    for (size_t i = 0; i < f->c->n_steps; i++) {
        if (batch(f, &f->c->steps[i], why) != SM_OK)
            return PROP_DIFFERS;
    }
    if (!judge_late(f, why))
        return PROP_DIFFERS;
    return prop_same(f->w->oracle, "FROM got", f->c->oracle, f->c->limit, why) ? PROP_SAME
                                                                               : PROP_DIFFERS;
}

static void show_stages(const flow *f, sm_buf *why)
{
    for (size_t i = 0; i < f->plan.n_stages; i++)
        sm_buf_addf(why, "  %.*s: %.*s\n", SM_SV_ARG(f->plan.stages[i].name),
                    SM_SV_ARG(f->plan.stages[i].rows));
    sm_buf_addf(why, "  result: %.*s\n", SM_SV_ARG(f->cut.sql));
}

prop_verdict prop_run(prop_case *c, prop_world *w, sm_buf *why)
{
    flow f = { .c = c, .w = w };
    sm_diags *d = sm_diags_new(c->a);
    prop_verdict v;

    if (!cut(&f, d))
        return refused(c, d, why);
    if (f.cut.n_stages == 0)
        return PROP_SKIPPED;
    f.plan = (sm_plan_flow){ .stages = f.cut.stages,
                             .n_stages = f.cut.n_stages,
                             .watermark_max = c->greatest };
    v = run_steps(&f, why);
    if (v == PROP_DIFFERS)
        show_stages(&f, why);
    end_process(&f);
    return v;
}
