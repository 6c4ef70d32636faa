/* SPDX-License-Identifier: Apache-2.0 */
/* test_flow_watermark.c -- the mark of a flow, over stages, batches and restarts. */
#include "tests/support/test.h"

#include "runtime/exec/flow_stages.h"

#define NONE SM_OPS_NO_TIME

typedef struct fixture {
    sm_arena *a;
    sm_stage stages[2];
    sm_plan_flow plan;
    sm_watermarks w;
} fixture;

static void begin(fixture *f, bool max)
{
    *f = (fixture){ .a = sm_arena_new("test") };
    for (size_t i = 0; i < 2; i++)
        f->stages[i] = (sm_stage){ .kind = SM_STAGE_WATERMARK,
                                   .name = i == 0 ? SM_SV("one") : SM_SV("two"),
                                   .delay_us = 100 };
    f->plan = (sm_plan_flow){ .stages = f->stages, .n_stages = 2, .watermark_max = max };
    sm_watermarks_init(&f->w, &f->plan, f->a);
}

/* A batch at `ms` in which the stages saw these times; the mark after it. */
static int64_t saw(fixture *f, int64_t ms, int64_t one, int64_t two)
{
    sm_ops_count counts[2] = { { .seen_us = one, .rows = one != NONE },
                               { .seen_us = two, .rows = two != NONE } };

    sm_watermarks_observe(&f->w, &f->plan, counts, ms);
    return f->w.next_us;
}

/* What another process knows of it. */
static void restart(fixture *f)
{
    const sm_json *record = sm_watermarks_json(&f->w, &f->plan, f->a);

    sm_watermarks_init(&f->w, &f->plan, f->a);
    sm_watermarks_read(&f->w, &f->plan, record);
}

static void test_rule_R6_there_is_no_mark_until_each_stage_saw_a_row(void **state)
{
    fixture f;

    (void)state;
    begin(&f, false);
    assert_true(saw(&f, 1, NONE, NONE) == NONE);
    assert_true(saw(&f, 2, 1000, NONE) == NONE);
    assert_true(saw(&f, 3, NONE, 500) == 400);
    sm_arena_free(f.a);
}

static void test_rule_B11_the_least_counts_and_never_falls(void **state)
{
    fixture f;

    (void)state;
    begin(&f, false);
    assert_true(saw(&f, 1, 1000, 2000) == 900);
    assert_true(saw(&f, 2, 1500, 300) == 1400);
    assert_true(saw(&f, 3, 9000, NONE) == 1900);
    assert_true(saw(&f, 4, -5000, -5000) == 1900);
    sm_arena_free(f.a);
}

static void test_rule_B11_or_the_greatest(void **state)
{
    fixture f;

    (void)state;
    begin(&f, true);
    assert_true(saw(&f, 1, NONE, -2000) == -2100);
    assert_true(saw(&f, 2, 1000, NONE) == 900);
    sm_arena_free(f.a);
}

static void test_rule_B13_after_a_restart_it_stands_until_all_have_seen_more(void **state)
{
    fixture f;

    (void)state;
    begin(&f, false);
    saw(&f, 1, 1000, 2000);
    restart(&f);
    assert_true(f.w.next_us == 900);
    assert_true(saw(&f, 2, 5000, NONE) == 900);
    assert_true(saw(&f, 3, NONE, 500) == 900);
    assert_true(saw(&f, 4, NONE, 3000) == 2900);
    sm_arena_free(f.a);
}

static void test_watermark__who_is_idle_does_not_hold_others_back(void **state)
{
    fixture f;

    (void)state;
    begin(&f, false);
    f.stages[1].idle_us = 50 * 1000; /* 50 ms */
    saw(&f, 100, 1000, 200);
    assert_true(saw(&f, 140, 2000, NONE) == 100);
    assert_true(sm_watermarks_mark(&f.w, &f.plan, 150) == 100);
    assert_true(sm_watermarks_mark(&f.w, &f.plan, 151) == 1900); /* without a row, by the clock */
    restart(&f);
    assert_true(saw(&f, 160, 3000, NONE) == 2900); /* and over restarts */
    assert_true(saw(&f, 161, NONE, 300) == 2900);
    sm_arena_free(f.a);
}

static void test_watermark__does_not_fall_when_who_was_idle_is_back(void **state)
{
    fixture f;

    (void)state;
    begin(&f, false);
    f.stages[1].idle_us = 50 * 1000;
    saw(&f, 100, 1000, 200);
    f.w.final_us = sm_watermarks_mark(&f.w, &f.plan, 151); /* a batch is final by it, */
    assert_true(f.w.final_us == 900);
    assert_true(saw(&f, 151, NONE, 300) == 900); /* and has rows of the stage that was idle */
    assert_true(sm_watermarks_mark(&f.w, &f.plan, 152) == 900);
    restart(&f);
    assert_true(sm_watermarks_mark(&f.w, &f.plan, 153) == 900);
    sm_arena_free(f.a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_rule_R6_there_is_no_mark_until_each_stage_saw_a_row),
        SM_TEST(test_rule_B11_the_least_counts_and_never_falls),
        SM_TEST(test_rule_B11_or_the_greatest),
        SM_TEST(test_rule_B13_after_a_restart_it_stands_until_all_have_seen_more),
        SM_TEST(test_watermark__who_is_idle_does_not_hold_others_back),
        SM_TEST(test_watermark__does_not_fall_when_who_was_idle_is_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
