/* SPDX-License-Identifier: Apache-2.0 */
/* text.c -- from an offset of a text to line and column. */
#include "runtime/base/text.h"

sm_text sm_text_of(sm_sv text, const char *file)
{
    sm_text t = { .text = text, .at = { file, 1, 1, 1, 1 } };

    t.at = sm_text_span(&t, 0, text.len);
    return t;
}

/* Line and column of text[offset] when text[0] stands at (*line, *column). */
static void advance(sm_sv text, size_t offset, uint32_t *line, uint32_t *column)
{
    for (size_t i = 0; i < offset; i++) {
        if (text.ptr[i] == '\n') {
            ++*line;
            *column = 1;
        } else if ((text.ptr[i] & 0xC0) != 0x80) {
            ++*column;
        }
    }
}

sm_span sm_text_span(const sm_text *t, size_t offset, size_t len)
{
    sm_span at = t->at;

    if (offset > t->text.len)
        offset = t->text.len;
    if (len > t->text.len - offset)
        len = t->text.len - offset;
    if (t->map)
        return t->map(t->ctx, t->text, offset, len);
    if (at.line == 0)
        return at;
    advance(t->text, offset, &at.line, &at.column);
    at.end_line = at.line;
    at.end_column = at.column;
    advance(sm_sv_sub(t->text, offset, len), len, &at.end_line, &at.end_column);
    if (len == 0)
        at.end_column++;
    return at;
}
