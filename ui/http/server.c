/* SPDX-License-Identifier: Apache-2.0 */
/* server.c -- sockets and requests: the only place that talks to libmicrohttpd but for answers.
 *
 *     accept ─▶ request line ─▶ headers ─▶ body ─▶ route ─▶ role ─▶ parameters ─▶ handler ─▶ answer
 *                8 KiB           32 KiB     1 MiB
 *
 * libmicrohttpd gives each connection a thread.  A request is a `sm_call` in an arena of its own,
 * made when its first line is there and freed when its answer has been sent. */
#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "runtime/base/log.h"
#include "ui/http/http_int.h"

/* ---- what handlers use ------------------------------------------------------------------ */

sm_sv sm_call__value(const sm_call *c, const char *name)
{
    return sm_route_value(c->route, &c->values, name);
}

sm_sv sm_call__query(const sm_call *c, const char *name)
{
    const sm_sv *value = sm_uri_get(&c->uri, sm_sv_cstr(name));

    return value == NULL ? SM_SV("") : *value;
}

int64_t sm_call__query_int(const sm_call *c, const char *name, int64_t fallback)
{
    int64_t v = fallback;

    return sm_sv_to_int64(sm_call__query(c, name), &v) ? v : fallback;
}

sm_sv sm_call__header(const sm_call *c, const char *name)
{
    return sm_sv_cstr(MHD_lookup_connection_value(c->connection, MHD_HEADER_KIND, name));
}

/* "gzip;q=0" does not. */
static bool weight_is_zero(sm_sv parameters)
{
    sm_sv rest = parameters, part;
    double q;

    while (sm_sv_next(&rest, ';', &part)) {
        part = sm_sv_trim(part);
        if (sm_sv_starts(part, SM_SV("q=")) && sm_sv_to_double(sm_sv_sub(part, 2, part.len), &q) &&
            q <= 0)
            return true;
    }
    return false;
}

bool sm_call__accepts_gzip(const sm_call *c)
{
    sm_sv rest = sm_call__header(c, "Accept-Encoding"), part;

    while (sm_sv_next(&rest, ',', &part)) {
        ptrdiff_t semicolon = sm_sv_find_char(part, ';');
        size_t cut = semicolon < 0 ? part.len : (size_t)semicolon;
        sm_sv name = sm_sv_trim(sm_sv_sub(part, 0, cut));

        if (sm_sv_eq_nocase(name, SM_SV("gzip")) || sm_sv_eq_str(name, "*"))
            return !weight_is_zero(sm_sv_sub(part, cut, part.len));
    }
    return false;
}

void sm_call__add_header(sm_call *c, const char *name, sm_sv value)
{
    if (c->answer.n_headers < SM_HTTP__ANSWER_HEADERS)
        c->answer.headers[c->answer.n_headers++] = (sm_answer_header){ name, value };
}

/* ---- one request -------------------------------------------------------------------------- */

/* The target behind the base path; false when it lies elsewhere. */
static bool below_base(const sm_call *c, sm_sv *target)
{
    sm_sv base = c->server->config.base_path;

    *target = c->target;
    if (!sm_sv_starts(*target, base))
        return false;
    *target = sm_sv_sub(*target, base.len, target->len);
    if (base.len > 0 && (target->len == 0 || target->ptr[0] == '?'))
        *target = sm_arena_printf(c->a, "/%.*s", SM_SV_ARG(*target));
    return target->len > 0 && target->ptr[0] == '/';
}

static void refuse_method(sm_call *c)
{
    sm_buf allowed;

    sm_buf_init(&allowed, 1024);
    sm_route_methods(&c->uri, &allowed);
    sm_call__add_header(c, "Allow", sm_arena_dup(c->a, sm_buf_sv(&allowed)));
    sm_buf_release(&allowed);
    sm_call__refuse(c, MHD_HTTP_METHOD_NOT_ALLOWED, "method_not_allowed",
                    SM_SV("this address does not take that method"), SM_SV(""));
}

/* Finds c->route; false after refusing. */
static bool find_route(sm_call *c)
{
    sm_sv target;
    sm_error err;
    bool other;

    if (!below_base(c, &target)) {
        sm_call__refuse(c, MHD_HTTP_NOT_FOUND, "not_found",
                        SM_SV("the address is not below the base path"), SM_SV(""));
        return false;
    }
    if (sm_uri_parse(target, c->a, &c->uri, &err) != SM_OK) {
        sm_call__fail(c, &err);
        return false;
    }
    c->route = sm_route_find(c->method, &c->uri, &c->values, &other);
    if (c->route != NULL)
        return true;
    if (other)
        refuse_method(c);
    else
        sm_call__refuse(c, MHD_HTTP_NOT_FOUND, "not_found", SM_SV("there is no such address"),
                        SM_SV("the addresses are listed in /api/v1/openapi.json"));
    return false;
}

static sm_code open_pipeline(sm_call *c, sm_error *err)
{
    const sm_site *site = c->server->site;
    sm_sv name = sm_call__value(c, "pipeline");

    return name.len == 0 ? SM_OK : site->open(site->ctx, name, c->a, &c->view, &c->hold, err);
}

static void handle(sm_call *c)
{
    sm_error err;
    sm_code rc;

    if (!find_route(c))
        return;
    if (!c->route->page && (rc = sm_params_check_query(c->route->query, &c->uri, &err)) != SM_OK) {
        sm_call__fail(c, &err);
        return;
    }
    if ((rc = open_pipeline(c, &err)) == SM_OK)
        rc = c->route->handle(c, &err);
    if (rc != SM_OK)
        sm_call__fail(c, &err);
    if (c->hold != NULL)
        c->server->site->close(c->server->site->ctx, c->hold);
    c->hold = NULL;
}

static enum MHD_Result answer(sm_call *c)
{
    struct MHD_Response *r = sm_call__response(c);
    enum MHD_Result sent = MHD_queue_response(c->connection, c->answer.status, r);

    MHD_destroy_response(r);
    return sent;
}

/* Called when the request line is there. */
static void *begin_call(void *ctx, const char *target, struct MHD_Connection *connection)
{
    sm_arena *a = sm_arena_new("request");
    sm_call *c = SM_NEW(a, sm_call);

    c->server = ctx;
    c->connection = connection;
    c->a = a;
    c->target = sm_arena_dup(a, sm_sv_cstr(target));
    return c;
}

static enum MHD_Result take_call(void *ctx, struct MHD_Connection *connection, const char *url,
                                 const char *method, const char *version, const char *upload,
                                 size_t *upload_len, void **call)
{
    sm_call *c = *call;

    (void)ctx;
    (void)connection;
    (void)url;
    (void)version;
    (void)upload;
    if (c->method == NULL) { /* headers are there, the body is not */
        c->method = sm_arena_cstr(c->a, sm_sv_cstr(method));
        return MHD_YES;
    }
    if (*upload_len > 0) { /* no route takes a body yet */
        *upload_len = 0;
        return MHD_YES;
    }
    if (c->target.len > SM_HTTP__TARGET_MAX)
        sm_call__refuse(c, MHD_HTTP_URI_TOO_LONG, "limit", SM_SV("the address is too long"),
                        SM_SV(""));
    else
        handle(c);
    return answer(c);
}

static void end_call(void *ctx, struct MHD_Connection *connection, void **call,
                     enum MHD_RequestTerminationCode how)
{
    sm_call *c = *call;

    (void)ctx;
    (void)connection;
    (void)how;
    *call = NULL;
    if (c != NULL)
        sm_arena_free(c->a);
}

static void log_fault(void *ctx, const char *fmt, va_list ap)
{
    sm_buf b;

    (void)ctx;
    sm_buf_init(&b, 1024);
    sm_buf_addv(&b, fmt, ap);
    sm_log(SM_LOG_DEBUG, "http", "%.*s", SM_SV_ARG(sm_sv_trim(sm_buf_sv(&b))));
    sm_buf_release(&b);
}

/* ---- listening ---------------------------------------------------------------------------- */

typedef struct address {
    struct sockaddr_storage at;
    socklen_t len;
    sm_sv host;
} address;

/* "host:port", "[v6]:port", ":port". */
static bool split_listen(sm_sv listen, sm_sv *host, sm_sv *port)
{
    size_t colon = listen.len;

    while (colon > 0 && listen.ptr[colon - 1] != ':')
        colon--;
    if (colon == 0)
        return false;
    *host = sm_sv_sub(listen, 0, colon - 1);
    *port = sm_sv_sub(listen, colon, listen.len);
    if (host->len >= 2 && host->ptr[0] == '[' && host->ptr[host->len - 1] == ']')
        *host = sm_sv_sub(*host, 1, host->len - 2);
    else if (sm_sv_find_char(*host, ':') >= 0)
        return false;
    return true;
}

static sm_code find_address(sm_sv listen, sm_arena *a, address *out, sm_error *err)
{
    struct addrinfo hints = { .ai_family = AF_UNSPEC,
                              .ai_socktype = SOCK_STREAM,
                              .ai_flags = AI_PASSIVE | AI_NUMERICSERV },
                    *found = NULL;
    int64_t number;
    sm_sv port;
    int rc;

    if (!split_listen(listen, &out->host, &port) || !sm_sv_to_int64(port, &number) || number < 0 ||
        number > 65535)
        return sm_fail(err, SM_E_INVALID, 0,
                       "\"%.*s\" is no address to listen on: write host:port, say 127.0.0.1:8480",
                       SM_SV_ARG(listen));
    rc = getaddrinfo(out->host.len > 0 ? sm_arena_cstr(a, out->host) : NULL, sm_arena_cstr(a, port),
                     &hints, &found);
    if (rc != 0)
        return sm_fail(err, SM_E_INVALID, 0, "cannot listen on \"%.*s\": %s", SM_SV_ARG(listen),
                       gai_strerror(rc));
    memcpy(&out->at, found->ai_addr, found->ai_addrlen);
    out->len = found->ai_addrlen;
    freeaddrinfo(found);
    return SM_OK;
}

static void start_daemon(sm_http *h, const address *at)
{
    unsigned flags = MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD |
                     MHD_USE_POLL | MHD_USE_ITC | MHD_USE_ERROR_LOG;

    if (at->at.ss_family == AF_INET6)
        flags |= at->host.len == 0 ? (unsigned)MHD_USE_DUAL_STACK : (unsigned)MHD_USE_IPv6;
    h->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, take_call, h, MHD_OPTION_SOCK_ADDR, (const struct sockaddr *)&at->at,
        MHD_OPTION_URI_LOG_CALLBACK, begin_call, h, MHD_OPTION_NOTIFY_COMPLETED, end_call, h,
        MHD_OPTION_EXTERNAL_LOGGER, log_fault, h, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)SM_HTTP__CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)SM_HTTP__IDLE_S,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)(SM_HTTP__TARGET_MAX + SM_HTTP__HEADERS_MAX + 8 * 1024),
        MHD_OPTION_THREAD_STACK_SIZE, (size_t)SM_HTTP__STACK, MHD_OPTION_LISTENING_ADDRESS_REUSE,
        1u, MHD_OPTION_END);
}

static void make_url(sm_http *h, const address *at)
{
    const union MHD_DaemonInfo *port = MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_BIND_PORT);
    bool v6 = sm_sv_find_char(at->host, ':') >= 0;

    h->url =
        sm_arena_printf(h->a, "http://%s%.*s%s:%u%.*s/", v6 ? "[" : "",
                        SM_SV_ARG(at->host.len > 0 ? at->host : SM_SV("localhost")), v6 ? "]" : "",
                        port == NULL ? 0u : (unsigned)port->port, SM_SV_ARG(h->config.base_path))
            .ptr;
}

sm_code sm_http_start(const sm_http_config *config, const sm_site *site, sm_http **out,
                      sm_error *err)
{
    sm_arena *a = sm_arena_new("http");
    sm_http *h = SM_NEW(a, sm_http);
    address at = { .len = 0 };
    sm_code rc;

    *h = (sm_http){ .site = site,
                    .a = a,
                    .config = { .listen = sm_arena_dup(a, config->listen),
                                .base_path = sm_arena_dup(a, config->base_path),
                                .dev = sm_arena_dup(a, config->dev),
                                .version = sm_arena_dup(a, config->version) } };
    if ((rc = find_address(h->config.listen, a, &at, err)) != SM_OK)
        goto done;
    errno = 0;
    start_daemon(h, &at);
    if (h->daemon == NULL) {
        rc = sm_fail(err, errno == EADDRINUSE ? SM_E_CONFLICT : SM_E_IO, errno,
                     "cannot listen on %.*s: %s", SM_SV_ARG(h->config.listen), strerror(errno));
        goto done;
    }
    make_url(h, &at);
    *out = h;
    return SM_OK;
done:
    sm_arena_free(a);
    return rc;
}

void sm_http_stop(sm_http *h)
{
    if (h == NULL)
        return;
    MHD_stop_daemon(h->daemon);
    sm_arena_free(h->a);
}

const char *sm_http_url(const sm_http *h)
{
    return h->url;
}
