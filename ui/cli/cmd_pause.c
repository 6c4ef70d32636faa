/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_pause.c -- smelt pause and resume: whether triggers start runs of a pipeline.
 *
 * A pause is kept in the control store: a server that runs sees it within seconds, one that starts
 * later finds it.  `smelt run` does not ask for it. */
#include "runtime/store/store_schedule.h"
#include "ui/cli/cli.h"
#include "ui/cli/exit_code.h"
#include "ui/cli/look.h"
#include "ui/cli/project.h"
#include "ui/cli/remote.h"

static const sm_cli_option options[] = {
    SM_LOOK_OPTIONS,
    { NULL, NULL, NULL, NULL },
};

/* A fault of the files does not keep anybody from pausing: all that is asked of them is who and
 * where. */
static int open_store(sm_cli *c, sm_project *p)
{
    sm_error err;

    if (c->n_args > 1)
        return sm_cli_usage(c, "one pipeline at a time");
    if (sm_project_open(p, c, sm_cli_arg(c, 0), &err) != SM_OK)
        return sm_cli_fail(c, &err, NULL) == SM_EXIT_OUTSIDE ? SM_EXIT_OUTSIDE : SM_EXIT_INVALID;
    if (p->spec == NULL || p->state_dir.len == 0 || p->spec->pipeline.text.len == 0) {
        sm_project_print_diags(c, p);
        return SM_EXIT_INVALID;
    }
    return sm_project_store(p, false, &err) == SM_OK ? SM_EXIT_DONE
                                                     : sm_cli_fail(c, &err, "smelt doctor");
}

static int keep(sm_cli *c, const sm_project *p, bool paused)
{
    sm_sv name = p->spec->pipeline.text;
    sm_schedule_rec rec;
    sm_error err;

    if (sm_store_schedule(p->store, name, c->a, &rec, &err) != SM_OK)
        return sm_cli_fail(c, &err, "smelt doctor");
    if (rec.paused && paused) {
        sm_cli_say(c, "pipeline \"%.*s\" is paused already", SM_SV_ARG(name));
        return SM_EXIT_DONE;
    }
    if (sm_store_schedule_pause(p->store, name, paused, SM_SV("cli"), &err) != SM_OK)
        return sm_cli_fail(c, &err, "smelt doctor");
    if (!paused && !rec.paused) /* kept all the same: what a broken rule holds back goes on */
        sm_cli_say(c, "pipeline \"%.*s\" was not paused", SM_SV_ARG(name));
    else
        sm_cli_say(c, "%s pipeline \"%.*s\"", paused ? "paused" : "resumed", SM_SV_ARG(name));
    if (!paused && p->spec->trigger.paused.v)
        sm_cli_say(c, "its file says `paused: true`, which still holds");
    return SM_EXIT_DONE;
}

static int set_pause(sm_cli *c, bool paused)
{
    sm_project p = { 0 };
    int status = open_store(c, &p);

    if (status == SM_EXIT_DONE)
        status = keep(c, &p, paused);
    sm_project_close(&p);
    return status;
}

static int set_remote(sm_cli *c, sm_remote *r, bool paused)
{
    sm_json *doc;
    sm_error err;
    sm_buf path;
    int status;

    if (c->n_args > 1)
        return sm_cli_usage(c, "one pipeline at a time");
    if ((status = sm_remote_pipeline(r, sm_cli_arg(c, 0))) != SM_EXIT_DONE)
        return status;
    path = sm_remote_path(r, paused ? "/pause" : "/resume");
    if (sm_remote_post(r, &path, NULL, &doc, &err) != SM_OK)
        return sm_remote_fail(r, &err, NULL);
    sm_cli_say(c, "%s pipeline \"%.*s\"", paused ? "paused" : "resumed", SM_SV_ARG(r->pipeline));
    return SM_EXIT_DONE;
}

static int pause_remote(sm_cli *c, sm_remote *r)
{
    return set_remote(c, r, true);
}

static int resume_remote(sm_cli *c, sm_remote *r)
{
    return set_remote(c, r, false);
}

static int pause_exec(sm_cli *c)
{
    return set_pause(c, true);
}

static int resume_exec(sm_cli *c)
{
    return set_pause(c, false);
}

const sm_command sm_command_pause = {
    .name = "pause",
    .group = "run",
    .summary = "Let triggers start no runs of a pipeline",
    .usage = "[PIPELINE]",
    .options = options,
    .names_pipeline = true,
    .examples = "smelt pause\nsmelt pause shop",
    .exec = pause_exec,
    .remote = pause_remote,
};

const sm_command sm_command_resume = {
    .name = "resume",
    .group = "run",
    .summary = "Let triggers start runs of a pipeline again",
    .usage = "[PIPELINE]",
    .options = options,
    .names_pipeline = true,
    .examples = "smelt resume\nsmelt resume shop",
    .exec = resume_exec,
    .remote = resume_remote,
};
