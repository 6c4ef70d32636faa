/* SPDX-License-Identifier: Apache-2.0 */
/* test_source_kafka.c -- offsets of topics: where a batch begins and ends, by what is there. */
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/sources/source_kafka_int.h"

typedef struct fixture {
    sm_arena *a;
    sm_kafka_config config;
    sm_error err;
} fixture;

static int setup(void **state)
{
    fixture *f = sm_xcalloc(1, sizeof *f);

    f->a = sm_arena_new("test");
    f->config = (sm_kafka_config){ .starting_offsets = sm_json_string(f->a, SM_SV("earliest")),
                                   .max_offsets = 1000,
                                   .fail_on_data_loss = true };
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;

    sm_arena_free(f->a);
    free(f);
    return 0;
}

static sm_kafka_partition part(int32_t partition, int64_t low, int64_t end)
{
    return (sm_kafka_partition){ SM_SV("t"), partition, low, end };
}

static const sm_json *newest(fixture *f, const sm_kafka_partition *parts, size_t n)
{
    return sm_kafka__newest(&f->config, parts, n, f->a);
}

static const sm_json *latest(fixture *f, const sm_json *start, const sm_kafka_partition *parts,
                             size_t n)
{
    const sm_json *out = NULL;

    sm_assert_ok(sm_kafka__latest(&f->config, start, newest(f, parts, n), f->a, &out, &f->err),
                 f->err);
    return out;
}

static void assert_text(fixture *f, const sm_json *j, const char *text)
{
    assert_string_equal(sm_json_text(j, f->a).ptr, text);
}

static void test_source_kafka__the_first_batch_begins_where_the_options_say(void **state)
{
    fixture *f = *state;
    const sm_kafka_partition parts[] = { part(0, 5, 9), part(1, 0, 0) };

    assert_text(f, latest(f, NULL, parts, 2),
                "{\"topics\":{\"t\":{\"0\":9,\"1\":0}},\"begin\":{\"t\":{\"0\":5,\"1\":0}}}");
    f->config.starting_offsets = sm_json_string(f->a, SM_SV("latest"));
    assert_text(f, latest(f, NULL, parts, 2),
                "{\"topics\":{\"t\":{\"0\":9,\"1\":0}},\"begin\":{\"t\":{\"0\":9,\"1\":0}}}");
}

static void test_source_kafka__nothing_to_begin_with_is_none(void **state)
{
    fixture *f = *state;
    const sm_kafka_partition empty[] = { part(0, 7, 7) };

    assert_null(newest(f, empty, 1));
    assert_null(newest(f, empty, 0));
    f->config.starting_offsets =
        sm_json_string(f->a, SM_SV("latest")); /* its place is to be kept */
    assert_non_null(newest(f, empty, 1));
}

static void test_source_kafka__nothing_new_is_the_start_itself(void **state)
{
    fixture *f = *state;
    const sm_kafka_partition parts[] = { part(0, 0, 9) };
    const sm_json *start = latest(f, NULL, parts, 1);

    assert_ptr_equal(latest(f, start, parts, 1), start);
}

static void test_source_kafka__a_limit_is_shared_and_starves_nobody(void **state)
{
    fixture *f = *state;
    const sm_kafka_partition parts[] = { part(0, 0, 900), part(1, 0, 99), part(2, 0, 1) };

    f->config.max_offsets = 100;
    assert_text(f, sm_json_get(latest(f, NULL, parts, 3), "topics"),
                "{\"t\":{\"0\":90,\"1\":9,\"2\":1}}");
}

static void test_source_kafka__a_new_partition_begins_when_it_has_something(void **state)
{
    fixture *f = *state;
    const sm_kafka_partition before[] = { part(0, 0, 9) };
    const sm_kafka_partition empty[] = { part(0, 0, 9), part(1, 0, 0) };
    const sm_kafka_partition filled[] = { part(0, 0, 9), part(1, 2, 4) };
    const sm_json *start = latest(f, NULL, before, 1), *end;

    assert_ptr_equal(latest(f, start, empty, 2), start);
    end = latest(f, start, filled, 2);
    assert_text(f, sm_json_get(end, "begin"), "{\"t\":{\"1\":2}}");
    assert_int_equal(sm_json_len(sm_json_get(end, "notices")), 1);
}

static void test_source_kafka__the_lag_is_what_each_partition_has_behind_the_batch(void **state)
{
    fixture *f = *state;
    const sm_kafka_partition before[] = { part(0, 0, 9), part(1, 0, 4) };
    const sm_kafka_partition now[] = { part(0, 0, 12), part(1, 6, 10), part(2, 100, 107) };
    const sm_json *end = latest(f, NULL, before, 2);

    assert_int_equal(sm_kafka__unread(end, newest(f, before, 2)), 0);
    /* 3, 4 that retention left, and all of a new partition */
    assert_int_equal(sm_kafka__unread(end, newest(f, now, 3)), 3 + 4 + 7);
    f->config.max_offsets = 5;
    end = latest(f, NULL, before, 2);
    assert_int_equal(sm_kafka__unread(end, newest(f, before, 2)), 13 - 4);
}

static void test_source_kafka__what_retention_took_fails_or_is_passed_over_and_told(void **state)
{
    fixture *f = *state;
    const sm_kafka_partition before[] = { part(0, 0, 9) }, after[] = { part(0, 12, 20) };
    const sm_json *start = latest(f, NULL, before, 1), *out = NULL;

    sm_assert_code(sm_kafka__latest(&f->config, start, newest(f, after, 1), f->a, &out, &f->err),
                   SM_E_CORRUPT);
    assert_non_null(strstr(f->err.msg, "topic \"t\", partition 0: offsets 9 to 11"));
    f->config.fail_on_data_loss = false;
    out = latest(f, start, after, 1);
    assert_text(f, sm_json_get(out, "begin"), "{\"t\":{\"0\":12}}");
    assert_int_equal(sm_json_get_int(sm_json_at(sm_json_get(out, "notices"), 0), "lost", -1), 3);
}

static void test_source_kafka__a_topic_that_was_made_anew_is_no_topic_that_goes_on(void **state)
{
    fixture *f = *state;
    const sm_kafka_partition before[] = { part(0, 0, 9) }, after[] = { part(0, 0, 3) };
    const sm_json *start = latest(f, NULL, before, 1), *out = NULL;

    sm_assert_code(sm_kafka__latest(&f->config, start, newest(f, after, 1), f->a, &out, &f->err),
                   SM_E_CORRUPT);
    assert_non_null(strstr(f->err.msg, "the topic was made anew"));
    sm_assert_code(sm_kafka__latest(&f->config, start, newest(f, after, 0), f->a, &out, &f->err),
                   SM_OK); /* nothing is known: nothing is new */
    assert_ptr_equal(out, start);
}

static void
test_source_kafka__an_anchor_stays_while_it_is_there_and_tells_another_topic(void **state)
{
    fixture *f = *state;
    const sm_kafka_partition before[] = { part(0, 0, 9) }, after[] = { part(0, 0, 30) };
    const sm_kafka_partition shorter[] = { part(0, 5, 30) };
    sm_json *start = sm_json_copy(f->a, latest(f, NULL, before, 1)), *until;
    const sm_json *out = NULL;

    sm_kafka__anchor(start, SM_SV("t"), SM_SV("0"), 4, 1700, f->a);
    out = latest(f, start, after, 1);
    assert_text(f, sm_json_get(out, "anchor"), "{\"t\":{\"0\":4}}");
    assert_text(f, sm_json_get(out, "time"), "{\"t\":{\"0\":1700}}");
    assert_null(sm_json_get(latest(f, start, shorter, 1), "anchor"));
    until = sm_json_copy(f->a, newest(f, after, 1));
    sm_json_set(until, "anew", sm_json_get(start, "anchor"));
    sm_assert_code(sm_kafka__latest(&f->config, start, until, f->a, &out, &f->err), SM_E_CORRUPT);
    assert_non_null(strstr(f->err.msg, "the topic was made anew"));
}

static void test_source_kafka__ranges_are_those_between_two_offsets(void **state)
{
    fixture *f = *state;
    const sm_kafka_partition before[] = { part(0, 0, 9), part(1, 3, 3) };
    const sm_kafka_partition after[] = { part(0, 0, 12), part(1, 3, 3), part(2, 1, 2) };
    const sm_json *start = latest(f, NULL, before, 2), *end = latest(f, start, after, 3);
    size_t n;
    const sm_kafka_range *r = sm_kafka__ranges(start, end, f->a, &n);

    assert_int_equal(n, 2);
    assert_int_equal(r[0].begin, 9);
    assert_int_equal(r[0].end, 12);
    assert_int_equal(r[1].partition, 2);
    assert_int_equal(r[1].begin, 1);
    sm_kafka__ranges(end, sm_json_copy(f->a, end), f->a, &n); /* a batch without rows */
    assert_int_equal(n, 0);
}

static void test_source_kafka__offsets_and_partitions_are_numbers(void **state)
{
    fixture *f = *state;
    static const char *const good[] = { "\"earliest\"", "\"latest\"",
                                        "{\"t\":{\"0\":5,\"1\":-2}}" };
    static const char *const bad[] = { "\"soon\"", "{\"t\":5}", "{\"t\":{\"x\":1}}",
                                       "{\"t\":{\"0\":-3}}", "{\"t\":{\"0\":\"1\"}}" };
    sm_json *j;

    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        sm_assert_ok(sm_json_parse(sm_sv_cstr(good[i]), f->a, &j, &f->err), f->err);
        sm_assert_ok(sm_kafka__check_starting(j, &f->err), f->err);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        sm_assert_ok(sm_json_parse(sm_sv_cstr(bad[i]), f->a, &j, &f->err), f->err);
        sm_assert_code(sm_kafka__check_starting(j, &f->err), SM_E_INVALID);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            test_source_kafka__the_first_batch_begins_where_the_options_say, setup, teardown),
        cmocka_unit_test_setup_teardown(test_source_kafka__nothing_to_begin_with_is_none, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_source_kafka__nothing_new_is_the_start_itself, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_source_kafka__a_limit_is_shared_and_starves_nobody,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(
            test_source_kafka__a_new_partition_begins_when_it_has_something, setup, teardown),
        cmocka_unit_test_setup_teardown(
            test_source_kafka__the_lag_is_what_each_partition_has_behind_the_batch, setup,
            teardown),
        cmocka_unit_test_setup_teardown(
            test_source_kafka__what_retention_took_fails_or_is_passed_over_and_told, setup,
            teardown),
        cmocka_unit_test_setup_teardown(
            test_source_kafka__a_topic_that_was_made_anew_is_no_topic_that_goes_on, setup,
            teardown),
        cmocka_unit_test_setup_teardown(
            test_source_kafka__an_anchor_stays_while_it_is_there_and_tells_another_topic, setup,
            teardown),
        cmocka_unit_test_setup_teardown(test_source_kafka__ranges_are_those_between_two_offsets,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(test_source_kafka__offsets_and_partitions_are_numbers,
                                        setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
