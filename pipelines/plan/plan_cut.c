/* SPDX-License-Identifier: Apache-2.0 */
/* plan_cut.c -- the flows whose queries remember something, as rows of stages. */
#include "pipelines/plan/plan_int.h"

const sm_cut_deduplicate *sm_plan__cut_deduplicate(plan_builder *b, size_t ds)
{
    const sm_plan_deduplicate *d = b->datasets[ds].deduplicate;
    sm_cut_deduplicate *out;

    if (!d)
        return NULL;
    out = SM_NEW(b->a, sm_cut_deduplicate);
    *out = (sm_cut_deduplicate){ d->keys.items, d->keys.n, d->within_watermark,
                                 b->nodes[ds].table->deduplicate.at };
    return out;
}

/* Might a stage come of the query, or of a view that it reads?  A guess that costs nothing: most
 * queries over a stream remember nothing. */
static bool may_remember(const plan_builder *b, const plan_query *q)
{
    size_t streams = 0;
    bool found = false;

    for (size_t i = 0; i < q->read->n_refs && !found; i++) {
        size_t ds = q->datasets[i];

        streams += q->streaming[i];
        if (q->streaming[i] && b->datasets[ds].kind == SM_DATASET_VIEW)
            found = b->datasets[ds].deduplicate || may_remember(b, &b->nodes[ds].queries[0]);
    }
    return found || streams > 1 || sm_sql_may_group(q->read);
}

static bool is_stream_input(const plan_inputs *in, size_t i)
{
    return in->items[i].mode == SM_INPUT_STREAM;
}

static sm_cut_input cut_input(plan_builder *b, size_t ds, const plan_query *q, plan_inputs *in,
                              const sm_sql_text *text)
{
    sm_sql_relation *relations = SM_NEW_N(b->scratch, sm_sql_relation, in->n + 1);
    bool *streaming = SM_NEW_N(b->scratch, bool, in->n + 1);

    for (size_t i = 0; i < in->n; i++) {
        const sm_schema *schema = &b->datasets[in->items[i].dataset].schema;

        if (in->items[i].metadata)
            schema = sm_plan_with_metadata(schema, b->scratch);
        relations[i] = (sm_sql_relation){ in->items[i].relation, schema };
        streaming[i] = is_stream_input(in, i);
    }
    return (sm_cut_input){ .engine = b->env->sql,
                           .owner = q->label,
                           .text = text,
                           .relations = relations,
                           .streaming = streaming,
                           .n_relations = in->n,
                           .marks = in->marks,
                           .n_marks = in->n_marks,
                           .deduplicate = sm_plan__cut_deduplicate(b, ds),
                           .accepts_unbounded =
                               b->nodes[ds].table->unbounded_state.v == SM_UNBOUNDED_ACCEPTED,
                           .at = b->nodes[ds].at };
}

static void take_cut(sm_plan_flow *f, const sm_cut *cut, const plan_inputs *in)
{
    if (cut->n_stages == 0)
        return;
    f->inputs = in->items;
    f->n_inputs = in->n;
    f->sql = cut->sql;
    f->stages = cut->stages;
    f->n_stages = cut->n_stages;
    f->output_mode = cut->mode;
    f->merge_keys = (sm_plan_list){ cut->merge_keys, cut->n_merge_keys };
    f->touched = cut->touched;
}

static sm_code cut_flow_of(plan_builder *b, size_t ds, size_t number, sm_error *err)
{
    const plan_query *q = &b->nodes[ds].queries[number];
    sm_plan_flow *f = &b->flows[b->datasets[ds].flow + number];
    plan_inputs in = { 0 };
    sm_sql_text text;
    sm_cut_input input;
    sm_cut cut = { 0 };
    bool ok = false;
    sm_code rc;

    if (!f->bound || f->kind != SM_FLOW_APPEND)
        return SM_OK;
    if (f->output_mode == SM_STAGE_APPEND && !b->datasets[ds].deduplicate && !may_remember(b, q))
        return SM_OK;
    if (!sm_plan__compile_text(b, q, PLAN_FOR_CUT, &in, &text))
        return SM_OK;
    input = cut_input(b, ds, q, &in, &text);
    input.mode = f->output_mode;
    rc = sm_sql_cut(&input, b->a, b->d, &cut, &ok, err);
    if (rc == SM_OK && ok)
        take_cut(f, &cut, &in);
    return rc;
}

sm_code sm_plan__cut(plan_builder *b, sm_error *err)
{
    sm_code rc = SM_OK;

    for (size_t ds = 0; rc == SM_OK && ds < b->plan->n_datasets; ds++) {
        for (size_t i = 0; rc == SM_OK && i < b->datasets[ds].n_flows; i++) {
            if (b->nodes[ds].table && !b->nodes[ds].failed)
                rc = cut_flow_of(b, ds, i, err);
        }
    }
    if (rc == SM_OK)
        sm_plan__judge_late_rows(b);
    return rc;
}
