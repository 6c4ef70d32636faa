/* SPDX-License-Identifier: Apache-2.0 */
/* sink_delta.c -- batches into a Delta table.
 *
 * WHAT A TARGET OF THE MANIFEST HOLDS, besides "sink", "name", "actions":
 *
 *     {"stem":…,                  begins the name of every file of this attempt
 *      "txn_id":…,                of the commit, the same at every try
 *      "mode":"append"|"overwrite"|"merge",
 *      "creates":bool,            metaData is for a table that was not there
 *      "definition_version":n,    the metaData in force when the files were written; -1 none,
 *                                 or, of a side target, not to be compared
 *      "side":true,               only of a side target
 *      "read_version":n,          overwrite, merge: where the removed files were listed; else -1,
 *                                 and of a side target, whose removes hold whatever came since
 *      "columns":[…],             not overwrite: what the files have; the table grows by what is
 *                                 new
 *      "keys":[…], "kept":n,      merge: the columns of the key; rows of removed files that were
 *                                 written again
 *      "partition_by":[…],        with "columns"
 *      "describes":{…},           nothing but a metaData: the properties that the table gets
 *      "rows":n, "bytes":n, "files":n, "removed":n}
 *
 *     prepare   knows the head ─ wider types by a commit of their own (delta_widen.h) ─
 *               one COPY through sm_delta_select() ─ fsync files, folders ─ add per file,
 *               remove per live file (overwrite), protocol and metaData when the table is
 *               new or, in a full refresh, redefined
 *     publish   the sizes of all added files ─ one commit ─ the head goes forward by itself
 *
 * A table is made by its first commit, also when there are no rows.  A file without rows is
 * removed and nothing is added for it.  What the store keeps as "memory" is the head as JSON
 * (delta_head.h), so that neither a batch nor an idle check costs more with history.
 */
#include "runtime/sinks/sink_delta.h"

#include "runtime/base/clock.h"
#include "runtime/base/failpoint.h"
#include "runtime/base/hash.h"
#include "runtime/delta/delta_checkpoint.h"
#include "runtime/delta/delta_commit.h"
#include "runtime/delta/delta_describe.h"
#include "runtime/delta/delta_files.h"
#include "runtime/delta/delta_grow.h"
#include "runtime/delta/delta_head.h"
#include "runtime/delta/delta_log.h"
#include "runtime/delta/delta_merge.h"
#include "runtime/delta/delta_schema.h"
#include "runtime/delta/delta_snapshot.h"
#include "runtime/delta/delta_widen.h"
#include "runtime/delta/delta_write.h"

typedef struct delta_config {
    sm_sv path;
    int delivery;
} delta_config;

typedef struct delta_sink {
    sm_delta_table *table;
    sm_delta_head *head;         /* NULL until it is needed */
    sm_delta_snapshot *snapshot; /* of a table whose files go, kept to go on from */
    sm_arena *memory[2];         /* k->memory lives in one, the one before it in the other */
    int turn;
} delta_sink;

static void free_arena(void *a)
{
    sm_arena_free(a);
}

static sm_code delta_open(sm_sink *k, sm_error *err)
{
    delta_sink *s = SM_NEW(k->arena, delta_sink);

    k->state = s;
    for (int i = 0; i < 2; i++) { /* the last memory outlives close(), as k->arena does */
        s->memory[i] = sm_arena_new("delta memory");
        sm_arena_defer(k->arena, free_arena, s->memory[i]);
    }
    return sm_delta_open(k->path, k->images, &s->table, err);
}

static void delta_close(sm_sink *k)
{
    delta_sink *s = k->state;

    if (s == NULL)
        return;
    sm_delta_snapshot_free(s->snapshot);
    sm_delta_head_free(s->head);
    sm_delta_close(s->table);
    k->state = NULL;
}

/* The head as it is now: loaded once, then brought forward. */
static sm_code delta_head(sm_sink *k, sm_error *err)
{
    delta_sink *s = k->state;

    if (s->head != NULL)
        return sm_delta_head_advance(s->head, s->table, err);
    return sm_delta_head_load(s->table, k->memory, k->session, &s->head, err);
}

static void delta_remember(sm_sink *k)
{
    delta_sink *s = k->state;

    s->turn = 1 - s->turn;
    sm_arena_reset(s->memory[s->turn]);
    k->memory = sm_delta_head_to_json(s->head, s->memory[s->turn]);
}

/* ---- prepare ---- */

typedef struct preparing {
    sm_sink *k;
    delta_sink *s;
    sm_manifest *m;
    sm_json *target;
    sm_delta_definition definition;
    bool creates, redefines;
    sm_schema files_have; /* k->schema under the table's names and in its types */
    sm_sv stem;
    sm_copied copied;
    sm_delta_merged merged; /* in mode MERGE */
    int64_t files, rows, bytes, removed;
} preparing;

/* The table has other columns than the query gives: it grows by those that it has not, columns
 * take wider types at once, and the files take its names and types for the others.  A merge
 * writes rows of the table again, with all that they have. */
static sm_code prepare_growth(preparing *p, sm_error *err)
{
    const sm_delta_metadata *m = &p->s->head->metadata;
    unsigned how = p->k->keeps_types ? 0 : SM_GROW_WIDEN;
    sm_arena *a = p->m->arena;
    sm_grown g;
    sm_code rc;

    if (!sm_delta_same_partitions(m, &p->definition, a))
        return sm_delta_metadata_refuse(m, &p->definition, a, err);
    if ((rc = sm_delta_grow(m, p->k->schema, how, a, &g, err)) != SM_OK)
        return rc;
    if (g.conflict >= 0)
        return sm_delta_grow_refuse(m, p->k->schema, g.conflict, p->k->side, a, err);
    if (g.widened > 0 && (rc = sm_delta_widen(p->s->table, p->s->head, p->k->schema,
                                              SM_DELTA_WIDEN_BYTES, p->k->session, err)) != SM_OK)
        return rc;
    p->files_have =
        p->k->mode == SM_WRITE_MERGE ? g.schema : sm_delta_file_columns(&g.schema, p->k->schema, a);
    p->definition.schema = &p->files_have;
    return SM_OK;
}

static sm_delta_definition definition_of(const sm_sink *k)
{
    return (sm_delta_definition){
        .name = k->name,
        .description = k->description,
        .schema = k->schema,
        .partition_by = k->partition_by,
        .partition_count = k->partition_count,
        .properties = k->properties,
    };
}

/* Which of new, fitting, growing, redefined the table is; SM_E_INVALID when it is none. */
static sm_code prepare_definition(preparing *p, sm_error *err)
{
    const sm_delta_head *h = p->s->head;
    sm_code rc;

    p->creates = h->version < 0;
    if (p->creates)
        return SM_OK;
    if ((rc = sm_delta_protocol_check(&h->protocol, true, err)) != SM_OK ||
        (rc = sm_delta_metadata_check(&h->metadata, p->k->mode != SM_WRITE_APPEND, p->m->arena,
                                      err)) != SM_OK)
        return rc;
    if (sm_delta_metadata_fits(&h->metadata, &p->definition, p->m->arena))
        return SM_OK;
    if (p->k->mode != SM_WRITE_OVERWRITE || !p->k->replace_schema)
        return prepare_growth(p, err);
    p->redefines = true;
    return SM_OK;
}

/* The live files, as the head has the table now. */
static sm_code current_files(preparing *p, sm_error *err)
{
    delta_sink *s = p->s;
    int64_t version = s->head->version;

    if (s->snapshot != NULL)
        return sm_delta_snapshot_advance(s->snapshot, s->table, version, err);
    return sm_delta_snapshot_load(s->table, version, p->k->session, &s->snapshot, err);
}

static sm_code prepare_merge(preparing *p, sm_sv select, sm_error *err)
{
    const sm_sink *k = p->k;
    sm_delta_merge merge = {
        .table = p->s->table,
        .definition = &p->definition,
        .given = k->schema,
        .keys = k->merge_keys,
        .key_count = k->merge_key_count,
        .rows = select,
        .touched = k->touched,
        .stem = p->stem,
    };
    sm_code rc;

    if (!p->creates) {
        if ((rc = current_files(p, err)) != SM_OK)
            return rc;
        merge.now = p->s->snapshot;
    }
    if ((rc = sm_delta_merge_write(&merge, k->session, p->m->arena, &p->merged, err)) == SM_OK)
        p->copied = p->merged.copied;
    return rc;
}

static sm_code prepare_files(preparing *p, sm_sv select, sm_error *err)
{
    sm_sv root = sm_delta_root(p->s->table);
    sm_arena *a = p->m->arena;
    int64_t began;
    int fault;
    sm_code rc;

    if (p->k->mode == SM_WRITE_MERGE)
        rc = prepare_merge(p, select, err);
    else
        rc = sm_delta_write(root, &p->definition, select, p->stem, p->k->session, a, &p->copied,
                            err);
    began = sm_clock_boot_us();
    if (rc != SM_OK || (rc = sm_delta_write_keep(p->s->table, &p->copied, a, err)) != SM_OK)
        return rc;
    p->k->synced_us = sm_clock_boot_us() - began;
    if ((fault = sm_failpoint_err("delta.after_file")) != 0)
        return sm_fail_errno(err, fault, "after the files of a batch");
    return SM_OK;
}

static sm_code add_action(preparing *p, sm_json *action, sm_error *err)
{
    return sm_manifest_add_action(p->m, p->target, action, err);
}

static sm_code put_definition(preparing *p, sm_error *err)
{
    sm_arena *a = p->m->arena;
    const sm_delta_head *h = p->s->head;
    sm_sv id = p->creates ? SM_SV("") : h->metadata.id;
    sm_delta_metadata metadata;
    sm_delta_protocol protocol;
    sm_code rc;

    if (!p->creates && !p->redefines)
        return SM_OK;
    if ((rc = sm_delta_metadata_make(&p->definition, id, p->m->id.time_ms, a, &metadata, err)) !=
        SM_OK)
        return rc;
    if (p->redefines) { /* the table stays the same one: what people set on it is kept */
        metadata.configuration =
            sm_delta_configuration(h->metadata.configuration, &p->definition, a);
        metadata.created_ms = h->metadata.created_ms;
    }
    protocol = sm_delta_protocol_make(p->definition.schema, a);
    if ((p->creates || protocol.min_reader > h->protocol.min_reader) &&
        (rc = add_action(p, sm_delta_protocol_json(&protocol, a), err)) != SM_OK)
        return rc;
    return add_action(p, sm_delta_metadata_json(&metadata, a), err);
}

/* Overwrite: every live file goes.  Merge: those that held a touched key. */
static sm_code put_removes(preparing *p, sm_error *err)
{
    bool overwrite = p->k->mode == SM_WRITE_OVERWRITE;
    const sm_delta_file *const *files = p->merged.removed;
    size_t n = p->merged.removed_count;
    sm_code rc = SM_OK;

    if (p->creates || p->k->mode == SM_WRITE_APPEND)
        return SM_OK;
    if (overwrite) {
        if ((rc = current_files(p, err)) != SM_OK)
            return rc;
        files = p->s->snapshot->files;
        n = p->s->snapshot->file_count;
    }
    for (size_t i = 0; rc == SM_OK && i < n; i++) {
        rc =
            add_action(p, sm_delta_remove_json(files[i], p->m->id.time_ms, true, p->m->arena), err);
        p->removed++;
    }
    return rc;
}

static sm_code put_adds(preparing *p, sm_error *err)
{
    sm_sv root = sm_delta_root(p->s->table);

    for (size_t i = 0; i < p->copied.n_files; i++) {
        const sm_copy_file *f = &p->copied.files[i];
        sm_json *add =
            sm_delta_write_add(root, &p->definition, f, p->m->id.time_ms, true, p->m->arena);
        sm_code rc = add_action(p, add, err);

        if (rc != SM_OK)
            return rc;
        p->files++;
        p->rows += f->rows;
        p->bytes += f->bytes;
    }
    if (p->k->mode == SM_WRITE_MERGE)
        p->rows = p->merged.rows;
    return SM_OK;
}

/* As the table spells them. */
static sm_json *partition_names(const preparing *p)
{
    sm_json *names = sm_json_array(p->m->arena);

    for (size_t i = 0; i < p->definition.partition_count; i++) {
        sm_sv name = p->definition.partition_by[i];
        ptrdiff_t at = sm_schema_find(p->definition.schema, name);

        sm_json_append_string(names, at < 0 ? name : p->definition.schema->columns[at].name);
    }
    return names;
}

static sm_sv mode_name(sm_write_mode mode)
{
    switch (mode) {
    case SM_WRITE_OVERWRITE:
        return SM_SV("overwrite");
    case SM_WRITE_MERGE:
        return SM_SV("merge");
    case SM_WRITE_APPEND:
        break;
    }
    return SM_SV("append");
}

static void put_merge_facts(preparing *p)
{
    sm_json *keys = sm_json_array(p->m->arena);

    for (size_t i = 0; i < p->k->merge_key_count; i++)
        sm_json_append_string(keys, p->k->merge_keys[i]);
    sm_json_set(p->target, "keys", keys);
    sm_json_set_int(p->target, "kept", p->merged.rows_kept);
}

static void put_facts(preparing *p)
{
    sm_json *t = p->target;
    bool overwrite = p->k->mode == SM_WRITE_OVERWRITE, side = p->k->side;
    bool reads = p->k->mode != SM_WRITE_APPEND && !side;

    sm_json_set_string(t, "stem", p->stem);
    sm_json_set_string(t, "txn_id", sm_uuid4(p->m->arena));
    sm_json_set_string(t, "mode", mode_name(p->k->mode));
    sm_json_set_bool(t, "creates", p->creates);
    sm_json_set_int(t, "definition_version", side ? -1 : p->s->head->metadata_version);
    if (!overwrite) {
        sm_json_set(t, "columns", sm_schema_to_json(p->definition.schema, p->m->arena));
        sm_json_set(t, "partition_by", partition_names(p));
    }
    sm_json_set_int(t, "read_version", reads ? p->s->head->version : -1);
    if (side)
        sm_json_set_bool(t, "side", true);
    if (p->k->mode == SM_WRITE_MERGE)
        put_merge_facts(p);
    sm_json_set_int(t, "rows", p->rows);
    sm_json_set_int(t, "bytes", p->bytes);
    sm_json_set_int(t, "files", p->files);
    sm_json_set_int(t, "removed", p->removed);
}

static sm_code delta_prepare(sm_sink *k, sm_sv select, sm_manifest *m, int64_t *rows_out,
                             int64_t *bytes_out, sm_error *err)
{
    preparing p = {
        .k = k,
        .s = k->state,
        .m = m,
        .target = sm_manifest_target(m, SM_SV("delta"), k->name),
        .definition = definition_of(k),
        .stem = sm_arena_printf(m->arena, "part-00000-%.*s", SM_SV_ARG(sm_uuid4(m->arena))),
    };
    sm_code rc;

    if ((rc = delta_head(k, err)) != SM_OK || (rc = prepare_definition(&p, err)) != SM_OK)
        return rc;
    if ((rc = prepare_files(&p, select, err)) != SM_OK || (rc = put_definition(&p, err)) != SM_OK ||
        (rc = put_removes(&p, err)) != SM_OK || (rc = put_adds(&p, err)) != SM_OK) {
        sm_delta_files_discard(p.s->table, p.stem, k->partition_count);
        return rc;
    }
    put_facts(&p);
    *rows_out = p.rows;
    *bytes_out = p.bytes;
    return SM_OK;
}

/* ---- describe ---- */

static bool delta_described(sm_sink *k)
{
    sm_arena *a = sm_arena_new("delta described");
    sm_json *wrapped = sm_json_object(a);
    sm_delta_definition d = definition_of(k);
    sm_delta_action action;
    sm_error ignored;
    bool described = true;

    sm_json_set(wrapped, "metaData", sm_json_copy(a, sm_json_get(k->memory, "metaData")));
    if (sm_delta_action_read(wrapped, a, &action, &ignored) == SM_OK)
        described = sm_delta_metadata_described(&action.u.metadata, &d, a);
    sm_arena_free(a);
    return described;
}

/* A commit of a metaData alone.  When another one changes the definition before, the batch is
 * voided and begins again. */
static sm_code delta_describe(sm_sink *k, sm_manifest *m, sm_error *err)
{
    delta_sink *s = k->state;
    sm_delta_definition d = definition_of(k);
    sm_delta_metadata metadata;
    sm_json *target;
    sm_code rc = delta_head(k, err);

    if (rc != SM_OK || s->head->version < 0)
        return rc;
    if (sm_delta_metadata_described(&s->head->metadata, &d, m->arena)) {
        delta_remember(k);
        return SM_OK;
    }
    if ((rc = sm_delta_protocol_check(&s->head->protocol, true, err)) != SM_OK ||
        (rc = sm_delta_metadata_check(&s->head->metadata, false, m->arena, err)) != SM_OK ||
        (rc = sm_delta_metadata_describe(&s->head->metadata, &d, m->arena, &metadata, err)) !=
            SM_OK)
        return rc;
    target = sm_manifest_target(m, SM_SV("delta"), k->name);
    sm_json_set_string(target, "txn_id", sm_uuid4(m->arena));
    sm_json_set_string(target, "mode", SM_SV("append"));
    sm_json_set_int(target, "definition_version", s->head->metadata_version);
    sm_json_set(target, "describes", sm_delta_configuration(NULL, &d, m->arena));
    return sm_manifest_add_action(m, target, sm_delta_metadata_json(&metadata, m->arena), err);
}

/* ---- publish ---- */

static sm_code check_staged(sm_sink *k, const sm_json *actions, sm_error *err)
{
    delta_sink *s = k->state;
    sm_arena *a = sm_arena_new("delta staged");
    sm_code rc = SM_OK;

    for (size_t i = 0; i < sm_json_len(actions) && rc == SM_OK; i++) {
        sm_delta_action action;
        sm_arena_reset(a);
        if ((rc = sm_delta_action_read(sm_json_at(actions, i), a, &action, err)) == SM_OK &&
            action.kind == SM_DELTA_ADD)
            rc = sm_delta_files_check(s->table, &action.u.file, err);
    }
    sm_arena_free(a);
    return rc;
}

static void set_number(sm_json *j, const char *name, const sm_json *target, const char *from,
                       sm_arena *a)
{
    sm_json_set_string(j, name,
                       sm_arena_printf(a, "%lld", (long long)sm_json_get_int(target, from, 0)));
}

static bool has_mode(const sm_json *target, const char *mode)
{
    return sm_sv_eq_str(sm_json_get_sv(target, "mode", SM_SV("")), mode);
}

static void describe_stream(const sm_json *target, const sm_manifest *m, sm_json *parameters,
                            sm_arena *a)
{
    bool merge = has_mode(target, "merge");

    sm_json_set_string(parameters, "outputMode", merge ? SM_SV("Update") : SM_SV("Append"));
    sm_json_set_string(parameters, "queryId", m->id.generation);
    sm_json_set_string(parameters, "epochId", sm_arena_printf(a, "%lld", (long long)m->id.n));
    if (merge)
        sm_json_set_string(parameters, "keys", sm_json_text(sm_json_get(target, "keys"), a));
}

/* Every value a string: other readers parse both as maps of strings. */
static void describe_change(const sm_json *target, const sm_manifest *m, sm_delta_change *c,
                            sm_arena *a)
{
    sm_json *parameters = sm_json_object(a), *metrics = sm_json_object(a);
    const sm_json *properties = sm_json_get(target, "describes");

    if (properties != NULL) {
        sm_json_set_string(parameters, "properties", sm_json_text(properties, a));
        c->operation = SM_SV("SET TBLPROPERTIES");
        c->parameters = parameters;
        return;
    }
    if (has_mode(target, "overwrite"))
        sm_json_set_string(parameters, "mode", SM_SV("Overwrite"));
    else
        describe_stream(target, m, parameters, a);
    set_number(metrics, "numOutputRows", target, "rows", a);
    set_number(metrics, "numOutputBytes", target, "bytes", a);
    set_number(metrics, "numAddedFiles", target, "files", a);
    set_number(metrics, "numRemovedFiles", target, "removed", a);
    if (has_mode(target, "merge"))
        set_number(metrics, "numTargetRowsCopied", target, "kept", a);
    c->operation = has_mode(target, "overwrite") ? SM_SV("WRITE")
                   : has_mode(target, "merge")   ? SM_SV("MERGE")
                                                 : SM_SV("STREAMING UPDATE");
    c->parameters = parameters;
    c->metrics = metrics;
}

/* commitInfo.smelt: what `smelt checkpoint adopt` rebuilds a position from. */
static const sm_json *describe_batch(const sm_manifest *m, sm_arena *a)
{
    sm_json *j = sm_json_object(a);

    sm_json_set_string(j, "flow", m->id.flow);
    sm_json_set_string(j, "generation", m->id.generation);
    sm_json_set_int(j, "batch", m->id.n);
    sm_json_set(j, "end_offsets",
                m->id.end_offsets == NULL ? sm_json_object(a) : sm_json_copy(a, m->id.end_offsets));
    sm_json_set(j, "watermark", sm_json_null(a));
    return j;
}

static sm_code delta_publish(sm_sink *k, const sm_manifest *m, int64_t *version_out, sm_error *err)
{
    delta_sink *s = k->state;
    const sm_json *target = sm_manifest_find_target(m, k->name);
    const sm_json *actions = sm_json_get(target, "actions");
    const sm_delta_txn_at *txn;
    sm_schema columns;
    sm_code rc;

    if ((rc = delta_head(k, err)) != SM_OK)
        return rc;
    if (sm_json_len(actions) == 0) {
        *version_out = s->head->version;
        return SM_OK;
    }
    sm_arena *a = sm_arena_new("delta publish");
    sm_delta_change c = {
        .app_id = m->id.generation,
        .batch = m->id.n,
        .txn_id = sm_json_get_sv(target, "txn_id", SM_SV("")),
        .actions = actions,
        .overwrites = has_mode(target, "overwrite") && !sm_json_get_bool(target, "side", false),
        .merges = has_mode(target, "merge"),
        .read_version = sm_json_get_int(target, "read_version", -1),
        .definition_version = sm_json_get_int(target, "definition_version", -1),
        .creates = sm_json_get_bool(target, "creates", false),
        .partition_by = sm_json_get(target, "partition_by"),
        .smelt = describe_batch(m, a),
        .now_ms = sm_clock_now_ms(),
    };
    describe_change(target, m, &c, a);
    if (sm_json_get(target, "columns") != NULL) {
        if ((rc = sm_schema_from_json(sm_json_get(target, "columns"), a, &columns, err)) != SM_OK) {
            sm_arena_free(a);
            return rc;
        }
        c.columns = &columns;
    }
    txn = sm_delta_head_txn(s->head, c.app_id);
    if (txn == NULL || txn->txn.version < c.batch)
        rc = check_staged(k, actions, err);
    if (rc == SM_OK)
        rc = sm_delta_commit(s->table, s->head, &c, version_out, err);
    sm_arena_free(a);
    if (rc != SM_OK)
        return rc;
    delta_remember(k);
    sm_failpoint("delta.between_targets");
    return SM_OK;
}

static void delta_discard(sm_sink *k, const sm_manifest *m)
{
    delta_sink *s = k->state;
    sm_sv stem = sm_json_get_sv(sm_manifest_find_target(m, k->name), "stem", SM_SV(""));

    if (stem.len > 0)
        sm_delta_files_discard(s->table, stem, k->partition_count);
}

/* ---- looking ---- */

static sm_code delta_inspect(sm_sink *k, sm_arena *a, sm_target_state *out, sm_error *err)
{
    delta_sink *s = k->state;
    const sm_delta_txn_at *txn;
    const sm_delta_flow *flow;
    sm_code rc;

    *out = (sm_target_state){ .version = -1, .batch = -1, .other_batch = -1 };
    if ((rc = delta_head(k, err)) != SM_OK ||
        (rc = sm_delta_head_flow(s->head, s->table, k->flow, &flow, err)) != SM_OK)
        return rc;
    out->exists = s->head->version >= 0;
    out->table_id = sm_arena_dup(a, s->head->metadata.id);
    out->version = s->head->version;
    if ((txn = sm_delta_head_txn(s->head, k->generation)) != NULL)
        out->batch = txn->txn.version;
    if (flow != NULL && !sm_sv_eq(flow->generation, k->generation)) {
        out->other_generation = true;
        out->other_id = sm_arena_dup(a, flow->generation);
        out->other_batch = flow->batch;
        out->other_offsets = flow->end_offsets == NULL ? NULL : sm_json_copy(a, flow->end_offsets);
    }
    delta_remember(k);
    return SM_OK;
}

static sm_code delta_unchanged(sm_sink *k, bool *out, sm_error *err)
{
    delta_sink *s = k->state;

    return sm_delta_unchanged(s->table, k->memory, out, err);
}

static sm_code delta_maintain(sm_sink *k, sm_error *err)
{
    delta_sink *s = k->state;
    sm_code rc;

    if ((rc = delta_head(k, err)) != SM_OK)
        return rc;
    if (!sm_delta_checkpoint_due(s->head, sm_delta_last_checkpoint(s->table)))
        return SM_OK;
    rc = sm_delta_checkpoint_write(s->table, s->head, sm_clock_now_ms(), k->session, err);
    delta_remember(k);
    return rc;
}

/* Of a sink; a table of the project has its place from the pipeline. */
static const char *const deliveries[] = { "exactly_once", NULL };

static const sm_option delta_options[] = {
    {
        .name = "path",
        .type = SM_TYPE_STRING,
        .offset = offsetof(delta_config, path),
        .doc = "The folder of the table; made when it is not there.",
    },
    {
        .name = "delivery",
        .type = SM_TYPE_ENUM,
        .offset = offsetof(delta_config, delivery),
        .choices = deliveries,
        .fallback = "exactly_once",
        .doc = "Each batch is one commit, once, also after a crash.",
    },
    { .name = NULL },
};

const sm_sink_ops sm_sink_delta = {
    .name = "delta",
    .summary = "A Delta Lake table in a folder.",
    .options = delta_options,
    .config_size = sizeof(delta_config),
    .strongest = SM_EXACTLY_ONCE,
    .merges = true,
    .open = delta_open,
    .prepare = delta_prepare,
    .publish = delta_publish,
    .discard = delta_discard,
    .inspect = delta_inspect,
    .unchanged = delta_unchanged,
    .described = delta_described,
    .describe = delta_describe,
    .maintain = delta_maintain,
    .close = delta_close,
};
