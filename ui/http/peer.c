/* SPDX-License-Identifier: Apache-2.0 */
/* peer.c -- who is at the other end, and how does it call us.
 *
 * A browser sends the name it knows us by as Host.  A foreign site whose name is suddenly that of
 * this machine (DNS rebinding) is told apart by that: only names of the loopback, the one we listen
 * on, and those of `server.hosts` are ours.  X-Forwarded-* count from proxies of
 * `server.trusted_proxies` only. */
#include <arpa/inet.h>

#include "ui/http/http_int.h"
#include "ui/http/http_lib.h"

/* ---- addresses --------------------------------------------------------------------------- */

static size_t parse_address(sm_sv text, unsigned char *bytes)
{
    char name[INET6_ADDRSTRLEN + 1];

    if (text.len >= sizeof name)
        return 0;
    memcpy(name, text.ptr, text.len);
    name[text.len] = '\0';
    if (inet_pton(AF_INET, name, bytes) == 1)
        return 4;
    return inet_pton(AF_INET6, name, bytes) == 1 ? 16 : 0;
}

/* "::ffff:10.0.0.1" is 10.0.0.1, as a socket for both families tells it. */
static sm_sv plain_v4(sm_sv address)
{
    sm_sv mapped = SM_SV("::ffff:");

    return sm_sv_starts(address, mapped) && sm_sv_find_char(address, '.') >= 0
               ? sm_sv_sub(address, mapped.len, address.len)
               : address;
}

static bool same_bits(const unsigned char *a, const unsigned char *b, int64_t bits)
{
    size_t whole = (size_t)bits / 8;
    unsigned rest = (unsigned)bits % 8;

    return memcmp(a, b, whole) == 0 && (rest == 0 || (a[whole] ^ b[whole]) >> (8 - rest) == 0);
}

bool sm_peer__in_range(sm_sv address, sm_sv range)
{
    ptrdiff_t slash = sm_sv_find_char(range, '/');
    size_t cut = slash < 0 ? range.len : (size_t)slash;
    unsigned char a[16], b[16];
    size_t n = parse_address(plain_v4(address), a);
    int64_t bits = (int64_t)n * 8;

    if (n == 0 || parse_address(sm_sv_sub(range, 0, cut), b) != n)
        return false;
    if (slash >= 0 && (!sm_sv_to_int64(sm_sv_sub(range, cut + 1, range.len), &bits) || bits < 0 ||
                       bits > (int64_t)n * 8))
        return false;
    return same_bits(a, b, bits);
}

bool sm_peer__is_loopback(sm_sv host)
{
    return sm_sv_eq_nocase(host, SM_SV("localhost")) || sm_sv_eq_str(host, "::1") ||
           sm_peer__in_range(host, SM_SV("127.0.0.0/8"));
}

static bool is_trusted(const sm_http *h, sm_sv address)
{
    for (size_t i = 0; i < h->config.n_trusted_proxies; i++)
        if (sm_peer__in_range(address, h->config.trusted_proxies[i]))
            return true;
    return false;
}

/* Of "client, proxy1, proxy2" the last one that is no trusted proxy. */
static sm_sv forwarded_for(const sm_call *c, sm_sv peer)
{
    sm_sv list = sm_call__header(c, "X-Forwarded-For"), best = peer;

    while (list.len > 0) {
        size_t at = list.len;

        while (at > 0 && list.ptr[at - 1] != ',')
            at--;
        best = sm_sv_trim(sm_sv_sub(list, at, list.len));
        if (!is_trusted(c->server, best))
            break;
        list = sm_sv_sub(list, 0, at > 0 ? at - 1 : 0);
    }
    return best.len > 0 && best.len < SM_ADDRESS_MAX ? best : peer;
}

/* ---- names ------------------------------------------------------------------------------- */

/* "host:8480", "[::1]:8480" without its port and brackets. */
static sm_sv without_port(sm_sv host)
{
    ptrdiff_t end;

    if (host.len > 0 && host.ptr[0] == '[') {
        end = sm_sv_find_char(host, ']');
        return end < 0 ? host : sm_sv_sub(host, 1, (size_t)end - 1);
    }
    end = sm_sv_find_char(host, ':');
    return end < 0 ? host : sm_sv_sub(host, 0, (size_t)end);
}

static bool is_our_name(const sm_http *h, sm_sv name)
{
    if (sm_peer__is_loopback(name) || sm_sv_eq_nocase(name, without_port(h->config.listen)))
        return true;
    for (size_t i = 0; i < h->config.n_hosts; i++)
        if (sm_sv_eq_nocase(name, h->config.hosts[i]))
            return true;
    return false;
}

static bool is_path(sm_sv prefix)
{
    for (size_t i = 0; i < prefix.len; i++)
        if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/",
                   prefix.ptr[i]) == NULL)
            return false;
    return prefix.len > 0 && prefix.len < 256 && prefix.ptr[0] == '/';
}

static void trust_proxy(sm_call *c)
{
    sm_sv host = sm_call__header(c, "X-Forwarded-Host");
    sm_sv proto = sm_call__header(c, "X-Forwarded-Proto");
    sm_sv prefix = sm_call__header(c, "X-Forwarded-Prefix");

    c->address = forwarded_for(c, c->address);
    if (host.len > 0)
        c->host = host;
    if (proto.len > 0)
        c->https = sm_sv_eq_nocase(proto, SM_SV("https"));
    while (sm_sv_ends(prefix, SM_SV("/")))
        prefix.len--;
    if (is_path(prefix) && !sm_sv_starts(prefix, SM_SV("//")))
        c->base = prefix;
}

static enum MHD_Result count_host(void *ctx, enum MHD_ValueKind kind, const char *name,
                                  const char *value)
{
    (void)kind;
    (void)value;
    *(int *)ctx += sm_sv_eq_nocase(sm_sv_cstr(name), SM_SV("Host"));
    return MHD_YES;
}

/* Nothing, or ":" and a port. */
static bool is_port(sm_sv text)
{
    int64_t n;

    if (text.len == 0)
        return true;
    for (size_t i = 1; i < text.len; i++)
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return false;
    return text.ptr[0] == ':' && text.len < 7 && sm_sv_to_int64(sm_sv_sub(text, 1, text.len), &n) &&
           n <= 65535;
}

/* Two names, or one that is none, may mean something else to a proxy than to us. */
static bool check_host(sm_call *c)
{
    sm_sv name = without_port(c->host), host = c->host;
    int n = 0;

    (void)sm_mhd.get_connection_values(c->connection, MHD_HEADER_KIND, count_host, &n);
    if (host.len > 0 && host.ptr[0] == '[')
        host = sm_sv_sub(host, 2, host.len);
    if (n <= 1 && is_port(sm_sv_sub(host, name.len, host.len)))
        return true;
    sm_call__refuse(c, MHD_HTTP_BAD_REQUEST, "invalid",
                    n > 1 ? SM_SV("the request has several Host headers")
                          : SM_SV("the Host header has no number as its port"),
                    SM_SV(""));
    return false;
}

bool sm_call__find_peer(sm_call *c)
{
    c->address = plain_v4(sm_sv_cstr(sm_connection_address(c->socket)));
    c->host = sm_call__header(c, "Host");
    c->https = c->server->tls;
    c->base = c->server->config.base_path;
    if (is_trusted(c->server, c->address))
        trust_proxy(c);
    if (!check_host(c))
        return false;
    if (is_our_name(c->server, without_port(c->host)))
        return true;
    sm_call__refuse(c, MHD_HTTP_FORBIDDEN, "host",
                    SM_SV("this server is not known by the name that the request has for it"),
                    SM_SV("list the name in server.hosts of smelt.yml"));
    return false;
}
