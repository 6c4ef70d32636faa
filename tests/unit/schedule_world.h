/* SPDX-License-Identifier: Apache-2.0 */
/* schedule_world.h -- a scheduler in a world of its own: clocks that a test moves, runs that take
 * as long as it says and end as it says.  The scheduler is the real one; its turns are called here
 * and not by threads, so that a day passes in milliseconds. */
#ifndef SM_UNIT_SCHEDULE_WORLD_H
#define SM_UNIT_SCHEDULE_WORLD_H

#include "runtime/schedule/scheduler_int.h"

enum { WORLD_WORKERS = 4, WORLD_MOST = 100000, WORLD_EXIT = 100 /* and the code: exit status */ };

typedef struct world_run { /* a run that has ended, or is under way: until 0 */
    char pipeline[32], cause[16], select[32];
    int64_t from, until; /* wall clock */
    sm_code code;
    int attempt;
    int64_t number;
} world_run;

typedef struct world {
    sm_scheduler *s;
    int64_t wall, boot;
    struct {
        sm_job *job;
        int64_t until; /* boot clock */
        size_t run;
    } at_work[WORLD_WORKERS];
    size_t n_at_work;
    world_run *runs;
    size_t n_runs;
    bool held;    /* another process has all pipelines */
    int stops;    /* how often it was asked to stop */
    int64_t mark; /* of all files and tables */
    /* What a run is like; a test may set them. */
    int64_t (*lasts)(struct world *w, const sm_run_order *o);
    sm_code (*ends)(struct world *w, const sm_run_order *o, int attempt);
} world;

/* `workers` of the scheduler are WORLD_WORKERS; runs last a second and succeed. */
void world_init(world *w, int64_t wall_ms);
void world_release(world *w);

void world_pass(world *w, int64_t ms); /* time goes by */
/* The wall clock is set, and no time goes by. */
/* Somebody looks at files, tables and pauses. */
void world_look(world *w);
void world_set_clock(world *w, int64_t wall_ms);
/* An order of a person; its ticket. */
int64_t world_order(world *w, const char *pipeline);

size_t world_count(const world *w, const char *pipeline, const char *cause); /* NULL: any */
sm_schedule_state world_state(const world *w, const char *pipeline, sm_arena *a);

/* No two runs of a pipeline at the same time, and no more than there are workers. */
void world_check(const world *w);

enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE };

#endif
