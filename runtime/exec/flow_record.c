/* SPDX-License-Identifier: Apache-2.0 */
/* flow_record.c -- what the control store is told of a batch: the decision, and its end.
 *
 * The decision is one transaction: offsets, what was read, the manifest, the counts, and, for
 * batch 0 of a full refresh, the switch of the generation.  The end of the batch carries the
 * events, so that a batch rolled forward after a crash tells the same as any other. */
#include "runtime/exec/flow_int.h"

#include "runtime/base/failpoint.h"
#include "runtime/base/hash.h"

/* Which numbers of tracked files this batch reads: their rows get its number. */
static size_t file_ranges(sm_flow *f, const sm_batch *b, sm_file_range *out)
{
    size_t n = 0;

    for (size_t i = 0; i < f->plan->n_inputs; i++) {
        const sm_flow_input *in = &f->inputs[i];
        const sm_json *end = sm_json_get_by(b->end, in->dataset->name);

        if (in->plan->mode != SM_INPUT_STREAM || in->dataset->kind != SM_DATASET_SOURCE ||
            sm_json_get(end, "seq") == NULL)
            continue;
        out[n++] = (sm_file_range){ .source = in->dataset->name,
                                    .from = sm_json_get_int(in->done, "seq", 0),
                                    .to = sm_json_get_int(end, "seq", 0) };
    }
    return n;
}

static sm_batch_rec batch_record(sm_flow *f, const sm_batch *b)
{
    sm_sv *targets = SM_NEW_N(f->scratch, sm_sv, 3);
    sm_batch_rec r = { .generation = f->refresh && !f->switched ? 0 : f->generation,
                       .flow = f->plan->name,
                       .n = b->n,
                       .state = SM_BATCH_DECIDED,
                       .run = f->env->run,
                       .attempt = b->attempt,
                       .timestamp_ms = b->time_ms,
                       .start_offsets = sm_json_text(b->start, f->scratch),
                       .end_offsets = sm_json_text(b->end, f->scratch),
                       .read_versions = sm_json_text(b->reads, f->scratch),
                       .lag = b->lag,
                       .plan_fingerprint = f->plan->fingerprint,
                       .manifest = sm_manifest_text(b->manifest),
                       .counters =
                           sm_json_text(sm_flow__counts_json(&b->counts, f->scratch), f->scratch),
                       .expectations = sm_json_text(b->expectations, f->scratch),
                       .started_ms = b->started_ms };

    sm_flow__record_stages(f, b, &r);
    r.targets = targets;
    if (sm_manifest_changes(b->manifest, f->target->name))
        targets[r.n_targets++] = f->target->name;
    if (f->side != NULL && sm_manifest_changes(b->manifest, f->side->name))
        targets[r.n_targets++] = f->side->name;
    if (f->late != NULL && sm_manifest_changes(b->manifest, f->late->name))
        targets[r.n_targets++] = f->late->name;
    return r;
}

/* The new generations that a full refresh begins: the flow's own, reserved when it was opened,
 * and those of the other flows of the table, whose rows go with the rest.  Only the first is
 * told to be a full refresh: it alone empties the table, whatever the file says later. */
static void refresh_switches(sm_flow *f, sm_decision *d)
{
    sm_generation_switch *w = SM_NEW_N(f->scratch, sm_generation_switch, f->n_siblings + 1);

    w[0] = (sm_generation_switch){ .flow = f->plan->name,
                                   .target = f->target->name,
                                   .uuid = f->uuid,
                                   .why = SM_GENERATION_FULL_REFRESH,
                                   .reserved = f->generation };
    for (size_t i = 0; i < f->n_siblings; i++)
        w[i + 1] = (sm_generation_switch){ .flow = f->siblings[i],
                                           .target = f->target->name,
                                           .uuid = sm_uuid4(f->scratch),
                                           .why = SM_GENERATION_RESET };
    d->switches = w;
    d->n_switches = f->n_siblings + 1;
}

sm_code sm_flow__decide(sm_flow *f, sm_batch *b, sm_error *err)
{
    sm_file_range *files = SM_NEW_N(f->scratch, sm_file_range, f->plan->n_inputs + 1);
    sm_batch_rec rec = batch_record(f, b);
    sm_decision d = { .records = &rec, .n_records = 1 };
    sm_code rc;

    rec.files = files;
    rec.n_files = file_ranges(f, b, files);
    if (f->refresh && !f->switched)
        refresh_switches(f, &d);
    if ((rc = sm_store_decide(f->env->q->store, &f->env->owner, &d, err)) != SM_OK)
        return rc;
    if (d.n_switches > 0)
        sm_failpoint("reset.after_switch");
    f->switched = true;
    b->state = SM_BATCH_DECIDED;
    sm_flow__keep_stages(f, b);
    sm_event_log_stored(f->env->log, d.last_event);
    return SM_OK;
}

sm_code sm_flow__void(sm_flow *f, const sm_batch *b, const char *why, sm_error *err)
{
    sm_batch_key key = { .generation = f->generation, .n = b->n };

    return sm_store_void(f->env->q->store, &f->env->owner, &key, 1, f->env->run, sm_sv_cstr(why),
                         err);
}

/* ---- events ---------------------------------------------------------------------- */

typedef struct event_list {
    sm_flow *f;
    const sm_batch *b;
    sm_event_rec *items;
    size_t n;
} event_list;

static void add_event(event_list *l, sm_event_type type, sm_sv message, const sm_json *details)
{
    sm_event_rec e = sm_event_make_flow(type, l->f->env->run, l->f->target->name, l->f->plan->name,
                                        l->b->n, message);

    e.details = sm_json_text(details, l->f->scratch);
    l->items[l->n++] = e;
}

static void add_rule_events(event_list *l)
{
    sm_arena *a = l->f->scratch;

    for (size_t i = 0; i < sm_json_len(l->b->expectations); i++) {
        const sm_json *r = sm_json_at(l->b->expectations, i);
        int64_t failed = sm_json_get_int(r, "failed", 0);
        sm_json *d = sm_json_object(a);
        sm_sv name = sm_json_get_sv(r, "name", SM_SV(""));

        sm_json_set_string(d, "name", name);
        sm_json_set_string(d, "policy", sm_json_get_sv(r, "policy", SM_SV("")));
        sm_json_set_int(d, "passed", sm_json_get_int(r, "passed", 0));
        sm_json_set_int(d, "failed", failed);
        if (failed > 0)
            sm_json_set(d, "samples", sm_json_copy(a, sm_json_get(r, "samples")));
        add_event(l, SM_EVENT_expectation_result,
                  sm_arena_printf(a, "%.*s: %lld failed", SM_SV_ARG(name), (long long)failed), d);
        if (failed > 0)
            l->items[l->n - 1].level = SM_EVENT_WARN;
    }
}

static void add_commit_event(event_list *l, sm_sv table, int64_t version, int64_t rows,
                             int64_t bytes)
{
    sm_json *d = sm_json_object(l->f->scratch);

    sm_json_set_int(d, "version", version);
    sm_json_set_string(d, "operation", SM_SV("STREAMING UPDATE"));
    sm_json_set_int(d, "rows", rows);
    if (bytes >= 0)
        sm_json_set_int(d, "bytes", bytes);
    add_event(l, SM_EVENT_dataset_committed,
              sm_arena_printf(l->f->scratch, "version %lld", (long long)version), d);
    l->items[l->n - 1].dataset = table;
}

static void add_batch_events(event_list *l)
{
    sm_arena *a = l->f->scratch;
    const sm_flow_counts *c = &l->b->counts;
    sm_json *d = sm_json_object(a), *bad = sm_json_object(a);

    if (l->b->rolled_forward)
        add_event(l, SM_EVENT_batch_rolled_forward,
                  SM_SV("a batch decided before the last run ended is published now"),
                  sm_json_object(a));
    if (c->undecodable > 0) {
        sm_json_set_int(bad, "count", c->undecodable);
        sm_json_set(bad, "samples",
                    l->b->bad_records != NULL ? l->b->bad_records : sm_json_array(a));
        add_event(
            l, SM_EVENT_decode_error,
            sm_arena_printf(a, "%lld records could not be decoded", (long long)c->undecodable),
            bad);
    }
    for (size_t i = 0; i < sm_json_len(l->b->notices); i++) {
        const sm_json *notice = sm_json_at(l->b->notices, i);

        add_event(l, SM_EVENT_source_warning, sm_json_get_sv(notice, "reason", SM_SV("")),
                  sm_json_copy(a, notice));
    }
    if (l->b->version >= 0)
        add_commit_event(l, l->f->target->name, l->b->version, c->written, c->bytes_out);
    if (l->b->side_version >= 0)
        add_commit_event(l, l->f->side->name, l->b->side_version, c->quarantined + c->kept, -1);
    if (l->f->late != NULL && l->b->late_version >= 0)
        add_commit_event(l, l->f->late->name, l->b->late_version, c->late, -1);
    sm_json_set_string(d, "status", SM_SV("running"));
    sm_json_set(d, "counters", sm_flow__counts_json(c, a));
    add_event(
        l, SM_EVENT_flow_progress,
        sm_arena_printf(a, "%lld read, %lld written", (long long)c->read, (long long)c->written),
        d);
}

/* Keep what the sink learned of its table.  Losing this costs time, never truth. */
static sm_code remember_target(sm_flow *f, const sm_sink *k, int64_t version, sm_error *err)
{
    sm_sv memory = k->memory == NULL ? SM_SV("") : sm_json_text(k->memory, f->scratch);

    if (version < 0)
        return SM_OK;
    return sm_store_table_seen(f->env->q->store, &f->env->owner, k->name,
                               sm_json_get_sv(k->memory, "table_id", SM_SV("")), version, SM_SV(""),
                               memory, err);
}

sm_code sm_flow__mark_done(sm_flow *f, sm_batch *b, sm_error *err)
{
    sm_batch_key key = { .generation = f->generation, .n = b->n };
    size_t most = sm_json_len(b->expectations) + sm_json_len(b->notices) + 6;
    event_list l = { .f = f, .b = b, .items = SM_NEW_N(f->scratch, sm_event_rec, most) };
    sm_run_flow_rec progress;
    sm_done d = { .keys = &key, .n_keys = 1 };
    sm_code rc;

    sm_flow__end_phases(f, b);
    if (!b->rolled_forward) { /* of one that was, most of its time was of another life */
        key.phases = sm_batch_times_text(&b->times, f->scratch);
        key.cpu_us = b->times.cpu_us;
    }
    sm_flow__add_batch(f, b);
    add_rule_events(&l);
    add_batch_events(&l);
    d.events = l.items;
    d.n_events = l.n;
    if (f->env->run != 0) {
        progress = sm_flow__progress(f->out, f->scratch);
        progress.run = f->env->run;
        d.progress = &progress;
        d.n_progress = 1;
    }
    if ((rc = sm_store_mark_done(f->env->q->store, &f->env->owner, &d, err)) != SM_OK)
        return rc;
    b->state = SM_BATCH_DONE;
    sm_event_log_stored(f->env->log, d.last_event);
    if ((rc = remember_target(f, &f->sink, b->version, err)) != SM_OK ||
        (rc = remember_target(f, &f->side_sink, b->side_version, err)) != SM_OK)
        return rc;
    return remember_target(f, &f->late_sink, b->late_version, err);
}
