/* SPDX-License-Identifier: Apache-2.0 */
/* run_int.h -- a run at work; shared by run.c, run_graph.c and run_flow.c. */
#ifndef SM_EXEC_RUN_INT_H
#define SM_EXEC_RUN_INT_H

#include "runtime/base/thread.h"
#include "runtime/exec/flow_int.h"

/* What the scheduler knows of a flow; guarded by run->mu. */
typedef struct sm_run_slot {
    bool selected;
    bool started, finished;
    bool failed;  /* or skipped: what reads it is skipped */
    bool refresh; /* its table is rebuilt in this run */
    bool lead;    /* of the flows of its table, the one whose batch 0 empties it */

    /* run_continuous.c */
    int64_t turn;     /* its input may have news since; the smallest is served first.  0: none */
    bool busy;        /* a worker has it */
    bool told;        /* its sources tell of news; else they are asked often */
    bool asked;       /* its sources, or the clock, have to be asked from time to time */
    bool folders;     /* folders came or went: it is to watch what is there now */
    bool unbound;     /* it has no columns yet, as its source has no data */
    sm_sv had;        /* unbound: what its sources said when the run began to go on; JSON */
    int64_t after_ms; /* not before, on the boot clock */
    int64_t asked_ms;
    int failures; /* in a row */
    size_t room;  /* bytes that the flow needed when it was opened */
} sm_run_slot;

struct sm_run {
    sm_run_request q;
    sm_run_memory *memory;      /* its own, where the caller has none; else NULL */
    struct sm_cpu_meter *meter; /* likewise */
    sm_arena *arena;            /* only used by the thread that calls new and execute */
    sm_owner_lock *lock;
    sm_run_rec rec;
    sm_flow_env env;
    int64_t started_boot_ms;
    sm_flow *flows;            /* one per flow of the plan; each used by one thread at a time */
    sm_flow_outcome *outcomes; /* the same; written by the flow's thread, under mu when told */

    sm_mutex mu;
    sm_cond changed;       /* guarded by mu, as all below */
    sm_run_slot *slots;    /* one per flow */
    size_t *left;          /* per dataset: its flows that are not through, or did not end well */
    sm_arena *told;        /* texts of outcomes that were made while flows ran */
    const sm_plan *plan;   /* in force: q.plan, or one that came after it */
    sm_engine *engine;     /* borrowed from q.engine; NULL until asked for */
    sm_session **sessions; /* that an interrupt must reach */
    size_t n_sessions, cap_sessions;
    bool stopping;
    bool cancelled;         /* it was asked to stop, and does not by itself */
    bool continued;         /* it had caught up, and went on */
    sm_thread *beside;      /* run_beside.c; NULL: it does not wait */
    sm_cond ended;          /* for it */
    bool through;           /* nothing is left to be cancelled */
    bool expired;           /* cancelled as its time was over, */
    sm_sv stopped_by;       /* or by whom in the store; in `told`.  "": by neither */
    int64_t turns;          /* the last sm_run_slot.turn that was given */
    bool again;             /* ended to be started again: a source has its first data */
    struct sm_watch *watch; /* to be woken when the run is cancelled; NULL: nobody waits there */
    sm_mutex listener_mu;   /* one call of the listener at a time */
    sm_mutex grow_mu;       /* one schema grows at a time; taken before mu */
    sm_mutex side_mu;       /* sm_flow.side_mu; taken before the others */
};

/* run_flow.c: open flow `i` and fix how far it reads outside; take it to its end. */
void sm_run__open_flow(sm_run *r, size_t i);
void sm_run__execute_flow(sm_run *r, size_t i);
/* A STREAM reader of a rebuilt table goes on behind the rebuild (keep_downstream). */
sm_code sm_run__skip_rebuilt(sm_run *r, size_t i, sm_error *err);
void sm_run__tell(sm_run *r, size_t i);

/* run_grow.c: `env.plan` and `env.grow` of a run, which is their ctx. */
const sm_plan *sm_run__plan(void *run);
sm_code sm_run__grow(void *run, sm_sv source, const sm_schema *schema, bool anew, sm_error *err);
/* What `schema_hints` add to pinned columns becomes a version of its own. */
sm_code sm_run__pin_hints(sm_run *r, sm_error *err);

/* run_beside.c: from begin to end the run is cancelled when its time is over, or when somebody asks
 * for it in the store, which is told in the result then. */
sm_code sm_run__beside_begin(sm_run *r, sm_error *err);
void sm_run__beside_end(sm_run *r);
void sm_run__beside_tell(const sm_run *r, sm_run_result *out);

/* run_left.c: the flows that decided to rebuild `table` and left the file before it was published,
 * in `a`: flows may ask at the same time. */
sm_code sm_run__left_rebuilds(const sm_run *r, sm_sv table, sm_arena *a, const sm_sv **flows,
                              size_t *n, sm_error *err);
/* SM_E_CONFLICT when the run would append to the table of one.  Before the workers. */
sm_code sm_run__check_left(const sm_run *r, sm_error *err);

/* run_held.c: a broken rule stopped flow `i`; and, before the workers, leave out what is held back.
 */
void sm_run__hold_back(sm_run *r, size_t i);
sm_code sm_run__leave_held(sm_run *r, sm_error *err);

/* run_checks.c: flow `i` ended well; when it is the last of its table, look at the checks of that,
 * if they are due.  SM_E_RULE: one fails the run. */
sm_code sm_run__check_table(sm_run *r, size_t i, sm_error *err);
/* Has the table of flow `i` a foreign key to the one that flow `j` writes? */
bool sm_run__refers(const sm_run *r, size_t i, size_t j);
/* An event per check that was looked at; at most o->n_checks of them. */
size_t sm_run__check_events(const sm_flow_outcome *o, int64_t run, sm_arena *a, sm_event_rec *out);

/* run_flow.c, for run_continuous.c: (re)open flow `i`; all that is new; what it did so far, into
 * the record of the run.  What the sources of a flow without columns say, in `a`. */
sm_code sm_run__reopen(sm_run *r, size_t i, sm_error *err);
sm_code sm_run__round(sm_run *r, size_t i, sm_error *err);
sm_code sm_run__look(sm_run *r, size_t i, sm_arena *a, sm_sv *out, sm_error *err);
void sm_run__record(sm_run *r, size_t i);
/* The flow ended like this: its state, its record, and the listener. */
void sm_run__end_flow(sm_run *r, size_t i, sm_code rc, const sm_error *err);

/* run_continuous.c: go on until cancelled, or until a flow fails. */
sm_code sm_run__continue(sm_run *r, sm_error *err);

/* run_graph.c */
void sm_run__graph(sm_run *r);
/* Does flow `i` read the table that flow `j` writes? */
bool sm_run__reads(const sm_run *r, size_t i, size_t j);

#endif
