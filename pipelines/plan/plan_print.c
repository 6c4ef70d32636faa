/* SPDX-License-Identifier: Apache-2.0 */
/* plan_print.c -- the plan and its graph for people. */
#include "pipelines/plan/plan_int.h"
#include "runtime/base/duration.h"

/* ---- the plan ------------------------------------------------------------------ */

static void print_columns(const sm_schema *s, sm_buf *out)
{
    size_t width = 0;

    for (size_t i = 0; i < s->n; i++)
        width = s->columns[i].name.len > width ? s->columns[i].name.len : width;
    for (size_t i = 0; i < s->n; i++)
        sm_buf_addf(out, "      %-*.*s  %.*s\n", (int)width, SM_SV_ARG(s->columns[i].name),
                    SM_SV_ARG(s->columns[i].type));
}

static void print_rules(const sm_plan_dataset *ds, sm_buf *out)
{
    if (ds->n_rules > 0)
        sm_buf_adds(out, "    expects\n");
    for (size_t i = 0; i < ds->n_rules; i++) {
        const sm_plan_rule *r = &ds->rules[i];

        sm_buf_addf(out, "      %.*s: %.*s (%.*s", SM_SV_ARG(r->name), SM_SV_ARG(r->expr),
                    SM_SV_ARG(r->policy));
        if (r->warn_if.len > 0)
            sm_buf_addf(out, ", warn if %.*s", SM_SV_ARG(r->warn_if));
        if (r->fail_if.len > 0)
            sm_buf_addf(out, ", fail if %.*s", SM_SV_ARG(r->fail_if));
        sm_buf_adds(out, ")\n");
    }
}

static void print_checks(const sm_plan_dataset *ds, sm_buf *out)
{
    if (ds->n_checks > 0)
        sm_buf_adds(out, "    checks\n");
    for (size_t i = 0; i < ds->n_checks; i++) {
        const sm_plan_check *c = &ds->checks[i];

        sm_buf_addf(out, "      %.*s: %.*s (%.*s", SM_SV_ARG(c->name), SM_SV_ARG(c->text),
                    SM_SV_ARG(c->policy));
        if (c->warn_if.len > 0)
            sm_buf_addf(out, ", warn if %.*s", SM_SV_ARG(c->warn_if));
        if (c->fail_if.len > 0)
            sm_buf_addf(out, ", fail if %.*s", SM_SV_ARG(c->fail_if));
        sm_buf_adds(out, ")\n");
    }
}

/* Every line of the SQL with the same space before it. */
static void print_sql(sm_sv sql, sm_buf *out)
{
    sm_sv rest = sql, line;

    while (sm_sv_next(&rest, '\n', &line)) {
        if (sm_sv_trim(line).len > 0)
            sm_buf_addf(out, "      %.*s\n", SM_SV_ARG(line));
    }
}

static void print_stage(const sm_stage *s, sm_buf *out)
{
    sm_buf_addf(out, "      %.*s = %.*s remembers ", SM_SV_ARG(s->relation), SM_SV_ARG(s->name));
    sm_stage_words(s, out);
    sm_buf_addc(out, '\n');
    print_sql(s->rows, out);
    if (s->kind == SM_STAGE_JOIN) {
        print_sql(s->left.rows, out);
        print_sql(s->right.rows, out);
    }
}

static void print_flow(const sm_plan *p, const sm_plan_flow *f, sm_buf *out)
{
    sm_buf_addf(out, "    flow %.*s (%s%s)\n", SM_SV_ARG(f->name), sm_plan_writes_name(f),
                f->once ? ", once" : "");
    if (f->follows)
        sm_buf_adds(out, "      kept by what is added to its input\n");
    else if (f->computed_why.len > 0)
        sm_buf_addf(out, "      computed anew: %.*s\n", SM_SV_ARG(f->computed_why));
    for (size_t i = 0; i < f->n_inputs; i++)
        sm_buf_addf(out, "      %.*s = %s of %.*s\n", SM_SV_ARG(f->inputs[i].relation),
                    sm_input_mode_name(f->inputs[i].mode),
                    SM_SV_ARG(p->datasets[f->inputs[i].dataset].name));
    for (size_t i = 0; i < f->n_stages; i++)
        print_stage(&f->stages[i], out);
    print_sql(f->sql, out);
}

static void print_duration(const char *before, int64_t us, sm_arena *a, sm_buf *out)
{
    sm_buf_addf(out, "%s%.*s", before, SM_SV_ARG(sm_duration_text(us, a)));
}

static void print_streaming(const sm_plan *p, const sm_plan_dataset *ds, sm_buf *out)
{
    sm_arena *a = sm_arena_new("print");

    for (size_t i = 0; i < ds->n_watermarks; i++) {
        const sm_plan_watermark *w = &ds->watermarks[i];

        sm_buf_addf(out, "    watermark %.*s", SM_SV_ARG(w->column));
        if (&p->datasets[w->input] != ds)
            sm_buf_addf(out, " of %.*s", SM_SV_ARG(p->datasets[w->input].name));
        print_duration(", delay ", w->delay_us, a, out);
        if (w->idle_us > 0)
            print_duration(", idle_timeout ", w->idle_us, a, out);
        if (w->max_future_us >= 0)
            print_duration(", max_future ", w->max_future_us, a, out);
        sm_buf_addc(out, '\n');
    }
    if (ds->deduplicate) {
        sm_buf_adds(out, "    takes the first row of each");
        for (size_t i = 0; i < ds->deduplicate->keys.n; i++)
            sm_buf_addf(out, "%s %.*s", i ? "," : "", SM_SV_ARG(ds->deduplicate->keys.items[i]));
        sm_buf_adds(out, ds->deduplicate->keys.n == 0 ? " kind" : "");
        sm_buf_adds(out, ds->deduplicate->within_watermark ? ", within the watermark\n" : "\n");
    }
    sm_arena_free(a);
}

static void print_dataset(const sm_plan *p, const sm_plan_dataset *ds, sm_buf *out)
{
    sm_buf_addf(out, "\n%s %.*s", sm_dataset_kind_name(ds->kind), SM_SV_ARG(ds->name));
    if (ds->layer.len > 0)
        sm_buf_addf(out, " [%.*s]", SM_SV_ARG(ds->layer));
    if (ds->pipeline.len > 0)
        sm_buf_addf(out, " (table of pipeline %.*s)", SM_SV_ARG(ds->pipeline));
    else if (ds->kind == SM_DATASET_SOURCE)
        sm_buf_addf(out, " (%.*s)", SM_SV_ARG(ds->source_type));
    if (ds->kind == SM_DATASET_SINK)
        sm_buf_addf(out, " (%.*s) -> %.*s, %.*s", SM_SV_ARG(ds->source_type),
                    SM_SV_ARG(sm_json_get_sv(ds->source_config, "topic",
                                             sm_json_get_sv(ds->source_config, "path", SM_SV("")))),
                    SM_SV_ARG(sm_json_get_sv(ds->source_config, "delivery", SM_SV(""))));
    if (ds->path.len > 0)
        sm_buf_addf(out, " -> %.*s", SM_SV_ARG(ds->path));
    sm_buf_addc(out, '\n');
    if (ds->partition_by.n > 0) {
        sm_buf_adds(out, "    partitioned by");
        for (size_t i = 0; i < ds->partition_by.n; i++)
            sm_buf_addf(out, "%s %.*s", i ? "," : "", SM_SV_ARG(ds->partition_by.items[i]));
        sm_buf_addc(out, '\n');
    }
    sm_buf_adds(out, ds->known ? "    columns\n" : "    columns are not known yet\n");
    print_columns(&ds->schema, out);
    print_streaming(p, ds, out);
    print_rules(ds, out);
    print_checks(ds, out);
    if (ds->kind == SM_DATASET_VIEW)
        print_sql(ds->sql_text, out);
    for (size_t i = 0; i < ds->n_flows; i++)
        print_flow(p, &p->flows[ds->flow + i], out);
}

void sm_plan_print(const sm_plan *p, sm_buf *out)
{
    sm_buf_addf(out, "pipeline %.*s, schema %.*s, storage %.*s\n", SM_SV_ARG(p->pipeline),
                SM_SV_ARG(p->schema), SM_SV_ARG(p->storage));
    for (size_t i = 0; i < p->n_datasets; i++)
        print_dataset(p, &p->datasets[p->order[i]], out);
}

/* ---- the graph ----------------------------------------------------------------- */

/* Does `ds` follow `read` as a stream, itself or through its flows? */
static bool follows(const sm_plan *p, const sm_plan_dataset *ds, size_t read)
{
    for (size_t i = 0; i < ds->n_flows; i++) {
        const sm_plan_flow *f = &p->flows[ds->flow + i];

        for (size_t k = 0; k < f->n_inputs; k++) {
            if (f->inputs[k].dataset == read && f->inputs[k].mode == SM_INPUT_STREAM)
                return true;
        }
    }
    return false;
}

/* "stream" or "snapshot" for a table that reads; "view" for what a view hides or reads. */
static const char *edge_mode(const sm_plan *p, const sm_plan_dataset *ds, size_t read)
{
    if (ds->kind == SM_DATASET_VIEW || p->datasets[read].kind == SM_DATASET_VIEW)
        return "view";
    return follows(p, ds, read) ? "stream" : "snapshot";
}

/* What is beside a table stands in the graph when somebody reads it. */
static bool shown(const sm_plan *p, size_t ds)
{
    if (!sm_dataset_is_side(&p->datasets[ds]))
        return true;
    for (size_t i = 0; i < p->n_datasets; i++)
        for (size_t k = 0; k < p->datasets[i].n_reads; k++)
            if (p->datasets[i].reads[k] == ds)
                return true;
    return false;
}

static void print_text_graph(const sm_plan *p, sm_buf *out)
{
    size_t width = 0, kinds = 0;

    for (size_t i = 0; i < p->n_datasets; i++) {
        size_t kind = strlen(sm_dataset_kind_name(p->datasets[i].kind));

        if (!shown(p, i))
            continue;
        width = p->datasets[i].name.len > width ? p->datasets[i].name.len : width;
        kinds = kind > kinds ? kind : kinds;
    }
    for (size_t i = 0; i < p->n_datasets; i++) {
        const sm_plan_dataset *ds = &p->datasets[p->order[i]];

        if (!shown(p, p->order[i]))
            continue;
        sm_buf_addf(out, "%-*.*s  %-*s", (int)width, SM_SV_ARG(ds->name),
                    ds->n_reads > 0 ? (int)kinds : 0, sm_dataset_kind_name(ds->kind));
        for (size_t k = 0; k < ds->n_reads; k++) {
            sm_buf_addf(out, "%s%.*s", k ? ", " : "  <- ",
                        SM_SV_ARG(p->datasets[ds->reads[k]].name));
            if (ds->kind != SM_DATASET_VIEW)
                sm_buf_addf(out, " (%s)", edge_mode(p, ds, ds->reads[k]));
        }
        sm_buf_addc(out, '\n');
    }
}

static void print_mermaid(const sm_plan *p, sm_buf *out)
{
    sm_buf_adds(out, "flowchart LR\n");
    for (size_t i = 0; i < p->n_datasets; i++) {
        const sm_plan_dataset *ds = &p->datasets[p->order[i]];
        const char *shape = ds->kind == SM_DATASET_SOURCE || ds->kind == SM_DATASET_SINK
                                ? "  n%zu([\"%.*s\"])\n"
                            : ds->kind == SM_DATASET_VIEW ? "  n%zu{{\"%.*s\"}}\n"
                                                          : "  n%zu[(\"%.*s\")]\n";

        if (!shown(p, p->order[i]))
            continue;
        sm_buf_addf(out, shape, p->order[i], SM_SV_ARG(ds->name));
    }
    for (size_t i = 0; i < p->n_datasets; i++) {
        const sm_plan_dataset *ds = &p->datasets[p->order[i]];

        for (size_t k = 0; shown(p, p->order[i]) && k < ds->n_reads; k++)
            sm_buf_addf(out, "  n%zu %s n%zu\n", ds->reads[k],
                        follows(p, ds, ds->reads[k]) ? "==>" : "-->", p->order[i]);
    }
}

static void print_dot(const sm_plan *p, sm_buf *out)
{
    sm_buf_adds(out, "digraph pipeline {\n  rankdir=LR;\n");
    for (size_t i = 0; i < p->n_datasets; i++) {
        const sm_plan_dataset *ds = &p->datasets[p->order[i]];

        if (!shown(p, p->order[i]))
            continue;
        sm_buf_addf(out, "  \"%.*s\" [shape=%s];\n", SM_SV_ARG(ds->name),
                    ds->kind == SM_DATASET_SOURCE || ds->kind == SM_DATASET_SINK ? "cds"
                    : ds->kind == SM_DATASET_VIEW                                ? "hexagon"
                                                                                 : "cylinder");
    }
    for (size_t i = 0; i < p->n_datasets; i++) {
        const sm_plan_dataset *ds = &p->datasets[p->order[i]];

        for (size_t k = 0; shown(p, p->order[i]) && k < ds->n_reads; k++)
            sm_buf_addf(out, "  \"%.*s\" -> \"%.*s\" [style=%s];\n",
                        SM_SV_ARG(p->datasets[ds->reads[k]].name), SM_SV_ARG(ds->name),
                        follows(p, ds, ds->reads[k]) ? "bold" : "solid");
    }
    sm_buf_adds(out, "}\n");
}

void sm_plan_print_graph(const sm_plan *p, sm_graph_format format, sm_buf *out)
{
    switch (format) {
    case SM_GRAPH_TEXT:
        print_text_graph(p, out);
        break;
    case SM_GRAPH_MERMAID:
        print_mermaid(p, out);
        break;
    case SM_GRAPH_DOT:
        print_dot(p, out);
        break;
    }
}

sm_json *sm_plan_graph_json(const sm_plan *p, sm_arena *a)
{
    sm_json *o = sm_json_object(a), *nodes = sm_json_array(a), *edges = sm_json_array(a);

    for (size_t i = 0; i < p->n_datasets; i++) {
        const sm_plan_dataset *ds = &p->datasets[p->order[i]];
        sm_json *node = sm_json_object(a);

        if (!shown(p, p->order[i]))
            continue;
        sm_json_set_string(node, "name", ds->name);
        sm_json_set_string(node, "kind", sm_sv_cstr(sm_dataset_kind_name(ds->kind)));
        sm_json_set_string(node, "layer", ds->layer);
        sm_json_set_string(node, "description", ds->description);
        sm_json_append(nodes, node);
        for (size_t k = 0; k < ds->n_reads; k++) {
            sm_json *edge = sm_json_object(a);

            sm_json_set_string(edge, "from", p->datasets[ds->reads[k]].name);
            sm_json_set_string(edge, "to", ds->name);
            sm_json_set_string(edge, "mode", sm_sv_cstr(edge_mode(p, ds, ds->reads[k])));
            sm_json_append(edges, edge);
        }
    }
    sm_json_set(o, "nodes", nodes);
    sm_json_set(o, "edges", edges);
    return o;
}
