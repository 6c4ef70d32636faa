/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_status.c -- smelt status: how each table stands. */
#include "runtime/base/clock.h"
#include "ui/cli/exit_code.h"
#include "ui/cli/flow_rows.h"
#include "ui/cli/grid.h"
#include "ui/cli/look_all.h"
#include "ui/cli/remote.h"

static const sm_cli_option options[] = {
    SM_LOOK_OPTIONS,
    { NULL, NULL, NULL, NULL },
};

static int64_t count_that_are(const sm_json *tables, const char *standing)
{
    int64_t n = 0;

    for (size_t i = 0; i < sm_json_len(tables); i++)
        n += sm_sv_eq_str(sm_view_standing(sm_json_at(tables, i)), standing);
    return n;
}

/* A run that did all it was asked to is no news about the tables that it left out. */
static void add_left_out(const sm_json *tables, sm_buf *b)
{
    int64_t held = count_that_are(tables, "held_back"), skipped = count_that_are(tables, "skipped");

    if (held > 0)
        sm_buf_addf(b, ", %lld table%s held back", (long long)held, held == 1 ? "" : "s");
    if (held > 0 && skipped > 0)
        sm_buf_addf(b, ", %lld behind %s skipped", (long long)skipped, held == 1 ? "it" : "them");
}

static void add_heading(const sm_cli *c, const sm_json *doc, sm_buf *b)
{
    const sm_json *run = sm_json_get(doc, "run");
    sm_sv state = sm_json_get_sv(run, "state", SM_SV(""));

    sm_buf_addf(b, "%.*s", SM_SV_ARG(sm_json_get_sv(doc, "pipeline", SM_SV(""))));
    if (run == NULL) {
        sm_buf_adds(b, "  never ran here\n");
        return;
    }
    sm_buf_addf(b, "  run %lld %s%s", (long long)sm_json_get_int(run, "number", 0),
                sm_sv_eq_str(state, "completed") ? "succeeded" : sm_arena_cstr(c->a, state),
                sm_json_get_bool(run, "warnings", false) ? " with warnings" : "");
    add_left_out(sm_json_get(doc, "tables"), b);
    sm_buf_adds(b, "  ");
    sm_buf_add(b, sm_show_time(c->a, sm_time_of(run, "created")));
    if (sm_json_get(run, "duration_ms") != NULL) {
        sm_buf_adds(b, "  ");
        sm_buf_add_duration(b, sm_json_get_int(run, "duration_ms", 0));
    }
    sm_buf_addc(b, '\n');
}

static sm_sv table_words(const sm_cli *c, const sm_json *t)
{
    const sm_json *flows = sm_json_get(t, "flows");
    int64_t written = 0, quarantined = 0, late = 0;
    sm_sv out, text = sm_json_get_sv(t, "error", sm_json_get_sv(t, "reason", SM_SV("")));
    sm_buf b;

    if (text.len > 0)
        return text;
    if (!sm_sv_eq(sm_view_standing(t), sm_json_get_sv(t, "state", SM_SV(""))))
        return sm_view_freshness_words(sm_json_get(t, "freshness"), c->a);
    if (sm_json_get(t, "written") == NULL)
        return SM_SV("");
    for (size_t i = 0; i < sm_json_len(flows); i++) {
        const sm_json *counters =
            sm_json_get(sm_json_get(sm_json_at(flows, i), "last_batch"), "counters");

        written += sm_json_get_int(counters, "written", 0);
        quarantined += sm_json_get_int(counters, "quarantined", 0);
        late += sm_json_get_int(counters, "late", 0);
    }
    sm_buf_init(&b, 256);
    sm_buf_add_count(&b, written);
    sm_buf_adds(&b, " written");
    if (quarantined > 0) {
        sm_buf_adds(&b, ", ");
        sm_buf_add_count(&b, quarantined);
        sm_buf_adds(&b, " quarantined");
    }
    if (late > 0) {
        sm_buf_adds(&b, ", ");
        sm_buf_add_count(&b, late);
        sm_buf_adds(&b, " late");
    }
    sm_buf_adds(&b, " by the last batch");
    out = sm_arena_dup(c->a, sm_buf_sv(&b));
    sm_buf_release(&b);
    return out;
}

static void add_table(const sm_cli *c, sm_grid *g, const sm_json *t)
{
    sm_grid_row(g);
    sm_grid_cell(g, sm_json_get_sv(t, "name", SM_SV("")));
    sm_grid_state(g, sm_view_standing(t), NULL);
    if (sm_json_get(t, "version") == NULL)
        sm_grid_cell(g, SM_SV(""));
    else
        sm_grid_cellf(g, "version %lld", (long long)sm_json_get_int(t, "version", 0));
    sm_grid_tone(g, SM_TONE_DIM,
                 sm_json_get(t, "written") == NULL ? SM_SV("")
                                                   : sm_show_time(c->a, sm_time_of(t, "written")));
    sm_grid_cell(g, table_words(c, t));
}

/* The first table that stands so; NULL: none does. */
static const sm_json *first_that_is(const sm_json *tables, const char *standing)
{
    for (size_t i = 0; i < sm_json_len(tables); i++)
        if (sm_sv_eq_str(sm_view_standing(sm_json_at(tables, i)), standing))
            return sm_json_at(tables, i);
    return NULL;
}

static void add_advice(const sm_cli *c, const sm_json *doc, sm_buf *b)
{
    const sm_json *tables = sm_json_get(doc, "tables"), *run = sm_json_get(doc, "run");
    const sm_json *stale = first_that_is(tables, "stale");
    int64_t open = sm_json_get_int(doc, "open_batches", 0);
    int64_t number = sm_json_get_int(run, "number", 0);

    if (open > 0)
        sm_buf_addf(b, "%lld decided %s published by the next run.\n", (long long)open,
                    open == 1 ? "batch is" : "batches are");
    if (run == NULL)
        sm_look_next(c, b, "smelt run");
    else if (count_that_are(tables, "failed") > 0)
        sm_look_next(c, b, "smelt events --run %lld --level warn", (long long)number);
    else if (count_that_are(tables, "held_back") > 0 || sm_json_get(doc, "paused") != NULL)
        sm_look_next(c, b, "smelt resume");
    else if (stale != NULL)
        sm_look_next(c, b, "smelt why %.*s", SM_SV_ARG(sm_json_get_sv(stale, "name", SM_SV(""))));
    else
        sm_look_next(c, b, "smelt runs %lld", (long long)number);
}

static int print_status(const sm_cli *c, const sm_json *doc)
{
    const sm_json *tables = sm_json_get(doc, "tables"), *gone = sm_json_get(doc, "inactive");
    sm_grid *g = sm_grid_new(c, "llll");
    sm_buf b;

    for (size_t i = 0; i < sm_json_len(tables); i++)
        add_table(c, g, sm_json_at(tables, i));
    for (size_t i = 0; i < sm_json_len(gone); i++) {
        sm_grid_row(g);
        sm_grid_cell(g, sm_json_get_sv(sm_json_at(gone, i), "name", SM_SV("")));
        sm_grid_state(g, SM_SV("inactive"), NULL);
        sm_grid_cell(g, SM_SV(""));
        sm_grid_cell(g, SM_SV(""));
        sm_grid_cell(g, SM_SV("not in the file; kept and not written"));
    }
    sm_buf_init(&b, SM_LOOK_OUT_MAX);
    add_heading(c, doc, &b);
    sm_grid_print(g, 2, &b);
    sm_look_pause(c, doc, &b);
    add_advice(c, doc, &b);
    return sm_cli_out(&b);
}

static int remote_document(sm_cli *c, sm_remote *r, sm_json **doc)
{
    sm_buf path = sm_remote_path(r, "/status");
    sm_error err;

    (void)c;
    return sm_remote_get(r, &path, doc, &err) == SM_OK ? SM_EXIT_DONE
                                                       : sm_remote_fail(r, &err, NULL);
}

static int local_document(sm_cli *c, sm_json **doc)
{
    sm_project p;
    sm_view v;
    sm_error err;
    int status = sm_look_start(c, &p, &v);

    if (status == SM_EXIT_DONE && sm_view_status(&v, doc, &err) != SM_OK)
        status = sm_cli_fail(c, &err, "smelt doctor");
    if (status == SM_EXIT_DONE) /* it lives longer than the project */
        *doc = sm_json_copy(c->a, *doc);
    sm_project_close(&p);
    return status;
}

static int show(const sm_cli *c, const sm_json *doc)
{
    return c->json ? sm_cli_out_json(c, doc) : print_status(c, doc);
}

static int show_all(const sm_cli *c, const sm_look_told *all, size_t n)
{
    sm_json *doc = sm_json_object(c->a), *list = sm_json_array(c->a);
    int status = SM_EXIT_DONE;

    for (size_t i = 0; i < n; i++) {
        if (c->json)
            sm_json_append(list, all[i].doc);
        else if (status == SM_EXIT_DONE)
            status = print_status(all[i].c, all[i].doc);
    }
    sm_json_set(doc, "pipelines", list);
    return c->json ? sm_cli_out_json(c, doc) : status;
}

static int status_remote(sm_cli *c, sm_remote *r)
{
    sm_look_told *all;
    size_t n;
    int status;
    sm_json *doc;

    if (c->n_args > 1)
        return sm_cli_usage(c, "one pipeline, or none for all of them");
    if ((status = sm_look_all_remote(r, remote_document, &all, &n)) != SM_EXIT_DONE)
        return status;
    if (n > 0)
        return show_all(c, all, n);
    if ((status = sm_remote_pipeline(r, NULL)) != SM_EXIT_DONE ||
        (status = remote_document(c, r, &doc)) != SM_EXIT_DONE)
        return status;
    return show(c, doc);
}

static int status_exec(sm_cli *c)
{
    sm_look_told *all;
    size_t n;
    int status, shown;
    sm_json *doc;

    if (c->n_args > 1)
        return sm_cli_usage(c, "one pipeline, or none for all of them");
    if (!sm_look_several(c))
        return (status = local_document(c, &doc)) == SM_EXIT_DONE ? show(c, doc) : status;
    status = sm_look_all(c, local_document, &all, &n);
    shown = show_all(c, all, n);
    return status != SM_EXIT_DONE ? status : shown;
}

const sm_command sm_command_status = {
    .name = "status",
    .group = "watch",
    .summary = "Show how each table stands",
    .usage = "[PIPELINE]",
    .options = options,
    .names_pipeline = true,
    .examples = "smelt status\nsmelt status shop --json",
    .exec = status_exec,
    .remote = status_remote,
};
