/* SPDX-License-Identifier: Apache-2.0 */
/* spec_variable.c -- variables: which there are, and the value of each.
 *
 * A value comes from `--var`, else from the `default`.  It is checked against the type once,
 * here, and kept in the form that the type has as SQL text, so that `$x` in SQL cannot fail
 * later and two spellings of one value are one value. */
#include <stdio.h>
#include <string.h>

#include "pipelines/spec/spec_int.h"
#include "runtime/base/clock.h"
#include "runtime/base/suggest.h"

/* ---- values of types --------------------------------------------------------------- */

static sm_sv integer_value(sm_sv text, int64_t min, int64_t max, sm_arena *a)
{
    int64_t v;

    if (!sm_sv_to_int64(text, &v) || v < min || v > max)
        return SM_SV("");
    return sm_arena_printf(a, "%lld", (long long)v);
}

static sm_sv boolean_value(sm_sv text)
{
    if (sm_sv_eq_nocase(text, SM_SV("true")))
        return SM_SV("true");
    return sm_sv_eq_nocase(text, SM_SV("false")) ? SM_SV("false") : SM_SV("");
}

static sm_sv double_value(sm_sv text, sm_arena *a)
{
    double v;

    return sm_sv_to_double(text, &v) ? sm_arena_dup(a, text) : SM_SV("");
}

/* Digits, a point and digits, as many as the type has room for. */
static sm_sv decimal_value(sm_sv text, const sm_sqltype *type, sm_arena *a)
{
    sm_sv rest = text;
    size_t whole = 0, part = 0;

    if (rest.len > 0 && (rest.ptr[0] == '-' || rest.ptr[0] == '+'))
        rest = sm_sv_sub(rest, 1, rest.len);
    while (whole < rest.len && rest.ptr[whole] >= '0' && rest.ptr[whole] <= '9')
        whole++;
    if (whole < rest.len && rest.ptr[whole] == '.')
        while (whole + 1 + part < rest.len && rest.ptr[whole + 1 + part] >= '0' &&
               rest.ptr[whole + 1 + part] <= '9')
            part++;
    if (whole == 0 || whole + (part > 0 ? part + 1 : 0) != rest.len ||
        whole > (size_t)(type->width - type->scale) || part > (size_t)type->scale)
        return SM_SV("");
    return sm_arena_dup(a, text);
}

/* An instant: a day, or a day and a time of day in UTC. */
static sm_sv time_value(sm_sv text, bool day, sm_arena *a)
{
    int64_t ms;
    sm_error ignored;
    sm_sv full = text;

    if (text.len == 10)
        full = sm_arena_printf(a, "%.*sT00:00:00Z", SM_SV_ARG(text));
    else if (text.len > 10 && !day)
        full = sm_arena_printf(a, "%.10sT%.*s%s", text.ptr, (int)text.len - 11, text.ptr + 11,
                               sm_sv_ends(text, SM_SV("Z")) ? "" : "Z");
    if ((day && text.len != 10) || sm_time_parse(full, &ms, &ignored) != SM_OK)
        return SM_SV("");
    if (day)
        return sm_arena_dup(a, text);
    return sm_arena_printf(a, "%.10s %.*s", full.ptr, (int)full.len - 12, full.ptr + 11);
}

static sm_sv interval_value(sm_sv text, sm_arena *a)
{
    int64_t ms;
    sm_error ignored;

    if (sm_parse_duration(text, &ms, &ignored) != SM_OK)
        return SM_SV("");
    return sm_arena_printf(a, "%lld milliseconds", (long long)ms);
}

/* The kinds that a variable can have, with the range of the whole numbers among them. */
static const struct {
    sm_sqltype_kind kind;
    int64_t min, max;
} kinds[] = {
    { SM_SQLTYPE_VARCHAR, 0, 0 },
    { SM_SQLTYPE_BOOLEAN, 0, 0 },
    { SM_SQLTYPE_TINYINT, INT8_MIN, INT8_MAX },
    { SM_SQLTYPE_SMALLINT, INT16_MIN, INT16_MAX },
    { SM_SQLTYPE_INTEGER, INT32_MIN, INT32_MAX },
    { SM_SQLTYPE_BIGINT, INT64_MIN, INT64_MAX },
    { SM_SQLTYPE_FLOAT, 0, 0 },
    { SM_SQLTYPE_DOUBLE, 0, 0 },
    { SM_SQLTYPE_DECIMAL, 0, 0 },
    { SM_SQLTYPE_DATE, 0, 0 },
    { SM_SQLTYPE_TIMESTAMP, 0, 0 },
    { SM_SQLTYPE_INTERVAL, 0, 0 },
};

static size_t find_kind(sm_sqltype_kind kind)
{
    size_t i = 0;

    while (i < sizeof kinds / sizeof *kinds && kinds[i].kind != kind)
        i++;
    return i;
}

static sm_sv value_of_type(sm_sv text, const sm_sqltype *type, sm_arena *a)
{
    size_t i = find_kind(type->kind);

    if (kinds[i].max > 0)
        return integer_value(text, kinds[i].min, kinds[i].max, a);
    switch ((int)type->kind) {
    case SM_SQLTYPE_BOOLEAN:
        return boolean_value(text);
    case SM_SQLTYPE_FLOAT:
    case SM_SQLTYPE_DOUBLE:
        return double_value(text, a);
    case SM_SQLTYPE_DECIMAL:
        return decimal_value(text, type, a);
    case SM_SQLTYPE_DATE:
        return time_value(text, true, a);
    case SM_SQLTYPE_TIMESTAMP:
        return time_value(text, false, a);
    case SM_SQLTYPE_INTERVAL:
        return interval_value(text, a);
    default:
        return text;
    }
}

/* ---- giving them --------------------------------------------------------------------- */

static const sm_spec_given *find_given(const sm_bind *b, sm_sv name)
{
    for (size_t i = b->env->n_vars; i > 0; i--)
        if (sm_sv_eq(b->env->vars[i - 1].name, name))
            return &b->env->vars[i - 1];
    return NULL;
}

/* The tree of the variable's type; NULL when it is none that a variable can have: told. */
static sm_sqltype *set_type(const sm_bind *b, sm_spec_variable *v)
{
    sm_sqltype *type = NULL;
    sm_error ignored;

    if (!sm_text_set(&v->type))
        v->type.text = sm_sv_cstr(v->fallback.type ? v->fallback.type : "VARCHAR");
    if (sm_sqltype_parse(v->type.text, b->a, &type, &ignored) != SM_OK ||
        find_kind(type->kind) == sizeof kinds / sizeof *kinds) {
        sm_diag_add(b->d, "SM0144", v->type.at, "\"%.*s\" is no type that a variable can have",
                    SM_SV_ARG(v->type.text));
        sm_diag_hint(b->d, "types of variables are VARCHAR, BOOLEAN, INTEGER, BIGINT, DOUBLE, "
                           "DECIMAL(10,2), DATE, TIMESTAMP and INTERVAL");
        return NULL;
    }
    v->type.text = sm_sqltype_print(type, b->a);
    return type;
}

static void set_value(const sm_bind *b, sm_spec_variable *v, const sm_sqltype *type, sm_sv text,
                      sm_span at)
{
    v->value = value_of_type(text, type, b->a);
    v->has_value = v->value.len > 0 || type->kind == SM_SQLTYPE_VARCHAR;
    if (v->has_value)
        return;
    sm_diag_add(b->d, "SM0144", at, "variable `%.*s`: \"%.*s\" is no %.*s", SM_SV_ARG(v->name.text),
                SM_SV_ARG(text), SM_SV_ARG(v->type.text));
    v->broken = true;
}

static void set_variable(const sm_bind *b, sm_spec_variable *v)
{
    const sm_spec_given *given = find_given(b, v->name.text);
    sm_span at = v->fallback.text.at, outside = { .file = "--var" };
    const sm_sqltype *type;

    v->origin = SM_SV("default");
    if (v->broken)
        return;
    if (!sm_spec__check_name(b, &v->name, "the name of a variable")) {
        v->broken = true;
        return;
    }
    if (!(type = set_type(b, v))) {
        v->broken = true;
    } else if (given) {
        v->origin = SM_SV("--var");
        set_value(b, v, type, given->value, outside);
    } else if (v->fallback.type) {
        v->origin = sm_arena_printf(b->a, "%s:%u:%u", at.file, at.line, at.column);
        set_value(b, v, type, v->fallback.text.text, at);
    }
}

/* ---- looking them up ----------------------------------------------------------------- */

static void hint_names(const sm_bind *b, sm_sv name)
{
    const sm_spec_variables *all = &b->reading->spec->variables;
    sm_sv *names = SM_NEW_N(b->a, sm_sv, all->n + 1);
    size_t near;

    for (size_t i = 0; i < all->n; i++)
        names[i] = all->items[i].name.text;
    near = sm_suggest(name, names, all->n);
    if (near < all->n)
        sm_diag_hint(b->d, "did you mean `%.*s`?", SM_SV_ARG(names[near]));
    else
        sm_diag_hint(b->d, "declare it: variables: {%.*s: {default: …}}", SM_SV_ARG(name));
}

const sm_spec_variable *sm_spec__variable(const sm_bind *b, sm_span at, sm_sv name)
{
    const sm_spec_variables *all = &b->reading->spec->variables;
    const sm_spec_variable *v = NULL;

    for (size_t i = 0; i < all->n && !v; i++)
        if (sm_sv_eq(all->items[i].name.text, name))
            v = &all->items[i];
    if (!v) {
        sm_diag_add(b->d, "SM0142", at, "there is no variable `%.*s`", SM_SV_ARG(name));
        hint_names(b, name);
        return NULL;
    }
    if (v->has_value || v->broken || b->lenient)
        return v->has_value ? v : NULL;
    sm_diag_add(b->d, "SM0143", at, "variable `%.*s` has no value", SM_SV_ARG(name));
    sm_diag_hint(b->d, "give it a `default`, or say --var %.*s=…", SM_SV_ARG(name));
    sm_diag_see(b->d, v->at, "it is declared here");
    return NULL;
}

void sm_spec__set_variables(const sm_bind *b, sm_spec *s)
{
    sm_span outside = { .file = "--var" };
    size_t before = sm_diags_errors(b->d);

    for (size_t i = 0; i < s->variables.n; i++)
        set_variable(b, &s->variables.items[i]);
    for (size_t i = 0; i < s->variables.n; i++)
        for (size_t k = 0; k < i; k++)
            if (sm_sv_eq_nocase(s->variables.items[i].name.text, s->variables.items[k].name.text)) {
                sm_diag_add(b->d, "SM0120", s->variables.items[i].name.at,
                            "variable \"%.*s\" has the name of another one; case does not matter",
                            SM_SV_ARG(s->variables.items[i].name.text));
                sm_diag_see(b->d, s->variables.items[k].name.at, "it is taken here");
            }
    b->reading->ready = true;
    for (size_t i = 0; sm_diags_errors(b->d) == before && i < b->env->n_vars; i++) {
        sm_sv name = b->env->vars[i].name;
        size_t k = 0;

        while (k < s->variables.n && !sm_sv_eq(s->variables.items[k].name.text, name))
            k++;
        if (k == s->variables.n)
            (void)sm_spec__variable(b, outside, name);
    }
}
