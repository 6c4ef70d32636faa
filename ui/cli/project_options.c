/* SPDX-License-Identifier: Apache-2.0 */
/* project_options.c -- sources and sinks are opened once, to hear whether their options go
 * together, such as two that exclude each other. */
#include "ui/cli/project_options.h"

#include "runtime/base/fs.h"
#include "runtime/sinks/sinks.h"
#include "runtime/sources/sources.h"

void sm_project_judge_sources(sm_project *p)
{
    for (size_t i = 0; i < p->spec->sources.n; i++) {
        sm_spec_source *spec = &p->spec->sources.items[i];
        sm_source s;
        sm_error err;

        if (spec->broken || sm_source_find(sm_sources(), spec->type.text) == NULL)
            continue; /* the latter: rows that somebody gives */
        if (sm_project_open_source(p, spec, &s, &err) == SM_E_INVALID) {
            sm_diag_add(p->diags, "SM0403", spec->at, "%s", err.msg);
            spec->broken = true;
        }
        sm_source_close(&s);
        sm_arena_free(s.arena);
    }
}

/* Folders of tables are for what the pipeline itself keeps there. */
static sm_code check_place(const sm_project *p, sm_sv path, sm_error *err)
{
    sm_sv storage = p->storage_dir;

    if (path.len < storage.len || !sm_sv_starts(path, storage) ||
        (path.len > storage.len && path.ptr[storage.len] != '/'))
        return SM_OK;
    return sm_fail(
        err, SM_E_INVALID, 0,
        "`path` lies in the storage of the project, where its tables are; make a table of "
        "it, or take another folder");
}

/* *out is empty when the sink has no folder. */
static sm_code place(const sm_project *p, const sm_plan_dataset *ds, sm_arena *a, sm_sv *out,
                     sm_error *err)
{
    sm_sv path = sm_json_get_sv(ds->source_config, "path", SM_SV(""));
    const char *absolute;

    *out = path;
    if (path.len == 0)
        return SM_OK;
    if (sm_sv_find(path, SM_SV("://")) >= 0)
        return sm_fail(err, SM_E_INVALID, 0, "`path` is a folder of this machine, not an address");
    absolute = sm_path_absolute(a, sm_path_join(a, p->base_dir, path), err);
    if (absolute == NULL)
        return err->code;
    *out = sm_sv_cstr(absolute);
    return check_place(p, *out, err);
}

static sm_code try_open(const sm_project *p, const sm_plan_dataset *ds, sm_error *err)
{
    sm_sink k = { .ops = sm_sink_find(sm_sinks(), ds->source_type),
                  .name = ds->name,
                  .connections = p->connections,
                  .schema = &ds->schema,
                  .arena = sm_arena_new("sink") };
    sm_code rc;

    k.config = sm_arena_alloc(k.arena, k.ops->config_size, _Alignof(max_align_t), 1);
    rc = sm_options_fill(k.ops->options, ds->source_config, k.config, k.arena, err);
    if (rc == SM_OK)
        rc = place(p, ds, k.arena, &k.path, err);
    if (rc == SM_OK) {
        rc = sm_sink_open(&k, err);
        sm_sink_close(&k);
    }
    sm_arena_free(k.arena);
    return rc;
}

static sm_span place_of(const sm_project *p, sm_sv name)
{
    for (size_t i = 0; i < p->spec->sinks.n; i++)
        if (sm_sv_eq(p->spec->sinks.items[i].name.text, name))
            return p->spec->sinks.items[i].at;
    return (sm_span){ .file = p->file };
}

void sm_project_judge_sinks(sm_project *p)
{
    size_t faults = 0;

    for (size_t i = 0; p->plan != NULL && i < p->plan->n_datasets; i++) {
        const sm_plan_dataset *ds = &p->plan->datasets[i];
        sm_error err;

        if (ds->kind != SM_DATASET_SINK || try_open(p, ds, &err) != SM_E_INVALID)
            continue;
        sm_diag_add(p->diags, "SM0403", place_of(p, ds->name), "%s", err.msg);
        faults++;
    }
    if (faults > 0)
        p->plan = NULL;
}
