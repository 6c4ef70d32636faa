/* SPDX-License-Identifier: Apache-2.0 */
/* engine_bind.c -- which columns a text gives, without running it.
 *
 * Binding 1,000 tables must not be felt, so nothing is created for it:
 *
 *     prepare(text) ─▶ DuckDB meets a table that it does not have
 *                   ─▶ relation_named() says: smelt_relation(<k>), k being its place in the
 *                      list of the call, which hangs on the thread
 *                   ─▶ relation_bind() gives its columns
 *
 * A prepared text is also optimized, which binding has no use for: sessions that bind switch
 * the optimizer off at the first call.
 */
#include <stdlib.h>

#include "runtime/engine/engine_int.h"
#include "runtime/engine/engine_parse.h"

#define RELATION_FUNCTION "smelt_relation"

typedef struct bind_call {
    const sm_bind_relation *relations;
    size_t n;
    duckdb_logical_type **types; /* per relation, per column; borrowed from the engine */
} bind_call;

/* The call that this thread is in; DuckDB binds on the thread that prepares. */
static _Thread_local const bind_call *bind_current;

/* ---- what DuckDB asks ---- */

static void relation_named(duckdb_replacement_scan_info info, const char *name, void *unused)
{
    (void)unused;
    for (size_t i = 0; bind_current != NULL && i < bind_current->n; i++) {
        if (sm_sv_eq_nocase(bind_current->relations[i].name, sm_sv_cstr(name))) {
            duckdb_value k = sm_duck.create_int64((int64_t)i);
            sm_duck.replacement_scan_set_function_name(info, RELATION_FUNCTION);
            sm_duck.replacement_scan_add_parameter(info, k);
            sm_duck.destroy_value(&k);
            return;
        }
    }
    sm_engine__view_named(info, name);
}

static void relation_columns(duckdb_bind_info info, size_t k)
{
    const sm_schema *schema = bind_current->relations[k].schema;

    for (size_t i = 0; i < schema->n; i++) {
        char *name = NULL;
        sm_error err;
        if (sm_engine__cstr(schema->columns[i].name, &name, &err) == SM_OK)
            sm_duck.bind_add_result_column(info, name, bind_current->types[k][i]);
        free(name);
    }
}

static void relation_bind(duckdb_bind_info info)
{
    duckdb_value k = sm_duck.bind_get_parameter(info, 0);
    int64_t index = sm_duck.get_int64(k);

    sm_duck.destroy_value(&k);
    if (bind_current != NULL && index >= 0 && (uint64_t)index < bind_current->n)
        relation_columns(info, (size_t)index);
    else
        sm_duck.bind_set_error(info, RELATION_FUNCTION " is only for binding");
}

static void relation_init(duckdb_init_info info)
{
    sm_duck.init_set_error(info, RELATION_FUNCTION " is only for binding");
}

static void relation_rows(duckdb_function_info info, duckdb_data_chunk chunk)
{
    (void)chunk;
    sm_duck.function_set_error(info, RELATION_FUNCTION " is only for binding");
}

sm_code sm_engine__bind_install(sm_engine *e, sm_error *err)
{
    duckdb_table_function f = sm_duck.create_table_function();
    duckdb_logical_type bigint = sm_duck.create_logical_type(DUCKDB_TYPE_BIGINT);
    sm_code rc = SM_OK;

    sm_duck.table_function_set_name(f, RELATION_FUNCTION);
    sm_duck.table_function_add_parameter(f, bigint);
    sm_duck.table_function_set_bind(f, relation_bind);
    sm_duck.table_function_set_init(f, relation_init);
    sm_duck.table_function_set_function(f, relation_rows);
    if (sm_duck.register_table_function(e->con, f) != DuckDBSuccess)
        rc = sm_fail(err, SM_E_SQL, 0, "could not install " RELATION_FUNCTION);
    sm_duck.destroy_table_function(&f);
    sm_duck.destroy_logical_type(&bigint);
    sm_duck.add_replacement_scan(e->db, relation_named, NULL, NULL);
    return rc;
}

/* ---- the error ---- */

static bool line_is_candidates(sm_sv line)
{
    return sm_sv_starts(line, SM_SV("Candidate")) || sm_sv_starts(line, SM_SV("Did you mean"));
}

/* The next text in double quotes of `*rest`. */
static bool quoted_next(sm_sv *rest, sm_sv *out)
{
    ptrdiff_t open = sm_sv_find_char(*rest, '"');
    sm_sv tail = open < 0 ? (sm_sv){ NULL, 0 } : sm_sv_sub(*rest, (size_t)open + 1, rest->len);
    ptrdiff_t close = open < 0 ? -1 : sm_sv_find_char(tail, '"');

    if (close < 0)
        return false;
    *out = sm_sv_sub(tail, 0, (size_t)close);
    *rest = sm_sv_sub(tail, (size_t)close + 1, tail.len);
    return true;
}

static void why_candidates(sm_sv line, sm_arena *a, sm_bind_error *why)
{
    enum { MAX = 8 };
    sm_sv *found = SM_NEW_N(a, sm_sv, MAX);
    sm_sv name;

    why->n_candidates = 0;
    while (why->n_candidates < MAX && quoted_next(&line, &name))
        found[why->n_candidates++] = name;
    why->candidates = found;
}

/* Message and candidates out of DuckDB's lines; lists of functions begin with a tab. */
static void why_message(sm_sv lines, sm_arena *a, sm_bind_error *why)
{
    sm_buf b;
    sm_sv line;

    sm_buf_init(&b, lines.len + 16);
    while (sm_sv_next(&lines, '\n', &line)) {
        bool list = line.len > 0 && line.ptr[0] == '\t';
        line = sm_sv_trim(line);
        if (line_is_candidates(line))
            why_candidates(line, a, why);
        if (line.len == 0 || list || line_is_candidates(line))
            continue;
        if (b.len > 0)
            sm_buf_addc(&b, ' ');
        sm_buf_add(&b, line);
    }
    while (b.len > 0 && (b.ptr[b.len - 1] == '!' || b.ptr[b.len - 1] == '.'))
        sm_buf_cut(&b, b.len - 1);
    why->message = sm_arena_dup(a, sm_buf_sv(&b));
    sm_buf_release(&b);
}

/* DuckDB gives no position for some faults.  The name that its message quotes is the place
 * when the text holds it exactly once. */
static size_t why_search(sm_sv text, sm_sv message)
{
    sm_sv name;
    ptrdiff_t at;

    if (!quoted_next(&message, &name) || name.len == 0 || (at = sm_sv_find(text, name)) < 0)
        return SM_BIND_NOWHERE;
    sm_sv behind = sm_sv_sub(text, (size_t)at + name.len, text.len);
    return sm_sv_find(behind, name) < 0 ? (size_t)at : SM_BIND_NOWHERE;
}

static sm_code bind_explain(sm_engine *e, const char *fault, sm_sv text, sm_arena *a,
                            sm_bind_error *why, sm_error *err)
{
    sm_engine_fault f;

    sm_engine__fault(fault == NULL ? "the engine gives no reason" : fault, a, &f);
    if (f.code != SM_E_SQL)
        return sm_engine__fail(e, fault, err);
    *why = (sm_bind_error){ .offset = SM_BIND_NOWHERE };
    why_message(f.message, a, why);
    if (f.position >= 0 && (uint64_t)f.position <= text.len)
        why->offset = (size_t)f.position;
    else
        why->offset = why_search(text, why->message);
    return sm_fail(err, SM_E_SQL, 0, "%.*s", SM_SV_ARG(why->message));
}

/* ---- the call ---- */

static sm_code bind_types(sm_engine *e, sm_arena *a, bind_call *call, sm_error *err)
{
    call->types = SM_NEW_N(a, duckdb_logical_type *, call->n);
    for (size_t k = 0; k < call->n; k++) {
        const sm_schema *schema = call->relations[k].schema;
        call->types[k] = SM_NEW_N(a, duckdb_logical_type, schema->n);
        for (size_t i = 0; i < schema->n; i++) {
            sm_code rc = sm_engine__type(e, schema->columns[i].type, &call->types[k][i], err);
            if (rc != SM_OK)
                return sm_wrap(err, "column \"%.*s\" of \"%.*s\"",
                               SM_SV_ARG(schema->columns[i].name),
                               SM_SV_ARG(call->relations[k].name));
        }
    }
    return SM_OK;
}

static void bind_result(duckdb_prepared_statement stmt, sm_arena *a, sm_schema *out)
{
    sm_buf type;

    sm_buf_init(&type, SM_SQLTYPE_MAX_TEXT);
    out->n = sm_duck.prepared_statement_column_count(stmt);
    out->columns = SM_NEW_N(a, sm_column, out->n);
    for (size_t i = 0; i < out->n; i++) {
        const char *name = sm_duck.prepared_statement_column_name(stmt, i);
        duckdb_logical_type t = sm_duck.prepared_statement_column_logical_type(stmt, i);
        sm_buf_clear(&type);
        sm_engine__type_text(t, &type);
        out->columns[i] = (sm_column){ .name = sm_arena_dup(a, sm_sv_cstr(name)),
                                       .type = sm_arena_dup(a, sm_buf_sv(&type)),
                                       .nullable = true };
        sm_duck.free((void *)(uintptr_t)name);
        sm_duck.destroy_logical_type(&t);
    }
    sm_buf_release(&type);
}

static sm_code bind_plain(sm_session *s, sm_error *err)
{
    if (s->plain)
        return SM_OK;
    s->plain = true;
    return sm_session_exec(s, SM_SV("PRAGMA disable_optimizer"), err);
}

sm_code sm_session_bind(sm_session *s, sm_sv text, const sm_bind_relation *relations, size_t n,
                        sm_arena *a, sm_schema *out, sm_bind_error *why, sm_error *err)
{
    bind_call call = { .relations = relations, .n = n };
    duckdb_prepared_statement stmt = NULL;
    char *sql = NULL;
    sm_code rc;

    if ((rc = bind_plain(s, err)) != SM_OK)
        return rc;
    if ((rc = sm_engine__cstr(text, &sql, err)) != SM_OK)
        return rc;
    if ((rc = bind_types(s->e, a, &call, err)) != SM_OK)
        goto done;
    bind_current = &call;
    if (sm_duck.prepare(s->con, sql, &stmt) != DuckDBSuccess)
        rc = bind_explain(s->e, sm_duck.prepare_error(stmt), text, a, why, err);
    else
        bind_result(stmt, a, out);
    bind_current = NULL;
done:
    sm_duck.destroy_prepare(&stmt);
    free(sql);
    return rc;
}

sm_code sm_session_describe(sm_session *s, sm_sv sql, sm_arena *a, sm_schema *out, sm_error *err)
{
    duckdb_prepared_statement stmt = NULL;
    const sm_session *before;
    char *text = NULL;
    sm_code rc = sm_session__begin(s, sql, err);

    if (rc != SM_OK || (rc = sm_engine__cstr(sql, &text, err)) != SM_OK)
        return rc;
    before = sm_engine__asks(s);
    if (sm_duck.prepare(s->con, text, &stmt) != DuckDBSuccess)
        rc = sm_engine__fail(s->e, sm_duck.prepare_error(stmt), err);
    else
        bind_result(stmt, a, out);
    sm_engine__asks(before);
    sm_duck.destroy_prepare(&stmt);
    free(text);
    return rc;
}
