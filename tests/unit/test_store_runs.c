/* SPDX-License-Identifier: Apache-2.0 */
/* test_store_runs.c -- runs: numbers, states, flows, dead processes. */
#include "tests/unit/store_fixture.h"

#include <string.h>

static sm_run_rec run(store_fixture *f, int64_t number)
{
    sm_run_rec r;

    sm_assert_ok(sm_store_run(f->s, f->o.pipeline, number, f->a, &r, &f->err), f->err);
    return r;
}

static sm_code move(store_fixture *f, int64_t id, sm_run_state state)
{
    sm_run_change c = { .run = id, .set_state = true, .state = state };

    return sm_store_run_change(f->s, &f->o, &c, &f->err);
}

static void test_runs__are_numbered_per_pipeline(void **state)
{
    store_fixture f;
    sm_run_rec r = { .state = SM_RUN_QUEUED,
                     .cause = SM_SV("manual"),
                     .commit = SM_SV("3f9a2c1"),
                     .selection = SM_SV("+gold"),
                     .options = SM_SV("{\"full_refresh\":[]}") };
    sm_run_rec *list;
    sm_owner other;
    size_t n;

    (void)state;
    store_open(&f, "runs");
    sm_assert_ok(sm_store_run_create(f.s, &f.o, &r, &f.err), f.err);
    assert_int_equal(r.number, 1);
    assert_int_equal(r.started_ms, 0);
    store_run(&f);
    sm_assert_ok(sm_store_acquire(f.s, SM_SV("other"), SM_SV(""), &other, NULL, &f.err), f.err);
    r = (sm_run_rec){ .state = SM_RUN_RUNNING, .cause = SM_SV("schedule") };
    sm_assert_ok(sm_store_run_create(f.s, &other, &r, &f.err), f.err);
    assert_int_equal(r.number, 1);
    sm_assert_ok(sm_store_runs(f.s, f.o.pipeline, 0, 0, f.a, &list, &n, &f.err), f.err);
    assert_int_equal(n, 2);
    assert_int_equal(list[0].number, 2);
    assert_sv(list[1].commit, "3f9a2c1");
    assert_sv(list[1].selection, "+gold");
    assert_sv(list[1].options, "{\"full_refresh\":[]}");
    sm_assert_ok(sm_store_runs(f.s, f.o.pipeline, 2, 0, f.a, &list, &n, &f.err), f.err);
    assert_int_equal(n, 1);
    assert_int_equal(run(&f, 0).number, 2);
    sm_assert_code(sm_store_run(f.s, f.o.pipeline, 9, f.a, &r, &f.err), SM_E_NOT_FOUND);
    store_close(&f);
}

static void test_states__move_to_the_right_and_end(void **state)
{
    store_fixture f;
    sm_run_change c;
    int64_t id;

    (void)state;
    store_open(&f, "runs");
    id = store_run(&f);
    sm_assert_code(move(&f, id, SM_RUN_INITIALIZING), SM_E_INVALID);
    sm_assert_ok(move(&f, id, SM_RUN_STOPPING), f.err);
    assert_int_equal(run(&f, 1).ended_ms, 0);
    c = (sm_run_change){ .run = id,
                         .set_state = true,
                         .state = SM_RUN_COMPLETED,
                         .warnings = true,
                         .summary = SM_SV("{\"tables\":3}") };
    sm_assert_ok(sm_store_run_change(f.s, &f.o, &c, &f.err), f.err);
    assert_int_equal(run(&f, 1).state, SM_RUN_COMPLETED);
    assert_true(run(&f, 1).warnings);
    assert_true(run(&f, 1).ended_ms > 0);
    assert_sv(run(&f, 1).summary, "{\"tables\":3}");
    sm_assert_code(move(&f, id, SM_RUN_FAILED), SM_E_INVALID);
    sm_test_contains(f.err.msg, "has ended");
    sm_assert_code(move(&f, 77, SM_RUN_FAILED), SM_E_INVALID);
    store_close(&f);
}

static void test_flows__keep_their_order_and_their_newest_values(void **state)
{
    store_fixture f;
    sm_run_flow_rec flows[3] = {
        { .flow = SM_SV("silver"), .dataset = SM_SV("silver") },
        { .flow = SM_SV("bronze"), .dataset = SM_SV("bronze"), .state = SM_RUN_FLOW_RUNNING },
        { .flow = SM_SV("gold"), .dataset = SM_SV("gold"), .state = SM_RUN_FLOW_EXCLUDED },
    };
    sm_run_flow_rec *list;
    sm_run_change c;
    size_t n;

    (void)state;
    store_open(&f, "runs");
    c = (sm_run_change){ .run = store_run(&f), .flows = flows, .n_flows = 3 };
    sm_assert_ok(sm_store_run_change(f.s, &f.o, &c, &f.err), f.err);
    flows[0].state = SM_RUN_FLOW_SKIPPED;
    flows[0].reason = SM_SV("upstream bronze failed");
    flows[1].state = SM_RUN_FLOW_FAILED;
    flows[1].error = SM_SV("no such file");
    flows[1].counters = SM_SV("{\"read\":7}");
    c.n_flows = 2;
    sm_assert_ok(sm_store_run_change(f.s, &f.o, &c, &f.err), f.err);
    sm_assert_ok(sm_store_run_flows(f.s, c.run, f.a, &list, &n, &f.err), f.err);
    assert_int_equal(n, 3);
    assert_sv(list[0].flow, "silver");
    assert_int_equal(list[0].state, SM_RUN_FLOW_SKIPPED);
    assert_sv(list[0].reason, "upstream bronze failed");
    assert_sv(list[1].error, "no such file");
    assert_sv(list[1].counters, "{\"read\":7}");
    store_close(&f);
}

static void test_flow_states__are_those_of_the_last_run_that_took_part(void **state)
{
    store_fixture f;
    sm_run_flow_rec flows[2] = {
        { .flow = SM_SV("a"), .dataset = SM_SV("a"), .state = SM_RUN_FLOW_FAILED },
        { .flow = SM_SV("b"), .dataset = SM_SV("b"), .state = SM_RUN_FLOW_SUCCEEDED },
    };
    sm_run_flow_rec *list;
    sm_run_change c = { .flows = flows, .n_flows = 2 };
    size_t n;

    (void)state;
    store_open(&f, "runs");
    c.run = store_run(&f);
    sm_assert_ok(sm_store_run_change(f.s, &f.o, &c, &f.err), f.err);
    c.run = store_run(&f);
    flows[0].state = SM_RUN_FLOW_EXCLUDED;
    flows[1].state = SM_RUN_FLOW_IDLE;
    sm_assert_ok(sm_store_run_change(f.s, &f.o, &c, &f.err), f.err);
    sm_assert_ok(sm_store_flow_states(f.s, f.o.pipeline, f.a, &list, &n, &f.err), f.err);
    assert_int_equal(n, 2);
    assert_int_equal(list[0].state, SM_RUN_FLOW_FAILED);
    assert_int_equal(list[1].state, SM_RUN_FLOW_IDLE);
    store_close(&f);
}

static void test_acquire__closes_the_runs_of_a_dead_process(void **state)
{
    store_fixture f;
    sm_run_flow_rec flow = { .flow = SM_SV("a"),
                             .dataset = SM_SV("a"),
                             .state = SM_RUN_FLOW_RUNNING };
    sm_run_flow_rec *list;
    sm_run_change c = { .flows = &flow, .n_flows = 1 };
    sm_event_filter filter = { .type = SM_SV("run_finished") };
    sm_event_rec *events;
    int64_t closed;
    size_t n;

    (void)state;
    store_open(&f, "runs");
    c.run = store_run(&f);
    sm_assert_ok(sm_store_run_change(f.s, &f.o, &c, &f.err), f.err);
    store_run(&f);
    sm_assert_ok(sm_store_acquire(f.s, SM_SV("iot"), SM_SV(""), &f.o, &closed, &f.err), f.err);
    assert_int_equal(closed, 2);
    assert_int_equal(run(&f, 1).state, SM_RUN_FAILED);
    assert_sv(run(&f, 1).error, "the process ended");
    assert_true(run(&f, 1).ended_ms > 0);
    sm_assert_ok(sm_store_run_flows(f.s, c.run, f.a, &list, &n, &f.err), f.err);
    assert_int_equal(list[0].state, SM_RUN_FLOW_FAILED);
    sm_assert_ok(sm_store_events_list(f.s, &filter, f.a, &events, &n, &f.err), f.err);
    assert_int_equal(n, 2);
    assert_sv(events[0].details, "{\"number\":1,\"state\":\"failed\"}");
    sm_assert_ok(sm_store_acquire(f.s, SM_SV("iot"), SM_SV(""), &f.o, &closed, &f.err), f.err);
    assert_int_equal(closed, 0);
    store_close(&f);
}

static void test_stop__is_asked_of_the_run_that_goes_on_and_once(void **state)
{
    store_fixture f;
    int64_t id, going;
    bool asked;
    sm_sv by;

    (void)state;
    store_open(&f, "runs");
    sm_assert_ok(sm_store_run_going(f.s, SM_SV("iot"), &going, &f.err), f.err);
    assert_int_equal(going, 0); /* nothing runs */
    id = store_run(&f);
    sm_assert_ok(sm_store_run_going(f.s, SM_SV("iot"), &going, &f.err), f.err);
    assert_int_equal(going, id);
    sm_assert_ok(sm_store_run_going(f.s, SM_SV("other"), &going, &f.err), f.err);
    assert_int_equal(going, 0);
    sm_assert_ok(sm_store_run_stop(f.s, id, f.a, &by, &f.err), f.err);
    assert_int_equal(by.len, 0);
    sm_assert_ok(sm_store_run_ask_stop(f.s, id + 1, SM_SV("me"), &asked, &f.err), f.err);
    assert_false(asked);
    sm_assert_ok(sm_store_run_ask_stop(f.s, id, SM_SV("me"), &asked, &f.err), f.err);
    assert_true(asked);
    sm_assert_ok(sm_store_run_ask_stop(f.s, id, SM_SV("you"), &asked, &f.err), f.err);
    assert_false(asked);
    sm_assert_ok(sm_store_run_stop(f.s, id, f.a, &by, &f.err), f.err);
    assert_sv(by, "me");
    store_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_runs__are_numbered_per_pipeline),
        SM_TEST(test_states__move_to_the_right_and_end),
        SM_TEST(test_flows__keep_their_order_and_their_newest_values),
        SM_TEST(test_flow_states__are_those_of_the_last_run_that_took_part),
        SM_TEST(test_acquire__closes_the_runs_of_a_dead_process),
        SM_TEST(test_stop__is_asked_of_the_run_that_goes_on_and_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
