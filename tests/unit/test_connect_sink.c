/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/connect/connect.h"
#include "tests/support/test.h"

static int prepared;

static sm_code count_prepare(sm_sink *k, sm_sv select, sm_manifest *m, int64_t *rows_out,
                             int64_t *bytes_out, sm_error *err)
{
    (void)k;
    (void)select;
    (void)m;
    (void)rows_out;
    (void)bytes_out;
    (void)err;
    prepared++;
    return SM_OK;
}

/* What prepare() of a sink that `merges` or not answers in mode MERGE. */
static sm_code prepare(bool merges, sm_error *err)
{
    sm_sink_ops ops = { .name = "fake", .prepare = count_prepare, .merges = merges };
    sm_column column = { .name = SM_SV("k"), .type = SM_SV("BIGINT") };
    sm_schema schema = { &column, 1 };
    sm_sv key = SM_SV("K");
    int somewhere;
    sm_sink k = {
        .ops = &ops,
        .name = SM_SV("t"),
        .schema = &schema,
        .mode = SM_WRITE_MERGE,
        .merge_keys = &key,
        .merge_key_count = 1,
        .touched = SM_SV("SELECT 1 AS k"),
        .session = (struct sm_session *)&somewhere,
    };
    int64_t rows, bytes;

    prepared = 0;
    return sm_sink_prepare(&k, SM_SV("SELECT 1 AS k"), NULL, &rows, &bytes, err);
}

static void test_connect_sink__a_sink_that_cannot_merge_is_not_asked_to(void **state)
{
    sm_error err;

    (void)state;
    sm_assert_code(prepare(false, &err), SM_E_INVALID);
    sm_test_contains(err.msg, "table \"t\": sinks of type fake cannot update rows by key");
    assert_int_equal(prepared, 0);
    sm_assert_ok(prepare(true, &err), err);
    assert_int_equal(prepared, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_connect_sink__a_sink_that_cannot_merge_is_not_asked_to),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
