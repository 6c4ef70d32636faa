/* SPDX-License-Identifier: Apache-2.0 */
/* process_fan.h -- the same work over many things, in processes of their own, some at a time.
 *
 * Each begins as a copy of this process, so nothing that one does or breaks is seen by another.
 * No thread may have been started before: a copy has only the one that asked for it. */
#ifndef SM_BASE_PROCESS_FAN_H
#define SM_BASE_PROCESS_FAN_H

#include <stdbool.h>
#include <stddef.h>

#include "runtime/base/error.h"
#include "runtime/base/str.h"

enum { SM_PROCESS_FAN_MOST = 64 }; /* at once */

typedef struct sm_process_fan {
    size_t n;
    int at_once; /* 1 … SM_PROCESS_FAN_MOST */
    size_t max;  /* bytes that one may answer */
    /* In the copy: do the i-th thing; what stands in `out` is the answer. */
    void (*work)(void *ctx, size_t i, sm_buf *out);
    /* Here, in the order in which they end.  `status`: 0, or 128 and the number of a signal. */
    void (*done)(void *ctx, size_t i, sm_sv out, int status);
    /* Here, when a signal came and before each start: begin no more, end those at work.  NULL:
     * never. */
    bool (*stopping)(void *ctx);
    void *ctx;
} sm_process_fan;

/* Fails when no copy can be made; those at work are ended first. */
sm_code sm_process_fan_out(const sm_process_fan *f, sm_error *err);

#endif
