/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "pipelines/spec/spec.h"
#include "tests/support/test.h"
#include "tests/support/units.h"

static const char file[] = "version: 1\npipeline: shop\nstorage: ./lake\n"
                           "sources:\n  orders: {type: files, path: data, format: json}\n"
                           "tables:\n  silver:\n    sql: SELECT 1\n"
                           "    expectations: {good: id > 0}\n"
                           "  v: {type: view, from: orders}\n";

static int set_up(void **state)
{
    *state = sm_arena_new("test");
    return 0;
}

static int tear_down(void **state)
{
    sm_arena_free(*state);
    return 0;
}

static const sm_json *rows_of(sm_arena *a, const char *name)
{
    sm_diags *d = sm_diags_new(a);
    const sm_spec *s = sm_spec_parse("p.yml", sm_sv_cstr(file), &sm_test_env, a, d);

    assert_int_equal(sm_diags_count(d), 0);
    return sm_spec_resolved(s, sm_sv_cstr(name), a);
}

/* The row of a key as JSON text, "" when it is not shown. */
static const char *row_of(sm_arena *a, const char *name, const char *key)
{
    const sm_json *rows = rows_of(a, name);

    for (size_t i = 0; i < sm_json_len(rows); i++)
        if (sm_sv_eq_str(sm_json_get_sv(sm_json_at(rows, i), "key", SM_SV("")), key))
            return sm_json_text(sm_json_at(rows, i), a).ptr;
    return "";
}

static void test_spec_show__a_value_says_where_it_stands(void **state)
{
    assert_string_equal(row_of(*state, "silver", "sql"),
                        "{\"key\":\"sql\",\"value\":\"SELECT 1\",\"origin\":\"p.yml:8:10\"}");
    assert_string_equal(
        row_of(*state, "silver", "expectations.good.expect"),
        "{\"key\":\"expectations.good.expect\",\"value\":\"id > 0\",\"origin\":\"p.yml:9:26\"}");
}

static void test_spec_show__a_default_says_so(void **state)
{
    assert_string_equal(row_of(*state, "silver", "type"),
                        "{\"key\":\"type\",\"value\":\"streaming_table\",\"origin\":\"default\"}");
    assert_string_equal(
        row_of(*state, "silver", "expectations.good.on_violation"),
        "{\"key\":\"expectations.good.on_violation\",\"value\":\"warn\",\"origin\":\"default\"}");
    assert_string_equal(
        row_of(*state, "", "state.path"),
        "{\"key\":\"state.path\",\"value\":\"./lake/.smelt\",\"origin\":\"default\"}");
}

static void test_spec_show__options_of_a_source_are_shown(void **state)
{
    assert_string_equal(row_of(*state, "orders", "path"),
                        "{\"key\":\"path\",\"value\":\"data\",\"origin\":\"p.yml:5:25\"}");
    assert_string_equal(
        row_of(*state, "orders", "max_files_per_trigger"),
        "{\"key\":\"max_files_per_trigger\",\"value\":1000,\"origin\":\"default\"}");
}

static void test_spec_show__what_a_view_cannot_have_is_not_shown(void **state)
{
    assert_string_equal(row_of(*state, "v", "partition_by"), "");
    assert_string_equal(row_of(*state, "v", "sql"), "");
    assert_string_not_equal(row_of(*state, "v", "from"), "");
}

static void test_spec_show__an_unknown_name_is_null(void **state)
{
    assert_null(rows_of(*state, "nobody"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_spec_show__a_value_says_where_it_stands),
        SM_TEST(test_spec_show__a_default_says_so),
        SM_TEST(test_spec_show__options_of_a_source_are_shown),
        SM_TEST(test_spec_show__what_a_view_cannot_have_is_not_shown),
        SM_TEST(test_spec_show__an_unknown_name_is_null),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
