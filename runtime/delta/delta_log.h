/* SPDX-License-Identifier: Apache-2.0 */
/* delta_log.h -- the folder _delta_log: which versions there are, what a commit says.
 *
 * Nothing here needs the engine.  A handle is used by one thread at a time.
 */
#ifndef SM_DELTA_LOG_H
#define SM_DELTA_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/base/arena.h"
#include "runtime/base/error.h"
#include "runtime/base/str.h"
#include "runtime/delta/delta_action.h"

struct sm_images;
struct sm_object_store;

typedef struct sm_delta_table sm_delta_table;

/* The table below folder `root`, which need not exist; what is in a bucket is known by the folder
 * of its image (object_images.h; NULL: nothing is).  Owned: free with close. */
sm_code sm_delta_open(sm_sv root, struct sm_images *images, sm_delta_table **out, sm_error *err);
void sm_delta_close(sm_delta_table *t);        /* NULL is fine */
sm_sv sm_delta_root(const sm_delta_table *t);  /* where the engine reads and writes its files */
sm_sv sm_delta_shown(const sm_delta_table *t); /* where people find it */
struct sm_object_store *sm_delta_store(sm_delta_table *t); /* borrowed */

/* Is there a commit `version`?  One system call: the cheap check of an idle run. */
sm_code sm_delta_probe(sm_delta_table *t, int64_t version, bool *out, sm_error *err);

/* The same, and when the commit was written. */
sm_code sm_delta_probe_time(sm_delta_table *t, int64_t version, bool *out, int64_t *mtime_ms,
                            sm_error *err);

/* The newest version, -1 when there is no table.  `hint` (or -1) is a version that is known
 * to exist; looks upward from it, else from _last_checkpoint, else lists the folder. */
sm_code sm_delta_newest(sm_delta_table *t, int64_t hint, int64_t *out, sm_error *err);

/* The text of commit `version`; SM_E_NOT_FOUND when there is none.  Lives in `a`. */
sm_code sm_delta_read(sm_delta_table *t, int64_t version, sm_arena *a, sm_sv *out, sm_error *err);

/* Its actions, in order. */
sm_code sm_delta_each(sm_delta_table *t, int64_t version, sm_arena *a, sm_delta_action_fn fn,
                      void *ctx, sm_error *err);

/* Any file below the root by its key, at most SM_DELTA_MAX_COMMIT bytes. */
sm_code sm_delta_read_key(sm_delta_table *t, sm_sv key, sm_arena *a, sm_sv *out, sm_error *err);

/* Write a file of the log that must not replace another (a commit, a .crc), durable:
 * SM_E_CONFLICT when it is there. */
sm_code sm_delta_put_new(sm_delta_table *t, sm_sv key, sm_sv text, sm_error *err);

/* Write a file of _delta_log that readers may find replaced (_last_checkpoint). */
sm_code sm_delta_put_key(sm_delta_table *t, sm_sv key, sm_sv text, sm_error *err);

/* The newest complete checkpoint at or below `version`: its files, in `a`; those of a V2 without
 * its sidecars.  out->version is -1 when there is none. */
typedef struct sm_delta_checkpoint_files {
    int64_t version;
    sm_sv *paths; /* absolute, and files of this machine */
    size_t n;
    sm_sv json; /* key of the only file, when it is JSON (V2); then n is 0 */
} sm_delta_checkpoint_files;
sm_code sm_delta_find_checkpoint(sm_delta_table *t, int64_t version, sm_arena *a,
                                 sm_delta_checkpoint_files *out, sm_error *err);

/* The first version that was written at `time_ms` or later: by the times of the commit files, which
 * count as ascending.  *out is one more than the newest when none was. */
sm_code sm_delta_version_at(sm_delta_table *t, int64_t time_ms, int64_t *out, sm_error *err);

/* What _last_checkpoint says, -1 when it is not there or says nothing. */
int64_t sm_delta_last_checkpoint(sm_delta_table *t);

#endif
