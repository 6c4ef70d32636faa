/* SPDX-License-Identifier: Apache-2.0 */
/* decode_hints.h -- columns that the user knows better than inference. */
#ifndef SM_CONNECT_DECODE_HINTS_H
#define SM_CONNECT_DECODE_HINTS_H

#include "runtime/base/sqltype.h"

/* Apply "battery INT, user.born DATE" to `schema`, as sqlhints.h says.  Empty hints change
 * nothing.  SM_E_INVALID when the text is no list of names and types, or a type is unknown.
 * What is new lives in `a`. */
sm_code sm_decode_apply_hints(sm_sv hints, sm_arena *a, sm_schema *schema, sm_error *err);

/* Columns and fields that `schema`, pinned before, has not are added; nothing changes its type.
 * `*added` is false when there are none. */
sm_code sm_decode_add_hints(sm_sv hints, sm_arena *a, sm_schema *schema, bool *added,
                            sm_error *err);

#endif
