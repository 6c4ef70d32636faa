/* SPDX-License-Identifier: Apache-2.0 */
/* delta_prune.h -- which files may hold a row with one of many keys, by what the log says of
 * them: values of partitions, statistics.  Pure.
 *
 * The keys are known by their parts, one after the other: a column, or a field of a column that
 * is a STRUCT, down to what has a type of its own.  A file is out when some part has no value
 * that the file may have.  What cannot be compared for sure keeps the file in.
 */
#ifndef SM_DELTA_DELTA_PRUNE_H
#define SM_DELTA_DELTA_PRUNE_H

#include <stdbool.h>
#include <stddef.h>

#include "runtime/base/arena.h"
#include "runtime/base/sqltype.h"
#include "runtime/base/str.h"
#include "runtime/delta/delta_action.h"

/* From `min` to `max`, both included, as DuckDB prints values in the form of files. */
typedef struct sm_delta_range {
    sm_sv min, max;
} sm_delta_range;

typedef struct sm_delta_part {
    const sm_sv *path; /* {"k"}, {"w", "start"} */
    size_t depth;
    const sm_sqltype *type;       /* stored */
    bool partition;               /* a column of partitions: ranges are single values */
    const sm_delta_range *ranges; /* each value that is not NULL lies in one of them */
    size_t n;
    bool has_null; /* NULL is among the values */
} sm_delta_part;

/* Can the log tell of a part of this type which values a file may have? */
bool sm_delta_prunes(const sm_sqltype *type, bool partition);

typedef struct sm_delta_prune sm_delta_prune;

/* Lives in `a` and borrows `parts`. */
sm_delta_prune *sm_delta_prune_new(const sm_delta_part *parts, size_t n, sm_arena *a);

/* May `f` hold a row with one of the keys? */
bool sm_delta_prune_keeps(const sm_delta_prune *p, const sm_delta_file *f);

#endif
