/* SPDX-License-Identifier: Apache-2.0 */
/* object_images.h -- which folders of this machine are images of buckets.
 *
 * A table in a bucket is known by the folder of its image, like any other table by its folder;
 * whoever opens it asks here what stands behind.  A bucket is connected to at the first opening.
 * Any thread. */
#ifndef SM_IO_OBJECT_IMAGES_H
#define SM_IO_OBJECT_IMAGES_H

#include "runtime/io/object_store.h"
#include "runtime/io/s3_client.h"
#include "runtime/io/s3_listings.h"

enum {
    SM_IMAGES_UNTOUCHED_MS = 60 * 60 * 1000,   /* what was used since is never trimmed, */
    SM_IMAGES_RUNNING_MS = 3 * 60 * 60 * 1000, /* nor what a batch of so long began with */
};

typedef struct sm_images sm_images;

/* An image keeps at most `max` bytes, but for what was used of late.  After copies of objects that
 * are read, readers look when nobody did for `every_ms`; what was used within SM_IMAGES_RUNNING_MS
 * is left to them. */
sm_images *sm_images_new(int64_t max, int64_t every_ms);
void sm_images_free(sm_images *images); /* NULL is fine; no store of them may be open */

/* `folder` (absolute) is the image of `prefix` in the bucket that `connect` opens, which is asked
 * once, later.  The texts are copied; the client and `ctx` are borrowed. */
void sm_images_add(sm_images *images, sm_sv folder, sm_sv bucket, sm_sv prefix,
                   sm_code (*connect)(void *ctx, sm_s3 **out, sm_error *err), void *ctx);

/* A bucket that files are read from by way of `connection` (its name, or ""): copies of them lie in
 * `folder` (absolute).  As above. */
void sm_images_add_reading(sm_images *images, sm_sv folder, sm_sv connection, sm_sv bucket,
                           sm_code (*connect)(void *ctx, sm_s3 **out, sm_error *err), void *ctx);
/* The client and the folder of such a bucket, borrowed as long as `images`.  SM_E_INVALID: nobody
 * has said how it is reached. */
sm_code sm_images_reading(sm_images *images, sm_sv connection, sm_sv bucket, sm_s3 **s3,
                          sm_sv *folder, sm_error *err);

/* Lists of such buckets that are good for a moment more; borrowed as long as `images`. */
sm_s3_listings *sm_images_listings(const sm_images *images);

/* The store of `folder`: of the bucket behind it, else of the folder itself.  NULL `images`: there
 * are none.  `*out` is owned: sm_object_store_close. */
sm_code sm_images_open(sm_images *images, sm_sv folder, sm_object_store **out, sm_error *err);

/* `folder` as people know it: "s3://bucket/prefix/…", or as it is.  Lives in `a`. */
sm_sv sm_images_shown(sm_images *images, sm_sv folder, sm_arena *a);

/* Of all images, now: files that were used longest ago go first, those of the last
 * SM_IMAGES_UNTOUCHED_MS never.  For who runs no batch: what is not decided yet is in no bucket.
 * NULL is fine. */
void sm_images_trim(sm_images *images);

#endif
