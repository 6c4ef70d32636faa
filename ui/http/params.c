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
