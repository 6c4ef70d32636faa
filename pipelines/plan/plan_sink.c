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

/* Kafka: the column that has them; "" none. */
static sm_sv headers_of(const sm_spec_sink *k)
{
    bool column = k->type.v == SM_SINK_KAFKA && k->headers.v != NULL;

    return column ? sm_json_sv(k->headers.v) : SM_SV("");
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
    if (k->type.v == SM_SINK_KAFKA) {
        put(o, "marks_topic", &k->marks_topic);
        if (headers_of(k).len > 0)
            sm_json_set_string(o, "headers", headers_of(k));
    }
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

/* Its index; -1 and a fault when there is none. */
static ptrdiff_t judge_column(plan_builder *b, const sm_spec_sink *k, const sm_plan_flow *f,
                              const char *what, sm_sv name, sm_span at)
{
    ptrdiff_t i = sm_schema_find(&f->result, name);

    if (i >= 0)
        return i;
    sm_diag_add(b->d, "SM0415", at, "sink \"%.*s\" has no column \"%.*s\"", SM_SV_ARG(k->name.text),
                SM_SV_ARG(name));
    sm_diag_hint(b->d, "`%s` names a column of what `from` gives", what);
    return -1;
}

static bool is_text(const sm_sqltype *t)
{
    return t->kind == SM_SQLTYPE_VARCHAR || t->kind == SM_SQLTYPE_JSON;
}

/* A STRUCT(key VARCHAR, value VARCHAR or BLOB), of which a list is headers. */
static bool is_pair(const sm_sqltype *t)
{
    return t->kind == SM_SQLTYPE_STRUCT && t->n == 2 && sm_sv_eq_str(t->fields[0].name, "key") &&
           sm_sv_eq_str(t->fields[1].name, "value") &&
           t->fields[0].type->kind == SM_SQLTYPE_VARCHAR &&
           (t->fields[1].type->kind == SM_SQLTYPE_VARCHAR ||
            t->fields[1].type->kind == SM_SQLTYPE_BLOB);
}

static bool has_headers(plan_builder *b, sm_sv type)
{
    sm_sqltype *t;
    sm_error ignored;

    if (sm_sqltype_parse(type, b->scratch, &t, &ignored) != SM_OK)
        return false;
    return is_text(t) || t->kind == SM_SQLTYPE_STRUCT ||
           (t->kind == SM_SQLTYPE_MAP && is_text(t->fields[0].type)) ||
           (t->kind == SM_SQLTYPE_LIST && is_pair(t->fields[0].type));
}

static void judge_headers(plan_builder *b, const sm_spec_sink *k, const sm_plan_flow *f)
{
    ptrdiff_t i = judge_column(b, k, f, "headers", headers_of(k), k->headers.at);

    if (i < 0)
        return;
    if (!has_headers(b, f->result.columns[i].type)) {
        sm_diag_add(b->d, "SM0417", k->headers.at, "column \"%.*s\" is %.*s, which has no headers",
                    SM_SV_ARG(headers_of(k)), SM_SV_ARG(f->result.columns[i].type));
        sm_diag_hint(b->d, "headers are a MAP or a STRUCT of names and texts, such JSON, or a list "
                           "of STRUCT(key VARCHAR, value BLOB)");
    } else if (f->result.n == 1) {
        sm_diag_add(b->d, "SM0417", k->headers.at, "beside its headers a message has no column");
        sm_diag_hint(b->d, "the value of a message is all other columns of what `from` gives");
    }
}

static void judge_columns(plan_builder *b, const sm_spec_sink *k, const sm_plan_flow *f)
{
    if (sm_text_set(&k->key))
        (void)judge_column(b, k, f, "key", k->key.text, k->key.at);
    if (headers_of(k).len > 0)
        judge_headers(b, k, f);
}

void sm_plan__judge_sinks(plan_builder *b)
{
    for (size_t ds = 0; ds < b->plan->n_datasets; ds++) {
        const sm_plan_flow *f = &b->flows[b->datasets[ds].flow];

        if (b->datasets[ds].kind != SM_DATASET_SINK || b->nodes[ds].failed)
            continue;
        judge_inputs(b, spec_of(b, ds), f);
        if (f->bound)
            judge_columns(b, spec_of(b, ds), f);
        if (f->n_stages == 0)
            continue;
        sm_diag_add(b->d, "SM0416", spec_of(b, ds)->from.at,
                    "the query of sink \"%.*s\" remembers rows",
                    SM_SV_ARG(spec_of(b, ds)->name.text));
        sm_diag_hint(b->d, "make a table with that query, and send the table");
    }
}
