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
    if (distance < g->distance && sm_suggest_close(g->wanted, name)) {
        g->distance = distance;
        g->found = name;
    }
}

static void hint_column(sm_diags *d, sm_sv name, const sm_sql_relation *relations, size_t n,
                        const sm_sql_error *why)
{
    guess g = { .wanted = name, .distance = SIZE_MAX };
    size_t columns = 0;

    for (size_t i = 0; i < n; i++) {
        columns += relations[i].schema->n;
        for (size_t k = 0; k < relations[i].schema->n; k++)
            consider(&g, relations[i].schema->columns[k].name);
    }
    for (size_t i = 0; i < why->n_candidates; i++)
        consider(&g, why->candidates[i]);
    if (g.found.len > 0) {
        sm_diag_hint(d, "did you mean \"%.*s\"?", SM_SV_ARG(g.found));
    } else if (n == 1 && columns > 0 && columns <= 12) {
        sm_buf list;

        sm_buf_init(&list, 4096);
        for (size_t k = 0; k < columns; k++)
            sm_buf_addf(&list, "%s%.*s", k ? ", " : "",
                        SM_SV_ARG(relations[0].schema->columns[k].name));
        sm_diag_hint(d, "it has %s", list.ptr);
        sm_buf_release(&list);
    }
}

/* ---- the diagnostic ------------------------------------------------------------ */

/* "a", "a or b", "a, b or c": the datasets that the query names. */
static void add_names(sm_buf *buf, const sm_sql_query *q)
{
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
    hint_column(d, name, relations, n, why);
    sm_buf_release(&where);
}

static void tell_table(const sm_sql_query *q, const sm_sql_text *t, const pattern *p,
                       const sm_sql_error *why, sm_diags *d)
{
    sm_sv rest, name = quoted(why->message, &rest);
    guess g = { .wanted = name, .distance = SIZE_MAX };

    sm_diag_add(d, p->code, place_of(q, t, why), "%.*s: no table or alias \"%.*s\" in this SELECT",
                SM_SV_ARG(q->owner), SM_SV_ARG(name));
    for (size_t i = 0; i < why->n_candidates; i++)
        consider(&g, why->candidates[i]);
    if (g.found.len > 0)
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

sm_code sm_sql_bind(const sm_sql_engine *e, const sm_sql_query *q, const sm_sql_text *t,
                    const sm_sql_relation *relations, size_t n, sm_arena *a, sm_diags *d,
                    sm_schema *out, bool *ok, sm_error *err)
{
    sm_sql_error why = { .offset = SM_SQL_NOWHERE };
    sm_code rc = e->bind(e->ctx, t->text, relations, n, a, out, &why, err);
    const pattern *p;

    *ok = rc == SM_OK && sm_sql_judge_clock(q, relations, n, d);
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

bool sm_sql_takes_all(const sm_sql_query *q)
{
    const sm_json *list = sm_ast_get(q->tree->node, "select_list");
    bool all = false;

    for (size_t i = 0; !all && i < sm_ast_count(list); i++)
        all = sm_ast_is(sm_ast_item(list, i), "class", "STAR");
    return all;
}

sm_span sm_sql_column_span(const sm_sql_query *q, size_t column, size_t n)
{
    const sm_json *list = sm_ast_get(q->tree->node, "select_list");
    bool named = sm_ast_count(list) == n && !sm_sql_takes_all(q);

    return sm_sql__span(q->text, q->tree,
                        named ? sm_ast_first_place(sm_ast_item(list, column))
                              : q->tree->prepared_tokens.items[0].at);
}
