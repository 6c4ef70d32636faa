/* SPDX-License-Identifier: Apache-2.0 */
/* plan_sink.c -- sinks: flows whose target is outside.
 *
 * A sink is planned like a streaming table of one query, without rules and without a place of its
 * own; what it reads are tables of this pipeline, so that what was sent can be looked up in one. */
#include "pipelines/plan/plan_int.h"

/* `from: table`, or `from: SELECT …`. */
static bool is_name(sm_sv from)
{
    for (size_t i = 0; i < from.len; i++)
        if (from.ptr[i] == ' ' || from.ptr[i] == '\n' || from.ptr[i] == '(')
            return false;
    return from.len > 0;
}

static void put(sm_json *o, const char *key, const sm_text *value)
{
    if (sm_text_set(value))
        sm_json_set_string(o, key, value->text);
}

static void put_http(plan_builder *b, sm_json *o, const sm_spec_sink *k)
{
    static const char *const methods[] = { "POST", "PUT" };
    sm_json *batch = sm_json_object(b->a), *retry = sm_json_object(b->a);

    put(o, "url", &k->url);
    sm_json_set_string(o, "method", sm_sv_cstr(methods[k->method.v]));
    if (k->headers.v != NULL)
        sm_json_set(o, "headers", sm_json_copy(b->a, k->headers.v));
    sm_json_set_int(batch, "rows", k->batch.rows.v);
    sm_json_set_int(batch, "bytes", k->batch.bytes.v);
    sm_json_set(o, "batch", batch);
    sm_json_set_int(retry, "max_attempts", k->retry.max_attempts.v);
    sm_json_set_int(retry, "backoff", k->retry.backoff.v / 1000);
    sm_json_set_int(retry, "backoff_max", k->retry.backoff_max.v / 1000);
    sm_json_set(o, "retry", retry);
}

static sm_json *config_of(plan_builder *b, const sm_spec_sink *k)
{
    static const char *const deliveries[] = { "exactly_once", "at_least_once" };
    static const char *const formats[] = { "json", "csv", "parquet", "ndjson", "object" };
    sm_json *o = sm_json_object(b->a);

    put(o, "path", &k->path);
    if (k->type.v == SM_SINK_FILES || k->type.v == SM_SINK_HTTP)
        sm_json_set_string(o, "format", sm_sv_cstr(formats[k->format.v]));
    put(o, "brokers", &k->brokers);
    put(o, "connection", &k->connection);
    if (k->type.v == SM_SINK_HTTP)
        put_http(b, o, k);
    put(o, "topic", &k->topic);
    put(o, "key", &k->key);
    if (k->type.v == SM_SINK_KAFKA)
        put(o, "marks_topic", &k->marks_topic);
    sm_json_set_string(o, "delivery", sm_sv_cstr(deliveries[k->delivery.v]));
    if (k->options.v != NULL)
        sm_json_set(o, "options", sm_json_copy(b->a, k->options.v));
    return o;
}

static const sm_text *query_of(plan_builder *b, const sm_spec_sink *k)
{
    if (k->from.text.len == 0)
        return NULL;
    return is_name(k->from.text) ? sm_plan__from_text(b, &k->from, true) : &k->from;
}

static void add_query(plan_builder *b, size_t ds, const sm_spec_sink *k)
{
    plan_node *node = &b->nodes[ds];
    const sm_text *text = query_of(b, k);

    node->n_queries = 1;
    node->queries = SM_NEW_N(b->scratch, plan_query, 1);
    node->queries[0] = (plan_query){
        .text = text,
        .owner = ds,
        .label = sm_arena_printf(b->scratch, "sink \"%.*s\"", SM_SV_ARG(k->name.text)),
        .whole = text != NULL && text != &k->from,
    };
    node->failed |= text == NULL;
}

void sm_plan__add_sink(plan_builder *b, size_t ds, const sm_spec_sink *k)
{
    static const char *const types[] = { "kafka", "files", "delta", "http" };
    sm_spec_table *table = SM_NEW(b->scratch, sm_spec_table);

    table->name = k->name;
    table->at = k->at;
    b->nodes[ds] = (plan_node){ .table = table, .at = k->name.at, .failed = k->broken };
    b->datasets[ds] = (sm_plan_dataset){
        .name = k->name.text,
        .kind = SM_DATASET_SINK,
        .layer = SM_SV(""),
        .description = k->description.text,
        .contract = SM_SV(""),
        .source_type = sm_sv_cstr(types[k->type.v]),
        .source_config = config_of(b, k),
        .flow = b->plan->n_flows,
        .n_flows = 1,
        .place = sm_plan__place(&k->name.at),
    };
    add_query(b, ds, k);
    b->flows[b->plan->n_flows++] = (sm_plan_flow){
        .name = k->name.text,
        .target = ds,
        .kind = SM_FLOW_APPEND,
        .sql_text =
            b->nodes[ds].queries[0].text != NULL ? b->nodes[ds].queries[0].text->text : SM_SV(""),
        .place = sm_plan__place(&k->from.at),
    };
}

/* ---- judging ----------------------------------------------------------------------- */

static const sm_spec_sink *spec_of(const plan_builder *b, size_t ds)
{
    return &b->spec->sinks.items[ds - b->spec->sources.n - b->spec->tables.n];
}

static void judge_inputs(plan_builder *b, const sm_spec_sink *k, const sm_plan_flow *f)
{
    for (size_t i = 0; i < f->n_inputs; i++) {
        const sm_plan_dataset *in = &b->datasets[f->inputs[i].dataset];

        if (in->kind != SM_DATASET_SOURCE || in->pipeline.len > 0)
            continue;
        sm_diag_add(b->d, "SM0414", k->from.at, "sink \"%.*s\" reads source \"%.*s\"",
                    SM_SV_ARG(k->name.text), SM_SV_ARG(in->name));
        sm_diag_hint(b->d, "make a table of it, and send that");
        return;
    }
}

static void judge_key(plan_builder *b, const sm_spec_sink *k, const sm_plan_flow *f)
{
    if (!sm_text_set(&k->key) || sm_schema_find(&f->result, k->key.text) >= 0)
        return;
    sm_diag_add(b->d, "SM0415", k->key.at, "sink \"%.*s\" has no column \"%.*s\"",
                SM_SV_ARG(k->name.text), SM_SV_ARG(k->key.text));
    sm_diag_hint(b->d, "`key` names a column of what `from` gives");
}

void sm_plan__judge_sinks(plan_builder *b)
{
    for (size_t ds = 0; ds < b->plan->n_datasets; ds++) {
        const sm_plan_flow *f = &b->flows[b->datasets[ds].flow];

        if (b->datasets[ds].kind != SM_DATASET_SINK || b->nodes[ds].failed)
            continue;
        judge_inputs(b, spec_of(b, ds), f);
        if (f->bound)
            judge_key(b, spec_of(b, ds), f);
        if (f->n_stages == 0)
            continue;
        sm_diag_add(b->d, "SM0416", spec_of(b, ds)->from.at,
                    "the query of sink \"%.*s\" remembers rows",
                    SM_SV_ARG(spec_of(b, ds)->name.text));
        sm_diag_hint(b->d, "make a table with that query, and send the table");
    }
}
