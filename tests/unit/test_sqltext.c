/* SPDX-License-Identifier: Apache-2.0 */
/* test_sqltext.c -- quoting of names and values. */
#include "tests/support/test.h"

#include "runtime/base/sqltext.h"

static void test_sqltext__quotes_are_doubled(void **state)
{
    static const sm_sv values[] = { SM_SV_LIT("a'b"), SM_SV_LIT("''"), SM_SV_LIT("") };
    sm_buf b;

    (void)state;
    sm_buf_init(&b, 1000);
    sm_sql_ident(&b, SM_SV("we\"ird\" na'me"));
    sm_buf_addc(&b, ' ');
    sm_sql_literal(&b, SM_SV("it's \"x\"\\"));
    sm_buf_addc(&b, ' ');
    sm_sql_string_list(&b, values, 3);
    assert_string_equal(b.ptr, "\"we\"\"ird\"\" na'me\" 'it''s \"x\"\\' ['a''b', '''''', '']");
    sm_buf_release(&b);
}

static void test_sqltext__an_empty_list_is_one(void **state)
{
    sm_buf b;

    (void)state;
    sm_buf_init(&b, 1000);
    sm_sql_string_list(&b, NULL, 0);
    sm_sql_ident(&b, SM_SV(""));
    assert_string_equal(b.ptr, "[]\"\"");
    sm_buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_sqltext__quotes_are_doubled),
        SM_TEST(test_sqltext__an_empty_list_is_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
