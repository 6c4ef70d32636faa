/* SPDX-License-Identifier: Apache-2.0 */
/* exit_code.c -- the table from failures to exit statuses. */
#include "ui/cli/exit_code.h"

#include <stddef.h>

static const int statuses[] = {
    [SM_OK] = SM_EXIT_DONE,
    [SM_E_INVALID] = SM_EXIT_FAILED,
    [SM_E_NOT_FOUND] = SM_EXIT_FAILED,
    [SM_E_CONFLICT] = SM_EXIT_REFUSED,
    [SM_E_AGAIN] = SM_EXIT_FAILED,
    [SM_E_RULE] = SM_EXIT_EXPECTATION,
    [SM_E_LIMIT] = SM_EXIT_FAILED,
    [SM_E_TIMEOUT] = SM_EXIT_TIMEOUT,
    [SM_E_DENIED] = SM_EXIT_DENIED,
    [SM_E_IO] = SM_EXIT_OUTSIDE,
    [SM_E_REMOTE] = SM_EXIT_OUTSIDE,
    [SM_E_SQL] = SM_EXIT_FAILED,
    [SM_E_CORRUPT] = SM_EXIT_DAMAGED,
    [SM_E_CANCELLED] = SM_EXIT_INTERRUPTED,
};

int sm_exit_code(sm_code code)
{
    return statuses[code];
}

static const struct {
    int status;
    const char *meaning;
} meanings[] = {
    { SM_EXIT_DONE, "done" },
    { SM_EXIT_FAILED, "failed" },
    { SM_EXIT_USAGE, "usage" },
    { SM_EXIT_INVALID, "invalid project" },
    { SM_EXIT_TESTS, "a test failed" },
    { SM_EXIT_EXPECTATION, "an expectation failed" },
    { SM_EXIT_CHANGES, "there are changes" },
    { SM_EXIT_REFUSED, "refused" },
    { SM_EXIT_OUTSIDE, "something outside is unreachable or full" },
    { SM_EXIT_TIMEOUT, "out of time" },
    { SM_EXIT_DENIED, "not permitted" },
    { SM_EXIT_DAMAGED, "stored state is damaged" },
    { SM_EXIT_INTERNAL, "internal error" },
    { SM_EXIT_INTERRUPTED, "stopped" },
};

const char *sm_exit_meaning(int status)
{
    for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++)
        if (meanings[i].status == status)
            return meanings[i].meaning;
    return "";
}
