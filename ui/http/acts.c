/* SPDX-License-Identifier: Apache-2.0 */
/* acts.c -- the routes that change something: runs, pauses, quarantines, checkpoints, reload. */
#include "runtime/base/clock.h"
#include "ui/http/http_int.h"

static sm_code need_scheduler(const sm_call *c, sm_error *err)
{
    return c->server->site->scheduler != NULL
               ? SM_OK
               : sm_fail(err, SM_E_INVALID, 0, "this server runs no pipelines");
}

static void give(sm_call *c, sm_json *doc)
{
    c->answer.doc = doc;
    c->answer.cache = "no-store";
}

static void give_word(sm_call *c, const char *key, const char *word)
{
    sm_json *doc = sm_json_object(c->a);

    sm_json_set_string(doc, "pipeline", c->view.plan->pipeline);
    sm_json_set_string(doc, key, sm_sv_cstr(word));
    give(c, doc);
}

/* ---- runs -------------------------------------------------------------------------------- */

static sm_code submit(sm_call *c, const sm_run_order *o, sm_error *err)
{
    sm_json *doc = sm_json_object(c->a);
    int64_t ticket = 0;
    sm_code rc = need_scheduler(c, err);

    if (rc != SM_OK ||
        (rc = sm_scheduler_submit(c->server->site->scheduler, o, &ticket, err)) != SM_OK)
        return rc;
    sm_json_set_string(doc, "pipeline", c->view.plan->pipeline);
    sm_json_set_int(doc, "ticket", ticket);
    give(c, doc);
    c->answer.status = 202;
    return SM_OK;
}

static sm_sv text_of(const sm_call *c, const char *key)
{
    return sm_json_get_sv(c->body, key, SM_SV(""));
}

/* What is chosen is looked at now: a wrong name is told to the one who wrote it. */
static sm_code check_selection(const sm_call *c, sm_sv select, sm_sv exclude, sm_error *err)
{
    sm_view_states states = { .view = &c->view };
    sm_plan_states judge = { sm_view_state_is, &states };
    bool *selected = SM_NEW_N(c->a, bool, c->view.plan->n_datasets + 1);
    sm_code rc = sm_plan_select(c->view.plan, select, exclude, &judge, c->a, selected, err);

    if (rc == SM_E_NOT_FOUND) /* the address is there, the name in the body is not */
        err->code = rc = SM_E_INVALID;
    return rc;
}

sm_code sm_http__start_run(sm_call *c, sm_error *err)
{
    sm_run_order o = { .pipeline = c->view.plan->pipeline,
                       .cause = SM_SV("manual"),
                       .by = sm_sv_cstr(c->who.token),
                       .select = text_of(c, "select"),
                       .exclude = text_of(c, "exclude"),
                       .full_refresh = text_of(c, "full_refresh"),
                       .with_quarantine = sm_json_get_bool(c->body, "with_quarantine", false),
                       .keep_downstream = sm_json_get_bool(c->body, "keep_downstream", false) };
    sm_code rc;

    if (o.full_refresh.len > 0 && c->who.role < SM_ROLE_ADMIN)
        return sm_fail(err, SM_E_DENIED, 0, "a full refresh needs the role admin");
    if (o.with_quarantine && o.full_refresh.len == 0)
        return sm_fail(err, SM_E_INVALID, 0, "\"with_quarantine\" goes with \"full_refresh\"");
    rc = check_selection(c, o.select, o.exclude, err);
    if (rc == SM_OK && o.full_refresh.len > 0)
        rc = check_selection(c, o.full_refresh, SM_SV(""), err);
    return rc == SM_OK ? submit(c, &o, err) : rc;
}

static bool any_failed(const sm_json *status)
{
    const sm_json *tables = sm_json_get(status, "tables");

    for (size_t i = 0; i < sm_json_len(tables); i++) {
        sm_sv state = sm_json_get_sv(sm_json_at(tables, i), "state", SM_SV(""));

        if (sm_sv_eq_str(state, "failed") || sm_sv_eq_str(state, "interrupted") ||
            sm_sv_eq_str(state, "held_back"))
            return true;
    }
    return false;
}

/* What failed and what stands behind it; with `all`, everything. */
sm_code sm_http__retry(sm_call *c, sm_error *err)
{
    sm_run_order o = { .pipeline = c->view.plan->pipeline,
                       .cause = SM_SV("retry"),
                       .by = sm_sv_cstr(c->who.token) };
    sm_json *status, *newest;
    sm_code rc = sm_view_status(&c->view, &status, err);

    if (rc != SM_OK ||
        (rc = sm_view_run(&c->view, sm_json_get_int(c->body, "run", 0), &newest, err)) != SM_OK)
        return rc;
    o.retry_of = sm_json_get_int(newest, "number", 0);
    if (any_failed(status) && !sm_json_get_bool(c->body, "all", false))
        o.select = SM_SV("state:failed+");
    return submit(c, &o, err);
}

static const char *state_word(const sm_order_result *r)
{
    if (r->state == SM_RUN_COMPLETED && r->error.code == SM_OK)
        return r->warnings ? "succeeded_with_warnings" : "succeeded";
    return r->state == SM_RUN_CANCELED ? "canceled" : "failed";
}

/* How long the answer may be held back: not at all when others are waiting already, so that
 * waiting takes no connection from those who want to look or act. */
static int64_t wait_ms(const sm_call *c)
{
    int64_t seconds = sm_call__query_int(c, "wait", 0);

    return seconds > 0 && sm_connections_wait(c->server->connections, c->socket, c->address)
               ? 1000 * seconds
               : 0;
}

sm_code sm_http__ticket(sm_call *c, sm_error *err)
{
    sm_json *doc = sm_json_object(c->a);
    sm_order_result r = { .run = 0 };
    int64_t ticket;
    sm_code rc = need_scheduler(c, err);

    if (rc != SM_OK)
        return rc;
    if (!sm_sv_to_int64(sm_call__value(c, "ticket"), &ticket) || ticket < 1)
        return sm_fail(err, SM_E_INVALID, 0, "a ticket is a number from 1 on");
    rc = sm_scheduler_wait(c->server->site->scheduler, ticket, wait_ms(c), &r, err);
    if (rc != SM_OK && rc != SM_E_TIMEOUT)
        return rc;
    sm_json_set_int(doc, "ticket", ticket);
    sm_json_set_string(doc, "state", sm_sv_cstr(rc == SM_OK ? state_word(&r) : "waiting"));
    give(c, doc);
    if (rc == SM_E_TIMEOUT)
        return SM_OK;
    sm_json_set(doc, "run", r.run > 0 ? sm_json_int(c->a, r.run) : NULL);
    sm_json_set_int(doc, "exit_code", r.exit_code);
    sm_json_set_int(doc, "duration_ms", r.duration_ms);
    if (r.error.code != SM_OK)
        sm_json_set_string(doc, "error", sm_sv_cstr(r.error.msg));
    return SM_OK;
}

/* ---- when runs start --------------------------------------------------------------------- */

sm_code sm_http__stop_run(sm_call *c, sm_error *err)
{
    bool any = false;
    sm_code rc = need_scheduler(c, err);

    if (rc == SM_OK)
        rc = sm_scheduler_stop(c->server->site->scheduler, c->view.plan->pipeline,
                               sm_sv_cstr(c->who.token), &any, err);
    if (rc == SM_OK)
        give_word(c, "state", any ? "stopping" : "idle");
    return rc;
}

sm_code sm_http__pause(sm_call *c, sm_error *err)
{
    sm_code rc = need_scheduler(c, err);

    if (rc == SM_OK)
        rc = sm_scheduler_pause(c->server->site->scheduler, c->view.plan->pipeline,
                                sm_sv_cstr(c->who.token), err);
    if (rc == SM_OK)
        give_word(c, "state", "paused");
    return rc;
}

sm_code sm_http__resume(sm_call *c, sm_error *err)
{
    sm_code rc = need_scheduler(c, err);

    if (rc == SM_OK)
        rc = sm_scheduler_resume(c->server->site->scheduler, c->view.plan->pipeline,
                                 sm_sv_cstr(c->who.token), err);
    if (rc == SM_OK)
        give_word(c, "state", "resumed");
    return rc;
}

/* Signed by somebody who has the secret of the hook, who need not have a token. */
sm_code sm_http__hook(sm_call *c, sm_error *err)
{
    sm_json *doc = sm_json_object(c->a);
    int64_t ticket = 0;
    sm_code rc = need_scheduler(c, err);

    if (rc == SM_OK)
        rc = sm_scheduler_webhook(
            c->server->site->scheduler, sm_call__value(c, "pipeline"), sm_call__value(c, "hook"),
            sm_call__header(c, "X-Smelt-Timestamp"), sm_call__header(c, "X-Smelt-Signature"),
            sm_buf_sv(&c->raw), &ticket, err);
    if (rc != SM_OK)
        return rc;
    sm_json_set_int(doc, "ticket", ticket);
    give(c, doc);
    c->answer.status = 202;
    return SM_OK;
}

/* ---- by the site ------------------------------------------------------------------------- */

static sm_site_act act_of(const sm_call *c, const char *name, const char *subject)
{
    return (sm_site_act){ .act = sm_sv_cstr(name),
                          .pipeline = sm_call__value(c, "pipeline"),
                          .subject = subject == NULL ? SM_SV("") : sm_call__value(c, subject),
                          .by = sm_sv_cstr(c->who.token),
                          .options = c->body };
}

static sm_code act(sm_call *c, const char *name, const char *subject, sm_error *err)
{
    const sm_site *site = c->server->site;
    sm_site_act a = act_of(c, name, subject);
    sm_json *doc = NULL;
    sm_code rc;

    if (site->act == NULL)
        return sm_fail(err, SM_E_INVALID, 0, "nothing can be changed through this server");
    if ((rc = site->act(site->ctx, &a, c->a, &doc, err)) != SM_OK)
        return rc;
    give(c, doc == NULL ? sm_json_object(c->a) : doc);
    return SM_OK;
}

sm_code sm_http__reload(sm_call *c, sm_error *err)
{
    return act(c, "reload", NULL, err);
}

sm_code sm_http__replay(sm_call *c, sm_error *err)
{
    return act(c, "quarantine_replay", "table", err);
}

/* What is gone is gone: that all is meant is said, not left out. */
sm_code sm_http__discard(sm_call *c, sm_error *err)
{
    bool all = sm_json_get_bool(c->body, "all", false);
    bool some = text_of(c, "rule").len > 0 || text_of(c, "row").len > 0;

    if (all && some)
        return sm_fail(err, SM_E_INVALID, 0, "\"all\" goes without \"rule\" and \"row\"");
    if (!all && !some)
        return sm_fail(err, SM_E_INVALID, 0, "say which rows: \"rule\", \"row\", or \"all\": true");
    return act(c, "quarantine_discard", "table", err);
}

sm_code sm_http__reset(sm_call *c, sm_error *err)
{
    return act(c, "checkpoint_reset", "flow", err);
}

/* ---- rows -------------------------------------------------------------------------------- */

static sm_code read_rows(sm_call *c, const char *name, const char *subject, sm_json *options,
                         sm_error *err)
{
    const sm_site *site = c->server->site;
    sm_site_act what = act_of(c, name, subject);
    sm_json *doc = NULL;
    sm_code rc;

    what.options = options;
    if (site->read == NULL)
        return sm_fail(err, SM_E_INVALID, 0, "this server shows no rows");
    if ((rc = site->read(site->ctx, &what, c->a, &doc, err)) == SM_OK)
        give(c, doc);
    return rc;
}

sm_code sm_http__preview(sm_call *c, sm_error *err)
{
    sm_json *options = sm_json_object(c->a);

    sm_json_set_int(options, "limit", sm_call__query_int(c, "limit", 50));
    return read_rows(c, "preview", "dataset", options, err);
}

/* Counts, by table and rule. */
sm_code sm_http__quarantines(sm_call *c, sm_error *err)
{
    return read_rows(c, "quarantines", NULL, sm_json_object(c->a), err);
}

sm_code sm_http__quarantine(sm_call *c, sm_error *err)
{
    sm_json *options = sm_json_object(c->a);

    sm_json_set_string(options, "rule", sm_call__query(c, "rule"));
    sm_json_set_string(options, "row", sm_call__query(c, "row"));
    sm_json_set_int(options, "limit", sm_call__query_int(c, "limit", 50));
    return read_rows(c, "quarantine", "table", options, err);
}
