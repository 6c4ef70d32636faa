/* SPDX-License-Identifier: Apache-2.0 */
/* delta_head.h -- what an append must know of a table: all but its files.
 *
 * Loading a table costs as much as it has history; a batch must not.  The head is the small
 * part that commits change: version, protocol, metaData, transactions.  It is kept in memory
 * between batches and as JSON in the control store between processes, checked by one read
 * (the commit of its version must still carry the txnId that it carried), and brought
 * forward by reading only the commits that came since.
 *
 *     remembered ── is commit v still ours? ──▶ read v+1, v+2, … until one is missing
 *         │ no
 *         ▼
 *     newest checkpoint with a .crc, or its Parquet (engine), or version 0 ──▶ read on
 */
#ifndef SM_DELTA_HEAD_H
#define SM_DELTA_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/base/arena.h"
#include "runtime/base/error.h"
#include "runtime/base/json.h"
#include "runtime/base/str.h"
#include "runtime/delta/delta_action.h"
#include "runtime/delta/delta_log.h"

struct sm_session;

/* The last batch of one flow, as commitInfo.smelt of its newest commit says. */
typedef struct sm_delta_flow {
    sm_sv flow, generation;
    int64_t batch;
    int64_t version;            /* the commit */
    const sm_json *end_offsets; /* NULL: not written down */
} sm_delta_flow;

typedef struct sm_delta_txn_at {
    sm_delta_txn txn;
    int64_t version; /* the commit; -1: somewhere below a checkpoint */
} sm_delta_txn_at;

typedef struct sm_delta_head {
    sm_arena *arena;          /* its own */
    int64_t version;          /* -1: no table */
    sm_sv txn_id;             /* commitInfo.txnId of that version, empty if it has none */
    int64_t time_ms;          /* commitInfo.timestamp of that version */
    int64_t metadata_version; /* where metaData was last replaced; -1: below a checkpoint */
    int64_t flows_from;       /* commits below this one were not looked at for flows */
    sm_delta_protocol protocol;
    sm_delta_metadata metadata;
    sm_delta_txn_at *txns;
    size_t txn_count;
    sm_delta_flow *flows;
    size_t flow_count;
} sm_delta_head;

/* The head of `t` now.  `memory` is an older one as JSON, or NULL.  `session` may be NULL;
 * without it a log whose start was cut off and that has no .crc is refused.  Owned: free
 * with sm_delta_head_free(). */
sm_code sm_delta_head_load(sm_delta_table *t, const sm_json *memory, struct sm_session *session,
                           sm_delta_head **out, sm_error *err);

/* The head of no table: version -1.  Owned: free with sm_delta_head_free(). */
sm_delta_head *sm_delta_head_new(void);

/* Bring `h` forward to the newest version.  A table that went backwards, or was put in the
 * place of the old one, is SM_E_CORRUPT. */
sm_code sm_delta_head_advance(sm_delta_head *h, sm_delta_table *t, sm_error *err);

/* Apply the lines of commit `version`, which must be the next one. */
sm_code sm_delta_head_apply(sm_delta_head *h, int64_t version, sm_sv text, sm_error *err);

void sm_delta_head_free(sm_delta_head *h); /* NULL is fine */

/* For the control store; lives in `a`. */
sm_json *sm_delta_head_to_json(const sm_delta_head *h, sm_arena *a);

/* Sets "flows_from" and "flows" of `j`: a log that is cut off does not tell them any more. */
void sm_delta_head_put_flows(const sm_delta_head *h, sm_json *j, sm_arena *a);

/* Is the table still exactly where `memory` says?  Two system calls, one of them a read. */
sm_code sm_delta_unchanged(sm_delta_table *t, const sm_json *memory, bool *out, sm_error *err);

/* NULL: the table has none of this application. */
const sm_delta_txn_at *sm_delta_head_txn(const sm_delta_head *h, sm_sv app_id);

/* The newest batch of `flow` in the table; *out is NULL when it never wrote.  Looks into
 * commits below `flows_from` only if it has to. */
sm_code sm_delta_head_flow(sm_delta_head *h, sm_delta_table *t, sm_sv flow,
                           const sm_delta_flow **out, sm_error *err);

#endif
