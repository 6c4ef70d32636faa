/* SPDX-License-Identifier: Apache-2.0 */
/* run_flow.c -- one flow within a run: opened, taken through its batches, closed. */
#include "runtime/exec/run_int.h"

#include "runtime/base/clock.h"
#include "runtime/base/log.h"

void sm_run__tell(sm_run *r, size_t i)
{
    if (r->q.listener == NULL)
        return;
    sm_mutex_lock(&r->listener_mu);
    r->q.listener(r->q.listener_ctx, &r->outcomes[i]);
    sm_mutex_unlock(&r->listener_mu);
}

static void flow_failed(sm_run *r, size_t i, const sm_error *err)
{
    sm_flow_outcome *o = &r->outcomes[i];
    bool stopped = err->code == SM_E_CANCELLED;

    o->state = stopped ? SM_RUN_FLOW_STOPPED : SM_RUN_FLOW_FAILED;
    o->error = *err;
}

/* A batch that an earlier life decided is published before its generation is left.  One that
 * was taken back, or cannot be published any more, goes with it: the rebuild is what was
 * advised, and removes what the batch would have added. */
static sm_code finish_decided(sm_flow *f, sm_error *err)
{
    sm_batch b = { 0 };
    sm_code rc = sm_flow__open(f, err);

    if (rc == SM_OK && f->decided)
        rc = sm_flow__run_batch(f, &b, err);
    sm_flow__close(f);
    if (rc == SM_E_CORRUPT || rc == SM_E_CONFLICT || rc == SM_E_INVALID)
        sm_log(SM_LOG_WARN, "exec", "a decided batch is left behind by the rebuild: %s", err->msg);
    else if (rc != SM_E_AGAIN)
        return rc;
    return SM_OK;
}

static void flow_reset(sm_run *r, size_t i, bool refresh)
{
    const sm_plan *whole = r->env.plan(r);
    const sm_plan_flow *p = &whole->flows[i];

    r->flows[i] = (sm_flow){ .env = &r->env,
                             .index = i,
                             .whole = whole,
                             .plan = p,
                             .target = &whole->datasets[p->target],
                             .side_mu = whole->datasets[p->target].n_flows > 1 ? &r->side_mu : NULL,
                             .out = &r->outcomes[i],
                             .refresh = refresh };
}

/* Of a flow that is open: the other flows of the table that it rebuilds, with those that left the
 * file when they were about to empty it. */
static sm_code name_siblings(sm_run *r, size_t i, sm_error *err)
{
    sm_flow *f = &r->flows[i];
    const sm_sv *left;
    sm_sv *names;
    size_t n;

    if (sm_run__left_rebuilds(r, f->target->name, f->arena, &left, &n, err) != SM_OK)
        return err->code;
    f->siblings = names = SM_NEW_N(f->arena, sm_sv, f->target->n_flows + n);
    for (size_t k = f->target->flow; k < f->target->flow + f->target->n_flows; k++)
        if (k != i)
            names[f->n_siblings++] = r->q.plan->flows[k].name;
    for (size_t k = 0; k < n; k++)
        names[f->n_siblings++] = left[k];
    return SM_OK;
}

/* What an earlier life decided for a quarantine goes there first: another flow of the table may
 * need wider types. */
static sm_code roll_forward(sm_flow *f, sm_error *err)
{
    sm_batch b = { 0 };
    sm_code rc = SM_OK;

    if (f->decided && f->side != NULL && f->side_mu != NULL)
        rc = sm_flow__run_batch(f, &b, err);
    return rc == SM_E_AGAIN ? SM_OK : rc; /* taken back: it is planned again */
}

/* Workers open flows at the same time, so nothing here lies in r->arena. */
static sm_code leave_decided(sm_run *r, size_t i, sm_error *err)
{
    sm_arena *a = sm_arena_new("position");
    sm_position pos;
    sm_code rc;

    flow_reset(r, i, false);
    rc = sm_store_position(r->q.store, r->env.owner.pipeline, r->flows[i].plan->name, a, &pos, err);
    if (rc == SM_OK && pos.has_last && pos.last.state == SM_BATCH_DECIDED)
        rc = finish_decided(&r->flows[i], err);
    sm_arena_free(a);
    return rc;
}

static sm_code flow_open(sm_run *r, size_t i, sm_error *err)
{
    bool lead = r->slots[i].lead;
    sm_code rc = lead ? leave_decided(r, i, err) : SM_OK;

    flow_reset(r, i, lead);
    if (rc == SM_OK)
        rc = sm_flow__open(&r->flows[i], err);
    if (lead && rc == SM_OK)
        rc = name_siblings(r, i, err);
    if (rc == SM_OK && (rc = roll_forward(&r->flows[i], err)) == SM_OK)
        rc = sm_flow__fix_horizon(&r->flows[i], true, err);
    return rc;
}

void sm_run__open_flow(sm_run *r, size_t i)
{
    sm_error err;

    if (flow_open(r, i, &err) != SM_OK)
        flow_failed(r, i, &err);
    r->slots[i].lead |= r->flows[i].empties;
}

/* Tell the log that an attempt was given up. */
static void log_retry(sm_run *r, size_t i, const sm_error *why, int attempt)
{
    sm_flow *f = &r->flows[i];
    sm_json *d = sm_json_object(f->scratch);
    sm_event_rec e = sm_event_make_flow(SM_EVENT_flow_retried, r->env.run, f->target->name,
                                        f->plan->name, f->next, sm_sv_cstr(why->msg));
    sm_error ignored;

    sm_json_set_string(d, "reason", sm_sv_cstr(why->msg));
    sm_json_set_int(d, "attempt", attempt);
    e.details = sm_json_text(d, f->scratch);
    sm_event_log_append(r->env.log, &r->env.owner, &e, 1, &ignored);
}

/* The next batch, again and again while its input moves under it. */
static sm_code one_batch(sm_run *r, size_t i, sm_batch *b, sm_error *err)
{
    for (int attempt = 1;; attempt++) {
        sm_code rc = sm_flow__run_batch(&r->flows[i], b, err);

        if (rc != SM_E_AGAIN)
            return rc;
        if (attempt == SM_RUN_MAX_ATTEMPTS)
            return sm_fail(err, SM_E_LIMIT, 0,
                           "the input changed under each of %d attempts; let its writer finish "
                           "(write under another name, then rename) and run again",
                           attempt);
        if (!r->flows[i].grew) /* that is no failure, and has an event of its own */
            log_retry(r, i, err, attempt);
    }
}

static bool is_stopping(sm_run *r)
{
    return r->env.stopping(r->env.ctx);
}

static sm_code all_batches(sm_run *r, size_t i, sm_error *err)
{
    sm_code rc = SM_OK;
    sm_batch b;

    do {
        b = (sm_batch){ 0 };
        if (is_stopping(r))
            return sm_fail(err, SM_E_CANCELLED, 0, "asked to stop");
        if ((rc = one_batch(r, i, &b, err)) == SM_OK && b.state != SM_BATCH_IDLE)
            sm_run__tell(r, i);
    } while (rc == SM_OK && b.state != SM_BATCH_IDLE);
    return rc;
}

/* Who drops late rows by `late_rows` has said that they are none to look at. */
static bool has_warnings(const sm_flow_outcome *o)
{
    bool broken = o->counts.undecodable > 0 || (o->counts.late > 0 && o->flow->keeps_late);

    /* a dropped row broke a rule; a rule with warn_if says itself how many are too many */
    for (size_t i = 0; i < o->n_rules + o->n_checks; i++)
        broken |=
            o->rules[i].warn_if.len > 0 ? o->rules[i].crossed.len > 0 : o->rules[i].failed > 0;
    return broken;
}

static void flow_ended_well(sm_flow_outcome *o)
{
    if (o->batches == 0 && o->n_checks == 0)
        o->state = SM_RUN_FLOW_IDLE;
    else
        o->state = has_warnings(o) ? SM_RUN_FLOW_WARNINGS : SM_RUN_FLOW_SUCCEEDED;
}

static bool reads_rebuilt(const sm_run *r, size_t i)
{
    const sm_plan_flow *p = &r->q.plan->flows[i];

    for (size_t k = 0; r->q.full_refresh != NULL && !p->follows && k < p->n_inputs; k++)
        if (p->inputs[k].mode == SM_INPUT_STREAM && r->q.full_refresh[p->inputs[k].dataset])
            return true;
    return false;
}

/* A view that is kept by what is added to its input, and has to be computed anew: its query
 * changed. */
static bool is_outdated(const sm_flow *f)
{
    return f->plan->follows && !f->refresh && f->next > 0 &&
           !sm_sv_eq(f->last_fingerprint, f->plan->fingerprint);
}

/* May a failure be one of a view's input that lost rows, or is another table, or of what it
 * remembers? */
static bool lost_track(const sm_flow *f, sm_code rc)
{
    return f->plan->follows && !f->refresh &&
           (rc == SM_E_INVALID || rc == SM_E_CORRUPT || rc == SM_E_CONFLICT);
}

static sm_code run_batches(sm_run *r, size_t i, sm_error *err)
{
    sm_code rc = sm_flow__fix_horizon(&r->flows[i], false, err);

    return rc != SM_OK ? rc : all_batches(r, i, err);
}

/* From the beginning of the input, in a generation of its own. */
static sm_code compute_anew(sm_run *r, size_t i, sm_error *err)
{
    sm_code rc;

    sm_flow__close(&r->flows[i]);
    sm_mutex_lock(&r->mu);
    r->slots[i].lead = true;
    sm_mutex_unlock(&r->mu);
    if ((rc = flow_open(r, i, err)) == SM_OK)
        rc = run_batches(r, i, err);
    return rc;
}

/* A sibling of a lead starts its new generation when the lead has emptied the table, so it is
 * opened only now. */
static sm_code flow_run(sm_run *r, size_t i, sm_error *err)
{
    sm_flow *f = &r->flows[i];
    sm_code rc = SM_OK;

    if (f->arena == NULL && (rc = flow_open(r, i, err)) != SM_OK)
        return rc;
    if (reads_rebuilt(r, i) && !r->slots[i].refresh &&
        (rc = sm_flow__skip_rebuilt(f, r->q.full_refresh, err)) != SM_OK)
        return rc;
    rc = is_outdated(f) ? compute_anew(r, i, err) : run_batches(r, i, err);
    if (lost_track(f, rc)) {
        sm_log(SM_LOG_INFO, "exec", "flow=%.*s is computed anew: %s", SM_SV_ARG(f->plan->name),
               err->msg);
        rc = compute_anew(r, i, err);
    }
    if (rc == SM_E_RULE)
        sm_run__hold_back(r, i);
    if (rc != SM_OK || (rc = sm_flow__judge_run(f->out, err)) != SM_OK)
        return rc;
    return sm_run__check_table(r, i, err);
}

static void write_outcome(sm_run *r, size_t i)
{
    sm_flow_outcome *o = &r->outcomes[i];
    sm_arena *a = sm_arena_new("outcome");
    sm_run_flow_rec progress = sm_flow__progress(o, a);
    sm_event_rec *events = SM_NEW_N(a, sm_event_rec, o->n_rules + 2 * o->n_checks + 1);
    sm_run_change c = { .run = r->env.run, .flows = &progress, .n_flows = 1, .events = events };
    sm_json *d = sm_json_object(a);
    sm_error err;
    bool there;

    c.n_events = sm_run__check_events(o, r->env.run, a, events);
    c.n_events += sm_flow__threshold_events(o, r->env.run, a, events + c.n_events);
    if (o->state == SM_RUN_FLOW_FAILED) {
        sm_event_rec *e = &events[c.n_events++];

        *e = sm_event_make_flow(SM_EVENT_flow_failed, r->env.run, o->dataset, o->flow->name, -1,
                                sm_sv_cstr(o->error.msg));
        sm_json_set_string(d, "error", sm_sv_cstr(o->error.msg));
        sm_json_set_string(d, "code", sm_sv_cstr(sm_code_name(o->error.code)));
        sm_json_set_bool(d, "retryable", o->error.retryable);
        e->details = sm_json_text(d, a);
    }
    if (sm_store_run_change(r->q.store, &r->env.owner, &c, &err) != SM_OK && err.retryable) {
        /* The disk is full: what was kept for this moment is enough for a record. */
        if (sm_store_ballast_release(r->q.store, &there, &err) == SM_OK && there)
            sm_store_run_change(r->q.store, &r->env.owner, &c, &err);
    }
    sm_event_log_stored(r->env.log, c.last_event);
    sm_arena_free(a);
}

static void flow_ended(sm_run *r, size_t i, int64_t began)
{
    sm_flow_outcome *o = &r->outcomes[i];

    sm_flow__close(&r->flows[i]);
    o->ended_ms = sm_clock_now_ms();
    o->duration_ms += sm_clock_boot_ms() - began;
    if (o->state != SM_RUN_FLOW_IDLE)
        write_outcome(r, i);
    sm_run__tell(r, i);
}

void sm_run__execute_flow(sm_run *r, size_t i)
{
    sm_flow_outcome *o = &r->outcomes[i];
    int64_t began = sm_clock_boot_ms();
    sm_error err;

    o->started_ms = sm_clock_now_ms();
    if (o->state == SM_RUN_FLOW_WAITING) { /* not failed while it was opened */
        o->state = SM_RUN_FLOW_RUNNING;
        sm_run__tell(r, i);
        if (flow_run(r, i, &err) == SM_OK)
            flow_ended_well(o);
        else
            flow_failed(r, i, &err);
    }
    flow_ended(r, i, began);
}

/* ---- of a continuous run ---------------------------------------------------------- */

sm_code sm_run__reopen(sm_run *r, size_t i, sm_error *err)
{
    sm_code rc;

    sm_flow__close(&r->flows[i]);
    flow_reset(r, i, false);
    if ((rc = sm_flow__open(&r->flows[i], err)) == SM_OK)
        rc = roll_forward(&r->flows[i], err);
    return rc;
}

sm_code sm_run__round(sm_run *r, size_t i, sm_error *err)
{
    sm_flow *f = &r->flows[i];
    int64_t began = sm_clock_boot_ms();
    sm_code rc;

    sm_arena_reset(f->horizon);
    for (size_t k = 0; k < f->plan->n_inputs; k++) {
        f->inputs[k].fixed = false;
        f->inputs[k].until = NULL;
    }
    rc = run_batches(r, i, err);
    f->out->duration_ms += sm_clock_boot_ms() - began;
    return rc;
}

sm_code sm_run__look(sm_run *r, size_t i, sm_arena *a, sm_sv *out, sm_error *err)
{
    flow_reset(r, i, false);
    return sm_flow__sources_now(&r->flows[i], a, out, err);
}

void sm_run__record(sm_run *r, size_t i)
{
    sm_arena *a = sm_arena_new("progress");
    sm_run_flow_rec progress = sm_flow__progress(&r->outcomes[i], a);
    sm_run_change c = { .run = r->env.run, .flows = &progress, .n_flows = 1 };
    sm_error ignored; /* the next one says more */

    sm_store_run_change(r->q.store, &r->env.owner, &c, &ignored);
    sm_arena_free(a);
}

void sm_run__end_flow(sm_run *r, size_t i, sm_code rc, const sm_error *err)
{
    sm_error own = { 0 };

    if (rc == SM_OK && (rc = sm_flow__judge_run(&r->outcomes[i], &own)) == SM_OK)
        rc = sm_run__check_table(r, i, &own);
    else if (rc != SM_OK)
        own = *err;
    if (rc == SM_OK)
        flow_ended_well(&r->outcomes[i]);
    else
        flow_failed(r, i, &own);
    flow_ended(r, i, sm_clock_boot_ms());
}

sm_code sm_run__skip_rebuilt(sm_run *r, size_t i, sm_error *err)
{
    sm_code rc;

    flow_reset(r, i, false);
    if ((rc = sm_flow__open(&r->flows[i], err)) == SM_OK)
        rc = sm_flow__skip_rebuilt(&r->flows[i], r->q.full_refresh, err);
    sm_flow__close(&r->flows[i]);
    return rc;
}
