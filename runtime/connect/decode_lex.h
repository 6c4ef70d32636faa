/* SPDX-License-Identifier: Apache-2.0 */
/* decode_lex.h -- the lexical part of JSON, as fast as the bytes come.
 *
 * Everything here walks a writable buffer whose data is followed by SM_DECODE_PADDING
 * readable bytes, the first of them '\n'.  So no function looks for an end: a newline
 * stops each of them, inside strings too, and that is how a cut line never swallows the
 * record behind it.  (A JSON text cannot hold a raw newline but as white space, and
 * white space here ends at the line.)
 *
 * A function that fails returns NULL and leaves place and reason in the fault.
 */
#ifndef SM_CONNECT_DECODE_LEX_H
#define SM_CONNECT_DECODE_LEX_H

#include <string.h>

#include "runtime/connect/decode.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* Why a record is undecodable, and where (NULL: the reason says it).  `quiet` saves the
 * work of wording it.  Resolving "\n" in place makes a newline inside the record: they all
 * lie before `behind`, from where the end of the record is looked for. */
typedef struct sm_decode_fault {
    const char *at;
    const char *behind; /* the last escape, or the begin of the record */
    bool quiet;
    char reason[200];
} sm_decode_fault;

/* Fill the fault; NULL, so that failing is one statement. */
__attribute__((format(printf, 3, 4))) char *sm_decode__fault(sm_decode_fault *f, const char *at,
                                                             const char *fmt, ...);

/* What stands at `at` where `wanted` should: "expected \":\" but the line ends". */
char *sm_decode__unexpected(sm_decode_fault *f, const char *at, const char *wanted);

/* Behind the well-formed UTF-8 sequence at `p`, whose first byte is not ASCII; NULL if it
 * is malformed (overlong, surrogate, above U+10FFFF or cut). */
char *sm_decode__utf8(char *p);

/* Behind the escape whose backslash is at `p`.  A lone surrogate is a fault. */
char *sm_decode__escape(char *p, sm_decode_fault *f);

/* Resolve the escapes of the checked string [p, end) in place; its new length. */
size_t sm_decode__unescape(char *p, size_t len);

/* Behind the value that begins at `p` (no white space before it), of any kind. */
char *sm_decode__skip(char *p, sm_decode_fault *f);

static inline char *sm_decode__space(char *p)
{
    while (*p == ' ' || *p == '\t' || *p == '\r')
        p++;
    return p;
}

/* The first byte at or after `p` that a string cannot simply pass: a quote, a backslash, a
 * control character or the start of something that is not ASCII. */
static inline char *sm_decode__plain(char *p)
{
#ifdef __SSE2__
    const __m128i quote = _mm_set1_epi8('"');
    const __m128i slash = _mm_set1_epi8('\\');
    const __m128i space = _mm_set1_epi8(0x20);
    for (;; p += 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
        __m128i stop = _mm_or_si128(_mm_cmpeq_epi8(v, quote), _mm_cmpeq_epi8(v, slash));
        /* signed: bytes from 0x80 on are below 0x20 too */
        unsigned mask = (unsigned)_mm_movemask_epi8(_mm_or_si128(stop, _mm_cmplt_epi8(v, space)));
        if (mask != 0)
            return p + __builtin_ctz(mask);
    }
#else
    while (*p != '"' && *p != '\\' && (unsigned char)*p >= 0x20 && (unsigned char)*p < 0x80)
        p++;
    return p;
#endif
}

/* The closing quote of the string whose first byte is `p`. */
static inline char *sm_decode__string_end(char *p, bool *escaped, sm_decode_fault *f)
{
    for (;;) {
        p = sm_decode__plain(p);
        if (*p == '"')
            return p;
        if (*p == '\\') {
            *escaped = true;
            if ((p = sm_decode__escape(p, f)) == NULL)
                return NULL;
            f->behind = p;
        } else if ((unsigned char)*p >= 0x80) {
            char *q = sm_decode__utf8(p);
            if (q == NULL)
                return sm_decode__fault(f, p, "invalid UTF-8");
            p = q;
        } else {
            return sm_decode__fault(f, p,
                                    *p == '\n' ? "the line ends inside a string"
                                               : "control character 0x%02x inside a string",
                                    (unsigned)(unsigned char)*p);
        }
    }
}

/* Put [p, p + len) into `out`; at least 12 bytes are readable at `p`. */
static inline void sm_decode__put_string(sm_decode_string *out, const char *p, size_t len)
{
    uint64_t lo;
    uint32_t hi;
    if (len > 12) {
        out->len = (uint32_t)len;
        memcpy(out->head, p, 4);
        out->u.ptr = p;
        return;
    }
    memcpy(&lo, p, 8);
    memcpy(&hi, p + 8, 4);
    if (len < 8) {
        lo = len == 0 ? 0 : lo & (UINT64_MAX >> (64 - 8 * len));
        hi = 0;
    } else {
        hi = len == 8 ? 0 : hi & (UINT32_MAX >> (96 - 8 * len));
    }
    /* in registers: the tail spans both words, and memory would have to wait for itself */
    uint32_t head = (uint32_t)lo;
    uint64_t tail = lo >> 32 | (uint64_t)hi << 32;
    out->len = (uint32_t)len;
    memcpy(out->head, &head, 4);
    memcpy(out->u.tail, &tail, 8);
}

/* A number taken apart: value = mantissa * 10^exponent, unless `lossy`: then digits that
 * did not fit into the mantissa were not all zero. */
typedef struct sm_decode_number {
    const char *text;
    size_t len;
    uint64_t mantissa;
    int exponent; /* within ±100,000 */
    bool negative, lossy;
    bool full; /* the mantissa takes no more digits */
} sm_decode_number;

/* Behind the number at `p`, by JSON's grammar. */
char *sm_decode__number_slow(char *p, sm_decode_number *n, sm_decode_fault *f);

static inline bool sm_decode__digit(char c)
{
    return (unsigned char)(c - '0') < 10;
}

/* The same; the usual number (no exponent, at most 18 digits) is done here. */
static inline char *sm_decode__number(char *p, sm_decode_number *n, sm_decode_fault *f)
{
    char *start = p;
    uint64_t m = 0;
    char *first, *dot;
    n->negative = *p == '-';
    p += n->negative;
    for (first = p; sm_decode__digit(*p); p++)
        m = m * 10 + (uint64_t)(*p - '0');
    if (p == first || p - first > 18 || (*first == '0' && p - first > 1))
        return sm_decode__number_slow(start, n, f);
    n->exponent = 0;
    if (*p == '.') {
        for (dot = ++p; sm_decode__digit(*p); p++)
            m = m * 10 + (uint64_t)(*p - '0');
        if (p == dot || p - first > 19)
            return sm_decode__number_slow(start, n, f);
        n->exponent = (int)(dot - p);
    }
    if (*p == 'e' || *p == 'E')
        return sm_decode__number_slow(start, n, f);
    n->text = start;
    n->len = (size_t)(p - start);
    n->mantissa = m;
    n->lossy = false;
    return p;
}

#endif
