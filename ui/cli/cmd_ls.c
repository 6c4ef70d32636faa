/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_ls.c -- smelt ls: the datasets that a selection names. */
#include "ui/cli/exit_code.h"
#include "ui/cli/grid.h"
#include "ui/cli/look.h"
#include "ui/cli/remote.h"
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
            sm_grid_cellf(g, "%.*s (%.*s)", SM_SV_ARG(sm_json_get_sv(d, "kind", SM_SV("source"))),
                          SM_SV_ARG(type));
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

/* Without what stands beside tables. */
static sm_json *list_of(const sm_cli *c, const sm_json *pipeline)
{
    const sm_json *all = sm_json_get(pipeline, "datasets");
    sm_json *doc = sm_json_object(c->a), *list = sm_json_array(c->a);

    for (size_t i = 0; i < sm_json_len(all); i++) {
        sm_sv kind = sm_json_get_sv(sm_json_at(all, i), "kind", SM_SV(""));

        if (!sm_sv_eq_str(kind, "quarantine") && !sm_sv_eq_str(kind, "late"))
            sm_json_append(list, sm_json_at(all, i));
    }
    sm_json_set_string(doc, "pipeline", sm_json_get_sv(pipeline, "pipeline", SM_SV("")));
    sm_json_set(doc, "datasets", list);
    return doc;
}

static int ls_remote(sm_cli *c, sm_remote *r)
{
    static const char *const local[] = { "--select", "--exclude", "--changed-since", NULL };
    int status;
    sm_json *doc;
    sm_error err;
    sm_buf path;

    if (c->n_args > 0)
        return sm_cli_usage(c, "ls takes no argument");
    if ((status = sm_remote_refuse(r, local)) != SM_EXIT_DONE ||
        (status = sm_remote_pipeline(r, NULL)) != SM_EXIT_DONE)
        return status;
    path = sm_remote_path(r, "");
    if (sm_remote_get(r, &path, &doc, &err) != SM_OK)
        return sm_remote_fail(r, &err, NULL);
    doc = list_of(c, doc);
    return c->json ? sm_cli_out_json(c, doc) : print_list(c, doc);
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
    .remote = ls_remote,
};
