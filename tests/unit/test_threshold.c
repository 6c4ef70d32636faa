/* SPDX-License-Identifier: Apache-2.0 */
/* test_threshold.c -- bounds on how many rows. */
#include "tests/support/test.h"

#include "runtime/base/threshold.h"

static bool over(const char *text, int64_t n, int64_t rows)
{
    sm_threshold t;

    assert_true(sm_threshold_parse(sm_sv_cstr(text), &t));
    return sm_threshold_over(&t, n, rows);
}

static void test_threshold__a_number_of_rows_is_over_above_it_or_at_it(void **state)
{
    (void)state;
    assert_false(over("> 100", 100, 1000));
    assert_true(over("> 100", 101, 1000));
    assert_true(over(">=100", 100, 1000));
    assert_true(over(" >  0 ", 1, 1));
    assert_false(over("> 0", 0, 5));
}

static void test_threshold__a_share_is_exact(void **state)
{
    (void)state;
    assert_false(over("> 1%", 10, 1000));
    assert_true(over("> 1%", 11, 1000));
    assert_true(over(">= 0.1 %", 1, 1000));
    assert_false(over(">= 0.1%", 1, 1001));
    assert_true(over(">= 0.0001%", 1, 1000000));
    assert_false(over("> 0.0001%", 1, 1000000));
    assert_true(over(">= 100%", 7, 7));
    assert_true(over("> 33.3333%", 1, 3));
}

static void test_threshold__no_row_is_over_nothing(void **state)
{
    (void)state;
    assert_false(over("> 0", 0, 0));
    assert_false(over(">= 1%", 0, 0));
}

static void test_threshold__what_is_always_or_never_crossed_is_none(void **state)
{
    static const char *const bad[] = {
        "",      ">",       "1%",     "< 1",      "> -1",       "> 1.5",
        ">= 0",  ">= 0.0%", "> 100%", "> 100.5%", "> 1 x",      "> 1.%",
        "> .5%", ">> 1",    "> 1%%",  "> 1000%",  "> 1.23456%", "> 1234567890123456"
    };
    sm_threshold t;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(sm_threshold_parse(sm_sv_cstr(bad[i]), &t));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_threshold__a_number_of_rows_is_over_above_it_or_at_it),
        SM_TEST(test_threshold__a_share_is_exact),
        SM_TEST(test_threshold__no_row_is_over_nothing),
        SM_TEST(test_threshold__what_is_always_or_never_crossed_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
