/* SPDX-License-Identifier: Apache-2.0 */
/* replay_int.h -- a replay at work; shared by the files replay*.c only. */
#ifndef SM_EXEC_REPLAY_INT_H
#define SM_EXEC_REPLAY_INT_H

#include "runtime/exec/flow_int.h"
#include "runtime/exec/replay.h"

/* The rows of the quarantine, each with what becomes of it in _smelt_fate. */
#define SM_REPLAY_JUDGED "memory.main._smelt_replay"

/* What came of records of one flow and input that can be decoded now: rows of the query, with
 * _smelt_fate and _smelt_rules. */
typedef struct sm_replay_again {
    sm_sv relation;
    sm_sv flow, generation;
    sm_schema result;
    int64_t attempt, run; /* of its records, the greatest */
} sm_replay_again;

typedef struct sm_replay_run {
    sm_flow_env env;
    const sm_run_request *q;
    const sm_plan *whole; /* in force */
    const sm_replay_request *what;
    sm_replay_result *out;
    sm_arena *a;
    sm_owner_lock *lock;
    const sm_plan_dataset *table;
    sm_plan_flow plan;
    sm_plan_dataset side;
    int64_t version;  /* of the quarantine ... */
    sm_schema stored; /* ... and its columns there; side.schema may have more */
    sm_schema target; /* what rows are written with */
    sm_flow_outcome outcome;
    sm_flow f;
    sm_source rows;         /* the quarantine */
    sm_sv earlier;          /* SQL, in f.scratch: was the row set aside before a rebuild? */
    sm_replay_again *again; /* in f.scratch */
    size_t n_again;
} sm_replay_run;

/* Run the text, and release it. */
sm_code sm_replay__sql(sm_replay_run *r, sm_buf *b, sm_error *err);
/* "SELECT *, _smelt_fate, _smelt_rules" of rows that have the columns of the table: what do the
 * rules make of them?  `from` is a relation. */
void sm_replay__add_judged(const sm_replay_run *r, const char *from, sm_buf *b);

/* <storage_dir>/<path> */
sm_sv sm_replay__folder(const sm_run_request *q, sm_arena *a, sm_sv path);

/* replay_earlier.c: r->earlier, once r->f is open. */
sm_code sm_replay__find_earlier(sm_replay_run *r, sm_error *err);

/* replay_write.c: into the manifest of the batch. */
sm_code sm_replay__write_side(sm_replay_run *r, sm_batch *batch, sm_error *err);
sm_code sm_replay__write_table(sm_replay_run *r, sm_batch *batch, sm_error *err);

/* replay_records.c: records whose fate is "record" become "decoded", with r->again; or
 * "undecoded", with the reason of today; or "stuck", with a line in r->out->stays. */
sm_code sm_replay__records(sm_replay_run *r, int64_t time_ms, sm_error *err);
/* After the last query over r->again. */
void sm_replay__forget_records(sm_replay_run *r);

#endif
