/* SPDX-License-Identifier: Apache-2.0 */
/* run_left.c -- rebuilds whose flow left the file between their decision and this run.
 *
 * The decision of a rebuild begins new generations of all flows of its table, and its batch 0
 * removes the old rows.  Only the flow that decided it publishes that batch: without it the
 * others would append to rows that they wrote in their old life. */
#include "runtime/exec/run_int.h"

/* Waits the batch of `g` that empties its table for a flow that the plan does not have? */
static sm_code has_left(const sm_run *r, const sm_generation *g, sm_arena *a, bool *out,
                        sm_error *err)
{
    sm_position pos;
    sm_code rc;

    *out = false;
    if (g->why != SM_GENERATION_FULL_REFRESH || sm_plan_find_flow(r->q.plan, g->flow) != NULL)
        return SM_OK;
    rc = sm_store_position(r->q.store, r->env.owner.pipeline, g->flow, a, &pos, err);
    *out = rc == SM_OK && pos.has_last && pos.last.n == 0 && pos.last.state == SM_BATCH_DECIDED;
    return rc;
}

/* All such generations of the pipeline, to begin with. */
static sm_code list_left(const sm_run *r, sm_arena *a, sm_generation **out, size_t *n,
                         sm_error *err)
{
    size_t all;
    sm_code rc =
        sm_store_generations(r->q.store, r->env.owner.pipeline, SM_SV(""), a, out, &all, err);

    *n = 0;
    for (size_t i = 0; rc == SM_OK && i < all; i++) {
        bool left;

        if ((rc = has_left(r, &(*out)[i], a, &left, err)) == SM_OK && left)
            (*out)[(*n)++] = (*out)[i];
    }
    return rc;
}

sm_code sm_run__left_rebuilds(const sm_run *r, sm_sv table, sm_arena *a, const sm_sv **flows,
                              size_t *n, sm_error *err)
{
    sm_generation *left;
    size_t count;
    sm_sv *names;

    if (list_left(r, a, &left, &count, err) != SM_OK)
        return err->code;
    *flows = names = SM_NEW_N(a, sm_sv, count + 1);
    *n = 0;
    for (size_t i = 0; i < count; i++)
        if (sm_sv_eq(left[i].target, table))
            names[(*n)++] = left[i].flow;
    return SM_OK;
}

/* Does this run append to `table` without rebuilding it? */
static bool appends_to(const sm_run *r, sm_sv table)
{
    const sm_plan_dataset *t = sm_plan_find(r->q.plan, table);

    for (size_t i = 0; t != NULL && i < t->n_flows; i++)
        if (r->slots[t->flow + i].selected && !r->slots[t->flow + i].refresh)
            return true;
    return false;
}

sm_code sm_run__check_left(const sm_run *r, sm_error *err)
{
    sm_generation *left;
    size_t n;

    if (list_left(r, r->arena, &left, &n, err) != SM_OK)
        return err->code;
    for (size_t i = 0; i < n; i++)
        if (appends_to(r, left[i].target))
            return sm_fail(err, SM_E_CONFLICT, 0,
                           "flow \"%.*s\" began to rebuild %.*s and left the file before that "
                           "was published: put it back and run once, or rebuild without it: "
                           "`smelt run --full-refresh %.*s`",
                           SM_SV_ARG(left[i].flow), SM_SV_ARG(left[i].target),
                           SM_SV_ARG(left[i].target));
    return SM_OK;
}
