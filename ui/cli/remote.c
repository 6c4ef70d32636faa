/* SPDX-License-Identifier: Apache-2.0 */
/* remote.c -- see the header. */
#include "ui/cli/remote.h"

#include <stdio.h>

#include "runtime/base/percent.h"
#include "runtime/base/secret.h"
#include "runtime/io/http_client.h"
#include "ui/cli/exit_code.h"
#include "ui/cli/runs_print.h"

enum { WAIT_S = 30, TOTAL_MS = 60 * 1000 };

bool sm_remote_asked(const sm_cli *c)
{
    return sm_cli_has(c, "--server");
}

/* ---- one request ---------------------------------------------------------------------- */

static int status_of(int http)
{
    static const struct {
        int http, status;
    } statuses[] = {
        { 400, SM_EXIT_USAGE },   { 401, SM_EXIT_DENIED },  { 403, SM_EXIT_DENIED },
        { 404, SM_EXIT_USAGE },   { 409, SM_EXIT_REFUSED }, { 422, SM_EXIT_INVALID },
        { 429, SM_EXIT_OUTSIDE }, { 503, SM_EXIT_OUTSIDE },
    };

    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++)
        if (statuses[i].http == http)
            return statuses[i].status;
    return SM_EXIT_FAILED;
}

/* What the server says of its refusal. */
static int tell_refusal(const sm_cli *c, const sm_http_answer *w)
{
    sm_json *doc = NULL;
    const sm_json *error;
    sm_error ignored;
    sm_sv hint;

    (void)sm_json_parse(w->body, c->a, &doc, &ignored);
    error = sm_json_get(doc, "error");
    if (error == NULL)
        sm_cli_say(c, "the server answered with status %d", w->status);
    else
        sm_cli_say(c, "%.*s", SM_SV_ARG(sm_json_get_sv(error, "message", SM_SV("it failed"))));
    hint = sm_json_get_sv(error, "hint", SM_SV(""));
    if (hint.len > 0)
        sm_cli_say(c, "%.*s", SM_SV_ARG(hint));
    return status_of(w->status);
}

static sm_sv url_of(const sm_cli *c, sm_sv path)
{
    sm_sv base = sm_sv_cstr(sm_cli_get(c, "--server"));

    while (sm_sv_ends(base, SM_SV("/")))
        base.len--;
    return sm_arena_printf(c->a, "%.*s/api/v1/%.*s", SM_SV_ARG(base), SM_SV_ARG(path));
}

static sm_code read_token(const sm_cli *c, sm_sv *header, sm_error *err)
{
    const char *file = sm_cli_get(c, "--token-file");
    sm_secret *token = NULL;
    sm_code rc;

    *header = SM_SV("");
    if (file == NULL)
        return SM_OK;
    if ((rc = sm_secret_from_file(file, &token, err)) != SM_OK)
        return rc;
    *header =
        sm_arena_printf(c->a, "Authorization: Bearer %.*s", SM_SV_ARG(sm_secret_reveal(token)));
    sm_secret_free(token);
    return SM_OK;
}

static int ask(const sm_cli *c, sm_sv path, const sm_json *body, sm_json **out)
{
    static const sm_egress anywhere = { .any = true }; /* a person named the server */
    sm_sv headers[3] = { SM_SV("Content-Type: application/json"), SM_SV("X-Smelt-CSRF: cli") };
    sm_http_request q = { .url = url_of(c, path),
                          .headers = headers,
                          .n_headers = 2,
                          .total_ms = TOTAL_MS,
                          .egress = &anywhere };
    sm_http_answer w;
    sm_error err;

    if (body != NULL)
        q.body = sm_json_text(body, c->a);
    if (read_token(c, &headers[2], &err) != SM_OK)
        return sm_cli_fail(c, &err, NULL);
    q.n_headers += headers[2].len > 0;
    if (sm_http_send(&q, c->a, &w, &err) != SM_OK)
        return sm_cli_fail(c, &err, NULL);
    if (w.status < 200 || w.status > 299)
        return tell_refusal(c, &w);
    if (sm_json_parse(w.body, c->a, out, &err) == SM_OK)
        return SM_EXIT_DONE;
    sm_cli_say(c, "what answers there is no server of smelt: %s", err.msg);
    return SM_EXIT_OUTSIDE;
}

int sm_remote_get(const sm_cli *c, sm_sv path, sm_json **out)
{
    return ask(c, path, NULL, out);
}

int sm_remote_post(const sm_cli *c, sm_sv path, const sm_json *body, sm_json **out)
{
    return ask(c, path, body != NULL ? body : sm_json_object(c->a), out);
}

/* ---- pipelines ------------------------------------------------------------------------ */

int sm_remote_pipeline(const sm_cli *c, const char *name, sm_sv *out)
{
    sm_json *doc;
    const sm_json *list;
    sm_sv only = sm_sv_cstr(name);
    int status;

    if (name == NULL) {
        if ((status = sm_remote_get(c, SM_SV("overview"), &doc)) != SM_EXIT_DONE)
            return status;
        list = sm_json_get(doc, "pipelines");
        if (sm_json_len(list) != 1)
            return sm_cli_usage(c, "the server has %zu pipelines; name one", sm_json_len(list));
        only = sm_json_get_sv(sm_json_at(list, 0), "pipeline", SM_SV(""));
    }
    *out = sm_arena_printf(c->a, "pipelines/%.*s", SM_SV_ARG(sm_percent_encode(only, c->a)));
    return SM_EXIT_DONE;
}

int sm_remote_follow(const sm_cli *c, sm_sv pipeline, const sm_json *order)
{
    sm_sv path = sm_arena_printf(c->a, "tickets/%lld?wait=%d",
                                 (long long)sm_json_get_int(order, "ticket", 0), (int)WAIT_S);
    sm_json *doc, *run;
    int status, printed;

    do {
        if ((status = sm_remote_get(c, path, &doc)) != SM_EXIT_DONE)
            return status;
    } while (sm_sv_eq_str(sm_json_get_sv(doc, "state", SM_SV("")), "waiting"));
    status = (int)sm_json_get_int(doc, "exit_code", SM_EXIT_FAILED);
    if (sm_json_get_int(doc, "run", 0) == 0) {
        sm_cli_say(c, "no run was begun: %.*s",
                   SM_SV_ARG(sm_json_get_sv(doc, "error", SM_SV("it was stopped"))));
        return status != SM_EXIT_DONE ? status : SM_EXIT_FAILED;
    }
    path = sm_arena_printf(c->a, "%.*s/runs/%lld", SM_SV_ARG(pipeline),
                           (long long)sm_json_get_int(doc, "run", 0));
    if ((printed = sm_remote_get(c, path, &run)) == SM_EXIT_DONE)
        printed = c->json ? sm_cli_out_json(c, run) : sm_runs_print_one(c, run);
    return status != SM_EXIT_DONE ? status : printed;
}
