/* SPDX-License-Identifier: Apache-2.0 */
/* deploy_site.c -- see the header.
 *
 * Documents come from the deployment that is held for them.  What needs the engine, or changes
 * something, loads the pipeline anew from the deployed texts, as a run does, and closes it again:
 * between two such requests there is no engine. */
#include "ui/cli/deploy_site.h"

#include "runtime/base/clock.h"
#include "runtime/base/sqltext.h"
#include "runtime/engine/engine_watch.h"
#include "runtime/exec/checkpoint.h"
#include "runtime/sinks/sinks.h"
#include "ui/cli/audit.h"
#include "ui/cli/deploy_int.h"
#include "ui/cli/exit_code.h"
#include "ui/cli/look.h"
#include "ui/cli/quarantine_act.h"
#include "ui/cli/rows.h"
#include "ui/view/view_quarantine.h"

enum { SHARE = 8, PREVIEW_ROWS = 50, QUARANTINE_ROWS = 50, READ_WAIT_MS = 5000 };

/* ---- views --------------------------------------------------------------------------- */

static sm_code site_names(void *ctx, sm_arena *a, sm_sv **names, size_t *n, sm_error *err)
{
    sm_cli_site *s = ctx;

    (void)err;
    sm_deploy_names(s->deploy, a, names, n);
    return SM_OK;
}

static sm_code hold(sm_cli_site *s, sm_sv pipeline, sm_deployed **out, sm_error *err)
{
    *out = sm_deploy_hold(s->deploy, pipeline);
    return *out != NULL ? SM_OK
                        : sm_fail(err, SM_E_NOT_FOUND, 0, "there is no pipeline \"%.*s\"",
                                  SM_SV_ARG(pipeline));
}

static sm_code site_open(void *ctx, sm_sv pipeline, sm_arena *a, sm_view *out, void **held,
                         sm_error *err)
{
    sm_deployed *x;
    sm_code rc = hold(ctx, pipeline, &x, err);

    if (rc != SM_OK)
        return rc;
    *out = sm_deploy_view(x, a);
    *held = x;
    return SM_OK;
}

static void site_close(void *ctx, void *held)
{
    (void)ctx;
    sm_deploy_let(held);
}

/* When it runs, as people say it. */
static sm_sv trigger_text(const sm_spec_trigger *t, sm_arena *a)
{
    sm_sv text;
    sm_buf b;

    if (t->schedule.text.len > 0)
        return sm_arena_printf(a, "%.*s%s%.*s", SM_SV_ARG(t->schedule.text),
                               t->timezone.text.len > 0 ? " " : "", SM_SV_ARG(t->timezone.text));
    if (t->when.n > 0)
        return SM_SV("when something arrives");
    if (t->interval.v <= 0)
        return t->mode.v == SM_MODE_CONTINUOUS ? SM_SV("continuous") : SM_SV("available now");
    sm_buf_init(&b, 64);
    sm_buf_adds(&b, "every ");
    sm_buf_add_duration(&b, t->interval.v / 1000);
    text = sm_arena_dup(a, sm_buf_sv(&b));
    sm_buf_release(&b);
    return text;
}

static sm_code site_about(void *ctx, sm_sv pipeline, sm_arena *a, sm_site_about *out, sm_error *err)
{
    sm_cli_site *s = ctx;
    sm_deployed *x;
    sm_code rc = hold(s, pipeline, &x, err);

    if (rc != SM_OK)
        return rc;
    *out = (sm_site_about){ .file = sm_arena_dup(a, sm_sv_cstr(x->project.file)),
                            .commit = sm_arena_dup(a, x->commit),
                            .target = sm_arena_dup(a, x->project.spec->target),
                            .reload_error = sm_deploy_fault(s->deploy, a),
                            .trigger = trigger_text(&x->project.spec->trigger, a),
                            .interval_ms = x->project.spec->trigger.interval.v / 1000,
                            .continuous = x->project.spec->trigger.mode.v == SM_MODE_CONTINUOUS,
                            .loaded_ms = x->loaded_ms,
                            .price_per_cpu_hour = x->project.spec->server.price_per_cpu_hour.v };
    sm_deploy_let(x);
    return SM_OK;
}

/* ---- a pipeline loaded anew ------------------------------------------------------------ */

typedef struct loaded {
    sm_deployed *deployed;
    sm_pinned *pinned;
    sm_cli cli;
    sm_project project;
} loaded;

static void unload(loaded *l)
{
    sm_project_release_engine(&l->project);
    sm_project_close(&l->project);
    sm_pinned_free(l->pinned);
    sm_arena_free(l->cli.a);
    sm_deploy_let(l->deployed);
}

/* With its plan and its store; unload() also after a failure. */
static sm_code load(sm_cli_site *s, sm_sv pipeline, loaded *l, sm_error *err)
{
    sm_project *p = &l->project;
    sm_code rc;

    *l = (loaded){ .cli = *s->deploy->c };
    l->cli.a = sm_arena_new("act");
    if ((rc = hold(s, pipeline, &l->deployed, err)) != SM_OK)
        return rc;
    l->pinned = sm_deploy__pinned(s->deploy);
    l->cli.stores = s->deploy->stores;
    l->cli.pinned = l->pinned;
    if ((rc = sm_project_open(p, &l->cli, l->deployed->project.file, err)) != SM_OK ||
        (rc = sm_project_store(p, false, err)) != SM_OK || (rc = sm_project_plan(p, err)) != SM_OK)
        return rc;
    if (p->plan == NULL)
        return sm_fail(err, SM_E_INVALID, 0,
                       "pipeline \"%.*s\" is not valid any more: `smelt validate` tells why",
                       SM_SV_ARG(pipeline));
    p->share = SHARE;
    return SM_OK;
}

static sm_code find_table(const loaded *l, sm_sv name, const sm_plan_dataset **out, sm_error *err)
{
    *out = sm_plan_find(l->project.plan, name);
    if (*out != NULL && sm_dataset_is_table(*out))
        return SM_OK;
    return sm_fail(err, SM_E_NOT_FOUND, 0, "there is no table \"%.*s\"", SM_SV_ARG(name));
}

/* ---- what the engine reads ------------------------------------------------------------- */

static sm_code preview(loaded *l, const sm_site_act *what, sm_json **out, sm_error *err)
{
    const sm_plan_dataset *ds = sm_plan_find(l->project.plan, what->subject);
    sm_rows_request q = { .action = SM_SV("preview"),
                          .limit = sm_json_get_int(what->options, "limit", PREVIEW_ROWS) };
    sm_buf b;
    sm_code rc;

    if (ds == NULL)
        return sm_fail(err, SM_E_NOT_FOUND, 0, "there is no dataset \"%.*s\"",
                       SM_SV_ARG(what->subject));
    sm_buf_init(&b, 4096);
    sm_buf_adds(&b, "SELECT * FROM ");
    sm_sql_ident(&b, ds->name);
    q.sql = sm_arena_dup(l->cli.a, sm_buf_sv(&b));
    q.dataset = ds->name;
    sm_buf_release(&b);
    rc = sm_rows_fetch(&l->cli, &l->project, &q, out, err);
    return rc;
}

static sm_code quarantine(loaded *l, const sm_site_act *what, sm_json **out, sm_error *err)
{
    sm_view_quarantine_filter filter = {
        .rule = sm_json_get_sv(what->options, "rule", SM_SV("")),
        .row = sm_json_get_sv(what->options, "row", SM_SV("")),
        .limit = sm_json_get_int(what->options, "limit", QUARANTINE_ROWS),
    };
    sm_view v = sm_look_view(&l->cli, &l->project);
    const sm_plan_dataset *table = NULL;
    sm_session *session = NULL;
    sm_watchdog *dog = NULL;
    sm_engine *e;
    sm_code rc = SM_OK;

    if (what->subject.len > 0)
        rc = find_table(l, what->subject, &table, err);
    if (rc != SM_OK || (rc = sm_project_engine(&l->project, &e, err)) != SM_OK ||
        (rc = sm_session_open(e, &session, err)) != SM_OK)
        return rc;
    rc = sm_watchdog_start(session, SM_ROWS_SECONDS * 1000, &dog, err);
    if (rc == SM_OK)
        rc = table == NULL ? sm_view_quarantines(&v, session, out, err)
                           : sm_view_quarantine(&v, table, session, &filter, out, err);
    if (sm_watchdog_end(dog) && rc == SM_E_CANCELLED)
        rc = sm_fail(err, SM_E_TIMEOUT, 0, "the look took longer than %d s", SM_ROWS_SECONDS);
    sm_session_close(session);
    return rc;
}

/* Each look at rows has an engine of its own, and so has a replay: there are only so many at a
 * time.  Then sm_turns_give(). */
static sm_code take_turn(sm_cli_site *s, sm_error *err)
{
    if (sm_turns_take(s->readers, READ_WAIT_MS))
        return SM_OK;
    return sm_fail(err, SM_E_AGAIN, 0, "%d others are at rows now: ask again in a moment",
                   SM_SITE_READERS);
}

static sm_code site_read(void *ctx, const sm_site_act *what, sm_arena *a, sm_json **out,
                         sm_error *err)
{
    sm_cli_site *s = ctx;
    sm_json *doc = NULL;
    loaded l;
    sm_code rc;

    if ((rc = take_turn(s, err)) != SM_OK)
        return rc;
    rc = load(s, what->pipeline, &l, err);
    if (rc == SM_OK && sm_sv_eq_str(what->act, "preview"))
        rc = preview(&l, what, &doc, err);
    else if (rc == SM_OK)
        rc = quarantine(&l, what, &doc, err);
    if (rc == SM_OK)
        *out = sm_json_copy(a, doc);
    unload(&l);
    sm_turns_give(s->readers);
    return rc;
}

/* ---- acts ------------------------------------------------------------------------------ */

static sm_code act_reload(sm_cli_site *s, sm_arena *a, sm_json **out, sm_error *err)
{
    if (sm_deploy_load(s->deploy, s->scheduler) != SM_EXIT_DONE)
        return sm_fail(err, SM_E_RULE, 0, "%.*s", SM_SV_ARG(sm_deploy_fault(s->deploy, a)));
    *out = sm_json_object(a);
    sm_json_set_string(*out, "state", SM_SV("reloaded"));
    if (sm_deploy_server_changed(s->deploy))
        sm_json_set_string(*out, "message",
                           SM_SV("the block `server` of smelt.yml has changed, which waits for a "
                                 "restart"));
    return SM_OK;
}

static sm_code act_quarantine(loaded *l, const sm_site_act *act, bool discard, sm_json **out,
                              sm_error *err)
{
    sm_replay_request what = { .rule = sm_json_get_sv(act->options, "rule", SM_SV("")),
                               .row = sm_json_get_sv(act->options, "row", SM_SV("")),
                               .discard = discard };
    sm_sv action = discard ? SM_SV("quarantine discard") : SM_SV("quarantine replay");
    const sm_plan_dataset *table;
    sm_code rc = find_table(l, act->subject, &table, err);

    if (rc != SM_OK)
        return rc;
    what.table = table->name;
    if ((rc = sm_audit(&l->project, action, table->name, SM_SV(""), err)) != SM_OK)
        return rc;
    return sm_quarantine_act(&l->project, &what, l->cli.a, out, err);
}

static sm_code act_reset(loaded *l, const sm_site_act *act, sm_json **out, sm_error *err)
{
    sm_run_request q = sm_project_request(&l->project);
    sm_code rc;

    if (sm_plan_find_flow(l->project.plan, act->subject) == NULL)
        return sm_fail(err, SM_E_NOT_FOUND, 0, "there is no flow \"%.*s\"",
                       SM_SV_ARG(act->subject));
    if ((rc = sm_checkpoint_reset(&q, act->subject, err)) != SM_OK)
        return rc;
    *out = sm_json_object(l->cli.a);
    sm_json_set_string(*out, "flow", act->subject);
    sm_json_set_string(*out, "act", SM_SV("reset"));
    return SM_OK;
}

static sm_code site_act(void *ctx, const sm_site_act *act, sm_arena *a, sm_json **out,
                        sm_error *err)
{
    bool discard = sm_sv_eq_str(act->act, "quarantine_discard");
    bool rows = discard || sm_sv_eq_str(act->act, "quarantine_replay");
    sm_cli_site *s = ctx;
    sm_json *doc = NULL;
    loaded l;
    sm_code rc;

    if (sm_sv_eq_str(act->act, "reload"))
        return act_reload(ctx, a, out, err);
    if (rows && (rc = take_turn(s, err)) != SM_OK)
        return rc;
    rc = load(ctx, act->pipeline, &l, err);
    if (rc == SM_OK && rows)
        rc = act_quarantine(&l, act, discard, &doc, err);
    else if (rc == SM_OK)
        rc = act_reset(&l, act, &doc, err);
    if (rc == SM_OK)
        *out = sm_json_copy(a, doc);
    unload(&l);
    if (rows)
        sm_turns_give(s->readers);
    return rc;
}

sm_site sm_cli_make_site(sm_cli_site *s, sm_event_bus *bus)
{
    return (sm_site){ .ctx = s,
                      .names = site_names,
                      .open = site_open,
                      .close = site_close,
                      .about = site_about,
                      .read = site_read,
                      .act = site_act,
                      .scheduler = s->scheduler,
                      .delivery = "exactly_once",
                      .bus = bus };
}
