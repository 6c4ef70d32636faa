/* SPDX-License-Identifier: Apache-2.0 */
/* sqlschema.c -- lists of columns: as stored, as our JSON, as Delta's JSON (sqltype.h).
 *
 *     STRUCT(a INTEGER, b VARCHAR[])
 *     {"type":"struct","fields":[
 *         {"name":"a","type":"integer","nullable":true,"metadata":{}},
 *         {"name":"b","type":{"type":"array","elementType":"string","containsNull":true},
 *          "nullable":true,"metadata":{}}]}
 *
 * Everything we write may be null: a NOT NULL would be a constraint for every other writer.
 */
#include "runtime/base/sqltype.h"

#include <stdio.h>
#include <string.h>

#include "runtime/base/sqltext.h"

ptrdiff_t sm_schema_find(const sm_schema *s, sm_sv name)
{
    for (size_t i = 0; i < s->n; i++)
        if (sm_sv_eq_nocase(s->columns[i].name, name))
            return (ptrdiff_t)i;
    return -1;
}

static bool same_type(sm_sv x, sm_sv y)
{
    sm_error ignored;
    sm_sqltype *t, *u;

    if (sm_sv_eq(x, y))
        return true;
    sm_arena *a = sm_arena_new("compare types");
    bool same = sm_sqltype_parse(x, a, &t, &ignored) == SM_OK &&
                sm_sqltype_parse(y, a, &u, &ignored) == SM_OK && sm_sqltype_equal(t, u);
    sm_arena_free(a);
    return same;
}

bool sm_schema_equal(const sm_schema *x, const sm_schema *y)
{
    if (x->n != y->n)
        return false;
    for (size_t i = 0; i < x->n; i++)
        if (!sm_sv_eq(x->columns[i].name, y->columns[i].name) ||
            !same_type(x->columns[i].type, y->columns[i].type))
            return false;
    return true;
}

/* ---- as stored ---- */

static sm_code check_name(const sm_schema *s, size_t i, sm_error *err)
{
    static const char refused[] = " ,;{}()\n\t=";
    sm_sv name = s->columns[i].name;

    if (name.len == 0)
        return sm_fail(err, SM_E_INVALID, 0, "column %zu has no name", i + 1);
    for (size_t k = 0; k < name.len; k++)
        if (name.ptr[k] == '\0' || strchr(refused, name.ptr[k]) != NULL)
            return sm_fail(err, SM_E_INVALID, 0,
                           "column \"%.*s\" has a character that a table's column cannot have "
                           "(space , ; { } ( ) = tab, newline); name it with AS",
                           SM_SV_ARG(name));
    if (sm_schema_find(s, name) != (ptrdiff_t)i)
        return sm_fail(err, SM_E_INVALID, 0, "column \"%.*s\" occurs twice", SM_SV_ARG(name));
    return SM_OK;
}

sm_code sm_schema_stored(const sm_schema *s, sm_arena *a, sm_schema *out, sm_error *err)
{
    sm_schema stored = { SM_NEW_N(a, sm_column, s->n + 1), s->n };
    sm_code rc;

    for (size_t i = 0; i < s->n; i++) {
        sm_column *c = &stored.columns[i];
        *c = s->columns[i];
        if ((rc = check_name(s, i, err)) != SM_OK)
            return rc;
        if ((rc = sm_sqltype_stored_text(c->type, a, &c->type, err)) != SM_OK)
            return sm_wrap(err, "column \"%.*s\"", SM_SV_ARG(c->name));
    }
    *out = stored;
    return SM_OK;
}

/* ---- our JSON ---- */

sm_json *sm_schema_to_json(const sm_schema *s, sm_arena *a)
{
    sm_json *list = sm_json_array(a);

    for (size_t i = 0; i < s->n; i++) {
        const sm_column *c = &s->columns[i];
        sm_json *j = sm_json_object(a);
        sm_json_set(j, "name", sm_json_string(a, c->name));
        sm_json_set(j, "type", sm_json_string(a, c->type));
        if (!c->nullable)
            sm_json_set(j, "nullable", sm_json_bool(a, false));
        if (c->description.len > 0)
            sm_json_set(j, "description", sm_json_string(a, c->description));
        sm_json_append(list, j);
    }
    return list;
}

sm_code sm_schema_from_json(const sm_json *j, sm_arena *a, sm_schema *out, sm_error *err)
{
    if (j == NULL || !sm_json_is_array(j))
        return sm_fail(err, SM_E_CORRUPT, 0, "a schema is no list of columns");
    out->n = sm_json_len(j);
    out->columns = SM_NEW_N(a, sm_column, out->n + 1);
    for (size_t i = 0; i < out->n; i++) {
        const sm_json *c = sm_json_at(j, i);
        sm_sv name = sm_json_is_object(c) ? sm_json_get_sv(c, "name", SM_SV("")) : SM_SV("");
        if (name.len == 0)
            return sm_fail(err, SM_E_CORRUPT, 0, "column %zu of a schema has no name", i + 1);
        out->columns[i] = (sm_column){
            .name = sm_arena_dup(a, name),
            .type = sm_arena_dup(a, sm_json_get_sv(c, "type", SM_SV("VARCHAR"))),
            .nullable = sm_json_get_bool(c, "nullable", true),
            .description = sm_arena_dup(a, sm_json_get_sv(c, "description", SM_SV(""))),
        };
    }
    return SM_OK;
}

/* ---- Delta's JSON ---- */

static const struct delta_name {
    sm_sqltype_kind kind;
    const char *name;
} delta_names[] = {
    { SM_SQLTYPE_BOOLEAN, "boolean" },     { SM_SQLTYPE_TINYINT, "byte" },
    { SM_SQLTYPE_SMALLINT, "short" },      { SM_SQLTYPE_INTEGER, "integer" },
    { SM_SQLTYPE_BIGINT, "long" },         { SM_SQLTYPE_FLOAT, "float" },
    { SM_SQLTYPE_DOUBLE, "double" },       { SM_SQLTYPE_VARCHAR, "string" },
    { SM_SQLTYPE_BLOB, "binary" },         { SM_SQLTYPE_DATE, "date" },
    { SM_SQLTYPE_TIMESTAMP, "timestamp" }, { SM_SQLTYPE_TIMESTAMP_NTZ, "timestamp_ntz" },
};

enum { DELTA_NAMES = sizeof delta_names / sizeof *delta_names };

static sm_json *delta_type(const sm_sqltype *t, sm_arena *a);

static sm_json *text_json(const char *text, sm_arena *a)
{
    return sm_json_string(a, (sm_sv){ text, strlen(text) });
}

static sm_json *delta_field(sm_sv name, const sm_sqltype *t, sm_sv description, sm_arena *a)
{
    sm_json *f = sm_json_object(a), *metadata = sm_json_object(a), *type = delta_type(t, a);

    if (type == NULL)
        return NULL;
    if (description.len > 0)
        sm_json_set(metadata, "comment", sm_json_string(a, description));
    sm_json_set(f, "name", sm_json_string(a, name));
    sm_json_set(f, "type", type);
    sm_json_set(f, "nullable", sm_json_bool(a, true));
    sm_json_set(f, "metadata", metadata);
    return f;
}

static sm_json *delta_struct(const sm_sqltype *t, sm_arena *a)
{
    sm_json *j = sm_json_object(a), *fields = sm_json_array(a);

    for (size_t i = 0; i < t->n; i++) {
        sm_json *f = delta_field(t->fields[i].name, t->fields[i].type, SM_SV(""), a);
        if (f == NULL)
            return NULL;
        sm_json_append(fields, f);
    }
    sm_json_set(j, "type", text_json("struct", a));
    sm_json_set(j, "fields", fields);
    return j;
}

static sm_json *delta_list(const sm_sqltype *t, sm_arena *a)
{
    sm_json *j = sm_json_object(a), *element = delta_type(t->fields[0].type, a);

    if (element == NULL)
        return NULL;
    sm_json_set(j, "type", text_json("array", a));
    sm_json_set(j, "elementType", element);
    sm_json_set(j, "containsNull", sm_json_bool(a, true));
    return j;
}

static sm_json *delta_map(const sm_sqltype *t, sm_arena *a)
{
    sm_json *j = sm_json_object(a);
    sm_json *key = delta_type(t->fields[0].type, a), *value = delta_type(t->fields[1].type, a);

    if (key == NULL || value == NULL)
        return NULL;
    sm_json_set(j, "type", text_json("map", a));
    sm_json_set(j, "keyType", key);
    sm_json_set(j, "valueType", value);
    sm_json_set(j, "valueContainsNull", sm_json_bool(a, true));
    return j;
}

/* NULL: not a stored type. */
static sm_json *delta_type(const sm_sqltype *t, sm_arena *a)
{
    char decimal[40];

    if (t->kind == SM_SQLTYPE_STRUCT)
        return delta_struct(t, a);
    if (t->kind == SM_SQLTYPE_LIST)
        return delta_list(t, a);
    if (t->kind == SM_SQLTYPE_MAP)
        return delta_map(t, a);
    if (t->kind == SM_SQLTYPE_DECIMAL) {
        snprintf(decimal, sizeof decimal, "decimal(%d,%d)", t->width, t->scale);
        return text_json(decimal, a);
    }
    for (size_t i = 0; i < DELTA_NAMES; i++)
        if (delta_names[i].kind == t->kind)
            return text_json(delta_names[i].name, a);
    return NULL;
}

sm_code sm_schema_to_delta(const sm_schema *s, sm_arena *a, sm_json **out, sm_error *err)
{
    sm_json *j = sm_json_object(a), *fields = sm_json_array(a);
    sm_code rc;

    for (size_t i = 0; i < s->n; i++) {
        const sm_column *c = &s->columns[i];
        sm_sqltype *t;
        if ((rc = sm_sqltype_parse(c->type, a, &t, err)) != SM_OK)
            return sm_wrap(err, "column \"%.*s\"", SM_SV_ARG(c->name));
        sm_json *f = delta_field(c->name, t, c->description, a);
        if (f == NULL)
            return sm_fail(err, SM_E_INVALID, 0, "column \"%.*s\": type %.*s has no Delta type",
                           SM_SV_ARG(c->name), SM_SV_ARG(t->text));
        sm_json_append(fields, f);
    }
    sm_json_set(j, "type", text_json("struct", a));
    sm_json_set(j, "fields", fields);
    *out = j;
    return SM_OK;
}

/* ---- and back ---- */

static sm_code type_from_delta(const sm_json *j, int depth, sm_arena *a, sm_buf *out,
                               sm_error *err);

static sm_code not_delta(sm_error *err)
{
    return sm_fail(err, SM_E_CORRUPT, 0, "a type of the schema has no valid form");
}

/* "decimal(10,2)" as "DECIMAL(10,2)". */
static bool decimal_from_delta(sm_sv name, sm_buf *out)
{
    char text[32], rest;
    int width, scale;

    if (name.len >= sizeof text)
        return false;
    memcpy(text, name.ptr, name.len);
    text[name.len] = '\0';
    if (sscanf(text, "decimal(%2d,%2d%c", &width, &scale, &rest) != 3 || rest != ')')
        return false;
    if (width < 1 || width > 38 || scale < 0 || scale > width)
        return false;
    sm_buf_addf(out, "DECIMAL(%d,%d)", width, scale);
    return true;
}

static sm_code scalar_from_delta(sm_sv name, sm_arena *a, sm_buf *out, sm_error *err)
{
    for (size_t i = 0; i < DELTA_NAMES; i++) {
        if (sm_sv_eq(name, (sm_sv){ delta_names[i].name, strlen(delta_names[i].name) })) {
            sm_sqltype t = { .kind = delta_names[i].kind };
            sm_buf_add(out, sm_sqltype_print(&t, a));
            return SM_OK;
        }
    }
    if (decimal_from_delta(name, out))
        return SM_OK;
    return sm_fail(err, SM_E_INVALID, 0, "Delta type \"%.*s\" is not supported",
                   name.len > 100 ? 100 : (int)name.len, name.ptr);
}

static sm_code struct_from_delta(const sm_json *fields, int depth, sm_arena *a, sm_buf *out,
                                 sm_error *err)
{
    sm_code rc;

    if (fields == NULL || !sm_json_is_array(fields))
        return not_delta(err);
    sm_buf_add(out, SM_SV("STRUCT("));
    for (size_t i = 0; i < sm_json_len(fields); i++) {
        const sm_json *f = sm_json_at(fields, i);
        if (!sm_json_is_object(f))
            return not_delta(err);
        if (i > 0)
            sm_buf_add(out, SM_SV(", "));
        sm_sql_ident(out, sm_json_get_sv(f, "name", SM_SV("")));
        sm_buf_add(out, SM_SV(" "));
        if ((rc = type_from_delta(sm_json_get(f, "type"), depth + 1, a, out, err)) != SM_OK)
            return rc;
    }
    sm_buf_add(out, SM_SV(")"));
    return SM_OK;
}

static sm_code map_from_delta(const sm_json *j, int depth, sm_arena *a, sm_buf *out, sm_error *err)
{
    sm_code rc;

    sm_buf_add(out, SM_SV("MAP("));
    if ((rc = type_from_delta(sm_json_get(j, "keyType"), depth + 1, a, out, err)) != SM_OK)
        return rc;
    sm_buf_add(out, SM_SV(", "));
    if ((rc = type_from_delta(sm_json_get(j, "valueType"), depth + 1, a, out, err)) != SM_OK)
        return rc;
    sm_buf_add(out, SM_SV(")"));
    return SM_OK;
}

static sm_code type_from_delta(const sm_json *j, int depth, sm_arena *a, sm_buf *out, sm_error *err)
{
    if (depth > SM_SQLTYPE_MAX_DEPTH)
        return sm_fail(err, SM_E_INVALID, 0, "a type of the schema is nested too deep");
    if (j != NULL && sm_json_is_string(j))
        return scalar_from_delta(sm_json_sv(j), a, out, err);
    if (j == NULL || !sm_json_is_object(j))
        return not_delta(err);
    sm_sv type = sm_json_get_sv(j, "type", SM_SV(""));
    if (sm_sv_eq(type, SM_SV("struct")))
        return struct_from_delta(sm_json_get(j, "fields"), depth, a, out, err);
    if (sm_sv_eq(type, SM_SV("map")))
        return map_from_delta(j, depth, a, out, err);
    if (!sm_sv_eq(type, SM_SV("array")))
        return not_delta(err);
    sm_code rc = type_from_delta(sm_json_get(j, "elementType"), depth + 1, a, out, err);
    sm_buf_add(out, SM_SV("[]"));
    return rc;
}

static sm_code column_from_delta(const sm_json *f, sm_arena *a, sm_column *out, sm_error *err)
{
    const sm_json *metadata = sm_json_get(f, "metadata");
    sm_buf text;
    sm_code rc;

    out->name = sm_arena_dup(a, sm_json_get_sv(f, "name", SM_SV("")));
    out->nullable = sm_json_get_bool(f, "nullable", true);
    if (metadata != NULL && sm_json_is_object(metadata))
        out->description = sm_arena_dup(a, sm_json_get_sv(metadata, "comment", SM_SV("")));
    if (out->name.len == 0)
        return sm_fail(err, SM_E_CORRUPT, 0, "a column of the schema has no name");
    sm_buf_init(&text, SM_SQLTYPE_MAX_TEXT);
    rc = type_from_delta(sm_json_get(f, "type"), 0, a, &text, err);
    if (rc == SM_OK && text.over)
        rc = sm_fail(err, SM_E_LIMIT, 0, "its type is longer than %d bytes", SM_SQLTYPE_MAX_TEXT);
    if (rc == SM_OK)
        out->type = sm_arena_dup(a, sm_buf_sv(&text));
    else
        sm_wrap(err, "column \"%.*s\"", SM_SV_ARG(out->name));
    sm_buf_release(&text);
    return rc;
}

sm_code sm_schema_from_delta(const sm_json *j, sm_arena *a, sm_schema *out, sm_error *err)
{
    const sm_json *fields = j != NULL && sm_json_is_object(j) ? sm_json_get(j, "fields") : NULL;
    sm_code rc;

    if (fields == NULL || !sm_json_is_array(fields))
        return sm_fail(err, SM_E_CORRUPT, 0, "the schema is no Delta struct");
    out->n = sm_json_len(fields);
    out->columns = SM_NEW_N(a, sm_column, out->n + 1);
    for (size_t i = 0; i < out->n; i++) {
        const sm_json *f = sm_json_at(fields, i);
        if (!sm_json_is_object(f))
            return sm_fail(err, SM_E_CORRUPT, 0, "column %zu of the schema is no object", i + 1);
        if ((rc = column_from_delta(f, a, &out->columns[i], err)) != SM_OK)
            return rc;
    }
    return SM_OK;
}
