/* SPDX-License-Identifier: Apache-2.0 */
/* delta_stats.c -- what COPY said of a file as the `stats` of its add action.
 *
 *     {"numRecords":2,"minValues":{"a":1,"s":{"t":"x"}},"maxValues":{…},
 *      "nullCount":{"a":0,"s":{"t":1}},"tightBounds":true}
 *
 *     type                     bound in the log
 *     -----------------------  ------------------------------------------------------
 *     integers, DECIMAL        the digits as they are (a JSON number keeps them all)
 *     FLOAT, DOUBLE            the digits; nothing when a NaN or an infinity is there
 *     BOOLEAN                  0 and 1 become false and true
 *     DATE                     ISO text; nothing before year 1 or after 9999
 *     TIMESTAMP                ISO text to the millisecond with Z, minimum cut down,
 *                              maximum up
 *     VARCHAR                  32 characters; a cut maximum gets its last one raised
 *     BLOB, lists, maps        nothing
 *
 * The text is put together by hand: a JSON library would turn 0.10 into a double.
 */
#include "runtime/delta/delta_stats.h"

#include <ctype.h>
#include <string.h>

#include "runtime/base/json.h"

/* ---- bounds ---- */

static bool is_digits(sm_sv s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!isdigit((unsigned char)s.ptr[i]))
            return false;
    return s.len > 0;
}

static sm_sv sv_from(sm_sv s, size_t at)
{
    return at <= s.len ? (sm_sv){ s.ptr + at, s.len - at } : (sm_sv){ s.ptr, 0 };
}

/* A number of JSON's grammar: no sign "+", no leading zeros, no "inf". */
static bool is_json_number(sm_sv s)
{
    size_t i = s.len > 0 && s.ptr[0] == '-' ? 1 : 0, from = i;

    while (i < s.len && isdigit((unsigned char)s.ptr[i]))
        i++;
    if (i == from || (s.ptr[from] == '0' && i > from + 1))
        return false;
    if (i < s.len && s.ptr[i] == '.') {
        size_t digits = ++i;
        while (i < s.len && isdigit((unsigned char)s.ptr[i]))
            i++;
        if (i == digits)
            return false;
    }
    if (i < s.len && (s.ptr[i] == 'e' || s.ptr[i] == 'E')) {
        i++;
        if (i < s.len && (s.ptr[i] == '+' || s.ptr[i] == '-'))
            i++;
        return is_digits(sv_from(s, i));
    }
    return i == s.len;
}

static bool bound_number(sm_sv text, sm_buf *out)
{
    if (!is_json_number(text))
        return false;
    sm_buf_add(out, text);
    return true;
}

static bool bound_boolean(sm_sv text, sm_buf *out)
{
    bool is_true = sm_sv_eq(text, SM_SV("1")) || sm_sv_eq(text, SM_SV("true"));

    if (!is_true && !sm_sv_eq(text, SM_SV("0")) && !sm_sv_eq(text, SM_SV("false")))
        return false;
    sm_buf_add(out, is_true ? SM_SV("true") : SM_SV("false"));
    return true;
}

/* "YYYY-MM-DD" in front; years of another length and BC have no safe spelling. */
static bool starts_with_date(sm_sv s)
{
    return s.len >= 10 && is_digits((sm_sv){ s.ptr, 4 }) && s.ptr[4] == '-' &&
           is_digits((sm_sv){ s.ptr + 5, 2 }) && s.ptr[7] == '-' &&
           is_digits((sm_sv){ s.ptr + 8, 2 });
}

static bool bound_date(sm_sv text, sm_buf *out)
{
    if (text.len != 10 || !starts_with_date(text))
        return false;
    sm_buf_addf(out, "\"%.*s\"", SM_SV_ARG(text));
    return true;
}

/* Days of the civil calendar are not needed: the only carry is 999 ms plus a rest, and then
 * the bound is left at the next whole second only if the seconds allow it. */
static bool round_up(char hms[8], int *ms)
{
    if (++*ms < 1000)
        return true;
    *ms = 0;
    for (int at = 6; at >= 0; at -= 3) { /* SS, MM, HH */
        int limit = at == 0 ? 23 : 59;
        int v = (hms[at] - '0') * 10 + (hms[at + 1] - '0');
        if (v < limit) {
            hms[at] = (char)('0' + (v + 1) / 10);
            hms[at + 1] = (char)('0' + (v + 1) % 10);
            return true;
        }
        hms[at] = hms[at + 1] = '0';
    }
    return false; /* the last millisecond of a day: no bound rather than a calendar */
}

/* "2024-01-02 03:04:05[.ffffff][+00]". */
static bool bound_timestamp(sm_sv text, bool is_max, bool zoned, sm_buf *out)
{
    char hms[8];
    int ms = 0;

    if (!starts_with_date(text) || text.len < 19 || text.ptr[10] != ' ')
        return false;
    memcpy(hms, text.ptr + 11, 8);
    if (!is_digits((sm_sv){ hms, 2 }) || hms[2] != ':' || !is_digits((sm_sv){ hms + 3, 2 }) ||
        hms[5] != ':' || !is_digits((sm_sv){ hms + 6, 2 }))
        return false;
    sm_sv rest = sv_from(text, 19);
    bool more = false;
    if (rest.len > 0 && rest.ptr[0] == '.') {
        size_t i = 1;
        for (; i < rest.len && isdigit((unsigned char)rest.ptr[i]); i++) {
            int digit = rest.ptr[i] - '0';
            if (i <= 3)
                ms += digit * (i == 1 ? 100 : i == 2 ? 10 : 1);
            else
                more = more || digit != 0;
        }
        rest = sv_from(rest, i);
    }
    if (rest.len > 0 && !sm_sv_eq(rest, SM_SV("+00")))
        return false;
    if (is_max && more && !round_up(hms, &ms))
        return false;
    sm_buf_addf(out, "\"%.10sT%.8s.%03d%s\"", text.ptr, hms, ms, zoned ? "Z" : "");
    return true;
}

/* Length in bytes of the UTF-8 character at s[i]; 0 when it is not well-formed. */
static size_t char_length(sm_sv s, size_t i, uint32_t *code)
{
    unsigned char c = (unsigned char)s.ptr[i];
    size_t n = c < 0x80 ? 1 : c >= 0xF0 && c < 0xF5 ? 4 : c >= 0xE0 ? 3 : c >= 0xC2 ? 2 : 0;

    if (n == 0 || c >= 0xF5 || i + n > s.len)
        return 0;
    *code = n == 1 ? c : c & (0x7FU >> n);
    for (size_t k = 1; k < n; k++) {
        unsigned char d = (unsigned char)s.ptr[i + k];
        if ((d & 0xC0) != 0x80)
            return 0;
        *code = (*code << 6) | (d & 0x3FU);
    }
    return n;
}

static size_t put_char(char *to, uint32_t code)
{
    if (code < 0x80) {
        to[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        to[0] = (char)(0xC0 | (code >> 6));
        to[1] = (char)(0x80 | (code & 0x3F));
        return 2;
    }
    if (code < 0x10000) {
        to[0] = (char)(0xE0 | (code >> 12));
        to[1] = (char)(0x80 | ((code >> 6) & 0x3F));
        to[2] = (char)(0x80 | (code & 0x3F));
        return 3;
    }
    to[0] = (char)(0xF0 | (code >> 18));
    to[1] = (char)(0x80 | ((code >> 12) & 0x3F));
    to[2] = (char)(0x80 | ((code >> 6) & 0x3F));
    to[3] = (char)(0x80 | (code & 0x3F));
    return 4;
}

/* "abcd…" longer than the limit: "abc" + the character after 'd', or shorter when that one
 * cannot be raised: the result sorts after every string that begins like `text`. */
static bool bound_string(sm_sv text, bool is_max, sm_buf *out)
{
    size_t starts[SM_DELTA_STATS_CHARS];
    uint32_t codes[SM_DELTA_STATS_CHARS];
    size_t chars = 0, i = 0;

    while (i < text.len) {
        uint32_t code;
        size_t n = char_length(text, i, &code);
        if (n == 0 || code == 0)
            return false;
        if (chars == SM_DELTA_STATS_CHARS)
            break;
        starts[chars] = i;
        codes[chars++] = code;
        i += n;
    }
    if (i == text.len || !is_max) {
        sm_buf_add_json_string(out, (sm_sv){ text.ptr, i });
        return true;
    }
    while (chars-- > 0) {
        char raised[SM_DELTA_STATS_CHARS * 4 + 4];
        uint32_t code = codes[chars] == 0xD7FF ? 0xE000 : codes[chars] + 1;
        if (code > 0x10FFFF)
            continue;
        memcpy(raised, text.ptr, starts[chars]);
        size_t n = starts[chars] + put_char(raised + starts[chars], code);
        sm_buf_add_json_string(out, (sm_sv){ raised, n });
        return true;
    }
    return false;
}

bool sm_delta_stats_bound(const sm_sqltype *t, sm_sv text, bool is_max, sm_buf *out)
{
    switch (t->kind) {
    case SM_SQLTYPE_TINYINT:
    case SM_SQLTYPE_SMALLINT:
    case SM_SQLTYPE_INTEGER:
    case SM_SQLTYPE_BIGINT:
    case SM_SQLTYPE_FLOAT:
    case SM_SQLTYPE_DOUBLE:
    case SM_SQLTYPE_DECIMAL:
        return bound_number(text, out);
    case SM_SQLTYPE_BOOLEAN:
        return bound_boolean(text, out);
    case SM_SQLTYPE_DATE:
        return bound_date(text, out);
    case SM_SQLTYPE_TIMESTAMP:
        return bound_timestamp(text, is_max, true, out);
    case SM_SQLTYPE_TIMESTAMP_NTZ:
        return bound_timestamp(text, is_max, false, out);
    case SM_SQLTYPE_VARCHAR:
        return bound_string(text, is_max, out);
    default: /* blobs, lists, maps, and what is never stored */
        return false;
    }
}

/* ---- the tree of columns ---- */

typedef enum stats_part { PART_MIN, PART_MAX, PART_NULLS } stats_part;

/* Leaves lie at most as deep as types nest. */
enum { PATH_MAX_PARTS = SM_SQLTYPE_MAX_DEPTH + 1 };

typedef struct stats_walk {
    const sm_copy_stat *columns;
    size_t n;
    stats_part part;
    int leaves; /* seen so far, of all columns */
    sm_sv path[PATH_MAX_PARTS];
    size_t path_len;
    sm_buf *out;
} stats_walk;

static bool same_path(const stats_walk *w, const sm_copy_stat *s)
{
    if (s->path_len != w->path_len)
        return false;
    for (size_t i = 0; i < w->path_len; i++)
        if (!sm_sv_eq(s->path[i], w->path[i]))
            return false;
    return true;
}

static const sm_copy_stat *find_stats(const stats_walk *w)
{
    for (size_t i = 0; i < w->n; i++)
        if (same_path(w, &w->columns[i]))
            return &w->columns[i];
    return NULL;
}

static bool leaf_value(stats_walk *w, const sm_sqltype *t)
{
    const sm_copy_stat *s = find_stats(w);

    if (s == NULL || w->leaves > SM_DELTA_STATS_COLUMNS)
        return false;
    if (w->part == PART_NULLS) {
        if (s->null_count < 0)
            return false;
        sm_buf_addf(w->out, "%lld", (long long)s->null_count);
        return true;
    }
    sm_sv text = w->part == PART_MIN ? s->min : s->max;
    if (s->has_nan || text.ptr == NULL)
        return false;
    return sm_delta_stats_bound(t, text, w->part == PART_MAX, w->out);
}

/* `"name":value`, or nothing at all; true when something was written. */
static bool walk_member(stats_walk *w, sm_sv name, const sm_sqltype *t, bool first)
{
    size_t out_at = w->out->len;
    bool wrote = false;

    if (w->path_len == PATH_MAX_PARTS)
        return false;
    if (!first)
        sm_buf_add(w->out, SM_SV(","));
    sm_buf_add_json_string(w->out, name);
    sm_buf_add(w->out, SM_SV(":"));
    w->path[w->path_len++] = name;
    if (t->kind == SM_SQLTYPE_STRUCT) {
        sm_buf_add(w->out, SM_SV("{"));
        for (size_t i = 0; i < t->n; i++)
            if (walk_member(w, t->fields[i].name, t->fields[i].type, !wrote))
                wrote = true;
        sm_buf_add(w->out, SM_SV("}"));
    } else if (t->kind != SM_SQLTYPE_LIST && t->kind != SM_SQLTYPE_MAP) {
        w->leaves++;
        wrote = leaf_value(w, t);
    }
    w->path_len--;
    if (!wrote)
        sm_buf_cut(w->out, out_at);
    return wrote;
}

static void walk_part(const sm_schema *schema, sm_sqltype *const *types, stats_walk *w)
{
    static const char *const names[] = { "minValues", "maxValues", "nullCount" };
    bool wrote = false;

    sm_buf_addf(w->out, ",\"%s\":{", names[w->part]);
    for (size_t i = 0; i < schema->n; i++)
        if (walk_member(w, schema->columns[i].name, types[i], !wrote))
            wrote = true;
    sm_buf_add(w->out, SM_SV("}"));
}

sm_sv sm_delta_stats_text(const sm_schema *schema, int64_t rows, const sm_copy_stat *columns,
                          size_t n, sm_arena *a)
{
    sm_sqltype **types = SM_NEW_N(a, sm_sqltype *, schema->n + 1);
    sm_error ignored;
    sm_buf out;

    for (size_t i = 0; i < schema->n; i++) {
        if (sm_sqltype_parse(schema->columns[i].type, a, &types[i], &ignored) != SM_OK) {
            types[i] = SM_NEW(a, sm_sqltype);
            types[i]->kind = SM_SQLTYPE_OTHER;
        }
    }
    sm_buf_init(&out, 4 * 1024 * 1024);
    sm_buf_addf(&out, "{\"numRecords\":%lld", (long long)rows);
    for (int part = PART_MIN; part <= PART_NULLS; part++) {
        stats_walk w = { .columns = columns, .n = n, .part = (stats_part)part, .out = &out };
        walk_part(schema, types, &w);
    }
    sm_buf_add(&out, SM_SV(",\"tightBounds\":true}"));
    if (out.over) { /* names of megabytes: the count is all that fits */
        sm_buf_cut(&out, 0);
        out.over = false;
        sm_buf_addf(&out, "{\"numRecords\":%lld}", (long long)rows);
    }
    sm_sv text = sm_arena_dup(a, sm_buf_sv(&out));
    sm_buf_release(&out);
    return text;
}
