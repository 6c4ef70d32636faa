/* SPDX-License-Identifier: Apache-2.0 */
/* delta_describe.h -- what a table says of itself: description, comments of columns, properties.
 *
 * What a definition says wins; what it says nothing of stays as somebody else put it. */
#ifndef SM_DELTA_DELTA_DESCRIBE_H
#define SM_DELTA_DELTA_DESCRIBE_H

#include "runtime/delta/delta_schema.h"

/* Does `m` say all that `d` says?  Columns that `m` has not are left out. */
bool sm_delta_metadata_described(const sm_delta_metadata *m, const sm_delta_definition *d,
                                 sm_arena *a);

/* `m` with all that `d` says, and with nothing else changed. */
sm_code sm_delta_metadata_describe(const sm_delta_metadata *m, const sm_delta_definition *d,
                                   sm_arena *a, sm_delta_metadata *out, sm_error *err);

/* `configuration` with the properties of `d` over it; lives in `a`. */
const sm_json *sm_delta_configuration(const sm_json *configuration, const sm_delta_definition *d,
                                      sm_arena *a);

#endif
