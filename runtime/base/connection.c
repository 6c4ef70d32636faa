/* SPDX-License-Identifier: Apache-2.0 */
/* connection.c -- connections by name, and their secrets. */
#include "runtime/base/connection.h"

bool sm_connection_says(sm_sv header)
{
    static const char *const names[] = { "Authorization", "Cookie", "Proxy-Authorization", "Host",
                                         "Content-Length" };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (sm_sv_eq_nocase(header, sm_sv_cstr(names[i])))
            return true;
    return false;
}

/* "a, b" of the connections of `type`. */
static void list_names(const sm_connections *c, const char *type, sm_buf *out)
{
    for (size_t i = 0; c != NULL && i < c->n; i++)
        if (sm_sv_eq_str(c->items[i].type, type))
            sm_buf_addf(out, "%s%.*s", out->len > 0 ? ", " : "", SM_SV_ARG(c->items[i].name));
}

static sm_code fail_unknown(const sm_connections *c, sm_sv name, const char *type, sm_error *err)
{
    sm_buf names;

    sm_buf_init(&names, 4096);
    list_names(c, type, &names);
    if (names.len == 0)
        sm_fail(err, SM_E_INVALID, 0,
                "there is no connection \"%.*s\"; declare it in smelt.yml: connections: {%.*s: "
                "{type: %s, …}}",
                SM_SV_ARG(name), SM_SV_ARG(name), type);
    else
        sm_fail(err, SM_E_INVALID, 0,
                "there is no connection \"%.*s\" of type %s; smelt.yml has %.*s", SM_SV_ARG(name),
                type, SM_SV_ARG(sm_buf_sv(&names)));
    sm_buf_release(&names);
    return SM_E_INVALID;
}

sm_code sm_connection_find(const sm_connections *c, sm_sv name, const char *type,
                           const sm_connection **out, sm_error *err)
{
    for (size_t i = 0; c != NULL && i < c->n; i++) {
        const sm_connection *x = &c->items[i];

        if (!sm_sv_eq(x->name, name))
            continue;
        if (!sm_sv_eq_str(x->type, type))
            return sm_fail(err, SM_E_INVALID, 0, "connection \"%.*s\" is of type %.*s and not %s",
                           SM_SV_ARG(name), SM_SV_ARG(x->type), type);
        *out = x;
        return SM_OK;
    }
    return fail_unknown(c, name, type, err);
}

sm_code sm_connection_secret(const sm_connections *c, const sm_connection *connection,
                             const char *key, sm_secret **out, sm_error *err)
{
    sm_sv name = sm_json_get_sv(connection->values, key, SM_SV(""));
    sm_code rc = SM_OK;

    *out = NULL;
    for (size_t i = 0; name.len > 0 && i < c->n_secrets; i++) {
        const sm_secret_place *p = &c->secrets[i];

        if (!sm_sv_eq(p->name, name))
            continue;
        rc = p->file != NULL ? sm_secret_from_file(p->file, out, err)
                             : sm_secret_from_environment(p->environment, out, err);
        return rc == SM_OK ? rc
                           : sm_wrap(err, "secret \"%.*s\" of connection \"%.*s\"", SM_SV_ARG(name),
                                     SM_SV_ARG(connection->name));
    }
    return name.len == 0
               ? SM_OK
               : sm_fail(err, SM_E_NOT_FOUND, 0, "there is no secret \"%.*s\"", SM_SV_ARG(name));
}
