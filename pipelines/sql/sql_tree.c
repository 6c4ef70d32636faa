/* SPDX-License-Identifier: Apache-2.0 */
/* sql_tree.c -- nodes as the engine writes them, made by hand. */
#include "pipelines/sql/sql_tree.h"

#include "pipelines/sql/sql.h"

static sm_json *expression(sm_arena *a, const char *class, const char *type)
{
    sm_json *x = sm_json_object(a);

    sm_json_set_string(x, "class", sm_sv_cstr(class));
    sm_json_set_string(x, "type", sm_sv_cstr(type));
    sm_json_set_string(x, "alias", SM_SV(""));
    return x;
}

sm_json *sm_tree_column(sm_arena *a, sm_sv relation, sm_sv name)
{
    sm_json *x = expression(a, "COLUMN_REF", "COLUMN_REF");
    sm_json *names = sm_json_array(a);

    if (relation.len > 0)
        sm_json_append_string(names, relation);
    sm_json_append_string(names, name);
    sm_json_set(x, "column_names", names);
    return x;
}

static sm_json *constant(sm_arena *a, const char *type, const sm_json *value)
{
    sm_json *x = expression(a, "CONSTANT", "VALUE_CONSTANT");
    sm_json *v = sm_json_object(a), *t = sm_json_object(a);

    sm_json_set_string(t, "id", sm_sv_cstr(type));
    sm_json_set(v, "type", t);
    sm_json_set_bool(v, "is_null", false);
    sm_json_set(v, "value", value);
    sm_json_set(x, "value", v);
    return x;
}

sm_json *sm_tree_int(sm_arena *a, int64_t value)
{
    return constant(a, "BIGINT", sm_json_int(a, value));
}

sm_json *sm_tree_text(sm_arena *a, sm_sv value)
{
    return constant(a, "VARCHAR", sm_json_string(a, value));
}

sm_json *sm_tree_call(sm_arena *a, const char *function, const sm_json *const *args, size_t n)
{
    sm_json *x = expression(a, "FUNCTION", "FUNCTION");
    sm_json *children = sm_json_array(a), *order = sm_json_object(a);

    for (size_t i = 0; i < n; i++)
        sm_json_append(children, args[i]);
    sm_json_set_string(order, "type", SM_SV("ORDER_MODIFIER"));
    sm_json_set(order, "orders", sm_json_array(a));
    sm_json_set_string(x, "function_name", sm_sv_cstr(function));
    sm_json_set_string(x, "schema", SM_SV(""));
    sm_json_set(x, "children", children);
    sm_json_set(x, "order_bys", order);
    sm_json_set_bool(x, "distinct", false);
    sm_json_set_bool(x, "is_operator", false);
    sm_json_set_bool(x, "export_state", false);
    sm_json_set_string(x, "catalog", SM_SV(""));
    return x;
}

sm_json *sm_tree_operator(sm_arena *a, const char *op, const sm_json *x, const sm_json *y)
{
    sm_json *call = sm_tree_call(a, op, (const sm_json *const[]){ x, y }, 2);

    sm_json_set_bool(call, "is_operator", true);
    return call;
}

sm_json *sm_tree_field(sm_arena *a, const sm_json *value, const char *field)
{
    const sm_json *name = sm_tree_text(a, sm_sv_cstr(field));

    return sm_tree_call(a, "struct_extract", (const sm_json *const[]){ value, name }, 2);
}

sm_json *sm_tree_compare(sm_arena *a, const char *type, const sm_json *x, const sm_json *y)
{
    sm_json *c = expression(a, "COMPARISON", type);

    sm_json_set(c, "left", x);
    sm_json_set(c, "right", y);
    return c;
}

sm_json *sm_tree_coalesce(sm_arena *a, const sm_json *x, const sm_json *y)
{
    sm_json *o = expression(a, "OPERATOR", "OPERATOR_COALESCE");
    sm_json *children = sm_json_array(a);

    sm_json_append(children, x);
    sm_json_append(children, y);
    sm_json_set(o, "children", children);
    return o;
}

sm_json *sm_tree_when(sm_arena *a, const sm_json *condition, const sm_json *x)
{
    sm_json *c = expression(a, "CASE", "CASE_EXPR"), *check = sm_json_object(a);
    sm_json *checks = sm_json_array(a), *none = expression(a, "CONSTANT", "VALUE_CONSTANT");
    sm_json *v = sm_json_object(a), *t = sm_json_object(a);

    sm_json_set_string(t, "id", SM_SV("NULL"));
    sm_json_set(v, "type", t);
    sm_json_set_bool(v, "is_null", true);
    sm_json_set(none, "value", v);
    sm_json_set(check, "when_expr", condition);
    sm_json_set(check, "then_expr", x);
    sm_json_append(checks, check);
    sm_json_set(c, "case_checks", checks);
    sm_json_set(c, "else_expr", none);
    return c;
}

sm_json *sm_tree_list(sm_arena *a, const sm_json *items)
{
    sm_json *x = sm_tree_call(a, "list_value", NULL, 0);

    sm_json_set(x, "children", items);
    return x;
}

sm_json *sm_tree_cast(sm_arena *a, const sm_json *x, const char *type)
{
    sm_json *c = expression(a, "CAST", "OPERATOR_CAST");
    sm_json *t = sm_json_object(a);

    sm_json_set_string(t, "id", sm_sv_cstr(type));
    sm_json_set(c, "child", x);
    sm_json_set(c, "cast_type", t);
    sm_json_set_bool(c, "try_cast", false);
    return c;
}

const sm_json *sm_tree_and(sm_arena *a, const sm_json *x, const sm_json *y)
{
    sm_json *c, *children;

    if (!x || !y)
        return x ? x : y;
    c = expression(a, "CONJUNCTION", "CONJUNCTION_AND");
    children = sm_json_array(a);
    sm_json_append(children, x);
    sm_json_append(children, y);
    sm_json_set(c, "children", children);
    return c;
}

sm_json *sm_tree_star(sm_arena *a)
{
    static const char *const lists[] = { "exclude_list", "replace_list", "qualified_exclude_list",
                                         "rename_list" };
    sm_json *x = expression(a, "STAR", "STAR");

    sm_json_set_string(x, "relation_name", SM_SV(""));
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        sm_json_set(x, lists[i], sm_json_array(a));
    sm_json_set_bool(x, "columns", false);
    return x;
}

/* A copy of the object alone: its values are shared. */
static sm_json *shallow(sm_arena *a, const sm_json *object)
{
    sm_json *copy = sm_json_object(a);

    for (sm_json_iter it = sm_json_first(object); sm_json_valid(&it); sm_json_next(&it))
        sm_json_set_sv(copy, it.key, it.value);
    return copy;
}

sm_json *sm_tree_named(sm_arena *a, const sm_json *x, sm_sv alias)
{
    sm_json *copy = shallow(a, x);

    sm_json_set_string(copy, "alias", alias);
    return copy;
}

sm_json *sm_tree_ordered(sm_arena *a, const sm_json *call, const char *column)
{
    const sm_json *orders = sm_ast_get(sm_ast_get(call, "order_bys"), "orders");
    sm_json *copy = sm_json_copy(a, call), *list = sm_json_array(a), *by = sm_json_object(a);
    sm_json *modifier = sm_json_object(a);

    for (size_t i = 0; i < sm_ast_count(orders); i++)
        sm_json_append(list, sm_ast_item(orders, i));
    sm_json_set_string(by, "type", SM_SV("ORDER_DEFAULT"));
    sm_json_set_string(by, "null_order", SM_SV("ORDER_DEFAULT"));
    sm_json_set(by, "expression", sm_tree_column(a, SM_SV(""), sm_sv_cstr(column)));
    sm_json_append(list, by);
    sm_json_set_string(modifier, "type", SM_SV("ORDER_MODIFIER"));
    sm_json_set(modifier, "orders", list);
    sm_json_set(copy, "order_bys", modifier);
    return copy;
}

/* ---- queries ------------------------------------------------------------------- */

static sm_json *relation(sm_arena *a, const char *type, sm_sv alias)
{
    sm_json *t = sm_json_object(a);

    sm_json_set_string(t, "type", sm_sv_cstr(type));
    sm_json_set_string(t, "alias", alias);
    sm_json_set(t, "column_name_alias", sm_json_array(a));
    return t;
}

sm_json *sm_tree_table(sm_arena *a, sm_sv name, sm_sv alias)
{
    sm_json *t = relation(a, "BASE_TABLE", alias);

    sm_json_set_string(t, "schema_name", SM_SV(""));
    sm_json_set_string(t, "table_name", name);
    sm_json_set_string(t, "catalog_name", SM_SV(""));
    return t;
}

static sm_json *statement(sm_arena *a, const sm_json *query)
{
    sm_json *s = sm_json_object(a);

    sm_json_set(s, "node", query);
    sm_json_set(s, "named_param_map", sm_json_array(a));
    return s;
}

sm_json *sm_tree_subquery(sm_arena *a, const sm_json *query, sm_sv alias)
{
    sm_json *t = relation(a, "SUBQUERY", alias);

    sm_json_set(t, "subquery", statement(a, query));
    return t;
}

static sm_json *query_node(sm_arena *a, const char *type)
{
    sm_json *q = sm_json_object(a), *map = sm_json_object(a);

    sm_json_set_string(q, "type", sm_sv_cstr(type));
    sm_json_set(q, "modifiers", sm_json_array(a));
    sm_json_set(map, "map", sm_json_array(a));
    sm_json_set(q, "cte_map", map);
    return q;
}

sm_json *sm_tree_select(sm_arena *a, const sm_json *list, const sm_json *from, const sm_json *where)
{
    sm_json *q = query_node(a, "SELECT_NODE");

    sm_json_set(q, "select_list", list);
    sm_json_set(q, "from_table", from);
    if (where)
        sm_json_set(q, "where_clause", where);
    sm_json_set(q, "group_expressions", sm_json_array(a));
    sm_json_set(q, "group_sets", sm_json_array(a));
    sm_json_set_string(q, "aggregate_handling", SM_SV("STANDARD_HANDLING"));
    return q;
}

sm_json *sm_tree_union_all(sm_arena *a, const sm_json *x, const sm_json *y)
{
    sm_json *q = query_node(a, "SET_OPERATION_NODE");

    sm_json_set_string(q, "setop_type", SM_SV("UNION"));
    sm_json_set(q, "left", x);
    sm_json_set(q, "right", y);
    sm_json_set_bool(q, "setop_all", true);
    return q;
}

sm_sv sm_tree_statement(sm_arena *a, const sm_json *query)
{
    sm_json *whole = sm_json_object(a), *list = sm_json_array(a);

    sm_json_append(list, statement(a, query));
    sm_json_set_bool(whole, "error", false);
    sm_json_set(whole, "statements", list);
    return sm_json_text(whole, a);
}

/* ---- walking ------------------------------------------------------------------- */

static bool same_value(const sm_json *x, const sm_json *y);

static bool is_aside(sm_sv key, bool top)
{
    return sm_sv_eq_str(key, "query_location") || (top && sm_sv_eq_str(key, "alias"));
}

static bool same_name_list(const sm_json *x, const sm_json *y)
{
    size_t n = sm_ast_count(x);
    bool same = n == sm_ast_count(y);

    for (size_t i = 0; same && i < n; i++)
        same = sm_sql_same_name(sm_json_sv(sm_ast_item(x, i)), sm_json_sv(sm_ast_item(y, i)));
    return same;
}

/* The names of the fields of a struct are aliases, so only that of the whole is none of it. */
static bool same_members(const sm_json *x, const sm_json *y, bool top)
{
    size_t nx = 0, ny = 0;

    for (sm_json_iter it = sm_json_first(x); sm_json_valid(&it); sm_json_next(&it)) {
        if (is_aside(it.key, top))
            continue;
        nx++;
        if (sm_sv_eq_str(it.key, "column_names")
                ? !same_name_list(it.value, sm_json_get_by(y, it.key))
                : !same_value(it.value, sm_json_get_by(y, it.key)))
            return false;
    }
    for (sm_json_iter it = sm_json_first(y); sm_json_valid(&it); sm_json_next(&it))
        ny += !is_aside(it.key, top);
    return nx == ny;
}

static bool same_value(const sm_json *x, const sm_json *y)
{
    size_t n = sm_ast_count(x);

    if (sm_json_is_object(x))
        return sm_json_is_object(y) && same_members(x, y, false);
    if (!sm_json_is_array(x))
        return sm_json_equal(x, y);
    if (!sm_json_is_array(y) || n != sm_ast_count(y))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (!same_value(sm_ast_item(x, i), sm_ast_item(y, i)))
            return false;
    }
    return true;
}

bool sm_tree_same(const sm_json *x, const sm_json *y)
{
    return sm_json_is_object(x) && sm_json_is_object(y) && same_members(x, y, true);
}

static const sm_json *replace_members(sm_arena *a, const sm_json *object, sm_tree_change change,
                                      void *ctx)
{
    sm_json *copy = NULL;

    for (sm_json_iter it = sm_json_first(object); sm_json_valid(&it); sm_json_next(&it)) {
        const sm_json *now = sm_tree_replace(a, it.value, change, ctx);

        if (now == it.value)
            continue;
        if (!copy)
            copy = shallow(a, object);
        sm_json_set_sv(copy, it.key, now);
    }
    return copy ? copy : object;
}

static const sm_json *replace_items(sm_arena *a, const sm_json *list, sm_tree_change change,
                                    void *ctx)
{
    sm_json *copy = sm_json_array(a);
    bool changed = false;

    for (size_t i = 0; i < sm_ast_count(list); i++) {
        const sm_json *item = sm_ast_item(list, i);
        const sm_json *now = sm_tree_replace(a, item, change, ctx);

        changed |= now != item;
        sm_json_append(copy, now);
    }
    return changed ? copy : list;
}

const sm_json *sm_tree_replace(sm_arena *a, const sm_json *value, sm_tree_change change, void *ctx)
{
    const sm_json *now = sm_json_is_object(value) ? change(ctx, value) : value;

    if (now != value)
        return now;
    if (sm_json_is_object(value))
        return replace_members(a, value, change, ctx);
    return sm_json_is_array(value) ? replace_items(a, value, change, ctx) : value;
}
