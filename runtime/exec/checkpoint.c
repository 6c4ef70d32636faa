/* SPDX-License-Identifier: Apache-2.0 */
/* checkpoint.c -- reset and adopt: a person begins a new life of a flow's checkpoint.
 *
 * Both take the pipeline's lock, so that no run is under way, and write one transaction. */
#include "runtime/exec/checkpoint.h"

#include "runtime/base/clock.h"
#include "runtime/base/failpoint.h"
#include "runtime/base/fs.h"
#include "runtime/base/hash.h"
#include "runtime/exec/flow_int.h"
#include "runtime/ops/ops.h"

typedef struct act {
    const sm_run_request *q;
    const sm_plan_flow *flow;
    const sm_plan_dataset *target;
    sm_owner_lock *lock;
    sm_owner owner;
    sm_arena *a;
} act;

static sm_code act_begin(act *t, const sm_run_request *q, sm_sv flow, sm_error *err)
{
    sm_code rc;

    *t = (act){ .q = q, .flow = sm_plan_find_flow(q->plan, flow) };
    if (t->flow == NULL)
        return sm_fail(err, SM_E_NOT_FOUND, 0,
                       "there is no flow \"%.*s\"; `smelt checkpoint "
                       "list` prints them",
                       SM_SV_ARG(flow));
    t->target = &q->plan->datasets[t->flow->target];
    t->a = sm_arena_new("checkpoint act");
    rc = sm_owner__take(q->store, q->state_dir, q->plan->pipeline, &t->lock, &t->owner, err);
    return rc != SM_OK ? rc : sm_owner__declare(q, &t->owner, t->a, err);
}

static void act_end(act *t)
{
    sm_owner__release(t->lock);
    sm_arena_free(t->a);
}

sm_code sm_checkpoint_reset(const sm_run_request *q, sm_sv flow, sm_error *err)
{
    act t;
    sm_code rc = act_begin(&t, q, flow, err);

    if (rc == SM_OK) {
        sm_generation_switch w = { .flow = t.flow->name,
                                   .target = t.target->name,
                                   .uuid = sm_uuid4(t.a),
                                   .why = SM_GENERATION_RESET };

        rc = sm_store_generation_begin(q->store, &t.owner, &w, 1, NULL, err);
    }
    act_end(&t);
    return rc;
}

/* ---- adopt ----------------------------------------------------------------------- */

/* What the table's log says of the flow, whatever the generation. */
static sm_code look_at_table(act *t, sm_target_state *out, sm_error *err)
{
    if (t->target->kind == SM_DATASET_SINK)
        return sm_fail(err, SM_E_INVALID, 0,
                       "\"%.*s\" is a sink, and does not say where its flow ended; `smelt "
                       "checkpoint reset %.*s` lets it send all rows again",
                       SM_SV_ARG(t->target->name), SM_SV_ARG(t->flow->name));
    sm_sink k = { .ops = sm_sink_find(t->q->sinks, SM_SV("delta")),
                  .name = t->target->name,
                  .flow = t->flow->name,
                  .generation = SM_SV(""),
                  .path = sm_sv_cstr(sm_path_join(t->a, t->q->storage_dir, t->target->path)),
                  .images = t->q->images,
                  .schema = &t->target->schema,
                  .partition_by = t->target->partition_by.items,
                  .partition_count = t->target->partition_by.n,
                  .arena = t->a };
    sm_code rc = sm_sink_open(&k, err);

    if (rc == SM_OK)
        rc = sm_sink_inspect(&k, t->a, out, err);
    sm_sink_close(&k);
    if (rc != SM_OK)
        return rc;
    if (!out->other_generation || out->other_offsets == NULL)
        return sm_fail(err, SM_E_NOT_FOUND, 0,
                       "the log of table \"%.*s\" does not say where flow \"%.*s\" ended",
                       SM_SV_ARG(t->target->name), SM_SV_ARG(t->flow->name));
    return SM_OK;
}

/* Let a source that tracks what it saw treat everything up to there as read. */
static sm_code adopt_source(act *t, const sm_plan_dataset *d, sm_sv uuid, int64_t generation,
                            const sm_json *offset, sm_error *err)
{
    sm_source s = { .ops = sm_source_find(t->q->sources, d->source_type),
                    .name = d->name,
                    .flow = t->flow->name,
                    .generation = uuid,
                    .generation_id = generation,
                    .base_dir = t->q->base_dir,
                    .connections = t->q->connections,
                    .images = t->q->images,
                    .schema = &d->schema,
                    .store = t->q->store,
                    .owner = &t->owner,
                    .arena = t->a };
    sm_code rc;

    s.config = sm_arena_alloc(t->a, s.ops->config_size, _Alignof(max_align_t), 1);
    rc = sm_options_fill(s.ops->options, d->source_config, s.config, t->a, err);
    if (rc != SM_OK)
        return rc;
    if ((rc = sm_source_open(&s, err)) == SM_OK)
        rc = sm_source_adopt(&s, offset, err);
    sm_source_close(&s);
    return rc;
}

static sm_code adopt_sources(act *t, const sm_generation_switch *w, const sm_json *offsets,
                             sm_error *err)
{
    sm_code rc = SM_OK;

    for (size_t i = 0; rc == SM_OK && i < t->flow->n_inputs; i++) {
        const sm_plan_dataset *d = &t->q->plan->datasets[t->flow->inputs[i].dataset];
        const sm_json *at = sm_json_get_by(offsets, d->name);

        if (d->kind == SM_DATASET_SOURCE && t->flow->inputs[i].mode == SM_INPUT_STREAM &&
            !sm_json_is_null(at))
            rc = adopt_source(t, d, w->uuid, w->reserved, at, err);
    }
    return rc;
}

/* A generation whose batch 0 is done and wrote nothing: it only says where the table ended. */
static sm_code write_adoption(act *t, const sm_generation_switch *w, const sm_target_state *found,
                              sm_error *err)
{
    sm_batch_rec rec = { .flow = t->flow->name,
                         .state = SM_BATCH_DONE,
                         .attempt = 1,
                         .timestamp_ms = sm_clock_now_ms(),
                         .start_offsets = SM_SV("{}"),
                         .end_offsets = sm_json_text(found->other_offsets, t->a),
                         .read_versions = SM_SV("{}"),
                         .plan_fingerprint = t->flow->fingerprint,
                         .counters = SM_SV("{}"),
                         .expectations = SM_SV("[]") };
    sm_decision d = { .switches = w, .n_switches = 1, .records = &rec, .n_records = 1 };
    sm_code rc = sm_store_decide(t->q->store, &t->owner, &d, err);

    if (rc != SM_OK)
        return rc;
    sm_failpoint("reset.after_switch");
    return sm_store_table_seen(t->q->store, &t->owner, t->target->name, found->table_id,
                               found->version, SM_SV(""), SM_SV(""), err);
}

static sm_code adopt(act *t, sm_arena *a, sm_adopted *out, sm_error *err)
{
    sm_generation_switch w = { .flow = t->flow->name,
                               .target = t->target->name,
                               .uuid = sm_uuid4(t->a),
                               .why = SM_GENERATION_ADOPT };
    sm_target_state found;
    sm_code rc;

    if (sm_ops_remembers(t->flow->stages, t->flow->n_stages))
        return sm_fail(
            err, SM_E_INVALID, 0,
            "flow \"%.*s\" remembers rows between its batches, and a table does not hold "
            "those: bring the state folder back, or rebuild with `smelt run "
            "--full-refresh %.*s`",
            SM_SV_ARG(t->flow->name), SM_SV_ARG(t->target->name));
    if ((rc = look_at_table(t, &found, err)) != SM_OK ||
        (rc = sm_store_generation_reserve(t->q->store, &t->owner, &w, &w.reserved, err)) != SM_OK ||
        (rc = adopt_sources(t, &w, found.other_offsets, err)) != SM_OK ||
        (rc = write_adoption(t, &w, &found, err)) != SM_OK)
        return rc;
    out->generation = sm_arena_dup(a, found.other_id);
    out->batch = found.other_batch;
    out->offsets = sm_json_copy(a, found.other_offsets);
    return SM_OK;
}

sm_code sm_checkpoint_adopt(const sm_run_request *q, sm_sv flow, sm_arena *a, sm_adopted *out,
                            sm_error *err)
{
    act t;
    sm_code rc = act_begin(&t, q, flow, err);

    if (rc == SM_OK)
        rc = adopt(&t, a, out, err);
    act_end(&t);
    return rc;
}
