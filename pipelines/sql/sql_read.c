/* SPDX-License-Identifier: Apache-2.0 */
/* sql_read.c -- from texts to queries: token pass, one parse for all, walk. */
#include <string.h>

#include "pipelines/sql/sql_int.h"

bool sm_sql_same_name(sm_sv a, sm_sv b)
{
    return sm_sv_eq_nocase(a, b);
}

sm_span sm_sql__span(const sm_text *text, const struct sm_sql_tree *tree, size_t offset)
{
    const sm_sql_tokens *t = &tree->prepared_tokens;
    size_t i, at = offset, len = 0, end;

    if (offset == SM_SQL_NOWHERE || offset > t->text.len)
        return sm_text_span(text, 0, text->text.len);
    i = sm_sql__token_at(t, offset);
    if (i < t->n) {
        end = sm_sql__token_name(t, i) ? sm_sql__token_after_name(t, i) : i + 1;
        sm_sql__token_range(t, i, end, &at, &len);
    }
    return sm_sql_text_span(&tree->prepared, at, len);
}

/* ---- before parsing ------------------------------------------------------------ */

/* `${name}` is not interpolated in SQL, also not in its strings; saying so beats a puzzle. */
static bool judge_templates(const sm_sql_input *in, sm_diags *d)
{
    sm_sv s = in->text->text;
    bool ok = true;

    for (size_t i = 0; i + 2 < s.len; i++) {
        char c = s.ptr[i + 2];
        size_t end = i + 2;

        if (s.ptr[i] != '$' || s.ptr[i + 1] != '{' || !((c | 0x20) >= 'a' && (c | 0x20) <= 'z'))
            continue;
        while (end < s.len && s.ptr[end] != '}' && s.ptr[end] != '\n')
            end++;
        sm_diag_add(d, "SM0209", sm_text_span(in->text, i, end + 1 - i),
                    "%.*s: ${…} is not interpolated in SQL", SM_SV_ARG(in->owner));
        sm_diag_hint(d,
                     "SQL is never pasted together: write $name, with a variable of `variables`.");
        ok = false;
    }
    return ok;
}

static bool judge_size(const sm_sql_input *in, sm_diags *d)
{
    sm_sv s = in->text->text;

    if (s.len > SM_SQL_MAX_BYTES)
        sm_diag_add(d, "SM0214", sm_text_span(in->text, 0, 1),
                    "%.*s: the SQL has %zu bytes, and at most %d are allowed", SM_SV_ARG(in->owner),
                    s.len, SM_SQL_MAX_BYTES);
    else if (memchr(s.ptr, '\0', s.len))
        sm_diag_add(d, "SM0201", sm_text_span(in->text, 0, 1), "%.*s: the SQL holds a zero byte",
                    SM_SV_ARG(in->owner));
    else
        return true;
    return false;
}

/* `<expr>` is parsed as SELECT (<expr>), on lines of its own so that a comment ends. */
static void wrap_rule(sm_sql_text *t, const sm_text *src, sm_arena *a)
{
    sm_sql_text inner = *t;
    sm_sql_writer w;

    sm_sql__writer_init(&w, a);
    sm_sql__put(&w, src, 0, 0, SM_SV("SELECT ("));
    sm_sql__append(&w, &inner);
    sm_sql__put(&w, src, src->text.len, 0, SM_SV("\n)"));
    sm_sql__writer_done(&w, t);
}

/* No CTE or alias may be mistaken for a relation of ours. */
static bool judge_names(const sm_sql_input *in, const sm_sql_tokens *t, sm_diags *d)
{
    bool ok = true;

    for (size_t i = 0; i < t->n; i++) {
        sm_sv name = sm_sql__token_text(t, i);

        if (!sm_sql__token_name(t, i))
            continue;
        if (t->items[i].kind == SM_TOKEN_QUOTED)
            name = sm_sv_sub(name, 1, name.len);
        if (!sm_sv_eq_nocase(sm_sv_sub(name, 0, 6), SM_SV("_smelt")))
            continue;
        sm_diag_add(d, "SM0217", sm_text_span(in->text, t->items[i].at, t->items[i].len),
                    "%.*s: names that begin with _smelt are reserved", SM_SV_ARG(in->owner));
        ok = false;
    }
    return ok;
}

static struct sm_sql_tree *prepare(const sm_sql_input *in, sm_arena *a, sm_diags *d)
{
    struct sm_sql_tree *tree;

    if (!judge_size(in, d) || !judge_templates(in, d))
        return NULL;
    tree = SM_NEW(a, struct sm_sql_tree);
    tree->tokens = sm_sql__tokens(in->text->text, a);
    if (!judge_names(in, &tree->tokens, d))
        return NULL;
    for (size_t i = 0; i < tree->tokens.n; i++) {
        tree->n_window_words += sm_sql__token_is_window(&tree->tokens, i);
        tree->n_params += tree->tokens.items[i].kind == SM_TOKEN_PARAM;
    }
    sm_sql__prepare(&tree->tokens, in->text, a, &tree->prepared);
    if (in->kind == SM_SQL_RULE)
        wrap_rule(&tree->prepared, in->text, a);
    tree->prepared_tokens = sm_sql__tokens(tree->prepared.text, a);
    return tree;
}

/* ---- after parsing ------------------------------------------------------------- */

static size_t error_position(const sm_json *answer)
{
    int64_t at;

    if (!sm_sv_to_int64(sm_ast_text(answer, "position"), &at) || at < 0)
        return SM_SQL_NOWHERE;
    return (size_t)at;
}

/* The brackets around a rule are ours: what the engine says of the closing one is about the end
 * of the rule, or about a bracket that the rule has too many. */
static bool tell_rule_end(const sm_sql_input *in, const struct sm_sql_tree *tree, size_t token,
                          sm_diags *d)
{
    const sm_sql_tokens *t = &tree->tokens;
    int64_t open = 0;

    if (in->kind != SM_SQL_RULE || token + 1 != tree->prepared_tokens.n ||
        !sm_sql__token_symbol(&tree->prepared_tokens, token, ')'))
        return false;
    for (size_t i = 0; i < t->n; i++) {
        open += sm_sql__token_symbol(t, i, '(') - sm_sql__token_symbol(t, i, ')');
        if (open >= 0)
            continue;
        sm_diag_add(d, "SM0201", sm_text_span(in->text, t->items[i].at, t->items[i].len),
                    "%.*s: this bracket closes none", SM_SV_ARG(in->owner));
        return true;
    }
    if (t->n == 0)
        sm_diag_add(d, "SM0201", sm_text_span(in->text, 0, in->text->text.len),
                    "%.*s: there is no condition in it", SM_SV_ARG(in->owner));
    else
        sm_diag_add(d, "SM0201",
                    sm_text_span(in->text, t->items[t->n - 1].at, t->items[t->n - 1].len),
                    "%.*s: the condition ends too early, behind \"%.*s\"", SM_SV_ARG(in->owner),
                    SM_SV_ARG(sm_sql__token_text(t, t->n - 1)));
    return true;
}

static void tell_syntax(const sm_sql_input *in, const struct sm_sql_tree *tree,
                        const sm_json *answer, sm_diags *d)
{
    const sm_sql_tokens *t = &tree->prepared_tokens;
    size_t at = error_position(answer);
    size_t token = at == SM_SQL_NOWHERE ? t->n : sm_sql__token_at(t, at);
    sm_sv message = sm_ast_text(answer, "error_message");
    const char *habit;

    if (sm_ast_is(answer, "error_type", "not implemented")) {
        bool select = sm_sv_starts(message, SM_SV("Only SELECT"));

        sm_diag_add(d, select ? "SM0202" : "SM0201", sm_sql__span(in->text, tree, SM_SQL_NOWHERE),
                    "%.*s: %.*s", SM_SV_ARG(in->owner),
                    SM_SV_ARG(select ? SM_SV("only a SELECT is accepted") : message));
        if ((habit = sm_sql__habit_syntax(t, 0, false)))
            sm_diag_hint(d, "%s", habit);
        return;
    }
    if (tell_rule_end(in, tree, token, d))
        return;
    habit = sm_sql__habit_syntax(t, token, in->kind == SM_SQL_RULE);
    sm_diag_add(d, "SM0201", sm_sql__span(in->text, tree, at), "%.*s: %.*s", SM_SV_ARG(in->owner),
                SM_SV_ARG(message));
    if (sm_sv_find(in->text->text, SM_SV("{{")) >= 0)
        sm_diag_hint(
            d, "There are no templates: where dbt has {{ ref('x') }} or {{ source('s', 'x') }}, "
               "write x, or STREAM(x) for its new rows; a variable is $name.");
    else if (sm_sql__token_symbol(t, token, ':') && sm_sql__token_name(t, token + 1))
        sm_diag_hint(d, "A variable in SQL is written $name.");
    else if (habit)
        sm_diag_hint(d, "%s", habit);
}

/* Where the text goes on behind its first semicolon. */
static size_t second_statement(const sm_sql_tokens *t)
{
    for (size_t i = 0; i + 1 < t->n; i++) {
        if (sm_sql__token_symbol(t, i, ';'))
            return t->items[i + 1].at;
    }
    return SM_SQL_NOWHERE;
}

/* The one SELECT of an answer; NULL, with a diagnostic, when it is something else. */
static const sm_json *one_query(const sm_sql_input *in, const struct sm_sql_tree *tree,
                                const sm_json *answer, sm_diags *d)
{
    const sm_json *statements = sm_ast_get(answer, "statements");
    size_t n = sm_ast_count(statements);

    if (sm_ast_flag(answer, "error", false)) {
        tell_syntax(in, tree, answer, d);
        return NULL;
    }
    if (n != 1) {
        size_t at = n > 1 ? second_statement(&tree->prepared_tokens) : SM_SQL_NOWHERE;

        sm_diag_add(d, "SM0202", sm_sql__span(in->text, tree, at), "%.*s: %s", SM_SV_ARG(in->owner),
                    n > 1 ? "several statements, and one SELECT is accepted" : "the SQL is empty");
        return NULL;
    }
    return sm_ast_query(sm_ast_item(statements, 0));
}

/* A rule must be exactly the expression that was put into the brackets. */
static bool judge_rule_shape(const sm_sql_input *in, const struct sm_sql_tree *tree, sm_diags *d)
{
    static const char *const none[] = { "modifiers", "cte_map", "where_clause", "group_expressions",
                                        "having",    "qualify", "sample" };
    const sm_json *list = sm_ast_get(tree->node, "select_list");
    bool ok = sm_ast_is(tree->node, "type", "SELECT_NODE") && sm_ast_count(list) == 1 &&
              sm_ast_text(sm_ast_item(list, 0), "alias").len == 0 &&
              sm_ast_is(sm_ast_get(tree->node, "from_table"), "type", "EMPTY");

    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        ok = ok && !sm_ast_get(tree->node, none[i]);
    if (!ok)
        sm_diag_add(d, "SM0601", sm_sql__span(in->text, tree, SM_SQL_NOWHERE),
                    "%.*s: a rule is one expression over the columns of a row",
                    SM_SV_ARG(in->owner));
    return ok;
}

static sm_sql_query *read_one(const sm_sql_input *in, struct sm_sql_tree *tree,
                              const sm_json *answer, sm_arena *a, sm_diags *d)
{
    sm_sql_query *q = SM_NEW(a, sm_sql_query);
    sm_sql_walk w = { .query = q, .tree = tree, .arena = a, .diags = d };

    *q = (sm_sql_query){ .kind = in->kind,
                         .text = in->text,
                         .owner = in->owner,
                         .variables = in->variables,
                         .tree = tree };
    tree->node = one_query(in, tree, answer, d);
    if (!tree->node || (in->kind == SM_SQL_RULE && !judge_rule_shape(in, tree, d)))
        return NULL;
    sm_sql__walk(&w, tree->node);
    q->refs = w.refs;
    q->n_refs = w.n_refs;
    tree->ref_places = w.places;
    tree->calls = w.calls;
    tree->n_calls = w.n_calls;
    return w.faults == 0 ? q : NULL;
}

sm_code sm_sql_read(const sm_sql_engine *e, const sm_sql_input *in, size_t n, sm_arena *a,
                    sm_diags *d, const sm_sql_query **out, sm_error *err)
{
    struct sm_sql_tree **trees = SM_NEW_N(a, struct sm_sql_tree *, n + 1);
    sm_sv *texts = SM_NEW_N(a, sm_sv, n + 1);
    sm_sv *answers = SM_NEW_N(a, sm_sv, n + 1);
    size_t asked = 0;
    sm_code rc;

    for (size_t i = 0; i < n; i++) {
        out[i] = NULL;
        trees[i] = prepare(&in[i], a, d);
        if (trees[i])
            texts[asked++] = trees[i]->prepared.text;
    }
    if (asked > 0 && (rc = e->parse(e->ctx, texts, asked, a, answers, err)) != SM_OK)
        return rc;
    asked = 0;
    for (size_t i = 0; i < n; i++) {
        sm_json *answer = NULL;
        sm_error why;

        if (!trees[i])
            continue;
        /* Constants have any number of digits; what is read of a tree are names and places. */
        if ((rc = sm_json_parse_reals(answers[asked++], a, &answer, &why)) == SM_OK)
            out[i] = read_one(&in[i], trees[i], answer, a, d);
        else
            sm_diag_add(d, "SM0214", sm_text_span(in[i].text, 0, in[i].text->text.len),
                        "%.*s: the tree of the SQL is too large: %s", SM_SV_ARG(in[i].owner),
                        why.msg);
    }
    return SM_OK;
}
