/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "pipelines/spec/yaml_int.h"
#include "tests/support/test.h"

static sm_yaml_node resolved(const char *text)
{
    sm_yaml_node n = { .text = sm_sv_cstr(text) };

    sm_yaml__resolve(&n);
    return n;
}

static void assert_kind(const char *text, sm_yaml_kind kind)
{
    if (resolved(text).kind != kind)
        fail_msg("\"%s\" is %d, not %d", text, (int)resolved(text).kind, (int)kind);
}

static void test_yaml_scalar__words_of_yaml_1_1_are_strings(void **state)
{
    static const char *const words[] = {
        "yes", "no",   "on",         "off", "y",   "n",     "Yes", "NO", "tRUE", "nUll", "1_000",
        "0b1", "1:30", "2026-01-01", "=",   "0o8", "0xg",   ".",   "+",  "-",    "e5",   "1e",
        "1e+", "..1",  "--1",        "0x",  "0o",  "1.2.3", ".e1", "+.", "1 2"
    };

    (void)state;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        assert_kind(words[i], SM_YAML_STRING);
}

static void test_yaml_scalar__null_has_five_forms(void **state)
{
    static const char *const words[] = { "", "~", "null", "Null", "NULL" };

    (void)state;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        assert_kind(words[i], SM_YAML_NULL);
}

static void test_yaml_scalar__true_and_false_are_bools(void **state)
{
    (void)state;
    assert_kind("True", SM_YAML_BOOL);
    assert_true(resolved("true").boolean);
    assert_false(resolved("FALSE").boolean);
}

static void test_yaml_scalar__whole_numbers_are_ints(void **state)
{
    (void)state;
    assert_int_equal(resolved("0").integer, 0);
    assert_int_equal(resolved("-17").integer, -17);
    assert_int_equal(resolved("+17").integer, 17);
    assert_int_equal(resolved("007").integer, 7);
    assert_int_equal(resolved("0x1F").integer, 31);
    assert_int_equal(resolved("0o17").integer, 15);
    assert_true(resolved("-9223372036854775808").integer == INT64_MIN);
    assert_kind("9223372036854775807", SM_YAML_INT);
}

static void test_yaml_scalar__a_whole_number_beyond_64_bits_is_a_float(void **state)
{
    (void)state;
    assert_kind("9223372036854775808", SM_YAML_FLOAT);
    assert_true(resolved("9223372036854775808").real > 9.2e18);
}

static void test_yaml_scalar__numbers_with_point_or_exponent_are_floats(void **state)
{
    static const char *const words[] = { "1.", ".5", "1.5", "-1.5e10", "1e5", "+.5E-3", "0.0" };

    (void)state;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        assert_kind(words[i], SM_YAML_FLOAT);
    assert_true(isinf(resolved("-.inf").real));
    assert_true(isnan(resolved(".NaN").real));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_yaml_scalar__words_of_yaml_1_1_are_strings),
        SM_TEST(test_yaml_scalar__null_has_five_forms),
        SM_TEST(test_yaml_scalar__true_and_false_are_bools),
        SM_TEST(test_yaml_scalar__whole_numbers_are_ints),
        SM_TEST(test_yaml_scalar__a_whole_number_beyond_64_bits_is_a_float),
        SM_TEST(test_yaml_scalar__numbers_with_point_or_exponent_are_floats),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
