/* SPDX-License-Identifier: Apache-2.0 */
/* plan_fingerprint.c -- what decides rows and columns, as 64 digits: the meaning of a flow, not
 * its comments, spaces, descriptions or tags. */
#include "pipelines/plan/plan_int.h"
#include "runtime/base/hash.h"

static void hash_schema(sm_hash *h, const sm_schema *s)
{
    for (size_t i = 0; i < s->n; i++) {
        sm_hash_add(h, s->columns[i].name);
        sm_hash_add(h, s->columns[i].type);
    }
    sm_hash_add(h, SM_SV(""));
}

static void hash_list(sm_hash *h, const sm_plan_list *list)
{
    for (size_t i = 0; i < list->n; i++)
        sm_hash_add(h, list->items[i]);
    sm_hash_add(h, SM_SV(""));
}

static void hash_int(sm_hash *h, int64_t v)
{
    sm_hash_add(h, (sm_sv){ (const char *)&v, sizeof v });
}

static void hash_side(sm_hash *h, const sm_stage_side *s, sm_arena *scratch)
{
    sm_hash_add(h, sm_sql_normal(s->rows, scratch));
    sm_hash_add(h, s->late_by);
    sm_hash_add(h, s->final_by);
    sm_hash_add(h, s->ok_by);
    hash_int(h, s->preserved);
}

/* What decides rows beside the SQL: nothing of it, as long as nothing is remembered. */
static void hash_stages(sm_hash *h, const sm_plan_flow *f, sm_arena *scratch)
{
    bool remembers = false;

    for (size_t i = 0; i < f->n_stages; i++)
        remembers |= sm_stage_remembers(&f->stages[i]);
    if (!remembers)
        return;
    hash_int(h, f->output_mode);
    hash_list(h, &f->merge_keys);
    hash_int(h, f->watermark_max);
    if (f->kind == SM_FLOW_APPEND && !f->follows && !f->keeps_late)
        sm_hash_add(h, SM_SV("late rows are dropped"));
    for (size_t i = 0; i < f->n_stages; i++) {
        const sm_stage *s = &f->stages[i];

        sm_hash_add(h, s->fingerprint);
        sm_hash_add(h, sm_sql_normal(s->rows, scratch));
        hash_side(h, &s->left, scratch);
        hash_side(h, &s->right, scratch);
        sm_hash_add(h, s->late_by);
        sm_hash_add(h, s->final_by);
        sm_hash_add(h, s->time_column);
        for (size_t k = 0; k < s->n_values; k++)
            sm_hash_add(h, s->values[k].final);
        hash_int(h, s->watermarked);
        hash_int(h, s->lag_us);
        hash_int(h, s->delay_us);
        hash_int(h, s->idle_us);
        hash_int(h, s->max_future_us);
        hash_int(h, s->limit);
    }
}

/* The plan's own word for it, whether or not somebody remembers rows by it. */
static void hash_streaming(plan_builder *b, sm_hash *h, const sm_plan_dataset *ds)
{
    for (size_t i = 0; i < ds->n_watermarks; i++) {
        const sm_plan_watermark *w = &ds->watermarks[i];

        sm_hash_add(h, b->datasets[w->input].name);
        sm_hash_add(h, w->column);
        hash_int(h, w->delay_us);
        hash_int(h, w->idle_us);
        hash_int(h, w->max_future_us);
    }
    if (ds->deduplicate) {
        hash_list(h, &ds->deduplicate->keys);
        hash_int(h, ds->deduplicate->within_watermark);
    }
}

static sm_sv flow_fingerprint(plan_builder *b, const sm_plan_flow *f)
{
    const sm_plan_dataset *table = &b->datasets[f->target];
    sm_hash *h = sm_hash_new();

    sm_hash_add(h, f->kind == SM_FLOW_APPEND ? SM_SV("append") : SM_SV("overwrite"));
    sm_hash_add(h, f->once ? SM_SV("once") : SM_SV(""));
    sm_hash_add(h, sm_sql_normal(f->sql, b->scratch));
    for (size_t i = 0; i < f->n_inputs; i++) {
        sm_hash_add(h, b->datasets[f->inputs[i].dataset].name);
        sm_hash_add(h, sm_sv_cstr(sm_input_mode_name(f->inputs[i].mode)));
        if (f->inputs[i].metadata)
            sm_hash_add(h, SM_SV("metadata"));
    }
    sm_hash_add(h, SM_SV(""));
    for (size_t i = 0; i < table->n_rules; i++) {
        sm_hash_add(h, table->rules[i].name);
        sm_hash_add(h, sm_sql_normal(table->rules[i].expr, b->scratch));
        sm_hash_add(h, table->rules[i].policy);
    }
    hash_schema(h, &f->result);
    hash_stages(h, f, b->scratch);
    return sm_hash_hex(h, b->a);
}

/* What the text of a view does not say: the values of its variables. */
static void hash_variables(sm_hash *h, const sm_sql_query *q)
{
    const sm_sql_variable *v;

    for (size_t i = 0; (v = sm_sql_variable_used(q, i)); i++) {
        sm_hash_add(h, v->type);
        sm_hash_add(h, v->value);
    }
}

static sm_sv dataset_fingerprint(plan_builder *b, const sm_plan_dataset *ds)
{
    const plan_node *node = &b->nodes[ds - b->datasets];
    sm_hash *h = sm_hash_new();

    sm_hash_add(h, sm_sv_cstr(sm_dataset_kind_name(ds->kind)));
    sm_hash_add(h, ds->name);
    hash_schema(h, &ds->schema);
    hash_list(h, &ds->partition_by);
    hash_streaming(b, h, ds);
    if (ds->kind == SM_DATASET_SOURCE || ds->kind == SM_DATASET_SINK) {
        sm_hash_add(h, ds->source_type);
        sm_hash_add(h, sm_json_dump(ds->source_config, SM_JSON_SORTED, b->scratch));
    } else {
        sm_hash_add(h, sm_sql_normal(ds->sql_text, b->scratch));
        if (ds->kind == SM_DATASET_VIEW)
            hash_variables(h, node->queries[0].read);
    }
    for (size_t i = 0; i < ds->n_flows; i++)
        sm_hash_add(h, b->flows[ds->flow + i].fingerprint);
    return sm_hash_hex(h, b->a);
}

void sm_plan__fingerprints(plan_builder *b)
{
    sm_hash *h = sm_hash_new();

    for (size_t i = 0; i < b->plan->n_flows; i++)
        b->flows[i].fingerprint = flow_fingerprint(b, &b->flows[i]);
    sm_hash_add(h, b->plan->pipeline);
    sm_hash_add(h, b->plan->schema);
    for (size_t i = 0; i < b->plan->n_datasets; i++) {
        b->datasets[i].fingerprint = dataset_fingerprint(b, &b->datasets[i]);
        sm_hash_add(h, b->datasets[i].fingerprint);
    }
    b->plan->fingerprint = sm_hash_hex(h, b->a);
}
