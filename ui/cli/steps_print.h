/* SPDX-License-Identifier: Apache-2.0 */
/* steps_print.h -- results of tests, for people. */
#ifndef SM_CLI_STEPS_PRINT_H
#define SM_CLI_STEPS_PRINT_H

#include "ui/cli/cli.h"

/* One line, and what is wrong below it. */
void sm_steps_print(const sm_cli *c, const sm_json *test, sm_buf *out);
/* The rows of a failure as text without colours; "" when there are none.  Lives in c->a. */
sm_sv sm_steps_rows_text(const sm_cli *c, const sm_json *failure);

#endif
