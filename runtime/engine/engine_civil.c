/* SPDX-License-Identifier: Apache-2.0 */
/* engine_civil.c -- days and microseconds as text, in DuckDB's forms.
 *
 *     DATE       2026-01-31 · 0044-03-15 (BC) · infinity
 *     TIME       12:00:00 · 12:00:00.5
 *     TIMESTAMP  2026-01-31 12:00:00.000123
 *     INTERVAL   1 year 2 months 3 days 04:05:06.7 · 00:00:00
 */
#include <limits.h>
#include <stdlib.h>

#include "runtime/engine/engine_int.h"

enum { DAY_SECONDS = 86400 };

typedef struct civil {
    int64_t year;
    int month, day;
} civil;

/* The Gregorian date of a day number, by eras of 400 years that begin on 1 March. */
static civil civil_of_days(int64_t days)
{
    int64_t shifted = days + 719468; /* days from 0000-03-01 to 1970-01-01 */
    int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    int64_t of_era = shifted - era * 146097;
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * of_year + 2) / 153; /* 0 is March */
    civil c = { .day = (int)(of_year - (153 * month + 2) / 5 + 1),
                .month = (int)(month < 10 ? month + 3 : month - 9) };

    c.year = year + era * 400 + (c.month <= 2 ? 1 : 0);
    return c;
}

static void civil_add(civil c, sm_buf *b)
{
    int64_t year = c.year > 0 ? c.year : 1 - c.year;

    sm_buf_addf(b, "%04lld-%02d-%02d", (long long)year, c.month, c.day);
}

static void fraction_add(int64_t value, int digits, sm_buf *b)
{
    char text[16];
    int n = digits;

    if (value == 0)
        return;
    for (int i = digits - 1; i >= 0; i--, value /= 10)
        text[i] = (char)('0' + value % 10);
    while (text[n - 1] == '0')
        n--;
    sm_buf_addc(b, '.');
    sm_buf_add(b, (sm_sv){ text, (size_t)n });
}

static void clock_add(int64_t seconds, sm_buf *b)
{
    sm_buf_addf(b, "%02lld:%02lld:%02lld", (long long)(seconds / 3600),
                (long long)(seconds / 60 % 60), (long long)(seconds % 60));
}

void sm_value__date(int32_t days, sm_buf *b)
{
    civil c;

    if (days == INT32_MAX || days == -INT32_MAX) {
        sm_buf_adds(b, days > 0 ? "infinity" : "-infinity");
        return;
    }
    c = civil_of_days(days);
    civil_add(c, b);
    if (c.year <= 0)
        sm_buf_adds(b, " (BC)");
}

void sm_value__time(int64_t micros, sm_buf *b)
{
    clock_add(micros / 1000000, b);
    fraction_add(micros % 1000000, 6, b);
}

void sm_value__timestamp(int64_t seconds, int64_t nanos, sm_buf *b)
{
    int64_t days = seconds / DAY_SECONDS, rest = seconds % DAY_SECONDS;
    civil c;

    if (rest < 0) {
        rest += DAY_SECONDS;
        days--;
    }
    c = civil_of_days(days);
    civil_add(c, b);
    sm_buf_addc(b, ' ');
    clock_add(rest, b);
    fraction_add(nanos, 9, b);
    if (c.year <= 0)
        sm_buf_adds(b, " (BC)");
}

static void unit_add(int64_t n, const char *unit, sm_buf *b, bool *any)
{
    if (n == 0)
        return;
    sm_buf_addf(b, "%s%lld %s%s", *any ? " " : "", (long long)n, unit,
                n == 1 || n == -1 ? "" : "s");
    *any = true;
}

void sm_value__interval(int32_t months, int32_t days, int64_t micros, sm_buf *b)
{
    bool any = false;

    unit_add(months / 12, "year", b, &any);
    unit_add(months % 12, "month", b, &any);
    unit_add(days, "day", b, &any);
    if (micros == 0 && any)
        return;
    if (any)
        sm_buf_addc(b, ' ');
    if (micros < 0)
        sm_buf_addc(b, '-');
    uint64_t magnitude = micros < 0 ? 0 - (uint64_t)micros : (uint64_t)micros;
    clock_add((int64_t)(magnitude / 1000000), b);
    fraction_add((int64_t)(magnitude % 1000000), 6, b);
}
