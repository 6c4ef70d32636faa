/* SPDX-License-Identifier: Apache-2.0 */
/* ops_fixture.h -- stages on a real engine, batch after batch, with a record in memory. */
#ifndef SM_TESTS_OPS_FIXTURE_H
#define SM_TESTS_OPS_FIXTURE_H

#include "tests/support/test.h"

#include <limits.h>

#include "runtime/engine/engine.h"
#include "runtime/ops/ops.h"

#define NONE SM_OPS_NO_TIME

typedef struct ops_fixture {
    sm_engine *e;
    sm_session *s;
    sm_arena *a;
    char folder[PATH_MAX]; /* of the state: <scratch>/flows/<test>/generation */
    const sm_stage *stages;
    size_t n;
    sm_ops *ops;
    const sm_json *record; /* of the last batch; NULL: none */
    int64_t next;
    int64_t late, final;   /* watermarks of the last batch */
    bool columnar;         /* the input gives single columns */
    const int64_t *newest; /* per stage, for the next batch; NULL: nothing was seen */
    const sm_ops_count *counts;
    sm_error err;
} ops_fixture;

int ops_setup(void **state); /* the engine, for the whole program */
int ops_teardown(void **state);

/* Begin with these stages (borrowed) and an empty state. */
void ops_begin(ops_fixture *f, const sm_stage *stages, size_t n);
/* The input _smelt_in_0 is this SELECT. */
void ops_input(ops_fixture *f, const char *select);
/* Run the next batch over `select` ("": no input; the columns of the last one) up to the watermark
 * `final`; save and keep it.  The first value of `show`, as text; lives in f->a. */
const char *ops_batch(ops_fixture *f, const char *select, int64_t final, const char *show);
/* The same, up to and without the decision. */
const char *ops_attempt(ops_fixture *f, const char *select, int64_t final, const char *show);
/* Another process, with what the record says: everything is loaded again. */
void ops_restart(ops_fixture *f);
/* A seed that differs from run to run and is printed; SM_SEED gives one. */
unsigned ops_seed(void);
/* From 0 to below `n`. */
size_t ops_random(unsigned *seed, size_t n);
/* How many files lie below the folder of the state. */
size_t ops_files(ops_fixture *f, const char *log);

#endif
