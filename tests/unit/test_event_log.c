/* SPDX-License-Identifier: Apache-2.0 */
/* test_event_log.c -- stored first, then told; followed without a gap. */
#include "tests/unit/store_fixture.h"

#include "runtime/base/thread.h"
#include "runtime/events/event_log.h"

#include <stdio.h>
#include <string.h>

typedef struct writer {
    store_fixture *f;
    sm_event_log log;
    int events;
} writer;

static void write_events(void *arg)
{
    writer *w = arg;
    sm_error err;

    for (int i = 0; i < w->events; i++) {
        sm_event_rec e = sm_event_make(SM_EVENT_source_warning, 0, SM_SV("something"));

        e.details = SM_SV("{\"reason\":\"r\"}");
        sm_assert_ok(sm_event_log_append(w->log, &w->f->o, &e, 1, &err), err);
    }
}

/* A follower sees every id once and in order, while another thread appends. */
static void follow(store_fixture *f, sm_store *store, writer *w)
{
    sm_event_log log = { .store = store, .bus = w->log.bus };
    sm_event_filter filter = { .limit = 10 };
    sm_thread *t;

    sm_assert_ok(sm_thread_start("write", write_events, w, &t, &f->err), f->err);
    while (filter.after_id < w->events) {
        sm_event_rec *events;
        size_t n;

        sm_assert_ok(sm_event_log_follow(log, &filter, 5000, f->a, &events, &n, &f->err), f->err);
        assert_true(n > 0 && n <= 10);
        for (size_t i = 0; i < n; i++)
            assert_int_equal(events[i].id, ++filter.after_id);
    }
    sm_thread_join(t);
}

static void test_follow__sees_every_event_of_this_process(void **state)
{
    store_fixture f;
    writer w;

    (void)state;
    store_open(&f, "log");
    w = (writer){ .f = &f, .log = { .store = f.s, .bus = sm_event_bus_new(0) }, .events = 200 };
    follow(&f, f.s, &w);
    assert_int_equal(sm_event_bus_last(w.log.bus), 200);
    sm_event_bus_free(w.log.bus);
    store_close(&f);
}

static void test_follow__sees_events_of_another_process(void **state)
{
    store_fixture f;
    sm_store *other;
    sm_event_bus *bus = sm_event_bus_new(0);
    sm_event_filter filter = { .least_level = SM_EVENT_WARN };
    sm_event_rec *events;
    size_t n;
    writer w;

    (void)state;
    store_open(&f, "log");
    other = store_again(&f, 0);
    w = (writer){ .f = &f, .log = { .store = f.s }, .events = 1 };
    write_events(&w);
    sm_assert_ok(sm_event_log_follow((sm_event_log){ .store = other, .bus = bus }, &filter, 5000,
                                     f.a, &events, &n, &f.err),
                 f.err);
    assert_int_equal(n, 1);
    sm_store_close(other);
    sm_event_bus_free(bus);
    store_close(&f);
}

static void test_follow__without_events_ends_with_its_time_or_the_bus(void **state)
{
    store_fixture f;
    sm_event_filter filter = { .limit = 0 };
    sm_event_bus *bus = sm_event_bus_new(0);
    sm_event_rec *events;
    size_t n = 1;

    (void)state;
    store_open(&f, "log");
    sm_assert_ok(sm_event_log_follow((sm_event_log){ .store = f.s, .bus = bus }, &filter, 5, f.a,
                                     &events, &n, &f.err),
                 f.err);
    assert_int_equal(n, 0);
    sm_event_bus_close(bus);
    sm_assert_ok(sm_event_log_follow((sm_event_log){ .store = f.s, .bus = bus }, &filter, 60000,
                                     f.a, &events, &n, &f.err),
                 f.err);
    assert_int_equal(n, 0);
    sm_event_bus_free(bus);
    store_close(&f);
}

static void test_append__that_fails_wakes_nobody(void **state)
{
    store_fixture f;
    sm_owner newer;
    sm_event_rec e = sm_event_make(SM_EVENT_user_action, 0, SM_SV("m"));
    sm_event_log log;

    (void)state;
    store_open(&f, "log");
    log = (sm_event_log){ .store = f.s, .bus = sm_event_bus_new(0) };
    sm_assert_ok(sm_store_acquire(f.s, SM_SV("iot"), SM_SV(""), &newer, NULL, &f.err), f.err);
    sm_assert_code(sm_event_log_append(log, &f.o, &e, 1, &f.err), SM_E_CONFLICT);
    assert_int_equal(sm_event_bus_last(log.bus), 0);
    sm_event_bus_free(log.bus);
    store_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_follow__sees_every_event_of_this_process),
        SM_TEST(test_follow__sees_events_of_another_process),
        SM_TEST(test_follow__without_events_ends_with_its_time_or_the_bus),
        SM_TEST(test_append__that_fails_wakes_nobody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
