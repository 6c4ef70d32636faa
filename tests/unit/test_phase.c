/* SPDX-License-Identifier: Apache-2.0 */
/* test_phase.c -- where the time of a batch went, as text and added up. */
#include "runtime/events/phase.h"
#include "tests/support/test.h"

#include <string.h>

static void test_phase__times_are_added_and_written_by_name(void **state)
{
    sm_batch_times one = { .us = { [SM_PHASE_READ] = 5, [SM_PHASE_PUBLISH] = 2 }, .cpu_us = 9 };
    sm_batch_times all = { .us = { [SM_PHASE_PLAN] = 1 } };
    sm_arena *a = sm_arena_new("test");

    (void)state;
    sm_batch_times_add(&all, &one);
    sm_batch_times_add(&all, &one);
    assert_int_equal(all.cpu_us, 18);
    assert_string_equal(sm_batch_times_text(&all, a).ptr,
                        "{\"plan\":1,\"open\":0,\"read\":10,\"compute\":0,\"sync\":0,\"keep\":0,"
                        "\"decide\":0,\"publish\":4}");
    sm_arena_free(a);
}

static void test_phase__what_was_not_measured_has_no_text(void **state)
{
    sm_arena *a = sm_arena_new("test");

    (void)state;
    assert_int_equal(sm_batch_times_text(&(sm_batch_times){ .cpu_us = 4 }, a).len, 0);
    sm_arena_free(a);
}

static void test_phase__each_has_a_name_and_three_grow_with_the_rows(void **state)
{
    int work = 0;

    (void)state;
    for (int i = 0; i < SM_PHASES; i++) {
        assert_non_null(sm_phase_name((sm_phase)i));
        work += sm_phase_is_work((sm_phase)i);
    }
    assert_int_equal(work, 3);
    assert_true(sm_phase_is_work(SM_PHASE_COMPUTE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_phase__times_are_added_and_written_by_name),
        SM_TEST(test_phase__what_was_not_measured_has_no_text),
        SM_TEST(test_phase__each_has_a_name_and_three_grow_with_the_rows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
