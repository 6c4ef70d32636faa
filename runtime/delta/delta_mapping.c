/* SPDX-License-Identifier: Apache-2.0 */
/* delta_mapping.c -- columns that files call otherwise than the table does (column mapping). */
#include "runtime/delta/delta_mapping.h"

#include <string.h>

#include "runtime/base/sqltext.h"
#include "runtime/delta/delta_schema.h"

enum { EXPRESSION_MAX = 16 * 1024 * 1024 };

/* ---- the physical schema ---- */

static sm_json *physical_type(const sm_json *type, int depth, sm_arena *a);

static sm_json *physical_struct(const sm_json *type, int depth, sm_arena *a)
{
    const sm_json *fields = sm_json_get(type, "fields");
    sm_json *copy = sm_json_copy(a, type), *renamed = sm_json_array(a);

    for (size_t i = 0; i < sm_json_len(fields); i++) {
        const sm_json *f = sm_json_at(fields, i);
        sm_json *g = sm_json_copy(a, f);
        if (sm_json_is_object(f)) {
            sm_sv name = sm_json_get_sv(f, "name", SM_SV(""));
            name = sm_json_get_sv(sm_json_get(f, "metadata"), "delta.columnMapping.physicalName",
                                  name);
            sm_json_set_string(g, "name", name);
            sm_json_set(g, "type", physical_type(sm_json_get(f, "type"), depth + 1, a));
        }
        sm_json_append(renamed, g);
    }
    sm_json_set(copy, "fields", renamed);
    return copy;
}

/* What is no type stays as it is: sm_schema_from_delta() tells. */
static sm_json *physical_type(const sm_json *type, int depth, sm_arena *a)
{
    static const char *const inner[] = { "elementType", "keyType", "valueType" };
    sm_json *copy;

    if (!sm_json_is_object(type) || depth > SM_SQLTYPE_MAX_DEPTH)
        return sm_json_copy(a, type);
    if (sm_json_is_array(sm_json_get(type, "fields")))
        return physical_struct(type, depth, a);
    copy = sm_json_copy(a, type);
    for (size_t i = 0; i < sizeof inner / sizeof *inner; i++)
        if (sm_json_get(type, inner[i]) != NULL)
            sm_json_set(copy, inner[i], physical_type(sm_json_get(type, inner[i]), depth + 1, a));
    return copy;
}

static sm_code field_ids(const sm_json *schema, sm_arena *a, const int64_t **out, sm_error *err)
{
    const sm_json *fields = sm_json_get(schema, "fields");
    int64_t *ids = SM_NEW_N(a, int64_t, sm_json_len(fields) + 1);

    for (size_t i = 0; i < sm_json_len(fields); i++) {
        const sm_json *f = sm_json_at(fields, i);
        ids[i] = sm_json_get_int(sm_json_get(f, "metadata"), "delta.columnMapping.id", -1);
        if (ids[i] < 0 || ids[i] > INT32_MAX)
            return sm_fail(err, SM_E_CORRUPT, 0,
                           "the table's schema: column \"%.*s\" lacks delta.columnMapping.id",
                           SM_SV_ARG(sm_json_get_sv(f, "name", SM_SV(""))));
    }
    *out = ids;
    return SM_OK;
}

sm_code sm_delta_mapping_of(const sm_delta_metadata *m, bool always, sm_arena *a,
                            const sm_delta_mapping **out, sm_error *err)
{
    sm_sv mode = sm_json_get_sv(m->configuration, "delta.columnMapping.mode", SM_SV("none"));
    sm_delta_mapping *mapping = SM_NEW(a, sm_delta_mapping);
    bool none = sm_sv_eq_str(mode, "none"), by_id = sm_sv_eq_str(mode, "id");
    sm_json *j;
    sm_code rc;

    *out = NULL;
    if (none && !always)
        return SM_OK;
    if (!none && !by_id && !sm_sv_eq_str(mode, "name"))
        return sm_fail(err, SM_E_INVALID, 0, "the table has column mapping of mode \"%.*s\"",
                       SM_SV_ARG(mode));
    if ((rc = sm_delta_metadata_schema(m, a, &mapping->logical, err)) != SM_OK)
        return rc;
    mapping->physical = mapping->logical;
    if (!none && ((rc = sm_json_parse(m->schema_string, a, &j, err)) != SM_OK ||
                  (rc = sm_schema_from_delta(physical_struct(j, 0, a), a, &mapping->physical,
                                             err)) != SM_OK ||
                  (by_id && (rc = field_ids(j, a, &mapping->ids, err)) != SM_OK)))
        return rc;
    *out = mapping;
    return SM_OK;
}

/* ---- values ---- */

static void rename_struct(sm_sv value, const sm_sqltype *from, const sm_sqltype *to, sm_buf *sql)
{
    sm_buf_add(sql, SM_SV("CASE WHEN "));
    sm_buf_add(sql, value);
    sm_buf_add(sql, SM_SV(" IS NULL THEN NULL ELSE {"));
    for (size_t i = 0; i < from->n; i++) {
        sm_buf field;

        sm_buf_init(&field, EXPRESSION_MAX);
        sm_buf_add(&field, SM_SV("struct_extract("));
        sm_buf_add(&field, value);
        sm_buf_add(&field, SM_SV(", "));
        sm_sql_literal(&field, from->fields[i].name);
        sm_buf_add(&field, SM_SV(")"));
        sm_buf_add(sql, i > 0 ? SM_SV(", ") : SM_SV(""));
        sm_sql_literal(sql, to->fields[i].name);
        sm_buf_add(sql, SM_SV(": "));
        sm_delta_mapping_rename(sm_buf_sv(&field), from->fields[i].type, to->fields[i].type, sql);
        sql->over |= field.over;
        sm_buf_release(&field);
    }
    sm_buf_add(sql, SM_SV("} END"));
}

/* list_transform(<value>, lambda e: …): names of lambdas within lambdas may be the same. */
static void rename_elements(sm_sv value, const sm_sqltype *from, const sm_sqltype *to, sm_buf *sql)
{
    sm_buf_add(sql, SM_SV("list_transform("));
    sm_buf_add(sql, value);
    sm_buf_add(sql, SM_SV(", lambda e: "));
    sm_delta_mapping_rename(SM_SV("e"), from, to, sql);
    sm_buf_add(sql, SM_SV(")"));
}

static void rename_map(sm_sv value, const sm_sqltype *from, const sm_sqltype *to, sm_buf *sql)
{
    sm_buf part;

    sm_buf_add(sql, SM_SV("CASE WHEN "));
    sm_buf_add(sql, value);
    sm_buf_add(sql, SM_SV(" IS NULL THEN NULL ELSE map("));
    for (size_t i = 0; i < 2; i++) {
        sm_buf_init(&part, EXPRESSION_MAX);
        sm_buf_add(&part, i == 0 ? SM_SV("map_keys(") : SM_SV("map_values("));
        sm_buf_add(&part, value);
        sm_buf_add(&part, SM_SV(")"));
        sm_buf_add(sql, i > 0 ? SM_SV(", ") : SM_SV(""));
        rename_elements(sm_buf_sv(&part), from->fields[i].type, to->fields[i].type, sql);
        sql->over |= part.over;
        sm_buf_release(&part);
    }
    sm_buf_add(sql, SM_SV(") END"));
}

void sm_delta_mapping_rename(sm_sv value, const sm_sqltype *from, const sm_sqltype *to, sm_buf *sql)
{
    if (from->kind != to->kind || !sm_sqltype_has(from, SM_SQLTYPE_STRUCT))
        sm_buf_add(sql, value);
    else if (from->kind == SM_SQLTYPE_STRUCT && from->n == to->n)
        rename_struct(value, from, to, sql);
    else if (from->kind == SM_SQLTYPE_LIST)
        rename_elements(value, from->fields[0].type, to->fields[0].type, sql);
    else if (from->kind == SM_SQLTYPE_MAP)
        rename_map(value, from, to, sql);
    else
        sm_buf_add(sql, value);
}
