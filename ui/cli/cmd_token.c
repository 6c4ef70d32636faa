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
#include "ui/cli/look.h"
#include "ui/http/tokens.h"

static const sm_cli_option options[] = {
    { "--role", NULL, "R", "create: viewer (default), operator or admin" },
    { "--name", NULL, "TEXT", "create: what it is for" },
    { "--days", NULL, "N", "create: how long it is good for (90)" },
    SM_LOOK_OPTIONS,
    { NULL, NULL, NULL, NULL },
};

static int create(sm_cli *c, sm_store *s)
{
    const char *role_name = sm_cli_get(c, "--role"), *days_text = sm_cli_get(c, "--days");
    int64_t days = SM_TOKEN_DAYS;
    sm_role role = SM_ROLE_VIEWER;
    sm_sv id, secret;
    sm_json *doc;
    sm_error err;

    if (role_name != NULL && sm_role_parse(sm_sv_cstr(role_name), &role, &err) != SM_OK)
        return sm_cli_usage(c, "--role: %s", err.msg);
    if (days_text != NULL && !sm_look_number(c, "--days", days_text, &days))
        return SM_EXIT_USAGE;
    if (days < 1 || days > SM_TOKEN_DAYS_MAX)
        return sm_cli_usage(c, "--days is from 1 to %d", SM_TOKEN_DAYS_MAX);
    if (sm_token_create(s, role, sm_sv_cstr(sm_cli_get(c, "--name")), SM_SV("cli"), days, c->a, &id,
                        &secret, &err) != SM_OK)
        return sm_cli_fail(c, &err, "smelt doctor");
    doc = sm_json_object(c->a);
    sm_json_set_string(doc, "id", id);
    sm_json_set_string(doc, "token", secret);
    if (c->json)
        return sm_cli_out_json(c, doc);
    printf("%.*s\n", SM_SV_ARG(secret));
    if (!c->quiet)
        sm_cli_say(c, "that is token %.*s, a %s for %lld days; it is shown this once",
                   SM_SV_ARG(id), sm_role_name(role), (long long)days);
    return SM_EXIT_DONE;
}

static int list(const sm_cli *c, sm_store *s)
{
    static const char *const keys[] = { "id", "role", "state", "name" };
    sm_grid *g = sm_grid_new(c, "llll");
    sm_json *doc;
    sm_error err;
    sm_buf b;

    if (sm_tokens_view(s, c->a, &doc, &err) != SM_OK)
        return sm_cli_fail(c, &err, "smelt doctor");
    if (c->json)
        return sm_cli_out_json(c, doc);
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
    if (!c->quiet)
        printf("%s is revoked\n", id);
    return SM_EXIT_DONE;
}

static int token_exec(sm_cli *c)
{
    const char *verb = sm_cli_arg(c, 0), *id = sm_cli_arg(c, 1);
    bool lists = verb == NULL || strcmp(verb, "list") == 0;
    bool creates = !lists && strcmp(verb, "create") == 0;
    sm_project p;
    int status;

    if (!lists && !creates && strcmp(verb, "revoke") != 0)
        return sm_cli_usage(c, "token can create, list and revoke, not \"%s\"", verb);
    if (c->n_args > (lists || creates ? 1 : 2))
        return sm_cli_usage(c, "too many arguments");
    if (!lists && !creates && id == NULL)
        return sm_cli_usage(c, "name a token: smelt token revoke ID");
    status = sm_project_start(c, &p, sm_cli_get(c, "--pipeline"), SM_NEED_PLAN_AND_STORE_WRITE);
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
};
