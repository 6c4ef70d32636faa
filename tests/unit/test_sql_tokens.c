/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/test.h"

#include "pipelines/sql/sql_tokens.h"

/* The pass before parsing, as text. */
static sm_sv prepared(sm_arena *a, const char *sql, sm_sql_text *out)
{
    sm_text *src = SM_NEW(a, sm_text);
    sm_sql_tokens t;

    *src = sm_text_of(sm_sv_cstr(sql), "<query>");
    t = sm_sql__tokens(src->text, a);
    sm_sql__prepare(&t, src, a, out);
    return out->text;
}

static void check_prepared(const char *sql, const char *wanted)
{
    sm_arena *a = sm_arena_new("test");
    sm_sql_text out;

    assert_string_equal(prepared(a, sql, &out).ptr, wanted);
    sm_arena_free(a);
}

static void test_sql_tokens__stream_name_becomes_a_call(void **state)
{
    (void)state;
    check_prepared("SELECT * FROM STREAM x", "SELECT * FROM STREAM(x)");
    check_prepared("select * from stream s.x y", "select * from stream(s.x) y");
    check_prepared("FROM STREAM \"a b\".x, STREAM z", "FROM STREAM(\"a b\".x), STREAM(z)");
    check_prepared("SELECT 1 FROM a JOIN STREAM /* c */ b ON 1",
                   "SELECT 1 FROM a JOIN STREAM(b) ON 1");
    check_prepared("SELECT 1 FROM (STREAM a JOIN b ON 1)", "SELECT 1 FROM (STREAM(a) JOIN b ON 1)");
}

static void test_sql_tokens__stream_stays_a_name_where_no_table_comes(void **state)
{
    (void)state;
    check_prepared("SELECT stream x FROM t", "SELECT stream x FROM t");
    check_prepared("SELECT a, stream b FROM t", "SELECT a, stream b FROM t");
    check_prepared("SELECT * FROM stream WHERE a", "SELECT * FROM stream WHERE a");
    check_prepared("SELECT * FROM stream JOIN b USING (c)",
                   "SELECT * FROM stream JOIN b USING (c)");
    check_prepared("SELECT * FROM t WHERE a IN (stream, b)",
                   "SELECT * FROM t WHERE a IN (stream, b)");
    check_prepared("SELECT * FROM STREAM(x)", "SELECT * FROM STREAM(x)");
}

static void test_sql_tokens__window_is_quoted_but_where_its_clause_begins(void **state)
{
    (void)state;
    check_prepared("SELECT window(ts, '1 s')", "SELECT \"window\"(ts, '1 s')");
    check_prepared("SELECT window . start", "SELECT \"window\" . start");
    check_prepared("SELECT window, a FROM t ORDER BY window DESC",
                   "SELECT \"window\", a FROM t ORDER BY \"window\" DESC");
    check_prepared("SELECT WINDOW\n(ts)", "SELECT \"window\"\n(ts)");
    check_prepared("SELECT sum(a) OVER w FROM t WINDOW w AS (ORDER BY b)",
                   "SELECT sum(a) OVER w FROM t WINDOW w AS (ORDER BY b)");
    check_prepared("SELECT t.window.start", "SELECT t.window.start");
}

static void test_sql_tokens__strings_names_and_comments_are_left_alone(void **state)
{
    static const char *const texts[] = {
        "SELECT 'FROM STREAM x window(' FROM t",
        "SELECT 'it''s FROM STREAM x' FROM t",
        "SELECT e'\\' FROM STREAM x' FROM t",
        "SELECT \"FROM STREAM x\" FROM t",
        "SELECT $$ FROM STREAM x $$ FROM t",
        "SELECT $a$ FROM STREAM x $$ $a$ FROM t",
        "SELECT 1 -- FROM STREAM x window(\n FROM t",
        "SELECT 1 /* FROM STREAM x /* nested */ window( */ FROM t",
        "SELECT 'never closed FROM STREAM x",
        "SELECT /* never closed FROM STREAM x",
        "",
    };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        check_prepared(texts[i], texts[i]);
}

static void test_sql_tokens__wide_spaces_become_blanks_outside_of_quotes(void **state)
{
    (void)state;
    check_prepared("SELECT\xc2\xa0"
                   "a, 1\xe3\x80\x80"
                   "FROM STREAM\xe2\x80\x83s.\xef\xbb\xbfx",
                   "SELECT a, 1 FROM STREAM(s. x)");
    check_prepared("SELECT 1 -- a\xc2\xa0"
                   "b\n/*\xc2\xa0*/ AS \xc3\xa9",
                   "SELECT 1 -- a b\n/* */ AS \xc3\xa9");
    check_prepared("SELECT 'a\xc2\xa0', \"b\xc2\xa0\", $$\xc2\xa0$$",
                   "SELECT 'a\xc2\xa0', \"b\xc2\xa0\", $$\xc2\xa0$$");
}

static void test_sql_tokens__every_byte_knows_where_it_was_written(void **state)
{
    sm_arena *a = sm_arena_new("test");
    sm_sql_text out;
    sm_sv text = prepared(a, "SELECT window(ts)\nFROM STREAM x, y", &out);
    sm_span span;

    (void)state;
    span = sm_sql_text_span(&out, (size_t)sm_sv_find(text, SM_SV("y")), 1);
    assert_int_equal(span.line, 2);
    assert_int_equal(span.column, 16);
    span = sm_sql_text_span(&out, (size_t)sm_sv_find(text, SM_SV("ts")), 2);
    assert_int_equal(span.line, 1);
    assert_int_equal(span.column, 15);
    assert_int_equal(span.end_column, 17);
    span = sm_sql_text_span(&out, 8, 1); /* in "window", which was written without quotes */
    assert_int_equal(span.column, 8);
    assert_int_equal(span.end_column, 14);
    sm_arena_free(a);
}

static void check_normal(const char *sql, const char *wanted)
{
    sm_arena *a = sm_arena_new("test");
    sm_sv normal = sm_sql_normal(sm_sv_cstr(sql), a);

    assert_int_equal(normal.len, strlen(wanted));
    assert_memory_equal(normal.ptr, wanted, normal.len);
    sm_arena_free(a);
}

static void test_sql_tokens__normal_text_has_no_comments_and_single_spaces(void **state)
{
    (void)state;
    check_normal("  SELECT  a,\n\tb -- c\n FROM/**/t ", "SELECT a, b FROM t");
    check_normal("SELECT 'a  b', \"c  d\"", "SELECT 'a  b', \"c  d\"");
    check_normal("SELECT 'a'\n  'b'", "SELECT 'a'\n'b'");
}

static void test_sql_tokens__depth_counts_brackets(void **state)
{
    sm_arena *a = sm_arena_new("test");
    sm_sql_tokens t = sm_sql__tokens(SM_SV("a ( b [ c ] ) } d"), a);
    static const uint32_t depths[] = { 0, 0, 1, 1, 2, 1, 0, 0, 0 };

    (void)state;
    assert_int_equal(t.n, sizeof depths / sizeof *depths);
    for (size_t i = 0; i < t.n; i++)
        assert_int_equal(t.items[i].depth, depths[i]);
    assert_int_equal(sm_sql__token_close(&t, 1), 6);
    sm_arena_free(a);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        SM_TEST(test_sql_tokens__stream_name_becomes_a_call),
        SM_TEST(test_sql_tokens__stream_stays_a_name_where_no_table_comes),
        SM_TEST(test_sql_tokens__window_is_quoted_but_where_its_clause_begins),
        SM_TEST(test_sql_tokens__strings_names_and_comments_are_left_alone),
        SM_TEST(test_sql_tokens__wide_spaces_become_blanks_outside_of_quotes),
        SM_TEST(test_sql_tokens__every_byte_knows_where_it_was_written),
        SM_TEST(test_sql_tokens__normal_text_has_no_comments_and_single_spaces),
        SM_TEST(test_sql_tokens__depth_counts_brackets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
