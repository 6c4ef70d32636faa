/* SPDX-License-Identifier: Apache-2.0 */
/* test_decode_hints.c -- columns that the user knows better. */
#include "tests/support/test.h"

#include "runtime/connect/decode_hints.h"

static sm_column hints_inferred[] = {
    { .name = SM_SV_LIT("a"), .type = SM_SV_LIT("BIGINT"), .nullable = true },
    { .name = SM_SV_LIT("Tags"), .type = SM_SV_LIT("VARCHAR"), .nullable = true },
};

static void test_hints__replace_types_and_add_columns(void **state)
{
    sm_arena *a = sm_arena_new("test");
    sm_schema s = { hints_inferred, 2 };
    sm_error err = { 0 };
    (void)state;
    sm_assert_ok(
        sm_decode_apply_hints(SM_SV("tags MAP(VARCHAR, VARCHAR), \"b c\" INT"), a, &s, &err), err);
    assert_int_equal(s.n, 3);
    assert_true(sm_sv_eq_str(s.columns[0].type, "BIGINT"));
    assert_true(sm_sv_eq_str(s.columns[1].name, "Tags"));
    assert_true(sm_sv_eq_str(s.columns[1].type, "MAP(VARCHAR, VARCHAR)"));
    assert_true(sm_sv_eq_str(s.columns[2].name, "b c"));
    assert_true(sm_sv_eq_str(s.columns[2].type, "INTEGER"));
    sm_arena_free(a);
}

static void test_hints__nothing_changes_nothing(void **state)
{
    sm_arena *a = sm_arena_new("test");
    sm_schema s = { hints_inferred, 2 };
    sm_error err = { 0 };
    (void)state;
    sm_assert_ok(sm_decode_apply_hints(SM_SV(" "), a, &s, &err), err);
    assert_ptr_equal(s.columns, hints_inferred);
    sm_arena_free(a);
}

static void test_hints__what_is_no_list_is_refused(void **state)
{
    sm_arena *a = sm_arena_new("test");
    sm_error err = { 0 };
    (void)state;
    const char *const bad[] = { "a", "a INT,", "a NOTYPE", "a MAP<STRING, STRING>", "a INT) b" };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        sm_schema s = { hints_inferred, 2 };
        sm_assert_code(sm_decode_apply_hints(sm_sv_cstr(bad[i]), a, &s, &err), SM_E_INVALID);
        sm_test_contains(err.msg, "schema_hints");
    }
    sm_arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_hints__replace_types_and_add_columns),
        SM_TEST(test_hints__nothing_changes_nothing),
        SM_TEST(test_hints__what_is_no_list_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
