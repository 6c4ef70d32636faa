/* SPDX-License-Identifier: Apache-2.0 */
/* delta_select.h -- the two projections between SQL and files (delta.md, section 7). */
#ifndef SM_DELTA_SELECT_H
#define SM_DELTA_SELECT_H

#include <stddef.h>

#include "runtime/base/arena.h"
#include "runtime/base/error.h"
#include "runtime/base/sqltype.h"
#include "runtime/base/str.h"
#include "runtime/delta/delta_action.h"
#include "runtime/delta/delta_schema.h"

/* SELECT of a batch in the form that files have: one projection over `select`, every column
 * cast to what its stored type is in a file, partition columns to the text of the log; sums
 * that overflow fail naming the column (delta.md, section 7). */
sm_code sm_delta_select(const sm_delta_definition *d, sm_sv select, sm_arena *a, sm_sv *out,
                        sm_error *err);

/* SELECT that reads `files` as rows of `schema`: partition columns from the log, columns
 * that a file lacks as NULL, instants as TIMESTAMP.  No files: a typed empty relation. */
sm_code sm_delta_files_select(sm_sv root, const sm_schema *schema, const sm_sv *partition_by,
                              size_t partition_count, const sm_delta_file *const *files, size_t n,
                              sm_arena *a, sm_sv *out, sm_error *err);

/* The same with a column `number` BIGINT at its end: which of `files` a row is from, from 0. */
sm_code sm_delta_files_numbered(sm_sv root, const sm_schema *schema, const sm_sv *partition_by,
                                size_t partition_count, const sm_delta_file *const *files, size_t n,
                                sm_sv number, sm_arena *a, sm_sv *out, sm_error *err);

#endif
