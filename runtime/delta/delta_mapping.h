/* SPDX-License-Identifier: Apache-2.0 */
/* delta_mapping.h -- columns that files call otherwise than the table does (column mapping).
 *
 * A table with delta.columnMapping.mode name or id keeps two names for each column and each field
 * of a STRUCT:
 *
 *     logical    what SQL says, may be renamed        temperature
 *     physical   what files and partitionValues say   col-5a7c…
 *
 * With mode id a file's column is found by its field id, whatever it is called there. */
#ifndef SM_DELTA_MAPPING_H
#define SM_DELTA_MAPPING_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/base/arena.h"
#include "runtime/base/error.h"
#include "runtime/base/sqltype.h"
#include "runtime/delta/delta_action.h"

typedef struct sm_delta_mapping {
    sm_schema logical, physical; /* column by column the same, but for the names */
    const int64_t *ids;          /* field ids of the columns; NULL: by name */
} sm_delta_mapping;

/* *out is NULL when files have the names of the table, unless `always`, for readers that want
 * other types than the table has.  Lives in `a`. */
sm_code sm_delta_mapping_of(const sm_delta_metadata *m, bool always, sm_arena *a,
                            const sm_delta_mapping **out, sm_error *err);

/* SQL that gives a value of physical type `from`, the expression `value`, the names of `to`; the
 * two differ in names of fields alone. */
void sm_delta_mapping_rename(sm_sv value, const sm_sqltype *from, const sm_sqltype *to,
                             sm_buf *sql);

#endif
