/* SPDX-License-Identifier: Apache-2.0 */
/* test_mask.c -- policies, rule text, and the kernel. */
#include "tests/support/test.h"

#include <string.h>

#include "expectations/mask.h"
#include "runtime/base/thread.h"

static const sm_rule rules[] = {
    { .name = { "w", 1 }, .expr = { "a", 1 }, .policy = SM_POLICY_WARN },
    { .name = { "d", 1 }, .expr = { "b", 1 }, .policy = SM_POLICY_DROP },
    { .name = { "f", 1 }, .expr = { "c", 1 }, .policy = SM_POLICY_FAIL },
    { .name = { "q", 1 }, .expr = { "e", 1 }, .policy = SM_POLICY_QUARANTINE },
};

static void row_number(const void *ctx, size_t i, sm_buf *b)
{
    sm_buf_addf(b, "{\"row\":%zu}", *(const size_t *)ctx + i);
}

static void test_policy__names_are_found_and_others_are_not(void **state)
{
    sm_policy p;

    (void)state;
    for (int i = 0; i < SM_POLICY_COUNT; i++) {
        assert_true(sm_policy_parse(sm_sv_cstr(sm_policy_name((sm_policy)i)), &p));
        assert_int_equal(p, i);
        assert_true(strlen(sm_policy_summary(p)) > 10);
    }
    assert_false(sm_policy_parse(SM_SV("quarantin"), &p));
    assert_false(sm_policy_parse(SM_SV(""), &p));
    assert_true(sm_policy_keeps_row(SM_POLICY_WARN));
    assert_false(sm_policy_keeps_row(SM_POLICY_DROP));
    assert_false(sm_policy_keeps_row(SM_POLICY_QUARANTINE));
    assert_false(sm_policy_keeps_row(SM_POLICY_FAIL));
    assert_true(sm_policy_stops_batch(SM_POLICY_FAIL));
    assert_false(sm_policy_stops_batch(SM_POLICY_DROP));
}

static void test_rule__is_true_and_nothing_else(void **state)
{
    sm_arena *a = sm_arena_new("test");

    (void)state;
    assert_string_equal(sm_rule_sql(SM_SV("x > 1"), a).ptr, "(TRY((x > 1\n)) IS TRUE)");
    assert_string_equal(sm_rule_sql(SM_SV("x -- why"), a).ptr, "(TRY((x -- why\n)) IS TRUE)");
    sm_arena_free(a);
}

static void test_mask__the_severest_rule_decides_and_each_is_counted(void **state)
{
    /*                      all  w  d  f  w+d d+f none q w+q d+q q+f */
    const uint8_t w[] = { 1, 0, 1, 1, 0, 1, 0, 1, 0, 1, 1 };
    const uint8_t d[] = { 1, 1, 0, 1, 0, 0, 0, 1, 1, 0, 1 };
    const uint8_t f[] = { 1, 1, 1, 0, 1, 0, 0, 1, 1, 1, 0 };
    const uint8_t q[] = { 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0 };
    const uint8_t where[] = { SM_MASK_KEEP,       SM_MASK_KEEP,       SM_MASK_DROP,
                              SM_MASK_FAIL,       SM_MASK_DROP,       SM_MASK_FAIL,
                              SM_MASK_FAIL,       SM_MASK_QUARANTINE, SM_MASK_QUARANTINE,
                              SM_MASK_QUARANTINE, SM_MASK_FAIL };
    const uint8_t *pass[] = { w, d, f, q };
    uint8_t mask[11];
    sm_mask *m = sm_mask_new(rules, 4);

    (void)state;
    memset(mask, 9, sizeof mask);
    sm_mask_judge(m, pass, 11, NULL, NULL, mask);
    assert_memory_equal(mask, where, 11);
    assert_int_equal(sm_mask_rows(m), 11);
    assert_int_equal(sm_mask_dropped(m), 6);
    assert_int_equal(sm_mask_quarantined(m), 3);
    assert_int_equal(sm_mask_rule_count(m), 4);
    assert_int_equal(sm_mask_failed(m, 0), 4);
    assert_int_equal(sm_mask_failed(m, 1), 5);
    assert_int_equal(sm_mask_failed(m, 2), 4);
    assert_int_equal(sm_mask_failed(m, 3), 5);
    assert_int_equal(sm_mask_sample_count(m, 0), 0);
    sm_mask_reset(m);
    assert_int_equal(sm_mask_rows(m) + sm_mask_dropped(m) + sm_mask_failed(m, 1), 0);
    assert_int_equal(sm_mask_quarantined(m), 0);
    sm_mask_free(m);
}

static void test_mask__keeps_the_first_samples(void **state)
{
    uint8_t one[100], mask[100];
    const uint8_t *pass[] = { one };
    sm_mask *m = sm_mask_new(rules, 1);
    size_t at = 0;

    (void)state;
    memset(one, 0, sizeof one);
    sm_mask_judge(m, pass, 15, row_number, &at, mask);
    assert_int_equal(sm_mask_sample_count(m, 0), 15);
    at = 15;
    sm_mask_judge(m, pass, 85, row_number, &at, mask);
    assert_int_equal(sm_mask_sample_count(m, 0), SM_MASK_SAMPLES);
    assert_true(sm_sv_eq_str(sm_mask_sample(m, 0, 0), "{\"row\":0}"));
    assert_true(sm_sv_eq_str(sm_mask_sample(m, 0, 19), "{\"row\":19}"));
    assert_int_equal(sm_mask_failed(m, 0), 100);
    sm_mask_free(m);
}

static void row_too_large(const void *ctx, size_t i, sm_buf *b)
{
    (void)ctx;
    (void)i;
    for (int k = 0; k < 100000; k++)
        sm_buf_adds(b, "0123456789");
}

static void test_mask__a_row_that_is_too_large_is_said_to_be(void **state)
{
    const uint8_t one[] = { 0 };
    const uint8_t *pass[] = { one };
    uint8_t mask[1];
    sm_mask *m = sm_mask_new(rules, 1);

    (void)state;
    sm_mask_judge(m, pass, 1, row_too_large, NULL, mask);
    assert_int_equal(sm_mask_sample_count(m, 0), 1);
    assert_non_null(strstr(sm_mask_sample(m, 0, 0).ptr, "too large"));
    sm_mask_free(m);
}

static void test_mask__no_rows_and_no_rules_are_fine(void **state)
{
    sm_mask *m = sm_mask_new(NULL, 0);
    uint8_t mask[3] = { 7, 7, 7 };

    (void)state;
    sm_mask_judge(m, NULL, 3, NULL, NULL, mask);
    assert_int_equal(mask[0] + mask[1] + mask[2], 0);
    sm_mask_judge(m, NULL, 0, NULL, NULL, NULL);
    assert_int_equal(sm_mask_rows(m), 3);
    sm_mask_free(m);
    sm_mask_free(NULL);
}

enum { THREADS = 4, ROUNDS = 500, ROWS = 64 };

static void judge_often(void *arg)
{
    sm_mask *m = arg;
    uint8_t one[ROWS], two[ROWS], mask[ROWS];
    const uint8_t *pass[] = { one, two };
    size_t at = 0;

    for (int r = 0; r < ROUNDS; r++) {
        for (int i = 0; i < ROWS; i++) {
            one[i] = (uint8_t)(i % 2);
            two[i] = (uint8_t)(i % 4 != 0);
        }
        sm_mask_judge(m, pass, ROWS, row_number, &at, mask);
    }
}

static void test_mask__threads_lose_no_count(void **state)
{
    sm_mask *m = sm_mask_new(rules, 2);
    sm_thread *t[THREADS];
    sm_error err;

    (void)state;
    for (int i = 0; i < THREADS; i++)
        sm_assert_ok(sm_thread_start("judge", judge_often, m, &t[i], &err), err);
    for (int i = 0; i < THREADS; i++)
        sm_thread_join(t[i]);
    assert_int_equal(sm_mask_rows(m), THREADS * ROUNDS * ROWS);
    assert_int_equal(sm_mask_failed(m, 0), THREADS * ROUNDS * ROWS / 2);
    assert_int_equal(sm_mask_dropped(m), THREADS * ROUNDS * ROWS / 4);
    assert_int_equal(sm_mask_sample_count(m, 0), SM_MASK_SAMPLES);
    assert_int_equal(sm_mask_sample_count(m, 1), SM_MASK_SAMPLES);
    sm_mask_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_policy__names_are_found_and_others_are_not),
        SM_TEST(test_rule__is_true_and_nothing_else),
        SM_TEST(test_mask__the_severest_rule_decides_and_each_is_counted),
        SM_TEST(test_mask__keeps_the_first_samples),
        SM_TEST(test_mask__a_row_that_is_too_large_is_said_to_be),
        SM_TEST(test_mask__no_rows_and_no_rules_are_fine),
        SM_TEST(test_mask__threads_lose_no_count),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
