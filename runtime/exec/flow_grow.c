/* SPDX-License-Identifier: Apache-2.0 */
/* flow_grow.c -- schemas that grow under a flow.
 *
 *     a batch is running ── its input has more columns ──▶ a version of the schema, durable
 *         ▲                                                       │
 *         │                                                       ▼
 *     the same range again ◀── the flow takes it ◀── a plan with the new columns, in force
 *
 * The attempt is discarded, which is no failure.  A crash after the version leaves a schema
 * that is one step ahead of the tables: the next run compiles with it, and goes on there.  A
 * plan that came into force by another flow is taken before the next batch: a plan never
 * changes under a batch. */
#include "runtime/exec/flow_int.h"

#include <assert.h>

sm_code sm_flow__take_plan(sm_flow *f, sm_error *err)
{
    const sm_plan *now = f->env->plan(f->env->ctx);
    bool rules = f->rules != NULL;

    if (now == f->whole)
        return SM_OK;
    assert(now->n_flows == f->whole->n_flows && now->n_datasets == f->whole->n_datasets);
    assert(now->flows[f->index].n_inputs == f->plan->n_inputs);
    f->whole = now;
    f->plan = &now->flows[f->index];
    f->target = &now->datasets[f->plan->target];
    for (size_t i = 0; i < f->plan->n_inputs; i++) {
        sm_flow_input *in = &f->inputs[i];

        in->plan = &f->plan->inputs[i];
        in->dataset = &now->datasets[in->plan->dataset];
        in->source.schema = &in->dataset->schema;
    }
    f->sink.schema = &f->target->schema;
    f->sink.merge_keys = f->plan->merge_keys.items; /* of a DISTINCT, one more */
    f->sink.merge_key_count = f->plan->merge_keys.n;
    f->side = sm_plan_quarantine_of(now, f->target);
    if (f->side != NULL)
        f->side_sink.schema = &f->side->schema;
    f->late = sm_plan_late_of(now, f->target);
    if (f->late != NULL)
        f->late_sink.schema = &f->late->schema;
    sm_flow__set_result(f);
    sm_flow__leave_stages(f);
    sm_flow__unregister_rules(f); /* they see the columns of the result */
    return rules ? sm_flow__register_rules(f, err) : SM_OK;
}

sm_code sm_flow__grow(sm_flow *f, sm_error *err)
{
    for (size_t i = 0; i < f->plan->n_inputs; i++) {
        sm_source *s = &f->inputs[i].source;
        const sm_schema *grown = s->report.grown;
        sm_code rc;

        if (grown == NULL)
            continue;
        s->report.grown = NULL;
        if ((rc = f->env->grow(f->env->ctx, s->name, grown, s->report.anew, err)) != SM_OK)
            return rc;
        f->grew = true;
        return sm_flow__take_plan(f, err) == SM_OK ? SM_E_AGAIN : err->code;
    }
    return SM_E_AGAIN;
}
