/* SPDX-License-Identifier: Apache-2.0 */
/* delta_grow.h -- a table takes new columns, by a new metaData.
 *
 * Columns are never taken away and keep their place; new ones come at the end, and all may be
 * null, so that a file that has not got them reads as NULL.  What other writers said of
 * columns that are there (comments and the like) stays. */
#ifndef SM_DELTA_DELTA_GROW_H
#define SM_DELTA_DELTA_GROW_H

#include "runtime/base/sqlgrow.h"
#include "runtime/delta/delta_schema.h"

/* The columns of `m` grown by `columns` (stored types), with `how` of sm_schema_grow(). */
sm_code sm_delta_grow(const sm_delta_metadata *m, const sm_schema *columns, unsigned how,
                      sm_arena *a, sm_grown *out, sm_error *err);

/* `m` with the columns `schema`, which sm_delta_grow() gave. */
sm_code sm_delta_metadata_with(const sm_delta_metadata *m, const sm_schema *schema, sm_arena *a,
                               sm_delta_metadata *out, sm_error *err);

/* `columns` under the names and in the types that `table` has for them: what files hold. */
sm_schema sm_delta_file_columns(const sm_schema *table, const sm_schema *columns, sm_arena *a);

/* SM_E_INVALID: column `at` of `columns` does not fit the table, with both definitions and
 * what to do about it; a quarantine is `kept` by --full-refresh, which is no way then. */
sm_code sm_delta_grow_refuse(const sm_delta_metadata *m, const sm_schema *columns, ptrdiff_t at,
                             bool kept, sm_arena *a, sm_error *err);

#endif
