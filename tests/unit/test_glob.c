/* SPDX-License-Identifier: Apache-2.0 */
/* test_glob.c -- patterns of file names. */
#include "runtime/base/glob.h"
#include "tests/support/test.h"

#include <string.h>

static void test_glob__matches_whole_names(void **state)
{
    static const struct {
        const char *pattern, *name;
        bool matches;
    } rows[] = {
        { "*", "", true },
        { "*.json", "a.json", true },
        { "*.json", "a.json.gz", false },
        { "a?c", "abc", true },
        { "a?c", "ac", false },
        { "a?c", "a\xc3\xa4" /* ä */ "c", true },
        { "a*b*c", "axxbyybzc", true },
        { "a*b*c", "axxbyybz", false },
        { "part-[0-9].csv", "part-7.csv", true },
        { "part-[0-9].csv", "part-x.csv", false },
        { "part-[^0-9].csv", "part-x.csv", true },
        { "part-[!0-9].csv", "part-7.csv", false },
        { "[\xc3\xa0-\xc3\xbf]", "\xc3\xa9", true }, /* à to ÿ holds é */
        { "[]x]", "]", true },
        { "[a\\]]", "]", true },
        { "*.{json,csv}", "a.csv", true },
        { "*.{json,csv}", "a.txt", false },
        { "{a,b*}{1,2}", "bxx2", true },
        { "{a,b*}{1,2}", "bxx3", false },
        { "{a{x,y},b}.c", "ay.c", true },
        { "{a{x,y},b}.c", "a.c", false },
        { "{,a}b", "b", true },
        { "*{1,2}*", "x2y", true },
        { "a\\*b", "a*b", true },
        { "a\\*b", "axb", false },
        { "a\\{b", "a{b", true },
        { "a,b", "a,b", true },
        { "*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (sm_glob(sm_sv_cstr(rows[i].pattern), sm_sv_cstr(rows[i].name)) != rows[i].matches)
            fail_msg("pattern %s, name %s", rows[i].pattern, rows[i].name);
}

static void test_glob__refuses_what_is_no_pattern(void **state)
{
    static const struct {
        const char *pattern, *what;
    } rows[] = {
        { "a[b", "character 2: `[` without its `]`" },
        { "a{b", "character 2: `{` without its `}`" },
        { "a}", "character 2: `}` without its `{`" },
        { "a\\", "character 2: nothing behind the `\\`" },
        { "{a/b,c}", "character 1: `/` inside of `{…}`" },
        { "[a/b]", "character 1: `/` inside of `[…]`" },
        { "{{{{{{{{{a}}}}}}}}}", "braces in braces" },
    };
    sm_error err;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sm_assert_code(sm_glob_check(sm_sv_cstr(rows[i].pattern), &err), SM_E_INVALID);
        sm_test_contains(err.msg, rows[i].what);
    }
    sm_assert_ok(sm_glob_check(SM_SV("in/{a,b}[x]/*\\}"), &err), err);
}

static void test_glob__knows_plain_names(void **state)
{
    char plain[20];
    size_t n;
    (void)state;
    assert_false(sm_glob_is_pattern(SM_SV("a\\[1\\].json")));
    assert_true(sm_glob_is_pattern(SM_SV("a[1].json")));
    assert_false(sm_glob_is_pattern(SM_SV("a.json")));
    n = sm_glob_plain(SM_SV("a\\[1\\].json"), plain);
    assert_memory_equal(plain, "a[1].json", n);
    assert_int_equal(n, 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_glob__matches_whole_names),
        SM_TEST(test_glob__refuses_what_is_no_pattern),
        SM_TEST(test_glob__knows_plain_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
