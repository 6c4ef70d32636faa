/* SPDX-License-Identifier: Apache-2.0 */
/* view_since.c -- what a version of the files changed, against an earlier one. */
#include "ui/view/view_int.h"

static sm_sv act_of(const sm_plan_since_row *row)
{
    static const char *const acts[] = {
        [SM_CHANGE_FORWARD] = "new rows follow the new definition; rows that are there stay",
        [SM_CHANGE_RECOMPUTE] = "is computed again by the next run",
        [SM_CHANGE_REBUILD] = "a table that is there needs --full-refresh",
        [SM_CHANGE_WAITING] = "its columns depend on a source that has no data here",
        [SM_CHANGE_INACTIVE] = "",
    };

    switch (row->change) {
    case SM_SINCE_NEW:
        return SM_SV("is made by the next run");
    case SM_SINCE_REMOVED:
        return SM_SV("its table is kept and not written");
    case SM_SINCE_UNCHANGED:
        return SM_SV("");
    case SM_SINCE_MODIFIED:
        break;
    }
    return row->effect == SM_CHANGE_NEW || row->effect == SM_CHANGE_UNCHANGED
               ? SM_SV("")
               : sm_sv_cstr(acts[row->effect]);
}

static sm_json *row_json(const sm_view *v, const sm_plan_since_row *row)
{
    const sm_plan_dataset *ds = row->dataset;
    sm_json *o = sm_json_object(v->a), *reasons = sm_json_array(v->a);

    sm_json_set_string(o, "table", ds->name);
    sm_json_set_string(o, "kind", sm_sv_cstr(sm_dataset_kind_name(ds->kind)));
    sm_json_set_string(o, "change", sm_sv_cstr(sm_plan_since_name(row->change)));
    if (row->change == SM_SINCE_MODIFIED && sm_dataset_is_table(ds))
        sm_json_set_string(o, "effect", sm_sv_cstr(sm_plan_change_name(row->effect)));
    if (row->change != SM_SINCE_REMOVED && ds->place.line > 0) {
        sm_json_set_string(o, "file", ds->place.file);
        sm_json_set_int(o, "line", ds->place.line);
        sm_json_set_int(o, "column", ds->place.column);
    }
    sm_json_set_string(o, "act", sm_dataset_is_table(ds) ? act_of(row) : SM_SV(""));
    for (size_t i = 0; i < row->n_reasons; i++)
        sm_json_append_string(reasons, row->reasons[i]);
    sm_json_set(o, "reasons", reasons);
    return o;
}

sm_json *sm_view_since(const sm_view *v, const sm_plan *old, sm_sv since, sm_sv commit)
{
    static const sm_plan nothing = { .n_datasets = 0 };
    sm_json *doc = sm_view__document(v), *list = sm_json_array(v->a);
    const sm_plan_since_row *rows;
    bool changed = false;
    size_t n;

    sm_plan_since(v->plan, old == NULL ? &nothing : old, v->a, &rows, &n);
    for (size_t i = 0; i < n; i++) {
        changed |= rows[i].change != SM_SINCE_UNCHANGED;
        if (rows[i].change != SM_SINCE_UNCHANGED || sm_dataset_is_table(rows[i].dataset))
            sm_json_append(list, row_json(v, &rows[i]));
    }
    sm_json_set_string(doc, "since", since);
    sm_json_set_string(doc, "commit", commit);
    sm_json_set(doc, "changes", list);
    sm_json_set_bool(doc, "changed", changed);
    return doc;
}
