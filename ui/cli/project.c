/* SPDX-License-Identifier: Apache-2.0 */
/* project.c -- load a pipeline file, and give it the engine, the store and the sources.
 *
 * Here the composition happens: pipelines/ gets parse and bind as functions, and asks for the
 * columns of a source through schema_of; none of them knows of the others. */
#include "ui/cli/project.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/base/fs.h"
#include "runtime/base/hash.h"
#include "runtime/base/thread.h"
#include "runtime/connect/decode_hints.h"
#include "runtime/engine/engine_parse.h"
#include "runtime/engine/engine_zone.h"
#include "runtime/sinks/sinks.h"
#include "runtime/sources/sources.h"
#include "runtime/store/store_tables.h"
#include "ui/cli/exit_code.h"
#include "ui/cli/git.h"
#include "ui/cli/pinned.h"
#include "ui/cli/project_bucket.h"
#include "ui/cli/project_connections.h"
#include "ui/cli/project_durable.h"
#include "ui/cli/project_files.h"
#include "ui/cli/project_options.h"
#include "ui/cli/project_others.h"
#include "ui/cli/project_serve.h"
#include "ui/cli/project_tables.h"
#include "ui/cli/stores.h"
#include "ui/cli/version.h"

/* ---- source types ---------------------------------------------------------------- */

enum { MOST_UNITS = 16 };

#define SM_YAML_MAX ((size_t)8 * 1024 * 1024) /* the loader has its own, lower limit */

static sm_spec_unit units[MOST_UNITS];
static sm_once units_once = SM_ONCE_INIT;

static void make_units(void)
{
    size_t n = 0;

    for (sm_source_list s = sm_sources(); *s != NULL; s++)
        units[n++] = (sm_spec_unit){ .name = (*s)->name,
                                     .summary = (*s)->summary,
                                     .options = (*s)->options,
                                     .config_size = (*s)->config_size,
                                     .exclusive = (*s)->exclusive,
                                     .metadata = (*s)->metadata,
                                     .supported = true };
    assert(n < MOST_UNITS);
}

const sm_spec_unit *sm_project_units(void)
{
    sm_once_run(&units_once, make_units);
    return units;
}

/* ---- the file -------------------------------------------------------------------- */

static sm_sv names_of(sm_arena *a, const sm_project_files *files)
{
    sm_sv names = SM_SV("");

    for (size_t i = 0; i < files->n && i < 20; i++)
        names = sm_arena_printf(a, "%.*s%s%.*s", SM_SV_ARG(names), i > 0 ? ", " : "",
                                SM_SV_ARG(files->items[i].pipeline));
    return names;
}

/* The pipeline of the project with that name. */
static sm_code named_file(sm_project *p, const char *name, sm_error *err)
{
    sm_project_files files;

    if (sm_project_list(p->a, &files, err) != SM_OK)
        return err->code;
    for (size_t i = 0; i < files.n; i++)
        if (sm_sv_eq_str(files.items[i].pipeline, name))
            p->file = files.items[i].file;
    if (files.n == 0 || p->file != name)
        return SM_OK; /* what is no file is told when it is read */
    return sm_fail(err, SM_E_NOT_FOUND, 0,
                   "\"%s\" is no file and no pipeline of the project, which has %.*s", name,
                   SM_SV_ARG(names_of(p->a, &files)));
}

/* Without a word: pipeline.yml here, else the only pipeline of the project. */
static sm_code only_file(sm_project *p, sm_error *err)
{
    sm_project_files files;

    p->file = "pipeline.yml";
    if (sm_fs_exists(p->file))
        return SM_OK;
    if (sm_project_list(p->a, &files, err) != SM_OK)
        return err->code;
    if (files.n == 0)
        return sm_fail(err, SM_E_NOT_FOUND, 0,
                       "there is no pipeline.yml in this folder; name a file, use -C DIR, or make "
                       "a project with `smelt init --template demo demo`");
    p->file = files.items[0].file;
    if (files.n == 1)
        return SM_OK;
    return sm_fail(err, SM_E_NOT_FOUND, 0,
                   "the project has several pipelines, %.*s; name one with -p",
                   SM_SV_ARG(names_of(p->a, &files)));
}

/* `path`: a file, a folder, the name of a pipeline of the project, or NULL. */
static sm_code pipeline_file(sm_project *p, const char *path, sm_error *err)
{
    sm_fs_stat st;
    sm_error ignored;

    if (path == NULL)
        return only_file(p, err);
    p->file = path;
    if (sm_fs_stat_path(path, &st, &ignored) == SM_OK)
        p->file = st.is_dir ? sm_path_join(p->a, sm_sv_cstr(path), SM_SV("pipeline.yml")) : path;
    else if (strchr(path, '/') == NULL)
        return named_file(p, path, err);
    return SM_OK;
}

static sm_sv under(sm_project *p, sm_sv path, sm_error *err)
{
    const char *absolute = sm_path_absolute(p->a, sm_path_join(p->a, p->base_dir, path), err);

    return absolute == NULL ? SM_SV("") : sm_sv_cstr(absolute);
}

static sm_code find_folders(sm_project *p, sm_error *err)
{
    const char *file = sm_path_absolute(p->a, p->file, err);
    sm_sv state;

    if (file == NULL)
        return err->code;
    p->base_dir = sm_path_dir(sm_sv_cstr(file));
    if (p->spec == NULL)
        return SM_OK;
    if (sm_spec_is_remote(p->spec)) {
        /* A control store of its own: what is kept outside names rows by number. */
        p->state_dir = under(p,
                             sm_arena_printf(p->a, "%.*s/%.*s", SM_SV_ARG(p->spec->state.path.text),
                                             SM_SV_ARG(p->spec->pipeline.text)),
                             err);
        return p->state_dir.len == 0 ? err->code : sm_project_bucket(p, err);
    }
    p->storage_dir = under(p, p->spec->storage.text, err);
    state = p->spec->state.path.text;
    if (state.len == 0)
        state = sm_arena_printf(p->a, "%.*s/.smelt", SM_SV_ARG(p->storage_dir));
    p->state_dir = under(p, state, err);
    return p->storage_dir.len == 0 || p->state_dir.len == 0 ? err->code : SM_OK;
}

static const char *environment(const char *name)
{
    return getenv(name);
}

static sm_sv commit_of(const char *file, sm_arena *a)
{
    sm_error ignored;
    const char *path = sm_path_absolute(a, file, &ignored);

    return path == NULL ? SM_SV("") : sm_git_commit(sm_path_dir(sm_sv_cstr(path)), a);
}

/* pipelines/x.yml and "../" is smelt.yml, x.yml and "../" is ../smelt.yml. */
static const char *project_name(const sm_project *p, sm_sv shown, sm_sv way)
{
    sm_sv dir = sm_sv_eq(shown, SM_SV(".")) ? SM_SV("") : shown;

    while (way.len > 0 && dir.len > 0 && !sm_sv_eq(sm_path_base(dir), SM_SV(".."))) {
        dir = sm_path_dir(dir);
        dir = sm_sv_eq(dir, SM_SV(".")) ? SM_SV("") : dir;
        way = sm_sv_sub(way, 3, way.len);
    }
    return sm_arena_printf(p->a, "%.*s%s%.*ssmelt.yml", SM_SV_ARG(dir), dir.len > 0 ? "/" : "",
                           SM_SV_ARG(way))
        .ptr;
}

static sm_code read_file(void *project, const char *file, size_t max, sm_arena *a, sm_sv *out,
                         sm_error *err)
{
    const sm_project *p = project;

    if (p->at != NULL)
        return sm_git_read(p->at, file, max, a, out, err);
    return p->c->pinned != NULL ? sm_pinned_read(p->c->pinned, file, max, a, out, err)
                                : sm_fs_read(file, max, a, out, err);
}

/* Pinned texts are all there is: a smelt.yml that came later is not looked for. */
static bool there(const sm_project *p, const char *file)
{
    return p->c->pinned != NULL ? sm_pinned_has(p->c->pinned, file) : sm_fs_exists(file);
}

/* smelt.yml beside the pipeline or in a folder above it, up to the root of the repository.  `way`
 * leads from the pipeline's folder to it; messages name it as the pipeline is named. */
static sm_code find_project(sm_project *p, sm_spec_env *env, sm_error *err)
{
    sm_sv shown = sm_path_dir(sm_sv_cstr(p->file)), dir, way = SM_SV("");
    const char *absolute = sm_path_absolute(p->a, sm_arena_cstr(p->a, shown), err);

    if (absolute == NULL)
        return err->code;
    for (dir = sm_sv_cstr(absolute);; dir = sm_path_dir(dir)) {
        const char *file = sm_path_join(p->a, dir, SM_SV("smelt.yml"));

        if ((p->at != NULL || there(p, file)) &&
            (read_file(p, file, SM_YAML_MAX, p->a, &env->project_text, err) == SM_OK ||
             p->at == NULL || err->code != SM_E_NOT_FOUND)) {
            env->project_way = way;
            env->project_file = sm_path_is_absolute(shown) ? file : project_name(p, shown, way);
            p->root = env->project_file;
            return env->project_text.ptr == NULL ? err->code : SM_OK;
        }
        if (dir.len <= 1 || sm_fs_exists(sm_path_join(p->a, dir, SM_SV(".git"))))
            return SM_OK;
        way = sm_arena_printf(p->a, "../%.*s", SM_SV_ARG(way));
    }
}

/* --var name=value, each of them; args.c has seen to the form. */
static sm_spec_env load_env(sm_project *p)
{
    sm_spec_given *vars = SM_NEW_N(p->a, sm_spec_given, p->c->n_options + 1);
    size_t n = 0;

    for (size_t i = 0; i < p->c->n_options; i++) {
        sm_sv text = sm_sv_cstr(p->c->options[i].value);

        if (strcmp(p->c->options[i].name, "--var") == 0 && sm_sv_next(&text, '=', &vars[n].name))
            vars[n++].value = text;
    }
    return (sm_spec_env){ .units = sm_project_units(),
                          .vars = vars,
                          .n_vars = n,
                          .variable = environment,
                          .commit = commit_of,
                          .read = read_file,
                          .read_ctx = p,
                          .used = sm_project_note_variable,
                          .target = sm_sv_cstr(sm_cli_get(p->c, "--target")) };
}

/* p->file is known. */
static sm_code load(sm_project *p, sm_error *err)
{
    sm_spec_env env = load_env(p);
    sm_code rc;

    if ((rc = read_file(p, p->file, SM_YAML_MAX, p->a, &p->text, err)) != SM_OK ||
        (rc = find_project(p, &env, err)) != SM_OK)
        return rc;
    p->spec = sm_spec_parse(p->file, p->text, &env, p->a, p->diags);
    if (p->spec != NULL)
        p->connections = sm_project_connections(p->spec, p->c->stores != NULL, p->a);
    return (rc = find_folders(p, err)) == SM_OK ? sm_project_bucket_sources(p) : rc;
}

static void begin(sm_project *p, const sm_cli *c)
{
    *p = (sm_project){ .a = sm_arena_new("project"), .c = c };
    p->diags = sm_diags_new(p->a);
}

sm_code sm_project_open(sm_project *p, const sm_cli *c, const char *path, sm_error *err)
{
    sm_code rc;

    begin(p, c);
    return (rc = pipeline_file(p, path, err)) != SM_OK ? rc : load(p, err);
}

sm_code sm_project_open_at(sm_project *p, const sm_cli *c, const char *file,
                           const sm_git_tree *tree, sm_error *err)
{
    begin(p, c);
    p->file = file;
    p->at = tree;
    return load(p, err);
}

void sm_project_close(sm_project *p)
{
    sm_project_release_engine(p);
    sm_project_durable_end(p);
    if (!p->store_borrowed)
        sm_store_close(p->store);
    if (p->owns_others)
        sm_project_others_free(p->others);
    sm_arena_free(p->a);
    *p = (sm_project){ 0 };
}

/* ---- store ----------------------------------------------------------------------- */

sm_code sm_project_store(sm_project *p, bool read_only, sm_error *err)
{
    sm_store_config config = { .state_path = p->state_dir, .read_only = read_only };
    sm_pipeline_rec rec;
    sm_code rc = SM_OK;

    if (p->c->stores != NULL && read_only)
        p->store = sm_stores_find(p->c->stores, p->state_dir);
    else if (p->c->stores != NULL)
        rc = sm_stores_get(p->c->stores, p->state_dir, &p->store, err);
    p->store_borrowed = p->store != NULL;
    if (rc == SM_OK && p->store == NULL)
        rc = sm_store_open(&config, &p->store, err);
    p->store_read_only = read_only;
    if (rc == SM_E_NOT_FOUND && read_only)
        return SM_OK;
    if (rc == SM_OK && !read_only)
        rc = sm_project_durable_follow(p, err);
    if (rc != SM_OK)
        return rc;
    rc = sm_store_pipeline(p->store, p->spec->pipeline.text, p->a, &rec, err);
    if (rc == SM_OK)
        p->pipeline = rec.id;
    return rc == SM_E_NOT_FOUND ? SM_OK : rc;
}

/* ---- engine ---------------------------------------------------------------------- */

/* What a source reads: the folder before the first wildcard, or the path itself. */
static sm_sv source_place(sm_project *p, const sm_spec_source *s, sm_sv path, sm_error *err)
{
    sm_sv rest = path, part;
    size_t used = 0;

    if (sm_spec_source_is_remote(s))
        return sm_project_bucket_copies(p, s);
    while (sm_sv_next(&rest, '/', &part)) {
        if (sm_sv_find_char(part, '*') >= 0 || sm_sv_find_char(part, '?') >= 0 ||
            sm_sv_find_char(part, '[') >= 0)
            return under(p, used == 0 ? SM_SV(".") : sm_sv_sub(path, 0, used), err);
        used += part.len + 1;
    }
    return under(p, path, err);
}

static sm_code allowed_places(sm_project *p, sm_engine_config *c, sm_error *err)
{
    static const char *const below[] = { "stage", "tmp", "flows" };
    sm_sv *folders = SM_NEW_N(p->a, sm_sv, p->spec->sources.n + p->spec->sinks.n + p->n_tables + 8);
    size_t n = 0;

    folders[n++] = sm_arena_printf(p->a, "%.*s/%.*s", SM_SV_ARG(p->storage_dir),
                                   SM_SV_ARG(p->spec->schema.text));
    for (size_t i = 0; i < sizeof below / sizeof below[0]; i++)
        folders[n++] = sm_arena_printf(p->a, "%.*s/%s", SM_SV_ARG(p->state_dir), below[i]);
    for (size_t i = 0; i < p->n_tables; i++)
        folders[n++] = p->tables[i].folder;
    for (size_t i = 0; i < p->spec->sinks.n; i++) {
        sm_sv path = p->spec->sinks.items[i].path.text;

        if (path.len > 0 && (folders[n++] = under(p, path, err)).len == 0)
            return err->code;
    }
    c->allowed_files = folders + n; /* a place may be a folder or a file */
    for (size_t i = 0; i < p->spec->sources.n; i++) {
        const sm_spec_source *s = &p->spec->sources.items[i];
        sm_sv path = sm_json_get_sv(s->options, "path", SM_SV(""));

        if (path.len > 0 && (folders[n++] = source_place(p, s, path, err)).len == 0)
            return err->code;
    }
    c->allowed_directories = folders;
    c->allowed_count = n;
    c->allowed_file_count = n - (size_t)(c->allowed_files - folders);
    return SM_OK;
}

static sm_sv temp_folder(sm_project *p, sm_error *err)
{
    sm_sv dir = p->spec->engine.temp_directory.text;

    if (p->store == NULL || p->store_read_only)
        return SM_SV(""); /* looking leaves no trace */
    dir = dir.len > 0 ? under(p, dir, err)
                      : sm_arena_printf(p->a, "%.*s/tmp", SM_SV_ARG(p->state_dir));
    return sm_fs_mkdirs(sm_arena_cstr(p->a, dir), 0700, err) == SM_OK ? dir : SM_SV("");
}

/* Three quarters of the machine's memory is what the engine takes when nothing is said. */
static sm_sv memory_limit(const sm_project *p)
{
    int64_t limit = p->spec->engine.memory_limit.v;

    if (p->share > 0 && limit == 0)
        limit = (int64_t)sysconf(_SC_PHYS_PAGES) * (int64_t)sysconf(_SC_PAGESIZE) / 4 * 3;
    if (p->share > 0)
        limit /= p->share;
    return limit > 0 ? sm_arena_printf(p->a, "%lldB", (long long)limit) : SM_SV("");
}

sm_code sm_project_engine(void *project, sm_engine **out, sm_error *err)
{
    sm_project *p = project;
    sm_engine_config config = { .threads = p->one_thread ? 1 : (int)p->spec->engine.threads.v };
    sm_code rc;

    *out = p->engine;
    if (p->engine != NULL)
        return SM_OK;
    if ((rc = allowed_places(p, &config, err)) != SM_OK)
        return rc;
    config.temp_directory = temp_folder(p, err);
    config.memory_limit = memory_limit(p);
    rc = sm_engine_open(&config, &p->engine, err);
    *out = p->engine;
    return rc;
}

void sm_project_release_engine(sm_project *p)
{
    sm_session_close(p->binder);
    sm_engine_close(p->engine);
    p->binder = NULL;
    p->engine = NULL;
}

sm_run_request sm_project_request(sm_project *p)
{
    return (sm_run_request){ .plan = p->plan,
                             .store = p->store,
                             .sources = sm_sources(),
                             .sinks = sm_sinks(),
                             .engine = sm_project_engine,
                             .engine_ctx = p,
                             .replan = sm_project_replan,
                             .replan_ctx = p,
                             .connections = p->connections,
                             .base_dir = p->base_dir,
                             .storage_dir = p->storage_dir,
                             .state_dir = p->state_dir,
                             .keeper = sm_project_keeper(p),
                             .images = p->images,
                             .give_up = &p->give_up };
}

sm_code sm_project_binder(sm_project *p, sm_error *err)
{
    sm_engine *e;
    sm_code rc = sm_project_engine(p, &e, err);

    return rc != SM_OK || p->binder != NULL ? rc : sm_session_open(e, &p->binder, err);
}

/* ---- what the planner asks ------------------------------------------------------- */

static sm_code plan_parse(void *ctx, const sm_sv *texts, size_t n, sm_arena *a, sm_sv *out,
                          sm_error *err)
{
    sm_project *p = ctx;
    sm_code rc = sm_project_binder(p, err);

    return rc != SM_OK ? rc : sm_session_parse(p->binder, texts, n, a, out, err);
}

static sm_code plan_bind(void *ctx, sm_sv text, const sm_sql_relation *relations, size_t n,
                         sm_arena *a, sm_schema *out, sm_sql_error *why, sm_error *err)
{
    sm_project *p = ctx;
    sm_bind_relation *r = SM_NEW_N(a, sm_bind_relation, n + 1);
    sm_bind_error bad = { .offset = SM_BIND_NOWHERE };
    sm_code rc = sm_project_binder(p, err);

    if (rc != SM_OK)
        return rc;
    for (size_t i = 0; i < n; i++)
        r[i] = (sm_bind_relation){ relations[i].name, relations[i].schema };
    rc = sm_session_bind(p->binder, text, r, n, a, out, &bad, err);
    *why = (sm_sql_error){ bad.offset == SM_BIND_NOWHERE ? SM_SQL_NOWHERE : bad.offset, bad.message,
                           bad.candidates, bad.n_candidates };
    return rc;
}

static sm_code plan_parse_whole(void *ctx, sm_sv text, sm_arena *a, sm_sv *out, sm_error *err)
{
    sm_project *p = ctx;
    sm_code rc = sm_project_binder(p, err);

    return rc != SM_OK ? rc : sm_session_parse_whole(p->binder, text, a, out, err);
}

static sm_code plan_print(void *ctx, const sm_sv *trees, size_t n, sm_arena *a, sm_sv *out,
                          sm_error *err)
{
    sm_project *p = ctx;
    sm_code rc = sm_project_binder(p, err);

    return rc != SM_OK ? rc : sm_session_print(p->binder, trees, n, a, out, err);
}

/* What the store has pinned for the source; out->n stays 0 when there is nothing. */
static sm_code pinned_schema(sm_project *p, sm_sv source, sm_arena *a, sm_schema *out,
                             sm_error *err)
{
    sm_schema_version v;
    sm_json *j;
    sm_code rc;

    if (p->store == NULL || p->pipeline == 0)
        return SM_OK;
    rc = sm_store_schema(p->store, p->pipeline, source, 0, a, &v, err);
    if (rc == SM_E_NOT_FOUND)
        return SM_OK;
    if (rc == SM_OK && (rc = sm_json_parse(v.schema, a, &j, err)) == SM_OK)
        rc = sm_schema_from_json(j, a, out, err);
    return rc;
}

sm_code sm_project_open_source(sm_project *p, const sm_spec_source *spec, sm_source *s,
                               sm_error *err)
{
    sm_code rc;

    *s = (sm_source){ .ops = sm_source_find(sm_sources(), spec->type.text),
                      .name = spec->name.text,
                      .external = true,
                      .base_dir = p->base_dir,
                      .connections = p->connections,
                      .images = p->images,
                      .schema_declared = spec->schema.n > 0,
                      .evolution = (sm_evolution)spec->evolution.v,
                      .schema_hints = spec->schema_hints.text,
                      .arena = sm_arena_new("source") };
    s->config = sm_arena_alloc(s->arena, s->ops->config_size, _Alignof(max_align_t), 1);
    rc = sm_options_fill(s->ops->options, spec->options, s->config, s->arena, err);
    return rc == SM_OK ? sm_source_open(s, err) : rc;
}

sm_code sm_project_infer(sm_project *p, const sm_spec_source *spec, sm_arena *a, sm_schema *out,
                         sm_error *err)
{
    sm_source s;
    sm_code rc;

    if ((rc = sm_project_binder(p, err)) != SM_OK)
        return rc;
    if ((rc = sm_project_open_source(p, spec, &s, err)) == SM_OK) {
        s.schema = out;
        s.session = p->binder;
        rc = sm_source_infer(&s, a, out, err);
        s.session = NULL;
    }
    sm_source_close(&s);
    sm_arena_free(s.arena);
    return rc;
}

static sm_code plan_schema_of(void *ctx, const sm_spec_source *source, sm_arena *a, sm_schema *out,
                              sm_error *err)
{
    sm_project *p = ctx;
    bool added;
    sm_code rc;

    *out = (sm_schema){ 0 };
    if (p->grown != NULL && sm_sv_eq_nocase(p->grown_source, source->name.text)) {
        *out = *p->grown;
        return SM_OK;
    }
    rc = pinned_schema(p, source->name.text, a, out, err);
    if (rc == SM_OK && out->n > 0)
        return sm_decode_add_hints(source->schema_hints.text, a, out, &added, err);
    /* What a file says wrong of a connection must not come back as an answer by way of it. */
    if (sm_spec_source_is_outside(source) && sm_diags_errors(p->diags) > 0)
        return rc;
    if (rc == SM_OK && p->columns_of != NULL)
        return p->columns_of(p->columns_ctx, source, a, out, err);
    return rc != SM_OK ? rc : sm_project_infer(p, source, a, out, err);
}

static bool plan_has_snapshot(void *ctx, sm_sv type)
{
    const sm_source_ops *ops = sm_source_find(sm_sources(), type);
    const sm_project *p = ctx;

    return ops == NULL ? p->columns_of != NULL : ops->position != NULL;
}

static sm_code plan_zone(void *ctx, sm_sv name, sm_arena *a, bool *known, sm_sv *near,
                         sm_error *err)
{
    sm_project *p = ctx;
    sm_zone zone;
    sm_code rc;

    if ((*known = sm_zone_is_utc(name)) || (rc = sm_project_binder(p, err)) != SM_OK)
        return *known ? SM_OK : rc;
    rc = sm_session_zone(p->binder, name, 0, 1, a, &zone, err);
    *known = rc == SM_OK;
    return rc == SM_E_NOT_FOUND ? sm_session_zone_near(p->binder, name, a, near, err) : rc;
}

/* ---- the plan -------------------------------------------------------------------- */

/* Names a plan: the files, where they are, the program, and the columns of sources in force.  Empty
 * while a source without a declared schema has none pinned: such a plan is not kept. */
static sm_sv plan_key(sm_project *p)
{
    sm_hash *h = sm_hash_new();
    sm_schema_version v;
    sm_error ignored;
    bool whole = p->store != NULL && p->pipeline != 0;

    sm_hash_add(h, SM_SV(SM_VERSION));
    sm_hash_add(h, SM_SV(SM_BUILD_ID));
    sm_hash_add(h, sm_sv_cstr(p->file));
    sm_hash_add(h, p->base_dir);
    for (size_t i = 0; i < p->spec->docs.n; i++)
        sm_hash_add(h, p->spec->docs.items[i].text);
    sm_hash_add(h, p->spec->target);
    for (size_t i = 0; i < p->spec->n_outside; i++)
        sm_hash_add(h, p->spec->outside[i].value);
    for (size_t i = 0; i < p->spec->variables.n; i++)
        sm_hash_add(h, p->spec->variables.items[i].value);
    for (size_t i = 0; whole && i < p->spec->sources.n; i++) {
        const sm_spec_source *s = &p->spec->sources.items[i];

        if (s->schema.n > 0)
            continue;
        whole =
            sm_store_schema(p->store, p->pipeline, s->name.text, 0, p->a, &v, &ignored) == SM_OK;
        if (whole)
            sm_hash_add(h, v.schema);
    }
    return whole ? sm_hash_hex(h, p->a) : (sm_hash_hex(h, p->a), SM_SV(""));
}

/* Beside the plan: what it knows of the tables of other pipelines. */
#define KEPT_TABLES "tables_of_others"

static bool plan_from_cache(sm_project *p)
{
    sm_sv key = plan_key(p), text;
    const sm_plan *plan;
    sm_json *j;
    sm_error ignored;

    if (key.len == 0 || sm_store_plan_get(p->store, key, p->a, &text, &ignored) != SM_OK ||
        sm_json_parse(text, p->a, &j, &ignored) != SM_OK ||
        sm_plan_from_json(j, p->a, &plan, &ignored) != SM_OK ||
        !sm_project_tables_hold(p, sm_json_get(j, KEPT_TABLES)))
        return false;
    p->plan = plan;
    p->cached = true;
    return true;
}

void sm_project_keep_plan(sm_project *p)
{
    sm_pipeline_rec rec;
    sm_json *plan, *tables;
    sm_error ignored;
    sm_sv key;

    if ((p->cached && !p->tables_moved) || p->plan == NULL || p->plan->n_waiting > 0 ||
        p->store == NULL || (tables = sm_project_tables_json(p)) == NULL)
        return;
    if (sm_store_pipeline(p->store, p->spec->pipeline.text, p->a, &rec, &ignored) == SM_OK)
        p->pipeline = rec.id;
    key = plan_key(p);
    plan = sm_plan_to_json(p->plan, p->a);
    if (sm_json_len(tables) > 0)
        sm_json_set(plan, KEPT_TABLES, tables);
    if (key.len > 0)
        (void)sm_store_plan_put(p->store, key, sm_json_text(plan, p->a), &ignored);
}

sm_sql_engine sm_project_sql(sm_project *p)
{
    return (sm_sql_engine){ p, plan_parse, plan_bind, plan_parse_whole, plan_print };
}

static sm_code compile(sm_project *p, sm_diags *d, const sm_plan **out, sm_error *err)
{
    sm_sql_engine sql = sm_project_sql(p);
    sm_plan_env env = {
        .sql = &sql,
        .schema_of = plan_schema_of,
        .has_snapshot = plan_has_snapshot,
        .other = sm_project_other,
        .zone = plan_zone,
        .ctx = p,
    };

    return sm_plan_compile(p->spec, &env, p->a, d, out, err);
}

sm_code sm_project_plan(sm_project *p, sm_error *err)
{
    if (p->spec == NULL)
        return SM_OK;
    if (sm_diags_count(p->diags) == 0 && plan_from_cache(p))
        return SM_OK;
    sm_project_judge_sources(p);
    if (compile(p, p->diags, &p->plan, err) != SM_OK)
        return err->code;
    sm_project_judge_sinks(p);
    return SM_OK;
}

/* ---- columns that come while a run is under way ----------------------------------- */

/* The pipeline was valid with the columns that it had. */
static sm_code tell_fault(const sm_project *p, sm_diags *d, sm_sv source, sm_error *err)
{
    const sm_diag *first;

    sm_diags_sort(d);
    first = sm_diags_at(d, 0);
    return sm_fail(err, SM_E_INVALID, 0,
                   "with the new columns of source \"%.*s\" the pipeline has a fault: %s:%u:%u: "
                   "%.*s%s%.*s%s",
                   SM_SV_ARG(source), first->at.line == 0 ? p->file : first->at.file,
                   first->at.line, first->at.column, SM_SV_ARG(first->message),
                   first->hint.len > 0 ? " (" : "", SM_SV_ARG(first->hint),
                   first->hint.len > 0 ? ")" : "");
}

sm_code sm_project_replan(void *project, sm_sv source, const sm_schema *schema, const sm_plan **out,
                          sm_error *err)
{
    sm_project *p = project;
    sm_diags *d = sm_diags_new(p->a);
    sm_schema grown;
    sm_code rc;

    *out = NULL;
    if ((rc = sm_schema_from_json(sm_schema_to_json(schema, p->a), p->a, &grown, err)) != SM_OK)
        return rc;
    p->grown = &grown;
    p->grown_source = source;
    rc = compile(p, d, out, err);
    p->grown = NULL;
    if (rc == SM_OK && *out == NULL)
        rc = tell_fault(p, d, source, err);
    return rc;
}

void sm_project_use_plan(sm_project *p, const sm_plan *plan)
{
    if (plan == p->plan)
        return;
    p->plan = plan;
    p->cached = false;
    sm_project_keep_plan(p);
}

/* ---- what commands begin with ---------------------------------------------------- */

int sm_project_start(const sm_cli *c, sm_project *p, const char *path, sm_project_need need)
{
    sm_error err;

    if (sm_project_open(p, c, path, &err) != SM_OK)
        return sm_cli_fail(c, &err, NULL) == SM_EXIT_OUTSIDE ? SM_EXIT_OUTSIDE : SM_EXIT_INVALID;
    p->share = need == SM_NEED_ROWS ? 4 : 0;
    if (p->spec != NULL && need != SM_NEED_PLAN && sm_diags_errors(p->diags) == 0 &&
        sm_project_store(p, need != SM_NEED_PLAN_AND_STORE_WRITE, &err) != SM_OK)
        return sm_cli_fail(c, &err, "smelt doctor");
    if (sm_project_plan(p, &err) != SM_OK)
        return sm_cli_fail(c, &err, NULL);
    if (p->plan == NULL || sm_diags_errors(p->diags) > 0) {
        sm_project_print_diags(c, p);
        return SM_EXIT_INVALID;
    }
    return SM_EXIT_DONE;
}

int sm_project_print_diags(const sm_cli *c, sm_project *p)
{
    sm_buf b;

    sm_buf_init(&b, (size_t)16 * 1024 * 1024);
    sm_diags_print(p->diags, c->color_err, &b);
    sm_diags_summary(p->diags, &b);
    sm_buf_addc(&b, '\n');
    fwrite(b.ptr, 1, b.len, stderr);
    sm_buf_release(&b);
    return SM_EXIT_INVALID;
}
