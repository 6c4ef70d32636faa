/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/delta/delta_prune.h"
#include "tests/support/test.h"

static sm_arena *arena;

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

/* One part "k" of a key, of `type`, with values between `min` and `max` (NULL: none). */
static sm_delta_part part_of(const char *type, const char *min, const char *max)
{
    sm_sv *path = SM_NEW_N(arena, sm_sv, 1);
    sm_delta_range *range = SM_NEW(arena, sm_delta_range);
    sm_sqltype *parsed;
    sm_error err;

    path[0] = SM_SV("k");
    if (min != NULL)
        *range = (sm_delta_range){ sm_sv_cstr(min), sm_sv_cstr(max) };
    sm_assert_ok(sm_sqltype_parse(sm_sv_cstr(type), arena, &parsed, &err), err);
    return (sm_delta_part){
        .path = path, .depth = 1, .type = parsed, .ranges = range, .n = min != NULL ? 1 : 0
    };
}

static bool keeps(sm_delta_part part, const char *stats)
{
    sm_delta_file f = { .stats = sm_sv_cstr(stats) };

    return sm_delta_prune_keeps(sm_delta_prune_new(&part, 1, arena), &f);
}

/* Keys from `min` to `max` against a file from `low` to `high`, both as JSON. */
static bool meets(const char *type, const char *min, const char *max, const char *low,
                  const char *high)
{
    return keeps(part_of(type, min, max),
                 sm_arena_printf(arena,
                                 "{\"numRecords\":9,\"minValues\":{\"k\":%s},\"maxValues\":"
                                 "{\"k\":%s},\"nullCount\":{\"k\":0}}",
                                 low, high)
                     .ptr);
}

static void test_delta_prune__a_file_is_out_when_its_bounds_meet_no_key(void **state)
{
    (void)state;
    assert_true(meets("BIGINT", "5", "7", "7", "9"));
    assert_false(meets("BIGINT", "5", "6", "7", "9"));
    assert_false(meets("BIGINT", "10", "11", "7", "9"));
    assert_true(meets("BIGINT", "-3", "30", "7", "9"));
    assert_false(meets("DECIMAL(10,2)", "1.50", "1.60", "1.61", "2.00"));
    assert_true(meets("DECIMAL(10,2)", "1.50", "1.61", "1.61", "2.00"));
    assert_false(meets("VARCHAR", "a", "b", "\"ba\"", "\"c\""));
    assert_true(meets("VARCHAR", "a", "ba", "\"ba\"", "\"c\""));
    assert_true(meets("VARCHAR", "", "", "\"\"", "\"c\""));
    assert_false(meets("DATE", "2026-01-01", "2026-01-31", "\"2026-02-01\"", "\"2026-02-28\""));
    assert_false(meets("BOOLEAN", "true", "true", "false", "false"));
    assert_true(meets("BOOLEAN", "false", "true", "false", "false"));
}

static void test_delta_prune__what_is_too_long_for_a_double_is_still_right(void **state)
{
    (void)state;
    assert_true(meets("BIGINT", "9223372036854775807", "9223372036854775807", "9223372036854775806",
                      "9223372036854775807"));
    assert_true(meets("DECIMAL(38,0)", "99999999999999999999999999999999999999",
                      "99999999999999999999999999999999999999",
                      "99999999999999999999999999999999999999",
                      "99999999999999999999999999999999999999"));
}

static void test_delta_prune__instants_compare_by_the_millisecond(void **state)
{
    const char *at = "2026-01-01 00:00:00.0005+00";

    (void)state;
    /* a maximum of another writer is cut down, too: the file may have .000999 */
    assert_true(
        meets("TIMESTAMP", at, at, "\"2026-01-01T00:00:00Z\"", "\"2026-01-01T00:00:00.000Z\""));
    assert_false(meets("TIMESTAMP", "2026-01-01 00:00:00.001+00", "2026-01-02 00:00:00+00",
                       "\"2025-01-01T00:00:00Z\"", "\"2026-01-01T00:00:00.000Z\""));
    assert_false(meets("TIMESTAMP", "2025-01-01 00:00:00+00", "2025-12-31 23:00:00+00",
                       "\"2026-01-01T00:00:00.000000Z\"", "\"2026-01-02T00:00:00.000Z\""));
    assert_true(meets("TIMESTAMP", "2025-01-01 00:00:00+00", "2025-01-01 00:00:00+00",
                      "\"2026-01-01T00:00:00.000-08:00\"", "\"2026-01-02T00:00:00.000-08:00\""));
}

static void test_delta_prune__what_is_not_known_stays_in(void **state)
{
    (void)state;
    assert_true(keeps(part_of("BIGINT", "5", "7"), ""));
    assert_true(keeps(part_of("BIGINT", "5", "7"), "{broken"));
    assert_true(keeps(part_of("BIGINT", "5", "7"), "{\"numRecords\":3}"));
    assert_true(
        keeps(part_of("BIGINT", "5", "7"), "{\"minValues\":{\"k\":\"8\"},\"maxValues\":7}"));
    assert_false(keeps(part_of("BIGINT", "5", "7"), "{\"minValues\":{\"k\":8}}"));
    assert_true(meets("DOUBLE", "1.0", "2.0", "7", "9"));
    assert_true(meets("BLOB", "a", "a", "\"b\"", "\"b\""));
}

static void test_delta_prune__null_is_a_key_like_any_other(void **state)
{
    sm_delta_part null = part_of("BIGINT", NULL, NULL);

    (void)state;
    null.has_null = true;
    assert_true(keeps(null, "{\"numRecords\":3,\"nullCount\":{\"k\":1}}"));
    assert_true(keeps(null, "{\"numRecords\":3}"));
    assert_false(keeps(null, "{\"numRecords\":3,\"nullCount\":{\"k\":0}}"));
    assert_false(keeps(part_of("BIGINT", "5", "7"), "{\"numRecords\":3,\"nullCount\":{\"k\":3}}"));
}

static void test_delta_prune__each_range_of_keys_counts_alone(void **state)
{
    sm_delta_part part = part_of("BIGINT", NULL, NULL);
    sm_delta_range ranges[] = { { SM_SV("1"), SM_SV("2") }, { SM_SV("100"), SM_SV("100") } };

    (void)state;
    part.ranges = ranges;
    part.n = 2;
    assert_false(keeps(part, "{\"minValues\":{\"k\":3},\"maxValues\":{\"k\":99}}"));
    assert_true(keeps(part, "{\"minValues\":{\"k\":3},\"maxValues\":{\"k\":100}}"));
}

static void test_delta_prune__fields_of_a_struct_are_looked_at(void **state)
{
    sm_delta_part part = part_of("BIGINT", "5", "7");
    sm_sv path[] = { SM_SV("w"), SM_SV("end") };

    (void)state;
    part.path = path;
    part.depth = 2;
    assert_false(keeps(part, "{\"minValues\":{\"w\":{\"end\":8}},\"nullCount\":{}}"));
    assert_true(keeps(part, "{\"minValues\":{\"w\":{\"end\":7}}}"));
    part.has_null = true; /* whether a NULL of the whole counts, nobody knows */
    assert_true(
        keeps(part, "{\"minValues\":{\"w\":{\"end\":8}},\"nullCount\":{\"w\":{\"end\":0}}}"));
}

/* Keys whose column of partitions is `value` against a file whose value is `in_log` (JSON). */
static bool same_partition(const char *type, const char *value, const char *in_log)
{
    sm_delta_part part = part_of(type, value, value);
    sm_delta_file f = { .stats = SM_SV("") };
    sm_json *values;
    sm_error err;

    part.partition = true;
    part.has_null = value == NULL;
    sm_assert_ok(sm_json_parse(sm_arena_printf(arena, "{\"k\":%s}", in_log), arena, &values, &err),
                 err);
    f.partition_values = values;
    return sm_delta_prune_keeps(sm_delta_prune_new(&part, 1, arena), &f);
}

static void test_delta_prune__values_of_partitions_compare_as_text(void **state)
{
    (void)state;
    assert_true(same_partition("VARCHAR", "a", "\"a\""));
    assert_false(same_partition("VARCHAR", "a", "\"b\""));
    assert_false(same_partition("VARCHAR", "a", "null"));
    assert_true(same_partition("VARCHAR", NULL, "\"\""));
    assert_false(same_partition("VARCHAR", NULL, "\"a\""));
    assert_false(same_partition("DATE", "2026-01-01", "\"2026-01-02\""));
    assert_false(same_partition("TIMESTAMP", "2026-01-01T00:00:00.000000Z",
                                "\"2026-01-02T00:00:00.000000Z\""));
    assert_true(same_partition("TIMESTAMP", "2026-01-01T00:00:00.000000Z",
                               "\"2025-12-31 16:00:00\"")); /* of whatever zone */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define PRUNE_TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
        PRUNE_TEST(test_delta_prune__a_file_is_out_when_its_bounds_meet_no_key),
        PRUNE_TEST(test_delta_prune__what_is_too_long_for_a_double_is_still_right),
        PRUNE_TEST(test_delta_prune__instants_compare_by_the_millisecond),
        PRUNE_TEST(test_delta_prune__what_is_not_known_stays_in),
        PRUNE_TEST(test_delta_prune__null_is_a_key_like_any_other),
        PRUNE_TEST(test_delta_prune__each_range_of_keys_counts_alone),
        PRUNE_TEST(test_delta_prune__fields_of_a_struct_are_looked_at),
        PRUNE_TEST(test_delta_prune__values_of_partitions_compare_as_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
