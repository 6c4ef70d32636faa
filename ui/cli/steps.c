/* SPDX-License-Identifier: Apache-2.0 */
/* steps.c -- one test, step after step.
 *
 * Rows that are ingested lie there until a run reads them; every ingest is a run, which begins at
 * the checkpoint.  Only what a program keeps from run to run is there too, until a restart. */
#include "ui/cli/steps.h"

#include <assert.h>

#include "runtime/base/clock.h"
#include "runtime/sinks/sinks.h"
#include "runtime/sources/sources.h"
#include "ui/cli/steps_files.h"
#include "ui/cli/steps_int.h"
#include "ui/cli/steps_source.h"

/* Where the clock of every test begins: 2026-01-01T00:00:00Z. */
#define CLOCK_START_MS ((int64_t)1767225600000)

/* ---- runs -------------------------------------------------------------------------- */

/* After each batch: which versions it lies between. */
static void hear(void *ctx, const sm_flow_outcome *o)
{
    sm_steps *s = ctx;
    const sm_plan_dataset *ds = sm_plan_find(s->plan, o->dataset);
    sm_steps_table *t = &s->tables[sm_plan_index(s->plan, ds)];

    if (o->batches == 0 || o->state != SM_RUN_FLOW_RUNNING)
        return;
    t->before = t->version;
    t->version = o->version >= 0 ? o->version : t->version;
}

static sm_run_request make_request(sm_steps *s)
{
    sm_run_request q = sm_project_request(&s->p);
    size_t n = 0;

    for (sm_source_list i = sm_sources(); *i != NULL; i++)
        s->sources[n++] = *i;
    s->sources[n] = &sm_steps_source;
    assert(n + 1 < SM_STEPS_SOURCES);
    q.plan = s->plan;
    q.sources = s->sources;
    q.replan = sm_steps__replan;
    q.replan_ctx = s;
    q.selected = s->selected;
    q.workers = (int)s->p.spec->engine.workers.v;
    q.cause = SM_SV("test");
    q.memory = s->memory;
    q.listener = hear;
    q.listener_ctx = s;
    return q;
}

static void add_counts(sm_steps *s, const sm_run_result *r)
{
    for (size_t i = 0; i < r->n_flows; i++) {
        const sm_flow_counts *c = &r->flows[i].counts;
        sm_steps_table *t = &s->tables[r->flows[i].flow->target];

        t->dropped += c->dropped;
        t->late += c->late;
        t->duplicates += c->duplicate;
    }
}

/* A run that fails is no failure of the call: s->error says why. */
static sm_code run_once(sm_steps *s, sm_error *err)
{
    sm_run_result result = { 0 };
    sm_run *run = NULL;
    sm_run_request q;
    sm_code rc;

    if (s->p.store == NULL && (rc = sm_project_store(&s->p, false, err)) != SM_OK)
        return rc;
    q = make_request(s);
    if ((rc = sm_run_new(&q, &run, err)) != SM_OK)
        return rc;
    if ((rc = sm_run_execute(run, &result, err)) == SM_OK) {
        add_counts(s, &result);
        s->failed = result.code != SM_OK;
        s->error = result.error;
        s->plan = result.plan;
    }
    sm_run_free(run);
    return rc;
}

/* ---- steps ------------------------------------------------------------------------- */

static sm_code ingest(sm_steps *s, const sm_yaml_node *inputs, sm_error *err)
{
    sm_code rc = SM_OK;

    for (size_t i = 0; rc == SM_OK && i < inputs->n; i++) {
        const sm_steps_input *in = sm_steps__input(s, inputs->items[2 * i]->text);
        const sm_plan_dataset *ds = sm_plan_find(s->plan, in->name);
        const sm_yaml_node *rows = inputs->items[2 * i + 1];

        if (rows->kind == SM_YAML_LIST)
            rc = sm_steps__append(s, in, sm_steps__columns(s, ds), rows, err);
    }
    return rc == SM_OK ? run_once(s, err) : rc;
}

static sm_code ingest_files(sm_steps *s, const sm_yaml_node *inputs, sm_error *err)
{
    sm_code rc = SM_OK;

    for (size_t i = 0; rc == SM_OK && i < inputs->n; i++)
        rc = sm_steps__write_files(s, "files", sm_steps__input(s, inputs->items[2 * i]->text)->name,
                                   inputs->items[2 * i + 1], err);
    return rc == SM_OK ? run_once(s, err) : rc;
}

/* Nothing that the program had in memory is there afterwards. */
static sm_code restart(sm_steps *s, sm_error *err)
{
    sm_session_close(s->session);
    s->session = NULL;
    sm_project_release_engine(&s->p);
    sm_store_close(s->p.store);
    s->p.store = NULL;
    sm_run_memory_free(s->memory);
    s->memory = sm_run_memory_new();
    return sm_project_store(&s->p, false, err);
}

static sm_code advance(sm_sv by, sm_error *err)
{
    int64_t ms;
    sm_code rc = sm_parse_duration(by, &ms, err);

    if (rc == SM_OK)
        sm_clock_set_ms(sm_clock_now_ms() + ms);
    return rc;
}

/* The run before has failed, and was to. */
static void take_error(sm_steps *s, const sm_spec_scalar *expected)
{
    sm_sv code = expected->text.text;

    if (!s->failed)
        sm_steps__fail(s, expected->text.at, NULL, "nothing failed");
    else if (!sm_sv_eq_str(code, "true") && !sm_sv_eq_str(code, sm_code_name(s->error.code)))
        sm_steps__fail(s, expected->text.at, NULL, "it failed with %s, not %.*s: %s",
                       sm_code_name(s->error.code), SM_SV_ARG(code), s->error.msg);
    s->failed = false;
}

static sm_code expect(sm_steps *s, const sm_suite_expect *e, sm_error *err)
{
    if (e->error.type != NULL)
        take_error(s, &e->error);
    return sm_steps__look(s, e, err);
}

/* A run that failed and was not to ends the test. */
static bool tell_failed(sm_steps *s, sm_span at)
{
    if (!s->failed)
        return false;
    sm_steps__fail(s, at, NULL, "the run failed: %s", s->error.msg);
    return true;
}

static sm_code do_step(sm_steps *s, const sm_suite_step *step, sm_error *err)
{
    if (step->ingest.v != NULL)
        return ingest(s, step->ingest.v, err);
    if (step->ingest_files.v != NULL)
        return ingest_files(s, step->ingest_files.v, err);
    if (sm_text_set(&step->run))
        return run_once(s, err);
    if (sm_text_set(&step->restart))
        return restart(s, err);
    if (sm_text_set(&step->advance))
        return advance(step->advance.text, err);
    return expect(s, &step->expect, err);
}

static sm_code do_steps(sm_steps *s, sm_error *err)
{
    const sm_suite_steps *steps = &s->q->test->steps;
    sm_span ran = s->q->test->at;

    for (size_t i = 0; i < steps->n; i++) {
        const sm_suite_step *step = &steps->items[i];
        bool looks = step->expect.at.line != 0;

        if ((!looks || step->expect.error.type == NULL) && tell_failed(s, ran))
            return SM_OK;
        if (do_step(s, step, err) != SM_OK)
            return sm_wrap(err, "line %u", step->at.line);
        if (!looks)
            ran = step->at;
    }
    (void)tell_failed(s, ran);
    return SM_OK;
}

static sm_code do_given(sm_steps *s, sm_error *err)
{
    const sm_suite_test *t = s->q->test;
    sm_code rc = ingest(s, t->given.v, err);

    if (rc != SM_OK || (t->expect.error.type == NULL && tell_failed(s, t->given.at)))
        return rc;
    return expect(s, &t->expect, err);
}

/* ---- judging ----------------------------------------------------------------------- */

const sm_schema *sm_steps__columns(const sm_steps *s, const sm_plan_dataset *ds)
{
    sm_sv given = sm_json_get_sv(ds->source_config, "instead_of", ds->source_type);

    return ds->metadata ? sm_plan_with_metadata(&ds->schema, given, s->a) : &ds->schema;
}

static sm_code judge_given(sm_steps *s, const sm_yaml_node *inputs, sm_error *err)
{
    sm_code rc = SM_OK;

    for (size_t i = 0; rc == SM_OK && inputs != NULL && i < inputs->n; i++) {
        const sm_plan_dataset *ds =
            sm_plan_find(s->plan, sm_steps__input(s, inputs->items[2 * i]->text)->name);
        const char *what = sm_arena_printf(s->a, "\"%.*s\"", SM_SV_ARG(ds->name)).ptr;

        if (inputs->items[2 * i + 1]->kind == SM_YAML_LIST && ds->known)
            rc = sm_steps__judge(s, inputs->items[2 * i + 1], sm_steps__columns(s, ds), what, err);
    }
    return rc;
}

static sm_code judge(sm_steps *s, sm_error *err)
{
    const sm_suite_test *t = s->q->test;
    sm_code rc = judge_given(s, t->given.v, err);

    if (rc == SM_OK && t->expect.at.line != 0)
        rc = sm_steps__judge_expect(s, &t->expect, err);
    for (size_t i = 0; rc == SM_OK && i < t->steps.n; i++) {
        const sm_suite_step *step = &t->steps.items[i];

        if ((rc = judge_given(s, step->ingest.v, err)) == SM_OK && step->expect.at.line != 0)
            rc = sm_steps__judge_expect(s, &step->expect, err);
    }
    return rc;
}

/* ---- one test ---------------------------------------------------------------------- */

/* The code of a fault of the pipeline that the test expects; ptr NULL: none. */
static const sm_spec_scalar *expected_fault(const sm_suite_test *t)
{
    const sm_spec_scalar *e = t->expect.error.type != NULL ? &t->expect.error : NULL;

    for (size_t i = 0; e == NULL && i < t->steps.n; i++)
        if (t->steps.items[i].expect.error.type != NULL)
            e = &t->steps.items[i].expect.error;
    return e != NULL && sm_sv_starts(e->text.text, SM_SV("SM")) ? e : NULL;
}

/* The pipeline has no faults, or one that is expected: what remains is told. */
static bool judge_fault(sm_steps *s, bool ok)
{
    const sm_spec_scalar *expected = expected_fault(s->q->test);
    size_t n = s->p.diags == NULL ? 0 : sm_diags_count(s->p.diags);

    if (expected == NULL)
        return ok;
    for (size_t i = 0; i < n; i++)
        if (sm_sv_eq_str(expected->text.text, sm_diags_at(s->p.diags, i)->def->id))
            return false;
    sm_steps__fail(s, expected->text.at, NULL, "the pipeline has no fault %.*s",
                   SM_SV_ARG(expected->text.text));
    return false;
}

static sm_code run_test(sm_steps *s, sm_error *err)
{
    bool ok;
    sm_code rc = sm_steps__open(s, &ok, err);

    if (rc != SM_OK || sm_diags_errors(s->d) > 0 || !judge_fault(s, ok))
        return rc;
    if ((rc = judge(s, err)) != SM_OK || sm_diags_errors(s->d) > 0)
        return rc;
    return s->q->test->given.v != NULL ? do_given(s, err) : do_steps(s, err);
}

/* The faults of the test, or else those of its pipeline; NULL: there are none. */
static sm_diags *faults_of(const sm_steps *s)
{
    if (sm_diags_errors(s->d) > 0)
        return s->d;
    if (s->p.diags != NULL && sm_diags_errors(s->p.diags) > 0 && expected_fault(s->q->test) == NULL)
        return s->p.diags;
    return NULL;
}

static sm_json *make_document(const sm_steps *s, int64_t began)
{
    const sm_suite_test *t = s->q->test;
    sm_diags *faults = faults_of(s);
    sm_json *doc = sm_json_object(s->a);
    sm_buf told;

    sm_json_set_string(doc, "file", sm_sv_cstr(s->q->suite->file));
    sm_json_set_string(doc, "name", t->name.text);
    sm_json_set_int(doc, "line", t->name.at.line);
    sm_json_set_int(doc, "column", t->name.at.column);
    sm_json_set_string(doc, "state",
                       faults != NULL                 ? SM_SV("invalid")
                       : sm_json_len(s->failures) > 0 ? SM_SV("failed")
                                                      : SM_SV("passed"));
    sm_json_set_int(doc, "duration_ms", sm_clock_boot_ms() - began);
    sm_json_set(doc, "failures", s->failures);
    if (faults == NULL)
        return doc;
    sm_buf_init(&told, (size_t)16 * 1024 * 1024);
    sm_diags_print(faults, s->q->c->color_err, &told);
    if (faults == s->p.diags)
        sm_buf_add(&told, s->inferred);
    sm_json_set(doc, "diagnostics", sm_diags_json(faults, s->a));
    sm_json_set_string(doc, "told", sm_buf_sv(&told));
    sm_buf_release(&told);
    return doc;
}

sm_json *sm_steps_run(const sm_steps_request *q)
{
    int64_t began = sm_clock_boot_ms();
    sm_steps s = { .q = q,
                   .a = q->c->a,
                   .d = sm_diags_new(q->c->a),
                   .inferred = SM_SV(""),
                   .memory = sm_run_memory_new(),
                   .failures = sm_json_array(q->c->a) };
    sm_json *doc;
    sm_error err;

    sm_clock_set_ms(CLOCK_START_MS);
    sm_diags_source(s.d, q->suite->file, q->text);
    if (run_test(&s, &err) != SM_OK)
        sm_steps__fail(&s, q->test->name.at, NULL, "%s", err.msg);
    doc = sm_json_copy(q->c->a, make_document(&s, began));
    sm_session_close(s.session);
    sm_run_memory_free(s.memory);
    sm_project_close(&s.p);
    return doc;
}
