/* SPDX-License-Identifier: Apache-2.0 */
/* delta_prune.c -- which files may hold a row with one of many keys.
 *
 *     type                 compared as                     a bound of the log that is believed
 *     -------------------  ------------------------------  -----------------------------------
 *     integers, DECIMAL    double: rounding keeps order,   a number
 *                          so what is less is less
 *     BOOLEAN              0 and 1                         true, false
 *     DATE, TIMESTAMP      text, cut to the millisecond    ISO; an instant ends with Z
 *     VARCHAR              bytes                           a text, also a cut or raised one
 *     partitions           the text of the log             of an instant only in our own form
 *     FLOAT, DOUBLE, BLOB, lists, maps: nothing; other writers round and print them as they like
 *
 * Bounds of other writers may be cut to the millisecond, the maximum too.  An instant of a key is
 * cut down where it is a minimum and up where it is a maximum, so that the millisecond of the key
 * is above that of the file only if the key is above all that the file has.
 */
#include "runtime/delta/delta_prune.h"

#include <string.h>

#include "runtime/base/json.h"
#include "runtime/base/strmap.h"
#include "runtime/delta/delta_stats.h"

typedef struct bound {
    double number;
    sm_sv text; /* ptr NULL: it is a number */
} bound;

typedef struct bounds {
    bound min, max;
} bounds;

typedef struct prune_part {
    const sm_delta_part *part;
    bool open;         /* anything may be in any file */
    bounds *ranges;    /* part->n of them */
    sm_strmap *values; /* of a column of partitions */
} prune_part;

struct sm_delta_prune {
    prune_part *parts;
    size_t n;
};

bool sm_delta_prunes(const sm_sqltype *type, bool partition)
{
    switch (type->kind) {
    case SM_SQLTYPE_BOOLEAN:
    case SM_SQLTYPE_TINYINT:
    case SM_SQLTYPE_SMALLINT:
    case SM_SQLTYPE_INTEGER:
    case SM_SQLTYPE_BIGINT:
    case SM_SQLTYPE_DECIMAL:
    case SM_SQLTYPE_VARCHAR:
    case SM_SQLTYPE_DATE:
    case SM_SQLTYPE_TIMESTAMP:
        return true;
    case SM_SQLTYPE_TIMESTAMP_NTZ:
        return !partition;
    default:
        return false;
    }
}

/* ---- bounds ---- */

enum { MOMENT_SECONDS = 19, MOMENT_CHARS = 23 };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* "2024-01-02T03:04:05[.6…]" and Z, when `zoned`, as "2024-01-02T03:04:05.600". */
static bool moment_text(sm_sv s, bool zoned, sm_arena *a, sm_sv *out)
{
    static const char form[] = "dddd-dd-ddTdd:dd:dd";
    char *text = SM_NEW_N(a, char, MOMENT_CHARS + 1);
    size_t ms = 0;

    if (zoned && !sm_sv_ends(s, SM_SV("Z")))
        return false;
    s.len -= zoned ? 1 : 0;
    if (s.len < MOMENT_SECONDS || (s.len > MOMENT_SECONDS && s.ptr[MOMENT_SECONDS] != '.'))
        return false;
    for (size_t i = 0; i < MOMENT_SECONDS; i++)
        if (form[i] == 'd' ? !is_digit(s.ptr[i]) : s.ptr[i] != form[i])
            return false;
    memcpy(text, s.ptr, MOMENT_SECONDS);
    memcpy(text + MOMENT_SECONDS, ".000", 4);
    for (size_t i = MOMENT_SECONDS + 1; i < s.len; i++, ms++) {
        if (!is_digit(s.ptr[i]))
            return false;
        if (ms < 3)
            text[i] = s.ptr[i];
    }
    *out = (sm_sv){ text, MOMENT_CHARS };
    return true;
}

static bool is_date(sm_sv s)
{
    static const char form[] = "dddd-dd-dd";

    for (size_t i = 0; s.len == sizeof form - 1 && i < s.len; i++)
        if (form[i] == 'd' ? !is_digit(s.ptr[i]) : s.ptr[i] != form[i])
            return false;
    return s.len == sizeof form - 1;
}

/* A bound as the log has it; false when it is of another form. */
static bool read_bound(const sm_sqltype *t, const sm_json *j, sm_arena *a, bound *out)
{
    *out = (bound){ 0 };
    switch (t->kind) {
    case SM_SQLTYPE_BOOLEAN:
        out->number = sm_json_bool_value(j) ? 1 : 0;
        return sm_json_is_bool(j);
    case SM_SQLTYPE_DATE:
        out->text = sm_json_sv(j);
        return sm_json_is_string(j) && is_date(out->text);
    case SM_SQLTYPE_TIMESTAMP:
    case SM_SQLTYPE_TIMESTAMP_NTZ:
        return sm_json_is_string(j) &&
               moment_text(sm_json_sv(j), t->kind == SM_SQLTYPE_TIMESTAMP, a, &out->text);
    case SM_SQLTYPE_VARCHAR:
        out->text = sm_json_sv(j);
        return sm_json_is_string(j);
    default:
        out->number = sm_json_real_value(j);
        return sm_json_is_number(j);
    }
}

static bool is_less(const bound *x, const bound *y)
{
    return x->text.ptr != NULL ? sm_sv_cmp(x->text, y->text) < 0 : x->number < y->number;
}

/* A bound of the keys: as it would stand in the log. */
static bool key_bound(const sm_sqltype *t, sm_sv text, bool is_max, sm_arena *a, bound *out)
{
    sm_error ignored;
    sm_json *j;
    bool read = false;
    sm_buf b;

    sm_buf_init(&b, 4096);
    if (sm_delta_stats_bound(t, text, is_max, &b) && !b.over &&
        sm_json_parse_reals(sm_buf_sv(&b), a, &j, &ignored) == SM_OK)
        read = read_bound(t, j, a, out);
    sm_buf_release(&b);
    return read;
}

/* ---- parts ---- */

static void part_values(prune_part *p, sm_arena *a)
{
    p->values = sm_strmap_new(a);
    for (size_t i = 0; i < p->part->n; i++)
        (void)sm_strmap_put(p->values, p->part->ranges[i].min, i);
}

static void part_ranges(prune_part *p, sm_arena *a)
{
    p->ranges = SM_NEW_N(a, bounds, p->part->n + 1);
    for (size_t i = 0; i < p->part->n && !p->open; i++) {
        const sm_delta_range *r = &p->part->ranges[i];

        p->open = !key_bound(p->part->type, r->min, false, a, &p->ranges[i].min) ||
                  !key_bound(p->part->type, r->max, true, a, &p->ranges[i].max);
    }
}

sm_delta_prune *sm_delta_prune_new(const sm_delta_part *parts, size_t n, sm_arena *a)
{
    sm_delta_prune *p = SM_NEW(a, sm_delta_prune);

    p->parts = SM_NEW_N(a, prune_part, n + 1);
    p->n = n;
    for (size_t i = 0; i < n; i++) {
        p->parts[i].part = &parts[i];
        p->parts[i].open = !sm_delta_prunes(parts[i].type, parts[i].partition);
        if (parts[i].partition)
            part_values(&p->parts[i], a);
        else if (!p->parts[i].open)
            part_ranges(&p->parts[i], a);
    }
    return p;
}

/* ---- files ---- */

/* The text that our own files have: sm_delta_partition_sql(). */
static bool is_own_form(const sm_sqltype *t, sm_sv text)
{
    return t->kind != SM_SQLTYPE_TIMESTAMP ||
           (text.len == sizeof "2024-01-02T03:04:05.000006Z" - 1 && text.ptr[10] == 'T' &&
            text.ptr[text.len - 1] == 'Z');
}

static bool partition_may(const prune_part *p, const sm_json *values)
{
    const sm_json *v = sm_json_get_by(values, p->part->path[0]);
    sm_sv text = sm_json_sv(v);
    size_t at;

    if (values == NULL)
        return true;
    if (text.len == 0) /* NULL, or the empty text, which is NULL too */
        return p->part->has_null;
    return !is_own_form(p->part->type, text) || sm_strmap_get(p->values, text, &at);
}

static const sm_json *statistic(const sm_json *stats, const char *name, const sm_delta_part *part)
{
    const sm_json *j = sm_json_get(stats, name);

    for (size_t i = 0; i < part->depth; i++)
        j = sm_json_is_object(j) ? sm_json_get_by(j, part->path[i]) : NULL;
    return j;
}

/* Writers differ in whether a field of a STRUCT that is NULL counts, so of fields the count of
 * NULLs proves nothing. */
static bool null_may(const sm_delta_part *part, const sm_json *nulls)
{
    return part->has_null &&
           !(part->depth == 1 && sm_json_is_number(nulls) && sm_json_real_value(nulls) == 0);
}

static bool statistics_may(const prune_part *p, const sm_json *stats, sm_arena *a)
{
    const sm_delta_part *part = p->part;
    const sm_json *nulls = statistic(stats, "nullCount", part);
    const sm_json *rows = sm_json_get(stats, "numRecords");
    bound min, max;

    if (null_may(part, nulls))
        return true;
    bool has_min = read_bound(part->type, statistic(stats, "minValues", part), a, &min);
    bool has_max = read_bound(part->type, statistic(stats, "maxValues", part), a, &max);
    if (!has_min && !has_max && sm_json_is_number(nulls) && sm_json_is_number(rows) &&
        sm_json_real_value(nulls) >= sm_json_real_value(rows))
        return false; /* nothing but NULL */
    for (size_t i = 0; i < part->n; i++)
        if (!(has_min && is_less(&p->ranges[i].max, &min)) &&
            !(has_max && is_less(&max, &p->ranges[i].min)))
            return true;
    return false;
}

bool sm_delta_prune_keeps(const sm_delta_prune *p, const sm_delta_file *f)
{
    sm_arena *a = sm_arena_new("delta prune");
    sm_json *stats = NULL;
    sm_error ignored;
    bool keeps = true;

    if (f->stats.len == 0 || sm_json_parse_reals(f->stats, a, &stats, &ignored) != SM_OK)
        stats = NULL;
    for (size_t i = 0; i < p->n && keeps; i++) {
        const prune_part *part = &p->parts[i];

        if (part->open)
            continue;
        if (part->part->partition)
            keeps = partition_may(part, f->partition_values);
        else if (stats != NULL)
            keeps = statistics_may(part, stats, a);
    }
    sm_arena_free(a);
    return keeps;
}
