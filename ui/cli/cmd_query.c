/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_query.c -- smelt query: a SELECT over the datasets of the pipeline. */
#include "ui/cli/exit_code.h"
#include "ui/cli/rows.h"

static const sm_cli_option options[] = {
    SM_LOOK_OPTIONS,
    { NULL, NULL, NULL, NULL },
};

/* Without the semicolons that one is used to type at the end. */
static sm_sv query_text(const char *text)
{
    sm_sv s = sm_sv_trim(sm_sv_cstr(text));

    while (s.len > 0 && s.ptr[s.len - 1] == ';')
        s = sm_sv_trim(sm_sv_sub(s, 0, s.len - 1));
    return s;
}

static int query_exec(sm_cli *c)
{
    sm_rows_request q = { .limit = SM_ROWS_QUERY };
    sm_project p;
    int status;

    if (c->n_args != 1)
        return sm_cli_usage(c, "query takes one text: smelt query \"SELECT …\"");
    q.sql = query_text(c->args[0]);
    if (q.sql.len == 0)
        return sm_cli_usage(c, "the query is empty");
    q.action = sm_arena_printf(c->a, "query: %.*s", SM_SV_ARG(q.sql));
    status = sm_project_start(c, &p, sm_cli_get(c, "--pipeline"), SM_NEED_ROWS);
    if (status == SM_EXIT_DONE)
        status = sm_rows_show(c, &p, &q);
    sm_project_close(&p);
    return status;
}

const sm_command sm_command_query = {
    .name = "query",
    .group = "data",
    .summary = "Run a SELECT over the datasets: 30 s and 10,000 rows at most",
    .usage = "\"SQL\"",
    .options = options,
    .examples = "smelt query \"SELECT count(*) FROM readings_silver\"\n"
                "smelt query \"SELECT site, avg(temperature) FROM readings_silver GROUP BY site\"",
    .exec = query_exec,
};
