/* SPDX-License-Identifier: Apache-2.0 */
/* decode_lex.c -- the lexical part of JSON: the turns that are seldom taken. */
#include "runtime/connect/decode_lex.h"

#include <stdarg.h>
#include <stdio.h>

char *sm_decode__fault(sm_decode_fault *f, const char *at, const char *fmt, ...)
{
    va_list ap;
    f->at = at;
    if (f->quiet)
        return NULL;
    va_start(ap, fmt);
    vsnprintf(f->reason, sizeof f->reason, fmt, ap);
    va_end(ap);
    return NULL;
}

char *sm_decode__unexpected(sm_decode_fault *f, const char *at, const char *wanted)
{
    unsigned char c = (unsigned char)*at;
    if (c == '\n')
        return sm_decode__fault(f, at, "the line ends where %s should be", wanted);
    if (c > 0x20 && c < 0x7f)
        return sm_decode__fault(f, at, "\"%c\" where %s should be", c, wanted);
    return sm_decode__fault(f, at, "byte 0x%02x where %s should be", (unsigned)c, wanted);
}

static bool lex_continues(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

char *sm_decode__utf8(char *p)
{
    unsigned char a = (unsigned char)p[0], b = (unsigned char)p[1];
    if (a >= 0xc2 && a <= 0xdf)
        return lex_continues(p[1]) ? p + 2 : NULL;
    if (a >= 0xe0 && a <= 0xef) {
        if (!lex_continues(p[1]) || (a == 0xe0 && b < 0xa0) || (a == 0xed && b > 0x9f))
            return NULL;
        return lex_continues(p[2]) ? p + 3 : NULL;
    }
    if (a >= 0xf0 && a <= 0xf4) {
        if (!lex_continues(p[1]) || (a == 0xf0 && b < 0x90) || (a == 0xf4 && b > 0x8f))
            return NULL;
        return lex_continues(p[2]) && lex_continues(p[3]) ? p + 4 : NULL;
    }
    return NULL;
}

/* --- Escapes --- */

/* The code unit of the four hex digits at `p`, -1 if they are none. */
static int32_t lex_hex4(const char *p)
{
    int32_t v = 0;
    for (int i = 0; i < 4; i++) {
        char c = p[i];
        int d = sm_decode__digit(c)                      ? c - '0'
                : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10
                                                         : -1;
        if (d < 0)
            return -1;
        v = v * 16 + d;
    }
    return v;
}

char *sm_decode__escape(char *p, sm_decode_fault *f)
{
    if (p[1] != 'u') {
        if (p[1] != '\0' && strchr("\"\\/bfnrt", p[1]) != NULL)
            return p + 2;
        return sm_decode__fault(
            f, p, p[1] == '\n' ? "the line ends inside a string" : "unknown escape in a string");
    }
    int32_t unit = lex_hex4(p + 2);
    if (unit < 0)
        return sm_decode__fault(f, p, "\\u without four hex digits");
    if (unit < 0xd800 || unit > 0xdfff)
        return p + 6;
    if (unit < 0xdc00 && p[6] == '\\' && p[7] == 'u') {
        int32_t low = lex_hex4(p + 8);
        if (low >= 0xdc00 && low <= 0xdfff)
            return p + 12;
    }
    return sm_decode__fault(f, p, "lone surrogate \\u%.4s", p + 2);
}

static char *lex_put_utf8(char *out, uint32_t c)
{
    if (c < 0x80) {
        *out++ = (char)c;
    } else if (c < 0x800) {
        *out++ = (char)(0xc0 | (c >> 6));
        *out++ = (char)(0x80 | (c & 0x3f));
    } else if (c < 0x10000) {
        *out++ = (char)(0xe0 | (c >> 12));
        *out++ = (char)(0x80 | ((c >> 6) & 0x3f));
        *out++ = (char)(0x80 | (c & 0x3f));
    } else {
        *out++ = (char)(0xf0 | (c >> 18));
        *out++ = (char)(0x80 | ((c >> 12) & 0x3f));
        *out++ = (char)(0x80 | ((c >> 6) & 0x3f));
        *out++ = (char)(0x80 | (c & 0x3f));
    }
    return out;
}

static char lex_short_escape(char c)
{
    switch (c) {
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    default: /* the escaped character itself */
        return c;
    }
}

size_t sm_decode__unescape(char *p, size_t len)
{
    const char *in = p, *end = p + len;
    char *out = p;
    while (in < end) {
        const char *slash = memchr(in, '\\', (size_t)(end - in));
        size_t plain = (size_t)((slash == NULL ? end : slash) - in);
        memmove(out, in, plain);
        out += plain;
        if (slash == NULL)
            break;
        if (slash[1] != 'u') {
            *out++ = lex_short_escape(slash[1]);
            in = slash + 2;
            continue;
        }
        uint32_t c = (uint32_t)lex_hex4(slash + 2);
        in = slash + 6;
        if (c >= 0xd800 && c <= 0xdfff) {
            c = 0x10000 + ((c - 0xd800) << 10) + ((uint32_t)lex_hex4(slash + 8) - 0xdc00);
            in = slash + 12;
        }
        out = lex_put_utf8(out, c);
    }
    return (size_t)(out - p);
}

/* --- Numbers --- */

/* Digits from `p` into the mantissa; how many there were.  Those behind a point lower the
 * exponent, those that do not fit raise it again. */
static size_t lex_digits(char *p, bool fraction, sm_decode_number *n)
{
    size_t i;
    for (i = 0; sm_decode__digit(p[i]); i++) {
        uint64_t d = (uint64_t)(p[i] - '0');
        uint64_t longer;
        if (!n->full && !__builtin_mul_overflow(n->mantissa, 10, &longer) &&
            !__builtin_add_overflow(longer, d, &longer)) {
            n->mantissa = longer;
            n->exponent -= fraction;
        } else {
            n->full = true;
            n->lossy = n->lossy || d != 0;
            n->exponent += !fraction && n->exponent < 100000;
        }
    }
    return i;
}

static char *lex_exponent(char *p, sm_decode_number *n, sm_decode_fault *f)
{
    bool minus = *p == '-';
    int e = 0;
    if (*p == '-' || *p == '+')
        p++;
    if (!sm_decode__digit(*p))
        return sm_decode__unexpected(f, p, "the exponent of a number");
    for (; sm_decode__digit(*p); p++)
        e = e < 100000 ? e * 10 + (*p - '0') : e;
    n->exponent += minus ? -e : e;
    return p;
}

char *sm_decode__number_slow(char *p, sm_decode_number *n, sm_decode_fault *f)
{
    *n = (sm_decode_number){ .text = p, .negative = *p == '-' };
    p += n->negative;
    size_t whole = lex_digits(p, false, n);
    if (whole == 0)
        return sm_decode__unexpected(f, p, n->negative ? "a digit" : "a value");
    if (whole > 1 && *p == '0')
        return sm_decode__fault(f, p, "a number begins with 0");
    p += whole;
    if (*p == '.') {
        size_t fraction = lex_digits(p + 1, true, n);
        if (fraction == 0)
            return sm_decode__unexpected(f, p + 1, "a digit");
        p += 1 + fraction;
    }
    if ((*p == 'e' || *p == 'E') && (p = lex_exponent(p + 1, n, f)) == NULL)
        return NULL;
    n->len = (size_t)(p - n->text);
    return p;
}

/* --- Whole values --- */

static char *lex_word(char *p, sm_decode_fault *f)
{
    if (memcmp(p, "true", 4) == 0 || memcmp(p, "null", 4) == 0)
        return p + 4;
    if (memcmp(p, "false", 5) == 0)
        return p + 5;
    return sm_decode__unexpected(f, p, "a value");
}

static char *lex_scalar(char *p, sm_decode_fault *f)
{
    sm_decode_number n;
    bool escaped = false;
    if (*p == '"') {
        p = sm_decode__string_end(p + 1, &escaped, f);
        return p == NULL ? NULL : p + 1;
    }
    return *p == '-' || sm_decode__digit(*p) ? sm_decode__number(p, &n, f) : lex_word(p, f);
}

/* Behind the key at `p` and its colon. */
static char *lex_key(char *p, sm_decode_fault *f)
{
    bool escaped = false;
    p = sm_decode__space(p);
    if (*p != '"')
        return sm_decode__unexpected(f, p, "a key");
    if ((p = sm_decode__string_end(p + 1, &escaped, f)) == NULL)
        return NULL;
    p = sm_decode__space(p + 1);
    return *p == ':' ? p + 1 : sm_decode__unexpected(f, p, "\":\"");
}

/* After a value: behind all brackets that close here and the comma, if one follows; sets
 * *depth to 0 at the end of the outermost. */
static char *lex_after(char *p, const bool *object, int *depth, sm_decode_fault *f)
{
    while (*depth > 0) {
        p = sm_decode__space(p);
        if (*p == ',') {
            return object[*depth] ? lex_key(p + 1, f) : p + 1;
        } else if (*p == (object[*depth] ? '}' : ']')) {
            --*depth;
            p++;
        } else {
            return sm_decode__unexpected(f, p,
                                         object[*depth] ? "\",\" or \"}\"" : "\",\" or \"]\"");
        }
    }
    return p;
}

char *sm_decode__skip(char *p, sm_decode_fault *f)
{
    bool object[SM_DECODE_MAX_DEPTH + 1];
    int depth = 0;
    do {
        p = sm_decode__space(p);
        if (*p == '{' || *p == '[') {
            if (depth == SM_DECODE_MAX_DEPTH)
                return sm_decode__fault(f, p, "nested deeper than %d", SM_DECODE_MAX_DEPTH);
            object[++depth] = *p == '{';
            p = sm_decode__space(p + 1);
            if (*p == (object[depth] ? '}' : ']'))
                p = lex_after(p, object, &depth, f);
            else if (object[depth])
                p = lex_key(p, f);
        } else if ((p = lex_scalar(p, f)) != NULL) {
            p = lex_after(p, object, &depth, f);
        }
    } while (p != NULL && depth > 0);
    return p;
}
