/* SPDX-License-Identifier: Apache-2.0 */
/* sql_lineage.c -- lineage of a query: SELECT, set operations, CTEs.
 *
 * Each query becomes a list of columns with what they are made of, innermost first, so a name that
 * leads to a subquery leads at once to the columns of the inputs. */
#include "pipelines/sql/sql_lineage_int.h"

enum { MOST_PASSES = 64 };

lin_relation *sm_lin__relation(lin *l, sm_sv name, size_t n)
{
    lin_relation *r = SM_NEW(l->a, lin_relation);

    r->name = name;
    r->columns = SM_NEW_N(l->a, sm_sql_lineage_column, n + 1);
    r->n = n;
    return r;
}

/* ---- SELECT ------------------------------------------------------------------------ */

static void take_modifiers(lin_env e, const sm_json *modifiers)
{
    bool limit = false;

    for (size_t i = 0; i < sm_ast_count(modifiers); i++)
        limit |= sm_ast_is(sm_ast_item(modifiers, i), "type", "LIMIT_MODIFIER") ||
                 sm_ast_is(sm_ast_item(modifiers, i), "type", "LIMIT_PERCENT_MODIFIER");
    for (size_t i = 0; i < sm_ast_count(modifiers); i++) {
        const sm_json *m = sm_ast_item(modifiers, i);

        if (limit || !sm_ast_is(m, "type", "ORDER_MODIFIER"))
            sm_lin__expr(e, m, e.l->rows);
    }
}

static lin_relation *select_node(lin_env e, const sm_json *node)
{
    static const char *const deciding[] = { "where_clause", "group_expressions", "having",
                                            "qualify" };
    const sm_json *list = sm_ast_get(node, "select_list");
    lin_from from = { 0 };
    lin_scope scope = { .outer = e.scope, .from = &from };
    lin_relation *out;
    size_t most;

    sm_lin__from(e, sm_ast_get(node, "from_table"), &from);
    e.scope = &scope;
    most = sm_ast_count(list) * (sm_lin__width(e) + 1);
    out = sm_lin__relation(e.l, SM_SV(""), most);
    out->n = 0;
    scope.aliases = out->columns;
    for (size_t i = 0; i < sm_ast_count(list); i++) {
        sm_lin__item(e, sm_ast_item(list, i), out->columns, &out->n, most);
        scope.n_aliases = out->n;
    }
    for (size_t i = 0; i < sizeof deciding / sizeof deciding[0]; i++)
        sm_lin__expr(e, sm_ast_get(node, deciding[i]), e.l->rows);
    take_modifiers(e, sm_ast_get(node, "modifiers"));
    return out;
}

/* ---- set operations ---------------------------------------------------------------- */

static size_t find_column(const lin_relation *r, sm_sv name)
{
    size_t i = 0;

    while (i < r->n && !(name.len > 0 && sm_sql_same_name(r->columns[i].name, name)))
        i++;
    return i;
}

static lin_relation *union_by_name(lin *l, const lin_relation *left, const lin_relation *right)
{
    lin_relation *out = sm_lin__relation(l, SM_SV(""), left->n + right->n);

    out->n = 0;
    for (size_t i = 0; i < left->n + right->n; i++) {
        const sm_sql_lineage_column *c =
            i < left->n ? &left->columns[i] : &right->columns[i - left->n];
        size_t at = find_column(out, c->name);

        if (at == out->n)
            out->columns[out->n++].name = c->name;
        sm_lin__add(l, &out->columns[at].from, &c->from);
    }
    return out;
}

static lin_relation *by_position(lin *l, const lin_relation *left, const lin_relation *right,
                                 bool values)
{
    lin_relation *out = sm_lin__relation(l, SM_SV(""), left->n);

    for (size_t i = 0; i < left->n; i++) {
        out->columns[i].name = left->columns[i].name;
        sm_lin__add(l, &out->columns[i].from, &left->columns[i].from);
        if (i < right->n)
            sm_lin__add(l, values ? &out->columns[i].from : l->rows, &right->columns[i].from);
    }
    return out;
}

static lin_relation *set_node(lin_env e, const sm_json *node)
{
    const lin_relation *left = sm_lin__query(e, sm_ast_get(node, "left"));
    const lin_relation *right = sm_lin__query(e, sm_ast_get(node, "right"));
    sm_sv type = sm_ast_text(node, "setop_type");
    lin_relation *out = sm_sv_eq_str(type, "UNION_BY_NAME")
                            ? union_by_name(e.l, left, right)
                            : by_position(e.l, left, right, sm_sv_eq_str(type, "UNION"));
    lin_from none = { 0 };
    lin_scope scope = { e.scope, &none, out->columns, out->n };

    e.scope = &scope;
    take_modifiers(e, sm_ast_get(node, "modifiers"));
    return out;
}

/* ---- CTEs -------------------------------------------------------------------------- */

static size_t weight(const lin_relation *r)
{
    size_t n = 0;

    for (size_t i = 0; i < r->n; i++)
        n += r->columns[i].from.n;
    return n;
}

/* What comes round again adds to the columns, until nothing new comes. */
static lin_relation *recursive_node(lin_env e, const sm_json *node)
{
    lin_relation *out = sm_lin__query(e, sm_ast_get(node, "left"));
    lin_cte cte = { e.ctes, sm_ast_text(node, "cte_name"), NULL };
    size_t before;

    e.ctes = &cte;
    sm_lin__rename(out, sm_ast_get(node, "aliases"));
    for (int i = 0; i < MOST_PASSES; i++) {
        before = weight(out);
        cte.result = out;
        out = by_position(e.l, out, sm_lin__query(e, sm_ast_get(node, "right")), true);
        if (weight(out) == before)
            break;
    }
    return out;
}

static const lin_cte *take_ctes(lin_env e, const sm_json *node)
{
    const sm_json *map = sm_ast_get(sm_ast_get(node, "cte_map"), "map");

    for (size_t i = 0; i < sm_ast_count(map); i++) {
        const sm_json *entry = sm_ast_item(map, i), *value = sm_ast_get(entry, "value");
        lin_relation *result = sm_lin__query(e, sm_ast_query(sm_ast_get(value, "query")));
        lin_cte *cte = SM_NEW(e.l->a, lin_cte);

        sm_lin__rename(result, sm_ast_get(value, "aliases"));
        *cte = (lin_cte){ e.ctes, sm_ast_text(entry, "key"), result };
        e.ctes = cte;
    }
    return e.ctes;
}

lin_relation *sm_lin__query(lin_env e, const sm_json *node)
{
    e.ctes = take_ctes(e, node);
    if (sm_ast_is(node, "type", "SELECT_NODE"))
        return select_node(e, node);
    if (sm_ast_is(node, "type", "SET_OPERATION_NODE"))
        return set_node(e, node);
    if (sm_ast_is(node, "type", "RECURSIVE_CTE_NODE"))
        return recursive_node(e, node);
    e.l->gap = "a kind of query whose columns cannot be followed";
    return sm_lin__relation(e.l, SM_SV(""), 0);
}

sm_sql_lineage sm_sql_lineage_of(const sm_sql_query *q, const sm_schema *const *schemas,
                                 sm_arena *a)
{
    sm_sql_origins *rows = SM_NEW(a, sm_sql_origins);
    lin l = { .a = a, .q = q, .schemas = schemas, .rows = rows };
    const lin_relation *result = sm_lin__query((lin_env){ .l = &l }, q->tree->node);

    return (sm_sql_lineage){ result->columns, result->n, *rows, l.gap };
}
