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

#include "pipelines/sql/sql_int.h"
#include "runtime/base/sqltext.h"

#define CLOCK "getvariable('" SM_SQL_BATCH_TIME "')"

typedef enum edit_kind {
    EDIT_WHERE,     /* a condition at the end of FROM or the begin of WHERE */
    EDIT_WHERE_END, /* the bracket behind the user's condition */
    EDIT_UNNEST,    /* the rows of a sliding window beside FROM */
    EDIT_REF,
    EDIT_CALL,
    EDIT_QUOTE, /* window. -> "window". */
    EDIT_DROP,  /* the last semicolon; the schema before a table and column */
} edit_kind;

typedef struct edit {
    size_t at, len;
    edit_kind kind;
    size_t index; /* of the reference, of the call */
    bool where;   /* EDIT_WHERE: a condition is there already */
} edit;

typedef struct compiler {
    const sm_sql_query *q;
    const sm_sql_leaf *leaves;
    sm_arena *arena;
    sm_diags *d;
    sm_sql_writer w;
    edit *edits;
    size_t n;
    sm_sql_window *windows; /* by call */
    bool ok;
} compiler;

static void emit(compiler *c, size_t from, size_t to, bool whole);

/* ---- the edits ----------------------------------------------------------------- */

static void add_edit(compiler *c, edit e)
{
    c->edits[c->n++] = e;
}

static int edit_order(const void *x, const void *y)
{
    const edit *a = x, *b = y;

    if (a->at != b->at)
        return a->at < b->at ? -1 : 1;
    return a->kind < b->kind ? -1 : a->kind > b->kind ? 1 : 0;
}

/* The bytes of `name`, `name()`, `name(…)`. */
static void call_range(const compiler *c, const sm_sql_call *call, edit *e)
{
    const sm_sql_tokens *t = &c->q->tree->tokens;
    size_t i = sm_sql__token_at(t, call->offset), end = i + 1;

    if (sm_ast_is(call->node, "class", "FUNCTION") && sm_sql__token_symbol(t, end, '('))
        end = sm_sql__token_close(t, end) + 1;
    sm_sql__token_range(t, i, end <= t->n ? end : t->n, &e->at, &e->len);
}

static bool same_text(const compiler *c, const sm_sql_window *x, const sm_sql_window *y)
{
    sm_sv text = c->q->text->text;
    sm_sv a = sm_sql_normal((sm_sv){ text.ptr + x->time_at, x->time_len }, c->arena);
    sm_sv b = sm_sql_normal((sm_sv){ text.ptr + y->time_at, y->time_len }, c->arena);

    return x->size == y->size && x->slide == y->slide && x->start == y->start && sm_sv_eq(a, b);
}

static void refuse_window(compiler *c, size_t i, const char *what, const char *hint)
{
    sm_diag_add(c->d, "SM0215",
                sm_sql__span(c->q->text, c->q->tree, sm_ast_place(c->q->tree->calls[i].node)),
                "%.*s: %s", SM_SV_ARG(c->q->owner), what);
    sm_diag_hint(c->d, "%s", hint);
    c->ok = false;
}

/* `SELECT *` would show the helper column of a sliding window. */
static bool selects_star(const sm_json *select)
{
    const sm_json *list = sm_ast_get(select, "select_list");

    for (size_t i = 0; i < sm_ast_count(list); i++) {
        if (sm_ast_is(sm_ast_item(list, i), "class", "STAR") &&
            sm_ast_text(sm_ast_item(list, i), "relation_name").len == 0)
            return true;
    }
    return false;
}

/* What a window asks of the SELECT around it, once per SELECT. */
static void add_window_rows(compiler *c, size_t i)
{
    const sm_sql_call *calls = c->q->tree->calls;
    bool sliding = c->windows[i].slide < c->windows[i].size, where = false;
    size_t at, end;

    for (size_t k = 0; k < i; k++) {
        if (calls[k].kind != SM_CALL_WINDOW || calls[k].select != calls[i].select)
            continue;
        if (!same_text(c, &c->windows[k], &c->windows[i]))
            refuse_window(c, i, "two different windows in one SELECT",
                          "Every row would stand in each pair of them; put one into an inner "
                          "SELECT.");
        return;
    }
    if (!sm_sql__where_place(&c->q->tree->tokens, calls[i].offset, &at, &end, &where)) {
        refuse_window(c, i, "window() needs a SELECT … FROM around it",
                      "Write SELECT window(time, '10 minutes') AS w, … FROM x.");
        return;
    }
    if (sliding && selects_star(calls[i].select)) {
        refuse_window(c, i, "a sliding window() beside *", "Name the columns, or write x.*.");
    } else if (sliding) {
        const sm_sql_tokens *t = &c->q->tree->tokens;
        size_t from_end = at;

        if (where) { /* the end of FROM lies before the word WHERE */
            size_t word = sm_sql__token_at(t, at - 1);

            from_end = t->items[word - 1].at + t->items[word - 1].len;
        }
        add_edit(c, (edit){ .at = from_end, .kind = EDIT_UNNEST, .index = i });
    } else {
        add_edit(c, (edit){ .at = at, .kind = EDIT_WHERE, .index = i, .where = where });
        if (where)
            add_edit(c, (edit){ .at = end, .kind = EDIT_WHERE_END });
    }
}

/* `schema.table.column`: the table is there under its name alone. */
static void add_qualified(compiler *c, const sm_sql_call *call)
{
    const sm_json *names = sm_ast_get(call->node, "column_names");
    const sm_sql_tokens *t = &c->q->tree->tokens;
    size_t token = sm_sql__token_at(t, call->offset);

    for (size_t i = 0; i < c->q->n_refs; i++) {
        const sm_sql_ref *ref = &c->q->refs[i];

        if (ref->schema.len > 0 && !ref->aliased &&
            sm_sql_same_name(ref->schema, sm_json_sv(sm_json_at(names, 0))) &&
            sm_sql_same_name(ref->name, sm_json_sv(sm_json_at(names, 1))) && token + 2 < t->n) {
            size_t at = t->items[token].at;

            add_edit(c, (edit){ at, t->items[token + 2].at - at, EDIT_DROP, 0, false });
            return;
        }
    }
}

static void find_edits(compiler *c)
{
    const struct sm_sql_tree *tree = c->q->tree;
    const sm_sql_tokens *t = &tree->tokens;

    for (size_t i = 0; i < c->q->n_refs; i++)
        add_edit(c, (edit){ c->q->refs[i].offset, c->q->refs[i].len, EDIT_REF, i, false });
    for (size_t i = 0; i < tree->n_calls; i++) {
        edit e = { .kind = EDIT_CALL, .index = i };

        if (tree->calls[i].kind == SM_CALL_QUALIFIED) {
            add_qualified(c, &tree->calls[i]);
            continue;
        }
        call_range(c, &tree->calls[i], &e);
        add_edit(c, e);
        if (tree->calls[i].kind != SM_CALL_WINDOW)
            continue;
        if (sm_sql__window_read(c->q, &tree->calls[i], c->d, &c->windows[i]))
            add_window_rows(c, i);
        else
            c->ok = false;
    }
    for (size_t i = 0; tree->n_window_words > 0 && i < t->n; i++) {
        if (sm_sql__token_is_window(t, i) && sm_sql__token_symbol(t, i + 1, '.'))
            add_edit(c, (edit){ t->items[i].at, t->items[i].len, EDIT_QUOTE, 0, false });
    }
    if (t->n > 0 && sm_sql__token_symbol(t, t->n - 1, ';'))
        add_edit(c, (edit){ t->items[t->n - 1].at, 1, EDIT_DROP, 0, false });
    qsort(c->edits, c->n, sizeof *c->edits, edit_order);
}

/* ---- writing ------------------------------------------------------------------- */

/* The range without its comments: what lies between two tokens is kept only if it is space. */
static void emit_plain(compiler *c, size_t from, size_t to)
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

static void put(compiler *c, const edit *e, const char *text)
{
    size_t at = e->at, len = e->len;

    if (e->kind == EDIT_WHERE || e->kind == EDIT_UNNEST) { /* a fault there is the window's */
        edit call = { 0 };

        call_range(c, &c->q->tree->calls[e->index], &call);
        at = call.at;
        len = call.len;
    }
    sm_sql__put(&c->w, c->q->text, at, len, sm_sv_cstr(text));
}

static void put_number(compiler *c, const edit *e, int64_t number)
{
    char text[32];

    snprintf(text, sizeof text, "%lld", (long long)number);
    put(c, e, text);
}

static void put_ident(compiler *c, const edit *e, sm_sv name)
{
    sm_buf buf;

    sm_buf_init(&buf, 1024);
    sm_sql_ident(&buf, name);
    put(c, e, buf.ptr);
    sm_buf_release(&buf);
}

static void emit_ref(compiler *c, const edit *e)
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

static void emit_micros(compiler *c, const edit *e, const sm_sql_window *win)
{
    put(c, e, "epoch_us(");
    emit(c, win->time_at, win->time_at + win->time_len, false);
    put(c, e, ")");
}

/* floormod(x - start, slide), in brackets. */
static void emit_floormod(compiler *c, const edit *e, const sm_sql_window *win)
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

/* make_timestamp(x - floormod + shift) */
static void emit_bound(compiler *c, const edit *e, const sm_sql_window *win, int64_t shift)
{
    put(c, e, "make_timestamp(");
    emit_micros(c, e, win);
    put(c, e, " - ");
    emit_floormod(c, e, win);
    if (shift != 0) {
        put(c, e, " + ");
        put_number(c, e, shift);
    }
    put(c, e, ")");
}

static void emit_window(compiler *c, const edit *e)
{
    const sm_sql_window *win = &c->windows[e->index];

    if (win->slide < win->size) {
        put(c, e, "_smelt_windows.w");
        return;
    }
    put(c, e, "{'start': ");
    emit_bound(c, e, win, 0);
    put(c, e, ", 'end': ");
    emit_bound(c, e, win, win->size);
    put(c, e, "}");
}

static void emit_unnest(compiler *c, const edit *e)
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
    put(c, e, ")})) AS _smelt_windows(w)");
}

static void emit_window_time(compiler *c, const edit *e)
{
    const sm_sql_tokens *t = &c->q->tree->tokens;
    size_t open = sm_sql__token_at(t, e->at) + 1, at, len;

    sm_sql__token_range(t, open, sm_sql__token_close(t, open) + 1, &at, &len);
    put(c, e, "(");
    emit(c, at, at + len, false);
    put(c, e, ".\"end\" - INTERVAL 1 MICROSECOND)");
}

static void emit_call(compiler *c, const edit *e)
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
    case SM_CALL_QUALIFIED: /* an EDIT_DROP */
        break;
    }
    if (call->bare) { /* the column keeps the name of the call */
        put(c, e, " AS ");
        put_ident(c, e, sm_sql__token_text(t, sm_sql__token_at(t, e->at)));
    }
}

static void emit_edit(compiler *c, const edit *e)
{
    const sm_sql_window *win;

    switch (e->kind) {
    case EDIT_REF:
        emit_ref(c, e);
        break;
    case EDIT_CALL:
        emit_call(c, e);
        break;
    case EDIT_WHERE:
        win = &c->windows[e->index];
        put(c, e, e->where ? " (" : " WHERE (");
        emit(c, win->time_at, win->time_at + win->time_len, false);
        put(c, e, e->where ? ") IS NOT NULL AND (" : ") IS NOT NULL");
        break;
    case EDIT_WHERE_END:
        put(c, e, ")");
        break;
    case EDIT_UNNEST:
        emit_unnest(c, e);
        break;
    case EDIT_QUOTE:
        put(c, e, "\"window\"");
        break;
    case EDIT_DROP:
        break;
    }
}

/* The bytes [from, to) with the edits that lie in them; at `to` only in the whole text. */
static void emit(compiler *c, size_t from, size_t to, bool whole)
{
    size_t done = from;

    for (size_t i = 0; i < c->n; i++) {
        const edit *e = &c->edits[i];

        if (e->at < done || e->at + e->len > to || (e->len == 0 && e->at == to && !whole))
            continue;
        emit_plain(c, done, e->at);
        emit_edit(c, e);
        done = e->at + e->len;
    }
    emit_plain(c, done, to);
}

bool sm_sql_compile(const sm_sql_query *q, const sm_sql_leaf *leaves, sm_arena *a, sm_diags *d,
                    sm_sql_text *out)
{
    const struct sm_sql_tree *tree = q->tree;
    compiler c = { .q = q, .leaves = leaves, .arena = a, .d = d, .ok = true };
    size_t end = tree->tokens.n;

    sm_sql__writer_init(&c.w, a);
    c.edits = SM_NEW_N(a, edit, q->n_refs + 4 * tree->n_calls + tree->n_window_words + 1);
    c.windows = SM_NEW_N(a, sm_sql_window, tree->n_calls + 1);
    find_edits(&c);
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
