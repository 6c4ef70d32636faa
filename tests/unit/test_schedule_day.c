/* SPDX-License-Identifier: Apache-2.0 */
/* test_schedule_day.c -- 24 hours of a server with many pipelines, in milliseconds, on the days on
 * which the clock is put forward, put back, and left alone.
 *
 * The scheduler is the real one.  What must hold of the runs is counted anew from what the triggers
 * say: nothing twice, nothing forgotten, nothing side by side. */
#include "tests/support/test.h"
#include "tests/unit/schedule_world.h"

#include <stdio.h>

#include "runtime/base/clock.h"

enum { DAY = 24 * HOUR };

static const char *const policies[] = { "queue", "skip", "cancel" };

static int64_t at(const char *text)
{
    int64_t ms = 0;
    sm_error err;

    sm_assert_ok(sm_time_parse(sm_sv_cstr(text), &ms, &err), err);
    return ms;
}

static sm_trigger timetable(const char *cron, bool catchup)
{
    sm_trigger t = { .kind = SM_TRIGGER_SCHEDULE,
                     .catchup = catchup,
                     .timezone = SM_SV("Europe/Berlin") };
    size_t where;
    sm_error err;

    sm_assert_ok(sm_cron_parse(sm_sv_cstr(cron), &t.cron, &where, &err), err);
    return t;
}

static sm_schedule schedule(const char *pipeline, const sm_trigger *t, sm_concurrency policy)
{
    return (sm_schedule){ .pipeline = sm_sv_cstr(pipeline),
                          .version = SM_SV("1"),
                          .triggers = t,
                          .n_triggers = 1,
                          .concurrency = policy,
                          .max_attempts = 3,
                          .backoff_ms = 5 * SECOND,
                          .backoff_max_ms = 5 * MINUTE };
}

/* Runs of "long…" overlap with what comes next; the others are short. */
static int64_t lasts(world *w, const sm_run_order *o)
{
    (void)w;
    return sm_sv_starts(o->pipeline, SM_SV("long")) ? 25 * MINUTE : 20 * SECOND;
}

/* Every seventh run of "frail" fails for a reason that passes. */
static sm_code ends(world *w, const sm_run_order *o, int attempt)
{
    return sm_sv_eq_str(o->pipeline, "frail") && attempt == 1 && w->n_runs % 7 == 0 ? SM_E_REMOTE
                                                                                    : SM_OK;
}

typedef struct day {
    const char *from; /* midnight in Berlin */
    int hours;
} day;

static const day days[] = {
    { "2026-06-09T22:00:00Z", 24 },
    { "2026-03-28T23:00:00Z", 23 }, /* put forward at two o'clock */
    { "2026-10-24T22:00:00Z", 25 }, /* put back at three o'clock */
};

static void live_through(const day *d)
{
    const sm_trigger hourly = timetable("0 * * * *", false),
                     at_half = timetable("30 2 * * *", false),
                     quarters = timetable("*/15 * * * *", false),
                     ten = { .kind = SM_TRIGGER_INTERVAL, .interval_ms = 10 * MINUTE },
                     once = { .kind = SM_TRIGGER_AVAILABLE_NOW };
    const sm_schedule list[] = {
        schedule("hourly", &hourly, SM_CONCURRENCY_QUEUE),
        schedule("night", &at_half, SM_CONCURRENCY_QUEUE),
        schedule("ten", &ten, SM_CONCURRENCY_SKIP),
        schedule("frail", &ten, SM_CONCURRENCY_QUEUE),
        schedule("once", &once, SM_CONCURRENCY_QUEUE),
        schedule("long_queue", &quarters, SM_CONCURRENCY_QUEUE),
        schedule("long_skip", &quarters, SM_CONCURRENCY_SKIP),
        schedule("long_cancel", &quarters, SM_CONCURRENCY_CANCEL),
    };
    int slots = 4 * d->hours, failed = 0;
    world w;

    world_init(&w, at(d->from) - 1);
    w.lasts = lasts;
    w.ends = ends;
    sm_scheduler_deploy(w.s, list, sizeof list / sizeof list[0]);
    world_pass(&w, (int64_t)d->hours * HOUR);
    world_check(&w);
    for (size_t i = 0; i < w.n_runs; i++)
        failed += w.runs[i].code == SM_E_REMOTE;
    assert_int_equal(world_count(&w, "hourly", NULL), d->hours);
    assert_int_equal(world_count(&w, "night", NULL), 1);
    assert_int_equal(world_count(&w, "once", NULL), 1);
    assert_int_equal(world_count(&w, "ten", NULL), 6 * d->hours + 1);
    assert_true(failed > 0);
    assert_int_equal(world_count(&w, "frail", "retry"), failed);
    assert_int_equal(world_count(&w, "frail", "interval"), 6 * d->hours + 1);
    /* 25 of each 25 minutes; every second slot; each slot for itself. */
    assert_int_equal(world_count(&w, "long_queue", NULL), (d->hours * 60 - 1) / 25 + 1);
    assert_int_equal(world_count(&w, "long_skip", NULL), slots / 2);
    assert_int_equal(world_count(&w, "long_cancel", NULL), slots);
    assert_int_equal(world_count(&w, NULL, "catchup"), 0);
    world_release(&w);
}

static void test_day__has_all_its_runs(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof days / sizeof days[0]; i++)
        live_through(&days[i]);
}

/* Runs of a pipeline that overlap with each other's slots, under each policy: each slot is run,
 * left out, or took the place of another one. */
static void test_overlaps__are_told_by_each_policy(void **state)
{
    const sm_trigger quarters = timetable("*/15 * * * *", false);

    (void)state;
    for (int p = 0; p < 3; p++) {
        sm_schedule c = schedule("long", &quarters, (sm_concurrency)p);
        int cancelled = 0;
        world w;

        world_init(&w, at("2026-06-09T22:00:00Z") - 1);
        w.lasts = lasts;
        sm_scheduler_deploy(w.s, &c, 1);
        world_pass(&w, DAY);
        world_check(&w);
        for (size_t i = 0; i < w.n_runs; i++)
            cancelled += w.runs[i].code == SM_E_CANCELLED;
        if (cancelled != (p == SM_CONCURRENCY_CANCEL ? 95 : 0))
            fail_msg("%s: %d runs were cancelled", policies[p], cancelled);
        world_release(&w);
    }
}

/* The machine sleeps from 01:10 to 05:10 and the server is stopped from 12:10 to 18:10. */
static void sleep_and_stop(bool catchup, size_t *caught_up, size_t *in_time)
{
    const sm_trigger hourly = timetable("0 * * * *", catchup);
    const sm_schedule c = schedule("p", &hourly, SM_CONCURRENCY_QUEUE);
    world w;

    world_init(&w, at("2026-06-09T22:00:00Z"));
    sm_scheduler_deploy(w.s, &c, 1);
    world_pass(&w, 70 * MINUTE);
    w.wall += 4 * HOUR; /* no run begins, and no clock but the wall's goes on */
    world_pass(&w, 7 * HOUR);
    sm_scheduler_deploy(w.s, NULL, 0);
    world_pass(&w, 6 * HOUR);
    sm_scheduler_deploy(w.s, &c, 1);
    world_pass(&w, 349 * MINUTE);
    world_check(&w);
    *caught_up = world_count(&w, "p", "catchup");
    *in_time = world_count(&w, "p", "schedule");
    world_release(&w);
}

static void test_missed_slots__are_one_run_or_one_each(void **state)
{
    size_t caught_up, in_time;

    (void)state;
    sleep_and_stop(false, &caught_up, &in_time);
    assert_int_equal(caught_up, 1);       /* 02:00 to 05:00 */
    assert_int_equal(in_time, 1 + 7 + 5); /* without a store nobody knows what was missed */
    sleep_and_stop(true, &caught_up, &in_time);
    assert_int_equal(caught_up, 4);
    assert_int_equal(in_time, 1 + 7 + 5);
}

/* A year of nights: one run each, whatever the clock does. */
static void test_year__has_a_run_each_night(void **state)
{
    const sm_trigger night = timetable("30 2 * * *", false);
    const sm_schedule c = schedule("night", &night, SM_CONCURRENCY_QUEUE);
    world w;

    (void)state;
    world_init(&w, at("2025-12-31T23:00:00Z"));
    sm_scheduler_deploy(w.s, &c, 1);
    for (int i = 0; i < 365; i++)
        world_pass(&w, DAY);
    assert_int_equal(w.n_runs, 365);
    world_release(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_day__has_all_its_runs),
        SM_TEST(test_overlaps__are_told_by_each_policy),
        SM_TEST(test_missed_slots__are_one_run_or_one_each),
        SM_TEST(test_year__has_a_run_each_night),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
