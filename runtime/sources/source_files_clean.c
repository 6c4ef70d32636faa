/* SPDX-License-Identifier: Apache-2.0 */
/* source_files_clean.c -- clean_source: files that were read go away.
 *
 * A file may go when its batch is done, a later batch of the flow is done too, and the retention
 * is over; it is looked for when a run looks for new files.  It goes only if it is as it was
 * read: what was written under its name since stays.
 *
 *     move      link to the new place (never over another file), fsync, unlink
 *               on another file system: copy, fsync, rename, unlink
 *     delete    unlink
 *     then      the store is told
 *
 * A crash between two steps is found at the next look: a file that is gone is cleaned, one that
 * is at both places loses its old name.  Whatever fails is an event, never the end of a run. */
#include "runtime/sources/source_files_int.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/clock.h"
#include "runtime/base/failpoint.h"
#include "runtime/base/fs.h"
#include "runtime/store/store_events.h"
#include "runtime/store/store_files.h"

enum { CLEAN_PAGE = 1000, CLEAN_COPY = 1024 * 1024, CLEAN_TOLD = 20 /* events of one look */ };

#define CLEAN_DELETE_LEAST (INT64_C(7) * 24 * 3600 * 1000)

/* --- Is it allowed? --- */

static sm_code clean_destination(const sm_source *s, sm_arena *a, const char **out, sm_error *err)
{
    const sm_files_config *config = s->config;
    *out = sm_path_absolute(a, sm_path_join(a, s->base_dir, config->clean_source_move_destination),
                            err);
    return *out == NULL ? err->code : SM_OK;
}

static bool clean_is_below(sm_sv path, sm_sv folder)
{
    return sm_sv_starts(path, folder) &&
           (path.len == folder.len || path.ptr[folder.len] == '/' || folder.len == 1);
}

sm_code sm_files__check_clean(const sm_source *s, sm_error *err)
{
    const sm_files_config *config = s->config;
    sm_sv to = config->clean_source_move_destination;
    const char *inside, *from;
    sm_code rc;
    if (config->connection.len > 0 && !sm_files__in_bucket(s))
        return sm_fail(err, SM_E_INVALID, 0,
                       "option \"connection\" goes with a `path` of s3://bucket/…");
    if (config->clean_source != SM_FILES_CLEAN_OFF && sm_files__in_bucket(s))
        return sm_fail(err, SM_E_INVALID, 0,
                       "option \"clean_source\": objects of a bucket are not deleted or moved yet; "
                       "a lifecycle rule of the bucket can do it");
    if (config->clean_source == SM_FILES_CLEAN_DELETE &&
        config->clean_source_retention <= CLEAN_DELETE_LEAST)
        return sm_fail(
            err, SM_E_INVALID, 0,
            "option \"clean_source_retention\": files that are deleted are kept for more "
            "than 7 days; write `8d` or more, or `clean_source: move`");
    if (to.len > 0 && config->clean_source != SM_FILES_CLEAN_MOVE)
        return sm_fail(err, SM_E_INVALID, 0,
                       "option \"clean_source_move_destination\" goes with `clean_source: move`");
    if (config->clean_source != SM_FILES_CLEAN_MOVE)
        return SM_OK;
    if (to.len == 0)
        return sm_fail(err, SM_E_INVALID, 0,
                       "`clean_source: move` needs `clean_source_move_destination`");
    if ((rc = clean_destination(s, s->arena, &inside, err)) != SM_OK)
        return rc;
    sm_sv fixed = sm_sv_sub(config->path, 0, sm_files__fixed_part(config->path));
    from = sm_path_absolute(s->arena, sm_path_join(s->arena, s->base_dir, fixed), err);
    if (from == NULL)
        return err->code;
    if (clean_is_below(sm_sv_cstr(inside), sm_sv_cstr(from)))
        return sm_fail(err, SM_E_INVALID, 0,
                       "option \"clean_source_move_destination\": \"%s\" is inside of the source; "
                       "its files would be found again",
                       inside);
    return SM_OK;
}

/* --- One file --- */

/* Where it moves: its path below the fixed part of `path`, below the destination. */
static const char *clean_target(const sm_source *s, sm_arena *a, const char *dest, sm_sv name)
{
    const sm_files_config *config = s->config;
    size_t skip = sm_files__fixed_part(config->path);
    sm_sv below = sm_sv_sub(name, skip < name.len ? skip : name.len, name.len);
    while (below.len > 0 && below.ptr[0] == '/')
        below = sm_sv_sub(below, 1, below.len);
    if (below.len == 0) /* `path` is the file */
        below = sm_path_base(name);
    return sm_path_join(a, sm_sv_cstr(dest), below);
}

static sm_code clean_copy(const char *from, const char *to, int64_t size, sm_error *err)
{
    char *buffer = sm_xcalloc(1, CLEAN_COPY);
    size_t got = 0;
    int fd = -1;
    sm_code rc = sm_fs_open_read(from, &fd, err);
    if (rc == SM_OK)
        rc = sm_fs_write(to, SM_SV(""), 0640, err);
    for (int64_t at = 0; rc == SM_OK && at < size; at += (int64_t)got) {
        if ((rc = sm_fs_pread(fd, from, buffer, CLEAN_COPY, at, &got, err)) == SM_OK && got == 0)
            rc = sm_fail(err, SM_E_AGAIN, 0, "file \"%s\" became shorter", from);
        if (rc == SM_OK)
            rc = sm_fs_append(to, (sm_sv){ buffer, got }, 0640, err);
    }
    sm_fs_close(fd);
    free(buffer);
    return rc == SM_OK ? sm_fs_fsync(to, err) : rc;
}

/* To another file system, under a name that nobody reads until the file is whole. */
static sm_code clean_across(const char *from, const char *to, int64_t size, sm_arena *a,
                            sm_error *err)
{
    const char *part = sm_arena_printf(a, "%s.tmp", to).ptr;
    sm_fs_stat st;
    sm_code rc;
    if (sm_fs_stat_path(to, &st, err) == SM_OK && st.size == size)
        return SM_OK; /* a crash stood between the copy and here */
    if (sm_fs_exists(to))
        return sm_fail(err, SM_E_CONFLICT, 0, "\"%s\" is there already", to);
    if ((rc = clean_copy(from, part, size, err)) != SM_OK)
        return rc;
    return sm_fs_rename(part, to, err);
}

static sm_code clean_move(const sm_file *file, const char *to, sm_arena *a, sm_error *err)
{
    const char *dir = sm_arena_cstr(a, sm_path_dir(sm_sv_cstr(to)));
    sm_fs_stat there;
    sm_code rc = sm_fs_mkdirs(dir, 0750, err);
    if (rc != SM_OK)
        return rc;
    rc = sm_fs_link(file->path, to, err);
    if (rc == SM_E_CONFLICT && sm_fs_stat_path(to, &there, err) == SM_OK &&
        there.inode == file->inode && there.size == file->size)
        rc = SM_OK; /* a crash stood between link and unlink */
    else if (rc == SM_E_CONFLICT)
        rc = sm_fail(err, rc, 0, "\"%s\" is there already", to);
    else if (rc != SM_OK && err->sys == EXDEV)
        rc = clean_across(file->path, to, file->size, a, err);
    if (rc == SM_OK)
        rc = sm_fs_fsync_dir(dir, err);
    if (rc != SM_OK)
        return rc;
    sm_failpoint("files.after_move");
    return sm_fs_unlink(file->path, err);
}

/* The file as it is now; *as_read: it is what the batch read. */
static sm_code clean_look(const sm_source_file *row, sm_file *file, bool *there, bool *as_read,
                          sm_error *err)
{
    sm_fs_stat st;
    sm_code rc = sm_fs_stat_path(file->path, &st, err);
    *there = rc == SM_OK;
    *as_read = false;
    if (rc == SM_E_NOT_FOUND)
        return SM_OK;
    if (rc != SM_OK)
        return rc;
    file->size = st.size;
    file->inode = st.inode;
    *as_read = st.is_file && st.size == row->size && st.mtime_ns == row->mtime_ns;
    return SM_OK;
}

static sm_code clean_one(sm_source *s, const sm_source_file *row, const char *dest, sm_arena *a,
                         sm_error *err)
{
    const sm_files_config *config = s->config;
    sm_files_key key = { s->generation_id, s->name };
    sm_file file = { .path = sm_files__path(s, a, row->path) };
    const char *to = dest == NULL ? "" : clean_target(s, a, dest, row->path);
    bool there, as_read;
    sm_code rc = clean_look(row, &file, &there, &as_read, err);
    if (rc != SM_OK || (there && !as_read))
        return rc;
    if (there && config->clean_source == SM_FILES_CLEAN_MOVE)
        rc = clean_move(&file, to, a, err);
    else if (there)
        rc = sm_fs_unlink(file.path, err);
    if (rc != SM_OK)
        return rc;
    sm_failpoint("files.after_clean");
    return sm_store_files_cleaned(s->store, s->owner, key, row->seq, sm_sv_cstr(to), err);
}

/* --- All of them --- */

static void clean_tell(const sm_source *s, sm_sv path, const sm_error *why, sm_arena *a)
{
    sm_json *d = sm_json_object(a);
    sm_event_rec e = { .level = SM_EVENT_WARN,
                       .type = SM_SV("source_warning"),
                       .dataset = s->name,
                       .flow = s->flow,
                       .batch = -1 };
    sm_error ignored;
    sm_json_set_string(d, "reason", sm_sv_cstr(why->msg));
    sm_json_set_string(d, "path", path);
    e.message = sm_arena_printf(a, "clean_source: %s", why->msg);
    e.details = sm_json_text(d, a);
    (void)sm_store_events_append(s->store, s->owner, &e, 1, NULL, &ignored);
}

static size_t clean_page(sm_source *s, const sm_source_file *rows, size_t n, const char *dest,
                         sm_arena *a)
{
    size_t failed = 0;
    for (size_t i = 0; i < n; i++) {
        sm_error err;
        if (clean_one(s, &rows[i], dest, a, &err) == SM_OK)
            continue;
        if (failed++ < CLEAN_TOLD)
            clean_tell(s, rows[i].path, &err, a);
    }
    return failed;
}

void sm_files__clean(sm_source *s)
{
    const sm_files_config *config = s->config;
    sm_files_key key = { s->generation_id, s->name };
    int64_t until = sm_clock_now_ms() - config->clean_source_retention, after = 0;
    sm_arena *a = sm_arena_new("files clean");
    const char *dest = NULL;
    sm_source_file *rows;
    size_t n = CLEAN_PAGE, failed = 0;
    sm_error err;
    sm_code rc = SM_OK;
    while (rc == SM_OK && n == CLEAN_PAGE && failed < CLEAN_TOLD) {
        sm_arena_reset(a);
        if (config->clean_source == SM_FILES_CLEAN_MOVE)
            rc = clean_destination(s, a, &dest, &err);
        if (rc == SM_OK)
            rc = sm_store_files_cleanable(s->store, key, until, after, CLEAN_PAGE, a, &rows, &n,
                                          &err);
        if (rc == SM_OK && n > 0) {
            failed += clean_page(s, rows, n, dest, a);
            after = rows[n - 1].seq;
        }
    }
    if (rc != SM_OK)
        clean_tell(s, SM_SV(""), &err, a);
    sm_arena_free(a);
}
