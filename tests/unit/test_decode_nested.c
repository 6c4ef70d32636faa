/* SPDX-License-Identifier: Apache-2.0 */
/* test_decode_nested.c -- STRUCT, LIST and MAP become canonical JSON. */
#include "tests/support/test.h"

#include <stdio.h>
#include <string.h>

#include "tests/support/decode_table.h"

/* JSON `value` in a column of `type` is rewritten to `expected`; "!reason": undecodable. */
static void check(const char *type, const char *value, const char *expected)
{
    char schema[300], text[600], row[600];
    decode_table t;
    snprintf(schema, sizeof schema, "v %s", type);
    snprintf(text, sizeof text, "{\"v\":%s}\n", value);
    snprintf(row, sizeof row, "%s\n", expected);
    decode_table_init(&t, schema);
    decode_table_ndjson(&t, text, strlen(text));
    if (*expected == '!') {
        assert_int_equal(t.tally.undecodable, 1);
        sm_test_contains(t.tally.samples[0].reason, expected + 1);
    } else {
        if (t.tally.undecodable > 0)
            fail_msg("%s as %s: %s", value, type, t.tally.samples[0].reason);
        assert_string_equal(t.rows.ptr, row);
    }
    decode_table_release(&t);
}

static void test_nested__a_struct_has_all_its_fields_in_order(void **state)
{
    (void)state;
    check("STRUCT(a INTEGER, b VARCHAR)", "{\"b\":\"x\",\"a\":1}", "{\"a\":1,\"b\":\"x\"}");
    check("STRUCT(a INTEGER, b VARCHAR)", "{}", "{\"a\":null,\"b\":null}");
    check("STRUCT(a INTEGER, b VARCHAR)", "{\"a\":1,\"a\":2}", "{\"a\":2,\"b\":null}");
    check("STRUCT(\"q\"\"q\" INTEGER)", "{\"q\\\"q\":1}", "{\"q\\\"q\":1}");
}

static void test_nested__leaves_are_read_as_columns_are(void **state)
{
    (void)state;
    check("STRUCT(t TIMESTAMP)", "{\"t\":\"2026-01-01T02:00:00+02:00\"}",
          "{\"t\":\"2026-01-01 00:00:00.000000\"}");
    check("STRUCT(d DATE)", "{\"d\":\"2026-01-01\"}", "{\"d\":\"2026-01-01\"}");
    check("STRUCT(d DECIMAL(30,2))", "{\"d\":12345678901234567890.555}",
          "{\"d\":\"12345678901234567890.56\"}");
    check("STRUCT(i INTEGER)", "{\"i\":\"-12\"}", "{\"i\":-12}");
    check("STRUCT(i UBIGINT)", "{\"i\":18446744073709551615}", "{\"i\":18446744073709551615}");
    check("STRUCT(b BOOLEAN)", "{\"b\":\"True\"}", "{\"b\":true}");
    check("STRUCT(v VARCHAR)", "{\"v\":1.10}", "{\"v\":\"1.10\"}");
    check("STRUCT(v VARCHAR)", "{\"v\":{\"x\":\"y\"}}", "{\"v\":\"{\\\"x\\\":\\\"y\\\"}\"}");
    check("STRUCT(v JSON)", "{\"v\":{\"x\":[1]}}", "{\"v\":{\"x\":[1]}}");
    check("STRUCT(v DOUBLE)", "{\"v\":\"NaN\"}", "{\"v\":\"NaN\"}");
    check("DOUBLE[]", "[0.1,null]", "[1.0000000000000001e-01,null]");
}

static void test_nested__lists_and_maps_nest(void **state)
{
    (void)state;
    check("INTEGER[]", "[1, 2 ,\tnull]", "[1,2,null]");
    check("INTEGER[]", "[ ]", "[]");
    check("INTEGER[][]", "[[1],[],null]", "[[1],[],null]");
    check("MAP(VARCHAR, STRUCT(a INTEGER)[])", "{\"k\":[{\"a\":1}]}", "{\"k\":[{\"a\":1}]}");
    check("MAP(INTEGER, BOOLEAN)", "{\"7\":true, \"8\":false}", "{\"7\":true,\"8\":false}");
    check("MAP(VARCHAR, VARCHAR)", "{\"a\\nb\":\"c\\nd\"}", "{\"a\\u000ab\":\"c\\nd\"}");
    check("MAP(VARCHAR, VARCHAR)", "{}", "{}");
}

static void test_nested__a_part_that_does_not_fit_spoils_the_record(void **state)
{
    (void)state;
    check("STRUCT(a INTEGER)", "[1]", "!field \"v\": a value inside is no STRUCT(a INTEGER)");
    check("STRUCT(a INTEGER)", "\"x\"", "!field \"v\": x is no STRUCT(a INTEGER)");
    check("STRUCT(a INTEGER)", "{\"a\":\"x\"}", "!field \"v\": x is no INTEGER");
    check("INTEGER[]", "{\"a\":1}", "!a value inside is no INTEGER[]");
    check("INTEGER[]", "[1,]", "!\"]\" where a value should be");
    check("INTEGER[]", "[1", "!\"}\" where \",\" or \"]\" should be");
    check("INTEGER[]", "[2147483648]", "!2147483648 is out of range for INTEGER");
    check("MAP(VARCHAR, INTEGER)", "{\"a\":1,\"a\":2}", "!field \"v\": a MAP has a key twice");
    check("MAP(INTEGER, INTEGER)", "{\"a\":1}", "!a is no INTEGER");
}

static void test_nested__tells_fields_that_the_type_has_not(void **state)
{
    static const char text[] = "{\"v\":{\"a\":1,\"new\":{\"x\":[2]}}}\n";
    decode_table t;
    (void)state;
    decode_table_init(&t, "v STRUCT(a INTEGER)");
    decode_table_ndjson(&t, text, sizeof text - 1);
    assert_string_equal(t.rows.ptr, "{\"a\":1}\n");
    assert_int_equal(t.tally.n_unknown, 1);
    assert_memory_equal(t.tally.unknown[0].name, "v.new", 5);
    decode_table_release(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_nested__a_struct_has_all_its_fields_in_order),
        SM_TEST(test_nested__leaves_are_read_as_columns_are),
        SM_TEST(test_nested__lists_and_maps_nest),
        SM_TEST(test_nested__a_part_that_does_not_fit_spoils_the_record),
        SM_TEST(test_nested__tells_fields_that_the_type_has_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
