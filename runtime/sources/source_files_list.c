/* SPDX-License-Identifier: Apache-2.0 */
/* source_files_list.c -- which files does `path` name?
 *
 * `path` is a file, a folder (all files in it) or a pattern: `*` and `?` match within one
 * part of a path, in any part.  Names that begin with . or _ or end with .tmp, .crc or
 * ._COPYING_ are somebody's unfinished work and are passed over, unless `path` spells them
 * out.  Links are followed. */
#include "runtime/sources/source_files_int.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/base/fs.h"

enum { LIST_MAX = 10 * 1000 * 1000 };

typedef struct list_job {
    sm_arena *a;
    sm_files *out;
    size_t cap;
} list_job;

static bool list_is_pattern(sm_sv s)
{
    return sm_sv_find_char(s, '*') >= 0 || sm_sv_find_char(s, '?') >= 0;
}

static bool list_is_unfinished(sm_sv name)
{
    return name.ptr[0] == '.' || name.ptr[0] == '_' || sm_sv_ends(name, SM_SV(".tmp")) ||
           sm_sv_ends(name, SM_SV(".crc")) || sm_sv_ends(name, SM_SV("._COPYING_"));
}

static sm_code list_add(list_job *job, const char *name, const char *path, sm_error *err)
{
    sm_files *out = job->out;
    if (out->n == LIST_MAX)
        return sm_fail(err, SM_E_LIMIT, 0, "more than %d files", (int)LIST_MAX);
    if (out->n == job->cap) {
        sm_file *grown = SM_NEW_N(job->a, sm_file, job->cap * 2 + 64);
        if (out->n > 0)
            memcpy(grown, out->items, out->n * sizeof *grown);
        out->items = grown;
        job->cap = job->cap * 2 + 64;
    }
    out->items[out->n++] = (sm_file){ .name = name, .path = path };
    return SM_OK;
}

static sm_code list_expand(list_job *job, const char *name, const char *path, sm_sv rest,
                           sm_error *err);

/* All entries of folder `path` that match `part`, then on with `rest`. */
static sm_code list_matches(list_job *job, const char *name, const char *path, sm_sv part,
                            sm_sv rest, sm_error *err)
{
    sm_fs_entry *entries;
    size_t n;
    sm_code rc = sm_fs_list(*path == '\0' ? "." : path, false, job->a, &entries, &n, err);
    for (size_t i = 0; rc == SM_OK && i < n; i++) {
        bool dir = entries[i].stat.is_dir;
        if (list_is_unfinished(entries[i].name) || !sm_sv_glob(part, entries[i].name))
            continue;
        const char *below = sm_path_join(job->a, sm_sv_cstr(path), entries[i].name);
        const char *shown = sm_path_join(job->a, sm_sv_cstr(name), entries[i].name);
        if ((!dir && !entries[i].stat.is_file) || (rest.len > 0 && !dir))
            continue; /* gone, a pipe, or a file where a folder should be */
        if (rest.len > 0)
            rc = list_expand(job, shown, below, rest, err);
        else if (!dir)
            rc = list_add(job, shown, below, err);
        else if (!sm_sv_eq(part, SM_SV("*")))
            rc = sm_fail(err, SM_E_INVALID, 0, "\"%s\" is a folder, not a file", shown);
    }
    return rc;
}

/* What `rest` names below the folder `path`; an empty rest names the path itself. */
static sm_code list_expand(list_job *job, const char *name, const char *path, sm_sv rest,
                           sm_error *err)
{
    sm_fs_stat st;
    sm_sv part, plain = rest;
    sm_code rc;
    if (!list_is_pattern(rest)) {
        if (rest.len > 0) {
            name = sm_path_join(job->a, sm_sv_cstr(name), rest);
            path = sm_path_join(job->a, sm_sv_cstr(path), rest);
        }
        if ((rc = sm_fs_stat_path(path, &st, err)) != SM_OK)
            return rc;
        return st.is_dir ? list_matches(job, name, path, SM_SV("*"), (sm_sv){ "", 0 }, err)
                         : list_add(job, name, path, err);
    }
    /* the parts before the first wildcard at once, then the part with it */
    while (sm_sv_next(&rest, '/', &part) && !list_is_pattern(part))
        ;
    plain.len = (size_t)(part.ptr - plain.ptr);
    rest = rest.ptr == NULL ? (sm_sv){ "", 0 } : rest;
    if (plain.len > 1 && plain.ptr[plain.len - 1] == '/')
        plain.len--;
    if (plain.len > 0) {
        name = sm_path_join(job->a, sm_sv_cstr(name), plain);
        path = sm_path_join(job->a, sm_sv_cstr(path), plain);
    }
    return list_matches(job, name, path, part, rest, err);
}

sm_code sm_files__list(const sm_source *s, sm_arena *a, sm_files *out, sm_error *err)
{
    const sm_files_config *config = s->config;
    list_job job = { .a = a, .out = out };
    sm_sv path = config->path;
    *out = (sm_files){ 0 };
    while (path.len > 1 && path.ptr[path.len - 1] == '/')
        path.len--;
    const char *base = sm_path_is_absolute(path) ? "" : sm_arena_cstr(a, s->base_dir);
    return list_expand(&job, "", base, path, err);
}

const char *sm_files__path(const sm_source *s, sm_arena *a, sm_sv name)
{
    return sm_path_join(a, s->base_dir, name);
}

static int list_compare(const void *x, const void *y)
{
    const sm_file *a = x, *b = y;
    if (a->mtime_ns != b->mtime_ns)
        return a->mtime_ns < b->mtime_ns ? -1 : 1;
    return strcmp(a->name, b->name);
}

sm_code sm_files__stat(sm_files *files, sm_error *err)
{
    size_t kept = 0;
    for (size_t i = 0; i < files->n; i++) {
        sm_fs_stat st;
        sm_file file = files->items[i];
        sm_code rc = sm_fs_stat_path(file.path, &st, err);
        if (rc == SM_E_NOT_FOUND)
            continue;
        if (rc != SM_OK)
            return rc;
        file.size = st.size;
        file.mtime_ns = st.mtime_ns;
        file.inode = st.inode;
        files->items[kept++] = file;
    }
    files->n = kept;
    if (kept > 0)
        qsort(files->items, kept, sizeof files->items[0], list_compare);
    return SM_OK;
}
