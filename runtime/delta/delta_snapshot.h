/* SPDX-License-Identifier: Apache-2.0 */
/* delta_snapshot.h -- a table at one version: its head and its live files. */
#ifndef SM_DELTA_SNAPSHOT_H
#define SM_DELTA_SNAPSHOT_H

#include <stddef.h>
#include <stdint.h>

#include "runtime/base/arena.h"
#include "runtime/base/error.h"
#include "runtime/delta/delta_action.h"
#include "runtime/delta/delta_log.h"

struct sm_session;

typedef struct sm_delta_snapshot {
    sm_arena *arena; /* its own */
    int64_t version;
    sm_delta_protocol protocol;
    sm_delta_metadata metadata;
    sm_delta_txn *txns;
    size_t txn_count;
    const sm_delta_file **files; /* live, ordered by time, then path */
    size_t file_count;
    int64_t bytes;                  /* of all live files */
    struct sm_delta_replay *replay; /* private: what advance() goes on with */
} sm_delta_snapshot;

/* `t` at `version`, or the newest with -1.  SM_E_NOT_FOUND when there is no table or no such
 * version.  A checkpoint is read only with `session`; without it every commit is needed.
 * Owned: free with sm_delta_snapshot_free(). */
sm_code sm_delta_snapshot_load(sm_delta_table *t, int64_t version, struct sm_session *session,
                               sm_delta_snapshot **out, sm_error *err);

/* Forward to `version` (not below the current one) by reading the commits between. */
sm_code sm_delta_snapshot_advance(sm_delta_snapshot *s, sm_delta_table *t, int64_t version,
                                  sm_error *err);

void sm_delta_snapshot_free(sm_delta_snapshot *s); /* NULL is fine */

#endif
