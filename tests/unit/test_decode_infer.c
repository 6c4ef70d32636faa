/* SPDX-License-Identifier: Apache-2.0 */
/* test_decode_infer.c -- columns from what records look like. */
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/connect/decode_infer.h"

static void infer_block(sm_decode_block *block, const char *text)
{
    size_t len = strlen(text);
    sm_decode_block_init(block);
    block->buffer = calloc(1, len + SM_DECODE_PADDING);
    memcpy(block->buffer, text, len);
    block->buffer[len] = '\n';
    block->data = block->buffer;
    block->end = block->buffer + len;
    block->first = true;
}

static void check_schema(const sm_schema *s, sm_arena *a, const char *expected)
{
    sm_buf text;
    (void)a;
    sm_buf_init(&text, 64 * 1024);
    for (size_t i = 0; i < s->n; i++)
        sm_buf_addf(&text, "%s%.*s %.*s", i > 0 ? "; " : "", SM_SV_ARG(s->columns[i].name),
                    SM_SV_ARG(s->columns[i].type));
    assert_string_equal(text.ptr, expected);
    sm_buf_release(&text);
}

static void check_json(const char *text, const char *expected)
{
    sm_arena *a = sm_arena_new("test");
    sm_infer *in = sm_infer_new(a, &(sm_infer_rules){ .types = true });
    sm_decode_block block;
    sm_schema schema;
    sm_error err = { 0 };
    infer_block(&block, text);
    sm_infer_ndjson(in, &block);
    sm_assert_ok(sm_infer_schema(in, NULL, &schema, &err), err);
    check_schema(&schema, a, expected);
    sm_decode_block_release(&block);
    sm_arena_free(a);
}

static void check_csv(const char *text, const char *expected)
{
    const sm_csv_dialect dialect = { .sep = ',', .quote = '"', .escape = '"', .header = true };
    const sm_sv names[] = { SM_SV("a"), SM_SV("b") };
    sm_arena *a = sm_arena_new("test");
    sm_infer *in = sm_infer_new(a, &(sm_infer_rules){ .types = true });
    sm_decode_block block;
    sm_schema schema;
    sm_error err = { 0 };
    infer_block(&block, text);
    sm_assert_ok(sm_infer_csv(in, &dialect, &block, names, 2, &err), err);
    sm_assert_ok(sm_infer_schema(in, NULL, &schema, &err), err);
    check_schema(&schema, a, expected);
    sm_decode_block_release(&block);
    sm_arena_free(a);
}

static void test_infer__finds_the_types_of_scalars(void **state)
{
    (void)state;
    check_json("{\"b\":true,\"i\":1,\"d\":1.5,\"s\":\"x\",\"day\":\"2026-01-01\","
               "\"at\":\"2026-01-01T10:00:00Z\",\"n\":null}\n",
               "b BOOLEAN; i BIGINT; d DOUBLE; s VARCHAR; day DATE; at TIMESTAMP; n VARCHAR");
}

static void test_infer__widens_whatever_the_order(void **state)
{
    (void)state;
    check_json("{\"x\":1}\n{\"x\":1.5}\n", "x DOUBLE");
    check_json("{\"x\":1.5}\n{\"x\":1}\n", "x DOUBLE");
    check_json("{\"x\":1}\n{\"x\":99999999999999999999}\n", "x DECIMAL(38,0)");
    check_json("{\"x\":\"2026-01-01\"}\n{\"x\":\"2026-01-01 10:00:00\"}\n", "x TIMESTAMP");
    check_json("{\"x\":\"2026-01-01\"}\n{\"x\":\"soon\"}\n", "x VARCHAR");
    check_json("{\"x\":1}\n{\"x\":\"1\"}\n", "x VARCHAR");
    check_json("{\"x\":null}\n{\"x\":7}\n", "x BIGINT");
    check_json("{\"x\":true}\n{\"x\":1}\n", "x VARCHAR");
}

static void test_infer__keeps_nested_values(void **state)
{
    (void)state;
    check_json("{\"s\":{\"a\":1}}\n{\"s\":{\"b\":[\"x\"]}}\n",
               "s STRUCT(\"a\" BIGINT, \"b\" VARCHAR[])");
    check_json("{\"l\":[]}\n{\"l\":[{\"x\":1},{\"x\":2.5}]}\n", "l STRUCT(\"x\" DOUBLE)[]");
    check_json("{\"l\":[]}\n", "l VARCHAR[]");
    check_json("{\"s\":{}}\n", "s VARCHAR");
    check_json("{\"s\":{\"a\":1}}\n{\"s\":[1]}\n", "s VARCHAR");
    check_json("{\"s\":{\"a\":1,\"A\":2}}\n", "s VARCHAR");
}

static void test_infer__passes_over_what_is_no_record(void **state)
{
    (void)state;
    check_json("{\"x\":1\n\nnonsense\n{\"x\":2}\n", "x BIGINT");
}

static void test_infer__keeps_the_order_in_which_fields_were_met(void **state)
{
    (void)state;
    check_json("{\"b\":1}\n{\"a\":1,\"b\":2}\n", "b BIGINT; a BIGINT");
}

static void test_infer__reads_separated_values(void **state)
{
    (void)state;
    check_csv("a,b\n1,x\n2.5,\n", "a DOUBLE; b VARCHAR");
    check_csv("a,b\ntrue,2026-01-01\nFalse,\n", "a BOOLEAN; b DATE");
    check_csv("a,b\n007,\"1\"\n", "a VARCHAR; b BIGINT");
    check_csv("a,b\n1\n1,2\n", "a BIGINT; b BIGINT");
    check_csv("a,b\n", "a VARCHAR; b VARCHAR");
}

static void test_infer__says_so_when_nothing_is_a_record(void **state)
{
    sm_arena *a = sm_arena_new("test");
    sm_infer *in = sm_infer_new(a, &(sm_infer_rules){ .types = true });
    const sm_decode_file file = { .path = "no such file", .name = "x.json", .size = 10 };
    sm_decode_block block;
    sm_schema schema;
    sm_error err = { 0 };
    (void)state;
    infer_block(&block, "\nnonsense\n");
    sm_infer_ndjson(in, &block);
    sm_assert_code(sm_infer_schema(in, &file, &schema, &err), SM_E_INVALID);
    sm_test_contains(err.msg, "x.json");
    sm_test_contains(err.msg, "\"n\" where \"{\" should be");
    sm_decode_block_release(&block);
    sm_arena_free(a);
}

static void check_refused(const char *text, const char *message)
{
    sm_arena *a = sm_arena_new("test");
    sm_infer *in = sm_infer_new(a, &(sm_infer_rules){ .types = true });
    sm_decode_block block;
    sm_schema schema;
    sm_error err = { 0 };
    infer_block(&block, text);
    sm_infer_ndjson(in, &block);
    sm_assert_code(sm_infer_schema(in, NULL, &schema, &err), SM_E_INVALID);
    sm_test_contains(err.msg, message);
    sm_decode_block_release(&block);
    sm_arena_free(a);
}

static void test_infer__refuses_names_that_columns_cannot_have(void **state)
{
    (void)state;
    check_refused("{\"id\":1,\"ID\":2}\n", "fields \"id\" and \"ID\" differ only in case");
    check_refused("{\"a\":1,\"\":2}\n", "a field has the empty name");
}

static void test_infer__escaped_newlines_begin_no_record(void **state)
{
    (void)state;
    check_json("{\"a\":1,\"\\n{\\\"b\\\":5}\\n\":1}\n", "a BIGINT; \n{\"b\":5}\n BIGINT");
}

static void test_infer__knows_nothing_without_records(void **state)
{
    (void)state;
    check_json("", "");
    check_json("\n\n", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_infer__finds_the_types_of_scalars),
        SM_TEST(test_infer__widens_whatever_the_order),
        SM_TEST(test_infer__keeps_nested_values),
        SM_TEST(test_infer__passes_over_what_is_no_record),
        SM_TEST(test_infer__keeps_the_order_in_which_fields_were_met),
        SM_TEST(test_infer__reads_separated_values),
        SM_TEST(test_infer__says_so_when_nothing_is_a_record),
        SM_TEST(test_infer__refuses_names_that_columns_cannot_have),
        SM_TEST(test_infer__escaped_newlines_begin_no_record),
        SM_TEST(test_infer__knows_nothing_without_records),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
