/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/base/gzip.h"
#include "tests/support/test.h"

static void test_gzip__what_was_packed_comes_back(void **state)
{
    sm_arena *a = sm_arena_new("test");
    sm_sv text =
        SM_SV("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    sm_sv packed, back;
    sm_error err;

    (void)state;
    assert_true(sm_gzip(text, 9, a, &packed));
    assert_true(packed.len < text.len);
    sm_assert_ok(sm_gunzip(packed, text.len, a, &back, &err), err);
    assert_true(sm_sv_eq(back, text));
    sm_assert_code(sm_gunzip(packed, text.len - 1, a, &back, &err), SM_E_LIMIT);
    sm_assert_code(sm_gunzip(sm_sv_sub(packed, 0, packed.len - 9), 1000, a, &back, &err),
                   SM_E_INVALID);
    sm_assert_code(sm_gunzip(text, 1000, a, &back, &err), SM_E_INVALID);
    sm_arena_free(a);
}

static void test_gzip__what_would_grow_is_left(void **state)
{
    sm_arena *a = sm_arena_new("test");
    sm_sv packed;

    (void)state;
    assert_false(sm_gzip(SM_SV("abc"), 9, a, &packed));
    assert_false(sm_gzip(SM_SV(""), 9, a, &packed));
    sm_arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_gzip__what_was_packed_comes_back),
        SM_TEST(test_gzip__what_would_grow_is_left),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
