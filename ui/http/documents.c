/* SPDX-License-Identifier: Apache-2.0 */
/* documents.c -- the routes that show: each is a document of ui/view. */
#include <stdlib.h>

#include "runtime/base/clock.h"
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
                               .trigger = about.trigger,
                               .interval_ms = about.interval_ms,
                               .continuous = about.continuous,
                               .loaded_ms = about.loaded_ms,
                               .price_per_cpu_hour = about.price_per_cpu_hour };
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

static sm_code find_dataset(const sm_call *c, const sm_plan_dataset **out, sm_error *err)
{
    sm_sv name = sm_call__value(c, "dataset");

    *out = sm_plan_find(c->view.plan, name);
    return *out != NULL
               ? SM_OK
               : sm_fail(err, SM_E_NOT_FOUND, 0, "there is no dataset \"%.*s\"", SM_SV_ARG(name));
}

/* Who reads it, and what it reads. */
static void add_neighbours(sm_call *c, const sm_plan_dataset *ds, sm_json *doc)
{
    const sm_plan *p = c->view.plan;
    sm_json *down = sm_json_array(c->a);
    size_t me = sm_plan_index(p, ds);

    for (size_t i = 0; i < p->n_datasets; i++)
        for (size_t k = 0; k < p->datasets[i].n_reads; k++)
            if (p->datasets[i].reads[k] == me)
                sm_json_append_string(down, p->datasets[i].name);
    sm_json_set(doc, "upstream", sm_json_copy(c->a, sm_json_get(doc, "reads")));
    sm_json_set(doc, "downstream", down);
}

/* How it stands, from the document of all tables. */
static sm_code add_standing(sm_call *c, const sm_plan_dataset *ds, sm_json *doc, sm_error *err)
{
    static const char *const keys[] = { "state",   "reason",  "error",
                                        "written", "version", "quarantine" };
    sm_json *status;
    const sm_json *tables;
    sm_code rc = sm_view_status(&c->view, &status, err);

    if (rc != SM_OK)
        return rc;
    tables = sm_json_get(status, "tables");
    for (size_t i = 0; i < sm_json_len(tables); i++) {
        const sm_json *t = sm_json_at(tables, i);

        if (!sm_sv_eq(sm_json_get_sv(t, "name", SM_SV("")), ds->name))
            continue;
        for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++)
            if (sm_json_get(t, keys[k]) != NULL)
                sm_json_set(doc, keys[k], sm_json_get(t, keys[k]));
    }
    return SM_OK;
}

sm_code sm_http__dataset(sm_call *c, sm_error *err)
{
    const sm_plan_dataset *ds;
    sm_json *doc;
    sm_code rc = find_dataset(c, &ds, err);

    if (rc != SM_OK)
        return rc;
    doc = sm_view_dataset(&c->view, ds);
    add_neighbours(c, ds, doc);
    return give(c, add_standing(c, ds, doc, err), doc);
}

sm_code sm_http__history(sm_call *c, sm_error *err)
{
    const sm_plan_dataset *ds;
    sm_json *doc = NULL;
    sm_code rc = find_dataset(c, &ds, err);

    if (rc == SM_OK)
        rc = sm_view_history(&c->view, ds, (size_t)sm_call__query_int(c, "limit", 50), &doc, err);
    return give(c, rc, doc);
}

sm_code sm_http__why(sm_call *c, sm_error *err)
{
    const sm_plan_dataset *ds;
    sm_json *doc = NULL;
    sm_code rc = find_dataset(c, &ds, err);

    if (rc == SM_OK && !sm_dataset_is_table(ds))
        rc = sm_fail(err, SM_E_INVALID, 0, "\"%.*s\" is no table: why is asked of those",
                     SM_SV_ARG(ds->name));
    if (rc == SM_OK)
        rc = sm_view_why(&c->view, ds, &doc, err);
    return give(c, rc, doc);
}

sm_code sm_http__watermarks(sm_call *c, sm_error *err)
{
    bool advises = sm_sv_eq_str(sm_call__query(c, "suggest"), "true");
    sm_json *doc = NULL;
    sm_code rc = sm_view_watermarks(&c->view, sm_call__query(c, "name"), advises, &doc, err);

    return give(c, rc, doc);
}

/* ---- over time ---------------------------------------------------------------------------- */

sm_code sm_http__grid(sm_call *c, sm_error *err)
{
    sm_json *doc = NULL;
    sm_code rc = sm_view_grid(&c->view, (size_t)sm_call__query_int(c, "runs", 50), &doc, err);

    return give(c, rc, doc);
}

sm_code sm_http__quality(sm_call *c, sm_error *err)
{
    sm_json *doc = NULL;
    sm_code rc = sm_view_quality(&c->view, (size_t)sm_call__query_int(c, "runs", 30), &doc, err);

    return give(c, rc, doc);
}

sm_code sm_http__streaming(sm_call *c, sm_error *err)
{
    int64_t since = sm_clock_now_ms() - 1000 * sm_call__query_int(c, "since", 3600);
    sm_view_deployed d;
    sm_json *doc = NULL;
    sm_code rc = sm_call__deployed(c, c->view.plan->pipeline, &d, err);

    if (rc == SM_OK)
        rc = sm_view_streaming(&c->view, &d, since, &doc, err);
    return give(c, rc, doc);
}

/* ---- the whole system --------------------------------------------------------------------- */

typedef struct told {
    sm_sv time;
    const sm_json *event;
} told;

static int by_time(const void *x, const void *y)
{
    return sm_sv_cmp(((const told *)x)->time, ((const told *)y)->time);
}

static sm_code collect_events(sm_call *c, sm_sv pipeline, sm_json *all, sm_error *err)
{
    const sm_site *site = c->server->site;
    const sm_json *list;
    void *hold = NULL;
    sm_code rc = site->open(site->ctx, pipeline, c->a, &c->view, &hold, err);

    if (rc != SM_OK)
        return rc;
    if ((rc = events(c, 0, err)) == SM_OK) {
        list = sm_json_get(c->answer.doc, "events");
        for (size_t i = 0; i < sm_json_len(list); i++) {
            sm_json *e = sm_json_copy(c->a, sm_json_at(list, i));

            sm_json_set_string(e, "pipeline", pipeline);
            sm_json_append(all, e);
        }
    }
    site->close(site->ctx, hold);
    return rc;
}

/* Of all pipelines, by time; ids of different stores do not compare. */
sm_code sm_http__all_events(sm_call *c, sm_error *err)
{
    const sm_site *site = c->server->site;
    sm_sv only = sm_call__query(c, "pipeline"), *names;
    sm_json *doc = sm_json_object(c->a), *all = sm_json_array(c->a), *list = sm_json_array(c->a);
    size_t n, limit = (size_t)sm_call__query_int(c, "limit", 100), from;
    told *order;
    sm_code rc = site->names(site->ctx, c->a, &names, &n, err);

    for (size_t i = 0; rc == SM_OK && i < n; i++)
        if (only.len == 0 || sm_sv_eq(only, names[i]))
            rc = collect_events(c, names[i], all, err);
    if (rc != SM_OK)
        return rc;
    n = sm_json_len(all);
    order = SM_NEW_N(c->a, told, n + 1);
    for (size_t i = 0; i < n; i++)
        order[i] =
            (told){ sm_json_get_sv(sm_json_at(all, i), "time", SM_SV("")), sm_json_at(all, i) };
    qsort(order, n, sizeof *order, by_time);
    from = n > limit ? n - limit : 0;
    for (size_t i = from; i < n; i++)
        sm_json_append(list, order[i].event);
    sm_json_set(doc, "events", list);
    return give(c, SM_OK, doc);
}

sm_code sm_http__settings(sm_call *c, sm_error *err)
{
    const sm_http_config *config = &c->server->config;
    sm_json *doc = sm_json_object(c->a);

    (void)err;
    sm_json_set_string(doc, "listen", config->listen);
    sm_json_set_string(doc, "auth", config->auth_none ? SM_SV("none") : SM_SV("token"));
    sm_json_set_bool(doc, "tls", c->server->tls);
    sm_json_set_bool(doc, "public_read", config->public_read);
    sm_json_set_bool(doc, "public_metrics", config->public_metrics);
    sm_json_set_bool(doc, "allow_preview", config->allow_preview);
    sm_json_set_string(doc, "base_path", c->base.len > 0 ? c->base : SM_SV("/"));
    sm_json_set_string(doc, "version", config->version);
    return give(c, SM_OK, doc);
}
