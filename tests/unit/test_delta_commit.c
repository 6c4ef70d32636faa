/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "runtime/base/failpoint.h"
#include "runtime/base/thread.h"
#include "runtime/delta/delta_schema.h"
#include "tests/support/test.h"
#include "tests/unit/delta_fixture.h"

static delta_fixture f;
static sm_delta_head *head;
static int64_t version;

static int setup(void **state)
{
    (void)state;
    delta_fixture_init(&f, "commit");
    sm_assert_ok(sm_delta_head_load(f.table, NULL, NULL, &head, &f.err), f.err);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    sm_failpoint_set("");
    sm_delta_head_free(head);
    delta_fixture_release(&f);
    return 0;
}

static sm_code commit(const sm_delta_change *c)
{
    return sm_delta_commit(f.table, head, c, &version, &f.err);
}

static void commit_ok(const char *app, int64_t n, const char *file)
{
    sm_delta_change c = delta_fixture_append(&f, app, n, file, head->version < 0);

    sm_assert_ok(commit(&c), f.err);
}

static void test_delta_commit__the_first_one_makes_the_table(void **state)
{
    (void)state;
    commit_ok("g1", 0, "f0");
    assert_int_equal(version, 0);
    assert_int_equal(head->version, 0);
    const char *text = delta_fixture_text(&f, 0);
    assert_int_equal(strncmp(text, "{\"commitInfo\":{\"timestamp\":1000,", 31), 0);
    sm_test_contains(text, "\n{\"protocol\":");
    sm_test_contains(text, "\n{\"txn\":{\"appId\":\"g1\",\"version\":0,\"lastUpdated\":1000}}\n");
}

static void test_delta_commit__versions_have_no_gaps_and_times_grow(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++)
        commit_ok("g1", i, "f");
    assert_int_equal(version, 4);
    sm_test_contains(delta_fixture_text(&f, 4), "{\"timestamp\":1004,");
    sm_test_contains(delta_fixture_text(&f, 4), "\"readVersion\":3");
}

static void test_delta_commit__a_batch_that_is_there_is_success(void **state)
{
    (void)state;
    commit_ok("g1", 0, "f0");
    commit_ok("g1", 1, "f1");
    commit_ok("g2", 0, "f2");
    sm_delta_change again = delta_fixture_append(&f, "g1", 1, "f1", false);
    sm_assert_ok(commit(&again), f.err);
    assert_int_equal(version, 1);
    assert_int_equal(head->version, 2);
}

static void test_delta_commit__a_lost_race_goes_on_above_the_winner(void **state)
{
    (void)state;
    commit_ok("g1", 0, "f0");
    delta_fixture_put(&f, 1, DELTA_INFO("foreign", "") DELTA_ADD("other"));
    commit_ok("g1", 1, "f1");
    assert_int_equal(version, 2);
}

static void test_delta_commit__our_own_commit_of_an_earlier_life_is_recognised(void **state)
{
    (void)state;
    commit_ok("g1", 0, "f0");
    delta_fixture_put(&f, 1, DELTA_INFO("dead", "") DELTA_TXN("g1", "1") DELTA_ADD("f1"));
    sm_delta_change c = delta_fixture_append(&f, "g1", 1, "f1", false);
    sm_assert_ok(commit(&c), f.err);
    assert_int_equal(version, 1);
    assert_int_equal(head->version, 1);
}

static void test_delta_commit__an_error_after_the_link_is_healed_by_the_next_try(void **state)
{
    (void)state;
    commit_ok("g1", 0, "f0");
    sm_delta_change c = delta_fixture_append(&f, "g1", 1, "f1", false);
    sm_failpoint_set("delta.after_link:EIO");
    sm_assert_code(commit(&c), SM_E_IO);
    sm_failpoint_set("");
    sm_assert_ok(commit(&c), f.err);
    assert_int_equal(version, 1);
    assert_int_equal(head->version, 1);
}

static void test_delta_commit__a_failing_disk_leaves_no_version(void **state)
{
    (void)state;
    static const char *const faults[] = { "fs.write:ENOSPC", "fs.fsync:EIO", "fs.link:EIO" };

    commit_ok("g1", 0, "f0");
    for (size_t i = 0; i < 3; i++) {
        sm_delta_change c = delta_fixture_append(&f, "g1", 1, "f1", false);
        bool there = true;
        sm_failpoint_set(faults[i]);
        sm_code rc = commit(&c);
        sm_failpoint_set("");
        sm_assert_code(rc, SM_E_IO);
        sm_assert_ok(sm_delta_probe(f.table, 1, &there, &f.err), f.err);
        assert_false(there);
    }
    commit_ok("g1", 1, "f1");
    assert_int_equal(version, 1);
}

static void test_delta_commit__is_void_when_the_table_changed_its_columns(void **state)
{
    (void)state;
    commit_ok("g1", 0, "f0");
    sm_delta_change c = delta_fixture_append(&f, "g1", 1, "f1", false);
    c.definition_version = 0;
    delta_fixture_put(&f, 1, DELTA_INFO("alter", "") DELTA_CREATE);
    sm_assert_code(commit(&c), SM_E_AGAIN);
    sm_test_contains(f.err.msg, "version 1 changed the table's definition");
}

static void test_delta_commit__two_flows_may_both_make_the_same_table(void **state)
{
    (void)state;
    sm_delta_change first = delta_fixture_append(&f, "g1", 0, "f0", true);
    sm_delta_change second = delta_fixture_append(&f, "g2", 0, "f1", true);

    sm_assert_ok(commit(&first), f.err);
    sm_assert_ok(commit(&second), f.err);
    assert_int_equal(version, 1);
    assert_null(strstr(delta_fixture_text(&f, 1), "metaData"));
    assert_null(strstr(delta_fixture_text(&f, 1), "protocol"));
}

static void test_delta_commit__but_not_with_other_columns(void **state)
{
    (void)state;
    sm_delta_change second = delta_fixture_append(&f, "g2", 0, "f1", true);
    sm_column b = { .name = SM_SV("b"), .type = SM_SV("VARCHAR") };
    sm_schema schema = { &b, 1 };
    sm_delta_definition d = { .schema = &schema };
    sm_delta_metadata m;

    sm_assert_ok(sm_delta_metadata_make(&d, SM_SV(""), 1, f.arena, &m, &f.err), f.err);
    sm_json *line = sm_delta_metadata_json(&m, f.arena);
    sm_sv text = sm_json_text(line, f.arena);
    text = sm_arena_printf(f.arena,
                           "{\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":2}}\n%.*s\n",
                           SM_SV_ARG(text));
    delta_fixture_put(&f, 0, text.ptr);
    sm_assert_code(commit(&second), SM_E_AGAIN);
}

static sm_delta_change overwrite(const char *app, int64_t n, int64_t read_version)
{
    sm_delta_change c = delta_fixture_append(&f, app, n, "new", false);

    c.overwrites = true;
    c.read_version = read_version;
    return c;
}

static void
test_delta_commit__an_overwrite_that_found_no_table_is_void_when_there_are_rows(void **state)
{
    (void)state;
    sm_delta_change c = delta_fixture_append(&f, "mv", 0, "new", true);

    c.overwrites = true;
    delta_fixture_put(&f, 0, DELTA_CREATE);
    delta_fixture_put(&f, 1, DELTA_INFO("foreign", "") DELTA_ADD("other"));
    sm_assert_code(commit(&c), SM_E_AGAIN);
    c = overwrite("mv", 0, 1);
    sm_assert_ok(commit(&c), f.err);
    assert_non_null(strstr(delta_fixture_text(&f, 2), "\"isBlindAppend\":false"));
}

static void test_delta_commit__an_overwrite_is_void_when_files_came_or_went(void **state)
{
    (void)state;
    commit_ok("g1", 0, "f0");
    sm_delta_change c = overwrite("mv", 0, 0);
    delta_fixture_put(&f, 1, DELTA_INFO("foreign", "") DELTA_ADD("other"));
    sm_assert_code(commit(&c), SM_E_AGAIN);
    c = overwrite("mv", 0, 1);
    delta_fixture_put(&f, 2, DELTA_INFO("foreign", "") DELTA_REMOVE("f0"));
    sm_assert_code(commit(&c), SM_E_AGAIN);
    c = overwrite("mv", 0, 2);
    delta_fixture_put(&f, 3, DELTA_INFO("foreign", "") DELTA_TXN("z", "1"));
    sm_assert_ok(commit(&c), f.err);
    assert_int_equal(version, 4);
}

static void test_delta_commit__refuses_a_table_that_needs_more_than_we_do(void **state)
{
    (void)state;
    commit_ok("g1", 0, "f0");
    delta_fixture_put(
        &f, 1,
        DELTA_INFO("up", "") "{\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":4}}\n");
    sm_delta_change c = delta_fixture_append(&f, "g1", 1, "f1", false);
    sm_assert_code(commit(&c), SM_E_INVALID);
    sm_test_contains(f.err.msg, "writer version 4");
}

static void test_delta_commit__a_table_that_vanished_is_corrupt(void **state)
{
    (void)state;
    commit_ok("g1", 0, "f0");
    sm_test_remove(f.root);
    sm_delta_change c = delta_fixture_append(&f, "g1", 1, "f1", false);
    sm_assert_code(commit(&c), SM_E_CORRUPT);
}

/* ---- a race ---- */

enum { RACERS = 4, BATCHES = 25 };

static void race(void *arg)
{
    const char *app = arg;
    delta_fixture mine = { .arena = sm_arena_new("racer") };
    sm_delta_head *h = NULL;
    int64_t v;

    if (sm_delta_open(sm_sv_cstr(f.root), NULL, &mine.table, &mine.err) != SM_OK ||
        sm_delta_head_load(mine.table, NULL, NULL, &h, &mine.err) != SM_OK)
        abort();
    for (int n = 0; n < BATCHES; n++) {
        sm_delta_change c = delta_fixture_append(&mine, app, n, "f", false);
        if (sm_delta_commit(mine.table, h, &c, &v, &mine.err) != SM_OK)
            abort();
    }
    sm_delta_head_free(h);
    sm_delta_close(mine.table);
    sm_arena_free(mine.arena);
}

static void test_delta_commit__racing_writers_all_publish_every_batch_once(void **state)
{
    (void)state;
    static const char *const apps[RACERS] = { "r0", "r1", "r2", "r3" };
    sm_thread *threads[RACERS];
    int counts[RACERS] = { 0 };

    commit_ok("g1", 0, "f0");
    for (int i = 0; i < RACERS; i++)
        sm_assert_ok(
            sm_thread_start("racer", race, (void *)(uintptr_t)apps[i], &threads[i], &f.err), f.err);
    for (int i = 0; i < RACERS; i++)
        sm_thread_join(threads[i]);
    sm_assert_ok(sm_delta_head_advance(head, f.table, &f.err), f.err);
    assert_int_equal(head->version, RACERS * BATCHES);
    for (int64_t v = 1; v <= head->version; v++)
        for (int i = 0; i < RACERS; i++)
            counts[i] += strstr(delta_fixture_text(&f, v),
                                sm_arena_printf(f.arena, "\"appId\":\"%s\"", apps[i]).ptr) != NULL;
    for (int i = 0; i < RACERS; i++)
        assert_int_equal(counts[i], BATCHES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define DELTA_TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
        DELTA_TEST(test_delta_commit__the_first_one_makes_the_table),
        DELTA_TEST(test_delta_commit__versions_have_no_gaps_and_times_grow),
        DELTA_TEST(test_delta_commit__a_batch_that_is_there_is_success),
        DELTA_TEST(test_delta_commit__a_lost_race_goes_on_above_the_winner),
        DELTA_TEST(test_delta_commit__our_own_commit_of_an_earlier_life_is_recognised),
        DELTA_TEST(test_delta_commit__an_error_after_the_link_is_healed_by_the_next_try),
        DELTA_TEST(test_delta_commit__a_failing_disk_leaves_no_version),
        DELTA_TEST(test_delta_commit__is_void_when_the_table_changed_its_columns),
        DELTA_TEST(test_delta_commit__two_flows_may_both_make_the_same_table),
        DELTA_TEST(test_delta_commit__but_not_with_other_columns),
        DELTA_TEST(test_delta_commit__an_overwrite_is_void_when_files_came_or_went),
        DELTA_TEST(test_delta_commit__an_overwrite_that_found_no_table_is_void_when_there_are_rows),
        DELTA_TEST(test_delta_commit__refuses_a_table_that_needs_more_than_we_do),
        DELTA_TEST(test_delta_commit__a_table_that_vanished_is_corrupt),
        DELTA_TEST(test_delta_commit__racing_writers_all_publish_every_batch_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
