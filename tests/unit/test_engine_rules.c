/* SPDX-License-Identifier: Apache-2.0 */
/* test_engine_rules.c -- the counts of rules are those of the rows that come out.
 *
 * Each query shape is run three ways: with smelt_rules around it, and by two plain queries
 * that count what the rules should have seen.  The shapes are those where DuckDB moves a filter
 * below an operator.
 */
#include "tests/support/test.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "expectations/mask.h"
#include "runtime/base/arena.h"
#include "runtime/engine/engine_copy.h"
#include "runtime/engine/engine_rules.h"

typedef struct fixture {
    sm_engine *e;
    sm_session *s;
    sm_arena *a;
    char folder[PATH_MAX];
} fixture;

static int setup(void **state)
{
    static fixture f;
    sm_error err;
    sm_sv allowed;

    if (realpath(sm_test_folder("rules"), f.folder) == NULL)
        return 1;
    allowed = sm_sv_cstr(f.folder);
    sm_engine_config c = { .threads = 4,
                           .memory_limit = SM_SV("1GiB"),
                           .allowed_directories = &allowed,
                           .allowed_count = 1 };
    f.a = sm_arena_new("test");
    sm_assert_ok(sm_engine_open(&c, &f.e, &err), err);
    sm_assert_ok(sm_session_open(f.e, &f.s, &err), err);
    sm_assert_ok(sm_session_exec(
                     f.s,
                     SM_SV("CREATE TEMP TABLE big AS SELECT i AS id, i % 10 AS k, i % 7 AS m, "
                           "'name ' || (i % 1000) AS name, CASE WHEN i % 11 > 0 THEN i % 11 END "
                           "AS maybe FROM range(20000) t(i);"
                           "CREATE TEMP TABLE small AS SELECT i AS k, 'k' || i AS label, i * 2 AS "
                           "v FROM range(8) t(i);"
                           "CREATE TEMP TABLE none AS SELECT * FROM big WHERE false"),
                     &err),
                 err);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;

    sm_session_close(f->s);
    sm_engine_close(f->e);
    sm_arena_free(f->a);
    return 0;
}

typedef struct shape {
    const char *query;
    const char *drop, *warn; /* rules over its columns; warn may be NULL */
} shape;

static const shape shapes[] = {
    { "SELECT id, k FROM big", "k <> 3", "id > 100" },
    /* joins */
    { "SELECT b.id, s.label, s.v FROM big b JOIN small s ON b.k = s.k", "v > 4", "id % 2 = 0" },
    { "SELECT b.id, b.k, s.label FROM big b LEFT JOIN small s ON b.k = s.k", "label IS NOT NULL",
      "k < 9" },
    { "SELECT b.id, s.k AS sk FROM small s RIGHT JOIN big b ON b.k = s.k", "sk > 2", "id >= 0" },
    { "SELECT b.id, s.k FROM big b FULL JOIN small s ON b.k = s.k AND b.m = 1", "k IS NOT NULL",
      NULL },
    { "SELECT b.id, b.m FROM big b WHERE b.k IN (SELECT k FROM small)", "m <> 2", NULL },
    { "SELECT b.id, b.m FROM big b WHERE NOT EXISTS (SELECT 1 FROM small s WHERE s.k = b.k)",
      "m <> 2", NULL },
    { "SELECT b.id, s.v FROM big b, small s WHERE b.id < 3000", "v <> 6", "id > 5" },
    { "SELECT b.id, s.v FROM big b ASOF JOIN small s ON b.m >= s.k", "v <> 6", NULL },
    { "SELECT b.id, x.y FROM big b, LATERAL (SELECT b.m + 1 AS y) x", "y < 5", NULL },
    /* aggregates and windows */
    { "SELECT k, m, count(*) AS n, sum(id) AS s FROM big GROUP BY k, m", "k <> 3", "n > 285" },
    { "SELECT k, count(*) AS n FROM big GROUP BY ROLLUP (k)", "k IS NOT NULL", NULL },
    { "SELECT k, count(*) AS n FROM big GROUP BY k HAVING count(*) > 10", "k < 4", NULL },
    { "SELECT count(*) AS n FROM none", "n > 0", NULL },
    { "SELECT DISTINCT k, m FROM big", "k <> 3", "m = 1" },
    { "SELECT DISTINCT ON (k) k, id FROM big ORDER BY k, id", "k > 4", NULL },
    { "SELECT id, k, row_number() OVER (PARTITION BY k ORDER BY id) AS r FROM big", "k = 1",
      "r < 3" },
    { "SELECT id, k FROM big QUALIFY row_number() OVER (PARTITION BY k ORDER BY id) < 50", "k = 1",
      "id > 9" },
    { "SELECT id, lag(k) OVER (ORDER BY id) AS before FROM big", "before > 2", NULL },
    /* sets */
    { "SELECT id, k FROM big UNION ALL SELECT k, v FROM small", "k <> 3", "id > 4" },
    { "SELECT k FROM big UNION SELECT v FROM small", "k <> 3", NULL },
    { "SELECT k FROM big EXCEPT SELECT k FROM small WHERE k > 2", "k <> 1", NULL },
    { "SELECT k FROM big INTERSECT ALL SELECT v FROM small", "k <> 4", NULL },
    /* limits */
    { "SELECT id, k FROM big ORDER BY id LIMIT 5000", "k <> 3", "id > 10" },
    { "SELECT id, k FROM big ORDER BY id LIMIT 5000 OFFSET 1234", "k <> 3", "id > 10" },
    { "SELECT id, k FROM big ORDER BY id DESC LIMIT 1 PERCENT", "k <> 3", NULL },
    { "SELECT id, k FROM (SELECT id, k FROM big ORDER BY id LIMIT 777) WHERE k > 1", "k <> 3",
      NULL },
    /* subqueries and common table expressions */
    { "SELECT * FROM (SELECT id, k + 1 AS k1 FROM big WHERE m = 3) WHERE k1 > 2", "k1 <> 5", NULL },
    { "WITH c AS (SELECT id, k FROM big WHERE m < 3) SELECT a.id, b.k FROM c a JOIN c b USING (id)",
      "k <> 3", "id > 99" },
    { "WITH c AS MATERIALIZED (SELECT id, k FROM big) SELECT * FROM c UNION ALL SELECT * FROM c",
      "k <> 3", NULL },
    { "WITH RECURSIVE r AS (SELECT 0 AS i UNION ALL SELECT i + 1 FROM r WHERE i < 99) SELECT i "
      "FROM "
      "r",
      "i % 3 = 0", NULL },
    { "SELECT id, (SELECT max(v) FROM small s WHERE s.k = b.k) AS top FROM big b", "top > 4",
      NULL },
    { "SELECT id, unnest([k, m]) AS u FROM big", "u <> 3", "u < 8" },
    { "SELECT id, unnest(CASE WHEN k = 1 THEN [1, 2] ELSE []::INTEGER[] END) AS u FROM big",
      "u = 1", NULL },
    /* a filter of the user that costs more than the rule */
    { "SELECT id, name, k FROM big WHERE regexp_matches(name, '^name (.*[13579])?5$')", "k <> 5",
      "id > 100" },
    { "SELECT id, name, k FROM big WHERE regexp_matches(name, '5$') AND md5(name) > '8'", "k = 5",
      NULL },
    /* NULL is a violation; rules that say nothing or everything; constants; no rows */
    { "SELECT id, maybe FROM big", "maybe > 3", "maybe < 10" },
    { "SELECT id FROM big", "true", "false" },
    { "SELECT id FROM big", "NULL", NULL },
    { "SELECT 1 AS one, NULL AS n FROM big", "one = 1", "n IS NULL" },
    { "SELECT 1 AS one", "one = 2", NULL },
    { "SELECT * FROM none", "id > 3", NULL },
    { "SELECT id, name FROM big", "name::INTEGER > 3", "id // (id - id) > 0" },
    { "SELECT id, k FROM big -- with a comment at the end", "k <> 3 -- and here", NULL },
};

static int64_t count(fixture *f, const char *query, const char *condition)
{
    sm_sv sql =
        sm_arena_printf(f->a, "SELECT count(*) FROM (%s\n) q WHERE (%s\n)", query, condition);
    int64_t n = -1;
    sm_error err;

    sm_assert_ok(sm_session_int64(f->s, sql, &n, &err), err);
    return n;
}

static void row_json(const void *ctx, size_t i, sm_buf *b)
{
    sm_rules_rows_json(ctx, i, b);
}

static void judge(void *ctx, const uint8_t *const *pass, size_t n, const sm_rules_rows *rows,
                  uint8_t *mask)
{
    sm_mask_judge(ctx, pass, n, row_json, rows, mask);
}

/* A query with its rules around it. */
typedef struct judged {
    sm_mask *mask;
    sm_engine_rules *rules;
    sm_sv select;
} judged;

static judged judged_new(fixture *f, const char *query, const sm_rule *rules, size_t n)
{
    judged j = { .mask = sm_mask_new(rules, n) };
    sm_sv *exprs = SM_NEW_N(f->a, sm_sv, n), *names;
    sm_schema schema;
    sm_buf b;
    sm_error err;

    for (size_t i = 0; i < n; i++)
        exprs[i] = sm_rule_sql(rules[i].expr, f->a);
    sm_assert_ok(sm_session_describe(f->s, sm_sv_cstr(query), f->a, &schema, &err), err);
    names = SM_NEW_N(f->a, sm_sv, schema.n);
    for (size_t i = 0; i < schema.n; i++)
        names[i] = schema.columns[i].name;
    sm_rules_def def = {
        .n_rules = n, .columns = names, .n_columns = schema.n, .ctx = j.mask, .judge = judge
    };
    sm_assert_ok(sm_engine_rules_add(f->e, &def, &j.rules, &err), err);
    sm_buf_init(&b, 65536);
    sm_engine_rules_select(j.rules, sm_sv_cstr(query), exprs, &b);
    j.select = sm_arena_dup(f->a, sm_buf_sv(&b));
    sm_buf_release(&b);
    return j;
}

static void judged_free(judged *j)
{
    sm_engine_rules_remove(j->rules);
    sm_mask_free(j->mask);
}

static void shape_counts(fixture *f, const shape *c)
{
    sm_rule rules[2] = {
        { .name = SM_SV("keep"), .expr = sm_sv_cstr(c->drop), .policy = SM_POLICY_DROP },
        { .name = SM_SV("note"), .expr = sm_sv_cstr(c->warn), .policy = SM_POLICY_WARN },
    };
    size_t n = c->warn != NULL ? 2 : 1;
    judged j = judged_new(f, c->query, rules, n);
    int64_t all = count(f, c->query, "true");
    char stem[32];
    static int serial;
    sm_copied copied;
    sm_error err;

    snprintf(stem, sizeof stem, "part-%d", serial++);
    sm_copy_options o = { .folder = sm_sv_cstr(f->folder), .stem = sm_sv_cstr(stem) };
    sm_assert_ok(sm_session_copy(f->s, j.select, &o, f->a, &copied, &err), err);
    for (size_t i = 0; i < n; i++) {
        sm_sv holds = sm_rule_sql(rules[i].expr, f->a);
        int64_t failed = all - count(f, c->query, holds.ptr);
        if (sm_mask_failed(j.mask, i) != failed)
            fail_msg("%s: rule %s failed %lld times, not %lld", c->query, rules[i].expr.ptr,
                     (long long)failed, (long long)sm_mask_failed(j.mask, i));
        assert_int_equal(sm_mask_sample_count(j.mask, i),
                         failed < SM_MASK_SAMPLES ? failed : SM_MASK_SAMPLES);
    }
    if (sm_mask_rows(j.mask) != all)
        fail_msg("%s: judged %lld rows of %lld", c->query, (long long)sm_mask_rows(j.mask),
                 (long long)all);
    assert_int_equal(sm_mask_dropped(j.mask), sm_mask_failed(j.mask, 0));
    assert_int_equal(copied.rows, all - sm_mask_failed(j.mask, 0));
    judged_free(&j);
}

static void test_rules__count_exactly_the_rows_that_come_out(void **state)
{
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
        shape_counts(*state, &shapes[i]);
}

/* ---- rows set aside ---- */

static sm_sv aside_name(fixture *f, judged *j, int64_t want)
{
    int64_t rows;
    sm_sv name;
    sm_error err;

    (void)f;
    sm_assert_ok(sm_engine_rules_aside(j->rules, &rows, &name, &err), err);
    assert_int_equal(rows, want);
    assert_int_equal(name.len > 0, want > 0);
    return name;
}

static void test_rules__rows_set_aside_are_those_that_are_not_kept(void **state)
{
    fixture *f = *state;

    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i += 3) {
        sm_rule rule = { .name = SM_SV("r"),
                         .expr = sm_sv_cstr(shapes[i].drop),
                         .policy = SM_POLICY_QUARANTINE };
        judged j = judged_new(f, shapes[i].query, &rule, 1);
        sm_sv holds = sm_rule_sql(rule.expr, f->a), name;
        int64_t out = 0;
        char sql[8192];
        sm_error err;

        snprintf(sql, sizeof sql, "SELECT count(*) FROM (%.*s)", SM_SV_ARG(j.select));
        sm_assert_ok(sm_session_int64(f->s, sm_sv_cstr(sql), &out, &err), err);
        assert_int_equal(out + sm_mask_quarantined(j.mask), sm_mask_rows(j.mask));
        assert_int_equal(sm_mask_dropped(j.mask), 0);
        name = aside_name(f, &j, sm_mask_quarantined(j.mask));
        if (name.len > 0)
            assert_int_equal(count(f, sm_arena_printf(f->a, "SELECT * FROM %s", name.ptr).ptr,
                                   sm_arena_printf(f->a, "NOT %s", holds.ptr).ptr),
                             sm_mask_quarantined(j.mask));
        judged_free(&j);
    }
}

static void test_rules__rows_set_aside_keep_values_types_and_broken_rules(void **state)
{
    fixture *f = *state;
    sm_rule rules[] = {
        { .name = SM_SV("a"), .expr = SM_SV("id <> 7"), .policy = SM_POLICY_QUARANTINE },
        { .name = SM_SV("b"), .expr = SM_SV("id < 7"), .policy = SM_POLICY_WARN },
    };
    const char *query =
        "SELECT id, name AS \"a \"\"name\"\"\", [name, NULL] AS l, {'x y': [{'m': m}]} AS s, "
        "MAP {name: id} AS p, id::DECIMAL(30,3) AS c, 'a'::BLOB AS o, NULL AS n, "
        "TIMESTAMPTZ '2026-01-31 00:00:00+00' AS z, uuid() AS u, "
        "'{}'::JSON AS j, id::HUGEINT AS h FROM big";
    judged j = judged_new(f, query, rules, 2);
    sm_sv name, text;
    sm_schema was, is;
    char sql[4096];
    sm_error err;

    for (int round = 0; round < 2; round++) { /* again after it was forgotten */
        sm_mask_reset(j.mask);
        sm_assert_ok(sm_session_exec(f->s, j.select, &err), err);
        name = aside_name(f, &j, 1);
        sm_assert_ok(sm_session_describe(f->s, sm_sv_cstr(query), f->a, &was, &err), err);
        snprintf(sql, sizeof sql, "SELECT * FROM %.*s", SM_SV_ARG(name));
        sm_assert_ok(sm_session_describe(f->s, sm_sv_cstr(sql), f->a, &is, &err), err);
        assert_int_equal(is.n, was.n + 1);
        for (size_t i = 0; i < was.n; i++)
            if (!sm_sv_eq(was.columns[i].name, SM_SV("n"))) /* a NULL of no type */
                assert_string_equal(is.columns[i].type.ptr, was.columns[i].type.ptr);
        snprintf(sql, sizeof sql,
                 "SELECT id || l::VARCHAR || s::VARCHAR || p::VARCHAR || c || o || z || j || h "
                 "|| " SM_ENGINE_BROKEN " FROM %.*s",
                 SM_SV_ARG(name));
        sm_assert_ok(sm_session_text(f->s, sm_sv_cstr(sql), f->a, &text, &err), err);
        assert_string_equal(text.ptr, "7[name 7, NULL]{'x y': [{'m': 0}]}{name 7=7}7.000a"
                                      "2026-01-31 00:00:00+00{}711");
        sm_engine_rules_forget(j.rules);
        assert_int_equal(aside_name(f, &j, 0).len, 0);
    }
    judged_free(&j);
}

static void test_rules__many_rows_set_aside_by_many_threads_are_all_there(void **state)
{
    fixture *f = *state;
    sm_rule rule = { .name = SM_SV("r"),
                     .expr = SM_SV("id % 2 = 0"),
                     .policy = SM_POLICY_QUARANTINE };
    judged j = judged_new(f, "SELECT range AS id, 'row number ' || range AS t FROM range(200000)",
                          &rule, 1);
    char sql[1024];
    int64_t sum = 0;
    sm_sv name;
    sm_error err;

    sm_assert_ok(sm_session_exec(f->s, j.select, &err), err);
    name = aside_name(f, &j, 100000);
    snprintf(sql, sizeof sql,
             "SELECT sum(id)::BIGINT FROM %.*s WHERE t = 'row number ' || id AND id %% 2 = 1",
             SM_SV_ARG(name));
    sm_assert_ok(sm_session_int64(f->s, sm_sv_cstr(sql), &sum, &err), err);
    assert_int_equal(sum, 10000000000);
    judged_free(&j);
}

static void test_rules__what_reads_the_result_does_not_change_the_counts(void **state)
{
    fixture *f = *state;
    sm_rule rule = { .name = SM_SV("r"), .expr = SM_SV("k <> 3"), .policy = SM_POLICY_DROP };
    static const char *const above[] = {
        "SELECT * FROM (%.*s)",
        "SELECT k, id::VARCHAR AS id FROM (%.*s)",
        "SELECT id FROM (%.*s)",
        "SELECT count(*) FROM (%.*s)",
    };

    for (size_t i = 0; i < sizeof above / sizeof above[0]; i++) {
        judged j = judged_new(f, "SELECT id, k FROM big", &rule, 1);
        char sql[4096];
        sm_error err;
        snprintf(sql, sizeof sql, above[i], SM_SV_ARG(j.select));
        sm_assert_ok(sm_session_exec(f->s, sm_sv_cstr(sql), &err), err);
        assert_int_equal(sm_mask_rows(j.mask), 20000);
        assert_int_equal(sm_mask_failed(j.mask, 0), 2000);
        judged_free(&j);
    }
}

static void test_rules__samples_are_rows_as_json(void **state)
{
    fixture *f = *state;
    sm_rule rule = { .name = SM_SV("r"), .expr = SM_SV("id <> 7"), .policy = SM_POLICY_WARN };
    judged j = judged_new(f,
                          "SELECT id, name AS \"a \"\"name\"\"\", [k, NULL] AS l, {'x': m} AS s, "
                          "DATE '2026-01-31' AS d, NULL AS n FROM big",
                          &rule, 1);
    sm_error err;

    sm_assert_ok(sm_session_exec(f->s, j.select, &err), err);
    assert_int_equal(sm_mask_sample_count(j.mask, 0), 1);
    assert_string_equal(sm_mask_sample(j.mask, 0, 0).ptr,
                        "{\"id\":7,\"a \\\"name\\\"\":\"name 7\",\"l\":[7,null],\"s\":{\"x\":0},"
                        "\"d\":\"2026-01-31\",\"n\":null}");
    judged_free(&j);
}

static void test_rules__queries_cannot_call_the_function(void **state)
{
    fixture *f = *state;
    sm_error err;

    sm_assert_code(sm_session_exec(f->s, SM_SV("SELECT smelt_rules(99, true)"), &err), SM_E_SQL);
    sm_test_contains(err.msg, "smelt_rules is not for queries");
}

static void test_rules__several_flows_judge_at_once(void **state)
{
    fixture *f = *state;
    sm_rule rule = { .name = SM_SV("r"), .expr = SM_SV("k <> 3"), .policy = SM_POLICY_DROP };
    judged one = judged_new(f, "SELECT id, k FROM big", &rule, 1);
    judged two = judged_new(f, "SELECT id, k FROM big WHERE k < 5", &rule, 1);
    char sql[4096];
    sm_error err;

    snprintf(sql, sizeof sql, "SELECT * FROM (%.*s) UNION ALL SELECT * FROM (%.*s)",
             SM_SV_ARG(one.select), SM_SV_ARG(two.select));
    sm_assert_ok(sm_session_exec(f->s, sm_sv_cstr(sql), &err), err);
    assert_int_equal(sm_mask_rows(one.mask), 20000);
    assert_int_equal(sm_mask_rows(two.mask), 10000);
    judged_free(&one);
    judged_free(&two);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_rules__count_exactly_the_rows_that_come_out),
        SM_TEST(test_rules__what_reads_the_result_does_not_change_the_counts),
        SM_TEST(test_rules__rows_set_aside_are_those_that_are_not_kept),
        SM_TEST(test_rules__rows_set_aside_keep_values_types_and_broken_rules),
        SM_TEST(test_rules__many_rows_set_aside_by_many_threads_are_all_there),
        SM_TEST(test_rules__samples_are_rows_as_json),
        SM_TEST(test_rules__queries_cannot_call_the_function),
        SM_TEST(test_rules__several_flows_judge_at_once),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
