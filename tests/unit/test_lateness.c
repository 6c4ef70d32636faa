/* SPDX-License-Identifier: Apache-2.0 */
/* test_lateness.c -- buckets of lateness against the rows themselves. */
#include "tests/support/test.h"

#include <math.h>
#include <stdlib.h>

#include "runtime/base/lateness.h"

enum { ROWS = 20000 };

/* As the SQL of a batch counts it; below 0: the row is ahead. */
static void add(sm_lateness *l, int64_t us)
{
    l->rows++;
    if (us < 0) {
        l->ahead++;
        return;
    }
    l->counts[lround(log2((double)us + 1) * SM_LATENESS_PER_DOUBLING)]++;
    l->max_us = us > l->max_us ? us : l->max_us;
}

static int compare(const void *x, const void *y)
{
    int64_t a = *(const int64_t *)x, b = *(const int64_t *)y;

    return (a > b) - (a < b);
}

/* Lengths from below a microsecond's bucket to years, and a third of rows that are ahead. */
static int64_t draw(unsigned *seed)
{
    int64_t us;

    *seed = *seed * 1664525 + 1013904223;
    us = (int64_t)exp2((double)(*seed >> 8) / (1 << 24) * 47) - 1;
    return *seed % 3 == 0 ? -1 : us;
}

static void test_lateness__a_quantile_is_never_below_and_at_most_a_bucket_above(void **state)
{
    static const double shares[] = { 0.1, 0.5, 0.9, 0.99, 0.999, 0.9999, 1 };
    static sm_lateness l;
    static int64_t all[ROWS];
    unsigned seed = 7;

    (void)state;
    sm_lateness_init(&l);
    for (size_t i = 0; i < ROWS; i++)
        add(&l, all[i] = draw(&seed));
    qsort(all, ROWS, sizeof all[0], compare);
    for (size_t i = 0; i < sizeof shares / sizeof shares[0]; i++) {
        int64_t want = all[(size_t)ceil(shares[i] * ROWS) - 1], got;

        want = want < 0 ? 0 : want;
        got = sm_lateness_quantile(&l, shares[i]);
        assert_true(got >= want);
        assert_true((double)got <= 1.045 * (double)want + 1);
    }
    assert_int_equal(sm_lateness_quantile(&l, 1), all[ROWS - 1]);
}

static void test_lateness__a_delay_counts_all_that_it_would_drop_and_few_more(void **state)
{
    static sm_lateness l;
    static int64_t all[ROWS];
    unsigned seed = 9;

    (void)state;
    sm_lateness_init(&l);
    for (size_t i = 0; i < ROWS; i++)
        add(&l, all[i] = draw(&seed));
    for (int64_t delay = 0; delay < (int64_t)1 << 47; delay = delay * 3 + 1) {
        int64_t least = 0, most = 0;

        for (size_t i = 0; i < ROWS; i++) {
            least += all[i] >= delay;
            most += all[i] >= 0 && (double)all[i] >= (double)delay / 1.046 - 1;
        }
        assert_true(sm_lateness_behind(&l, delay) >= least);
        assert_true(sm_lateness_behind(&l, delay) <= most);
    }
    assert_int_equal(sm_lateness_behind(&l, l.max_us + 1), 0);
}

static void test_lateness__nothing_seen_says_nothing(void **state)
{
    static sm_lateness l;

    (void)state;
    sm_lateness_init(&l);
    assert_int_equal(sm_lateness_compared(&l), 0);
    assert_int_equal(sm_lateness_quantile(&l, 0.5), 0);
    assert_int_equal(sm_lateness_behind(&l, 0), 0);
    l.ahead = 10;
    assert_int_equal(sm_lateness_compared(&l), 10);
    assert_int_equal(sm_lateness_quantile(&l, 1), 0);
    assert_int_equal(sm_lateness_behind(&l, 0), 0);
}

static void test_lateness__parts_merge_and_come_back_from_text(void **state)
{
    static sm_lateness whole, parts[2], back;
    sm_arena *a = sm_arena_new("test");
    sm_json *read = NULL;
    unsigned seed = 11;
    sm_error err;

    (void)state;
    sm_lateness_init(&whole);
    for (size_t i = 0; i < 2; i++)
        sm_lateness_init(&parts[i]);
    for (size_t i = 0; i < 1000; i++) {
        int64_t us = draw(&seed);

        add(&whole, us);
        add(&parts[i % 2], us);
    }
    parts[1].newest_us = whole.newest_us = -5000;
    parts[0].timeless = whole.timeless = 3;
    parts[0].first = whole.first = 4;
    sm_lateness_merge(&parts[0], &parts[1]);
    assert_memory_equal(&parts[0], &whole, sizeof whole);
    assert_int_equal(sm_json_parse(sm_json_text(sm_lateness_json(&whole, a), a), a, &read, &err),
                     SM_OK);
    sm_lateness_read(&back, read);
    assert_memory_equal(&back, &whole, sizeof whole);
    sm_lateness_read(&back, NULL);
    sm_lateness_init(&whole);
    assert_memory_equal(&back, &whole, sizeof whole);
    sm_arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_lateness__a_quantile_is_never_below_and_at_most_a_bucket_above),
        SM_TEST(test_lateness__a_delay_counts_all_that_it_would_drop_and_few_more),
        SM_TEST(test_lateness__nothing_seen_says_nothing),
        SM_TEST(test_lateness__parts_merge_and_come_back_from_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
