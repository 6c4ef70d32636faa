/* SPDX-License-Identifier: Apache-2.0 */
/* s3_listings.h -- what was listed a moment ago, for the one who would list it again.
 *
 * Columns are inferred from the files that are there, and the look of the run that follows wants
 * the same list.  Any thread. */
#ifndef SM_IO_S3_LISTINGS_H
#define SM_IO_S3_LISTINGS_H

#include "runtime/io/s3_transfer.h"

enum { SM_S3_LISTINGS_MAX = 10000 }; /* objects of all lists that are kept, and lists */

typedef struct sm_s3_listings sm_s3_listings;

/* A list is good for `keep_ms`.  Owned: sm_s3_listings_free. */
sm_s3_listings *sm_s3_listings_new(int64_t keep_ms);
void sm_s3_listings_free(sm_s3_listings *l); /* NULL is fine */

/* `key` says what was asked for, which was at `boot_ms`.  All is copied.  Not kept when it would be
 * too much; what is too old goes. */
void sm_s3_listings_keep(sm_s3_listings *l, sm_sv key, int64_t boot_ms, const sm_s3_object *objects,
                         size_t n);
/* Once; false: there is none of that key, or it is too old.  Lives in `a`. */
bool sm_s3_listings_take(sm_s3_listings *l, sm_sv key, sm_arena *a, sm_s3_object **out, size_t *n);

#endif
