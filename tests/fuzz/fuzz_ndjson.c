/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_ndjson.c -- any bytes as JSON lines and as separated values.
 *
 * Whatever the bytes are: the row behind them survives, every record is a row or
 * undecodable, texts are UTF-8, canonical JSON is JSON, and columns that are inferred from
 * records can be read from them. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/json.h"
#include "runtime/connect/decode_infer.h"
#include "tests/support/decode_table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char fuzz_schema[] =
    "id BIGINT; s VARCHAR; d DOUBLE; f FLOAT; c DECIMAL(38,10); b BOOLEAN; day DATE; at TIMESTAMP; "
    "u UTINYINT; j JSON; l STRUCT(x INTEGER, t TIMESTAMP)[]; m MAP(VARCHAR, DECIMAL(5,2)); "
    "st STRUCT(a DOUBLE, v VARCHAR, b BOOLEAN[])";

static void fuzz_check(int ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "broken promise: %s\n", what);
        abort();
    }
}

/* The canonical JSON that a chunk delivered. */
static void fuzz_check_nested(const decode_table *t, size_t rows)
{
    sm_arena *a = sm_arena_new("fuzz");
    for (size_t c = 0; c < t->n; c++) {
        const sm_decode_string *strings = t->vectors[c].data;
        if (t->columns[c].kind != SM_DECODE_NESTED)
            continue;
        for (size_t i = 0; i < rows && i < 4; i++) {
            sm_json *json;
            sm_error err;
            if (t->vectors[c].has_null && (t->vectors[c].nulls[i / 64] >> (i % 64) & 1) != 0)
                continue;
            const char *p = strings[i].len <= 12 ? strings[i].head : strings[i].u.ptr;
            sm_code rc = sm_json_parse((sm_sv){ p, strings[i].len }, a, &json, &err);
            /* jansson refuses more than we do: NUL in strings, huge numbers inside text */
            fuzz_check(rc == SM_OK || strstr(err.msg, "\\u0000") != NULL || strings[i].len > 4096,
                       "canonical JSON is JSON");
        }
    }
    sm_arena_free(a);
}

static void fuzz_ndjson(const uint8_t *data, size_t size)
{
    static const char behind[] = "\n{\"id\":-77}\n";
    char *text = malloc(size + sizeof behind);
    decode_table t;
    memcpy(text, data, size);
    memcpy(text + size, behind, sizeof behind);
    decode_table_init(&t, fuzz_schema);
    t.on_rows = fuzz_check_nested;
    decode_table_ndjson(&t, text, size + sizeof behind - 1);
    fuzz_check(t.tally.records == (int64_t)t.n_rows + t.tally.undecodable, "rows add up");
    fuzz_check(sm_utf8_check(sm_buf_sv(&t.rows)) == t.rows.len, "texts are UTF-8");
    fuzz_check(sm_sv_ends(sm_buf_sv(&t.rows), SM_SV("-77|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|"
                                                    "NULL|NULL|NULL|NULL\n")),
               "the row behind survives");
    decode_table_release(&t);
    free(text);
}

static void fuzz_csv(const uint8_t *data, size_t size)
{
    static const sm_csv_dialect dialects[] = {
        { .sep = ',', .quote = '"', .escape = '"' },
        { .sep = ';', .quote = '\'', .escape = '\\', .null_value = SM_SV_LIT("NA") },
    };
    static const char behind[] = "\n-77,,,,,,,\n";
    char *text = malloc(size + sizeof behind);
    decode_table t;
    memcpy(text, data, size);
    memcpy(text + size, behind, sizeof behind);
    decode_table_init(&t,
                      "id BIGINT; s VARCHAR; d DOUBLE; c DECIMAL(9,2); b BOOLEAN; at TIMESTAMP; "
                      "day DATE; l INTEGER[]");
    for (size_t i = 0; i < 2; i++) {
        decode_table_csv(&t, &dialects[i], text, size + sizeof behind - 1);
        fuzz_check(t.tally.records == (int64_t)t.n_rows + t.tally.undecodable, "rows add up");
        fuzz_check(sm_utf8_check(sm_buf_sv(&t.rows)) == t.rows.len, "texts are UTF-8");
        fuzz_check(i == 1 || sm_sv_ends(sm_buf_sv(&t.rows),
                                        SM_SV("-77|NULL|NULL|NULL|NULL|NULL|NULL|NULL\n")),
                   "the row behind survives");
    }
    decode_table_release(&t);
    free(text);
}

/* Inferred columns read every record they were inferred from. */
static void fuzz_infer(const uint8_t *data, size_t size)
{
    sm_arena *a = sm_arena_new("fuzz");
    sm_infer *in = sm_infer_new(a, &(sm_infer_rules){ .types = true });
    const sm_decode_file file = { .path = "no such file", .name = "fuzz", .size = (int64_t)size };
    sm_decode_block block;
    sm_schema schema;
    sm_error err;
    decode_table t = { 0 };
    sm_decode_block_init(&block);
    block.buffer = calloc(1, size + SM_DECODE_PADDING);
    memcpy(block.buffer, data, size);
    block.buffer[size] = '\n';
    block.data = block.buffer;
    block.end = block.buffer + size;
    sm_infer_ndjson(in, &block);
    if (sm_infer_schema(in, &file, &schema, &err) == SM_OK && schema.n > 0 && schema.n < 1000) {
        sm_decode_column *columns;
        fuzz_check(sm_decode_columns(&schema, a, &columns, &err) == SM_OK, "columns can be read");
        decode_table_init(&t, "");
        t.columns = columns;
        t.n = schema.n;
        free(t.vectors);
        t.vectors = calloc(schema.n, sizeof *t.vectors);
        for (size_t i = 0; i < schema.n; i++)
            t.vectors[i].data = malloc((size_t)columns[i].size * SM_DECODE_ROWS);
        t.on_rows = fuzz_check_nested;
        decode_table_ndjson(&t, (const char *)data, size);
        fuzz_check(t.tally.n_unknown == 0, "inferred columns have all fields");
        decode_table_release(&t);
    }
    sm_decode_block_release(&block);
    sm_arena_free(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    if (*data % 4 == 0)
        fuzz_csv(data + 1, size - 1);
    else if (*data % 4 == 1)
        fuzz_infer(data + 1, size - 1);
    else
        fuzz_ndjson(data + 1, size - 1);
    return 0;
}
