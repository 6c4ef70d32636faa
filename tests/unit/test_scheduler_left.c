/* SPDX-License-Identifier: Apache-2.0 */
/* test_scheduler_left.c -- what got no run of its own: dropped, merged, skipped, missed. */
#include "tests/support/test.h"

#include "tests/unit/schedule_world.h"

static const sm_trigger every_10s[] = {
    { .kind = SM_TRIGGER_INTERVAL, .interval_ms = 10 * SECOND },
};

static sm_schedule schedule(const char *pipeline, const sm_trigger *triggers, size_t n)
{
    return (sm_schedule){ .pipeline = sm_sv_cstr(pipeline),
                          .version = SM_SV("1"),
                          .triggers = triggers,
                          .n_triggers = n,
                          .max_attempts = 3 };
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

/* ---- what is told ---------------------------------------------------------------- */

static void count_ended(void *ctx, const sm_run_order *o, const sm_order_result *r)
{
    assert_true(sm_sv_eq_str(o->pipeline, "p"));
    assert_int_equal(r->state, SM_RUN_CANCELED);
    ++*(int *)ctx;
}

static void test_stop__tells_of_what_was_dropped_before_it_began(void **state)
{
    bool any;
    int told = 0;
    sm_error err;
    world w;

    (void)state;
    world_init(&w, 0);
    w.s->config.ended = count_ended;
    w.s->config.ended_ctx = &told;
    w.held = true; /* so that it waits */
    deploy(&w, schedule("p", NULL, 0));
    world_order(&w, "p");
    world_order(&w, "p");
    sm_assert_ok(sm_scheduler_stop(w.s, SM_SV("p"), SM_SV(""), &any, &err), err);
    assert_int_equal(told, 0); /* not under the mutex */
    sm_scheduler__tell_dropped(w.s);
    sm_scheduler__tell_dropped(w.s);
    assert_int_equal(told, 2);
    world_release(&w);
}

static void test_finish__says_how_many_triggers_got_no_run_of_their_own(void **state)
{
    static const struct {
        sm_concurrency concurrency;
        int64_t merged, skipped;
    } rows[] = { { SM_CONCURRENCY_QUEUE, 1, 0 }, { SM_CONCURRENCY_SKIP, 0, 2 } };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        sm_schedule c = schedule("p", every_10s, 1);
        sm_left_out sum = { 0, 0 }, left;
        sm_order_result r = { .state = SM_RUN_COMPLETED };
        sm_job *first, *second;
        world w;

        world_init(&w, 0);
        c.concurrency = rows[i].concurrency;
        deploy(&w, c);
        (void)sm_scheduler__turn(w.s);
        first = sm_scheduler__take(w.s);
        for (int k = 0; k < 2; k++) { /* due at 10 s and at 20 s */
            w.boot += 10 * SECOND;
            w.wall += 10 * SECOND;
            (void)sm_scheduler__turn(w.s);
        }
        sm_scheduler__finish(w.s, first, &r, &sum);
        (void)sm_scheduler__turn(w.s);
        if ((second = sm_scheduler__take(w.s)) != NULL) {
            sm_scheduler__finish(w.s, second, &r, &left);
            sum.merged += left.merged;
            sum.skipped += left.skipped;
        }
        assert_int_equal(sum.merged, rows[i].merged);
        assert_int_equal(sum.skipped, rows[i].skipped);
        world_release(&w);
    }
}

static void test_catchup__makes_up_for_the_newest_slots_only(void **state)
{
    sm_trigger t = { .kind = SM_TRIGGER_SCHEDULE, .catchup = true };
    sm_schedule c = schedule("p", &t, 1);
    sm_error err;
    size_t at;
    world w;

    (void)state;
    sm_assert_ok(sm_cron_parse(SM_SV("* * * * *"), &t.cron, &at, &err), err);
    world_init(&w, 0);
    deploy(&w, c);
    w.wall += 10 * 24 * (int64_t)HOUR; /* it slept */
    world_pass(&w, 5 * MINUTE);
    assert_int_equal(world_count(&w, "p", "catchup"), SM_SCHEDULE_CATCHUP_MAX);
    world_release(&w);
}

static void test_catchup__leaves_out_none_where_others_are_skipped(void **state)
{
    sm_trigger t = { .kind = SM_TRIGGER_SCHEDULE, .catchup = true };
    sm_schedule c = schedule("p", &t, 1);
    sm_error err;
    size_t at;
    world w;

    (void)state;
    sm_assert_ok(sm_cron_parse(SM_SV("* * * * *"), &t.cron, &at, &err), err);
    world_init(&w, 0);
    w.lasts = lasts_25s;
    c.concurrency = SM_CONCURRENCY_SKIP;
    deploy(&w, c);
    world_pass(&w, 50 * SECOND);
    world_order(&w, "p"); /* at work when the slot comes */
    world_pass(&w, 3 * MINUTE);
    assert_int_equal(world_count(&w, "p", "schedule") + world_count(&w, "p", "catchup"), 3);
    world_release(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_stop__tells_of_what_was_dropped_before_it_began),
        SM_TEST(test_finish__says_how_many_triggers_got_no_run_of_their_own),
        SM_TEST(test_catchup__makes_up_for_the_newest_slots_only),
        SM_TEST(test_catchup__leaves_out_none_where_others_are_skipped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
