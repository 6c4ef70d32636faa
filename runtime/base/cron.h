/* SPDX-License-Identifier: Apache-2.0 */
/* cron.h -- timetables of five fields, as crontab(5) has them.
 *
 *     minute hour day-of-month month day-of-week
 *     0 6 * * mon-fri      15,45 8-18/2 1 * *      @daily
 *
 * A field is `*`, a value, a range a-b, each perhaps with a step /n, or several of them with
 * commas.  Months are 1-12 or jan-dec, weekdays 0-7 or sun-sat, where 0 and 7 are Sunday.  When
 * both days are given (neither begins with `*`), either of them is enough.
 *
 * SUMMER TIME.  When the hour field begins with `*`, slots follow the clock as it really goes:
 * nothing where it jumps forward, twice where it goes back.  Else a slot is a local time of the
 * day: one that is jumped over is due right behind the gap, one that comes twice is due at the
 * first. */
#ifndef SM_BASE_CRON_H
#define SM_BASE_CRON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/base/error.h"
#include "runtime/base/str.h"
#include "runtime/base/zone.h"

typedef struct sm_cron {
    uint64_t minutes; /* bit n: minute n */
    uint32_t hours, days, months;
    uint8_t weekdays;
    bool any_day, any_weekday; /* the field begins with `*` */
    bool every_hour;           /* likewise: slots follow the real clock */
} sm_cron;

/* SM_E_INVALID: `*at` is the byte of `text` where the fault begins. */
sm_code sm_cron_parse(sm_sv text, sm_cron *out, size_t *at, sm_error *err);

/* The first slot after `after_ms`, in ms since 1970, UTC.  -1: there is none within the next
 * SM_CRON_YEARS (the 30th of February), or none before zone->until_ms. */
int64_t sm_cron_next(const sm_cron *c, const sm_zone *zone, int64_t after_ms);

enum {
    SM_CRON_YEARS = 30
}; /* a 29th of February on one weekday comes within 28, or 40 around 2100 */

#endif
