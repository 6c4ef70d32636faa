/* SPDX-License-Identifier: Apache-2.0 */
/* decode_csv.h -- separated values, one record on each line, to columns.
 *
 * A newline ends a record, inside quotes too unless the dialect says multi_line: so a quote that
 * is left open costs its own line and no other.  Blank lines and comments are no records.  A record
 * must have as many fields as the header, or the schema, says.
 *
 * A field that is exactly the null value and not quoted is NULL; so is an empty field of a column
 * that is no VARCHAR; an empty field in quotes is the empty value.  Space around a field belongs to
 * a VARCHAR, unless the dialect trims it, and is ignored by other types.  What a value must be is
 * said in decode.h.
 */
#ifndef SM_CONNECT_DECODE_CSV_H
#define SM_CONNECT_DECODE_CSV_H

#include "runtime/connect/decode_block.h"
#include "runtime/connect/decode_lex.h"
#include "runtime/connect/decode_ndjson.h"
#include "runtime/connect/decode_rescue.h"
#include "runtime/connect/decode_tally.h"

typedef struct sm_csv_dialect {
    char sep;     /* ',' */
    char quote;   /* '"'; 0: nothing is quoted */
    char escape;  /* '"': a quote inside quotes is doubled; '\\': it follows a backslash */
    char comment; /* begins a line that is no record; 0: there are none */
    bool header;  /* the first record of a file names its fields */
    bool multi_line;
    bool trim_left, trim_right;                  /* spaces and tabs around a field */
    sm_sv null_value;                            /* unquoted */
    sm_sv empty_value;                           /* what "" stands for; 16 bytes are readable */
    sm_sv nan_value, positive_inf, negative_inf; /* of FLOAT and DOUBLE, beside NaN and Infinity */
} sm_csv_dialect;

/* SM_E_INVALID for separators and quotes that cannot be told from data. */
sm_code sm_csv_dialect_check(const sm_csv_dialect *dialect, sm_error *err);

/* What a file of the dialect is cut by. */
sm_framing sm_csv_framing(const sm_csv_dialect *dialect);

/* One field of a line. */
typedef struct sm_csv_field {
    char *text; /* escapes resolved, in place; the byte behind it is no part of a value */
    size_t len;
    bool quoted;
} sm_csv_field;

/* Take the field at `p`; behind it, at its separator or at the newline.  NULL with the
 * fault.  Newlines before `end` are data inside quotes. */
char *sm_csv_take(const sm_csv_dialect *dialect, char *p, const char *end, sm_csv_field *field,
                  sm_decode_fault *f);

/* The next record at or behind `p`: blank lines and comments are passed over; `end` if there is
 * none. */
char *sm_csv_begins(const sm_csv_dialect *dialect, char *p, char *end);

/* The newline that ends the record at `p`, at most `end`, where there is one.  Only before its
 * fields are taken. */
char *sm_csv_ends(const sm_csv_dialect *dialect, char *p, char *end);

/* Does the text mean a number that is none? */
bool sm_csv_special(const sm_csv_dialect *dialect, sm_sv text, double *out);

/* The fields of a file: map[i] is the column of field i, -1 for one that no column takes; NULL: the
 * columns that the data feeds, in their order.  `names` of all n, NULL when they have none. */
typedef struct sm_csv_fields {
    const int32_t *map;
    const sm_sv *names;
    size_t n;
} sm_csv_fields;

typedef struct sm_csv sm_csv;

/* `columns` is borrowed.  Owned: free with sm_csv_free(). */
sm_csv *sm_csv_new(const sm_decode_column *columns, size_t n, const sm_csv_dialect *dialect);
void sm_csv_free(sm_csv *d);

/* As sm_ndjson_aside(). */
void sm_csv_aside(sm_csv *d, const sm_decode_aside *aside);

/* Go to the first record of `block` (borrowed, and written to), whose file has `fields`.  Columns
 * that no field feeds are NULL. */
void sm_csv_begin(sm_csv *d, const sm_decode_block *block, const sm_csv_fields *fields);

/* As sm_ndjson_rows(). */
size_t sm_csv_rows(sm_csv *d, sm_decode_vector *vectors, sm_decode_tally *t);

#endif
