/* SPDX-License-Identifier: Apache-2.0 */
/* notify.h -- tells people, by webhook, of what needs them and of its end.
 *
 * One thread reads the event logs behind a durable place and keeps, per pipeline and webhook, a
 * book of problems (notify_book.h).  What is due is sent as JSON; what cannot be sent is tried
 * again with backoff.  A run never waits for it.  A message may come twice, with the same id. */
#ifndef SM_NOTIFY_NOTIFY_H
#define SM_NOTIFY_NOTIFY_H

#include "runtime/events/event_bus.h"
#include "runtime/io/egress.h"
#include "runtime/notify/notify_book.h"

typedef struct sm_notify sm_notify;

typedef struct sm_notify_pipeline {
    sm_sv name;
    sm_store *store;
    const sm_notify_target *targets;
    size_t n;
    sm_egress egress;
} sm_notify_pipeline;

typedef struct sm_notify_config {
    sm_event_bus *bus; /* borrowed; its end ends the thread */
    /* The i-th pipeline, good until close(hold); false: there are no more. */
    bool (*open)(void *ctx, size_t i, sm_arena *a, sm_notify_pipeline *out, void **hold);
    void (*close)(void *ctx, void *hold);
    void *ctx;
} sm_notify_config;

/* Owned: sm_notify_stop() after the bus was closed; a request that is under way is given up. */
sm_code sm_notify_start(const sm_notify_config *config, sm_notify **out, sm_error *err);
void sm_notify_stop(sm_notify *n); /* NULL is fine */

#endif
