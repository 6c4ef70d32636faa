/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "runtime/connect/connect.h"
#include "runtime/engine/engine.h"
#include "runtime/sources/sources.h"
#include "tests/support/test.h"
#include "tests/unit/delta_fixture.h"

static sm_engine *engine;
static sm_session *session;
static delta_fixture f;
static sm_arena *life;
static sm_source source;
static sm_column column = { .nullable = true };
static sm_schema schema = { &column, 1 };

static int open_engine(void **state)
{
    (void)state;
    char *here = realpath(".", NULL);
    sm_sv allowed = sm_sv_cstr(here);
    sm_engine_config config = { .memory_limit = SM_SV("512MiB"),
                                .threads = 2,
                                .allowed_directories = &allowed,
                                .allowed_count = 1 };

    sm_assert_ok(sm_engine_open(&config, &engine, &f.err), f.err);
    sm_assert_ok(sm_session_open(engine, &session, &f.err), f.err);
    free(here);
    return 0;
}

static int close_engine(void **state)
{
    (void)state;
    sm_session_close(session);
    sm_engine_close(engine);
    return 0;
}

static void open_source(int files, const char *size)
{
    const sm_source_ops *ops = sm_source_find(sm_sources(), SM_SV("delta"));

    life = sm_arena_new("source");
    void *config = sm_arena_alloc(life, ops->config_size, _Alignof(max_align_t), 1);
    sm_json *values = sm_json_object(life);
    sm_json_set_string(values, "path", sm_sv_cstr(f.root));
    sm_json_set_int(values, "max_files_per_trigger", files);
    sm_json_set_string(values, "max_bytes_per_trigger", sm_sv_cstr(size));
    sm_assert_ok(sm_options_fill(ops->options, values, config, life, &f.err), f.err);
    column.name = SM_SV("a");
    column.type = SM_SV("BIGINT");
    source = (sm_source){
        .ops = ops, .config = config, .name = SM_SV("t"), .schema = &schema, .arena = life
    };
    sm_assert_ok(sm_source_open(&source, &f.err), f.err);
}

static void close_source(void)
{
    sm_source_close(&source);
    sm_arena_free(life);
}

static int setup(void **state)
{
    (void)state;
    delta_fixture_init(&f, "source");
    open_source(1000, "1GiB");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    close_source();
    delta_fixture_release(&f);
    return 0;
}

/* ---- asking ---- */

static const sm_json *newest(void)
{
    const sm_json *out;

    sm_assert_ok(sm_source_newest(&source, f.arena, &out, &f.err), f.err);
    return out;
}

static const sm_json *latest(const sm_json *start)
{
    const sm_json *out;

    sm_assert_ok(sm_source_latest(&source, start, newest(), f.arena, &out, &f.err), f.err);
    return out;
}

static void assert_offset(const sm_json *offset, int64_t version, int64_t index, bool snapshot)
{
    assert_int_equal(sm_json_get_int(offset, "version", -9), version);
    assert_int_equal(sm_json_get_int(offset, "index", -9), index);
    assert_int_equal(sm_json_get_bool(offset, "snapshot", false), snapshot);
    assert_true(sm_sv_eq_str(sm_json_get_sv(offset, "table_id", SM_SV("")), "table-1"));
}

/* A file of rows 10 * n + {0, 1}, named f<n>. */
static void make_file(int n)
{
    sm_sv sql = sm_arena_printf(
        f.arena, "COPY (SELECT %d + i AS a FROM range(2) t(i)) TO '%s/f%d' (FORMAT parquet)",
        10 * n, f.root, n);

    sm_assert_ok(sm_session_exec(session, sql, &f.err), f.err);
}

/* The rows of (start, end], sorted, joined by commas. */
static const char *rows_of(const sm_json *start, const sm_json *end)
{
    sm_sv text;

    source.session = session;
    sm_assert_ok(sm_source_read(&source, start, end, SM_SV("v"), &f.err), f.err);
    sm_assert_ok(sm_source_verify(&source, start, end, &f.err), f.err);
    sm_assert_ok(
        sm_session_text(session,
                        SM_SV("SELECT coalesce(string_agg(a::VARCHAR, ',' ORDER BY a), '') FROM v"),
                        f.arena, &text, &f.err),
        f.err);
    source.session = NULL;
    return text.ptr;
}

/* ---- offsets ---- */

static void test_source_delta__of_no_table_has_nothing(void **state)
{
    (void)state;
    assert_null(newest());
    assert_null(latest(NULL));
}

static void test_source_delta__begins_with_the_table_as_it_stands(void **state)
{
    (void)state;
    delta_fixture_put(&f, 0, DELTA_CREATE DELTA_ADD("f0"));
    delta_fixture_put(&f, 1, DELTA_REMOVE("f0") DELTA_ADD("f1"));
    make_file(1);
    const sm_json *end = latest(NULL);
    assert_offset(end, 1, -1, false);
    assert_string_equal(rows_of(NULL, end), "10,11");
    assert_ptr_equal(latest(end), end);
}

static void test_source_delta__follows_commits_and_counts_their_rows(void **state)
{
    (void)state;
    delta_fixture_put(&f, 0, DELTA_CREATE);
    const sm_json *start = latest(NULL);
    assert_offset(start, 0, -1, false);
    delta_fixture_put(&f, 1, DELTA_ADD("f1"));
    delta_fixture_put(&f, 2, DELTA_ADD("f2"));
    make_file(1);
    make_file(2);
    const sm_json *end = latest(start);
    assert_offset(end, 2, -1, false);
    assert_string_equal(rows_of(start, end), "10,11,20,21");
    assert_int_equal(source.report.read, 4);
    assert_int_equal(source.report.files, 2);
    assert_string_equal(rows_of(end, end), "");
}

static void test_source_delta__a_batch_ends_inside_a_commit_when_it_is_full(void **state)
{
    (void)state;
    delta_fixture_put(&f, 0, DELTA_CREATE);
    const sm_json *a = latest(NULL);
    delta_fixture_put(&f, 1, DELTA_ADD("f1") DELTA_ADD("f2") DELTA_ADD("f3"));
    delta_fixture_put(&f, 2, DELTA_ADD("f4"));
    for (int i = 1; i <= 4; i++)
        make_file(i);
    close_source();
    open_source(2, "1GiB");
    const sm_json *b = latest(a), *c = latest(b);
    assert_offset(b, 1, 2, false);
    assert_offset(c, 2, -1, false);
    assert_string_equal(rows_of(a, b), "10,11,20,21");
    assert_string_equal(rows_of(b, c), "30,31,40,41");
    close_source();
    open_source(1, "1GiB");
    b = latest(a);
    c = latest(b);
    const sm_json *d = latest(c), *e = latest(d);
    assert_offset(d, 1, -1, false);
    assert_offset(e, 2, -1, false);
    assert_string_equal(rows_of(c, d), "30,31");
    assert_string_equal(rows_of(d, e), "40,41");
}

static void test_source_delta__bytes_end_a_batch_but_one_file_always_goes(void **state)
{
    (void)state;
    delta_fixture_put(&f, 0, DELTA_CREATE);
    const sm_json *a = latest(NULL);
    delta_fixture_put(&f, 1, DELTA_ADD("f1") DELTA_ADD("f2"));
    close_source();
    open_source(1000, "1");
    const sm_json *b = latest(a);
    assert_offset(b, 1, 1, false);
    assert_offset(latest(b), 1, -1, false);
}

static void test_source_delta__a_large_table_is_begun_in_pages_of_one_version(void **state)
{
    (void)state;
    delta_fixture_put(&f, 0, DELTA_CREATE DELTA_ADD("f1") DELTA_ADD("f2") DELTA_ADD("f3"));
    for (int i = 1; i <= 4; i++)
        make_file(i);
    close_source();
    open_source(2, "1GiB");
    const sm_json *a = latest(NULL);
    assert_offset(a, 0, 2, true);
    delta_fixture_put(&f, 1, DELTA_ADD("f4"));
    const sm_json *b = latest(a), *c = latest(b);
    assert_offset(b, 0, -1, false);
    assert_offset(c, 1, -1, false);
    assert_string_equal(rows_of(NULL, a), "10,11,20,21");
    assert_string_equal(rows_of(a, b), "30,31");
    assert_string_equal(rows_of(b, c), "40,41");
}

static void test_source_delta__rearranged_files_are_no_news(void **state)
{
    (void)state;
    delta_fixture_put(&f, 0, DELTA_CREATE DELTA_ADD("f1"));
    const sm_json *a = latest(NULL);
    delta_fixture_put(&f, 1,
                      "{\"remove\":{\"path\":\"f1\",\"dataChange\":false}}\n"
                      "{\"add\":{\"path\":\"f9\",\"partitionValues\":{},\"size\":1,"
                      "\"modificationTime\":1,\"dataChange\":false}}\n");
    assert_ptr_equal(latest(a), a);
    delta_fixture_put(&f, 2, DELTA_ADD("f2"));
    make_file(2);
    const sm_json *b = latest(a);
    assert_offset(b, 2, -1, false);
    assert_string_equal(rows_of(a, b), "20,21");
}

static void
test_source_delta__a_table_of_others_is_followed_over_commits_that_give_nothing(void **state)
{
    (void)state;
    source.external = true;
    delta_fixture_put(&f, 0, DELTA_CREATE DELTA_ADD("f1"));
    const sm_json *a = latest(NULL);
    delta_fixture_put(&f, 1, DELTA_INFO("x", ""));
    const sm_json *b = latest(a);
    assert_offset(b, 1, -1, false);
    assert_string_equal(rows_of(a, b), "");
    assert_ptr_equal(latest(b), b);
}

/* ---- stopping ---- */

static void test_source_delta__removed_rows_stop_it_naming_version_and_operation(void **state)
{
    (void)state;
    const sm_json *out;

    delta_fixture_put(&f, 0, DELTA_CREATE DELTA_ADD("f0"));
    const sm_json *a = latest(NULL);
    delta_fixture_put(&f, 1, DELTA_ADD("f1"));
    delta_fixture_put(&f, 2, DELTA_INFO("x", "") DELTA_REMOVE("f0") DELTA_ADD("f2"));
    const sm_json *b = latest(a); /* what lies before it is read first */
    assert_offset(b, 1, -1, false);
    sm_assert_code(sm_source_latest(&source, b, newest(), f.arena, &out, &f.err), SM_E_INVALID);
    sm_test_contains(f.err.msg, "version 2 (TEST) removed rows");
}

static void test_source_delta__a_table_in_the_place_of_the_old_one_is_corrupt(void **state)
{
    (void)state;
    const sm_json *out;

    delta_fixture_put(&f, 0, DELTA_CREATE);
    sm_json *a = sm_json_copy(f.arena, latest(NULL));
    sm_json_set_string(a, "table_id", SM_SV("table-0"));
    delta_fixture_put(&f, 1, DELTA_ADD("f1"));
    sm_assert_code(sm_source_latest(&source, a, newest(), f.arena, &out, &f.err), SM_E_CORRUPT);
    sm_test_contains(f.err.msg, "was replaced");
    sm_json_set_int(a, "version", 7);
    sm_assert_code(sm_source_latest(&source, a, newest(), f.arena, &out, &f.err), SM_E_CORRUPT);
}

/* ---- as it stands ---- */

static const char *snapshot_rows(const sm_json *position)
{
    sm_sv text;

    source.session = session;
    sm_assert_ok(sm_source_snapshot(&source, position, SM_SV("v"), &f.err), f.err);
    sm_assert_ok(
        sm_session_text(
            session,
            SM_SV("SELECT coalesce(string_agg(a::VARCHAR, ',' ORDER BY a), 'none') FROM v"),
            f.arena, &text, &f.err),
        f.err);
    source.session = NULL;
    return text.ptr;
}

static const sm_json *position(void)
{
    const sm_json *out;

    sm_assert_ok(sm_source_position(&source, f.arena, &out, &f.err), f.err);
    return out;
}

static void test_source_delta__a_position_changes_with_every_commit_and_stays_readable(void **state)
{
    (void)state;
    const sm_json *none = position();

    assert_string_equal(snapshot_rows(none), "none");
    delta_fixture_put(&f, 0, DELTA_CREATE DELTA_ADD("f1"));
    make_file(1);
    make_file(2);
    const sm_json *first = position();
    assert_true(sm_json_equal(first, position()));
    delta_fixture_put(&f, 1, DELTA_ADD("f2"));
    const sm_json *second = position();
    assert_false(sm_json_equal(first, second));
    assert_string_equal(snapshot_rows(first), "10,11");
    assert_string_equal(snapshot_rows(second), "10,11,20,21");
    assert_string_equal(snapshot_rows(first), "10,11");
    assert_int_equal(source.report.read, 2);
}

static void test_source_delta__files_without_a_column_give_null(void **state)
{
    (void)state;
    static sm_column two[] = { { .nullable = true }, { .nullable = true } };
    sm_schema wider = { two, 2 };
    sm_sv text;

    two[0].name = SM_SV("later");
    two[0].type = SM_SV("TIMESTAMP");
    two[1].name = SM_SV("a");
    two[1].type = SM_SV("BIGINT");
    source.schema = &wider;
    delta_fixture_put(&f, 0, DELTA_CREATE DELTA_ADD("f1"));
    make_file(1);
    source.session = session;
    sm_assert_ok(sm_source_snapshot(&source, position(), SM_SV("v"), &f.err), f.err);
    sm_assert_ok(
        sm_session_text(
            session,
            SM_SV("SELECT concat_ws(' ', count(later), count(a), any_value(typeof(later))) FROM v"),
            f.arena, &text, &f.err),
        f.err);
    source.session = NULL;
    assert_string_equal(text.ptr, "0 2 TIMESTAMP");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define SOURCE_TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
        SOURCE_TEST(test_source_delta__of_no_table_has_nothing),
        SOURCE_TEST(test_source_delta__begins_with_the_table_as_it_stands),
        SOURCE_TEST(test_source_delta__follows_commits_and_counts_their_rows),
        SOURCE_TEST(test_source_delta__a_batch_ends_inside_a_commit_when_it_is_full),
        SOURCE_TEST(test_source_delta__bytes_end_a_batch_but_one_file_always_goes),
        SOURCE_TEST(test_source_delta__a_large_table_is_begun_in_pages_of_one_version),
        SOURCE_TEST(test_source_delta__rearranged_files_are_no_news),
        SOURCE_TEST(
            test_source_delta__a_table_of_others_is_followed_over_commits_that_give_nothing),
        SOURCE_TEST(test_source_delta__removed_rows_stop_it_naming_version_and_operation),
        SOURCE_TEST(test_source_delta__a_table_in_the_place_of_the_old_one_is_corrupt),
        SOURCE_TEST(test_source_delta__a_position_changes_with_every_commit_and_stays_readable),
        SOURCE_TEST(test_source_delta__files_without_a_column_give_null),
    };
    return cmocka_run_group_tests(tests, open_engine, close_engine);
}
