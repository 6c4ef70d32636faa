/* SPDX-License-Identifier: Apache-2.0 */
/* engine_rules.c -- smelt_rules(<id>, <rule>…, <column>…): rules judged in the pass of SQL.
 *
 * WHY IT STANDS WHERE IT STANDS
 *
 * DuckDB may move a filter below joins, GROUP BY, DISTINCT and other filters, volatile or not;
 * what it counts there are other rows than those that come out.  It does not move a volatile
 * expression out of a SELECT list: the projection that holds it stays directly above the
 * user's query, is evaluated once for each of its rows, and a filter over its result column
 * cannot go below it.  tests/unit/test_engine_rules.c proves it over the shapes of queries.
 *
 * WHAT A CALL SEES
 *
 * One vector of up to 2,048 rows, all arguments flat.  The rules' columns are BOOLEAN bytes; they
 * go to judge() as they lie there when none is NULL.  The columns behind them are looked at only
 * for the rows that judge() takes as samples or sets aside.
 */
#include "runtime/engine/engine_rules.h"

#include <stdlib.h>

#include "runtime/base/sqltext.h"
#include "runtime/engine/engine_aside.h"
#include "runtime/engine/engine_int.h"

#define RULES_FUNCTION "smelt_rules"

struct sm_engine_rules {
    sm_engine *e;
    int64_t id;
    sm_arena *arena;
    sm_rules_def def; /* texts live in `arena` */
    sm_engine_aside *aside;
};

struct sm_rules_rows {
    const sm_engine_rules *rules;
    duckdb_data_chunk chunk;
};

/* ---- one vector ---- */

/* The column's results with 0 where it is NULL; `scratch` has room for n. */
static const uint8_t *rules_pass(duckdb_vector v, size_t n, uint8_t *scratch)
{
    const uint8_t *data = sm_duck.vector_get_data(v);
    const uint64_t *valid = sm_duck.vector_get_validity(v);

    if (valid == NULL)
        return data;
    for (size_t i = 0; i < n; i++)
        scratch[i] = (valid[i / 64] >> (i % 64) & 1) != 0 ? data[i] : 0;
    return scratch;
}

/* Keep the rows that the mask sets aside; false when that failed. */
static bool rules_set_aside(const sm_engine_rules *r, duckdb_data_chunk chunk,
                            const uint8_t *const *pass, size_t n, const uint8_t *mask)
{
    size_t rules = r->def.n_rules, found = 0;
    uint32_t at[SM_ENGINE_VECTOR];
    char *marks;
    bool ok;

    for (const uint8_t *p = mask; (p = memchr(p, SM_RULES_ASIDE, (size_t)(mask + n - p))); p++)
        at[found++] = (uint32_t)(p - mask);
    if (found == 0)
        return true;
    marks = sm_xmalloc(found * rules);
    for (size_t i = 0; i < found; i++)
        for (size_t k = 0; k < rules; k++)
            marks[i * rules + k] = pass[k][at[i]] != 0 ? '0' : '1';
    ok = sm_engine__aside_take(r->aside, chunk, at, found, marks, rules);
    free(marks);
    return ok;
}

static bool rules_judge(const sm_engine_rules *r, duckdb_data_chunk chunk, uint8_t *mask)
{
    size_t n = sm_duck.data_chunk_get_size(chunk), rules = r->def.n_rules;
    uint8_t *scratch = sm_xmalloc(rules * n + 1);
    const uint8_t **pass = sm_xcalloc(rules, sizeof *pass);
    sm_rules_rows rows = { .rules = r, .chunk = chunk };
    bool ok;

    for (size_t i = 0; i < rules; i++)
        pass[i] = rules_pass(sm_duck.data_chunk_get_vector(chunk, i + 1), n, scratch + i * n);
    r->def.judge(r->def.ctx, pass, n, &rows, mask);
    ok = rules_set_aside(r, chunk, pass, n, mask);
    free(pass);
    free(scratch);
    return ok;
}

static void rules_call(duckdb_function_info info, duckdb_data_chunk chunk, duckdb_vector out)
{
    sm_engine *e = sm_duck.scalar_function_get_extra_info(info);
    const int64_t *id = sm_duck.vector_get_data(sm_duck.data_chunk_get_vector(chunk, 0));
    const sm_engine_rules *r;

    if (sm_duck.data_chunk_get_size(chunk) == 0)
        return;
    r = sm_engine__find(e, SM_ENGINE_RULES, id[0]);
    if (r == NULL ||
        sm_duck.data_chunk_get_column_count(chunk) != 1 + r->def.n_rules + r->def.n_columns)
        sm_duck.scalar_function_set_error(info, RULES_FUNCTION " is not for queries");
    else if (!rules_judge(r, chunk, sm_duck.vector_get_data(out)))
        sm_duck.scalar_function_set_error(info, "a row could not be set aside");
}

static void rules_cell(duckdb_vector v, size_t row, sm_arena *a, sm_buf *b)
{
    duckdb_logical_type type = sm_duck.vector_get_column_type(v);
    sm_value_type t;
    sm_error ignored;

    if (sm_value__type(type, a, &t, &ignored) == SM_OK)
        sm_value__json(&t, v, row, b);
    else
        sm_buf_adds(b, "null");
    sm_duck.destroy_logical_type(&type);
}

void sm_rules_rows_json(const sm_rules_rows *rows, size_t i, sm_buf *b)
{
    const sm_rules_def *def = &rows->rules->def;
    sm_arena *a = sm_arena_new("sample");

    sm_buf_addc(b, '{');
    for (size_t c = 0; c < def->n_columns; c++) {
        size_t at = 1 + def->n_rules + c;
        if (c > 0)
            sm_buf_addc(b, ',');
        sm_buf_add_json_string(b, def->columns[c]);
        sm_buf_addc(b, ':');
        rules_cell(sm_duck.data_chunk_get_vector(rows->chunk, at), i, a, b);
    }
    sm_buf_addc(b, '}');
    sm_arena_free(a);
}

/* ---- the function ---- */

sm_code sm_engine__rules_install(sm_engine *e, sm_error *err)
{
    duckdb_scalar_function f = sm_duck.create_scalar_function();
    duckdb_logical_type bigint = sm_duck.create_logical_type(DUCKDB_TYPE_BIGINT);
    duckdb_logical_type any = sm_duck.create_logical_type(DUCKDB_TYPE_ANY);
    duckdb_logical_type mask = sm_duck.create_logical_type(DUCKDB_TYPE_UTINYINT);
    sm_code rc = SM_OK;

    sm_duck.scalar_function_set_name(f, RULES_FUNCTION);
    sm_duck.scalar_function_add_parameter(f, bigint);
    sm_duck.scalar_function_set_varargs(f, any);
    sm_duck.scalar_function_set_return_type(f, mask);
    sm_duck.scalar_function_set_volatile(f);
    sm_duck.scalar_function_set_special_handling(f); /* NULL arguments are seen */
    sm_duck.scalar_function_set_extra_info(f, e, NULL);
    sm_duck.scalar_function_set_function(f, rules_call);
    if (sm_duck.register_scalar_function(e->con, f) != DuckDBSuccess)
        rc = sm_fail(err, SM_E_SQL, 0, "could not install " RULES_FUNCTION);
    sm_duck.destroy_scalar_function(&f);
    sm_duck.destroy_logical_type(&bigint);
    sm_duck.destroy_logical_type(&any);
    sm_duck.destroy_logical_type(&mask);
    return rc;
}

sm_code sm_engine_rules_add(sm_engine *e, const sm_rules_def *def, sm_engine_rules **out,
                            sm_error *err)
{
    sm_engine_rules *r = sm_xcalloc(1, sizeof *r);
    sm_sv *columns;

    *out = NULL;
    if (def->n_rules == 0) {
        free(r);
        return sm_fail(err, SM_E_INVALID, 0, "there is no rule to judge");
    }
    r->e = e;
    r->arena = sm_arena_new("rules");
    r->def = *def;
    columns = SM_NEW_N(r->arena, sm_sv, def->n_columns);
    for (size_t i = 0; i < def->n_columns; i++)
        columns[i] = sm_arena_dup(r->arena, def->columns[i]);
    r->def.columns = columns;
    r->id = sm_engine__register(e, SM_ENGINE_RULES, r);
    r->aside = sm_engine__aside_new(e, r->id, 1 + def->n_rules, columns, def->n_columns);
    *out = r;
    return SM_OK;
}

void sm_engine_rules_remove(sm_engine_rules *r)
{
    if (r == NULL)
        return;
    sm_engine__unregister(r->e, r->id);
    sm_engine__aside_free(r->aside);
    sm_arena_free(r->arena);
    free(r);
}

static void select_columns(const sm_rules_def *def, const char *prefix, sm_buf *b)
{
    for (size_t i = 0; i < def->n_columns; i++) {
        sm_buf_adds(b, i > 0 ? ", " : "");
        sm_buf_adds(b, prefix);
        sm_sql_ident(b, def->columns[i]);
    }
}

void sm_engine_rules_select(const sm_engine_rules *r, sm_sv query, const sm_sv *exprs, sm_buf *b)
{
    const sm_rules_def *def = &r->def;

    sm_buf_adds(b, "SELECT ");
    select_columns(def, "", b);
    sm_buf_adds(b, " FROM (SELECT ");
    select_columns(def, "", b);
    sm_buf_addf(b, ", " RULES_FUNCTION "(%lld", (long long)r->id);
    for (size_t i = 0; i < def->n_rules; i++) {
        sm_buf_adds(b, ", ");
        sm_buf_add(b, exprs[i]);
    }
    sm_buf_adds(b, ", ");
    select_columns(def, "", b);
    sm_buf_adds(b, ") AS " SM_ENGINE_MASK " FROM (");
    sm_buf_add(b, query);
    sm_buf_adds(b, "\n) AS _smelt_rows) AS _smelt_judged WHERE " SM_ENGINE_MASK " = 0");
}

sm_code sm_engine_rules_aside(sm_engine_rules *r, int64_t *rows, sm_sv *relation, sm_error *err)
{
    return sm_engine__aside_end(r->aside, rows, relation, err);
}

void sm_engine_rules_forget(sm_engine_rules *r)
{
    sm_engine__aside_forget(r->aside);
}
