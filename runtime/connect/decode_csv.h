/* SPDX-License-Identifier: Apache-2.0 */
/* decode_csv.h -- separated values, one record on each line, to columns.
 *
 * A newline ends a record, inside quotes too (Spark's `multi_line: false`): a quote that
 * is left open costs its own line and no other.  Blank lines are no records.  A record
 * must have as many fields as the header, or the schema, says.  A field that is exactly
 * the null value and not quoted is NULL; so is an empty field of a column that is no
 * VARCHAR; an empty field in quotes is the empty string.  Space around a field belongs to
 * a VARCHAR and is ignored by other types.  What a value must be is said in decode.h.
 */
#ifndef SM_CONNECT_DECODE_CSV_H
#define SM_CONNECT_DECODE_CSV_H

#include "runtime/connect/decode_block.h"
#include "runtime/connect/decode_lex.h"
#include "runtime/connect/decode_ndjson.h"
#include "runtime/connect/decode_tally.h"

typedef struct sm_csv_dialect {
    char sep;    /* ',' */
    char quote;  /* '"'; 0: nothing is quoted */
    char escape; /* '"': a quote inside quotes is doubled; '\\': it follows a backslash */
    bool header; /* the first line of a file names its fields */
    sm_sv null_value;
} sm_csv_dialect;

/* SM_E_INVALID for separators and quotes that cannot be told from data. */
sm_code sm_csv_dialect_check(const sm_csv_dialect *dialect, sm_error *err);

/* One field of a line. */
typedef struct sm_csv_field {
    char *text; /* escapes resolved, in place; the byte behind it is no part of a value */
    size_t len;
    bool quoted;
} sm_csv_field;

/* Take the field at `p`; behind it, at its separator or at the newline.  NULL with the
 * fault. */
char *sm_csv_take(const sm_csv_dialect *dialect, char *p, sm_csv_field *field, sm_decode_fault *f);

typedef struct sm_csv sm_csv;

/* `columns` is borrowed.  Owned: free with sm_csv_free(). */
sm_csv *sm_csv_new(const sm_decode_column *columns, size_t n, const sm_csv_dialect *dialect);
void sm_csv_free(sm_csv *d);

/* Go to the first record of `block` (borrowed, and written to).  `map[i]` is the column of field i
 * of this file, -1 for one that is not wanted, of n_fields; NULL: fields are the columns in their
 * order.  Columns that no field feeds are NULL. */
void sm_csv_begin(sm_csv *d, const sm_decode_block *block, const int32_t *map, size_t n_fields);

/* As sm_ndjson_rows(). */
size_t sm_csv_rows(sm_csv *d, sm_decode_vector *vectors, sm_decode_tally *t);

#endif
