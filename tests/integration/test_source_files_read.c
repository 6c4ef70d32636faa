/* SPDX-License-Identifier: Apache-2.0 */
/* test_source_files_read.c -- files as relations of the real engine, hostile ones too. */
#include "tests/support/source_fixture.h"

#include <stdio.h>
#include <string.h>

#include "runtime/base/failpoint.h"

/* Read (start, end] as the relation "b"; rows as text. */
static const char *read_rows(source_fixture *f, const sm_json *start, const sm_json *end)
{
    sm_assert_ok(sm_source_read(&f->s, start, end, SM_SV("b"), &f->err), f->err);
    return source_rows(f, "b");
}

static void verify_ok(source_fixture *f, const sm_json *start, const sm_json *end)
{
    sm_assert_ok(sm_source_verify(&f->s, start, end, &f->err), f->err);
}

/* One file `text` in format json under `schema`, read whole. */
static const char *open_and_read(source_fixture *f, const char *schema, const char *text)
{
    source_open(f, "files", "{\"path\":\"in\",\"format\":\"json\"}");
    source_engine(f);
    source_file(f, "in/a.json", text, 1);
    source_schema(f, schema);
    return read_rows(f, NULL, source_next(f, NULL));
}

static void test_read__gives_the_files_of_the_range_and_no_others(void **state)
{
    source_fixture f;
    (void)state;
    source_open(&f, "files", "{\"path\":\"in\",\"format\":\"json\",\"max_files_per_trigger\":2}");
    source_engine(&f);
    source_file(&f, "in/a.json", "{\"a\":1,\"b\":\"x\"}\n", 1);
    source_file(&f, "in/b.json", "{\"a\":2}\n{\"a\":3,\"b\":\"a longer text\"}", 2);
    source_file(&f, "in/c.json", "{\"b\":\"z\",\"a\":4}\n", 3);
    source_schema(&f, NULL);
    const sm_json *one = source_next(&f, NULL), *two = source_next(&f, one);
    assert_string_equal(read_rows(&f, NULL, one), "1|x\n2|NULL\n3|a longer text\n");
    assert_string_equal(read_rows(&f, NULL, one), "1|x\n2|NULL\n3|a longer text\n"); /* again */
    verify_ok(&f, NULL, one);
    assert_int_equal(f.s.report.read, 3);
    assert_int_equal(f.s.report.files, 2);
    assert_int_equal(f.s.report.bytes, 16 + 8 + 27);
    assert_string_equal(read_rows(&f, one, two), "4|z\n");
    assert_string_equal(read_rows(&f, two, two), "");
    verify_ok(&f, two, two);
    assert_int_equal(f.s.report.read, 0);
    source_close(&f);
}

static void test_read__gives_every_type(void **state)
{
    source_fixture f;
    (void)state;
    const char *rows = open_and_read(
        &f,
        "b BOOLEAN, i SMALLINT, u UBIGINT, f FLOAT, d DOUBLE, c DECIMAL(20,2), v VARCHAR, "
        "day DATE, at TIMESTAMP, s STRUCT(x INTEGER, t TIMESTAMP), l DECIMAL(30,1)[], "
        "m MAP(VARCHAR, BIGINT), j JSON",
        "{\"b\":true,\"i\":-7,\"u\":18446744073709551615,\"f\":0.5,\"d\":1e100,\"c\":\"1.005\","
        "\"v\":\"text with \\u00e9\",\"day\":\"2026-01-31\",\"at\":\"2026-01-31T12:00:00+02:00\","
        "\"s\":{\"t\":\"2026-01-31T12:00:00+02:00\"},\"l\":[12345678901234567890.25,null],"
        "\"m\":{\"k\":1},\"j\":{\"any\":[1]}}\n{}\n");
    assert_string_equal(rows,
                        "NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL\n"
                        "true|-7|18446744073709551615|0.5|1e+100|1.01|text with \u00e9|2026-01-31|"
                        "2026-01-31 10:00:00|{\"x\":null,\"t\":\"2026-01-31 10:00:00\"}|"
                        "[12345678901234567890.3,null]|{\"k\":1}|{\"any\":[1]}\n");
    source_close(&f);
}

static void test_read__counts_without_columns(void **state)
{
    source_fixture f;
    int64_t n;
    (void)state;
    open_and_read(&f, "a BIGINT", "{\"a\":1}\n{\"a\":2}\n");
    sm_assert_ok(sm_session_int64(f.s.session, SM_SV("SELECT count(*) FROM b"), &n, &f.err), f.err);
    assert_int_equal(n, 2);
    source_close(&f);
}

static void test_read__counts_records_once_when_a_query_reads_twice(void **state)
{
    source_fixture f;
    int64_t n;
    (void)state;
    open_and_read(&f, "a BIGINT", "{\"a\":1}\n{\"a\":2}\n");
    sm_assert_ok(sm_session_int64(f.s.session, SM_SV("SELECT count(*) FROM b x JOIN b y USING (a)"),
                                  &n, &f.err),
                 f.err);
    assert_int_equal(n, 2);
    verify_ok(&f, NULL, NULL);
    assert_int_equal(f.s.report.read, 2);
    source_close(&f);
}

static void test_read__gives_100000_rows_of_many_blocks(void **state)
{
    source_fixture f;
    sm_buf text;
    int64_t n;
    (void)state;
    sm_buf_init(&text, 64 * 1024 * 1024);
    for (int i = 0; i < 100000; i++)
        sm_buf_addf(&text, "{\"id\":%d,\"name\":\"a name that is long enough %d\"}\n", i, i % 10);
    open_and_read(&f, "id BIGINT, name VARCHAR", "");
    source_file(&f, "in/b.json", text.ptr, 2);
    const sm_json *end = source_next(&f, NULL);
    sm_assert_ok(sm_source_read(&f.s, NULL, end, SM_SV("b"), &f.err), f.err);
    sm_assert_ok(
        sm_session_int64(f.s.session,
                         SM_SV("SELECT CAST(sum(id) + count(DISTINCT name) AS BIGINT) FROM b "
                               "WHERE name = 'a name that is long enough ' || (id % 10)"),
                         &n, &f.err),
        f.err);
    assert_int_equal(n, INT64_C(99999) * 100000 / 2 + 10);
    sm_buf_release(&text);
    source_close(&f);
}

static void test_verify__fails_naming_file_and_line_of_an_undecodable_record(void **state)
{
    source_fixture f;
    (void)state;
    assert_string_equal(open_and_read(&f, "a INTEGER", "{\"a\":1}\n\n{\"a\":1e999}\n{\"a\":2}\n"),
                        "1\n2\n");
    sm_assert_code(sm_source_verify(&f.s, NULL, NULL, &f.err), SM_E_INVALID);
    sm_test_contains(f.err.msg, "in/a.json:3: field \"a\": 1e999 is out of range for INTEGER");
    assert_int_equal(f.s.report.undecodable, 1);
    assert_int_equal(f.s.report.read, 3);
    source_close(&f);
}

static void test_verify__counts_undecodable_records_that_may_be_dropped(void **state)
{
    source_fixture f;
    (void)state;
    open_and_read(&f, "a INTEGER",
                  "{\"a\":1}\n\xff\n{\"a\":\n{\"a\":\"x\"}\n[1]\n{\"a\":2}\n{\"a\":{}}\n");
    f.s.on_decode_error = SM_DECODE_DROP;
    verify_ok(&f, NULL, NULL);
    assert_int_equal(f.s.report.read, 7);
    assert_int_equal(f.s.report.undecodable, 5);
    assert_int_equal(sm_json_len(f.s.report.samples), 5);
    const sm_json *second = sm_json_at(f.s.report.samples, 1);
    assert_int_equal(sm_json_get_int(second, "line", 0), 3);
    assert_string_equal(sm_json_get_sv(second, "text", SM_SV("")).ptr, "{\"a\":");
    source_close(&f);
}

static void test_verify__names_a_field_that_the_schema_has_not(void **state)
{
    source_fixture f;
    (void)state;
    open_and_read(&f, "a INTEGER", "{\"a\":1}\n{\"a\":2,\"new\":1}\n");
    sm_assert_code(sm_source_verify(&f.s, NULL, NULL, &f.err), SM_E_INVALID);
    sm_test_contains(f.err.msg, "field \"new\" appeared in in/a.json:2");
    f.s.evolution = SM_EVOLUTION_NONE;
    verify_ok(&f, NULL, NULL);
    source_close(&f);
}

static void test_verify__says_by_what_the_schema_grows(void **state)
{
    source_fixture f;
    (void)state;
    open_and_read(&f, "a INTEGER",
                  "{\"a\":1}\n{\"a\":2,\"new\":1}\n{\"new\":1.5,\"s\":{\"x\":true}}\n");
    f.s.evolution = SM_EVOLUTION_ADD;
    sm_assert_code(sm_source_verify(&f.s, NULL, NULL, &f.err), SM_E_AGAIN);
    sm_test_contains(f.err.msg, "new columns: new DOUBLE, s STRUCT(\"x\" BOOLEAN)");
    assert_non_null(f.s.report.grown);
    assert_int_equal(f.s.report.grown->n, 3);
    assert_string_equal(f.s.report.grown->columns[0].type.ptr, "INTEGER"); /* as it was */
    source_close(&f);
}

static void test_verify__a_field_that_differs_in_case_only_is_no_column(void **state)
{
    source_fixture f;
    (void)state;
    open_and_read(&f, "a INTEGER", "{\"A\":1}\n");
    f.s.evolution = SM_EVOLUTION_ADD;
    sm_assert_code(sm_source_verify(&f.s, NULL, NULL, &f.err), SM_E_INVALID);
    sm_test_contains(f.err.msg,
                     "field \"A\" appeared in in/a.json:1 and differs from column \"a\" only");
    assert_null(f.s.report.grown);
    source_close(&f);
}

static void test_verify__asks_again_when_a_file_was_rewritten(void **state)
{
    source_fixture f;
    (void)state;
    open_and_read(&f, "a INTEGER", "{\"a\":1}\n");
    source_file(&f, "in/a.json", "{\"a\":3}\n", 2);
    sm_assert_code(sm_source_verify(&f.s, NULL, NULL, &f.err), SM_E_AGAIN);
    source_remove(&f, "in/a.json");
    sm_assert_code(sm_source_verify(&f.s, NULL, NULL, &f.err), SM_E_AGAIN);
    source_close(&f);
}

static void test_read__names_a_file_that_is_gone_after_it_was_found(void **state)
{
    source_fixture f;
    (void)state;
    source_open(&f, "files", "{\"path\":\"in\",\"format\":\"json\"}");
    source_engine(&f);
    source_file(&f, "in/a.json", "{\"a\":1}\n", 1);
    source_schema(&f, NULL);
    const sm_json *end = source_next(&f, NULL);
    source_remove(&f, "in/a.json");
    sm_assert_code(sm_source_read(&f.s, NULL, end, SM_SV("b"), &f.err), SM_E_NOT_FOUND);
    sm_test_contains(f.err.msg, "file \"in/a.json\" was found earlier and is gone");
    verify_ok(&f, NULL, end); /* nothing was read: nothing moved */
    source_close(&f);
}

static void test_read__a_file_gone_between_read_and_query_fails_the_query(void **state)
{
    source_fixture f;
    int64_t n;
    (void)state;
    open_and_read(&f, "a INTEGER", "{\"a\":1}\n");
    source_remove(&f, "in/a.json");
    sm_assert_code(sm_session_int64(f.s.session, SM_SV("SELECT sum(a)::BIGINT FROM b"), &n, &f.err),
                   SM_E_NOT_FOUND);
    source_close(&f);
}

static void test_read__a_full_report_of_a_long_and_a_deep_line(void **state)
{
    enum { LONG = 20 * 1024 * 1024 };
    source_fixture f;
    sm_buf text;
    (void)state;
    sm_buf_init(&text, LONG + 2000);
    sm_buf_adds(&text, "{\"a\":1}\n{\"b\":\"");
    for (int i = 0; i < LONG / 8; i++)
        sm_buf_adds(&text, "xxxxxxxx");
    sm_buf_adds(&text, "\"}\n{\"b\":");
    for (int i = 0; i < 600; i++)
        sm_buf_addc(&text, i < 300 ? '[' : ']');
    sm_buf_adds(&text, "}\n{\"a\":2}\n");
    assert_string_equal(open_and_read(&f, "a INTEGER, b JSON", text.ptr), "1|NULL\n2|NULL\n");
    sm_assert_code(sm_source_verify(&f.s, NULL, NULL, &f.err), SM_E_INVALID);
    sm_test_contains(f.err.msg, "2 undecodable records, the first is in/a.json:2: the line is "
                                "longer than 16 MiB");
    sm_buf_release(&text);
    source_close(&f);
}

static void test_csv__is_read_by_the_names_of_each_header(void **state)
{
    source_fixture f;
    (void)state;
    source_open(&f, "files", "{\"path\":\"in\",\"format\":\"csv\"}");
    source_engine(&f);
    source_file(&f, "in/a.csv", "id,name\n1,\"x, y\"\n2,\n", 1);
    source_file(&f, "in/b.csv", "name,id\r\nz,3\r\n", 2);
    source_file(&f, "in/c.csv", "id\n4\n", 3);
    source_file(&f, "in/d.csv", "", 4);
    source_schema(&f, NULL);
    const sm_json *end = source_next(&f, NULL);
    assert_string_equal(read_rows(&f, NULL, end), "1|x, y\n2|NULL\n3|z\n4|NULL\n");
    verify_ok(&f, NULL, end);
    assert_int_equal(f.s.report.read, 4);
    source_file(&f, "in/e.csv", "id,extra\n5,x\n", 5);
    const sm_json *next = source_next(&f, end);
    sm_assert_code(sm_source_read(&f.s, end, next, SM_SV("b"), &f.err), SM_E_INVALID);
    sm_test_contains(f.err.msg, "field \"extra\" appeared in in/e.csv:1");
    source_close(&f);
}

static void test_csv__tells_bad_lines_and_invalid_utf8_with_their_place(void **state)
{
    source_fixture f;
    (void)state;
    source_open(&f, "files", "{\"path\":\"in\",\"format\":\"csv\"}");
    source_engine(&f);
    source_file(&f, "in/a.csv", "id,name\n1,a\n2,b,c\nx,d\n3,\xff\n4,\"e\n5,f\n", 1);
    source_schema(&f, "id BIGINT, name VARCHAR");
    const sm_json *end = source_next(&f, NULL);
    assert_string_equal(read_rows(&f, NULL, end), "1|a\n5|f\n");
    sm_assert_code(sm_source_verify(&f.s, NULL, end, &f.err), SM_E_INVALID);
    sm_test_contains(f.err.msg, "4 undecodable records, the first is in/a.csv:3: 3 fields where 2");
    source_close(&f);
}

static void test_text__gives_lines(void **state)
{
    source_fixture f;
    (void)state;
    source_open(&f, "files", "{\"path\":\"in\",\"format\":\"text\"}");
    source_engine(&f);
    source_file(&f, "in/a.txt", "one\ntwo words\r\n", 1);
    source_schema(&f, NULL);
    const sm_json *end = source_next(&f, NULL);
    assert_string_equal(read_rows(&f, NULL, end), "one\ntwo words\n");
    source_close(&f);
}

static void write_parquet(source_fixture *f, const char *name, const char *select)
{
    char sql[3000];
    snprintf(sql, sizeof sql, "COPY (%s) TO '%s/%s' (FORMAT parquet)", select, f->dir, name);
    sm_assert_ok(sm_session_exec(f->s.session, sm_sv_cstr(sql), &f->err), f->err);
}

static void test_parquet__is_read_file_by_file(void **state)
{
    source_fixture f;
    (void)state;
    source_open(&f, "files", "{\"path\":\"in\",\"format\":\"parquet\"}");
    source_engine(&f);
    source_file(&f, "in/.keep", "", 1);
    write_parquet(&f, "in/a.parquet",
                  "SELECT 1 AS a, 'x' AS b, TIMESTAMPTZ '2026-01-01 00:00:00+00' AS t");
    write_parquet(&f, "in/b.parquet", "SELECT 'y' AS b, 2::BIGINT AS a");
    source_schema(&f, NULL);
    assert_string_equal(
        sm_json_text(sm_schema_to_json(&f.schema, f.a), f.a).ptr,
        "[{\"name\":\"a\",\"type\":\"BIGINT\"},{\"name\":\"b\",\"type\":\"VARCHAR\"},"
        "{\"name\":\"t\",\"type\":\"TIMESTAMP\"}]");
    const sm_json *end = source_next(&f, NULL);
    assert_string_equal(read_rows(&f, NULL, end), "1|x|2026-01-01 00:00:00\n2|y|NULL\n");
    verify_ok(&f, NULL, end);
    assert_int_equal(f.s.report.read, 2);
    assert_string_equal(read_rows(&f, end, end), "");
    source_close(&f);
}

static void test_parquet__names_new_columns_other_types_and_broken_files(void **state)
{
    source_fixture f;
    const sm_json *a, *b, *c, *d;
    (void)state;
    source_open(&f, "files",
                "{\"path\":\"in\",\"format\":\"parquet\",\"max_files_per_trigger\":1}");
    source_engine(&f);
    source_file(&f, "in/.keep", "", 1);
    write_parquet(&f, "in/a.parquet", "SELECT 1 AS a");
    source_schema(&f, NULL);
    a = source_next(&f, NULL);
    write_parquet(&f, "in/b.parquet", "SELECT 1 AS a, 2 AS extra");
    b = source_next(&f, a);
    write_parquet(&f, "in/c.parquet", "SELECT 'x' AS a");
    c = source_next(&f, b);
    source_file(&f, "in/d.parquet", "no parquet at all", 1);
    d = source_next(&f, c);
    sm_assert_code(sm_source_read(&f.s, a, b, SM_SV("b"), &f.err), SM_E_INVALID);
    sm_test_contains(f.err.msg, "column \"extra\" appeared in file \"in/b.parquet\"");
    sm_assert_code(sm_source_read(&f.s, b, c, SM_SV("b"), &f.err), SM_E_INVALID);
    sm_test_contains(f.err.msg,
                     "file \"in/c.parquet\": column \"a\" is VARCHAR, the schema in force "
                     "has INTEGER");
    assert_int_not_equal(sm_source_read(&f.s, c, d, SM_SV("b"), &f.err), SM_OK);
    sm_test_contains(f.err.msg, "file \"in/d.parquet\"");
    source_close(&f);
}

static void test_snapshot__reads_all_files_now_and_fails_at_once(void **state)
{
    source_fixture f;
    const sm_json *position;
    int64_t n;
    (void)state;
    source_open(&f, "files", "{\"path\":\"in\",\"format\":\"json\"}");
    source_engine(&f);
    source_file(&f, "in/a.json", "{\"a\":1}\n", 1);
    source_schema(&f, NULL);
    sm_assert_ok(sm_source_position(&f.s, f.a, &position, &f.err), f.err);
    sm_assert_ok(sm_source_snapshot(&f.s, position, SM_SV("d"), &f.err), f.err);
    assert_string_equal(source_rows(&f, "d"), "1\n");
    source_file(&f, "in/b.json", "{\"a\":\"x\"}\n", 2);
    sm_assert_code(sm_source_snapshot(&f.s, position, SM_SV("d"), &f.err), SM_E_AGAIN);
    sm_assert_ok(sm_source_position(&f.s, f.a, &position, &f.err), f.err);
    sm_assert_ok(sm_source_snapshot(&f.s, position, SM_SV("d"), &f.err), f.err);
    sm_assert_code(sm_session_int64(f.s.session, SM_SV("SELECT sum(a)::BIGINT FROM d"), &n, &f.err),
                   SM_E_INVALID);
    sm_test_contains(f.err.msg, "in/b.json:1: field \"a\": x is no BIGINT");
    source_close(&f);
}

/* Discover, read, query and verify, with file-system call `point` failing the nth time:
 * all rows, or an error that says so. */
static bool survives_fault(const char *point, int nth)
{
    source_fixture f;
    const sm_json *newest = NULL, *end = NULL;
    char spec[60];
    int64_t n = -1;
    source_open(&f, "files", "{\"path\":\"in\",\"format\":\"csv\"}");
    source_engine(&f);
    source_file(&f, "in/a.csv", "a\n1\n", 1);
    source_file(&f, "in/b.csv", "a\n2\nx\n", 2);
    source_schema(&f, "a BIGINT");
    f.s.on_decode_error = SM_DECODE_DROP;
    snprintf(spec, sizeof spec, "%s:%d:EIO", point, nth);
    sm_failpoint_set(spec);
    sm_code rc = sm_source_newest(&f.s, f.a, &newest, &f.err);
    if (rc == SM_OK)
        rc = sm_source_latest(&f.s, NULL, newest, f.a, &end, &f.err);
    if (rc == SM_OK)
        rc = sm_source_read(&f.s, NULL, end, SM_SV("b"), &f.err);
    if (rc == SM_OK)
        rc = sm_session_int64(f.s.session, SM_SV("SELECT sum(a)::BIGINT FROM b"), &n, &f.err);
    if (rc == SM_OK)
        rc = sm_source_verify(&f.s, NULL, end, &f.err);
    sm_failpoint_set(NULL);
    assert_true(rc == SM_E_IO || (rc == SM_OK && n == 3 && f.s.report.undecodable == 1));
    source_close(&f);
    return rc == SM_OK;
}

static void test_read__a_disk_that_fails_is_an_error_and_never_fewer_rows(void **state)
{
    static const char *const points[] = { "fs.list", "fs.stat", "fs.open", "fs.read" };
    (void)state;
    for (size_t i = 0; i < sizeof points / sizeof points[0]; i++) {
        int nth = 1;
        while (!survives_fault(points[i], nth) && nth < 50)
            nth++;
        assert_in_range(nth, 2, 49); /* it failed at least once, and an end was found */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_read__gives_the_files_of_the_range_and_no_others),
        SM_TEST(test_read__gives_every_type),
        SM_TEST(test_read__counts_without_columns),
        SM_TEST(test_read__counts_records_once_when_a_query_reads_twice),
        SM_TEST(test_read__gives_100000_rows_of_many_blocks),
        SM_TEST(test_verify__fails_naming_file_and_line_of_an_undecodable_record),
        SM_TEST(test_verify__counts_undecodable_records_that_may_be_dropped),
        SM_TEST(test_verify__names_a_field_that_the_schema_has_not),
        SM_TEST(test_verify__says_by_what_the_schema_grows),
        SM_TEST(test_verify__a_field_that_differs_in_case_only_is_no_column),
        SM_TEST(test_verify__asks_again_when_a_file_was_rewritten),
        SM_TEST(test_read__names_a_file_that_is_gone_after_it_was_found),
        SM_TEST(test_read__a_file_gone_between_read_and_query_fails_the_query),
        SM_TEST(test_read__a_full_report_of_a_long_and_a_deep_line),
        SM_TEST(test_csv__is_read_by_the_names_of_each_header),
        SM_TEST(test_csv__tells_bad_lines_and_invalid_utf8_with_their_place),
        SM_TEST(test_text__gives_lines),
        SM_TEST(test_parquet__is_read_file_by_file),
        SM_TEST(test_parquet__names_new_columns_other_types_and_broken_files),
        SM_TEST(test_read__a_disk_that_fails_is_an_error_and_never_fewer_rows),
        SM_TEST(test_snapshot__reads_all_files_now_and_fails_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
