/* SPDX-License-Identifier: Apache-2.0 */
/* decode_table.c -- decode a text in memory and show the rows as text. */
#include "tests/support/decode_table.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/connect/decode_value.h"

void decode_table_init(decode_table *t, const char *schema)
{
    sm_column columns[128];
    sm_error err = { 0 };
    size_t n = 0;
    *t = (decode_table){ .arena = sm_arena_new("decode table") };
    for (const char *p = schema; *p != '\0'; n++) {
        const char *space = strchr(p, ' '), *end = strchr(p, ';');
        end = end == NULL ? p + strlen(p) : end;
        assert(n < 128 && space != NULL);
        columns[n] = (sm_column){
            .name = sm_arena_dup(t->arena, (sm_sv){ p, (size_t)(space - p) }),
            .type = sm_arena_dup(t->arena, (sm_sv){ space + 1, (size_t)(end - space - 1) }),
        };
        for (p = end; *p == ';' || *p == ' '; p++)
            ;
    }
    const sm_schema s = { columns, n };
    sm_code rc = sm_decode_columns(&s, t->arena, &t->columns, &err);
    assert(rc == SM_OK);
    (void)rc;
    t->n = n;
    t->vectors = calloc(n + 1, sizeof *t->vectors);
    for (size_t i = 0; i < n; i++)
        t->vectors[i].data = malloc((size_t)t->columns[i].size * SM_DECODE_ROWS);
    sm_buf_init(&t->rows, 256 * 1024 * 1024);
}

void decode_table_release(decode_table *t)
{
    for (size_t i = 0; i < t->n; i++)
        free(t->vectors[i].data);
    free(t->vectors);
    sm_buf_release(&t->rows);
    sm_arena_free(t->arena);
}

static int64_t table_int(const sm_decode_column *c, const char *slot)
{
    int64_t v = 0;
    unsigned unused = 64 - 8u * c->size;
    memcpy(&v, slot, c->size);
    return (int64_t)((uint64_t)v << unused) >> unused;
}

static void table_value(decode_table *t, size_t column, size_t row)
{
    const sm_decode_column *c = &t->columns[column];
    const sm_decode_vector *v = &t->vectors[column];
    const char *slot = (const char *)v->data + row * c->size;
    char text[64];
    sm_decode_string s;
    double d;
    float f;
    if (v->has_null && (v->nulls[row / 64] >> (row % 64) & 1) != 0) {
        sm_buf_adds(&t->rows, "NULL");
        return;
    }
    switch (c->kind) {
    case SM_DECODE_BOOLEAN:
        sm_buf_adds(&t->rows, *slot ? "true" : "false");
        break;
    case SM_DECODE_FLOAT:
        memcpy(&f, slot, sizeof f);
        sm_buf_addf(&t->rows, "%.9g", (double)f);
        break;
    case SM_DECODE_DOUBLE:
        memcpy(&d, slot, sizeof d);
        sm_buf_addf(&t->rows, "%.17g", d);
        break;
    case SM_DECODE_DECIMAL:
        sm_decode__decimal_text(slot, c->width, c->scale, text);
        sm_buf_adds(&t->rows, text);
        break;
    case SM_DECODE_DATE:
        sm_decode__date_text((int32_t)table_int(c, slot), text);
        sm_buf_adds(&t->rows, text);
        break;
    case SM_DECODE_TIMESTAMP:
        sm_decode__timestamp_text(table_int(c, slot), text);
        sm_buf_adds(&t->rows, text);
        break;
    case SM_DECODE_VARCHAR:
    case SM_DECODE_JSON:
    case SM_DECODE_NESTED:
        memcpy(&s, slot, sizeof s);
        sm_buf_add(&t->rows, (sm_sv){ s.len <= 12 ? slot + 4 : s.u.ptr, s.len });
        break;
    case SM_DECODE_UINT64:
        sm_buf_addf(&t->rows, "%llu", (unsigned long long)table_int(c, slot));
        break;
    case SM_DECODE_UINT8:
    case SM_DECODE_UINT16:
    case SM_DECODE_UINT32:
        sm_buf_addf(&t->rows, "%llu",
                    (unsigned long long)table_int(c, slot) & (UINT64_MAX >> (64 - 8 * c->size)));
        break;
    case SM_DECODE_INT8:
    case SM_DECODE_INT16:
    case SM_DECODE_INT32:
    case SM_DECODE_INT64:
        sm_buf_addf(&t->rows, "%lld", (long long)table_int(c, slot));
        break;
    }
}

static void table_rows(decode_table *t, size_t n)
{
    t->n_rows += n;
    if (t->on_rows != NULL)
        t->on_rows(t, n);
    for (size_t row = 0; row < n; row++) {
        for (size_t c = 0; c < t->n; c++) {
            if (c > 0)
                sm_buf_addc(&t->rows, '|');
            table_value(t, c, row);
        }
        sm_buf_addc(&t->rows, '\n');
    }
}

static void table_clear(decode_table *t)
{
    memset(&t->tally, 0, sizeof t->tally);
    sm_buf_clear(&t->rows);
    t->n_rows = 0;
}

/* A block in memory, of exactly the size that the decoders may touch. */
static void table_block(sm_decode_block *block, const char *text, size_t len)
{
    sm_decode_block_init(block);
    block->buffer = malloc(len + SM_DECODE_PADDING);
    memcpy(block->buffer, text, len);
    memset(block->buffer + len, 0, SM_DECODE_PADDING);
    block->buffer[len] = '\n';
    block->data = block->buffer;
    block->end = block->buffer + len;
}

void decode_table_ndjson(decode_table *t, const char *text, size_t len)
{
    sm_ndjson *d = sm_ndjson_new(t->columns, t->n);
    sm_decode_block block;
    size_t rows;
    table_clear(t);
    table_block(&block, text, len);
    if (t->aside.files != NULL) {
        sm_ndjson_aside(d, &t->aside);
        sm_decode_block_keep(&block);
    }
    sm_ndjson_begin(d, &block);
    while ((rows = sm_ndjson_rows(d, t->vectors, &t->tally)) > 0)
        table_rows(t, rows);
    sm_decode_block_release(&block);
    sm_ndjson_free(d);
}

/* The columns that a field of a record feeds. */
static size_t table_fields(const decode_table *t)
{
    return t->n - (t->aside.rescued != NULL) - (t->aside.corrupt != NULL);
}

void decode_table_csv(decode_table *t, const sm_csv_dialect *dialect, const char *text, size_t len)
{
    sm_csv *d = sm_csv_new(t->columns, t->n, dialect);
    sm_decode_block block;
    size_t rows;
    table_clear(t);
    table_block(&block, text, len);
    if (t->aside.files != NULL) {
        sm_csv_aside(d, &t->aside);
        sm_decode_block_keep(&block);
    }
    sm_csv_begin(d, &block, &(sm_csv_fields){ .n = table_fields(t) });
    while ((rows = sm_csv_rows(d, t->vectors, &t->tally)) > 0)
        table_rows(t, rows);
    sm_decode_block_release(&block);
    sm_csv_free(d);
}

void decode_table_file(decode_table *t, const sm_decode_file *files, size_t n, size_t block_size)
{
    sm_decode_blocks *blocks = sm_decode_blocks_new(files, n, block_size);
    sm_ndjson *d = sm_ndjson_new(t->columns, t->n);
    sm_decode_block block;
    sm_error err = { 0 };
    bool more = true;
    size_t rows;
    table_clear(t);
    sm_decode_block_init(&block);
    for (;;) {
        sm_code rc = sm_decode_block_next(blocks, &block, &more, &err);
        assert(rc == SM_OK);
        (void)rc;
        if (!more)
            break;
        sm_ndjson_begin(d, &block);
        while ((rows = sm_ndjson_rows(d, t->vectors, &t->tally)) > 0)
            table_rows(t, rows);
    }
    sm_decode_block_release(&block);
    sm_decode_blocks_free(blocks);
    sm_ndjson_free(d);
}
