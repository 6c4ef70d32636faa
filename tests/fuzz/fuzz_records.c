/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_records.c -- any bytes under any options: CSV dialects, records over several lines, rescued
 * data, corrupt records.
 *
 * The first byte chooses.  Whatever the bytes are: a file scanned in pieces has the records of the
 * whole one and JSON keeps its length, every record is a row or undecodable, texts are UTF-8,
 * and what is rescued is a JSON object (with a key twice if the record had it). */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/json.h"
#include "tests/support/decode_table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    BIT_MULTI = 1,
    BIT_SLASH = 2,
    BIT_TRIM = 4,
    BIT_COMMENT = 8,
    BIT_CORRUPT = 16,
    BIT_JSON = 32
};

static void records_check(int ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "broken promise: %s\n", what);
        abort();
    }
}

static sm_csv_dialect records_dialect(unsigned bits)
{
    return (sm_csv_dialect){
        .sep = ',',
        .quote = (bits & BIT_SLASH) != 0 ? '\'' : '"',
        .escape = (bits & BIT_SLASH) != 0 ? '\\' : '"',
        .comment = (bits & BIT_COMMENT) != 0 ? '#' : '\0',
        .multi_line = (bits & BIT_MULTI) != 0,
        .trim_left = (bits & BIT_TRIM) != 0,
        .trim_right = (bits & BIT_TRIM) != 0,
        .null_value = SM_SV_LIT("NA"),
        .empty_value = SM_SV_LIT("empty\0\0\0\0\0\0\0\0\0\0\0"),
        .nan_value = SM_SV_LIT("nan"),
        .positive_inf = SM_SV_LIT("inf"),
        .negative_inf = SM_SV_LIT("-inf"),
    };
}

/* The places where records end, as one number, when the text comes in pieces of `step`. */
static uint64_t records_ends(const sm_framing *framing, char *text, size_t len, size_t step)
{
    sm_frame f = { 0 };
    uint64_t sum = 1;
    for (size_t i = 0, still = 0; i < len;) {
        size_t have = len - i < step ? len - i : step;
        bool ended;
        size_t n = sm_frame_scan(framing, &f, text + i, have, &ended);
        records_check(n <= have && (n == have || ended), "a scan takes all or ends");
        still = n == 0 ? still + 1 : 0;
        records_check(still < 2, "a scan goes on");
        i += n;
        if (ended)
            sum = sum * 31 + i;
    }
    return sum;
}

static void records_frame(const sm_framing *framing, const uint8_t *data, size_t size)
{
    char *whole = malloc(size + 1), *pieces = malloc(size + 1);
    memcpy(whole, data, size);
    memcpy(pieces, data, size);
    uint64_t ends = records_ends(framing, whole, size, size + 1);
    records_check(records_ends(framing, pieces, size, 3) == ends, "pieces have the same records");
    records_check(memcmp(whole, pieces, size) == 0, "pieces have the same text");
    free(whole);
    free(pieces);
}

/* What a chunk rescued: JSON, unless it has what jansson refuses and we do not. */
static void records_rescued(const decode_table *t, size_t rows)
{
    sm_arena *a = sm_arena_new("fuzz");
    const sm_decode_vector *v = &t->vectors[t->aside.rescued - t->columns];
    const sm_decode_string *strings = v->data;
    for (size_t i = 0; i < rows && i < 16; i++) {
        sm_json *json;
        sm_error err;
        if (v->has_null && (v->nulls[i / 64] >> (i % 64) & 1) != 0)
            continue;
        const char *p = strings[i].len <= 12 ? strings[i].head : strings[i].u.ptr;
        sm_code rc = sm_json_parse((sm_sv){ p, strings[i].len }, a, &json, &err);
        records_check(rc == SM_OK || strstr(err.msg, "\\u0000") != NULL ||
                          strstr(err.msg, "duplicate") != NULL ||
                          strstr(err.msg, "real number overflow") != NULL ||
                          strstr(err.msg, "too big") != NULL || strings[i].len > 1024,
                      "what is rescued is JSON");
    }
    sm_arena_free(a);
}

static void records_decode(unsigned bits, const uint8_t *data, size_t size)
{
    static const sm_decode_file file = { .path = "fuzz", .name = "fuzz \xff\".json", .size = 0 };
    const sm_csv_dialect dialect = records_dialect(bits);
    decode_table t;
    decode_table_init(&t, "id BIGINT; s VARCHAR; d DOUBLE; st STRUCT(a DOUBLE, l BIGINT[], "
                          "n STRUCT(x DATE)); m MAP(DATE, BIGINT); _rest VARCHAR; _bad VARCHAR");
    t.aside = (sm_decode_aside){ .files = &file, .rescued = &t.columns[5] };
    if ((bits & BIT_CORRUPT) != 0)
        t.aside.corrupt = &t.columns[6];
    t.on_rows = records_rescued;
    if ((bits & BIT_JSON) != 0)
        decode_table_ndjson(&t, (const char *)data, size);
    else
        decode_table_csv(&t, &dialect, (const char *)data, size);
    records_check(t.tally.records == (int64_t)t.n_rows + t.tally.undecodable, "rows add up");
    records_check((bits & BIT_CORRUPT) == 0 || t.tally.undecodable == 0,
                  "corrupt records are rows");
    records_check(sm_utf8_check(sm_buf_sv(&t.rows)) == t.rows.len, "texts are UTF-8");
    decode_table_release(&t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const sm_framing json = { .kind = SM_FRAME_JSON };
    if (size == 0 || size > 100000)
        return 0;
    sm_csv_dialect dialect = records_dialect(data[0]);
    dialect.multi_line = true;
    const sm_framing csv = sm_csv_framing(&dialect);
    records_frame(&json, data + 1, size - 1);
    records_frame(&csv, data + 1, size - 1);
    records_decode(data[0], data + 1, size - 1);
    return 0;
}
