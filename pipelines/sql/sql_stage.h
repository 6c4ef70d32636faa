/* SPDX-License-Identifier: Apache-2.0 */
/* sql_stage.h -- what a streaming query remembers, as data: the cut of streaming-sql.md.
 *
 * A query with memory is a row of stages, run in order in each batch, and a last SELECT:
 *
 *     inputs ──▶ _smelt_st_0 ──▶ _smelt_st_1 ──▶ … ──▶ result
 *
 * The rows of a stage are a SELECT over relations that stand before it: the inputs of the flow
 * (_smelt_in_<k>) and what earlier stages put out.  A stage puts out the relation
 * _smelt_st_<number>; a join puts out several, see below.  Nothing here runs.
 *
 * Times are microseconds since 1970 in UTC, BIGINT in SQL.  Columns that a stage adds to rows of
 * the user's have names that begin with _smelt_.
 *
 *     kind        its rows have                      it puts out
 *     ---------   --------------------------------   ----------------------------------------
 *     WATERMARK   columns of the user's              the same rows
 *     AGGREGATE   k0 … x0 … [_smelt_t]               k0 … a0 …
 *     SESSION     k0 … x0 … _smelt_s _smelt_t        k0 … a0 … _smelt_s _smelt_t
 *     DEDUP       columns of the user's [hidden]     the columns of the user's, first of each key
 *     LIMIT       columns of the user's              the same, the first `limit` of all batches
 *     JOIN        left, right: columns [hidden]      per side the relations below
 *
 * Hidden columns: _smelt_e, the event time by which a row is late (late: not NULL and <= late
 * watermark); _smelt_t, the event time at which what is remembered of the row is final and dies
 * (not NULL and <= eviction watermark); _smelt_ok, false for a row of a join that can have no
 * match.  A grouping has one column for both, _smelt_t; `late_by` and `final_by` name the column
 * or are "".  Both watermarks of a stage are those of the flow minus `lag_us`; with
 * `watermarked` false there is none: nothing is late, nothing is final.
 *
 * What a JOIN with the relation R puts out, each with the columns of its side:
 *
 *     R_ln R_lo R_la   left rows of this batch, of earlier batches, both
 *     R_rn R_ro R_ra   the same of the right side
 *     R_li R_ri        R_la and R_ra with _smelt_id, unique on its side, and _smelt_new, BOOLEAN:
 *                      the row is of this batch
 *     R_lu R_ru        rows of a preserved side that come out without a match now: those that
 *                      died unmatched, and those whose _smelt_ok is false
 *     R_lm             semi: left rows that have their first match now
 *     R_l0 R_r0        no rows
 *
 * `match_left` and `match_right` are SELECTs of the column _smelt_id over R_li (R_ri) and the
 * rows of the other side, new against all and old against new: which rows have a match in this
 * batch.  They are "" where nobody asks.
 */
#ifndef SM_SQL_SQL_STAGE_H
#define SM_SQL_SQL_STAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/base/sqltype.h"
#include "runtime/base/str.h"

#define SM_SQL_STAGE "_smelt_st_" /* + number: what a stage puts out */

typedef enum sm_stage_kind {
    SM_STAGE_WATERMARK, /* remembers no rows: its greatest event time moves the watermark */
    SM_STAGE_AGGREGATE,
    SM_STAGE_SESSION,
    SM_STAGE_DEDUP,
    SM_STAGE_JOIN,
    SM_STAGE_LIMIT,
} sm_stage_kind;

typedef enum sm_stage_mode {                    /* what an aggregate puts out after a batch */
                             SM_STAGE_APPEND,   /* groups that are final now, once */
                             SM_STAGE_UPDATE,   /* groups that the batch touched */
                             SM_STAGE_COMPLETE, /* all groups; nothing is late or final */
} sm_stage_mode;

typedef enum sm_stage_join {
    SM_STAGE_INNER,
    SM_STAGE_LEFT,
    SM_STAGE_RIGHT,
    SM_STAGE_FULL,
    SM_STAGE_SEMI,
    SM_STAGE_ANTI,
} sm_stage_join;

/* Column p<i> of the state of a grouping that keeps partials. */
typedef struct sm_stage_partial {
    sm_sv fold;  /* over the rows of one group: "sum(x0)" */
    sm_sv merge; /* over the partials of one group: "sum(p0)"; may ORDER BY _n, the batch */
} sm_stage_partial;

/* Column a<i> of what a grouping puts out. */
typedef struct sm_stage_value {
    sm_sv final; /* over merged partials: "p0 / p1"; with `keeps_rows` over the rows of a group */
    sm_sv text;  /* the call, for people */
} sm_stage_value;

/* One side of a join. */
typedef struct sm_stage_side {
    sm_sv rows;       /* SELECT */
    sm_schema schema; /* of `rows`, hidden columns at its end */
    size_t n_hidden;
    sm_sv late_by, final_by, ok_by; /* hidden columns, or "" */
    bool preserved;                 /* a row without a match comes out when it dies */
    sm_sv whole;                    /* of the text of the side (sql_stage_memory.h) */
    const sm_sv *origins;           /* of its columns but hidden ones: names that stay */
    size_t n_origins;
    const sm_sv *unread; /* columns that the input has and the query does not read */
    size_t n_unread;
} sm_stage_side;

typedef struct sm_stage {
    sm_stage_kind kind;
    sm_sv name;     /* "aggregate_1": of its state, for people; unique in the flow */
    sm_sv relation; /* what it puts out */
    sm_sv rows;     /* SELECT; "" of a join */
    sm_schema schema;
    size_t n_hidden;
    sm_sv late_by, final_by;
    sm_schema out;  /* of `relation`; of a join empty */
    bool read_once; /* what it puts out is named once by all texts above; of a join, each of R_lu,
                     * R_ru, R_lm */
    bool ordered;   /* WATERMARK, DEDUP: it puts out its rows as they arrived, for a stage above;
                     * AGGREGATE, SESSION: an aggregate depends on that, and names _smelt_o, the
                     * place of a row in the order of arrival over all batches */
    bool watermarked;
    int64_t lag_us;
    sm_sv fingerprint; /* of all that what is remembered depends on but columns and their types
                        * (sql_stage_memory.h): kind, keys, partials */
    sm_sv whole; /* DEDUP, AGGREGATE: every column of the rows is the key; of the text that gives
                  * them, so that a column more is known to be one of the input's.  "": it is not */

    /* WATERMARK */
    sm_sv of; /* the dataset whose rows it watches, for people */
    sm_sv time_column;
    bool whole_input; /* its rows are those of one input, as they are */
    int64_t delay_us;
    int64_t idle_us;       /* without rows for so long it does not hold others back; 0: never */
    int64_t max_future_us; /* rows further ahead of the batch's time do not count; -1: all count */

    /* AGGREGATE, SESSION */
    sm_stage_mode mode;
    size_t n_keys;
    const sm_sv *labels; /* n_keys + n_args: keys and arguments as written, for people */
    size_t n_args;
    bool keeps_rows; /* an aggregate does not decompose: state has k… x… instead of k… p… */
    const sm_stage_partial *partials;
    size_t n_partials;
    const sm_stage_value *values;
    size_t n_values;

    /* DEDUP */
    const sm_sv *columns; /* the key, names of columns of `rows` */
    size_t n_columns;

    /* LIMIT */
    int64_t limit;

    /* JOIN */
    sm_stage_join join;
    sm_stage_side left, right;
    sm_sv match_left, match_right;
} sm_stage;

/* Does it keep rows between batches? */
static inline bool sm_stage_remembers(const sm_stage *s)
{
    return s->kind != SM_STAGE_WATERMARK;
}

/* What it remembers, for people: "count(*) by w, k, until the watermark passes". */
void sm_stage_words(const sm_stage *s, sm_buf *b);

#endif
