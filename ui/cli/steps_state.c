/* SPDX-License-Identifier: Apache-2.0 */
/* steps_state.c -- what a flow remembers, read from its files as its next batch would. */
#include "runtime/ops/ops.h"
#include "runtime/store/store_batches.h"
#include "ui/cli/steps_int.h"

typedef struct state_look {
    sm_ops *ops;
    sm_ops_batch batch;
    int64_t *rows; /* per stage of the flow */
} state_look;

static sm_code read_json(const sm_steps *s, sm_sv text, sm_json **out, sm_error *err)
{
    *out = NULL;
    return text.len == 0 ? SM_OK : sm_json_parse(text, s->a, out, err);
}

static sm_code open_state(const sm_steps *s, const sm_plan_flow *f, const sm_position *pos,
                          state_look *look, sm_error *err)
{
    sm_ops_config c = { .stages = f->stages,
                        .n_stages = f->n_stages,
                        .flow = f->name,
                        .table = s->plan->datasets[f->target].name };
    sm_json *marks, *record;

    c.folder = sm_ops_folder(s->p.state_dir, s->plan->pipeline, f->name, s->a);
    c.folder =
        sm_arena_printf(s->a, "%.*s/%.*s", SM_SV_ARG(c.folder), SM_SV_ARG(pos->generation.uuid));
    if (read_json(s, pos->last.watermarks, &marks, err) != SM_OK ||
        read_json(s, pos->last.stages, &record, err) != SM_OK)
        return err->code;
    look->batch = (sm_ops_batch){ .n = pos->next,
                                  .late_us = sm_json_get_int(marks, "final", SM_OPS_NO_TIME),
                                  .final_us = sm_json_get_int(marks, "final", SM_OPS_NO_TIME),
                                  .session = s->session };
    return sm_ops_open(&c, record, &look->ops, err);
}

/* Of a flow that has not run yet nothing. */
static sm_code count_rows(const sm_steps *s, const sm_plan_flow *f, int64_t *rows, sm_error *err)
{
    state_look look = { .rows = rows };
    sm_pipeline_rec rec;
    sm_position pos;
    sm_code rc = SM_E_NOT_FOUND;

    if (s->p.store != NULL)
        rc = sm_store_pipeline(s->p.store, s->plan->pipeline, s->a, &rec, err);
    if (rc == SM_OK)
        rc = sm_store_position(s->p.store, rec.id, f->name, s->a, &pos, err);
    if (rc == SM_E_NOT_FOUND || (rc == SM_OK && !pos.has_last))
        return SM_OK;
    if (rc == SM_OK && (rc = open_state(s, f, &pos, &look, err)) == SM_OK)
        rc = sm_ops_alive(look.ops, &look.batch, look.rows, err);
    sm_ops_close(look.ops);
    return rc;
}

static void compare_list(sm_steps *s, const sm_plan_dataset *ds, const sm_spec_node *n,
                         const int64_t *found, size_t n_found)
{
    if (n->v->n != n_found) {
        sm_steps__fail(s, n->at, NULL, "%.*s has %zu stages that remember rows, not %zu",
                       SM_SV_ARG(ds->name), n_found, n->v->n);
        return;
    }
    for (size_t i = 0; i < n_found; i++)
        sm_steps__fail_number(s, ds, n->at, sm_arena_printf(s->a, "state_rows[%zu]", i).ptr,
                              n->v->items[i]->integer, found[i]);
}

sm_code sm_steps__look_state(sm_steps *s, const sm_plan_dataset *ds, const sm_suite_expect *e,
                             sm_error *err)
{
    const sm_spec_node *n = &e->state_rows;
    const sm_plan_flow *f = &s->plan->flows[ds->flow];
    int64_t *rows, *found, sum = 0;
    size_t n_found = 0;

    if (n->v == NULL)
        return SM_OK;
    if (ds->n_flows == 0)
        return sm_fail(err, SM_E_INVALID, 0, "\"%.*s\" has no flow of its own, so no state",
                       SM_SV_ARG(ds->name));
    rows = SM_NEW_N(s->a, int64_t, f->n_stages + 1);
    found = SM_NEW_N(s->a, int64_t, f->n_stages + 1);
    if (count_rows(s, f, rows, err) != SM_OK)
        return err->code;
    for (size_t i = f->n_stages; i > 0; i--) {
        if (!sm_stage_remembers(&f->stages[i - 1]))
            continue;
        found[n_found++] = rows[i - 1];
        sum += rows[i - 1];
    }
    if (n->v->kind == SM_YAML_LIST)
        compare_list(s, ds, n, found, n_found);
    else
        sm_steps__fail_number(s, ds, n->at, "state_rows", n->v->integer, sum);
    return SM_OK;
}
