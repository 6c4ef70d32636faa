/* SPDX-License-Identifier: Apache-2.0 */
/* duration.h -- lengths of time as people write them, exact to the microsecond.
 *
 *     500ms  10s  5m  2h  1d  1w         10 minutes  2 hours 30 minutes  1.5 h
 *     interval '1 2:3:4' day to second   interval '5' minute   1 day 02:03:04
 *
 * A month is 31 days and a year 12 such months (semantics.md, B4).  Units are written in any
 * case; m is a minute.
 */
#ifndef SM_BASE_DURATION_H
#define SM_BASE_DURATION_H

#include <stdint.h>

#include "runtime/base/arena.h"
#include "runtime/base/error.h"
#include "runtime/base/str.h"

/* What JSON Schema says of such a text; the parser is stricter. */
#define SM_DURATION_PATTERN                                                                        \
    "^ *([Ii][Nn][Tt][Ee][Rr][Vv][Aa][Ll] *)?['\"]?[+]? *[0-9][-+0-9.: '\"]*[A-Za-z][-+0-9.: "     \
    "A-Za-z'\"]*$"

/* SM_E_INVALID: no such text, a negative length, or one above 10,000 years; the message says
 * which. */
sm_code sm_duration_parse(sm_sv text, int64_t *us_out, sm_error *err);

/* The shortest text that means the same: "10m", "36h", "1500ms".  Lives in `a`. */
sm_sv sm_duration_text(int64_t us, sm_arena *a);

#endif
