/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_events.c -- smelt events: what happened, and with -f what happens. */
#include <poll.h>
#include <stdio.h>

#include "runtime/events/event_log.h"
#include "ui/cli/exit_code.h"
#include "ui/cli/flow_rows.h"
#include "ui/cli/grid.h"
#include "ui/cli/look.h"
#include "ui/cli/remote.h"

static const sm_cli_option options[] = {
    { "--follow", "-f", NULL, "go on until Ctrl-C" },
    { "--table", NULL, "T", "only what happened to T" },
    { "--run", NULL, "N", "only run N" },
    { "--level", NULL, "L", "debug, info (default), warn or error, and what is worse" },
    { "--limit", NULL, "N", "the newest N (50)" },
    SM_LOOK_OPTIONS,
    { NULL, NULL, NULL, NULL },
};

enum { FOLLOW_MS = 1000 };

typedef struct wish {
    sm_event_filter filter;
    int64_t run;
} wish;

static int read_wish(const sm_cli *c, const sm_plan *p, wish *w)
{
    const char *level = sm_cli_get(c, "--level"), *table = sm_cli_get(c, "--table");
    const char *run = sm_cli_get(c, "--run"), *limit = sm_cli_get(c, "--limit");
    const sm_plan_dataset *ds;
    int64_t most = 50;
    sm_error err;

    *w = (wish){ .filter = { .least_level = SM_EVENT_INFO, .newest = true } };
    if (level != NULL &&
        sm_event_level_parse(sm_sv_cstr(level), &w->filter.least_level, &err) != SM_OK)
        return sm_cli_usage(c, "--level: %s", err.msg);
    if (table != NULL && (ds = sm_look_find(c, p, table)) == NULL)
        return SM_EXIT_USAGE;
    if (table != NULL)
        w->filter.dataset = ds->name;
    if ((run != NULL && !sm_look_number(c, "--run", run, &w->run)) ||
        (limit != NULL && !sm_look_number(c, "--limit", limit, &most)))
        return SM_EXIT_USAGE;
    w->filter.limit = most < 1 ? 1 : (size_t)(most > 10000 ? 10000 : most);
    return SM_EXIT_DONE;
}

static void add_event(const sm_cli *c, sm_grid *g, const sm_json *e)
{
    sm_sv flow = sm_json_get_sv(e, "flow", sm_json_get_sv(e, "table", SM_SV("")));

    sm_grid_row(g);
    sm_grid_tone(g, SM_TONE_DIM, sm_show_time(c->a, sm_time_of(e, "time")));
    sm_grid_state(g, sm_json_get_sv(e, "level", SM_SV("")), NULL);
    sm_grid_cell(g, sm_json_get_sv(e, "type", SM_SV("")));
    if (sm_json_get(e, "batch") != NULL)
        sm_grid_cellf(g, "%.*s #%lld", SM_SV_ARG(flow), (long long)sm_json_get_int(e, "batch", 0));
    else
        sm_grid_cell(g, flow);
    sm_grid_cell(g, sm_json_get_sv(e, "message", SM_SV("")));
}

static int print_events(const sm_cli *c, const sm_json *doc)
{
    const sm_json *list = sm_json_get(doc, "events");
    sm_grid *g = sm_grid_new(c, "lllll");
    sm_buf b;

    for (size_t i = 0; i < sm_json_len(list); i++)
        add_event(c, g, sm_json_at(list, i));
    sm_buf_init(&b, SM_LOOK_OUT_MAX);
    sm_grid_print(g, 0, &b);
    if (sm_json_len(list) == 0 && !sm_cli_has(c, "--follow"))
        fprintf(stderr, "smelt: there are no such events\n");
    return sm_cli_out(&b);
}

/* While following, each event is one line: JSON without line breaks, or text. */
static int print_line(const sm_cli *c, const sm_json *event)
{
    sm_grid *g = sm_grid_new(c, "lllll");
    sm_buf b;

    sm_buf_init(&b, 1024 * 1024);
    if (c->json) {
        sm_buf_add(&b, sm_json_text(event, c->a));
        sm_buf_addc(&b, '\n');
    } else {
        add_event(c, g, event);
        sm_grid_print(g, 0, &b);
    }
    return sm_cli_out(&b);
}

/* Until somebody ends the program or nobody reads any more.  Memory of a round ends with it. */
static int follow(const sm_cli *c, const sm_view *v, wish *w)
{
    sm_event_bus *bus = sm_event_bus_new(w->filter.after_id);
    sm_event_log log = { v->store, bus };
    sm_arena *a = sm_arena_new("events");
    sm_view round = *v;
    sm_cli printer = *c;
    int status = SM_EXIT_DONE;

    round.a = printer.a = a;
    w->filter.newest = false;
    while (status == SM_EXIT_DONE) {
        sm_event_rec *events;
        sm_error err;
        size_t n;

        if (sm_event_log_follow(log, &w->filter, FOLLOW_MS, a, &events, &n, &err) != SM_OK)
            status = sm_cli_fail(c, &err, "smelt doctor");
        for (size_t i = 0; status == SM_EXIT_DONE && i < n; i++) {
            status = print_line(&printer, sm_view_event(&round, &events[i]));
            w->filter.after_id = events[i].id;
        }
        sm_arena_reset(a);
    }
    sm_arena_free(a);
    sm_event_bus_free(bus);
    return status;
}

static int show(const sm_cli *c, const sm_view *v, wish *w)
{
    const sm_json *list;
    sm_json *doc;
    sm_error err;
    sm_code rc = sm_view_events(v, &w->filter, w->run, &doc, &err);
    int status = SM_EXIT_DONE;

    if (rc != SM_OK)
        return sm_cli_fail(c, &err, rc == SM_E_NOT_FOUND ? "smelt runs" : "smelt doctor");
    if (!sm_cli_has(c, "--follow"))
        return c->json ? sm_cli_out_json(c, doc) : print_events(c, doc);
    if (v->store == NULL || v->pipeline == 0)
        return sm_cli_usage(c, "the pipeline never ran here: there is nothing to follow yet");
    list = sm_json_get(doc, "events");
    if (!c->json)
        status = print_events(c, doc);
    for (size_t i = 0; c->json && status == SM_EXIT_DONE && i < sm_json_len(list); i++)
        status = print_line(c, sm_json_at(list, i));
    w->filter.pipeline = v->pipeline;
    w->filter.after_id = sm_json_get_int(doc, "last", 0);
    if (w->run != 0 && sm_view_run_id(v, w->run, &w->filter.run, &err) != SM_OK)
        return sm_cli_fail(c, &err, "smelt runs");
    return status != SM_EXIT_DONE ? status : follow(c, v, w);
}

static sm_buf events_path(const sm_cli *c, const sm_remote *r, int64_t after)
{
    const char *limit = sm_cli_get(c, "--limit");
    sm_buf path = sm_remote_path(r, "/events");

    sm_remote_query(&path, "level", sm_sv_cstr(sm_cli_get(c, "--level")));
    sm_remote_query(&path, "table", sm_sv_cstr(sm_cli_get(c, "--table")));
    sm_remote_query(&path, "run", sm_sv_cstr(sm_cli_get(c, "--run")));
    if (after >= 0)
        sm_remote_query(&path, "after", sm_arena_printf(c->a, "%lld", (long long)after));
    sm_remote_query(&path, "limit",
                    after >= 0 ? SM_SV("1000") : sm_sv_cstr(limit == NULL ? "50" : limit));
    return path;
}

/* Asks again each second; memory of a round ends with it. */
static int follow_remote(sm_cli *c, sm_remote *r, int64_t last)
{
    sm_cli round = *c;
    sm_remote asking = *r;
    int status = SM_EXIT_DONE;

    round.a = sm_arena_new("events");
    asking.c = &round;
    asking.pipeline = sm_arena_dup(c->a, r->pipeline);
    while (status == SM_EXIT_DONE) {
        sm_buf path = events_path(&round, &asking, last);
        const sm_json *list;
        sm_json *doc;
        sm_error err;

        if (sm_remote_get(&asking, &path, &doc, &err) != SM_OK) {
            status = sm_remote_fail(&asking, &err, NULL);
            continue;
        }
        list = sm_json_get(doc, "events");
        for (size_t i = 0; status == SM_EXIT_DONE && i < sm_json_len(list); i++)
            status = print_line(&round, sm_json_at(list, i));
        last = sm_json_get_int(doc, "last", last);
        sm_arena_reset(round.a);
        (void)poll(NULL, 0, FOLLOW_MS);
    }
    sm_arena_free(round.a);
    return status;
}

static int events_remote(sm_cli *c, sm_remote *r)
{
    int status =
        c->n_args > 0 ? sm_cli_usage(c, "events takes no argument") : sm_remote_pipeline(r, NULL);
    sm_json *doc;
    sm_error err;
    sm_buf path;

    if (status != SM_EXIT_DONE)
        return status;
    path = events_path(c, r, -1);
    if (sm_remote_get(r, &path, &doc, &err) != SM_OK)
        return sm_remote_fail(r, &err, "smelt runs");
    if (!sm_cli_has(c, "--follow"))
        return c->json ? sm_cli_out_json(c, doc) : print_events(c, doc);
    for (size_t i = 0; c->json && i < sm_json_len(sm_json_get(doc, "events")); i++)
        print_line(c, sm_json_at(sm_json_get(doc, "events"), i));
    status = c->json ? SM_EXIT_DONE : print_events(c, doc);
    return status != SM_EXIT_DONE ? status : follow_remote(c, r, sm_json_get_int(doc, "last", 0));
}

static int events_exec(sm_cli *c)
{
    sm_project p;
    sm_view v;
    wish w;
    int status;

    if (c->n_args > 0)
        return sm_cli_usage(c, "events takes no argument: smelt events --table %s", c->args[0]);
    if ((status = sm_look_start(c, &p, &v)) == SM_EXIT_DONE)
        status = read_wish(c, v.plan, &w);
    if (status == SM_EXIT_DONE)
        status = show(c, &v, &w);
    sm_project_close(&p);
    return status;
}

const sm_command sm_command_events = {
    .name = "events",
    .group = "watch",
    .summary = "Show what happened",
    .usage = "[-f] [--table T] [--run N] [--level L]",
    .options = options,
    .examples = "smelt events --level warn\nsmelt events -f --table readings_silver",
    .exec = events_exec,
    .remote = events_remote,
};
