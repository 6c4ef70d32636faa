/* SPDX-License-Identifier: Apache-2.0 */
/* source_files_fetch.c -- objects of a bucket become files of this machine.
 *
 * A copy is named by a hash of the key and its ETag, so it is never another version than its name
 * says, whatever the key looks like, and what was fetched once is there for the next who asks.
 *
 * Records are decoded while later files are still on their way (sm_files__fetch_begin): who opens a
 * file waits for it.  An object that was overwritten since it was numbered ends that attempt; the
 * next one fetches all of it first (sm_files__fetch), and what it finds is read, and remembered, as
 * it is now. */
#include "runtime/sources/source_files_int.h"

#include <stdlib.h>

#include "runtime/base/fs.h"
#include "runtime/base/hash.h"
#include "runtime/base/thread.h"
#include "runtime/io/fan.h"

enum { FETCH_TRIES = 4 /* versions of one object that are overwritten while they are fetched */ };

typedef struct fetching {
    sm_s3 *s3;
    sm_sv folder;
    sm_file *files;
    bool *changed;  /* NULL: another object is not taken, but SM_E_AGAIN */
    sm_mutex mutex; /* guards `a` */
    sm_arena *a;    /* of what the files point to */
} fetching;

struct sm_files_fetch {
    fetching f;
    sm_fan_run *run;
    sm_decode_gate gate;
};

static void fetch_name_copy(fetching *f, sm_file *file, sm_sv etag, sm_arena *a)
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
        sm_arena_printf(f->a, "%.*s/%.1s/%s", SM_SV_ARG(f->folder), hex.ptr, hex.ptr + 1).ptr;
    sm_mutex_unlock(&f->mutex);
}

static void fetch_name_copies(fetching *f, size_t n)
{
    sm_arena *a = sm_arena_new("files names");

    for (size_t i = 0; i < n; i++)
        fetch_name_copy(f, &f->files[i], f->files[i].etag, a);
    sm_arena_free(a);
}

/* Then it was used now, which trimming asks for. */
static bool fetch_is_here(const sm_file *file)
{
    sm_fs_stat st;
    sm_error ignored;

    if (sm_fs_stat_path(file->path, &st, &ignored) != SM_OK || st.size != file->size)
        return false;
    (void)sm_fs_touch(file->path, &ignored);
    return true;
}

/* The object is another one by now: take that. */
static sm_code fetch_take_new(fetching *f, size_t i, sm_sv key, sm_arena *a, sm_error *err)
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
    fetch_name_copy(f, file, object.etag, a);
    return SM_OK;
}

static sm_code fetch_object(fetching *f, size_t i, sm_arena *a, sm_error *err)
{
    sm_file *file = &f->files[i];
    sm_sv bucket, key;
    sm_code rc = SM_OK;

    sm_files__bucket_split(sm_sv_cstr(file->name), &bucket, &key);
    for (int tries = 0; tries < FETCH_TRIES; tries++) {
        if (fetch_is_here(file))
            return SM_OK;
        rc = sm_s3_download(f->s3, key, file->size, file->etag, file->path, a, err);
        if (rc != SM_E_CONFLICT && rc != SM_E_CORRUPT)
            return rc;
        if (f->changed == NULL)
            break;
        if ((rc = fetch_take_new(f, i, key, a, err)) != SM_OK)
            return rc;
    }
    return sm_fail(err, SM_E_AGAIN, 0, "file \"%s\" changed while it was read", file->name);
}

static sm_code fetch_one(void *ctx, size_t i, sm_error *err)
{
    fetching *f = ctx;
    sm_arena *a = sm_arena_new("files fetch");
    sm_code rc = fetch_object(f, i, a, err);

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
    if ((rc = sm_files__bucket_client(s, &f.s3, &f.folder, err)) != SM_OK)
        return rc;
    sm_mutex_init(&f.mutex);
    fetch_name_copies(&f, files->n);
    rc = sm_fan(files->n, fetch_one, &f, err);
    sm_mutex_release(&f.mutex);
    return rc;
}

static sm_code fetch_wait(void *ctx, size_t file, sm_error *err)
{
    sm_files_fetch *x = ctx;

    return sm_fan_wait(x->run, file, err);
}

sm_code sm_files__fetch_begin(const sm_source *s, sm_arena *a, const sm_files *files,
                              sm_files_fetch **out, sm_error *err)
{
    sm_files_fetch *x = sm_xcalloc(1, sizeof *x);
    sm_code rc;

    x->f = (fetching){ .files = files->items, .a = a };
    x->gate = (sm_decode_gate){ fetch_wait, x };
    sm_mutex_init(&x->f.mutex);
    if ((rc = sm_files__bucket_client(s, &x->f.s3, &x->f.folder, err)) == SM_OK) {
        fetch_name_copies(&x->f, files->n);
        rc = sm_fan_begin(files->n, fetch_one, &x->f, &x->run, err);
    }
    if (rc != SM_OK) {
        (void)sm_files__fetch_end(x);
        x = NULL;
    }
    *out = x;
    return rc;
}

const sm_decode_gate *sm_files__fetch_gate(const sm_files_fetch *x)
{
    return &x->gate;
}

sm_code sm_files__fetch_judge(const sm_files_fetch *x, sm_error *err)
{
    return sm_fan_judge(x->run, err);
}

bool sm_files__fetch_end(sm_files_fetch *x)
{
    bool overwritten;
    sm_error why;

    if (x == NULL)
        return false;
    overwritten = x->run != NULL && sm_fan_judge(x->run, &why) == SM_E_AGAIN;
    sm_fan_end(x->run);
    sm_mutex_release(&x->f.mutex);
    free(x);
    return overwritten;
}
