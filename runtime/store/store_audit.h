/* SPDX-License-Identifier: Apache-2.0 */
/* store_audit.h -- who did what through a server, from where, and how it ended.
 *
 * The row is durable before the act begins; its outcome is written once, after.  Rows are never
 * changed otherwise and go when they are 400 days old.  One whose outcome is empty belongs to an
 * act during which the process died. */
#ifndef SM_STORE_STORE_AUDIT_H
#define SM_STORE_STORE_AUDIT_H

#include "runtime/store/store.h"

#define SM_AUDIT_KEPT_MS ((int64_t)400 * 24 * 60 * 60 * 1000)

enum { SM_AUDIT_DETAILS_MAX = 4096 }; /* longer ones are kept as {"truncated":true} */

typedef struct sm_audit_rec {
    int64_t id; /* given by the store */
    int64_t time_ms, ended_ms;
    sm_sv by;      /* id of the token; "" = nobody is known */
    sm_sv address; /* where from */
    sm_sv act;     /* the operation of the route: "startRun" */
    sm_sv pipeline, subject;
    sm_sv details; /* JSON: what was asked; no secrets */
    sm_sv outcome; /* "ok", or the text of the failure; "" = not known */
} sm_audit_rec;

/* Durable; `r->id` is filled in. */
sm_code sm_store_audit_begin(sm_store *s, sm_audit_rec *r, sm_error *err);
sm_code sm_store_audit_end(sm_store *s, int64_t id, int64_t ended_ms, sm_sv outcome, sm_error *err);
/* The newest `limit` rows below `before` (0 = all), newest first. */
sm_code sm_store_audit_list(sm_store *s, int64_t before, size_t limit, sm_arena *a,
                            sm_audit_rec **out, size_t *n, sm_error *err);
sm_code sm_store_audit_trim(sm_store *s, int64_t before_ms, sm_error *err);

#endif
