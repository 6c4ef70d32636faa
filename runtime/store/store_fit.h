/* SPDX-License-Identifier: Apache-2.0 */
/* store_fit.h -- texts of events made to fit their limit. */
#ifndef SM_STORE_STORE_FIT_H
#define SM_STORE_STORE_FIT_H

#include "runtime/base/arena.h"
#include "runtime/base/str.h"

/* At most `max` bytes of `text`, cut between characters. */
sm_sv sm_store__cut(sm_sv text, size_t max);

/* The same, ending with "…" when something was cut; `text` itself, or lives in `a`. */
sm_sv sm_store__fit_message(sm_sv text, size_t max, sm_arena *a);

/* A JSON object of at most `max` bytes, at least 64: lists lose their last elements, texts their
 * end, the greatest member first, and "truncated": true says so.  What is no object becomes
 * {"truncated": true}.  `details` itself when it fits, else lives in `a`. */
sm_sv sm_store__fit_details(sm_sv details, size_t max, sm_arena *a);

#endif
