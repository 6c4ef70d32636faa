/* SPDX-License-Identifier: Apache-2.0 */
/* s3_client.h -- requests to one bucket: signed, tried again where that helps, and what a refusal
 * means in words.
 *
 * Tried again, with growing pauses of random length: no connection, a broken one, no answer in
 * time, 408, 429, 5xx.  Whatever is sent twice must be right twice; s3_objects does not put under a
 * condition without comparing.  Any thread. */
#ifndef SM_IO_S3_CLIENT_H
#define SM_IO_S3_CLIENT_H

#include "runtime/base/secret.h"
#include "runtime/base/thread.h"
#include "runtime/io/http_client.h"
#include "runtime/io/s3_sign.h"
#include "runtime/io/s3_url.h"

enum {
    SM_S3_TRIES = 6,
    SM_S3_PAUSE_MS = 100,       /* before the second try at most; doubled for each further one */
    SM_S3_PAUSE_MAX_MS = 10000, /* also of what the store asks for */
};

typedef struct sm_s3_config { /* borrowed as long as the client lives */
    sm_sv bucket;             /* its name */
    sm_sv prefix;             /* where an object of our own may lie; empty: the bucket */
    sm_sv endpoint;           /* empty: Amazon's, of the region */
    sm_sv region;             /* empty: us-east-1 */
    bool path_style;          /* Amazon's own hosts take both */
    const sm_secret *access_key_id, *secret_access_key;
    const sm_secret *session_token; /* NULL: none */
    sm_sv encryption;               /* "AES256", "aws:kms"; empty: what the bucket says */
    sm_sv kms_key_id;               /* empty: the bucket's */
    const char *ca_file;            /* NULL: the system's */
    sm_egress egress;
    const sm_atomic *stop; /* as of sm_http_request; NULL: never */
} sm_s3_config;

typedef struct sm_s3 sm_s3;

/* Nothing is asked yet.  SM_E_INVALID: no such endpoint can be.  `*out` is owned: sm_s3_close. */
sm_code sm_s3_open(const sm_s3_config *c, sm_s3 **out, sm_error *err);
void sm_s3_close(sm_s3 *s); /* NULL is fine */
const sm_s3_config *sm_s3_configured(const sm_s3 *s);

typedef struct sm_s3_call { /* borrowed */
    const char *method;
    sm_sv key;                 /* in the bucket; empty: the bucket itself */
    const sm_s3_param *params; /* by name */
    size_t n_params;
    const sm_s3_header *headers;
    size_t n_headers;
    sm_sv body;
    size_t max_answer; /* bytes of an object; 0: words of the store, which are short */
    /* As of sm_http_request; a failure of it that is retryable is tried again like the store's. */
    sm_http_take take;
    void *take_ctx;
} sm_s3_call;

/* SM_OK for 2xx.  SM_E_NOT_FOUND for 404, SM_E_CONFLICT for 412 and 409, SM_E_DENIED for 403 and
 * 401, SM_E_LIMIT, SM_E_TIMEOUT, SM_E_REMOTE, SM_E_INVALID for the rest; err->retryable is set. */
sm_code sm_s3_send(sm_s3 *s, const sm_s3_call *q, sm_arena *a, sm_http_answer *out, sm_error *err);

/* What the connection says of encryption, with each object that is made: how many of out[0..1]. */
size_t sm_s3_encryption(const sm_s3 *s, sm_s3_header *out);

/* Before the first put under a condition: does the store keep it?  One or two requests, once for a
 * client; leaves an object `<prefix>/_smelt/put_if_absent`.  SM_E_INVALID: it overwrites what is
 * there, and two writers of a table would both win. */
sm_code sm_s3_probe(sm_s3 *s, sm_error *err);

#endif
