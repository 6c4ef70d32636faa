/* SPDX-License-Identifier: Apache-2.0 */
/* documents.c -- the routes that show: each is a document of ui/view. */
#include "ui/http/http_int.h"

/* Hand over what a view made. */
static sm_code give(sm_call *c, sm_code rc, const sm_json *doc)
{
    if (rc == SM_OK)
        c->answer.doc = doc;
    return rc;
}

sm_code sm_http__healthz(sm_call *c, sm_error *err)
{
    (void)err;
    c->answer.body = SM_SV("ok\n");
    c->answer.type = "text/plain; charset=utf-8";
    c->answer.cache = "no-store";
    return SM_OK;
}

/* ---- overview and pipeline --------------------------------------------------------------- */

/* What the scheduler says of it; nothing when it does not know it. */
static sm_code add_schedule(sm_call *c, sm_sv pipeline, sm_view_deployed *out, sm_error *err)
{
    sm_schedule_state *states;
    size_t n;
    sm_code rc;

    if (c->server->site->scheduler == NULL)
        return SM_OK;
    rc = sm_scheduler_states(c->server->site->scheduler, c->a, &states, &n, err);
    for (size_t i = 0; rc == SM_OK && i < n; i++) {
        const sm_schedule_state *s = &states[i];

        if (!sm_sv_eq(s->pipeline, pipeline))
            continue;
        out->doing = sm_sv_cstr(s->doing);
        out->paused = s->paused;
        out->paused_by = s->paused_by;
        out->next_ms = s->next_due_ms;
        out->next_cause = s->next_cause;
        out->retry_ms = s->retry_at_ms;
        out->queued = (int64_t)s->queued;
    }
    return rc;
}

sm_code sm_call__deployed(sm_call *c, sm_sv pipeline, sm_view_deployed *out, sm_error *err)
{
    const sm_site *site = c->server->site;
    sm_site_about about;
    sm_code rc = site->about(site->ctx, pipeline, c->a, &about, err);

    if (rc != SM_OK)
        return rc;
    *out = (sm_view_deployed){ .file = about.file,
                               .commit = about.commit,
                               .target = about.target,
                               .reload_error = about.reload_error,
                               .loaded_ms = about.loaded_ms };
    return add_schedule(c, pipeline, out, err);
}

static sm_code add_pipeline(sm_call *c, sm_sv name, sm_json *rows, sm_error *err)
{
    const sm_site *site = c->server->site;
    sm_view_deployed d;
    void *hold = NULL;
    sm_json *row;
    sm_view v;
    sm_code rc;

    if ((rc = sm_call__deployed(c, name, &d, err)) != SM_OK ||
        (rc = site->open(site->ctx, name, c->a, &v, &hold, err)) != SM_OK)
        return rc;
    if ((rc = sm_view_deployment(&v, &d, &row, err)) == SM_OK)
        sm_json_append(rows, row);
    site->close(site->ctx, hold);
    return rc;
}

sm_code sm_http__overview(sm_call *c, sm_error *err)
{
    const sm_site *site = c->server->site;
    sm_json *rows = sm_json_array(c->a);
    sm_sv *names;
    size_t n;
    sm_code rc = site->names(site->ctx, c->a, &names, &n, err);

    for (size_t i = 0; rc == SM_OK && i < n; i++)
        rc = add_pipeline(c, names[i], rows, err);
    return rc != SM_OK ? rc : give(c, rc, sm_view_overview(rows, c->a));
}

sm_code sm_http__pipeline(sm_call *c, sm_error *err)
{
    sm_view_deployed d;
    sm_json *doc = NULL;
    sm_code rc = sm_call__deployed(c, c->view.plan->pipeline, &d, err);

    if (rc == SM_OK)
        rc = sm_view_pipeline(&c->view, &d, &doc, err);
    return give(c, rc, doc);
}

/* ---- what happened ----------------------------------------------------------------------- */

sm_code sm_http__status(sm_call *c, sm_error *err)
{
    sm_json *doc = NULL;
    sm_code rc = sm_view_status(&c->view, &doc, err);

    return give(c, rc, doc);
}

sm_code sm_http__runs(sm_call *c, sm_error *err)
{
    sm_json *doc = NULL;
    sm_code rc = sm_view_runs(&c->view, sm_call__query_int(c, "before", 0),
                              (size_t)sm_call__query_int(c, "limit", 50), &doc, err);

    return give(c, rc, doc);
}

static sm_code run_number(const sm_call *c, int64_t *out, sm_error *err)
{
    sm_sv text = sm_call__value(c, "run");

    if (sm_sv_to_int64(text, out) && *out > 0)
        return SM_OK;
    return sm_fail(err, SM_E_INVALID, 0, "a run is a number from 1 on, not \"%.*s\"",
                   SM_SV_ARG(text));
}

sm_code sm_http__run(sm_call *c, sm_error *err)
{
    sm_json *doc = NULL;
    int64_t number;
    sm_code rc = run_number(c, &number, err);

    if (rc == SM_OK)
        rc = sm_view_run(&c->view, number, &doc, err);
    return give(c, rc, doc);
}

static void hide_rows(sm_json *doc)
{
    sm_json *list = sm_json_get_mut(doc, "events");

    for (size_t i = 0; i < sm_json_len(list); i++)
        sm_event__hide_rows(sm_json_at_mut(list, i));
}

static sm_code events(sm_call *c, int64_t run, sm_error *err)
{
    sm_sv level = sm_call__query(c, "level");
    sm_event_filter f = { .least_level = SM_EVENT_INFO,
                          .after_id = sm_call__query_int(c, "after", -1),
                          .dataset = sm_call__query(c, "table"),
                          .limit = (size_t)sm_call__query_int(c, "limit", 100) };
    sm_json *doc = NULL;
    sm_code rc = SM_OK;

    f.newest = f.after_id < 0; /* with `after`, pages follow each other */
    f.after_id = f.newest ? 0 : f.after_id;
    if (level.len > 0)
        rc = sm_event_level_parse(level, &f.least_level, err);
    if (rc == SM_OK)
        rc = sm_view_events(&c->view, &f, run, &doc, err);
    if (rc == SM_OK && !sm_who__sees_rows(c->server, &c->who))
        hide_rows(doc);
    return give(c, rc, doc);
}

sm_code sm_http__events(sm_call *c, sm_error *err)
{
    return events(c, sm_call__query_int(c, "run", 0), err);
}

sm_code sm_http__run_events(sm_call *c, sm_error *err)
{
    int64_t number;
    sm_code rc = run_number(c, &number, err);

    return rc != SM_OK ? rc : events(c, number, err);
}

sm_code sm_http__checkpoints(sm_call *c, sm_error *err)
{
    sm_json *doc = NULL;
    sm_code rc = sm_view_checkpoints(&c->view, &doc, err);

    return give(c, rc, doc);
}

sm_code sm_http__checkpoint(sm_call *c, sm_error *err)
{
    sm_json *doc = NULL;
    sm_code rc = sm_view_checkpoint(&c->view, sm_call__value(c, "flow"), &doc, err);

    return give(c, rc, doc);
}

/* ---- what the files say ------------------------------------------------------------------ */

sm_code sm_http__plan(sm_call *c, sm_error *err)
{
    sm_json *doc = NULL;
    sm_code rc = sm_view_plan(&c->view, c->server->site->delivery, &doc, err);

    return give(c, rc, doc);
}

sm_code sm_http__dataset(sm_call *c, sm_error *err)
{
    sm_sv name = sm_call__value(c, "dataset");
    const sm_plan_dataset *ds = sm_plan_find(c->view.plan, name);
    sm_json *doc;

    if (ds == NULL)
        return sm_fail(err, SM_E_NOT_FOUND, 0, "there is no dataset \"%.*s\"", SM_SV_ARG(name));
    doc = sm_view_dataset(&c->view, ds);
    return give(c, SM_OK, doc);
}
