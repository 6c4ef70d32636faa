/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_order.c -- smelt stop, retry and reload: what one asks of a server. */
#include "ui/cli/exit_code.h"
#include "ui/cli/look.h"
#include "ui/cli/remote.h"
#include "ui/cli/run_remote.h"

static const sm_cli_option retry_options[] = {
    { "--all", NULL, NULL, "everything, not only what failed and what stands behind it" },
    { "--no-wait", NULL, NULL, "do not wait for the end" },
    SM_LOOK_OPTIONS,
    { NULL, NULL, NULL, NULL },
};

static const sm_cli_option stop_options[] = {
    SM_LOOK_OPTIONS,
    { NULL, NULL, NULL, NULL },
};

/* Without --server. */
static int need_server(sm_cli *c)
{
    return sm_cli_usage(c, "name the server that runs it: --server http://127.0.0.1:8480 "
                           "--token-file F");
}

static int stop_remote(sm_cli *c, sm_remote *r)
{
    sm_json *doc;
    sm_error err;
    sm_buf path;
    int status;

    if (c->n_args > 1)
        return sm_cli_usage(c, "one pipeline at a time");
    if ((status = sm_remote_pipeline(r, sm_cli_arg(c, 0))) != SM_EXIT_DONE)
        return status;
    path = sm_remote_path(r, "/stop");
    if (sm_remote_post(r, &path, NULL, &doc, &err) != SM_OK)
        return sm_remote_fail(r, &err, NULL);
    if (c->json)
        return sm_cli_out_json(c, doc);
    sm_cli_say(c, "%s",
               sm_sv_eq_str(sm_json_get_sv(doc, "state", SM_SV("")), "idle")
                   ? "nothing was running"
                   : "stopping: what is decided is finished");
    return SM_EXIT_DONE;
}

static int retry_remote(sm_cli *c, sm_remote *r)
{
    sm_json *body = sm_json_object(c->a), *order;
    sm_error err;
    sm_buf path;
    int status;

    if (c->n_args > 1)
        return sm_cli_usage(c, "one pipeline at a time");
    if (sm_cli_has(c, "--all"))
        sm_json_set_bool(body, "all", true);
    if ((status = sm_remote_pipeline(r, sm_cli_arg(c, 0))) != SM_EXIT_DONE)
        return status;
    path = sm_remote_path(r, "/retry");
    if (sm_remote_post(r, &path, body, &order, &err) != SM_OK)
        return sm_remote_fail(r, &err, "smelt runs");
    if (sm_cli_has(c, "--no-wait"))
        return sm_cli_out_json(c, order);
    return sm_run_remote_wait(r, sm_json_get_int(order, "ticket", 0));
}

static int reload_remote(sm_cli *c, sm_remote *r)
{
    sm_buf path = sm_remote_path(r, "/reload");
    sm_json *doc;
    sm_error err;

    if (c->n_args > 0) {
        sm_buf_release(&path);
        return sm_cli_usage(c, "too many arguments");
    }
    if (sm_remote_post(r, &path, NULL, &doc, &err) != SM_OK)
        return sm_remote_fail(r, &err, NULL);
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
    .options = stop_options,
    .names_pipeline = true,
    .examples = "smelt stop --server http://127.0.0.1:8480 --token-file token\n"
                "smelt stop iot --server https://smelt.example.com --token-file token",
    .exec = need_server,
    .remote = stop_remote,
};

const sm_command sm_command_retry = {
    .name = "retry",
    .group = "run",
    .summary = "Let a server run again what failed",
    .usage = "[PIPELINE] --server URL [--all]",
    .options = retry_options,
    .names_pipeline = true,
    .examples = "smelt retry --server http://127.0.0.1:8480 --token-file token\n"
                "smelt retry iot --all --server https://smelt.example.com --token-file token",
    .exec = need_server,
    .remote = retry_remote,
};

const sm_command sm_command_reload = {
    .name = "reload",
    .group = "admin",
    .summary = "Let a server deploy what its files say now, if that is valid",
    .usage = "--server URL",
    .examples = "smelt reload --server http://127.0.0.1:8480 --token-file token\n"
                "smelt reload --server https://smelt.example.com --token-file token",
    .exec = need_server,
    .remote = reload_remote,
};
