/* SPDX-License-Identifier: Apache-2.0 */
/* sql_cut_time.c -- event time, followed column by column; marks of the text, and what they stand
 * for in plain SQL. */
#include <string.h>

#include "pipelines/sql/sql_compile.h"
#include "pipelines/sql/sql_cut_int.h"

void sm_cut__add_tag(cutter *c, cut_tags *tags, cut_tag tag)
{
    if (tags->n == tags->cap) {
        size_t cap = tags->cap ? 2 * tags->cap : 4;
        cut_tag *grown = SM_NEW_N(c->a, cut_tag, cap);

        if (tags->n)
            memcpy(grown, tags->items, tags->n * sizeof *grown);
        tags->items = grown;
        tags->cap = cap;
    }
    tags->items[tags->n++] = tag;
}

bool sm_cut__is_call(const sm_json *x, const char *function)
{
    return sm_ast_is(x, "class", "FUNCTION") && sm_ast_is(x, "function_name", function);
}

static const sm_json *argument(const sm_json *call, size_t i)
{
    return sm_ast_item(sm_ast_get(call, "children"), i);
}

/* ---- lineage --------------------------------------------------------------------- */

/* The tag that the first names of a column reference mean; *used is how many names. */
static const cut_tag *find_tag(const cut_tags *from, const sm_json *names, size_t *used)
{
    sm_sv first = sm_json_sv(sm_ast_item(names, 0)), second = sm_json_sv(sm_ast_item(names, 1));

    for (size_t i = 0; i < from->n; i++) {
        const cut_tag *t = &from->items[i];

        *used = 2;
        if (sm_ast_count(names) > 1 && t->relation.len > 0 &&
            sm_sql_same_name(t->relation, first) && sm_sql_same_name(t->name, second))
            return t;
        *used = 1;
        if (sm_sql_same_name(t->name, first))
            return t;
    }
    return NULL;
}

const cut_tag *sm_cut__tag_of(const cut_tags *from, const sm_json *x)
{
    const sm_json *names = sm_ast_get(x, "column_names");
    size_t used = 0;
    const cut_tag *tag = sm_ast_is(x, "class", "COLUMN_REF") ? find_tag(from, names, &used) : NULL;

    return tag && used == sm_ast_count(names) ? tag : NULL;
}

static bool is_struct(cut_time time)
{
    return time == CUT_WINDOW || time == CUT_SESSION;
}

static cut_time time_of_column(const cut_tags *from, const sm_json *names)
{
    size_t used = 0, n = sm_ast_count(names);
    const cut_tag *tag = find_tag(from, names, &used);

    if (!tag)
        return CUT_NO_TIME;
    if (used == n)
        return tag->time;
    if (used + 1 == n && is_struct(tag->time) &&
        sm_sql_same_name(sm_json_sv(sm_ast_item(names, used)), SM_SV("end")))
        return CUT_RAW;
    return CUT_NO_TIME;
}

static cut_time kind_of(const cut_tags *from, const sm_json *x)
{
    if (sm_ast_is(x, "class", "COLUMN_REF"))
        return time_of_column(from, sm_ast_get(x, "column_names"));
    if (sm_cut__is_call(x, SM_SQL_MARK_WINDOW))
        return sm_cut__time_of(from, argument(x, 1)) ? CUT_WINDOW : CUT_NO_TIME;
    if (sm_cut__is_call(x, SM_SQL_MARK_SESSION))
        return sm_cut__time_of(from, argument(x, 0)) ? CUT_SESSION : CUT_OWN_SESSION;
    if (sm_cut__is_call(x, SM_SQL_MARK_TIME))
        return is_struct(sm_cut__time_of(from, argument(x, 0))) ? CUT_RAW : CUT_NO_TIME;
    if (sm_cut__is_call(x, "struct_extract") &&
        sm_ast_is(sm_ast_get(argument(x, 1), "value"), "value", "end"))
        return is_struct(sm_cut__time_of(from, argument(x, 0))) ? CUT_RAW : CUT_NO_TIME;
    return CUT_NO_TIME;
}

cut_time sm_cut__time_of(const cut_tags *from, const sm_json *x)
{
    cut_time kind = kind_of(from, x);

    return kind == CUT_OWN_SESSION ? CUT_NO_TIME : kind;
}

bool sm_cut__is_session(const cut_tags *from, const sm_json *x)
{
    cut_time kind = kind_of(from, x);

    return kind == CUT_SESSION || kind == CUT_OWN_SESSION;
}

/* The name that an item of a select list gives its column; "" when only the engine knows. */
static sm_sv item_name(const sm_json *item)
{
    const sm_json *names = sm_ast_get(item, "column_names");
    sm_sv alias = sm_ast_text(item, "alias");

    if (alias.len > 0 || !sm_ast_is(item, "class", "COLUMN_REF"))
        return alias;
    return sm_json_sv(sm_ast_item(names, sm_ast_count(names) - 1));
}

static bool lists(const sm_json *list, sm_sv name)
{
    for (size_t i = 0; i < sm_ast_count(list); i++) {
        const sm_json *item = sm_ast_item(list, i);

        if (sm_sql_same_name(sm_json_is_string(item) ? sm_json_sv(item) : sm_ast_text(item, "key"),
                             name))
            return true;
    }
    return false;
}

/* `*`, `x.*`: what is left of the columns with event time. */
static void star_tags(cutter *c, const cut_tags *from, const sm_json *star, cut_tags *out)
{
    sm_sv relation = sm_ast_text(star, "relation_name");

    for (size_t i = 0; i < from->n; i++) {
        cut_tag tag = from->items[i];

        if ((relation.len > 0 && !sm_sql_same_name(relation, tag.relation)) ||
            lists(sm_ast_get(star, "exclude_list"), tag.name) ||
            lists(sm_ast_get(star, "replace_list"), tag.name) ||
            lists(sm_ast_get(star, "rename_list"), tag.name))
            continue;
        tag.relation = SM_SV("");
        sm_cut__add_tag(c, out, tag);
    }
}

void sm_cut__list_tags(cutter *c, const cut_tags *from, const sm_json *list, cut_tags *out)
{
    for (size_t i = 0; i < sm_ast_count(list); i++) {
        const sm_json *item = sm_ast_item(list, i);
        const cut_tag *same = sm_cut__tag_of(from, item);
        cut_tag tag = { .name = item_name(item),
                        .time = kind_of(from, item),
                        .key = same ? same->key : -1,
                        .loose = same && same->loose };

        if (sm_ast_is(item, "class", "STAR")) {
            if (!sm_ast_flag(item, "columns", false))
                star_tags(c, from, item, out);
        } else if (tag.name.len > 0 && (tag.time != CUT_NO_TIME || tag.key >= 0)) {
            sm_cut__add_tag(c, out, tag);
        }
    }
}

/* ---- marks to SQL ------------------------------------------------------------------ */

static sm_json *call1(cutter *c, const char *function, const sm_json *x)
{
    return sm_tree_call(c->a, function, (const sm_json *const[]){ x }, 1);
}

sm_json *sm_cut__bounds(cutter *c, const sm_json *start, const sm_json *end)
{
    const sm_json *fields[] = { sm_tree_named(c->a, start, SM_SV("start")),
                                sm_tree_named(c->a, end, SM_SV("end")) };

    return sm_tree_call(c->a, "struct_pack", fields, 2);
}

const sm_json *sm_cut__micros(cutter *c, const sm_json *x, cut_time time)
{
    if (sm_cut__is_call(x, SM_SQL_MARK_WINDOW))
        return sm_tree_operator(c->a, "+", argument(x, 2), argument(x, 3));
    return call1(c, "epoch_us", is_struct(time) ? sm_tree_field(c->a, x, "end") : x);
}

static const sm_json *plain_session(cutter *c, const sm_json *call)
{
    const sm_json *time = sm_cut__plain(c, argument(call, 0));
    const sm_json *gap = sm_cut__plain(c, argument(call, 1));

    return sm_cut__bounds(c, time, sm_tree_operator(c->a, "+", time, gap));
}

static const sm_json *plain_time(cutter *c, const sm_json *call)
{
    const sm_json *window = sm_cut__plain(c, argument(call, 0));

    return sm_tree_operator(c->a, "-", sm_tree_field(c->a, window, "end"),
                            call1(c, "to_microseconds", sm_tree_int(c->a, 1)));
}

static const sm_json *plain_part(void *ctx, const sm_json *part)
{
    cutter *c = ctx;
    const sm_json *now = part;

    if (sm_cut__is_call(part, SM_SQL_MARK_WINDOW))
        now = sm_cut__plain(c, argument(part, 0));
    else if (sm_cut__is_call(part, SM_SQL_MARK_SESSION))
        now = plain_session(c, part);
    else if (sm_cut__is_call(part, SM_SQL_MARK_TIME))
        now = plain_time(c, part);
    if (now != part && sm_ast_text(part, "alias").len > 0)
        now = sm_tree_named(c->a, now, sm_ast_text(part, "alias"));
    return now;
}

const sm_json *sm_cut__plain(cutter *c, const sm_json *value)
{
    return sm_tree_replace(c->a, value, plain_part, c);
}
