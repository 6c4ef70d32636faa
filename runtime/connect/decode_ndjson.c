/* SPDX-License-Identifier: Apache-2.0 */
/* decode_ndjson.c -- JSON lines to columns, one pass.
 *
 * Real files repeat themselves: the keys of a record come in the order of the record
 * before.  So each key has a guess at its follower, learned from the last record that
 * surprised us; the guess is compared as bytes ("name": with its quotes and colon, eight
 * at a time), and only a wrong guess costs a scan of the key and a look into the table.
 * One key that is left out does not unlearn the order: the follower of the follower is
 * tried too.
 *
 *     order of keys   {"a":1,"b":2,"c":3}   follower: a -> b -> c
 *     a record        {"a":1,"c":3}         b misses, c matches; nothing is learned
 *
 * Invariants:
 *   (1) No step passes a newline: the record behind a bad one begins behind the next '\n'.
 *   (2) A row counts only when its record was read to the end: until then nothing of it
 *       shows but bytes in a slot that the next record overwrites. */
#include "runtime/connect/decode_ndjson.h"

#include <stdio.h>
#include <stdlib.h>

#include "runtime/base/arena.h"
#include "runtime/connect/decode_value.h"

#define NDJSON_NONE UINT32_MAX /* no key, no column */

typedef struct ndjson_key {
    const char *literal; /* "name": as it stands in a file; padded to 8 bytes */
    uint32_t len;        /* 0: the name needs escapes, never guessed */
    uint32_t column;     /* NDJSON_NONE: unknown field */
    sm_sv name;
} ndjson_key;

struct sm_ndjson {
    const sm_decode_column *columns;
    size_t n_columns, n_words;
    sm_arena *arena;  /* keys */
    ndjson_key *keys; /* columns first, then unknown fields as they are met */
    uint32_t n_keys;
    uint32_t *follower; /* [k + 1] of key k, [0] of the record's begin; or NDJSON_NONE */
    uint32_t *table;    /* hash of a name to key + 1, open addressing */
    uint32_t mask;
    uint64_t *seen; /* columns that this record has a value for */

    sm_decode_context x;
    sm_decode_aside aside;
    sm_rescue rescue;
    uint64_t spare[2]; /* for a value that is only looked at */
    const sm_decode_block *block;
    char *p;
    char *record; /* where the record under the pen begins */
    sm_sv key;    /* the last that was looked up */
    bool told;    /* that the block left a line out */
    size_t row;
    sm_decode_vector *vectors; /* of the call */
    sm_decode_tally *tally;    /* of the call */
};

/* --- Keys --- */

static uint32_t ndjson_hash(sm_sv name)
{
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < name.len; i++)
        h = (h ^ (unsigned char)name.ptr[i]) * 16777619u;
    return h ^ (h >> 15);
}

static uint32_t *ndjson_slot(const sm_ndjson *d, sm_sv name)
{
    uint32_t i = ndjson_hash(name) & d->mask;
    while (d->table[i] != 0 && !sm_sv_eq(d->keys[d->table[i] - 1].name, name))
        i = (i + 1) & d->mask;
    return &d->table[i];
}

static bool ndjson_is_plain(sm_sv name)
{
    for (size_t i = 0; i < name.len; i++) {
        if ((unsigned char)name.ptr[i] < 0x20 || name.ptr[i] == '"' || name.ptr[i] == '\\')
            return false;
    }
    return name.len < 1024;
}

static uint32_t ndjson_add_key(sm_ndjson *d, sm_sv name, uint32_t column)
{
    uint32_t k = d->n_keys++;
    ndjson_key *key = &d->keys[k];
    char *text = sm_arena_alloc(d->arena, 1, 8, name.len + 3 + 8);
    text[0] = '"';
    memcpy(text + 1, name.ptr, name.len);
    memcpy(text + 1 + name.len, "\":", 2);
    *key = (ndjson_key){
        .literal = text,
        .len = ndjson_is_plain(name) ? (uint32_t)name.len + 3 : 0,
        .column = column,
        .name = { text + 1, name.len },
    };
    d->follower[k + 1] = NDJSON_NONE;
    *ndjson_slot(d, name) = k + 1;
    return k;
}

/* Does the file say `key` at `p`?  Reads at most 7 bytes behind a match or a mismatch. */
static inline bool ndjson_is_at(const ndjson_key *key, const char *p)
{
    size_t len = key->len, i = 0;
    uint64_t x, y;
    for (; i + 8 <= len; i += 8) {
        memcpy(&x, p + i, 8);
        memcpy(&y, key->literal + i, 8);
        if (x != y)
            return false;
    }
    if (i == len)
        return len > 0;
    memcpy(&x, p + i, 8);
    memcpy(&y, key->literal + i, 8);
    return ((x ^ y) << (64 - 8 * (len - i))) == 0;
}

/* The key at `p` by the table; *p moves behind its colon.  NDJSON_NONE with a fault, or
 * when it is unknown and there is no more room to remember it. */
static uint32_t ndjson_look_up(sm_ndjson *d, char **p)
{
    bool escaped = false;
    sm_decode_fault *f = &d->x.fault;
    char *name = *p + 1, *end;
    if (**p != '"') {
        *p = sm_decode__unexpected(f, *p, "a key");
        return NDJSON_NONE;
    }
    if ((end = *p = sm_decode__string_end(name, &escaped, f)) == NULL)
        return NDJSON_NONE;
    *p = sm_decode__space(end + 1);
    if (**p != ':') {
        *p = sm_decode__unexpected(f, *p, "\":\"");
        return NDJSON_NONE;
    }
    ++*p;
    size_t len = (size_t)(end - name);
    sm_sv key = { name, escaped ? sm_decode__unescape(name, len) : len };
    d->key = key;
    uint32_t known = *ndjson_slot(d, key);
    if (known != 0)
        return known - 1;
    sm_decode_place at = { d->block->file, d->block->offset + (d->record - d->block->data) };
    if (d->x.rescue == NULL || !sm_rescue_differs_in_case(d->columns, d->n_columns, key))
        sm_decode_tally_unknown(d->tally, key, at);
    return d->n_keys < d->n_columns + SM_DECODE_UNKNOWN ? ndjson_add_key(d, key, NDJSON_NONE)
                                                        : NDJSON_NONE;
}

/* The key at `p`, which followed key `last` (or the begin, NDJSON_NONE + 1 == 0). */
static inline uint32_t ndjson_key_at(sm_ndjson *d, uint32_t last, char **p)
{
    uint32_t k = d->follower[last + 1];
    for (int guesses = 0; k != NDJSON_NONE && guesses < 3; guesses++) {
        if (ndjson_is_at(&d->keys[k], *p)) {
            *p += d->keys[k].len;
            return k;
        }
        k = d->follower[k + 1];
    }
    k = ndjson_look_up(d, p);
    if (k != NDJSON_NONE)
        d->follower[last + 1] = k;
    return k;
}

/* --- Records --- */

static void ndjson_unknown_inside(void *arg, sm_sv path, const char *at)
{
    sm_ndjson *d = arg;
    sm_decode_place place = { d->block->file, d->block->offset + (d->record - d->block->data) };
    (void)at;
    sm_decode_tally_unknown(d->tally, path, place);
}

/* The value of column `c` at `p` does not fit; behind it, or NULL when it is no JSON either. */
static char *ndjson_misfit(sm_ndjson *d, uint32_t c, char *p)
{
    char *end = sm_decode__skip(p, &d->x.fault);
    if (end == NULL)
        return NULL;
    sm_rescue_json(&d->rescue, d->columns[c].name, (sm_sv){ p, (size_t)(end - p) });
    d->x.misfit = true;
    d->seen[c >> 6] &= ~(UINT64_C(1) << (c & 63));
    return end;
}

/* Is what does not fit wanted in the row? */
static bool ndjson_rescues(const sm_ndjson *d)
{
    return d->x.rescue != NULL && d->vectors[d->aside.rescued - d->columns].data != NULL;
}

/* The value of column `c` at `p` into its row. */
static inline char *ndjson_value(sm_ndjson *d, uint32_t c, char *p)
{
    const sm_decode_column *column = &d->columns[c];
    sm_decode_vector *v = &d->vectors[c];
    uint64_t bit = UINT64_C(1) << (c & 63);
    void *slot = d->spare;
    if (*p == 'n' && memcmp(p, "null", 4) == 0) {
        d->seen[c >> 6] &= ~bit;
        return p + 4;
    }
    d->seen[c >> 6] |= bit;
    if (v->data != NULL)
        slot = (char *)v->data + d->row * column->size;
    else if (!ndjson_rescues(d))
        return sm_decode__skip(p, &d->x.fault);
    char *end = sm_decode__json(column, p, slot, &d->x);
    return end != NULL || d->x.rescue == NULL ? end : ndjson_misfit(d, c, p);
}

/* The value at `p` of a field that no column has: key `k`, or the last that was looked up. */
static char *ndjson_unknown(sm_ndjson *d, uint32_t k, char *p)
{
    char *end = sm_decode__skip(p, &d->x.fault);
    if (end != NULL && d->x.rescue != NULL && *p != 'n') /* null is nothing */
        sm_rescue_json(&d->rescue, k != NDJSON_NONE ? d->keys[k].name : d->key,
                       (sm_sv){ p, (size_t)(end - p) });
    return end;
}

/* Behind the record at `p`, or NULL with the fault. */
static char *ndjson_record(sm_ndjson *d, char *p)
{
    uint32_t k = NDJSON_NONE;
    if (*p != '{')
        return sm_decode__unexpected(
            &d->x.fault, p,
            *p == '[' ? "a record (one object on each line; `multi_line: true` reads arrays)"
                      : "\"{\"");
    p = sm_decode__space(p + 1);
    if (*p == '}')
        return p + 1;
    for (;;) {
        k = ndjson_key_at(d, k, &p);
        if (p == NULL)
            return NULL;
        p = sm_decode__space(p);
        if (k != NDJSON_NONE && d->keys[k].column != NDJSON_NONE)
            p = ndjson_value(d, d->keys[k].column, p);
        else
            p = ndjson_unknown(d, k, p);
        if (p == NULL)
            return NULL;
        p = sm_decode__space(p);
        if (*p == '}')
            return p + 1;
        if (*p != ',')
            return sm_decode__unexpected(&d->x.fault, p, "\",\" or \"}\"");
        p = sm_decode__space(p + 1);
    }
}

static void *ndjson_aside_slot(sm_ndjson *d, const sm_decode_column *column)
{
    size_t c = (size_t)(column - d->columns);
    sm_decode_string *values = d->vectors[c].data;
    if (values == NULL)
        return NULL;
    d->seen[c >> 6] |= UINT64_C(1) << (c & 63);
    return &values[d->row];
}

static void ndjson_put_rescued(sm_ndjson *d)
{
    void *slot = ndjson_aside_slot(d, d->aside.rescued);
    const sm_decode_file *files = d->aside.files;
    if (slot != NULL)
        sm_rescue_put(&d->rescue, files == NULL ? NULL : &files[d->block->file], d->x.scratch,
                      slot);
    sm_rescue_clear(&d->rescue);
    d->tally->misfits += d->x.misfit;
    d->x.misfit = false;
}

/* The record was read: its columns without a value are NULL. */
static inline void ndjson_close_row(sm_ndjson *d)
{
    if (sm_rescue_any(&d->rescue))
        ndjson_put_rescued(d);
    size_t word = d->row >> 6;
    uint64_t bit = UINT64_C(1) << (d->row & 63);
    for (size_t w = 0; w < d->n_words; w++) {
        size_t left = d->n_columns - w * 64;
        uint64_t all = left >= 64 ? UINT64_MAX : (UINT64_C(1) << left) - 1;
        uint64_t missing = all & ~d->seen[w];
        for (; missing != 0; missing &= missing - 1) {
            sm_decode_vector *v = &d->vectors[w * 64 + (size_t)__builtin_ctzll(missing)];
            v->nulls[word] |= bit;
            v->has_null = true;
        }
        d->seen[w] = 0;
    }
    d->row++;
}

static void ndjson_tell(sm_ndjson *d, int64_t offset, int64_t len, const char *reason)
{
    sm_decode_place at = { d->block->file, offset };
    d->tally->records++;
    sm_decode_tally_bad(d->tally, at, len, reason);
}

/* The record is a row of its text alone. */
static void ndjson_corrupt(sm_ndjson *d, const char *end)
{
    void *slot = ndjson_aside_slot(d, d->aside.corrupt);
    if (slot != NULL)
        sm_rescue_raw(sm_decode_block_raw(d->block, d->record, end), d->x.scratch, slot);
    d->tally->records++;
    ndjson_close_row(d);
}

/* The record is none; `end` is its newline. */
static void ndjson_bad(sm_ndjson *d, const char *end)
{
    sm_rescue_clear(&d->rescue);
    d->x.misfit = false;
    memset(d->seen, 0, d->n_words * sizeof *d->seen);
    if (d->aside.corrupt != NULL) {
        ndjson_corrupt(d, end);
        return;
    }
    const sm_decode_fault *f = &d->x.fault;
    char reason[sizeof f->reason + 40];
    snprintf(reason, sizeof reason, f->at == NULL ? "%s" : "%s, at byte %td", f->reason,
             f->at - d->record + 1);
    const char *begin = sm_decode__space(d->record);
    ndjson_tell(d, d->block->offset + (begin - d->block->data), end - begin, reason);
}

/* One line; behind its newline. */
static char *ndjson_line(sm_ndjson *d, char *p)
{
    char *end;
    d->record = p;
    p = sm_decode__space(p);
    if (*p == '\n')
        return p + 1; /* blank */
    d->x.fault.quiet = sm_decode_tally_quiet(d->tally);
    d->x.fault.behind = p;
    end = ndjson_record(d, p);
    if (end != NULL && *(end = sm_decode__space(end)) != '\n')
        end = sm_decode__fault(&d->x.fault, end, "more text behind the record");
    if (end != NULL) {
        d->tally->records++;
        ndjson_close_row(d);
        return end + 1;
    }
    p += d->x.fault.behind - p;
    end = memchr(p, '\n', (size_t)(d->block->end - p) + 1);
    ndjson_bad(d, end);
    return end + 1;
}

size_t sm_ndjson_rows(sm_ndjson *d, sm_decode_vector *vectors, sm_decode_tally *t)
{
    char *end = d->block->end;
    d->vectors = vectors;
    d->tally = t;
    d->row = 0;
    for (size_t i = 0; i < d->n_columns; i++) {
        if (vectors[i].has_null)
            memset(vectors[i].nulls, 0, sizeof vectors[i].nulls);
        vectors[i].has_null = false;
    }
    sm_arena_reset(d->x.scratch);
    while (d->p < end && d->row < SM_DECODE_ROWS)
        d->p = ndjson_line(d, d->p);
    if (d->p >= end && d->block->left_out >= 0 && !d->told) {
        ndjson_tell(d, d->block->left_out, SM_DECODE_NO_END, d->block->why);
        d->told = true;
    }
    return d->row;
}

void sm_ndjson_begin(sm_ndjson *d, const sm_decode_block *block)
{
    d->block = block;
    d->p = block->data;
    d->told = false;
}

/* --- Life --- */

sm_ndjson *sm_ndjson_new(const sm_decode_column *columns, size_t n)
{
    sm_ndjson *d = sm_xcalloc(1, sizeof *d);
    size_t keys = n + SM_DECODE_UNKNOWN, slots = 64;
    while (slots < keys * 2)
        slots *= 2;
    d->columns = columns;
    d->n_columns = n;
    d->n_words = (n + 63) / 64;
    d->arena = sm_arena_new("ndjson keys");
    d->keys = SM_NEW_N(d->arena, ndjson_key, keys + 1);
    d->follower = SM_NEW_N(d->arena, uint32_t, keys + 1);
    d->table = SM_NEW_N(d->arena, uint32_t, slots);
    d->mask = (uint32_t)slots - 1;
    d->seen = SM_NEW_N(d->arena, uint64_t, d->n_words + 1);
    for (uint32_t i = 0; i < n; i++)
        ndjson_add_key(d, columns[i].name, i);
    for (uint32_t i = 0; i <= n; i++) /* the first guess is the order of the columns */
        d->follower[i] = i < n ? i : NDJSON_NONE;
    d->x.scratch = sm_arena_new("ndjson values");
    sm_buf_init(&d->x.text, 4 * (size_t)SM_DECODE_MAX_RECORD);
    d->x.unknown = ndjson_unknown_inside;
    d->x.arg = d;
    sm_rescue_init(&d->rescue);
    return d;
}

/* No field of the data feeds the column. */
static void ndjson_unfeed(sm_ndjson *d, const sm_decode_column *column)
{
    if (column != NULL)
        d->keys[column - d->columns].column = NDJSON_NONE;
}

void sm_ndjson_aside(sm_ndjson *d, const sm_decode_aside *aside)
{
    d->aside = *aside;
    ndjson_unfeed(d, aside->rescued);
    ndjson_unfeed(d, aside->corrupt);
    d->x.rescue = aside->rescued != NULL ? &d->rescue : NULL;
}

void sm_ndjson_free(sm_ndjson *d)
{
    if (d == NULL)
        return;
    sm_rescue_release(&d->rescue);
    sm_buf_release(&d->x.text);
    sm_arena_free(d->x.scratch);
    sm_arena_free(d->arena);
    free(d);
}
