/* SPDX-License-Identifier: Apache-2.0 */
/* flow_open.c -- bring a flow to where its next batch can be planned: generation, inputs,
 * sink.  Nothing here needs the engine, so a run with nothing new ends without it.
 *
 * A flow that never ran gets a generation before anything else, so that a source can keep
 * its tracking under it.  A full refresh reserves its new generation now and makes it the
 * current one with the decision of its batch 0: a run that dies before leaves the old life
 * as it was. */
#include "runtime/exec/flow_int.h"

#include <assert.h>

#include "runtime/base/fs.h"
#include "runtime/base/hash.h"

/* ---- generation ------------------------------------------------------------------ */

static sm_code generation_reserve(sm_flow *f, sm_error *err)
{
    sm_generation_switch w = { .flow = f->plan->name,
                               .target = f->target->name,
                               .uuid = f->uuid,
                               .why = SM_GENERATION_FULL_REFRESH };

    return sm_store_generation_reserve(f->env->q->store, &f->env->owner, &w, &f->generation, err);
}

/* JSON that the store gave as text. */
static sm_code stored_json(sm_flow *f, sm_sv text, const char *what, const sm_json **out,
                           sm_error *err)
{
    sm_json *j = NULL;
    sm_error why;

    *out = NULL;
    if (text.len == 0)
        return SM_OK;
    if (sm_json_parse(text, f->arena, &j, &why) != SM_OK)
        return sm_fail(err, SM_E_CORRUPT, 0, "the stored %s of flow \"%.*s\" cannot be read: %s",
                       what, SM_SV_ARG(f->plan->name), why.msg);
    *out = j;
    return SM_OK;
}

/* Take over what the last record says. */
static sm_code position_load(sm_flow *f, const sm_position *pos, sm_error *err)
{
    const sm_json *ends = NULL;
    sm_code rc;

    f->generation = pos->generation.id;
    f->uuid = sm_arena_dup(f->arena, pos->generation.uuid);
    f->next = pos->next;
    f->empties = pos->generation.why == SM_GENERATION_FULL_REFRESH && !pos->has_done;
    if ((rc = sm_flow__open_stages(f, pos->has_last ? &pos->last : NULL, err)) != SM_OK)
        return rc;
    if (!pos->has_last) { /* its batch 0 was decided and taken back */
        f->refresh = f->switched = f->empties;
        return SM_OK;
    }
    f->decided = pos->last.state == SM_BATCH_DECIDED;
    if (f->decided)
        f->next = pos->last.n;
    f->once_done = f->plan->once;
    f->last_time = pos->last.timestamp_ms;
    f->last_fingerprint = sm_arena_dup(f->arena, pos->last.plan_fingerprint);
    if ((rc = stored_json(f, pos->last.end_offsets, "offsets", &ends, err)) != SM_OK ||
        (rc = stored_json(f, pos->last.read_versions, "versions", &f->last_reads, err)) != SM_OK)
        return rc;
    for (size_t i = 0; i < f->plan->n_inputs; i++) {
        sm_flow_input *in = &f->inputs[i];
        const sm_json *at = sm_json_get_by(ends, in->dataset->name);

        if (in->plan->mode == SM_INPUT_STREAM && !sm_json_is_null(at))
            in->done = at;
    }
    return SM_OK;
}

static sm_code generation_load(sm_flow *f, sm_error *err)
{
    sm_position pos;
    sm_code rc;

    f->uuid = sm_uuid4(f->arena);
    if (f->refresh) {
        rc = generation_reserve(f, err);
        return rc != SM_OK ? rc : sm_flow__open_stages(f, NULL, err);
    }
    rc = sm_store_position(f->env->q->store, f->env->owner.pipeline, f->plan->name, f->arena, &pos,
                           err);
    if (rc != SM_OK)
        return rc;
    return pos.has_generation ? position_load(f, &pos, err) : sm_flow__open_stages(f, NULL, err);
}

/* ---- inputs ---------------------------------------------------------------------- */

/* The configuration of a table of ours as a source of type delta. */
static const sm_json *table_config(sm_flow *f, const sm_plan_dataset *d)
{
    sm_json *config = sm_json_object(f->arena);

    sm_json_set_string(config, "path",
                       sm_sv_cstr(sm_path_join(f->arena, f->env->q->storage_dir, d->path)));
    if (f->plan->follows) { /* a view shows all of its input, or what it showed before */
        sm_json_set_int(config, "max_files_per_trigger", 100000);
        sm_json_set_int(config, "max_bytes_per_trigger", INT64_MAX);
    }
    /* A replay takes rows away; those that stay were seen before. */
    if (d->kind == SM_DATASET_QUARANTINE)
        sm_json_set_bool(config, "skip_change_commits", true);
    return config;
}

/* A table that is looked up beside a stream is read with each batch: what is kept of it would be
 * kept again and again, so it fails. */
static sm_decode_policy decode_policy(const sm_flow *f, const sm_flow_input *in)
{
    const sm_plan_dataset *d = in->dataset;

    if (d->on_decode_error != SM_DECODE_QUARANTINE)
        return d->on_decode_error;
    return sm_dataset_keeps_records(d) && sm_flow__counts_input(f, in) ? SM_DECODE_QUARANTINE
                                                                       : SM_DECODE_FAIL;
}

static sm_code input_open(sm_flow *f, sm_flow_input *in, sm_error *err)
{
    const sm_plan_dataset *d = in->dataset;
    bool external = d->kind == SM_DATASET_SOURCE;
    sm_sv type = external ? d->source_type : SM_SV("delta");
    sm_source *s = &in->source;
    sm_code rc;

    *s = (sm_source){ .ops = sm_source_find(f->env->q->sources, type),
                      .name = d->name,
                      .flow = f->plan->name,
                      .generation = f->uuid,
                      .generation_id = f->generation,
                      .pipeline = d->pipeline,
                      .external = external && d->pipeline.len == 0,
                      .may_be_absent = sm_sv_ends(d->name, SM_SV(SM_PLAN_QUARANTINE)) ||
                                       sm_sv_ends(d->name, SM_SV(SM_PLAN_LATE)),
                      .base_dir = f->env->q->base_dir,
                      .connections = f->env->q->connections,
                      .stopping = f->env->stopping,
                      .stopping_ctx = f->env->ctx,
                      .give_up = f->env->q->give_up,
                      .images = f->env->q->images,
                      .schema = &d->schema,
                      .schema_declared = d->schema_declared,
                      .evolution = d->evolution,
                      .schema_hints = d->schema_hints,
                      .on_decode_error = decode_policy(f, in),
                      .metadata = in->plan->metadata,
                      .store = f->env->q->store,
                      .owner = &f->env->owner,
                      .arena = f->arena };
    assert(s->ops != NULL);
    s->config = sm_arena_alloc(f->arena, s->ops->config_size, _Alignof(max_align_t), 1);
    rc = sm_options_fill(s->ops->options, external ? d->source_config : table_config(f, d),
                         s->config, f->arena, err);
    if (rc != SM_OK)
        return sm_wrap(err, "source \"%.*s\"", SM_SV_ARG(d->name));
    in->open = true; /* closed also after a failed open */
    return sm_source_open(s, err);
}

void sm_flow__bind_inputs(sm_flow *f)
{
    f->inputs = SM_NEW_N(f->arena, sm_flow_input, f->plan->n_inputs);
    for (size_t i = 0; i < f->plan->n_inputs; i++) {
        f->inputs[i].plan = &f->plan->inputs[i];
        f->inputs[i].dataset = &f->whole->datasets[f->plan->inputs[i].dataset];
        f->n_streams += f->plan->inputs[i].mode == SM_INPUT_STREAM;
    }
}

sm_code sm_flow__open_inputs(sm_flow *f, sm_error *err)
{
    sm_code rc = SM_OK;

    for (size_t i = 0; rc == SM_OK && i < f->plan->n_inputs; i++)
        rc = input_open(f, &f->inputs[i], err);
    return rc;
}

sm_code sm_flow__sources_now(sm_flow *f, sm_arena *a, sm_sv *out, sm_error *err)
{
    sm_json *now;
    sm_code rc = SM_OK;

    f->arena = sm_arena_new("look");
    now = sm_json_object(f->arena);
    sm_flow__bind_inputs(f);
    for (size_t i = 0; rc == SM_OK && i < f->plan->n_inputs; i++) {
        sm_flow_input *in = &f->inputs[i];
        const sm_json *newest = NULL;

        if (in->dataset->kind != SM_DATASET_SOURCE || in->plan->mode != SM_INPUT_STREAM ||
            (rc = input_open(f, in, err)) != SM_OK)
            continue;
        in->source.owner = NULL; /* only a look: nothing is tracked */
        if ((rc = sm_source_newest(&in->source, f->arena, &newest, err)) == SM_OK)
            sm_json_set_sv(now, in->dataset->name, sm_json_copy(f->arena, newest));
    }
    if (rc == SM_OK)
        *out = sm_json_text(now, a);
    sm_flow__close_inputs(f);
    sm_arena_free(f->arena);
    f->arena = NULL;
    return rc;
}

sm_code sm_flow__fix_horizon(sm_flow *f, bool external_only, sm_error *err)
{
    for (size_t i = 0; i < f->plan->n_inputs; i++) {
        sm_flow_input *in = &f->inputs[i];
        sm_code rc;

        if (in->plan->mode != SM_INPUT_STREAM || in->fixed ||
            (external_only && in->dataset->kind != SM_DATASET_SOURCE))
            continue;
        if ((rc = sm_source_newest(&in->source, f->horizon, &in->until, err)) != SM_OK)
            return rc;
        in->fixed = true;
    }
    return SM_OK;
}

/* ---- sink ------------------------------------------------------------------------ */

/* A text that is no JSON is as good as none. */
sm_code sm_flow__sink_memory(sm_flow *f, sm_sink *k, sm_error *err)
{
    sm_table_rec rec;
    sm_json *j = NULL;
    sm_error ignored;
    sm_code rc =
        sm_store_table(f->env->q->store, f->env->owner.pipeline, k->name, f->arena, &rec, err);

    if (rc == SM_E_NOT_FOUND)
        return SM_OK;
    if (rc == SM_OK && rec.delta_state.len > 0 &&
        sm_json_parse(rec.delta_state, f->arena, &j, &ignored) == SM_OK)
        k->memory = j;
    return rc;
}

sm_write_mode sm_flow__usual_mode(const sm_plan_flow *p)
{
    if (p->kind == SM_FLOW_OVERWRITE || p->output_mode == SM_STAGE_COMPLETE)
        return SM_WRITE_OVERWRITE;
    return p->output_mode == SM_STAGE_UPDATE ? SM_WRITE_MERGE : SM_WRITE_APPEND;
}

/* Outside: by its own type, with its own options.  What it keeps until it is published is in the
 * folder that it writes to, or in the state folder. */
static sm_code sink_outside(sm_flow *f, sm_sink *k, sm_error *err)
{
    const sm_plan_dataset *t = f->target;

    k->ops = sm_sink_find(f->env->q->sinks, t->source_type);
    if (k->ops == NULL)
        return sm_fail(err, SM_E_INVALID, 0, "there is no sink of type \"%.*s\"",
                       SM_SV_ARG(t->source_type));
    k->path = sm_json_get_sv(t->source_config, "path", SM_SV(""));
    if (k->path.len > 0) {
        const char *path =
            sm_path_absolute(f->arena, sm_path_join(f->arena, f->env->q->base_dir, k->path), err);
        if (path == NULL)
            return err->code;
        k->path = sm_sv_cstr(path);
    } else {
        k->path = sm_sv_cstr(sm_path_join(f->arena, f->env->q->state_dir, SM_SV("outbox")));
    }
    k->mode = SM_WRITE_APPEND; /* also when all rows are sent again: others write there too */
    k->replace_schema = false;
    k->connections = f->env->q->connections;
    k->stopping = f->env->stopping;
    k->stopping_ctx = f->env->ctx;
    k->give_up = f->env->q->give_up;
    k->config = sm_arena_alloc(f->arena, k->ops->config_size, _Alignof(max_align_t), 1);
    return sm_options_fill(k->ops->options, t->source_config, k->config, f->arena, err);
}

static sm_code sink_open(sm_flow *f, sm_error *err)
{
    const sm_plan_dataset *t = f->target;
    sm_sink *k = &f->sink;
    sm_write_mode usual = sm_flow__usual_mode(f->plan);

    *k = (sm_sink){ .ops = sm_sink_find(f->env->q->sinks, SM_SV("delta")),
                    .name = t->name,
                    .outside = t->kind == SM_DATASET_SINK,
                    .flow = f->plan->name,
                    .pipeline = f->whole->pipeline,
                    .generation = f->uuid,
                    .images = f->env->q->images,
                    .schema = &t->schema,
                    .partition_by = t->partition_by.items,
                    .partition_count = t->partition_by.n,
                    .description = t->description,
                    .properties = t->properties,
                    .mode = f->refresh ? SM_WRITE_OVERWRITE : usual,
                    .merge_keys = f->plan->merge_keys.items,
                    .merge_key_count = f->plan->merge_keys.n,
                    .replace_schema = f->plan->kind == SM_FLOW_OVERWRITE || f->refresh,
                    .arena = f->arena };
    assert(k->ops != NULL);
    if (t->kind != SM_DATASET_SINK)
        k->path = sm_sv_cstr(sm_path_join(f->arena, f->env->q->storage_dir, t->path));
    else if (sink_outside(f, k, err) != SM_OK)
        return sm_wrap(err, "sink \"%.*s\"", SM_SV_ARG(t->name));
    if (sm_flow__sink_memory(f, k, err) != SM_OK)
        return err->code;
    f->sink_open = true;
    return sm_sink_open(k, err);
}

/* ---- session --------------------------------------------------------------------- */

sm_code sm_flow__need_session(sm_flow *f, sm_error *err)
{
    sm_engine *engine = NULL;
    sm_code rc;

    if (f->session != NULL)
        return SM_OK;
    if ((rc = f->env->engine(f->env->ctx, &engine, err)) != SM_OK ||
        (rc = sm_session_open(engine, &f->session, err)) != SM_OK)
        return rc;
    f->env->session_opened(f->env->ctx, f->session);
    if (f->env->stopping(f->env->ctx)) /* who asked before now could interrupt nothing */
        return sm_fail(err, SM_E_CANCELLED, 0, "asked to stop");
    return sm_flow__register_rules(f, err);
}

void sm_flow__close_session(sm_flow *f)
{
    sm_flow__unregister_rules(f);
    sm_flow__leave_stages(f);
    if (f->session == NULL)
        return;
    f->env->session_closing(f->env->ctx, f->session);
    sm_session_close(f->session);
    f->session = NULL;
}

/* ---- the flow -------------------------------------------------------------------- */

sm_code sm_flow__open(sm_flow *f, sm_error *err)
{
    sm_code rc;

    f->arena = sm_arena_new("flow");
    f->scratch = sm_arena_new("batch");
    f->horizon = sm_arena_new("horizon");
    if (f->side == NULL)
        f->side = sm_plan_quarantine_of(f->whole, f->target);
    f->late = f->replays ? NULL : sm_plan_late_of(f->whole, f->target);
    sm_flow__bind_inputs(f);
    sm_flow__set_result(f);
    if ((rc = generation_load(f, err)) != SM_OK || (rc = sink_open(f, err)) != SM_OK ||
        (rc = sm_flow__open_side(f, err)) != SM_OK || (rc = sm_flow__open_late(f, err)) != SM_OK ||
        (rc = sm_flow__resume(f, err)) != SM_OK)
        goto done;
    rc = sm_flow__open_inputs(f, err);
done:
    if (rc != SM_OK)
        sm_wrap(err, "flow \"%.*s\"", SM_SV_ARG(f->plan->name));
    return rc;
}

void sm_flow__close_inputs(sm_flow *f)
{
    for (size_t i = 0; f->inputs != NULL && i < f->plan->n_inputs; i++)
        if (f->inputs[i].open)
            sm_source_close(&f->inputs[i].source);
    f->inputs = NULL;
}

void sm_flow__close(sm_flow *f)
{
    if (f->arena == NULL) /* never opened, or closed already */
        return;
    sm_flow__remember_stages(f);
    sm_flow__close_inputs(f);
    if (f->sink_open)
        sm_sink_close(&f->sink);
    if (f->side_open)
        sm_sink_close(&f->side_sink);
    if (f->late_open)
        sm_sink_close(&f->late_sink);
    sm_flow__close_session(f);
    sm_arena_free(f->horizon);
    sm_arena_free(f->scratch);
    sm_arena_free(f->arena);
    f->horizon = f->scratch = f->arena = NULL;
    f->stages = NULL;
}
