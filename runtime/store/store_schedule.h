/* SPDX-License-Identifier: Apache-2.0 */
/* store_schedule.h -- what of a pipeline's schedule outlives the server: whether a person has
 * paused it, and which slot of its timetable had its run.
 *
 * By the name of the pipeline, which may not have run yet.  Needs no owner: whoever may open the
 * store may say it, and a run is not touched by it. */
#ifndef SM_STORE_STORE_SCHEDULE_H
#define SM_STORE_STORE_SCHEDULE_H

#include "runtime/store/store.h"

typedef struct sm_schedule_rec { /* zeroed: nobody said anything */
    bool paused;
    sm_sv paused_by;
    int64_t changed_ms; /* of the pause */
    int64_t slot_ms;    /* the last slot that had its run; 0: none */
} sm_schedule_rec;

sm_code sm_store_schedule(sm_store *s, sm_sv pipeline, sm_arena *a, sm_schedule_rec *out,
                          sm_error *err);
sm_code sm_store_schedule_pause(sm_store *s, sm_sv pipeline, bool paused, sm_sv by, sm_error *err);
/* Take the slot, durably.  SM_E_CONFLICT: it, or a later one, was taken already.  A slot of the
 * future, as a clock that was once ahead leaves it, counts for nothing: sm_slot_is_believed(). */
sm_code sm_store_schedule_slot(sm_store *s, sm_sv pipeline, int64_t slot_ms, int64_t now_ms,
                               sm_error *err);
/* It had no run after all: the slot is due again, unless a later one was taken. */
sm_code sm_store_schedule_give_back(sm_store *s, sm_sv pipeline, int64_t slot_ms, sm_error *err);
bool sm_slot_is_believed(int64_t slot_ms, int64_t now_ms);

#endif
