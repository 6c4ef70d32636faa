/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/base/fs.h"
#include "runtime/delta/delta_path.h"
#include "tests/support/test.h"
#include "tests/unit/delta_fixture.h"

static delta_fixture f;
static sm_delta_head *head;

static int setup(void **state)
{
    (void)state;
    delta_fixture_init(&f, "head");
    head = NULL;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    sm_delta_head_free(head);
    delta_fixture_release(&f);
    return 0;
}

static void load(const sm_json *memory)
{
    sm_delta_head_free(head);
    head = NULL;
    sm_assert_ok(sm_delta_head_load(f.table, memory, NULL, &head, &f.err), f.err);
}

static bool unchanged(const sm_json *memory)
{
    bool same = false;

    sm_assert_ok(sm_delta_unchanged(f.table, memory, &same, &f.err), f.err);
    return same;
}

static void put_three(void)
{
    delta_fixture_put(
        &f, 0,
        DELTA_INFO("t0", ",\"smelt\":{\"flow\":\"x\",\"generation\":\"g1\",\"batch\":0}")
            DELTA_CREATE DELTA_TXN("g1", "0") DELTA_ADD("f0"));
    delta_fixture_put(&f, 1,
                      DELTA_INFO("t1",
                                 ",\"smelt\":{\"flow\":\"y\",\"generation\":\"g2\",\"batch\":4,"
                                 "\"end_offsets\":{\"in\":{\"seq\":9}}}") DELTA_TXN("g2", "4")
                          DELTA_ADD("f1"));
    delta_fixture_put(
        &f, 2,
        DELTA_INFO("t2", ",\"smelt\":{\"flow\":\"x\",\"generation\":\"g1\",\"batch\":1}")
            DELTA_TXN("g1", "1") DELTA_ADD("f2"));
}

static void test_delta_head__of_no_table_is_version_minus_one(void **state)
{
    (void)state;
    load(NULL);
    assert_int_equal(head->version, -1);
}

static void test_delta_head__replays_protocol_metadata_and_transactions(void **state)
{
    (void)state;
    put_three();
    load(NULL);
    assert_int_equal(head->version, 2);
    assert_true(sm_sv_eq_str(head->txn_id, "t2"));
    assert_true(sm_sv_eq_str(head->metadata.id, "table-1"));
    assert_int_equal(head->metadata_version, 0);
    assert_int_equal(head->txn_count, 2);
    assert_int_equal(sm_delta_head_txn(head, SM_SV("g1"))->txn.version, 1);
    assert_int_equal(sm_delta_head_txn(head, SM_SV("g1"))->version, 2);
    assert_null(sm_delta_head_txn(head, SM_SV("g3")));
}

static void test_delta_head__survives_as_json(void **state)
{
    (void)state;
    put_three();
    load(NULL);
    sm_json *memory = sm_delta_head_to_json(head, f.arena);
    delta_fixture_put(&f, 3, DELTA_INFO("t3", "") DELTA_TXN("g2", "5"));
    load(memory);
    assert_int_equal(head->version, 3);
    assert_int_equal(sm_delta_head_txn(head, SM_SV("g2"))->txn.version, 5);
    assert_int_equal(sm_delta_head_txn(head, SM_SV("g1"))->version, 2);
    assert_int_equal(head->flow_count, 2);
}

static void test_delta_head__memory_makes_old_commits_unnecessary(void **state)
{
    (void)state;
    put_three();
    load(NULL);
    sm_json *memory = sm_delta_head_to_json(head, f.arena);
    for (int v = 0; v < 2; v++)
        sm_test_remove(sm_path_join(f.arena, sm_sv_cstr(f.root), sm_delta_commit_key(v, f.arena)));
    load(memory);
    assert_int_equal(head->version, 2);
}

static void test_delta_head__memory_of_another_table_is_not_believed(void **state)
{
    (void)state;
    put_three();
    load(NULL);
    sm_json *memory = sm_delta_head_to_json(head, f.arena);
    sm_json_set_string(memory, "txn_id", SM_SV("other"));
    sm_json_remove(memory, "txns");
    load(memory);
    assert_int_equal(head->txn_count, 2);
    sm_json_set_int(memory, "version", 17);
    load(memory);
    assert_int_equal(head->version, 2);
    load(sm_json_array(f.arena));
    assert_int_equal(head->version, 2);
}

static void test_delta_head__is_unchanged_until_the_next_commit(void **state)
{
    (void)state;
    load(NULL);
    sm_json *nothing = sm_delta_head_to_json(head, f.arena);
    assert_true(unchanged(nothing));
    put_three();
    assert_false(unchanged(nothing));
    load(NULL);
    sm_json *memory = sm_delta_head_to_json(head, f.arena);
    assert_true(unchanged(memory));
    delta_fixture_put(&f, 3, DELTA_INFO("t3", ""));
    assert_false(unchanged(memory));
    assert_false(unchanged(NULL));
}

static void test_delta_head__a_version_that_went_away_is_corrupt(void **state)
{
    (void)state;
    put_three();
    load(NULL);
    sm_test_remove(sm_path_join(f.arena, sm_sv_cstr(f.root), sm_delta_commit_key(2, f.arena)));
    sm_assert_code(sm_delta_head_advance(head, f.table, &f.err), SM_E_CORRUPT);
}

static void test_delta_head__knows_the_newest_batch_of_each_flow(void **state)
{
    (void)state;
    const sm_delta_flow *flow;

    put_three();
    load(NULL);
    sm_assert_ok(sm_delta_head_flow(head, f.table, SM_SV("y"), &flow, &f.err), f.err);
    assert_true(sm_sv_eq_str(flow->generation, "g2"));
    assert_int_equal(flow->batch, 4);
    assert_int_equal(sm_json_get_int(sm_json_get(flow->end_offsets, "in"), "seq", 0), 9);
    sm_assert_ok(sm_delta_head_flow(head, f.table, SM_SV("z"), &flow, &f.err), f.err);
    assert_null(flow);
}

static void test_delta_head__a_crc_stands_for_all_before_it(void **state)
{
    (void)state;
    const sm_delta_flow *flow;

    put_three();
    delta_fixture_put(&f, 3, DELTA_INFO("t3", "") DELTA_TXN("g2", "5"));
    sm_assert_ok(sm_delta_put_key(f.table, SM_SV("_delta_log/_last_checkpoint"),
                                  SM_SV("{\"version\":2}"), &f.err),
                 f.err);
    sm_assert_ok(sm_delta_put_key(f.table, sm_delta_checkpoint_key(2, f.arena), SM_SV("x"), &f.err),
                 f.err);
    sm_assert_ok(
        sm_delta_put_key(f.table, sm_delta_crc_key(2, f.arena),
                         SM_SV("{\"metadata\":{\"id\":\"table-1\",\"schemaString\":\"{}\","
                               "\"partitionColumns\":[],\"configuration\":{}},\"protocol\":"
                               "{\"minReaderVersion\":1,\"minWriterVersion\":2},"
                               "\"setTransactions\":[{\"appId\":\"g1\",\"version\":1}]}"),
                         &f.err),
        f.err);
    sm_test_remove(sm_path_join(f.arena, sm_sv_cstr(f.root), sm_delta_commit_key(0, f.arena)));
    load(NULL);
    assert_int_equal(head->version, 3);
    assert_int_equal(sm_delta_head_txn(head, SM_SV("g1"))->txn.version, 1);
    assert_int_equal(sm_delta_head_txn(head, SM_SV("g1"))->version, -1);
    assert_int_equal(sm_delta_head_txn(head, SM_SV("g2"))->txn.version, 5);
    /* flows lie in commits below it: they are looked up there, down to where the log begins */
    sm_assert_ok(sm_delta_head_flow(head, f.table, SM_SV("y"), &flow, &f.err), f.err);
    assert_int_equal(flow->batch, 4);
    sm_assert_ok(sm_delta_head_flow(head, f.table, SM_SV("nobody"), &flow, &f.err), f.err);
    assert_null(flow);
}

static void test_delta_head__a_crc_of_ours_tells_the_flows_of_a_log_that_was_cut(void **state)
{
    (void)state;
    const sm_delta_flow *flow;
    sm_json *crc, *smelt;

    put_three();
    load(NULL);
    sm_assert_ok(sm_json_parse(SM_SV("{\"metadata\":{\"id\":\"table-1\",\"schemaString\":\"{}\","
                                     "\"partitionColumns\":[],\"configuration\":{}},\"protocol\":"
                                     "{\"minReaderVersion\":1,\"minWriterVersion\":2},"
                                     "\"setTransactions\":[]}"),
                               f.arena, &crc, &f.err),
                 f.err);
    smelt = sm_json_object(f.arena);
    sm_delta_head_put_flows(head, smelt, f.arena);
    sm_json_set(crc, "smelt", smelt);
    sm_assert_ok(sm_delta_put_key(f.table, sm_delta_checkpoint_key(2, f.arena), SM_SV("x"), &f.err),
                 f.err);
    sm_assert_ok(
        sm_delta_put_key(f.table, sm_delta_crc_key(2, f.arena), sm_json_text(crc, f.arena), &f.err),
        f.err);
    for (int64_t v = 0; v < 2; v++)
        sm_test_remove(sm_path_join(f.arena, sm_sv_cstr(f.root), sm_delta_commit_key(v, f.arena)));
    load(NULL);
    assert_int_equal(head->version, 2);
    assert_true(unchanged(sm_delta_head_to_json(head, f.arena)));
    delta_fixture_put(&f, 3, DELTA_INFO("t3", "") DELTA_TXN("g9", "0"));
    load(NULL);
    assert_int_equal(head->version, 3);
    sm_assert_ok(sm_delta_head_flow(head, f.table, SM_SV("y"), &flow, &f.err), f.err);
    assert_true(sm_sv_eq_str(flow->generation, "g2"));
    assert_int_equal(flow->batch, 4);
    sm_assert_ok(sm_delta_head_flow(head, f.table, SM_SV("nobody"), &flow, &f.err), f.err);
    assert_null(flow);
}

static void test_delta_head__a_first_commit_without_metadata_is_refused(void **state)
{
    (void)state;
    delta_fixture_put(&f, 0, DELTA_INFO("t0", "") DELTA_ADD("f0"));
    sm_assert_code(sm_delta_head_load(f.table, NULL, NULL, &head, &f.err), SM_E_CORRUPT);
    sm_test_contains(f.err.msg, "version 0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define DELTA_TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
        DELTA_TEST(test_delta_head__of_no_table_is_version_minus_one),
        DELTA_TEST(test_delta_head__replays_protocol_metadata_and_transactions),
        DELTA_TEST(test_delta_head__survives_as_json),
        DELTA_TEST(test_delta_head__memory_makes_old_commits_unnecessary),
        DELTA_TEST(test_delta_head__memory_of_another_table_is_not_believed),
        DELTA_TEST(test_delta_head__is_unchanged_until_the_next_commit),
        DELTA_TEST(test_delta_head__a_version_that_went_away_is_corrupt),
        DELTA_TEST(test_delta_head__knows_the_newest_batch_of_each_flow),
        DELTA_TEST(test_delta_head__a_crc_stands_for_all_before_it),
        DELTA_TEST(test_delta_head__a_crc_of_ours_tells_the_flows_of_a_log_that_was_cut),
        DELTA_TEST(test_delta_head__a_first_commit_without_metadata_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
