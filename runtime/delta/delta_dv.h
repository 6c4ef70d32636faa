/* SPDX-License-Identifier: Apache-2.0 */
/* delta_dv.h -- deletion vectors: which rows of a data file are gone.
 *
 *     add{path, …, deletionVector{storageType, pathOrInlineDv, offset, sizeInBytes, cardinality}}
 *
 *     "i"   the bitmap itself, in base 85 (z85)
 *     "u"   in a file below the root: a random folder (optional) and 20 characters, a UUID in z85
 *     "p"   in a file at an absolute path
 *
 * In a file: one byte, the version 1; at `offset` a u32 size, the bitmap, its CRC-32, both numbers
 * big-endian. */
#ifndef SM_DELTA_DV_H
#define SM_DELTA_DV_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/base/arena.h"
#include "runtime/base/error.h"
#include "runtime/base/json.h"
#include "runtime/delta/delta_bitmap.h"

typedef struct sm_delta_dv {
    char storage; /* 'i', 'u' or 'p' */
    sm_sv where;  /* pathOrInlineDv */
    int64_t offset, size, cardinality;
} sm_delta_dv;

/* False: the descriptor lacks something, or says what cannot be. */
bool sm_delta_dv_read(const sm_json *j, sm_arena *a, sm_delta_dv *out);
sm_json *sm_delta_dv_json(const sm_delta_dv *dv, sm_arena *a);

/* What tells two vectors of one file apart: "u…@1". */
sm_sv sm_delta_dv_id(const sm_delta_dv *dv, sm_arena *a);

/* Where its file is: a key below the root, or absolute ("p"); empty: it is in the log ("i").
 * SM_E_CORRUPT: the name is none. */
sm_code sm_delta_dv_key(const sm_delta_dv *dv, sm_arena *a, sm_sv *out, sm_error *err);

/* The bitmap in `file`, all of the file that sm_delta_dv_key() names ("i": not looked at), judged:
 * size, checksum and number of rows are as they were said.  Its bytes live in `a` or in `file`. */
sm_code sm_delta_dv_bitmap(const sm_delta_dv *dv, sm_sv file, sm_arena *a, sm_delta_bitmap *out,
                           sm_error *err);

#endif
