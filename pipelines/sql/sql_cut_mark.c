/* SPDX-License-Identifier: Apache-2.0 */
/* sql_cut_mark.c -- what is said of whole relations, beside SQL: watermarks, deduplication; and
 * DISTINCT, UNION and LIMIT, which see nothing but the columns of a result. */
#include "pipelines/sql/sql_cut_int.h"
#include "runtime/base/hash.h"

/* Of what gives rows, as it is written: a * stays one when the input has a column more. */
static sm_sv text_hash(cutter *c, const cut_scope *scope, const sm_json *query)
{
    return sm_cut__over(c) ? SM_SV("") : sm_sha256_hex(sm_cut__text(c, scope, query), c->a);
}

static const sm_json *star_of(cutter *c, sm_json *list, const sm_json *query, sm_sv alias)
{
    return sm_tree_select(c->a, list, sm_tree_subquery(c->a, query, alias), NULL);
}

static sm_json *all_columns(cutter *c)
{
    sm_json *list = sm_json_array(c->a);

    sm_json_append(list, sm_tree_star(c->a));
    return list;
}

/* SELECT * FROM what the stage puts out. */
static const sm_json *read_stage(cutter *c, const sm_stage *s)
{
    return sm_tree_select(c->a, all_columns(c), sm_tree_table(c->a, s->relation, SM_SV("")), NULL);
}

static cut_part put_out(cutter *c, const sm_stage *s, const cut_flow *flow)
{
    sm_cut__add_relation(c, s->relation, &s->out);
    return (cut_part){ .node = read_stage(c, s), .flow = *flow };
}

/* ---- watermark ------------------------------------------------------------------- */

static bool watches(const sm_stage *s, const sm_cut_watermark *w)
{
    return s->kind == SM_STAGE_WATERMARK && sm_sv_eq(s->time_column, w->column) &&
           s->delay_us == w->delay_us && s->idle_us == w->idle_us &&
           s->max_future_us == w->max_future_us;
}

/* The same rows under the same watermark are looked at once. */
static sm_stage *same_watermark(cutter *c, sm_sv rows, const sm_cut_watermark *w)
{
    for (size_t i = 0; i < c->n; i++) {
        if (watches(&c->stages[i], w) && sm_sv_eq(c->stages[i].rows, rows))
            return &c->stages[i];
    }
    return NULL;
}

/* SELECT * FROM an input, and nothing else. */
static bool is_input(sm_sv rows)
{
    sm_sv head = SM_SV("SELECT * FROM " SM_SQL_RELATION);
    int64_t number;

    return sm_sv_starts(rows, head) && sm_sv_to_int64(sm_sv_sub(rows, head.len, rows.len), &number);
}

static cut_part watermark(cutter *c, const cut_scope *scope, const cut_part *part,
                          const sm_cut_watermark *w)
{
    cut_flow flow = part->flow;
    sm_schema schema = { 0 };
    sm_sv rows = sm_cut__bind(c, scope, part->node, &schema);
    sm_stage *s;

    if (sm_cut__over(c))
        return *part;
    flow.watermarked = true;
    flow.lag_us = 0;
    flow.delay_us = w->delay_us;
    sm_cut__add_tag(c, &flow.tags, (cut_tag){ .name = w->column, .time = CUT_RAW, .key = -1 });
    s = same_watermark(c, rows, w);
    if (s)
        return (cut_part){ .node = read_stage(c, s), .flow = flow };
    s = sm_cut__stage(c, SM_STAGE_WATERMARK, &flow);
    s->rows = rows;
    s->schema = s->out = schema;
    s->of = w->of;
    s->time_column = w->column;
    s->whole_input = is_input(rows);
    s->delay_us = w->delay_us;
    s->idle_us = w->idle_us;
    s->max_future_us = w->max_future_us;
    return put_out(c, s, &flow);
}

/* ---- deduplication ---------------------------------------------------------------- */

const cut_tag *sm_cut__only_time(cutter *c, const cut_tags *tags)
{
    const cut_tag *found = NULL;

    for (size_t i = 0; i < tags->n; i++) {
        if (tags->items[i].time == CUT_NO_TIME || tags->items[i].time == CUT_OWN_SESSION)
            continue;
        if (found) {
            sm_cut__refuse(c, "SM0530", NULL,
                           "more than one event time among the columns: \"%.*s\" and \"%.*s\"",
                           SM_SV_ARG(found->name), SM_SV_ARG(tags->items[i].name));
            sm_cut__hint(c, "Leave one of them out, or change it by an expression such as x + "
                            "INTERVAL 0 SECOND.");
            return NULL;
        }
        found = &tags->items[i];
    }
    return found;
}

static const sm_json *micros_of(cutter *c, const cut_tag *tag)
{
    return sm_cut__micros(c, sm_tree_column(c->a, tag->relation, tag->name), tag->time);
}

static bool is_key(const sm_cut_deduplicate *dd, sm_sv name)
{
    bool found = dd->n_keys == 0;

    for (size_t i = 0; i < dd->n_keys && !found; i++)
        found = sm_sql_same_name(dd->keys[i], name);
    return found;
}

/* The key; of none every column is one. */
static void set_key(cutter *c, sm_stage *s, const sm_cut_deduplicate *dd, const sm_schema *plain)
{
    sm_sv *all = SM_NEW_N(c->a, sm_sv, plain->n + 1);

    for (size_t i = 0; i < plain->n; i++)
        all[i] = plain->columns[i].name;
    s->columns = dd->n_keys > 0 ? dd->keys : all;
    s->n_columns = dd->n_keys > 0 ? dd->n_keys : plain->n;
}

static void warn_for_ever(cutter *c, const sm_cut_deduplicate *dd)
{
    if (c->in->accepts_unbounded)
        return;
    sm_diag_add(c->d, "SM0536", dd->at, "%.*s: `deduplicate` keeps every key for ever",
                SM_SV_ARG(c->in->owner));
    sm_cut__hint(c,
                 "With a watermark, `within_watermark: true` or the column of the watermark among "
                 "the keys forgets old ones; `unbounded_state: accepted` silences this.");
}

/* Hidden columns behind those of the rows: what is late, what dies. */
static void hide_times(cutter *c, const sm_cut_deduplicate *dd, const cut_tag *time, sm_stage *s,
                       sm_json *list)
{
    const sm_json *zero = sm_tree_int(c->a, 0), *t = micros_of(c, time);

    if (s->late_by.len == 0) {
        s->late_by = SM_SV(CUT_LATE);
        sm_json_append(list, sm_tree_named(c->a, t, s->late_by));
    }
    if (dd->within_watermark) {
        t = sm_tree_coalesce(c->a, t, zero);
        t = sm_tree_operator(c->a, "+", t, sm_tree_int(c->a, s->delay_us));
    } else if (!is_key(dd, time->name)) {
        return;
    }
    s->final_by = SM_SV(CUT_TIME);
    sm_json_append(list, sm_tree_named(c->a, t, s->final_by));
}

/* The result does not have the event time, but what it is made of has: late is late (R7). */
static const sm_json *with_hidden_time(cutter *c, const cut_part *query, sm_stage *s)
{
    const cut_tag *time = query->below ? sm_cut__only_time(c, query->below) : NULL;
    const sm_json *old = sm_ast_get(query->node, "select_list");
    sm_json *copy, *list = sm_json_array(c->a);

    if (!time || !sm_ast_is(query->node, "type", "SELECT_NODE"))
        return query->node;
    for (size_t i = 0; i < sm_ast_count(old); i++)
        sm_json_append(list, sm_ast_item(old, i));
    s->late_by = SM_SV(CUT_LATE);
    sm_json_append(list, sm_tree_named(c->a, micros_of(c, time), s->late_by));
    copy = sm_cut__with_from(c, query->node, NULL, false);
    sm_json_set(copy, "select_list", list);
    return copy;
}

static void set_columns(sm_stage *s, size_t hidden)
{
    s->n_hidden = hidden;
    s->out = s->schema;
    s->out.n -= hidden;
}

cut_part sm_cut__deduplicate(cutter *c, const cut_scope *scope, const cut_part *query,
                             const sm_cut_deduplicate *dd)
{
    sm_json *list = all_columns(c);
    sm_schema plain = { 0 };
    const cut_tag *time;
    const sm_json *node;
    sm_stage *s;

    if (query->flow.grouped && c->in->mode != SM_STAGE_APPEND) {
        sm_cut__refuse(c, "SM0534", NULL,
                       "`deduplicate` above a grouping needs output mode append");
        sm_cut__hint(
            c, "A group that changes is no duplicate of itself; leave `deduplicate` out: GROUP "
               "BY gives each key once.");
        return *query;
    }
    sm_cut__bind(c, scope, query->node, &plain);
    if (sm_cut__over(c))
        return *query;
    time = query->flow.watermarked ? sm_cut__only_time(c, &query->flow.tags) : NULL;
    if (dd->within_watermark && !time && !c->failed) {
        sm_diag_add(c->d, "SM0538", dd->at,
                    "%.*s: `within_watermark` needs the column of a watermark in "
                    "the result",
                    SM_SV_ARG(c->in->owner));
        sm_cut__hint(c,
                     "Give the input `watermark: {column, delay}` and the query that column, under "
                     "any name.");
        c->failed = true;
    }
    if (sm_cut__over(c))
        return *query;
    s = sm_cut__stage(c, SM_STAGE_DEDUP, &query->flow);
    s->delay_us = query->flow.delay_us;
    node = time || !query->flow.watermarked ? query->node : with_hidden_time(c, query, s);
    if (time)
        hide_times(c, dd, time, s, list);
    s->rows = sm_cut__bind(c, scope, star_of(c, list, node, SM_SV("_smelt_rows")), &s->schema);
    set_columns(s, (size_t)(s->late_by.len > 0) + (size_t)(s->final_by.len > 0));
    set_key(c, s, dd, &plain);
    if (dd->n_keys == 0)
        s->whole = text_hash(c, scope, query->node);
    if (s->final_by.len == 0)
        warn_for_ever(c, dd);
    return put_out(c, s, &query->flow);
}

cut_part sm_cut__mark(cutter *c, const cut_scope *scope, const cut_part *part, size_t i)
{
    const sm_cut_mark *mark = &c->in->marks[i];
    cut_part out = *part;

    if (mark->watermark)
        out = watermark(c, scope, &out, mark->watermark);
    if (mark->deduplicate && !sm_cut__over(c))
        out = sm_cut__deduplicate(c, scope, &out, mark->deduplicate);
    return out;
}

/* ---- LIMIT ------------------------------------------------------------------------- */

cut_part sm_cut__limit(cutter *c, const cut_scope *scope, const cut_part *query, int64_t limit)
{
    sm_stage *s = sm_cut__stage(c, SM_STAGE_LIMIT, &query->flow);

    s->rows = sm_cut__bind(c, scope, query->node, &s->schema);
    s->limit = limit;
    set_columns(s, 0);
    return put_out(c, s, &query->flow);
}

/* ---- DISTINCT, UNION ------------------------------------------------------------------ */

/* Every column is a key, and there is nothing else. */
static const sm_json *distinct_rows(cutter *c, const cut_part *query, const sm_schema *plain,
                                    const cut_tag *time)
{
    sm_json *list = sm_json_array(c->a);

    for (size_t i = 0; i < plain->n; i++)
        sm_json_append(list,
                       sm_tree_named(c->a, sm_tree_column(c->a, SM_SV(""), plain->columns[i].name),
                                     sm_cut__numbered(c, "k", i)));
    if (time)
        sm_json_append(list, sm_tree_named(c->a, micros_of(c, time), SM_SV(CUT_TIME)));
    return star_of(c, list, query->node, SM_SV("_smelt_rows"));
}

static const sm_json *distinct_result(cutter *c, const sm_stage *s, const sm_schema *plain)
{
    sm_json *list = sm_json_array(c->a);

    for (size_t i = 0; i < plain->n; i++)
        sm_json_append(
            list, sm_tree_named(c->a, sm_tree_column(c->a, SM_SV(""), sm_cut__numbered(c, "k", i)),
                                plain->columns[i].name));
    return sm_tree_select(c->a, list, sm_tree_table(c->a, s->relation, SM_SV("")), NULL);
}

static void key_tags(cutter *c, const sm_schema *plain, const cut_tags *from, cut_tags *out)
{
    for (size_t i = 0; i < plain->n; i++) {
        cut_tag tag = { .name = plain->columns[i].name, .key = (int)i };

        for (size_t k = 0; k < from->n; k++) {
            if (sm_sql_same_name(from->items[k].name, tag.name))
                tag.time = from->items[k].time;
        }
        sm_cut__add_tag(c, out, tag);
    }
}

cut_part sm_cut__distinct(cutter *c, const cut_scope *scope, const cut_part *query, cut_use use,
                          const sm_json *where, const char *word, const char *code)
{
    sm_schema plain = { 0 };
    cut_part out = *query;
    const cut_tag *time;
    const sm_json **keys;
    sm_sv *labels;
    sm_stage *s;

    sm_cut__bind(c, scope, query->node, &plain);
    time = sm_cut__over(c) ? NULL : sm_cut__only_time(c, &query->flow.tags);
    if (sm_cut__over(c))
        return out;
    s = sm_cut__stage(c, SM_STAGE_AGGREGATE, &query->flow);
    s->mode = use == CUT_RESULT ? c->in->mode : SM_STAGE_APPEND;
    if (s->mode == SM_STAGE_COMPLETE)
        time = NULL;
    if (time)
        s->late_by = s->final_by = SM_SV(CUT_TIME);
    s->rows = sm_cut__bind(c, scope, distinct_rows(c, query, &plain, time), &s->schema);
    set_columns(s, time != NULL);
    s->whole = text_hash(c, scope, query->node);
    s->n_keys = plain.n;
    s->labels = labels = SM_NEW_N(c->a, sm_sv, plain.n + 1);
    keys = SM_NEW_N(c->a, const sm_json *, plain.n + 1);
    for (size_t i = 0; i < plain.n; i++) {
        labels[i] = plain.columns[i].name;
        keys[i] = sm_tree_column(c->a, SM_SV(""), sm_cut__numbered(c, "k", i));
    }
    sm_cut__judge_grouping(c, s, &query->flow, use, where, word, code);
    sm_cut__add_relation(c, s->relation, &s->out);
    out.node = distinct_result(c, s, &plain);
    out.below = NULL;
    out.flow.grouped = true;
    out.flow.stage = c->n - 1;
    out.flow.tags = (cut_tags){ 0 };
    key_tags(c, &plain, &query->flow.tags, &out.flow.tags);
    c->result_keys = keys;
    return out;
}
