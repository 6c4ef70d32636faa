/* SPDX-License-Identifier: Apache-2.0 */
/* call.c -- one request, from its headers and body to what its handler left.
 *
 *     name ─▶ route ─▶ who ─▶ may they ─▶ body ─▶ parameters ─▶ view ─▶ audit ─▶ handler ─▶ audit
 *     └── by the headers alone ────────┘
 *
 * Each step refuses by itself and ends the way.  Acts and looks at rows are written down before
 * they begin: what cannot be written down is not done. */
#include "runtime/base/clock.h"
#include "runtime/store/store_audit.h"
#include "ui/http/http_int.h"
#include "ui/http/http_lib.h"

enum { DETAIL_MAX = 256, UNSUPPORTED_TYPE = 415, TOO_LARGE = 413, URI_TOO_LONG = 414 };

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
    return sm_sv_cstr(sm_mhd.lookup_connection_value(c->connection, MHD_HEADER_KIND, name));
}

void sm_call__add_header(sm_call *c, const char *name, sm_sv value)
{
    if (c->answer.n_headers < SM_HTTP__ANSWER_HEADERS)
        c->answer.headers[c->answer.n_headers++] = (sm_answer_header){ name, value };
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

/* ---- the steps ---------------------------------------------------------------------------- */

/* The target behind the base path; false when it lies elsewhere.  A proxy may have taken its
 * prefix off, or left it. */
static bool below_base(const sm_call *c, sm_sv *target)
{
    sm_sv base = c->server->config.base_path;

    *target = c->target;
    if (!sm_sv_starts(*target, base))
        return !sm_sv_eq(c->base, base); /* it was taken off */
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

static bool takes_body(const sm_call *c)
{
    return strcmp(c->method, "POST") == 0;
}

/* A body is JSON and says so: that no form of another site can. */
static bool check_params(sm_call *c)
{
    sm_sv type = sm_call__header(c, "Content-Type");
    sm_error err;
    sm_code rc = SM_OK;

    if (c->route->page)
        return true;
    rc = sm_params_check_query(c->route->query, &c->uri, &err);
    if (rc == SM_OK && takes_body(c) && c->raw.len > 0 && !c->route->raw_body &&
        !sm_sv_eq_nocase(sm_sv_sub(type, 0, 16), SM_SV("application/json"))) {
        sm_call__refuse(c, UNSUPPORTED_TYPE, "invalid", SM_SV("the body is not application/json"),
                        SM_SV(""));
        return false;
    }
    if (rc == SM_OK && takes_body(c) && !c->route->raw_body)
        rc = sm_params_parse_body(c->route->body, sm_buf_sv(&c->raw), SM_HTTP__BODY_DEPTH, c->a,
                                  &c->body, &err);
    if (rc != SM_OK)
        sm_call__fail(c, &err);
    return rc == SM_OK;
}

/* ---- the handler, written down -------------------------------------------------------------- */

static bool is_audited(const sm_route *r)
{
    return r->rows || (strcmp(r->method, "GET") != 0 && !r->unaudited);
}

static sm_sv subject_of(const sm_call *c)
{
    return c->values.n == 0 ? SM_SV("") : c->values.items[c->values.n - 1];
}

/* The same with long texts cut: something of each stays. */
static sm_sv cut_details(const sm_call *c, const sm_json *o)
{
    sm_json *out = sm_json_object(c->a);

    for (sm_json_iter it = sm_json_first(o); sm_json_valid(&it); sm_json_next(&it)) {
        sm_sv text = sm_json_sv(it.value);

        if (text.len > DETAIL_MAX)
            sm_json_set_sv(
                out, it.key,
                sm_json_string(c->a, sm_arena_printf(c->a, "%.*s…", DETAIL_MAX, text.ptr)));
        else
            sm_json_set_sv(out, it.key, it.value);
    }
    sm_json_set_bool(out, "truncated", true);
    return sm_json_text(out, c->a);
}

/* What was asked, without what is secret. */
static sm_sv details_of(const sm_call *c)
{
    sm_json *o = c->body == NULL ? sm_json_object(c->a) : sm_json_copy(c->a, c->body);
    sm_sv text;

    sm_json_remove(o, "code");
    sm_json_remove(o, "token");
    for (size_t i = 0; i < c->uri.n_pairs; i++)
        sm_json_set_sv(o, c->uri.pairs[i].name, sm_json_string(c->a, c->uri.pairs[i].value));
    text = sm_json_text(o, c->a);
    return text.len > SM_AUDIT_DETAILS_MAX ? cut_details(c, o) : text;
}

void sm_call__write_down(sm_call *c, sm_sv act, sm_sv outcome)
{
    int64_t now = sm_clock_now_ms();
    sm_audit_rec r = { .time_ms = now,
                       .by = sm_sv_cstr(c->who.token),
                       .address = c->address,
                       .act = act,
                       .pipeline = c->route == NULL ? SM_SV("") : sm_call__value(c, "pipeline"),
                       .subject = c->route == NULL ? SM_SV("") : subject_of(c),
                       .details = SM_SV("{}") };
    sm_error ignored; /* it was refused, or is done: nothing depends on the row */

    if (sm_store_audit_begin(c->server->store, &r, &ignored) == SM_OK)
        (void)sm_store_audit_end(c->server->store, r.id, now, outcome, &ignored);
}

static sm_code begin_audit(sm_call *c, int64_t *id, sm_error *err)
{
    sm_audit_rec r = { .time_ms = sm_clock_now_ms(),
                       .by = sm_sv_cstr(c->who.token),
                       .address = c->address,
                       .act = sm_sv_cstr(c->route->name),
                       .pipeline = sm_call__value(c, "pipeline"),
                       .subject = subject_of(c),
                       .details = details_of(c) };
    sm_code rc = sm_store_audit_begin(c->server->store, &r, err);

    *id = r.id;
    return rc == SM_OK ? rc : sm_wrap(err, "nothing is done that cannot be written down");
}

static void end_audit(sm_call *c, int64_t id)
{
    const sm_json *error = sm_json_get(c->answer.doc, "error");
    sm_sv outcome =
        error == NULL ? SM_SV("ok") : sm_json_get_sv(error, "message", SM_SV("it failed"));
    sm_error ignored; /* the act is done; its row stays without an outcome */

    (void)sm_store_audit_end(c->server->store, id, sm_clock_now_ms(), outcome, &ignored);
}

static sm_code open_pipeline(sm_call *c, sm_error *err)
{
    const sm_site *site = c->server->site;
    sm_sv name = sm_call__value(c, "pipeline");

    return name.len == 0 || c->route->blind
               ? SM_OK
               : site->open(site->ctx, name, c->a, &c->view, &c->hold, err);
}

static void do_handle(sm_call *c)
{
    int64_t audit = 0;
    sm_error err;
    sm_code rc = open_pipeline(c, &err);

    if (rc == SM_OK && is_audited(c->route))
        rc = begin_audit(c, &audit, &err);
    if (rc == SM_OK)
        rc = c->route->handle(c, &err);
    if (rc != SM_OK)
        sm_call__fail(c, &err);
    if (audit != 0)
        end_audit(c, audit);
    if (c->answer.doc != NULL && !sm_who__sees_rows(c->server, &c->who))
        c->answer.doc = sm_http__hide_rows(c->answer.doc, c->a);
    if (c->hold != NULL)
        c->server->site->close(c->server->site->ctx, c->hold);
    c->hold = NULL;
}

bool sm_call__admit(sm_call *c)
{
    if (c->target.len <= SM_HTTP__TARGET_MAX)
        return sm_call__find_peer(c) && find_route(c) && sm_auth__identify(c) && sm_auth__permit(c);
    sm_call__refuse(c, URI_TOO_LONG, "limit", SM_SV("the address is too long"), SM_SV(""));
    return false;
}

void sm_call__handle(sm_call *c)
{
    if (c->too_large)
        sm_call__refuse(c, TOO_LARGE, "limit", SM_SV("the body has more than 1 MiB"), SM_SV(""));
    else if (check_params(c))
        do_handle(c);
}
