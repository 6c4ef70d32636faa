/* SPDX-License-Identifier: Apache-2.0 */
/* plan.c -- from a spec to a plan.
 *
 *     datasets   one per source and table, in the order of the file
 *     read       every query and every rule, in one call of the engine
 *     resolve    names to datasets, order, cycles, what may be read how   (plan_resolve.c)
 *     bind       the columns of each dataset, inputs first; rules         (plan_bind.c)
 *
 * Each step tells all faults that it can see and goes on with what is sound: a dataset whose
 * columns cannot be known is `failed`, and what depends on it is silent.
 */
#include "pipelines/plan/plan_int.h"

/* ---- datasets ------------------------------------------------------------------ */

sm_plan_place sm_plan__place(const sm_span *at)
{
    sm_sv rest = sm_sv_cstr(at->file), file = rest;

    if (at->line == 0)
        return (sm_plan_place){ .file = SM_SV("") };
    while (sm_sv_next(&rest, '/', &file))
        continue;
    return (sm_plan_place){ file, at->line, at->column };
}

sm_plan_list sm_plan__list(sm_arena *a, const sm_spec_texts *texts)
{
    sm_sv *items = SM_NEW_N(a, sm_sv, texts->n + 1);

    for (size_t i = 0; i < texts->n; i++)
        items[i] = texts->items[i].text;
    return (sm_plan_list){ items, texts->n };
}

static sm_dataset_kind kind_of(int table_kind)
{
    switch ((sm_table_kind)table_kind) {
    case SM_TABLE_MATERIALIZED_VIEW:
        return SM_DATASET_MATERIALIZED_VIEW;
    case SM_TABLE_VIEW:
        return SM_DATASET_VIEW;
    case SM_TABLE_STREAMING:
        break;
    }
    return SM_DATASET_STREAMING_TABLE;
}

/* `from: x` points back at x, whatever byte of the SELECT is asked for. */
static sm_span from_span(const void *ctx, sm_sv text, size_t offset, size_t len)
{
    const sm_text *from = ctx;

    (void)text;
    (void)offset;
    (void)len;
    return sm_text_span(from, 0, from->text.len);
}

/* The name in quotes, part by part: a word of SQL names a dataset as well as any other. */
const sm_text *sm_plan__from_text(plan_builder *b, const sm_text *from, bool stream)
{
    sm_text *text = SM_NEW(b->a, sm_text);
    sm_sv rest = from->text, part, name = SM_SV("");

    while (sm_sv_next(&rest, '.', &part))
        name = sm_arena_printf(b->a, "%.*s%s\"%.*s\"", SM_SV_ARG(name), name.len > 0 ? "." : "",
                               SM_SV_ARG(part));
    *text = (sm_text){
        .text = sm_arena_printf(b->a, stream ? "SELECT * FROM STREAM(%.*s)" : "SELECT * FROM %.*s",
                                SM_SV_ARG(name)),
        .at = from->at,
        .map = from_span,
        .ctx = from,
    };
    return text;
}

static const sm_text *flow_text(plan_builder *b, const sm_spec_table *t, sm_dataset_kind kind,
                                size_t i)
{
    if (t->flows.n > 0)
        return t->flows.items[i].broken ? NULL : &t->flows.items[i].sql;
    if (t->sql.text.len > 0)
        return &t->sql;
    return t->from.text.len > 0
               ? sm_plan__from_text(b, &t->from, kind != SM_DATASET_MATERIALIZED_VIEW)
               : NULL;
}

static void add_source(plan_builder *b, size_t ds, const sm_spec_source *s)
{
    b->nodes[ds] = (plan_node){ .source = s, .at = s->name.at, .failed = s->broken };
    b->datasets[ds] = (sm_plan_dataset){
        .name = s->name.text,
        .kind = SM_DATASET_SOURCE,
        .layer = SM_SV(""),
        .description = SM_SV(""),
        .source_type = s->type.text,
        .source_config = s->options,
        .schema_declared = s->schema.n > 0,
        .evolution = (sm_evolution)s->evolution.v,
        .schema_hints = s->schema_hints.text,
        .on_decode_error = (sm_decode_policy)s->on_decode_error.v,
        .metadata = s->include_metadata.v && s->unit != NULL && s->unit->metadata,
        .place = sm_plan__place(&s->name.at),
    };
    sm_plan__add_source_watermark(b, ds);
}

static void add_flow(plan_builder *b, size_t ds, const sm_spec_table *t, size_t i)
{
    sm_plan_dataset *table = &b->datasets[ds];
    sm_plan_flow *f = &b->flows[table->flow + i];
    const sm_text *text = b->nodes[ds].queries[i].text;
    bool named = t->flows.n > 0 && t->flows.items[i].name.text.len > 0;

    *f = (sm_plan_flow){
        .name = table->name,
        .target = ds,
        .kind = table->kind == SM_DATASET_MATERIALIZED_VIEW ? SM_FLOW_OVERWRITE : SM_FLOW_APPEND,
        .once = t->flows.n > 0 && t->flows.items[i].once.v,
        .sql_text = text ? text->text : SM_SV(""),
        .place = table->place,
    };
    if (text)
        f->place = sm_plan__place(&text->at);
    if (named)
        f->name = sm_arena_printf(b->a, "%.*s.%.*s", SM_SV_ARG(table->name),
                                  SM_SV_ARG(t->flows.items[i].name.text));
}

sm_sv sm_plan__policy_name(int violation)
{
    switch ((sm_violation)violation) {
    case SM_VIOLATION_DROP:
        return SM_SV("drop");
    case SM_VIOLATION_QUARANTINE:
        return SM_SV("quarantine");
    case SM_VIOLATION_FAIL:
        return SM_SV("fail");
    case SM_VIOLATION_WARN:
        break;
    }
    return SM_SV("warn");
}

static void add_rules(plan_builder *b, size_t ds, const sm_spec_table *t)
{
    plan_node *node = &b->nodes[ds];
    size_t n = 0, most = t->expectations.n + sm_plan__count_tests(t);
    sm_plan_rule *rules = SM_NEW_N(b->a, sm_plan_rule, most + 1);

    node->rules = SM_NEW_N(b->scratch, plan_query, most + 1);
    for (size_t i = 0; i < t->expectations.n; i++) {
        const sm_spec_rule *rule = &t->expectations.items[i];

        if (rule->broken || rule->expect.text.len == 0)
            continue;
        rules[n] = (sm_plan_rule){
            .name = rule->name.text,
            .text = rule->expect.text,
            .policy = sm_plan__policy_name(rule->on_violation.v),
            .fail_if = rule->fail_if.text,
            .warn_if = rule->warn_if.text,
            .description = rule->description.text,
            .tags = sm_plan__list(b->a, &rule->tags),
            .place = sm_plan__place(&rule->name.at),
        };
        node->rules[n] = (plan_query){
            .text = &rule->expect,
            .owner = ds,
            .rule = true,
            .label = sm_arena_printf(b->scratch, "rule \"%.*s\" of table \"%.*s\"",
                                     SM_SV_ARG(rule->name.text), SM_SV_ARG(t->name.text)),
        };
        n++;
    }
    n = sm_plan__add_tests(b, ds, t, rules, node->rules, n);
    b->datasets[ds].rules = rules;
    b->datasets[ds].n_rules = n;
}

static sm_sv contract_name(int contract)
{
    static const sm_sv names[] = { [SM_CONTRACT_NONE] = SM_SV_LIT(""),
                                   [SM_CONTRACT_WARN] = SM_SV_LIT("warn"),
                                   [SM_CONTRACT_ENFORCED] = SM_SV_LIT("enforced") };

    return names[contract];
}

static const char *table_word(sm_dataset_kind kind)
{
    return kind == SM_DATASET_VIEW ? "view" : "table";
}

static const sm_spec_freshness *freshness_of(const plan_builder *b, const sm_spec_table *t)
{
    return t->freshness.at.line != 0 ? &t->freshness : &b->spec->freshness;
}

static void add_table(plan_builder *b, size_t ds, const sm_spec_table *t)
{
    sm_dataset_kind kind = kind_of(t->type.v);
    plan_node *node = &b->nodes[ds];
    sm_plan_dataset *table = &b->datasets[ds];

    *node = (plan_node){ .table = t, .at = t->name.at, .failed = t->broken };
    *table = (sm_plan_dataset){
        .name = t->name.text,
        .kind = kind,
        .layer = t->layer.text,
        .description = t->description.text,
        .tags = sm_plan__list(b->a, &t->tags),
        .partition_by = sm_plan__list(b->a, &t->partition_by),
        .warn_after_us = freshness_of(b, t)->warn_after.v,
        .error_after_us = freshness_of(b, t)->error_after.v,
        .contract = contract_name(t->contract.v),
        .properties = t->properties.v == NULL ? NULL : sm_json_copy(b->a, t->properties.v),
        .flow = b->plan->n_flows,
        .place = sm_plan__place(&t->name.at),
    };
    node->n_queries = t->flows.n > 0 ? t->flows.n : 1;
    node->queries = SM_NEW_N(b->scratch, plan_query, node->n_queries);
    for (size_t i = 0; i < node->n_queries; i++) {
        node->queries[i] = (plan_query){
            .text = flow_text(b, t, kind, i),
            .owner = ds,
            .label = sm_arena_printf(b->scratch, "%s \"%.*s\"", table_word(kind),
                                     SM_SV_ARG(t->name.text)),
        };
        node->failed |= !node->queries[i].text;
        node->queries[i].whole = node->queries[i].text && node->queries[i].text->map == from_span;
    }
    if (kind == SM_DATASET_VIEW) {
        sm_plan__add_streaming(b, ds);
        table->sql_text = node->queries[0].text ? node->queries[0].text->text : SM_SV("");
        return;
    }
    table->path =
        sm_arena_printf(b->a, "%.*s/%.*s", SM_SV_ARG(b->plan->schema), SM_SV_ARG(table->name));
    table->n_flows = node->n_queries;
    for (size_t i = 0; i < node->n_queries; i++)
        add_flow(b, ds, t, i);
    b->plan->n_flows += node->n_queries;
    sm_plan__add_streaming(b, ds);
    add_rules(b, ds, t);
    sm_plan__add_checks(b, ds, t);
}

static void add_datasets(plan_builder *b)
{
    const sm_spec *s = b->spec;
    size_t flows = 0, most;

    b->plan->n_datasets = s->sources.n + s->tables.n + s->sinks.n;
    /* each table may have a quarantine and late rows */
    most = s->sources.n + 3 * s->tables.n + s->sinks.n;
    flows = s->sinks.n;
    for (size_t i = 0; i < s->tables.n; i++)
        flows += s->tables.items[i].flows.n > 0 ? s->tables.items[i].flows.n : 1;
    b->plan->datasets = b->datasets = SM_NEW_N(b->a, sm_plan_dataset, most + 1);
    b->plan->flows = b->flows = SM_NEW_N(b->a, sm_plan_flow, flows + 1);
    b->nodes = SM_NEW_N(b->scratch, plan_node, most + 1);
    for (size_t i = 0; i < s->sources.n; i++)
        add_source(b, i, &s->sources.items[i]);
    for (size_t i = 0; i < s->tables.n; i++)
        add_table(b, s->sources.n + i, &s->tables.items[i]);
    for (size_t i = 0; i < s->sinks.n; i++)
        sm_plan__add_sink(b, s->sources.n + s->tables.n + i, &s->sinks.items[i]);
}

/* ---- read ---------------------------------------------------------------------- */

/* Queries and rules one after the other; `take` fills or reads back. */
static size_t each_query(plan_builder *b, plan_query **list)
{
    size_t n = 0;

    for (size_t i = 0; i < b->plan->n_datasets; i++) {
        for (size_t k = 0; k < b->nodes[i].n_queries; k++) {
            if (b->nodes[i].queries[k].text && list)
                list[n] = &b->nodes[i].queries[k];
            n += b->nodes[i].queries[k].text != NULL;
        }
        for (size_t k = 0; k < b->datasets[i].n_rules; k++) {
            if (list)
                list[n] = &b->nodes[i].rules[k];
            n++;
        }
    }
    return n;
}

static sm_code read_queries(plan_builder *b, sm_error *err)
{
    size_t n = each_query(b, NULL);
    plan_query **list = SM_NEW_N(b->scratch, plan_query *, n + 1);
    sm_sql_input *in = SM_NEW_N(b->scratch, sm_sql_input, n + 1);
    const sm_sql_query **out = SM_NEW_N(b->scratch, const sm_sql_query *, n + 1);
    sm_code rc;

    each_query(b, list);
    for (size_t i = 0; i < n; i++)
        in[i] = (sm_sql_input){ list[i]->rule ? SM_SQL_RULE : SM_SQL_QUERY, list[i]->text,
                                list[i]->label, b->plan->variables };
    if ((rc = sm_sql_read(b->env->sql, in, n, b->scratch, b->d, out, err)) != SM_OK)
        return rc;
    for (size_t i = 0; i < n; i++) {
        list[i]->read = out[i];
        if (!out[i] && !list[i]->rule)
            b->nodes[list[i]->owner].failed = true;
    }
    return SM_OK;
}

/* ---- compile ------------------------------------------------------------------- */

static sm_sql_variables variables_of(plan_builder *b)
{
    const sm_spec_variables *from = &b->spec->variables;
    sm_sql_variable *items = SM_NEW_N(b->a, sm_sql_variable, from->n + 1);

    for (size_t i = 0; i < from->n; i++) {
        const sm_spec_variable *v = &from->items[i];

        items[i] = (sm_sql_variable){ .name = v->name.text,
                                      .type = v->type.text,
                                      .value = v->value,
                                      .has_value = v->has_value || v->broken }; /* told */
    }
    return (sm_sql_variables){ items, from->n };
}

static void add_pipeline(plan_builder *b)
{
    const sm_spec *s = b->spec;
    sm_plan *p = b->plan;
    sm_span file = { .file = s->file, .line = 1, .column = 1 };

    p->pipeline = s->pipeline.text;
    p->schema = s->schema.text;
    p->storage = s->storage.text;
    p->state_path = s->state.path.text;
    p->description = s->description.text;
    p->tags = sm_plan__list(b->a, &s->tags);
    p->variables = variables_of(b);
    p->file = sm_plan__place(&file).file;
}

sm_code sm_plan_compile(const sm_spec *spec, const sm_plan_env *env, sm_arena *a, sm_diags *d,
                        const sm_plan **out, sm_error *err)
{
    plan_builder b = { .spec = spec, .env = env, .a = a, .d = d, .plan = SM_NEW(a, sm_plan) };
    sm_code rc;

    *out = NULL;
    b.scratch = sm_arena_new("plan scratch");
    add_pipeline(&b);
    add_datasets(&b);
    if ((rc = sm_plan__check_zone(&b, err)) != SM_OK || (rc = read_queries(&b, err)) != SM_OK)
        goto done;
    sm_plan__add_quarantines(&b);
    sm_plan__add_late(&b);
    if ((rc = sm_plan__add_others(&b, err)) != SM_OK)
        goto done;
    sm_plan__resolve(&b);
    if (b.plan->order && (rc = sm_plan__bind(&b, err)) != SM_OK)
        goto done;
    sm_plan__check_events(&b);
    if (sm_diags_errors(d) == 0) {
        sm_plan__fingerprints(&b);
        *out = b.plan;
    }
done:
    sm_arena_free(b.scratch);
    return rc;
}

/* ---- looking things up --------------------------------------------------------- */

const sm_plan_dataset *sm_plan_find(const sm_plan *p, sm_sv name)
{
    for (size_t i = 0; i < p->n_datasets; i++) {
        if (sm_sql_same_name(p->datasets[i].name, name))
            return &p->datasets[i];
    }
    return NULL;
}

const sm_plan_dataset *sm_plan_quarantine_of(const sm_plan *p, const sm_plan_dataset *table)
{
    return table->quarantine == 0 ? NULL : &p->datasets[table->quarantine];
}

const sm_plan_dataset *sm_plan_late_of(const sm_plan *p, const sm_plan_dataset *table)
{
    return table->late == 0 ? NULL : &p->datasets[table->late];
}

const sm_plan_flow *sm_plan_find_flow(const sm_plan *p, sm_sv name)
{
    for (size_t i = 0; i < p->n_flows; i++) {
        if (sm_sql_same_name(p->flows[i].name, name))
            return &p->flows[i];
    }
    return NULL;
}

size_t sm_plan_index(const sm_plan *p, const sm_plan_dataset *ds)
{
    return (size_t)(ds - p->datasets);
}

bool sm_dataset_is_table(const sm_plan_dataset *ds)
{
    return ds->kind == SM_DATASET_STREAMING_TABLE || ds->kind == SM_DATASET_MATERIALIZED_VIEW;
}

bool sm_dataset_is_side(const sm_plan_dataset *ds)
{
    return ds->kind == SM_DATASET_QUARANTINE || ds->kind == SM_DATASET_LATE;
}

const char *sm_dataset_kind_name(sm_dataset_kind kind)
{
    switch (kind) {
    case SM_DATASET_SOURCE:
        return "source";
    case SM_DATASET_STREAMING_TABLE:
        return "streaming_table";
    case SM_DATASET_MATERIALIZED_VIEW:
        return "materialized_view";
    case SM_DATASET_VIEW:
        return "view";
    case SM_DATASET_QUARANTINE:
        return "quarantine";
    case SM_DATASET_LATE:
        return "late_rows";
    case SM_DATASET_SINK:
        return "sink";
    }
    return "";
}

const char *sm_input_mode_name(sm_input_mode mode)
{
    return mode == SM_INPUT_STREAM ? "stream" : "snapshot";
}

const char *sm_plan_writes_name(const sm_plan_flow *f)
{
    if (f->kind == SM_FLOW_OVERWRITE || f->output_mode == SM_STAGE_COMPLETE)
        return "overwrite";
    return f->output_mode == SM_STAGE_UPDATE ? "update" : "append";
}
