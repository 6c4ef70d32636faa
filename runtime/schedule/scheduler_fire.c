/* SPDX-License-Identifier: Apache-2.0 */
/* scheduler_fire.c -- which trigger fires when.
 *
 * A timetable remembers the last slot that it fired, in the store too: a slot has one run at most,
 * however the clock is set and whichever server is there.  What was missed is one run, or one per
 * slot with `catchup`, one after the other.
 *
 * A thing that happened (files, a table) is never left out: it waits until the pipeline is idle
 * where another trigger would be skipped. */
#include "runtime/base/log.h"
#include "runtime/schedule/scheduler_int.h"

enum {
    LATE_MS = 60 * 1000,            /* a slot fired later is one that was missed */
    AHEAD_MS = 24 * 60 * 60 * 1000, /* a last slot so far in the future is of a wrong clock */
};

static const int64_t month_ms = INT64_C(31) * 24 * 60 * 60 * 1000;

static const char *const kind_names[] = {
    [SM_TRIGGER_AVAILABLE_NOW] = "available_now", [SM_TRIGGER_INTERVAL] = "interval",
    [SM_TRIGGER_SCHEDULE] = "schedule",           [SM_TRIGGER_FILE_ARRIVAL] = "file_arrival",
    [SM_TRIGGER_TABLE_UPDATED] = "table_updated", [SM_TRIGGER_WEBHOOK] = "webhook",
    [SM_TRIGGER_CONTINUOUS] = "continuous",
};

const char *sm_trigger_kind_name(sm_trigger_kind kind)
{
    return kind_names[kind];
}

/* An order that is not done, of a trigger with this cause. */
static bool has_job(const sm_unit *u, const char *cause)
{
    for (const sm_job *j = u->jobs; j != NULL; j = j->next)
        if (j->triggered && sm_sv_eq_str(j->order.cause, cause))
            return true;
    return false;
}

void sm_scheduler__relight(sm_unit *u)
{
    for (size_t i = 0; i < u->schedule.n_triggers; i++)
        if (u->schedule.triggers[i].kind == SM_TRIGGER_CONTINUOUS)
            u->fuses[i].spent = false;
}

void sm_scheduler__snuff(sm_unit *u)
{
    for (size_t i = 0; i < u->schedule.n_triggers; i++)
        if (u->schedule.triggers[i].kind == SM_TRIGGER_CONTINUOUS)
            u->fuses[i].spent = true;
}

/* ---- timetables ------------------------------------------------------------------ */

/* It was fired while the clock was ahead by more than anybody sets it back on purpose: without this
 * nothing would be due before that time has come. */
static void forget_future(const sm_scheduler *s, const sm_unit *u, sm_fuse *f)
{
    int64_t wall = sm_scheduler__wall(s);

    if (f->slot <= wall + AHEAD_MS)
        return;
    sm_log(SM_LOG_WARN, "schedule",
           "pipeline=%.*s the clock was set back by more than a day: its timetable begins anew",
           SM_SV_ARG(u->schedule.pipeline));
    f->slot = wall;
}

static int64_t next_slot(const sm_scheduler *s, const sm_trigger *t, int64_t after)
{
    return sm_cron_next(&t->cron, sm_scheduler__zone(s, t->timezone), after);
}

/* With `catchup` each missed slot has a run of its own, but nobody waits for ten thousand of them:
 * of more than the most the first of the newest. */
static int64_t slot_of_the_last(const sm_scheduler *s, const sm_trigger *t, int64_t slot,
                                int64_t wall)
{
    int64_t newest[SM_SCHEDULE_CATCHUP_MAX], later;
    size_t n = 0;

    if (slot < wall - month_ms && (later = next_slot(s, t, wall - month_ms)) >= 0 && later <= wall)
        slot = later;
    for (; slot >= 0 && slot <= wall; slot = next_slot(s, t, slot))
        newest[n++ % SM_SCHEDULE_CATCHUP_MAX] = slot;
    return newest[n > SM_SCHEDULE_CATCHUP_MAX ? n % SM_SCHEDULE_CATCHUP_MAX : 0];
}

/* Of those that are due: the first, or the last when they share a run.  -1: none is. */
static int64_t slot_due(const sm_scheduler *s, const sm_trigger *t, const sm_fuse *f)
{
    int64_t wall = sm_scheduler__wall(s), slot = next_slot(s, t, f->slot), later;

    if (slot < 0 || slot > wall)
        return -1;
    if (t->catchup)
        return slot_of_the_last(s, t, slot, wall);
    if (slot < wall - month_ms && (later = next_slot(s, t, wall - month_ms)) >= 0 && later <= wall)
        slot = later;
    while ((later = next_slot(s, t, slot)) >= 0 && later <= wall)
        slot = later;
    return slot;
}

/* Boot clock. */
static int64_t schedule_due(const sm_scheduler *s, const sm_unit *u, const sm_trigger *t,
                            const sm_fuse *f)
{
    int64_t slot, ahead;

    if (t->catchup && (has_job(u, "schedule") || has_job(u, "catchup") ||
                       (u->schedule.concurrency == SM_CONCURRENCY_SKIP && u->jobs != NULL)))
        return -1; /* one slot after the other, and none is left out */
    slot = next_slot(s, t, f->slot);
    ahead = slot - sm_scheduler__wall(s);
    if (slot < 0)
        return -1;
    return ahead < 0 ? 0 : sm_scheduler__boot(s) + ahead;
}

/* ---- all of them ----------------------------------------------------------------- */

/* Boot clock; -1: not by itself. */
static int64_t due_of(const sm_scheduler *s, const sm_unit *u, size_t i)
{
    const sm_trigger *t = &u->schedule.triggers[i];
    const sm_fuse *f = &u->fuses[i];
    bool busy = u->schedule.concurrency == SM_CONCURRENCY_SKIP && u->jobs != NULL;

    switch (t->kind) {
    case SM_TRIGGER_AVAILABLE_NOW:
        return f->spent ? -1 : 0;
    case SM_TRIGGER_INTERVAL:
        return f->due_boot;
    case SM_TRIGGER_SCHEDULE:
        return schedule_due(s, u, t, f);
    case SM_TRIGGER_FILE_ARRIVAL:
    case SM_TRIGGER_TABLE_UPDATED:
        return f->news && !busy ? 0 : -1;
    case SM_TRIGGER_CONTINUOUS: /* it goes on when nothing else is there, a retry neither */
        return f->spent || u->jobs != NULL ? -1 : 0;
    case SM_TRIGGER_WEBHOOK:
        break;
    }
    return -1;
}

int64_t sm_scheduler__next_due(const sm_scheduler *s, const sm_unit *u, size_t *trigger)
{
    int64_t first = -1;

    for (size_t i = 0; !u->gone && i < u->schedule.n_triggers; i++) {
        int64_t due = due_of(s, u, i);

        if (due < 0 || (first >= 0 && due >= first))
            continue;
        first = due;
        if (trigger != NULL)
            *trigger = i;
    }
    return first;
}

/* It fires now; *slot: of a timetable. */
static void burn(const sm_scheduler *s, const sm_trigger *t, sm_fuse *f, int64_t now, int64_t *slot)
{
    switch (t->kind) {
    case SM_TRIGGER_AVAILABLE_NOW:
        f->spent = true;
        break;
    case SM_TRIGGER_INTERVAL: /* those that were missed are not made up for */
        f->due_boot =
            f->due_boot == 0
                ? now + t->interval_ms
                : f->due_boot + t->interval_ms * ((now - f->due_boot) / t->interval_ms + 1);
        break;
    case SM_TRIGGER_SCHEDULE:
        *slot = slot_due(s, t, f);
        f->slot = *slot > 0 ? *slot : f->slot;
        break;
    case SM_TRIGGER_FILE_ARRIVAL:
    case SM_TRIGGER_TABLE_UPDATED:
        f->news = false;
        break;
    case SM_TRIGGER_WEBHOOK:
    case SM_TRIGGER_CONTINUOUS:
        break;
    }
}

static void fire(sm_scheduler *s, sm_unit *u, size_t i, int64_t now)
{
    const sm_trigger *t = &u->schedule.triggers[i];
    sm_run_order o = { .pipeline = u->schedule.pipeline,
                       .cause = sm_sv_cstr(kind_names[t->kind]),
                       .select = t->select,
                       .exclude = t->exclude,
                       .continuous = t->kind == SM_TRIGGER_CONTINUOUS };
    int64_t ticket, slot = 0;
    sm_error ignored; /* of a run that is left out */

    burn(s, t, &u->fuses[i], now, &slot);
    if (t->kind == SM_TRIGGER_SCHEDULE && slot <= 0)
        return; /* the clock was set back in between */
    if (slot > 0 && sm_scheduler__wall(s) - slot > LATE_MS)
        o.cause = SM_SV("catchup");
    (void)sm_scheduler__enqueue(s, u, &o, true, &ticket, &ignored);
    for (sm_job *j = u->jobs; j != NULL; j = j->next) {
        if (j->state == SM_JOB_RUNNING)
            continue; /* its worker takes its slot, without the mutex */
        if (ticket != 0 ? j->ticket == ticket : j->slot > 0) /* the latter waits already */
            j->slot = slot > 0 ? slot : j->slot;
        if (j->ticket == ticket)
            j->patient = t->kind == SM_TRIGGER_FILE_ARRIVAL || t->kind == SM_TRIGGER_TABLE_UPDATED;
    }
}

void sm_scheduler__fire_due(sm_scheduler *s, sm_unit *u)
{
    int64_t now = sm_scheduler__boot(s);

    for (size_t i = 0; i < u->schedule.n_triggers; i++) {
        int64_t due;

        forget_future(s, u, &u->fuses[i]);
        due = due_of(s, u, i);
        if (due >= 0 && due <= now)
            fire(s, u, i, now);
    }
}
