/* SPDX-License-Identifier: Apache-2.0 */
/* source_files_discover.c -- which files are new?
 *
 *     folder by folder     names, sorted        source_files_list.c
 *     the store            is it known?         one walk along its index, no list
 *     what is new          size and time        one stat each
 *     all of them          numbers, in the order of (time, name)
 *
 * So a look costs one name and one step in the index for each file that is known, and memory for
 * one folder's names and for what is new.  Known files are not looked at, unless
 * allow_overwrites wants to know whether they changed.
 *
 * A file that changed (allow_overwrites: another size or time) is
 *     not read yet    the same file, with its new size and time
 *     read            a new file with the same path: it is read again, whole
 * Of a bucket the ETag says so, in the place of the time, and the list has all of it.
 *
 * The first look of a stream is remembered: with include_existing_files: false what it finds is
 * marked as seen, never to be read.  If it dies before it is through, the next one is the first;
 * what was marked by then stays so. */
#include "runtime/sources/source_files_int.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/base/clock.h"
#include "runtime/base/failpoint.h"
#include "runtime/base/fs.h"
#include "runtime/store/store_files.h"

enum {
    FIND_MAX = 10 * 1000 * 1000, /* files that are new at once */
    FIND_PAGE = 4096,            /* names of one look into the store, rows of one transaction */
};

typedef struct find_job {
    sm_source *s;
    const sm_files_config *config;
    sm_arena *a;
    bool known;  /* leave out what the store knows */
    bool opened; /* fill in paths too */
    int64_t after_ns, before_ns;
    sm_files *out;
    size_t cap;
    sm_file_seen *seen; /* FIND_PAGE of them */
    sm_buf path;        /* of the file at hand */
    sm_files changed;   /* not read yet, and not as they were */
    size_t cap_changed;
} find_job;

/* --- What is there --- */

static sm_code find_add(sm_arena *a, sm_files *list, size_t *cap, sm_file file, sm_error *err)
{
    if (list->n == FIND_MAX)
        return sm_fail(err, SM_E_LIMIT, 0, "more than %d files", (int)FIND_MAX);
    if (list->n == *cap) {
        sm_file *grown = SM_NEW_N(a, sm_file, *cap * 2 + 64);
        if (list->n > 0)
            memcpy(grown, list->items, list->n * sizeof *grown);
        list->items = grown;
        *cap = *cap * 2 + 64;
    }
    list->items[list->n++] = file;
    return SM_OK;
}

/* The file at job->path, unless it is gone. */
static sm_code find_stat(const find_job *job, sm_file *file, bool *there, sm_error *err)
{
    sm_fs_stat st;
    sm_code rc = sm_fs_stat_path(job->path.ptr, &st, err);
    *there = false;
    if (rc == SM_E_NOT_FOUND)
        return SM_OK;
    if (rc != SM_OK)
        return rc;
    *file = (sm_file){ .size = st.size, .mtime_ns = st.mtime_ns, .inode = st.inode };
    *there = st.is_file;
    return SM_OK;
}

/* The file i of the folder, at job->path; a list of a bucket says all about its objects. */
static sm_code find_look(find_job *job, const sm_files_folder *folder, size_t i, sm_file *file,
                         bool *there, sm_error *err)
{
    sm_code rc;
    sm_buf_clear(&job->path);
    sm_buf_adds(&job->path, folder->path);
    sm_buf_adds(&job->path, folder->files[i]);
    *there = true;
    if ((rc = sm_buf_check(&job->path, "the path of a file", err)) != SM_OK)
        return rc;
    if (folder->objects != NULL)
        *file = sm_files__of_object(folder->objects[i]);
    else
        rc = find_stat(job, file, there, err);
    *there = *there && file->mtime_ns > job->after_ns && file->mtime_ns < job->before_ns;
    return rc;
}

static bool find_is_same(const sm_file *file, const sm_file_seen *seen)
{
    return seen != NULL && seen->seq != 0 && seen->size == file->size &&
           (file->etag.len > 0 ? seen->inode == file->inode : seen->mtime_ns == file->mtime_ns);
}

static sm_code find_take(find_job *job, const sm_files_folder *folder, size_t i,
                         const sm_file_seen *seen, sm_error *err)
{
    bool object = folder->objects != NULL, there;
    sm_file file;
    sm_code rc;
    if ((rc = find_look(job, folder, i, &file, &there, err)) != SM_OK || !there)
        return rc;
    if (find_is_same(&file, seen))
        return SM_OK;
    file.name = sm_arena_printf(job->a, "%s%s", folder->name, folder->files[i]).ptr;
    if (object)
        file.etag = sm_arena_dup(job->a, file.etag);
    else if (job->opened)
        file.path = sm_arena_cstr(job->a, sm_buf_sv(&job->path));
    if (seen == NULL || !seen->waits)
        return find_add(job->a, job->out, &job->cap, file, err);
    file.seq = seen->seq;
    return find_add(job->a, &job->changed, &job->cap_changed, file, err);
}

static sm_code find_page(find_job *job, const sm_files_folder *folder, size_t from, size_t n,
                         sm_error *err)
{
    const sm_files_key key = { job->s->generation_id, job->s->name };
    bool again = job->config->allow_overwrites;
    sm_code rc = sm_store_files_match(job->s->store, key, sm_sv_cstr(folder->name),
                                      folder->files + from, n, again, job->seen, err);
    for (size_t i = 0; rc == SM_OK && i < n; i++)
        if (job->seen[i].seq == 0 || again)
            rc = find_take(job, folder, from + i, &job->seen[i], err);
    return rc;
}

static sm_code find_folder(void *ctx, const sm_files_folder *folder, sm_error *err)
{
    find_job *job = ctx;
    sm_code rc = SM_OK;
    for (size_t i = 0; rc == SM_OK && !job->known && i < folder->n; i++)
        rc = find_take(job, folder, i, NULL, err);
    for (size_t i = 0; rc == SM_OK && job->known && i < folder->n; i += FIND_PAGE) {
        size_t left = folder->n - i;
        rc = find_page(job, folder, i, left < FIND_PAGE ? left : FIND_PAGE, err);
    }
    return rc;
}

/* --- All of it, in order --- */

static int find_compare(const void *x, const void *y)
{
    const sm_file *a = x, *b = y;
    if (a->mtime_ns != b->mtime_ns)
        return a->mtime_ns < b->mtime_ns ? -1 : 1;
    return strcmp(a->name, b->name);
}

/* A bound of time, exclusive; the loader has judged the text. */
static sm_code find_bound(sm_sv text, int64_t none, int64_t *out_ns, sm_error *err)
{
    int64_t ms = 0;
    sm_code rc = text.len == 0 ? SM_OK : sm_time_parse(text, &ms, err);
    *out_ns = text.len == 0              ? none
              : ms > INT64_MAX / 1000000 ? INT64_MAX
              : ms < INT64_MIN / 1000000 ? INT64_MIN
                                         : ms * 1000000;
    return rc;
}

/* Behind which name it is enough to list; "": all of it. */
static sm_code find_behind(const find_job *job, sm_sv *behind, sm_error *err)
{
    const sm_files_config *config = job->config;
    const sm_files_key key = { job->s->generation_id, job->s->name };
    sm_files_state *f = job->s->state;
    int64_t now_ms = sm_clock_boot_ms() + 1;
    *behind = SM_SV("");
    if (!job->known || !sm_files__in_bucket(job->s) || !config->use_incremental_listing ||
        config->allow_overwrites)
        return SM_OK;
    if (config->backfill_interval > 0 &&
        (f->listed_ms == 0 || now_ms - f->listed_ms >= config->backfill_interval)) {
        f->listed_ms = now_ms;
        return SM_OK;
    }
    return sm_store_files_greatest(job->s->store, key, job->a, behind, err);
}

static sm_code find_all(find_job *job, sm_error *err)
{
    sm_sv behind;
    sm_code rc;
    if ((rc = find_bound(job->config->modified_after, INT64_MIN, &job->after_ns, err)) != SM_OK ||
        (rc = find_bound(job->config->modified_before, INT64_MAX, &job->before_ns, err)) != SM_OK ||
        (rc = find_behind(job, &behind, err)) != SM_OK)
        return rc;
    sm_buf_init(&job->path, (size_t)64 * 1024);
    if (job->known)
        job->seen = sm_xcalloc(FIND_PAGE, sizeof *job->seen);
    rc = sm_files__walk(job->s, behind, find_folder, job, err);
    if (rc == SM_OK && job->out->n > 0)
        qsort(job->out->items, job->out->n, sizeof job->out->items[0], find_compare);
    free(job->seen);
    sm_buf_release(&job->path);
    return rc;
}

sm_code sm_files__list(const sm_source *s, sm_arena *a, sm_files *out, sm_error *err)
{
    sm_source copy = *s;
    find_job job = { .s = &copy, .config = s->config, .a = a, .opened = true, .out = out };
    *out = (sm_files){ 0 };
    return find_all(&job, err);
}

/* --- Numbers --- */

typedef sm_code (*find_put)(sm_store *store, const sm_owner *owner, sm_files_key key,
                            sm_source_file *rows, size_t n, sm_error *err);

static sm_code put_skipped(sm_store *store, const sm_owner *owner, sm_files_key key,
                           sm_source_file *rows, size_t n, sm_error *err)
{
    return sm_store_files_skip(store, owner, key, rows, n, err);
}

static sm_code put_changed(sm_store *store, const sm_owner *owner, sm_files_key key,
                           sm_source_file *rows, size_t n, sm_error *err)
{
    return sm_store_files_refresh(store, owner, key, rows, n, err);
}

/* Page by page: a crash in between leaves the first of them in the store, in their order. */
static sm_code put_files(sm_source *s, const sm_files *files, find_put put, sm_error *err)
{
    sm_files_key key = { s->generation_id, s->name };
    size_t page = files->n < FIND_PAGE ? files->n : FIND_PAGE, n = 0;
    sm_source_file *rows = sm_xcalloc(page + 1, sizeof *rows);
    sm_code rc = SM_OK;
    for (size_t i = 0; rc == SM_OK && i < files->n; i++) {
        const sm_file *f = &files->items[i];
        rows[n++] = (sm_source_file){ .seq = f->seq,
                                      .path = sm_sv_cstr(f->name),
                                      .size = f->size,
                                      .mtime_ns = f->mtime_ns,
                                      .inode = f->inode,
                                      .etag = f->etag,
                                      .batch = -1 };
        if (n == page || i + 1 == files->n) {
            rc = put(s->store, s->owner, key, rows, n, err);
            n = 0;
        }
    }
    free(rows);
    return rc;
}

sm_code sm_files__track(sm_source *s, const sm_files *files, sm_error *err)
{
    return put_files(s, files, sm_store_files_add, err);
}

static sm_code find_number(sm_source *s, const sm_files *found, const sm_files *changed, bool first,
                           sm_error *err)
{
    const sm_files_config *config = s->config;
    sm_files_key key = { s->generation_id, s->name };
    bool skip = first && !config->include_existing_files;
    sm_code rc = put_files(s, found, skip ? put_skipped : sm_store_files_add, err);
    sm_failpoint("files.after_numbers");
    if (rc == SM_OK)
        rc = put_files(s, changed, put_changed, err);
    if (rc == SM_OK && first)
        rc = sm_store_files_begin(s->store, s->owner, key, err);
    return rc;
}

sm_code sm_files__discover(sm_source *s, int64_t *last, sm_error *err)
{
    const sm_files_config *config = s->config;
    bool tracked = s->store != NULL && s->generation_id != 0, begun = false;
    sm_files_key key = { s->generation_id, s->name };
    sm_arena *scratch = sm_arena_new("files discovery");
    sm_files found = { 0 };
    find_job job = { .s = s, .config = config, .a = scratch, .known = tracked, .out = &found };
    sm_code rc = tracked ? sm_store_files_begun(s->store, key, &begun, err) : SM_OK;
    *last = 0;
    if (rc != SM_OK || (rc = find_all(&job, err)) != SM_OK)
        goto done;
    if (s->owner != NULL && (rc = find_number(s, &found, &job.changed, !begun, err)) != SM_OK)
        goto done;
    if (tracked)
        rc = sm_store_files_last(s->store, key, last, err);
    if (s->owner == NULL && (begun || config->include_existing_files))
        *last += (int64_t)found.n; /* what they would be */
done:
    sm_arena_free(scratch);
    return rc;
}
