/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/base/turns.h"
#include "tests/support/test.h"

static void test_turns__only_so_many_have_one(void **state)
{
    sm_turns t;

    (void)state;
    sm_turns_init(&t, 2);
    assert_true(sm_turns_take(&t, 0));
    assert_true(sm_turns_take(&t, 0));
    assert_false(sm_turns_take(&t, 0));
    assert_false(sm_turns_take(&t, 5));
    sm_turns_give(&t);
    assert_true(sm_turns_take(&t, 0));
    sm_turns_release(&t);
}

static void give(void *arg)
{
    sm_turns_give(arg);
}

static void test_turns__who_waits_gets_what_is_given(void **state)
{
    sm_thread *other;
    sm_turns t;
    sm_error err;

    (void)state;
    sm_turns_init(&t, 0);
    sm_assert_ok(sm_thread_start("give", give, &t, &other, &err), err);
    assert_true(sm_turns_take(&t, 60 * 1000));
    sm_thread_join(other);
    sm_turns_release(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_turns__only_so_many_have_one),
        SM_TEST(test_turns__who_waits_gets_what_is_given),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
