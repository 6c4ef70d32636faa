/* SPDX-License-Identifier: Apache-2.0 */
/* lateness.c -- buckets of lateness: sums, quantiles, and their text. */
#include "runtime/base/lateness.h"

#include <math.h>

void sm_lateness_init(sm_lateness *l)
{
    *l = (sm_lateness){ .newest_us = SM_LATENESS_NO_TIME };
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

void sm_lateness_merge(sm_lateness *l, const sm_lateness *more)
{
    l->newest_us = later(l->newest_us, more->newest_us);
    l->max_us = later(l->max_us, more->max_us);
    l->rows += more->rows;
    l->timeless += more->timeless;
    l->first += more->first;
    l->ahead += more->ahead;
    for (size_t i = 0; i < SM_LATENESS_BUCKETS; i++)
        l->counts[i] += more->counts[i];
}

int64_t sm_lateness_compared(const sm_lateness *l)
{
    int64_t n = l->ahead;

    for (size_t i = 0; i < SM_LATENESS_BUCKETS; i++)
        n += l->counts[i];
    return n;
}

/* The upper end of a bucket: no lateness in it is greater. */
static double end_of(size_t bucket)
{
    return exp2(((double)bucket + 0.5) / SM_LATENESS_PER_DOUBLING) - 1;
}

int64_t sm_lateness_behind(const sm_lateness *l, int64_t delay_us)
{
    int64_t n = 0;

    for (size_t i = SM_LATENESS_BUCKETS; i > 0 && end_of(i - 1) >= (double)delay_us; i--)
        n += l->counts[i - 1];
    return delay_us > l->max_us ? 0 : n;
}

int64_t sm_lateness_quantile(const sm_lateness *l, double q)
{
    double wanted = ceil(q * (double)sm_lateness_compared(l));
    int64_t n = l->ahead;

    if (l->ahead == sm_lateness_compared(l))
        return 0;
    for (size_t i = 0; i < SM_LATENESS_BUCKETS && (double)n < wanted; i++) {
        n += l->counts[i];
        if ((double)n >= wanted)
            return end_of(i) < (double)l->max_us ? (int64_t)end_of(i) : l->max_us;
    }
    return (double)n >= wanted ? 0 : l->max_us;
}

/* ---- as text ---------------------------------------------------------------------- */

sm_json *sm_lateness_json(const sm_lateness *l, sm_arena *a)
{
    sm_json *o = sm_json_object(a), *buckets = sm_json_array(a);

    if (l->newest_us != SM_LATENESS_NO_TIME)
        sm_json_set_int(o, "newest", l->newest_us);
    sm_json_set_int(o, "rows", l->rows);
    sm_json_set_int(o, "timeless", l->timeless);
    sm_json_set_int(o, "first", l->first);
    sm_json_set_int(o, "ahead", l->ahead);
    sm_json_set_int(o, "max", l->max_us);
    for (size_t i = 0; i < SM_LATENESS_BUCKETS; i++) {
        if (l->counts[i] == 0)
            continue;
        sm_json_append(buckets, sm_json_int(a, (int64_t)i));
        sm_json_append(buckets, sm_json_int(a, l->counts[i]));
    }
    sm_json_set(o, "buckets", buckets);
    return o;
}

const sm_json *sm_lateness_of(const sm_json *record, sm_sv stage, sm_sv of, sm_sv column)
{
    const sm_json *stages = sm_json_get(record, "stages");

    for (size_t i = 0; i < sm_json_len(stages); i++) {
        const sm_json *row = sm_json_at(stages, i);

        if (sm_sv_eq(sm_json_get_sv(row, "name", SM_SV("")), stage) &&
            sm_sv_eq(sm_json_get_sv(row, "of", SM_SV("")), of) &&
            sm_sv_eq(sm_json_get_sv(row, "column", SM_SV("")), column))
            return sm_json_get(row, "seen");
    }
    return NULL;
}

void sm_lateness_read(sm_lateness *l, const sm_json *o)
{
    const sm_json *buckets = sm_json_get(o, "buckets");

    sm_lateness_init(l);
    l->newest_us = sm_json_get_int(o, "newest", SM_LATENESS_NO_TIME);
    l->rows = sm_json_get_int(o, "rows", 0);
    l->timeless = sm_json_get_int(o, "timeless", 0);
    l->first = sm_json_get_int(o, "first", 0);
    l->ahead = sm_json_get_int(o, "ahead", 0);
    l->max_us = sm_json_get_int(o, "max", 0);
    for (size_t i = 0; i + 1 < sm_json_len(buckets); i += 2) {
        int64_t bucket = sm_json_int_value(sm_json_at(buckets, i));

        if (bucket >= 0 && bucket < SM_LATENESS_BUCKETS)
            l->counts[bucket] = sm_json_int_value(sm_json_at(buckets, i + 1));
    }
}
