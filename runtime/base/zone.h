/* SPDX-License-Identifier: Apache-2.0 */
/* zone.h -- a time zone as a list of the moments when its distance from UTC changes.
 *
 * Where the list comes from is not known here: the engine has the tables of the world's zones. */
#ifndef SM_BASE_ZONE_H
#define SM_BASE_ZONE_H

#include <stddef.h>
#include <stdint.h>

/* From `at_ms` on (since 1970, UTC) local time is UTC plus `offset_ms`. */
typedef struct sm_zone_shift {
    int64_t at_ms, offset_ms;
} sm_zone_shift;

typedef struct sm_zone {
    const sm_zone_shift *shifts; /* by time; the first holds for all that was before it, too */
    size_t n;                    /* 0: UTC */
    int64_t until_ms;            /* what comes behind is not known; 0: it is */
} sm_zone;

#endif
