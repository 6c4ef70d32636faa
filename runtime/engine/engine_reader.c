/* SPDX-License-Identifier: Apache-2.0 */
/* engine_reader.c -- smelt_read(<id>): rows that C code makes, as a table function.
 *
 *     DuckDB               here                 the reader
 *     -----------------    -----------------    ------------------------------
 *     bind                 reader_bind          its schema
 *     global init          reader_init          begin
 *     local init           reader_init_local    -
 *     function, repeated   reader_fill          task_open the first time; fill
 *     end of the pipeline  task_free, scan_drop task_close; end with the last of them
 *
 * An error keeps its code: the first one stays with the reader, DuckDB carries its text and our
 * number through its own exceptions, and sm_engine__reader_error() puts both together again.
 */
#include "runtime/engine/engine_reader.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "runtime/engine/engine_int.h"

#define READER_FUNCTION "smelt_read"

static_assert(sizeof(sm_reader_string) == sizeof(duckdb_string_t), "one layout of strings");

enum { ANY_THREADS = 1024 };

struct sm_engine_reader {
    sm_engine *e;
    int64_t id;
    sm_arena *arena;
    sm_reader_def def; /* the schema lives in `arena` */
    sm_schema schema;
    duckdb_logical_type *types; /* borrowed from the engine */
    sm_mutex mu;                /* guards error */
    sm_error error;             /* the first since the last query began */
};

/* One query over the reader; ends with its last owner: DuckDB's global state or a task. */
typedef struct reader_scan {
    sm_engine_reader *r;
    sm_atomic owners;
    void *state;
} reader_scan;

typedef struct reader_task {
    sm_engine_reader *r;
    reader_scan *scan; /* NULL until the task is open */
    void *state;
    size_t n;       /* columns that the reader fills */
    size_t *column; /* of the schema */
    size_t *slot;   /* of DuckDB's chunk */
    void **data;    /* of the chunk being filled */
    struct sm_reader_vectors *vectors;
} reader_task;

struct sm_reader_vectors {
    duckdb_vector *v;
};

/* ---- errors ---- */

static const char *reader_keep(sm_engine_reader *r, const sm_error *err, char *text, size_t size)
{
    sm_mutex_lock(&r->mu);
    if (r->error.code == SM_OK)
        r->error = *err;
    sm_mutex_unlock(&r->mu);
    snprintf(text, size, READER_FUNCTION "(%lld): %s", (long long)r->id, err->msg);
    return text;
}

bool sm_engine__reader_error(sm_engine *e, sm_sv message, sm_error *err)
{
    ptrdiff_t at = sm_sv_find(message, SM_SV(READER_FUNCTION "("));
    sm_engine_reader *r;
    int64_t id;
    sm_sv number;
    bool found;

    if (at < 0)
        return false;
    message = sm_sv_sub(message, (size_t)at + sizeof READER_FUNCTION, message.len);
    if (!sm_sv_next(&message, ')', &number) || !sm_sv_to_int64(number, &id) ||
        (r = sm_engine__find(e, SM_ENGINE_READER, id)) == NULL)
        return false;
    sm_mutex_lock(&r->mu);
    found = r->error.code != SM_OK;
    if (found)
        *err = r->error;
    r->error.code = SM_OK;
    sm_mutex_unlock(&r->mu);
    return found;
}

/* ---- DuckDB's side ---- */

static void reader_bind(duckdb_bind_info info)
{
    sm_engine *e = sm_duck.bind_get_extra_info(info);
    duckdb_value value = sm_duck.bind_get_parameter(info, 0);
    sm_engine_reader *r = sm_engine__find(e, SM_ENGINE_READER, sm_duck.get_int64(value));

    sm_duck.destroy_value(&value);
    if (r == NULL) {
        sm_duck.bind_set_error(info, READER_FUNCTION " is not for queries");
        return;
    }
    for (size_t i = 0; i < r->schema.n; i++)
        sm_duck.bind_add_result_column(info, r->schema.columns[i].name.ptr, r->types[i]);
    if (r->def.rows >= 0)
        sm_duck.bind_set_cardinality(info, (idx_t)r->def.rows, false);
    sm_duck.bind_set_bind_data(info, r, NULL);
}

static void scan_drop(void *p)
{
    reader_scan *scan = p;

    if (sm_atomic_add(&scan->owners, -1) > 1)
        return;
    if (scan->r->def.end != NULL)
        scan->r->def.end(scan->r->def.ctx, scan->state);
    free(scan);
}

static void reader_init(duckdb_init_info info)
{
    sm_engine_reader *r = sm_duck.init_get_bind_data(info);
    reader_scan *scan = sm_xcalloc(1, sizeof *scan);
    char text[640];
    sm_error err;

    scan->r = r;
    sm_atomic_set(&scan->owners, 1);
    sm_mutex_lock(&r->mu);
    r->error.code = SM_OK;
    sm_mutex_unlock(&r->mu);
    if (r->def.begin != NULL && r->def.begin(r->def.ctx, &scan->state, &err) != SM_OK) {
        sm_duck.init_set_error(info, reader_keep(r, &err, text, sizeof text));
        free(scan);
        return;
    }
    sm_duck.init_set_max_threads(info, r->def.max_threads > 0 ? r->def.max_threads : ANY_THREADS);
    sm_duck.init_set_init_data(info, scan, scan_drop);
}

static void task_free(void *p)
{
    reader_task *t = p;

    if (t->scan != NULL) {
        t->r->def.task_close(t->r->def.ctx, t->state);
        scan_drop(t->scan);
    }
    free(t->vectors->v);
    free(t->vectors);
    free(t->column);
    free(t->slot);
    free(t->data);
    free(t);
}

/* The columns that the query needs; a row number, which no reader has, is left out. */
static reader_task *task_new(sm_engine_reader *r, duckdb_init_info info)
{
    size_t n = sm_duck.init_get_column_count(info);
    reader_task *t = sm_xcalloc(1, sizeof *t);

    t->r = r;
    t->column = sm_xcalloc(n + 1, sizeof *t->column);
    t->slot = sm_xcalloc(n + 1, sizeof *t->slot);
    t->data = sm_xcalloc(n + 1, sizeof *t->data);
    t->vectors = sm_xcalloc(1, sizeof *t->vectors);
    t->vectors->v = sm_xcalloc(n + 1, sizeof *t->vectors->v);
    for (size_t i = 0; i < n; i++) {
        idx_t column = sm_duck.init_get_column_index(info, i);
        if (column >= r->schema.n)
            continue;
        t->column[t->n] = column;
        t->slot[t->n++] = i;
    }
    return t;
}

static void reader_init_local(duckdb_init_info info)
{
    sm_engine_reader *r = sm_duck.init_get_bind_data(info);
    reader_task *t = task_new(r, info);

    sm_duck.init_set_init_data(info, t, task_free);
}

static sm_code task_open(reader_task *t, reader_scan *scan, sm_error *err)
{
    sm_engine_reader *r = t->r;
    sm_code rc = r->def.task_open(r->def.ctx, scan->state, t->column, t->n, &t->state, err);

    if (rc == SM_OK) {
        sm_atomic_add(&scan->owners, 1);
        t->scan = scan;
    }
    return rc;
}

static sm_code task_fill(reader_task *t, duckdb_data_chunk chunk, size_t *rows, sm_error *err)
{
    sm_reader_chunk view = {
        .n_columns = t->n, .column = t->column, .data = t->data, .vectors = t->vectors
    };

    for (size_t i = 0; i < t->n; i++) {
        t->vectors->v[i] = sm_duck.data_chunk_get_vector(chunk, t->slot[i]);
        t->data[i] = sm_duck.vector_get_data(t->vectors->v[i]);
    }
    return t->r->def.fill(t->r->def.ctx, t->state, &view, rows, err);
}

static void reader_fill(duckdb_function_info info, duckdb_data_chunk chunk)
{
    reader_task *t = sm_duck.function_get_local_init_data(info);
    size_t rows = 0;
    char text[640];
    sm_error err;
    sm_code rc = SM_OK;

    if (t->scan == NULL)
        rc = task_open(t, sm_duck.function_get_init_data(info), &err);
    if (rc == SM_OK)
        rc = task_fill(t, chunk, &rows, &err);
    if (rc != SM_OK)
        sm_duck.function_set_error(info, reader_keep(t->r, &err, text, sizeof text));
    else
        sm_duck.data_chunk_set_size(chunk, rows);
}

sm_code sm_engine__reader_install(sm_engine *e, sm_error *err)
{
    duckdb_table_function f = sm_duck.create_table_function();
    duckdb_logical_type bigint = sm_duck.create_logical_type(DUCKDB_TYPE_BIGINT);
    sm_code rc = SM_OK;

    sm_duck.table_function_set_name(f, READER_FUNCTION);
    sm_duck.table_function_add_parameter(f, bigint);
    sm_duck.table_function_set_extra_info(f, e, NULL);
    sm_duck.table_function_set_bind(f, reader_bind);
    sm_duck.table_function_set_init(f, reader_init);
    sm_duck.table_function_set_local_init(f, reader_init_local);
    sm_duck.table_function_set_function(f, reader_fill);
    sm_duck.table_function_supports_projection_pushdown(f, true);
    if (sm_duck.register_table_function(e->con, f) != DuckDBSuccess)
        rc = sm_fail(err, SM_E_SQL, 0, "could not install " READER_FUNCTION);
    sm_duck.destroy_table_function(&f);
    sm_duck.destroy_logical_type(&bigint);
    return rc;
}

/* ---- the caller's side ---- */

static sm_code reader_copy_schema(sm_engine_reader *r, const sm_schema *schema, sm_error *err)
{
    sm_code rc = SM_OK;

    r->schema.n = schema->n;
    r->schema.columns = SM_NEW_N(r->arena, sm_column, schema->n);
    r->types = SM_NEW_N(r->arena, duckdb_logical_type, schema->n);
    for (size_t i = 0; i < schema->n && rc == SM_OK; i++) {
        sm_column *c = &r->schema.columns[i];
        c->name = sm_arena_dup(r->arena, schema->columns[i].name);
        c->type = sm_arena_dup(r->arena, schema->columns[i].type);
        rc = sm_engine__type(r->e, c->type, &r->types[i], err);
    }
    return rc;
}

sm_code sm_engine_reader_add(sm_engine *e, const sm_reader_def *def, sm_engine_reader **out,
                             sm_error *err)
{
    sm_engine_reader *r = sm_xcalloc(1, sizeof *r);
    sm_code rc;

    *out = NULL;
    r->e = e;
    r->def = *def;
    r->arena = sm_arena_new("reader");
    sm_mutex_init(&r->mu);
    if ((rc = reader_copy_schema(r, def->schema, err)) != SM_OK) {
        sm_engine_reader_remove(r);
        return rc;
    }
    r->def.schema = &r->schema;
    r->id = sm_engine__register(e, SM_ENGINE_READER, r);
    *out = r;
    return SM_OK;
}

void sm_engine_reader_remove(sm_engine_reader *r)
{
    if (r == NULL)
        return;
    sm_engine__unregister(r->e, r->id);
    sm_mutex_release(&r->mu);
    sm_arena_free(r->arena);
    free(r);
}

void sm_engine_reader_sql(const sm_engine_reader *r, sm_buf *b)
{
    sm_buf_addf(b, READER_FUNCTION "(%lld)", (long long)r->id);
}

/* ---- what a reader writes with ---- */

static uint64_t *reader_validity(const sm_reader_chunk *chunk, size_t c)
{
    duckdb_vector v = chunk->vectors->v[c];

    sm_duck.vector_ensure_validity_writable(v);
    return sm_duck.vector_get_validity(v);
}

void sm_reader_nulls(sm_reader_chunk *chunk, size_t c, const uint64_t *nulls, size_t n_rows)
{
    uint64_t *valid = reader_validity(chunk, c);

    for (size_t i = 0; i < (n_rows + 63) / 64; i++)
        valid[i] = ~nulls[i];
}

void sm_reader_null(sm_reader_chunk *chunk, size_t c, size_t row)
{
    reader_validity(chunk, c)[row / 64] &= ~((uint64_t)1 << (row % 64));
}

void sm_reader_text(sm_reader_chunk *chunk, size_t c, size_t row, sm_sv value)
{
    sm_duck.vector_assign_string_element_len(chunk->vectors->v[c], row, value.ptr, value.len);
}
