/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_watermark.c -- smelt watermark: how far event time has come, how late rows are, and which
 * delay would do. */
#include "expectations/verdict.h"
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

static void time_cell(const sm_cli *c, sm_grid *g, const sm_json *o, const char *key)
{
    sm_grid_cell(g, sm_json_get(o, key) == NULL ? SM_SV("none yet")
                                                : sm_show_time(c->a, sm_time_of(o, key)));
}

/* ---- show --------------------------------------------------------------------------- */

static void gap_cell(sm_grid *g, const sm_json *input)
{
    int64_t ms = sm_json_get_int(input, "gap_ms", 0);

    if (sm_json_get(input, "gap_ms") == NULL)
        sm_grid_cell(g, SM_SV(""));
    else if (ms < 0)
        sm_grid_cell(g, SM_SV("ahead of the clock"));
    else
        sm_grid_duration(g, ms);
}

/* What is said of the flow as a whole stands on the line of its first input. */
static void add_flow(const sm_cli *c, const sm_json *f, sm_grid *g)
{
    const sm_json *inputs = sm_json_get(f, "watermarks");

    for (size_t i = 0; i < sm_json_len(inputs); i++) {
        const sm_json *in = sm_json_at(inputs, i);

        sm_grid_row(g);
        sm_grid_cell(g, i == 0 ? text_of(f, "flow") : SM_SV(""));
        if (i == 0)
            time_cell(c, g, f, "watermark");
        else
            sm_grid_cell(g, SM_SV(""));
        sm_grid_cellf(g, "%.*s.%.*s", SM_SV_ARG(text_of(in, "input")),
                      SM_SV_ARG(text_of(in, "column")));
        sm_grid_cell(g, text_of(in, "delay"));
        time_cell(c, g, in, "newest");
        gap_cell(g, in);
        sm_grid_count(g, sm_json_get_int(in, "rows", 0));
        if (i == 0)
            sm_grid_count(g, sm_json_get_int(f, "late", 0));
    }
    if (sm_json_len(inputs) > 0)
        return;
    sm_grid_row(g);
    sm_grid_cell(g, text_of(f, "flow"));
    sm_grid_tone(g, SM_TONE_DIM,
                 sm_json_get_bool(f, "used", false) ? SM_SV("none yet")
                                                    : SM_SV("not needed by its query"));
}

/* The first flow that has seen rows; NULL: none has. */
static const sm_json *first_with_rows(const sm_json *flows)
{
    for (size_t i = 0; i < sm_json_len(flows); i++) {
        const sm_json *inputs = sm_json_get(sm_json_at(flows, i), "watermarks");

        for (size_t k = 0; k < sm_json_len(inputs); k++)
            if (sm_json_get_int(sm_json_at(inputs, k), "rows", 0) > 0)
                return sm_json_at(flows, i);
    }
    return NULL;
}

static int print_show(const sm_cli *c, const sm_json *doc)
{
    const sm_json *flows = sm_json_get(doc, "flows"), *seen = first_with_rows(flows);
    sm_grid *g = sm_grid_new(c, "lllllrrr");
    sm_buf b;

    sm_buf_init(&b, SM_LOOK_OUT_MAX);
    if (sm_json_len(flows) == 0) {
        sm_buf_adds(&b, "No flow has a watermark.\n");
        return sm_cli_out(&b);
    }
    sm_grid_head(g, "flow|watermark|of|delay|newest event time|behind now|rows|late");
    for (size_t i = 0; i < sm_json_len(flows); i++)
        add_flow(c, sm_json_at(flows, i), g);
    sm_grid_print(g, 0, &b);
    if (seen != NULL)
        sm_look_next(c, &b, "smelt watermark suggest %.*s", SM_SV_ARG(text_of(seen, "flow")));
    else
        sm_look_next(c, &b, "smelt run");
    return sm_cli_out(&b);
}

/* ---- suggest ------------------------------------------------------------------------ */

static sm_sv span(const sm_cli *c, int64_t us)
{
    sm_sv out;
    sm_buf b;

    sm_buf_init(&b, 64);
    sm_buf_add_duration(&b, (us + 999) / 1000);
    out = sm_arena_dup(c->a, sm_buf_sv(&b));
    sm_buf_release(&b);
    return out;
}

static void add_part(sm_buf *b, const sm_json *input, const char *key, const char *words)
{
    int64_t n = sm_json_get_int(input, key, 0);

    if (n == 0)
        return;
    sm_buf_adds(b, ", ");
    sm_buf_add_count(b, n);
    sm_buf_adds(b, words);
}

static void add_rows(const sm_json *input, sm_buf *b)
{
    sm_buf_adds(b, "  ");
    sm_buf_add_count(b, sm_json_get_int(input, "rows", 0));
    sm_buf_adds(b, sm_json_get_int(input, "rows", 0) == 1 ? " row came" : " rows came");
    add_part(b, input, "ahead", " newer than all before");
    add_part(b, input, "first", " in the first batch, with nothing before them");
    add_part(b, input, "timeless", " without an event time");
    sm_buf_addc(b, '\n');
}

static void add_quantiles(const sm_cli *c, const sm_json *q, sm_buf *b)
{
    sm_grid *g = sm_grid_new(c, "lr");

    for (sm_json_iter it = sm_json_first(q); sm_json_valid(&it); sm_json_next(&it)) {
        int64_t us = sm_json_int_value(it.value);

        sm_grid_row(g);
        sm_grid_cell(g, it.key);
        sm_grid_cell(g, us == 0 ? SM_SV("on time") : span(c, us));
    }
    sm_buf_adds(b, "  Behind the newest event time of the batches before\n");
    sm_grid_print(g, 4, b);
}

static void add_delays(const sm_cli *c, const sm_json *input, sm_buf *b)
{
    const sm_json *list = sm_json_get(input, "delays");
    int64_t all = sm_json_get_int(input, "compared", 0);
    sm_grid *g = sm_grid_new(c, "lrrl");

    for (size_t i = 0; i < sm_json_len(list); i++) {
        const sm_json *d = sm_json_at(list, i);
        int64_t n = sm_json_get_int(d, "rows", 0);

        sm_grid_row(g);
        sm_grid_cell(g, text_of(d, "delay"));
        sm_grid_count(g, n);
        sm_grid_cell(g, sm_verdict_percent(n, all, c->a));
        sm_grid_cell(g, sm_json_get_bool(d, "configured", false)  ? SM_SV("now")
                        : sm_json_get_bool(d, "suggested", false) ? SM_SV("suggested")
                                                                  : SM_SV(""));
    }
    sm_buf_adds(b, "  With a delay of x, at most so many would have been late\n");
    sm_grid_print(g, 4, b);
}

static void add_suggestion(const sm_json *input, sm_buf *b)
{
    const sm_json *s = sm_json_get(input, "suggestion");
    int64_t us = sm_json_get_int(s, "delay_us", 0), now = sm_json_get_int(input, "delay_us", 0);
    int64_t compared = sm_json_get_int(input, "compared", 0);
    sm_sv yaml = text_of(s, "yaml");

    if (!sm_json_get_bool(s, "sure", false)) {
        sm_buf_adds(b, "  Only ");
        sm_buf_add_count(b, compared);
        sm_buf_addf(b, " row%s could be compared: look again when more have come.\n",
                    compared == 1 ? "" : "s");
    }
    if (us == now) {
        sm_buf_addf(b, "  Nothing speaks for another delay than %.*s.\n",
                    SM_SV_ARG(text_of(input, "delay")));
        return;
    }
    sm_buf_addf(b, "  Suggested: %.*s\n", SM_SV_ARG(text_of(s, "delay")));
    while (yaml.len > 0) {
        ptrdiff_t end = sm_sv_find_char(yaml, '\n');

        sm_buf_addf(b, "    %.*s\n", (int)end, yaml.ptr);
        yaml = sm_sv_sub(yaml, (size_t)end + 1, yaml.len);
    }
}

static void add_input(const sm_cli *c, const sm_json *f, const sm_json *in, sm_buf *b)
{
    sm_buf_addf(b, "%.*s  %.*s.%.*s  delay %.*s\n", SM_SV_ARG(text_of(f, "flow")),
                SM_SV_ARG(text_of(in, "input")), SM_SV_ARG(text_of(in, "column")),
                SM_SV_ARG(text_of(in, "delay")));
    if (sm_json_get_int(in, "rows", 0) == 0) {
        sm_buf_adds(b, "  no rows observed yet: run the pipeline first\n");
        return;
    }
    add_rows(in, b);
    if (sm_json_get(in, "suggestion") == NULL) {
        sm_buf_adds(b, "  none could be compared yet: look again when another batch has come\n");
        return;
    }
    add_quantiles(c, sm_json_get(in, "quantiles_us"), b);
    add_delays(c, in, b);
    add_suggestion(in, b);
}

static int print_suggest(const sm_cli *c, const sm_json *doc)
{
    const sm_json *flows = sm_json_get(doc, "flows");
    sm_buf b;

    sm_buf_init(&b, SM_LOOK_OUT_MAX);
    for (size_t i = 0; i < sm_json_len(flows); i++) {
        const sm_json *f = sm_json_at(flows, i), *inputs = sm_json_get(f, "watermarks");

        if (sm_json_get_bool(f, "used", false) && sm_json_len(inputs) == 0)
            sm_buf_addf(&b, "%.*s\n  no rows observed yet: run the pipeline first\n",
                        SM_SV_ARG(text_of(f, "flow")));
        for (size_t k = 0; k < sm_json_len(inputs); k++)
            add_input(c, f, sm_json_at(inputs, k), &b);
    }
    if (first_with_rows(flows) == NULL)
        sm_look_next(c, &b, "smelt run");
    return sm_cli_out(&b);
}

static int look(sm_cli *c, sm_sv name, bool advises)
{
    sm_project p;
    sm_view v;
    sm_json *doc;
    sm_error err;
    int status = sm_look_start(c, &p, &v);

    if (status == SM_EXIT_DONE && sm_view_watermarks(&v, name, advises, &doc, &err) != SM_OK) {
        status = sm_cli_fail(c, &err,
                             err.code == SM_E_NOT_FOUND ? "smelt watermark show" : "smelt doctor");
        status = err.code == SM_E_NOT_FOUND ? SM_EXIT_USAGE : status;
    } else if (status == SM_EXIT_DONE) {
        status = c->json   ? sm_cli_out_json(c, doc)
                 : advises ? print_suggest(c, doc)
                           : print_show(c, doc);
    }
    sm_project_close(&p);
    return status;
}

static int check_usage(const sm_cli *c, bool *advises)
{
    const char *verb = sm_cli_arg(c, 0), *name = sm_cli_arg(c, 1);

    *advises = verb != NULL && strcmp(verb, "suggest") == 0;
    if (c->n_args > 2)
        return sm_cli_usage(c, "too many arguments");
    if (verb != NULL && !*advises && strcmp(verb, "show") != 0)
        return sm_cli_usage(c, "watermark can show and suggest, not \"%s\"", verb);
    if (*advises && name == NULL)
        return sm_cli_usage(c, "name a table: smelt watermark suggest TABLE");
    return SM_EXIT_DONE;
}

static int watermark_exec(sm_cli *c)
{
    const char *name = sm_cli_arg(c, 1);
    bool advises;
    int status = check_usage(c, &advises);

    if (status != SM_EXIT_DONE)
        return status;
    return look(c, name == NULL ? SM_SV("") : sm_sv_cstr(name), advises);
}

static int watermark_remote(sm_cli *c, sm_remote *r)
{
    sm_buf path;
    bool advises;
    int status = check_usage(c, &advises);

    if (status != SM_EXIT_DONE || (status = sm_remote_pipeline(r, NULL)) != SM_EXIT_DONE)
        return status;
    path = sm_remote_path(r, "/watermarks");
    sm_remote_query(&path, "name", sm_sv_cstr(sm_cli_arg(c, 1)));
    sm_remote_query(&path, "suggest", advises ? SM_SV("true") : SM_SV(""));
    return sm_remote_show(r, &path, advises ? print_suggest : print_show, "smelt watermark show");
}

const sm_command sm_command_watermark = {
    .name = "watermark",
    .group = "data",
    .summary = "Show how far event time has come and how late rows are; suggest a delay",
    .usage = "[show [FLOW|TABLE] | suggest TABLE]",
    .options = options,
    .examples = "smelt watermark show\nsmelt watermark suggest readings_10m",
    .exec = watermark_exec,
    .remote = watermark_remote,
};
