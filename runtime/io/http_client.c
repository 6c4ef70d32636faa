/* SPDX-License-Identifier: Apache-2.0 */
/* http_client.c -- see the header. */
#include "runtime/io/http_client.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/base/clock.h"
#include "runtime/io/curl_lib.h"

enum {
    TAKE_BUFFER = 512 * 1024,      /* bytes asked of a socket at once, where much is to come, */
    TAKE_WINDOW = 4 * 1024 * 1024, /* and those that may be under way */
};

/* What the callbacks of one request share. */
typedef struct call {
    const sm_http_request *q;
    CURL *curl;
    CURLU *url;
    struct curl_slist *headers;
    sm_sv host; /* "hooks.example.com:8443", for messages */
    sm_buf answer, head;
    bool is_denied; /* `denied` says why */
    sm_error denied;
    int64_t taken;      /* bytes that q->take has */
    sm_error not_taken; /* why it took no more; code SM_OK: it did */
    char text[CURL_ERROR_SIZE];
} call;

/* ---- failures -------------------------------------------------------------------- */

typedef struct meaning {
    CURLcode curl;
    sm_code code;
    bool retryable;
    const char *words;
} meaning;

static const meaning meanings[] = {
    { CURLE_COULDNT_RESOLVE_HOST, SM_E_REMOTE, true, "there is no host of that name" },
    { CURLE_COULDNT_RESOLVE_PROXY, SM_E_REMOTE, true, "there is no proxy of that name" },
    { CURLE_COULDNT_CONNECT, SM_E_REMOTE, true, "nobody answers there" },
    { CURLE_OPERATION_TIMEDOUT, SM_E_TIMEOUT, true, "no answer in time" },
    { CURLE_PEER_FAILED_VERIFICATION, SM_E_REMOTE, false, "its certificate is not trusted" },
    { CURLE_SSL_CACERT_BADFILE, SM_E_INVALID, false, "the file of certificates cannot be read" },
    { CURLE_SSL_CONNECT_ERROR, SM_E_REMOTE, true, "no agreement on TLS" },
    { CURLE_GOT_NOTHING, SM_E_REMOTE, true, "it hung up without an answer" },
    { CURLE_PARTIAL_FILE, SM_E_REMOTE, true, "it hung up in the middle of its answer" },
    { CURLE_RECV_ERROR, SM_E_REMOTE, true, "the connection broke" },
    { CURLE_SEND_ERROR, SM_E_REMOTE, true, "the connection broke" },
    { CURLE_WEIRD_SERVER_REPLY, SM_E_REMOTE, false, "it does not speak HTTP" },
    { CURLE_UNSUPPORTED_PROTOCOL, SM_E_REMOTE, false, "it does not speak HTTP" },
};

static sm_code fail_as(const call *c, const meaning *m, sm_error *err)
{
    long number = 0;
    sm_code rc;

    sm_curl.easy_getinfo(c->curl, CURLINFO_OS_ERRNO, &number);
    if (m->curl == CURLE_COULDNT_CONNECT && number != 0)
        rc = sm_fail_errno(err, (int)number, "could not connect to %.*s", SM_SV_ARG(c->host));
    else if (m->retryable || c->text[0] == '\0')
        rc = sm_fail(err, m->code, (int)m->curl, "could not reach %.*s: %s", SM_SV_ARG(c->host),
                     m->words);
    else
        rc = sm_fail(err, m->code, (int)m->curl, "could not reach %.*s: %s (%s)",
                     SM_SV_ARG(c->host), m->words, c->text);
    err->code = m->code;
    err->retryable = m->retryable;
    (void)rc;
    return m->code;
}

static sm_code judge(const call *c, CURLcode result, sm_error *err)
{
    sm_code rc;

    if (c->is_denied) {
        *err = c->denied;
        return sm_wrap(err, "host %.*s", SM_SV_ARG(c->host));
    }
    if (result == CURLE_OK)
        return SM_OK;
    if (c->not_taken.code != SM_OK) {
        *err = c->not_taken;
        return err->code;
    }
    if (c->answer.over)
        return sm_fail(err, SM_E_LIMIT, 0, "the answer of %.*s is larger than %zu bytes",
                       SM_SV_ARG(c->host), c->answer.max);
    if (result == CURLE_ABORTED_BY_CALLBACK)
        return sm_fail(err, SM_E_CANCELLED, 0, "stopped waiting for %.*s", SM_SV_ARG(c->host));
    for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++)
        if (meanings[i].curl == result)
            return fail_as(c, &meanings[i], err);
    rc = sm_fail(err, SM_E_REMOTE, (int)result, "could not reach %.*s: %s", SM_SV_ARG(c->host),
                 c->text[0] != '\0' ? c->text : sm_curl.easy_strerror(result));
    err->retryable = false;
    return rc;
}

/* ---- the address ----------------------------------------------------------------- */

static sm_code no_address(sm_error *err, const char *why)
{
    return sm_fail(err, SM_E_INVALID, 0, "that is no address to send to: %s", why);
}

/* Host and port of `u`, the port that its scheme means when it names none. */
static sm_code read_host(CURLU *u, sm_arena *a, sm_sv *host, int *port, sm_error *err)
{
    char *name = NULL, *number = NULL;
    int64_t value = 0;
    sm_code rc = SM_OK;

    if (sm_curl.url_get(u, CURLUPART_HOST, &name, 0) != CURLUE_OK ||
        sm_curl.url_get(u, CURLUPART_PORT, &number, CURLU_DEFAULT_PORT) != CURLUE_OK)
        rc = no_address(err, "it names no host");
    if (rc == SM_OK) {
        *host = sm_arena_dup(a, sm_sv_cstr(name));
        sm_sv_to_int64(sm_sv_cstr(number), &value);
        *port = (int)value;
    }
    sm_curl.free(name);
    sm_curl.free(number);
    return rc;
}

static sm_code check_scheme(CURLU *u, sm_error *err)
{
    char *scheme = NULL;
    bool good = sm_curl.url_get(u, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
                (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0);

    sm_curl.free(scheme);
    return good ? SM_OK : no_address(err, "it must begin with http:// or https://");
}

/* "127.0.0.1:8480" has none, and libcurl takes its host for one. */
static bool has_scheme(sm_sv url)
{
    return sm_sv_find(url, SM_SV("://")) >= 0;
}

/* libcurl's own parser reads it, so that what is judged is what is asked. */
static sm_code parse_url(sm_sv url, sm_arena *a, CURLU **out, sm_sv *host, int *port, sm_error *err)
{
    CURLUcode code;
    sm_code rc;

    if ((rc = sm_curl__load(err)) != SM_OK)
        return rc;
    *out = sm_curl.url();
    if (memchr(url.ptr, '\0', url.len) != NULL)
        return no_address(err, "it has a NUL in it");
    code = sm_curl.url_set(*out, CURLUPART_URL, sm_arena_cstr(a, url),
                           CURLU_DISALLOW_USER | CURLU_NON_SUPPORT_SCHEME);
    if (code == CURLUE_USER_NOT_ALLOWED)
        return no_address(err, "it holds a user or a password; give a header instead");
    if (code != CURLUE_OK)
        return no_address(err, has_scheme(url) ? "it cannot be read"
                                               : "it must begin with http:// or https://");
    if ((rc = check_scheme(*out, err)) != SM_OK)
        return rc;
    return read_host(*out, a, host, port, err);
}

sm_code sm_http_check_url(sm_sv url, sm_arena *a, sm_sv *host, sm_error *err)
{
    CURLU *u = NULL;
    sm_sv name;
    int port;
    sm_code rc = parse_url(url, a, &u, &name, &port, err);

    if (rc == SM_OK && host != NULL)
        *host = sm_arena_printf(a, "%.*s:%d", SM_SV_ARG(name), port);
    if (u != NULL)
        sm_curl.url_cleanup(u);
    return rc;
}

/* ---- what libcurl calls ---------------------------------------------------------- */

/* Linux widens the window of a connection for who waits for more than fits, and leaves it so when
 * he no longer does; its own tuning goes on from there, which SO_RCVBUF would end.  Kernels
 * before 6.18 take it for the most that this connection may ever ask for, if it does not stand yet:
 * so it is as much as their tuning goes to (half of tcp_rmem, to which it is cut). */
static void expect_much(curl_socket_t fd)
{
    int much = TAKE_WINDOW, any = 1;

    (void)setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &much, sizeof much);
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &any, sizeof any);
}

/* A socket to an address that it has found. */
static curl_socket_t open_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *to)
{
    call *c = ctx;
    curl_socket_t fd;

    (void)purpose;
    if (sm_egress_address(c->q->egress, &to->addr, &c->denied) != SM_OK) {
        c->is_denied = true;
        return CURL_SOCKET_BAD;
    }
    fd = socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
    if (fd >= 0 && c->q->take != NULL)
        expect_much(fd);
    return fd;
}

static bool is_taken(const call *c)
{
    long status = 0;

    if (c->q->take != NULL)
        sm_curl.easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &status);
    return status / 100 == 2;
}

/* To who takes the body as it comes.  The connection may have been opened for something small. */
static size_t take_piece(call *c, sm_sv bytes)
{
    curl_socket_t fd = CURL_SOCKET_BAD;

    if (c->taken == 0 && sm_curl.easy_getinfo(c->curl, CURLINFO_ACTIVESOCKET, &fd) == CURLE_OK &&
        fd != CURL_SOCKET_BAD)
        expect_much(fd);
    if (c->q->take(c->q->take_ctx, c->taken, bytes, &c->not_taken) != SM_OK)
        return 0;
    c->taken += (int64_t)bytes.len;
    return bytes.len;
}

static size_t take_body(char *bytes, size_t size, size_t n, void *ctx)
{
    call *c = ctx;
    size_t len = size * n, room = c->answer.max - c->answer.len;

    if (is_taken(c))
        return take_piece(c, (sm_sv){ bytes, len });
    sm_buf_add(&c->answer, (sm_sv){ bytes, c->q->answer_is_cut && len > room ? room : len });
    return c->answer.over ? 0 : len;
}

static size_t take_header(char *bytes, size_t size, size_t n, void *ctx)
{
    call *c = ctx;

    sm_buf_add(&c->head, (sm_sv){ bytes, size * n });
    return c->head.over ? 0 : size * n;
}

bool sm_http_is_stopped(const sm_atomic *stop)
{
    int64_t from = stop == NULL ? 0 : sm_atomic_get(stop);

    return from != 0 && sm_clock_boot_ms() >= from;
}

static int look_up(void *ctx, curl_off_t dl_total, curl_off_t dl, curl_off_t ul_total,
                   curl_off_t ul)
{
    const call *c = ctx;

    (void)dl_total;
    (void)dl;
    (void)ul_total;
    (void)ul;
    return sm_http_is_stopped(c->q->stop);
}

/* ---- a request ------------------------------------------------------------------- */

static void set_limits(const call *c)
{
    const sm_http_request *q = c->q;
    long connect = (long)(q->connect_ms > 0 ? q->connect_ms : SM_HTTP_CONNECT_MS);
    long total = (long)(q->total_ms > 0 ? q->total_ms : SM_HTTP_TOTAL_MS);

    sm_curl.easy_setopt(c->curl, CURLOPT_NOSIGNAL, 1L);
    sm_curl.easy_setopt(c->curl, CURLOPT_CONNECTTIMEOUT_MS, connect);
    sm_curl.easy_setopt(c->curl, CURLOPT_TIMEOUT_MS, total);
    sm_curl.easy_setopt(c->curl, CURLOPT_FOLLOWLOCATION, 0L);
    sm_curl.easy_setopt(c->curl, CURLOPT_PROTOCOLS_STR, "http,https");
    if (q->take != NULL)
        sm_curl.easy_setopt(c->curl, CURLOPT_BUFFERSIZE, (long)TAKE_BUFFER);
    if (!q->as_is)
        sm_curl.easy_setopt(c->curl, CURLOPT_ACCEPT_ENCODING, "");
    sm_curl.easy_setopt(c->curl, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    sm_curl.easy_setopt(c->curl, CURLOPT_OPENSOCKETDATA, c);
    sm_curl.easy_setopt(c->curl, CURLOPT_WRITEFUNCTION, take_body);
    sm_curl.easy_setopt(c->curl, CURLOPT_WRITEDATA, c);
    sm_curl.easy_setopt(c->curl, CURLOPT_HEADERFUNCTION, take_header);
    sm_curl.easy_setopt(c->curl, CURLOPT_HEADERDATA, c);
    sm_curl.easy_setopt(c->curl, CURLOPT_NOPROGRESS, 0L);
    sm_curl.easy_setopt(c->curl, CURLOPT_XFERINFOFUNCTION, look_up);
    sm_curl.easy_setopt(c->curl, CURLOPT_XFERINFODATA, c);
    sm_curl.easy_setopt(c->curl, CURLOPT_ERRORBUFFER, c->text);
    /* A proxy would do the looking up, and with it decide where we go. */
    if (!q->egress->any)
        sm_curl.easy_setopt(c->curl, CURLOPT_PROXY, "");
    else
        sm_curl.easy_setopt(c->curl, CURLOPT_NOPROXY, "localhost,127.0.0.1,::1");
    if (q->ca_file != NULL)
        sm_curl.easy_setopt(c->curl, CURLOPT_CAINFO, q->ca_file);
}

static sm_code set_headers(call *c, sm_arena *a, sm_error *err)
{
    /* Not to be asked whether it may send its body, which costs a second. */
    c->headers = sm_curl.slist_append(c->headers, "Expect:");
    for (size_t i = 0; i < c->q->n_headers; i++) {
        sm_sv h = c->q->headers[i];

        for (size_t k = 0; k < h.len; k++)
            if (h.ptr[k] == '\r' || h.ptr[k] == '\n' || h.ptr[k] == '\0')
                return sm_fail(err, SM_E_INVALID, 0, "a header may have no line break in it");
        c->headers = sm_curl.slist_append(c->headers, sm_arena_cstr(a, h));
    }
    sm_curl.easy_setopt(c->curl, CURLOPT_HTTPHEADER, c->headers);
    return SM_OK;
}

static void set_what(const call *c, sm_arena *a)
{
    const sm_http_request *q = c->q;

    sm_curl.easy_setopt(c->curl, CURLOPT_CURLU, c->url);
    if (q->body.ptr != NULL) {
        sm_curl.easy_setopt(c->curl, CURLOPT_POST, 1L);
        sm_curl.easy_setopt(c->curl, CURLOPT_POSTFIELDS, q->body.ptr);
        sm_curl.easy_setopt(c->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)q->body.len);
    }
    if (sm_sv_eq(q->method, SM_SV("HEAD")))
        sm_curl.easy_setopt(c->curl, CURLOPT_NOBODY, 1L);
    else if (q->method.len > 0)
        sm_curl.easy_setopt(c->curl, CURLOPT_CUSTOMREQUEST, sm_arena_cstr(a, q->method));
}

/* ---- connections that are kept --------------------------------------------------- */

enum { IDLE_MAX = 16 };

struct sm_http_client {
    sm_mutex mutex;
    CURL *idle[IDLE_MAX]; /* each holds its connection open */
    size_t n;
};

sm_http_client *sm_http_client_new(void)
{
    sm_http_client *client = sm_xcalloc(1, sizeof *client);

    sm_mutex_init(&client->mutex);
    return client;
}

void sm_http_client_free(sm_http_client *client)
{
    if (client == NULL)
        return;
    for (size_t i = 0; i < client->n; i++)
        sm_curl.easy_cleanup(client->idle[i]);
    sm_mutex_release(&client->mutex);
    free(client);
}

static CURL *client_take(sm_http_client *client)
{
    CURL *curl = NULL;

    if (client != NULL) {
        sm_mutex_lock(&client->mutex);
        if (client->n > 0)
            curl = client->idle[--client->n];
        sm_mutex_unlock(&client->mutex);
    }
    return curl != NULL ? curl : sm_curl.easy_init();
}

/* Options are of one request; the connection stays. */
static void client_give(sm_http_client *client, CURL *curl)
{
    if (client != NULL) {
        sm_curl.easy_reset(curl);
        sm_mutex_lock(&client->mutex);
        if (client->n < IDLE_MAX) {
            client->idle[client->n++] = curl;
            curl = NULL;
        }
        sm_mutex_unlock(&client->mutex);
    }
    if (curl != NULL)
        sm_curl.easy_cleanup(curl);
}

static void take_answer(const call *c, sm_arena *a, sm_http_answer *out)
{
    curl_off_t after = 0;
    char *type = NULL;
    long status = 0;

    sm_curl.easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &status);
    sm_curl.easy_getinfo(c->curl, CURLINFO_CONTENT_TYPE, &type);
    sm_curl.easy_getinfo(c->curl, CURLINFO_RETRY_AFTER, &after);
    *out = (sm_http_answer){ .status = (int)status,
                             .body = sm_arena_dup(a, sm_buf_sv(&c->answer)),
                             .taken = c->taken,
                             .type = sm_arena_dup(a, sm_sv_cstr(type)),
                             .head = sm_arena_dup(a, sm_buf_sv(&c->head)),
                             .retry_after_ms = (int64_t)after * 1000 };
}

sm_code sm_http_send(const sm_http_request *q, sm_arena *a, sm_http_answer *out, sm_error *err)
{
    call *c = sm_xcalloc(1, sizeof *c);
    sm_sv name;
    int port;
    sm_code rc;

    c->q = q;
    sm_buf_init(&c->answer, q->max_answer > 0 ? q->max_answer : SM_HTTP_ANSWER_MAX);
    sm_buf_init(&c->head, SM_HTTP_HEAD_MAX);
    if ((rc = parse_url(q->url, a, &c->url, &name, &port, err)) != SM_OK ||
        (rc = sm_egress_host(q->egress, name, port, err)) != SM_OK)
        goto done;
    c->host = sm_arena_printf(a, "%.*s:%d", SM_SV_ARG(name), port);
    c->curl = client_take(q->client);
    set_limits(c);
    set_what(c, a);
    if ((rc = set_headers(c, a, err)) != SM_OK)
        goto done;
    if ((rc = judge(c, sm_curl.easy_perform(c->curl), err)) == SM_OK)
        take_answer(c, a, out);
done:
    if (c->curl != NULL)
        client_give(q->client, c->curl);
    if (c->headers != NULL)
        sm_curl.slist_free_all(c->headers);
    if (c->url != NULL)
        sm_curl.url_cleanup(c->url);
    sm_buf_release(&c->answer);
    sm_buf_release(&c->head);
    free(c);
    return rc;
}

sm_sv sm_http_header(const sm_http_answer *answer, const char *name)
{
    sm_sv rest = answer->head, line, key;

    while (sm_sv_next(&rest, '\n', &line))
        if (sm_sv_next(&line, ':', &key) && line.ptr != NULL &&
            sm_sv_eq_nocase(sm_sv_trim(key), sm_sv_cstr(name)))
            return sm_sv_trim(line);
    return SM_SV("");
}
