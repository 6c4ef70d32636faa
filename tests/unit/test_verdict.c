/* SPDX-License-Identifier: Apache-2.0 */
/* test_verdict.c -- what counts mean. */
#include "tests/support/test.h"

#include <string.h>

#include "expectations/verdict.h"

static void row_json(const void *ctx, size_t i, sm_buf *b)
{
    (void)ctx;
    sm_buf_addf(b, "{\"id\":%zu}", i);
}

/* 2,000 rows of which the first `failed` break the only rule. */
static sm_mask *mask_of(sm_policy policy, size_t failed)
{
    enum { N = 2000 };
    static uint8_t one[N], mask[N];
    const uint8_t *pass[] = { one };
    sm_rule rule = { .name = SM_SV("has_id"), .expr = SM_SV("id > 0"), .policy = policy };
    sm_mask *m = sm_mask_new(&rule, 1);

    for (size_t i = 0; i < N; i++)
        one[i] = i >= failed;
    sm_mask_judge(m, pass, N, row_json, NULL, mask);
    return m;
}

static void test_verdict__a_broken_fail_rule_stops_the_batch(void **state)
{
    sm_mask *m = mask_of(SM_POLICY_FAIL, 3);
    sm_error err;

    (void)state;
    assert_int_equal(sm_verdict(m, SM_SV("orders"), &err), SM_E_RULE);
    assert_string_equal(err.msg, "rule \"has_id\" of table \"orders\" does not hold for 3 of 2,000 "
                                 "rows (0.15%), for example {\"id\":0}");
    assert_false(err.retryable);
    sm_mask_free(m);
}

static void test_verdict__other_policies_and_whole_rows_do_not(void **state)
{
    sm_mask *drop = mask_of(SM_POLICY_DROP, 3), *warn = mask_of(SM_POLICY_WARN, 2000),
            *fail = mask_of(SM_POLICY_FAIL, 0);
    sm_error err;

    (void)state;
    assert_int_equal(sm_verdict(drop, SM_SV("t"), &err), SM_OK);
    assert_int_equal(sm_verdict(warn, SM_SV("t"), &err), SM_OK);
    assert_int_equal(sm_verdict(fail, SM_SV("t"), &err), SM_OK);
    sm_mask_free(drop);
    sm_mask_free(warn);
    sm_mask_free(fail);
}

static void test_verdict__a_report_has_counts_and_samples(void **state)
{
    sm_arena *a = sm_arena_new("test");
    sm_mask *m = mask_of(SM_POLICY_DROP, 2);

    (void)state;
    assert_string_equal(sm_json_text(sm_verdict_report(m, a), a).ptr,
                        "[{\"name\":\"has_id\",\"policy\":\"drop\",\"expect\":\"id > 0\","
                        "\"passed\":1998,\"failed\":2,\"percent\":0.1,"
                        "\"samples\":[{\"id\":0},{\"id\":1}]}]");
    sm_mask_free(m);
    sm_arena_free(a);
}

static void percent_is(int64_t failed, int64_t rows, const char *expected)
{
    sm_arena *a = sm_arena_new("test");
    sm_sv text = sm_verdict_percent(failed, rows, a);

    if (!sm_sv_eq_str(text, expected))
        fail_msg("%lld of %lld: %.*s", (long long)failed, (long long)rows, SM_SV_ARG(text));
    sm_arena_free(a);
}

static void test_verdict__percentages_never_round_to_nothing_or_all(void **state)
{
    (void)state;
    percent_is(0, 0, "0%");
    percent_is(0, 100, "0%");
    percent_is(100, 100, "100%");
    percent_is(1, 1000000, "<0.01%");
    percent_is(999999, 1000000, ">99.99%");
    percent_is(3, 1000, "0.3%");
    percent_is(1, 3, "33.33%");
    percent_is(1, 8, "12.5%");
    percent_is(1, 2, "50%");
}

static void
test_verdict__a_crossed_threshold_says_how_far_and_what_becomes_of_the_rows(void **state)
{
    sm_error err;

    (void)state;
    assert_int_equal(sm_verdict_threshold(SM_SV("has_id"), SM_SV("orders"), SM_SV("> 1%"), 3000,
                                          120000, "what this run wrote before stays", &err),
                     SM_E_RULE);
    assert_string_equal(err.msg,
                        "rule \"has_id\" of table \"orders\" does not hold for 3,000 of 120,000 "
                        "rows (2.5%), and its fail_if is \"> 1%\"; what this run wrote before "
                        "stays");
    assert_false(err.retryable);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_verdict__a_broken_fail_rule_stops_the_batch),
        SM_TEST(test_verdict__other_policies_and_whole_rows_do_not),
        SM_TEST(test_verdict__a_report_has_counts_and_samples),
        SM_TEST(test_verdict__percentages_never_round_to_nothing_or_all),
        SM_TEST(test_verdict__a_crossed_threshold_says_how_far_and_what_becomes_of_the_rows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
