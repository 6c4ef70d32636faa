/* SPDX-License-Identifier: Apache-2.0 */
/* sql_lineage_from.c -- lineage: what stands in a FROM. */
#include <string.h>

#include "pipelines/sql/sql_lineage_int.h"

static void push(lin *l, lin_from *from, lin_relation *r)
{
    if (from->n == from->cap) {
        size_t cap = from->cap ? 2 * from->cap : 4;
        lin_relation **wider = SM_NEW_N(l->a, lin_relation *, cap);

        if (from->n)
            memcpy(wider, from->items, from->n * sizeof(lin_relation *));
        from->items = wider;
        from->cap = cap;
    }
    from->items[from->n++] = r;
}

void sm_lin__rename(lin_relation *r, const sm_json *names)
{
    for (size_t i = 0; i < sm_ast_count(names) && i < r->n; i++)
        r->columns[i].name = sm_json_sv(sm_ast_item(names, i));
}

static sm_sv alias_of(const sm_json *node, sm_sv otherwise)
{
    sm_sv alias = sm_ast_text(node, "alias");

    return alias.len > 0 ? alias : otherwise;
}

/* ---- tables ------------------------------------------------------------------------ */

/* Columns of its own, so that a join may change them. */
static lin_relation *copy_of(lin *l, const lin_relation *of, sm_sv name)
{
    lin_relation *r = sm_lin__relation(l, name, of->n);

    for (size_t i = 0; i < of->n; i++) {
        r->columns[i].name = of->columns[i].name;
        sm_lin__add(l, &r->columns[i].from, &of->columns[i].from);
    }
    return r;
}

/* The reference that stands at this place. */
static lin_relation *input(lin_env e, const sm_json *node)
{
    const sm_sql_query *q = e.l->q;
    size_t place = sm_ast_place(node), ref = 0;
    lin_relation *r;

    while (ref < q->n_refs && q->tree->ref_places[ref] != place)
        ref++;
    if (ref == q->n_refs) {
        e.l->gap = "a table that is not found again";
        return sm_lin__relation(e.l, SM_SV(""), 0);
    }
    r = sm_lin__relation(e.l, alias_of(node, q->refs[ref].name), e.l->schemas[ref]->n);
    for (size_t i = 0; i < r->n; i++) {
        sm_sql_origin *one = SM_NEW(e.l->a, sm_sql_origin);

        *one = (sm_sql_origin){ ref, i };
        r->columns[i].name = e.l->schemas[ref]->columns[i].name;
        r->columns[i].from = (sm_sql_origins){ one, 1, 1 };
    }
    return r;
}

static lin_relation *base_table(lin_env e, const sm_json *node)
{
    sm_sv name = sm_ast_text(node, "table_name");
    const lin_cte *cte = e.ctes;

    while (cte && !sm_sql_same_name(cte->name, name))
        cte = cte->outer;
    if (!cte || sm_ast_text(node, "schema_name").len > 0)
        return input(e, node);
    return copy_of(e.l, cte->result, alias_of(node, name));
}

/* Its columns are not told by the tree; one, when nobody names them. */
static lin_relation *table_function(lin_env e, const sm_json *node)
{
    const sm_json *function = sm_ast_get(node, "function");
    sm_sv name = sm_ast_text(function, "function_name");
    size_t named = sm_ast_count(sm_ast_get(node, "column_name_alias"));
    lin_relation *r;

    if (sm_sql_same_name(name, SM_SV("stream")))
        return input(e, node);
    r = sm_lin__relation(e.l, alias_of(node, name), named > 0 ? named : 1);
    r->columns[0].name = alias_of(node, name);
    r->open = true;
    sm_lin__expr(e, sm_ast_get(function, "children"), &r->args);
    for (size_t i = 0; i < r->n; i++)
        sm_lin__add(e.l, &r->columns[i].from, &r->args);
    return r;
}

static lin_relation *values(lin_env e, const sm_json *node)
{
    const sm_json *rows = sm_ast_get(node, "values");
    lin_relation *r =
        sm_lin__relation(e.l, sm_ast_text(node, "alias"), sm_ast_count(sm_ast_item(rows, 0)));

    for (size_t i = 0; i < r->n; i++) {
        r->columns[i].name = sm_arena_printf(e.l->a, "col%zu", i);
        for (size_t k = 0; k < sm_ast_count(rows); k++)
            sm_lin__expr(e, sm_ast_item(sm_ast_item(rows, k), i), &r->columns[i].from);
    }
    return r;
}

/* ---- joins ------------------------------------------------------------------------- */

typedef struct side {
    lin_relation *relation;
    size_t column;
} side;

static bool find(const lin_from *from, size_t first, size_t end, sm_sv name, side *out)
{
    for (size_t i = first; i < end; i++) {
        lin_relation *r = from->items[i];

        for (size_t k = 0; k < r->n; k++) {
            if ((r->hidden && r->hidden[k]) || !sm_sql_same_name(r->columns[k].name, name))
                continue;
            *out = (side){ r, k };
            return true;
        }
    }
    return false;
}

/* One column of both sides: that of the left, or of the side that always has it. */
static void merge(lin *l, sm_sv join, side left, side right)
{
    sm_sql_lineage_column *x = &left.relation->columns[left.column];
    const sm_sql_lineage_column *y = &right.relation->columns[right.column];

    sm_lin__add(l, l->rows, &x->from);
    sm_lin__add(l, l->rows, &y->from);
    if (sm_sv_eq_str(join, "RIGHT"))
        x->from = (sm_sql_origins){ 0 };
    if (sm_sv_eq_str(join, "RIGHT") || sm_sv_eq_str(join, "OUTER") || sm_sv_eq_str(join, "FULL"))
        sm_lin__add(l, &x->from, &y->from);
    if (!right.relation->hidden)
        right.relation->hidden = SM_NEW_N(l->a, bool, right.relation->n + 1);
    right.relation->hidden[right.column] = true;
}

static void join_using(lin_env e, const sm_json *node, const lin_from *from, size_t left,
                       size_t right)
{
    const sm_json *names = sm_ast_get(node, "using_columns");
    sm_sv join = sm_ast_text(node, "join_type");
    side x, y;

    for (size_t i = 0; i < sm_ast_count(names); i++)
        if (find(from, left, right, sm_json_sv(sm_ast_item(names, i)), &x) &&
            find(from, right, from->n, sm_json_sv(sm_ast_item(names, i)), &y))
            merge(e.l, join, x, y);
    if (!sm_ast_is(node, "ref_type", "NATURAL"))
        return;
    for (size_t i = right; i < from->n; i++)
        for (size_t k = 0; k < from->items[i]->n; k++)
            if (find(from, left, right, from->items[i]->columns[k].name, &x))
                merge(e.l, join, x, (side){ from->items[i], k });
}

static void join(lin_env e, const sm_json *node, lin_from *from)
{
    lin_scope scope = { .outer = e.scope, .from = from };
    size_t left = from->n, right;

    sm_lin__from(e, sm_ast_get(node, "left"), from);
    right = from->n;
    sm_lin__from(e, sm_ast_get(node, "right"), from);
    join_using(e, node, from, left, right);
    e.scope = &scope;
    sm_lin__expr(e, sm_ast_get(node, "condition"), e.l->rows);
    if (sm_ast_is(node, "join_type", "SEMI") || sm_ast_is(node, "join_type", "ANTI"))
        from->n = right;
}

void sm_lin__from(lin_env e, const sm_json *node, lin_from *from)
{
    lin_scope *scope = SM_NEW(e.l->a, lin_scope);
    lin_env lateral = e; /* sees what stands to the left */
    lin_relation *r;

    *scope = (lin_scope){ .outer = e.scope, .from = from };
    lateral.scope = scope;
    if (!node || sm_ast_is(node, "type", "EMPTY"))
        return;
    if (sm_ast_is(node, "type", "JOIN")) {
        join(e, node, from);
        return;
    }
    if (sm_ast_is(node, "type", "BASE_TABLE"))
        r = base_table(e, node);
    else if (sm_ast_is(node, "type", "TABLE_FUNCTION"))
        r = table_function(lateral, node);
    else if (sm_ast_is(node, "type", "EXPRESSION_LIST"))
        r = values(lateral, node);
    else if (sm_ast_is(node, "type", "SUBQUERY"))
        r = sm_lin__query(lateral, sm_ast_query(sm_ast_get(node, "subquery")));
    else {
        e.l->gap = "a kind of FROM whose columns cannot be followed";
        return;
    }
    if (sm_ast_is(node, "type", "SUBQUERY"))
        r->name = alias_of(node, SM_SV("unnamed_subquery"));
    sm_lin__rename(r, sm_ast_get(node, "column_name_alias"));
    push(e.l, from, r);
}
