/* SPDX-License-Identifier: Apache-2.0 */
/* test_str.c -- views and buffers. */
#include "tests/support/test.h"

#include <string.h>

#include "runtime/base/str.h"

static void test_sv__compares_by_bytes(void **state)
{
    (void)state;
    assert_true(sm_sv_cmp(SM_SV("a"), SM_SV("b")) < 0);
    assert_true(sm_sv_cmp(SM_SV("ab"), SM_SV("a")) > 0);
    assert_int_equal(sm_sv_cmp(SM_SV("a"), SM_SV("a")), 0);
    assert_int_equal(sm_sv_cmp(SM_SV(""), (sm_sv){ NULL, 0 }), 0);
    assert_true(sm_sv_eq((sm_sv){ NULL, 0 }, SM_SV("")));
    assert_true(sm_sv_eq_nocase(SM_SV("Orders_1"), SM_SV("oRDERS_1")));
    assert_false(sm_sv_eq_nocase(SM_SV("\xC3\x84"), SM_SV("\xC3\xA4")));
}

static void test_sv__finds_and_cuts_within_its_bounds(void **state)
{
    sm_sv s = SM_SV("  _delta_log/0.json\n");

    (void)state;
    assert_true(sm_sv_eq_str(sm_sv_trim(s), "_delta_log/0.json"));
    assert_true(sm_sv_eq_str(sm_sv_trim(SM_SV(" \t ")), ""));
    assert_true(sm_sv_starts(sm_sv_trim(s), SM_SV("_delta")));
    assert_true(sm_sv_ends(sm_sv_trim(s), SM_SV(".json")));
    assert_false(sm_sv_ends(SM_SV("n"), SM_SV("json")));
    assert_int_equal(sm_sv_find(s, SM_SV("log")), 9);
    assert_int_equal(sm_sv_find(s, SM_SV("nothing")), -1);
    assert_int_equal(sm_sv_find_char(s, '/'), 12);
    assert_true(sm_sv_eq_str(sm_sv_sub(SM_SV("abc"), 1, 99), "bc"));
    assert_true(sm_sv_eq_str(sm_sv_sub(SM_SV("abc"), 7, 1), ""));
}

static void test_sv__next_gives_every_part_and_the_empty_ones(void **state)
{
    static const char *const parts[] = { "a", "", "b", "" };
    sm_sv rest = SM_SV("a,,b,"), part;

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        assert_true(sm_sv_next(&rest, ',', &part));
        assert_true(sm_sv_eq_str(part, parts[i]));
    }
    assert_false(sm_sv_next(&rest, ',', &part));
}

static void test_sv__glob_backtracks_to_the_last_star(void **state)
{
    static const struct {
        const char *pattern, *name;
        bool match;
    } rows[] = {
        { "*", "", true },
        { "*.json", "a.json", true },
        { "*.json", "a.json.tmp", false },
        { "silver_*", "silver_", true },
        { "a?c", "abc", true },
        { "a?c", "ac", false },
        { "*ab*ab", "abxabab", true },
        { "a*b*c", "a-b-b", false },
        { "", "", true },
        { "", "a", false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(sm_sv_glob(sm_sv_cstr(rows[i].pattern), sm_sv_cstr(rows[i].name)),
                         rows[i].match);
}

static void test_sv__numbers_are_the_whole_text_and_in_range(void **state)
{
    static const char *const bad[] = { "", " 1", "1 ", "1x", "9223372036854775808", "1.5", "-" };
    static const char *const no_double[] = { "", "nan", "inf", "1e999", "0x10", "1,5", " 1" };
    int64_t i;
    double d;

    (void)state;
    assert_true(sm_sv_to_int64(SM_SV("-9223372036854775808"), &i));
    assert_true(i == INT64_MIN);
    for (size_t n = 0; n < sizeof bad / sizeof bad[0]; n++)
        assert_false(sm_sv_to_int64(sm_sv_cstr(bad[n]), &i));
    assert_true(sm_sv_to_double(SM_SV("-2.5e3"), &d));
    assert_true(d == -2500);
    for (size_t n = 0; n < sizeof no_double / sizeof no_double[0]; n++)
        assert_false(sm_sv_to_double(sm_sv_cstr(no_double[n]), &d));
}

static void test_utf8__refuses_overlong_surrogates_and_cut_ends(void **state)
{
    static const char *const bad[] = {
        "\x80",         "\xC0\xAF",         "\xE0\x80\x80",
        "\xED\xA0\x80", "\xF0\x80\x80\x80", "\xF4\x90\x80\x80",
        "\xE2\x82",     "\xF0\x9F\x98",     "\xFF",
    };

    (void)state;
    assert_int_equal(sm_utf8_check(SM_SV("a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80")), 10);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(sm_utf8_check(sm_sv_cstr(bad[i])), 0);
    assert_int_equal(sm_utf8_check(SM_SV("ab\xFFz")), 2);
}

static void test_buf__grows_and_stays_terminated(void **state)
{
    sm_buf b;

    (void)state;
    sm_buf_init(&b, 100000);
    assert_string_equal(b.ptr, "");
    for (int i = 0; i < 10000; i++)
        sm_buf_addf(&b, "%d,", i % 10);
    assert_int_equal(b.len, 20000);
    assert_int_equal(b.ptr[b.len], '\0');
    sm_buf_cut(&b, 4);
    assert_string_equal(b.ptr, "0,1,");
    sm_buf_cut(&b, 99);
    assert_int_equal(b.len, 4);
    sm_buf_release(&b);
    sm_buf_release(&b);
}

static void test_buf__once_over_it_stays_over_and_says_so(void **state)
{
    sm_buf b;
    sm_error err;

    (void)state;
    sm_buf_init(&b, 5);
    sm_buf_adds(&b, "abcde");
    sm_assert_ok(sm_buf_check(&b, "a name", &err), err);
    sm_buf_addc(&b, 'f');
    sm_buf_adds(&b, "");
    sm_buf_addf(&b, "%s", "");
    assert_true(b.over);
    assert_string_equal(b.ptr, "abcde");
    sm_assert_code(sm_buf_check(&b, "a name", &err), SM_E_LIMIT);
    assert_string_equal(err.msg, "a name is longer than 5 bytes");
    sm_buf_cut(&b, 1);
    sm_buf_addc(&b, 'x');
    assert_string_equal(b.ptr, "a");
    sm_buf_clear(&b);
    sm_buf_addc(&b, 'x');
    assert_string_equal(b.ptr, "x");
    sm_buf_release(&b);
}

static void test_buf__foreign_text_cannot_drive_a_terminal(void **state)
{
    sm_buf b;

    (void)state;
    sm_buf_init(&b, 1000);
    sm_buf_add_safe(&b, SM_SV("\x1B[31m\n\x7F\xFF\xC2\x9B\xE2\x80\xAE ok \xC3\xA4\xE2\x82\xAC"));
    assert_string_equal(b.ptr, "\\x1b[31m\\x0a\\x7f\\xff\\u{9b}\\u{202e} ok \xC3\xA4\xE2\x82\xAC");
    sm_buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_sv__compares_by_bytes),
        SM_TEST(test_sv__finds_and_cuts_within_its_bounds),
        SM_TEST(test_sv__next_gives_every_part_and_the_empty_ones),
        SM_TEST(test_sv__glob_backtracks_to_the_last_star),
        SM_TEST(test_sv__numbers_are_the_whole_text_and_in_range),
        SM_TEST(test_utf8__refuses_overlong_surrogates_and_cut_ends),
        SM_TEST(test_buf__grows_and_stays_terminated),
        SM_TEST(test_buf__once_over_it_stays_over_and_says_so),
        SM_TEST(test_buf__foreign_text_cannot_drive_a_terminal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
