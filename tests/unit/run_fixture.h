/* SPDX-License-Identifier: Apache-2.0 */
/* run_fixture.h -- whole runs of a plan made by hand: files in, a Delta table out. */
#ifndef SM_TESTS_RUN_FIXTURE_H
#define SM_TESTS_RUN_FIXTURE_H

#include "tests/support/test.h"

#include <limits.h>

#include "pipelines/plan/plan.h"
#include "runtime/engine/engine.h"
#include "runtime/exec/run.h"

typedef struct run_fixture {
    sm_arena *a;
    char root[PATH_MAX]; /* in/ lies here, and lake/, and lake/.smelt */
    sm_engine *engine;   /* NULL until a run, or run_rows(), asks */
    bool engine_asked;   /* by the last run */
    sm_store *store;
    sm_plan plan; /* source "readings" (ts, k, v), table "t" by one flow */
    sm_plan_dataset datasets[3];
    sm_plan_flow flow;
    int64_t files;
    sm_flow_outcome outcome; /* of the last run */
    bool full_refresh[3];
    sm_error err;
} run_fixture;

/* A plan whose flow reads the source and has these stages; `result` are the columns of the last
 * SELECT, `select`. */
void run_begin(run_fixture *f, const char *name, const sm_stage *stages, size_t n,
               const sm_schema *result, const char *select);
void run_end(run_fixture *f);
/* A file of the source: "second key value" rows as NDJSON. */
void run_arrives(run_fixture *f, const char *ndjson);
/* Run the pipeline once; false when it failed, with f->err. */
bool run_once(run_fixture *f);
/* The same, and the run itself may not even be recorded. */
bool run_tries(run_fixture *f);
/* The first value of a query, in which {t} is the table, {late} the one of late rows. */
const char *run_value(run_fixture *f, const char *query);

#endif
