/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/delta/delta_action.h"
#include "tests/support/test.h"

static sm_arena *arena;
static sm_error err;

static int setup(void **state)
{
    (void)state;
    arena = sm_arena_new("test");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    sm_arena_free(arena);
    return 0;
}

static sm_delta_action action_of(const char *line)
{
    sm_delta_action a;

    sm_assert_ok(sm_delta_action_parse(sm_sv_cstr(line), arena, &a, &err), err);
    return a;
}

static void assert_corrupt(const char *line, const char *why)
{
    sm_delta_action a;

    if (sm_delta_action_parse(sm_sv_cstr(line), arena, &a, &err) != SM_E_CORRUPT)
        fail_msg("%s was taken", line);
    sm_test_contains(err.msg, why);
}

static void test_delta_action__reads_an_add(void **state)
{
    (void)state;
    sm_delta_action a = action_of("{\"add\":{\"path\":\"p=a%2520b/"
                                  "f.parquet\",\"partitionValues\":{\"p\":\"a b\"},\"size\":10,"
                                  "\"modificationTime\":5,\"dataChange\":true,\"stats\":\"{"
                                  "\\\"numRecords\\\":7}\",\"new\":1}}");

    assert_int_equal(a.kind, SM_DELTA_ADD);
    assert_true(sm_sv_eq_str(a.u.file.key, "p=a%20b/f.parquet"));
    assert_int_equal(a.u.file.size, 10);
    assert_true(a.u.file.data_change);
    assert_null(a.u.file.dv);
    assert_int_equal(sm_delta_file_rows(&a.u.file, arena), 7);
}

static void test_delta_action__skips_what_it_does_not_know(void **state)
{
    (void)state;
    assert_int_equal(action_of("{\"future\":{\"x\":1}}").kind, SM_DELTA_OTHER);
    assert_int_equal(action_of("{\"cdc\":{\"path\":\"x\"}}").kind, SM_DELTA_OTHER);
    assert_int_equal(action_of("  \r").kind, SM_DELTA_OTHER);
    assert_int_equal(action_of("{}").kind, SM_DELTA_OTHER);
}

static void test_delta_action__refuses_a_line_that_would_change_rows(void **state)
{
    (void)state;
    assert_corrupt("{\"add\":{\"path\":\"f\"}}", "partitionValues");
    assert_corrupt("{\"add\":{\"partitionValues\":{}}}", "path");
    assert_corrupt("{\"add\":{\"path\":\"f\",\"partitionValues\":{},\"size\":-1}}", "size");
    assert_corrupt("{\"add\":{\"path\":\"f\",\"partitionValues\":{},\"size\":\"1\"}}", "size");
    assert_corrupt(
        "{\"add\":{\"path\":\"f\",\"partitionValues\":{},\"size\":1,\"modificationTime\":1}}",
        "dataChange");
    assert_corrupt("{\"remove\":{\"path\":\"f\"}}", "dataChange");
    assert_corrupt("{\"metaData\":{\"id\":\"x\"}}", "schemaString");
    assert_corrupt("{\"protocol\":{\"minReaderVersion\":1}}", "minWriterVersion");
    assert_corrupt("{\"txn\":{\"appId\":\"x\"}}", "version");
    assert_corrupt("{\"add\":7}", "no JSON object");
    assert_corrupt("[1]", "no JSON object");
    assert_corrupt("{\"add\":", "no JSON");
}

static void test_delta_action__takes_what_writers_may_leave_out(void **state)
{
    (void)state;
    sm_delta_action a = action_of("{\"remove\":{\"path\":\"f\",\"dataChange\":false}}");

    assert_int_equal(a.u.file.size, -1);
    assert_null(a.u.file.partition_values);
    a = action_of("{\"metaData\":{\"id\":\"i\",\"schemaString\":\"{}\",\"partitionColumns\":[]}}");
    assert_int_equal(a.u.metadata.created_ms, 0);
    assert_non_null(a.u.metadata.configuration);
    a = action_of(
        "{\"add\":{\"path\":\"f\",\"partitionValues\":{},\"size\":1,\"modificationTime\":1,"
        "\"dataChange\":true,\"stats\":\"broken\"}}");
    assert_int_equal(sm_delta_file_rows(&a.u.file, arena), -1);
}

static void test_delta_action__sees_a_deletion_vector(void **state)
{
    (void)state;
    sm_delta_action a = action_of(
        "{\"add\":{\"path\":\"f\",\"partitionValues\":{},\"size\":1,\"modificationTime\":1,"
        "\"dataChange\":true,\"deletionVector\":{\"storageType\":\"u\",\"pathOrInlineDv\":"
        "\"ab^-aqEH.-t@S}K{vb[*k^\",\"offset\":4,\"sizeInBytes\":40,\"cardinality\":6}}}");

    assert_non_null(a.u.file.dv);
}

static void test_delta_action__a_removal_repeats_what_the_add_said(void **state)
{
    (void)state;
    sm_delta_action a = action_of(
        "{\"add\":{\"path\":\"p=1/f\",\"partitionValues\":{\"p\":\"1\"},\"size\":9,"
        "\"modificationTime\":1,\"dataChange\":true,\"stats\":\"{}\",\"tags\":{\"k\":\"v\"}}}");

    assert_string_equal(
        sm_arena_cstr(arena, sm_json_text(sm_delta_remove_json(&a.u.file, 77, true, arena), arena)),
        "{\"remove\":{\"path\":\"p=1/f\",\"deletionTimestamp\":77,\"dataChange\":true,"
        "\"extendedFileMetadata\":true,\"partitionValues\":{\"p\":\"1\"},\"size\":9}}");
    assert_string_equal(
        sm_arena_cstr(arena, sm_json_text(sm_delta_add_json(&a.u.file, arena), arena)),
        "{\"add\":{\"path\":\"p=1/f\",\"partitionValues\":{\"p\":\"1\"},\"size\":9,"
        "\"modificationTime\":1,\"dataChange\":true,\"stats\":\"{}\",\"tags\":{\"k\":\"v\"}}}");
}

static void test_delta_action__features_are_written_only_for_versions_that_have_them(void **state)
{
    (void)state;
    sm_delta_action a = action_of("{\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":7,"
                                  "\"readerFeatures\":[],\"writerFeatures\":[\"appendOnly\"]}}");

    assert_string_equal(
        sm_arena_cstr(arena, sm_json_text(sm_delta_protocol_json(&a.u.protocol, arena), arena)),
        "{\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":7,"
        "\"writerFeatures\":[\"appendOnly\"]}}");
}

static sm_code count(void *ctx, const sm_delta_action *a, sm_error *e)
{
    (void)e;
    *(int *)ctx += a->kind == SM_DELTA_TXN;
    return SM_OK;
}

static void test_delta_action__lines_may_be_blank_or_end_in_crlf_or_nothing(void **state)
{
    (void)state;
    int n = 0;

    sm_assert_ok(sm_delta_actions_parse(SM_SV("\n{\"txn\":{\"appId\":\"a\",\"version\":1}}\r\n\n"
                                              "{\"txn\":{\"appId\":\"b\",\"version\":2}}"),
                                        arena, count, &n, &err),
                 err);
    assert_int_equal(n, 2);
    sm_assert_code(sm_delta_actions_parse(SM_SV("{}\n{\"txn\":1}\n"), arena, count, &n, &err),
                   SM_E_CORRUPT);
    sm_test_contains(err.msg, "line 2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_delta_action__reads_an_add),
        SM_TEST(test_delta_action__skips_what_it_does_not_know),
        SM_TEST(test_delta_action__refuses_a_line_that_would_change_rows),
        SM_TEST(test_delta_action__takes_what_writers_may_leave_out),
        SM_TEST(test_delta_action__sees_a_deletion_vector),
        SM_TEST(test_delta_action__a_removal_repeats_what_the_add_said),
        SM_TEST(test_delta_action__features_are_written_only_for_versions_that_have_them),
        SM_TEST(test_delta_action__lines_may_be_blank_or_end_in_crlf_or_nothing),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
