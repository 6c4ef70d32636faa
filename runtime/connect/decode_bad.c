/* SPDX-License-Identifier: Apache-2.0 */
/* decode_bad.c -- the undecodable records of a read: kept as places, read again as rows. */
#include "runtime/connect/decode_bad.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/base/percent.h"
#include "runtime/connect/decode_rescue.h"
#include "runtime/connect/decode_stream.h"

int sm_decode_place_compare(sm_decode_place x, sm_decode_place y)
{
    if (x.file != y.file)
        return x.file < y.file ? -1 : 1;
    return (x.offset > y.offset) - (x.offset < y.offset);
}

/* --- Places --- */

sm_decode_bads *sm_decode_bads_new(void)
{
    return sm_xcalloc(1, sizeof(sm_decode_bads));
}

void sm_decode_bads_free(sm_decode_bads *b)
{
    if (b == NULL)
        return;
    free(b->items);
    free(b->reasons);
    free(b);
}

static size_t bads_add_reason(sm_decode_bads *b, const char *reason)
{
    size_t len = strlen(reason) + 1, at = b->len;
    if (at + len > b->reasons_cap) {
        b->reasons_cap = (at + len) * 2;
        b->reasons = sm_xrealloc(b->reasons, b->reasons_cap);
    }
    memcpy(b->reasons + at, reason, len);
    b->len += len;
    return at;
}

void sm_decode_bads_add(sm_decode_bads *b, sm_decode_place at, int64_t len, const char *reason)
{
    if (b->n == SM_DECODE_MAX_BAD) {
        b->over = true;
        return;
    }
    if (b->n == b->cap) {
        b->cap = b->cap * 2 + 16;
        b->items = sm_xrealloc(b->items, b->cap * sizeof *b->items);
    }
    b->items[b->n++] = (sm_decode_bad){ at, len, bads_add_reason(b, reason) };
}

void sm_decode_bads_merge(sm_decode_bads *b, sm_decode_bads *part)
{
    for (size_t i = 0; i < part->n; i++)
        sm_decode_bads_add(b, part->items[i].at, part->items[i].len,
                           part->reasons + part->items[i].reason);
    b->over |= part->over;
    part->n = part->len = 0;
}

/* --- Rows --- */

enum {
    BAD_PATH,
    BAD_LINE,
    BAD_RAW,
    BAD_REASON,
    BAD_WHOLE,
    BAD_FILE,
    BAD_NAME,
    BAD_SIZE,
    BAD_MTIME,
    BAD_HEADER,
    BAD_COLUMNS
};

/* One pass over the files. */
typedef struct bads_task {
    const sm_decode_bads *bads;
    size_t next;  /* of the bads */
    sm_unpack *u; /* of `file`; NULL: none is open */
    size_t file;
    int64_t offset; /* of what u gives next */
    int64_t line;   /* it is in */
    char *text;
    size_t cap;
} bads_task;

static int bads_compare(const void *x, const void *y)
{
    return sm_decode_place_compare(((const sm_decode_bad *)x)->at, ((const sm_decode_bad *)y)->at);
}

static void bads_count_lines(bads_task *t, const char *p, size_t n)
{
    const char *end = p + n;
    for (; (p = memchr(p, '\n', (size_t)(end - p))) != NULL; p++)
        t->line++;
    t->offset += (int64_t)n;
}

static sm_code bads_changed(const sm_decode_file *file, sm_error *err)
{
    return sm_fail(err, SM_E_AGAIN, 0, "file \"%s\" changed while it was read", file->name);
}

static sm_code bads_open(bads_task *t, size_t file, sm_error *err)
{
    const sm_decode_file *f = &t->bads->files[file];
    sm_unpack_free(t->u);
    t->u = NULL;
    sm_code rc = sm_decode_text(f, &t->u, err);
    if (rc == SM_E_NOT_FOUND)
        return bads_changed(f, err);
    t->file = file;
    t->offset = 0;
    t->line = 1;
    return rc;
}

/* Up to `len` bytes into t->text; *got is less where the file ends. */
static sm_code bads_take(bads_task *t, size_t len, size_t *got, sm_error *err)
{
    size_t more = 1;
    *got = 0;
    if (len > t->cap) {
        t->text = sm_xrealloc(t->text, len);
        t->cap = len;
    }
    while (*got < len && more > 0) {
        sm_code rc = sm_unpack_read(t->u, t->text + *got, len - *got, &more, err);
        if (rc != SM_OK)
            return rc;
        *got += more;
    }
    return SM_OK;
}

/* Read on to the record. */
static sm_code bads_seek(bads_task *t, sm_decode_place at, sm_error *err)
{
    enum { STEP = 256 * 1024 };
    sm_code rc = SM_OK;
    if (t->u == NULL || t->file != at.file || t->offset > at.offset)
        rc = bads_open(t, at.file, err);
    while (rc == SM_OK && t->offset < at.offset) {
        size_t step = at.offset - t->offset < STEP ? (size_t)(at.offset - t->offset) : STEP, got;
        if ((rc = bads_take(t, step, &got, err)) != SM_OK)
            return rc;
        if (got < step)
            return bads_changed(&t->bads->files[at.file], err);
        bads_count_lines(t, t->text, got);
    }
    return rc;
}

/* The text of the record that t->offset is at. */
static sm_code bads_text(bads_task *t, const sm_decode_bad *bad, sm_sv *out, sm_error *err)
{
    bool whole = bad->len != SM_DECODE_NO_END;
    size_t want = whole ? (size_t)bad->len : SM_DECODE_BAD_TEXT, got;
    sm_code rc = bads_take(t, want, &got, err);
    if (rc != SM_OK)
        return rc;
    if (whole && got < want)
        return bads_changed(&t->bads->files[bad->at.file], err);
    bads_count_lines(t, t->text, got);
    if (got > 0 && t->text[got - 1] == '\r')
        got--;
    *out = (sm_sv){ t->text, got };
    return SM_OK;
}

/* What a row says of one record. */
typedef struct bads_row {
    const sm_decode_file *file;
    const sm_decode_bad *bad;
    int64_t line;
    sm_sv text;
    const char *reason;
} bads_row;

/* Is `text` all of the record, byte for byte, once it is kept as UTF-8?  A header that is none
 * stands for all that was behind it. */
static bool bads_whole(const bads_row *r)
{
    return r->bad->len != SM_DECODE_NO_END && r->file->fault == NULL &&
           sm_utf8_check(r->text) == r->text.len;
}

/* A text of the row into `b`; false for NULL. */
static bool bads_text_of(const bads_row *r, size_t column, sm_buf *b)
{
    sm_sv name = sm_sv_cstr(r->file->name);
    switch (column) {
    case BAD_PATH:
        sm_rescue_add_utf8(b, name);
        return true;
    case BAD_RAW:
        sm_rescue_add_utf8(b, r->text);
        return true;
    case BAD_REASON:
        sm_rescue_add_utf8(b, sm_sv_cstr(r->reason));
        return true;
    case BAD_NAME:
        sm_percent_add(b, name);
        return true;
    default:
        sm_rescue_add_utf8(b, r->file->header);
        return r->file->header.ptr != NULL;
    }
}

static void bads_put(const bads_row *r, sm_reader_chunk *chunk, size_t row)
{
    sm_buf b;
    sm_buf_init(&b, 4 * (size_t)SM_DECODE_MAX_RECORD);
    for (size_t c = 0; c < chunk->n_columns; c++) {
        int64_t *numbers = chunk->data[c];
        sm_buf_clear(&b);
        switch (chunk->column[c]) {
        case BAD_WHOLE:
            ((uint8_t *)chunk->data[c])[row] = bads_whole(r);
            break;
        case BAD_LINE:
            numbers[row] = r->line;
            break;
        case BAD_FILE:
            numbers[row] = (int64_t)r->bad->at.file;
            break;
        case BAD_SIZE:
            numbers[row] = r->file->size;
            break;
        case BAD_MTIME:
            numbers[row] = r->file->mtime_us;
            break;
        default:
            if (bads_text_of(r, chunk->column[c], &b))
                sm_reader_text(chunk, c, row, sm_buf_sv(&b));
            else
                sm_reader_null(chunk, c, row);
        }
    }
    sm_buf_release(&b);
}

static sm_code bads_task_open(void *ctx, void *scan, const size_t *column, size_t n, void **task,
                              sm_error *err)
{
    bads_task *t = sm_xcalloc(1, sizeof *t);
    (void)scan;
    (void)column;
    (void)n;
    (void)err;
    t->bads = ctx;
    *task = t;
    return SM_OK;
}

static sm_code bads_fill(void *ctx, void *task, sm_reader_chunk *chunk, size_t *n_rows,
                         sm_error *err)
{
    const sm_decode_bads *b = ctx;
    bads_task *t = task;
    size_t bytes = 0;
    *n_rows = 0;
    while (*n_rows < SM_READER_ROWS && bytes < SM_DECODE_BAD_CHUNK && t->next < b->n) {
        const sm_decode_bad *bad = &b->items[t->next++];
        sm_sv text;
        sm_code rc = bads_seek(t, bad->at, err);
        int64_t line = t->line;
        if (rc != SM_OK || (rc = bads_text(t, bad, &text, err)) != SM_OK)
            return rc;
        bads_put(&(bads_row){ &b->files[bad->at.file], bad, line, text, b->reasons + bad->reason },
                 chunk, (*n_rows)++);
        bytes += text.len;
    }
    return SM_OK;
}

static void bads_task_close(void *ctx, void *task)
{
    bads_task *t = task;
    (void)ctx;
    sm_unpack_free(t->u);
    free(t->text);
    free(t);
}

sm_code sm_decode_bads_reader(sm_engine *e, sm_decode_bads *b, const sm_decode_file *files,
                              sm_engine_reader **out, sm_error *err)
{
    sm_column columns[BAD_COLUMNS] = {
        [BAD_PATH] = { .name = SM_SV("path"), .type = SM_SV("VARCHAR"), .nullable = true },
        [BAD_LINE] = { .name = SM_SV("line"), .type = SM_SV("BIGINT"), .nullable = true },
        [BAD_RAW] = { .name = SM_SV("raw"), .type = SM_SV("VARCHAR"), .nullable = true },
        [BAD_REASON] = { .name = SM_SV("reason"), .type = SM_SV("VARCHAR"), .nullable = true },
        [BAD_WHOLE] = { .name = SM_SV("whole"), .type = SM_SV("BOOLEAN"), .nullable = true },
        [BAD_FILE] = { .name = SM_SV("file"), .type = SM_SV("BIGINT"), .nullable = true },
        [BAD_NAME] = { .name = SM_SV("name"), .type = SM_SV("VARCHAR"), .nullable = true },
        [BAD_SIZE] = { .name = SM_SV("size"), .type = SM_SV("BIGINT"), .nullable = true },
        [BAD_MTIME] = { .name = SM_SV("modified"), .type = SM_SV("TIMESTAMP"), .nullable = true },
        [BAD_HEADER] = { .name = SM_SV("header"), .type = SM_SV("VARCHAR"), .nullable = true },
    };
    const sm_schema schema = { columns, BAD_COLUMNS };
    sm_reader_def def = {
        .schema = &schema,
        .rows = (int64_t)b->n,
        .max_threads = 1, /* it goes through the files in order */
        .ctx = b,
        .task_open = bads_task_open,
        .fill = bads_fill,
        .task_close = bads_task_close,
    };
    if (b->n > 0)
        qsort(b->items, b->n, sizeof *b->items, bads_compare);
    b->files = files;
    return sm_engine_reader_add(e, &def, out, err);
}
