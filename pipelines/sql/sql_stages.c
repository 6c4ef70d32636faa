/* SPDX-License-Identifier: Apache-2.0 */
/* sql_stages.c -- what a query over a stream may not do.
 *
 * The tree is judged bottom up.  A relation is streaming when any leaf below it is; SQL
 * without memory over a stream stays SQL; each construct that would have to remember rows,
 * or to take back what it gave, is told here, at its place, with what to write instead:
 *
 *     over a streaming relation                        answer
 *     ----------------------------------------------   -----------------------------------
 *     projection, filter, UNNEST, static subquery,     stays SQL
 *     UNION ALL of streams, join with the stream on
 *     the preserved side
 *     GROUP BY, aggregates, DISTINCT, UNION,           sql_cut.h takes it apart
 *     stream-stream join, LIMIT
 *     OVER, ORDER BY, OFFSET, SAMPLE, INTERSECT,       SM0507 … SM0517: has no answer that
 *     EXCEPT, UNION ALL with a static table, static    stays true when more rows come
 *     side preserved, stream in a subquery, recursion
 *
 * ORDER BY is told by whoever knows the output mode: over an aggregate in complete mode it has
 * an answer.
 */
#include "pipelines/sql/sql_int.h"

#define HINT_VIEW                                                                                  \
    "Make it a `type: materialized_view` that reads the table by its plain name: it is computed "  \
    "again when its input changed."

typedef struct judge {
    const sm_sql_query *q;
    const bool *streaming;
    bool ordered;    /* ORDER BY of the query itself has an answer */
    sm_arena *arena; /* for scopes */
    sm_diags *d;
    size_t faults;
} judge;

static bool judge_query(judge *j, const sm_sql_scope *scope, const sm_json *node);
static void judge_subqueries(judge *j, const sm_sql_scope *scope, const sm_json *value);

/* ---- saying it ----------------------------------------------------------------- */

/* The place of the nearest `word` before `offset`, else `offset` itself. */
static size_t keyword_before(const judge *j, size_t offset, const char *word)
{
    const sm_sql_tokens *t = &j->q->tree->prepared_tokens;

    if (offset == SM_SQL_NOWHERE)
        return offset;
    for (size_t i = sm_sql__token_at(t, offset); i-- > 0 && i < t->n;) {
        if (sm_sql__token_is(t, i, word))
            return t->items[i].at;
    }
    return offset;
}

static size_t keyword_after(const judge *j, size_t offset, const char *word)
{
    const sm_sql_tokens *t = &j->q->tree->prepared_tokens;

    if (offset == SM_SQL_NOWHERE)
        return offset;
    for (size_t i = sm_sql__token_at(t, offset); i < t->n; i++) {
        if (sm_sql__token_is(t, i, word))
            return t->items[i].at;
    }
    return offset;
}

static void refuse(judge *j, const char *code, size_t offset, const char *what, const char *hint)
{
    sm_diag_add(j->d, code, sm_sql__span(j->q->text, j->q->tree, offset), "%.*s: %s",
                SM_SV_ARG(j->q->owner), what);
    sm_diag_hint(j->d, "%s", hint);
    j->faults++;
}

/* ---- FROM ---------------------------------------------------------------------- */

static bool judge_leaf(const judge *j, const sm_sql_scope *scope, const sm_json *node)
{
    size_t place = sm_ast_place(node);
    const sm_sql_scope *cte = NULL;

    if (sm_ast_is(node, "type", "BASE_TABLE") && sm_ast_text(node, "schema_name").len == 0)
        cte = sm_sql__scope_find(scope, sm_ast_text(node, "table_name"));
    if (cte)
        return cte->stream;
    for (size_t i = 0; i < j->q->n_refs; i++) {
        if (j->q->tree->ref_places[i] == place)
            return j->streaming[i];
    }
    return false;
}

/* One side is a stream, the other is not. */
static void judge_static_join(judge *j, const sm_json *node, bool left, size_t place)
{
    sm_sv type = sm_ast_text(node, "join_type");
    sm_sv ref = sm_ast_text(node, "ref_type");
    bool preserves_left = sm_sv_eq(type, SM_SV("LEFT")) || sm_sv_eq(type, SM_SV("SEMI")) ||
                          sm_sv_eq(type, SM_SV("ANTI"));
    bool preserves_right = sm_sv_eq(type, SM_SV("RIGHT"));

    if (sm_sv_eq(ref, SM_SV("POSITIONAL"))) {
        refuse(j, "SM0517", place, "a positional join over a stream is not supported",
               "The rows of a batch have no position that stays; join on a key.");
    } else if (sm_sv_eq(ref, SM_SV("ASOF")) && !left) {
        refuse(j, "SM0517", place, "an ASOF join needs the stream on its left side",
               "The nearest row of a stream changes with every batch; swap the sides.");
    } else if (sm_sv_eq(type, SM_SV("OUTER")) || sm_sv_eq(type, SM_SV("FULL"))) {
        refuse(j, "SM0514", place, "a full outer join of a stream and a table has no end",
               "Rows of the table may find their match in a later batch. Use a LEFT JOIN with "
               "the stream on the left.");
    } else if ((preserves_left && !left) || (preserves_right && left)) {
        refuse(j, "SM0514", place,
               "this join keeps the rows of the table, and its other side is a stream",
               "A row of the table may find its match in a later batch. Put the stream on the "
               "side that is kept: stream LEFT JOIN table.");
    }
}

static bool judge_from(judge *j, const sm_sql_scope *scope, const sm_json *node);

static bool judge_join(judge *j, const sm_sql_scope *scope, const sm_json *node)
{
    bool left = judge_from(j, scope, sm_ast_get(node, "left"));
    bool right = judge_from(j, scope, sm_ast_get(node, "right"));
    size_t place = sm_ast_place(node);

    if (place == SM_SQL_NOWHERE)
        place = sm_ast_first_place(sm_ast_get(node, "right"));
    judge_subqueries(j, scope, sm_ast_get(node, "condition"));
    if (left != right)
        judge_static_join(j, node, left, place);
    return left || right;
}

static bool judge_from(judge *j, const sm_sql_scope *scope, const sm_json *node)
{
    sm_sv type = sm_ast_text(node, "type");
    bool stream = false;

    if (sm_sv_eq(type, SM_SV("JOIN"))) {
        stream = judge_join(j, scope, node);
    } else if (sm_sv_eq(type, SM_SV("SUBQUERY"))) {
        stream = judge_query(j, scope, sm_ast_query(sm_ast_get(node, "subquery")));
    } else if (sm_sv_eq(type, SM_SV("PIVOT"))) {
        stream = judge_from(j, scope, sm_ast_get(node, "source"));
        if (stream && sm_ast_count(sm_ast_get(node, "aggregates")) > 0)
            refuse(j, "SM0501", sm_ast_first_place(sm_ast_get(node, "aggregates")),
                   "PIVOT over a stream is not supported", HINT_VIEW);
    } else if (sm_sv_eq(type, SM_SV("BASE_TABLE")) || sm_sv_eq(type, SM_SV("TABLE_FUNCTION"))) {
        stream = judge_leaf(j, scope, node);
    } else {
        judge_subqueries(j, scope, node);
    }
    if (stream && sm_ast_get(node, "sample"))
        refuse(j, "SM0510", keyword_after(j, sm_ast_first_place(node), "tablesample"),
               "a sample of a stream is not supported",
               "Each batch would be sampled alone. Filter by a hash of a key instead, such as "
               "hash(id) % 10 = 0.");
    return stream;
}

/* ---- SELECT -------------------------------------------------------------------- */

const sm_json *sm_sql__find_call(const sm_json *value, bool over)
{
    const sm_json *found = NULL;

    if (sm_ast_is(value, "class", "SUBQUERY"))
        return NULL;
    if (sm_ast_is(value, "class", "WINDOW"))
        return over ? value : NULL;
    if (!over && sm_ast_is(value, "class", "FUNCTION") &&
        sm_sql__function(sm_ast_text(value, "function_name")) == SM_FUNCTION_AGGREGATE)
        return value;
    for (sm_json_iter it = sm_json_first(value); sm_json_valid(&it) && !found; sm_json_next(&it))
        found = sm_sql__find_call(it.value, over);
    for (size_t i = 0; sm_json_is_array(value) && i < sm_ast_count(value) && !found; i++)
        found = sm_sql__find_call(sm_ast_item(value, i), over);
    return found;
}

bool sm_sql__find_star(const sm_json *value)
{
    bool found = sm_ast_is(value, "class", "STAR");

    for (sm_json_iter it = sm_json_first(value); sm_json_valid(&it) && !found; sm_json_next(&it))
        found = sm_sql__find_star(it.value);
    for (size_t i = 0; i < sm_ast_count(value) && !found; i++)
        found = sm_sql__find_star(sm_ast_item(value, i));
    return found;
}

static const char *const later[] = { "select_list", "having", "qualify", "modifiers" };

static const sm_json *find_in_select(const sm_json *node, bool over)
{
    const sm_json *found = NULL;

    for (size_t i = 0; i < sizeof later / sizeof *later && !found; i++)
        found = sm_sql__find_call(sm_ast_get(node, later[i]), over);
    return found;
}

/* The FROM clauses of subqueries, from the innermost to the outermost. */
typedef struct from_chain {
    const struct from_chain *outer;
    const sm_json *from;
} from_chain;

/* Is a relation of this FROM called so? */
static bool from_names(const sm_json *from, sm_sv name)
{
    sm_sv alias = sm_ast_text(from, "alias");

    if (sm_ast_is(from, "type", "JOIN"))
        return from_names(sm_ast_get(from, "left"), name) ||
               from_names(sm_ast_get(from, "right"), name);
    if (alias.len == 0)
        alias = sm_ast_text(from, "table_name");
    if (alias.len == 0) { /* STREAM(x), STREAM(s.x) */
        const sm_json *args = sm_ast_get(sm_ast_get(from, "function"), "children");
        const sm_json *names = sm_ast_get(sm_ast_item(args, 0), "column_names");

        alias = sm_json_sv(sm_ast_item(names, sm_ast_count(names) - 1));
    }
    return sm_sql_same_name(alias, name);
}

/* Does `value` name a column of `from`, as far as names tell: a qualified one, or any where
 * the subqueries around it have no FROM? */
static bool names_column(const sm_json *from, const from_chain *inner, const sm_json *value)
{
    const sm_json *names = sm_ast_get(value, "column_names");
    sm_sv first = sm_json_sv(sm_ast_item(names, 0));
    bool qualified = sm_ast_count(names) > 1, found = false;

    if (sm_ast_is(value, "class", "COLUMN_REF")) {
        for (; inner; inner = inner->outer) {
            if (qualified ? from_names(inner->from, first)
                          : !sm_ast_is(inner->from, "type", "EMPTY"))
                return false;
        }
        return !qualified || from_names(from, first);
    }
    for (sm_json_iter it = sm_json_first(value); sm_json_valid(&it) && !found; sm_json_next(&it))
        found = names_column(from, inner, it.value);
    for (size_t i = 0; i < sm_ast_count(value) && !found; i++)
        found = names_column(from, inner, sm_ast_item(value, i));
    return found;
}

/* An aggregate that stands in a subquery and is one of the SELECT over `from` all the same:
 * SELECT (SELECT max(x.a)) FROM x has one row. */
static const sm_json *find_outer_aggregate(const sm_json *from, const from_chain *inner,
                                           const sm_json *value)
{
    from_chain chain = { inner, sm_ast_get(value, "from_table") };
    const sm_json *found = NULL;

    if (inner && sm_ast_is(value, "class", "FUNCTION") &&
        sm_sql__function(sm_ast_text(value, "function_name")) == SM_FUNCTION_AGGREGATE &&
        names_column(from, inner, sm_ast_get(value, "children")))
        return value;
    if (sm_ast_is(value, "type", "SELECT_NODE"))
        inner = &chain;
    for (sm_json_iter it = sm_json_first(value); sm_json_valid(&it) && !found; sm_json_next(&it))
        found = find_outer_aggregate(from, inner, it.value);
    for (size_t i = 0; i < sm_ast_count(value) && !found; i++)
        found = find_outer_aggregate(from, inner, sm_ast_item(value, i));
    return found;
}

static void judge_modifier(judge *j, const sm_json *modifier)
{
    sm_sv type = sm_ast_text(modifier, "type");
    size_t place = sm_ast_first_place(modifier);

    if (sm_sv_eq(type, SM_SV("DISTINCT_MODIFIER")))
        return;
    if (sm_sv_eq(type, SM_SV("ORDER_MODIFIER"))) {
        if (j->ordered)
            return;
        refuse(j, "SM0508", keyword_before(j, place, "order"),
               "ORDER BY over a stream is not supported",
               "A table keeps no order, and rows of later batches belong between those already "
               "written. Sort where the table is read.");
    } else if (sm_ast_get(modifier, "offset") || sm_sv_eq(type, SM_SV("LIMIT_PERCENT_MODIFIER"))) {
        refuse(j, "SM0509",
               keyword_before(j, place, sm_ast_get(modifier, "offset") ? "offset" : "limit"),
               "OFFSET and LIMIT in percent over a stream are not supported",
               "Both need all rows, and a stream has no last one.");
    }
}

/* `node` has the modifiers of a streaming SELECT or set operation. */
static void judge_modifiers(judge *j, const sm_json *node)
{
    const sm_json *modifiers = sm_ast_get(node, "modifiers");

    for (size_t i = 0; i < sm_ast_count(modifiers); i++)
        judge_modifier(j, sm_ast_item(modifiers, i));
}

/* What only looks like the aggregate of a subquery. */
static void judge_outer_aggregates(judge *j, const sm_json *node)
{
    const sm_json *aggregate = NULL;

    for (size_t i = 0; i < sizeof later / sizeof *later && !aggregate; i++)
        aggregate =
            find_outer_aggregate(sm_ast_get(node, "from_table"), NULL, sm_ast_get(node, later[i]));
    if (aggregate)
        refuse(j, "SM0501", sm_ast_first_place(aggregate),
               "an aggregate over a stream that stands in a subquery is not supported",
               "Write it beside the subquery.");
}

static void judge_streaming_select(judge *j, const sm_json *node)
{
    const sm_json *over = find_in_select(node, true);

    judge_outer_aggregates(j, node);
    if (over)
        refuse(j, "SM0507", sm_ast_first_place(over), "OVER over a stream is not supported",
               "A window of rows changes when later rows come. " HINT_VIEW);
    if (sm_ast_get(node, "sample"))
        refuse(j, "SM0510", keyword_after(j, sm_ast_first_place(node), "sample"),
               "a sample of a stream is not supported",
               "Each batch would be sampled alone. Filter by a hash of a key instead, such as "
               "hash(id) % 10 = 0.");
    judge_modifiers(j, node);
}

/* ---- queries ------------------------------------------------------------------- */

static void judge_set_operation(judge *j, const sm_json *node, bool left, bool right)
{
    sm_sv type = sm_ast_text(node, "setop_type");
    size_t place = sm_ast_first_place(sm_ast_get(node, "right"));

    if (sm_sv_eq(type, SM_SV("INTERSECT"))) {
        refuse(j, "SM0512", keyword_before(j, place, "intersect"),
               "INTERSECT over a stream is not supported",
               "A row may get its partner in a later batch. Use a SEMI JOIN with the stream on "
               "the left and a table on the right.");
    } else if (sm_sv_eq(type, SM_SV("EXCEPT"))) {
        refuse(j, "SM0513", keyword_before(j, place, "except"),
               "EXCEPT over a stream is not supported",
               "Use an ANTI JOIN with the stream on the left and a table on the right.");
    } else if (left != right) {
        refuse(j, "SM0511", keyword_before(j, place, "union"),
               "UNION of a stream and a table is not supported",
               "The rows of the table would come again with every batch. Give the table a flow "
               "of its own with `once: true` under `flows:`.");
    }
}

static const sm_sql_scope *judge_ctes(judge *j, const sm_sql_scope *scope, const sm_json *node)
{
    const sm_json *map = sm_ast_get(sm_ast_get(node, "cte_map"), "map");

    for (size_t i = 0; i < sm_ast_count(map); i++) {
        const sm_json *entry = sm_ast_item(map, i);
        sm_sql_scope *cte = SM_NEW(j->arena, sm_sql_scope);
        const sm_json *query = sm_ast_query(sm_ast_get(sm_ast_get(entry, "value"), "query"));

        *cte = (sm_sql_scope){ scope, sm_ast_text(entry, "key"), judge_query(j, scope, query) };
        scope = cte;
    }
    return scope;
}

static bool judge_recursive(judge *j, const sm_sql_scope *scope, const sm_json *node)
{
    sm_sql_scope self = { scope, sm_ast_text(node, "cte_name"), false };
    bool left = judge_query(j, scope, sm_ast_get(node, "left"));
    bool right = judge_query(j, &self, sm_ast_get(node, "right"));

    if (left || right)
        refuse(j, "SM0516", sm_ast_first_place(node), "recursion over a stream is not supported",
               "A later row would change what follows from the earlier ones. " HINT_VIEW);
    return left || right;
}

static bool judge_query(judge *j, const sm_sql_scope *scope, const sm_json *node)
{
    bool left, right;

    scope = judge_ctes(j, scope, node);
    if (sm_ast_is(node, "type", "RECURSIVE_CTE_NODE"))
        return judge_recursive(j, scope, node);
    if (sm_ast_is(node, "type", "SET_OPERATION_NODE")) {
        left = judge_query(j, scope, sm_ast_get(node, "left"));
        right = judge_query(j, scope, sm_ast_get(node, "right"));
        if (left || right) {
            judge_set_operation(j, node, left, right);
            judge_modifiers(j, node);
        }
        judge_subqueries(j, scope, sm_ast_get(node, "modifiers"));
        return left || right;
    }
    left = judge_from(j, scope, sm_ast_get(node, "from_table"));
    for (sm_json_iter it = sm_json_first(node); sm_json_valid(&it); sm_json_next(&it)) {
        if (!sm_sv_eq_str(it.key, "from_table") && !sm_sv_eq_str(it.key, "cte_map"))
            judge_subqueries(j, scope, it.value);
    }
    if (left)
        judge_streaming_select(j, node);
    return left;
}

/* Every subquery inside of expressions is static. */
static void judge_subqueries(judge *j, const sm_sql_scope *scope, const sm_json *value)
{
    if (sm_ast_is(value, "class", "SUBQUERY")) {
        const sm_json *query = sm_ast_query(sm_ast_get(value, "subquery"));

        if (judge_query(j, scope, query))
            refuse(j, "SM0515", sm_ast_first_place(value),
                   "a stream inside of a subquery expression is not supported",
                   "Its rows change with every batch. Read the table by its plain name there, or "
                   "write a join.");
        judge_subqueries(j, scope, sm_ast_get(value, "child"));
        return;
    }
    for (sm_json_iter it = sm_json_first(value); sm_json_valid(&it); sm_json_next(&it))
        judge_subqueries(j, scope, it.value);
    for (size_t i = 0; sm_json_is_array(value) && i < sm_ast_count(value); i++)
        judge_subqueries(j, scope, sm_ast_item(value, i));
}

bool sm_sql_judge_stream(const sm_sql_query *q, const bool *streaming, bool ordered, sm_diags *d)
{
    judge j = {
        .q = q, .streaming = streaming, .ordered = ordered, .d = d, .arena = sm_arena_new("judge")
    };

    judge_query(&j, NULL, q->tree->node);
    sm_arena_free(j.arena);
    return j.faults == 0;
}

bool sm_sql_judge_static(const sm_sql_query *q, sm_diags *d)
{
    const struct sm_sql_tree *tree = q->tree;

    for (size_t i = 0; i < tree->n_calls; i++) {
        if (tree->calls[i].kind != SM_CALL_SESSION_WINDOW)
            continue;
        sm_diag_add(d, "SM0506", sm_sql__span(q->text, tree, sm_ast_place(tree->calls[i].node)),
                    "%.*s: session_window() over a table is not supported yet",
                    SM_SV_ARG(q->owner));
        sm_diag_hint(d, "Write the table as a streaming table over STREAM(x).");
        return false;
    }
    return true;
}

static bool may_group(const sm_json *value)
{
    bool found = sm_ast_count(sm_ast_get(sm_ast_get(value, "cte_map"), "map")) > 0 ||
                 sm_ast_count(sm_ast_get(value, "group_expressions")) > 0 ||
                 sm_ast_is(value, "aggregate_handling", "FORCE_AGGREGATES") ||
                 sm_ast_is(value, "type", "DISTINCT_MODIFIER") ||
                 sm_ast_is(value, "type", "LIMIT_MODIFIER") ||
                 (sm_ast_is(value, "type", "SET_OPERATION_NODE") &&
                  !sm_ast_flag(value, "setop_all", true)) ||
                 (sm_ast_is(value, "class", "FUNCTION") &&
                  sm_sql__function(sm_ast_text(value, "function_name")) == SM_FUNCTION_AGGREGATE);

    for (sm_json_iter it = sm_json_first(value); sm_json_valid(&it) && !found; sm_json_next(&it))
        found = may_group(it.value);
    for (size_t i = 0; i < sm_ast_count(value) && !found; i++)
        found = may_group(sm_ast_item(value, i));
    return found;
}

bool sm_sql_may_group(const sm_sql_query *q)
{
    return may_group(q->tree->node);
}

bool sm_sql_is_one_grouping(const sm_sql_query *q)
{
    const sm_json *node = q->tree->node, *from = sm_ast_get(node, "from_table");

    return sm_ast_is(node, "type", "SELECT_NODE") && sm_ast_is(from, "type", "BASE_TABLE") &&
           sm_ast_count(sm_ast_get(sm_ast_get(node, "cte_map"), "map")) == 0 &&
           sm_ast_count(sm_ast_get(node, "modifiers")) == 0 && !sm_ast_get(node, "qualify") &&
           may_group(node);
}
