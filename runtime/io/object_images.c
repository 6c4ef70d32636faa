/* SPDX-License-Identifier: Apache-2.0 */
/* object_images.c -- see the header. */
#include "runtime/io/object_images.h"

#include <stdlib.h>

#include "runtime/base/clock.h"
#include "runtime/base/fs.h"
#include "runtime/base/thread.h"

enum { DEPTH_MAX = 64, LISTED_MS = 5000 };

typedef struct image {
    sm_sv folder, bucket, prefix;
    sm_sv connection; /* of a bucket that files are read from; ptr NULL: it is an image of tables */
    sm_code (*connect)(void *ctx, sm_s3 **out, sm_error *err);
    void *ctx;
    sm_s3 *s3; /* NULL: not asked for yet */
    struct image *next;
} image;

struct sm_images {
    int64_t max, every_ms;
    sm_s3_listings *listings;
    sm_mutex mutex; /* guards all below; what an image lies in never changes */
    int64_t trimmed_boot;
    sm_arena *a;
    image *first;
};

sm_images *sm_images_new(int64_t max, int64_t every_ms)
{
    sm_images *images = sm_xcalloc(1, sizeof *images);

    images->max = max;
    images->every_ms = every_ms;
    images->listings = sm_s3_listings_new(LISTED_MS);
    images->trimmed_boot = sm_clock_boot_ms();
    sm_mutex_init(&images->mutex);
    images->a = sm_arena_new("images");
    return images;
}

void sm_images_free(sm_images *images)
{
    if (images == NULL)
        return;
    sm_s3_listings_free(images->listings);
    sm_arena_free(images->a);
    sm_mutex_release(&images->mutex);
    free(images);
}

/* The texts of `what` are copied. */
static void add(sm_images *images, image what)
{
    image *i;

    sm_mutex_lock(&images->mutex);
    i = SM_NEW(images->a, image);
    *i = what;
    i->folder = sm_arena_dup(images->a, what.folder);
    i->bucket = sm_arena_dup(images->a, what.bucket);
    i->prefix = sm_arena_dup(images->a, what.prefix);
    if (what.connection.ptr != NULL)
        i->connection = sm_arena_dup(images->a, what.connection);
    i->next = images->first;
    images->first = i;
    sm_mutex_unlock(&images->mutex);
}

void sm_images_add(sm_images *images, sm_sv folder, sm_sv bucket, sm_sv prefix,
                   sm_code (*connect)(void *ctx, sm_s3 **out, sm_error *err), void *ctx)
{
    add(images,
        (image){
            .folder = folder, .bucket = bucket, .prefix = prefix, .connect = connect, .ctx = ctx });
}

void sm_images_add_reading(sm_images *images, sm_sv folder, sm_sv connection, sm_sv bucket,
                           sm_code (*connect)(void *ctx, sm_s3 **out, sm_error *err), void *ctx)
{
    add(images, (image){ .folder = folder,
                         .bucket = bucket,
                         .connection = connection,
                         .connect = connect,
                         .ctx = ctx });
}

/* ---- trimming -------------------------------------------------------------------- */

typedef struct used {
    const char *path;
    int64_t size, mtime_ns;
} used;

typedef struct trimming {
    sm_arena *a;
    used *files;
    size_t n, cap;
    int64_t bytes;
} trimming;

static void take_file(trimming *t, const char *path, const sm_fs_stat *st)
{
    if (t->n == t->cap) {
        size_t cap = t->cap == 0 ? 256 : 2 * t->cap;
        used *wider = SM_NEW_N(t->a, used, cap);

        if (t->n > 0)
            memcpy(wider, t->files, t->n * sizeof *wider);
        t->files = wider;
        t->cap = cap;
    }
    t->files[t->n++] = (used){ path, st->size, st->mtime_ns };
    t->bytes += st->size;
}

static void walk(trimming *t, const char *folder, int depth)
{
    sm_fs_entry *entries;
    sm_error ignored;
    size_t n;

    if (sm_fs_list(folder, true, t->a, &entries, &n, &ignored) != SM_OK)
        return;
    for (size_t i = 0; i < n; i++) {
        const char *path = sm_path_join(t->a, sm_sv_cstr(folder), entries[i].name);

        if (entries[i].stat.is_dir && depth > 0)
            walk(t, path, depth - 1);
        else if (entries[i].stat.is_file)
            take_file(t, path, &entries[i].stat);
    }
}

static int by_use(const void *x, const void *y)
{
    int64_t a = ((const used *)x)->mtime_ns, b = ((const used *)y)->mtime_ns;

    return (a > b) - (a < b);
}

/* Somebody may have come to use it since the walk, or to take it away. */
static bool is_used(const used *file, int64_t until_ns)
{
    sm_fs_stat st;
    sm_error ignored;

    return sm_fs_stat_path(file->path, &st, &ignored) == SM_OK && st.mtime_ns >= until_ns;
}

static void trim_image(const image *i, int64_t max, int64_t untouched_ms)
{
    int64_t until_ns = (sm_clock_true_ms() - untouched_ms) * 1000000;
    trimming t = { .a = sm_arena_new("trim") };
    sm_error ignored;

    walk(&t, i->folder.ptr, DEPTH_MAX);
    if (t.n > 0)
        qsort(t.files, t.n, sizeof *t.files, by_use);
    for (size_t k = 0; k < t.n && t.bytes > max && t.files[k].mtime_ns < until_ns; k++) {
        if (is_used(&t.files[k], until_ns))
            continue;
        (void)sm_fs_unlink(t.files[k].path, &ignored);
        t.bytes -= t.files[k].size;
    }
    sm_arena_free(t.a);
}

/* Sources that read the same bucket share a folder. */
static bool is_known(const image *first, const image *i)
{
    while (first != i && !sm_sv_eq(first->folder, i->folder))
        first = first->next;
    return first != i;
}

void sm_images_trim(sm_images *images)
{
    const image *first;

    if (images == NULL)
        return;
    sm_mutex_lock(&images->mutex);
    first = images->first;
    images->trimmed_boot = sm_clock_boot_ms();
    sm_mutex_unlock(&images->mutex);
    for (const image *i = first; i != NULL; i = i->next)
        if (!is_known(first, i))
            trim_image(i, images->max, SM_IMAGES_UNTOUCHED_MS);
}

static void trim_copies_if_due(sm_images *images)
{
    int64_t now = sm_clock_boot_ms();
    const image *first;
    bool due;

    sm_mutex_lock(&images->mutex);
    due = now - images->trimmed_boot >= images->every_ms;
    if (due)
        images->trimmed_boot = now;
    first = images->first;
    sm_mutex_unlock(&images->mutex);
    for (const image *i = first; due && i != NULL; i = i->next)
        if (i->connection.ptr != NULL && !is_known(first, i))
            trim_image(i, images->max, SM_IMAGES_RUNNING_MS);
}

/* ---- asking ---------------------------------------------------------------------- */

static image *find_reading(const sm_images *images, sm_sv connection, sm_sv bucket)
{
    image *i = images->first;

    while (i != NULL && (i->connection.ptr == NULL || !sm_sv_eq(i->connection, connection) ||
                         !sm_sv_eq(i->bucket, bucket)))
        i = i->next;
    return i;
}

sm_code sm_images_reading(sm_images *images, sm_sv connection, sm_sv bucket, sm_s3 **s3,
                          sm_sv *folder, sm_error *err)
{
    sm_code rc = SM_OK;
    image *i = NULL;

    if (images != NULL) {
        sm_mutex_lock(&images->mutex);
        i = find_reading(images, connection, bucket);
        if (i != NULL && i->s3 == NULL)
            rc = i->connect(i->ctx, &i->s3, err);
        sm_mutex_unlock(&images->mutex);
        trim_copies_if_due(images);
    }
    if (i == NULL)
        return sm_fail(err, SM_E_INVALID, 0, "nothing says how s3://%.*s is reached",
                       SM_SV_ARG(bucket));
    *s3 = i->s3;
    *folder = i->folder;
    return rc;
}

sm_s3_listings *sm_images_listings(const sm_images *images)
{
    return images->listings;
}

/* The image that `folder` lies in, and what of the path is below it. */
static image *find(const sm_images *images, sm_sv folder, sm_sv *below)
{
    for (image *i = images->first; i != NULL; i = i->next)
        if (sm_sv_starts(folder, i->folder) &&
            (folder.len == i->folder.len || folder.ptr[i->folder.len] == '/')) {
            *below = sm_sv_sub(folder, i->folder.len + 1, folder.len);
            return i;
        }
    return NULL;
}

static sm_sv joined(sm_sv prefix, sm_sv below, sm_arena *a)
{
    return sm_arena_printf(a, "%.*s%s%.*s", SM_SV_ARG(prefix),
                           prefix.len > 0 && below.len > 0 ? "/" : "", SM_SV_ARG(below));
}

static sm_code open_image(image *i, sm_sv below, sm_sv folder, sm_object_store **out, sm_error *err)
{
    sm_arena *a = sm_arena_new("image");
    sm_code rc = i->s3 != NULL ? SM_OK : i->connect(i->ctx, &i->s3, err);

    if (rc == SM_OK)
        rc = sm_object_store_open_s3(i->s3, joined(i->prefix, below, a), folder, out, err);
    sm_arena_free(a);
    return rc;
}

sm_code sm_images_open(sm_images *images, sm_sv folder, sm_object_store **out, sm_error *err)
{
    image *i = NULL;
    sm_sv below;
    sm_code rc = SM_OK;

    *out = NULL;
    if (images != NULL) {
        sm_mutex_lock(&images->mutex);
        if ((i = find(images, folder, &below)) != NULL)
            rc = open_image(i, below, folder, out, err);
        sm_mutex_unlock(&images->mutex);
    }
    return i != NULL ? rc : sm_object_store_open_local(folder, out, err);
}

sm_sv sm_images_shown(sm_images *images, sm_sv folder, sm_arena *a)
{
    sm_sv shown = folder, below;
    const image *i;

    if (images == NULL)
        return folder;
    sm_mutex_lock(&images->mutex);
    if ((i = find(images, folder, &below)) != NULL) {
        sm_sv key = joined(i->prefix, below, a);

        shown = sm_arena_printf(a, "s3://%.*s%s%.*s", SM_SV_ARG(i->bucket), key.len > 0 ? "/" : "",
                                SM_SV_ARG(key));
    }
    sm_mutex_unlock(&images->mutex);
    return shown;
}
