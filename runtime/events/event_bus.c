/* SPDX-License-Identifier: Apache-2.0 */
/* event_bus.c -- a number that grows, and a condition to wait for it. */
#include "runtime/events/event_bus.h"

#include "runtime/base/clock.h"
#include "runtime/base/str.h"
#include "runtime/base/thread.h"

#include <stdlib.h>

struct sm_event_bus {
    sm_mutex mu;
    sm_cond changed; /* `last` has grown, or `closed` is set */
    int64_t last;    /* guarded by mu */
    bool closed;     /* guarded by mu */
};

sm_event_bus *sm_event_bus_new(int64_t last_id)
{
    sm_event_bus *bus = sm_xcalloc(1, sizeof *bus);

    sm_mutex_init(&bus->mu);
    sm_cond_init(&bus->changed);
    bus->last = last_id;
    return bus;
}

void sm_event_bus_free(sm_event_bus *bus)
{
    if (bus == NULL)
        return;
    sm_cond_release(&bus->changed);
    sm_mutex_release(&bus->mu);
    free(bus);
}

void sm_event_bus_wake(sm_event_bus *bus, int64_t id)
{
    sm_mutex_lock(&bus->mu);
    if (id > bus->last) {
        bus->last = id;
        sm_cond_broadcast(&bus->changed);
    }
    sm_mutex_unlock(&bus->mu);
}

void sm_event_bus_close(sm_event_bus *bus)
{
    sm_mutex_lock(&bus->mu);
    bus->closed = true;
    sm_cond_broadcast(&bus->changed);
    sm_mutex_unlock(&bus->mu);
}

bool sm_event_bus_wait(sm_event_bus *bus, int64_t after, int64_t timeout_ms)
{
    int64_t deadline = sm_clock_boot_ms() + timeout_ms;
    bool found;

    sm_mutex_lock(&bus->mu);
    while (bus->last <= after && !bus->closed) {
        int64_t left = timeout_ms < 0 ? -1 : deadline - sm_clock_boot_ms();

        if (timeout_ms >= 0 && left <= 0)
            break;
        sm_cond_wait_ms(&bus->changed, &bus->mu, left);
    }
    found = bus->last > after;
    sm_mutex_unlock(&bus->mu);
    return found;
}

int64_t sm_event_bus_last(sm_event_bus *bus)
{
    int64_t last;

    sm_mutex_lock(&bus->mu);
    last = bus->last;
    sm_mutex_unlock(&bus->mu);
    return last;
}

bool sm_event_bus_closed(sm_event_bus *bus)
{
    bool closed;

    sm_mutex_lock(&bus->mu);
    closed = bus->closed;
    sm_mutex_unlock(&bus->mu);
    return closed;
}
