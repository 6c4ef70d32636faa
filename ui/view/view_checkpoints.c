/* SPDX-License-Identifier: Apache-2.0 */
/* view_checkpoints.c -- where flows stand: generations, batches, offsets. */
#include "ui/view/view_int.h"

enum { BATCHES_SHOWN = 10 };

static sm_json *generation_row(const sm_view *v, const sm_generation *g)
{
    sm_json *o = sm_json_object(v->a);

    sm_json_set_string(o, "generation", g->uuid);
    sm_json_set_int(o, "number", g->number);
    sm_json_set_string(o, "why", sm_sv_cstr(sm_generation_why_name(g->why)));
    sm_json_set_bool(o, "current", g->current);
    sm_view__set_time(v, o, "started", g->started_ms);
    sm_view__set_time(v, o, "ended", g->ended_ms);
    return o;
}

/* ---- what it remembers ------------------------------------------------------------- */

static const sm_stage *find_stage(const sm_plan_flow *f, sm_sv name)
{
    for (size_t i = 0; i < f->n_stages; i++)
        if (sm_sv_eq(f->stages[i].name, name))
            return &f->stages[i];
    return NULL;
}

static sm_json *key_names(const sm_view *v, const sm_stage *s)
{
    sm_json *list = sm_json_array(v->a);

    for (size_t i = 0; s != NULL && i < s->n_keys; i++)
        sm_json_append_string(list, s->labels[i]);
    for (size_t i = 0; s != NULL && i < s->n_columns; i++)
        sm_json_append_string(list, s->columns[i]);
    return list;
}

/* Sums over the files of a stage; the rows of a key may stand in several of them. */
static sm_json *stage_row(const sm_view *v, const sm_plan_flow *f, const sm_json *stage)
{
    const sm_json *logs = sm_json_get(stage, "logs");
    int64_t rows = 0, bytes = 0, n = 0, oldest = INT64_MAX;
    sm_json *o = sm_json_object(v->a);
    sm_sv name = sm_json_get_sv(stage, "name", SM_SV(""));

    for (size_t i = 0; i < sm_json_len(logs); i++) {
        const sm_json *files = sm_json_get(sm_json_at(logs, i), "files");

        for (size_t k = 0; k < sm_json_len(files); k++, n++) {
            const sm_json *file = sm_json_at(files, k);
            int64_t min = sm_json_get_int(file, "min", INT64_MAX);

            rows += sm_json_get_int(file, "rows", 0);
            bytes += sm_json_get_int(file, "bytes", 0);
            oldest = min < oldest ? min : oldest;
        }
    }
    sm_json_set_string(o, "stage", name);
    sm_json_set_string(o, "kind", sm_json_get_sv(stage, "kind", SM_SV("")));
    sm_json_set(o, "keys", key_names(v, find_stage(f, name)));
    sm_json_set_int(o, "rows", rows);
    sm_json_set_int(o, "files", n);
    sm_json_set_int(o, "bytes", bytes);
    if (oldest != INT64_MAX)
        sm_view__set_time(v, o, "oldest", oldest / 1000);
    return o;
}

static void add_state(const sm_view *v, const sm_plan_flow *f, const sm_batch_rec *last, sm_json *o)
{
    sm_json *j = NULL, *list = sm_json_array(v->a);
    const sm_json *stages;
    sm_error ignored;

    sm_view__watermark(v, f, last, false, o);
    if (last->stages.len == 0 || sm_json_parse(last->stages, v->a, &j, &ignored) != SM_OK)
        return;
    stages = sm_json_get(j, "stages");
    for (size_t i = 0; i < sm_json_len(stages); i++)
        sm_json_append(list, stage_row(v, f, sm_json_at(stages, i)));
    sm_json_set(o, "stages", list);
}

/* ---- where flows stand --------------------------------------------------------------- */

/* A flow of the plan, as the store knows it; "never_run" when it does not. */
static sm_code flow_row(const sm_view *v, const sm_plan_flow *f, sm_json **out, sm_error *err)
{
    sm_sv flow = f->name, table = v->plan->datasets[f->target].name;
    sm_json *o = sm_json_object(v->a);
    sm_position pos = { 0 };
    sm_code rc = SM_OK;

    if (sm_view__has_run(v))
        rc = sm_store_position(v->store, v->pipeline, flow, v->a, &pos, err);
    if (rc != SM_OK)
        return rc;
    sm_json_set_string(o, "flow", flow);
    sm_json_set_string(o, "table", table);
    sm_json_set_string(o, "state",
                       pos.has_last         ? sm_sv_cstr(sm_batch_state_name(pos.last.state))
                       : pos.has_generation ? SM_SV("new")
                                            : SM_SV("never_run"));
    if (pos.has_generation) {
        sm_json_set_string(o, "generation", pos.generation.uuid);
        sm_json_set_int(o, "number", pos.generation.number);
        sm_json_set_string(o, "why", sm_sv_cstr(sm_generation_why_name(pos.generation.why)));
        sm_json_set_int(o, "next", pos.next);
    }
    if (pos.has_last) {
        sm_json_set_int(o, "batch", pos.last.n);
        sm_view__set_time(v, o, "decided", pos.last.decided_ms);
        sm_view__set_json(v, o, "offsets", pos.last.end_offsets);
        sm_view__set_json(v, o, "lag", pos.last.lag);
        add_state(v, f, &pos.last, o);
    }
    *out = o;
    return SM_OK;
}

sm_code sm_view_checkpoints(const sm_view *v, sm_json **out, sm_error *err)
{
    sm_json *doc = sm_view__document(v), *list = sm_json_array(v->a), *row;
    const sm_plan *p = v->plan;

    for (size_t i = 0; i < p->n_flows; i++) {
        sm_code rc = flow_row(v, &p->flows[i], &row, err);

        if (rc != SM_OK)
            return rc;
        sm_json_append(list, row);
    }
    sm_json_set(doc, "checkpoints", list);
    *out = doc;
    return SM_OK;
}

static sm_code add_history(const sm_view *v, sm_sv flow, sm_json *doc, sm_error *err)
{
    sm_json *generations = sm_json_array(v->a), *batches = sm_json_array(v->a);
    sm_generation *g = NULL;
    sm_batch_rec *b = NULL;
    size_t n = 0, n_batches = 0;
    sm_code rc = SM_OK;

    if (sm_view__has_run(v))
        rc = sm_store_generations(v->store, v->pipeline, flow, v->a, &g, &n, err);
    if (rc == SM_OK && sm_view__has_run(v))
        rc = sm_store_batches(v->store, v->pipeline, flow, 0, 0, BATCHES_SHOWN, v->a, &b,
                              &n_batches, err);
    for (size_t i = 0; rc == SM_OK && i < n; i++)
        sm_json_append(generations, generation_row(v, &g[i]));
    for (size_t i = 0; rc == SM_OK && i < n_batches; i++)
        sm_json_append(batches, sm_view__batch(v, &b[i]));
    sm_json_set(doc, "generations", generations);
    sm_json_set(doc, "batches", batches);
    return rc;
}

/* The newest version of each source that the flow reads. */
static sm_code add_schemas(const sm_view *v, const sm_plan_flow *f, sm_json *doc, sm_error *err)
{
    sm_json *list = sm_json_array(v->a), *versions;
    sm_code rc = SM_OK;

    for (size_t i = 0; rc == SM_OK && i < f->n_inputs; i++) {
        const sm_plan_dataset *source = &v->plan->datasets[f->inputs[i].dataset];
        sm_json *o;
        size_t n;

        rc = sm_view_schemas(v, source, &versions, err);
        if (rc != SM_OK || (n = sm_json_len(versions)) == 0)
            continue;
        o = sm_json_copy(v->a, sm_json_at(versions, n - 1));
        sm_json_set_string(o, "source", source->name);
        sm_json_append(list, o);
    }
    sm_json_set(doc, "schemas", list);
    return rc;
}

sm_code sm_view_checkpoint(const sm_view *v, sm_sv flow, sm_json **out, sm_error *err)
{
    const sm_plan_flow *f = sm_plan_find_flow(v->plan, flow);
    sm_code rc;

    if (f == NULL)
        return sm_fail(err, SM_E_NOT_FOUND, 0, "there is no flow \"%.*s\"", SM_SV_ARG(flow));
    rc = flow_row(v, f, out, err);
    if (rc == SM_OK)
        rc = add_history(v, f->name, *out, err);
    return rc != SM_OK ? rc : add_schemas(v, f, *out, err);
}
