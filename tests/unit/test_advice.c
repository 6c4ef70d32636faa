/* SPDX-License-Identifier: Apache-2.0 */
/* test_advice.c -- each rule speaks where it should, and is silent next to it. */
#include "runtime/events/advice.h"
#include "tests/support/test.h"

#include <string.h>

enum { MOST = 40 };

static sm_advice_batch batches[MOST];

/* `n` batches of a second each, back to back, of 1,000 rows and a file of 10 MB. */
static sm_advice_flow calm(size_t n)
{
    for (size_t i = 0; i < n; i++)
        batches[i] = (sm_advice_batch){ .started_ms = (int64_t)i * 1000,
                                        .ended_ms = (int64_t)i * 1000 + 1000,
                                        .work_us = 900 * 1000,
                                        .rest_us = 100 * 1000,
                                        .lag = 500,
                                        .lag_is_rows = true,
                                        .read = 1000,
                                        .files_out = 1,
                                        .bytes_out = 10 * 1000 * 1000 };
    return (sm_advice_flow){ .flow = SM_SV("f"), .table = SM_SV("t"), .batches = batches, .n = n };
}

static void expect(const sm_advice_flow *f, const char *kind, const char *words,
                   const char *command)
{
    sm_arena *a = sm_arena_new("test");
    sm_advice *list;
    size_t n;

    sm_advise(f, a, &list, &n);
    if (kind == NULL && n > 0)
        fail_msg("%s: %s", list[0].kind, list[0].message.ptr);
    if (kind != NULL) {
        assert_int_equal(n, 1);
        assert_string_equal(list[0].kind, kind);
        sm_test_contains(list[0].message.ptr, words);
        assert_string_equal(list[0].command.ptr, command);
    }
    sm_arena_free(a);
}

static void test_advice__nothing_is_said_of_a_calm_flow(void **state)
{
    (void)state;
    for (size_t n = 0; n <= MOST; n++) {
        sm_advice_flow f = calm(n);

        expect(&f, NULL, NULL, NULL);
    }
}

static void test_advice__falling_behind_is_a_growing_lag_without_a_pause(void **state)
{
    sm_advice_flow f = calm(6);

    (void)state;
    for (size_t i = 0; i < 6; i++)
        batches[i].lag = 500 + (int64_t)i;
    expect(&f, "falling_behind", "1,000 in the last batch, which took 1.0 s, and 505 rows wait",
           "smelt show t --sql");
    batches[5].started_ms += 500;
    batches[5].ended_ms += 500;
    expect(&f, NULL, NULL, NULL);
    f = calm(6);
    for (size_t i = 0; i < 6; i++) { /* without a lag, by the rows */
        batches[i].lag = -1;
        batches[i].read = 1000 + 10 * (int64_t)i;
    }
    expect(&f, "falling_behind", "1,050 in the last batch", "smelt show t --sql");
    for (size_t i = 0; i < 6; i++) /* and where a batch takes all that there is */
        batches[i].lag = 0;
    expect(&f, "falling_behind", "1,050 in the last batch", "smelt show t --sql");
    for (size_t i = 0; i < 6; i++) /* what waits gets less: it catches up, in large batches */
        batches[i].lag = 100 - (int64_t)i;
    expect(&f, NULL, NULL, NULL);
}

static void test_advice__batches_are_too_short_or_too_long(void **state)
{
    sm_advice_flow f = calm(20);

    (void)state;
    for (size_t i = 0; i < 20; i++) {
        batches[i].work_us = 400;
        batches[i].rest_us = 600;
    }
    expect(&f, "short_batches", "60 %", "");
    batches[3].work_us = batches[3].rest_us = -1;
    expect(&f, NULL, NULL, NULL);
    for (size_t i = 0; i < 20; i++)
        batches[i].work_us = batches[i].rest_us = 500;
    expect(&f, NULL, NULL, NULL);
    f = calm(3);
    f.interval_ms = 500;
    expect(&f, "long_batches", "interval of 500 ms", "");
    batches[1].ended_ms = batches[1].started_ms + 500;
    expect(&f, NULL, NULL, NULL);
}

static void test_advice__late_rows_and_large_state_speak_of_the_watermark(void **state)
{
    sm_advice_flow f = calm(5);

    (void)state;
    f.has_watermark = true;
    batches[2].late = 50;
    expect(&f, "late_rows", "50 of 5,000 rows", "smelt watermark suggest t");
    batches[2].late = 49;
    expect(&f, NULL, NULL, NULL);
    f.state_rows = 10 * 1000 * 1000;
    expect(&f, "large_state", "a smaller delay", "smelt checkpoint show f");
    f.has_watermark = false;
    expect(&f, "large_state", "none is ever forgotten", "smelt checkpoint show f");
}

static void test_advice__small_files_are_an_average(void **state)
{
    sm_advice_flow f = calm(20);

    (void)state;
    for (size_t i = 0; i < 20; i++)
        batches[i].bytes_out = 1000 * 1000;
    expect(&f, "small_files", "1.0 MB", "");
    batches[0].bytes_out = 10 * 1000 * 1000;
    expect(&f, NULL, NULL, NULL);
}

static void test_advice__a_day_of_waiting_is_told_with_its_price(void **state)
{
    sm_advice_flow f = calm(20);

    (void)state;
    f.waits_ms = 24 * 60 * 60 * 1000;
    f.busy_ms = 20 * 1000;
    expect(&f, "idle", "was at work for 20.0 s of the last 24 h", "");
    expect(&f, "idle", "it costs no more than that", "");
    f.cpu_us = 36 * 1000 * 1000;
    f.runs = 20;
    expect(&f, "idle", "a run costs about 1.80 CPU-seconds, and all of them 36.00 CPU-seconds", "");
    f.price_per_cpu_hour = 0.5;
    expect(&f, "idle", "about 1.80 CPU-seconds (0.00025 in money), and all of them 36.00", "");
    expect(&f, "idle", "kept waiting costs 86400.00 CPU-seconds (12.00 in money)", "");
    f.busy_ms = 24 * 6 * 60 * 1000; /* a tenth of the day */
    expect(&f, NULL, NULL, NULL);
    f.busy_ms = 0;
    f.waits_ms -= 1;
    expect(&f, NULL, NULL, NULL);
}

static void test_advice__a_growing_quarantine_is_a_growing_share(void **state)
{
    sm_advice_flow f = calm(4);

    (void)state;
    for (size_t i = 0; i < 4; i++)
        batches[i].quarantined = 10 * (int64_t)(i + 1);
    expect(&f, "quarantine_growing", "4.0 %", "smelt quarantine show t");
    batches[2].quarantined = 20;
    expect(&f, NULL, NULL, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_advice__nothing_is_said_of_a_calm_flow),
        SM_TEST(test_advice__falling_behind_is_a_growing_lag_without_a_pause),
        SM_TEST(test_advice__batches_are_too_short_or_too_long),
        SM_TEST(test_advice__late_rows_and_large_state_speak_of_the_watermark),
        SM_TEST(test_advice__small_files_are_an_average),
        SM_TEST(test_advice__a_day_of_waiting_is_told_with_its_price),
        SM_TEST(test_advice__a_growing_quarantine_is_a_growing_share),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
