/* SPDX-License-Identifier: Apache-2.0 */
/* plan_json.c -- the plan as data, and back.
 *
 *     {"format":1, "pipeline":…, "schema":…, "storage":…, "state_path":…, "file":…,
 *      "fingerprint":…, "requires":["snapshot","stream",…], "order":["readings",…],
 *      "datasets":[{"name":…, "kind":"source", "source":{"type":…,"options":{…}},
 *                   "columns":[{"name":…,"type":…}], …},
 *                  {"name":…, "kind":"streaming_table", "path":"iot/silver", "reads":[…],
 *                   "columns":[…], "delta_schema":{"type":"struct",…}, "rules":[…],
 *                   "flows":[{"name":…, "kind":"append",
 *                             "inputs":[{"dataset":…,"mode":"stream","relation":…}],
 *                             "steps":[{"op":"map","sql":…,"columns":[…]},
 *                                      {"op":"expect","rules":[…]},
 *                                      {"op":"write","table":…,"mode":"append"}],
 *                             "sql_text":…, "fingerprint":…}]}]}
 *
 * Datasets are named, not numbered; flows stand inside of their table.  The steps are the cut
 * that another engine needs; what is written is a function of the plan alone, so the same
 * plan gives the same bytes.  Paths are relative to the project; sources hold no secrets,
 * because an option that may be secret is never resolved before exec.
 */
#include "pipelines/plan/plan_int.h"
#include "runtime/base/strmap.h"

/* ---- writing: small things ----------------------------------------------------- */

static void put_text(sm_json *o, const char *key, sm_sv text)
{
    if (text.len > 0)
        sm_json_set_string(o, key, text);
}

static void put_list(sm_arena *a, sm_json *o, const char *key, const sm_plan_list *list)
{
    sm_json *array;

    if (list->n == 0)
        return;
    array = sm_json_array(a);
    for (size_t i = 0; i < list->n; i++)
        sm_json_append_string(array, list->items[i]);
    sm_json_set(o, key, array);
}

static void put_place(sm_arena *a, sm_json *o, const sm_plan_place *place)
{
    sm_json *at;

    if (place->line == 0)
        return;
    at = sm_json_object(a);
    sm_json_set_string(at, "file", place->file);
    sm_json_set_int(at, "line", place->line);
    sm_json_set_int(at, "column", place->column);
    sm_json_set(o, "place", at);
}

static void put_delta(sm_arena *a, sm_json *o, const sm_schema *schema)
{
    sm_json *delta = NULL;
    sm_schema stored;
    sm_error err;

    /* a view may give types that no table stores: then it has no Delta form */
    if (sm_schema_stored(schema, a, &stored, &err) == SM_OK &&
        sm_schema_to_delta(&stored, a, &delta, &err) == SM_OK)
        sm_json_set(o, "delta_schema", delta);
}

/* ---- writing: datasets --------------------------------------------------------- */

static sm_json *rules_json(sm_arena *a, const sm_plan_dataset *ds)
{
    sm_json *array = sm_json_array(a);

    for (size_t i = 0; i < ds->n_rules; i++) {
        const sm_plan_rule *rule = &ds->rules[i];
        sm_json *o = sm_json_object(a);

        sm_json_set_string(o, "name", rule->name);
        sm_json_set_string(o, "expect", rule->expr);
        sm_json_set_string(o, "text", rule->text);
        sm_json_set_string(o, "on_violation", rule->policy);
        put_text(o, "fail_if", rule->fail_if);
        put_text(o, "warn_if", rule->warn_if);
        put_text(o, "description", rule->description);
        put_list(a, o, "tags", &rule->tags);
        put_place(a, o, &rule->place);
        sm_json_append(array, o);
    }
    return array;
}

static sm_json *checks_json(sm_arena *a, const sm_plan *p, const sm_plan_dataset *ds)
{
    sm_json *array = sm_json_array(a);

    for (size_t i = 0; i < ds->n_checks; i++) {
        const sm_plan_check *c = &ds->checks[i];
        sm_json *o = sm_json_object(a);

        sm_json_set_string(o, "name", c->name);
        sm_json_set_string(o, "kind", sm_sv_cstr(sm_check_kind_name(c->kind)));
        sm_json_set_string(o, "text", c->text);
        put_list(a, o, "columns", &c->columns);
        if (c->kind == SM_CHECK_FOREIGN_KEY)
            sm_json_set_string(o, "to", p->datasets[c->to].name);
        put_list(a, o, "fields", &c->fields);
        if (c->kind == SM_CHECK_ROW_COUNT) {
            sm_json_set_int(o, "min", c->min);
            sm_json_set_int(o, "max", c->max);
        }
        sm_json_set_string(o, "on_violation", c->policy);
        put_text(o, "fail_if", c->fail_if);
        put_text(o, "warn_if", c->warn_if);
        put_text(o, "description", c->description);
        put_list(a, o, "tags", &c->tags);
        put_place(a, o, &c->place);
        sm_json_append(array, o);
    }
    return array;
}

static sm_json *inputs_json(sm_arena *a, const sm_plan *p, const sm_plan_flow *f)
{
    sm_json *array = sm_json_array(a);

    for (size_t i = 0; i < f->n_inputs; i++) {
        sm_json *o = sm_json_object(a);

        sm_json_set_string(o, "dataset", p->datasets[f->inputs[i].dataset].name);
        sm_json_set_string(o, "mode", sm_sv_cstr(sm_input_mode_name(f->inputs[i].mode)));
        if (f->inputs[i].metadata)
            sm_json_set_bool(o, "metadata", true);
        sm_json_set_string(o, "relation", f->inputs[i].relation);
        sm_json_append(array, o);
    }
    return array;
}

static sm_sv kind_name(sm_flow_kind kind)
{
    return kind == SM_FLOW_OVERWRITE ? SM_SV("overwrite") : SM_SV("append");
}

static sm_json *steps_json(sm_arena *a, const sm_plan *p, const sm_plan_flow *f)
{
    const sm_plan_dataset *table = &p->datasets[f->target];
    sm_json *array = sm_json_array(a), *map = sm_json_object(a), *write = sm_json_object(a);

    sm_json_set_string(map, "op", SM_SV("map"));
    sm_json_set_string(map, "sql", f->sql);
    if (f->bound)
        sm_json_set(map, "columns", sm_schema_to_json(&f->result, a));
    sm_json_append(array, map);
    if (table->n_rules > 0) {
        sm_json *expect = sm_json_object(a), *names = sm_json_array(a);

        for (size_t i = 0; i < table->n_rules; i++)
            sm_json_append_string(names, table->rules[i].name);
        sm_json_set_string(expect, "op", SM_SV("expect"));
        sm_json_set(expect, "rules", names);
        sm_json_append(array, expect);
    }
    sm_json_set_string(write, "op", SM_SV("write"));
    sm_json_set_string(write, "table", table->name);
    sm_json_set_string(write, "mode", kind_name(f->kind));
    sm_json_set_string(write, "delivery", SM_SV("exactly_once"));
    sm_json_append(array, write);
    return array;
}

static const char *const output_modes[] = { "append", "update", "complete" };

/* What differs from a flow that only appends. */
static void put_output(sm_arena *a, sm_json *o, const sm_plan_flow *f)
{
    bool appends = f->kind == SM_FLOW_APPEND;

    if (f->n_stages > 0)
        sm_json_set(o, "stages", sm_plan__stages_json(f->stages, f->n_stages, a));
    if (f->output_mode != SM_STAGE_APPEND)
        sm_json_set_string(o, "output_mode", sm_sv_cstr(output_modes[f->output_mode]));
    put_list(a, o, "merge_keys", &f->merge_keys);
    put_text(o, "touched", f->touched);
    if (f->follows)
        sm_json_set_bool(o, "follows", true);
    put_text(o, "computed_why", f->computed_why);
    if (f->watermark_max)
        sm_json_set_string(o, "watermark_policy", SM_SV("max"));
    if (appends && !f->no_data_batches)
        sm_json_set_bool(o, "no_data_batches", false);
    if (appends && !f->keeps_late)
        sm_json_set_string(o, "late_rows", SM_SV("drop"));
}

static sm_json *flows_json(sm_arena *a, const sm_plan *p, const sm_plan_dataset *ds)
{
    sm_json *array = sm_json_array(a);

    for (size_t i = 0; i < ds->n_flows; i++) {
        const sm_plan_flow *f = &p->flows[ds->flow + i];
        sm_json *o = sm_json_object(a);

        sm_json_set_string(o, "name", f->name);
        sm_json_set_string(o, "kind", kind_name(f->kind));
        if (f->once)
            sm_json_set_bool(o, "once", true);
        sm_json_set_bool(o, "bound", f->bound);
        sm_json_set(o, "inputs", inputs_json(a, p, f));
        sm_json_set(o, "steps", steps_json(a, p, f));
        put_output(a, o, f);
        sm_json_set_string(o, "sql_text", f->sql_text);
        sm_json_set_string(o, "fingerprint", f->fingerprint);
        put_place(a, o, &f->place);
        sm_json_append(array, o);
    }
    return array;
}

static sm_json *source_json(sm_arena *a, const sm_plan_dataset *ds)
{
    sm_json *o = sm_json_object(a);

    sm_json_set_string(o, "type", ds->source_type);
    put_text(o, "pipeline", ds->pipeline);
    sm_json_set(o, "options", sm_json_copy(a, ds->source_config));
    sm_json_set_bool(o, "schema_declared", ds->schema_declared);
    sm_json_set_string(o, "schema_evolution_mode", sm_sv_cstr(sm_evolution_name(ds->evolution)));
    put_text(o, "schema_hints", ds->schema_hints);
    if (ds->metadata)
        sm_json_set_bool(o, "include_metadata", true);
    sm_json_set_string(o, "on_decode_error",
                       sm_sv_cstr(sm_decode_policy_name(ds->on_decode_error)));
    return o;
}

static sm_json *sink_json(sm_arena *a, const sm_plan_dataset *ds)
{
    sm_json *o = sm_json_object(a);

    sm_json_set_string(o, "type", ds->source_type);
    sm_json_set(o, "options", sm_json_copy(a, ds->source_config));
    return o;
}

static void put_streaming(sm_arena *a, sm_json *o, const sm_plan *p, const sm_plan_dataset *ds)
{
    sm_json *array = sm_json_array(a);

    for (size_t i = 0; i < ds->n_watermarks; i++) {
        const sm_plan_watermark *w = &ds->watermarks[i];
        sm_json *one = sm_json_object(a);

        sm_json_set_string(one, "input", p->datasets[w->input].name);
        sm_json_set_string(one, "column", w->column);
        sm_json_set_int(one, "delay_us", w->delay_us);
        if (w->idle_us != 0)
            sm_json_set_int(one, "idle_us", w->idle_us);
        if (w->max_future_us >= 0)
            sm_json_set_int(one, "max_future_us", w->max_future_us);
        put_place(a, one, &w->place);
        sm_json_append(array, one);
    }
    if (ds->n_watermarks > 0)
        sm_json_set(o, "watermarks", array);
    if (ds->deduplicate) {
        sm_json *one = sm_json_object(a);

        put_list(a, one, "keys", &ds->deduplicate->keys);
        sm_json_set_bool(one, "within_watermark", ds->deduplicate->within_watermark);
        put_place(a, one, &ds->deduplicate->place);
        sm_json_set(o, "deduplicate", one);
    }
}

static sm_json *dataset_json(sm_arena *a, const sm_plan *p, const sm_plan_dataset *ds)
{
    sm_json *o = sm_json_object(a), *reads = sm_json_array(a);

    sm_json_set_string(o, "name", ds->name);
    sm_json_set_string(o, "kind", sm_sv_cstr(sm_dataset_kind_name(ds->kind)));
    put_text(o, "layer", ds->layer);
    put_text(o, "description", ds->description);
    put_list(a, o, "tags", &ds->tags);
    put_text(o, "path", ds->path);
    put_list(a, o, "partition_by", &ds->partition_by);
    put_text(o, "contract", ds->contract);
    if (ds->warn_after_us > 0)
        sm_json_set_int(o, "warn_after_us", ds->warn_after_us);
    if (ds->error_after_us > 0)
        sm_json_set_int(o, "error_after_us", ds->error_after_us);
    if (ds->properties != NULL)
        sm_json_set(o, "properties", sm_json_copy(a, ds->properties));
    if (ds->kind == SM_DATASET_SOURCE)
        sm_json_set(o, "source", source_json(a, ds));
    if (ds->kind == SM_DATASET_SINK)
        sm_json_set(o, "sink", sink_json(a, ds));
    for (size_t i = 0; i < ds->n_reads; i++)
        sm_json_append_string(reads, p->datasets[ds->reads[i]].name);
    if (ds->kind != SM_DATASET_SOURCE || ds->n_reads > 0)
        sm_json_set(o, "reads", reads);
    sm_json_set_bool(o, "known", ds->known);
    if (ds->schema.n > 0) {
        sm_json_set(o, "columns", sm_schema_to_json(&ds->schema, a));
        put_delta(a, o, &ds->schema);
    }
    if (sm_dataset_is_side(ds))
        sm_json_set_string(o, "owner", p->datasets[ds->owner].name);
    put_streaming(a, o, p, ds);
    if (ds->n_rules > 0)
        sm_json_set(o, "rules", rules_json(a, ds));
    if (ds->n_checks > 0)
        sm_json_set(o, "checks", checks_json(a, p, ds));
    if (sm_dataset_is_table(ds) || ds->kind == SM_DATASET_SINK)
        sm_json_set(o, "flows", flows_json(a, p, ds));
    put_text(o, "sql_text", ds->sql_text);
    sm_json_set_string(o, "fingerprint", ds->fingerprint);
    put_place(a, o, &ds->place);
    return o;
}

/* The features that an engine must have to run this plan, sorted. */
static sm_json *requires_json(sm_arena *a, const sm_plan *p)
{
    bool check = false, expect = false, once = false, overwrite = false, partition = false,
         snapshot = false, stream = false;
    sm_json *array = sm_json_array(a);

    for (size_t i = 0; i < p->n_datasets; i++) {
        expect |= p->datasets[i].n_rules > 0;
        check |= p->datasets[i].n_checks > 0;
        partition |= p->datasets[i].partition_by.n > 0;
    }
    for (size_t i = 0; i < p->n_flows; i++) {
        once |= p->flows[i].once;
        overwrite |= p->flows[i].kind == SM_FLOW_OVERWRITE;
        for (size_t k = 0; k < p->flows[i].n_inputs; k++) {
            snapshot |= p->flows[i].inputs[k].mode == SM_INPUT_SNAPSHOT;
            stream |= p->flows[i].inputs[k].mode == SM_INPUT_STREAM;
        }
    }
    const struct {
        const char *name;
        bool used;
    } features[] = {
        { "check", check },         { "expect", expect },          { "once", once },
        { "overwrite", overwrite }, { "partition_by", partition }, { "snapshot", snapshot },
        { "stream", stream }
    };

    for (size_t i = 0; i < sizeof features / sizeof *features; i++) {
        if (features[i].used)
            sm_json_append_string(array, sm_sv_cstr(features[i].name));
    }
    return array;
}

static sm_json *variables_json(sm_arena *a, const sm_sql_variables *all)
{
    sm_json *array = sm_json_array(a);

    for (size_t i = 0; i < all->n; i++) {
        sm_json *o = sm_json_object(a);

        sm_json_set_string(o, "name", all->items[i].name);
        sm_json_set_string(o, "type", all->items[i].type);
        if (all->items[i].has_value)
            sm_json_set_string(o, "value", all->items[i].value);
        sm_json_append(array, o);
    }
    return array;
}

sm_json *sm_plan_to_json(const sm_plan *p, sm_arena *a)
{
    sm_json *o = sm_json_object(a), *order = sm_json_array(a), *datasets = sm_json_array(a);

    sm_json_set_int(o, "format", SM_PLAN_FORMAT);
    sm_json_set_string(o, "pipeline", p->pipeline);
    sm_json_set_string(o, "schema", p->schema);
    sm_json_set_string(o, "storage", p->storage);
    sm_json_set_string(o, "state_path", p->state_path);
    sm_json_set_string(o, "file", p->file);
    put_text(o, "description", p->description);
    put_list(a, o, "tags", &p->tags);
    if (p->variables.n > 0)
        sm_json_set(o, "variables", variables_json(a, &p->variables));
    sm_json_set_string(o, "dialect", SM_SV("duckdb"));
    sm_json_set(o, "requires", requires_json(a, p));
    for (size_t i = 0; i < p->n_datasets; i++)
        sm_json_append_string(order, p->datasets[p->order[i]].name);
    sm_json_set(o, "order", order);
    for (size_t i = 0; i < p->n_datasets; i++)
        sm_json_append(datasets, dataset_json(a, p, &p->datasets[i]));
    sm_json_set(o, "datasets", datasets);
    sm_json_set_string(o, "fingerprint", p->fingerprint);
    return o;
}

/* ---- reading ------------------------------------------------------------------- */

typedef struct reader {
    sm_arena *a;
    sm_strmap *names;
    sm_plan *plan;
    sm_plan_dataset *datasets;
    sm_plan_flow *flows;
    sm_error *err;
    sm_code rc; /* the first failure; what follows does nothing */
} reader;

static void fail(reader *r, const char *what)
{
    if (r->rc == SM_OK)
        r->rc = sm_fail(r->err, SM_E_CORRUPT, 0, "the plan is damaged: %s", what);
}

static sm_sv take_text(reader *r, const sm_json *o, const char *key)
{
    return sm_arena_dup(r->a, sm_json_get_sv(o, key, SM_SV("")));
}

static sm_plan_list take_list(reader *r, const sm_json *o, const char *key)
{
    const sm_json *array = sm_json_get(o, key);
    size_t n = sm_json_is_array(array) ? sm_json_len(array) : 0;
    sm_sv *items = SM_NEW_N(r->a, sm_sv, n + 1);

    for (size_t i = 0; i < n; i++)
        items[i] = sm_arena_dup(r->a, sm_json_sv(sm_json_at(array, i)));
    return (sm_plan_list){ items, n };
}

static sm_plan_place take_place(reader *r, const sm_json *o)
{
    const sm_json *at = sm_json_get(o, "place");

    return (sm_plan_place){
        .file = take_text(r, at, "file"),
        .line = (uint32_t)sm_json_get_int(at, "line", 0),
        .column = (uint32_t)sm_json_get_int(at, "column", 0),
    };
}

static void take_schema(reader *r, const sm_json *columns, sm_schema *out)
{
    if (r->rc == SM_OK && columns)
        r->rc = sm_schema_from_json(columns, r->a, out, r->err);
}

static size_t take_dataset(reader *r, const sm_json *name)
{
    size_t ds = 0;

    if (!sm_strmap_get(r->names, sm_json_sv(name), &ds))
        fail(r, "it names a dataset that it does not have");
    return ds;
}

/* The number of the word in the list; a word that is not there is damage. */
static int take_word(reader *r, const sm_json *o, const char *key, const char *const *words, int n)
{
    sm_sv word = sm_json_get_sv(o, key, SM_SV(""));

    for (int i = 0; i < n; i++) {
        if (sm_sv_eq_str(word, words[i]))
            return i;
    }
    fail(r, key);
    return 0;
}

static sm_sql_variables take_variables(reader *r, const sm_json *array)
{
    size_t n = sm_json_is_array(array) ? sm_json_len(array) : 0;
    sm_sql_variable *items = SM_NEW_N(r->a, sm_sql_variable, n + 1);

    for (size_t i = 0; i < n; i++) {
        const sm_json *o = sm_json_at(array, i);

        items[i] = (sm_sql_variable){ .name = take_text(r, o, "name"),
                                      .type = take_text(r, o, "type"),
                                      .value = take_text(r, o, "value"),
                                      .has_value = sm_json_get(o, "value") != NULL };
    }
    return (sm_sql_variables){ items, n };
}

static void read_rules(reader *r, const sm_json *array, sm_plan_dataset *ds)
{
    size_t n = sm_json_len(array);
    sm_plan_rule *rules = SM_NEW_N(r->a, sm_plan_rule, n + 1);

    for (size_t i = 0; i < n; i++) {
        const sm_json *o = sm_json_at(array, i);

        rules[i] = (sm_plan_rule){
            .name = take_text(r, o, "name"),
            .expr = take_text(r, o, "expect"),
            .text = take_text(r, o, "text"),
            .policy = take_text(r, o, "on_violation"),
            .fail_if = take_text(r, o, "fail_if"),
            .warn_if = take_text(r, o, "warn_if"),
            .description = take_text(r, o, "description"),
            .tags = take_list(r, o, "tags"),
            .place = take_place(r, o),
        };
    }
    ds->rules = rules;
    ds->n_rules = n;
}

static void read_checks(reader *r, const sm_json *array, sm_plan_dataset *ds)
{
    static const char *const kinds[] = { "unique", "foreign_key", "row_count" };
    size_t n = sm_json_len(array);
    sm_plan_check *checks = SM_NEW_N(r->a, sm_plan_check, n + 1);

    for (size_t i = 0; i < n; i++) {
        const sm_json *o = sm_json_at(array, i);
        sm_plan_check *c = &checks[i];

        *c = (sm_plan_check){
            .name = take_text(r, o, "name"),
            .kind = (sm_check_kind)take_word(r, o, "kind", kinds, 3),
            .text = take_text(r, o, "text"),
            .columns = take_list(r, o, "columns"),
            .fields = take_list(r, o, "fields"),
            .min = sm_json_get_int(o, "min", -1),
            .max = sm_json_get_int(o, "max", -1),
            .policy = take_text(r, o, "on_violation"),
            .fail_if = take_text(r, o, "fail_if"),
            .warn_if = take_text(r, o, "warn_if"),
            .description = take_text(r, o, "description"),
            .tags = take_list(r, o, "tags"),
            .place = take_place(r, o),
        };
        if (c->kind == SM_CHECK_FOREIGN_KEY)
            c->to = take_dataset(r, sm_json_get(o, "to"));
    }
    ds->checks = checks;
    ds->n_checks = n;
}

static void read_inputs(reader *r, const sm_json *array, sm_plan_flow *f)
{
    static const char *const modes[] = { "stream", "snapshot" };
    size_t n = sm_json_len(array);
    sm_plan_input *inputs = SM_NEW_N(r->a, sm_plan_input, n + 1);

    for (size_t i = 0; i < n; i++) {
        const sm_json *o = sm_json_at(array, i);

        inputs[i] = (sm_plan_input){
            .dataset = take_dataset(r, sm_json_get(o, "dataset")),
            .mode = (sm_input_mode)take_word(r, o, "mode", modes, 2),
            .metadata = sm_json_get_bool(o, "metadata", false),
            .relation = take_text(r, o, "relation"),
        };
    }
    f->inputs = inputs;
    f->n_inputs = n;
}

static void read_output(reader *r, const sm_json *o, sm_plan_flow *f)
{
    bool appends = f->kind == SM_FLOW_APPEND;

    if (sm_json_get(o, "output_mode"))
        f->output_mode = (sm_stage_mode)take_word(r, o, "output_mode", output_modes, 3);
    f->merge_keys = take_list(r, o, "merge_keys");
    f->touched = take_text(r, o, "touched");
    f->follows = sm_json_get_bool(o, "follows", false);
    f->computed_why = take_text(r, o, "computed_why");
    f->watermark_max = sm_sv_eq_str(sm_json_get_sv(o, "watermark_policy", SM_SV("")), "max");
    f->no_data_batches = sm_json_get_bool(o, "no_data_batches", appends);
    f->keeps_late = appends && !sm_json_get(o, "late_rows");
    if (r->rc == SM_OK)
        r->rc = sm_plan__stages_from_json(sm_json_get(o, "stages"), r->a, &f->stages, &f->n_stages,
                                          r->err);
}

static void read_flow(reader *r, const sm_json *o, size_t target, sm_plan_flow *f)
{
    static const char *const kinds[] = { "append", "overwrite" };
    const sm_json *map = sm_json_at(sm_json_get(o, "steps"), 0);

    *f = (sm_plan_flow){
        .name = take_text(r, o, "name"),
        .target = target,
        .kind = (sm_flow_kind)take_word(r, o, "kind", kinds, 2),
        .once = sm_json_get_bool(o, "once", false),
        .sql = take_text(r, map, "sql"),
        .sql_text = take_text(r, o, "sql_text"),
        .bound = sm_json_get_bool(o, "bound", false),
        .fingerprint = take_text(r, o, "fingerprint"),
        .place = take_place(r, o),
    };
    read_output(r, o, f);
    read_inputs(r, sm_json_get(o, "inputs"), f);
    take_schema(r, sm_json_get(map, "columns"), &f->result);
}

static void read_reads(reader *r, const sm_json *array, sm_plan_dataset *ds)
{
    size_t n = sm_json_len(array);
    size_t *reads = SM_NEW_N(r->a, size_t, n + 1);

    for (size_t i = 0; i < n; i++)
        reads[i] = take_dataset(r, sm_json_at(array, i));
    ds->reads = reads;
    ds->n_reads = n;
}

static void read_streaming(reader *r, const sm_json *o, sm_plan_dataset *ds)
{
    const sm_json *array = sm_json_get(o, "watermarks"), *once = sm_json_get(o, "deduplicate");
    size_t n = sm_json_len(array);
    sm_plan_watermark *list = SM_NEW_N(r->a, sm_plan_watermark, n + 1);

    for (size_t i = 0; i < n; i++) {
        const sm_json *one = sm_json_at(array, i);

        list[i] = (sm_plan_watermark){ .input = take_dataset(r, sm_json_get(one, "input")),
                                       .column = take_text(r, one, "column"),
                                       .delay_us = sm_json_get_int(one, "delay_us", 0),
                                       .idle_us = sm_json_get_int(one, "idle_us", 0),
                                       .max_future_us = sm_json_get_int(one, "max_future_us", -1),
                                       .place = take_place(r, one) };
    }
    ds->watermarks = list;
    ds->n_watermarks = n;
    if (once) {
        sm_plan_deduplicate *d = SM_NEW(r->a, sm_plan_deduplicate);

        d->keys = take_list(r, once, "keys");
        d->within_watermark = sm_json_get_bool(once, "within_watermark", false);
        d->place = take_place(r, once);
        ds->deduplicate = d;
    }
}

static void read_dataset(reader *r, const sm_json *o, size_t i)
{
    static const char *const kinds[] = { "source", "streaming_table", "materialized_view",
                                         "view",   "quarantine",      "late_rows",
                                         "sink" };
    sm_plan_dataset *ds = &r->datasets[i];
    const sm_json *flows = sm_json_get(o, "flows"), *source = sm_json_get(o, "source");

    *ds = (sm_plan_dataset){
        .name = take_text(r, o, "name"),
        .kind = (sm_dataset_kind)take_word(r, o, "kind", kinds, 7),
        .layer = take_text(r, o, "layer"),
        .description = take_text(r, o, "description"),
        .tags = take_list(r, o, "tags"),
        .known = sm_json_get_bool(o, "known", false),
        .path = take_text(r, o, "path"),
        .partition_by = take_list(r, o, "partition_by"),
        .contract = take_text(r, o, "contract"),
        .warn_after_us = sm_json_get_int(o, "warn_after_us", 0),
        .error_after_us = sm_json_get_int(o, "error_after_us", 0),
        .source_type = take_text(r, source, "type"),
        .pipeline = take_text(r, source, "pipeline"),
        .flow = r->plan->n_flows,
        .n_flows = sm_json_len(flows),
        .sql_text = take_text(r, o, "sql_text"),
        .fingerprint = take_text(r, o, "fingerprint"),
        .place = take_place(r, o),
    };
    if (ds->kind == SM_DATASET_SINK) {
        ds->source_type = take_text(r, sm_json_get(o, "sink"), "type");
        ds->source_config = sm_json_copy(r->a, sm_json_get(sm_json_get(o, "sink"), "options"));
    }
    if (source) {
        ds->source_config = sm_json_copy(r->a, sm_json_get(source, "options"));
        ds->schema_declared = sm_json_get_bool(source, "schema_declared", false);
        ds->evolution = sm_evolution_of(sm_json_get_sv(source, "schema_evolution_mode", SM_SV("")));
        ds->schema_hints = take_text(r, source, "schema_hints");
        ds->metadata = sm_json_get_bool(source, "include_metadata", false);
        ds->on_decode_error =
            sm_decode_policy_of(sm_json_get_sv(source, "on_decode_error", SM_SV("")));
    }
    if (sm_json_get(o, "properties") != NULL)
        ds->properties = sm_json_copy(r->a, sm_json_get(o, "properties"));
    if (sm_dataset_is_side(ds)) {
        ds->owner = take_dataset(r, sm_json_get(o, "owner"));
        *(ds->kind == SM_DATASET_LATE ? &r->datasets[ds->owner].late
                                      : &r->datasets[ds->owner].quarantine) = i;
    }
    take_schema(r, sm_json_get(o, "columns"), &ds->schema);
    read_streaming(r, o, ds);
    read_rules(r, sm_json_get(o, "rules"), ds);
    read_checks(r, sm_json_get(o, "checks"), ds);
    read_reads(r, sm_json_get(o, "reads"), ds);
    for (size_t k = 0; k < ds->n_flows; k++)
        read_flow(r, sm_json_at(flows, k), i, &r->flows[ds->flow + k]);
    r->plan->n_flows += ds->n_flows;
    r->plan->n_waiting += !ds->known;
}

static void read_pipeline(reader *r, const sm_json *json)
{
    sm_plan *p = r->plan;

    p->pipeline = take_text(r, json, "pipeline");
    p->schema = take_text(r, json, "schema");
    p->storage = take_text(r, json, "storage");
    p->state_path = take_text(r, json, "state_path");
    p->description = take_text(r, json, "description");
    p->tags = take_list(r, json, "tags");
    p->variables = take_variables(r, sm_json_get(json, "variables"));
    p->file = take_text(r, json, "file");
    p->fingerprint = take_text(r, json, "fingerprint");
}

static void read_order(reader *r, const sm_json *array)
{
    size_t *order = SM_NEW_N(r->a, size_t, r->plan->n_datasets + 1);

    if (sm_json_len(array) != r->plan->n_datasets) {
        fail(r, "the order does not name each dataset");
        return;
    }
    for (size_t i = 0; i < r->plan->n_datasets; i++)
        order[i] = take_dataset(r, sm_json_at(array, i));
    r->plan->order = order;
}

sm_code sm_plan_from_json(const sm_json *json, sm_arena *a, const sm_plan **out, sm_error *err)
{
    const sm_json *datasets = sm_json_get(json, "datasets");
    size_t n = sm_json_is_array(datasets) ? sm_json_len(datasets) : 0, flows = 0;
    reader r = { .a = a, .plan = SM_NEW(a, sm_plan), .err = err, .rc = SM_OK };

    *out = NULL;
    if (sm_json_get_int(json, "format", 0) != SM_PLAN_FORMAT)
        return sm_fail(err, SM_E_CORRUPT, 0, "this is no plan of format %d", SM_PLAN_FORMAT);
    r.names = sm_strmap_new(a);
    for (size_t i = 0; i < n; i++) {
        const sm_json *o = sm_json_at(datasets, i);

        sm_strmap_put(r.names, sm_json_get_sv(o, "name", SM_SV("")), i);
        flows += sm_json_len(sm_json_get(o, "flows"));
    }
    r.plan->n_datasets = n;
    r.plan->datasets = r.datasets = SM_NEW_N(a, sm_plan_dataset, n + 1);
    r.plan->flows = r.flows = SM_NEW_N(a, sm_plan_flow, flows + 1);
    read_pipeline(&r, json);
    for (size_t i = 0; i < n; i++)
        read_dataset(&r, sm_json_at(datasets, i), i);
    read_order(&r, sm_json_get(json, "order"));
    if (r.rc == SM_OK)
        *out = r.plan;
    return r.rc;
}
