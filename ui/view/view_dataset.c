/* SPDX-License-Identifier: Apache-2.0 */
/* view_dataset.c -- one dataset, and lists of them, from the plan alone. */
#include "ui/view/view_int.h"

static sm_json *names_read(const sm_view *v, const sm_plan_dataset *ds)
{
    sm_json *list = sm_json_array(v->a);

    for (size_t i = 0; i < ds->n_reads; i++)
        sm_json_append_string(list, v->plan->datasets[ds->reads[i]].name);
    return list;
}

static sm_json *rules_of(const sm_view *v, const sm_plan_dataset *ds)
{
    sm_json *list = sm_json_array(v->a);

    for (size_t i = 0; i < ds->n_rules; i++) {
        const sm_plan_rule *r = &ds->rules[i];
        sm_json *o = sm_json_object(v->a);

        sm_json_set_string(o, "name", r->name);
        sm_json_set_string(o, "expect", r->text);
        sm_json_set_string(o, "on_violation", r->policy);
        sm_view__set_text(o, "fail_if", r->fail_if);
        sm_view__set_text(o, "warn_if", r->warn_if);
        sm_view__set_text(o, "description", r->description);
        sm_view__set_list(v, o, "tags", &r->tags);
        sm_json_append(list, o);
    }
    for (size_t i = 0; i < ds->n_checks; i++) {
        const sm_plan_check *c = &ds->checks[i];
        sm_json *o = sm_json_object(v->a);

        sm_json_set_string(o, "name", c->name);
        sm_json_set_string(o, "expect", c->text);
        sm_json_set_string(o, "on_violation", c->policy);
        sm_view__set_text(o, "fail_if", c->fail_if);
        sm_view__set_text(o, "warn_if", c->warn_if);
        sm_view__set_text(o, "description", c->description);
        sm_view__set_list(v, o, "tags", &c->tags);
        sm_json_append(list, o);
    }
    return list;
}

static sm_json *inputs_of(const sm_view *v, const sm_plan_flow *f)
{
    sm_json *list = sm_json_array(v->a);

    for (size_t i = 0; i < f->n_inputs; i++) {
        sm_json *o = sm_json_object(v->a);

        sm_json_set_string(o, "name", v->plan->datasets[f->inputs[i].dataset].name);
        sm_json_set_string(o, "mode", sm_sv_cstr(sm_input_mode_name(f->inputs[i].mode)));
        sm_json_set_string(o, "relation", f->inputs[i].relation);
        sm_json_append(list, o);
    }
    return list;
}

static sm_json *stages_of(const sm_view *v, const sm_plan_flow *f)
{
    sm_json *list = sm_json_array(v->a);
    sm_buf words;

    sm_buf_init(&words, 64 * 1024);
    for (size_t i = 0; i < f->n_stages; i++) {
        const sm_stage *s = &f->stages[i];
        sm_json *o = sm_json_object(v->a);

        sm_buf_clear(&words);
        sm_stage_words(s, &words);
        sm_json_set_string(o, "name", s->name);
        sm_json_set_string(o, "relation", s->relation);
        sm_json_set_string(o, "remembers", sm_buf_sv(&words));
        sm_view__set_text(o, "rows", s->rows);
        sm_view__set_text(o, "left", s->left.rows);
        sm_view__set_text(o, "right", s->right.rows);
        sm_json_append(list, o);
    }
    sm_buf_release(&words);
    return list;
}

static sm_json *flows_of(const sm_view *v, const sm_plan_dataset *ds)
{
    sm_json *list = sm_json_array(v->a);

    for (size_t i = 0; i < ds->n_flows; i++) {
        const sm_plan_flow *f = &v->plan->flows[ds->flow + i];
        sm_json *o = sm_json_object(v->a);

        sm_json_set_string(o, "name", f->name);
        sm_json_set_string(o, "writes", sm_sv_cstr(sm_plan_writes_name(f)));
        sm_view__set_text(o, "computed_why", f->computed_why);
        if (f->once)
            sm_json_set_bool(o, "once", true);
        sm_json_set(o, "inputs", inputs_of(v, f));
        sm_json_set_string(o, "sql", f->sql_text);
        if (f->n_stages > 0)
            sm_json_set(o, "stages", stages_of(v, f));
        sm_json_set_string(o, "compiled", f->sql);
        sm_json_append(list, o);
    }
    return list;
}

/* What every list and every page says of a dataset. */
static sm_json *row_of(const sm_view *v, const sm_plan_dataset *ds)
{
    sm_json *o = sm_json_object(v->a);

    sm_json_set_string(o, "name", ds->name);
    sm_json_set_string(o, "kind", sm_sv_cstr(sm_dataset_kind_name(ds->kind)));
    sm_view__set_text(o, "type", ds->source_type);
    sm_view__set_text(o, "layer", ds->layer);
    sm_view__set_text(o, "description", ds->description);
    sm_view__set_list(v, o, "tags", &ds->tags);
    sm_json_set(o, "reads", names_read(v, ds));
    return o;
}

/* What is in a bucket is not looked for in its image. */
static sm_sv place_of(const sm_view *v, const sm_plan_dataset *ds)
{
    bool remote = sm_sv_starts(v->plan->storage, SM_SV("s3://"));
    sm_sv root = remote ? v->plan->storage : v->storage_dir;

    while (root.len > 0 && root.ptr[root.len - 1] == '/')
        root.len--;
    return sm_arena_printf(v->a, "%.*s/%.*s", SM_SV_ARG(root), SM_SV_ARG(ds->path));
}

sm_json *sm_view_dataset(const sm_view *v, const sm_plan_dataset *ds)
{
    sm_json *o = row_of(v, ds), *place = sm_json_object(v->a);

    if (ds->path.len > 0)
        sm_json_set_string(o, "path", place_of(v, ds));
    sm_json_set_bool(o, "known", ds->known);
    sm_json_set(o, "columns", sm_schema_to_json(&ds->schema, v->a));
    sm_view__set_list(v, o, "partition_by", &ds->partition_by);
    if (ds->source_config != NULL)
        sm_json_set(o, "options", sm_json_copy(v->a, ds->source_config));
    if (sm_dataset_is_table(ds)) {
        sm_json_set(o, "expectations", rules_of(v, ds));
        sm_json_set(o, "flows", flows_of(v, ds));
    }
    sm_view__set_text(o, "sql", ds->sql_text);
    sm_json_set_string(place, "file", ds->place.file);
    sm_json_set_int(place, "line", ds->place.line);
    sm_json_set_int(place, "column", ds->place.column);
    sm_json_set(o, "place", place);
    return o;
}

sm_json *sm_view_list(const sm_view *v, const bool *selected)
{
    sm_json *doc = sm_view__document(v), *list = sm_json_array(v->a);

    for (size_t i = 0; i < v->plan->n_datasets; i++) {
        size_t k = v->plan->order[i];

        if (selected[k])
            sm_json_append(list, row_of(v, &v->plan->datasets[k]));
    }
    sm_json_set(doc, "datasets", list);
    return doc;
}
