/* SPDX-License-Identifier: Apache-2.0 */
/* cron.c -- fields to bits, and the next slot.
 *
 * Local time is counted in minutes since 1970 as if it were UTC.  A zone cuts real time into
 * pieces of one offset each, and the next slot is looked for piece by piece:
 *
 *     real time   ├────────── +1 h ─────────┼────────── +2 h ─────────┼──── +1 h ────
 *     local       …          01:59    03:00 │          …        02:59 │ 02:00 …
 *                                 gap ──────┘            again ───────┘
 */
#include "runtime/base/cron.h"

#include <string.h>

enum { MINUTE_MS = 60000, DAY_MINUTES = 1440, WEEKDAY_OF_1970 = 4 };

/* ---- parsing --------------------------------------------------------------------- */

static const char *const month_names[] = { "jan", "feb", "mar", "apr", "may", "jun",
                                           "jul", "aug", "sep", "oct", "nov", "dec" };
static const char *const weekday_names[] = { "sun", "mon", "tue", "wed", "thu", "fri", "sat" };

typedef struct field {
    const char *name;
    int min, max;
    const char *const *names; /* of min, min + 1, …; or NULL */
    int n_names;
} field;

static const field fields[] = {
    { "minute", 0, 59, NULL, 0 },
    { "hour", 0, 23, NULL, 0 },
    { "day of the month", 1, 31, NULL, 0 },
    { "month", 1, 12, month_names, 12 },
    { "day of the week", 0, 7, weekday_names, 7 },
};

enum { FIELDS = 5 };

static const struct {
    const char *word, *means;
} words[] = {
    { "@hourly", "0 * * * *" },   { "@daily", "0 0 * * *" },   { "@midnight", "0 0 * * *" },
    { "@weekly", "0 0 * * 0" },   { "@monthly", "0 0 1 * *" }, { "@yearly", "0 0 1 1 *" },
    { "@annually", "0 0 1 1 *" },
};

static sm_code bad(const field *f, sm_sv part, sm_error *err)
{
    return sm_fail(err, SM_E_INVALID, 0,
                   "\"%.*s\" is no %s: it is *, a value from %d to %d%s, a range a-b, each perhaps "
                   "with a step /n, or several of them with commas",
                   SM_SV_ARG(part), f->name, f->min, f->max,
                   f->names == NULL   ? ""
                   : f->n_names == 12 ? ", jan to dec"
                                      : ", sun to sat");
}

static bool read_value(const field *f, sm_sv text, int *out)
{
    int64_t number;

    for (int i = 0; i < f->n_names; i++)
        if (sm_sv_eq_nocase(text, sm_sv_cstr(f->names[i]))) {
            *out = f->min + i;
            return true;
        }
    if (text.len == 0 || text.len > 2 || !sm_sv_to_int64(text, &number) || number < f->min ||
        number > f->max)
        return false;
    *out = (int)number;
    return true;
}

/* One part between commas: *, a, a-b, each with /n. */
static bool read_part(const field *f, sm_sv part, uint64_t *bits)
{
    sm_sv rest = part, range, first, step_text = SM_SV("");
    int from, to;
    int64_t step = 1;

    if (!sm_sv_next(&rest, '/', &range))
        return false;
    if (sm_sv_find_char(part, '/') >= 0) {
        step_text = rest;
        if (!sm_sv_to_int64(step_text, &step) || step < 1 || step > f->max)
            return false;
    }
    if (sm_sv_eq(range, SM_SV("*"))) {
        from = f->min;
        to = f->max;
    } else if (sm_sv_find_char(range, '-') >= 0) {
        if (!sm_sv_next(&range, '-', &first) || !read_value(f, first, &from) ||
            !read_value(f, range, &to) || from > to)
            return false;
    } else {
        if (!read_value(f, range, &from))
            return false;
        to = step_text.len > 0 ? f->max : from;
    }
    for (int i = from; i <= to; i += (int)step)
        *bits |= UINT64_C(1) << i;
    return true;
}

static sm_code read_field(const field *f, sm_sv text, uint64_t *bits, sm_error *err)
{
    sm_sv rest = text, part;

    *bits = 0;
    if (text.len == 0 || text.ptr[text.len - 1] == ',')
        return bad(f, text, err);
    while (sm_sv_next(&rest, ',', &part))
        if (!read_part(f, part, bits))
            return bad(f, part, err);
    return SM_OK;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t';
}

static size_t split(sm_sv text, sm_sv parts[FIELDS + 1])
{
    size_t n = 0, i = 0;

    while (n <= FIELDS) {
        size_t from;

        while (i < text.len && is_space(text.ptr[i]))
            i++;
        if (i == text.len)
            break;
        for (from = i; i < text.len && !is_space(text.ptr[i]);)
            i++;
        parts[n++] = sm_sv_sub(text, from, i - from);
    }
    return n;
}

static sm_code parse_fields(sm_sv text, const sm_sv parts[FIELDS], sm_cron *out, size_t *at,
                            sm_error *err)
{
    uint64_t bits[FIELDS];

    for (size_t i = 0; i < FIELDS; i++) {
        *at = (size_t)(parts[i].ptr - text.ptr);
        if (read_field(&fields[i], parts[i], &bits[i], err) != SM_OK)
            return err->code;
    }
    *out = (sm_cron){ .minutes = bits[0],
                      .hours = (uint32_t)bits[1],
                      .days = (uint32_t)bits[2],
                      .months = (uint32_t)bits[3],
                      .weekdays = (uint8_t)((bits[4] | bits[4] >> 7) & 0x7f),
                      .any_day = parts[2].ptr[0] == '*',
                      .any_weekday = parts[4].ptr[0] == '*',
                      .every_hour = parts[1].ptr[0] == '*' };
    return SM_OK;
}

sm_code sm_cron_parse(sm_sv text, sm_cron *out, size_t *at, sm_error *err)
{
    sm_sv parts[FIELDS + 1];
    size_t n;

    *at = 0;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (sm_sv_eq_nocase(text, sm_sv_cstr(words[i].word)))
            text = sm_sv_cstr(words[i].means);
    n = split(text, parts);
    if (n == FIELDS)
        return parse_fields(text, parts, out, at, err);
    if (n > FIELDS)
        *at = (size_t)(parts[FIELDS].ptr - text.ptr);
    return sm_fail(err, SM_E_INVALID, 0,
                   "a timetable has five fields, minute, hour, day of the month, month and day of "
                   "the week, as \"0 6 * * mon-fri\"; this one has %s%zu",
                   n > FIELDS ? "at least " : "", n);
}

/* ---- the next slot --------------------------------------------------------------- */

typedef struct civil {
    int64_t year;
    int month, day;
} civil;

/* The Gregorian date of a day number, by eras of 400 years that begin on 1 March. */
static civil civil_of(int64_t days)
{
    int64_t shifted = days + 719468;
    int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    int64_t of_era = shifted - era * 146097;
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * of_year + 2) / 153;

    return (civil){ year + era * 400 + (month >= 10), (int)(month < 10 ? month + 3 : month - 9),
                    (int)(of_year - (153 * month + 2) / 5 + 1) };
}

static int64_t floor_div(int64_t x, int64_t by)
{
    return x / by - (x % by < 0);
}

static bool day_matches(const sm_cron *c, int64_t day)
{
    civil d = civil_of(day);
    int weekday = (int)(((day + WEEKDAY_OF_1970) % 7 + 7) % 7);
    bool by_day = c->days >> d.day & 1U, by_weekday = c->weekdays >> weekday & 1;

    if (!(c->months >> d.month & 1U))
        return false;
    return c->any_day || c->any_weekday ? by_day && by_weekday : by_day || by_weekday;
}

/* The first minute of the day, from `from` on, that is a slot; -1: none. */
static int minute_of_day(const sm_cron *c, int from)
{
    for (int hour = from / 60, minute = from % 60; hour < 24; hour++, minute = 0) {
        if (!(c->hours >> hour & 1U))
            continue;
        for (; minute < 60; minute++)
            if (c->minutes >> minute & 1U)
                return hour * 60 + minute;
    }
    return -1;
}

/* The first slot in [from, to), local minutes; -1: none. */
static int64_t local_slot(const sm_cron *c, int64_t from, int64_t to)
{
    int64_t day = floor_div(from, DAY_MINUTES), last = floor_div(to - 1, DAY_MINUTES);
    int start = (int)(from - day * DAY_MINUTES);

    if (last > day + (int64_t)SM_CRON_YEARS * 366)
        last = day + (int64_t)SM_CRON_YEARS * 366;
    for (; day <= last; day++, start = 0) {
        int minute = day_matches(c, day) ? minute_of_day(c, start) : -1;

        if (minute >= 0)
            return day * DAY_MINUTES + minute < to ? day * DAY_MINUTES + minute : -1;
    }
    return -1;
}

/* A piece of real time with one offset; in minutes. */
typedef struct piece {
    int64_t from, to; /* real; to: INT64_MAX / 2 when it has no end */
    int64_t offset;   /* of local time */
    int64_t before;   /* the offset of the piece before */
} piece;

/* The first slot in the piece after the real minute `after`; -1: none. */
static int64_t slot_in(const sm_cron *c, const piece *p, int64_t after)
{
    int64_t from = (p->from > after + 1 ? p->from : after + 1) + p->offset, to = p->to + p->offset;
    int64_t again = p->from + p->before; /* local times up to here were there already */
    int64_t local;

    if (!c->every_hour && p->before < p->offset && p->from > after &&
        local_slot(c, again, p->from + p->offset) >= 0)
        return p->from; /* jumped over: right behind the gap */
    if (!c->every_hour && p->before > p->offset && from < again)
        from = again;
    local = from < to ? local_slot(c, from, to) : -1;
    return local < 0 ? -1 : local - p->offset;
}

static piece piece_at(const sm_zone *z, size_t i)
{
    const int64_t far = INT64_MAX / 2 / MINUTE_MS;
    piece p = { .from = -far, .to = far };

    if (z == NULL || z->n == 0)
        return p;
    p.offset = z->shifts[i].offset_ms / MINUTE_MS;
    p.before = i > 0 ? z->shifts[i - 1].offset_ms / MINUTE_MS : p.offset;
    if (i > 0)
        p.from = floor_div(z->shifts[i].at_ms, MINUTE_MS);
    if (i + 1 < z->n)
        p.to = floor_div(z->shifts[i + 1].at_ms, MINUTE_MS);
    return p;
}

int64_t sm_cron_next(const sm_cron *c, const sm_zone *zone, int64_t after_ms)
{
    int64_t after = floor_div(after_ms, MINUTE_MS), slot = -1;
    size_t n = zone == NULL || zone->n == 0 ? 1 : zone->n;

    for (size_t i = 0; i < n && slot < 0; i++) {
        piece p = piece_at(zone, i);

        if (p.to > after + 1)
            slot = slot_in(c, &p, after);
    }
    if (slot < 0 || (zone != NULL && zone->until_ms > 0 && slot * MINUTE_MS >= zone->until_ms))
        return -1;
    return slot * MINUTE_MS;
}
