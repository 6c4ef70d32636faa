/* SPDX-License-Identifier: Apache-2.0 */
/* test_decode_csv.c -- separated values to columns. */
#include "tests/support/test.h"

#include <stdio.h>
#include <string.h>

#include "tests/support/decode_table.h"

static const sm_csv_dialect csv_plain = { .sep = ',', .quote = '"', .escape = '"' };

static void check_rows(const sm_csv_dialect *dialect, const char *schema, const char *text,
                       const char *rows)
{
    decode_table t;
    decode_table_init(&t, schema);
    decode_table_csv(&t, dialect, text, strlen(text));
    if (t.tally.undecodable > 0)
        fail_msg("%s", t.tally.samples[0].reason);
    assert_string_equal(t.rows.ptr, rows);
    decode_table_release(&t);
}

static void check_bad(const char *line, const char *reason)
{
    char text[200];
    decode_table t;
    snprintf(text, sizeof text, "1,x\n%s\n2,y\n", line);
    decode_table_init(&t, "a INTEGER; b VARCHAR");
    decode_table_csv(&t, &csv_plain, text, strlen(text));
    assert_string_equal(t.rows.ptr, "1|x\n2|y\n");
    assert_int_equal(t.tally.undecodable, 1);
    assert_string_equal(t.tally.samples[0].reason, reason);
    assert_int_equal(t.tally.records, 3);
    decode_table_release(&t);
}

static void test_csv__splits_lines_into_fields(void **state)
{
    (void)state;
    check_rows(&csv_plain, "a INTEGER; b VARCHAR", "1,x\n2,y", "1|x\n2|y\n");
    check_rows(&csv_plain, "a INTEGER; b VARCHAR", "1,x\r\n\r\n\n2,y\r\n", "1|x\n2|y\n");
}

static void test_csv__resolves_quotes(void **state)
{
    (void)state;
    check_rows(&csv_plain, "a VARCHAR; b VARCHAR", "\"a,b\",\"say \"\"hi\"\"\"\r\nx\"y,\"\"\n",
               "a,b|say \"hi\"\nx\"y|\n");
}

static void test_csv__escapes_with_a_backslash_if_told(void **state)
{
    const sm_csv_dialect dialect = { .sep = ';', .quote = '\'', .escape = '\\' };
    (void)state;
    check_rows(&dialect, "a VARCHAR; b VARCHAR", "'it\\'s';'a\\\\b\\n'\n", "it's|a\\b\\n\n");
}

static void test_csv__an_empty_field_is_null_and_quoted_it_is_empty(void **state)
{
    (void)state;
    check_rows(&csv_plain, "a VARCHAR; b VARCHAR; c INTEGER", ",\"\",\n", "NULL||NULL\n");
}

static void test_csv__takes_another_null_value(void **state)
{
    const sm_csv_dialect dialect = {
        .sep = ',', .quote = '"', .escape = '"', .null_value = SM_SV("NA")
    };
    (void)state;
    check_rows(&dialect, "a VARCHAR; b INTEGER", "NA,NA\n\"NA\",\n", "NULL|NULL\nNA|NULL\n");
}

static void test_csv__reads_every_type(void **state)
{
    (void)state;
    check_rows(&csv_plain, "a BOOLEAN; b DOUBLE; c DECIMAL(5,2); d DATE; e TIMESTAMP; f INTEGER[]",
               "true, 1.5 ,\"1.005\",2026-01-01,2026-01-01 10:00:00,\"[1, 2]\"\n",
               "true|1.5|1.01|2026-01-01|2026-01-01 10:00:00.000000|[1,2]\n");
}

static void test_csv__names_what_is_wrong_with_a_record(void **state)
{
    (void)state;
    check_bad("3", "1 fields where 2 should be");
    check_bad("3,z,4", "3 fields where 2 should be");
    check_bad("3,\"z", "the line ends inside quotes, at byte 3");
    check_bad("3,\"z\"x", "text behind a closing quote, at byte 6");
    check_bad("x,z", "field \"a\": x is no INTEGER");
    check_bad("3,\xff", "field \"b\": invalid UTF-8, at byte 3");
    check_bad("3,\xc3", "field \"b\": invalid UTF-8, at byte 3");
    check_bad("99999999999,z", "field \"a\": 99999999999 is out of range for INTEGER");
}

static void test_csv__a_line_cut_at_any_byte_leaves_the_row_behind_it(void **state)
{
    static const char line[] = "12,\"a,\"\"b\"\" \xc3\xa9\",2026-01-01T10:00:00Z,x";
    static const char behind[] = "\n7,b,,\n";
    decode_table t;
    char text[128];
    (void)state;
    decode_table_init(&t, "a INTEGER; b VARCHAR; c TIMESTAMP; d VARCHAR");
    for (size_t cut = 1; cut < sizeof line - 1; cut++) {
        memcpy(text, line, cut);
        memcpy(text + cut, behind, sizeof behind);
        decode_table_csv(&t, &csv_plain, text, cut + sizeof behind - 1);
        assert_int_equal(t.tally.records, 2);
        assert_string_equal(t.rows.ptr + t.rows.len - 14, "7|b|NULL|NULL\n");
    }
    decode_table_release(&t);
}

static void test_csv__refuses_separators_that_values_have(void **state)
{
    sm_csv_dialect dialect = csv_plain;
    sm_error err = { 0 };
    (void)state;
    sm_assert_ok(sm_csv_dialect_check(&dialect, &err), err);
    dialect.sep = '1';
    sm_assert_code(sm_csv_dialect_check(&dialect, &err), SM_E_INVALID);
    dialect.sep = '\n';
    sm_assert_code(sm_csv_dialect_check(&dialect, &err), SM_E_INVALID);
    dialect.sep = '\0';
    sm_assert_code(sm_csv_dialect_check(&dialect, &err), SM_E_INVALID);
    dialect = csv_plain;
    dialect.quote = ',';
    sm_assert_code(sm_csv_dialect_check(&dialect, &err), SM_E_INVALID);
    dialect = csv_plain;
    dialect.escape = 'x';
    sm_assert_code(sm_csv_dialect_check(&dialect, &err), SM_E_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_csv__splits_lines_into_fields),
        SM_TEST(test_csv__resolves_quotes),
        SM_TEST(test_csv__escapes_with_a_backslash_if_told),
        SM_TEST(test_csv__an_empty_field_is_null_and_quoted_it_is_empty),
        SM_TEST(test_csv__takes_another_null_value),
        SM_TEST(test_csv__reads_every_type),
        SM_TEST(test_csv__names_what_is_wrong_with_a_record),
        SM_TEST(test_csv__a_line_cut_at_any_byte_leaves_the_row_behind_it),
        SM_TEST(test_csv__refuses_separators_that_values_have),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
