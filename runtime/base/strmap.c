/* SPDX-License-Identifier: Apache-2.0 */
/* strmap.c -- open addressing, FNV-1a, at most half full. */
#include "runtime/base/strmap.h"

#include <stdlib.h>

typedef struct slot {
    sm_sv key; /* ptr NULL: free */
    size_t value;
} slot;

struct sm_strmap {
    slot *slots;
    size_t len, cap; /* cap is a power of two */
    bool nocase;
};

static void map_release(void *arg)
{
    sm_strmap *m = arg;

    free(m->slots);
}

static sm_strmap *map_make(sm_arena *a, bool nocase)
{
    sm_strmap *m = SM_NEW(a, sm_strmap);

    m->cap = 16;
    m->nocase = nocase;
    m->slots = sm_xcalloc(m->cap, sizeof *m->slots);
    sm_arena_defer(a, map_release, m);
    return m;
}

sm_strmap *sm_strmap_new(sm_arena *a)
{
    return map_make(a, false);
}

sm_strmap *sm_strmap_new_nocase(sm_arena *a)
{
    return map_make(a, true);
}

static uint64_t hash_key(sm_sv key, bool nocase)
{
    uint64_t h = 1469598103934665603u;

    for (size_t i = 0; i < key.len; i++) {
        unsigned char c = (unsigned char)key.ptr[i];

        if (nocase && c >= 'A' && c <= 'Z')
            c = (unsigned char)(c + ('a' - 'A'));
        h = (h ^ c) * 1099511628211u;
    }
    return h ^ (h >> 32);
}

static bool same_key(const sm_strmap *m, sm_sv a, sm_sv b)
{
    return m->nocase ? sm_sv_eq_nocase(a, b) : sm_sv_eq(a, b);
}

/* The slot that holds `key`, or the free one where it would go. */
static slot *find_slot(const sm_strmap *m, sm_sv key)
{
    size_t i = (size_t)hash_key(key, m->nocase) & (m->cap - 1);

    while (m->slots[i].key.ptr != NULL && !same_key(m, m->slots[i].key, key))
        i = (i + 1) & (m->cap - 1);
    return &m->slots[i];
}

static void grow(sm_strmap *m)
{
    slot *old = m->slots;
    size_t cap = m->cap;

    m->cap *= 2;
    m->slots = sm_xcalloc(m->cap, sizeof *m->slots);
    for (size_t i = 0; i < cap; i++)
        if (old[i].key.ptr != NULL)
            *find_slot(m, old[i].key) = old[i];
    free(old);
}

bool sm_strmap_put(sm_strmap *m, sm_sv key, size_t value)
{
    slot *s;

    if (m->len * 2 >= m->cap)
        grow(m);
    s = find_slot(m, key);
    if (s->key.ptr != NULL)
        return false;
    *s = (slot){ { key.len == 0 ? "" : key.ptr, key.len }, value };
    m->len++;
    return true;
}

void sm_strmap_set(sm_strmap *m, sm_sv key, size_t value)
{
    if (!sm_strmap_put(m, key, value))
        find_slot(m, key)->value = value;
}

bool sm_strmap_get(const sm_strmap *m, sm_sv key, size_t *out)
{
    const slot *s = find_slot(m, key);

    if (s->key.ptr == NULL)
        return false;
    *out = s->value;
    return true;
}

size_t sm_strmap_len(const sm_strmap *m)
{
    return m->len;
}
