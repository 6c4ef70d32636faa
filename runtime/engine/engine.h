/* SPDX-License-Identifier: Apache-2.0 */
/* engine.h -- DuckDB inside the process, behind types of our own.
 *
 *     sm_engine    one in-memory database: one memory limit, one pool of threads, locked down
 *     sm_session   one connection of it, used by one thread at a time; temporary relations,
 *                  SET VARIABLE and interrupts belong to it
 *
 * The library is loaded when the first engine is opened (about 8 ms), the database opens in
 * another 12 to 19: whoever has nothing to compute opens none.
 *
 * What an engine may touch is said once, when it is opened: files below the allowed folders
 * and nothing else.  No extension is installed or loaded, no setting changes afterwards,
 * TimeZone is UTC, rows keep no order unless ORDER BY asks.  Links out of a folder and `..` are
 * refused by DuckDB itself.  A folder is allowed with what is below it, but a COPY with
 * PARTITION_BY cannot aim at an allowed folder itself, only at one below.
 *
 * SQL that reaches a session has passed pipelines/sql, or was built with runtime/base/sqltext.
 * The other headers: engine_parse.h (parse, bind), engine_copy.h (Parquet out),
 * engine_rules.h (expectations), engine_reader.h (rows from C).
 */
#ifndef SM_ENGINE_ENGINE_H
#define SM_ENGINE_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/base/arena.h"
#include "runtime/base/error.h"
#include "runtime/base/sqltype.h"
#include "runtime/base/str.h"

typedef struct sm_engine sm_engine;
typedef struct sm_session sm_session;

typedef struct sm_engine_config {
    /* Path of libduckdb.so; NULL looks at SMELT_DUCKDB, then at the place where the build or
     * the installation put it, then asks the loader for "libduckdb.so". */
    const char *library;
    sm_sv memory_limit;               /* "4GiB"; empty: 75 % of the machine's memory */
    int threads;                      /* 0: as many as the process may use */
    sm_sv temp_directory;             /* where operators spill; empty: nowhere, they fail instead */
    const sm_sv *allowed_directories; /* absolute; the only ones that SQL may read and write */
    size_t allowed_count;
    const sm_sv *allowed_files; /* absolute; besides, these alone */
    size_t allowed_file_count;
} sm_engine_config;

/* `*out` is owned: free with sm_engine_close().  SM_E_NOT_FOUND: there is no usable library,
 * and the message says where it was looked for. */
sm_code sm_engine_open(const sm_engine_config *config, sm_engine **out, sm_error *err);

/* All sessions are closed before; NULL is fine. */
void sm_engine_close(sm_engine *e);

/* "v1.5.6". */
const char *sm_engine_version(const sm_engine *e);

/* ---- sessions ------------------------------------------------------------------ */

/* Thread-safe for one engine.  `*out` is owned: free with sm_session_close(). */
sm_code sm_session_open(sm_engine *e, sm_session **out, sm_error *err);
void sm_session_close(sm_session *s); /* NULL is fine */
sm_engine *sm_session_engine(const sm_session *s);

/* From any thread: what the session runs ends soon with SM_E_CANCELLED; when nothing runs,
 * nothing happens.  A caller that must not miss it asks again until its flag is seen. */
void sm_session_interrupt(sm_session *s);

/* How statements fail: SM_E_CANCELLED after an interrupt, SM_E_LIMIT out of memory or of
 * spill space, SM_E_IO when a file could not be read or written (the errno of a full disk in
 * err->sys where it is known), the code of the reader when rows from C failed, SM_E_SQL for
 * the rest.  Messages are DuckDB's first line, without its prefix. */

/* One or more statements; rows are thrown away. */
sm_code sm_session_exec(sm_session *s, sm_sv sql, sm_error *err);

/* Set the clock of a batch: the session variable smelt_batch_time, a TIMESTAMP in UTC, that
 * compiled queries read where a user wrote now().  It is there for texts that name it. */
void sm_session_set_time(sm_session *s, int64_t time_ms);

/* From now on `name` stands for `select` (text that was judged) in what this session runs, as a
 * view does; a table of this name comes before it.  Nothing is run or bound here: what is wrong
 * with `select` is said by the queries that name it. */
void sm_session_view(sm_session *s, sm_sv name, sm_sv select);

/* The first column of the only row.  SM_E_SQL when there is no row or it is NULL. */
sm_code sm_session_int64(sm_session *s, sm_sv sql, int64_t *out, sm_error *err);
/* The same as text, in `a`; a NULL has ptr NULL. */
sm_code sm_session_text(sm_session *s, sm_sv sql, sm_arena *a, sm_sv *out, sm_error *err);

/* The columns of one SELECT, which is planned but not run.  Lives in `a`. */
sm_code sm_session_describe(sm_session *s, sm_sv sql, sm_arena *a, sm_schema *out, sm_error *err);

/* ---- rows ---------------------------------------------------------------------- */

/* The result of one query.  All rows are held, compressed, within the memory limit: ask for a
 * LIMIT when that may be much. */
typedef struct sm_rows sm_rows;

/* `*out` is owned: free with sm_rows_free(), before the session is closed. */
sm_code sm_session_query(sm_session *s, sm_sv sql, sm_rows **out, sm_error *err);
void sm_rows_free(sm_rows *r); /* NULL is fine */

/* Names and types of the columns; borrowed until sm_rows_free(). */
const sm_schema *sm_rows_schema(const sm_rows *r);

/* Go to the next row (the first, at first); false after the last. */
bool sm_rows_next(sm_rows *r);

bool sm_rows_null(const sm_rows *r, size_t column);
/* 0 for NULL; BOOLEAN, integers up to BIGINT, DATE (days), TIMESTAMP (microseconds). */
int64_t sm_rows_int64(const sm_rows *r, size_t column);
double sm_rows_double(const sm_rows *r, size_t column); /* FLOAT, DOUBLE, integers */
/* VARCHAR and BLOB: the bytes, borrowed until the next sm_rows_next(); NULL has ptr NULL.
 * For other types use sm_rows_text(). */
sm_sv sm_rows_sv(const sm_rows *r, size_t column);

/* Append the value as a person reads it: VARCHAR bare, NULL as "NULL", nested values as JSON. */
void sm_rows_text(const sm_rows *r, size_t column, sm_buf *b);
/* Append the value as JSON.  Numbers are numbers (HUGEINT and DECIMAL with all digits; NaN and
 * infinities as text), LIST and ARRAY an array, STRUCT an object, MAP an object when its keys
 * are text and else an array of {"key","value"}, BLOB as '\x..' text, and the rest as text:
 * DATE "2026-01-31", TIMESTAMP "2026-01-31 12:00:00.5", TIMESTAMPTZ with "+00". */
void sm_rows_json(const sm_rows *r, size_t column, sm_buf *b);

#endif
