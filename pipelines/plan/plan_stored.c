/* SPDX-License-Identifier: Apache-2.0 */
/* plan_stored.c -- what a table can store: names, types, flows that agree, partitions. */
#include "pipelines/plan/plan_int.h"

/* The engine calls an expression by its text, after smelt has written parts of it anew. */
static bool tell_unnamed(plan_builder *b, const plan_query *q, const sm_schema *s, size_t i)
{
    sm_sv name = s->columns[i].name;

    if (!sm_sql_column_unnamed(q->read, i, s->n) && sm_sv_find(name, SM_SV("smelt_")) < 0)
        return false;
    sm_diag_add(b->d, "SM0213", sm_sql_column_span(q->read, i, s->n),
                "%.*s: this column needs a name", SM_SV_ARG(q->label));
    sm_diag_hint(b->d, "write AS and a name behind it, without a space and , ; { } ( ) =");
    return true;
}

static void judge_name(plan_builder *b, const plan_query *q, const sm_schema *s, size_t i, bool *ok)
{
    sm_sv name = s->columns[i].name;
    sm_span at = sm_sql_column_span(q->read, i, s->n);

    for (size_t k = 0; k < name.len; k++) {
        if (!memchr(" ,;{}()\n\t=", name.ptr[k], 10))
            continue;
        *ok = false;
        if (tell_unnamed(b, q, s, i))
            return;
        sm_diag_add(b->d, "SM0213", at, "%.*s: a table cannot have a column named \"%.*s\"",
                    SM_SV_ARG(q->label), SM_SV_ARG(name));
        sm_diag_hint(b->d, "Give it another name with AS; names hold no space and none of "
                           ", ; { } ( ) =");
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
bool sm_plan__stored_schema(plan_builder *b, const plan_query *q, const sm_schema *result,
                            sm_schema *out)
{
    bool ok = true;

    out->columns = SM_NEW_N(b->a, sm_column, result->n + 1);
    out->n = result->n;
    for (size_t i = 0; i < result->n; i++) {
        sm_error why;

        out->columns[i] = result->columns[i];
        out->columns[i].nullable = true;
        out->columns[i].description = SM_SV(""); /* said of this table, or not at all */
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

/* Can a value of the flow's column stand in the table's? */
static bool fits(plan_builder *b, const sm_column *flow, const sm_column *table)
{
    sm_schema x = { (sm_column *)flow, 1 }, y = { (sm_column *)table, 1 };
    sm_grown g;
    sm_error ignored;

    return sm_schema_grow(&y, &x, SM_GROW_EITHER, b->scratch, &g, &ignored) == SM_OK &&
           g.conflict < 0;
}

/* The columns of both, in the wider of two types. */
static void take_columns(plan_builder *b, sm_schema *table, const sm_schema *flow)
{
    sm_grown g;
    sm_error ignored;

    if (sm_schema_grow(table, flow, SM_GROW_WIDEN | SM_GROW_EITHER, b->a, &g, &ignored) == SM_OK)
        *table = g.schema;
}

bool sm_plan__same_columns(plan_builder *b, const plan_query *q, sm_schema *table,
                           const sm_schema *flow, bool grows)
{
    size_t faults = sm_diags_errors(b->d);
    sm_span at = sm_text_span(q->text, 0, 1);

    if (grows)
        take_columns(b, table, flow);
    for (size_t i = 0; i < flow->n; i++) {
        ptrdiff_t k = sm_schema_find(table, flow->columns[i].name);

        if (grows && k >= 0 && fits(b, &flow->columns[i], &table->columns[k]))
            continue;
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
    for (size_t i = 0; !grows && i < table->n; i++) {
        if (sm_schema_find(flow, table->columns[i].name) < 0)
            sm_diag_add(b->d, "SM0307", at,
                        "%.*s: this flow does not give column \"%.*s\" of the first flow",
                        SM_SV_ARG(q->label), SM_SV_ARG(table->columns[i].name));
    }
    return sm_diags_errors(b->d) == faults;
}

static bool is_nested(sm_sv type)
{
    return sm_sv_starts(type, SM_SV("STRUCT")) || sm_sv_starts(type, SM_SV("MAP")) ||
           sm_sv_ends(type, SM_SV("]"));
}

/* Why the i-th name of `partition_by`, column k of the table or -1, cannot stand; NULL if it
 * can. */
static const char *partition_fault(const sm_spec_texts *names, size_t i, const sm_schema *schema,
                                   ptrdiff_t k)
{
    if (k < 0)
        return "is no column of the table";
    if (is_nested(schema->columns[k].type))
        return "is nested";
    if (names->n == schema->n)
        return "leaves no column for the data";
    for (size_t other = 0; other < i; other++) {
        if (sm_sql_same_name(names->items[other].text, names->items[i].text))
            return "is named twice";
    }
    return NULL;
}

void sm_plan__judge_partition(plan_builder *b, size_t ds)
{
    const sm_spec_texts *names = &b->nodes[ds].table->partition_by;
    sm_plan_dataset *table = &b->datasets[ds];
    sm_sv *columns = SM_NEW_N(b->a, sm_sv, names->n + 1);

    for (size_t i = 0; i < names->n; i++) {
        const sm_text *name = &names->items[i];
        ptrdiff_t k = sm_schema_find(&table->schema, name->text);
        const char *fault = partition_fault(names, i, &table->schema, k);

        columns[i] = k < 0 ? name->text : table->schema.columns[k].name; /* as the table has it */
        if (fault)
            sm_diag_add(b->d, "SM0308", sm_text_span(name, 0, name->text.len),
                        "table \"%.*s\" cannot be partitioned by \"%.*s\": it %s",
                        SM_SV_ARG(table->name), SM_SV_ARG(name->text), fault);
    }
    table->partition_by = (sm_plan_list){ columns, names->n };
}
