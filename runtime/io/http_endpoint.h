/* SPDX-License-Identifier: Apache-2.0 */
/* http_endpoint.h -- who is asked over HTTP as a pipeline says it: where, as whom, how often.
 *
 * The address is one of the pipeline's own, or a path behind the base_url of a connection.  What is
 * asked with, a token or a password, goes to that host only, and into no message. */
#ifndef SM_IO_HTTP_ENDPOINT_H
#define SM_IO_HTTP_ENDPOINT_H

#include "runtime/base/connection.h"
#include "runtime/io/http_client.h"

typedef struct sm_http_endpoint {
    const sm_connections *connections; /* borrowed; NULL: there are none */
    const sm_connection *connection;   /* NULL: none is named */
    sm_sv url;                         /* whole, without parameters of a request */
    const sm_sv *headers;              /* of the pipeline, then of the connection */
    size_t n_headers;
    sm_http_client *client;
    sm_egress egress;
} sm_http_endpoint;

/* `url` as the pipeline has it, with `connection` ("": none) what is added to its base_url; headers
 * as {Name: value}.  SM_E_INVALID: what is wrong with them.  Strings live in `a`; close it also
 * after a failure. */
sm_code sm_http_endpoint_open(sm_http_endpoint *e, const sm_connections *connections,
                              sm_sv connection, sm_sv url, const sm_json *headers, sm_arena *a,
                              sm_error *err);
void sm_http_endpoint_close(sm_http_endpoint *e); /* zeroed is fine */

/* One request, tried again while it may end otherwise; all is borrowed. */
typedef struct sm_http_ask {
    sm_sv method;
    sm_sv url;
    sm_sv shown;        /* the address, as messages may have it */
    const sm_sv *lines; /* headers, where the endpoint has none of that name: "Name: value" */
    size_t n_lines;
    sm_sv body; /* ptr NULL: none */
    int64_t tries;
    int64_t pause_ms;            /* before the second try; doubled with each further one */
    int64_t pause_max_ms;        /* longer is not waited for, whoever asks for it */
    bool keyed;                  /* with an Idempotency-Key: 409 says that it is being worked on */
    bool answer_is_cut;          /* only the first bytes of an answer are looked at */
    bool (*stopping)(void *ctx); /* is who waits asked to stop?  NULL: never */
    void *stopping_ctx;
    const sm_atomic *stop; /* as that of sm_http_request */
} sm_http_ask;

/* The answer, which has a status of 2xx; it lives in `a`.  A failure is retryable when it may be
 * none the next time; SM_E_CANCELLED: stopped while it waited. */
sm_code sm_http_endpoint_ask(const sm_http_endpoint *e, const sm_http_ask *ask, sm_arena *a,
                             sm_http_answer *out, sm_error *err);

/* The address up to its query, which may hold a secret. */
sm_sv sm_http_before_query(sm_sv url);

#endif
