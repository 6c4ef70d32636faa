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
};

typedef struct sm_http_request { /* all is borrowed */
    sm_sv method;                /* "GET"; empty: GET, or POST with a body */
    sm_sv url;
    const sm_sv *headers; /* "Name: value" */
    size_t n_headers;
    sm_sv body;          /* ptr NULL: none */
    int64_t connect_ms;  /* 0: SM_HTTP_CONNECT_MS */
    int64_t total_ms;    /* 0: SM_HTTP_TOTAL_MS */
    size_t max_answer;   /* bytes of its body; 0: SM_HTTP_ANSWER_MAX */
    const char *ca_file; /* PEM, in the place of the system's; NULL: the system's */
    const sm_egress *egress;
    const sm_atomic *stop; /* not 0: give up within a second; NULL: never */
} sm_http_request;

typedef struct sm_http_answer {
    int status;
    sm_sv body;             /* terminated */
    sm_sv type;             /* Content-Type, "" without one */
    int64_t retry_after_ms; /* what it asks for; 0: nothing */
} sm_http_answer;

/* SM_E_INVALID: no such address can be; SM_E_DENIED: egress; SM_E_REMOTE: nobody there, no such
 * host, TLS; SM_E_TIMEOUT; SM_E_LIMIT: the answer is too large; SM_E_CANCELLED: stopped;
 * SM_E_NOT_FOUND: no libcurl.  err->retryable is set.  `*out` lives in `a`.  Any thread. */
sm_code sm_http_send(const sm_http_request *q, sm_arena *a, sm_http_answer *out, sm_error *err);

/* Can it be an address to send to: http or https, a host, no user and password in it?  `host`
 * (NULL: not wanted) is its host with the port, "hooks.example.com:8443"; lives in `a`. */
sm_code sm_http_check_url(sm_sv url, sm_arena *a, sm_sv *host, sm_error *err);

#endif
