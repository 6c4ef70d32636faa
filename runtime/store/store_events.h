/* SPDX-License-Identifier: Apache-2.0 */
/* store_events.h -- the event log as rows.
 *
 * What the types mean and which fields their details have is runtime/events/event.h; here an
 * event is a row.  Ids grow for ever and are never used twice, so "everything after id X" can
 * always be asked again; (run, seq) names an event outside of this store. */
#ifndef SM_STORE_STORE_EVENTS_H
#define SM_STORE_STORE_EVENTS_H

#include "runtime/store/store.h"

typedef enum sm_event_level {
    SM_EVENT_DEBUG,
    SM_EVENT_INFO,
    SM_EVENT_WARN,
    SM_EVENT_ERROR,
} sm_event_level;

const char *sm_event_level_name(sm_event_level level); /* "info" */
/* "warning" is taken for "warn"; SM_E_INVALID names the four. */
sm_code sm_event_level_parse(sm_sv name, sm_event_level *out, sm_error *err);

typedef struct sm_event_rec {
    int64_t id;       /* given by the store */
    int64_t pipeline; /* given by the store: the owner's */
    int64_t run;      /* id; 0 = outside of any run */
    int64_t seq;      /* given by the store: 1, 2, … within the run; 0 outside */
    int64_t time_ms;  /* 0 = now */
    sm_event_level level;
    sm_sv type;    /* "flow_progress" */
    sm_sv dataset; /* empty = none */
    sm_sv flow;    /* empty = none */
    int64_t batch; /* -1 = none */
    sm_sv message; /* one line; cut at SM_STORE_TEXT_MAX with "…" */
    sm_sv details; /* JSON object; above SM_STORE_TEXT_MAX its lists and texts are cut,
                    * "truncated": true says so */
} sm_event_rec;

/* Append `n` events in one transaction.  Events that belong to a record go with it instead:
 * see sm_decision, sm_done, sm_run_change.  `last` (may be NULL): id of the last one. */
sm_code sm_store_events_append(sm_store *s, const sm_owner *o, const sm_event_rec *events, size_t n,
                               int64_t *last, sm_error *err);

typedef struct sm_event_filter { /* a zeroed filter means everything, oldest first */
    int64_t pipeline;            /* 0 = any */
    int64_t run;                 /* 0 = any */
    int64_t after_id;            /* only greater ids */
    int64_t before_id;           /* only smaller ids; 0 = any */
    sm_event_level least_level;  /* SM_EVENT_DEBUG = all */
    sm_sv dataset, flow, type;   /* empty = any */
    bool newest;                 /* the newest `limit` of them; still handed out oldest first */
    size_t limit;                /* 0 means 1000; at most 10000 */
} sm_event_filter;

sm_code sm_store_events_list(sm_store *s, const sm_event_filter *f, sm_arena *a, sm_event_rec **out,
                             size_t *n, sm_error *err);

/* Id of the newest event in the store, 0 if none. */
sm_code sm_store_events_last(sm_store *s, int64_t *out, sm_error *err);

#endif
