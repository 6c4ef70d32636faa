/* SPDX-License-Identifier: Apache-2.0 */
/* source_files_list.c -- which files does `path` name?
 *
 * `path` is a file, a folder or a pattern of both.  Its parts are matched one folder after the
 * other (glob.h says how), `**` being any number of folders, none included.  Each folder
 * carries the set of parts that may come next, so each is listed once and each file is found
 * once, however many ways lead there:
 *
 *     in/ ** /b/ *.json      in      { **, b }
 *                            in/b    { **, b, *.json }
 *                            in/b/b  { **, b, *.json }
 *
 * A folder that `path` names to its end gives its files, those of its `k=v` folders, and, with
 * recursive_file_lookup, of all folders below.
 *
 * Names that begin with . or _ or end with .tmp, .crc or ._COPYING_ are somebody's unfinished
 * work and are passed over, unless `path` spells them out; `_k=v` is a folder like any.  Links
 * are followed, but not into a folder that is being walked already.
 *
 * The names of one folder are in memory at a time, in the order of their bytes. */
#include "runtime/sources/source_files_int.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/base/fs.h"
#include "runtime/base/glob.h"

enum { LIST_PARTS = 62, LIST_FOLDERS = 200, LIST_PATH = 4096 };

/* The parts that may come next, as bits; bit n_parts: the path is through. */
typedef uint64_t list_state;

/* A folder on the way, up to where the walk began. */
typedef struct list_folder {
    const struct list_folder *above;
    const char *name; /* as tracked, with its slash; "" where the walk begins */
    const char *path; /* as opened, with its slash; "" is the working folder */
    list_state state;
    int depth;
} list_folder;

typedef struct list_job {
    const sm_source *s;
    const sm_files_config *config;
    sm_sv behind; /* bucket: names up to this one need not be shown */
    sm_files_visit visit;
    void (*see)(void *ctx, const char *path); /* each folder; NULL: nobody asks */
    void *ctx;
    sm_sv parts[LIST_PARTS];
    size_t n_parts;
    sm_arena *names; /* of the folder at hand */
    sm_arena *dirs;  /* of the folders on the way and their brothers */
} list_job;

typedef struct list_names {
    list_job *job;
    const list_folder *folder;
    const char **files;
    const sm_s3_object **objects; /* the same, of a bucket */
    size_t n_files, cap_files;
    const sm_s3_object *object; /* the entry at hand; NULL: it is one of the file system */
    list_folder *dirs;
    size_t n_dirs, cap_dirs;
} list_names;

/* ---- parts --------------------------------------------------------------------- */

static bool list_is_any(sm_sv part)
{
    return sm_sv_eq(part, SM_SV("**"));
}

/* `**` may be nothing. */
static list_state list_close(const list_job *job, list_state s)
{
    for (size_t i = 0; i < job->n_parts; i++)
        if (s >> i & 1 && list_is_any(job->parts[i]))
            s |= (list_state)1 << (i + 1);
    return s;
}

sm_code sm_files__check_path(sm_sv path, sm_error *err)
{
    sm_sv rest = path, part;
    size_t n = 0;

    if (path.len == 0)
        return sm_fail(err, SM_E_INVALID, 0, "it is empty");
    if (sm_sv_find(path, SM_SV("://")) >= 0 && !sm_sv_starts(path, SM_SV("s3://")))
        return sm_fail(err, SM_E_INVALID, 0,
                       "files of this machine and s3://… are supported yet, not \"%.*s\"",
                       SM_SV_ARG(path));
    if (sm_sv_starts(path, SM_SV("s3://")) && sm_files__check_bucket(path, err) != SM_OK)
        return err->code;
    if (path.len > LIST_PATH)
        return sm_fail(err, SM_E_INVALID, 0, "it is longer than %d bytes", (int)LIST_PATH);
    if (sm_glob_check(path, err) != SM_OK)
        return err->code;
    while (sm_sv_next(&rest, '/', &part)) {
        if (sm_sv_find(part, SM_SV("**")) >= 0 && !list_is_any(part))
            return sm_fail(err, SM_E_INVALID, 0,
                           "`**` in \"%.*s\": it stands for whole folders, as in `**/*.json`",
                           SM_SV_ARG(part));
        if (++n > LIST_PARTS)
            return sm_fail(err, SM_E_INVALID, 0, "it has more than %d parts", (int)LIST_PARTS);
    }
    return SM_OK;
}

size_t sm_files__fixed_part(sm_sv path)
{
    sm_sv rest = path, part;
    size_t end = 0;

    while (sm_sv_next(&rest, '/', &part) && !sm_glob_is_pattern(part))
        end = (size_t)(part.ptr - path.ptr) + part.len;
    return end;
}

bool sm_files__is_level(sm_sv name)
{
    return sm_sv_find_char(name, '=') > 0;
}

/* ---- one folder ------------------------------------------------------------------ */

static bool list_is_unfinished(sm_sv name, bool dir)
{
    if (name.ptr[0] == '_')
        return !dir || sm_sv_find_char(name, '=') < 0;
    return name.ptr[0] == '.' || sm_sv_ends(name, SM_SV(".tmp")) ||
           sm_sv_ends(name, SM_SV(".crc")) || sm_sv_ends(name, SM_SV("._COPYING_"));
}

static bool list_part_matches(sm_sv part, sm_sv name, bool hidden)
{
    char plain[LIST_PATH];

    if (sm_glob_is_pattern(part))
        return !hidden && sm_glob(part, name);
    return sm_sv_eq((sm_sv){ plain, sm_glob_plain(part, plain) }, name);
}

/* What may come next below the entry `name` of the folder; bit n_parts: `path` names it. */
static list_state list_next(const list_job *job, list_state s, sm_sv name, bool dir, bool hidden)
{
    list_state next = 0;

    for (size_t i = 0; i < job->n_parts; i++) {
        if (!(s >> i & 1))
            continue;
        if (!list_is_any(job->parts[i]))
            next |= (list_state)list_part_matches(job->parts[i], name, hidden) << (i + 1);
        else if (!hidden)
            next |= (list_state)dir << i | (list_state)(i + 1 == job->n_parts) << (i + 1);
    }
    if (s >> job->n_parts & 1 && !hidden && !dir)
        next |= (list_state)1 << job->n_parts;
    if (s >> job->n_parts & 1 && !hidden && dir &&
        (job->config->recursive_file_lookup || sm_files__is_level(name)))
        next |= (list_state)1 << job->n_parts;
    return list_close(job, next);
}

static void list_add_file(list_names *l, sm_sv name)
{
    if (l->n_files == l->cap_files) {
        l->cap_files = l->cap_files * 2 + 64;
        l->files = sm_xrealloc(l->files, l->cap_files * sizeof *l->files);
        if (l->object != NULL)
            l->objects = sm_xrealloc(l->objects, l->cap_files * sizeof *l->objects);
    }
    if (l->object != NULL)
        l->objects[l->n_files] = l->object;
    l->files[l->n_files++] = sm_arena_cstr(l->job->names, name);
}

static void list_add_dir(list_names *l, sm_sv name, list_state state)
{
    const list_folder *f = l->folder;
    sm_arena *a = l->job->dirs;

    if (l->n_dirs == l->cap_dirs) {
        l->cap_dirs = l->cap_dirs * 2 + 16;
        l->dirs = sm_xrealloc(l->dirs, l->cap_dirs * sizeof *l->dirs);
    }
    l->dirs[l->n_dirs++] = (list_folder){
        .above = f,
        .name = sm_arena_printf(a, "%s%.*s/", f->name, SM_SV_ARG(name)).ptr,
        .path = sm_arena_printf(a, "%s%.*s/", f->path, SM_SV_ARG(name)).ptr,
        .state = state,
        .depth = f->depth + 1,
    };
}

/* Does the link lead back to a folder that is on the way here? */
static bool list_is_loop(const list_folder *f, const char *path)
{
    sm_fs_stat link, st;
    sm_error ignored;

    if (sm_fs_stat_path(path, &link, &ignored) != SM_OK)
        return true; /* gone */
    for (; f != NULL; f = f->above)
        if (sm_fs_stat_path(*f->path == '\0' ? "." : f->path, &st, &ignored) == SM_OK &&
            st.inode == link.inode && st.device == link.device)
            return true;
    return false;
}

/* A folder in the place of a file, which only `*` and `**` pass over. */
static sm_code list_refuse_dir(const list_names *l, sm_sv name, bool hidden, sm_error *err)
{
    const list_job *job = l->job;
    sm_sv last = job->parts[job->n_parts - 1];

    if (!(l->folder->state >> (job->n_parts - 1) & 1) || list_is_any(last) ||
        sm_sv_eq(last, SM_SV("*")) || job->config->recursive_file_lookup ||
        !list_part_matches(last, name, hidden))
        return SM_OK;
    return sm_fail(err, SM_E_INVALID, 0,
                   "\"%s%.*s\" is a folder, not a file; write `%.*s/*` for the files in it",
                   l->folder->name, SM_SV_ARG(name), SM_SV_ARG(job->config->path));
}

static sm_code list_entry(void *ctx, const sm_fs_name *e, sm_error *err)
{
    list_names *l = ctx;
    list_job *job = l->job;
    sm_sv name = sm_sv_cstr(e->name), filter = job->config->path_glob_filter;
    bool hidden = list_is_unfinished(name, e->is_dir);
    list_state next = 0, through = (list_state)1 << job->n_parts;
    sm_code rc = SM_OK;

    if (!e->is_dir && !e->is_file)
        return SM_OK; /* gone, or a pipe */
    next = list_next(job, l->folder->state, name, e->is_dir, hidden);
    if (e->is_file && next & through && (filter.len == 0 || sm_glob(filter, name)))
        list_add_file(l, name);
    if (!e->is_dir)
        return SM_OK;
    if (next & through && job->n_parts > 0 && !(l->folder->state & through)) {
        rc = list_refuse_dir(l, name, hidden, err);
        if (!job->config->recursive_file_lookup && !list_is_any(job->parts[job->n_parts - 1]))
            next &= ~through;
    }
    if (rc == SM_OK && next != 0 &&
        !(e->is_link &&
          list_is_loop(l->folder,
                       sm_arena_printf(job->names, "%s%s", l->folder->path, e->name).ptr)))
        list_add_dir(l, name, next);
    return rc;
}

static int list_by_bytes(const void *x, const void *y)
{
    return strcmp(*(const char *const *)x, *(const char *const *)y);
}

static int list_by_name(const void *x, const void *y)
{
    return strcmp(((const list_folder *)x)->name, ((const list_folder *)y)->name);
}

static sm_code list_show(list_names *l, sm_error *err)
{
    sm_files_folder shown = { l->folder->name, l->folder->path, l->files, l->objects, l->n_files };

    if (l->n_files == 0)
        return SM_OK;
    if (l->objects == NULL) /* those are in their order */
        qsort(l->files, l->n_files, sizeof *l->files, list_by_bytes);
    return l->job->visit(l->job->ctx, &shown, err);
}

/* The objects and folders of a folder of a bucket.  Keys that no file can have are passed over:
 * the folder itself, and "a//b". */
static sm_code list_objects(list_names *l, sm_error *err)
{
    list_job *job = l->job;
    size_t n, skip = strlen(l->folder->path) -
                     (size_t)(strchr(l->folder->path + 5, '/') + 1 - l->folder->path);
    sm_s3_object *objects;
    sm_code rc =
        sm_files__list_bucket(job->s, l->folder->path, job->behind, job->names, &objects, &n, err);

    for (size_t i = 0; rc == SM_OK && i < n; i++) {
        bool dir = objects[i].folder;
        sm_sv name = sm_sv_sub(objects[i].key, skip, objects[i].key.len - skip - dir);
        sm_fs_name e = { .name = sm_arena_cstr(job->names, name), .is_dir = dir, .is_file = !dir };

        l->object = &objects[i];
        if (name.len > 0 && !sm_sv_eq_str(name, ".") && !sm_sv_eq_str(name, ".."))
            rc = list_entry(l, &e, err);
    }
    return rc;
}

static sm_code list_walk(list_job *job, const list_folder *f, sm_error *err)
{
    list_names l = { .job = job, .folder = f };
    sm_code rc;

    if (f->depth > LIST_FOLDERS)
        return sm_fail(err, SM_E_LIMIT, 0, "\"%s\": more than %d folders deep", f->name,
                       (int)LIST_FOLDERS);
    if (job->see != NULL)
        job->see(job->ctx, *f->path == '\0' ? "." : f->path);
    rc = sm_files__in_bucket(job->s)
             ? list_objects(&l, err)
             : sm_fs_each(*f->path == '\0' ? "." : f->path, list_entry, &l, err);
    if (rc == SM_E_NOT_FOUND && f->above != NULL)
        rc = SM_OK; /* it was there a moment ago */
    if (rc == SM_OK)
        rc = list_show(&l, err);
    free(l.files);
    free(l.objects);
    sm_arena_reset(job->names);
    if (l.n_dirs > 0)
        qsort(l.dirs, l.n_dirs, sizeof *l.dirs, list_by_name);
    for (size_t i = 0; rc == SM_OK && i < l.n_dirs; i++)
        rc = list_walk(job, &l.dirs[i], err);
    free(l.dirs);
    return rc;
}

/* ---- where it begins --------------------------------------------------------------- */

/* The one file that `path` spells out. */
static sm_code list_file(list_job *job, const char *name, const char *path,
                         const sm_s3_object *object, sm_error *err)
{
    sm_sv dir = sm_sv_cstr(name), opened = sm_sv_cstr(path), base = sm_path_base(dir);
    sm_sv filter = job->config->path_glob_filter;
    const char *only = sm_arena_cstr(job->names, base);
    sm_files_folder shown = {
        sm_arena_cstr(job->dirs, sm_sv_sub(dir, 0, dir.len - base.len)),
        sm_arena_cstr(job->dirs, sm_sv_sub(opened, 0, opened.len - base.len)),
        &only,
        object == NULL ? NULL : &object,
        1,
    };

    if (filter.len > 0 && !sm_glob(filter, base))
        return SM_OK;
    return job->visit(job->ctx, &shown, err);
}

static const char *list_with_slash(sm_arena *a, const char *path)
{
    size_t len = strlen(path);

    return len == 0 || path[len - 1] == '/' ? path : sm_arena_printf(a, "%s/", path).ptr;
}

/* The parts of `path` behind the folder where the walk begins. */
static void list_split(list_job *job, size_t fixed)
{
    sm_sv rest = sm_sv_sub(job->config->path, fixed, job->config->path.len), part;

    while (sm_sv_next(&rest, '/', &part))
        if (part.len > 0 &&
            !(list_is_any(part) && job->n_parts > 0 && list_is_any(job->parts[job->n_parts - 1])))
            job->parts[job->n_parts++] = part;
}

/* A bucket has no folders that could be missing: nothing there is an empty one. */
static sm_code list_begin_bucket(list_job *job, sm_error *err)
{
    size_t fixed = sm_files__fixed_part(job->config->path);
    char plain[LIST_PATH];
    sm_sv name = { plain, sm_glob_plain(sm_sv_sub(job->config->path, 0, fixed), plain) };
    list_folder top = { 0 };
    sm_s3_object object;
    bool is_file = false;
    sm_code rc = SM_OK;

    while (name.ptr[name.len - 1] == '/')
        name.len--;
    list_split(job, fixed);
    if (job->n_parts == 0)
        rc = sm_files__stat_object(job->s, name, job->names, &object, &is_file, err);
    top.name = sm_arena_cstr(job->dirs, name);
    if (rc != SM_OK || is_file)
        return rc != SM_OK ? rc : list_file(job, top.name, top.name, &object, err);
    top.name = top.path = list_with_slash(job->dirs, top.name);
    top.state = list_close(job, 1);
    return list_walk(job, &top, err);
}

static sm_code list_begin(list_job *job, sm_sv base, sm_error *err)
{
    sm_sv path = job->config->path;
    size_t fixed = sm_files__fixed_part(path);
    char plain[LIST_PATH];
    sm_sv name = { plain, sm_glob_plain(sm_sv_sub(path, 0, fixed), plain) };
    list_folder top = { 0 };
    sm_fs_stat st;
    sm_code rc;

    if (name.len == 0 && sm_path_is_absolute(path)) /* below the root */
        name = SM_SV("/");
    while (name.len > 1 && name.ptr[name.len - 1] == '/')
        name.len--;
    top.name = sm_arena_cstr(job->dirs, name);
    top.path = sm_path_join(job->dirs, sm_path_is_absolute(path) ? SM_SV("") : base, name);
    if (name.len == 0)
        top.path = sm_arena_cstr(job->dirs, base);
    list_split(job, fixed);
    if ((rc = sm_fs_stat_path(*top.path == '\0' ? "." : top.path, &st, err)) != SM_OK)
        return rc;
    if (!st.is_dir && job->n_parts == 0)
        return list_file(job, top.name, top.path, NULL, err);
    top.name = list_with_slash(job->dirs, top.name);
    top.path = list_with_slash(job->dirs, top.path);
    top.state = list_close(job, 1);
    return list_walk(job, &top, err);
}

static sm_code list_all(const sm_source *s, sm_sv behind, sm_files_visit visit,
                        void (*see)(void *ctx, const char *path), void *ctx, sm_error *err)
{
    list_job *job = sm_xcalloc(1, sizeof *job);
    sm_code rc;

    job->s = s;
    job->config = s->config;
    job->behind = behind;
    job->visit = visit;
    job->see = see;
    job->ctx = ctx;
    job->names = sm_arena_new("files names");
    job->dirs = sm_arena_new("files folders");
    rc = sm_files__in_bucket(s) ? list_begin_bucket(job, err) : list_begin(job, s->base_dir, err);
    sm_arena_free(job->names);
    sm_arena_free(job->dirs);
    free(job);
    return rc;
}

sm_code sm_files__walk(const sm_source *s, sm_sv behind, sm_files_visit visit, void *ctx,
                       sm_error *err)
{
    return list_all(s, behind, visit, NULL, ctx, err);
}

static sm_code list_no_files(void *ctx, const sm_files_folder *folder, sm_error *err)
{
    (void)ctx, (void)folder, (void)err;
    return SM_OK;
}

sm_code sm_files__walk_folders(const sm_source *s, void (*see)(void *ctx, const char *path),
                               void *ctx, sm_error *err)
{
    return list_all(s, SM_SV(""), list_no_files, see, ctx, err);
}

const char *sm_files__path(const sm_source *s, sm_arena *a, sm_sv name)
{
    return sm_files__in_bucket(s) ? sm_arena_cstr(a, name) : sm_path_join(a, s->base_dir, name);
}
