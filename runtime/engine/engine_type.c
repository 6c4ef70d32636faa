/* SPDX-License-Identifier: Apache-2.0 */
/* engine_type.c -- type texts to DuckDB's types and back. */
#include <stdlib.h>

#include "runtime/base/sqltext.h"
#include "runtime/engine/engine_int.h"

typedef struct type_name {
    duckdb_type id;
    const char *text;
} type_name;

static const type_name type_names[] = {
    { DUCKDB_TYPE_BOOLEAN, "BOOLEAN" },
    { DUCKDB_TYPE_TINYINT, "TINYINT" },
    { DUCKDB_TYPE_SMALLINT, "SMALLINT" },
    { DUCKDB_TYPE_INTEGER, "INTEGER" },
    { DUCKDB_TYPE_BIGINT, "BIGINT" },
    { DUCKDB_TYPE_UTINYINT, "UTINYINT" },
    { DUCKDB_TYPE_USMALLINT, "USMALLINT" },
    { DUCKDB_TYPE_UINTEGER, "UINTEGER" },
    { DUCKDB_TYPE_UBIGINT, "UBIGINT" },
    { DUCKDB_TYPE_FLOAT, "FLOAT" },
    { DUCKDB_TYPE_DOUBLE, "DOUBLE" },
    { DUCKDB_TYPE_TIMESTAMP, "TIMESTAMP" },
    { DUCKDB_TYPE_DATE, "DATE" },
    { DUCKDB_TYPE_TIME, "TIME" },
    { DUCKDB_TYPE_INTERVAL, "INTERVAL" },
    { DUCKDB_TYPE_HUGEINT, "HUGEINT" },
    { DUCKDB_TYPE_UHUGEINT, "UHUGEINT" },
    { DUCKDB_TYPE_VARCHAR, "VARCHAR" },
    { DUCKDB_TYPE_BLOB, "BLOB" },
    { DUCKDB_TYPE_TIMESTAMP_S, "TIMESTAMP_S" },
    { DUCKDB_TYPE_TIMESTAMP_MS, "TIMESTAMP_MS" },
    { DUCKDB_TYPE_TIMESTAMP_NS, "TIMESTAMP_NS" },
    { DUCKDB_TYPE_UUID, "UUID" },
    { DUCKDB_TYPE_UNION, "UNION" },
    { DUCKDB_TYPE_BIT, "BIT" },
    { DUCKDB_TYPE_TIME_TZ, "TIME WITH TIME ZONE" },
    { DUCKDB_TYPE_TIMESTAMP_TZ, "TIMESTAMP WITH TIME ZONE" },
    { DUCKDB_TYPE_BIGNUM, "BIGNUM" },
    { DUCKDB_TYPE_SQLNULL, "\"NULL\"" },
    { DUCKDB_TYPE_STRING_LITERAL, "VARCHAR" },
    { DUCKDB_TYPE_INTEGER_LITERAL, "INTEGER" },
    { DUCKDB_TYPE_TIME_NS, "TIME_NS" },
};

static const char *type_plain(duckdb_type id)
{
    for (size_t i = 0; i < sizeof type_names / sizeof type_names[0]; i++)
        if (type_names[i].id == id)
            return type_names[i].text;
    return "UNKNOWN";
}

/* Append the text of a type that is the caller's no more. */
static void type_take(duckdb_logical_type type, sm_buf *b)
{
    sm_engine__type_text(type, b);
    sm_duck.destroy_logical_type(&type);
}

static void type_struct(duckdb_logical_type type, sm_buf *b)
{
    idx_t n = sm_duck.struct_type_child_count(type);

    sm_buf_adds(b, "STRUCT(");
    for (idx_t i = 0; i < n; i++) {
        char *name = sm_duck.struct_type_child_name(type, i);
        if (i > 0)
            sm_buf_adds(b, ", ");
        sm_sql_ident(b, sm_sv_cstr(name));
        sm_buf_addc(b, ' ');
        type_take(sm_duck.struct_type_child_type(type, i), b);
        sm_duck.free(name);
    }
    sm_buf_addc(b, ')');
}

static void type_enum(duckdb_logical_type type, sm_buf *b)
{
    uint32_t n = sm_duck.enum_dictionary_size(type);

    sm_buf_adds(b, "ENUM(");
    for (uint32_t i = 0; i < n; i++) {
        char *value = sm_duck.enum_dictionary_value(type, i);
        if (i > 0)
            sm_buf_adds(b, ", ");
        sm_sql_literal(b, sm_sv_cstr(value));
        sm_duck.free(value);
    }
    sm_buf_addc(b, ')');
}

void sm_engine__type_text(duckdb_logical_type type, sm_buf *b)
{
    duckdb_type id = sm_duck.get_type_id(type);
    char *alias = sm_duck.logical_type_get_alias(type);

    if (alias != NULL) {
        sm_buf_adds(b, alias); /* JSON */
    } else if (id == DUCKDB_TYPE_DECIMAL) {
        sm_buf_addf(b, "DECIMAL(%d,%d)", (int)sm_duck.decimal_width(type),
                    (int)sm_duck.decimal_scale(type));
    } else if (id == DUCKDB_TYPE_LIST) {
        type_take(sm_duck.list_type_child_type(type), b);
        sm_buf_adds(b, "[]");
    } else if (id == DUCKDB_TYPE_ARRAY) {
        type_take(sm_duck.array_type_child_type(type), b);
        sm_buf_addf(b, "[%llu]", (unsigned long long)sm_duck.array_type_array_size(type));
    } else if (id == DUCKDB_TYPE_MAP) {
        sm_buf_adds(b, "MAP(");
        type_take(sm_duck.map_type_key_type(type), b);
        sm_buf_adds(b, ", ");
        type_take(sm_duck.map_type_value_type(type), b);
        sm_buf_addc(b, ')');
    } else if (id == DUCKDB_TYPE_STRUCT) {
        type_struct(type, b);
    } else if (id == DUCKDB_TYPE_ENUM) {
        type_enum(type, b);
    } else {
        sm_buf_adds(b, type_plain(id));
    }
    sm_duck.free(alias);
}

/* Ask DuckDB for the type of a text; e->mu is held. */
static sm_code type_ask(sm_engine *e, sm_sv text, duckdb_logical_type *out, sm_error *err)
{
    duckdb_prepared_statement stmt = NULL;
    char *sql = NULL;
    sm_buf b;
    sm_code rc;

    sm_buf_init(&b, text.len + 64);
    sm_buf_adds(&b, "SELECT CAST(NULL AS ");
    sm_buf_add(&b, text);
    sm_buf_adds(&b, ")");
    if ((rc = sm_engine__cstr(sm_buf_sv(&b), &sql, err)) != SM_OK)
        goto done;
    if (sm_duck.prepare(e->con, sql, &stmt) != DuckDBSuccess) {
        rc = sm_engine__fail(e, sm_duck.prepare_error(stmt), err);
        rc = sm_wrap(err, "type \"%.*s\"", SM_SV_ARG(text));
        goto done;
    }
    *out = sm_duck.prepared_statement_column_logical_type(stmt, 0);
done:
    sm_duck.destroy_prepare(&stmt);
    free(sql);
    sm_buf_release(&b);
    return rc;
}

static sm_code type_find(sm_engine *e, sm_sv text, duckdb_logical_type *out, sm_error *err)
{
    sm_engine_type *t;
    sm_code rc;

    for (t = e->types; t != NULL; t = t->next) {
        if (sm_sv_eq(t->text, text)) {
            *out = t->type;
            return SM_OK;
        }
    }
    if ((rc = type_ask(e, text, out, err)) != SM_OK)
        return rc;
    t = SM_NEW(e->arena, sm_engine_type);
    t->text = sm_arena_dup(e->arena, text);
    t->type = *out;
    t->next = e->types;
    e->types = t;
    return SM_OK;
}

sm_code sm_engine__type(sm_engine *e, sm_sv text, duckdb_logical_type *out, sm_error *err)
{
    sm_code rc;

    sm_mutex_lock(&e->mu);
    rc = type_find(e, text, out, err);
    sm_mutex_unlock(&e->mu);
    return rc;
}
