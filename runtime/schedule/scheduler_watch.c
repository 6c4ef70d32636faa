/* SPDX-License-Identifier: Apache-2.0 */
/* scheduler_watch.c -- what others may have changed: pauses of other processes, files, tables, and
 * the rules of time zones.
 *
 * Looking may take its time, so it is done without the mutex, over a copy of what to look at. */
#include <stdio.h>

#include "runtime/schedule/scheduler_int.h"
#include "runtime/store/store_schedule.h"

/* ---- zones ----------------------------------------------------------------------- */

static const int64_t year_ms = INT64_C(366) * 24 * 60 * 60 * 1000;

enum { YEARS_BACK = 1, YEARS_AHEAD = 5, YEARS_LEFT = 2 };

static sm_known_zone *find_zone(const sm_scheduler *s, sm_sv name)
{
    for (sm_known_zone *z = s->zones; z != NULL; z = z->next)
        if (sm_sv_eq(z->name, name))
            return z;
    return NULL;
}

const sm_zone *sm_scheduler__zone(const sm_scheduler *s, sm_sv name)
{
    const sm_known_zone *z = find_zone(s, name);

    return z == NULL ? NULL : &z->zone;
}

static bool is_known(sm_scheduler *s, sm_sv name)
{
    int64_t needed = sm_scheduler__wall(s) + YEARS_LEFT * year_ms;
    const sm_known_zone *z;
    bool known;

    sm_mutex_lock(&s->mu);
    z = find_zone(s, name);
    known = z != NULL && (z->zone.until_ms == 0 || z->zone.until_ms > needed);
    sm_mutex_unlock(&s->mu);
    return known;
}

/* Nobody holds a pointer to a zone beyond the mutex: the one before may go. */
static void put_zone(sm_scheduler *s, sm_known_zone *z)
{
    sm_known_zone **at = &s->zones;

    sm_mutex_lock(&s->mu);
    while (*at != NULL && !sm_sv_eq((*at)->name, z->name))
        at = &(*at)->next;
    z->next = *at == NULL ? NULL : (*at)->next;
    if (*at != NULL)
        sm_arena_free((*at)->a);
    *at = z;
    sm_mutex_unlock(&s->mu);
}

static void learn_zone(sm_scheduler *s, sm_sv name)
{
    int64_t now = sm_scheduler__wall(s);
    sm_arena *a;
    sm_known_zone *z;
    sm_error ignored; /* it was found when the file was loaded; asked again at the next look */

    if (name.len == 0 || s->config.zone == NULL || is_known(s, name))
        return;
    a = sm_arena_new("zone");
    z = SM_NEW(a, sm_known_zone);
    z->a = a;
    z->name = sm_arena_dup(a, name);
    if (s->config.zone(s->config.ctx, name, now - YEARS_BACK * year_ms, now + YEARS_AHEAD * year_ms,
                       a, &z->zone, &ignored) == SM_OK)
        put_zone(s, z);
    else
        sm_arena_free(a);
}

void sm_scheduler__learn_zones(sm_scheduler *s, const sm_schedule *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < list[i].n_triggers; k++)
            learn_zone(s, list[i].triggers[k].timezone);
}

/* ---- pauses, files, tables ------------------------------------------------------- */

static sm_schedule *copy_schedules(sm_scheduler *s, sm_arena *a, size_t *n)
{
    sm_schedule *list;

    sm_mutex_lock(&s->mu);
    list = SM_NEW_N(a, sm_schedule, s->n_units + 1);
    *n = 0;
    for (size_t i = 0; i < s->n_units; i++) {
        const sm_schedule *c = &s->units[i]->schedule;
        sm_trigger *triggers = SM_NEW_N(a, sm_trigger, c->n_triggers + 1);

        if (s->units[i]->gone)
            continue;
        list[*n] = *c;
        list[*n].pipeline = sm_arena_dup(a, c->pipeline);
        list[*n].triggers = triggers;
        for (size_t k = 0; k < c->n_triggers; k++) {
            triggers[k] = c->triggers[k];
            triggers[k].watch = sm_arena_dup(a, c->triggers[k].watch);
            triggers[k].timezone = sm_arena_dup(a, c->triggers[k].timezone);
        }
        (*n)++;
    }
    sm_mutex_unlock(&s->mu);
    return list;
}

static void see_pause(sm_scheduler *s, const sm_schedule *c, sm_arena *a)
{
    sm_schedule_rec rec;
    sm_error ignored; /* the next look may tell */
    sm_unit *u;

    if (c->store == NULL || sm_store_schedule(c->store, c->pipeline, a, &rec, &ignored) != SM_OK)
        return;
    sm_mutex_lock(&s->mu);
    u = sm_scheduler__find(s, c->pipeline);
    if (u != NULL && u->kept_pause != rec.paused) {
        u->kept_pause = rec.paused;
        snprintf(u->paused_by, sizeof u->paused_by, "%.*s", SM_SV_ARG(rec.paused_by));
        if (!rec.paused)
            sm_scheduler__relight(u);
        sm_scheduler__wake(s);
    }
    sm_mutex_unlock(&s->mu);
}

static void see_mark(sm_scheduler *s, sm_sv pipeline, const sm_trigger *t, int64_t mark)
{
    sm_unit *u;

    sm_mutex_lock(&s->mu);
    u = sm_scheduler__find(s, pipeline);
    for (size_t i = 0; u != NULL && i < u->schedule.n_triggers; i++) {
        sm_fuse *f = &u->fuses[i];

        if (u->schedule.triggers[i].kind != t->kind ||
            !sm_sv_eq(u->schedule.triggers[i].watch, t->watch) || (f->looked && f->mark == mark))
            continue;
        f->looked = true;
        f->mark = mark;
        f->news = true;
        sm_scheduler__wake(s);
    }
    sm_mutex_unlock(&s->mu);
}

static void look(sm_scheduler *s, const sm_schedule *c)
{
    for (size_t i = 0; i < c->n_triggers && s->config.look != NULL; i++) {
        const sm_trigger *t = &c->triggers[i];
        int64_t mark = 0;
        sm_error ignored; /* what cannot be looked at now has not changed yet */

        if ((t->kind == SM_TRIGGER_FILE_ARRIVAL || t->kind == SM_TRIGGER_TABLE_UPDATED) &&
            s->config.look(s->config.ctx, c->pipeline, t, &mark, &ignored) == SM_OK)
            see_mark(s, c->pipeline, t, mark);
    }
}

/* Does a run wait that is to take the place of another one, and none of ours goes on? */
static bool waits_for_others(sm_scheduler *s, sm_sv pipeline)
{
    const sm_unit *u;
    bool found;

    sm_mutex_lock(&s->mu);
    u = sm_scheduler__find(s, pipeline);
    found = u != NULL && u->schedule.concurrency == SM_CONCURRENCY_CANCEL && u->jobs != NULL &&
            u->active == NULL && !u->jobs->order.continuous;
    sm_mutex_unlock(&s->mu);
    return found;
}

/* The second look tells that the run which was seen in between is not one of ours that had begun
 * meanwhile. */
static void stop_who_is_in_the_way(sm_scheduler *s, sm_sv pipeline)
{
    const sm_scheduler_config *c = &s->config;
    int64_t run;

    if (c->stop_other == NULL || c->held == NULL || !waits_for_others(s, pipeline) ||
        !c->held(c->ctx, pipeline))
        return;
    run = c->going(c->ctx, pipeline);
    if (run != 0 && waits_for_others(s, pipeline))
        c->stop_other(c->ctx, pipeline, run);
}

void sm_scheduler__watch(sm_scheduler *s)
{
    sm_arena *a = sm_arena_new("watch");
    size_t n;
    const sm_schedule *list = copy_schedules(s, a, &n);

    sm_scheduler__learn_zones(s, list, n);
    for (size_t i = 0; i < n; i++) {
        see_pause(s, &list[i], a);
        stop_who_is_in_the_way(s, list[i].pipeline);
        look(s, &list[i]);
    }
    sm_arena_free(a);
}
