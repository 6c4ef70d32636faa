/* SPDX-License-Identifier: Apache-2.0 */
/* run_continuous.c -- a run that goes on: its flows stay open and take what comes.
 *
 * The run has caught up as any other does; then there are no more phases and no order of flows.
 * Each flow that may have news has a turn, and workers take the oldest turn:
 *
 *     a source tells of news (runtime/base/watch.h), or it is time    a turn for its readers
 *       to ask one that tells nothing
 *     a flow finished a batch                                         a turn for the readers of
 *                                                                     its table
 *     a turn with nothing new                                         nothing more
 *
 * So a batch goes from hop to hop without waiting for the others, and a run without news sleeps.
 * A materialized view has no turn more often than the request says.
 *
 * A flow whose source never had data has no columns, and no part; when there is data, the run
 * ends to be compiled and started again.
 *
 * A flow that fails for a reason that may pass is opened again after a pause; any other failure
 * ends the run, for whoever started it knows whether to start the next.  What a flow holds in
 * memory grows a little with each batch (offsets, names): when it is ROOM more than it was at the
 * beginning, the flow is opened again, which reads all of it from the store. */
#include "runtime/exec/run_int.h"

#include <stdlib.h>

#include "runtime/base/clock.h"
#include "runtime/base/log.h"
#include "runtime/base/watch.h"

enum { ROOM = 4 * 1024 * 1024 };

static bool takes_part(const sm_run *r, size_t i)
{
    return r->slots[i].selected;
}

/* With mu held. */
static void give_turn(sm_run *r, size_t i)
{
    sm_run_slot *s = &r->slots[i];

    if (!takes_part(r, i))
        return;
    s->asked_ms = sm_clock_boot_ms();
    if (s->turn == 0)
        s->turn = ++r->turns;
    if (s->after_ms > s->asked_ms)
        sm_watch_wake(r->watch); /* who waits there wakes the workers then */
}

/* ---- a worker --------------------------------------------------------------------- */

/* A view had its turn now: when it may have the next; 0: at once. */
static int64_t rests_until(const sm_run *r, size_t i)
{
    const sm_plan_dataset *d = &r->q.plan->datasets[r->q.plan->flows[i].target];

    if (d->kind != SM_DATASET_MATERIALIZED_VIEW)
        return 0;
    return sm_clock_boot_ms() + (r->q.view_ms > 0 ? r->q.view_ms : SM_RUN_VIEW_MS);
}

/* The flow whose turn is the oldest; n_flows: none has one now.  With mu held. */
static size_t take_turn(sm_run *r)
{
    size_t n = r->q.plan->n_flows, best = n;
    int64_t now = sm_clock_boot_ms();

    for (size_t i = 0; i < n; i++) {
        const sm_run_slot *s = &r->slots[i];

        if (s->turn > 0 && !s->busy && s->after_ms <= now &&
            (best == n || s->turn < r->slots[best].turn))
            best = i;
    }
    return best;
}

static sm_code watch_sources(sm_run *r, size_t i, sm_error *err)
{
    sm_flow *f = &r->flows[i];
    bool told = true, one, asked = false;
    sm_code rc = SM_OK;

    for (size_t k = 0; rc == SM_OK && k < f->plan->n_inputs; k++) {
        if (f->inputs[k].dataset->kind != SM_DATASET_SOURCE)
            continue;
        asked = true;
        rc = sm_source_watch(&f->inputs[k].source, r->watch, i, &one, err);
        told &= one;
    }
    for (size_t k = 0; k < f->plan->n_stages; k++) {
        bool idles = f->plan->stages[k].idle_us > 0; /* the clock alone may move its watermark */

        asked |= idles;
        told &= !idles;
    }
    sm_mutex_lock(&r->mu);
    r->slots[i].asked = asked;
    r->slots[i].told = told;
    sm_mutex_unlock(&r->mu);
    return rc;
}

static sm_code open_flow(sm_run *r, size_t i, sm_error *err)
{
    sm_code rc = sm_run__reopen(r, i, err);

    if (rc == SM_OK)
        rc = watch_sources(r, i, err);
    if (rc == SM_OK)
        r->slots[i].room = sm_arena_bytes(r->flows[i].arena) + ROOM;
    return rc;
}

/* *made: the table has more than before.  `folders`: it is to watch what is there now. */
static sm_code one_turn(sm_run *r, size_t i, bool folders, bool *made, sm_error *err)
{
    const sm_run_slot *s = &r->slots[i];
    int64_t batches = r->outcomes[i].batches;
    sm_code rc = SM_OK;

    if (s->failures > 0 || sm_arena_bytes(r->flows[i].arena) > s->room)
        rc = open_flow(r, i, err);
    else if (folders)
        rc = watch_sources(r, i, err);
    if (rc == SM_OK)
        rc = sm_run__round(r, i, err);
    *made = r->outcomes[i].batches > batches;
    return rc;
}

int64_t sm_run_pause_ms(const sm_run_request *q, int failures)
{
    int64_t ms = q->backoff_ms;

    for (int k = 1; k < failures && ms < q->backoff_max_ms; k++)
        ms *= 2;
    return ms < q->backoff_max_ms ? ms : q->backoff_max_ms;
}

/* Is the flow to be tried again?  Else the run ends with it.  With mu held. */
static bool try_again(sm_run *r, size_t i, const sm_error *err)
{
    sm_run_slot *s = &r->slots[i];

    if (!err->retryable || ++s->failures >= r->q.max_attempts)
        return false;
    s->after_ms = sm_clock_boot_ms() + sm_run_pause_ms(&r->q, s->failures);
    sm_log(SM_LOG_WARN, "exec", "flow=%.*s failed, is tried again: %s",
           SM_SV_ARG(r->q.plan->flows[i].name), err->msg);
    give_turn(r, i);
    return true;
}

/* What comes of a turn.  With mu held. */
static void turn_ended(sm_run *r, size_t i, bool made, sm_code rc, const sm_error *err)
{
    sm_run_slot *s = &r->slots[i];

    s->busy = false;
    if (rc == SM_OK) {
        s->failures = 0;
        s->after_ms = rests_until(r, i);
        if (s->turn > 0 && s->after_ms > 0) /* given while it was busy: nobody waits for its time */
            sm_watch_wake(r->watch);
    } else if (!try_again(r, i, err)) {
        s->selected = false; /* it has ended */
        r->stopping = true;
        sm_watch_wake(r->watch);
    }
    for (size_t j = 0; made && j < r->q.plan->n_flows; j++)
        if (j != i && sm_run__reads(r, j, i))
            give_turn(r, j);
    sm_cond_broadcast(&r->changed);
}

static void work(void *arg)
{
    sm_run *r = arg;

    sm_mutex_lock(&r->mu);
    while (!r->stopping) {
        size_t i = take_turn(r);
        bool made = false, folders;
        sm_error err;
        sm_code rc;

        if (i == r->q.plan->n_flows) {
            sm_cond_wait(&r->changed, &r->mu);
            continue;
        }
        folders = r->slots[i].folders;
        r->slots[i].turn = 0;
        r->slots[i].folders = false;
        r->slots[i].busy = true;
        sm_mutex_unlock(&r->mu);
        rc = one_turn(r, i, folders, &made, &err);
        sm_mutex_lock(&r->mu);
        turn_ended(r, i, made, rc, &err);
        if (!r->slots[i].selected) {
            sm_mutex_unlock(&r->mu);
            sm_run__end_flow(r, i, rc, &err);
            sm_mutex_lock(&r->mu);
        }
    }
    sm_mutex_unlock(&r->mu);
}

/* ---- news --------------------------------------------------------------------------- */

/* When the sources of the flow have to be asked, whatever they tell. */
static int64_t ask_at(const sm_run_slot *s)
{
    if (s->unbound)
        return s->asked_ms + SM_SOURCE_LOOK_MS;
    if (!s->selected || !s->asked)
        return INT64_MAX;
    return s->asked_ms + (s->told ? SM_SOURCE_LOOK_AGAIN_MS : SM_SOURCE_LOOK_MS);
}

/* Until the next source has to be asked, or a pause is over; -1: never.  With mu held. */
static int64_t time_left(const sm_run *r)
{
    int64_t now = sm_clock_boot_ms(), next = INT64_MAX;

    for (size_t i = 0; i < r->q.plan->n_flows; i++) {
        const sm_run_slot *s = &r->slots[i];

        if (ask_at(s) < next)
            next = ask_at(s);
        if (takes_part(r, i) && s->turn > 0 && s->after_ms > now && s->after_ms < next)
            next = s->after_ms;
    }
    if (next == INT64_MAX)
        return -1;
    return next > now ? next - now : 0;
}

/* With mu held. */
static void spread(sm_run *r, const sm_watch_news *news)
{
    int64_t now = sm_clock_boot_ms();

    for (size_t i = 0; i < r->q.plan->n_flows; i++) {
        r->slots[i].folders |= news[i].folders;
        if (news[i].changed || ask_at(&r->slots[i]) <= now)
            give_turn(r, i);
    }
    sm_cond_broadcast(&r->changed);
}

/* A flow without columns has them as soon as its source has data; that takes another plan, and so
 * another run.  Without mu. */
static void ask_unbound(sm_run *r)
{
    sm_arena *a = sm_arena_new("look");

    for (size_t i = 0; i < r->q.plan->n_flows; i++) {
        sm_run_slot *s = &r->slots[i];
        sm_error ignored; /* it stays as it was */
        sm_sv now;

        if (!s->unbound || ask_at(s) > sm_clock_boot_ms())
            continue;
        s->asked_ms = sm_clock_boot_ms();
        if (sm_run__look(r, i, a, &now, &ignored) != SM_OK || sm_sv_eq(now, s->had))
            continue;
        sm_mutex_lock(&r->mu);
        r->stopping = r->again = true;
        sm_cond_broadcast(&r->changed);
        sm_mutex_unlock(&r->mu);
    }
    sm_arena_free(a);
}

static void listen(void *arg)
{
    sm_run *r = arg;
    size_t n = r->q.plan->n_flows;
    sm_watch_news *news = sm_xcalloc(n + 1, sizeof *news);

    sm_mutex_lock(&r->mu);
    while (!r->stopping) {
        int64_t ms = time_left(r);

        sm_mutex_unlock(&r->mu);
        for (size_t i = 0; i < n; i++)
            news[i] = (sm_watch_news){ 0 };
        sm_watch_wait(r->watch, ms, news, n);
        ask_unbound(r);
        sm_mutex_lock(&r->mu);
        spread(r, news);
    }
    sm_mutex_unlock(&r->mu);
    free(news);
}

/* ---- the run ------------------------------------------------------------------------ */

static bool caught_up(const sm_run *r)
{
    for (size_t i = 0; i < r->q.plan->n_flows; i++) {
        sm_run_flow_state state = r->outcomes[i].state;

        if (state == SM_RUN_FLOW_FAILED || state == SM_RUN_FLOW_SKIPPED ||
            state == SM_RUN_FLOW_STOPPED)
            return false;
    }
    return !r->env.stopping(r->env.ctx);
}

/* Of flows that do not take part, those that wait for columns are asked for. */
static void leave_out(sm_run *r, size_t i)
{
    sm_run_slot *s = &r->slots[i];
    sm_error ignored;

    if (r->outcomes[i].state != SM_RUN_FLOW_IDLE || r->q.plan->flows[i].bound)
        return;
    s->unbound = sm_run__look(r, i, r->arena, &s->had, &ignored) == SM_OK;
    s->asked_ms = sm_clock_boot_ms();
}

/* Every flow has a first turn: something may have come since it caught up. */
static void start_flows(sm_run *r)
{
    sm_error err;

    for (size_t i = 0; i < r->q.plan->n_flows; i++) {
        sm_code rc;

        r->slots[i].selected &= !r->q.plan->flows[i].once; /* it has had its turn */
        if (!takes_part(r, i)) {
            leave_out(r, i);
            continue;
        }
        r->slots[i].after_ms = rests_until(r, i);
        r->outcomes[i].state = SM_RUN_FLOW_RUNNING;
        rc = open_flow(r, i, &err);
        sm_run__record(r, i);
        sm_run__tell(r, i);
        sm_mutex_lock(&r->mu);
        r->left[r->q.plan->flows[i].target]++;
        give_turn(r, i);
        if (rc != SM_OK)
            turn_ended(r, i, false, rc, &err);
        sm_mutex_unlock(&r->mu);
        if (!takes_part(r, i))
            sm_run__end_flow(r, i, rc, &err);
    }
}

/* What is left to do at the end (checks of whole tables) is done although the run was asked to
 * stop; who asks again does not have to wait for it. */
static void end_flows(sm_run *r)
{
    sm_mutex_lock(&r->mu);
    r->stopping = false;
    sm_mutex_unlock(&r->mu);
    for (size_t i = 0; i < r->q.plan->n_flows; i++)
        if (takes_part(r, i))
            sm_run__end_flow(r, i, SM_OK, NULL);
}

sm_code sm_run__continue(sm_run *r, sm_error *err)
{
    sm_thread *threads[SM_RUN_MAX_WORKERS + 1] = { NULL };
    int want = r->q.workers > SM_RUN_MAX_WORKERS ? SM_RUN_MAX_WORKERS : r->q.workers, n = 0;
    sm_watch *watch;
    sm_code rc;

    if (!caught_up(r))
        return SM_OK;
    r->continued = true;
    if (sm_watch_new(&watch, err) != SM_OK)
        return err->code;
    sm_mutex_lock(&r->mu);
    r->watch = watch;
    sm_mutex_unlock(&r->mu);
    start_flows(r);
    while (n < want - 1 && (size_t)n + 1 < r->q.plan->n_flows &&
           sm_thread_start("smelt-flow", work, r, &threads[n], err) == SM_OK)
        n++;
    rc = sm_thread_start("smelt-watch", listen, r, &threads[n], err);
    if (rc == SM_OK)
        n++;
    else
        sm_run_cancel(r);
    work(r);
    for (int i = 0; i < n; i++)
        sm_thread_join(threads[i]);
    end_flows(r);
    sm_mutex_lock(&r->mu);
    r->watch = NULL;
    sm_mutex_unlock(&r->mu);
    sm_watch_free(watch);
    return rc;
}
