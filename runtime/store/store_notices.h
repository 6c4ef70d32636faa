/* SPDX-License-Identifier: Apache-2.0 */
/* store_notices.h -- of what people were told, are to be told, and up to which event.
 *
 * By the name of the pipeline.  Needs no owner: a server tells, a run does not. */
#ifndef SM_STORE_STORE_NOTICES_H
#define SM_STORE_STORE_NOTICES_H

#include "runtime/store/store.h"

typedef struct sm_notice_rec { /* a problem of a table, for one of those who are told */
    sm_sv id;                  /* a uuid */
    sm_sv target;              /* who is told */
    sm_sv kind, dataset, message;
    int64_t event;             /* the newest that says so */
    int64_t first_ms, last_ms; /* of its events */
    int64_t count;             /* of them */
    bool open;                 /* not solved yet */
    int64_t due_ms;            /* when to tell; 0: there is nothing to tell */
    int64_t told_ms;           /* 0: never */
    int64_t attempts;          /* that failed since */
} sm_notice_rec;

/* `*event` is the last that was looked at, -1: nothing was looked at yet. */
sm_code sm_store_notices(sm_store *s, sm_sv pipeline, sm_arena *a, sm_notice_rec **out, size_t *n,
                         int64_t *event, sm_error *err);
/* These in the place of those before, durably. */
sm_code sm_store_notices_keep(sm_store *s, sm_sv pipeline, const sm_notice_rec *list, size_t n,
                              int64_t event, sm_error *err);

#endif
