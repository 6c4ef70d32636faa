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
    size_t n; /* objects and lists in it */
};

sm_s3_listings *sm_s3_listings_new(int64_t keep_ms)
{
    sm_s3_listings *l = sm_xcalloc(1, sizeof *l);

    l->keep_ms = keep_ms;
    sm_mutex_init(&l->mutex);
    return l;
}

/* Takes the first of that key out, or of any with `key` NULL; NULL: there is none.  With the mutex.
 */
static listing *unlink_first(sm_s3_listings *l, const sm_sv *key)
{
    listing **at = &l->first, *found;

    while (*at != NULL && key != NULL && !sm_sv_eq((*at)->key, *key))
        at = &(*at)->next;
    if ((found = *at) == NULL)
        return NULL;
    *at = found->next;
    l->n -= found->n + 1;
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

static bool is_good(const sm_s3_listings *l, const listing *one)
{
    return sm_clock_boot_ms() - one->boot_ms < l->keep_ms;
}

/* The newest ones come first.  With the mutex. */
static void drop_old(sm_s3_listings *l)
{
    listing **at = &l->first, *old;

    while (*at != NULL && is_good(l, *at))
        at = &(*at)->next;
    while ((old = *at) != NULL) {
        *at = old->next;
        l->n -= old->n + 1;
        drop(old);
    }
}

void sm_s3_listings_keep(sm_s3_listings *l, sm_sv key, int64_t boot_ms, const sm_s3_object *objects,
                         size_t n)
{
    sm_arena *a = sm_arena_new("listing");
    listing *one = SM_NEW(a, listing);

    *one = (listing){ .a = a, .n = n, .boot_ms = boot_ms };
    sm_mutex_lock(&l->mutex);
    drop(unlink_first(l, &key));
    drop_old(l);
    if (l->n + n + 1 > SM_S3_LISTINGS_MAX) {
        sm_arena_free(a);
    } else {
        one->key = sm_arena_dup(a, key);
        one->objects = copy_objects(objects, n, a);
        one->next = l->first;
        l->first = one;
        l->n += n + 1;
    }
    sm_mutex_unlock(&l->mutex);
}

bool sm_s3_listings_take(sm_s3_listings *l, sm_sv key, sm_arena *a, sm_s3_object **out, size_t *n)
{
    listing *one;
    bool good;

    sm_mutex_lock(&l->mutex);
    one = unlink_first(l, &key);
    sm_mutex_unlock(&l->mutex);
    good = one != NULL && is_good(l, one);
    if (good) {
        *out = copy_objects(one->objects, one->n, a);
        *n = one->n;
    }
    drop(one);
    return good;
}
