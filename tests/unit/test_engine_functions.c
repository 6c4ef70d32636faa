/* SPDX-License-Identifier: Apache-2.0 */
/* test_engine_functions.c -- the list of functions that queries may call fits the engine.
 *
 * pipelines/sql/sql_functions.inc is checked in.  This test asks the engine whether it has each of
 * them, whether those that are volatile are marked so, and whether none of those that act on the
 * outside is there. */
#include "tests/support/test.h"

#include <string.h>

#include "runtime/base/sqltext.h"
#include "runtime/engine/engine.h"

typedef struct function {
    const char *name, *kind;
} function;

#define X(name, kind) { name, #kind },
static const function allowed[] = {
#include "pipelines/sql/sql_functions.inc"
};
#undef X

enum { N = sizeof allowed / sizeof allowed[0] };

typedef struct fixture {
    sm_engine *e;
    sm_session *s;
} fixture;

static int setup(void **state)
{
    static fixture f;
    sm_engine_config c = { .threads = 1 };
    sm_buf sql;
    sm_error err;

    sm_assert_ok(sm_engine_open(&c, &f.e, &err), err);
    sm_assert_ok(sm_session_open(f.e, &f.s, &err), err);
    sm_buf_init(&sql, 1024 * 1024);
    sm_buf_adds(&sql, "CREATE TEMP TABLE allowed AS SELECT * FROM (VALUES ");
    for (size_t i = 0; i < N; i++) {
        sm_buf_adds(&sql, i > 0 ? ", (" : "(");
        sm_sql_literal(&sql, sm_sv_cstr(allowed[i].name));
        sm_buf_addf(&sql, ", '%s')", allowed[i].kind);
    }
    sm_buf_adds(&sql, ") v(name, kind)");
    sm_assert_ok(sm_session_exec(f.s, sm_buf_sv(&sql), &err), err);
    sm_buf_release(&sql);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;

    sm_session_close(f->s);
    sm_engine_close(f->e);
    return 0;
}

/* The query lists faults; there must be none. */
static void none(fixture *f, const char *sql)
{
    sm_rows *r;
    sm_buf names;
    sm_error err;

    sm_assert_ok(sm_session_query(f->s, sm_sv_cstr(sql), &r, &err), err);
    sm_buf_init(&names, 65536);
    while (sm_rows_next(r)) {
        sm_buf_addc(&names, ' ');
        sm_rows_text(r, 0, &names);
    }
    assert_string_equal(names.ptr, "");
    sm_buf_release(&names);
    sm_rows_free(r);
}

static void test_functions__the_engine_has_all_that_are_allowed(void **state)
{
    none(*state, "SELECT DISTINCT name FROM allowed WHERE kind <> 'WINDOW' AND lower(name) NOT IN "
                 "(SELECT lower(function_name) FROM duckdb_functions()) ORDER BY 1");
}

static void test_functions__volatile_ones_are_marked(void **state)
{
    none(*state, "SELECT DISTINCT name FROM allowed JOIN duckdb_functions() f ON lower(name) = "
                 "lower(f.function_name) WHERE f.stability = 'VOLATILE' AND kind <> 'VOLATILE' "
                 "ORDER BY 1");
}

static void test_functions__aggregates_are_marked(void **state)
{
    none(*state, "SELECT name FROM allowed JOIN duckdb_functions() f ON lower(name) = "
                 "lower(f.function_name) GROUP BY name, kind HAVING bool_and(f.function_type = "
                 "'aggregate') AND kind NOT IN ('AGGREGATE', 'WINDOW') ORDER BY 1");
}

static void test_functions__none_acts_on_the_outside(void **state)
{
    none(*state,
         "SELECT name FROM allowed WHERE name GLOB 'read_*' OR name GLOB 'parquet_*' OR name GLOB "
         "'duckdb_*' OR name GLOB 'pragma_*' OR name GLOB 'smelt_*' OR name IN ('glob', 'query', "
         "'query_table', 'sniff_csv', 'getvariable', 'getenv', 'current_setting', 'which_secret', "
         "'write_log', 'sleep_ms', 'nextval', 'currval', 'setseed', 'error', 'txid_current', "
         "'json_execute_serialized_sql') ORDER BY 1");
}

static void test_functions__are_sorted_and_single(void **state)
{
    (void)state;
    for (size_t i = 1; i < N; i++)
        if (strcmp(allowed[i - 1].name, allowed[i].name) >= 0)
            fail_msg("\"%s\" stands before \"%s\"", allowed[i - 1].name, allowed[i].name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_functions__the_engine_has_all_that_are_allowed),
        SM_TEST(test_functions__volatile_ones_are_marked),
        SM_TEST(test_functions__aggregates_are_marked),
        SM_TEST(test_functions__none_acts_on_the_outside),
        SM_TEST(test_functions__are_sorted_and_single),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
