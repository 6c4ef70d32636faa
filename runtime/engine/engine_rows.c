/* SPDX-License-Identifier: Apache-2.0 */
/* engine_rows.c -- the rows of a query, one after the other. */
#include <stdlib.h>

#include "runtime/engine/engine_int.h"

struct sm_rows {
    duckdb_result result;
    duckdb_data_chunk chunk; /* NULL before the first and after the last */
    size_t row, n_rows;      /* in the chunk */
    sm_schema schema;
    sm_value_type *types;
    sm_arena *arena;
};

static sm_code rows_columns(sm_rows *r, sm_error *err)
{
    sm_buf text;
    sm_code rc = SM_OK;

    r->schema.n = sm_duck.column_count(&r->result);
    r->schema.columns = SM_NEW_N(r->arena, sm_column, r->schema.n);
    r->types = SM_NEW_N(r->arena, sm_value_type, r->schema.n);
    sm_buf_init(&text, SM_SQLTYPE_MAX_TEXT);
    for (size_t i = 0; i < r->schema.n && rc == SM_OK; i++) {
        duckdb_logical_type type = sm_duck.column_logical_type(&r->result, i);
        sm_column *c = &r->schema.columns[i];
        sm_buf_clear(&text);
        sm_engine__type_text(type, &text);
        c->name = sm_arena_dup(r->arena, sm_sv_cstr(sm_duck.column_name(&r->result, i)));
        c->type = sm_arena_dup(r->arena, sm_buf_sv(&text));
        c->nullable = true;
        if ((rc = sm_value__type(type, r->arena, &r->types[i], err)) != SM_OK)
            sm_wrap(err, "column \"%.*s\"", SM_SV_ARG(c->name));
        sm_duck.destroy_logical_type(&type);
    }
    sm_buf_release(&text);
    return rc;
}

sm_code sm_session_query(sm_session *s, sm_sv sql, sm_rows **out, sm_error *err)
{
    sm_rows *r = sm_xcalloc(1, sizeof *r);
    sm_code rc;

    *out = NULL;
    if ((rc = sm_session__query(s, sql, &r->result, err)) != SM_OK) {
        free(r);
        return rc;
    }
    r->arena = sm_arena_new("rows");
    if ((rc = rows_columns(r, err)) != SM_OK) {
        sm_rows_free(r);
        return rc;
    }
    *out = r;
    return SM_OK;
}

void sm_rows_free(sm_rows *r)
{
    if (r == NULL)
        return;
    sm_duck.destroy_data_chunk(&r->chunk);
    sm_duck.destroy_result(&r->result);
    sm_arena_free(r->arena);
    free(r);
}

const sm_schema *sm_rows_schema(const sm_rows *r)
{
    return &r->schema;
}

bool sm_rows_next(sm_rows *r)
{
    if (r->chunk != NULL && ++r->row < r->n_rows)
        return true;
    sm_duck.destroy_data_chunk(&r->chunk);
    r->chunk = sm_duck.fetch_chunk(r->result);
    r->row = 0;
    r->n_rows = r->chunk != NULL ? sm_duck.data_chunk_get_size(r->chunk) : 0;
    return r->n_rows > 0;
}

static duckdb_vector rows_vector(const sm_rows *r, size_t column)
{
    return sm_duck.data_chunk_get_vector(r->chunk, column);
}

bool sm_rows_null(const sm_rows *r, size_t column)
{
    return r->types[column].id == DUCKDB_TYPE_SQLNULL ||
           sm_value__null(rows_vector(r, column), r->row);
}

int64_t sm_rows_int64(const sm_rows *r, size_t column)
{
    const void *data = sm_duck.vector_get_data(rows_vector(r, column));
    const sm_value_type *t = &r->types[column];

    if (sm_rows_null(r, column))
        return 0;
    return t->id == DUCKDB_TYPE_HUGEINT ? (int64_t)((const duckdb_hugeint *)data)[r->row].lower
                                        : sm_value__int(t->id, data, r->row);
}

double sm_rows_double(const sm_rows *r, size_t column)
{
    const void *data = sm_duck.vector_get_data(rows_vector(r, column));

    if (sm_rows_null(r, column))
        return 0;
    if (r->types[column].id == DUCKDB_TYPE_DOUBLE)
        return ((const double *)data)[r->row];
    if (r->types[column].id == DUCKDB_TYPE_FLOAT)
        return (double)((const float *)data)[r->row];
    return (double)sm_rows_int64(r, column);
}

sm_sv sm_rows_sv(const sm_rows *r, size_t column)
{
    if (sm_rows_null(r, column))
        return (sm_sv){ NULL, 0 };
    return sm_value__string(rows_vector(r, column), r->row);
}

void sm_rows_text(const sm_rows *r, size_t column, sm_buf *b)
{
    sm_value__text(&r->types[column], rows_vector(r, column), r->row, b);
}

void sm_rows_json(const sm_rows *r, size_t column, sm_buf *b)
{
    sm_value__json(&r->types[column], rows_vector(r, column), r->row, b);
}
