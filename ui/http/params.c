/* SPDX-License-Identifier: Apache-2.0 */
/* params.c -- values against the list of parameters of a route. */
#include "ui/http/routes.h"

static const sm_param *find(const sm_param *list, sm_sv name)
{
    for (const sm_param *p = list; p != NULL && p->name != NULL; p++)
        if (sm_sv_eq_str(name, p->name))
            return p;
    return NULL;
}

#define WHOLE_MAX 9007199254740991.0 /* a double has no more whole numbers */

static bool is_word(const char *words, sm_sv value)
{
    sm_sv rest = sm_sv_cstr(words), word;

    while (sm_sv_next(&rest, ' ', &word))
        if (sm_sv_eq(word, value))
            return true;
    return false;
}

static sm_code check_int(const sm_param *p, bool is_int, int64_t v, sm_error *err)
{
    if (is_int && v >= p->min && v <= p->max)
        return SM_OK;
    if (p->max == INT64_MAX)
        return sm_fail(err, SM_E_INVALID, 0, "\"%s\" is a whole number from %lld on", p->name,
                       (long long)p->min);
    return sm_fail(err, SM_E_INVALID, 0, "\"%s\" is a whole number from %lld to %lld", p->name,
                   (long long)p->min, (long long)p->max);
}

static sm_code check_text(const sm_param *p, sm_sv value, sm_error *err)
{
    if (value.len < (size_t)p->min)
        return sm_fail(err, SM_E_INVALID, 0, "\"%s\" has fewer than %lld bytes", p->name,
                       (long long)p->min);
    if (value.len > (size_t)p->max)
        return sm_fail(err, SM_E_INVALID, 0, "\"%s\" has more than %lld bytes", p->name,
                       (long long)p->max);
    return SM_OK;
}

static sm_code check_word(const sm_param *p, sm_sv value, sm_error *err)
{
    if (is_word(p->words, value))
        return SM_OK;
    return sm_fail(err, SM_E_INVALID, 0, "\"%s\" is one of: %s", p->name, p->words);
}

static sm_code check_value(const sm_param *p, sm_sv value, sm_error *err)
{
    int64_t number = 0;
    bool is_int;

    switch (p->type) {
    case SM_PARAM_TEXT:
        return check_text(p, value, err);
    case SM_PARAM_INT:
        is_int = sm_sv_to_int64(value, &number);
        return check_int(p, is_int, number, err);
    case SM_PARAM_BOOL:
        if (sm_sv_eq_str(value, "true") || sm_sv_eq_str(value, "false"))
            return SM_OK;
        return sm_fail(err, SM_E_INVALID, 0, "\"%s\" is true or false", p->name);
    case SM_PARAM_WORD:
        return check_word(p, value, err);
    }
    return SM_OK;
}

sm_code sm_params_check_query(const sm_param *list, const sm_uri *u, sm_error *err)
{
    for (size_t i = 0; i < u->n_pairs; i++) {
        const sm_param *p = find(list, u->pairs[i].name);
        sm_code rc;

        if (p == NULL)
            return sm_fail(err, SM_E_INVALID, 0, "there is no parameter \"%.*s\" here",
                           SM_SV_ARG(u->pairs[i].name));
        if ((rc = check_value(p, u->pairs[i].value, err)) != SM_OK)
            return rc;
    }
    for (const sm_param *p = list; p != NULL && p->name != NULL; p++)
        if (p->required && sm_uri_get(u, sm_sv_cstr(p->name)) == NULL)
            return sm_fail(err, SM_E_INVALID, 0, "the parameter \"%s\" is missing", p->name);
    return SM_OK;
}

/* ---- bodies -------------------------------------------------------------------------- */

/* How deep brackets are nested outside of texts: looked at before parsing, which recurses. */
static bool deeper_than(sm_sv text, size_t depth)
{
    size_t now = 0;
    bool quoted = false;

    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];

        if (quoted && c == '\\')
            i++;
        else if (c == '"')
            quoted = !quoted;
        else if (!quoted && (c == '[' || c == '{') && ++now > depth)
            return true;
        else if (!quoted && (c == ']' || c == '}') && now > 0)
            now--;
    }
    return false;
}

/* 12.0 is a whole number to JSON, and so it is to JSON Schema. */
static sm_json *with_whole_numbers(const sm_json *body, sm_arena *a)
{
    sm_json *out = sm_json_object(a);

    for (sm_json_iter it = sm_json_first(body); sm_json_valid(&it); sm_json_next(&it)) {
        double v = sm_json_real_value(it.value);
        bool whole = sm_json_is_real(it.value) && v >= -WHOLE_MAX && v <= WHOLE_MAX &&
                     v == (double)(int64_t)v;

        sm_json_set_sv(out, it.key, whole ? sm_json_int(a, (int64_t)v) : it.value);
    }
    return out;
}

static sm_code check_field(const sm_param *p, const sm_json *v, sm_error *err)
{
    switch (p->type) {
    case SM_PARAM_TEXT:
        if (!sm_json_is_string(v))
            return sm_fail(err, SM_E_INVALID, 0, "\"%s\" is a text", p->name);
        return check_text(p, sm_json_sv(v), err);
    case SM_PARAM_INT:
        return check_int(p, sm_json_is_int(v), sm_json_int_value(v), err);
    case SM_PARAM_BOOL:
        if (sm_json_is_bool(v))
            return SM_OK;
        return sm_fail(err, SM_E_INVALID, 0, "\"%s\" is true or false", p->name);
    case SM_PARAM_WORD:
        return check_word(p, sm_json_sv(v), err);
    }
    return SM_OK;
}

static sm_code check_body(const sm_param *list, const sm_json *body, sm_error *err)
{
    if (!sm_json_is_object(body))
        return sm_fail(err, SM_E_INVALID, 0, "the body is no JSON object");
    for (sm_json_iter it = sm_json_first(body); sm_json_valid(&it); sm_json_next(&it)) {
        const sm_param *p = find(list, it.key);
        sm_code rc;

        if (p == NULL)
            return sm_fail(err, SM_E_INVALID, 0, "there is no field \"%.*s\" here",
                           SM_SV_ARG(it.key));
        if ((rc = check_field(p, it.value, err)) != SM_OK)
            return rc;
    }
    for (const sm_param *p = list; p != NULL && p->name != NULL; p++)
        if (p->required && sm_json_get(body, p->name) == NULL)
            return sm_fail(err, SM_E_INVALID, 0, "the field \"%s\" is missing", p->name);
    return SM_OK;
}

sm_code sm_params_parse_body(const sm_param *list, sm_sv text, size_t depth, sm_arena *a,
                             const sm_json **out, sm_error *err)
{
    sm_json *body = NULL;
    sm_code rc;

    if (deeper_than(text, depth))
        return sm_fail(err, SM_E_INVALID, 0, "the body is nested deeper than %zu", depth);
    if (text.len == 0)
        body = sm_json_object(a);
    else if ((rc = sm_json_parse(text, a, &body, err)) != SM_OK)
        return sm_wrap(err, "the body");
    if (sm_json_is_object(body))
        body = with_whole_numbers(body, a);
    *out = body;
    return check_body(list, body, err);
}
