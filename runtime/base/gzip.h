/* SPDX-License-Identifier: Apache-2.0 */
/* gzip.h -- bytes in memory, packed and unpacked, over zlib. */
#ifndef SM_BASE_GZIP_H
#define SM_BASE_GZIP_H

#include <stdint.h>

#include "runtime/base/arena.h"

/* `level`: 1 (fast) to 9 (small).  The same bytes give the same result.  False when it would not be
 * shorter; *out lives in `a`. */
bool sm_gzip(sm_sv bytes, int level, sm_arena *a, sm_sv *out);

/* SM_E_INVALID: this is no gzip; SM_E_LIMIT: more than `max` bytes.  *out lives in `a`. */
sm_code sm_gunzip(sm_sv packed, size_t max, sm_arena *a, sm_sv *out, sm_error *err);

/* CRC-32 of the bytes, as gzip and PNG have it. */
uint32_t sm_crc32(sm_sv bytes);

#endif
