/* SPDX-License-Identifier: Apache-2.0 */
/* hub.c -- see the header. */
#include "ui/http/hub.h"

#include <stdlib.h>

#include "runtime/base/clock.h"
#include "runtime/base/str.h"
#include "runtime/base/thread.h"

enum { LOOK_MS = 1000, PACE_MS = 50 };

struct sm_hub {
    sm_event_bus *bus;
    sm_connections *connections;
    sm_thread *thread;
    sm_mutex mu; /* guards the two below */
    int64_t count;
    bool closed;
    sm_cond changed; /* broadcast when one of them has */
};

static void count_up(sm_hub *h)
{
    sm_mutex_lock(&h->mu);
    h->count++;
    sm_cond_broadcast(&h->changed);
    sm_mutex_unlock(&h->mu);
}

static void pump(void *arg)
{
    sm_hub *h = arg;
    int64_t last = h->bus == NULL ? 0 : sm_event_bus_last(h->bus);

    while (!sm_hub_closed(h)) {
        bool news = h->bus != NULL && !sm_event_bus_closed(h->bus) &&
                    sm_event_bus_wait(h->bus, last, LOOK_MS);

        if (news)
            last = sm_event_bus_last(h->bus);
        sm_hub_sleep(h, h->bus == NULL || sm_event_bus_closed(h->bus) ? LOOK_MS : PACE_MS);
        if (sm_connections_streams(h->connections) > 0)
            count_up(h);
        sm_connections_reap(h->connections);
    }
}

sm_code sm_hub_start(sm_event_bus *bus, sm_connections *connections, sm_hub **out, sm_error *err)
{
    sm_hub *h = sm_xcalloc(1, sizeof *h);
    sm_code rc;

    h->bus = bus;
    h->connections = connections;
    sm_mutex_init(&h->mu);
    sm_cond_init(&h->changed);
    rc = sm_thread_start("http-hub", pump, h, &h->thread, err);
    if (rc != SM_OK) {
        sm_hub_free(h);
        return rc;
    }
    *out = h;
    return SM_OK;
}

void sm_hub_close(sm_hub *h)
{
    sm_mutex_lock(&h->mu);
    h->closed = true;
    sm_cond_broadcast(&h->changed);
    sm_mutex_unlock(&h->mu);
    sm_thread_join(h->thread);
    h->thread = NULL;
}

void sm_hub_free(sm_hub *h)
{
    if (h == NULL)
        return;
    sm_cond_release(&h->changed);
    sm_mutex_release(&h->mu);
    free(h);
}

int64_t sm_hub_now(sm_hub *h)
{
    int64_t count;

    sm_mutex_lock(&h->mu);
    count = h->count;
    sm_mutex_unlock(&h->mu);
    return count;
}

void sm_hub_wait(sm_hub *h, int64_t *seen, int64_t timeout_ms)
{
    int64_t end = sm_clock_boot_ms() + timeout_ms, left;

    sm_mutex_lock(&h->mu);
    while (!h->closed && h->count <= *seen && (left = end - sm_clock_boot_ms()) > 0)
        (void)sm_cond_wait_ms(&h->changed, &h->mu, left);
    *seen = h->count;
    sm_mutex_unlock(&h->mu);
}

void sm_hub_sleep(sm_hub *h, int64_t ms)
{
    int64_t end = sm_clock_boot_ms() + ms, left;

    sm_mutex_lock(&h->mu);
    while (!h->closed && (left = end - sm_clock_boot_ms()) > 0)
        (void)sm_cond_wait_ms(&h->changed, &h->mu, left);
    sm_mutex_unlock(&h->mu);
}

bool sm_hub_closed(sm_hub *h)
{
    bool closed;

    sm_mutex_lock(&h->mu);
    closed = h->closed;
    sm_mutex_unlock(&h->mu);
    return closed;
}
