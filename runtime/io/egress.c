/* SPDX-License-Identifier: Apache-2.0 */
/* egress.c -- see the header. */
#include "runtime/io/egress.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

/* An address as sixteen bytes; those of IPv4 stand behind ::ffff: */
typedef struct address {
    uint8_t b[16];
} address;

static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

static address of_v4(const void *bytes)
{
    address out;

    memcpy(out.b, mapped, sizeof mapped);
    memcpy(out.b + sizeof mapped, bytes, 4);
    return out;
}

/* An IPv4 address that is written inside an IPv6 one is that IPv4 address. */
static address of_v6(const void *bytes)
{
    static const uint8_t nat64[12] = { 0x00, 0x64, 0xff, 0x9b };
    static const uint8_t compatible[12] = { 0 };
    address out;

    memcpy(out.b, bytes, sizeof out.b);
    if (memcmp(out.b, nat64, sizeof nat64) == 0)
        return of_v4(out.b + 12);
    if (memcmp(out.b, compatible, sizeof compatible) == 0 && (out.b[12] | out.b[13]) != 0)
        return of_v4(out.b + 12);
    return out;
}

static bool read_address(sm_sv text, address *out)
{
    char copy[INET6_ADDRSTRLEN + 1];
    uint8_t bytes[16];

    if (text.len == 0 || text.len >= sizeof copy)
        return false;
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    if (inet_pton(AF_INET, copy, bytes) == 1) {
        *out = of_v4(bytes);
        return true;
    }
    if (inet_pton(AF_INET6, copy, bytes) != 1)
        return false;
    *out = of_v6(bytes);
    return true;
}

/* ---- what has to be listed itself ------------------------------------------------ */

typedef struct range {
    uint8_t net[16];
    int bits;
    bool own; /* of this machine */
    const char *what;
} range;

#define V4(a, b, c, d)                                                                             \
    {                                                                                              \
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d                                       \
    }

static const range ranges[] = {
    { V4(127, 0, 0, 0), 96 + 8, true, "an address of this machine" },
    { V4(0, 0, 0, 0), 96 + 8, true, "an address of this machine" },
    { { [15] = 1 }, 128, true, "an address of this machine" },
    { { 0 }, 128, true, "an address of this machine" },
    { V4(169, 254, 0, 0), 96 + 16, false, "an address of the link, where clouds keep secrets" },
    { { 0xfe, 0x80 }, 10, false, "an address of the link" },
    { { 0xfd, 0x00, 0x0e, 0xc2, [14] = 0x02, 0x54 }, 128, false, "where a cloud keeps secrets" },
    { V4(100, 100, 100, 200), 128, false, "where a cloud keeps secrets" },
    { V4(168, 63, 129, 16), 128, false, "where a cloud keeps secrets" },
    { V4(192, 0, 0, 192), 128, false, "where a cloud keeps secrets" },
};

static bool is_in(const range *r, const address *a)
{
    int whole = r->bits / 8, rest = r->bits % 8;

    return memcmp(r->net, a->b, (size_t)whole) == 0 &&
           (rest == 0 || ((r->net[whole] ^ a->b[whole]) >> (8 - rest)) == 0);
}

static const range *find_range(const address *a)
{
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
        if (is_in(&ranges[i], a))
            return &ranges[i];
    return NULL;
}

/* ---- patterns -------------------------------------------------------------------- */

static sm_sv without_brackets(sm_sv s)
{
    return s.len >= 2 && s.ptr[0] == '[' && s.ptr[s.len - 1] == ']' ? sm_sv_sub(s, 1, s.len - 2)
                                                                    : s;
}

/* "host:port" to both; a lone IPv6 address has many colons and no port.  *port is 0 without one. */
static bool split(sm_sv pattern, sm_sv *host, int64_t *port)
{
    ptrdiff_t colon = sm_sv_find_char(pattern, ':'), close = sm_sv_find_char(pattern, ']');
    sm_sv rest;

    *host = pattern;
    *port = 0;
    if (close >= 0)
        colon = (size_t)close + 1 < pattern.len ? close + 1 : -1;
    else if (colon >= 0 &&
             sm_sv_find_char(sm_sv_sub(pattern, (size_t)colon + 1, SIZE_MAX), ':') >= 0)
        colon = -1;
    if (colon >= 0) {
        rest = sm_sv_sub(pattern, (size_t)colon + 1, SIZE_MAX);
        if (pattern.ptr[colon] != ':' || !sm_sv_to_int64(rest, port) || *port < 1 || *port > 65535)
            return false;
        *host = sm_sv_sub(pattern, 0, (size_t)colon);
    }
    *host = without_brackets(*host);
    return host->len > 0;
}

static bool is_host_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           strchr(".-_:*?", c) != NULL;
}

sm_code sm_egress_check(sm_sv pattern, sm_error *err)
{
    sm_sv host;
    int64_t port;
    bool good = pattern.len > 0 && split(pattern, &host, &port);

    for (size_t i = 0; good && i < host.len; i++)
        good = host.ptr[i] != '\0' && is_host_char(host.ptr[i]);
    return good ? SM_OK
                : sm_fail(err, SM_E_INVALID, 0,
                          "\"%.*s\" is no pattern of hosts: say hooks.example.com, *.example.com, "
                          "10.1.2.3 or localhost:9000",
                          SM_SV_ARG(pattern));
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

/* Names of hosts are the same in any case. */
static bool matches(sm_sv pattern, sm_sv host)
{
    char p[256], h[256];

    if (pattern.len > sizeof p || host.len > sizeof h)
        return false;
    for (size_t i = 0; i < pattern.len; i++)
        p[i] = lower(pattern.ptr[i]);
    for (size_t i = 0; i < host.len; i++)
        h[i] = lower(host.ptr[i]);
    return sm_sv_glob((sm_sv){ p, pattern.len }, (sm_sv){ h, host.len });
}

sm_code sm_egress_host(const sm_egress *e, sm_sv host, int port, sm_error *err)
{
    sm_sv name = without_brackets(host);
    address wanted, listed;
    bool is_address = read_address(name, &wanted);

    if (name.len > 1 && name.ptr[name.len - 1] == '.')
        name.len--;
    for (size_t i = 0; !e->any && i < e->n; i++) {
        int64_t of_port;
        sm_sv pattern;

        if (!split(e->patterns[i], &pattern, &of_port) || (of_port != 0 && of_port != port))
            continue;
        if (matches(pattern, name))
            return SM_OK;
        if (is_address && read_address(pattern, &listed) && memcmp(&wanted, &listed, 16) == 0)
            return SM_OK;
    }
    return e->any ? SM_OK
                  : sm_fail(err, SM_E_DENIED, 0,
                            "host \"%.*s\" is not one that this server may connect to: list it "
                            "under server: egress: in smelt.yml",
                            SM_SV_ARG(host));
}

static bool lists_address(const sm_egress *e, const address *a, bool own, int port)
{
    for (size_t i = 0; i < e->n; i++) {
        int64_t of_port;
        address listed;
        sm_sv pattern;

        if (!split(e->patterns[i], &pattern, &of_port) || (of_port != 0 && of_port != port))
            continue;
        if (own && sm_sv_eq_nocase(pattern, SM_SV("localhost")))
            return true;
        if (read_address(pattern, &listed) && memcmp(&listed, a, sizeof *a) == 0)
            return true;
    }
    return false;
}

sm_code sm_egress_address(const sm_egress *e, const struct sockaddr *sa, sm_error *err)
{
    const struct sockaddr_in *v4 = (const void *)sa;
    const struct sockaddr_in6 *v6 = (const void *)sa;
    char text[INET6_ADDRSTRLEN] = "";
    const range *r;
    address a;
    int port;

    if (e->any)
        return SM_OK;
    if (sa->sa_family != AF_INET && sa->sa_family != AF_INET6)
        return sm_fail(err, SM_E_DENIED, 0, "that is no address of the Internet");
    a = sa->sa_family == AF_INET ? of_v4(&v4->sin_addr) : of_v6(&v6->sin6_addr);
    port = ntohs(sa->sa_family == AF_INET ? v4->sin_port : v6->sin6_port);
    if ((r = find_range(&a)) == NULL || lists_address(e, &a, r->own, port))
        return SM_OK;
    inet_ntop(sa->sa_family,
              sa->sa_family == AF_INET ? (const void *)&v4->sin_addr : (const void *)&v6->sin6_addr,
              text, sizeof text);
    return sm_fail(err, SM_E_DENIED, 0,
                   "address %s is %s: it is spoken to only when server: egress: of smelt.yml lists "
                   "the address itself",
                   text, r->what);
}
