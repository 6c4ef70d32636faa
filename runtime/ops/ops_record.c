/* SPDX-License-Identifier: Apache-2.0 */
/* ops_record.c -- which files are the state after a batch, as the record of the batch has it.
 *
 *     {"format":1, "stages":[{"name":"aggregate_1", "kind":"aggregate", "fingerprint":"…",
 *       "version":2, "logs":[{"name":"aggregate_1", "eras":[{"columns":[…]}],
 *         "files":[{"name":"12-0a1b2c3d.parquet", "batch":12, "rows":3, "bytes":812, "tier":0,
 *           "min":us, "max":us, "lasting":false, "era":0}]}]}]}
 *
 * Eras are those of sql_stage_memory.h, without those of which no file is left. */
#include "runtime/ops/ops_int.h"

#include <stdio.h>

#include "runtime/base/limit.h"

enum { FORMAT = 1 };

/* ---- write ----------------------------------------------------------------------- */

static sm_json *file_json(const sm_ops__file *f, size_t era, sm_arena *a)
{
    sm_json *j = sm_json_object(a);

    sm_json_set_string(j, "name", sm_sv_cstr(f->name));
    sm_json_set_int(j, "batch", f->batch);
    sm_json_set_int(j, "rows", f->rows);
    sm_json_set_int(j, "bytes", f->bytes);
    sm_json_set_int(j, "tier", f->tier);
    if (f->max_us != SM_OPS_NO_TIME) {
        sm_json_set_int(j, "min", f->min_us);
        sm_json_set_int(j, "max", f->max_us);
    }
    if (f->lasting)
        sm_json_set_bool(j, "lasting", true);
    if (era > 0)
        sm_json_set_int(j, "era", (int64_t)era);
    return j;
}

static sm_json *log_json(const sm_ops__log *l, sm_arena *a)
{
    sm_json *j = sm_json_object(a), *files = sm_json_array(a), *eras = sm_json_array(a);

    for (size_t i = 0; i < l->next.n; i++) {
        size_t era = l->next.items[i].era; /* that of a younger file is no older one */

        if (l->eras.n > 0 && (i == 0 || era != l->next.items[i - 1].era))
            sm_json_append(eras, sm_stage_era_json(&l->eras.items[era], a));
        sm_json_append(files,
                       file_json(&l->next.items[i], l->eras.n > 0 ? sm_json_len(eras) - 1 : 0, a));
    }
    sm_json_set_string(j, "name", l->name);
    if (sm_json_len(eras) > 0)
        sm_json_set(j, "eras", eras);
    sm_json_set(j, "files", files);
    return j;
}

sm_json *sm_ops__record(const sm_ops *o, sm_arena *a)
{
    sm_json *j = sm_json_object(a), *stages = sm_json_array(a);

    for (size_t i = 0; i < o->c.n_stages; i++) {
        const sm_ops__stage *s = &o->stages[i];
        sm_json *row = sm_json_object(a), *logs = sm_json_array(a);

        if (!sm_stage_remembers(s->plan))
            continue;
        for (size_t k = 0; k < s->n_logs; k++)
            sm_json_append(logs, log_json(&s->logs[k], a));
        sm_json_set_string(row, "name", s->plan->name);
        sm_json_set_string(row, "kind", sm_sv_cstr(s->kind->name));
        sm_json_set_string(row, "fingerprint", s->plan->fingerprint);
        sm_json_set_int(row, "version", SM_STAGE_MEMORY_VERSION);
        sm_json_set(row, "logs", logs);
        sm_json_append(stages, row);
    }
    sm_json_set_int(j, "format", FORMAT);
    sm_json_set(j, "stages", stages);
    return j;
}

/* ---- read ------------------------------------------------------------------------ */

static sm_code corrupt(const sm_ops *o, sm_error *err)
{
    return sm_fail(
        err, SM_E_CORRUPT, 0,
        "the record of what flow \"%.*s\" remembers cannot be read; nothing was changed. "
        "Bring the control store back, or rebuild with `smelt run --full-refresh %.*s`",
        SM_SV_ARG(o->c.flow), SM_SV_ARG(o->c.table));
}

/* Those of the record, then that of now, unless it is the last of them. */
static void eras_read(sm_ops *o, sm_ops__log *l, const sm_json *eras)
{
    size_t n = sm_json_len(eras);
    sm_stage_era *items = SM_NEW_N(o->arena, sm_stage_era, n + 1), now = l->eras.items[0];

    for (size_t i = 0; i < n; i++)
        items[i] = sm_stage_era_read(sm_json_at(eras, i), o->arena);
    items[n] = now;
    l->eras.items = items;
    l->eras.now = n > 0 && sm_stage_era_same(&items[n - 1], &now) ? n - 1 : n;
    l->eras.n = l->eras.now + 1;
}

static sm_code log_read(const sm_ops *o, sm_ops__log *l, const sm_json *files, sm_error *err)
{
    size_t least = 0;

    for (size_t i = 0; i < sm_json_len(files); i++) {
        const sm_json *j = sm_json_at(files, i);
        sm_sv name = sm_json_get_sv(j, "name", SM_SV(""));
        sm_ops__file f = { .batch = sm_json_get_int(j, "batch", -1),
                           .rows = sm_json_get_int(j, "rows", -1),
                           .bytes = sm_json_get_int(j, "bytes", -1),
                           .tier = (int)sm_json_get_int(j, "tier", 0),
                           .min_us = sm_json_get_int(j, "min", SM_OPS_NO_TIME),
                           .max_us = sm_json_get_int(j, "max", SM_OPS_NO_TIME),
                           .lasting = sm_json_get_bool(j, "lasting", false),
                           .era = (size_t)sm_json_get_int(j, "era", 0) };

        if (name.len == 0 || name.len >= sizeof f.name || sm_sv_find_char(name, '/') >= 0 ||
            f.rows < 0 || f.bytes < 0 || (!f.lasting && f.max_us == SM_OPS_NO_TIME) ||
            (l->eras.n > 0 && (f.era >= l->eras.n || f.era < least)))
            return corrupt(o, err);
        least = f.era;
        snprintf(f.name, sizeof f.name, "%.*s", SM_SV_ARG(name));
        sm_ops__files_add(&l->files, &f);
    }
    return SM_OK;
}

static const sm_json *named(const sm_json *list, sm_sv name)
{
    for (size_t i = 0; i < sm_json_len(list); i++)
        if (sm_sv_eq(sm_json_get_sv(sm_json_at(list, i), "name", SM_SV("")), name))
            return sm_json_at(list, i);
    return NULL;
}

/* `instead` is what to do other than a rebuild. */
static sm_code refuse(const sm_ops *o, sm_sv stage, sm_sv how, const char *instead, sm_error *err)
{
    return sm_fail(
        err, SM_E_CONFLICT, 0,
        "stage \"%.*s\" of flow \"%.*s\" %.*s, so what it remembers cannot be used; nothing "
        "was changed. %s, or rebuild the table and what reads it with `smelt run --full-refresh "
        "%.*s+`",
        SM_SV_ARG(stage), SM_SV_ARG(o->c.flow), SM_SV_ARG(how), instead, SM_SV_ARG(o->c.table));
}

static sm_code changed(const sm_ops *o, sm_sv stage, sm_sv how, sm_error *err)
{
    return refuse(o, stage, how, "Take the change of the query or of its input's columns back",
                  err);
}

static sm_code judge(sm_ops *o, const sm_ops__stage *s, const sm_json *was, sm_error *err)
{
    sm_code rc = SM_OK;
    sm_buf why;

    sm_buf_init(&why, SM_LIMIT_SQL_BYTES);
    if (!sm_stage_goes_on(s->plan, was, o->scratch, &why))
        rc = sm_stage_is_foreign(was)
                 ? refuse(o, s->plan->name, sm_buf_sv(&why), "Go on with that version", err)
                 : changed(o, s->plan->name, sm_buf_sv(&why), err);
    sm_buf_release(&why);
    return rc;
}

static sm_code stage_read(sm_ops *o, sm_ops__stage *s, const sm_json *stages, sm_error *err)
{
    const sm_json *was = named(stages, s->plan->name);
    sm_code rc;

    if (was == NULL)
        return changed(o, s->plan->name, SM_SV("was not there before"), err);
    rc = judge(o, s, was, err);
    for (size_t i = 0; rc == SM_OK && i < s->n_logs; i++) {
        const sm_json *l = named(sm_json_get(was, "logs"), s->logs[i].name);

        if (l == NULL)
            return corrupt(o, err);
        if (s->logs[i].eras.n > 0)
            eras_read(o, &s->logs[i], sm_json_get(l, "eras"));
        rc = log_read(o, &s->logs[i], sm_json_get(l, "files"), err);
    }
    return rc;
}

/* Does the query of now have a stage for everything that is remembered? */
static sm_code check_all_used(const sm_ops *o, const sm_json *stages, sm_error *err)
{
    for (size_t i = 0; i < sm_json_len(stages); i++) {
        sm_sv name = sm_json_get_sv(sm_json_at(stages, i), "name", SM_SV(""));
        bool used = false;

        for (size_t k = 0; k < o->c.n_stages; k++)
            used |= sm_stage_remembers(&o->c.stages[k]) && sm_sv_eq(o->c.stages[k].name, name);
        if (!used)
            return changed(o, name, SM_SV("is not there any more"), err);
    }
    return SM_OK;
}

sm_code sm_ops__record_read(sm_ops *o, const sm_json *state, sm_error *err)
{
    const sm_json *stages = sm_json_get(state, "stages");
    sm_code rc;

    if (state == NULL)
        return SM_OK;
    if (sm_json_get_int(state, "format", 0) != FORMAT || !sm_json_is_array(stages))
        return corrupt(o, err);
    rc = check_all_used(o, stages, err);
    for (size_t i = 0; rc == SM_OK && i < o->c.n_stages; i++)
        if (sm_stage_remembers(o->stages[i].plan))
            rc = stage_read(o, &o->stages[i], stages, err);
    return rc;
}
