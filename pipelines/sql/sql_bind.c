/* SPDX-License-Identifier: Apache-2.0 */
/* sql_bind.c -- the columns of a query, or what is wrong with it, where the user wrote it. */
#include <string.h>

#include "pipelines/sql/sql_int.h"
#include "runtime/base/suggest.h"

/* The engine's words for a name that is not there: the name stands in the first quotes. */
typedef struct pattern {
    const char *begin; /* before the first quoted name */
    const char *end;   /* behind it; NULL: anything */
    const char *code;
    bool table; /* the first name is a relation, the second the column */
} pattern;

static const pattern patterns[] = {
    { "Referenced column \"", "not found", "SM0203", false },
    { "Table \"", "does not have a column named", "SM0203", true },
    { "Values list \"", "does not have a column named", "SM0203", true },
    { "Column with name ", NULL, "SM0203", false },
    { "Column \"", "in REPLACE list not found", "SM0203", false },
    { "Column \"", "in EXCLUDE list not found", "SM0203", false },
    { "Referenced table \"", "not found", "SM0204", false },
};

static bool holds(sm_sv s, const char *word)
{
    return sm_sv_find(s, sm_sv_cstr(word)) >= 0;
}

/* The text between the next two quotes; *rest is what follows. */
static sm_sv quoted(sm_sv s, sm_sv *rest)
{
    sm_sv name = { "", 0 };

    *rest = s;
    if (!sm_sv_next(rest, '"', &name) || !sm_sv_next(rest, '"', &name))
        name = SM_SV("");
    return name;
}

static const pattern *match(sm_sv message)
{
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        if (sm_sv_starts(message, sm_sv_cstr(patterns[i].begin)) &&
            (!patterns[i].end || holds(message, patterns[i].end)))
            return &patterns[i];
    }
    return NULL;
}

/* ---- hints --------------------------------------------------------------------- */

typedef struct guess {
    sm_sv wanted, found;
    size_t distance;
} guess;

/* "t.name" and "name" are both the column `name`. */
static void consider(guess *g, sm_sv name)
{
    size_t distance;
    sm_sv part = name;

    while (sm_sv_next(&part, '.', &name))
        continue;
    distance = sm_edit_distance(g->wanted, name);
    if (distance < g->distance && distance < g->wanted.len && sm_suggest_close(g->wanted, name)) {
        g->distance = distance;
        g->found = name;
    }
}

/* Is there a query or a list of names between what the text reads and its own columns? */
static bool names_anew(const sm_json *value)
{
    bool found = sm_ast_is(value, "type", "SUBQUERY") ||
                 sm_ast_count(sm_ast_get(value, "column_name_alias")) > 0 ||
                 sm_ast_count(sm_ast_get(sm_ast_get(value, "cte_map"), "map")) > 0;

    for (sm_json_iter it = sm_json_first(value); sm_json_valid(&it) && !found; sm_json_next(&it))
        found = names_anew(it.value);
    for (size_t i = 0; i < sm_ast_count(value) && !found; i++)
        found = names_anew(sm_ast_item(value, i));
    return found;
}

/* Does every place of the query see the columns of its relations by their names?  A view's text
 * stands inside, and gives other columns than it reads. */
static bool sees_relations(const sm_sql_query *q, const sm_sql_text *t)
{
    for (size_t i = 0; i < t->n_pieces; i++) {
        if (t->pieces[i].src && t->pieces[i].src != q->text)
            return false;
    }
    return !names_anew(q->tree->node);
}

static bool is_ours(sm_sv name)
{
    return sm_sv_starts(name, SM_SV("_smelt"));
}

static void hint_schema(sm_diags *d, const sm_schema *s)
{
    sm_buf list;

    if (s->n == 0 || s->n > 12)
        return;
    sm_buf_init(&list, 4096);
    for (size_t k = 0; k < s->n; k++)
        sm_buf_addf(&list, "%s%.*s", k ? ", " : "", SM_SV_ARG(s->columns[k].name));
    sm_diag_hint(d, "it has %s", list.ptr);
    sm_buf_release(&list);
}

/* Spark and MySQL write texts in double quotes. */
static bool is_quoted(const sm_sql_query *q, sm_sv name)
{
    const sm_sql_tokens *t = &q->tree->tokens;
    bool found = false;

    for (size_t i = 0; i < t->n && !found; i++) {
        sm_sv text = sm_sql__token_text(t, i);

        found = t->items[i].kind == SM_TOKEN_QUOTED && text.len == name.len + 2 &&
                sm_sv_eq(sm_sv_sub(text, 1, text.len - 2), name);
    }
    return found;
}

static void hint_column(const sm_sql_query *q, const sm_sql_text *t, sm_diags *d, sm_sv name,
                        const sm_sql_relation *relations, size_t n, const sm_sql_error *why)
{
    guess g = { .wanted = name, .distance = SIZE_MAX };
    bool sees = sees_relations(q, t), below = false;

    for (size_t i = 0; i < n; i++) {
        below |= !sees && sm_schema_find(relations[i].schema, name) >= 0;
        for (size_t k = 0; sees && k < relations[i].schema->n; k++)
            consider(&g, relations[i].schema->columns[k].name);
    }
    for (size_t i = 0; i < why->n_candidates; i++) {
        if (!is_ours(why->candidates[i]))
            consider(&g, why->candidates[i]);
    }
    if (g.found.len > 0 && !(is_quoted(q, name) && g.distance > 1))
        sm_diag_hint(d, "did you mean \"%.*s\"?", SM_SV_ARG(g.found));
    else if (is_quoted(q, name))
        sm_diag_hint(d, "a text stands in single quotes: '%.*s'; in double ones it is a name",
                     SM_SV_ARG(name));
    else if (n == 1 && sees)
        hint_schema(d, relations[0].schema);
    else if (below)
        sm_diag_hint(d, "it is a column of an input, and what stands in between, a view, a query "
                        "or a list of names, does not give it");
}

/* ---- the diagnostic ------------------------------------------------------------ */

/* "a", "a or b", "a, b or c": the datasets that the query names. */
static void add_names(sm_buf *buf, const sm_sql_query *q)
{
    if (q->kind != SM_SQL_RULE && names_anew(q->tree->node)) {
        sm_buf_adds(buf, "this part of the query");
        return;
    }
    for (size_t i = 0; i < q->n_refs; i++) {
        const char *before = i == 0 ? "" : i + 1 == q->n_refs ? " or " : ", ";

        sm_buf_addf(buf, "%s%.*s", before, SM_SV_ARG(q->refs[i].name));
    }
    if (q->n_refs == 0)
        sm_buf_addf(buf, q->kind == SM_SQL_RULE ? "the columns of its table" : "this query");
}

static sm_span place_of(const sm_sql_query *q, const sm_sql_text *t, const sm_sql_error *why)
{
    const sm_sql_tokens *tokens;
    size_t at = 0, len = 0, i;
    const sm_text *src;
    sm_sql_tokens made;

    if (why->offset == SM_SQL_NOWHERE || why->offset > t->text.len || t->n_pieces == 0)
        return sm_text_span(q->text, 0, q->text->text.len);
    src = sm_sql__source_of(t, why->offset, &at, &len);
    if (src != q->text || len > 1)
        return sm_sql_text_span(t, why->offset, 1);
    tokens = &q->tree->tokens;
    i = sm_sql__token_at(tokens, at);
    if (i == tokens->n)
        return sm_text_span(src, at, 1);
    made = *tokens;
    sm_sql__token_range(&made, i,
                        sm_sql__token_name(&made, i) ? sm_sql__token_after_name(&made, i) : i + 1,
                        &at, &len);
    return sm_text_span(src, at, len);
}

static sm_sv first_line(sm_sv s)
{
    sm_sv line = s;

    sm_sv_next(&s, '\n', &line);
    return line;
}

static void tell_column(const sm_sql_query *q, const sm_sql_text *t, const pattern *p,
                        const sm_sql_relation *relations, size_t n, const sm_sql_error *why,
                        sm_diags *d)
{
    sm_sv rest, name = quoted(why->message, &rest);
    sm_buf where;

    sm_buf_init(&where, 4096);
    if (p->table) {
        sm_buf_addf(&where, "%.*s", SM_SV_ARG(name));
        name = quoted(rest, &rest);
    } else {
        add_names(&where, q);
    }
    if (q->kind == SM_SQL_RULE)
        sm_diag_add(d, p->code, place_of(q, t, why), "%.*s: column \"%.*s\" not found in %s",
                    SM_SV_ARG(q->owner), SM_SV_ARG(name), where.ptr);
    else
        sm_diag_add(d, p->code, place_of(q, t, why), "column \"%.*s\" not found in %s",
                    SM_SV_ARG(name), where.ptr);
    hint_column(q, t, d, name, relations, n, why);
    sm_buf_release(&where);
}

/* The one relation of a query that is known by another name than `name`. */
static bool has_alias(const sm_sql_query *q, sm_sv name)
{
    bool found = false;

    for (size_t i = 0; i < q->n_refs && !found; i++)
        found = q->refs[i].aliased && sm_sql_same_name(q->refs[i].name, name);
    return found;
}

static void tell_table(const sm_sql_query *q, const sm_sql_text *t, const pattern *p,
                       const sm_sql_error *why, sm_diags *d)
{
    sm_sv rest, name = quoted(why->message, &rest);
    guess g = { .wanted = name, .distance = SIZE_MAX };

    if (q->kind == SM_SQL_RULE) {
        sm_diag_add(d, p->code, place_of(q, t, why), "%.*s: a rule knows no table \"%.*s\"",
                    SM_SV_ARG(q->owner), SM_SV_ARG(name));
        sm_diag_hint(d, "it sees one row of the result: write the name of the column alone");
        return;
    }
    sm_diag_add(d, p->code, place_of(q, t, why), "%.*s: no table or alias \"%.*s\" in this SELECT",
                SM_SV_ARG(q->owner), SM_SV_ARG(name));
    for (size_t i = 0; i < why->n_candidates; i++)
        consider(&g, why->candidates[i]);
    if (q->n_refs == 1 && why->n_candidates == 1)
        sm_diag_hint(d, "its one table is called \"%.*s\" here", SM_SV_ARG(why->candidates[0]));
    else if (has_alias(q, name))
        sm_diag_hint(d, "a table with an alias is known by the alias alone");
    else if (g.found.len > 0)
        sm_diag_hint(d, "did you mean \"%.*s\"?", SM_SV_ARG(g.found));
}

static void tell_other(const sm_sql_query *q, const sm_sql_text *t, const sm_sql_error *why,
                       sm_diags *d)
{
    sm_sv line = first_line(why->message);

    sm_diag_add(d, "SM0211", place_of(q, t, why), "%.*s: %.*s", SM_SV_ARG(q->owner),
                SM_SV_ARG(line));
}

bool sm_sql_judge_clock(const sm_sql_query *q, const sm_sql_relation *relations, size_t n,
                        sm_diags *d)
{
    const struct sm_sql_tree *tree = q->tree;
    bool ok = true;

    for (size_t i = 0; i < tree->n_calls; i++) {
        const sm_sql_call *call = &tree->calls[i];
        sm_sv word = sm_json_sv(sm_ast_item(sm_ast_get(call->node, "column_names"), 0));
        bool column = false;

        if (call->kind > SM_CALL_CLOCK_TIME || !sm_ast_is(call->node, "class", "COLUMN_REF"))
            continue;
        for (size_t k = 0; k < n && !column; k++)
            column = sm_schema_find(relations[k].schema, word) >= 0;
        if (!column)
            continue;
        sm_diag_add(d, "SM0218", sm_sql__span(q->text, tree, sm_ast_place(call->node)),
                    "%.*s: \"%.*s\" is a column here, and the time of the batch",
                    SM_SV_ARG(q->owner), SM_SV_ARG(word));
        if (q->kind == SM_SQL_RULE)
            sm_diag_hint(d, "Give the column another name in the query of the table; now() and "
                            "today() are the time of the batch.");
        else
            sm_diag_hint(d,
                         "Write x.%.*s for the column of x; now() and today() are the time of "
                         "the batch.",
                         SM_SV_ARG(word));
        ok = false;
    }
    return ok;
}

/* Does something in the compiled text give a column the name of the word?  It stands there more
 * often than it is read. */
static bool gives_name(const sm_sql_query *q, const sm_sql_tokens *t, sm_sv word)
{
    size_t told = 0, read = 0;

    for (size_t i = 0; i < q->tree->n_calls; i++) {
        const sm_json *names = sm_ast_get(q->tree->calls[i].node, "column_names");

        read += q->tree->calls[i].kind == SM_CALL_SESSION &&
                sm_sql_same_name(sm_json_sv(sm_ast_item(names, 0)), word);
    }
    for (size_t i = 0; i < t->n; i++) {
        sm_sv name = sm_sql__token_text(t, i);

        if (t->items[i].kind == SM_TOKEN_QUOTED)
            name = sm_sv_sub(name, 1, name.len - 2);
        told += sm_sql__token_name(t, i) && sm_sql_same_name(name, word) &&
                !(i > 0 && sm_sql__token_symbol(t, i - 1, '.'));
    }
    return told > read;
}

/* `current_user` and its kin without brackets are the engine's own where no column has the name:
 * to a query they are columns or nothing. */
static bool judge_session(const sm_sql_query *q, const sm_sql_text *t,
                          const sm_sql_relation *relations, size_t n, sm_arena *a, sm_diags *d)
{
    const struct sm_sql_tree *tree = q->tree;
    bool ok = true;

    for (size_t i = 0; i < tree->n_calls; i++) {
        const sm_sql_call *call = &tree->calls[i];
        sm_sv word = sm_json_sv(sm_ast_item(sm_ast_get(call->node, "column_names"), 0));
        sm_sql_tokens tokens;
        bool column = false;

        if (call->kind != SM_CALL_SESSION)
            continue;
        for (size_t k = 0; k < n && !column; k++)
            column = sm_schema_find(relations[k].schema, word) >= 0;
        tokens = sm_sql__tokens(t->text, a);
        if (column || gives_name(q, &tokens, word))
            continue;
        sm_diag_add(d, "SM0206", sm_sql__span(q->text, tree, sm_ast_place(call->node)),
                    "%.*s: \"%.*s\" is no column here, and the engine would put in its own",
                    SM_SV_ARG(q->owner), SM_SV_ARG(word));
        sm_diag_hint(d, "a query sees only the columns of its inputs; a value from outside is a "
                        "variable, $name");
        ok = false;
    }
    return ok;
}

sm_code sm_sql_bind(const sm_sql_engine *e, const sm_sql_query *q, const sm_sql_text *t,
                    const sm_sql_relation *relations, size_t n, sm_arena *a, sm_diags *d,
                    sm_schema *out, bool *ok, sm_error *err)
{
    sm_sql_error why = { .offset = SM_SQL_NOWHERE };
    sm_code rc = e->bind(e->ctx, t->text, relations, n, a, out, &why, err);
    const pattern *p;

    *ok = rc == SM_OK && sm_sql_judge_clock(q, relations, n, d) &&
          judge_session(q, t, relations, n, a, d);
    if (rc != SM_E_SQL)
        return rc;
    p = match(why.message);
    if (!p)
        tell_other(q, t, &why, d);
    else if (strcmp(p->code, "SM0204") == 0)
        tell_table(q, t, p, &why, d);
    else
        tell_column(q, t, p, relations, n, &why, d);
    return SM_OK;
}
