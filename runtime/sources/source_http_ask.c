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

static bool is_whole(sm_sv link)
{
    ptrdiff_t at = sm_sv_find(link, SM_SV("://"));

    return sm_sv_starts(link, SM_SV("//")) ||
           (at >= 0 && sm_http_before_query(sm_sv_sub(link, 0, (size_t)at)).len == (size_t)at &&
            sm_sv_find_char(sm_sv_sub(link, 0, (size_t)at), '/') < 0);
}

sm_code sm_endpoint__resolve(sm_sv url, sm_sv link, sm_arena *a, sm_sv *out, sm_error *err)
{
    sm_sv origin = origin_of(url), path = sm_http_before_query(url);
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

/* The address of the first page, and of pages that are parameters. */
static sm_code make_url(const sm_source *s, const sm_endpoint_state *state, sm_arena *a, sm_sv *out,
                        sm_error *err)
{
    const sm_endpoint_config *config = s->config;
    const sm_endpoint_source *src = s->state;
    const sm_endpoint_rules *r = &src->rules;
    sm_buf url;
    sm_code rc;

    sm_buf_init(&url, URL_MAX);
    sm_buf_add(&url, src->end.url);
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

/* --- Asking --- */

sm_code sm_endpoint__ask(const sm_source *s, const sm_endpoint_state *state, sm_arena *a,
                         sm_http_answer *out, sm_sv *url, sm_error *err)
{
    const sm_endpoint_config *config = s->config;
    const sm_endpoint_source *src = s->state;
    const sm_sv lines[] = { SM_SV("Accept: application/json"), SM_SV("User-Agent: smelt"),
                            SM_SV("Content-Type: application/json") };
    bool link =
        src->rules.paging == SM_PAGING_JSON_LINK || src->rules.paging == SM_PAGING_HEADER_LINK;
    bool post = config->method == 1;
    sm_http_ask ask = { .lines = lines,
                        .n_lines = post ? 3 : 2,
                        .tries = TRIES,
                        .pause_ms = PAUSE_MS,
                        .pause_max_ms = PAUSE_MAX_MS,
                        .stopping = s->stopping,
                        .stopping_ctx = s->stopping_ctx,
                        .stop = s->give_up };
    sm_code rc;

    *url = state->at;
    if ((!link || state->at.len == 0) && (rc = make_url(s, state, a, url, err)) != SM_OK)
        return rc;
    if (post)
        ask.body = sm_json_text(config->body, a);
    ask.url = *url;
    ask.shown = sm_http_before_query(*url);
    return sm_http_endpoint_ask(&src->end, &ask, a, out, err);
}
