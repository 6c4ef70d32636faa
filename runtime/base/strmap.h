/* SPDX-License-Identifier: Apache-2.0 */
/* strmap.h -- names to numbers. */
#ifndef SM_BASE_STRMAP_H
#define SM_BASE_STRMAP_H

#include "runtime/base/arena.h"

typedef struct sm_strmap sm_strmap;

sm_strmap *sm_strmap_new(sm_arena *a);        /* lives in `a`; keys are borrowed */
sm_strmap *sm_strmap_new_nocase(sm_arena *a); /* ASCII letters compare without case */
/* False when the key is there already; its value stays. */
bool sm_strmap_put(sm_strmap *m, sm_sv key, size_t value);
void sm_strmap_set(sm_strmap *m, sm_sv key, size_t value); /* also over an old value */
bool sm_strmap_get(const sm_strmap *m, sm_sv key, size_t *out);
size_t sm_strmap_len(const sm_strmap *m);

#endif
