/* SPDX-License-Identifier: Apache-2.0 */
/* sql_lineage_expr.c -- lineage: expressions and the items of a select list.
 *
 * A name is looked up from the inside out: a parameter of a lambda, a column, a name that the
 * select list gave before, a whole relation.  What is nothing of these (current_date) comes of no
 * column. */
#include <string.h>

#include "pipelines/sql/sql_lineage_int.h"

/* ---- sets -------------------------------------------------------------------------- */

static void add_one(lin *l, sm_sql_origins *to, sm_sql_origin o)
{
    for (size_t i = 0; i < to->n; i++)
        if (to->items[i].ref == o.ref && to->items[i].column == o.column)
            return;
    if (to->n == to->cap) {
        size_t cap = to->cap ? 2 * to->cap : 4;
        sm_sql_origin *wider = SM_NEW_N(l->a, sm_sql_origin, cap);

        if (to->n)
            memcpy(wider, to->items, to->n * sizeof *wider);
        to->items = wider;
        to->cap = cap;
    }
    to->items[to->n++] = o;
}

void sm_lin__add(lin *l, sm_sql_origins *to, const sm_sql_origins *from)
{
    if (to == from)
        return;
    for (size_t i = 0; i < from->n; i++)
        add_one(l, to, from->items[i]);
}

/* ---- names ------------------------------------------------------------------------- */

static const sm_sql_lineage_column *column_in(const lin_relation *r, sm_sv name)
{
    for (size_t i = 0; i < r->n; i++)
        if (name.len > 0 && sm_sql_same_name(r->columns[i].name, name))
            return &r->columns[i];
    return NULL;
}

/* relation.column, or schema.relation.column with `skip` 1. */
static bool qualified(lin *l, const lin_scope *s, const sm_json *names, size_t skip,
                      sm_sql_origins *to)
{
    if (sm_ast_count(names) < skip + 2)
        return false;
    for (size_t i = 0; i < s->from->n; i++) {
        const lin_relation *r = s->from->items[i];
        const sm_sql_lineage_column *c = column_in(r, sm_json_sv(sm_ast_item(names, skip + 1)));

        if (!sm_sql_same_name(r->name, sm_json_sv(sm_ast_item(names, skip))) || (!c && !r->open))
            continue;
        sm_lin__add(l, to, c ? &c->from : &r->args);
        return true;
    }
    return false;
}

static bool plain(lin *l, const lin_scope *s, sm_sv name, sm_sql_origins *to)
{
    const sm_sql_lineage_column *c = NULL;

    for (size_t i = 0; !c && i < s->from->n; i++)
        c = column_in(s->from->items[i], name);
    for (size_t i = 0; !c && i < s->n_aliases; i++)
        if (sm_sql_same_name(s->aliases[i].name, name))
            c = &s->aliases[i];
    if (c)
        sm_lin__add(l, to, &c->from);
    return c != NULL;
}

static bool whole_relation(lin *l, const lin_scope *s, sm_sv name, sm_sql_origins *to)
{
    for (size_t i = 0; i < s->from->n; i++) {
        const lin_relation *r = s->from->items[i];

        if (!sm_sql_same_name(r->name, name))
            continue;
        for (size_t k = 0; k < r->n; k++)
            sm_lin__add(l, to, &r->columns[k].from);
        return true;
    }
    return false;
}

static bool any_function(lin *l, const lin_scope *s, sm_sql_origins *to)
{
    bool found = false;

    for (size_t i = 0; i < s->from->n; i++) {
        if (s->from->items[i]->open)
            sm_lin__add(l, to, &s->from->items[i]->args);
        found |= s->from->items[i]->open;
    }
    return found;
}

static void resolve(lin_env e, const sm_json *names, sm_sql_origins *to)
{
    sm_sv first = sm_json_sv(sm_ast_item(names, 0));

    for (const lin_param *p = e.params; p; p = p->outer)
        if (sm_sql_same_name(p->name, first))
            return;
    for (const lin_scope *s = e.scope; s; s = s->outer)
        if (qualified(e.l, s, names, 0, to) || qualified(e.l, s, names, 1, to) ||
            plain(e.l, s, first, to) || whole_relation(e.l, s, first, to))
            return;
    for (const lin_scope *s = e.scope; s; s = s->outer)
        if (any_function(e.l, s, to))
            return;
}

/* ---- expressions ------------------------------------------------------------------- */

/* A value comes of what the subquery selects; EXISTS, of what decides whether there are rows. */
static void subquery(lin_env e, const sm_json *node, sm_sql_origins *to)
{
    sm_sv type = sm_ast_text(node, "subquery_type");
    bool exists = sm_sv_eq_str(type, "EXISTS") || sm_sv_eq_str(type, "NOT_EXISTS");
    sm_sql_origins *rows = e.l->rows;
    const lin_relation *r;

    if (exists)
        e.l->rows = to;
    r = sm_lin__query(e, sm_ast_query(sm_ast_get(node, "subquery")));
    e.l->rows = rows;
    for (size_t i = 0; !exists && i < r->n; i++)
        sm_lin__add(e.l, to, &r->columns[i].from);
    sm_lin__expr(e, sm_ast_get(node, "child"), to);
}

static const lin_param *take_params(lin_env e, const sm_json *lhs)
{
    const sm_json *names = sm_ast_get(lhs, "column_names"), *list = sm_ast_get(lhs, "children");

    if (sm_ast_count(names) > 0) {
        lin_param *p = SM_NEW(e.l->a, lin_param);

        *p = (lin_param){ e.params, sm_json_sv(sm_ast_item(names, 0)) };
        e.params = p;
    }
    for (size_t i = 0; i < sm_ast_count(list); i++)
        e.params = take_params(e, sm_ast_item(list, i));
    return e.params;
}

static void object(lin_env e, const sm_json *node, sm_sql_origins *to)
{
    sm_sv class = sm_ast_text(node, "class");

    if (sm_sv_eq_str(class, "COLUMN_REF")) {
        resolve(e, sm_ast_get(node, "column_names"), to);
    } else if (sm_sv_eq_str(class, "SUBQUERY")) {
        subquery(e, node, to);
    } else if (sm_sv_eq_str(class, "LAMBDA")) {
        e.params = take_params(e, sm_ast_get(node, "lhs"));
        sm_lin__expr(e, sm_ast_get(node, "expr"), to);
    } else if (!sm_sv_eq_str(class, "CONSTANT")) {
        for (sm_json_iter it = sm_json_first(node); sm_json_valid(&it); sm_json_next(&it))
            sm_lin__expr(e, it.value, to);
    }
}

void sm_lin__expr(lin_env e, const sm_json *value, sm_sql_origins *to)
{
    if (sm_json_is_object(value))
        object(e, value, to);
    for (size_t i = 0; i < sm_ast_count(value); i++)
        sm_lin__expr(e, sm_ast_item(value, i), to);
}

/* ---- items ------------------------------------------------------------------------- */

size_t sm_lin__width(lin_env e)
{
    size_t n = 0;

    for (size_t i = 0; i < e.scope->from->n; i++)
        n += e.scope->from->items[i]->n;
    return n;
}

static bool excluded(const sm_json *star, const lin_relation *r, sm_sv name)
{
    const sm_json *plain_names = sm_ast_get(star, "exclude_list");
    const sm_json *others = sm_ast_get(star, "qualified_exclude_list");

    for (size_t i = 0; i < sm_ast_count(plain_names); i++)
        if (sm_sql_same_name(sm_json_sv(sm_ast_item(plain_names, i)), name))
            return true;
    for (size_t i = 0; i < sm_ast_count(others); i++) {
        const sm_json *x = sm_ast_item(others, i);
        sm_sv table = sm_ast_text(x, "table");

        if (sm_sql_same_name(sm_ast_text(x, "column"), name) &&
            (table.len == 0 || sm_sql_same_name(table, r->name)))
            return true;
    }
    return false;
}

/* The pair of a REPLACE or RENAME list for this column; NULL: none. */
static const sm_json *pair_for(const sm_json *list, sm_sv name)
{
    for (size_t i = 0; i < sm_ast_count(list); i++) {
        const sm_json *pair = sm_ast_item(list, i), *key = sm_ast_get(pair, "key");
        sm_sv column = sm_json_is_string(key) ? sm_json_sv(key) : sm_ast_text(key, "column");

        if (sm_sql_same_name(column, name))
            return pair;
    }
    return NULL;
}

static void star_column(lin_env e, const sm_json *star, const sm_sql_lineage_column *c,
                        sm_sql_lineage_column *out)
{
    const sm_json *other = pair_for(sm_ast_get(star, "replace_list"), c->name);
    const sm_json *name = pair_for(sm_ast_get(star, "rename_list"), c->name);

    *out = (sm_sql_lineage_column){ .name = name ? sm_ast_text(name, "value") : c->name };
    if (other)
        sm_lin__expr(e, sm_ast_get(other, "value"), &out->from);
    else
        sm_lin__add(e.l, &out->from, &c->from);
}

static void star_item(lin_env e, const sm_json *star, sm_sql_lineage_column *out, size_t *n,
                      size_t most)
{
    sm_sv only = sm_ast_text(star, "relation_name");

    if (sm_ast_get(star, "expr"))
        e.l->gap = "columns chosen by a pattern";
    for (size_t i = 0; i < e.scope->from->n; i++) {
        const lin_relation *r = e.scope->from->items[i];

        for (size_t k = 0; k < r->n && *n < most; k++) {
            bool hidden =
                only.len > 0 ? !sm_sql_same_name(r->name, only) : r->hidden && r->hidden[k];

            if (!hidden && !excluded(star, r, r->columns[k].name))
                star_column(e, star, &r->columns[k], &out[(*n)++]);
        }
    }
}

/* COLUMNS(…) inside of an expression. */
static const sm_json *find_columns(const sm_json *value)
{
    const sm_json *found = NULL;

    if (sm_ast_is(value, "class", "SUBQUERY"))
        return NULL;
    if (sm_ast_is(value, "class", "STAR"))
        return value;
    for (sm_json_iter it = sm_json_first(value); !found && sm_json_valid(&it); sm_json_next(&it))
        found = find_columns(it.value);
    for (size_t i = 0; !found && i < sm_ast_count(value); i++)
        found = find_columns(sm_ast_item(value, i));
    return found;
}

static sm_sv name_of(const sm_json *item)
{
    const sm_json *names = sm_ast_get(item, "column_names");
    sm_sv alias = sm_ast_text(item, "alias"), function = sm_ast_text(item, "function_name");

    if (alias.len > 0)
        return alias;
    if (sm_ast_count(names) > 0)
        return sm_json_sv(sm_ast_item(names, sm_ast_count(names) - 1));
    return sm_sv_eq_str(function, "window") || sm_sv_eq_str(function, "unnest") ? function
                                                                                : SM_SV("");
}

void sm_lin__item(lin_env e, const sm_json *item, sm_sql_lineage_column *out, size_t *n,
                  size_t most)
{
    const sm_json *star = find_columns(item);
    size_t first = *n;

    if (star) {
        star_item(e, star, out, n, most);
        for (size_t i = first; star != item && i < *n; i++)
            sm_lin__expr(e, item, &out[i].from);
    } else if (*n < most) {
        out[*n] = (sm_sql_lineage_column){ .name = name_of(item) };
        sm_lin__expr(e, item, &out[*n].from);
        (*n)++;
    }
}
