/* SPDX-License-Identifier: Apache-2.0 */
/* decode_relation.c -- files of a text format as a relation of a session. */
#include "runtime/connect/decode_relation.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/base/limit.h"
#include "runtime/base/sqltext.h"

_Static_assert(sizeof(sm_decode_string) == sizeof(sm_reader_string) &&
                   offsetof(sm_decode_string, u) == offsetof(sm_reader_string, u),
               "the decoders write strings as the engine keeps them");
_Static_assert((int)SM_DECODE_ROWS == (int)SM_READER_ROWS, "chunks have one size");

struct sm_decode_relation {
    sm_decode_run *run;
    sm_engine_reader *reader;
    sm_engine_reader *bad; /* NULL until it is asked for */
};

/* One thread's part of one query. */
typedef struct relation_task {
    sm_decode_worker *worker;
    size_t n;
    sm_decode_vector vectors[]; /* one per column of the schema */
} relation_task;

static sm_code relation_begin(void *ctx, void **scan, sm_error *err)
{
    sm_decode_relation *r = ctx;
    (void)err;
    *scan = sm_decode_scan_new(r->run);
    return SM_OK;
}

static void relation_end(void *ctx, void *scan)
{
    (void)ctx;
    sm_decode_scan_free(scan);
}

static sm_code relation_task_open(void *ctx, void *scan, const size_t *column, size_t n,
                                  void **task, sm_error *err)
{
    sm_decode_relation *r = ctx;
    size_t columns = sm_decode_run_what(r->run)->n_columns;
    relation_task *t = sm_xcalloc(1, sizeof *t + columns * sizeof t->vectors[0]);
    (void)column;
    (void)n;
    (void)err;
    t->n = columns;
    t->worker = sm_decode_worker_new(scan);
    *task = t;
    return SM_OK;
}

/* Column c of the chunk is one value of the file, n times. */
static void relation_constant(const sm_decode_constants *k, size_t constant, size_t file,
                              sm_reader_chunk *chunk, size_t c, size_t n)
{
    uint64_t nulls[SM_DECODE_ROWS / 64];
    if (n == 0 || sm_decode_constants_fill(k, constant, file, chunk->data[c], n))
        return;
    memset(nulls, 0xff, sizeof nulls);
    sm_reader_nulls(chunk, c, nulls, n);
}

static sm_code relation_fill(void *ctx, void *task, sm_reader_chunk *chunk, size_t *n_rows,
                             sm_error *err)
{
    const sm_decode_relation *r = ctx;
    const sm_decode_extra *extra = sm_decode_run_what(r->run)->extra;
    relation_task *t = task;
    sm_code rc;
    for (size_t c = 0; c < chunk->n_columns; c++)
        if (chunk->column[c] < t->n)
            t->vectors[chunk->column[c]].data = chunk->data[c];
    if ((rc = sm_decode_worker_rows(t->worker, t->vectors, n_rows, err)) != SM_OK)
        return rc;
    for (size_t c = 0; c < chunk->n_columns; c++) {
        if (chunk->column[c] >= t->n) {
            relation_constant(extra->constants, chunk->column[c] - t->n,
                              sm_decode_worker_file(t->worker), chunk, c, *n_rows);
            continue;
        }
        const sm_decode_vector *v = &t->vectors[chunk->column[c]];
        if (v->has_null)
            sm_reader_nulls(chunk, c, v->nulls, *n_rows);
    }
    return SM_OK;
}

static void relation_task_close(void *ctx, void *task)
{
    relation_task *t = task;
    (void)ctx;
    sm_decode_worker_free(t->worker);
    free(t);
}

/* --- The view --- */

void sm_decode_add_value(sm_buf *sql, const sm_decode_column *c, sm_sv name, sm_arena *a)
{
    bool text = c->kind == SM_DECODE_JSON || c->kind == SM_DECODE_NESTED;
    sm_sv type = sm_sqltype_view_text(c->type, a);
    if (sm_sv_eq(type, sm_decode_physical_type(c))) {
        sm_sql_ident(sql, name);
        return;
    }
    sm_buf_adds(sql, text ? "CAST(CAST(" : "CAST(");
    sm_sql_ident(sql, name);
    if (text)
        sm_buf_adds(sql, " AS JSON)");
    sm_buf_adds(sql, " AS ");
    sm_buf_add(sql, type);
    sm_buf_addc(sql, ')');
}

static void relation_add_column(sm_buf *sql, const sm_decode_what *what, size_t i, sm_arena *a)
{
    const sm_decode_column *c = &what->columns[i];
    sm_sv constant = what->extra == NULL ? SM_SV("") : what->extra->instead[i];
    bool only = constant.len > 0 && what->extra->only[i];
    if (constant.len > 0) {
        sm_buf_adds(sql, only ? "CAST(" : "COALESCE(CAST(");
        sm_sql_ident(sql, constant);
        sm_buf_adds(sql, " AS ");
        sm_buf_add(sql, sm_sqltype_view_text(c->type, a));
        sm_buf_adds(sql, only ? ")" : "), ");
    }
    if (!only)
        sm_decode_add_value(sql, c, c->name, a);
    if (constant.len > 0 && !only)
        sm_buf_addc(sql, ')');
    sm_buf_adds(sql, " AS ");
    sm_sql_ident(sql, c->name);
}

static sm_code relation_make_view(const sm_decode_relation *r, sm_session *session, sm_sv view,
                                  sm_arena *a, sm_error *err)
{
    const sm_decode_what *what = sm_decode_run_what(r->run);
    sm_buf sql;
    sm_code rc;
    sm_buf_init(&sql, SM_LIMIT_BATCH_SQL);
    sm_buf_adds(&sql, "SELECT ");
    for (size_t i = 0; i < what->n_columns; i++) {
        if (i > 0)
            sm_buf_adds(&sql, ", ");
        relation_add_column(&sql, what, i, a);
    }
    if (what->extra != NULL)
        sm_buf_add(&sql, what->extra->behind);
    sm_buf_adds(&sql, " FROM ");
    sm_engine_reader_sql(r->reader, &sql);
    if ((rc = sm_buf_check(&sql, "the view of a source", err)) == SM_OK)
        sm_session_view(session, view, sm_buf_sv(&sql));
    sm_buf_release(&sql);
    return rc;
}

static sm_column relation_physical_column(const sm_decode_column *c)
{
    return (sm_column){ .name = c->name, .type = sm_decode_physical_type(c), .nullable = true };
}

static sm_schema relation_physical(const sm_decode_what *what, sm_arena *a)
{
    const sm_decode_constants *k = what->extra == NULL ? NULL : what->extra->constants;
    size_t more = sm_decode_constants_count(k);
    sm_schema s = { SM_NEW_N(a, sm_column, what->n_columns + more + 1), what->n_columns + more };
    for (size_t i = 0; i < s.n; i++)
        s.columns[i] = relation_physical_column(
            i < what->n_columns ? &what->columns[i]
                                : sm_decode_constants_column(k, i - what->n_columns));
    return s;
}

sm_code sm_decode_relation_new(const sm_decode_what *what, sm_session *session, sm_sv view,
                               sm_decode_relation **out, sm_error *err)
{
    sm_decode_relation *r = sm_xcalloc(1, sizeof *r);
    sm_arena *a = sm_arena_new("decode relation");
    sm_decode_blocks *blocks = sm_decode_blocks_new(what->files, what->n_files, what->block_size);
    sm_schema physical = relation_physical(what, a);
    size_t threads = sm_decode_blocks_count(blocks);
    sm_reader_def def = {
        .schema = &physical,
        .rows = -1,
        .max_threads = threads > 0 ? threads : 1,
        .ctx = r,
        .begin = relation_begin,
        .end = relation_end,
        .task_open = relation_task_open,
        .fill = relation_fill,
        .task_close = relation_task_close,
    };
    sm_code rc;
    sm_decode_blocks_free(blocks);
    r->run = sm_decode_run_new(what);
    rc = sm_engine_reader_add(sm_session_engine(session), &def, &r->reader, err);
    if (rc == SM_OK)
        rc = relation_make_view(r, session, view, a, err);
    sm_arena_free(a);
    if (rc != SM_OK) {
        sm_decode_relation_free(r);
        return rc;
    }
    *out = r;
    return SM_OK;
}

void sm_decode_relation_free(sm_decode_relation *r)
{
    if (r == NULL)
        return;
    sm_engine_reader_remove(r->bad);
    sm_engine_reader_remove(r->reader);
    sm_decode_run_free(r->run);
    free(r);
}

const sm_decode_run *sm_decode_relation_run(const sm_decode_relation *r)
{
    return r->run;
}

sm_code sm_decode_relation_bad(sm_decode_relation *r, sm_session *session, sm_sv view,
                               sm_error *err)
{
    sm_decode_bads *bads = sm_decode_run_bads(r->run);
    sm_buf sql;
    sm_code rc;
    sm_engine_reader_remove(r->bad);
    r->bad = NULL;
    rc = sm_decode_bads_reader(sm_session_engine(session), bads, sm_decode_run_what(r->run)->files,
                               &r->bad, err);
    if (rc != SM_OK)
        return rc;
    sm_buf_init(&sql, 256);
    sm_buf_adds(&sql, "SELECT *, NULL::VARCHAR AS topic, NULL::INTEGER AS \"partition\", "
                      "NULL::BIGINT AS \"offset\" FROM ");
    sm_engine_reader_sql(r->bad, &sql);
    sm_session_view(session, view, sm_buf_sv(&sql));
    sm_buf_release(&sql);
    return rc;
}
