/* SPDX-License-Identifier: Apache-2.0 */
/* test_decode_time.c -- dates and timestamps as ISO 8601 writes them. */
#include "tests/support/test.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "runtime/connect/decode_value.h"

static void check_timestamp(const char *text, const char *expected)
{
    int64_t us;
    char out[40];
    if (!sm_decode__timestamp(text, strlen(text), &us))
        fail_msg("\"%s\" is refused", text);
    sm_decode__timestamp_text(us, out);
    assert_string_equal(out, expected);
}

static void test_time__reads_what_iso_8601_writes(void **state)
{
    (void)state;
    check_timestamp("2026-01-31T12:34:56Z", "2026-01-31 12:34:56.000000");
    check_timestamp("2026-01-31 12:34:56", "2026-01-31 12:34:56.000000");
    check_timestamp("2026-01-31T12:34", "2026-01-31 12:34:00.000000");
    check_timestamp("2026-01-31", "2026-01-31 00:00:00.000000");
    check_timestamp("2026-01-31T12:34:56.1Z", "2026-01-31 12:34:56.100000");
    check_timestamp("2026-01-31T12:34:56.123456789Z", "2026-01-31 12:34:56.123456");
    check_timestamp("1969-12-31T23:59:59.999999Z", "1969-12-31 23:59:59.999999");
    check_timestamp("0001-01-01T00:00:00Z", "0001-01-01 00:00:00.000000");
    check_timestamp("9999-12-31T23:59:59Z", "9999-12-31 23:59:59.000000");
}

static void test_time__applies_offsets(void **state)
{
    (void)state;
    check_timestamp("2026-01-01T00:30:00+02:00", "2025-12-31 22:30:00.000000");
    check_timestamp("2026-01-01T00:30:00-0530", "2026-01-01 06:00:00.000000");
    check_timestamp("2026-01-01T00:30:00+01", "2025-12-31 23:30:00.000000");
    check_timestamp("2026-01-01T00:30+01:00", "2025-12-31 23:30:00.000000");
    check_timestamp("2026-01-01 00:30:00.5 +01:00", "2025-12-31 23:30:00.500000");
}

static void test_time__refuses_what_no_clock_shows(void **state)
{
    static const char *const bad[] = {
        "",
        "2026",
        "2026-1-1",
        "2026-13-01",
        "2026-00-01",
        "2026-02-29",
        "2026-04-31",
        "2026-01-00",
        "0000-01-01",
        "2026/01/01",
        "2026-01-01T",
        "2026-01-01T24:00:00",
        "2026-01-01T12",
        "2026-01-01T12:60:00",
        "2026-01-01T12:00:60",
        "2026-01-01T12:00:00.",
        "2026-01-01T12:00:00.Z",
        "2026-01-01T12:00:00.1234567890Z",
        "2026-01-01T12:00:00+",
        "2026-01-01T12:00:00+1",
        "2026-01-01T12:00:00+19:00",
        "2026-01-01T12:00:00+01:60",
        "2026-01-01T12:00:00ZZ",
        "2026-01-01T12:00:00 ",
        "2026-01-01 ",
        "2026-01-01x12:00:00",
        "2026-01-01T12:00:00+01-00",
        "1767225600",
        "01.02.2026",
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int64_t us;
        if (sm_decode__timestamp(bad[i], strlen(bad[i]), &us))
            fail_msg("\"%s\" is taken", bad[i]);
    }
}

static void test_time__counts_days_as_the_c_library_does(void **state)
{
    (void)state;
    for (int64_t day = -719162; day < 2932896; day += 97) {
        time_t seconds = day * 86400;
        struct tm tm;
        char text[40], back[40];
        int32_t days;
        gmtime_r(&seconds, &tm);
        snprintf(text, sizeof text, "%04d-%02d-%02d", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
        assert_true(sm_decode__date(text, 10, &days));
        assert_int_equal(days, day);
        sm_decode__date_text(days, back);
        assert_string_equal(back, text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_time__reads_what_iso_8601_writes),
        SM_TEST(test_time__applies_offsets),
        SM_TEST(test_time__refuses_what_no_clock_shows),
        SM_TEST(test_time__counts_days_as_the_c_library_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
