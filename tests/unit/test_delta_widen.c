/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/delta/delta_widen.h"
#include <string.h>

#include "tests/support/test.h"
#include "tests/unit/delta_fixture.h"

static delta_fixture f;
static sm_delta_head *head;

static int setup(void **state)
{
    (void)state;
    delta_fixture_init(&f, "widen");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    sm_delta_head_free(head);
    head = NULL;
    delta_fixture_release(&f);
    return 0;
}

static sm_code widen(const char *type, int64_t limit)
{
    sm_column column = { .name = SM_SV("a"), .type = sm_sv_cstr(type), .nullable = true };
    const sm_schema columns = { &column, 1 };

    if (head == NULL)
        sm_assert_ok(sm_delta_head_load(f.table, NULL, NULL, &head, &f.err), f.err);
    return sm_delta_widen(f.table, head, &columns, limit, NULL, &f.err);
}

static void test_delta_widen__a_table_of_too_many_bytes_is_left_and_told(void **state)
{
    (void)state;
    delta_fixture_put(&f, 0, DELTA_INFO("x", "") DELTA_CREATE DELTA_ADD("f"));
    sm_assert_code(widen("DECIMAL(38,0)", 2), SM_E_LIMIT);
    assert_non_null(strstr(f.err.msg, "--full-refresh"));
    sm_assert_ok(sm_delta_head_advance(head, f.table, &f.err), f.err);
    assert_int_equal(head->version, 0);
}

static void test_delta_widen__types_that_are_no_wider_change_nothing(void **state)
{
    (void)state;
    delta_fixture_put(&f, 0, DELTA_INFO("x", "") DELTA_CREATE DELTA_ADD("f"));
    sm_assert_ok(widen("BIGINT", 0), f.err);
    sm_assert_ok(widen("INTEGER", 0), f.err);
    sm_assert_ok(widen("VARCHAR", 0), f.err);
    assert_int_equal(head->version, 0);
}

static void test_delta_widen__an_empty_table_takes_the_type_once(void **state)
{
    (void)state;
    delta_fixture_put(&f, 0, DELTA_INFO("x", "") DELTA_CREATE);
    sm_assert_ok(widen("DECIMAL(38,0)", 0), f.err);
    sm_assert_ok(widen("DECIMAL(38,0)", 0), f.err);
    assert_int_equal(head->version, 1);
    assert_non_null(strstr(delta_fixture_text(&f, 1), "decimal(38,0)"));
    assert_non_null(strstr(delta_fixture_text(&f, 1), "\"table-1\""));
    assert_null(strstr(delta_fixture_text(&f, 1), "\"txn\""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define WIDEN_TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
        WIDEN_TEST(test_delta_widen__a_table_of_too_many_bytes_is_left_and_told),
        WIDEN_TEST(test_delta_widen__types_that_are_no_wider_change_nothing),
        WIDEN_TEST(test_delta_widen__an_empty_table_takes_the_type_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
