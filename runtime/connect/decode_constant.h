/* SPDX-License-Identifier: Apache-2.0 */
/* decode_constant.h -- columns whose value is the file's, not the record's.
 *
 * What the path of a file says (day=2026-01-31/), its size and its time: one value per file, given
 * as text, checked once, and put beside each of its rows. */
#ifndef SM_CONNECT_DECODE_CONSTANT_H
#define SM_CONNECT_DECODE_CONSTANT_H

#include "runtime/connect/decode.h"

/* Without the zeros in front of a whole number: "0012" is "12", and "00" is "0". */
sm_sv sm_decode_plain_number(sm_sv text);

typedef struct sm_decode_constants sm_decode_constants;

/* Of the columns of `schema` for n files, all NULL.  Lives in `a`.  SM_E_INVALID naming a column
 * of a type that no text can be. */
sm_code sm_decode_constants_new(const sm_schema *schema, size_t n_files, sm_arena *a,
                                sm_decode_constants **out, sm_error *err);

/* The value of column `c` in the rows of `file`.  SM_E_INVALID: why the text is none. */
sm_code sm_decode_constants_set(sm_decode_constants *k, size_t c, size_t file, sm_sv text,
                                sm_error *err);

size_t sm_decode_constants_count(const sm_decode_constants *k);
const sm_decode_column *sm_decode_constants_column(const sm_decode_constants *k, size_t c);

/* `n` times the value, at `data`, as the engine keeps it; false: it is NULL. */
bool sm_decode_constants_fill(const sm_decode_constants *k, size_t c, size_t file, void *data,
                              size_t n);

#endif
