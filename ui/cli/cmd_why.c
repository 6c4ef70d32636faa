/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_why.c -- smelt why TABLE: why it is as it is, and what to do about it. */
#include "runtime/base/clock.h"
#include "ui/cli/exit_code.h"
#include "ui/cli/flow_rows.h"
#include "ui/cli/grid.h"
#include "ui/cli/look.h"
#include "ui/cli/remote.h"

static const sm_cli_option options[] = {
    SM_LOOK_OPTIONS,
    { NULL, NULL, NULL, NULL },
};

static sm_sv text_of(const sm_json *o, const char *key)
{
    return sm_json_get_sv(o, key, SM_SV(""));
}

static void add_row(const sm_cli *c, sm_grid *g, const sm_json *o)
{
    sm_grid_row(g);
    sm_grid_cell(g, text_of(o, "table"));
    sm_grid_state(g, sm_view_standing(o), NULL);
    sm_grid_tone(g, SM_TONE_DIM,
                 sm_json_get(o, "since") == NULL ? SM_SV("")
                                                 : sm_show_time(c->a, sm_time_of(o, "since")));
    sm_grid_cell(g, text_of(o, "message"));
}

static void add_freshness(const sm_cli *c, const sm_json *doc, sm_buf *b)
{
    const sm_json *f = sm_json_get(doc, "freshness");
    sm_sv state = text_of(f, "state");

    if (f != NULL && !sm_sv_eq_str(state, "fresh"))
        sm_buf_addf(b, "It is %.*s: %.*s\n", SM_SV_ARG(state),
                    SM_SV_ARG(sm_view_freshness_words(f, c->a)));
}

/* Written, and yet the rows are old: what came, not whether something ran, is to be looked at. */
static bool is_old_news(const sm_json *doc)
{
    const sm_json *f = sm_json_get(doc, "freshness");

    return sm_sv_eq_str(text_of(f, "since"), "event_time") &&
           !sm_sv_eq_str(text_of(f, "state"), "fresh");
}

static bool is_held_back(const sm_json *doc)
{
    const sm_json *because = sm_json_get(doc, "because");
    bool held = sm_sv_eq_str(text_of(doc, "state"), "held_back");

    for (size_t i = 0; !held && i < sm_json_len(because); i++)
        held = sm_sv_eq_str(text_of(sm_json_at(because, i), "state"), "held_back");
    return held;
}

static const char *next_of(const sm_cli *c, const sm_json *doc)
{
    sm_sv state = text_of(doc, "state");

    if (sm_json_get(doc, "paused") != NULL || is_held_back(doc))
        return "smelt resume";
    if (sm_json_len(sm_json_get(doc, "because")) > 0 || sm_sv_eq_str(state, "failed"))
        return "smelt events --level error";
    if (is_old_news(doc))
        return sm_arena_cstr(c->a, sm_arena_printf(c->a, "smelt watermark show %.*s",
                                                   SM_SV_ARG(text_of(doc, "table"))));
    return sm_sv_eq_str(state, "running") ? "smelt status" : "smelt run";
}

static int print(const sm_cli *c, const sm_json *doc)
{
    const sm_json *because = sm_json_get(doc, "because");
    sm_grid *g = sm_grid_new(c, "llll");
    sm_buf b;

    sm_buf_init(&b, SM_LOOK_OUT_MAX);
    add_row(c, g, doc);
    for (size_t i = 0; i < sm_json_len(because); i++)
        add_row(c, g, sm_json_at(because, i));
    sm_grid_print(g, 0, &b);
    if (sm_json_get(doc, "written") != NULL)
        sm_buf_addf(&b, "Last written %.*s\n",
                    SM_SV_ARG(sm_show_time(c->a, sm_time_of(doc, "written"))));
    add_freshness(c, doc, &b);
    sm_look_pause(c, doc, &b);
    sm_look_next(c, &b, "%s", next_of(c, doc));
    return sm_cli_out(&b);
}

static int why_exec(sm_cli *c)
{
    const sm_plan_dataset *ds;
    sm_project p;
    sm_view v;
    sm_json *doc;
    sm_error err;
    int status;

    if (c->n_args != 1)
        return sm_cli_usage(c, "name a table: smelt why TABLE");
    if ((status = sm_look_start(c, &p, &v)) != SM_EXIT_DONE)
        goto done;
    if ((ds = sm_look_find(c, v.plan, sm_cli_arg(c, 0))) == NULL)
        status = SM_EXIT_USAGE;
    else if (!sm_dataset_is_table(ds))
        status = sm_cli_usage(c, "\"%.*s\" is a %s: why is asked of tables", SM_SV_ARG(ds->name),
                              sm_dataset_kind_name(ds->kind));
    else if (sm_view_why(&v, ds, &doc, &err) != SM_OK)
        status = sm_cli_fail(c, &err, "smelt doctor");
    else
        status = c->json ? sm_cli_out_json(c, doc) : print(c, doc);
done:
    sm_project_close(&p);
    return status;
}

static int why_remote(sm_cli *c, sm_remote *r)
{
    int status;
    sm_buf path;

    if (c->n_args != 1)
        return sm_cli_usage(c, "name a table: smelt why TABLE");
    if ((status = sm_remote_pipeline(r, NULL)) != SM_EXIT_DONE)
        return status;
    path = sm_remote_path(r, "/datasets");
    sm_remote_part(&path, sm_sv_cstr(sm_cli_arg(c, 0)));
    sm_remote_part(&path, SM_SV("why"));
    return sm_remote_show(r, &path, print, "smelt ls");
}

const sm_command sm_command_why = {
    .name = "why",
    .group = "watch",
    .summary = "Say why a table is as it is, and what is wrong above it",
    .usage = "TABLE",
    .options = options,
    .examples = "smelt why readings_10m\nsmelt why readings_10m --json",
    .exec = why_exec,
    .remote = why_remote,
};
