/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/test.h"

#include "pipelines/sql/sql_int.h"

static int64_t duration(const char *text)
{
    int64_t us = 0;

    return sm_sql__duration(sm_sv_cstr(text), &us) ? us : -1;
}

static void test_sql_window__durations_are_microseconds(void **state)
{
    (void)state;
    assert_int_equal(duration("10 minutes"), INT64_C(600000000));
    assert_int_equal(duration("10m"), INT64_C(600000000));
    assert_int_equal(duration("500ms"), 500000);
    assert_int_equal(duration("1 hour 30 minutes"), INT64_C(5400000000));
    assert_int_equal(duration(" 2 DAYS "), INT64_C(172800000000));
    assert_int_equal(duration("1w"), INT64_C(604800000000));
    assert_int_equal(duration("2 hours -30 minutes"), INT64_C(5400000000));
}

static void test_sql_window__lengths_that_are_not_fixed_are_no_durations(void **state)
{
    static const char *const texts[] = { "",
                                         " ",
                                         "1 month",
                                         "1 year",
                                         "1 quarter",
                                         "minute",
                                         "10",
                                         "10 mm",
                                         "x",
                                         "1.5 hours",
                                         "1 h +",
                                         "99999999999999999999 s",
                                         "9000000000000000000 s" };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_int_equal(duration(texts[i]), -1);
}

/* The text with | where a condition begins and, after a WHERE, where it ends. */
static void check_place(const char *sql, const char *wanted)
{
    sm_arena *a = sm_arena_new("test");
    sm_sql_tokens t = sm_sql__tokens(sm_sv_cstr(sql), a);
    sm_sv text = sm_sv_cstr(sql);
    size_t at = 0, end = 0;
    bool where = false;
    sm_sv marked;

    assert_true(
        sm_sql__where_place(&t, (size_t)sm_sv_find(text, SM_SV("window")), &at, &end, &where));
    marked = where ? sm_arena_printf(a, "%.*s|%.*s|%s", (int)at, sql, (int)(end - at), sql + at,
                                     sql + end)
                   : sm_arena_printf(a, "%.*s|%s", (int)at, sql, sql + at);
    assert_string_equal(marked.ptr, wanted);
    sm_arena_free(a);
}

static void test_sql_window__a_condition_has_its_place_behind_from(void **state)
{
    (void)state;
    check_place("SELECT window(ts) FROM t", "SELECT window(ts) FROM t|");
    check_place("SELECT window(ts) FROM t GROUP BY ALL", "SELECT window(ts) FROM t| GROUP BY ALL");
    check_place("SELECT 1 FROM t JOIN u USING (a) GROUP BY window(ts)",
                "SELECT 1 FROM t JOIN u USING (a)| GROUP BY window(ts)");
    check_place("SELECT window(ts) FROM t ORDER BY 1", "SELECT window(ts) FROM t| ORDER BY 1");
    check_place("SELECT window(ts) FROM t UNION ALL SELECT 1",
                "SELECT window(ts) FROM t| UNION ALL SELECT 1");
    check_place("SELECT * FROM (SELECT window(ts) FROM t) x WHERE a",
                "SELECT * FROM (SELECT window(ts) FROM t|) x WHERE a");
    check_place("WITH c AS (SELECT a FROM d WHERE b) SELECT f(window(ts)) FROM c LIMIT 1",
                "WITH c AS (SELECT a FROM d WHERE b) SELECT f(window(ts)) FROM c| LIMIT 1");
    check_place("SELECT quantile_cont(a, 0.5) WITHIN GROUP (ORDER BY b), window(ts) FROM t",
                "SELECT quantile_cont(a, 0.5) WITHIN GROUP (ORDER BY b), window(ts) FROM t|");
}

static void test_sql_window__an_existing_condition_is_enclosed(void **state)
{
    (void)state;
    check_place("SELECT window(ts) FROM t WHERE a OR b GROUP BY 1",
                "SELECT window(ts) FROM t WHERE| a OR b| GROUP BY 1");
    check_place("SELECT window(ts) FROM t WHERE a IN (SELECT 1 FROM u WHERE c)",
                "SELECT window(ts) FROM t WHERE| a IN (SELECT 1 FROM u WHERE c)|");
    check_place("SELECT * FROM (SELECT window(ts) FROM t WHERE a) WHERE b",
                "SELECT * FROM (SELECT window(ts) FROM t WHERE| a|) WHERE b");
}

static void test_sql_window__without_from_there_is_no_place(void **state)
{
    sm_arena *a = sm_arena_new("test");
    sm_sql_tokens t = sm_sql__tokens(SM_SV("SELECT window(ts)"), a);
    size_t at, end;
    bool where;

    (void)state;
    assert_false(sm_sql__where_place(&t, 7, &at, &end, &where));
    sm_arena_free(a);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        SM_TEST(test_sql_window__durations_are_microseconds),
        SM_TEST(test_sql_window__lengths_that_are_not_fixed_are_no_durations),
        SM_TEST(test_sql_window__a_condition_has_its_place_behind_from),
        SM_TEST(test_sql_window__an_existing_condition_is_enclosed),
        SM_TEST(test_sql_window__without_from_there_is_no_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
