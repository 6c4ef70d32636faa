/* SPDX-License-Identifier: Apache-2.0 */
/* test_decode_ndjson.c -- JSON lines to columns. */
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/decode_table.h"

/* Rows that `text` gives under `schema`. */
static void check_rows(const char *schema, const char *text, const char *rows)
{
    decode_table t;
    decode_table_init(&t, schema);
    decode_table_ndjson(&t, text, strlen(text));
    assert_string_equal(t.rows.ptr, rows);
    assert_int_equal(t.tally.undecodable, 0);
    assert_int_equal(t.tally.records, t.n_rows);
    decode_table_release(&t);
}

/* `text` is one record that is undecodable for `reason`, and the rows around it live. */
static void check_bad(const char *schema, const char *text, size_t len, const char *reason)
{
    decode_table t;
    char *lines = malloc(len + 32);
    decode_table_init(&t, schema);
    memcpy(lines, "{\"a\":7}\n", 8);
    memcpy(lines + 8, text, len);
    memcpy(lines + 8 + len, "\n{\"a\":8}", 9);
    decode_table_ndjson(&t, lines, 8 + len + 8);
    assert_int_equal(t.tally.records, 3);
    assert_int_equal(t.tally.undecodable, 1);
    assert_int_equal(t.tally.samples[0].at.offset, 8);
    assert_string_equal(t.tally.samples[0].reason, reason);
    assert_string_equal(t.rows.ptr, "7\n8\n");
    decode_table_release(&t);
    free(lines);
}

#define BAD(schema, text, reason) check_bad(schema, text, sizeof(text) - 1, reason)

static void test_ndjson__gives_a_row_for_each_line(void **state)
{
    (void)state;
    check_rows("a BIGINT; b VARCHAR", "{\"a\":1,\"b\":\"x\"}\n{\"a\":2,\"b\":\"y\"}\n",
               "1|x\n2|y\n");
}

static void test_ndjson__takes_a_last_line_without_newline(void **state)
{
    (void)state;
    check_rows("a BIGINT", "{\"a\":1}\n{\"a\":2}", "1\n2\n");
}

static void test_ndjson__skips_blank_lines(void **state)
{
    (void)state;
    check_rows("a BIGINT", "\n\n{\"a\":1}\n  \t\n\r\n{\"a\":2}\n\n", "1\n2\n");
}

static void test_ndjson__takes_carriage_returns_and_spaces(void **state)
{
    (void)state;
    check_rows("a BIGINT; b VARCHAR", " { \"a\" : 1 ,\t\"b\" : \"x\" } \r\n{}\r\n",
               "1|x\nNULL|NULL\n");
}

static void test_ndjson__follows_keys_in_any_order(void **state)
{
    (void)state;
    check_rows("a BIGINT; b BIGINT; c BIGINT",
               "{\"c\":3,\"b\":2,\"a\":1}\n{\"a\":1,\"b\":2,\"c\":3}\n{\"b\":2,\"a\":1,\"c\":3}\n"
               "{\"a\":1,\"c\":3}\n{\"c\":3}\n{\"b\":2,\"c\":3,\"a\":1}\n",
               "1|2|3\n1|2|3\n1|2|3\n1|NULL|3\nNULL|NULL|3\n1|2|3\n");
}

static void test_ndjson__tells_keys_that_begin_alike(void **state)
{
    (void)state;
    check_rows("a BIGINT; ab BIGINT; abcdefgh BIGINT; abcdefghi BIGINT",
               "{\"ab\":2,\"a\":1,\"abcdefghi\":4,\"abcdefgh\":3}\n{\"abcdefgh\":3}\n",
               "1|2|3|4\nNULL|NULL|3|NULL\n");
}

static void test_ndjson__reads_escaped_keys(void **state)
{
    (void)state;
    check_rows("a BIGINT; q\"q BIGINT", "{\"\\u0061\":1,\"q\\\"q\":2}\n", "1|2\n");
}

static void test_ndjson__keeps_the_last_of_a_repeated_key(void **state)
{
    (void)state;
    check_rows("a BIGINT", "{\"a\":1,\"a\":2}\n{\"a\":1,\"a\":null}\n{\"a\":null,\"a\":3}\n",
               "2\nNULL\n3\n");
}

static void test_ndjson__makes_null_and_missing_the_same(void **state)
{
    (void)state;
    check_rows("a BIGINT; b VARCHAR", "{\"a\":null}\n{\"b\":null}\n", "NULL|NULL\nNULL|NULL\n");
}

static void test_ndjson__forgets_nulls_of_the_chunk_before(void **state)
{
    decode_table t;
    sm_buf text;
    (void)state;
    sm_buf_init(&text, 1024 * 1024);
    for (int i = 0; i < SM_DECODE_ROWS; i++)
        sm_buf_adds(&text, "{}\n");
    sm_buf_adds(&text, "{\"a\":5}\n");
    decode_table_init(&t, "a BIGINT");
    decode_table_ndjson(&t, text.ptr, text.len);
    assert_int_equal(t.n_rows, SM_DECODE_ROWS + 1);
    assert_string_equal(t.rows.ptr + t.rows.len - 7, "NULL\n5\n");
    decode_table_release(&t);
    sm_buf_release(&text);
}

static void test_ndjson__fills_more_than_64_columns(void **state)
{
    decode_table t;
    sm_buf schema;
    (void)state;
    sm_buf_init(&schema, 64 * 1024);
    for (int i = 0; i < 100; i++)
        sm_buf_addf(&schema, "%sc%d BIGINT", i > 0 ? ";" : "", i);
    decode_table_init(&t, schema.ptr);
    decode_table_ndjson(&t, "{\"c99\":99,\"c0\":1}\n{\"c64\":64}\n", 29);
    assert_int_equal(t.rows.len, 2 * 100 * 5 - 3 - 2 - 2);
    assert_memory_equal(t.rows.ptr, "1|NULL|", 7);
    assert_non_null(strstr(t.rows.ptr, "|NULL|99\nNULL|"));
    assert_non_null(strstr(t.rows.ptr, "|NULL|64|NULL|"));
    decode_table_release(&t);
    sm_buf_release(&schema);
}

static void test_ndjson__tells_unknown_fields_once_with_their_first_place(void **state)
{
    static const char text[] =
        "{\"a\":1}\n{\"a\":2,\"new\":{\"x\":[1]}}\n{\"new\":3,\"a\":3}\n{\"n\":1}";
    decode_table t;
    (void)state;
    decode_table_init(&t, "a BIGINT");
    decode_table_ndjson(&t, text, sizeof text - 1);
    assert_string_equal(t.rows.ptr, "1\n2\n3\nNULL\n");
    assert_int_equal(t.tally.n_unknown, 2);
    assert_int_equal(t.tally.unknown[0].len, 3);
    assert_memory_equal(t.tally.unknown[0].name, "new", 3);
    assert_int_equal(t.tally.unknown[0].at.offset, 8);
    decode_table_release(&t);
}

static void test_ndjson__survives_more_unknown_fields_than_it_keeps(void **state)
{
    decode_table t;
    sm_buf text;
    (void)state;
    sm_buf_init(&text, 1024 * 1024);
    for (int i = 0; i < 300; i++)
        sm_buf_addf(&text, "{\"x%d\":1,\"a\":%d}\n", i, i);
    decode_table_init(&t, "a BIGINT");
    decode_table_ndjson(&t, text.ptr, text.len);
    assert_int_equal(t.n_rows, 300);
    assert_int_equal(t.tally.n_unknown, SM_DECODE_UNKNOWN);
    decode_table_release(&t);
    sm_buf_release(&text);
}

static void test_ndjson__checks_columns_that_nobody_wants_as_json_only(void **state)
{
    static const char text[] = "{\"a\":\"no number\",\"b\":1}\n{\"a\":tru,\"b\":2}\n";
    decode_table t;
    (void)state;
    decode_table_init(&t, "a BIGINT; b BIGINT");
    void *data = t.vectors[0].data;
    t.vectors[0].data = NULL;
    size_t n = t.n;
    t.n = 0; /* no rows as text */
    sm_ndjson *d = sm_ndjson_new(t.columns, n);
    sm_decode_block block;
    sm_decode_block_init(&block);
    block.buffer = calloc(1, sizeof text + SM_DECODE_PADDING);
    memcpy(block.buffer, text, sizeof text - 1);
    block.buffer[sizeof text - 1] = '\n';
    block.data = block.buffer;
    block.end = block.buffer + sizeof text - 1;
    sm_ndjson_begin(d, &block);
    assert_int_equal(sm_ndjson_rows(d, t.vectors, &t.tally), 1);
    assert_int_equal(t.tally.undecodable, 1);
    sm_ndjson_free(d);
    sm_decode_block_release(&block);
    t.n = n;
    t.vectors[0].data = data;
    decode_table_release(&t);
}

static void test_ndjson__names_what_is_wrong_with_a_record(void **state)
{
    (void)state;
    BAD("a INTEGER", "[1]",
        "\"[\" where a record (one object on each line; `multi_line: true` reads arrays) "
        "should be, at byte 1");
    BAD("a INTEGER", "{\"a\":1}}", "more text behind the record, at byte 8");
    BAD("a INTEGER", "{\"a\":1 \"b\":2}", "\"\"\" where \",\" or \"}\" should be, at byte 8");
    BAD("a INTEGER", "{\"a\":1,}", "\"}\" where a key should be, at byte 8");
    BAD("a INTEGER", "{\"a\" 1}", "\"1\" where \":\" should be, at byte 6");
    BAD("a INTEGER", "{a:1}", "\"a\" where a key should be, at byte 2");
    BAD("a INTEGER", "{\"a\":nul}", "\"n\" where a value should be, at byte 6");
    BAD("a INTEGER", "{\"a\":", "the line ends where a value should be, at byte 6");
    BAD("a INTEGER", "{\"a\":01}", "a number begins with 0, at byte 6");
    BAD("a INTEGER", "{\"a\":1e999}", "field \"a\": 1e999 is out of range for INTEGER");
    BAD("a INTEGER", "{\"a\":2147483648}", "field \"a\": 2147483648 is out of range for INTEGER");
    BAD("a INTEGER", "{\"a\":1.5}", "field \"a\": 1.5 is not a whole number for INTEGER");
    BAD("a INTEGER", "{\"a\":\"x\"}", "field \"a\": x is no INTEGER");
    BAD("a INTEGER", "{\"a\":true}", "field \"a\": true is no INTEGER");
    BAD("a INTEGER", "{\"a\":[1]}", "field \"a\": [1] is no INTEGER");
}

static void test_ndjson__names_what_is_wrong_with_a_string(void **state)
{
    (void)state;
    BAD("a INTEGER", "{\"b\":\"x", "the line ends inside a string, at byte 8");
    BAD("a INTEGER", "{\"b\":\"\xff\"}", "invalid UTF-8, at byte 7");
    BAD("a INTEGER", "{\"b\":\"\xc3(\"}", "invalid UTF-8, at byte 7");
    BAD("a INTEGER", "{\"b\":\"\xed\xa0\x80\"}", "invalid UTF-8, at byte 7");
    BAD("a INTEGER", "{\"b\":\"\xf4\x90\x80\x80\"}", "invalid UTF-8, at byte 7");
    BAD("a INTEGER", "{\"b\":\"\xc0\x80\"}", "invalid UTF-8, at byte 7");
    BAD("a INTEGER", "{\"b\":\"\tx\"}", "control character 0x09 inside a string, at byte 7");
    BAD("a INTEGER", "{\"b\":\"\\x\"}", "unknown escape in a string, at byte 7");
    BAD("a INTEGER", "{\"b\":\"\\u12\"}", "\\u without four hex digits, at byte 7");
    BAD("a INTEGER", "{\"b\":\"\\ud800\"}", "lone surrogate \\ud800, at byte 7");
    BAD("a INTEGER", "{\"b\":\"\\udc00\"}", "lone surrogate \\udc00, at byte 7");
    BAD("a INTEGER", "{\"b\":\"\\ud800\\u0041\"}", "lone surrogate \\ud800, at byte 7");
    BAD("a INTEGER", "{\"b\":\"x\0y\"}", "control character 0x00 inside a string, at byte 8");
}

static void test_ndjson__refuses_nesting_beyond_its_limit(void **state)
{
    char text[1000] = "{\"b\":";
    (void)state;
    memset(text + 5, '[', 300);
    memset(text + 305, ']', 300);
    text[605] = '}';
    check_bad("a INTEGER", text, 606, "nested deeper than 256, at byte 262");
}

/* The promise of exactly-once §4: whatever a cut leaves of a line, the line behind lives. */
static void test_ndjson__a_line_cut_at_any_byte_leaves_the_row_behind_it(void **state)
{
    static const char line[] =
        "{\"id\":-12.5e1,\"s\":\"a\\u00e9\\\"b\xc3\xa9\",\"l\":[1,{\"x\":null}],\"t\":"
        "\"2026-01-01T10:00:00Z\",\"b\":true}";
    static const char behind[] = "\n{\"id\":2,\"s\":\"next\",\"b\":false}\n";
    static const char expected[] = "2|next|NULL|NULL|false\n";
    decode_table t;
    char text[256];
    (void)state;
    decode_table_init(&t, "id DOUBLE; s VARCHAR; l STRUCT(x INTEGER)[]; t TIMESTAMP; b BOOLEAN");
    for (size_t cut = 1; cut < sizeof line - 1; cut++) {
        memcpy(text, line, cut);
        memcpy(text + cut, behind, sizeof behind);
        decode_table_ndjson(&t, text, cut + sizeof behind - 1);
        if (strcmp(t.rows.ptr, expected) != 0 || t.tally.undecodable != 1)
            fail_msg("cut at byte %zu: %s", cut, t.rows.ptr);
        decode_table_ndjson(&t, text, cut); /* the cut line is the last of its file */
        assert_int_equal(t.n_rows, 0);
        assert_int_equal(t.tally.undecodable, 1);
    }
    decode_table_release(&t);
}

static void test_ndjson__escaped_newlines_begin_no_record(void **state)
{
    (void)state;
    BAD("a VARCHAR", "{\"a\":\"\\n{\\\"a\\\":5}\\n\" x}",
        "\"x\" where \",\" or \"}\" should be, at byte 22");
    BAD("a VARCHAR", "{\"a\":\"\\u000a{\\\"a\\\":5}\\u000a\"",
        "the line ends where \",\" or \"}\" should be, at byte 29");
    BAD("a BIGINT", "{\"\\n{\\\"a\\\":5}\\n\":1,\"a\"",
        "the line ends where \":\" should be, at byte 23");
}

static void test_ndjson__a_wrong_byte_anywhere_leaves_the_row_behind_it(void **state)
{
    static const char line[] =
        "{\"id\":1,\"s\":\"a\\nb\",\"l\":[{\"x\":1}]}\n{\"id\":2,\"s\":\"next\"}\n";
    static const char row[] = "2|next|NULL\n";
    decode_table t;
    char text[128];
    size_t first = strcspn(line, "\n");
    (void)state;
    decode_table_init(&t, "id DOUBLE; s VARCHAR; l STRUCT(x INTEGER)[]");
    for (size_t at = 0; at < first; at++) {
        for (int byte = 0; byte < 256; byte++) {
            memcpy(text, line, sizeof line);
            text[at] = (char)byte;
            decode_table_ndjson(&t, text, sizeof line - 1);
            size_t len = t.rows.len;
            if (len < sizeof row - 1 || strcmp(t.rows.ptr + len - (sizeof row - 1), row) != 0)
                fail_msg("byte %d at %zu: %s", byte, at, t.rows.ptr);
        }
    }
    decode_table_release(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_ndjson__gives_a_row_for_each_line),
        SM_TEST(test_ndjson__takes_a_last_line_without_newline),
        SM_TEST(test_ndjson__skips_blank_lines),
        SM_TEST(test_ndjson__takes_carriage_returns_and_spaces),
        SM_TEST(test_ndjson__follows_keys_in_any_order),
        SM_TEST(test_ndjson__tells_keys_that_begin_alike),
        SM_TEST(test_ndjson__reads_escaped_keys),
        SM_TEST(test_ndjson__keeps_the_last_of_a_repeated_key),
        SM_TEST(test_ndjson__makes_null_and_missing_the_same),
        SM_TEST(test_ndjson__forgets_nulls_of_the_chunk_before),
        SM_TEST(test_ndjson__fills_more_than_64_columns),
        SM_TEST(test_ndjson__tells_unknown_fields_once_with_their_first_place),
        SM_TEST(test_ndjson__survives_more_unknown_fields_than_it_keeps),
        SM_TEST(test_ndjson__checks_columns_that_nobody_wants_as_json_only),
        SM_TEST(test_ndjson__names_what_is_wrong_with_a_record),
        SM_TEST(test_ndjson__names_what_is_wrong_with_a_string),
        SM_TEST(test_ndjson__refuses_nesting_beyond_its_limit),
        SM_TEST(test_ndjson__a_line_cut_at_any_byte_leaves_the_row_behind_it),
        SM_TEST(test_ndjson__escaped_newlines_begin_no_record),
        SM_TEST(test_ndjson__a_wrong_byte_anywhere_leaves_the_row_behind_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
