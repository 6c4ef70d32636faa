/* SPDX-License-Identifier: Apache-2.0 */
/* view_rows.c -- rows of a judged SELECT as a document.
 *
 * One row more than asked for is fetched, to know whether there are more.  A value goes through
 * JSON text; what does not come back exactly (a HUGEINT beyond 64 bits, a long DECIMAL) becomes
 * a text. */
#include "ui/view/view_int.h"

enum {
    CELL_MAX = 16 * 1024 * 1024,
    ROWS_MAX = 64 * 1024 * 1024, /* all rows together, as JSON text */
    EXACT_DIGITS = 15,
};

static bool needs_text(const sm_column *c, sm_arena *a)
{
    sm_sqltype *t;
    sm_error ignored;

    return sm_sqltype_parse(c->type, a, &t, &ignored) == SM_OK && t->kind == SM_SQLTYPE_DECIMAL &&
           t->width > EXACT_DIGITS;
}

/* What was taken so far, and whether it is too much. */
typedef struct taken {
    sm_json *rows;
    size_t bytes;
    sm_buf cell; /* text of the value at hand */
} taken;

static sm_json *cell(const sm_rows *r, size_t i, bool as_text, taken *t, sm_arena *a)
{
    sm_json *j;
    sm_error ignored;

    if (sm_rows_null(r, i))
        return sm_json_null(a);
    sm_buf_clear(&t->cell);
    sm_rows_json(r, i, &t->cell);
    t->bytes += t->cell.len;
    if (!as_text && sm_json_parse(sm_buf_sv(&t->cell), a, &j, &ignored) == SM_OK)
        return j;
    return sm_json_string(a, sm_buf_sv(&t->cell));
}

static sm_json *columns_of(const sm_schema *s, sm_arena *a)
{
    sm_json *list = sm_json_array(a);

    for (size_t i = 0; i < s->n; i++) {
        sm_json *o = sm_json_object(a);

        sm_json_set_string(o, "name", s->columns[i].name);
        sm_json_set_string(o, "type", s->columns[i].type);
        sm_json_append(list, o);
    }
    return list;
}

static sm_code take_row(sm_rows *r, const bool *as_text, taken *t, sm_arena *a, sm_error *err)
{
    const sm_schema *s = sm_rows_schema(r);
    sm_json *row = sm_json_array(a);

    for (size_t i = 0; i < s->n; i++) {
        sm_json_append(row, cell(r, i, as_text[i], t, a));
        if (sm_buf_check(&t->cell, "a value", err) != SM_OK)
            return sm_wrap(err, "column \"%.*s\"", SM_SV_ARG(s->columns[i].name));
        if (t->bytes > ROWS_MAX)
            return sm_fail(err, SM_E_LIMIT, 0,
                           "the rows are more than %d MiB: ask for fewer rows or columns",
                           ROWS_MAX / (1024 * 1024));
    }
    sm_json_append(t->rows, row);
    return SM_OK;
}

static sm_code take_rows(sm_rows *r, int64_t limit, sm_arena *a, sm_json *doc, sm_error *err)
{
    const sm_schema *s = sm_rows_schema(r);
    bool *as_text = SM_NEW_N(a, bool, s->n + 1), more = false;
    taken t = { .rows = sm_json_array(a) };
    sm_code rc = SM_OK;

    sm_buf_init(&t.cell, CELL_MAX);
    for (size_t i = 0; i < s->n; i++)
        as_text[i] = needs_text(&s->columns[i], a);
    while (rc == SM_OK && !more && sm_rows_next(r)) {
        more = (int64_t)sm_json_len(t.rows) == limit;
        if (!more)
            rc = take_row(r, as_text, &t, a, err);
    }
    sm_buf_release(&t.cell);
    sm_json_set(doc, "rows", t.rows);
    sm_json_set_bool(doc, "truncated", more);
    return rc;
}

sm_code sm_view_rows(sm_session *s, sm_sv select, int64_t limit, sm_arena *a, sm_json **out,
                     sm_error *err)
{
    sm_sv sql = sm_arena_printf(a, "SELECT * FROM (\n%.*s\n) LIMIT %lld", SM_SV_ARG(select),
                                (long long)limit + 1);
    sm_json *doc = sm_json_object(a);
    sm_rows *r = NULL;
    sm_code rc = sm_session_query(s, sql, &r, err);

    if (rc != SM_OK)
        return rc;
    sm_json_set(doc, "columns", columns_of(sm_rows_schema(r), a));
    rc = take_rows(r, limit, a, doc, err);
    sm_rows_free(r);
    if (rc == SM_OK)
        *out = doc;
    return rc;
}
