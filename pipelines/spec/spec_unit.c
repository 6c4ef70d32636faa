/* SPDX-License-Identifier: Apache-2.0 */
/* spec_unit.c -- source types: which there are, and the options of one. */
#include <string.h>

#include "pipelines/spec/spec_int.h"
#include "runtime/base/suggest.h"

/* Source types that a message names. */
#define MAX_UNITS 32

static const char *supported_names(const sm_bind *b)
{
    sm_sv all = SM_SV("");

    for (const sm_spec_unit *u = b->env->units; u->name; u++)
        if (u->supported)
            all = sm_arena_printf(b->a, "%.*s%s%s", SM_SV_ARG(all), all.len ? ", " : "", u->name);
    return all.ptr;
}

const sm_spec_unit *sm_spec__unit(const sm_bind *b, sm_pair type)
{
    sm_sv names[MAX_UNITS] = { 0 }, word;
    size_t n = 0, near;
    sm_text text;

    if (type.value->kind != SM_YAML_STRING || !sm_spec__text(b, type, &text))
        return NULL; /* told, or told when the key itself is bound */
    word = text.text;
    for (const sm_spec_unit *u = b->env->units; u->name && n < MAX_UNITS; u++) {
        names[n++] = sm_sv_cstr(u->name);
        if (!sm_sv_eq_str(word, u->name))
            continue;
        if (u->supported)
            return u;
        sm_diag_add(b->d, "SM0402", sm_yaml_span(type.value),
                    "a source of type `%s` is not supported yet", u->name);
        sm_diag_hint(b->d, "the types are %s", supported_names(b));
        return NULL;
    }
    near = sm_suggest(sm_spec__snake(word, b->a), names, n);
    if (near == n &&
        (sm_sv_eq_nocase(word, SM_SV("cloudFiles")) || sm_sv_eq_nocase(word, SM_SV("autoloader"))))
        near = sm_suggest(SM_SV("files"), names, n);
    sm_diag_add(b->d, "SM0401", sm_yaml_span(type.value), "there is no source of type \"%.*s\"",
                SM_SV_ARG(word));
    if (near < n)
        sm_diag_hint(b->d, "did you mean \"%.*s\"? The types are %s", SM_SV_ARG(names[near]),
                     supported_names(b));
    else
        sm_diag_hint(b->d, "the types are %s", supported_names(b));
    return NULL;
}

static void bind_option(const sm_bind *b, const sm_option *o, sm_pair p, sm_json *options)
{
    size_t before = sm_diags_errors(b->d);
    bool typed = o->type == SM_TYPE_BOOL || o->type == SM_TYPE_INT || o->type == SM_TYPE_DOUBLE;
    sm_json *given = sm_spec__json(b, p.value, typed), *value;
    sm_error err;

    if (sm_diags_errors(b->d) > before)
        return;
    if (p.value->kind == SM_YAML_NULL) {
        sm_spec__wrong_kind(b, p, sm_type_name(o->type));
        return;
    }
    if (sm_option_check(o, given, b->a, &value, &err) != SM_OK) {
        sm_diag_add(b->d, "SM0403", sm_yaml_span(p.value), "`%s`: %s", o->name, err.msg);
        sm_diag_hint(b->d, "%s", o->doc);
        return;
    }
    sm_json_set(options, o->name, value);
}

void sm_spec__bind_options(const sm_bind *b, sm_pair source, sm_spec_source *s)
{
    sm_json *options = sm_json_object(b->a), *origins = sm_json_object(b->a);

    for (const sm_option *o = s->unit->options; o && o->name; o++) {
        sm_pair p = sm_spec__pair(source.value, o->name);
        sm_sv origin = SM_SV("default");

        if (p.key) {
            sm_span at = sm_yaml_span(p.key);

            bind_option(b, o, p, options);
            origin = sm_arena_printf(b->a, "%s:%u:%u", at.file, at.line, at.column);
        } else if (o->fallback) {
            sm_json_set(options, o->name, sm_option_default(o, b->a));
        } else {
            sm_diag_add(b->d, "SM0112", sm_yaml_span(source.key),
                        "a source of type `%s` needs `%s`", s->unit->name, o->name);
            sm_diag_hint(b->d, "%s", o->doc);
        }
        sm_json_set_string(origins, o->name, origin);
    }
    s->options = options;
    s->origins = origins;
}

static sm_json *typed(sm_arena *a, const char *type)
{
    sm_json *s = sm_json_object(a);

    sm_json_set_string(s, "type", sm_sv_cstr(type));
    return s;
}

static sm_json *number_schema(const sm_option *o, sm_arena *a)
{
    sm_json *s = typed(a, "integer");

    if (o->min != 0 || o->max != 0) {
        sm_json_set_int(s, "minimum", o->min);
        sm_json_set_int(s, "maximum", o->max);
    }
    return s;
}

/* A number, or a text of the form `pattern`. */
static sm_json *measure_schema(const sm_option *o, const char *pattern, sm_arena *a)
{
    sm_json *s = sm_json_object(a), *ways = sm_json_array(a), *word = typed(a, "string");

    sm_json_set_string(word, "pattern", sm_sv_cstr(pattern));
    sm_json_append(ways, number_schema(o, a));
    sm_json_append(ways, word);
    sm_json_set(s, "anyOf", ways);
    return s;
}

static sm_json *choice_schema(const sm_option *o, sm_arena *a)
{
    sm_json *s = sm_json_object(a), *words = sm_json_array(a);

    for (const char *const *word = o->choices; *word; word++)
        sm_json_append_string(words, sm_sv_cstr(*word));
    sm_json_set(s, "enum", words);
    return s;
}

static sm_json *list_schema(sm_arena *a)
{
    sm_json *s = typed(a, "array");

    sm_json_set(s, "items", typed(a, "string"));
    return s;
}

/* A text or a map. */
static sm_json *word_schema(sm_arena *a)
{
    sm_json *s = sm_json_object(a), *types = sm_json_array(a);

    sm_json_append_string(types, SM_SV("string"));
    sm_json_append_string(types, SM_SV("object"));
    sm_json_set(s, "type", types);
    return s;
}

static sm_json *type_schema(const sm_option *o, sm_arena *a)
{
    switch (o->type) {
    case SM_TYPE_STRING:
        break;
    case SM_TYPE_BOOL:
        return typed(a, "boolean");
    case SM_TYPE_INT:
        return number_schema(o, a);
    case SM_TYPE_SIZE:
        return measure_schema(o, SM_SPEC_SIZE_PATTERN, a);
    case SM_TYPE_TIME:
        return measure_schema(o, SM_SPEC_TIME_PATTERN, a);
    case SM_TYPE_DOUBLE:
        return typed(a, "number");
    case SM_TYPE_ENUM:
        return choice_schema(o, a);
    case SM_TYPE_LIST:
        return list_schema(a);
    case SM_TYPE_MAP:
        return typed(a, "object");
    case SM_TYPE_WORD:
        return word_schema(a);
    }
    return typed(a, "string");
}

/* `${…}` in place of a value that is no text of any form already. */
static sm_json *or_reference(const sm_option *o, sm_json *plain, sm_arena *a)
{
    bool whole = o->type == SM_TYPE_BOOL || o->type == SM_TYPE_INT || o->type == SM_TYPE_DOUBLE;
    sm_json *s, *ways, *reference;

    if (o->type == SM_TYPE_STRING || o->type == SM_TYPE_LIST || o->type == SM_TYPE_MAP ||
        o->type == SM_TYPE_WORD)
        return plain;
    s = sm_json_object(a);
    ways = sm_json_array(a);
    reference = typed(a, "string");
    sm_json_set_string(
        reference, "pattern",
        sm_sv_cstr(whole ? SM_SPEC_REFERENCE_PATTERN : SM_SPEC_INTERPOLATED_PATTERN));
    sm_json_append(ways, plain);
    sm_json_append(ways, reference);
    sm_json_set(s, "anyOf", ways);
    return s;
}

sm_json *sm_spec__option_schema(const sm_option *o, sm_arena *a)
{
    sm_json *s = or_reference(o, type_schema(o, a), a);

    sm_json_set_string(s, "description", sm_sv_cstr(o->doc));
    if (o->fallback && o->fallback[0])
        sm_json_set(s, "default", sm_option_default(o, a));
    return s;
}
