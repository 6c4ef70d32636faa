/* SPDX-License-Identifier: Apache-2.0 */
/* option.c -- check values against rows, and fill structs through them. */
#include "runtime/base/option.h"

#include <assert.h>
#include <stdio.h>

#include "runtime/base/clock.h"

const sm_option *sm_option_find(const sm_option *options, sm_sv name)
{
    for (; options != NULL && options->name != NULL; options++)
        if (sm_sv_eq_str(name, options->name))
            return options;
    return NULL;
}

const char *sm_type_name(sm_type type)
{
    switch (type) {
    case SM_TYPE_STRING:
        return "a text";
    case SM_TYPE_BOOL:
        return "true or false";
    case SM_TYPE_INT:
        return "a whole number";
    case SM_TYPE_SIZE:
        return "a size such as 64MiB";
    case SM_TYPE_TIME:
        return "a duration such as 10s";
    case SM_TYPE_DOUBLE:
        return "a number";
    case SM_TYPE_ENUM:
        return "one of the words of the list";
    case SM_TYPE_LIST:
        return "a list of texts";
    case SM_TYPE_MAP:
        return "a map";
    case SM_TYPE_WORD:
        return "a text or a map";
    }
    return "";
}

static sm_code wrong_type(const sm_option *o, sm_error *err)
{
    return sm_fail(err, SM_E_INVALID, 0, "expected %s", sm_type_name(o->type));
}

static sm_code check_range(const sm_option *o, int64_t v, sm_error *err)
{
    if ((o->min == 0 && o->max == 0) || (v >= o->min && v <= o->max))
        return SM_OK;
    return sm_fail(err, SM_E_INVALID, 0, "%lld is not between %lld and %lld", (long long)v,
                   (long long)o->min, (long long)o->max);
}

/* A whole number, given as one or (sizes, durations) as text with a unit. */
static sm_code check_number(const sm_option *o, const sm_json *value, sm_arena *a, sm_json **out,
                            sm_error *err)
{
    int64_t v = sm_json_int_value(value);
    sm_code rc = SM_OK;

    if (sm_json_is_string(value) && o->type == SM_TYPE_SIZE)
        rc = sm_parse_size(sm_json_sv(value), &v, err);
    else if (sm_json_is_string(value) && o->type == SM_TYPE_TIME)
        rc = sm_parse_duration(sm_json_sv(value), &v, err);
    else if (!sm_json_is_int(value))
        return wrong_type(o, err);
    if (rc == SM_OK)
        rc = check_range(o, v, err);
    if (rc == SM_OK)
        *out = sm_json_int(a, v);
    return rc;
}

static sm_code check_choice(const sm_option *o, const sm_json *value, sm_arena *a, sm_json **out,
                            sm_error *err)
{
    sm_buf all;
    sm_code rc;

    sm_buf_init(&all, 400);
    for (size_t i = 0; o->choices[i] != NULL; i++) {
        if (sm_json_is_string(value) && sm_sv_eq_str(sm_json_sv(value), o->choices[i])) {
            *out = sm_json_string(a, sm_json_sv(value));
            sm_buf_release(&all);
            return SM_OK;
        }
        sm_buf_addf(&all, "%s%s", i == 0 ? "" : ", ", o->choices[i]);
    }
    rc = sm_fail(err, SM_E_INVALID, 0, "expected one of %s", all.ptr);
    sm_buf_release(&all);
    return rc;
}

static sm_code check_list(const sm_option *o, const sm_json *value, sm_arena *a, sm_json **out,
                          sm_error *err)
{
    if (!sm_json_is_array(value))
        return wrong_type(o, err);
    for (size_t i = 0; i < sm_json_len(value); i++)
        if (!sm_json_is_string(sm_json_at(value, i)))
            return wrong_type(o, err);
    *out = sm_json_copy(a, value);
    return SM_OK;
}

sm_code sm_option_check(const sm_option *o, const sm_json *value, sm_arena *a, sm_json **out,
                        sm_error *err)
{
    switch (o->type) {
    case SM_TYPE_INT:
    case SM_TYPE_SIZE:
    case SM_TYPE_TIME:
        return check_number(o, value, a, out, err);
    case SM_TYPE_ENUM:
        return check_choice(o, value, a, out, err);
    case SM_TYPE_LIST:
        return check_list(o, value, a, out, err);
    case SM_TYPE_STRING:
    case SM_TYPE_WORD:
        if (!sm_json_is_string(value) && (o->type == SM_TYPE_STRING || !sm_json_is_object(value)))
            return wrong_type(o, err);
        if (sm_json_is_string(value) && o->check != NULL &&
            o->check(sm_json_sv(value), err) != SM_OK)
            return err->code;
        break;
    case SM_TYPE_BOOL:
        if (!sm_json_is_bool(value))
            return wrong_type(o, err);
        break;
    case SM_TYPE_DOUBLE:
        if (!sm_json_is_number(value))
            return wrong_type(o, err);
        break;
    case SM_TYPE_MAP:
        if (!sm_json_is_object(value))
            return wrong_type(o, err);
        break;
    }
    *out = sm_json_copy(a, value);
    return SM_OK;
}

/* The default as a JSON value: the YAML texts of the tables are scalars or "[]" and "{}". */
static sm_json *fallback_value(const sm_option *o, sm_arena *a)
{
    sm_sv text = sm_sv_cstr(o->fallback);
    int64_t i;
    double d;

    switch (o->type) {
    case SM_TYPE_BOOL:
        return sm_json_bool(a, sm_sv_eq_str(text, "true"));
    case SM_TYPE_INT:
        return sm_json_int(a, sm_sv_to_int64(text, &i) ? i : 0);
    case SM_TYPE_DOUBLE:
        return sm_json_real(a, sm_sv_to_double(text, &d) ? d : 0);
    case SM_TYPE_LIST:
        return sm_json_array(a);
    case SM_TYPE_MAP:
        return sm_json_object(a);
    case SM_TYPE_STRING:
    case SM_TYPE_SIZE:
    case SM_TYPE_TIME:
    case SM_TYPE_ENUM:
    case SM_TYPE_WORD:
        break;
    }
    return sm_json_string(a, text);
}

sm_json *sm_option_default(const sm_option *o, sm_arena *a)
{
    sm_json *out = NULL;
    sm_error err;
    sm_code rc;

    if (o->fallback == NULL)
        return NULL;
    rc = sm_option_check(o, fallback_value(o, a), a, &out, &err);
    assert(rc == SM_OK); /* the tables are right */
    (void)rc;
    return out;
}

static void store_list(const sm_json *value, sm_arena *a, sm_sv_list *list)
{
    list->n = sm_json_len(value);
    list->items = SM_NEW_N(a, sm_sv, list->n + 1);
    for (size_t i = 0; i < list->n; i++)
        list->items[i] = sm_arena_dup(a, sm_json_sv(sm_json_at(value, i)));
}

static int choice_index(const sm_option *o, sm_sv word)
{
    int i = 0;

    while (!sm_sv_eq_str(word, o->choices[i]))
        i++;
    return i;
}

static void store_value(const sm_option *o, const sm_json *value, void *config, sm_arena *a)
{
    char *at = (char *)config + o->offset;

    switch (o->type) {
    case SM_TYPE_STRING:
        *(sm_sv *)(void *)at = sm_arena_dup(a, sm_json_sv(value));
        break;
    case SM_TYPE_BOOL:
        *(bool *)(void *)at = sm_json_bool_value(value);
        break;
    case SM_TYPE_INT:
    case SM_TYPE_SIZE:
    case SM_TYPE_TIME:
        *(int64_t *)(void *)at = sm_json_int_value(value);
        break;
    case SM_TYPE_DOUBLE:
        *(double *)(void *)at = sm_json_real_value(value);
        break;
    case SM_TYPE_ENUM:
        *(int *)(void *)at = choice_index(o, sm_json_sv(value));
        break;
    case SM_TYPE_LIST:
        store_list(value, a, (sm_sv_list *)(void *)at);
        break;
    case SM_TYPE_MAP:
    case SM_TYPE_WORD:
        *(const sm_json **)(void *)at = sm_json_copy(a, value);
        break;
    }
}

static sm_code refuse_unknown(const sm_option *options, const sm_json *values, sm_error *err)
{
    if (!sm_json_is_object(values))
        return SM_OK;
    for (sm_json_iter it = sm_json_first(values); sm_json_valid(&it); sm_json_next(&it))
        if (sm_option_find(options, it.key) == NULL)
            return sm_fail(err, SM_E_INVALID, 0, "there is no option \"%.*s\"", SM_SV_ARG(it.key));
    return SM_OK;
}

sm_code sm_options_fill(const sm_option *options, const sm_json *values, void *config, sm_arena *a,
                        sm_error *err)
{
    sm_code rc = refuse_unknown(options, values, err);

    for (const sm_option *o = options; rc == SM_OK && o->name != NULL; o++) {
        const sm_json *given = sm_json_get(values, o->name);
        sm_json *value = NULL;

        if (sm_json_is_null(given) && o->fallback == NULL)
            return sm_fail(err, SM_E_INVALID, 0, "option \"%s\" is missing", o->name);
        if (sm_json_is_null(given))
            value = sm_option_default(o, a);
        else if ((rc = sm_option_check(o, given, a, &value, err)) != SM_OK)
            return sm_wrap(err, "option \"%s\"", o->name);
        store_value(o, value, config, a);
    }
    return rc;
}
