/* SPDX-License-Identifier: Apache-2.0 */
/* test_sql_engine.c -- queries through the real engine: what they name, what is refused, what
 * they become, and that what they become gives the same rows. */
#include "tests/support/test.h"

#include <stdlib.h>

#include "pipelines/sql/sql_int.h"
#include "runtime/base/sqltext.h"
#include "tests/support/live_engine.h"

typedef struct reading {
    sm_arena *a;
    sm_diags *d;
    const sm_sql_query *q;
} reading;

static reading read_as(const char *sql, sm_sql_kind kind)
{
    reading r = { .a = sm_arena_new("test") };
    sm_text *text = SM_NEW(r.a, sm_text);
    sm_sql_input in = { kind, text, SM_SV("q"), { NULL, 0 } };
    sm_error err;

    r.d = sm_diags_new(r.a);
    *text = sm_text_of(sm_sv_cstr(sql), "<query>");
    if (sm_sql_read(sm_test_live_engine(), &in, 1, r.a, r.d, &r.q, &err) != SM_OK)
        fail_msg("%s: %s", sql, err.msg);
    return r;
}

/* "SM0205 8-12 SM0206 1-3": codes with columns of the first line. */
static const char *findings(const reading *r)
{
    sm_buf text;
    sm_sv out;

    sm_buf_init(&text, 10000);
    for (size_t i = 0; i < sm_diags_count(r->d); i++) {
        const sm_diag *d = sm_diags_at(r->d, i);

        sm_buf_addf(&text, "%s%s %u-%u", i ? " " : "", d->def->id, d->at.column, d->at.end_column);
    }
    out = sm_arena_dup(r->a, sm_buf_sv(&text));
    sm_buf_release(&text);
    return out.ptr;
}

static void check_refused(const char *sql, sm_sql_kind kind, const char *wanted)
{
    reading r = read_as(sql, kind);

    if (strcmp(findings(&r), wanted) != 0)
        fail_msg("%s\n  expected %s\n  found    %s", sql, wanted, findings(&r));
    assert_null(r.q);
    sm_arena_free(r.a);
}

static void check_accepted(const char *sql, sm_sql_kind kind)
{
    reading r = read_as(sql, kind);

    if (!r.q)
        fail_msg("%s\n  is refused: %s", sql, findings(&r));
    sm_arena_free(r.a);
}

/* ---- references ---------------------------------------------------------------- */

/* References as "x", "STREAM s.y", "z AS" with the bytes that they span. */
static void check_refs(const char *sql, const char *wanted)
{
    reading r = read_as(sql, SM_SQL_QUERY);
    sm_buf text;

    if (!r.q)
        fail_msg("%s\n  is refused: %s", sql, findings(&r));
    sm_buf_init(&text, 10000);
    for (size_t i = 0; i < r.q->n_refs; i++) {
        const sm_sql_ref *ref = &r.q->refs[i];

        sm_buf_addf(&text, "%s[%.*s]%s%.*s%s%.*s%s", i ? " " : "", (int)ref->len, sql + ref->offset,
                    ref->stream ? "~" : "", SM_SV_ARG(ref->schema), ref->schema.len ? "." : "",
                    SM_SV_ARG(ref->name), ref->aliased ? "=" : "");
    }
    if (strcmp(text.ptr, wanted) != 0)
        fail_msg("%s\n  expected %s\n  found    %s", sql, wanted, text.ptr);
    sm_buf_release(&text);
    sm_arena_free(r.a);
}

static void test_sql_refs__tables_and_streams_with_their_places(void **state)
{
    (void)state;
    check_refs("SELECT * FROM a", "[a]a");
    check_refs("FROM a x, s.b JOIN STREAM(c) y USING (i)", "[a]a= [s.b]s.b [STREAM(c)]~c=");
    check_refs("FROM STREAM a, STREAM \"B b\" x", "[STREAM a]~a [STREAM \"B b\"]~B b=");
    check_refs("FROM STREAM ( s . c )", "[STREAM ( s . c )]~s.c");
    check_refs("SELECT 'é', a.x FROM a", "[a]a");
    check_refs("TABLE a", "[TABLE a]a");
    check_refs("SELECT * FROM a, a", "[a]a [a]a");
    check_refs("SELECT 1", "");
    check_refs("FROM x: a", "[a]a=");
    check_refs("SELECT\xc2\xa0i /*\xc2\xa0*/, 'a\xc2\xa0' FROM\xe3\x80\x80"
               "a\xc2\xa0x, STREAM\xc2\xa0"
               "b",
               "[a]a= [STREAM\xc2\xa0"
               "b]~b");
}

static void test_sql_refs__subqueries_set_operations_and_lateral(void **state)
{
    (void)state;
    check_refs(
        "SELECT (SELECT max(x) FROM b) FROM a WHERE EXISTS (SELECT 1 FROM c WHERE c.i = a.i)",
        "[b]b [a]a [c]c");
    check_refs("SELECT i FROM a UNION ALL (SELECT i FROM b EXCEPT SELECT i FROM c)",
               "[a]a [b]b [c]c");
    check_refs("SELECT * FROM a, LATERAL (SELECT a.i + b.i FROM b)", "[a]a [b]b");
    check_refs("SELECT * FROM a WHERE i IN (SELECT i FROM b) ORDER BY (SELECT 1 FROM c)",
               "[c]c [a]a [b]b");
    check_refs("SELECT * FROM a PIVOT (sum(x) FOR y IN (1, 2))", "[a]a");
}

static void test_sql_refs__a_cte_hides_a_dataset_only_where_it_is_seen(void **state)
{
    (void)state;
    check_refs("WITH c AS (SELECT 1) SELECT * FROM c", "");
    check_refs("WITH c AS (SELECT 1) SELECT * FROM C, \"C\"", "");
    check_refs("WITH a AS (FROM a) FROM a", "[a]a");
    check_refs("WITH a AS (FROM b), b AS (FROM a) FROM b", "[b]b");
    check_refs("SELECT * FROM (WITH c AS (SELECT 1) FROM c) x, c", "[c]c");
    check_refs("WITH c AS (SELECT 1) SELECT (SELECT max(i) FROM c) FROM a", "[a]a");
    check_refs("WITH c AS (SELECT 1) FROM (WITH d AS (FROM c, e) FROM d, c)", "[e]e");
    check_refs("WITH c AS (SELECT 1) FROM s.c", "[s.c]s.c");
    check_refs("WITH RECURSIVE c AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM c, a) FROM c",
               "[a]a");
    check_refs("WITH stream AS (SELECT 1) SELECT * FROM stream", "");
}

/* ---- the allow-list ------------------------------------------------------------ */

static void test_sql_allow__the_breadth_of_the_dialect_is_accepted(void **state)
{
    static const char *const texts[] = {
        "SELECT * EXCLUDE (x) REPLACE (y + 1 AS y), COLUMNS('a.*'), t.* FROM t",
        "SELECT list_transform(l, lambda x: x + 1), list_filter(l, lambda x: x > 1) FROM t",
        "SELECT [x * 2 FOR x IN l IF x > 1], l[1], l[1:2], {'a': 1}.a, MAP {'k': 1}['k'] FROM t",
        "SELECT a.b.c, s['x'], struct_pack(p := 1), row(1, 2), (1, 2) FROM t",
        "SELECT sum(x) FILTER (WHERE y), count(DISTINCT z), list(x ORDER BY y DESC) FROM t",
        "SELECT a, sum(b) FROM t GROUP BY GROUPING SETS ((a), ()) HAVING count(*) > 1",
        "SELECT a, grouping(a), sum(b) FROM t GROUP BY ROLLUP (a)",
        "SELECT a FROM t QUALIFY row_number() OVER (PARTITION BY a ORDER BY b) = 1",
        "SELECT sum(a) OVER w, lag(a) OVER w FROM t WINDOW w AS (ORDER BY b ROWS 3 PRECEDING)",
        "SELECT DISTINCT ON (a) a, b FROM t ORDER BY a, b DESC NULLS LAST LIMIT 3 OFFSET 1",
        "SELECT * FROM t ASOF JOIN u ON t.a >= u.a",
        "SELECT * FROM t NATURAL JOIN u SEMI JOIN v USING (x) ANTI JOIN w USING (y)",
        "SELECT * FROM t POSITIONAL JOIN u",
        "SELECT x::STRUCT(a INT, b VARCHAR[]), TRY_CAST(x AS DECIMAL(10, 2)), x::ENUM ('a') FROM t",
        "SELECT CASE x WHEN 1 THEN 'a' ELSE 'b' END, coalesce(a, b), ifnull(a, b), nullif(a, b) "
        "FROM t",
        "SELECT x BETWEEN 1 AND 2, x NOT IN (1, 2), x IS DISTINCT FROM y, NOT x, -x, x IS NULL "
        "FROM t",
        "SELECT a LIKE 'x%', a ILIKE 'x', a SIMILAR TO 'x', a ~ 'x', a GLOB 'x', a COLLATE NOCASE "
        "FROM t",
        "SELECT interval '1 day', interval 3 hours, date '2026-01-01', ts AT TIME ZONE 'UTC' FROM "
        "t",
        "SELECT extract(year FROM ts), substring(a FROM 1 FOR 2), trim(BOTH 'x' FROM a), "
        "position('a' IN b) FROM t",
        "SELECT j -> '$.a' ->> 'b', json_extract_string(j, '$.x'), to_json(a) FROM t",
        "SELECT a.upper(), a.upper().lower() FROM t",
        "SELECT $$it's$$, e'\\n', 'é', 1e5, 1_000, true, NULL",
        "FROM t SELECT a WHERE b",
        "VALUES (1, 'a'), (2, 'b')",
        "SELECT * FROM (VALUES (1), (2)) v(x), range(3) r(i), generate_series(1, 2), unnest([1]) "
        "u(j)",
        "SELECT unnest(l), a FROM t",
        "SELECT * FROM t, json_each(j)",
        "SELECT * FROM t UNION BY NAME SELECT * FROM u INTERSECT ALL SELECT * FROM v",
        "SELECT * FROM t UNPIVOT (v FOR k IN (a, b))",
        "SELECT * FROM t TABLESAMPLE 10%",
        "WITH c AS MATERIALIZED (SELECT 1 AS i) SELECT * FROM c WHERE i = ANY (SELECT 1)",
        "SELECT now(), current_date, current_timestamp, today(), localtimestamp",
        "SELECT window(ts, '10 minutes') AS w, count(*) FROM t GROUP BY ALL",
        "SELECT random(), uuid() FROM t",
        "SELECT a AS \"select\", b AS \"window\" FROM t ORDER BY ALL",
        "SELECT #1 FROM t",
        "SELECT TRY(a / b), x ** 2, x // 3, x % 4, x << 1, x & 3, x | 4, ~x, x ^ 2, x <=> y FROM t",
        "SELECT 1;",
        "SELECT 1 -- the end",
    };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        check_accepted(texts[i], SM_SQL_QUERY);
}

static void test_sql_allow__what_reads_or_acts_outside_is_refused(void **state)
{
    static const char *const texts[][2] = {
        { "SELECT * FROM '/etc/passwd'", "SM0207 15-28" },
        { "SELECT * FROM 'a.parquet' x", "SM0207 15-26" },
        { "SELECT * FROM read_csv('x')", "SM0207 15-23" },
        { "SELECT * FROM glob('*')", "SM0207 15-19" },
        { "SELECT * FROM query('SELECT 1')", "SM0207 15-20" },
        { "SELECT * FROM duckdb_secrets()", "SM0207 15-29" },
        { "SELECT * FROM t, LATERAL (SELECT * FROM read_text(t.a))", "SM0207 41-50" },
        { "SELECT getvariable('x')", "SM0206 8-19" },
        { "SELECT current_setting('x')", "SM0206 8-23" },
        { "SELECT a FROM t WHERE (SELECT write_log(a) FROM t) = 1", "SM0206 31-40" },
        { "SELECT nextval('s')", "SM0206 8-15" },
        { "SELECT list_transform(l, lambda x: getvariable(x)) FROM t", "SM0206 36-47" },
        { "SELECT sum(sleep_ms(1)) OVER (ORDER BY getvariable('x')) FROM t",
          "SM0206 12-20 SM0206 40-51" },
        { "SELECT * FROM t ORDER BY error('x')", "SM0206 26-31" },
        { "SELECT * FROM t LIMIT getvariable('x')", "SM0206 23-34" },
        { "WITH c AS (SELECT getvariable('x')) SELECT 1", "SM0206 19-30" },
        { "SELECT * FROM (VALUES (getvariable('x')))", "SM0206 24-35" },
        { "SELECT * FROM t PIVOT (max(getvariable('x')) FOR a IN (1))", "SM0206 28-39" },
        { "SELECT COLUMNS(c -> getvariable(c) = 1) FROM t", "SM0206 21-32" },
        { "SELECT * REPLACE (getvariable('x') AS a) FROM t", "SM0206 19-30" },
        { "SELECT a.getvariable() FROM t", "SM0206 8-21" },
        { "SELECT system.main.upper('x')", "SM0208 8-25" },
        { "SELECT * FROM a.b.c", "SM0208 15-20" },
        { "SELECT age(ts) FROM t", "SM0206 8-11" },
        { "SELECT frobnicate(a) FROM t", "SM0205 8-18" },
        { "SELECT json_serialize_sql('SELECT 1')", "SM0205 8-26" },
        { "SELECT json_execute_serialized_sql('x')", "SM0206 8-35" },
        { "SUMMARIZE t", "SM0210 11-12" },
        { "DESCRIBE t", "SM0210 10-11" },
        { "SELECT * FROM t AT (VERSION => 1)", "SM0210 15-16" },
        { "SELECT $v", "SM0240 8-10" },
        { "SELECT '${x}' FROM t", "SM0209 9-13" },
        { "SELECT ${x} FROM t", "SM0209 8-12" },
        { "WITH _smelt_in_0 AS (SELECT 1) FROM t, \"_SMELT_x\"", "SM0217 6-17 SM0217 40-50" },
        { "SELECT * FROM range(getvariable('x')) r(i)", "SM0206 21-32" },
        { "SELECT stream(t) FROM t", "SM0216 8-14" },
        { "SELECT * FROM STREAM('t')", "SM0216 15-21" },
        { "SELECT * FROM STREAM(a, b)", "SM0216 15-21" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        check_refused(texts[i][0], SM_SQL_QUERY, texts[i][1]);
}

/* The pinned list against the engine's own: what it lacks, and what it holds otherwise. */
static void test_sql_functions__the_list_agrees_with_the_engine(void **state)
{
    static const char *const kinds[] = { [SM_FUNCTION_SCALAR] = "scalar",
                                         [SM_FUNCTION_AGGREGATE] = "aggregate",
                                         [SM_FUNCTION_WINDOW] = "window",
                                         [SM_FUNCTION_ROWS] = "rows",
                                         [SM_FUNCTION_VOLATILE] = "volatile" };
    static const char *const names[] = {
#define X(name, kind) name,
#include "pipelines/sql/sql_functions.inc"
#undef X
    };
    sm_arena *a = sm_arena_new("test");
    sm_buf sql;

    (void)state;
    sm_buf_init(&sql, 1000000);
    sm_buf_adds(&sql,
                "SELECT coalesce(string_agg(l.name || ' is ' || coalesce(e.kind, 'not there'), "
                "', '), '') FROM (VALUES ");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        sm_buf_addf(&sql, "%s(", i ? "," : "");
        sm_sql_literal(&sql, sm_sv_cstr(names[i]));
        sm_buf_addf(&sql, ",'%s')", kinds[sm_sql__function(sm_sv_cstr(names[i]))]);
    }
    sm_buf_adds(&sql,
                ") l(name, kind) LEFT JOIN (SELECT lower(function_name) AS name, CASE WHEN "
                "bool_or(stability = 'VOLATILE') THEN 'volatile' WHEN bool_or(function_type = "
                "'aggregate') THEN 'aggregate' ELSE 'scalar' END AS kind FROM duckdb_functions() "
                "WHERE function_type IN ('scalar', 'aggregate', 'macro') GROUP BY 1) e USING "
                "(name) WHERE l.name <> 'unnest' AND e.kind IS DISTINCT FROM l.kind AND NOT "
                "(l.kind IN ('window', 'rows')) AND NOT (l.kind = 'aggregate' AND l.name IN "
                "('geomean', 'geometric_mean', 'wavg', 'weighted_avg', 'json_group_array', "
                "'json_group_object', 'json_group_structure'))");
    assert_string_equal(sm_test_live_value(sm_buf_sv(&sql), a).ptr, "");
    sm_buf_release(&sql);
    sm_arena_free(a);
}

static void test_sql_read__only_one_select_is_a_query(void **state)
{
    static const char *const texts[][2] = {
        { "SELEC 1", "SM0201 1-6" },
        { "SELECT 1; SELECT 2", "SM0202 11-17" },
        { "", "SM0202 1-2" },
        { "INSERT INTO t VALUES (1)", "SM0202 1-25" },
        { "COPY t TO 'x'", "SM0202 1-14" },
        { "ATTACH 'x'", "SM0202 1-11" },
        { "PIVOT t ON a USING sum(b)", "SM0202 1-26" },
        { "SELECT a FROM t WHERE b = :x", "SM0201 27-28" },
        { "SELECT (1", "SM0201 10-11" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        check_refused(texts[i][0], SM_SQL_QUERY, texts[i][1]);
}

static void test_sql_read__a_rule_is_one_expression_over_one_row(void **state)
{
    static const char *const texts[][2] = {
        { "(SELECT max(a) FROM t) > 1", "SM0602 1-2 SM0603 9-12" },
        { "sum(a) > 1", "SM0603 1-4" },
        { "random() > 0.5", "SM0605 1-7" },
        { "row_number() OVER () > 1", "SM0604 1-11" },
        { "window(ts, '1 m').start > x", "SM0604 1-7" },
        { "unnest([1]) > 0", "SM0606 1-7" },
        { "COLUMNS(*) > 0", "SM0606 1-8" },
        { "#1 > 0", "SM0606 1-2" },
        { "a > 0) FROM (SELECT 1", "SM0601 1-22" },
        { "a) AS x, (b", "SM0601 1-12" },
        { "a > 0; SELECT 1", "SM0201 6-7" },
        { "getvariable('x') = 1", "SM0206 1-12" },
        { "a >", "SM0201 3-4" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        check_refused(texts[i][0], SM_SQL_RULE, texts[i][1]);
    check_accepted("a > 0 AND b IS NOT NULL -- why", SM_SQL_RULE);
    check_accepted("ts <= now() AND regexp_matches(a, '^x')", SM_SQL_RULE);
    check_accepted("list_contains(l, x) OR EXISTS_ IS NULL", SM_SQL_RULE);
}

static void test_sql_read__too_much_is_refused(void **state)
{
    enum { N = 300000 };
    char *sql = malloc(N + 1);
    reading r;

    (void)state;
    memset(sql, ' ', N);
    sql[N] = '\0';
    r = read_as(sql, SM_SQL_QUERY);
    assert_null(r.q);
    assert_string_equal(sm_diags_at(r.d, 0)->def->id, "SM0214");
    sm_arena_free(r.a);
    memset(sql, '(', 5000);
    memcpy(sql, "SELECT ", 7);
    sql[5000] = '\0';
    r = read_as(sql, SM_SQL_QUERY);
    assert_null(r.q);
    assert_true(sm_diags_errors(r.d) > 0);
    sm_arena_free(r.a);
    free(sql);
}

/* ---- streams ------------------------------------------------------------------- */

/* The judgement, where STREAM(…) is a stream and everything else is not. */
static void check_stream(const char *sql, const char *wanted)
{
    reading r = read_as(sql, SM_SQL_QUERY);
    bool streaming[20] = { false };

    if (!r.q)
        fail_msg("%s\n  is refused: %s", sql, findings(&r));
    for (size_t i = 0; i < r.q->n_refs; i++)
        streaming[i] = r.q->refs[i].stream;
    assert_int_equal(sm_sql_judge_stream(r.q, streaming, false, r.d), wanted[0] == '\0');
    if (strcmp(findings(&r), wanted) != 0)
        fail_msg("%s\n  expected %s\n  found    %s", sql, wanted, findings(&r));
    sm_arena_free(r.a);
}

static void test_sql_stages__sql_without_memory_stays_sql(void **state)
{
    static const char *const texts[] = {
        "SELECT a, b + 1 FROM STREAM(s) WHERE c > 0",
        "SELECT a, unnest(l) FROM STREAM(s)",
        "SELECT a, (SELECT max(x) FROM t) FROM STREAM(s)",
        "SELECT a FROM STREAM(s) WHERE EXISTS (SELECT 1 FROM t WHERE t.i = s.i)",
        "SELECT a FROM STREAM(s) WHERE i IN (SELECT i FROM t GROUP BY i ORDER BY i LIMIT 3)",
        "SELECT a FROM STREAM(s) UNION ALL SELECT a FROM STREAM(r)",
        "SELECT a FROM STREAM(s) UNION ALL BY NAME SELECT a FROM STREAM(r)",
        "SELECT * FROM STREAM(s) LEFT JOIN t USING (i)",
        "SELECT * FROM t RIGHT JOIN STREAM(s) USING (i)",
        "SELECT * FROM t JOIN STREAM(s) USING (i)",
        "SELECT * FROM STREAM(s) SEMI JOIN t USING (i)",
        "SELECT * FROM STREAM(s) ANTI JOIN t USING (i)",
        "SELECT * FROM STREAM(s) ASOF JOIN t ON s.a >= t.a",
        "SELECT * FROM STREAM(s), LATERAL (SELECT sum(x) AS m FROM unnest(s.l) u(x))",
        "SELECT * FROM STREAM(s) JOIN (SELECT i, sum(x) AS m FROM t GROUP BY i) USING (i)",
        "WITH c AS (FROM STREAM(s)), d AS (SELECT DISTINCT i FROM t) FROM c JOIN d USING (i)",
        "SELECT window(ts, '1 minute') AS w, a FROM STREAM(s)",
        "SELECT * FROM STREAM(s) UNPIVOT (v FOR k IN (a, b))",
        "SELECT list_sum(l), list_aggregate(l, 'max') FROM STREAM(s)",
        "SELECT i, sum(x) OVER (ORDER BY i) FROM t",
        "WITH s AS (SELECT 1 AS i) SELECT DISTINCT i FROM s",
    };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        check_stream(texts[i], "");
}

static void test_sql_stages__what_remembers_is_left_to_the_cut(void **state)
{
    static const char *const texts[] = {
        "SELECT a, count(*) FROM STREAM(s) GROUP BY a",
        "SELECT max(a) FROM STREAM(s)",
        "SELECT DISTINCT a FROM STREAM(s)",
        "SELECT a FROM STREAM(s) UNION SELECT a FROM STREAM(r)",
        "SELECT a FROM STREAM(s) JOIN STREAM(r) USING (i)",
        "SELECT a FROM STREAM(s) LIMIT 3",
        "SELECT (SELECT max(t.a) FROM t WHERE t.b = s.b) AS m FROM STREAM(s)",
        "SELECT (SELECT max(s.a) + max(p.q) FROM t s) AS m FROM STREAM(s)",
    };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        check_stream(texts[i], "");
    check_stream("SELECT (SELECT max(s.a)) FROM STREAM(s)", "SM0501 16-19");
    check_stream("SELECT (SELECT max(a)) AS m FROM STREAM(s)", "SM0501 16-19");
    check_stream("SELECT 1 + (SELECT max(x.a) FROM t) AS m FROM t y, STREAM(s) x", "SM0501 20-23");
    check_stream("FROM STREAM(s) PIVOT (sum(x) FOR y IN (1))", "SM0501 23-26");
}

static void test_sql_stages__what_has_no_answer_is_refused_for_good(void **state)
{
    (void)state;
    check_stream("SELECT sum(a) OVER (ORDER BY b) FROM STREAM(s)", "SM0507 8-11");
    check_stream("SELECT a FROM STREAM(s) QUALIFY rank() OVER (ORDER BY b) = 1", "SM0507 33-37");
    check_stream("SELECT a FROM STREAM(s) ORDER BY a", "SM0508 25-30");
    check_stream("SELECT a FROM STREAM(s) OFFSET 2", "SM0509 25-31");
    check_stream("SELECT a FROM STREAM(s) LIMIT 10%", "SM0509 25-30");
    check_stream("SELECT a FROM STREAM(s) TABLESAMPLE 10%", "SM0510 25-36");
    check_stream("SELECT a FROM STREAM(s) USING SAMPLE 10 ROWS", "SM0510 31-37");
    check_stream("SELECT a FROM STREAM(s) UNION ALL SELECT a FROM t", "SM0511 25-30");
    check_stream("SELECT a FROM t INTERSECT SELECT a FROM STREAM(s)", "SM0512 17-26");
    check_stream("SELECT a FROM t EXCEPT SELECT a FROM STREAM(s)", "SM0513 17-23");
    check_stream("SELECT * FROM t LEFT JOIN STREAM(s) USING (i)", "SM0514 17-21");
    check_stream("SELECT * FROM STREAM(s) RIGHT JOIN t USING (i)", "SM0514 25-30");
    check_stream("SELECT * FROM STREAM(s) FULL JOIN t USING (i)", "SM0514 25-29");
    check_stream("SELECT * FROM t SEMI JOIN STREAM(s) USING (i)", "SM0514 17-21");
    check_stream("SELECT * FROM t ANTI JOIN STREAM(s) USING (i)", "SM0514 17-21");
    check_stream("SELECT * FROM t WHERE i IN (SELECT i FROM STREAM(s))", "SM0515 25-27");
    check_stream("SELECT (SELECT a FROM STREAM(s)) FROM STREAM(r)", "SM0515 8-9");
    check_stream("WITH RECURSIVE c AS (SELECT i FROM STREAM(s) UNION ALL SELECT i FROM c) FROM c",
                 "SM0516 29-30");
    check_stream("SELECT * FROM STREAM(s) POSITIONAL JOIN t", "SM0517 25-35");
    check_stream("SELECT * FROM t ASOF JOIN STREAM(s) ON t.a >= s.a", "SM0517 17-21");
}

/* ---- compiled text ------------------------------------------------------------- */

/* Compile with _smelt_in_<k> for the k-th reference. */
static sm_sv compile(reading *r, const sm_sql_text *view)
{
    sm_sql_leaf *leaves = SM_NEW_N(r->a, sm_sql_leaf, r->q->n_refs + 1);
    sm_sql_text text;

    for (size_t i = 0; i < r->q->n_refs; i++) {
        leaves[i].relation = sm_arena_printf(r->a, SM_SQL_RELATION "%zu", i);
        leaves[i].alias = r->q->refs[i].name;
        leaves[i].view = sm_sv_eq_str(r->q->refs[i].name, "view") ? view : NULL;
    }
    if (!sm_sql_compile(r->q, leaves, SM_SQL_PLAIN, r->a, r->d, &text))
        return sm_sv_cstr(findings(r));
    return text.text;
}

static void check_compiled(const char *sql, const char *wanted)
{
    reading r = read_as(sql, SM_SQL_QUERY);
    sm_sv text;

    if (!r.q)
        fail_msg("%s\n  is refused: %s", sql, findings(&r));
    text = compile(&r, NULL);
    if (!sm_sv_eq_str(text, wanted))
        fail_msg("%s\n  expected %s\n  found    %.*s", sql, wanted, SM_SV_ARG(text));
    sm_arena_free(r.a);
}

static void test_sql_compile__leaves_become_relations_and_keep_their_names(void **state)
{
    (void)state;
    check_compiled("SELECT t.a FROM t", "SELECT t.a FROM _smelt_in_0 AS \"t\"");
    check_compiled("SELECT x.a FROM STREAM(t) AS x, s.u",
                   "SELECT x.a FROM _smelt_in_0 AS x, _smelt_in_1 AS \"u\"");
    check_compiled("FROM STREAM \"a\"\"b\" WHERE c", "FROM _smelt_in_0 AS \"a\"\"b\" WHERE c");
    check_compiled("SELECT s.t.a, x.b.c FROM s.t", "SELECT t.a, x.b.c FROM _smelt_in_0 AS \"t\"");
    check_compiled("TABLE t;", "SELECT * FROM _smelt_in_0 AS \"t\"");
    check_compiled("FROM t x(a, b)", "FROM _smelt_in_0 x(a, b)");
    check_compiled("WITH t AS (FROM t) FROM t", "WITH t AS (FROM _smelt_in_0 AS \"t\") FROM t");
}

static void test_sql_compile__comments_and_the_last_semicolon_go(void **state)
{
    (void)state;
    check_compiled("-- head\nSELECT a, -- why\n  b /* x */ FROM t -- end",
                   "SELECT a,\n"
                   "b FROM _smelt_in_0 AS \"t\"");
    check_compiled("SELECT '--' || \"/*\" FROM t ;",
                   "SELECT '--' || \"/*\" FROM _smelt_in_0 AS \"t\" ");
}

static void test_sql_compile__the_clock_is_the_batch(void **state)
{
#define TIME "getvariable('smelt_batch_time')"
    (void)state;
    check_compiled("SELECT now() AS n", "SELECT CAST(" TIME " AS TIMESTAMP) AS n");
    check_compiled("SELECT now()", "SELECT CAST(" TIME " AS TIMESTAMP) AS \"now\"");
    check_compiled("SELECT (( now() )), 1", "SELECT CAST(" TIME " AS TIMESTAMP) AS \"now\", 1");
    check_compiled("SELECT a FROM t WHERE d = current_date",
                   "SELECT a FROM _smelt_in_0 AS \"t\" WHERE d = CAST(" TIME " AS DATE)");
    check_compiled("SELECT now, today FROM t", "SELECT now, today FROM _smelt_in_0 AS \"t\"");
    check_compiled("SELECT t.now FROM t", "SELECT t.now FROM _smelt_in_0 AS \"t\"");
#undef TIME
}

static void test_sql_compile__views_stand_in_brackets_and_remember_their_file(void **state)
{
    reading view = read_as("SELECT a FROM t -- c", SM_SQL_QUERY);
    reading r = read_as("SELECT * FROM view WHERE a > (SELECT 1 FROM view v)", SM_SQL_QUERY);
    sm_sql_leaf leaf = { .relation = SM_SV("_smelt_in_9"), .alias = SM_SV("t") };
    sm_sql_text inner;
    sm_sv text;

    (void)state;
    assert_true(sm_sql_compile(view.q, &leaf, SM_SQL_PLAIN, r.a, r.d, &inner));
    text = compile(&r, &inner);
    assert_string_equal(text.ptr,
                        "SELECT * FROM (SELECT a FROM _smelt_in_9 AS \"t\") AS \"view\" WHERE a > "
                        "(SELECT 1 FROM (SELECT a FROM _smelt_in_9 AS \"t\") v)");
    sm_arena_free(r.a);
    sm_arena_free(view.a);
}

static void test_sql_compile__a_window_is_grouped_by_its_number(void **state)
{
#define MOD    "((((epoch_us(ts)) % 60000000) + 60000000) % 60000000)"
#define NUMBER "(epoch_us(ts) - " MOD ")"
#define STRUCT "{'start': make_timestamp(" NUMBER "), 'end': make_timestamp(" NUMBER " + 60000000)}"
    (void)state;
    check_compiled(
        "SELECT k, window(ts, '1 m') AS w, count(*) AS n, k || 'x' AS j FROM t GROUP BY ALL",
        "SELECT k, " STRUCT " AS w, count(*) AS n, k || 'x' AS j FROM _smelt_in_0 AS \"t\" "
        "WHERE (ts) IS NOT NULL GROUP BY " NUMBER ", 1, 4");
    check_compiled("SELECT window(ts, '1 m') FROM t WHERE a OR b GROUP BY window(ts, '1 m')",
                   "SELECT " STRUCT
                   " AS \"window\" FROM _smelt_in_0 AS \"t\" WHERE (ts) IS NOT NULL "
                   "AND ( a OR b) GROUP BY " NUMBER);
    check_compiled("SELECT window(ts, '1 m') AS w, t.*, count(*) AS n FROM t GROUP BY ALL",
                   "SELECT " STRUCT
                   " AS w, t.*, count(*) AS n FROM _smelt_in_0 AS \"t\" WHERE (ts) "
                   "IS NOT NULL GROUP BY ALL");
#undef STRUCT
#undef NUMBER
#undef MOD
}

static void test_sql_compile__windows_without_an_answer_are_refused(void **state)
{
    static const char *const texts[][2] = {
        { "SELECT window(ts) FROM t", "SM0215 8-14" },
        { "SELECT window(ts, '1 month') FROM t", "SM0215 8-14" },
        { "SELECT window(ts, '0 s') FROM t", "SM0215 8-14" },
        { "SELECT window(ts, '5 m', '10 m') FROM t", "SM0215 8-14" },
        { "SELECT window(ts, '5 m', '5 m', '5 m') FROM t", "SM0215 8-14" },
        { "SELECT window(ts, a) FROM t", "SM0215 8-14" },
        { "SELECT window(TIMESTAMP '2026-01-01', '1 m')", "SM0215 8-14" },
        { "SELECT window(a, '1 m') AS x, window(b, '1 m') AS y FROM t", "SM0215 31-37" },
        { "SELECT *, window(a, '2 m', '1 m') AS w FROM t", "SM0215 11-17" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        check_compiled(texts[i][0], texts[i][1]);
}

/* ---- and it runs --------------------------------------------------------------- */

static void check_value(const char *sql, const char *wanted)
{
    reading r = read_as(sql, SM_SQL_QUERY);
    sm_sv found;

    if (!r.q)
        fail_msg("%s\n  is refused: %s", sql, findings(&r));
    found = sm_test_live_value(compile(&r, NULL), r.a);
    if (!sm_sv_eq_str(found, wanted))
        fail_msg("%s\n  expected %s\n  found    %.*s", sql, wanted, SM_SV_ARG(found));
    sm_arena_free(r.a);
}

static void test_sql_window__rule_G1_starts_are_floored_also_before_1970(void **state)
{
#define ONE(time, args)                                                                            \
    "SELECT w.start::VARCHAR || ' ' || w.\"end\"::VARCHAR FROM (SELECT window(ts, " args           \
    ") AS w FROM (SELECT TIMESTAMP '" time "' AS ts))"
    (void)state;
    check_value(ONE("2026-01-01 10:17:30", "'10 minutes'"),
                "2026-01-01 10:10:00 2026-01-01 10:20:00");
    check_value(ONE("2026-01-01 10:20:00", "'10 minutes'"),
                "2026-01-01 10:20:00 2026-01-01 10:30:00");
    check_value(ONE("1969-12-31 23:59:59", "'10 minutes'"),
                "1969-12-31 23:50:00 1970-01-01 00:00:00");
    check_value(ONE("2026-01-01 10:11:00", "'10 minutes', '10 minutes', '2 minutes'"),
                "2026-01-01 10:02:00 2026-01-01 10:12:00");
    check_value(ONE("2026-01-01 10:11:00", "INTERVAL '1 hour', INTERVAL '1 hour', '-15 minutes'"),
                "2026-01-01 09:45:00 2026-01-01 10:45:00");
#undef ONE
}

static void
test_sql_window__rule_G1_a_sliding_window_gives_each_window_that_holds_the_row(void **state)
{
    (void)state;
    check_value(
        "SELECT string_agg(w.start::VARCHAR, ' ' ORDER BY w.start) FROM (SELECT window(ts, "
        "'10 minutes', '5 minutes') AS w FROM (SELECT TIMESTAMP '2026-01-01 10:07:00' AS ts))",
        "2026-01-01 10:00:00 2026-01-01 10:05:00");
    check_value(
        "SELECT string_agg(w.start::VARCHAR, ' ' ORDER BY w.start) FROM (SELECT window(ts, "
        "'7 minutes', '5 minutes') AS w FROM (SELECT TIMESTAMP '2026-01-01 10:03:00' AS ts))",
        "2026-01-01 10:00:00");
    check_value(
        "SELECT string_agg(n || '@' || w.start::VARCHAR, ' ' ORDER BY w.start) FROM (SELECT "
        "window(ts, '10 minutes', '5 minutes') AS w, count(*) AS n FROM (VALUES (TIMESTAMP "
        "'2026-01-01 10:07:00'), (TIMESTAMP '2026-01-01 10:12:00')) v(ts) WHERE ts IS NOT NULL "
        "GROUP BY ALL)",
        "1@2026-01-01 10:00:00 2@2026-01-01 10:05:00 1@2026-01-01 10:10:00");
}

static void test_sql_window__rule_G3_rows_without_a_time_are_dropped(void **state)
{
    (void)state;
    check_value(
        "SELECT count(*) FROM (SELECT window(ts, '1 m') AS w FROM (VALUES (NULL::TIMESTAMP), "
        "(TIMESTAMP '2026-01-01')) v(ts))",
        "1");
    check_value(
        "SELECT count(*) FROM (SELECT window(ts, '1 m') AS w FROM (VALUES (NULL::TIMESTAMP, 1), "
        "(TIMESTAMP '2026-01-01', 2)) v(ts, a) WHERE a = 1 OR a = 2)",
        "1");
    check_value("SELECT count(*) FROM (SELECT window(ts, '2 m', '1 m') AS w FROM (VALUES "
                "(NULL::TIMESTAMP), (TIMESTAMP '2026-01-01')) v(ts))",
                "2");
}

static void test_sql_window__group_by_repeats_and_fields_work(void **state)
{
    (void)state;
    check_value(
        "SELECT string_agg(n::VARCHAR, ' ' ORDER BY s) FROM (SELECT window(ts, '1 hour').start "
        "AS s, count(*) AS n FROM (VALUES (TIMESTAMP '2026-01-01 10:07:00'), (TIMESTAMP "
        "'2026-01-01 10:12:00'), (TIMESTAMP '2026-01-01 11:12:00')) v(ts) GROUP BY "
        "window(ts, '1 hour') HAVING count(*) > 0)",
        "2 1");
#define ROWS                                                                                       \
    " FROM (VALUES (TIMESTAMP '2026-01-01 10:07:00', 'a', 1), (TIMESTAMP '2026-01-01 10:12:00', "  \
    "'b', 2), (TIMESTAMP '2026-01-01 10:19:00', 'a', 3)) v(ts, k, x) "
    check_value("SELECT string_agg(k || n || w.start::VARCHAR, ' ' ORDER BY k) FROM (SELECT "
                "sum(x) AS n, window(ts, '1 hour') AS w, k" ROWS "GROUP BY ALL)",
                "a42026-01-01 10:00:00 b22026-01-01 10:00:00");
    check_value("SELECT string_agg(coalesce(w.start::VARCHAR, 'none') || n, ' ' ORDER BY w) FROM "
                "(SELECT window(ts, '1 hour') AS w, sum(x) + 1 AS n" ROWS
                "GROUP BY ROLLUP (window(ts, '1 hour')))",
                "2026-01-01 10:00:007 none7");
    check_value(
        "SELECT count(*) FROM (SELECT window(ts, '1 hour') AS w, *, sum(x) OVER () AS s" ROWS ")",
        "3");
#undef ROWS
    check_value("SELECT window.start::VARCHAR FROM (SELECT window(ts, '1 hour') FROM (SELECT "
                "TIMESTAMP '2026-01-01 10:07:00' AS ts))",
                "2026-01-01 10:00:00");
    check_value(
        "SELECT window_time(w)::VARCHAR FROM (SELECT window(ts, '1 hour') AS w FROM (SELECT "
        "TIMESTAMP '2026-01-01 10:07:00' AS ts))",
        "2026-01-01 10:59:59.999999");
}

static void test_sql_compile__the_clock_reads_the_session_variable(void **state)
{
    (void)state;
    assert_string_equal(
        sm_test_live_exec("SET VARIABLE smelt_batch_time = TIMESTAMP '2026-02-03 04:05:06'"), "");
    check_value("SELECT now()::VARCHAR", "2026-02-03 04:05:06");
    check_value("SELECT (current_timestamp - INTERVAL 1 HOUR)::VARCHAR", "2026-02-03 03:05:06");
    check_value("SELECT current_date::VARCHAR || today()::VARCHAR", "2026-02-032026-02-03");
    check_value("SELECT localtime::VARCHAR", "04:05:06");
    check_value("SELECT window(now(), '1 hour').start::VARCHAR FROM (SELECT 1)",
                "2026-02-03 04:00:00");
}

/* ---- bind ---------------------------------------------------------------------- */

static void check_bound(const char *sql, const char *wanted)
{
    sm_column columns[] = { { SM_SV("device_id"), SM_SV("VARCHAR"), true, SM_SV("") },
                            { SM_SV("temperature"), SM_SV("DOUBLE"), true, SM_SV("") } };
    sm_schema schema = { columns, 2 }, out = { 0 };
    reading r = read_as(sql, SM_SQL_QUERY);
    sm_sql_leaf leaves[4];
    sm_sql_relation relation = { SM_SV("_smelt_in_0"), &schema };
    sm_sql_text text;
    sm_error err;
    bool ok = false;
    sm_buf found;

    if (!r.q)
        fail_msg("%s\n  is refused: %s", sql, findings(&r));
    for (size_t i = 0; i < 4; i++)
        leaves[i] = (sm_sql_leaf){ .relation = relation.name, .alias = SM_SV("t") };
    assert_true(sm_sql_compile(r.q, leaves, SM_SQL_PLAIN, r.a, r.d, &text));
    sm_assert_ok(
        sm_sql_bind(sm_test_live_engine(), r.q, &text, &relation, 1, r.a, r.d, &out, &ok, &err),
        err);
    sm_buf_init(&found, 10000);
    for (size_t i = 0; i < out.n; i++)
        sm_buf_addf(&found, "%s%.*s %.*s", i ? ", " : "", SM_SV_ARG(out.columns[i].name),
                    SM_SV_ARG(out.columns[i].type));
    for (size_t i = 0; i < sm_diags_count(r.d); i++)
        sm_buf_addf(&found, "%s: %.*s (%.*s)", findings(&r),
                    SM_SV_ARG(sm_diags_at(r.d, i)->message), SM_SV_ARG(sm_diags_at(r.d, i)->hint));
    if (strcmp(found.ptr, wanted) != 0)
        fail_msg("%s\n  expected %s\n  found    %s", sql, wanted, found.ptr);
    sm_buf_release(&found);
    sm_arena_free(r.a);
}

static void test_sql_bind__columns_come_with_their_types(void **state)
{
    (void)state;
    check_bound("SELECT *, temperature > 1 AS hot FROM t",
                "device_id VARCHAR, temperature DOUBLE, hot BOOLEAN");
    check_bound("SELECT sum(1) AS n, window(TIMESTAMP '2026-01-01', '1 m') FROM t",
                "n HUGEINT, window STRUCT(\"start\" TIMESTAMP, \"end\" TIMESTAMP)");
    check_bound("SELECT now() AS a, today() AS b FROM t", "a TIMESTAMP, b DATE");
}

static void test_sql_bind__faults_stand_where_they_were_written(void **state)
{
    (void)state;
    check_bound(
        "SELECT device_id, tempratur FROM STREAM(t)",
        "SM0203 19-28: column \"tempratur\" not found in t (did you mean \"temperature\"?)");
    check_bound("SELECT now(), x.device FROM STREAM(t) x",
                "SM0203 15-23: column \"device\" not found in x (did you mean \"device_id\"?)");
    check_bound("SELECT /* c */ t.zzz FROM t",
                "SM0203 16-21: column \"zzz\" not found in t (it has device_id, temperature)");
    check_bound("SELECT u.device_id FROM t", "SM0204 8-19: q: no table or alias \"u\" in this "
                                             "SELECT (its one table is called \"t\" here)");
    check_bound("SELECT device_id + l AS x FROM t, (SELECT [1] AS l)",
                "SM0211 18-19: q: No function matches the given name and argument types "
                "'+(VARCHAR, INTEGER[])'. You might need to add explicit type casts ()");
}

static int close_engine(void **state)
{
    (void)state;
    sm_test_live_close();
    return 0;
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        SM_TEST(test_sql_refs__tables_and_streams_with_their_places),
        SM_TEST(test_sql_refs__subqueries_set_operations_and_lateral),
        SM_TEST(test_sql_refs__a_cte_hides_a_dataset_only_where_it_is_seen),
        SM_TEST(test_sql_allow__the_breadth_of_the_dialect_is_accepted),
        SM_TEST(test_sql_allow__what_reads_or_acts_outside_is_refused),
        SM_TEST(test_sql_functions__the_list_agrees_with_the_engine),
        SM_TEST(test_sql_read__only_one_select_is_a_query),
        SM_TEST(test_sql_read__a_rule_is_one_expression_over_one_row),
        SM_TEST(test_sql_read__too_much_is_refused),
        SM_TEST(test_sql_stages__sql_without_memory_stays_sql),
        SM_TEST(test_sql_stages__what_remembers_is_left_to_the_cut),
        SM_TEST(test_sql_stages__what_has_no_answer_is_refused_for_good),
        SM_TEST(test_sql_compile__leaves_become_relations_and_keep_their_names),
        SM_TEST(test_sql_compile__comments_and_the_last_semicolon_go),
        SM_TEST(test_sql_compile__the_clock_is_the_batch),
        SM_TEST(test_sql_compile__views_stand_in_brackets_and_remember_their_file),
        SM_TEST(test_sql_compile__a_window_is_grouped_by_its_number),
        SM_TEST(test_sql_compile__windows_without_an_answer_are_refused),
        SM_TEST(test_sql_window__rule_G1_starts_are_floored_also_before_1970),
        SM_TEST(test_sql_window__rule_G1_a_sliding_window_gives_each_window_that_holds_the_row),
        SM_TEST(test_sql_window__rule_G3_rows_without_a_time_are_dropped),
        SM_TEST(test_sql_window__group_by_repeats_and_fields_work),
        SM_TEST(test_sql_compile__the_clock_reads_the_session_variable),
        SM_TEST(test_sql_bind__columns_come_with_their_types),
        SM_TEST(test_sql_bind__faults_stand_where_they_were_written),
    };

    return cmocka_run_group_tests(tests, NULL, close_engine);
}
