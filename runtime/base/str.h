/* SPDX-License-Identifier: Apache-2.0 */
/* str.h -- borrowed runs of bytes, and a buffer with a maximum. */
#ifndef SM_BASE_STR_H
#define SM_BASE_STR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "runtime/base/attr.h"
#include "runtime/base/error.h"

/* A borrowed run of bytes, never freed through this type, maybe unterminated. */
typedef struct sm_sv {
    const char *ptr;
    size_t len;
} sm_sv;

#define SM_SV(lit)   ((sm_sv){ "" lit, sizeof(lit) - 1 }) /* literals only */
#define SM_SV_ARG(s) (int)(s).len, (s).ptr                /* for "%.*s" */
/* A literal in the initializer of a static table. */
#define SM_SV_LIT(lit)                                                                             \
    {                                                                                              \
        "" lit, sizeof(lit) - 1                                                                    \
    }

static inline sm_sv sm_sv_cstr(const char *s)
{
    return s == NULL ? (sm_sv){ "", 0 } : (sm_sv){ s, strlen(s) };
}

static inline bool sm_sv_eq(sm_sv a, sm_sv b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool sm_sv_eq_str(sm_sv a, const char *b)
{
    return sm_sv_eq(a, sm_sv_cstr(b));
}

bool sm_sv_eq_nocase(sm_sv a, sm_sv b); /* ASCII letters only */
int sm_sv_cmp(sm_sv a, sm_sv b);        /* by bytes; <0, 0, >0 */
bool sm_sv_starts(sm_sv s, sm_sv prefix);
bool sm_sv_ends(sm_sv s, sm_sv suffix);
sm_sv sm_sv_trim(sm_sv s);                 /* ASCII white space on both sides */
ptrdiff_t sm_sv_find(sm_sv s, sm_sv what); /* offset of the first, -1 if none */
ptrdiff_t sm_sv_find_char(sm_sv s, char c);

/* Bytes [from, from + len), cut at the end of `s`. */
sm_sv sm_sv_sub(sm_sv s, size_t from, size_t len);

/* Take what stands before the next `sep` off `*rest` (all of it when there is none);
 * false when `*rest` was used up. A `rest` with ptr NULL is used up. */
bool sm_sv_next(sm_sv *rest, char sep, sm_sv *out);

/* `*` matches any run, `?` one character; no escapes. */
bool sm_sv_glob(sm_sv pattern, sm_sv name);

/* Whole text as decimal: false when it is none or out of range. */
bool sm_sv_to_int64(sm_sv s, int64_t *out);
bool sm_sv_to_double(sm_sv s, double *out);

/* Length in bytes of the UTF-8 sequence at s[at], 0 when it is invalid. */
size_t sm_utf8_len(sm_sv s, size_t at);
/* Offset of the first byte that is not UTF-8, or s.len. */
size_t sm_utf8_check(sm_sv s);

/* An owned, growing buffer.  Between any two calls ptr is never NULL, ptr[len] is '\0'
 * and len <= max; once `over` is set it stays set and appends do nothing.  So: append
 * freely, test `over` once at the end. */
typedef struct sm_buf {
    char *ptr;
    size_t len, cap, max;
    bool over;
} sm_buf;

void sm_buf_init(sm_buf *b, size_t max);
void sm_buf_release(sm_buf *b); /* a zeroed one is fine */
void sm_buf_clear(sm_buf *b);   /* empty, and not over */
void sm_buf_add(sm_buf *b, sm_sv s);
void sm_buf_adds(sm_buf *b, const char *s);
void sm_buf_addc(sm_buf *b, char c);
SM_PRINTF(2, 3)
void sm_buf_addf(sm_buf *b, const char *fmt, ...);
void sm_buf_addv(sm_buf *b, const char *fmt, va_list ap);
void sm_buf_cut(sm_buf *b, size_t len); /* back to `len` bytes */

static inline sm_sv sm_buf_sv(const sm_buf *b) /* borrowed until the next change */
{
    return (sm_sv){ b->ptr, b->len };
}

/* SM_E_LIMIT naming `what` and the maximum when the buffer is over. */
sm_code sm_buf_check(const sm_buf *b, const char *what, sm_error *err);

/* Append `s` with control and bidirectional characters written as \xNN or \u{…}, so that
 * foreign text cannot drive a terminal. */
void sm_buf_add_safe(sm_buf *b, sm_sv s);

/* Heap memory that is never NULL: without memory the process aborts. */
void *sm_xmalloc(size_t size);
void *sm_xcalloc(size_t count, size_t size); /* zeroed */
void *sm_xrealloc(void *p, size_t size);

#endif
