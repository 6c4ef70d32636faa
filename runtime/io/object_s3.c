/* SPDX-License-Identifier: Apache-2.0 */
/* object_s3.c -- objects of a bucket, and the image of those that the engine works with.
 *
 * put-if-absent is a put with If-None-Match: *, which lets one of many writers win.  A refusal may
 * be about our own put, whose answer was lost: what is there is read and compared.
 *
 * The image is never durable and need not be: what is in it was in the bucket before, or will be
 * before anything names it. */
#include <stdlib.h>

#include "runtime/base/clock.h"
#include "runtime/base/fs.h"
#include "runtime/io/fan.h"
#include "runtime/io/object_int.h"
#include "runtime/io/s3_client.h"
#include "runtime/io/s3_list.h"
#include "runtime/io/s3_transfer.h"

typedef struct s3_store {
    sm_object_store base;
    sm_s3 *s3; /* borrowed */
    sm_sv prefix;
    sm_arena *a;
} s3_store;

static void s3_close(sm_object_store *s)
{
    sm_arena_free(((s3_store *)s)->a);
}

static s3_store *store_of(sm_object_store *s)
{
    return (s3_store *)s;
}

/* As the bucket has it. */
static sm_sv full_key(const s3_store *s, sm_sv key, sm_arena *a)
{
    return s->prefix.len == 0
               ? key
               : sm_arena_printf(a, "%.*s/%.*s", SM_SV_ARG(s->prefix), SM_SV_ARG(key));
}

static const char *file_of(const s3_store *s, sm_sv key, sm_arena *a)
{
    return sm_path_join(a, s->base.root, key);
}

/* ---- one object ------------------------------------------------------------------ */

static sm_code s3_get(sm_object_store *store, sm_sv key, size_t max, sm_arena *a, sm_sv *out,
                      sm_error *err)
{
    s3_store *s = store_of(store);
    sm_s3_call q = { .method = "GET", .key = full_key(s, key, a), .max_answer = max };
    sm_http_answer answer;
    sm_code rc = sm_s3_send(s->s3, &q, a, &answer, err);

    if (rc == SM_OK)
        *out = answer.body;
    return rc;
}

static sm_code s3_stat(sm_object_store *store, sm_sv key, sm_arena *a, sm_object *out,
                       sm_error *err)
{
    s3_store *s = store_of(store);
    sm_s3_object found;
    sm_code rc = sm_s3_stat(s->s3, full_key(s, key, a), a, &found, err);

    if (rc == SM_OK) {
        out->size = found.size;
        out->mtime_ms = found.mtime_ms;
    }
    return rc;
}

/* Somebody's bytes are there: are they ours? */
static sm_code compare(s3_store *s, sm_sv full, sm_sv bytes, sm_arena *a, sm_error *err)
{
    sm_s3_call q = { .method = "GET", .key = full, .max_answer = bytes.len + 1 };
    sm_http_answer answer;
    sm_code rc = sm_s3_send(s->s3, &q, a, &answer, err);

    if (rc == SM_OK && sm_sv_eq(answer.body, bytes))
        return SM_OK;
    if (rc == SM_OK || rc == SM_E_LIMIT || rc == SM_E_NOT_FOUND)
        return sm_fail(err, SM_E_CONFLICT, 0, "object \"%.*s\" is there already", SM_SV_ARG(full));
    return rc;
}

static sm_code s3_put(sm_object_store *store, sm_sv key, sm_sv bytes, bool if_absent, sm_arena *a,
                      sm_error *err)
{
    s3_store *s = store_of(store);
    sm_sv full = full_key(s, key, a);
    sm_code rc;

    if (!if_absent)
        return sm_s3_put(s->s3, full, bytes, false, a, err);
    if ((rc = sm_s3_probe(s->s3, err)) != SM_OK)
        return rc;
    rc = sm_s3_put(s->s3, full, bytes, true, a, err);
    return rc == SM_E_CONFLICT ? compare(s, full, bytes, a, err) : rc;
}

static sm_code s3_remove(sm_object_store *store, sm_sv key, sm_arena *a, sm_error *err)
{
    s3_store *s = store_of(store);
    sm_s3_call q = { .method = "DELETE", .key = full_key(s, key, a) };
    sm_http_answer answer;
    sm_error why, ignored;
    sm_code rc = sm_s3_send(s->s3, &q, a, &answer, &why);

    (void)sm_fs_unlink(file_of(s, key, a), &ignored);
    if (rc == SM_OK || rc == SM_E_NOT_FOUND)
        return SM_OK;
    *err = why;
    return rc;
}

/* ---- listing --------------------------------------------------------------------- */

/* What the engine works with: not folders, and no names that begin with a dot. */
static bool is_ours(const sm_s3_object *o)
{
    return !o->folder && o->key.ptr[o->key.len - 1] != '/' && sm_path_base(o->key).ptr[0] != '.';
}

static sm_code s3_list(sm_object_store *store, sm_sv prefix, sm_sv after, sm_arena *a,
                       sm_object **out, size_t *n, sm_error *err)
{
    s3_store *s = store_of(store);
    size_t skip = s->prefix.len > 0 ? s->prefix.len + 1 : 0, found;
    sm_sv folder = prefix.len == 0 ? s->prefix : full_key(s, prefix, a);
    sm_s3_object *objects;
    sm_code rc;

    if (folder.len > 0)
        folder = sm_arena_printf(a, "%.*s/", SM_SV_ARG(folder));
    if (after.len > 0)
        after = full_key(s, after, a);
    if ((rc = sm_s3_list(s->s3, folder, after, a, &objects, &found, err)) != SM_OK)
        return rc;
    *out = SM_NEW_N(a, sm_object, found + 1);
    *n = 0;
    for (size_t i = 0; i < found; i++)
        if (is_ours(&objects[i]))
            (*out)[(*n)++] =
                (sm_object){ .key = sm_sv_sub(objects[i].key, skip, objects[i].key.len),
                             .size = objects[i].size,
                             .mtime_ms = objects[i].mtime_ms };
    return SM_OK;
}

/* ---- the image ------------------------------------------------------------------- */

typedef struct moving {
    s3_store *s;
    const sm_sv *keys;        /* to keep */
    const sm_object *objects; /* to fetch */
} moving;

static sm_code keep_one(void *ctx, size_t i, sm_error *err)
{
    const moving *m = ctx;
    sm_arena *a = sm_arena_new("s3 keep");
    sm_code rc =
        sm_s3_upload(m->s->s3, full_key(m->s, m->keys[i], a), file_of(m->s, m->keys[i], a), a, err);

    sm_arena_free(a);
    return rc;
}

static sm_code s3_keep(sm_object_store *store, const sm_sv *keys, size_t n, sm_arena *a,
                       sm_error *err)
{
    moving m = { .s = store_of(store), .keys = keys };

    (void)a;
    return sm_fan(n, keep_one, &m, err);
}

static sm_code fetch_one(void *ctx, size_t i, sm_error *err)
{
    const moving *m = ctx;
    const sm_object *o = &m->objects[i];
    sm_arena *a = sm_arena_new("s3 fetch");
    sm_code rc = sm_s3_download(m->s->s3, full_key(m->s, o->key, a), o->size, SM_SV(""),
                                file_of(m->s, o->key, a), a, err);

    sm_arena_free(a);
    return rc;
}

/* Is the file there, whole?  Then it was used now, which trimming asks for. */
static bool is_there(const s3_store *s, const sm_object *o, sm_arena *a)
{
    const char *path = file_of(s, o->key, a);
    sm_fs_stat st;
    sm_error ignored;

    if (sm_fs_stat_path(path, &st, &ignored) != SM_OK || (o->size >= 0 && st.size != o->size))
        return false;
    (void)sm_fs_touch(path, &ignored);
    return true;
}

static sm_code s3_fetch(sm_object_store *store, const sm_object *objects, size_t n, sm_arena *a,
                        sm_error *err)
{
    s3_store *s = store_of(store);
    sm_object *missing = SM_NEW_N(a, sm_object, n + 1);
    moving m = { .s = s, .objects = missing };
    size_t count = 0;

    for (size_t i = 0; i < n; i++)
        if (!is_there(s, &objects[i], a))
            missing[count++] = objects[i];
    return sm_fan(count, fetch_one, &m, err);
}

static const sm_object_ops s3_ops = {
    .is_remote = true,
    .close = s3_close,
    .get = s3_get,
    .stat = s3_stat,
    .put = s3_put,
    .remove = s3_remove,
    .list = s3_list,
    .keep = s3_keep,
    .fetch = s3_fetch,
};

sm_code sm_object_store_open_s3(struct sm_s3 *s3, sm_sv prefix, sm_sv folder, sm_object_store **out,
                                sm_error *err)
{
    sm_arena *a;
    s3_store *s;

    *out = NULL;
    if (!sm_path_is_absolute(folder))
        return sm_fail(err, SM_E_INVALID, 0, "\"%.*s\" is no absolute path", SM_SV_ARG(folder));
    a = sm_arena_new("s3 store");
    s = SM_NEW(a, s3_store);
    s->base = (sm_object_store){ .ops = &s3_ops, .root = sm_arena_dup(a, folder) };
    s->s3 = s3;
    s->prefix = sm_arena_dup(a, prefix);
    s->a = a;
    *out = &s->base;
    return SM_OK;
}
