/* SPDX-License-Identifier: Apache-2.0 */
/* test_clock.c -- clocks, times, durations and sizes. */
#include "tests/support/test.h"

#include "runtime/base/clock.h"

static void test_clock__stands_where_a_test_sets_it(void **state)
{
    int64_t before = sm_clock_now_ms();

    (void)state;
    sm_clock_set_ms(12345);
    assert_int_equal(sm_clock_now_ms(), 12345);
    sm_clock_set_ms(-1);
    assert_true(sm_clock_now_ms() >= before);
    assert_true(sm_clock_boot_us() / 1000 <= sm_clock_boot_ms());
}

static void assert_time(int64_t ms, const char *text)
{
    sm_arena *a = sm_arena_new("test");
    sm_error err;
    int64_t back;

    assert_string_equal(sm_time_rfc3339(ms, a).ptr, text);
    sm_assert_ok(sm_time_parse(sm_sv_cstr(text), &back, &err), err);
    assert_true(back == ms);
    sm_arena_free(a);
}

static void test_time__is_written_and_read_as_rfc3339(void **state)
{
    (void)state;
    assert_time(0, "1970-01-01T00:00:00.000Z");
    assert_time(-1, "1969-12-31T23:59:59.999Z");
    assert_time(951782400000, "2000-02-29T00:00:00.000Z");
    assert_time(1795327303503, "2026-11-22T06:01:43.503Z");
    assert_time(-62135596800000, "0001-01-01T00:00:00.000Z");
    assert_time(253402300799999, "9999-12-31T23:59:59.999Z");
}

static void test_time__understands_zones_and_fractions(void **state)
{
    static const struct {
        const char *text;
        int64_t ms;
    } rows[] = {
        { "1970-01-01T01:00:00+01:00", 0 },
        { "1969-12-31 19:30:00-04:30", 0 },
        { "1970-01-01t00:00:00.5z", 500 },
        { "1970-01-01T00:00:00.123999999Z", 123 },
    };
    sm_error err;
    int64_t ms;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        sm_assert_ok(sm_time_parse(sm_sv_cstr(rows[i].text), &ms, &err), err);
        assert_int_equal(ms, rows[i].ms);
    }
}

static void test_time__refuses_what_the_calendar_has_not(void **state)
{
    static const char *const bad[] = {
        "",
        "2026-11-22",
        "2026-11-22T06:01:43",
        "2026-02-29T00:00:00Z",
        "2026-04-31T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-01-00T00:00:00Z",
        "2026-01-01T24:00:00Z",
        "2026-01-01T00:60:00Z",
        "2026-01-01T00:00:00+24:00",
        "2026-01-01T00:00:00Zx",
        "2026-01-01T00:00:00+1:00",
        "26-01-01T00:00:00Z",
    };
    sm_error err;
    int64_t ms;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        sm_assert_code(sm_time_parse(sm_sv_cstr(bad[i]), &ms, &err), SM_E_INVALID);
}

typedef struct amount {
    const char *text;
    int64_t value; /* -1: refused */
} amount;

static void check_amounts(const amount *rows, size_t n,
                          sm_code (*parse)(sm_sv, int64_t *, sm_error *))
{
    sm_error err;
    int64_t v;

    for (size_t i = 0; i < n; i++) {
        sm_code rc = parse(sm_sv_cstr(rows[i].text), &v, &err);

        sm_assert_code(rc, rows[i].value < 0 ? SM_E_INVALID : SM_OK);
        if (rc == SM_OK)
            assert_true(v == rows[i].value);
    }
}

static void test_duration__has_a_number_and_a_unit(void **state)
{
    static const amount rows[] = {
        { "500ms", 500 },
        { "10s", 10000 },
        { "5m", 300000 },
        { "2h", 7200000 },
        { "1d", 86400000 },
        { "10 minutes", 600000 },
        { "2 hours", 7200000 },
        { " 1 second ", 1000 },
        { "1 week", 604800000 },
        { "10", -1 },
        { "", -1 },
        { "s", -1 },
        { "-5s", -1 },
        { "1.5h", -1 },
        { "10 parsecs", -1 },
        { "9223372036854775807d", -1 },
    };

    (void)state;
    check_amounts(rows, sizeof rows / sizeof rows[0], sm_parse_duration);
}

static void test_size__has_a_number_and_perhaps_a_unit(void **state)
{
    static const amount rows[] = {
        { "64MiB", 67108864 },
        { "1GB", 1000000000 },
        { "512 kB", 512000 },
        { "4096", 4096 },
        { "2TiB", 2199023255552 },
        { "7 B", 7 },
        { "1.5GB", -1 },
        { "MiB", -1 },
        { "-1", -1 },
        { "9999999999TiB", -1 },
    };

    (void)state;
    check_amounts(rows, sizeof rows / sizeof rows[0], sm_parse_size);
}

static void test_amounts__read_well(void **state)
{
    sm_buf b;

    (void)state;
    sm_buf_init(&b, 1000);
    sm_buf_add_duration(&b, 38);
    sm_buf_adds(&b, " | ");
    sm_buf_add_duration(&b, 4960);
    sm_buf_adds(&b, " | ");
    sm_buf_add_duration(&b, 123000);
    sm_buf_adds(&b, " | ");
    sm_buf_add_duration(&b, 7260000);
    assert_string_equal(b.ptr, "38 ms | 4.9 s | 2 min 3 s | 2 h 1 min");
    sm_buf_clear(&b);
    sm_buf_add_size(&b, 999);
    sm_buf_adds(&b, " | ");
    sm_buf_add_size(&b, 1234567);
    sm_buf_adds(&b, " | ");
    sm_buf_add_size(&b, 999999);
    assert_string_equal(b.ptr, "999 B | 1.2 MB | 1.0 MB");
    sm_buf_clear(&b);
    sm_buf_add_count(&b, 120334);
    sm_buf_adds(&b, " | ");
    sm_buf_add_count(&b, -1000);
    sm_buf_adds(&b, " | ");
    sm_buf_add_count(&b, 7);
    assert_string_equal(b.ptr, "120,334 | -1,000 | 7");
    sm_buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_clock__stands_where_a_test_sets_it),
        SM_TEST(test_time__is_written_and_read_as_rfc3339),
        SM_TEST(test_time__understands_zones_and_fractions),
        SM_TEST(test_time__refuses_what_the_calendar_has_not),
        SM_TEST(test_duration__has_a_number_and_a_unit),
        SM_TEST(test_size__has_a_number_and_perhaps_a_unit),
        SM_TEST(test_amounts__read_well),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
