/* SPDX-License-Identifier: Apache-2.0 */
/* sql_columns.c -- where the columns of a result are written. */
#include "pipelines/sql/sql_int.h"

static size_t count_stars(const sm_json *list, size_t *first)
{
    size_t n = 0;

    for (size_t i = sm_ast_count(list); i-- > 0;) {
        if (sm_ast_is(sm_ast_item(list, i), "class", "STAR")) {
            *first = i;
            n++;
        }
    }
    return n;
}

/* One item that becomes several columns: which are whose is not known then. */
static bool spreads(const sm_json *list)
{
    bool found = false;

    for (size_t i = 0; i < sm_ast_count(list) && !found; i++)
        found =
            sm_sql_same_name(sm_ast_text(sm_ast_item(list, i), "function_name"), SM_SV("unnest"));
    return found;
}

/* The item of the select list that gives column `column` of `n`; SIZE_MAX when it is not known.
 * Of one * the items before and behind it are. */
static size_t item_of(const sm_sql_query *q, size_t column, size_t n)
{
    const sm_json *list = sm_ast_get(q->tree->node, "select_list");
    size_t count = sm_ast_count(list), star = 0, stars = count_stars(list, &star);

    if (stars == 0)
        return count == n ? column : SIZE_MAX;
    if (stars > 1 || n + 1 < count || spreads(list))
        return SIZE_MAX;
    if (column < star)
        return column;
    return n - column < count - star ? count - (n - column) : star;
}

/* The SELECT of the query itself: the first of those that stand in the fewest brackets. */
static size_t main_select(const sm_sql_tokens *t)
{
    size_t best = t->n;

    for (size_t i = 0; i < t->n; i++) {
        if (sm_sql__token_is(t, i, "select") &&
            (best == t->n || t->items[i].depth < t->items[best].depth))
            best = i;
    }
    return best;
}

/* The first token of the select list. */
static size_t list_begin(const sm_sql_tokens *t, size_t select)
{
    size_t i = select + 1;

    if (sm_sql__token_is(t, i, "all"))
        return i + 1;
    if (!sm_sql__token_is(t, i, "distinct"))
        return i;
    if (sm_sql__token_is(t, i + 1, "on") && sm_sql__token_symbol(t, i + 2, '('))
        return sm_sql__token_close(t, i + 2) + 1;
    return i + 1;
}

static bool ends_list(const sm_sql_tokens *t, size_t i)
{
    static const char *const words[] = { "where",  "having", "qualify", "order", "limit",
                                         "offset", "union",  "except",  "using", "intersect" };
    bool found = sm_sql__token_symbol(t, i, ';') ||
                 (sm_sql__token_is(t, i, "from") && !sm_sql__token_is(t, i - 1, "distinct")) ||
                 (sm_sql__token_is(t, i, "group") && sm_sql__token_is(t, i + 1, "by"));

    for (size_t k = 0; k < sizeof words / sizeof *words && !found; k++)
        found = sm_sql__token_is(t, i, words[k]);
    return found;
}

/* The tokens [*from, *to) of item `item`; false when the text has no such one. */
static bool item_tokens(const sm_sql_tokens *t, size_t item, size_t *from, size_t *to)
{
    size_t select = main_select(t), number = 0;

    if (select == t->n)
        return false;
    *from = list_begin(t, select);
    for (*to = *from; *to < t->n; ++*to) {
        if (t->items[*to].depth < t->items[select].depth)
            break;
        if (t->items[*to].depth > t->items[select].depth)
            continue;
        if (ends_list(t, *to))
            break;
        if (!sm_sql__token_symbol(t, *to, ','))
            continue;
        if (number++ == item)
            return *to > *from;
        *from = *to + 1;
    }
    return number == item && *to > *from;
}

sm_span sm_sql_column_span(const sm_sql_query *q, size_t column, size_t n)
{
    const sm_sql_tokens *t = &q->tree->tokens;
    size_t item = item_of(q, column, n), from = 0, to = 0, at, len;

    if (item == SIZE_MAX || !item_tokens(t, item, &from, &to))
        return sm_sql__span(q->text, q->tree, q->tree->prepared_tokens.items[0].at);
    sm_sql__token_range(t, from, to, &at, &len);
    return sm_text_span(q->text, at, len);
}

bool sm_sql_column_unnamed(const sm_sql_query *q, size_t column, size_t n)
{
    const sm_json *list = sm_ast_get(q->tree->node, "select_list");
    size_t item = item_of(q, column, n);
    const sm_json *node = item == SIZE_MAX ? NULL : sm_ast_item(list, item);

    return node && sm_ast_text(node, "alias").len == 0 && !sm_ast_is(node, "class", "STAR") &&
           !sm_ast_is(node, "class", "COLUMN_REF");
}

bool sm_sql_takes_all(const sm_sql_query *q)
{
    size_t first;

    return count_stars(sm_ast_get(q->tree->node, "select_list"), &first) > 0;
}
