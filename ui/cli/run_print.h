/* SPDX-License-Identifier: Apache-2.0 */
/* run_print.h -- a run as the terminal shows it, while it goes on and when it has ended. */
#ifndef SM_CLI_RUN_PRINT_H
#define SM_CLI_RUN_PRINT_H

#include "runtime/exec/run.h"
#include "ui/cli/cli.h"

typedef struct sm_run_printer {
    const sm_cli *c;
    const sm_plan *plan;
    size_t name_width;
    bool live;      /* a line of progress stands on the terminal */
    bool caught_up; /* a continuous run said so */
} sm_run_printer;

void sm_run_print_init(sm_run_printer *p, const sm_cli *c, const sm_plan *plan,
                       const bool *selected);
void sm_run_print_begin(sm_run_printer *p, sm_sv commit);
/* A sm_run_listener; `ctx` is the printer. */
void sm_run_print_flow(void *ctx, const sm_flow_outcome *o);
void sm_run_print_end(sm_run_printer *p, const sm_run_result *r);
/* The run as a document: {"pipeline","run","state","flows":[…],…}.  Lives as long as the command.
 */
sm_json *sm_run_print_document(const sm_run_printer *p, const sm_run_result *r);

#endif
