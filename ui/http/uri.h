/* SPDX-License-Identifier: Apache-2.0 */
/* uri.h -- a request's target as the client sent it: "/api/v1/x%20y?limit=5".
 *
 * Percent signs are decoded once, after the path is cut at "/", so that a name may hold any
 * character.  What cannot be meant is refused: a "%" without two digits, NUL, what is no UTF-8,
 * empty segments, "." and "..". */
#ifndef SM_HTTP_URI_H
#define SM_HTTP_URI_H

#include "runtime/base/arena.h"

enum { SM_URI_SEGMENTS_MAX = 16, SM_URI_PAIRS_MAX = 32 };

typedef struct sm_uri_pair {
    sm_sv name, value;
} sm_uri_pair;

typedef struct sm_uri {
    sm_sv segments[SM_URI_SEGMENTS_MAX]; /* "/" has none; a "/" at the end counts for nothing */
    size_t n_segments;
    sm_uri_pair pairs[SM_URI_PAIRS_MAX]; /* "+" is a space */
    size_t n_pairs;
} sm_uri;

/* SM_E_INVALID says what is wrong.  Texts live in `a`. */
sm_code sm_uri_parse(sm_sv target, sm_arena *a, sm_uri *out, sm_error *err);

/* The first value of that name; NULL when there is none. */
const sm_sv *sm_uri_get(const sm_uri *u, sm_sv name);

#endif
