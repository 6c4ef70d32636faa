/* SPDX-License-Identifier: Apache-2.0 */
/* object_local.c -- objects as files below a folder.
 *
 * put is write, fsync, rename, fsync of the folder; put-if-absent has link() in the place of
 * rename(), which fails when the name is there.  Names that begin with a dot are temporary
 * files and no objects. */
#include <stdlib.h>

#include "runtime/base/fs.h"
#include "runtime/base/strmap.h"
#include "runtime/io/object_int.h"

enum { FOLDER_MODE = 0750, FILE_MODE = 0640 };

static void local_close(sm_object_store *s)
{
    free((char *)s->root.ptr); /* allocated by open */
    free(s);
}

static const char *path_of(const sm_object_store *s, sm_sv key, sm_arena *a)
{
    return sm_path_join(a, s->root, key);
}

static sm_code local_get(sm_object_store *s, sm_sv key, size_t max, sm_arena *a, sm_sv *out,
                         sm_error *err)
{
    return sm_fs_read(path_of(s, key, a), max, a, out, err);
}

static sm_code local_stat(sm_object_store *s, sm_sv key, sm_arena *a, sm_object *out, sm_error *err)
{
    sm_fs_stat st;
    sm_code rc = sm_fs_stat_path(path_of(s, key, a), &st, err);

    if (rc == SM_OK)
        *out = (sm_object){ key, st.size, st.mtime_ns / 1000000 };
    return rc;
}

static sm_code local_put(sm_object_store *s, sm_sv key, sm_sv bytes, bool if_absent, sm_arena *a,
                         sm_error *err)
{
    const char *path = path_of(s, key, a);
    sm_code rc = sm_fs_mkdirs(sm_arena_cstr(a, sm_path_dir(sm_sv_cstr(path))), FOLDER_MODE, err);

    if (rc != SM_OK)
        return rc;
    return if_absent ? sm_fs_put_if_absent(path, bytes, FILE_MODE, err)
                     : sm_fs_write_durable(path, bytes, FILE_MODE, err);
}

static sm_code local_remove(sm_object_store *s, sm_sv key, sm_arena *a, sm_error *err)
{
    return sm_fs_unlink(path_of(s, key, a), err);
}

static int by_key(const void *x, const void *y)
{
    return sm_sv_cmp(((const sm_object *)x)->key, ((const sm_object *)y)->key);
}

static bool is_object(const sm_fs_entry *e)
{
    return !e->gone && e->stat.is_file && e->name.ptr[0] != '.';
}

static sm_code local_list(sm_object_store *s, sm_sv prefix, sm_sv after, sm_arena *a,
                          sm_object **out, size_t *n, sm_error *err)
{
    const char *dir = prefix.len == 0 ? s->root.ptr : path_of(s, prefix, a);
    sm_fs_entry *entries;
    size_t count;
    sm_code rc = sm_fs_list(dir, true, a, &entries, &count, err);

    if (rc == SM_E_NOT_FOUND)
        return SM_OK;
    if (rc != SM_OK)
        return rc;
    *out = SM_NEW_N(a, sm_object, count + 1);
    for (size_t i = 0; i < count; i++) {
        sm_sv key = entries[i].name;

        if (prefix.len > 0)
            key = sm_arena_printf(a, "%.*s/%.*s", SM_SV_ARG(prefix), SM_SV_ARG(key));
        if (is_object(&entries[i]) && sm_sv_cmp(key, after) > 0)
            (*out)[(*n)++] =
                (sm_object){ key, entries[i].stat.size, entries[i].stat.mtime_ns / 1000000 };
    }
    qsort(*out, *n, sizeof **out, by_key);
    return SM_OK;
}

/* A name is durable when its folder is, and that folder's name in the one above. */
static sm_code sync_folders(const sm_object_store *s, sm_sv path, sm_strmap *seen, sm_arena *a,
                            sm_error *err)
{
    sm_sv dir = sm_path_dir(path);
    sm_code rc;

    while (dir.len >= s->root.len && sm_strmap_put(seen, dir, 0)) {
        if ((rc = sm_fs_fsync_dir(sm_arena_cstr(a, dir), err)) != SM_OK)
            return rc;
        dir = sm_path_dir(dir);
    }
    return SM_OK;
}

static sm_code local_keep(sm_object_store *s, const sm_sv *keys, size_t n, sm_arena *a,
                          sm_error *err)
{
    sm_strmap *seen = sm_strmap_new(a);
    sm_code rc = SM_OK;

    for (size_t i = 0; i < n && rc == SM_OK; i++)
        rc = sm_fs_fsync(path_of(s, keys[i], a), err);
    for (size_t i = 0; i < n && rc == SM_OK; i++)
        rc = sync_folders(s, sm_sv_cstr(path_of(s, keys[i], a)), seen, a, err);
    return rc;
}

/* They are files. */
static sm_code local_fetch(sm_object_store *s, const sm_object *objects, size_t n, sm_arena *a,
                           sm_error *err)
{
    (void)s;
    (void)objects;
    (void)n;
    (void)a;
    (void)err;
    return SM_OK;
}

static const sm_object_ops local_ops = {
    .close = local_close,
    .get = local_get,
    .stat = local_stat,
    .put = local_put,
    .remove = local_remove,
    .list = local_list,
    .keep = local_keep,
    .fetch = local_fetch,
};

sm_code sm_object_store_open_local(sm_sv root, sm_object_store **out, sm_error *err)
{
    char *copy;

    *out = NULL;
    if (!sm_path_is_absolute(root))
        return sm_fail(err, SM_E_INVALID, 0, "\"%.*s\" is no absolute path", SM_SV_ARG(root));
    copy = sm_xcalloc(1, root.len + 1);
    memcpy(copy, root.ptr, root.len);
    *out = sm_xcalloc(1, sizeof **out);
    **out = (sm_object_store){ .ops = &local_ops, .root = { copy, root.len } };
    return SM_OK;
}
