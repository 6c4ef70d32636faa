/* SPDX-License-Identifier: Apache-2.0 */
/* http_endpoint.c -- see the header. */
#include "runtime/io/http_endpoint.h"

#include "runtime/base/base64.h"
#include "runtime/base/thread.h"

enum {
    HEADERS_MAX = 64,
    LINES_MAX = 8,
    SAID_MAX = 160, /* bytes of what an endpoint says of a failure */
    CUT = 64 * 1024,
    URL_MAX = 64 * 1024,
};

sm_sv sm_http_before_query(sm_sv url)
{
    ptrdiff_t at = sm_sv_find_char(url, '?');

    return at < 0 ? url : sm_sv_sub(url, 0, (size_t)at);
}

/* --- Where --- */

static sm_sv join(sm_sv base, sm_sv path, sm_arena *a)
{
    bool apart = path.len > 0 && path.ptr[0] != '/' && path.ptr[0] != '?';

    while (path.len > 0 && sm_sv_ends(base, SM_SV("/")))
        base.len--;
    return sm_arena_printf(a, "%.*s%s%.*s", SM_SV_ARG(base), apart ? "/" : "", SM_SV_ARG(path));
}

static sm_code open_address(sm_http_endpoint *e, sm_sv connection, sm_sv url, sm_arena *a,
                            sm_error *err)
{
    sm_sv base;
    sm_code rc;

    e->url = url;
    if (connection.len == 0)
        return sm_http_check_url(url, a, NULL, err);
    if ((rc = sm_connection_find(e->connections, connection, "http", &e->connection, err)) != SM_OK)
        return rc;
    base = sm_json_get_sv(e->connection->values, "base_url", SM_SV(""));
    if (base.len == 0)
        return sm_fail(err, SM_E_INVALID, 0, "connection \"%.*s\" has no `base_url`",
                       SM_SV_ARG(connection));
    if (sm_sv_find(url, SM_SV("://")) >= 0)
        return sm_fail(err, SM_E_INVALID, 0,
                       "with `connection` the `url` is what is added to its base_url, such as "
                       "/orders");
    e->url = join(base, url, a);
    return sm_http_check_url(base, a, NULL, err);
}

/* --- Headers --- */

typedef struct head {
    sm_sv items[HEADERS_MAX + LINES_MAX + 1];
    size_t n;
    sm_secret *secret; /* that one of them is made of */
} head;

static bool has_line_end(sm_sv s)
{
    return sm_sv_find_char(s, '\n') >= 0 || sm_sv_find_char(s, '\r') >= 0;
}

static sm_code check_header(sm_sv name, sm_sv value, size_t n, sm_error *err)
{
    if (sm_connection_says(name))
        return sm_fail(err, SM_E_INVALID, 0,
                       "`headers` cannot have %.*s; who asks is said by `bearer`, or `username` "
                       "and `password`, of a connection of smelt.yml",
                       SM_SV_ARG(name));
    if (has_line_end(name) || has_line_end(value) || n >= HEADERS_MAX)
        return sm_fail(err, SM_E_INVALID, 0, "`headers` are at most %d, and a value is one line",
                       HEADERS_MAX);
    return SM_OK;
}

static sm_code add_headers(sm_sv *lines, size_t *n, const sm_json *map, sm_arena *a, sm_error *err)
{
    for (sm_json_iter it = sm_json_first(map); sm_json_valid(&it); sm_json_next(&it)) {
        sm_sv value =
            sm_json_is_string(it.value) ? sm_json_sv(it.value) : sm_json_text(it.value, a);
        sm_code rc = check_header(it.key, value, *n, err);

        if (rc != SM_OK)
            return rc;
        lines[(*n)++] = sm_arena_printf(a, "%.*s: %.*s", SM_SV_ARG(it.key), SM_SV_ARG(value));
    }
    return SM_OK;
}

static void add_basic(head *h, sm_sv user, sm_sv password, sm_arena *a)
{
    sm_sv pair = sm_arena_printf(a, "%.*s:%.*s", SM_SV_ARG(user), SM_SV_ARG(password));
    sm_buf b;

    sm_buf_init(&b, 2 * pair.len + 64);
    sm_buf_adds(&b, "Authorization: Basic ");
    sm_base64_add(&b, pair);
    h->items[h->n++] = sm_arena_dup(a, sm_buf_sv(&b));
    sm_buf_release(&b);
}

/* Read where it is kept, each time: it may have been changed. */
static sm_code add_who(const sm_http_endpoint *e, head *h, sm_arena *a, sm_error *err)
{
    const sm_connection *c = e->connection;
    sm_sv user = sm_json_get_sv(c->values, "username", SM_SV(""));
    const char *key = user.len > 0 ? "password" : "bearer";
    sm_code rc = sm_connection_secret(e->connections, c, key, &h->secret, err);

    if (rc != SM_OK)
        return rc;
    if (user.len > 0)
        add_basic(h, user, h->secret != NULL ? sm_secret_reveal(h->secret) : SM_SV(""), a);
    else if (h->secret != NULL)
        h->items[h->n++] = sm_arena_printf(a, "Authorization: Bearer %.*s",
                                           SM_SV_ARG(sm_secret_reveal(h->secret)));
    return SM_OK;
}

static sm_sv name_of(sm_sv line)
{
    sm_sv name;

    return sm_sv_next(&line, ':', &name) ? name : SM_SV("");
}

static bool has_header(const sm_http_endpoint *e, sm_sv name)
{
    for (size_t i = 0; i < e->n_headers; i++)
        if (sm_sv_eq_nocase(name_of(e->headers[i]), name))
            return true;
    return false;
}

static sm_code make_headers(const sm_http_endpoint *e, const sm_http_ask *ask, head *h, sm_arena *a,
                            sm_error *err)
{
    for (size_t i = 0; i < e->n_headers; i++)
        h->items[h->n++] = e->headers[i];
    for (size_t i = 0; i < ask->n_lines && i < LINES_MAX; i++)
        if (!has_header(e, name_of(ask->lines[i])))
            h->items[h->n++] = ask->lines[i];
    return e->connection != NULL ? add_who(e, h, a, err) : SM_OK;
}

/* --- Life --- */

/* One way to say who asks, and all of it. */
static sm_code check_login(const sm_connection *c, sm_error *err)
{
    bool user = sm_json_get_sv(c->values, "username", SM_SV("")).len > 0;
    bool password = sm_json_get_sv(c->values, "password", SM_SV("")).len > 0;

    if (sm_json_get_sv(c->values, "bearer", SM_SV("")).len > 0 && (user || password))
        return sm_fail(err, SM_E_INVALID, 0,
                       "connection \"%.*s\" has `bearer` and `username` or `password`: who asks is "
                       "said by one of them",
                       SM_SV_ARG(c->name));
    if (user != password)
        return sm_fail(err, SM_E_INVALID, 0,
                       "connection \"%.*s\" has one of `username` and `password`: give both",
                       SM_SV_ARG(c->name));
    return SM_OK;
}

sm_code sm_http_endpoint_open(sm_http_endpoint *e, const sm_connections *connections,
                              sm_sv connection, sm_sv url, const sm_json *headers, sm_arena *a,
                              sm_error *err)
{
    sm_sv *lines = SM_NEW_N(a, sm_sv, HEADERS_MAX);
    sm_code rc;

    *e = (sm_http_endpoint){ .connections = connections,
                             .headers = lines,
                             .client = sm_http_client_new() };
    if (connections != NULL)
        e->egress = (sm_egress){ connections->reach, connections->n_reach, connections->anywhere };
    if ((rc = open_address(e, connection, url, a, err)) != SM_OK ||
        (rc = add_headers(lines, &e->n_headers, headers, a, err)) != SM_OK || e->connection == NULL)
        return rc;
    if ((rc = check_login(e->connection, err)) != SM_OK)
        return rc;
    return add_headers(lines, &e->n_headers, sm_json_get(e->connection->values, "headers"), a, err);
}

void sm_http_endpoint_close(sm_http_endpoint *e)
{
    sm_http_client_free(e->client);
    e->client = NULL;
}

/* --- Asking --- */

/* Does it have what messages may not have of the address: its query, or its path? */
static bool tells_address(sm_sv line, const sm_http_ask *ask)
{
    sm_sv path = sm_http_before_query(ask->url);
    sm_sv query = sm_sv_sub(ask->url, path.len + 1, ask->url.len);
    ptrdiff_t at = sm_sv_find(path, SM_SV("://"));
    sm_sv rest = sm_sv_sub(path, at < 0 ? 0 : (size_t)at + 3, path.len);

    if (query.len > 0 && sm_sv_find(line, query) >= 0)
        return true;
    at = sm_sv_find_char(rest, '/');
    path = sm_sv_sub(rest, at < 0 ? rest.len : (size_t)at, rest.len);
    return path.len > 1 && sm_sv_find(ask->shown, path) < 0 && sm_sv_find(line, path) >= 0;
}

/* The first line of an answer, unless it says what is secret. */
static sm_sv said_by(const sm_http_answer *answer, const sm_secret *secret, const sm_http_ask *ask,
                     sm_arena *a)
{
    sm_sv line = sm_sv_trim(answer->body), out;
    sm_buf b;

    for (size_t i = 0; i < line.len; i++)
        if (line.ptr[i] == '\n' || line.ptr[i] == '\r')
            line.len = i;
    if ((secret != NULL && sm_sv_find(line, sm_secret_reveal(secret)) >= 0) ||
        tells_address(line, ask))
        return SM_SV("");
    sm_buf_init(&b, URL_MAX);
    sm_buf_adds(&b, line.len > 0 ? ": " : "");
    sm_buf_add_safe(&b, sm_sv_sub(line, 0, SAID_MAX));
    out = sm_arena_dup(a, sm_buf_sv(&b));
    sm_buf_release(&b);
    return out;
}

/* Which failures may be none the next time. */
static bool may_come_again(const sm_http_ask *ask, int status)
{
    return status == 408 || status == 425 || status == 429 || status >= 500 ||
           (ask->keyed && status == 409);
}

static sm_code judge(const sm_http_answer *answer, const head *h, const sm_http_ask *ask,
                     sm_arena *a, sm_error *err)
{
    sm_sv at = ask->shown, said = said_by(answer, h->secret, ask, a);
    int status = answer->status;
    sm_code code = status == 401 || status == 403 ? SM_E_DENIED : SM_E_INVALID;

    if (status >= 200 && status < 300)
        return SM_OK;
    if (status >= 300 && status < 400)
        return sm_fail(err, SM_E_INVALID, 0,
                       "%.*s answered with status %d, which leads elsewhere; that is not followed: "
                       "give `url` as it is now",
                       SM_SV_ARG(at), status);
    if (may_come_again(ask, status))
        code = SM_E_REMOTE;
    sm_fail(err, code, 0, "%.*s answered with status %d%.*s", SM_SV_ARG(at), status,
            SM_SV_ARG(said));
    err->retryable = code == SM_E_REMOTE;
    return code;
}

static bool is_stopped(const void *ctx)
{
    const sm_http_ask *ask = ctx;

    return ask->stopping != NULL && ask->stopping(ask->stopping_ctx);
}

/* It was asked often enough, or asks for a longer pause than is waited for. */
static sm_code tell_tries(int64_t tries, int64_t after_ms, sm_error *err)
{
    sm_error why = *err;

    if (after_ms > 0)
        sm_fail(err, why.code, why.sys, "%s (it asks for a pause of %lld s)", why.msg,
                (long long)after_ms / 1000);
    else if (tries > 1)
        sm_fail(err, why.code, why.sys, "%s (asked %lld times)", why.msg, (long long)tries);
    err->retryable = true;
    return err->code;
}

static sm_code ask_on(const sm_http_request *q, const sm_http_ask *ask, const head *h, sm_arena *a,
                      sm_http_answer *out, sm_error *err)
{
    int64_t pause = ask->pause_ms;
    sm_code rc = SM_OK;

    for (int64_t i = 1;; i++) {
        *out = (sm_http_answer){ 0 };
        if ((rc = sm_http_send(q, a, out, err)) == SM_OK)
            rc = judge(out, h, ask, a, err);
        if (rc == SM_OK || !err->retryable)
            return rc;
        if (out->retry_after_ms > ask->pause_max_ms || i >= ask->tries)
            return tell_tries(i, out->retry_after_ms, err);
        if (!sm_pause_ms(out->retry_after_ms > pause ? out->retry_after_ms : pause, is_stopped,
                         ask))
            return sm_fail(err, SM_E_CANCELLED, 0, "stopped waiting for the endpoint");
        pause = 2 * pause < ask->pause_max_ms ? 2 * pause : ask->pause_max_ms;
    }
}

sm_code sm_http_endpoint_ask(const sm_http_endpoint *e, const sm_http_ask *ask, sm_arena *a,
                             sm_http_answer *out, sm_error *err)
{
    sm_sv ca_file = SM_SV("");
    head h = { .n = 0 };
    sm_http_request q = { .client = e->client,
                          .method = ask->method,
                          .url = ask->url,
                          .body = ask->body,
                          .egress = &e->egress,
                          .stop = ask->stop };
    sm_code rc;

    if (e->connection != NULL)
        ca_file = sm_json_get_sv(e->connection->values, "ca_file", SM_SV(""));
    q.ca_file = ca_file.len > 0 ? sm_arena_cstr(a, ca_file) : NULL;
    if (ask->answer_is_cut) {
        q.max_answer = CUT;
        q.answer_is_cut = true;
    }
    if ((rc = make_headers(e, ask, &h, a, err)) == SM_OK) {
        q.headers = h.items;
        q.n_headers = h.n;
        rc = ask_on(&q, ask, &h, a, out, err);
    }
    sm_secret_free(h.secret);
    return rc;
}
