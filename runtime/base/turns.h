/* SPDX-License-Identifier: Apache-2.0 */
/* turns.h -- something that only so many threads may do at a time.  All calls may come from any
 * thread. */
#ifndef SM_BASE_TURNS_H
#define SM_BASE_TURNS_H

#include "runtime/base/thread.h"

typedef struct sm_turns {
    sm_mutex mu;
    sm_cond freed;
    int left; /* guarded by mu */
} sm_turns;

void sm_turns_init(sm_turns *t, int n); /* release: sm_turns_release() */
void sm_turns_release(sm_turns *t);

/* False when none was free for `timeout_ms`; after true, sm_turns_give(). */
bool sm_turns_take(sm_turns *t, int64_t timeout_ms);
void sm_turns_give(sm_turns *t);

#endif
