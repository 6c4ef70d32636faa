/* SPDX-License-Identifier: Apache-2.0 */
/* delta_bitmap.h -- the row numbers in a deletion vector, one after the other.
 *
 * The bytes are a foreign writer's, so nothing of them is believed: sm_delta_bitmap_open()
 * walks through all of them once, and only what holds together is iterated.  Nothing is unpacked:
 * a bitmap of ten million rows costs what its bytes cost. */
#ifndef SM_DELTA_BITMAP_H
#define SM_DELTA_BITMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/base/error.h"
#include "runtime/base/str.h"

typedef struct sm_delta_bitmap {
    sm_sv bytes; /* borrowed: all of the bitmap, its magic number included */
    int64_t count;
    /* Private: where next() is. */
    size_t at;                    /* next byte that was not looked at */
    uint64_t bitmaps_left;        /* of 2^32 rows each, behind the current one */
    uint32_t containers, current; /* of the current bitmap; the current one of them */
    size_t keys, runs;            /* where its keys are, and the flags of runs (0: none) */
    uint32_t left, value, run;    /* of the container: entries, last value, length of a run */
    int kind;
    uint64_t high, low; /* bits of the row number above the bitmap, and above the container */
} sm_delta_bitmap;

/* SM_E_CORRUPT: it is no bitmap of the portable form, or has more than `most` rows (some bytes can
 * stand for very many); SM_E_INVALID: it is of the form that writers gave up.  `*out` needs no
 * release. */
sm_code sm_delta_bitmap_open(sm_sv bytes, int64_t most, sm_delta_bitmap *out, sm_error *err);

/* The next row number, ascending; false after the last. */
bool sm_delta_bitmap_next(sm_delta_bitmap *b, int64_t *row);

#endif
