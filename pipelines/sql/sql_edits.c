/* SPDX-License-Identifier: Apache-2.0 */
/* sql_edits.c -- what in a text is written anew, and where. */
#include <stdlib.h>

#include "pipelines/sql/sql_compile.h"

static void add_edit(sm_sql_compiler *c, sm_sql_edit e)
{
    c->edits[c->n++] = e;
}

static int edit_order(const void *x, const void *y)
{
    const sm_sql_edit *a = x, *b = y;

    if (a->at != b->at)
        return a->at < b->at ? -1 : 1;
    return a->kind < b->kind ? -1 : a->kind > b->kind ? 1 : 0;
}

const sm_json *sm_sql__grouped_window(const sm_json *select, sm_sv name)
{
    const sm_json *groups = sm_ast_get(select, "group_expressions");

    for (size_t i = 0; i < sm_ast_count(groups); i++) {
        const sm_json *x = sm_ast_item(groups, i);

        if (sm_ast_is(x, "class", "FUNCTION") &&
            sm_sql_same_name(sm_ast_text(x, "function_name"), name))
            return x;
    }
    return NULL;
}

void sm_sql__call_range(const sm_sql_query *q, const sm_sql_call *call, size_t *at, size_t *len)
{
    const sm_sql_tokens *t = &q->tree->tokens;
    size_t i = sm_sql__token_at(t, call->offset), end = i + 1;

    if (call->kind == SM_CALL_WINDOW_COLUMN)
        end += 2 * (sm_ast_count(sm_ast_get(call->node, "column_names")) - 1);
    if (sm_ast_is(call->node, "class", "FUNCTION") && sm_sql__token_symbol(t, end, '('))
        end = sm_sql__token_close(t, end) + 1;
    sm_sql__token_range(t, i, end <= t->n ? end : t->n, at, len);
}

/* `(now())` and `((now()))`: a name with AS stands behind the brackets. */
static void take_brackets(const sm_sql_tokens *t, sm_sql_edit *e)
{
    size_t first = sm_sql__token_at(t, e->at), end = sm_sql__token_at(t, e->at + e->len - 1) + 1;

    while (first > 0 && sm_sql__token_symbol(t, first - 1, '(') &&
           sm_sql__token_symbol(t, end, ')')) {
        first--;
        end++;
    }
    sm_sql__token_range(t, first, end, &e->at, &e->len);
}

static bool same_text(const sm_sql_compiler *c, const sm_sql_window *x, const sm_sql_window *y)
{
    sm_sv text = c->q->text->text;
    sm_sv a = sm_sql_normal((sm_sv){ text.ptr + x->time_at, x->time_len }, c->arena);
    sm_sv b = sm_sql_normal((sm_sv){ text.ptr + y->time_at, y->time_len }, c->arena);

    return x->size == y->size && x->slide == y->slide && x->start == y->start && sm_sv_eq(a, b);
}

static void refuse_window(sm_sql_compiler *c, size_t i, const char *what, const char *hint)
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

static bool holds(const sm_json *list, const sm_json *node)
{
    for (size_t i = 0; i < sm_ast_count(list); i++) {
        if (sm_ast_item(list, i) == node)
            return true;
    }
    return false;
}

bool sm_sql__call_groups(const sm_sql_call *call)
{
    /* with ROLLUP a row may have no window, and then no struct of NULLs */
    return sm_ast_count(sm_ast_get(call->select, "group_sets")) <= 1 &&
           holds(sm_ast_get(call->select, "group_expressions"), call->node);
}

/* GROUP BY ALL around a window that is a column of the SELECT: written out, it can group by
 * the number of the window instead of by a struct, which is faster by half. */
static void add_group_all(sm_sql_compiler *c, size_t i)
{
    const sm_sql_call *call = &c->q->tree->calls[i];
    const sm_json *list = sm_ast_get(call->select, "select_list");
    size_t at, len;

    if (!sm_ast_is(call->select, "aggregate_handling", "FORCE_AGGREGATES") ||
        !holds(list, call->node) || sm_sql__find_call(list, true))
        return;
    for (size_t k = 0; k < sm_ast_count(list); k++) {
        if (sm_sql__find_star(sm_ast_item(list, k)))
            return;
    }
    if (sm_sql__group_all_place(&c->q->tree->tokens, call->offset, &at, &len))
        add_edit(c, (sm_sql_edit){ at, len, SM_EDIT_GROUP, i, false });
}

/* What a window asks of the SELECT around it, once per SELECT. */
static void add_window_rows(sm_sql_compiler *c, size_t i)
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
        add_edit(c, (sm_sql_edit){ .at = from_end, .kind = SM_EDIT_UNNEST, .index = i });
    } else {
        add_edit(c, (sm_sql_edit){ .at = at, .kind = SM_EDIT_WHERE, .index = i, .where = where });
        if (where)
            add_edit(c, (sm_sql_edit){ .at = end, .kind = SM_EDIT_WHERE_END });
        if (c->form == SM_SQL_PLAIN)
            add_group_all(c, i);
    }
}

/* `schema.table.column`: the table is there under its name alone. */
static void add_qualified(sm_sql_compiler *c, const sm_sql_call *call)
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

            add_edit(c, (sm_sql_edit){ at, t->items[token + 2].at - at, SM_EDIT_DROP, 0, false });
            return;
        }
    }
}

/* Each was judged where the tree has it.  One that the tree leaves out was not: it is told here. */
static void add_variables(sm_sql_compiler *c)
{
    const sm_sql_tokens *t = &c->q->tree->tokens;

    for (size_t i = 0; c->q->tree->n_params > 0 && i < t->n; i++) {
        const sm_sql_token *token = &t->items[i];
        const sm_sql_variable *v;

        if (token->kind != SM_TOKEN_PARAM)
            continue;
        v = sm_sql__variable_at(c->q, i);
        if (v != NULL && v->has_value) {
            add_edit(c, (sm_sql_edit){ token->at, token->len, SM_EDIT_VARIABLE, i, false });
            continue;
        }
        sm_diag_add(c->d, "SM0240", sm_text_span(c->q->text, token->at, token->len),
                    "%.*s: there is no value for `%.*s`", SM_SV_ARG(c->q->owner),
                    SM_SV_ARG(sm_sql__token_text(t, i)));
        c->ok = false;
    }
}

void sm_sql__find_edits(sm_sql_compiler *c)
{
    const struct sm_sql_tree *tree = c->q->tree;
    const sm_sql_tokens *t = &tree->tokens;

    for (size_t i = 0; i < c->q->n_refs; i++)
        add_edit(c,
                 (sm_sql_edit){ c->q->refs[i].offset, c->q->refs[i].len, SM_EDIT_REF, i, false });
    for (size_t i = 0; i < tree->n_calls; i++) {
        sm_sql_edit e = { .kind = SM_EDIT_CALL, .index = i };

        if (tree->calls[i].kind == SM_CALL_QUALIFIED) {
            add_qualified(c, &tree->calls[i]);
            continue;
        }
        if (tree->calls[i].kind == SM_CALL_SESSION)
            continue;
        sm_sql__call_range(c->q, &tree->calls[i], &e.at, &e.len);
        if (tree->calls[i].bare)
            take_brackets(t, &e);
        add_edit(c, e);
        if (tree->calls[i].kind == SM_CALL_SESSION_WINDOW)
            c->ok &= sm_sql__session_read(c->q, &tree->calls[i], c->d, &c->windows[i]);
        if (tree->calls[i].kind != SM_CALL_WINDOW)
            continue;
        if (sm_sql__window_read(c->q, &tree->calls[i], c->d, &c->windows[i]))
            add_window_rows(c, i);
        else
            c->ok = false;
    }
    for (size_t i = 0; tree->n_window_words > 0 && i < t->n; i++) {
        if (sm_sql__token_is_window(t, i) && !sm_sql__token_symbol(t, i + 1, '('))
            add_edit(c, (sm_sql_edit){ t->items[i].at, t->items[i].len, SM_EDIT_QUOTE, 0, false });
    }
    add_variables(c);
    if (t->n > 0 && sm_sql__token_symbol(t, t->n - 1, ';'))
        add_edit(c, (sm_sql_edit){ t->items[t->n - 1].at, 1, SM_EDIT_DROP, 0, false });
    qsort(c->edits, c->n, sizeof *c->edits, edit_order);
}
