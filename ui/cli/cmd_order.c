/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_order.c -- smelt stop, retry and reload: what one asks of a server. */
#include "ui/cli/exit_code.h"
#include "ui/cli/remote.h"

static const sm_cli_option options[] = {
    SM_REMOTE_OPTIONS,
    { NULL, NULL, NULL, NULL },
};

static const sm_cli_option retry_options[] = {
    { "--all", NULL, NULL, "everything, not only what failed and what stands behind it" },
    { "--no-wait", NULL, NULL, "do not wait for the end" },
    SM_REMOTE_OPTIONS,
    { NULL, NULL, NULL, NULL },
};

static int need_server(const sm_cli *c, size_t most)
{
    if (c->n_args > most)
        return sm_cli_usage(c, most == 0 ? "too many arguments" : "one pipeline at a time");
    if (!sm_remote_asked(c))
        return sm_cli_usage(c, "name the server that runs it: --server http://127.0.0.1:8480 "
                               "--token-file F");
    return SM_EXIT_DONE;
}

static int stop_exec(sm_cli *c)
{
    int status = need_server(c, 1);
    sm_json *doc;
    sm_sv path;

    if (status != SM_EXIT_DONE ||
        (status = sm_remote_pipeline(c, sm_cli_arg(c, 0), &path)) != SM_EXIT_DONE ||
        (status = sm_remote_post(c, sm_arena_printf(c->a, "%.*s/stop", SM_SV_ARG(path)), NULL,
                                 &doc)) != SM_EXIT_DONE)
        return status;
    if (c->json)
        return sm_cli_out_json(c, doc);
    sm_cli_say(c, "%s",
               sm_sv_eq_str(sm_json_get_sv(doc, "state", SM_SV("")), "idle")
                   ? "nothing was running"
                   : "stopping: what is decided is finished");
    return SM_EXIT_DONE;
}

static int retry_exec(sm_cli *c)
{
    sm_json *body = sm_json_object(c->a), *order;
    int status = need_server(c, 1);
    sm_sv path;

    if (sm_cli_has(c, "--all"))
        sm_json_set_bool(body, "all", true);
    if (status != SM_EXIT_DONE ||
        (status = sm_remote_pipeline(c, sm_cli_arg(c, 0), &path)) != SM_EXIT_DONE ||
        (status = sm_remote_post(c, sm_arena_printf(c->a, "%.*s/retry", SM_SV_ARG(path)), body,
                                 &order)) != SM_EXIT_DONE)
        return status;
    if (sm_cli_has(c, "--no-wait"))
        return sm_cli_out_json(c, order);
    return sm_remote_follow(c, path, order);
}

static int reload_exec(sm_cli *c)
{
    int status = need_server(c, 0);
    sm_json *doc;

    if (status != SM_EXIT_DONE ||
        (status = sm_remote_post(c, SM_SV("reload"), NULL, &doc)) != SM_EXIT_DONE)
        return status;
    if (c->json)
        return sm_cli_out_json(c, doc);
    sm_cli_say(c, "reloaded");
    return SM_EXIT_DONE;
}

const sm_command sm_command_stop = {
    .name = "stop",
    .group = "run",
    .summary = "Stop the run of a server; what is decided is finished",
    .usage = "[PIPELINE] --server URL",
    .options = options,
    .examples = "smelt stop --server http://127.0.0.1:8480 --token-file token\n"
                "smelt stop iot --server https://smelt.example.com --token-file token",
    .exec = stop_exec,
};

const sm_command sm_command_retry = {
    .name = "retry",
    .group = "run",
    .summary = "Let a server run again what failed",
    .usage = "[PIPELINE] --server URL [--all]",
    .options = retry_options,
    .examples = "smelt retry --server http://127.0.0.1:8480 --token-file token\n"
                "smelt retry iot --all --server https://smelt.example.com --token-file token",
    .exec = retry_exec,
};

const sm_command sm_command_reload = {
    .name = "reload",
    .group = "admin",
    .summary = "Let a server deploy what its files say now, if that is valid",
    .usage = "--server URL",
    .options = options,
    .examples = "smelt reload --server http://127.0.0.1:8480 --token-file token\n"
                "smelt reload --server https://smelt.example.com --token-file token",
    .exec = reload_exec,
};
