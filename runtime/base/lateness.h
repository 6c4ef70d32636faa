/* SPDX-License-Identifier: Apache-2.0 */
/* lateness.h -- how late the rows of a stream came, in little memory: what a delay would have cost.
 *
 * A row's LATENESS is how far its event time lies behind the newest event time that its input had
 * brought in the batches before the row's own.  That is what a batch judges by: a watermark with
 * a delay of x would have stood at or past exactly the rows that came x or more late.  A row that
 * is newer than all before it is AHEAD and has none.  Nothing can be said of rows without a finite
 * event time, nor of those of the first batch that brings any; both are counted apart.
 *
 * Lateness is counted in buckets, sixteen for each doubling, so a quantile is off by at most 4.5%
 * of itself, upwards.  Merging sums; the order does not matter.  Times are microseconds since 1970
 * in UTC, lengths of time microseconds. */
#ifndef SM_BASE_LATENESS_H
#define SM_BASE_LATENESS_H

#include <stdint.h>

#include "runtime/base/json.h"

#define SM_LATENESS_NO_TIME INT64_MIN

enum {
    SM_LATENESS_PER_DOUBLING = 16,
    SM_LATENESS_BUCKETS = 64 * SM_LATENESS_PER_DOUBLING, /* up to 2^63 us */
};

typedef struct sm_lateness {
    int64_t newest_us; /* event time, in whole milliseconds; SM_LATENESS_NO_TIME: none yet */
    int64_t rows;      /* all of them; of these: */
    int64_t timeless;  /* without a finite event time */
    int64_t first;     /* that came when there was nothing to compare them with */
    int64_t ahead;
    int64_t max_us;                      /* the greatest lateness; 0: none */
    int64_t counts[SM_LATENESS_BUCKETS]; /* bucket i: a lateness of x us where 16 log2(x + 1)
                                          * rounds to i */
} sm_lateness;

void sm_lateness_init(sm_lateness *l);
/* Take in what `more` saw after, or beside, `l`. */
void sm_lateness_merge(sm_lateness *l, const sm_lateness *more);

/* Rows that could be compared: ahead, and those in buckets. */
int64_t sm_lateness_compared(const sm_lateness *l);
/* Rows that a watermark with this delay would have stood at or past, and no fewer: the whole of
 * the bucket that holds `delay_us` is among them. */
int64_t sm_lateness_behind(const sm_lateness *l, int64_t delay_us);
/* The lateness that a share of at least q in [0, 1] of the compared rows does not exceed: the
 * upper end of its bucket, at most max_us; 0 when these rows are ahead, or there are none. */
int64_t sm_lateness_quantile(const sm_lateness *l, double q);

/* {"newest":us, "rows":n, "timeless":n, "first":n, "ahead":n, "max":us, "buckets":[i,n, i,n, …]};
 * lives in `a`.  A bucket without rows is missing. */
sm_json *sm_lateness_json(const sm_lateness *l, sm_arena *a);
/* That of a stage in the record of a batch, {"stages":[{"name", "of", "column", "seen":…}]}: what
 * it saw of this column of this dataset.  NULL: there is none. */
const sm_json *sm_lateness_of(const sm_json *record, sm_sv stage, sm_sv of, sm_sv column);
/* What cannot be read counts as never seen. */
void sm_lateness_read(sm_lateness *l, const sm_json *o);

#endif
