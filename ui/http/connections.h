/* SPDX-License-Identifier: Apache-2.0 */
/* connections.h -- who is connected, and for how long: this module only.
 *
 * A client that sends its request byte by byte, or reads the answer so, keeps a thread: each phase
 * of a connection has an end, counted from its beginning and not from the last byte.  When three
 * quarters of all connections are taken, those that have not sent a whole request get less time. */
#ifndef SM_HTTP_CONNECTIONS_H
#define SM_HTTP_CONNECTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "runtime/base/str.h"

enum {
    SM_CONNECTIONS_MAX = 128,
    SM_CONNECTIONS_MANY = 96,
    SM_CONNECTION_ASK_MS = 30 * 1000,  /* from connecting, or the last answer, to a whole request */
    SM_CONNECTION_HASTE_MS = 2 * 1000, /* the same, when there are many */
    SM_CONNECTION_TAKE_MS = 120 * 1000, /* to take an answer */
    SM_STREAMS_MAX = 32,
    SM_STREAMS_EACH = 8, /* of one address */
    SM_WAITERS_MAX = 16, /* for the end of a run */
    SM_WAITERS_EACH = 4,
    SM_ADDRESS_MAX = 64,
};

typedef struct sm_connections sm_connections;
typedef struct sm_connection sm_connection;

typedef enum sm_phase {
    SM_PHASE_FREE,
    SM_PHASE_ASKING,  /* no whole request yet */
    SM_PHASE_WORKING, /* a handler is at it */
    SM_PHASE_TAKING,  /* the answer goes out */
    SM_PHASE_STREAM,  /* events go out, without end */
    SM_PHASE_WAITING, /* a handler waits for the end of a run */
} sm_phase;

sm_connections *sm_connections_new(void); /* owned: sm_connections_free */
void sm_connections_free(sm_connections *t);

/* NULL: there are too many.  `fd` is duplicated, so that it stays ours until leave. */
sm_connection *sm_connections_enter(sm_connections *t, int fd, const struct sockaddr *peer);
void sm_connections_leave(sm_connections *t, sm_connection *c); /* NULL is fine */
void sm_connections_set(sm_connections *t, sm_connection *c, sm_phase phase);
/* False: there are too many streams, of all or of that `address`; those whose reader has gone do
 * not count. */
bool sm_connections_stream(sm_connections *t, sm_connection *c, sm_sv address);
/* The same for those that wait: false says answer at once. */
bool sm_connections_wait(sm_connections *t, sm_connection *c, sm_sv address);

/* "127.0.0.1": who is on the other end; borrowed until leave. */
const char *sm_connection_address(const sm_connection *c);

/* End those whose time is over. */
void sm_connections_reap(sm_connections *t);
size_t sm_connections_count(sm_connections *t);
size_t sm_connections_streams(sm_connections *t);

#endif
