/* SPDX-License-Identifier: Apache-2.0 */
/* test_store_schedule.c -- pauses and slots outlive the process that kept them. */
#include "tests/unit/store_fixture.h"

#include "runtime/store/store_schedule.h"

static void test_pause__is_there_for_another_process_and_before_the_first_run(void **state)
{
    store_fixture f;
    sm_schedule_rec rec;
    sm_store *other;

    (void)state;
    store_open(&f, "schedule_pause");
    sm_assert_ok(sm_store_schedule(f.s, SM_SV("never_ran"), f.a, &rec, &f.err), f.err);
    assert_false(rec.paused);
    sm_assert_ok(sm_store_schedule_pause(f.s, SM_SV("never_ran"), true, SM_SV("ada"), &f.err),
                 f.err);
    other = store_again(&f, 1000);
    sm_assert_ok(sm_store_schedule(other, SM_SV("never_ran"), f.a, &rec, &f.err), f.err);
    assert_true(rec.paused);
    assert_sv(rec.paused_by, "ada");
    assert_true(rec.changed_ms > 0);
    sm_assert_ok(sm_store_schedule_pause(other, SM_SV("never_ran"), false, SM_SV("bob"), &f.err),
                 f.err);
    sm_assert_ok(sm_store_schedule(f.s, SM_SV("never_ran"), f.a, &rec, &f.err), f.err);
    assert_false(rec.paused);
    sm_store_close(other);
    store_close(&f);
}

enum { NOW = 1000000, MINUTE = 60 * 1000 };

static void test_slot__is_taken_once(void **state)
{
    store_fixture f;
    sm_schedule_rec rec;
    sm_store *other;

    (void)state;
    store_open(&f, "schedule_slot");
    other = store_again(&f, 1000);
    sm_assert_ok(sm_store_schedule_slot(f.s, SM_SV("iot"), 1000, NOW, &f.err), f.err);
    sm_assert_code(sm_store_schedule_slot(other, SM_SV("iot"), 1000, NOW, &f.err), SM_E_CONFLICT);
    sm_assert_ok(sm_store_schedule_slot(other, SM_SV("iot"), 2000, NOW, &f.err), f.err);
    sm_assert_code(sm_store_schedule_slot(f.s, SM_SV("iot"), 1000, NOW, &f.err), SM_E_CONFLICT);
    sm_assert_ok(sm_store_schedule_pause(f.s, SM_SV("iot"), true, SM_SV(""), &f.err), f.err);
    sm_assert_ok(sm_store_schedule(f.s, SM_SV("iot"), f.a, &rec, &f.err), f.err);
    assert_int_equal(rec.slot_ms, 2000);
    sm_store_close(other);
    store_close(&f);
}

static void test_slot__that_is_given_back_is_due_again_unless_a_later_one_was_taken(void **state)
{
    store_fixture f;

    (void)state;
    store_open(&f, "schedule_back");
    sm_assert_ok(sm_store_schedule_slot(f.s, SM_SV("iot"), 1000, NOW, &f.err), f.err);
    sm_assert_ok(sm_store_schedule_give_back(f.s, SM_SV("iot"), 1000, &f.err), f.err);
    sm_assert_ok(sm_store_schedule_slot(f.s, SM_SV("iot"), 1000, NOW, &f.err), f.err);
    sm_assert_ok(sm_store_schedule_slot(f.s, SM_SV("iot"), 2000, NOW, &f.err), f.err);
    sm_assert_ok(sm_store_schedule_give_back(f.s, SM_SV("iot"), 1000, &f.err), f.err);
    sm_assert_code(sm_store_schedule_slot(f.s, SM_SV("iot"), 2000, NOW, &f.err), SM_E_CONFLICT);
    store_close(&f);
}

static void test_slot__of_the_future_is_not_believed(void **state)
{
    store_fixture f;
    sm_schedule_rec rec;

    (void)state;
    store_open(&f, "schedule_future");
    sm_assert_ok(sm_store_schedule_slot(f.s, SM_SV("iot"), NOW + MINUTE, NOW, &f.err), f.err);
    sm_assert_code(sm_store_schedule_slot(f.s, SM_SV("iot"), NOW, NOW, &f.err), SM_E_CONFLICT);
    sm_assert_ok(sm_store_schedule_slot(f.s, SM_SV("iot"), NOW + MINUTE + 1, NOW, &f.err), f.err);
    sm_assert_ok(sm_store_schedule_slot(f.s, SM_SV("iot"), NOW, NOW, &f.err), f.err);
    sm_assert_ok(sm_store_schedule(f.s, SM_SV("iot"), f.a, &rec, &f.err), f.err);
    assert_int_equal(rec.slot_ms, NOW);
    store_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_pause__is_there_for_another_process_and_before_the_first_run),
        SM_TEST(test_slot__is_taken_once),
        SM_TEST(test_slot__of_the_future_is_not_believed),
        SM_TEST(test_slot__that_is_given_back_is_due_again_unless_a_later_one_was_taken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
