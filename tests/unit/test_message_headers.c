/* SPDX-License-Identifier: Apache-2.0 */
/* test_message_headers.c -- headers from JSON, in both forms. */
#include "runtime/sinks/message_headers.h"
#include "tests/support/test.h"

static sm_kafka_header_pair *headers;
static size_t n;

static sm_code read_headers(const char *text, sm_arena *a, sm_error *err)
{
    return sm_message_headers_read(sm_sv_cstr(text), a, &headers, &n, err);
}

static void test_message_headers__of_an_object_are_its_fields_in_order(void **state)
{
    sm_arena *a = sm_arena_new("headers");
    sm_error err;

    (void)state;
    sm_assert_ok(read_headers("{\"b\": \"x\", \"a\": 12, \"c\": null, \"d\": [1]}", a, &err), err);
    assert_int_equal(n, 4);
    assert_true(sm_sv_eq_str(headers[0].name, "b") && sm_sv_eq_str(headers[0].value, "x"));
    assert_true(sm_sv_eq_str(headers[1].name, "a") && sm_sv_eq_str(headers[1].value, "12"));
    assert_true(sm_sv_eq_str(headers[2].name, "c") && headers[2].value.ptr == NULL);
    assert_true(sm_sv_eq_str(headers[3].value, "[1]"));
    sm_arena_free(a);
}

static void test_message_headers__of_a_list_are_bytes_and_may_repeat(void **state)
{
    sm_arena *a = sm_arena_new("headers");
    sm_error err;

    (void)state;
    sm_assert_ok(read_headers("[{\"key\": \"t\", \"value\": \"AP8=\"}, {\"key\": \"t\"}]", a, &err),
                 err);
    assert_int_equal(n, 2);
    assert_int_equal(headers[0].value.len, 2);
    assert_memory_equal(headers[0].value.ptr, "\0\xff", 2);
    assert_true(sm_sv_eq_str(headers[1].name, "t") && headers[1].value.ptr == NULL);
    sm_arena_free(a);
}

static void test_message_headers__of_nothing_are_none(void **state)
{
    static const char *const nothing[] = { "", "null", "{}", "[]" };
    sm_arena *a = sm_arena_new("headers");
    sm_error err;

    (void)state;
    for (size_t i = 0; i < sizeof nothing / sizeof nothing[0]; i++) {
        sm_assert_ok(read_headers(nothing[i], a, &err), err);
        assert_int_equal(n, 0);
    }
    sm_arena_free(a);
}

static void test_message_headers__other_json_is_refused(void **state)
{
    static const char *const others[] = { "x",
                                          "\"x\"",
                                          "12",
                                          "[1]",
                                          "[{\"value\": \"AA==\"}]",
                                          "[{\"key\": \"k\", \"value\": \"no base64\"}]",
                                          "[{\"key\": \"k\", \"value\": 1}]" };
    sm_arena *a = sm_arena_new("headers");
    sm_error err;

    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        sm_assert_code(read_headers(others[i], a, &err), SM_E_INVALID);
    sm_test_contains(err.msg, "headers are an object of names and texts");
    sm_arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_message_headers__of_an_object_are_its_fields_in_order),
        SM_TEST(test_message_headers__of_a_list_are_bytes_and_may_repeat),
        SM_TEST(test_message_headers__of_nothing_are_none),
        SM_TEST(test_message_headers__other_json_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
