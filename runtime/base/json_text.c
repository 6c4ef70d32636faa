/* SPDX-License-Identifier: Apache-2.0 */
/* json_text.c -- JSON values as text.
 *
 * A number with a point is written with as few digits as read back to the same one (0.1 and
 * not 0.10000000000000001), and keeps its point: 2.0 stays a real number. */
#include <stdio.h>
#include <stdlib.h>

#include "runtime/base/json.h"

static void add_escaped(sm_buf *b, unsigned char c)
{
    switch (c) {
    case '"':
    case '\\':
        sm_buf_addc(b, '\\');
        sm_buf_addc(b, (char)c);
        break;
    case '\n':
        sm_buf_adds(b, "\\n");
        break;
    case '\t':
        sm_buf_adds(b, "\\t");
        break;
    case '\r':
        sm_buf_adds(b, "\\r");
        break;
    default:
        sm_buf_addf(b, "\\u%04x", c);
    }
}

void sm_buf_add_json_string(sm_buf *b, sm_sv s)
{
    size_t from = 0;

    sm_buf_addc(b, '"');
    for (size_t at = 0; at < s.len;) {
        unsigned char c = (unsigned char)s.ptr[at];
        size_t n = sm_utf8_len(s, at);

        if (n == 1 && c >= 0x20 && c != '"' && c != '\\') {
            at++;
            continue;
        }
        if (n > 1) {
            at += n;
            continue;
        }
        sm_buf_add(b, sm_sv_sub(s, from, at - from));
        if (n == 0)
            sm_buf_adds(b, "\xEF\xBF\xBD");
        else
            add_escaped(b, c);
        from = ++at;
    }
    sm_buf_add(b, sm_sv_sub(s, from, s.len - from));
    sm_buf_addc(b, '"');
}

static void add_real(sm_buf *b, double v)
{
    char text[40];

    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, v);
        if (strtod(text, NULL) == v)
            break;
    }
    sm_buf_adds(b, text);
    if (strpbrk(text, ".e") == NULL)
        sm_buf_adds(b, ".0");
}

typedef struct dump {
    sm_buf *out;
    sm_json_style style;
} dump;

static void dump_value(const dump *d, const sm_json *j, int depth);

static void new_line(const dump *d, int depth)
{
    if (d->style == SM_JSON_PRETTY)
        sm_buf_addf(d->out, "\n%*s", 2 * depth, "");
}

static void dump_array(const dump *d, const sm_json *j, int depth)
{
    size_t n = sm_json_len(j);

    sm_buf_addc(d->out, '[');
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            sm_buf_addc(d->out, ',');
        new_line(d, depth + 1);
        dump_value(d, sm_json_at(j, i), depth + 1);
    }
    if (n > 0)
        new_line(d, depth);
    sm_buf_addc(d->out, ']');
}

static int by_key(const void *x, const void *y)
{
    return sm_sv_cmp(((const sm_json_iter *)x)->key, ((const sm_json_iter *)y)->key);
}

/* The pairs in the order in which they are printed; owned: free(). */
static sm_json_iter *pairs_of(const dump *d, const sm_json *j)
{
    size_t n = 0;
    sm_json_iter *pairs = sm_xcalloc(sm_json_len(j), sizeof *pairs);

    for (sm_json_iter it = sm_json_first(j); sm_json_valid(&it); sm_json_next(&it))
        pairs[n++] = it;
    if (d->style == SM_JSON_SORTED)
        qsort(pairs, n, sizeof *pairs, by_key);
    return pairs;
}

static void dump_object(const dump *d, const sm_json *j, int depth)
{
    sm_json_iter *pairs = pairs_of(d, j);
    size_t n = sm_json_len(j);

    sm_buf_addc(d->out, '{');
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            sm_buf_addc(d->out, ',');
        new_line(d, depth + 1);
        sm_buf_add_json_string(d->out, pairs[i].key);
        sm_buf_adds(d->out, d->style == SM_JSON_PRETTY ? ": " : ":");
        dump_value(d, pairs[i].value, depth + 1);
    }
    if (n > 0)
        new_line(d, depth);
    sm_buf_addc(d->out, '}');
    free(pairs);
}

static void dump_value(const dump *d, const sm_json *j, int depth)
{
    if (sm_json_is_object(j))
        dump_object(d, j, depth);
    else if (sm_json_is_array(j))
        dump_array(d, j, depth);
    else if (sm_json_is_string(j))
        sm_buf_add_json_string(d->out, sm_json_sv(j));
    else if (sm_json_is_int(j))
        sm_buf_addf(d->out, "%lld", (long long)sm_json_int_value(j));
    else if (sm_json_is_real(j))
        add_real(d->out, sm_json_real_value(j));
    else
        sm_buf_adds(d->out, sm_json_is_null(j) ? "null" : sm_json_bool_value(j) ? "true" : "false");
}

sm_sv sm_json_dump(const sm_json *j, sm_json_style style, sm_arena *a)
{
    sm_buf b;
    dump d = { &b, style };
    sm_sv out;

    sm_buf_init(&b, SIZE_MAX / 2);
    dump_value(&d, j, 0);
    out = sm_arena_dup(a, sm_buf_sv(&b));
    sm_buf_release(&b);
    return out;
}

sm_sv sm_json_text(const sm_json *j, sm_arena *a)
{
    return sm_json_dump(j, SM_JSON_COMPACT, a);
}
