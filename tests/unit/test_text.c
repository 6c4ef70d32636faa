/* SPDX-License-Identifier: Apache-2.0 */
/* test_text.c -- from an offset of a text to its place. */
#include "tests/support/test.h"

#include "runtime/base/text.h"

static void assert_span(sm_span at, uint32_t line, uint32_t column, uint32_t end_line,
                        uint32_t end_column)
{
    assert_int_equal(at.line, line);
    assert_int_equal(at.column, column);
    assert_int_equal(at.end_line, end_line);
    assert_int_equal(at.end_column, end_column);
}

static void test_text__columns_are_characters(void **state)
{
    sm_text t = sm_text_of(SM_SV("SELECT 1,\n  '\xC3\xA4', two"), "<query>");

    (void)state;
    assert_string_equal(t.at.file, "<query>");
    assert_span(t.at, 1, 1, 2, 11);
    assert_span(sm_text_span(&t, 0, 6), 1, 1, 1, 7);
    assert_span(sm_text_span(&t, 18, 3), 2, 8, 2, 11);
    assert_true(sm_text_set(&t));
}

static void test_text__what_lies_beyond_the_end_is_cut_off(void **state)
{
    sm_text t = sm_text_of(SM_SV("abc"), "f");

    (void)state;
    assert_span(sm_text_span(&t, 1, 99), 1, 2, 1, 4);
    assert_span(sm_text_span(&t, 99, 1), 1, 4, 1, 5);
    assert_span(sm_text_span(&t, 1, 0), 1, 2, 1, 3);
}

static void test_text__a_default_is_nowhere(void **state)
{
    sm_text t = { .text = SM_SV("SELECT 1") };

    (void)state;
    assert_false(sm_text_set(&t));
    assert_span(sm_text_span(&t, 3, 2), 0, 0, 0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_text__columns_are_characters),
        SM_TEST(test_text__what_lies_beyond_the_end_is_cut_off),
        SM_TEST(test_text__a_default_is_nowhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
