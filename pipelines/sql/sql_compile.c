/* SPDX-License-Identifier: Apache-2.0 */
/* sql_compile.c -- the user's text with its leaves, clocks and windows written anew.
 *
 * Compiling is a list of edits over the text as written, sorted by place, and one pass that
 * copies what lies between them.  An edit may lie inside of another one's argument (a clock in
 * a window), so the pass calls itself on that range.  Comments are left out, so that the
 * result can stand in brackets.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pipelines/sql/sql_compile.h"
#include "runtime/base/sqltext.h"

#define CLOCK "getvariable('" SM_SQL_BATCH_TIME "')"

static void emit(sm_sql_compiler *c, size_t from, size_t to, bool whole);

/* ---- writing ------------------------------------------------------------------- */

/* The range without its comments: what lies between two tokens is kept only if it is space. */
static void emit_plain(sm_sql_compiler *c, size_t from, size_t to)
{
    const sm_sql_tokens *t = &c->q->tree->tokens;
    const char *text = t->text.ptr;
    size_t done = from;

    for (size_t at = from; at < to;) {
        size_t i = sm_sql__token_at(t, at), blank = at;
        bool line = false;

        if (i < t->n) {
            at = t->items[i].at + t->items[i].len;
            continue;
        }
        while (blank < to && strchr(" \t\n\v\f\r", text[blank]) && text[blank])
            blank++;
        if (blank == to || sm_sql__token_at(t, blank) < t->n) {
            at = blank;
            continue;
        }
        sm_sql__copy(&c->w, c->q->text, done, at - done);
        for (; at < to && sm_sql__token_at(t, at) == t->n; at++)
            line |= text[at] == '\n';
        sm_sql__put(&c->w, c->q->text, at > from ? at - 1 : at, 0, line ? SM_SV("\n") : SM_SV(" "));
        done = at;
    }
    sm_sql__copy(&c->w, c->q->text, done, to - done);
}

static void put(sm_sql_compiler *c, const sm_sql_edit *e, const char *text)
{
    size_t at = e->at, len = e->len;

    if (e->kind == SM_EDIT_WHERE || e->kind == SM_EDIT_UNNEST) { /* a fault there is the window's */
        sm_sql__call_range(c->q, &c->q->tree->calls[e->index], &at, &len);
    }
    sm_sql__put(&c->w, c->q->text, at, len, sm_sv_cstr(text));
}

static void put_number(sm_sql_compiler *c, const sm_sql_edit *e, int64_t number)
{
    char text[32];

    snprintf(text, sizeof text, "%lld", (long long)number);
    put(c, e, text);
}

static void put_ident(sm_sql_compiler *c, const sm_sql_edit *e, sm_sv name)
{
    sm_buf buf;

    sm_buf_init(&buf, 1024);
    sm_sql_ident(&buf, name);
    put(c, e, buf.ptr);
    sm_buf_release(&buf);
}

static void emit_ref(sm_sql_compiler *c, const sm_sql_edit *e)
{
    const sm_sql_leaf *leaf = &c->leaves[e->index];
    const sm_sql_tokens *t = &c->q->tree->tokens;

    if (sm_sql__token_is(t, sm_sql__token_at(t, e->at), "table"))
        put(c, e, "SELECT * FROM ");
    if (leaf->view) {
        put(c, e, "(");
        sm_sql__append(&c->w, leaf->view);
        put(c, e, ")");
    } else {
        sm_sql__put(&c->w, c->q->text, e->at, e->len, leaf->relation);
    }
    if (!c->q->refs[e->index].aliased) {
        put(c, e, " AS ");
        put_ident(c, e, leaf->alias);
    }
}

static void emit_micros(sm_sql_compiler *c, const sm_sql_edit *e, const sm_sql_window *win)
{
    put(c, e, "epoch_us(");
    emit(c, win->time_at, win->time_at + win->time_len, false);
    put(c, e, ")");
}

/* floormod(x - start, slide), in brackets. */
static void emit_floormod(sm_sql_compiler *c, const sm_sql_edit *e, const sm_sql_window *win)
{
    put(c, e, "((((");
    emit_micros(c, e, win);
    if (win->start != 0) {
        put(c, e, " - (");
        put_number(c, e, win->start);
        put(c, e, ")");
    }
    put(c, e, ") % ");
    put_number(c, e, win->slide);
    put(c, e, ") + ");
    put_number(c, e, win->slide);
    put(c, e, ") % ");
    put_number(c, e, win->slide);
    put(c, e, ")");
}

/* (x - floormod): what a window is grouped by */
static void emit_index(sm_sql_compiler *c, const sm_sql_edit *e, const sm_sql_window *win)
{
    put(c, e, "(");
    emit_micros(c, e, win);
    put(c, e, " - ");
    emit_floormod(c, e, win);
    put(c, e, ")");
}

/* make_timestamp((x - floormod) + shift) */
static void emit_bound(sm_sql_compiler *c, const sm_sql_edit *e, const sm_sql_window *win,
                       int64_t shift)
{
    put(c, e, "make_timestamp(");
    emit_index(c, e, win);
    if (shift != 0) {
        put(c, e, " + ");
        put_number(c, e, shift);
    }
    put(c, e, ")");
}

/* The struct {start, end}. */
static void emit_bounds(sm_sql_compiler *c, const sm_sql_edit *e, const sm_sql_window *win)
{
    if (win->slide < win->size) {
        put(c, e, "_smelt_windows._smelt_w");
        return;
    }
    put(c, e, "{'start': ");
    emit_bound(c, e, win, 0);
    put(c, e, ", 'end': ");
    emit_bound(c, e, win, win->size);
    put(c, e, "}");
}

/* For the cut: the struct, the time, the number of the window, its size. */
static void emit_marked_window(sm_sql_compiler *c, const sm_sql_edit *e, const sm_sql_window *win)
{
    put(c, e, SM_SQL_MARK_WINDOW "(");
    emit_bounds(c, e, win);
    put(c, e, ", ");
    emit(c, win->time_at, win->time_at + win->time_len, false);
    put(c, e, ", ");
    if (win->slide < win->size)
        put(c, e, "epoch_us(_smelt_windows._smelt_w.start)");
    else
        emit_index(c, e, win);
    put(c, e, ", ");
    put_number(c, e, win->size);
    put(c, e, ")");
}

static void emit_window(sm_sql_compiler *c, const sm_sql_edit *e)
{
    const sm_sql_window *win = &c->windows[e->index];

    if (c->form == SM_SQL_MARKED)
        emit_marked_window(c, e, win);
    else if (win->slide == win->size && sm_sql__call_groups(&c->q->tree->calls[e->index]))
        emit_index(c, e, win);
    else
        emit_bounds(c, e, win);
}

static void emit_gap(sm_sql_compiler *c, const sm_sql_edit *e, const sm_sql_window *win)
{
    if (win->gap_len == 0) {
        put(c, e, "to_microseconds(");
        put_number(c, e, win->size);
        put(c, e, ")");
        return;
    }
    put(c, e, "CAST(");
    emit(c, win->gap_at, win->gap_at + win->gap_len, false);
    put(c, e, " AS INTERVAL)");
}

/* The row's own session; for the cut the time and the gap. */
static void emit_session(sm_sql_compiler *c, const sm_sql_edit *e, const sm_sql_window *win)
{
    bool marked = c->form == SM_SQL_MARKED;

    put(c, e, marked ? SM_SQL_MARK_SESSION "(" : "{'start': ");
    emit(c, win->time_at, win->time_at + win->time_len, false);
    put(c, e, ", ");
    if (!marked) {
        put(c, e, "'end': ");
        emit(c, win->time_at, win->time_at + win->time_len, false);
        put(c, e, " + ");
    }
    emit_gap(c, e, win);
    put(c, e, marked ? ")" : "}");
}

/* `window.end` of GROUP BY window(…): the bounds that this one has. */
static void emit_window_column(sm_sql_compiler *c, const sm_sql_edit *e)
{
    const sm_sql_call *calls = c->q->tree->calls, *call = &calls[e->index];
    const sm_json *names = sm_ast_get(call->node, "column_names");
    const sm_json *grouped =
        sm_sql__grouped_window(call->select, sm_json_sv(sm_ast_item(names, 0)));
    const sm_sql_window *win = NULL;
    bool session = false;

    for (size_t i = 0; i < c->q->tree->n_calls; i++) {
        if (calls[i].node == grouped) {
            win = &c->windows[i];
            session = calls[i].kind == SM_CALL_SESSION_WINDOW;
        }
    }
    if (win == NULL) /* the call was refused */
        return;
    put(c, e, "(");
    if (session)
        emit_session(c, e, win);
    else if (c->form == SM_SQL_MARKED)
        emit_marked_window(c, e, win);
    else
        emit_bounds(c, e, win);
    put(c, e, ")");
    if (sm_ast_count(names) > 1) {
        put(c, e, ".");
        put_ident(c, e, sm_json_sv(sm_ast_item(names, 1)));
    }
}

static void emit_unnest(sm_sql_compiler *c, const sm_sql_edit *e)
{
    const sm_sql_window *win = &c->windows[e->index];

    put(c, e, ", unnest(list_transform(range(");
    emit_micros(c, e, win);
    put(c, e, " - ");
    emit_floormod(c, e, win);
    put(c, e, ", ");
    emit_micros(c, e, win);
    put(c, e, " - ");
    put_number(c, e, win->size);
    put(c, e, ", ");
    put_number(c, e, -win->slide);
    put(c, e,
        "), lambda _smelt_s: {'start': make_timestamp(_smelt_s), "
        "'end': make_timestamp(_smelt_s + ");
    put_number(c, e, win->size);
    put(c, e, ")})) AS _smelt_windows(_smelt_w)");
}

/* The list that ALL stands for: the window's number, and each other item without an
 * aggregate by its own. */
static void emit_group(sm_sql_compiler *c, const sm_sql_edit *e)
{
    const sm_sql_call *call = &c->q->tree->calls[e->index];
    const sm_json *list = sm_ast_get(call->select, "select_list");

    emit_index(c, e, &c->windows[e->index]);
    for (size_t i = 0; i < sm_ast_count(list); i++) {
        const sm_json *item = sm_ast_item(list, i);

        if (item == call->node || sm_sql__find_call(item, false))
            continue;
        put(c, e, ", ");
        put_number(c, e, (int64_t)i + 1);
    }
}

static void emit_window_time(sm_sql_compiler *c, const sm_sql_edit *e)
{
    const sm_sql_tokens *t = &c->q->tree->tokens;
    size_t open = sm_sql__token_at(t, c->q->tree->calls[e->index].offset) + 1, at, len;

    sm_sql__token_range(t, open, sm_sql__token_close(t, open) + 1, &at, &len);
    if (c->form == SM_SQL_MARKED) {
        put(c, e, SM_SQL_MARK_TIME);
        emit(c, at, at + len, false);
        return;
    }
    put(c, e, "(");
    emit(c, at, at + len, false);
    put(c, e, ".\"end\" - INTERVAL 1 MICROSECOND)");
}

static void emit_call(sm_sql_compiler *c, const sm_sql_edit *e)
{
    const sm_sql_call *call = &c->q->tree->calls[e->index];
    const sm_sql_tokens *t = &c->q->tree->tokens;

    switch (call->kind) {
    case SM_CALL_CLOCK_TIMESTAMP:
        put(c, e, "CAST(" CLOCK " AS TIMESTAMP)");
        break;
    case SM_CALL_CLOCK_DATE:
        put(c, e, "CAST(" CLOCK " AS DATE)");
        break;
    case SM_CALL_CLOCK_TIME:
        put(c, e, "CAST(" CLOCK " AS TIME)");
        break;
    case SM_CALL_WINDOW:
        emit_window(c, e);
        break;
    case SM_CALL_WINDOW_TIME:
        emit_window_time(c, e);
        break;
    case SM_CALL_SESSION_WINDOW:
        emit_session(c, e, &c->windows[e->index]);
        break;
    case SM_CALL_WINDOW_COLUMN:
        emit_window_column(c, e);
        break;
    case SM_CALL_QUALIFIED: /* an SM_EDIT_DROP */
    case SM_CALL_SESSION:   /* none */
        break;
    }
    if (call->bare) { /* the column keeps the name of the call */
        const sm_json *names = sm_ast_get(call->node, "column_names");
        size_t last = sm_ast_count(names) > 1 ? 2 * (sm_ast_count(names) - 1) : 0;

        put(c, e, " AS ");
        put_ident(c, e, sm_sql__token_text(t, sm_sql__token_at(t, call->offset) + last));
    }
}

/* CAST('<value>' AS <type>): one constant, whatever the value holds. */
static void emit_variable(sm_sql_compiler *c, const sm_sql_edit *e)
{
    const sm_sql_variable *v = sm_sql__variable_at(c->q, e->index);
    sm_buf buf;

    sm_buf_init(&buf, 2 * v->value.len + v->type.len + 64);
    sm_buf_adds(&buf, "CAST(");
    sm_sql_literal(&buf, v->value);
    sm_buf_addf(&buf, " AS %.*s)", SM_SV_ARG(v->type));
    put(c, e, buf.ptr);
    sm_buf_release(&buf);
}

static void emit_edit(sm_sql_compiler *c, const sm_sql_edit *e)
{
    const sm_sql_window *win;

    switch (e->kind) {
    case SM_EDIT_REF:
        emit_ref(c, e);
        break;
    case SM_EDIT_CALL:
        emit_call(c, e);
        break;
    case SM_EDIT_VARIABLE:
        emit_variable(c, e);
        break;
    case SM_EDIT_WHERE:
        win = &c->windows[e->index];
        put(c, e, e->where ? " (" : " WHERE (");
        emit(c, win->time_at, win->time_at + win->time_len, false);
        put(c, e, e->where ? ") IS NOT NULL AND (" : ") IS NOT NULL");
        break;
    case SM_EDIT_WHERE_END:
        put(c, e, ")");
        break;
    case SM_EDIT_UNNEST:
        emit_unnest(c, e);
        break;
    case SM_EDIT_GROUP:
        emit_group(c, e);
        break;
    case SM_EDIT_QUOTE:
        put(c, e, "\"window\"");
        break;
    case SM_EDIT_DROP:
        break;
    }
}

/* The bytes [from, to) with the edits that lie in them; at `to` only in the whole text. */
static void emit(sm_sql_compiler *c, size_t from, size_t to, bool whole)
{
    size_t done = from;

    for (size_t i = 0; i < c->n; i++) {
        const sm_sql_edit *e = &c->edits[i];

        if (e->at < done || e->at + e->len > to || (e->len == 0 && e->at == to && !whole))
            continue;
        emit_plain(c, done, e->at);
        emit_edit(c, e);
        done = e->at + e->len;
    }
    emit_plain(c, done, to);
}

bool sm_sql_compile(const sm_sql_query *q, const sm_sql_leaf *leaves, sm_sql_form form, sm_arena *a,
                    sm_diags *d, sm_sql_text *out)
{
    const struct sm_sql_tree *tree = q->tree;
    sm_sql_compiler c = { .q = q, .leaves = leaves, .form = form, .arena = a, .d = d, .ok = true };
    size_t end = tree->tokens.n;

    sm_sql__writer_init(&c.w, a);
    c.edits = SM_NEW_N(a, sm_sql_edit,
                       q->n_refs + 5 * tree->n_calls + tree->n_window_words + tree->n_params + 1);
    c.windows = SM_NEW_N(a, sm_sql_window, tree->n_calls + 1);
    sm_sql__find_edits(&c);
    if (c.ok && end > 0) {
        const sm_sql_token *last = &tree->tokens.items[end - 1];

        emit(&c, tree->tokens.items[0].at, last->at + last->len, true);
    }
    sm_sql__writer_done(&c.w, out);
    return c.ok;
}

sm_sv sm_sql_normal(sm_sv text, sm_arena *a)
{
    sm_sql_tokens t = sm_sql__tokens(text, a);
    char *out = SM_NEW_N(a, char, text.len + t.n + 1);
    size_t len = 0;

    for (size_t i = 0; i < t.n; i++) {
        const sm_sql_token *token = &t.items[i];

        /* two strings on two lines are one string to the parser */
        if (i > 0 && token->kind == SM_TOKEN_STRING && t.items[i - 1].kind == SM_TOKEN_STRING)
            out[len++] = '\n';
        else if (i > 0 && token->at > t.items[i - 1].at + t.items[i - 1].len)
            out[len++] = ' ';
        memcpy(out + len, text.ptr + token->at, token->len);
        len += token->len;
    }
    return (sm_sv){ out, len };
}
