/* SPDX-License-Identifier: Apache-2.0 */
/* prop.h -- streaming SQL against one query over all rows, case after case.
 *
 * A case is drawn from a number: three streams of rows cut into batches, a query over them, what is
 * said of the streams, and a life of the flow: batches without rows, restarts, attempts that are
 * lost.  It runs twice:
 *
 *     as a flow       text ── pipelines/sql ──▶ stages ── runtime/ops ──▶ batch after batch
 *     as one query    the rows, each with the mark by which it could be late, in DuckDB
 *
 * Who is late, which rows are duplicates and which sessions there are is a small model
 * (prop_model.c), written from the rules of streaming and from none of the code.
 *
 * The rows of stream `a` lie in the table ra (of `b` in rb, of `c` in rc), with
 *
 *     _i      the order of arrival, over all streams
 *     _b      which rows come together
 *     _late   the mark by which the row is late; NULL: there is none, or none was declared
 *     _w      the same of the batch, declared or not
 */
#ifndef SM_TESTS_PROP_H
#define SM_TESTS_PROP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pipelines/sql/sql_cut.h"
#include "runtime/base/arena.h"
#include "runtime/engine/engine.h"

enum { PROP_STREAMS = 3, PROP_DATA = 8, PROP_ROWS = 400, PROP_STEPS = 40, PROP_MODELS = 8 };

#define PROP_NONE INT64_MIN
#define PROP_END  INT64_C(32503680000000000) /* the year 3000, in microseconds */

/* One batch of the flow. */
typedef struct prop_step {
    int data;            /* which rows come; -1: none */
    bool restart;        /* before it: another process */
    bool lost, crash;    /* before it: an attempt is taken back; its process dies as well */
    int64_t time;        /* the batch timestamp, in microseconds */
    int64_t late, final; /* what the model says */
    int64_t lost_final;  /* of the attempt that is taken back */
} prop_step;

typedef enum prop_kind { PROP_DEDUP, PROP_SESSION } prop_kind;

/* What the model works out of rows, in order: a table that the query of all rows reads. */
typedef struct prop_model {
    prop_kind kind;
    const char *table;  /* DEDUP: (_i); SESSION: (_i, _s, _from, _to) */
    const char *rows;   /* SELECT with _i, _b, _late */
    const char *keys;   /* expressions */
    const char *time;   /* or "NULL" */
    const char *gap;    /* SESSION: an expression */
    bool within, timed; /* DEDUP: dies by the delay; has its time in the key */
    bool endless;       /* nothing is late or final */
    int64_t delay;
} prop_model;

typedef struct prop_stream {
    bool used, marked;
    int64_t delay;
    int64_t idle, future; /* idle_timeout, or 0; max_future, or -1 */
    const sm_cut_deduplicate *dedup;
    const char *kept;   /* table of the rows that it leaves; NULL: all */
    const char *values; /* SELECT with all columns but _late and _w */
    int64_t *times;     /* event time of each row; PROP_NONE: NULL */
    int *batches;       /* the batch of each row */
    size_t rows;
} prop_stream;

typedef struct prop_case {
    uint64_t seed, number, random;
    sm_arena *a;
    prop_stream streams[PROP_STREAMS];
    bool greatest; /* of two watermarks the greatest counts */
    bool joined;   /* a join of streams is in it */
    sm_stage_mode mode;
    const char *smelt, *oracle;
    const sm_cut_deduplicate *dedup; /* of the result */
    int64_t limit;                   /* the result is any so many rows; -1: all */
    const char *final;               /* append: when a row of the oracle comes out; NULL: unknown */
    const char *late; /* how many rows the one grouping leaves out, a SELECT; NULL: unknown */
    prop_model models[PROP_MODELS];
    size_t n_models;
    int n_data;
    int64_t base, pace; /* event time of the first batch, and from batch to batch */
    prop_step steps[PROP_STEPS];
    size_t n_steps;
} prop_case;

/* An engine and what is kept of it from case to case. */
typedef struct prop_world {
    sm_engine *engine;
    sm_session *oracle;
    char folder[4096];
} prop_world;

typedef enum prop_verdict {
    PROP_SAME,
    PROP_DIFFERS,
    PROP_SKIPPED, /* it remembers nothing, or with a stage that has no code yet */
} prop_verdict;

/* ---- prop_random.c ---- */
uint64_t prop_mix(uint64_t x);
size_t prop_below(prop_case *c, size_t n);        /* from 0 to n - 1 */
bool prop_chance(prop_case *c, unsigned percent); /* in a hundred */
/* Text in the arena of the case. */
SM_PRINTF(2, 3)
const char *prop_text(prop_case *c, const char *fmt, ...);
const char *prop_one(prop_case *c, const char *const *list, size_t n);
#define PROP_ONE(c, list) prop_one((c), (list), sizeof(list) / sizeof *(list))

/* ---- prop_rows.c ---- */
/* Of the streams that the query reads. */
void prop_draw_rows(prop_case *c);

/* ---- prop_model.c ---- */
void prop_draw_life(prop_case *c, prop_world *w);
void prop_run_models(prop_case *c, prop_world *w);

/* ---- prop_query.c, prop_source.c ---- */
void prop_draw_query(prop_case *c);

/* A FROM item in both languages, and what is known of its rows. */
typedef struct prop_rel {
    const char *smelt, *oracle;
    const char *with_smelt, *with_oracle; /* "WITH … " or "" */
    const char *time;                     /* column */
    bool window;                          /* it is one: its end counts */
    bool watermarked;
    bool final;   /* rows of a grouping: none is late */
    bool ordered; /* the order of arrival is known */
    bool has_id;  /* the column id is unique */
    bool repeats; /* _i is not */
    bool loose;   /* its time may be behind the watermark by any length */
    int64_t lag, delay;
} prop_rel;

prop_rel prop_source(prop_case *c, bool joins);
prop_rel prop_base(prop_case *c, int stream);
prop_rel prop_join(prop_case *c, bool top);
/* Two groupings, joined by their windows. */
void prop_join_groups(prop_case *c);
/* The condition that a row of the oracle is not late by `end`, in microseconds; "true". */
const char *prop_on_time(prop_case *c, const prop_rel *r, const char *end);
/* The FROM item with its rows in windows of `size` every `slide` µs, as column _w_. */
const char *prop_windows(prop_case *c, const prop_rel *r, int64_t size, int64_t slide,
                         int64_t start);
prop_model *prop_add_model(prop_case *c, prop_kind kind);

/* ---- prop_chain.c ---- */
void prop_chain(prop_case *c);

/* ---- prop_group.c ---- */
void prop_group(prop_case *c, prop_rel *r);
void prop_session(prop_case *c, prop_rel *r);
/* A grouping in append mode as a relation for what is above it. */
prop_rel prop_inner_group(prop_case *c, const prop_rel *r);

/* ---- prop_run.c ---- */
prop_verdict prop_run(prop_case *c, prop_world *w, sm_buf *why);

/* ---- prop_compare.c ---- */
/* Are the rows of `got` those of `want`?  With `limit` >= 0 any so many of them. */
bool prop_same(sm_session *s, const char *got, const char *want, int64_t limit, sm_buf *why);

/* ---- property_stream.c ---- */
/* Say what failed and end the program: for what can only be a fault of the test. */
void prop_check(sm_code rc, const sm_error *err, const char *what);
void prop_exec(sm_session *s, const char *sql);

#endif
