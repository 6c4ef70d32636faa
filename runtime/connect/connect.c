/* SPDX-License-Identifier: Apache-2.0 */
/* connect.c -- the wrappers around the operations of sources and sinks. */
#include "runtime/connect/connect.h"

#include <assert.h>
#include <string.h>

#include "runtime/base/failpoint.h"

const sm_source_ops *sm_source_find(sm_source_list list, sm_sv name)
{
    for (; *list != NULL; list++)
        if (sm_sv_eq_str(name, (*list)->name))
            return *list;
    return NULL;
}

const sm_sink_ops *sm_sink_find(sm_sink_list list, sm_sv name)
{
    for (; *list != NULL; list++)
        if (sm_sv_eq_str(name, (*list)->name))
            return *list;
    return NULL;
}

/* Names the source in the error of a failed call; `rc` is passed through. */
static sm_code source_result(const sm_source *s, sm_code rc, sm_error *err)
{
    if (rc != SM_OK)
        sm_wrap(err, "source \"%.*s\"", SM_SV_ARG(s->name));
    return rc;
}

static sm_code sink_result(const sm_sink *k, sm_code rc, sm_error *err)
{
    if (rc != SM_OK)
        sm_wrap(err, "%s \"%.*s\"", k->outside ? "sink" : "table", SM_SV_ARG(k->name));
    return rc;
}

sm_code sm_source_open(sm_source *s, sm_error *err)
{
    assert(s->ops != NULL && s->arena != NULL);
    return source_result(s, s->ops->open(s, err), err);
}

sm_code sm_source_infer(sm_source *s, sm_arena *a, sm_schema *out, sm_error *err)
{
    assert(s->session != NULL);
    *out = (sm_schema){ 0 };
    if (s->ops->infer == NULL)
        return SM_OK;
    return source_result(s, s->ops->infer(s, a, out, err), err);
}

sm_code sm_source_newest(sm_source *s, sm_arena *a, const sm_json **out, sm_error *err)
{
    *out = NULL;
    return source_result(s, s->ops->newest(s, a, out, err), err);
}

sm_code sm_source_latest(sm_source *s, const sm_json *start, const sm_json *until, sm_arena *a,
                         const sm_json **out, sm_error *err)
{
    *out = start;
    if (until == NULL)
        return SM_OK;
    return source_result(s, s->ops->latest(s, start, until, a, out, err), err);
}

bool sm_source_lag(sm_source *s, const sm_json *end, const sm_json *until, sm_lag *out)
{
    *out = (sm_lag){ -1, -1, -1, -1, -1 };
    return s->ops->lag != NULL && end != NULL && s->ops->lag(s, end, until, out);
}

sm_code sm_source_read(sm_source *s, const sm_json *start, const sm_json *end, sm_sv view,
                       sm_error *err)
{
    assert(s->session != NULL);
    s->report = (sm_read_report){ 0 };
    return source_result(s, s->ops->read(s, start, end, view, err), err);
}

sm_code sm_source_verify(sm_source *s, const sm_json *start, const sm_json *end, sm_error *err)
{
    sm_failpoint("source.after_read");
    if (s->ops->verify == NULL)
        return SM_OK;
    return source_result(s, s->ops->verify(s, start, end, err), err);
}

sm_code sm_source_bad_records(sm_source *s, sm_sv view, sm_error *err)
{
    assert(s->session != NULL && s->ops->bad_records != NULL);
    return source_result(s, s->ops->bad_records(s, view, err), err);
}

sm_code sm_source_reread(sm_source *s, const sm_kept *kept, sm_sv view, sm_error *err)
{
    assert(s->session != NULL && s->ops->reread != NULL);
    s->report = (sm_read_report){ 0 };
    return source_result(s, s->ops->reread(s, kept, view, err), err);
}

sm_code sm_source_forget(sm_source *s, const sm_json *end, sm_error *err)
{
    assert(s->session == NULL);
    if (s->ops->forget == NULL)
        return SM_OK;
    return source_result(s, s->ops->forget(s, end, err), err);
}

sm_code sm_source_adopt(sm_source *s, const sm_json *offset, sm_error *err)
{
    if (s->ops->adopt == NULL)
        return SM_OK;
    return source_result(s, s->ops->adopt(s, offset, err), err);
}

bool sm_source_columnar(const sm_source *s)
{
    return s->ops->columnar != NULL && s->ops->columnar(s);
}

sm_code sm_source_watch(sm_source *s, struct sm_watch *w, size_t tag, bool *told, sm_error *err)
{
    *told = false;
    if (s->ops->watch == NULL)
        return SM_OK;
    return source_result(s, s->ops->watch(s, w, tag, told, err), err);
}

sm_code sm_source_position(sm_source *s, sm_arena *a, const sm_json **out, sm_error *err)
{
    *out = NULL;
    if (s->ops->position == NULL)
        return sm_fail(err, SM_E_INVALID, 0,
                       "source \"%.*s\" cannot be read as a whole: type %s is only a stream",
                       SM_SV_ARG(s->name), s->ops->name);
    return source_result(s, s->ops->position(s, a, out, err), err);
}

sm_code sm_source_snapshot(sm_source *s, const sm_json *position, sm_sv view, sm_error *err)
{
    assert(s->session != NULL && s->ops->snapshot != NULL);
    s->report = (sm_read_report){ 0 };
    return source_result(s, s->ops->snapshot(s, position, view, err), err);
}

void sm_source_close(sm_source *s)
{
    s->ops->close(s);
}

sm_code sm_sink_open(sm_sink *k, sm_error *err)
{
    assert(k->ops != NULL && k->arena != NULL);
    return sink_result(k, k->ops->open(k, err), err);
}

/* Does what is asked of the sink go together, and can it do it? */
static sm_code sink_check(const sm_sink *k, sm_error *err)
{
    if (k->mode != SM_WRITE_MERGE)
        return SM_OK;
    if (!k->ops->merges)
        return sm_fail(err, SM_E_INVALID, 0,
                       "sinks of type %s cannot update rows by key, which is not supported yet",
                       k->ops->name);
    assert(k->merge_key_count > 0 && k->touched.len > 0 && !k->side);
    for (size_t i = 0; i < k->merge_key_count; i++)
        assert(sm_schema_find(k->schema, k->merge_keys[i]) >= 0);
    return SM_OK;
}

sm_code sm_sink_prepare(sm_sink *k, sm_sv select, sm_manifest *m, int64_t *rows_out,
                        int64_t *bytes_out, sm_error *err)
{
    sm_code rc;

    assert(k->session != NULL);
    *rows_out = *bytes_out = k->synced_us = 0;
    if ((rc = sink_check(k, err)) == SM_OK)
        rc = k->ops->prepare(k, select, m, rows_out, bytes_out, err);
    return sink_result(k, rc, err);
}

sm_code sm_sink_publish(sm_sink *k, const sm_manifest *m, int64_t *version_out, sm_error *err)
{
    assert(k->session == NULL); /* decided: nothing is computed twice */
    *version_out = -1;
    return sink_result(k, k->ops->publish(k, m, version_out, err), err);
}

void sm_sink_discard(sm_sink *k, const sm_manifest *m)
{
    k->ops->discard(k, m);
}

sm_code sm_sink_inspect(sm_sink *k, sm_arena *a, sm_target_state *out, sm_error *err)
{
    *out = (sm_target_state){ .version = -1, .batch = -1, .other_batch = -1 };
    return sink_result(k, k->ops->inspect(k, a, out, err), err);
}

sm_code sm_sink_unchanged(sm_sink *k, bool *out, sm_error *err)
{
    *out = false;
    if (k->ops->unchanged == NULL || k->memory == NULL)
        return SM_OK;
    return sink_result(k, k->ops->unchanged(k, out, err), err);
}

bool sm_sink_described(sm_sink *k)
{
    return k->ops->described == NULL || k->memory == NULL || k->ops->described(k);
}

sm_code sm_sink_describe(sm_sink *k, sm_manifest *m, sm_error *err)
{
    assert(k->ops->describe != NULL);
    return sink_result(k, k->ops->describe(k, m, err), err);
}

sm_code sm_sink_maintain(sm_sink *k, sm_error *err)
{
    assert(k->session != NULL);
    if (k->ops->maintain == NULL)
        return SM_OK;
    return sink_result(k, k->ops->maintain(k, err), err);
}

void sm_sink_close(sm_sink *k)
{
    k->ops->close(k);
}
