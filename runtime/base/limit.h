/* SPDX-License-Identifier: Apache-2.0 */
/* limit.h -- ceilings that several modules share; others stand in the header of their module. */
#ifndef SM_BASE_LIMIT_H
#define SM_BASE_LIMIT_H

#include <stddef.h>

#define SM_LIMIT_SQL_BYTES    ((size_t)256 * 1024)
#define SM_LIMIT_BATCH_SQL    ((size_t)64 * 1024 * 1024)
#define SM_LIMIT_SAMPLE_BYTES ((size_t)1024)

#endif
