/* SPDX-License-Identifier: Apache-2.0 */
/* ops.h -- the stages of a flow at work: what a streaming query remembers from batch to batch.
 *
 *     sm_ops_open   what the record of the last batch says is there; no engine, no file
 *     sm_ops_run    one batch: every stage in order puts out its relation; state is loaded from
 *                   its files when it is not in memory
 *     sm_ops_save   what the batch added becomes files, durable, and the text for its record
 *     sm_ops_keep   the record is written: this is the state now
 *     sm_ops_sweep  the batch is done: files that the new record does not name go
 *     sm_ops_drop   the attempt failed, at any point before: its files go, and what is in memory;
 *                   the next run loads what the last kept record says
 *
 * What a stage remembers is one or more logs of rows (ops_int.h): temporary tables of the session
 * while the flow lives, which spill like any other, and Parquet files
 *
 *     <folder>/<log>/<batch>-<random>.parquet
 *
 * one for each batch that added rows.  Nothing of it is held in C.  Every 16 files of a tier
 * become one of the next, in the batch that makes the sixteenth.  The state is the sum of the
 * rows of all files that the record names; a file that it does not name is an orphan.
 *
 * Times are microseconds since 1970 in UTC; SM_OPS_NO_TIME is none.
 */
#ifndef SM_OPS_OPS_H
#define SM_OPS_OPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pipelines/sql/sql_stage.h"
#include "runtime/base/arena.h"
#include "runtime/base/error.h"
#include "runtime/base/json.h"
#include "runtime/base/lateness.h"
#include "runtime/base/str.h"

struct sm_session;

#define SM_OPS_NO_TIME INT64_MIN

enum { SM_OPS_TIER_FILES = 16 };

typedef struct sm_ops sm_ops;

typedef struct sm_ops_config {
    const sm_stage *stages; /* borrowed until sm_ops_close() */
    size_t n_stages;
    sm_sv folder; /* absolute; of the generation's state; made by the first file */
    sm_sv flow;   /* for messages */
    sm_sv table;  /* what `--full-refresh` takes, for messages */
} sm_ops_config;

typedef struct sm_ops_batch {
    int64_t n;
    int64_t time_us;            /* the batch timestamp */
    int64_t late_us, final_us;  /* watermarks of the flow: of the batch before, of this one */
    bool columnar;              /* a query of some columns of an input costs only those */
    bool has_input;             /* false: a batch that follows a watermark, without rows */
    const int64_t *newest_us;   /* per stage: newest event time of the batches before; NULL: none */
    struct sm_session *session; /* the relations of the inputs stand on it */
} sm_ops_batch;

/* What a batch did, one for each stage. */
typedef struct sm_ops_count {
    int64_t late;                /* rows left out because they came too late */
    int64_t duplicate;           /* rows left out because their key was there before */
    int64_t rows;                /* WATERMARK: that were read */
    int64_t seen_us;             /* WATERMARK: their greatest event time, floored to ms */
    const sm_lateness *lateness; /* WATERMARK: how late they came; valid until the next run */
} sm_ops_count;

/* Has one of them something to do when the watermark moves and no rows come? (rule C1) */
bool sm_ops_follows(const sm_stage *stages, size_t n);
/* Does one of them remember rows? */
bool sm_ops_remembers(const sm_stage *stages, size_t n);

/* Where a flow of a pipeline keeps its state: a folder for each generation.  Lives in `a`. */
sm_sv sm_ops_folder(sm_sv state_dir, sm_sv pipeline, sm_sv flow, sm_arena *a);

/* `state` is what sm_ops_save() gave for the last decided batch; NULL: nothing is remembered.
 * SM_E_CONFLICT when a stage is another one than that which remembered (matched by name and
 * fingerprint), naming it and what can be done; SM_E_CORRUPT when `state` cannot be read.  *out is
 * owned: sm_ops_close(). */
sm_code sm_ops_open(const sm_ops_config *c, const sm_json *state, sm_ops **out, sm_error *err);
void sm_ops_close(sm_ops *o); /* files stay; temporary tables go with the session; NULL is fine */

/* Afterwards the relations of all stages stand on the session, until the next run.  SM_E_CORRUPT
 * when a state file is missing or damaged; nothing is changed then. */
sm_code sm_ops_run(sm_ops *o, const sm_ops_batch *b, sm_error *err);
const sm_ops_count *sm_ops_counts(const sm_ops *o); /* n_stages of them, of the last run */

/* Instead of a run: what each stage remembers and is not dead at b->final_us, n_stages of them:
 * groups, sessions, keys, rows of both sides. */
sm_code sm_ops_alive(sm_ops *o, const sm_ops_batch *b, int64_t *rows, sm_error *err);

/* Append SELECTs, joined by UNION ALL, of the rows that came too late in the last run: _stage,
 * _event_time, _watermark, _lateness, _row.  Nothing when there are none. */
void sm_ops_late_rows(const sm_ops *o, sm_buf *sql);

/* After sm_ops_run(): files and their folders are synced.  *state lives in `a`. */
sm_code sm_ops_save(sm_ops *o, sm_arena *a, const sm_json **state, sm_error *err);
void sm_ops_keep(sm_ops *o);
void sm_ops_sweep(sm_ops *o); /* what cannot be removed now is, when the state is next loaded */
void sm_ops_drop(sm_ops *o);

#endif
