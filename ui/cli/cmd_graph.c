/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_graph.c -- smelt graph: who reads whom. */
#include "ui/cli/exit_code.h"
#include "ui/cli/look.h"

static const sm_cli_option options[] = {
    { "--format", NULL, "F", "text (default), mermaid, dot or json" },
    SM_LOOK_OPTIONS,
    { NULL, NULL, NULL, NULL },
};

static int read_format(const sm_cli *c, sm_graph_format *out)
{
    const char *f = sm_cli_get(c, "--format");

    *out = SM_GRAPH_TEXT;
    if (f == NULL || strcmp(f, "text") == 0 || strcmp(f, "json") == 0)
        return SM_EXIT_DONE;
    *out = strcmp(f, "dot") == 0 ? SM_GRAPH_DOT : SM_GRAPH_MERMAID;
    if (*out == SM_GRAPH_MERMAID && strcmp(f, "mermaid") != 0)
        return sm_cli_usage(c, "--format is text, mermaid, dot or json, not \"%s\"", f);
    return SM_EXIT_DONE;
}

static int graph_exec(sm_cli *c)
{
    sm_graph_format format;
    sm_project p;
    sm_view v;
    sm_buf b;
    int status = read_format(c, &format);

    if (status != SM_EXIT_DONE)
        return status;
    if ((status = sm_look_start(c, &p, &v)) == SM_EXIT_DONE && c->json) {
        status = sm_cli_out_json(c, sm_plan_graph_json(v.plan, c->a));
    } else if (status == SM_EXIT_DONE) {
        sm_buf_init(&b, SM_LOOK_OUT_MAX);
        sm_plan_print_graph(v.plan, format, &b);
        status = sm_cli_out(&b);
    }
    sm_project_close(&p);
    return status;
}

const sm_command sm_command_graph = {
    .name = "graph",
    .group = "author",
    .summary = "Show who reads whom",
    .usage = "[--format text|mermaid|dot|json]",
    .options = options,
    .examples = "smelt graph\nsmelt graph --format mermaid",
    .exec = graph_exec,
};
