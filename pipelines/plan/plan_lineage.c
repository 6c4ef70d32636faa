/* SPDX-License-Identifier: Apache-2.0 */
/* plan_lineage.c -- lineage of a dataset: that of its queries, put together along the graph.
 *
 * Datasets are done in order, inputs first, so that what a column comes from in the end is known
 * when somebody reads it. */
#include "pipelines/plan/plan_lineage.h"

#include <string.h>

#include "pipelines/plan/plan_int.h"
#include "pipelines/sql/sql_lineage.h"

enum { MOST_GAPS = 100 };

typedef struct query {
    size_t dataset;
    const sm_plan_flow *flow; /* NULL: of a view */
    sm_text text;
    const sm_sql_query *read; /* NULL: it does not parse any more */
} query;

typedef struct builder {
    const sm_plan *p;
    sm_arena *a;
    sm_lineage *of; /* by dataset */
    query *queries;
    size_t n_queries;
} builder;

/* ---- origins ----------------------------------------------------------------------- */

static void add_origin(builder *b, sm_lineage_origins *to, sm_lineage_origin o)
{
    for (size_t i = 0; i < to->n; i++)
        if (to->items[i].dataset == o.dataset && sm_sql_same_name(to->items[i].column, o.column))
            return;
    if (to->n == to->cap) {
        size_t cap = to->cap ? 2 * to->cap : 4;
        sm_lineage_origin *wider = SM_NEW_N(b->a, sm_lineage_origin, cap);

        if (to->n)
            memcpy(wider, to->items, to->n * sizeof *wider);
        to->items = wider;
        to->cap = cap;
    }
    to->items[to->n++] = o;
}

static void add_gap(builder *b, sm_lineage *l, sm_sv text)
{
    for (size_t i = 0; i < l->n_gaps; i++)
        if (sm_sv_eq(l->gaps[i], text))
            return;
    if (l->gaps == NULL)
        l->gaps = SM_NEW_N(b->a, sm_sv, MOST_GAPS);
    if (l->n_gaps < MOST_GAPS)
        l->gaps[l->n_gaps++] = text;
}

/* Where a column of an input comes from in the end: itself, when it is a source's. */
static void follow(builder *b, sm_lineage_column *to, sm_lineage_origin o)
{
    const sm_lineage *up = &b->of[sm_plan_index(b->p, o.dataset)];

    for (size_t i = 0; o.dataset->kind != SM_DATASET_SOURCE && i < up->n; i++) {
        if (!sm_sql_same_name(up->columns[i].name, o.column))
            continue;
        for (size_t k = 0; k < up->columns[i].sources.n; k++)
            add_origin(b, &to->sources, up->columns[i].sources.items[k]);
        return;
    }
    if (o.dataset->kind == SM_DATASET_SOURCE)
        add_origin(b, &to->sources, o);
}

/* ---- datasets ---------------------------------------------------------------------- */

static void name_columns(builder *b, sm_lineage *l, const sm_plan_dataset *ds)
{
    l->dataset = ds;
    l->n = ds->schema.n;
    l->columns = SM_NEW_N(b->a, sm_lineage_column, l->n + 1);
    for (size_t i = 0; i < l->n; i++)
        l->columns[i].name = ds->schema.columns[i].name;
}

/* The dataset that a name in a query of the plan means. */
static size_t dataset_of(const builder *b, const sm_sql_ref *ref)
{
    const sm_plan *p = b->p;

    for (size_t i = 0; i < p->n_datasets; i++) {
        const sm_plan_dataset *ds = &p->datasets[i];
        sm_sv name = ds->name, schema = p->schema;

        if (ds->pipeline.len > 0) { /* <schema>.<table> */
            (void)sm_sv_next(&name, '.', &schema);
            if (ref->schema.len == 0)
                continue;
        }
        if (sm_sql_same_name(name, ref->name) &&
            (ref->schema.len == 0 || sm_sql_same_name(schema, ref->schema) ||
             sm_sql_same_name(ds->pipeline.len > 0 ? ds->pipeline : p->pipeline, ref->schema)))
            return i;
    }
    return SIZE_MAX;
}

/* The columns as the flow, or another one, reads them. */
static const sm_schema *schema_of(builder *b, const query *q, size_t ds)
{
    bool metadata = b->p->datasets[ds].metadata;

    for (size_t i = 0; q->flow && i < q->flow->n_inputs; i++)
        metadata |= q->flow->inputs[i].dataset == ds && q->flow->inputs[i].metadata;
    return metadata ? sm_plan_with_metadata(&b->p->datasets[ds].schema,
                                            b->p->datasets[ds].source_type, b->a)
                    : &b->p->datasets[ds].schema;
}

/* Column by column of what the query gives, under the names that are bound. */
static void take_columns(builder *b, const query *q, const sm_sql_lineage *found,
                         const sm_schema *const *schemas, const size_t *datasets)
{
    const sm_plan_dataset *ds = &b->p->datasets[q->dataset];
    const sm_schema *result = q->flow ? &q->flow->result : &ds->schema;
    sm_lineage *l = &b->of[q->dataset];

    for (size_t i = 0; i < found->n; i++) {
        ptrdiff_t at = sm_schema_find(&ds->schema, result->columns[i].name);

        for (size_t k = 0; at >= 0 && k < found->columns[i].from.n; k++) {
            sm_sql_origin from = found->columns[i].from.items[k];
            sm_lineage_origin o = { &b->p->datasets[datasets[from.ref]],
                                    schemas[from.ref]->columns[from.column].name };

            add_origin(b, &l->columns[at].from, o);
            follow(b, &l->columns[at], o);
        }
    }
}

static void take_query(builder *b, const query *q)
{
    const sm_plan_dataset *ds = &b->p->datasets[q->dataset];
    size_t n = q->read ? q->read->n_refs : 0;
    const sm_schema **schemas = SM_NEW_N(b->a, const sm_schema *, n + 1);
    size_t *datasets = SM_NEW_N(b->a, size_t, n + 1);
    sm_lineage *l = &b->of[q->dataset];
    sm_sql_lineage found;

    for (size_t i = 0; i < n; i++) {
        if ((datasets[i] = dataset_of(b, &q->read->refs[i])) == SIZE_MAX)
            return; /* a plan names only what it has */
        schemas[i] = schema_of(b, q, datasets[i]);
        for (size_t k = 0; k < b->of[datasets[i]].n_gaps; k++)
            add_gap(b, l, b->of[datasets[i]].gaps[k]);
    }
    if (!q->read || !ds->known || (q->flow && !q->flow->bound)) {
        add_gap(b, l,
                sm_arena_printf(b->a, "the columns of \"%.*s\" are not known yet",
                                SM_SV_ARG(ds->name)));
        return;
    }
    found = sm_sql_lineage_of(q->read, schemas, b->a);
    for (size_t i = 0; i < found.rows.n; i++)
        add_origin(
            b, &l->rows,
            (sm_lineage_origin){
                &b->p->datasets[datasets[found.rows.items[i].ref]],
                schemas[found.rows.items[i].ref]->columns[found.rows.items[i].column].name });
    if (!found.gap && found.n == (q->flow ? q->flow->result.n : ds->schema.n)) {
        take_columns(b, q, &found, schemas, datasets);
        return;
    }
    add_gap(b, l,
            sm_arena_printf(b->a, "the query of \"%.*s\" has %s", SM_SV_ARG(ds->name),
                            found.gap ? found.gap : "an item that becomes several columns"));
}

/* A row that is set aside has what its table would have had. */
static void take_quarantine(builder *b, size_t ds)
{
    const sm_lineage *table = &b->of[b->p->datasets[ds].owner];
    sm_lineage *l = &b->of[ds];

    l->rows = table->rows;
    l->gaps = table->gaps;
    l->n_gaps = table->n_gaps;
    for (size_t i = 0; i < l->n; i++) {
        size_t k = 0;

        while (k < table->n && !sm_sql_same_name(table->columns[k].name, l->columns[i].name))
            k++;
        l->columns[i].made = k == table->n;
        if (k == table->n)
            continue;
        l->columns[i].from = table->columns[k].from;
        l->columns[i].sources = table->columns[k].sources;
    }
}

/* ---- all of it --------------------------------------------------------------------- */

static void add_query(builder *b, size_t ds, const sm_plan_flow *f)
{
    const sm_plan_dataset *d = &b->p->datasets[ds];

    b->queries[b->n_queries++] =
        (query){ .dataset = ds,
                 .flow = f,
                 .text = sm_text_of(f ? f->sql_text : d->sql_text, sm_arena_cstr(b->a, d->name)) };
}

static sm_code read_queries(builder *b, const sm_sql_engine *sql, sm_error *err)
{
    sm_sql_input *in = SM_NEW_N(b->a, sm_sql_input, b->n_queries + 1);
    const sm_sql_query **read = SM_NEW_N(b->a, const sm_sql_query *, b->n_queries + 1);
    sm_code rc;

    for (size_t i = 0; i < b->n_queries; i++)
        in[i] = (sm_sql_input){ SM_SQL_QUERY, &b->queries[i].text,
                                b->p->datasets[b->queries[i].dataset].name, b->p->variables };
    if (b->n_queries == 0)
        return SM_OK;
    rc = sm_sql_read(sql, in, b->n_queries, b->a, sm_diags_new(b->a), read, err);
    for (size_t i = 0; rc == SM_OK && i < b->n_queries; i++)
        b->queries[i].read = read[i];
    return rc;
}

/* What `ds` comes from, in order; the queries of it all. */
static void list_queries(builder *b, const sm_plan_dataset *ds)
{
    const sm_plan *p = b->p;
    bool *marked = SM_NEW_N(b->a, bool, p->n_datasets + 1);
    size_t index = sm_plan_index(p, ds);

    sm_plan__reach(p, index, true, SIZE_MAX, marked);
    marked[index] = true;
    b->queries = SM_NEW_N(b->a, query, p->n_flows + p->n_datasets + 1);
    for (size_t i = 0; i < p->n_datasets; i++) {
        size_t k = p->order[i];
        const sm_plan_dataset *d = &p->datasets[k];

        for (size_t f = 0; marked[k] && f < d->n_flows; f++)
            add_query(b, k, &p->flows[d->flow + f]);
        if (marked[k] && d->kind == SM_DATASET_VIEW)
            add_query(b, k, NULL);
    }
}

sm_code sm_plan_lineage(const sm_plan *p, const sm_sql_engine *sql, const sm_plan_dataset *ds,
                        sm_arena *a, const sm_lineage **out, sm_error *err)
{
    builder b = { .p = p, .a = a };
    size_t next = 0;
    sm_code rc;

    *out = NULL;
    b.of = SM_NEW_N(a, sm_lineage, p->n_datasets + 1);
    for (size_t i = 0; i < p->n_datasets; i++)
        name_columns(&b, &b.of[i], &p->datasets[i]);
    list_queries(&b, ds);
    if ((rc = read_queries(&b, sql, err)) != SM_OK)
        return rc;
    for (size_t i = 0; i < p->n_datasets; i++) {
        size_t k = p->order[i];

        while (next < b.n_queries && b.queries[next].dataset == k)
            take_query(&b, &b.queries[next++]);
        if (p->datasets[k].kind == SM_DATASET_QUARANTINE)
            take_quarantine(&b, k);
    }
    *out = &b.of[sm_plan_index(p, ds)];
    return SM_OK;
}

/* ---- for people and programs ------------------------------------------------------- */

static bool same_origins(const sm_lineage_origins *x, const sm_lineage_origins *y)
{
    for (size_t i = 0; x->n == y->n && i < x->n; i++)
        if (x->items[i].dataset != y->items[i].dataset ||
            !sm_sql_same_name(x->items[i].column, y->items[i].column))
            return false;
    return x->n == y->n;
}

static void print_origins(const sm_lineage_origins *o, sm_buf *out)
{
    for (size_t i = 0; i < o->n; i++)
        sm_buf_addf(out, "%s%.*s.%.*s", i ? ", " : "", SM_SV_ARG(o->items[i].dataset->name),
                    SM_SV_ARG(o->items[i].column));
}

void sm_plan_print_lineage(const sm_lineage *l, sm_buf *out)
{
    int width = 0;

    for (size_t i = 0; i < l->n; i++)
        if ((int)l->columns[i].name.len > width && l->columns[i].name.len < 40)
            width = (int)l->columns[i].name.len;
    sm_buf_addf(out, "%.*s\n", SM_SV_ARG(l->dataset->name));
    for (size_t i = 0; i < l->n; i++) {
        const sm_lineage_column *c = &l->columns[i];

        sm_buf_addf(out, "  %-*.*s  ", width, SM_SV_ARG(c->name));
        print_origins(&c->from, out);
        if (c->from.n == 0)
            sm_buf_adds(out, c->made                                 ? "(made by smelt)"
                             : l->dataset->kind == SM_DATASET_SOURCE ? "(a source)"
                             : l->n_gaps > 0                         ? "(not known)"
                                                                     : "(no column)");
        if (c->sources.n > 0 && !same_origins(&c->from, &c->sources)) {
            sm_buf_adds(out, "  <-  ");
            print_origins(&c->sources, out);
        }
        sm_buf_addc(out, '\n');
    }
    if (l->rows.n > 0) {
        sm_buf_adds(out, "  which rows: ");
        print_origins(&l->rows, out);
        sm_buf_addc(out, '\n');
    }
    for (size_t i = 0; i < l->n_gaps; i++)
        sm_buf_addf(out, "  not known: %.*s\n", SM_SV_ARG(l->gaps[i]));
}

static sm_json *origins_json(const sm_lineage_origins *o, sm_arena *a)
{
    sm_json *list = sm_json_array(a);

    for (size_t i = 0; i < o->n; i++) {
        sm_json *one = sm_json_object(a);

        sm_json_set_string(one, "dataset", o->items[i].dataset->name);
        sm_json_set_string(one, "column", o->items[i].column);
        sm_json_append(list, one);
    }
    return list;
}

sm_json *sm_plan_lineage_json(const sm_lineage *l, sm_arena *a)
{
    sm_json *o = sm_json_object(a), *columns = sm_json_array(a), *gaps = sm_json_array(a);

    for (size_t i = 0; i < l->n; i++) {
        sm_json *c = sm_json_object(a);

        sm_json_set_string(c, "name", l->columns[i].name);
        sm_json_set(c, "from", origins_json(&l->columns[i].from, a));
        sm_json_set(c, "sources", origins_json(&l->columns[i].sources, a));
        sm_json_append(columns, c);
    }
    for (size_t i = 0; i < l->n_gaps; i++)
        sm_json_append_string(gaps, l->gaps[i]);
    sm_json_set_string(o, "name", l->dataset->name);
    sm_json_set(o, "columns", columns);
    sm_json_set(o, "rows", origins_json(&l->rows, a));
    sm_json_set(o, "gaps", gaps);
    return o;
}
