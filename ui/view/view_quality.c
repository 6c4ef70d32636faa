/* SPDX-License-Identifier: Apache-2.0 */
/* view_quality.c -- runs over tables: states as a grid, expectations over time. */
#include "ui/view/view_int.h"

typedef struct look { /* the newest runs at work with what their flows did */
    const sm_view *v;
    sm_run_rec *runs;
    sm_run_flow_rec **flows; /* by run */
    size_t n, *n_flows;
} look;

static sm_code load(const sm_view *v, size_t limit, look *l, sm_error *err)
{
    sm_code rc = SM_OK;

    *l = (look){ .v = v };
    if (!sm_view__has_run(v))
        return SM_OK;
    rc = sm_view__runs_at_work(v, limit, &l->runs, &l->n, err);
    l->flows = SM_NEW_N(v->a, sm_run_flow_rec *, l->n + 1);
    l->n_flows = SM_NEW_N(v->a, size_t, l->n + 1);
    for (size_t i = 0; rc == SM_OK && i < l->n; i++)
        rc = sm_store_run_flows(v->store, l->runs[i].id, v->a, &l->flows[i], &l->n_flows[i], err);
    return rc;
}

/* ---- the grid -------------------------------------------------------------------------- */

static int badness(sm_run_flow_state state)
{
    static const int by_state[] = {
        [SM_RUN_FLOW_EXCLUDED] = 0, [SM_RUN_FLOW_IDLE] = 1,    [SM_RUN_FLOW_SUCCEEDED] = 2,
        [SM_RUN_FLOW_WARNINGS] = 3, [SM_RUN_FLOW_WAITING] = 4, [SM_RUN_FLOW_RUNNING] = 5,
        [SM_RUN_FLOW_STOPPED] = 6,  [SM_RUN_FLOW_SKIPPED] = 7, [SM_RUN_FLOW_HELD] = 8,
        [SM_RUN_FLOW_FAILED] = 9,
    };

    return by_state[state];
}

/* The worst of the flows of a table in a run; null when it took no part. */
static sm_json *cell_of(const look *l, size_t run, sm_sv table)
{
    const sm_run_flow_rec *worst = NULL;
    bool ended = l->runs[run].ended_ms != 0;

    for (size_t i = 0; i < l->n_flows[run]; i++) {
        const sm_run_flow_rec *f = &l->flows[run][i];

        if (sm_sql_same_name(f->dataset, table) &&
            (worst == NULL || badness(f->state) > badness(worst->state)))
            worst = f;
    }
    if (worst == NULL)
        return NULL;
    if (ended) /* a flow that never got its turn in a run that is over */
        return sm_json_string(l->v->a, sm_sv_cstr(sm_run_flow_state_name(worst->state)));
    return sm_json_string(l->v->a, sm_view__flow_state(l->v, worst->state));
}

sm_code sm_view_grid(const sm_view *v, size_t limit, sm_json **out, sm_error *err)
{
    sm_json *doc = sm_view__document(v), *runs = sm_json_array(v->a), *tables = sm_json_array(v->a);
    look l;
    sm_code rc = load(v, limit, &l, err);

    for (size_t i = 0; rc == SM_OK && i < l.n; i++)
        sm_json_append(runs, sm_view__run(v, &l.runs[i]));
    for (size_t i = 0; rc == SM_OK && i < v->plan->n_datasets; i++) {
        const sm_plan_dataset *ds = &v->plan->datasets[v->plan->order[i]];
        sm_json *o = sm_json_object(v->a), *cells = sm_json_array(v->a);

        if (!sm_dataset_is_table(ds))
            continue;
        for (size_t k = 0; k < l.n; k++)
            sm_json_append(cells, cell_of(&l, k, ds->name));
        sm_json_set_string(o, "name", ds->name);
        sm_view__set_text(o, "layer", ds->layer);
        sm_json_set(o, "cells", cells);
        sm_json_append(tables, o);
    }
    sm_json_set(doc, "runs", runs);
    sm_json_set(doc, "tables", tables);
    *out = doc;
    return rc;
}

/* ---- expectations over time ------------------------------------------------------------ */

typedef struct counts {
    int64_t passed, failed;
    bool any;
} counts;

static void add_counts(const look *l, const sm_run_flow_rec *f, sm_sv rule, counts *c)
{
    sm_json *list = NULL;
    sm_error ignored;

    if (f->expectations.len == 0 ||
        sm_json_parse(f->expectations, l->v->a, &list, &ignored) != SM_OK)
        return;
    for (size_t i = 0; i < sm_json_len(list); i++) {
        const sm_json *e = sm_json_at(list, i);

        if (!sm_sv_eq(sm_json_get_sv(e, "name", SM_SV("")), rule))
            continue;
        c->any = true;
        c->passed += sm_json_get_int(e, "passed", 0);
        c->failed += sm_json_get_int(e, "failed", 0);
    }
}

static counts counts_in(const look *l, size_t run, sm_sv table, sm_sv rule)
{
    counts c = { .any = false };

    for (size_t i = 0; i < l->n_flows[run]; i++)
        if (sm_sql_same_name(l->flows[run][i].dataset, table))
            add_counts(l, &l->flows[run][i], rule, &c);
    return c;
}

static sm_json *counts_json(const look *l, const counts *c)
{
    sm_json *o;

    if (!c->any || c->passed + c->failed == 0)
        return NULL;
    o = sm_json_object(l->v->a);
    sm_json_set_int(o, "passed", c->passed);
    sm_json_set_int(o, "failed", c->failed);
    return o;
}

/* The newest run that judged any row says the numbers; the history runs from old to new. */
static void add_history(const look *l, sm_sv table, sm_sv rule, sm_json *o)
{
    sm_json *history = sm_json_array(l->v->a);
    bool told = false;

    for (size_t i = l->n; i > 0; i--) {
        counts c = counts_in(l, i - 1, table, rule);

        sm_json_append(history, counts_json(l, &c));
    }
    for (size_t i = 0; i < l->n && !told; i++) {
        counts c = counts_in(l, i, table, rule);

        told = c.any && c.passed + c.failed > 0;
        if (!told)
            continue;
        sm_json_set_int(o, "passed", c.passed);
        sm_json_set_int(o, "failed", c.failed);
        sm_json_set_int(o, "run", l->runs[i].number);
    }
    sm_json_set(o, "history", history);
}

static sm_json *rule_row(const look *l, const sm_plan_dataset *ds, sm_sv name, sm_sv text,
                         sm_sv policy, sm_sv fail_if, sm_sv warn_if)
{
    sm_json *o = sm_json_object(l->v->a);

    sm_json_set_string(o, "name", name);
    sm_json_set_string(o, "expect", text);
    sm_json_set_string(o, "on_violation", policy);
    sm_view__set_text(o, "fail_if", fail_if);
    sm_view__set_text(o, "warn_if", warn_if);
    sm_view__set_text(o, "threshold", fail_if.len > 0 ? fail_if : warn_if);
    add_history(l, ds->name, name, o);
    return o;
}

/* Rows that were set aside in the runs looked at, and when the first of them was. */
static void add_quarantined(const look *l, const sm_plan_dataset *ds, sm_json *o)
{
    sm_json *q = sm_json_object(l->v->a), *counters = NULL;
    int64_t rows = 0, oldest = 0;
    sm_error ignored;

    for (size_t k = l->n; k > 0; k--)
        for (size_t i = 0; i < l->n_flows[k - 1]; i++) {
            const sm_run_flow_rec *f = &l->flows[k - 1][i];
            int64_t n;

            if (!sm_sql_same_name(f->dataset, ds->name) || f->counters.len == 0 ||
                sm_json_parse(f->counters, l->v->a, &counters, &ignored) != SM_OK)
                continue;
            n = sm_json_get_int(counters, "quarantined", 0) +
                sm_json_get_int(counters, "undecodable_kept", 0);
            rows += n;
            if (n > 0 && oldest == 0)
                oldest = f->started_ms;
        }
    if (rows == 0)
        return;
    sm_json_set_int(q, "rows", rows);
    sm_view__set_time(l->v, q, "oldest", oldest);
    sm_json_set(o, "quarantine", q);
}

static sm_json *table_row(const look *l, const sm_plan_dataset *ds)
{
    sm_json *o = sm_json_object(l->v->a), *rules = sm_json_array(l->v->a);

    sm_json_set_string(o, "name", ds->name);
    sm_view__set_text(o, "layer", ds->layer);
    for (size_t i = 0; i < ds->n_rules; i++) {
        const sm_plan_rule *r = &ds->rules[i];

        sm_json_append(rules, rule_row(l, ds, r->name, r->text, r->policy, r->fail_if, r->warn_if));
    }
    for (size_t i = 0; i < ds->n_checks; i++) {
        const sm_plan_check *c = &ds->checks[i];

        sm_json_append(rules, rule_row(l, ds, c->name, c->text, c->policy, c->fail_if, c->warn_if));
    }
    sm_json_set(o, "expectations", rules);
    add_quarantined(l, ds, o);
    return o;
}

sm_code sm_view_quality(const sm_view *v, size_t limit, sm_json **out, sm_error *err)
{
    sm_json *doc = sm_view__document(v), *tables = sm_json_array(v->a), *runs = sm_json_array(v->a);
    look l;
    sm_code rc = load(v, limit, &l, err);

    for (size_t i = l.n; rc == SM_OK && i > 0; i--)
        sm_json_append(runs, sm_json_int(v->a, l.runs[i - 1].number));
    for (size_t i = 0; rc == SM_OK && i < v->plan->n_datasets; i++) {
        const sm_plan_dataset *ds = &v->plan->datasets[v->plan->order[i]];

        if (sm_dataset_is_table(ds))
            sm_json_append(tables, table_row(&l, ds));
    }
    sm_json_set(doc, "runs", runs);
    sm_json_set(doc, "tables", tables);
    *out = doc;
    return rc;
}
