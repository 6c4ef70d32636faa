/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_runs.c -- smelt runs: the newest runs, or one with what its flows did. */
#include <stdlib.h>

#include "runtime/base/clock.h"
#include "runtime/events/phase.h"
#include "ui/cli/exit_code.h"
#include "ui/cli/flow_rows.h"
#include "ui/cli/grid.h"
#include "ui/cli/look_all.h"
#include "ui/cli/remote.h"

enum { MOST = 20, US_OF_MS = 1000 };

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

/* Of several pipelines, the newest first. */
static int by_time(const void *x, const void *y)
{
    return -sm_sv_cmp(sm_json_get_sv(*(const sm_json *const *)x, "created", SM_SV("")),
                      sm_json_get_sv(*(const sm_json *const *)y, "created", SM_SV("")));
}

static int print_all(const sm_cli *c, const sm_json *doc)
{
    const sm_json *list = sm_json_get(doc, "runs"), *first = sm_json_at(list, 0);
    sm_grid *g = sm_grid_new(c, "rllrllll");
    sm_buf b;

    sm_buf_init(&b, SM_LOOK_OUT_MAX);
    for (size_t i = 0; i < sm_json_len(list); i++) {
        add_run(c, g, sm_json_at(list, i));
        sm_grid_cell(g, sm_json_get_sv(sm_json_at(list, i), "pipeline", SM_SV("")));
    }
    sm_grid_print(g, 0, &b);
    if (first == NULL)
        sm_buf_adds(&b, "No pipeline ever ran here\n");
    else
        sm_look_next(c, &b, "smelt runs %.*s %lld",
                     SM_SV_ARG(sm_json_get_sv(first, "pipeline", SM_SV(""))),
                     (long long)sm_json_get_int(first, "number", 0));
    return sm_cli_out(&b);
}

static int show_all(const sm_cli *c, const sm_look_told *all, size_t n, size_t most)
{
    sm_json *doc = sm_json_object(c->a), *list = sm_json_array(c->a);
    size_t runs = 0;
    sm_json **rows;

    for (size_t i = 0; i < n; i++)
        runs += sm_json_len(sm_json_get(all[i].doc, "runs"));
    rows = SM_NEW_N(c->a, sm_json *, runs + 1);
    runs = 0;
    for (size_t i = 0; i < n; i++) {
        const sm_json *one = sm_json_get(all[i].doc, "runs");

        for (size_t k = 0; k < sm_json_len(one); k++) {
            rows[runs] = sm_json_copy(c->a, sm_json_at(one, k));
            sm_json_set_string(rows[runs++], "pipeline",
                               sm_json_get_sv(all[i].doc, "pipeline", SM_SV("")));
        }
    }
    qsort(rows, runs, sizeof(sm_json *), by_time);
    for (size_t i = 0; i < runs && i < most; i++)
        sm_json_append(list, rows[i]);
    sm_json_set(doc, "runs", list);
    return c->json ? sm_cli_out_json(c, doc) : print_all(c, doc);
}

/* What took less than a millisecond is left out. */
static void add_phases(const sm_json *run, sm_buf *b)
{
    const sm_json *phases = sm_json_get(run, "phases_us");
    const char *before = "Phases  ";

    for (int i = 0; i < SM_PHASES; i++) {
        int64_t us = sm_json_get_int(phases, sm_phase_name((sm_phase)i), 0);

        if (us < US_OF_MS)
            continue;
        sm_buf_addf(b, "%s%s ", before, sm_phase_name((sm_phase)i));
        sm_buf_add_duration(b, us / US_OF_MS);
        before = " · ";
    }
    if (sm_json_get_int(run, "cpu_us", 0) >= US_OF_MS) {
        sm_buf_addf(b, "%sCPU ", phases == NULL ? "" : "  ");
        sm_buf_add_duration(b, sm_json_get_int(run, "cpu_us", 0) / US_OF_MS);
    }
    if (phases != NULL)
        sm_buf_addc(b, '\n');
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
    add_phases(doc, &b);
    sm_look_next(c, &b, "smelt events --run %lld", (long long)sm_json_get_int(doc, "number", 0));
    return sm_cli_out(&b);
}

typedef struct wish {
    const char *one; /* NULL: the newest */
    int64_t number, most;
} wish;

/* [PIPELINE] [N]: what is no number is a pipeline. */
static int read_wish(sm_cli *c, wish *w)
{
    const char *limit = sm_cli_get(c, "--limit");
    int64_t ignored;
    int status;

    *w = (wish){ .most = MOST };
    if (c->n_args > 0 && sm_sv_to_int64(sm_sv_cstr(c->args[c->n_args - 1]), &ignored))
        w->one = c->args[--c->n_args];
    if (c->n_args > 1)
        return sm_cli_usage(c, "one pipeline and one run at a time");
    if ((w->one != NULL && !sm_look_number(c, "a run", w->one, &w->number)) ||
        (limit != NULL && !sm_look_number(c, "--limit", limit, &w->most)))
        return SM_EXIT_USAGE;
    status = sm_cli_settle_pipeline(c);
    return status;
}

static int local_document(sm_cli *c, const wish *w, sm_json **doc)
{
    sm_project p;
    sm_view v;
    sm_error err;
    int status = sm_look_start(c, &p, &v);
    sm_code rc;

    if (status == SM_EXIT_DONE) {
        rc = w->one != NULL ? sm_view_run(&v, w->number, doc, &err)
                            : sm_view_runs(&v, 0, (size_t)w->most, doc, &err);
        if (rc != SM_OK)
            status = sm_cli_fail(c, &err, rc == SM_E_NOT_FOUND ? "smelt runs" : "smelt doctor");
        else
            *doc = sm_json_copy(c->a, *doc);
    }
    sm_project_close(&p);
    return status;
}

static int local_runs(sm_cli *c, sm_json **doc)
{
    const char *limit = sm_cli_get(c, "--limit");
    wish w = { .most = MOST };

    if (limit != NULL && !sm_look_number(c, "--limit", limit, &w.most))
        return SM_EXIT_USAGE;
    return local_document(c, &w, doc);
}

static sm_buf path_of(const sm_remote *r, const wish *w)
{
    sm_buf path = sm_remote_path(r, "/runs");

    if (w->one != NULL)
        sm_remote_part(&path, sm_sv_cstr(w->one));
    else
        sm_remote_query(&path, "limit", sm_arena_printf(r->c->a, "%lld", (long long)w->most));
    return path;
}

static int remote_runs(sm_cli *c, sm_remote *r, sm_json **doc)
{
    const char *limit = sm_cli_get(c, "--limit");
    wish w = { .most = MOST };
    sm_error err;
    sm_buf path;

    if (limit != NULL && !sm_look_number(c, "--limit", limit, &w.most))
        return SM_EXIT_USAGE;
    path = path_of(r, &w);
    return sm_remote_get(r, &path, doc, &err) == SM_OK ? SM_EXIT_DONE
                                                       : sm_remote_fail(r, &err, "smelt runs");
}

static int runs_remote(sm_cli *c, sm_remote *r)
{
    sm_look_told *all;
    size_t n = 0;
    sm_buf path;
    wish w;
    int status = read_wish(c, &w);

    if (status == SM_EXIT_DONE && w.one == NULL)
        status = sm_look_all_remote(r, remote_runs, &all, &n);
    if (status != SM_EXIT_DONE || n > 0)
        return status != SM_EXIT_DONE ? status : show_all(c, all, n, (size_t)w.most);
    if ((status = sm_remote_pipeline(r, NULL)) != SM_EXIT_DONE)
        return status;
    path = path_of(r, &w);
    return sm_remote_show(r, &path, w.one != NULL ? print_run : print_runs, "smelt runs");
}

static int runs_exec(sm_cli *c)
{
    sm_look_told *all;
    size_t n;
    sm_json *doc;
    wish w;
    int status = read_wish(c, &w), shown;

    if (status != SM_EXIT_DONE)
        return status;
    if (w.one == NULL && sm_look_several(c)) {
        status = sm_look_all(c, local_runs, &all, &n);
        shown = show_all(c, all, n, (size_t)w.most);
        return status != SM_EXIT_DONE ? status : shown;
    }
    if ((status = local_document(c, &w, &doc)) != SM_EXIT_DONE)
        return status;
    if (c->json)
        return sm_cli_out_json(c, doc);
    return w.one != NULL ? print_run(c, doc) : print_runs(c, doc);
}

const sm_command sm_command_runs = {
    .name = "runs",
    .group = "watch",
    .summary = "List runs, or show one with what its flows did",
    .usage = "[PIPELINE] [N] [--limit N]",
    .options = options,
    .examples = "smelt runs\nsmelt runs shop 12",
    .exec = runs_exec,
    .remote = runs_remote,
};
