/* SPDX-License-Identifier: Apache-2.0 */
/* source_fixture.h -- a files source over a scratch folder, with a control store. */
#ifndef SM_TESTS_SOURCE_FIXTURE_H
#define SM_TESTS_SOURCE_FIXTURE_H

#include "tests/unit/store_fixture.h"

#include "runtime/connect/connect.h"
#include "runtime/engine/engine.h"

typedef struct source_fixture {
    store_fixture store;
    sm_arena *a;
    char dir[1200]; /* files lie here */
    sm_source s;
    sm_engine *engine; /* NULL until source_engine() */
    sm_schema schema;
    sm_error err;
} source_fixture;

/* `options` is JSON; paths in it are relative to f->dir. */
void source_open(source_fixture *f, const char *name, const char *options);
void source_close(source_fixture *f);

/* Close and open the source itself with other options, as another run would. */
void source_reopen(source_fixture *f, const char *options);

/* Write `name` below f->dir, with a modification time of `second`s after some moment. */
void source_file(source_fixture *f, const char *name, const char *text, int second);
void source_remove(source_fixture *f, const char *name);

/* Open an engine and a session that may read f->dir. */
void source_engine(source_fixture *f);

/* Columns in force: "name TYPE; name TYPE"; NULL takes what infer() says. */
void source_schema(source_fixture *f, const char *schema);

/* The next end from `start` (NULL: the begin), after looking outside. */
const sm_json *source_next(source_fixture *f, const sm_json *start);

/* The rows of the relation `view` as JSON arrays, one line each, sorted; in f->a. */
const char *source_rows(source_fixture *f, const char *view);

#endif
