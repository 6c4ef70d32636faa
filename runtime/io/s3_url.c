/* SPDX-License-Identifier: Apache-2.0 */
/* s3_url.c -- see the header. */
#include "runtime/io/s3_url.h"

#include <assert.h>

enum { URL_MAX = 16 * 1024 };

static bool is_plain(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

static void add_encoded(sm_buf *b, sm_sv text, bool keep_slash)
{
    for (size_t i = 0; i < text.len; i++)
        if (is_plain(text.ptr[i]) || (keep_slash && text.ptr[i] == '/'))
            sm_buf_addc(b, text.ptr[i]);
        else
            sm_buf_addf(b, "%%%02X", (unsigned)(unsigned char)text.ptr[i]);
}

/* ---- s3://bucket/prefix ---------------------------------------------------------- */

static bool is_bucket(sm_sv name)
{
    for (size_t i = 0; i < name.len; i++)
        if (!is_plain(name.ptr[i]) || name.ptr[i] == '~')
            return false;
    return name.len >= 3 && name.len <= 63 && name.ptr[0] != '.' && name.ptr[0] != '-';
}

static sm_code check_key(sm_sv key, sm_error *err)
{
    sm_sv rest = key, part;

    while (sm_sv_next(&rest, '/', &part))
        if (sm_sv_eq_str(part, ".") || sm_sv_eq_str(part, ".."))
            return sm_fail(err, SM_E_INVALID, 0,
                           "object \"%.*s\" cannot be reached: a part of its name is \"%.*s\"",
                           SM_SV_ARG(key), SM_SV_ARG(part));
    return SM_OK;
}

sm_code sm_s3_parse(sm_sv text, sm_sv *bucket, sm_sv *prefix, sm_error *err)
{
    sm_sv rest;

    if (!sm_sv_starts(text, SM_SV("s3://")))
        return sm_fail(err, SM_E_INVALID, 0, "\"%.*s\" does not begin with s3://", SM_SV_ARG(text));
    rest = sm_sv_sub(text, 5, text.len);
    while (rest.len > 0 && rest.ptr[rest.len - 1] == '/')
        rest.len--;
    if (!sm_sv_next(&rest, '/', bucket) || !is_bucket(*bucket))
        return sm_fail(err, SM_E_INVALID, 0,
                       "\"%.*s\" names no bucket: write s3://bucket or s3://bucket/prefix, the "
                       "bucket with 3 to 63 letters, digits, dots and hyphens",
                       SM_SV_ARG(text));
    *prefix = rest.ptr == NULL ? SM_SV("") : rest;
    return check_key(*prefix, err);
}

/* ---- addresses ------------------------------------------------------------------- */

static bool split_endpoint(sm_sv endpoint, sm_sv *scheme, sm_sv *host)
{
    bool tls = sm_sv_starts(endpoint, SM_SV("https://"));

    if (!tls && !sm_sv_starts(endpoint, SM_SV("http://")))
        return false;
    *scheme = tls ? SM_SV("https://") : SM_SV("http://");
    *host = sm_sv_sub(endpoint, scheme->len, endpoint.len);
    if (host->len > 0 && host->ptr[host->len - 1] == '/')
        host->len--;
    for (size_t i = 0; i < host->len; i++)
        if (!is_plain(host->ptr[i]) && strchr(":[]", host->ptr[i]) == NULL)
            return false;
    return host->len > 0;
}

sm_code sm_s3_check_endpoint(sm_sv endpoint, sm_error *err)
{
    sm_sv scheme, host;

    return split_endpoint(endpoint, &scheme, &host)
               ? SM_OK
               : sm_fail(err, SM_E_INVALID, 0,
                         "\"%.*s\" is no endpoint of an object store: write https://host or "
                         "http://host:port, without a path",
                         SM_SV_ARG(endpoint));
}

/* A client leaves the port of the scheme out of its Host header. */
static sm_sv without_default_port(sm_sv host, sm_sv scheme)
{
    sm_sv port = scheme.len == sizeof "https://" - 1 ? SM_SV(":443") : SM_SV(":80");

    return sm_sv_ends(host, port) ? sm_sv_sub(host, 0, host.len - port.len) : host;
}

static sm_sv query_of(const sm_s3_param *params, size_t n, sm_arena *a)
{
    sm_sv out;
    sm_buf b;

    sm_buf_init(&b, URL_MAX);
    for (size_t i = 0; i < n; i++) {
        assert(i == 0 || strcmp(params[i - 1].name, params[i].name) < 0);
        sm_buf_adds(&b, i > 0 ? "&" : "");
        add_encoded(&b, sm_sv_cstr(params[i].name), false);
        sm_buf_addc(&b, '=');
        add_encoded(&b, params[i].value, false);
    }
    out = sm_arena_dup(a, sm_buf_sv(&b));
    sm_buf_release(&b);
    return out;
}

static sm_sv path_of(const sm_s3_bucket *bucket, sm_sv key, sm_arena *a)
{
    sm_sv out;
    sm_buf b;

    sm_buf_init(&b, URL_MAX);
    sm_buf_addc(&b, '/');
    if (bucket->path_style) {
        add_encoded(&b, bucket->name, false);
        sm_buf_adds(&b, key.len > 0 ? "/" : "");
    }
    add_encoded(&b, key, true);
    out = sm_arena_dup(a, sm_buf_sv(&b));
    sm_buf_release(&b);
    return out;
}

sm_code sm_s3_url_make(const sm_s3_bucket *b, sm_sv key, const sm_s3_param *params, size_t n,
                       sm_arena *a, sm_s3_url *out, sm_error *err)
{
    sm_sv scheme, host;
    sm_code rc;

    if ((rc = check_key(key, err)) != SM_OK)
        return rc;
    if (!split_endpoint(b->endpoint, &scheme, &host))
        return sm_s3_check_endpoint(b->endpoint, err);
    host = without_default_port(host, scheme);
    out->host = b->path_style
                    ? sm_arena_dup(a, host)
                    : sm_arena_printf(a, "%.*s.%.*s", SM_SV_ARG(b->name), SM_SV_ARG(host));
    out->path = path_of(b, key, a);
    out->query = query_of(params, n, a);
    out->text =
        sm_arena_printf(a, "%.*s%.*s%.*s%s%.*s", SM_SV_ARG(scheme), SM_SV_ARG(out->host),
                        SM_SV_ARG(out->path), out->query.len > 0 ? "?" : "", SM_SV_ARG(out->query));
    return SM_OK;
}
