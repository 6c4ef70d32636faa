/* SPDX-License-Identifier: Apache-2.0 */
/* s3_sign.h -- AWS Signature Version 4 over the headers of a request.
 *
 * Done here and not by libcurl, whose versions sort headers in different orders: 7.88 puts
 * "x-amz-server-side-encryption-aws-kms-key-id" before "x-amz-server-side-encryption". */
#ifndef SM_IO_S3_SIGN_H
#define SM_IO_S3_SIGN_H

#include <stddef.h>
#include <stdint.h>

#include "runtime/base/arena.h"
#include "runtime/base/str.h"
#include "runtime/io/s3_url.h"

typedef struct sm_s3_header {
    const char *name; /* lower case */
    sm_sv value;
} sm_s3_header;

typedef struct sm_s3_to_sign { /* borrowed */
    const char *method;
    const sm_s3_url *url;
    const sm_s3_header *headers; /* besides host and those that signing adds, in any order */
    size_t n;
    sm_sv body_sha256; /* 64 digits */
    sm_sv region;
    sm_sv access_key_id, secret_access_key;
    sm_sv session_token; /* empty: none */
    int64_t time_ms;
} sm_s3_to_sign;

/* All headers of the request, "name: value", in `a`, with room for one more. */
void sm_s3_sign(const sm_s3_to_sign *q, sm_arena *a, sm_sv **headers, size_t *n);

#endif
