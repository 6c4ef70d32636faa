/* SPDX-License-Identifier: Apache-2.0 */
/* source_files_bucket.c -- files that are objects of a bucket: `path: s3://bucket/…`.
 *
 *     listing    folder by folder, a page of 1,000 keys each: size, time and ETag come with them
 *     identity   the ETag.  As `inode` a number is made of it; times say only the order
 *     reading    copies on this machine, a few at a time; decoders know no buckets
 *
 * A copy is named by a hash of the key and its ETag, so it is never another version than its name
 * says, whatever the key looks like, and what was fetched once is there for the next who asks.  An
 * object that was overwritten since it was numbered is read, and remembered, as it is now. */
#include "runtime/sources/source_files_int.h"

#include <string.h>

#include "runtime/base/fs.h"
#include "runtime/base/glob.h"
#include "runtime/base/hash.h"
#include "runtime/base/thread.h"
#include "runtime/io/fan.h"
#include "runtime/io/object_images.h"

#define BUCKET_SCHEME SM_SV("s3://")

enum { BUCKET_TRIES = 4 /* versions of one object that are overwritten while they are fetched */ };

bool sm_files__in_bucket(const sm_source *s)
{
    return sm_sv_starts(((const sm_files_config *)s->config)->path, BUCKET_SCHEME);
}

/* "s3://bucket/some/key" in two. */
static void bucket_split(sm_sv name, sm_sv *bucket, sm_sv *key)
{
    *key = sm_sv_sub(name, BUCKET_SCHEME.len, name.len);
    (void)sm_sv_next(key, '/', bucket);
}

sm_code sm_files__check_bucket(sm_sv path, sm_error *err)
{
    sm_sv bucket, key;

    bucket_split(path, &bucket, &key);
    if (bucket.len == 0 || sm_glob_is_pattern(bucket))
        return sm_fail(err, SM_E_INVALID, 0,
                       "expected s3://bucket/path, with the name of one bucket, not \"%.*s\"",
                       SM_SV_ARG(path));
    return SM_OK;
}

static sm_code bucket_client(const sm_source *s, sm_s3 **s3, sm_sv *folder, sm_error *err)
{
    const sm_files_config *config = s->config;
    sm_sv bucket, key;

    bucket_split(config->path, &bucket, &key);
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

sm_code sm_files__list_bucket(const sm_source *s, const char *folder, sm_sv behind, sm_arena *a,
                              sm_s3_object **out, size_t *n, sm_error *err)
{
    sm_sv bucket, prefix, greatest, copies, after = SM_SV("");
    sm_s3 *s3;
    sm_code rc;

    *n = 0;
    bucket_split(sm_sv_cstr(folder), &bucket, &prefix);
    bucket_split(behind, &bucket, &greatest);
    if (behind.len > 0 && sm_sv_starts(greatest, prefix))
        after = bucket_begin(prefix, greatest);
    else if (behind.len > 0 && sm_sv_cmp(prefix, greatest) < 0)
        return SM_OK; /* all that can be in it comes before what is known */
    if ((rc = bucket_client(s, &s3, &copies, err)) != SM_OK)
        return rc;
    return sm_s3_list(s3, prefix, after, a, out, n, err);
}

sm_code sm_files__stat_object(const sm_source *s, sm_sv name, sm_arena *a, sm_s3_object *out,
                              bool *there, sm_error *err)
{
    sm_sv bucket, key, copies;
    sm_s3 *s3;
    sm_code rc;

    bucket_split(name, &bucket, &key);
    *there = false;
    if (key.len == 0)
        return SM_OK;
    if ((rc = bucket_client(s, &s3, &copies, err)) != SM_OK)
        return rc;
    rc = sm_s3_stat(s3, key, a, out, err);
    *there = rc == SM_OK;
    return rc == SM_E_NOT_FOUND ? SM_OK : rc;
}

/* --- Copies --- */

sm_code sm_files__fail_gone(const char *name, sm_error *err)
{
    return sm_fail(err, SM_E_NOT_FOUND, 0,
                   "file \"%s\" was found earlier and is gone before it was read; "
                   "put it back, or an empty file in its place if its rows are not wanted",
                   name);
}

typedef struct fetching {
    sm_s3 *s3;
    sm_sv folder;
    sm_file *files;
    bool *changed;
    sm_mutex mutex; /* guards `a` */
    sm_arena *a;    /* of what the files point to */
} fetching;

static void bucket_name_copy(fetching *f, sm_file *file, sm_sv etag, sm_arena *a)
{
    sm_hash *h = sm_hash_new();

    sm_hash_add(h, sm_sv_cstr(file->name));
    sm_hash_add(h, etag);
    if (etag.len == 0) /* as a file of a file system is known again */
        sm_hash_add(h, sm_arena_printf(a, "%lld", (long long)file->mtime_ns));
    sm_sv hex = sm_hash_hex(h, a);
    sm_mutex_lock(&f->mutex);
    file->etag = sm_arena_dup(f->a, etag);
    file->path =
        sm_arena_printf(f->a, "%.*s/%.2s/%s", SM_SV_ARG(f->folder), hex.ptr, hex.ptr + 2).ptr;
    sm_mutex_unlock(&f->mutex);
}

/* Then it was used now, which trimming asks for. */
static bool bucket_is_here(const sm_file *file)
{
    sm_fs_stat st;
    sm_error ignored;

    if (sm_fs_stat_path(file->path, &st, &ignored) != SM_OK || st.size != file->size)
        return false;
    (void)sm_fs_touch(file->path, &ignored);
    return true;
}

/* The object is another one by now: take that. */
static sm_code bucket_take_new(fetching *f, size_t i, sm_sv key, sm_arena *a, sm_error *err)
{
    sm_file *file = &f->files[i], now;
    sm_s3_object object;
    sm_code rc = sm_s3_stat(f->s3, key, a, &object, err);

    if (rc != SM_OK)
        return rc;
    now = sm_files__of_object(&object);
    file->size = now.size;
    file->mtime_ns = now.mtime_ns;
    file->inode = now.inode;
    f->changed[i] = true;
    bucket_name_copy(f, file, object.etag, a);
    return SM_OK;
}

static sm_code bucket_fetch(fetching *f, size_t i, sm_arena *a, sm_error *err)
{
    sm_file *file = &f->files[i];
    sm_sv bucket, key;
    sm_code rc = SM_OK;

    bucket_split(sm_sv_cstr(file->name), &bucket, &key);
    bucket_name_copy(f, file, file->etag, a);
    for (int tries = 0; tries < BUCKET_TRIES; tries++) {
        if (bucket_is_here(file))
            return SM_OK;
        rc = sm_s3_download(f->s3, key, file->size, file->etag, file->path, a, err);
        if (rc != SM_E_CONFLICT && rc != SM_E_CORRUPT)
            return rc;
        if ((rc = bucket_take_new(f, i, key, a, err)) != SM_OK)
            return rc;
    }
    return sm_fail(err, SM_E_AGAIN, 0, "file \"%s\" changed while it was read", file->name);
}

static sm_code bucket_fetch_one(void *ctx, size_t i, sm_error *err)
{
    fetching *f = ctx;
    sm_arena *a = sm_arena_new("files fetch");
    sm_code rc = bucket_fetch(f, i, a, err);

    sm_arena_free(a);
    if (rc == SM_E_NOT_FOUND)
        return sm_files__fail_gone(f->files[i].name, err);
    return rc == SM_OK || rc == SM_E_AGAIN ? rc : sm_wrap(err, "file \"%s\"", f->files[i].name);
}

sm_code sm_files__fetch(const sm_source *s, sm_arena *a, const sm_files *files, bool *changed,
                        sm_error *err)
{
    fetching f = { .files = files->items, .changed = changed, .a = a };
    sm_code rc;

    if (files->n == 0)
        return SM_OK;
    if ((rc = bucket_client(s, &f.s3, &f.folder, err)) != SM_OK)
        return rc;
    sm_mutex_init(&f.mutex);
    rc = sm_fan(files->n, bucket_fetch_one, &f, err);
    sm_mutex_release(&f.mutex);
    return rc;
}
