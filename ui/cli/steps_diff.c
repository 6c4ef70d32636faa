/* SPDX-License-Identifier: Apache-2.0 */
/* steps_diff.c -- the rows that a test expects against those that are there.
 *
 * A row of the file matches a row of the table when all columns that it names have its values; each
 * row of the table is taken once.  What is left over on both sides is put in pairs where most
 * values are the same: those rows are "changed", the others missing or unexpected. */
#include <stdlib.h>

#include "ui/cli/steps_int.h"
#include "ui/cli/steps_value.h"

enum { SHOWN = 50 }; /* rows of a difference */

typedef struct side {
    size_t n;
    const sm_json **cells; /* n rows of n_columns; NULL: the file does not say */
    bool *taken;
} side;

typedef struct comparison {
    sm_steps *s;
    sm_schema columns;
    sm_sqltype **types;
    bool *named; /* per column: by some row of the file */
    bool alike;  /* all rows of the file name the same ones */
    side expected, found;
    size_t *partner; /* per found row: the expected one that has it, or SIZE_MAX */
    bool *tried;     /* per found row, of one search */
} comparison;

static const sm_json *at(const comparison *c, const side *x, size_t row, size_t column)
{
    return x->cells[row * c->columns.n + column];
}

/* ---- reading both sides ------------------------------------------------------------- */

static sm_code read_columns(comparison *c, const sm_json *found, sm_error *err)
{
    const sm_json *list = sm_json_get(found, "columns");
    size_t n = sm_json_len(list);

    c->columns = (sm_schema){ SM_NEW_N(c->s->a, sm_column, n + 1), n };
    c->types = SM_NEW_N(c->s->a, sm_sqltype *, n + 1);
    c->named = SM_NEW_N(c->s->a, bool, n + 1);
    for (size_t i = 0; i < n; i++) {
        sm_column *column = &c->columns.columns[i];

        column->name = sm_json_get_sv(sm_json_at(list, i), "name", SM_SV(""));
        column->type = sm_json_get_sv(sm_json_at(list, i), "type", SM_SV(""));
        if (sm_sqltype_parse(column->type, c->s->a, &c->types[i], err) != SM_OK)
            return err->code;
    }
    return SM_OK;
}

static sm_code read_row(comparison *c, const sm_yaml_node *row, size_t i, sm_error *err)
{
    for (size_t k = 0; row->kind == SM_YAML_MAP && k < row->n; k++)
        if (sm_schema_find(&c->columns, row->items[2 * k]->text) < 0)
            return sm_fail(err, SM_E_INVALID, 0, "the table has no column \"%.*s\"",
                           SM_SV_ARG(row->items[2 * k]->text));
    for (size_t k = 0; k < c->columns.n; k++) {
        const sm_column *column = &c->columns.columns[k];
        const sm_yaml_node *value = sm_steps__value(row, &c->columns, column->name);

        c->alike &= i == 0 || c->named[k] == (value != NULL);
        c->alike &= value == NULL || value->kind != SM_YAML_MAP; /* of which some fields count */
        c->named[k] |= value != NULL;
        if (value != NULL &&
            sm_steps__read_value(c->s, value, c->types[k], &c->expected.cells[i * c->columns.n + k],
                                 err) != SM_OK)
            return sm_wrap(err, "column \"%.*s\"", SM_SV_ARG(column->name));
    }
    return SM_OK;
}

static void new_side(comparison *c, side *x, size_t n)
{
    x->n = n;
    x->cells = SM_NEW_N(c->s->a, const sm_json *, n * c->columns.n + 1);
    x->taken = SM_NEW_N(c->s->a, bool, n + 1);
}

static sm_code read_sides(comparison *c, const sm_yaml_node *expected, const sm_json *found,
                          sm_error *err)
{
    const sm_json *rows = sm_json_get(found, "rows");

    if (read_columns(c, found, err) != SM_OK)
        return err->code;
    new_side(c, &c->expected, expected->n);
    new_side(c, &c->found, sm_json_len(rows));
    c->alike = true;
    for (size_t i = 0; i < expected->n; i++)
        if (read_row(c, expected->items[i], i, err) != SM_OK)
            return err->code;
    for (size_t i = 0; i < c->found.n; i++)
        for (size_t k = 0; k < c->columns.n; k++)
            c->found.cells[i * c->columns.n + k] = sm_json_at(sm_json_at(rows, i), k);
    c->partner = SM_NEW_N(c->s->a, size_t, c->found.n + 1);
    c->tried = SM_NEW_N(c->s->a, bool, c->found.n + 1);
    for (size_t i = 0; i < c->found.n; i++)
        c->partner[i] = SIZE_MAX;
    return SM_OK;
}

/* ---- matching ----------------------------------------------------------------------- */

static bool same_cell(const comparison *c, size_t e, size_t f, size_t column)
{
    const sm_json *wanted = at(c, &c->expected, e, column);

    return wanted == NULL ||
           sm_steps__same_value(wanted, at(c, &c->found, f, column), c->types[column], c->s->a);
}

static bool same_row(const comparison *c, size_t e, size_t f)
{
    for (size_t k = 0; k < c->columns.n; k++)
        if (!same_cell(c, e, f, k))
            return false;
    return true;
}

/* A row for `e`, moving others where that makes room: a maximum matching, one path at a time. */
static bool find_row(comparison *c, size_t e)
{
    for (size_t k = 0; k < c->found.n; k++) {
        size_t f = (e + k) % c->found.n;

        if (c->tried[f] || (c->alike && c->partner[f] != SIZE_MAX) || !same_row(c, e, f))
            continue;
        c->tried[f] = true;
        if (c->partner[f] != SIZE_MAX && !find_row(c, c->partner[f]))
            continue;
        c->partner[f] = e;
        return true;
    }
    return false;
}

static void match(comparison *c, bool ordered)
{
    for (size_t e = 0; e < c->expected.n; e++) {
        if (ordered) {
            if (e < c->found.n && same_row(c, e, e))
                c->partner[e] = e;
            continue;
        }
        if (!c->alike)
            memset(c->tried, 0, c->found.n * sizeof *c->tried);
        (void)find_row(c, e);
    }
    for (size_t f = 0; f < c->found.n; f++) {
        c->found.taken[f] = c->partner[f] != SIZE_MAX;
        if (c->found.taken[f])
            c->expected.taken[c->partner[f]] = true;
    }
}

/* ---- the difference ------------------------------------------------------------------ */

static size_t common(const comparison *c, size_t e, size_t f, size_t *named)
{
    size_t n = 0;

    *named = 0;
    for (size_t k = 0; k < c->columns.n; k++) {
        if (at(c, &c->expected, e, k) == NULL)
            continue;
        (*named)++;
        n += same_cell(c, e, f, k);
    }
    return n;
}

/* The unexpected row that `e` has become, SIZE_MAX when none looks like it. */
static size_t changed_into(const comparison *c, size_t e, bool ordered)
{
    size_t best = SIZE_MAX, most = 0;

    for (size_t f = ordered ? e : 0; f < c->found.n && (!ordered || f == e); f++) {
        size_t named, n = c->found.taken[f] ? 0 : common(c, e, f, &named);

        if (n > most && 2 * n >= named) {
            most = n;
            best = f;
        }
    }
    return best;
}

static sm_json *row_json(const comparison *c, const side *x, size_t row, bool all)
{
    sm_json *o = sm_json_object(c->s->a);

    for (size_t k = 0; k < c->columns.n; k++)
        if ((all || c->named[k]) && at(c, x, row, k) != NULL)
            sm_json_set_sv(o, c->columns.columns[k].name, at(c, x, row, k));
    return o;
}

static void add_row(const comparison *c, sm_json *rows, const char *kind, size_t e, size_t f,
                    bool all)
{
    sm_json *o = sm_json_object(c->s->a), *differ = sm_json_array(c->s->a);

    if (sm_json_len(rows) == SHOWN)
        return;
    sm_json_set_string(o, "kind", sm_sv_cstr(kind));
    if (e != SIZE_MAX)
        sm_json_set(o, "expected", row_json(c, &c->expected, e, all));
    if (f != SIZE_MAX)
        sm_json_set(o, "found", row_json(c, &c->found, f, all));
    for (size_t k = 0; e != SIZE_MAX && f != SIZE_MAX && k < c->columns.n; k++)
        if (!same_cell(c, e, f, k))
            sm_json_append_string(differ, c->columns.columns[k].name);
    if (sm_json_len(differ) > 0)
        sm_json_set(o, "differ", differ);
    sm_json_append(rows, o);
}

static sm_json *make_diff(comparison *c, bool ordered)
{
    sm_json *diff = sm_json_object(c->s->a), *rows = sm_json_array(c->s->a);
    sm_json *columns = sm_json_array(c->s->a);
    int64_t changed = 0, missing = 0, unexpected = 0;
    bool all = c->expected.n == 0;

    for (size_t k = 0; k < c->columns.n; k++)
        if (all || c->named[k])
            sm_json_append_string(columns, c->columns.columns[k].name);
    for (size_t e = 0; e < c->expected.n; e++) {
        size_t f = c->expected.taken[e] ? SIZE_MAX : changed_into(c, e, ordered);

        if (c->expected.taken[e])
            continue;
        add_row(c, rows, f == SIZE_MAX ? "missing" : "changed", e, f, all);
        missing += f == SIZE_MAX;
        changed += f != SIZE_MAX;
        if (f != SIZE_MAX)
            c->found.taken[f] = true;
    }
    for (size_t f = 0; f < c->found.n; f++) {
        if (c->found.taken[f])
            continue;
        add_row(c, rows, "unexpected", SIZE_MAX, f, all);
        unexpected++;
    }
    sm_json_set_int(diff, "expected", (int64_t)c->expected.n);
    sm_json_set_int(diff, "found", (int64_t)c->found.n);
    sm_json_set_int(diff, "changed", changed);
    sm_json_set_int(diff, "missing", missing);
    sm_json_set_int(diff, "unexpected", unexpected);
    sm_json_set(diff, "columns", columns);
    sm_json_set(diff, "rows", rows);
    return diff;
}

sm_code sm_steps__compare(sm_steps *s, const sm_yaml_node *expected, const sm_json *found,
                          bool ordered, sm_json **diff, sm_error *err)
{
    comparison c = { .s = s };
    bool same = true;

    *diff = NULL;
    if (read_sides(&c, expected, found, err) != SM_OK)
        return err->code;
    match(&c, ordered);
    for (size_t i = 0; i < c.expected.n; i++)
        same &= c.expected.taken[i];
    for (size_t i = 0; i < c.found.n; i++)
        same &= c.found.taken[i];
    if (!same)
        *diff = make_diff(&c, ordered);
    return SM_OK;
}
