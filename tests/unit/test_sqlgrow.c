/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/base/sqlgrow.h"
#include "tests/support/test.h"

static sm_arena *arena;
static sm_error err;

static int setup(void **state)
{
    (void)state;
    arena = sm_arena_new("test");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    sm_arena_free(arena);
    return 0;
}

static sm_sqltype *type(const char *text)
{
    sm_sqltype *t = NULL;

    sm_assert_ok(sm_sqltype_parse(sm_sv_cstr(text), arena, &t, &err), err);
    return t;
}

/* "a BIGINT, b VARCHAR": what stands between the brackets of a STRUCT. */
static sm_schema columns(const char *text)
{
    const sm_sqltype *t =
        type(sm_arena_printf(arena, "STRUCT(%s)", text[0] == '\0' ? "x INT" : text).ptr);
    sm_schema s = { SM_NEW_N(arena, sm_column, t->n), text[0] == '\0' ? 0 : t->n };

    for (size_t i = 0; i < s.n; i++)
        s.columns[i] = (sm_column){ .name = t->fields[i].name,
                                    .type = sm_sqltype_print(t->fields[i].type, arena),
                                    .nullable = true };
    return s;
}

static sm_grown grown(const char *was, const char *more, unsigned how)
{
    sm_schema x = columns(was), y = columns(more);
    sm_grown g;

    sm_assert_ok(sm_schema_grow(&x, &y, how, arena, &g, &err), err);
    return g;
}

static void assert_columns(const sm_grown *g, const char *want)
{
    sm_schema s = columns(want);

    assert_true(sm_schema_equal(&g->schema, &s));
}

static void test_sqlgrow__widens_what_the_reference_lists_and_nothing_else(void **state)
{
    static const char *const yes[][2] = {
        { "TINYINT", "SMALLINT" },          { "TINYINT", "BIGINT" },
        { "TINYINT", "DECIMAL(3,0)" },      { "TINYINT", "DOUBLE" },
        { "SMALLINT", "INTEGER" },          { "SMALLINT", "DECIMAL(7,2)" },
        { "SMALLINT", "DOUBLE" },           { "INTEGER", "BIGINT" },
        { "INTEGER", "DECIMAL(12,2)" },     { "INTEGER", "DOUBLE" },
        { "BIGINT", "DECIMAL(38,0)" },      { "FLOAT", "DOUBLE" },
        { "DECIMAL(5,2)", "DECIMAL(6,2)" }, { "DECIMAL(5,2)", "DECIMAL(6,3)" },
    };
    static const char *const no[][2] = {
        { "BIGINT", "DOUBLE" },
        { "BIGINT", "INTEGER" },
        { "INTEGER", "DECIMAL(9,0)" },
        { "BIGINT", "DECIMAL(18,0)" },
        { "INTEGER", "FLOAT" },
        { "DOUBLE", "DECIMAL(38,10)" },
        { "DATE", "TIMESTAMP" },
        { "INTEGER", "VARCHAR" },
        { "DECIMAL(5,2)", "DECIMAL(5,2)" },
        { "DECIMAL(5,2)", "DECIMAL(6,4)" },
        { "DECIMAL(5,2)", "DOUBLE" },
        { "INTEGER", "INTEGER" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++)
        if (!sm_sqltype_widens(type(yes[i][0]), type(yes[i][1])))
            fail_msg("%s should widen to %s", yes[i][0], yes[i][1]);
    for (size_t i = 0; i < sizeof no / sizeof no[0]; i++)
        if (sm_sqltype_widens(type(no[i][0]), type(no[i][1])))
            fail_msg("%s should not widen to %s", no[i][0], no[i][1]);
}

static void test_sqlgrow__new_columns_come_at_the_end_in_their_order(void **state)
{
    sm_grown g = grown("a BIGINT, b VARCHAR", "z DATE, B VARCHAR, y BIGINT", 0);

    (void)state;
    assert_columns(&g, "a BIGINT, b VARCHAR, z DATE, y BIGINT");
    assert_int_equal(g.added, 2);
    assert_int_equal(g.widened, 0);
    assert_int_equal(g.conflict, -1);
}

static void test_sqlgrow__nothing_new_is_the_same(void **state)
{
    sm_grown g = grown("a BIGINT, b VARCHAR", "b VARCHAR", 0);

    (void)state;
    assert_columns(&g, "a BIGINT, b VARCHAR");
    assert_int_equal(g.added, 0);
}

static void test_sqlgrow__structs_grow_at_every_depth(void **state)
{
    sm_grown g =
        grown("s STRUCT(a BIGINT, l STRUCT(x DATE)[], m MAP(VARCHAR, STRUCT(p BIGINT)))",
              "s STRUCT(b VARCHAR, l STRUCT(y DATE)[], m MAP(VARCHAR, STRUCT(q BIGINT)))", 0);

    (void)state;
    assert_columns(&g,
                   "s STRUCT(a BIGINT, l STRUCT(x DATE, y DATE)[], m MAP(VARCHAR, STRUCT(p BIGINT, "
                   "q BIGINT)), b VARCHAR)");
    assert_int_equal(g.added, 3);
}

static void test_sqlgrow__a_type_changes_only_where_that_is_allowed(void **state)
{
    sm_grown g = grown("a INTEGER", "a BIGINT", 0);

    (void)state;
    assert_int_equal(g.conflict, 0);
    assert_columns(&g, "a INTEGER");
    g = grown("a INTEGER, s STRUCT(x FLOAT)", "a BIGINT, s STRUCT(x DOUBLE)", SM_GROW_WIDEN);
    assert_int_equal(g.conflict, -1);
    assert_int_equal(g.widened, 2);
    assert_columns(&g, "a BIGINT, s STRUCT(x DOUBLE)");
    g = grown("a BIGINT", "a INTEGER", SM_GROW_WIDEN);
    assert_int_equal(g.conflict, 0);
    g = grown("a BIGINT", "a INTEGER", SM_GROW_WIDEN | SM_GROW_EITHER);
    assert_int_equal(g.conflict, -1);
    assert_columns(&g, "a BIGINT");
}

static void test_sqlgrow__what_cannot_follow_may_stay(void **state)
{
    sm_grown g = grown("a BIGINT, s STRUCT(x BIGINT)",
                       "a VARCHAR, s STRUCT(x VARCHAR, y DATE), b DATE", SM_GROW_KEEP);

    (void)state;
    assert_int_equal(g.conflict, -1);
    assert_columns(&g, "a BIGINT, s STRUCT(x BIGINT, y DATE), b DATE");
    g = grown("a BIGINT, s STRUCT(x BIGINT)", "b DATE, s STRUCT(y DATE, x VARCHAR)", 0);
    assert_int_equal(g.conflict, 1);
    assert_columns(&g, "a BIGINT, s STRUCT(x BIGINT), b DATE");
    assert_int_equal(g.added, 1);
}

static void test_sqlgrow__two_decimals_may_take_the_one_that_holds_both(void **state)
{
    const unsigned how = sm_evolution_how(SM_EVOLUTION_WIDEN);
    sm_grown g = grown("a DECIMAL(5,2), b BIGINT, c DECIMAL(5,2), d DECIMAL(38,0), e DECIMAL(2,2)",
                       "a DECIMAL(4,3), b DECIMAL(3,2), c BIGINT, d DECIMAL(2,1), e DOUBLE", how);

    (void)state;
    assert_columns(
        &g, "a DECIMAL(6,3), b DECIMAL(21,2), c DECIMAL(21,2), d DECIMAL(38,0), e DECIMAL(2,2)");
    assert_int_equal(g.widened, 3);
    g = grown("a DECIMAL(5,2)", "a DECIMAL(4,1)", how);
    assert_int_equal(g.widened, 0);
    g = grown("a DECIMAL(5,2)", "a DECIMAL(4,3)", SM_GROW_WIDEN);
    assert_int_equal(g.conflict, 0);
}

static void test_sqlgrow__names_of_modes_are_those_of_the_language(void **state)
{
    (void)state;
    for (sm_evolution e = SM_EVOLUTION_FAIL; e <= SM_EVOLUTION_WIDEN; e++)
        assert_int_equal(sm_evolution_of(sm_sv_cstr(sm_evolution_name(e))), e);
    assert_int_equal(sm_evolution_of(SM_SV("else")), SM_EVOLUTION_NONE);
    assert_true(sm_evolution_grows(SM_EVOLUTION_ADD) && sm_evolution_grows(SM_EVOLUTION_WIDEN));
    assert_false(sm_evolution_grows(SM_EVOLUTION_FAIL) || sm_evolution_grows(SM_EVOLUTION_NONE));
    assert_true(sm_evolution_stays(SM_EVOLUTION_NONE) && sm_evolution_stays(SM_EVOLUTION_RESCUE));
    assert_false(sm_evolution_stays(SM_EVOLUTION_FAIL) || sm_evolution_stays(SM_EVOLUTION_ADD));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        SM_TEST(test_sqlgrow__widens_what_the_reference_lists_and_nothing_else),
        SM_TEST(test_sqlgrow__new_columns_come_at_the_end_in_their_order),
        SM_TEST(test_sqlgrow__nothing_new_is_the_same),
        SM_TEST(test_sqlgrow__structs_grow_at_every_depth),
        SM_TEST(test_sqlgrow__a_type_changes_only_where_that_is_allowed),
        SM_TEST(test_sqlgrow__what_cannot_follow_may_stay),
        SM_TEST(test_sqlgrow__two_decimals_may_take_the_one_that_holds_both),
        SM_TEST(test_sqlgrow__names_of_modes_are_those_of_the_language),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
