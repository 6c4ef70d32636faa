/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_runs.c -- smelt runs: the newest runs, or one with what its flows did. */
#include "ui/cli/exit_code.h"
#include "ui/cli/flow_rows.h"
#include "ui/cli/grid.h"
#include "ui/cli/look.h"
#include "ui/cli/remote.h"
#include "ui/cli/runs_print.h"

static const sm_cli_option options[] = {
    { "--limit", NULL, "N", "how many runs (20)" },
    SM_LOOK_OPTIONS,
    SM_REMOTE_OPTIONS,
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

static void add_flows(const sm_cli *c, const sm_json *flows, sm_buf *b)
{
    sm_grid *g = sm_grid_new(c, "lllr");
    sm_sv rest, line;
    sm_buf rows;

    for (size_t i = 0; i < sm_json_len(flows); i++) {
        const sm_json *f = sm_json_at(flows, i);

        sm_grid_row(g);
        sm_grid_cell(g, sm_json_get_sv(f, "flow", SM_SV("")));
        sm_grid_state(g, sm_json_get_sv(f, "state", SM_SV("")), NULL);
        sm_grid_cell(g, sm_flow_words(c, f));
        sm_grid_duration(g, sm_json_get_int(f, "duration_ms", 0));
    }
    sm_buf_init(&rows, SM_LOOK_OUT_MAX);
    sm_grid_print(g, 2, &rows);
    rest = sm_buf_sv(&rows);
    for (size_t i = 0; i < sm_json_len(flows) && sm_sv_next(&rest, '\n', &line); i++) {
        sm_buf_add(b, line);
        sm_buf_addc(b, '\n');
        sm_add_failed_rules(c, sm_json_at(flows, i), b);
    }
    sm_buf_release(&rows);
}

int sm_runs_print_one(const sm_cli *c, const sm_json *doc)
{
    sm_grid *g = sm_grid_new(c, "rllrlll");
    sm_buf b;

    sm_buf_init(&b, SM_LOOK_OUT_MAX);
    sm_buf_addf(&b, "%.*s  run ", SM_SV_ARG(sm_json_get_sv(doc, "pipeline", SM_SV(""))));
    add_run(c, g, doc);
    sm_grid_print(g, 0, &b);
    add_flows(c, sm_json_get(doc, "flows"), &b);
    sm_look_next(c, &b, "smelt events --run %lld", (long long)sm_json_get_int(doc, "number", 0));
    return sm_cli_out(&b);
}

static int print(const sm_cli *c, const sm_json *doc)
{
    if (c->json)
        return sm_cli_out_json(c, doc);
    return sm_cli_arg(c, 0) != NULL ? sm_runs_print_one(c, doc) : print_runs(c, doc);
}

/* False after saying what is wrong with the arguments. */
static bool read_wish(sm_cli *c, int64_t *number, int64_t *most)
{
    const char *one = sm_cli_arg(c, 0), *limit = sm_cli_get(c, "--limit");

    *number = 0;
    *most = 20;
    return (one == NULL || sm_look_number(c, "a run", one, number)) &&
           (limit == NULL || sm_look_number(c, "--limit", limit, most));
}

static int show(sm_cli *c, const sm_view *v)
{
    int64_t number, most;
    sm_json *doc;
    sm_error err;
    sm_code rc;

    if (!read_wish(c, &number, &most))
        return SM_EXIT_USAGE;
    rc = sm_cli_arg(c, 0) != NULL ? sm_view_run(v, number, &doc, &err)
                                  : sm_view_runs(v, 0, (size_t)most, &doc, &err);
    if (rc != SM_OK)
        return sm_cli_fail(c, &err, rc == SM_E_NOT_FOUND ? "smelt runs" : "smelt doctor");
    return print(c, doc);
}

static int show_remote(sm_cli *c)
{
    int64_t number, most;
    sm_sv path;
    sm_json *doc;
    int status;

    if (!read_wish(c, &number, &most))
        return SM_EXIT_USAGE;
    if ((status = sm_remote_pipeline(c, sm_cli_get(c, "--pipeline"), &path)) != SM_EXIT_DONE)
        return status;
    path = sm_cli_arg(c, 0) != NULL
               ? sm_arena_printf(c->a, "%.*s/runs/%lld", SM_SV_ARG(path), (long long)number)
               : sm_arena_printf(c->a, "%.*s/runs?limit=%lld", SM_SV_ARG(path), (long long)most);
    status = sm_remote_get(c, path, &doc);
    return status == SM_EXIT_DONE ? print(c, doc) : status;
}

static int runs_exec(sm_cli *c)
{
    sm_project p;
    sm_view v;
    int status;

    if (c->n_args > 1)
        return sm_cli_usage(c, "one run at a time");
    if (sm_remote_asked(c))
        return show_remote(c);
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
};
