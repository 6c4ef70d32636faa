/* SPDX-License-Identifier: Apache-2.0 */
/* engine_reader.h -- rows that C code makes, as a relation: smelt_read(<id>).
 *
 * A reader says its columns once; each query over it then opens tasks, one per thread of the
 * engine that takes part, and each task fills chunk after chunk:
 *
 *     add ─▶ SELECT … FROM smelt_read(<id>) ─▶ begin ─▶ task_open ─▶ fill, fill, … 0 ─▶ task_close
 * ─▶ end (per thread)
 *
 * Only columns that the query needs are asked for.  A query may be run more than once; each
 * begins anew.  What a callback fails with, the query fails with: code and text.
 *
 * The layout of data[c], by the type of the column (DuckDB's own):
 *     BOOLEAN uint8_t · TINYINT … BIGINT int8_t … int64_t · unsigned alike · FLOAT float ·
 *     DOUBLE double · DATE int32_t days · TIMESTAMP, TIMESTAMPTZ int64_t microseconds ·
 *     DECIMAL(p,_) int16_t, int32_t, int64_t for p ≤ 4, 9, 18, else a 128-bit integer ·
 *     VARCHAR, BLOB sm_reader_string
 * Nested types are not delivered; a reader gives JSON text and its view casts.
 */
#ifndef SM_ENGINE_READER_H
#define SM_ENGINE_READER_H

#include "runtime/engine/engine.h"

enum { SM_READER_ROWS = 2048 }; /* of one chunk, at most */

/* A string as DuckDB keeps it: up to 12 bytes inside (head and tail together), else the first
 * four bytes and a pointer to all of them, which stay readable until the next fill() or
 * task_close() of the same task. */
typedef struct sm_reader_string {
    uint32_t len;
    char head[4];
    union {
        const char *ptr;
        char tail[8];
    } u;
} sm_reader_string;

typedef struct sm_reader_chunk {
    size_t n_columns;     /* those that are needed; at least one */
    const size_t *column; /* column[c]: its index in the reader's schema */
    void *const *data;    /* data[c]: room for SM_READER_ROWS values */
    struct sm_reader_vectors *vectors;
} sm_reader_chunk;

/* Bit i set: row i of column c is NULL.  `nulls` holds SM_READER_ROWS bits. */
void sm_reader_nulls(sm_reader_chunk *chunk, size_t c, const uint64_t *nulls, size_t n_rows);
void sm_reader_null(sm_reader_chunk *chunk, size_t c, size_t row);
/* Copies the bytes (valid UTF-8), so they need not stay. */
void sm_reader_text(sm_reader_chunk *chunk, size_t c, size_t row, sm_sv value);

typedef struct sm_reader_def {
    const sm_schema *schema; /* copied */
    int64_t rows;            /* how many there will be, about; -1: not known */
    size_t max_threads;      /* tasks that can work at once; 0: any number */
    void *ctx;               /* of all callbacks; outlives the reader */

    /* One query begins and ends; optional.  `*scan` is handed to its tasks. */
    sm_code (*begin)(void *ctx, void **scan, sm_error *err);
    void (*end)(void *ctx, void *scan);
    /* Called by several threads at once, each with a task of its own.  `column` holds the n
     * schema indexes that are needed, and lives as long as the task. */
    sm_code (*task_open)(void *ctx, void *scan, const size_t *column, size_t n, void **task,
                         sm_error *err);
    /* Fill the chunk; *n_rows == 0: this task is at its end. */
    sm_code (*fill)(void *ctx, void *task, sm_reader_chunk *chunk, size_t *n_rows, sm_error *err);
    void (*task_close)(void *ctx, void *task);
} sm_reader_def;

typedef struct sm_engine_reader sm_engine_reader;

/* Let smelt_read(<id>) find `def`.  Thread-safe.  `*out` is owned: free with
 * sm_engine_reader_remove(), after the last query over it and before the engine is closed. */
sm_code sm_engine_reader_add(sm_engine *e, const sm_reader_def *def, sm_engine_reader **out,
                             sm_error *err);
void sm_engine_reader_remove(sm_engine_reader *r); /* NULL is fine */

/* Append "smelt_read(<id>)", what stands behind FROM. */
void sm_engine_reader_sql(const sm_engine_reader *r, sm_buf *b);

#endif
