/* SPDX-License-Identifier: Apache-2.0 */
/* test_error.c -- errors say what, and keep their code. */
#include "tests/support/test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "runtime/base/error.h"
#include "runtime/base/str.h"

static void test_error__fail_returns_the_code_and_fills_the_struct(void **state)
{
    sm_error err;

    (void)state;
    sm_assert_code(sm_fail(&err, SM_E_SQL, 7, "table \"%s\"", "orders"), SM_E_SQL);
    assert_int_equal(err.code, SM_E_SQL);
    assert_int_equal(err.sys, 7);
    assert_false(err.retryable);
    assert_string_equal(err.msg, "table \"orders\"");
}

static void test_error__wrap_adds_context_and_keeps_the_code(void **state)
{
    sm_error err;

    (void)state;
    sm_fail(&err, SM_E_CONFLICT, 0, "version 7 exists");
    sm_assert_code(sm_wrap(&err, "table \"%s\"", "orders"), SM_E_CONFLICT);
    sm_assert_code(sm_wrap(&err, "flow \"%s\", batch %d", "f", 12), SM_E_CONFLICT);
    assert_string_equal(err.msg, "flow \"f\", batch 12: table \"orders\": version 7 exists");
    assert_true(err.retryable);
}

static void test_error__an_argument_may_be_the_old_message(void **state)
{
    sm_error err;

    (void)state;
    sm_fail(&err, SM_E_IO, 0, "first");
    sm_fail(&err, SM_E_CORRUPT, 0, "second after %s", err.msg);
    assert_string_equal(err.msg, "second after first");
    sm_wrap(&err, "third, %s", err.msg);
    assert_string_equal(err.msg, "third, second after first: second after first");
}

static void test_error__a_message_is_one_line(void **state)
{
    sm_error err;

    (void)state;
    sm_fail(&err, SM_E_SQL, 0, "Parser Error\nLINE 1:\tx");
    assert_string_equal(err.msg, "Parser Error LINE 1: x");
}

static void test_error__a_long_message_ends_in_a_whole_character(void **state)
{
    char text[1000];
    sm_error err;

    (void)state;
    for (size_t shift = 0; shift < 3; shift++) {
        memset(text, 'x', shift);
        for (size_t i = shift; i + 3 < sizeof text; i += 3)
            memcpy(text + i, "\xE2\x82\xAC", 4);
        sm_fail(&err, SM_E_IO, 0, "%s", text);
        assert_in_range(strlen(err.msg), sizeof err.msg - 6, sizeof err.msg - 1);
        assert_int_equal(sm_utf8_check(sm_sv_cstr(err.msg)), strlen(err.msg));
        sm_wrap(&err, "%s", "context");
        assert_int_equal(sm_utf8_check(sm_sv_cstr(err.msg)), strlen(err.msg));
        assert_memory_equal(err.msg, "context: ", 9);
    }
}

static void test_error__errno_decides_the_code_and_the_advice(void **state)
{
    static const struct {
        int sys;
        sm_code code;
        bool retryable;
        const char *part;
    } rows[] = {
        { ENOENT, SM_E_NOT_FOUND, false, "No such file" },
        { EACCES, SM_E_DENIED, false, "Permission denied" },
        { EEXIST, SM_E_CONFLICT, true, "File exists" },
        { EIO, SM_E_IO, false, "Input/output error" },
        { ENOSPC, SM_E_IO, true, "free some space" },
        { EDQUOT, SM_E_IO, true, "quota" },
        { EMFILE, SM_E_IO, true, "ulimit -n" },
    };
    sm_error err;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        sm_assert_code(sm_fail_errno(&err, rows[i].sys, "could not write \"%s\"", "f"),
                       rows[i].code);
        assert_int_equal(err.sys, rows[i].sys);
        assert_int_equal(err.retryable, rows[i].retryable);
        sm_test_contains(err.msg, "could not write \"f\": ");
        sm_test_contains(err.msg, rows[i].part);
    }
}

static void test_error__every_code_has_a_name(void **state)
{
    (void)state;
    for (int code = SM_OK; code <= SM_E_CANCELLED; code++)
        assert_non_null(sm_code_name((sm_code)code));
    assert_string_equal(sm_code_name(SM_E_NOT_FOUND), "not_found");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_error__fail_returns_the_code_and_fills_the_struct),
        SM_TEST(test_error__wrap_adds_context_and_keeps_the_code),
        SM_TEST(test_error__an_argument_may_be_the_old_message),
        SM_TEST(test_error__a_message_is_one_line),
        SM_TEST(test_error__a_long_message_ends_in_a_whole_character),
        SM_TEST(test_error__errno_decides_the_code_and_the_advice),
        SM_TEST(test_error__every_code_has_a_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
