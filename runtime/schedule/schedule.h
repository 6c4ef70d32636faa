/* SPDX-License-Identifier: Apache-2.0 */
/* schedule.h -- when a pipeline runs, as data.
 *
 * What the composition root makes of the `trigger`, `concurrency` and `retry` of a pipeline's file;
 * nothing here knows YAML.  Durations are milliseconds. */
#ifndef SM_SCHEDULE_SCHEDULE_H
#define SM_SCHEDULE_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/base/cron.h"
#include "runtime/base/str.h"
#include "runtime/store/store.h"

typedef enum sm_trigger_kind {
    SM_TRIGGER_AVAILABLE_NOW, /* once when it is deployed; afterwards a person */
    SM_TRIGGER_INTERVAL,      /* from start to start, on the clock that nobody sets */
    SM_TRIGGER_SCHEDULE,      /* by a timetable, on the wall clock */
    SM_TRIGGER_FILE_ARRIVAL,  /* when look() of the scheduler tells of something else than before */
    SM_TRIGGER_TABLE_UPDATED, /* likewise */
    SM_TRIGGER_WEBHOOK,       /* when somebody sends a signed request */
    SM_TRIGGER_CONTINUOUS,    /* a run that goes on, always */
} sm_trigger_kind;

/* The cause of the runs that such a trigger starts: "interval", … */
const char *sm_trigger_kind_name(sm_trigger_kind kind);

typedef struct sm_trigger {
    sm_trigger_kind kind;
    int64_t interval_ms;
    sm_cron cron;
    sm_sv timezone;        /* "": UTC */
    bool catchup;          /* each missed slot has a run of its own; else one for all of them */
    sm_sv watch;           /* the source, the table or the name of the hook */
    sm_sv select, exclude; /* what its runs take, as `smelt ls --select` says it; "": all, none */
} sm_trigger;

/* What a trigger, or a person, meets when the pipeline is at work. */
typedef enum sm_concurrency {
    SM_CONCURRENCY_QUEUE,  /* it waits; of one trigger at most one waits */
    SM_CONCURRENCY_SKIP,   /* it is left out */
    SM_CONCURRENCY_CANCEL, /* what runs is stopped, and it takes its place */
} sm_concurrency;

typedef struct sm_schedule {
    sm_sv pipeline;
    sm_sv version;   /* of its definition: another one fires available_now again */
    sm_store *store; /* borrowed until the scheduler is freed; NULL: a pause is not kept */
    const sm_trigger *triggers;
    size_t n_triggers;
    bool paused; /* by its file: only a person starts runs */
    sm_concurrency concurrency;
    int max_attempts; /* of a run; 1: it is not tried again */
    int64_t backoff_ms, backoff_max_ms;
} sm_schedule;

#endif
