/* SPDX-License-Identifier: Apache-2.0 */
/* scheduler_deploy.c -- which pipelines there are, whether they are paused, and how they do. */
#include <stdio.h>
#include <stdlib.h>

#include "runtime/base/log.h"
#include "runtime/schedule/scheduler_int.h"
#include "runtime/store/store_schedule.h"

/* ---- units ----------------------------------------------------------------------- */

sm_unit *sm_scheduler__find(const sm_scheduler *s, sm_sv pipeline)
{
    for (size_t i = 0; i < s->n_units; i++)
        if (!s->units[i]->gone && sm_sv_eq(s->units[i]->schedule.pipeline, pipeline))
            return s->units[i];
    return NULL;
}

void sm_scheduler__free_unit(sm_unit *u)
{
    sm_arena_free(u->a);
    free(u);
}

static sm_trigger copy_trigger(const sm_trigger *t, sm_arena *a)
{
    sm_trigger out = *t;

    out.timezone = sm_arena_dup(a, t->timezone);
    out.watch = sm_arena_dup(a, t->watch);
    out.select = sm_arena_dup(a, t->select);
    out.exclude = sm_arena_dup(a, t->exclude);
    return out;
}

static bool same_cron(const sm_cron *x, const sm_cron *y)
{
    return x->minutes == y->minutes && x->hours == y->hours && x->days == y->days &&
           x->months == y->months && x->weekdays == y->weekdays && x->any_day == y->any_day &&
           x->any_weekday == y->any_weekday;
}

static bool same_trigger(const sm_trigger *x, const sm_trigger *y)
{
    return x->kind == y->kind && x->interval_ms == y->interval_ms &&
           same_cron(&x->cron, &y->cron) && sm_sv_eq(x->timezone, y->timezone) &&
           sm_sv_eq(x->watch, y->watch) && sm_sv_eq(x->select, y->select);
}

/* The fuse of a trigger that was there before goes on burning, but of another definition runs are
 * due at once where no clock says when.  A timetable that is new here begins now, or at the last
 * slot that had its run while another server was there. */
static sm_fuse fuse_of(const sm_scheduler *s, const sm_unit *u, const sm_trigger *t, bool same,
                       int64_t slot)
{
    bool once = t->kind == SM_TRIGGER_AVAILABLE_NOW || t->kind == SM_TRIGGER_CONTINUOUS;
    int64_t now = sm_scheduler__wall(s);

    for (size_t i = 0; i < u->schedule.n_triggers; i++)
        if (same_trigger(&u->schedule.triggers[i], t) && (same || !once))
            return u->fuses[i];
    return (sm_fuse){ .slot = slot > 0 && slot < now && u->a == NULL ? slot : now };
}

/* A run that goes on would go on with the definition before. */
static void end_continuous(sm_unit *u)
{
    for (sm_job *j = u->jobs; j != NULL; j = j->next)
        if (j->order.continuous && j->state == SM_JOB_RUNNING) {
            j->dropped = true;
            sm_cancel_ask(j->cancel);
        }
}

static void set_schedule(sm_scheduler *s, sm_unit *u, const sm_schedule *c, int64_t slot)
{
    sm_arena *a = sm_arena_new("schedule");
    sm_trigger *triggers = SM_NEW_N(a, sm_trigger, c->n_triggers + 1);
    sm_fuse *fuses = SM_NEW_N(a, sm_fuse, c->n_triggers + 1);
    bool same = u->a != NULL && sm_sv_eq(u->schedule.version, c->version);
    sm_schedule copy = *c;

    for (size_t i = 0; i < c->n_triggers; i++) {
        triggers[i] = copy_trigger(&c->triggers[i], a);
        fuses[i] = fuse_of(s, u, &triggers[i], same, slot);
    }
    if (u->a != NULL && !same)
        end_continuous(u);
    copy.pipeline = sm_arena_dup(a, c->pipeline);
    copy.version = sm_arena_dup(a, c->version);
    copy.triggers = triggers;
    u->fuses = fuses;
    u->schedule = copy;
    sm_arena_free(u->a);
    u->a = a;
}

/* What a person and earlier servers have left. */
static void read_kept(sm_unit *u, const sm_schedule *c, int64_t now_ms, int64_t *slot)
{
    sm_arena *a = sm_arena_new("kept");
    sm_schedule_rec rec;
    sm_error ignored; /* the next look may tell */

    if (c->store != NULL && sm_store_schedule(c->store, c->pipeline, a, &rec, &ignored) == SM_OK) {
        u->kept_pause = rec.paused;
        *slot = rec.slot_ms;
        if (!sm_slot_is_believed(rec.slot_ms, now_ms))
            sm_log(SM_LOG_WARN, "schedule",
                   "pipeline=%.*s its last slot is in the future, as of a clock that was ahead: "
                   "not believed",
                   SM_SV_ARG(c->pipeline));
        snprintf(u->paused_by, sizeof u->paused_by, "%.*s", SM_SV_ARG(rec.paused_by));
    }
    sm_arena_free(a);
}

static sm_unit *new_unit(sm_scheduler *s, const sm_schedule *c, int64_t *slot)
{
    sm_unit *u = sm_xcalloc(1, sizeof *u);

    read_kept(u, c, sm_scheduler__wall(s), slot);
    if (s->n_units == s->cap_units) {
        s->cap_units = s->cap_units == 0 ? 8 : 2 * s->cap_units;
        s->units = sm_xrealloc(s->units, s->cap_units * sizeof(sm_unit *));
    }
    s->units[s->n_units++] = u;
    return u;
}

/* One that is gone and still finishes something comes back. */
static sm_unit *unit_for(sm_scheduler *s, const sm_schedule *c, int64_t *slot)
{
    for (size_t i = 0; i < s->n_units; i++)
        if (sm_sv_eq(s->units[i]->schedule.pipeline, c->pipeline))
            return s->units[i];
    return new_unit(s, c, slot);
}

void sm_scheduler_deploy(sm_scheduler *s, const sm_schedule *list, size_t n)
{
    sm_scheduler__learn_zones(s, list, n);
    sm_mutex_lock(&s->mu);
    for (size_t i = 0; i < s->n_units; i++)
        s->units[i]->gone = true;
    for (size_t i = 0; i < n; i++) {
        int64_t slot = 0;
        sm_unit *u = unit_for(s, &list[i], &slot);

        u->gone = false;
        u->place = i;
        set_schedule(s, u, &list[i], slot);
    }
    for (size_t i = 0; i < s->n_units; i++)
        if (s->units[i]->gone) {
            sm_scheduler__drop_waiting(s, s->units[i]);
            end_continuous(s->units[i]);
        }
    sm_scheduler__wake(s);
    sm_mutex_unlock(&s->mu);
}

/* ---- pause ----------------------------------------------------------------------- */

bool sm_scheduler__paused(const sm_unit *u)
{
    return u->schedule.paused || u->kept_pause;
}

/* Which store, to be used without the mutex: stores outlive the scheduler. */
static sm_code store_of(sm_scheduler *s, sm_sv pipeline, sm_store **out, bool *by_file,
                        sm_error *err)
{
    const sm_unit *u;

    sm_mutex_lock(&s->mu);
    u = sm_scheduler__find(s, pipeline);
    if (u != NULL) {
        *out = u->schedule.store;
        *by_file = u->schedule.paused;
    }
    sm_mutex_unlock(&s->mu);
    return u != NULL ? SM_OK
                     : sm_fail(err, SM_E_NOT_FOUND, 0, "pipeline \"%.*s\" is not deployed here",
                               SM_SV_ARG(pipeline));
}

static void set_pause(sm_scheduler *s, sm_sv pipeline, bool paused, sm_sv by)
{
    sm_unit *u;

    sm_mutex_lock(&s->mu);
    if ((u = sm_scheduler__find(s, pipeline)) != NULL) {
        u->kept_pause = paused;
        if (!paused)
            sm_scheduler__relight(u);
        snprintf(u->paused_by, sizeof u->paused_by, "%.*s", SM_SV_ARG(by));
        sm_scheduler__wake(s);
    }
    sm_mutex_unlock(&s->mu);
}

static sm_code keep_pause(sm_scheduler *s, sm_sv pipeline, bool paused, sm_sv by, sm_error *err)
{
    sm_store *store = NULL;
    bool by_file = false;
    sm_code rc = store_of(s, pipeline, &store, &by_file, err);

    if (rc == SM_OK && !paused && by_file)
        rc = sm_fail(err, SM_E_CONFLICT, 0,
                     "pipeline \"%.*s\" is paused by its file: take `paused: true` out of its "
                     "trigger and reload",
                     SM_SV_ARG(pipeline));
    if (rc == SM_OK && store != NULL)
        rc = sm_store_schedule_pause(store, pipeline, paused, by, err);
    if (rc == SM_OK)
        set_pause(s, pipeline, paused, by);
    return rc;
}

sm_code sm_scheduler_pause(sm_scheduler *s, sm_sv pipeline, sm_sv by, sm_error *err)
{
    return keep_pause(s, pipeline, true, by, err);
}

sm_code sm_scheduler_resume(sm_scheduler *s, sm_sv pipeline, sm_sv by, sm_error *err)
{
    return keep_pause(s, pipeline, false, by, err);
}

/* ---- states ---------------------------------------------------------------------- */

static const char *doing(const sm_unit *u)
{
    const sm_job *j = u->active;

    if (j != NULL && j->state == SM_JOB_RUNNING)
        return j->dropped ? "stopping" : "running";
    for (j = u->jobs; j != NULL; j = j->next)
        if (j->state != SM_JOB_RETRYING)
            return "queued";
    return u->jobs != NULL ? "retrying" : "idle";
}

static void add_job(const sm_scheduler *s, const sm_unit *u, const sm_job *j, sm_arena *a,
                    sm_schedule_state *out)
{
    int64_t ahead = sm_scheduler__wall(s) - sm_scheduler__boot(s);

    if (j == u->active) {
        out->ticket = j->ticket;
        out->cause = sm_arena_dup(a, j->order.cause);
        out->attempt = j->attempt + (j->state == SM_JOB_READY);
    } else {
        out->queued++;
    }
    if (j->state == SM_JOB_RETRYING && out->retry_at_ms == 0) {
        out->retry_at_ms = ahead + j->not_before;
        out->attempt = out->attempt == 0 ? j->attempt + 1 : out->attempt;
    }
}

/* The first trigger that waits for something to happen; NULL: a person starts the next run. */
static const sm_trigger *waits_for(const sm_unit *u)
{
    for (size_t i = 0; i < u->schedule.n_triggers; i++) {
        const sm_trigger *t = &u->schedule.triggers[i];

        switch (t->kind) {
        case SM_TRIGGER_FILE_ARRIVAL:
        case SM_TRIGGER_TABLE_UPDATED:
        case SM_TRIGGER_WEBHOOK:
            return t;
        case SM_TRIGGER_CONTINUOUS:
            if (!u->fuses[i].spent)
                return t;
            break;
        case SM_TRIGGER_AVAILABLE_NOW:
        case SM_TRIGGER_INTERVAL:
        case SM_TRIGGER_SCHEDULE:
            break;
        }
    }
    return NULL;
}

static sm_schedule_state state_of(sm_scheduler *s, const sm_unit *u, sm_arena *a)
{
    int64_t now = sm_scheduler__boot(s), due;
    size_t trigger = 0;
    sm_schedule_state out = { .pipeline = sm_arena_dup(a, u->schedule.pipeline),
                              .paused = sm_scheduler__paused(u),
                              .paused_by = SM_SV(""),
                              .doing = doing(u),
                              .run = u->last_run,
                              .cause = SM_SV(""),
                              .next_cause = SM_SV("") };

    if (out.paused)
        out.paused_by =
            u->schedule.paused ? SM_SV("file") : sm_arena_dup(a, sm_sv_cstr(u->paused_by));
    for (const sm_job *j = u->jobs; j != NULL; j = j->next)
        add_job(s, u, j, a, &out);
    due = out.paused ? -1 : sm_scheduler__next_due(s, u, &trigger);
    if (due >= 0) {
        out.next_due_ms = sm_scheduler__wall(s) + (due > now ? due - now : 0);
        out.next_cause = sm_sv_cstr(sm_trigger_kind_name(u->schedule.triggers[trigger].kind));
    } else if (!out.paused && waits_for(u) != NULL) {
        out.next_cause = sm_sv_cstr(sm_trigger_kind_name(waits_for(u)->kind));
    }
    return out;
}

static int by_place(const void *x, const void *y)
{
    const sm_unit *a = *(sm_unit *const *)x, *b = *(sm_unit *const *)y;

    return (a->place > b->place) - (a->place < b->place);
}

sm_code sm_scheduler_states(sm_scheduler *s, sm_arena *a, sm_schedule_state **out, size_t *n,
                            sm_error *err)
{
    sm_unit **units;

    (void)err;
    sm_mutex_lock(&s->mu);
    units = SM_NEW_N(a, sm_unit *, s->n_units + 1);
    *out = SM_NEW_N(a, sm_schedule_state, s->n_units + 1);
    *n = 0;
    for (size_t i = 0; i < s->n_units; i++)
        if (!s->units[i]->gone)
            units[(*n)++] = s->units[i];
    qsort(units, *n, sizeof *units, by_place);
    for (size_t i = 0; i < *n; i++)
        (*out)[i] = state_of(s, units[i], a);
    sm_mutex_unlock(&s->mu);
    return SM_OK;
}
