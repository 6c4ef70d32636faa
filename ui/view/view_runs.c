/* SPDX-License-Identifier: Apache-2.0 */
/* view_runs.c -- runs, one run, and events. */
#include "runtime/base/clock.h"
#include "runtime/events/phase.h"
#include "ui/view/view_int.h"

sm_code sm_view_runs(const sm_view *v, int64_t before, size_t limit, sm_json **out, sm_error *err)
{
    sm_json *doc = sm_view__document(v), *list = sm_json_array(v->a);
    sm_run_rec *runs = NULL;
    size_t n = 0;
    sm_code rc = SM_OK;

    if (sm_view__has_run(v))
        rc = sm_store_runs(v->store, v->pipeline, before, limit, v->a, &runs, &n, err);
    for (size_t i = 0; i < n; i++)
        sm_json_append(list, sm_view__run(v, &runs[i]));
    sm_json_set(doc, "runs", list);
    *out = doc;
    return rc;
}

sm_code sm_view__runs_at_work(const sm_view *v, size_t limit, sm_run_rec **out, size_t *n,
                              sm_error *err)
{
    sm_run_rec *list, *newest;
    size_t any, worked;
    sm_code rc;

    *n = 0;
    if (!sm_view__has_run(v))
        return SM_OK;
    if ((rc = sm_store_runs(v->store, v->pipeline, 0, 1, v->a, &newest, &any, err)) != SM_OK ||
        (rc = sm_store_runs_at_work(v->store, v->pipeline, limit, v->a, &list, &worked, err)) !=
            SM_OK)
        return rc;
    *out = SM_NEW_N(v->a, sm_run_rec, worked + 1);
    if (any > 0 && (worked == 0 || list[0].id != newest[0].id))
        (*out)[(*n)++] = newest[0];
    for (size_t i = 0; i < worked; i++)
        (*out)[(*n)++] = list[i];
    return SM_OK;
}

static sm_code find_run(const sm_view *v, int64_t number, sm_run_rec *out, sm_error *err)
{
    if (!sm_view__has_run(v))
        return sm_fail(err, SM_E_NOT_FOUND, 0, "pipeline \"%.*s\" never ran here",
                       SM_SV_ARG(v->plan->pipeline));
    return sm_store_run(v->store, v->pipeline, number, v->a, out, err);
}

sm_code sm_view_run_id(const sm_view *v, int64_t number, int64_t *id, sm_error *err)
{
    sm_run_rec r;
    sm_code rc = find_run(v, number, &r, err);

    *id = rc == SM_OK ? r.id : 0;
    return rc;
}

/* Of the whole run: those of its flows, which may have worked at the same time, added up. */
static void add_phases(const sm_view *v, sm_json *run, const sm_json *flows)
{
    sm_json *sum = sm_json_object(v->a);
    int64_t cpu_us = 0;

    for (size_t i = 0; i < sm_json_len(flows); i++) {
        const sm_json *f = sm_json_at(flows, i), *phases = sm_json_get(f, "phases_us");

        cpu_us += sm_json_get_int(f, "cpu_us", 0);
        for (int k = 0; phases != NULL && k < SM_PHASES; k++) {
            const char *name = sm_phase_name((sm_phase)k);

            sm_json_set_int(sum, name,
                            sm_json_get_int(sum, name, 0) + sm_json_get_int(phases, name, 0));
        }
    }
    if (sm_json_len(sum) > 0)
        sm_json_set(run, "phases_us", sum);
    if (cpu_us > 0)
        sm_json_set_int(run, "cpu_us", cpu_us);
}

sm_code sm_view_run(const sm_view *v, int64_t number, sm_json **out, sm_error *err)
{
    sm_json *doc, *list = sm_json_array(v->a);
    sm_run_flow_rec *flows;
    sm_run_rec r;
    size_t n;
    sm_code rc;

    if ((rc = find_run(v, number, &r, err)) != SM_OK ||
        (rc = sm_store_run_flows(v->store, r.id, v->a, &flows, &n, err)) != SM_OK)
        return rc;
    for (size_t i = 0; i < n; i++)
        sm_json_append(list, sm_view__run_flow(v, &flows[i]));
    doc = sm_view__run(v, &r);
    sm_json_set_string(doc, "pipeline", v->plan->pipeline);
    add_phases(v, doc, list);
    sm_json_set(doc, "flows", list);
    *out = doc;
    return SM_OK;
}

/* ---- events ---------------------------------------------------------------------- */

sm_json *sm_view_event(const sm_view *v, const sm_event_rec *e)
{
    sm_json *o = sm_json_object(v->a);

    sm_json_set_int(o, "id", e->id);
    sm_view__set_time(v, o, "time", e->time_ms);
    sm_json_set_string(o, "level", sm_sv_cstr(sm_event_level_name(e->level)));
    sm_json_set_string(o, "type", e->type);
    if (e->seq != 0)
        sm_json_set_int(o, "seq", e->seq);
    sm_view__set_text(o, "table", e->dataset);
    sm_view__set_text(o, "flow", e->flow);
    if (e->batch >= 0)
        sm_json_set_int(o, "batch", e->batch);
    sm_json_set_string(o, "message", e->message);
    sm_view__set_json(v, o, "details", e->details);
    return o;
}

sm_code sm_view_events(const sm_view *v, const sm_event_filter *filter, int64_t run, sm_json **out,
                       sm_error *err)
{
    sm_json *doc = sm_view__document(v), *list = sm_json_array(v->a);
    sm_event_filter f = *filter;
    sm_event_rec *events = NULL;
    size_t n = 0;
    sm_code rc = SM_OK;

    f.pipeline = v->pipeline;
    if (run != 0 && (rc = sm_view_run_id(v, run, &f.run, err)) != SM_OK)
        return rc;
    if (sm_view__has_run(v))
        rc = sm_store_events_list(v->store, &f, v->a, &events, &n, err);
    for (size_t i = 0; i < n; i++)
        sm_json_append(list, sm_view_event(v, &events[i]));
    sm_json_set(doc, "events", list);
    sm_json_set_int(doc, "last", n > 0 ? events[n - 1].id : f.after_id);
    *out = doc;
    return rc;
}
