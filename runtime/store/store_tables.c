/* SPDX-License-Identifier: Apache-2.0 */
/* store_tables.c -- datasets, schema versions, deletions.
 *
 * A dataset's row is made when a run declares it and stays when the file no longer names it:
 * inactive, kept, listed, until a person drops the table.  A path has one owning pipeline for
 * as long as the row is there. */
#include "runtime/store/store_int.h"

#include "runtime/base/clock.h"

/* ---- declare ---- */

static sm_code check_path_owner(sm_store *s, const sm_owner *o, const sm_table_rec *t,
                                sm_error *err)
{
    sqlite3_stmt *stmt;
    bool row = false;
    sm_code rc;

    if (t->path.len == 0)
        return SM_OK;
    rc = sm_store__prepare(s,
                           "select p.name, d.name from datasets d "
                           "join pipelines p on p.id = d.pipeline_id "
                           "where d.path = ? and d.path <> '' and d.pipeline_id <> ? limit 1",
                           SM_STORE__ARGS(sm_store__text(t->path), sm_store__int(o->pipeline)),
                           &stmt, err);
    if (rc == SM_OK)
        rc = sm_store__step(s, stmt, &row, err);
    if (rc != SM_OK || !row)
        return rc;
    rc = sm_fail(err, SM_E_DENIED, 0,
                 "table \"%.*s\" at \"%.*s\" belongs to pipeline \"%s\" (its table \"%s\"); "
                 "a table has one owner",
                 SM_SV_ARG(t->name), SM_SV_ARG(t->path), (const char *)sqlite3_column_text(stmt, 0),
                 (const char *)sqlite3_column_text(stmt, 1));
    sm_store__reset(stmt);
    return rc;
}

static sm_code declare_one(sm_store *s, const sm_owner *o, const sm_table_rec *t, sm_error *err)
{
    sm_code rc = check_path_owner(s, o, t, err);

    if (rc != SM_OK)
        return rc;
    /* The condition makes an unchanged row no write at all. */
    return sm_store__run(
        s,
        "insert into datasets (pipeline_id, name, kind, path, table_id, fingerprint, active, "
        "changed_ms) values (?, ?, ?, ?, '', ?, 1, ?) "
        "on conflict (pipeline_id, name) do update set kind = excluded.kind, "
        "path = excluded.path, fingerprint = excluded.fingerprint, active = 1, "
        "changed_ms = excluded.changed_ms "
        "where kind <> excluded.kind or path <> excluded.path "
        "or fingerprint <> excluded.fingerprint or active <> 1",
        SM_STORE__ARGS(sm_store__int(o->pipeline), sm_store__text(t->name), sm_store__text(t->kind),
                       sm_store__text(t->path), sm_store__text(t->fingerprint),
                       sm_store__int(sm_clock_now_ms())),
        NULL, err);
}

static bool is_declared(const sm_table_rec *tables, size_t n, sm_sv name)
{
    for (size_t i = 0; i < n; i++) {
        if (sm_sv_eq(tables[i].name, name))
            return true;
    }
    return false;
}

static sm_code deactivate(sm_store *s, int64_t id, sm_error *err)
{
    return sm_store__run(s, "update datasets set active = 0, changed_ms = ? where id = ?",
                         SM_STORE__ARGS(sm_store__int(sm_clock_now_ms()), sm_store__int(id)), NULL,
                         err);
}

typedef struct named_id {
    int64_t id;
    sm_sv name;
} named_id;

static sm_code read_named_id(sqlite3_stmt *stmt, sm_arena *a, void *record, sm_error *err)
{
    (void)err;
    *(named_id *)record = (named_id){
        .id = sm_store__col_int(stmt, 0, 0),
        .name = sm_store__col_text(stmt, 1, a),
    };
    return SM_OK;
}

static sm_code deactivate_others(sm_store *s, const sm_owner *o, const sm_table_rec *tables,
                                 size_t n, sm_arena *a, sm_error *err)
{
    sm_store__query q = {
        .sql = "select id, name from datasets where pipeline_id = ? and active = 1",
        SM_STORE__WITH(sm_store__int(o->pipeline)),
        .read = read_named_id,
        .size = sizeof(named_id),
    };
    sm_store__rows rows;
    sm_code rc = sm_store__rows_in(s, &q, a, &rows, err);
    const named_id *active = rows.list;

    for (size_t i = 0; i < rows.n && rc == SM_OK; i++) {
        if (!is_declared(tables, n, active[i].name))
            rc = deactivate(s, active[i].id, err);
    }
    return rc;
}

sm_code sm_store_tables_declare(sm_store *s, const sm_owner *o, const sm_table_rec *tables,
                                size_t n, sm_error *err)
{
    sm_arena *a = NULL;
    sm_code rc;

    if ((rc = sm_store__begin(s, o, SM_STORE__ORDERED, err)) != SM_OK)
        return rc;
    a = sm_arena_new("store declare");
    for (size_t i = 0; i < n && rc == SM_OK; i++)
        rc = declare_one(s, o, &tables[i], err);
    if (rc == SM_OK)
        rc = deactivate_others(s, o, tables, n, a, err);
    sm_arena_free(a);
    return sm_store__end(s, rc, err);
}

/* ---- seen, forget ---- */

static sm_code fail_unless_one(int64_t changed, sm_sv name, sm_error *err)
{
    if (changed == 1)
        return SM_OK;
    return sm_fail(err, SM_E_NOT_FOUND, 0, "this pipeline has no dataset \"%.*s\" in its records",
                   SM_SV_ARG(name));
}

sm_code sm_store_table_seen(sm_store *s, const sm_owner *o, sm_sv name, sm_sv table_id,
                            int64_t version, sm_sv version_txn, sm_sv delta_state, sm_error *err)
{
    int64_t changed = 0;
    sm_code rc;

    if ((rc = sm_store__bounded(delta_state, SM_STORE_MANIFEST_MAX, "state of a table", err)) !=
        SM_OK)
        return rc;
    if ((rc = sm_store__begin(s, o, SM_STORE__ORDERED, err)) != SM_OK)
        return rc;
    rc = sm_store__run(s,
                       "update datasets set table_id = coalesce(?, table_id), version = ?, "
                       "version_txn = ?, delta_state = coalesce(?, delta_state), changed_ms = ? "
                       "where pipeline_id = ? and name = ?",
                       SM_STORE__ARGS(sm_store__text_or_null(table_id), sm_store__int(version),
                                      sm_store__text(version_txn),
                                      sm_store__text_or_null(delta_state),
                                      sm_store__int(sm_clock_now_ms()), sm_store__int(o->pipeline),
                                      sm_store__text(name)),
                       &changed, err);
    if (rc == SM_OK)
        rc = fail_unless_one(changed, name, err);
    return sm_store__end(s, rc, err);
}

static sm_code read_checked(sqlite3_stmt *stmt, sm_arena *a, void *record, sm_error *err)
{
    (void)err;
    *(sm_sv *)record = sm_store__col_text(stmt, 0, a);
    return SM_OK;
}

sm_code sm_store_table_checked(sm_store *s, int64_t pipeline, sm_sv name, sm_arena *a, sm_sv *out,
                               sm_error *err)
{
    sm_store__query q = {
        .sql = "select checked from datasets where pipeline_id = ? and name = ?",
        SM_STORE__WITH(sm_store__int(pipeline), sm_store__text(name)),
        .read = read_checked,
        .size = sizeof(sm_sv),
    };
    sm_store__rows rows;
    sm_code rc = sm_store__rows_of(s, &q, a, &rows, err);

    if (rc == SM_OK)
        rc = fail_unless_one((int64_t)rows.n, name, err);
    if (rc == SM_OK)
        *out = *(sm_sv *)rows.list;
    return rc;
}

sm_code sm_store_table_set_checked(sm_store *s, const sm_owner *o, sm_sv name, sm_sv checked,
                                   sm_error *err)
{
    int64_t changed = 0;
    sm_code rc = sm_store__begin(s, o, SM_STORE__ORDERED, err);

    if (rc != SM_OK)
        return rc;
    rc = sm_store__run(
        s, "update datasets set checked = ? where pipeline_id = ? and name = ?",
        SM_STORE__ARGS(sm_store__text(checked), sm_store__int(o->pipeline), sm_store__text(name)),
        &changed, err);
    if (rc == SM_OK)
        rc = fail_unless_one(changed, name, err);
    return sm_store__end(s, rc, err);
}

sm_code sm_store_table_forget(sm_store *s, const sm_owner *o, sm_sv name, sm_error *err)
{
    int64_t changed = 0;
    sm_code rc;

    if ((rc = sm_store__begin(s, o, SM_STORE__DURABLE, err)) != SM_OK)
        return rc;
    rc = sm_store__run(s, "delete from generations where pipeline_id = ? and target = ?",
                       SM_STORE__ARGS(sm_store__int(o->pipeline), sm_store__text(name)), NULL, err);
    if (rc == SM_OK)
        rc = sm_store__run(s, "delete from datasets where pipeline_id = ? and name = ?",
                           SM_STORE__ARGS(sm_store__int(o->pipeline), sm_store__text(name)),
                           &changed, err);
    if (rc == SM_OK)
        rc = fail_unless_one(changed, name, err);
    return sm_store__end(s, rc, err);
}

/* ---- read tables ---- */

#define TABLE_COLUMNS                                                                              \
    "select d.pipeline_id, d.name, d.kind, d.path, d.table_id, d.fingerprint, d.active, "          \
    "d.changed_ms, d.version, d.version_txn, d.delta_state, v.version, v.schema "                  \
    "from datasets d left join schema_versions v on v.dataset_id = d.id and v.version = "          \
    "(select max(version) from schema_versions where dataset_id = d.id) "

static sm_code read_table(sqlite3_stmt *stmt, sm_arena *a, void *record, sm_error *err)
{
    (void)err;
    *(sm_table_rec *)record = (sm_table_rec){
        .pipeline = sm_store__col_int(stmt, 0, 0),
        .name = sm_store__col_text(stmt, 1, a),
        .kind = sm_store__col_text(stmt, 2, a),
        .path = sm_store__col_text(stmt, 3, a),
        .table_id = sm_store__col_text(stmt, 4, a),
        .fingerprint = sm_store__col_text(stmt, 5, a),
        .active = sm_store__col_int(stmt, 6, 0) != 0,
        .changed_ms = sm_store__col_int(stmt, 7, 0),
        .version = sm_store__col_int(stmt, 8, -1),
        .version_txn = sm_store__col_text(stmt, 9, a),
        .delta_state = sm_store__col_text(stmt, 10, a),
        .schema_version = sm_store__col_int(stmt, 11, 0),
        .schema = sm_store__col_text(stmt, 12, a),
    };
    return SM_OK;
}

sm_code sm_store_table(sm_store *s, int64_t pipeline, sm_sv name, sm_arena *a, sm_table_rec *out,
                       sm_error *err)
{
    sm_store__query q = {
        .sql = TABLE_COLUMNS "where d.pipeline_id = ? and d.name = ?",
        SM_STORE__WITH(sm_store__int(pipeline), sm_store__text(name)),
        .read = read_table,
        .size = sizeof(sm_table_rec),
    };
    sm_store__rows rows;
    sm_code rc = sm_store__rows_of(s, &q, a, &rows, err);

    if (rc == SM_OK)
        rc = fail_unless_one((int64_t)rows.n, name, err);
    if (rc == SM_OK)
        *out = *(sm_table_rec *)rows.list;
    return rc;
}

sm_code sm_store_tables(sm_store *s, int64_t pipeline, sm_arena *a, sm_table_rec **out, size_t *n,
                        sm_error *err)
{
    sm_store__query q = {
        .sql = TABLE_COLUMNS "where d.pipeline_id = ? order by d.name",
        SM_STORE__WITH(sm_store__int(pipeline)),
        .read = read_table,
        .size = sizeof(sm_table_rec),
    };
    sm_store__rows rows;
    sm_code rc = sm_store__rows_of(s, &q, a, &rows, err);

    *out = rows.list;
    *n = rows.n;
    return rc;
}

/* ---- schema versions ---- */

static sm_code dataset_id(sm_store *s, int64_t pipeline, sm_sv name, int64_t *out, sm_error *err)
{
    sm_code rc = sm_store__number(s, "select id from datasets where pipeline_id = ? and name = ?",
                                  SM_STORE__ARGS(sm_store__int(pipeline), sm_store__text(name)), 0,
                                  out, err);

    return rc == SM_OK && *out == 0 ? fail_unless_one(0, name, err) : rc;
}

/* The newest version, and whether its schema is `schema`. */
static sm_code newest_schema(sm_store *s, int64_t dataset, sm_sv schema, int64_t *version,
                             bool *same, sm_error *err)
{
    sqlite3_stmt *stmt;
    bool row = false;
    sm_code rc = sm_store__prepare(s,
                                   "select version, schema = ? from schema_versions "
                                   "where dataset_id = ? order by version desc limit 1",
                                   SM_STORE__ARGS(sm_store__text(schema), sm_store__int(dataset)),
                                   &stmt, err);

    if (rc == SM_OK)
        rc = sm_store__step(s, stmt, &row, err);
    *version = 0;
    *same = false;
    if (rc == SM_OK && row) {
        *version = sqlite3_column_int64(stmt, 0);
        *same = sqlite3_column_int(stmt, 1) != 0;
        sm_store__reset(stmt);
    }
    return rc;
}

sm_code sm_store_schema_pin(sm_store *s, const sm_owner *o, sm_sv dataset, sm_sv schema, sm_sv why,
                            int64_t *version, sm_error *err)
{
    int64_t id = 0;
    bool same;
    sm_code rc;

    if ((rc = sm_store__bounded(schema, SM_STORE_MANIFEST_MAX, "schema", err)) != SM_OK)
        return rc;
    if ((rc = sm_store__begin(s, o, SM_STORE__DURABLE, err)) != SM_OK)
        return rc;
    if ((rc = dataset_id(s, o->pipeline, dataset, &id, err)) != SM_OK)
        goto done;
    if ((rc = newest_schema(s, id, schema, version, &same, err)) != SM_OK || same)
        goto done;
    ++*version;
    rc = sm_store__run(s,
                       "insert into schema_versions (dataset_id, version, schema, why, "
                       "created_ms) values (?, ?, ?, ?, ?)",
                       SM_STORE__ARGS(sm_store__int(id), sm_store__int(*version),
                                      sm_store__text(schema), sm_store__text(why),
                                      sm_store__int(sm_clock_now_ms())),
                       NULL, err);
done:
    return sm_store__end(s, rc, err);
}

static sm_code read_schema(sqlite3_stmt *stmt, sm_arena *a, void *record, sm_error *err)
{
    (void)err;
    *(sm_schema_version *)record = (sm_schema_version){
        .dataset = sm_store__col_text(stmt, 0, a),
        .version = sm_store__col_int(stmt, 1, 0),
        .schema = sm_store__col_text(stmt, 2, a),
        .why = sm_store__col_text(stmt, 3, a),
        .created_ms = sm_store__col_int(stmt, 4, 0),
    };
    return SM_OK;
}

static sm_code list_schemas(sm_store *s, const char *sql, int64_t pipeline, sm_sv dataset,
                            int64_t version, sm_arena *a, sm_schema_version **out, size_t *n,
                            sm_error *err)
{
    sm_store__query q = {
        .sql = sql,
        SM_STORE__WITH(sm_store__int(pipeline), sm_store__text(dataset), sm_store__int(version)),
        .read = read_schema,
        .size = sizeof(sm_schema_version),
    };
    sm_store__rows rows;
    sm_code rc = sm_store__rows_of(s, &q, a, &rows, err);

    *out = rows.list;
    *n = rows.n;
    return rc;
}

#define SCHEMA_COLUMNS                                                                             \
    "select d.name, v.version, v.schema, v.why, v.created_ms from schema_versions v "              \
    "join datasets d on d.id = v.dataset_id where d.pipeline_id = ?1 and d.name = ?2 "

sm_code sm_store_schema(sm_store *s, int64_t pipeline, sm_sv dataset, int64_t version, sm_arena *a,
                        sm_schema_version *out, sm_error *err)
{
    sm_schema_version *list;
    size_t n;
    sm_code rc = list_schemas(s,
                              SCHEMA_COLUMNS "and (?3 = 0 or v.version = ?3) "
                                             "order by v.version desc limit 1",
                              pipeline, dataset, version, a, &list, &n, err);

    if (rc != SM_OK)
        return rc;
    if (n == 0)
        return sm_fail(err, SM_E_NOT_FOUND, 0, "dataset \"%.*s\" has no such schema version",
                       SM_SV_ARG(dataset));
    *out = list[0];
    return SM_OK;
}

sm_code sm_store_schemas(sm_store *s, int64_t pipeline, sm_sv dataset, sm_arena *a,
                         sm_schema_version **out, size_t *n, sm_error *err)
{
    return list_schemas(s, SCHEMA_COLUMNS "and v.version > ?3 order by v.version", pipeline,
                        dataset, 0, a, out, n, err);
}

/* ---- deletions ---- */

sm_code sm_store__put_deletions(sm_store *s, const sm_owner *o, const sm_sv *paths, size_t n,
                                sm_sv why, sm_error *err)
{
    sm_code rc = SM_OK;

    for (size_t i = 0; i < n && rc == SM_OK; i++)
        rc = sm_store__run(s,
                           "insert into deletions (pipeline_id, path, why, created_ms) "
                           "values (?, ?, ?, ?)",
                           SM_STORE__ARGS(sm_store__int(o->pipeline), sm_store__text(paths[i]),
                                          sm_store__text(why), sm_store__int(sm_clock_now_ms())),
                           NULL, err);
    return rc;
}

static sm_code read_deletion(sqlite3_stmt *stmt, sm_arena *a, void *record, sm_error *err)
{
    (void)err;
    *(sm_deletion *)record = (sm_deletion){
        .id = sm_store__col_int(stmt, 0, 0),
        .path = sm_store__col_text(stmt, 1, a),
        .why = sm_store__col_text(stmt, 2, a),
        .created_ms = sm_store__col_int(stmt, 3, 0),
    };
    return SM_OK;
}

sm_code sm_store_deletions(sm_store *s, int64_t pipeline, sm_arena *a, sm_deletion **out, size_t *n,
                           sm_error *err)
{
    sm_store__query q = {
        .sql = "select id, path, why, created_ms from deletions where pipeline_id = ? order by id",
        SM_STORE__WITH(sm_store__int(pipeline)),
        .read = read_deletion,
        .size = sizeof(sm_deletion),
    };
    sm_store__rows rows;
    sm_code rc = sm_store__rows_of(s, &q, a, &rows, err);

    *out = rows.list;
    *n = rows.n;
    return rc;
}

sm_code sm_store_deletion_done(sm_store *s, const sm_owner *o, int64_t id, sm_error *err)
{
    sm_code rc = sm_store__begin(s, o, SM_STORE__ORDERED, err);

    if (rc != SM_OK)
        return rc;
    rc = sm_store__run(s, "delete from deletions where id = ? and pipeline_id = ?",
                       SM_STORE__ARGS(sm_store__int(id), sm_store__int(o->pipeline)), NULL, err);
    return sm_store__end(s, rc, err);
}
