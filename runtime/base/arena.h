/* SPDX-License-Identifier: Apache-2.0 */
/* arena.h -- a lifetime with a name.  Nothing in an arena is freed alone: reset and
 * free end everything at once, after running the deferred calls, last in first out.
 * Memory comes zeroed and is never NULL: without memory the process aborts.  An arena is
 * used by one thread at a time. */
#ifndef SM_BASE_ARENA_H
#define SM_BASE_ARENA_H

#include <stddef.h>

#include "runtime/base/attr.h"
#include "runtime/base/str.h"

typedef struct sm_arena sm_arena;

sm_arena *sm_arena_new(const char *name); /* `name` is borrowed, for statistics */
void sm_arena_reset(sm_arena *a);
void sm_arena_free(sm_arena *a); /* NULL is fine */
void *sm_arena_alloc(sm_arena *a, size_t size, size_t align, size_t count);
sm_sv sm_arena_dup(sm_arena *a, sm_sv s);        /* the copy is terminated too */
const char *sm_arena_cstr(sm_arena *a, sm_sv s); /* the same, as a C string */
SM_PRINTF(2, 3)
sm_sv sm_arena_printf(sm_arena *a, const char *fmt, ...); /* terminated too */
void sm_arena_defer(sm_arena *a, void (*fn)(void *), void *arg);
size_t sm_arena_bytes(const sm_arena *a); /* handed out since the last reset */

#define SM_NEW(a, T)      ((T *)sm_arena_alloc((a), sizeof(T), _Alignof(T), 1))
#define SM_NEW_N(a, T, n) ((T *)sm_arena_alloc((a), sizeof(T), _Alignof(T), (n)))

#endif
