/* SPDX-License-Identifier: Apache-2.0 */
/* plan_streaming.c -- watermarks, duplicates, and what a batch does to its table.
 *
 * A watermark belongs to a dataset that is read.  At a source or a view it is of its own rows, and
 * holds for whoever reads them; at a table it is of the table's streaming inputs, as the query
 * names them.  No row has two (semantics.md, B8): a watermark over a view that carries one, because
 * it or something that it streams has one, is a fault.  A table that is read carries none: its rows
 * are stored.
 */
#include "pipelines/plan/plan_int.h"
#include "runtime/base/sqltext.h"
#include "runtime/base/suggest.h"

/* ---- what the spec says ------------------------------------------------------------ */

static sm_plan_watermark watermark_of(const sm_spec_watermark *w, size_t input)
{
    return (sm_plan_watermark){
        .input = input,
        .column = w->column.text,
        .delay_us = w->delay.v,
        .idle_us = w->idle_timeout.v,
        .max_future_us = w->max_future.at.line != 0 ? w->max_future.v : -1,
        .place = sm_plan__place(&w->at),
    };
}

void sm_plan__add_source_watermark(plan_builder *b, size_t ds)
{
    const sm_spec_watermark *w = &b->nodes[ds].source->watermark;
    sm_plan_watermark *own;

    if (w->at.line == 0)
        return;
    own = SM_NEW(b->a, sm_plan_watermark);
    *own = watermark_of(w, ds);
    b->datasets[ds].watermarks = b->nodes[ds].watermarks = own;
    b->datasets[ds].n_watermarks = 1;
}

static sm_stage_mode mode_of(int output_mode)
{
    static const sm_stage_mode modes[] = { [SM_OUTPUT_APPEND] = SM_STAGE_APPEND,
                                           [SM_OUTPUT_UPDATE] = SM_STAGE_UPDATE,
                                           [SM_OUTPUT_COMPLETE] = SM_STAGE_COMPLETE };

    return modes[output_mode];
}

static void set_flow(sm_plan_flow *f, const sm_spec_table *t)
{
    if (f->kind == SM_FLOW_OVERWRITE)
        return;
    f->output_mode = mode_of(t->output_mode.v);
    f->watermark_max = t->watermark_policy.v == SM_WATERMARK_MAX;
    f->no_data_batches = t->no_data_batches.v;
    f->keeps_late = t->late_rows.v == SM_LATE_ROWS_QUARANTINE;
}

void sm_plan__add_streaming(plan_builder *b, size_t ds)
{
    const sm_spec_table *t = b->nodes[ds].table;
    sm_plan_dataset *table = &b->datasets[ds];
    sm_plan_watermark *list = SM_NEW_N(b->a, sm_plan_watermark, t->watermark.n + 1);

    if (table->kind == SM_DATASET_MATERIALIZED_VIEW)
        return;
    for (size_t i = 0; i < t->watermark.n; i++)
        list[i] = watermark_of(&t->watermark.items[i], ds);
    table->watermarks = b->nodes[ds].watermarks = list;
    table->n_watermarks = t->watermark.n;
    if (t->deduplicate.at.line != 0) {
        sm_plan_deduplicate *d = SM_NEW(b->a, sm_plan_deduplicate);

        *d = (sm_plan_deduplicate){ .keys = sm_plan__list(b->a, &t->deduplicate.keys),
                                    .within_watermark = t->deduplicate.within_watermark.v,
                                    .place = sm_plan__place(&t->deduplicate.at) };
        table->deduplicate = d;
    }
    for (size_t i = 0; i < table->n_flows; i++)
        set_flow(&b->flows[table->flow + i], t);
}

/* ---- columns ----------------------------------------------------------------------- */

static void hint_near(plan_builder *b, sm_sv name, const sm_schema *schema)
{
    sm_sv *names = SM_NEW_N(b->scratch, sm_sv, schema->n + 1);
    size_t near;

    for (size_t i = 0; i < schema->n; i++)
        names[i] = schema->columns[i].name;
    near = sm_suggest(name, names, schema->n);
    if (near < schema->n)
        sm_diag_hint(b->d, "did you mean \"%.*s\"?", SM_SV_ARG(names[near]));
}

/* What makes a TIMESTAMP of a column. */
static sm_sv cast_of(plan_builder *b, const sm_column *column, const sm_sqltype *type)
{
    const char *before = "CAST(", *behind = " AS TIMESTAMP)";
    sm_buf out;
    sm_sv text;

    if (type->kind == SM_SQLTYPE_TIMESTAMPTZ) {
        before = "";
        behind = " AT TIME ZONE 'UTC'";
    } else if (type->kind == SM_SQLTYPE_BIGINT || type->kind == SM_SQLTYPE_INTEGER) {
        before = "make_timestamp(";
        behind = " * 1000000)";
    } else if (type->kind == SM_SQLTYPE_STRUCT) { /* a window */
        before = "";
        behind = ".\"end\" - INTERVAL 1 MICROSECOND";
    }
    sm_buf_init(&out, 4096);
    sm_buf_adds(&out, before);
    sm_sql_ident(&out, column->name);
    sm_buf_adds(&out, behind);
    text = sm_arena_dup(b->scratch, sm_buf_sv(&out));
    sm_buf_release(&out);
    return text;
}

static void tell_type(plan_builder *b, const sm_spec_watermark *w, const sm_column *column,
                      const sm_sqltype *type, const sm_plan_dataset *of, bool own)
{
    sm_sv cast = cast_of(b, column, type);

    sm_diag_add(b->d, "SM0540", w->column.at,
                "column \"%.*s\" of \"%.*s\" is %.*s, and an event time is TIMESTAMP",
                SM_SV_ARG(column->name), SM_SV_ARG(of->name), SM_SV_ARG(column->type));
    if (own && of->kind == SM_DATASET_VIEW)
        sm_diag_hint(b->d, "write %.*s in the query of the view", SM_SV_ARG(cast));
    else
        sm_diag_hint(
            b->d,
            "put the watermark at a view that makes one: SELECT *, %.*s AS event_time FROM "
            "STREAM(%.*s)",
            SM_SV_ARG(cast), SM_SV_ARG(of->name));
}

/* The column of `w` among those of its input. */
static void judge_column(plan_builder *b, const sm_spec_watermark *w, sm_plan_watermark *out,
                         const sm_schema *schema, bool own)
{
    const sm_plan_dataset *of = &b->datasets[out->input];
    ptrdiff_t at = sm_schema_find(schema, w->column.text);
    sm_sqltype *type;
    sm_error err;

    if (at < 0) {
        sm_diag_add(b->d, "SM0541", w->column.at, "\"%.*s\" has no column \"%.*s\"",
                    SM_SV_ARG(of->name), SM_SV_ARG(w->column.text));
        hint_near(b, w->column.text, schema);
        return;
    }
    out->column = schema->columns[at].name;
    if (sm_sqltype_parse(schema->columns[at].type, b->scratch, &type, &err) == SM_OK &&
        type->kind != SM_SQLTYPE_TIMESTAMP)
        tell_type(b, w, &schema->columns[at], type, of, own);
}

/* ---- two watermarks ---------------------------------------------------------------- */

/* The watermark that rows of `ds` carry when it is read as a stream; NULL: they carry none. */
static const sm_spec_watermark *carried(const plan_builder *b, size_t ds)
{
    const plan_node *node = &b->nodes[ds];
    const plan_query *q;

    if (node->failed)
        return NULL;
    if (node->source)
        return node->source->watermark.at.line != 0 ? &node->source->watermark : NULL;
    if (b->datasets[ds].kind != SM_DATASET_VIEW)
        return NULL;
    if (node->table->watermark.n > 0)
        return &node->table->watermark.items[0];
    q = &node->queries[0];
    for (size_t i = 0; i < q->read->n_refs; i++) {
        const sm_spec_watermark *w = q->streaming[i] ? carried(b, q->datasets[i]) : NULL;

        if (w)
            return w;
    }
    return NULL;
}

static void tell_second(plan_builder *b, const sm_spec_watermark *w, const sm_spec_watermark *first,
                        sm_sv of)
{
    sm_diag_add(b->d, "SM0542", w->at, "the rows of \"%.*s\" have a watermark already",
                SM_SV_ARG(of));
    sm_diag_see(b->d, first->at, "it stands here");
    sm_diag_hint(b->d, "leave out one of the two");
}

/* ---- sources and views ------------------------------------------------------------- */

static void judge_source(plan_builder *b, size_t ds)
{
    sm_plan_dataset *source = &b->datasets[ds];
    const sm_schema *schema = &source->schema;

    if (source->n_watermarks == 0 || !source->known)
        return;
    if (source->metadata)
        schema = sm_plan_with_metadata(schema, source->source_type, b->scratch);
    judge_column(b, &b->nodes[ds].source->watermark, b->nodes[ds].watermarks, schema, true);
}

static void judge_view(plan_builder *b, size_t ds)
{
    sm_plan_dataset *view = &b->datasets[ds];
    const plan_query *q = &b->nodes[ds].queries[0];
    const sm_spec_watermark *w = b->nodes[ds].table->watermark.items, *first = NULL;

    if (view->n_watermarks == 0)
        return;
    if (!b->nodes[ds].streaming) {
        sm_diag_add(b->d, "SM0543", w->at, "view \"%.*s\" reads no stream", SM_SV_ARG(view->name));
        sm_diag_hint(b->d, "a watermark moves with new rows: read STREAM(x), or leave it out");
        return;
    }
    for (size_t i = 0; !first && i < q->read->n_refs; i++)
        first = q->streaming[i] ? carried(b, q->datasets[i]) : NULL;
    if (first)
        tell_second(b, w, first, view->name);
    if (view->known)
        judge_column(b, w, b->nodes[ds].watermarks, &view->schema, true);
}

/* ---- tables ------------------------------------------------------------------------ */

/* A dataset that some query of the table reads as a stream, and the query. */
typedef struct stream_input {
    size_t dataset;
    const plan_query *query;
    sm_sv qualified;                /* as another pipeline's tables are named */
    const sm_spec_watermark *taken; /* the watermark that the table gives it */
} stream_input;

typedef struct stream_inputs {
    stream_input *items;
    size_t n;
} stream_inputs;

static bool has_input(const stream_inputs *in, size_t ds)
{
    for (size_t i = 0; i < in->n; i++)
        if (in->items[i].dataset == ds)
            return true;
    return false;
}

static stream_inputs inputs_of(plan_builder *b, size_t ds)
{
    const plan_node *node = &b->nodes[ds];
    stream_inputs in = { 0 };
    size_t most = 0;

    for (size_t i = 0; i < node->n_queries; i++)
        most += node->queries[i].read->n_refs;
    in.items = SM_NEW_N(b->scratch, stream_input, most + 1);
    for (size_t i = 0; i < node->n_queries; i++) {
        const plan_query *q = &node->queries[i];

        for (size_t k = 0; k < q->read->n_refs; k++)
            if (q->streaming[k] && !has_input(&in, q->datasets[k]))
                in.items[in.n++] = (stream_input){ .dataset = q->datasets[k],
                                                   .query = q,
                                                   .qualified = sm_plan__qualified(
                                                       &q->read->refs[k], b->scratch) };
    }
    return in;
}

static sm_sv input_names(const plan_builder *b, const stream_inputs *in)
{
    sm_sv all = SM_SV("");

    for (size_t i = 0; i < in->n; i++)
        all = sm_arena_printf(b->scratch, "%.*s%s%.*s", SM_SV_ARG(all), i > 0 ? ", " : "",
                              SM_SV_ARG(b->datasets[in->items[i].dataset].name));
    return all;
}

/* The input that the watermark is of; NULL after telling that there is none. */
static stream_input *input_of(plan_builder *b, const sm_plan_dataset *table,
                              const sm_spec_watermark *w, const stream_inputs *in)
{
    if (!sm_text_set(&w->name) && in->n == 1)
        return &in->items[0];
    for (size_t i = 0; sm_text_set(&w->name) && i < in->n; i++)
        if (sm_sql_same_name(w->name.text, b->datasets[in->items[i].dataset].name) ||
            sm_sql_same_name(w->name.text, in->items[i].qualified))
            return &in->items[i];
    if (in->n == 0) {
        sm_diag_add(b->d, "SM0543", w->at, "table \"%.*s\" reads no stream",
                    SM_SV_ARG(table->name));
        sm_diag_hint(b->d, "a watermark moves with new rows: leave it out");
    } else if (sm_text_set(&w->name)) {
        sm_diag_add(b->d, "SM0543", w->name.at, "table \"%.*s\" reads no stream \"%.*s\"",
                    SM_SV_ARG(table->name), SM_SV_ARG(w->name.text));
        sm_diag_hint(b->d, "its streams are %.*s", SM_SV_ARG(input_names(b, in)));
    } else {
        sm_diag_add(b->d, "SM0543", w->at,
                    "table \"%.*s\" reads several streams: which one is this the watermark of?",
                    SM_SV_ARG(table->name));
        sm_diag_hint(b->d, "its streams are %.*s; write watermark: {%.*s: {column: …, delay: …}}",
                     SM_SV_ARG(input_names(b, in)),
                     SM_SV_ARG(b->datasets[in->items[0].dataset].name));
    }
    return NULL;
}

static void judge_table_watermark(plan_builder *b, size_t ds, size_t number,
                                  const stream_inputs *in)
{
    const sm_spec_watermark *w = &b->nodes[ds].table->watermark.items[number], *first;
    sm_plan_watermark *out = &b->nodes[ds].watermarks[number];
    stream_input *of = input_of(b, &b->datasets[ds], w, in);

    if (!of)
        return;
    out->input = of->dataset;
    first = of->taken ? of->taken : carried(b, of->dataset);
    if (first)
        tell_second(b, w, first, b->datasets[of->dataset].name);
    of->taken = w;
    if (b->datasets[of->dataset].known)
        judge_column(b, w, out, sm_plan__leaf_schema(b, of->query, of->dataset), false);
}

static bool drops_late(const sm_plan_flow *f)
{
    for (size_t i = 0; i < f->n_stages; i++)
        if (f->stages[i].kind != SM_STAGE_WATERMARK && f->stages[i].kind != SM_STAGE_LIMIT)
            return true;
    return false;
}

/* Only what remembers rows has late ones. */
static void judge_late_rows(plan_builder *b, size_t ds)
{
    const sm_plan_dataset *table = &b->datasets[ds];
    const sm_spec_table *t = b->nodes[ds].table;

    if (t->late_rows.at.line == 0 || !table->known)
        return;
    for (size_t i = 0; i < table->n_flows; i++)
        if (drops_late(&b->flows[table->flow + i]))
            return;
    sm_diag_add(b->d, "SM0545", t->late_rows.at,
                "table \"%.*s\" has no late rows: its query remembers nothing from batch to batch",
                SM_SV_ARG(table->name));
    sm_diag_hint(b->d, "leave `late_rows` out");
}

static void judge_table(plan_builder *b, size_t ds)
{
    stream_inputs in;

    if (b->datasets[ds].n_watermarks > 0) {
        in = inputs_of(b, ds);
        for (size_t i = 0; i < b->datasets[ds].n_watermarks; i++)
            judge_table_watermark(b, ds, i, &in);
    }
}

/* ---- both -------------------------------------------------------------------------- */

static void judge_keys(plan_builder *b, size_t ds)
{
    const sm_spec_texts *keys = &b->nodes[ds].table->deduplicate.keys;
    const sm_schema *schema = &b->datasets[ds].schema;

    for (size_t i = 0; i < keys->n && b->datasets[ds].known; i++) {
        if (sm_schema_find(schema, keys->items[i].text) >= 0)
            continue;
        sm_diag_add(b->d, "SM0544", keys->items[i].at,
                    "%s \"%.*s\": its query gives no column \"%.*s\"",
                    b->datasets[ds].kind == SM_DATASET_VIEW ? "view" : "table",
                    SM_SV_ARG(b->datasets[ds].name), SM_SV_ARG(keys->items[i].text));
        hint_near(b, keys->items[i].text, schema);
    }
}

void sm_plan__judge_streaming(plan_builder *b)
{
    for (size_t ds = 0; ds < b->plan->n_datasets; ds++) {
        if (b->nodes[ds].failed)
            continue;
        if (b->nodes[ds].source) {
            judge_source(b, ds);
        } else if (b->nodes[ds].table) {
            judge_keys(b, ds);
            if (b->datasets[ds].kind == SM_DATASET_VIEW)
                judge_view(b, ds);
            else
                judge_table(b, ds);
        }
    }
}

void sm_plan__judge_late_rows(plan_builder *b)
{
    for (size_t ds = 0; ds < b->plan->n_datasets; ds++) {
        if (b->nodes[ds].table && !b->nodes[ds].failed)
            judge_late_rows(b, ds);
    }
}
