/* SPDX-License-Identifier: Apache-2.0 */
/* plan_json_stage.c -- the stages of a flow as data, and back: all of sql_stage.h.
 *
 *     {"kind":"aggregate", "name":"aggregate_1", "relation":"_smelt_st_0", "rows":"SELECT …",
 *      "columns":[…], "hidden":1, "late_by":"_smelt_t", "final_by":"_smelt_t", "out":[…],
 *      "watermarked":true, "fingerprint":…, "mode":"append", "n_keys":1, "labels":[…],
 *      "partials":[{"fold":…,"merge":…}], "values":[{"final":…,"text":…}]}
 *
 * What a kind has not, and what is empty, 0 or false, is not written.
 */
#include "pipelines/plan/plan_int.h"

static const char *const kinds[] = {
    "watermark", "aggregate", "session", "dedup", "join", "limit"
};
static const char *const modes[] = { "append", "update", "complete" };
static const char *const joins[] = { "inner", "left", "right", "full", "semi", "anti" };

/* ---- writing ----------------------------------------------------------------------- */

static void put_text(sm_json *o, const char *key, sm_sv text)
{
    if (text.len > 0)
        sm_json_set_string(o, key, text);
}

static void put_int(sm_json *o, const char *key, int64_t v)
{
    if (v != 0)
        sm_json_set_int(o, key, v);
}

static void put_bool(sm_json *o, const char *key, bool v)
{
    if (v)
        sm_json_set_bool(o, key, true);
}

static void put_schema(sm_json *o, const char *key, const sm_schema *s, sm_arena *a)
{
    if (s->n > 0)
        sm_json_set(o, key, sm_schema_to_json(s, a));
}

static void put_texts(sm_json *o, const char *key, const sm_sv *items, size_t n, sm_arena *a)
{
    sm_json *array = sm_json_array(a);

    for (size_t i = 0; i < n; i++)
        sm_json_append_string(array, items[i]);
    if (n > 0)
        sm_json_set(o, key, array);
}

/* An object of two texts. */
static sm_json *two(sm_arena *a, const char *x, sm_sv x_text, const char *y, sm_sv y_text)
{
    sm_json *o = sm_json_object(a);

    sm_json_set_string(o, x, x_text);
    sm_json_set_string(o, y, y_text);
    return o;
}

static void put_watermark(sm_json *o, const sm_stage *s)
{
    put_text(o, "of", s->of);
    put_text(o, "time_column", s->time_column);
    put_bool(o, "whole_input", s->whole_input);
    sm_json_set_int(o, "delay_us", s->delay_us);
    put_int(o, "idle_us", s->idle_us);
    if (s->max_future_us >= 0)
        sm_json_set_int(o, "max_future_us", s->max_future_us);
}

static void put_grouping(sm_json *o, const sm_stage *s, sm_arena *a)
{
    sm_json *partials = sm_json_array(a), *values = sm_json_array(a);

    sm_json_set_string(o, "mode", sm_sv_cstr(modes[s->mode]));
    put_int(o, "n_keys", (int64_t)s->n_keys);
    put_texts(o, "labels", s->labels, s->n_keys + s->n_args, a);
    put_bool(o, "keeps_rows", s->keeps_rows);
    for (size_t i = 0; i < s->n_partials; i++)
        sm_json_append(partials,
                       two(a, "fold", s->partials[i].fold, "merge", s->partials[i].merge));
    for (size_t i = 0; i < s->n_values; i++)
        sm_json_append(values, two(a, "final", s->values[i].final, "text", s->values[i].text));
    if (s->n_partials > 0)
        sm_json_set(o, "partials", partials);
    if (s->n_values > 0)
        sm_json_set(o, "values", values);
}

static sm_json *side_json(const sm_stage_side *side, sm_arena *a)
{
    sm_json *o = sm_json_object(a);

    sm_json_set_string(o, "rows", side->rows);
    put_schema(o, "columns", &side->schema, a);
    put_int(o, "hidden", (int64_t)side->n_hidden);
    put_text(o, "late_by", side->late_by);
    put_text(o, "final_by", side->final_by);
    put_text(o, "ok_by", side->ok_by);
    put_bool(o, "preserved", side->preserved);
    put_text(o, "whole", side->whole);
    put_texts(o, "origins", side->origins, side->n_origins, a);
    put_texts(o, "unread", side->unread, side->n_unread, a);
    return o;
}

static void put_join(sm_json *o, const sm_stage *s, sm_arena *a)
{
    sm_json_set_string(o, "join", sm_sv_cstr(joins[s->join]));
    sm_json_set(o, "left", side_json(&s->left, a));
    sm_json_set(o, "right", side_json(&s->right, a));
    put_text(o, "match_left", s->match_left);
    put_text(o, "match_right", s->match_right);
}

static sm_json *stage_json(const sm_stage *s, sm_arena *a)
{
    sm_json *o = sm_json_object(a);

    sm_json_set_string(o, "kind", sm_sv_cstr(kinds[s->kind]));
    put_text(o, "name", s->name);
    put_text(o, "relation", s->relation);
    put_text(o, "rows", s->rows);
    put_schema(o, "columns", &s->schema, a);
    put_int(o, "hidden", (int64_t)s->n_hidden);
    put_text(o, "late_by", s->late_by);
    put_text(o, "final_by", s->final_by);
    put_schema(o, "out", &s->out, a);
    put_bool(o, "read_once", s->read_once);
    put_bool(o, "ordered", s->ordered);
    put_bool(o, "watermarked", s->watermarked);
    put_int(o, "lag_us", s->lag_us);
    put_text(o, "fingerprint", s->fingerprint);
    put_text(o, "whole", s->whole);
    switch (s->kind) {
    case SM_STAGE_WATERMARK:
        put_watermark(o, s);
        break;
    case SM_STAGE_AGGREGATE:
    case SM_STAGE_SESSION:
        put_grouping(o, s, a);
        break;
    case SM_STAGE_DEDUP:
        put_texts(o, "keys", s->columns, s->n_columns, a);
        put_int(o, "delay_us", s->delay_us);
        break;
    case SM_STAGE_LIMIT:
        sm_json_set_int(o, "limit", s->limit);
        break;
    case SM_STAGE_JOIN:
        put_join(o, s, a);
        break;
    }
    return o;
}

sm_json *sm_plan__stages_json(const sm_stage *stages, size_t n, sm_arena *a)
{
    sm_json *array = sm_json_array(a);

    for (size_t i = 0; i < n; i++)
        sm_json_append(array, stage_json(&stages[i], a));
    return array;
}

/* ---- reading ----------------------------------------------------------------------- */

typedef struct reader {
    sm_arena *a;
    sm_error *err;
    sm_code rc; /* the first failure; what follows does nothing */
} reader;

static void fail(reader *r, const char *what)
{
    if (r->rc == SM_OK)
        r->rc =
            sm_fail(r->err, SM_E_CORRUPT, 0, "the plan is damaged: a stage has no good %s", what);
}

static sm_sv take_text(reader *r, const sm_json *o, const char *key)
{
    return sm_arena_dup(r->a, sm_json_get_sv(o, key, SM_SV("")));
}

static size_t take_count(reader *r, const sm_json *o, const char *key)
{
    int64_t n = sm_json_get_int(o, key, 0);

    if (n < 0)
        fail(r, key);
    return n < 0 ? 0 : (size_t)n;
}

static int take_word(reader *r, const sm_json *o, const char *key, const char *const *words, int n)
{
    sm_sv word = sm_json_get_sv(o, key, SM_SV(""));

    for (int i = 0; i < n; i++)
        if (sm_sv_eq_str(word, words[i]))
            return i;
    fail(r, key);
    return 0;
}

/* Columns, of which the last `hidden` are ours. */
static void take_schema(reader *r, const sm_json *o, const char *key, size_t hidden, sm_schema *out)
{
    const sm_json *columns = sm_json_get(o, key);

    if (r->rc == SM_OK && columns)
        r->rc = sm_schema_from_json(columns, r->a, out, r->err);
    if (hidden > out->n)
        fail(r, "hidden");
}

static const sm_sv *take_texts(reader *r, const sm_json *o, const char *key, size_t *n)
{
    const sm_json *array = sm_json_get(o, key);
    sm_sv *items;

    *n = sm_json_is_array(array) ? sm_json_len(array) : 0;
    items = SM_NEW_N(r->a, sm_sv, *n + 1);
    for (size_t i = 0; i < *n; i++)
        items[i] = sm_arena_dup(r->a, sm_json_sv(sm_json_at(array, i)));
    return items;
}

static void read_grouping(reader *r, const sm_json *o, sm_stage *s)
{
    const sm_json *partials = sm_json_get(o, "partials"), *values = sm_json_get(o, "values");
    sm_stage_partial *p = SM_NEW_N(r->a, sm_stage_partial, sm_json_len(partials) + 1);
    sm_stage_value *v = SM_NEW_N(r->a, sm_stage_value, sm_json_len(values) + 1);
    size_t labels;

    s->mode = (sm_stage_mode)take_word(r, o, "mode", modes, 3);
    s->n_keys = take_count(r, o, "n_keys");
    s->labels = take_texts(r, o, "labels", &labels);
    if (labels < s->n_keys)
        fail(r, "labels");
    s->n_args = labels < s->n_keys ? 0 : labels - s->n_keys;
    s->keeps_rows = sm_json_get_bool(o, "keeps_rows", false);
    for (size_t i = 0; i < sm_json_len(partials); i++)
        p[i] = (sm_stage_partial){ take_text(r, sm_json_at(partials, i), "fold"),
                                   take_text(r, sm_json_at(partials, i), "merge") };
    for (size_t i = 0; i < sm_json_len(values); i++)
        v[i] = (sm_stage_value){ take_text(r, sm_json_at(values, i), "final"),
                                 take_text(r, sm_json_at(values, i), "text") };
    s->partials = p;
    s->n_partials = sm_json_len(partials);
    s->values = v;
    s->n_values = sm_json_len(values);
}

static void read_side(reader *r, const sm_json *o, sm_stage_side *side)
{
    *side = (sm_stage_side){
        .rows = take_text(r, o, "rows"),
        .n_hidden = take_count(r, o, "hidden"),
        .late_by = take_text(r, o, "late_by"),
        .final_by = take_text(r, o, "final_by"),
        .ok_by = take_text(r, o, "ok_by"),
        .preserved = sm_json_get_bool(o, "preserved", false),
    };
    take_schema(r, o, "columns", side->n_hidden, &side->schema);
    side->whole = take_text(r, o, "whole");
    side->origins = take_texts(r, o, "origins", &side->n_origins);
    side->unread = take_texts(r, o, "unread", &side->n_unread);
}

static void read_kind(reader *r, const sm_json *o, sm_stage *s)
{
    switch (s->kind) {
    case SM_STAGE_WATERMARK:
        s->of = take_text(r, o, "of");
        s->time_column = take_text(r, o, "time_column");
        s->whole_input = sm_json_get_bool(o, "whole_input", false);
        s->delay_us = sm_json_get_int(o, "delay_us", 0);
        s->idle_us = sm_json_get_int(o, "idle_us", 0);
        s->max_future_us = sm_json_get_int(o, "max_future_us", -1);
        break;
    case SM_STAGE_AGGREGATE:
    case SM_STAGE_SESSION:
        read_grouping(r, o, s);
        break;
    case SM_STAGE_DEDUP:
        s->columns = take_texts(r, o, "keys", &s->n_columns);
        s->delay_us = sm_json_get_int(o, "delay_us", 0);
        break;
    case SM_STAGE_LIMIT:
        s->limit = sm_json_get_int(o, "limit", 0);
        break;
    case SM_STAGE_JOIN:
        s->join = (sm_stage_join)take_word(r, o, "join", joins, 6);
        read_side(r, sm_json_get(o, "left"), &s->left);
        read_side(r, sm_json_get(o, "right"), &s->right);
        s->match_left = take_text(r, o, "match_left");
        s->match_right = take_text(r, o, "match_right");
        break;
    }
}

static void read_stage(reader *r, const sm_json *o, sm_stage *s)
{
    *s = (sm_stage){
        .kind = (sm_stage_kind)take_word(r, o, "kind", kinds, 6),
        .name = take_text(r, o, "name"),
        .relation = take_text(r, o, "relation"),
        .rows = take_text(r, o, "rows"),
        .n_hidden = take_count(r, o, "hidden"),
        .late_by = take_text(r, o, "late_by"),
        .final_by = take_text(r, o, "final_by"),
        .read_once = sm_json_get_bool(o, "read_once", false),
        .ordered = sm_json_get_bool(o, "ordered", false),
        .watermarked = sm_json_get_bool(o, "watermarked", false),
        .lag_us = sm_json_get_int(o, "lag_us", 0),
        .fingerprint = take_text(r, o, "fingerprint"),
        .whole = take_text(r, o, "whole"),
    };
    take_schema(r, o, "columns", s->n_hidden, &s->schema);
    take_schema(r, o, "out", 0, &s->out);
    read_kind(r, o, s);
}

sm_code sm_plan__stages_from_json(const sm_json *array, sm_arena *a, const sm_stage **out,
                                  size_t *n_out, sm_error *err)
{
    reader r = { .a = a, .err = err, .rc = SM_OK };
    size_t n = sm_json_is_array(array) ? sm_json_len(array) : 0;
    sm_stage *stages = SM_NEW_N(a, sm_stage, n + 1);

    for (size_t i = 0; i < n; i++)
        read_stage(&r, sm_json_at(array, i), &stages[i]);
    *out = stages;
    *n_out = n;
    return r.rc;
}
