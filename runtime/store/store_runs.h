/* SPDX-License-Identifier: Apache-2.0 */
/* store_runs.h -- runs, and what each flow did in them.
 *
 *     queued -> initializing -> setting_up_tables -> running -> stopping -> completed
 *                                                                        \> failed
 *                                                                        \> canceled
 *
 * States only move to the right (any may be left out); the last three are final and a final
 * run never changes.  `warnings` tells the two kinds of completed apart. */
#ifndef SM_STORE_STORE_RUNS_H
#define SM_STORE_STORE_RUNS_H

#include "runtime/store/store_events.h"

typedef enum sm_run_state {
    SM_RUN_QUEUED,
    SM_RUN_INITIALIZING,
    SM_RUN_SETTING_UP_TABLES,
    SM_RUN_RUNNING,
    SM_RUN_STOPPING,
    SM_RUN_COMPLETED,
    SM_RUN_FAILED,
    SM_RUN_CANCELED,
} sm_run_state;

typedef enum sm_run_flow_state {
    SM_RUN_FLOW_WAITING,
    SM_RUN_FLOW_RUNNING,
    SM_RUN_FLOW_SUCCEEDED,
    SM_RUN_FLOW_WARNINGS, /* succeeded with warnings */
    SM_RUN_FLOW_FAILED,
    SM_RUN_FLOW_SKIPPED, /* `reason` says why */
    SM_RUN_FLOW_STOPPED,
    SM_RUN_FLOW_IDLE,     /* nothing was new */
    SM_RUN_FLOW_EXCLUDED, /* not selected */
    SM_RUN_FLOW_HELD,     /* left out since it broke a rule; `reason` says more */
} sm_run_flow_state;

const char *sm_run_state_name(sm_run_state state); /* "setting_up_tables" */
bool sm_run_state_final(sm_run_state state);
const char *sm_run_flow_state_name(sm_run_flow_state state); /* "succeeded_with_warnings" */

typedef struct sm_run_rec {
    int64_t id;       /* given by the store */
    int64_t pipeline; /* given by the store */
    int64_t number;   /* given by the store: 1, 2, … per pipeline; what a user sees */
    sm_run_state state;
    bool warnings;
    sm_sv cause;  /* "manual", "schedule", … */
    sm_sv commit; /* git commit of the project; empty = none */
    sm_sv target;
    sm_sv selection; /* as typed; empty = everything */
    sm_sv options;   /* JSON object: full_refresh, … ; empty = {} */
    sm_sv plan_fingerprint;
    int64_t created_ms, started_ms, ended_ms;
    sm_sv summary; /* JSON object, when it has ended */
    sm_sv error;   /* why it failed, one line */
} sm_run_rec;

typedef struct sm_run_flow_rec {
    int64_t run;
    sm_sv flow, dataset;
    sm_run_flow_state state;
    sm_sv reason;       /* of skipped: "upstream orders failed" */
    sm_sv counters;     /* JSON object, summed over the batches of the run */
    sm_sv expectations; /* JSON array, likewise; may be empty */
    int64_t batches;
    int64_t started_ms, ended_ms, duration_ms; /* duration: time at work, on the boot clock */
    sm_sv phases;   /* of its batches, added up: JSON object, phase -> us; empty = not known */
    int64_t cpu_us; /* likewise: time of the processor; 0 = not known */
    sm_sv error;
} sm_run_flow_rec;

/* One transaction's worth of change to a run.  Zeroed parts are left alone. */
typedef struct sm_run_change {
    int64_t run;
    bool set_state;
    sm_run_state state;
    bool warnings;
    sm_sv summary, error;         /* empty = as they are */
    const sm_run_flow_rec *flows; /* put, by (run, flow); `run` is taken from above */
    size_t n_flows;
    const sm_event_rec *events;
    size_t n_events;
    int64_t last_event; /* out: id of the last of them; 0 = none */
} sm_run_change;

/* Create a run of the owner's pipeline; `r->id`, `pipeline`, `number` and `created_ms` are
 * filled in, the state is as given (queued or initializing). */
sm_code sm_store_run_create(sm_store *s, const sm_owner *o, sm_run_rec *r, sm_error *err);
/* SM_E_INVALID: the run is final, or the state would move to the left. */
sm_code sm_store_run_change(sm_store *s, const sm_owner *o, sm_run_change *c, sm_error *err);

/* The run of the pipeline that goes on, of whatever process, by its id; 0: none does. */
sm_code sm_store_run_going(sm_store *s, sm_sv pipeline, int64_t *run, sm_error *err);
/* Ask that run to stop: it looks once a second.  Needs no owner.  `by`: for people, "the server,
 * …". *asked: it goes on, and nobody had asked it. */
sm_code sm_store_run_ask_stop(sm_store *s, int64_t run, sm_sv by, bool *asked, sm_error *err);
/* Who has asked the run with this id to stop; "" = nobody.  Lives in `a`. */
sm_code sm_store_run_stop(sm_store *s, int64_t run, sm_arena *a, sm_sv *by, sm_error *err);

/* `number` 0 means the newest.  SM_E_NOT_FOUND. */
sm_code sm_store_run(sm_store *s, int64_t pipeline, int64_t number, sm_arena *a, sm_run_rec *out,
                     sm_error *err);
/* Newest first; only numbers below `before` (0 = all); limit 0 means 50. */
sm_code sm_store_runs(sm_store *s, int64_t pipeline, int64_t before, size_t limit, sm_arena *a,
                      sm_run_rec **out, size_t *n, sm_error *err);
/* The same, but of the runs that ended well only those that had a batch: a trigger that finds
 * nothing says nothing of the tables. */
sm_code sm_store_runs_at_work(sm_store *s, int64_t pipeline, size_t limit, sm_arena *a,
                              sm_run_rec **out, size_t *n, sm_error *err);
/* The flows of one run, by id, in the order they were first put. */
sm_code sm_store_run_flows(sm_store *s, int64_t run, sm_arena *a, sm_run_flow_rec **out, size_t *n,
                           sm_error *err);
/* The newest state of every flow of a pipeline that ever took part in a run (not excluded). */
sm_code sm_store_flow_states(sm_store *s, int64_t pipeline, sm_arena *a, sm_run_flow_rec **out,
                             size_t *n, sm_error *err);

#endif
