/* SPDX-License-Identifier: Apache-2.0 */
/* object_store.h -- named bytes that appear whole or not at all.
 *
 * The contract that Delta commits go through.  Keys are relative, parts separated by "/",
 * never empty, "." or "..".  A put that returned SM_OK is durable.  What a reader sees of a
 * key is always one whole value.  Any thread may call anything.
 *
 * A STORE HAS A FOLDER in which the engine reads and writes files: of a local store the very
 * objects, of a bucket an image, the copy of what was read or written here.  Files of the engine
 * have names that are never used twice, so an image is never wrong; it can only lack something.
 *
 *     written below the folder ── sm_object_keep ──▶ objects, durable
 *     objects ── sm_object_fetch ──▶ files below the folder
 */
#ifndef SM_IO_OBJECT_STORE_H
#define SM_IO_OBJECT_STORE_H

#include <stdint.h>

#include "runtime/base/arena.h"
#include "runtime/base/error.h"
#include "runtime/base/str.h"

struct sm_s3;

typedef struct sm_object_store sm_object_store;

typedef struct sm_object {
    sm_sv key;
    int64_t size;     /* bytes */
    int64_t mtime_ms; /* since 1970 */
} sm_object;

/* Keys live below the folder `root` (absolute); it is made at the first put.  `*out` is owned:
 * close with sm_object_store_close. */
sm_code sm_object_store_open_local(sm_sv root, sm_object_store **out, sm_error *err);
/* Keys live below `prefix` ("" or without a slash at the end) of the bucket of `s3`, borrowed; the
 * image below `folder` (absolute). */
sm_code sm_object_store_open_s3(struct sm_s3 *s3, sm_sv prefix, sm_sv folder, sm_object_store **out,
                                sm_error *err);
void sm_object_store_close(sm_object_store *s);       /* NULL is fine */
sm_sv sm_object_store_root(const sm_object_store *s); /* its folder; borrowed */
bool sm_object_store_is_remote(const sm_object_store *s);

/* SM_E_NOT_FOUND; SM_E_LIMIT above `max` bytes. `*out` lives in `a`, terminated. */
sm_code sm_object_get(sm_object_store *s, sm_sv key, size_t max, sm_arena *a, sm_sv *out,
                      sm_error *err);
sm_code sm_object_stat(sm_object_store *s, sm_sv key, sm_object *out, sm_error *err);
/* Over what was there. */
sm_code sm_object_put(sm_object_store *s, sm_sv key, sm_sv bytes, sm_error *err);
/* SM_E_CONFLICT: the key is there with other bytes; it keeps its value.  Of a bucket, what is
 * there with the same bytes is what we put, whose answer was lost. */
sm_code sm_object_put_if_absent(sm_object_store *s, sm_sv key, sm_sv bytes, sm_error *err);
/* Not there is fine; its file in an image goes too. */
sm_code sm_object_delete(sm_object_store *s, sm_sv key, sm_error *err);
/* The objects directly below the folder `prefix` ("_delta_log", no slash at the end; "" is the
 * root) whose key is greater than `after` ("" = all), by key.  A folder that is not there is
 * empty.  Lives in `a`. */
sm_code sm_object_list(sm_object_store *s, sm_sv prefix, sm_sv after, sm_arena *a, sm_object **out,
                       size_t *n, sm_error *err);

/* Files that were written below the folder are objects afterwards, durable. */
sm_code sm_object_keep(sm_object_store *s, const sm_sv *keys, size_t n, sm_error *err);
/* These objects are files below the folder afterwards.  A size of -1 is not known; SM_E_CORRUPT:
 * one has another size.  SM_E_NOT_FOUND: one is not there (of a local store nobody looks). */
sm_code sm_object_fetch(sm_object_store *s, const sm_object *objects, size_t n, sm_error *err);

#endif
