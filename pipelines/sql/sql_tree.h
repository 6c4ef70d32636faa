/* SPDX-License-Identifier: Apache-2.0 */
/* sql_tree.h -- making and changing trees of the engine, for the cut.
 *
 * A tree that is changed was read whole: every list is there, also the empty ones, and what is
 * null is left out, so that the engine can print it again.  Made nodes have no place.  Trees
 * share their parts: a part is changed only by replacing it in what holds it.
 */
#ifndef SM_SQL_TREE_H
#define SM_SQL_TREE_H

#include "pipelines/sql/sql_ast.h"

/* ---- expressions --------------------------------------------------------------- */

sm_json *sm_tree_column(sm_arena *a, sm_sv relation, sm_sv name); /* relation: "" for none */
sm_json *sm_tree_field(sm_arena *a, const sm_json *value, const char *field);
sm_json *sm_tree_int(sm_arena *a, int64_t value);
sm_json *sm_tree_text(sm_arena *a, sm_sv value);
sm_json *sm_tree_call(sm_arena *a, const char *function, const sm_json *const *args, size_t n);
sm_json *sm_tree_operator(sm_arena *a, const char *op, const sm_json *x, const sm_json *y);
sm_json *sm_tree_compare(sm_arena *a, const char *type, const sm_json *x, const sm_json *y);
sm_json *sm_tree_coalesce(sm_arena *a, const sm_json *x, const sm_json *y);
sm_json *sm_tree_when(sm_arena *a, const sm_json *condition, const sm_json *x); /* else NULL */
sm_json *sm_tree_list(sm_arena *a, const sm_json *items);                       /* of an array */
sm_json *sm_tree_cast(sm_arena *a, const sm_json *x, const char *type);
/* x AND y; either may be NULL. */
const sm_json *sm_tree_and(sm_arena *a, const sm_json *x, const sm_json *y);
sm_json *sm_tree_star(sm_arena *a);
/* A copy with that alias; "" takes it away. */
sm_json *sm_tree_named(sm_arena *a, const sm_json *x, sm_sv alias);

/* A copy of a call of an aggregate that takes its rows by `column`, after what it orders by. */
sm_json *sm_tree_ordered(sm_arena *a, const sm_json *call, const char *column);

/* The same value, whatever their places and aliases. */
bool sm_tree_same(const sm_json *x, const sm_json *y);

/* ---- queries ------------------------------------------------------------------- */

sm_json *sm_tree_table(sm_arena *a, sm_sv name, sm_sv alias);
sm_json *sm_tree_subquery(sm_arena *a, const sm_json *query, sm_sv alias);
/* SELECT list FROM from [WHERE where]; list is a JSON array. */
sm_json *sm_tree_select(sm_arena *a, const sm_json *list, const sm_json *from,
                        const sm_json *where);
sm_json *sm_tree_union_all(sm_arena *a, const sm_json *x, const sm_json *y);
/* As json_deserialize_sql takes it: {"error":false,"statements":[{"node":…}]}. */
sm_sv sm_tree_statement(sm_arena *a, const sm_json *query);

/* ---- walking ------------------------------------------------------------------- */

/* A copy of `value` with each part for which `change` gives another one in its place; what is put
 * there is not entered.  Parts that do not change are shared. */
typedef const sm_json *(*sm_tree_change)(void *ctx, const sm_json *part);
const sm_json *sm_tree_replace(sm_arena *a, const sm_json *value, sm_tree_change change, void *ctx);

#endif
