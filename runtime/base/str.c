/* SPDX-License-Identifier: Apache-2.0 */
/* str.c -- views and buffers. */
#include "runtime/base/str.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

bool sm_sv_eq_nocase(sm_sv a, sm_sv b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (lower(a.ptr[i]) != lower(b.ptr[i]))
            return false;
    return true;
}

int sm_sv_cmp(sm_sv a, sm_sv b)
{
    size_t n = a.len < b.len ? a.len : b.len;
    int c = n == 0 ? 0 : memcmp(a.ptr, b.ptr, n);

    return c != 0 ? c : (a.len > b.len) - (a.len < b.len);
}

bool sm_sv_starts(sm_sv s, sm_sv prefix)
{
    return s.len >= prefix.len && sm_sv_eq((sm_sv){ s.ptr, prefix.len }, prefix);
}

bool sm_sv_ends(sm_sv s, sm_sv suffix)
{
    return s.len >= suffix.len &&
           sm_sv_eq((sm_sv){ s.ptr + (s.len - suffix.len), suffix.len }, suffix);
}

sm_sv sm_sv_trim(sm_sv s)
{
    while (s.len > 0 && is_space(s.ptr[0])) {
        s.ptr++;
        s.len--;
    }
    while (s.len > 0 && is_space(s.ptr[s.len - 1]))
        s.len--;
    return s;
}

ptrdiff_t sm_sv_find(sm_sv s, sm_sv what)
{
    const char *p;

    if (what.len == 0)
        return 0;
    p = s.len < what.len ? NULL : memmem(s.ptr, s.len, what.ptr, what.len);
    return p == NULL ? -1 : p - s.ptr;
}

ptrdiff_t sm_sv_find_char(sm_sv s, char c)
{
    const char *p = s.len == 0 ? NULL : memchr(s.ptr, c, s.len);

    return p == NULL ? -1 : p - s.ptr;
}

sm_sv sm_sv_sub(sm_sv s, size_t from, size_t len)
{
    if (from > s.len)
        from = s.len;
    if (len > s.len - from)
        len = s.len - from;
    return (sm_sv){ s.ptr == NULL ? "" : s.ptr + from, len };
}

bool sm_sv_next(sm_sv *rest, char sep, sm_sv *out)
{
    ptrdiff_t at;

    if (rest->ptr == NULL)
        return false;
    at = sm_sv_find_char(*rest, sep);
    if (at < 0) {
        *out = *rest;
        *rest = (sm_sv){ NULL, 0 };
        return true;
    }
    *out = (sm_sv){ rest->ptr, (size_t)at };
    *rest = (sm_sv){ rest->ptr + at + 1, rest->len - (size_t)at - 1 };
    return true;
}

/* Backtracks only to the last star, which is enough: O(pattern x name). */
bool sm_sv_glob(sm_sv pattern, sm_sv name)
{
    size_t p = 0, n = 0, star = SIZE_MAX, mark = 0;

    while (n < name.len) {
        if (p < pattern.len && pattern.ptr[p] == '*') {
            star = p++;
            mark = n;
        } else if (p < pattern.len && (pattern.ptr[p] == '?' || pattern.ptr[p] == name.ptr[n])) {
            p++;
            n++;
        } else if (star != SIZE_MAX) {
            p = star + 1;
            n = ++mark;
        } else {
            return false;
        }
    }
    while (p < pattern.len && pattern.ptr[p] == '*')
        p++;
    return p == pattern.len;
}

bool sm_sv_to_int64(sm_sv s, int64_t *out)
{
    char text[32], *end;

    if (s.len == 0 || s.len >= sizeof text || is_space(s.ptr[0]))
        return false;
    memcpy(text, s.ptr, s.len);
    text[s.len] = '\0';
    errno = 0;
    *out = strtoll(text, &end, 10);
    return errno == 0 && end == text + s.len;
}

bool sm_sv_to_double(sm_sv s, double *out)
{
    char text[400], *end;

    if (s.len == 0 || s.len >= sizeof text || is_space(s.ptr[0]) || sm_sv_find_char(s, 'x') >= 0 ||
        sm_sv_find_char(s, 'X') >= 0)
        return false;
    memcpy(text, s.ptr, s.len);
    text[s.len] = '\0';
    *out = strtod(text, &end);
    return end == text + s.len && isfinite(*out);
}

size_t sm_utf8_len(sm_sv s, size_t at)
{
    const unsigned char *p = (const unsigned char *)s.ptr + at;
    size_t left = s.len - at;

    if (p[0] < 0x80)
        return 1;
    if (p[0] >= 0xC2 && p[0] <= 0xDF)
        return left >= 2 && (p[1] & 0xC0) == 0x80 ? 2 : 0;
    if (p[0] >= 0xE0 && p[0] <= 0xEF) {
        if (left < 3 || (p[1] & 0xC0) != 0x80 || (p[2] & 0xC0) != 0x80)
            return 0;
        if ((p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xED && p[1] > 0x9F))
            return 0; /* overlong, or a surrogate */
        return 3;
    }
    if (p[0] >= 0xF0 && p[0] <= 0xF4) {
        if (left < 4 || (p[1] & 0xC0) != 0x80 || (p[2] & 0xC0) != 0x80 || (p[3] & 0xC0) != 0x80)
            return 0;
        if ((p[0] == 0xF0 && p[1] < 0x90) || (p[0] == 0xF4 && p[1] > 0x8F))
            return 0; /* overlong, or above U+10FFFF */
        return 4;
    }
    return 0;
}

size_t sm_utf8_check(sm_sv s)
{
    size_t at = 0;

    while (at < s.len) {
        size_t n = sm_utf8_len(s, at);

        if (n == 0)
            return at;
        at += n;
    }
    return s.len;
}

/* ---- buffers --------------------------------------------------------------------- */

void sm_buf_init(sm_buf *b, size_t max)
{
    *b = (sm_buf){ .max = max, .cap = 64 };
    b->ptr = sm_xmalloc(b->cap);
    b->ptr[0] = '\0';
}

void sm_buf_release(sm_buf *b)
{
    free(b->ptr);
    *b = (sm_buf){ 0 };
}

void sm_buf_clear(sm_buf *b)
{
    b->len = 0;
    b->over = false;
    b->ptr[0] = '\0';
}

/* Room for `more` bytes and the terminator, or over. */
static bool buf_reserve(sm_buf *b, size_t more)
{
    size_t want;

    if (b->over || more > b->max - b->len) {
        b->over = true;
        return false;
    }
    want = b->len + more + 1;
    if (want > b->cap) {
        size_t cap = b->cap * 2;

        b->cap = cap < want ? want : cap;
        b->ptr = sm_xrealloc(b->ptr, b->cap);
    }
    return true;
}

void sm_buf_add(sm_buf *b, sm_sv s)
{
    if (s.len == 0 || !buf_reserve(b, s.len))
        return;
    memcpy(b->ptr + b->len, s.ptr, s.len);
    b->len += s.len;
    b->ptr[b->len] = '\0';
}

void sm_buf_adds(sm_buf *b, const char *s)
{
    sm_buf_add(b, sm_sv_cstr(s));
}

void sm_buf_addc(sm_buf *b, char c)
{
    sm_buf_add(b, (sm_sv){ &c, 1 });
}

void sm_buf_addv(sm_buf *b, const char *fmt, va_list ap)
{
    va_list again;
    int n;

    va_copy(again, ap);
    n = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    if (n <= 0 || !buf_reserve(b, (size_t)n))
        return;
    vsnprintf(b->ptr + b->len, (size_t)n + 1, fmt, ap);
    b->len += (size_t)n;
}

void sm_buf_addf(sm_buf *b, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    sm_buf_addv(b, fmt, ap);
    va_end(ap);
}

void sm_buf_cut(sm_buf *b, size_t len)
{
    if (len < b->len) {
        b->len = len;
        b->ptr[len] = '\0';
    }
}

sm_code sm_buf_check(const sm_buf *b, const char *what, sm_error *err)
{
    if (!b->over)
        return SM_OK;
    return sm_fail(err, SM_E_LIMIT, 0, "%s is longer than %zu bytes", what, b->max);
}

/* Bidirectional overrides and isolates, and the marks that come with them. */
static bool is_bidi(uint32_t cp)
{
    return (cp >= 0x202A && cp <= 0x202E) || (cp >= 0x2066 && cp <= 0x2069) || cp == 0x200E ||
           cp == 0x200F || cp == 0x061C;
}

static uint32_t utf8_decode(const unsigned char *p, size_t n)
{
    uint32_t cp = n == 1 ? p[0] : p[0] & (0xFFu >> (n + 1));

    for (size_t i = 1; i < n; i++)
        cp = (cp << 6) | (p[i] & 0x3Fu);
    return cp;
}

void sm_buf_add_safe(sm_buf *b, sm_sv s)
{
    for (size_t at = 0; at < s.len;) {
        size_t n = sm_utf8_len(s, at);
        const unsigned char *p = (const unsigned char *)s.ptr + at;
        uint32_t cp = n == 0 ? 0 : utf8_decode(p, n);

        if (n == 0 || cp < 0x20 || cp == 0x7F)
            sm_buf_addf(b, "\\x%02x", p[0]);
        else if ((cp >= 0x80 && cp < 0xA0) || is_bidi(cp))
            sm_buf_addf(b, "\\u{%x}", (unsigned)cp);
        else
            sm_buf_add(b, (sm_sv){ (const char *)p, n });
        at += n == 0 ? 1 : n;
    }
}

/* ---- heap ------------------------------------------------------------------------ */

static void *never_null(void *p, size_t size)
{
    if (p == NULL) {
        fprintf(stderr, "smelt: out of memory (%zu bytes asked for)\n", size);
        abort();
    }
    return p;
}

void *sm_xmalloc(size_t size)
{
    return never_null(malloc(size == 0 ? 1 : size), size);
}

void *sm_xcalloc(size_t count, size_t size)
{
    return never_null(calloc(count == 0 ? 1 : count, size == 0 ? 1 : size), count * size);
}

void *sm_xrealloc(void *p, size_t size)
{
    return never_null(realloc(p, size == 0 ? 1 : size), size);
}
