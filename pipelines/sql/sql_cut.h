/* SPDX-License-Identifier: Apache-2.0 */
/* sql_cut.h -- a query over streams, taken apart into stages (streaming-sql.md, 2 to 5).
 *
 * The query comes as one text in the marked form: views inside, inputs as _smelt_in_<k>, and
 *
 *     _smelt_window(struct, time, number, size)    a window(): its struct {start, end}, the time,
 *                                                  the start of the window in microseconds, its
 * size _smelt_session(time, gap)                    a session_window() _smelt_window_time(w) a
 * window_time() (SELECT …) AS _smelt_mark_<i>                what marks[i] is said of: a watermark
 * of its rows, then a deduplication of them
 *
 * The text is bound already: names and types are sound.  The tree is walked bottom up; SQL without
 * memory stays, each construct that remembers becomes a stage and is replaced by the relation
 * that the stage puts out:
 *
 *     over a streaming relation                      becomes
 *     --------------------------------------------   ----------------------------------------
 *     GROUP BY, aggregates; DISTINCT, UNION          AGGREGATE, then a SELECT of its columns
 *     GROUP BY with session_window                   SESSION, likewise
 *     JOIN of two streams                            JOIN; the SELECT around it is written once
 *                                                    for each kind of row: new with all, old with
 *                                                    new, unmatched
 *     LIMIT (append)                                 LIMIT
 *     a mark                                         WATERMARK, DEDUP
 *
 * Event time is tracked by column: a bare column under any name, *, window(), session_window(),
 * window_time() and the end of a window keep it, every other expression loses it.
 *
 * Pure: the engine parses, prints and binds.  Everything lives in the arena given.
 */
#ifndef SM_SQL_SQL_CUT_H
#define SM_SQL_SQL_CUT_H

#include "pipelines/sql/sql.h"
#include "pipelines/sql/sql_stage.h"

#define SM_SQL_MARK "_smelt_mark_" /* + number: the alias of a marked subquery */

typedef struct sm_cut_watermark {
    sm_sv column;
    int64_t delay_us, idle_us, max_future_us;
    sm_sv of; /* the dataset whose rows have it, for people */
} sm_cut_watermark;

typedef struct sm_cut_deduplicate {
    const sm_sv *keys;
    size_t n_keys;
    bool within_watermark;
    sm_span at;
} sm_cut_deduplicate;

typedef struct sm_cut_mark {
    const sm_cut_watermark *watermark;     /* NULL: none */
    const sm_cut_deduplicate *deduplicate; /* NULL: none */
} sm_cut_mark;

typedef struct sm_cut_input {
    const sm_sql_engine *engine;
    sm_sv owner; /* `table "x"`, for messages */
    const sm_sql_text *text;
    const sm_sql_relation *relations; /* the inputs */
    const bool *streaming;            /* by relation */
    size_t n_relations;
    const sm_cut_mark *marks;
    size_t n_marks;
    sm_stage_mode mode;
    const sm_cut_deduplicate *deduplicate; /* of the result; NULL: none */
    bool accepts_unbounded;                /* no warning where what is remembered has no end */
    sm_span at;                            /* of the table */
} sm_cut_input;

typedef struct sm_cut {
    const sm_stage *stages;
    size_t n_stages;    /* 0: nothing remembers, `sql` is not set */
    sm_sv sql;          /* the result, over inputs and what stages put out */
    sm_stage_mode mode; /* of the table; an update of a group without a key is complete */
    const sm_sv *merge_keys;
    size_t n_merge_keys;
    sm_sv touched;
} sm_cut;

/* *ok is false after a diagnostic.  Fails only when the engine does. */
sm_code sm_sql_cut(const sm_cut_input *in, sm_arena *a, sm_diags *d, sm_cut *out, bool *ok,
                   sm_error *err);

#endif
