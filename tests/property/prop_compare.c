/* SPDX-License-Identifier: Apache-2.0 */
/* prop_compare.c -- are these the same rows?  In any order; floating numbers nearly. */
#include "tests/property/prop.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_SHOWN = 12 };

typedef struct cells { /* one row: all but floating numbers as one text, and those */
    char *text;
    double numbers[16];
    size_t n;
} cells;

typedef struct table {
    cells *rows;
    size_t n;
    sm_sv types;
} table;

static void read_row(sm_rows *r, const sm_schema *s, sm_arena *a, cells *out)
{
    sm_buf b;

    sm_buf_init(&b, 1024 * 1024);
    for (size_t i = 0; i < s->n; i++) {
        bool number = sm_sv_eq_str(s->columns[i].type, "DOUBLE") && out->n < 16;

        sm_buf_adds(&b, i > 0 ? " | " : "");
        if (number && !sm_rows_null(r, i)) {
            out->numbers[out->n++] = sm_rows_double(r, i);
            sm_buf_addc(&b, '#');
        } else if (sm_rows_null(r, i)) {
            sm_buf_adds(&b, "NULL");
        } else {
            sm_rows_json(r, i, &b);
        }
    }
    out->text = (char *)sm_arena_cstr(a, sm_buf_sv(&b));
    sm_buf_release(&b);
}

static int compare(const void *x, const void *y)
{
    const cells *a = x, *b = y;
    int by = strcmp(a->text, b->text);

    for (size_t i = 0; by == 0 && i < a->n; i++)
        by = (a->numbers[i] > b->numbers[i]) - (a->numbers[i] < b->numbers[i]);
    return by;
}

static table read_table(sm_session *s, const char *sql, sm_arena *a)
{
    table t = { 0 };
    size_t cap = 256;
    sm_rows *rows;
    sm_error err;
    sm_buf b;

    t.rows = sm_xcalloc(cap, sizeof *t.rows);
    prop_check(sm_session_query(s, sm_sv_cstr(sql), &rows, &err), &err, sql);
    sm_buf_init(&b, 100000);
    for (size_t i = 0; i < sm_rows_schema(rows)->n; i++) {
        const sm_column *col = &sm_rows_schema(rows)->columns[i];

        sm_buf_addf(&b, "%.*s %.*s, ", SM_SV_ARG(col->name), SM_SV_ARG(col->type));
    }
    t.types = sm_arena_dup(a, sm_buf_sv(&b));
    sm_buf_release(&b);
    while (sm_rows_next(rows)) {
        if (t.n == cap) {
            cells *grown = sm_xcalloc(2 * cap, sizeof *grown);

            memcpy(grown, t.rows, cap * sizeof *grown);
            free(t.rows);
            t.rows = grown;
            cap *= 2;
        }
        read_row(rows, sm_rows_schema(rows), a, &t.rows[t.n++]);
    }
    sm_rows_free(rows);
    qsort(t.rows, t.n, sizeof *t.rows, compare);
    return t;
}

static bool near(double x, double y)
{
    double most = fmax(fabs(x), fabs(y));

    return x == y || (isnan(x) && isnan(y)) || fabs(x - y) <= 1e-9 * most ||
           (most < 1e-6 && fabs(x - y) < 1e-9);
}

static bool same_cells(const cells *x, const cells *y)
{
    bool same = strcmp(x->text, y->text) == 0 && x->n == y->n;

    for (size_t i = 0; same && i < x->n; i++)
        same = near(x->numbers[i], y->numbers[i]);
    return same;
}

static void show(sm_buf *why, const char *word, const cells *row)
{
    sm_buf_addf(why, "  %s %s", word, row->text);
    for (size_t i = 0; i < row->n; i++)
        sm_buf_addf(why, "%s%.17g", i == 0 ? "   # " : ", ", row->numbers[i]);
    sm_buf_addc(why, '\n');
}

/* Both are sorted; what one has and the other has not. */
static size_t differences(const table *got, const table *want, bool some, sm_buf *why)
{
    size_t i = 0, k = 0, n = 0;

    while (i < got->n || k < want->n) {
        int by;

        if (i < got->n && k < want->n && same_cells(&got->rows[i], &want->rows[k])) {
            i++;
            k++;
            continue;
        }
        by = i == got->n ? 1 : k == want->n ? -1 : compare(&got->rows[i], &want->rows[k]);
        if (by <= 0) {
            if (n++ < MAX_SHOWN)
                show(why, "too much:", &got->rows[i]);
            i++;
        } else {
            if (!some && n++ < MAX_SHOWN)
                show(why, "missing: ", &want->rows[k]);
            k++;
        }
    }
    return n;
}

bool prop_same(sm_session *s, const char *got_sql, const char *want_sql, int64_t limit, sm_buf *why)
{
    sm_arena *a = sm_arena_new("compare");
    table got = read_table(s, got_sql, a), want = read_table(s, want_sql, a);
    size_t n = 0, most = limit >= 0 && (size_t)limit < want.n ? (size_t)limit : want.n;

    if (!sm_sv_eq(got.types, want.types)) {
        sm_buf_addf(why, "  columns: %.*s\n  wanted:  %.*s\n", SM_SV_ARG(got.types),
                    SM_SV_ARG(want.types));
        n++;
    }
    if (got.n != most) {
        sm_buf_addf(why, "  %zu rows, wanted %zu\n", got.n, most);
        n++;
    }
    n += differences(&got, &want, limit >= 0, why);
    free(got.rows);
    free(want.rows);
    sm_arena_free(a);
    return n == 0;
}
