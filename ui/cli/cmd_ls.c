/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_ls.c -- smelt ls: the datasets that a selection names. */
#include "ui/cli/exit_code.h"
#include "ui/cli/grid.h"
#include "ui/cli/look.h"
#include "ui/cli/since.h"

static const sm_cli_option options[] = {
    { "--select", "-s", "S", "name, silver_*, +x, x+, @x, tag:t, layer:gold, state:modified" },
    { "--exclude", NULL, "S", "what to leave out, in the same grammar" },
    SM_SINCE_OPTION,
    SM_LOOK_OPTIONS,
    { NULL, NULL, NULL, NULL },
};

static int print_list(const sm_cli *c, const sm_json *doc)
{
    const sm_json *list = sm_json_get(doc, "datasets");
    sm_grid *g = sm_grid_new(c, "llll");
    sm_buf b;

    for (size_t i = 0; i < sm_json_len(list); i++) {
        const sm_json *d = sm_json_at(list, i);
        sm_sv type = sm_json_get_sv(d, "type", SM_SV(""));

        sm_grid_row(g);
        sm_grid_cell(g, sm_json_get_sv(d, "name", SM_SV("")));
        if (type.len > 0)
            sm_grid_cellf(g, "source (%.*s)", SM_SV_ARG(type));
        else
            sm_grid_cell(g, sm_json_get_sv(d, "kind", SM_SV("")));
        sm_grid_cell(g, sm_json_get_sv(d, "layer", SM_SV("")));
        sm_grid_cell(g, sm_json_get_sv(d, "description", SM_SV("")));
    }
    sm_buf_init(&b, SM_LOOK_OUT_MAX);
    sm_grid_print(g, 0, &b);
    return sm_cli_out(&b);
}

/* They are as many as tables, and named only when somebody asks for them. */
static void leave_out_sides(const sm_plan *p, bool *selected)
{
    for (size_t i = 0; i < p->n_datasets; i++)
        selected[i] &= !sm_dataset_is_side(&p->datasets[i]);
}

static int ls_exec(sm_cli *c)
{
    sm_project p;
    sm_view v;
    bool *selected;
    int status = sm_look_start(c, &p, &v);

    if (status == SM_EXIT_DONE && c->n_args > 0)
        status = sm_cli_usage(c, "ls takes no argument: smelt ls --select \"%s\"", c->args[0]);
    if (status == SM_EXIT_DONE)
        status = sm_look_select(c, &p, &v, &selected);
    if (status == SM_EXIT_DONE && !sm_cli_has(c, "--select"))
        leave_out_sides(p.plan, selected);
    if (status == SM_EXIT_DONE) {
        sm_json *doc = sm_view_list(&v, selected);

        status = c->json ? sm_cli_out_json(c, doc) : print_list(c, doc);
    }
    sm_project_close(&p);
    return status;
}

const sm_command sm_command_ls = {
    .name = "ls",
    .group = "watch",
    .summary = "List the datasets that a selection names",
    .usage = "[--select S] [--exclude S]",
    .options = options,
    .examples = "smelt ls --select +readings_10m\nsmelt ls --select layer:silver --json",
    .exec = ls_exec,
};
