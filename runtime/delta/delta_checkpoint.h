/* SPDX-License-Identifier: Apache-2.0 */
/* delta_checkpoint.h -- the state of a table in one Parquet file, every ten commits. */
#ifndef SM_DELTA_CHECKPOINT_H
#define SM_DELTA_CHECKPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/base/error.h"
#include "runtime/delta/delta_head.h"
#include "runtime/delta/delta_log.h"

struct sm_session;

enum {
    SM_DELTA_CHECKPOINT_INTERVAL = 10,
    SM_DELTA_TOMBSTONE_DAYS = 7,
};

/* Is a checkpoint due at h->version, given the newest one (-1: none)? */
bool sm_delta_checkpoint_due(const sm_delta_head *h, int64_t newest);

/* Write the checkpoint of h->version: the file first, durable under its final name, then its
 * .crc, then _last_checkpoint.  A checkpoint that exists is left as it is. */
sm_code sm_delta_checkpoint_write(sm_delta_table *t, const sm_delta_head *h, int64_t now_ms,
                                  struct sm_session *session, sm_error *err);

/* The rows of a checkpoint of `t` as actions: all of them, or (`files` false) all but files.
 * `session` may be NULL if !sm_delta_checkpoint_needs_engine(). */
sm_code sm_delta_checkpoint_each(sm_delta_table *t, struct sm_session *session,
                                 const sm_delta_checkpoint_files *c, bool files,
                                 sm_delta_action_fn fn, void *ctx, sm_error *err);

/* False: what it says besides files is JSON. */
bool sm_delta_checkpoint_needs_engine(const sm_delta_checkpoint_files *c);

#endif
