/* SPDX-License-Identifier: Apache-2.0 */
/* test_cron.c -- timetables, over days on which the clock is put forward and back. */
#include "tests/support/test.h"

#include "runtime/base/clock.h"
#include "runtime/base/cron.h"

/* Europe/Berlin in 2026 and 2027. */
static const sm_zone_shift berlin_shifts[] = {
    { INT64_C(1761440400000), 3600000 }, /* 2025-10-26T01:00Z */
    { INT64_C(1774746000000), 7200000 }, /* 2026-03-29T01:00Z */
    { INT64_C(1792890000000), 3600000 }, /* 2026-10-25T01:00Z */
    { INT64_C(1806195600000), 7200000 }, /* 2027-03-28T01:00Z */
};
static const sm_zone berlin = { berlin_shifts, 4, INT64_C(1822000000000) };
/* Half an hour, and at another time of the day. */
static const sm_zone_shift howe_shifts[] = {
    { INT64_C(1759593600000), 39600000 }, /* 2025-10-04T15:30Z or so: +11 */
    { INT64_C(1775314800000), 37800000 }, /* 2026-04-04T15:00Z: +10:30 */
    { INT64_C(1791041400000), 39600000 }, /* 2026-10-03T15:30Z: +11 */
};
static const sm_zone lord_howe = { howe_shifts, 3, 0 };

static int64_t at(const char *text)
{
    int64_t ms = 0;
    sm_error err;

    sm_assert_ok(sm_time_parse(sm_sv_cstr(text), &ms, &err), err);
    return ms;
}

static sm_cron cron(const char *text)
{
    sm_cron c;
    size_t where;
    sm_error err;

    sm_assert_ok(sm_cron_parse(sm_sv_cstr(text), &c, &where, &err), err);
    return c;
}

/* The next slots after `from` are these; ends with NULL. */
static void expect(const char *text, const sm_zone *zone, const char *from,
                   const char *const *slots)
{
    sm_arena *a = sm_arena_new("test");
    sm_cron c = cron(text);
    int64_t t = at(from);

    for (; *slots != NULL; slots++) {
        t = sm_cron_next(&c, zone, t);
        if (t != at(*slots))
            fail_msg("%s after %s: %.*s, and not %s", text, from, SM_SV_ARG(sm_time_rfc3339(t, a)),
                     *slots);
    }
    sm_arena_free(a);
}
#define SLOTS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void test_next__follows_fields(void **state)
{
    (void)state;
    expect("*/20 * * * *", NULL, "2026-01-01T00:00:00Z",
           SLOTS("2026-01-01T00:20:00Z", "2026-01-01T00:40:00Z", "2026-01-01T01:00:00Z"));
    expect("0 6 * * mon-fri", NULL, "2026-01-02T06:00:00Z", /* a Friday */
           SLOTS("2026-01-05T06:00:00Z", "2026-01-06T06:00:00Z"));
    expect("15,45 8-12/2 1 Jan,7 *", NULL, "2026-01-01T08:15:00Z",
           SLOTS("2026-01-01T08:45:00Z", "2026-01-01T10:15:00Z", "2026-01-01T10:45:00Z",
                 "2026-01-01T12:15:00Z", "2026-01-01T12:45:00Z", "2026-07-01T08:15:00Z"));
    expect("5/15 0 * * *", NULL, "2026-01-01T00:00:00Z",
           SLOTS("2026-01-01T00:05:00Z", "2026-01-01T00:20:00Z", "2026-01-01T00:35:00Z"));
    expect("0 0 * * 7", NULL, "2026-01-01T00:00:00Z", SLOTS("2026-01-04T00:00:00Z"));
    expect("@monthly", NULL, "2026-01-31T23:59:59.999Z",
           SLOTS("2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z"));
    expect("0 0 29 2 *", NULL, "2026-01-01T00:00:00Z",
           SLOTS("2028-02-29T00:00:00Z", "2032-02-29T00:00:00Z"));
}

static void test_next__takes_either_of_two_days(void **state)
{
    (void)state;
    expect("0 0 13 * fri", NULL, "2026-02-01T00:00:00Z",
           SLOTS("2026-02-06T00:00:00Z", "2026-02-13T00:00:00Z", "2026-02-20T00:00:00Z"));
    expect("0 0 */2 * fri", NULL, "2026-02-01T00:00:00Z", /* both, as crontab(5) says of `*` */
           SLOTS("2026-02-13T00:00:00Z", "2026-02-27T00:00:00Z"));
}

static void test_next__is_none_for_a_day_that_never_comes(void **state)
{
    sm_cron c = cron("0 0 30 2 *");

    (void)state;
    assert_int_equal(sm_cron_next(&c, NULL, at("2026-01-01T00:00:00Z")), -1);
    assert_int_equal(sm_cron_next(&c, &berlin, at("2026-01-01T00:00:00Z")), -1);
}

static void test_next__ends_where_the_zone_is_not_known_any_more(void **state)
{
    sm_cron c = cron("0 12 * * *");

    (void)state;
    assert_true(sm_cron_next(&c, &berlin, berlin.until_ms - 2 * 86400000) > 0);
    assert_int_equal(sm_cron_next(&c, &berlin, berlin.until_ms), -1);
}

/* ---- summer time ----------------------------------------------------------------- */

static void test_gap__a_daily_slot_comes_right_behind_it(void **state)
{
    (void)state;
    expect(
        "30 2 * * *", &berlin, "2026-03-27T12:00:00Z",
        SLOTS("2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z" /* 03:00 */, "2026-03-30T00:30:00Z"));
    expect("*/10 2 * * *", &berlin, "2026-03-28T02:00:00Z", /* six that are jumped over: once */
           SLOTS("2026-03-29T01:00:00Z", "2026-03-30T00:00:00Z"));
    expect("0 3 * * *", &berlin, "2026-03-28T12:00:00Z",
           SLOTS("2026-03-29T01:00:00Z", "2026-03-30T01:00:00Z"));
    expect("0 2,3 * * *", &berlin, "2026-03-28T12:00:00Z", /* both are due then: once */
           SLOTS("2026-03-29T01:00:00Z", "2026-03-30T00:00:00Z", "2026-03-30T01:00:00Z"));
}

static void test_gap__an_hourly_slot_follows_the_clock(void **state)
{
    (void)state;
    expect("30 * * * *", &berlin, "2026-03-29T00:00:00Z",
           SLOTS("2026-03-29T00:30:00Z" /* 01:30 */, "2026-03-29T01:30:00Z" /* 03:30 */,
                 "2026-03-29T02:30:00Z"));
}

static void test_again__a_daily_slot_comes_once(void **state)
{
    (void)state;
    expect("30 2 * * *", &berlin, "2026-10-24T12:00:00Z",
           SLOTS("2026-10-25T00:30:00Z" /* 02:30 summer */, "2026-10-26T01:30:00Z"));
    expect("*/30 2 * * *", &berlin, "2026-10-24T12:00:00Z",
           SLOTS("2026-10-25T00:00:00Z", "2026-10-25T00:30:00Z", "2026-10-26T01:00:00Z"));
    expect("0 3 * * *", &berlin, "2026-10-24T12:00:00Z",
           SLOTS("2026-10-25T02:00:00Z", "2026-10-26T02:00:00Z"));
    /* Asked in the middle of the hour that comes again. */
    expect("30 2 * * *", &berlin, "2026-10-25T01:10:00Z", SLOTS("2026-10-26T01:30:00Z"));
}

static void test_again__an_hourly_slot_comes_twice(void **state)
{
    (void)state;
    expect("30 * * * *", &berlin, "2026-10-24T23:40:00Z",
           SLOTS("2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", "2026-10-25T02:30:00Z"));
}

static void test_zone__may_shift_by_half_an_hour(void **state)
{
    (void)state;
    expect("15 2 * * *", &lord_howe, "2026-10-03T00:00:00Z", /* 02:00 → 02:30 */
           SLOTS("2026-10-03T15:30:00Z", "2026-10-04T15:15:00Z"));
    expect("45 1 * * *", &lord_howe, "2026-04-04T00:00:00Z", /* 02:00 → 01:30 */
           SLOTS("2026-04-04T14:45:00Z", "2026-04-05T15:15:00Z"));
}

static void test_day__has_as_many_slots_as_it_has_hours(void **state)
{
    static const struct {
        const char *from, *to;
        int hourly, daily;
    } days[] = {
        { "2026-03-28T22:59:59Z", "2026-03-29T21:59:59Z", 23, 1 },
        { "2026-10-24T21:59:59Z", "2026-10-25T22:59:59Z", 25, 1 },
        { "2026-06-01T21:59:59Z", "2026-06-02T21:59:59Z", 24, 1 },
    };
    sm_cron hourly = cron("0 * * * *"), daily = cron("30 2 * * *");

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        int n = 0, d = 0;

        for (int64_t t = sm_cron_next(&hourly, &berlin, at(days[i].from)); t <= at(days[i].to);
             t = sm_cron_next(&hourly, &berlin, t))
            n++;
        for (int64_t t = sm_cron_next(&daily, &berlin, at(days[i].from)); t <= at(days[i].to);
             t = sm_cron_next(&daily, &berlin, t))
            d++;
        assert_int_equal(n, days[i].hourly);
        assert_int_equal(d, days[i].daily);
    }
}

/* ---- faults ---------------------------------------------------------------------- */

static void test_parse__says_what_is_wrong_and_where(void **state)
{
    static const struct {
        const char *text;
        size_t at;
        const char *says;
    } cases[] = {
        { "", 0, "five fields" },
        { "* * * *", 0, "has 4" },
        { "0 0 12 * * ?", 11, "at least 6" },
        { "60 * * * *", 0, "no minute" },
        { "0 24 * * *", 2, "no hour" },
        { "0 0 0 * *", 4, "no day of the month" },
        { "0 0 1 13 *", 6, "no month" },
        { "0 0 1 foo *", 6, "jan to dec" },
        { "0 0 * * 8", 8, "no day of the week" },
        { "0 0 ? * *", 4, "\"?\" is no day of the month" },
        { "*/0 * * * *", 0, "no minute" },
        { "*/61 * * * *", 0, "no minute" },
        { "5-1 * * * *", 0, "no minute" },
        { "1, * * * *", 0, "no minute" },
        { "1,,2 * * * *", 0, "no minute" },
        { "-1 * * * *", 0, "no minute" },
        { "1-2-3 * * * *", 0, "no minute" },
        { "1/2/3 * * * *", 0, "no minute" },
        { "0 0 L * *", 4, "no day of the month" },
        { "@reboot", 0, "has 1" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sm_cron c;
        size_t where = 99;
        sm_error err;

        if (sm_cron_parse(sm_sv_cstr(cases[i].text), &c, &where, &err) != SM_E_INVALID)
            fail_msg("\"%s\" is taken", cases[i].text);
        if (where != cases[i].at || strstr(err.msg, cases[i].says) == NULL)
            fail_msg("\"%s\" at %zu: %s", cases[i].text, where, err.msg);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_next__follows_fields),
        SM_TEST(test_next__takes_either_of_two_days),
        SM_TEST(test_next__is_none_for_a_day_that_never_comes),
        SM_TEST(test_next__ends_where_the_zone_is_not_known_any_more),
        SM_TEST(test_gap__a_daily_slot_comes_right_behind_it),
        SM_TEST(test_gap__an_hourly_slot_follows_the_clock),
        SM_TEST(test_again__a_daily_slot_comes_once),
        SM_TEST(test_again__an_hourly_slot_comes_twice),
        SM_TEST(test_zone__may_shift_by_half_an_hour),
        SM_TEST(test_day__has_as_many_slots_as_it_has_hours),
        SM_TEST(test_parse__says_what_is_wrong_and_where),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
