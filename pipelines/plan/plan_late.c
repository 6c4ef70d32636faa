/* SPDX-License-Identifier: Apache-2.0 */
/* plan_late.c -- the table <table>__late of each table whose stages may leave rows out because they
 * came too late.
 *
 * It is made before queries are taken apart, because other queries may name it: from the keys of
 * the table, the watermarks in its reach and the words of its query.  So a table may have one that
 * never gets a row, and never one too few.
 */
#include "pipelines/plan/plan_int.h"

static const sm_column own[] = {
    { SM_SV_LIT("_stage"), SM_SV_LIT("VARCHAR"), true, SM_SV_LIT("") },
    { SM_SV_LIT("_event_time"), SM_SV_LIT("TIMESTAMP"), true, SM_SV_LIT("") },
    { SM_SV_LIT("_watermark"), SM_SV_LIT("TIMESTAMP"), true, SM_SV_LIT("") },
    { SM_SV_LIT("_lateness"), SM_SV_LIT("BIGINT"), true, SM_SV_LIT("") }, /* microseconds */
    { SM_SV_LIT("_row"), SM_SV_LIT("VARCHAR"), true, SM_SV_LIT("") },     /* JSON */
    { SM_SV_LIT("_run_id"), SM_SV_LIT("BIGINT"), true, SM_SV_LIT("") },
    { SM_SV_LIT("_flow"), SM_SV_LIT("VARCHAR"), true, SM_SV_LIT("") },
    { SM_SV_LIT("_batch_id"), SM_SV_LIT("BIGINT"), true, SM_SV_LIT("") },
};
enum { OWN = sizeof own / sizeof own[0] };

/* What the queries of a table have, themselves or through views. */
typedef struct reach {
    bool watermark, remembers;
    bool *seen; /* by dataset: views that were looked at */
} reach;

static void look_at(plan_builder *b, const sm_sql_query *q, reach *r)
{
    size_t streams = 0;

    for (size_t i = 0; q && i < q->n_refs; i++) {
        const sm_sql_ref *ref = &q->refs[i];
        bool ours = ref->schema.len == 0 || sm_sql_same_name(ref->schema, b->plan->schema);
        const sm_plan_dataset *from = ours ? sm_plan_find(b->plan, ref->name) : NULL;

        streams += ref->stream || (from && from->kind == SM_DATASET_VIEW);
        if (!from)
            continue;
        if (from->kind == SM_DATASET_SOURCE || from->kind == SM_DATASET_VIEW)
            r->watermark |= from->n_watermarks > 0;
        if (from->kind == SM_DATASET_VIEW && !r->seen[from - b->datasets]) {
            r->seen[from - b->datasets] = true;
            r->remembers |= from->deduplicate != NULL;
            look_at(b, b->nodes[from - b->datasets].queries[0].read, r);
        }
    }
    r->remembers |= q && (streams > 1 || sm_sql_may_group(q));
}

static bool may_have_late_rows(plan_builder *b, size_t table)
{
    const sm_plan_dataset *ds = &b->datasets[table];
    const plan_node *node = &b->nodes[table];
    reach r = { .watermark = ds->n_watermarks > 0,
                .remembers = ds->deduplicate != NULL,
                .seen = SM_NEW_N(b->scratch, bool, b->plan->n_datasets) };

    if (ds->kind != SM_DATASET_STREAMING_TABLE || ds->n_flows == 0 ||
        !b->flows[ds->flow].keeps_late)
        return false;
    for (size_t i = 0; i < node->n_queries; i++)
        look_at(b, node->queries[i].read, &r);
    return r.watermark && r.remembers;
}

static void add_side(plan_builder *b, size_t owner)
{
    sm_plan_dataset *table = &b->datasets[owner];
    size_t ds = b->plan->n_datasets++;

    table->late = ds;
    b->nodes[ds] = (plan_node){ .at = b->nodes[owner].at };
    b->datasets[ds] = (sm_plan_dataset){
        .name = sm_arena_printf(b->a, "%.*s" SM_PLAN_LATE, SM_SV_ARG(table->name)),
        .kind = SM_DATASET_LATE,
        .layer = table->layer,
        .description =
            sm_arena_printf(b->a, "Rows that came too late for %.*s", SM_SV_ARG(table->name)),
        .path = sm_arena_printf(b->a, "%.*s" SM_PLAN_LATE, SM_SV_ARG(table->path)),
        .owner = owner,
        .place = table->place,
    };
}

void sm_plan__add_late(plan_builder *b)
{
    size_t n = b->plan->n_datasets;

    for (size_t i = 0; i < n; i++)
        if (may_have_late_rows(b, i))
            add_side(b, i);
}

void sm_plan__bind_late(plan_builder *b, size_t ds)
{
    sm_plan_dataset *side = &b->datasets[ds];

    b->nodes[ds].failed = b->nodes[side->owner].failed;
    side->schema.columns = SM_NEW_N(b->a, sm_column, OWN);
    for (size_t i = 0; i < OWN; i++)
        side->schema.columns[side->schema.n++] = own[i];
    side->known = true;
}
