/* SPDX-License-Identifier: Apache-2.0 */
/* scheduler.h -- starts the runs of deployed pipelines: triggers, queue, concurrency, retries.
 *
 *     triggers ─┐                       ┌─ worker ── execute() ── done, or tried again later
 *     submit ───┴─▶ queue of a pipeline ┴─ worker …
 *
 * One run of a pipeline at a time, `workers` runs in all.  It knows no YAML, no HTTP and no
 * engine: runs are started through a callback.  All calls may come from any thread.
 *
 * Two clocks.  Cron follows the wall clock; intervals and backoff follow the boot clock. */
#ifndef SM_SCHEDULE_SCHEDULER_H
#define SM_SCHEDULE_SCHEDULER_H

#include "runtime/base/arena.h"
#include "runtime/base/error.h"
#include "runtime/base/secret.h"
#include "runtime/schedule/cancel.h"
#include "runtime/schedule/schedule.h"
#include "runtime/store/store_runs.h"

enum {
    SM_SCHEDULE_QUEUE_MAX = 64,     /* orders that wait, of one pipeline: SM_E_LIMIT above */
    SM_SCHEDULE_TICKETS = 1000,     /* finished orders that are remembered */
    SM_SCHEDULE_POLL_MS = 2 * 1000, /* how soon a pause by another process, and files, are seen */
    SM_SCHEDULE_HELD_MS = 1000,     /* and the end of a run of another process */
    SM_SCHEDULE_CATCHUP_MAX = 100,  /* slots that `catchup: true` makes up for, the newest */
    SM_HOOK_SECONDS = 300,          /* how old or early a request may be */
};

typedef struct sm_scheduler sm_scheduler;

/* Texts are borrowed for the call that takes it. */
typedef struct sm_run_order {
    sm_sv pipeline;
    sm_sv cause; /* manual | interval | schedule | file_arrival | table_updated | webhook |
                  * continuous | catchup | retry | available_now */
    sm_sv by;    /* id of a token, "cli" or "" */
    sm_sv select, exclude, full_refresh; /* as on the command line; "": all, none, nothing */
    bool with_quarantine, keep_downstream;
    bool continuous;  /* it goes on until it is cancelled */
    int64_t retry_of; /* number of the run that failed; 0: none */
} sm_run_order;

typedef struct sm_order_result {
    int64_t run;   /* its number; 0: none was begun */
    int exit_code; /* of `smelt run`; never 0 when there is an error */
    sm_run_state state;
    bool warnings;
    sm_error error; /* its code is SM_OK when there is none; decides whether it is tried again */
    int64_t duration_ms;
    bool held; /* set by execute(): a run of another process has the pipeline; it waits */
} sm_order_result;

typedef struct sm_schedule_clock {
    int64_t (*wall_ms)(void *ctx), (*boot_ms)(void *ctx);
    void *ctx;
} sm_schedule_clock;

/* Triggers that were due while a pipeline was at work and got no run of their own. */
typedef struct sm_left_out {
    int64_t merged;  /* one run did for them and for another */
    int64_t skipped; /* `concurrency: skip` */
} sm_left_out;

typedef struct sm_scheduler_config {
    /* Run it to its end, in a thread of the scheduler.  Fails when no run could be begun. */
    sm_code (*execute)(void *ctx, const sm_run_order *o, sm_cancel *cancel, sm_order_result *out,
                       sm_error *err);
    /* Has a run of another process the pipeline?  NULL: never. */
    bool (*held)(void *ctx, sm_sv pipeline);
    /* The run that has the pipeline, of whatever process; 0: none.  NULL: with stop_other. */
    int64_t (*going)(void *ctx, sm_sv pipeline);
    /* Ask that run to stop; it may take its time, and is asked again as long as it is waited for.
     * NULL: it cannot be reached. */
    void (*stop_other)(void *ctx, sm_sv pipeline, int64_t run);
    /* A number that is another one when files of a source have arrived (trigger->watch), or a table
     * has a new version.  Called every SM_SCHEDULE_POLL_MS.  NULL: nothing ever does. */
    sm_code (*look)(void *ctx, sm_sv pipeline, const sm_trigger *t, int64_t *mark, sm_error *err);
    /* A time zone between two moments.  NULL: all there is is UTC. */
    sm_code (*zone)(void *ctx, sm_sv name, int64_t from_ms, int64_t to_ms, sm_arena *a,
                    sm_zone *out, sm_error *err);
    /* What requests to a hook are signed with; *out is taken.  NULL: there are no hooks. */
    sm_code (*secret)(void *ctx, sm_sv pipeline, sm_sv hook, sm_secret **out, sm_error *err);
    /* An order has ended, also one that no run came of; called without a lock.  NULL: nobody
     * wants to know. */
    void (*ended)(void *ended_ctx, const sm_run_order *o, const sm_order_result *r);
    void *ended_ctx;
    /* When a run has ended: what was left out because of it.  Called without a lock.  NULL:
     * likewise. */
    void (*left_out)(void *ctx, const sm_run_order *o, const sm_left_out *left);
    /* The exit status of `smelt run` for a failure that execute() gave none for.  NULL: 1. */
    int (*exit_code)(sm_code code);
    void *ctx;
    int workers;             /* runs at once */
    sm_schedule_clock clock; /* zeroed: runtime/base/clock */
} sm_scheduler_config;

/* Nothing runs before sm_scheduler_start().  Owned: free with sm_scheduler_free(). */
sm_scheduler *sm_scheduler_new(const sm_scheduler_config *config);
/* Put these pipelines in the place of those before.  Copied.  Of a pipeline that stays what runs
 * and waits goes on; of one that is gone what runs is finished and what waits is dropped. */
void sm_scheduler_deploy(sm_scheduler *s, const sm_schedule *list, size_t n);
sm_code sm_scheduler_start(sm_scheduler *s, sm_error *err);
/* No run begins any more; those that are under way are asked to stop, and who waits for an order
 * hears that it has not ended.  Does not wait itself. */
void sm_scheduler_ask_to_end(sm_scheduler *s);
/* The same, and wait until all runs have ended. */
void sm_scheduler_drain(sm_scheduler *s);
void sm_scheduler_free(sm_scheduler *s); /* drained, or never started; NULL is fine */

/* SM_E_NOT_FOUND: no such pipeline.  SM_E_CONFLICT: it is at work, and its `concurrency` is skip.
 * SM_E_LIMIT: too many wait already. */
sm_code sm_scheduler_submit(sm_scheduler *s, const sm_run_order *o, int64_t *ticket, sm_error *err);
/* SM_E_TIMEOUT: not ended yet; SM_E_NOT_FOUND: no such ticket, or too long ago. */
sm_code sm_scheduler_wait(sm_scheduler *s, int64_t ticket, int64_t timeout_ms, sm_order_result *out,
                          sm_error *err);

/* What waits is dropped; the run that is under way is asked to stop: its running batch is thrown
 * away, decided ones are finished.  *out (may be NULL): something was stopped. */
sm_code sm_scheduler_stop(sm_scheduler *s, sm_sv pipeline, sm_sv by, bool *out, sm_error *err);

/* Triggers start nothing while a pipeline is paused; orders of a person run all the same.  Kept in
 * the store.  Resume, SM_E_CONFLICT: its file says `paused: true`. */
sm_code sm_scheduler_pause(sm_scheduler *s, sm_sv pipeline, sm_sv by, sm_error *err);
sm_code sm_scheduler_resume(sm_scheduler *s, sm_sv pipeline, sm_sv by, sm_error *err);

/* A request to the hook of that name: `timestamp` is when it was made, in seconds since 1970,
 * `signature` the HMAC-SHA-256 of "<timestamp>.<body>" in hexadecimal digits, perhaps with
 * "sha256=" before it.  SM_E_DENIED: no such pipeline or hook, a wrong signature, older than
 * SM_HOOK_SECONDS or sent twice, without a word which of them.  SM_E_CONFLICT: paused, or at work
 * and its `concurrency` is skip.  What is refused may be sent again.  *ticket: that of the order
 * that waits already, if one does. */
sm_code sm_scheduler_webhook(sm_scheduler *s, sm_sv pipeline, sm_sv hook, sm_sv timestamp,
                             sm_sv signature, sm_sv body, int64_t *ticket, sm_error *err);

typedef struct sm_schedule_state {
    sm_sv pipeline;
    bool paused;
    sm_sv paused_by;     /* "file", the id of a token, "cli" or "" */
    const char *doing;   /* idle, queued, running, retrying, stopping */
    int64_t run;         /* number of the last run that ended here; 0: none */
    int64_t ticket;      /* of the order at work, or 0 */
    sm_sv cause;         /* of the order at work, else "" */
    size_t queued;       /* orders that wait, those to be tried again among them */
    int attempt;         /* of the order at work or to be tried again: 1, 2, … */
    int64_t retry_at_ms; /* wall clock; 0: none */
    int64_t next_due_ms; /* the same: when a trigger fires next; 0: none will by itself */
    sm_sv next_cause;    /* without a time: what is waited for; "": a person starts the next run */
} sm_schedule_state;

/* In the order in which they were deployed.  Lives in `a`. */
sm_code sm_scheduler_states(sm_scheduler *s, sm_arena *a, sm_schedule_state **out, size_t *n,
                            sm_error *err);

#endif
