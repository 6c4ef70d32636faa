/* SPDX-License-Identifier: Apache-2.0 */
/* project_others.c -- the other pipelines of a project, loaded when somebody names them.
 *
 * Loading means reading the file and smelt.yml, not compiling: who a table is, and where it lies,
 * stands there.  Files that look like the one meant are loaded first, so that a project of a
 * thousand pipelines loads two. */
#include "ui/cli/project_others.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/base/fs.h"

struct sm_project_others {
    sm_arena *a;
    sm_other **items;
    size_t n, cap;
};

static sm_project_others *others_of(sm_project *p)
{
    if (p->others == NULL) {
        p->others = sm_xcalloc(1, sizeof *p->others);
        p->others->a = sm_arena_new("other pipelines");
        p->owns_others = true;
    }
    return p->others;
}

void sm_project_others_free(sm_project_others *o)
{
    if (o == NULL)
        return;
    for (size_t i = 0; i < o->n; i++) {
        sm_project_close(&o->items[i]->p);
        free(o->items[i]);
    }
    free(o->items);
    sm_arena_free(o->a);
    free(o);
}

bool sm_project_same_file(const sm_project *x, const sm_project *y)
{
    return sm_sv_eq(x->base_dir, y->base_dir) &&
           sm_sv_eq(sm_path_base(sm_sv_cstr(x->file)), sm_path_base(sm_sv_cstr(y->file)));
}

sm_other *sm_project_other_file(sm_project *p, const char *file)
{
    sm_project_others *o = others_of(p);
    sm_other *other;
    sm_error ignored; /* a file that cannot be read has no tables: its own checks tell why */

    for (size_t i = 0; i < o->n; i++)
        if (strcmp(o->items[i]->file, file) == 0)
            return o->items[i];
    if (o->n == o->cap) {
        o->cap = o->cap == 0 ? 8 : 2 * o->cap;
        o->items = sm_xrealloc(o->items, o->cap * sizeof(sm_other *));
    }
    other = o->items[o->n++] = sm_xcalloc(1, sizeof *other);
    other->file = sm_arena_cstr(o->a, sm_sv_cstr(file));
    if (p->at != NULL)
        (void)sm_project_open_at(&other->p, p->c, other->file, p->at, &ignored);
    else
        (void)sm_project_open(&other->p, p->c, other->file, &ignored);
    other->p.others = o;
    other->p.files = p->files;
    return other;
}

/* ---- names ------------------------------------------------------------------------- */

static sm_code list_files(sm_project *p, sm_error *err)
{
    sm_project_files *files;

    if (p->files != NULL)
        return SM_OK;
    files = SM_NEW(others_of(p)->a, sm_project_files);
    if (p->root != NULL && sm_project_list_of(p->root, others_of(p)->a, files, err) != SM_OK)
        return err->code;
    p->files = files;
    return SM_OK;
}

sm_code sm_project_others_count(sm_project *p, size_t *n, sm_error *err)
{
    sm_code rc = list_files(p, err);

    *n = rc == SM_OK ? p->files->n : 0;
    return rc;
}

static bool looks_like(const sm_project_file *f, sm_sv schema)
{
    return sm_sv_eq_nocase(f->pipeline, schema) || sm_sv_eq_nocase(f->schema, schema);
}

const sm_spec_table *sm_project_other_table(const sm_other *o, sm_sv name, bool *enabled)
{
    const sm_spec_tables *lists[] = { &o->p.spec->tables, &o->p.spec->disabled };

    for (size_t k = 0; k < 2; k++) {
        for (size_t i = 0; i < lists[k]->n; i++) {
            *enabled = k == 0;
            if (sm_sql_same_name(lists[k]->items[i].name.text, name))
                return &lists[k]->items[i];
        }
    }
    return NULL;
}

/* How well the pipeline fits what a query says: 0 not at all.  `written` is the schema that stands
 * in its file, which a target may have replaced: a query does not change with the target. */
static int fit(const sm_other *o, sm_sv written, sm_sv schema, sm_sv table)
{
    bool enabled;
    int fits;

    if (o->p.spec == NULL)
        return 0;
    fits = sm_sql_same_name(o->p.spec->schema.text, schema)     ? 3
           : sm_sql_same_name(written, schema)                  ? 2
           : sm_sql_same_name(o->p.spec->pipeline.text, schema) ? 1
                                                                : 0;
    if (fits > 0 && sm_project_other_table(o, table, &enabled) != NULL)
        fits += 3;
    return fits;
}

sm_code sm_project_other_find(sm_project *p, sm_sv schema, sm_sv table, sm_other **out,
                              sm_error *err)
{
    int best = 0;

    *out = NULL;
    if (list_files(p, err) != SM_OK)
        return err->code;
    for (int pass = 0; pass < 2 && best == 0; pass++) {
        for (size_t i = 0; i < p->files->n; i++) {
            sm_other *o;
            int fits;

            if (looks_like(&p->files->items[i], schema) != (pass == 0))
                continue;
            o = sm_project_other_file(p, p->files->items[i].file);
            fits = sm_project_same_file(&o->p, p)
                       ? 0
                       : fit(o, p->files->items[i].schema, schema, table);
            if (fits > best) {
                best = fits;
                *out = o;
            }
        }
    }
    return SM_OK;
}

size_t sm_project_other_names(sm_project *p, const sm_sv **out)
{
    size_t n = 0, most = p->files == NULL ? 0 : p->files->n;
    sm_sv *names = SM_NEW_N(p->a, sm_sv, most + 1);

    for (size_t i = 0; i < most; i++) {
        const sm_other *o = sm_project_other_file(p, p->files->items[i].file);

        if (o->p.spec != NULL && !sm_project_same_file(&o->p, p))
            names[n++] = o->p.spec->schema.text;
    }
    *out = names;
    return n;
}

/* ---- plans ------------------------------------------------------------------------- */

const sm_plan *sm_project_other_plan(sm_other *o)
{
    sm_error ignored; /* its own commands tell */

    if (o->planning || o->p.spec == NULL)
        return o->p.plan;
    o->planning = true;
    if (o->p.at == NULL && sm_diags_errors(o->p.diags) == 0)
        (void)sm_project_store(&o->p, true, &ignored);
    if (sm_project_plan(&o->p, &ignored) != SM_OK)
        o->p.plan = NULL;
    sm_project_release_engine(&o->p);
    return o->p.plan;
}
