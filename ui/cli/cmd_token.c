/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_token.c -- smelt token: who may ask the server of this project.
 *
 * It works on the control store itself, as the one who may read its files; a server that runs sees
 * what was changed at once. */
#include <stdio.h>
#include <string.h>

#include "runtime/base/clock.h"
#include "ui/cli/exit_code.h"
#include "ui/cli/grid.h"
#include "ui/cli/look_all.h"
#include "ui/cli/project_files.h"
#include "ui/cli/remote.h"
#include "ui/http/tokens.h"

static const sm_cli_option options[] = {
    { "--role", NULL, "R", "create: viewer (default), operator or admin" },
    { "--name", NULL, "TEXT", "create: what it is for" },
    { "--days", NULL, "N", "create: how long it is good for (90)" },
    SM_LOOK_OPTIONS,
    { NULL, NULL, NULL, NULL },
};

/* A server looks into one store.  One that never had a token belongs to no server yet, and most
 * likely to none ever: `smelt serve` of the project asks the first pipeline's. */
static int check_asked(const sm_cli *c, const sm_project *p)
{
    sm_project_files files = { 0 };
    sm_token_rec *all;
    sm_error err;
    size_t n;

    if (sm_project_list(c->a, &files, &err) != SM_OK || files.n < 2 ||
        sm_sv_eq(p->spec->pipeline.text, files.items[0].pipeline))
        return SM_EXIT_DONE;
    if (sm_store_tokens(p->store, c->a, &all, &n, &err) != SM_OK)
        return sm_cli_fail(c, &err, "smelt doctor");
    if (n > 0)
        return SM_EXIT_DONE;
    return sm_cli_usage(c,
                        "tokens are of a server, which keeps them with the pipeline that it "
                        "deploys first, \"%.*s\", and not with \"%.*s\": leave -p out",
                        SM_SV_ARG(files.items[0].pipeline), SM_SV_ARG(p->spec->pipeline.text));
}

/* Tokens are kept in the store of the pipeline that a server deploys first; a fault of its file
 * does not keep anybody from revoking one. */
static int open_store(sm_cli *c, sm_project *p)
{
    const char *named = sm_cli_get(c, "--pipeline");
    sm_project_files files = { 0 };
    sm_error err;

    *p = (sm_project){ 0 };
    if (named == NULL && sm_look_several(c) && sm_project_list(c->a, &files, &err) == SM_OK)
        named = files.items[0].file;
    if (sm_project_open(p, c, named, &err) != SM_OK)
        return sm_cli_fail(c, &err, NULL) == SM_EXIT_OUTSIDE ? SM_EXIT_OUTSIDE : SM_EXIT_INVALID;
    if (p->spec == NULL || p->state_dir.len == 0 || p->spec->pipeline.text.len == 0) {
        sm_project_print_diags(c, p);
        return SM_EXIT_INVALID;
    }
    if (sm_project_store(p, false, &err) != SM_OK)
        return sm_cli_fail(c, &err, "smelt doctor");
    return sm_cli_get(c, "--pipeline") == NULL ? SM_EXIT_DONE : check_asked(c, p);
}

typedef struct wish {
    sm_role role;
    int64_t days;
} wish;

static int read_wish(const sm_cli *c, wish *w)
{
    const char *role = sm_cli_get(c, "--role"), *days = sm_cli_get(c, "--days");
    sm_error err;

    *w = (wish){ SM_ROLE_VIEWER, SM_TOKEN_DAYS };
    if (role != NULL && sm_role_parse(sm_sv_cstr(role), &w->role, &err) != SM_OK)
        return sm_cli_usage(c, "--role: %s", err.msg);
    if (days != NULL && !sm_look_number(c, "--days", days, &w->days))
        return SM_EXIT_USAGE;
    if (w->days < 1 || w->days > SM_TOKEN_DAYS_MAX)
        return sm_cli_usage(c, "--days is from 1 to %d", SM_TOKEN_DAYS_MAX);
    return SM_EXIT_DONE;
}

static int tell_created(const sm_cli *c, const wish *w, const sm_json *doc)
{
    if (c->json)
        return sm_cli_out_json(c, doc);
    printf("%.*s\n", SM_SV_ARG(sm_json_get_sv(doc, "token", SM_SV(""))));
    if (!c->quiet)
        sm_cli_say(c, "that is token %.*s, a%s %s for %lld days; it is shown this once",
                   SM_SV_ARG(sm_json_get_sv(doc, "id", SM_SV(""))),
                   w->role == SM_ROLE_VIEWER ? "" : "n", sm_role_name(w->role), (long long)w->days);
    return SM_EXIT_DONE;
}

static int create(sm_cli *c, sm_store *s)
{
    sm_sv id, secret;
    sm_json *doc;
    sm_error err;
    wish w;
    int status = read_wish(c, &w);

    if (status != SM_EXIT_DONE)
        return status;
    if (sm_token_create(s, w.role, sm_sv_cstr(sm_cli_get(c, "--name")), SM_SV("cli"), w.days, c->a,
                        &id, &secret, &err) != SM_OK)
        return sm_cli_fail(c, &err, "smelt doctor");
    doc = sm_json_object(c->a);
    sm_json_set_string(doc, "id", id);
    sm_json_set_string(doc, "token", secret);
    return tell_created(c, &w, doc);
}

static int print_list(const sm_cli *c, const sm_json *doc)
{
    static const char *const keys[] = { "id", "role", "state", "name" };
    sm_grid *g = sm_grid_new(c, "llll");
    sm_buf b;

    for (size_t i = 0; i < sm_json_len(sm_json_get(doc, "tokens")); i++) {
        const sm_json *t = sm_json_at(sm_json_get(doc, "tokens"), i);

        sm_grid_row(g);
        for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++)
            sm_grid_cell(g, sm_json_get_sv(t, keys[k], SM_SV("")));
    }
    sm_buf_init(&b, SM_LOOK_OUT_MAX);
    sm_grid_print(g, 0, &b);
    if (b.len == 0)
        sm_buf_adds(&b, "There are no tokens: the first `smelt serve` makes one.\n");
    return sm_cli_out(&b);
}

static int list(const sm_cli *c, sm_store *s)
{
    sm_json *doc;
    sm_error err;

    if (sm_tokens_view(s, c->a, &doc, &err) != SM_OK)
        return sm_cli_fail(c, &err, "smelt doctor");
    return c->json ? sm_cli_out_json(c, doc) : print_list(c, doc);
}

static int tell_revoked(const sm_cli *c, const char *id)
{
    if (!c->quiet)
        printf("%s is revoked\n", id);
    return SM_EXIT_DONE;
}

static int revoke(const sm_cli *c, sm_store *s, const char *id)
{
    sm_error err;
    sm_code rc = sm_store_token_revoke(s, sm_sv_cstr(id), sm_clock_now_ms(), &err);

    if (rc == SM_E_NOT_FOUND) {
        sm_cli_fail(c, &err, "smelt token list");
        return SM_EXIT_USAGE;
    }
    if (rc != SM_OK)
        return sm_cli_fail(c, &err, "smelt doctor");
    return tell_revoked(c, id);
}

/* ---- on a server ------------------------------------------------------------------------- */

static int create_remote(sm_cli *c, sm_remote *r, sm_buf *path)
{
    sm_json *body = sm_json_object(c->a), *doc;
    sm_error err;
    wish w;
    int status = read_wish(c, &w);

    sm_json_set_string(body, "role", sm_sv_cstr(sm_role_name(w.role)));
    if (sm_cli_has(c, "--name"))
        sm_json_set_string(body, "name", sm_sv_cstr(sm_cli_get(c, "--name")));
    sm_json_set_int(body, "days", w.days);
    if (status != SM_EXIT_DONE) {
        sm_buf_release(path);
        return status;
    }
    if (sm_remote_post(r, path, body, &doc, &err) != SM_OK)
        return sm_remote_fail(r, &err, NULL);
    return tell_created(c, &w, doc);
}

static int revoke_remote(const sm_cli *c, sm_remote *r, sm_buf *path, const char *id)
{
    sm_json *doc;
    sm_error err;

    sm_remote_part(path, sm_sv_cstr(id));
    if (sm_remote_delete(r, path, &doc, &err) == SM_OK)
        return tell_revoked(c, id);
    sm_remote_fail(r, &err, "smelt token list");
    return err.code == SM_E_NOT_FOUND ? SM_EXIT_USAGE : sm_exit_code(err.code);
}

/* ---- the command ------------------------------------------------------------------------- */

static int check_usage(const sm_cli *c, bool lists, bool creates)
{
    const char *verb = sm_cli_arg(c, 0), *id = sm_cli_arg(c, 1);

    if (!lists && !creates && strcmp(verb, "revoke") != 0)
        return sm_cli_usage(c, "token can create, list and revoke, not \"%s\"", verb);
    if (c->n_args > (lists || creates ? 1 : 2))
        return sm_cli_usage(c, "too many arguments");
    if (!lists && !creates && id == NULL)
        return sm_cli_usage(c, "name a token: smelt token revoke ID");
    return SM_EXIT_DONE;
}

static int token_remote(sm_cli *c, sm_remote *r)
{
    const char *verb = sm_cli_arg(c, 0);
    bool lists = verb == NULL || strcmp(verb, "list") == 0;
    bool creates = !lists && strcmp(verb, "create") == 0;
    int status = check_usage(c, lists, creates);
    sm_buf path;

    if (status != SM_EXIT_DONE)
        return status;
    path = sm_remote_path(r, "/tokens"); /* of the server, not of a pipeline */
    if (lists)
        return sm_remote_show(r, &path, print_list, NULL);
    return creates ? create_remote(c, r, &path) : revoke_remote(c, r, &path, c->args[1]);
}

static int token_exec(sm_cli *c)
{
    const char *verb = sm_cli_arg(c, 0), *id = sm_cli_arg(c, 1);
    bool lists = verb == NULL || strcmp(verb, "list") == 0;
    bool creates = !lists && strcmp(verb, "create") == 0;
    sm_project p;
    int status = check_usage(c, lists, creates);

    if (status != SM_EXIT_DONE)
        return status;
    status = open_store(c, &p);
    if (status == SM_EXIT_DONE)
        status = lists ? list(c, p.store) : creates ? create(c, p.store) : revoke(c, p.store, id);
    sm_project_close(&p);
    return status;
}

const sm_command sm_command_token = {
    .name = "token",
    .group = "admin",
    .summary = "Make, list and revoke tokens for the server's page and API",
    .usage = "[create --role R | list | revoke ID]",
    .options = options,
    .examples = "smelt token create --role operator --name ci\nsmelt token revoke t3f9a2c1d",
    .exec = token_exec,
    .remote = token_remote,
};
