/* SPDX-License-Identifier: Apache-2.0 */
/* test_triggers.c -- timetables, files, hooks and runs that go on, with a clock that is moved. */
#include "tests/support/test.h"
#include "tests/unit/schedule_world.h"

#include <stdlib.h>

#include "runtime/base/clock.h"
#include "runtime/base/hash.h"

static sm_schedule schedule(const char *pipeline, const sm_trigger *t, size_t n)
{
    return (sm_schedule){ .pipeline = sm_sv_cstr(pipeline),
                          .version = SM_SV("1"),
                          .triggers = t,
                          .n_triggers = n,
                          .max_attempts = 3,
                          .backoff_ms = 5 * SECOND,
                          .backoff_max_ms = 5 * MINUTE };
}

static void deploy(world *w, sm_schedule c)
{
    sm_scheduler_deploy(w->s, &c, 1);
}

static int64_t lasts_25s(world *w, const sm_run_order *o)
{
    (void)w;
    (void)o;
    return 25 * SECOND;
}

static int64_t lasts_an_hour(world *w, const sm_run_order *o)
{
    (void)w;
    (void)o;
    return HOUR;
}

/* ---- timetables ------------------------------------------------------------------ */

static int64_t at(const char *text)
{
    int64_t ms = 0;
    sm_error err;

    sm_assert_ok(sm_time_parse(sm_sv_cstr(text), &ms, &err), err);
    return ms;
}

static sm_trigger timetable(const char *cron, bool catchup)
{
    sm_trigger t = { .kind = SM_TRIGGER_SCHEDULE, .catchup = catchup };
    size_t where;
    sm_error err;

    sm_assert_ok(sm_cron_parse(sm_sv_cstr(cron), &t.cron, &where, &err), err);
    return t;
}

static void test_schedule__begins_with_its_next_slot(void **state)
{
    sm_trigger t = timetable("0 * * * *", false);
    world w;

    (void)state;
    world_init(&w, at("2026-01-01T10:30:00Z"));
    deploy(&w, schedule("p", &t, 1));
    world_pass(&w, 3 * HOUR);
    assert_int_equal(world_count(&w, "p", "schedule"), 3);
    assert_int_equal(w.runs[0].from, at("2026-01-01T11:00:00Z"));
    assert_int_equal(w.runs[2].from, at("2026-01-01T13:00:00Z"));
    world_release(&w);
}

/* It slept from 10:31 to 15:30. */
static void sleep_over_slots(world *w, const sm_trigger *t)
{
    world_init(w, at("2026-01-01T10:30:00Z"));
    deploy(w, schedule("p", t, 1));
    world_pass(w, MINUTE);
    world_set_clock(w, at("2026-01-01T15:30:00Z"));
    world_pass(w, HOUR);
    world_check(w);
}

static void test_schedule__makes_up_for_missed_slots_with_one_run(void **state)
{
    sm_trigger t = timetable("0 * * * *", false);
    world w;

    (void)state;
    sleep_over_slots(&w, &t);
    assert_int_equal(world_count(&w, "p", "catchup"), 1);
    assert_int_equal(world_count(&w, "p", "schedule"), 1);
    world_release(&w);
}

static void test_schedule__makes_up_for_each_missed_slot_with_catchup(void **state)
{
    sm_trigger t = timetable("0 * * * *", true);
    world w;

    (void)state;
    sleep_over_slots(&w, &t);
    assert_int_equal(world_count(&w, "p", "catchup"), 5); /* 11 to 15 */
    assert_int_equal(world_count(&w, "p", "schedule"), 1);
    world_release(&w);
}

static void test_schedule__a_slot_has_one_run_when_the_clock_is_set_back(void **state)
{
    sm_trigger t = timetable("0 * * * *", false);
    world w;

    (void)state;
    world_init(&w, at("2026-01-01T10:59:30Z"));
    deploy(&w, schedule("p", &t, 1));
    world_pass(&w, MINUTE);
    assert_int_equal(w.n_runs, 1);
    world_set_clock(&w, at("2026-01-01T10:30:00Z"));
    world_pass(&w, HOUR);
    assert_int_equal(w.n_runs, 1);
    world_pass(&w, HOUR);
    assert_int_equal(w.n_runs, 2); /* that of 12 o'clock */
    world_release(&w);
}

static void test_schedule__goes_on_when_the_clock_was_years_ahead(void **state)
{
    sm_trigger t = timetable("0 * * * *", false);
    world w;

    (void)state;
    world_init(&w, at("2031-01-01T10:59:30Z"));
    deploy(&w, schedule("p", &t, 1));
    world_pass(&w, MINUTE);
    assert_int_equal(w.n_runs, 1);
    world_set_clock(&w, at("2026-01-01T10:30:00Z"));
    world_pass(&w, 3 * HOUR);
    assert_int_equal(w.n_runs, 4); /* 11, 12 and 13 o'clock */
    world_release(&w);
}

static void test_schedule__resumes_with_one_run_for_all(void **state)
{
    sm_trigger t = timetable("0 * * * *", false);
    sm_error err;
    world w;

    (void)state;
    world_init(&w, at("2026-01-01T10:30:00Z"));
    deploy(&w, schedule("p", &t, 1));
    sm_assert_ok(sm_scheduler_pause(w.s, SM_SV("p"), SM_SV(""), &err), err);
    world_pass(&w, 10 * HOUR);
    assert_int_equal(w.n_runs, 0);
    sm_assert_ok(sm_scheduler_resume(w.s, SM_SV("p"), SM_SV(""), &err), err);
    world_pass(&w, MINUTE);
    assert_int_equal(w.n_runs, 1);
    world_release(&w);
}

static void test_schedule__another_timetable_begins_anew(void **state)
{
    sm_trigger t = timetable("0 6 * * *", false), other = timetable("0 * * * *", false);
    world w;

    (void)state;
    world_init(&w, at("2026-01-01T10:30:00Z"));
    deploy(&w, schedule("p", &t, 1));
    world_pass(&w, 5 * HOUR);
    deploy(&w, schedule("p", &other, 1));
    world_pass(&w, 10 * MINUTE);
    assert_int_equal(w.n_runs, 0);
    world_pass(&w, HOUR);
    assert_int_equal(w.n_runs, 1);
    world_release(&w);
}

static void test_schedule__a_run_keeps_its_slot_while_others_come_due(void **state)
{
    sm_trigger t = timetable("* * * * *", false);
    int64_t slot;
    world w;

    (void)state;
    world_init(&w, at("2026-01-01T10:30:30Z"));
    w.lasts = lasts_an_hour;
    deploy(&w, schedule("p", &t, 1));
    world_pass(&w, MINUTE);
    assert_int_equal(w.n_at_work, 1);
    slot = w.at_work[0].job->slot;
    assert_int_equal(slot, at("2026-01-01T10:31:00Z"));
    world_pass(&w, 3 * MINUTE);
    assert_int_equal(w.at_work[0].job->slot, slot);
    assert_int_equal(w.at_work[0].job->next->slot, at("2026-01-01T10:34:00Z"));
    world_release(&w);
}

/* ---- what happens ---------------------------------------------------------------- */

static const sm_trigger files[] = { { .kind = SM_TRIGGER_FILE_ARRIVAL } };

static void test_files__start_a_run_each_time_and_at_the_start(void **state)
{
    world w;

    (void)state;
    world_init(&w, 0);
    deploy(&w, schedule("p", files, 1));
    world_look(&w);
    world_pass(&w, MINUTE);
    assert_int_equal(w.n_runs, 1); /* they may have come while nobody was there */
    world_look(&w);
    world_pass(&w, MINUTE);
    assert_int_equal(w.n_runs, 1);
    w.mark++;
    world_look(&w);
    world_pass(&w, MINUTE);
    assert_int_equal(world_count(&w, "p", "file_arrival"), 2);
    world_release(&w);
}

static void test_files__are_not_left_out_while_it_is_at_work(void **state)
{
    sm_schedule c = schedule("p", files, 1);
    world w;

    (void)state;
    world_init(&w, 0);
    w.lasts = lasts_25s;
    c.concurrency = SM_CONCURRENCY_SKIP;
    deploy(&w, c);
    world_look(&w);
    world_pass(&w, 5 * SECOND);
    w.mark++;
    world_look(&w);
    world_pass(&w, MINUTE);
    assert_int_equal(w.n_runs, 2);
    assert_int_equal(w.runs[1].from, 25 * SECOND);
    w.held = true;
    w.mark++;
    world_look(&w);
    world_pass(&w, MINUTE);
    w.held = false;
    world_pass(&w, 2 * SECOND);
    assert_int_equal(w.n_runs, 3);
    world_release(&w);
}

/* ---- continuous ------------------------------------------------------------------ */

static const sm_trigger always[] = { { .kind = SM_TRIGGER_CONTINUOUS } };

static void test_continuous__steps_aside_for_a_person_and_goes_on(void **state)
{
    world w;

    (void)state;
    world_init(&w, 0);
    deploy(&w, schedule("p", always, 1));
    world_pass(&w, HOUR);
    assert_int_equal(w.n_runs, 1);
    world_order(&w, "p");
    world_pass(&w, HOUR);
    assert_int_equal(w.n_runs, 3);
    assert_int_equal(w.runs[0].code, SM_E_CANCELLED);
    assert_string_equal(w.runs[1].cause, "manual");
    assert_string_equal(w.runs[2].cause, "continuous");
    assert_int_equal(w.runs[2].until, 0);
    world_check(&w);
    world_release(&w);
}

/* Whatever the policy; and the scheduler sleeps while the person's run is at work. */
static void test_continuous__lets_a_person_finish_and_does_not_spin(void **state)
{
    sm_schedule c = schedule("p", always, 1);
    world w;

    (void)state;
    for (int policy = 0; policy < 3; policy++) {
        world_init(&w, 0);
        w.lasts = lasts_25s;
        c.concurrency = (sm_concurrency)policy;
        deploy(&w, c);
        world_order(&w, "p"); /* before the one that goes on begins */
        world_pass(&w, 5 * SECOND);
        assert_int_equal(world_count(&w, "p", "manual"), 1);
        assert_true(sm_scheduler__turn(w.s) >= SECOND);
        world_pass(&w, MINUTE);
        assert_int_equal(w.runs[0].code, SM_OK);
        assert_int_equal(w.runs[0].until, 25 * SECOND);
        assert_int_equal(w.n_runs, 2);
        assert_string_equal(w.runs[1].cause, "continuous");
        world_release(&w);
    }
}

static void test_continuous__gives_way_before_it_has_begun(void **state)
{
    world w;

    (void)state;
    world_init(&w, 0);
    deploy(&w, schedule("p", always, 1));
    assert_true(sm_scheduler__turn(w.s) > 0); /* it is ready, and all workers are busy */
    world_order(&w, "p");
    world_pass(&w, MINUTE);
    assert_int_equal(w.n_runs, 2);
    assert_string_equal(w.runs[0].cause, "manual");
    assert_string_equal(w.runs[1].cause, "continuous");
    world_release(&w);
}

static void test_continuous__begins_anew_with_another_definition_only(void **state)
{
    sm_schedule c = schedule("p", always, 1);
    world w;

    (void)state;
    world_init(&w, 0);
    deploy(&w, c);
    world_pass(&w, MINUTE);
    deploy(&w, c);
    world_pass(&w, MINUTE);
    assert_int_equal(w.n_runs, 1);
    c.version = SM_SV("2");
    deploy(&w, c);
    world_pass(&w, MINUTE);
    assert_int_equal(w.n_runs, 2);
    deploy(&w, schedule("q", NULL, 0));
    world_pass(&w, MINUTE);
    assert_int_equal(w.n_at_work, 0);
    world_release(&w);
}

static void test_continuous__stays_stopped_until_somebody_wants_it(void **state)
{
    sm_error err;
    world w;

    (void)state;
    world_init(&w, 0);
    deploy(&w, schedule("p", always, 1));
    world_pass(&w, MINUTE);
    sm_assert_ok(sm_scheduler_stop(w.s, SM_SV("p"), SM_SV(""), NULL, &err), err);
    world_pass(&w, HOUR);
    assert_int_equal(w.n_at_work, 0);
    sm_assert_ok(sm_scheduler_resume(w.s, SM_SV("p"), SM_SV(""), &err), err);
    world_pass(&w, MINUTE);
    assert_int_equal(w.n_at_work, 1);
    world_release(&w);
}

/* ---- hooks ----------------------------------------------------------------------- */

static const sm_trigger hook[] = { { .kind = SM_TRIGGER_WEBHOOK, .watch = { "run", 3 } } };

static sm_code post_for(world *w, const char *pipeline, int64_t at_s, const char *signed_with,
                        int64_t *ticket)
{
    sm_arena *a = sm_arena_new("post");
    sm_sv stamp = sm_arena_printf(a, "%lld", (long long)at_s);
    sm_sv text = sm_arena_printf(a, "%.*s.{}", SM_SV_ARG(stamp));
    sm_error err;
    sm_code rc = sm_scheduler_webhook(w->s, sm_sv_cstr(pipeline), SM_SV("run"), stamp,
                                      sm_hmac_sha256_hex(sm_sv_cstr(signed_with), text, a),
                                      SM_SV("{}"), ticket, &err);

    sm_arena_free(a);
    return rc;
}

static sm_code post(world *w, const char *pipeline, int64_t at_s, const char *signed_with)
{
    int64_t ticket;

    return post_for(w, pipeline, at_s, signed_with, &ticket);
}

static void test_hook__takes_a_signed_request_once_and_in_time(void **state)
{
    sm_error err;
    world w;

    (void)state;
    setenv("SM_TEST_HOOK", "hush", 1);
    world_init(&w, INT64_C(1000000) * SECOND);
    deploy(&w, schedule("p", hook, 1));
    world_pass(&w, MINUTE); /* it is 1,000,060 now */
    assert_int_equal(w.n_runs, 0);
    sm_assert_code(post(&w, "p", 1000060, "hush"), SM_OK);
    sm_assert_code(post(&w, "p", 1000060, "hush"), SM_E_CONFLICT); /* seen already */
    sm_assert_code(post(&w, "p", 1000060, "loud"), SM_E_DENIED);
    sm_assert_code(post(&w, "q", 1000061, "hush"), SM_E_DENIED);
    sm_assert_code(post(&w, "p", 1000060 - 301, "hush"), SM_E_DENIED);
    sm_assert_code(post(&w, "p", 1000060 + 301, "hush"), SM_E_DENIED);
    sm_assert_code(post(&w, "p", 1000060 - 299, "hush"), SM_OK);
    world_pass(&w, MINUTE);
    assert_int_equal(world_count(&w, "p", "webhook"), 1); /* the other one waited already */
    sm_assert_ok(sm_scheduler_pause(w.s, SM_SV("p"), SM_SV(""), &err), err);
    sm_assert_code(post(&w, "p", 1000100, "hush"), SM_E_CONFLICT);
    world_release(&w);
}

static void test_hook__what_is_refused_may_be_sent_again(void **state)
{
    sm_schedule c = schedule("p", hook, 1);
    int64_t first = 0, second = 0;
    world w;

    (void)state;
    setenv("SM_TEST_HOOK", "hush", 1);
    world_init(&w, INT64_C(1000000) * SECOND);
    w.lasts = lasts_25s;
    c.concurrency = SM_CONCURRENCY_SKIP;
    deploy(&w, c);
    world_order(&w, "p");
    world_pass(&w, SECOND);
    sm_assert_code(post(&w, "p", 1000001, "hush"), SM_E_CONFLICT);
    sm_assert_code(post(&w, "p", 1000001, "hush"), SM_E_CONFLICT);
    world_pass(&w, MINUTE);
    sm_assert_code(post_for(&w, "p", 1000001, "hush", &first), SM_OK);
    sm_assert_code(post_for(&w, "p", 1000002, "hush", &second), SM_OK);
    assert_true(first > 0);
    assert_int_equal(second, first); /* the two share a run */
    sm_assert_code(post(&w, "p", 1000001, "hush"), SM_E_CONFLICT);
    world_release(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_schedule__begins_with_its_next_slot),
        cmocka_unit_test(test_schedule__makes_up_for_missed_slots_with_one_run),
        cmocka_unit_test(test_schedule__makes_up_for_each_missed_slot_with_catchup),
        cmocka_unit_test(test_schedule__a_slot_has_one_run_when_the_clock_is_set_back),
        cmocka_unit_test(test_schedule__goes_on_when_the_clock_was_years_ahead),
        cmocka_unit_test(test_schedule__resumes_with_one_run_for_all),
        cmocka_unit_test(test_schedule__another_timetable_begins_anew),
        cmocka_unit_test(test_schedule__a_run_keeps_its_slot_while_others_come_due),
        cmocka_unit_test(test_files__start_a_run_each_time_and_at_the_start),
        cmocka_unit_test(test_files__are_not_left_out_while_it_is_at_work),
        cmocka_unit_test(test_continuous__steps_aside_for_a_person_and_goes_on),
        cmocka_unit_test(test_continuous__lets_a_person_finish_and_does_not_spin),
        cmocka_unit_test(test_continuous__gives_way_before_it_has_begun),
        cmocka_unit_test(test_continuous__begins_anew_with_another_definition_only),
        cmocka_unit_test(test_continuous__stays_stopped_until_somebody_wants_it),
        cmocka_unit_test(test_hook__takes_a_signed_request_once_and_in_time),
        cmocka_unit_test(test_hook__what_is_refused_may_be_sent_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
