/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_sql.c -- any bytes as a SQL text, a zero byte, and any bytes as the engine's tree of it:
 * tokens, walk, judgement, compiled text, the way back from an error of binding. */
#include <stdint.h>
#include <stdlib.h>

#include "pipelines/sql/sql.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct input {
    sm_sv sql, answer;
} input;

static sm_code parse(void *ctx, const sm_sv *texts, size_t n, sm_arena *a, sm_sv *out,
                     sm_error *err)
{
    (void)texts;
    (void)a;
    (void)err;
    for (size_t i = 0; i < n; i++)
        out[i] = ((const input *)ctx)->answer;
    return SM_OK;
}

/* Complains about each place of the text in turn, in the engine's forms. */
static sm_code bind(void *ctx, sm_sv text, const sm_sql_relation *relations, size_t n, sm_arena *a,
                    sm_schema *out, sm_sql_error *why, sm_error *err)
{
    static const char *const words[] = {
        "Referenced column \"a\" not found in FROM clause!",
        "Table \"t\" does not have a column named \"b\"",
        "Referenced table \"t\" not found!",
        "Referenced column \"",
        "",
    };
    size_t *turn = (size_t *)ctx;

    (void)relations;
    (void)n;
    (void)a;
    (void)out;
    (void)err;
    *why = (sm_sql_error){ .offset = *turn % (text.len + 2),
                           .message = sm_sv_cstr(words[*turn % (sizeof words / sizeof *words)]) };
    ++*turn;
    return SM_E_SQL;
}

static void complain(const sm_sql_query *q, const sm_sql_text *t, sm_arena *a, sm_diags *d)
{
    size_t turn = 0;
    sm_sql_engine e = { .ctx = &turn, .bind = bind };
    sm_column column = { SM_SV("aa"), SM_SV("BIGINT"), true, SM_SV("") };
    sm_schema schema = { &column, 1 }, out;
    sm_sql_relation relation = { SM_SV("r"), &schema };
    sm_error err;
    bool ok;

    for (int i = 0; i < 20; i++)
        (void)sm_sql_bind(&e, q, t, &relation, 1, a, d, &out, &ok, &err);
    (void)sm_sql_column_span(q, 0, 1);
}

static void use(const sm_sql_query *q, sm_arena *a, sm_diags *d)
{
    bool *streaming = SM_NEW_N(a, bool, q->n_refs + 1);
    sm_sql_leaf *leaves = SM_NEW_N(a, sm_sql_leaf, q->n_refs + 1);
    sm_sql_text text;

    for (size_t i = 0; i < q->n_refs; i++) {
        streaming[i] = q->refs[i].stream;
        leaves[i] = (sm_sql_leaf){ .relation = SM_SV("_smelt_in_0"), .alias = q->refs[i].name };
    }
    (void)sm_sql_judge_stream(q, streaming, false, d);
    if (sm_sql_compile(q, leaves, SM_SQL_PLAIN, a, d, &text))
        complain(q, &text, a, d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sm_arena *a = sm_arena_new("fuzz");
    sm_sv rest = { (const char *)data, size };
    input in = { SM_SV(""), SM_SV("") };
    sm_sql_engine e = { .ctx = &in, .parse = parse };
    sm_diags *d = sm_diags_new(a);
    const sm_sql_query *q;
    sm_error err;
    sm_text text;

    (void)sm_sv_next(&rest, '\0', &in.sql);
    in.answer = rest.ptr ? rest : SM_SV("{}");
    in.sql = sm_arena_dup(a, in.sql);
    text = sm_text_of(in.sql, "<query>");
    (void)sm_sql_normal(in.sql, a);
    for (int kind = SM_SQL_QUERY; kind <= SM_SQL_RULE; kind++) {
        sm_sql_input one = { (sm_sql_kind)kind, &text, SM_SV("q"), { NULL, 0 } };

        if (sm_sql_read(&e, &one, 1, a, d, &q, &err) == SM_OK && q)
            use(q, a, d);
    }
    sm_arena_free(a);
    return 0;
}
