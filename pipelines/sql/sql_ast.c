/* SPDX-License-Identifier: Apache-2.0 */
/* sql_ast.c -- small questions to the engine's tree of a query. */
#include "pipelines/sql/sql_ast.h"

#include "pipelines/sql/sql.h"

const sm_json *sm_ast_get(const sm_json *node, const char *key)
{
    const sm_json *value = sm_json_get(node, key);

    return sm_json_is_null(value) ? NULL : value;
}

sm_sv sm_ast_text(const sm_json *node, const char *key)
{
    return sm_json_get_sv(node, key, SM_SV(""));
}

bool sm_ast_is(const sm_json *node, const char *key, const char *text)
{
    return sm_sv_eq_str(sm_ast_text(node, key), text);
}

bool sm_ast_flag(const sm_json *node, const char *key, bool fallback)
{
    return sm_json_get_bool(node, key, fallback);
}

size_t sm_ast_place(const sm_json *node)
{
    int64_t place = sm_json_get_int(node, "query_location", -1);

    return place >= 0 && place <= SM_SQL_MAX_BYTES * 2 ? (size_t)place : SM_SQL_NOWHERE;
}

size_t sm_ast_count(const sm_json *list)
{
    return sm_json_is_array(list) ? sm_json_len(list) : 0;
}

const sm_json *sm_ast_item(const sm_json *list, size_t i)
{
    return sm_json_at(list, i);
}

const sm_json *sm_ast_query(const sm_json *statement)
{
    const sm_json *node = sm_ast_get(statement, "node");

    return node ? node : statement;
}

static size_t least_place(const sm_json *value)
{
    size_t least = sm_ast_place(value);

    for (sm_json_iter it = sm_json_first(value); sm_json_valid(&it); sm_json_next(&it)) {
        size_t place = least_place(it.value);

        least = place < least ? place : least;
    }
    for (size_t i = 0; i < sm_ast_count(value); i++) {
        size_t place = least_place(sm_ast_item(value, i));

        least = place < least ? place : least;
    }
    return least;
}

size_t sm_ast_first_place(const sm_json *node)
{
    size_t own = sm_ast_place(node);

    return own != SM_SQL_NOWHERE ? own : least_place(node);
}
