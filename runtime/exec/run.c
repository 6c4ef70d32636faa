/* SPDX-License-Identifier: Apache-2.0 */
/* run.c -- a run from its lock to its last record.
 *
 *     queued -> initializing        lock, epoch, record, what the file declares
 *            -> setting_up_tables   every selected flow is opened: checkpoints are compared,
 *                                   external sources say how far this run reads
 *            -> running             the graph (run_graph.c)
 *            -> completed | failed | canceled
 *
 * A run with nothing new writes two small records and never opens the engine. */
#include "runtime/exec/run_int.h"

#include <stdlib.h>

#include "runtime/base/clock.h"
#include "runtime/base/cpu_meter.h"
#include "runtime/base/fs.h"
#include "runtime/base/watch.h"

/* ---- what flows borrow ----------------------------------------------------------- */

static sm_code run_engine(void *ctx, struct sm_engine **out, sm_error *err)
{
    sm_run *r = ctx;
    sm_code rc = SM_OK;

    sm_mutex_lock(&r->mu);
    if (r->engine == NULL)
        rc = r->q.engine(r->q.engine_ctx, &r->engine, err);
    *out = r->engine;
    sm_mutex_unlock(&r->mu);
    return rc;
}

static bool run_stopping(void *ctx)
{
    sm_run *r = ctx;
    bool stopping;

    sm_mutex_lock(&r->mu);
    stopping = r->stopping;
    sm_mutex_unlock(&r->mu);
    return stopping;
}

static void run_session_opened(void *ctx, struct sm_session *s)
{
    sm_run *r = ctx;

    sm_mutex_lock(&r->mu);
    if (r->n_sessions == r->cap_sessions) {
        r->cap_sessions = r->cap_sessions == 0 ? 8 : 2 * r->cap_sessions;
        r->sessions = sm_xrealloc(r->sessions, r->cap_sessions * sizeof *r->sessions);
    }
    r->sessions[r->n_sessions++] = s;
    sm_mutex_unlock(&r->mu);
}

static void run_session_closing(void *ctx, struct sm_session *s)
{
    sm_run *r = ctx;

    sm_mutex_lock(&r->mu);
    for (size_t i = 0; i < r->n_sessions; i++)
        if (r->sessions[i] == s)
            r->sessions[i] = r->sessions[--r->n_sessions];
    sm_mutex_unlock(&r->mu);
}

void sm_run_cancel(sm_run *r)
{
    sm_mutex_lock(&r->mu);
    if (r->q.give_up != NULL && !r->cancelled)
        sm_atomic_set(r->q.give_up, sm_clock_boot_ms() + SM_RUN_GRACE_MS);
    r->stopping = r->cancelled = true;
    sm_cond_broadcast(&r->changed);
    if (r->watch != NULL)
        sm_watch_wake(r->watch);
    for (size_t i = 0; i < r->n_sessions; i++)
        sm_session_interrupt(r->sessions[i]);
    sm_mutex_unlock(&r->mu);
}

/* ---- new ------------------------------------------------------------------------- */

static bool is_selected(const sm_run *r, size_t dataset)
{
    return r->q.selected == NULL || r->q.selected[dataset];
}

static bool is_refreshed(const sm_run *r, size_t dataset)
{
    return r->q.full_refresh != NULL && r->q.full_refresh[dataset];
}

/* The same, or a quarantine that goes with its table. */
static bool is_rebuilt(const sm_run *r, size_t dataset)
{
    const sm_plan_dataset *d = &r->q.plan->datasets[dataset];

    return is_refreshed(r, dataset) ||
           (r->q.with_quarantine && sm_dataset_is_side(d) && is_refreshed(r, d->owner));
}

/* Does a flow before `i` rebuild the table that `i` writes?  Not always the table's first one
 * does: a flow without columns yet takes no part. */
static bool has_lead(const sm_run *r, size_t i)
{
    const sm_plan *p = r->q.plan;

    for (size_t k = p->datasets[p->flows[i].target].flow; k < i; k++)
        if (r->slots[k].lead)
            return true;
    return false;
}

static void make_slots(sm_run *r)
{
    const sm_plan *p = r->q.plan;

    r->slots = SM_NEW_N(r->arena, sm_run_slot, p->n_flows + 1);
    r->flows = SM_NEW_N(r->arena, sm_flow, p->n_flows + 1);
    r->outcomes = SM_NEW_N(r->arena, sm_flow_outcome, p->n_flows + 1);
    r->left = SM_NEW_N(r->arena, size_t, p->n_datasets + 1);
    for (size_t i = 0; i < p->n_flows; i++) {
        const sm_plan_dataset *t = &p->datasets[p->flows[i].target];
        sm_rule_count *rules = SM_NEW_N(r->arena, sm_rule_count, t->n_rules + t->n_checks + 1);
        sm_run_slot *s = &r->slots[i];

        for (size_t k = 0; k < t->n_rules; k++)
            rules[k] = (sm_rule_count){ .name = t->rules[k].name,
                                        .policy = t->rules[k].policy,
                                        .fail_if = t->rules[k].fail_if,
                                        .warn_if = t->rules[k].warn_if,
                                        .crossed = SM_SV("") };
        for (size_t k = 0; k < t->n_checks; k++)
            rules[t->n_rules + k] = (sm_rule_count){ .name = t->checks[k].name,
                                                     .policy = t->checks[k].policy,
                                                     .fail_if = t->checks[k].fail_if,
                                                     .warn_if = t->checks[k].warn_if,
                                                     .crossed = SM_SV("") };
        s->selected = is_selected(r, p->flows[i].target) && p->flows[i].bound;
        s->refresh = s->selected && is_refreshed(r, p->flows[i].target);
        s->lead = s->refresh && !has_lead(r, i);
        s->started = s->finished = !s->selected;
        r->left[p->flows[i].target] += s->selected;
        r->outcomes[i] = (sm_flow_outcome){ .flow = &p->flows[i],
                                            .dataset = t->name,
                                            .state = SM_RUN_FLOW_WAITING,
                                            .rules = rules,
                                            .n_rules = t->n_rules,
                                            .version = -1 };
        if (!is_selected(r, p->flows[i].target))
            r->outcomes[i].state = SM_RUN_FLOW_EXCLUDED;
        else if (!p->flows[i].bound) {
            r->outcomes[i].state = SM_RUN_FLOW_IDLE;
            r->outcomes[i].reason = SM_SV("waiting: a source has no data to tell its columns by");
        }
    }
}

/* Readers by STREAM of a table that is rebuilt must be rebuilt too, or be told to go on. */
static sm_code check_refresh(const sm_run *r, sm_error *err)
{
    const sm_plan *p = r->q.plan;
    sm_position pos;

    for (size_t i = 0; i < p->n_flows && !r->q.keep_downstream; i++) {
        const sm_plan_flow *f = &p->flows[i];
        bool sink = p->datasets[f->target].kind == SM_DATASET_SINK;

        if (is_refreshed(r, f->target) || f->follows) /* a view is computed anew by itself */
            continue;
        for (size_t k = 0; k < f->n_inputs; k++) {
            if (f->inputs[k].mode != SM_INPUT_STREAM || !is_rebuilt(r, f->inputs[k].dataset))
                continue;
            if (sm_store_position(r->q.store, r->env.owner.pipeline, f->name, r->arena, &pos,
                                  err) != SM_OK)
                return err->code;
            if (pos.has_last)
                return sm_fail(err, SM_E_CONFLICT, 0,
                               "%.*s reads STREAM(%.*s), which would be rebuilt under it: %s"
                               "--keep-downstream to let it go on behind the rebuild with %s",
                               SM_SV_ARG(f->name),
                               SM_SV_ARG(p->datasets[f->inputs[k].dataset].name),
                               sink ? "say " : "name it in --full-refresh too, or say ",
                               sink ? "what it has sent" : "the rows it has");
        }
    }
    return SM_OK;
}

/* What else was asked, and by whom; "" where there is nothing to say. */
static sm_sv options_of(const sm_run *r)
{
    sm_json *o = sm_json_object(r->arena);

    if (r->q.by.len == 0)
        return SM_SV("");
    sm_json_set_string(o, "by", r->q.by);
    return sm_json_text(o, r->arena);
}

static sm_code create_record(sm_run *r, sm_error *err)
{
    r->rec = (sm_run_rec){ .state = SM_RUN_INITIALIZING,
                           .cause = r->q.cause,
                           .commit = r->q.commit,
                           .selection = r->q.selection,
                           .options = options_of(r),
                           .plan_fingerprint = r->q.plan->fingerprint };
    if (sm_store_run_create(r->q.store, &r->env.owner, &r->rec, err) != SM_OK)
        return err->code;
    r->env.run = r->rec.id;
    r->env.run_number = r->rec.number;
    return SM_OK;
}

sm_code sm_run_new(const sm_run_request *q, sm_run **out, sm_error *err)
{
    sm_run *r = sm_xcalloc(1, sizeof *r);
    sm_code rc;

    *out = NULL;
    r->q = *q;
    r->plan = q->plan;
    if (q->give_up != NULL)
        sm_atomic_set(q->give_up, 0);
    if (q->memory == NULL) /* flows of a continuous run are opened more than once */
        r->q.memory = r->memory = sm_run_memory_new();
    if (q->meter == NULL)
        r->q.meter = r->meter = sm_cpu_meter_new();
    r->arena = sm_arena_new("run");
    r->told = sm_arena_new("run told");
    r->started_boot_ms = sm_clock_boot_ms();
    sm_mutex_init(&r->mu);
    sm_mutex_init(&r->listener_mu);
    sm_mutex_init(&r->grow_mu);
    sm_mutex_init(&r->side_mu);
    sm_cond_init(&r->changed);
    sm_cond_init(&r->ended);
    r->env = (sm_flow_env){ .q = &r->q,
                            .log = { q->store, q->bus },
                            .plan = sm_run__plan,
                            .grow = sm_run__grow,
                            .engine = run_engine,
                            .stopping = run_stopping,
                            .session_opened = run_session_opened,
                            .session_closing = run_session_closing,
                            .ctx = r };
    make_slots(r);
    rc = sm_owner__take(q->store, q->state_dir, q->plan->pipeline, &r->lock, &r->env.owner, err);
    if (rc == SM_OK)
        rc = check_refresh(r, err);
    if (rc == SM_OK)
        rc = sm_run__check_left(r, err);
    if (rc == SM_OK)
        rc = sm_owner__declare(&r->q, &r->env.owner, r->arena, err);
    if (rc == SM_OK)
        rc = sm_replay__finish(&r->env, err);
    if (rc == SM_OK)
        rc = sm_store_ballast_ensure(q->store, err);
    if (rc == SM_OK)
        rc = create_record(r, err);
    if (rc == SM_OK)
        rc = sm_run__pin_hints(r, err);
    if (rc == SM_OK)
        rc = sm_run__leave_held(r, err);
    if (rc == SM_OK)
        *out = r;
    else
        sm_run_free(r);
    return rc;
}

void sm_run_free(sm_run *r)
{
    if (r == NULL)
        return;
    sm_owner__release(r->lock);
    sm_cond_release(&r->changed);
    sm_cond_release(&r->ended);
    sm_mutex_release(&r->mu);
    sm_mutex_release(&r->listener_mu);
    sm_mutex_release(&r->grow_mu);
    sm_mutex_release(&r->side_mu);
    free(r->sessions);
    sm_arena_free(r->told);
    sm_arena_free(r->arena);
    sm_run_memory_free(r->memory);
    sm_cpu_meter_free(r->meter);
    free(r);
}

/* ---- execute --------------------------------------------------------------------- */

static sm_sv told_start(const sm_run *r, sm_arena *a)
{
    sm_json *d = sm_json_object(a);

    sm_json_set_int(d, "number", r->env.run_number);
    sm_json_set_string(d, "cause", r->q.cause);
    if (r->q.selection.len > 0)
        sm_json_set_string(d, "selection", r->q.selection);
    if (r->q.by.len > 0)
        sm_json_set_string(d, "by", r->q.by);
    if (r->q.commit.len > 0)
        sm_json_set_string(d, "commit", r->q.commit);
    return sm_json_text(d, a);
}

/* It is running, and whoever looks on is told. */
static sm_code begin_running(sm_run *r, sm_error *err)
{
    sm_arena *a = sm_arena_new("run start");
    sm_event_rec e = sm_event_make(SM_EVENT_run_started, r->env.run, r->q.cause);
    sm_run_change c = {
        .run = r->env.run, .set_state = true, .state = SM_RUN_RUNNING, .events = &e, .n_events = 1
    };
    sm_code rc;

    e.details = told_start(r, a);
    rc = sm_store_run_change(r->q.store, &r->env.owner, &c, err);
    if (rc == SM_OK)
        sm_event_log_stored(r->env.log, c.last_event);
    sm_arena_free(a);
    return rc;
}

/* Readers that were not selected but read a table that was rebuilt. */
static void skip_unselected(sm_run *r)
{
    const sm_plan *p = r->q.plan;
    sm_error err;

    for (size_t i = 0; r->q.keep_downstream && i < p->n_flows; i++) {
        bool reads = false;

        for (size_t k = 0; k < p->flows[i].n_inputs; k++)
            reads |= p->flows[i].inputs[k].mode == SM_INPUT_STREAM &&
                     is_refreshed(r, p->flows[i].inputs[k].dataset);
        if (reads && !p->flows[i].follows && !r->slots[i].selected && p->flows[i].bound &&
            sm_run__skip_rebuilt(r, i, &err) != SM_OK) {
            r->outcomes[i].state = SM_RUN_FLOW_FAILED;
            r->outcomes[i].error = err;
        }
    }
}

/* The worst of what flows ended with decides: damage before refusal before the rest. */
static int rank(sm_code code)
{
    switch (code) {
    case SM_E_CORRUPT:
        return 4;
    case SM_E_IO:
    case SM_E_REMOTE:
        return 3;
    case SM_E_RULE:
        return 1;
    default:
        return 2;
    }
}

/* A continuous run that ended to begin anew, with more columns; who asked it to stop wants no more.
 */
static bool goes_on(const sm_run *r)
{
    return r->again && !r->cancelled;
}

static void gather(const sm_run *r, sm_run_result *out)
{
    bool stopped = false;

    *out = (sm_run_result){ .number = r->rec.number,
                            .state = SM_RUN_COMPLETED,
                            .flows = r->outcomes,
                            .n_flows = r->q.plan->n_flows,
                            .duration_ms = sm_clock_boot_ms() - r->started_boot_ms };
    for (size_t i = 0; i < out->n_flows; i++) {
        const sm_flow_outcome *o = &r->outcomes[i];

        out->warnings |= o->state == SM_RUN_FLOW_WARNINGS;
        stopped |= o->state == SM_RUN_FLOW_STOPPED;
        if (o->state == SM_RUN_FLOW_FAILED &&
            (out->code == SM_OK || rank(o->error.code) > rank(out->code))) {
            out->code = o->error.code;
            out->error = o->error;
        }
    }
    if (out->code != SM_OK)
        out->state = SM_RUN_FAILED;
    else if (!goes_on(r) && (stopped || r->q.continuous)) {
        out->state = SM_RUN_CANCELED;
        out->code = SM_E_CANCELLED;
    }
}

static sm_json *summary_json(const sm_run *r, sm_arena *a)
{
    sm_json *o = sm_json_object(a), *flows = sm_json_object(a);

    for (size_t i = 0; i < r->q.plan->n_flows; i++)
        sm_json_set_sv(flows, r->outcomes[i].flow->name,
                       sm_json_string(a, sm_sv_cstr(sm_run_flow_state_name(r->outcomes[i].state))));
    sm_json_set(o, "flows", flows);
    return o;
}

static sm_code write_end(sm_run *r, const sm_run_result *out, sm_error *err)
{
    sm_arena *a = sm_arena_new("run end");
    size_t n = r->q.plan->n_flows, puts = 0;
    sm_run_flow_rec *flows = SM_NEW_N(a, sm_run_flow_rec, n + 1);
    sm_event_rec e =
        sm_event_make(SM_EVENT_run_finished, r->env.run, sm_sv_cstr(sm_run_state_name(out->state)));
    sm_run_change c = { .run = r->env.run,
                        .set_state = true,
                        .state = out->state,
                        .warnings = out->warnings,
                        .error = sm_sv_cstr(out->error.code == SM_OK ? "" : out->error.msg),
                        .events = &e,
                        .n_events = 1,
                        .flows = flows };
    sm_json *d = sm_json_object(a);
    int64_t held = 0;
    sm_code rc;

    for (size_t i = 0; i < n; i++) { /* the others were written when they ended */
        sm_run_flow_state state = r->outcomes[i].state;

        held += state == SM_RUN_FLOW_HELD;
        if (state == SM_RUN_FLOW_IDLE || state == SM_RUN_FLOW_SKIPPED || state == SM_RUN_FLOW_HELD)
            flows[puts++] = sm_flow__progress(&r->outcomes[i], a);
    }
    c.n_flows = puts;
    sm_json_set_int(d, "number", out->number);
    sm_json_set_string(d, "state", sm_sv_cstr(sm_run_state_name(out->state)));
    sm_json_set_bool(d, "warnings", out->warnings);
    sm_json_set_int(d, "duration_ms", out->duration_ms);
    if (held > 0)
        sm_json_set_int(d, "held_back", held);
    e.details = sm_json_text(d, a);
    c.summary = sm_json_text(summary_json(r, a), a);
    rc = sm_store_run_change(r->q.store, &r->env.owner, &c, err);
    sm_event_log_stored(r->env.log, c.last_event);
    sm_arena_free(a);
    return rc;
}

static void close_flows(sm_run *r)
{
    for (size_t i = 0; i < r->q.plan->n_flows; i++)
        if (r->flows[i].arena != NULL)
            sm_flow__close(&r->flows[i]);
}

/* Flows that have no columns yet, or are held back, take no part; they are told all the same. */
static void tell_waiting(sm_run *r)
{
    for (size_t i = 0; i < r->q.plan->n_flows; i++)
        if (r->outcomes[i].state == SM_RUN_FLOW_IDLE || r->outcomes[i].state == SM_RUN_FLOW_HELD)
            sm_run__tell(r, i);
}

sm_code sm_run_execute(sm_run *r, sm_run_result *out, sm_error *err)
{
    sm_code rc;

    if ((rc = sm_run__beside_begin(r, err)) != SM_OK)
        return rc;
    tell_waiting(r);
    for (size_t i = 0; i < r->q.plan->n_flows; i++)
        if (r->slots[i].selected && !r->slots[i].finished &&
            (!r->slots[i].refresh || r->slots[i].lead))
            sm_run__open_flow(r, i);
    if ((rc = begin_running(r, err)) != SM_OK) {
        sm_run__beside_end(r);
        close_flows(r);
        return rc;
    }
    sm_run__graph(r);
    skip_unselected(r);
    rc = r->q.continuous ? sm_run__continue(r, err) : SM_OK;
    sm_run__beside_end(r);
    close_flows(r);
    gather(r, out);
    sm_run__beside_tell(r, out);
    if (rc != SM_OK && (out->code == SM_OK || out->code == SM_E_CANCELLED)) {
        out->state = SM_RUN_FAILED;
        out->code = rc;
        out->error = *err;
    }
    out->plan = sm_run__plan(r);
    out->again = goes_on(r);
    out->continued = r->continued;
    return write_end(r, out, err);
}
