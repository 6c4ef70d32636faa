/* SPDX-License-Identifier: Apache-2.0 */
/* phase.h -- what a batch is at, and where its time went. */
#ifndef SM_EVENTS_PHASE_H
#define SM_EVENTS_PHASE_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/base/arena.h"

/* In this order. */
typedef enum sm_phase {
    SM_PHASE_PLAN,    /* what is new, and how far this batch goes */
    SM_PHASE_OPEN,    /* the engine, and the flow's connection to it: the first batch of a run */
    SM_PHASE_READ,    /* the inputs appear as relations */
    SM_PHASE_COMPUTE, /* the one pass of SQL, which writes the files of the result */
    SM_PHASE_SYNC,    /* these files made durable, or sent to a bucket */
    SM_PHASE_KEEP,    /* rows set aside and late, and what the query remembers */
    SM_PHASE_DECIDE,  /* the record of the batch */
    SM_PHASE_PUBLISH, /* commits to the tables, messages to a broker */
    SM_PHASES,
} sm_phase;

const char *sm_phase_name(sm_phase p); /* "plan" */

/* Does it take the longer the more rows there are?  The others come with every batch. */
bool sm_phase_is_work(sm_phase p);

typedef struct sm_batch_times {
    int64_t us[SM_PHASES];
    int64_t cpu_us; /* time of the processor: runtime/base/cpu_meter.h */
} sm_batch_times;

void sm_batch_times_add(sm_batch_times *to, const sm_batch_times *more);

/* JSON object, phase -> us; "" when nothing was measured.  Lives in `a`. */
sm_sv sm_batch_times_text(const sm_batch_times *t, sm_arena *a);

#endif
