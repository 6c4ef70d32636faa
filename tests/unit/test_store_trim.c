/* SPDX-License-Identifier: Apache-2.0 */
/* test_store_trim.c -- old rows go, a little at a time; what recovery needs stays. */
#include "tests/unit/store_fixture.h"

#include "runtime/base/clock.h"

static const int64_t ANY_AGE = INT64_MAX; /* everything is older */

static int64_t trim_all(store_fixture *f, sm_trim t, int64_t limit)
{
    int64_t total = 0;
    int64_t n;

    do {
        sm_assert_ok(sm_store_trim(f->s, &f->o, &t, limit, &n, &f->err), f->err);
        assert_true(n <= limit);
        total += n;
    } while (n == limit);
    return total;
}

static size_t count_batches(store_fixture *f)
{
    sm_batch_rec *list;
    size_t n;

    sm_assert_ok(
        sm_store_batches(f->s, f->o.pipeline, SM_SV("t"), 0, 0, 1000, f->a, &list, &n, &f->err),
        f->err);
    return n;
}

static void test_trim__keeps_the_newest_batches_and_those_with_actions(void **state)
{
    store_fixture f;
    sm_batch_rec b, found;
    sm_decision d = { .records = &b, .n_records = 1 };
    int64_t g, before;
    sm_trim t = { .before_ms = ANY_AGE, .keep_batches = 3 };

    (void)state;
    store_open(&f, "trim");
    g = store_generation(&f, "t");
    for (int64_t n = 0; n < 20; n++) {
        b = store_batch(g, n);
        if (n > 4) { /* nothing to publish since batch 4 */
            b.n_targets = 0;
            b.manifest = SM_SV("");
        }
        sm_assert_ok(sm_store_decide(f.s, &f.o, &d, &f.err), f.err);
        sm_assert_ok(store_done(&f, g, n), f.err);
    }
    assert_int_equal(trim_all(&f, (sm_trim){ .before_ms = 1 }, 100), 0);
    assert_int_equal(trim_all(&f, t, 4), 20 - 3 - 2);
    assert_int_equal(count_batches(&f), 5);
    sm_assert_ok(sm_store_last_with_actions(f.s, g, SM_SV("t"), f.a, &found, &before, &f.err),
                 f.err);
    assert_int_equal(found.n, 4);
    assert_int_equal(before, 3);
    assert_sv(found.manifest, "{\"add\":[]}");
    sm_assert_ok(store_decide(&f, g, 20, -1), f.err); /* numbers go on */
    store_close(&f);
}

static void test_trim__drops_runs_with_their_events_but_not_open_ones(void **state)
{
    store_fixture f;
    sm_event_filter all = { .limit = 0 };
    sm_event_rec *events;
    sm_run_rec *runs;
    size_t n;

    (void)state;
    store_open(&f, "trim");
    for (int i = 0; i < 6; i++) {
        sm_event_rec e = { .type = SM_SV("x"), .batch = -1 };
        sm_run_change c = {
            .events = &e, .n_events = 1, .set_state = i < 5, .state = SM_RUN_COMPLETED
        };

        c.run = e.run = store_run(&f);
        sm_assert_ok(sm_store_run_change(f.s, &f.o, &c, &f.err), f.err);
    }
    trim_all(&f, (sm_trim){ .before_ms = ANY_AGE, .keep_runs = 2 }, 3);
    sm_assert_ok(sm_store_runs(f.s, f.o.pipeline, 0, 0, f.a, &runs, &n, &f.err), f.err);
    assert_int_equal(n, 2);
    assert_int_equal(runs[0].number, 6);
    sm_assert_ok(sm_store_events_list(f.s, &all, f.a, &events, &n, &f.err), f.err);
    assert_int_equal(n, 2);
    assert_int_equal(store_run(&f), runs[0].id + 1);
    sm_assert_ok(sm_store_check(f.s, &f.err), f.err);
    store_close(&f);
}

/* A run of `cause` that has ended well. */
static int64_t ended_run(store_fixture *f, const char *cause)
{
    sm_run_rec r = { .state = SM_RUN_INITIALIZING, .cause = sm_sv_cstr(cause) };
    sm_event_rec e = { .type = SM_SV("run_finished"), .message = SM_SV(""), .batch = -1 };
    sm_run_change c = { .events = &e, .n_events = 1, .set_state = true, .state = SM_RUN_COMPLETED };

    sm_assert_ok(sm_store_run_create(f->s, &f->o, &r, &f->err), f->err);
    c.run = e.run = r.id;
    sm_assert_ok(sm_store_run_change(f->s, &f->o, &c, &f->err), f->err);
    return r.id;
}

static void test_trim__drops_runs_of_triggers_that_found_nothing(void **state)
{
    store_fixture f;
    sm_run_rec *runs;
    size_t n;
    int64_t g;
    sm_batch_rec b;
    sm_decision d = { .records = &b, .n_records = 1 };
    sm_trim t = { .before_ms = 1, .idle_before_ms = ANY_AGE, .keep_idle = 2 };

    (void)state;
    store_open(&f, "trim_idle");
    g = store_generation(&f, "t");
    (void)ended_run(&f, "manual");
    b = store_batch(g, 0);
    b.run = ended_run(&f, "interval"); /* it found something */
    sm_assert_ok(sm_store_decide(f.s, &f.o, &d, &f.err), f.err);
    for (int i = 0; i < 10; i++)
        (void)ended_run(&f, "interval");
    trim_all(&f, (sm_trim){ .before_ms = 1 }, 3);
    sm_assert_ok(sm_store_runs(f.s, f.o.pipeline, 0, 0, f.a, &runs, &n, &f.err), f.err);
    assert_int_equal(n, 12);
    trim_all(&f, t, 3);
    sm_assert_ok(sm_store_runs(f.s, f.o.pipeline, 0, 0, f.a, &runs, &n, &f.err), f.err);
    assert_int_equal(n, 4);
    assert_int_equal(runs[0].number, 12);
    assert_int_equal(runs[1].number, 11);
    assert_int_equal(runs[2].number, 2);
    assert_int_equal(runs[3].number, 1);
    store_close(&f);
}

static void test_trim__drops_files_of_old_generations_only(void **state)
{
    store_fixture f;
    sm_source_file files[5] = { { .path = SM_SV("a") },
                                { .path = SM_SV("b") },
                                { .path = SM_SV("c") },
                                { .path = SM_SV("d") },
                                { .path = SM_SV("e") } };
    sm_files_key old, current;
    int64_t last;

    (void)state;
    store_open(&f, "trim");
    old = (sm_files_key){ .generation = store_generation(&f, "t"), .source = SM_SV("raw") };
    sm_assert_ok(sm_store_files_add(f.s, &f.o, old, files, 5, &f.err), f.err);
    current = (sm_files_key){ .generation = store_generation(&f, "t"), .source = SM_SV("raw") };
    sm_assert_ok(sm_store_files_add(f.s, &f.o, current, files, 5, &f.err), f.err);
    assert_int_equal(trim_all(&f, (sm_trim){ .before_ms = ANY_AGE }, 2), 5);
    sm_assert_ok(sm_store_files_last(f.s, old, &last, &f.err), f.err);
    assert_int_equal(last, 0);
    sm_assert_ok(sm_store_files_last(f.s, current, &last, &f.err), f.err);
    assert_int_equal(last, 5);
    store_close(&f);
}

static void test_trim__events_of_a_run_that_goes_on_go_by_age(void **state)
{
    store_fixture f;
    sm_event_filter all = { .limit = 0 };
    sm_event_rec *events;
    int64_t run;
    size_t n;
    sm_trim t = { .live_before_ms = 1000 + 20 };

    (void)state;
    store_open(&f, "trim_live");
    run = store_run(&f);
    for (int64_t i = 0; i < 30; i++) {
        sm_event_rec e = { .type = SM_SV("x"), .batch = -1, .time_ms = 1000 + i, .run = run };
        sm_run_change c = { .run = run, .events = &e, .n_events = 1 };

        sm_assert_ok(sm_store_run_change(f.s, &f.o, &c, &f.err), f.err);
    }
    assert_int_equal(trim_all(&f, (sm_trim){ .before_ms = 1 }, 7), 0);
    assert_int_equal(trim_all(&f, t, 7), 20);
    sm_assert_ok(sm_store_events_list(f.s, &all, f.a, &events, &n, &f.err), f.err);
    assert_int_equal(n, 10);
    assert_int_equal(events[0].time_ms < events[9].time_ms ? events[0].time_ms : events[9].time_ms,
                     1020);
    t.live_before_ms = ANY_AGE;
    assert_int_equal(trim_all(&f, t, 7), 9); /* numbers of events go on */
    store_close(&f);
}

static void test_trim__old_batches_go_before_runs_do(void **state)
{
    store_fixture f;
    sm_batch_rec b;
    sm_decision d = { .records = &b, .n_records = 1 };
    sm_trim t = { .before_ms = 1, .live_before_ms = 5000, .keep_batches = 2 };
    int64_t g;

    (void)state;
    store_open(&f, "trim_batches");
    g = store_generation(&f, "t");
    for (int64_t n = 0; n < 20; n++) {
        sm_clock_set_ms(n < 10 ? 4000 : 6000);
        b = store_batch(g, n);
        sm_assert_ok(sm_store_decide(f.s, &f.o, &d, &f.err), f.err);
        sm_assert_ok(store_done(&f, g, n), f.err);
    }
    assert_int_equal(trim_all(&f, t, 3), 10);
    assert_int_equal(count_batches(&f), 10);
    sm_clock_set_ms(-1);
    store_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_trim__keeps_the_newest_batches_and_those_with_actions),
        SM_TEST(test_trim__drops_runs_with_their_events_but_not_open_ones),
        SM_TEST(test_trim__drops_runs_of_triggers_that_found_nothing),
        SM_TEST(test_trim__drops_files_of_old_generations_only),
        SM_TEST(test_trim__events_of_a_run_that_goes_on_go_by_age),
        SM_TEST(test_trim__old_batches_go_before_runs_do),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
