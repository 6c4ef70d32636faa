/* SPDX-License-Identifier: Apache-2.0 */
/* run_grow.c -- a source has more columns: a new version of its schema, a new plan in force.
 *
 *     merge     what the flow found into the newest version: another flow may have been first. What
 * a flow found that begins anew takes its place, where the source says so compile   with the
 * result.  A pipeline that has a fault then (two columns of one name) fails the flow, and nothing
 * was changed pin       version k + 1, durable in force  each flow takes the plan before its next
 * batch
 *
 * One at a time, under grow_mu. */
#include "runtime/exec/run_int.h"

#include "runtime/base/failpoint.h"

const sm_plan *sm_run__plan(void *run)
{
    sm_run *r = run;
    const sm_plan *p;

    sm_mutex_lock(&r->mu);
    p = r->plan;
    sm_mutex_unlock(&r->mu);
    return p;
}

/* ---- the event ------------------------------------------------------------------- */

/* Columns of `now` that `was` has not, or, `widened`, has in another type. */
static sm_json *changed_columns(const sm_schema *was, const sm_schema *now, bool widened,
                                sm_arena *a)
{
    sm_json *list = sm_json_array(a);

    for (size_t i = 0; i < now->n; i++) {
        const sm_column *c = &now->columns[i];
        ptrdiff_t at = sm_schema_find(was, c->name);
        bool other = at >= 0 && !sm_sv_eq(was->columns[at].type, c->type);

        if (widened ? other : at < 0)
            sm_json_append_string(
                list, sm_arena_printf(a, "%.*s %.*s", SM_SV_ARG(c->name), SM_SV_ARG(c->type)));
    }
    return list;
}

static void tell_growth(const sm_flow_env *env, sm_sv source, const sm_schema *was,
                        const sm_schema *now, int64_t version, sm_arena *a)
{
    sm_json *d = sm_json_object(a), *added = changed_columns(was, now, false, a);
    sm_json *removed = changed_columns(now, was, false, a);
    sm_json *widened = changed_columns(was, now, true, a);
    const char *less = sm_json_len(removed) > 0 ? ", others gone" : "";
    sm_event_rec e = sm_event_make_flow(
        SM_EVENT_schema_changed, env->run, source, SM_SV(""), -1,
        sm_arena_printf(a, "version %lld: %zu new columns, %zu changed%s", (long long)version,
                        sm_json_len(added), sm_json_len(widened), less));
    sm_error ignored;

    sm_json_set_int(d, "version", version);
    sm_json_set(d, "added", added);
    if (sm_json_len(widened) > 0)
        sm_json_set(d, "widened", widened);
    if (sm_json_len(removed) > 0)
        sm_json_set(d, "removed", removed);
    e.details = sm_json_text(d, a);
    sm_event_log_append(env->log, &env->owner, &e, 1, &ignored);
}

/* ---- growing --------------------------------------------------------------------- */

/* The newest version in the store; what the plan says when there is none. */
static sm_code newest_schema(const sm_flow_env *env, const sm_plan_dataset *d, sm_arena *a,
                             sm_schema *out, sm_error *err)
{
    sm_schema_version v;
    sm_json *j;
    sm_code rc = sm_store_schema(env->q->store, env->owner.pipeline, d->name, 0, a, &v, err);

    *out = d->schema;
    if (rc == SM_E_NOT_FOUND)
        return SM_OK;
    if (rc == SM_OK && (rc = sm_json_parse(v.schema, a, &j, err)) == SM_OK)
        rc = sm_schema_from_json(j, a, out, err);
    return rc;
}

static sm_code pin(const sm_flow_env *env, const sm_plan_dataset *d, const sm_schema *was,
                   const sm_schema *now, sm_sv why, sm_arena *a, sm_error *err)
{
    sm_sv text = sm_json_text(sm_schema_to_json(now, a), a);
    int64_t version;
    sm_code rc = sm_store_schema_pin(env->q->store, &env->owner, d->name, text, why, &version, err);

    if (rc != SM_OK)
        return rc;
    sm_failpoint("schema.after_version");
    tell_growth(env, d->name, was, now, version, a);
    return SM_OK;
}

sm_code sm_run__pin_hints(sm_run *r, sm_error *err)
{
    sm_code rc = SM_OK;

    for (size_t i = 0; rc == SM_OK && i < r->plan->n_datasets; i++) {
        const sm_plan_dataset *d = &r->plan->datasets[i];
        sm_schema was;

        if (d->kind != SM_DATASET_SOURCE || !d->known || d->schema_declared ||
            d->schema_hints.len == 0)
            continue;
        if ((rc = newest_schema(&r->env, d, r->arena, &was, err)) == SM_OK &&
            !sm_schema_equal(&was, &d->schema))
            rc = pin(&r->env, d, &was, &d->schema, SM_SV("schema_hints"), r->arena, err);
    }
    return rc;
}

static sm_code grow(const sm_flow_env *env, sm_sv source, const sm_schema *schema, bool anew,
                    sm_arena *a, const sm_plan **plan, sm_error *err)
{
    const sm_plan_dataset *d = sm_plan_find(env->plan(env->ctx), source);
    const sm_plan *next = NULL;
    sm_schema was;
    sm_grown now;
    sm_code rc;

    if (env->q->replan == NULL)
        return sm_fail(err, SM_E_INVALID, 0,
                       "source \"%.*s\" has new columns, and this run cannot "
                       "take them",
                       SM_SV_ARG(source));
    if ((rc = newest_schema(env, d, a, &was, err)) != SM_OK)
        return rc;
    if (anew)
        now = (sm_grown){ .schema = *schema };
    else if ((rc = sm_schema_grow(&was, schema, sm_evolution_how(d->evolution), a, &now, err)) !=
             SM_OK)
        return rc;
    if (sm_schema_equal(&now.schema, &d->schema)) /* another flow was first */
        return SM_OK;
    if ((rc = env->q->replan(env->q->replan_ctx, d->name, &now.schema, &next, err)) == SM_OK &&
        (rc = pin(env, d, &was, &now.schema, anew ? SM_SV("read anew") : SM_SV("new field"), a,
                  err)) == SM_OK)
        *plan = next;
    return rc;
}

sm_code sm_flow__grow_source(const sm_flow_env *env, sm_sv source, const sm_schema *schema,
                             bool anew, const sm_plan **plan, sm_error *err)
{
    sm_arena *a = sm_arena_new("grow");
    sm_code rc = grow(env, source, schema, anew, a, plan, err);

    sm_arena_free(a);
    return rc;
}

sm_code sm_run__grow(void *run, sm_sv source, const sm_schema *schema, bool anew, sm_error *err)
{
    sm_run *r = run;
    const sm_plan *plan = NULL;
    sm_code rc;

    sm_mutex_lock(&r->grow_mu);
    rc = sm_flow__grow_source(&r->env, source, schema, anew, &plan, err);
    if (plan != NULL) {
        sm_mutex_lock(&r->mu);
        r->plan = plan;
        sm_mutex_unlock(&r->mu);
    }
    sm_mutex_unlock(&r->grow_mu);
    return rc;
}
