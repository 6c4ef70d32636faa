/* SPDX-License-Identifier: Apache-2.0 */
/* test_json_text.c -- JSON values as text. */
#include "tests/support/test.h"

#include "runtime/base/json.h"

static sm_json *example(sm_arena *a)
{
    sm_sv text = SM_SV("{\"b\":[1,{}],\"a\":{\"y\":true,\"x\":null},\"c\":[]}");
    sm_json *j = NULL;
    sm_error err;

    sm_assert_ok(sm_json_parse(text, a, &j, &err), err);
    return j;
}

static void test_json_text__has_three_styles(void **state)
{
    sm_arena *a = sm_arena_new("test");
    const sm_json *j = example(a);

    (void)state;
    assert_string_equal(sm_json_dump(j, SM_JSON_COMPACT, a).ptr,
                        "{\"b\":[1,{}],\"a\":{\"y\":true,\"x\":null},\"c\":[]}");
    assert_string_equal(sm_json_dump(j, SM_JSON_SORTED, a).ptr,
                        "{\"a\":{\"x\":null,\"y\":true},\"b\":[1,{}],\"c\":[]}");
    assert_string_equal(sm_json_dump(j, SM_JSON_PRETTY, a).ptr, "{\n"
                                                                "  \"b\": [\n"
                                                                "    1,\n"
                                                                "    {}\n"
                                                                "  ],\n"
                                                                "  \"a\": {\n"
                                                                "    \"y\": true,\n"
                                                                "    \"x\": null\n"
                                                                "  },\n"
                                                                "  \"c\": []\n"
                                                                "}");
    assert_string_equal(sm_json_text(NULL, a).ptr, "null");
    sm_arena_free(a);
}

static void test_json_text__a_real_number_is_short_and_reads_back(void **state)
{
    static const struct {
        double v;
        const char *text;
    } rows[] = {
        { 0.1, "0.1" },
        { 2, "2.0" },
        { -0.0, "-0.0" },
        { 1e20, "1e+20" },
        { 1.0 / 3, "0.3333333333333333" },
        { 5e-324, "4.94065645841247e-324" },
        { 1.7976931348623157e308, "1.7976931348623157e+308" },
        { 99.98, "99.98" },
        { 123456789012345680.0, "1.2345678901234568e+17" },
    };
    sm_arena *a = sm_arena_new("test");
    sm_error err;
    sm_json *back;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        sm_sv text = sm_json_text(sm_json_real(a, rows[i].v), a);

        assert_string_equal(text.ptr, rows[i].text);
        sm_assert_ok(sm_json_parse(text, a, &back, &err), err);
        assert_true(sm_json_is_real(back));
        assert_true(sm_json_real_value(back) == rows[i].v);
    }
    assert_string_equal(sm_json_text(sm_json_int(a, INT64_MIN), a).ptr, "-9223372036854775808");
    sm_arena_free(a);
}

static void test_json_text__strings_are_escaped(void **state)
{
    sm_buf b;

    (void)state;
    sm_buf_init(&b, 1000);
    sm_buf_add_json_string(&b, SM_SV("\"\\/\n\t\r\x01\xC3\xA4\xFF"));
    assert_string_equal(b.ptr, "\"\\\"\\\\/\\n\\t\\r\\u0001\xC3\xA4\xEF\xBF\xBD\"");
    sm_buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_json_text__has_three_styles),
        SM_TEST(test_json_text__a_real_number_is_short_and_reads_back),
        SM_TEST(test_json_text__strings_are_escaped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
