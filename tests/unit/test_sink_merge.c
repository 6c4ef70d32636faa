/* SPDX-License-Identifier: Apache-2.0 */
/* test_sink_merge.c -- a Delta table whose rows are replaced by key. */
#include <stdlib.h>
#include <string.h>

#include "runtime/base/failpoint.h"
#include "runtime/base/fs.h"
#include "runtime/connect/connect.h"
#include "runtime/delta/delta.h"
#include "runtime/delta/delta_log.h"
#include "runtime/delta/delta_path.h"
#include "runtime/engine/engine.h"
#include "runtime/sinks/sinks.h"
#include "tests/support/test.h"

static sm_engine *engine;
static sm_session *session;
static sm_arena *arena, *life;
static sm_error err;
static char *root;
static sm_sink sink;
static sm_column columns[4];
static sm_schema schema;
static sm_sv partition, keys[2];
static size_t key_count;
static int64_t batch, rows, bytes;

/* ---- one engine for all, one table per test ---- */

static int open_engine(void **state)
{
    (void)state;
    char *here = realpath(sm_test_folder("merge"), NULL);
    sm_sv allowed = sm_sv_cstr(here);
    sm_engine_config config = { .memory_limit = SM_SV("512MiB"),
                                .threads = 2,
                                .allowed_directories = &allowed,
                                .allowed_count = 1 };

    sm_assert_ok(sm_engine_open(&config, &engine, &err), err);
    sm_assert_ok(sm_session_open(engine, &session, &err), err);
    root = sm_xmalloc(strlen(here) + 3);
    memcpy(root, here, strlen(here));
    memcpy(root + strlen(here), "/t", 3);
    free(here);
    return 0;
}

static int close_engine(void **state)
{
    (void)state;
    sm_session_close(session);
    sm_engine_close(engine);
    free(root);
    return 0;
}

static void use_columns(size_t n, const char *const (*pairs)[2])
{
    for (size_t i = 0; i < n; i++)
        columns[i] = (sm_column){ .name = sm_sv_cstr(pairs[i][0]),
                                  .type = sm_sv_cstr(pairs[i][1]),
                                  .nullable = true };
    schema = (sm_schema){ columns, n };
}

static void use_keys(const char *first, const char *second)
{
    keys[0] = sm_sv_cstr(first);
    keys[1] = second == NULL ? SM_SV("") : sm_sv_cstr(second);
    key_count = second == NULL ? 1 : 2;
}

static void open_sink(const char *generation)
{
    life = sm_arena_new("sink");
    sink = (sm_sink){
        .ops = sm_sink_find(sm_sinks(), SM_SV("delta")),
        .name = SM_SV("t"),
        .flow = SM_SV("t"),
        .generation = sm_sv_cstr(generation),
        .path = sm_arena_dup(life, sm_sv_cstr(root)),
        .schema = &schema,
        .partition_by = &partition,
        .partition_count = partition.len > 0 ? 1 : 0,
        .mode = SM_WRITE_MERGE,
        .merge_keys = keys,
        .arena = life,
    };
    sm_assert_ok(sm_sink_open(&sink, &err), err);
}

static void close_sink(void)
{
    sm_sink_close(&sink);
    sm_arena_free(life);
}

static void reopen(void)
{
    close_sink();
    open_sink("g1");
}

static int setup(void **state)
{
    (void)state;
    static const char *const pairs[][2] = { { "k", "BIGINT" }, { "v", "VARCHAR" } };

    arena = sm_arena_new("test");
    sm_test_remove(root);
    use_columns(2, pairs);
    use_keys("k", NULL);
    partition = (sm_sv){ "", 0 };
    batch = 0;
    open_sink("g1");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    sm_failpoint_set("");
    close_sink();
    sm_arena_free(arena);
    return 0;
}

/* ---- doing ---- */

static sm_code prepare(const char *touched, const char *select, sm_manifest **out)
{
    sm_batch_id id = {
        .flow = SM_SV("t"),
        .generation = sink.generation,
        .n = batch,
        .time_ms = 1700000000000 + batch,
        .end_offsets = sm_json_object(arena),
    };

    *out = sm_manifest_new(arena, &id);
    sink.session = session;
    sink.merge_key_count = key_count;
    sink.touched = sm_sv_cstr(touched);
    sm_code rc = sm_sink_prepare(&sink, sm_sv_cstr(select), *out, &rows, &bytes, &err);
    sink.session = NULL;
    return rc;
}

static int64_t publish(const sm_manifest *m)
{
    int64_t version = -2;

    sm_assert_ok(sm_sink_publish(&sink, m, &version, &err), err);
    return version;
}

/* A whole batch; its version. */
static int64_t merge(const char *touched, const char *select)
{
    sm_manifest *m;

    sm_assert_ok(prepare(touched, select, &m), err);
    batch++;
    return publish(m);
}

/* A whole batch in mode APPEND, as a foreign writer or an earlier life would. */
static int64_t append(const char *select)
{
    sink.mode = SM_WRITE_APPEND;
    int64_t version = merge("SELECT 1", select);
    sink.mode = SM_WRITE_MERGE;
    return version;
}

/* `query` over the table `t`, first cell. */
static const char *ask(const char *query)
{
    sm_delta_info info;
    sm_sv select, cell;

    sm_assert_ok(
        sm_delta_relation(sm_sv_cstr(root), NULL, -1, session, arena, &info, &select, &err), err);
    sm_session_view(session, SM_SV("t"), select);
    sm_assert_ok(sm_session_text(session, sm_sv_cstr(query), arena, &cell, &err), err);
    return cell.ptr == NULL ? "NULL" : sm_arena_cstr(arena, cell);
}

/* "k v|k v|…" in order. */
static const char *all_rows(void)
{
    return ask("SELECT coalesce(string_agg(concat_ws(' ', coalesce(k::VARCHAR, 'NULL'), v), '|' "
               "ORDER BY k, v), '') FROM t");
}

static const char *commit_text(int64_t version)
{
    sm_delta_table *t;
    sm_sv text;

    sm_assert_ok(sm_delta_open(sm_sv_cstr(root), NULL, &t, &err), err);
    sm_assert_ok(sm_delta_read(t, version, arena, &text, &err), err);
    sm_delta_close(t);
    return text.ptr;
}

/* How often `what` stands in the commit. */
static int count_in_commit(int64_t version, const char *what)
{
    int n = 0;

    for (const char *at = commit_text(version); (at = strstr(at, what)) != NULL; at++)
        n++;
    return n;
}

#define ADDS(version)    count_in_commit(version, "\n{\"add\":")
#define REMOVES(version) count_in_commit(version, "\n{\"remove\":")

/* Data files below the table's folder. */
static int count_files(void)
{
    sm_fs_entry *entries;
    size_t n;
    int files = 0;

    if (sm_fs_list(root, false, arena, &entries, &n, &err) != SM_OK)
        return 0;
    for (size_t i = 0; i < n; i++)
        files += !entries[i].stat.is_dir;
    return files;
}

static void check_no_temporaries(void)
{
    int64_t n = -1;

    sm_assert_ok(sm_session_int64(session, SM_SV("SELECT count(*) FROM duckdb_tables()"), &n, &err),
                 err);
    assert_int_equal(n, 0);
}

/* ---- rows ---- */

static void test_sink_merge__replaces_inserts_and_deletes_by_key(void **state)
{
    (void)state;
    assert_int_equal(merge("SELECT unnest([1, 2, 3]) AS k",
                           "SELECT unnest([1, 2, 3]) AS k, unnest(['a', 'b', 'c']) AS v"),
                     0);
    assert_int_equal(rows, 3);
    assert_int_equal(merge("SELECT unnest([2, 3, 4, 4]) AS k",
                           "SELECT unnest([4, 2]) AS k, unnest(['D', 'B']) AS v"),
                     1);
    assert_int_equal(rows, 2);
    assert_string_equal(all_rows(), "1 a|2 B|4 D");
    sm_test_contains(commit_text(1), "\"operation\":\"MERGE\"");
    sm_test_contains(commit_text(1), "\"outputMode\":\"Update\"");
    sm_test_contains(commit_text(1), "\"keys\":\"[\\\"k\\\"]\"");
    sm_test_contains(commit_text(1), "\"numOutputRows\":\"2\"");
    sm_test_contains(commit_text(1), "\"numTargetRowsCopied\":\"1\"");
    sm_test_contains(commit_text(1), "\"isBlindAppend\":false");
    check_no_temporaries();
}

static void test_sink_merge__a_touched_key_without_a_row_is_deleted(void **state)
{
    (void)state;
    merge("SELECT unnest([1, 2]) AS k", "SELECT unnest([1, 2]) AS k, 'a' AS v");
    assert_int_equal(merge("SELECT 2 AS k", "SELECT 1 AS k, 'x' AS v WHERE false"), 1);
    assert_int_equal(rows, 0);
    assert_string_equal(all_rows(), "1 a");
    assert_int_equal(merge("SELECT 1 AS k", "SELECT 1 AS k, 'x' AS v WHERE false"), 2);
    assert_string_equal(all_rows(), "");
    assert_int_equal(ADDS(2), 0);
    assert_int_equal(REMOVES(2), 1);
}

static void test_sink_merge__keys_that_are_not_there_leave_no_commit(void **state)
{
    (void)state;
    sm_manifest *m;

    merge("SELECT 1 AS k", "SELECT 1 AS k, 'a' AS v");
    sm_assert_ok(prepare("SELECT 9 AS k", "SELECT 1 AS k, 'x' AS v WHERE false", &m), err);
    assert_true(sm_manifest_is_empty(m));
    sm_assert_ok(prepare("SELECT 9 AS k WHERE false", "SELECT 1 AS k, 'x' AS v WHERE false", &m),
                 err);
    assert_true(sm_manifest_is_empty(m));
    assert_int_equal(count_files(), 1);
}

static void test_sink_merge__a_first_batch_without_rows_makes_a_typed_empty_table(void **state)
{
    (void)state;
    assert_int_equal(merge("SELECT 1 AS k WHERE false", "SELECT 1 AS k, 'x' AS v WHERE false"), 0);
    assert_string_equal(ask("SELECT typeof(any_value(k)) || typeof(any_value(v)) FROM t"),
                        "BIGINTVARCHAR");
}

static void test_sink_merge__null_equals_null_in_a_key(void **state)
{
    (void)state;
    use_keys("k", "v");
    merge("SELECT NULL AS k, 'a' AS v UNION ALL SELECT NULL, NULL UNION ALL SELECT 1, NULL",
          "SELECT NULL AS k, 'a' AS v UNION ALL SELECT NULL, NULL UNION ALL SELECT 1, NULL");
    assert_string_equal(all_rows(), "1|NULL a|NULL");
    merge("SELECT NULL::INTEGER AS k, NULL::VARCHAR AS v", "SELECT 1 AS k, 'x' AS v WHERE false");
    assert_string_equal(all_rows(), "1|NULL a");
    merge("SELECT NULL::INTEGER AS k, 'a' AS v", "SELECT NULL AS k, 'a' AS v");
    assert_string_equal(all_rows(), "1|NULL a");
}

static void test_sink_merge__a_row_of_a_key_that_is_not_touched_fails(void **state)
{
    (void)state;
    sm_manifest *m;

    merge("SELECT 1 AS k", "SELECT 1 AS k, 'a' AS v");
    sm_assert_code(prepare("SELECT 1 AS k", "SELECT unnest([1, 2]) AS k, 'b' AS v", &m), SM_E_SQL);
    sm_test_contains(err.msg, "internal error: the batch has a row whose key is not among those "
                              "that it touches");
    sm_assert_code(prepare("SELECT 1 AS k WHERE false", "SELECT 1 AS k, 'b' AS v", &m), SM_E_SQL);
    sm_assert_code(prepare("SELECT 1 AS k", "SELECT NULL AS k, 'b' AS v", &m), SM_E_SQL);
    assert_int_equal(count_files(), 1);
    check_no_temporaries();
}

static void test_sink_merge__each_select_is_run_once(void **state)
{
    int64_t n = -1;

    (void)state;
    sm_assert_ok(sm_session_exec(session,
                                 SM_SV("CREATE TEMP SEQUENCE touches; "
                                       "CREATE TEMP SEQUENCE computes"),
                                 &err),
                 err);
    merge("SELECT k FROM (SELECT 1 AS k, nextval('touches') AS n) WHERE n > 0",
          "SELECT k, n::VARCHAR AS v FROM (SELECT 1 AS k, nextval('computes') AS n)");
    merge("SELECT k FROM (SELECT 1 AS k, nextval('touches') AS n) WHERE n > 0",
          "SELECT k, n::VARCHAR AS v FROM (SELECT 1 AS k, nextval('computes') AS n)");
    sm_assert_ok(sm_session_int64(session,
                                  SM_SV("SELECT nextval('touches') * 10 + "
                                        "nextval('computes')"),
                                  &n, &err),
                 err);
    assert_int_equal(n, 33);
    sm_assert_ok(
        sm_session_exec(session, SM_SV("DROP SEQUENCE touches; DROP SEQUENCE computes"), &err),
        err);
    assert_string_equal(all_rows(), "1 2");
}

/* Keys of `type`: three of `values` (a list) come, the second is replaced, the third goes. */
static void check_key(const char *type, const char *values, bool partitioned)
{
    const char *const pairs[][2] = { { "k", type }, { "v", "VARCHAR" } };
    const char *of = "SELECT x AS k FROM (SELECT unnest(%s) AS x, unnest([1, 2, 3]) AS i) "
                     "WHERE i >= %d";
    const char *with = "SELECT x AS k, i || '%s' AS v FROM (SELECT unnest(%s) AS x, "
                       "unnest([1, 2, 3]) AS i) WHERE i BETWEEN %d AND %d";

    close_sink();
    sm_test_remove(root);
    batch = 0;
    use_columns(2, pairs);
    partition = partitioned ? SM_SV("k") : SM_SV("");
    open_sink("g1");
#define TEXT(...) sm_arena_printf(arena, __VA_ARGS__).ptr
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    merge(TEXT(of, values, 1), TEXT(with, "a", values, 1, 3));
    merge(TEXT(of, values, 2), TEXT(with, "b", values, 2, 2));
#pragma GCC diagnostic pop
    assert_string_equal(ask("SELECT string_agg(v, '|' ORDER BY v) FROM t"), "1a|2b");
}

static void test_sink_merge__every_type_can_be_a_key(void **state)
{
    (void)state;
    check_key("VARCHAR", "['a', NULL, 'b']", false);
    check_key("VARCHAR", "['', 'x', 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx']", false);
    check_key("DATE", "[DATE '2024-02-29', DATE '0044-03-15 (BC)', NULL]", false);
    check_key("TIMESTAMP",
              "[TIMESTAMP '1969-12-31 23:59:59.999999', TIMESTAMP '2024-12-31 23:59:59.999999', "
              "NULL]",
              false);
    check_key("DECIMAL(38,2)", "[1.5::DECIMAL(38,2), 2.5::DECIMAL(38,2), NULL]", false);
    check_key("BOOLEAN", "[true, false, NULL]", false);
    check_key("DOUBLE", "['nan'::DOUBLE, '-inf'::DOUBLE, 0.1]", false);
    check_key("FLOAT", "[0.1::FLOAT, 0.2::FLOAT, NULL]", false);
    check_key("BLOB", "['\\xFF'::BLOB, '\\x00'::BLOB, NULL]", false);
    check_key("BIGINT", "[9223372036854775807::HUGEINT, 9223372036854775806::HUGEINT, NULL]",
              false);
    check_key("STRUCT(\"start\" TIMESTAMP, \"end\" TIMESTAMP)",
              "[{'start': TIMESTAMP '2024-01-01', 'end': TIMESTAMP '2024-01-02'}, NULL, "
              "{'start': TIMESTAMP '2024-01-01', 'end': NULL}]",
              false);
    check_key("VARCHAR[]", "[['a', NULL], [], NULL]", false);
}

static void test_sink_merge__columns_of_partitions_can_be_keys(void **state)
{
    (void)state;
    check_key("VARCHAR", "['a b', '', 'x/y%']", true);
    check_key("VARCHAR", "['a', 'b', NULL]", true);
    check_key("DATE", "[DATE '2024-02-29', DATE '2024-03-01', NULL]", true);
    check_key("TIMESTAMP", "[TIMESTAMP '2024-02-29 01:02:03.000004', TIMESTAMP '1960-01-01', NULL]",
              true);
    check_key("DECIMAL(10,2)", "[1.5::DECIMAL(10,2), 2.5::DECIMAL(10,2), NULL]", true);
    check_key("DOUBLE", "[0.1, 0.2, NULL]", true);
}

static void test_sink_merge__a_row_moves_to_another_partition(void **state)
{
    (void)state;
    partition = SM_SV("v");
    reopen();
    merge("SELECT unnest([1, 2]) AS k", "SELECT unnest([1, 2]) AS k, unnest(['a', 'b']) AS v");
    merge("SELECT 1 AS k", "SELECT 1 AS k, 'b' AS v");
    assert_string_equal(all_rows(), "1 b|2 b");
    assert_int_equal(REMOVES(1), 1);
    assert_int_equal(ADDS(1), 1);
}

/* ---- files ---- */

static void test_sink_merge__a_file_without_a_touched_key_stays(void **state)
{
    (void)state;
    append("SELECT i AS k, 'a' AS v FROM range(0, 100) r(i)");
    append("SELECT i AS k, 'a' AS v FROM range(100, 200) r(i)");
    append("SELECT i * 1000 AS k, 'a' AS v FROM range(1, 100) r(i)"); /* bounds that hold 5,500 */
    assert_int_equal(merge("SELECT unnest([150, 5500]) AS k", "SELECT unnest([150, 5500]) AS k, "
                                                              "'b' AS v"),
                     3);
    assert_int_equal(REMOVES(3), 1);
    assert_int_equal(ADDS(3), 1);
    assert_string_equal(ask("SELECT count(*) || ' ' || count(*) FILTER (v = 'b') FROM t"), "300 2");
    assert_int_equal(merge("SELECT 300 AS k", "SELECT 300 AS k, 'c' AS v"), 4);
    assert_int_equal(REMOVES(4), 0);
    assert_int_equal(ADDS(4), 1);
    sm_test_contains(commit_text(4), "\"isBlindAppend\":false");
}

static void test_sink_merge__files_whose_bounds_exclude_the_keys_are_not_read(void **state)
{
    sm_fs_entry *entries;
    size_t n;

    (void)state;
    append("SELECT i AS k, 'a' AS v FROM range(0, 100) r(i)");
    sm_assert_ok(sm_fs_list(root, false, arena, &entries, &n, &err), err);
    for (size_t i = 0; i < n; i++)
        if (!entries[i].stat.is_dir)
            sm_test_write(sm_path_join(arena, sm_sv_cstr(root), entries[i].name), "no Parquet");
    merge("SELECT unnest([-1, 100]) AS k", "SELECT unnest([-1, 100]) AS k, 'b' AS v");
    assert_int_equal(REMOVES(1), 0);
}

static void test_sink_merge__small_files_that_are_written_again_become_one(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++)
        append(
            sm_arena_printf(arena, "SELECT i * 5 + %d AS k, 'a' AS v FROM range(100) r(i)", i).ptr);
    merge("SELECT i AS k FROM range(5) r(i)", "SELECT i AS k, 'b' AS v FROM range(5) r(i)");
    assert_int_equal(REMOVES(5), 5);
    assert_int_equal(ADDS(5), 1);
    assert_string_equal(ask("SELECT count(*) || ' ' || count(DISTINCT k) FROM t"), "500 500");
}

static void test_sink_merge__a_large_file_stays_by_itself(void **state)
{
    (void)state;
    append("SELECT i AS k, hash(i)::VARCHAR || hash(i + 1)::VARCHAR AS v FROM range(400000) r(i)");
    append("SELECT -i AS k, 'a' AS v FROM range(1, 10) r(i)");
    assert_true(bytes > 0);
    merge("SELECT unnest([5, -5]) AS k", "SELECT 5 AS k, 'b' AS v");
    assert_int_equal(REMOVES(2), 2);
    assert_int_equal(ADDS(2), 2);
    assert_string_equal(ask("SELECT count(*) || ' ' || count(DISTINCT k) || ' ' || "
                            "any_value(v) FILTER (k = 5) FROM t"),
                        "400008 400008 b");
    sm_test_contains(commit_text(2), "\"numTargetRowsCopied\":\"400007\"");
}

static void test_sink_merge__what_is_known_of_the_table_is_brought_forward(void **state)
{
    (void)state;
    for (int i = 0; i < 30; i++)
        merge("SELECT unnest([1, 2]) AS k",
              sm_arena_printf(arena, "SELECT %d %% 2 + 1 AS k, '%d' AS v", i, i).ptr);
    /* commits that were read once are not read again: they may be gone */
    for (int v = 0; v < 29; v++)
        sm_test_remove(sm_path_join(arena, sm_sv_cstr(root), sm_delta_commit_key(v, arena)));
    merge("SELECT 7 AS k", "SELECT 7 AS k, 'x' AS v");
    merge("SELECT unnest([1, 2, 7]) AS k", "SELECT 7 AS k, 'y' AS v");
    assert_int_equal(REMOVES(31), 2);
}

/* ---- columns ---- */

static void test_sink_merge__rows_keep_columns_that_the_batch_does_not_have(void **state)
{
    static const char *const wide[][2] = { { "k", "BIGINT" }, { "v", "VARCHAR" }, { "x", "DATE" } };
    static const char *const narrow[][2] = { { "K", "BIGINT" } };

    (void)state;
    use_columns(3, wide);
    merge("SELECT unnest([1, 2]) AS k",
          "SELECT unnest([1, 2]) AS k, 'a' AS v, DATE '2026-01-01' AS x");
    use_columns(1, narrow);
    use_keys("K", NULL);
    merge("SELECT 2 AS k", "SELECT 2 AS k");
    assert_string_equal(ask("SELECT string_agg(concat_ws(' ', k, v, x), '|' ORDER BY k) FROM t"),
                        "1 a 2026-01-01|2");
    assert_int_equal(count_in_commit(1, "metaData"), 0);
}

static void test_sink_merge__a_table_grows_and_takes_wider_types(void **state)
{
    static const char *const narrow[][2] = { { "k", "INTEGER" }, { "s", "STRUCT(\"x\" INTEGER)" } };
    static const char *const wide[][2] = { { "k", "BIGINT" },
                                           { "s", "STRUCT(\"x\" INTEGER, \"y\" VARCHAR)" },
                                           { "n", "DOUBLE" } };

    (void)state;
    use_columns(2, narrow);
    merge("SELECT unnest([1, 2]) AS k", "SELECT unnest([1, 2]) AS k, {'x': 1} AS s");
    use_columns(3, wide);
    merge("SELECT unnest([2, 5000000000]) AS k",
          "SELECT unnest([2, 5000000000]) AS k, {'x': 3, 'y': 'z'} AS s, 0.5::DOUBLE AS n");
    assert_string_equal(ask("SELECT string_agg(concat_ws(' ', k, s, n), '|' ORDER BY k) FROM t"),
                        "1 {'x': 1, 'y': NULL}|2 {'x': 3, 'y': z} 0.5|"
                        "5000000000 {'x': 3, 'y': z} 0.5");
}

/* ---- others ---- */

static void put_foreign(int64_t version, const char *text)
{
    sm_delta_table *t;

    sm_assert_ok(sm_delta_open(sm_sv_cstr(root), NULL, &t, &err), err);
    sm_assert_ok(sm_delta_put_new(t, sm_delta_commit_key(version, arena), sm_sv_cstr(text), &err),
                 err);
    sm_delta_close(t);
}

#define FOREIGN_ADD(path, change)                                                                  \
    "{\"add\":{\"path\":\"" path "\",\"partitionValues\":{},\"size\":3,"                           \
    "\"modificationTime\":5,\"dataChange\":" change "}}\n"

/* The path of the first file that commit `version` adds. */
static const char *added_path(int64_t version)
{
    const char *at = strstr(commit_text(version), "{\"add\":{\"path\":\"");
    sm_sv rest;

    assert_non_null(at);
    rest = sm_sv_cstr(at + strlen("{\"add\":{\"path\":\""));
    return sm_arena_cstr(arena, sm_sv_sub(rest, 0, (size_t)sm_sv_find_char(rest, '"')));
}

/* A merge of key 2 was prepared at version 1; then `text` became version 2. */
static sm_code publish_after(const char *text, const sm_manifest **out)
{
    sm_manifest *m;
    int64_t version;

    sm_assert_ok(prepare("SELECT 2 AS k", "SELECT 2 AS k, 'b' AS v", &m), err);
    put_foreign(2, text);
    *out = m;
    return sm_sink_publish(&sink, m, &version, &err);
}

static void two_files(void)
{
    append("SELECT 1 AS k, 'a' AS v");
    append("SELECT 2 AS k, 'a' AS v");
}

static void test_sink_merge__a_file_that_another_writer_removed_voids_the_batch(void **state)
{
    const sm_manifest *m;

    (void)state;
    two_files();
    const char *mine = added_path(1);
    sm_assert_code(publish_after(sm_arena_printf(arena,
                                                 "{\"remove\":{\"path\":\"%s\",\"dataChange\":"
                                                 "false}}\n" FOREIGN_ADD("compacted", "false"),
                                                 mine)
                                     .ptr,
                                 &m),
                   SM_E_AGAIN);
    sm_sink_discard(&sink, m);
    assert_int_equal(count_files(), 2);
}

static void test_sink_merge__rows_that_came_meanwhile_void_the_batch(void **state)
{
    const sm_manifest *m;

    (void)state;
    two_files();
    sm_assert_code(publish_after(FOREIGN_ADD("theirs", "true"), &m), SM_E_AGAIN);
    sm_test_contains(err.msg, "version 2 changed files that were read");
}

static void test_sink_merge__changes_of_other_files_do_not(void **state)
{
    const sm_manifest *m;

    (void)state;
    two_files();
    const char *other = added_path(0);
    sm_assert_ok(publish_after(sm_arena_printf(arena,
                                               "{\"remove\":{\"path\":\"%s\",\"dataChange\":true}}"
                                               "\n",
                                               other)
                                   .ptr,
                               &m),
                 err);
    assert_string_equal(all_rows(), "2 b");
}

static void test_sink_merge__a_deletion_vector_is_refused(void **state)
{
    sm_manifest *m;

    (void)state;
    two_files();
    put_foreign(2, "{\"add\":{\"path\":\"f\",\"partitionValues\":{},\"size\":3,"
                   "\"modificationTime\":5,\"dataChange\":true,\"deletionVector\":{\"storageType\":"
                   "\"u\",\"pathOrInlineDv\":\"x\",\"sizeInBytes\":1,\"cardinality\":1}}}\n");
    sm_assert_code(prepare("SELECT 2 AS k", "SELECT 2 AS k, 'b' AS v", &m), SM_E_INVALID);
    sm_test_contains(err.msg, "deletion vector");
}

static void test_sink_merge__a_table_of_appends_only_is_refused(void **state)
{
    sm_manifest *m;

    (void)state;
    two_files();
    put_foreign(2, "{\"metaData\":{\"id\":\"altered\",\"format\":{\"provider\":\"parquet\","
                   "\"options\":{}},\"schemaString\":\"{\\\"type\\\":\\\"struct\\\",\\\"fields\\\":"
                   "[{\\\"name\\\":\\\"k\\\",\\\"type\\\":\\\"long\\\",\\\"nullable\\\":true,"
                   "\\\"metadata\\\":{}},{\\\"name\\\":\\\"v\\\",\\\"type\\\":\\\"string\\\","
                   "\\\"nullable\\\":true,\\\"metadata\\\":{}}]}\",\"partitionColumns\":[],"
                   "\"configuration\":{\"delta.appendOnly\":\"true\"}}}\n");
    sm_assert_code(prepare("SELECT 2 AS k", "SELECT 2 AS k, 'b' AS v", &m), SM_E_INVALID);
    sm_test_contains(err.msg, "appendOnly");
}

/* ---- dying, failing, going on ---- */

static void test_sink_merge__a_decided_batch_is_published_by_another_process(void **state)
{
    sm_manifest *m;

    (void)state;
    merge("SELECT unnest([1, 2]) AS k", "SELECT unnest([1, 2]) AS k, 'a' AS v");
    sm_assert_ok(prepare("SELECT unnest([2, 3]) AS k", "SELECT 3 AS k, 'b' AS v", &m), err);
    sm_sv text = sm_manifest_text(m);
    reopen();
    sm_assert_ok(sm_manifest_parse(arena, text, &m, &err), err);
    assert_int_equal(publish(m), 1);
    assert_int_equal(publish(m), 1); /* what is there is success */
    assert_string_equal(all_rows(), "1 a|3 b");
}

static void test_sink_merge__a_failing_disk_leaves_no_file_and_no_version(void **state)
{
    static const char *const faults[] = { "fs.fsync:EIO", "fs.fsync_dir:EIO",
                                          "delta.after_file:ENOSPC" };
    sm_manifest *m;

    (void)state;
    merge("SELECT unnest([1, 2]) AS k", "SELECT unnest([1, 2]) AS k, 'a' AS v");
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        sm_failpoint_set(faults[i]);
        sm_code rc = prepare("SELECT 2 AS k", "SELECT 2 AS k, 'b' AS v", &m);
        sm_failpoint_set("");
        sm_assert_code(rc, SM_E_IO);
        assert_int_equal(count_files(), 1);
        check_no_temporaries();
    }
    merge("SELECT 2 AS k", "SELECT 2 AS k, 'b' AS v");
    assert_string_equal(all_rows(), "1 a|2 b");
}

static void test_sink_merge__a_failing_query_leaves_no_file(void **state)
{
    sm_manifest *m;

    (void)state;
    merge("SELECT i AS k FROM range(10) r(i)", "SELECT i AS k, 'a' AS v FROM range(10) r(i)");
    assert_int_not_equal(prepare("SELECT i AS k FROM range(300000) r(i)",
                                 "SELECT i AS k, CASE WHEN i > 200000 THEN error('stop') ELSE 'x' "
                                 "END AS v FROM range(300000) r(i)",
                                 &m),
                         SM_OK);
    sm_test_contains(err.msg, "stop");
    assert_int_not_equal(
        prepare("SELECT error('touch')::BIGINT AS k", "SELECT 1 AS k, 'x' AS v", &m), SM_OK);
    sm_test_contains(err.msg, "touch");
    assert_int_equal(count_files(), 1);
    check_no_temporaries();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define MERGE_TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
        MERGE_TEST(test_sink_merge__replaces_inserts_and_deletes_by_key),
        MERGE_TEST(test_sink_merge__a_touched_key_without_a_row_is_deleted),
        MERGE_TEST(test_sink_merge__keys_that_are_not_there_leave_no_commit),
        MERGE_TEST(test_sink_merge__a_first_batch_without_rows_makes_a_typed_empty_table),
        MERGE_TEST(test_sink_merge__null_equals_null_in_a_key),
        MERGE_TEST(test_sink_merge__a_row_of_a_key_that_is_not_touched_fails),
        MERGE_TEST(test_sink_merge__each_select_is_run_once),
        MERGE_TEST(test_sink_merge__every_type_can_be_a_key),
        MERGE_TEST(test_sink_merge__columns_of_partitions_can_be_keys),
        MERGE_TEST(test_sink_merge__a_row_moves_to_another_partition),
        MERGE_TEST(test_sink_merge__a_file_without_a_touched_key_stays),
        MERGE_TEST(test_sink_merge__files_whose_bounds_exclude_the_keys_are_not_read),
        MERGE_TEST(test_sink_merge__small_files_that_are_written_again_become_one),
        MERGE_TEST(test_sink_merge__a_large_file_stays_by_itself),
        MERGE_TEST(test_sink_merge__what_is_known_of_the_table_is_brought_forward),
        MERGE_TEST(test_sink_merge__rows_keep_columns_that_the_batch_does_not_have),
        MERGE_TEST(test_sink_merge__a_table_grows_and_takes_wider_types),
        MERGE_TEST(test_sink_merge__a_file_that_another_writer_removed_voids_the_batch),
        MERGE_TEST(test_sink_merge__rows_that_came_meanwhile_void_the_batch),
        MERGE_TEST(test_sink_merge__changes_of_other_files_do_not),
        MERGE_TEST(test_sink_merge__a_deletion_vector_is_refused),
        MERGE_TEST(test_sink_merge__a_table_of_appends_only_is_refused),
        MERGE_TEST(test_sink_merge__a_decided_batch_is_published_by_another_process),
        MERGE_TEST(test_sink_merge__a_failing_disk_leaves_no_file_and_no_version),
        MERGE_TEST(test_sink_merge__a_failing_query_leaves_no_file),
    };
    return cmocka_run_group_tests(tests, open_engine, close_engine);
}
