/* SPDX-License-Identifier: Apache-2.0 */
/* duration.c -- a sum of numbers with units, or the fields of an SQL interval. */
#include "runtime/base/duration.h"

#include <stdbool.h>

#define SECOND INT64_C(1000000)
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)
#define MONTH  (31 * DAY)
#define YEAR   (12 * MONTH)
#define MOST   (10000 * YEAR)

enum { MAX_FRACTION = 6 };

typedef struct unit {
    const char *name; /* of one; an s behind it is the same */
    int64_t us;
} unit;

static const unit units[] = {
    { "us", 1 },      { "microsecond", 1 },    { "ms", 1000 },    { "msec", 1000 },
    { "s", SECOND },  { "millisecond", 1000 }, { "sec", SECOND }, { "second", SECOND },
    { "m", MINUTE },  { "min", MINUTE },       { "h", HOUR },     { "minute", MINUTE },
    { "hr", HOUR },   { "hour", HOUR },        { "d", DAY },      { "day", DAY },
    { "w", 7 * DAY }, { "week", 7 * DAY },     { "mon", MONTH },  { "month", MONTH },
    { "y", YEAR },    { "yr", YEAR },          { "year", YEAR },
};

/* Fields of `interval '…' a TO b`, and what stands behind each in the text. */
static const struct {
    unit unit;
    char behind;
} fields[] = {
    { { "year", YEAR }, '-' }, { { "month", MONTH }, '\0' },  { { "day", DAY }, ' ' },
    { { "hour", HOUR }, ':' }, { { "minute", MINUTE }, ':' }, { { "second", SECOND }, '\0' },
};

#define N_UNITS  (sizeof units / sizeof *units)
#define N_FIELDS (sizeof fields / sizeof *fields)

static bool is_digit(sm_sv s, size_t i)
{
    return i < s.len && s.ptr[i] >= '0' && s.ptr[i] <= '9';
}

static bool is_letter(sm_sv s, size_t i)
{
    return i < s.len && ((s.ptr[i] | 32) >= 'a' && (s.ptr[i] | 32) <= 'z');
}

static void skip(sm_sv *s, size_t n)
{
    *s = sm_sv_sub(*s, n, s->len);
}

static bool take(sm_sv *s, char c)
{
    if (s->len == 0 || s->ptr[0] != c)
        return false;
    skip(s, 1);
    return true;
}

static sm_sv take_word(sm_sv *s)
{
    sm_sv word = *s;

    word.len = 0;
    while (is_letter(*s, word.len))
        word.len++;
    skip(s, word.len);
    return word;
}

/* -1 or 1. */
static int64_t take_sign(sm_sv *s)
{
    if (take(s, '-'))
        return -1;
    (void)take(s, '+');
    return 1;
}

static bool names(const unit *u, sm_sv word)
{
    if (sm_sv_eq_nocase(word, sm_sv_cstr(u->name)))
        return true;
    return word.len > 2 && (word.ptr[word.len - 1] | 32) == 's' &&
           sm_sv_eq_nocase(sm_sv_sub(word, 0, word.len - 1), sm_sv_cstr(u->name));
}

/* A number without a sign, perhaps with digits behind a point. */
typedef struct number {
    int64_t whole, part; /* part: in millionths */
} number;

static bool take_number(sm_sv *s, number *out)
{
    size_t n = 0, digits = 0;

    *out = (number){ 0 };
    while (is_digit(*s, n))
        n++;
    if (!sm_sv_to_int64(sm_sv_sub(*s, 0, n), &out->whole))
        return false;
    skip(s, n);
    if (!take(s, '.'))
        return true;
    for (; is_digit(*s, 0) && digits < MAX_FRACTION; digits++) {
        out->part = 10 * out->part + (s->ptr[0] - '0');
        skip(s, 1);
    }
    if (digits == 0 || is_digit(*s, 0))
        return false;
    for (; digits < MAX_FRACTION; digits++)
        out->part *= 10;
    return true;
}

/* Adds n times `us`; a part of a month has no length. */
static bool add(int64_t *sum, int64_t sign, const number *n, int64_t us)
{
    int64_t whole;

    if ((n->part != 0 && us >= MONTH) || __builtin_mul_overflow(n->whole, sign * us, &whole) ||
        __builtin_add_overflow(*sum, whole, sum))
        return false;
    return !__builtin_add_overflow(*sum, sign * (n->part * us / SECOND), sum);
}

/* "2:30" or "2:30:00.5" behind the number of hours. */
static bool add_clock(sm_sv *s, int64_t sign, const number *hours, int64_t *sum)
{
    number minutes, seconds;

    if (hours->part != 0 || !take(s, ':') || !take_number(s, &minutes) || minutes.part != 0 ||
        !add(sum, sign, hours, HOUR) || !add(sum, sign, &minutes, MINUTE))
        return false;
    return !take(s, ':') || (take_number(s, &seconds) && add(sum, sign, &seconds, SECOND));
}

static bool add_unit(sm_sv *s, int64_t sign, const number *n, int64_t *sum)
{
    sm_sv word;

    *s = sm_sv_trim(*s);
    word = take_word(s);
    for (size_t i = 0; i < N_UNITS; i++)
        if (names(&units[i], word))
            return add(sum, sign, n, units[i].us);
    return false;
}

/* "2 hours 30 minutes", "1 day 02:03:04". */
static bool read_sum(sm_sv s, int64_t *out)
{
    number n;

    if (s.len == 0)
        return false;
    for (s = sm_sv_trim(s); s.len > 0; s = sm_sv_trim(s)) {
        int64_t sign = take_sign(&s);

        s = sm_sv_trim(s);
        if (!take_number(&s, &n))
            return false;
        if (!(s.len > 0 && s.ptr[0] == ':' ? add_clock(&s, sign, &n, out)
                                           : add_unit(&s, sign, &n, out)))
            return false;
    }
    return true;
}

static size_t field_of(sm_sv word)
{
    size_t i = 0;

    while (i < N_FIELDS && !names(&fields[i].unit, word))
        i++;
    return i;
}

/* The fields of '1 2:3:4' DAY TO SECOND. */
static bool read_fields(sm_sv s, size_t from, size_t to, int64_t *out)
{
    int64_t sign;
    number n;

    s = sm_sv_trim(s);
    sign = take_sign(&s);
    for (size_t i = from; i <= to; i++) {
        if (!take_number(&s, &n) || (n.part != 0 && i < N_FIELDS - 1) ||
            !add(out, sign, &n, fields[i].unit.us))
            return false;
        if (i < to && (fields[i].behind == '\0' || !take(&s, fields[i].behind)))
            return false;
    }
    return s.len == 0;
}

static bool read_qualified(sm_sv body, sm_sv behind, int64_t *out)
{
    size_t from = field_of(take_word(&behind)), to = from;

    behind = sm_sv_trim(behind);
    if (behind.len > 0) {
        if (!sm_sv_eq_nocase(take_word(&behind), SM_SV("to")))
            return false;
        behind = sm_sv_trim(behind);
        to = field_of(take_word(&behind));
    }
    return behind.len == 0 && from <= to && to < N_FIELDS && read_fields(body, from, to, out);
}

static bool read_text(sm_sv s, int64_t *out)
{
    sm_sv word = SM_SV("interval"), body;
    char quote;
    ptrdiff_t end;

    *out = 0;
    if (s.len >= word.len && sm_sv_eq_nocase(sm_sv_sub(s, 0, word.len), word))
        s = sm_sv_trim(sm_sv_sub(s, word.len, s.len));
    quote = s.len > 0 ? s.ptr[0] : '\0';
    if (quote != '\'' && quote != '"')
        return read_sum(s, out);
    skip(&s, 1);
    end = sm_sv_find_char(s, quote);
    if (end < 0)
        return false;
    body = sm_sv_sub(s, 0, (size_t)end);
    s = sm_sv_trim(sm_sv_sub(s, (size_t)end + 1, s.len));
    return s.len == 0 ? read_sum(body, out) : read_qualified(body, s, out);
}

sm_code sm_duration_parse(sm_sv text, int64_t *us_out, sm_error *err)
{
    int64_t us;

    if (!read_text(sm_sv_trim(text), &us))
        return sm_fail(err, SM_E_INVALID, 0,
                       "\"%.*s\" is no duration; write 500ms, 10s, 5m, 2h, 1d or 10 minutes",
                       SM_SV_ARG(text));
    if (us < 0)
        return sm_fail(err, SM_E_INVALID, 0, "\"%.*s\" is negative", SM_SV_ARG(text));
    if (us > MOST)
        return sm_fail(err, SM_E_INVALID, 0, "\"%.*s\" is longer than 10,000 years",
                       SM_SV_ARG(text));
    *us_out = us;
    return SM_OK;
}

sm_sv sm_duration_text(int64_t us, sm_arena *a)
{
    static const unit shown[] = { { "us", 1 },     { "ms", 1000 }, { "s", SECOND },
                                  { "m", MINUTE }, { "h", HOUR },  { "d", DAY } };
    size_t i = 0;

    if (us == 0)
        return SM_SV("0s");
    while (i + 1 < sizeof shown / sizeof *shown && us % shown[i + 1].us == 0)
        i++;
    return sm_arena_printf(a, "%lld%s", (long long)(us / shown[i].us), shown[i].name);
}
