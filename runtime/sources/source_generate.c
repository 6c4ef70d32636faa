/* SPDX-License-Identifier: Apache-2.0 */
/* source_generate.c -- made-up rows, the same ones each time.
 *
 * Row i is a pure function of (seed, i); the offset is how many rows there have been.
 * With `rows` alone all of them are there at once.  With `rows_per_second` the clock makes
 * them available, counted from a second before the first look; that moment is pinned in
 * the offset, so it survives restarts:
 *
 *     newest   {"rows": 1000}            or {"now": 1767225600000}
 *     offset   {"rows": 420}             or {"rows": 420, "since": 1767225599000} */
#include "runtime/sources/source_generate.h"

#include <stdlib.h>

#include "runtime/base/clock.h"
#include "runtime/base/limit.h"
#include "runtime/base/sqltext.h"
#include "runtime/base/thread.h"
#include "runtime/sources/generate_fields.h"

enum {
    GENERATE_BATCH = 1000 * 1000, /* rows of one batch */
    GENERATE_SLICE = 64 * 1024,   /* rows that a thread takes at once */
    GENERATE_HEAD_START_MS = 1000,
};

typedef struct generate_config {
    int64_t rows, rows_per_second, seed;
    const sm_json *fields;
} generate_config;

/* The range that one read() made visible. */
typedef struct generate_state {
    sm_generate_fields *fields;
    sm_engine_reader *reader;
    int64_t first, end;
} generate_state;

static const sm_option generate_options[] = {
    {
        .name = "rows",
        .type = SM_TYPE_INT,
        .offset = offsetof(generate_config, rows),
        .fallback = "0",
        .max = INT64_MAX,
        .doc = "Rows in all; 0 is no end, and needs rows_per_second.",
    },
    {
        .name = "rows_per_second",
        .type = SM_TYPE_INT,
        .offset = offsetof(generate_config, rows_per_second),
        .fallback = "0",
        .max = 100 * 1000 * 1000,
        .doc = "Rows that appear each second; 0 makes all rows appear at once.",
    },
    {
        .name = "seed",
        .type = SM_TYPE_INT,
        .offset = offsetof(generate_config, seed),
        .fallback = "0",
        .doc = "Another seed gives other rows.",
    },
    {
        .name = "fields",
        .type = SM_TYPE_MAP,
        .offset = offsetof(generate_config, fields),
        .fallback = "{}",
        .doc =
            "Name and kind of each column: sequence, int, double, choice, timestamp, uuid, "
            "string; or a map: {type: sequence, start: 1, step: 2}, {type: int, min: 1, max: 6}, "
            "{type: double, min: 0, max: 1}, {type: choice, values: [a, b]}, {type: timestamp, "
            "start: 2026-01-01T00:00:00Z, step: 10s}, {type: string, length: 8}; without any it "
            "is {value: sequence}.",
    },
    { .name = NULL },
};

static sm_code generate_open(sm_source *s, sm_error *err)
{
    const generate_config *config = s->config;
    generate_state *g = SM_NEW(s->arena, generate_state);
    s->state = g;
    if (config->rows == 0 && config->rows_per_second == 0)
        return sm_fail(err, SM_E_INVALID, 0, "give `rows`, `rows_per_second` or both");
    return sm_generate_parse(config->fields, config->seed, s->arena, &g->fields, err);
}

static void generate_close(sm_source *s)
{
    generate_state *g = s->state;
    if (g == NULL)
        return;
    sm_engine_reader_remove(g->reader);
    s->state = NULL;
}

static sm_code generate_infer(sm_source *s, sm_arena *a, sm_schema *out, sm_error *err)
{
    const generate_state *g = s->state;
    const sm_schema *schema = sm_generate_schema(g->fields);
    (void)err;
    *out = (sm_schema){ SM_NEW_N(a, sm_column, schema->n), schema->n };
    for (size_t i = 0; i < schema->n; i++) {
        out->columns[i] = schema->columns[i];
        out->columns[i].name = sm_arena_dup(a, schema->columns[i].name);
    }
    return SM_OK;
}

/* --- Offsets --- */

static sm_code generate_newest(sm_source *s, sm_arena *a, const sm_json **out, sm_error *err)
{
    const generate_config *config = s->config;
    sm_json *o = sm_json_object(a);
    (void)err;
    if (config->rows_per_second == 0)
        sm_json_set_int(o, "rows", config->rows);
    else
        sm_json_set_int(o, "now", sm_clock_now_ms());
    *out = o;
    return SM_OK;
}

/* Rows that have appeared from `since` to `now`. */
static int64_t generate_appeared(const generate_config *config, int64_t since, int64_t now)
{
    int64_t ms = now > since ? now - since : 0, rate = config->rows_per_second;
    int64_t rows = ms / 1000 * rate + ms % 1000 * rate / 1000;
    return config->rows > 0 && rows > config->rows ? config->rows : rows;
}

static bool generate_lag(sm_source *s, const sm_json *end, const sm_json *until, sm_lag *out)
{
    const generate_config *config = s->config;
    int64_t read = sm_json_get_int(end, "rows", 0), now = sm_clock_now_ms(), newest = config->rows;
    int64_t since = sm_json_get_int(end, "since", now), rate = config->rows_per_second;

    (void)until;
    if (rate > 0)
        newest = generate_appeared(config, since, now);
    out->rows = newest > read ? newest - read : 0;
    if (rate > 0)
        out->since_ms = since + read / rate * 1000 + read % rate * 1000 / rate;
    return true;
}

static sm_code generate_latest(sm_source *s, const sm_json *start, const sm_json *until,
                               sm_arena *a, const sm_json **out, sm_error *err)
{
    const generate_config *config = s->config;
    int64_t begin = sm_json_get_int(start, "rows", 0), end = sm_json_get_int(until, "rows", 0);
    int64_t now = sm_json_get_int(until, "now", 0);
    int64_t since = sm_json_get_int(start, "since", now - GENERATE_HEAD_START_MS);
    (void)err;
    *out = start;
    if (config->rows_per_second > 0)
        end = generate_appeared(config, since, now);
    if (end > begin + GENERATE_BATCH)
        end = begin + GENERATE_BATCH;
    if (end <= begin && start != NULL)
        return SM_OK;
    sm_json *o = sm_json_object(a);
    sm_json_set_int(o, "rows", end > begin ? end : begin);
    if (config->rows_per_second > 0)
        sm_json_set_int(o, "since", since);
    *out = o;
    return SM_OK;
}

/* --- Rows --- */

typedef struct generate_scan {
    sm_atomic next; /* row that nobody has taken */
} generate_scan;

typedef struct generate_task {
    generate_scan *scan;
    sm_arena *arena;  /* bytes of the chunk */
    int64_t row, end; /* of the slice under work */
} generate_task;

static sm_code generate_begin(void *ctx, void **scan, sm_error *err)
{
    const generate_state *g = ctx;
    generate_scan *sc = sm_xcalloc(1, sizeof *sc);
    (void)err;
    sm_atomic_set(&sc->next, g->first);
    *scan = sc;
    return SM_OK;
}

static void generate_end(void *ctx, void *scan)
{
    (void)ctx;
    free(scan);
}

static sm_code generate_task_open(void *ctx, void *scan, const size_t *column, size_t n,
                                  void **task, sm_error *err)
{
    generate_task *t = sm_xcalloc(1, sizeof *t);
    (void)ctx;
    (void)column;
    (void)n;
    (void)err;
    t->scan = scan;
    t->arena = sm_arena_new("generate");
    *task = t;
    return SM_OK;
}

static sm_code generate_fill_chunk(void *ctx, void *task, sm_reader_chunk *chunk, size_t *n_rows,
                                   sm_error *err)
{
    const generate_state *g = ctx;
    generate_task *t = task;
    (void)err;
    sm_arena_reset(t->arena);
    if (t->row == t->end) {
        t->row = sm_atomic_add(&t->scan->next, GENERATE_SLICE);
        t->row = t->row < g->end ? t->row : g->end;
        t->end = g->end - t->row < GENERATE_SLICE ? g->end : t->row + GENERATE_SLICE;
    }
    int64_t left = t->end - t->row;
    *n_rows = (size_t)(left < SM_READER_ROWS ? left : SM_READER_ROWS);
    for (size_t c = 0; c < chunk->n_columns; c++)
        sm_generate_fill(g->fields, chunk->column[c], t->row, *n_rows, chunk->data[c], t->arena);
    t->row += (int64_t)*n_rows;
    return SM_OK;
}

static void generate_task_close(void *ctx, void *task)
{
    generate_task *t = task;
    (void)ctx;
    sm_arena_free(t->arena);
    free(t);
}

/* The view: the schema's columns, each from the field of its name. */
static sm_code generate_view(const sm_source *s, sm_sv view, sm_error *err)
{
    const generate_state *g = s->state;
    sm_buf sql;
    sm_code rc = SM_OK;
    sm_buf_init(&sql, SM_LIMIT_BATCH_SQL);
    sm_buf_adds(&sql, "SELECT ");
    for (size_t i = 0; rc == SM_OK && i < s->schema->n; i++) {
        const sm_column *c = &s->schema->columns[i];
        ptrdiff_t at = sm_schema_find(sm_generate_schema(g->fields), c->name);
        if (at < 0) {
            rc = sm_fail(err, SM_E_INVALID, 0, "column \"%.*s\" has no entry in `fields`",
                         SM_SV_ARG(c->name));
            break;
        }
        sm_buf_adds(&sql, i > 0 ? ", CAST(" : "CAST(");
        sm_sql_ident(&sql, c->name);
        sm_buf_adds(&sql, " AS ");
        sm_buf_add(&sql, c->type);
        sm_buf_adds(&sql, ") AS ");
        sm_sql_ident(&sql, c->name);
    }
    sm_buf_adds(&sql, " FROM ");
    sm_engine_reader_sql(g->reader, &sql);
    if (rc == SM_OK)
        rc = sm_buf_check(&sql, "the view of a source", err);
    if (rc == SM_OK)
        sm_session_view(s->session, view, sm_buf_sv(&sql));
    sm_buf_release(&sql);
    return rc;
}

static sm_code generate_read(sm_source *s, const sm_json *start, const sm_json *end, sm_sv view,
                             sm_error *err)
{
    generate_state *g = s->state;
    sm_engine_reader_remove(g->reader);
    g->reader = NULL;
    g->first = sm_json_get_int(start, "rows", 0);
    g->end = sm_json_get_int(end, "rows", 0);
    s->report = (sm_read_report){ .read = g->end - g->first };
    const sm_reader_def def = {
        .schema = sm_generate_schema(g->fields),
        .rows = g->end - g->first,
        .max_threads = (size_t)((g->end - g->first) / GENERATE_SLICE) + 1,
        .ctx = g,
        .begin = generate_begin,
        .end = generate_end,
        .task_open = generate_task_open,
        .fill = generate_fill_chunk,
        .task_close = generate_task_close,
    };
    sm_code rc = sm_engine_reader_add(sm_session_engine(s->session), &def, &g->reader, err);
    return rc == SM_OK ? generate_view(s, view, err) : rc;
}

const sm_source_ops sm_source_generate = {
    .name = "generate",
    .summary = "made-up rows, the same ones each time",
    .options = generate_options,
    .config_size = sizeof(generate_config),
    .open = generate_open,
    .infer = generate_infer,
    .newest = generate_newest,
    .latest = generate_latest,
    .lag = generate_lag,
    .read = generate_read,
    .close = generate_close,
};
