/* SPDX-License-Identifier: Apache-2.0 */
/* project_files.c -- which pipelines a project has.
 *
 * A pattern has its wildcards in the last part of the path.  What it matches is a pipeline when it
 * is a map with a key `pipeline` and none `tests`; other files are passed over. */
#include "ui/cli/project_files.h"

#include <stdlib.h>

#include "pipelines/spec/yaml_tree.h"
#include "runtime/base/fs.h"

enum { MOST_FILES = 10000, MOST_LEVELS = 64 };

static const char *const default_patterns[] = { "*.yml", "pipelines/*.yml" };

typedef struct listing {
    sm_arena *a;
    sm_project_file *items;
    size_t n;
} listing;

static const sm_yaml_node *parse(sm_arena *a, const char *file)
{
    sm_sv text;
    sm_error ignored;

    if (sm_fs_read(file, SM_YAML_MAX_BYTES, a, &text, &ignored) != SM_OK)
        return NULL;
    return sm_yaml_parse(file, text, a, sm_diags_new(a)); /* told when the file is loaded */
}

static bool is_listed(const listing *l, const char *file)
{
    for (size_t i = 0; i < l->n; i++)
        if (strcmp(l->items[i].file, file) == 0)
            return true;
    return false;
}

static void add_file(listing *l, const char *file)
{
    const sm_yaml_node *root, *name, *schema;

    if (l->n == MOST_FILES || sm_sv_eq(sm_path_base(sm_sv_cstr(file)), SM_SV("smelt.yml")) ||
        is_listed(l, file) || (root = parse(l->a, file)) == NULL || root->kind != SM_YAML_MAP ||
        (name = sm_yaml_get(root, "pipeline")) == NULL || sm_yaml_get(root, "tests") != NULL)
        return;
    schema = sm_yaml_get(root, "schema");
    l->items[l->n++] =
        (sm_project_file){ file, name->text, schema == NULL ? SM_SV("") : schema->text };
}

static sm_code add_matches(listing *l, sm_sv base, sm_sv pattern, sm_error *err)
{
    sm_sv dir = sm_path_dir(pattern), last = sm_path_base(pattern);
    const char *folder = sm_sv_eq(dir, SM_SV(".")) ? sm_arena_cstr(l->a, base)
                         : base.len == 0           ? sm_arena_cstr(l->a, dir)
                                                   : sm_path_join(l->a, base, dir);
    sm_fs_entry *entries;
    size_t n;

    if (folder[0] != '\0' && !sm_fs_exists(folder))
        return SM_OK;
    if (sm_fs_list(folder[0] == '\0' ? "." : folder, false, l->a, &entries, &n, err) != SM_OK)
        return err->code;
    for (size_t i = 0; i < n; i++)
        if (entries[i].stat.is_file && sm_sv_glob(last, entries[i].name))
            add_file(l, folder[0] == '\0'
                            ? sm_arena_cstr(l->a, entries[i].name)
                            : sm_path_join(l->a, sm_sv_cstr(folder), entries[i].name));
    return SM_OK;
}

static int by_file(const void *x, const void *y)
{
    const sm_project_file *a = x, *b = y;

    return strcmp(a->file, b->file);
}

/* smelt.yml here or above, up to the root of the repository; "" when there is none. */
static const char *find_root(sm_arena *a)
{
    sm_sv way = SM_SV("");

    for (int i = 0; i < MOST_LEVELS; i++) {
        const char *file = sm_arena_printf(a, "%.*ssmelt.yml", SM_SV_ARG(way)).ptr;

        if (sm_fs_exists(file))
            return file;
        if (sm_fs_exists(sm_arena_printf(a, "%.*s.git", SM_SV_ARG(way)).ptr))
            return NULL;
        way = sm_arena_printf(a, "../%.*s", SM_SV_ARG(way));
    }
    return NULL;
}

sm_code sm_project_list(sm_arena *a, sm_project_files *out, sm_error *err)
{
    const char *root = find_root(a);

    *out = (sm_project_files){ 0 };
    return root == NULL ? SM_OK : sm_project_list_of(root, a, out, err);
}

sm_code sm_project_list_of(const char *file, sm_arena *a, sm_project_files *out, sm_error *err)
{
    listing l = { .a = a };
    const sm_yaml_node *root, *include = NULL;
    sm_sv base;
    sm_code rc = SM_OK;

    *out = (sm_project_files){ .root = file };
    l.items = SM_NEW_N(a, sm_project_file, MOST_FILES);
    base = sm_path_dir(sm_sv_cstr(out->root));
    base = sm_sv_eq(base, SM_SV(".")) ? SM_SV("") : base;
    root = parse(a, out->root);
    if (root != NULL && root->kind == SM_YAML_MAP)
        include = sm_yaml_get(root, "include");
    if (include != NULL && include->kind != SM_YAML_LIST)
        include = NULL;
    for (size_t i = 0; rc == SM_OK && include != NULL && i < include->n; i++)
        rc = add_matches(&l, base, include->items[i]->text, err);
    for (size_t i = 0;
         rc == SM_OK && include == NULL && i < sizeof default_patterns / sizeof default_patterns[0];
         i++)
        rc = add_matches(&l, base, sm_sv_cstr(default_patterns[i]), err);
    qsort(l.items, l.n, sizeof *l.items, by_file);
    out->items = l.items;
    out->n = l.n;
    return rc;
}
