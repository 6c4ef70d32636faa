/* SPDX-License-Identifier: Apache-2.0 */
/* test_engine.c -- opening, locking down, sessions, rows. */
#include "tests/support/test.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/base/arena.h"
#include "runtime/base/thread.h"
#include "runtime/engine/engine.h"

typedef struct fixture {
    sm_engine *e;
    sm_session *s;
    sm_arena *a;
    char folder[PATH_MAX];
} fixture;

static int setup(void **state)
{
    static fixture f;
    sm_error err;
    sm_sv allowed;

    if (realpath(sm_test_folder("engine"), f.folder) == NULL)
        return 1;
    allowed = sm_sv_cstr(f.folder);
    sm_engine_config c = { .threads = 2,
                           .memory_limit = SM_SV("200MiB"),
                           .allowed_directories = &allowed,
                           .allowed_count = 1 };
    f.a = sm_arena_new("test");
    sm_assert_ok(sm_engine_open(&c, &f.e, &err), err);
    sm_assert_ok(sm_session_open(f.e, &f.s, &err), err);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;

    sm_session_close(f->s);
    sm_engine_close(f->e);
    sm_arena_free(f->a);
    return 0;
}

/* Before any engine is open: afterwards the library is there. */
static void test_engine__says_where_a_library_was_missing(void **state)
{
    sm_engine *e = NULL;
    sm_engine_config c = { .library = "/nowhere/libduckdb.so" };
    sm_error err;

    (void)state;
    sm_assert_code(sm_engine_open(&c, &e, &err), SM_E_NOT_FOUND);
    assert_null(e);
    sm_test_contains(err.msg, "/nowhere/libduckdb.so");
    sm_test_contains(err.msg, "SMELT_DUCKDB");
}

static void test_engine__refuses_a_library_that_is_not_duckdb(void **state)
{
    sm_engine *e = NULL;
    sm_engine_config c = { .library = "libm.so.6" };
    sm_error err;

    (void)state;
    sm_assert_code(sm_engine_open(&c, &e, &err), SM_E_NOT_FOUND);
    sm_test_contains(err.msg, "\"libm.so.6\" is not a usable DuckDB");
}

static void refused(fixture *f, const char *sql)
{
    sm_error err;

    if (sm_session_exec(f->s, sm_sv_cstr(sql), &err) == SM_OK)
        fail_msg("not refused: %s", sql);
}

static void test_engine__touches_nothing_outside_its_folders(void **state)
{
    fixture *f = *state;

    refused(f, "SELECT * FROM read_csv('/etc/passwd')");
    refused(f, "SELECT * FROM read_text('/etc/passwd')");
    refused(f, "SELECT * FROM '/etc/passwd'");
    refused(f, "SELECT * FROM glob('/etc/*')");
    refused(f, "COPY (SELECT 1) TO '/tmp/smelt-must-not-exist.parquet'");
    refused(f, "ATTACH '/tmp/smelt-must-not-exist.db'");
    refused(f, "EXPORT DATABASE '/tmp/smelt-must-not-exist'");
    refused(f, "INSTALL httpfs");
    refused(f, "LOAD httpfs");
    refused(f, "LOAD '/tmp/x.duckdb_extension'");
    refused(f, "SELECT * FROM 'https://localhost/x.parquet'");
}

static void denied(fixture *f, const char *path)
{
    char sql[2048];
    sm_error err;

    snprintf(sql, sizeof sql, "SELECT * FROM read_text('%s')", path);
    sm_assert_code(sm_session_exec(f->s, sm_sv_cstr(sql), &err), SM_E_DENIED);
}

static void test_engine__leaves_its_folders_neither_by_dots_nor_by_links(void **state)
{
    fixture *f = *state;
    char path[PATH_MAX + 128];

    snprintf(path, sizeof path, "%s/../../../../../../../../../../etc/passwd", f->folder);
    denied(f, path);
    snprintf(path, sizeof path, "%s/link", f->folder);
    assert_int_equal(symlink("/etc/passwd", path), 0);
    denied(f, path);
}

/* A source that is one file opens that file, and not what lies beside it. */
static void test_engine__allows_a_file_and_not_its_neighbours(void **state)
{
    fixture *f = *state, one = { .a = f->a };
    char path[PATH_MAX + 128], sql[PATH_MAX + 256];
    sm_sv file;
    sm_error err;

    snprintf(path, sizeof path, "%s/one.csv", f->folder);
    snprintf(sql, sizeof sql, "COPY (SELECT 1 AS a) TO '%s'", path);
    sm_assert_ok(sm_session_exec(f->s, sm_sv_cstr(sql), &err), err);
    snprintf(sql, sizeof sql, "COPY (SELECT 1 AS a) TO '%s/other.csv'", f->folder);
    sm_assert_ok(sm_session_exec(f->s, sm_sv_cstr(sql), &err), err);
    file = sm_sv_cstr(path);
    sm_assert_ok(
        sm_engine_open(
            &(sm_engine_config){ .threads = 1, .allowed_files = &file, .allowed_file_count = 1 },
            &one.e, &err),
        err);
    sm_assert_ok(sm_session_open(one.e, &one.s, &err), err);
    snprintf(sql, sizeof sql, "SELECT * FROM read_csv('%s')", path);
    sm_assert_ok(sm_session_exec(one.s, sm_sv_cstr(sql), &err), err);
    snprintf(path, sizeof path, "%s/other.csv", f->folder);
    denied(&one, path);
    sm_session_close(one.s);
    sm_engine_close(one.e);
}

static void test_engine__changes_no_setting_after_it_is_open(void **state)
{
    fixture *f = *state;

    refused(f, "SET memory_limit = '1GB'");
    refused(f, "SET threads = 1");
    refused(f, "SET enable_external_access = true");
    refused(f, "SET GLOBAL allowed_directories = ['/']");
    refused(f, "SET autoload_known_extensions = true");
    refused(f, "SET TimeZone = 'Europe/Berlin'");
    refused(f, "SET lock_configuration = false");
    refused(f, "RESET lock_configuration");
    refused(f, "PRAGMA enable_external_access = true");
}

static void setting_is(fixture *f, const char *name, const char *value)
{
    char sql[256];
    sm_sv text;
    sm_error err;

    snprintf(sql, sizeof sql, "SELECT current_setting('%s')", name);
    sm_assert_ok(sm_session_text(f->s, sm_sv_cstr(sql), f->a, &text, &err), err);
    assert_string_equal(text.ptr, value);
}

static void test_engine__is_set_as_it_should_be(void **state)
{
    fixture *f = *state;

    setting_is(f, "threads", "2");
    setting_is(f, "memory_limit", "200.0 MiB");
    setting_is(f, "TimeZone", "UTC");
    setting_is(f, "preserve_insertion_order", "false");
    setting_is(f, "autoinstall_known_extensions", "false");
    setting_is(f, "autoload_known_extensions", "false");
    setting_is(f, "allow_community_extensions", "false");
    setting_is(f, "enable_external_access", "false");
    setting_is(f, "lock_configuration", "true");
}

static void test_session__a_failing_statement_says_why_in_one_line(void **state)
{
    fixture *f = *state;
    sm_error err;

    sm_assert_code(sm_session_exec(f->s, SM_SV("SELECT x FROM (SELECT 1 AS y)"), &err), SM_E_SQL);
    assert_string_equal(err.msg, "Referenced column \"x\" not found in FROM clause!");
    sm_assert_code(sm_session_exec(f->s, SM_SV("SELECT 'a'::INTEGER"), &err), SM_E_SQL);
    assert_string_equal(err.msg,
                        "the engine does not take a value: Could not convert string 'a' to INT32");
    sm_assert_code(sm_session_exec(f->s, SM_SV("SELEC"), &err), SM_E_SQL);
    assert_string_equal(err.msg, "syntax error at or near \"SELEC\"");
    sm_assert_code(sm_session_exec(f->s, (sm_sv){ "SELECT\0 1", 9 }, &err), SM_E_INVALID);
}

static void test_session__out_of_memory_is_a_limit(void **state)
{
    fixture *f = *state;
    sm_error err;

    sm_assert_code(sm_session_exec(f->s,
                                   SM_SV("SELECT list(i::VARCHAR || repeat('x', 100)) FROM "
                                         "range(20000000) t(i)"),
                                   &err),
                   SM_E_LIMIT);
}

/* Sort more than the memory limit holds. */
static sm_code sort_much(sm_sv temp_directory, sm_error *err)
{
    sm_engine_config c = { .threads = 2,
                           .memory_limit = SM_SV("64MiB"),
                           .temp_directory = temp_directory };
    sm_engine *e;
    sm_session *s;
    int64_t n = 0;
    sm_code rc;

    sm_assert_ok(sm_engine_open(&c, &e, err), *err);
    sm_assert_ok(sm_session_open(e, &s, err), *err);
    rc =
        sm_session_int64(s,
                         SM_SV("SELECT sum(length(t) + p) FROM (SELECT t, row_number() OVER (ORDER "
                               "BY h) AS p FROM (SELECT hash(i) AS h, i || ' and so on, and so on' "
                               "AS t FROM range(1000000) r(i)))"),
                         &n, err);
    sm_session_close(s);
    sm_engine_close(e);
    return rc;
}

static void test_session__what_does_not_fit_into_memory_is_spilled(void **state)
{
    fixture *f = *state;
    sm_sv folder = sm_arena_printf(f->a, "%s/tmp", f->folder);
    sm_error err;

    sm_assert_ok(sort_much(folder, &err), err);
    sm_assert_code(sort_much(SM_SV(""), &err), SM_E_LIMIT);
}

static void test_session__a_missing_file_is_io(void **state)
{
    fixture *f = *state;
    char sql[PATH_MAX + 256];
    sm_error err;

    snprintf(sql, sizeof sql, "SELECT * FROM read_parquet('%s/none.parquet')", f->folder);
    sm_assert_code(sm_session_exec(f->s, sm_sv_cstr(sql), &err), SM_E_IO);
}

typedef struct asker {
    sm_session *s;
    sm_atomic done;
} asker;

static void ask_until_done(void *arg)
{
    asker *a = arg;

    while (sm_atomic_get(&a->done) == 0) {
        sm_session_interrupt(a->s);
        usleep(1000);
    }
}

static void test_session__an_interrupt_cancels_what_runs(void **state)
{
    fixture *f = *state;
    asker a = { .s = f->s };
    sm_thread *t;
    sm_error err;

    sm_assert_ok(sm_thread_start("asker", ask_until_done, &a, &t, &err), err);
    sm_assert_code(sm_session_exec(f->s,
                                   SM_SV("SELECT sum(a.i * b.i) FROM range(1000000) a(i), "
                                         "range(1000000) b(i)"),
                                   &err),
                   SM_E_CANCELLED);
    sm_atomic_set(&a.done, 1);
    sm_thread_join(t);
    sm_assert_ok(sm_session_exec(f->s, SM_SV("SELECT 1"), &err), err);
}

static void test_session__views_belong_to_their_session(void **state)
{
    fixture *f = *state;
    sm_session *other;
    int64_t n = 0;
    sm_error err;

    sm_session_view(f->s, SM_SV("v"), SM_SV("SELECT 1 AS x"));
    sm_session_view(f->s, SM_SV("V"), SM_SV("SELECT 'it''s' AS q, 42 AS x -- a comment"));
    sm_assert_ok(sm_session_int64(f->s, SM_SV("SELECT x FROM v"), &n, &err), err);
    assert_int_equal(n, 42);
    sm_assert_ok(sm_session_open(f->e, &other, &err), err);
    sm_assert_code(sm_session_int64(other, SM_SV("SELECT x FROM v"), &n, &err), SM_E_SQL);
    sm_session_close(other);
    sm_session_view(f->s, SM_SV("above"), SM_SV("SELECT w.x + v.x AS x FROM v AS w, v"));
    sm_assert_ok(sm_session_int64(f->s, SM_SV("SELECT x FROM above"), &n, &err), err);
    assert_int_equal(n, 84);
}

static void test_session__a_view_is_judged_by_the_query_that_names_it(void **state)
{
    fixture *f = *state;
    int64_t n = 0;
    sm_error err;

    sm_session_view(f->s, SM_SV("v"), SM_SV("SELECT nowhere FROM range(3)"));
    sm_assert_ok(sm_session_int64(f->s, SM_SV("SELECT 1"), &n, &err), err);
    sm_assert_code(sm_session_int64(f->s, SM_SV("SELECT count(*) FROM v"), &n, &err), SM_E_SQL);
    assert_non_null(strstr(err.msg, "nowhere"));
}

static void test_session__the_clock_of_a_batch_is_a_variable(void **state)
{
    fixture *f = *state;
    sm_sv text;
    sm_error err;

    sm_session_set_time(f->s, 1700000000123);
    sm_assert_ok(
        sm_session_text(f->s, SM_SV("SELECT getvariable('smelt_batch_time')"), f->a, &text, &err),
        err);
    assert_string_equal(text.ptr, "2023-11-14 22:13:20.123");
    sm_session_view(f->s, SM_SV("clock"), SM_SV("SELECT getvariable('smelt_batch_time') AS now"));
    sm_session_set_time(f->s, 1700000001123);
    sm_assert_ok(sm_session_text(f->s, SM_SV("SELECT now FROM clock"), f->a, &text, &err), err);
    assert_string_equal(text.ptr, "2023-11-14 22:13:21.123");
}

static void test_session__one_value_must_be_one(void **state)
{
    fixture *f = *state;
    int64_t n;
    sm_sv text;
    sm_error err;

    sm_assert_code(sm_session_int64(f->s, SM_SV("SELECT 1 WHERE false"), &n, &err), SM_E_SQL);
    sm_assert_code(sm_session_int64(f->s, SM_SV("SELECT NULL::BIGINT"), &n, &err), SM_E_SQL);
    sm_assert_ok(sm_session_text(f->s, SM_SV("SELECT NULL::VARCHAR"), f->a, &text, &err), err);
    assert_null(text.ptr);
}

static void test_session__describes_without_running(void **state)
{
    fixture *f = *state;
    sm_schema schema;
    sm_error err;

    sm_assert_ok(sm_session_describe(f->s, SM_SV("SELECT error('ran') AS a, 1::DECIMAL(9,2) AS b"),
                                     f->a, &schema, &err),
                 err);
    assert_int_equal(schema.n, 2);
    assert_string_equal(schema.columns[1].type.ptr, "DECIMAL(9,2)");
}

/* ---- every type ---- */

typedef struct value_case {
    const char *sql, *type, *text, *json;
} value_case;

static const value_case values[] = {
    { "true", "BOOLEAN", "true", "true" },
    { "(-128)::TINYINT", "TINYINT", "-128", "-128" },
    { "255::UTINYINT", "UTINYINT", "255", "255" },
    { "(-32768)::SMALLINT", "SMALLINT", "-32768", "-32768" },
    { "65535::USMALLINT", "USMALLINT", "65535", "65535" },
    { "7", "INTEGER", "7", "7" },
    { "4294967295::UINTEGER", "UINTEGER", "4294967295", "4294967295" },
    { "(-9223372036854775808)::BIGINT", "BIGINT", "-9223372036854775808", "-9223372036854775808" },
    { "18446744073709551615::UBIGINT", "UBIGINT", "18446744073709551615", "18446744073709551615" },
    { "(-170141183460469231731687303715884105727)::HUGEINT", "HUGEINT",
      "-170141183460469231731687303715884105727", "-170141183460469231731687303715884105727" },
    { "340282366920938463463374607431768211455::UHUGEINT", "UHUGEINT",
      "340282366920938463463374607431768211455", "340282366920938463463374607431768211455" },
    { "1.50::DECIMAL(4,2)", "DECIMAL(4,2)", "1.50", "1.50" },
    { "(-0.05)::DECIMAL(18,3)", "DECIMAL(18,3)", "-0.050", "-0.050" },
    { "12345678901234567890123.5::DECIMAL(38,1)", "DECIMAL(38,1)", "12345678901234567890123.5",
      "12345678901234567890123.5" },
    { "0.1::FLOAT", "FLOAT", "0.1", "0.1" },
    { "1::DOUBLE", "DOUBLE", "1.0", "1.0" },
    { "1/3", "DOUBLE", "0.3333333333333333", "0.3333333333333333" },
    { "'nan'::DOUBLE", "DOUBLE", "nan", "\"NaN\"" },
    { "'-inf'::DOUBLE", "DOUBLE", "-inf", "\"-Infinity\"" },
    { "'a\"b'", "VARCHAR", "a\"b", "\"a\\\"b\"" },
    { "'a longer text than twelve bytes'", "VARCHAR", "a longer text than twelve bytes",
      "\"a longer text than twelve bytes\"" },
    { "'{\"a\": 1}'::JSON", "JSON", "{\"a\": 1}", "{\"a\": 1}" },
    { "'\\x00a\\xFF'::BLOB", "BLOB", "\\x00a\\xFF", "\"\\\\x00a\\\\xFF\"" },
    { "'0101'::BIT", "BIT", "0101", "\"0101\"" },
    { "DATE '2026-01-31'", "DATE", "2026-01-31", "\"2026-01-31\"" },
    { "DATE '1969-12-31'", "DATE", "1969-12-31", "\"1969-12-31\"" },
    { "DATE '0044-03-15 (BC)'", "DATE", "0044-03-15 (BC)", "\"0044-03-15 (BC)\"" },
    { "'infinity'::DATE", "DATE", "infinity", "\"infinity\"" },
    { "TIME '12:34:56.5'", "TIME", "12:34:56.5", "\"12:34:56.5\"" },
    { "'12:00:00+02:30'::TIMETZ", "TIME WITH TIME ZONE", "12:00:00+02:30", "\"12:00:00+02:30\"" },
    { "TIMESTAMP '2026-01-31 12:00:00.000123'", "TIMESTAMP", "2026-01-31 12:00:00.000123",
      "\"2026-01-31 12:00:00.000123\"" },
    { "TIMESTAMP '1969-12-31 23:59:59.5'", "TIMESTAMP", "1969-12-31 23:59:59.5",
      "\"1969-12-31 23:59:59.5\"" },
    { "TIMESTAMPTZ '2026-01-31 12:00:00+02'", "TIMESTAMP WITH TIME ZONE", "2026-01-31 10:00:00+00",
      "\"2026-01-31 10:00:00+00\"" },
    { "TIMESTAMP_S '2026-01-31 12:00:00'", "TIMESTAMP_S", "2026-01-31 12:00:00",
      "\"2026-01-31 12:00:00\"" },
    { "TIMESTAMP_NS '2026-01-31 12:00:00.123456789'", "TIMESTAMP_NS",
      "2026-01-31 12:00:00.123456789", "\"2026-01-31 12:00:00.123456789\"" },
    { "INTERVAL '1 year 2 months 3 days 04:05:06.7'", "INTERVAL",
      "1 year 2 months 3 days 04:05:06.7", "\"1 year 2 months 3 days 04:05:06.7\"" },
    { "INTERVAL 0 DAYS", "INTERVAL", "00:00:00", "\"00:00:00\"" },
    { "'550e8400-e29b-41d4-a716-446655440000'::UUID", "UUID",
      "550e8400-e29b-41d4-a716-446655440000", "\"550e8400-e29b-41d4-a716-446655440000\"" },
    { "'b'::ENUM('a', 'b')", "ENUM('a', 'b')", "b", "\"b\"" },
    { "NULL", "INTEGER", "NULL", "null" },
    { "NULL::BIGINT", "BIGINT", "NULL", "null" },
    { "[1, NULL, 3]", "INTEGER[]", "[1,null,3]", "[1,null,3]" },
    { "[1, 2]::INTEGER[2]", "INTEGER[2]", "[1,2]", "[1,2]" },
    { "{'a': 1, 'b c': [{'d': 'x'}]}", "STRUCT(\"a\" INTEGER, \"b c\" STRUCT(\"d\" VARCHAR)[])",
      "{\"a\":1,\"b c\":[{\"d\":\"x\"}]}", "{\"a\":1,\"b c\":[{\"d\":\"x\"}]}" },
    { "MAP {'k': 1, 'l': NULL}", "MAP(VARCHAR, INTEGER)", "{\"k\":1,\"l\":null}",
      "{\"k\":1,\"l\":null}" },
    { "MAP {1: 'x'}", "MAP(INTEGER, VARCHAR)", "[{\"key\":1,\"value\":\"x\"}]",
      "[{\"key\":1,\"value\":\"x\"}]" },
    { "[]", "INTEGER[]", "[]", "[]" },
};

static void value_is(fixture *f, const value_case *c)
{
    char sql[512];
    sm_rows *r = NULL;
    sm_buf text, json;
    sm_error err;

    snprintf(sql, sizeof sql, "SELECT %s AS v", c->sql);
    sm_assert_ok(sm_session_query(f->s, sm_sv_cstr(sql), &r, &err), err);
    sm_buf_init(&text, 4096);
    sm_buf_init(&json, 4096);
    assert_true(sm_rows_next(r));
    sm_rows_text(r, 0, &text);
    sm_rows_json(r, 0, &json);
    assert_string_equal(sm_rows_schema(r)->columns[0].type.ptr, c->type);
    assert_string_equal(text.ptr, c->text);
    assert_string_equal(json.ptr, c->json);
    assert_false(sm_rows_next(r));
    sm_buf_release(&text);
    sm_buf_release(&json);
    sm_rows_free(r);
}

static void test_rows__print_values_of_every_type(void **state)
{
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        value_is(*state, &values[i]);
}

static void test_rows__refuse_types_without_a_text_form_by_name(void **state)
{
    fixture *f = *state;
    sm_rows *r = NULL;
    sm_error err;

    sm_assert_code(sm_session_query(f->s, SM_SV("SELECT union_value(a := 1) AS u"), &r, &err),
                   SM_E_INVALID);
    sm_test_contains(err.msg, "column \"u\"");
    assert_null(r);
}

static void test_rows__go_over_many_chunks(void **state)
{
    fixture *f = *state;
    sm_rows *r = NULL;
    int64_t n = 0, sum = 0;
    sm_error err;

    sm_assert_ok(sm_session_query(f->s,
                                  SM_SV("SELECT i, i::DOUBLE / 2, 'row ' || i, CASE WHEN i % 2 = 0 "
                                        "THEN i END FROM range(10000) t(i) ORDER BY i"),
                                  &r, &err),
                 err);
    while (sm_rows_next(r)) {
        char text[32];
        snprintf(text, sizeof text, "row %lld", (long long)n);
        assert_int_equal(sm_rows_int64(r, 0), n);
        assert_true(sm_rows_double(r, 1) * 2 == (double)n);
        assert_true(sm_sv_eq_str(sm_rows_sv(r, 2), text));
        assert_int_equal(sm_rows_null(r, 3), n % 2);
        sum += sm_rows_int64(r, 3);
        n++;
    }
    assert_int_equal(n, 10000);
    assert_int_equal(sum, 24995000);
    assert_false(sm_rows_next(r));
    sm_rows_free(r);
}

int main(void)
{
    const struct CMUnitTest before[] = {
        SM_TEST(test_engine__says_where_a_library_was_missing),
        SM_TEST(test_engine__refuses_a_library_that_is_not_duckdb),
    };
    const struct CMUnitTest tests[] = {
        SM_TEST(test_engine__touches_nothing_outside_its_folders),
        SM_TEST(test_engine__leaves_its_folders_neither_by_dots_nor_by_links),
        SM_TEST(test_engine__allows_a_file_and_not_its_neighbours),
        SM_TEST(test_engine__changes_no_setting_after_it_is_open),
        SM_TEST(test_engine__is_set_as_it_should_be),
        SM_TEST(test_session__a_failing_statement_says_why_in_one_line),
        SM_TEST(test_session__out_of_memory_is_a_limit),
        SM_TEST(test_session__what_does_not_fit_into_memory_is_spilled),
        SM_TEST(test_session__a_missing_file_is_io),
        SM_TEST(test_session__an_interrupt_cancels_what_runs),
        SM_TEST(test_session__views_belong_to_their_session),
        SM_TEST(test_session__a_view_is_judged_by_the_query_that_names_it),
        SM_TEST(test_session__the_clock_of_a_batch_is_a_variable),
        SM_TEST(test_session__one_value_must_be_one),
        SM_TEST(test_session__describes_without_running),
        SM_TEST(test_rows__print_values_of_every_type),
        SM_TEST(test_rows__refuse_types_without_a_text_form_by_name),
        SM_TEST(test_rows__go_over_many_chunks),
    };

    return cmocka_run_group_tests(before, NULL, NULL) +
           cmocka_run_group_tests(tests, setup, teardown);
}
