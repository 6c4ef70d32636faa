/* SPDX-License-Identifier: Apache-2.0 */
/* source_files_bucket.c -- files that are objects of a bucket: `path: s3://bucket/…`.
 *
 *     listing    folder by folder, a page of 1,000 keys each: size, time and ETag come with them
 *     identity   the ETag.  As `inode` a number is made of it; times say only the order
 *     reading    copies on this machine: source_files_fetch.c */
#include "runtime/sources/source_files_int.h"

#include <string.h>

#include "runtime/base/clock.h"
#include "runtime/base/glob.h"
#include "runtime/base/hash.h"
#include "runtime/io/object_images.h"

#define BUCKET_SCHEME SM_SV("s3://")

bool sm_files__in_bucket(const sm_source *s)
{
    return sm_sv_starts(((const sm_files_config *)s->config)->path, BUCKET_SCHEME);
}

void sm_files__bucket_split(sm_sv name, sm_sv *bucket, sm_sv *key)
{
    *key = sm_sv_sub(name, BUCKET_SCHEME.len, name.len);
    (void)sm_sv_next(key, '/', bucket);
}

sm_code sm_files__check_bucket(sm_sv path, sm_error *err)
{
    sm_sv bucket, key;

    sm_files__bucket_split(path, &bucket, &key);
    if (bucket.len == 0 || sm_glob_is_pattern(bucket))
        return sm_fail(err, SM_E_INVALID, 0,
                       "expected s3://bucket/path, with the name of one bucket, not \"%.*s\"",
                       SM_SV_ARG(path));
    return SM_OK;
}

sm_code sm_files__bucket_client(const sm_source *s, sm_s3 **s3, sm_sv *folder, sm_error *err)
{
    const sm_files_config *config = s->config;
    sm_sv bucket, key;

    sm_files__bucket_split(config->path, &bucket, &key);
    return sm_images_reading(s->images, config->connection, bucket, s3, folder, err);
}

/* --- Looking --- */

static int64_t bucket_number(sm_sv etag)
{
    sm_arena *a = sm_arena_new("files etag");
    sm_sv hex = sm_sha256_hex(etag, a);
    int64_t number = 0;

    for (int i = 0; i < 15; i++)
        number = number * 16 + (hex.ptr[i] <= '9' ? hex.ptr[i] - '0' : hex.ptr[i] - 'a' + 10);
    sm_arena_free(a);
    return number;
}

/* Whole seconds: lists may tell more of a time than the object itself does. */
static int64_t bucket_time_ns(int64_t ms)
{
    return ms / 1000 * 1000000000;
}

sm_file sm_files__of_object(const sm_s3_object *o)
{
    return (sm_file){ .size = o->size,
                      .mtime_ns = bucket_time_ns(o->mtime_ms),
                      .inode = o->etag.len > 0 ? bucket_number(o->etag) : 0,
                      .etag = o->etag };
}

/* From where a folder need be listed: its parts up to the greatest known key.  A folder that this
 * key lies in is listed from itself on, for stores differ in whether it comes behind the key. */
static sm_sv bucket_begin(sm_sv prefix, sm_sv greatest)
{
    sm_sv below = sm_sv_sub(greatest, prefix.len, greatest.len);
    ptrdiff_t slash = sm_sv_find_char(below, '/');

    return slash < 0 ? greatest : sm_sv_sub(greatest, 0, prefix.len + (size_t)slash);
}

/* Once for inferring, and for the look that follows at once. */
static sm_code list_once(const sm_source *s, sm_s3 *s3, sm_sv bucket, sm_sv prefix, sm_sv after,
                         sm_arena *a, sm_s3_object **out, size_t *n, sm_error *err)
{
    const sm_files_config *config = s->config;
    bool infers = ((const sm_files_state *)s->state)->infers;
    sm_s3_listings *kept = sm_images_listings(s->images);
    sm_sv key = sm_arena_printf(a, "%.*s\n%.*s\n%.*s\n%.*s", SM_SV_ARG(config->connection),
                                SM_SV_ARG(bucket), SM_SV_ARG(prefix), SM_SV_ARG(after));
    int64_t now = sm_clock_boot_ms();
    sm_code rc;

    if (!infers && sm_s3_listings_take(kept, key, a, out, n))
        return SM_OK;
    if ((rc = sm_s3_list(s3, prefix, after, a, out, n, err)) == SM_OK && infers)
        sm_s3_listings_keep(kept, key, now, *out, *n);
    return rc;
}

sm_code sm_files__list_bucket(const sm_source *s, const char *folder, sm_sv behind, sm_arena *a,
                              sm_s3_object **out, size_t *n, sm_error *err)
{
    sm_sv bucket, prefix, greatest, copies, after = SM_SV("");
    sm_s3 *s3;
    sm_code rc;

    *n = 0;
    sm_files__bucket_split(sm_sv_cstr(folder), &bucket, &prefix);
    sm_files__bucket_split(behind, &bucket, &greatest);
    if (behind.len > 0 && sm_sv_starts(greatest, prefix))
        after = bucket_begin(prefix, greatest);
    else if (behind.len > 0 && sm_sv_cmp(prefix, greatest) < 0)
        return SM_OK; /* all that can be in it comes before what is known */
    if ((rc = sm_files__bucket_client(s, &s3, &copies, err)) != SM_OK)
        return rc;
    return list_once(s, s3, bucket, prefix, after, a, out, n, err);
}

sm_code sm_files__stat_object(const sm_source *s, sm_sv name, sm_arena *a, sm_s3_object *out,
                              bool *there, sm_error *err)
{
    sm_sv bucket, key, copies;
    sm_s3 *s3;
    sm_code rc;

    sm_files__bucket_split(name, &bucket, &key);
    *there = false;
    if (key.len == 0)
        return SM_OK;
    if ((rc = sm_files__bucket_client(s, &s3, &copies, err)) != SM_OK)
        return rc;
    rc = sm_s3_stat(s3, key, a, out, err);
    *there = rc == SM_OK;
    return rc == SM_E_NOT_FOUND ? SM_OK : rc;
}
