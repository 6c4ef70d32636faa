/* SPDX-License-Identifier: Apache-2.0 */
/* decode_constant.c -- columns whose value is the file's, not the record's. */
#include "runtime/connect/decode_constant.h"

#include <string.h>

#include "runtime/connect/decode_value.h"

enum { SLOT = 16, TAIL = 16 /* bytes that a decoder may look at behind a text */ };

struct sm_decode_constants {
    sm_arena *arena;
    sm_decode_column *columns;
    size_t n_columns, n_files;
    char (*slots)[SLOT]; /* [column * n_files + file] */
    bool *given;
};

sm_code sm_decode_constants_new(const sm_schema *schema, size_t n_files, sm_arena *a,
                                sm_decode_constants **out, sm_error *err)
{
    sm_decode_constants *k = SM_NEW(a, sm_decode_constants);
    sm_code rc = sm_decode_columns(schema, a, &k->columns, err);
    if (rc != SM_OK)
        return rc;
    k->arena = a;
    k->n_columns = schema->n;
    k->n_files = n_files;
    k->slots = sm_arena_alloc(a, SLOT, SLOT, schema->n * n_files + 1);
    k->given = SM_NEW_N(a, bool, schema->n *n_files + 1);
    *out = k;
    return SM_OK;
}

sm_sv sm_decode_plain_number(sm_sv text)
{
    size_t zeros = 0;
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return text;
    while (zeros + 1 < text.len && text.ptr[zeros] == '0')
        zeros++;
    return sm_sv_sub(text, zeros, text.len);
}

sm_code sm_decode_constants_set(sm_decode_constants *k, size_t c, size_t file, sm_sv text,
                                sm_error *err)
{
    const sm_decode_column *column = &k->columns[c];
    size_t at = c * k->n_files + file;
    sm_decode_context x = { .scratch = k->arena };
    char *bytes = SM_NEW_N(k->arena, char, text.len + TAIL); /* zeroed behind the text */
    bool ok;
    if (column->kind == SM_DECODE_JSON || column->kind == SM_DECODE_NESTED)
        return sm_fail(err, SM_E_INVALID, 0, "a column of type %.*s cannot come from a path",
                       SM_SV_ARG(column->type_text));
    if (column->kind != SM_DECODE_VARCHAR)
        text = sm_decode_plain_number(text);
    memcpy(bytes, text.ptr, text.len);
    sm_buf_init(&x.text, SM_DECODE_MAX_RECORD);
    ok = sm_utf8_check(text) == text.len &&
         sm_decode__text(column, bytes, text.len, k->slots[at], &x);
    sm_buf_release(&x.text);
    if (!ok)
        return sm_fail(err, SM_E_INVALID, 0, "\"%.*s\" is no %.*s", SM_SV_ARG(text),
                       SM_SV_ARG(column->type_text));
    k->given[at] = true;
    return SM_OK;
}

size_t sm_decode_constants_count(const sm_decode_constants *k)
{
    return k == NULL ? 0 : k->n_columns;
}

const sm_decode_column *sm_decode_constants_column(const sm_decode_constants *k, size_t c)
{
    return &k->columns[c];
}

bool sm_decode_constants_fill(const sm_decode_constants *k, size_t c, size_t file, void *data,
                              size_t n)
{
    size_t at = c * k->n_files + file, size = k->columns[c].size;
    for (size_t i = 0; k->given[at] && i < n; i++)
        memcpy((char *)data + i * size, k->slots[at], size);
    return k->given[at];
}
