/* SPDX-License-Identifier: Apache-2.0 */
/* flow.c -- run one flow, one micro-batch at a time.
 *
 * THE LIFE OF BATCH n
 *
 *     running     read, prepare, verify inputs, judge rules; files lie under their
 *                 final, unique names, and nothing counts
 *     decided     one SQLite transaction holds offsets, what was read and the
 *                 manifest; from here on nothing undoes it
 *     published   the log of each target holds txn(generation, n): of the table, then of its
 *                 quarantine and its late rows, if the batch has something for them
 *     done        the record is closed; counters and events are written
 *
 *     found at start        what the flow does
 *     -------------------   -------------------------------------------------
 *     n done                resume.c compares store and target; plan n + 1
 *     n decided, not done   roll forward: publish the manifest unless the target's
 *                           txn >= n, mark done; no query, no source
 *     nothing for n         plan n, over any range; the dead attempt left orphans
 *
 * Invariants; flow_check() asserts what can be seen from here:
 *   (1) All that a manifest names is durable, with its directory, before decided.
 *   (2) A decided manifest never changes.  It can be voided, in one transaction, only
 *       while no target has published it.
 *   (3) After decided, sources and sinks have no engine: nothing is computed twice.
 *   (4) At most one batch is between decided and done; numbers grow by one.
 *   (5) The manifest of the last done batch is kept until the next one is done.
 *   (6) Every record is written under the owner epoch.
 *   (7) Cancellation is looked at only while running.
 *
 * An attempt that fails before decided removes its own files.  A failed decide removes
 * nothing: whether the record was written is known only at the next look at the store. */
#include "runtime/exec/flow_int.h"

#include <assert.h>

#include "runtime/base/clock.h"
#include "runtime/base/cpu_meter.h"
#include "runtime/base/failpoint.h"
#include "runtime/base/log.h"

static void flow_check(const sm_flow *f, const sm_batch *b)
{
    assert(f->generation > 0);
    assert(b->n == f->next);
    assert(b->state == SM_BATCH_RUNNING || f->sink.session == NULL);
}

/* ---- planned ------------------------------------------------------------------- */

sm_code sm_flow__load_decided(sm_flow *f, sm_batch *b, sm_error *err)
{
    sm_position pos;
    sm_json *start = NULL;
    sm_code rc;

    if ((rc = sm_store_position(f->env->q->store, f->env->owner.pipeline, f->plan->name, f->scratch,
                                &pos, err)) != SM_OK ||
        (rc = sm_json_parse(pos.last.start_offsets, f->scratch, &start, err)) != SM_OK)
        return rc;
    assert(pos.has_last && pos.last.state == SM_BATCH_DECIDED);
    b->start = start;
    b->n = pos.last.n;
    b->time_ms = pos.last.timestamp_ms;
    b->state = SM_BATCH_DECIDED;
    b->rolled_forward = true;
    sm_flow__counts_read(f, b, pos.last.counters, pos.last.expectations);
    return sm_manifest_parse(f->scratch, pos.last.manifest, &b->manifest, err);
}

/* Ask each stream how far this batch goes; *moved: there is something new. */
static sm_code plan_streams(sm_flow *f, sm_json *start, sm_json *end, bool *moved, sm_error *err)
{
    for (size_t i = 0; i < f->plan->n_inputs; i++) {
        sm_flow_input *in = &f->inputs[i];
        const sm_json *to = NULL;
        sm_code rc;

        if (in->plan->mode != SM_INPUT_STREAM)
            continue;
        if ((rc = sm_source_latest(&in->source, in->done, in->until, f->scratch, &to, err)) !=
            SM_OK)
            return rc;
        if (!sm_json_equal(in->done, to))
            *moved = true;
        sm_json_set_sv(start, in->dataset->name, sm_json_copy(f->scratch, in->done));
        sm_json_set_sv(end, in->dataset->name, sm_json_copy(f->scratch, to));
    }
    return SM_OK;
}

static sm_code plan_snapshots(sm_flow *f, sm_json *reads, sm_error *err)
{
    for (size_t i = 0; i < f->plan->n_inputs; i++) {
        sm_flow_input *in = &f->inputs[i];
        const sm_json *at = NULL;
        sm_code rc;

        if (in->plan->mode != SM_INPUT_SNAPSHOT)
            continue;
        if ((rc = sm_source_position(&in->source, f->scratch, &at, err)) != SM_OK)
            return rc;
        sm_json_set_sv(reads, in->dataset->name, sm_json_copy(f->scratch, at));
    }
    return SM_OK;
}

/* Is there a reason to run a batch over what plan_streams() and plan_snapshots() found? */
static bool batch_is_due(const sm_flow *f, bool moved, const sm_json *reads)
{
    if (f->refresh)
        return true;
    if (f->plan->once && f->once_done)
        return false;
    if (f->plan->kind == SM_FLOW_OVERWRITE)
        return f->next == 0 || !sm_json_equal(reads, f->last_reads) ||
               !sm_sv_eq(f->last_fingerprint, f->plan->fingerprint);
    return moved || (f->plan->once && f->n_streams == 0);
}

int64_t sm_flow__batch_time(const sm_flow *f)
{
    int64_t now = sm_clock_now_ms();

    return now > f->last_time ? now : f->last_time + 1;
}

static sm_code batch_plan(sm_flow *f, sm_batch *b, sm_error *err)
{
    sm_json *start = sm_json_object(f->scratch);
    sm_json *end = sm_json_object(f->scratch);
    sm_json *reads = sm_json_object(f->scratch);
    bool moved = false;
    sm_code rc;

    if ((rc = plan_streams(f, start, end, &moved, err)) != SM_OK ||
        (rc = plan_snapshots(f, reads, err)) != SM_OK)
        return rc;
    b->n = f->next;
    b->start = start;
    b->end = end;
    b->reads = reads;
    b->time_ms = sm_flow__batch_time(f);
    b->moved = moved;
    if ((rc = sm_flow__plan_stages(f, b, err)) != SM_OK)
        return rc;
    b->state = batch_is_due(f, moved || b->follows, reads) ? SM_BATCH_RUNNING : SM_BATCH_IDLE;
    if (b->state == SM_BATCH_IDLE && f->next > 0 && !f->described && !sm_sink_described(&f->sink)) {
        b->state = SM_BATCH_RUNNING;
        b->describes = true;
    }
    return SM_OK;
}

static sm_code flow_next_batch(sm_flow *f, sm_batch *b, sm_error *err)
{
    sm_arena_reset(f->scratch);
    *b = (sm_batch){ .attempt = b->attempt + 1,
                     .version = -1,
                     .side_version = -1,
                     .late_version = -1,
                     .started_ms = sm_clock_now_ms() };
    sm_flow__enter(b, SM_PHASE_PLAN);
    if (f->decided)
        return sm_flow__load_decided(f, b, err);
    return batch_plan(f, b, err);
}

/* ---- running --------------------------------------------------------------------- */

static sm_code input_read(sm_flow *f, const sm_batch *b, sm_flow_input *in, sm_error *err)
{
    sm_source *s = &in->source;
    sm_sv name = in->dataset->name;

    s->session = f->session;
    s->batch_time_ms = b->time_ms;
    if (in->plan->mode == SM_INPUT_STREAM)
        return sm_source_read(s, in->done, sm_json_get_by(b->end, name), in->plan->relation, err);
    return sm_source_snapshot(s, sm_json_get_by(b->reads, name), in->plan->relation, err);
}

static sm_code inputs_read(sm_flow *f, const sm_batch *b, sm_error *err)
{
    sm_code rc = SM_OK;

    sm_session_set_time(f->session, b->time_ms);
    for (size_t i = 0; rc == SM_OK && i < f->plan->n_inputs; i++)
        rc = input_read(f, b, &f->inputs[i], err);
    return rc;
}

bool sm_flow__counts_input(const sm_flow *f, const sm_flow_input *in)
{
    return in->plan->mode == SM_INPUT_STREAM || f->n_streams == 0;
}

static void count_input(const sm_flow *f, const sm_flow_input *in, sm_batch *b)
{
    const sm_read_report *r = &in->source.report;

    if (!sm_flow__counts_input(f, in))
        return;
    b->counts.read += r->read;
    b->counts.undecodable += r->undecodable;
    b->counts.bytes_in += r->bytes;
    b->counts.files_in += r->files;
    if (r->undecodable > 0 && r->samples != NULL)
        b->bad_records = sm_json_copy(f->scratch, r->samples);
    if (sm_json_len(r->notices) > 0)
        b->notices = sm_json_copy(f->scratch, r->notices);
}

/* Did an input move, or say something wrong, while the query ran? */
static sm_code inputs_verify(sm_flow *f, sm_batch *b, sm_error *err)
{
    sm_code rc = SM_OK;

    for (size_t i = 0; rc == SM_OK && i < f->plan->n_inputs; i++) {
        sm_flow_input *in = &f->inputs[i];
        const sm_json *end = sm_json_get_by(b->end, in->dataset->name);

        if (in->source.session == NULL) /* the attempt ended before it was read */
            continue;
        rc = sm_source_verify(&in->source, in->done, end, err);
        count_input(f, in, b);
    }
    return rc;
}

static void inputs_release(sm_flow *f)
{
    for (size_t i = 0; i < f->plan->n_inputs; i++)
        f->inputs[i].source.session = NULL;
    f->sink.session = NULL;
}

static sm_code run_query(sm_flow *f, sm_batch *b, sm_error *err)
{
    sm_batch_id id = { f->plan->name, f->uuid, b->n, b->time_ms, b->end };
    sm_sv select;
    sm_code rc;

    b->manifest = sm_manifest_new(f->scratch, &id);
    sm_flow__enter(b, SM_PHASE_READ);
    if ((rc = inputs_read(f, b, err)) != SM_OK)
        return rc;
    sm_flow__enter(b, SM_PHASE_COMPUTE);
    if ((rc = sm_flow__run_stages(f, b, err)) != SM_OK ||
        (rc = sm_flow__select(f, &select, err)) != SM_OK)
        return rc;
    if (f->env->stopping(f->env->ctx))
        return sm_fail(err, SM_E_CANCELLED, 0, "asked to stop");
    f->sink.session = f->session;
    f->sink.touched = f->plan->touched;
    rc = sm_sink_prepare(&f->sink, select, b->manifest, &b->counts.written, &b->counts.bytes_out,
                         err);
    sm_flow__move_time(b, SM_PHASE_COMPUTE, SM_PHASE_SYNC, f->sink.synced_us);
    return rc;
}

static void discard_files(sm_flow *f, const sm_batch *b)
{
    sm_flow__drop_stages(f);
    sm_sink_discard(&f->sink, b->manifest);
    if (f->side != NULL)
        sm_sink_discard(&f->side_sink, b->manifest);
    if (f->late != NULL)
        sm_sink_discard(&f->late_sink, b->manifest);
}

/* Descriptions, comments or properties of the file changed, and there are no rows to go with
 * them.  A sibling may have told the table already: then there is no batch. */
static sm_code flow_describe(sm_flow *f, sm_batch *b, sm_error *err)
{
    sm_batch_id id = { f->plan->name, f->uuid, b->n, b->time_ms, b->end };
    sm_code rc;

    f->described = true;
    b->manifest = sm_manifest_new(f->scratch, &id);
    b->expectations = sm_json_array(f->scratch);
    if ((rc = sm_sink_describe(&f->sink, b->manifest, err)) == SM_OK &&
        sm_manifest_is_empty(b->manifest))
        b->state = SM_BATCH_IDLE;
    return rc;
}

/* One pass of SQL.  What a failed attempt wrote is removed here. */
static sm_code flow_compute(sm_flow *f, sm_batch *b, sm_error *err)
{
    sm_error unread;
    sm_code rc;

    sm_flow__enter(b, SM_PHASE_OPEN);
    if ((rc = sm_flow__need_session(f, err)) != SM_OK)
        return rc;
    rc = run_query(f, b, err);
    if (rc == SM_OK)
        rc = inputs_verify(f, b, err);
    else if (rc != SM_E_CANCELLED && inputs_verify(f, b, &unread) != SM_OK) {
        *err = unread; /* the cause: a record or a file that the query could not read */
        rc = unread.code;
    }
    if (rc == SM_OK)
        rc = sm_flow__judge(f, b, err);
    sm_flow__enter(b, SM_PHASE_KEEP);
    if (rc == SM_OK)
        rc = sm_flow__set_aside(f, b, err);
    if (rc == SM_OK)
        rc = sm_flow__keep_late(f, b, err);
    if (rc == SM_OK)
        rc = sm_flow__save_stages(f, b, err);
    inputs_release(f);
    if (rc != SM_OK)
        discard_files(f, b);
    if (rc == SM_E_INVALID && f->env->plan(f->env->ctx) != f->whole)
        return SM_E_AGAIN; /* another flow changed the columns meanwhile */
    return rc == SM_E_AGAIN ? sm_flow__grow(f, err) : rc;
}

/* ---- published, done ------------------------------------------------------------- */

static sm_code flow_publish(sm_flow *f, sm_batch *b, sm_error *err)
{
    sm_code rc;

    f->sink.session = NULL;
    if ((rc = sm_flow__check_targets(f, b, err)) != SM_OK)
        return rc;
    if (sm_manifest_changes(b->manifest, f->target->name) &&
        (rc = sm_sink_publish(&f->sink, b->manifest, &b->version, err)) != SM_OK)
        return rc;
    rc = sm_flow__publish_side(f, b, err);
    return rc != SM_OK ? rc : sm_flow__publish_late(f, b, err);
}

/* A voided batch is planned again from where it began; a flow that found it decided stands at
 * its end. */
static void flow_retreat(sm_flow *f, const sm_batch *b)
{
    for (size_t i = 0; i < f->plan->n_inputs; i++) {
        sm_flow_input *in = &f->inputs[i];
        const sm_json *start = sm_json_get_by(b->start, in->dataset->name);

        if (in->plan->mode == SM_INPUT_STREAM)
            in->done = sm_json_is_null(start) ? NULL : sm_json_copy(f->arena, start);
    }
    f->last_reads = NULL; /* a view has nothing that it could leave as it is */
}

/* A foreign commit removed files that this batch removes, before it was published: what it
 * computed does not hold any more.  Back to running. */
static sm_code flow_void(sm_flow *f, sm_batch *b, sm_error *err)
{
    const sm_json *target = sm_manifest_find_target(b->manifest, f->target->name);
    sm_error failed;
    sm_code rc = sm_flow__void(f, b, err->msg, &failed);

    if (rc != SM_OK) {
        *err = failed;
        return rc;
    }
    discard_files(f, b);
    flow_retreat(f, b);
    if (sm_flow__retake_stages(f, &failed) != SM_OK) {
        *err = failed;
        return failed.code;
    }
    f->decided = f->described = false;
    if (f->plan->kind == SM_FLOW_APPEND &&
        (f->plan->output_mode != SM_STAGE_COMPLETE || f->refresh || f->empties) &&
        sm_sv_eq_str(sm_json_get_sv(target, "mode", SM_SV("")), "overwrite")) {
        f->refresh = f->switched = true;
        f->sink.mode = SM_WRITE_OVERWRITE;
        f->sink.replace_schema = true;
    }
    return SM_E_AGAIN;
}

/* Where the next batch begins.  The batch lives in scratch memory, the flow does not. */
static void flow_advance(sm_flow *f, const sm_batch *b)
{
    for (size_t i = 0; b->end != NULL && i < f->plan->n_inputs; i++) {
        sm_flow_input *in = &f->inputs[i];
        const sm_json *end = sm_json_get_by(b->end, in->dataset->name);

        if (in->plan->mode == SM_INPUT_STREAM && !sm_json_is_null(end))
            in->done = sm_json_copy(f->arena, end);
    }
    if (b->reads != NULL)
        f->last_reads = sm_json_copy(f->arena, b->reads);
    if (b->reads != NULL)
        f->last_fingerprint = f->plan->fingerprint;
    f->next = b->n + 1;
    f->last_time = b->time_ms;
    sm_flow__sweep_stages(f);
    f->decided = f->refresh = false;
    f->once_done = f->plan->once && f->n_streams == 0;
    f->ran = true;
    if (f->plan->kind == SM_FLOW_APPEND) {
        f->sink.mode = sm_flow__usual_mode(f->plan);
        f->sink.replace_schema = false;
        f->side_sink.mode = SM_WRITE_APPEND;
        f->side_sink.replace_schema = false;
        f->late_sink.mode = SM_WRITE_APPEND;
        f->late_sink.replace_schema = false;
    }
}

static sm_code inputs_forget(sm_flow *f, sm_error *err)
{
    sm_code rc = SM_OK;

    for (size_t i = 0; rc == SM_OK && i < f->plan->n_inputs; i++)
        if (f->inputs[i].plan->mode == SM_INPUT_STREAM && f->inputs[i].done != NULL)
            rc = sm_source_forget(&f->inputs[i].source, f->inputs[i].done, err);
    return rc;
}

/* Log checkpoints and the like; nothing depends on them, so a failure is only told. */
static void maintain(sm_flow *f, sm_sink *k)
{
    sm_error err;

    k->session = f->session;
    if (sm_sink_maintain(k, &err) != SM_OK && !f->env->stopping(f->env->ctx))
        sm_log(SM_LOG_WARN, "exec", "flow=%.*s table=%.*s maintenance failed: %s",
               SM_SV_ARG(f->plan->name), SM_SV_ARG(k->name), err.msg);
    k->session = NULL;
}

static void flow_maintain(sm_flow *f, const sm_batch *b)
{
    if (f->session == NULL)
        return;
    maintain(f, &f->sink);
    if (b->side_version >= 0)
        maintain(f, &f->side_sink);
    if (b->late_version >= 0)
        maintain(f, &f->late_sink);
}

/* Take the next batch of `f` to done.  Recovery is no second path: a batch found decided
 * enters half-way down.  SM_E_AGAIN asks the caller for another attempt. */
static sm_code flow_run_batch(sm_flow *f, sm_batch *b, sm_error *err)
{
    sm_code rc;

    f->grew = false;
    if ((rc = sm_flow__take_plan(f, err)) != SM_OK ||
        (rc = flow_next_batch(f, b, err)) != SM_OK) /* decided, or planned now */
        goto done;
    if (b->state == SM_BATCH_IDLE)
        goto done;
    flow_check(f, b);

    if (b->state == SM_BATCH_RUNNING) {
        rc = b->describes ? flow_describe(f, b, err) : flow_compute(f, b, err);
        if (rc != SM_OK || b->state == SM_BATCH_IDLE) /* one pass of SQL */
            goto done;
        sm_flow__enter(b, SM_PHASE_DECIDE);
        b->lag = sm_flow__lag(f, b);
        sm_failpoint("flow.before_decided");
        if ((rc = sm_flow__decide(f, b, err)) != SM_OK) /* one transaction */
            goto done;
    }
    sm_failpoint("flow.after_decided");
    sm_flow__enter(b, SM_PHASE_PUBLISH);
    if ((rc = flow_publish(f, b, err)) == SM_E_AGAIN)
        rc = flow_void(f, b, err);
    if (rc != SM_OK)
        goto done;
    sm_failpoint("flow.after_publish");
    if ((rc = sm_flow__mark_done(f, b, err)) != SM_OK)
        goto done;
    sm_flow__leave_side(f);
    sm_failpoint("flow.after_done");
    flow_advance(f, b);
    flow_maintain(f, b);
    sm_flow__trim(f, b);
    rc = inputs_forget(f, err);
done:
    sm_flow__leave_side(f);
    if (rc != SM_OK)
        sm_wrap(err, "batch %lld", (long long)f->next);
    return rc;
}

sm_code sm_flow__run_batch(sm_flow *f, sm_batch *b, sm_error *err)
{
    struct sm_cpu_meter *meter = f->env->q->meter;
    sm_code rc;

    f->cpu_begun = sm_cpu_meter_enter(meter);
    rc = flow_run_batch(f, b, err);
    sm_cpu_meter_leave(meter);
    return rc;
}

/* ---- behind a rebuild ------------------------------------------------------------ */

/* *moved: the flow has read of a rebuilt table.  One that has not reads it from its beginning. */
static sm_code plan_skip(sm_flow *f, const bool *rebuilt, sm_json *start, sm_json *end, bool *moved,
                         sm_error *err)
{
    for (size_t i = 0; i < f->plan->n_inputs; i++) {
        sm_flow_input *in = &f->inputs[i];
        const sm_json *to = in->done;
        sm_code rc;

        if (in->plan->mode != SM_INPUT_STREAM)
            continue;
        if (in->done != NULL && rebuilt[in->plan->dataset]) {
            if ((rc = sm_source_newest(&in->source, f->scratch, &to, err)) != SM_OK)
                return rc;
            *moved = true;
        }
        sm_json_set_sv(start, in->dataset->name, sm_json_copy(f->scratch, in->done));
        sm_json_set_sv(end, in->dataset->name, sm_json_copy(f->scratch, to));
    }
    return SM_OK;
}

sm_code sm_flow__skip_rebuilt(sm_flow *f, const bool *rebuilt, sm_error *err)
{
    sm_batch b = { 0 };
    sm_batch_id id;
    sm_json *start, *end;
    bool moved = false;
    sm_code rc;

    if (f->decided && (rc = sm_flow__run_batch(f, &b, err)) != SM_OK && rc != SM_E_AGAIN)
        return rc;
    sm_arena_reset(f->scratch);
    start = sm_json_object(f->scratch);
    end = sm_json_object(f->scratch);
    if ((rc = plan_skip(f, rebuilt, start, end, &moved, err)) != SM_OK || !moved)
        return rc;
    b = (sm_batch){ .n = f->next,
                    .time_ms = sm_flow__batch_time(f),
                    .attempt = 1,
                    .version = -1,
                    .side_version = -1,
                    .late_version = -1,
                    .start = start,
                    .end = end,
                    .reads = sm_json_object(f->scratch),
                    .expectations = sm_json_array(f->scratch) };
    id = (sm_batch_id){ f->plan->name, f->uuid, b.n, b.time_ms, end };
    b.manifest = sm_manifest_new(f->scratch, &id);
    if ((rc = sm_flow__decide(f, &b, err)) == SM_OK &&
        (rc = sm_flow__mark_done(f, &b, err)) == SM_OK)
        flow_advance(f, &b);
    return rc;
}
