/* SPDX-License-Identifier: Apache-2.0 */
/* plan_metadata.c -- the columns _metadata and _ingested_at, and who may read a source alone.
 *
 * A source with include_metadata has them for every reader; a table with it, and with `from` a
 * source of files, reads that source with them, whatever others do.  They are no part of the
 * source's schema, which is what its files hold. */
#include <string.h>

#include "pipelines/plan/plan_int.h"

#define FILE_TYPE                                                                                  \
    "STRUCT(file_path VARCHAR, file_name VARCHAR, file_size BIGINT, "                              \
    "file_modification_time TIMESTAMP, file_block_start BIGINT, file_block_length BIGINT)"
#define MESSAGE_TYPE                                                                               \
    "STRUCT(topic VARCHAR, \"partition\" INTEGER, \"offset\" BIGINT, \"timestamp\" TIMESTAMP, "    \
    "timestamp_type INTEGER, \"key\" BLOB)"

bool sm_plan__has_metadata(const plan_builder *b, const plan_query *q, size_t ds)
{
    return b->datasets[ds].metadata || (q->metadata && b->nodes[ds].source != NULL);
}

sm_schema *sm_plan_with_metadata(const sm_schema *schema, sm_sv source_type, sm_arena *a)
{
    bool messages = sm_sv_eq_str(source_type, "kafka");
    sm_schema *with = SM_NEW(a, sm_schema);

    with->columns = SM_NEW_N(a, sm_column, schema->n + 2);
    if (schema->n > 0)
        memcpy(with->columns, schema->columns, schema->n * sizeof *schema->columns);
    with->columns[schema->n] =
        (sm_column){ .name = SM_SV("_metadata"),
                     .type = messages ? SM_SV(MESSAGE_TYPE) : SM_SV(FILE_TYPE),
                     .nullable = true,
                     .description = SM_SV("") };
    with->columns[schema->n + 1] = (sm_column){ .name = SM_SV("_ingested_at"),
                                                .type = SM_SV("TIMESTAMP"),
                                                .nullable = true,
                                                .description = SM_SV("") };
    with->n = schema->n + 2;
    return with;
}

const sm_schema *sm_plan__leaf_schema(plan_builder *b, const plan_query *q, size_t ds)
{
    if (!sm_plan__has_metadata(b, q, ds))
        return &b->datasets[ds].schema;
    if (b->nodes[ds].with_metadata == NULL)
        b->nodes[ds].with_metadata =
            sm_plan_with_metadata(&b->datasets[ds].schema, b->datasets[ds].source_type, b->a);
    return b->nodes[ds].with_metadata;
}

static void judge_source(plan_builder *b, size_t ds)
{
    const sm_spec_source *s = b->nodes[ds].source;

    if (!s->include_metadata.v || b->nodes[ds].failed || s->unit == NULL || s->unit->metadata)
        return;
    sm_diag_add(b->d, "SM0407", s->include_metadata.at,
                "source \"%.*s\" is no source of files and has no metadata of them",
                SM_SV_ARG(s->name.text));
    sm_diag_hint(b->d, "leave `include_metadata` out");
    b->nodes[ds].failed = true;
}

static void judge_table(plan_builder *b, size_t ds)
{
    plan_node *node = &b->nodes[ds];
    const sm_spec_table *t = node->table;
    const plan_query *q = &node->queries[0];
    size_t from;

    if (!t->include_metadata.v || node->failed)
        return;
    if (!q->whole) {
        sm_diag_add(b->d, "SM0407", t->include_metadata.at,
                    "table \"%.*s\" says itself which columns it has", SM_SV_ARG(t->name.text));
        sm_diag_hint(b->d, "put `include_metadata: true` at the source, and `_metadata` and "
                           "`_ingested_at` into the SELECT");
        node->failed = true;
        return;
    }
    from = q->read != NULL && q->read->n_refs == 1 ? q->datasets[0] : SIZE_MAX;
    if (from == SIZE_MAX || b->nodes[from].failed)
        return;
    if (b->nodes[from].source != NULL && b->nodes[from].source->unit != NULL &&
        b->nodes[from].source->unit->metadata) {
        node->queries[0].metadata = true;
        return;
    }
    sm_diag_add(b->d, "SM0407", t->include_metadata.at,
                "\"%.*s\" is no source of files and has no metadata of them",
                SM_SV_ARG(b->datasets[from].name));
    sm_diag_hint(b->d, "put it at the first table behind the files; the columns _metadata and "
                       "_ingested_at of that table are columns like any");
    node->failed = true;
}

void sm_plan__judge_metadata(plan_builder *b)
{
    for (size_t i = 0; i < b->plan->n_datasets; i++) {
        if (b->nodes[i].source != NULL)
            judge_source(b, i);
        else if (b->nodes[i].table != NULL)
            judge_table(b, i);
    }
}

void sm_plan__hint_metadata(plan_builder *b, const plan_query *q)
{
    bool files = false;

    for (size_t i = 0; i < q->read->n_refs; i++)
        files |=
            b->nodes[q->datasets[i]].source != NULL && !sm_plan__has_metadata(b, q, q->datasets[i]);
    if (files && sm_sv_find(q->text->text, SM_SV("_metadata")) >= 0)
        sm_diag_hint(b->d, "`_metadata` is there for queries over a source of files that has "
                           "`include_metadata: true`");
}

static void tell_readers(plan_builder *b, size_t ds, size_t readers)
{
    const sm_spec_source *s = b->nodes[ds].source;

    sm_diag_add(b->d, "SM0410", b->nodes[ds].at,
                "source \"%.*s\" has `%s` and %zu readers: what one has read would be gone for the "
                "others",
                SM_SV_ARG(s->name.text), s->unit->exclusive, readers);
    sm_diag_hint(b->d, "let one table read it, and the others that table");
}

void sm_plan__judge_readers(plan_builder *b)
{
    for (size_t ds = 0; ds < b->plan->n_datasets; ds++) {
        const sm_spec_source *s = b->nodes[ds].source;
        size_t readers = 0;

        if (s == NULL || s->unit == NULL || s->unit->exclusive == NULL ||
            sm_sv_eq_str(sm_json_get_sv(s->options, s->unit->exclusive, SM_SV("off")), "off"))
            continue;
        for (size_t i = 0; i < b->plan->n_flows; i++)
            for (size_t k = 0; k < b->flows[i].n_inputs; k++)
                readers += b->flows[i].inputs[k].dataset == ds;
        if (readers > 1)
            tell_readers(b, ds, readers);
    }
}
