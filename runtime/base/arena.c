/* SPDX-License-Identifier: Apache-2.0 */
/* arena.c -- memory in chunks that end together.
 *
 * Under ASan every allocation is a chunk of its own, so that it sees single objects. */
#include "runtime/base/arena.h"

#include <assert.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#if defined(__SANITIZE_ADDRESS__)
#define SINGLE 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SINGLE 1
#endif
#endif
#ifndef SINGLE
#define SINGLE 0
#endif

enum { FIRST_CHUNK = 4096, LARGEST_CHUNK = 1024 * 1024 };

typedef struct chunk {
    struct chunk *next;
    size_t used, size;
    _Alignas(max_align_t) char bytes[];
} chunk;

typedef struct deferred {
    struct deferred *next;
    void (*fn)(void *);
    void *arg;
} deferred;

struct sm_arena {
    const char *name;
    chunk *chunks;
    deferred *deferred;
    size_t bytes, next_size;
};

sm_arena *sm_arena_new(const char *name)
{
    sm_arena *a = sm_xcalloc(1, sizeof *a);

    a->name = name;
    a->next_size = FIRST_CHUNK;
    return a;
}

static void run_deferred(sm_arena *a)
{
    while (a->deferred != NULL) {
        deferred *d = a->deferred;

        a->deferred = d->next;
        d->fn(d->arg);
    }
}

static void free_chunks(chunk *c)
{
    while (c != NULL) {
        chunk *next = c->next;

        free(c);
        c = next;
    }
}

void sm_arena_reset(sm_arena *a)
{
    run_deferred(a);
    free_chunks(a->chunks);
    a->chunks = NULL;
    a->bytes = 0;
    a->next_size = FIRST_CHUNK;
}

void sm_arena_free(sm_arena *a)
{
    if (a == NULL)
        return;
    sm_arena_reset(a);
    free(a);
}

static chunk *chunk_new(size_t size, chunk **place)
{
    chunk *c = sm_xcalloc(1, sizeof *c + size);

    c->size = size;
    c->next = *place;
    *place = c;
    return c;
}

static size_t align_up(size_t n, size_t align)
{
    return (n + align - 1) & ~(align - 1);
}

/* A chunk with room for `size` bytes.  A large object gets one of its own, behind the chunk
 * that is being filled. */
static chunk *chunk_for(sm_arena *a, size_t size, size_t align)
{
    chunk *c = a->chunks;
    size_t shared = a->next_size;

    if (!SINGLE && c != NULL && align_up(c->used, align) + size <= c->size)
        return c;
    if (SINGLE || size > shared / 2)
        return chunk_new(size, c == NULL ? &a->chunks : &c->next);
    if (a->next_size < LARGEST_CHUNK)
        a->next_size *= 2;
    return chunk_new(shared, &a->chunks);
}

void *sm_arena_alloc(sm_arena *a, size_t size, size_t align, size_t count)
{
    size_t bytes = size * count, at;
    chunk *c;

    assert(align <= _Alignof(max_align_t));
    if (size != 0 && bytes / size != count)
        bytes = SIZE_MAX / 2; /* no such amount exists: ends in the abort */
    if (bytes == 0)
        bytes = 1;
    c = chunk_for(a, bytes, align);
    at = align_up(c->used, align);
    c->used = at + bytes;
    a->bytes += bytes;
    return c->bytes + at;
}

sm_sv sm_arena_dup(sm_arena *a, sm_sv s)
{
    char *p = sm_arena_alloc(a, 1, 1, s.len + 1);

    if (s.len > 0)
        memcpy(p, s.ptr, s.len);
    return (sm_sv){ p, s.len };
}

const char *sm_arena_cstr(sm_arena *a, sm_sv s)
{
    return sm_arena_dup(a, s).ptr;
}

sm_sv sm_arena_printf(sm_arena *a, const char *fmt, ...)
{
    va_list ap, again;
    char *p;
    int n;

    va_start(ap, fmt);
    va_copy(again, ap);
    n = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    assert(n >= 0);
    p = sm_arena_alloc(a, 1, 1, (size_t)n + 1);
    vsnprintf(p, (size_t)n + 1, fmt, ap);
    va_end(ap);
    return (sm_sv){ p, (size_t)n };
}

void sm_arena_defer(sm_arena *a, void (*fn)(void *), void *arg)
{
    deferred *d = SM_NEW(a, deferred);

    d->fn = fn;
    d->arg = arg;
    d->next = a->deferred;
    a->deferred = d;
}

size_t sm_arena_bytes(const sm_arena *a)
{
    return a->bytes;
}
