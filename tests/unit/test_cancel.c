/* SPDX-License-Identifier: Apache-2.0 */
/* test_cancel.c -- asking to stop, before and after somebody listens. */
#include "tests/support/test.h"

#include "runtime/schedule/cancel.h"

static void count(void *arg)
{
    ++*(int *)arg;
}

static void test_ask__calls_what_is_bound_once(void **state)
{
    sm_cancel *c = sm_cancel_new();
    int n = 0;

    (void)state;
    sm_cancel_bind(c, count, &n);
    assert_false(sm_cancel_asked(c));
    sm_cancel_ask(c);
    sm_cancel_ask(c);
    assert_int_equal(n, 1);
    assert_true(sm_cancel_asked(c));
    sm_cancel_free(c);
}

static void test_ask__before_binding_is_heard(void **state)
{
    sm_cancel *c = sm_cancel_new();
    int n = 0;

    (void)state;
    sm_cancel_ask(c);
    sm_cancel_bind(c, count, &n);
    assert_int_equal(n, 1);
    sm_cancel_free(c);
}

static void test_ask__after_unbinding_calls_nobody(void **state)
{
    sm_cancel *c = sm_cancel_new();
    int n = 0;

    (void)state;
    sm_cancel_bind(c, count, &n);
    sm_cancel_unbind(c);
    sm_cancel_ask(c);
    assert_int_equal(n, 0);
    sm_cancel_free(c);
    sm_cancel_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ask__calls_what_is_bound_once),
        cmocka_unit_test(test_ask__before_binding_is_heard),
        cmocka_unit_test(test_ask__after_unbinding_calls_nobody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
