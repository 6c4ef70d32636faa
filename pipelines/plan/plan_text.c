/* SPDX-License-Identifier: Apache-2.0 */
/* plan_text.c -- the text of a query with the datasets that it names in their places. */
#include "pipelines/plan/plan_int.h"
#include "runtime/base/limit.h"
#include "runtime/base/strmap.h"

/* A view that reads a view twice that reads … doubles with each step; somewhere that ends. */
#define MAX_COMPILED ((size_t)4 * SM_LIMIT_SQL_BYTES)
enum { MAX_LEAVES = 256 };

/* Names and types, each with its end. */
static sm_sv schema_key(sm_arena *a, const sm_schema *s)
{
    size_t len = 0;
    char *key, *at;

    for (size_t i = 0; i < s->n; i++)
        len += s->columns[i].name.len + s->columns[i].type.len + 2;
    key = at = SM_NEW_N(a, char, len + 1); /* zeroed */
    for (size_t i = 0; i < s->n; i++) {
        const sm_column *column = &s->columns[i];

        memcpy(at, column->name.ptr, column->name.len);
        at += column->name.len + 1;
        memcpy(at, column->type.ptr, column->type.len);
        at += column->type.len + 1;
    }
    return (sm_sv){ key, len };
}

/* The relation that stands for every dataset with these columns. */
const sm_sql_relation *sm_plan__bind_relation(plan_builder *b, const sm_schema *schema)
{
    sm_sv key = schema_key(b->scratch, schema);
    size_t i = b->n_relations;

    if (!sm_strmap_get(b->relation_names, key, &i)) {
        if (i == b->cap_relations) {
            size_t cap = i ? 2 * i : 16;
            sm_sql_relation *grown = SM_NEW_N(b->scratch, sm_sql_relation, cap);

            if (i)
                memcpy(grown, b->relations, i * sizeof *grown);
            b->relations = grown;
            b->cap_relations = cap;
        }
        sm_strmap_put(b->relation_names, key, i);
        b->relations[i] =
            (sm_sql_relation){ sm_arena_printf(b->scratch, "_smelt_kind_%zu", i), schema };
        b->n_relations++;
    }
    return &b->relations[i];
}

static sm_sv input_relation(plan_builder *b, plan_inputs *in, size_t ds, sm_input_mode mode,
                            bool metadata)
{
    for (size_t i = 0; i < in->n; i++) {
        if (in->items[i].dataset == ds && in->items[i].mode == mode &&
            in->items[i].metadata == metadata)
            return in->items[i].relation;
    }
    if (in->n == in->cap) {
        size_t cap = in->cap ? 2 * in->cap : 4;
        sm_plan_input *grown = SM_NEW_N(b->a, sm_plan_input, cap);

        if (in->n)
            memcpy(grown, in->items, in->n * sizeof *grown);
        in->items = grown;
        in->cap = cap;
    }
    in->items[in->n] =
        (sm_plan_input){ ds, mode, metadata, sm_arena_printf(b->a, SM_SQL_RELATION "%zu", in->n) };
    return in->items[in->n++].relation;
}

static bool too_much(const plan_inputs *in, const sm_sql_text *text)
{
    return text->text.len > MAX_COMPILED || in->leaves > MAX_LEAVES;
}

/* What is said of the rows of dataset `ds` where `q` reads them: by `ds` itself, or by the table
 * whose query it is. */
static sm_cut_mark mark_of(plan_builder *b, const plan_query *q, size_t ds)
{
    const sm_plan_dataset *of = &b->datasets[ds], *owner = &b->datasets[q->owner];
    const sm_plan_watermark *w = NULL;
    bool own = of->kind == SM_DATASET_SOURCE || of->kind == SM_DATASET_VIEW;
    sm_cut_mark mark = { 0 };

    if (own && of->n_watermarks > 0)
        w = &of->watermarks[0];
    for (size_t i = 0; owner->kind == SM_DATASET_STREAMING_TABLE && i < owner->n_watermarks; i++) {
        if (owner->watermarks[i].input == ds)
            w = &owner->watermarks[i];
    }
    if (w) {
        sm_cut_watermark *cut = SM_NEW(b->a, sm_cut_watermark);

        *cut = (sm_cut_watermark){ w->column, w->delay_us, w->idle_us, w->max_future_us, of->name };
        mark.watermark = cut;
    }
    if (of->kind == SM_DATASET_VIEW)
        mark.deduplicate = sm_plan__cut_deduplicate(b, ds);
    return mark;
}

/* Wrap what stands for the leaf, if there is something to say of it. */
static void mark_leaf(plan_builder *b, const plan_query *q, size_t ds, plan_inputs *in,
                      sm_sql_leaf *leaf)
{
    sm_cut_mark mark = mark_of(b, q, ds);
    sm_sql_text *wrapped, none = { 0 };
    sm_sv before = SM_SV("SELECT * FROM ("), behind;

    if (!mark.watermark && !mark.deduplicate)
        return;
    if (in->n_marks == in->cap_marks) {
        size_t cap = in->cap_marks ? 2 * in->cap_marks : 4;
        sm_cut_mark *grown = SM_NEW_N(b->a, sm_cut_mark, cap);

        if (in->n_marks)
            memcpy(grown, in->marks, in->n_marks * sizeof *grown);
        in->marks = grown;
        in->cap_marks = cap;
    }
    behind = sm_arena_printf(b->scratch, ") AS " SM_SQL_MARK "%zu", in->n_marks);
    if (!leaf->view)
        before = sm_arena_printf(b->scratch, "SELECT * FROM (SELECT * FROM %.*s",
                                 SM_SV_ARG(leaf->relation));
    in->marks[in->n_marks++] = mark;
    wrapped = SM_NEW(b->scratch, sm_sql_text);
    sm_sql_enclose(before.ptr, leaf->view ? leaf->view : &none, behind.ptr, b->scratch, wrapped);
    leaf->view = wrapped;
}

/* The text of a query with its leaves as relations of `in` and its views inside; what stops it
 * in a view is told at the view, or is the size, which sm_plan__compile_text() tells. */
static bool compile_parts(plan_builder *b, const plan_query *q, plan_purpose what, plan_inputs *in,
                          sm_sql_text *out)
{
    sm_sql_leaf *leaves = SM_NEW_N(b->scratch, sm_sql_leaf, q->read->n_refs + 1);

    for (size_t i = 0; i < q->read->n_refs; i++) {
        size_t ds = q->datasets[i];
        const sm_sql_ref *ref = &q->read->refs[i];

        leaves[i].alias = ref->name;
        if (b->datasets[ds].kind == SM_DATASET_VIEW) {
            sm_sql_text *view = SM_NEW(b->scratch, sm_sql_text);

            if (!compile_parts(b, &b->nodes[ds].queries[0], what, in, view) || too_much(in, view))
                return false;
            leaves[i].view = view;
        } else {
            in->leaves++;
            leaves[i].relation =
                input_relation(b, in, ds, ref->stream ? SM_INPUT_STREAM : SM_INPUT_SNAPSHOT,
                               sm_plan__has_metadata(b, q, ds));
            if (what == PLAN_FOR_BIND)
                leaves[i].relation =
                    sm_plan__bind_relation(b, sm_plan__leaf_schema(b, q, ds))->name;
        }
        if (what == PLAN_FOR_CUT && q->streaming[i])
            mark_leaf(b, q, ds, in, &leaves[i]);
    }
    return sm_sql_compile(q->read, leaves, what == PLAN_FOR_CUT ? SM_SQL_MARKED : SM_SQL_PLAIN,
                          b->scratch, b->d, out);
}

/* At the first view that the query itself names: only there it can be made smaller. */
static void tell_too_much(plan_builder *b, const plan_query *q)
{
    sm_span at = sm_text_span(q->text, 0, 1);

    for (size_t i = q->read->n_refs; i-- > 0;) {
        if (b->datasets[q->datasets[i]].kind == SM_DATASET_VIEW)
            at = sm_text_span(q->text, q->read->refs[i].name_offset, q->read->refs[i].name_len);
    }
    sm_diag_add(b->d, "SM0214", at,
                "%.*s: with its views inside, the SQL names more than %d inputs or is longer than "
                "%zu KiB",
                SM_SV_ARG(q->label), MAX_LEAVES, MAX_COMPILED / 1024);
    sm_diag_hint(b->d, "Views that read views grow with each step; make one of them a table, which "
                       "is computed once and read as one input.");
}

bool sm_plan__compile_text(plan_builder *b, const plan_query *q, plan_purpose what, plan_inputs *in,
                           sm_sql_text *out)
{
    size_t errors = sm_diags_errors(b->d);
    bool ok = compile_parts(b, q, what, in, out);

    if (ok && !too_much(in, out))
        return true;
    if (sm_diags_errors(b->d) == errors)
        tell_too_much(b, q);
    return false;
}
