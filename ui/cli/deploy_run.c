/* SPDX-License-Identifier: Apache-2.0 */
/* deploy_run.c -- one run of a deployed pipeline, in a thread of the scheduler.
 *
 * Each run loads the pipeline anew from the pinned texts: the plan comes from the store's cache,
 * and between two runs there is no engine and no memory of it. */
#include <malloc.h>

#include "ui/cli/deploy_int.h"
#include "ui/cli/exit_code.h"
#include "ui/cli/look.h"
#include "ui/cli/project_bucket.h"
#include "ui/cli/project_readers.h"

typedef struct wish {
    bool *selected, *refresh;
} wish;

static sm_code choose(const sm_view *v, sm_sv select, sm_sv exclude, bool *out, sm_error *err)
{
    sm_view_states states = { .view = v };
    sm_plan_states judge = { sm_view_state_is, &states };

    return sm_plan_select(v->plan, select, exclude, &judge, v->a, out, err);
}

/* A table whose rows cannot be had again says so. */
static sm_code check_reset(const sm_project *p, const bool *refresh, sm_error *err)
{
    for (size_t i = 0; i < p->spec->tables.n; i++) {
        const sm_spec_table *t = &p->spec->tables.items[i];
        const sm_plan_dataset *ds = sm_plan_find(p->plan, t->name.text);

        if (!t->reset_allowed.v && ds != NULL && refresh[sm_plan_index(p->plan, ds)])
            return sm_fail(err, SM_E_DENIED, 0,
                           "table \"%.*s\" has `reset_allowed: false`: a full refresh is refused",
                           SM_SV_ARG(t->name.text));
    }
    return SM_OK;
}

static sm_code read_wish(const sm_cli *c, const sm_project *p, const sm_run_order *o, wish *w,
                         sm_error *err)
{
    const sm_view v = sm_look_view(c, p);
    sm_code rc;

    w->selected = SM_NEW_N(c->a, bool, p->plan->n_datasets + 1);
    w->refresh = SM_NEW_N(c->a, bool, p->plan->n_datasets + 1);
    if ((rc = choose(&v, o->select, o->exclude, w->selected, err)) != SM_OK ||
        o->full_refresh.len == 0 ||
        (rc = choose(&v, o->full_refresh, SM_SV(""), w->refresh, err)) != SM_OK)
        return rc;
    for (size_t i = 0; i < p->plan->n_datasets; i++)
        w->refresh[i] &= w->selected[i] && sm_dataset_is_table(&p->plan->datasets[i]);
    return check_reset(p, w->refresh, err);
}

/* By a clock or by something that happened: no person has looked at what it meets. */
static bool is_triggered(sm_sv cause)
{
    static const char *const causes[] = { "interval",     "schedule",      "catchup",
                                          "file_arrival", "table_updated", "webhook" };

    for (size_t i = 0; i < sizeof causes / sizeof causes[0]; i++)
        if (sm_sv_eq_str(cause, causes[i]))
            return true;
    return false;
}

static void stop_run(void *run)
{
    sm_run_cancel(run);
}

static void take_result(const sm_run_result *r, sm_order_result *out)
{
    out->run = r->number;
    out->state = r->state;
    out->warnings = r->warnings;
    out->duration_ms = r->duration_ms;
    out->exit_code = sm_exit_code(r->code);
    if (r->code != SM_OK)
        out->error = r->error;
    out->error.code = r->code;
}

static sm_code execute(sm_project *p, const sm_run_request *q, sm_cancel *cancel,
                       sm_order_result *out, sm_error *err)
{
    sm_run_result result;
    sm_run *run = NULL;
    sm_code rc = sm_run_new(q, &run, err);

    if (rc != SM_OK)
        return rc;
    sm_project_keep_plan(p);
    sm_cancel_bind(cancel, stop_run, run);
    if ((rc = sm_run_execute(run, &result, err)) == SM_OK) {
        take_result(&result, out);
        sm_project_use_plan(p, result.plan);
        sm_project_bucket_trim(p);
    }
    sm_cancel_unbind(cancel);
    sm_run_free(run);
    return rc;
}

/* What the run has learned of columns is what the page shows from now on. */
static void refresh(sm_deploy *d, const sm_deployed *x, const sm_project *p, sm_pinned *pinned)
{
    sm_deployed *newer;
    sm_buf fault;

    if (sm_sv_eq(x->project.plan->fingerprint, p->plan->fingerprint) &&
        x->project.plan->n_waiting == p->plan->n_waiting)
        return;
    sm_buf_init(&fault, 16 * 1024);
    if (sm_deploy__open(d, x->project.file, pinned, &newer, &fault) == SM_EXIT_DONE)
        sm_deploy__replace(d, newer);
    sm_buf_release(&fault);
}

static sm_code run(sm_deploy *d, const sm_deployed *x, const sm_cli *c, sm_project *p,
                   const sm_run_order *o, sm_cancel *cancel, sm_order_result *out, sm_error *err)
{
    sm_run_request q;
    sm_sv told;
    wish w;
    sm_code rc;

    if ((rc = sm_project_store(p, false, err)) != SM_OK || (rc = sm_project_plan(p, err)) != SM_OK)
        return rc;
    sm_diags_sort(p->diags);
    if (p->plan == NULL || sm_diags_errors(p->diags) > 0)
        return sm_fail(err, SM_E_INVALID, 0,
                       "pipeline \"%.*s\" is not valid any more: `smelt validate` tells why",
                       SM_SV_ARG(o->pipeline));
    if ((rc = read_wish(c, p, o, &w, err)) != SM_OK)
        return rc;
    if ((rc = sm_project_check_readers(p, w.refresh, o->with_quarantine, o->keep_downstream, &told,
                                       err)) != SM_OK)
        return rc;
    q = sm_project_request(p);
    q.bus = d->bus;
    q.selected = w.selected;
    q.full_refresh = w.refresh;
    q.keep_downstream = o->keep_downstream;
    q.with_quarantine = o->with_quarantine;
    q.workers = (int)p->spec->engine.workers.v;
    q.memory = sm_deploy__memory(d, o->pipeline)->memory;
    q.meter = d->meter;
    q.continuous = o->continuous;
    q.max_attempts = sm_deploy__attempts(p->spec);
    q.backoff_ms = p->spec->retry.backoff.v / 1000;
    q.backoff_max_ms = p->spec->retry.backoff_max.v / 1000;
    q.timeout_ms = p->spec->timeout.v / 1000;
    q.cause = o->cause;
    q.by = o->by;
    q.obeys = is_triggered(o->cause);
    q.commit = x->commit;
    q.selection = o->select;
    return execute(p, &q, cancel, out, err);
}

sm_code sm_deploy_run(void *ctx, const sm_run_order *o, sm_cancel *cancel, sm_order_result *out,
                      sm_error *err)
{
    sm_deploy *d = ctx;
    sm_deployed *x = sm_deploy_hold(d, o->pipeline);
    sm_pinned *pinned = sm_deploy__pinned(d);
    sm_cli c = *d->c;
    sm_project p = { 0 };
    sm_code rc;

    if (x == NULL) {
        sm_pinned_free(pinned);
        return sm_fail(err, SM_E_NOT_FOUND, 0, "pipeline \"%.*s\" is not deployed any more",
                       SM_SV_ARG(o->pipeline));
    }
    c.a = sm_arena_new("order");
    c.stores = d->stores;
    c.pinned = pinned;
    if ((rc = sm_project_open(&p, &c, x->project.file, err)) == SM_OK) {
        p.share = sm_deploy__workers(d);
        rc = run(d, x, &c, &p, o, cancel, out, err);
        sm_project_release_engine(&p);
    }
    if (rc == SM_OK) {
        refresh(d, x, &p, pinned);
        sm_deploy__trim(d, p.store, o->pipeline);
    } else
        out->exit_code = sm_exit_code(rc);
    out->held = rc == SM_E_CONFLICT && sm_deploy_held(d, o->pipeline);
    sm_project_close(&p);
    sm_pinned_free(pinned);
    sm_arena_free(c.a);
    sm_deploy_let(x);
    malloc_trim(0); /* an idle server is small again */
    return rc;
}
