/* SPDX-License-Identifier: Apache-2.0 */
/* test_event_bus.c -- waking and waiting. */
#include "tests/support/test.h"

#include "runtime/base/thread.h"
#include "runtime/events/event_bus.h"

static void test_wait__returns_at_once_when_something_is_there(void **state)
{
    sm_event_bus *bus = sm_event_bus_new(5);

    (void)state;
    assert_true(sm_event_bus_wait(bus, 4, -1));
    assert_false(sm_event_bus_wait(bus, 5, 0));
    sm_event_bus_wake(bus, 7);
    sm_event_bus_wake(bus, 6); /* out of order: the greatest counts */
    assert_int_equal(sm_event_bus_last(bus), 7);
    assert_true(sm_event_bus_wait(bus, 6, -1));
    sm_event_bus_free(bus);
}

static void test_wait__ends_with_its_time(void **state)
{
    sm_event_bus *bus = sm_event_bus_new(0);

    (void)state;
    assert_false(sm_event_bus_wait(bus, 0, 5));
    sm_event_bus_free(bus);
}

typedef struct listener {
    sm_event_bus *bus;
    int64_t after;
    bool found;
} listener;

static void listen(void *arg)
{
    listener *l = arg;

    l->found = sm_event_bus_wait(l->bus, l->after, -1);
}

static void test_wake__reaches_every_listener(void **state)
{
    enum { LISTENERS = 8 };
    sm_event_bus *bus = sm_event_bus_new(0);
    listener l[LISTENERS];
    sm_thread *t[LISTENERS];
    sm_error err;

    (void)state;
    for (int i = 0; i < LISTENERS; i++) {
        l[i] = (listener){ .bus = bus, .after = i % 2 };
        sm_assert_ok(sm_thread_start("listen", listen, &l[i], &t[i], &err), err);
    }
    sm_event_bus_wake(bus, 1);
    sm_event_bus_wake(bus, 2);
    for (int i = 0; i < LISTENERS; i++) {
        sm_thread_join(t[i]);
        assert_true(l[i].found);
    }
    sm_event_bus_free(bus);
}

static void test_close__ends_every_wait(void **state)
{
    sm_event_bus *bus = sm_event_bus_new(0);
    listener l = { .bus = bus };
    sm_thread *t;
    sm_error err;

    (void)state;
    sm_assert_ok(sm_thread_start("listen", listen, &l, &t, &err), err);
    sm_event_bus_close(bus);
    sm_thread_join(t);
    assert_false(l.found);
    assert_true(sm_event_bus_closed(bus));
    sm_event_bus_free(bus);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_wait__returns_at_once_when_something_is_there),
        SM_TEST(test_wait__ends_with_its_time),
        SM_TEST(test_wake__reaches_every_listener),
        SM_TEST(test_close__ends_every_wait),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
