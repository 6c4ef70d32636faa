/* SPDX-License-Identifier: Apache-2.0 */
/* decode_time.c -- ISO 8601 dates and timestamps, the subset that data has. */
#include "runtime/connect/decode_value.h"

#include <stdio.h>

#define US_PER_SECOND INT64_C(1000000)
#define US_PER_DAY    (INT64_C(86400) * US_PER_SECOND)

/* Two digits, or a value that no field accepts. */
static unsigned time_two(const char *p)
{
    unsigned tens = (unsigned)(unsigned char)p[0] - '0', ones = (unsigned)(unsigned char)p[1] - '0';
    return tens > 9 || ones > 9 ? 1000 : tens * 10 + ones;
}

static unsigned time_month_days(unsigned year, unsigned month)
{
    static const unsigned char days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

/* Days since 1970-01-01 of a day of the proleptic Gregorian calendar; years are counted
 * from March, so that the leap day is the last. */
static int32_t time_days(unsigned year, unsigned month, unsigned day)
{
    unsigned y = month <= 2 ? year - 1 : year; /* year >= 1 */
    unsigned era = y / 400, of_era = y % 400;
    unsigned of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    unsigned days = of_era * 365 + of_era / 4 - of_era / 100 + of_year;
    return (int32_t)(era * 146097 + days) - 719468;
}

bool sm_decode__date(const char *p, size_t len, int32_t *out)
{
    if (len != 10 || p[4] != '-' || p[7] != '-')
        return false;
    unsigned high = time_two(p), low = time_two(p + 2);
    unsigned month = time_two(p + 5), day = time_two(p + 8);
    unsigned year = high * 100 + low;
    if (high > 99 || low > 99 || year == 0 || month - 1 > 11 || day - 1 > 30)
        return false;
    if (day > 28 && day > time_month_days(year, month))
        return false;
    *out = time_days(year, month, day);
    return true;
}

/* ".123456789" at `p`: microseconds, cut; how many bytes it took, 0 if malformed. */
static size_t time_fraction(const char *p, size_t len, int64_t *us)
{
    int64_t v = 0;
    size_t i = 1, digits;
    for (; i < len && sm_decode__digit(p[i]); i++) {
        if (i <= 6)
            v = v * 10 + (p[i] - '0');
    }
    digits = i - 1;
    if (digits == 0 || digits > 9)
        return 0;
    for (size_t d = digits; d < 6; d++)
        v *= 10;
    *us += v;
    return i;
}

/* "", "Z", "+02", "+0200", "+02:00": the offset of local time from UTC. */
static bool time_offset(const char *p, size_t len, int64_t *us)
{
    unsigned hours, minutes = 0;
    if (len == 0 || (len == 1 && (*p == 'Z' || *p == 'z'))) {
        *us = 0;
        return true;
    }
    if ((*p != '+' && *p != '-') || (len != 3 && len != 5 && len != 6))
        return false;
    hours = time_two(p + 1);
    if (len == 5)
        minutes = time_two(p + 3);
    else if (len == 6)
        minutes = p[3] == ':' ? time_two(p + 4) : 1000;
    if (hours > 18 || minutes > 59)
        return false;
    *us = (int64_t)(hours * 60 + minutes) * 60 * US_PER_SECOND * (*p == '-' ? -1 : 1);
    return true;
}

/* "12:00", "12:00:01", "12:00:01.5": the time since midnight; bytes it took, 0 if bad. */
static size_t time_of_day(const char *p, size_t len, int64_t *us)
{
    unsigned second = 0;
    size_t used = 5;
    if (len < 5 || p[2] != ':')
        return 0;
    unsigned hour = time_two(p), minute = time_two(p + 3);
    if (len >= 8 && p[5] == ':') {
        second = time_two(p + 6);
        used = 8;
    }
    if (hour > 23 || minute > 59 || second > 59)
        return 0;
    *us = (int64_t)(hour * 3600 + minute * 60 + second) * US_PER_SECOND;
    if (used == 8 && len > 8 && p[8] == '.') {
        size_t fraction = time_fraction(p + 8, len - 8, us);
        return fraction == 0 ? 0 : used + fraction;
    }
    return used;
}

bool sm_decode__timestamp(const char *p, size_t len, int64_t *out)
{
    int32_t days;
    int64_t us = 0, offset = 0;
    if (len < 10 || !sm_decode__date(p, 10, &days))
        return false;
    if (len > 10) {
        if (p[10] != 'T' && p[10] != ' ' && p[10] != 't')
            return false;
        size_t used = time_of_day(p + 11, len - 11, &us);
        if (used == 0)
            return false;
        used += 11;
        if (used < len && p[used] == ' ') /* "12:00:00 +02:00" */
            used++;
        if (used == len ? p[used - 1] == ' ' : !time_offset(p + used, len - used, &offset))
            return false;
    }
    *out = days * US_PER_DAY + us - offset;
    return true;
}

void sm_decode__date_text(int32_t days, char out[40])
{
    int32_t z = days + 719468; /* since 0000-03-01 */
    int32_t era = (z >= 0 ? z : z - 146096) / 146097, of_era = z - era * 146097;
    int32_t y = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int32_t of_year = of_era - (365 * y + y / 4 - y / 100);
    int32_t m = (5 * of_year + 2) / 153, day = of_year - (153 * m + 2) / 5 + 1;
    int32_t year = y + era * 400 + (m >= 10);
    snprintf(out, 40, "%04d-%02d-%02d", year, m < 10 ? m + 3 : m - 9, day);
}

void sm_decode__timestamp_text(int64_t us, char out[40])
{
    int64_t days = us / US_PER_DAY - (us % US_PER_DAY < 0), rest = us - days * US_PER_DAY;
    int64_t seconds = rest / US_PER_SECOND;
    sm_decode__date_text((int32_t)days, out);
    size_t n = strlen(out);
    snprintf(out + n, 40 - n, " %02d:%02d:%02d.%06d", (int)(seconds / 3600),
             (int)(seconds / 60 % 60), (int)(seconds % 60), (int)(rest % US_PER_SECOND));
}
