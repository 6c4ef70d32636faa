/* SPDX-License-Identifier: Apache-2.0 */
/* test_base64.c -- the examples of RFC 4648, and what is none. */
#include "runtime/base/base64.h"
#include "tests/support/test.h"

static void test_base64__of_the_rfc_goes_there_and_back(void **state)
{
    static const char *const pairs[][2] = {
        { "", "" },
        { "f", "Zg==" },
        { "fo", "Zm8=" },
        { "foo", "Zm9v" },
        { "foob", "Zm9vYg==" },
        { "fooba", "Zm9vYmE=" },
        { "foobar", "Zm9vYmFy" },
    };
    sm_arena *a = sm_arena_new("base64");

    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        sm_sv back;
        sm_buf b;

        sm_buf_init(&b, 100);
        sm_base64_add(&b, sm_sv_cstr(pairs[i][0]));
        assert_true(sm_sv_eq_str(sm_buf_sv(&b), pairs[i][1]));
        assert_true(sm_base64_decode(sm_buf_sv(&b), a, &back));
        assert_true(sm_sv_eq_str(back, pairs[i][0]));
        sm_buf_release(&b);
    }
    sm_arena_free(a);
}

static void test_base64__all_bytes_come_back(void **state)
{
    char bytes[256];
    sm_arena *a = sm_arena_new("base64");
    sm_sv back;
    sm_buf b;

    (void)state;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)(255 - i);
    sm_buf_init(&b, 1000);
    sm_base64_add(&b, (sm_sv){ bytes, sizeof bytes });
    assert_true(sm_base64_decode(sm_buf_sv(&b), a, &back));
    assert_true(sm_sv_eq(back, (sm_sv){ bytes, sizeof bytes }));
    sm_buf_release(&b);
    sm_arena_free(a);
}

static void test_base64__other_text_is_none(void **state)
{
    static const char *const others[] = {
        "Z", "Zg=", "Zg==Zg==", "Zm9!", "Zm 9", "====", "Zm9v\n"
    };
    sm_arena *a = sm_arena_new("base64");
    sm_sv out;

    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        assert_false(sm_base64_decode(sm_sv_cstr(others[i]), a, &out));
    sm_arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_base64__of_the_rfc_goes_there_and_back),
        SM_TEST(test_base64__all_bytes_come_back),
        SM_TEST(test_base64__other_text_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
