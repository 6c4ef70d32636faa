/* SPDX-License-Identifier: Apache-2.0 */
/* test_source_generate.c -- made-up rows, the same ones each time. */
#include "tests/support/test.h"

#include <string.h>

#include "runtime/base/clock.h"
#include "runtime/base/option.h"
#include "runtime/connect/connect.h"
#include "runtime/sources/generate_fields.h"
#include "runtime/sources/source_generate.h"

static sm_generate_fields *fields_of(sm_arena *a, const char *json, int64_t seed)
{
    sm_generate_fields *f;
    sm_json *j;
    sm_error err = { 0 };
    sm_assert_ok(sm_json_parse(sm_sv_cstr(json), a, &j, &err), err);
    sm_assert_ok(sm_generate_parse(j, seed, a, &f, &err), err);
    return f;
}

static void test_generate__a_row_does_not_depend_on_where_it_is_begun(void **state)
{
    sm_arena *a = sm_arena_new("test");
    sm_generate_fields *f = fields_of(a, "{\"x\":\"int\"}", 7);
    int64_t all[100], part[100];
    (void)state;
    sm_generate_fill(f, 0, 0, 100, all, a);
    for (int64_t from = 0; from < 100; from += 9) {
        sm_generate_fill(f, 0, from, 1, part, a);
        assert_int_equal(part[0], all[from]);
    }
    sm_arena_free(a);
}

static void test_generate__rows_are_the_same_in_every_version(void **state)
{
    sm_arena *a = sm_arena_new("test");
    sm_generate_fields *f =
        fields_of(a, "{\"i\":{\"type\":\"int\",\"min\":1,\"max\":100},\"u\":\"uuid\"}", 42);
    int64_t ints[3];
    sm_reader_string uuids[1];
    (void)state;
    sm_generate_fill(f, 0, 0, 3, ints, a);
    sm_generate_fill(f, 1, 0, 1, uuids, a);
    assert_int_equal(ints[0], 12);
    assert_int_equal(ints[1], 64);
    assert_int_equal(ints[2], 5);
    assert_int_equal(uuids[0].len, 36);
    assert_memory_equal(uuids[0].u.ptr, "de73deac-3839-4758-b14b-67299a612a11", 36);
    sm_arena_free(a);
}

static void test_generate__another_seed_gives_other_rows(void **state)
{
    sm_arena *a = sm_arena_new("test");
    int64_t x[20], y[20];
    (void)state;
    sm_generate_fill(fields_of(a, "{\"x\":\"int\"}", 1), 0, 0, 20, x, a);
    sm_generate_fill(fields_of(a, "{\"x\":\"int\"}", 2), 0, 0, 20, y, a);
    assert_memory_not_equal(x, y, sizeof x);
    sm_arena_free(a);
}

static void test_generate__another_field_changes_no_field(void **state)
{
    sm_arena *a = sm_arena_new("test");
    int64_t x[20], y[20];
    (void)state;
    sm_generate_fill(fields_of(a, "{\"x\":\"int\"}", 1), 0, 0, 20, x, a);
    sm_generate_fill(fields_of(a, "{\"w\":\"uuid\",\"x\":\"int\"}", 1), 1, 0, 20, y, a);
    assert_memory_equal(x, y, sizeof x);
    sm_arena_free(a);
}

static void test_generate__values_stay_in_their_range(void **state)
{
    sm_arena *a = sm_arena_new("test");
    sm_generate_fields *f = fields_of(a,
                                      "{\"i\":{\"type\":\"int\",\"min\":-2,\"max\":2},"
                                      "\"d\":{\"type\":\"double\",\"min\":5,\"max\":6},"
                                      "\"c\":{\"type\":\"choice\",\"values\":[true,false]},"
                                      "\"s\":{\"type\":\"string\",\"length\":3}}",
                                      0);
    static int64_t ints[2000];
    static double doubles[2000];
    static uint8_t choices[2000];
    static sm_reader_string strings[2000];
    int seen[5] = { 0 }, yes = 0;
    (void)state;
    sm_generate_fill(f, 0, 0, 2000, ints, a);
    sm_generate_fill(f, 1, 0, 2000, doubles, a);
    sm_generate_fill(f, 2, 0, 2000, choices, a);
    sm_generate_fill(f, 3, 0, 2000, strings, a);
    for (size_t i = 0; i < 2000; i++) {
        assert_in_range(ints[i] + 2, 0, 4);
        seen[ints[i] + 2]++;
        assert_true(doubles[i] >= 5 && doubles[i] < 6);
        yes += choices[i];
        assert_int_equal(strings[i].len, 3);
    }
    for (size_t i = 0; i < 5; i++)
        assert_in_range(seen[i], 300, 500);
    assert_in_range(yes, 900, 1100);
    sm_arena_free(a);
}

static void test_generate__sequences_and_times_step(void **state)
{
    sm_arena *a = sm_arena_new("test");
    sm_generate_fields *f = fields_of(
        a,
        "{\"n\":{\"type\":\"sequence\",\"start\":10,\"step\":5},"
        "\"t\":{\"type\":\"timestamp\",\"start\":\"1970-01-01T00:00:01Z\",\"step\":\"2s\"}}",
        0);
    int64_t v[2];
    (void)state;
    sm_generate_fill(f, 0, 3, 2, v, a);
    assert_int_equal(v[0], 25);
    assert_int_equal(v[1], 30);
    sm_generate_fill(f, 1, 1, 2, v, a);
    assert_int_equal(v[0], 3000000);
    assert_int_equal(v[1], 5000000);
    sm_arena_free(a);
}

static void test_generate__names_what_is_wrong_with_a_field(void **state)
{
    static const struct {
        const char *json, *message;
    } bad[] = {
        { "{\"x\":\"nonsense\"}", "\"x\" needs a type" },
        { "{\"x\":7}", "\"x\" needs a type" },
        { "{\"x\":{\"type\":\"int\",\"mn\":1}}", "\"x\" has no option \"mn\"" },
        { "{\"x\":{\"type\":\"int\",\"min\":2,\"max\":1}}", "a max below its min" },
        { "{\"x\":{\"type\":\"int\",\"max\":\"ten\"}}", "`max` takes a whole number" },
        { "{\"x\":{\"type\":\"sequence\",\"step\":1.5}}", "`step` takes a whole number" },
        { "{\"x\":{\"type\":\"timestamp\",\"step\":10}}", "`step` takes a text" },
        { "{\"x\":{\"type\":\"choice\"}}", "needs `values`" },
        { "{\"x\":{\"type\":\"timestamp\",\"start\":\"soon\"}}", "needs a `start`" },
        { "{\"x\":{\"type\":\"string\",\"length\":-1}}", "needs a `length`" },
    };
    sm_arena *a = sm_arena_new("test");
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        sm_generate_fields *f;
        sm_json *j;
        sm_error err = { 0 };
        sm_assert_ok(sm_json_parse(sm_sv_cstr(bad[i].json), a, &j, &err), err);
        sm_assert_code(sm_generate_parse(j, 0, a, &f, &err), SM_E_INVALID);
        sm_test_contains(err.msg, bad[i].message);
    }
    sm_arena_free(a);
}

static void open_source(sm_source *s, sm_arena *a, const char *options)
{
    sm_json *values;
    sm_error err = { 0 };
    *s = (sm_source){ .ops = &sm_source_generate, .name = SM_SV("made_up"), .arena = a };
    s->config = sm_arena_alloc(a, s->ops->config_size, 16, 1);
    sm_assert_ok(sm_json_parse(sm_sv_cstr(options), a, &values, &err), err);
    sm_assert_ok(sm_options_fill(s->ops->options, values, s->config, a, &err), err);
    sm_assert_ok(sm_source_open(s, &err), err);
}

static void test_generate__all_rows_are_there_at_once_without_a_rate(void **state)
{
    sm_arena *a = sm_arena_new("test");
    const sm_json *newest, *end, *again;
    sm_source s;
    sm_error err = { 0 };
    (void)state;
    open_source(&s, a, "{\"rows\":1500000}");
    sm_assert_ok(sm_source_newest(&s, a, &newest, &err), err);
    sm_assert_ok(sm_source_latest(&s, NULL, newest, a, &end, &err), err);
    assert_int_equal(sm_json_get_int(end, "rows", -1), 1000000);
    sm_assert_ok(sm_source_latest(&s, end, newest, a, &end, &err), err);
    assert_int_equal(sm_json_get_int(end, "rows", -1), 1500000);
    sm_assert_ok(sm_source_latest(&s, end, newest, a, &again, &err), err);
    assert_true(sm_json_equal(again, end));
    sm_source_close(&s);
    sm_arena_free(a);
}

static void test_generate__a_rate_counts_from_a_pinned_moment(void **state)
{
    sm_arena *a = sm_arena_new("test");
    const sm_json *newest, *end;
    sm_source s;
    sm_error err = { 0 };
    (void)state;
    open_source(&s, a, "{\"rows_per_second\":10, \"rows\":100}");
    sm_clock_set_ms(INT64_C(1767225600000));
    sm_assert_ok(sm_source_newest(&s, a, &newest, &err), err);
    sm_assert_ok(sm_source_latest(&s, NULL, newest, a, &end, &err), err);
    assert_int_equal(sm_json_get_int(end, "rows", -1), 10);
    sm_clock_set_ms(INT64_C(1767225602500));
    sm_assert_ok(sm_source_newest(&s, a, &newest, &err), err);
    sm_assert_ok(sm_source_latest(&s, end, newest, a, &end, &err), err);
    assert_int_equal(sm_json_get_int(end, "rows", -1), 35);
    sm_clock_set_ms(INT64_C(1767229200000));
    sm_assert_ok(sm_source_newest(&s, a, &newest, &err), err);
    sm_assert_ok(sm_source_latest(&s, end, newest, a, &end, &err), err);
    assert_int_equal(sm_json_get_int(end, "rows", -1), 100);
    sm_clock_set_ms(-1);
    sm_source_close(&s);
    sm_arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_generate__a_row_does_not_depend_on_where_it_is_begun),
        SM_TEST(test_generate__rows_are_the_same_in_every_version),
        SM_TEST(test_generate__another_seed_gives_other_rows),
        SM_TEST(test_generate__another_field_changes_no_field),
        SM_TEST(test_generate__values_stay_in_their_range),
        SM_TEST(test_generate__sequences_and_times_step),
        SM_TEST(test_generate__names_what_is_wrong_with_a_field),
        SM_TEST(test_generate__all_rows_are_there_at_once_without_a_rate),
        SM_TEST(test_generate__a_rate_counts_from_a_pinned_moment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
