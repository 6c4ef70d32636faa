/* SPDX-License-Identifier: Apache-2.0 */
/* steps_open.c -- the pipeline of a test, with its inputs replaced.
 *
 *     the file's spec    as the user wrote it; sources that get files have a folder of the test
 *     first plan         only when tables or views are replaced: which columns they have
 *     second spec        those are sources now, and no tables
 *     the plan           of it; every source that gets no files gives the rows of the test
 *
 * So the planner judges what runs, and nothing below it knows of tests. */
#include <string.h>

#include "runtime/base/fs.h"
#include "runtime/base/suggest.h"
#include "ui/cli/steps_files.h"
#include "ui/cli/steps_int.h"
#include "ui/cli/steps_source.h"

static const sm_spec_unit given_unit = { .name = "given", .summary = "", .supported = true };

/* ---- names ------------------------------------------------------------------------- */

const sm_steps_input *sm_steps__input(const sm_steps *s, sm_sv said)
{
    for (size_t i = 0; i < s->n_inputs; i++)
        if (sm_sv_eq_nocase(s->inputs[i].said, said))
            return &s->inputs[i];
    return NULL;
}

static sm_spec_source *find_source(const sm_spec *spec, sm_sv name)
{
    for (size_t i = 0; i < spec->sources.n; i++)
        if (sm_sv_eq_nocase(spec->sources.items[i].name.text, name))
            return &spec->sources.items[i];
    return NULL;
}

static const sm_spec_table *find_table(const sm_spec *spec, sm_sv name)
{
    for (size_t i = 0; i < spec->tables.n; i++)
        if (sm_sv_eq_nocase(spec->tables.items[i].name.text, name))
            return &spec->tables.items[i];
    return NULL;
}

void sm_steps__unknown(sm_steps *s, sm_span at, sm_sv name, const char *what, const sm_sv *names,
                       size_t n)
{
    size_t near = sm_suggest(name, names, n);
    sm_sv all = SM_SV("");

    sm_diag_add(s->d, "SM0154", at, "there is no %s \"%.*s\"", what, SM_SV_ARG(name));
    for (size_t i = 0; i < n && i < 20; i++)
        all = sm_arena_printf(s->a, "%.*s%s%.*s", SM_SV_ARG(all), i > 0 ? ", " : "",
                              SM_SV_ARG(names[i]));
    if (near < n)
        sm_diag_hint(s->d, "did you mean \"%.*s\"?", SM_SV_ARG(names[near]));
    else
        sm_diag_hint(s->d, "there is %.*s", SM_SV_ARG(all));
}

static void tell_no_input(sm_steps *s, const sm_yaml_node *key, bool files)
{
    const sm_spec *spec = s->real;
    sm_sv *names = SM_NEW_N(s->a, sm_sv, spec->sources.n + spec->tables.n + 1);
    size_t n = 0;

    for (size_t i = 0; i < spec->sources.n; i++)
        if (!files || sm_sv_eq_str(spec->sources.items[i].type.text, "files"))
            names[n++] = spec->sources.items[i].name.text;
    for (size_t i = 0; !files && i < spec->tables.n; i++)
        names[n++] = spec->tables.items[i].name.text;
    sm_steps__unknown(s, sm_yaml_span(key), key->text,
                      files ? "source of files" : "source, table or view", names, n);
}

static void add_input(sm_steps *s, const sm_yaml_node *key, bool files)
{
    const sm_spec_source *source = find_source(s->real, key->text);
    const sm_spec_table *table = find_table(s->real, key->text);
    const sm_steps_input *known = sm_steps__input(s, key->text);
    bool foreign = sm_sv_find_char(key->text, '.') > 0; /* judged when the plan is there */

    if (known != NULL && known->files != files)
        sm_diag_add(s->d, "SM0123", sm_yaml_span(key),
                    "\"%.*s\" gets rows and files; a test gives it one or the other",
                    SM_SV_ARG(key->text));
    if (known != NULL)
        return;
    if ((source == NULL && (table == NULL || files) && (!foreign || files)) ||
        (files && !sm_sv_eq_str(source->type.text, "files"))) {
        tell_no_input(s, key, files);
        return;
    }
    if (s->n_inputs == s->cap_inputs) {
        size_t cap = s->cap_inputs == 0 ? 8 : 2 * s->cap_inputs;
        sm_steps_input *wider = SM_NEW_N(s->a, sm_steps_input, cap);

        if (s->n_inputs > 0)
            memcpy(wider, s->inputs, s->n_inputs * sizeof *wider);
        s->inputs = wider;
        s->cap_inputs = cap;
    }
    s->inputs[s->n_inputs++] = (sm_steps_input){
        .said = key->text,
        .name = source != NULL  ? source->name.text
                : table != NULL ? table->name.text
                                : key->text,
        .source = table == NULL,
        .files = files,
        .at = sm_yaml_span(key),
    };
}

static void add_inputs(sm_steps *s, const sm_yaml_node *map, bool files)
{
    for (size_t i = 0; map != NULL && i < map->n; i++)
        add_input(s, map->items[2 * i], files);
}

static void collect_inputs(sm_steps *s)
{
    const sm_suite_test *t = s->q->test;

    add_inputs(s, t->given.v, false);
    for (size_t i = 0; i < t->steps.n; i++) {
        add_inputs(s, t->steps.items[i].ingest.v, false);
        add_inputs(s, t->steps.items[i].ingest_files.v, true);
    }
}

static bool is_replaced(const sm_steps *s, sm_sv name)
{
    for (size_t i = 0; i < s->n_inputs; i++)
        if (!s->inputs[i].source && sm_sv_eq_nocase(s->inputs[i].name, name))
            return true;
    return false;
}

/* ---- the spec ---------------------------------------------------------------------- */

static sm_spec *copy_spec(sm_steps *s, const sm_spec *from)
{
    sm_spec *to = SM_NEW(s->a, sm_spec);

    *to = *from;
    to->sinks = (sm_spec_sinks){ 0 }; /* a test sends nothing */
    to->sources.items = SM_NEW_N(s->a, sm_spec_source, from->sources.n + s->n_inputs + 1);
    if (from->sources.n > 0)
        memcpy(to->sources.items, from->sources.items,
               from->sources.n * sizeof *from->sources.items);
    return to;
}

/* Where the files of the test go, and the path by which the source finds them. */
static void redirect_files(sm_steps *s, sm_spec *spec)
{
    for (size_t i = 0; i < s->n_inputs; i++) {
        sm_spec_source *source = s->inputs[i].files ? find_source(spec, s->inputs[i].name) : NULL;
        sm_json *options;

        if (source == NULL)
            continue;
        options = sm_json_copy(s->a, source->options);
        sm_json_set_string(options, "path", sm_steps__files_path(s, "files", source));
        source->options = options;
    }
}

/* Checks that look up rows of a table which is replaced have nothing to look at. */
static sm_spec_table without_checks(sm_steps *s, const sm_spec_table *t)
{
    sm_spec_table out = *t;

    out.expectations.items = SM_NEW_N(s->a, sm_spec_rule, t->expectations.n + 1);
    out.expectations.n = 0;
    for (size_t i = 0; i < t->expectations.n; i++)
        if (!is_replaced(s, t->expectations.items[i].foreign_key.to.text))
            out.expectations.items[out.expectations.n++] = t->expectations.items[i];
    out.columns.items = SM_NEW_N(s->a, sm_spec_table_column, t->columns.n + 1);
    for (size_t i = 0; i < t->columns.n; i++) {
        const sm_spec_tests *tests = &t->columns.items[i].tests;
        sm_spec_table_column *c = &out.columns.items[i];

        *c = t->columns.items[i];
        c->tests.items = SM_NEW_N(s->a, sm_spec_test, tests->n + 1);
        c->tests.n = 0;
        for (size_t k = 0; k < tests->n; k++)
            if (!is_replaced(s, tests->items[k].to.text))
                c->tests.items[c->tests.n++] = tests->items[k];
    }
    return out;
}

static sm_spec_source given_source(sm_steps *s, const sm_steps_input *in)
{
    const sm_spec_table *t = find_table(s->real, in->name);

    return (sm_spec_source){ .name = t->name,
                             .type = { .text = SM_SV("given"), .at = t->name.at },
                             .unit = &given_unit,
                             .options = sm_json_object(s->a),
                             .origins = sm_json_object(s->a),
                             .schema_hints = { .text = SM_SV("") },
                             .evolution = { .v = SM_EVOLUTION_NONE },
                             .on_decode_error = { .v = SM_DECODE_FAIL },
                             .at = t->at };
}

static const sm_spec *replace_tables(sm_steps *s, const sm_spec *from)
{
    sm_spec *to = copy_spec(s, from);

    to->tables.items = SM_NEW_N(s->a, sm_spec_table, from->tables.n + 1);
    to->tables.n = 0;
    for (size_t i = 0; i < from->tables.n; i++)
        if (!is_replaced(s, from->tables.items[i].name.text))
            to->tables.items[to->tables.n++] = without_checks(s, &from->tables.items[i]);
    for (size_t i = 0; i < s->n_inputs; i++)
        if (!s->inputs[i].source)
            to->sources.items[to->sources.n++] = given_source(s, &s->inputs[i]);
    return to;
}

/* ---- columns ----------------------------------------------------------------------- */

static sm_code copy_schema(const sm_schema *from, sm_arena *a, sm_schema *out, sm_error *err)
{
    out->columns = SM_NEW_N(a, sm_column, from->n + 1);
    out->n = from->n;
    for (size_t i = 0; i < from->n; i++) {
        sm_sqltype *type;

        out->columns[i] = from->columns[i];
        if (sm_sqltype_parse(from->columns[i].type, a, &type, err) != SM_OK)
            return err->code;
        out->columns[i].type = sm_sqltype_view_text(type, a);
    }
    return SM_OK;
}

/* For the case that a query does not fit them. */
static void note_inferred(sm_steps *s, sm_sv source, const sm_schema *columns)
{
    sm_sv names = SM_SV(""), line;

    for (size_t i = 0; i < columns->n; i++)
        names = sm_arena_printf(s->a, "%.*s%s%.*s", SM_SV_ARG(names), i > 0 ? ", " : "",
                                SM_SV_ARG(columns->columns[i].name));
    line = sm_arena_printf(s->a, "   note: \"%.*s\" has the columns of its rows in %s: %.*s\n",
                           SM_SV_ARG(source), s->q->suite->file, SM_SV_ARG(names));
    if (columns->n > 0 && sm_sv_find(s->inferred, line) < 0)
        s->inferred = sm_arena_printf(s->a, "%.*s%.*s", SM_SV_ARG(s->inferred), SM_SV_ARG(line));
}

/* `columns_of` of the project: what a source that declares no columns has. */
static sm_code columns_of(void *ctx, const sm_spec_source *source, sm_arena *a, sm_schema *out,
                          sm_error *err)
{
    sm_steps *s = ctx;
    const sm_steps_input *in = NULL;
    sm_code rc;

    for (size_t i = 0; i < s->n_inputs; i++)
        if (sm_sv_eq_nocase(s->inputs[i].name, source->name.text))
            in = &s->inputs[i];
    if (in != NULL && !in->source)
        return copy_schema(&in->rows, a, out, err);
    if (in != NULL && in->files)
        return sm_steps__infer_files(s, source, a, out, err);
    if ((rc = sm_steps__infer(s, source->name.text, source, a, out, err)) == SM_OK)
        note_inferred(s, source->name.text, out);
    return rc;
}

/* What a table has that is replaced: what its queries give, else what its rows look like. */
static sm_code replaced_columns(sm_steps *s, const sm_plan *plan, sm_error *err)
{
    sm_code rc = SM_OK;

    for (size_t i = 0; rc == SM_OK && i < s->n_inputs; i++) {
        sm_steps_input *in = &s->inputs[i];
        const sm_plan_dataset *ds = sm_plan_find(plan, in->name);

        if (in->source || ds == NULL)
            continue;
        if (ds->known)
            in->rows = ds->schema;
        else
            rc = sm_steps__infer(s, in->said, NULL, s->a, &in->rows, err);
    }
    return rc;
}

/* ---- the plan ---------------------------------------------------------------------- */

sm_sv sm_steps__rows_file(const sm_steps *s, sm_sv name)
{
    return sm_arena_printf(s->a, "%s/given/%.*s.rows", s->q->folder, SM_SV_ARG(name));
}

static bool reads_files(const sm_steps *s, sm_sv name)
{
    for (size_t i = 0; i < s->n_inputs; i++)
        if (s->inputs[i].files && sm_sv_eq_nocase(s->inputs[i].name, name))
            return true;
    return false;
}

static const sm_plan *with_rows(const sm_steps *s, const sm_plan *from)
{
    sm_plan *to = SM_NEW(s->a, sm_plan);
    sm_plan_dataset *datasets = SM_NEW_N(s->a, sm_plan_dataset, from->n_datasets + 1);

    for (size_t i = 0; i < from->n_datasets; i++) {
        sm_plan_dataset *ds = &datasets[i];
        sm_json *config = sm_json_object(s->a);

        *ds = from->datasets[i];
        if (ds->kind != SM_DATASET_SOURCE || reads_files(s, ds->name))
            continue;
        sm_json_set_string(config, "path", sm_steps__rows_file(s, ds->name));
        sm_json_set_string(config, "instead_of", ds->source_type);
        ds->source_type = SM_SV("given");
        ds->source_config = config;
        ds->pipeline = SM_SV("");
    }
    *to = *from;
    to->datasets = datasets;
    return to;
}

sm_code sm_steps__replan(void *steps, sm_sv source, const sm_schema *schema, const sm_plan **out,
                         sm_error *err)
{
    sm_steps *s = steps;
    sm_code rc = sm_project_replan(&s->p, source, schema, out, err);

    if (rc == SM_OK)
        *out = with_rows(s, *out);
    return rc;
}

static sm_code compile(sm_steps *s, const sm_spec *spec, bool *ok, sm_error *err)
{
    sm_diags *d = sm_diags_new(s->a);
    sm_code rc;

    for (size_t i = 0; i < spec->docs.n; i++)
        sm_diags_source(d, spec->docs.items[i].file, spec->docs.items[i].text);
    s->p.diags = d;
    s->p.spec = spec;
    s->p.plan = NULL;
    rc = sm_project_plan(&s->p, err);
    *ok = rc == SM_OK && s->p.plan != NULL && sm_diags_errors(d) == 0;
    return rc;
}

/* Names with a dot are tables of other pipelines, which only the plan knows. */
static void judge_foreign(sm_steps *s)
{
    for (size_t i = 0; i < s->n_inputs; i++)
        if (sm_plan_find(s->plan, s->inputs[i].name) == NULL)
            sm_diag_add(s->d, "SM0154", s->inputs[i].at, "nothing here reads a table \"%.*s\"",
                        SM_SV_ARG(s->inputs[i].said));
}

static sm_code make_plan(sm_steps *s, bool *ok, sm_error *err)
{
    sm_spec *spec = copy_spec(s, s->real);
    bool replaced = false;
    sm_code rc;

    redirect_files(s, spec);
    for (size_t i = 0; i < s->n_inputs; i++)
        replaced |= !s->inputs[i].source;
    if ((rc = compile(s, spec, ok, err)) != SM_OK || !*ok)
        return rc;
    if (replaced && ((rc = replaced_columns(s, s->p.plan, err)) != SM_OK ||
                     (rc = compile(s, replace_tables(s, spec), ok, err)) != SM_OK || !*ok))
        return rc;
    s->plan = with_rows(s, s->p.plan);
    return SM_OK;
}

/* ---- what runs --------------------------------------------------------------------- */

static void mark(sm_steps *s, size_t ds, bool *marked)
{
    const sm_plan_dataset *d = &s->plan->datasets[ds];

    if (marked[ds])
        return;
    marked[ds] = true;
    if (sm_dataset_is_side(d))
        mark(s, d->owner, marked);
    for (size_t i = 0; i < d->n_reads; i++)
        mark(s, d->reads[i], marked);
}

/* The tables that the test looks at, and what they are made of; without any, all. */
static void select_tables(sm_steps *s)
{
    const sm_suite_test *t = s->q->test;
    size_t n = s->plan->n_datasets;
    bool *wanted = SM_NEW_N(s->a, bool, n + 1), any = false;

    s->selected = SM_NEW_N(s->a, bool, n + 1);
    sm_steps__wanted(s, &t->expect, wanted);
    for (size_t i = 0; i < t->steps.n; i++)
        if (t->steps.items[i].expect.at.line != 0)
            sm_steps__wanted(s, &t->steps.items[i].expect, wanted);
    for (size_t i = 0; i < n; i++)
        any |= wanted[i];
    for (size_t i = 0; i < n; i++)
        if (wanted[i] || !any)
            mark(s, i, s->selected);
}

/* A flow without columns would not run, and the test would see an empty table. */
static void judge_columns(sm_steps *s)
{
    for (size_t i = 0; i < s->plan->n_datasets; i++) {
        const sm_plan_dataset *ds = &s->plan->datasets[i];

        if (!s->selected[i] || ds->kind != SM_DATASET_SOURCE || ds->known)
            continue;
        sm_diag_add(
            s->d, "SM0156", s->q->test->name.at,
            "the columns of \"%.*s\" are not known: it has no `schema`, and no test of this "
            "file gives it rows",
            SM_SV_ARG(ds->name));
        sm_diag_hint(s->d, "give it a row in some test of the file, or a `schema` in the pipeline");
    }
}

sm_code sm_steps__open(sm_steps *s, bool *ok, sm_error *err)
{
    sm_code rc;

    *ok = false;
    if ((rc = sm_project_open(&s->p, s->q->c, s->q->pipeline, err)) != SM_OK)
        return rc;
    s->real = s->p.spec;
    s->p.one_thread = true; /* other tests run beside this one */
    s->p.share = 4;
    if (s->real == NULL || sm_diags_errors(s->p.diags) > 0)
        return SM_OK;
    s->p.storage_dir = sm_arena_printf(s->a, "%s/lake", s->q->folder);
    s->p.state_dir = sm_arena_printf(s->a, "%s/lake/.smelt", s->q->folder);
    s->p.columns_of = columns_of;
    s->p.columns_ctx = s;
    collect_inputs(s);
    if (sm_diags_errors(s->d) > 0)
        return SM_OK;
    if ((rc = make_plan(s, ok, err)) != SM_OK || !*ok)
        return rc;
    judge_foreign(s);
    select_tables(s);
    judge_columns(s);
    s->tables = SM_NEW_N(s->a, sm_steps_table, s->plan->n_datasets + 1);
    for (size_t i = 0; i < s->plan->n_datasets; i++)
        s->tables[i].version = s->tables[i].before = s->tables[i].seen = -1;
    *ok = sm_diags_errors(s->d) == 0;
    return SM_OK;
}
