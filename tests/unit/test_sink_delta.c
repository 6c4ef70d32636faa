/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "runtime/base/clock.h"
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
static sm_sv partition;
static int64_t batch, rows, bytes;

/* ---- one engine for all, one table per test ---- */

static int open_engine(void **state)
{
    (void)state;
    char *here = realpath(sm_test_folder("sink"), NULL);
    sm_sv allowed = sm_sv_cstr(here);
    sm_engine_config config = { .memory_limit = SM_SV("512MiB"),
                                .threads = 2,
                                .allowed_directories = &allowed,
                                .allowed_count = 1 };

    sm_assert_ok(sm_engine_open(&config, &engine, &err), err);
    sm_assert_ok(sm_session_open(engine, &session, &err), err);
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

static void use_columns(size_t n, const char *const (*pairs)[2])
{
    for (size_t i = 0; i < n; i++)
        columns[i] = (sm_column){ .name = sm_sv_cstr(pairs[i][0]),
                                  .type = sm_sv_cstr(pairs[i][1]),
                                  .nullable = true };
    schema = (sm_schema){ columns, n };
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
        .arena = life,
    };
    sm_assert_ok(sm_sink_open(&sink, &err), err);
}

static void close_sink(void)
{
    sm_sink_close(&sink);
    sm_arena_free(life);
}

static int setup(void **state)
{
    (void)state;
    static const char *const pairs[][2] = { { "a", "BIGINT" }, { "b", "VARCHAR" } };

    arena = sm_arena_new("test");
    root = realpath("sink", NULL);
    char *table = malloc(strlen(root) + 8);
    memcpy(table, root, strlen(root));
    memcpy(table + strlen(root), "/t", 3);
    free(root);
    root = table;
    sm_test_remove(root);
    use_columns(2, pairs);
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
    free(root);
    sm_arena_free(arena);
    return 0;
}

/* ---- doing ---- */

static sm_code prepare(const char *select, sm_manifest **out)
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
static int64_t write_batch(const char *select)
{
    sm_manifest *m;

    sm_assert_ok(prepare(select, &m), err);
    batch++;
    return publish(m);
}

static void maintain(void)
{
    sink.session = session;
    sm_assert_ok(sm_sink_maintain(&sink, &err), err);
    sink.session = NULL;
}

/* `query` over the table `t` (as a relation of that name) at `version`, first cell. */
static const char *ask_at(int64_t version, const char *query)
{
    sm_delta_info info;
    sm_sv select, cell;

    sm_assert_ok(
        sm_delta_relation(sm_sv_cstr(root), NULL, version, session, arena, &info, &select, &err),
        err);
    sm_session_view(session, SM_SV("t"), select);
    sm_assert_ok(sm_session_text(session, sm_sv_cstr(query), arena, &cell, &err), err);
    return cell.ptr == NULL ? "NULL" : sm_arena_cstr(arena, cell);
}

static const char *ask(const char *query)
{
    return ask_at(-1, query);
}

static const char *all_rows(void)
{
    return ask("SELECT CAST(to_json(list(t ORDER BY a, b)) AS VARCHAR) FROM t");
}

/* Files below the table's folder but those of the log. */
static int count_files(const char *folder)
{
    sm_fs_entry *entries;
    size_t n;
    int files = 0;

    if (sm_fs_list(folder, false, arena, &entries, &n, &err) != SM_OK)
        return 0;
    for (size_t i = 0; i < n; i++) {
        if (sm_sv_eq_str(entries[i].name, "_delta_log"))
            continue;
        files += entries[i].stat.is_dir
                     ? count_files(sm_path_join(arena, sm_sv_cstr(folder), entries[i].name))
                     : 1;
    }
    return files;
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

/* ---- appending ---- */

static void test_sink_delta__writes_rows_that_it_reads_back(void **state)
{
    (void)state;
    assert_int_equal(write_batch("SELECT 1 AS a, 'x' AS b UNION ALL SELECT 2, NULL"), 0);
    assert_int_equal(rows, 2);
    assert_int_equal(write_batch("SELECT 3::HUGEINT AS a, 'y' AS b"), 1);
    assert_string_equal(all_rows(),
                        "[{\"a\":1,\"b\":\"x\"},{\"a\":2,\"b\":null},{\"a\":3,\"b\":\"y\"}]");
    assert_string_equal(ask_at(0, "SELECT count(*)::VARCHAR FROM t"), "2");
    sm_test_contains(commit_text(1),
                     "\\\"numRecords\\\":1,\\\"minValues\\\":{\\\"a\\\":3,\\\"b\\\":\\\"y\\\"}");
}

static void test_sink_delta__a_first_batch_without_rows_makes_a_typed_empty_table(void **state)
{
    (void)state;
    assert_int_equal(write_batch("SELECT 1 AS a, 'x' AS b WHERE false"), 0);
    assert_int_equal(count_files(root), 0);
    assert_string_equal(ask("SELECT typeof(any_value(a)) || typeof(any_value(b)) FROM t"),
                        "BIGINTVARCHAR");
}

static void test_sink_delta__a_later_batch_without_rows_leaves_nothing(void **state)
{
    (void)state;
    sm_manifest *m;

    write_batch("SELECT 1 AS a, 'x' AS b");
    sm_assert_ok(prepare("SELECT 1 AS a, 'x' AS b WHERE false", &m), err);
    assert_true(sm_manifest_is_empty(m));
    assert_int_equal(publish(m), 0);
    assert_int_equal(count_files(root), 1);
}

static void test_sink_delta__a_sum_that_overflows_names_its_column(void **state)
{
    (void)state;
    sm_manifest *m;

    assert_int_not_equal(prepare("SELECT 9223372036854775807::HUGEINT + 1 AS a, 'x' AS b", &m),
                         SM_OK);
    sm_test_contains(err.msg, "column \"a\"");
    assert_int_equal(count_files(root), 0);
}

static void test_sink_delta__every_type_comes_back_as_itself(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        { "a", "TIMESTAMP" },
        { "b", "DECIMAL(38,2)" },
        { "c", "STRUCT(\"x\" TIMESTAMP, \"y\" MAP(VARCHAR, BIGINT[]))" },
        { "d", "BLOB" },
    };

    use_columns(4, pairs);
    write_batch("SELECT TIMESTAMP '1969-12-31 23:59:59.999999' AS a, 123.45::DECIMAL(38,2) AS b, "
                "{'x': TIMESTAMP '2024-01-01', 'y': MAP{'k': [1, NULL]}} AS c, '\\xFF'::BLOB AS d");
    assert_string_equal(
        ask("SELECT concat_ws('|', typeof(a), a, typeof(b), b, typeof(c), c, d) FROM t"),
        "TIMESTAMP|1969-12-31 23:59:59.999999|DECIMAL(38,2)|123.45|"
        "STRUCT(x TIMESTAMP, y MAP(VARCHAR, BIGINT[]))|"
        "{'x': '2024-01-01 00:00:00', 'y': {k=[1, NULL]}}|\\xFF");
}

/* ---- partitions ---- */

static void check_partition(const char *type, const char *values)
{
    const char *const pairs[][2] = { { "a", "BIGINT" }, { "p", type } };
    const char *select =
        sm_arena_printf(arena, "SELECT row_number() OVER () AS a, p FROM (SELECT unnest(%s) AS p)",
                        values)
            .ptr;
    const char *check =
        sm_arena_printf(arena,
                        "SELECT CAST(count(DISTINCT t.a) AS VARCHAR) FROM t JOIN (SELECT "
                        "nullif(unnest(%s)::VARCHAR, '')"
                        "::%s AS p) w ON t.p IS NOT DISTINCT FROM w.p WHERE typeof(t.p) = '%s'",
                        values, type, type)
            .ptr;
    const char *count = sm_arena_printf(arena, "SELECT CAST(len(%s) AS VARCHAR)", values).ptr;

    close_sink();
    sm_test_remove(root);
    batch = 0;
    use_columns(2, pairs);
    partition = SM_SV("p");
    open_sink("g1");
    write_batch(select);
    assert_string_equal(ask(check), ask(count));
}

static void test_sink_delta__partitions_by_every_type_with_null(void **state)
{
    (void)state;
    check_partition(
        "VARCHAR", "['plain', NULL, 'a b', '50%', 'x=1', 'a/b', 'a:b', '\xc3\xbc', 'a''b', 'a\"b', "
                   "'__x', '*?[', '', '%41', '+', 'a\\b', '#']");
    check_partition("DATE", "[DATE '2024-02-29', NULL]");
    check_partition("TIMESTAMP",
                    "[TIMESTAMP '2024-02-29 01:02:03.000004', TIMESTAMP '1960-01-01', NULL]");
    check_partition("DECIMAL(10,2)", "[1.50::DECIMAL(10,2), NULL]");
    check_partition("BOOLEAN", "[true, false, NULL]");
    check_partition("BIGINT", "[-9223372036854775808, NULL, 7]");
}

static void test_sink_delta__a_partition_value_of_the_log_is_never_escaped(void **state)
{
    (void)state;
    partition = SM_SV("b");
    close_sink();
    open_sink("g1");
    write_batch("SELECT 1 AS a, 'a b/c' AS b");
    const char *text = commit_text(0);
    sm_test_contains(text, "\"partitionValues\":{\"b\":\"a b/c\"}");
    sm_test_contains(text, "\"path\":\"b=a%2520b%252Fc/part-");
    sm_test_contains(text, "\"partitionColumns\":[\"b\"]");
}

/* ---- overwriting ---- */

static void test_sink_delta__overwrite_replaces_all_rows(void **state)
{
    (void)state;
    write_batch("SELECT 1 AS a, 'x' AS b");
    write_batch("SELECT 2 AS a, 'x' AS b");
    sink.mode = SM_WRITE_OVERWRITE;
    assert_int_equal(write_batch("SELECT 9 AS a, 'z' AS b"), 2);
    assert_string_equal(all_rows(), "[{\"a\":9,\"b\":\"z\"}]");
    sm_test_contains(commit_text(2),
                     "\"extendedFileMetadata\":true,\"partitionValues\":{},\"size\":");
    assert_int_equal(write_batch("SELECT 9 AS a, 'z' AS b WHERE false"), 3);
    assert_string_equal(ask("SELECT count(*)::VARCHAR FROM t"), "0");
    assert_string_equal(ask_at(1, "SELECT count(*)::VARCHAR FROM t"), "2");
}

static void test_sink_delta__refuses_a_changed_result_and_says_how_to_go_on(void **state)
{
    (void)state;
    sm_manifest *m;

    write_batch("SELECT 1 AS a, 'x' AS b");
    columns[0].type = SM_SV("DOUBLE");
    sm_assert_code(prepare("SELECT 1.5 AS a, 'x' AS b", &m), SM_E_INVALID);
    sm_test_contains(err.msg, "(a BIGINT, b VARCHAR)");
    sm_test_contains(err.msg, "(a DOUBLE, b VARCHAR)");
    sm_test_contains(err.msg, "--full-refresh");
}

/* Columns "name type" of the table now, by the log. */
static const char *table_columns(void)
{
    sm_delta_info info;
    sm_sv select;

    sm_assert_ok(
        sm_delta_relation(sm_sv_cstr(root), NULL, -1, session, arena, &info, &select, &err), err);
    return sm_json_text(sm_schema_to_json(&info.schema, arena), arena).ptr;
}

static void test_sink_delta__a_table_grows_by_new_columns_and_keeps_old_ones(void **state)
{
    static const char *const pairs[][2] = { { "c", "DATE" }, { "B", "VARCHAR" } };

    (void)state;
    columns[0].description = SM_SV("the key"); /* what others said of it stays */
    write_batch("SELECT 1 AS a, 'x' AS b");
    use_columns(2, pairs);
    assert_int_equal(write_batch("SELECT DATE '2026-01-01' AS c, 'y' AS \"B\""), 1);
    sm_test_contains(commit_text(1), "\n{\"metaData\":");
    sm_test_contains(commit_text(1), "\n{\"add\":");
    assert_null(strstr(commit_text(1), "\"protocol\""));
    assert_string_equal(table_columns(), "[{\"name\":\"a\",\"type\":\"BIGINT\",\"description\":"
                                         "\"the key\"},{\"name\":\"b\",\"type\":"
                                         "\"VARCHAR\"},{\"name\":\"c\",\"type\":\"DATE\"}]");
    assert_string_equal(all_rows(),
                        "[{\"a\":1,\"b\":\"x\",\"c\":null},{\"a\":null,\"b\":\"y\",\"c\":"
                        "\"2026-01-01\"}]");
    write_batch("SELECT DATE '2026-01-02' AS c, 'z' AS \"B\"");
    assert_null(strstr(commit_text(2), "metaData"));
}

static void test_sink_delta__two_writers_bring_different_columns_and_both_win(void **state)
{
    static const char *const first[][2] = { { "a", "BIGINT" },
                                            { "b", "VARCHAR" },
                                            { "x", "DATE" } };
    static const char *const second[][2] = { { "a", "BIGINT" },
                                             { "b", "VARCHAR" },
                                             { "y", "DOUBLE" } };
    sm_manifest *m, *other;

    (void)state;
    write_batch("SELECT 1 AS a, 'x' AS b");
    use_columns(3, first);
    sm_assert_ok(prepare("SELECT 2 AS a, 'x' AS b, DATE '2026-01-01' AS x", &m), err);
    close_sink();
    open_sink("g2");
    use_columns(3, second);
    sm_assert_ok(prepare("SELECT 3 AS a, 'y' AS b, 0.5 AS y", &other), err);
    assert_int_equal(publish(other), 1);
    close_sink();
    open_sink("g1");
    assert_int_equal(publish(m), 2);
    assert_string_equal(table_columns(),
                        "[{\"name\":\"a\",\"type\":\"BIGINT\"},{\"name\":\"b\",\"type\":"
                        "\"VARCHAR\"},{\"name\":\"y\",\"type\":\"DOUBLE\"},{\"name\":\"x\","
                        "\"type\":\"DATE\"}]");
    assert_string_equal(ask("SELECT count(x)::VARCHAR || count(y) || count(*) FROM t"), "113");
}

static void test_sink_delta__two_writers_with_one_column_in_two_types_conflict(void **state)
{
    static const char *const first[][2] = { { "a", "BIGINT" }, { "x", "VARCHAR" } };
    static const char *const second[][2] = { { "a", "BIGINT" }, { "x", "DOUBLE" } };
    sm_manifest *m, *other;
    int64_t version;

    (void)state;
    write_batch("SELECT 1 AS a, 'x' AS b");
    use_columns(2, first);
    sm_assert_ok(prepare("SELECT 2 AS a, 'x' AS x", &m), err);
    close_sink();
    open_sink("g2");
    use_columns(2, second);
    sm_assert_ok(prepare("SELECT 3 AS a, 0.5 AS x", &other), err);
    publish(other);
    close_sink();
    open_sink("g1");
    sm_assert_code(sm_sink_publish(&sink, m, &version, &err), SM_E_AGAIN); /* and then: */
    use_columns(2, first);
    sm_assert_code(prepare("SELECT 2 AS a, 'x' AS x", &m), SM_E_INVALID);
    sm_test_contains(err.msg, "column \"x\" is DOUBLE in the table and VARCHAR in the query");
    sm_test_contains(err.msg, "(a BIGINT, b VARCHAR, x DOUBLE)");
    sm_test_contains(err.msg, "(a BIGINT, x VARCHAR)");
}

static void test_sink_delta__a_full_refresh_may_change_the_result(void **state)
{
    (void)state;
    write_batch("SELECT 1 AS a, 'x' AS b");
    columns[0].type = SM_SV("DOUBLE");
    sink.mode = SM_WRITE_OVERWRITE;
    sink.replace_schema = true;
    assert_int_equal(write_batch("SELECT 1.5 AS a, 'x' AS b"), 1);
    assert_string_equal(all_rows(), "[{\"a\":1.5,\"b\":\"x\"}]");
    assert_null(strstr(commit_text(1), "\"protocol\""));
    sink.mode = SM_WRITE_APPEND;
    sink.replace_schema = false;
    write_batch("SELECT 2.5 AS a, 'y' AS b");
    assert_string_equal(ask("SELECT sum(a)::VARCHAR FROM t"), "4.0");
}

static void test_sink_delta__a_full_refresh_keeps_the_properties_of_the_table(void **state)
{
    (void)state;
    sm_delta_table *t;

    write_batch("SELECT 1 AS a, 'x' AS b");
    sm_assert_ok(sm_delta_open(sm_sv_cstr(root), NULL, &t, &err), err);
    sm_assert_ok(
        sm_delta_put_new(
            t, sm_delta_commit_key(1, arena),
            SM_SV("{\"metaData\":{\"id\":\"altered\",\"format\":{\"provider\":\"parquet\","
                  "\"options\":{}},\"schemaString\":\"{\\\"type\\\":\\\"struct\\\",\\\"fields\\\":"
                  "[]}\",\"partitionColumns\":[],\"createdTime\":7,\"configuration\":"
                  "{\"delta.logRetentionDuration\":\"interval 90 days\"}}}\n"),
            &err),
        err);
    sm_delta_close(t);
    sink.mode = SM_WRITE_OVERWRITE;
    sink.replace_schema = true;
    assert_int_equal(write_batch("SELECT 2 AS a, 'y' AS b"), 2);
    sm_test_contains(commit_text(2), "\"delta.logRetentionDuration\":\"interval 90 days\"");
    sm_test_contains(commit_text(2), "\"createdTime\":7");
}

/* ---- dying, failing, going on ---- */

static void test_sink_delta__a_decided_batch_is_published_by_another_process(void **state)
{
    (void)state;
    sm_manifest *m;

    write_batch("SELECT 1 AS a, 'x' AS b");
    sm_assert_ok(prepare("SELECT 2 AS a, 'y' AS b", &m), err);
    sm_sv text = sm_manifest_text(m);
    close_sink();
    open_sink("g1");
    sm_assert_ok(sm_manifest_parse(arena, text, &m, &err), err);
    assert_int_equal(publish(m), 1);
    assert_int_equal(publish(m), 1);
    assert_string_equal(ask("SELECT count(*)::VARCHAR FROM t"), "2");
}

static void test_sink_delta__a_staged_file_that_is_gone_or_cut_stops_it(void **state)
{
    (void)state;
    sm_manifest *m;
    int64_t version;

    write_batch("SELECT 1 AS a, 'x' AS b");
    sm_assert_ok(prepare("SELECT 2 AS a, 'y' AS b", &m), err);
    const sm_json *add = sm_json_get(
        sm_json_at(sm_json_get(sm_manifest_find_target(m, SM_SV("t")), "actions"), 0), "add");
    const char *path =
        sm_path_join(arena, sm_sv_cstr(root), sm_json_get_sv(add, "path", SM_SV("")));
    sm_test_write(path, "short");
    sm_assert_code(sm_sink_publish(&sink, m, &version, &err), SM_E_CORRUPT);
    sm_test_contains(err.msg, "5 bytes");
    sm_test_remove(path);
    sm_assert_code(sm_sink_publish(&sink, m, &version, &err), SM_E_CORRUPT);
    sm_test_contains(err.msg, "is gone");
    assert_string_equal(ask("SELECT count(*)::VARCHAR FROM t"), "1");
}

static void test_sink_delta__a_discarded_batch_leaves_no_file(void **state)
{
    (void)state;
    sm_manifest *m;

    partition = SM_SV("b");
    close_sink();
    open_sink("g1");
    write_batch("SELECT 1 AS a, 'x' AS b");
    sm_assert_ok(prepare("SELECT i AS a, (i % 3)::VARCHAR AS b FROM range(9) t(i)", &m), err);
    assert_int_equal(count_files(root), 4);
    sm_sink_discard(&sink, m);
    assert_int_equal(count_files(root), 1);
}

static void test_sink_delta__a_failing_disk_leaves_no_file_and_no_version(void **state)
{
    (void)state;
    static const char *const faults[] = { "fs.mkdir:ENOSPC", "fs.fsync:EIO", "fs.fsync_dir:EIO",
                                          "delta.after_file:ENOSPC" };
    sm_manifest *m;

    for (size_t i = 0; i < 4; i++) {
        sm_failpoint_set(faults[i]);
        sm_code rc = prepare("SELECT 1 AS a, 'x' AS b", &m);
        sm_failpoint_set("");
        sm_assert_code(rc, SM_E_IO);
        assert_int_equal(count_files(root), 0);
    }
    assert_int_equal(write_batch("SELECT 1 AS a, 'x' AS b"), 0);
}

static void test_sink_delta__a_failing_query_leaves_no_file(void **state)
{
    (void)state;
    sm_manifest *m;

    assert_int_not_equal(
        prepare("SELECT i AS a, CASE WHEN i > 200000 THEN error('stop') ELSE 'x' END AS b "
                "FROM range(300000) t(i)",
                &m),
        SM_OK);
    sm_test_contains(err.msg, "stop");
    assert_int_equal(count_files(root), 0);
}

/* ---- what the target says ---- */

static void test_sink_delta__tells_its_own_batch_from_another_generation(void **state)
{
    (void)state;
    sm_target_state t;
    bool same;

    sm_assert_ok(sm_sink_inspect(&sink, arena, &t, &err), err);
    assert_false(t.exists);
    write_batch("SELECT 1 AS a, 'x' AS b");
    write_batch("SELECT 2 AS a, 'x' AS b");
    sm_assert_ok(sm_sink_inspect(&sink, arena, &t, &err), err);
    assert_int_equal(t.batch, 1);
    assert_int_equal(t.version, 1);
    assert_false(t.other_generation);
    sm_assert_ok(sm_sink_unchanged(&sink, &same, &err), err);
    assert_true(same);
    close_sink();
    open_sink("g2");
    sm_assert_ok(sm_sink_inspect(&sink, arena, &t, &err), err);
    assert_int_equal(t.batch, -1);
    assert_true(t.other_generation);
    assert_true(sm_sv_eq_str(t.other_id, "g1"));
    assert_int_equal(t.other_batch, 1);
    assert_non_null(t.other_offsets);
}

static void test_sink_delta__another_commit_is_a_change(void **state)
{
    (void)state;
    bool same;

    write_batch("SELECT 1 AS a, 'x' AS b");
    const sm_json *memory = sm_json_copy(arena, sink.memory);
    write_batch("SELECT 2 AS a, 'x' AS b");
    sink.memory = memory;
    sm_assert_ok(sm_sink_unchanged(&sink, &same, &err), err);
    assert_false(same);
}

/* ---- log checkpoints ---- */

static void remove_commits(int from, int to)
{
    for (int v = from; v < to; v++)
        sm_test_remove(sm_path_join(arena, sm_sv_cstr(root), sm_delta_commit_key(v, arena)));
}

static void write_many(int n)
{
    for (int i = 0; i < n; i++) {
        write_batch(sm_arena_printf(arena, "SELECT %d AS a, 'x' AS b", i).ptr);
        maintain();
    }
}

static int64_t last_checkpoint(void)
{
    sm_delta_table *t;

    sm_assert_ok(sm_delta_open(sm_sv_cstr(root), NULL, &t, &err), err);
    int64_t version = sm_delta_last_checkpoint(t);
    sm_delta_close(t);
    return version;
}

static void test_sink_delta__checkpoints_stand_for_the_commits_before_them(void **state)
{
    (void)state;
    write_many(25);
    assert_int_equal(last_checkpoint(), 20);
    assert_int_equal(count_files(root), 25);
    remove_commits(0, 20);
    assert_string_equal(ask("SELECT count(*) || ' ' || sum(a) FROM t"), "25 300");
    close_sink();
    open_sink("g1");
    assert_int_equal(write_batch("SELECT 100 AS a, 'x' AS b"), 25);
    write_many(4);
    assert_int_equal(write_batch("SELECT 100 AS a, 'x' AS b"), 30);
    maintain();
    assert_int_equal(last_checkpoint(), 30);
    remove_commits(20, 30);
    assert_string_equal(ask("SELECT count(*)::VARCHAR FROM t"), "31");
}

static void test_sink_delta__checkpoints_follow_overwrites(void **state)
{
    (void)state;
    sink.mode = SM_WRITE_OVERWRITE;
    write_many(23);
    remove_commits(0, 20);
    assert_string_equal(ask("SELECT count(*) || ' ' || sum(a) FROM t"), "1 22");
}

static void test_sink_delta__a_failing_checkpoint_is_written_next_time(void **state)
{
    (void)state;
    write_many(10);
    write_batch("SELECT 10 AS a, 'x' AS b");
    sink.session = session;
    sm_failpoint_set("fs.link:EIO");
    sm_code rc = sm_sink_maintain(&sink, &err);
    sm_failpoint_set("");
    sm_assert_code(rc, SM_E_IO);
    assert_int_equal(last_checkpoint(), -1);
    assert_int_equal(count_files(sm_path_join(arena, sm_sv_cstr(root), SM_SV("_delta_log"))), 11);
    maintain();
    assert_int_equal(last_checkpoint(), 10);
    remove_commits(0, 10);
    assert_string_equal(ask("SELECT count(*)::VARCHAR FROM t"), "11");
}

static const char *checkpoint_path(int64_t version)
{
    return sm_path_join(arena, sm_sv_cstr(root), sm_delta_checkpoint_key(version, arena));
}

/* Rows of the checkpoint `version` whose column `kind` is set. */
static int64_t checkpoint_rows(int64_t version, const char *kind)
{
    int64_t n = -1;
    sm_sv sql = sm_arena_printf(arena, "SELECT count(\"%s\") FROM read_parquet('%s')", kind,
                                checkpoint_path(version));

    sm_assert_ok(sm_session_int64(session, sql, &n, &err), err);
    return n;
}

static void test_sink_delta__tombstones_leave_the_checkpoint_after_a_week(void **state)
{
    (void)state;
    sink.mode = SM_WRITE_OVERWRITE;
    sm_clock_set_ms(1700000000000);
    write_many(11);
    assert_int_equal(checkpoint_rows(10, "remove"), 10);
    assert_int_equal(checkpoint_rows(10, "add"), 1);
    assert_int_equal(checkpoint_rows(10, "txn"), 1);
    write_many(10);
    assert_int_equal(checkpoint_rows(20, "remove"), 20);
    sm_clock_set_ms(1700000000000 + (int64_t)8 * 86400 * 1000);
    write_many(10);
    sm_clock_set_ms(-1);
    assert_int_equal(checkpoint_rows(30, "remove"), 0);
    assert_int_equal(checkpoint_rows(30, "add"), 1);
    assert_int_equal(checkpoint_rows(30, "protocol") + checkpoint_rows(30, "metaData"), 2);
}

static void test_sink_delta__reads_checkpoints_of_several_parts(void **state)
{
    (void)state;
    static const char *const parts[] = { "0000000001.0000000002", "0000000002.0000000002" };

    write_many(12);
    for (int i = 0; i < 2; i++) {
        sm_sv sql = sm_arena_printf(
            arena,
            "COPY (SELECT * EXCLUDE (r) FROM (SELECT *, row_number() OVER () AS r FROM "
            "read_parquet('%s')) WHERE r %% 2 = %d) TO "
            "'%s/_delta_log/00000000000000000010.checkpoint.%s.parquet' (FORMAT parquet)",
            checkpoint_path(10), i, root, parts[i]);
        sm_assert_ok(sm_session_exec(session, sql, &err), err);
    }
    sm_test_remove(checkpoint_path(10));
    sm_test_remove(sm_path_join(arena, sm_sv_cstr(root), SM_SV("_delta_log/_last_checkpoint")));
    remove_commits(0, 10);
    assert_string_equal(ask("SELECT count(*) || ' ' || sum(a) FROM t"), "12 66");
}

static void test_sink_delta__a_checkpoint_takes_the_place_of_lost_crc_and_commits(void **state)
{
    (void)state;
    sm_target_state t;

    write_many(12);
    remove_commits(0, 10);
    close_sink();
    open_sink("g1");
    sm_test_remove(sm_path_join(arena, sm_sv_cstr(root), sm_delta_crc_key(10, arena)));
    sm_assert_code(sm_sink_inspect(&sink, arena, &t, &err), SM_E_CORRUPT);
    sink.session = session;
    sm_assert_ok(sm_sink_inspect(&sink, arena, &t, &err), err);
    sink.session = NULL;
    assert_int_equal(t.batch, 11);
    assert_int_equal(t.version, 11);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define SINK_TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
        SINK_TEST(test_sink_delta__writes_rows_that_it_reads_back),
        SINK_TEST(test_sink_delta__a_first_batch_without_rows_makes_a_typed_empty_table),
        SINK_TEST(test_sink_delta__a_later_batch_without_rows_leaves_nothing),
        SINK_TEST(test_sink_delta__a_sum_that_overflows_names_its_column),
        SINK_TEST(test_sink_delta__every_type_comes_back_as_itself),
        SINK_TEST(test_sink_delta__partitions_by_every_type_with_null),
        SINK_TEST(test_sink_delta__a_partition_value_of_the_log_is_never_escaped),
        SINK_TEST(test_sink_delta__overwrite_replaces_all_rows),
        SINK_TEST(test_sink_delta__refuses_a_changed_result_and_says_how_to_go_on),
        SINK_TEST(test_sink_delta__a_table_grows_by_new_columns_and_keeps_old_ones),
        SINK_TEST(test_sink_delta__two_writers_bring_different_columns_and_both_win),
        SINK_TEST(test_sink_delta__two_writers_with_one_column_in_two_types_conflict),
        SINK_TEST(test_sink_delta__a_full_refresh_may_change_the_result),
        SINK_TEST(test_sink_delta__a_full_refresh_keeps_the_properties_of_the_table),
        SINK_TEST(test_sink_delta__a_decided_batch_is_published_by_another_process),
        SINK_TEST(test_sink_delta__a_staged_file_that_is_gone_or_cut_stops_it),
        SINK_TEST(test_sink_delta__a_discarded_batch_leaves_no_file),
        SINK_TEST(test_sink_delta__a_failing_disk_leaves_no_file_and_no_version),
        SINK_TEST(test_sink_delta__a_failing_query_leaves_no_file),
        SINK_TEST(test_sink_delta__tells_its_own_batch_from_another_generation),
        SINK_TEST(test_sink_delta__another_commit_is_a_change),
        SINK_TEST(test_sink_delta__checkpoints_stand_for_the_commits_before_them),
        SINK_TEST(test_sink_delta__checkpoints_follow_overwrites),
        SINK_TEST(test_sink_delta__a_failing_checkpoint_is_written_next_time),
        SINK_TEST(test_sink_delta__tombstones_leave_the_checkpoint_after_a_week),
        SINK_TEST(test_sink_delta__reads_checkpoints_of_several_parts),
        SINK_TEST(test_sink_delta__a_checkpoint_takes_the_place_of_lost_crc_and_commits),
    };
    return cmocka_run_group_tests(tests, open_engine, close_engine);
}
