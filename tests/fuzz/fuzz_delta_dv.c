/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_delta_dv.c -- a deletion vector by another writer: any bytes.
 *
 * As the bitmap itself, as the file that holds it, and as text of the log; rows ascend, and there
 * are as many as were counted. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/delta/delta_dv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void walk(sm_delta_bitmap b)
{
    int64_t row, last = -1, n = 0;

    for (; sm_delta_bitmap_next(&b, &row); n++) {
        assert(row > last);
        last = row;
    }
    assert(n == b.count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sm_sv bytes = { (const char *)data, size }, key;
    sm_arena *a = sm_arena_new("fuzz");
    sm_delta_dv dv = { 'i', bytes, 0, (int64_t)size / 5 * 4, 6 };
    sm_delta_bitmap b;
    sm_error err;

    if (sm_delta_bitmap_open(bytes, 10000000, &b, &err) == SM_OK)
        walk(b);
    if (sm_delta_dv_bitmap(&dv, SM_SV(""), a, &b, &err) == SM_OK)
        walk(b);
    dv = (sm_delta_dv){ 'u', bytes, 1, size < 9 ? 0 : (int64_t)size - 9, 6 };
    if (sm_delta_dv_bitmap(&dv, bytes, a, &b, &err) == SM_OK)
        walk(b);
    (void)sm_delta_dv_key(&dv, a, &key, &err);
    sm_arena_free(a);
    return 0;
}
