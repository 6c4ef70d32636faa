/* SPDX-License-Identifier: Apache-2.0 */
/* s3_list.h -- what lies in a folder of a bucket.
 *
 * A bucket has no folders: one is a beginning of keys that ends with a slash. */
#ifndef SM_IO_S3_LIST_H
#define SM_IO_S3_LIST_H

#include "runtime/io/s3_transfer.h"

/* The objects and folders directly below `prefix` (empty, or with a slash at the end) whose keys
 * are greater than `after` (empty: all), by key, read page by page.  Folders have a slash at the
 * end of their key and nothing else.  Lives in `a`. */
sm_code sm_s3_list(sm_s3 *s, sm_sv prefix, sm_sv after, sm_arena *a, sm_s3_object **out, size_t *n,
                   sm_error *err);

#endif
