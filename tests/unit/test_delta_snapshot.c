/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/base/fs.h"
#include "runtime/delta/delta.h"
#include "runtime/delta/delta_path.h"
#include "runtime/delta/delta_snapshot.h"
#include "tests/support/test.h"
#include "tests/unit/delta_fixture.h"

static delta_fixture f;
static sm_delta_snapshot *snapshot;

static int setup(void **state)
{
    (void)state;
    delta_fixture_init(&f, "snapshot");
    snapshot = NULL;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    sm_delta_snapshot_free(snapshot);
    delta_fixture_release(&f);
    return 0;
}

static sm_code load(int64_t version)
{
    sm_delta_snapshot_free(snapshot);
    snapshot = NULL;
    return sm_delta_snapshot_load(f.table, version, NULL, &snapshot, &f.err);
}

/* The keys of the live files, joined by commas. */
static const char *live(void)
{
    sm_sv text = SM_SV("");

    for (size_t i = 0; i < snapshot->file_count; i++)
        text = sm_arena_printf(f.arena, "%.*s%s%.*s", SM_SV_ARG(text), i > 0 ? "," : "",
                               SM_SV_ARG(snapshot->files[i]->key));
    return sm_arena_cstr(f.arena, text);
}

static void put_table(void)
{
    delta_fixture_put(&f, 0, DELTA_CREATE DELTA_ADD("b") DELTA_TXN("g", "0"));
    delta_fixture_put(&f, 1, DELTA_ADD("a%20x"));
    delta_fixture_put(&f, 2, DELTA_REMOVE("b") DELTA_ADD("c") DELTA_TXN("g", "2"));
    delta_fixture_put(&f, 3, DELTA_REMOVE("a x") DELTA_ADD("b"));
}

static void test_delta_snapshot__the_last_word_on_each_path_wins(void **state)
{
    (void)state;
    put_table();
    sm_assert_ok(load(-1), f.err);
    assert_int_equal(snapshot->version, 3);
    assert_string_equal(live(), "b,c");
    assert_int_equal(snapshot->bytes, 6);
    assert_int_equal(snapshot->txns[0].version, 2);
}

static void test_delta_snapshot__shows_every_version(void **state)
{
    (void)state;
    static const char *const want[] = { "b", "a x,b", "a x,c", "b,c" };

    put_table();
    for (int v = 0; v < 4; v++) {
        sm_assert_ok(load(v), f.err);
        assert_string_equal(live(), want[v]);
    }
    sm_assert_code(load(4), SM_E_NOT_FOUND);
}

static void test_delta_snapshot__advances_as_if_loaded_anew(void **state)
{
    (void)state;
    put_table();
    sm_assert_ok(load(0), f.err);
    sm_assert_ok(sm_delta_snapshot_advance(snapshot, f.table, 2, &f.err), f.err);
    assert_string_equal(live(), "a x,c");
    sm_assert_ok(sm_delta_snapshot_advance(snapshot, f.table, 3, &f.err), f.err);
    assert_string_equal(live(), "b,c");
    assert_int_equal(snapshot->bytes, 6);
}

/* Version `v` of a table that is merged into at each batch: every file goes, others come. */
static const char *replaced(int v, int files)
{
    sm_sv text = sm_arena_printf(f.arena, DELTA_TXN("g", "%d"), v);

    for (int i = 0; i < files; i++)
        text = sm_arena_printf(f.arena, "%.*s" DELTA_REMOVE("%d_%d") DELTA_ADD("%d_%d"),
                               SM_SV_ARG(text), v - 1, i, v, i);
    return text.ptr;
}

static void test_delta_snapshot__forgets_files_that_are_gone_for_long(void **state)
{
    enum { VERSIONS = 30, FILES = 100 };

    (void)state;
    delta_fixture_put(&f, 0, DELTA_CREATE DELTA_ADD("stays") DELTA_TXN("g", "0"));
    sm_assert_ok(load(0), f.err);
    for (int v = 1; v <= VERSIONS; v++) {
        delta_fixture_put(&f, v, replaced(v, FILES));
        sm_assert_ok(sm_delta_snapshot_advance(snapshot, f.table, v, &f.err), f.err);
    }
    assert_int_equal(snapshot->file_count, FILES + 1);
    assert_string_equal(snapshot->files[0]->key.ptr, "30_0");
    assert_string_equal(snapshot->files[FILES]->key.ptr, "stays");
    assert_int_equal(snapshot->bytes, 3 * (FILES + 1));
    assert_int_equal(snapshot->txn_count, 1);
    assert_int_equal(snapshot->txns[0].version, VERSIONS);
    assert_true(sm_sv_eq_str(snapshot->metadata.id, "table-1"));
}

static void test_delta_snapshot__a_gap_is_corrupt(void **state)
{
    (void)state;
    put_table();
    sm_test_remove(sm_path_join(f.arena, sm_sv_cstr(f.root), sm_delta_commit_key(1, f.arena)));
    sm_assert_code(load(3), SM_E_CORRUPT);
    sm_test_contains(f.err.msg, "version 1 of the log is missing");
}

#define DV(id)                                                                                     \
    "\"deletionVector\":{\"storageType\":\"u\",\"pathOrInlineDv\":\"" id                           \
    "\",\"offset\":1,\"sizeInBytes\":1,\"cardinality\":1}"
#define ADD_DV(id)                                                                                 \
    "{\"add\":{\"path\":\"x\",\"partitionValues\":{},\"size\":1,\"modificationTime\":1,"           \
    "\"dataChange\":true," DV(id) "}}\n"
#define REMOVE_DV(id) "{\"remove\":{\"path\":\"x\",\"dataChange\":true," DV(id) "}}\n"

static void test_delta_snapshot__a_file_is_known_by_its_deletion_vector_too(void **state)
{
    (void)state;
    delta_fixture_put(&f, 0, DELTA_CREATE DELTA_ADD("x"));
    delta_fixture_put(&f, 1, ADD_DV("a") DELTA_REMOVE("x"));
    delta_fixture_put(&f, 2, REMOVE_DV("a") ADD_DV("b"));
    sm_assert_ok(load(-1), f.err);
    assert_int_equal(snapshot->file_count, 1);
    sm_test_contains(snapshot->files[0]->dv->where.ptr, "b");
}

static void test_delta_snapshot__refuses_a_deletion_vector_that_says_nothing(void **state)
{
    (void)state;
    delta_fixture_put(&f, 0,
                      DELTA_CREATE "{\"add\":{\"path\":\"x\",\"partitionValues\":{},\"size\":1,"
                                   "\"modificationTime\":1,\"dataChange\":true,"
                                   "\"deletionVector\":{\"storageType\":\"u\"}}}\n");
    sm_assert_code(load(-1), SM_E_CORRUPT);
    sm_test_contains(f.err.msg, "deletionVector");
}

static void test_delta_snapshot__of_no_table_is_not_found(void **state)
{
    (void)state;
    sm_assert_code(load(-1), SM_E_NOT_FOUND);
}

static void test_delta_newest__finds_many_versions_with_and_without_hints(void **state)
{
    (void)state;
    int64_t newest = 0;

    sm_assert_ok(sm_delta_newest(f.table, -1, &newest, &f.err), f.err);
    assert_int_equal(newest, -1);
    for (int v = 0; v < 150; v++)
        delta_fixture_put(&f, v, DELTA_CREATE);
    sm_assert_ok(sm_delta_newest(f.table, -1, &newest, &f.err), f.err);
    assert_int_equal(newest, 149);
    sm_assert_ok(sm_delta_newest(f.table, 148, &newest, &f.err), f.err);
    assert_int_equal(newest, 149);
    sm_assert_ok(sm_delta_newest(f.table, 500, &newest, &f.err), f.err);
    assert_int_equal(newest, 149);
}

static void test_delta_checkpoints__only_complete_ones_count(void **state)
{
    (void)state;
    static const char *const names[] = {
        "_delta_log/00000000000000000010.checkpoint.parquet",
        "_delta_log/00000000000000000020.checkpoint.0000000001.0000000002.parquet",
        "_delta_log/00000000000000000020.checkpoint.0000000002.0000000002.parquet",
        "_delta_log/00000000000000000030.checkpoint.0000000001.0000000002.parquet",
    };
    sm_delta_checkpoint_files c;

    for (size_t i = 0; i < 4; i++)
        sm_assert_ok(sm_delta_put_key(f.table, sm_sv_cstr(names[i]), SM_SV("x"), &f.err), f.err);
    sm_assert_ok(sm_delta_find_checkpoint(f.table, INT64_MAX, f.arena, &c, &f.err), f.err);
    assert_int_equal(c.version, 20);
    assert_int_equal(c.n, 2);
    sm_assert_ok(sm_delta_find_checkpoint(f.table, 19, f.arena, &c, &f.err), f.err);
    assert_int_equal(c.version, 10);
    sm_assert_ok(sm_delta_find_checkpoint(f.table, 9, f.arena, &c, &f.err), f.err);
    assert_int_equal(c.version, -1);
}

static void test_delta_describe__tells_what_a_table_is(void **state)
{
    (void)state;
    sm_delta_info info;
    sm_sv select;

    sm_assert_ok(sm_delta_describe(sm_sv_cstr(f.root), NULL, -1, NULL, f.arena, &info, &f.err),
                 f.err);
    assert_int_equal(info.version, -1);
    put_table();
    sm_assert_ok(
        sm_delta_relation(sm_sv_cstr(f.root), NULL, 1, NULL, f.arena, &info, &select, &f.err),
        f.err);
    assert_int_equal(info.version, 1);
    assert_int_equal(info.files, 2);
    assert_int_equal(info.rows, -1);
    assert_int_equal(info.schema.n, 1);
    sm_test_contains(select.ptr, "/a x'");
}

static void test_delta_relation__does_not_leave_the_table(void **state)
{
    (void)state;
    sm_delta_info info;
    sm_sv select;

    delta_fixture_put(&f, 0, DELTA_CREATE DELTA_ADD("../secret.parquet"));
    sm_assert_code(
        sm_delta_relation(sm_sv_cstr(f.root), NULL, -1, NULL, f.arena, &info, &select, &f.err),
        SM_E_DENIED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define DELTA_TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
        DELTA_TEST(test_delta_snapshot__the_last_word_on_each_path_wins),
        DELTA_TEST(test_delta_snapshot__shows_every_version),
        DELTA_TEST(test_delta_snapshot__advances_as_if_loaded_anew),
        DELTA_TEST(test_delta_snapshot__forgets_files_that_are_gone_for_long),
        DELTA_TEST(test_delta_snapshot__a_gap_is_corrupt),
        DELTA_TEST(test_delta_snapshot__a_file_is_known_by_its_deletion_vector_too),
        DELTA_TEST(test_delta_snapshot__refuses_a_deletion_vector_that_says_nothing),
        DELTA_TEST(test_delta_snapshot__of_no_table_is_not_found),
        DELTA_TEST(test_delta_newest__finds_many_versions_with_and_without_hints),
        DELTA_TEST(test_delta_checkpoints__only_complete_ones_count),
        DELTA_TEST(test_delta_describe__tells_what_a_table_is),
        DELTA_TEST(test_delta_relation__does_not_leave_the_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
