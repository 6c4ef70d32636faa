/* SPDX-License-Identifier: Apache-2.0 */
/* plan_other.c -- tables of other pipelines of the project, named schema.table in SQL.
 *
 * Each is a dataset of this plan: a source of type delta over the folder of that table, with the
 * columns that the table has.  Who it is, and whether it may be read, `other` of the environment
 * says.  What it reads of this pipeline in turn is an edge like any, so that a way round through
 * another pipeline is a cycle like any.
 */
#include <string.h>

#include "pipelines/plan/plan_int.h"
#include "runtime/base/strmap.h"

bool sm_plan__is_ours(const plan_builder *b, const sm_sql_ref *ref)
{
    return ref->schema.len == 0 || sm_sql_same_name(ref->schema, b->plan->schema) ||
           sm_sql_same_name(ref->schema, b->plan->pipeline);
}

bool sm_plan__is_live(const sm_sql_ref *ref)
{
    return sm_sql_same_name(ref->schema, SM_SV("live"));
}

sm_sv sm_plan__qualified(const sm_sql_ref *ref, sm_arena *a)
{
    return sm_arena_printf(a, "%.*s.%.*s", SM_SV_ARG(ref->schema), SM_SV_ARG(ref->name));
}

static void tell(plan_builder *b, const plan_query *q, const sm_sql_ref *ref,
                 const sm_plan_other *other)
{
    sm_diag_add(b->d, other->closed ? "SM0315" : "SM0301",
                sm_text_span(q->text, ref->name_offset, ref->name_len),
                "%.*s reads \"%.*s.%.*s\", %.*s", SM_SV_ARG(q->label), SM_SV_ARG(ref->schema),
                SM_SV_ARG(ref->name), SM_SV_ARG(other->fault));
    if (other->hint.len > 0)
        sm_diag_hint(b->d, "%.*s", SM_SV_ARG(other->hint));
    if (other->closed && other->see.line > 0)
        sm_diag_see(b->d, other->see, "it is defined here");
}

/* Room for one more dataset. */
static void grow(plan_builder *b, size_t *cap)
{
    size_t n = b->plan->n_datasets;
    sm_plan_dataset *datasets;
    plan_node *nodes;

    if (n < *cap)
        return;
    *cap = 2 * n + 8;
    datasets = SM_NEW_N(b->a, sm_plan_dataset, *cap);
    nodes = SM_NEW_N(b->scratch, plan_node, *cap);
    if (n > 0) {
        memcpy(datasets, b->datasets, n * sizeof *datasets);
        memcpy(nodes, b->nodes, n * sizeof *nodes);
    }
    b->plan->datasets = b->datasets = datasets;
    b->nodes = nodes;
}

static size_t add_other(plan_builder *b, const plan_query *q, const sm_sql_ref *ref,
                        const sm_plan_other *other)
{
    sm_json *config = sm_json_object(b->a);
    size_t ds = b->plan->n_datasets++;

    sm_json_set_string(config, "path", other->path);
    b->nodes[ds] = (plan_node){
        .other = other,
        .at = sm_text_span(q->text, ref->name_offset, ref->name_len),
        .grows = true,
    };
    b->datasets[ds] = (sm_plan_dataset){
        .name = other->name,
        .kind = SM_DATASET_SOURCE,
        .layer = SM_SV(""),
        .description = SM_SV(""),
        .schema = other->schema,
        .known = other->schema.n > 0,
        .source_type = SM_SV("delta"),
        .pipeline = other->pipeline,
        .source_config = config,
        .schema_declared = true,
        .evolution = SM_EVOLUTION_FAIL,
        .place = other->place,
    };
    return ds;
}

/* The dataset behind the reference: there already under its own name, or added. */
static sm_code take_ref(plan_builder *b, const plan_query *q, const sm_sql_ref *ref, size_t *cap,
                        sm_error *err)
{
    sm_plan_other *other = SM_NEW(b->a, sm_plan_other);
    sm_sv written = sm_plan__qualified(ref, b->scratch);
    size_t ds = SIZE_MAX;
    sm_code rc;

    if (sm_strmap_get(b->names, written, &ds) && ds != SIZE_MAX)
        return SM_OK;
    rc = b->env->other(b->env->ctx, ref->schema, ref->name, b->a, other, err);
    if (rc != SM_OK || (other->fault.len > 0 && !other->closed &&
                        (sm_plan__is_ours(b, ref) || sm_plan__is_live(ref))))
        return rc; /* told as a name of this pipeline */
    if (other->fault.len > 0) {
        tell(b, q, ref, other);
        sm_strmap_put(b->names, written, SIZE_MAX);
        return SM_OK;
    }
    if (!sm_strmap_get(b->names, other->name, &ds)) {
        grow(b, cap);
        ds = add_other(b, q, ref, other);
        sm_strmap_put(b->names, other->name, ds);
    }
    sm_strmap_put(b->names, written, ds);
    return SM_OK;
}

static sm_code take_refs(plan_builder *b, const plan_query *q, size_t *cap, sm_error *err)
{
    sm_code rc = SM_OK;
    size_t ds;

    for (size_t i = 0; rc == SM_OK && q->read && i < q->read->n_refs; i++) {
        const sm_sql_ref *ref = &q->read->refs[i];

        if (ref->schema.len > 0 &&
            !(sm_plan__is_ours(b, ref) && sm_strmap_get(b->names, ref->name, &ds)))
            rc = take_ref(b, q, ref, cap, err);
    }
    return rc;
}

sm_code sm_plan__add_others(plan_builder *b, sm_error *err)
{
    size_t n = b->plan->n_datasets, cap = n;
    sm_code rc = SM_OK;

    b->names = sm_strmap_new_nocase(b->scratch);
    for (size_t i = 0; i < n; i++)
        sm_strmap_put(b->names, b->datasets[i].name, i); /* the loader refuses doubles */
    for (size_t i = 0; b->env->other && rc == SM_OK && i < n; i++)
        for (size_t k = 0; rc == SM_OK && k < b->nodes[i].n_queries; k++)
            rc = take_refs(b, &b->nodes[i].queries[k], &cap, err);
    return rc;
}
