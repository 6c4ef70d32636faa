/* SPDX-License-Identifier: Apache-2.0 */
/* delta_select.h -- the two projections between SQL and files (delta.md, section 7). */
#ifndef SM_DELTA_SELECT_H
#define SM_DELTA_SELECT_H

#include <stdbool.h>
#include <stddef.h>

#include "runtime/base/arena.h"
#include "runtime/base/error.h"
#include "runtime/base/sqltype.h"
#include "runtime/base/str.h"
#include "runtime/delta/delta_action.h"
#include "runtime/delta/delta_mapping.h"
#include "runtime/delta/delta_schema.h"

/* SELECT of a batch in the form that files have: one projection over `select`, every column
 * cast to what its stored type is in a file, partition columns to the text of the log; sums
 * that overflow fail naming the column (delta.md, section 7). */
sm_code sm_delta_select(const sm_delta_definition *d, sm_sv select, sm_arena *a, sm_sv *out,
                        sm_error *err);

bool sm_delta_is_partition(const sm_sv *partition_by, size_t n, sm_sv name);

/* What of a table is read, and how. */
typedef struct sm_delta_reading {
    sm_sv root;
    const sm_schema *schema; /* the columns that are wanted */
    const sm_sv *partition_by;
    size_t partition_count;
    const sm_delta_file *const *files;
    size_t n;
    sm_sv number; /* name of a BIGINT column at the end: which of `files` a row is from, from 0;
                   * empty: there is none */
    const sm_delta_mapping *mapping; /* NULL: files have the names of the table */
    sm_sv deleted; /* relation ("file", "row"), both BIGINT: the row of a file, from 0, is gone;
                    * empty: a file with a deletion vector is refused */
    bool anywhere; /* files may lie outside of `root` */
} sm_delta_reading;

/* SELECT of the rows: partition columns from the log, columns that a file lacks as NULL, instants
 * as TIMESTAMP.  No files: a typed empty relation. */
sm_code sm_delta_reading_select(const sm_delta_reading *r, sm_arena *a, sm_sv *out, sm_error *err);

/* The same of a table that has neither other names nor deletion vectors: one of ours. */
sm_code sm_delta_files_select(sm_sv root, const sm_schema *schema, const sm_sv *partition_by,
                              size_t partition_count, const sm_delta_file *const *files, size_t n,
                              sm_arena *a, sm_sv *out, sm_error *err);
sm_code sm_delta_files_numbered(sm_sv root, const sm_schema *schema, const sm_sv *partition_by,
                                size_t partition_count, const sm_delta_file *const *files, size_t n,
                                sm_sv number, sm_arena *a, sm_sv *out, sm_error *err);

#endif
