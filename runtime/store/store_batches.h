/* SPDX-License-Identifier: Apache-2.0 */
/* store_batches.h -- generations of flows, and the records of their micro-batches.
 *
 *     (running) --intend--> intended --decide--> decided --done--> done
 *         \_____________________decide______________/ |
 *              ^________________void__________________|   only while nothing is published
 *
 * Running and idle are states of a batch in memory; the store keeps the other three.  Rules
 * that it enforces, each with SM_E_CONFLICT or SM_E_INVALID: numbers grow by one from 0, at most
 * one batch of a generation is not done, a decided record never changes, only the current
 * generation of a flow takes records. */
#ifndef SM_STORE_STORE_BATCHES_H
#define SM_STORE_STORE_BATCHES_H

#include "runtime/store/store_events.h"
#include "runtime/store/store_runs.h"

typedef enum sm_batch_state {
    SM_BATCH_IDLE,     /* nothing to do; never stored */
    SM_BATCH_RUNNING,  /* never stored */
    SM_BATCH_INTENDED, /* a sink without prepare: exactly this range is repeated */
    SM_BATCH_DECIDED,
    SM_BATCH_DONE,
} sm_batch_state;

const char *sm_batch_state_name(sm_batch_state state); /* "decided" */

typedef enum sm_generation_why {
    SM_GENERATION_FIRST,
    SM_GENERATION_FULL_REFRESH,
    SM_GENERATION_RESET,
    SM_GENERATION_ADOPT,
} sm_generation_why;

const char *sm_generation_why_name(sm_generation_why why); /* "full_refresh" */

typedef struct sm_generation {
    int64_t id;     /* given by the store */
    sm_sv flow;     /* "table" or "table.flow" */
    sm_sv target;   /* the dataset it writes */
    sm_sv uuid;     /* the Delta appId */
    int64_t number; /* given by the store: 1, 2, … per flow */
    sm_generation_why why;
    bool current; /* else old */
    int64_t started_ms, ended_ms;
} sm_generation;

/* The numbers (from, to] of a files source that a batch reads: their rows get the batch. */
typedef struct sm_file_range {
    sm_sv source;
    int64_t from, to;
} sm_file_range;

typedef struct sm_batch_rec {
    int64_t id;         /* given by the store; grows over all flows */
    int64_t generation; /* id; in a decision that switches `flow`, its new one is filled in */
    sm_sv flow;         /* in a decision only needed then */
    int64_t n;
    sm_batch_state state;
    int64_t step;         /* given by the store: equal for records decided together */
    int64_t run;          /* id, 0 = none */
    int64_t attempt;      /* 1, 2, … */
    int64_t timestamp_ms; /* the batch's now() */
    sm_sv start_offsets;  /* JSON object: input -> offset */
    sm_sv end_offsets;
    sm_sv read_versions; /* JSON object: dataset -> version read as a snapshot; may be empty */
    sm_sv watermarks;    /* JSON object; empty = none */
    sm_sv stages;   /* JSON: the files of what the query remembers after the batch; empty = none;
                     * like the manifest it is kept of the newest records only */
    sm_sv lateness; /* JSON: how late rows came so far; empty = none; kept as `stages` is */
    sm_sv lag; /* JSON object: input -> {rows, files, bytes, versions, seconds} that its source was
                * ahead when the batch was decided; empty = not known */
    sm_sv plan_fingerprint;
    int64_t schema_version;
    sm_sv manifest;       /* JSON; empty = not kept any more, or not asked for */
    const sm_sv *targets; /* the targets for which the manifest has actions */
    size_t n_targets;
    const sm_file_range *files; /* decide only */
    size_t n_files;
    sm_sv counters;                          /* JSON object */
    sm_sv expectations;                      /* JSON array */
    int64_t started_ms, decided_ms, done_ms; /* decided, done: given by the store */
    sm_sv phases;   /* given when it is done: JSON object, phase -> us; empty = not known */
    int64_t cpu_us; /* likewise; time of the processor */
} sm_batch_rec;

typedef struct sm_batch_key {
    int64_t generation, n;
    sm_sv phases;   /* of a batch that is done now, as in its record; else empty */
    int64_t cpu_us; /* likewise */
} sm_batch_key;

/* A new generation of `flow` becomes current, the one before becomes old. */
typedef struct sm_generation_switch {
    sm_sv flow, target, uuid;
    sm_generation_why why;
    int64_t reserved; /* id that sm_store_generation_reserve gave; 0: none was reserved */
} sm_generation_switch;

/* Everything that one decision changes, in one transaction. */
typedef struct sm_decision {
    /* Batches that are done with it (the batch, or the step, before). */
    const sm_batch_key *done;
    size_t n_done;
    /* Full refresh, reset, adoption, first start; ONCE flows are reset by naming them here
     * without a record. */
    const sm_generation_switch *switches;
    size_t n_switches;
    /* The records, upstream first: one, or all links of a chain step.  Their state is
     * SM_BATCH_DECIDED, or SM_BATCH_DONE for one that publishes nothing (adoption: n_targets
     * is 0 and end_offsets is the position taken over).  Afterwards id, generation, step and
     * the times are filled in. */
    sm_batch_rec *records;
    size_t n_records;
    /* Folders that nothing needs any more: files of old state.  See store_tables.h. */
    const sm_sv *delete_paths;
    size_t n_delete_paths;
    sm_sv delete_why;
    const sm_run_flow_rec *progress; /* put like sm_run_change.flows */
    size_t n_progress;
    const sm_event_rec *events;
    size_t n_events;
    int64_t last_event; /* out: id of the last of them; 0 = none */
} sm_decision;

/* THE decision: durable when it returns SM_OK.  After a failure the caller removes nothing and
 * asks sm_store_position whether it was written. */
sm_code sm_store_decide(sm_store *s, const sm_owner *o, sm_decision *d, sm_error *err);

/* Write the range down before an intent-style sink may send: durable.  The same intent again
 * is SM_OK; another range for the same n is SM_E_CONFLICT.  `b->id` is filled in. */
sm_code sm_store_intend(sm_store *s, const sm_owner *o, sm_batch_rec *b, sm_error *err);

typedef struct sm_done { /* one transaction */
    const sm_batch_key *keys;
    size_t n_keys;
    const sm_run_flow_rec *progress;
    size_t n_progress;
    const sm_event_rec *events;
    size_t n_events;
    int64_t last_event; /* out */
} sm_done;

/* Decided -> done; a batch that is done already is left alone.  Manifests older than the last
 * done batch with actions are dropped.  Not durable by itself: losing it in a power cut means
 * publishing again, which finds everything there. */
sm_code sm_store_mark_done(sm_store *s, const sm_owner *o, sm_done *d, sm_error *err);

/* Take decided records back, all in one transaction: the caller knows that no target has
 * published them.  Only the newest batch of a generation can be voided; `why` goes into an event
 * ("batch_voided"). */
sm_code sm_store_void(sm_store *s, const sm_owner *o, const sm_batch_key *keys, size_t n,
                      int64_t run, sm_sv why, sm_error *err);

/* Begin generations outside of a decision (a flow's first start, reset): durable.  `ids` (may
 * be NULL) gets their ids in order. */
sm_code sm_store_generation_begin(sm_store *s, const sm_owner *o,
                                  const sm_generation_switch *switches, size_t n, int64_t *ids,
                                  sm_error *err);

/* Make a generation that is not current yet, so that its sources can track what they see
 * before its batch 0 is decided: durable with that decision, whose switch names it.  What an
 * earlier attempt reserved for the flow is dropped. */
sm_code sm_store_generation_reserve(sm_store *s, const sm_owner *o, const sm_generation_switch *w,
                                    int64_t *id, sm_error *err);

/* Where a flow stands: all that is needed to start its next batch. */
typedef struct sm_position {
    bool has_generation;
    sm_generation generation; /* the current one */
    bool has_last;
    sm_batch_rec last; /* the newest record, whatever its state, with its manifest */
    bool has_done;
    sm_batch_rec last_done; /* the newest that is done, with its manifest if still kept */
    int64_t next;           /* the number after the newest decided or done one */
} sm_position;

/* A flow that never ran has no generation; that is no error. */
sm_code sm_store_position(sm_store *s, int64_t pipeline, sm_sv flow, sm_arena *a, sm_position *out,
                          sm_error *err);

/* The newest done batch of a generation whose manifest had actions for `target`, with its
 * manifest if still kept; and the one with actions before it (for the check of a lost commit).
 * n = -1 in either: there is none. */
sm_code sm_store_last_with_actions(sm_store *s, int64_t generation, sm_sv target, sm_arena *a,
                                   sm_batch_rec *out, int64_t *before, sm_error *err);

/* SM_E_NOT_FOUND.  With its manifest if still kept. */
sm_code sm_store_batch(sm_store *s, int64_t generation, int64_t n, sm_arena *a, sm_batch_rec *out,
                       sm_error *err);

/* Newest first, without manifests.  flow empty = all flows of the pipeline; run 0 = any; only
 * ids below `before` (0 = all); limit 0 means 50. */
sm_code sm_store_batches(sm_store *s, int64_t pipeline, sm_sv flow, int64_t run, int64_t before,
                         size_t limit, sm_arena *a, sm_batch_rec **out, size_t *n, sm_error *err);

/* All generations of a flow, newest first; flow empty = the current one of every flow. */
sm_code sm_store_generations(sm_store *s, int64_t pipeline, sm_sv flow, sm_arena *a,
                             sm_generation **out, size_t *n, sm_error *err);

/* Decided but not done, over the current generations of the pipeline, oldest first, without
 * manifests: what a new owner rolls forward, and what vacuum must keep. */
sm_code sm_store_open_batches(sm_store *s, int64_t pipeline, sm_arena *a, sm_batch_rec **out,
                              size_t *n, sm_error *err);

#endif
