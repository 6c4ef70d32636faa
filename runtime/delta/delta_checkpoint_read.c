/* SPDX-License-Identifier: Apache-2.0 */
/* delta_checkpoint_read.c -- the state of a table as a checkpoint has it, ours or another writer's.
 *
 *     classic   one Parquet file or several parts: a row per action, a struct column per kind
 *     V2        such a file, or JSON lines; what it says of files may stand in sidecars, which are
 *               Parquet with the columns add and remove
 *
 * Writers put into a checkpoint what they like besides (statistics as structs, say); only fields
 * that are known are asked for. */
#include "runtime/delta/delta_checkpoint.h"

#include <string.h>

#include "runtime/base/sqltext.h"
#include "runtime/delta/delta_path.h"
#include "runtime/engine/engine.h"
#include "runtime/io/object_store.h"

enum { QUERY_MAX = 16 * 1024 * 1024 };

static const char *const add_fields[] = {
    "path", "partitionValues", "size", "modificationTime", "dataChange", "stats",
    "tags", "deletionVector",  NULL
};
static const char *const remove_fields[] = { "path", "deletionTimestamp", "dataChange",
                                             "size", "partitionValues",   "deletionVector",
                                             NULL };

static const struct kind_column {
    const char *name;
    const char *const *fields; /* NULL: all */
} kind_columns[] = {
    { "protocol", NULL },  { "metaData", NULL },        { "txn", NULL },
    { "add", add_fields }, { "remove", remove_fields }, { "sidecar", NULL },
};

typedef struct reading {
    sm_delta_table *table;
    struct sm_session *session;
    bool files;
    sm_delta_action_fn fn;
    void *ctx;
    sm_arena *a;
    sm_sv *sidecars; /* keys */
    size_t n_sidecars;
} reading;

static sm_code take(void *ctx, const sm_delta_action *action, sm_error *err)
{
    reading *r = ctx;
    bool file = action->kind == SM_DELTA_ADD || action->kind == SM_DELTA_REMOVE;

    if (action->kind == SM_DELTA_SIDECAR) {
        if ((r->n_sidecars & (r->n_sidecars - 1)) == 0) {
            sm_sv *wider = SM_NEW_N(r->a, sm_sv, r->n_sidecars * 2 + 1);
            if (r->n_sidecars > 0)
                memcpy(wider, r->sidecars, r->n_sidecars * sizeof *wider);
            r->sidecars = wider;
        }
        r->sidecars[r->n_sidecars++] =
            sm_arena_printf(r->a, "_delta_log/_sidecars/%.*s", SM_SV_ARG(action->u.sidecar));
        return SM_OK;
    }
    return file && !r->files ? SM_OK : r->fn(r->ctx, action, err);
}

/* ---- Parquet ---- */

static void from_sql(const sm_sv *paths, size_t n, sm_buf *sql)
{
    sm_buf_add(sql, SM_SV(" FROM read_parquet("));
    sm_sql_string_list(sql, paths, n);
    sm_buf_add(sql, SM_SV(", union_by_name=true, hive_partitioning=false) AS c"));
}

/* 'add': CASE WHEN c."add" IS NULL THEN NULL ELSE {'path': c."add"."path", …} END */
static void kind_sql(const struct kind_column *k, const sm_sqltype *t, sm_buf *sql)
{
    const char *comma = "";

    sm_buf_addf(sql, "'%s': ", k->name);
    if (k->fields == NULL) {
        sm_buf_addf(sql, "c.\"%s\"", k->name);
        return;
    }
    sm_buf_addf(sql, "CASE WHEN c.\"%s\" IS NULL THEN NULL ELSE {", k->name);
    for (size_t i = 0; k->fields[i] != NULL; i++) {
        for (size_t f = 0; f < t->n; f++) {
            if (!sm_sv_eq_str(t->fields[f].name, k->fields[i]))
                continue;
            sm_buf_addf(sql, "%s'%s': c.\"%s\".\"%s\"", comma, k->fields[i], k->name, k->fields[i]);
            comma = ", ";
        }
    }
    sm_buf_add(sql, SM_SV("} END"));
}

static sm_code rows_sql(const reading *r, const sm_sv *paths, size_t n, sm_buf *sql, sm_error *err)
{
    bool adds = false;
    const char *comma = "";
    sm_schema columns;
    sm_code rc;

    sm_buf_add(sql, SM_SV("SELECT *"));
    from_sql(paths, n, sql);
    if ((rc = sm_session_describe(r->session, sm_buf_sv(sql), r->a, &columns, err)) != SM_OK)
        return rc;
    sql->len = 0;
    sm_buf_add(sql, SM_SV("SELECT CAST(to_json({"));
    for (size_t i = 0; i < sizeof kind_columns / sizeof *kind_columns; i++) {
        const struct kind_column *k = &kind_columns[i];
        ptrdiff_t at = sm_schema_find(&columns, sm_sv_cstr(k->name));
        sm_sqltype *t;
        if (at < 0 || (k->fields != NULL && !r->files))
            continue;
        if ((rc = sm_sqltype_parse(columns.columns[at].type, r->a, &t, err)) != SM_OK)
            return rc;
        sm_buf_adds(sql, comma);
        kind_sql(k, t, sql);
        comma = ", ";
    }
    if (comma[0] == '\0')
        sm_buf_add(sql, SM_SV("'nothing': NULL"));
    adds = sm_schema_find(&columns, SM_SV("add")) >= 0;
    sm_buf_add(sql, SM_SV("}) AS VARCHAR)"));
    from_sql(paths, n, sql);
    if (!r->files && adds)
        sm_buf_add(sql, SM_SV(" WHERE c.\"add\" IS NULL"));
    return sm_buf_check(sql, "the query of a checkpoint", err);
}

static sm_code parquet_each(reading *r, const sm_sv *paths, size_t n, sm_error *err)
{
    sm_arena *row = sm_arena_new("delta checkpoint row");
    sm_rows *rows = NULL;
    sm_code rc;
    sm_buf sql;

    sm_buf_init(&sql, QUERY_MAX);
    rc = rows_sql(r, paths, n, &sql, err);
    if (rc == SM_OK)
        rc = sm_session_query(r->session, sm_buf_sv(&sql), &rows, err);
    while (rc == SM_OK && sm_rows_next(rows)) {
        sm_delta_action action;
        sm_arena_reset(row);
        if ((rc = sm_delta_action_parse(sm_rows_sv(rows, 0), row, &action, err)) == SM_OK)
            rc = take(r, &action, err);
    }
    sm_rows_free(rows);
    sm_buf_release(&sql);
    sm_arena_free(row);
    return rc;
}

/* ---- all of it ---- */

static sm_code json_each(reading *r, sm_sv key, sm_error *err)
{
    sm_sv text;
    sm_code rc;

    if ((rc = sm_delta_read_key(r->table, key, r->a, &text, err)) != SM_OK)
        return rc;
    return sm_delta_actions_parse(text, r->a, take, r, err);
}

static sm_code sidecars_each(reading *r, sm_error *err)
{
    sm_object *objects = SM_NEW_N(r->a, sm_object, r->n_sidecars + 1);
    sm_sv *paths = SM_NEW_N(r->a, sm_sv, r->n_sidecars + 1);
    size_t n = r->n_sidecars;
    sm_code rc;

    for (size_t i = 0; i < n; i++) {
        objects[i] = (sm_object){ .key = r->sidecars[i], .size = -1 };
        paths[i] = sm_delta_path_join(sm_delta_root(r->table), r->sidecars[i], r->a);
    }
    if ((rc = sm_object_fetch(sm_delta_store(r->table), objects, n, err)) != SM_OK)
        return rc;
    return parquet_each(r, paths, n, err);
}

bool sm_delta_checkpoint_needs_engine(const sm_delta_checkpoint_files *c)
{
    return c->json.len == 0;
}

sm_code sm_delta_checkpoint_each(sm_delta_table *t, struct sm_session *session,
                                 const sm_delta_checkpoint_files *c, bool files,
                                 sm_delta_action_fn fn, void *ctx, sm_error *err)
{
    reading r = {
        .table = t,
        .session = session,
        .files = files,
        .fn = fn,
        .ctx = ctx,
        .a = sm_arena_new("delta checkpoint"),
    };
    sm_code rc =
        c->json.len > 0 ? json_each(&r, c->json, err) : parquet_each(&r, c->paths, c->n, err);

    if (rc == SM_OK && files && r.n_sidecars > 0)
        rc = sidecars_each(&r, err);
    sm_arena_free(r.a);
    return rc;
}
