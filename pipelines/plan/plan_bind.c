/* SPDX-License-Identifier: Apache-2.0 */
/* plan_bind.c -- the columns of every dataset, inputs first.
 *
 *     table of another pipeline   what it has, or what that pipeline's plan gives it; nothing
 *              yet: unknown (plan_other.c)
 *     source   what it declares, or what schema_of() finds; nothing yet: unknown; a folder that
 *              is not there, or data that is no record: a fault, as one of the file's
 *     view     what its query gives
 *     table    what its flows give, in the types that a table stores; all flows the same
 *     quarantine   the columns of its table, and its own (plan_quarantine.c)
 *
 * A dataset that reads an unknown one is unknown too: its flows are compiled, not bound.
 */
#include "pipelines/plan/plan_int.h"
#include "runtime/base/limit.h"
#include "runtime/base/strmap.h"

/* ---- sources ------------------------------------------------------------------- */

/* A column that the source adds to those that the user declared, if its option says so: a default
 * adds none, unless the column is `needed`.  One that is declared too stays where it is. */
static void declared_extra(plan_builder *b, const sm_spec_source *s, const char *option,
                           bool needed, sm_schema *out)
{
    sm_sv origin = sm_json_get_sv(s->origins, option, SM_SV("default"));
    sm_sv name = sm_json_get_sv(s->options, option, SM_SV(""));

    if ((!needed && sm_sv_eq_str(origin, "default")) || name.len == 0 ||
        sm_schema_find(out, name) >= 0)
        return;
    out->columns[out->n++] = (sm_column){ .name = sm_arena_dup(b->a, name),
                                          .type = SM_SV("VARCHAR"),
                                          .nullable = true,
                                          .description = SM_SV("") };
}

/* The loader has judged the types. */
static sm_code declared_schema(plan_builder *b, size_t ds, sm_error *err)
{
    const sm_spec_columns *declared = &b->nodes[ds].source->schema;
    sm_schema *out = &b->datasets[ds].schema;

    out->columns = SM_NEW_N(b->a, sm_column, declared->n + 3);
    for (size_t i = 0; i < declared->n; i++) {
        const sm_spec_column *column = &declared->items[i];
        sm_sqltype *type = NULL;
        sm_code rc = sm_sqltype_parse(column->data_type.text, b->a, &type, err);

        if (rc != SM_OK)
            return rc;
        out->columns[out->n++] = (sm_column){ .name = column->name.text,
                                              .type = sm_sqltype_view_text(type, b->a),
                                              .nullable = true,
                                              .description = SM_SV("") };
    }
    if (out->n > 0) {
        declared_extra(b, b->nodes[ds].source, "corrupt_record_column", false, out);
        declared_extra(b, b->nodes[ds].source, "rescued_data_column",
                       b->datasets[ds].evolution == SM_EVOLUTION_RESCUE, out);
    }
    return SM_OK;
}

/* Is this the fault of what the user wrote or put there?  Then it is told with the others. */
static bool told_of_source(plan_builder *b, const plan_node *node, sm_code rc, const sm_error *err)
{
    if (rc != SM_E_INVALID && rc != SM_E_NOT_FOUND)
        return false;
    sm_diag_add(b->d, "SM0408", node->at, "%s", err->msg);
    if (rc == SM_E_NOT_FOUND)
        sm_diag_hint(b->d, "Mend `path`, which counts from the folder of the pipeline file, or "
                           "make what it names.");
    return true;
}

static sm_code bind_source(plan_builder *b, size_t ds, sm_error *err)
{
    plan_node *node = &b->nodes[ds];
    sm_code rc;

    if (node->failed || node->other)
        return SM_OK;
    rc = declared_schema(b, ds, err);
    if (rc == SM_OK && b->datasets[ds].schema.n == 0 && b->env->schema_of)
        rc = b->env->schema_of(b->env->ctx, node->source, b->a, &b->datasets[ds].schema, err);
    node->failed = rc != SM_OK && told_of_source(b, node, rc, err);
    if (rc != SM_OK)
        return node->failed ? SM_OK : rc;
    if (!b->datasets[ds].schema_declared &&
        !sm_plan__judge_hints(b, &node->source->schema_hints, &b->datasets[ds].schema)) {
        node->failed = true;
        return SM_OK;
    }
    b->datasets[ds].known = b->datasets[ds].schema.n > 0;
    node->grows = !b->datasets[ds].schema_declared && sm_evolution_grows(b->datasets[ds].evolution);
    return SM_OK;
}

/* ---- queries -------------------------------------------------------------------- */

typedef enum inputs_state { INPUTS_KNOWN, INPUTS_WAITING, INPUTS_FAILED } inputs_state;

static inputs_state state_of(const plan_builder *b, const plan_query *q)
{
    inputs_state state = INPUTS_KNOWN;

    for (size_t i = 0; i < q->read->n_refs; i++) {
        if (q->datasets[i] == SIZE_MAX || b->nodes[q->datasets[i]].failed)
            return INPUTS_FAILED;
        if (!b->datasets[q->datasets[i]].known)
            state = INPUTS_WAITING;
    }
    return state;
}

/* The columns that the query gives; its inputs are known. */
static sm_code bind_query(plan_builder *b, const plan_query *q, sm_schema *out, bool *ok,
                          sm_error *err)
{
    sm_sql_relation *relations;
    plan_inputs in = { 0 };
    sm_sql_text text;
    sm_code rc;

    if (q->whole) { /* from: x */
        *out = *sm_plan__leaf_schema(b, q, q->datasets[0]);
        *ok = true;
        return SM_OK;
    }
    *ok = false;
    if (!sm_plan__compile_text(b, q, PLAN_FOR_BIND, &in, &text))
        return SM_OK;
    relations = SM_NEW_N(b->scratch, sm_sql_relation, in.n + 1);
    for (size_t i = 0; i < in.n; i++)
        relations[i] = *sm_plan__bind_relation(b, sm_plan__leaf_schema(b, q, in.items[i].dataset));
    rc = sm_sql_bind(b->env->sql, q->read, &text, relations, in.n, b->a, b->d, out, ok, err);
    if (rc == SM_OK && !*ok)
        sm_plan__hint_metadata(b, q);
    return rc;
}

/* Does the query take all columns of something that data may bring more to? */
static bool query_grows(const plan_builder *b, const plan_query *q)
{
    bool grows = false;

    for (size_t i = 0; q->read && i < q->read->n_refs; i++)
        grows |= q->datasets[i] != SIZE_MAX && b->nodes[q->datasets[i]].grows;
    return grows && (q->whole || sm_sql_takes_all(q->read));
}

static sm_code bind_view(plan_builder *b, size_t ds, sm_error *err)
{
    const plan_query *q = &b->nodes[ds].queries[0];
    inputs_state state;
    bool ok = false;
    sm_code rc;

    if (b->nodes[ds].failed)
        return SM_OK;
    state = state_of(b, q);
    b->nodes[ds].failed = state == INPUTS_FAILED;
    b->nodes[ds].grows = query_grows(b, q);
    if (state != INPUTS_KNOWN)
        return SM_OK;
    if ((rc = bind_query(b, q, &b->datasets[ds].schema, &ok, err)) != SM_OK)
        return rc;
    b->datasets[ds].known = ok;
    b->nodes[ds].failed = !ok;
    return SM_OK;
}

/* ---- tables -------------------------------------------------------------------- */

/* Compile, and bind when the inputs are known; false when it failed. */
static sm_code bind_flow(plan_builder *b, size_t ds, size_t i, bool *ok, sm_error *err)
{
    const plan_query *q = &b->nodes[ds].queries[i];
    sm_plan_flow *f = &b->flows[b->datasets[ds].flow + i];
    plan_inputs in = { 0 };
    sm_sql_text text;
    inputs_state state;
    sm_code rc;

    *ok = false;
    state = state_of(b, q);
    if (state == INPUTS_FAILED || !sm_plan__compile_text(b, q, PLAN_FOR_ENGINE, &in, &text))
        return SM_OK;
    f->inputs = in.items;
    f->n_inputs = in.n;
    f->sql = sm_arena_dup(b->a, text.text);
    *ok = true;
    if (state == INPUTS_WAITING)
        return SM_OK;
    if ((rc = bind_query(b, q, &f->result, ok, err)) != SM_OK)
        return rc;
    f->bound = *ok;
    return SM_OK;
}

/* What the bound flow `i` says about the table's columns. */
static bool take_result(plan_builder *b, size_t ds, size_t i)
{
    const plan_query *q = &b->nodes[ds].queries[i];
    sm_plan_dataset *table = &b->datasets[ds];
    const sm_plan_flow *f = &b->flows[table->flow + i];
    sm_schema stored;
    bool ok = true;

    if (!sm_plan__stored_schema(b, q, &f->result, &stored))
        return false;
    if (table->known)
        ok = sm_plan__same_columns(b, q, &table->schema, &stored, b->nodes[ds].grows);
    else
        table->schema = stored;
    table->known = true;
    return ok;
}

/* Each flow's row, with the columns that only the others give, under the rules. */
static sm_code bind_rules(plan_builder *b, size_t ds, sm_error *err)
{
    const sm_plan_dataset *table = &b->datasets[ds];
    sm_code rc = SM_OK;

    for (size_t i = 0; rc == SM_OK && i < table->n_flows; i++) {
        const sm_plan_flow *f = &b->flows[table->flow + i];
        sm_grown *row = SM_NEW(b->scratch, sm_grown); /* kept as a relation of the engine */

        if (!f->bound)
            continue;
        row->schema = f->result;
        if (table->n_flows > 1)
            rc = sm_schema_grow(&f->result, &table->schema, SM_GROW_KEEP, b->scratch, row, err);
        if (rc == SM_OK)
            rc = sm_plan__bind_rules(b, ds, &row->schema, err);
    }
    return rc;
}

static sm_code bind_table(plan_builder *b, size_t ds, sm_error *err)
{
    sm_plan_dataset *table = &b->datasets[ds];
    bool failed = b->nodes[ds].failed, waiting = false;
    sm_code rc;

    sm_plan__compile_rules(b, ds);
    for (size_t i = 0; i < table->n_flows; i++)
        b->nodes[ds].grows |= query_grows(b, &b->nodes[ds].queries[i]);
    for (size_t i = 0; !b->nodes[ds].failed && i < table->n_flows; i++) {
        bool ok = false;

        if ((rc = bind_flow(b, ds, i, &ok, err)) != SM_OK)
            return rc;
        if (ok && b->flows[table->flow + i].bound) {
            ok = take_result(b, ds, i);
        } else {
            waiting |= ok;
        }
        failed |= !ok;
    }
    b->nodes[ds].failed = failed;
    if (table->known && !failed && !waiting)
        sm_plan__judge_columns(b, ds);
    if (table->known && (rc = bind_rules(b, ds, err)) != SM_OK)
        return rc;
    if (table->known && !failed)
        sm_plan__judge_partition(b, ds);
    /* the columns of a table are those of all its flows; one that waits may disagree */
    table->known = table->known && !waiting && !failed;
    return SM_OK;
}

sm_code sm_plan__bind(plan_builder *b, sm_error *err)
{
    sm_code rc = SM_OK;

    b->relation_names = sm_strmap_new(b->scratch);
    sm_plan__judge_metadata(b);
    for (size_t i = 0; i < b->plan->n_datasets; i++) {
        size_t ds = b->plan->order[i];

        switch (b->datasets[ds].kind) {
        case SM_DATASET_SOURCE:
            rc = bind_source(b, ds, err);
            break;
        case SM_DATASET_VIEW:
            rc = bind_view(b, ds, err);
            break;
        case SM_DATASET_STREAMING_TABLE:
        case SM_DATASET_MATERIALIZED_VIEW:
        case SM_DATASET_SINK:
            rc = bind_table(b, ds, err);
            break;
        case SM_DATASET_QUARANTINE:
            sm_plan__bind_quarantine(b, ds);
            break;
        case SM_DATASET_LATE:
            sm_plan__bind_late(b, ds);
            break;
        }
        if (rc != SM_OK)
            return rc;
        b->plan->n_waiting += !b->datasets[ds].known;
    }
    sm_plan__judge_readers(b);
    sm_plan__judge_streaming(b);
    sm_plan__judge_checks(b);
    rc = sm_plan__cut(b, err);
    if (rc == SM_OK)
        sm_plan__judge_sinks(b);
    return rc;
}
