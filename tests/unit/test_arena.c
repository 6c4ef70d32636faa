/* SPDX-License-Identifier: Apache-2.0 */
/* test_arena.c -- memory that ends together. */
#include "tests/support/test.h"

#include <string.h>

#include "runtime/base/arena.h"

static char order[8];

static void note(void *arg)
{
    size_t n = strlen(order);

    order[n] = *(const char *)arg;
    order[n + 1] = '\0';
}

static void test_arena__memory_is_zeroed_aligned_and_apart(void **state)
{
    sm_arena *a = sm_arena_new("test");
    unsigned char *before = NULL;

    (void)state;
    for (size_t size = 1; size < 20000; size = size * 3 + 1) {
        unsigned char *p = sm_arena_alloc(a, 1, 1, size);
        int64_t *n = SM_NEW(a, int64_t);

        assert_int_equal((uintptr_t)n % _Alignof(int64_t), 0);
        assert_true(*n == 0);
        for (size_t i = 0; i < size; i++)
            assert_int_equal(p[i], 0);
        memset(p, 0xAA, size);
        *n = -1;
        if (before != NULL)
            assert_int_equal(*before, 0xAA);
        before = p;
    }
    sm_arena_free(a);
}

static void test_arena__copies_are_terminated(void **state)
{
    sm_arena *a = sm_arena_new("test");
    sm_sv s = sm_arena_dup(a, sm_sv_sub(SM_SV("orders_raw"), 0, 6));

    (void)state;
    assert_string_equal(s.ptr, "orders");
    assert_string_equal(sm_arena_cstr(a, (sm_sv){ NULL, 0 }), "");
    s = sm_arena_printf(a, "%s-%05d", "part", 7);
    assert_string_equal(s.ptr, "part-00007");
    assert_int_equal(s.len, 10);
    sm_arena_free(a);
}

static void test_arena__reset_runs_deferred_calls_last_in_first_out(void **state)
{
    static const char a_char = 'a', b_char = 'b', c_char = 'c';
    sm_arena *a = sm_arena_new("test");

    (void)state;
    order[0] = '\0';
    sm_arena_defer(a, note, (void *)(uintptr_t)&a_char);
    sm_arena_defer(a, note, (void *)(uintptr_t)&b_char);
    sm_arena_reset(a);
    assert_string_equal(order, "ba");
    assert_int_equal(sm_arena_bytes(a), 0);
    sm_arena_defer(a, note, (void *)(uintptr_t)&c_char);
    sm_arena_free(a);
    assert_string_equal(order, "bac");
    sm_arena_free(NULL);
}

static void test_arena__a_large_object_leaves_the_chunk_in_use(void **state)
{
    sm_arena *a = sm_arena_new("test");
    char *small = sm_arena_alloc(a, 1, 1, 10), *large = sm_arena_alloc(a, 1, 1, 3000000);

    (void)state;
    memset(large, 1, 3000000);
    memset(small, 2, 10);
    assert_non_null(sm_arena_alloc(a, 1, 1, 10));
    assert_int_equal(small[9], 2);
    assert_int_equal(sm_arena_bytes(a), 3000020);
    sm_arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_arena__memory_is_zeroed_aligned_and_apart),
        SM_TEST(test_arena__copies_are_terminated),
        SM_TEST(test_arena__reset_runs_deferred_calls_last_in_first_out),
        SM_TEST(test_arena__a_large_object_leaves_the_chunk_in_use),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
