/* SPDX-License-Identifier: Apache-2.0 */
/* store_fixture.h -- a control store in a scratch folder, for the tests of runtime/store. */
#ifndef SM_TESTS_STORE_FIXTURE_H
#define SM_TESTS_STORE_FIXTURE_H

#include "tests/support/test.h"

#include "runtime/store/store_batches.h"
#include "runtime/store/store_files.h"
#include "runtime/store/store_tables.h"

typedef struct store_fixture {
    char path[1024]; /* state.path */
    sm_store *s;
    sm_arena *a;
    sm_owner o; /* of pipeline "iot" */
    sm_error err;
} store_fixture;

/* Open a new store, acquired for pipeline "iot"; close it and free what it gave. */
void store_open(store_fixture *f, const char *name);
void store_close(store_fixture *f);

/* Another handle on the same file, waiting `busy_ms` for locks; close with sm_store_close. */
sm_store *store_again(const store_fixture *f, int64_t busy_ms);

/* A run in state running; its id. */
int64_t store_run(store_fixture *f);
/* A first generation of `flow`, writing the table of that name; its id. */
int64_t store_generation(store_fixture *f, const char *flow);
/* A record ready to be decided: batch n of a generation, with actions for table "t". */
sm_batch_rec store_batch(int64_t generation, int64_t n);
/* Decide batch n of `generation`, after `done` (n - 1 as a rule; -1: close none). */
sm_code store_decide(store_fixture *f, int64_t generation, int64_t n, int64_t done);
sm_code store_done(store_fixture *f, int64_t generation, int64_t n);

/* The newest event's text fields equal what is given. */
void store_expect_event(store_fixture *f, const char *type, const char *message);

#define assert_sv(sv, text)                                                                        \
    do {                                                                                           \
        assert_int_equal((sv).len, strlen(text));                                                  \
        assert_memory_equal((sv).ptr, text, strlen(text));                                         \
    } while (0)

#endif
