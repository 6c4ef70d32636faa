/* SPDX-License-Identifier: Apache-2.0 */
/* sql_variables.c -- `$name` in SQL: a parameter of the engine, whose value the plan knows. */
#include "pipelines/sql/sql_int.h"
#include "runtime/base/suggest.h"

const sm_sql_variable *sm_sql__variable(const sm_sql_variables *all, sm_sv name)
{
    for (size_t i = 0; i < all->n; i++) {
        if (sm_sql_same_name(all->items[i].name, name))
            return &all->items[i];
    }
    return NULL;
}

const sm_sql_variable *sm_sql__variable_at(const sm_sql_query *q, size_t token)
{
    sm_sv text = sm_sql__token_text(&q->tree->tokens, token);

    return sm_sql__variable(&q->variables, sm_sv_sub(text, 1, text.len));
}

const sm_sql_variable *sm_sql_variable_used(const sm_sql_query *q, size_t i)
{
    const sm_sql_tokens *t = &q->tree->tokens;

    for (size_t k = 0; i < q->tree->n_params && k < t->n; k++) {
        if (t->items[k].kind == SM_TOKEN_PARAM && i-- == 0)
            return sm_sql__variable_at(q, k);
    }
    return NULL;
}

/* The tree does not say where a parameter stands; the first of its name does. */
static sm_span variable_span(const sm_sql_walk *w, sm_sv name)
{
    const sm_sql_tokens *t = &w->tree->tokens;

    for (size_t i = 0; i < t->n; i++) {
        sm_sv text = sm_sql__token_text(t, i);

        if (t->items[i].kind == SM_TOKEN_PARAM &&
            sm_sql_same_name(sm_sv_sub(text, 1, text.len), name))
            return sm_text_span(w->query->text, t->items[i].at, t->items[i].len);
    }
    return sm_text_span(w->query->text, 0, w->query->text->text.len);
}

static bool is_number(sm_sv name)
{
    return name.len == 0 || (name.ptr[0] >= '0' && name.ptr[0] <= '9');
}

static void tell_unknown(sm_sql_walk *w, sm_sv name, sm_span at)
{
    const sm_sql_variables *all = &w->query->variables;
    sm_sv *names = SM_NEW_N(w->arena, sm_sv, all->n + 1);
    size_t near;

    sm_diag_add(w->diags, "SM0240", at, "%.*s: there is no variable `%.*s`",
                SM_SV_ARG(w->query->owner), SM_SV_ARG(name));
    for (size_t i = 0; i < all->n; i++)
        names[i] = all->items[i].name;
    near = sm_suggest(name, names, all->n);
    if (near < all->n)
        sm_diag_hint(w->diags, "did you mean `$%.*s`?", SM_SV_ARG(names[near]));
    else
        sm_diag_hint(w->diags, "declare it: variables: {%.*s: {default: …}}", SM_SV_ARG(name));
}

/* A column needs a name that does not change with the value. */
static bool is_bare_column(const sm_sql_walk *w, const sm_json *node)
{
    const sm_json *list = sm_ast_get(w->select, "select_list");

    if (sm_sql__is_rule(w) || sm_ast_text(node, "alias").len > 0)
        return false;
    for (size_t i = 0; i < sm_ast_count(list); i++) {
        if (sm_ast_item(list, i) == node)
            return true;
    }
    return false;
}

void sm_sql__allow_variable(sm_sql_walk *w, const sm_json *node)
{
    sm_sv name = sm_ast_text(node, "identifier");
    const sm_sql_variable *v = sm_sql__variable(&w->query->variables, name);
    sm_span at = variable_span(w, name);

    if (is_number(name)) {
        sm_diag_add(w->diags, "SM0240", at, "%.*s: a parameter without a name",
                    SM_SV_ARG(w->query->owner));
        sm_diag_hint(w->diags, "write $name, with a variable of `variables`");
    } else if (!v) {
        tell_unknown(w, name, at);
    } else if (!v->has_value) {
        sm_diag_add(w->diags, "SM0241", at, "%.*s: variable `%.*s` has no value",
                    SM_SV_ARG(w->query->owner), SM_SV_ARG(v->name));
        sm_diag_hint(w->diags, "give it a `default`, or say --var %.*s=…", SM_SV_ARG(v->name));
    } else if (is_bare_column(w, node)) {
        sm_diag_add(w->diags, "SM0242", at, "%.*s: this column needs a name",
                    SM_SV_ARG(w->query->owner));
        sm_diag_hint(w->diags, "write $%.*s AS %.*s", SM_SV_ARG(v->name), SM_SV_ARG(v->name));
    } else {
        return;
    }
    w->faults++;
}
