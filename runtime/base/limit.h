/* SPDX-License-Identifier: Apache-2.0 */
/* limit.h -- ceilings on what foreign input can ask for, in one place. */
#ifndef SM_BASE_LIMIT_H
#define SM_BASE_LIMIT_H

#include <stddef.h>

#define SM_LIMIT_SQL_BYTES    ((size_t)256 * 1024)
#define SM_LIMIT_PLAN_BYTES   ((size_t)64 * 1024 * 1024)
#define SM_LIMIT_BATCH_SQL    ((size_t)64 * 1024 * 1024)
#define SM_LIMIT_DELTA_LINE   ((size_t)64 * 1024 * 1024)
#define SM_LIMIT_SAMPLE_BYTES ((size_t)1024)
#define SM_LIMIT_SAMPLES      20

#endif
