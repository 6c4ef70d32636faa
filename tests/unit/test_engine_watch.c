/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/engine/engine_watch.h"
#include "tests/support/test.h"

static sm_engine *engine;
static sm_session *session;

static int begin(void **state)
{
    sm_engine_config c = { .threads = 1, .memory_limit = SM_SV("256MiB") };
    sm_error err;

    (void)state;
    sm_assert_ok(sm_engine_open(&c, &engine, &err), err);
    sm_assert_ok(sm_session_open(engine, &session, &err), err);
    return 0;
}

static int end(void **state)
{
    (void)state;
    sm_session_close(session);
    sm_engine_close(engine);
    return 0;
}

static void test_engine_watch__what_takes_too_long_is_cancelled(void **state)
{
    sm_watchdog *w;
    sm_error err;
    sm_code rc;

    (void)state;
    sm_assert_ok(sm_watchdog_start(session, 1, &w, &err), err);
    rc = sm_session_exec(
        session,
        SM_SV("SELECT sum(sqrt(a.range + b.range)) FROM range(10000000) a, range(10000000) b"),
        &err);
    assert_true(sm_watchdog_end(w));
    assert_int_equal(rc, SM_E_CANCELLED);
}

static void test_engine_watch__what_ends_in_time_is_left_alone(void **state)
{
    sm_watchdog *w;
    sm_error err;

    (void)state;
    sm_assert_ok(sm_watchdog_start(session, 600 * 1000, &w, &err), err);
    sm_assert_ok(sm_session_exec(session, SM_SV("SELECT 1"), &err), err);
    assert_false(sm_watchdog_end(w));
    assert_false(sm_watchdog_end(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_engine_watch__what_takes_too_long_is_cancelled),
        SM_TEST(test_engine_watch__what_ends_in_time_is_left_alone),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
