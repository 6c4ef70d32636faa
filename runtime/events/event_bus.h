/* SPDX-License-Identifier: Apache-2.0 */
/* event_bus.h -- a wake-up, nothing more.
 *
 * "There is something after id X."  The events themselves are read from the store, so a slow
 * listener misses nothing and costs nothing.  All calls may come from any thread. */
#ifndef SM_EVENTS_EVENT_BUS_H
#define SM_EVENTS_EVENT_BUS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct sm_event_bus sm_event_bus;

sm_event_bus *sm_event_bus_new(int64_t last_id); /* owned: free with sm_event_bus_free */
/* Nobody may be waiting any more: close first and join the listeners.  NULL is fine. */
void sm_event_bus_free(sm_event_bus *bus);

/* Events up to `id` are in the store.  Ids may come out of order; the greatest counts. */
void sm_event_bus_wake(sm_event_bus *bus, int64_t id);
/* Wake everybody for good: the program ends. */
void sm_event_bus_close(sm_event_bus *bus);

/* Block until there is something after `after`, the bus is closed, or `timeout_ms` is over
 * (boot clock; < 0 waits for ever).  True: there is something new. */
bool sm_event_bus_wait(sm_event_bus *bus, int64_t after, int64_t timeout_ms);
int64_t sm_event_bus_last(sm_event_bus *bus);
bool sm_event_bus_closed(sm_event_bus *bus);

#endif
