/* SPDX-License-Identifier: Apache-2.0 */
/* steps.h -- one test of a pipeline, from its rows to what came of them.
 *
 * The pipeline is the real one, but for its inputs: a source gives the rows of the test, and a
 * table or view that the test gives rows for is a source of them.  Tables and state are in a folder
 * of the test's own, the clock stands still until a step moves it.  So everything of a test is in
 * the process that runs it: run each in its own (process_fan.h). */
#ifndef SM_CLI_STEPS_H
#define SM_CLI_STEPS_H

#include "pipelines/spec/spec_suite.h"
#include "ui/cli/cli.h"

typedef struct sm_steps_request {
    const sm_cli *c;
    const sm_suite *suite;
    sm_sv text; /* of its file */
    const sm_suite_test *test;
    const char *pipeline; /* the file */
    const char *folder;   /* absolute, empty: tables, state and files go there */
} sm_steps_request;

/* The result as a document, in c->a:
 *     {file, name, line, column, state, duration_ms,
 *      failures: [{file, line, column, message, diff?}],   state "failed"
 *      diagnostics: […], told: text}                       state "invalid"
 * state is "passed", "failed" or "invalid"; `told` is the diagnostics as a person reads them. */
sm_json *sm_steps_run(const sm_steps_request *q);

#endif
