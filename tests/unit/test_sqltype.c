/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "runtime/base/sqltype.h"
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

static sm_sqltype *parsed(const char *text)
{
    sm_sqltype *t = NULL;

    sm_assert_ok(sm_sqltype_parse(sm_sv_cstr(text), arena, &t, &err), err);
    return t;
}

static void assert_sv(sm_sv got, const char *want)
{
    assert_string_equal(sm_arena_cstr(arena, got), want);
}

static void assert_stored(const char *type, const char *want)
{
    sm_sv got;

    sm_assert_ok(sm_sqltype_stored_text(sm_sv_cstr(type), arena, &got, &err), err);
    assert_sv(got, want);
}

static void assert_homeless(const char *type)
{
    sm_sv got;

    sm_assert_code(sm_sqltype_stored_text(sm_sv_cstr(type), arena, &got, &err), SM_E_INVALID);
    sm_test_contains(err.msg, "cannot be stored");
}

static void test_sqltype__prints_what_it_parsed(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "BIGINT",
        "DECIMAL(10,2)",
        "TIMESTAMP WITH TIME ZONE",
        "VARCHAR[]",
        "INTEGER[3][]",
        "MAP(VARCHAR, DOUBLE[])",
        "STRUCT(\"a\" INTEGER, \"b \"\"c\" VARCHAR[])",
        "STRUCT(\"x\" STRUCT(\"y\" MAP(INTEGER, DATE)))[]",
        "ENUM('a', 'it''s (')",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_sv(sm_sqltype_print(parsed(texts[i]), arena), texts[i]);
}

static void test_sqltype__knows_other_names_of_types(void **state)
{
    (void)state;
    assert_sv(sm_sqltype_print(parsed("int"), arena), "INTEGER");
    assert_sv(sm_sqltype_print(parsed("Double Precision"), arena), "DOUBLE");
    assert_sv(sm_sqltype_print(parsed("text"), arena), "VARCHAR");
    assert_sv(sm_sqltype_print(parsed("timestamptz"), arena), "TIMESTAMP WITH TIME ZONE");
    assert_sv(sm_sqltype_print(parsed("numeric"), arena), "DECIMAL(18,3)");
    assert_sv(sm_sqltype_print(parsed("DECIMAL(5)"), arena), "DECIMAL(5,0)");
    assert_sv(sm_sqltype_print(parsed("VARCHAR(20)"), arena), "VARCHAR");
}

static void test_sqltype__keeps_what_it_does_not_know_as_other(void **state)
{
    (void)state;
    assert_int_equal(parsed("UNION(a INTEGER, b VARCHAR)")->kind, SM_SQLTYPE_OTHER);
    assert_int_equal(parsed("\"NULL\"")->kind, SM_SQLTYPE_OTHER);
    assert_int_equal(parsed("STRUCT(INTEGER, VARCHAR)")->kind, SM_SQLTYPE_OTHER);
    assert_int_equal(parsed("BIT[]")->fields[0].type->kind, SM_SQLTYPE_OTHER);
}

static void test_sqltype__refuses_broken_texts_and_says_where(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",         "STRUCT(", "STRUCT(a)x",  "INTEGER[",     "INTEGER[x]", "MAP(INTEGER)",
        "INTEGER)", "\"a",     "DECIMAL(99)", "DECIMAL(2,3)", "ENUM('a",    "MAP(INTEGER, VARCHAR",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        sm_sqltype *t;
        if (sm_sqltype_parse(sm_sv_cstr(texts[i]), arena, &t, &err) != SM_E_INVALID)
            fail_msg("\"%s\" was taken", texts[i]);
        sm_test_contains(err.msg, "at character");
    }
}

static void test_sqltype__refuses_endless_nesting(void **state)
{
    (void)state;
    char text[40000];
    size_t n = 0;
    sm_sqltype *t;

    while (n < sizeof text - 10) {
        memcpy(text + n, "MAP(", 4);
        n += 4;
    }
    sm_assert_code(sm_sqltype_parse((sm_sv){ text, n }, arena, &t, &err), SM_E_INVALID);
    memcpy(text, "INTEGER", 7);
    for (n = 7; n < sizeof text - 2; n += 2)
        memcpy(text + n, "[]", 2);
    sm_assert_code(sm_sqltype_parse((sm_sv){ text, n }, arena, &t, &err), SM_E_INVALID);
}

static void test_sqltype__every_result_type_has_its_home(void **state)
{
    (void)state;
    assert_stored("HUGEINT", "BIGINT");
    assert_stored("UTINYINT", "SMALLINT");
    assert_stored("USMALLINT", "INTEGER");
    assert_stored("UINTEGER", "BIGINT");
    assert_stored("UBIGINT", "DECIMAL(20,0)");
    assert_stored("UUID", "VARCHAR");
    assert_stored("TIME", "VARCHAR");
    assert_stored("INTERVAL", "VARCHAR");
    assert_stored("ENUM('a')", "VARCHAR");
    assert_stored("JSON", "VARCHAR");
    assert_stored("TIMESTAMP WITH TIME ZONE", "TIMESTAMP");
    assert_stored("TIMESTAMP_NS", "TIMESTAMP");
    assert_stored("DECIMAL(38,10)", "DECIMAL(38,10)");
    assert_stored("INTEGER[2]", "INTEGER[]");
    assert_stored("STRUCT(a HUGEINT, b MAP(UUID, TIMESTAMP_S[]))",
                  "STRUCT(\"a\" BIGINT, \"b\" MAP(VARCHAR, TIMESTAMP[]))");
}

static void test_sqltype__types_without_a_home_are_refused(void **state)
{
    (void)state;
    assert_homeless("UNION(a INTEGER)");
    assert_homeless("\"NULL\"");
    assert_homeless("BIT");
    assert_homeless("UHUGEINT");
    assert_homeless("STRUCT(a INTEGER, b BIGNUM)");
}

static void test_sqltype__an_instant_is_adjusted_to_utc_in_files_only(void **state)
{
    (void)state;
    sm_sqltype *t = parsed("STRUCT(a TIMESTAMP, b TIMESTAMP_NTZ)");

    assert_sv(sm_sqltype_file_text(t, arena),
              "STRUCT(\"a\" TIMESTAMP WITH TIME ZONE, \"b\" TIMESTAMP)");
    assert_sv(sm_sqltype_view_text(t, arena), "STRUCT(\"a\" TIMESTAMP, \"b\" TIMESTAMP)");
}

static sm_schema schema_of(const char *const (*pairs)[2], size_t n)
{
    sm_schema s = { SM_NEW_N(arena, sm_column, n), n };

    for (size_t i = 0; i < n; i++)
        s.columns[i] = (sm_column){ .name = sm_sv_cstr(pairs[i][0]),
                                    .type = sm_sv_cstr(pairs[i][1]),
                                    .nullable = true };
    return s;
}

static void test_schema__goes_to_delta_and_comes_back(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        { "a", "BIGINT" },        { "b", "DECIMAL(10,2)" },        { "c", "TIMESTAMP" },
        { "d", "BLOB" },          { "e", "MAP(VARCHAR, DATE[])" }, { "f", "STRUCT(\"x y\" FLOAT)" },
        { "g", "TIMESTAMP_NTZ" },
    };
    sm_schema s = schema_of(pairs, 7), back;
    sm_json *j;

    s.columns[0].description = SM_SV("first \"one\"");
    sm_assert_ok(sm_schema_to_delta(&s, arena, &j, &err), err);
    sm_test_contains(
        sm_arena_cstr(arena, sm_json_text(j, arena)),
        "{\"name\":\"b\",\"type\":\"decimal(10,2)\",\"nullable\":true,\"metadata\":{}}");
    sm_assert_ok(sm_schema_from_delta(j, arena, &back, &err), err);
    assert_true(sm_schema_equal(&s, &back));
    assert_sv(back.columns[0].description, "first \"one\"");
}

static void test_schema__refuses_delta_types_that_do_not_exist(void **state)
{
    (void)state;
    static const char *const types[] = { "\"bigint\"",          "\"void\"",
                                         "\"decimal(40,2)\"",   "{}",
                                         "\"decimal(5,9)\"",    "7",
                                         "{\"type\":\"array\"}" };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        sm_sv text = sm_arena_printf(
            arena, "{\"type\":\"struct\",\"fields\":[{\"name\":\"c\",\"type\":%s}]}", types[i]);
        sm_schema s;
        sm_json *j;
        sm_assert_ok(sm_json_parse(text, arena, &j, &err), err);
        if (sm_schema_from_delta(j, arena, &s, &err) == SM_OK)
            fail_msg("%s was taken", types[i]);
        sm_test_contains(err.msg, "\"c\"");
    }
}

static void test_schema__round_trips_through_our_json(void **state)
{
    (void)state;
    static const char *const pairs[][2] = { { "a", "BIGINT" }, { "b", "VARCHAR[]" } };
    sm_schema s = schema_of(pairs, 2), back;

    s.columns[1].nullable = false;
    sm_assert_ok(sm_schema_from_json(sm_schema_to_json(&s, arena), arena, &back, &err), err);
    assert_true(sm_schema_equal(&s, &back));
    assert_true(back.columns[0].nullable);
    assert_false(back.columns[1].nullable);
}

static void assert_name_refused(const char *first, const char *second)
{
    const char *const pairs[][2] = { { first, "BIGINT" }, { second, "BIGINT" } };
    sm_schema s = schema_of(pairs, 2), out;

    sm_assert_code(sm_schema_stored(&s, arena, &out, &err), SM_E_INVALID);
    sm_test_contains(err.msg, "\"");
}

static void test_schema__refuses_names_that_tables_cannot_have(void **state)
{
    (void)state;
    assert_name_refused("a", "b c");
    assert_name_refused("a", "sum(x)");
    assert_name_refused("a", "A");
    assert_name_refused("a=b", "c");
}

static void test_schema__finds_columns_ignoring_case(void **state)
{
    (void)state;
    static const char *const pairs[][2] = { { "Alpha", "BIGINT" }, { "beta", "BIGINT" } };
    sm_schema s = schema_of(pairs, 2);

    assert_int_equal(sm_schema_find(&s, SM_SV("BETA")), 1);
    assert_int_equal(sm_schema_find(&s, SM_SV("gamma")), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_sqltype__prints_what_it_parsed),
        SM_TEST(test_sqltype__knows_other_names_of_types),
        SM_TEST(test_sqltype__keeps_what_it_does_not_know_as_other),
        SM_TEST(test_sqltype__refuses_broken_texts_and_says_where),
        SM_TEST(test_sqltype__refuses_endless_nesting),
        SM_TEST(test_sqltype__every_result_type_has_its_home),
        SM_TEST(test_sqltype__types_without_a_home_are_refused),
        SM_TEST(test_sqltype__an_instant_is_adjusted_to_utc_in_files_only),
        SM_TEST(test_schema__goes_to_delta_and_comes_back),
        SM_TEST(test_schema__refuses_delta_types_that_do_not_exist),
        SM_TEST(test_schema__round_trips_through_our_json),
        SM_TEST(test_schema__refuses_names_that_tables_cannot_have),
        SM_TEST(test_schema__finds_columns_ignoring_case),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
