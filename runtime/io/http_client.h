/* SPDX-License-Identifier: Apache-2.0 */
/* http_client.h -- one request over HTTP, and its answer.
 *
 * Blocks until the whole answer is there or a limit is reached.  Redirects are answers (3xx), never
 * followed; an answer of any status is SM_OK.  Only http and https.  The address may hold a secret
 * (webhooks do): messages name its host and nothing else of it. */
#ifndef SM_IO_HTTP_CLIENT_H
#define SM_IO_HTTP_CLIENT_H

#include "runtime/base/arena.h"
#include "runtime/base/error.h"
#include "runtime/base/str.h"
#include "runtime/base/thread.h"
#include "runtime/io/egress.h"

enum {
    SM_HTTP_CONNECT_MS = 5 * 1000, /* to find the host, connect, agree on TLS */
    SM_HTTP_TOTAL_MS = 30 * 1000,
    SM_HTTP_ANSWER_MAX = 16 * 1024 * 1024,
    SM_HTTP_HEAD_MAX = 64 * 1024,
};

/* Connections that are kept open for the next request.  Any thread; a request that begins while
 * all are in use opens one more. */
typedef struct sm_http_client sm_http_client;

/* Owned: free with sm_http_client_free, when no request is under way.  All its requests are to
 * have the same egress and ca_file: an open connection is not judged again. */
sm_http_client *sm_http_client_new(void);
void sm_http_client_free(sm_http_client *client); /* NULL is fine */

/* The next bytes of an answer, `offset` of them came before; a failure ends the request, and is its
 * result.  When the request is sent again, its answer begins again at 0. */
typedef sm_code (*sm_http_take)(void *ctx, int64_t offset, sm_sv bytes, sm_error *err);

typedef struct sm_http_request { /* all is borrowed */
    sm_http_client *client;      /* NULL: a connection for this request alone */
    sm_sv method;                /* "GET"; empty: GET, or POST with a body.  HEAD has no answer */
    sm_sv url;
    const sm_sv *headers; /* "Name: value" */
    size_t n_headers;
    sm_sv body;         /* ptr NULL: none */
    int64_t connect_ms; /* 0: SM_HTTP_CONNECT_MS */
    int64_t total_ms;   /* 0: SM_HTTP_TOTAL_MS */
    size_t max_answer;  /* bytes of its body; 0: SM_HTTP_ANSWER_MAX */
    sm_http_take take;  /* where the body of a 2xx goes, as it comes; NULL: into the answer */
    void *take_ctx;
    bool answer_is_cut;  /* what is beyond them is passed over, and no failure */
    const char *ca_file; /* PEM, in the place of the system's; NULL: the system's */
    bool as_is;          /* the answer is not asked for compressed, and not decompressed */
    const sm_egress *egress;
    const sm_atomic *stop; /* 0: go on; else the sm_clock_boot_ms() from which on it gives up,
                            * within a second, so 1: now; NULL: never */
} sm_http_request;

typedef struct sm_http_answer {
    int status;
    sm_sv body;             /* terminated; empty when it was taken */
    int64_t taken;          /* bytes of it that were */
    sm_sv type;             /* Content-Type, "" without one */
    sm_sv head;             /* its headers as they came, a line each */
    int64_t retry_after_ms; /* what it asks for; 0: nothing */
} sm_http_answer;

/* Is it time to give up? */
bool sm_http_is_stopped(const sm_atomic *stop);

/* SM_E_INVALID: no such address can be; SM_E_DENIED: egress; SM_E_REMOTE: nobody there, no such
 * host, TLS; SM_E_TIMEOUT; SM_E_LIMIT: the answer is too large; SM_E_CANCELLED: stopped;
 * SM_E_NOT_FOUND: no libcurl.  err->retryable is set.  `*out` lives in `a`.  Any thread. */
sm_code sm_http_send(const sm_http_request *q, sm_arena *a, sm_http_answer *out, sm_error *err);

/* The value of header `name` of an answer, "" without one. */
sm_sv sm_http_header(const sm_http_answer *answer, const char *name);

/* Can it be an address to send to: http or https, a host, no user and password in it?  `host`
 * (NULL: not wanted) is its host with the port, "hooks.example.com:8443"; lives in `a`. */
sm_code sm_http_check_url(sm_sv url, sm_arena *a, sm_sv *host, sm_error *err);

#endif
