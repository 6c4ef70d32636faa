/* SPDX-License-Identifier: Apache-2.0 */
/* row_json.c -- see the header.
 *
 * The engine's to_json() prints instants without their zone and NaN as NaN, so a value whose type
 * holds such ones is taken apart down to them; all others are handed over as they are. */
#include "runtime/sinks/row_json.h"

#include "runtime/base/limit.h"
#include "runtime/base/sqltext.h"

static bool is_instant(const sm_sqltype *t)
{
    return t->kind == SM_SQLTYPE_TIMESTAMP || t->kind == SM_SQLTYPE_TIMESTAMPTZ;
}

static bool is_float(const sm_sqltype *t)
{
    return t->kind == SM_SQLTYPE_FLOAT || t->kind == SM_SQLTYPE_DOUBLE;
}

static bool is_as_it_is(const sm_sqltype *t)
{
    for (size_t i = 0; i < t->n; i++)
        if (!is_as_it_is(t->fields[i].type))
            return false;
    return !is_instant(t) && !is_float(t);
}

static void add_value(sm_buf *sql, sm_sv value, const sm_sqltype *t, int depth, sm_arena *a);

static void add_struct(sm_buf *sql, sm_sv value, const sm_sqltype *t, int depth, sm_arena *a)
{
    sm_buf_addf(sql, "CASE WHEN %.*s IS NULL THEN NULL ELSE {", SM_SV_ARG(value));
    for (size_t i = 0; i < t->n; i++) {
        sm_buf field;

        sm_buf_init(&field, SM_LIMIT_BATCH_SQL);
        sm_buf_addf(&field, "struct_extract(%.*s, ", SM_SV_ARG(value));
        sm_sql_literal(&field, t->fields[i].name);
        sm_buf_addc(&field, ')');
        sm_buf_adds(sql, i > 0 ? ", " : "");
        sm_sql_ident(sql, t->fields[i].name);
        sm_buf_adds(sql, ": ");
        add_value(sql, sm_buf_sv(&field), t->fields[i].type, depth, a);
        sm_buf_release(&field);
    }
    sm_buf_adds(sql, "} END");
}

/* Elements of a list; of a map its values. */
static void add_elements(sm_buf *sql, sm_sv value, const sm_sqltype *t, int depth, sm_arena *a)
{
    bool map = t->kind == SM_SQLTYPE_MAP;
    sm_sv x = sm_arena_printf(a, "_smelt_x%d", depth);
    sm_sv element = map ? sm_arena_printf(a, "%.*s.value", SM_SV_ARG(x)) : x;

    sm_buf_adds(sql, map ? "map_from_entries(list_transform(map_entries(" : "list_transform((");
    sm_buf_addf(sql, "%.*s), lambda %.*s: ", SM_SV_ARG(value), SM_SV_ARG(x));
    if (map)
        sm_buf_addf(sql, "{k: %.*s.key, v: ", SM_SV_ARG(x));
    add_value(sql, element, t->fields[map ? 1 : 0].type, depth + 1, a);
    sm_buf_adds(sql, map ? "}))" : ")");
}

static void add_value(sm_buf *sql, sm_sv value, const sm_sqltype *t, int depth, sm_arena *a)
{
    if (is_as_it_is(t))
        sm_buf_add(sql, value);
    else if (is_instant(t))
        sm_buf_addf(sql, "strftime(make_timestamp(epoch_us(%.*s)), '%%Y-%%m-%%dT%%H:%%M:%%S.%%fZ')",
                    SM_SV_ARG(value));
    else if (is_float(t))
        sm_buf_addf(sql, "CASE WHEN isfinite(%.*s) THEN %.*s END", SM_SV_ARG(value),
                    SM_SV_ARG(value));
    else if (t->kind == SM_SQLTYPE_STRUCT)
        add_struct(sql, value, t, depth, a);
    else
        add_elements(sql, value, t, depth, a);
}

static void add_column(sm_buf *sql, sm_sv name)
{
    sm_buf_adds(sql, "_smelt_row.");
    sm_sql_ident(sql, name);
}

static sm_code add_row(const sm_sink *k, sm_sv headers, sm_buf *sql, sm_arena *a, sm_error *err)
{
    bool first = true;

    for (size_t i = 0; i < k->schema->n; i++) {
        const sm_column *c = &k->schema->columns[i];
        sm_sqltype *t;
        sm_buf value;
        sm_code rc = sm_sqltype_parse(c->type, a, &t, err);

        if (headers.len > 0 && sm_sv_eq_nocase(c->name, headers))
            continue;
        if (rc != SM_OK)
            return sm_wrap(err, "column \"%.*s\"", SM_SV_ARG(c->name));
        sm_buf_init(&value, SM_LIMIT_BATCH_SQL);
        add_column(&value, c->name);
        sm_buf_adds(sql, first ? "" : ", ");
        sm_sql_ident(sql, c->name);
        sm_buf_adds(sql, ": ");
        add_value(sql, sm_buf_sv(&value), t, 0, a);
        sm_buf_release(&value);
        first = false;
    }
    return SM_OK;
}

/* Of a list of {key, value}, as the source kafka gives it, values become base64: they may be any
 * bytes. */
static void add_pairs(sm_buf *sql, sm_sv column, bool text)
{
    sm_buf_adds(sql, "CAST(to_json(list_transform(");
    sm_buf_add(sql, column);
    sm_buf_addf(sql, ", lambda _smelt_x: {key: _smelt_x.key, value: to_base64(%s_smelt_x.value%s)}",
                text ? "encode(" : "", text ? ")" : "");
    sm_buf_adds(sql, ")) AS VARCHAR)");
}

static sm_code add_headers(const sm_sink *k, sm_sv headers, sm_buf *sql, sm_arena *a, sm_error *err)
{
    ptrdiff_t at = headers.len > 0 ? sm_schema_find(k->schema, headers) : -1;
    sm_sqltype *t;
    sm_buf column;
    sm_code rc;

    sm_buf_adds(sql, at < 0 ? ", NULL::VARCHAR" : ", ");
    if (at < 0)
        return SM_OK;
    if ((rc = sm_sqltype_parse(k->schema->columns[at].type, a, &t, err)) != SM_OK)
        return sm_wrap(err, "column \"%.*s\"", SM_SV_ARG(headers));
    sm_buf_init(&column, SM_LIMIT_BATCH_SQL);
    add_column(&column, headers);
    if (t->kind == SM_SQLTYPE_LIST)
        add_pairs(sql, sm_buf_sv(&column),
                  t->fields[0].type->n == 2 &&
                      t->fields[0].type->fields[1].type->kind == SM_SQLTYPE_VARCHAR);
    else if (t->kind == SM_SQLTYPE_MAP || t->kind == SM_SQLTYPE_STRUCT)
        sm_buf_addf(sql, "CAST(to_json(%.*s) AS VARCHAR)", SM_SV_ARG(sm_buf_sv(&column)));
    else
        sm_buf_addf(sql, "CAST(%.*s AS VARCHAR)", SM_SV_ARG(sm_buf_sv(&column)));
    sm_buf_release(&column);
    return SM_OK;
}

sm_code sm_row_json_select(const sm_sink *k, sm_sv select, sm_sv key, sm_sv headers, sm_arena *a,
                           sm_sv *out, sm_error *err)
{
    sm_buf sql;
    sm_code rc;

    sm_buf_init(&sql, SM_LIMIT_BATCH_SQL);
    sm_buf_adds(&sql, key.len > 0 ? "SELECT CAST(" : "SELECT NULL::VARCHAR");
    if (key.len > 0) {
        add_column(&sql, key);
        sm_buf_adds(&sql, " AS VARCHAR)");
    }
    sm_buf_adds(&sql, ", CAST(to_json({");
    rc = add_row(k, headers, &sql, a, err);
    sm_buf_adds(&sql, "}) AS VARCHAR)");
    if (rc == SM_OK)
        rc = add_headers(k, headers, &sql, a, err);
    sm_buf_adds(&sql, " FROM (");
    sm_buf_add(&sql, select);
    sm_buf_adds(&sql, ") AS _smelt_row");
    if (rc == SM_OK)
        rc = sm_buf_check(&sql, "the query of a sink", err);
    if (rc == SM_OK)
        *out = sm_arena_dup(a, sm_buf_sv(&sql));
    sm_buf_release(&sql);
    return rc;
}
