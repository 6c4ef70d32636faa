/* SPDX-License-Identifier: Apache-2.0 */
/* grid.c -- cells are gathered first, since a column is as wide as its widest cell. */
#include "ui/cli/grid.h"

#include <stdarg.h>

#include "runtime/base/clock.h"
#include "ui/cli/width.h"

typedef struct cell {
    sm_sv text;
    size_t width; /* in cells of a terminal */
    sm_tone tone;
} cell;

typedef struct row {
    cell *cells;
    size_t n, cap;
} row;

struct sm_grid {
    const sm_cli *c;
    row *rows;
    size_t n, cap;
    size_t widths[SM_GRID_MAX_COLUMNS];
    char align[SM_GRID_MAX_COLUMNS];
};

static void *grow(sm_arena *a, const void *old, size_t n, size_t *cap, size_t size)
{
    size_t more = *cap == 0 ? 8 : *cap * 2;
    void *wider = sm_arena_alloc(a, size, _Alignof(max_align_t), more);

    if (n > 0)
        memcpy(wider, old, n * size);
    *cap = more;
    return wider;
}

sm_grid *sm_grid_new(const sm_cli *c, const char *align)
{
    sm_grid *g = SM_NEW(c->a, sm_grid);

    g->c = c;
    memset(g->align, 'l', sizeof g->align);
    memcpy(g->align, align, strlen(align));
    return g;
}

void sm_grid_align(sm_grid *g, size_t column, char align)
{
    if (column < SM_GRID_MAX_COLUMNS)
        g->align[column] = align;
}

void sm_grid_row(sm_grid *g)
{
    if (g->n == g->cap)
        g->rows = grow(g->c->a, g->rows, g->n, &g->cap, sizeof *g->rows);
    g->rows[g->n++] = (row){ 0 };
}

void sm_grid_tone(sm_grid *g, sm_tone tone, sm_sv text)
{
    row *r = &g->rows[g->n - 1];
    sm_buf safe;

    if (r->n == SM_GRID_MAX_COLUMNS)
        return;
    if (r->n == r->cap)
        r->cells = grow(g->c->a, r->cells, r->n, &r->cap, sizeof *r->cells);
    sm_buf_init(&safe, 4 * text.len + 16);
    sm_buf_add_safe(&safe, text);
    r->cells[r->n] = (cell){ .text = sm_arena_dup(g->c->a, sm_buf_sv(&safe)), .tone = tone };
    r->cells[r->n].width = sm_text_width(r->cells[r->n].text);
    if (r->cells[r->n].width > g->widths[r->n])
        g->widths[r->n] = r->cells[r->n].width;
    r->n++;
    sm_buf_release(&safe);
}

void sm_grid_cell(sm_grid *g, sm_sv text)
{
    sm_grid_tone(g, SM_TONE_PLAIN, text);
}

void sm_grid_cellf(sm_grid *g, const char *fmt, ...)
{
    sm_buf b;
    va_list ap;

    sm_buf_init(&b, 64 * 1024);
    va_start(ap, fmt);
    sm_buf_addv(&b, fmt, ap);
    va_end(ap);
    sm_grid_cell(g, sm_buf_sv(&b));
    sm_buf_release(&b);
}

void sm_grid_count(sm_grid *g, int64_t n)
{
    sm_buf b;

    sm_buf_init(&b, 64);
    sm_buf_add_count(&b, n);
    sm_grid_cell(g, sm_buf_sv(&b));
    sm_buf_release(&b);
}

void sm_grid_duration(sm_grid *g, int64_t ms)
{
    sm_buf b;

    sm_buf_init(&b, 64);
    sm_buf_add_duration(&b, ms);
    sm_grid_cell(g, sm_buf_sv(&b));
    sm_buf_release(&b);
}

void sm_grid_head(sm_grid *g, const char *names)
{
    sm_sv rest = sm_sv_cstr(names), name;

    sm_grid_row(g);
    while (sm_sv_next(&rest, '|', &name))
        sm_grid_tone(g, SM_TONE_DIM, name);
}

void sm_grid_state(sm_grid *g, sm_sv state, const char *word)
{
    sm_tone tone;
    const char *shape = sm_state_shape(state, &tone);
    sm_buf b;

    sm_buf_init(&b, 256);
    sm_buf_addf(&b, "%s ", shape);
    if (word != NULL)
        sm_buf_adds(&b, word);
    for (size_t i = 0; word == NULL && i < state.len; i++)
        sm_buf_addc(&b, state.ptr[i] == '_' ? ' ' : state.ptr[i]);
    sm_grid_tone(g, tone, sm_buf_sv(&b));
    sm_buf_release(&b);
}

static void add_spaces(sm_buf *b, size_t n)
{
    sm_buf_addf(b, "%*s", (int)n, "");
}

static void print_row(const sm_grid *g, const row *r, int indent, sm_buf *out)
{
    add_spaces(out, (size_t)indent);
    for (size_t i = 0; i < r->n; i++) {
        size_t pad = g->widths[i] - r->cells[i].width;

        if (g->align[i] == 'r')
            add_spaces(out, pad);
        sm_add_tone(g->c, out, r->cells[i].tone, r->cells[i].text);
        if (g->align[i] != 'r' && i + 1 < r->n)
            add_spaces(out, pad);
        if (i + 1 < r->n)
            sm_buf_adds(out, "  ");
    }
    while (out->len > 0 && out->ptr[out->len - 1] == ' ')
        sm_buf_cut(out, out->len - 1);
    sm_buf_addc(out, '\n');
}

void sm_grid_print(const sm_grid *g, int indent, sm_buf *out)
{
    for (size_t i = 0; i < g->n; i++)
        print_row(g, &g->rows[i], indent, out);
}

static const struct {
    const char *state, *shape;
    sm_tone tone;
} looks[] = {
    { "succeeded", "●", SM_TONE_GOOD },   { "completed", "●", SM_TONE_GOOD },
    { "idle", "●", SM_TONE_GOOD },        { "ok", "●", SM_TONE_GOOD },
    { "unchanged", "●", SM_TONE_GOOD },   { "succeeded_with_warnings", "▲", SM_TONE_WARN },
    { "warn", "▲", SM_TONE_WARN },        { "failed", "✖", SM_TONE_BAD },
    { "fail", "✖", SM_TONE_BAD },         { "error", "✖", SM_TONE_BAD },
    { "refused", "✖", SM_TONE_BAD },      { "rebuild", "▲", SM_TONE_WARN },
    { "skipped", "⊘", SM_TONE_WARN },     { "stopped", "‖", SM_TONE_WARN },
    { "held_back", "‖", SM_TONE_BAD },    { "canceled", "‖", SM_TONE_WARN },
    { "interrupted", "‖", SM_TONE_WARN }, { "waiting", "○", SM_TONE_PLAIN },
    { "queued", "○", SM_TONE_PLAIN },     { "never_run", "–", SM_TONE_DIM },
    { "excluded", "–", SM_TONE_DIM },     { "inactive", "–", SM_TONE_DIM },
    { "late", "▲", SM_TONE_WARN },        { "stale", "✖", SM_TONE_BAD },
    { "info", "●", SM_TONE_PLAIN },       { "debug", "●", SM_TONE_DIM },
};

const char *sm_state_shape(sm_sv state, sm_tone *tone)
{
    for (size_t i = 0; i < sizeof looks / sizeof looks[0]; i++)
        if (sm_sv_eq_str(state, looks[i].state)) {
            *tone = looks[i].tone;
            return looks[i].shape;
        }
    *tone = SM_TONE_PLAIN;
    return "◐";
}

void sm_add_tone(const sm_cli *c, sm_buf *b, sm_tone tone, sm_sv text)
{
    static const char *const codes[] = { [SM_TONE_PLAIN] = "",
                                         [SM_TONE_GOOD] = "\033[32m",
                                         [SM_TONE_WARN] = "\033[33m",
                                         [SM_TONE_BAD] = "\033[31m",
                                         [SM_TONE_DIM] = "\033[2m" };
    bool color = c->color && tone != SM_TONE_PLAIN;

    if (color)
        sm_buf_adds(b, codes[tone]);
    sm_buf_add(b, text);
    if (color)
        sm_buf_adds(b, "\033[0m");
}

sm_sv sm_show_time(sm_arena *a, int64_t ms)
{
    sm_sv t;

    if (ms == 0)
        return SM_SV("never");
    t = sm_time_rfc3339(ms, a);
    return sm_arena_printf(a, "%.10s %.8s", t.ptr, t.ptr + 11);
}
