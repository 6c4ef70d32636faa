/* SPDX-License-Identifier: Apache-2.0 */
/* scheduler_int.h -- what the files of the scheduler share.
 *
 * The state moves by turns: sm_scheduler__turn() fires what is due and makes orders ready,
 * sm_scheduler__take() hands out a ready one, sm_scheduler__finish() says how it ended.  Threads
 * only call these; a test calls them with a clock of its own. */
#ifndef SM_SCHEDULE_SCHEDULER_INT_H
#define SM_SCHEDULE_SCHEDULER_INT_H

#include "runtime/base/thread.h"
#include "runtime/schedule/scheduler.h"

typedef enum sm_job_state {
    SM_JOB_QUEUED,
    SM_JOB_READY, /* the next free worker takes it */
    SM_JOB_RUNNING,
    SM_JOB_RETRYING, /* it failed, and waits for its next attempt */
    SM_JOB_DONE,
} sm_job_state;

/* An order on its way. */
typedef struct sm_job {
    struct sm_job *next; /* in the queue of its pipeline, or among the finished */
    sm_arena *a;
    struct sm_unit *unit; /* NULL: done */
    int64_t ticket;
    sm_run_order order; /* lives in `a` */
    sm_job_state state;
    bool triggered; /* nobody asked for it */
    bool patient;   /* what happened is not left out */
    bool dropped;   /* asked to stop: not tried again */
    bool untold;    /* dropped before it began, and `ended` does not know yet */
    int64_t merged; /* triggers that were due while it waited, and did not get a run each */
    int attempt;
    int64_t slot;       /* of a timetable, not taken yet; 0: none; of the worker while it runs */
    int64_t taken;      /* the slot that its worker took */
    sm_store *store;    /* where it is taken; NULL: nowhere */
    int64_t not_before; /* boot clock */
    sm_cancel *cancel;
    sm_order_result result;
} sm_job;

/* A trigger and when it fires next. */
typedef struct sm_fuse {
    bool spent;        /* available_now; continuous: it waits for a person */
    int64_t due_boot;  /* interval */
    int64_t slot;      /* schedule: the last that was fired */
    int64_t mark;      /* file_arrival, table_updated: what was seen last */
    bool looked, news; /* likewise: there is a mark; and something new */
} sm_fuse;

/* A deployed pipeline. */
typedef struct sm_unit {
    sm_arena *a; /* of the schedule; another one with each deployment */
    sm_schedule schedule;
    sm_fuse *fuses;  /* one per trigger */
    sm_job *jobs;    /* unfinished, in the order of their arrival */
    sm_job *active;  /* ready or running; one of `jobs` */
    size_t place;    /* in the deployment */
    bool gone;       /* not deployed any more */
    bool kept_pause; /* by a person */
    char paused_by[64];
    int64_t skipped;    /* triggers that were left out since the last run ended */
    int64_t held_until; /* boot clock: do not ask before whether another process still runs it */
    int64_t last_run;
    int64_t started_boot; /* of `active` */
} sm_unit;

/* A time zone that some timetable follows. */
typedef struct sm_known_zone {
    struct sm_known_zone *next;
    sm_arena *a; /* with this struct */
    sm_sv name;
    sm_zone zone;
} sm_known_zone;

typedef struct sm_hook_seen { /* a request that came */
    char signature[65];
    int64_t until; /* wall clock */
} sm_hook_seen;

enum { SM_HOOKS_SEEN = 4096 };

struct sm_scheduler {
    sm_scheduler_config config;
    sm_mutex mu;
    sm_cond turned;  /* for the turner: something changed */
    bool changed;    /* likewise, since its last turn began */
    sm_cond ready;   /* for workers */
    sm_cond ended;   /* for who waits for an order */
    sm_cond stopped; /* for the watcher: the end */
    sm_unit **units;
    size_t n_units, cap_units;
    sm_job *done; /* newest first */
    size_t n_done;
    int64_t last_ticket;
    sm_known_zone *zones;
    sm_hook_seen *hooks; /* a ring; NULL: none yet */
    size_t n_hooks;      /* that were ever written to it */
    bool draining;
    sm_thread *turner, *watcher;
    sm_thread **workers;
    size_t n_workers;
};

int64_t sm_scheduler__wall(const sm_scheduler *s);
int64_t sm_scheduler__boot(const sm_scheduler *s);

/* Without the mutex held: */

/* Fire what is due, make ready what may run.  Returns how long nothing will change by itself, in
 * ms; at most SM_SCHEDULE_TURN_MS. */
int64_t sm_scheduler__turn(sm_scheduler *s);
/* A ready order, which is running from now on; NULL: there is none. */
sm_job *sm_scheduler__take(sm_scheduler *s);
/* It ended with `r`.  *left (may be NULL): triggers that got no run of their own until then. */
void sm_scheduler__finish(sm_scheduler *s, sm_job *j, const sm_order_result *r, sm_left_out *left);
/* Tell `ended` of orders that were dropped before they began. */
void sm_scheduler__tell_dropped(sm_scheduler *s);
/* Look at what others may have changed: pauses, files, tables. */
void sm_scheduler__watch(sm_scheduler *s);

/* Know the zones that these follow, for years to come. */
void sm_scheduler__learn_zones(sm_scheduler *s, const sm_schedule *list, size_t n);

/* With the mutex held: */

/* Something changed that a turn has to look at; one that is over does not miss it. */
void sm_scheduler__wake(sm_scheduler *s);
const sm_zone *sm_scheduler__zone(const sm_scheduler *s, sm_sv name); /* NULL: UTC */

sm_unit *sm_scheduler__find(const sm_scheduler *s, sm_sv pipeline);
/* Take an order into the queue, as the concurrency of the pipeline says.  *ticket 0: an equal one
 * waits already. */
sm_code sm_scheduler__enqueue(sm_scheduler *s, sm_unit *u, const sm_run_order *o, bool triggered,
                              int64_t *ticket, sm_error *err);
/* The order of a trigger that waits and would do what `o` does; NULL: none. */
sm_job *sm_scheduler__waiting(const sm_unit *u, const sm_run_order *o);
/* Ask what runs to stop and drop what waits; false when there was nothing. */
bool sm_scheduler__stop_unit(sm_scheduler *s, sm_unit *u, bool only_triggered);
bool sm_scheduler__paused(const sm_unit *u);
/* When a trigger of the pipeline fires next, boot clock; -1: none does by itself. */
int64_t sm_scheduler__next_due(const sm_scheduler *s, const sm_unit *u, size_t *trigger);
/* Fire the triggers of a pipeline that are due. */
void sm_scheduler__fire_due(sm_scheduler *s, sm_unit *u);
/* What waits for a person waits no longer. */
void sm_scheduler__relight(sm_unit *u);
/* A continuous pipeline does not go on before a person says so. */
void sm_scheduler__snuff(sm_unit *u);
/* Drop what waits. */
void sm_scheduler__drop_waiting(sm_scheduler *s, sm_unit *u);
bool sm_scheduler__any_ready(const sm_scheduler *s);
void sm_scheduler__free_unit(sm_unit *u);
void sm_scheduler__free_job(sm_job *j);

enum {
    SM_SCHEDULE_TURN_MS = 30 * 1000, /* soon enough to see that the wall clock was set */
    SM_SCHEDULE_AGAIN_MS = 1000,     /* before what did nothing is fired again */
};

#endif
