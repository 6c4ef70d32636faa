/* SPDX-License-Identifier: Apache-2.0 */
/* flow_int.h -- a flow at work; shared by the files of runtime/exec only. */
#ifndef SM_EXEC_FLOW_INT_H
#define SM_EXEC_FLOW_INT_H

#include "expectations/mask.h"
#include "expectations/verdict.h"
#include "runtime/base/thread.h"
#include "runtime/engine/engine.h"
#include "runtime/engine/engine_rules.h"
#include "runtime/events/event_log.h"
#include "runtime/exec/run.h"
#include "runtime/store/store_batches.h"
#include "runtime/store/store_tables.h"

/* What a flow borrows from its run; the same for all flows, valid until the run is freed. */
typedef struct sm_flow_env {
    const sm_run_request *q;
    sm_owner owner;
    int64_t run;        /* id in the store; 0 outside of a run (reset, adopt) */
    int64_t run_number; /* the same as people see it */
    sm_event_log log;
    /* The plan in force. */
    const sm_plan *(*plan)(void *ctx);
    /* The source has these columns from now on, beside those in force or, `anew`, instead of them:
     * a new version of its schema, durable, and a new plan in force. */
    sm_code (*grow)(void *ctx, sm_sv source, const sm_schema *schema, bool anew, sm_error *err);
    /* The engine, opened when first asked for; thread-safe. */
    sm_code (*engine)(void *ctx, struct sm_engine **out, sm_error *err);
    /* Has somebody asked to stop?  Also counts the session in, so that it is interrupted. */
    bool (*stopping)(void *ctx);
    void (*session_opened)(void *ctx, struct sm_session *s);
    void (*session_closing)(void *ctx, struct sm_session *s);
    void *ctx;
} sm_flow_env;

typedef struct sm_flow_input {
    const sm_plan_input *plan;
    const sm_plan_dataset *dataset;
    sm_source source;
    bool open;
    const sm_json *done;  /* STREAM: where the last decided batch ended; NULL: the beginning */
    const sm_json *until; /* STREAM: how far this run goes; NULL: nothing is there */
    bool fixed;           /* `until` has been asked for */
} sm_flow_input;

typedef struct sm_flow_stages sm_flow_stages; /* flow_stages.h */

typedef struct sm_flow {
    const sm_flow_env *env;
    size_t index; /* of the flow in every plan of the run */
    const sm_plan *whole;
    const sm_plan_flow *plan; /* of `whole`, as target is */
    const sm_plan_dataset *target;
    sm_schema result;      /* what the sink is given: the result of the query, and NULL for the
                            * columns of the table that only its other flows give */
    size_t n_streams;      /* inputs that are streams */
    sm_arena *arena;       /* as long as the flow is open */
    sm_arena *scratch;     /* one batch; reset before the next is planned */
    sm_arena *horizon;     /* `until` of the inputs */
    sm_flow_input *inputs; /* plan->n_inputs of them */
    sm_sink sink;
    bool sink_open;
    const sm_plan_dataset *side; /* the quarantine of the target; NULL: it has none */
    sm_sink side_sink;
    bool side_open;
    const sm_plan_dataset *late; /* the late rows of the target; NULL: it keeps none */
    sm_sink late_sink;
    bool late_open;
    sm_mutex *side_mu; /* where the table has other flows: held while a batch has files for the
                        * quarantine and is not done; NULL: there are none */
    bool side_held;
    bool replays;          /* takes rows out of the quarantine: see replay.c */
    bool refresh;          /* batch 0 of a new generation removes all that is there */
    bool switched;         /* refresh: the new generation is the current one already */
    bool empties;          /* that batch 0 of an earlier run is still to be published */
    const sm_sv *siblings; /* refresh: the other flows of the table; they begin anew with it */
    size_t n_siblings;
    int64_t generation; /* id in the store */
    sm_sv uuid;
    int64_t next;              /* number of the next batch */
    int64_t last_time;         /* timestamp of the last batch, ms */
    const sm_json *last_reads; /* materialized view: what the last batch read; NULL none */
    sm_sv last_fingerprint;
    bool decided;   /* a batch of an earlier life waits to be published: next is its number */
    bool once_done; /* a ONCE flow that has had its turn */
    bool ran;       /* a batch was taken to done since the flow was opened */
    sm_session *session;
    sm_mask *mask;          /* NULL: the target has no rules */
    sm_engine_rules *rules; /* registered while a session is open */
    sm_flow_stages *stages; /* NULL: the query remembers nothing */
    bool described;         /* the table was told what the file says of it since it was opened */
    bool grew;              /* the last attempt ended because a schema grew */
    int64_t cpu_begun;      /* of the batch at work: sm_cpu_meter_enter() */
    sm_flow_outcome *out;
} sm_flow;

/* One micro-batch; lives in f->scratch. */
typedef struct sm_batch {
    sm_batch_state state;
    int64_t n, time_ms, attempt, started_ms;
    sm_phase phase;
    int64_t phase_us; /* when it began, on the boot clock; 0: none has */
    sm_batch_times times;
    const sm_json *start, *end; /* objects: dataset -> offset */
    const sm_json *reads;       /* object: dataset -> position read as a snapshot */
    sm_manifest *manifest;
    sm_flow_counts counts;
    sm_rule_count *rules;
    const sm_json *expectations; /* array, with samples */
    const sm_json *bad_records;  /* samples of undecodable records, an array */
    const sm_json *notices;      /* of sources, that a person should know; an array or NULL */
    sm_sv lag;                   /* of its inputs, JSON; "": not known */
    int64_t version;             /* of the target that holds the batch */
    int64_t side_version;        /* the same of its quarantine */
    int64_t late_version;        /* the same of its late rows */
    bool rolled_forward;         /* decided in an earlier life */
    int64_t late_us, final_us;   /* watermarks of the batch before and of this one */
    bool moved;                  /* an input has new rows */
    bool follows;                /* a stage has something to do, also without new rows */
    bool staged;                 /* the stages ran: their new record is that of the batch */
    bool describes;              /* reads and writes no rows: only what the table says of itself */
} sm_batch;

/* flow_open.c: everything but the engine.  Finds or begins the generation, opens sources and
 * sink.  `f` is zeroed memory with env, plan, out and refresh set; close also after a failure. */
sm_code sm_flow__open(sm_flow *f, sm_error *err);
void sm_flow__close(sm_flow *f);
/* Parts of the two above: the inputs of f->plan in f->whole, with `arena` set. */
void sm_flow__bind_inputs(sm_flow *f);
sm_code sm_flow__open_inputs(sm_flow *f, sm_error *err);
void sm_flow__close_inputs(sm_flow *f);
/* What a batch does to the table, unless it empties it. */
sm_write_mode sm_flow__usual_mode(const sm_plan_flow *p);
/* How far this run reads: of external sources when the run starts, of tables when their
 * writers are through.  Asks only inputs that have no answer yet. */
/* What the sources of a flow that is not open say now, as JSON in `a`; nothing is written. */
sm_code sm_flow__sources_now(sm_flow *f, sm_arena *a, sm_sv *out, sm_error *err);
sm_code sm_flow__fix_horizon(sm_flow *f, bool external_only, sm_error *err);
sm_code sm_flow__need_session(sm_flow *f, sm_error *err);
void sm_flow__close_session(sm_flow *f);

/* What the store remembers of the sink's table. */
sm_code sm_flow__sink_memory(sm_flow *f, sm_sink *k, sm_error *err);

/* resume.c: is this checkpoint the right one?  May publish a lost commit again. */
sm_code sm_flow__resume(sm_flow *f, sm_error *err);

/* flow_rules.c: the expectations of the target, inside the one pass of SQL of a batch. */
sm_code sm_flow__register_rules(sm_flow *f, sm_error *err);
void sm_flow__unregister_rules(sm_flow *f);
/* Fill f->result from the plan. */
void sm_flow__set_result(sm_flow *f);
/* The query, and NULL for the columns of the result that it does not give; lives in f->scratch. */
sm_sv sm_flow__query(sm_flow *f);
/* The SELECT that the sink is given; lives in f->scratch. */
sm_code sm_flow__select(sm_flow *f, sm_sv *out, sm_error *err);
/* After the query: counts into `b`; SM_E_RULE when a rule with policy fail is broken. */
sm_code sm_flow__judge(sm_flow *f, sm_batch *b, sm_error *err);

/* thresholds.c: SM_E_RULE when so many rows broke a rule that its fail_if is crossed: of a batch
 * that is not decided yet; of all that the flow did in this run, which also fills `crossed`. */
sm_code sm_flow__judge_batch(const sm_flow *f, const sm_batch *b, sm_error *err);
sm_code sm_flow__judge_run(sm_flow_outcome *o, sm_error *err);
/* Fill r->crossed from its counts. */
void sm_flow__judge_threshold(sm_rule_count *r);
/* So many rows broke that rule in a batch that is given up for it. */
void sm_flow__stopped_by(const sm_flow *f, size_t rule, int64_t rows);
/* An event per crossed threshold; at most one for each rule and check. */
size_t sm_flow__threshold_events(const sm_flow_outcome *o, int64_t run, sm_arena *a,
                                 sm_event_rec *out);

/* run_grow.c: pin what the newest version of the source's schema becomes with `schema`, or `schema`
 * itself when it is read `anew`, and compile with it.  *plan stays as it is when the plan in force
 * has that already.  One call at a time. */
sm_code sm_flow__grow_source(const sm_flow_env *env, sm_sv source, const sm_schema *schema,
                             bool anew, const sm_plan **plan, sm_error *err);

/* flow_grow.c: schemas that grow under a flow. */
/* Use the plan in force, if it is another one than before. */
sm_code sm_flow__take_plan(sm_flow *f, sm_error *err);
/* After an attempt that ended with SM_E_AGAIN: when an input said that its schema has to grow,
 * let it.  SM_E_AGAIN again, or why it cannot. */
sm_code sm_flow__grow(sm_flow *f, sm_error *err);

/* flow_side.c: the quarantine of the target.  All do nothing where there is none. */
sm_code sm_flow__open_side(sm_flow *f, sm_error *err);
/* After sm_flow__judge(): the rows that were set aside become files, and part of the manifest. */
sm_code sm_flow__set_aside(sm_flow *f, sm_batch *b, sm_error *err);
/* What the batch has for a table beside its own (NULL: there is none), once that one has it. */
/* SM_E_CONFLICT: the manifest has rows for a table that the flow does not write. */
sm_code sm_flow__check_targets(const sm_flow *f, const sm_batch *b, sm_error *err);
sm_code sm_flow__publish_beside(const sm_batch *b, const sm_plan_dataset *beside, sm_sink *k,
                                int64_t *version, sm_error *err);
sm_code sm_flow__publish_side(sm_flow *f, sm_batch *b, sm_error *err);
/* The batch is done, or given up: other flows of the table may write to its quarantine. */
void sm_flow__leave_side(sm_flow *f);

/* flow_stages.c: what the query remembers.  All do nothing where it remembers nothing. */
/* `last`: the last record of the generation, or NULL. */
sm_code sm_flow__open_stages(sm_flow *f, const sm_batch_rec *last, sm_error *err);
/* The plan or the session goes; the next batch loads again. */
void sm_flow__leave_stages(sm_flow *f);
/* Fix the watermarks of the batch, and see whether it is due without new rows.  SM_E_CONFLICT when
 * what is remembered is of another query. */
sm_code sm_flow__plan_stages(sm_flow *f, sm_batch *b, sm_error *err);
/* Over the relations of the inputs; then those of the stages are there. */
sm_code sm_flow__run_stages(sm_flow *f, sm_batch *b, sm_error *err);
sm_code sm_flow__save_stages(sm_flow *f, sm_batch *b, sm_error *err);
void sm_flow__drop_stages(sm_flow *f);
/* What the record of the batch says of them; it also carries on what is as it was. */
void sm_flow__record_stages(const sm_flow *f, const sm_batch *b, sm_batch_rec *r);
void sm_flow__keep_stages(sm_flow *f, const sm_batch *b);
void sm_flow__sweep_stages(sm_flow *f);
/* The flow is closed: how far its inputs have come is for the next run of this program. */
void sm_flow__remember_stages(sm_flow *f);
/* flow_late.c: rows that came too late for a stage.  All do nothing where none are kept. */
sm_code sm_flow__open_late(sm_flow *f, sm_error *err);
/* After sm_flow__run_stages(): they become files, and part of the manifest. */
sm_code sm_flow__keep_late(sm_flow *f, sm_batch *b, sm_error *err);
sm_code sm_flow__publish_late(sm_flow *f, sm_batch *b, sm_error *err);
/* A decision was taken back: what the last record says now. */
sm_code sm_flow__retake_stages(sm_flow *f, sm_error *err);

/* What a batch reads are its streams; of a view of everything, everything. */
bool sm_flow__counts_input(const sm_flow *f, const sm_flow_input *in);

/* flow.c: take the next batch to done.  b->state is SM_BATCH_IDLE when there was none. */
sm_code sm_flow__run_batch(sm_flow *f, sm_batch *b, sm_error *err);
/* The batch that an earlier life decided and did not finish. */
sm_code sm_flow__load_decided(sm_flow *f, sm_batch *b, sm_error *err);
/* The clock may go backwards, the timestamps of a flow's batches do not. */
int64_t sm_flow__batch_time(const sm_flow *f);
/* An empty batch that ends where the rebuilt inputs (per dataset) end now: what was added
 * to them before is not read.  None when the flow has read nothing of them.  A batch that an
 * earlier life decided is published first. */
sm_code sm_flow__skip_rebuilt(sm_flow *f, const bool *rebuilt, sm_error *err);

/* flow_lag.c: how far the sources are ahead of the end of the batch; lives in f->scratch. */
sm_sv sm_flow__lag(sm_flow *f, const sm_batch *b);

/* flow_phases.c: the batch goes over to that phase. */
void sm_flow__enter(sm_batch *b, sm_phase p);
/* So much of `from` was of `to`. */
void sm_flow__move_time(sm_batch *b, sm_phase from, sm_phase to, int64_t us);
/* It is through all of them: b->times is what they took.  Nothing of one that entered none, as a
 * replay and what is passed over. */
void sm_flow__end_phases(const sm_flow *f, sm_batch *b);

/* progress.c: counts as JSON and back, and the row of a flow in the record of a run. */
sm_json *sm_flow__counts_json(const sm_flow_counts *c, sm_arena *a);
void sm_flow__counts_read(sm_flow *f, sm_batch *b, sm_sv counters, sm_sv expectations);
sm_run_flow_rec sm_flow__progress(const sm_flow_outcome *o, sm_arena *a);
/* Add the batch to what the flow did in this run. */
void sm_flow__add_batch(sm_flow *f, const sm_batch *b);

/* replay.c: publish the replays of the pipeline that were decided and not finished. */
sm_code sm_replay__finish(const sm_flow_env *env, sm_error *err);

/* flow_record.c: the record of a batch, and the events that go with it. */
sm_code sm_flow__decide(sm_flow *f, sm_batch *b, sm_error *err);
/* flow_trim.c: batch `b` is done; now and then old history goes.  A failure is only told. */
void sm_flow__trim(const sm_flow *f, const sm_batch *b);
sm_code sm_flow__mark_done(sm_flow *f, sm_batch *b, sm_error *err);
/* Take the decision back: nobody has seen the batch. */
sm_code sm_flow__void(sm_flow *f, const sm_batch *b, const char *why, sm_error *err);

/* owner.c: the lock of the pipeline on this host, and the epoch. */
typedef struct sm_owner_lock sm_owner_lock;
sm_code sm_owner__take(sm_store *s, sm_sv state_dir, sm_sv pipeline, sm_owner_lock **lock,
                       sm_owner *out, sm_error *err);
void sm_owner__release(sm_owner_lock *lock); /* NULL is fine */
/* Tell the store what the pipeline's file declares now, and pin what was inferred. */
sm_code sm_owner__declare(const sm_run_request *q, const sm_owner *owner, sm_arena *a,
                          sm_error *err);

#endif
