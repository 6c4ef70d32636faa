/* SPDX-License-Identifier: Apache-2.0 */
/* runs_print.h -- a run's document as text. */
#ifndef SM_CLI_RUNS_PRINT_H
#define SM_CLI_RUNS_PRINT_H

#include "ui/cli/cli.h"

/* Of sm_view_run().  The exit status: 0, or 8 when stdout is full. */
int sm_runs_print_one(const sm_cli *c, const sm_json *doc);

#endif
