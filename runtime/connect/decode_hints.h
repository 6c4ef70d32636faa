/* SPDX-License-Identifier: Apache-2.0 */
/* decode_hints.h -- columns that the user knows better than inference. */
#ifndef SM_CONNECT_DECODE_HINTS_H
#define SM_CONNECT_DECODE_HINTS_H

#include "runtime/base/sqltype.h"

/* Apply "battery INT, tags MAP(VARCHAR, VARCHAR)" to `schema`: a column of that name (case
 * ignored) gets the type, another one is added at the end.  Empty hints change nothing.
 * SM_E_INVALID when the text is no list of names and types, or a type is unknown.  What is
 * new lives in `a`. */
sm_code sm_decode_apply_hints(sm_sv hints, sm_arena *a, sm_schema *schema, sm_error *err);

#endif
