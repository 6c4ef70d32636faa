/* SPDX-License-Identifier: Apache-2.0 */
/* decode_ndjson.h -- JSON, one object on each line, to columns.
 *
 * Lines are records; blank ones are none.  What a value must be is said in decode.h.
 * A repeated key counts with its last value, a key without a column is told to the tally,
 * names are compared exactly.  A record that does not fit is counted and left out; the
 * record behind it is not touched, whatever is wrong with this one.
 *
 *     sm_ndjson *d = sm_ndjson_new(columns, n);          one per thread
 *     while (blocks) {
 *         sm_ndjson_begin(d, &block);
 *         while ((rows = sm_ndjson_rows(d, vectors, &tally)) > 0)
 *             …
 *     }
 */
#ifndef SM_CONNECT_DECODE_NDJSON_H
#define SM_CONNECT_DECODE_NDJSON_H

#include "runtime/connect/decode_block.h"
#include "runtime/connect/decode_rescue.h"
#include "runtime/connect/decode_tally.h"

/* One column of the chunk under construction. */
typedef struct sm_decode_vector {
    void *data; /* room for SM_DECODE_ROWS values; NULL: not wanted, only checked as JSON */
    uint64_t nulls[SM_DECODE_ROWS / 64]; /* bit set: no value; meaningful if has_null */
    bool has_null;
} sm_decode_vector;

typedef struct sm_ndjson sm_ndjson;

/* `columns` is borrowed.  Owned: free with sm_ndjson_free(). */
sm_ndjson *sm_ndjson_new(const sm_decode_column *columns, size_t n);
void sm_ndjson_free(sm_ndjson *d);

/* Columns that the data does not feed (decode_rescue.h); before the first record.  With
 * aside->corrupt blocks have to be kept (sm_decode_block_keep). */
void sm_ndjson_aside(sm_ndjson *d, const sm_decode_aside *aside);

/* Go to the first record of `block`, which is borrowed, and written to, until the next. */
void sm_ndjson_begin(sm_ndjson *d, const sm_decode_block *block);

/* Fill up to SM_DECODE_ROWS rows of all vectors; how many, 0 at the end of the block.
 * Strings live until the next call. */
size_t sm_ndjson_rows(sm_ndjson *d, sm_decode_vector *vectors, sm_decode_tally *t);

#endif
