/* SPDX-License-Identifier: Apache-2.0 */
/* scheduler.c -- the life of a scheduler, its threads, and what one may ask of it. */
#include "runtime/schedule/scheduler.h"

#include <stdlib.h>

#include "runtime/base/clock.h"
#include "runtime/base/log.h"
#include "runtime/schedule/scheduler_int.h"
#include "runtime/store/store_schedule.h"

int64_t sm_scheduler__wall(const sm_scheduler *s)
{
    const sm_schedule_clock *c = &s->config.clock;

    return c->wall_ms == NULL ? sm_clock_now_ms() : c->wall_ms(c->ctx);
}

int64_t sm_scheduler__boot(const sm_scheduler *s)
{
    const sm_schedule_clock *c = &s->config.clock;

    return c->boot_ms == NULL ? sm_clock_boot_ms() : c->boot_ms(c->ctx);
}

sm_scheduler *sm_scheduler_new(const sm_scheduler_config *config)
{
    sm_scheduler *s = sm_xcalloc(1, sizeof *s);

    s->config = *config;
    sm_mutex_init(&s->mu);
    sm_cond_init(&s->turned);
    sm_cond_init(&s->ready);
    sm_cond_init(&s->ended);
    sm_cond_init(&s->stopped);
    return s;
}

void sm_scheduler_free(sm_scheduler *s)
{
    if (s == NULL)
        return;
    for (size_t i = 0; i < s->n_units; i++) {
        for (sm_job *j = s->units[i]->jobs, *next; j != NULL; j = next) {
            next = j->next;
            sm_scheduler__free_job(j);
        }
        sm_scheduler__free_unit(s->units[i]);
    }
    for (sm_job *j = s->done, *next; j != NULL; j = next) {
        next = j->next;
        sm_scheduler__free_job(j);
    }
    for (sm_known_zone *z = s->zones, *next; z != NULL; z = next) {
        next = z->next;
        sm_arena_free(z->a);
    }
    free(s->hooks);
    sm_cond_release(&s->turned);
    sm_cond_release(&s->ready);
    sm_cond_release(&s->ended);
    sm_cond_release(&s->stopped);
    sm_mutex_release(&s->mu);
    free(s->workers);
    free(s->units);
    free(s);
}

void sm_scheduler__wake(sm_scheduler *s)
{
    s->changed = true;
    sm_cond_broadcast(&s->turned);
}

/* ---- threads --------------------------------------------------------------------- */

static void turn_loop(void *arg)
{
    sm_scheduler *s = arg;

    for (;;) {
        int64_t wait = sm_scheduler__turn(s);
        bool end;

        sm_scheduler__tell_dropped(s);
        sm_mutex_lock(&s->mu);
        if (!s->draining && !s->changed && wait > 0)
            (void)sm_cond_wait_ms(&s->turned, &s->mu, wait);
        end = s->draining;
        sm_mutex_unlock(&s->mu);
        if (end)
            return;
    }
}

static void watch_loop(void *arg)
{
    sm_scheduler *s = arg;
    bool end = false;

    while (!end) {
        sm_scheduler__watch(s);
        sm_mutex_lock(&s->mu);
        if (!s->draining)
            (void)sm_cond_wait_ms(&s->stopped, &s->mu, SM_SCHEDULE_POLL_MS);
        end = s->draining;
        sm_mutex_unlock(&s->mu);
    }
}

/* The slot of a timetable is taken before its run begins, so that it has one at most.  False: there
 * is no run, for the reason in *r. */
static bool take_slot(const sm_scheduler *s, sm_job *j, sm_order_result *r)
{
    int64_t slot = j->slot;

    j->slot = 0;
    if (slot == 0 || j->store == NULL ||
        sm_store_schedule_slot(j->store, j->order.pipeline, slot, sm_scheduler__wall(s),
                               &r->error) == SM_OK) {
        j->taken = slot;
        return true;
    }
    if (r->error.code == SM_E_CONFLICT)
        r->error.retryable = false; /* it had its run, of another server perhaps */
    else
        j->slot = slot;
    return false;
}

/* A run that the end of the server stopped has not had its slot: the next start makes up for it. */
static void give_slot_back(sm_scheduler *s, const sm_job *j, const sm_order_result *r)
{
    sm_error err;
    bool ending;

    sm_mutex_lock(&s->mu);
    ending = s->draining;
    sm_mutex_unlock(&s->mu);
    if (!ending || j->taken == 0 || j->store == NULL || r->error.code != SM_E_CANCELLED)
        return;
    if (sm_store_schedule_give_back(j->store, j->order.pipeline, j->taken, &err) != SM_OK)
        sm_log(SM_LOG_WARN, "schedule", "pipeline=%.*s its slot is lost: %s",
               SM_SV_ARG(j->order.pipeline), err.msg);
}

static void finish(sm_scheduler *s, sm_job *j, const sm_order_result *r)
{
    sm_arena *a = sm_arena_new("order");
    sm_run_order o = { .pipeline = sm_arena_dup(a, j->order.pipeline),
                       .cause = sm_arena_dup(a, j->order.cause) };
    sm_left_out left;

    sm_scheduler__finish(s, j, r, &left);
    if (s->config.left_out != NULL && !r->held && left.merged + left.skipped > 0)
        s->config.left_out(s->config.ctx, &o, &left);
    sm_arena_free(a);
}

static void work(sm_scheduler *s, sm_job *j)
{
    sm_order_result r = { .state = SM_RUN_FAILED };
    int64_t begun = sm_scheduler__boot(s);
    sm_error err;

    if (take_slot(s, j, &r) &&
        s->config.execute(s->config.ctx, &j->order, j->cancel, &r, &err) != SM_OK) {
        r.error = err;
        r.state = SM_RUN_FAILED;
        r.duration_ms = sm_scheduler__boot(s) - begun;
    }
    if (s->config.ended != NULL && !r.held)
        s->config.ended(s->config.ended_ctx, &j->order, &r);
    give_slot_back(s, j, &r);
    finish(s, j, &r);
}

static void work_loop(void *arg)
{
    sm_scheduler *s = arg;

    for (;;) {
        sm_job *j = sm_scheduler__take(s);
        bool end;

        if (j != NULL) {
            work(s, j);
            continue;
        }
        sm_mutex_lock(&s->mu);
        if (!s->draining && !sm_scheduler__any_ready(s))
            sm_cond_wait(&s->ready, &s->mu);
        end = s->draining;
        sm_mutex_unlock(&s->mu);
        if (end)
            return;
    }
}

sm_code sm_scheduler_start(sm_scheduler *s, sm_error *err)
{
    sm_code rc;

    s->workers = sm_xcalloc((size_t)s->config.workers + 1, sizeof(sm_thread *));
    if ((rc = sm_thread_start("smelt-schedule", turn_loop, s, &s->turner, err)) != SM_OK ||
        (rc = sm_thread_start("smelt-watch", watch_loop, s, &s->watcher, err)) != SM_OK)
        return rc;
    for (int i = 0; rc == SM_OK && i < s->config.workers; i++)
        if ((rc = sm_thread_start("smelt-worker", work_loop, s, &s->workers[i], err)) == SM_OK)
            s->n_workers++;
    return rc;
}

void sm_scheduler_ask_to_end(sm_scheduler *s)
{
    sm_mutex_lock(&s->mu);
    for (size_t i = 0; i < s->n_units; i++)
        (void)sm_scheduler__stop_unit(s, s->units[i], false);
    s->draining = true;
    sm_scheduler__wake(s);
    sm_cond_broadcast(&s->stopped);
    sm_cond_broadcast(&s->ready);
    sm_cond_broadcast(&s->ended);
    sm_mutex_unlock(&s->mu);
}

void sm_scheduler_drain(sm_scheduler *s)
{
    sm_scheduler_ask_to_end(s);
    sm_thread_join(s->turner);
    sm_thread_join(s->watcher);
    for (size_t i = 0; i < s->n_workers; i++)
        sm_thread_join(s->workers[i]);
    s->turner = s->watcher = NULL;
    s->n_workers = 0;
    sm_scheduler__tell_dropped(s);
}

/* ---- orders ---------------------------------------------------------------------- */

static sm_code find_unit(const sm_scheduler *s, sm_sv pipeline, sm_unit **out, sm_error *err)
{
    *out = sm_scheduler__find(s, pipeline);
    return *out != NULL ? SM_OK
                        : sm_fail(err, SM_E_NOT_FOUND, 0, "pipeline \"%.*s\" is not deployed here",
                                  SM_SV_ARG(pipeline));
}

sm_code sm_scheduler_submit(sm_scheduler *s, const sm_run_order *o, int64_t *ticket, sm_error *err)
{
    sm_unit *u;
    sm_code rc;

    sm_mutex_lock(&s->mu);
    if ((rc = find_unit(s, o->pipeline, &u, err)) == SM_OK)
        rc = sm_scheduler__enqueue(s, u, o, false, ticket, err);
    sm_mutex_unlock(&s->mu);
    return rc;
}

static const sm_job *find_job(const sm_scheduler *s, int64_t ticket)
{
    for (size_t i = 0; i < s->n_units; i++)
        for (const sm_job *j = s->units[i]->jobs; j != NULL; j = j->next)
            if (j->ticket == ticket)
                return j;
    for (const sm_job *j = s->done; j != NULL; j = j->next)
        if (j->ticket == ticket)
            return j;
    return NULL;
}

sm_code sm_scheduler_wait(sm_scheduler *s, int64_t ticket, int64_t timeout_ms, sm_order_result *out,
                          sm_error *err)
{
    int64_t until = sm_clock_boot_ms() + timeout_ms, left;
    const sm_job *j;
    sm_code rc = SM_OK;

    sm_mutex_lock(&s->mu);
    while ((j = find_job(s, ticket)) != NULL && j->state != SM_JOB_DONE && !s->draining &&
           (left = until - sm_clock_boot_ms()) > 0)
        (void)sm_cond_wait_ms(&s->ended, &s->mu, left);
    if (j == NULL)
        rc = sm_fail(err, SM_E_NOT_FOUND, 0, "there is no order %lld, or it ended too long ago",
                     (long long)ticket);
    else if (j->state != SM_JOB_DONE)
        rc = sm_fail(err, SM_E_TIMEOUT, 0, "order %lld has not ended yet", (long long)ticket);
    else
        *out = j->result;
    sm_mutex_unlock(&s->mu);
    return rc;
}

sm_code sm_scheduler_stop(sm_scheduler *s, sm_sv pipeline, sm_sv by, bool *out, sm_error *err)
{
    sm_unit *u;
    sm_code rc;
    bool any = false;

    (void)by;
    sm_mutex_lock(&s->mu);
    if ((rc = find_unit(s, pipeline, &u, err)) == SM_OK) {
        any = sm_scheduler__stop_unit(s, u, false);
        sm_scheduler__snuff(u);
    }
    sm_scheduler__wake(s);
    sm_mutex_unlock(&s->mu);
    if (out != NULL)
        *out = any;
    return rc;
}
