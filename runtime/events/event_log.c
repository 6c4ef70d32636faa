/* SPDX-License-Identifier: Apache-2.0 */
/* event_log.c -- stored first, then told.
 *
 * There is no queue between the store and those who listen: the bus only says that something
 * is there, and everyone reads it from the store.  So no event is seen that is not stored, and
 * none is missed by a listener that was slow or away. */
#include "runtime/events/event_log.h"

#include "runtime/base/clock.h"

#include <assert.h>

enum { POLL_MS = 500 }; /* events of other processes wake no bus of ours */

sm_code sm_event_log_append(sm_event_log log, const sm_owner *o, const sm_event_rec *events,
                            size_t n, sm_error *err)
{
    int64_t last = 0;
    sm_code rc = sm_store_events_append(log.store, o, events, n, &last, err);

    if (rc == SM_OK)
        sm_event_log_stored(log, last);
    return rc;
}

void sm_event_log_stored(sm_event_log log, int64_t last_event)
{
    if (log.bus != NULL && last_event > 0)
        sm_event_bus_wake(log.bus, last_event);
}

/* Wait a while for something after `after`; how long is bounded by `deadline`. */
static void pause_for(sm_event_log log, int64_t after, int64_t deadline)
{
    int64_t left = deadline - sm_clock_boot_ms();

    sm_event_bus_wait(log.bus, after, left < POLL_MS ? left : POLL_MS);
}

sm_code sm_event_log_follow(sm_event_log log, const sm_event_filter *filter, int64_t timeout_ms,
                            sm_arena *a, sm_event_rec **out, size_t *n, sm_error *err)
{
    int64_t deadline = sm_clock_boot_ms() + timeout_ms;
    int64_t newest = 0;
    sm_code rc;

    assert(log.bus != NULL && !filter->newest);
    for (;;) {
        /* Taken before the list: what comes in between wakes the wait at once. */
        if ((rc = sm_store_events_last(log.store, &newest, err)) != SM_OK)
            return rc;
        if ((rc = sm_store_events_list(log.store, filter, a, out, n, err)) != SM_OK)
            return rc;
        if (*n > 0 || sm_event_bus_closed(log.bus) || sm_clock_boot_ms() >= deadline)
            return SM_OK;
        pause_for(log, newest, deadline);
    }
}
