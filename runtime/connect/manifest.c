/* SPDX-License-Identifier: Apache-2.0 */
/* manifest.c -- build, limit, print and read manifests. */
#include "runtime/connect/manifest.h"

enum { FORMAT = 1, ACTION_ESTIMATE = 256 };

sm_manifest *sm_manifest_new(sm_arena *a, const sm_batch_id *id)
{
    sm_manifest *m = SM_NEW(a, sm_manifest);
    sm_json *j = sm_json_object(a);

    m->arena = a;
    m->id = *id;
    m->json = j;
    sm_json_set_int(j, "format", FORMAT);
    sm_json_set_string(j, "flow", id->flow);
    sm_json_set_string(j, "generation", id->generation);
    sm_json_set_int(j, "batch", id->n);
    sm_json_set_int(j, "time", id->time_ms);
    sm_json_set(j, "end_offsets", sm_json_copy(a, id->end_offsets));
    sm_json_set(j, "targets", sm_json_array(a));
    return m;
}

const sm_json *sm_manifest_find_target(const sm_manifest *m, sm_sv name)
{
    const sm_json *targets = sm_json_get(m->json, "targets");

    for (size_t i = 0; i < sm_json_len(targets); i++)
        if (sm_sv_eq(sm_json_get_sv(sm_json_at(targets, i), "name", SM_SV("")), name))
            return sm_json_at(targets, i);
    return NULL;
}

sm_json *sm_manifest_target(sm_manifest *m, sm_sv sink, sm_sv name)
{
    const sm_json *found = sm_manifest_find_target(m, name);
    sm_json *target;

    if (found != NULL)
        return (sm_json *)(uintptr_t)found; /* ours: the tree is built by one thread */
    target = sm_json_object(m->arena);
    sm_json_set_string(target, "sink", sink);
    sm_json_set_string(target, "name", name);
    sm_json_set(target, "actions", sm_json_array(m->arena));
    sm_json_append(sm_json_get_mut(m->json, "targets"), target);
    return target;
}

/* An estimate is enough: the store refuses what is really too long. */
static int64_t action_bytes(const sm_json *action)
{
    int64_t bytes = ACTION_ESTIMATE;

    for (sm_json_iter it = sm_json_first(action); sm_json_valid(&it); sm_json_next(&it))
        bytes += (int64_t)sm_json_get_sv(it.value, "stats", SM_SV("")).len;
    return bytes;
}

sm_code sm_manifest_add_action(sm_manifest *m, sm_json *target, sm_json *action, sm_error *err)
{
    m->actions++;
    m->bytes += action_bytes(action);
    if (m->actions > SM_MANIFEST_MAX_ACTIONS || m->bytes > SM_MANIFEST_MAX_BYTES)
        return sm_fail(err, SM_E_LIMIT, 0,
                       "one batch would change more than %d files; partition the table by fewer "
                       "values, or make batches smaller (max_bytes_per_trigger)",
                       SM_MANIFEST_MAX_ACTIONS);
    sm_json_append(sm_json_get_mut(target, "actions"), action);
    return SM_OK;
}

bool sm_manifest_changes(const sm_manifest *m, sm_sv name)
{
    return sm_json_len(sm_json_get(sm_manifest_find_target(m, name), "actions")) > 0;
}

bool sm_manifest_is_empty(const sm_manifest *m)
{
    const sm_json *targets = sm_json_get(m->json, "targets");

    for (size_t i = 0; i < sm_json_len(targets); i++)
        if (sm_json_len(sm_json_get(sm_json_at(targets, i), "actions")) > 0)
            return false;
    return true;
}

sm_sv sm_manifest_text(const sm_manifest *m)
{
    return sm_json_text(m->json, m->arena);
}

static int64_t count_actions(const sm_json *targets)
{
    int64_t n = 0;

    for (size_t i = 0; i < sm_json_len(targets); i++)
        n += (int64_t)sm_json_len(sm_json_get(sm_json_at(targets, i), "actions"));
    return n;
}

sm_code sm_manifest_parse(sm_arena *a, sm_sv text, sm_manifest **out, sm_error *err)
{
    sm_manifest *m = SM_NEW(a, sm_manifest);
    sm_error why = { .msg = "it has another format" };

    *out = NULL;
    if (sm_json_parse(text, a, &m->json, &why) != SM_OK ||
        sm_json_get_int(m->json, "format", 0) != FORMAT)
        return sm_fail(err, SM_E_CORRUPT, 0, "a stored manifest cannot be read: %s", why.msg);
    m->arena = a;
    m->id.flow = sm_json_get_sv(m->json, "flow", SM_SV(""));
    m->id.generation = sm_json_get_sv(m->json, "generation", SM_SV(""));
    m->id.n = sm_json_get_int(m->json, "batch", -1);
    m->id.time_ms = sm_json_get_int(m->json, "time", 0);
    m->id.end_offsets = sm_json_get(m->json, "end_offsets");
    m->actions = count_actions(sm_json_get(m->json, "targets"));
    *out = m;
    return SM_OK;
}
