/* SPDX-License-Identifier: Apache-2.0 */
/* base64.h -- bytes as text (RFC 4648, with padding). */
#ifndef SM_BASE_BASE64_H
#define SM_BASE_BASE64_H

#include <stdbool.h>

#include "runtime/base/arena.h"
#include "runtime/base/str.h"

void sm_base64_add(sm_buf *b, sm_sv bytes);

/* False: it is none.  `*out` lives in `a`. */
bool sm_base64_decode(sm_sv text, sm_arena *a, sm_sv *out);

#endif
