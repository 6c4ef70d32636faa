/* SPDX-License-Identifier: Apache-2.0 */
/* scheduler_fire.c -- which trigger fires when. */
#include "runtime/schedule/scheduler_int.h"

static const char *const kind_names[] = {
    [SM_TRIGGER_AVAILABLE_NOW] = "available_now",
    [SM_TRIGGER_INTERVAL] = "interval",
};

const char *sm_trigger_kind_name(sm_trigger_kind kind)
{
    return kind_names[kind];
}

/* Boot clock; -1: not by itself. */
static int64_t due_of(const sm_trigger *t, const sm_fuse *f)
{
    switch (t->kind) {
    case SM_TRIGGER_AVAILABLE_NOW:
        return f->spent ? -1 : 0;
    case SM_TRIGGER_INTERVAL:
        return f->due_boot;
    }
    return -1;
}

int64_t sm_scheduler__next_due(const sm_scheduler *s, const sm_unit *u, size_t *trigger)
{
    int64_t first = -1;

    (void)s;
    for (size_t i = 0; !u->gone && i < u->schedule.n_triggers; i++) {
        int64_t due = due_of(&u->schedule.triggers[i], &u->fuses[i]);

        if (due < 0 || (first >= 0 && due >= first))
            continue;
        first = due;
        if (trigger != NULL)
            *trigger = i;
    }
    return first;
}

static void burn(const sm_trigger *t, sm_fuse *f, int64_t now)
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
    }
}

void sm_scheduler__fire_due(sm_scheduler *s, sm_unit *u)
{
    int64_t now = sm_scheduler__boot(s);

    for (size_t i = 0; i < u->schedule.n_triggers; i++) {
        const sm_trigger *t = &u->schedule.triggers[i];
        int64_t due = due_of(t, &u->fuses[i]), ticket;
        sm_run_order o = { .pipeline = u->schedule.pipeline,
                           .cause = sm_sv_cstr(kind_names[t->kind]),
                           .select = t->select,
                           .exclude = t->exclude };
        sm_error ignored; /* of a run that is left out */

        if (due < 0 || due > now)
            continue;
        burn(t, &u->fuses[i], now);
        (void)sm_scheduler__enqueue(s, u, &o, true, &ticket, &ignored);
    }
}
