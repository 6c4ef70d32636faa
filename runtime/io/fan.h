/* SPDX-License-Identifier: Apache-2.0 */
/* fan.h -- the same for each of many, a few at a time: waiting for a store is what costs. */
#ifndef SM_IO_FAN_H
#define SM_IO_FAN_H

#include <stddef.h>

#include "runtime/base/error.h"

enum { SM_FAN_WIDTH = 8 }; /* threads at once */

typedef sm_code (*sm_fan_work)(void *ctx, size_t i, sm_error *err);

/* `work(ctx, i)` for each i below n, in any order, from several threads; after the first failure
 * no other begins, and it is returned. */
sm_code sm_fan(size_t n, sm_fan_work work, void *ctx, sm_error *err);

/* The same behind the caller's back, begun in order.  `ctx` is borrowed until the end.  Owned:
 * sm_fan_end().  Fails when no thread can be had. */
typedef struct sm_fan_run sm_fan_run;
sm_code sm_fan_begin(size_t n, sm_fan_work work, void *ctx, sm_fan_run **out, sm_error *err);
/* Returns once i is done; the first failure if it will never be.  Any thread. */
sm_code sm_fan_wait(sm_fan_run *r, size_t i, sm_error *err);
/* The first failure so far. */
sm_code sm_fan_judge(sm_fan_run *r, sm_error *err);
/* What is under way is waited for, no other begins.  NULL is fine. */
void sm_fan_end(sm_fan_run *r);

#endif
