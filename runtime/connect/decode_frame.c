/* SPDX-License-Identifier: Apache-2.0 */
/* decode_frame.c -- where a record ends, when a newline does not end it. */
#include "runtime/connect/decode_frame.h"

#include <string.h>

/* --- JSON --- */

/* One byte inside a string of a record. */
static void frame_json_string(sm_frame *f, char *p)
{
    if (*p == '\n')
        *p = '\r'; /* is no part of a string either, and does not end the line */
    if (f->escaped)
        f->escaped = false;
    else if (*p == '\\')
        f->escaped = true;
    else if (*p == '"')
        f->string = false;
}

/* One byte of a record, which has begun. */
static void frame_json_inside(sm_frame *f, char *p)
{
    switch (*p) {
    case '"':
        f->string = true;
        break;
    case '{':
    case '[':
        f->depth++;
        break;
    case '}':
    case ']':
        f->behind = --f->depth == 0;
        break;
    case '\n':
        *p = ' ';
        break;
    default:
        break;
    }
}

/* One byte between records; true when it ends a line. */
static bool frame_json_between(sm_frame *f, char *p)
{
    bool space = *p == ' ' || *p == '\t' || *p == '\r' || *p == '\n';
    bool ends = *p == '\n' || (f->behind && space);
    if (*p == '{' || (*p == '[' && f->array)) {
        f->depth = 1;
    } else if (*p == '[') {
        f->array = true;
        *p = ' ';
    } else if (f->array && (*p == ',' || *p == ']')) {
        f->array = *p == ',';
        ends = true;
    }
    if (ends)
        *p = '\n';
    f->behind = f->behind && !ends && *p != '{';
    return ends;
}

static size_t frame_json(sm_frame *f, char *p, size_t n, bool *ended)
{
    for (size_t i = 0; i < n; i++) {
        if (f->string) {
            frame_json_string(f, p + i);
        } else if (f->depth > 0) {
            frame_json_inside(f, p + i);
        } else if (f->behind && p[i] == '{') {
            f->behind = false;
            *ended = true;
            return i;
        } else if (frame_json_between(f, p + i)) {
            *ended = true;
            return i + 1;
        }
    }
    return n;
}

/* --- CSV --- */

enum {
    CSV_RECORD, /* at the begin of a record */
    CSV_FIELD,  /* at the begin of a field */
    CSV_PLAIN,  /* behind something that is no quote, or behind a closed one */
    CSV_QUOTED,
    CSV_ESCAPE, /* in quotes, behind the escape (which may be the quote) */
    CSV_COMMENT,
};

/* The state behind the byte `c` outside of quotes. */
static int frame_csv_outside(const sm_framing *g, int state, char c)
{
    if (c == '\n')
        return CSV_RECORD;
    if (state == CSV_COMMENT || (state == CSV_RECORD && g->comment != 0 && c == g->comment))
        return CSV_COMMENT;
    if (c == g->sep)
        return CSV_FIELD;
    if (state == CSV_PLAIN)
        return CSV_PLAIN;
    if (g->quote != 0 && c == g->quote)
        return CSV_QUOTED;
    return g->trim && (c == ' ' || c == '\t') ? CSV_FIELD : CSV_PLAIN;
}

static int frame_csv_quoted(const sm_framing *g, char c)
{
    if (c == g->escape)
        return CSV_ESCAPE;
    return c == g->quote ? CSV_PLAIN : CSV_QUOTED;
}

/* The state behind the byte `c`, which follows the escape. */
static int frame_csv_escaped(const sm_framing *g, char c)
{
    if (c == g->quote || (g->escape != g->quote && c == g->escape))
        return CSV_QUOTED;
    if (g->escape == g->quote) /* so that was the closing quote */
        return frame_csv_outside(g, CSV_PLAIN, c);
    return frame_csv_quoted(g, c);
}

static size_t frame_csv(const sm_framing *g, sm_frame *f, const char *p, size_t n, bool *ended)
{
    int state = f->state;
    size_t i = 0;
    while (i < n && !*ended) {
        char c = p[i++];
        if (state == CSV_QUOTED)
            state = frame_csv_quoted(g, c);
        else if (state == CSV_ESCAPE)
            state = frame_csv_escaped(g, c);
        else
            state = frame_csv_outside(g, state, c);
        *ended = state == CSV_RECORD;
    }
    f->state = (char)state;
    return i;
}

/* --- Both --- */

static size_t frame_line(const char *p, size_t n, bool *ended)
{
    const char *end = memchr(p, '\n', n);
    *ended = end != NULL;
    return end == NULL ? n : (size_t)(end - p) + 1;
}

size_t sm_frame_scan(const sm_framing *framing, sm_frame *f, char *p, size_t n, bool *ended)
{
    *ended = false;
    switch (framing->kind) {
    case SM_FRAME_JSON:
        return frame_json(f, p, n, ended);
    case SM_FRAME_CSV:
        return frame_csv(framing, f, p, n, ended);
    case SM_FRAME_LINES:
        break;
    }
    return frame_line(p, n, ended);
}
