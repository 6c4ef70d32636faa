/* SPDX-License-Identifier: Apache-2.0 */
/* server.c -- sockets: start, stop, and bytes in and out.
 *
 *     accept ─▶ request line ─▶ headers ─▶ body ─▶ call.c ─▶ answer.c
 *                8 KiB           32 KiB     1 MiB
 *
 * libmicrohttpd gives each connection a thread.  A request is a `sm_call` in an arena of its own,
 * made when its first line is there and freed when its answer has been sent. */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "runtime/base/clock.h"
#include "runtime/base/hash.h"
#include "runtime/base/log.h"
#include "runtime/base/tls_pair.h"
#include "runtime/store/store_audit.h"
#include "ui/http/first_token.h"
#include "ui/http/http_int.h"
#include "ui/http/http_lib.h"

/* ---- connections -------------------------------------------------------------------------- */

static void count_connection(void *ctx, struct MHD_Connection *connection, void **socket,
                             enum MHD_ConnectionNotificationCode code)
{
    sm_http *h = ctx;
    const union MHD_ConnectionInfo *fd, *peer;

    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        sm_connections_leave(h->connections, *socket);
        *socket = NULL;
        return;
    }
    fd = sm_mhd.get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    peer = sm_mhd.get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    if (fd != NULL && peer != NULL)
        *socket = sm_connections_enter(h->connections, fd->connect_fd, peer->client_addr);
}

static sm_connection *socket_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        sm_mhd.get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

    return info == NULL ? NULL : info->socket_context;
}

/* ---- one request -------------------------------------------------------------------------- */

/* Called when the request line is there. */
static void *begin_call(void *ctx, const char *target, struct MHD_Connection *connection)
{
    sm_arena *a = sm_arena_new("request");
    sm_call *c = SM_NEW(a, sm_call);

    c->server = ctx;
    c->connection = connection;
    c->a = a;
    c->target = sm_arena_dup(a, sm_sv_cstr(target));
    sm_buf_init(&c->raw, SM_HTTP__BODY_MAX);
    return c;
}

static enum MHD_Result answer(sm_call *c)
{
    struct MHD_Response *r = sm_call__response(c);
    sm_atomic *count = &c->server->requests[c->answer.status / 100 % 6];
    enum MHD_Result sent = sm_mhd.queue_response(c->connection, c->answer.status, r);

    sm_mhd.destroy_response(r);
    sm_atomic_add(count, 1);
    if (c->answer.response == NULL)
        sm_connections_set(c->server->connections, c->socket, SM_PHASE_TAKING);
    return sent;
}

/* The body of a request that is refused is passed over when it is short, so that the client reads
 * the answer; a long one is not waited for. */
static bool is_short(const sm_call *c)
{
    sm_sv length = sm_call__header(c, "Content-Length");
    int64_t n = 0;

    return sm_call__header(c, "Transfer-Encoding").len == 0 &&
           (length.len == 0 || (sm_sv_to_int64(length, &n) && n <= SM_HTTP__PASSED_OVER));
}

static enum MHD_Result take_call(void *ctx, struct MHD_Connection *connection, const char *url,
                                 const char *method, const char *version, const char *upload,
                                 size_t *upload_len, void **call)
{
    sm_call *c = *call;

    (void)ctx;
    (void)url;
    (void)version;
    if (c->method == NULL) { /* headers are there, the body is not */
        c->method = sm_arena_cstr(c->a, sm_sv_cstr(method));
        c->socket = socket_of(connection);
        c->refused = !sm_call__admit(c);
        return c->refused && !is_short(c) ? answer(c) : MHD_YES;
    }
    if (*upload_len > 0) {
        if (!c->refused)
            sm_buf_add(&c->raw, (sm_sv){ upload, *upload_len });
        c->too_large |= c->raw.over;
        *upload_len = 0;
        return MHD_YES;
    }
    sm_connections_set(c->server->connections, c->socket, SM_PHASE_WORKING);
    if (!c->refused)
        sm_call__handle(c);
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
    if (c == NULL)
        return;
    sm_connections_set(c->server->connections, c->socket, SM_PHASE_ASKING);
    sm_buf_release(&c->raw);
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

/* ---- start and stop ------------------------------------------------------------------------ */

enum { OPTIONS_MAX = 16 };

static sm_code add_tls(sm_http *h, struct MHD_OptionItem *options, size_t *n, sm_error *err)
{
    const sm_http_config *config = &h->config;
    sm_sv certificate, key;
    sm_code rc;

    if (sm_mhd.is_feature_supported(MHD_FEATURE_TLS) != MHD_YES)
        return sm_fail(err, SM_E_INVALID, 0, "this libmicrohttpd was built without TLS");
    if ((rc = sm_tls_pair_read(sm_arena_cstr(h->a, config->tls_certificate),
                               sm_arena_cstr(h->a, config->tls_key), h->a, &certificate, &key,
                               err)) != SM_OK)
        return sm_wrap(err, "server.tls");
    options[(*n)++] =
        (struct MHD_OptionItem){ MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)certificate.ptr };
    options[(*n)++] =
        (struct MHD_OptionItem){ MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)key.ptr };
    return SM_OK;
}

static sm_code start_daemon(sm_http *h, const address *at, sm_error *err)
{
    struct MHD_OptionItem options[OPTIONS_MAX] = { { MHD_OPTION_END, 0, NULL } };
    unsigned flags = MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD |
                     MHD_USE_POLL | MHD_USE_ITC | MHD_USE_ERROR_LOG;
    size_t n = 0;
    sm_code rc;

    if (h->tls && (rc = add_tls(h, options, &n, err)) != SM_OK)
        return rc;
    options[n] = (struct MHD_OptionItem){ MHD_OPTION_END, 0, NULL };
    if (h->tls)
        flags |= MHD_USE_TLS;
    if (at->at.ss_family == AF_INET6)
        flags |= at->host.len == 0 ? (unsigned)MHD_USE_DUAL_STACK : (unsigned)MHD_USE_IPv6;
    errno = 0;
    h->daemon = sm_mhd.start_daemon(
        flags, 0, NULL, NULL, take_call, h, MHD_OPTION_SOCK_ADDR, (const struct sockaddr *)&at->at,
        MHD_OPTION_URI_LOG_CALLBACK, begin_call, h, MHD_OPTION_NOTIFY_COMPLETED, end_call, h,
        MHD_OPTION_NOTIFY_CONNECTION, count_connection, h, MHD_OPTION_EXTERNAL_LOGGER, log_fault, h,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)SM_CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)SM_HTTP__IDLE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)(SM_HTTP__TARGET_MAX + SM_HTTP__HEADERS_MAX + 8 * 1024),
        MHD_OPTION_THREAD_STACK_SIZE, (size_t)SM_HTTP__STACK, MHD_OPTION_ARRAY, options,
        MHD_OPTION_END);
    if (h->daemon != NULL)
        return SM_OK;
    return sm_fail(err, errno == EADDRINUSE ? SM_E_CONFLICT : SM_E_IO, errno,
                   "cannot listen on %.*s: %s", SM_SV_ARG(h->config.listen),
                   errno != 0 ? strerror(errno) : "the certificate or its key cannot be used");
}

static void make_url(sm_http *h, const address *at)
{
    const union MHD_DaemonInfo *port = sm_mhd.get_daemon_info(h->daemon, MHD_DAEMON_INFO_BIND_PORT);
    bool v6 = sm_sv_find_char(at->host, ':') >= 0;

    h->url =
        sm_arena_printf(h->a, "%s://%s%.*s%s:%u%.*s/", h->tls ? "https" : "http", v6 ? "[" : "",
                        SM_SV_ARG(at->host.len > 0 ? at->host : SM_SV("localhost")), v6 ? "]" : "",
                        port == NULL ? 0u : (unsigned)port->port, SM_SV_ARG(h->config.base_path))
            .ptr;
}

static const sm_sv *copy_list(sm_arena *a, const sm_sv *list, size_t n)
{
    sm_sv *copy = SM_NEW_N(a, sm_sv, n + 1);

    for (size_t i = 0; i < n; i++)
        copy[i] = sm_arena_dup(a, list[i]);
    return copy;
}

static sm_http_config copy_config(const sm_http_config *from, sm_arena *a)
{
    sm_http_config c = *from;

    c.state_dir = sm_arena_dup(a, from->state_dir);
    c.listen = sm_arena_dup(a, from->listen);
    c.tls_certificate = sm_arena_dup(a, from->tls_certificate);
    c.tls_key = sm_arena_dup(a, from->tls_key);
    c.base_path = sm_arena_dup(a, from->base_path);
    c.dev = sm_arena_dup(a, from->dev);
    c.version = sm_arena_dup(a, from->version);
    c.hosts = copy_list(a, from->hosts, from->n_hosts);
    c.trusted_proxies = copy_list(a, from->trusted_proxies, from->n_trusted_proxies);
    while (sm_sv_ends(c.base_path, SM_SV("/")))
        c.base_path.len--;
    return c;
}

/* What is dangerous is refused or said. */
static sm_code judge_config(sm_http *h, sm_sv host, sm_error *err)
{
    const sm_http_config *c = &h->config;
    bool loopback = sm_peer__is_loopback(host);

    if ((c->tls_certificate.len > 0) != (c->tls_key.len > 0))
        return sm_fail(err, SM_E_INVALID, 0, "server.tls needs both certificate and key");
    if (c->base_path.len > 0 && c->base_path.ptr[0] != '/')
        return sm_fail(err, SM_E_INVALID, 0, "server.base_path does not begin with \"/\"");
    if (c->auth_none && !loopback)
        return sm_fail(err, SM_E_DENIED, 0,
                       "server.auth is none: then server.listen must be an address of this machine "
                       "only, such as 127.0.0.1:8480, not \"%.*s\"",
                       SM_SV_ARG(c->listen));
    h->tls = c->tls_certificate.len > 0;
    if (!loopback && !h->tls && c->n_trusted_proxies == 0)
        h->warning = "the address is reachable from other machines and not encrypted: whoever "
                     "listens on the network can read tokens and use them; set server.tls, or "
                     "listen on 127.0.0.1 behind a proxy that encrypts";
    return SM_OK;
}

static sm_code open_store(sm_http *h, sm_error *err)
{
    sm_store_config config = { .state_path = h->config.state_dir };
    sm_code rc = sm_store_open(&config, &h->store, err);

    if (rc == SM_OK)
        rc = sm_store_audit_trim(h->store, sm_clock_now_ms() - SM_AUDIT_KEPT_MS, err);
    return rc != SM_OK || h->config.auth_none ? rc : sm_http__first_token(h, err);
}

static void free_parts(sm_http *h)
{
    sm_hub_free(h->hub);
    sm_connections_free(h->connections);
    sm_store_close(h->store);
    sm_auth__release(&h->auth);
    sm_arena_free(h->a);
}

sm_code sm_http_start(const sm_http_config *config, const sm_site *site, sm_http **out,
                      sm_error *err)
{
    sm_arena *a = sm_arena_new("http");
    sm_http *h = SM_NEW(a, sm_http);
    address at = { .len = 0 };
    sm_code rc;

    *h = (sm_http){
        .site = site, .a = a, .config = copy_config(config, a), .started_ms = sm_clock_now_ms()
    };
    sm_auth__init(&h->auth);
    h->connections = sm_connections_new();
    if ((rc = sm_http__load(err)) != SM_OK ||
        (rc = find_address(h->config.listen, a, &at, err)) != SM_OK ||
        (rc = judge_config(h, at.host, err)) != SM_OK ||
        (rc = sm_hub_start(site->bus, h->connections, &h->hub, err)) != SM_OK)
        goto done;
    if ((rc = open_store(h, err)) != SM_OK || (rc = start_daemon(h, &at, err)) != SM_OK) {
        sm_hub_close(h->hub);
        goto done;
    }
    make_url(h, &at);
    sm_http__make_link(h);
    *out = h;
    return SM_OK;
done:
    free_parts(h);
    return rc;
}

void sm_http_stop(sm_http *h)
{
    if (h == NULL)
        return;
    sm_hub_close(h->hub); /* streams end */
    sm_mhd.stop_daemon(h->daemon);
    free_parts(h);
}

const char *sm_http_url(const sm_http *h)
{
    return h->url;
}

const char *sm_http_login_link(const sm_http *h)
{
    return h->login_link;
}

const char *sm_http_token_file(const sm_http *h)
{
    return h->token_file;
}

const char *sm_http_warning(const sm_http *h)
{
    return h->warning;
}
