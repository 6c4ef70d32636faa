/* SPDX-License-Identifier: Apache-2.0 */
/* exit_code.h -- the exit statuses of smelt, and which failure ends with which. */
#ifndef SM_CLI_EXIT_CODE_H
#define SM_CLI_EXIT_CODE_H

#include "runtime/base/error.h"

enum {
    SM_EXIT_DONE = 0,
    SM_EXIT_FAILED = 1,
    SM_EXIT_USAGE = 2,
    SM_EXIT_INVALID = 3, /* the project */
    SM_EXIT_TESTS = 4,   /* of smelt test */
    SM_EXIT_EXPECTATION = 5,
    SM_EXIT_CHANGES = 6, /* plan --detailed-exitcode */
    SM_EXIT_REFUSED = 7,
    SM_EXIT_OUTSIDE = 8, /* unreachable or full */
    SM_EXIT_TIMEOUT = 9,
    SM_EXIT_DENIED = 10,
    SM_EXIT_DAMAGED = 11, /* stored state; nothing was changed */
    SM_EXIT_INTERNAL = 70,
    SM_EXIT_INTERRUPTED = 130,
};

int sm_exit_code(sm_code code);
/* "the run failed": for help pages. */
const char *sm_exit_meaning(int status);

#endif
