/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_run.c -- smelt run: catch up with everything new, then end. */
#include <stdio.h>
#include <time.h>

#include "runtime/exec/run.h"
#include "ui/cli/cli.h"
#include "ui/cli/exit_code.h"
#include "ui/cli/git.h"
#include "ui/cli/look.h"
#include "ui/cli/project.h"
#include "ui/cli/project_bucket.h"
#include "ui/cli/project_readers.h"
#include "ui/cli/reports.h"
#include "ui/cli/run_print.h"
#include "ui/cli/run_remote.h"
#include "ui/cli/signals.h"
#include "ui/cli/since.h"

static const sm_cli_option options[] = {
    { "--select", "-s", "S",
      "what to run: name, silver_*, +x, x+, tag:t, state:failed\n(`smelt ls --select S` prints "
      "it)" },
    { "--exclude", NULL, "S", "what not to run, in the same grammar" },
    { "--full-refresh", NULL, "S", "rebuild S from its sources; needs --yes or the typed name" },
    { "--with-quarantine", NULL, NULL,
      "with --full-refresh: what the tables have set aside goes too" },
    { "--keep-downstream", NULL, NULL,
      "tables that read a rebuilt one by STREAM keep their rows\nand go on behind the rebuild" },
    { "--continuous", NULL, NULL,
      "go on when everything is caught up, and take what comes,\nuntil Ctrl-C" },
    { "--dry-run", "-n", NULL, "say what would be run, and run nothing" },
    SM_SINCE_OPTION,
    SM_LOOK_OPTIONS,
    SM_REPORT_OPTION,
    SM_OUTPUT_OPTIONS,
    { NULL, NULL, NULL, NULL },
};

typedef struct wish { /* which datasets, from the options */
    bool *selected, *refresh;
} wish;

static sm_code select_datasets(const sm_view *v, const sm_json *since, const char *select,
                               const char *exclude, bool *out, sm_error *err)
{
    sm_view_states states = { .view = v, .since = since };
    sm_plan_states judge = { sm_view_state_is, &states };

    return sm_plan_select(v->plan, sm_sv_cstr(select), sm_sv_cstr(exclude), &judge, v->a, out, err);
}

/* A rebuild of nothing but a sink would be none. */
static int check_sinks(const sm_cli *c, const sm_plan *p, const wish *w)
{
    const sm_plan_dataset *sink = NULL;

    for (size_t i = 0; i < p->n_datasets; i++) {
        if (w->refresh[i] && sm_dataset_is_table(&p->datasets[i]))
            return SM_EXIT_DONE;
        if (w->refresh[i] && p->datasets[i].kind == SM_DATASET_SINK)
            sink = &p->datasets[i];
    }
    if (sink == NULL)
        return SM_EXIT_DONE;
    return sm_cli_usage(c,
                        "--full-refresh rebuilds tables, and \"%.*s\" is a sink: `smelt checkpoint "
                        "reset %.*s` lets it send all rows again",
                        SM_SV_ARG(sink->name), SM_SV_ARG(sink->name));
}

static int read_wish(const sm_cli *c, const sm_project *project, wish *w)
{
    const sm_view v = sm_look_view(c, project);
    const sm_plan *p = project->plan;
    const char *select = sm_cli_get(c, "--select"), *exclude = sm_cli_get(c, "--exclude");
    const char *refresh = sm_cli_get(c, "--full-refresh");
    const sm_json *since;
    sm_error err;
    int status;

    w->selected = SM_NEW_N(c->a, bool, p->n_datasets + 1);
    w->refresh = SM_NEW_N(c->a, bool, p->n_datasets + 1);
    if (refresh != NULL && refresh[0] == '\0')
        return sm_cli_usage(c, "--full-refresh needs to know what: a name, or '*' for everything");
    if (refresh == NULL && sm_cli_has(c, "--with-quarantine"))
        return sm_cli_usage(c, "--with-quarantine goes with --full-refresh");
    if (refresh != NULL && sm_cli_has(c, "--continuous"))
        return sm_cli_usage(c, "--full-refresh ends; run it first, then run --continuous");
    if ((status = sm_cli_since_select(c, project, &since)) != SM_EXIT_DONE)
        return status;
    if (select_datasets(&v, since, select, exclude, w->selected, &err) != SM_OK ||
        (refresh != NULL && select_datasets(&v, since, refresh, NULL, w->refresh, &err) != SM_OK)) {
        sm_cli_fail(c, &err, "smelt ls");
        return SM_EXIT_USAGE;
    }
    if ((status = check_sinks(c, p, w)) != SM_EXIT_DONE)
        return status;
    for (size_t i = 0; i < p->n_datasets; i++)
        w->refresh[i] &= w->selected[i] && sm_dataset_is_table(&p->datasets[i]);
    return SM_EXIT_DONE;
}

/* The target that is taken without a word is not the one to rebuild by a slip. */
static bool named_target(const sm_cli *c, const sm_project *p)
{
    if (!p->spec->production || sm_cli_has(c, "--target") || !sm_cli_has(c, "--full-refresh"))
        return true;
    sm_cli_say(c, "target \"%.*s\" is in production: --full-refresh wants it named, with -t %.*s",
               SM_SV_ARG(p->spec->target), SM_SV_ARG(p->spec->target));
    return false;
}

/* A table whose rows cannot be had again says so. */
static bool reset_allowed(const sm_cli *c, const sm_project *p, const wish *w)
{
    for (size_t i = 0; i < p->spec->tables.n; i++) {
        const sm_spec_table *t = &p->spec->tables.items[i];
        const sm_plan_dataset *ds = sm_plan_find(p->plan, t->name.text);

        if (t->reset_allowed.v || ds == NULL || !w->refresh[sm_plan_index(p->plan, ds)])
            continue;
        sm_cli_say(c, "table \"%.*s\" has `reset_allowed: false`: --full-refresh is refused",
                   SM_SV_ARG(t->name.text));
        return false;
    }
    return true;
}

/* A rebuild stops tables of other pipelines that read on from what was there. */
static int check_readers(const sm_cli *c, sm_project *p, const wish *w)
{
    sm_error err;
    sm_sv told;

    if (sm_project_check_readers(p, w->refresh, sm_cli_has(c, "--with-quarantine"),
                                 sm_cli_has(c, "--keep-downstream"), &told, &err) != SM_OK)
        return sm_cli_fail(c, &err, NULL);
    if (told.len > 0)
        sm_cli_say(c, "%.*s", SM_SV_ARG(told));
    return SM_EXIT_DONE;
}

/* Rebuilding throws rows away that the sources may not have any more. */
static bool confirm_refresh(const sm_cli *c, const sm_plan *p, const wish *w)
{
    sm_buf what;
    const char *word = NULL;
    bool yes;

    sm_buf_init(&what, 16 * 1024);
    sm_buf_adds(&what, "--full-refresh removes all rows of");
    for (size_t i = 0; i < p->n_datasets; i++) {
        if (!w->refresh[i] || p->datasets[i].kind != SM_DATASET_STREAMING_TABLE)
            continue;
        sm_buf_addf(&what, "%s %.*s", word == NULL ? "" : ",", SM_SV_ARG(p->datasets[i].name));
        word = word == NULL ? sm_arena_cstr(c->a, p->datasets[i].name) : "yes";
    }
    if (sm_cli_has(c, "--with-quarantine"))
        sm_buf_adds(&what, ", and what they have set aside,");
    sm_buf_adds(&what, " and reads the sources again from their beginning");
    yes = word == NULL || sm_cli_confirm(c, what.ptr, word);
    sm_buf_release(&what);
    return yes;
}

static sm_run_request make_request(const sm_cli *c, sm_project *p, const wish *w,
                                   sm_run_printer *printer)
{
    sm_run_request q = sm_project_request(p);

    q.selected = w->selected;
    q.full_refresh = w->refresh;
    q.keep_downstream = sm_cli_has(c, "--keep-downstream");
    q.with_quarantine = sm_cli_has(c, "--with-quarantine");
    q.workers = (int)p->spec->engine.workers.v;
    q.continuous = sm_cli_has(c, "--continuous");
    q.view_ms = p->spec->trigger.interval.v / 1000;
    q.max_attempts = (int)p->spec->retry.max_attempts.v;
    q.backoff_ms = p->spec->retry.backoff.v / 1000;
    q.backoff_max_ms = p->spec->retry.backoff_max.v / 1000;
    q.timeout_ms = p->spec->timeout.v / 1000;
    q.cause = SM_SV("manual");
    q.commit = sm_git_commit(p->base_dir, c->a);
    q.selection = sm_sv_cstr(sm_cli_get(c, "--select"));
    q.listener = sm_run_print_flow;
    q.listener_ctx = printer;
    return q;
}

static int print_dry_run(const sm_cli *c, const sm_plan *p, const wish *w)
{
    sm_buf b;

    (void)c;
    sm_buf_init(&b, 1024 * 1024);
    for (size_t i = 0; i < p->n_datasets; i++) {
        const sm_plan_dataset *d = &p->datasets[p->order[i]];

        if (w->selected[p->order[i]] && sm_dataset_is_table(d))
            sm_buf_addf(&b, "%.*s%s\n", SM_SV_ARG(d->name),
                        w->refresh[p->order[i]] ? "  full refresh" : "");
    }
    return sm_cli_out(&b);
}

/* What comes after a run. */
typedef struct after_run {
    bool again;       /* another one */
    int64_t pause_ms; /* before it */
    int tries;        /* that failed in a row */
} after_run;

static bool rebuilds(const sm_project *p, const wish *w)
{
    for (size_t i = 0; i < p->plan->n_datasets; i++)
        if (w->refresh[i])
            return true;
    return false;
}

/* `retry` of the file holds here, too, but who writes none wants one try.  What was rebuilt once is
 * not rebuilt by another try; a continuous run that had caught up has tried by itself. */
static void judge_try(const sm_project *p, const wish *w, const sm_run_request *q,
                      const sm_run_result *r, after_run *after)
{
    if (r->code == SM_OK || !r->error.retryable || r->state == SM_RUN_CANCELED || r->continued ||
        rebuilds(p, w) || ++after->tries >= q->max_attempts)
        return;
    after->again = true;
    after->pause_ms = sm_run_pause_ms(q, after->tries);
}

/* after->again: a source has its first data, so its tables have columns; compile and go on.  Or it
 * is to be tried once more. */
static int run_pipeline(const sm_cli *c, sm_project *p, const wish *w, after_run *after)
{
    sm_run_printer printer;
    sm_run_request q = make_request(c, p, w, &printer);
    sm_run_result result;
    sm_run *run = NULL;
    sm_error err;
    int status, number;
    sm_code rc;

    sm_run_print_init(&printer, c, p->plan, w->selected);
    if (sm_run_new(&q, &run, &err) != SM_OK)
        return sm_cli_report_unbegun(c, p, sm_cli_fail(c, &err, NULL));
    sm_project_keep_plan(p);
    sm_signals_begin(run);
    sm_run_print_begin(&printer, q.commit);
    rc = sm_run_execute(run, &result, &err);
    number = sm_signals_end();
    if (rc == SM_OK) {
        after->again = result.again;
        if (number == 0) /* who stops it wants no other one */
            judge_try(p, w, &q, &result, after);
        if (!c->json || after->pause_ms == 0) /* one document, of the last try */
            sm_run_print_end(&printer, &result);
        if (after->pause_ms > 0)
            sm_cli_say(c, "try %d of %d follows in %.1f s", after->tries + 1, q.max_attempts,
                       (double)after->pause_ms / 1000);
        sm_project_use_plan(p, result.plan);
        sm_project_bucket_trim(p);
        status = sm_cli_report(c, SM_REPORT_OF_RUN, sm_run_print_document(&printer, &result),
                               result.duration_ms, sm_exit_code(result.code));
    } else {
        status = sm_cli_report_unbegun(c, p, sm_cli_fail(c, &err, "smelt doctor"));
    }
    sm_run_free(run);
    return status == SM_EXIT_INTERRUPTED && number != 0 ? 128 + number : status;
}

static int run_once(sm_cli *c, after_run *after)
{
    sm_project p;
    wish w;
    int status;

    after->again = false;
    after->pause_ms = 0;
    status = sm_project_start(c, &p, sm_cli_arg(c, 0),
                              c->dry_run ? SM_NEED_PLAN_AND_STORE : SM_NEED_PLAN_AND_STORE_WRITE);
    if (status != SM_EXIT_DONE && !c->dry_run)
        status = sm_cli_report_unbegun(c, &p, status);
    if (status == SM_EXIT_DONE)
        status = read_wish(c, &p, &w);
    if (status == SM_EXIT_DONE)
        status = check_readers(c, &p, &w);
    if (status == SM_EXIT_DONE && c->dry_run)
        status = print_dry_run(c, p.plan, &w);
    else if (status == SM_EXIT_DONE)
        status = named_target(c, &p) && reset_allowed(c, &p, &w) && confirm_refresh(c, p.plan, &w)
                     ? run_pipeline(c, &p, &w, after)
                     : SM_EXIT_REFUSED;
    sm_project_close(&p);
    return status;
}

static void pause_for(int64_t ms)
{
    struct timespec t = { (time_t)(ms / 1000), (long)(ms % 1000) * 1000000L };

    (void)nanosleep(&t, NULL);
}

static int run_exec(sm_cli *c)
{
    after_run after = { .again = true };
    int status;

    if (c->n_args > 1)
        return sm_cli_usage(c, "one pipeline at a time");
    status = sm_cli_check_reports(c);
    if (status != SM_EXIT_DONE)
        return status;
    while (after.again) {
        pause_for(after.pause_ms); /* a signal ends it, and nothing is lost */
        status = run_once(c, &after);
    }
    return status;
}

const sm_command sm_command_run = {
    .name = "run",
    .group = "run",
    .summary = "Catch up with everything new, then exit",
    .usage = "[PIPELINE] [--select S] [--full-refresh S [--keep-downstream] [--with-quarantine]]",
    .options = options,
    .examples = "smelt run\nsmelt run examples/iot/pipeline.yml --select +readings_10m",
    .names_pipeline = true,
    .exec = run_exec,
    .remote = sm_run_remote,
};
