/* SPDX-License-Identifier: Apache-2.0 */
/* notify_book.h -- from events to what people are told, without a thread and without a network.
 *
 *     event ──▶ rows: one per webhook, kind and table ──▶ settled at the end of the run ──▶
 * messages
 *
 * A row is opened by an event that is bad, and closed by one that is good.  What came and went
 * before anybody was told is forgotten.  A message has all rows of its group that are due. */
#ifndef SM_NOTIFY_NOTIFY_BOOK_H
#define SM_NOTIFY_NOTIFY_BOOK_H

#include "runtime/base/json.h"
#include "runtime/store/store_events.h"
#include "runtime/store/store_notices.h"

enum {
    SM_NOTIFY_SETTLE_MS = 30 * 1000, /* how long rows wait for the end of a run */
    SM_NOTIFY_BACKOFF_MS = 1000,
    SM_NOTIFY_BACKOFF_MAX_MS = 5 * 60 * 1000,
};

/* Bits of sm_notify_target.on. */
typedef enum sm_notify_kind {
    SM_NOTIFY_FAILED = 1,
    SM_NOTIFY_RECOVERED = 2,
    SM_NOTIFY_EXPECTATION_FAILED = 4,
    SM_NOTIFY_QUARANTINE_GROWING = 8,
    SM_NOTIFY_SCHEMA_CHANGED = 16,
    SM_NOTIFY_STALE = 32,
} sm_notify_kind;

/* 0: there is no kind of that name. */
unsigned sm_notify_kind_find(sm_sv name);

typedef struct sm_notify_target {
    sm_sv id; /* the same as long as it is the same webhook */
    sm_sv url;
    unsigned on;       /* sm_notify_kind */
    bool by_table;     /* a message per table, not per pipeline */
    int64_t repeat_ms; /* how often to say again what is not solved; 0: never */
} sm_notify_target;

typedef struct sm_notify_run { /* what is known of the run that goes on; zeroed: nothing */
    int64_t start;             /* its first event; 0: unknown */
    bool whole;                /* it writes every table */
} sm_notify_run;

typedef struct sm_notify_book {
    sm_arena *a;
    sm_notice_rec *rows;
    size_t n, cap;
    const sm_notify_target *targets;
    size_t n_targets;
    bool changed;
} sm_notify_book;

void sm_notify_book_take(sm_notify_book *b, sm_notify_run *run, const sm_event_rec *e,
                         int64_t now_ms);
/* Rows that are told again become due; those of webhooks that are gone go. */
void sm_notify_book_tick(sm_notify_book *b, int64_t now_ms);

typedef struct sm_notify_message {
    const sm_notify_target *target;
    size_t *rows; /* of the book; live in its arena */
    size_t n;
} sm_notify_message;

/* The next message that is due, false if there is none.  Say what became of it before the next. */
bool sm_notify_book_next(sm_notify_book *b, int64_t now_ms, sm_notify_message *out);
/* As docs/guide/notifications.md says; lives in the book's arena. */
sm_sv sm_notify_message_text(const sm_notify_book *b, const sm_notify_message *m, sm_sv pipeline,
                             int64_t now_ms);
sm_sv sm_notify_message_id(const sm_notify_book *b, const sm_notify_message *m);
void sm_notify_book_told(sm_notify_book *b, const sm_notify_message *m, int64_t now_ms);
/* It could not be sent; `after_ms` is what the other side asks for, 0: nothing. */
void sm_notify_book_failed(sm_notify_book *b, const sm_notify_message *m, int64_t after_ms,
                           int64_t now_ms);

#endif
