/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_preview.c -- smelt preview: the first rows of a dataset. */
#include "runtime/base/sqltext.h"
#include "ui/cli/exit_code.h"
#include "ui/cli/remote.h"
#include "ui/cli/rows.h"

static const sm_cli_option options[] = {
    { "--limit", NULL, "N", "how many rows (50, at most 10,000)" },
    SM_LOOK_OPTIONS,
    { NULL, NULL, NULL, NULL },
};

static int preview(sm_cli *c, sm_project *p)
{
    const sm_plan_dataset *ds = sm_look_find(c, p->plan, c->args[0]);
    const char *limit = sm_cli_get(c, "--limit");
    sm_rows_request q = { .limit = SM_ROWS_PREVIEW };
    sm_buf sql;

    if (ds == NULL)
        return SM_EXIT_USAGE;
    if (limit != NULL && !sm_look_number(c, "--limit", limit, &q.limit))
        return SM_EXIT_USAGE;
    if (q.limit < 1 || q.limit > SM_ROWS_QUERY)
        return sm_cli_usage(c, "--limit is from 1 to %d, not %s", SM_ROWS_QUERY, limit);
    sm_buf_init(&sql, 4096);
    sm_buf_adds(&sql, "SELECT * FROM ");
    sm_sql_ident(&sql, ds->name);
    q.sql = sm_arena_dup(c->a, sm_buf_sv(&sql));
    sm_buf_release(&sql);
    q.action = sm_arena_printf(c->a, "preview %.*s", SM_SV_ARG(ds->name));
    q.dataset = ds->name;
    return sm_rows_show(c, p, &q);
}

static int preview_remote(sm_cli *c, sm_remote *r)
{
    const char *limit = sm_cli_get(c, "--limit");
    int status;
    sm_buf path;

    if (c->n_args != 1)
        return sm_cli_usage(c, "preview takes the name of one dataset; `smelt ls` prints them");
    if ((status = sm_remote_pipeline(r, NULL)) != SM_EXIT_DONE)
        return status;
    path = sm_remote_path(r, "/datasets");
    sm_remote_part(&path, sm_sv_cstr(c->args[0]));
    sm_buf_adds(&path, "/preview");
    sm_remote_query(&path, "limit", sm_sv_cstr(limit));
    return sm_remote_show(r, &path, sm_rows_print, "smelt ls");
}

static int preview_exec(sm_cli *c)
{
    sm_project p;
    int status;

    if (c->n_args != 1)
        return sm_cli_usage(c, "preview takes the name of one dataset; `smelt ls` prints them");
    status = sm_project_start(c, &p, sm_cli_get(c, "--pipeline"), SM_NEED_ROWS);
    if (status == SM_EXIT_DONE)
        status = preview(c, &p);
    sm_project_close(&p);
    return status;
}

const sm_command sm_command_preview = {
    .name = "preview",
    .group = "data",
    .summary = "Show some rows of a dataset",
    .usage = "TABLE [--limit N]",
    .options = options,
    .examples = "smelt preview readings_silver --limit 8\nsmelt preview readings_10m --json",
    .exec = preview_exec,
    .remote = preview_remote,
};
