/* SPDX-License-Identifier: Apache-2.0 */
/* json.c -- values of jansson whose references an arena holds.
 *
 * A sm_json is a json_t seen through an opaque name.  The arena keeps one reference to
 * each value made in it and drops it at reset; containers hold their own. */
#include "runtime/base/json.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>

static json_t *raw(const sm_json *j)
{
    return (json_t *)(uintptr_t)j;
}

static void drop(void *value)
{
    json_decref(value);
}

static sm_json *keep(sm_arena *a, json_t *value)
{
    if (value == NULL)
        abort(); /* jansson fails only without memory here */
    sm_arena_defer(a, drop, value);
    return (sm_json *)(void *)value;
}

/* ---- make ------------------------------------------------------------------------ */

sm_json *sm_json_object(sm_arena *a)
{
    return keep(a, json_object());
}

sm_json *sm_json_array(sm_arena *a)
{
    return keep(a, json_array());
}

/* Text that JSON can hold: UTF-8 without NUL. */
static bool is_clean(sm_sv s)
{
    return sm_utf8_check(s) == s.len && sm_sv_find_char(s, '\0') < 0;
}

/* `s` with every byte that is no UTF-8 replaced by U+FFFD, and NUL too. */
static void add_clean(sm_buf *b, sm_sv s)
{
    for (size_t at = 0; at < s.len;) {
        size_t n = sm_utf8_len(s, at);

        if (n == 0 || s.ptr[at] == '\0')
            sm_buf_adds(b, "\xEF\xBF\xBD");
        else
            sm_buf_add(b, sm_sv_sub(s, at, n));
        at += n == 0 ? 1 : n;
    }
}

static json_t *string_value(sm_sv s)
{
    sm_buf b;
    json_t *j;

    if (is_clean(s))
        return json_stringn_nocheck(s.len == 0 ? "" : s.ptr, s.len);
    sm_buf_init(&b, s.len * 3);
    add_clean(&b, s);
    j = json_stringn_nocheck(b.ptr, b.len);
    sm_buf_release(&b);
    return j;
}

sm_json *sm_json_string(sm_arena *a, sm_sv s)
{
    return keep(a, string_value(s));
}

sm_json *sm_json_int(sm_arena *a, int64_t v)
{
    return keep(a, json_integer(v));
}

sm_json *sm_json_real(sm_arena *a, double v)
{
    return isfinite(v) ? keep(a, json_real(v)) : sm_json_null(a);
}

sm_json *sm_json_bool(sm_arena *a, bool v)
{
    return keep(a, json_boolean(v));
}

sm_json *sm_json_null(sm_arena *a)
{
    return keep(a, json_null());
}

sm_json *sm_json_copy(sm_arena *a, const sm_json *j)
{
    return j == NULL ? sm_json_null(a) : keep(a, json_deep_copy(raw(j)));
}

/* ---- change ---------------------------------------------------------------------- */

static json_t *value_or_null(const sm_json *v)
{
    return v == NULL ? json_null() : json_incref(raw(v));
}

/* Steals `v`. */
static void set_new(sm_json *o, sm_sv key, json_t *v)
{
    sm_buf b;

    if (is_clean(key)) {
        json_object_setn_new_nocheck(raw(o), key.len == 0 ? "" : key.ptr, key.len, v);
        return;
    }
    sm_buf_init(&b, key.len * 3);
    add_clean(&b, key);
    json_object_setn_new_nocheck(raw(o), b.ptr, b.len, v);
    sm_buf_release(&b);
}

void sm_json_set(sm_json *o, const char *key, const sm_json *v)
{
    set_new(o, sm_sv_cstr(key), value_or_null(v));
}

void sm_json_set_sv(sm_json *o, sm_sv key, const sm_json *v)
{
    set_new(o, key, value_or_null(v));
}

void sm_json_set_string(sm_json *o, const char *key, sm_sv v)
{
    set_new(o, sm_sv_cstr(key), string_value(v));
}

void sm_json_set_int(sm_json *o, const char *key, int64_t v)
{
    set_new(o, sm_sv_cstr(key), json_integer(v));
}

void sm_json_set_real(sm_json *o, const char *key, double v)
{
    set_new(o, sm_sv_cstr(key), isfinite(v) ? json_real(v) : json_null());
}

void sm_json_set_bool(sm_json *o, const char *key, bool v)
{
    set_new(o, sm_sv_cstr(key), json_boolean(v));
}

void sm_json_remove(sm_json *o, const char *key)
{
    json_object_del(raw(o), key);
}

void sm_json_append(sm_json *array, const sm_json *v)
{
    json_array_append_new(raw(array), value_or_null(v));
}

void sm_json_append_string(sm_json *array, sm_sv v)
{
    json_array_append_new(raw(array), string_value(v));
}

/* ---- look ------------------------------------------------------------------------ */

bool sm_json_is_object(const sm_json *j)
{
    return json_is_object(raw(j));
}

bool sm_json_is_array(const sm_json *j)
{
    return json_is_array(raw(j));
}

bool sm_json_is_string(const sm_json *j)
{
    return json_is_string(raw(j));
}

bool sm_json_is_int(const sm_json *j)
{
    return json_is_integer(raw(j));
}

bool sm_json_is_real(const sm_json *j)
{
    return json_is_real(raw(j));
}

bool sm_json_is_number(const sm_json *j)
{
    return json_is_number(raw(j));
}

bool sm_json_is_bool(const sm_json *j)
{
    return json_is_boolean(raw(j));
}

bool sm_json_is_null(const sm_json *j)
{
    return j == NULL || json_is_null(raw(j));
}

size_t sm_json_len(const sm_json *j)
{
    return json_is_array(raw(j)) ? json_array_size(raw(j)) : json_object_size(raw(j));
}

const sm_json *sm_json_at(const sm_json *array, size_t i)
{
    return (const sm_json *)(void *)json_array_get(raw(array), i);
}

const sm_json *sm_json_get(const sm_json *o, const char *key)
{
    return sm_json_get_mut((sm_json *)(void *)raw(o), key);
}

const sm_json *sm_json_get_by(const sm_json *o, sm_sv key)
{
    return (const sm_json *)(void *)json_object_getn(raw(o), key.len == 0 ? "" : key.ptr, key.len);
}

sm_json *sm_json_get_mut(sm_json *o, const char *key)
{
    return (sm_json *)(void *)json_object_get(raw(o), key);
}

sm_json *sm_json_at_mut(sm_json *array, size_t i)
{
    return (sm_json *)(void *)json_array_get(raw(array), i);
}

sm_sv sm_json_sv(const sm_json *j)
{
    if (!json_is_string(raw(j)))
        return SM_SV("");
    return (sm_sv){ json_string_value(raw(j)), json_string_length(raw(j)) };
}

int64_t sm_json_int_value(const sm_json *j)
{
    double v = json_real_value(raw(j));

    if (!json_is_real(raw(j)))
        return json_integer_value(raw(j));
    if (v >= 9223372036854775807.0)
        return INT64_MAX;
    return v <= -9223372036854775808.0 ? INT64_MIN : (int64_t)v;
}

double sm_json_real_value(const sm_json *j)
{
    return json_number_value(raw(j));
}

bool sm_json_bool_value(const sm_json *j)
{
    return json_is_true(raw(j));
}

sm_sv sm_json_get_sv(const sm_json *o, const char *key, sm_sv fallback)
{
    const sm_json *v = sm_json_get(o, key);

    return sm_json_is_string(v) ? sm_json_sv(v) : fallback;
}

int64_t sm_json_get_int(const sm_json *o, const char *key, int64_t fallback)
{
    const sm_json *v = sm_json_get(o, key);

    return sm_json_is_number(v) ? sm_json_int_value(v) : fallback;
}

double sm_json_get_real(const sm_json *o, const char *key, double fallback)
{
    const sm_json *v = sm_json_get(o, key);

    return sm_json_is_number(v) ? sm_json_real_value(v) : fallback;
}

bool sm_json_get_bool(const sm_json *o, const char *key, bool fallback)
{
    const sm_json *v = sm_json_get(o, key);

    return sm_json_is_bool(v) ? sm_json_bool_value(v) : fallback;
}

bool sm_json_equal(const sm_json *x, const sm_json *y)
{
    if (sm_json_is_null(x) || sm_json_is_null(y))
        return sm_json_is_null(x) && sm_json_is_null(y);
    return json_equal(raw(x), raw(y)) != 0;
}

static void iter_load(sm_json_iter *it)
{
    if (it->at == NULL)
        return;
    it->key = (sm_sv){ json_object_iter_key(it->at), json_object_iter_key_len(it->at) };
    it->value = (const sm_json *)(void *)json_object_iter_value(it->at);
}

sm_json_iter sm_json_first(const sm_json *o)
{
    sm_json_iter it = { .object = o, .at = json_object_iter(raw(o)) };

    iter_load(&it);
    return it;
}

bool sm_json_valid(const sm_json_iter *it)
{
    return it->at != NULL;
}

void sm_json_next(sm_json_iter *it)
{
    it->at = json_object_iter_next(raw(it->object), it->at);
    iter_load(it);
}

/* ---- text ------------------------------------------------------------------------ */

/* Recursion, here and in everything that walks a tree later, is bounded before it begins. */
static bool too_deep(sm_sv text)
{
    size_t depth = 0;
    bool quoted = false;

    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];

        if (quoted && c == '\\')
            i++;
        else if (c == '"')
            quoted = !quoted;
        else if (!quoted && (c == '[' || c == '{') && ++depth > SM_JSON_MAX_DEPTH)
            return true;
        else if (!quoted && (c == ']' || c == '}') && depth > 0)
            depth--;
    }
    return false;
}

static sm_code parse(sm_sv text, size_t flags, sm_arena *a, sm_json **out, sm_error *err)
{
    json_error_t why;
    json_t *j;

    *out = NULL;
    if (too_deep(text))
        return sm_fail(err, SM_E_INVALID, 0, "nested deeper than %d", SM_JSON_MAX_DEPTH);
    j = json_loadb(text.len == 0 ? "" : text.ptr, text.len,
                   JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | flags, &why);
    if (j == NULL)
        return sm_fail(err, SM_E_INVALID, 0, "line %d, column %d: %s", why.line, why.column,
                       why.text);
    *out = keep(a, j);
    return SM_OK;
}

sm_code sm_json_parse(sm_sv text, sm_arena *a, sm_json **out, sm_error *err)
{
    return parse(text, 0, a, out, err);
}

sm_code sm_json_parse_reals(sm_sv text, sm_arena *a, sm_json **out, sm_error *err)
{
    return parse(text, JSON_DECODE_INT_AS_REAL, a, out, err);
}
