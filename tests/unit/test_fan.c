/* SPDX-License-Identifier: Apache-2.0 */
/* test_fan.c -- the same for each of many, with the caller waiting or going on. */
#include "runtime/base/thread.h"
#include "runtime/io/fan.h"
#include "tests/support/test.h"

enum { THINGS = 100, BAD = 40 };

typedef struct things {
    sm_atomic done[THINGS];
    sm_atomic begun;
    bool bad;
    sm_mutex gate; /* held: nothing behind the first is done */
} things;

static sm_code work(void *ctx, size_t i, sm_error *err)
{
    things *t = ctx;

    (void)sm_atomic_add(&t->begun, 1);
    if (i > 0) {
        sm_mutex_lock(&t->gate);
        sm_mutex_unlock(&t->gate);
    }
    if (t->bad && i == BAD)
        return sm_fail(err, SM_E_REMOTE, 0, "thing %zu is bad", i);
    (void)sm_atomic_add(&t->done[i], 1);
    return SM_OK;
}

static size_t done_once(things *t)
{
    size_t n = 0;

    for (size_t i = 0; i < THINGS; i++)
        n += sm_atomic_get(&t->done[i]) == 1;
    return n;
}

static void things_init(things *t, bool bad)
{
    *t = (things){ .bad = bad };
    sm_mutex_init(&t->gate);
}

static void test_fan__does_each_thing_once(void **state)
{
    things t;
    sm_error err;

    (void)state;
    things_init(&t, false);
    assert_int_equal(sm_fan(THINGS, work, &t, &err), SM_OK);
    assert_int_equal(done_once(&t), THINGS);
    assert_int_equal(sm_fan(0, work, &t, &err), SM_OK);
    sm_mutex_release(&t.gate);
}

static void test_fan__returns_the_first_failure(void **state)
{
    things t;
    sm_error err;

    (void)state;
    things_init(&t, true);
    assert_int_equal(sm_fan(THINGS, work, &t, &err), SM_E_REMOTE);
    assert_string_equal(err.msg, "thing 40 is bad");
    assert_int_equal(sm_atomic_get(&t.done[BAD]), 0);
    sm_mutex_release(&t.gate);
}

static void test_fan__lets_the_caller_go_on_with_what_is_done(void **state)
{
    things t;
    sm_fan_run *run;
    sm_error err;

    (void)state;
    things_init(&t, false);
    sm_mutex_lock(&t.gate);
    sm_assert_ok(sm_fan_begin(THINGS, work, &t, &run, &err), err);
    sm_assert_ok(sm_fan_wait(run, 0, &err), err);
    assert_int_equal(done_once(&t), 1);
    sm_mutex_unlock(&t.gate);
    for (size_t i = 0; i < THINGS; i++)
        sm_assert_ok(sm_fan_wait(run, i, &err), err);
    assert_int_equal(done_once(&t), THINGS);
    sm_assert_ok(sm_fan_judge(run, &err), err);
    sm_fan_end(run);
    sm_mutex_release(&t.gate);
}

static void test_fan__who_waits_for_what_will_never_be_done_is_told_why(void **state)
{
    things t;
    sm_fan_run *run;
    sm_error err;

    (void)state;
    things_init(&t, true);
    sm_assert_ok(sm_fan_begin(THINGS, work, &t, &run, &err), err);
    assert_int_equal(sm_fan_wait(run, THINGS - 1, &err), SM_E_REMOTE);
    assert_string_equal(err.msg, "thing 40 is bad");
    sm_assert_ok(sm_fan_wait(run, 0, &err), err);
    assert_int_equal(sm_fan_judge(run, &err), SM_E_REMOTE);
    sm_fan_end(run);
    sm_mutex_release(&t.gate);
}

static void test_fan__ends_before_all_is_done(void **state)
{
    things t;
    sm_fan_run *run;
    sm_error err;

    (void)state;
    things_init(&t, false);
    sm_mutex_lock(&t.gate);
    sm_assert_ok(sm_fan_begin(THINGS, work, &t, &run, &err), err);
    sm_assert_ok(sm_fan_wait(run, 0, &err), err);
    sm_mutex_unlock(&t.gate);
    sm_fan_end(run);
    assert_int_equal(done_once(&t), sm_atomic_get(&t.begun));
    sm_fan_end(NULL);
    sm_mutex_release(&t.gate);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_fan__does_each_thing_once),
        SM_TEST(test_fan__returns_the_first_failure),
        SM_TEST(test_fan__lets_the_caller_go_on_with_what_is_done),
        SM_TEST(test_fan__who_waits_for_what_will_never_be_done_is_told_why),
        SM_TEST(test_fan__ends_before_all_is_done),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
