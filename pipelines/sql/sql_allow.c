/* SPDX-License-Identifier: Apache-2.0 */
/* sql_allow.c -- what a query may name (security.md, SQL).
 *
 * An allow-list at every level: kinds of expressions, kinds of relations, table functions,
 * functions.  What is not on it is refused, with the reason when there is a known one.
 */
#include <string.h>

#include "pipelines/sql/sql_int.h"

#define COUNT(list) (sizeof(list) / sizeof(list)[0])

bool sm_sql__is_rule(const sm_sql_walk *w)
{
    return w->query->kind == SM_SQL_RULE;
}

sm_span sm_sql__walk_span(const sm_sql_walk *w, const sm_json *node)
{
    return sm_sql__span(w->query->text, w->tree, node ? sm_ast_first_place(node) : SM_SQL_NOWHERE);
}

SM_PRINTF(4, 5)
static void refuse(sm_sql_walk *w, const char *code, const sm_json *node, const char *fmt, ...)
{
    sm_buf text;
    va_list args;

    sm_buf_init(&text, 4096);
    va_start(args, fmt);
    sm_buf_addv(&text, fmt, args);
    va_end(args);
    sm_diag_add(w->diags, code, sm_sql__walk_span(w, node), "%.*s: %s", SM_SV_ARG(w->query->owner),
                text.ptr);
    sm_buf_release(&text);
    w->faults++;
}

static bool listed(sm_sv word, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (sm_sv_eq_str(word, words[i]))
            return true;
    }
    return false;
}

/* ---- relations and queries ----------------------------------------------------- */

void sm_sql__allow_table(sm_sql_walk *w, const sm_json *node)
{
    sm_sv catalog = sm_ast_text(node, "catalog_name");
    sm_sv name = sm_ast_text(node, "table_name");

    if (catalog.len > 0) {
        refuse(w, "SM0208", node, "\"%.*s.%.*s.%.*s\" names a catalog", SM_SV_ARG(catalog),
               SM_SV_ARG(sm_ast_text(node, "schema_name")), SM_SV_ARG(name));
        sm_diag_hint(w->diags, "A dataset is named x, or schema.x.");
    } else if (memchr(name.ptr, '/', name.len) || memchr(name.ptr, '.', name.len)) {
        refuse(w, "SM0207", node, "\"%.*s\" is a file, and a query reads only datasets",
               SM_SV_ARG(name));
        sm_diag_hint(w->diags, "Declare it under `sources:` with `type: files` and read that.");
    } else if (sm_ast_get(node, "at_clause")) {
        refuse(w, "SM0210", node, "AT (…) on \"%.*s\" is not supported", SM_SV_ARG(name));
    }
}

void sm_sql__allow_table_function(sm_sql_walk *w, const sm_json *node)
{
    sm_sv name = sm_ast_text(node, "function_name");

    if (sm_ast_text(node, "schema").len > 0 || sm_ast_text(node, "catalog").len > 0) {
        refuse(w, "SM0208", node, "table function \"%.*s\" is named with a schema",
               SM_SV_ARG(name));
    } else if (!sm_sql__table_function(name)) {
        refuse(w, "SM0207", node, "table function \"%.*s\" may not be called", SM_SV_ARG(name));
        sm_diag_hint(w->diags, "In FROM stand datasets and stream, range, generate_series, unnest, "
                               "json_each, json_tree; files are read through `sources:`.");
    }
}

static const char *const known_types[] = {
    "JOIN",
    "SUBQUERY",
    "EXPRESSION_LIST",
    "EMPTY",
    "PIVOT",
    "ORDER_MODIFIER",
    "LIMIT_MODIFIER",
    "LIMIT_PERCENT_MODIFIER",
    "DISTINCT_MODIFIER",
    "ORDER_DEFAULT",
    "ASCENDING",
    "DESCENDING",
};

void sm_sql__allow_type(sm_sql_walk *w, const sm_json *node, sm_sv type)
{
    if (listed(type, known_types, COUNT(known_types)) || sm_sv_ends(type, SM_SV("_TYPE_INFO")))
        return;
    if (sm_sv_eq(type, SM_SV("SHOW_REF")))
        refuse(w, "SM0210", node, "DESCRIBE, SUMMARIZE and SHOW are no queries over rows");
    else
        refuse(w, "SM0210", node, "this construct is not accepted (%.*s)", SM_SV_ARG(type));
}

/* ---- expressions --------------------------------------------------------------- */

static const char *const known_classes[] = {
    "COLUMN_REF", "CONSTANT",    "FUNCTION",   "CAST",    "OPERATOR",
    "CASE",       "CONJUNCTION", "COMPARISON", "BETWEEN", "SUBQUERY",
    "LAMBDA",     "STAR",        "COLLATE",    "WINDOW",  "POSITIONAL_REFERENCE",
};

/* What a rule, judged over one row, cannot hold. */
static const struct {
    const char *class, *code, *what;
} not_in_rule[] = {
    { "SUBQUERY", "SM0602", "a subquery cannot stand in a rule" },
    { "WINDOW", "SM0604", "OVER cannot stand in a rule: it sees one row at a time" },
    { "STAR", "SM0606", "* and COLUMNS cannot stand in a rule" },
    { "POSITIONAL_REFERENCE", "SM0606", "a column by number cannot stand in a rule" },
};

void sm_sql__allow_class(sm_sql_walk *w, const sm_json *node, sm_sv class)
{
    if (sm_sv_eq(class, SM_SV("PARAMETER"))) {
        sm_sql__allow_variable(w, node);
    } else if (!listed(class, known_classes, COUNT(known_classes))) {
        refuse(w, "SM0210", node, "this expression is not accepted (%.*s)", SM_SV_ARG(class));
    } else if (sm_sv_eq(class, SM_SV("WINDOW")) && !sm_sql__is_rule(w)) {
        sm_sql__allow_function(w, node);
    }
    for (size_t i = 0; sm_sql__is_rule(w) && i < COUNT(not_in_rule); i++) {
        if (sm_sv_eq_str(class, not_in_rule[i].class))
            refuse(w, not_in_rule[i].code, node, "%s", not_in_rule[i].what);
    }
}

static void refuse_unknown(sm_sql_walk *w, const sm_json *node, sm_sv name)
{
    const char *why = sm_sql__function_refused(name);
    const char *habit = sm_sql__habit_function(name);
    sm_sv like = sm_sql__function_like(name);

    if (why) {
        refuse(w, "SM0206", node, "function \"%.*s\" may not be called: %s", SM_SV_ARG(name), why);
        return;
    }
    refuse(w, "SM0205", node, "function \"%.*s\" is not known", SM_SV_ARG(name));
    if (habit)
        sm_diag_hint(w->diags, "%s", habit);
    else if (like.len > 1)
        sm_diag_hint(w->diags, "did you mean \"%.*s\"?", SM_SV_ARG(like));
}

static void judge_in_rule(sm_sql_walk *w, const sm_json *node, sm_sv name,
                          sm_sql_function_kind kind)
{
    switch (kind) {
    case SM_FUNCTION_AGGREGATE:
        refuse(w, "SM0603", node,
               "aggregate \"%.*s\" cannot stand in a rule: it sees one row at "
               "a time",
               SM_SV_ARG(name));
        break;
    case SM_FUNCTION_VOLATILE:
        refuse(w, "SM0605", node,
               "\"%.*s\" gives another value at each call, and a rule must "
               "give the same verdict again",
               SM_SV_ARG(name));
        break;
    case SM_FUNCTION_ROWS:
        refuse(w, "SM0606", node, "\"%.*s\" gives several rows, and a rule judges one",
               SM_SV_ARG(name));
        break;
    case SM_FUNCTION_UNKNOWN:
    case SM_FUNCTION_SCALAR:
    case SM_FUNCTION_WINDOW:
        break;
    }
}

void sm_sql__allow_function(sm_sql_walk *w, const sm_json *node)
{
    sm_sv name = sm_ast_text(node, "function_name");
    sm_sql_function_kind kind = sm_sql__function(name);

    if (sm_ast_text(node, "catalog").len > 0) {
        refuse(w, "SM0208", node, "function \"%.*s\" is named with a catalog", SM_SV_ARG(name));
        sm_diag_hint(w->diags, "Write %.*s(…) with the value as its argument.", SM_SV_ARG(name));
        return;
    }
    if (sm_sql_same_name(name, SM_SV("stream"))) {
        refuse(w, "SM0216", node, "STREAM() stands in FROM, not in an expression");
    } else if (kind == SM_FUNCTION_UNKNOWN) {
        refuse_unknown(w, node, name);
    } else if (sm_sql_same_name(name, SM_SV("age")) &&
               sm_ast_count(sm_ast_get(node, "children")) < 2) {
        refuse(w, "SM0206", node, "age() of one time reads the clock of the machine");
        sm_diag_hint(w->diags, "Write age(now(), x): now() is the time of the batch.");
    } else if (sm_sql__is_rule(w)) {
        judge_in_rule(w, node, name, kind);
    }
}
