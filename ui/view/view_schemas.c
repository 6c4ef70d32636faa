/* SPDX-License-Identifier: Apache-2.0 */
/* view_schemas.c -- the columns of sources as they were pinned, version by version. */
#include "ui/view/view_int.h"

/* Columns of `now` that `was` has not or has in another type; all of them are new at first. */
static sm_json *changed(const sm_view *v, const sm_schema *was, const sm_schema *now)
{
    sm_json *list = sm_json_array(v->a);

    for (size_t i = 0; i < now->n; i++) {
        const sm_column *c = &now->columns[i];
        ptrdiff_t at = sm_schema_find(was, c->name);

        if (at < 0 || !sm_sv_eq(was->columns[at].type, c->type))
            sm_json_append_string(
                list, sm_arena_printf(v->a, "%.*s %.*s", SM_SV_ARG(c->name), SM_SV_ARG(c->type)));
    }
    return list;
}

sm_code sm_view_schemas(const sm_view *v, const sm_plan_dataset *source, sm_json **out,
                        sm_error *err)
{
    sm_json *list = sm_json_array(v->a), *columns;
    sm_schema was = { 0 }, now;
    sm_schema_version *versions = NULL;
    size_t n = 0;
    sm_code rc = SM_OK;

    *out = list;
    if (sm_view__has_run(v) && source->kind == SM_DATASET_SOURCE)
        rc = sm_store_schemas(v->store, v->pipeline, source->name, v->a, &versions, &n, err);
    for (size_t i = 0; rc == SM_OK && i < n; i++) {
        sm_json *o = sm_json_object(v->a);

        if ((rc = sm_json_parse(versions[i].schema, v->a, &columns, err)) != SM_OK ||
            (rc = sm_schema_from_json(columns, v->a, &now, err)) != SM_OK)
            break;
        sm_json_set_int(o, "version", versions[i].version);
        sm_json_set_string(o, "why", versions[i].why);
        sm_view__set_time(v, o, "pinned", versions[i].created_ms);
        sm_json_set(o, "changed", changed(v, &was, &now));
        sm_json_set(o, "columns", columns);
        sm_json_append(list, o);
        was = now;
    }
    return rc;
}
