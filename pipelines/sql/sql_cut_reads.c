/* SPDX-License-Identifier: Apache-2.0 */
/* sql_cut_reads.c -- which columns of its FROM a SELECT reads, so that a join keeps no others.
 *
 * By names alone: a column counts as read when anything in the SELECT is called so, also a field or
 * what belongs to another relation.  So more may be kept than is needed, and never less.
 *
 *     *, COLUMNS(…), #1, NATURAL JOIN      all columns of all relations
 *     a.*, a                               all of relation a, or column a
 *     a.x, x, USING (x)                    x
 *
 * What stands inside of a stream of the FROM is no concern: it reads relations of its own. */
#include "pipelines/sql/sql_cut_int.h"

#include <string.h>

void sm_cut__add_name(cutter *c, cut_names *to, sm_sv name)
{
    for (size_t i = 0; i < to->n; i++) {
        if (sm_sql_same_name(to->items[i], name))
            return;
    }
    if (to->n == to->cap) {
        size_t cap = to->cap ? 2 * to->cap : 16;
        sm_sv *grown = SM_NEW_N(c->a, sm_sv, cap);

        if (to->n)
            memcpy(grown, to->items, to->n * sizeof *grown);
        to->items = grown;
        to->cap = cap;
    }
    to->items[to->n++] = name;
}

static bool has_name(const cut_names *names, sm_sv name)
{
    for (size_t i = 0; i < names->n; i++) {
        if (sm_sql_same_name(names->items[i], name))
            return true;
    }
    return false;
}

static void add_list(cutter *c, cut_names *to, const sm_json *names)
{
    for (size_t i = 0; i < sm_ast_count(names); i++)
        sm_cut__add_name(c, to, sm_json_sv(sm_ast_item(names, i)));
}

/* A column, or by its whole name a relation. */
static void add_column(cutter *c, cut_reads *r, const sm_json *names)
{
    add_list(c, &r->names, names);
    if (sm_ast_count(names) == 1)
        sm_cut__add_name(c, &r->relations, sm_json_sv(sm_ast_item(names, 0)));
}

static void add_star(cutter *c, cut_reads *r, const sm_json *star, bool own)
{
    sm_sv relation = sm_ast_text(star, "relation_name");

    if (relation.len == 0) {
        r->all |= own;
        return;
    }
    sm_cut__add_name(c, &r->relations, relation);
    sm_cut__add_name(c, &r->names, relation); /* a STRUCT has fields to spread, too */
}

/* `own` is false inside of a subquery, where * is of its own FROM. */
static void walk(cutter *c, const cut_scope *scope, cut_reads *r, const sm_json *value, bool own)
{
    if (sm_ast_is(value, "type", "SUBQUERY") && !sm_ast_is(value, "class", "SUBQUERY") &&
        sm_cut__reads_stream(c, scope, value))
        return;
    if (sm_ast_is(value, "class", "COLUMN_REF"))
        add_column(c, r, sm_ast_get(value, "column_names"));
    if (sm_ast_is(value, "class", "STAR"))
        add_star(c, r, value, own);
    if (sm_ast_is(value, "class", "POSITIONAL_REFERENCE") ||
        sm_ast_is(value, "ref_type", "NATURAL"))
        r->all = true;
    if (sm_ast_is(value, "type", "JOIN"))
        add_list(c, &r->names, sm_ast_get(value, "using_columns"));
    own = own && !sm_ast_is(value, "type", "SELECT_NODE");
    for (sm_json_iter it = sm_json_first(value); sm_json_valid(&it) && !r->all; sm_json_next(&it)) {
        if (!sm_sv_eq_str(it.key, "cte_map"))
            walk(c, scope, r, it.value, own);
    }
    for (size_t i = 0; i < sm_ast_count(value) && !r->all; i++)
        walk(c, scope, r, sm_ast_item(value, i), own);
}

void sm_cut__find_reads(cutter *c, const cut_scope *scope, const sm_json *select, cut_reads *out)
{
    *out = (cut_reads){ 0 };
    for (sm_json_iter it = sm_json_first(select); sm_json_valid(&it); sm_json_next(&it)) {
        if (!sm_sv_eq_str(it.key, "cte_map"))
            walk(c, scope, out, it.value, true);
    }
}

bool sm_cut__is_read(const cut_reads *r, sm_sv relation, sm_sv column)
{
    return r->all || has_name(&r->names, column) || has_name(&r->relations, relation);
}
