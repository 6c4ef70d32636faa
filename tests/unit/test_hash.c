/* SPDX-License-Identifier: Apache-2.0 */
/* test_hash.c -- digests and identifiers. */
#include "tests/support/test.h"

#include <string.h>

#include "runtime/base/hash.h"

static void test_hash__sha256_is_the_known_one(void **state)
{
    sm_arena *a = sm_arena_new("test");

    (void)state;
    assert_string_equal(sm_sha256_hex(SM_SV("abc"), a).ptr,
                        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_string_equal(sm_sha256_hex(SM_SV(""), a).ptr,
                        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    sm_arena_free(a);
}

static sm_sv hash_of(sm_arena *a, sm_sv x, sm_sv y)
{
    sm_hash *h = sm_hash_new();

    sm_hash_add(h, x);
    sm_hash_add(h, y);
    return sm_hash_hex(h, a);
}

static void test_hash__parts_do_not_run_into_each_other(void **state)
{
    sm_arena *a = sm_arena_new("test");
    sm_sv one = hash_of(a, SM_SV("ab"), SM_SV("c")), two = hash_of(a, SM_SV("a"), SM_SV("bc"));

    (void)state;
    assert_false(sm_sv_eq(one, two));
    assert_true(sm_sv_eq(one, hash_of(a, SM_SV("ab"), SM_SV("c"))));
    assert_int_equal(one.len, 64);
    sm_arena_free(a);
}

static void test_uuid__is_version_4_and_never_the_same(void **state)
{
    sm_arena *a = sm_arena_new("test");
    sm_sv last = SM_SV("");

    (void)state;
    for (int i = 0; i < 100; i++) {
        sm_sv u = sm_uuid4(a);

        assert_int_equal(u.len, 36);
        for (size_t at = 0; at < 36; at++)
            assert_int_equal(u.ptr[at] == '-', at == 8 || at == 13 || at == 18 || at == 23);
        assert_int_equal(u.ptr[14], '4');
        assert_non_null(strchr("89ab", u.ptr[19]));
        assert_false(sm_sv_eq(u, last));
        last = u;
    }
    sm_arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_hash__sha256_is_the_known_one),
        SM_TEST(test_hash__parts_do_not_run_into_each_other),
        SM_TEST(test_uuid__is_version_4_and_never_the_same),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
