/* SPDX-License-Identifier: Apache-2.0 */
/* test_thread.c -- threads and what they share. */
#include "tests/support/test.h"

#include "runtime/base/clock.h"
#include "runtime/base/thread.h"

enum { THREADS = 4, STEPS = 10000 };

typedef struct shared {
    sm_mutex mu;
    sm_cond cond;
    int64_t plain; /* guarded by mu */
    bool go;       /* guarded by mu */
    sm_atomic counter;
} shared;

static int once_runs;
static sm_once once = SM_ONCE_INIT;

static void count_once(void)
{
    once_runs++;
}

static void work(void *arg)
{
    shared *s = arg;

    sm_mutex_lock(&s->mu);
    while (!s->go)
        sm_cond_wait(&s->cond, &s->mu);
    sm_mutex_unlock(&s->mu);
    sm_once_run(&once, count_once);
    for (int i = 0; i < STEPS; i++) {
        sm_atomic_add(&s->counter, 1);
        sm_mutex_lock(&s->mu);
        s->plain++;
        sm_mutex_unlock(&s->mu);
    }
}

static void setup(shared *s)
{
    *s = (shared){ .plain = 0 };
    sm_mutex_init(&s->mu);
    sm_cond_init(&s->cond);
}

static void teardown(shared *s)
{
    sm_cond_release(&s->cond);
    sm_mutex_release(&s->mu);
}

static void test_thread__counts_are_exact_under_lock_and_atomic(void **state)
{
    sm_thread *threads[THREADS];
    shared s;
    sm_error err;

    (void)state;
    setup(&s);
    for (int i = 0; i < THREADS; i++)
        sm_assert_ok(sm_thread_start("a name that is too long", work, &s, &threads[i], &err), err);
    sm_mutex_lock(&s.mu);
    s.go = true;
    sm_cond_broadcast(&s.cond);
    sm_mutex_unlock(&s.mu);
    for (int i = 0; i < THREADS; i++)
        sm_thread_join(threads[i]);
    sm_thread_join(NULL);
    assert_int_equal(s.plain, THREADS * STEPS);
    assert_int_equal(sm_atomic_get(&s.counter), THREADS * STEPS);
    assert_int_equal(once_runs, 1);
    sm_atomic_set(&s.counter, 5);
    assert_int_equal(sm_atomic_add(&s.counter, 2), 5);
    teardown(&s);
}

static void test_cond__a_wait_ends_when_its_time_is_over(void **state)
{
    int64_t start = sm_clock_boot_ms();
    shared s;

    (void)state;
    setup(&s);
    sm_mutex_lock(&s.mu);
    while (sm_cond_wait_ms(&s.cond, &s.mu, 20))
        continue;
    sm_mutex_unlock(&s.mu);
    assert_true(sm_clock_boot_ms() - start >= 19);
    teardown(&s);
}

static void wake(void *arg)
{
    shared *s = arg;

    sm_mutex_lock(&s->mu);
    s->go = true;
    sm_cond_signal(&s->cond);
    sm_mutex_unlock(&s->mu);
}

static void test_cond__a_signal_ends_a_wait(void **state)
{
    sm_thread *t;
    shared s;
    sm_error err;

    (void)state;
    setup(&s);
    sm_mutex_lock(&s.mu);
    sm_assert_ok(sm_thread_start("wake", wake, &s, &t, &err), err);
    while (!s.go)
        assert_true(sm_cond_wait_ms(&s.cond, &s.mu, -1));
    sm_mutex_unlock(&s.mu);
    sm_thread_join(t);
    teardown(&s);
}

static void test_cpu__there_is_one(void **state)
{
    (void)state;
    assert_true(sm_cpu_count() >= 1);
}

static bool counted(const void *ctx)
{
    sm_atomic_add((sm_atomic *)(uintptr_t)ctx, 1);
    return false;
}

static bool at_once(const void *ctx)
{
    (void)ctx;
    return true;
}

static void test_pause__waits_its_time_and_ends_when_it_is_enough(void **state)
{
    int64_t began = sm_clock_boot_ms();
    sm_atomic asked = { 0 };

    (void)state;
    assert_true(sm_pause_ms(60, counted, &asked));
    assert_true(sm_clock_boot_ms() - began >= 59); /* of two clocks that count whole ms */
    assert_int_equal(sm_atomic_get(&asked), 2);
    assert_true(sm_pause_ms(0, at_once, NULL));
    assert_false(sm_pause_ms(INT64_MAX, at_once, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_thread__counts_are_exact_under_lock_and_atomic),
        SM_TEST(test_cond__a_wait_ends_when_its_time_is_over),
        SM_TEST(test_cond__a_signal_ends_a_wait),
        SM_TEST(test_pause__waits_its_time_and_ends_when_it_is_enough),
        SM_TEST(test_cpu__there_is_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
