/* SPDX-License-Identifier: Apache-2.0 */
/* delta_deleted.c -- the rows that deletion vectors take, as a relation of the engine.
 *
 * Vectors are read and judged before the query; while it runs, one task goes through them.  The
 * bytes stay packed: ten million rows that are gone cost some megabytes here, and what the engine
 * makes of them may spill. */
#include "runtime/delta/delta_deleted.h"

#include <stdlib.h>

#include "runtime/base/fs.h"
#include "runtime/base/strmap.h"
#include "runtime/delta/delta_files.h"
#include "runtime/engine/engine_reader.h"

enum { COLUMN_FILE, COLUMN_ROW };

typedef struct vector {
    size_t file;
    sm_delta_bitmap bitmap; /* at its begin */
} vector;

struct sm_delta_deleted {
    sm_arena *arena;
    vector *vectors;
    size_t n;
    sm_engine_reader *reader;
    sm_sv sql;
};

/* ---- rows ---- */

typedef struct task {
    size_t next; /* vector to begin */
    vector now;
} task;

static sm_code deleted_open(void *ctx, void *scan, const size_t *column, size_t n, void **out,
                            sm_error *err)
{
    const sm_delta_deleted *d = ctx;
    task *t = sm_xcalloc(1, sizeof *t);

    (void)scan;
    (void)column;
    (void)n;
    (void)err;
    t->now = d->vectors[t->next++];
    *out = t;
    return SM_OK;
}

static bool next_row(const sm_delta_deleted *d, task *t, int64_t *row)
{
    while (!sm_delta_bitmap_next(&t->now.bitmap, row)) {
        if (t->next == d->n)
            return false;
        t->now = d->vectors[t->next++];
    }
    return true;
}

static sm_code deleted_fill(void *ctx, void *arg, sm_reader_chunk *chunk, size_t *n_rows,
                            sm_error *err)
{
    int64_t row;

    (void)err;
    for (*n_rows = 0; *n_rows < SM_READER_ROWS && next_row(ctx, arg, &row); ++*n_rows) {
        const task *t = arg;
        for (size_t c = 0; c < chunk->n_columns; c++)
            ((int64_t *)chunk->data[c])[*n_rows] =
                chunk->column[c] == COLUMN_FILE ? (int64_t)t->now.file : row;
    }
    return SM_OK;
}

static void deleted_close(void *ctx, void *arg)
{
    (void)ctx;
    free(arg);
}

static sm_code add_reader(sm_delta_deleted *d, struct sm_session *session, sm_error *err)
{
    sm_column columns[] = {
        [COLUMN_FILE] = { .name = SM_SV("file"), .type = SM_SV("BIGINT"), .nullable = true },
        [COLUMN_ROW] = { .name = SM_SV("row"), .type = SM_SV("BIGINT"), .nullable = true },
    };
    sm_schema schema = { columns, sizeof columns / sizeof *columns };
    sm_reader_def def = {
        .schema = &schema,
        .max_threads = 1,
        .ctx = d,
        .task_open = deleted_open,
        .fill = deleted_fill,
        .task_close = deleted_close,
    };
    sm_code rc;
    sm_buf sql;

    for (size_t i = 0; i < d->n; i++)
        def.rows += d->vectors[i].bitmap.count;
    if ((rc = sm_engine_reader_add(sm_session_engine(session), &def, &d->reader, err)) != SM_OK)
        return rc;
    sm_buf_init(&sql, 256);
    sm_engine_reader_sql(d->reader, &sql);
    d->sql = sm_arena_dup(d->arena, sm_buf_sv(&sql));
    sm_buf_release(&sql);
    return SM_OK;
}

/* ---- vectors ---- */

typedef struct loading {
    sm_delta_table *table;
    sm_delta_deleted *d;
    sm_strmap *seen; /* key -> number of the file of vectors */
    sm_sv *texts;
    size_t n_texts;
    bool anywhere;
} loading;

/* A file holds the vectors of many data files, and is read once. */
static sm_code vector_file(loading *l, sm_sv key, sm_sv *out, sm_error *err)
{
    sm_arena *a = l->d->arena;
    size_t at = l->n_texts;
    sm_code rc;

    if (sm_strmap_get(l->seen, key, &at)) {
        *out = l->texts[at];
        return SM_OK;
    }
    bool inside = sm_delta_files_inside(key);
    if (!inside && !l->anywhere)
        return sm_fail(err, SM_E_DENIED, 0, "deletion vector \"%.*s\" lies outside of the table",
                       SM_SV_ARG(key));
    rc = inside ? sm_delta_read_key(l->table, key, a, out, err)
                : sm_fs_read(sm_arena_cstr(a, key), SM_DELTA_MAX_COMMIT, a, out, err);
    if (rc == SM_OK) {
        l->texts[l->n_texts++] = *out;
        sm_strmap_put(l->seen, key, at);
    }
    return rc;
}

static sm_code load(loading *l, const sm_delta_file *f, size_t number, sm_error *err)
{
    vector *v = &l->d->vectors[l->d->n];
    sm_sv key, text = SM_SV("");
    sm_code rc = sm_delta_dv_key(f->dv, l->d->arena, &key, err);

    if (rc == SM_OK && key.len > 0)
        rc = vector_file(l, key, &text, err);
    if (rc == SM_OK)
        rc = sm_delta_dv_bitmap(f->dv, text, l->d->arena, &v->bitmap, err);
    if (rc != SM_OK)
        return sm_wrap(err, "file \"%.*s\"", SM_SV_ARG(f->key));
    v->file = number;
    l->d->n++;
    return SM_OK;
}

sm_code sm_delta_deleted_open(sm_delta_table *t, const sm_delta_file *const *files, size_t n,
                              bool anywhere, struct sm_session *session, sm_delta_deleted **out,
                              sm_error *err)
{
    sm_arena *a = sm_arena_new("delta deleted");
    sm_delta_deleted *d = SM_NEW(a, sm_delta_deleted);
    loading l = { .table = t, .d = d, .seen = sm_strmap_new(a), .anywhere = anywhere };
    sm_code rc = SM_OK;

    *out = NULL;
    d->arena = a;
    d->vectors = SM_NEW_N(a, vector, n + 1);
    l.texts = SM_NEW_N(a, sm_sv, n + 1);
    for (size_t i = 0; i < n && rc == SM_OK; i++)
        if (files[i]->dv != NULL)
            rc = load(&l, files[i], i, err);
    if (rc == SM_OK && d->n > 0)
        rc = add_reader(d, session, err);
    if (rc == SM_OK && d->n > 0)
        *out = d;
    else
        sm_arena_free(a);
    return rc;
}

void sm_delta_deleted_free(sm_delta_deleted *d)
{
    if (d == NULL)
        return;
    sm_engine_reader_remove(d->reader);
    sm_arena_free(d->arena);
}

sm_sv sm_delta_deleted_sql(const sm_delta_deleted *d)
{
    return d == NULL ? SM_SV("") : d->sql;
}
