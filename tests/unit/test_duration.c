/* SPDX-License-Identifier: Apache-2.0 */
/* test_duration.c -- lengths of time. */
#include "tests/support/test.h"

#include "runtime/base/duration.h"

#define SECOND INT64_C(1000000)
#define HOUR   (3600 * SECOND)
#define DAY    (24 * HOUR)

static int64_t us_of(const char *text)
{
    sm_error err = { 0 };
    int64_t us = -1;

    if (sm_duration_parse(sm_sv_cstr(text), &us, &err) != SM_OK)
        fail_msg("%s", err.msg);
    return us;
}

static void refused(const char *text, const char *why)
{
    sm_error err = { 0 };
    int64_t us;

    if (sm_duration_parse(sm_sv_cstr(text), &us, &err) == SM_OK || !strstr(err.msg, why))
        fail_msg("%s: \"%s\" is not \"%s\"", text, err.msg, why);
}

static void test_duration__a_number_and_a_unit(void **state)
{
    (void)state;
    assert_int_equal(us_of("500ms"), 500000);
    assert_int_equal(us_of("10s"), 10 * SECOND);
    assert_int_equal(us_of(" 5 m "), 300 * SECOND);
    assert_int_equal(us_of("10 minutes"), 600 * SECOND);
    assert_int_equal(us_of("2 HOURS"), 2 * HOUR);
    assert_int_equal(us_of("1d"), DAY);
    assert_int_equal(us_of("1 week"), 7 * DAY);
    assert_int_equal(us_of("1.5 h"), HOUR + HOUR / 2);
    assert_int_equal(us_of("250 us"), 250);
    assert_int_equal(us_of("0s"), 0);
}

static void test_duration__rule_B4_intervals_of_spark(void **state)
{
    (void)state;
    assert_int_equal(us_of("interval '1 2:3:4' day to second"), DAY + 2 * HOUR + 184 * SECOND);
    assert_int_equal(us_of("INTERVAL '1 2:3:4.5' DAY TO SECOND"),
                     DAY + 2 * HOUR + 184 * SECOND + SECOND / 2);
    assert_int_equal(us_of("interval '5' minute"), 300 * SECOND);
    assert_int_equal(us_of("interval 10 seconds"), 10 * SECOND);
    assert_int_equal(us_of("interval '10 seconds'"), 10 * SECOND);
    assert_int_equal(us_of("'1-2' year to month"), 14 * 31 * DAY);
    assert_int_equal(us_of("1 day 02:03:04"), DAY + 2 * HOUR + 184 * SECOND);
    assert_int_equal(us_of("2 hours 30 minutes"), 2 * HOUR + HOUR / 2);
    assert_int_equal(us_of("1 hour -30 minutes"), HOUR / 2);
}

static void test_duration__rule_B4_a_month_counts_31_days_and_a_year_12_of_them(void **state)
{
    (void)state;
    assert_int_equal(us_of("1 month"), 31 * DAY);
    assert_int_equal(us_of("2 years"), 24 * 31 * DAY);
    assert_int_equal(us_of("1 year 1 month 1 day"), (13 * 31 + 1) * DAY);
}

static void test_duration__rule_B4_negative_lengths_are_refused(void **state)
{
    (void)state;
    refused("-5 minutes", "is negative");
    refused("interval '-1 0:0:1' day to second", "is negative");
    refused("1 hour -61 minutes", "is negative");
}

static void test_duration__what_is_none_is_refused(void **state)
{
    static const char *const texts[] = {
        "",
        " ",
        "soon",
        "10",
        "10 parsecs",
        "1..5h",
        "1.h",
        "1.5 months",
        "ss",
        "5 ss",
        "interval",
        "interval '1",
        "'1 2' day to second",
        "'1' day to",
        "'1' second to day",
        "'1-2' month to day",
        "'1:2' hour to minute to second",
        "1:2:3:4",
        "2 hours,",
        "9223372036854775807 d",
        "99999999999999999999s",
        "1.0000001s",
        "1.5:30",
    };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        refused(texts[i], "is no duration");
    refused("10001 years", "longer than 10,000 years");
}

static void test_duration__the_text_means_the_same(void **state)
{
    static const struct {
        int64_t us;
        const char *text;
    } cases[] = { { 0, "0s" },           { 1, "1us" },         { 1500000, "1500ms" },
                  { 60 * SECOND, "1m" }, { 36 * HOUR, "36h" }, { 31 * DAY, "31d" } };
    sm_arena *a = sm_arena_new("test");

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_string_equal(sm_duration_text(cases[i].us, a).ptr, cases[i].text);
        assert_int_equal(us_of(cases[i].text), cases[i].us);
    }
    sm_arena_free(a);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        SM_TEST(test_duration__a_number_and_a_unit),
        SM_TEST(test_duration__rule_B4_intervals_of_spark),
        SM_TEST(test_duration__rule_B4_a_month_counts_31_days_and_a_year_12_of_them),
        SM_TEST(test_duration__rule_B4_negative_lengths_are_refused),
        SM_TEST(test_duration__what_is_none_is_refused),
        SM_TEST(test_duration__the_text_means_the_same),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
