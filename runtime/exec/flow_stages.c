/* SPDX-License-Identifier: Apache-2.0 */
/* flow_stages.c -- a flow that remembers: its stages within the life of a batch (flow.c).
 *
 *     planned     late and eviction watermark are fixed; without new rows a batch follows when
 *                 the mark has moved and a stage has something to do with it (C1, R11)
 *     running     the stages run over the inputs and put out what the last SELECT reads; their
 *                 files are written and synced
 *     decided     the record names the files and both watermarks
 *     done        files that it does not name go
 *
 * A batch that runs no stage (a description, a skip) takes the record before over as it is.  Until
 * a batch is decided nothing that the last record names is touched, so an attempt that fails, or a
 * decision that is taken back, costs a load from the files and no more. */
#include "runtime/exec/flow_stages.h"

#include "runtime/base/fs.h"
#include "runtime/base/limit.h"
#include "runtime/base/log.h"
#include "runtime/exec/run_memory.h"

enum { MAX_STATE_FILES = 1000000 };

/* ---- open, close ----------------------------------------------------------------- */

static void stages_release(void *stages)
{
    sm_flow_stages *s = stages;

    sm_ops_close(s->ops);
    sm_buf_release(&s->record);
    sm_buf_release(&s->next_record);
    sm_buf_release(&s->gone);
}

/* What the last record says, or nothing. */
static sm_code stages_take(sm_flow *f, const sm_batch_rec *last, sm_error *err)
{
    sm_flow_stages *s = f->stages;
    sm_json *marks = NULL;
    sm_error why;

    sm_buf_clear(&s->record);
    sm_watermarks_init(&s->marks, f->plan, f->arena);
    sm_watermarks_init(&s->coming, f->plan, f->arena);
    sm_flow_lateness_init(&s->lateness, f->plan, f->arena);
    sm_flow_lateness_init(&s->coming_lateness, f->plan, f->arena);
    if (last == NULL)
        return SM_OK;
    sm_buf_add(&s->record, last->stages);
    sm_flow_lateness_read(&s->lateness, f->plan, last->lateness, f->scratch);
    if (last->watermarks.len == 0)
        return SM_OK;
    if (sm_json_parse(last->watermarks, f->arena, &marks, &why) != SM_OK)
        return sm_fail(err, SM_E_CORRUPT, 0, "the stored watermarks cannot be read: %s", why.msg);
    sm_watermarks_read(&s->marks, f->plan, marks);
    return SM_OK;
}

static sm_sv memory_name(const sm_flow *f, size_t stage)
{
    return sm_arena_printf(f->arena, "%.*s/%.*s", SM_SV_ARG(f->uuid),
                           SM_SV_ARG(f->plan->stages[stage].name));
}

/* How far each input had come in an earlier run of this program. */
static void recall_stages(sm_flow *f)
{
    sm_run_memory *m = f->env->q->memory;

    for (size_t i = 0; m != NULL && i < f->plan->n_stages; i++)
        f->stages->marks.seen_us[i] = sm_run_memory_get(m, memory_name(f, i), SM_OPS_NO_TIME);
}

void sm_flow__remember_stages(sm_flow *f)
{
    sm_run_memory *m = f->env->q->memory;

    for (size_t i = 0; f->stages != NULL && m != NULL && i < f->plan->n_stages; i++)
        if (f->plan->stages[i].kind == SM_STAGE_WATERMARK)
            sm_run_memory_set(m, memory_name(f, i), f->stages->marks.seen_us[i]);
}

sm_code sm_flow__open_stages(sm_flow *f, const sm_batch_rec *last, sm_error *err)
{
    sm_code rc;

    if (f->plan->n_stages == 0 &&
        (last == NULL || last->stages.len == 0 || f->plan->kind == SM_FLOW_OVERWRITE))
        return SM_OK; /* a view that is computed anew needs nothing of what it remembered */
    f->stages = SM_NEW(f->arena, sm_flow_stages);
    sm_arena_defer(f->arena, stages_release, f->stages);
    sm_buf_init(&f->stages->record, SM_STORE_MANIFEST_MAX);
    sm_buf_init(&f->stages->next_record, SM_STORE_MANIFEST_MAX);
    sm_buf_init(&f->stages->gone, SM_STORE_MANIFEST_MAX);
    if ((rc = stages_take(f, last, err)) == SM_OK)
        recall_stages(f);
    return rc;
}

void sm_flow__leave_stages(sm_flow *f)
{
    if (f->stages == NULL)
        return;
    sm_ops_close(f->stages->ops);
    f->stages->ops = NULL;
}

static sm_sv state_folder(const sm_flow *f, sm_arena *a)
{
    return sm_ops_folder(f->env->q->state_dir, f->whole->pipeline, f->plan->name, a);
}

static sm_sv generation_folder(const sm_flow *f, sm_arena *a)
{
    return sm_arena_printf(a, "%.*s/%.*s", SM_SV_ARG(state_folder(f, a)), SM_SV_ARG(f->uuid));
}

/* The stages of the plan in force, with what the record says; refuses those of another query. */
static sm_code stages_ready(sm_flow *f, sm_error *err)
{
    sm_flow_stages *s = f->stages;
    sm_ops_config c = { .stages = f->plan->stages,
                        .n_stages = f->plan->n_stages,
                        .flow = f->plan->name,
                        .table = f->target->name };
    sm_json *record = NULL;
    sm_error why;

    if (s->ops != NULL)
        return SM_OK;
    if (s->record.len > 0 &&
        sm_json_parse(sm_buf_sv(&s->record), f->scratch, &record, &why) != SM_OK)
        return sm_fail(err, SM_E_CORRUPT, 0, "the stored state cannot be read: %s", why.msg);
    c.folder = generation_folder(f, f->scratch);
    if (sm_flow__fetch_state(f, c.folder, sm_buf_sv(&s->record), err) != SM_OK)
        return sm_wrap(err, "what flow \"%.*s\" remembers", SM_SV_ARG(f->plan->name));
    return sm_ops_open(&c, record, &s->ops, err);
}

/* ---- planned ----------------------------------------------------------------------- */

sm_code sm_flow__plan_stages(sm_flow *f, sm_batch *b, sm_error *err)
{
    const sm_flow_stages *s = f->stages;
    int64_t mark;
    sm_code rc;

    if (s == NULL)
        return SM_OK;
    if ((rc = stages_ready(f, err)) != SM_OK)
        return rc;
    mark = sm_watermarks_mark(&s->marks, f->plan, b->time_ms);
    b->late_us = s->marks.final_us;
    b->final_us = mark;
    b->follows = f->next > 0 && f->plan->no_data_batches && mark != SM_OPS_NO_TIME &&
                 mark > s->marks.final_us && sm_ops_follows(f->plan->stages, f->plan->n_stages);
    return SM_OK;
}

/* ---- running ----------------------------------------------------------------------- */

static bool inputs_columnar(const sm_flow *f)
{
    bool columnar = true;

    for (size_t i = 0; i < f->plan->n_inputs; i++)
        if (f->inputs[i].plan->mode == SM_INPUT_STREAM)
            columnar &= sm_source_columnar(&f->inputs[i].source);
    return columnar;
}

sm_code sm_flow__run_stages(sm_flow *f, sm_batch *b, sm_error *err)
{
    sm_flow_stages *s = f->stages;
    sm_ops_batch o = { .n = b->n,
                       .time_us = b->time_ms * 1000,
                       .late_us = b->late_us,
                       .final_us = b->final_us,
                       .columnar = inputs_columnar(f),
                       .has_input = b->moved || b->n == 0,
                       .session = f->session };
    const sm_ops_count *counts;
    sm_code rc;

    if (s == NULL)
        return SM_OK;
    o.newest_us = sm_flow_lateness_newest(&s->lateness, f->plan, f->scratch);
    if ((rc = stages_ready(f, err)) != SM_OK || (rc = sm_ops_run(s->ops, &o, err)) != SM_OK)
        return rc;
    counts = sm_ops_counts(s->ops);
    for (size_t i = 0; i < f->plan->n_stages; i++) {
        b->counts.late += counts[i].late;
        b->counts.duplicate += counts[i].duplicate;
    }
    sm_watermarks_copy(&s->coming, &s->marks, f->plan);
    s->coming.late_us = b->late_us;
    s->coming.final_us = b->final_us;
    sm_watermarks_observe(&s->coming, f->plan, counts, b->time_ms);
    sm_flow_lateness_copy(&s->coming_lateness, &s->lateness, f->plan);
    sm_flow_lateness_observe(&s->coming_lateness, f->plan, counts);
    return SM_OK;
}

sm_code sm_flow__save_stages(sm_flow *f, sm_batch *b, sm_error *err)
{
    sm_flow_stages *s = f->stages;
    const sm_json *record;
    sm_code rc;

    if (s == NULL)
        return SM_OK;
    if ((rc = sm_ops_save(s->ops, f->scratch, &record, err)) != SM_OK)
        return rc;
    sm_buf_clear(&s->next_record);
    sm_buf_add(&s->next_record, sm_json_text(record, f->scratch));
    b->staged = true;
    if ((rc = sm_buf_check(&s->next_record, "the record of what a flow remembers", err)) != SM_OK)
        return rc;
    return sm_flow__keep_state(f, generation_folder(f, f->scratch), sm_buf_sv(&s->record),
                               sm_buf_sv(&s->next_record), err);
}

void sm_flow__drop_stages(sm_flow *f)
{
    if (f->stages != NULL && f->stages->ops != NULL)
        sm_ops_drop(f->stages->ops);
}

/* ---- decided, done ------------------------------------------------------------------- */

void sm_flow__record_stages(const sm_flow *f, const sm_batch *b, sm_batch_rec *r)
{
    const sm_flow_stages *s = f->stages;

    if (s == NULL)
        return;
    r->stages = sm_buf_sv(b->staged ? &s->next_record : &s->record);
    r->watermarks = sm_json_text(
        sm_watermarks_json(b->staged ? &s->coming : &s->marks, f->plan, f->scratch), f->scratch);
    r->lateness =
        sm_flow_lateness_text(b->staged ? &s->coming_lateness : &s->lateness, f->plan, f->scratch);
}

void sm_flow__keep_stages(sm_flow *f, const sm_batch *b)
{
    sm_flow_stages *s = f->stages;

    if (s == NULL || !b->staged)
        return;
    sm_ops_keep(s->ops);
    sm_flow__note_gone(f, generation_folder(f, f->scratch), sm_buf_sv(&s->record),
                       sm_buf_sv(&s->next_record), &s->gone);
    sm_watermarks_copy(&s->marks, &s->coming, f->plan);
    sm_flow_lateness_copy(&s->lateness, &s->coming_lateness, f->plan);
    sm_buf_clear(&s->record);
    sm_buf_add(&s->record, sm_buf_sv(&s->next_record));
}

/* The state of generations that are over.  What cannot be removed is met again at the next run. */
static sm_code sweep_generations(sm_flow *f, sm_error *err)
{
    sm_sv folder = state_folder(f, f->scratch);
    sm_fs_entry *found;
    size_t n = 0;
    sm_code rc = sm_fs_list(sm_arena_cstr(f->scratch, folder), false, f->scratch, &found, &n, err);

    if (rc == SM_E_NOT_FOUND)
        return SM_OK;
    for (size_t i = 0; rc == SM_OK && i < n; i++)
        if (!sm_sv_eq(found[i].name, f->uuid))
            rc = sm_fs_remove_tree(sm_path_join(f->scratch, folder, found[i].name), MAX_STATE_FILES,
                                   err);
    return rc;
}

void sm_flow__sweep_stages(sm_flow *f)
{
    sm_flow_stages *s = f->stages;
    sm_error err;

    if (s != NULL && s->ops != NULL)
        sm_ops_sweep(s->ops);
    if (s != NULL)
        sm_flow__drop_gone(f, &s->gone);
    if ((s == NULL || s->swept) && !f->refresh)
        return;
    if (sweep_generations(f, &err) != SM_OK)
        sm_log(SM_LOG_WARN, "exec", "flow=%.*s old state could not be removed: %s",
               SM_SV_ARG(f->plan->name), err.msg);
    if (s != NULL)
        s->swept = true;
}

sm_code sm_flow__retake_stages(sm_flow *f, sm_error *err)
{
    sm_position pos;
    sm_code rc;

    if (f->stages == NULL)
        return SM_OK;
    sm_flow__leave_stages(f);
    sm_flow__remember_stages(f); /* how far the inputs have come is none of what was taken back */
    if ((rc = sm_store_position(f->env->q->store, f->env->owner.pipeline, f->plan->name, f->scratch,
                                &pos, err)) != SM_OK ||
        (rc = stages_take(f, pos.has_last ? &pos.last : NULL, err)) != SM_OK)
        return rc;
    recall_stages(f);
    return SM_OK;
}
