/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "pipelines/spec/spec.h"
#include "tests/support/test.h"
#include "tests/support/units.h"

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

/* How many variables are told in a SQL text. */
static size_t variables_in(sm_arena *a, const char *sql)
{
    sm_diags *d = sm_diags_new(a);
    sm_buf b;
    size_t n = 0;

    sm_buf_init(&b, 1 << 16);
    sm_buf_addf(&b, "version: 1\npipeline: p\nstorage: x\ntables:\n  t:\n    sql: |\n      %s\n",
                sql);
    (void)sm_spec_parse("p.yml", sm_buf_sv(&b), &sm_test_env, a, d);
    for (size_t i = 0; i < sm_diags_count(d); i++)
        n += strcmp(sm_diags_at(d, i)->def->id, "SM0122") == 0;
    assert_int_equal(n, sm_diags_count(d));
    sm_buf_release(&b);
    return n;
}

static void test_spec_text__colons_of_sql_are_no_variables(void **state)
{
    static const char *const good[] = {
        "SELECT '2026'::DATE, x :: INT",
        "SELECT a[1:2], a[:2], a[1:], a[ :n], a[x : y]",
        "SELECT {'a': 1, b: c, d :e}",
        "SELECT ':x', \":x\", e /* :x */, f -- :x",
        "SELECT $$ :x $$, $q$ :y $q$",
        "SELECT t: 1",
        "SELECT x, 10:30",
        "SELECT 'it''s :x'",
    };

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        if (variables_in(*state, good[i]) != 0)
            fail_msg("a variable is seen in %s", good[i]);
}

static void test_spec_text__variables_of_templates_are_seen(void **state)
{
    static const char *const bad[] = {
        "SELECT :x",
        "SELECT x = :x",
        "SELECT f(:x)",
        "SELECT a,:x",
        "SELECT x BETWEEN 1 AND :max",
        "SELECT {'a': 1}, :x",
        "SELECT x::INT > :x",
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (variables_in(*state, bad[i]) != 1)
            fail_msg("not one variable is seen in %s", bad[i]);
}

static void test_spec_text__each_variable_is_told(void **state)
{
    assert_int_equal(variables_in(*state, "SELECT :x, y, :z"), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_spec_text__colons_of_sql_are_no_variables),
        SM_TEST(test_spec_text__variables_of_templates_are_seen),
        SM_TEST(test_spec_text__each_variable_is_told),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
