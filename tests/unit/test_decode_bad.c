/* SPDX-License-Identifier: Apache-2.0 */
/* test_decode_bad.c -- places of undecodable records: kept, moved, counted up to a limit. */
#include "tests/support/test.h"

#include <string.h>

#include "runtime/connect/decode_bad.h"

static void test_bads__move_from_a_part_with_their_reasons(void **state)
{
    sm_decode_bads *all = sm_decode_bads_new(), *part = sm_decode_bads_new();
    (void)state;
    sm_decode_bads_add(all, (sm_decode_place){ 1, 5 }, 3, "first");
    for (int64_t i = 0; i < 100; i++)
        sm_decode_bads_add(part, (sm_decode_place){ 0, i }, SM_DECODE_NO_END, "why");
    sm_decode_bads_merge(all, part);
    assert_int_equal(part->n, 0);
    assert_int_equal(all->n, 101);
    assert_string_equal(all->reasons + all->items[0].reason, "first");
    assert_string_equal(all->reasons + all->items[100].reason, "why");
    assert_int_equal(all->items[100].at.offset, 99);
    assert_int_equal(all->items[100].len, SM_DECODE_NO_END);
    sm_decode_bads_free(part);
    sm_decode_bads_free(all);
}

static void test_bads__more_than_can_be_kept_are_told(void **state)
{
    sm_decode_bads *all = sm_decode_bads_new(), *part = sm_decode_bads_new();
    (void)state;
    for (int64_t i = 0; i < SM_DECODE_MAX_BAD; i++)
        sm_decode_bads_add(all, (sm_decode_place){ 0, i }, 1, "");
    assert_false(all->over);
    sm_decode_bads_add(part, (sm_decode_place){ 0, 0 }, 1, "");
    sm_decode_bads_merge(all, part);
    assert_true(all->over);
    assert_int_equal(all->n, SM_DECODE_MAX_BAD);
    sm_decode_bads_free(part);
    sm_decode_bads_free(all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_bads__move_from_a_part_with_their_reasons),
        SM_TEST(test_bads__more_than_can_be_kept_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
