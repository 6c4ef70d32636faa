/* SPDX-License-Identifier: Apache-2.0 */
/* decode_value.h -- one value into the place where its column keeps it.
 *
 * `slot` is room for one value of the column (decode.h says of which C type).  The bytes
 * of VARCHAR, JSON and NESTED values stay where they were read, or live in x->scratch.
 */
#ifndef SM_CONNECT_DECODE_VALUE_H
#define SM_CONNECT_DECODE_VALUE_H

#include "runtime/connect/decode_lex.h"
#include "runtime/connect/decode_rescue.h"

/* What a decoder carries from value to value. */
typedef struct sm_decode_context {
    sm_decode_fault fault;
    sm_arena *scratch; /* emptied at each chunk */
    sm_buf text;       /* canonical JSON under construction */
    /* A STRUCT has a field that its type has not: `path` is "column.field".  May be NULL. */
    void (*unknown)(void *arg, sm_sv path, const char *at);
    void *arg;
    sm_rescue *rescue; /* values that do not fit go there; NULL: they are faults */
    bool misfit;       /* a value of the record did not fit and was rescued */
} sm_decode_context;

/* The C type behind a type of SQL; false when no value of it can be read from text. */
bool sm_decode__kind(const sm_sqltype *t, sm_decode_kind *out);

/* Fill all of `c` but its name and type_text; false as above, and for a DECIMAL of a width
 * that there is none of. */
bool sm_decode__fit(const sm_sqltype *t, sm_decode_column *c);

/* The JSON value at `p`, which is not null; behind it, or NULL with the fault. */
char *sm_decode__json(const sm_decode_column *c, char *p, void *slot, sm_decode_context *x);

/* A quoted value: the text [p, p + len), escapes resolved, not followed by what could
 * continue a number.  12 bytes are readable at `p`.  False with the fault. */
bool sm_decode__text(const sm_decode_column *c, char *p, size_t len, void *slot,
                     sm_decode_context *x);

/* The same for JSON and NESTED columns: the text must be one JSON value. */
bool sm_decode__json_text(const sm_decode_column *c, const char *p, size_t len, void *slot,
                          sm_decode_context *x);

/* A number into a column of a numeric or text kind. */
bool sm_decode__put_number(const sm_decode_column *c, const sm_decode_number *n, void *slot,
                           sm_decode_fault *f);

/* A DECIMAL as text, at most 42 bytes with the end. */
void sm_decode__decimal_text(const void *slot, int width, int scale, char *out);

/* The object or array at `p` rewritten by the column's type: fields in order, missing
 * ones null, leaves as canonical text. */
char *sm_decode__nested(const sm_decode_column *c, char *p, sm_decode_string *out,
                        sm_decode_context *x);

/* A copy of [p, p + len) that is followed as decode_lex.h asks. */
char *sm_decode__copy(const char *p, size_t len, sm_arena *a);

/* Append the text as a JSON string. */
void sm_decode__quote(sm_buf *b, const char *s, size_t len);

/* "2026-01-31" to days since 1970; exactly [p, p + len). */
bool sm_decode__date(const char *p, size_t len, int32_t *out);

/* A date, or a date and a time of day with an optional offset, to microseconds since 1970
 * in UTC; exactly [p, p + len). */
bool sm_decode__timestamp(const char *p, size_t len, int64_t *out);

/* The reverse: "2026-01-31" and "2026-01-31 12:00:00.123456". */
void sm_decode__date_text(int32_t days, char out[40]);
void sm_decode__timestamp_text(int64_t us, char out[40]);

#endif
