/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_version.c -- smelt version: which smelt this is; the engine is asked only for --json. */
#include "runtime/engine/engine.h"
#include "ui/cli/cli.h"
#include "ui/cli/exit_code.h"
#include "ui/cli/version.h"

static int version_exec(sm_cli *c)
{
    sm_engine_config config = { .memory_limit = SM_SV("64MiB"), .threads = 1 };
    sm_json *doc = sm_json_object(c->a);
    sm_engine *e = NULL;
    sm_error err;
    sm_buf b;

    if (!c->json) {
        sm_buf_init(&b, 256);
        sm_buf_adds(&b, "smelt " SM_VERSION "\n");
        return sm_cli_out(&b);
    }
    sm_json_set_string(doc, "version", SM_SV(SM_VERSION));
    sm_json_set_string(doc, "built", SM_SV(SM_BUILD_ID));
    if (sm_engine_open(&config, &e, &err) == SM_OK)
        sm_json_set_string(doc, "duckdb", sm_sv_cstr(sm_engine_version(e)));
    sm_engine_close(e);
    return sm_cli_out_json(c, doc);
}

const sm_command sm_command_version = {
    .name = "version",
    .group = "admin",
    .summary = "Print the version",
    .usage = "[--json]",
    .examples = "smelt version\nsmelt version --json",
    .exec = version_exec,
};
