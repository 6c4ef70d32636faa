/* SPDX-License-Identifier: Apache-2.0 */
/* event_log.h -- the one path of an event: stored first, then the bus says so. */
#ifndef SM_EVENTS_EVENT_LOG_H
#define SM_EVENTS_EVENT_LOG_H

#include "runtime/events/event.h"
#include "runtime/events/event_bus.h"

typedef struct sm_event_log { /* plain values, may be copied */
    sm_store *store;          /* borrowed */
    sm_event_bus *bus;        /* borrowed; NULL: nobody listens in this process */
} sm_event_log;

/* Store the events in one transaction, then wake the bus.  Not durable by itself. */
sm_code sm_event_log_append(sm_event_log log, const sm_owner *o, const sm_event_rec *events,
                            size_t n, sm_error *err);

/* Events that were stored with a record (last_event of a decision, of done, of a run change):
 * wake the bus.  0 = there were none. */
void sm_event_log_stored(sm_event_log log, int64_t last_event);

/* The next events that match, waiting up to `timeout_ms` until there is one or the bus is closed;
 * none is SM_OK with n == 0.  Sees events of other processes too, within half a second.  The
 * filter's after_id is the last one seen, `newest` is not for here; `log.bus` is needed. */
sm_code sm_event_log_follow(sm_event_log log, const sm_event_filter *filter, int64_t timeout_ms,
                            sm_arena *a, sm_event_rec **out, size_t *n, sm_error *err);

#endif
