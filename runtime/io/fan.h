/* SPDX-License-Identifier: Apache-2.0 */
/* fan.h -- the same for each of many, a few at a time: waiting for a store is what costs. */
#ifndef SM_IO_FAN_H
#define SM_IO_FAN_H

#include <stddef.h>

#include "runtime/base/error.h"

enum { SM_FAN_WIDTH = 8 }; /* threads at once */

/* `work(ctx, i)` for each i below n, in any order, from several threads; after the first failure
 * no other begins, and it is returned. */
sm_code sm_fan(size_t n, sm_code (*work)(void *ctx, size_t i, sm_error *err), void *ctx,
               sm_error *err);

#endif
