/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/base/sqlgrow.h"

#include <string.h>

static const char *const names[] = {
    [SM_EVOLUTION_FAIL] = "fail_on_new_columns",
    [SM_EVOLUTION_NONE] = "none",
    [SM_EVOLUTION_RESCUE] = "rescue",
    [SM_EVOLUTION_ADD] = "add_new_columns",
    [SM_EVOLUTION_WIDEN] = "add_new_columns_with_type_widening",
};

const char *sm_evolution_name(sm_evolution e)
{
    return names[e];
}

sm_evolution sm_evolution_of(sm_sv name)
{
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (sm_sv_eq_str(name, names[i]))
            return (sm_evolution)i;
    return SM_EVOLUTION_NONE;
}

bool sm_evolution_grows(sm_evolution e)
{
    return e == SM_EVOLUTION_ADD || e == SM_EVOLUTION_WIDEN;
}

bool sm_evolution_stays(sm_evolution e)
{
    return e == SM_EVOLUTION_NONE || e == SM_EVOLUTION_RESCUE;
}

unsigned sm_evolution_how(sm_evolution e)
{
    return SM_GROW_KEEP | (e == SM_EVOLUTION_WIDEN ? SM_GROW_WIDEN | SM_GROW_JOIN : 0U);
}

/* ---- types ---- */

/* Digits of the largest value; 0: no integer. */
static int integer_digits(sm_sqltype_kind kind)
{
    switch (kind) {
    case SM_SQLTYPE_TINYINT:
        return 3;
    case SM_SQLTYPE_SMALLINT:
        return 5;
    case SM_SQLTYPE_INTEGER:
        return 10;
    case SM_SQLTYPE_BIGINT:
        return 19;
    default: /* every other kind is no integer that tables have */
        return 0;
    }
}

bool sm_sqltype_widens(const sm_sqltype *from, const sm_sqltype *to)
{
    int digits = integer_digits(from->kind);

    if (digits > 0 && to->kind == SM_SQLTYPE_DECIMAL)
        return to->width - to->scale >= digits;
    if (digits > 0 && to->kind == SM_SQLTYPE_DOUBLE)
        return from->kind != SM_SQLTYPE_BIGINT;
    if (digits > 0)
        return integer_digits(to->kind) > digits;
    if (from->kind == SM_SQLTYPE_FLOAT)
        return to->kind == SM_SQLTYPE_DOUBLE;
    return from->kind == SM_SQLTYPE_DECIMAL && to->kind == SM_SQLTYPE_DECIMAL &&
           to->scale >= from->scale && to->width - to->scale >= from->width - from->scale &&
           (to->width != from->width || to->scale != from->scale);
}

typedef struct growing {
    sm_arena *a;
    unsigned how;
    size_t added, widened;
} growing;

static bool is_nested(const sm_sqltype *t)
{
    return t->kind == SM_SQLTYPE_STRUCT || t->kind == SM_SQLTYPE_LIST || t->kind == SM_SQLTYPE_MAP;
}

static sm_sqltype *grow_type(growing *g, sm_sqltype *was, sm_sqltype *more);

static sm_sqltype_field *find_field(const sm_sqltype *t, size_t n, sm_sv name)
{
    for (size_t i = 0; i < n; i++)
        if (sm_sv_eq_nocase(t->fields[i].name, name))
            return &t->fields[i];
    return NULL;
}

/* The parts of two nested types of one kind; NULL: one of them does not fit. */
static sm_sqltype *grow_parts(growing *g, sm_sqltype *was, const sm_sqltype *more)
{
    sm_sqltype *out = SM_NEW(g->a, sm_sqltype);

    *out = *was;
    out->fields = SM_NEW_N(g->a, sm_sqltype_field, was->n + more->n + 1);
    memcpy(out->fields, was->fields, was->n * sizeof *out->fields);
    for (size_t i = 0; i < more->n; i++) {
        sm_sqltype_field *field = was->kind == SM_SQLTYPE_STRUCT
                                      ? find_field(out, was->n, more->fields[i].name)
                                      : &out->fields[i];

        if (field == NULL) {
            out->fields[out->n++] = more->fields[i];
            g->added++;
        } else if ((field->type = grow_type(g, field->type, more->fields[i].type)) == NULL) {
            return NULL;
        }
    }
    out->text = sm_sqltype_print(out, g->a);
    return out;
}

/* Digits before the point of a number without rounding; 0: it is none. */
static int whole_digits(const sm_sqltype *t)
{
    return t->kind == SM_SQLTYPE_DECIMAL ? t->width - t->scale : integer_digits(t->kind);
}

/* The narrowest DECIMAL that holds both; NULL: they are no such numbers, or none is wide enough. */
static sm_sqltype *join_decimals(const growing *g, const sm_sqltype *x, const sm_sqltype *y)
{
    enum { WIDEST = 38 };
    int scale = x->scale > y->scale ? x->scale : y->scale;
    int left = whole_digits(x) > whole_digits(y) ? whole_digits(x) : whole_digits(y);
    bool decimal = x->kind == SM_SQLTYPE_DECIMAL || y->kind == SM_SQLTYPE_DECIMAL;
    sm_sqltype *t;
    sm_error ignored;

    if (!decimal || (whole_digits(x) == 0 && x->kind != SM_SQLTYPE_DECIMAL) ||
        (whole_digits(y) == 0 && y->kind != SM_SQLTYPE_DECIMAL) || left + scale > WIDEST)
        return NULL;
    if (sm_sqltype_parse(sm_arena_printf(g->a, "DECIMAL(%d,%d)", left + scale, scale), g->a, &t,
                         &ignored) != SM_OK)
        return NULL;
    return t;
}

/* NULL: `more` does not fit and may not be passed over. */
static sm_sqltype *grow_type(growing *g, sm_sqltype *was, sm_sqltype *more)
{
    unsigned join = SM_GROW_WIDEN | SM_GROW_JOIN;
    sm_sqltype *both;

    if (sm_sqltype_equal(was, more))
        return was;
    if (was->kind == more->kind && is_nested(was))
        return grow_parts(g, was, more);
    if ((g->how & SM_GROW_WIDEN) != 0 && sm_sqltype_widens(was, more)) {
        g->widened++;
        return more;
    }
    if ((g->how & SM_GROW_EITHER) != 0 && sm_sqltype_widens(more, was))
        return was;
    if ((g->how & join) == join && !sm_sqltype_widens(more, was) &&
        (both = join_decimals(g, was, more)) != NULL) {
        g->widened++;
        return both;
    }
    return (g->how & SM_GROW_KEEP) != 0 ? was : NULL;
}

/* ---- lists of columns ---- */

/* *fits is false when the column stays as it was because it cannot follow. */
static sm_code grow_column(growing *g, sm_column *c, sm_sv more, bool *fits, sm_error *err)
{
    growing before = *g;
    sm_sqltype *x, *y, *grown;
    sm_code rc;

    if ((rc = sm_sqltype_parse(c->type, g->a, &x, err)) != SM_OK ||
        (rc = sm_sqltype_parse(more, g->a, &y, err)) != SM_OK)
        return sm_wrap(err, "column \"%.*s\"", SM_SV_ARG(c->name));
    grown = grow_type(g, x, y);
    *fits = grown != NULL;
    if (grown == NULL)
        *g = before;
    else if (grown != x && (g->added > before.added || g->widened > before.widened))
        c->type = sm_sqltype_print(grown, g->a);
    return SM_OK;
}

sm_code sm_schema_grow(const sm_schema *was, const sm_schema *more, unsigned how, sm_arena *a,
                       sm_grown *out, sm_error *err)
{
    sm_schema *s = &out->schema;
    growing g = { .a = a, .how = how };

    *out = (sm_grown){ .conflict = -1 };
    s->columns = SM_NEW_N(a, sm_column, was->n + more->n + 1);
    if (was->n > 0)
        memcpy(s->columns, was->columns, was->n * sizeof *s->columns);
    s->n = was->n;
    for (size_t i = 0; i < more->n; i++) {
        ptrdiff_t at = sm_schema_find(s, more->columns[i].name);
        bool fits = true;
        sm_code rc;

        if (at < 0) {
            s->columns[s->n++] = more->columns[i];
            g.added++;
            continue;
        }
        if ((rc = grow_column(&g, &s->columns[at], more->columns[i].type, &fits, err)) != SM_OK)
            return rc;
        if (!fits && out->conflict < 0)
            out->conflict = (ptrdiff_t)i;
    }
    out->added = g.added;
    out->widened = g.widened;
    return SM_OK;
}
