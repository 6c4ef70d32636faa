/* SPDX-License-Identifier: Apache-2.0 */
/* sql_refs.c -- one walk over the tree: references, calls to rewrite, the allow-list.
 *
 * Every object and every list of the tree is entered, also those that this file has no name
 * for, so that nothing can hide in a corner that a newer engine adds; what an object *is*
 * must be known, else sql_allow.c refuses it.
 *
 * A name in FROM is a CTE when one of the CTEs around it has it, else a dataset.  A CTE sees
 * those before it in the same WITH, never itself (unless it is recursive), and those of the
 * queries around it:
 *
 *     WITH t AS (FROM t) SELECT … FROM t, (WITH u AS (FROM t) FROM u)
 *                     ^dataset         ^CTE                ^CTE   ^CTE
 */
#include <string.h>

#include "pipelines/sql/sql_int.h"

typedef struct walk_state {
    sm_sql_walk *w;
    const sm_sql_scope *scope;
    bool in_call; /* of an aggregate or a window */
} walk_state;

static void walk_value(walk_state s, const sm_json *value);

const sm_sql_scope *sm_sql__scope_find(const sm_sql_scope *scope, sm_sv name)
{
    while (scope && !sm_sql_same_name(scope->name, name))
        scope = scope->outer;
    return scope;
}

static void walk_members(walk_state s, const sm_json *node)
{
    for (sm_json_iter it = sm_json_first(node); sm_json_valid(&it); sm_json_next(&it))
        walk_value(s, it.value);
}

/* ---- references ---------------------------------------------------------------- */

/* The token of the text as written where a node of the tree stands; tokens.n if there is
 * none: the tree is the engine's, and its places are not trusted. */
static size_t token_of(const struct sm_sql_tree *tree, size_t place)
{
    size_t at = 0, len = 0;

    if (place >= tree->prepared.text.len || tree->prepared.n_pieces == 0)
        return tree->tokens.n;
    sm_sql__source_of(&tree->prepared, place, &at, &len);
    return sm_sql__token_at(&tree->tokens, at);
}

static void add_ref(sm_sql_walk *w, const sm_sql_ref *ref, size_t place)
{
    if (w->n_refs == w->cap_refs) {
        size_t cap = w->cap_refs ? 2 * w->cap_refs : 8;
        sm_sql_ref *refs = SM_NEW_N(w->arena, sm_sql_ref, cap);
        size_t *places = SM_NEW_N(w->arena, size_t, cap);

        if (w->n_refs) {
            memcpy(refs, w->refs, w->n_refs * sizeof *refs);
            memcpy(places, w->places, w->n_refs * sizeof *places);
        }
        w->refs = refs;
        w->places = places;
        w->cap_refs = cap;
    }
    w->places[w->n_refs] = place;
    w->refs[w->n_refs++] = *ref;
}

/* Fill in where `name` or `STREAM(name)` stands in the text as written.  In the statement
 * `TABLE x` the word TABLE belongs to what is replaced. */
static bool locate_ref(const sm_sql_walk *w, size_t place, sm_sql_ref *ref)
{
    const sm_sql_tokens *t = &w->tree->tokens;
    size_t first, name, end;

    first = name = token_of(w->tree, place);
    if (first == t->n)
        return false;
    if (ref->stream) {
        name = first + 1;
        if (sm_sql__token_symbol(t, name, '('))
            name++;
    }
    if (!sm_sql__token_name(t, name))
        return false;
    end = sm_sql__token_after_name(t, name);
    sm_sql__token_range(t, name, end, &ref->name_offset, &ref->name_len);
    if (name > first + 1)
        end = sm_sql__token_close(t, first + 1) + 1;
    if (!ref->stream && first > 0 && sm_sql__token_is(t, first - 1, "table"))
        first--;
    if (end > t->n)
        return false;
    sm_sql__token_range(t, first, end, &ref->offset, &ref->len);
    return true;
}

static void walk_base_table(walk_state s, const sm_json *node)
{
    sm_sql_ref ref = {
        .schema = sm_ast_text(node, "schema_name"),
        .name = sm_ast_text(node, "table_name"),
        .aliased = sm_ast_text(node, "alias").len > 0,
    };
    size_t faults = s.w->faults;

    sm_sql__allow_table(s.w, node);
    if (ref.schema.len == 0 && sm_sql__scope_find(s.scope, ref.name))
        return;
    if (s.w->faults != faults)
        return;
    if (locate_ref(s.w, sm_ast_place(node), &ref))
        add_ref(s.w, &ref, sm_ast_place(node));
    else
        sm_sql__allow_type(s.w, node, SM_SV("a table at a place that is not known"));
}

/* STREAM(name) or STREAM(schema.name): the argument reads as a column. */
static void walk_stream(walk_state s, const sm_json *node, const sm_json *function)
{
    const sm_json *arg = sm_ast_item(sm_ast_get(function, "children"), 0);
    const sm_json *names = sm_ast_get(arg, "column_names");
    size_t n = sm_ast_count(names);
    sm_sql_ref ref = { .stream = true, .aliased = sm_ast_text(node, "alias").len > 0 };

    if (sm_ast_count(sm_ast_get(function, "children")) != 1 ||
        !sm_ast_is(arg, "class", "COLUMN_REF") || n < 1 || n > 2) {
        sm_diag_add(s.w->diags, "SM0216", sm_sql__walk_span(s.w, node),
                    "%.*s: STREAM() takes one name", SM_SV_ARG(s.w->query->owner));
        sm_diag_hint(s.w->diags, "Write STREAM(x) with a source or a table of this pipeline; a "
                                 "query cannot stand in it.");
        s.w->faults++;
        return;
    }
    ref.name = sm_json_sv(sm_ast_item(names, n - 1));
    if (n == 2)
        ref.schema = sm_json_sv(sm_ast_item(names, 0));
    if (locate_ref(s.w, sm_ast_place(node), &ref))
        add_ref(s.w, &ref, sm_ast_place(node));
    else
        sm_sql__allow_type(s.w, node, SM_SV("a STREAM() at a place that is not known"));
}

static void walk_table_function(walk_state s, const sm_json *node)
{
    const sm_json *function = sm_ast_get(node, "function");

    if (sm_sql_same_name(sm_ast_text(function, "function_name"), SM_SV("stream"))) {
        walk_stream(s, node, function);
        return;
    }
    sm_sql__allow_table_function(s.w, function);
    walk_members(s, function); /* its name is judged; what stands in it is not */
    for (sm_json_iter it = sm_json_first(node); sm_json_valid(&it); sm_json_next(&it)) {
        if (it.value != function)
            walk_value(s, it.value);
    }
}

/* ---- queries ------------------------------------------------------------------- */

/* The scope inside of a query: its CTEs, one after the other. */
static const sm_sql_scope *walk_ctes(walk_state s, const sm_json *node)
{
    const sm_json *map = sm_ast_get(sm_ast_get(node, "cte_map"), "map");

    for (size_t i = 0; i < sm_ast_count(map); i++) {
        const sm_json *entry = sm_ast_item(map, i);
        sm_sql_scope *cte = SM_NEW(s.w->arena, sm_sql_scope);

        walk_value(s, sm_ast_get(entry, "value"));
        *cte = (sm_sql_scope){ s.scope, sm_ast_text(entry, "key"), false };
        s.scope = cte;
    }
    return s.scope;
}

static void walk_query(walk_state s, const sm_json *node, sm_sv type)
{
    const sm_json *outer = s.w->select;

    s.scope = walk_ctes(s, node);
    if (sm_sv_eq(type, SM_SV("RECURSIVE_CTE_NODE"))) {
        sm_sql_scope *cte = SM_NEW(s.w->arena, sm_sql_scope);

        *cte = (sm_sql_scope){ s.scope, sm_ast_text(node, "cte_name"), false };
        s.scope = cte;
    }
    s.in_call = false;
    if (sm_sv_eq(type, SM_SV("SELECT_NODE")))
        s.w->select = node;
    for (sm_json_iter it = sm_json_first(node); sm_json_valid(&it); sm_json_next(&it)) {
        if (!sm_sv_eq_str(it.key, "cte_map"))
            walk_value(s, it.value);
    }
    s.w->select = outer;
}

/* ---- expressions --------------------------------------------------------------- */

static void add_call(walk_state s, const sm_json *node, sm_sql_call_kind kind)
{
    sm_sql_walk *w = s.w;
    size_t token = token_of(w->tree, sm_ast_place(node));

    if (!sm_sql__token_name(&w->tree->tokens, token)) {
        sm_sql__allow_type(w, node, SM_SV("a call at a place that is not known"));
        return;
    }
    if (w->n_calls == w->cap_calls) {
        size_t cap = w->cap_calls ? 2 * w->cap_calls : 8;
        sm_sql_call *calls = SM_NEW_N(w->arena, sm_sql_call, cap);

        if (w->n_calls)
            memcpy(calls, w->calls, w->n_calls * sizeof *calls);
        w->calls = calls;
        w->cap_calls = cap;
    }
    w->calls[w->n_calls] = (sm_sql_call){
        .kind = kind,
        .node = node,
        .offset = w->tree->tokens.items[token].at,
        .select = w->select,
    };
    for (size_t i = 0; i < sm_ast_count(sm_ast_get(w->select, "select_list")); i++) {
        if (sm_ast_item(sm_ast_get(w->select, "select_list"), i) == node)
            w->calls[w->n_calls].bare = sm_ast_text(node, "alias").len == 0;
    }
    w->n_calls++;
}

static void walk_rewritten(walk_state s, const sm_json *node, sm_sql_call_kind kind)
{
    bool session = kind == SM_CALL_SESSION_WINDOW;

    if ((session || kind == SM_CALL_WINDOW) && sm_sql__is_rule(s.w)) {
        sm_diag_add(s.w->diags, "SM0604", sm_sql__walk_span(s.w, node),
                    "%.*s: %s() cannot stand in a rule", SM_SV_ARG(s.w->query->owner),
                    session ? "session_window" : "window");
        s.w->faults++;
        return;
    }
    add_call(s, node, kind);
}

/* Is `name` a relation of this FROM? */
static bool reads_relation(const sm_json *from, sm_sv name)
{
    sm_sv alias = sm_ast_text(from, "alias");

    if (sm_ast_is(from, "type", "JOIN"))
        return reads_relation(sm_ast_get(from, "left"), name) ||
               reads_relation(sm_ast_get(from, "right"), name);
    return sm_sql_same_name(alias.len > 0 ? alias : sm_ast_text(from, "table_name"), name);
}

/* Spark's name for the window of GROUP BY window(…): `window`, `window.start`. */
static bool is_window_column(walk_state s, const sm_json *names)
{
    sm_sv name = sm_json_sv(sm_ast_item(names, 0)), field = sm_json_sv(sm_ast_item(names, 1));

    return !s.in_call && s.w->select != NULL &&
           (sm_sql_same_name(name, SM_SV("window")) ||
            sm_sql_same_name(name, SM_SV("session_window"))) &&
           (sm_ast_count(names) == 1 || sm_sql_same_name(field, SM_SV("start")) ||
            sm_sql_same_name(field, SM_SV("end"))) &&
           sm_sql__grouped_window(s.w->select, name) != NULL &&
           !reads_relation(sm_ast_get(s.w->select, "from_table"), name);
}

/* current_date and its kin without brackets read as a column, too. */
static void walk_column(walk_state s, const sm_json *node)
{
    const sm_json *names = sm_ast_get(node, "column_names");
    sm_sv name = sm_json_sv(sm_ast_item(names, 0));
    sm_sql_call_kind kind;

    if (sm_ast_count(names) > 2)
        add_call(s, node, SM_CALL_QUALIFIED);
    else if (is_window_column(s, names))
        add_call(s, node, SM_CALL_WINDOW_COLUMN);
    else if (sm_ast_count(names) == 1 && sm_sql__function_rewritten(name, true, &kind))
        add_call(s, node, kind);
    else if (sm_ast_count(names) == 1 && sm_sql__session_word(name))
        add_call(s, node, SM_CALL_SESSION);
}

/* Inside of an aggregate, and of what is the window itself, a name is that of a column. */
static bool takes_rows(const sm_json *node)
{
    sm_sv name = sm_ast_text(node, "function_name");

    return sm_sql__function(name) == SM_FUNCTION_AGGREGATE ||
           sm_sql_same_name(name, SM_SV("window")) ||
           sm_sql_same_name(name, SM_SV("session_window"));
}

static void walk_expression(walk_state s, const sm_json *node, sm_sv class)
{
    sm_sql_call_kind kind;

    sm_sql__allow_class(s.w, node, class);
    if (sm_sv_eq(class, SM_SV("CONSTANT")))
        return;
    if (sm_sv_eq(class, SM_SV("COLUMN_REF"))) {
        walk_column(s, node);
        return;
    }
    if (sm_sv_eq(class, SM_SV("FUNCTION"))) {
        if (sm_ast_text(node, "schema").len == 0 &&
            sm_sql__function_rewritten(sm_ast_text(node, "function_name"), false, &kind))
            walk_rewritten(s, node, kind);
        else
            sm_sql__allow_function(s.w, node);
        s.in_call |= takes_rows(node);
    }
    walk_members(s, node);
}

static void walk_object(walk_state s, const sm_json *node)
{
    sm_sv class = sm_ast_text(node, "class");
    sm_sv type = sm_ast_text(node, "type");

    if (class.len > 0) {
        walk_expression(s, node, class);
    } else if (sm_sv_eq(type, SM_SV("BASE_TABLE"))) {
        walk_base_table(s, node);
    } else if (sm_sv_eq(type, SM_SV("TABLE_FUNCTION"))) {
        walk_table_function(s, node);
    } else if (sm_sv_eq(type, SM_SV("SELECT_NODE")) ||
               sm_sv_eq(type, SM_SV("SET_OPERATION_NODE")) ||
               sm_sv_eq(type, SM_SV("RECURSIVE_CTE_NODE"))) {
        walk_query(s, node, type);
    } else {
        if (type.len > 0)
            sm_sql__allow_type(s.w, node, type);
        walk_members(s, node);
    }
}

static void walk_value(walk_state s, const sm_json *value)
{
    if (++s.w->depth > SM_SQL_MAX_DEPTH) {
        if (!s.w->too_deep) {
            s.w->too_deep = true;
            sm_diag_add(s.w->diags, "SM0214", sm_sql__walk_span(s.w, value),
                        "%.*s: the query is nested deeper than %d levels",
                        SM_SV_ARG(s.w->query->owner), SM_SQL_MAX_DEPTH);
            s.w->faults++;
        }
    } else if (sm_json_is_object(value)) {
        walk_object(s, value);
    } else if (sm_json_is_array(value)) {
        for (size_t i = 0; i < sm_ast_count(value); i++)
            walk_value(s, sm_ast_item(value, i));
    }
    s.w->depth--;
}

void sm_sql__walk(sm_sql_walk *w, const sm_json *node)
{
    walk_value((walk_state){ .w = w }, node);
}
