/* SPDX-License-Identifier: Apache-2.0 */
/* flow_lateness.c -- how late rows came, from batch to batch.
 *
 *     {"late":n, "stages":[{"name":"watermark_1", "of":"readings", "column":"ts", "seen":{…}}]}
 *
 * `late`: rows that came too late for a stage; `seen`: see lateness.h.  A delay that changes keeps
 * it: it is what one looks at before changing a delay. */
#include "runtime/exec/flow_stages.h"

void sm_flow_lateness_init(sm_flow_lateness *l, const sm_plan_flow *p, sm_arena *a)
{
    *l = (sm_flow_lateness){ .stages = SM_NEW_N(a, sm_lateness, p->n_stages + 1) };
    for (size_t i = 0; i < p->n_stages; i++)
        sm_lateness_init(&l->stages[i]);
}

void sm_flow_lateness_copy(sm_flow_lateness *to, const sm_flow_lateness *from,
                           const sm_plan_flow *p)
{
    to->late = from->late;
    for (size_t i = 0; i < p->n_stages; i++)
        if (p->stages[i].kind == SM_STAGE_WATERMARK)
            to->stages[i] = from->stages[i];
}

void sm_flow_lateness_observe(sm_flow_lateness *l, const sm_plan_flow *p,
                              const sm_ops_count *counts)
{
    for (size_t i = 0; i < p->n_stages; i++) {
        l->late += counts[i].late;
        if (counts[i].lateness != NULL)
            sm_lateness_merge(&l->stages[i], counts[i].lateness);
    }
}

const int64_t *sm_flow_lateness_newest(const sm_flow_lateness *l, const sm_plan_flow *p,
                                       sm_arena *a)
{
    int64_t *newest = SM_NEW_N(a, int64_t, p->n_stages + 1);

    for (size_t i = 0; i < p->n_stages; i++)
        newest[i] = l->stages[i].newest_us;
    return newest;
}

/* ---- in the record of a batch ------------------------------------------------------ */

sm_sv sm_flow_lateness_text(const sm_flow_lateness *l, const sm_plan_flow *p, sm_arena *a)
{
    sm_json *o = sm_json_object(a), *stages = sm_json_array(a);

    for (size_t i = 0; i < p->n_stages; i++) {
        const sm_stage *s = &p->stages[i];
        sm_json *row;

        if (s->kind != SM_STAGE_WATERMARK)
            continue;
        row = sm_json_object(a);
        sm_json_set_string(row, "name", s->name);
        sm_json_set_string(row, "of", s->of);
        sm_json_set_string(row, "column", s->time_column);
        sm_json_set(row, "seen", sm_lateness_json(&l->stages[i], a));
        sm_json_append(stages, row);
    }
    if (sm_json_len(stages) == 0)
        return SM_SV("");
    sm_json_set_int(o, "late", l->late);
    sm_json_set(o, "stages", stages);
    return sm_json_text(o, a);
}

void sm_flow_lateness_read(sm_flow_lateness *l, const sm_plan_flow *p, sm_sv text, sm_arena *a)
{
    sm_json *o = NULL;
    sm_error ignored;

    if (text.len == 0 || sm_json_parse(text, a, &o, &ignored) != SM_OK)
        return;
    l->late = sm_json_get_int(o, "late", 0);
    for (size_t i = 0; i < p->n_stages; i++) {
        const sm_stage *s = &p->stages[i];

        sm_lateness_read(&l->stages[i], sm_lateness_of(o, s->name, s->of, s->time_column));
    }
}
