/* SPDX-License-Identifier: Apache-2.0 */
/* tokens.c -- see the header. */
#include "ui/http/tokens.h"

#include "runtime/base/clock.h"
#include "runtime/base/hash.h"
#include "ui/http/http_int.h"

#define DAY_MS ((int64_t)24 * 60 * 60 * 1000)

sm_code sm_token_create(sm_store *s, sm_role role, sm_sv label, sm_sv by, int64_t days, sm_arena *a,
                        sm_sv *id, sm_sv *secret, sm_error *err)
{
    int64_t now = sm_clock_now_ms();
    sm_sv bits = sm_random_text(a);
    sm_token_rec t = { .role = sm_sv_cstr(sm_role_name(role)),
                       .label = label,
                       .by = by,
                       .created_ms = now,
                       .expires_ms = now + days * DAY_MS };

    *secret = sm_arena_printf(a, "smelt_%.*s", SM_SV_ARG(bits));
    t.hash = sm_sha256_hex(*secret, a);
    t.id = sm_arena_printf(a, "t%.8s", t.hash.ptr); /* tells nothing of the rest */
    if (id != NULL)
        *id = t.id;
    return sm_store_token_add(s, &t, err);
}

static void set_time(sm_json *o, const char *key, int64_t ms, sm_arena *a)
{
    if (ms != 0)
        sm_json_set_string(o, key, sm_time_rfc3339(ms, a));
}

static sm_json *token_row(const sm_token_rec *t, sm_arena *a)
{
    sm_json *o = sm_json_object(a);

    sm_json_set_string(o, "id", t->id);
    sm_json_set_string(o, "role", t->role);
    sm_json_set_string(o, "name", t->label);
    sm_json_set_string(o, "by", t->by);
    set_time(o, "created", t->created_ms, a);
    set_time(o, "used", t->used_ms, a);
    set_time(o, "expires", t->expires_ms, a);
    set_time(o, "revoked", t->revoked_ms, a);
    sm_json_set_string(o, "state",
                       t->revoked_ms != 0                   ? SM_SV("revoked")
                       : t->expires_ms <= sm_clock_now_ms() ? SM_SV("expired")
                                                            : SM_SV("active"));
    return o;
}

sm_code sm_tokens_view(sm_store *s, sm_arena *a, sm_json **out, sm_error *err)
{
    sm_json *doc = sm_json_object(a), *list = sm_json_array(a);
    sm_token_rec *all = NULL;
    size_t n = 0;
    sm_code rc = sm_store_tokens(s, a, &all, &n, err);

    for (size_t i = 0; rc == SM_OK && i < n; i++)
        sm_json_append(list, token_row(&all[i], a));
    sm_json_set(doc, "tokens", list);
    *out = doc;
    return rc;
}

/* ---- handlers ---------------------------------------------------------------------------- */

sm_code sm_http__list_tokens(sm_call *c, sm_error *err)
{
    sm_json *doc;
    sm_code rc = sm_tokens_view(c->server->store, c->a, &doc, err);

    if (rc == SM_OK)
        c->answer.doc = doc;
    c->answer.cache = "no-store";
    return rc;
}

sm_code sm_http__create_token(sm_call *c, sm_error *err)
{
    sm_json *doc = sm_json_object(c->a);
    sm_role role = SM_ROLE_VIEWER;
    sm_sv id, secret;
    sm_code rc = sm_role_parse(sm_json_get_sv(c->body, "role", SM_SV("")), &role, err);

    if (rc == SM_OK)
        rc = sm_token_create(c->server->store, role, sm_json_get_sv(c->body, "name", SM_SV("")),
                             sm_sv_cstr(c->who.token),
                             sm_json_get_int(c->body, "days", SM_TOKEN_DAYS), c->a, &id, &secret,
                             err);
    if (rc != SM_OK)
        return rc;
    sm_json_set_string(doc, "id", id);
    sm_json_set_string(doc, "token", secret);
    c->answer.doc = doc;
    c->answer.status = 201;
    c->answer.cache = "no-store";
    return SM_OK;
}

sm_code sm_http__revoke_token(sm_call *c, sm_error *err)
{
    sm_json *doc = sm_json_object(c->a);
    sm_sv id = sm_call__value(c, "token");
    sm_code rc = sm_store_token_revoke(c->server->store, id, sm_clock_now_ms(), err);

    if (rc != SM_OK)
        return rc;
    sm_json_set_string(doc, "id", id);
    sm_json_set_string(doc, "state", SM_SV("revoked"));
    c->answer.doc = doc;
    return SM_OK;
}
