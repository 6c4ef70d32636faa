/* SPDX-License-Identifier: Apache-2.0 */
/* delta_select.c -- the two projections between SQL and files.
 *
 * WRITING.  smelt's TIMESTAMP is an instant; in a file it is TIMESTAMPTZ (adjusted to UTC),
 * made by make_timestamptz(epoch_us(x)), because the cast goes through ICU and costs five
 * times as much; so are those in a STRUCT, such as a window.  A sum of integers comes as HUGEINT
 * and is stored as BIGINT by a checked cast that names its column; typeof() is folded when the
 * query is bound, so a column that is a BIGINT already pays nothing.
 *
 * READING.  One read_parquet over the very files, and below it
 *
 *     SELECT NULL::BIGINT AS a, … WHERE false UNION ALL BY NAME SELECT * FROM read_parquet(…)
 *
 * which costs nothing and gives a column that no file has its type.  Values of partition
 * columns come from the log, looked up in a list by the number of the file in the call.
 */
#include "runtime/delta/delta_select.h"

#include <string.h>

#include "runtime/base/sqltext.h"
#include "runtime/delta/delta_files.h"
#include "runtime/delta/delta_path.h"

enum { SELECT_MAX = 256 * 1024 * 1024 };

static bool is_partition(const sm_sv *partition_by, size_t n, sm_sv name)
{
    for (size_t i = 0; i < n; i++)
        if (sm_sv_eq_nocase(partition_by[i], name))
            return true;
    return false;
}

static sm_code finish(sm_buf *sql, sm_arena *a, sm_sv *out, sm_error *err)
{
    sm_code rc = SM_OK;

    if (sql->over)
        rc = sm_fail(err, SM_E_LIMIT, 0, "a query over a table grew above %d MiB",
                     SELECT_MAX / (1024 * 1024));
    else
        *out = sm_arena_dup(a, sm_buf_sv(sql));
    sm_buf_release(sql);
    return rc;
}

/* ---- writing ---- */

static void checked_bigint(sm_buf *sql, sm_sv name)
{
    sm_buf why;

    sm_buf_init(&why, 4096);
    sm_buf_addf(&why, "column \"%.*s\": a value does not fit BIGINT, the type it is stored as",
                SM_SV_ARG(name));
    sm_buf_add(sql, SM_SV("CASE WHEN typeof("));
    sm_sql_ident(sql, name);
    sm_buf_add(sql, SM_SV(") = 'HUGEINT' AND ("));
    sm_sql_ident(sql, name);
    sm_buf_add(sql, SM_SV(" > 9223372036854775807::HUGEINT OR "));
    sm_sql_ident(sql, name);
    sm_buf_add(sql, SM_SV(" < (-9223372036854775808)::HUGEINT) THEN CAST(error("));
    sm_sql_literal(sql, sm_buf_sv(&why));
    sm_buf_add(sql, SM_SV(") AS BIGINT) ELSE CAST("));
    sm_sql_ident(sql, name);
    sm_buf_add(sql, SM_SV(" AS BIGINT) END"));
    sm_buf_release(&why);
}

/* A STRUCT with an instant in it is taken apart down to there, for what its cast would cost. */
static bool holds_instant(const sm_sqltype *t)
{
    if (t->kind == SM_SQLTYPE_TIMESTAMP)
        return true;
    for (size_t i = 0; t->kind == SM_SQLTYPE_STRUCT && i < t->n; i++)
        if (holds_instant(t->fields[i].type))
            return true;
    return false;
}

static void file_cast(sm_buf *sql, sm_sv value, const sm_sqltype *t, sm_arena *a);

static void file_struct(sm_buf *sql, sm_sv value, const sm_sqltype *t, sm_arena *a)
{
    sm_buf_add(sql, SM_SV("CASE WHEN "));
    sm_buf_add(sql, value);
    sm_buf_add(sql, SM_SV(" IS NULL THEN NULL ELSE {"));
    for (size_t i = 0; i < t->n; i++) {
        sm_buf field;

        sm_buf_init(&field, SELECT_MAX);
        sm_buf_add(&field, SM_SV("struct_extract("));
        sm_buf_add(&field, value);
        sm_buf_add(&field, SM_SV(", "));
        sm_sql_literal(&field, t->fields[i].name);
        sm_buf_add(&field, SM_SV(")"));
        sm_buf_add(sql, i > 0 ? SM_SV(", ") : SM_SV(""));
        sm_sql_ident(sql, t->fields[i].name);
        sm_buf_add(sql, SM_SV(": "));
        file_cast(sql, sm_buf_sv(&field), t->fields[i].type, a);
        sm_buf_release(&field);
    }
    sm_buf_add(sql, SM_SV("} END"));
}

static void file_cast(sm_buf *sql, sm_sv value, const sm_sqltype *t, sm_arena *a)
{
    if (t->kind == SM_SQLTYPE_STRUCT && holds_instant(t)) {
        file_struct(sql, value, t, a);
        return;
    }
    if (t->kind == SM_SQLTYPE_TIMESTAMP) {
        sm_buf_add(sql, SM_SV("make_timestamptz(epoch_us("));
        sm_buf_add(sql, value);
        sm_buf_add(sql, SM_SV("))"));
        return;
    }
    sm_buf_add(sql, SM_SV("CAST("));
    sm_buf_add(sql, value);
    sm_buf_add(sql, SM_SV(" AS "));
    sm_buf_add(sql, sm_sqltype_file_text(t, a));
    sm_buf_add(sql, SM_SV(")"));
}

static void file_value(sm_buf *sql, sm_sv name, const sm_sqltype *t, sm_arena *a)
{
    sm_buf value;

    if (t->kind == SM_SQLTYPE_BIGINT) {
        checked_bigint(sql, name);
        return;
    }
    sm_buf_init(&value, SELECT_MAX);
    sm_sql_ident(&value, name);
    file_cast(sql, sm_buf_sv(&value), t, a);
    sm_buf_release(&value);
}

sm_code sm_delta_select(const sm_delta_definition *d, sm_sv select, sm_arena *a, sm_sv *out,
                        sm_error *err)
{
    sm_buf sql;
    sm_code rc;

    sm_buf_init(&sql, SELECT_MAX);
    sm_buf_add(&sql, SM_SV("SELECT "));
    for (size_t i = 0; i < d->schema->n; i++) {
        const sm_column *c = &d->schema->columns[i];
        sm_sqltype *t;
        if ((rc = sm_sqltype_parse(c->type, a, &t, err)) != SM_OK) {
            sm_buf_release(&sql);
            return sm_wrap(err, "column \"%.*s\"", SM_SV_ARG(c->name));
        }
        if (i > 0)
            sm_buf_add(&sql, SM_SV(", "));
        if (is_partition(d->partition_by, d->partition_count, c->name))
            sm_delta_partition_sql(c->name, t, &sql);
        else
            file_value(&sql, c->name, t, a);
        sm_buf_add(&sql, SM_SV(" AS "));
        sm_sql_ident(&sql, c->name);
    }
    sm_buf_add(&sql, SM_SV(" FROM (\n"));
    sm_buf_add(&sql, select);
    sm_buf_add(&sql, SM_SV("\n) AS _smelt_batch"));
    return finish(&sql, a, out, err);
}

/* ---- reading ---- */

typedef struct files_query {
    sm_sv root;
    const sm_schema *schema;
    sm_sqltype **types; /* of the schema's columns */
    const sm_sv *partition_by;
    size_t partition_count;
    const sm_delta_file *const *files;
    size_t n;
    sm_sv number; /* the column that tells which file; empty: none */
    sm_arena *a;
    sm_buf sql;
} files_query;

/* The column as it leaves the relation. */
static void view_value(files_query *q, size_t i)
{
    const sm_column *c = &q->schema->columns[i];
    const sm_sqltype *t = q->types[i];
    bool instant = t->kind == SM_SQLTYPE_TIMESTAMP &&
                   !is_partition(q->partition_by, q->partition_count, c->name);

    sm_buf_add(&q->sql, instant ? SM_SV("make_timestamp(epoch_us(") : SM_SV("CAST("));
    sm_sql_ident(&q->sql, c->name);
    if (instant) {
        sm_buf_add(&q->sql, SM_SV("))"));
    } else {
        sm_buf_add(&q->sql, SM_SV(" AS "));
        sm_buf_add(&q->sql, sm_sqltype_view_text(t, q->a));
        sm_buf_add(&q->sql, SM_SV(")"));
    }
    sm_buf_add(&q->sql, SM_SV(" AS "));
    sm_sql_ident(&q->sql, c->name);
}

/* SELECT NULL::<type in files> AS a, … WHERE false: names and types, no rows. */
static void typed_nothing(files_query *q)
{
    sm_buf_add(&q->sql, SM_SV("SELECT "));
    for (size_t i = 0; i < q->schema->n; i++) {
        const sm_column *c = &q->schema->columns[i];
        bool part = is_partition(q->partition_by, q->partition_count, c->name);
        if (i > 0)
            sm_buf_add(&q->sql, SM_SV(", "));
        sm_buf_add(&q->sql, SM_SV("CAST(NULL AS "));
        sm_buf_add(&q->sql, part ? sm_sqltype_view_text(q->types[i], q->a)
                                 : sm_sqltype_file_text(q->types[i], q->a));
        sm_buf_add(&q->sql, SM_SV(") AS "));
        sm_sql_ident(&q->sql, c->name);
    }
    if (q->number.len > 0) {
        sm_buf_add(&q->sql, SM_SV(", CAST(NULL AS BIGINT) AS "));
        sm_sql_ident(&q->sql, q->number);
    }
    sm_buf_add(&q->sql, SM_SV(" WHERE false"));
}

/* CAST(['1', NULL, …] AS VARCHAR[])[CAST(file_index + 1 AS BIGINT)] as its type. */
static void partition_value(files_query *q, sm_sv name, const sm_sqltype *t)
{
    sm_buf text;

    sm_buf_init(&text, SELECT_MAX);
    sm_buf_add(&text, SM_SV("CAST(["));
    for (size_t i = 0; i < q->n; i++) {
        const sm_json *values = q->files[i]->partition_values;
        const sm_json *v = values == NULL ? NULL : sm_json_get_by(values, name);
        if (i > 0)
            sm_buf_add(&text, SM_SV(", "));
        if (v != NULL && sm_json_is_string(v))
            sm_sql_literal(&text, sm_json_sv(v));
        else
            sm_buf_add(&text, SM_SV("NULL"));
    }
    sm_buf_add(&text, SM_SV("] AS VARCHAR[])[CAST(file_index + 1 AS BIGINT)]"));
    sm_delta_partition_read_sql(sm_buf_sv(&text), t, &q->sql);
    q->sql.over |= text.over;
    sm_buf_release(&text);
    sm_buf_add(&q->sql, SM_SV(" AS "));
    sm_sql_ident(&q->sql, name);
}

/* SELECT *, or all columns but those that come from the log. */
static void file_columns(files_query *q)
{
    if (q->partition_count == 0) {
        sm_buf_add(&q->sql, SM_SV("SELECT *"));
        return;
    }
    sm_buf_add(&q->sql, SM_SV("SELECT COLUMNS(lambda c: lower(c) NOT IN ("));
    for (size_t i = 0; i < q->partition_count; i++) {
        sm_buf_add(&q->sql, i > 0 ? SM_SV(", lower(") : SM_SV("lower("));
        sm_sql_literal(&q->sql, q->partition_by[i]);
        sm_buf_add(&q->sql, SM_SV(")"));
    }
    sm_buf_add(&q->sql, SM_SV("))"));
    for (size_t i = 0; i < q->schema->n; i++) {
        sm_sv name = q->schema->columns[i].name;
        if (is_partition(q->partition_by, q->partition_count, name)) {
            sm_buf_add(&q->sql, SM_SV(", "));
            partition_value(q, name, q->types[i]);
        }
    }
}

static void files_rows(files_query *q)
{
    file_columns(q);
    if (q->number.len > 0) {
        sm_buf_add(&q->sql, SM_SV(", CAST(file_index AS BIGINT) AS "));
        sm_sql_ident(&q->sql, q->number);
    }
    sm_buf_add(&q->sql, SM_SV(" FROM read_parquet(["));
    for (size_t i = 0; i < q->n; i++) {
        if (i > 0)
            sm_buf_add(&q->sql, SM_SV(", "));
        sm_sql_literal(&q->sql, sm_delta_path_join(q->root, q->files[i]->key, q->a));
    }
    sm_buf_add(&q->sql, SM_SV("], union_by_name=true, hive_partitioning=false)"));
}

/* A log may name any path; only files of the table itself are read. */
static sm_code check_paths(const files_query *q, sm_error *err)
{
    for (size_t i = 0; i < q->n; i++)
        if (!sm_delta_files_inside(q->files[i]->key))
            return sm_fail(err, SM_E_DENIED, 0, "file \"%.*s\" lies outside of the table",
                           SM_SV_ARG(q->files[i]->key));
    return SM_OK;
}

static sm_code parse_types(files_query *q, sm_error *err)
{
    sm_code rc;

    q->types = SM_NEW_N(q->a, sm_sqltype *, q->schema->n + 1);
    for (size_t i = 0; i < q->schema->n; i++) {
        const sm_column *c = &q->schema->columns[i];
        if ((rc = sm_sqltype_parse(c->type, q->a, &q->types[i], err)) != SM_OK)
            return sm_wrap(err, "column \"%.*s\"", SM_SV_ARG(c->name));
    }
    return SM_OK;
}

static sm_code files_select(files_query *q, sm_sv *out, sm_error *err)
{
    sm_code rc;

    if ((rc = check_paths(q, err)) != SM_OK || (rc = parse_types(q, err)) != SM_OK)
        return rc;
    sm_buf_init(&q->sql, SELECT_MAX);
    sm_buf_add(&q->sql, SM_SV("SELECT "));
    for (size_t i = 0; i < q->schema->n; i++) {
        if (i > 0)
            sm_buf_add(&q->sql, SM_SV(", "));
        view_value(q, i);
    }
    if (q->number.len > 0) {
        sm_buf_add(&q->sql, SM_SV(", "));
        sm_sql_ident(&q->sql, q->number);
    }
    sm_buf_add(&q->sql, SM_SV(" FROM ("));
    typed_nothing(q);
    if (q->n > 0) {
        sm_buf_add(&q->sql, SM_SV(" UNION ALL BY NAME "));
        files_rows(q);
    }
    sm_buf_add(&q->sql, SM_SV(") AS _smelt_files"));
    return finish(&q->sql, q->a, out, err);
}

sm_code sm_delta_files_numbered(sm_sv root, const sm_schema *schema, const sm_sv *partition_by,
                                size_t partition_count, const sm_delta_file *const *files, size_t n,
                                sm_sv number, sm_arena *a, sm_sv *out, sm_error *err)
{
    files_query q = {
        .root = root,
        .schema = schema,
        .partition_by = partition_by,
        .partition_count = partition_count,
        .files = files,
        .n = n,
        .number = number,
        .a = a,
    };

    return files_select(&q, out, err);
}

sm_code sm_delta_files_select(sm_sv root, const sm_schema *schema, const sm_sv *partition_by,
                              size_t partition_count, const sm_delta_file *const *files, size_t n,
                              sm_arena *a, sm_sv *out, sm_error *err)
{
    return sm_delta_files_numbered(root, schema, partition_by, partition_count, files, n, SM_SV(""),
                                   a, out, err);
}
