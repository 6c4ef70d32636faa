/* SPDX-License-Identifier: Apache-2.0 */
/* test_notify_book.c -- what people are told, by a clock that the test moves. */
#include "runtime/base/arena.h"
#include "runtime/notify/notify_book.h"
#include "tests/support/test.h"

enum { HOUR = 3600 * 1000 };

static sm_arena *a;
static int64_t now, id;
static sm_notify_target target;
static sm_notify_book book;
static sm_notify_run run;

static int begin(void **state)
{
    (void)state;
    a = sm_arena_new("test");
    now = 1000000000;
    id = 0;
    target = (sm_notify_target){
        .id = SM_SV("t"), .url = SM_SV("http://h/"), .on = ~0U, .repeat_ms = 4 * HOUR
    };
    book = (sm_notify_book){ .a = a, .targets = &target, .n_targets = 1 };
    run = (sm_notify_run){ .start = 0 };
    return 0;
}

static int end(void **state)
{
    (void)state;
    sm_arena_free(a);
    return 0;
}

static void happens(const char *type, const char *dataset, const char *details)
{
    sm_event_rec e = { .id = ++id,
                       .time_ms = now,
                       .type = sm_sv_cstr(type),
                       .dataset = sm_sv_cstr(dataset),
                       .message = SM_SV("why"),
                       .details = sm_sv_cstr(details) };

    sm_notify_book_take(&book, &run, &e, now);
}

static void run_fails(const char *dataset)
{
    happens("run_started", "", "{\"number\":1,\"cause\":\"manual\"}");
    happens("flow_failed", dataset, "{\"error\":\"why\",\"code\":\"io\"}");
    happens("run_finished", "", "{\"number\":1,\"state\":\"failed\"}");
}

static void run_succeeds(const char *selection)
{
    happens("run_started", "", selection);
    happens("run_finished", "", "{\"number\":2,\"state\":\"completed\"}");
}

/* The texts of all messages that are due, each taken, with | between them. */
static const char *told(void)
{
    sm_sv all = SM_SV("");
    sm_notify_message m;
    sm_error err;
    sm_json *doc;

    sm_notify_book_tick(&book, now);
    while (sm_notify_book_next(&book, now, &m)) {
        sm_assert_ok(
            sm_json_parse(sm_notify_message_text(&book, &m, SM_SV("shop"), now), a, &doc, &err),
            err);
        all = sm_arena_printf(a, "%.*s%s%.*s", SM_SV_ARG(all), all.len > 0 ? "|" : "",
                              SM_SV_ARG(sm_json_get_sv(doc, "text", SM_SV(""))));
        sm_notify_book_told(&book, &m, now);
    }
    return all.ptr;
}

static void test_failure__is_told_once_again_after_a_while_and_when_it_is_over(void **state)
{
    (void)state;
    run_fails("sold");
    assert_string_equal(told(), "shop: sold failed (why)");
    run_fails("sold");
    assert_string_equal(told(), "");
    now += 4 * HOUR;
    assert_string_equal(told(), "Still: shop: sold failed (why)");
    run_succeeds("{}");
    assert_string_equal(told(), "Resolved: shop: sold failed");
    now += 40 * HOUR;
    assert_string_equal(told(), "");
    assert_int_equal(book.n, 0);
}

static void test_failure__of_several_tables_is_one_message_of_the_pipeline(void **state)
{
    (void)state;
    happens("run_started", "", "{}");
    happens("flow_failed", "a", "{\"error\":\"why\",\"code\":\"io\"}");
    happens("flow_failed", "b", "{\"error\":\"why\",\"code\":\"io\"}");
    assert_string_equal(told(), ""); /* the run goes on */
    happens("run_finished", "", "{\"state\":\"failed\"}");
    assert_string_equal(told(), "shop: a, b failed (why)");
    happens("flow_progress", "a", "{\"status\":\"running\",\"counters\":{\"read\":1}}");
    now += SM_NOTIFY_SETTLE_MS;
    assert_string_equal(told(), ""); /* b is not well yet */
    happens("flow_progress", "b", "{\"status\":\"running\",\"counters\":{\"read\":1}}");
    now += SM_NOTIFY_SETTLE_MS;
    assert_string_equal(told(), "Resolved: shop: a, b failed");
}

static void test_failure__by_table_is_a_message_each(void **state)
{
    (void)state;
    target.by_table = true;
    happens("flow_failed", "a", "{\"error\":\"why\",\"code\":\"rule\"}");
    happens("flow_failed", "b", "{\"error\":\"why\",\"code\":\"io\"}");
    now += SM_NOTIFY_SETTLE_MS; /* a run without an end in sight */
    assert_string_equal(told(), "shop: a failed (why)|shop: a breaks an expectation (why)|"
                                "shop: b failed (why)");
}

static void test_failure__that_is_over_before_anybody_was_told_is_none(void **state)
{
    (void)state;
    happens("flow_failed", "a", "{\"error\":\"why\",\"code\":\"io\"}");
    happens("flow_progress", "a", "{\"status\":\"running\",\"counters\":{\"read\":1}}");
    now += HOUR;
    assert_string_equal(told(), "");
}

static void test_failure__of_the_run_alone_is_told(void **state)
{
    (void)state;
    happens("run_started", "", "{}");
    happens("run_finished", "", "{\"state\":\"failed\",\"error\":\"no disk\"}");
    assert_string_equal(told(), "shop: the run failed (no disk)");
}

static void test_recovery__needs_a_run_of_all_tables_or_a_batch_of_the_table(void **state)
{
    (void)state;
    run_fails("sold");
    told();
    run_succeeds("{\"selection\":\"other\"}");
    assert_string_equal(told(), "");
    happens("flow_progress", "other", "{\"status\":\"running\",\"counters\":{\"read\":1}}");
    run_succeeds("{\"selection\":\"other\"}");
    assert_string_equal(told(), "");
    run_succeeds("{}");
    assert_string_equal(told(), "Resolved: shop: sold failed");
}

static void test_recovery__is_told_only_to_those_who_asked(void **state)
{
    (void)state;
    target.on = SM_NOTIFY_FAILED;
    run_fails("sold");
    assert_string_equal(told(), "shop: sold failed (why)");
    run_succeeds("{}");
    assert_string_equal(told(), "");
    assert_int_equal(book.n, 0);
}

static void test_expectation__that_is_over_its_threshold_is_told_and_resolved(void **state)
{
    (void)state;
    happens("run_started", "", "{}");
    happens("threshold_crossed", "sold", "{\"name\":\"priced\"}");
    happens("run_finished", "", "{\"state\":\"completed\"}");
    assert_string_equal(told(), "shop: sold breaks an expectation (why)");
    run_succeeds("{}");
    assert_string_equal(told(), "Resolved: shop: sold breaks an expectation");
}

static void test_quarantine__grows_until_a_batch_sets_nothing_aside(void **state)
{
    (void)state;
    happens("flow_progress", "sold", "{\"counters\":{\"read\":2,\"quarantined\":1}}");
    now += SM_NOTIFY_SETTLE_MS;
    assert_string_equal(told(), "shop: sold sets rows aside (why)");
    happens("flow_progress", "sold", "{\"counters\":{\"read\":2,\"quarantined\":0}}");
    now += SM_NOTIFY_SETTLE_MS;
    assert_string_equal(told(), "Resolved: shop: sold sets rows aside");
}

static void test_stale__is_told_until_it_is_fresh(void **state)
{
    (void)state;
    happens("stale", "sold", "{\"state\":\"error\",\"lag_seconds\":90}");
    now += SM_NOTIFY_SETTLE_MS;
    assert_string_equal(told(), "shop: sold is not as fresh as it must be (why)");
    happens("fresh", "sold", "{\"state\":\"fresh\",\"lag_seconds\":1}");
    now += SM_NOTIFY_SETTLE_MS;
    assert_string_equal(told(), "Resolved: shop: sold is not as fresh as it must be");
}

static void test_schema__is_told_once(void **state)
{
    (void)state;
    happens("schema_changed", "orders", "{}");
    now += SM_NOTIFY_SETTLE_MS;
    assert_string_equal(told(), "shop: orders has other columns (why)");
    now += 40 * HOUR;
    assert_string_equal(told(), "");
}

static void test_message__that_was_not_taken_comes_again_with_its_id(void **state)
{
    sm_notify_message m;
    sm_sv first;

    (void)state;
    run_fails("sold");
    assert_true(sm_notify_book_next(&book, now, &m));
    first = sm_notify_message_id(&book, &m);
    sm_notify_book_failed(&book, &m, 0, now);
    assert_false(sm_notify_book_next(&book, now, &m));
    now += SM_NOTIFY_BACKOFF_MS;
    assert_true(sm_notify_book_next(&book, now, &m));
    assert_true(sm_sv_eq(first, sm_notify_message_id(&book, &m)));
    sm_notify_book_failed(&book, &m, 60000, now); /* it asks for a minute */
    now += 59999;
    assert_false(sm_notify_book_next(&book, now, &m));
    now += 1;
    assert_true(sm_notify_book_next(&book, now, &m));
    for (int i = 0; i < 40; i++)
        sm_notify_book_failed(&book, &m, 0, now);
    now += SM_NOTIFY_BACKOFF_MAX_MS;
    assert_true(sm_notify_book_next(&book, now, &m));
}

static void test_webhook__that_is_gone_is_forgotten(void **state)
{
    (void)state;
    run_fails("sold");
    book.n_targets = 0;
    sm_notify_book_tick(&book, now);
    assert_int_equal(book.n, 0);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, begin, end)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_failure__is_told_once_again_after_a_while_and_when_it_is_over),
        TEST(test_failure__of_several_tables_is_one_message_of_the_pipeline),
        TEST(test_failure__by_table_is_a_message_each),
        TEST(test_failure__that_is_over_before_anybody_was_told_is_none),
        TEST(test_failure__of_the_run_alone_is_told),
        TEST(test_recovery__needs_a_run_of_all_tables_or_a_batch_of_the_table),
        TEST(test_recovery__is_told_only_to_those_who_asked),
        TEST(test_expectation__that_is_over_its_threshold_is_told_and_resolved),
        TEST(test_quarantine__grows_until_a_batch_sets_nothing_aside),
        TEST(test_stale__is_told_until_it_is_fresh),
        TEST(test_schema__is_told_once),
        TEST(test_message__that_was_not_taken_comes_again_with_its_id),
        TEST(test_webhook__that_is_gone_is_forgotten),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
