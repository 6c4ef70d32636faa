/* SPDX-License-Identifier: Apache-2.0 */
/* decode_csv.c -- separated values to columns, one pass.
 *
 * The same shape as decode_ndjson.c, and the same promise: no step passes a newline, and
 * a row counts only when its line was read to the end. */
#include "runtime/connect/decode_csv.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "runtime/connect/decode_value.h"

struct sm_csv {
    const sm_decode_column *columns;
    size_t n_columns;
    const sm_csv_dialect *dialect;
    int32_t *in_order;
    const int32_t *map;
    size_t n_fields;
    const sm_decode_block *block;
    char *p;
    char *record;
    bool told;
    size_t row;
    uint64_t *seen;
    sm_decode_context x;
    sm_decode_vector *vectors;
    sm_decode_tally *tally;
};

sm_code sm_csv_dialect_check(const sm_csv_dialect *dialect, sm_error *err)
{
    unsigned char sep = (unsigned char)dialect->sep;
    if (isalnum(sep) || (sep < 0x20 && sep != '\t') || sep > 0x7e || strchr(" .+-\"", sep) != NULL)
        return sm_fail(
            err, SM_E_INVALID, 0,
            "option \"sep\" must be one character that no value has, such as , ; | or a tab");
    if (dialect->quote != 0 &&
        (!ispunct((unsigned char)dialect->quote) || dialect->quote == dialect->sep))
        return sm_fail(err, SM_E_INVALID, 0,
                       "option \"quote\" must be one character, not the separator");
    if (dialect->escape != dialect->quote && dialect->escape != '\\')
        return sm_fail(err, SM_E_INVALID, 0,
                       "option \"escape\" must be the quote itself or a backslash");
    return SM_OK;
}

/* --- Fields --- */

static char *csv_take_quoted(const sm_csv_dialect *dialect, char *p, sm_csv_field *field,
                             sm_decode_fault *f)
{
    char quote = dialect->quote, escape = dialect->escape;
    char *start = p, *out = ++p;
    field->text = out;
    field->quoted = true;
    for (;; p++) {
        if (*p == '\n')
            return sm_decode__fault(f, start, "the line ends inside quotes");
        if (*p == escape && (p[1] == quote || (escape != quote && p[1] == escape)))
            p++; /* the character behind it is data */
        else if (*p == quote)
            break;
        *out++ = *p;
    }
    field->len = (size_t)(out - field->text);
    *out = quote; /* not what is left of a longer, escaped text */
    p++;
    if (*p == '\r' && p[1] == '\n')
        p++;
    if (*p != dialect->sep && *p != '\n')
        return sm_decode__fault(f, p, "text behind a closing quote");
    return p;
}

char *sm_csv_take(const sm_csv_dialect *dialect, char *p, sm_csv_field *field, sm_decode_fault *f)
{
    char sep = dialect->sep;
    if (dialect->quote != 0 && *p == dialect->quote)
        return csv_take_quoted(dialect, p, field, f);
    field->text = p;
    field->quoted = false;
    while (*p != sep && *p != '\n')
        p++;
    field->len = (size_t)(p - field->text);
    if (*p == '\n' && field->len > 0 && p[-1] == '\r')
        field->len--;
    return p;
}

static bool csv_is_utf8(char *p, size_t len)
{
    char *end = p + len;
    while (p < end) {
        if ((unsigned char)*p < 0x80)
            p++;
        else if ((p = sm_decode__utf8(p)) == NULL)
            return false;
    }
    return p == end;
}

static void csv_trim(sm_csv_field *field)
{
    while (field->len > 0 && isspace((unsigned char)field->text[field->len - 1]))
        field->len--;
    while (field->len > 0 && isspace((unsigned char)*field->text)) {
        field->text++;
        field->len--;
    }
}

/* The value of `field` into column `c` of the row. */
static bool csv_value(sm_csv *d, size_t c, sm_csv_field field)
{
    const sm_decode_column *column = &d->columns[c];
    sm_decode_vector *v = &d->vectors[c];
    sm_sv null_value = d->dialect->null_value;
    if (v->data == NULL)
        return true;
    if (!field.quoted && field.len == null_value.len &&
        (field.len == 0 || memcmp(field.text, null_value.ptr, field.len) == 0))
        return true;
    if (column->kind != SM_DECODE_VARCHAR)
        csv_trim(&field);
    if (column->kind != SM_DECODE_VARCHAR && field.len == 0)
        return true;
    if (!csv_is_utf8(field.text, field.len)) {
        sm_decode__fault(&d->x.fault, field.text, "field \"%.*s\": invalid UTF-8",
                         (int)(column->name.len > 60 ? 60 : column->name.len), column->name.ptr);
        return false;
    }
    d->seen[c / 64] |= UINT64_C(1) << (c % 64);
    return sm_decode__text(column, field.text, field.len, (char *)v->data + d->row * column->size,
                           &d->x);
}

/* --- Records --- */

/* The record at `p` into its row; its newline, or NULL with the fault. */
static char *csv_record(sm_csv *d, char *p)
{
    for (size_t i = 0;; i++) {
        sm_csv_field field;
        if ((p = sm_csv_take(d->dialect, p, &field, &d->x.fault)) == NULL)
            return NULL;
        if (i < d->n_fields && d->map[i] >= 0 && !csv_value(d, (size_t)d->map[i], field))
            return NULL;
        if (*p == d->dialect->sep) {
            p++;
            continue;
        }
        if (i + 1 == d->n_fields)
            return p;
        return sm_decode__fault(&d->x.fault, NULL, "%zu fields where %zu should be", i + 1,
                                d->n_fields);
    }
}

static void csv_close_row(sm_csv *d)
{
    for (size_t c = 0; c < d->n_columns; c++) {
        if ((d->seen[c / 64] >> (c % 64) & 1) != 0)
            continue;
        d->vectors[c].nulls[d->row / 64] |= UINT64_C(1) << (d->row % 64);
        d->vectors[c].has_null = true;
    }
    memset(d->seen, 0, (d->n_columns + 63) / 64 * sizeof *d->seen);
    d->row++;
}

static void csv_bad(sm_csv *d, int64_t offset, const char *reason)
{
    sm_decode_place at = { d->block->file, offset };
    d->tally->records++;
    sm_decode_tally_bad(d->tally, at, reason);
}

/* One line; behind its newline. */
static char *csv_line(sm_csv *d, char *p)
{
    const sm_decode_fault *f = &d->x.fault;
    char reason[sizeof f->reason + 40];
    d->record = p;
    if (*p == '\n' || (*p == '\r' && p[1] == '\n'))
        return p + 1 + (*p == '\r');
    d->x.fault.quiet = d->tally->n_samples == SM_DECODE_SAMPLES;
    char *end = csv_record(d, p);
    if (end != NULL) {
        d->tally->records++;
        csv_close_row(d);
        return end + 1;
    }
    if (f->at != NULL && f->at >= p && f->at < d->block->end)
        snprintf(reason, sizeof reason, "%s, at byte %td", f->reason, f->at - p + 1);
    else
        snprintf(reason, sizeof reason, "%s", f->reason);
    csv_bad(d, d->block->offset + (p - d->block->data), reason);
    memset(d->seen, 0, (d->n_columns + 63) / 64 * sizeof *d->seen);
    return (char *)memchr(p, '\n', (size_t)(d->block->end - p) + 1) + 1;
}

size_t sm_csv_rows(sm_csv *d, sm_decode_vector *vectors, sm_decode_tally *t)
{
    d->vectors = vectors;
    d->tally = t;
    d->row = 0;
    for (size_t i = 0; i < d->n_columns; i++) {
        if (vectors[i].has_null)
            memset(vectors[i].nulls, 0, sizeof vectors[i].nulls);
        vectors[i].has_null = false;
    }
    sm_arena_reset(d->x.scratch);
    while (d->p < d->block->end && d->row < SM_DECODE_ROWS)
        d->p = csv_line(d, d->p);
    if (d->p >= d->block->end && d->block->left_out >= 0 && !d->told) {
        csv_bad(d, d->block->left_out, d->block->why);
        d->told = true;
    }
    return d->row;
}

/* --- Life --- */

void sm_csv_begin(sm_csv *d, const sm_decode_block *block, const int32_t *map, size_t n_fields)
{
    d->block = block;
    d->p = block->data;
    d->told = false;
    d->map = map == NULL ? d->in_order : map;
    d->n_fields = n_fields;
    if (d->dialect->header && block->first && d->p < block->end)
        d->p = (char *)memchr(d->p, '\n', (size_t)(block->end - d->p) + 1) + 1;
}

sm_csv *sm_csv_new(const sm_decode_column *columns, size_t n, const sm_csv_dialect *dialect)
{
    sm_csv *d = sm_xcalloc(1, sizeof *d);
    d->columns = columns;
    d->n_columns = n;
    d->dialect = dialect;
    d->in_order = sm_xcalloc(n + 1, sizeof *d->in_order);
    for (size_t i = 0; i < n; i++)
        d->in_order[i] = (int32_t)i;
    d->seen = sm_xcalloc(n / 64 + 1, sizeof *d->seen);
    d->x.scratch = sm_arena_new("csv values");
    sm_buf_init(&d->x.text, 4 * (size_t)SM_DECODE_MAX_RECORD);
    return d;
}

void sm_csv_free(sm_csv *d)
{
    if (d == NULL)
        return;
    sm_buf_release(&d->x.text);
    sm_arena_free(d->x.scratch);
    free(d->in_order);
    free(d->seen);
    free(d);
}
