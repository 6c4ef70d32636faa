/* SPDX-License-Identifier: Apache-2.0 */
/* ops_int.h -- one row of operations per kind of stage, and the logs that they write to.
 *
 * A LOG is the memory of a stage: rows that are only ever added, each with the batch that added
 * it (_n).  What a stage knows is the combination of the rows of its log, in the order of _n,
 * without those that are dead: a row with _smelt_t at or before the eviction watermark of the
 * last decided batch is dead, wherever it lies.  So what a kind gives is
 *
 *     empty     a SELECT without rows: the columns and their types, _n last
 *     combine   what many rows may be replaced by: text before and behind the name of a relation
 *               ("SELECT k0, sum(p0) AS p0, max(_n) AS _n FROM ", " GROUP BY k0"); "": nothing
 *
 * and, in run(), the table `added`: the rows of this batch, with the same columns (it may have
 * more behind them).  All else is here: loading, saving, compaction, eviction, crashes.
 * Columns of the user's must not stand in a log under their own names: _n and _smelt_t are ours.
 *
 *     kind        logs
 *     ---------   -------------------------------------------------------------
 *     WATERMARK   none
 *     AGGREGATE   k… p… [_smelt_t], or k… x… [_smelt_t] [_smelt_o] when it keeps rows
 *     SESSION     k… _smelt_s _smelt_t p…, or k… _smelt_s _smelt_t x… _smelt_o
 *     DEDUP       k… [_smelt_t]
 *     JOIN        _l, _r: c… hidden _smelt_id; _lm, _rm: _smelt_id [_smelt_t]
 *     LIMIT       given
 */
#ifndef SM_OPS_OPS_INT_H
#define SM_OPS_OPS_INT_H

#include "pipelines/sql/sql_stage_memory.h"
#include "runtime/engine/engine.h"
#include "runtime/ops/ops.h"

enum { SM_OPS__LOGS = 4 }; /* of one stage */

typedef struct sm_ops__file {
    char name[64];
    int64_t batch, rows, bytes;
    int64_t min_us, max_us; /* of _smelt_t; SM_OPS_NO_TIME: of none of its rows */
    bool lasting;           /* a row without _smelt_t: the file never dies */
    int tier;
    size_t era; /* of its log */
} sm_ops__file;

typedef struct sm_ops__files {
    sm_ops__file *items; /* in the order of batches */
    size_t n, cap;
} sm_ops__files;

/* What columns of the user's its files have (sql_stage_memory.h). */
typedef struct sm_ops__eras {
    sm_stage_era *items; /* in the arena of the stage */
    size_t n, now;       /* now: of what this query writes */
} sm_ops__eras;

typedef struct sm_ops__log {
    sm_sv name;     /* of its folder, and in the record */
    sm_sv relation; /* temporary table: what is in memory */
    sm_sv added;    /* temporary table: the rows of this batch */
    sm_sv empty;
    sm_sv combine, combine_tail;
    bool dies; /* it has the column _smelt_t */
    sm_ops__eras eras;

    sm_schema schema;      /* once it is in memory */
    int64_t rows, merged;  /* in memory: now, and after they were last combined */
    int64_t n_added;       /* by this batch */
    sm_ops__files files;   /* that the record names */
    sm_ops__files next;    /* that the record of this batch is to name */
    sm_ops__files attempt; /* that this batch wrote */
    sm_ops__files gone;    /* that no record names any more: to be removed */
} sm_ops__log;

typedef struct sm_ops__stage {
    sm_ops *ops;
    const sm_stage *plan;
    const struct sm_ops__kind *kind;
    size_t number;
    sm_arena *arena; /* as long as the stages are open */
    sm_ops__log logs[SM_OPS__LOGS];
    size_t n_logs;
    sm_ops_count *count;
    sm_sv batch_rows;      /* of kinds that need one: a temporary table for the rows of the batch */
    sm_lateness *lateness; /* WATERMARK: of the rows of the batch */
    /* Of the batch: */
    bool idle;                 /* no rows come to it */
    int64_t n_out;             /* rows that it puts out; -1: not known */
    int64_t late_us, final_us; /* of this stage: SM_OPS_NO_TIME when nothing is late or final */
    sm_sv late_rows;           /* SELECT for sm_ops_late_rows(), or "" */
} sm_ops__stage;

typedef struct sm_ops__kind {
    const char *name;
    /* Fill logs[0 .. n_logs); NULL: it remembers nothing.  Pure. */
    void (*define)(sm_ops__stage *s);
    /* Put out the relation, make `added` of each log and add it (sm_ops__add), count, and set
     * late_rows where some came too late. */
    sm_code (*run)(sm_ops__stage *s, const sm_ops_batch *b, sm_error *err);
    /* Has it something to do when the watermark has moved and no rows come? */
    bool (*follows)(const sm_stage *s);
} sm_ops__kind;

struct sm_ops {
    sm_ops_config c;
    sm_arena *arena;
    sm_arena *scratch; /* one batch */
    sm_ops__stage *stages;
    sm_ops_count *counts;
    bool loaded;
    bool folders_swept; /* what dead attempts left was looked for */
    sm_ops_batch batch; /* of the last run; its session is only used by it and sm_ops_save() */
};

/* ops_watermark.c, ops_aggregate.c, … */
extern const sm_ops__kind sm_ops__watermark, sm_ops__aggregate, sm_ops__session, sm_ops__dedup,
    sm_ops__join, sm_ops__limit;

/* ops.c: run the statements and release `sql`. */
sm_code sm_ops__exec(const sm_ops_batch *b, sm_buf *sql, sm_error *err);
/* `as` stands for the SELECT: computed where it is named or, as a table, now.  A table would come
 * before a view of its name, so it has another.  Releases `select`. */
sm_code sm_ops__make(const sm_ops_batch *b, bool table, sm_sv as, sm_buf *select, sm_error *err);
/* The relation of the stage: a view of the SELECT where it is read once, in any order, else a
 * table, which computes it once.  Releases `select`. */
sm_code sm_ops__put_out(const sm_ops__stage *s, const sm_ops_batch *b, sm_buf *select,
                        sm_error *err);
/* The same without rows. */
sm_code sm_ops__put_out_nothing(sm_ops__stage *s, const sm_ops_batch *b, sm_error *err);
/* The same of one statement that makes or fills a table; *rows: how many it put there. */
sm_code sm_ops__fill(const sm_ops_batch *b, sm_buf *sql, int64_t *rows, sm_error *err);
/* The SELECT; with `ordered`, in the order in which its rows arrive: the engine reads them one
 * after the other then, and keeps the order in a table that is made of them. */
void sm_ops__add_arrived(bool ordered, sm_sv select, sm_buf *sql);
/* A SELECT for sm_ops__stage.late_rows: head, names and values of the row as arguments of
 * json_object(), tail.  `time` is a column of `rows`. */
void sm_ops__late_head(const sm_ops__stage *s, sm_sv time, sm_buf *sql);
void sm_ops__late_tail(const sm_ops__stage *s, sm_sv rows, sm_sv time, sm_buf *sql);

/* ops_log.c: a new log of the stage, named after it and `suffix` ("" for the only one). */
sm_ops__log *sm_ops__log_new(sm_ops__stage *s, const char *suffix);
/* Its rows are those of log `i` of sql_stage_memory.h.  Without this a log has only columns of
 * ours, which never change. */
void sm_ops__log_keeps(sm_ops__stage *s, sm_ops__log *l, size_t i);
/* The table, empty or with what the files of the record hold. */
sm_code sm_ops__log_load(sm_ops__stage *s, sm_ops__log *l, const sm_ops_batch *b, sm_error *err);
/* Combine what is in memory when more was added than there was. */
sm_code sm_ops__log_shrink(sm_ops__stage *s, sm_ops__log *l, const sm_ops_batch *b, sm_error *err);
/* The rows of l->added go into l->relation as well. */
sm_code sm_ops__log_add(sm_ops__log *l, const sm_ops_batch *b, sm_error *err);
/* The condition that a row is not dead at this watermark. */
void sm_ops__add_alive(const sm_ops__log *l, int64_t dead_us, sm_buf *sql);
void sm_ops__add_combined(const sm_ops__log *l, sm_sv relation, sm_buf *sql);
void sm_ops__add_columns(const sm_ops__log *l, sm_buf *sql); /* "k0", …, "_n" */

/* ops_files.c: the added rows of a batch as a file, which may take in older ones. */
sm_code sm_ops__log_save(sm_ops__stage *s, sm_ops__log *l, const sm_ops_batch *b, sm_error *err);
void sm_ops__log_keep(const sm_ops *o, sm_ops__log *l);
void sm_ops__log_sweep(const sm_ops *o, sm_ops__log *l);
void sm_ops__log_drop(const sm_ops *o, sm_ops__log *l);
void sm_ops__log_release(sm_ops__log *l);
void sm_ops__files_add(sm_ops__files *list, const sm_ops__file *f);
/* SELECT … FROM read_parquet(…), in the columns and types of the log, whatever those of the files:
 * a column that an era does not know is NULL in its rows. */
void sm_ops__files_select(sm_ops__stage *s, const sm_ops__log *l, const sm_ops__file *files,
                          size_t n, sm_buf *sql);
/* SM_E_CORRUPT when a file of the record is missing, or has another size or number of rows. */
sm_code sm_ops__files_check(sm_ops__stage *s, const sm_ops__log *l, const sm_ops_batch *b,
                            sm_error *err);
/* Reading the files failed: SM_E_CORRUPT with advice, unless it was no fault of theirs. */
sm_code sm_ops__files_fault(const sm_ops__stage *s, sm_error *err);
/* Remove what dead attempts left: files that the record does not name. */
sm_code sm_ops__sweep_folders(sm_ops *o, sm_error *err);

/* ops_record.c: what the record of a batch says. */
sm_json *sm_ops__record(const sm_ops *o, sm_arena *a);
sm_code sm_ops__record_read(sm_ops *o, const sm_json *state, sm_error *err);

#endif
