/* SPDX-License-Identifier: Apache-2.0 */
/* test_sqlhints.c -- paths and types of `schema_hints`. */
#include "tests/support/test.h"

#include "runtime/base/sqlhints.h"

static void test_hints__a_path_has_parts_bare_or_in_quotes(void **state)
{
    sm_arena *a = sm_arena_new("test");
    sm_sv text =
        SM_SV(" a.b.c INT , \"x.y\".\"q\"\"\" DECIMAL(10,2),z STRUCT(\"p,q\" INT, r TEXT[])");
    sm_hints h;
    sm_error err = { 0 };
    sm_sv bad;
    (void)state;
    sm_assert_ok(sm_hints_parse(text, a, &h, &bad, &err), err);
    assert_int_equal(h.n, 3);
    assert_int_equal(h.items[0].n_path, 3);
    assert_true(sm_sv_eq_str(h.items[0].path[2], "c"));
    assert_true(sm_sv_eq_str(h.items[0].name, "a.b.c"));
    assert_int_equal(h.items[1].n_path, 2);
    assert_true(sm_sv_eq_str(h.items[1].path[0], "x.y"));
    assert_true(sm_sv_eq_str(h.items[1].path[1], "q\""));
    assert_true(sm_sv_eq_str(h.items[1].type_text, "DECIMAL(10,2)"));
    assert_int_equal(h.items[2].type->n, 2);
    sm_arena_free(a);
}

static void test_hints__a_fault_is_the_part_that_is_wrong(void **state)
{
    static const struct {
        const char *text, *bad;
    } cases[] = {
        { "a", "a" },
        { "a INT, b.c ", "b.c" },
        { "a INT,", "" },
        { "a..b INT", "." },
        { "a: INT", ":" },
        { "a INT, \"b INT", "\"" },
        { "a.\"\" INT", "\"\"" },
        { "a MAP<TEXT,INT>", "<" },
        { "a INT) b", "INT) b" },
        { "a DECIMAL(99)", "DECIMAL(99)" },
        { ", a INT", "," },
    };
    sm_arena *a = sm_arena_new("test");
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sm_hints h;
        sm_error err = { 0 };
        sm_sv bad;
        sm_assert_code(sm_hints_parse(sm_sv_cstr(cases[i].text), a, &h, &bad, &err), SM_E_INVALID);
        if (!sm_sv_eq_str(bad, cases[i].bad))
            fail_msg("\"%s\": \"%.*s\" is wrong", cases[i].text, SM_SV_ARG(bad));
    }
    sm_arena_free(a);
}

/* The type of `column` of type `was` with the hints; NULL `was`: it is not there. */
static sm_sv hinted(sm_arena *a, const char *was, const char *hints, sm_hints_how how)
{
    sm_column column = { .name = SM_SV("c"), .nullable = true };
    sm_schema s = { &column, was != NULL };
    sm_hints h;
    sm_error err = { 0 };
    sm_sv bad;
    if (was != NULL)
        column.type = sm_sv_cstr(was);
    sm_assert_ok(sm_hints_parse(sm_sv_cstr(hints), a, &h, &bad, &err), err);
    sm_assert_ok(sm_hints_apply(&h, how, a, &s, &err), err);
    assert_int_equal(s.n, 1);
    return s.columns[0].type;
}

static void test_hints__parts_take_types_and_are_added(void **state)
{
    static const struct {
        const char *was, *hints, *all, *added;
    } cases[] = {
        { "BIGINT", "c INT", "INTEGER", "BIGINT" },
        { "STRUCT(\"a\" BIGINT, \"b\" DATE)", "C.A VARCHAR", "STRUCT(\"a\" VARCHAR, \"b\" DATE)",
          "STRUCT(\"a\" BIGINT, \"b\" DATE)" },
        { "STRUCT(\"a\" BIGINT)", "c.b.d DATE", "STRUCT(\"a\" BIGINT, \"b\" STRUCT(\"d\" DATE))",
          "STRUCT(\"a\" BIGINT, \"b\" STRUCT(\"d\" DATE))" },
        { "STRUCT(\"x\" BIGINT)[]", "c.element.x INT", "STRUCT(\"x\" INTEGER)[]",
          "STRUCT(\"x\" BIGINT)[]" },
        { "STRUCT(\"x\" BIGINT)[]", "c.element.y INT", "STRUCT(\"x\" BIGINT, \"y\" INTEGER)[]",
          "STRUCT(\"x\" BIGINT, \"y\" INTEGER)[]" },
        { "MAP(VARCHAR, VARCHAR)", "c.key DATE, c.value INT", "MAP(DATE, INTEGER)",
          "MAP(VARCHAR, VARCHAR)" },
        { "STRUCT(\"key\" BIGINT)", "c.key INT", "STRUCT(\"key\" INTEGER)",
          "STRUCT(\"key\" BIGINT)" },
        { "STRUCT(\"a\" BIGINT)", "c MAP(TEXT, INT)", "MAP(VARCHAR, INTEGER)",
          "STRUCT(\"a\" BIGINT)" },
        { NULL, "c.items.element.n INT", "STRUCT(\"items\" STRUCT(\"n\" INTEGER)[])",
          "STRUCT(\"items\" STRUCT(\"n\" INTEGER)[])" },
        { NULL, "c.a INT, c.b INT", "STRUCT(\"a\" INTEGER, \"b\" INTEGER)",
          "STRUCT(\"a\" INTEGER, \"b\" INTEGER)" },
        { "VARCHAR", "c.a INT", "STRUCT(\"a\" INTEGER)", "VARCHAR" },
        { "BIGINT[]", "c.a INT", "BIGINT[]", "BIGINT[]" },
        { "MAP(VARCHAR, BIGINT)", "c.a INT", "MAP(VARCHAR, BIGINT)", "MAP(VARCHAR, BIGINT)" },
    };
    sm_arena *a = sm_arena_new("test");
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sm_sv all = hinted(a, cases[i].was, cases[i].hints, SM_HINTS_ALL);
        sm_sv added = hinted(a, cases[i].was, cases[i].hints, SM_HINTS_NEW);
        if (!sm_sv_eq_str(all, cases[i].all) || !sm_sv_eq_str(added, cases[i].added))
            fail_msg("%s: %.*s, %.*s", cases[i].hints, SM_SV_ARG(all), SM_SV_ARG(added));
    }
    sm_arena_free(a);
}

static void test_hints__are_judged_by_a_type(void **state)
{
    static const struct {
        const char *hint, *type;
        sm_hint_fate fate;
    } cases[] = {
        { "c INT", "INTEGER", SM_HINT_HOLDS },
        { "c INT", "BIGINT", SM_HINT_DIFFERS },
        { "c.a INT", "STRUCT(\"A\" INTEGER)", SM_HINT_HOLDS },
        { "c.b INT", "STRUCT(\"a\" INTEGER)", SM_HINT_ABSENT },
        { "c.b INT", "INTEGER[]", SM_HINT_NOWHERE },
        { "c.element.b INT", "INTEGER[]", SM_HINT_NOWHERE },
        { "c.element INT", "INTEGER[]", SM_HINT_HOLDS },
    };
    sm_arena *a = sm_arena_new("test");
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sm_hints h;
        sm_error err = { 0 };
        sm_sqltype *type;
        sm_sv bad;
        sm_assert_ok(sm_hints_parse(sm_sv_cstr(cases[i].hint), a, &h, &bad, &err), err);
        sm_assert_ok(sm_sqltype_parse(sm_sv_cstr(cases[i].type), a, &type, &err), err);
        assert_int_equal(sm_hint_judge(h.items, type, NULL, NULL), cases[i].fate);
    }
    sm_arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_hints__a_path_has_parts_bare_or_in_quotes),
        SM_TEST(test_hints__a_fault_is_the_part_that_is_wrong),
        SM_TEST(test_hints__parts_take_types_and_are_added),
        SM_TEST(test_hints__are_judged_by_a_type),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
