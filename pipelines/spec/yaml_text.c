/* SPDX-License-Identifier: Apache-2.0 */
/* yaml_text.c -- from a byte of a scalar back to the byte of the file that it came from.
 *
 * Nothing is kept while parsing: the way is found again when a message needs it, by walking
 * the raw scalar and the finished text side by side.  `in` walks the file, `out` the text.
 *
 *     literal |   each line loses its indentation
 *     folded >    and a line break becomes a space, nothing or itself
 *     plain       blanks, breaks, blanks become one space, or one break less
 *     'single'    the same, and '' is '
 *     "double"    the same, and \n, é … are one character; \ before a break is nothing
 */
#include "pipelines/spec/yaml_int.h"

#include <string.h>

typedef struct walk {
    const char *src;
    size_t in, end;
    const char *text;
    size_t out, target; /* stop when out == target */
} walk;

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool is_break(char c)
{
    return c == '\n' || c == '\r';
}

/* Behind the break at w->in, CR LF being one. */
static void skip_break(walk *w)
{
    w->in += w->in + 1 < w->end && w->src[w->in] == '\r' && w->src[w->in + 1] == '\n' ? 2 : 1;
}

/* True when only blanks stand between w->in and a break, or w->in is at one. */
static bool at_fold(const walk *w)
{
    size_t i = w->in;

    while (i < w->end && is_blank(w->src[i]))
        i++;
    return i < w->end && is_break(w->src[i]);
}

/* Skip blanks and breaks; how many breaks there were. */
static size_t skip_fold(walk *w)
{
    size_t breaks = 0;

    while (w->in < w->end && (is_blank(w->src[w->in]) || is_break(w->src[w->in]))) {
        if (!is_break(w->src[w->in])) {
            w->in++;
            continue;
        }
        skip_break(w);
        breaks++;
    }
    return breaks;
}

/* Lines of a flow scalar flow together: one break is a space, n breaks are n - 1. */
static void walk_fold(walk *w)
{
    walk before = *w;
    size_t breaks = skip_fold(w), made = breaks > 1 ? breaks - 1 : 1;

    if (w->out + made <= w->target) {
        w->out += made;
        return;
    }
    w->in = before.in;
    w->out = w->target;
}

static size_t utf8_length(uint32_t cp)
{
    return cp < 0x80 ? 1 : cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
}

/* An escape of a double-quoted scalar: its length in the file and in the text. */
static void walk_escape(walk *w)
{
    static const char hex[] = "0123456789abcdef";
    char c = w->in + 1 < w->end ? w->src[w->in + 1] : '\0';
    size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
    size_t made = c == 'N' || c == '_' ? 2 : c == 'L' || c == 'P' ? 3 : 1;
    uint32_t cp = 0;

    if (is_break(c)) {
        w->in++;
        (void)skip_fold(w);
        return;
    }
    for (size_t i = 0; i < digits && w->in + 2 + i < w->end; i++) {
        const char *at = strchr(hex, w->src[w->in + 2 + i] | 0x20);

        cp = cp * 16 + (uint32_t)(at ? at - hex : 0);
    }
    if (digits > 0)
        made = utf8_length(cp);
    if (w->out + made > w->target) {
        w->out = w->target;
        return;
    }
    w->in += 2 + digits;
    w->out += made;
}

static void walk_flow(walk *w, uint8_t style)
{
    if (style != SM_YAML_PLAIN)
        w->in++;
    while (w->out < w->target && w->in < w->end) {
        char c = w->src[w->in];

        if (at_fold(w)) {
            walk_fold(w);
        } else if (style == SM_YAML_DOUBLE && c == '\\') {
            walk_escape(w);
        } else {
            w->in += style == SM_YAML_SINGLE && c == '\'' ? 2 : 1;
            w->out++;
        }
    }
    if (style == SM_YAML_DOUBLE && w->in + 1 < w->end && w->src[w->in] == '\\' &&
        is_break(w->src[w->in + 1]))
        walk_escape(w); /* a line that is continued makes no character */
}

/* Behind `|+2 # comment` and its break. */
static void skip_header(walk *w)
{
    while (w->in < w->end && !is_break(w->src[w->in]))
        w->in++;
    if (w->in < w->end)
        skip_break(w);
}

static size_t count_spaces(const char *s, size_t from, size_t end)
{
    size_t i = from;

    while (i < end && s[i] == ' ')
        i++;
    return i - from;
}

/* What each line of a block loses: the spaces before its first line that has something,
 * less those which that line still has in the text. */
static size_t block_indent(const walk *w, size_t text_len)
{
    walk probe = *w;
    size_t lost, kept, first = 0;

    for (;;) {
        lost = count_spaces(probe.src, probe.in, probe.end);
        if (probe.in + lost >= probe.end || !is_break(probe.src[probe.in + lost]))
            break;
        probe.in += lost;
        skip_break(&probe);
    }
    while (first < text_len && w->text[first] == '\n')
        first++;
    kept = count_spaces(w->text, first, text_len);
    return lost > kept ? lost - kept : 0;
}

/* The breaks from w->in to the next line that has something, and what the text has there.
 * Stops early at a break that is the target itself. */
static void walk_block_breaks(walk *w, size_t indent, bool folded)
{
    do {
        size_t spaces;

        skip_break(w);
        if (w->out < w->target && w->text[w->out] == '\n')
            w->out++;
        spaces = count_spaces(w->src, w->in, w->end);
        w->in += spaces < indent ? spaces : indent;
    } while (w->in < w->end && is_break(w->src[w->in]) &&
             (w->out < w->target || w->text[w->target] != '\n'));
    if (folded && w->out < w->target && w->text[w->out] == ' ' && w->in < w->end &&
        w->src[w->in] != ' ')
        w->out++;
}

static void walk_block(walk *w, size_t text_len, bool folded)
{
    size_t indent, spaces;

    skip_header(w);
    indent = block_indent(w, text_len);
    spaces = count_spaces(w->src, w->in, w->end);
    w->in += spaces < indent ? spaces : indent;
    while (w->out < w->target && w->in < w->end) {
        if (is_break(w->src[w->in])) {
            walk_block_breaks(w, indent, folded);
        } else {
            w->in++;
            w->out++;
        }
    }
}

/* The byte of the file behind text[target]. */
static uint32_t byte_of(const sm_yaml_node *n, size_t target)
{
    walk w = {
        .src = n->doc->src.ptr,
        .in = n->start,
        .end = n->end,
        .text = n->text.ptr,
        .target = target,
    };

    if (n->style == SM_YAML_LITERAL || n->style == SM_YAML_FOLDED)
        walk_block(&w, n->text.len, n->style == SM_YAML_FOLDED);
    else
        walk_flow(&w, n->style);
    return (uint32_t)(w.in < w.end ? w.in : w.end);
}

static sm_span map_range(const void *ctx, sm_sv text, size_t offset, size_t len)
{
    const sm_yaml_node *n = ctx;
    uint32_t start, end;

    if (n->style == SM_YAML_MADE)
        return sm_yaml_span(n);
    start = byte_of(n, offset);
    if (len == 0 || offset + len > text.len)
        return sm_yaml__span(n->doc, start, start < n->end ? start + 1 : start);
    end = byte_of(n, offset + len - 1) + 1;
    while (end < n->end && (n->doc->src.ptr[end] & 0xC0) == 0x80)
        end++;
    return sm_yaml__span(n->doc, start, end > start ? end : start);
}

sm_text sm_yaml_text(const sm_yaml_node *n)
{
    return (sm_text){ .text = n->text, .at = sm_yaml_span(n), .map = map_range, .ctx = n };
}
