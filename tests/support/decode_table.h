/* SPDX-License-Identifier: Apache-2.0 */
/* decode_table.h -- decode a text in memory and show the rows as text, for tests:
 *
 *     rows   1|abc\n2|NULL\n      one line each, values in column order
 */
#ifndef SM_TESTS_DECODE_TABLE_H
#define SM_TESTS_DECODE_TABLE_H

#include "runtime/connect/decode_csv.h"
#include "runtime/connect/decode_ndjson.h"

typedef struct decode_table {
    sm_arena *arena;
    sm_decode_column *columns;
    size_t n;
    sm_decode_tally tally;
    sm_decode_vector *vectors;
    sm_buf rows; /* as text */
    size_t n_rows;
    sm_decode_aside aside;                                   /* unused while it has no files */
    void (*on_rows)(const struct decode_table *t, size_t n); /* of each chunk; may be NULL */
} decode_table;

/* `schema` is "name TYPE; name TYPE". */
void decode_table_init(decode_table *t, const char *schema);
void decode_table_release(decode_table *t);

/* The records of `text`, as one block; fills tally and rows, which are emptied before. */
void decode_table_ndjson(decode_table *t, const char *text, size_t len);
void decode_table_csv(decode_table *t, const sm_csv_dialect *dialect, const char *text, size_t len);

/* The same from a file in blocks of `block_size`. */
void decode_table_file(decode_table *t, const sm_decode_file *files, size_t n, size_t block_size);

#endif
