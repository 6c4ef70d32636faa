/* SPDX-License-Identifier: Apache-2.0 */
/* sql_stage_memory.h -- which columns a stage keeps of its rows, and what becomes of them when the
 * columns of its input, or the query, change.
 *
 * What a stage remembers lies in one log, that of a join in one for each side.  The record of a
 * batch says what the rows of each log have:
 *
 *     {"name":"join_1", "kind":"join", "fingerprint":"…", "version":2,
 *      "logs":[{"name":"join_1_l",
 *               "eras":[{"columns":[{"name":"id","type":"BIGINT","at":"c0"}, {"name":"note"}]},
 *                       …],
 *               "files":[{…, "era":0}, …]}, …]}
 *
 * An ERA is a run of batches with the same columns; eras follow each other in time, and the record
 * has only those of which files are left.  A column with `at` lies in files under that name; one
 * without has to have a type that fits, because something was made of it; one without a type was
 * there and not kept, since the query did not read it.
 *
 *     now                        in an era                 read from its files as
 *     ------------------------   -----------------------   ----------------------------------
 *     column a BIGINT            a BIGINT                  itself
 *     column a BIGINT            a INTEGER                 the wider type
 *     column a BIGINT            not known                 NULL: it is new in the input; refused
 *                                                          where the text that gives the rows
 *                                                          is another one (`whole`)
 *     column a BIGINT            a VARCHAR                 refused
 *     column a BIGINT            known, not kept           refused
 *
 * Columns are the same by their names: of a join's side, and where the whole row is the key, those
 * of the rows; in a grouping k0, x0: which expressions these are the fingerprint tells.  A side
 * that is itself a join calls them relation.column: what they are called in SQL depends on which
 * others there are.
 */
#ifndef SM_SQL_SQL_STAGE_MEMORY_H
#define SM_SQL_SQL_STAGE_MEMORY_H

#include "pipelines/sql/sql_stage.h"
#include "runtime/base/arena.h"
#include "runtime/base/json.h"

/* Of what fingerprints and eras say: another one when they say the same in another way. */
enum { SM_STAGE_MEMORY_VERSION = 3 };

typedef struct sm_stage_column {
    sm_sv name;
    sm_sv type; /* "": there, and not kept */
    sm_sv at;   /* its name in the log; "": only what was made of it is there */
} sm_stage_column;

typedef struct sm_stage_era {
    const sm_stage_column *columns;
    size_t n;
    sm_sv whole; /* of sm_stage, or of its side */
} sm_stage_era;

/* How many logs have rows of the user's: 2 of a join, else 1; 0 of a watermark. */
size_t sm_stage_n_logs(const sm_stage *s);
/* "join_1_l": the name of log `i`. */
sm_sv sm_stage_log_name(const sm_stage *s, size_t i, sm_arena *a);
/* What the rows of log `i` have now. */
sm_stage_era sm_stage_era_now(const sm_stage *s, size_t i, sm_arena *a);

bool sm_stage_era_same(const sm_stage_era *x, const sm_stage_era *y);
/* NULL: not known. */
const sm_stage_column *sm_stage_era_find(const sm_stage_era *era, sm_sv name);

sm_json *sm_stage_era_json(const sm_stage_era *era, sm_arena *a);
sm_stage_era sm_stage_era_read(const sm_json *json, sm_arena *a);

/* The row of a record for a stage that remembers, as if each log had files of now. */
sm_json *sm_stage_record(const sm_stage *s, sm_arena *a);

/* Was it written by a program that says it in another way? */
bool sm_stage_is_foreign(const sm_json *was);

/* Can the stage go on with what `was`, a row of a record, says?  If not, `why` gets a clause that
 * says it of the stage: "has other keys …". */
bool sm_stage_goes_on(const sm_stage *s, const sm_json *was, sm_arena *a, sm_buf *why);

#endif
