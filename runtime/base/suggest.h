/* SPDX-License-Identifier: Apache-2.0 */
/* suggest.h -- did you mean …? */
#ifndef SM_BASE_SUGGEST_H
#define SM_BASE_SUGGEST_H

#include "runtime/base/str.h"

/* Insertions, deletions, replacements and swaps of neighbours that turn one into the other,
 * ignoring case; names longer than 64 bytes compare by their first 64. */
size_t sm_edit_distance(sm_sv a, sm_sv b);

/* Is `known` close enough to `name` to be offered?  About one slip in three letters. */
bool sm_suggest_close(sm_sv name, sm_sv known);

/* Index of the closest of `n` names that is close enough; n when there is none. */
size_t sm_suggest(sm_sv name, const sm_sv *known, size_t n);

#endif
