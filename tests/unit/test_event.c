/* SPDX-License-Identifier: Apache-2.0 */
/* test_event.c -- the table of event types and the check of details. */
#include "tests/support/test.h"

#include "runtime/events/event.h"

#include <string.h>

static void test_types__are_found_by_their_names(void **state)
{
    (void)state;
    for (int i = 0; i < SM_EVENT_TYPE_COUNT; i++) {
        const sm_event_type_def *t = sm_event_type_get((sm_event_type)i);

        assert_int_equal(sm_event_type_find(sm_sv_cstr(t->name)), i);
        assert_int_equal(t->meaning[strlen(t->meaning) - 1], '.');
    }
    assert_int_equal(sm_event_type_find(SM_SV("flow")), SM_EVENT_TYPE_COUNT);
}

static void test_fields__have_a_name_and_a_type_that_is_known(void **state)
{
    static const char *const kinds[] = { "int", "num", "text", "bool", "list", "object" };

    (void)state;
    for (int i = 0; i < SM_EVENT_TYPE_COUNT; i++) {
        sm_sv rest = sm_sv_cstr(sm_event_type_get((sm_event_type)i)->fields);
        sm_sv field;

        while (sm_sv_next(&rest, ',', &field)) {
            sm_sv name;
            bool known = false;

            field = sm_sv_trim(field);
            assert_true(sm_sv_next(&field, ' ', &name));
            for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++)
                known = known || sm_sv_eq_str(sm_sv_trim(field), kinds[k]);
            assert_true(known && name.len > 0);
        }
    }
}

static void test_make__takes_the_usual_level(void **state)
{
    sm_event_rec e = sm_event_make_flow(SM_EVENT_flow_failed, 7, SM_SV("orders"),
                                        SM_SV("orders.eu"), 3, SM_SV("it failed"));

    (void)state;
    assert_int_equal(e.level, SM_EVENT_ERROR);
    assert_int_equal(e.run, 7);
    assert_int_equal(e.batch, 3);
    assert_true(sm_sv_eq_str(e.type, "flow_failed"));
    assert_true(sm_sv_eq_str(e.flow, "orders.eu"));
    assert_int_equal(sm_event_make(SM_EVENT_run_started, 7, SM_SV("")).batch, -1);
}

static sm_code check(sm_event_type type, const char *details, sm_error *err)
{
    sm_event_rec e = sm_event_make(type, 0, SM_SV(""));

    e.details = sm_sv_cstr(details);
    return sm_event_check(&e, err);
}

static void test_check__names_the_field_that_is_wrong(void **state)
{
    sm_event_rec stranger = { .type = SM_SV("party") };
    sm_error err;

    (void)state;
    sm_assert_ok(check(SM_EVENT_run_progress, "{\"state\":\"running\"}", &err), err);
    sm_assert_ok(check(SM_EVENT_table_inactive, "", &err), err);
    sm_assert_code(check(SM_EVENT_run_progress, "{}", &err), SM_E_INVALID);
    sm_test_contains(err.msg, "no field \"state\"");
    sm_assert_code(check(SM_EVENT_run_progress, "{\"state\":1}", &err), SM_E_INVALID);
    sm_test_contains(err.msg, "is not text");
    sm_assert_code(check(SM_EVENT_run_progress, "{\"state\":\"a\",\"x\":1}", &err), SM_E_INVALID);
    sm_test_contains(err.msg, "declares no field \"x\"");
    sm_assert_code(check(SM_EVENT_run_progress, "[]", &err), SM_E_INVALID);
    sm_assert_code(check(SM_EVENT_run_progress, "{", &err), SM_E_INVALID);
    sm_assert_code(sm_event_check(&stranger, &err), SM_E_INVALID);
    sm_test_contains(err.msg, "\"party\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_types__are_found_by_their_names),
        SM_TEST(test_fields__have_a_name_and_a_type_that_is_known),
        SM_TEST(test_make__takes_the_usual_level),
        SM_TEST(test_check__names_the_field_that_is_wrong),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
