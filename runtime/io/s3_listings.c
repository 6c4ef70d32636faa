/* SPDX-License-Identifier: Apache-2.0 */
/* s3_listings.c -- see the header. */
#include "runtime/io/s3_listings.h"

#include <stdlib.h>

#include "runtime/base/clock.h"

typedef struct listing {
    sm_arena *a; /* of itself */
    sm_sv key;
    sm_s3_object *objects;
    size_t n;
    int64_t boot_ms;
    struct listing *next;
} listing;

struct sm_s3_listings {
    int64_t keep_ms;
    sm_mutex mutex; /* guards the list */
    listing *first;
};

sm_s3_listings *sm_s3_listings_new(int64_t keep_ms)
{
    sm_s3_listings *l = sm_xcalloc(1, sizeof *l);

    l->keep_ms = keep_ms;
    sm_mutex_init(&l->mutex);
    return l;
}

/* Takes the first of that key out, or of any with `key` NULL; NULL: there is none. */
static listing *unlink_first(sm_s3_listings *l, const sm_sv *key)
{
    listing **at = &l->first, *found;

    while (*at != NULL && key != NULL && !sm_sv_eq((*at)->key, *key))
        at = &(*at)->next;
    if ((found = *at) != NULL)
        *at = found->next;
    return found;
}

static void drop(listing *one)
{
    if (one != NULL)
        sm_arena_free(one->a);
}

void sm_s3_listings_free(sm_s3_listings *l)
{
    if (l == NULL)
        return;
    while (l->first != NULL)
        drop(unlink_first(l, NULL));
    sm_mutex_release(&l->mutex);
    free(l);
}

static sm_s3_object *copy_objects(const sm_s3_object *objects, size_t n, sm_arena *a)
{
    sm_s3_object *copy = SM_NEW_N(a, sm_s3_object, n + 1);

    for (size_t i = 0; i < n; i++) {
        copy[i] = objects[i];
        copy[i].key = sm_arena_dup(a, objects[i].key);
        copy[i].etag = sm_arena_dup(a, objects[i].etag);
    }
    return copy;
}

void sm_s3_listings_keep(sm_s3_listings *l, sm_sv key, const sm_s3_object *objects, size_t n)
{
    sm_arena *a;
    listing *one, *old;

    if (n > SM_S3_LISTINGS_MAX)
        return;
    a = sm_arena_new("listing");
    one = SM_NEW(a, listing);
    *one = (listing){ .a = a, .n = n, .boot_ms = sm_clock_boot_ms() };
    one->key = sm_arena_dup(a, key);
    one->objects = copy_objects(objects, n, a);
    sm_mutex_lock(&l->mutex);
    old = unlink_first(l, &key);
    one->next = l->first;
    l->first = one;
    sm_mutex_unlock(&l->mutex);
    drop(old);
}

bool sm_s3_listings_take(sm_s3_listings *l, sm_sv key, sm_arena *a, sm_s3_object **out, size_t *n)
{
    listing *one;
    bool good;

    sm_mutex_lock(&l->mutex);
    one = unlink_first(l, &key);
    sm_mutex_unlock(&l->mutex);
    good = one != NULL && sm_clock_boot_ms() - one->boot_ms < l->keep_ms;
    if (good) {
        *out = copy_objects(one->objects, one->n, a);
        *n = one->n;
    }
    drop(one);
    return good;
}
