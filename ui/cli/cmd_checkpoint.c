/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_checkpoint.c -- smelt checkpoint: where flows stand, and a person's acts on that. */
#include "runtime/exec/checkpoint.h"
#include "ui/cli/exit_code.h"
#include "ui/cli/flow_rows.h"
#include "ui/cli/grid.h"
#include "ui/cli/look.h"
#include "ui/cli/remote.h"

static const sm_cli_option options[] = {
    { "--files", NULL, NULL, "show: the files that the flow knows, and what became of each" },
    { "--limit", NULL, "N", "--files: at most N (100)" },
    { "--after", NULL, "PLACE", "--files: behind this one, as source/17" },
    SM_LOOK_OPTIONS,
    { NULL, NULL, NULL, NULL },
};

static int print_list(const sm_cli *c, const sm_json *doc)
{
    const sm_json *list = sm_json_get(doc, "checkpoints");
    sm_grid *g = sm_grid_new(c, "llrlll");
    sm_buf b;

    sm_grid_head(g, "flow|state|batch|decided|life|offsets");
    for (size_t i = 0; i < sm_json_len(list); i++) {
        const sm_json *f = sm_json_at(list, i);

        sm_grid_row(g);
        sm_grid_cell(g, sm_json_get_sv(f, "flow", SM_SV("")));
        sm_grid_cell(g, sm_json_get_sv(f, "state", SM_SV("")));
        sm_grid_cell(g, sm_json_get(f, "batch") == NULL
                            ? SM_SV("")
                            : sm_json_text(sm_json_get(f, "batch"), c->a));
        sm_grid_cell(g, sm_show_time(c->a, sm_time_of(f, "decided")));
        sm_grid_cell(g, sm_json_get_sv(f, "why", SM_SV("")));
        sm_grid_cell(g, sm_json_get(f, "offsets") == NULL
                            ? SM_SV("")
                            : sm_json_text(sm_json_get(f, "offsets"), c->a));
    }
    sm_buf_init(&b, SM_LOOK_OUT_MAX);
    sm_grid_print(g, 0, &b);
    return sm_cli_out(&b);
}

static void add_batches(const sm_cli *c, const sm_json *list, sm_buf *b)
{
    sm_grid *g = sm_grid_new(c, "rlll");

    for (size_t i = 0; i < sm_json_len(list); i++) {
        const sm_json *x = sm_json_at(list, i);
        sm_buf counts;

        sm_grid_row(g);
        sm_grid_cellf(g, "#%lld", (long long)sm_json_get_int(x, "batch", 0));
        sm_grid_cell(g, sm_json_get_sv(x, "state", SM_SV("")));
        sm_grid_cell(g, sm_show_time(c->a, sm_time_of(x, "decided")));
        sm_buf_init(&counts, 1024);
        sm_add_counters(&counts, sm_json_get(x, "counters"));
        sm_grid_cell(g, sm_buf_sv(&counts));
        sm_buf_release(&counts);
    }
    if (sm_json_len(list) > 0)
        sm_buf_adds(b, "Newest batches\n");
    sm_grid_print(g, 2, b);
}

static void add_schemas(const sm_cli *c, const sm_json *list, sm_buf *b)
{
    sm_grid *g = sm_grid_new(c, "lll");

    for (size_t i = 0; i < sm_json_len(list); i++) {
        const sm_json *x = sm_json_at(list, i);

        sm_grid_row(g);
        sm_grid_cell(g, sm_json_get_sv(x, "source", SM_SV("")));
        sm_grid_cellf(g, "version %lld, %zu columns", (long long)sm_json_get_int(x, "version", 0),
                      sm_json_len(sm_json_get(x, "columns")));
        sm_grid_cell(g, sm_show_time(c->a, sm_time_of(x, "pinned")));
    }
    if (sm_json_len(list) > 0)
        sm_buf_adds(b, "Pinned schemas\n");
    sm_grid_print(g, 2, b);
}

static void add_keys(const sm_cli *c, const sm_json *keys, sm_grid *g)
{
    sm_buf b;

    sm_buf_init(&b, SM_LOOK_OUT_MAX);
    for (size_t i = 0; i < sm_json_len(keys); i++) {
        sm_buf_adds(&b, i == 0 ? "by " : ", ");
        sm_buf_add(&b, sm_json_sv(sm_json_at(keys, i)));
    }
    sm_grid_cell(g, sm_arena_dup(c->a, sm_buf_sv(&b)));
    sm_buf_release(&b);
}

/* That of the flow, and a line for each input that it is made of. */
static void add_watermarks(const sm_cli *c, const sm_json *doc, sm_buf *b)
{
    const sm_json *list = sm_json_get(doc, "watermarks");
    sm_grid *g = sm_grid_new(c, "llrr");

    if (sm_json_get(doc, "watermark") == NULL)
        return;
    sm_buf_addf(b, "Watermark\n  %.*s\n",
                SM_SV_ARG(sm_show_time(c->a, sm_time_of(doc, "watermark"))));
    for (size_t i = 0; i < sm_json_len(list); i++) {
        const sm_json *x = sm_json_at(list, i);

        sm_grid_row(g);
        sm_grid_cellf(g, "%.*s.%.*s", SM_SV_ARG(sm_json_get_sv(x, "input", SM_SV(""))),
                      SM_SV_ARG(sm_json_get_sv(x, "column", SM_SV(""))));
        sm_grid_cellf(g, "newest %.*s", SM_SV_ARG(sm_show_time(c->a, sm_time_of(x, "newest"))));
        sm_grid_cellf(g, "delay %.*s", SM_SV_ARG(sm_json_get_sv(x, "delay", SM_SV(""))));
        sm_grid_cellf(g, "%lld rows", (long long)sm_json_get_int(x, "rows", 0));
    }
    sm_grid_print(g, 2, b);
}

static void add_stages(const sm_cli *c, const sm_json *doc, sm_buf *b)
{
    const sm_json *list = sm_json_get(doc, "stages");
    sm_grid *g = sm_grid_new(c, "llrrrl");

    add_watermarks(c, doc, b);
    for (size_t i = 0; i < sm_json_len(list); i++) {
        const sm_json *x = sm_json_at(list, i);

        sm_grid_row(g);
        sm_grid_cell(g, sm_json_get_sv(x, "stage", SM_SV("")));
        add_keys(c, sm_json_get(x, "keys"), g);
        sm_grid_cellf(g, "%lld rows", (long long)sm_json_get_int(x, "rows", 0));
        sm_grid_cellf(g, "%lld files", (long long)sm_json_get_int(x, "files", 0));
        sm_grid_cellf(g, "%lld bytes", (long long)sm_json_get_int(x, "bytes", 0));
        sm_grid_cell(g,
                     sm_json_get(x, "oldest") == NULL
                         ? SM_SV("")
                         : sm_arena_printf(c->a, "oldest %.*s",
                                           SM_SV_ARG(sm_show_time(c->a, sm_time_of(x, "oldest")))));
    }
    if (sm_json_len(list) > 0)
        sm_buf_adds(b, "Remembers\n");
    sm_grid_print(g, 2, b);
}

/* How far each source was ahead when the newest batch was decided. */
static void add_lag(const sm_cli *c, const sm_json *lag, sm_buf *b)
{
    static const char *const counts[] = { "rows", "files", "bytes", "versions" };
    sm_grid *g = sm_grid_new(c, "lrrrrr");

    for (sm_json_iter it = sm_json_first(lag); sm_json_valid(&it); sm_json_next(&it)) {
        sm_grid_row(g);
        sm_grid_cell(g, it.key);
        for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
            if (sm_json_get(it.value, counts[i]) != NULL)
                sm_grid_cellf(g, "%lld %s", (long long)sm_json_get_int(it.value, counts[i], 0),
                              counts[i]);
        if (sm_json_get(it.value, "seconds") != NULL)
            sm_grid_cellf(g, "%lld s", (long long)sm_json_get_int(it.value, "seconds", 0));
    }
    if (sm_json_len(lag) > 0)
        sm_buf_adds(b, "Behind its sources\n");
    sm_grid_print(g, 2, b);
}

static int print_one(const sm_cli *c, const sm_json *doc)
{
    const sm_json *lives = sm_json_get(doc, "generations");
    sm_grid *g = sm_grid_new(c, "rlll");
    sm_buf b;

    sm_buf_init(&b, SM_LOOK_OUT_MAX);
    sm_buf_addf(&b, "%.*s  %.*s\n", SM_SV_ARG(sm_json_get_sv(doc, "flow", SM_SV(""))),
                SM_SV_ARG(sm_json_get_sv(doc, "state", SM_SV(""))));
    if (sm_json_get(doc, "offsets") != NULL)
        sm_buf_addf(&b, "Offsets\n  %.*s\n",
                    SM_SV_ARG(sm_json_text(sm_json_get(doc, "offsets"), c->a)));
    add_lag(c, sm_json_get(doc, "lag"), &b);
    add_stages(c, doc, &b);
    for (size_t i = 0; i < sm_json_len(lives); i++) {
        const sm_json *x = sm_json_at(lives, i);

        sm_grid_row(g);
        sm_grid_cellf(g, "%lld", (long long)sm_json_get_int(x, "number", 0));
        sm_grid_cell(g, sm_json_get_sv(x, "why", SM_SV("")));
        sm_grid_cell(g, sm_show_time(c->a, sm_time_of(x, "started")));
        sm_grid_tone(g, SM_TONE_DIM, sm_json_get_sv(x, "generation", SM_SV("")));
    }
    if (sm_json_len(lives) > 0)
        sm_buf_adds(&b, "Generations\n");
    sm_grid_print(g, 2, &b);
    add_batches(c, sm_json_get(doc, "batches"), &b);
    add_schemas(c, sm_json_get(doc, "schemas"), &b);
    return sm_cli_out(&b);
}

static int print_files(const sm_cli *c, const sm_json *doc)
{
    const sm_json *list = sm_json_get(doc, "files");
    sm_sv next = sm_json_get_sv(doc, "next", SM_SV(""));
    sm_grid *g = sm_grid_new(c, "lrlrlrl");
    sm_buf b;

    sm_grid_head(g, "source|seq|state|batch|modified|size|path");
    for (size_t i = 0; i < sm_json_len(list); i++) {
        const sm_json *x = sm_json_at(list, i);

        sm_grid_row(g);
        sm_grid_cell(g, sm_json_get_sv(x, "source", SM_SV("")));
        sm_grid_cellf(g, "%lld", (long long)sm_json_get_int(x, "seq", 0));
        sm_grid_cell(g, sm_json_get_sv(x, "state", SM_SV("")));
        if (sm_json_get(x, "batch") != NULL)
            sm_grid_cellf(g, "%lld", (long long)sm_json_get_int(x, "batch", 0));
        else
            sm_grid_cell(g, SM_SV(""));
        sm_grid_cell(g, sm_show_time(c->a, sm_time_of(x, "modified")));
        sm_grid_count(g, sm_json_get_int(x, "size", 0));
        sm_grid_cell(g, sm_json_get_sv(x, "path", SM_SV("")));
    }
    sm_buf_init(&b, SM_LOOK_OUT_MAX);
    if (sm_json_len(list) == 0)
        sm_buf_adds(&b, "No files.\n");
    else
        sm_grid_print(g, 0, &b);
    if (next.len > 0)
        sm_look_next(c, &b, "smelt checkpoint show %.*s --files --after %.*s",
                     SM_SV_ARG(sm_json_get_sv(doc, "flow", SM_SV(""))), SM_SV_ARG(next));
    return sm_cli_out(&b);
}

static int look_at_files(sm_cli *c, const char *flow)
{
    const char *limit = sm_cli_get(c, "--limit"), *after = sm_cli_get(c, "--after");
    int64_t most = 100;
    sm_project p;
    sm_view v;
    sm_json *doc;
    sm_error err;
    int status;

    if (limit != NULL && !sm_look_number(c, "--limit", limit, &most))
        return SM_EXIT_USAGE;
    most = most < 1 ? 1 : most > 100000 ? 100000 : most;
    status = sm_look_start(c, &p, &v);
    if (status == SM_EXIT_DONE &&
        sm_view_files(&v, sm_sv_cstr(flow), after == NULL ? SM_SV("") : sm_sv_cstr(after),
                      (size_t)most, &doc, &err) != SM_OK) {
        status = sm_cli_fail(c, &err, "smelt checkpoint list");
        if (err.code == SM_E_NOT_FOUND || err.code == SM_E_INVALID)
            status = SM_EXIT_USAGE;
    } else if (status == SM_EXIT_DONE) {
        status = c->json ? sm_cli_out_json(c, doc) : print_files(c, doc);
    }
    sm_project_close(&p);
    return status;
}

static int look(sm_cli *c, const char *flow)
{
    sm_project p;
    sm_view v;
    sm_json *doc;
    sm_error err;
    int status = sm_look_start(c, &p, &v);

    if (status == SM_EXIT_DONE &&
        (flow == NULL ? sm_view_checkpoints(&v, &doc, &err)
                      : sm_view_checkpoint(&v, sm_sv_cstr(flow), &doc, &err)) != SM_OK) {
        status = sm_cli_fail(c, &err,
                             err.code == SM_E_NOT_FOUND ? "smelt checkpoint list" : "smelt doctor");
        status = err.code == SM_E_NOT_FOUND ? SM_EXIT_USAGE : status;
    } else if (status == SM_EXIT_DONE) {
        status = c->json        ? sm_cli_out_json(c, doc)
                 : flow == NULL ? print_list(c, doc)
                                : print_one(c, doc);
    }
    sm_project_close(&p);
    return status;
}

/* ---- acts ------------------------------------------------------------------------- */

static bool confirmed(const sm_cli *c, const char *flow, bool adopt)
{
    sm_buf what;
    bool yes;

    sm_buf_init(&what, 4096);
    if (adopt)
        sm_buf_addf(&what, "flow %s will go on where its table says that it ended", flow);
    else
        sm_buf_addf(&what,
                    "flow %s will read its sources again from their beginning; the rows that its "
                    "table has stay, and will be there twice",
                    flow);
    yes = sm_cli_confirm(c, what.ptr, flow);
    sm_buf_release(&what);
    return yes;
}

static int tell_act(const sm_cli *c, const char *flow, const sm_adopted *adopted)
{
    sm_json *doc = sm_json_object(c->a);
    sm_buf b;

    sm_json_set_string(doc, "flow", sm_sv_cstr(flow));
    sm_json_set_string(doc, "act", adopted != NULL ? SM_SV("adopt") : SM_SV("reset"));
    if (adopted != NULL) {
        sm_json_set_string(doc, "generation", adopted->generation);
        sm_json_set_int(doc, "batch", adopted->batch);
        sm_json_set(doc, "offsets", adopted->offsets);
    }
    if (c->json)
        return sm_cli_out_json(c, doc);
    sm_buf_init(&b, 64 * 1024);
    if (adopted != NULL)
        sm_buf_addf(&b, "Flow %s goes on behind batch %lld of generation %.*s.\n", flow,
                    (long long)adopted->batch, SM_SV_ARG(adopted->generation));
    else
        sm_buf_addf(&b, "Flow %s begins again where its sources begin.\n", flow);
    sm_look_next(c, &b, "smelt run");
    return sm_cli_out(&b);
}

static int act(sm_cli *c, const char *flow, bool adopt)
{
    sm_project p;
    sm_adopted adopted;
    sm_error err;
    int status = sm_project_start(c, &p, sm_cli_get(c, "--pipeline"), SM_NEED_PLAN_AND_STORE_WRITE);

    if (status == SM_EXIT_DONE && sm_plan_find_flow(p.plan, sm_sv_cstr(flow)) == NULL)
        status =
            sm_cli_usage(c, "there is no flow \"%s\"; `smelt checkpoint list` prints them", flow);
    if (status == SM_EXIT_DONE && !confirmed(c, flow, adopt))
        status = SM_EXIT_REFUSED;
    if (status == SM_EXIT_DONE) {
        sm_run_request q = sm_project_request(&p);
        sm_code rc = adopt ? sm_checkpoint_adopt(&q, sm_sv_cstr(flow), c->a, &adopted, &err)
                           : sm_checkpoint_reset(&q, sm_sv_cstr(flow), &err);

        status =
            rc == SM_OK ? tell_act(c, flow, adopt ? &adopted : NULL) : sm_cli_fail(c, &err, NULL);
    }
    sm_project_close(&p);
    return status;
}

static int reset_remote(sm_cli *c, sm_remote *r, const char *flow)
{
    sm_buf path = sm_remote_path(r, "/checkpoints");
    sm_json *doc;
    sm_error err;

    sm_remote_part(&path, sm_sv_cstr(flow));
    sm_buf_adds(&path, "/reset");
    if (!confirmed(c, flow, false)) {
        sm_buf_release(&path);
        return SM_EXIT_REFUSED;
    }
    if (sm_remote_post(r, &path, NULL, &doc, &err) != SM_OK)
        return sm_remote_fail(r, &err, "smelt checkpoint list");
    return tell_act(c, flow, NULL);
}

static int checkpoint_remote(sm_cli *c, sm_remote *r)
{
    static const char *const local[] = { "--files", "--limit", "--after", NULL };
    const char *verb = sm_cli_arg(c, 0), *flow = sm_cli_arg(c, 1);
    bool list = verb == NULL || strcmp(verb, "list") == 0;
    int status = sm_remote_refuse(r, local);
    sm_buf path;

    if (status != SM_EXIT_DONE)
        return status;
    if (c->n_args != (list ? c->n_args > 0 : 2))
        return sm_cli_usage(c, list ? "too many arguments" : "name one flow");
    if (!list && strcmp(verb, "show") != 0 && strcmp(verb, "reset") != 0)
        return sm_cli_usage(c, "on a server, checkpoint can list, show and reset, not \"%s\"",
                            verb);
    if ((status = sm_remote_pipeline(r, NULL)) != SM_EXIT_DONE)
        return status;
    if (!list && strcmp(verb, "reset") == 0)
        return reset_remote(c, r, flow);
    path = sm_remote_path(r, "/checkpoints");
    if (!list)
        sm_remote_part(&path, sm_sv_cstr(flow));
    return sm_remote_show(r, &path, list ? print_list : print_one, "smelt checkpoint list");
}

static int checkpoint_exec(sm_cli *c)
{
    const char *verb = sm_cli_arg(c, 0), *flow = sm_cli_arg(c, 1);
    bool list = verb == NULL || strcmp(verb, "list") == 0;

    bool files = sm_cli_has(c, "--files");

    if ((sm_cli_has(c, "--limit") || sm_cli_has(c, "--after")) && !files)
        return sm_cli_usage(c, "--limit and --after go with --files");
    if (files && (verb == NULL || strcmp(verb, "show") != 0))
        return sm_cli_usage(c, "--files goes with `smelt checkpoint show FLOW`");
    if (c->n_args > 2 || (list && flow != NULL))
        return sm_cli_usage(c, "too many arguments");
    if (list)
        return look(c, NULL);
    if (strcmp(verb, "show") != 0 && strcmp(verb, "reset") != 0 && strcmp(verb, "adopt") != 0)
        return sm_cli_usage(c, "checkpoint can list, show, reset and adopt, not \"%s\"", verb);
    if (flow == NULL)
        return sm_cli_usage(c, "name a flow: smelt checkpoint %s FLOW", verb);
    if (files)
        return look_at_files(c, flow);
    return strcmp(verb, "show") == 0 ? look(c, flow) : act(c, flow, strcmp(verb, "adopt") == 0);
}

const sm_command sm_command_checkpoint = {
    .name = "checkpoint",
    .group = "data",
    .summary = "Show where flows stand; let one begin again, or adopt what its table says",
    .usage = "[list | show FLOW | reset FLOW | adopt FLOW]",
    .options = options,
    .examples = "smelt checkpoint list\nsmelt checkpoint show readings_bronze --files\nsmelt "
                "checkpoint adopt readings_silver --yes",
    .exec = checkpoint_exec,
    .remote = checkpoint_remote,
};
