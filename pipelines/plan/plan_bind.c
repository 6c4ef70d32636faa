/* SPDX-License-Identifier: Apache-2.0 */
/* plan_bind.c -- the columns of every dataset, inputs first.
 *
 *     source   what it declares, or what schema_of() finds; nothing yet: unknown
 *     view     what its query gives
 *     table    what its flows give, in the types that a table stores; all flows the same
 *
 * A dataset that reads an unknown one is unknown too: its flows are compiled, not bound.
 */
#include "pipelines/plan/plan_int.h"
#include "runtime/base/hash.h"
#include "runtime/base/limit.h"
#include "runtime/base/strmap.h"

/* A view that reads a view twice that reads … doubles with each step; somewhere that ends. */
#define MAX_COMPILED ((size_t)4 * SM_LIMIT_SQL_BYTES)
enum { MAX_LEAVES = 256 };

/* ---- sources ------------------------------------------------------------------- */

/* The loader has judged the types. */
static sm_code declared_schema(plan_builder *b, size_t ds, sm_error *err)
{
    const sm_spec_columns *declared = &b->nodes[ds].source->schema;
    sm_schema *out = &b->datasets[ds].schema;

    out->columns = SM_NEW_N(b->a, sm_column, declared->n + 1);
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
    return SM_OK;
}

static sm_code bind_source(plan_builder *b, size_t ds, sm_error *err)
{
    plan_node *node = &b->nodes[ds];
    sm_code rc;

    if (node->failed)
        return SM_OK;
    rc = declared_schema(b, ds, err);
    if (rc == SM_OK && b->datasets[ds].schema.n == 0 && b->env->schema_of)
        rc = b->env->schema_of(b->env->ctx, node->source, b->a, &b->datasets[ds].schema, err);
    if (rc != SM_OK)
        return rc;
    b->datasets[ds].known = b->datasets[ds].schema.n > 0;
    return SM_OK;
}

/* ---- compiled text ------------------------------------------------------------- */

typedef struct inputs {
    sm_plan_input *items;
    size_t n, cap;
    size_t leaves; /* how often one of them is named */
} inputs;

/* What a text is compiled for: the plan, whose relations are the flow's inputs; or the
 * engine's judgement, whose relations are named by their columns, so that a thousand tables
 * of ten kinds ask the engine to know ten relations. */
typedef enum purpose { FOR_PLAN, FOR_BIND } purpose;

/* Names and types, each with its end. */
static sm_sv schema_key(sm_arena *a, const sm_schema *s)
{
    size_t len = 0;
    char *key, *at;

    for (size_t i = 0; i < s->n; i++)
        len += s->columns[i].name.len + s->columns[i].type.len + 2;
    key = at = SM_NEW_N(a, char, len + 1); /* zeroed */
    for (size_t i = 0; i < s->n; i++) {
        const sm_column *column = &s->columns[i];

        memcpy(at, column->name.ptr, column->name.len);
        at += column->name.len + 1;
        memcpy(at, column->type.ptr, column->type.len);
        at += column->type.len + 1;
    }
    return (sm_sv){ key, len };
}

/* The relation that stands for every dataset with these columns. */
static const sm_sql_relation *bind_relation(plan_builder *b, const sm_schema *schema)
{
    sm_sv key = schema_key(b->a, schema);
    size_t i = b->n_relations;

    if (!sm_strmap_get(b->relation_names, key, &i)) {
        if (i == b->cap_relations) {
            size_t cap = i ? 2 * i : 16;
            sm_sql_relation *grown = SM_NEW_N(b->a, sm_sql_relation, cap);

            if (i)
                memcpy(grown, b->relations, i * sizeof *grown);
            b->relations = grown;
            b->cap_relations = cap;
        }
        sm_strmap_put(b->relation_names, key, i);
        b->relations[i] = (sm_sql_relation){ sm_arena_printf(b->a, "_smelt_kind_%zu", i), schema };
        b->n_relations++;
    }
    return &b->relations[i];
}

static sm_sv input_relation(plan_builder *b, inputs *in, size_t ds, sm_input_mode mode)
{
    for (size_t i = 0; i < in->n; i++) {
        if (in->items[i].dataset == ds && in->items[i].mode == mode)
            return in->items[i].relation;
    }
    if (in->n == in->cap) {
        size_t cap = in->cap ? 2 * in->cap : 4;
        sm_plan_input *grown = SM_NEW_N(b->a, sm_plan_input, cap);

        if (in->n)
            memcpy(grown, in->items, in->n * sizeof *grown);
        in->items = grown;
        in->cap = cap;
    }
    in->items[in->n] =
        (sm_plan_input){ ds, mode, sm_arena_printf(b->a, SM_SQL_RELATION "%zu", in->n) };
    return in->items[in->n++].relation;
}

/* The text of a query with its leaves as relations of `in` and its views inside. */
static bool compile_query(plan_builder *b, const plan_query *q, purpose what, inputs *in,
                          sm_sql_text *out)
{
    sm_sql_leaf *leaves = SM_NEW_N(b->a, sm_sql_leaf, q->read->n_refs + 1);

    for (size_t i = 0; i < q->read->n_refs; i++) {
        size_t ds = q->datasets[i];
        const sm_sql_ref *ref = &q->read->refs[i];

        leaves[i].alias = ref->name;
        if (b->datasets[ds].kind == SM_DATASET_VIEW) {
            sm_sql_text *view = SM_NEW(b->a, sm_sql_text);

            if (!compile_query(b, &b->nodes[ds].queries[0], what, in, view))
                return false;
            leaves[i].view = view;
        } else {
            in->leaves++;
            leaves[i].relation =
                input_relation(b, in, ds, ref->stream ? SM_INPUT_STREAM : SM_INPUT_SNAPSHOT);
            if (what == FOR_BIND)
                leaves[i].relation = bind_relation(b, &b->datasets[ds].schema)->name;
        }
    }
    if (!sm_sql_compile(q->read, leaves, b->a, b->d, out))
        return false;
    if (out->text.len <= MAX_COMPILED && in->leaves <= MAX_LEAVES)
        return true;
    sm_diag_add(b->d, "SM0214", sm_text_span(q->text, 0, 1),
                "%.*s: with its views inside, the SQL names more than %d inputs or is longer than "
                "%zu bytes",
                SM_SV_ARG(q->label), MAX_LEAVES, MAX_COMPILED);
    return false;
}

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
    inputs in = { 0 };
    sm_sql_text text;

    if (q->whole) { /* from: x */
        *out = b->datasets[q->datasets[0]].schema;
        *ok = true;
        return SM_OK;
    }
    *ok = false;
    if (!compile_query(b, q, FOR_BIND, &in, &text))
        return SM_OK;
    relations = SM_NEW_N(b->a, sm_sql_relation, in.n + 1);
    for (size_t i = 0; i < in.n; i++)
        relations[i] = *bind_relation(b, &b->datasets[in.items[i].dataset].schema);
    return sm_sql_bind(b->env->sql, q->read, &text, relations, in.n, b->a, b->d, out, ok, err);
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
    if (state != INPUTS_KNOWN)
        return SM_OK;
    if ((rc = bind_query(b, q, &b->datasets[ds].schema, &ok, err)) != SM_OK)
        return rc;
    b->datasets[ds].known = ok;
    b->nodes[ds].failed = !ok;
    return SM_OK;
}

/* ---- what a table can store ---------------------------------------------------- */

static void judge_name(plan_builder *b, const plan_query *q, const sm_schema *s, size_t i, bool *ok)
{
    sm_sv name = s->columns[i].name;
    sm_span at = sm_sql_column_span(q->read, i, s->n);

    for (size_t k = 0; k < name.len; k++) {
        if (!memchr(" ,;{}()\n\t=", name.ptr[k], 10))
            continue;
        sm_diag_add(b->d, "SM0213", at, "%.*s: a table cannot have a column named \"%.*s\"",
                    SM_SV_ARG(q->label), SM_SV_ARG(name));
        sm_diag_hint(b->d, "Give it a name with AS; names hold no space and none of , ; { } ( ) =");
        *ok = false;
        return;
    }
    for (size_t k = 0; k < i; k++) {
        if (!sm_sql_same_name(s->columns[k].name, name))
            continue;
        sm_diag_add(b->d, "SM0213", at, "%.*s: two columns named \"%.*s\"", SM_SV_ARG(q->label),
                    SM_SV_ARG(name));
        sm_diag_hint(b->d, "Give one of them another name with AS; after a join, USING (key) or "
                           "* EXCLUDE (name) keeps one.");
        *ok = false;
        return;
    }
}

/* The result's columns in the types that a table stores. */
static bool stored_schema(plan_builder *b, const plan_query *q, const sm_schema *result,
                          sm_schema *out)
{
    bool ok = true;

    out->columns = SM_NEW_N(b->a, sm_column, result->n + 1);
    out->n = result->n;
    for (size_t i = 0; i < result->n; i++) {
        sm_error why;

        out->columns[i] = result->columns[i];
        out->columns[i].nullable = true;
        judge_name(b, q, result, i, &ok);
        if (sm_sqltype_stored_text(result->columns[i].type, b->a, &out->columns[i].type, &why) ==
            SM_OK)
            continue;
        sm_diag_add(b->d, "SM0212", sm_sql_column_span(q->read, i, result->n),
                    "%.*s: column \"%.*s\": %s", SM_SV_ARG(q->label),
                    SM_SV_ARG(result->columns[i].name), why.msg);
        sm_diag_hint(b->d, "Cast it to a type that a table stores, such as VARCHAR or BIGINT.");
        ok = false;
    }
    return ok;
}

/* The flows of a table give the same columns, in any order. */
static bool same_columns(plan_builder *b, const plan_query *q, const sm_schema *table,
                         const sm_schema *flow)
{
    size_t faults = sm_diags_errors(b->d);
    sm_span at = sm_text_span(q->text, 0, 1);

    for (size_t i = 0; i < flow->n; i++) {
        ptrdiff_t k = sm_schema_find(table, flow->columns[i].name);

        if (k < 0)
            sm_diag_add(b->d, "SM0307", at,
                        "%.*s: this flow gives a column \"%.*s\" that the first flow does not",
                        SM_SV_ARG(q->label), SM_SV_ARG(flow->columns[i].name));
        else if (!sm_sv_eq(table->columns[k].type, flow->columns[i].type))
            sm_diag_add(b->d, "SM0307", at,
                        "%.*s: column \"%.*s\" is %.*s in this flow and %.*s in the first",
                        SM_SV_ARG(q->label), SM_SV_ARG(flow->columns[i].name),
                        SM_SV_ARG(flow->columns[i].type), SM_SV_ARG(table->columns[k].type));
    }
    for (size_t i = 0; i < table->n; i++) {
        if (sm_schema_find(flow, table->columns[i].name) < 0)
            sm_diag_add(b->d, "SM0307", at,
                        "%.*s: this flow does not give column \"%.*s\" of the first flow",
                        SM_SV_ARG(q->label), SM_SV_ARG(table->columns[i].name));
    }
    return sm_diags_errors(b->d) == faults;
}

static void judge_partition(plan_builder *b, size_t ds)
{
    const sm_spec_texts *columns = &b->nodes[ds].table->partition_by;
    const sm_plan_dataset *table = &b->datasets[ds];

    for (size_t i = 0; i < columns->n; i++) {
        const sm_text *name = &columns->items[i];
        ptrdiff_t k = sm_schema_find(&table->schema, name->text);
        const char *what = NULL;

        if (k < 0)
            what = "is no column of the table";
        else if (memchr("SM", table->schema.columns[k].type.ptr[0], 2) != NULL &&
                 (sm_sv_starts(table->schema.columns[k].type, SM_SV("STRUCT")) ||
                  sm_sv_starts(table->schema.columns[k].type, SM_SV("MAP"))))
            what = "is nested";
        else if (sm_sv_ends(table->schema.columns[k].type, SM_SV("]")))
            what = "is nested";
        else if (columns->n == table->schema.n)
            what = "leaves no column for the data";
        for (size_t other = 0; !what && other < i; other++) {
            if (sm_sql_same_name(columns->items[other].text, name->text))
                what = "is named twice";
        }
        if (what)
            sm_diag_add(b->d, "SM0308", sm_text_span(name, 0, name->text.len),
                        "table \"%.*s\" cannot be partitioned by \"%.*s\": it %s",
                        SM_SV_ARG(table->name), SM_SV_ARG(name->text), what);
    }
}

/* ---- rules --------------------------------------------------------------------- */

/* A rule's text inside of a SELECT over the row that it judges. */
static void add_rule_text(plan_builder *b, const plan_query *rule, sm_sql_text *out)
{
    sm_sql_text expr;

    if (!sm_sql_compile(rule->read, NULL, b->a, b->d, &expr))
        expr = (sm_sql_text){ .text = SM_SV("") };
    *out = expr;
}

static sm_code bind_rule(plan_builder *b, const plan_query *rule, const sm_sql_text *expr,
                         const sm_schema *row, sm_error *err)
{
    const sm_sql_relation *relation = bind_relation(b, row);
    sm_sql_text text;
    sm_schema out = { 0 };
    bool ok = false;
    sm_code rc;

    sm_sql_enclose("SELECT (", expr,
                   sm_arena_printf(b->a, ") FROM %.*s", SM_SV_ARG(relation->name)).ptr, b->a,
                   &text);
    rc = sm_sql_bind(b->env->sql, rule->read, &text, relation, 1, b->a, b->d, &out, &ok, err);
    if (rc != SM_OK || !ok)
        return rc;
    if (out.n != 1 || !sm_sv_eq_nocase(out.columns[0].type, SM_SV("BOOLEAN"))) {
        sm_diag_add(b->d, "SM0601", sm_text_span(rule->text, 0, rule->text->text.len),
                    "%.*s gives %.*s, and a rule is true or false", SM_SV_ARG(rule->label),
                    SM_SV_ARG(out.n == 1 ? out.columns[0].type : SM_SV("several values")));
        sm_diag_hint(b->d, "Compare it with something, as in x > 0 or x IS NOT NULL.");
    }
    return SM_OK;
}

/* All rules of a table in one SELECT; only when something is wrong one by one. */
static sm_code bind_rules(plan_builder *b, size_t ds, const sm_schema *row, sm_error *err)
{
    const sm_plan_dataset *table = &b->datasets[ds];
    const plan_node *node = &b->nodes[ds];
    sm_sql_text *texts = SM_NEW_N(b->a, sm_sql_text, table->n_rules + 1);
    const sm_sql_relation *relation = bind_relation(b, row);
    sm_sql_error why = { 0 };
    sm_schema out = { 0 };
    sm_buf all;
    size_t n = 0;
    bool plain = true;
    sm_code rc = SM_OK;

    sm_buf_init(&all, SM_LIMIT_BATCH_SQL);
    for (size_t i = 0; i < table->n_rules; i++) {
        if (!node->rules[i].read)
            continue;
        add_rule_text(b, &node->rules[i], &texts[i]);
        sm_buf_addf(&all, "%s (", n++ ? "," : "SELECT");
        sm_buf_add(&all, texts[i].text);
        sm_buf_addc(&all, ')');
    }
    sm_buf_addf(&all, " FROM %.*s", SM_SV_ARG(relation->name));
    if (n > 0) {
        rc = b->env->sql->bind(b->env->sql->ctx, sm_buf_sv(&all), relation, 1, b->a, &out, &why,
                               err);
        plain = rc == SM_OK && out.n == n;
        for (size_t i = 0; plain && i < n; i++)
            plain = sm_sv_eq_nocase(out.columns[i].type, SM_SV("BOOLEAN"));
        if (rc == SM_E_SQL)
            rc = SM_OK;
    }
    sm_buf_release(&all);
    for (size_t i = 0; rc == SM_OK && !plain && i < table->n_rules; i++) {
        if (node->rules[i].read)
            rc = bind_rule(b, &node->rules[i], &texts[i], row, err);
    }
    return rc;
}

/* ---- tables -------------------------------------------------------------------- */

/* Compile, and bind when the inputs are known; false when it failed. */
static sm_code bind_flow(plan_builder *b, size_t ds, size_t i, bool *ok, sm_error *err)
{
    const plan_query *q = &b->nodes[ds].queries[i];
    sm_plan_flow *f = &b->flows[b->datasets[ds].flow + i];
    inputs in = { 0 };
    sm_sql_text text;
    inputs_state state;
    sm_code rc;

    *ok = false;
    state = state_of(b, q);
    if (state == INPUTS_FAILED || !compile_query(b, q, FOR_PLAN, &in, &text))
        return SM_OK;
    f->inputs = in.items;
    f->n_inputs = in.n;
    f->sql = text.text;
    *ok = true;
    if (state == INPUTS_WAITING)
        return SM_OK;
    if ((rc = bind_query(b, q, &f->result, ok, err)) != SM_OK)
        return rc;
    f->bound = *ok;
    return SM_OK;
}

/* What the bound flow `i` says about the table's columns. */
static sm_code take_result(plan_builder *b, size_t ds, size_t i, bool *ok, sm_error *err)
{
    const plan_query *q = &b->nodes[ds].queries[i];
    sm_plan_dataset *table = &b->datasets[ds];
    const sm_plan_flow *f = &b->flows[table->flow + i];
    sm_schema stored;

    if (!(*ok = stored_schema(b, q, &f->result, &stored)))
        return SM_OK;
    if (table->known)
        *ok = same_columns(b, q, &table->schema, &stored);
    else
        table->schema = stored;
    table->known = true;
    return bind_rules(b, ds, &f->result, err);
}

static void compile_rules(plan_builder *b, size_t ds)
{
    sm_plan_rule *rules = (sm_plan_rule *)b->datasets[ds].rules;

    for (size_t i = 0; i < b->datasets[ds].n_rules; i++) {
        sm_sql_text text = { .text = SM_SV("") };

        if (b->nodes[ds].rules[i].read)
            add_rule_text(b, &b->nodes[ds].rules[i], &text);
        rules[i].expr = text.text;
    }
}

static sm_code bind_table(plan_builder *b, size_t ds, sm_error *err)
{
    sm_plan_dataset *table = &b->datasets[ds];
    bool failed = b->nodes[ds].failed, waiting = false;
    sm_code rc;

    compile_rules(b, ds);
    for (size_t i = 0; !b->nodes[ds].failed && i < table->n_flows; i++) {
        bool ok = false;

        if ((rc = bind_flow(b, ds, i, &ok, err)) != SM_OK)
            return rc;
        if (ok && b->flows[table->flow + i].bound) {
            if ((rc = take_result(b, ds, i, &ok, err)) != SM_OK)
                return rc;
        } else {
            waiting |= ok;
        }
        failed |= !ok;
    }
    b->nodes[ds].failed = failed;
    if (table->known && !failed)
        judge_partition(b, ds);
    /* the columns of a table are those of all its flows; one that waits may disagree */
    table->known = table->known && !waiting && !failed;
    return SM_OK;
}

sm_code sm_plan__bind(plan_builder *b, sm_error *err)
{
    b->relation_names = sm_strmap_new(b->a);
    for (size_t i = 0; i < b->plan->n_datasets; i++) {
        size_t ds = b->plan->order[i];
        sm_code rc = SM_OK;

        switch (b->datasets[ds].kind) {
        case SM_DATASET_SOURCE:
            rc = bind_source(b, ds, err);
            break;
        case SM_DATASET_VIEW:
            rc = bind_view(b, ds, err);
            break;
        case SM_DATASET_STREAMING_TABLE:
        case SM_DATASET_MATERIALIZED_VIEW:
            rc = bind_table(b, ds, err);
            break;
        }
        if (rc != SM_OK)
            return rc;
        b->plan->n_waiting += !b->datasets[ds].known;
    }
    return SM_OK;
}

/* ---- fingerprints -------------------------------------------------------------- */

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

static sm_sv flow_fingerprint(plan_builder *b, const sm_plan_flow *f)
{
    const sm_plan_dataset *table = &b->datasets[f->target];
    sm_hash *h = sm_hash_new();

    sm_hash_add(h, f->kind == SM_FLOW_APPEND ? SM_SV("append") : SM_SV("overwrite"));
    sm_hash_add(h, f->once ? SM_SV("once") : SM_SV(""));
    sm_hash_add(h, sm_sql_normal(f->sql, b->a));
    for (size_t i = 0; i < f->n_inputs; i++) {
        sm_hash_add(h, b->datasets[f->inputs[i].dataset].name);
        sm_hash_add(h, sm_sv_cstr(sm_input_mode_name(f->inputs[i].mode)));
    }
    sm_hash_add(h, SM_SV(""));
    for (size_t i = 0; i < table->n_rules; i++) {
        sm_hash_add(h, table->rules[i].name);
        sm_hash_add(h, sm_sql_normal(table->rules[i].expr, b->a));
        sm_hash_add(h, table->rules[i].policy);
    }
    hash_schema(h, &f->result);
    return sm_hash_hex(h, b->a);
}

static sm_sv dataset_fingerprint(plan_builder *b, const sm_plan_dataset *ds)
{
    sm_hash *h = sm_hash_new();

    sm_hash_add(h, sm_sv_cstr(sm_dataset_kind_name(ds->kind)));
    sm_hash_add(h, ds->name);
    hash_schema(h, &ds->schema);
    hash_list(h, &ds->partition_by);
    if (ds->kind == SM_DATASET_SOURCE) {
        sm_hash_add(h, ds->source_type);
        sm_hash_add(h, sm_json_dump(ds->source_config, SM_JSON_SORTED, b->a));
    } else {
        sm_hash_add(h, sm_sql_normal(ds->sql_text, b->a));
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
