/* SPDX-License-Identifier: Apache-2.0 */
/* connections.c -- see the header. */
#include "ui/http/connections.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "runtime/base/clock.h"
#include "runtime/base/thread.h"

/* A connection that ends is counted a moment longer than the library counts it. */
enum { SLOTS = 2 * SM_CONNECTIONS_MAX };

struct sm_connection {
    sm_phase phase;
    int fd;
    int64_t since_ms; /* boot clock: the phase began */
    char address[SM_ADDRESS_MAX];
    char held_by[SM_ADDRESS_MAX]; /* a stream, a waiter; behind a proxy: the client */
};

struct sm_connections {
    sm_mutex mu; /* guards all below */
    sm_connection slots[SLOTS];
    size_t n;
};

sm_connections *sm_connections_new(void)
{
    sm_connections *t = sm_xcalloc(1, sizeof *t);

    sm_mutex_init(&t->mu);
    return t;
}

void sm_connections_free(sm_connections *t)
{
    if (t == NULL)
        return;
    sm_mutex_release(&t->mu);
    free(t);
}

static void name_peer(sm_connection *c, const struct sockaddr *peer)
{
    socklen_t len = peer->sa_family == AF_INET6 ? (socklen_t)sizeof(struct sockaddr_in6)
                                                : (socklen_t)sizeof(struct sockaddr_in);

    if (getnameinfo(peer, len, c->address, sizeof c->address, NULL, 0, NI_NUMERICHOST) != 0)
        c->address[0] = '\0';
}

sm_connection *sm_connections_enter(sm_connections *t, int fd, const struct sockaddr *peer)
{
    sm_connection *c = NULL;

    sm_mutex_lock(&t->mu);
    for (size_t i = 0; c == NULL && i < SLOTS; i++)
        if (t->slots[i].phase == SM_PHASE_FREE)
            c = &t->slots[i];
    if (c != NULL) {
        *c = (sm_connection){ .phase = SM_PHASE_ASKING,
                              .fd = fcntl(fd, F_DUPFD_CLOEXEC, 0),
                              .since_ms = sm_clock_boot_ms() };
        name_peer(c, peer);
        t->n++;
    }
    sm_mutex_unlock(&t->mu);
    return c;
}

void sm_connections_leave(sm_connections *t, sm_connection *c)
{
    if (c == NULL)
        return;
    sm_mutex_lock(&t->mu);
    t->n--;
    if (c->fd >= 0)
        close(c->fd);
    c->phase = SM_PHASE_FREE;
    sm_mutex_unlock(&t->mu);
}

void sm_connections_set(sm_connections *t, sm_connection *c, sm_phase phase)
{
    if (c == NULL)
        return;
    sm_mutex_lock(&t->mu);
    c->phase = phase;
    c->since_ms = sm_clock_boot_ms();
    sm_mutex_unlock(&t->mu);
}

/* Of one phase, from an address; "" as address: from all.  Under the mutex. */
static size_t count_phase(const sm_connections *t, sm_phase phase, sm_sv address)
{
    size_t n = 0;

    for (size_t i = 0; i < SLOTS; i++)
        n += t->slots[i].phase == phase &&
             (address.len == 0 || sm_sv_eq_str(address, t->slots[i].held_by));
    return n;
}

/* A reader of a stream that has gone says nothing more, and the library notices with the next line
 * that it sends.  Under the mutex. */
static bool has_gone(const sm_connection *c)
{
    struct pollfd p = { .fd = c->fd, .events = POLLRDHUP };

    return poll(&p, 1, 0) > 0 && (p.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

/* Their places are free at once; their threads see the end when they send next.  Under the mutex.
 */
static void end_gone_streams(sm_connections *t)
{
    for (size_t i = 0; i < SLOTS; i++) {
        sm_connection *c = &t->slots[i];

        if (c->phase != SM_PHASE_STREAM || !has_gone(c))
            continue;
        shutdown(c->fd, SHUT_RDWR);
        c->phase = SM_PHASE_TAKING;
        c->since_ms = sm_clock_boot_ms();
    }
}

static bool has_room(const sm_connections *t, sm_phase phase, sm_sv address, size_t max,
                     size_t each)
{
    return count_phase(t, phase, SM_SV("")) < max && count_phase(t, phase, address) < each;
}

/* Into a phase that has only so many places. */
static bool take_place(sm_connections *t, sm_connection *c, sm_phase phase, sm_sv address,
                       size_t max, size_t each)
{
    bool room;

    if (c == NULL)
        return false;
    sm_mutex_lock(&t->mu);
    room = has_room(t, phase, address, max, each);
    if (!room) {
        end_gone_streams(t);
        room = has_room(t, phase, address, max, each);
    }
    if (room) {
        snprintf(c->held_by, sizeof c->held_by, "%.*s", SM_SV_ARG(address));
        c->phase = phase;
    }
    sm_mutex_unlock(&t->mu);
    return room;
}

bool sm_connections_stream(sm_connections *t, sm_connection *c, sm_sv address)
{
    return take_place(t, c, SM_PHASE_STREAM, address, SM_STREAMS_MAX, SM_STREAMS_EACH);
}

bool sm_connections_wait(sm_connections *t, sm_connection *c, sm_sv address)
{
    return take_place(t, c, SM_PHASE_WAITING, address, SM_WAITERS_MAX, SM_WAITERS_EACH);
}

const char *sm_connection_address(const sm_connection *c)
{
    return c == NULL ? "" : c->address;
}

static bool is_over(const sm_connection *c, int64_t now, bool many)
{
    int64_t spent = now - c->since_ms;

    switch (c->phase) {
    case SM_PHASE_ASKING:
        return spent > (many ? SM_CONNECTION_HASTE_MS : SM_CONNECTION_ASK_MS);
    case SM_PHASE_TAKING:
        return spent > SM_CONNECTION_TAKE_MS;
    case SM_PHASE_FREE:
    case SM_PHASE_WORKING:
    case SM_PHASE_STREAM:
    case SM_PHASE_WAITING:
        return false;
    }
    return false;
}

void sm_connections_reap(sm_connections *t)
{
    int64_t now = sm_clock_boot_ms();

    sm_mutex_lock(&t->mu);
    for (size_t i = 0; i < SLOTS; i++)
        if (is_over(&t->slots[i], now, t->n >= SM_CONNECTIONS_MANY))
            shutdown(t->slots[i].fd, SHUT_RDWR); /* its thread sees the end, and leaves */
    sm_mutex_unlock(&t->mu);
}

size_t sm_connections_count(sm_connections *t)
{
    size_t n;

    sm_mutex_lock(&t->mu);
    n = t->n;
    sm_mutex_unlock(&t->mu);
    return n;
}

size_t sm_connections_streams(sm_connections *t)
{
    size_t n;

    sm_mutex_lock(&t->mu);
    n = count_phase(t, SM_PHASE_STREAM, SM_SV(""));
    sm_mutex_unlock(&t->mu);
    return n;
}
