/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_runs.c -- smelt runs: the newest runs, or one with what its flows did. */
#include "ui/cli/exit_code.h"
#include "ui/cli/flow_rows.h"
#include "ui/cli/grid.h"
#include "ui/cli/look.h"
#include "ui/cli/remote.h"

static const sm_cli_option options[] = {
    { "--limit", NULL, "N", "how many runs (20)" },
    SM_LOOK_OPTIONS,
    { NULL, NULL, NULL, NULL },
};

static void add_state(sm_grid *g, const sm_json *run)
{
    sm_sv state = sm_json_get_sv(run, "state", SM_SV(""));
    bool done = sm_sv_eq_str(state, "completed");

    if (done && sm_json_get_bool(run, "warnings", false))
        sm_grid_state(g, SM_SV("succeeded_with_warnings"), NULL);
    else
        sm_grid_state(g, state, done ? "succeeded" : NULL);
}

static void add_run(const sm_cli *c, sm_grid *g, const sm_json *run)
{
    sm_sv commit = sm_json_get_sv(run, "commit", SM_SV(""));

    sm_grid_row(g);
    sm_grid_cellf(g, "%lld", (long long)sm_json_get_int(run, "number", 0));
    add_state(g, run);
    sm_grid_cell(g, sm_show_time(c->a, sm_time_of(run, "created")));
    if (sm_json_get(run, "duration_ms") == NULL)
        sm_grid_cell(g, SM_SV(""));
    else
        sm_grid_duration(g, sm_json_get_int(run, "duration_ms", 0));
    sm_grid_cell(g, sm_json_get_sv(run, "cause", SM_SV("")));
    sm_grid_tone(g, SM_TONE_DIM, sm_sv_sub(commit, 0, 7));
    sm_grid_cell(g, sm_json_get_sv(run, "error", sm_json_get_sv(run, "selection", SM_SV(""))));
}

static int print_runs(const sm_cli *c, const sm_json *doc)
{
    const sm_json *list = sm_json_get(doc, "runs");
    sm_grid *g = sm_grid_new(c, "rllrlll");
    sm_buf b;

    sm_buf_init(&b, SM_LOOK_OUT_MAX);
    for (size_t i = 0; i < sm_json_len(list); i++)
        add_run(c, g, sm_json_at(list, i));
    sm_grid_print(g, 0, &b);
    if (sm_json_len(list) == 0) {
        sm_buf_addf(&b, "%.*s never ran here\n",
                    SM_SV_ARG(sm_json_get_sv(doc, "pipeline", SM_SV(""))));
        sm_look_next(c, &b, "smelt run");
    } else {
        sm_look_next(c, &b, "smelt runs %lld",
                     (long long)sm_json_get_int(sm_json_at(list, 0), "number", 0));
    }
    return sm_cli_out(&b);
}

static int print_run(const sm_cli *c, const sm_json *doc)
{
    sm_grid *g = sm_grid_new(c, "rllrlll");
    sm_buf b;

    sm_buf_init(&b, SM_LOOK_OUT_MAX);
    sm_buf_addf(&b, "%.*s  run ", SM_SV_ARG(sm_json_get_sv(doc, "pipeline", SM_SV(""))));
    add_run(c, g, doc);
    sm_grid_print(g, 0, &b);
    sm_add_flows(c, sm_json_get(doc, "flows"), &b);
    sm_look_next(c, &b, "smelt events --run %lld", (long long)sm_json_get_int(doc, "number", 0));
    return sm_cli_out(&b);
}

static int show(sm_cli *c, const sm_view *v)
{
    const char *one = sm_cli_arg(c, 0), *limit = sm_cli_get(c, "--limit");
    int64_t number = 0, most = 20;
    sm_json *doc;
    sm_error err;
    sm_code rc;

    if ((one != NULL && !sm_look_number(c, "a run", one, &number)) ||
        (limit != NULL && !sm_look_number(c, "--limit", limit, &most)))
        return SM_EXIT_USAGE;
    rc = one != NULL ? sm_view_run(v, number, &doc, &err)
                     : sm_view_runs(v, 0, (size_t)most, &doc, &err);
    if (rc != SM_OK)
        return sm_cli_fail(c, &err, rc == SM_E_NOT_FOUND ? "smelt runs" : "smelt doctor");
    if (c->json)
        return sm_cli_out_json(c, doc);
    return one != NULL ? print_run(c, doc) : print_runs(c, doc);
}

static int runs_remote(sm_cli *c, sm_remote *r)
{
    const char *one = sm_cli_arg(c, 0), *limit = sm_cli_get(c, "--limit");
    int64_t number;
    int status;
    sm_buf path;

    if (c->n_args > 1)
        return sm_cli_usage(c, "one run at a time");
    if (one != NULL && !sm_look_number(c, "a run", one, &number))
        return SM_EXIT_USAGE;
    if ((status = sm_remote_pipeline(r, NULL)) != SM_EXIT_DONE)
        return status;
    path = sm_remote_path(r, "/runs");
    if (one != NULL)
        sm_remote_part(&path, sm_sv_cstr(one));
    else
        sm_remote_query(&path, "limit", sm_sv_cstr(limit == NULL ? "20" : limit));
    return sm_remote_show(r, &path, one != NULL ? print_run : print_runs, "smelt runs");
}

static int runs_exec(sm_cli *c)
{
    sm_project p;
    sm_view v;
    int status;

    if (c->n_args > 1)
        return sm_cli_usage(c, "one run at a time");
    if ((status = sm_look_start(c, &p, &v)) == SM_EXIT_DONE)
        status = show(c, &v);
    sm_project_close(&p);
    return status;
}

const sm_command sm_command_runs = {
    .name = "runs",
    .group = "watch",
    .summary = "List runs, or show one with what its flows did",
    .usage = "[N] [--limit N]",
    .options = options,
    .examples = "smelt runs\nsmelt runs 12",
    .exec = runs_exec,
    .remote = runs_remote,
};
