/* SPDX-License-Identifier: Apache-2.0 */
/* test_scheduler.c -- triggers, queue, concurrency, retries and pauses, with a clock that is moved.
 */
#include "tests/support/test.h"
#include "tests/unit/schedule_world.h"
#include "tests/unit/store_fixture.h"

#include "runtime/store/store_schedule.h"

static const sm_trigger now_once[] = { { .kind = SM_TRIGGER_AVAILABLE_NOW } };
static const sm_trigger every_10s[] = { { .kind = SM_TRIGGER_INTERVAL,
                                          .interval_ms = 10 * SECOND } };

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

static sm_code unreachable(world *w, const sm_run_order *o, int attempt)
{
    (void)w;
    (void)o;
    (void)attempt;
    return SM_E_REMOTE;
}

static sm_code reachable_at_last(world *w, const sm_run_order *o, int attempt)
{
    (void)w;
    (void)o;
    return attempt < 3 ? SM_E_REMOTE : SM_OK;
}

static sm_code breaks_a_rule(world *w, const sm_run_order *o, int attempt)
{
    (void)w;
    (void)o;
    (void)attempt;
    return SM_E_RULE;
}

/* ---- triggers -------------------------------------------------------------------- */

static void test_available_now__runs_once_and_then_for_a_person(void **state)
{
    world w;

    (void)state;
    world_init(&w, 0);
    deploy(&w, schedule("p", now_once, 1));
    world_pass(&w, HOUR);
    assert_int_equal(world_count(&w, "p", "available_now"), 1);
    world_order(&w, "p");
    world_pass(&w, HOUR);
    assert_int_equal(world_count(&w, "p", "manual"), 1);
    assert_int_equal(w.n_runs, 2);
    world_release(&w);
}

static void test_available_now__runs_again_when_the_definition_is_another(void **state)
{
    sm_schedule c = schedule("p", now_once, 1);
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
    world_release(&w);
}

static void test_interval__counts_from_start_to_start(void **state)
{
    world w;

    (void)state;
    world_init(&w, 0);
    deploy(&w, schedule("p", every_10s, 1));
    world_pass(&w, MINUTE);
    assert_int_equal(world_count(&w, "p", "interval"), 7);
    for (size_t i = 0; i < w.n_runs; i++)
        assert_int_equal(w.runs[i].from, (int64_t)i * 10 * SECOND);
    world_release(&w);
}

static void test_interval__does_not_mind_that_the_clock_is_set(void **state)
{
    world w;

    (void)state;
    world_init(&w, 100 * HOUR);
    deploy(&w, schedule("p", every_10s, 1));
    world_pass(&w, MINUTE);
    world_set_clock(&w, 0);
    world_pass(&w, MINUTE);
    assert_int_equal(w.n_runs, 13);
    world_release(&w);
}

static void test_interval__goes_on_over_a_deployment(void **state)
{
    world w;

    (void)state;
    world_init(&w, 0);
    deploy(&w, schedule("p", every_10s, 1));
    world_pass(&w, 5 * SECOND);
    deploy(&w, schedule("p", every_10s, 1));
    world_pass(&w, 10 * SECOND);
    assert_int_equal(w.n_runs, 2);
    assert_int_equal(w.runs[1].from, 10 * SECOND);
    world_release(&w);
}

static void test_deploy__drops_what_waits_and_finishes_what_runs(void **state)
{
    sm_schedule other = schedule("q", now_once, 1);
    int64_t ticket;
    sm_order_result r;
    sm_error err;
    world w;

    (void)state;
    world_init(&w, 0);
    w.lasts = lasts_25s;
    deploy(&w, schedule("p", every_10s, 1));
    world_pass(&w, SECOND);
    ticket = world_order(&w, "p");
    deploy(&w, other);
    world_pass(&w, HOUR);
    assert_int_equal(world_count(&w, "p", NULL), 1);
    assert_int_equal(w.runs[0].code, SM_OK);
    assert_int_equal(world_count(&w, "q", NULL), 1);
    sm_assert_ok(sm_scheduler_wait(w.s, ticket, 0, &r, &err), err);
    assert_int_equal(r.error.code, SM_E_CANCELLED);
    assert_int_equal(r.run, 0);
    assert_int_equal(r.exit_code, WORLD_EXIT + SM_E_CANCELLED); /* no run is not success */
    world_release(&w);
}

/* ---- concurrency ----------------------------------------------------------------- */

static void test_queue__one_run_of_a_trigger_waits(void **state)
{
    world w;

    (void)state;
    world_init(&w, 0);
    w.lasts = lasts_25s;
    deploy(&w, schedule("p", every_10s, 1));
    world_pass(&w, 100 * SECOND);
    assert_int_equal(w.n_runs, 5); /* back to back */
    world_check(&w);
    world_release(&w);
}

static void test_skip__leaves_out_what_comes_while_it_is_at_work(void **state)
{
    sm_run_order o = { .pipeline = SM_SV("p"), .cause = SM_SV("manual") };
    sm_schedule c = schedule("p", every_10s, 1);
    int64_t ticket;
    sm_error err;
    world w;

    (void)state;
    world_init(&w, 0);
    w.lasts = lasts_25s;
    c.concurrency = SM_CONCURRENCY_SKIP;
    deploy(&w, c);
    world_pass(&w, 5 * SECOND);
    assert_int_equal(sm_scheduler_submit(w.s, &o, &ticket, &err), SM_E_CONFLICT);
    world_pass(&w, 95 * SECOND);
    assert_int_equal(w.n_runs, 4);
    for (size_t i = 0; i < w.n_runs; i++)
        assert_int_equal(w.runs[i].from, (int64_t)i * 30 * SECOND);
    world_release(&w);
}

static void test_cancel__takes_the_place_of_what_runs(void **state)
{
    sm_schedule c = schedule("p", every_10s, 1);
    world w;

    (void)state;
    world_init(&w, 0);
    w.lasts = lasts_25s;
    c.concurrency = SM_CONCURRENCY_CANCEL;
    deploy(&w, c);
    world_pass(&w, 45 * SECOND);
    assert_int_equal(w.n_runs, 5);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(w.runs[i].code, SM_E_CANCELLED);
        assert_int_equal(w.runs[i].until, (int64_t)(i + 1) * 10 * SECOND);
    }
    world_check(&w);
    world_release(&w);
}

static void test_another_process__is_waited_for(void **state)
{
    sm_arena *a = sm_arena_new("test");
    world w;

    (void)state;
    world_init(&w, 0);
    deploy(&w, schedule("p", now_once, 1));
    w.held = true;
    world_pass(&w, MINUTE);
    assert_int_equal(w.n_runs, 0);
    assert_string_equal(world_state(&w, "p", a).doing, "queued");
    w.held = false;
    world_pass(&w, 2 * SECOND);
    assert_int_equal(w.n_runs, 1);
    sm_arena_free(a);
    world_release(&w);
}

static void test_another_process__is_stopped_for_a_run_that_takes_its_place(void **state)
{
    static const struct {
        sm_concurrency concurrency;
        bool held;
        int stops;
    } rows[] = { { SM_CONCURRENCY_CANCEL, true, 1 },
                 { SM_CONCURRENCY_CANCEL, false, 0 },
                 { SM_CONCURRENCY_QUEUE, true, 0 },
                 { SM_CONCURRENCY_SKIP, true, 0 } };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        sm_schedule c = schedule("p", now_once, 1);
        world w;

        world_init(&w, 0);
        c.concurrency = rows[i].concurrency;
        deploy(&w, c);
        w.held = rows[i].held;
        world_pass(&w, 1);
        world_look(&w);
        assert_int_equal(w.stops, rows[i].stops);
        w.held = false;
        world_pass(&w, 2 * SECOND);
        world_look(&w);
        assert_int_equal(w.stops, rows[i].stops);
        world_release(&w);
    }
}

static void test_another_process__makes_a_trigger_skip(void **state)
{
    sm_schedule c = schedule("p", every_10s, 1);
    world w;

    (void)state;
    world_init(&w, 0);
    c.concurrency = SM_CONCURRENCY_SKIP;
    deploy(&w, c);
    w.held = true;
    world_pass(&w, 35 * SECOND);
    w.held = false;
    world_pass(&w, 10 * SECOND);
    assert_int_equal(w.n_runs, 1);
    assert_int_equal(w.runs[0].from, 40 * SECOND);
    world_release(&w);
}

static void test_submit__has_an_end(void **state)
{
    sm_run_order o = { .pipeline = SM_SV("p"), .cause = SM_SV("manual") };
    int64_t ticket;
    sm_error err;
    world w;

    (void)state;
    world_init(&w, 0);
    deploy(&w, schedule("p", NULL, 0));
    for (int i = 0; i < SM_SCHEDULE_QUEUE_MAX; i++)
        world_order(&w, "p");
    assert_int_equal(sm_scheduler_submit(w.s, &o, &ticket, &err), SM_E_LIMIT);
    o.pipeline = SM_SV("q");
    assert_int_equal(sm_scheduler_submit(w.s, &o, &ticket, &err), SM_E_NOT_FOUND);
    world_release(&w);
}

/* ---- retries --------------------------------------------------------------------- */

static void test_retry__backs_off_and_gives_up(void **state)
{
    int64_t ticket;
    sm_order_result r;
    sm_error err;
    world w;

    (void)state;
    world_init(&w, 0);
    w.ends = unreachable;
    deploy(&w, schedule("p", NULL, 0));
    ticket = world_order(&w, "p");
    world_pass(&w, 2 * SECOND);
    assert_int_equal(sm_scheduler_wait(w.s, ticket, 0, &r, &err), SM_E_TIMEOUT);
    world_pass(&w, HOUR);
    assert_int_equal(w.n_runs, 3);
    assert_string_equal(w.runs[1].cause, "retry");
    assert_in_range(w.runs[1].from - w.runs[0].until, 4 * SECOND, 6 * SECOND);
    assert_in_range(w.runs[2].from - w.runs[1].until, 8 * SECOND, 12 * SECOND);
    sm_assert_ok(sm_scheduler_wait(w.s, ticket, 0, &r, &err), err);
    assert_int_equal(r.error.code, SM_E_REMOTE);
    assert_int_equal(r.exit_code, WORLD_EXIT + SM_E_REMOTE);
    assert_int_equal(r.run, 3);
    world_release(&w);
}

static void test_retry__heals(void **state)
{
    int64_t ticket;
    sm_order_result r;
    sm_error err;
    world w;

    (void)state;
    world_init(&w, 0);
    w.ends = reachable_at_last;
    deploy(&w, schedule("p", NULL, 0));
    ticket = world_order(&w, "p");
    world_pass(&w, HOUR);
    sm_assert_ok(sm_scheduler_wait(w.s, ticket, 0, &r, &err), err);
    assert_int_equal(r.error.code, SM_OK);
    assert_int_equal(w.n_runs, 3);
    world_release(&w);
}

static void test_retry__is_not_for_what_is_wrong_itself(void **state)
{
    world w;

    (void)state;
    world_init(&w, 0);
    w.ends = breaks_a_rule;
    deploy(&w, schedule("p", NULL, 0));
    world_order(&w, "p");
    world_pass(&w, HOUR);
    assert_int_equal(w.n_runs, 1);
    world_release(&w);
}

static sm_code not_mounted(world *w, const sm_run_order *o, int attempt)
{
    (void)w;
    (void)o;
    return attempt < 2 ? SM_E_NOT_FOUND : SM_OK;
}

static void test_retry__is_for_what_is_not_there_yet(void **state)
{
    world w;

    (void)state;
    world_init(&w, 0);
    w.ends = not_mounted;
    deploy(&w, schedule("p", NULL, 0));
    world_order(&w, "p");
    world_pass(&w, HOUR);
    assert_int_equal(w.n_runs, 2);
    assert_int_equal(w.runs[1].code, SM_OK);
    world_release(&w);
}

static void test_retry__waits_for_its_time_when_the_trigger_fires(void **state)
{
    sm_schedule c = schedule("p", every_10s, 1);
    world w;

    (void)state;
    world_init(&w, 0);
    w.ends = unreachable;
    c.backoff_ms = MINUTE;
    deploy(&w, c);
    world_pass(&w, 45 * SECOND);
    assert_int_equal(w.n_runs, 1);
    world_order(&w, "p"); /* a person does not wait */
    world_pass(&w, 2 * SECOND);
    assert_int_equal(w.n_runs, 2);
    world_release(&w);
}

static void test_stop__ends_the_run_and_drops_what_waits(void **state)
{
    int64_t ticket;
    bool any;
    sm_order_result r;
    sm_error err;
    world w;

    (void)state;
    world_init(&w, 0);
    w.lasts = lasts_25s;
    w.ends = unreachable;
    deploy(&w, schedule("p", NULL, 0));
    world_order(&w, "p");
    ticket = world_order(&w, "p");
    world_pass(&w, SECOND);
    sm_assert_ok(sm_scheduler_stop(w.s, SM_SV("p"), SM_SV(""), &any, &err), err);
    assert_true(any);
    world_pass(&w, HOUR);
    assert_int_equal(w.n_runs, 1);
    assert_int_equal(w.runs[0].code, SM_E_CANCELLED);
    sm_assert_ok(sm_scheduler_wait(w.s, ticket, 0, &r, &err), err);
    assert_int_equal(r.state, SM_RUN_CANCELED);
    assert_int_equal(r.exit_code, WORLD_EXIT + SM_E_CANCELLED);
    sm_assert_ok(sm_scheduler_stop(w.s, SM_SV("p"), SM_SV(""), &any, &err), err);
    assert_false(any);
    world_release(&w);
}

/* ---- pause and state ------------------------------------------------------------- */

static void test_pause__keeps_triggers_and_not_people(void **state)
{
    sm_arena *a = sm_arena_new("test");
    sm_error err;
    world w;

    (void)state;
    world_init(&w, 0);
    deploy(&w, schedule("p", every_10s, 1));
    sm_assert_ok(sm_scheduler_pause(w.s, SM_SV("p"), SM_SV("ada"), &err), err);
    world_pass(&w, MINUTE);
    assert_int_equal(w.n_runs, 0);
    assert_true(sm_sv_eq_str(world_state(&w, "p", a).paused_by, "ada"));
    assert_int_equal(world_state(&w, "p", a).next_due_ms, 0);
    world_order(&w, "p");
    world_pass(&w, MINUTE);
    assert_int_equal(w.n_runs, 1);
    sm_assert_ok(sm_scheduler_resume(w.s, SM_SV("p"), SM_SV("ada"), &err), err);
    world_pass(&w, 5 * SECOND);
    assert_int_equal(w.n_runs, 2);
    sm_arena_free(a);
    world_release(&w);
}

static void test_resume__does_not_undo_what_the_file_says(void **state)
{
    sm_schedule c = schedule("p", every_10s, 1);
    sm_error err;
    world w;

    (void)state;
    world_init(&w, 0);
    c.paused = true;
    deploy(&w, c);
    world_pass(&w, MINUTE);
    assert_int_equal(w.n_runs, 0);
    assert_int_equal(sm_scheduler_resume(w.s, SM_SV("p"), SM_SV(""), &err), SM_E_CONFLICT);
    world_release(&w);
}

static void test_states__say_what_is_going_on(void **state)
{
    sm_arena *a = sm_arena_new("test");
    sm_schedule_state st;
    world w;

    (void)state;
    world_init(&w, 0);
    w.lasts = lasts_25s;
    deploy(&w, schedule("p", every_10s, 1));
    world_pass(&w, 15 * SECOND);
    st = world_state(&w, "p", a);
    assert_string_equal(st.doing, "running");
    assert_true(sm_sv_eq_str(st.cause, "interval"));
    assert_int_equal(st.queued, 1);
    assert_int_equal(st.attempt, 1);
    assert_int_equal(st.next_due_ms, 20 * SECOND);
    assert_true(sm_sv_eq_str(st.next_cause, "interval"));
    sm_arena_free(a);
    world_release(&w);
}

static void test_states__say_what_is_waited_for_without_a_time(void **state)
{
    static const struct {
        sm_trigger_kind kind;
        const char *cause;
    } rows[] = {
        { SM_TRIGGER_FILE_ARRIVAL, "file_arrival" },
        { SM_TRIGGER_TABLE_UPDATED, "table_updated" },
        { SM_TRIGGER_WEBHOOK, "webhook" },
        { SM_TRIGGER_CONTINUOUS, "continuous" },
        { SM_TRIGGER_AVAILABLE_NOW, "" },
    };
    sm_arena *a = sm_arena_new("test");

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        sm_trigger t = { .kind = rows[i].kind, .watch = SM_SV("x") };
        sm_schedule_state st;
        world w;

        world_init(&w, 0);
        w.lasts = rows[i].kind == SM_TRIGGER_CONTINUOUS ? lasts_25s : w.lasts;
        deploy(&w, schedule("p", &t, 1));
        world_pass(&w, 10 * SECOND);
        st = world_state(&w, "p", a);
        assert_int_equal(st.next_due_ms, 0);
        assert_string_equal(sm_arena_cstr(a, st.next_cause), rows[i].cause);
        world_release(&w);
    }
    sm_arena_free(a);
}

static void test_workers__are_shared_by_all_pipelines(void **state)
{
    enum { PIPELINES = 10 };
    sm_schedule list[PIPELINES];
    char names[PIPELINES][16];
    world w;

    (void)state;
    world_init(&w, 0);
    w.lasts = lasts_25s;
    for (int i = 0; i < PIPELINES; i++) {
        snprintf(names[i], sizeof names[i], "p%d", i);
        list[i] = schedule(names[i], now_once, 1);
    }
    sm_scheduler_deploy(w.s, list, PIPELINES);
    world_pass(&w, SECOND);
    assert_int_equal(w.n_at_work, WORLD_WORKERS);
    world_pass(&w, 80 * SECOND);
    assert_int_equal(w.n_runs, PIPELINES);
    assert_int_equal(w.n_at_work, 0);
    world_release(&w);
}

/* ---- threads --------------------------------------------------------------------- */

static sm_code execute(void *ctx, const sm_run_order *o, sm_cancel *c, sm_order_result *out,
                       sm_error *err)
{
    (void)o;
    (void)c;
    (void)err;
    out->run = sm_atomic_add(ctx, 1) + 1;
    out->state = SM_RUN_COMPLETED;
    return SM_OK;
}

static void test_threads__run_orders_and_end(void **state)
{
    enum { ORDERS = 20 };
    sm_atomic n = { 0 };
    sm_scheduler_config config = { .execute = execute, .ctx = &n, .workers = 3 };
    sm_scheduler *s = sm_scheduler_new(&config);
    sm_schedule c = schedule("p", NULL, 0);
    sm_run_order o = { .pipeline = SM_SV("p"), .cause = SM_SV("manual") };
    int64_t tickets[ORDERS];
    sm_order_result r;
    sm_error err;

    (void)state;
    sm_scheduler_deploy(s, &c, 1);
    sm_assert_ok(sm_scheduler_start(s, &err), err);
    for (int i = 0; i < ORDERS; i++)
        sm_assert_ok(sm_scheduler_submit(s, &o, &tickets[i], &err), err);
    for (int i = 0; i < ORDERS; i++) {
        sm_assert_ok(sm_scheduler_wait(s, tickets[i], 60 * SECOND, &r, &err), err);
        assert_int_equal(r.run, i + 1); /* one after the other */
    }
    sm_scheduler_drain(s);
    assert_int_equal(sm_scheduler_submit(s, &o, &tickets[0], &err), SM_E_CANCELLED);
    sm_scheduler_free(s);
}

typedef struct endless {
    sm_scheduler *s;
    int64_t ticket;
    sm_atomic begun, asked, released;
    sm_code waited;
} endless;

static void await(const sm_atomic *a)
{
    while (sm_atomic_get(a) == 0)
        continue;
}

static void heard(void *arg)
{
    (void)sm_atomic_add(arg, 1);
}

static sm_code run_until_asked(void *ctx, const sm_run_order *o, sm_cancel *c, sm_order_result *out,
                               sm_error *err)
{
    endless *e = ctx;

    (void)o;
    sm_cancel_bind(c, heard, &e->asked);
    (void)sm_atomic_add(&e->begun, 1);
    await(&e->asked);
    await(&e->released);
    sm_cancel_unbind(c);
    out->state = SM_RUN_CANCELED;
    return sm_fail(err, SM_E_CANCELLED, 0, "stopped");
}

static void wait_long(void *arg)
{
    endless *e = arg;
    sm_order_result r;
    sm_error err;

    e->waited = sm_scheduler_wait(e->s, e->ticket, 60 * 60 * SECOND, &r, &err);
}

/* As a request to the server is, which has to be answered before the server can end. */
static void test_ask_to_end__reaches_runs_and_those_who_wait_without_waiting(void **state)
{
    endless e = { .waited = SM_OK };
    sm_scheduler_config config = { .execute = run_until_asked, .ctx = &e, .workers = 1 };
    sm_schedule c = schedule("p", NULL, 0);
    sm_run_order o = { .pipeline = SM_SV("p"), .cause = SM_SV("manual") };
    sm_thread *waiter;
    sm_error err;

    (void)state;
    e.s = sm_scheduler_new(&config);
    sm_scheduler_deploy(e.s, &c, 1);
    sm_assert_ok(sm_scheduler_start(e.s, &err), err);
    sm_assert_ok(sm_scheduler_submit(e.s, &o, &e.ticket, &err), err);
    await(&e.begun);
    sm_assert_ok(sm_thread_start("waiter", wait_long, &e, &waiter, &err), err);
    sm_scheduler_ask_to_end(e.s);
    sm_thread_join(waiter);
    sm_assert_code(e.waited, SM_E_TIMEOUT);
    await(&e.asked);
    sm_atomic_set(&e.released, 1);
    sm_scheduler_drain(e.s);
    sm_scheduler_free(e.s);
}

static int64_t noon(void *ctx)
{
    (void)ctx;
    return INT64_C(1767268800000);
}

static void hear_refusal(void *ctx, const sm_run_order *o, const sm_order_result *r)
{
    (void)o;
    sm_atomic_set(ctx, (int64_t)r->error.code);
}

/* Another server took it between the moment that it was fired and now. */
static void test_slot__that_had_its_run_has_no_other_and_is_told(void **state)
{
    sm_atomic told = { 0 }, n = { 0 };
    sm_scheduler_config config = { .execute = execute,
                                   .ctx = &n,
                                   .workers = 1,
                                   .ended = hear_refusal,
                                   .ended_ctx = &told,
                                   .clock = { .wall_ms = noon } };
    sm_trigger t = { .kind = SM_TRIGGER_SCHEDULE };
    sm_schedule c = schedule("p", &t, 1);
    sm_scheduler *s = sm_scheduler_new(&config);
    store_fixture f;
    size_t where;

    (void)state;
    store_open(&f, "schedule_told");
    sm_assert_ok(sm_cron_parse(SM_SV("0 * * * *"), &t.cron, &where, &f.err), f.err);
    c.store = f.s;
    sm_assert_ok(sm_store_schedule_slot(f.s, SM_SV("p"), noon(NULL) - HOUR, noon(NULL), &f.err),
                 f.err);
    sm_scheduler_deploy(s, &c, 1); /* the slot of noon is due */
    sm_assert_ok(sm_store_schedule_slot(f.s, SM_SV("p"), noon(NULL), noon(NULL), &f.err), f.err);
    sm_assert_ok(sm_scheduler_start(s, &f.err), f.err);
    await(&told);
    assert_int_equal(sm_atomic_get(&told), SM_E_CONFLICT);
    assert_int_equal(sm_atomic_get(&n), 0);
    sm_scheduler_drain(s);
    sm_scheduler_free(s);
    store_close(&f);
}

/* What comes after a turn and before its thread sleeps would wait for half a minute. */
static void test_turn__knows_what_came_since(void **state)
{
    world w;

    (void)state;
    world_init(&w, 0);
    deploy(&w, schedule("p", NULL, 0));
    (void)sm_scheduler__turn(w.s);
    assert_false(w.s->changed);
    world_order(&w, "p");
    assert_true(w.s->changed);
    world_pass(&w, MINUTE);
    assert_false(w.s->changed);
    world_release(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_available_now__runs_once_and_then_for_a_person),
        cmocka_unit_test(test_available_now__runs_again_when_the_definition_is_another),
        cmocka_unit_test(test_interval__counts_from_start_to_start),
        cmocka_unit_test(test_interval__does_not_mind_that_the_clock_is_set),
        cmocka_unit_test(test_interval__goes_on_over_a_deployment),
        cmocka_unit_test(test_deploy__drops_what_waits_and_finishes_what_runs),
        cmocka_unit_test(test_queue__one_run_of_a_trigger_waits),
        cmocka_unit_test(test_skip__leaves_out_what_comes_while_it_is_at_work),
        cmocka_unit_test(test_cancel__takes_the_place_of_what_runs),
        cmocka_unit_test(test_another_process__is_waited_for),
        cmocka_unit_test(test_another_process__is_stopped_for_a_run_that_takes_its_place),
        cmocka_unit_test(test_another_process__makes_a_trigger_skip),
        cmocka_unit_test(test_submit__has_an_end),
        cmocka_unit_test(test_retry__backs_off_and_gives_up),
        cmocka_unit_test(test_retry__heals),
        cmocka_unit_test(test_retry__is_not_for_what_is_wrong_itself),
        cmocka_unit_test(test_retry__waits_for_its_time_when_the_trigger_fires),
        cmocka_unit_test(test_stop__ends_the_run_and_drops_what_waits),
        cmocka_unit_test(test_pause__keeps_triggers_and_not_people),
        cmocka_unit_test(test_resume__does_not_undo_what_the_file_says),
        cmocka_unit_test(test_states__say_what_is_going_on),
        cmocka_unit_test(test_retry__is_for_what_is_not_there_yet),
        cmocka_unit_test(test_states__say_what_is_waited_for_without_a_time),
        cmocka_unit_test(test_workers__are_shared_by_all_pipelines),
        cmocka_unit_test(test_turn__knows_what_came_since),
        cmocka_unit_test(test_slot__that_had_its_run_has_no_other_and_is_told),
        cmocka_unit_test(test_threads__run_orders_and_end),
        cmocka_unit_test(test_ask_to_end__reaches_runs_and_those_who_wait_without_waiting),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
