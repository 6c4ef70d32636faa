/* SPDX-License-Identifier: Apache-2.0 */
/* threshold.c -- one small grammar: > or >=, a number, perhaps a percent sign. */
#include "runtime/base/threshold.h"

enum {
    SCALE = 10000, /* of a percent: four digits behind the point */
    MAX_COUNT_DIGITS = 15,
    MAX_SHARE_DIGITS = 3,
    MAX_POINT_DIGITS = 4,
};

static bool take(sm_sv *s, char c)
{
    if (s->len == 0 || s->ptr[0] != c)
        return false;
    *s = sm_sv_sub(*s, 1, s->len);
    return true;
}

/* Up to `most` digits; how many there were. */
static size_t take_digits(sm_sv *s, size_t most, int64_t *out)
{
    size_t n = 0;

    *out = 0;
    while (n < most && s->len > 0 && s->ptr[0] >= '0' && s->ptr[0] <= '9') {
        *out = 10 * *out + (s->ptr[0] - '0');
        *s = sm_sv_sub(*s, 1, s->len);
        n++;
    }
    return n;
}

static bool parse_count(sm_sv s, sm_threshold *t)
{
    return take_digits(&s, MAX_COUNT_DIGITS, &t->amount) > 0 && s.len == 0;
}

static bool parse_share(sm_sv s, sm_threshold *t)
{
    int64_t point = 0;
    size_t digits = 0;

    t->share = true;
    if (take_digits(&s, MAX_SHARE_DIGITS, &t->amount) == 0)
        return false;
    if (take(&s, '.') && (digits = take_digits(&s, MAX_POINT_DIGITS, &point)) == 0)
        return false;
    for (; digits < MAX_POINT_DIGITS; digits++)
        point *= 10;
    t->amount = t->amount * SCALE + point;
    return s.len == 0 && t->amount <= INT64_C(100) * SCALE;
}

bool sm_threshold_parse(sm_sv text, sm_threshold *out)
{
    sm_threshold t = { 0 };
    sm_sv s = sm_sv_trim(text);

    if (!take(&s, '>'))
        return false;
    t.reached = take(&s, '=');
    s = sm_sv_trim(s);
    if (s.len > 0 && s.ptr[s.len - 1] == '%') {
        if (!parse_share(sm_sv_trim(sm_sv_sub(s, 0, s.len - 1)), &t))
            return false;
    } else if (!parse_count(s, &t)) {
        return false;
    }
    if (t.reached ? t.amount == 0 : t.share && t.amount == INT64_C(100) * SCALE)
        return false;
    *out = t;
    return true;
}

bool sm_threshold_over(const sm_threshold *t, int64_t n, int64_t rows)
{
    /* exact up to 9 billion rows, and close to it above */
    double have = t->share ? 100.0 * SCALE * (double)n : (double)n;
    double bound = t->share ? (double)t->amount * (double)rows : (double)t->amount;

    if (rows <= 0)
        return false;
    return t->reached ? have >= bound : have > bound;
}
