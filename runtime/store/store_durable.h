/* SPDX-License-Identifier: Apache-2.0 */
/* store_durable.h -- decisions that are kept outside too, where every machine finds them.
 *
 * With a log set, the decision of a batch is the putting of an object, and the record here its
 * copy: a machine that knows nothing takes all of them over when it acquires the pipeline, and of
 * two machines that decide the same number one is refused. */
#ifndef SM_STORE_STORE_DURABLE_H
#define SM_STORE_STORE_DURABLE_H

#include "runtime/store/store.h"

/* The log: entries 1, 2, … without gaps.  Called with the store's mutex held. */
typedef struct sm_store_log {
    /* Durable when it returns.  SM_E_CONFLICT: another one is there. */
    sm_code (*put)(void *ctx, int64_t number, sm_sv bytes, sm_error *err);
    /* SM_E_NOT_FOUND.  `*out` lives in `a`. */
    sm_code (*get)(void *ctx, int64_t number, sm_arena *a, sm_sv *out, sm_error *err);
    /* All that entries 1 to `number` say, as a file of `version`; the newest one is wanted back.
     * What is missed costs time: a machine that knows nothing reads all entries then. */
    sm_code (*put_whole)(void *ctx, int64_t version, int64_t number, sm_sv bytes, sm_error *err);
    sm_code (*get_whole)(void *ctx, int64_t version, sm_arena *a, sm_sv *out, sm_error *err);
    void *ctx;      /* borrowed until another log is set, as is the name */
    sm_sv pipeline; /* whose decisions they are */
} sm_store_log;

/* What acquires the pipeline from now on follows the log, and decisions go into it.  The store
 * holds one pipeline only.  NULL: none. */
void sm_store_set_log(sm_store *s, const sm_store_log *log);
enum { SM_STORE_LOG_WHOLE = 16 }; /* entries from one whole file to the next */

/* Take over what the log has that the store has not; the caller holds the lock of the pipeline.
 * Acquiring does the same. */
sm_code sm_store_follow(sm_store *s, sm_error *err);
/* None from now on, if it is that of `ctx`. */
void sm_store_unset_log(sm_store *s, const void *ctx);

#endif
