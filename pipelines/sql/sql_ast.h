/* SPDX-License-Identifier: Apache-2.0 */
/* sql_ast.h -- small questions to the engine's tree of a query.
 *
 * The tree is what json_serialize_sql gives: objects with a "class" are expressions, objects
 * with a "type" that is a text are queries, relations and modifiers; fields with their default
 * are left out.  Nothing here trusts the shape: a field that is missing or of another kind is
 * "", NULL, or no items.
 */
#ifndef SM_SQL_AST_H
#define SM_SQL_AST_H

#include <stdbool.h>
#include <stddef.h>

#include "runtime/base/json.h"
#include "runtime/base/str.h"

/* NULL when it is absent or null. */
const sm_json *sm_ast_get(const sm_json *node, const char *key);
sm_sv sm_ast_text(const sm_json *node, const char *key);
bool sm_ast_is(const sm_json *node, const char *key, const char *text);
bool sm_ast_flag(const sm_json *node, const char *key, bool fallback);
/* query_location, a byte of the text parsed; SM_SQL_NOWHERE if unknown. */
size_t sm_ast_place(const sm_json *node);
/* Of a list that may be NULL. */
size_t sm_ast_count(const sm_json *list);
const sm_json *sm_ast_item(const sm_json *list, size_t i);
/* The query inside of {"node":…}, or the node itself. */
const sm_json *sm_ast_query(const sm_json *statement);
/* The first place in the subtree that is known, in the order of the tree. */
size_t sm_ast_first_place(const sm_json *node);

#endif
