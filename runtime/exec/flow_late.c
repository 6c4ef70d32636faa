/* SPDX-License-Identifier: Apache-2.0 */
/* flow_late.c -- rows that came too late for a stage: a further target of the flow's batches.
 *
 * Stages count them while they run; only a batch that has some writes them, into files of the table
 * <table>__late that are in the batch's one manifest.  It is published after the table and its
 * quarantine and, like that, never stands in the way.  Its table is made by its first row, and has
 * the same columns for ever, so flows of one table need not wait for each other. */
#include "runtime/exec/flow_stages.h"

#include "runtime/base/fs.h"
#include "runtime/base/limit.h"
#include "runtime/base/sqltext.h"

sm_code sm_flow__open_late(sm_flow *f, sm_error *err)
{
    const sm_plan_dataset *d = f->late;
    bool overwrite = f->refresh && f->env->q->with_quarantine;

    if (d == NULL)
        return SM_OK;
    f->late_sink =
        (sm_sink){ .ops = sm_sink_find(f->env->q->sinks, SM_SV("delta")),
                   .name = d->name,
                   .flow = f->plan->name,
                   .generation = f->uuid,
                   .path = sm_sv_cstr(sm_path_join(f->arena, f->env->q->storage_dir, d->path)),
                   .images = f->env->q->images,
                   .schema = &d->schema,
                   .description = d->description,
                   .mode = overwrite ? SM_WRITE_OVERWRITE : SM_WRITE_APPEND,
                   .replace_schema = overwrite,
                   .side = true,
                   .arena = f->arena };
    if (sm_flow__sink_memory(f, &f->late_sink, err) != SM_OK)
        return err->code;
    f->late_open = true;
    return sm_sink_open(&f->late_sink, err);
}

/* Without late rows only what is replaced, and had some, has something to do. */
static sm_code nothing_late(sm_flow *f, sm_sv *out, sm_error *err)
{
    sm_target_state t;
    sm_code rc;

    *out = SM_SV("");
    if (f->late_sink.mode != SM_WRITE_OVERWRITE)
        return SM_OK;
    if ((rc = sm_sink_inspect(&f->late_sink, f->scratch, &t, err)) != SM_OK || !t.exists)
        return rc;
    return sm_plan_empty_select(&f->late->schema, f->scratch, out, err);
}

static sm_code late_select(sm_flow *f, const sm_batch *batch, sm_sv *out, sm_error *err)
{
    sm_buf b;
    sm_code rc;

    sm_buf_init(&b, SM_LIMIT_BATCH_SQL);
    sm_buf_addf(&b,
                "SELECT _stage, _event_time, _watermark, _lateness, _row, %lld::BIGINT AS "
                "_run_id, ",
                (long long)f->env->run_number);
    sm_sql_literal(&b, f->plan->name);
    sm_buf_addf(&b, " AS _flow, %lld::BIGINT AS _batch_id FROM (", (long long)batch->n);
    sm_ops_late_rows(f->stages->ops, &b);
    sm_buf_addc(&b, ')');
    if ((rc = sm_buf_check(&b, "the SQL of late rows", err)) == SM_OK)
        *out = sm_arena_dup(f->scratch, sm_buf_sv(&b));
    sm_buf_release(&b);
    return rc;
}

sm_code sm_flow__keep_late(sm_flow *f, sm_batch *b, sm_error *err)
{
    int64_t bytes, written = 0;
    sm_sv select = SM_SV("");
    sm_code rc;

    if (f->late == NULL || f->stages == NULL || !f->plan->keeps_late)
        return SM_OK;
    rc = b->counts.late > 0 ? late_select(f, b, &select, err) : nothing_late(f, &select, err);
    if (rc != SM_OK || select.len == 0)
        return rc;
    f->late_sink.session = f->session;
    rc = sm_sink_prepare(&f->late_sink, select, b->manifest, &written, &bytes, err);
    f->late_sink.session = NULL;
    if (rc == SM_OK && written != b->counts.late)
        rc = sm_fail(err, SM_E_SQL, 0, "%lld rows came too late, and %lld were kept",
                     (long long)b->counts.late, (long long)written);
    return rc;
}

sm_code sm_flow__publish_late(sm_flow *f, sm_batch *b, sm_error *err)
{
    return sm_flow__publish_beside(b, f->late, &f->late_sink, &b->late_version, err);
}
