/* SPDX-License-Identifier: Apache-2.0 */
/* auth.c -- see the header. */
#include "ui/http/auth.h"

#include <stdio.h>

#include "runtime/base/clock.h"
#include "runtime/base/hash.h"
#include "ui/http/http_int.h"
#include "ui/http/http_lib.h"

#define LOGIN_MS        ((int64_t)10 * 60 * 1000)
#define SESSION_IDLE_MS ((int64_t)12 * 60 * 60 * 1000)
#define SESSION_MS      ((int64_t)7 * 24 * 60 * 60 * 1000)
#define USED_EVERY_MS   ((int64_t)60 * 1000) /* "last used" is written no more often */
#define MINUTE_MS       ((int64_t)60 * 1000)

static void put(char *to, size_t size, sm_sv text)
{
    snprintf(to, size, "%.*s", SM_SV_ARG(text));
}

void sm_auth__init(sm_auth *auth)
{
    *auth = (sm_auth){ .login_until_ms = 0 };
    sm_mutex_init(&auth->mu);
}

void sm_auth__release(sm_auth *auth)
{
    sm_mutex_release(&auth->mu);
}

sm_sv sm_auth__login_code(sm_auth *auth, sm_arena *a)
{
    sm_sv code = sm_random_text(a);

    sm_mutex_lock(&auth->mu);
    put(auth->login_hash, sizeof auth->login_hash, sm_sha256_hex(code, a));
    auth->login_until_ms = sm_clock_boot_ms() + LOGIN_MS;
    sm_mutex_unlock(&auth->mu);
    return code;
}

/* ---- those who guess ----------------------------------------------------------------------- */

/* The row of an address, or the oldest one to take; under the mutex. */
static sm_failures *failures_of(sm_auth *auth, sm_sv address, int64_t now)
{
    sm_failures *oldest = &auth->failures[0];

    for (size_t i = 0; i < SM_FAILURES_KEPT; i++) {
        sm_failures *f = &auth->failures[i];

        if (sm_sv_eq_str(address, f->address) && now - f->since_ms < MINUTE_MS)
            return f;
        if (f->since_ms < oldest->since_ms)
            oldest = f;
    }
    put(oldest->address, sizeof oldest->address, address);
    oldest->since_ms = now;
    oldest->count = 0;
    return oldest;
}

static void count_failure(sm_call *c)
{
    sm_auth *auth = &c->server->auth;

    sm_mutex_lock(&auth->mu);
    failures_of(auth, c->address, sm_clock_boot_ms())->count++;
    sm_mutex_unlock(&auth->mu);
}

/* False after refusing. */
static bool may_try(sm_call *c)
{
    sm_auth *auth = &c->server->auth;
    int64_t now = sm_clock_boot_ms(), left = 0;

    sm_mutex_lock(&auth->mu);
    for (size_t i = 0; i < SM_FAILURES_KEPT; i++) {
        const sm_failures *f = &auth->failures[i];

        if (f->count >= SM_FAILURES_MAX && sm_sv_eq_str(c->address, f->address) &&
            now - f->since_ms < MINUTE_MS)
            left = MINUTE_MS - (now - f->since_ms);
    }
    sm_mutex_unlock(&auth->mu);
    if (left == 0)
        return true;
    sm_call__add_header(c, "Retry-After",
                        sm_arena_printf(c->a, "%lld", (long long)(left / 1000 + 1)));
    sm_call__refuse(c, MHD_HTTP_TOO_MANY_REQUESTS, "too_many",
                    SM_SV("too many wrong tokens came from this address"), SM_SV("wait a minute"));
    return false;
}

/* What is right was looked up before: others behind the same address do not lock it out. */
static void refuse_guess(sm_call *c, sm_sv message, sm_sv hint)
{
    if (!may_try(c))
        return;
    count_failure(c);
    sm_call__write_down(c, SM_SV("authenticate"), message);
    sm_call__refuse(c, MHD_HTTP_UNAUTHORIZED, "unauthorized", message, hint);
}

/* ---- tokens and sessions --------------------------------------------------------------------- */

static bool token_stands(const sm_token_rec *t, int64_t now)
{
    return t->revoked_ms == 0 && (t->expires_ms == 0 || now < t->expires_ms);
}

static bool session_stands(const sm_session_rec *s, int64_t now)
{
    return now - s->created_ms < SESSION_MS && now - s->used_ms < SESSION_IDLE_MS;
}

static bool find_token(sm_call *c, sm_sv secret, sm_token_rec *out)
{
    sm_sv hash = sm_sha256_hex(secret, c->a);
    sm_error ignored;

    return sm_store_token_by_hash(c->server->store, hash, c->a, out, &ignored) == SM_OK &&
           sm_hash_equal(out->hash, hash) && token_stands(out, sm_clock_now_ms());
}

static void become(sm_call *c, const sm_token_rec *t)
{
    sm_error ignored;
    int64_t now = sm_clock_now_ms();

    (void)sm_role_parse(t->role, &c->who.role, &ignored);
    put(c->who.token, sizeof c->who.token, t->id);
    if (now - t->used_ms > USED_EVERY_MS)
        (void)sm_store_token_used(c->server->store, t->id, now, &ignored);
}

/* The cookie's name says whether it may only travel encrypted. */
static const char *cookie_name(const sm_call *c)
{
    return c->https ? "__Host-smelt" : "smelt";
}

static sm_sv cookie_of(const sm_call *c)
{
    sm_sv rest = sm_call__header(c, "Cookie"), part;
    sm_sv start = sm_arena_printf(c->a, "%s=", cookie_name(c));

    while (sm_sv_next(&rest, ';', &part)) {
        part = sm_sv_trim(part);
        if (sm_sv_starts(part, start))
            return sm_sv_sub(part, start.len, part.len);
    }
    return SM_SV("");
}

static void take_cookie(sm_call *c, sm_sv cookie)
{
    sm_sv hash = sm_sha256_hex(cookie, c->a);
    int64_t now = sm_clock_now_ms();
    sm_session_rec s;
    sm_token_rec t;
    sm_error ignored;

    if (sm_store_session_by_hash(c->server->store, hash, c->a, &s, &t, &ignored) != SM_OK ||
        !sm_hash_equal(s.hash, hash) || !session_stands(&s, now) || !token_stands(&t, now))
        return;
    become(c, &t);
    put(c->who.session, sizeof c->who.session, hash);
    put(c->who.csrf, sizeof c->who.csrf, s.csrf);
    if (now - s.used_ms > USED_EVERY_MS)
        (void)sm_store_session_used(c->server->store, hash, now, &ignored);
}

static bool take_bearer(sm_call *c, sm_sv secret)
{
    sm_token_rec t;

    if (!find_token(c, secret, &t)) {
        sm_call__add_header(c, "WWW-Authenticate", SM_SV("Bearer"));
        refuse_guess(c, SM_SV("the token is not known, has expired or was revoked"),
                     SM_SV("smelt token create --role viewer"));
        return false;
    }
    become(c, &t);
    put(c->who.bearer, sizeof c->who.bearer, t.hash);
    return true;
}

bool sm_auth__identify(sm_call *c)
{
    const sm_http_config *config = &c->server->config;
    sm_sv header = sm_call__header(c, "Authorization"), cookie;

    c->who = (sm_who){ .role = config->auth_none     ? SM_ROLE_ADMIN
                               : config->public_read ? SM_ROLE_VIEWER
                                                     : SM_ROLE_NONE };
    if (config->auth_none)
        return true;
    if (header.len > 7 && sm_sv_eq_nocase(sm_sv_sub(header, 0, 7), SM_SV("Bearer ")))
        return take_bearer(c, sm_sv_trim(sm_sv_sub(header, 7, header.len)));
    if ((cookie = cookie_of(c)).len > 0)
        take_cookie(c, cookie);
    return true;
}

bool sm_who__still(sm_http *h, const sm_who *who)
{
    sm_arena *a = sm_arena_new("who");
    int64_t now = sm_clock_now_ms();
    bool still = true;
    sm_session_rec s;
    sm_token_rec t;
    sm_error ignored;

    if (who->session[0] != '\0')
        still = sm_store_session_by_hash(h->store, sm_sv_cstr(who->session), a, &s, &t, &ignored) ==
                    SM_OK &&
                now - s.created_ms < SESSION_MS && token_stands(&t, now);
    else if (who->bearer[0] != '\0')
        still =
            sm_store_token_by_hash(h->store, sm_sv_cstr(who->bearer), a, &t, &ignored) == SM_OK &&
            token_stands(&t, now);
    sm_arena_free(a);
    return still;
}

bool sm_who__sees_rows(const sm_http *h, const sm_who *who)
{
    return who->role >= SM_ROLE_OPERATOR ||
           (who->role == SM_ROLE_VIEWER && who->token[0] != '\0' && h->config.allow_preview);
}

/* ---- may they? ------------------------------------------------------------------------------- */

static bool is_change(const sm_call *c)
{
    return strcmp(c->method, "GET") != 0 && strcmp(c->method, "HEAD") != 0;
}

static bool refuse_origin(sm_call *c, const char *what)
{
    sm_call__refuse(c, MHD_HTTP_FORBIDDEN, "csrf", sm_sv_cstr(what),
                    SM_SV("a program sends its token as Authorization: Bearer"));
    return false;
}

/* A change without a Bearer token comes from our page, or from nowhere. */
static bool from_our_page(sm_call *c)
{
    sm_sv origin = sm_call__header(c, "Origin"), csrf = sm_call__header(c, "X-Smelt-CSRF");
    sm_sv ours =
        sm_arena_printf(c->a, "%s://%.*s", c->https ? "https" : "http", SM_SV_ARG(c->host));

    if (!is_change(c) || c->who.bearer[0] != '\0')
        return true;
    if (c->who.session[0] != '\0' ? !sm_sv_eq(origin, ours)
                                  : origin.len > 0 && !sm_sv_eq(origin, ours))
        return refuse_origin(c, "the request comes from another site");
    if (c->route->unaudited && (c->who.session[0] == '\0' || c->route->handle == sm_http__login))
        return true; /* there is nothing to lose; the body is JSON, which no form can send */
    if (c->who.session[0] != '\0' ? !sm_hash_equal(csrf, sm_sv_cstr(c->who.csrf)) : csrf.len == 0)
        return refuse_origin(c, "the header X-Smelt-CSRF is missing or not that of GET me");
    return true;
}

/* Somebody who is known tried what is not theirs: written down, up to so many a minute. */
static void note_refusal(sm_call *c)
{
    sm_auth *auth = &c->server->auth;
    int64_t now = sm_clock_boot_ms();
    bool few;

    if (c->who.token[0] == '\0')
        return;
    sm_mutex_lock(&auth->mu);
    if (now - auth->refused_since_ms >= MINUTE_MS) {
        auth->refused_since_ms = now;
        auth->refused = 0;
    }
    few = auth->refused++ < SM_REFUSALS_MAX;
    sm_mutex_unlock(&auth->mu);
    if (few)
        sm_call__write_down(c, sm_sv_cstr(c->route->name), SM_SV("refused"));
}

static bool permit(sm_call *c)
{
    const sm_route *r = c->route;
    bool rows = !r->rows || sm_who__sees_rows(c->server, &c->who);
    sm_role least = r->role;

    if (r->handle == sm_http__metrics && c->server->config.public_metrics)
        least = SM_ROLE_NONE;
    if (c->who.role >= least && rows)
        return from_our_page(c);
    if (c->who.token[0] == '\0') {
        sm_call__add_header(c, "WWW-Authenticate", SM_SV("Bearer"));
        sm_call__refuse(c, MHD_HTTP_UNAUTHORIZED, "unauthorized",
                        SM_SV("this needs a token, or a browser that has logged in"),
                        SM_SV("smelt token create --role viewer"));
        return false;
    }
    sm_call__refuse(c, MHD_HTTP_FORBIDDEN, "denied",
                    rows ? sm_arena_printf(c->a, "this needs the role %s, and the token has %s",
                                           sm_role_name(least), sm_role_name(c->who.role))
                         : SM_SV("rows are for operators, unless server.allow_preview is true"),
                    SM_SV(""));
    return false;
}

bool sm_auth__permit(sm_call *c)
{
    if (permit(c))
        return true;
    note_refusal(c);
    return false;
}

/* ---- login, logout, me ------------------------------------------------------------------------
 */

static void set_cookie(sm_call *c, sm_sv value, int64_t seconds)
{
    sm_call__add_header(c, "Set-Cookie",
                        sm_arena_printf(c->a,
                                        "%s=%.*s; Path=/; HttpOnly; SameSite=Strict%s; "
                                        "Max-Age=%lld",
                                        cookie_name(c), SM_SV_ARG(value),
                                        c->https ? "; Secure" : "", (long long)seconds));
}

/* The code stands for the newest admin token that still does. */
static bool use_code(sm_call *c, sm_sv code, sm_token_rec *out)
{
    sm_auth *auth = &c->server->auth;
    sm_sv hash = sm_sha256_hex(code, c->a);
    sm_token_rec *all;
    bool good, found = false;
    sm_error ignored;
    size_t n;

    sm_mutex_lock(&auth->mu);
    good = sm_hash_equal(hash, sm_sv_cstr(auth->login_hash)) &&
           sm_clock_boot_ms() < auth->login_until_ms;
    if (good)
        auth->login_hash[0] = '\0';
    sm_mutex_unlock(&auth->mu);
    if (!good || sm_store_tokens(c->server->store, c->a, &all, &n, &ignored) != SM_OK)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (!sm_sv_eq_str(all[i].role, "admin") || !token_stands(&all[i], sm_clock_now_ms()))
            continue;
        *out = all[i];
        found = true;
    }
    return found;
}

static sm_code start_session(sm_call *c, const sm_token_rec *t, sm_error *err)
{
    sm_sv cookie = sm_random_text(c->a);
    int64_t now = sm_clock_now_ms();
    sm_session_rec s = { .hash = sm_sha256_hex(cookie, c->a),
                         .token = t->id,
                         .csrf = sm_random_text(c->a),
                         .created_ms = now,
                         .used_ms = now };
    sm_code rc =
        sm_store_sessions_trim(c->server->store, now - SESSION_IDLE_MS, now - SESSION_MS, err);

    if (rc == SM_OK)
        rc = sm_store_sessions_keep(c->server->store, t->id, SM_SESSIONS_EACH - 1, err);
    if (rc != SM_OK || (rc = sm_store_session_add(c->server->store, &s, err)) != SM_OK)
        return rc;
    set_cookie(c, cookie, SESSION_MS / 1000);
    become(c, t);
    put(c->who.session, sizeof c->who.session, s.hash);
    put(c->who.csrf, sizeof c->who.csrf, s.csrf);
    return SM_OK;
}

sm_code sm_http__login(sm_call *c, sm_error *err)
{
    sm_sv code = sm_json_get_sv(c->body, "code", SM_SV(""));
    sm_sv token = sm_json_get_sv(c->body, "token", SM_SV(""));
    sm_token_rec t;
    sm_code rc;

    if (c->server->config.auth_none)
        return sm_fail(err, SM_E_INVALID, 0, "this server has auth: none, there is no login");
    if (code.len > 0 ? !use_code(c, code, &t) : !find_token(c, token, &t)) {
        refuse_guess(c,
                     code.len > 0 ? SM_SV("the link was used already, or is too old")
                                  : SM_SV("the token is not known, has expired or was revoked"),
                     SM_SV("smelt token create --role admin"));
        return SM_OK;
    }
    if ((rc = start_session(c, &t, err)) == SM_OK)
        sm_call__write_down(c, SM_SV("login"), SM_SV("ok"));
    return rc == SM_OK ? sm_http__me(c, err) : rc;
}

sm_code sm_http__logout(sm_call *c, sm_error *err)
{
    sm_json *doc = sm_json_object(c->a);
    sm_code rc = SM_OK;

    if (c->who.session[0] != '\0')
        rc = sm_store_session_end(c->server->store, sm_sv_cstr(c->who.session), err);
    if (rc != SM_OK)
        return rc;
    if (c->who.session[0] != '\0')
        sm_call__write_down(c, SM_SV("logout"), SM_SV("ok"));
    set_cookie(c, SM_SV(""), 0);
    sm_json_set_string(doc, "role", SM_SV("none"));
    c->answer.doc = doc;
    c->answer.cache = "no-store";
    return SM_OK;
}

sm_code sm_http__me(sm_call *c, sm_error *err)
{
    sm_json *doc = sm_json_object(c->a);

    (void)err;
    sm_json_set_string(doc, "role", sm_sv_cstr(sm_role_name(c->who.role)));
    if (c->who.token[0] != '\0')
        sm_json_set_string(doc, "token", sm_sv_cstr(c->who.token));
    sm_json_set_string(doc, "csrf",
                       c->who.csrf[0] != '\0' ? sm_sv_cstr(c->who.csrf) : SM_SV("none"));
    sm_json_set_string(doc, "auth", c->server->config.auth_none ? SM_SV("none") : SM_SV("token"));
    sm_json_set_bool(doc, "rows", sm_who__sees_rows(c->server, &c->who));
    sm_json_set_string(doc, "version", c->server->config.version);
    c->answer.doc = doc;
    c->answer.cache = "no-store";
    return SM_OK;
}
