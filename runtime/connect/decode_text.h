/* SPDX-License-Identifier: Apache-2.0 */
/* decode_text.h -- lines as they are: one column, VARCHAR.
 *
 * Every line is a record, blank ones too; its end (newline, or carriage return and
 * newline) is not part of it.  A line that is no UTF-8 is undecodable.
 */
#ifndef SM_CONNECT_DECODE_TEXT_H
#define SM_CONNECT_DECODE_TEXT_H

#include "runtime/connect/decode_ndjson.h"

typedef struct sm_text_lines {
    const sm_decode_block *block;
    char *p;
    bool told;
} sm_text_lines;

void sm_text_begin(sm_text_lines *d, const sm_decode_block *block);

/* As sm_ndjson_rows(), of one vector. */
size_t sm_text_rows(sm_text_lines *d, sm_decode_vector *vector, sm_decode_tally *t);

#endif
