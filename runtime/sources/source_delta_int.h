/* SPDX-License-Identifier: Apache-2.0 */
/* source_delta_int.h -- inside of the Delta source. */
#ifndef SM_SOURCES_SOURCE_DELTA_INT_H
#define SM_SOURCES_SOURCE_DELTA_INT_H

#include "runtime/connect/source.h"
#include "runtime/delta/delta_action.h"

/* The columns of the table as a query sees them.  Lives in `a`. */
sm_code sm_delta_source__schema(const sm_delta_metadata *m, sm_arena *a, sm_schema *out,
                                sm_error *err);

/* Does the table of another writer still have the columns in force?  With `grow`, SM_E_AGAIN and
 * src->report.grown when it has more, and the source takes them in.  SM_E_INVALID names a column
 * that it lost, or has more, or has in another type. */
sm_code sm_delta_source__columns(sm_source *src, const sm_delta_metadata *m, bool grow, sm_arena *a,
                                 sm_error *err);

#endif
