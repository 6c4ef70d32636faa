/* SPDX-License-Identifier: Apache-2.0 */
/* delta_files.c -- data files on disk: made durable, looked for, taken away. */
#include "runtime/delta/delta_files.h"

#include "runtime/base/fs.h"
#include "runtime/base/strmap.h"
#include "runtime/delta/delta_path.h"

/* A name is durable when its folder is, and that folder's name in the one above. */
static sm_code sync_folders(sm_sv root, sm_sv path, sm_strmap *seen, sm_arena *a, sm_error *err)
{
    sm_sv dir = sm_path_dir(path);
    sm_code rc;

    while (dir.len >= root.len && sm_strmap_put(seen, dir, 0)) {
        if ((rc = sm_fs_fsync_dir(sm_arena_cstr(a, dir), err)) != SM_OK)
            return rc;
        dir = sm_path_dir(dir);
    }
    return SM_OK;
}

sm_code sm_delta_files_sync(sm_sv root, const sm_sv *paths, size_t n, sm_error *err)
{
    sm_arena *a = sm_arena_new("delta sync");
    sm_strmap *seen = sm_strmap_new(a);
    sm_code rc = SM_OK;

    for (size_t i = 0; i < n && rc == SM_OK; i++)
        rc = sm_fs_fsync(sm_arena_cstr(a, paths[i]), err);
    for (size_t i = 0; i < n && rc == SM_OK; i++)
        rc = sync_folders(root, paths[i], seen, a, err);
    sm_arena_free(a);
    return rc;
}

sm_code sm_delta_files_check(sm_sv root, const sm_delta_file *f, sm_error *err)
{
    sm_arena *a = sm_arena_new("delta check");
    const char *path = sm_arena_cstr(a, sm_delta_path_join(root, f->key, a));
    sm_error why;
    sm_fs_stat st;
    sm_code rc = sm_fs_stat_path(path, &st, &why);

    if (rc == SM_E_NOT_FOUND)
        rc = sm_fail(err, SM_E_CORRUPT, 0,
                     "file \"%s\" of a decided batch is gone; bring the table back as it was, or "
                     "rebuild it with --full-refresh",
                     path);
    else if (rc != SM_OK)
        *err = why;
    else if (st.size != f->size)
        rc = sm_fail(err, SM_E_CORRUPT, 0,
                     "file \"%s\" of a decided batch has %lld bytes instead of %lld", path,
                     (long long)st.size, (long long)f->size);
    sm_arena_free(a);
    return rc;
}

void sm_delta_files_remove(sm_sv folder, sm_sv stem, size_t depth)
{
    sm_arena *a = sm_arena_new("delta remove");
    sm_fs_entry *entries;
    sm_error ignored;
    size_t n;

    if (sm_fs_list(sm_arena_cstr(a, folder), false, a, &entries, &n, &ignored) == SM_OK) {
        for (size_t i = 0; i < n; i++) {
            sm_sv name = entries[i].name;
            const char *path = sm_path_join(a, folder, name);
            if (entries[i].stat.is_dir) {
                if (depth > 0 && name.ptr[0] != '_' && name.ptr[0] != '.')
                    sm_delta_files_remove(sm_sv_cstr(path), stem, depth - 1);
            } else if (sm_sv_starts(name, stem)) {
                (void)sm_fs_unlink(path, &ignored);
            }
        }
    }
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
