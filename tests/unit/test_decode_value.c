/* SPDX-License-Identifier: Apache-2.0 */
/* test_decode_value.c -- what fits where, value by value (the table of decode.h). */
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/connect/decode_value.h"
#include "tests/support/decode_table.h"

/* JSON `value` in a column of `type` reads as `expected`; "!reason" for undecodable. */
static void check(const char *type, const char *value, const char *expected)
{
    char schema[200], text[400], row[400];
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

static void test_value__integers_are_exact_to_their_last_value(void **state)
{
    (void)state;
    check("TINYINT", "127", "127");
    check("TINYINT", "-128", "-128");
    check("TINYINT", "128", "!128 is out of range for TINYINT");
    check("SMALLINT", "-32768", "-32768");
    check("SMALLINT", "-32769", "!out of range");
    check("INTEGER", "-2147483648", "-2147483648");
    check("BIGINT", "9223372036854775807", "9223372036854775807");
    check("BIGINT", "-9223372036854775808", "-9223372036854775808");
    check("BIGINT", "9223372036854775808", "!out of range");
    check("BIGINT", "123456789012345678901234567890", "!out of range");
    check("UTINYINT", "255", "255");
    check("UTINYINT", "-1", "!out of range");
    check("UTINYINT", "-0", "0");
    check("USMALLINT", "65535", "65535");
    check("UINTEGER", "4294967295", "4294967295");
    check("UBIGINT", "18446744073709551615", "18446744073709551615");
    check("UBIGINT", "18446744073709551616", "!out of range");
}

static void test_value__a_whole_number_may_be_written_with_a_point(void **state)
{
    (void)state;
    check("BIGINT", "1.0", "1");
    check("BIGINT", "1e3", "1000");
    check("BIGINT", "12.50e1", "125");
    check("BIGINT", "1.25", "!1.25 is not a whole number for BIGINT");
    check("BIGINT", "1e-1", "!not a whole number");
    check("BIGINT", "1e-400", "!not a whole number");
    check("BIGINT", "0e400", "0");
    check("BIGINT", "1.00000000000000000000000000", "1");
}

static void test_value__doubles_are_rounded_once(void **state)
{
    static const char *const numbers[] = {
        "0.1",
        "1e22",
        "1e23",
        "123456789.123456789",
        "2.2250738585072014e-308",
        "5e-324",
        "9007199254740993",
        "1.7976931348623157e308",
        "0.000001",
        "3.141592653589793",
        "179769313486231580793728971405301e276",
        "4.35",
        "0.3",
        "100000000000000000000000",
    };
    (void)state;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        char expected[64];
        snprintf(expected, sizeof expected, "%.17g", strtod(numbers[i], NULL));
        check("DOUBLE", numbers[i], expected);
    }
    check("DOUBLE", "1e999", "!1e999 is out of range for DOUBLE");
    check("DOUBLE", "-1e309", "!out of range");
    check("DOUBLE", "1e-999", "0");
    check("FLOAT", "0.1", "0.100000001");
    check("FLOAT", "1e39", "!out of range for FLOAT");
}

/* Random doubles in many spellings are those that strtod() reads, bit for bit. */
static void test_value__doubles_are_those_of_the_c_library(void **state)
{
    static const char *const formats[] = { "%.17g", "%.15g", "%.6e", "%.3f", "%.1e", "%.25g" };
    const sm_decode_column column = { .kind = SM_DECODE_DOUBLE, .size = 8 };
    uint64_t random = 88172645463325252u;
    (void)state;
    for (int i = 0; i < 60000; i++) {
        sm_decode_fault fault = { .quiet = true };
        sm_decode_number n;
        char text[500 + SM_DECODE_PADDING] = { 0 };
        double v, got;
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        uint64_t bits =
            i % 2 == 0 ? random
                       : (random & ~(UINT64_C(0x7ff) << 52)) | (UINT64_C(1000) + random % 60) << 52;
        memcpy(&v, &bits, sizeof v);
        snprintf(text, 500, formats[i % 6], v);
        if (v != v || strtod(text, NULL) - strtod(text, NULL) != 0)
            continue; /* no number, or one that rounds out of range */
        assert_non_null(sm_decode__number(text, &n, &fault));
        assert_true(sm_decode__put_number(&column, &n, &got, &fault));
        v = strtod(text, NULL);
        if (memcmp(&v, &got, sizeof v) != 0)
            fail_msg("%s is read as %.17g", text, got);
    }
}

static void test_value__decimals_are_rounded_half_away_from_zero(void **state)
{
    (void)state;
    check("DECIMAL(10,2)", "1.005", "1.01");
    check("DECIMAL(10,2)", "-1.005", "-1.01");
    check("DECIMAL(10,2)", "1.0049", "1.00");
    check("DECIMAL(10,2)", "12", "12.00");
    check("DECIMAL(10,2)", "1e3", "1000.00");
    check("DECIMAL(10,2)", "0.004", "0.00");
    check("DECIMAL(10,2)", "1e-300", "0.00");
    check("DECIMAL(4,2)", "99.99", "99.99");
    check("DECIMAL(4,2)", "99.995", "!out of range");
    check("DECIMAL(4,2)", "100", "!100 is out of range for DECIMAL(4,2)");
    check("DECIMAL(9,0)", "123456789", "123456789");
    check("DECIMAL(18,4)", "12345678901234.5678", "12345678901234.5678");
    check("DECIMAL(38,2)", "123456789012345678901234567890123456.785",
          "123456789012345678901234567890123456.79");
    check("DECIMAL(38,0)", "99999999999999999999999999999999999999",
          "99999999999999999999999999999999999999");
    check("DECIMAL(38,0)", "100000000000000000000000000000000000000", "!out of range");
    check("DECIMAL(38,0)", "1e99999999999999999999", "!out of range");
    check("DECIMAL(38,10)", "1234567890.12345678901234567890", "1234567890.1234567890");
}

static void test_value__numbers_may_come_in_quotes(void **state)
{
    (void)state;
    check("INTEGER", "\"12\"", "12");
    check("INTEGER", "\"\\u00312\"", "12");
    check("DOUBLE", "\"1.5e3\"", "1500");
    check("DOUBLE", "\"NaN\"", "nan");
    check("DOUBLE", "\"-Infinity\"", "-inf");
    check("FLOAT", "\"Infinity\"", "inf");
    check("DECIMAL(5,1)", "\"1.25\"", "1.3");
    check("INTEGER", "\"\"", "!field \"v\":  is no INTEGER");
    check("INTEGER", "\"12 \"", "!is no INTEGER");
    check("INTEGER", "\"0x10\"", "!is no INTEGER");
    check("INTEGER", "\"NaN\"", "!is no INTEGER");
}

static void test_value__booleans_are_words(void **state)
{
    (void)state;
    check("BOOLEAN", "true", "true");
    check("BOOLEAN", "false", "false");
    check("BOOLEAN", "\"True\"", "true");
    check("BOOLEAN", "\"FALSE\"", "false");
    check("BOOLEAN", "1", "!1 is no BOOLEAN");
    check("BOOLEAN", "\"yes\"", "!yes is no BOOLEAN");
}

static void test_value__a_varchar_takes_anything_as_written(void **state)
{
    (void)state;
    check("VARCHAR", "\"\"", "");
    check("VARCHAR", "\"exactly12byt\"", "exactly12byt");
    check("VARCHAR", "\"thirteen byte\"", "thirteen byte");
    check("VARCHAR", "\"a\\n\\t\\\"\\\\\\/b\\u00e9\\ud83d\\ude00\"", "a\n\t\"\\/b\u00e9\U0001F600");
    check("VARCHAR", "1.10", "1.10");
    check("VARCHAR", "true", "true");
    check("VARCHAR", "{ \"a\": [1, 2] }", "{ \"a\": [1, 2] }");
    check("JSON", "{ \"a\": [1, 2] }", "{ \"a\": [1, 2] }");
    check("JSON", "\"x\"", "\"x\"");
    check("JSON", "null", "NULL");
}

static void test_value__every_short_length_of_string_is_kept(void **state)
{
    (void)state;
    for (int n = 0; n <= 20; n++) {
        char value[48], expected[32];
        snprintf(expected, sizeof expected, "%.*s", n, "abcdefghijklmnopqrstuvwxyz");
        snprintf(value, sizeof value, "\"%s\"", expected);
        check("VARCHAR", value, expected);
    }
}

static void check_refused_type(const char *type, const char *unreadable)
{
    sm_column column = { .name = SM_SV("x"), .type = sm_sv_cstr(type) };
    const sm_schema schema = { &column, 1 };
    sm_arena *a = sm_arena_new("test");
    sm_decode_column *out;
    sm_error err = { 0 };
    sm_assert_code(sm_decode_columns(&schema, a, &out, &err), SM_E_INVALID);
    sm_test_contains(err.msg, "column \"x\": type ");
    sm_test_contains(err.msg, unreadable);
    sm_test_contains(err.msg, " cannot be read from text");
    sm_arena_free(a);
}

static void test_value__a_type_without_text_form_is_refused(void **state)
{
    (void)state;
    check_refused_type("STRUCT(a INTERVAL)[]", "INTERVAL");
}

static void test_value__a_map_has_scalar_keys(void **state)
{
    (void)state;
    check_refused_type("MAP(INTEGER[], INTEGER)", "MAP(INTEGER[], INTEGER)");
    check_refused_type("STRUCT(m MAP(JSON, VARCHAR))", "MAP(JSON, VARCHAR)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_value__integers_are_exact_to_their_last_value),
        SM_TEST(test_value__a_whole_number_may_be_written_with_a_point),
        SM_TEST(test_value__doubles_are_rounded_once),
        SM_TEST(test_value__doubles_are_those_of_the_c_library),
        SM_TEST(test_value__decimals_are_rounded_half_away_from_zero),
        SM_TEST(test_value__numbers_may_come_in_quotes),
        SM_TEST(test_value__booleans_are_words),
        SM_TEST(test_value__a_varchar_takes_anything_as_written),
        SM_TEST(test_value__every_short_length_of_string_is_kept),
        SM_TEST(test_value__a_type_without_text_form_is_refused),
        SM_TEST(test_value__a_map_has_scalar_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
