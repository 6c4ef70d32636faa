/* SPDX-License-Identifier: Apache-2.0 */
/* delta_stats.h -- what COPY said of a file as the `stats` of its add action.
 *
 * Readers skip files by these numbers, so they must never lie: what cannot be proved from
 * the text that DuckDB gives (delta.md, 2.6 and 7) is left out.
 */
#ifndef SM_DELTA_STATS_H
#define SM_DELTA_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/base/arena.h"
#include "runtime/base/sqltype.h"
#include "runtime/base/str.h"
#include "runtime/engine/engine_copy.h"

enum {
    SM_DELTA_STATS_COLUMNS = 32, /* leaf columns that get bounds */
    SM_DELTA_STATS_CHARS = 32,   /* of a string bound */
};

/* The JSON text of add.stats for a file of `rows` rows.  `schema` has stored types; columns
 * that are in no file (partition columns) simply have no entry.  Lives in `a`. */
sm_sv sm_delta_stats_text(const sm_schema *schema, int64_t rows, const sm_copy_stat *columns,
                          size_t n, sm_arena *a);

/* The same for one bound: appends the JSON value of `text` (a minimum or a maximum) of type
 * `t` and returns true, or appends nothing when it proves nothing. */
bool sm_delta_stats_bound(const sm_sqltype *t, sm_sv text, bool is_max, sm_buf *out);

#endif
