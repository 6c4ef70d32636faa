/* SPDX-License-Identifier: Apache-2.0 */
/* scheduler_queue.c -- an order from its arrival to its end.
 *
 *     queued ──▶ ready ──▶ running ──▶ done
 *       ▲                     │
 *       └──── retrying ◀──────┘   (what outside systems caused, and never what is wrong itself)
 */
#include "runtime/schedule/scheduler_int.h"

#include <assert.h>
#include <stdlib.h>

#include "runtime/base/hash.h"

/* ---- jobs ------------------------------------------------------------------------ */

static sm_run_order copy_order(const sm_run_order *o, sm_arena *a)
{
    sm_run_order out = *o;

    out.pipeline = sm_arena_dup(a, o->pipeline);
    out.cause = sm_arena_dup(a, o->cause);
    out.by = sm_arena_dup(a, o->by);
    out.select = sm_arena_dup(a, o->select);
    out.exclude = sm_arena_dup(a, o->exclude);
    out.full_refresh = sm_arena_dup(a, o->full_refresh);
    return out;
}

static sm_job *new_job(sm_scheduler *s, sm_unit *u, const sm_run_order *o, bool triggered)
{
    sm_arena *a = sm_arena_new("order");
    sm_job *j = SM_NEW(a, sm_job);

    j->a = a;
    j->unit = u;
    j->ticket = ++s->last_ticket;
    j->order = copy_order(o, a);
    j->triggered = triggered;
    j->store = u->schedule.store;
    j->cancel = sm_cancel_new();
    return j;
}

void sm_scheduler__free_job(sm_job *j)
{
    sm_cancel_free(j->cancel);
    sm_arena_free(j->a);
}

static void append_job(sm_unit *u, sm_job *j)
{
    sm_job **end = &u->jobs;

    while (*end != NULL)
        end = &(*end)->next;
    *end = j;
}

static size_t count_waiting(const sm_unit *u)
{
    size_t n = 0;

    for (const sm_job *j = u->jobs; j != NULL; j = j->next)
        n += j != u->active;
    return n;
}

/* Who waits for an order that failed, or that no run came of, must not take it for done. */
static void set_exit_code(const sm_scheduler *s, sm_order_result *r)
{
    if (r->error.code != SM_OK && r->exit_code == 0)
        r->exit_code = s->config.exit_code == NULL ? 1 : s->config.exit_code(r->error.code);
}

/* Off the queue, into the finished ones; whoever waits for it is woken. */
static void end_job(sm_scheduler *s, sm_job *j)
{
    sm_unit *u = j->unit;
    sm_job **at = &u->jobs;

    while (*at != j)
        at = &(*at)->next;
    *at = j->next;
    set_exit_code(s, &j->result);
    j->state = SM_JOB_DONE;
    j->unit = NULL;
    j->next = s->done;
    s->done = j;
    if (++s->n_done > SM_SCHEDULE_TICKETS) {
        for (at = &s->done; (*at)->next != NULL; at = &(*at)->next)
            continue;
        sm_scheduler__free_job(*at);
        *at = NULL;
        s->n_done--;
    }
    sm_cond_broadcast(&s->ended);
}

static void drop_job(sm_scheduler *s, sm_job *j)
{
    if (j->result.error.code == SM_OK) /* else it is to be tried again: its failure stands */
        (void)sm_fail(&j->result.error, SM_E_CANCELLED, 0, "stopped before it began");
    j->result.state = j->result.run > 0 ? j->result.state : SM_RUN_CANCELED;
    j->untold = true;
    end_job(s, j);
}

/* One at a time, since it is told without the mutex, under which a finished order may be forgotten.
 */
static bool tell_one(sm_scheduler *s, sm_arena *a)
{
    sm_order_result r;
    sm_run_order o;
    sm_job *j;

    sm_mutex_lock(&s->mu);
    for (j = s->done; j != NULL && !j->untold; j = j->next)
        continue;
    if (j != NULL) {
        o = copy_order(&j->order, a);
        r = j->result;
        j->untold = false;
    }
    sm_mutex_unlock(&s->mu);
    if (j != NULL)
        s->config.ended(s->config.ended_ctx, &o, &r);
    return j != NULL;
}

void sm_scheduler__tell_dropped(sm_scheduler *s)
{
    sm_arena *a = sm_arena_new("dropped");

    while (s->config.ended != NULL && tell_one(s, a))
        sm_arena_reset(a);
    sm_arena_free(a);
}

bool sm_scheduler__stop_unit(sm_scheduler *s, sm_unit *u, bool only_triggered)
{
    bool any = false;

    for (sm_job *j = u->jobs, *next; j != NULL; j = next) {
        next = j->next;
        if (only_triggered && !j->triggered && j != u->active)
            continue;
        any = true;
        j->dropped = true;
        if (j->state == SM_JOB_RUNNING)
            sm_cancel_ask(j->cancel);
        else {
            if (j == u->active)
                u->active = NULL;
            drop_job(s, j);
        }
    }
    return any;
}

void sm_scheduler__drop_waiting(sm_scheduler *s, sm_unit *u)
{
    for (sm_job *j = u->jobs, *next; j != NULL; j = next) {
        next = j->next;
        if (j->state == SM_JOB_RUNNING)
            continue;
        if (j == u->active)
            u->active = NULL;
        drop_job(s, j);
    }
}

/* ---- in -------------------------------------------------------------------------- */

static bool is_same(const sm_run_order *x, const sm_run_order *y)
{
    return sm_sv_eq(x->select, y->select) && sm_sv_eq(x->exclude, y->exclude) &&
           x->full_refresh.len == 0 && y->full_refresh.len == 0;
}

/* At work, but for a run that goes on, which steps aside. */
static bool is_busy(const sm_unit *u)
{
    for (const sm_job *j = u->jobs; j != NULL; j = j->next)
        if (!j->order.continuous)
            return true;
    return false;
}

/* A trigger's run that waits does what the next one would do. */
sm_job *sm_scheduler__waiting(const sm_unit *u, const sm_run_order *o)
{
    for (sm_job *j = u->jobs; j != NULL; j = j->next)
        if (j->triggered && j->state != SM_JOB_RUNNING && is_same(&j->order, o))
            return j;
    return NULL;
}

/* A run that goes on would never let another one begin: it goes on behind it.  One that has not
 * begun is dropped, and fires again. */
static void step_aside(sm_scheduler *s, sm_unit *u)
{
    for (sm_job *j = u->jobs, *next; j != NULL; j = next) {
        next = j->next;
        if (!j->order.continuous || !j->triggered)
            continue;
        if (j->state == SM_JOB_RUNNING) {
            j->dropped = true;
            sm_cancel_ask(j->cancel);
        } else if (j->state != SM_JOB_RETRYING) { /* that one lets others pass */
            if (j == u->active)
                u->active = NULL;
            drop_job(s, j);
        }
    }
}

sm_code sm_scheduler__enqueue(sm_scheduler *s, sm_unit *u, const sm_run_order *o, bool triggered,
                              int64_t *ticket, sm_error *err)
{
    sm_job *j;

    *ticket = 0;
    if (s->draining)
        return sm_fail(err, SM_E_CANCELLED, 0, "the server is stopping");
    if (triggered && (j = sm_scheduler__waiting(u, o)) != NULL) {
        j->merged++;
        return SM_OK;
    }
    if (u->schedule.concurrency == SM_CONCURRENCY_SKIP && is_busy(u)) {
        u->skipped += triggered;
        return sm_fail(err, SM_E_CONFLICT, 0,
                       "pipeline \"%.*s\" is at work, and its `concurrency` is skip",
                       SM_SV_ARG(u->schedule.pipeline));
    }
    if (count_waiting(u) >= SM_SCHEDULE_QUEUE_MAX)
        return sm_fail(err, SM_E_LIMIT, 0, "%d runs of pipeline \"%.*s\" wait already",
                       (int)SM_SCHEDULE_QUEUE_MAX, SM_SV_ARG(u->schedule.pipeline));
    if (u->schedule.concurrency == SM_CONCURRENCY_CANCEL)
        (void)sm_scheduler__stop_unit(s, u, true);
    if (!o->continuous)
        step_aside(s, u);
    if (!triggered)
        sm_scheduler__relight(u);
    j = new_job(s, u, o, triggered);
    append_job(u, j);
    *ticket = j->ticket;
    sm_scheduler__wake(s);
    return SM_OK;
}

/* ---- out ------------------------------------------------------------------------- */

/* Is another process at it?  Then ask again in a second. */
static bool is_held(sm_scheduler *s, sm_unit *u, int64_t now)
{
    if (now < u->held_until)
        return true;
    if (s->config.held == NULL || !s->config.held(s->config.ctx, u->schedule.pipeline))
        return false;
    u->held_until = now + SM_SCHEDULE_HELD_MS;
    return true;
}

/* The first that may run now; *wait: how long until there may be another one. */
static sm_job *next_job(sm_scheduler *s, sm_unit *u, int64_t now, int64_t *wait)
{
    for (sm_job *j = u->jobs; j != NULL; j = j->next) {
        if (j->state == SM_JOB_RETRYING && j->not_before > now) {
            if (j->not_before - now < *wait)
                *wait = j->not_before - now;
            continue;
        }
        if (!is_held(s, u, now))
            return j;
        if (u->held_until - now < *wait)
            *wait = u->held_until - now;
        return NULL;
    }
    return NULL;
}

/* Without a word of its own a run of another process stands in the way of a trigger that skips. */
static bool skips(const sm_unit *u, const sm_job *j, int64_t now)
{
    return j != NULL && j->triggered && !j->patient &&
           u->schedule.concurrency == SM_CONCURRENCY_SKIP && now < u->held_until;
}

static int64_t turn_unit(sm_scheduler *s, sm_unit *u, int64_t now)
{
    int64_t wait = SM_SCHEDULE_TURN_MS, due;
    sm_job *j;

    if (!u->gone && !s->draining && !sm_scheduler__paused(u))
        sm_scheduler__fire_due(s, u);
    if (u->active == NULL && !s->draining && (j = next_job(s, u, now, &wait)) != NULL) {
        j->state = SM_JOB_READY;
        u->active = j;
        sm_cond_signal(&s->ready);
    } else if (u->active == NULL && skips(u, u->jobs, now)) {
        u->skipped++;
        drop_job(s, u->jobs);
    }
    due = sm_scheduler__paused(u) ? -1 : sm_scheduler__next_due(s, u, NULL);
    if (due >= 0 && due <= now) /* it was fired, and could do nothing: no reason to hurry */
        due = now + SM_SCHEDULE_AGAIN_MS;
    return due >= 0 && due - now < wait ? due - now : wait;
}

static void bury_units(sm_scheduler *s)
{
    size_t kept = 0;

    for (size_t i = 0; i < s->n_units; i++) {
        if (s->units[i]->gone && s->units[i]->jobs == NULL)
            sm_scheduler__free_unit(s->units[i]);
        else
            s->units[kept++] = s->units[i];
    }
    s->n_units = kept;
}

int64_t sm_scheduler__turn(sm_scheduler *s)
{
    int64_t wait = SM_SCHEDULE_TURN_MS, now = sm_scheduler__boot(s);

    sm_mutex_lock(&s->mu);
    s->changed = false;
    for (size_t i = 0; i < s->n_units; i++) {
        int64_t w = turn_unit(s, s->units[i], now);

        wait = w < wait ? w : wait;
    }
    bury_units(s);
    sm_mutex_unlock(&s->mu);
    return wait;
}

bool sm_scheduler__any_ready(const sm_scheduler *s)
{
    for (size_t i = 0; i < s->n_units; i++)
        if (s->units[i]->active != NULL && s->units[i]->active->state == SM_JOB_READY)
            return true;
    return false;
}

sm_job *sm_scheduler__take(sm_scheduler *s)
{
    sm_job *j = NULL;

    sm_mutex_lock(&s->mu);
    for (size_t i = 0; i < s->n_units; i++) {
        sm_job *a = s->units[i]->active;

        if (a != NULL && a->state == SM_JOB_READY && (j == NULL || a->ticket < j->ticket))
            j = a;
    }
    if (j != NULL) {
        j->state = SM_JOB_RUNNING;
        j->attempt++;
        j->unit->started_boot = sm_scheduler__boot(s);
    }
    sm_mutex_unlock(&s->mu);
    return j;
}

/* What outside systems caused may go away; what is wrong in the files or the data does not. */
static bool may_heal(const sm_error *e)
{
    switch (e->code) {
    case SM_E_REMOTE:
    case SM_E_IO:
    case SM_E_AGAIN:
    case SM_E_TIMEOUT:
    case SM_E_NOT_FOUND: /* a folder that is not mounted, a table that is not written yet */
        return true;
    case SM_E_CONFLICT:
        return e->retryable;
    case SM_OK:
    case SM_E_INVALID:
    case SM_E_RULE:
    case SM_E_LIMIT:
    case SM_E_DENIED:
    case SM_E_SQL:
    case SM_E_CORRUPT:
    case SM_E_CANCELLED:
        return false;
    }
    return false;
}

/* Twice as long each time, up to the most, and a fifth less or more, so that what failed together
 * does not come back together. */
static int64_t backoff(const sm_schedule *c, int attempt)
{
    int64_t ms = c->backoff_ms;

    for (int i = 1; i < attempt && ms < c->backoff_max_ms && ms > 0; i++)
        ms *= 2;
    if (ms > c->backoff_max_ms)
        ms = c->backoff_max_ms;
    return ms - ms / 5 + (int64_t)(sm_random_u64() % (uint64_t)(ms / 5 * 2 + 1));
}

static void retry_job(sm_scheduler *s, sm_job *j)
{
    j->state = SM_JOB_RETRYING;
    j->not_before = sm_scheduler__boot(s) + backoff(&j->unit->schedule, j->attempt);
    j->order.cause = SM_SV("retry");
    if (j->result.run > 0)
        j->order.retry_of = j->result.run;
}

/* Is it tried again?  A run that goes on is, for ever; one that went on for long begins to count
 * anew. */
static bool goes_on(const sm_scheduler *s, const sm_unit *u, sm_job *j, int64_t lasted_ms)
{
    if (!may_heal(&j->result.error) || j->dropped || u->gone || s->draining)
        return false;
    if (j->order.continuous && lasted_ms > 2 * u->schedule.backoff_max_ms)
        j->attempt = 1;
    return j->order.continuous || j->attempt < u->schedule.max_attempts;
}

static sm_left_out take_left_out(sm_unit *u, sm_job *j)
{
    sm_left_out left = { j->merged, u->skipped };

    j->merged = u->skipped = 0;
    return left;
}

void sm_scheduler__finish(sm_scheduler *s, sm_job *j, const sm_order_result *r, sm_left_out *left)
{
    sm_unit *u = j->unit;
    int64_t now = sm_scheduler__boot(s);

    sm_mutex_lock(&s->mu);
    if (left != NULL)
        *left = take_left_out(u, j);
    assert(u->active == j && j->state == SM_JOB_RUNNING);
    u->active = NULL;
    if (r->held && !j->dropped && !s->draining) {
        j->state = SM_JOB_QUEUED;
        j->attempt--;
        u->held_until = now + SM_SCHEDULE_HELD_MS;
    } else {
        j->result = *r;
        if (r->run > 0)
            u->last_run = r->run;
        if (r->error.code != SM_OK && !j->dropped && j->order.continuous && !may_heal(&r->error))
            sm_scheduler__snuff(u);
        if (goes_on(s, u, j, now - u->started_boot))
            retry_job(s, j);
        else
            end_job(s, j);
    }
    sm_scheduler__wake(s);
    sm_mutex_unlock(&s->mu);
}
