/* SPDX-License-Identifier: Apache-2.0 */
/* flow_side.c -- the quarantine of a table: the second target of its flows' batches.
 *
 *     the pass of SQL ──▶ kept rows ──▶ files of the table            (sink)
 *                    └──▶ rows set aside, in the engine ──┐
 *     input that is no record, read once more ────────────┴──▶ files of the quarantine
 *
 * Both are in the batch's one manifest, so they are decided together.  The table is published
 * first: it may have to give way to a foreign commit, while nobody has seen the batch.  The
 * quarantine never has to (sm_sink.side).  Its table is made by its first row.
 *
 * So its types may not change under rows that are decided and not published.  Flows of one table
 * take turns from the files of the quarantine to done; only a batch that an earlier life decided
 * and that could not be published yet keeps the types as they are.
 *
 * A materialized view is computed anew each time, so its quarantine is replaced as well; so is that
 * of a table that is rebuilt with its quarantine. */
#include "runtime/exec/flow_int.h"

#include "runtime/base/fs.h"
#include "runtime/base/limit.h"
#include "runtime/base/sqltext.h"

#define SOURCE                                                                                     \
    "STRUCT(path VARCHAR, line BIGINT, topic VARCHAR, \"partition\" INTEGER, \"offset\" BIGINT)"
/* What is needed to decode a record later; `name` is percent-encoded. */
#define SOURCE_FILE                                                                                \
    "STRUCT(name VARCHAR, size BIGINT, modification_time TIMESTAMP, header VARCHAR, whole "        \
    "BOOLEAN)"

sm_code sm_flow__open_side(sm_flow *f, sm_error *err)
{
    const sm_plan_dataset *d = f->side;
    bool overwrite = f->plan->kind == SM_FLOW_OVERWRITE || f->replays ||
                     (f->refresh && f->env->q->with_quarantine);

    if (d == NULL)
        return SM_OK;
    f->side_sink =
        (sm_sink){ .ops = sm_sink_find(f->env->q->sinks, SM_SV("delta")),
                   .name = d->name,
                   .flow = f->plan->name,
                   .generation = f->uuid,
                   .path = sm_sv_cstr(sm_path_join(f->arena, f->env->q->storage_dir, d->path)),
                   .images = f->env->q->images,
                   .schema = &d->schema,
                   .description = d->description,
                   .mode = overwrite ? SM_WRITE_OVERWRITE : SM_WRITE_APPEND,
                   .replace_schema = overwrite && !f->replays,
                   .side = !f->replays,
                   .keeps_types = f->target->n_flows > 1 || f->replays,
                   .arena = f->arena };
    if (sm_flow__sink_memory(f, &f->side_sink, err) != SM_OK)
        return err->code;
    f->side_open = true;
    return sm_sink_open(&f->side_sink, err);
}

/* ---- the rows of a batch --------------------------------------------------------- */

/* list_filter([CASE WHEN _smelt_broken[1] = '1' THEN 'a' END, …], x -> x IS NOT NULL) */
static void add_rule_names(const sm_flow *f, sm_buf *b)
{
    sm_buf_adds(b, "list_filter([");
    for (size_t i = 0; i < f->target->n_rules; i++) {
        sm_buf_addf(b, "%sCASE WHEN " SM_ENGINE_BROKEN "[%zu] = '1' THEN ", i > 0 ? ", " : "",
                    i + 1);
        sm_sql_literal(b, f->target->rules[i].name);
        sm_buf_adds(b, " END");
    }
    sm_buf_adds(b, "], x -> x IS NOT NULL)");
}

/* What every row of this batch says of itself. */
static void add_origin(const sm_flow *f, const sm_batch *batch, sm_buf *b)
{
    sm_buf_addf(b, "%lld AS _run_id, ", (long long)f->env->run_number);
    sm_sql_literal(b, f->plan->name);
    sm_buf_addf(b,
                " AS _flow, %lld AS _batch_id, make_timestamp(%lld) AS _quarantined_at, "
                "uuid()::VARCHAR AS _row_id, 1 AS _attempt, ",
                (long long)batch->n, (long long)batch->time_ms * 1000);
    sm_sql_literal(b, f->uuid);
    sm_buf_adds(b, " AS _generation");
}

/* Rows of the result that broke a rule: `relation` holds them. */
static void add_broken(const sm_flow *f, const sm_batch *batch, sm_sv relation, sm_buf *b)
{
    const sm_schema *result = &f->result;

    sm_buf_adds(b, "SELECT ");
    for (size_t i = 0; i < result->n; i++) {
        sm_sql_ident(b, result->columns[i].name);
        sm_buf_adds(b, ", ");
    }
    add_rule_names(f, b);
    sm_buf_adds(b, " AS _rules, NULL::VARCHAR AS _raw, NULL::" SOURCE " AS _source, ");
    add_origin(f, batch, b);
    sm_buf_adds(b, ", NULL::VARCHAR AS _input, NULL::VARCHAR AS _reason, NULL::" SOURCE_FILE
                   " AS _source_file FROM memory.main.");
    sm_sql_ident(b, relation);
}

/* Records of an input that are none: `view` shows them. */
static void add_records(const sm_flow *f, const sm_batch *batch, const sm_flow_input *in,
                        sm_sv view, sm_buf *b)
{
    const sm_schema *result = &f->result;

    sm_buf_adds(b, "SELECT ");
    for (size_t i = 0; i < result->n; i++) {
        sm_buf_adds(b, "NULL::");
        sm_buf_add(b, result->columns[i].type);
        sm_buf_adds(b, " AS ");
        sm_sql_ident(b, result->columns[i].name);
        sm_buf_adds(b, ", ");
    }
    sm_buf_adds(b, "[]::VARCHAR[] AS _rules, raw AS _raw, {'path': path, 'line': line, 'topic': "
                   "topic, 'partition': \"partition\", 'offset': \"offset\"}::" SOURCE
                   " AS _source, ");
    add_origin(f, batch, b);
    sm_buf_adds(b, ", ");
    sm_sql_literal(b, in->dataset->name);
    sm_buf_adds(b, " AS _input, reason AS _reason, {'name': name, 'size': size, "
                   "'modification_time': modified, 'header': header, 'whole': whole}::" SOURCE_FILE
                   " AS _source_file FROM ");
    sm_sql_ident(b, view);
}

static bool keeps_records(const sm_flow_input *in)
{
    return in->source.on_decode_error == SM_DECODE_QUARANTINE && in->source.report.undecodable > 0;
}

static sm_code add_inputs(sm_flow *f, sm_batch *batch, sm_buf *b, sm_error *err)
{
    sm_code rc = SM_OK;

    for (size_t i = 0; rc == SM_OK && i < f->plan->n_inputs; i++) {
        sm_flow_input *in = &f->inputs[i];
        sm_sv view = sm_arena_printf(f->scratch, "_smelt_bad_%zu", i);

        if (!keeps_records(in))
            continue;
        if (b->len > 0)
            sm_buf_adds(b, " UNION ALL ");
        rc = sm_source_bad_records(&in->source, view, err);
        add_records(f, batch, in, view, b);
        batch->counts.kept += in->source.report.undecodable;
    }
    return rc;
}

/* The rows for the quarantine; "" when there are none. */
static sm_code rows_select(sm_flow *f, sm_batch *batch, sm_sv relation, sm_sv *out, sm_error *err)
{
    sm_buf b;
    sm_code rc;

    sm_buf_init(&b, SM_LIMIT_BATCH_SQL);
    if (relation.len > 0)
        add_broken(f, batch, relation, &b);
    rc = add_inputs(f, batch, &b, err);
    if (rc == SM_OK && (rc = sm_buf_check(&b, "the SQL of a quarantine", err)) == SM_OK)
        *out = sm_arena_dup(f->scratch, sm_buf_sv(&b));
    sm_buf_release(&b);
    return rc;
}

/* The records were read once more: are the files still those that the batch read? */
static sm_code records_verify(sm_flow *f, const sm_batch *b, sm_error *err)
{
    sm_code rc = SM_OK;

    for (size_t i = 0; rc == SM_OK && i < f->plan->n_inputs; i++) {
        sm_flow_input *in = &f->inputs[i];

        if (keeps_records(in))
            rc = sm_source_verify(&in->source, in->done, sm_json_get_by(b->end, in->dataset->name),
                                  err);
    }
    return rc;
}

/* No row was set aside: only what is replaced and had some has something to do. */
static sm_code empty_select(sm_flow *f, sm_sv *out, sm_error *err)
{
    sm_target_state t;
    sm_code rc;

    *out = SM_SV("");
    if (f->side_sink.mode != SM_WRITE_OVERWRITE)
        return SM_OK;
    if ((rc = sm_sink_inspect(&f->side_sink, f->scratch, &t, err)) != SM_OK || !t.exists)
        return rc;
    return sm_plan_empty_select(&f->side->schema, f->scratch, out, err);
}

/* Has another flow of the table decided a batch that is not done? */
static sm_code others_decided(const sm_flow *f, bool *out, sm_error *err)
{
    const sm_plan_dataset *t = f->target;
    sm_batch_rec *open;
    size_t n = 0;
    sm_code rc =
        sm_store_open_batches(f->env->q->store, f->env->owner.pipeline, f->scratch, &open, &n, err);

    for (size_t i = 0; rc == SM_OK && i < n; i++)
        for (size_t k = t->flow; k < t->flow + t->n_flows; k++)
            *out |= k != f->index && sm_sv_eq(open[i].flow, f->whole->flows[k].name);
    return rc;
}

/* From here to sm_flow__leave_side() no other flow of this run writes to the quarantine. */
static sm_code enter_side(sm_flow *f, sm_error *err)
{
    if (f->side_mu == NULL)
        return SM_OK;
    sm_mutex_lock(f->side_mu);
    f->side_held = true;
    f->side_sink.keeps_types = f->replays;
    return others_decided(f, &f->side_sink.keeps_types, err);
}

void sm_flow__leave_side(sm_flow *f)
{
    if (f->side_held)
        sm_mutex_unlock(f->side_mu);
    f->side_held = false;
}

static sm_code write_rows(sm_flow *f, sm_batch *b, sm_sv select, int64_t rows, sm_error *err)
{
    int64_t bytes, written = 0;
    sm_code rc;

    f->side_sink.session = f->session;
    rc = sm_sink_prepare(&f->side_sink, select, b->manifest, &written, &bytes, err);
    f->side_sink.session = NULL;
    if (rc == SM_OK && written != rows)
        rc = sm_fail(err, SM_E_SQL, 0, "%lld of %lld rows were written to the quarantine",
                     (long long)written, (long long)rows);
    return rc;
}

sm_code sm_flow__set_aside(sm_flow *f, sm_batch *b, sm_error *err)
{
    int64_t rows = 0;
    sm_sv relation = SM_SV(""), select = SM_SV("");
    sm_code rc = SM_OK;

    if (f->side == NULL)
        return SM_OK;
    if (f->rules != NULL)
        rc = sm_engine_rules_aside(f->rules, &rows, &relation, err);
    if (rc == SM_OK && rows != b->counts.quarantined)
        rc = sm_fail(err, SM_E_SQL, 0, "%lld rows were set aside, and %lld judged so",
                     (long long)rows, (long long)b->counts.quarantined);
    if (rc == SM_OK)
        rc = rows_select(f, b, relation, &select, err);
    if (rc == SM_OK && select.len == 0)
        rc = empty_select(f, &select, err);
    if (rc == SM_OK && select.len > 0 && (rc = enter_side(f, err)) == SM_OK)
        rc = write_rows(f, b, select, rows + b->counts.kept, err);
    if (rc == SM_OK)
        rc = records_verify(f, b, err);
    if (f->rules != NULL)
        sm_engine_rules_forget(f->rules);
    return rc;
}

/* ---- after the decision ------------------------------------------------------------ */

static bool is_target(const sm_flow *f, sm_sv name)
{
    return sm_sv_eq(name, f->target->name) || (f->side != NULL && sm_sv_eq(name, f->side->name)) ||
           (f->late != NULL && sm_sv_eq(name, f->late->name));
}

/* A file that was edited after the decision may not have all of its tables. */
sm_code sm_flow__check_targets(const sm_flow *f, const sm_batch *b, sm_error *err)
{
    const sm_json *targets = sm_json_get(b->manifest->json, "targets");

    for (size_t i = 0; i < sm_json_len(targets); i++) {
        sm_sv name = sm_json_get_sv(sm_json_at(targets, i), "name", SM_SV(""));

        if (is_target(f, name) || !sm_manifest_changes(b->manifest, name))
            continue;
        return sm_fail(
            err, SM_E_CONFLICT, 0,
            "flow \"%.*s\" decided it with rows for \"%.*s\", which the pipeline does not "
            "declare any more; nothing was changed and nothing is "
            "lost. Take that change back and run once, or rebuild without the batch: "
            "`smelt run --full-refresh %.*s`",
            SM_SV_ARG(f->plan->name), SM_SV_ARG(name), SM_SV_ARG(f->target->name));
    }
    return SM_OK;
}

sm_code sm_flow__publish_beside(const sm_batch *b, const sm_plan_dataset *beside, sm_sink *k,
                                int64_t *version, sm_error *err)
{
    sm_code rc;

    if (beside == NULL || !sm_manifest_changes(b->manifest, beside->name))
        return SM_OK;
    rc = sm_sink_publish(k, b->manifest, version, err);
    if (rc == SM_E_AGAIN) /* the table has the batch: it cannot be taken back any more */
        rc = err->code = SM_E_CONFLICT;
    return rc;
}

sm_code sm_flow__publish_side(sm_flow *f, sm_batch *b, sm_error *err)
{
    return sm_flow__publish_beside(b, f->side, &f->side_sink, &b->side_version, err);
}
