/* SPDX-License-Identifier: Apache-2.0 */
/* store.h -- the control store: what smelt remembers between two lives.
 *
 * One SQLite file, <state.path>/control/smelt.db (folder 0700, file 0600, WAL), may hold
 * several pipelines.  A process opens it once; the handle may be used by any thread, every
 * call takes the store's one mutex for a few milliseconds and none calls back.
 *
 * WHO MAY WRITE.  A run holds the OFD lock of its pipeline and then acquires the pipeline
 * here, which makes the epoch grow.  Every write of a record names the sm_owner it got; when
 * the epoch has moved on, the write fails with SM_E_CONFLICT, "another run took over", and
 * changes nothing.
 *
 * HOW DURABLE.  Decisions (decide, intend, void, generations, schemas) are on the disk when
 * the call returns.  What may be lost in a power cut without harm (files found, done marks,
 * progress, events) is only in the file system's cache then, but always in order: whatever is
 * durable, all that was written before it is durable too.  A killed process loses nothing.
 *
 * A failed write leaves the store as it was, or, if the error came from the disk at the last
 * moment, as it should have been: ask again to know.
 *
 * Texts given are borrowed for the call; texts handed out live in the arena given.  JSON is
 * kept as text and never looked into.  Times are milliseconds since 1970, UTC; 0 = never.
 * Pipelines, runs, generations and batches have integer ids, from 1 on. */
#ifndef SM_STORE_STORE_H
#define SM_STORE_STORE_H

#include "runtime/base/arena.h"
#include "runtime/base/error.h"
#include "runtime/base/str.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    SM_STORE_BUSY_MS = 10 * 1000, /* wait for another process's transaction */
    SM_STORE_BALLAST_BYTES = 16 * 1024 * 1024,
    SM_STORE_TEXT_MAX = 16 * 1024, /* event text, error text of a run */
    SM_STORE_MANIFEST_MAX = 64 * 1024 * 1024,
    SM_STORE_PLANS_KEPT = 16,
};

typedef struct sm_store sm_store;

typedef struct sm_store_config {
    sm_sv state_path; /* the folder; made when missing, unless read_only */
    bool read_only;   /* looking: no file is made, no schema changed, writes are refused */
    int64_t busy_ms;  /* 0 means SM_STORE_BUSY_MS */
} sm_store_config;

/* SM_E_NOT_FOUND: read_only and there is no store yet.  SM_E_CORRUPT: the file is no store or
 * a damaged one; or it was written by a newer smelt (nothing is changed).  A store of an older
 * smelt is brought up to date, except read_only, which says SM_E_CONFLICT and to run first.
 * `*out` is owned: close with sm_store_close. */
sm_code sm_store_open(const sm_store_config *config, sm_store **out, sm_error *err);
void sm_store_close(sm_store *s); /* NULL is fine */

const char *sm_store_path(const sm_store *s); /* of smelt.db; borrowed, until close */
int64_t sm_store_version(const sm_store *s);  /* of the schema */

/* Read the whole file and check it: SM_E_CORRUPT names the first fault.  For `smelt doctor`. */
sm_code sm_store_check(sm_store *s, sm_error *err);

/* 16 MiB beside the store that are given back when the disk is full, so that the records that
 * close a run can still be written.  ensure: make it unless it is there (cheap then); release:
 * remove it, `*out` = it was there. */
sm_code sm_store_ballast_ensure(sm_store *s, sm_error *err);
sm_code sm_store_ballast_release(sm_store *s, bool *out, sm_error *err);

/* ---- pipelines and their owner ---- */

typedef struct sm_owner {
    int64_t pipeline; /* id */
    int64_t epoch;    /* of this acquisition */
} sm_owner;

typedef struct sm_pipeline_rec {
    int64_t id;
    sm_sv name;
    int64_t epoch;
    sm_sv holder; /* who acquired it last: free text, say "host 4711" */
    int64_t acquired_ms, created_ms;
} sm_pipeline_rec;

/* The file that a run of the pipeline holds a lock on, as long as it lives.  Lives in `a`. */
const char *sm_store_lock_path(sm_arena *a, sm_sv state_path, sm_sv pipeline);

/* The caller holds the OFD lock of the pipeline, so whoever was here before is dead: runs it
 * left unfinished are closed as failed, "the process ended", with an event each; their number
 * goes to `*closed` (NULL: not wanted).  Creates the pipeline at its first run. */
sm_code sm_store_acquire(sm_store *s, sm_sv pipeline, sm_sv holder, sm_owner *out, int64_t *closed,
                         sm_error *err);

/* Is `o` still the owner?  SM_E_CONFLICT if not. */
sm_code sm_store_owner_check(sm_store *s, const sm_owner *o, sm_error *err);

/* SM_E_NOT_FOUND: it never ran here. */
sm_code sm_store_pipeline(sm_store *s, sm_sv name, sm_arena *a, sm_pipeline_rec *out,
                          sm_error *err);
/* In the order of their names. */
sm_code sm_store_pipelines(sm_store *s, sm_arena *a, sm_pipeline_rec **out, size_t *n,
                           sm_error *err);

/* ---- what is too old ---- */

typedef struct sm_trim {
    int64_t before_ms;    /* runs, events and done batches older than this may go */
    int64_t keep_runs;    /* but never the newest ones of the pipeline, */
    int64_t keep_batches; /* nor the newest of a generation */
    /* Runs that no person asked for and that found nothing, older than this; 0: none. */
    int64_t idle_before_ms;
    int64_t keep_idle; /* but not among so many of the newest runs */
    /* Done batches, and events of a run that goes on, older than this, too; 0: none. */
    int64_t live_before_ms;
} sm_trim;

/* Drop up to `limit` rows of what `t` lets go, and of the files that old generations had seen;
 * `*dropped` = how many: when it is below `limit`, nothing is left.  What recovery could ask for
 * always stays: open runs, batches that are not done, the last done one, the last two with
 * actions for a target. */
sm_code sm_store_trim(sm_store *s, const sm_owner *o, const sm_trim *t, int64_t limit,
                      int64_t *dropped, sm_error *err);

/* ---- compiled plans, kept so that an idle run parses nothing ---- */

/* SM_E_NOT_FOUND: not kept.  `key` is a hash, up to 128 characters. */
sm_code sm_store_plan_get(sm_store *s, sm_sv key, sm_arena *a, sm_sv *out, sm_error *err);
/* Keeps the newest SM_STORE_PLANS_KEPT.  Needs no owner: a plan is a function of its key. */
sm_code sm_store_plan_put(sm_store *s, sm_sv key, sm_sv plan, sm_error *err);

#endif
