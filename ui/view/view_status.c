/* SPDX-License-Identifier: Apache-2.0 */
/* view_status.c -- how each table stands now: the worst of its flows, and when it last changed.
 *
 * An idle flow says nothing of its rows, so what was written is taken from its last batch. */
#include "runtime/store/store_schedule.h"
#include "ui/view/view_int.h"

enum { BATCHES = 8 }; /* that are looked through for the last one with rows */

typedef struct status {
    const sm_view *v;
    sm_table_rec *tables;
    size_t n_tables;
    sm_run_flow_rec *flows;
    size_t n_flows;
} status;

static sm_code load(status *s, sm_error *err)
{
    const sm_view *v = s->v;
    sm_code rc;

    if (!sm_view__has_run(v))
        return SM_OK;
    rc = sm_store_tables(v->store, v->pipeline, v->a, &s->tables, &s->n_tables, err);
    if (rc == SM_OK)
        rc = sm_store_flow_states(v->store, v->pipeline, v->a, &s->flows, &s->n_flows, err);
    return rc;
}

static const sm_table_rec *table_of(const status *s, sm_sv name)
{
    for (size_t i = 0; i < s->n_tables; i++)
        if (sm_sql_same_name(s->tables[i].name, name))
            return &s->tables[i];
    return NULL;
}

static const sm_run_flow_rec *flow_of(const status *s, sm_sv name)
{
    for (size_t i = 0; i < s->n_flows; i++)
        if (sm_sql_same_name(s->flows[i].flow, name))
            return &s->flows[i];
    return NULL;
}

/* The worse of two states stands for a table with several flows. */
static int badness(sm_run_flow_state state)
{
    switch (state) {
    case SM_RUN_FLOW_FAILED:
        return 8;
    case SM_RUN_FLOW_HELD:
        return 7;
    case SM_RUN_FLOW_SKIPPED:
        return 6;
    case SM_RUN_FLOW_STOPPED:
        return 5;
    case SM_RUN_FLOW_RUNNING:
        return 4;
    case SM_RUN_FLOW_WAITING:
        return 3;
    case SM_RUN_FLOW_WARNINGS:
        return 2;
    case SM_RUN_FLOW_SUCCEEDED:
    case SM_RUN_FLOW_IDLE:
        return 1;
    case SM_RUN_FLOW_EXCLUDED:
        return 0;
    }
    return 0;
}

/* Did the batch take rows in, or give some?  One that only follows the watermark may do neither. */
static bool had_rows(const sm_view *v, const sm_batch_rec *b)
{
    sm_json *counters = NULL;
    sm_error ignored;

    return sm_json_parse(b->counters, v->a, &counters, &ignored) == SM_OK &&
           sm_json_get_int(counters, "read", 0) + sm_json_get_int(counters, "written", 0) > 0;
}

/* The newest batch that had rows; the newest when none of the newest few had. */
static sm_code last_batch(const sm_view *v, sm_sv flow, sm_json *out, sm_view__age *age,
                          sm_error *err)
{
    sm_batch_rec *b;
    size_t n, i = 0;
    sm_code rc = sm_store_batches(v->store, v->pipeline, flow, 0, 0, BATCHES, v->a, &b, &n, err);

    if (rc != SM_OK || n == 0)
        return rc;
    while (i < n && !had_rows(v, &b[i]))
        i++;
    sm_json_set(out, "last_batch", sm_view__batch(v, &b[i < n ? i : 0]));
    if (b[0].decided_ms > age->written_ms)
        age->written_ms = b[0].decided_ms;
    sm_view__add_waiting(v, &b[0], age);
    return SM_OK;
}

/* The newest event time that the flow has met, where somebody asks how old the table may be. */
static sm_code newest_event(const sm_view *v, const sm_plan_dataset *ds, const sm_plan_flow *f,
                            sm_view__age *age, sm_error *err)
{
    sm_position pos;
    sm_code rc;
    int64_t ms;

    if ((ds->warn_after_us == 0 && ds->error_after_us == 0) || f->n_stages == 0)
        return SM_OK;
    if ((rc = sm_store_position(v->store, v->pipeline, f->name, v->a, &pos, err)) != SM_OK ||
        !pos.has_last)
        return rc;
    ms = sm_view__newest_event(v, &pos.last);
    age->event_ms = ms > age->event_ms ? ms : age->event_ms;
    return SM_OK;
}

static sm_code table_flows(const status *s, const sm_plan_dataset *ds, sm_json *o, sm_error *err)
{
    sm_json *list = sm_json_array(s->v->a);
    const sm_run_flow_rec *worst = NULL;
    sm_view__age age = { .waiting = -1 };
    sm_code rc = SM_OK;

    for (size_t i = 0; rc == SM_OK && i < ds->n_flows; i++) {
        const sm_run_flow_rec *f = flow_of(s, s->v->plan->flows[ds->flow + i].name);
        sm_json *row;

        if (f == NULL)
            continue;
        row = sm_view__run_flow(s->v, f);
        rc = last_batch(s->v, f->flow, row, &age, err);
        if (rc == SM_OK)
            rc = newest_event(s->v, ds, &s->v->plan->flows[ds->flow + i], &age, err);
        sm_json_append(list, row);
        if (worst == NULL || badness(f->state) > badness(worst->state))
            worst = f;
    }
    sm_json_set_string(
        o, "state", worst == NULL ? SM_SV("never_run") : sm_view__flow_state(s->v, worst->state));
    if (worst != NULL) {
        sm_view__set_text(o, "reason", worst->reason);
        sm_view__set_text(o, "error", worst->error);
    }
    sm_view__set_time(s->v, o, "written", age.written_ms);
    sm_view__add_freshness(s->v, ds, &age, o);
    sm_json_set(o, "flows", list);
    return rc;
}

static void add_quarantine(const status *s, const sm_plan_dataset *ds, sm_json *o)
{
    const sm_plan_dataset *side = sm_plan_quarantine_of(s->v->plan, ds);
    const sm_table_rec *t = side == NULL ? NULL : table_of(s, side->name);
    sm_json *q;

    if (t == NULL || t->version < 0)
        return;
    q = sm_json_object(s->v->a);
    sm_json_set_string(q, "name", side->name);
    sm_json_set_int(q, "version", t->version);
    sm_json_set(o, "quarantine", q);
}

static sm_code add_tables(const status *s, sm_json *doc, sm_error *err)
{
    const sm_plan *p = s->v->plan;
    sm_json *list = sm_json_array(s->v->a);
    sm_code rc = SM_OK;

    for (size_t i = 0; rc == SM_OK && i < p->n_datasets; i++) {
        const sm_plan_dataset *ds = &p->datasets[p->order[i]];
        const sm_table_rec *t = table_of(s, ds->name);
        sm_json *o = sm_json_object(s->v->a);

        if (!sm_dataset_is_table(ds) && ds->kind != SM_DATASET_SINK)
            continue;
        sm_json_set_string(o, "name", ds->name);
        sm_json_set_string(o, "kind", sm_sv_cstr(sm_dataset_kind_name(ds->kind)));
        sm_view__set_text(o, "layer", ds->layer);
        if (t != NULL && t->version >= 0)
            sm_json_set_int(o, "version", t->version);
        add_quarantine(s, ds, o);
        rc = table_flows(s, ds, o, err);
        sm_json_append(list, o);
    }
    sm_json_set(doc, "tables", list);
    return rc;
}

static void add_inactive(const status *s, sm_json *doc)
{
    sm_json *list = sm_json_array(s->v->a);

    for (size_t i = 0; i < s->n_tables; i++) {
        sm_json *o = sm_json_object(s->v->a);

        if (s->tables[i].active || s->tables[i].path.len == 0)
            continue;
        sm_json_set_string(o, "name", s->tables[i].name);
        sm_json_set_string(o, "path", s->tables[i].path);
        sm_json_append(list, o);
    }
    sm_json_set(doc, "inactive", list);
}

static sm_code add_runs(const sm_view *v, sm_json *doc, sm_error *err)
{
    sm_batch_rec *open;
    sm_run_rec *runs;
    size_t n;
    sm_code rc;

    if (!sm_view__has_run(v))
        return SM_OK;
    if ((rc = sm_store_runs(v->store, v->pipeline, 0, 1, v->a, &runs, &n, err)) != SM_OK)
        return rc;
    if (n > 0)
        sm_json_set(doc, "run", sm_view__run(v, &runs[0]));
    rc = sm_store_open_batches(v->store, v->pipeline, v->a, &open, &n, err);
    if (rc == SM_OK)
        sm_json_set_int(doc, "open_batches", (int64_t)n);
    return rc;
}

static sm_code add_pause(const sm_view *v, sm_json *doc, sm_error *err)
{
    sm_schedule_rec rec = { 0 };
    sm_code rc = SM_OK;
    sm_json *o;

    if (v->paused)
        sm_json_set_bool(doc, "paused_by_file", true);
    if (v->store == NULL)
        return SM_OK;
    rc = sm_store_schedule(v->store, v->plan->pipeline, v->a, &rec, err);
    if (rc != SM_OK || !rec.paused)
        return rc;
    o = sm_json_object(v->a);
    sm_json_set_string(o, "by", rec.paused_by);
    sm_view__set_time(v, o, "since", rec.changed_ms);
    sm_json_set(doc, "paused", o);
    return SM_OK;
}

sm_code sm_view_status(const sm_view *v, sm_json **out, sm_error *err)
{
    status s = { .v = v };
    sm_json *doc = sm_view__document(v);
    sm_code rc;

    if ((rc = load(&s, err)) != SM_OK || (rc = add_runs(v, doc, err)) != SM_OK ||
        (rc = add_pause(v, doc, err)) != SM_OK || (rc = add_tables(&s, doc, err)) != SM_OK)
        return rc;
    add_inactive(&s, doc);
    *out = doc;
    return SM_OK;
}

/* ---- states in selections ------------------------------------------------------------ */

static const sm_json *row_named(const sm_json *list, const char *key, sm_sv name)
{
    for (size_t i = 0; i < sm_json_len(list); i++)
        if (sm_sv_eq(sm_json_get_sv(sm_json_at(list, i), key, SM_SV("")), name))
            return sm_json_at(list, i);
    return NULL;
}

static void load_states(sm_view_states *s)
{
    sm_json *doc;
    sm_error ignored;

    s->plan = s->since;
    if (s->since == NULL && sm_view_plan(s->view, "", &doc, &ignored) == SM_OK)
        s->plan = doc;
    if (sm_view_status(s->view, &doc, &ignored) == SM_OK)
        s->status = doc;
    s->loaded = true;
}

bool sm_view_state_is(void *ctx, const sm_plan_dataset *ds, sm_sv state)
{
    sm_view_states *s = ctx;
    sm_sv change, now;

    if (!s->loaded)
        load_states(s);
    change = sm_json_get_sv(row_named(sm_json_get(s->plan, "changes"), "table", ds->name), "change",
                            SM_SV(""));
    now = sm_json_get_sv(row_named(sm_json_get(s->status, "tables"), "name", ds->name), "state",
                         SM_SV(""));
    if (sm_sv_eq_str(state, "failed"))
        return sm_sv_eq_str(now, "failed") || sm_sv_eq_str(now, "interrupted");
    if (sm_sv_eq_str(state, "stale"))
        return sm_sv_eq_str(now, "skipped") || sm_sv_eq_str(now, "stopped");
    if (sm_sv_eq_str(state, "new"))
        return sm_sv_eq_str(change, "new");
    return sm_sv_eq_str(change, "forward") || sm_sv_eq_str(change, "recompute") ||
           sm_sv_eq_str(change, "rebuild") || sm_sv_eq_str(change, "modified");
}
