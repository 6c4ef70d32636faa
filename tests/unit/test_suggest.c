/* SPDX-License-Identifier: Apache-2.0 */
/* test_suggest.c -- did you mean? */
#include "tests/support/test.h"

#include "runtime/base/suggest.h"

static void test_suggest__distance_counts_slips(void **state)
{
    static const struct {
        const char *a, *b;
        size_t distance;
    } rows[] = {
        { "", "", 0 },
        { "", "abc", 3 },
        { "abc", "abc", 0 },
        { "ABC", "abc", 0 },
        { "abc", "acb", 1 },
        { "tempratur", "temperature", 2 },
        { "kitten", "sitting", 3 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        sm_sv a = sm_sv_cstr(rows[i].a), b = sm_sv_cstr(rows[i].b);

        assert_int_equal(sm_edit_distance(a, b), rows[i].distance);
        assert_int_equal(sm_edit_distance(b, a), rows[i].distance);
    }
}

static void test_suggest__offers_the_closest_or_none(void **state)
{
    static const sm_sv names[] = { SM_SV_LIT("orders_clean"), SM_SV_LIT("orders_raw"),
                                   SM_SV_LIT("id") };

    (void)state;
    assert_int_equal(sm_suggest(SM_SV("orders_row"), names, 3), 1);
    assert_int_equal(sm_suggest(SM_SV("ID"), names, 3), 2);
    assert_int_equal(sm_suggest(SM_SV("weather"), names, 3), 3);
    assert_int_equal(sm_suggest(SM_SV("x"), names, 0), 0);
}

static void test_suggest__a_very_long_name_is_no_danger(void **state)
{
    char text[500];

    (void)state;
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = 'a';
    assert_int_equal(sm_edit_distance((sm_sv){ text, sizeof text }, SM_SV("")), 64);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_suggest__distance_counts_slips),
        SM_TEST(test_suggest__offers_the_closest_or_none),
        SM_TEST(test_suggest__a_very_long_name_is_no_danger),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
