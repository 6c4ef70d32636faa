/* SPDX-License-Identifier: Apache-2.0 */
/* test_json.c -- values of control-plane JSON: making, looking, parsing. */
#include "tests/support/test.h"

#include <math.h>
#include <string.h>

#include "runtime/base/json.h"

static sm_json *parse(const char *text, sm_arena *a)
{
    sm_json *j = NULL;
    sm_error err;

    sm_assert_ok(sm_json_parse(sm_sv_cstr(text), a, &j, &err), err);
    return j;
}

static void test_json__a_child_lives_as_long_as_its_container(void **state)
{
    sm_arena *a = sm_arena_new("test"), *child = sm_arena_new("child");
    sm_json *o = sm_json_object(a), *list = sm_json_array(child);

    (void)state;
    sm_json_append_string(list, SM_SV("x"));
    sm_json_append(list, sm_json_int(child, 7));
    sm_json_append(list, NULL);
    sm_json_set(o, "list", list);
    sm_arena_free(child);
    assert_string_equal(sm_json_text(o, a).ptr, "{\"list\":[\"x\",7,null]}");
    sm_arena_free(a);
}

static void test_json__getters_take_what_fits_and_else_the_fallback(void **state)
{
    sm_arena *a = sm_arena_new("test");
    const sm_json *o = parse("{\"s\":\"t\",\"i\":7,\"d\":2.5,\"b\":true,\"n\":null}", a);

    (void)state;
    assert_true(sm_sv_eq_str(sm_json_get_sv(o, "s", SM_SV("f")), "t"));
    assert_true(sm_sv_eq_str(sm_json_get_sv(o, "i", SM_SV("f")), "f"));
    assert_int_equal(sm_json_get_int(o, "i", -1), 7);
    assert_int_equal(sm_json_get_int(o, "d", -1), 2);
    assert_int_equal(sm_json_get_int(o, "s", -1), -1);
    assert_true(sm_json_get_real(o, "i", 0) == 7);
    assert_true(sm_json_get_bool(o, "b", false));
    assert_true(sm_json_get_bool(o, "missing", true));
    assert_true(sm_json_is_null(sm_json_get(o, "n")));
    assert_true(sm_json_is_null(sm_json_get(o, "missing")));
    assert_null(sm_json_get(NULL, "x"));
    assert_null(sm_json_at(o, 0));
    assert_int_equal(sm_json_len(NULL), 0);
    sm_arena_free(a);
}

static void test_json__an_object_keeps_the_order_of_its_keys(void **state)
{
    sm_arena *a = sm_arena_new("test");
    sm_json *o = sm_json_object(a);
    size_t n = 0;

    (void)state;
    sm_json_set_int(o, "z", 1);
    sm_json_set_bool(o, "a", false);
    sm_json_set_real(o, "m", 0.5);
    sm_json_set_string(o, "z", SM_SV("again"));
    for (sm_json_iter it = sm_json_first(o); sm_json_valid(&it); sm_json_next(&it))
        assert_int_equal(it.key.ptr[0], "zam"[n++]);
    assert_int_equal(n, 3);
    sm_json_remove(o, "a");
    assert_null(sm_json_get_by(o, SM_SV("a")));
    assert_int_equal(sm_json_len(o), 2);
    sm_arena_free(a);
}

static void test_json__what_is_no_text_is_replaced_and_can_be_read_again(void **state)
{
    sm_arena *a = sm_arena_new("test");
    sm_json *o = sm_json_object(a);
    const sm_json *back;

    (void)state;
    sm_json_set_sv(o, SM_SV("k\xFF\x00"), sm_json_string(a, SM_SV("a\x00\xC3\xA4\xED\xA0\x80")));
    sm_json_set_real(o, "nan", (double)NAN);
    back = parse(sm_json_text(o, a).ptr, a);
    assert_true(sm_json_equal(o, back));
    assert_string_equal(sm_json_text(back, a).ptr,
                        "{\"k\xEF\xBF\xBD\xEF\xBF\xBD\":"
                        "\"a\xEF\xBF\xBD\xC3\xA4\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""
                        ",\"nan\":null}");
    sm_arena_free(a);
}

static void test_json__a_copy_shares_nothing(void **state)
{
    sm_arena *a = sm_arena_new("test");
    sm_json *o = parse("{\"x\":[1]}", a), *copy = sm_json_copy(a, o);

    (void)state;
    assert_true(sm_json_equal(o, copy));
    sm_json_set_int(copy, "y", 2);
    sm_json_append(sm_json_get_mut(copy, "x"), sm_json_int(a, 2));
    assert_string_equal(sm_json_text(o, a).ptr, "{\"x\":[1]}");
    assert_true(sm_json_is_null(sm_json_copy(a, NULL)));
    sm_arena_free(a);
}

static void test_json__a_huge_number_is_cut_to_the_range(void **state)
{
    sm_arena *a = sm_arena_new("test");

    (void)state;
    assert_true(sm_json_int_value(sm_json_real(a, 1e300)) == INT64_MAX);
    assert_true(sm_json_int_value(sm_json_real(a, -1e300)) == INT64_MIN);
    assert_int_equal(sm_json_int_value(sm_json_real(a, -2.9)), -2);
    sm_arena_free(a);
}

static void test_json__parse_refuses_with_the_place(void **state)
{
    static const char *const bad[] = {
        "",
        "{",
        "[1,]",
        "{\"a\":1,\"a\":2}",
        "1 2",
        "nul",
        "\"\\u0000\"",
        "\"\xFF\"",
        "1e999",
        "99999999999999999999",
    };
    sm_arena *a = sm_arena_new("test");
    sm_json *j;
    sm_error err;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        sm_assert_code(sm_json_parse(sm_sv_cstr(bad[i]), a, &j, &err), SM_E_INVALID);
        assert_null(j);
        sm_test_contains(err.msg, "line ");
    }
    sm_arena_free(a);
}

static sm_code parse_nested(int depth, sm_error *err)
{
    sm_arena *a = sm_arena_new("test");
    sm_buf b;
    sm_json *j;
    sm_code rc;

    sm_buf_init(&b, 1 << 20);
    sm_buf_adds(&b, "[\"\\\"[[[[\",");
    for (int i = 1; i < depth; i++)
        sm_buf_adds(&b, i % 2 ? "{\"k\":" : "[");
    sm_buf_addc(&b, '1');
    for (int i = depth - 1; i > 0; i--)
        sm_buf_addc(&b, i % 2 ? '}' : ']');
    sm_buf_addc(&b, ']');
    rc = sm_json_parse(sm_buf_sv(&b), a, &j, err);
    if (rc == SM_OK) {
        assert_true(sm_json_equal(j, sm_json_copy(a, j)));
        assert_true(sm_sv_eq(sm_json_text(j, a), sm_buf_sv(&b)));
    }
    sm_buf_release(&b);
    sm_arena_free(a);
    return rc;
}

static void test_json__depth_is_limited(void **state)
{
    sm_error err;

    (void)state;
    sm_assert_ok(parse_nested(SM_JSON_MAX_DEPTH, &err), err);
    sm_assert_code(parse_nested(SM_JSON_MAX_DEPTH + 1, &err), SM_E_INVALID);
    sm_test_contains(err.msg, "nested deeper than 2040");
    sm_assert_code(parse_nested(200000, &err), SM_E_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_json__a_child_lives_as_long_as_its_container),
        SM_TEST(test_json__getters_take_what_fits_and_else_the_fallback),
        SM_TEST(test_json__an_object_keeps_the_order_of_its_keys),
        SM_TEST(test_json__what_is_no_text_is_replaced_and_can_be_read_again),
        SM_TEST(test_json__a_copy_shares_nothing),
        SM_TEST(test_json__a_huge_number_is_cut_to_the_range),
        SM_TEST(test_json__parse_refuses_with_the_place),
        SM_TEST(test_json__depth_is_limited),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
