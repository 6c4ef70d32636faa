/* SPDX-License-Identifier: Apache-2.0 */
/* engine_aside.c -- rows set aside while a query runs.
 *
 * WHY THE ROWS ARE TAKEN OUT OF THE PASS THAT IS UNDER WAY
 *
 * Kept rows and the others go to two places, and a query gives each row once.  Running it twice, or
 * again as a materialised result, costs what the query costs, and random() or a table that
 * moved would let a row come out of both runs, or of none.  Writing down the whole result first
 * costs a copy of every good row.  So smelt_rules, which sees each row once, copies the few that
 * are to be set aside, with their types, into a table of their own through an appender on a
 * connection of its own: the good rows never pay, and a batch without such rows makes no table.
 */
#include "runtime/engine/engine_aside.h"

#include <stdio.h>
#include <stdlib.h>

#include "runtime/base/sqltext.h"
#include "runtime/engine/engine_rules.h"

struct sm_engine_aside {
    sm_engine *e;
    size_t first;
    const sm_sv *columns;
    size_t n_columns;
    char table[48];

    sm_mutex mu; /* guards all below */
    duckdb_connection con;
    duckdb_appender appender;
    duckdb_data_chunk chunk; /* of the table's types */
    duckdb_selection_vector sel;
    int64_t rows;
    bool failed;
    char why[512]; /* as DuckDB said it */
};

sm_engine_aside *sm_engine__aside_new(sm_engine *e, int64_t id, size_t first, const sm_sv *columns,
                                      size_t n_columns)
{
    sm_engine_aside *s = sm_xcalloc(1, sizeof *s);

    s->e = e;
    s->first = first;
    s->columns = columns;
    s->n_columns = n_columns;
    snprintf(s->table, sizeof s->table, "_smelt_aside_%lld", (long long)id);
    sm_mutex_init(&s->mu);
    return s;
}

void sm_engine__aside_free(sm_engine_aside *s)
{
    if (s == NULL)
        return;
    sm_engine__aside_forget(s);
    sm_mutex_release(&s->mu);
    free(s);
}

static bool aside_fails(sm_engine_aside *s, const char *why)
{
    if (!s->failed)
        snprintf(s->why, sizeof s->why, "%s", why == NULL ? "no reason was given" : why);
    s->failed = true;
    return false;
}

static void aside_run(sm_engine_aside *s, const char *sql)
{
    duckdb_result result = { 0 };

    if (sm_duck.query(s->con, sql, &result) != DuckDBSuccess)
        aside_fails(s, sm_duck.result_error(&result));
    sm_duck.destroy_result(&result);
}

/* ---- the table ---- */

static void aside_definition(const sm_engine_aside *s, duckdb_logical_type *types, sm_buf *sql)
{
    sm_buf_addf(sql, "CREATE TABLE memory.main.%s (", s->table);
    for (size_t i = 0; i < s->n_columns; i++) {
        sm_sql_ident(sql, s->columns[i]);
        sm_buf_addc(sql, ' ');
        sm_engine__type_text(types[i], sql);
        sm_buf_adds(sql, ", ");
    }
    sm_buf_adds(sql, SM_ENGINE_BROKEN " VARCHAR)");
}

static bool aside_make(sm_engine_aside *s, duckdb_data_chunk from)
{
    duckdb_logical_type *types = sm_xcalloc(s->n_columns + 1, sizeof *types);
    sm_buf sql;

    for (size_t i = 0; i < s->n_columns; i++)
        types[i] =
            sm_duck.vector_get_column_type(sm_duck.data_chunk_get_vector(from, s->first + i));
    types[s->n_columns] = sm_duck.create_logical_type(DUCKDB_TYPE_VARCHAR);
    sm_buf_init(&sql, SM_LIMIT_BATCH_SQL);
    aside_definition(s, types, &sql);
    if (sql.over)
        aside_fails(s, "the columns of the rows to set aside are too many");
    else if (sm_duck.connect(s->e->db, &s->con) != DuckDBSuccess)
        aside_fails(s, "could not connect to the engine");
    else
        aside_run(s, sql.ptr);
    if (!s->failed &&
        sm_duck.appender_create(s->con, "main", s->table, &s->appender) != DuckDBSuccess)
        aside_fails(s, sm_duck.appender_error(s->appender));
    s->chunk = sm_duck.create_data_chunk(types, s->n_columns + 1);
    s->sel = sm_duck.create_selection_vector(SM_ENGINE_VECTOR);
    for (size_t i = 0; i <= s->n_columns; i++)
        sm_duck.destroy_logical_type(&types[i]);
    free(types);
    sm_buf_release(&sql);
    return !s->failed;
}

/* ---- rows ---- */

static bool aside_append(sm_engine_aside *s, duckdb_data_chunk from, const uint32_t *at, size_t n,
                         const char *marks, size_t width)
{
    duckdb_vector broken = sm_duck.data_chunk_get_vector(s->chunk, s->n_columns);
    sel_t *sel = sm_duck.selection_vector_get_data_ptr(s->sel);

    for (size_t i = 0; i < n; i++)
        sel[i] = at[i];
    sm_duck.data_chunk_reset(s->chunk);
    for (size_t i = 0; i < s->n_columns; i++)
        sm_duck.vector_copy_sel(sm_duck.data_chunk_get_vector(from, s->first + i),
                                sm_duck.data_chunk_get_vector(s->chunk, i), s->sel, n, 0, 0);
    for (size_t i = 0; i < n; i++)
        sm_duck.vector_assign_string_element_len(broken, i, marks + i * width, width);
    sm_duck.data_chunk_set_size(s->chunk, n);
    if (sm_duck.append_data_chunk(s->appender, s->chunk) != DuckDBSuccess)
        return aside_fails(s, sm_duck.appender_error(s->appender));
    s->rows += (int64_t)n;
    return true;
}

bool sm_engine__aside_take(sm_engine_aside *s, duckdb_data_chunk chunk, const uint32_t *at,
                           size_t n, const char *marks, size_t width)
{
    bool ok;

    sm_mutex_lock(&s->mu);
    ok = !s->failed && (s->chunk != NULL || aside_make(s, chunk)) &&
         aside_append(s, chunk, at, n, marks, width);
    sm_mutex_unlock(&s->mu);
    return ok;
}

sm_code sm_engine__aside_end(sm_engine_aside *s, int64_t *rows, sm_sv *relation, sm_error *err)
{
    sm_code rc = SM_OK;

    *rows = 0;
    *relation = SM_SV("");
    sm_mutex_lock(&s->mu);
    if (!s->failed && s->appender != NULL && sm_duck.appender_close(s->appender) != DuckDBSuccess)
        aside_fails(s, sm_duck.appender_error(s->appender));
    if (s->failed)
        rc = sm_engine__fail(s->e, s->why, err);
    else
        *rows = s->rows;
    if (rc == SM_OK && s->rows > 0)
        *relation = sm_sv_cstr(s->table);
    sm_mutex_unlock(&s->mu);
    return rc;
}

void sm_engine__aside_forget(sm_engine_aside *s)
{
    char drop[96];

    snprintf(drop, sizeof drop, "DROP TABLE IF EXISTS memory.main.%s", s->table);
    sm_mutex_lock(&s->mu);
    if (s->appender != NULL)
        sm_duck.appender_destroy(&s->appender);
    if (s->sel != NULL)
        sm_duck.destroy_selection_vector(s->sel);
    if (s->chunk != NULL)
        sm_duck.destroy_data_chunk(&s->chunk);
    if (s->con != NULL) {
        aside_run(s, drop);
        sm_duck.disconnect(&s->con);
    }
    s->appender = NULL;
    s->sel = NULL;
    s->chunk = NULL;
    s->con = NULL;
    s->rows = 0;
    s->failed = false;
    sm_mutex_unlock(&s->mu);
}
