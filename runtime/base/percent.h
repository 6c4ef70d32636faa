/* SPDX-License-Identifier: Apache-2.0 */
/* percent.h -- bytes of a path as text that keeps each of them: "a b" is "a%20b". */
#ifndef SM_BASE_PERCENT_H
#define SM_BASE_PERCENT_H

#include "runtime/base/arena.h"
#include "runtime/base/str.h"

/* Append `text`; what may not stand in the path of a URL becomes %XX, and so does `%`. */
void sm_percent_add(sm_buf *b, sm_sv text);
sm_sv sm_percent_encode(sm_sv text, sm_arena *a);

/* "a%20b" is "a b"; a `%` without two digits stands for itself.  Lives in `a`. */
sm_sv sm_percent_decode(sm_sv text, sm_arena *a);

#endif
