/* SPDX-License-Identifier: Apache-2.0 */
/* sql_cut.c -- the walk of the cut, bottom up; see sql_cut.h. */
#include "pipelines/sql/sql_cut_int.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- saying it ------------------------------------------------------------------- */

static bool is_word(char ch)
{
    return (ch >= '0' && ch <= '9') || (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') ||
           ch == '_' || (unsigned char)ch >= 0x80;
}

static sm_span span_of(const cutter *c, const sm_json *where)
{
    size_t at = where ? sm_ast_first_place(where) : SM_SQL_NOWHERE, len = 0;
    sm_sv text = c->in->text->text;
    sm_span span;

    if (at >= text.len)
        return c->in->at;
    while (at + len < text.len && is_word(text.ptr[at + len]))
        len++;
    span = sm_sql_text_span(c->in->text, at, len > 0 ? len : 1);
    return span.line > 0 ? span : c->in->at;
}

void sm_cut__refuse(cutter *c, const char *code, const sm_json *where, const char *fmt, ...)
{
    char what[1024];
    va_list args;

    va_start(args, fmt);
    vsnprintf(what, sizeof what, fmt, args);
    va_end(args);
    sm_diag_add(c->d, code, span_of(c, where), "%.*s: %s", SM_SV_ARG(c->in->owner), what);
    if (sm_diag_lookup(sm_sv_cstr(code))->severity == SM_SEVERITY_ERROR)
        c->failed = true;
}

void sm_cut__hint(cutter *c, const char *hint)
{
    sm_diag_hint(c->d, "%s", hint);
}

/* ---- stages ---------------------------------------------------------------------- */

const char *const sm_cut__kind_names[] = {
    [SM_STAGE_WATERMARK] = "watermark", [SM_STAGE_AGGREGATE] = "aggregate",
    [SM_STAGE_SESSION] = "session",     [SM_STAGE_DEDUP] = "dedup",
    [SM_STAGE_JOIN] = "join",           [SM_STAGE_LIMIT] = "limit",
};

sm_stage *sm_cut__stage(cutter *c, sm_stage_kind kind, const cut_flow *flow)
{
    sm_stage *s;

    if (c->n == c->cap) {
        size_t cap = c->cap ? 2 * c->cap : 4;
        sm_stage *grown = SM_NEW_N(c->a, sm_stage, cap);

        if (c->n)
            memcpy(grown, c->stages, c->n * sizeof *grown);
        c->stages = grown;
        c->cap = cap;
    }
    s = &c->stages[c->n];
    *s = (sm_stage){ .kind = kind,
                     .name = sm_arena_printf(c->a, "%s_%zu", sm_cut__kind_names[kind],
                                             ++c->counts[kind]),
                     .relation = sm_arena_printf(c->a, SM_SQL_STAGE "%zu", c->n),
                     .watermarked = flow->watermarked,
                     .lag_us = flow->lag_us,
                     .max_future_us = -1 };
    c->n++;
    return s;
}

void sm_cut__add_relation(cutter *c, sm_sv name, const sm_schema *schema)
{
    sm_schema *kept = SM_NEW(c->a, sm_schema);

    *kept = *schema;
    if (c->n_relations == c->cap_relations) {
        size_t cap = c->cap_relations ? 2 * c->cap_relations : 16;
        sm_sql_relation *grown = SM_NEW_N(c->a, sm_sql_relation, cap);

        if (c->n_relations)
            memcpy(grown, c->relations, c->n_relations * sizeof *grown);
        c->relations = grown;
        c->cap_relations = cap;
    }
    c->relations[c->n_relations++] = (sm_sql_relation){ name, kept };
}

/* ---- texts ----------------------------------------------------------------------- */

/* The CTEs of `scope` that stay, outermost first; an inner one hides those of its name. */
static sm_json *kept_ctes(cutter *c, const cut_scope *scope)
{
    sm_json *map = sm_json_object(c->a), *list = sm_json_array(c->a);
    const cut_scope *chain[SM_SQL_MAX_DEPTH];
    size_t n = 0;

    for (const cut_scope *s = scope; s && n < SM_SQL_MAX_DEPTH; s = s->outer) {
        bool hidden = s->entry == NULL;

        for (size_t i = 0; i < n && !hidden; i++)
            hidden = sm_sql_same_name(chain[i]->name, s->name);
        if (!hidden)
            chain[n++] = s;
    }
    while (n-- > 0)
        sm_json_append(list, chain[n]->entry);
    sm_json_set(map, "map", list);
    return map;
}

static const sm_json *with_ctes(cutter *c, const cut_scope *scope, const sm_json *query)
{
    sm_json *copy = sm_json_object(c->a);

    for (sm_json_iter it = sm_json_first(query); sm_json_valid(&it); sm_json_next(&it))
        sm_json_set_sv(copy, it.key, it.value);
    if (scope)
        sm_json_set(copy, "cte_map", kept_ctes(c, scope));
    return copy;
}

static sm_sv print_tree(cutter *c, const sm_json *query)
{
    sm_sv tree, out = SM_SV("");

    if (sm_cut__over(c))
        return out;
    tree = sm_tree_statement(c->a, query);
    c->rc = c->in->engine->print(c->in->engine->ctx, &tree, 1, c->a, &out, c->err);
    return c->rc == SM_OK ? out : SM_SV("");
}

sm_sv sm_cut__text(cutter *c, const cut_scope *scope, const sm_json *query)
{
    return print_tree(c, with_ctes(c, scope, sm_cut__plain(c, query)));
}

sm_sv sm_cut__expression(cutter *c, const sm_json *x)
{
    sm_json *list = sm_json_array(c->a), *nothing = sm_json_object(c->a);
    sm_sv text;

    sm_json_append(list, sm_tree_named(c->a, sm_cut__plain(c, x), SM_SV("")));
    sm_json_set_string(nothing, "type", SM_SV("EMPTY"));
    sm_json_set_string(nothing, "alias", SM_SV(""));
    text = print_tree(c, sm_tree_select(c->a, list, nothing, NULL));
    return text.len > 7 ? sm_sv_sub(text, 7, text.len - 7) : text; /* SELECT */
}

sm_sv sm_cut__bind(cutter *c, const cut_scope *scope, const sm_json *query, sm_schema *out)
{
    sm_sv text = sm_cut__text(c, scope, query);
    sm_sql_error why = { .offset = SM_SQL_NOWHERE };

    if (sm_cut__over(c))
        return text;
    c->rc = c->in->engine->bind(c->in->engine->ctx, text, c->relations, c->n_relations, c->a, out,
                                &why, c->err);
    if (c->rc != SM_E_SQL)
        return text;
    c->rc = SM_OK;
    sm_cut__refuse(c, "SM0535", query, "this query cannot be taken apart into stages: %.*s",
                   SM_SV_ARG(why.message));
    sm_cut__hint(c, "Give each column of the result a name, and put joins and groupings into "
                    "subqueries of their own.");
    return SM_SV("");
}

/* ---- a FROM with a join of streams ------------------------------------------------- */

typedef struct piece_place {
    const sm_json *from, *to;
} piece_place;

static const sm_json *put_piece(void *ctx, const sm_json *part)
{
    const piece_place *p = ctx;

    return part == p->from ? p->to : part;
}

static const sm_json *with_piece(cutter *c, const cut_join *join, const sm_json *to,
                                 const sm_json *value)
{
    piece_place p = { join->node, to };

    return sm_tree_replace(c->a, value, put_piece, &p);
}

const sm_json *sm_cut__typed(cutter *c, const cut_part *from, const sm_json *select)
{
    return from->join ? with_piece(c, from->join, from->join->typed, select) : select;
}

const sm_json *sm_cut__spread(cutter *c, const cut_part *from, const sm_json *select)
{
    const sm_json *all = NULL;

    if (!from->join)
        return select;
    for (size_t i = 0; i < from->join->n_pieces; i++) {
        const sm_json *one = with_piece(c, from->join, from->join->pieces[i], select);

        all = all ? sm_tree_union_all(c->a, all, one) : one;
    }
    return all;
}

sm_sv sm_cut__numbered(cutter *c, const char *prefix, size_t i)
{
    return sm_arena_printf(c->a, "%s%zu", prefix, i);
}

/* ---- FROM -------------------------------------------------------------------------- */

static cut_part cut_from(cutter *c, const cut_scope *scope, const sm_json *node,
                         const sm_json *where);

static sm_sv alias_of(const sm_json *node, sm_sv name)
{
    sm_sv alias = sm_ast_text(node, "alias");

    return alias.len > 0 ? alias : name;
}

/* The columns of a query in FROM belong to its alias. */
static void take_tags(cutter *c, cut_flow *flow, sm_sv alias)
{
    cut_tags under = { 0 };

    for (size_t i = 0; i < flow->tags.n; i++) {
        cut_tag tag = flow->tags.items[i];

        tag.relation = alias;
        sm_cut__add_tag(c, &under, tag);
    }
    flow->tags = under;
}

static const cut_scope *find_cte(const cut_scope *scope, sm_sv name)
{
    while (scope && !sm_sql_same_name(scope->name, name))
        scope = scope->outer;
    return scope;
}

static bool is_stream(const cutter *c, sm_sv relation)
{
    for (size_t i = 0; i < c->in->n_relations; i++) {
        if (c->in->streaming[i] && sm_sv_eq(c->in->relations[i].name, relation))
            return true;
    }
    return false;
}

/* A name of FROM: a CTE over streams stands there as a subquery. */
static cut_part cut_table(cutter *c, const cut_scope *scope, const sm_json *node)
{
    sm_sv name = sm_ast_text(node, "table_name");
    const cut_scope *cte = find_cte(scope, name);
    cut_part out = { .node = node };
    sm_json *copy;

    if (!cte)
        out.flow.streaming = is_stream(c, name);
    if (!cte || cte->entry)
        return out;
    out = sm_cut__query(c, cte->outer, cte->query, c->use_below);
    if (sm_ast_count(cte->columns) > 0)
        out.flow.tags.n = 0;
    copy = sm_tree_subquery(c->a, out.node, alias_of(node, name));
    sm_json_set(copy, "column_name_alias",
                sm_ast_count(sm_ast_get(node, "column_name_alias")) > 0
                    ? sm_ast_get(node, "column_name_alias")
                    : cte->columns);
    out.node = copy;
    take_tags(c, &out.flow, alias_of(node, name));
    return out;
}

static bool mark_of(const cutter *c, sm_sv alias, size_t *mark)
{
    int64_t number;

    if (!sm_sv_starts(alias, SM_SV(SM_SQL_MARK)) ||
        !sm_sv_to_int64(sm_sv_sub(alias, sizeof SM_SQL_MARK - 1, alias.len), &number) ||
        number < 0 || (size_t)number >= c->in->n_marks)
        return false;
    *mark = (size_t)number;
    return true;
}

/* With column names of its own nobody knows which column is which. */
static cut_part cut_subquery(cutter *c, const cut_scope *scope, const sm_json *node, cut_use use)
{
    sm_sv alias = sm_ast_text(node, "alias");
    cut_part out = sm_cut__query(c, scope, sm_ast_query(sm_ast_get(node, "subquery")), use);
    size_t mark;
    sm_json *copy;

    if (!out.flow.streaming)
        return (cut_part){ .node = node };
    if (mark_of(c, alias, &mark))
        out = sm_cut__mark(c, scope, &out, mark);
    copy = sm_tree_subquery(c->a, out.node, alias);
    if (sm_ast_get(node, "column_name_alias"))
        sm_json_set(copy, "column_name_alias", sm_ast_get(node, "column_name_alias"));
    out.node = copy;
    if (sm_ast_count(sm_ast_get(node, "column_name_alias")) > 0)
        out.flow.tags.n = 0;
    take_tags(c, &out.flow, alias);
    return out;
}

/* A stream beside something that is none: the stream's knowledge goes on. */
static cut_part cut_static_join(cutter *c, const sm_json *node, const cut_part *left,
                                const cut_part *right)
{
    const cut_part *stream = left->flow.streaming ? left : right;
    cut_part out = *stream;
    sm_json *copy = sm_json_object(c->a);

    if (!stream->flow.streaming)
        return (cut_part){ .node = node };
    for (sm_json_iter it = sm_json_first(node); sm_json_valid(&it); sm_json_next(&it))
        sm_json_set_sv(copy, it.key, it.value);
    sm_json_set(copy, "left", left->node);
    sm_json_set(copy, "right", right->node);
    out.node = copy;
    return out;
}

/* Only the condition: the sides are cut already. */
static const sm_json *renamed_join(cutter *c, const sm_json *node)
{
    sm_json *copy;

    if (c->renames.n == 0 || !sm_ast_get(node, "condition"))
        return node;
    copy = sm_json_object(c->a);
    for (sm_json_iter it = sm_json_first(node); sm_json_valid(&it); sm_json_next(&it))
        sm_json_set_sv(copy, it.key, it.value);
    sm_json_set(copy, "condition", sm_cut__renamed(c, sm_ast_get(node, "condition")));
    return copy;
}

static cut_part cut_join_node(cutter *c, const cut_scope *scope, const sm_json *node,
                              const sm_json *where)
{
    cut_part left = cut_from(c, scope, sm_ast_get(node, "left"), where);
    cut_part right = cut_from(c, scope, sm_ast_get(node, "right"), where);
    cut_part out = { 0 };

    if (sm_cut__over(c) || !left.flow.streaming || !right.flow.streaming)
        return cut_static_join(c, renamed_join(c, node), &left, &right);
    sm_cut__wrap(c, scope, &left);
    sm_cut__wrap(c, scope, &right);
    if (!sm_cut__over(c))
        sm_cut__join(c, scope, renamed_join(c, node), &left, &right, sm_cut__renamed(c, where),
                     &out);
    return out;
}

static cut_part cut_from(cutter *c, const cut_scope *scope, const sm_json *node,
                         const sm_json *where)
{
    sm_sv type = sm_ast_text(node, "type");

    if (sm_sv_eq(type, SM_SV("JOIN")))
        return cut_join_node(c, scope, node, where);
    if (sm_sv_eq(type, SM_SV("SUBQUERY")))
        return cut_subquery(c, scope, node, c->use_below);
    if (sm_sv_eq(type, SM_SV("BASE_TABLE")))
        return cut_table(c, scope, node);
    return (cut_part){ .node = node };
}

/* ---- SELECT ------------------------------------------------------------------------ */

static bool is_modifier(const sm_json *modifier, const char *type)
{
    return sm_ast_is(modifier, "type", type);
}

static const sm_json *find_modifier(const sm_json *node, const char *type)
{
    const sm_json *list = sm_ast_get(node, "modifiers");

    for (size_t i = 0; i < sm_ast_count(list); i++) {
        if (is_modifier(sm_ast_item(list, i), type))
            return sm_ast_item(list, i);
    }
    return NULL;
}

sm_json *sm_cut__with_from(cutter *c, const sm_json *node, const sm_json *from, bool bare)
{
    sm_json *copy = sm_json_object(c->a), *none = sm_json_object(c->a);

    for (sm_json_iter it = sm_json_first(node); sm_json_valid(&it); sm_json_next(&it))
        sm_json_set_sv(copy, it.key, it.value);
    if (from)
        sm_json_set(copy, "from_table", from);
    sm_json_set(none, "map", sm_json_array(c->a));
    sm_json_set(copy, "cte_map", none);
    if (bare)
        sm_json_set(copy, "modifiers", sm_json_array(c->a));
    return copy;
}

/* The modifiers of a query whose rows are a stream, in the order in which they work. */
static cut_part cut_modifiers(cutter *c, const cut_scope *scope, const sm_json *node,
                              cut_part query, cut_use use)
{
    const sm_json *distinct = find_modifier(node, "DISTINCT_MODIFIER");
    const sm_json *limit = find_modifier(node, "LIMIT_MODIFIER");
    const sm_json *order = find_modifier(node, "ORDER_MODIFIER");
    bool complete = use == CUT_RESULT && c->in->mode == SM_STAGE_COMPLETE;
    const sm_json *count = sm_ast_get(sm_ast_get(limit, "limit"), "value");
    sm_json *kept;

    if (distinct && sm_ast_count(sm_ast_get(distinct, "distinct_on_targets")) > 0) {
        sm_cut__refuse(c, "SM0502", node, "DISTINCT ON over a stream is not supported");
        sm_cut__hint(c, "Use `deduplicate: {keys: […]}`, which keeps the first row of each key.");
        return query;
    }
    if (distinct)
        query = sm_cut__distinct(c, scope, &query, use, node, "DISTINCT", "SM0502");
    if (complete && sm_cut__is_grouping(node) && !distinct)
        return query; /* they went with it */
    if (complete && (order || limit) && !sm_cut__over(c)) {
        kept = sm_cut__with_from(c, query.node, NULL, false);
        sm_json_set(kept, "modifiers", sm_ast_get(node, "modifiers"));
        query.node = kept;
        return query;
    }
    if (order && !sm_cut__over(c)) {
        sm_cut__refuse(c, "SM0508", sm_ast_get(order, "orders"),
                       "ORDER BY below an aggregate over a stream is not supported");
        sm_cut__hint(c, "Each batch would be sorted alone. Sort the result.");
    }
    if (!limit || sm_cut__over(c))
        return query;
    if (c->in->mode == SM_STAGE_UPDATE) {
        sm_cut__refuse(c, "SM0505", sm_ast_get(limit, "limit"),
                       "LIMIT over a stream in output mode update");
        sm_cut__hint(c, "Which rows it takes would change with every batch; use `output_mode: "
                        "complete` over an aggregate, or a materialized view.");
    } else if (!sm_json_is_int(sm_ast_get(count, "value"))) {
        sm_cut__refuse(c, "SM0505", sm_ast_get(limit, "limit"),
                       "LIMIT over a stream is one number");
    } else {
        query = sm_cut__limit(c, scope, &query, sm_json_get_int(count, "value", 0));
    }
    return query;
}

/* A SELECT without an aggregate. */
static cut_part cut_plain_select(cutter *c, const sm_json *node, const cut_part *from)
{
    cut_part out = { .flow = from->flow };
    cut_tags *below = SM_NEW(c->a, cut_tags);

    *below = from->flow.tags;
    out.below = from->join ? NULL : below;
    out.flow.tags = (cut_tags){ 0 };
    sm_cut__list_tags(c, &from->flow.tags, sm_ast_get(node, "select_list"), &out.flow.tags);
    out.node = sm_cut__spread(c, from, sm_cut__with_from(c, node, from->node, true));
    return out;
}

/* What stands below a query that remembers gives it only what is final. */
static cut_use use_of_below(const sm_json *node, cut_use use)
{
    bool remembers = sm_cut__is_grouping(node) || find_modifier(node, "DISTINCT_MODIFIER") ||
                     find_modifier(node, "LIMIT_MODIFIER") || !sm_ast_flag(node, "setop_all", true);

    return remembers ? CUT_INNER : use;
}

static cut_part cut_select(cutter *c, const cut_scope *scope, const sm_json *node, cut_use use)
{
    cut_use outer = c->use_below;
    cut_renames above = c->renames;
    cut_reads reads = c->reads;
    cut_left_list left_out = c->left_out;
    cut_part from, out;

    c->use_below = use_of_below(node, use);
    c->renames = (cut_renames){ 0 };
    c->left_out = (cut_left_list){ 0 };
    if (sm_ast_is(sm_ast_get(node, "from_table"), "type", "JOIN"))
        sm_cut__find_reads(c, scope, node, &c->reads);
    from = cut_from(c, scope, sm_ast_get(node, "from_table"), sm_ast_get(node, "where_clause"));
    c->use_below = outer;
    c->reads = reads;
    c->left_out = left_out;
    if (from.flow.streaming && !sm_cut__over(c))
        node = sm_cut__renamed_select(c, node);
    c->renames = above;
    if (!from.flow.streaming || sm_cut__over(c))
        return (cut_part){ .node = node };
    if (sm_cut__is_grouping(node))
        out = sm_cut__group(c, scope, sm_cut__with_from(c, node, from.node, false), &from,
                            find_modifier(node, "DISTINCT_MODIFIER") ? CUT_INNER : use);
    else
        out = cut_plain_select(c, node, &from);
    return sm_cut__over(c) ? out : cut_modifiers(c, scope, node, out, use);
}

/* ---- queries ----------------------------------------------------------------------- */

bool sm_cut__reads_stream(const cutter *c, const cut_scope *scope, const sm_json *value)
{
    const cut_scope *cte;
    bool found = false;

    if (sm_ast_is(value, "type", "BASE_TABLE")) {
        cte = find_cte(scope, sm_ast_text(value, "table_name"));
        return cte ? cte->query != NULL : is_stream(c, sm_ast_text(value, "table_name"));
    }
    for (sm_json_iter it = sm_json_first(value); sm_json_valid(&it) && !found; sm_json_next(&it))
        found = sm_cut__reads_stream(c, scope, it.value);
    for (size_t i = 0; i < sm_ast_count(value) && !found; i++)
        found = sm_cut__reads_stream(c, scope, sm_ast_item(value, i));
    return found;
}

static const cut_scope *cut_ctes(cutter *c, const cut_scope *scope, const sm_json *node)
{
    const sm_json *map = sm_ast_get(sm_ast_get(node, "cte_map"), "map");

    for (size_t i = 0; i < sm_ast_count(map); i++) {
        const sm_json *entry = sm_ast_item(map, i), *value = sm_ast_get(entry, "value");
        const sm_json *query = sm_ast_query(sm_ast_get(value, "query"));
        cut_scope *cte = SM_NEW(c->a, cut_scope);

        *cte = (cut_scope){ .outer = scope, .name = sm_ast_text(entry, "key") };
        cte->columns = sm_ast_get(value, "aliases");
        if (!cte->columns)
            cte->columns = sm_json_array(c->a);
        if (sm_cut__reads_stream(c, scope, query))
            cte->query = query;
        else
            cte->entry = entry;
        scope = cte;
    }
    return scope;
}

/* What a column of a UNION carries: event time when both sides do; a session stays one. */
static cut_time time_of_both(cut_time x, cut_time y, bool watermarked)
{
    bool sessions =
        (x == CUT_SESSION || x == CUT_OWN_SESSION) && (y == CUT_SESSION || y == CUT_OWN_SESSION);

    if (x == y && watermarked)
        return x;
    return sessions ? CUT_OWN_SESSION : CUT_NO_TIME;
}

/* What the other side of a UNION has in the place of `tag`; NULL: nothing worth knowing. */
static const cut_tag *same_place(const cut_tag *tag, const sm_schema *own, const cut_tags *tags,
                                 const sm_schema *other)
{
    ptrdiff_t at = sm_schema_find(own, tag->name);

    for (size_t i = 0; at >= 0 && (size_t)at < other->n && i < tags->n; i++) {
        if (sm_sql_same_name(tags->items[i].name, other->columns[at].name))
            return &tags->items[i];
    }
    return NULL;
}

/* The tags that both sides of a UNION have, by their places in the first one: names decide. */
static cut_flow union_flow(cutter *c, const cut_flow *x, const sm_schema *xs, const cut_flow *y,
                           const sm_schema *ys)
{
    cut_flow out = *x;

    out.tags = (cut_tags){ 0 };
    out.watermarked = x->watermarked && y->watermarked;
    out.lag_us = x->lag_us > y->lag_us ? x->lag_us : y->lag_us;
    out.grouped = false;
    out.timed_join |= y->timed_join;
    for (size_t i = 0; i < x->tags.n; i++) {
        const cut_tag *other = same_place(&x->tags.items[i], xs, &y->tags, ys);
        cut_tag tag = x->tags.items[i];

        tag.key = -1;
        tag.time = other ? time_of_both(tag.time, other->time, out.watermarked) : CUT_NO_TIME;
        tag.loose |= other && other->loose;
        if (tag.time != CUT_NO_TIME)
            sm_cut__add_tag(c, &out.tags, tag);
    }
    return out;
}

static cut_part cut_union(cutter *c, const cut_scope *scope, const sm_json *node, cut_use use)
{
    bool all = sm_ast_flag(node, "setop_all", true);
    cut_use below = all && c->in->mode == SM_STAGE_APPEND ? use : CUT_INNER;
    cut_part left = sm_cut__query(c, scope, sm_ast_get(node, "left"), below);
    cut_part right = sm_cut__query(c, scope, sm_ast_get(node, "right"), below);
    cut_part out = { .node = node };
    sm_schema ls = { 0 }, rs = { 0 };
    sm_json *copy;

    if (sm_cut__over(c) || !left.flow.streaming || !right.flow.streaming)
        return out;
    copy = sm_cut__with_from(c, node, NULL, true);
    sm_json_set(copy, "left", left.node);
    sm_json_set(copy, "right", right.node);
    sm_json_set_bool(copy, "setop_all", true);
    out.node = copy;
    sm_cut__bind(c, scope, left.node, &ls);
    sm_cut__bind(c, scope, right.node, &rs);
    if (sm_cut__over(c))
        return out;
    out.flow = union_flow(c, &left.flow, &ls, &right.flow, &rs);
    if (!all)
        out = sm_cut__distinct(c, scope, &out, use, sm_ast_get(node, "right"), "UNION", "SM0503");
    return sm_cut__over(c) ? out : cut_modifiers(c, scope, node, out, use);
}

cut_part sm_cut__query(cutter *c, const cut_scope *scope, const sm_json *node, cut_use use)
{
    cut_part out = { .node = node };

    if (sm_cut__over(c))
        return out;
    scope = cut_ctes(c, scope, node);
    if (sm_ast_is(node, "type", "SELECT_NODE"))
        out = cut_select(c, scope, node, use);
    else if (sm_ast_is(node, "type", "SET_OPERATION_NODE"))
        out = cut_union(c, scope, node, use);
    if (out.flow.streaming && scope)
        out.node = with_ctes(c, scope, out.node);
    return out;
}

/* ---- the whole ---------------------------------------------------------------------- */

static const sm_json *read_tree(cutter *c, sm_arena *a)
{
    sm_sv answer = SM_SV("");
    sm_json *tree = NULL;

    c->rc = c->in->engine->parse_whole(c->in->engine->ctx, c->in->text->text, a, &answer, c->err);
    if (c->rc == SM_OK)
        c->rc = sm_json_parse(answer, a, &tree, c->err);
    if (c->rc != SM_OK)
        return NULL;
    return sm_ast_query(sm_json_at(sm_json_get(tree, "statements"), 0));
}

sm_code sm_sql_cut(const sm_cut_input *in, sm_arena *a, sm_diags *d, sm_cut *out, bool *ok,
                   sm_error *err)
{
    cutter c = { .in = in, .a = a, .d = d, .rc = SM_OK, .err = err };
    const sm_json *tree;
    cut_part result = { 0 };

    for (size_t i = 0; i < in->n_relations; i++)
        sm_cut__add_relation(&c, in->relations[i].name, in->relations[i].schema);
    tree = read_tree(&c, a);
    if (tree)
        result = sm_cut__query(&c, NULL, tree, CUT_RESULT);
    if (in->deduplicate && !sm_cut__over(&c))
        result = sm_cut__deduplicate(&c, NULL, &result, in->deduplicate);
    if (!sm_cut__over(&c))
        sm_cut__finish(&c, &result, out);
    *ok = !c.failed;
    return c.rc;
}
