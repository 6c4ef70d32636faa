/* SPDX-License-Identifier: Apache-2.0 */
/* decode_text.c -- lines as they are. */
#include "runtime/connect/decode_text.h"

#include <stdio.h>

#include "runtime/connect/decode_lex.h"

void sm_text_begin(sm_text_lines *d, const sm_decode_block *block)
{
    *d = (sm_text_lines){ .block = block, .p = block->data };
}

static void text_bad(const sm_text_lines *d, sm_decode_tally *t, int64_t offset, int64_t len,
                     const char *reason)
{
    sm_decode_place at = { d->block->file, offset };
    t->records++;
    sm_decode_tally_bad(t, at, len, reason);
}

size_t sm_text_rows(sm_text_lines *d, sm_decode_vector *vector, sm_decode_tally *t)
{
    const sm_decode_block *block = d->block;
    sm_decode_string *out = vector->data;
    size_t rows = 0;
    while (d->p < block->end && rows < SM_DECODE_ROWS) {
        char *p = d->p, *end = memchr(p, '\n', (size_t)(block->end - p) + 1);
        size_t len = (size_t)(end - p);
        d->p = end + 1;
        if (len > 0 && end[-1] == '\r')
            len--;
        size_t good = sm_utf8_check((sm_sv){ p, len });
        if (good < len) {
            char reason[64];
            snprintf(reason, sizeof reason, "invalid UTF-8, at byte %zu", good + 1);
            text_bad(d, t, block->offset + (p - block->data), (int64_t)len, reason);
            continue;
        }
        t->records++;
        if (out != NULL)
            sm_decode__put_string(&out[rows], p, len);
        rows++;
    }
    if (d->p >= block->end && block->left_out >= 0 && !d->told) {
        text_bad(d, t, block->left_out, SM_DECODE_NO_END, block->why);
        d->told = true;
    }
    return rows;
}
