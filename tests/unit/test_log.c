/* SPDX-License-Identifier: Apache-2.0 */
/* test_log.c -- one call is one line. */
#include "tests/support/test.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/base/clock.h"
#include "runtime/base/log.h"

/* What is written to stderr while `fn` runs; free() it. */
static char *captured(void (*fn)(void))
{
    int out = open("stderr.txt", O_WRONLY | O_CREAT | O_TRUNC, 0600), old = dup(STDERR_FILENO);
    char *text;

    assert_true(out >= 0 && old >= 0);
    assert_true(dup2(out, STDERR_FILENO) >= 0);
    fn();
    assert_true(dup2(old, STDERR_FILENO) >= 0);
    close(old);
    close(out);
    text = sm_test_read("stderr.txt");
    sm_test_remove("stderr.txt");
    return text;
}

static void log_three(void)
{
    sm_log(SM_LOG_INFO, "exec", "flow=%s batch=%d done", "orders", 12);
    sm_log(SM_LOG_DEBUG, "exec", "not shown");
    sm_log(SM_LOG_ERROR, "exec", "foreign=%s", "a\nb\x1B[31m");
}

static void log_huge(void)
{
    char text[40000];

    memset(text, 'x', sizeof text);
    sm_log(SM_LOG_ERROR, "exec", "%.*s", (int)sizeof text, text);
}

static void test_log__writes_logfmt_at_its_level(void **state)
{
    char *text;

    (void)state;
    sm_clock_set_ms(0);
    sm_log_set_level(SM_LOG_INFO);
    assert_true(sm_log_on(SM_LOG_INFO));
    assert_false(sm_log_on(SM_LOG_DEBUG));
    text = captured(log_three);
    assert_string_equal(text, "1970-01-01T00:00:00.000Z info exec flow=orders batch=12 done\n"
                              "1970-01-01T00:00:00.000Z error exec foreign=a\\x0ab\\x1b[31m\n");
    free(text);
}

static void test_log__a_huge_text_is_still_a_line(void **state)
{
    char *text;

    (void)state;
    sm_clock_set_ms(0);
    text = captured(log_huge);
    assert_string_equal(text, "1970-01-01T00:00:00.000Z error exec (text too long)\n");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_log__writes_logfmt_at_its_level),
        SM_TEST(test_log__a_huge_text_is_still_a_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
