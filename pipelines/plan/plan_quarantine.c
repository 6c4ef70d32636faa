/* SPDX-License-Identifier: Apache-2.0 */
/* plan_quarantine.c -- the table <table>__quarantine of each table that can set rows aside.
 *
 * It is a dataset like any other, so that queries, selections and readers find it by its name;
 * it has no flow: the flows of its table write it, in the same batches.  Its columns are the
 * table's, then those that say why, from where and when.
 */
#include "pipelines/plan/plan_int.h"
#include "runtime/base/limit.h"
#include "runtime/base/sqltext.h"

static const struct {
    const char *name, *type;
} own[] = {
    { "_rules", "VARCHAR[]" },
    { "_raw", "VARCHAR" },
    { "_source", "STRUCT(path VARCHAR, line BIGINT, topic VARCHAR, \"partition\" INTEGER, "
                 "\"offset\" BIGINT)" },
    { "_run_id", "BIGINT" },
    { "_flow", "VARCHAR" },
    { "_batch_id", "BIGINT" },
    { "_quarantined_at", "TIMESTAMP" },
    { "_row_id", "VARCHAR" },
    { "_attempt", "INTEGER" },
    { "_input", "VARCHAR" },
    { "_reason", "VARCHAR" },
    { "_source_file", "STRUCT(name VARCHAR, size BIGINT, modification_time TIMESTAMP, header "
                      "VARCHAR, whole BOOLEAN)" },
    { "_generation", "VARCHAR" },
};
enum { OWN = sizeof own / sizeof own[0] };

bool sm_plan_is_quarantine_own(sm_sv column)
{
    for (size_t i = 0; i < OWN; i++)
        if (sm_sql_same_name(column, sm_sv_cstr(own[i].name)))
            return true;
    return false;
}

/* Of its files, or of the values of its messages; an endpoint answers in JSON. */
static bool has_format(const sm_plan_dataset *source, const char *format)
{
    sm_sv of_values = sm_json_get_sv(source->source_config, "value_format", SM_SV(""));

    if (source->kind == SM_DATASET_SOURCE && sm_sv_eq_str(source->source_type, "http"))
        return strcmp(format, "json") == 0;
    return source->kind == SM_DATASET_SOURCE &&
           sm_sv_eq_str(sm_json_get_sv(source->source_config, "format", of_values), format);
}

bool sm_dataset_is_json(const sm_plan_dataset *source)
{
    return has_format(source, "json");
}

bool sm_dataset_decodes(const sm_plan_dataset *source)
{
    return has_format(source, "json") || has_format(source, "csv") || has_format(source, "text");
}

bool sm_dataset_keeps_records(const sm_plan_dataset *source)
{
    return source->on_decode_error == SM_DECODE_QUARANTINE && sm_dataset_decodes(source);
}

/* What one flow reads, itself or through views. */
typedef struct reading {
    bool streams; /* anything as a stream */
    bool stream;  /* records that are to be kept, as a stream */
    bool plain;   /* the same as a whole */
    bool *seen;   /* by dataset: views that were looked at */
} reading;

/* Names are not resolved yet: one that means nothing is told later. */
static void look_at(plan_builder *b, const sm_sql_query *q, reading *r)
{
    for (size_t i = 0; q && i < q->n_refs; i++) {
        const sm_sql_ref *ref = &q->refs[i];
        bool ours = ref->schema.len == 0 || sm_sql_same_name(ref->schema, b->plan->schema);
        const sm_plan_dataset *from = ours ? sm_plan_find(b->plan, ref->name) : NULL;

        r->streams |= ref->stream;
        if (!from)
            continue;
        if (sm_dataset_keeps_records(from))
            *(ref->stream ? &r->stream : &r->plain) = true;
        if (from->kind == SM_DATASET_VIEW && !r->seen[from - b->datasets]) {
            r->seen[from - b->datasets] = true;
            look_at(b, b->nodes[from - b->datasets].queries[0].read, r);
        }
    }
}

/* Does a flow of the table count records that are to be kept?  What is looked up beside a stream
 * is not counted. */
static bool keeps_records(plan_builder *b, size_t table)
{
    const plan_node *node = &b->nodes[table];

    for (size_t i = 0; i < node->n_queries; i++) {
        reading r = { .seen = SM_NEW_N(b->scratch, bool, b->plan->n_datasets) };

        look_at(b, node->queries[i].read, &r);
        if (r.stream || (r.plain && !r.streams))
            return true;
    }
    return false;
}

/* Has the table a rule that sets rows aside? */
static bool has_rule(const sm_plan_dataset *table)
{
    for (size_t i = 0; i < table->n_rules; i++)
        if (sm_sv_eq_str(table->rules[i].policy, "quarantine"))
            return true;
    return false;
}

static void add_side(plan_builder *b, size_t owner)
{
    sm_plan_dataset *table = &b->datasets[owner];
    size_t ds = b->plan->n_datasets++;

    table->quarantine = ds;
    b->nodes[ds] = (plan_node){ .at = b->nodes[owner].at };
    b->datasets[ds] = (sm_plan_dataset){
        .name = sm_arena_printf(b->a, "%.*s" SM_PLAN_QUARANTINE, SM_SV_ARG(table->name)),
        .kind = SM_DATASET_QUARANTINE,
        .layer = table->layer,
        .description =
            sm_arena_printf(b->a, "Rows that %.*s did not take, and why", SM_SV_ARG(table->name)),
        .path = sm_arena_printf(b->a, "%.*s" SM_PLAN_QUARANTINE, SM_SV_ARG(table->path)),
        .owner = owner,
        .place = table->place,
    };
}

void sm_plan__add_quarantines(plan_builder *b)
{
    size_t n = b->plan->n_datasets;

    for (size_t i = 0; i < n; i++)
        if (sm_dataset_is_table(&b->datasets[i]) &&
            (has_rule(&b->datasets[i]) || keeps_records(b, i)))
            add_side(b, i);
}

/* Does a column of the table take a name that the other needs?  Told once per column. */
static bool judge_names(plan_builder *b, size_t owner)
{
    const sm_schema *s = &b->datasets[owner].schema;
    bool ok = true;

    for (size_t i = 0; i < OWN; i++) {
        if (sm_schema_find(s, sm_sv_cstr(own[i].name)) < 0)
            continue;
        sm_diag_add(b->d, "SM0314", b->nodes[owner].at,
                    "table \"%.*s\" has a column \"%s\", and its quarantine table keeps that name "
                    "for itself",
                    SM_SV_ARG(b->datasets[owner].name), own[i].name);
        sm_diag_hint(b->d, has_rule(&b->datasets[owner])
                               ? "Give the column another name with AS."
                               : "Give the column another name with AS, or say `on_decode_error: "
                                 "drop` at the source: then there is no such table.");
        ok = false;
    }
    return ok;
}

void sm_plan__bind_quarantine(plan_builder *b, size_t ds)
{
    sm_plan_dataset *side = &b->datasets[ds];
    const sm_plan_dataset *table = &b->datasets[side->owner];
    sm_schema *out = &side->schema;

    b->nodes[ds].failed = b->nodes[side->owner].failed;
    if (!table->known || b->nodes[ds].failed)
        return;
    if (!judge_names(b, side->owner)) {
        b->nodes[ds].failed = true;
        return;
    }
    out->columns = SM_NEW_N(b->a, sm_column, table->schema.n + OWN);
    for (; out->n < table->schema.n; out->n++)
        out->columns[out->n] = table->schema.columns[out->n];
    for (size_t i = 0; i < OWN; i++)
        out->columns[out->n++] = (sm_column){ .name = sm_sv_cstr(own[i].name),
                                              .type = sm_sv_cstr(own[i].type),
                                              .nullable = true,
                                              .description = SM_SV("") };
    side->known = true;
}

sm_code sm_plan_empty_select(const sm_schema *s, sm_arena *a, sm_sv *out, sm_error *err)
{
    sm_buf b;
    sm_code rc = SM_OK;

    sm_buf_init(&b, SM_LIMIT_BATCH_SQL);
    for (size_t i = 0; rc == SM_OK && i < s->n; i++) {
        sm_sqltype *t;

        if ((rc = sm_sqltype_parse(s->columns[i].type, a, &t, err)) != SM_OK)
            break;
        sm_buf_adds(&b, i > 0 ? ", CAST(NULL AS " : "SELECT CAST(NULL AS ");
        sm_buf_add(&b, sm_sqltype_view_text(t, a));
        sm_buf_adds(&b, ") AS ");
        sm_sql_ident(&b, s->columns[i].name);
    }
    sm_buf_adds(&b, " WHERE false");
    if (rc == SM_OK && (rc = sm_buf_check(&b, "a SELECT of no rows", err)) == SM_OK)
        *out = sm_arena_dup(a, sm_buf_sv(&b));
    sm_buf_release(&b);
    return rc;
}
