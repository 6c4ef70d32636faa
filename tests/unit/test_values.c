/* SPDX-License-Identifier: Apache-2.0 */
/* test_values.c -- what is left of messages for people who may not see rows. */
#include "tests/support/test.h"

#include "runtime/base/values.h"

static void check(const char *message, const char *hidden)
{
    sm_arena *a = sm_arena_new("test");
    sm_sv got = sm_values_hide(sm_sv_cstr(message), a);

    assert_string_equal(sm_arena_cstr(a, got), hidden);
    sm_arena_free(a);
}

static void test_values__examples_go_and_the_sentence_stays(void **state)
{
    (void)state;
    check("rule \"r\" does not hold for 1 of 2 rows (50%), for example {\"a\":\"} x\\\" "
          "{\",\"b\":[1]}",
          "rule \"r\" does not hold for 1 of 2 rows (50%)");
    check("2 rows have the key of another row, for example {\"id\":7}; what is written stays",
          "2 rows have the key of another row; what is written stays");
    check("one, for example \"text\", and another, for example [1,2]", "one, and another");
    check("cut off, for example {\"a\":\"secr", "cut off");
}

static void test_values__what_the_engine_says_of_a_value_goes(void **state)
{
    (void)state;
    check("batch 3: " SM_VALUES_ENGINE "Could not convert string 'secret' to INT32",
          "batch 3: the engine does not take a value");
}

static void test_values__values_of_fields_go_and_names_stay(void **state)
{
    (void)state;
    check("a.json:3: field \"price\": 12,50 is no DOUBLE; mend the file",
          "a.json:3: field \"price\": a value does not fit");
    check("field \"n\" appeared in a.json:3, the schema in force does not have it",
          "field \"n\" appeared in a.json:3, the schema in force does not have it");
    check("field \"n\" stands twice; field \"m\": 1 is no DATE",
          "field \"n\" stands twice; field \"m\": a value does not fit");
    check("", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values__examples_go_and_the_sentence_stays),
        cmocka_unit_test(test_values__what_the_engine_says_of_a_value_goes),
        cmocka_unit_test(test_values__values_of_fields_go_and_names_stay),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
