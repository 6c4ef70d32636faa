/* SPDX-License-Identifier: Apache-2.0 */
/* source_files_look.c -- files before and after they are read: they must not change under the
 * reader. */
#include "runtime/sources/source_files_int.h"

#include "runtime/base/fs.h"
#include "runtime/store/store_files.h"

sm_code sm_files__fail_gone(const char *name, sm_error *err)
{
    return sm_fail(err, SM_E_NOT_FOUND, 0,
                   "file \"%s\" was found earlier and is gone before it was read; "
                   "put it back, or an empty file in its place if its rows are not wanted",
                   name);
}

/* What the file is like before it is read.  One that is gone is an error here: its number was
 * promised to the batch. */
static sm_code look_at(sm_file *file, bool *changed, sm_error *err)
{
    sm_fs_stat st;
    sm_code rc = sm_fs_stat_path(file->path, &st, err);
    if (rc == SM_E_NOT_FOUND)
        return sm_files__fail_gone(file->name, err);
    if (rc != SM_OK)
        return rc;
    if (!st.is_file)
        return sm_fail(err, SM_E_INVALID, 0, "\"%s\" is no longer a file", file->name);
    *changed = st.size != file->size || st.mtime_ns != file->mtime_ns || st.inode != file->inode;
    file->size = st.size;
    file->mtime_ns = st.mtime_ns;
    file->inode = st.inode;
    return SM_OK;
}

/* *changed: each file, is it another one than it was? */
static sm_code look_at_all(sm_source *s, bool **changed, sm_error *err)
{
    sm_files_state *f = s->state;
    sm_code rc = SM_OK;
    *changed = SM_NEW_N(f->read, bool, f->files.n + 1);
    if (sm_files__in_bucket(s))
        return sm_files__fetch(s, f->read, &f->files, *changed, err);
    for (size_t i = 0; rc == SM_OK && i < f->files.n; i++)
        rc = look_at(&f->files.items[i], &(*changed)[i], err);
    return rc;
}

/* Objects of a bucket that are opened one by one can come while others are read. */
static bool may_follow(const sm_source *s)
{
    const sm_files_state *f = s->state;

    return sm_files__in_bucket(s) && !f->overwritten && f->files.n > 0 &&
           ((const sm_files_config *)s->config)->format != SM_FILES_PARQUET;
}

sm_code sm_files__look(sm_source *s, sm_error *err)
{
    sm_files_state *f = s->state;
    sm_source_file *rows = SM_NEW_N(f->read, sm_source_file, f->files.n + 1);
    size_t n = 0;
    bool *changed;
    sm_code rc;
    if (may_follow(s))
        return sm_files__fetch_begin(s, f->read, &f->files, &f->fetch, err);
    if ((rc = look_at_all(s, &changed, err)) != SM_OK)
        return rc;
    for (size_t i = 0; i < f->files.n; i++) {
        const sm_file *file = &f->files.items[i];
        if (changed[i])
            rows[n++] = (sm_source_file){ .seq = file->seq,
                                          .size = file->size,
                                          .mtime_ns = file->mtime_ns,
                                          .inode = file->inode,
                                          .etag = file->etag };
    }
    if (s->owner == NULL)
        return SM_OK;
    return sm_store_files_refresh(s->store, s->owner, (sm_files_key){ s->generation_id, s->name },
                                  rows, n, err);
}

/* Is the file as it was before it was read? */
static sm_code verify_one(const sm_file *file, sm_error *err)
{
    sm_fs_stat st;
    sm_code rc = sm_fs_stat_path(file->path, &st, err);
    if (rc != SM_OK && rc != SM_E_NOT_FOUND)
        return rc;
    if (rc == SM_E_NOT_FOUND || st.size != file->size || st.mtime_ns != file->mtime_ns ||
        st.inode != file->inode)
        return sm_fail(err, SM_E_AGAIN, 0, "file \"%s\" changed while it was read", file->name);
    return SM_OK;
}

sm_code sm_files__verify(const sm_source *s, sm_error *err)
{
    const sm_files_state *f = s->state;
    sm_code rc = SM_OK;

    if (f->fetch != NULL)
        return sm_files__fetch_judge(f->fetch, err);
    if (sm_files__in_bucket(s)) /* copies are one version each, which nobody writes to */
        return SM_OK;
    for (size_t i = 0; rc == SM_OK && i < f->files.n; i++)
        rc = verify_one(&f->files.items[i], err);
    return rc;
}
