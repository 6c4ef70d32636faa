/* SPDX-License-Identifier: Apache-2.0 */
/* s3_url.h -- the one place where addresses of objects are made.
 *
 * What is signed is the text that is sent, so there is one way to write it: of a path, every byte
 * but A-Z a-z 0-9 - . _ ~ / is %XX in upper case; of a query, "/" too, parameters by name, each
 * with its "=". */
#ifndef SM_IO_S3_URL_H
#define SM_IO_S3_URL_H

#include <stdbool.h>
#include <stddef.h>

#include "runtime/base/arena.h"
#include "runtime/base/error.h"
#include "runtime/base/str.h"

typedef struct sm_s3_bucket { /* borrowed */
    sm_sv endpoint;           /* "https://s3.eu-central-1.amazonaws.com", "http://127.0.0.1:7070" */
    sm_sv name;
    bool path_style; /* the bucket is the first part of the path, not of the host */
} sm_s3_bucket;

typedef struct sm_s3_param {
    const char *name;
    sm_sv value; /* not encoded */
} sm_s3_param;

typedef struct sm_s3_url {
    sm_sv text;        /* all of it */
    sm_sv host;        /* with the port unless it is the scheme's own */
    sm_sv path, query; /* as they stand in it, the path with its slash, no "?" */
} sm_s3_url;

/* "s3://bucket/some/prefix" in two; slashes at the end go.  SM_E_INVALID: it is none. */
sm_code sm_s3_parse(sm_sv text, sm_sv *bucket, sm_sv *prefix, sm_error *err);

/* Is it "http[s]://host[:port]" and nothing more? */
sm_code sm_s3_check_endpoint(sm_sv endpoint, sm_error *err);

/* `key` without a slash in front; empty: the bucket itself.  `params` must be in the order of
 * their names.  SM_E_INVALID: a part of the key is "." or "..", which a client would take away.
 * Lives in `a`. */
sm_code sm_s3_url_make(const sm_s3_bucket *b, sm_sv key, const sm_s3_param *params, size_t n,
                       sm_arena *a, sm_s3_url *out, sm_error *err);

#endif
