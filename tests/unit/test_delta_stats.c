/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "runtime/delta/delta_stats.h"
#include "tests/support/test.h"

static sm_arena *arena;

static int setup(void **state)
{
    (void)state;
    arena = sm_arena_new("test");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    sm_arena_free(arena);
    return 0;
}

/* The bound as JSON, or "-" when nothing is proved. */
static const char *bound(const char *type, const char *text, bool is_max)
{
    sm_sqltype *t;
    sm_error err;
    sm_buf out;

    sm_assert_ok(sm_sqltype_parse(sm_sv_cstr(type), arena, &t, &err), err);
    sm_buf_init(&out, 4096);
    bool ok = sm_delta_stats_bound(t, sm_sv_cstr(text), is_max, &out);
    const char *got = ok ? sm_arena_cstr(arena, sm_buf_sv(&out)) : "-";
    assert_true(ok || out.len == 0);
    sm_buf_release(&out);
    return got;
}

#define assert_bound(type, text, is_max, want) assert_string_equal(bound(type, text, is_max), want)

static void test_delta_stats__numbers_keep_their_digits(void **state)
{
    (void)state;
    assert_bound("BIGINT", "-9223372036854775808", false, "-9223372036854775808");
    assert_bound("DECIMAL(38,2)", "123456789012345678901234567890.10", true,
                 "123456789012345678901234567890.10");
    assert_bound("DOUBLE", "1e+20", true, "1e+20");
    assert_bound("FLOAT", "-0.5", false, "-0.5");
}

static void test_delta_stats__what_json_cannot_say_is_left_out(void **state)
{
    (void)state;
    assert_bound("DOUBLE", "inf", true, "-");
    assert_bound("DOUBLE", "-inf", false, "-");
    assert_bound("DOUBLE", "nan", true, "-");
    assert_bound("DOUBLE", "1.", true, "-");
    assert_bound("BIGINT", "", true, "-");
    assert_bound("BIGINT", "007", true, "-");
    assert_bound("BLOB", "61", true, "-");
    assert_bound("INTEGER[]", "1", true, "-");
    assert_bound("DATE", "10000-01-01", true, "-");
    assert_bound("DATE", "0044-03-15 (BC)", false, "-");
    assert_bound("TIMESTAMP", "infinity", true, "-");
    assert_bound("TIMESTAMP", "2024-01-02 03:04:05+02", true, "-");
}

static void test_delta_stats__booleans_and_dates_take_their_json_form(void **state)
{
    (void)state;
    assert_bound("BOOLEAN", "0", false, "false");
    assert_bound("BOOLEAN", "1", true, "true");
    assert_bound("BOOLEAN", "2", true, "-");
    assert_bound("DATE", "2024-02-29", true, "\"2024-02-29\"");
}

static void test_delta_stats__timestamps_are_cut_to_milliseconds_and_stay_bounds(void **state)
{
    (void)state;
    assert_bound("TIMESTAMP", "2024-01-02 03:04:05.123456+00", false,
                 "\"2024-01-02T03:04:05.123Z\"");
    assert_bound("TIMESTAMP", "2024-01-02 03:04:05.123456+00", true,
                 "\"2024-01-02T03:04:05.124Z\"");
    assert_bound("TIMESTAMP", "2024-01-02 03:04:05.123+00", true, "\"2024-01-02T03:04:05.123Z\"");
    assert_bound("TIMESTAMP", "2024-01-02 03:59:59.9999+00", true, "\"2024-01-02T04:00:00.000Z\"");
    assert_bound("TIMESTAMP", "2024-01-02 23:59:59.9999+00", true, "-");
    assert_bound("TIMESTAMP_NTZ", "2024-01-02 03:04:05", true, "\"2024-01-02T03:04:05.000\"");
}

static void test_delta_stats__strings_of_32_characters_stay_whole(void **state)
{
    (void)state;
    assert_bound("VARCHAR", "abcdefghijklmnopqrstuvwxyz012345", true,
                 "\"abcdefghijklmnopqrstuvwxyz012345\"");
    assert_bound("VARCHAR", "a\"b\\\n", true, "\"a\\\"b\\\\\\n\"");
}

static void test_delta_stats__a_cut_maximum_is_raised_a_cut_minimum_not(void **state)
{
    (void)state;
    assert_bound("VARCHAR", "abcdefghijklmnopqrstuvwxyz012345X", false,
                 "\"abcdefghijklmnopqrstuvwxyz012345\"");
    assert_bound("VARCHAR", "abcdefghijklmnopqrstuvwxyz012345X", true,
                 "\"abcdefghijklmnopqrstuvwxyz012346\"");
}

static void test_delta_stats__raising_skips_characters_without_a_successor(void **state)
{
    (void)state;
    char text[200], want[64];
    size_t n = 0;

    /* 30 letters, then U+10FFFF for ever: the last letter is raised */
    memset(text, 'a', 30);
    for (n = 30; n < 60; n += 4)
        memcpy(text + n, "\xf4\x8f\xbf\xbf", 4);
    text[n] = '\0';
    memset(want, 'a', 31);
    want[0] = '"';
    memcpy(want + 30, "b\"", 3);
    assert_bound("VARCHAR", text, true, want);

    /* nothing but U+10FFFF: no bound */
    for (n = 0; n < 160; n += 4)
        memcpy(text + n, "\xf4\x8f\xbf\xbf", 4);
    text[n] = '\0';
    assert_bound("VARCHAR", text, true, "-");

    /* U+D7FF goes to U+E000: there are no characters between */
    memset(text, 'a', 31);
    memcpy(text + 31, "\xed\x9f\xbfx", 5);
    memset(want, 'a', 32);
    want[0] = '"';
    memcpy(want + 32, "\xee\x80\x80\"", 5);
    assert_bound("VARCHAR", text, true, want);
}

static void test_delta_stats__text_nests_like_the_schema(void **state)
{
    (void)state;
    sm_column columns[] = {
        { .name = SM_SV("a"), .type = SM_SV("BIGINT") },
        { .name = SM_SV("s"), .type = SM_SV("STRUCT(\"t\" VARCHAR, \"u\" INTEGER[])") },
        { .name = SM_SV("n"), .type = SM_SV("DOUBLE") },
        { .name = SM_SV("p"), .type = SM_SV("DATE") },
    };
    sm_schema schema = { columns, 4 };
    sm_sv a[] = { SM_SV("a") }, st[] = { SM_SV("s"), SM_SV("t") }, n[] = { SM_SV("n") };
    sm_sv su[] = { SM_SV("s"), SM_SV("u"), SM_SV("element") };
    sm_copy_stat stats[] = {
        { .path = a, .path_len = 1, .min = SM_SV("1"), .max = SM_SV("2") },
        { .path = st, .path_len = 2, .min = SM_SV("x"), .null_count = 1 },
        { .path = su, .path_len = 3, .min = SM_SV("7") },
        { .path = n, .path_len = 1, .min = SM_SV("1"), .has_nan = true, .null_count = 2 },
    };

    assert_string_equal(
        sm_arena_cstr(arena, sm_delta_stats_text(&schema, 2, stats, 4, arena)),
        "{\"numRecords\":2,\"minValues\":{\"a\":1,\"s\":{\"t\":\"x\"}},\"maxValues\":{\"a\":2},"
        "\"nullCount\":{\"a\":0,\"s\":{\"t\":1},\"n\":2},\"tightBounds\":true}");
}

static void test_delta_stats__only_the_first_32_leaves_are_described(void **state)
{
    (void)state;
    enum { N = 40 };
    sm_column columns[N];
    sm_copy_stat stats[N];
    sm_sv names[N];

    for (int i = 0; i < N; i++) {
        names[i] = sm_arena_printf(arena, "c%d", i);
        columns[i] = (sm_column){ .name = names[i], .type = SM_SV("BIGINT") };
        stats[i] = (sm_copy_stat){ .path = &names[i], .path_len = 1, .min = SM_SV("1") };
    }
    sm_schema schema = { columns, N };
    const char *text = sm_arena_cstr(arena, sm_delta_stats_text(&schema, 1, stats, N, arena));
    sm_test_contains(text, "\"c31\":1}");
    assert_null(strstr(text, "c32"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_delta_stats__numbers_keep_their_digits),
        SM_TEST(test_delta_stats__what_json_cannot_say_is_left_out),
        SM_TEST(test_delta_stats__booleans_and_dates_take_their_json_form),
        SM_TEST(test_delta_stats__timestamps_are_cut_to_milliseconds_and_stay_bounds),
        SM_TEST(test_delta_stats__strings_of_32_characters_stay_whole),
        SM_TEST(test_delta_stats__a_cut_maximum_is_raised_a_cut_minimum_not),
        SM_TEST(test_delta_stats__raising_skips_characters_without_a_successor),
        SM_TEST(test_delta_stats__text_nests_like_the_schema),
        SM_TEST(test_delta_stats__only_the_first_32_leaves_are_described),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
