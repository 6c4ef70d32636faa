/* SPDX-License-Identifier: Apache-2.0 */
/* advice.h -- what the newest batches of a flow say that a person might do.
 *
 * A table of rules over plain numbers: no store, no clock.  A number that is not known makes the
 * rules silent that need it; none guesses. */
#ifndef SM_EVENTS_ADVICE_H
#define SM_EVENTS_ADVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/base/arena.h"

typedef struct sm_advice_batch {
    int64_t started_ms, ended_ms;
    int64_t work_us;  /* of it reading, the query and its writing; -1: not known */
    int64_t rest_us;  /* and what comes with every batch, however small; -1: likewise */
    int64_t lag;      /* how far its sources were ahead at its end; -1: not known */
    bool lag_is_rows; /* else files */
    int64_t read, late, quarantined, files_out, bytes_out; /* -1: not known */
} sm_advice_batch;

typedef struct sm_advice_flow {
    sm_sv flow, table;
    const sm_advice_batch *batches; /* oldest first */
    size_t n;
    int64_t interval_ms;             /* of its trigger; 0: none */
    bool has_watermark;              /* */
    int64_t state_rows, state_bytes; /* what it remembers; 0: nothing */
    /* Of a flow that waits for rows all day, since `waits_ms`; else zero */
    int64_t waits_ms;
    int64_t busy_ms;           /* of them at work */
    int64_t cpu_us;            /* time of the processor in all its batches; 0: not known */
    int64_t runs;              /* those batches */
    double price_per_cpu_hour; /* 0: not set */
} sm_advice_flow;

typedef struct sm_advice {
    const char *kind; /* falling_behind, short_batches, long_batches, late_rows, large_state,
                       * small_files, idle, quarantine_growing */
    sm_sv message;    /* what is, and what would help */
    sm_sv command;    /* what to type next; "" = an edit of the file */
} sm_advice;

/* At most one of each kind.  *out and its texts live in `a`. */
void sm_advise(const sm_advice_flow *f, sm_arena *a, sm_advice **out, size_t *n);

#endif
