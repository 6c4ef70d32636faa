/* SPDX-License-Identifier: Apache-2.0 */
/* s3_transfer.h -- objects in and out of a bucket: values, and files in parts.
 *
 * Every body that goes up is signed by its SHA-256, which the store checks; what comes down must
 * have the length that is known.  Keys are those of the bucket. */
#ifndef SM_IO_S3_TRANSFER_H
#define SM_IO_S3_TRANSFER_H

#include "runtime/io/s3_client.h"

enum {
    SM_S3_PART = 16 * 1024 * 1024, /* a larger file goes in parts of this size, one in memory */
    SM_S3_PARTS_MAX = 10000,       /* what S3 allows */
};

typedef struct sm_s3_object {
    sm_sv key;
    int64_t size;     /* bytes */
    int64_t mtime_ms; /* since 1970 */
    sm_sv etag;       /* which bytes they are, without quotes; empty: the store does not say */
    bool folder;      /* of a list: more keys begin with this one */
} sm_s3_object;

/* An ETag without the quotes around it, which some stores leave out. */
sm_sv sm_s3_etag(sm_sv text);

/* SM_E_NOT_FOUND.  The key is as it was given, the rest lives in `a`. */
sm_code sm_s3_stat(sm_s3 *s, sm_sv key, sm_arena *a, sm_s3_object *out, sm_error *err);

/* SM_E_CONFLICT: if_absent, and something is there. */
sm_code sm_s3_put(sm_s3 *s, sm_sv key, sm_sv bytes, bool if_absent, sm_arena *a, sm_error *err);

/* The file as an object, over what was there.  SM_E_LIMIT: more than SM_S3_PARTS_MAX parts. */
sm_code sm_s3_upload(sm_s3 *s, sm_sv key, const char *path, sm_arena *a, sm_error *err);

/* The object as a file, whole or not at all; its folders are made.  `size` of -1 is not known;
 * SM_E_CORRUPT: it has another.  `etag` is that of the bytes that are wanted, empty: of any;
 * SM_E_CONFLICT: others are there now, or were before all was read. */
sm_code sm_s3_download(sm_s3 *s, sm_sv key, int64_t size, sm_sv etag, const char *path, sm_arena *a,
                       sm_error *err);

#endif
