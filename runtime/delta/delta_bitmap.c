/* SPDX-License-Identifier: Apache-2.0 */
/* delta_bitmap.c -- the row numbers in a deletion vector, one after the other.
 *
 * All numbers are little-endian:
 *
 *     u32 magic · u64 bitmaps · per bitmap: u32 high half of its rows, then
 *         u32 cookie   12346: u32 containers
 *                      12347 in its low half: containers - 1 in the high half, then one bit per
 *                      container: it is one of runs
 *         per container: u16 key (bits 16 to 31 of its rows), u16 entries - 1
 *         u32 offset of each container, unless runs are allowed and there are fewer than four
 *         per container: runs:            u16 runs, per run: u16 first, u16 length - 1
 *                        up to 4096 rows: u16 each
 *                        else:            65,536 bits
 *
 * Offsets are passed over: containers stand one behind the other. */
#include "runtime/delta/delta_bitmap.h"

#include <string.h>

enum {
    MAGIC_PORTABLE = 1681511377,
    MAGIC_NATIVE = 1681511376,
    COOKIE = 12346,
    COOKIE_RUNS = 12347,
    FEWEST_OFFSETS = 4,
    MOST_CONTAINERS = 65536,
    MOST_IN_ARRAY = 4096,
    BITS_BYTES = 8192,
};

enum { KIND_ARRAY, KIND_BITS, KIND_RUNS };

/* ---- bytes ---- */

static size_t room(const sm_delta_bitmap *b)
{
    return b->bytes.len - b->at;
}

static uint64_t number_at(const sm_delta_bitmap *b, size_t at, size_t width)
{
    uint64_t v = 0;

    for (size_t i = width; i-- > 0;)
        v = v << 8 | (unsigned char)b->bytes.ptr[at + i];
    return v;
}

static bool take(sm_delta_bitmap *b, size_t width, uint64_t *out)
{
    if (room(b) < width)
        return false;
    *out = number_at(b, b->at, width);
    b->at += width;
    return true;
}

/* ---- containers ---- */

static bool is_runs(const sm_delta_bitmap *b)
{
    return b->runs > 0 && (number_at(b, b->runs + b->current / 8, 1) >> (b->current % 8) & 1) != 0;
}

/* Enter container `current`: is all of it there? */
static bool container_open(sm_delta_bitmap *b)
{
    uint32_t entries = (uint32_t)number_at(b, b->keys + 4 * (size_t)b->current + 2, 2) + 1;
    uint64_t runs = 0, size;

    b->low = number_at(b, b->keys + 4 * (size_t)b->current, 2) << 16;
    b->kind = is_runs(b) ? KIND_RUNS : entries <= MOST_IN_ARRAY ? KIND_ARRAY : KIND_BITS;
    if (b->kind == KIND_RUNS && !take(b, 2, &runs))
        return false;
    b->left = b->kind == KIND_RUNS ? (uint32_t)runs : b->kind == KIND_ARRAY ? entries : 65536;
    size = b->kind == KIND_RUNS ? 4 * runs : b->kind == KIND_ARRAY ? 2 * entries : BITS_BYTES;
    b->run = 0;
    b->value = 0;
    return room(b) >= size;
}

/* The next value in the container; false at its end. */
static bool container_next(sm_delta_bitmap *b, uint32_t *value)
{
    if (b->kind == KIND_RUNS && b->run > 0) {
        b->run--;
        *value = ++b->value;
        return true;
    }
    while (b->left > 0) {
        b->left--;
        if (b->kind == KIND_BITS) {
            uint32_t bit = 65535 - b->left;
            bool set = (number_at(b, b->at, 1) >> (bit % 8) & 1) != 0;
            b->at += bit % 8 == 7;
            if (!set)
                continue;
            *value = bit;
            return true;
        }
        *value = b->value = (uint32_t)number_at(b, b->at, 2);
        if (b->kind == KIND_RUNS)
            b->run = (uint32_t)number_at(b, b->at + 2, 2);
        b->at += b->kind == KIND_RUNS ? 4 : 2;
        return true;
    }
    return false;
}

/* ---- bitmaps ---- */

/* Keys of the current bitmap, its flags of runs, its offsets. */
static bool head_open(sm_delta_bitmap *b)
{
    uint64_t high, cookie, containers, flags, offsets;

    if (!take(b, 4, &high) || !take(b, 4, &cookie))
        return false;
    bool runs = (cookie & 0xffff) == COOKIE_RUNS;
    if (runs)
        containers = (cookie >> 16) + 1;
    else if (cookie != COOKIE || !take(b, 4, &containers))
        return false;
    flags = runs ? (containers + 7) / 8 : 0;
    offsets = runs && containers < FEWEST_OFFSETS ? 0 : 4 * containers;
    if (containers > MOST_CONTAINERS || high > INT32_MAX ||
        room(b) < flags + 4 * containers + offsets)
        return false;
    b->high = high << 32;
    b->containers = (uint32_t)containers;
    b->current = 0;
    b->runs = runs ? b->at : 0;
    b->keys = b->at + flags;
    b->at += flags + 4 * containers + offsets;
    b->left = b->run = 0;
    return containers == 0 || container_open(b);
}

/* Goes to the next value over containers and bitmaps; *broken tells an end that is none. */
static bool step(sm_delta_bitmap *b, int64_t *row, bool *broken)
{
    uint32_t value;

    *broken = false;
    for (;;) {
        if (b->current < b->containers && container_next(b, &value)) {
            *row = (int64_t)(b->high | b->low | value);
            return true;
        }
        if (b->containers > 0 && b->current + 1 < b->containers) {
            b->current++;
            *broken = !container_open(b);
        } else if (b->bitmaps_left > 0) {
            b->bitmaps_left--;
            *broken = !head_open(b);
        } else {
            return false;
        }
        if (*broken)
            return false;
    }
}

bool sm_delta_bitmap_next(sm_delta_bitmap *b, int64_t *row)
{
    bool broken;

    return step(b, row, &broken);
}

/* Rows ascend, no run leaves its container, and nothing is left over. */
static bool holds_together(sm_delta_bitmap b, int64_t most, int64_t *count)
{
    int64_t row, last = -1;
    bool broken;

    for (*count = 0; step(&b, &row, &broken); ++*count) {
        if (row <= last || b.value + b.run > 65535 || *count >= most)
            return false;
        last = row;
    }
    return !broken && room(&b) == 0;
}

sm_code sm_delta_bitmap_open(sm_sv bytes, int64_t most, sm_delta_bitmap *out, sm_error *err)
{
    sm_delta_bitmap b = { .bytes = bytes };
    uint64_t magic = 0;

    *out = (sm_delta_bitmap){ .bytes = bytes };
    if (take(&b, 4, &magic) &&
        (magic == MAGIC_NATIVE || magic == 0xd0d33964 /* its bytes reversed */))
        return sm_fail(err, SM_E_INVALID, 0,
                       "the deletion vector has a form that writers gave up; rewrite the table "
                       "with REORG TABLE … APPLY (PURGE)");
    if (magic != MAGIC_PORTABLE || !take(&b, 8, &b.bitmaps_left) ||
        !holds_together(b, most, &b.count))
        return sm_fail(err, SM_E_CORRUPT, 0, "the deletion vector is damaged");
    *out = b;
    return SM_OK;
}
