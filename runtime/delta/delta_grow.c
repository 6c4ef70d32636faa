/* SPDX-License-Identifier: Apache-2.0 */
/* delta_grow.c -- a table takes new columns, by a new metaData. */
#include "runtime/delta/delta_grow.h"

sm_code sm_delta_grow(const sm_delta_metadata *m, const sm_schema *columns, unsigned how,
                      sm_arena *a, sm_grown *out, sm_error *err)
{
    sm_schema table;
    sm_code rc = sm_delta_metadata_schema(m, a, &table, err);

    return rc != SM_OK ? rc : sm_schema_grow(&table, columns, how, a, out, err);
}

sm_code sm_delta_metadata_with(const sm_delta_metadata *m, const sm_schema *schema, sm_arena *a,
                               sm_delta_metadata *out, sm_error *err)
{
    sm_json *was, *now;
    const sm_json *old_fields, *new_fields;
    sm_json *fields = sm_json_array(a);
    sm_schema table;
    sm_code rc;

    if ((rc = sm_delta_metadata_schema(m, a, &table, err)) != SM_OK ||
        (rc = sm_json_parse(m->schema_string, a, &was, err)) != SM_OK ||
        (rc = sm_schema_to_delta(schema, a, &now, err)) != SM_OK)
        return rc;
    old_fields = sm_json_get(was, "fields");
    new_fields = sm_json_get(now, "fields");
    for (size_t i = 0; i < schema->n; i++) {
        bool there = i < table.n;
        sm_json *field = sm_json_copy(a, sm_json_at(there ? old_fields : new_fields, i));

        if (there && !sm_sv_eq(table.columns[i].type, schema->columns[i].type))
            sm_json_set(field, "type",
                        sm_json_copy(a, sm_json_get(sm_json_at(new_fields, i), "type")));
        sm_json_append(fields, field);
    }
    sm_json_set(was, "fields", fields);
    *out = *m;
    out->schema_string = sm_json_text(was, a);
    return SM_OK;
}

sm_schema sm_delta_file_columns(const sm_schema *table, const sm_schema *columns, sm_arena *a)
{
    sm_schema out = { SM_NEW_N(a, sm_column, columns->n + 1), columns->n };

    for (size_t i = 0; i < columns->n; i++) {
        ptrdiff_t at = sm_schema_find(table, columns->columns[i].name);

        out.columns[i] = at < 0 ? columns->columns[i] : table->columns[at];
    }
    return out;
}

static sm_sv columns_text(const sm_schema *s, sm_arena *a)
{
    sm_buf b;

    sm_buf_init(&b, 16 * 1024 * 1024);
    for (size_t i = 0; i < s->n; i++)
        sm_buf_addf(&b, "%s%.*s %.*s", i > 0 ? ", " : "", SM_SV_ARG(s->columns[i].name),
                    SM_SV_ARG(s->columns[i].type));
    sm_sv text = sm_arena_dup(a, sm_buf_sv(&b));
    sm_buf_release(&b);
    return text;
}

sm_code sm_delta_grow_refuse(const sm_delta_metadata *m, const sm_schema *columns, ptrdiff_t at,
                             bool kept, sm_arena *a, sm_error *err)
{
    enum { SHORT = 300 }; /* bytes of both definitions; longer ones bury the message */
    const sm_column *c = &columns->columns[at];
    sm_sv was, now, both = SM_SV("");
    sm_schema table;
    ptrdiff_t k;
    sm_code rc = sm_delta_metadata_schema(m, a, &table, err);

    if (rc != SM_OK)
        return rc;
    k = sm_schema_find(&table, c->name);
    if (kept)
        return sm_fail(
            err, SM_E_INVALID, 0,
            "column \"%.*s\" is %.*s in the rows that are there and %.*s in the query; "
            "a quarantine keeps its rows, also when its table is rebuilt: cast the column "
            "to %.*s in the query, or give it another name",
            SM_SV_ARG(c->name), SM_SV_ARG(table.columns[k].type), SM_SV_ARG(c->type),
            SM_SV_ARG(table.columns[k].type));
    was = columns_text(&table, a);
    now = columns_text(columns, a);
    if (was.len + now.len <= SHORT)
        both = sm_arena_printf(a, " (the table has (%.*s), the query gives (%.*s))", SM_SV_ARG(was),
                               SM_SV_ARG(now));
    return sm_fail(
        err, SM_E_INVALID, 0,
        "the definition changed: column \"%.*s\" is %.*s in the table and %.*s in the "
        "query, which is no wider type%.*s; cast it to %.*s in the query, give it another name, "
        "or rebuild the table with --full-refresh",
        SM_SV_ARG(c->name), SM_SV_ARG(table.columns[k].type), SM_SV_ARG(c->type), SM_SV_ARG(both),
        SM_SV_ARG(table.columns[k].type));
}
