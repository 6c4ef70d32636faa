/* SPDX-License-Identifier: Apache-2.0 */
/* suite_files.c -- which files of tests there are, and which pipeline each is for. */
#include "ui/cli/suite_files.h"

#include <stdlib.h>

#include "pipelines/spec/yaml_tree.h"
#include "runtime/base/fs.h"
#include "ui/cli/project_files.h"

typedef struct finder {
    const sm_cli *c;
    sm_suite_files *out;
    const char *only; /* pipeline whose tests are asked for; NULL: any */
} finder;

static const char *join(const finder *f, sm_sv dir, sm_sv name)
{
    return sm_sv_eq_str(dir, ".") ? sm_arena_cstr(f->c->a, name) : sm_path_join(f->c->a, dir, name);
}

static bool is_yaml(sm_sv name)
{
    return sm_sv_ends(name, SM_SV(".yml")) || sm_sv_ends(name, SM_SV(".yaml"));
}

static bool is_test_name(sm_sv name)
{
    return sm_sv_ends(name, SM_SV("_test.yml")) || sm_sv_ends(name, SM_SV("_test.yaml"));
}

static int by_name(const void *x, const void *y)
{
    const sm_fs_entry *a = x, *b = y;

    return sm_sv_cmp(a->name, b->name);
}

/* The YAML files of a folder, sorted; none when there is no folder. */
static sm_code list_folder(const finder *f, sm_sv dir, sm_fs_entry **entries, size_t *n,
                           sm_error *err)
{
    size_t all, kept = 0;
    sm_code rc = sm_fs_list(sm_arena_cstr(f->c->a, dir), true, f->c->a, entries, &all, err);

    *n = 0;
    if (rc == SM_E_NOT_FOUND)
        return SM_OK;
    if (rc != SM_OK)
        return rc;
    for (size_t i = 0; i < all; i++)
        if ((*entries)[i].stat.is_file && is_yaml((*entries)[i].name))
            (*entries)[kept++] = (*entries)[i];
    if (kept > 0)
        qsort(*entries, kept, sizeof **entries, by_name);
    *n = kept;
    return SM_OK;
}

/* ---- the pipeline of a file of tests ------------------------------------------------- */

static bool is_pipeline(const finder *f, const char *file)
{
    const sm_yaml_node *root;
    sm_error ignored;
    sm_sv text;

    if (sm_sv_eq_str(sm_path_base(sm_sv_cstr(file)), "smelt.yml") ||
        sm_fs_read(file, SM_YAML_MAX_BYTES, f->c->a, &text, &ignored) != SM_OK)
        return false;
    root = sm_yaml_parse(file, text, f->c->a, sm_diags_new(f->c->a));
    return root != NULL && root->kind == SM_YAML_MAP && sm_yaml_get(root, "pipeline") != NULL &&
           sm_yaml_get(root, "tests") == NULL;
}

/* pipeline.yml, else the only pipeline of the folder; *n: how many there are. */
static const char *pipeline_in(const finder *f, sm_sv dir, size_t *n)
{
    const char *usual = join(f, dir, SM_SV("pipeline.yml")), *found = NULL;
    sm_fs_entry *entries;
    sm_error ignored;
    size_t all;

    *n = 1;
    if (sm_fs_exists(usual))
        return usual;
    *n = 0;
    if (list_folder(f, dir, &entries, &all, &ignored) != SM_OK)
        return NULL;
    for (size_t i = 0; i < all; i++) {
        const char *file = join(f, dir, entries[i].name);

        if (!is_pipeline(f, file))
            continue;
        (*n)++;
        found = file;
    }
    return *n == 1 ? found : NULL;
}

static sm_sv folder_above(const finder *f, sm_sv dir)
{
    return sm_sv_eq_str(dir, ".") || sm_sv_ends(dir, SM_SV(".."))
               ? sm_arena_printf(f->c->a, "%s%.*s", sm_sv_eq_str(dir, ".") ? "" : "../",
                                 SM_SV_ARG(sm_sv_eq_str(dir, ".") ? SM_SV("..") : dir))
               : sm_path_dir(dir);
}

static void find_pipeline(const finder *f, sm_suite_file *s)
{
    sm_sv dir = sm_path_dir(sm_sv_cstr(s->file));
    size_t n = 0;

    if (s->suite != NULL && sm_text_set(&s->suite->pipeline)) {
        s->pipeline = join(f, dir, s->suite->pipeline.text);
        if (sm_fs_exists(s->pipeline))
            return;
        sm_diag_add(s->diags, "SM0154", s->suite->pipeline.at, "there is no file \"%s\"",
                    s->pipeline);
        s->pipeline = NULL;
        return;
    }
    if ((s->pipeline = f->only) != NULL)
        return;
    s->pipeline = pipeline_in(f, dir, &n);
    if (n == 0)
        s->pipeline = pipeline_in(f, folder_above(f, dir), &n);
    if (s->pipeline != NULL || s->suite == NULL)
        return;
    sm_diag_add(s->diags, "SM0154", s->suite->tests.at,
                n == 0 ? "there is no pipeline beside this file, or above its folder"
                       : "there are several pipelines that these tests may be for");
    sm_diag_hint(s->diags, "name its file: pipeline: ../orders.yml");
}

/* ---- finding ----------------------------------------------------------------------- */

static sm_suite_file *add(finder *f, const char *file, sm_sv text)
{
    sm_suite_files *out = f->out;
    sm_suite_file *s;

    for (size_t i = 0; i < out->n; i++)
        if (strcmp(out->items[i].file, file) == 0)
            return &out->items[i];
    if (out->n == out->cap) {
        size_t cap = out->cap == 0 ? 16 : 2 * out->cap;
        sm_suite_file *wider = SM_NEW_N(f->c->a, sm_suite_file, cap);

        if (out->n > 0)
            memcpy(wider, out->items, out->n * sizeof *wider);
        out->items = wider;
        out->cap = cap;
    }
    s = &out->items[out->n++];
    *s = (sm_suite_file){ .file = file, .text = text, .diags = sm_diags_new(f->c->a) };
    s->suite = sm_suite_parse(file, text, f->c->a, s->diags);
    find_pipeline(f, s);
    return s;
}

static bool same_file(const finder *f, const char *x, const char *y)
{
    sm_error ignored;
    const char *a = sm_path_real(f->c->a, x, &ignored), *b = sm_path_real(f->c->a, y, &ignored);

    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

/* A file that may be one of tests; one that names another pipeline is not asked for. */
static sm_code consider(finder *f, const char *file, sm_error *err)
{
    size_t n = f->out->n;
    sm_suite_file *s;
    sm_sv text;

    if (sm_fs_read(file, SM_YAML_MAX_BYTES, f->c->a, &text, err) != SM_OK)
        return err->code;
    if (!sm_suite_is(text, f->c->a) && !is_test_name(sm_sv_cstr(file)))
        return SM_OK;
    s = add(f, file, text);
    if (f->out->n > n && f->only != NULL && s->pipeline != NULL &&
        !same_file(f, s->pipeline, f->only))
        f->out->n = n;
    return SM_OK;
}

/* DIR/NAME_test.yml and DIR/tests/NAME.yml; of a folder that is no pipeline's, each file. */
static sm_code add_folder(finder *f, sm_sv dir, bool all, sm_error *err)
{
    sm_sv below = sm_sv_cstr(join(f, dir, SM_SV("tests")));
    sm_fs_entry *entries;
    size_t n;
    sm_code rc = list_folder(f, dir, &entries, &n, err);

    for (size_t i = 0; rc == SM_OK && i < n; i++)
        if (all || is_test_name(entries[i].name))
            rc = consider(f, join(f, dir, entries[i].name), err);
    if (rc == SM_OK)
        rc = list_folder(f, below, &entries, &n, err);
    for (size_t i = 0; rc == SM_OK && i < n; i++)
        rc = consider(f, join(f, below, entries[i].name), err);
    return rc;
}

static sm_code add_pipeline(finder *f, const char *file, sm_error *err)
{
    finder one = { f->c, f->out, file };

    return add_folder(&one, sm_path_dir(sm_sv_cstr(file)), false, err);
}

/* The name of a pipeline of the project. */
static sm_code add_named(finder *f, const char *name, sm_error *err)
{
    sm_project_files files;

    if (sm_project_list(f->c->a, &files, err) != SM_OK)
        return err->code;
    for (size_t i = 0; i < files.n; i++)
        if (sm_sv_eq_str(files.items[i].pipeline, name))
            return add_pipeline(f, files.items[i].file, err);
    return sm_fail(err, SM_E_NOT_FOUND, 0,
                   "\"%s\" is no file, no folder and no pipeline of the project", name);
}

static sm_code add_argument(finder *f, const char *path, sm_error *err)
{
    sm_fs_stat st;
    sm_sv text;

    if (sm_fs_stat_path(path, &st, err) != SM_OK)
        return err->code == SM_E_NOT_FOUND ? add_named(f, path, err) : err->code;
    if (st.is_dir)
        return add_folder(f, sm_sv_cstr(path), true, err);
    if (sm_fs_read(path, SM_YAML_MAX_BYTES, f->c->a, &text, err) != SM_OK)
        return err->code;
    if (is_pipeline(f, path))
        return add_pipeline(f, path, err);
    (void)add(f, path, text);
    return SM_OK;
}

sm_code sm_suite_files_find(const sm_cli *c, sm_suite_files *out, sm_error *err)
{
    finder f = { .c = c, .out = out };
    sm_project_files files = { 0 };
    sm_code rc = SM_OK;

    *out = (sm_suite_files){ 0 };
    for (size_t i = 0; rc == SM_OK && i < c->n_args; i++)
        rc = add_argument(&f, c->args[i], err);
    if (c->n_args > 0 || (rc = sm_project_list(c->a, &files, err)) != SM_OK)
        return rc;
    for (size_t i = 0; rc == SM_OK && i < files.n; i++)
        rc = add_folder(&f, sm_path_dir(sm_sv_cstr(files.items[i].file)), false, err);
    return rc == SM_OK && files.n == 0 ? add_folder(&f, SM_SV("."), false, err) : rc;
}
