/* SPDX-License-Identifier: Apache-2.0 */
/* test_process.c -- other programs. */
#include "runtime/base/process.h"
#include "tests/support/test.h"

typedef struct answer {
    sm_buf out, complaint;
    int status;
    sm_error err;
    sm_code rc;
} answer;

static void run(answer *a, size_t max, const char *script)
{
    const char *argv[] = { "sh", "-c", script, NULL };

    sm_buf_init(&a->out, max);
    sm_buf_init(&a->complaint, max);
    a->rc = sm_process_run(argv, &a->out, &a->complaint, &a->status, &a->err);
}

static void done(answer *a)
{
    sm_buf_release(&a->out);
    sm_buf_release(&a->complaint);
}

static void test_process__gives_what_a_program_prints_and_how_it_ended(void **state)
{
    answer a;

    (void)state;
    run(&a, 1024, "echo yes; echo no >&2; read x && echo input; exit 3");
    assert_int_equal(a.rc, SM_OK);
    assert_int_equal(a.status, 3);
    assert_string_equal(a.out.ptr, "yes\n");
    assert_string_equal(a.complaint.ptr, "no\n");
    done(&a);
    run(&a, 1024, "kill -9 $$");
    assert_int_equal(a.status, 128 + 9);
    done(&a);
}

static void test_process__passes_over_what_is_more_than_the_maximum(void **state)
{
    answer a;

    (void)state;
    run(&a, 1000, "head -c 300000 /dev/zero >&2; head -c 300000 /dev/zero; exit 0");
    assert_int_equal(a.rc, SM_OK);
    assert_int_equal(a.status, 0);
    assert_true(a.out.over);
    assert_true(a.complaint.over);
    done(&a);
}

static void test_process__says_that_there_is_no_such_program(void **state)
{
    const char *argv[] = { "no-such-program-here", NULL };
    answer a;

    (void)state;
    sm_buf_init(&a.out, 16);
    sm_buf_init(&a.complaint, 16);
    assert_int_equal(sm_process_run(argv, &a.out, &a.complaint, &a.status, &a.err), SM_E_NOT_FOUND);
    assert_non_null(strstr(a.err.msg, "no-such-program-here"));
    done(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_process__gives_what_a_program_prints_and_how_it_ended),
        SM_TEST(test_process__passes_over_what_is_more_than_the_maximum),
        SM_TEST(test_process__says_that_there_is_no_such_program),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
