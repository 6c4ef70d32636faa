/* SPDX-License-Identifier: Apache-2.0 */
/* decode_csv.c -- separated values to columns, one pass.
 *
 * The same shape as decode_ndjson.c, and the same promise: no step passes the end of the record,
 * and a row counts only when its record was read to the end.  That end is the next newline; with
 * multi_line it is looked for before fields are taken, since taking them resolves quotes in place.
 */
#include "runtime/connect/decode_csv.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "runtime/connect/decode_value.h"

struct sm_csv {
    const sm_decode_column *columns;
    size_t n_columns;
    const sm_csv_dialect *dialect;
    int32_t *in_order; /* columns that the data feeds */
    sm_csv_fields fields;
    sm_decode_aside aside;
    sm_rescue rescue;
    uint64_t spare[2]; /* for a value that is only looked at */
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
    if (dialect->comment != 0 &&
        (!ispunct((unsigned char)dialect->comment) || dialect->comment == dialect->sep ||
         dialect->comment == dialect->quote))
        return sm_fail(err, SM_E_INVALID, 0,
                       "option \"comment\" must be one character, not the separator or quote");
    return SM_OK;
}

sm_framing sm_csv_framing(const sm_csv_dialect *dialect)
{
    return (sm_framing){
        .kind = dialect->multi_line ? SM_FRAME_CSV : SM_FRAME_LINES,
        .sep = dialect->sep,
        .quote = dialect->quote,
        .escape = dialect->escape,
        .comment = dialect->comment,
        .trim = dialect->trim_left,
    };
}

/* --- Fields --- */

static bool csv_is_space(char c)
{
    return c == ' ' || c == '\t';
}

static char *csv_take_quoted(const sm_csv_dialect *dialect, char *p, const char *end,
                             sm_csv_field *field, sm_decode_fault *f)
{
    char quote = dialect->quote, escape = dialect->escape;
    char *start = p, *out = ++p;
    field->text = out;
    field->quoted = true;
    for (;; p++) {
        if (*p == '\n' && p >= end)
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
    while (dialect->trim_right && csv_is_space(*p))
        p++;
    if (*p == '\r' && p[1] == '\n')
        p++;
    if (*p != dialect->sep && *p != '\n')
        return sm_decode__fault(f, p, "text behind a closing quote");
    return p;
}

char *sm_csv_take(const sm_csv_dialect *dialect, char *p, const char *end, sm_csv_field *field,
                  sm_decode_fault *f)
{
    char sep = dialect->sep;
    while (dialect->trim_left && csv_is_space(*p) && *p != sep)
        p++;
    if (dialect->quote != 0 && *p == dialect->quote)
        return csv_take_quoted(dialect, p, end, field, f);
    field->text = p;
    field->quoted = false;
    while (*p != sep && *p != '\n')
        p++;
    field->len = (size_t)(p - field->text);
    if (*p == '\n' && field->len > 0 && p[-1] == '\r')
        field->len--;
    while (dialect->trim_right && field->len > 0 && csv_is_space(field->text[field->len - 1]))
        field->len--;
    return p;
}

static char *csv_newline(char *p, char *end)
{
    return memchr(p, '\n', (size_t)(end - p) + 1);
}

char *sm_csv_begins(const sm_csv_dialect *dialect, char *p, char *end)
{
    while (p < end) {
        if (*p == '\n' || (*p == '\r' && p[1] == '\n'))
            p += 1 + (*p == '\r');
        else if (dialect->comment != 0 && *p == dialect->comment)
            p = csv_newline(p, end) + 1;
        else
            return p;
    }
    return end;
}

char *sm_csv_ends(const sm_csv_dialect *dialect, char *p, char *end)
{
    if (!dialect->multi_line)
        return csv_newline(p, end);
    sm_framing framing = sm_csv_framing(dialect);
    sm_frame frame = { 0 };
    bool ended;
    size_t n = sm_frame_scan(&framing, &frame, p, (size_t)(end - p) + 1, &ended);
    return p + n - 1;
}

bool sm_csv_special(const sm_csv_dialect *dialect, sm_sv text, double *out)
{
    if (text.len == 0)
        return false;
    if (sm_sv_eq(text, dialect->nan_value))
        *out = (double)NAN;
    else if (sm_sv_eq(text, dialect->positive_inf))
        *out = (double)INFINITY;
    else if (sm_sv_eq(text, dialect->negative_inf))
        *out = -(double)INFINITY;
    else
        return false;
    return true;
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

static bool csv_is_null(const sm_csv *d, const sm_csv_field *field)
{
    sm_sv null_value = d->dialect->null_value;
    return !field->quoted && field->len == null_value.len &&
           (field->len == 0 || memcmp(field->text, null_value.ptr, field->len) == 0);
}

static bool csv_no_utf8(sm_csv *d, sm_sv name, const char *at)
{
    sm_decode__fault(&d->x.fault, at, "field \"%.*s\": invalid UTF-8",
                     (int)(name.len > 60 ? 60 : name.len), name.ptr);
    return false;
}

static bool csv_put(sm_csv *d, const sm_decode_column *column, const sm_csv_field *field,
                    void *slot)
{
    double v;
    if ((column->kind == SM_DECODE_DOUBLE || column->kind == SM_DECODE_FLOAT) &&
        sm_csv_special(d->dialect, (sm_sv){ field->text, field->len }, &v)) {
        float narrow = (float)v;
        memcpy(slot, column->kind == SM_DECODE_DOUBLE ? (void *)&v : (void *)&narrow, column->size);
        return true;
    }
    return sm_decode__text(column, field->text, field->len, slot, &d->x);
}

/* Is what does not fit wanted in the row? */
static bool csv_rescues(const sm_csv *d)
{
    return d->x.rescue != NULL && d->vectors[d->aside.rescued - d->columns].data != NULL;
}

/* The value of `field` into column `c` of the row. */
static bool csv_value(sm_csv *d, size_t c, sm_csv_field field)
{
    const sm_decode_column *column = &d->columns[c];
    sm_decode_vector *v = &d->vectors[c];
    sm_sv all = { field.text, field.len };
    void *slot = d->spare;
    if (v->data != NULL)
        slot = (char *)v->data + d->row * column->size;
    else if (!csv_rescues(d))
        return true;
    if (csv_is_null(d, &field))
        return true;
    if (field.quoted && field.len == 0 && d->dialect->empty_value.len > 0) {
        field.len = d->dialect->empty_value.len;
        field.text = sm_decode__copy(d->dialect->empty_value.ptr, field.len, d->x.scratch);
    }
    if (column->kind != SM_DECODE_VARCHAR)
        csv_trim(&field);
    if (column->kind != SM_DECODE_VARCHAR && field.len == 0)
        return true;
    if (!csv_is_utf8(field.text, field.len))
        return csv_no_utf8(d, column->name, field.text);
    if (csv_put(d, column, &field, slot)) {
        d->seen[c / 64] |= UINT64_C(1) << (c % 64);
        return true;
    }
    if (d->x.rescue == NULL)
        return false;
    sm_rescue_text(&d->rescue, column->name, all);
    d->x.misfit = true;
    return true;
}

/* A field that no column takes. */
static bool csv_unknown(sm_csv *d, size_t i, const sm_csv_field *field)
{
    if (d->x.rescue == NULL || d->fields.names == NULL || csv_is_null(d, field))
        return true;
    sm_sv name = d->fields.names[i];
    if (!csv_is_utf8(field->text, field->len))
        return csv_no_utf8(d, name, field->text);
    sm_rescue_text(&d->rescue, name, (sm_sv){ field->text, field->len });
    return true;
}

/* --- Records --- */

/* The record [p, end) into its row; its newline, or NULL with the fault. */
static char *csv_record(sm_csv *d, char *p, const char *end)
{
    for (size_t i = 0;; i++) {
        sm_csv_field field;
        if ((p = sm_csv_take(d->dialect, p, end, &field, &d->x.fault)) == NULL)
            return NULL;
        if (i < d->fields.n) {
            int32_t c = d->fields.map[i];
            if (!(c >= 0 ? csv_value(d, (size_t)c, field) : csv_unknown(d, i, &field)))
                return NULL;
        }
        if (*p == d->dialect->sep) {
            p++;
            continue;
        }
        if (i + 1 == d->fields.n)
            return p;
        return sm_decode__fault(&d->x.fault, NULL, "%zu fields where %zu should be", i + 1,
                                d->fields.n);
    }
}

static void *csv_aside_slot(sm_csv *d, const sm_decode_column *column)
{
    size_t c = (size_t)(column - d->columns);
    sm_decode_string *values = d->vectors[c].data;
    if (values == NULL)
        return NULL;
    d->seen[c / 64] |= UINT64_C(1) << (c % 64);
    return &values[d->row];
}

static void csv_put_rescued(sm_csv *d)
{
    void *slot = csv_aside_slot(d, d->aside.rescued);
    if (slot != NULL)
        sm_rescue_put(&d->rescue, &d->aside.files[d->block->file], d->x.scratch, slot);
    sm_rescue_clear(&d->rescue);
    d->tally->misfits += d->x.misfit;
    d->x.misfit = false;
}

static void csv_close_row(sm_csv *d)
{
    if (sm_rescue_any(&d->rescue))
        csv_put_rescued(d);
    for (size_t c = 0; c < d->n_columns; c++) {
        if ((d->seen[c / 64] >> (c % 64) & 1) != 0)
            continue;
        d->vectors[c].nulls[d->row / 64] |= UINT64_C(1) << (d->row % 64);
        d->vectors[c].has_null = true;
    }
    memset(d->seen, 0, (d->n_columns + 63) / 64 * sizeof *d->seen);
    d->row++;
}

/* The record is a row of its text alone. */
static void csv_corrupt(sm_csv *d, const char *end)
{
    void *slot = csv_aside_slot(d, d->aside.corrupt);
    if (slot != NULL)
        sm_rescue_raw(sm_decode_block_raw(d->block, d->record, end), d->x.scratch, slot);
    d->tally->records++;
    csv_close_row(d);
}

static void csv_bad(sm_csv *d, int64_t offset, int64_t len, const char *reason)
{
    sm_decode_place at = { d->block->file, offset };
    d->tally->records++;
    sm_decode_tally_bad(d->tally, at, len, reason);
}

/* Why the record [d->record, end) is none. */
static void csv_undecodable(sm_csv *d, const char *end)
{
    const sm_decode_fault *f = &d->x.fault;
    char reason[sizeof f->reason + 40];
    if (f->at != NULL && f->at >= d->record && f->at < d->block->end)
        snprintf(reason, sizeof reason, "%s, at byte %td", f->reason, f->at - d->record + 1);
    else
        snprintf(reason, sizeof reason, "%s", f->reason);
    csv_bad(d, d->block->offset + (d->record - d->block->data), end - d->record, reason);
}

/* The record at `p`; behind its newline. */
static char *csv_line(sm_csv *d, char *p)
{
    const char *limit = d->dialect->multi_line ? sm_csv_ends(d->dialect, p, d->block->end) : p;
    d->record = p;
    d->x.fault.quiet = sm_decode_tally_quiet(d->tally);
    char *end = csv_record(d, p, limit);
    if (end != NULL) {
        d->tally->records++;
        csv_close_row(d);
        return end + 1;
    }
    sm_rescue_clear(&d->rescue);
    d->x.misfit = false;
    memset(d->seen, 0, (d->n_columns + 63) / 64 * sizeof *d->seen);
    p = d->dialect->multi_line ? p + (limit - p) : csv_newline(p, d->block->end);
    if (d->aside.corrupt != NULL)
        csv_corrupt(d, p);
    else
        csv_undecodable(d, p);
    return p + 1;
}

static const char *csv_fault(const sm_csv *d)
{
    return d->aside.files == NULL ? NULL : d->aside.files[d->block->file].fault;
}

/* The header is none: the fields of what is behind it are not known. */
static void csv_headless(sm_csv *d, const char *fault)
{
    char *p = sm_csv_begins(d->dialect, d->p, d->block->end), *end;
    d->p = d->block->end;
    if (d->told || !d->block->first)
        return;
    d->told = true;
    if (p == d->block->end) {
        if (d->block->left_out >= 0)
            csv_bad(d, d->block->left_out, SM_DECODE_NO_END, fault);
        return;
    }
    end = sm_csv_ends(d->dialect, p, d->block->end);
    d->record = p;
    if (d->aside.corrupt != NULL)
        csv_corrupt(d, end);
    else
        csv_bad(d, d->block->offset + (p - d->block->data), end - p, fault);
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
    if (csv_fault(d) != NULL) {
        csv_headless(d, csv_fault(d));
        return d->row;
    }
    while (d->row < SM_DECODE_ROWS &&
           (d->p = sm_csv_begins(d->dialect, d->p, d->block->end)) < d->block->end)
        d->p = csv_line(d, d->p);
    if (d->p >= d->block->end && d->block->left_out >= 0 && !d->told) {
        csv_bad(d, d->block->left_out, SM_DECODE_NO_END, d->block->why);
        d->told = true;
    }
    return d->row;
}

/* --- Life --- */

void sm_csv_begin(sm_csv *d, const sm_decode_block *block, const sm_csv_fields *fields)
{
    d->block = block;
    d->p = block->data;
    d->told = false;
    d->fields = *fields;
    if (fields->map == NULL)
        d->fields.map = d->in_order;
    if (d->dialect->header && block->first && csv_fault(d) == NULL &&
        (d->p = sm_csv_begins(d->dialect, d->p, block->end)) < block->end)
        d->p = sm_csv_ends(d->dialect, d->p, block->end) + 1;
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
    sm_rescue_init(&d->rescue);
    return d;
}

void sm_csv_aside(sm_csv *d, const sm_decode_aside *aside)
{
    size_t n = 0;
    d->aside = *aside;
    d->x.rescue = aside->rescued != NULL ? &d->rescue : NULL;
    for (size_t i = 0; i < d->n_columns; i++) {
        if (&d->columns[i] != aside->rescued && &d->columns[i] != aside->corrupt)
            d->in_order[n++] = (int32_t)i;
    }
}

void sm_csv_free(sm_csv *d)
{
    if (d == NULL)
        return;
    sm_rescue_release(&d->rescue);
    sm_buf_release(&d->x.text);
    sm_arena_free(d->x.scratch);
    free(d->in_order);
    free(d->seen);
    free(d);
}
