/* SPDX-License-Identifier: Apache-2.0 */
/* plan_cut.c -- the flows whose queries remember something, as rows of stages.
 *
 * A materialized view that is one grouping of one table, to which rows are only added, is kept by
 * what is added: it becomes the flow of a streaming table in output mode update.  When its input
 * loses rows, or its query changes, it is computed anew from the beginning. */
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
        const sm_plan_dataset *from = &b->datasets[in->items[i].dataset];
        const sm_schema *schema = &from->schema;

        if (in->items[i].metadata)
            schema = sm_plan_with_metadata(schema, from->source_type, b->scratch);
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
    f->output_mode = cut->mode;
    if (cut->n_stages == 0)
        return;
    f->inputs = in->items;
    f->n_inputs = in->n;
    f->sql = cut->sql;
    f->stages = cut->stages;
    f->n_stages = cut->n_stages;
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

    if (f->output_mode != SM_STAGE_APPEND && b->datasets[ds].n_flows > 1) {
        sm_diag_add(b->d, "SM0531", b->nodes[ds].at,
                    "table \"%.*s\": several flows in output mode update or complete would replace "
                    "each other's rows",
                    SM_SV_ARG(b->datasets[ds].name));
        sm_diag_hint(b->d, "Put them together by UNION ALL in one query, or let them append.");
        return SM_OK;
    }
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

/* ---- materialized views ------------------------------------------------------------- */

/* Why the view cannot be kept by what is added to its input; NULL: it may be. */
static const char *computed_because(const plan_builder *b, size_t ds, const plan_query *q)
{
    const sm_plan_dataset *of = q->read->n_refs == 1 ? &b->datasets[q->datasets[0]] : NULL;

    if (b->nodes[ds].table->refresh_policy.v == SM_REFRESH_FULL)
        return "refresh_policy is full";
    /* What it remembers is loaded by each run, which costs as much as some rows for each group:
     * whether that is less, only the user knows. */
    if (b->nodes[ds].table->refresh_policy.v == SM_REFRESH_AUTO)
        return "refresh_policy is not incremental";
    if (!of)
        return "it does not read exactly one table";
    if (of->kind != SM_DATASET_STREAMING_TABLE)
        return "its input is no streaming table";
    if (b->flows[of->flow].output_mode != SM_STAGE_APPEND)
        return "the rows of its input are replaced";
    if (b->datasets[ds].n_rules > 0)
        return "its expectations are judged over all rows";
    if (!sm_sql_is_one_grouping(q->read))
        return "its query is not one GROUP BY of the columns of the input";
    return NULL;
}

/* Only one stage, and every key in the result. */
static bool is_kept(const sm_cut *cut)
{
    return cut->n_stages == 1 && cut->stages[0].kind == SM_STAGE_AGGREGATE &&
           !cut->stages[0].keeps_rows && cut->stages[0].n_values > 0;
}

static sm_code cut_view_text(plan_builder *b, size_t ds, plan_inputs *in, sm_cut *cut, bool *ok,
                             sm_error *err)
{
    const plan_query *q = &b->nodes[ds].queries[0];
    sm_diags *told = sm_diags_new(b->scratch), *outer = b->d;
    bool stream = true;
    sm_cut_input input;
    sm_sql_text text;
    sm_code rc = SM_OK;

    *ok = false;
    b->d = told; /* what stands in the way is no fault */
    if (sm_sql_judge_stream(q->read, &stream, false, told) &&
        sm_plan__compile_text(b, q, PLAN_FOR_CUT, in, &text) &&
        sm_sv_find(text.text, SM_SV(SM_SQL_BATCH_TIME)) < 0) {
        in->items[0].mode = SM_INPUT_STREAM;
        input = cut_input(b, ds, q, in, &text);
        input.mode = SM_STAGE_UPDATE;
        input.accepts_unbounded = true;
        rc = sm_sql_cut(&input, b->a, told, cut, ok, err);
    }
    b->d = outer;
    return rc;
}

static void tell_incremental(plan_builder *b, size_t ds, const char *why)
{
    const sm_spec_enum *policy = &b->nodes[ds].table->refresh_policy;

    if (policy->v != SM_REFRESH_INCREMENTAL)
        return;
    sm_diag_add(b->d, "SM0539", policy->at,
                "table \"%.*s\" cannot be kept by what is added to its input: %s",
                SM_SV_ARG(b->datasets[ds].name), why);
    sm_diag_hint(b->d, "With `refresh_policy: auto` it is computed anew when its input changed.");
}

static sm_code cut_view(plan_builder *b, size_t ds, sm_error *err)
{
    sm_plan_flow *f = &b->flows[b->datasets[ds].flow];
    const char *why = computed_because(b, ds, &b->nodes[ds].queries[0]);
    plan_inputs in = { 0 };
    sm_cut cut = { 0 };
    bool ok = false;
    sm_code rc;

    if (!why) {
        if ((rc = cut_view_text(b, ds, &in, &cut, &ok, err)) != SM_OK)
            return rc;
        if (!ok || !is_kept(&cut))
            why = "its groups cannot be computed piece by piece, or lack a key";
    }
    if (why) {
        f->computed_why = sm_sv_cstr(why);
        tell_incremental(b, ds, why);
        return SM_OK;
    }
    take_cut(f, &cut, &in);
    f->kind = SM_FLOW_APPEND;
    f->follows = true;
    return SM_OK;
}

/* ---- all --------------------------------------------------------------------------- */

sm_code sm_plan__cut(plan_builder *b, sm_error *err)
{
    sm_code rc = SM_OK;

    for (size_t ds = 0; rc == SM_OK && ds < b->plan->n_datasets; ds++) {
        for (size_t i = 0; rc == SM_OK && i < b->datasets[ds].n_flows; i++) {
            if (!b->nodes[ds].table || b->nodes[ds].failed ||
                !b->flows[b->datasets[ds].flow + i].bound)
                continue;
            rc = b->datasets[ds].kind == SM_DATASET_MATERIALIZED_VIEW ? cut_view(b, ds, err)
                                                                      : cut_flow_of(b, ds, i, err);
        }
    }
    if (rc == SM_OK)
        sm_plan__judge_late_rows(b);
    return rc;
}
