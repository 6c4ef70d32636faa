/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "runtime/base/fs.h"
#include "runtime/base/secret.h"
#include "tests/support/test.h"

static void test_secret__it_is_the_first_line_of_a_file(void **state)
{
    static const char *const texts[] = { "abc", "abc\n", "abc\r\nmore\n" };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        sm_secret *s = NULL;
        sm_error err;

        sm_assert_ok(sm_fs_write("secret.txt", sm_sv_cstr(texts[i]), 0600, &err), err);
        sm_assert_ok(sm_secret_from_file("secret.txt", &s, &err), err);
        assert_true(sm_sv_eq_str(sm_secret_reveal(s), "abc"));
        sm_secret_free(s);
    }
}

static void test_secret__what_is_not_there_is_told_without_a_value(void **state)
{
    sm_secret *s = NULL;
    sm_error err;

    (void)state;
    assert_int_equal(sm_secret_from_file("no-such-file", &s, &err), SM_E_NOT_FOUND);
    assert_null(s);
    sm_assert_ok(sm_fs_write("empty.txt", SM_SV("\nsecond line\n"), 0600, &err), err);
    assert_int_equal(sm_secret_from_file("empty.txt", &s, &err), SM_E_INVALID);
    assert_string_equal(err.msg, "\"empty.txt\" has no secret in its first line");
    assert_int_equal(sm_secret_from_environment("SM_NO_SUCH_NAME", &s, &err), SM_E_NOT_FOUND);
    assert_null(s);
}

static void test_secret__it_comes_from_the_environment(void **state)
{
    sm_secret *s = NULL;
    sm_error err;

    (void)state;
    assert_int_equal(setenv("SM_TEST_SECRET", "xyz", 1), 0);
    sm_assert_ok(sm_secret_from_environment("SM_TEST_SECRET", &s, &err), err);
    assert_true(sm_sv_eq_str(sm_secret_reveal(s), "xyz"));
    sm_secret_free(s);
    assert_int_equal(setenv("SM_TEST_SECRET", "", 1), 0);
    assert_int_equal(sm_secret_from_environment("SM_TEST_SECRET", &s, &err), SM_E_INVALID);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        SM_TEST(test_secret__it_is_the_first_line_of_a_file),
        SM_TEST(test_secret__what_is_not_there_is_told_without_a_value),
        SM_TEST(test_secret__it_comes_from_the_environment),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
