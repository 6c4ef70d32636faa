/* SPDX-License-Identifier: Apache-2.0 */
/* source_http_ask.c -- one request of an endpoint.
 *
 * What is asked with, a token or a password, goes to the host of the configuration only, and into
 * no message; so does the query of an address, which may hold one too. */
#include <string.h>

#include "runtime/base/limit.h"
#include "runtime/base/thread.h"
#include "runtime/sources/source_http_int.h"

enum {
    TRIES = 5,
    PAUSE_MS = 500,           /* doubled with each try */
    PAUSE_MAX_MS = 60 * 1000, /* longer is not waited for, whoever asks for it */
    LOOK_MS = 100,            /* is the run to stop? */
    HEADERS_MAX = 64,
    SAID_MAX = 160, /* bytes of what an endpoint says of a failure */
    URL_MAX = 64 * 1024,
};

/* --- Addresses --- */

/* "https://host:port". */
static sm_sv origin_of(sm_sv url)
{
    ptrdiff_t at = sm_sv_find(url, SM_SV("://"));
    size_t end = at < 0 ? 0 : (size_t)at + 3;

    while (end < url.len && strchr("/?#", url.ptr[end]) == NULL)
        end++;
    return sm_sv_sub(url, 0, end);
}

static sm_sv before_query(sm_sv url)
{
    ptrdiff_t at = sm_sv_find_char(url, '?');

    return at < 0 ? url : sm_sv_sub(url, 0, (size_t)at);
}

static bool is_whole(sm_sv link)
{
    ptrdiff_t at = sm_sv_find(link, SM_SV("://"));

    return sm_sv_starts(link, SM_SV("//")) ||
           (at >= 0 && before_query(sm_sv_sub(link, 0, (size_t)at)).len == (size_t)at &&
            sm_sv_find_char(sm_sv_sub(link, 0, (size_t)at), '/') < 0);
}

sm_code sm_endpoint__resolve(sm_sv url, sm_sv link, sm_arena *a, sm_sv *out, sm_error *err)
{
    sm_sv origin = origin_of(url), path = before_query(url);
    bool slash = false;

    if (is_whole(link)) {
        *out = sm_arena_dup(a, link);
        return sm_sv_eq_nocase(origin_of(link), origin)
                   ? SM_OK
                   : sm_fail(err, SM_E_DENIED, 0,
                             "the answer names a next page that is not at %.*s: another host is "
                             "not asked, and not told who asks",
                             SM_SV_ARG(origin));
    }
    if (sm_sv_starts(link, SM_SV("/")))
        path = origin;
    else if (!sm_sv_starts(link, SM_SV("?")))
        while (path.len > origin.len && path.ptr[path.len - 1] != '/')
            path.len--;
    slash = path.len == origin.len && !sm_sv_starts(link, SM_SV("/"));
    *out = sm_arena_printf(a, "%.*s%s%.*s", SM_SV_ARG(path), slash ? "/" : "", SM_SV_ARG(link));
    return SM_OK;
}

static void add_param(sm_buf *url, sm_sv name, sm_sv value)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

    sm_buf_addc(url, sm_sv_find_char(sm_buf_sv(url), '?') >= 0 ? '&' : '?');
    for (sm_sv part = name;; part = value) {
        for (size_t i = 0; i < part.len; i++)
            if (part.ptr[i] != '\0' && strchr(plain, part.ptr[i]) != NULL)
                sm_buf_addc(url, part.ptr[i]);
            else
                sm_buf_addf(url, "%%%02X", (unsigned char)part.ptr[i]);
        if (part.ptr == value.ptr)
            return;
        sm_buf_addc(url, '=');
    }
}

static void add_number(sm_buf *url, sm_sv name, int64_t value, sm_arena *a)
{
    add_param(url, name, sm_arena_printf(a, "%lld", (long long)value));
}

static void add_base(const sm_source *s, sm_buf *url)
{
    const sm_endpoint_config *config = s->config;
    const sm_endpoint_source *h = s->state;
    sm_sv base, path = config->url;

    if (h->connection != NULL) {
        base = sm_json_get_sv(h->connection->values, "base_url", SM_SV(""));
        while (sm_sv_ends(base, SM_SV("/")))
            base.len--;
        sm_buf_add(url, base);
        if (path.len > 0 && path.ptr[0] != '/' && path.ptr[0] != '?')
            sm_buf_addc(url, '/');
    }
    sm_buf_add(url, path);
}

/* The address of the first page, and of pages that are parameters. */
static sm_code make_url(const sm_source *s, const sm_endpoint_state *state, sm_arena *a, sm_sv *out,
                        sm_error *err)
{
    const sm_endpoint_config *config = s->config;
    const sm_endpoint_rules *r = &((const sm_endpoint_source *)s->state)->rules;
    sm_buf url;
    sm_code rc;

    sm_buf_init(&url, URL_MAX);
    add_base(s, &url);
    for (sm_json_iter it = sm_json_first(config->params); sm_json_valid(&it); sm_json_next(&it))
        add_param(&url, it.key,
                  sm_json_is_string(it.value) ? sm_json_sv(it.value) : sm_json_text(it.value, a));
    if (state->from.len > 0)
        add_param(&url, r->cursor_param, state->from);
    if (r->paging == SM_PAGING_PAGE_NUMBER)
        add_number(&url, r->param, state->inside ? state->number : r->first, a);
    if (r->paging == SM_PAGING_OFFSET) {
        add_number(&url, r->param, state->inside ? state->number : 0, a);
        add_number(&url, r->limit_param, r->limit, a);
    }
    if (r->paging == SM_PAGING_CURSOR && state->at.len > 0)
        add_param(&url, r->param, state->at);
    *out = sm_arena_dup(a, sm_buf_sv(&url));
    rc = sm_buf_check(&url, "the address of a request", err);
    sm_buf_release(&url);
    return rc;
}

/* --- Headers --- */

typedef struct headers {
    sm_sv items[HEADERS_MAX + 4];
    size_t n;
    sm_secret *secret; /* that one of them is made of */
} headers;

static bool has_line_end(sm_sv s)
{
    return sm_sv_find_char(s, '\n') >= 0 || sm_sv_find_char(s, '\r') >= 0;
}

static sm_code add_headers(headers *h, const sm_json *map, sm_arena *a, sm_error *err)
{
    static const char *const not_here[] = { "Authorization", "Cookie", "Proxy-Authorization",
                                            "Host", "Content-Length" };

    for (sm_json_iter it = sm_json_first(map); sm_json_valid(&it); sm_json_next(&it)) {
        sm_sv value =
            sm_json_is_string(it.value) ? sm_json_sv(it.value) : sm_json_text(it.value, a);

        for (size_t i = 0; i < sizeof not_here / sizeof *not_here; i++)
            if (sm_sv_eq_nocase(it.key, sm_sv_cstr(not_here[i])))
                return sm_fail(err, SM_E_INVALID, 0,
                               "`headers` cannot have %s; who asks is said by `bearer`, or "
                               "`username` and `password`, of a connection of smelt.yml",
                               not_here[i]);
        if (has_line_end(it.key) || has_line_end(value) || h->n >= HEADERS_MAX)
            return sm_fail(err, SM_E_INVALID, 0,
                           "`headers` are at most %d, and a value is one line", HEADERS_MAX);
        h->items[h->n++] = sm_arena_printf(a, "%.*s: %.*s", SM_SV_ARG(it.key), SM_SV_ARG(value));
    }
    return SM_OK;
}

static void add_basic(headers *h, sm_sv user, sm_sv password, sm_arena *a)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    sm_sv pair = sm_arena_printf(a, "%.*s:%.*s", SM_SV_ARG(user), SM_SV_ARG(password));
    const unsigned char *p = (const unsigned char *)pair.ptr;
    sm_buf b;

    sm_buf_init(&b, 2 * pair.len + 64);
    sm_buf_adds(&b, "Authorization: Basic ");
    for (size_t i = 0; i < pair.len; i += 3) {
        size_t left = pair.len - i;
        unsigned v = (unsigned)p[i] << 16 | (left > 1 ? (unsigned)p[i + 1] << 8 : 0) |
                     (left > 2 ? p[i + 2] : 0);

        sm_buf_addc(&b, digits[v >> 18]);
        sm_buf_addc(&b, digits[v >> 12 & 63]);
        sm_buf_addc(&b, left > 1 ? digits[v >> 6 & 63] : '=');
        sm_buf_addc(&b, left > 2 ? digits[v & 63] : '=');
    }
    h->items[h->n++] = sm_arena_dup(a, sm_buf_sv(&b));
    sm_buf_release(&b);
}

static sm_code add_who(const sm_source *s, headers *h, sm_arena *a, sm_error *err)
{
    const sm_connection *c = ((const sm_endpoint_source *)s->state)->connection;
    sm_sv user = sm_json_get_sv(c->values, "username", SM_SV(""));
    const char *key = user.len > 0 ? "password" : "bearer";
    sm_code rc = sm_connection_secret(s->connections, c, key, &h->secret, err);

    if (rc != SM_OK)
        return rc;
    if (user.len > 0)
        add_basic(h, user, h->secret != NULL ? sm_secret_reveal(h->secret) : SM_SV(""), a);
    else if (h->secret != NULL)
        h->items[h->n++] = sm_arena_printf(a, "Authorization: Bearer %.*s",
                                           SM_SV_ARG(sm_secret_reveal(h->secret)));
    return SM_OK;
}

static sm_code make_headers(const sm_source *s, headers *h, sm_arena *a, sm_error *err)
{
    const sm_endpoint_config *config = s->config;
    const sm_endpoint_source *src = s->state;
    sm_code rc = add_headers(h, config->headers, a, err);

    if (rc == SM_OK && src->connection != NULL &&
        (rc = add_headers(h, sm_json_get(src->connection->values, "headers"), a, err)) == SM_OK)
        rc = add_who(s, h, a, err);
    h->items[h->n++] = SM_SV("Accept: application/json");
    h->items[h->n++] = SM_SV("User-Agent: smelt");
    if (config->method == 1)
        h->items[h->n++] = SM_SV("Content-Type: application/json");
    return rc;
}

/* --- Asking --- */

/* The first line of an answer, unless it says what is secret. */
static sm_sv said_by(const sm_http_answer *answer, const sm_secret *secret, sm_arena *a)
{
    sm_sv line = sm_sv_trim(answer->body), out;
    sm_buf b;

    for (size_t i = 0; i < line.len; i++)
        if (line.ptr[i] == '\n' || line.ptr[i] == '\r')
            line.len = i;
    if (secret != NULL && sm_sv_find(line, sm_secret_reveal(secret)) >= 0)
        return SM_SV("");
    sm_buf_init(&b, URL_MAX);
    sm_buf_adds(&b, line.len > 0 ? ": " : "");
    sm_buf_add_safe(&b, sm_sv_sub(line, 0, SAID_MAX));
    out = sm_arena_dup(a, sm_buf_sv(&b));
    sm_buf_release(&b);
    return out;
}

/* Which failures may be none the next time. */
static bool may_come_again(int status)
{
    return status == 408 || status == 429 || status >= 500;
}

static sm_code judge(const sm_http_answer *answer, const headers *h, sm_sv url, sm_arena *a,
                     sm_error *err)
{
    sm_sv at = before_query(url), said = said_by(answer, h->secret, a);
    int status = answer->status;
    sm_code code = status == 401 || status == 403 ? SM_E_DENIED : SM_E_INVALID;

    if (status >= 200 && status < 300)
        return SM_OK;
    if (status >= 300 && status < 400)
        return sm_fail(err, SM_E_INVALID, 0,
                       "%.*s answered with status %d, which leads elsewhere; that is not followed: "
                       "give `url` as it is now",
                       SM_SV_ARG(at), status);
    sm_fail(err, may_come_again(status) ? SM_E_REMOTE : code, 0, "%.*s answered with status %d%.*s",
            SM_SV_ARG(at), status, SM_SV_ARG(said));
    err->retryable = may_come_again(status);
    return err->code;
}

/* False: stopped meanwhile. */
static bool wait_for(const sm_source *s, int64_t left)
{
    bool stopped = false;
    sm_mutex m;
    sm_cond c;

    sm_mutex_init(&m);
    sm_cond_init(&c);
    sm_mutex_lock(&m);
    for (; left > 0 && !stopped; left -= LOOK_MS) {
        (void)sm_cond_wait_ms(&c, &m, left < LOOK_MS ? left : LOOK_MS);
        stopped = s->stopping != NULL && s->stopping(s->stopping_ctx);
    }
    sm_mutex_unlock(&m);
    sm_cond_release(&c);
    sm_mutex_release(&m);
    return !stopped;
}

static sm_code ask_on(const sm_source *s, const sm_http_request *q, const headers *h, sm_arena *a,
                      sm_http_answer *out, sm_error *err)
{
    sm_code rc = SM_OK;

    for (int i = 0; i < TRIES; i++) {
        int64_t pause = (int64_t)PAUSE_MS << i;

        *out = (sm_http_answer){ 0 };
        if ((rc = sm_http_send(q, a, out, err)) == SM_OK)
            rc = judge(out, h, q->url, a, err);
        if (rc == SM_OK || !err->retryable || out->retry_after_ms > PAUSE_MAX_MS || i + 1 == TRIES)
            return rc;
        if (!wait_for(s, out->retry_after_ms > pause ? out->retry_after_ms : pause))
            return sm_fail(err, SM_E_CANCELLED, 0, "stopped waiting for the endpoint");
    }
    return rc;
}

sm_code sm_endpoint__ask(const sm_source *s, const sm_endpoint_state *state, sm_arena *a,
                         sm_http_answer *out, sm_sv *url, sm_error *err)
{
    const sm_endpoint_config *config = s->config;
    const sm_endpoint_source *src = s->state;
    bool link =
        src->rules.paging == SM_PAGING_JSON_LINK || src->rules.paging == SM_PAGING_HEADER_LINK;
    sm_sv ca_file = SM_SV("");
    headers h = { .n = 0 };
    sm_http_request q = { .client = src->client, .egress = &src->egress };
    sm_code rc;

    *url = state->at;
    if ((!link || state->at.len == 0) && (rc = make_url(s, state, a, url, err)) != SM_OK)
        return rc;
    if (config->method == 1)
        q.body = sm_json_text(config->body, a);
    if (src->connection != NULL)
        ca_file = sm_json_get_sv(src->connection->values, "ca_file", SM_SV(""));
    q.ca_file = ca_file.len > 0 ? sm_arena_cstr(a, ca_file) : NULL;
    q.url = *url;
    if ((rc = make_headers(s, &h, a, err)) == SM_OK) {
        q.headers = h.items;
        q.n_headers = h.n;
        rc = ask_on(s, &q, &h, a, out, err);
    }
    sm_secret_free(h.secret);
    return rc;
}
