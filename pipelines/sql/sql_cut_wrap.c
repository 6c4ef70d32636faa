/* SPDX-License-Identifier: Apache-2.0 */
/* sql_cut_wrap.c -- a side of a join of streams that is itself a join becomes one relation.
 *
 *     a JOIN b ON … JOIN c ON a.k = c.k       SELECT a.k, b.k
 *     (SELECT a.k, b.k AS "b.k", … FROM a JOIN b ON …) AS _smelt_j_0 JOIN c ON _smelt_j_0.k = c.k
 *                                             SELECT _smelt_j_0.k, _smelt_j_0."b.k" AS k
 *
 * The first relation that has a name keeps it; the same name of a later one gets that of its
 * relation before it.  So what a column is called here depends on which others there are: what is
 * remembered of it goes by sm_cut__origin(), "b.k". */
#include "pipelines/sql/sql_cut_int.h"

#include <string.h>

#include "runtime/base/sqltext.h"

typedef struct leaf_list {
    cutter *c;
    const cut_scope *scope;
    cut_renames *renames;
    const cut_tags *tags; /* of the side */
    sm_sv alias;          /* of the new relation */
    sm_json *list;
    sm_sv *names; /* that it has so far */
    size_t n, cap;
} leaf_list;

static bool has_name(const leaf_list *l, sm_sv name)
{
    for (size_t i = 0; i < l->n; i++) {
        if (sm_sql_same_name(l->names[i], name))
            return true;
    }
    return false;
}

static void add_name(leaf_list *l, sm_sv name)
{
    if (l->n == l->cap) {
        size_t cap = l->cap ? 2 * l->cap : 16;
        sm_sv *grown = SM_NEW_N(l->c->a, sm_sv, cap);

        if (l->n)
            memcpy(grown, l->names, l->n * sizeof *grown);
        l->names = grown;
        l->cap = cap;
    }
    l->names[l->n++] = name;
}

static bool is_at(const cut_rename *r, sm_sv relation, sm_sv column)
{
    return sm_sql_same_name(r->to, relation) && sm_sql_same_name(r->name, column);
}

/* What came to be relation.column goes on to be `name`. */
static void move_renames(leaf_list *l, sm_sv relation, sm_sv column, sm_sv name)
{
    for (size_t i = 0; i < l->renames->n; i++) {
        cut_rename *r = &l->renames->items[i];

        if (!is_at(r, relation, column))
            continue;
        r->to = l->alias;
        r->name = name;
    }
}

static void add_rename(leaf_list *l, sm_sv relation, sm_sv column, sm_sv name)
{
    cut_renames *r = l->renames;

    move_renames(l, relation, column, name);
    if (r->n == r->cap) {
        size_t cap = r->cap ? 2 * r->cap : 16;
        cut_rename *grown = SM_NEW_N(l->c->a, cut_rename, cap);

        if (r->n)
            memcpy(grown, r->items, r->n * sizeof *grown);
        r->items = grown;
        r->cap = cap;
    }
    r->items[r->n++] = (cut_rename){ relation, column, l->alias, name };
}

static bool has_tag(const leaf_list *l, sm_sv relation, sm_sv column)
{
    for (size_t i = 0; i < l->tags->n; i++) {
        if (sm_sql_same_name(l->tags->items[i].relation, relation) &&
            sm_sql_same_name(l->tags->items[i].name, column))
            return true;
    }
    return false;
}

/* The columns of one relation that are read, or tell when its rows are late; `merged` are those
 * that USING makes one with an earlier one's. */
static void add_leaf(leaf_list *l, const sm_json *node, const sm_json *merged)
{
    sm_arena *a = l->c->a;
    sm_sv relation = sm_ast_text(node, "alias");
    sm_json *star = sm_json_array(a);
    sm_schema schema = { 0 };

    if (relation.len == 0)
        relation = sm_ast_text(node, "table_name");
    sm_json_append(star, sm_tree_star(a));
    sm_cut__bind(l->c, l->scope, sm_tree_select(a, star, node, NULL), &schema);
    for (size_t i = 0; i < schema.n; i++) {
        sm_sv column = schema.columns[i].name, name = column;
        bool known = has_name(l, column), one = false;
        bool read = sm_cut__is_read(&l->c->reads, relation, column);

        if (!read && !has_tag(l, relation, column)) {
            sm_cut__leave_out(l->c, relation, column);
            continue;
        }
        for (size_t k = 0; k < sm_ast_count(merged); k++)
            one |= sm_sql_same_name(sm_json_sv(sm_ast_item(merged, k)), column);
        if (known && !one)
            name = sm_arena_printf(a, "%.*s.%.*s", SM_SV_ARG(relation), SM_SV_ARG(column));
        add_rename(l, relation, column, name);
        if (known && one)
            continue;
        if (read)
            sm_cut__add_name(l->c, &l->c->reads.names, name);
        add_name(l, name);
        sm_json_append(l->list, sm_tree_named(a, sm_tree_column(a, relation, column), name));
    }
    for (size_t i = 0; i < l->c->left_out.n; i++) {
        if (sm_sql_same_name(l->c->left_out.items[i].relation, relation))
            l->c->left_out.items[i].relation = l->alias;
    }
}

static void refuse_part(cutter *c, const sm_json *node)
{
    sm_cut__refuse(c, "SM0535", node,
                   "one side of a join of two streams is made of several relations");
    sm_cut__hint(c,
                 "Put that side into a subquery with a name: FROM (SELECT … FROM a JOIN b …) AS ab "
                 "JOIN c ….");
}

static void add_leaves(leaf_list *l, const sm_json *node, const sm_json *merged)
{
    sm_sv type = sm_ast_text(node, "join_type");
    bool half = sm_sv_eq_str(type, "SEMI") || sm_sv_eq_str(type, "ANTI");
    const sm_json *using = sm_ast_get(node, "using_columns");

    if (sm_cut__over(l->c))
        return;
    if (sm_ast_is(node, "type", "JOIN")) {
        add_leaves(l, sm_ast_get(node, "left"), merged);
        if (sm_ast_count(using) > 0 && !half && !sm_sv_eq_str(type, "INNER"))
            refuse_part(l->c, node);
        else if (!half)
            add_leaves(l, sm_ast_get(node, "right"), using);
    } else if (sm_ast_is(node, "type", "BASE_TABLE") || sm_ast_is(node, "type", "SUBQUERY")) {
        add_leaf(l, node, merged);
    } else {
        refuse_part(l->c, node);
    }
}

static void rename_tags(cutter *c, cut_flow *flow, const cut_renames *renames)
{
    cut_tags tags = { 0 };

    for (size_t i = 0; i < flow->tags.n; i++) {
        cut_tag tag = flow->tags.items[i];

        for (size_t k = 0; k < renames->n; k++) {
            const cut_rename *r = &renames->items[k];

            if (!sm_sql_same_name(r->from, tag.relation) || !sm_sql_same_name(r->column, tag.name))
                continue;
            tag.relation = r->to;
            tag.name = r->name;
            break;
        }
        sm_cut__add_tag(c, &tags, tag);
    }
    flow->tags = tags;
}

void sm_cut__wrap(cutter *c, const cut_scope *scope, cut_part *side)
{
    leaf_list l = { .c = c,
                    .scope = scope,
                    .renames = &c->renames,
                    .tags = &side->flow.tags,
                    .list = sm_json_array(c->a) };
    const sm_json *query;

    if (!sm_ast_is(side->node, "type", "JOIN"))
        return;
    l.alias = sm_arena_printf(c->a, "_smelt_j_%zu", c->n_wraps++);
    add_leaves(&l, side->node, NULL);
    if (sm_cut__over(c))
        return;
    query = sm_cut__spread(c, side, sm_tree_select(c->a, l.list, side->node, NULL));
    rename_tags(c, &side->flow, &c->renames);
    *side = (cut_part){ .node = sm_tree_subquery(c->a, query, l.alias), .flow = side->flow };
}

/* ---- what columns are of --------------------------------------------------------------- */

static void add_part(sm_buf *b, sm_sv name)
{
    if (sm_sv_find_char(name, '.') >= 0)
        sm_sql_ident(b, name);
    else
        sm_buf_add(b, name);
}

static sm_sv dotted(const cutter *c, sm_sv relation, sm_sv column)
{
    sm_buf b;
    sm_sv out;

    sm_buf_init(&b, SM_SQL_MAX_BYTES);
    add_part(&b, relation);
    sm_buf_addc(&b, '.');
    add_part(&b, column);
    out = sm_arena_dup(c->a, sm_buf_sv(&b));
    sm_buf_release(&b);
    return out;
}

static const cut_rename *first_rename(const cutter *c, sm_sv relation, sm_sv column)
{
    for (size_t i = 0; i < c->renames.n; i++) {
        if (is_at(&c->renames.items[i], relation, column))
            return &c->renames.items[i];
    }
    return NULL;
}

sm_sv sm_cut__origin(const cutter *c, sm_sv relation, sm_sv column)
{
    const cut_rename *r = first_rename(c, relation, column);

    return r ? dotted(c, r->from, r->column) : column;
}

void sm_cut__leave_out(cutter *c, sm_sv relation, sm_sv column)
{
    const cut_rename *r = first_rename(c, relation, column);
    cut_left_list *l = &c->left_out;

    if (l->n == l->cap) {
        size_t cap = l->cap ? 2 * l->cap : 16;
        cut_left *grown = SM_NEW_N(c->a, cut_left, cap);

        if (l->n)
            memcpy(grown, l->items, l->n * sizeof *grown);
        l->items = grown;
        l->cap = cap;
    }
    l->items[l->n++] =
        (cut_left){ relation, r ? dotted(c, r->from, r->column) : dotted(c, relation, column) };
}

void sm_cut__add_left_out(cutter *c, sm_sv relation, cut_names *out)
{
    for (size_t i = 0; i < c->left_out.n; i++) {
        if (sm_sql_same_name(c->left_out.items[i].relation, relation))
            sm_cut__add_name(c, out, c->left_out.items[i].origin);
    }
}

/* ---- names in what stands around ------------------------------------------------------ */

static const cut_rename *find_rename(const cut_renames *r, sm_sv relation, sm_sv column)
{
    for (size_t i = 0; i < r->n; i++) {
        if (sm_sql_same_name(r->items[i].from, relation) &&
            sm_sql_same_name(r->items[i].column, column))
            return &r->items[i];
    }
    return NULL;
}

static const sm_json *put_rename(void *ctx, const sm_json *part)
{
    cutter *c = ctx;
    const sm_json *names = sm_ast_get(part, "column_names");
    const cut_rename *r;
    sm_json *list, *copy;

    if (!sm_ast_is(part, "class", "COLUMN_REF") || sm_ast_count(names) < 2)
        return part;
    r = find_rename(&c->renames, sm_json_sv(sm_ast_item(names, 0)),
                    sm_json_sv(sm_ast_item(names, 1)));
    if (!r)
        return part;
    list = sm_json_array(c->a);
    sm_json_append_string(list, r->to);
    sm_json_append_string(list, r->name);
    for (size_t i = 2; i < sm_ast_count(names); i++)
        sm_json_append(list, sm_ast_item(names, i));
    copy = sm_json_copy(c->a, part);
    sm_json_set(copy, "column_names", list);
    return copy;
}

const sm_json *sm_cut__renamed(cutter *c, const sm_json *value)
{
    return value && c->renames.n > 0 ? sm_tree_replace(c->a, value, put_rename, c) : value;
}

/* `a.*` of a relation that is inside of a new one now. */
static bool add_star(cutter *c, const sm_json *item, sm_json *out)
{
    sm_sv relation = sm_ast_text(item, "relation_name");
    bool found = false;

    for (size_t i = 0; relation.len > 0 && i < c->renames.n; i++) {
        const cut_rename *r = &c->renames.items[i];

        if (!sm_sql_same_name(r->from, relation))
            continue;
        if (sm_ast_count(sm_ast_get(item, "exclude_list")) +
                sm_ast_count(sm_ast_get(item, "replace_list")) +
                sm_ast_count(sm_ast_get(item, "rename_list")) >
            0) {
            sm_cut__refuse(c, "SM0535", item,
                           "* with EXCLUDE, REPLACE or RENAME over a join of three streams");
            sm_cut__hint(c, "Name the columns.");
            return true;
        }
        found = true;
        sm_json_append(out, sm_tree_named(c->a, sm_tree_column(c->a, r->to, r->name), r->column));
    }
    return found;
}

/* A column keeps the name that it was written with. */
static const sm_json *renamed_item(cutter *c, const sm_json *item)
{
    const sm_json *now = sm_cut__renamed(c, item), *names = sm_ast_get(item, "column_names");

    if (now == item || sm_ast_text(item, "alias").len > 0 ||
        !sm_ast_is(item, "class", "COLUMN_REF"))
        return now;
    return sm_tree_named(c->a, now, sm_json_sv(sm_ast_item(names, sm_ast_count(names) - 1)));
}

const sm_json *sm_cut__renamed_select(cutter *c, const sm_json *select)
{
    static const char *const parts[] = { "where_clause", "group_expressions", "having", "qualify",
                                         "modifiers" };
    const sm_json *items = sm_ast_get(select, "select_list");
    sm_json *copy, *list = sm_json_array(c->a);

    if (c->renames.n == 0)
        return select;
    copy = sm_cut__with_from(c, select, NULL, false);
    for (size_t i = 0; i < sm_ast_count(items); i++) {
        if (!add_star(c, sm_ast_item(items, i), list))
            sm_json_append(list, renamed_item(c, sm_ast_item(items, i)));
    }
    sm_json_set(copy, "select_list", list);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (sm_ast_get(select, parts[i]))
            sm_json_set(copy, parts[i], sm_cut__renamed(c, sm_ast_get(select, parts[i])));
    }
    return copy;
}
