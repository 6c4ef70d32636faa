/* SPDX-License-Identifier: Apache-2.0 */
/* sql_cut_group.c -- a grouping over a stream: what its rows are, how it is kept, and the SELECT
 * that is left above it.
 *
 *     SELECT f(k), sum(a) / count(*) AS r FROM t WHERE p GROUP BY k HAVING count(*) > 1
 *     rows     SELECT k AS k0, a AS x0 FROM t WHERE p
 *     keeps    sum(x0) AS p0, count(*) AS p1, by k0
 *     left     SELECT f(k0), a0 / a1 AS r FROM _smelt_st_0 WHERE a1 > 1
 */
#include "pipelines/sql/sql_compile.h"
#include "pipelines/sql/sql_cut_int.h"
#include "runtime/base/limit.h"

typedef struct terms { /* expressions, each once */
    const sm_json **items;
    size_t n, cap;
} terms;

typedef struct grouping {
    cutter *c;
    const cut_scope *scope;
    const sm_json *select;
    const cut_part *from;
    sm_schema names; /* of the SELECT as it was written */
    terms keys;      /* without that of the session */
    sm_sv *labels;
    int event; /* the key with event time; -1: none */
    cut_time time;
    const sm_json *session; /* the key that is a session; NULL: none */
    bool session_timed;     /* of event time */
    terms calls, args;
    sm_schema typed; /* k… a… */
    cut_sets sets;
    size_t set_key; /* the key that is the number of a set; SIZE_MAX: there is one set only */
    bool hidden;    /* columns of the stage have names that no user has */
} grouping;

static size_t add_term(grouping *g, terms *t, const sm_json *x)
{
    for (size_t i = 0; i < t->n; i++) {
        if (sm_tree_same(t->items[i], x))
            return i;
    }
    if (t->n == t->cap) {
        size_t cap = t->cap ? 2 * t->cap : 8;
        const sm_json **grown = SM_NEW_N(g->c->a, const sm_json *, cap);

        for (size_t i = 0; i < t->n; i++)
            grown[i] = t->items[i];
        t->items = grown;
        t->cap = cap;
    }
    t->items[t->n] = x;
    return t->n++;
}

static const sm_json *list_of(const sm_json *select)
{
    return sm_ast_get(select, "select_list");
}

bool sm_cut__is_grouping(const sm_json *select)
{
    return sm_ast_count(sm_ast_get(select, "group_expressions")) > 0 ||
           sm_ast_is(select, "aggregate_handling", "FORCE_AGGREGATES") ||
           sm_sql__find_call(list_of(select), false) ||
           sm_sql__find_call(sm_ast_get(select, "having"), false);
}

/* ---- keys -------------------------------------------------------------------------- */

/* Is `name` a column of what the SELECT reads? */
static bool is_column(grouping *g, sm_sv name)
{
    sm_json *star = sm_json_array(g->c->a);
    sm_schema s = { 0 };
    const sm_json *q;

    sm_json_append(star, sm_tree_star(g->c->a));
    q = sm_tree_select(g->c->a, star, sm_ast_get(g->select, "from_table"), NULL);
    sm_cut__bind(g->c, g->scope, sm_cut__typed(g->c, g->from, q), &s);
    return sm_schema_find(&s, name) >= 0;
}

/* What an expression of GROUP BY stands for: 1, an alias, or itself; *item is its place in the
 * list. */
static const sm_json *resolve_key(grouping *g, const sm_json *x, size_t *item)
{
    const sm_json *list = list_of(g->select), *names = sm_ast_get(x, "column_names");
    const sm_json *value = sm_ast_get(x, "value");
    sm_sv name = sm_json_sv(sm_ast_item(names, 0));

    *item = SIZE_MAX;
    if (sm_ast_is(x, "class", "CONSTANT") && sm_json_is_int(sm_ast_get(value, "value"))) {
        *item = (size_t)sm_json_get_int(value, "value", 0) - 1;
        return *item < sm_ast_count(list) ? sm_ast_item(list, *item) : x;
    }
    for (size_t i = 0; i < sm_ast_count(list); i++) {
        if (sm_tree_same(x, sm_ast_item(list, i)))
            *item = i;
    }
    if (*item != SIZE_MAX || sm_ast_count(names) != 1)
        return x;
    for (size_t i = 0; i < sm_ast_count(list); i++) {
        if (sm_sql_same_name(sm_ast_text(sm_ast_item(list, i), "alias"), name) &&
            !is_column(g, name)) {
            *item = i;
            return sm_ast_item(list, i);
        }
    }
    return x;
}

/* Is `name` a relation of this FROM, and `column` none that USING makes of two? */
static bool is_relation(const sm_json *from, sm_sv name, sm_sv column)
{
    const sm_json *using = sm_ast_get(from, "using_columns");
    sm_sv alias = sm_ast_text(from, "alias");

    for (size_t i = 0; i < sm_ast_count(using); i++) {
        if (sm_sql_same_name(sm_json_sv(sm_ast_item(using, i)), column))
            return false;
    }
    if (sm_ast_is(from, "type", "JOIN"))
        return is_relation(sm_ast_get(from, "left"), name, column) ||
               is_relation(sm_ast_get(from, "right"), name, column);
    return sm_sql_same_name(alias.len > 0 ? alias : sm_ast_text(from, "table_name"), name);
}

/* `k` and `t.k` are one column where both are written in one SELECT over a relation t; in `s.k` of
 * a struct s, or beside USING (k), they may be two. */
static bool same_key(const grouping *g, const sm_json *x, const sm_json *key)
{
    const sm_json *nx = sm_ast_get(x, "column_names"), *nk = sm_ast_get(key, "column_names");
    const sm_json *longer = sm_ast_count(nx) > sm_ast_count(nk) ? nx : nk;
    const sm_json *shorter = longer == nx ? nk : nx;

    if (sm_tree_same(x, key))
        return true;
    return sm_ast_is(x, "class", "COLUMN_REF") && sm_ast_is(key, "class", "COLUMN_REF") &&
           sm_ast_count(longer) == 2 && sm_ast_count(shorter) == 1 &&
           sm_sql_same_name(sm_json_sv(sm_ast_item(longer, 1)),
                            sm_json_sv(sm_ast_item(shorter, 0))) &&
           is_relation(sm_ast_get(g->select, "from_table"), sm_json_sv(sm_ast_item(longer, 0)),
                       sm_json_sv(sm_ast_item(longer, 1)));
}

static int key_of_item(const grouping *g, const sm_json *item)
{
    for (size_t i = 0; i < g->keys.n; i++) {
        if (same_key(g, item, g->keys.items[i]))
            return (int)i;
    }
    return -1;
}

static void refuse_two_times(grouping *g, const sm_json *x)
{
    sm_cut__refuse(g->c, "SM0530", x, "more than one event time among the keys");
    sm_cut__hint(g->c,
                 "Only one window, or one column with the watermark, can tell when a group is "
                 "final; put the other one into a SELECT below.");
}

/* Which key it is; SIZE_MAX: the session. */
static size_t add_key(grouping *g, const sm_json *x, size_t item)
{
    cut_time time = sm_cut__time_of(&g->from->flow.tags, x);
    int known = key_of_item(g, x);
    size_t i;

    if (sm_cut__is_session(&g->from->flow.tags, x)) {
        if (g->session || g->event >= 0)
            refuse_two_times(g, x);
        g->session = x;
        g->session_timed = time != CUT_NO_TIME;
        return SIZE_MAX;
    }
    if (known >= 0)
        return (size_t)known;
    i = add_term(g, &g->keys, x);
    g->labels[i] = item < g->names.n ? g->names.columns[item].name : sm_cut__expression(g->c, x);
    if (time == CUT_NO_TIME)
        return i;
    if (g->event >= 0 || g->session)
        refuse_two_times(g, x);
    g->event = (int)i;
    g->time = time;
    return i;
}

static void find_sets(grouping *g, const size_t *key_of)
{
    if (!sm_cut__read_sets(g->c, g->select, key_of, &g->sets) || !g->sets.each)
        return;
    g->set_key = add_term(g, &g->keys, g->sets.each);
    g->labels[g->set_key] = SM_SV("GROUPING SETS");
}

static void find_keys(grouping *g)
{
    const sm_json *groups = sm_ast_get(g->select, "group_expressions"), *list = list_of(g->select);
    bool all = sm_ast_is(g->select, "aggregate_handling", "FORCE_AGGREGATES");
    size_t *key_of = SM_NEW_N(g->c->a, size_t, sm_ast_count(groups) + 1);

    g->labels = SM_NEW_N(g->c->a, sm_sv, sm_ast_count(groups) + sm_ast_count(list) + 2);
    for (size_t i = 0; i < sm_ast_count(groups) && !sm_cut__over(g->c); i++) {
        size_t item;
        const sm_json *x = resolve_key(g, sm_ast_item(groups, i), &item);

        key_of[i] = add_key(g, x, item);
    }
    if (!sm_cut__over(g->c))
        find_sets(g, key_of);
    for (size_t i = 0; all && i < sm_ast_count(list); i++) {
        if (!sm_sql__find_call(sm_ast_item(list, i), false))
            add_key(g, sm_ast_item(list, i), i);
    }
}

/* ---- aggregates -------------------------------------------------------------------- */

static bool is_aggregate(const sm_json *x)
{
    return sm_ast_is(x, "class", "FUNCTION") &&
           sm_sql__function(sm_ast_text(x, "function_name")) == SM_FUNCTION_AGGREGATE;
}

static void find_calls(grouping *g, const sm_json *value)
{
    if (sm_ast_is(value, "class", "SUBQUERY"))
        return;
    if (is_aggregate(value)) {
        add_term(g, &g->calls, value);
        return;
    }
    for (sm_json_iter it = sm_json_first(value); sm_json_valid(&it); sm_json_next(&it))
        find_calls(g, it.value);
    for (size_t i = 0; i < sm_ast_count(value); i++)
        find_calls(g, sm_ast_item(value, i));
}

static bool holds_column(const sm_json *value)
{
    bool found = sm_ast_is(value, "class", "COLUMN_REF") || sm_ast_is(value, "class", "SUBQUERY");

    for (sm_json_iter it = sm_json_first(value); sm_json_valid(&it) && !found; sm_json_next(&it))
        found = holds_column(it.value);
    for (size_t i = 0; i < sm_ast_count(value) && !found; i++)
        found = holds_column(sm_ast_item(value, i));
    return found;
}

static sm_sv part_name(const grouping *g, const char *prefix, size_t i)
{
    sm_sv name = sm_cut__numbered(g->c, prefix, i);

    return g->hidden ? sm_arena_printf(g->c->a, "_smelt_%.*s", SM_SV_ARG(name)) : name;
}

static sm_json *numbered_column(const grouping *g, const char *prefix, size_t i)
{
    return sm_tree_column(g->c->a, SM_SV(""), part_name(g, prefix, i));
}

/* An argument becomes a column of the rows; a constant stays where it is. */
static const sm_json *as_argument(grouping *g, const sm_json *x)
{
    if (!x || !holds_column(x))
        return x;
    return sm_tree_named(g->c->a, numbered_column(g, "x", add_term(g, &g->args, x)),
                         sm_ast_text(x, "alias"));
}

static const sm_json *order_of_arguments(grouping *g, const sm_json *modifier)
{
    const sm_json *orders = sm_ast_get(modifier, "orders");
    sm_json *list = sm_json_array(g->c->a), *out = sm_json_object(g->c->a);

    for (size_t i = 0; i < sm_ast_count(orders); i++) {
        sm_json *order = sm_json_copy(g->c->a, sm_ast_item(orders, i));

        sm_json_set(order, "expression",
                    as_argument(g, sm_ast_get(sm_ast_item(orders, i), "expression")));
        sm_json_append(list, order);
    }
    sm_json_set_string(out, "type", SM_SV("ORDER_MODIFIER"));
    sm_json_set(out, "orders", list);
    return out;
}

/* The call over the columns of the rows. */
static const sm_json *call_over_rows(grouping *g, const sm_json *call)
{
    const sm_json *children = sm_ast_get(call, "children"), *filter = sm_ast_get(call, "filter");
    sm_json *copy = sm_json_copy(g->c->a, call), *list = sm_json_array(g->c->a);

    for (size_t i = 0; i < sm_ast_count(children); i++)
        sm_json_append(list, as_argument(g, sm_ast_item(children, i)));
    sm_json_set(copy, "children", list);
    if (filter)
        sm_json_set(copy, "filter", as_argument(g, filter));
    sm_json_set(copy, "order_bys", order_of_arguments(g, sm_ast_get(call, "order_bys")));
    sm_json_set_string(copy, "alias", SM_SV(""));
    return copy;
}

/* ---- rows -------------------------------------------------------------------------- */

static void append_named(grouping *g, sm_json *list, const sm_json *x, sm_sv name)
{
    sm_json_append(list, sm_tree_named(g->c->a, x, name));
}

static const sm_json *arg_of(const sm_json *call, size_t i)
{
    return sm_ast_item(sm_ast_get(call, "children"), i);
}

/* Begin and end of the row's own session; the condition that it is one. */
static const sm_json *add_session(grouping *g, sm_json *list)
{
    sm_arena *a = g->c->a;
    const sm_json *x = g->session, *start, *end, *from, *to;

    if (sm_cut__is_call(x, SM_SQL_MARK_SESSION)) {
        start = arg_of(x, 0);
        end = sm_tree_operator(a, "+", start, arg_of(x, 1));
    } else {
        start = sm_tree_field(a, x, "start");
        end = sm_tree_field(a, x, "end");
    }
    from = sm_tree_call(a, "epoch_us", &start, 1);
    to = sm_tree_call(a, "epoch_us", &end, 1);
    append_named(g, list, from, SM_SV(CUT_START));
    append_named(g, list, to, SM_SV(CUT_TIME));
    return sm_tree_compare(a, "COMPARE_GREATERTHAN", to, from);
}

/* The number of the set that a row or a group is of; NULL: there is one set only. */
static const sm_json *set_number(const grouping *g)
{
    return g->sets.each ? numbered_column(g, "k", g->set_key) : NULL;
}

/* Each row of `q` is of one set: the keys that the set has not are NULL. */
static const sm_json *rows_of_sets(grouping *g, const sm_json *q, bool timed)
{
    sm_arena *a = g->c->a;
    sm_json *list = sm_json_array(a);

    for (size_t i = 0; i < g->keys.n; i++) {
        const sm_json *key = numbered_column(g, "k", i);

        if (i != g->set_key)
            key = sm_cut__in_set(g->c, &g->sets, set_number(g), i, key);
        append_named(g, list, key, part_name(g, "k", i));
    }
    for (size_t i = 0; i < g->args.n; i++)
        sm_json_append(list, numbered_column(g, "x", i));
    if (timed)
        sm_json_append(list, sm_tree_column(a, SM_SV(""), SM_SV(CUT_TIME)));
    return sm_tree_select(a, list, sm_tree_subquery(a, q, SM_SV("_smelt_sets")), NULL);
}

static const sm_json *rows_query(grouping *g, bool timed)
{
    sm_arena *a = g->c->a;
    sm_json *list = sm_json_array(a);
    const sm_json *where = sm_ast_get(g->select, "where_clause"), *q;

    for (size_t i = 0; i < g->keys.n; i++) {
        const sm_json *key = g->keys.items[i];

        append_named(g, list, sm_cut__is_call(key, SM_SQL_MARK_WINDOW) ? arg_of(key, 2) : key,
                     part_name(g, "k", i));
    }
    for (size_t i = 0; i < g->args.n; i++)
        append_named(g, list, g->args.items[i], part_name(g, "x", i));
    if (g->session)
        where = sm_tree_and(a, where, add_session(g, list));
    else if (timed)
        append_named(g, list, sm_cut__micros(g->c, g->keys.items[g->event], g->time),
                     SM_SV(CUT_TIME));
    if (sm_ast_count(list) == 0)
        append_named(g, list, sm_tree_int(a, 1), SM_SV("x0"));
    q = sm_tree_select(a, list, sm_ast_get(g->select, "from_table"), where);
    q = sm_cut__spread(g->c, g->from, q);
    return g->sets.each ? rows_of_sets(g, q, timed) : q;
}

/* ---- what is kept -------------------------------------------------------------------- */

static void bind_values(grouping *g, const sm_json *rows, const sm_json *const *calls)
{
    sm_arena *a = g->c->a;
    sm_json *list = sm_json_array(a), *groups = sm_json_array(a), *set = sm_json_array(a);
    sm_json *sets = sm_json_array(a), *q;

    for (size_t i = 0; i < g->keys.n; i++) {
        sm_json_append(list, numbered_column(g, "k", i));
        sm_json_append(groups, numbered_column(g, "k", i));
        sm_json_append(set, sm_json_int(a, (int64_t)i));
    }
    for (size_t i = 0; i < g->calls.n; i++)
        append_named(g, list, calls[i], part_name(g, "a", i));
    if (sm_ast_count(list) == 0)
        sm_json_append(list, sm_tree_int(a, 1));
    q = sm_tree_select(a, list, sm_tree_subquery(a, rows, SM_SV("_smelt_rows")), NULL);
    sm_json_append(sets, set);
    sm_json_set(q, "group_expressions", groups);
    if (g->keys.n > 0)
        sm_json_set(q, "group_sets", sets);
    sm_cut__bind(g->c, g->scope, q, &g->typed);
}

static sm_sv column_type(const sm_schema *s, sm_sv name)
{
    ptrdiff_t i = sm_schema_find(s, name);

    return i < 0 ? SM_SV("") : s->columns[i].type;
}

/* The pieces of each call; false when one has none, and then the rows are kept. */
static bool split_calls(grouping *g, sm_stage *s, const sm_json *const *calls,
                        sm_stage_partial *partials, sm_stage_value *values)
{
    for (size_t i = 0; i < g->calls.n; i++) {
        const sm_json *children = sm_ast_get(calls[i], "children");
        const sm_json *filter = sm_ast_get(calls[i], "filter");
        size_t n = sm_ast_count(children);
        sm_sv *args = SM_NEW_N(g->c->a, sm_sv, n + 1), type = SM_SV("");
        sm_sql_split split;

        for (size_t k = 0; k < n; k++)
            args[k] = sm_cut__expression(g->c, sm_ast_item(children, k));
        if (n > 0)
            type = column_type(&s->schema, args[0]);
        if (!sm_sql__aggregate_split(calls[i], args, n,
                                     filter ? sm_cut__expression(g->c, filter) : SM_SV(""), type,
                                     s->kind == SM_STAGE_SESSION, s->n_partials, g->c->a, &split))
            return false;
        s->ordered |= split.ordered;
        for (size_t k = 0; k < split.n; k++)
            partials[s->n_partials++] = (sm_stage_partial){ split.fold[k], split.merge[k] };
        values[i].final = sm_arena_printf(g->c->a, "CAST(%.*s AS %.*s)", SM_SV_ARG(split.final),
                                          SM_SV_ARG(column_type(&g->typed, part_name(g, "a", i))));
    }
    return true;
}

static void keep_rows(grouping *g, sm_stage *s, const sm_json *const *calls, sm_stage_value *values)
{
    s->keeps_rows = true;
    s->ordered = false;
    s->n_partials = 0;
    for (size_t i = 0; i < g->calls.n; i++) {
        bool ordered;

        values[i].final = sm_sql__aggregate_over_rows(g->c, calls[i], &ordered);
        s->ordered |= ordered;
    }
}

/* k… a…, and the bounds of a session. */
static void set_out(grouping *g, sm_stage *s)
{
    sm_schema *out = &s->out;

    out->columns = SM_NEW_N(g->c->a, sm_column, g->typed.n + 2);
    for (size_t i = 0; i < g->typed.n && i < g->keys.n + g->calls.n; i++)
        out->columns[out->n++] = g->typed.columns[i];
    for (size_t i = 0; g->session && i < 2; i++)
        out->columns[out->n++] = (sm_column){ .name = sm_sv_cstr(i == 0 ? CUT_START : CUT_TIME),
                                              .type = SM_SV("BIGINT"),
                                              .nullable = true,
                                              .description = SM_SV("") };
}

static void set_labels(grouping *g, sm_stage *s)
{
    sm_sv *labels = SM_NEW_N(g->c->a, sm_sv, g->keys.n + g->args.n + 1);

    for (size_t i = 0; i < g->keys.n; i++)
        labels[i] = g->labels[i];
    for (size_t i = 0; i < g->args.n; i++)
        labels[g->keys.n + i] = sm_cut__expression(g->c, g->args.items[i]);
    s->labels = labels;
    s->n_keys = g->keys.n;
    s->n_args = g->args.n;
}

static void set_values(grouping *g, sm_stage *s, const sm_json *const *calls)
{
    sm_stage_partial *partials = SM_NEW_N(g->c->a, sm_stage_partial, 2 * g->calls.n + 1);
    sm_stage_value *values = SM_NEW_N(g->c->a, sm_stage_value, g->calls.n + 1);

    for (size_t i = 0; i < g->calls.n; i++)
        values[i].text = sm_ast_is(g->calls.items[i], "function_name", "count_star")
                             ? SM_SV("count(*)")
                             : sm_cut__expression(g->c, g->calls.items[i]);
    if (!split_calls(g, s, calls, partials, values))
        keep_rows(g, s, calls, values);
    s->partials = partials;
    s->values = values;
    s->n_values = g->calls.n;
}

/* ---- the SELECT that is left -------------------------------------------------------- */

/* What key `i` comes out as: of a window its bounds. */
static const sm_json *key_out(const grouping *g, size_t i)
{
    sm_arena *a = g->c->a;
    const sm_json *key = g->keys.items[i], *number = numbered_column(g, "k", i), *end;

    if (!sm_cut__is_call(key, SM_SQL_MARK_WINDOW))
        return number;
    end = sm_tree_operator(a, "+", number, arg_of(key, 3));
    number = sm_cut__bounds(g->c, sm_tree_call(a, "make_timestamp", &number, 1),
                            sm_tree_call(a, "make_timestamp", &end, 1));
    return g->sets.each ? sm_cut__in_set(g->c, &g->sets, set_number(g), i, number) : number;
}

static const sm_json *session_out(const grouping *g)
{
    sm_arena *a = g->c->a;
    const sm_json *from = sm_tree_column(a, SM_SV(""), SM_SV(CUT_START));
    const sm_json *to = sm_tree_column(a, SM_SV(""), SM_SV(CUT_TIME));

    return sm_cut__bounds(g->c, sm_tree_call(a, "make_timestamp", &from, 1),
                          sm_tree_call(a, "make_timestamp", &to, 1));
}

/* GROUPING(a, b): a bit for each that the set of the group has not. */
static const sm_json *grouping_of(const grouping *g, const sm_json *call)
{
    const sm_json *args = sm_ast_get(call, "children");
    size_t n = sm_ast_count(args), *keys = SM_NEW_N(g->c->a, size_t, n + 1);

    for (size_t i = 0; i < n; i++)
        keys[i] = (size_t)key_of_item(g, sm_ast_item(args, i));
    return sm_cut__grouping_bits(g->c, set_number(g), keys, n);
}

static const sm_json *column_of(const grouping *g, const sm_json *part)
{
    if (sm_ast_is(part, "type", "GROUPING_FUNCTION"))
        return grouping_of(g, part);
    if (g->session && same_key(g, part, g->session))
        return session_out(g);
    for (size_t i = 0; i < g->keys.n; i++) {
        if (same_key(g, part, g->keys.items[i]))
            return key_out(g, i);
    }
    for (size_t i = 0; i < g->calls.n; i++) {
        if (sm_tree_same(part, g->calls.items[i]))
            return numbered_column(g, "a", i);
    }
    return NULL;
}

static const sm_json *above(grouping *g, const sm_json *value);

/* An alias stays: it may be the name of a field, as in {'n': count(*)}. */
static const sm_json *put_columns(void *ctx, const sm_json *part)
{
    grouping *g = ctx;
    const sm_json *column = column_of(g, part);

    if (sm_ast_is(part, "class", "SUBQUERY")) { /* its names are its own; what is compared is not */
        sm_json *copy = sm_json_copy(g->c->a, part);

        if (sm_ast_get(part, "child"))
            sm_json_set(copy, "child", above(g, sm_ast_get(part, "child")));
        return copy;
    }
    return column ? sm_tree_named(g->c->a, column, sm_ast_text(part, "alias")) : part;
}

static const sm_json *above(grouping *g, const sm_json *value)
{
    return sm_tree_replace(g->c->a, value, put_columns, g);
}

/* HAVING may name what the list calls so; inside of an aggregate a name is that of a column. */
static const sm_json *put_aliases(void *ctx, const sm_json *part)
{
    grouping *g = ctx;
    const sm_json *names = sm_ast_get(part, "column_names"), *list = list_of(g->select);

    if (is_aggregate(part))
        return sm_json_copy(g->c->a, part); /* a copy is not entered */
    if (!sm_ast_is(part, "class", "COLUMN_REF") || sm_ast_count(names) != 1)
        return part;
    for (size_t i = 0; i < g->keys.n; i++) {
        if (same_key(g, part, g->keys.items[i]))
            return part;
    }
    for (size_t i = 0; i < sm_ast_count(list); i++) {
        const sm_json *item = sm_ast_item(list, i);

        if (sm_sql_same_name(sm_ast_text(item, "alias"), sm_json_sv(sm_ast_item(names, 0))))
            return sm_tree_named(g->c->a, item, SM_SV(""));
    }
    return part;
}

/* The time that an item of the list carries: as a key does, or by what was named before it. */
static cut_time time_of_item(grouping *g, const sm_json *item, const cut_tags *before)
{
    int key = key_of_item(g, item);

    if (g->session && same_key(g, item, g->session))
        return g->session_timed ? CUT_SESSION : CUT_OWN_SESSION;
    if (key >= 0)
        return key == g->event ? g->time : CUT_NO_TIME;
    return sm_cut__time_of(before, item);
}

static void add_hidden(grouping *g, sm_json *list, const char *prefix, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        sm_sv plain = sm_arena_printf(g->c->a, "%s%zu", prefix, i);

        append_named(g, list, sm_tree_column(g->c->a, SM_SV(""), plain), part_name(g, prefix, i));
    }
}

/* What the stage puts out, so that an alias of the user's means what it meant. */
static const sm_json *from_stage(grouping *g, const sm_stage *s)
{
    sm_arena *a = g->c->a;
    sm_json *list = sm_json_array(a);
    const sm_json *table = sm_tree_table(a, s->relation, SM_SV(""));

    add_hidden(g, list, "k", g->keys.n);
    add_hidden(g, list, "a", g->calls.n);
    if (g->session) {
        sm_json_append(list, sm_tree_column(a, SM_SV(""), SM_SV(CUT_START)));
        sm_json_append(list, sm_tree_column(a, SM_SV(""), SM_SV(CUT_TIME)));
    }
    if (sm_ast_count(list) == 0)
        return table;
    return sm_tree_subquery(a, sm_tree_select(a, list, table, NULL), SM_SV("_smelt_groups"));
}

/* ORDER BY an alias sorts by what the list has under it. */
static const sm_json *put_order(void *ctx, const sm_json *part)
{
    grouping *g = ctx;
    const sm_json *names = sm_ast_get(part, "column_names"), *list = list_of(g->select);

    for (size_t i = 0; sm_ast_count(names) == 1 && i < sm_ast_count(list); i++) {
        if (sm_sql_same_name(sm_ast_text(sm_ast_item(list, i), "alias"),
                             sm_json_sv(sm_ast_item(names, 0))))
            return sm_json_copy(g->c->a, part);
    }
    return put_columns(ctx, part);
}

static const sm_json *left_over(grouping *g, const sm_stage *s, cut_flow *flow)
{
    sm_arena *a = g->c->a;
    const sm_json *list = list_of(g->select), *having = sm_ast_get(g->select, "having");
    sm_json *items = sm_json_array(a), *select;

    g->hidden = true;
    for (size_t i = 0; i < sm_ast_count(list); i++) {
        const sm_json *item = sm_ast_item(list, i);
        sm_sv name = i < g->names.n ? g->names.columns[i].name : SM_SV("");
        cut_time time = time_of_item(g, item, &flow->tags);
        cut_tag tag = { .name = name, .time = time, .key = key_of_item(g, item) };

        append_named(g, items, above(g, sm_tree_named(a, item, SM_SV(""))), name);
        if (tag.time != CUT_NO_TIME || tag.key >= 0)
            sm_cut__add_tag(g->c, &flow->tags, tag);
    }
    if (having)
        having = above(g, sm_tree_replace(a, having, put_aliases, g));
    select = sm_tree_select(a, items, from_stage(g, s), having);
    if (s->mode == SM_STAGE_COMPLETE && sm_ast_get(g->select, "modifiers"))
        sm_json_set(select, "modifiers",
                    sm_tree_replace(a, sm_ast_get(g->select, "modifiers"), put_order, g));
    return select;
}

/* ---- the stage ----------------------------------------------------------------------- */

/* The expressions of keys and arguments: groups of one meaning are none of another. */
static sm_sv meaning(grouping *g)
{
    sm_buf b;
    sm_sv out;

    sm_buf_init(&b, SM_LIMIT_BATCH_SQL);
    for (size_t i = 0; i < g->keys.n; i++) {
        sm_buf_add(&b, sm_cut__expression(g->c, g->keys.items[i]));
        sm_buf_addc(&b, ';');
    }
    for (size_t i = 0; i < g->args.n; i++) {
        sm_buf_add(&b, sm_cut__expression(g->c, g->args.items[i]));
        sm_buf_addc(&b, ';');
    }
    if (g->session)
        sm_buf_add(&b, sm_cut__expression(g->c, g->session));
    out = sm_arena_dup(g->c->a, sm_buf_sv(&b));
    sm_buf_release(&b);
    return out;
}

static void fill_stage(grouping *g, sm_stage *s, cut_use use)
{
    bool timed = g->event >= 0 || g->session_timed;
    const sm_json **calls = SM_NEW_N(g->c->a, const sm_json *, g->calls.n + 1), *rows;

    s->mode = use == CUT_RESULT ? g->c->in->mode : SM_STAGE_APPEND;
    if (g->sets.each && !sm_cut__judge_sets(g->c, &g->sets, g->event, s->mode,
                                            sm_ast_get(g->select, "group_expressions")))
        return;
    if (s->mode == SM_STAGE_UPDATE && g->keys.n == 0 && !g->session)
        s->mode = SM_STAGE_COMPLETE; /* its one row is put in place of the one before */
    for (size_t i = 0; i < g->calls.n; i++)
        calls[i] = call_over_rows(g, g->calls.items[i]);
    if (timed && s->mode != SM_STAGE_COMPLETE)
        s->late_by = s->final_by = SM_SV(CUT_TIME);
    rows = rows_query(g, s->mode != SM_STAGE_COMPLETE && timed);
    s->n_hidden = g->session ? 2 : s->final_by.len > 0;
    s->rows = sm_cut__bind(g->c, g->scope, rows, &s->schema);
    if (sm_cut__over(g->c))
        return;
    bind_values(g, rows, calls);
    set_labels(g, s);
    s->fingerprint = meaning(g);
    set_values(g, s, calls);
    set_out(g, s);
}

static bool can_group(cutter *c, const sm_json *select)
{
    const sm_json *list = list_of(select);

    for (size_t i = 0; i < sm_ast_count(list); i++) {
        if (!sm_sql__find_star(sm_ast_item(list, i)))
            continue;
        sm_cut__refuse(c, "SM0535", sm_ast_item(list, i), "* beside GROUP BY over a stream");
        sm_cut__hint(c, "Name the columns.");
        return false;
    }
    return true;
}

cut_part sm_cut__group(cutter *c, const cut_scope *scope, const sm_json *select,
                       const cut_part *from, cut_use use)
{
    grouping g = {
        .c = c, .scope = scope, .select = select, .from = from, .event = -1, .set_key = SIZE_MAX
    };
    const sm_json *groups = sm_ast_get(select, "group_expressions"), **keys;
    bool grouped = sm_ast_count(groups) > 0;
    cut_part out = { .flow = from->flow };
    sm_stage *s;

    if (!can_group(c, select))
        return out;
    sm_cut__bind(c, scope, sm_cut__typed(c, from, sm_cut__with_from(c, select, NULL, true)),
                 &g.names);
    if (sm_cut__over(c))
        return out;
    find_keys(&g);
    find_calls(&g, list_of(select));
    find_calls(&g, sm_ast_get(select, "having"));
    find_calls(&g, sm_ast_get(select, "modifiers"));
    if (sm_cut__over(c))
        return out;
    s = sm_cut__stage(c, g.session ? SM_STAGE_SESSION : SM_STAGE_AGGREGATE, &from->flow);
    fill_stage(&g, s, use);
    if (sm_cut__over(c))
        return out;
    sm_cut__judge_grouping(c, s, &from->flow, use, grouped ? groups : list_of(select),
                           grouped ? "GROUP BY" : "an aggregate", "SM0501");
    sm_cut__add_relation(c, s->relation, &s->out);
    out.flow.tags = (cut_tags){ 0 };
    out.flow.grouped = true;
    out.flow.stage = c->n - 1;
    keys = SM_NEW_N(c->a, const sm_json *, g.keys.n + 1);
    for (size_t i = 0; i < g.keys.n; i++)
        keys[i] = key_out(&g, i);
    c->result_keys = keys;
    out.node = left_over(&g, s, &out.flow);
    return out;
}
