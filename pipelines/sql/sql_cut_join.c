/* SPDX-License-Identifier: Apache-2.0 */
/* sql_cut_join.c -- a join of two streams.
 *
 * Every row of a side meets every row of the other, each pair once, when the later one comes.  So
 * the SELECT around the join is written once for each kind of pair, with relations of the stage R
 * in place of the sides (sql_stage.h):
 *
 *     inner         R_ln JOIN R_ro,  R_la JOIN R_rn
 *     left          these, and R_lu LEFT JOIN R_r0
 *     right, full   likewise
 *     semi, anti    R_lm,  R_lu
 *
 * A row can be forgotten when no row that may still come can meet it (rules K7, K8, R8):
 *
 *     event time among the equalities    with its own time
 *     l + a >= r + b                     the left row at l + a - b, and 1 ms, as Spark counts
 *     l + a >  r + b                     the left row at l + a - b
 *     the same with the sides swapped    the right row
 */
#include "pipelines/sql/sql_cut_int.h"

#include <string.h>

#include "runtime/base/hash.h"

enum { LEFT = 1, RIGHT = 2, ELSEWHERE = 4 };

#define MILLISECOND INT64_C(1000)

typedef struct join_side {
    const cut_part *part;
    sm_sv alias;
    sm_schema schema; /* without what nobody reads */
    bool all;         /* ... which is nothing */
    cut_names unread;
    sm_sv *origins; /* what is remembered of the columns goes by */
    bool preserved;
    const cut_tag *time;      /* by which its rows are late; NULL: none are */
    const sm_json *final;     /* when a row of it is forgotten; NULL: never */
    const cut_tag *final_tag; /* the column that says so; NULL: it is of no stream's time */
    int64_t behind_us;        /* how far behind the watermark such a row may be */
    bool meets_null;          /* ... but for a row without that time: it can have a match */
    const sm_json *can_match; /* NULL: each can */
} join_side;

typedef struct joining {
    cutter *c;
    const cut_scope *scope;
    const sm_json *node;
    sm_stage_join kind;
    join_side side[2];
    size_t equalities;
} joining;

/* ---- which side an expression is of ------------------------------------------------- */

static int side_of_column(const joining *j, const sm_json *names)
{
    sm_sv first = sm_json_sv(sm_ast_item(names, 0));
    int sides = 0;

    for (int i = 0; i < 2 && sm_ast_count(names) > 1; i++) {
        if (sm_sql_same_name(j->side[i].alias, first))
            return 1 << i;
    }
    for (int i = 0; i < 2; i++) {
        if (sm_schema_find(&j->side[i].schema, first) >= 0)
            sides |= 1 << i;
    }
    return sides == 0 ? ELSEWHERE : sides;
}

static int sides_of(const joining *j, const sm_json *value)
{
    int sides = 0;

    if (sm_ast_is(value, "class", "COLUMN_REF"))
        return side_of_column(j, sm_ast_get(value, "column_names"));
    if (sm_ast_is(value, "class", "SUBQUERY"))
        return ELSEWHERE;
    for (sm_json_iter it = sm_json_first(value); sm_json_valid(&it); sm_json_next(&it))
        sides |= sides_of(j, it.value);
    for (size_t i = 0; i < sm_ast_count(value); i++)
        sides |= sides_of(j, sm_ast_item(value, i));
    return sides;
}

/* ---- conditions --------------------------------------------------------------------- */

static cut_time time_on(const joining *j, int side, const sm_json *x)
{
    const cut_part *part = j->side[side].part;

    return part->flow.watermarked ? sm_cut__time_of(&part->flow.tags, x) : CUT_NO_TIME;
}

/* A time that a join below lets come behind the watermark by any length may have lost its matches
 * here, where it is compared: its rows are late then. */
static const cut_tag *compared_tag(joining *j, int side, const sm_json *x)
{
    join_side *s = &j->side[side];
    const cut_tag *tag = sm_cut__tag_of(&s->part->flow.tags, x);

    if (tag && tag->loose && !s->time && s->part->flow.watermarked && tag->time != CUT_NO_TIME)
        s->time = tag;
    return tag;
}

/* An equality; one of event times tells when rows of both sides are final. */
static void take_equality(joining *j, const sm_json *left, const sm_json *right, bool nulls)
{
    cut_time time = time_on(j, 0, left);

    j->equalities++;
    if (time == CUT_NO_TIME)
        time = time_on(j, 1, right);
    if (time == CUT_NO_TIME)
        return;
    j->side[0].final = sm_cut__micros(j->c, left, time);
    j->side[1].final = sm_cut__micros(j->c, right, time);
    j->side[0].final_tag = compared_tag(j, 0, left);
    j->side[1].final_tag = compared_tag(j, 1, right);
    j->side[0].behind_us = j->side[1].behind_us = 0;
    j->side[0].meets_null = j->side[1].meets_null = nulls;
}

/* column + constant */
typedef struct linear {
    int side; /* 0, 1; -1: it is none */
    const sm_json *column;
    bool marked; /* a watermark says which of it can still come */
    int64_t offset;
} linear;

/* A column of the side that is a time, with a watermark or without. */
static bool is_timestamp(const joining *j, int side, const sm_json *x)
{
    const sm_json *names = sm_ast_get(x, "column_names");
    size_t n = sm_ast_is(x, "class", "COLUMN_REF") ? sm_ast_count(names) : 0;
    const sm_schema *s = &j->side[side].schema;
    ptrdiff_t at;

    if (n == 0 || n > 2 ||
        (n == 2 && !sm_sql_same_name(sm_json_sv(sm_ast_item(names, 0)), j->side[side].alias)))
        return false;
    at = sm_schema_find(s, sm_json_sv(sm_ast_item(names, n - 1)));
    return at >= 0 && (sm_sv_eq(s->columns[at].type, SM_SV("TIMESTAMP")) ||
                       sm_sv_eq(s->columns[at].type, SM_SV("TIMESTAMP WITH TIME ZONE")));
}

static linear linear_of(const joining *j, const sm_json *x)
{
    const sm_json *args = sm_ast_get(x, "children");
    int sides = sides_of(j, x), side = sides == LEFT ? 0 : 1;
    bool minus = sm_cut__is_call(x, "-");
    linear none = { -1, NULL, false, 0 }, inner;
    cut_time time;
    int64_t us;

    if (sides != LEFT && sides != RIGHT)
        return none;
    if ((minus || sm_cut__is_call(x, "+")) && sm_ast_count(args) == 2 &&
        sm_sql__interval(sm_ast_item(args, 1), &us)) {
        inner = linear_of(j, sm_ast_item(args, 0));
        inner.offset += minus ? -us : us;
        return inner;
    }
    time = time_on(j, side, x);
    if (time != CUT_RAW && !is_timestamp(j, side, x)) /* windows are compared from their begin */
        return none;
    return (linear){ side, x, time == CUT_RAW, 0 };
}

/* x >= y, or x > y: rows of the side of x wait for rows of y up to their own time. */
static void take_range(joining *j, const sm_json *x, const sm_json *y, bool strict)
{
    linear a = linear_of(j, x), b = linear_of(j, y);
    const cut_tag *tag;
    join_side *waits;
    int64_t behind;

    if (a.side < 0 || b.side < 0 || a.side == b.side || !b.marked)
        return;
    waits = &j->side[a.side];
    tag = compared_tag(j, a.side, a.column);
    compared_tag(j, b.side, b.column);
    behind = a.offset - b.offset + (strict ? 0 : MILLISECOND);
    if (waits->final && waits->behind_us <= behind)
        return;
    waits->behind_us = behind;
    waits->meets_null = false;
    waits->final_tag = tag;
    waits->final = sm_tree_operator(j->c->a, "+", sm_cut__micros(j->c, a.column, CUT_RAW),
                                    sm_tree_int(j->c->a, behind));
}

static void take_one_sided(joining *j, const sm_json *x, int sides)
{
    for (int i = 0; i < 2; i++) {
        if (sides == 1 << i)
            j->side[i].can_match = sm_tree_and(j->c->a, j->side[i].can_match, x);
    }
}

static void take_comparison(joining *j, const sm_json *x)
{
    const sm_json *left = sm_ast_get(x, "left"), *right = sm_ast_get(x, "right");
    int sl = sides_of(j, left), sr = sides_of(j, right);
    bool nulls = sm_ast_is(x, "type", "COMPARE_NOT_DISTINCT_FROM");
    bool equal = nulls || sm_ast_is(x, "type", "COMPARE_EQUAL");

    if (equal && sl == LEFT && sr == RIGHT)
        take_equality(j, left, right, nulls);
    else if (equal && sl == RIGHT && sr == LEFT)
        take_equality(j, right, left, nulls);
    else if (sm_ast_is(x, "type", "COMPARE_GREATERTHANOREQUALTO"))
        take_range(j, left, right, false);
    else if (sm_ast_is(x, "type", "COMPARE_GREATERTHAN"))
        take_range(j, left, right, true);
    else if (sm_ast_is(x, "type", "COMPARE_LESSTHANOREQUALTO"))
        take_range(j, right, left, false);
    else if (sm_ast_is(x, "type", "COMPARE_LESSTHAN"))
        take_range(j, right, left, true);
}

/* The parts of a condition that all hold; `own` tells that it is the join's own one. */
static void take_condition(joining *j, const sm_json *x, bool own)
{
    const sm_json *children = sm_ast_get(x, "children");

    if (sm_ast_is(x, "type", "CONJUNCTION_AND")) {
        for (size_t i = 0; i < sm_ast_count(children); i++)
            take_condition(j, sm_ast_item(children, i), own);
        return;
    }
    if (own)
        take_one_sided(j, x, sides_of(j, x));
    if (sm_ast_is(x, "class", "COMPARISON"))
        take_comparison(j, x);
    if (!sm_ast_is(x, "class", "BETWEEN") || !sm_ast_is(x, "type", "COMPARE_BETWEEN"))
        return;
    take_range(j, sm_ast_get(x, "input"), sm_ast_get(x, "lower"), false);
    take_range(j, sm_ast_get(x, "upper"), sm_ast_get(x, "input"), false);
}

static void take_conditions(joining *j, const sm_json *where)
{
    const sm_json *names = sm_ast_get(j->node, "using_columns");

    for (size_t i = 0; i < sm_ast_count(names); i++) {
        sm_sv name = sm_json_sv(sm_ast_item(names, i));

        take_equality(j, sm_tree_column(j->c->a, j->side[0].alias, name),
                      sm_tree_column(j->c->a, j->side[1].alias, name), false);
    }
    if (sm_ast_get(j->node, "condition"))
        take_condition(j, sm_ast_get(j->node, "condition"), true);
    if (where && j->kind == SM_STAGE_INNER)
        take_condition(j, where, false);
}

/* ---- judging ------------------------------------------------------------------------ */

static bool kind_of(joining *j)
{
    static const struct {
        const char *name;
        sm_stage_join kind;
        bool left, right; /* preserved */
    } kinds[] = {
        { "INNER", SM_STAGE_INNER, false, false }, { "LEFT", SM_STAGE_LEFT, true, false },
        { "RIGHT", SM_STAGE_RIGHT, false, true },  { "OUTER", SM_STAGE_FULL, true, true },
        { "FULL", SM_STAGE_FULL, true, true },     { "SEMI", SM_STAGE_SEMI, false, false },
        { "ANTI", SM_STAGE_ANTI, true, false },
    };
    sm_sv type = sm_ast_text(j->node, "join_type"), ref = sm_ast_text(j->node, "ref_type");

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (!sm_sv_eq_str(type, kinds[i].name))
            continue;
        j->kind = kinds[i].kind;
        j->side[0].preserved = kinds[i].left;
        j->side[1].preserved = kinds[i].right;
        return ref.len == 0 || sm_sv_eq_str(ref, "REGULAR") || sm_sv_eq_str(ref, "CROSS");
    }
    return false;
}

static void judge_mode(joining *j)
{
    cutter *c = j->c;
    bool outer = j->kind != SM_STAGE_INNER && j->kind != SM_STAGE_SEMI;

    if (c->in->mode == SM_STAGE_APPEND)
        return;
    if (j->side[0].part->flow.grouped || j->side[1].part->flow.grouped) {
        sm_cut__refuse(c, "SM0534", j->node, "a join above a grouping needs output mode append");
        sm_cut__hint(c, "Groups that change would have to be taken back from the join; make the "
                        "grouping a table of its own, or use append.");
    } else if (outer || c->in->mode == SM_STAGE_COMPLETE) {
        sm_cut__refuse(c, "SM0533", j->node, "this join of two streams needs output mode append");
        sm_cut__hint(c, "A row without a match comes out once, when none can come any more; use "
                        "append.");
    }
}

static void judge_bounds(joining *j)
{
    static const char *const names[] = { "left", "right" };
    cutter *c = j->c;

    if (j->equalities == 0) {
        sm_cut__refuse(c, "SM0504", j->node,
                       "a join of two streams needs an equality between them");
        sm_cut__hint(c, "Write ON a.id = b.id AND …: without one, every row would meet every row.");
        return;
    }
    for (int i = 0; i < 2; i++) {
        bool needed = j->side[i].preserved || (j->kind == SM_STAGE_SEMI && i == 0);

        if (j->side[i].final)
            continue;
        if (needed) {
            sm_cut__refuse(c, "SM0532", j->node,
                           "nothing tells when a row of the %s stream can have no match any more",
                           names[i]);
            sm_cut__hint(c, "Join on the columns of the watermarks, or give the other side a "
                            "watermark and the join a range: a.t BETWEEN b.t - INTERVAL 1 HOUR AND "
                            "b.t.");
        } else if (!c->in->accepts_unbounded) {
            sm_cut__refuse(c, "SM0536", j->node,
                           "the join keeps every row of the %s stream for ever", names[i]);
            sm_cut__hint(c, "A watermark on both inputs and a range of their times in the join "
                            "forgets old rows; `unbounded_state: accepted` silences this.");
        }
    }
}

/* ---- the stage ----------------------------------------------------------------------- */

static const sm_json *from_of(cutter *c, const sm_json *relation, const sm_json *list)
{
    return sm_tree_select(c->a, list, relation, NULL);
}

/* Columns that the SELECT does not read are not kept, nor were those of relations that the side is
 * made of.  What is made of them in the batch, as its event time, is. */
static void leave_unread(joining *j, join_side *s)
{
    sm_schema kept = { .columns = SM_NEW_N(j->c->a, sm_column, s->schema.n + 1) };

    s->origins = SM_NEW_N(j->c->a, sm_sv, s->schema.n + 1);
    sm_cut__add_left_out(j->c, s->alias, &s->unread);
    for (size_t i = 0; i < s->schema.n; i++) {
        sm_sv name = s->schema.columns[i].name, origin = sm_cut__origin(j->c, s->alias, name);

        if (sm_cut__is_read(&j->c->reads, s->alias, name)) {
            s->origins[kept.n] = origin;
            kept.columns[kept.n++] = s->schema.columns[i];
        } else {
            sm_cut__add_name(j->c, &s->unread, origin);
            sm_cut__leave_out(j->c, s->alias, name);
        }
    }
    s->all = kept.n == s->schema.n;
    s->schema = kept;
}

/* The text of a side as it is written, with that of the streams that WITH names: while it is the
 * same, a column more is one of the input's. */
static sm_sv text_of_side(joining *j, int i)
{
    sm_json *list = sm_json_array(j->c->a);
    const sm_json *side = sm_ast_get(j->node, i == 0 ? "left" : "right");
    sm_hash *h = sm_hash_new();

    sm_json_append(list, sm_tree_star(j->c->a));
    sm_hash_add(h, sm_cut__text(j->c, j->scope, from_of(j->c, side, list)));
    for (const cut_scope *s = j->scope; s; s = s->outer) {
        if (s->query)
            sm_hash_add(h, sm_cut__text(j->c, s->outer, s->query));
    }
    return sm_hash_hex(h, j->c->a);
}

static bool open_side(joining *j, int i)
{
    join_side *s = &j->side[i];
    const sm_json *node = s->part->node;
    sm_json *list = sm_json_array(j->c->a);

    s->alias = sm_ast_text(node, "alias");
    if (sm_ast_is(node, "type", "BASE_TABLE") && s->alias.len == 0)
        s->alias = sm_ast_text(node, "table_name");
    sm_json_append(list, sm_tree_star(j->c->a));
    sm_cut__bind(j->c, j->scope, from_of(j->c, node, list), &s->schema);
    /* what a join puts out is behind its watermark already (K9): nothing of it is late, but for
     * what compared_tag() finds */
    if (!sm_cut__over(j->c) && s->part->flow.watermarked && !s->part->flow.timed_join)
        s->time = sm_cut__only_time(j->c, &s->part->flow.tags);
    return !sm_cut__over(j->c);
}

static void hide(joining *j, sm_json *list, const sm_json *x, const char *name, sm_sv *by,
                 sm_stage_side *out)
{
    if (!x)
        return;
    *by = sm_sv_cstr(name);
    sm_json_append(list, sm_tree_named(j->c->a, x, *by));
    out->n_hidden++;
}

/* A row without the time that both sides must have can have no match: it is not kept for ever, and
 * of a preserved side it comes out at once. */
static const sm_json *has_time(joining *j, const join_side *s)
{
    sm_arena *a = j->c->a;

    return s->final && !s->meets_null ? sm_tree_compare(a, "COMPARE_EQUAL", s->final, s->final)
                                      : NULL;
}

static const sm_json *may_match(joining *j, const join_side *s)
{
    sm_arena *a = j->c->a;
    bool waits = s->preserved || j->kind == SM_STAGE_SEMI;
    const sm_json *can = sm_tree_and(a, waits ? s->can_match : NULL, has_time(j, s));

    return can ? sm_tree_coalesce(a, can, sm_tree_cast(a, sm_tree_int(a, 0), "BOOLEAN")) : NULL;
}

static void fill_side(joining *j, int i, sm_stage_side *out)
{
    join_side *s = &j->side[i];
    sm_json *list = sm_json_array(j->c->a);
    const sm_json *late = NULL;

    *out = (sm_stage_side){ .preserved = s->preserved,
                            .whole = text_of_side(j, i),
                            .origins = s->origins,
                            .n_origins = s->schema.n,
                            .unread = s->unread.items,
                            .n_unread = s->unread.n };
    for (size_t k = 0; !s->all && k < s->schema.n; k++)
        sm_json_append(list, sm_tree_column(j->c->a, SM_SV(""), s->schema.columns[k].name));
    if (s->all)
        sm_json_append(list, sm_tree_star(j->c->a));
    if (s->time)
        late = sm_cut__micros(j->c, sm_tree_column(j->c->a, s->time->relation, s->time->name),
                              s->time->time);
    hide(j, list, late, CUT_LATE, &out->late_by, out);
    hide(j, list, s->final, CUT_TIME, &out->final_by, out);
    hide(j, list, may_match(j, s), CUT_MATCHES, &out->ok_by, out);
    out->rows = sm_cut__bind(j->c, j->scope, from_of(j->c, s->part->node, list), &out->schema);
}

static sm_sv relation_of(joining *j, const sm_stage *s, const char *suffix)
{
    return sm_arena_printf(j->c->a, "%.*s_%s", SM_SV_ARG(s->relation), suffix);
}

/* When rows meet, and until when they wait. */
static sm_sv meaning(joining *j)
{
    const sm_json *condition = sm_ast_get(j->node, "condition");
    const sm_json *names = sm_ast_get(j->node, "using_columns");
    sm_sv out = condition ? sm_cut__expression(j->c, condition) : SM_SV("");

    for (size_t i = 0; i < sm_ast_count(names); i++) {
        sm_sv name = sm_json_sv(sm_ast_item(names, i));

        out = sm_arena_printf(j->c->a, "%.*s;using %.*s", SM_SV_ARG(out), SM_SV_ARG(name));
    }
    for (int i = 0; i < 2; i++) {
        if (j->side[i].final)
            out = sm_arena_printf(j->c->a, "%.*s;%.*s", SM_SV_ARG(out),
                                  SM_SV_ARG(sm_cut__expression(j->c, j->side[i].final)));
    }
    return out;
}

static void add_relations(joining *j, const sm_stage *s)
{
    static const char *const plain[] = { "ln", "lo", "la", "lu", "lm", "l0",
                                         "rn", "ro", "ra", "ru", "r0" };

    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        sm_cut__add_relation(j->c, relation_of(j, s, plain[i]),
                             &j->side[plain[i][0] == 'r'].schema);
}

/* ---- its pieces ---------------------------------------------------------------------- */

static sm_json *table_of(joining *j, const sm_stage *s, const char *suffix, int side)
{
    return sm_tree_table(j->c->a, relation_of(j, s, suffix), j->side[side].alias);
}

static sm_json *joined(joining *j, const sm_json *left, const sm_json *right, const char *type)
{
    sm_json *copy = sm_json_object(j->c->a);

    for (sm_json_iter it = sm_json_first(j->node); sm_json_valid(&it); sm_json_next(&it))
        sm_json_set_sv(copy, it.key, it.value);
    sm_json_set(copy, "left", left);
    sm_json_set(copy, "right", right);
    if (type)
        sm_json_set_string(copy, "join_type", sm_sv_cstr(type));
    return copy;
}

static sm_json *pair(joining *j, const sm_stage *s, const char *left, const char *right,
                     const char *type)
{
    return joined(j, table_of(j, s, left, 0), table_of(j, s, right, 1), type);
}

static cut_join *pieces_of(joining *j, const sm_stage *s)
{
    cut_join *out = SM_NEW(j->c->a, cut_join);
    const sm_json **pieces = SM_NEW_N(j->c->a, const sm_json *, 4);
    bool half = j->kind == SM_STAGE_SEMI || j->kind == SM_STAGE_ANTI;

    if (half) {
        pieces[out->n_pieces++] = table_of(j, s, j->kind == SM_STAGE_SEMI ? "lm" : "lu", 0);
    } else {
        pieces[out->n_pieces++] = pair(j, s, "ln", "ro", "INNER");
        pieces[out->n_pieces++] = pair(j, s, "la", "rn", "INNER");
    }
    if (!half && j->side[0].preserved)
        pieces[out->n_pieces++] = pair(j, s, "lu", "r0", NULL);
    if (!half && j->side[1].preserved)
        pieces[out->n_pieces++] = pair(j, s, "l0", "ru", NULL);
    out->pieces = pieces;
    out->typed = pair(j, s, "la", "ra", NULL);
    out->node = sm_json_copy(j->c->a, out->typed); /* a node of its own, to be found again */
    return out;
}

/* SELECT _smelt_id FROM own SEMI JOIN other ON … */
static const sm_json *matches(joining *j, const sm_json *own, const sm_json *other, int side)
{
    sm_arena *a = j->c->a;
    sm_json *list = sm_json_array(a);

    sm_json_append(list, sm_tree_column(a, j->side[side].alias, SM_SV("_smelt_id")));
    return sm_tree_select(a, list, joined(j, own, other, "SEMI"), NULL);
}

/* Rows of `side` with a match: all against what is new, what is new against the rest. */
static sm_sv match_text(joining *j, const sm_stage *s, int side)
{
    sm_arena *a = j->c->a;
    const char *ids = side == 0 ? "li" : "ri";
    sm_json *all = sm_json_array(a), *fresh;
    const sm_json *old;

    sm_json_append(all, sm_tree_star(a));
    fresh = sm_tree_select(a, all, sm_tree_table(a, relation_of(j, s, ids), SM_SV("")),
                           sm_tree_column(a, SM_SV(""), SM_SV("_smelt_new")));
    old = matches(j, sm_tree_subquery(a, fresh, j->side[side].alias),
                  table_of(j, s, side == 0 ? "ro" : "lo", 1 - side), side);
    return sm_cut__text(
        j->c, j->scope,
        sm_tree_union_all(a,
                          matches(j, table_of(j, s, ids, side),
                                  table_of(j, s, side == 0 ? "rn" : "ln", 1 - side), side),
                          old));
}

/* ---- what goes on -------------------------------------------------------------------- */

static int64_t greater(int64_t x, int64_t y)
{
    return x > y ? x : y;
}

/* The least of what the inputs and both states allow (E1, K9). */
static cut_flow flow_above(joining *j)
{
    const cut_flow *l = &j->side[0].part->flow, *r = &j->side[1].part->flow;
    cut_flow out = { .streaming = true, .timed_join = true };
    size_t sides = j->kind == SM_STAGE_SEMI || j->kind == SM_STAGE_ANTI ? 1 : 2;

    out.watermarked = l->watermarked || r->watermarked;
    out.lag_us = greater(l->watermarked ? l->lag_us : 0, r->watermarked ? r->lag_us : 0);
    out.delay_us = greater(l->delay_us, r->delay_us);
    for (size_t i = 0; i < sides; i++) {
        const cut_tags *tags = &j->side[i].part->flow.tags;

        for (size_t k = 0; k < tags->n; k++) {
            cut_tag tag = tags->items[k];

            tag.key = -1;
            tag.loose = j->side[i].final_tag != &tags->items[k];
            sm_cut__add_tag(j->c, &out.tags, tag);
        }
    }
    return out;
}

void sm_cut__join(cutter *c, const cut_scope *scope, const sm_json *node, const cut_part *left,
                  const cut_part *right, const sm_json *where, cut_part *out)
{
    joining j = {
        .c = c, .scope = scope, .node = node, .side = { { .part = left }, { .part = right } }
    };
    cut_join *join;
    sm_stage *s;

    *out = (cut_part){ .node = node };
    if (!kind_of(&j)) {
        sm_cut__refuse(c, "SM0517", node, "this kind of join of two streams is not supported");
        sm_cut__hint(c, "Write JOIN … ON, with LEFT, RIGHT, FULL, SEMI or ANTI where you need it.");
        return;
    }
    judge_mode(&j);
    if (sm_cut__over(c) || !open_side(&j, 0) || !open_side(&j, 1))
        return;
    take_conditions(&j, where);
    judge_bounds(&j);
    if (sm_cut__over(c))
        return;
    leave_unread(&j, &j.side[0]);
    leave_unread(&j, &j.side[1]);
    out->flow = flow_above(&j);
    s = sm_cut__stage(c, SM_STAGE_JOIN, &out->flow);
    s->join = j.kind;
    fill_side(&j, 0, &s->left);
    fill_side(&j, 1, &s->right);
    s->fingerprint = meaning(&j);
    add_relations(&j, s);
    join = pieces_of(&j, s);
    if (j.side[0].preserved || j.kind == SM_STAGE_SEMI)
        s->match_left = match_text(&j, s, 0);
    if (j.side[1].preserved)
        s->match_right = match_text(&j, s, 1);
    for (int i = 0; i < 2; i++) {
        if (j.side[i].final && j.side[i].behind_us > 0)
            out->flow.lag_us = greater(out->flow.lag_us, s->lag_us + j.side[i].behind_us);
    }
    out->node = join->node;
    out->join = join;
}
