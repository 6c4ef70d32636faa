/* SPDX-License-Identifier: Apache-2.0 */
/* object_local.c -- objects as files below a folder.
 *
 * put is write, fsync, rename, fsync of the folder; put-if-absent has link() in the place of
 * rename(), which fails when the name is there.  Names that begin with a dot are temporary
 * files and no objects. */
#include "runtime/io/object_store.h"

#include <stdlib.h>

#include "runtime/base/fs.h"

enum { FOLDER_MODE = 0750, FILE_MODE = 0640 };

struct sm_object_store {
    char *root;
};

sm_code sm_object_store_open_local(sm_sv root, sm_object_store **out, sm_error *err)
{
    *out = NULL;
    if (!sm_path_is_absolute(root))
        return sm_fail(err, SM_E_INVALID, 0, "\"%.*s\" is no absolute path", SM_SV_ARG(root));
    *out = sm_xcalloc(1, sizeof **out);
    (*out)->root = sm_xcalloc(1, root.len + 1);
    memcpy((*out)->root, root.ptr, root.len);
    return SM_OK;
}

void sm_object_store_close(sm_object_store *s)
{
    if (s == NULL)
        return;
    free(s->root);
    free(s);
}

sm_sv sm_object_store_root(const sm_object_store *s)
{
    return sm_sv_cstr(s->root);
}

/* The path of a key, or NULL when the key could leave the folder. */
static const char *object_path(const sm_object_store *s, sm_sv key, sm_arena *a, sm_error *err)
{
    sm_sv rest = key, part;

    while (sm_sv_next(&rest, '/', &part))
        if (part.len == 0 || sm_sv_eq_str(part, ".") || sm_sv_eq_str(part, "..")) {
            sm_fail(err, SM_E_INVALID, 0, "\"%.*s\" is no key of an object", SM_SV_ARG(key));
            return NULL;
        }
    return sm_path_join(a, sm_sv_cstr(s->root), key);
}

sm_code sm_object_get(sm_object_store *s, sm_sv key, size_t max, sm_arena *a, sm_sv *out,
                      sm_error *err)
{
    const char *path = object_path(s, key, a, err);

    return path == NULL ? err->code : sm_fs_read(path, max, a, out, err);
}

sm_code sm_object_stat(sm_object_store *s, sm_sv key, sm_object *out, sm_error *err)
{
    sm_arena *a = sm_arena_new("object stat");
    const char *path = object_path(s, key, a, err);
    sm_fs_stat st;
    sm_code rc = path == NULL ? err->code : sm_fs_stat_path(path, &st, err);

    if (rc == SM_OK)
        *out = (sm_object){ key, st.size, st.mtime_ns / 1000000 };
    sm_arena_free(a);
    return rc;
}

typedef sm_code (*put_fn)(const char *path, sm_sv bytes, unsigned mode, sm_error *err);

static sm_code put(sm_object_store *s, sm_sv key, sm_sv bytes, put_fn write, sm_error *err)
{
    sm_arena *a = sm_arena_new("object put");
    const char *path = object_path(s, key, a, err);
    sm_code rc = path == NULL ? err->code : SM_OK;

    if (rc == SM_OK)
        rc = sm_fs_mkdirs(sm_arena_cstr(a, sm_path_dir(sm_sv_cstr(path))), FOLDER_MODE, err);
    if (rc == SM_OK)
        rc = write(path, bytes, FILE_MODE, err);
    sm_arena_free(a);
    return rc;
}

sm_code sm_object_put(sm_object_store *s, sm_sv key, sm_sv bytes, sm_error *err)
{
    return put(s, key, bytes, sm_fs_write_durable, err);
}

sm_code sm_object_put_if_absent(sm_object_store *s, sm_sv key, sm_sv bytes, sm_error *err)
{
    return put(s, key, bytes, sm_fs_put_if_absent, err);
}

sm_code sm_object_delete(sm_object_store *s, sm_sv key, sm_error *err)
{
    sm_arena *a = sm_arena_new("object delete");
    const char *path = object_path(s, key, a, err);
    sm_code rc = path == NULL ? err->code : sm_fs_unlink(path, err);

    sm_arena_free(a);
    return rc;
}

static int by_key(const void *x, const void *y)
{
    return sm_sv_cmp(((const sm_object *)x)->key, ((const sm_object *)y)->key);
}

static bool is_object(const sm_fs_entry *e)
{
    return !e->gone && e->stat.is_file && e->name.ptr[0] != '.';
}

sm_code sm_object_list(sm_object_store *s, sm_sv prefix, sm_sv after, sm_arena *a, sm_object **out,
                       size_t *n, sm_error *err)
{
    const char *dir = prefix.len == 0 ? s->root : object_path(s, prefix, a, err);
    sm_fs_entry *entries;
    size_t count;
    sm_code rc;

    *out = NULL;
    *n = 0;
    if (dir == NULL)
        return err->code;
    rc = sm_fs_list(dir, true, a, &entries, &count, err);
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
