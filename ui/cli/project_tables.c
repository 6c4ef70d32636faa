/* SPDX-License-Identifier: Apache-2.0 */
/* project_tables.c -- tables of other pipelines, as the planner asks for them. */
#include "ui/cli/project_tables.h"

#include <string.h>

#include "runtime/base/fs.h"
#include "runtime/base/suggest.h"
#include "runtime/delta/delta_head.h"
#include "runtime/delta/delta_log.h"
#include "runtime/delta/delta_schema.h"
#include "ui/cli/project_bucket.h"
#include "ui/cli/project_others.h"
#include "ui/cli/project_reads.h"

/* What was asked for, and what was found. */
typedef struct asked {
    sm_project *p;
    sm_sv schema, name;
    sm_sv base;      /* `name`, or the table whose quarantine it is */
    bool quarantine; /* */
    sm_other *other;
    const sm_spec_table *table;
    sm_arena *a;
    sm_plan_other *out;
} asked;

/* ---- faults ------------------------------------------------------------------------ */

static void no_pipeline(asked *q)
{
    const sm_sv *names;
    size_t n, near;

    if (q->p->root == NULL) {
        q->out->fault = SM_SV("which is not in this pipeline");
        q->out->hint = SM_SV("Pipelines read each other\'s tables within a project: put a "
                             "smelt.yml beside them.");
        return;
    }
    n = sm_project_other_names(q->p, &names);
    near = sm_suggest(q->schema, names, n);
    q->out->fault = sm_arena_printf(q->a, "and no pipeline of the project has the schema \"%.*s\"",
                                    SM_SV_ARG(q->schema));
    if (near < n)
        q->out->hint = sm_arena_printf(q->a, "did you mean \"%.*s.%.*s\"?", SM_SV_ARG(names[near]),
                                       SM_SV_ARG(q->name));
    else if (n == 0)
        q->out->hint = SM_SV("The project has no other pipeline.");
}

static void no_table(asked *q)
{
    const sm_spec_tables *tables = &q->other->p.spec->tables;
    sm_sv *names = SM_NEW_N(q->a, sm_sv, tables->n + 1);
    size_t near;

    for (size_t i = 0; i < tables->n; i++)
        names[i] = tables->items[i].name.text;
    near = sm_suggest(q->name, names, tables->n);
    q->out->fault = sm_arena_printf(q->a, "and pipeline \"%.*s\" (%s) has no such table",
                                    SM_SV_ARG(q->other->p.spec->pipeline.text), q->other->file);
    if (near < tables->n)
        q->out->hint = sm_arena_printf(q->a, "did you mean \"%.*s.%.*s\"?", SM_SV_ARG(q->schema),
                                       SM_SV_ARG(names[near]));
}

static bool closed(asked *q, const sm_span *at, const char *fault, const char *hint)
{
    q->out->closed = true;
    q->out->see = *at;
    q->out->fault = sm_arena_printf(q->a, "%s", fault);
    q->out->hint = sm_arena_printf(q->a, "%s", hint);
    return false;
}

static bool tell_source(asked *q)
{
    const sm_spec_sources *sources = &q->other->p.spec->sources;

    for (size_t i = 0; i < sources->n; i++)
        if (sm_sql_same_name(sources->items[i].name.text, q->name))
            return closed(q, &sources->items[i].name.at, "a source of another pipeline",
                          "Read a table that is written from it, or declare the source here too.");
    no_table(q);
    return false;
}

/* May we read it?  Tells why not. */
static bool judge(asked *q)
{
    bool enabled;

    q->table = sm_project_other_table(q->other, q->base, &enabled);
    if (q->table == NULL)
        return tell_source(q);
    if (!enabled)
        return closed(q, &q->table->name.at, "which has `enabled: false`", "");
    if (q->table->is_private.v)
        return closed(q, &q->table->is_private.at, "which is private to its pipeline",
                      "Take `private: true` away there, or read another table.");
    if (q->table->type.v == SM_TABLE_VIEW)
        return closed(q, &q->table->name.at, "a view of another pipeline, which is not stored",
                      "Read what it reads, or make it a table.");
    return true;
}

/* ---- columns ------------------------------------------------------------------------- */

/* The head of the table; *out is NULL when there is no table. */
static sm_code load_head(sm_project *p, sm_sv folder, const sm_json *memory, bool engine,
                         sm_delta_head **out, sm_error *err)
{
    sm_delta_table *t;
    int64_t newest;
    sm_code rc = sm_delta_open(folder, p->images, &t, err);

    *out = NULL;
    if (rc != SM_OK)
        return rc;
    rc = sm_delta_newest(t, -1, &newest, err);
    if (rc == SM_OK && newest >= 0)
        rc = sm_delta_head_load(t, memory, NULL, out, err);
    if (rc == SM_E_INVALID && engine && (rc = sm_project_binder(p, err)) == SM_OK)
        rc = sm_delta_head_load(t, memory, p->binder, out, err);
    sm_delta_close(t);
    return rc;
}

static sm_code stored_columns(asked *q, sm_project_table *t, sm_error *err)
{
    sm_delta_head *head;
    sm_code rc = load_head(q->p, t->folder, NULL, true, &head, err);

    if (rc == SM_OK && head != NULL) {
        rc = sm_delta_metadata_schema(&head->metadata, q->a, &q->out->schema, err);
        t->head = sm_delta_head_to_json(head, q->p->a);
    }
    sm_delta_head_free(head);
    return rc == SM_OK ? rc : sm_wrap(err, "table \"%.*s\"", SM_SV_ARG(t->name));
}

/* Nothing was written yet. */
static sm_code planned_columns(asked *q, sm_error *err)
{
    const sm_plan *plan = sm_project_other_plan(q->other);
    const sm_plan_dataset *ds = plan == NULL ? NULL : sm_plan_find(plan, q->name);

    if (ds == NULL && plan != NULL && q->quarantine) {
        q->out->fault = sm_arena_printf(q->a,
                                        "and table \"%.*s\" of pipeline \"%.*s\" sets no rows "
                                        "aside",
                                        SM_SV_ARG(q->base), SM_SV_ARG(q->out->pipeline));
        return SM_OK;
    }
    if (ds == NULL || !ds->known)
        return SM_OK;
    return sm_schema_from_json(sm_schema_to_json(&ds->schema, q->a), q->a, &q->out->schema, err);
}

/* ---- the table ----------------------------------------------------------------------- */

/* `to` as seen from `from`, both absolute; as it is when they have nothing in common. */
static sm_sv relative(sm_sv from, sm_sv to, sm_arena *a)
{
    sm_sv way = SM_SV(""), dir = from;

    while (dir.len > 1 && !(sm_sv_starts(to, dir) && to.len > dir.len && to.ptr[dir.len] == '/')) {
        dir = sm_path_dir(dir);
        way = sm_arena_printf(a, "../%.*s", SM_SV_ARG(way));
    }
    if (dir.len <= 1)
        return to;
    return sm_arena_printf(a, "%.*s%.*s", SM_SV_ARG(way),
                           SM_SV_ARG(sm_sv_sub(to, dir.len + 1, to.len)));
}

static sm_sv folder_of(const sm_other *o, sm_sv table, sm_arena *a)
{
    return sm_arena_printf(a, "%.*s/%.*s/%.*s", SM_SV_ARG(o->p.storage_dir),
                           SM_SV_ARG(o->p.spec->schema.text), SM_SV_ARG(table));
}

/* The record of the table in the project, new or again. */
static sm_project_table *put_table(sm_project *p, sm_sv name)
{
    for (size_t i = 0; i < p->n_tables; i++)
        if (sm_sv_eq(p->tables[i].name, name))
            return &p->tables[i];
    if (p->n_tables == p->cap_tables) {
        size_t cap = p->cap_tables == 0 ? 8 : 2 * p->cap_tables;
        sm_project_table *wider = SM_NEW_N(p->a, sm_project_table, cap);

        if (p->n_tables > 0)
            memcpy(wider, p->tables, p->n_tables * sizeof *wider);
        p->tables = wider;
        p->cap_tables = cap;
    }
    p->tables[p->n_tables] = (sm_project_table){ 0 };
    return &p->tables[p->n_tables++];
}

/* The engine opens no folder that it was not told of when it was opened itself. */
static sm_code open_to_engine(sm_project *p, const sm_project_table *was, sm_sv folder,
                              sm_error *err)
{
    if (p->engine == NULL || (was->folder.len > 0 && sm_sv_eq(was->folder, folder)))
        return SM_OK;
    if (p->grown != NULL) /* a run is at work with it */
        return sm_fail(err, SM_E_CONFLICT, 0,
                       "the tables of another pipeline moved while this run was under way; run "
                       "again");
    sm_project_release_engine(p);
    return SM_OK;
}

static sm_code fill(asked *q, sm_error *err)
{
    sm_plan_other *out = q->out;
    const sm_spec *spec = q->other->p.spec;
    sm_sv table = q->table->name.text, folder;
    sm_project_table *t;
    sm_code rc;

    sm_project_bucket_share(q->p, &q->other->p);
    if (q->quarantine)
        table = sm_arena_printf(q->a, "%.*s" SM_PLAN_QUARANTINE, SM_SV_ARG(table));
    folder = folder_of(q->other, table, q->p->a);
    out->name =
        sm_arena_printf(q->p->a, "%.*s.%.*s", SM_SV_ARG(spec->schema.text), SM_SV_ARG(table));
    out->pipeline = sm_arena_dup(q->a, spec->pipeline.text);
    out->replaced = q->table->type.v == SM_TABLE_MATERIALIZED_VIEW;
    out->path = relative(q->p->base_dir, folder, q->a);
    out->place = (sm_plan_place){ sm_arena_dup(q->a, sm_path_base(sm_sv_cstr(q->other->file))),
                                  q->table->name.at.line, q->table->name.at.column };
    t = put_table(q->p, out->name);
    if ((rc = open_to_engine(q->p, t, folder, err)) != SM_OK)
        return rc;
    *t = (sm_project_table){ .name = out->name,
                             .table = sm_arena_dup(q->p->a, table),
                             .file = q->other->file,
                             .folder = folder,
                             .replaced = out->replaced };
    if ((rc = stored_columns(q, t, err)) != SM_OK)
        return rc;
    if (t->head == NULL && (rc = planned_columns(q, err)) != SM_OK)
        return rc;
    return sm_project_reads(q->p, q->other, q->table, q->a, out, err);
}

sm_code sm_project_other(void *project, sm_sv schema, sm_sv name, sm_arena *a, sm_plan_other *out,
                         sm_error *err)
{
    sm_sv ending = SM_SV(SM_PLAN_QUARANTINE);
    asked q = { .p = project, .schema = schema, .name = name, .base = name, .a = a, .out = out };

    q.quarantine = name.len > ending.len &&
                   sm_sv_eq_nocase(sm_sv_sub(name, name.len - ending.len, name.len), ending);
    if (q.quarantine)
        q.base = sm_sv_sub(name, 0, name.len - ending.len);
    if (sm_project_other_find(q.p, schema, q.base, &q.other, err) != SM_OK)
        return err->code;
    if (q.other == NULL)
        no_pipeline(&q);
    else if (judge(&q))
        return fill(&q, err);
    return SM_OK;
}

/* ---- kept plans ------------------------------------------------------------------------ */

sm_json *sm_project_tables_json(const sm_project *p)
{
    sm_json *list = sm_json_array(p->a);

    for (size_t i = 0; i < p->n_tables; i++) {
        const sm_project_table *t = &p->tables[i];
        sm_json *o = sm_json_object(p->a);

        if (t->head == NULL)
            return NULL;
        sm_json_set_string(o, "name", t->name);
        sm_json_set_string(o, "table", t->table);
        sm_json_set_string(o, "file", sm_sv_cstr(t->file));
        sm_json_set_string(o, "folder", t->folder);
        sm_json_set_bool(o, "replaced", t->replaced);
        sm_json_set(o, "head", t->head);
        sm_json_append(list, o);
    }
    return list;
}

/* Its file says of it what it said. */
static bool same_table(sm_project *p, const sm_project_table *t)
{
    sm_other *o = sm_project_other_file(p, t->file);
    sm_sv base = t->table, ending = SM_SV(SM_PLAN_QUARANTINE);
    const sm_spec_table *table;
    bool enabled;

    if (o->p.spec == NULL)
        return false;
    sm_project_bucket_share(p, &o->p);
    if (sm_sv_ends(base, ending) && sm_project_other_table(o, base, &enabled) == NULL)
        base = sm_sv_sub(base, 0, base.len - ending.len);
    table = sm_project_other_table(o, base, &enabled);
    return table != NULL && enabled && !table->is_private.v && table->type.v != SM_TABLE_VIEW &&
           (table->type.v == SM_TABLE_MATERIALIZED_VIEW) == t->replaced &&
           sm_sv_eq(folder_of(o, t->table, p->a), t->folder);
}

static bool same_columns(sm_project *p, sm_project_table *t, const sm_delta_head *head)
{
    const sm_json *now = sm_delta_head_to_json(head, p->a);
    bool same = sm_json_equal(sm_json_get(t->head, "metaData"), sm_json_get(now, "metaData"));

    t->head = now;
    return same;
}

/* The Delta table has the columns that it had. */
static bool holds(sm_project *p, sm_project_table *t)
{
    sm_delta_table *table = NULL;
    sm_delta_head *head = NULL;
    bool same = false, ok;
    sm_error ignored;

    if (!same_table(p, t) || sm_delta_open(t->folder, p->images, &table, &ignored) != SM_OK)
        return false;
    ok = sm_delta_unchanged(table, t->head, &same, &ignored) == SM_OK;
    sm_delta_close(table);
    if (!ok || same)
        return ok;
    p->tables_moved = true;
    ok = load_head(p, t->folder, t->head, false, &head, &ignored) == SM_OK && head != NULL &&
         same_columns(p, t, head);
    sm_delta_head_free(head);
    return ok;
}

bool sm_project_tables_hold(sm_project *p, const sm_json *doc)
{
    for (size_t i = 0; i < sm_json_len(doc); i++) {
        const sm_json *o = sm_json_at(doc, i);
        sm_project_table *t = put_table(p, sm_json_get_sv(o, "name", SM_SV("")));

        *t = (sm_project_table){ .name = sm_json_get_sv(o, "name", SM_SV("")),
                                 .table = sm_json_get_sv(o, "table", SM_SV("")),
                                 .file = sm_arena_cstr(p->a, sm_json_get_sv(o, "file", SM_SV(""))),
                                 .folder = sm_json_get_sv(o, "folder", SM_SV("")),
                                 .replaced = sm_json_get_bool(o, "replaced", false),
                                 .head = sm_json_get(o, "head") };
        if (!holds(p, t)) {
            p->n_tables = 0;
            p->tables_moved = false;
            return false;
        }
    }
    return true;
}
