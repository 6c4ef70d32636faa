/* SPDX-License-Identifier: Apache-2.0 */
/* test_process_fan.c -- the same work in processes of their own. */
#include <signal.h>
#include <unistd.h>

#include "runtime/base/process_fan.h"
#include "tests/support/test.h"

enum { THINGS = 9 };

typedef struct record {
    char text[THINGS][32];
    int status[THINGS];
    int done;   /* here */
    int worked; /* in the copy, and not here */
    int most;   /* stop when so many are done; 0: never */
} record;

static void answer(void *ctx, size_t i, sm_buf *out)
{
    record *r = ctx;

    r->worked++;
    if (i == 3)
        raise(SIGKILL);
    if (i == 4)
        _exit(5);
    for (size_t k = 0; i == 5 && k < 100 * 1000; k++)
        sm_buf_addc(out, 'x');
    sm_buf_addf(out, "thing %zu, %d", i, r->worked);
}

static void note(void *ctx, size_t i, sm_sv out, int status)
{
    record *r = ctx;

    snprintf(r->text[i], sizeof r->text[i], "%.*s", SM_SV_ARG(sm_sv_sub(out, 0, 20)));
    r->status[i] = status;
    r->done++;
}

static bool enough(void *ctx)
{
    const record *r = ctx;

    return r->most > 0 && r->done >= r->most;
}

static void test_process_fan__brings_each_answer_back_and_how_its_process_ended(void **state)
{
    record r = { .done = 0 };
    sm_process_fan f = {
        .n = THINGS, .at_once = 3, .max = 1024 * 1024, .work = answer, .done = note, .ctx = &r
    };
    sm_error err;

    (void)state;
    assert_int_equal(sm_process_fan_out(&f, &err), SM_OK);
    assert_int_equal(r.done, THINGS);
    assert_int_equal(r.worked, 0);
    assert_string_equal(r.text[0], "thing 0, 1");
    assert_string_equal(r.text[8], "thing 8, 1");
    assert_int_equal(r.status[0], 0);
    assert_int_equal(r.status[3], 128 + SIGKILL);
    assert_int_equal(r.status[4], 5);
    assert_string_equal(r.text[5], "xxxxxxxxxxxxxxxxxxxx");
}

static void test_process_fan__begins_no_more_when_asked_to_stop(void **state)
{
    record r = { .most = 2 };
    sm_process_fan f = { .n = THINGS,
                         .at_once = 1,
                         .max = 1024,
                         .work = answer,
                         .done = note,
                         .stopping = enough,
                         .ctx = &r };
    sm_error err;

    (void)state;
    assert_int_equal(sm_process_fan_out(&f, &err), SM_OK);
    assert_int_equal(r.done, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_process_fan__brings_each_answer_back_and_how_its_process_ended),
        SM_TEST(test_process_fan__begins_no_more_when_asked_to_stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
