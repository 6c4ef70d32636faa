/* SPDX-License-Identifier: Apache-2.0 */
/* view.c -- what the documents share: times, lists, runs, batches, the newest look at a table. */
#include "runtime/base/clock.h"
#include "runtime/base/fs.h"
#include "runtime/delta/delta_head.h"
#include "runtime/delta/delta_log.h"
#include "runtime/delta/delta_schema.h"
#include "ui/view/view_int.h"

bool sm_view__has_run(const sm_view *v)
{
    return v->store != NULL && v->pipeline != 0;
}

void sm_view__set_time(const sm_view *v, sm_json *o, const char *key, int64_t ms)
{
    if (ms != 0)
        sm_json_set_string(o, key, sm_time_rfc3339(ms, v->a));
}

void sm_view__set_text(sm_json *o, const char *key, sm_sv text)
{
    if (text.len > 0)
        sm_json_set_string(o, key, text);
}

void sm_view__set_list(const sm_view *v, sm_json *o, const char *key, const sm_plan_list *list)
{
    sm_json *array = sm_json_array(v->a);

    for (size_t i = 0; i < list->n; i++)
        sm_json_append_string(array, list->items[i]);
    if (list->n > 0)
        sm_json_set(o, key, array);
}

void sm_view__set_json(const sm_view *v, sm_json *o, const char *key, sm_sv text)
{
    sm_json *j;
    sm_error ignored;

    if (text.len > 0 && sm_json_parse(text, v->a, &j, &ignored) == SM_OK)
        sm_json_set(o, key, j);
}

void sm_view__set_times(const sm_view *v, sm_json *o, sm_sv phases, int64_t cpu_us)
{
    sm_view__set_json(v, o, "phases_us", phases);
    if (cpu_us > 0)
        sm_json_set_int(o, "cpu_us", cpu_us);
}

sm_json *sm_view__document(const sm_view *v)
{
    sm_json *doc = sm_json_object(v->a);

    sm_json_set_string(doc, "pipeline", v->plan->pipeline);
    return doc;
}

/* A run that is not at its end lives as long as it holds the lock; one that began or ended while we
 * read is no dead one. */
static bool run_died(const sm_view *v)
{
    return !v->held && !sm_fs_lock_held(sm_store_lock_path(v->a, v->state_dir, v->plan->pipeline));
}

sm_sv sm_view__flow_state(const sm_view *v, sm_run_flow_state state)
{
    bool open = state == SM_RUN_FLOW_RUNNING || state == SM_RUN_FLOW_WAITING;

    return open && run_died(v) ? SM_SV("interrupted") : sm_sv_cstr(sm_run_flow_state_name(state));
}

sm_json *sm_view__run(const sm_view *v, const sm_run_rec *r)
{
    sm_json *o = sm_json_object(v->a), *options;
    sm_error ignored;

    sm_json_set_int(o, "number", r->number);
    sm_json_set_string(o, "state",
                       r->ended_ms == 0 && run_died(v) ? SM_SV("interrupted")
                                                       : sm_sv_cstr(sm_run_state_name(r->state)));
    sm_json_set_bool(o, "warnings", r->warnings);
    sm_view__set_text(o, "cause", r->cause);
    if (r->options.len > 0 && sm_json_parse(r->options, v->a, &options, &ignored) == SM_OK)
        sm_view__set_text(o, "by", sm_json_get_sv(options, "by", SM_SV("")));
    sm_view__set_text(o, "commit", r->commit);
    sm_view__set_text(o, "selection", r->selection);
    sm_view__set_time(v, o, "created", r->created_ms);
    sm_view__set_time(v, o, "started", r->started_ms);
    sm_view__set_time(v, o, "ended", r->ended_ms);
    if (r->ended_ms != 0)
        sm_json_set_int(o, "duration_ms", r->ended_ms - r->created_ms);
    sm_view__set_text(o, "error", r->error);
    return o;
}

sm_json *sm_view__run_flow(const sm_view *v, const sm_run_flow_rec *f)
{
    sm_json *o = sm_json_object(v->a);

    sm_json_set_string(o, "flow", f->flow);
    sm_json_set_string(o, "table", f->dataset);
    sm_json_set_string(o, "state", sm_view__flow_state(v, f->state));
    sm_view__set_text(o, "reason", f->reason);
    sm_view__set_text(o, "error", f->error);
    sm_json_set_int(o, "batches", f->batches);
    sm_view__set_time(v, o, "started", f->started_ms);
    sm_view__set_time(v, o, "ended", f->ended_ms);
    sm_json_set_int(o, "duration_ms", f->duration_ms);
    sm_view__set_times(v, o, f->phases, f->cpu_us);
    sm_view__set_json(v, o, "counters", f->counters);
    sm_view__set_json(v, o, "expectations", f->expectations);
    return o;
}

bool sm_view__remembers(const sm_view *v, const sm_plan_dataset *table)
{
    bool found = false;

    for (size_t i = 0; i < table->n_flows; i++) {
        const sm_plan_flow *f = &v->plan->flows[table->flow + i];

        for (size_t k = 0; k < f->n_stages; k++)
            found |= sm_stage_remembers(&f->stages[k]);
    }
    return found;
}

sm_json *sm_view__batch(const sm_view *v, const sm_batch_rec *b)
{
    sm_json *o = sm_json_object(v->a);

    sm_json_set_int(o, "batch", b->n);
    sm_json_set_string(o, "state", sm_sv_cstr(sm_batch_state_name(b->state)));
    sm_json_set_int(o, "attempt", b->attempt);
    sm_view__set_time(v, o, "timestamp", b->timestamp_ms);
    sm_view__set_time(v, o, "decided", b->decided_ms);
    sm_view__set_time(v, o, "done", b->done_ms);
    sm_view__set_json(v, o, "start_offsets", b->start_offsets);
    sm_view__set_json(v, o, "end_offsets", b->end_offsets);
    sm_view__set_json(v, o, "read_versions", b->read_versions);
    sm_view__set_times(v, o, b->phases, b->cpu_us);
    sm_view__set_json(v, o, "lag", b->lag);
    sm_view__set_json(v, o, "counters", b->counters);
    sm_view__set_text(o, "plan_fingerprint", b->plan_fingerprint);
    return o;
}

static sm_code take_head(const sm_view *v, const sm_delta_head *h, sm_view_live *out, sm_error *err)
{
    sm_delta_metadata m;
    const sm_sv *columns;
    size_t n;
    sm_code rc;

    out->version = h->version;
    out->time_ms = h->time_ms;
    if (h->version < 0)
        return SM_OK;
    m = sm_delta_metadata_copy(&h->metadata, v->a);
    out->id = m.id;
    if ((rc = sm_delta_metadata_schema(&m, v->a, &out->schema, err)) != SM_OK)
        return rc;
    if ((rc = sm_delta_metadata_partitions(&m, v->a, &columns, &n, err)) == SM_OK)
        out->partition_by = (sm_plan_list){ columns, n };
    return rc;
}

sm_code sm_view__look(const sm_view *v, sm_sv folder, sm_sv memory, sm_view_live *out,
                      sm_error *err)
{
    sm_delta_table *t = NULL;
    sm_delta_head *h = NULL;
    sm_json *known = NULL;
    sm_error ignored;
    sm_code rc;

    *out = (sm_view_live){ .version = -1 };
    if (memory.len > 0)
        (void)sm_json_parse(memory, v->a, &known, &ignored);
    if ((rc = sm_delta_open(folder, v->images, &t, err)) == SM_OK &&
        (rc = sm_delta_head_load(t, known, NULL, &h, err)) == SM_OK)
        rc = take_head(v, h, out, err);
    sm_delta_head_free(h);
    sm_delta_close(t);
    if (rc != SM_OK)
        sm_wrap(err, "table in \"%.*s\"", SM_SV_ARG(folder));
    return rc;
}

sm_code sm_view__look_at(const sm_view *v, const sm_plan_dataset *table, sm_view_live *out,
                         sm_error *err)
{
    sm_sv folder =
        sm_arena_printf(v->a, "%.*s/%.*s", SM_SV_ARG(v->storage_dir), SM_SV_ARG(table->path));

    return sm_view__look(v, folder, SM_SV(""), out, err);
}
