/* SPDX-License-Identifier: Apache-2.0 */
/* diag.c -- collect diagnostics, sort them by place, print them with the line they mean. */
#include "runtime/base/diag.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum { MESSAGE_MAX = 16 * 1024, LINE_SHOWN = 200, KEPT = 1000 };

typedef struct source_text {
    const char *file;
    sm_sv text;
} source_text;

struct sm_diags {
    sm_arena *a;
    sm_diag *items;
    size_t n, cap;
    size_t errors;
    size_t dropped; /* counted and not kept: a hostile file can have millions */
    source_text *sources;
    size_t n_sources, cap_sources;
};

static void diags_release(void *arg)
{
    sm_diags *d = arg;

    free(d->items);
    free(d->sources);
}

sm_diags *sm_diags_new(sm_arena *a)
{
    sm_diags *d = SM_NEW(a, sm_diags);

    d->a = a;
    sm_arena_defer(a, diags_release, d);
    return d;
}

static sm_sv diag_text(sm_diags *d, const char *fmt, va_list ap)
{
    sm_buf b;
    sm_sv out;

    sm_buf_init(&b, MESSAGE_MAX);
    sm_buf_addv(&b, fmt, ap);
    out = sm_arena_dup(d->a, sm_buf_sv(&b));
    sm_buf_release(&b);
    return out;
}

void sm_diag_add(sm_diags *d, const char *id, sm_span at, const char *fmt, ...)
{
    const sm_diag_def *def = sm_diag_lookup(sm_sv_cstr(id));
    va_list ap;

    assert(def != NULL);
    d->errors += def->severity == SM_SEVERITY_ERROR;
    if (d->n == KEPT) {
        d->dropped++;
        return;
    }
    if (d->n == d->cap) {
        d->cap = d->cap == 0 ? 16 : d->cap * 2;
        d->items = sm_xrealloc(d->items, d->cap * sizeof *d->items);
    }
    va_start(ap, fmt);
    d->items[d->n++] = (sm_diag){ .def = def, .at = at, .message = diag_text(d, fmt, ap) };
    va_end(ap);
}

void sm_diag_hint(sm_diags *d, const char *fmt, ...)
{
    va_list ap;

    assert(d->n > 0);
    if (d->dropped > 0)
        return;
    va_start(ap, fmt);
    d->items[d->n - 1].hint = diag_text(d, fmt, ap);
    va_end(ap);
}

void sm_diag_see(sm_diags *d, sm_span other, const char *label)
{
    sm_diag_note *note, **end;

    assert(d->n > 0);
    if (d->dropped > 0)
        return;
    note = SM_NEW(d->a, sm_diag_note);
    note->at = other;
    note->label = sm_arena_dup(d->a, sm_sv_cstr(label));
    for (end = &d->items[d->n - 1].notes; *end != NULL; end = &(*end)->next)
        continue;
    *end = note;
}

void sm_diags_source(sm_diags *d, const char *file, sm_sv text)
{
    if (d->n_sources == d->cap_sources) {
        d->cap_sources = d->cap_sources == 0 ? 8 : d->cap_sources * 2;
        d->sources = sm_xrealloc(d->sources, d->cap_sources * sizeof *d->sources);
    }
    d->sources[d->n_sources++] = (source_text){ file, text };
}

size_t sm_diags_count(const sm_diags *d)
{
    return d->n;
}

size_t sm_diags_errors(const sm_diags *d)
{
    return d->errors;
}

size_t sm_diags_warnings(const sm_diags *d)
{
    return d->n + d->dropped - d->errors;
}

const sm_diag *sm_diags_at(const sm_diags *d, size_t i)
{
    return i < d->n ? &d->items[i] : NULL;
}

static int compare_diags(const void *x, const void *y)
{
    const sm_diag *a = x, *b = y;
    int c = sm_sv_cmp(sm_sv_cstr(a->at.file), sm_sv_cstr(b->at.file));

    if (c != 0)
        return c;
    if (a->at.line != b->at.line)
        return a->at.line < b->at.line ? -1 : 1;
    if (a->at.column != b->at.column)
        return a->at.column < b->at.column ? -1 : 1;
    c = strcmp(a->def->id, b->def->id);
    return c != 0 ? c : sm_sv_cmp(a->message, b->message);
}

void sm_diags_sort(sm_diags *d)
{
    size_t kept = 0;

    if (d->n > 1)
        qsort(d->items, d->n, sizeof *d->items, compare_diags);
    for (size_t i = 0; i < d->n; i++) {
        if (kept > 0 && compare_diags(&d->items[kept - 1], &d->items[i]) == 0) {
            d->errors -= d->items[i].def->severity == SM_SEVERITY_ERROR;
            continue;
        }
        d->items[kept++] = d->items[i];
    }
    d->n = kept;
}

/* ---- printing -------------------------------------------------------------------- */

static bool source_line(const sm_diags *d, sm_span at, sm_sv *line)
{
    sm_sv rest = { NULL, 0 };
    uint32_t n = 0;

    for (size_t i = 0; i < d->n_sources; i++)
        if (at.file != NULL && strcmp(d->sources[i].file, at.file) == 0)
            rest = d->sources[i].text;
    while (at.line > 0 && sm_sv_next(&rest, '\n', line))
        if (++n == at.line) {
            while (line->len > 0 && line->ptr[line->len - 1] == '\r')
                line->len--;
            return true;
        }
    return false;
}

/* Bytes of the first `characters` characters of `line`. */
static size_t prefix_bytes(sm_sv line, uint32_t characters)
{
    size_t at = 0;

    while (at < line.len && characters > 0) {
        size_t n = sm_utf8_len(line, at);

        at += n == 0 ? 1 : n;
        characters--;
    }
    return at;
}

static uint32_t characters(sm_sv line)
{
    uint32_t n = 0;

    for (size_t at = 0; at < line.len; n++)
        at += prefix_bytes(sm_sv_sub(line, at, line.len), 1);
    return n;
}

/* The line with one column for each character: a tab is a space, and what is no text or could
 * drive a terminal a question mark. */
static void add_line(sm_sv line, sm_buf *out)
{
    sm_buf safe;

    sm_buf_init(&safe, 64);
    for (size_t at = 0, n; at < line.len; at += n) {
        n = sm_utf8_len(line, at);
        n = n == 0 ? 1 : n;
        sm_buf_clear(&safe);
        sm_buf_add_safe(&safe, sm_sv_sub(line, at, n));
        if (line.ptr[at] == '\t')
            sm_buf_addc(out, ' ');
        else
            sm_buf_add(out, safe.len == n ? sm_buf_sv(&safe) : SM_SV("?"));
    }
    sm_buf_release(&safe);
}

/* The line, with the number of carets below what is meant; long lines are cut. */
static void print_caret(const sm_diags *d, sm_span at, sm_buf *out)
{
    sm_sv line;
    uint32_t first = at.column == 0 ? 1 : at.column, last;
    uint32_t from = first > LINE_SHOWN / 2 ? first - LINE_SHOWN / 2 : 1;

    if (!source_line(d, at, &line))
        return;
    line = sm_sv_sub(line, prefix_bytes(line, from - 1), line.len);
    line.len = prefix_bytes(line, LINE_SHOWN);
    last = at.end_line == at.line ? at.end_column : from + characters(line);
    if (last > from + LINE_SHOWN)
        last = from + LINE_SHOWN;
    sm_buf_addf(out, "%5u | ", at.line);
    add_line(line, out);
    sm_buf_adds(out, "\n      | ");
    for (uint32_t c = from; c < first; c++)
        sm_buf_addc(out, ' ');
    sm_buf_addc(out, '^');
    for (uint32_t c = first + 1; c < last; c++)
        sm_buf_addc(out, '^');
    sm_buf_addc(out, '\n');
}

static void print_place(sm_span at, sm_buf *out)
{
    sm_buf_add_safe(out, sm_sv_cstr(at.file));
    if (at.line > 0)
        sm_buf_addf(out, ":%u:%u", at.line, at.column);
    sm_buf_adds(out, ": ");
}

static void print_one(const sm_diags *d, const sm_diag *g, bool color, sm_buf *out)
{
    bool error = g->def->severity == SM_SEVERITY_ERROR;

    print_place(g->at, out);
    sm_buf_addf(out, "%s%s[%s]%s: ", color ? (error ? "\033[1;31m" : "\033[1;33m") : "",
                error ? "error" : "warning", g->def->id, color ? "\033[0m" : "");
    sm_buf_add_safe(out, g->message);
    sm_buf_addc(out, '\n');
    print_caret(d, g->at, out);
    if (g->hint.len > 0) {
        sm_buf_adds(out, "   hint: ");
        sm_buf_add_safe(out, g->hint);
        sm_buf_addc(out, '\n');
    }
    for (const sm_diag_note *n = g->notes; n != NULL; n = n->next) {
        sm_buf_adds(out, "   ");
        print_place(n->at, out);
        sm_buf_add_safe(out, n->label);
        sm_buf_addc(out, '\n');
    }
}

void sm_diags_print(sm_diags *d, bool color, sm_buf *out)
{
    size_t shown;

    sm_diags_sort(d);
    shown = d->n < SM_DIAGS_SHOWN ? d->n : SM_DIAGS_SHOWN;
    for (size_t i = 0; i < shown; i++)
        print_one(d, &d->items[i], color, out);
    if (d->n + d->dropped > shown)
        sm_buf_addf(out, "… and %zu more\n", d->n + d->dropped - shown);
}

static void add_counted(sm_buf *out, size_t n, const char *noun)
{
    sm_buf_addf(out, "%zu %s%s", n, noun, n == 1 ? "" : "s");
}

void sm_diags_summary(const sm_diags *d, sm_buf *out)
{
    size_t warnings = sm_diags_warnings(d);

    if (d->errors > 0 || warnings == 0)
        add_counted(out, d->errors, "error");
    if (d->errors > 0 && warnings > 0)
        sm_buf_adds(out, ", ");
    if (warnings > 0)
        add_counted(out, warnings, "warning");
}

static void set_place(sm_json *o, sm_span at)
{
    sm_json_set_string(o, "file", sm_sv_cstr(at.file));
    sm_json_set_int(o, "line", at.line);
    sm_json_set_int(o, "column", at.column);
    sm_json_set_int(o, "end_line", at.end_line);
    sm_json_set_int(o, "end_column", at.end_column);
}

static sm_json *diag_json(const sm_diag *g, sm_arena *a)
{
    sm_json *o = sm_json_object(a), *see;

    sm_json_set_string(o, "code", sm_sv_cstr(g->def->id));
    sm_json_set_string(o, "severity",
                       g->def->severity == SM_SEVERITY_ERROR ? SM_SV("error") : SM_SV("warning"));
    set_place(o, g->at);
    sm_json_set_string(o, "message", g->message);
    if (g->hint.len > 0)
        sm_json_set_string(o, "hint", g->hint);
    if (g->notes == NULL)
        return o;
    see = sm_json_array(a);
    for (const sm_diag_note *n = g->notes; n != NULL; n = n->next) {
        sm_json *note = sm_json_object(a);

        set_place(note, n->at);
        sm_json_set_string(note, "label", n->label);
        sm_json_append(see, note);
    }
    sm_json_set(o, "see", see);
    return o;
}

sm_json *sm_diags_json(sm_diags *d, sm_arena *a)
{
    sm_json *list = sm_json_array(a);

    sm_diags_sort(d);
    for (size_t i = 0; i < d->n; i++)
        sm_json_append(list, diag_json(&d->items[i], a));
    return list;
}
