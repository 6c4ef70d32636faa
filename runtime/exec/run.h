/* SPDX-License-Identifier: Apache-2.0 */
/* run.h -- one execution of a pipeline: catch up with everything new, then end.
 *
 *     sm_run_new      takes the pipeline's lock, becomes its owner, creates the run's record
 *     sm_run_execute  checks every checkpoint, runs the graph, writes the run's end
 *     sm_run_cancel   from any thread: running batches stop, decided ones are finished, unless
 * their bucket does not answer for SM_RUN_GRACE_MS: then the next run does it
 *
 * A continuous run goes on after that, until it is cancelled or a flow fails: flows stay open, and
 * each takes what is new as soon as it is there (run_continuous.c).
 *
 * The plan is read-only and may be shared.  When a source turns out to have more columns, a
 * new one is compiled through a callback, and each flow takes it before its next batch.  The
 * engine is opened through a callback, at the
 * first batch that computes something, so a run with nothing new never opens it.  Concrete
 * sources and sinks come in as lists.  All state of a run hangs off the sm_run; nothing is
 * global.
 */
#ifndef SM_EXEC_RUN_H
#define SM_EXEC_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pipelines/plan/plan.h"
#include "runtime/base/arena.h"
#include "runtime/base/error.h"
#include "runtime/base/str.h"
#include "runtime/base/thread.h"
#include "runtime/connect/connect.h"
#include "runtime/events/event_log.h"
#include "runtime/events/phase.h"
#include "runtime/store/store.h"
#include "runtime/store/store_runs.h"

struct sm_cpu_meter;
struct sm_engine;
struct sm_images;

enum {
    SM_RUN_MAX_WORKERS = 64,
    SM_RUN_MAX_ATTEMPTS = 8,    /* of one batch whose input moves under it, or grows */
    SM_RUN_JUDGE_ROWS = 1000,   /* a batch of fewer rows is not judged by thresholds alone */
    SM_RUN_VIEW_MS = 60 * 1000, /* a continuous run computes a materialized view at most so often,
                                 * where the request says nothing else */
    SM_RUN_GRACE_MS = 5000,     /* for calls to buckets, once the run is cancelled */
};

typedef struct sm_run sm_run;

/* What a program keeps from run to run: how far event time has come at each input.  The record of
 * a batch holds it of the flow as a whole only, so a program that starts knows no more (rule B13).
 */
typedef struct sm_run_memory sm_run_memory;

sm_run_memory *sm_run_memory_new(void);    /* owned: sm_run_memory_free() */
void sm_run_memory_free(sm_run_memory *m); /* NULL is fine */

/* Sums over the batches of one flow in one run. */
typedef struct sm_flow_counts {
    int64_t read, undecodable, result, dropped, quarantined, written;
    int64_t kept;      /* of the undecodable: in the quarantine */
    int64_t combined;  /* by the query of a view, or in output mode update or complete: rows that
                        * went into others, less those that came of them */
    int64_t in_state;  /* of a grouping or a join of streams that appends: rows that did not come
                        * out of their batch, less those that came out of what earlier ones left; a
                        * row that its WHERE left out is one of them */
    int64_t late;      /* a stage left them out: their event time was behind the watermark */
    int64_t duplicate; /* a stage left them out: their key had come before */
    int64_t bytes_in, bytes_out, files_in, files_out;
} sm_flow_counts;

/* Rows that the query did not give back, or, when it gave more than it read (a join, an
 * UNNEST), how many more.
 *     read + expanded = undecodable + late + duplicate + combined + in_state + filtered
 *                       + dropped + quarantined + written */
int64_t sm_flow_counts_filtered(const sm_flow_counts *c);
int64_t sm_flow_counts_expanded(const sm_flow_counts *c);

typedef struct sm_rule_count {
    sm_sv name, policy;
    int64_t passed, failed;
    sm_sv fail_if, warn_if; /* "" when there is none */
    sm_sv crossed;          /* at the end of the flow: "fail_if", "warn_if" or "" */
    int64_t stopped;        /* rows that broke it in the batch that it stopped; in no sum */
    sm_sv note;    /* a check of the whole table that does not hold: what is wrong; else "" */
    sm_sv samples; /* of such a check: keys with their numbers of rows, a JSON array; or "" */
} sm_rule_count;

/* What one flow did; strings live as long as the run. */
typedef struct sm_flow_outcome {
    const sm_plan_flow *flow;
    sm_sv dataset; /* its target */
    sm_run_flow_state state;
    sm_flow_counts counts;
    sm_batch_times times;       /* of its batches, added up */
    const sm_rule_count *rules; /* one per rule of the target, in its order, then the checks */
    size_t n_rules;
    size_t
        n_checks; /* those of the target, when this flow was its last and they were due; else 0 */
    int64_t batches;
    int64_t started_ms, ended_ms;
    int64_t duration_ms;
    int64_t version; /* of the target after the last batch; -1 unknown */
    bool rolled_forward;
    sm_sv reason;   /* skipped, idle: why */
    sm_error error; /* failed: code is not SM_OK */
} sm_flow_outcome;

/* Called when a flow changes its state or finishes a batch, from the thread that runs it, one
 * call at a time.  `o` is borrowed for the call. */
typedef void (*sm_run_listener)(void *ctx, const sm_flow_outcome *o);

/* Files below state_dir that another machine is to find, by their absolute paths. */
typedef struct sm_state_keeper {
    sm_code (*keep)(void *ctx, const sm_sv *paths, size_t n, sm_error *err); /* durable outside */
    sm_code (*fetch)(void *ctx, const sm_sv *paths, const int64_t *sizes, size_t n, sm_error *err);
    void (*drop)(void *ctx, const sm_sv *paths, size_t n); /* nothing names them any more */
    void *ctx;
} sm_state_keeper;

typedef struct sm_run_request {
    const sm_plan *plan;
    sm_store *store;
    sm_event_bus *bus; /* NULL: nobody listens */
    sm_source_list sources;
    sm_sink_list sinks;
    const struct sm_connections *connections; /* that they may name; NULL: there are none */
    /* Opens the engine, or returns the one that is open; called under the run's lock. */
    sm_code (*engine)(void *ctx, struct sm_engine **out, sm_error *err);
    void *engine_ctx;
    /* Compile again, with these columns for that source; the same datasets and flows in the
     * same order.  Called by one thread at a time; *out lives as long as `plan`.  NULL: schemas
     * cannot grow. */
    sm_code (*replan)(void *ctx, sm_sv source, const sm_schema *schema, const sm_plan **out,
                      sm_error *err);
    void *replan_ctx;
    sm_sv base_dir;                /* absolute; relative paths of sources begin here */
    sm_sv storage_dir;             /* absolute; <storage_dir>/<dataset path> is a table's folder */
    sm_sv state_dir;               /* absolute */
    const sm_state_keeper *keeper; /* NULL: state is of this machine alone */
    struct sm_images *images;      /* borrowed: which folders are images of buckets; NULL: none */
    const bool *selected;          /* per dataset; NULL: all */
    const bool *full_refresh;      /* per dataset; NULL: none */
    bool keep_downstream;          /* STREAM readers of a refreshed table go on after it */
    bool with_quarantine;          /* what refreshed tables have set aside goes too */
    int workers;                   /* flows at once */
    bool continuous;               /* go on, until the run is cancelled */
    int64_t view_ms;               /* then a view is computed at most so often; 0: SM_RUN_VIEW_MS */
    int64_t
        timeout_ms; /* cancelled then, and failed: SM_E_TIMEOUT; not a continuous one; 0: none */
    /* In a continuous run: a flow that fails for a reason that may pass is tried so often in a
     * row, after a pause that doubles each time, up to the longest.  0: once. */
    int max_attempts;
    int64_t backoff_ms, backoff_max_ms;
    sm_atomic *give_up;    /* borrowed: set to the sm_clock_boot_ms() from which on calls to buckets
                            * are to    give up, once the run is cancelled; NULL: there are none */
    sm_run_memory *memory; /* of the runs before; NULL: there is none */
    struct sm_cpu_meter *meter; /* of the process, where it has several runs; NULL: it has not */
    bool obeys; /* nobody asked for it: tables that a broken rule holds back are left out */
    sm_sv cause, commit, selection;
    sm_sv by; /* id of the token of who asked for it; ptr NULL: nobody did, or a terminal */
    sm_run_listener listener; /* NULL: none */
    void *listener_ctx;
} sm_run_request;

typedef struct sm_run_result {
    int64_t number;
    sm_run_state state;
    bool warnings;
    sm_code code;                 /* SM_OK, or the one that decides the exit status */
    sm_error error;               /* of the first flow that failed */
    const sm_flow_outcome *flows; /* one per flow of the plan */
    size_t n_flows;
    const sm_plan *plan; /* the one in force at the end */
    bool again; /* a continuous run ended, completed, because a source that had no data has some:
                 * compile and start again */
    bool continued; /* a continuous run had caught up, and tried by itself since then */
    int64_t duration_ms;
} sm_run_result;

/* How long is waited before another try, after so many failures in a row (1 or more). */
int64_t sm_run_pause_ms(const sm_run_request *q, int failures);

/* SM_E_CONFLICT: another run holds the pipeline, and who.  `q` is copied; what it points to
 * is borrowed until sm_run_free().  *out is owned: free with sm_run_free(). */
sm_code sm_run_new(const sm_run_request *q, sm_run **out, sm_error *err);
/* Fails only when the run itself cannot be recorded; a failed flow is in *out, whose
 * contents live as long as the run. */
sm_code sm_run_execute(sm_run *r, sm_run_result *out, sm_error *err);
void sm_run_cancel(sm_run *r);
void sm_run_free(sm_run *r); /* gives the lock back; NULL is fine */

#endif
