/* SPDX-License-Identifier: Apache-2.0 */
/* answer.c -- what a handler left, as a response: text, ETag, gzip, headers. */
#include <limits.h>

#include "runtime/base/gzip.h"
#include "runtime/base/hash.h"
#include "ui/http/http_int.h"
#include "ui/http/http_lib.h"

/* ---- failures ------------------------------------------------------------------------ */

enum { UNPROCESSABLE = 422 }; /* its name differs between versions of the library */

typedef struct refusal {
    sm_code code;
    unsigned status;
} refusal;

static const refusal refusals[] = {
    { SM_E_INVALID, MHD_HTTP_BAD_REQUEST },
    { SM_E_NOT_FOUND, MHD_HTTP_NOT_FOUND },
    { SM_E_CONFLICT, MHD_HTTP_CONFLICT },
    { SM_E_AGAIN, MHD_HTTP_SERVICE_UNAVAILABLE },
    { SM_E_RULE, UNPROCESSABLE },
    { SM_E_LIMIT, UNPROCESSABLE },
    { SM_E_TIMEOUT, MHD_HTTP_SERVICE_UNAVAILABLE },
    { SM_E_DENIED, MHD_HTTP_FORBIDDEN },
    { SM_E_REMOTE, MHD_HTTP_SERVICE_UNAVAILABLE },
    { SM_E_SQL, UNPROCESSABLE },
    { SM_E_CANCELLED, MHD_HTTP_SERVICE_UNAVAILABLE },
};

void sm_call__refuse(sm_call *c, unsigned status, const char *code, sm_sv message, sm_sv hint)
{
    sm_json *doc = sm_json_object(c->a), *error = sm_json_object(c->a);

    sm_json_set_string(error, "code", sm_sv_cstr(code));
    sm_json_set_string(error, "message", message);
    if (hint.len > 0)
        sm_json_set_string(error, "hint", hint);
    sm_json_set(doc, "error", error);
    c->answer.status = status;
    c->answer.doc = doc;
    c->answer.type = NULL;
    c->answer.packed = false;
    c->answer.etag = SM_SV("");
    c->answer.cache = "no-store";
}

void sm_call__fail(sm_call *c, const sm_error *err)
{
    unsigned status = MHD_HTTP_INTERNAL_SERVER_ERROR;

    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++)
        if (refusals[i].code == err->code)
            status = refusals[i].status;
    if (err->code == SM_E_AGAIN)
        sm_call__add_header(c, "Retry-After", SM_SV("5"));
    sm_call__refuse(c, status, sm_code_name(err->code), sm_sv_cstr(err->msg), SM_SV(""));
}

/* ---- responses ----------------------------------------------------------------------- */

static void make_text(sm_call *c)
{
    sm_answer *w = &c->answer;
    sm_sv text;

    if (w->doc == NULL)
        return;
    text = sm_json_text(w->doc, c->a);
    w->body = text;
    if (w->status == 0 && w->etag.len == 0 && w->cache == NULL)
        w->etag = sm_arena_printf(c->a, "\"%.32s\"", sm_sha256_hex(text, c->a).ptr);
}

/* "*", or a list of tags with or without W/. */
static bool knows(sm_sv if_none_match, sm_sv etag)
{
    sm_sv rest = if_none_match, part;

    while (sm_sv_next(&rest, ',', &part)) {
        part = sm_sv_trim(part);
        if (sm_sv_starts(part, SM_SV("W/")))
            part = sm_sv_sub(part, 2, part.len);
        if (sm_sv_eq_str(part, "*") || sm_sv_eq(part, etag))
            return true;
    }
    return false;
}

static void pack(sm_call *c, bool *packed)
{
    sm_answer *w = &c->answer;
    sm_sv smaller;

    *packed = w->packed;
    if (w->packed || w->body.len < SM_HTTP__GZIP_LEAST || !sm_call__accepts_gzip(c))
        return;
    *packed = sm_gzip(w->body, SM_HTTP__GZIP_LEVEL, c->a, &smaller);
    if (*packed)
        w->body = smaller;
}

static void add_headers(sm_call *c, struct MHD_Response *r, bool packed)
{
    const sm_answer *w = &c->answer;

    sm_mhd.add_response_header(r, "Content-Type",
                               w->type == NULL ? "application/json; charset=utf-8" : w->type);
    sm_mhd.add_response_header(r, "Cache-Control", w->cache == NULL ? "no-cache" : w->cache);
    sm_mhd.add_response_header(r, "Vary", "Accept-Encoding, Cookie, Authorization");
    if (packed)
        sm_mhd.add_response_header(r, "Content-Encoding", "gzip");
    if (w->etag.len > 0)
        sm_mhd.add_response_header(r, "ETag", sm_arena_cstr(c->a, w->etag));
    for (size_t i = 0; i < w->n_headers; i++)
        sm_mhd.add_response_header(r, w->headers[i].name, sm_arena_cstr(c->a, w->headers[i].value));
}

static void add_safety(struct MHD_Response *r)
{
    static const char *const headers[][2] = {
        { "Content-Security-Policy",
          "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'" },
        { "X-Content-Type-Options", "nosniff" },
        { "Referrer-Policy", "no-referrer" },
        { "Cross-Origin-Opener-Policy", "same-origin" },
        { "Cross-Origin-Resource-Policy", "same-origin" },
    };

    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++)
        sm_mhd.add_response_header(r, headers[i][0], headers[i][1]);
}

struct MHD_Response *sm_call__response(sm_call *c)
{
    sm_answer *w = &c->answer;
    struct MHD_Response *r;
    bool packed = false;

    if (w->status == 0 && w->response != NULL)
        w->status = MHD_HTTP_OK;
    if (w->response != NULL) {
        add_headers(c, w->response, false);
        add_safety(w->response);
        return w->response;
    }
    make_text(c);
    if (w->status == 0)
        w->status = MHD_HTTP_OK;
    if (w->status == MHD_HTTP_OK && w->etag.len > 0 &&
        knows(sm_call__header(c, "If-None-Match"), w->etag)) {
        w->status = MHD_HTTP_NOT_MODIFIED;
        w->body = SM_SV("");
    } else {
        pack(c, &packed);
    }
    /* The bytes live in the call's arena, which outlives the response. */
    r = sm_mhd.create_response_from_buffer(w->body.len, (void *)(uintptr_t)w->body.ptr,
                                           MHD_RESPMEM_PERSISTENT);
    add_headers(c, r, packed);
    add_safety(r);
    return r;
}
