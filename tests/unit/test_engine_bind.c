/* SPDX-License-Identifier: Apache-2.0 */
/* test_engine_bind.c -- parse and bind. */
#include "tests/support/test.h"

#include <stdio.h>

#include "runtime/base/arena.h"
#include "runtime/engine/engine_parse.h"

typedef struct fixture {
    sm_engine *e;
    sm_session *s;
    sm_arena *a;
} fixture;

static int setup(void **state)
{
    static fixture f;
    sm_engine_config c = { .threads = 1 };
    sm_error err;

    f.a = sm_arena_new("test");
    sm_assert_ok(sm_engine_open(&c, &f.e, &err), err);
    sm_assert_ok(sm_session_open(f.e, &f.s, &err), err);
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

static sm_column columns[] = {
    { .name = { "id", 2 }, .type = { "BIGINT", 6 } },
    { .name = { "name", 4 }, .type = { "VARCHAR", 7 } },
    { .name = { "ts", 2 }, .type = { "TIMESTAMP", 9 } },
    { .name = { "point", 5 }, .type = { "STRUCT(\"x\" INTEGER, \"y z\" DOUBLE)", 33 } },
    { .name = { "tags", 4 }, .type = { "MAP(VARCHAR, DECIMAL(9,2)[])", 28 } },
    { .name = { "doc", 3 }, .type = { "JSON", 4 } },
};
static const sm_schema schema = { .columns = columns, .n = 6 };
static const sm_bind_relation relation = { .name = { "_smelt_in_0", 11 }, .schema = &schema };

static void test_parse__answers_for_each_text(void **state)
{
    fixture *f = *state;
    sm_sv texts[] = { SM_SV("SELECT 'it''s', a FROM STREAM(x)"), SM_SV("SELECT FROM WHERE"),
                      SM_SV("DELETE FROM t"), SM_SV("") };
    sm_sv out[4];
    sm_error err;

    sm_assert_ok(sm_session_parse(f->s, texts, 4, f->a, out, &err), err);
    sm_test_contains(out[0].ptr, "\"error\":false");
    sm_test_contains(out[0].ptr, "\"query_location\":16");
    sm_test_contains(out[1].ptr, "\"error\":true");
    sm_test_contains(out[1].ptr, "\"position\":\"12\"");
    sm_test_contains(out[2].ptr, "Only SELECT statements");
    sm_test_contains(out[3].ptr, "\"error\"");
}

typedef struct type_case {
    const char *sql, *types;
} type_case;

static const type_case good[] = {
    { "SELECT * FROM _smelt_in_0", "id BIGINT, name VARCHAR, ts TIMESTAMP, point STRUCT(\"x\" "
                                   "INTEGER, \"y z\" DOUBLE), tags MAP(VARCHAR, DECIMAL(9,2)[]), "
                                   "doc JSON" },
    { "SELECT r.id + 1 AS next, r.point.x, sum(id) OVER () FROM _smelt_in_0 AS r",
      "next BIGINT, x INTEGER, sum(id) OVER () HUGEINT" },
    { "SELECT _smelt_in_0.name FROM _smelt_in_0", "name VARCHAR" },
    { "WITH c AS (SELECT id FROM _smelt_in_0) SELECT a.id FROM c a JOIN c b USING (id)",
      "id BIGINT" },
    { "SELECT max(ts) - min(ts) AS span, 1.5 AS d, [1] AS l FROM _smelt_in_0",
      "span INTERVAL, d DECIMAL(2,1), l INTEGER[]" },
    { "SELECT * EXCLUDE (point, tags, doc) REPLACE (upper(name) AS name) FROM _smelt_in_0",
      "id BIGINT, name VARCHAR, ts TIMESTAMP" },
    { "SELECT date_trunc('day', ts) AS day, count(*) AS n FROM _smelt_in_0 GROUP BY ALL",
      "day TIMESTAMP, n BIGINT" },
    { "SELECT id FROM _smelt_in_0 WHERE id IN (SELECT id FROM _smelt_in_0 WHERE id > 3)",
      "id BIGINT" },
};

static void test_bind__gives_names_and_types(void **state)
{
    fixture *f = *state;

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        sm_schema out;
        sm_bind_error why;
        sm_error err;
        sm_buf text;
        sm_assert_ok(
            sm_session_bind(f->s, sm_sv_cstr(good[i].sql), &relation, 1, f->a, &out, &why, &err),
            err);
        sm_buf_init(&text, 4096);
        for (size_t c = 0; c < out.n; c++)
            sm_buf_addf(&text, "%s%.*s %.*s", c > 0 ? ", " : "", SM_SV_ARG(out.columns[c].name),
                        SM_SV_ARG(out.columns[c].type));
        assert_string_equal(text.ptr, good[i].types);
        sm_buf_release(&text);
    }
}

typedef struct fault_case {
    const char *sql, *at; /* the text from the place on; NULL: no place */
    const char *message, *candidate;
} fault_case;

static const fault_case bad[] = {
    { "SELECT idd FROM _smelt_in_0", "idd FROM",
      "Referenced column \"idd\" not found in FROM clause", "id" },
    { "SELECT 'é', 'ü' || nam FROM _smelt_in_0", "nam FROM",
      "Referenced column \"nam\" not found in FROM clause", "name" },
    { "\n\n  SELECT id,\n    nme\n  FROM _smelt_in_0", "nme\n",
      "Referenced column \"nme\" not found in FROM clause", "name" },
    { "SELECT r.idd FROM _smelt_in_0 r", "r.idd FROM",
      "Table \"r\" does not have a column named \"idd\"", "id" },
    { "SELECT sum(name) FROM _smelt_in_0", "sum(name)",
      "No function matches the given name and argument types 'sum(VARCHAR)'. You might need to add "
      "explicit type casts",
      NULL },
    { "SELECT upperr(name) FROM _smelt_in_0", "upperr(",
      "Scalar Function with name upperr does not exist", "upper" },
    { "SELECT name + ts FROM _smelt_in_0", "+ ts",
      "No function matches the given name and argument types '+(VARCHAR, TIMESTAMP)'. You might "
      "need to add explicit type casts",
      NULL },
    { "SELECT id, count(*) FROM _smelt_in_0", "id, count",
      "column \"id\" must appear in the GROUP BY clause or must be part of an aggregate function. "
      "Either add it to the GROUP BY list, or use \"ANY_VALUE(id)\" if the exact value of \"id\" "
      "is "
      "not important",
      NULL },
    { "SELECT point.w FROM _smelt_in_0", NULL, "Could not find key \"w\" in struct", "x" },
    { "SELECT * EXCLUDE (zz) FROM _smelt_in_0", "zz)",
      "Column \"zz\" in EXCLUDE list not found in FROM clause", NULL },
    { "SELECT id FROM missing", "missing", "Table with name missing does not exist", NULL },
    { "SELECT id FROM _smelt_in_0 ORDER BY zzz", "zzz",
      "Referenced column \"zzz\" not found in FROM clause", NULL },
    { "SELECT name::NOSUCH FROM _smelt_in_0", "NOSUCH FROM", "Type with name NOSUCH does not exist",
      NULL },
    { "SELECT 1 FROM", NULL, "syntax error at end of input", NULL },
};

static void fault_is(fixture *f, const fault_case *c)
{
    sm_schema out;
    sm_bind_error why = { .offset = 0 };
    sm_error err;
    sm_sv sql = sm_sv_cstr(c->sql);

    if (sm_session_bind(f->s, sql, &relation, 1, f->a, &out, &why, &err) != SM_E_SQL)
        fail_msg("binds: %s", c->sql);
    assert_string_equal(why.message.ptr, c->message);
    if (c->at == NULL && why.offset != SM_BIND_NOWHERE && why.offset != sql.len)
        print_message("note: %s: at %s\n", c->sql, c->sql + why.offset);
    if (c->at != NULL && why.offset == SM_BIND_NOWHERE)
        fail_msg("no place: %s", c->sql);
    if (c->at != NULL && strncmp(c->sql + why.offset, c->at, strlen(c->at)) != 0)
        fail_msg("%s: place is \"%s\"", c->sql, c->sql + why.offset);
    if (c->candidate == NULL)
        return;
    if (why.n_candidates == 0)
        fail_msg("no candidates: %s", c->sql);
    if (!sm_sv_eq_str(why.candidates[0], c->candidate))
        fail_msg("%s: candidate \"%.*s\"", c->sql, SM_SV_ARG(why.candidates[0]));
}

static void test_bind__says_what_is_wrong_and_where(void **state)
{
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        fault_is(*state, &bad[i]);
}

static void test_bind__relations_are_gone_after_the_call(void **state)
{
    fixture *f = *state;
    sm_schema out;
    sm_bind_error why;
    sm_error err;

    sm_assert_code(
        sm_session_bind(f->s, SM_SV("SELECT * FROM _smelt_in_0"), NULL, 0, f->a, &out, &why, &err),
        SM_E_SQL);
    sm_assert_code(sm_session_exec(f->s, SM_SV("SELECT * FROM smelt_relation(0)"), &err), SM_E_SQL);
}

static void test_bind__a_type_that_does_not_exist_is_named(void **state)
{
    fixture *f = *state;
    sm_column c = { .name = SM_SV("x"), .type = SM_SV("NOSUCH") };
    sm_schema s = { .columns = &c, .n = 1 }, out;
    sm_bind_relation r = { .name = SM_SV("t"), .schema = &s };
    sm_bind_error why;
    sm_error err;

    assert_int_not_equal(sm_session_bind(f->s, SM_SV("SELECT 1"), &r, 1, f->a, &out, &why, &err),
                         SM_OK);
    sm_test_contains(err.msg, "column \"x\" of \"t\": type \"NOSUCH\"");
}

static void test_parse__answers_a_thousand_texts_in_order(void **state)
{
    fixture *f = *state;
    enum { N = 1000 };
    sm_sv *texts = SM_NEW_N(f->a, sm_sv, N), *out = SM_NEW_N(f->a, sm_sv, N);
    sm_error err;

    for (int i = 0; i < N; i++)
        texts[i] =
            sm_arena_printf(f->a, "SELECT id, upper(name) AS n%d, ts FROM STREAM(t%d)", i, i);
    sm_assert_ok(sm_session_parse(f->s, texts, N, f->a, out, &err), err);
    sm_test_contains(out[0].ptr, "\"n0\"");
    sm_test_contains(out[N - 1].ptr, "\"n999\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_parse__answers_for_each_text),
        SM_TEST(test_bind__gives_names_and_types),
        SM_TEST(test_bind__says_what_is_wrong_and_where),
        SM_TEST(test_bind__relations_are_gone_after_the_call),
        SM_TEST(test_bind__a_type_that_does_not_exist_is_named),
        SM_TEST(test_parse__answers_a_thousand_texts_in_order),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
