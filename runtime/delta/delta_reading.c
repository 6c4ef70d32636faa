/* SPDX-License-Identifier: Apache-2.0 */
/* delta_reading.c -- from files to SQL: the SELECT that gives the rows of a table.
 *
 * One read_parquet over the very files, and below it
 *
 *     SELECT NULL::BIGINT AS a, … WHERE false UNION ALL BY NAME SELECT * FROM read_parquet(…)
 *
 * which costs nothing and gives a column that no file has its type, and one that older files have
 * in a narrower type (type widening) the wider one.  Values of partition columns come from the log,
 * looked up in a list by the number of the file in the call; rows that are gone are joined away by
 * that number and the number of the row.
 *
 * With column mapping all of that stands in physical names, and the outermost SELECT gives the
 * logical ones.
 */
#include "runtime/delta/delta_select.h"

#include <string.h>

#include "runtime/base/sqltext.h"
#include "runtime/delta/delta_files.h"
#include "runtime/delta/delta_path.h"

enum { SELECT_MAX = 256 * 1024 * 1024 };

/* A wanted column, as it is in files. */
typedef struct read_column {
    sm_sv name;              /* there */
    sm_sqltype *type;        /* there */
    const sm_sqltype *named; /* the same with the names of the table; NULL: it has them */
    sm_sqltype *wanted;
    int64_t id; /* of its field; -1: it is found by name */
    bool partition, missing;
} read_column;

typedef struct files_query {
    const sm_delta_reading *r;
    read_column *columns; /* of r->schema */
    sm_arena *a;
    sm_buf sql;
} files_query;

/* ---- columns ---- */

static sm_code map_column(files_query *q, size_t i, sm_error *err)
{
    const sm_delta_mapping *m = q->r->mapping;
    read_column *c = &q->columns[i];
    ptrdiff_t at = sm_schema_find(&m->logical, c->name);
    sm_sqltype *named;
    sm_code rc;

    if (at < 0) { /* its name may be another column's there */
        c->missing = true;
        return SM_OK;
    }
    if ((rc = sm_sqltype_parse(m->physical.columns[at].type, q->a, &c->type, err)) != SM_OK ||
        (rc = sm_sqltype_parse(m->logical.columns[at].type, q->a, &named, err)) != SM_OK)
        return rc;
    c->name = m->physical.columns[at].name;
    c->named = named;
    if (m->ids != NULL)
        c->id = m->ids[at];
    return SM_OK;
}

static sm_code find_columns(files_query *q, sm_error *err)
{
    const sm_schema *schema = q->r->schema;
    sm_code rc = SM_OK;

    q->columns = SM_NEW_N(q->a, read_column, schema->n + 1);
    for (size_t i = 0; i < schema->n && rc == SM_OK; i++) {
        read_column *c = &q->columns[i];
        c->name = schema->columns[i].name;
        c->id = -1;
        c->partition = sm_delta_is_partition(q->r->partition_by, q->r->partition_count, c->name);
        rc = sm_sqltype_parse(schema->columns[i].type, q->a, &c->wanted, err);
        c->type = c->wanted;
        if (rc == SM_OK && q->r->mapping != NULL)
            rc = map_column(q, i, err);
        if (rc != SM_OK)
            sm_wrap(err, "column \"%.*s\"", SM_SV_ARG(schema->columns[i].name));
    }
    return rc;
}

/* The column as it leaves the relation. */
static void view_value(files_query *q, size_t i)
{
    const read_column *c = &q->columns[i];
    bool instant = c->wanted->kind == SM_SQLTYPE_TIMESTAMP &&
                   c->type->kind == SM_SQLTYPE_TIMESTAMP && !c->partition && !c->missing;
    sm_buf name;

    sm_buf_init(&name, SELECT_MAX);
    sm_sql_ident(&name, c->name);
    sm_buf_add(&q->sql, instant ? SM_SV("make_timestamp(epoch_us(") : SM_SV("CAST("));
    if (c->missing)
        sm_buf_add(&q->sql, SM_SV("NULL"));
    else if (c->named != NULL)
        sm_delta_mapping_rename(sm_buf_sv(&name), c->type, c->named, &q->sql);
    else
        sm_buf_add(&q->sql, sm_buf_sv(&name));
    sm_buf_release(&name);
    if (instant) {
        sm_buf_add(&q->sql, SM_SV("))"));
    } else {
        sm_buf_add(&q->sql, SM_SV(" AS "));
        sm_buf_add(&q->sql, sm_sqltype_view_text(c->wanted, q->a));
        sm_buf_add(&q->sql, SM_SV(")"));
    }
    sm_buf_add(&q->sql, SM_SV(" AS "));
    sm_sql_ident(&q->sql, q->r->schema->columns[i].name);
}

/* SELECT NULL::<type in files> AS a, … WHERE false: names and types, no rows. */
static void typed_nothing(files_query *q)
{
    const char *comma = "";

    sm_buf_add(&q->sql, SM_SV("SELECT "));
    for (size_t i = 0; i < q->r->schema->n; i++) {
        const read_column *c = &q->columns[i];
        if (c->missing)
            continue;
        sm_buf_adds(&q->sql, comma);
        sm_buf_add(&q->sql, SM_SV("CAST(NULL AS "));
        sm_buf_add(&q->sql, c->partition ? sm_sqltype_view_text(c->type, q->a)
                                         : sm_sqltype_file_text(c->type, q->a));
        sm_buf_add(&q->sql, SM_SV(") AS "));
        sm_sql_ident(&q->sql, c->name);
        comma = ", ";
    }
    if (q->r->number.len > 0) {
        sm_buf_adds(&q->sql, comma);
        sm_buf_add(&q->sql, SM_SV("CAST(NULL AS BIGINT) AS "));
        sm_sql_ident(&q->sql, q->r->number);
        comma = ", ";
    }
    if (comma[0] == '\0')
        sm_buf_add(&q->sql, SM_SV("NULL AS _smelt_nothing"));
    sm_buf_add(&q->sql, SM_SV(" WHERE false"));
}

/* CAST(['1', NULL, …] AS VARCHAR[])[CAST(file_index + 1 AS BIGINT)] as its type. */
static void partition_value(files_query *q, const read_column *c)
{
    sm_buf text;

    sm_buf_init(&text, SELECT_MAX);
    sm_buf_add(&text, SM_SV("CAST(["));
    for (size_t i = 0; i < q->r->n; i++) {
        const sm_json *values = q->r->files[i]->partition_values;
        const sm_json *v = values == NULL ? NULL : sm_json_get_by(values, c->name);
        if (i > 0)
            sm_buf_add(&text, SM_SV(", "));
        if (v != NULL && sm_json_is_string(v))
            sm_sql_literal(&text, sm_json_sv(v));
        else
            sm_buf_add(&text, SM_SV("NULL"));
    }
    sm_buf_add(&text, SM_SV("] AS VARCHAR[])[CAST(file_index + 1 AS BIGINT)]"));
    sm_delta_partition_read_sql(sm_buf_sv(&text), c->type, &q->sql);
    q->sql.over |= text.over;
    sm_buf_release(&text);
    sm_buf_add(&q->sql, SM_SV(" AS "));
    sm_sql_ident(&q->sql, c->name);
}

/* ---- rows ---- */

/* SELECT *, or all columns but those that come from the log. */
static void file_columns(files_query *q)
{
    const sm_delta_mapping *m = q->r->mapping;

    if (q->r->partition_count == 0) {
        sm_buf_add(&q->sql, SM_SV("SELECT *"));
        return;
    }
    sm_buf_add(&q->sql, SM_SV("SELECT COLUMNS(lambda c: lower(c) NOT IN ("));
    for (size_t i = 0; i < q->r->partition_count; i++) {
        sm_sv name = q->r->partition_by[i];
        ptrdiff_t at = m == NULL ? -1 : sm_schema_find(&m->logical, name);
        sm_buf_add(&q->sql, i > 0 ? SM_SV(", lower(") : SM_SV("lower("));
        sm_sql_literal(&q->sql, at < 0 ? name : m->physical.columns[at].name);
        sm_buf_add(&q->sql, SM_SV(")"));
    }
    sm_buf_add(&q->sql, SM_SV("))"));
    for (size_t i = 0; i < q->r->schema->n; i++) {
        if (q->columns[i].partition && !q->columns[i].missing) {
            sm_buf_add(&q->sql, SM_SV(", "));
            partition_value(q, &q->columns[i]);
        }
    }
}

static bool by_id(const files_query *q)
{
    return q->r->mapping != NULL && q->r->mapping->ids != NULL;
}

/* schema = MAP {1: {name: 'a', type: 'BIGINT', default_value: NULL}, …} */
static void ids_option(files_query *q)
{
    const char *comma = "";

    sm_buf_add(&q->sql, SM_SV(", schema=MAP {"));
    for (size_t i = 0; i < q->r->schema->n; i++) {
        const read_column *c = &q->columns[i];
        if (c->partition || c->missing)
            continue;
        sm_buf_addf(&q->sql, "%s%lld: {name: ", comma, (long long)c->id);
        sm_sql_literal(&q->sql, c->name);
        sm_buf_add(&q->sql, SM_SV(", type: "));
        sm_sql_literal(&q->sql, sm_sqltype_file_text(c->type, q->a));
        sm_buf_add(&q->sql, SM_SV(", default_value: NULL}"));
        comma = ", ";
    }
    sm_buf_add(&q->sql, SM_SV("}"));
}

static void files_rows(files_query *q)
{
    file_columns(q);
    if (q->r->number.len > 0) {
        sm_buf_add(&q->sql, SM_SV(", CAST(file_index AS BIGINT) AS "));
        sm_sql_ident(&q->sql, q->r->number);
    }
    sm_buf_add(&q->sql, SM_SV(" FROM read_parquet(["));
    for (size_t i = 0; i < q->r->n; i++) {
        if (i > 0)
            sm_buf_add(&q->sql, SM_SV(", "));
        sm_sql_literal(&q->sql, sm_delta_path_join(q->r->root, q->r->files[i]->key, q->a));
    }
    sm_buf_add(&q->sql, SM_SV("]"));
    if (by_id(q))
        ids_option(q);
    else
        sm_buf_add(&q->sql, SM_SV(", union_by_name=true"));
    sm_buf_add(&q->sql, SM_SV(", hive_partitioning=false)"));
    if (q->r->deleted.len > 0) {
        sm_buf_add(&q->sql, SM_SV(" AS _smelt_rows ANTI JOIN "));
        sm_buf_add(&q->sql, q->r->deleted);
        sm_buf_add(&q->sql, SM_SV(" AS _smelt_gone ON _smelt_gone.\"file\" = "
                                  "_smelt_rows.file_index AND _smelt_gone.\"row\" = "
                                  "_smelt_rows.file_row_number"));
    }
}

/* A log may name any path; only files of the table itself are read, unless somebody allowed more,
 * and none of which rows would come back. */
static sm_code check_files(const files_query *q, sm_error *err)
{
    for (size_t i = 0; i < q->r->n; i++) {
        const sm_delta_file *f = q->r->files[i];
        if (!q->r->anywhere && !sm_delta_files_inside(f->key))
            return sm_fail(err, SM_E_DENIED, 0, "file \"%.*s\" lies outside of the table",
                           SM_SV_ARG(f->key));
        if (q->r->deleted.len == 0 && f->dv != NULL)
            return sm_fail(err, SM_E_INVALID, 0,
                           "file \"%.*s\" has a deletion vector: another writer took rows away; "
                           "read the table as a source of type delta",
                           SM_SV_ARG(f->key));
    }
    return SM_OK;
}

static sm_code finish(files_query *q, sm_sv *out, sm_error *err)
{
    sm_code rc = SM_OK;

    if (q->sql.over)
        rc = sm_fail(err, SM_E_LIMIT, 0, "a query over a table grew above %d MiB",
                     SELECT_MAX / (1024 * 1024));
    else
        *out = sm_arena_dup(q->a, sm_buf_sv(&q->sql));
    sm_buf_release(&q->sql);
    return rc;
}

sm_code sm_delta_reading_select(const sm_delta_reading *r, sm_arena *a, sm_sv *out, sm_error *err)
{
    files_query q = { .r = r, .a = a };
    sm_code rc;

    if ((rc = check_files(&q, err)) != SM_OK || (rc = find_columns(&q, err)) != SM_OK)
        return rc;
    sm_buf_init(&q.sql, SELECT_MAX);
    sm_buf_add(&q.sql, SM_SV("SELECT "));
    for (size_t i = 0; i < r->schema->n; i++) {
        if (i > 0)
            sm_buf_add(&q.sql, SM_SV(", "));
        view_value(&q, i);
    }
    if (r->number.len > 0) {
        sm_buf_add(&q.sql, SM_SV(", "));
        sm_sql_ident(&q.sql, r->number);
    }
    sm_buf_add(&q.sql, SM_SV(" FROM ("));
    typed_nothing(&q);
    if (r->n > 0) {
        sm_buf_add(&q.sql, SM_SV(" UNION ALL BY NAME "));
        files_rows(&q);
    }
    sm_buf_add(&q.sql, SM_SV(") AS _smelt_files"));
    return finish(&q, out, err);
}

sm_code sm_delta_files_numbered(sm_sv root, const sm_schema *schema, const sm_sv *partition_by,
                                size_t partition_count, const sm_delta_file *const *files, size_t n,
                                sm_sv number, sm_arena *a, sm_sv *out, sm_error *err)
{
    sm_delta_reading r = {
        .root = root,
        .schema = schema,
        .partition_by = partition_by,
        .partition_count = partition_count,
        .files = files,
        .n = n,
        .number = number,
        .deleted = SM_SV(""),
    };

    return sm_delta_reading_select(&r, a, out, err);
}

sm_code sm_delta_files_select(sm_sv root, const sm_schema *schema, const sm_sv *partition_by,
                              size_t partition_count, const sm_delta_file *const *files, size_t n,
                              sm_arena *a, sm_sv *out, sm_error *err)
{
    return sm_delta_files_numbered(root, schema, partition_by, partition_count, files, n, SM_SV(""),
                                   a, out, err);
}
