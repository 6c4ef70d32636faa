/* SPDX-License-Identifier: Apache-2.0 */
/* text.h -- a text that knows where each of its bytes was written.
 *
 * SQL and expressions reach the engine as one run of bytes, but the user wrote them in a
 * YAML file, as a plain scalar, in quotes with escapes, or as an indented block.  A sm_text
 * carries both: the bytes, and the way back from an offset to line and column.
 *
 *     sql: |                          text   SELECT 1,\n  two\n
 *       SELECT 1,                     sm_text_span(&t, 12, 3) is line 3, columns 9 to 12
 *         two
 *
 * A text without a map was not written in a file that we know (a command line, a test): its
 * first byte stands at `at`, lines follow its own newlines.
 */
#ifndef SM_BASE_TEXT_H
#define SM_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "runtime/base/diag.h"
#include "runtime/base/str.h"

/* Where the bytes [offset, offset + len) of `text` were written; called through
 * sm_text_span(), with offset + len <= text.len. */
typedef sm_span (*sm_text_map)(const void *ctx, sm_sv text, size_t offset, size_t len);

typedef struct sm_text {
    sm_sv text;
    sm_span at;      /* of the whole; line 0: written nowhere, a default */
    sm_text_map map; /* NULL: see above */
    const void *ctx; /* borrowed: lives as long as what `text` lives in */
} sm_text;

/* A text that begins at line 1, column 1 of `file` (a name for messages, such as "<query>"). */
sm_text sm_text_of(sm_sv text, const char *file);

/* The place of [offset, offset + len); what lies beyond the end is cut off.  An empty range
 * is the place of one character, or of the end. */
sm_span sm_text_span(const sm_text *t, size_t offset, size_t len);

/* True when the text was written by somebody, false for a default. */
static inline bool sm_text_set(const sm_text *t)
{
    return t->at.line != 0;
}

#endif
