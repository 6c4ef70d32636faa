/* SPDX-License-Identifier: Apache-2.0 */
/* rows.c -- run a SELECT that a person typed.
 *
 *     read      pipelines/sql judges it by the same list as the queries of a pipeline
 *     compile   names become relations of ours; views of the pipeline are put in place
 *     show      each dataset that is read appears on the session as it is now
 *     bind      faults get their place in the text
 *     run       with a limit of rows, and a thread that interrupts it when the time is over
 *
 * The look is recorded before it begins, and how it ended after it. */
#include "ui/cli/rows.h"

#include <stdio.h>

#include "runtime/base/clock.h"
#include "runtime/base/fs.h"
#include "runtime/base/suggest.h"
#include "runtime/delta/delta.h"
#include "runtime/engine/engine_watch.h"
#include "runtime/sources/sources.h"
#include "ui/cli/audit.h"
#include "ui/cli/exit_code.h"
#include "ui/cli/grid.h"

#define QUERY_FILE "<query>"

typedef struct reader {
    sm_cli *c;
    sm_project *p;
    const sm_rows_request *q;
    sm_session *session;
    sm_sql_engine sql;
    sm_diags *diags;
    bool *used;                 /* per dataset: the query reads it */
    sm_source *sources;         /* per dataset; ops NULL: not open */
    sm_sql_relation *relations; /* what is shown */
    size_t n_relations;
    bool begun; /* the look was recorded */
} reader;

/* ---- names ------------------------------------------------------------------------- */

static sm_sv relation_name(const reader *r, size_t dataset)
{
    return sm_arena_printf(r->c->a, SM_SQL_RELATION "%zu", dataset);
}

static void tell_unknown(const reader *r, const sm_sql_query *q, const sm_sql_ref *ref)
{
    const sm_plan *p = r->p->plan;
    sm_sv *names = SM_NEW_N(r->c->a, sm_sv, p->n_datasets + 1);
    size_t close;

    for (size_t i = 0; i < p->n_datasets; i++)
        names[i] = p->datasets[i].name;
    sm_diag_add(r->diags, "SM0301", sm_text_span(q->text, ref->name_offset, ref->name_len),
                "there is no dataset \"%.*s\" in this pipeline", SM_SV_ARG(ref->name));
    close = sm_suggest(ref->name, names, p->n_datasets);
    if (close < p->n_datasets)
        sm_diag_hint(r->diags, "did you mean \"%.*s\"?", SM_SV_ARG(names[close]));
    else
        sm_diag_hint(r->diags, "`smelt ls` prints the datasets.");
}

/* The dataset that a reference means; NULL, with a diagnostic, when there is none. */
static const sm_plan_dataset *resolve(const reader *r, const sm_sql_query *q, const sm_sql_ref *ref,
                                      bool typed)
{
    const sm_plan_dataset *ds = sm_plan_find(r->p->plan, ref->name);

    if (ref->schema.len > 0 && !sm_sql_same_name(ref->schema, r->p->plan->schema))
        ds = NULL;
    if (ds == NULL)
        tell_unknown(r, q, ref);
    if (ds != NULL && ds->kind == SM_DATASET_SINK) {
        sm_diag_add(r->diags, "SM0309", sm_text_span(q->text, ref->offset, ref->len),
                    "\"%.*s\" is a sink, and its rows have gone", SM_SV_ARG(ds->name));
        sm_diag_hint(r->diags, "Read the table that it sends.");
        return NULL;
    }
    if (ds == NULL || !ref->stream || !typed)
        return ds;
    sm_diag_add(r->diags, "SM0306", sm_text_span(q->text, ref->offset, ref->len),
                "STREAM() has no meaning here: this query reads all rows");
    sm_diag_hint(r->diags, "Write %.*s.", SM_SV_ARG(ref->name));
    return NULL;
}

/* `text` with its references replaced; views are compiled the same way and put in place.  *out
 * is NULL when there are diagnostics. */
static sm_code compile(reader *r, const sm_text *text, bool typed, const sm_sql_query **query,
                       const sm_sql_text **out, sm_error *err)
{
    sm_sql_input in = { SM_SQL_QUERY, text, SM_SV("the query"), r->p->plan->variables };
    sm_arena *a = r->c->a;
    sm_sql_text *made = SM_NEW(a, sm_sql_text);
    sm_sql_leaf *leaves;
    sm_code rc = sm_sql_read(&r->sql, &in, 1, a, r->diags, query, err);

    *out = NULL;
    if (rc != SM_OK || *query == NULL)
        return rc;
    leaves = SM_NEW_N(a, sm_sql_leaf, (*query)->n_refs + 1);
    for (size_t i = 0; rc == SM_OK && i < (*query)->n_refs; i++) {
        const sm_plan_dataset *ds = resolve(r, *query, &(*query)->refs[i], typed);
        const sm_sql_query *inner;
        sm_text *view;

        if (ds == NULL)
            continue;
        leaves[i] = (sm_sql_leaf){ .relation = relation_name(r, sm_plan_index(r->p->plan, ds)),
                                   .alias = (*query)->refs[i].name };
        r->used[sm_plan_index(r->p->plan, ds)] = ds->kind != SM_DATASET_VIEW;
        if (ds->kind != SM_DATASET_VIEW)
            continue;
        view = SM_NEW(a, sm_text);
        *view = sm_text_of(ds->sql_text, sm_arena_cstr(a, ds->name));
        rc = compile(r, view, false, &inner, &leaves[i].view, err);
    }
    if (rc == SM_OK && sm_diags_errors(r->diags) == 0 &&
        sm_sql_compile(*query, leaves, SM_SQL_PLAIN, a, r->diags, made))
        *out = made;
    return rc;
}

/* ---- datasets on the session -------------------------------------------------------- */

static void add_relation(reader *r, sm_sv name, const sm_schema *schema)
{
    r->relations[r->n_relations++] = (sm_sql_relation){ name, schema };
}

static sm_code show_table(reader *r, const sm_plan_dataset *ds, sm_sv name, sm_error *err)
{
    sm_arena *a = r->c->a;
    sm_delta_info *info = SM_NEW(a, sm_delta_info);
    sm_sv root = sm_sv_cstr(sm_path_join(a, r->p->storage_dir, ds->path)), select;
    sm_code rc = sm_delta_relation(root, r->p->images, -1, r->session, a, info, &select, err);

    if (rc == SM_E_NOT_FOUND && sm_dataset_is_side(ds) && ds->known) {
        info->schema = ds->schema; /* no row was set aside yet */
        rc = sm_plan_empty_select(&ds->schema, a, &select, err);
    }
    if (rc == SM_E_NOT_FOUND)
        return sm_fail(err, rc, 0, "table \"%.*s\" was not written yet: `smelt run` does that",
                       SM_SV_ARG(ds->name));
    if (rc != SM_OK)
        return rc;
    sm_session_view(r->session, name, select);
    add_relation(r, name, &info->schema);
    return SM_OK;
}

/* All rows that there are now. */
static sm_code read_whole(reader *r, sm_source *s, sm_sv name, sm_error *err)
{
    const sm_json *position = NULL;
    sm_code rc = sm_source_position(s, r->c->a, &position, err);

    return rc == SM_OK ? sm_source_snapshot(s, position, name, err) : rc;
}

/* Those of the first batch, for a look at a source that is only read as a stream. */
static sm_code read_first(reader *r, sm_source *s, sm_sv name, sm_error *err)
{
    const sm_json *newest = NULL, *end = NULL;
    sm_code rc = sm_source_newest(s, r->c->a, &newest, err);

    if (rc == SM_OK)
        rc = sm_source_latest(s, NULL, newest, r->c->a, &end, err);
    return rc == SM_OK ? sm_source_read(s, NULL, end, name, err) : rc;
}

static sm_code show_source(reader *r, const sm_plan_dataset *ds, sm_source *s, sm_sv name,
                           sm_error *err)
{
    bool preview = r->q->dataset.len > 0;
    sm_code rc;

    *s = (sm_source){ .ops = sm_source_find(sm_sources(), ds->source_type),
                      .name = ds->name,
                      .external = ds->pipeline.len == 0,
                      .base_dir = r->p->base_dir,
                      .connections = r->p->connections,
                      .images = r->p->images,
                      .schema = &ds->schema,
                      .schema_declared = ds->schema_declared,
                      .evolution = ds->evolution,
                      .schema_hints = ds->schema_hints,
                      .metadata = ds->metadata,
                      .on_decode_error = ds->on_decode_error,
                      .arena = r->c->a };
    if ((s->ops->position == NULL && !preview) || !ds->known) {
        s->ops = NULL;
        return sm_fail(err, SM_E_INVALID, 0, "source \"%.*s\" has nothing that could be read %s",
                       SM_SV_ARG(ds->name), ds->known ? "without a flow" : "yet");
    }
    s->config = sm_arena_alloc(r->c->a, s->ops->config_size, _Alignof(max_align_t), 1);
    if ((rc = sm_options_fill(s->ops->options, ds->source_config, s->config, r->c->a, err)) !=
            SM_OK ||
        (rc = sm_source_open(s, err)) != SM_OK)
        return rc;
    s->session = r->session;
    rc = s->ops->position != NULL ? read_whole(r, s, name, err) : read_first(r, s, name, err);
    if (rc == SM_OK)
        add_relation(r, name,
                     s->metadata ? sm_plan_with_metadata(s->schema, ds->source_type, r->c->a)
                                 : s->schema);
    return rc;
}

static sm_code show_datasets(reader *r, sm_error *err)
{
    const sm_plan *p = r->p->plan;
    sm_code rc = SM_OK;

    for (size_t i = 0; rc == SM_OK && i < p->n_datasets; i++) {
        const sm_plan_dataset *ds = &p->datasets[i];

        if (r->used[i] && ds->kind == SM_DATASET_SOURCE)
            rc = show_source(r, ds, &r->sources[i], relation_name(r, i), err);
        else if (r->used[i])
            rc = show_table(r, ds, relation_name(r, i), err);
    }
    return rc;
}

/* ---- run ------------------------------------------------------------------------------ */

/* The time counts from here: a source may be slow to open, a query slow to bind. */
static sm_code fetch_watched(reader *r, const sm_sql_query *query, const sm_sql_text *made,
                             sm_json **doc, sm_error *err)
{
    sm_schema columns;
    bool ok = false;
    sm_code rc;

    sm_session_set_time(r->session, sm_clock_now_ms());
    if ((rc = show_datasets(r, err)) != SM_OK ||
        (rc = sm_sql_bind(&r->sql, query, made, r->relations, r->n_relations, r->c->a, r->diags,
                          &columns, &ok, err)) != SM_OK ||
        !ok)
        return rc;
    if ((rc = sm_audit(r->p, r->q->action, r->q->dataset, SM_SV(""), err)) != SM_OK)
        return rc;
    r->begun = true;
    return sm_view_rows(r->session, made->text, r->q->limit, r->c->a, doc, err);
}

static sm_code audit_end(reader *r, const sm_json *doc, sm_code rc, sm_error *err)
{
    if (rc == SM_OK)
        return sm_audit(r->p, r->q->action, r->q->dataset,
                        sm_arena_printf(r->c->a, "%zu rows", sm_json_len(sm_json_get(doc, "rows"))),
                        err);
    (void)sm_audit(r->p, r->q->action, r->q->dataset, sm_sv_cstr(err->msg), &(sm_error){ 0 });
    return rc;
}

/* Everything up to the rows.  *doc stays NULL when there are diagnostics. */
static sm_code fetch(reader *r, sm_json **doc, sm_error *err)
{
    sm_text *text = SM_NEW(r->c->a, sm_text);
    const sm_sql_query *query = NULL;
    const sm_sql_text *made;
    sm_watchdog *dog;
    sm_engine *e;
    sm_code rc;

    *text = sm_text_of(r->q->sql, QUERY_FILE);
    if ((rc = compile(r, text, true, &query, &made, err)) != SM_OK || made == NULL)
        return rc;
    if ((rc = sm_project_engine(r->p, &e, err)) != SM_OK ||
        (rc = sm_session_open(e, &r->session, err)) != SM_OK ||
        (rc = sm_watchdog_start(r->session, SM_ROWS_SECONDS * 1000, &dog, err)) != SM_OK)
        return rc;
    rc = fetch_watched(r, query, made, doc, err);
    if (sm_watchdog_end(dog) && rc == SM_E_CANCELLED)
        rc = sm_fail(err, SM_E_TIMEOUT, 0, "the query took longer than %d s", SM_ROWS_SECONDS);
    return r->begun ? audit_end(r, *doc, rc, err) : rc;
}

/* ---- print ------------------------------------------------------------------------------ */

/* How many digits a DECIMAL has behind its point; -1 for other types. */
static int scale_of(sm_arena *a, sm_sv type, bool *number)
{
    sm_sqltype *t;
    sm_error ignored;

    *number = false;
    if (sm_sqltype_parse(type, a, &t, &ignored) != SM_OK)
        return -1;
    *number = t->kind >= SM_SQLTYPE_TINYINT && t->kind <= SM_SQLTYPE_DECIMAL;
    return t->kind == SM_SQLTYPE_DECIMAL ? t->scale : -1;
}

/* The shortest text that reads back as the same number. */
static sm_sv real_text(sm_arena *a, double v, int scale)
{
    sm_sv text;
    double back;

    if (scale >= 0)
        return sm_arena_printf(a, "%.*f", scale, v);
    for (int digits = 15; digits < 17; digits++) {
        text = sm_arena_printf(a, "%.*g", digits, v);
        if (sm_sv_to_double(text, &back) && !(back < v) && !(back > v))
            return text;
    }
    return sm_arena_printf(a, "%.17g", v);
}

static void add_cell(const sm_cli *c, sm_grid *g, const sm_json *v, int scale)
{
    if (sm_json_is_null(v))
        sm_grid_tone(g, SM_TONE_DIM, SM_SV("NULL"));
    else if (sm_json_is_string(v))
        sm_grid_cell(g, sm_json_sv(v));
    else if (sm_json_is_number(v) && (scale >= 0 || sm_json_is_real(v)))
        sm_grid_cell(g, real_text(c->a, sm_json_real_value(v), scale));
    else
        sm_grid_cell(g, sm_json_text(v, c->a));
}

int sm_rows_print(const sm_cli *c, const sm_json *doc)
{
    const sm_json *columns = sm_json_get(doc, "columns"), *rows = sm_json_get(doc, "rows");
    int *scales = SM_NEW_N(c->a, int, sm_json_len(columns) + 1);
    sm_grid *g = sm_grid_new(c, "");
    sm_buf b;

    sm_grid_row(g);
    for (size_t i = 0; i < sm_json_len(columns); i++) {
        const sm_json *column = sm_json_at(columns, i);
        bool number;

        scales[i] = scale_of(c->a, sm_json_get_sv(column, "type", SM_SV("")), &number);
        sm_grid_align(g, i, number ? 'r' : 'l');
        sm_grid_tone(g, SM_TONE_DIM, sm_json_get_sv(column, "name", SM_SV("")));
    }
    for (size_t k = 0; k < sm_json_len(rows); k++) {
        sm_grid_row(g);
        for (size_t i = 0; i < sm_json_len(columns); i++)
            add_cell(c, g, sm_json_at(sm_json_at(rows, k), i), scales[i]);
    }
    sm_buf_init(&b, SM_LOOK_OUT_MAX);
    sm_grid_print(g, 0, &b);
    if (sm_json_len(rows) == 0 && !c->quiet)
        fprintf(stderr, "smelt: there are no rows\n");
    return sm_cli_out(&b);
}

static int print_faults(const reader *r)
{
    sm_buf b;

    sm_diags_source(r->diags, QUERY_FILE, r->q->sql);
    sm_buf_init(&b, 1024 * 1024);
    sm_diags_print(r->diags, r->c->color_err, &b);
    fwrite(b.ptr, 1, b.len, stderr);
    sm_buf_release(&b);
    return SM_EXIT_USAGE;
}

static void close_reader(reader *r)
{
    for (size_t i = 0; i < r->p->plan->n_datasets; i++) {
        if (r->sources[i].ops == NULL)
            continue;
        r->sources[i].session = NULL;
        sm_source_close(&r->sources[i]);
    }
    sm_session_close(r->session);
}

static reader make_reader(sm_cli *c, sm_project *p, const sm_rows_request *q)
{
    size_t n = p->plan->n_datasets + 1;

    return (reader){ .c = c,
                     .p = p,
                     .q = q,
                     .sql = sm_project_sql(p),
                     .diags = sm_diags_new(c->a),
                     .used = SM_NEW_N(c->a, bool, n),
                     .sources = SM_NEW_N(c->a, sm_source, n),
                     .relations = SM_NEW_N(c->a, sm_sql_relation, n) };
}

sm_code sm_rows_fetch(sm_cli *c, sm_project *p, const sm_rows_request *q, sm_json **out,
                      sm_error *err)
{
    reader r = make_reader(c, p, q);
    sm_code rc;

    *out = NULL;
    rc = fetch(&r, out, err);
    if (rc == SM_OK && *out == NULL)
        rc = sm_fail(err, SM_E_SQL, 0, "%.*s",
                     SM_SV_ARG(sm_diags_count(r.diags) > 0 ? sm_diags_at(r.diags, 0)->message
                                                           : SM_SV("the query is not valid")));
    close_reader(&r);
    return rc;
}

int sm_rows_show(sm_cli *c, sm_project *p, const sm_rows_request *q)
{
    reader r = make_reader(c, p, q);
    sm_json *doc = NULL;
    sm_error err;
    int status;

    if (fetch(&r, &doc, &err) != SM_OK)
        status = sm_cli_fail(c, &err, err.code == SM_E_CORRUPT ? "smelt doctor" : NULL);
    else if (doc == NULL)
        status = print_faults(&r);
    else
        status = c->json ? sm_cli_out_json(c, doc) : sm_rows_print(c, doc);
    if (doc != NULL && sm_json_get_bool(doc, "truncated", false) && !c->quiet)
        fprintf(stderr, "smelt: these are the first %lld rows; there are more\n",
                (long long)q->limit);
    close_reader(&r);
    return status;
}
