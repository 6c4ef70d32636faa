/* SPDX-License-Identifier: Apache-2.0 */
/* remote.c -- see the header. */
#include "ui/cli/remote.h"

#include <stdio.h>
#include <stdlib.h>

#include "runtime/io/http_client.h"
#include "ui/cli/exit_code.h"

enum { ANSWER_MAX = 64 * 1024 * 1024, PATH_MAX_BYTES = 64 * 1024, TOTAL_MS = 60 * 1000 };

/* ---- paths ----------------------------------------------------------------------- */

static void add_encoded(sm_buf *b, sm_sv text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char ch = (unsigned char)text.ptr[i];
        bool plain = (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') ||
                     (ch >= '0' && ch <= '9') || ch == '-' || ch == '.' || ch == '_' || ch == '~';

        if (plain)
            sm_buf_addc(b, (char)ch);
        else
            sm_buf_addf(b, "%%%02X", ch);
    }
}

sm_buf sm_remote_path(const sm_remote *r, const char *rest)
{
    sm_buf b;

    sm_buf_init(&b, PATH_MAX_BYTES);
    sm_buf_adds(&b, "/api/v1");
    if (r->pipeline.len > 0) {
        sm_buf_adds(&b, "/pipelines");
        sm_remote_part(&b, r->pipeline);
    }
    sm_buf_adds(&b, rest);
    return b;
}

void sm_remote_part(sm_buf *path, sm_sv part)
{
    sm_buf_addc(path, '/');
    add_encoded(path, part);
}

void sm_remote_query(sm_buf *path, const char *name, sm_sv value)
{
    if (value.len == 0)
        return;
    sm_buf_addf(path, "%c%s=", sm_sv_find_char(sm_buf_sv(path), '?') < 0 ? '?' : '&', name);
    add_encoded(path, value);
}

/* ---- answers --------------------------------------------------------------------- */

static sm_code refused(sm_remote *r, const sm_http_answer *answer, const sm_json *doc,
                       sm_error *err)
{
    const sm_json *error = sm_json_get(doc, "error");
    sm_code code = sm_code_find(sm_arena_cstr(r->c->a, sm_json_get_sv(error, "code", SM_SV(""))));
    sm_sv message = sm_json_get_sv(error, "message", SM_SV(""));

    r->retry_after_ms = answer->retry_after_ms;
    switch (answer->status) {
    case 401:
    case 403:
        code = SM_E_DENIED;
        break;
    case 404:
        code = SM_E_NOT_FOUND;
        break;
    case 429:
    case 503:
        code = SM_E_REMOTE;
        break;
    default:
        code = code == SM_OK ? SM_E_REMOTE : code;
    }
    if (message.len == 0)
        message = sm_arena_printf(r->c->a, "server %.*s answers %d: is it a server of smelt?",
                                  SM_SV_ARG(r->url), answer->status);
    if (answer->status == 401)
        return sm_fail(err, code, 0, "server %.*s does not take %s", SM_SV_ARG(r->url),
                       r->token == NULL ? "requests without a token" : "this token");
    sm_fail(err, code, 0, "%.*s", SM_SV_ARG(message));
    err->retryable = answer->status == 429 || answer->status == 503;
    return code;
}

static sm_code read_answer(sm_remote *r, const sm_http_answer *answer, sm_json **out, sm_error *err)
{
    sm_error ignored;

    *out = NULL;
    if (sm_json_parse(answer->body, r->c->a, out, &ignored) != SM_OK)
        *out = NULL;
    if (answer->status >= 300 && answer->status < 400)
        return sm_fail(err, SM_E_REMOTE, 0,
                       "server %.*s points elsewhere: give --server the address itself",
                       SM_SV_ARG(r->url));
    if (answer->status >= 400)
        return refused(r, answer, *out, err);
    if (*out == NULL)
        return sm_fail(err, SM_E_REMOTE, 0, "what answers at %.*s is no server of smelt",
                       SM_SV_ARG(r->url));
    return SM_OK;
}

static sm_code ask(sm_remote *r, sm_buf *path, const char *method, sm_sv body, sm_json **out,
                   sm_error *err)
{
    static const sm_egress anywhere = { .any = true }; /* a person named the address */
    /* A server without tokens takes changes from whoever can send this. */
    sm_sv headers[4] = { SM_SV("Accept: application/json"), SM_SV("X-Smelt-CSRF: cli") };
    sm_http_request q = { .method = sm_sv_cstr(method),
                          .body = body,
                          .headers = headers,
                          .n_headers = 2,
                          .total_ms = TOTAL_MS,
                          .max_answer = ANSWER_MAX,
                          .ca_file = r->ca_file,
                          .egress = &anywhere,
                          .stop = r->stop };
    sm_http_answer answer;
    sm_code rc = sm_buf_check(path, "the address", err);

    q.url = sm_arena_printf(r->c->a, "%.*s%s", SM_SV_ARG(r->url), path->ptr);
    if (body.ptr != NULL)
        headers[q.n_headers++] = SM_SV("Content-Type: application/json");
    if (r->token != NULL)
        headers[q.n_headers++] = sm_arena_printf(r->c->a, "Authorization: Bearer %.*s",
                                                 SM_SV_ARG(sm_secret_reveal(r->token)));
    r->retry_after_ms = 0;
    if (rc == SM_OK && (rc = sm_http_send(&q, r->c->a, &answer, err)) == SM_OK)
        rc = read_answer(r, &answer, out, err);
    sm_buf_release(path);
    return rc;
}

sm_code sm_remote_get(sm_remote *r, sm_buf *path, sm_json **out, sm_error *err)
{
    return ask(r, path, "GET", (sm_sv){ NULL, 0 }, out, err);
}

sm_code sm_remote_post(sm_remote *r, sm_buf *path, const sm_json *body, sm_json **out,
                       sm_error *err)
{
    return ask(r, path, "POST", body == NULL ? SM_SV("{}") : sm_json_text(body, r->c->a), out, err);
}

sm_code sm_remote_delete(sm_remote *r, sm_buf *path, sm_json **out, sm_error *err)
{
    return ask(r, path, "DELETE", (sm_sv){ NULL, 0 }, out, err);
}

int sm_remote_fail(const sm_remote *r, const sm_error *err, const char *next)
{
    int status = sm_cli_fail(r->c, err, err->code == SM_E_NOT_FOUND ? next : NULL);

    if (err->code == SM_E_INVALID || err->code == SM_E_NOT_FOUND) /* what was typed, as here */
        return SM_EXIT_USAGE;
    if (err->code == SM_E_RULE) /* what it was to deploy */
        return SM_EXIT_INVALID;
    if (err->code == SM_E_DENIED)
        fprintf(stderr, "Next: give --token-file a token of this server whose role may do that "
                        "(an admin makes one: smelt token create --role operator)\n");
    else if (r->retry_after_ms > 0)
        fprintf(stderr, "Next: try again in %lld s\n", (long long)(r->retry_after_ms / 1000));
    else if (err->code == SM_E_REMOTE)
        fprintf(stderr, "Next: look whether the server is up: curl %.*s/healthz\n",
                SM_SV_ARG(r->url));
    return status;
}

int sm_remote_show(sm_remote *r, sm_buf *path, int (*print)(const sm_cli *c, const sm_json *doc),
                   const char *next)
{
    sm_json *doc;
    sm_error err;
    sm_code rc = sm_remote_get(r, path, &doc, &err);

    if (rc != SM_OK)
        return sm_remote_fail(r, &err, next);
    return r->c->json ? sm_cli_out_json(r->c, doc) : print(r->c, doc);
}

int sm_remote_refuse(const sm_remote *r, const char *const *options)
{
    for (; *options != NULL; options++)
        if (sm_cli_has(r->c, *options))
            return sm_cli_usage(r->c, "%s does not go with --server", *options);
    return SM_EXIT_DONE;
}

/* ---- which pipeline -------------------------------------------------------------- */

static int tell_pipelines(const sm_remote *r, const sm_json *list)
{
    sm_sv names = SM_SV("");

    for (size_t i = 0; i < sm_json_len(list) && i < 20; i++)
        names =
            sm_arena_printf(r->c->a, "%.*s%s%.*s", SM_SV_ARG(names), i == 0 ? "" : ", ",
                            SM_SV_ARG(sm_json_get_sv(sm_json_at(list, i), "pipeline", SM_SV(""))));
    return sm_cli_usage(r->c, "which pipeline? The server has %.*s%s; name one with -p",
                        SM_SV_ARG(names), sm_json_len(list) > 20 ? ", …" : "");
}

int sm_remote_pipeline(sm_remote *r, const char *named)
{
    sm_buf path = sm_remote_path(r, "/overview");
    const sm_json *list;
    sm_json *doc;
    sm_error err;

    if (named == NULL)
        named = sm_cli_get(r->c, "--pipeline");
    if (named != NULL) {
        sm_buf_release(&path);
        r->pipeline = sm_sv_cstr(named);
        return SM_EXIT_DONE;
    }
    if (sm_remote_get(r, &path, &doc, &err) != SM_OK)
        return sm_remote_fail(r, &err, NULL);
    list = sm_json_get(doc, "pipelines");
    if (sm_json_len(list) != 1)
        return tell_pipelines(r, list);
    r->pipeline = sm_json_get_sv(sm_json_at(list, 0), "pipeline", SM_SV(""));
    return SM_EXIT_DONE;
}

/* ---- a command on a server ------------------------------------------------------- */

static int open_token(sm_remote *r)
{
    const char *file = sm_cli_get(r->c, "--token-file"), *text = getenv("SMELT_TOKEN");
    sm_error err;
    sm_code rc = SM_OK;

    if (file != NULL)
        rc = sm_secret_from_file(file, &r->token, &err);
    else if (text != NULL && text[0] != '\0')
        rc = sm_secret_from_environment("SMELT_TOKEN", &r->token, &err);
    if (rc == SM_OK)
        return SM_EXIT_DONE;
    sm_cli_fail(r->c, &err, NULL);
    return SM_EXIT_USAGE;
}

static bool is_here(sm_sv host)
{
    return sm_sv_starts(host, SM_SV("127.")) || sm_sv_starts(host, SM_SV("localhost:")) ||
           sm_sv_starts(host, SM_SV("[::1]"));
}

static int open_remote(sm_remote *r)
{
    static const char *const local[] = { "--target", "--var", NULL };
    const char *ca = getenv("SSL_CERT_FILE");
    sm_error err;
    sm_sv host;
    int status;

    r->url = sm_sv_cstr(sm_cli_get(r->c, "--server"));
    while (r->url.len > 0 && r->url.ptr[r->url.len - 1] == '/')
        r->url.len--;
    if (sm_http_check_url(r->url, r->c->a, &host, &err) != SM_OK)
        return sm_cli_usage(r->c, "--server: %s", err.msg);
    if ((status = sm_remote_refuse(r, local)) != SM_EXIT_DONE ||
        (status = open_token(r)) != SM_EXIT_DONE)
        return status;
    r->ca_file = ca != NULL && ca[0] != '\0' ? ca : NULL;
    if (r->token != NULL && sm_sv_starts(r->url, SM_SV("http:")) && !is_here(host))
        sm_cli_say(r->c, "warning: the token goes to %.*s without encryption; say https",
                   SM_SV_ARG(host));
    return SM_EXIT_DONE;
}

int sm_remote_exec(sm_cli *c)
{
    sm_remote r = { .c = c, .pipeline = SM_SV("") };
    int status;

    if (c->command->remote == NULL)
        return sm_cli_usage(c, "`smelt %s` works on the files here: leave --server out",
                            c->command->name);
    if ((status = open_remote(&r)) == SM_EXIT_DONE)
        status = c->command->remote(c, &r);
    sm_secret_free(r.token);
    return status;
}
