/* SPDX-License-Identifier: Apache-2.0 */
/* delta_merge.h -- rows of a table replaced by key: only the files that hold one of the keys are
 * written again.
 *
 * What is written counts for nothing until a commit removes the old files and adds the new ones:
 * delta_commit.h, with `merges`. */
#ifndef SM_DELTA_DELTA_MERGE_H
#define SM_DELTA_DELTA_MERGE_H

#include "runtime/delta/delta_schema.h"
#include "runtime/delta/delta_snapshot.h"
#include "runtime/engine/engine_copy.h"

enum {
    /* Files below it that are written again become one file, with the new rows … */
    SM_DELTA_SMALL_BYTES = 8 * 1024 * 1024,
    /* … of about so many bytes at most: all of a file is written again for one key of it. */
    SM_DELTA_MERGE_BYTES = 32 * 1024 * 1024,
};

typedef struct sm_delta_merge {
    sm_delta_table *table;
    const sm_delta_definition *definition; /* all columns that the table has then: of new files */
    const sm_schema *given;                /* the columns that `rows` has, in stored types */
    const sm_sv *keys;                     /* names of columns of both */
    size_t key_count;
    sm_sv rows;                   /* SELECT: what shall be there, at most one row per key */
    sm_sv touched;                /* SELECT of the keys whose rows go; sink.h */
    sm_sv stem;                   /* begins the name of every new file */
    const sm_delta_snapshot *now; /* NULL: there is no table yet */
} sm_delta_merge;

typedef struct sm_delta_merged {
    sm_copied copied;              /* the new files; not durable */
    const sm_delta_file **removed; /* of `now`: those that held a touched key */
    size_t removed_count;
    int64_t rows;           /* that the SELECT gave */
    int64_t rows_kept;      /* of the removed files, written again */
    int64_t rows_gone;      /* of the removed files, not written again */
    size_t files_looked_at; /* whose keys were read */
} sm_delta_merged;

/* Each SELECT is run once, `touched` first; the keys are kept in a temporary table of the session
 * meanwhile.  NULL equals NULL, and keys compare as they are stored: in a column of partitions
 * the empty text is NULL.  Columns that `rows` has not are NULL.  SM_E_SQL, too, when a row has a
 * key that is not touched.  `out` lives in `a`.  After a failure files may be left under `stem`. */
sm_code sm_delta_merge_write(const sm_delta_merge *m, struct sm_session *session, sm_arena *a,
                             sm_delta_merged *out, sm_error *err);

#endif
