/* SPDX-License-Identifier: Apache-2.0 */
/* clock.c -- clocks, and the texts of times, durations and sizes. */
#include "runtime/base/clock.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "runtime/base/thread.h"

static _Atomic int64_t stopped_ms = -1;
static sm_once once = SM_ONCE_INIT;

static void read_environment(void)
{
    const char *text = getenv("SM_CLOCK");
    int64_t ms = 0;
    sm_error ignored;

    if (text == NULL)
        return;
    if (sm_time_parse(sm_sv_cstr(text), &ms, &ignored) != SM_OK) {
        fprintf(stderr, "smelt: SM_CLOCK is no RFC 3339 time: %s\n", text);
        exit(2);
    }
    atomic_store(&stopped_ms, ms);
}

static int64_t read_clock_us(clockid_t id)
{
    struct timespec t;

    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t sm_clock_now_ms(void)
{
    int64_t stopped;

    sm_once_run(&once, read_environment);
    stopped = atomic_load(&stopped_ms);
    return stopped >= 0 ? stopped : read_clock_us(CLOCK_REALTIME) / 1000;
}

int64_t sm_clock_true_ms(void)
{
    return read_clock_us(CLOCK_REALTIME) / 1000;
}

int64_t sm_clock_boot_ms(void)
{
    return read_clock_us(CLOCK_BOOTTIME) / 1000;
}

int64_t sm_clock_boot_us(void)
{
    return read_clock_us(CLOCK_BOOTTIME);
}

int64_t sm_clock_cpu_us(void)
{
    return read_clock_us(CLOCK_PROCESS_CPUTIME_ID);
}

void sm_clock_set_ms(int64_t ms)
{
    sm_once_run(&once, read_environment);
    atomic_store(&stopped_ms, ms < 0 ? -1 : ms);
}

/* ---- times ----------------------------------------------------------------------- */

/* Days since 1970-01-01 of a proleptic Gregorian date, and back; the usual arithmetic over
 * eras of 400 years that begin in March. */
static int64_t days_of_date(int64_t y, int64_t m, int64_t d)
{
    int64_t era, yoe, doy;

    y -= m <= 2;
    era = (y >= 0 ? y : y - 399) / 400;
    yoe = y - era * 400;
    doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static void date_of_days(int64_t days, int64_t *y, int64_t *m, int64_t *d)
{
    int64_t z = days + 719468, era = (z >= 0 ? z : z - 146096) / 146097, doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;

    *d = doy - (153 * mp + 2) / 5 + 1;
    *m = mp < 10 ? mp + 3 : mp - 9;
    *y = yoe + era * 400 + (*m <= 2);
}

/* A day that the calendar has: it comes back from its number as it went in. */
static bool is_date(int64_t y, int64_t m, int64_t d)
{
    int64_t y2, m2, d2;

    date_of_days(days_of_date(y, m, d), &y2, &m2, &d2);
    return d >= 1 && y == y2 && m == m2 && d == d2;
}

void sm_buf_add_time(sm_buf *b, int64_t ms)
{
    int64_t day = ms / 86400000, rest = ms % 86400000, y, m, d;

    if (rest < 0) {
        rest += 86400000;
        day--;
    }
    date_of_days(day, &y, &m, &d);
    sm_buf_addf(b, "%04lld-%02lld-%02lldT%02lld:%02lld:%02lld.%03lldZ", (long long)y, (long long)m,
                (long long)d, (long long)(rest / 3600000), (long long)(rest / 60000 % 60),
                (long long)(rest / 1000 % 60), (long long)(rest % 1000));
}

sm_sv sm_time_rfc3339(int64_t ms, sm_arena *a)
{
    sm_buf b;
    sm_sv out;

    sm_buf_init(&b, 64);
    sm_buf_add_time(&b, ms);
    out = sm_arena_dup(a, sm_buf_sv(&b));
    sm_buf_release(&b);
    return out;
}

/* `n` digits at *at; -1 when they are none. */
static int64_t digits(sm_sv s, size_t *at, size_t n)
{
    int64_t v = 0;

    if (s.len - *at < n)
        return -1;
    for (size_t i = 0; i < n; i++) {
        char c = s.ptr[*at + i];

        if (c < '0' || c > '9')
            return -1;
        v = v * 10 + (c - '0');
    }
    *at += n;
    return v;
}

static bool skip(sm_sv s, size_t *at, const char *any)
{
    if (*at >= s.len || strchr(any, s.ptr[*at]) == NULL)
        return false;
    (*at)++;
    return true;
}

/* ".503999": milliseconds, further digits are cut off. */
static int64_t fraction_ms(sm_sv s, size_t *at)
{
    int64_t ms = 0, scale = 100;

    if (!skip(s, at, "."))
        return 0;
    for (; *at < s.len && s.ptr[*at] >= '0' && s.ptr[*at] <= '9'; (*at)++, scale /= 10)
        ms += (s.ptr[*at] - '0') * scale;
    return ms;
}

/* "Z", "+02:00": minutes east; false when it is none or text follows. */
static bool zone_minutes(sm_sv s, size_t at, int64_t *out)
{
    int64_t sign, h, m;

    *out = 0;
    if (skip(s, &at, "Zz"))
        return at == s.len;
    if (at >= s.len || (s.ptr[at] != '+' && s.ptr[at] != '-'))
        return false;
    sign = s.ptr[at++] == '-' ? -1 : 1;
    h = digits(s, &at, 2);
    if (!skip(s, &at, ":"))
        return false;
    m = digits(s, &at, 2);
    *out = sign * (h * 60 + m);
    return h >= 0 && h < 24 && m >= 0 && m < 60 && at == s.len;
}

sm_code sm_time_parse(sm_sv text, int64_t *ms_out, sm_error *err)
{
    size_t at = 0;
    int64_t y = digits(text, &at, 4), mon, d, h, min, s, ms, zone;
    bool ok = y >= 0 && skip(text, &at, "-");

    mon = ok ? digits(text, &at, 2) : -1;
    ok = ok && mon >= 1 && mon <= 12 && skip(text, &at, "-");
    d = ok ? digits(text, &at, 2) : -1;
    ok = ok && is_date(y, mon, d) && skip(text, &at, "Tt ");
    h = ok ? digits(text, &at, 2) : -1;
    ok = ok && h >= 0 && h < 24 && skip(text, &at, ":");
    min = ok ? digits(text, &at, 2) : -1;
    ok = ok && min >= 0 && min < 60 && skip(text, &at, ":");
    s = ok ? digits(text, &at, 2) : -1;
    ok = ok && s >= 0 && s <= 60;
    ms = ok ? fraction_ms(text, &at) : 0;
    ok = ok && zone_minutes(text, at, &zone);
    if (!ok)
        return sm_fail(err, SM_E_INVALID, 0,
                       "\"%.*s\" is no time; write it as 2026-01-31T09:30:00Z", SM_SV_ARG(text));
    *ms_out = ((days_of_date(y, mon, d) * 24 + h) * 60 + min - zone) * 60000 + s * 1000 + ms;
    return SM_OK;
}

/* ---- durations and sizes --------------------------------------------------------- */

typedef struct unit {
    const char *name;
    int64_t factor;
} unit;

static const unit time_units[] = {
    { "ms", 1 },           { "s", 1000 },          { "m", 60000 },
    { "h", 3600000 },      { "d", 86400000 },      { "millisecond", 1 },
    { "milliseconds", 1 }, { "second", 1000 },     { "seconds", 1000 },
    { "minute", 60000 },   { "minutes", 60000 },   { "hour", 3600000 },
    { "hours", 3600000 },  { "day", 86400000 },    { "days", 86400000 },
    { "week", 604800000 }, { "weeks", 604800000 }, { NULL, 0 },
};

static const unit size_units[] = {
    { "", 1 },
    { "B", 1 },
    { "kB", 1000 },
    { "KB", 1000 },
    { "MB", 1000000 },
    { "GB", 1000000000 },
    { "TB", 1000000000000 },
    { "KiB", 1024 },
    { "MiB", 1024 * 1024 },
    { "GiB", 1024 * 1024 * 1024 },
    { "TiB", (int64_t)1024 * 1024 * 1024 * 1024 },
    { NULL, 0 },
};

/* A whole number and a unit, in units of 1. */
static bool number_with_unit(sm_sv text, const unit *units, int64_t *out)
{
    sm_sv s = sm_sv_trim(text), name;
    size_t n = 0;
    int64_t v;

    while (n < s.len && s.ptr[n] >= '0' && s.ptr[n] <= '9')
        n++;
    if (!sm_sv_to_int64(sm_sv_sub(s, 0, n), &v))
        return false;
    name = sm_sv_trim(sm_sv_sub(s, n, s.len));
    for (; units->name != NULL; units++)
        if (sm_sv_eq_str(name, units->name))
            return !__builtin_mul_overflow(v, units->factor, out);
    return false;
}

sm_code sm_parse_duration(sm_sv text, int64_t *ms_out, sm_error *err)
{
    if (number_with_unit(text, time_units, ms_out))
        return SM_OK;
    return sm_fail(err, SM_E_INVALID, 0,
                   "\"%.*s\" is no duration; write 500ms, 10s, 5m, 2h, 1d or 10 minutes",
                   SM_SV_ARG(text));
}

sm_code sm_parse_size(sm_sv text, int64_t *bytes_out, sm_error *err)
{
    if (number_with_unit(text, size_units, bytes_out))
        return SM_OK;
    return sm_fail(err, SM_E_INVALID, 0, "\"%.*s\" is no size; write 64MiB, 1GB or 4096",
                   SM_SV_ARG(text));
}

void sm_buf_add_duration(sm_buf *b, int64_t ms)
{
    if (ms < 1000)
        sm_buf_addf(b, "%lld ms", (long long)ms);
    else if (ms < 60000)
        sm_buf_addf(b, "%lld.%lld s", (long long)(ms / 1000), (long long)(ms / 100 % 10));
    else if (ms < 3600000)
        sm_buf_addf(b, "%lld min %lld s", (long long)(ms / 60000), (long long)(ms / 1000 % 60));
    else if (ms >= 48 * INT64_C(3600000))
        sm_buf_addf(b, "%lld d %lld h", (long long)(ms / 86400000), (long long)(ms / 3600000 % 24));
    else
        sm_buf_addf(b, "%lld h %lld min", (long long)(ms / 3600000), (long long)(ms / 60000 % 60));
}

void sm_buf_add_size(sm_buf *b, int64_t bytes)
{
    static const char *const names[] = { "B", "kB", "MB", "GB", "TB" };
    double v = (double)bytes;
    int i = 0;

    while ((v >= 1000 || (i > 0 && v >= 999.95)) && i < 4) {
        v /= 1000;
        i++;
    }
    sm_buf_addf(b, i == 0 ? "%.0f %s" : "%.1f %s", v, names[i]);
}

void sm_buf_add_count(sm_buf *b, int64_t n)
{
    char text[32];
    int len = snprintf(text, sizeof text, "%lld", (long long)n), from = text[0] == '-' ? 1 : 0;

    for (int i = 0; i < len; i++) {
        if (i > from && (len - i) % 3 == 0)
            sm_buf_addc(b, ',');
        sm_buf_addc(b, text[i]);
    }
}
