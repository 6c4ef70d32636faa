/* SPDX-License-Identifier: Apache-2.0 */
/* test_store_events.c -- events as rows: order, numbers, filters, bounds. */
#include "tests/unit/store_fixture.h"

#include "runtime/base/json.h"
#include "runtime/store/store_fit.h"

#include <stdlib.h>
#include <string.h>

static void append(store_fixture *f, sm_event_rec e)
{
    sm_assert_ok(sm_store_events_append(f->s, &f->o, &e, 1, NULL, &f->err), f->err);
}

static size_t count(store_fixture *f, sm_event_filter filter, sm_event_rec **list)
{
    size_t n;

    sm_assert_ok(sm_store_events_list(f->s, &filter, f->a, list, &n, &f->err), f->err);
    return n;
}

static void test_append__numbers_events_within_their_run(void **state)
{
    store_fixture f;
    sm_event_rec e = { .type = SM_SV("flow_progress"), .batch = -1, .message = SM_SV("m") };
    sm_event_rec *list;
    int64_t first_run, last;

    (void)state;
    store_open(&f, "events");
    first_run = e.run = store_run(&f);
    append(&f, e);
    append(&f, e);
    e.run = store_run(&f);
    append(&f, e);
    e.run = 0;
    sm_assert_ok(sm_store_events_append(f.s, &f.o, &e, 1, &last, &f.err), f.err);
    assert_int_equal(last, 4);
    assert_int_equal(count(&f, (sm_event_filter){ 0 }, &list), 4);
    assert_int_equal(list[0].seq, 1);
    assert_int_equal(list[1].seq, 2);
    assert_int_equal(list[2].seq, 1);
    assert_int_equal(list[3].seq, 0);
    assert_true(list[0].time_ms > 0);
    assert_int_equal(list[0].batch, -1);
    assert_int_equal(count(&f, (sm_event_filter){ .run = first_run }, &list), 2);
    e.run = 99;
    sm_assert_code(sm_store_events_append(f.s, &f.o, &e, 1, NULL, &f.err), SM_E_INVALID);
    store_close(&f);
}

static void test_list__filters_and_pages(void **state)
{
    store_fixture f;
    sm_event_rec *list;

    (void)state;
    store_open(&f, "events");
    append(&f, (sm_event_rec){ .type = SM_SV("a"), .level = SM_EVENT_DEBUG, .batch = -1 });
    append(&f, (sm_event_rec){ .type = SM_SV("b"),
                               .level = SM_EVENT_WARN,
                               .batch = 3,
                               .dataset = SM_SV("bronze"),
                               .flow = SM_SV("bronze.eu") });
    append(&f, (sm_event_rec){ .type = SM_SV("b"),
                               .level = SM_EVENT_ERROR,
                               .batch = -1,
                               .dataset = SM_SV("silver") });
    assert_int_equal(count(&f, (sm_event_filter){ .type = SM_SV("b") }, &list), 2);
    assert_int_equal(count(&f, (sm_event_filter){ .dataset = SM_SV("bronze") }, &list), 1);
    assert_int_equal(list[0].batch, 3);
    assert_int_equal(count(&f, (sm_event_filter){ .flow = SM_SV("bronze.eu") }, &list), 1);
    assert_int_equal(count(&f, (sm_event_filter){ .least_level = SM_EVENT_WARN }, &list), 2);
    assert_int_equal(count(&f, (sm_event_filter){ .after_id = 2 }, &list), 1);
    assert_int_equal(list[0].id, 3);
    assert_int_equal(count(&f, (sm_event_filter){ .before_id = 2 }, &list), 1);
    assert_int_equal(count(&f, (sm_event_filter){ .newest = true, .limit = 2 }, &list), 2);
    assert_int_equal(list[0].id, 2);
    assert_int_equal(list[1].id, 3);
    assert_int_equal(count(&f, (sm_event_filter){ .pipeline = 77 }, &list), 0);
    store_close(&f);
}

static void test_text__is_cut_between_characters(void **state)
{
    store_fixture f;
    sm_event_rec e = { .type = SM_SV("a"), .batch = -1 };
    sm_event_rec *list;
    size_t len = 4 * SM_STORE_TEXT_MAX;
    char *text = malloc(len);

    (void)state;
    assert_non_null(text);
    store_open(&f, "events");
    for (size_t i = 0; i < len; i += 2)
        memcpy(text + i, "\xc3\xa4", 2);
    text[0] = 'x'; /* so that the limit falls into a character */
    text[1] = 'x';
    text[2] = 'x';
    memmove(text + 3, text + 4, len - 4);
    e.message = (sm_sv){ text, len - 1 };
    e.details = e.message;
    append(&f, e);
    assert_int_equal(count(&f, (sm_event_filter){ 0 }, &list), 1);
    assert_true(list[0].message.len <= SM_STORE_TEXT_MAX);
    assert_true(list[0].message.len > SM_STORE_TEXT_MAX - 8);
    assert_memory_equal(list[0].message.ptr + list[0].message.len - 5, "\xc3\xa4\xe2\x80\xa6", 5);
    assert_sv(list[0].details, "{\"truncated\":true}");
    free(text);
    store_close(&f);
}

static void test_details__lose_samples_before_counts(void **state)
{
    store_fixture f;
    sm_event_rec e = { .type = SM_SV("expectation_result"), .batch = -1 };
    sm_event_rec *list;
    sm_json *o, *samples, *back = NULL;
    char row[1001];

    (void)state;
    store_open(&f, "events");
    memset(row, 'r', 1000);
    row[1000] = '\0';
    o = sm_json_object(f.a);
    samples = sm_json_array(f.a);
    for (int i = 0; i < 40; i++)
        sm_json_append_string(samples, sm_sv_cstr(row));
    sm_json_set_int(o, "failed", 7);
    sm_json_set(o, "samples", samples);
    e.details = sm_json_text(o, f.a);
    append(&f, e);
    assert_int_equal(count(&f, (sm_event_filter){ 0 }, &list), 1);
    assert_true(list[0].details.len <= SM_STORE_TEXT_MAX);
    sm_assert_ok(sm_json_parse(list[0].details, f.a, &back, &f.err), f.err);
    assert_int_equal(sm_json_get_int(back, "failed", 0), 7);
    assert_int_equal(sm_json_len(sm_json_get(back, "samples")), 10);
    assert_true(sm_json_get_bool(back, "truncated", false));
    store_close(&f);
}

static void test_details__shrink_the_greatest_member_first(void **state)
{
    sm_arena *a = sm_arena_new("test");
    sm_sv deep = SM_SV("{\"x\":{\"a\":\"0123456789012345678901234567890123456789\"},"
                       "\"list\":[{\"b\":\"0123456789012345678901234567890123456789\"}],\"n\":1}");

    (void)state;
    assert_sv(sm_store__fit_details(deep, 64, a), "{\"list\":[],\"n\":1,\"truncated\":true}");
    assert_sv(sm_store__fit_details(deep, 1000, a), deep.ptr);
    sm_arena_free(a);
}

static void test_level__is_parsed_by_name(void **state)
{
    sm_event_level level;
    sm_error err;

    (void)state;
    sm_assert_ok(sm_event_level_parse(SM_SV("warning"), &level, &err), err);
    assert_int_equal(level, SM_EVENT_WARN);
    assert_string_equal(sm_event_level_name(level), "warn");
    sm_assert_code(sm_event_level_parse(SM_SV("fatal"), &level, &err), SM_E_INVALID);
    sm_test_contains(err.msg, "\"fatal\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_append__numbers_events_within_their_run),
        SM_TEST(test_list__filters_and_pages),
        SM_TEST(test_text__is_cut_between_characters),
        SM_TEST(test_details__lose_samples_before_counts),
        SM_TEST(test_details__shrink_the_greatest_member_first),
        SM_TEST(test_level__is_parsed_by_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
