/* SPDX-License-Identifier: Apache-2.0 */
/* deploy_fresh.c -- tell, once, that a table has become late or stale, and that it is fresh again.
 */
#include <stdio.h>

#include "runtime/events/event_log.h"
#include "ui/cli/deploy_int.h"

/* What was told of a table last. */
struct sm_deploy_told {
    struct sm_deploy_told *next;
    sm_sv pipeline, table; /* live in the arena of the deployment */
    char state[8];
};

static sm_deploy_told *find(sm_deploy *d, sm_sv pipeline, sm_sv table)
{
    sm_deploy_told *t;

    for (t = d->told; t != NULL; t = t->next)
        if (sm_sv_eq(t->pipeline, pipeline) && sm_sv_eq(t->table, table))
            return t;
    sm_mutex_lock(&d->mu); /* of the arena */
    t = SM_NEW(d->a, sm_deploy_told);
    *t = (sm_deploy_told){ d->told, sm_arena_dup(d->a, pipeline), sm_arena_dup(d->a, table),
                           "fresh" };
    sm_mutex_unlock(&d->mu);
    d->told = t;
    return t;
}

static void tell(const sm_deploy *d, const sm_view *v, sm_sv table, const sm_json *freshness)
{
    sm_sv state = sm_json_get_sv(freshness, "state", SM_SV(""));
    bool fresh = sm_sv_eq_str(state, "fresh");
    sm_owner o = { .pipeline = v->pipeline };
    sm_event_rec e = sm_event_make(fresh ? SM_EVENT_fresh : SM_EVENT_stale, 0,
                                   sm_arena_printf(v->a, "%.*s is %.*s%s", SM_SV_ARG(table),
                                                   SM_SV_ARG(state), fresh ? " again" : ""));
    sm_pipeline_rec rec;
    sm_error ignored; /* the next look tells it */

    e.dataset = table;
    e.details = sm_json_text(freshness, v->a);
    if (sm_store_pipeline(v->store, v->plan->pipeline, v->a, &rec, &ignored) != SM_OK)
        return;
    o.epoch = rec.epoch;
    (void)sm_event_log_append((sm_event_log){ v->store, d->bus }, &o, &e, 1, &ignored);
}

static bool has_budget(const sm_plan *p)
{
    for (size_t i = 0; i < p->n_datasets; i++)
        if (p->datasets[i].warn_after_us > 0 || p->datasets[i].error_after_us > 0)
            return true;
    return false;
}

static void look(sm_deploy *d, const sm_deployed *x, sm_arena *a)
{
    sm_view v = sm_deploy_view(x, a);
    const sm_json *tables;
    sm_json *status;
    sm_error ignored; /* the next look may tell */

    if (!has_budget(v.plan) || sm_view_status(&v, &status, &ignored) != SM_OK)
        return;
    tables = sm_json_get(status, "tables");
    for (size_t i = 0; i < sm_json_len(tables); i++) {
        const sm_json *row = sm_json_at(tables, i), *f = sm_json_get(row, "freshness");
        sm_sv name = sm_json_get_sv(row, "name", SM_SV("")),
              state = sm_json_get_sv(f, "state", SM_SV("fresh"));
        sm_deploy_told *t = f == NULL ? NULL : find(d, v.plan->pipeline, name);

        if (t == NULL || sm_sv_eq_str(state, t->state))
            continue;
        tell(d, &v, name, f);
        snprintf(t->state, sizeof t->state, "%.*s", SM_SV_ARG(state));
    }
}

void sm_deploy_check_freshness(sm_deploy *d)
{
    sm_arena *a = sm_arena_new("freshness");
    sm_sv *names;
    size_t n;

    sm_deploy_names(d, a, &names, &n);
    for (size_t i = 0; i < n; i++) {
        sm_deployed *x = sm_deploy_hold(d, names[i]);

        if (x != NULL)
            look(d, x, a);
        sm_deploy_let(x);
    }
    sm_arena_free(a);
}
