/* SPDX-License-Identifier: Apache-2.0 */
/* steps_value.c -- is this value of the file that value of a table?
 *
 * Numbers are compared by value: exactly, but for floating point, of which the digits count that
 * people write (15 of a DOUBLE, 6 of a FLOAT).  Of a struct only the fields that the file names are
 * looked at.  Dates, times and the like are read by the engine, so that 2026-01-01T10:00:00Z is the
 * same as what it prints. */
#include "ui/cli/steps_value.h"

#include <math.h>
#include <stdlib.h>

#include "runtime/base/sqltext.h"
#include "ui/cli/steps_source.h"

enum { EXACT_DIGITS = 15 }; /* of a number in JSON; a longer one stays a text */

static bool is_number(sm_sqltype_kind k)
{
    return k >= SM_SQLTYPE_TINYINT && k <= SM_SQLTYPE_DECIMAL;
}

/* What the engine makes of a text. */
static sm_code read_text(sm_steps *s, sm_sv text, sm_sv type, const sm_json **out, sm_error *err)
{
    sm_rows *rows = NULL;
    sm_json *j = NULL;
    sm_buf sql, value;
    sm_code rc;

    sm_buf_init(&sql, SM_SQLTYPE_MAX_TEXT + 16 * 1024 * 1024);
    sm_buf_init(&value, 16 * 1024 * 1024);
    sm_buf_adds(&sql, "SELECT ");
    sm_buf_adds(&value, "");
    sm_sql_literal(&value, text);
    sm_steps_cast(&sql, sm_arena_dup(s->a, sm_buf_sv(&value)), type, true, s->a);
    if ((rc = sm_session_query(s->session, sm_buf_sv(&sql), &rows, err)) == SM_OK &&
        sm_rows_next(rows)) {
        sm_buf_clear(&value);
        sm_rows_json(rows, 0, &value);
        rc =
            sm_json_parse(sm_rows_null(rows, 0) ? SM_SV("null") : sm_buf_sv(&value), s->a, &j, err);
    }
    sm_rows_free(rows);
    sm_buf_release(&sql);
    sm_buf_release(&value);
    *out = j;
    return rc;
}

static sm_code read_list(sm_steps *s, const sm_yaml_node *n, const sm_sqltype *t,
                         const sm_json **out, sm_error *err)
{
    sm_json *list = sm_json_array(s->a);
    const sm_json *item;

    for (size_t i = 0; i < n->n; i++) {
        if (sm_steps__read_value(s, n->items[i], t->fields[0].type, &item, err) != SM_OK)
            return err->code;
        sm_json_append(list, item);
    }
    *out = list;
    return SM_OK;
}

static const sm_sqltype_field *find_field(const sm_sqltype *t, sm_sv name)
{
    for (size_t i = 0; i < t->n; i++)
        if (sm_sv_eq_nocase(t->fields[i].name, name))
            return &t->fields[i];
    return NULL;
}

static sm_code read_map(sm_steps *s, const sm_yaml_node *n, const sm_sqltype *t,
                        const sm_json **out, sm_error *err)
{
    sm_json *map = sm_json_object(s->a);
    const sm_json *item;

    for (size_t i = 0; i < n->n; i++) {
        sm_sv name = n->items[2 * i]->text;
        const sm_sqltype_field *f = t->kind == SM_SQLTYPE_MAP ? &t->fields[1] : find_field(t, name);

        if (f == NULL)
            return sm_fail(err, SM_E_INVALID, 0, "there is no field \"%.*s\"", SM_SV_ARG(name));
        if (sm_steps__read_value(s, n->items[2 * i + 1], f->type, &item, err) != SM_OK)
            return err->code;
        sm_json_set_sv(map, t->kind == SM_SQLTYPE_MAP ? name : f->name, item);
    }
    *out = map;
    return SM_OK;
}

sm_code sm_steps__read_value(sm_steps *s, const sm_yaml_node *n, const sm_sqltype *t,
                             const sm_json **out, sm_error *err)
{
    sm_sv cell = sm_steps__cell(s, n);
    sm_json *tree;

    if (cell.ptr == NULL)
        *out = sm_json_null(s->a);
    else if (n->kind == SM_YAML_LIST && (t->kind == SM_SQLTYPE_LIST || t->kind == SM_SQLTYPE_ARRAY))
        return read_list(s, n, t, out, err);
    else if (n->kind == SM_YAML_MAP && (t->kind == SM_SQLTYPE_STRUCT || t->kind == SM_SQLTYPE_MAP))
        return read_map(s, n, t, out, err);
    else if (n->kind == SM_YAML_LIST || n->kind == SM_YAML_MAP) { /* JSON in a text */
        if (sm_json_parse(cell, s->a, &tree, err) != SM_OK)
            return err->code;
        *out = tree;
    } else if (is_number(t->kind) && cell.len <= EXACT_DIGITS &&
               sm_json_parse(cell, s->a, &tree, err) == SM_OK)
        *out = tree;
    else if (is_number(t->kind) || t->kind == SM_SQLTYPE_VARCHAR)
        *out = sm_json_string(s->a, cell);
    else
        return read_text(s, cell, t->text, out, err);
    return SM_OK;
}

/* ---- equal ------------------------------------------------------------------------- */

/* A number without what does not change it: -0012.500 is -12.5. */
static sm_sv plain_number(sm_sv text, sm_arena *a)
{
    bool minus = text.len > 0 && text.ptr[0] == '-';
    ptrdiff_t point;

    if (text.len > 0 && (minus || text.ptr[0] == '+'))
        text = sm_sv_sub(text, 1, text.len);
    while (text.len > 1 && text.ptr[0] == '0' && text.ptr[1] != '.')
        text = sm_sv_sub(text, 1, text.len);
    point = sm_sv_find_char(text, '.');
    while (point >= 0 && text.ptr[text.len - 1] == '0')
        text.len--;
    if (point >= 0 && (size_t)point + 1 == text.len)
        text.len--;
    minus = minus && !sm_sv_eq_str(text, "0");
    return sm_arena_printf(a, "%s%.*s", minus ? "-" : "", SM_SV_ARG(text));
}

static bool is_decimal(sm_sv text)
{
    for (size_t i = 0; i < text.len; i++)
        if (strchr("0123456789.+-", text.ptr[i]) == NULL)
            return false;
    return text.len > 0;
}

static sm_sv number_text(const sm_json *v, sm_arena *a)
{
    return sm_json_is_string(v) ? sm_json_sv(v) : sm_json_text(v, a);
}

static bool same_number(const sm_json *wanted, const sm_json *found, sm_sqltype_kind kind,
                        sm_arena *a)
{
    sm_sv expected = number_text(wanted, a), text = number_text(found, a);
    const char *digits = kind == SM_SQLTYPE_FLOAT ? "%.6g" : "%.15g";
    char x[64], y[64];

    if (kind != SM_SQLTYPE_FLOAT && kind != SM_SQLTYPE_DOUBLE && is_decimal(expected) &&
        is_decimal(text))
        return sm_sv_eq(plain_number(expected, a), plain_number(text, a));
    /* the literals are those above */
    snprintf(x, sizeof x, digits, strtod(sm_arena_cstr(a, expected), NULL) + 0.0);
    snprintf(y, sizeof y, digits, strtod(sm_arena_cstr(a, text), NULL) + 0.0);
    return strcmp(x, y) == 0;
}

static bool same_fields(const sm_json *expected, const sm_json *found, const sm_sqltype *t,
                        sm_arena *a)
{
    bool map = t->kind == SM_SQLTYPE_MAP;

    if (!sm_json_is_object(found) || (map && sm_json_len(found) != sm_json_len(expected)))
        return false;
    for (sm_json_iter it = sm_json_first(expected); sm_json_valid(&it); sm_json_next(&it)) {
        const sm_sqltype_field *f = map ? &t->fields[1] : find_field(t, it.key);
        const sm_json *value = sm_json_get_by(found, it.key);

        if (value == NULL || !sm_steps__same_value(it.value, value, f->type, a))
            return false;
    }
    return true;
}

static bool same_items(const sm_json *expected, const sm_json *found, const sm_sqltype *t,
                       sm_arena *a)
{
    bool same = sm_json_is_array(found) && sm_json_len(found) == sm_json_len(expected);

    for (size_t i = 0; same && i < sm_json_len(expected); i++)
        same = sm_steps__same_value(sm_json_at(expected, i), sm_json_at(found, i),
                                    t->fields[0].type, a);
    return same;
}

bool sm_steps__same_value(const sm_json *expected, const sm_json *found, const sm_sqltype *t,
                          sm_arena *a)
{
    sm_json *tree;
    sm_error ignored;

    if (sm_json_is_null(expected) || sm_json_is_null(found))
        return sm_json_is_null(expected) && sm_json_is_null(found);
    if (is_number(t->kind))
        return same_number(expected, found, t->kind, a);
    if (sm_json_is_object(expected) && (t->kind == SM_SQLTYPE_STRUCT || t->kind == SM_SQLTYPE_MAP))
        return same_fields(expected, found, t, a);
    if (sm_json_is_array(expected) && (t->kind == SM_SQLTYPE_LIST || t->kind == SM_SQLTYPE_ARRAY))
        return same_items(expected, found, t, a);
    if (sm_json_is_object(expected) || sm_json_is_array(expected))
        return sm_json_is_string(found) &&
               sm_json_parse(sm_json_sv(found), a, &tree, &ignored) == SM_OK &&
               sm_json_equal(expected, tree);
    return sm_json_equal(expected, found);
}
