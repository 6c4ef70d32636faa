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

/* SM_E_NOT_FOUND. */
sm_code sm_s3_stat(sm_s3 *s, sm_sv key, sm_arena *a, int64_t *size, int64_t *mtime_ms,
                   sm_error *err);

/* SM_E_CONFLICT: if_absent, and something is there. */
sm_code sm_s3_put(sm_s3 *s, sm_sv key, sm_sv bytes, bool if_absent, sm_arena *a, sm_error *err);

/* The file as an object, over what was there.  SM_E_LIMIT: more than SM_S3_PARTS_MAX parts. */
sm_code sm_s3_upload(sm_s3 *s, sm_sv key, const char *path, sm_arena *a, sm_error *err);

/* The object as a file, whole or not at all; its folders are made.  `size` of -1 is not known;
 * SM_E_CORRUPT: it has another. */
sm_code sm_s3_download(sm_s3 *s, sm_sv key, int64_t size, const char *path, sm_arena *a,
                       sm_error *err);

#endif
