/* SPDX-License-Identifier: Apache-2.0 */
/* test_strmap.c -- names to numbers. */
#include "tests/support/test.h"

#include "runtime/base/strmap.h"

static void test_strmap__keeps_the_first_value_of_a_key(void **state)
{
    sm_arena *a = sm_arena_new("test");
    sm_strmap *m = sm_strmap_new(a);
    size_t v = 99;

    (void)state;
    assert_false(sm_strmap_get(m, SM_SV("x"), &v));
    assert_int_equal(v, 99);
    assert_true(sm_strmap_put(m, SM_SV("x"), 1));
    assert_false(sm_strmap_put(m, SM_SV("x"), 2));
    assert_true(sm_strmap_put(m, SM_SV("X"), 3));
    assert_true(sm_strmap_put(m, (sm_sv){ NULL, 0 }, 4));
    assert_true(sm_strmap_get(m, SM_SV("x"), &v));
    assert_int_equal(v, 1);
    assert_true(sm_strmap_get(m, SM_SV(""), &v));
    assert_int_equal(v, 4);
    sm_strmap_set(m, SM_SV("x"), 5);
    assert_true(sm_strmap_get(m, SM_SV("x"), &v));
    assert_int_equal(v, 5);
    assert_int_equal(sm_strmap_len(m), 3);
    sm_arena_free(a);
}

static void test_strmap__finds_ten_thousand_keys_again(void **state)
{
    sm_arena *a = sm_arena_new("test");
    sm_strmap *m = sm_strmap_new(a);
    size_t v;

    (void)state;
    for (size_t i = 0; i < 10000; i++)
        assert_true(sm_strmap_put(m, sm_arena_printf(a, "column_%zu", i), i));
    for (size_t i = 0; i < 10000; i++) {
        assert_true(sm_strmap_get(m, sm_arena_printf(a, "column_%zu", i), &v));
        assert_int_equal(v, i);
    }
    assert_false(sm_strmap_get(m, SM_SV("column_10000"), &v));
    sm_arena_free(a);
}

static void test_strmap__without_case_one_key_has_many_spellings(void **state)
{
    sm_arena *a = sm_arena_new("test");
    sm_strmap *m = sm_strmap_new_nocase(a);
    size_t v;

    (void)state;
    assert_true(sm_strmap_put(m, SM_SV("Device_ID"), 7));
    assert_false(sm_strmap_put(m, SM_SV("device_id"), 8));
    assert_true(sm_strmap_get(m, SM_SV("DEVICE_ID"), &v));
    assert_int_equal(v, 7);
    sm_arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_strmap__keeps_the_first_value_of_a_key),
        SM_TEST(test_strmap__finds_ten_thousand_keys_again),
        SM_TEST(test_strmap__without_case_one_key_has_many_spellings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
