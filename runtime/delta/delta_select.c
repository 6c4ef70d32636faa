/* SPDX-License-Identifier: Apache-2.0 */
/* delta_select.c -- the two projections between SQL and files.
 *
 * WRITING.  smelt's TIMESTAMP is an instant; in a file it is TIMESTAMPTZ (adjusted to UTC),
 * made by make_timestamptz(epoch_us(x)), because the cast goes through ICU and costs five
 * times as much; so are those in a STRUCT, such as a window.  A sum of integers comes as HUGEINT
 * and is stored as BIGINT by a checked cast that names its column; typeof() is folded when the
 * query is bound, so a column that is a BIGINT already pays nothing.
 *
 * READING is in delta_reading.c.
 */
#include "runtime/delta/delta_select.h"

#include <string.h>

#include "runtime/base/sqltext.h"
#include "runtime/delta/delta_path.h"

enum { SELECT_MAX = 256 * 1024 * 1024 };

bool sm_delta_is_partition(const sm_sv *partition_by, size_t n, sm_sv name)
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
        if (sm_delta_is_partition(d->partition_by, d->partition_count, c->name))
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
