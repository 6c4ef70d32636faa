/* SPDX-License-Identifier: Apache-2.0 */
/* delta_files.c -- data files: fetched, looked for, taken away. */
#include "runtime/delta/delta_files.h"

#include "runtime/base/fs.h"
#include "runtime/delta/delta_path.h"
#include "runtime/io/object_store.h"

sm_code sm_delta_files_fetch(sm_delta_table *t, const sm_delta_file *const *files, size_t n,
                             sm_error *err)
{
    sm_arena *a = sm_arena_new("delta fetch");
    sm_object *objects = SM_NEW_N(a, sm_object, n + 1);
    sm_code rc = SM_OK;

    for (size_t i = 0; rc == SM_OK && i < n; i++) {
        objects[i] = (sm_object){ .key = files[i]->key, .size = files[i]->size };
        if (!sm_delta_files_inside(files[i]->key))
            rc = sm_fail(err, SM_E_DENIED, 0, "file \"%.*s\" lies outside of the table",
                         SM_SV_ARG(files[i]->key));
    }
    if (rc == SM_OK)
        rc = sm_object_fetch(sm_delta_store(t), objects, n, err);
    sm_arena_free(a);
    return rc;
}

sm_code sm_delta_files_check(sm_delta_table *t, const sm_delta_file *f, sm_error *err)
{
    sm_arena *a = sm_arena_new("delta check");
    sm_sv path = sm_delta_path_join(sm_delta_shown(t), f->key, a);
    sm_object found;
    sm_error why;
    sm_code rc = sm_object_stat(sm_delta_store(t), f->key, &found, &why);

    if (rc == SM_E_NOT_FOUND)
        rc = sm_fail(err, SM_E_CORRUPT, 0,
                     "file \"%.*s\" of a decided batch is gone; bring the table back as it was, or "
                     "rebuild it with --full-refresh",
                     SM_SV_ARG(path));
    else if (rc != SM_OK)
        *err = why;
    else if (found.size != f->size)
        rc = sm_fail(err, SM_E_CORRUPT, 0,
                     "file \"%.*s\" of a decided batch has %lld bytes instead of %lld",
                     SM_SV_ARG(path), (long long)found.size, (long long)f->size);
    sm_arena_free(a);
    return rc;
}

/* Every file below `folder` whose name begins so. */
typedef struct discarding {
    sm_delta_table *t;
    sm_sv stem;
} discarding;

static void discard_below(const discarding *d, sm_sv folder, size_t depth)
{
    sm_arena *a = sm_arena_new("delta discard");
    sm_sv root = sm_delta_root(d->t);
    sm_fs_entry *entries;
    sm_error ignored;
    size_t n;

    if (sm_fs_list(sm_arena_cstr(a, folder), false, a, &entries, &n, &ignored) != SM_OK)
        n = 0;
    for (size_t i = 0; i < n; i++) {
        sm_sv name = entries[i].name, path = sm_sv_cstr(sm_path_join(a, folder, name));

        if (!entries[i].stat.is_dir && sm_sv_starts(name, d->stem))
            (void)sm_object_delete(sm_delta_store(d->t), sm_sv_sub(path, root.len + 1, path.len),
                                   &ignored);
        else if (entries[i].stat.is_dir && depth > 0 && name.ptr[0] != '_' && name.ptr[0] != '.')
            discard_below(d, path, depth - 1);
    }
    sm_arena_free(a);
}

void sm_delta_files_discard(sm_delta_table *t, sm_sv stem, size_t depth)
{
    const discarding d = { t, stem };

    discard_below(&d, sm_delta_root(t), depth);
}

void sm_delta_files_remove(sm_sv folder, sm_sv stem)
{
    sm_arena *a = sm_arena_new("delta remove");
    sm_fs_entry *entries;
    sm_error ignored;
    size_t n;

    if (sm_fs_list(sm_arena_cstr(a, folder), false, a, &entries, &n, &ignored) != SM_OK)
        n = 0;
    for (size_t i = 0; i < n; i++)
        if (!entries[i].stat.is_dir && sm_sv_starts(entries[i].name, stem))
            (void)sm_fs_unlink(sm_path_join(a, folder, entries[i].name), &ignored);
    sm_arena_free(a);
}

bool sm_delta_files_inside(sm_sv key)
{
    sm_sv rest = key, part;

    if (key.len == 0 || key.ptr[0] == '/' || sm_sv_find(key, SM_SV("://")) >= 0)
        return false;
    while (sm_sv_next(&rest, '/', &part))
        if (sm_sv_eq_str(part, ".."))
            return false;
    return true;
}
