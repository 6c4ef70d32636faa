/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "pipelines/spec/yaml_tree.h"
#include "tests/support/test.h"

static int set_up(void **state)
{
    *state = sm_arena_new("test");
    return 0;
}

static int tear_down(void **state)
{
    sm_arena_free(*state);
    return 0;
}

/* The value of `k` in a file. */
static sm_text value_of(sm_arena *a, const char *file)
{
    sm_diags *d = sm_diags_new(a);
    const sm_yaml_node *root = sm_yaml_parse("f.yml", sm_sv_cstr(file), a, d);

    assert_non_null(root);
    assert_int_equal(sm_diags_count(d), 0);
    return sm_yaml_text(sm_yaml_get(root, "k"));
}

/* The word stands in the text once; it was written at line:column, of the same length. */
static void assert_at(const sm_text *t, const char *word, uint32_t line, uint32_t column)
{
    ptrdiff_t at = sm_sv_find(t->text, sm_sv_cstr(word));
    sm_span span;

    assert_true(at >= 0);
    span = sm_text_span(t, (size_t)at, strlen(word));
    if (span.line != line || span.column != column)
        fail_msg("\"%s\" is at %u:%u, not %u:%u", word, span.line, span.column, line, column);
    assert_int_equal(span.end_line, line);
    assert_int_equal(span.end_column, column + strlen(word));
}

static void test_yaml_text__plain_is_where_it_stands(void **state)
{
    sm_text t = value_of(*state, "k:  SELECT one\n");

    assert_at(&t, "SELECT", 1, 5);
    assert_at(&t, "one", 1, 12);
}

static void test_yaml_text__plain_over_lines_is_followed(void **state)
{
    sm_text t = value_of(*state, "k: SELECT one,\n     two  \n\n\n   FROM three\n");

    assert_true(sm_sv_eq_str(t.text, "SELECT one, two\n\nFROM three"));
    assert_at(&t, "one,", 1, 11);
    assert_at(&t, "two", 2, 6);
    assert_at(&t, "FROM", 5, 4);
    assert_at(&t, "three", 5, 9);
}

static void test_yaml_text__literal_loses_its_indentation(void **state)
{
    sm_text t = value_of(*state, "k: |\n    SELECT one,\n\n      two\n    FROM three\n");

    assert_at(&t, "SELECT", 2, 5);
    assert_at(&t, "two", 4, 7);
    assert_at(&t, "FROM", 5, 5);
}

static void test_yaml_text__literal_may_begin_with_empty_lines(void **state)
{
    sm_text t = value_of(*state, "k: |  # the query\n\n\n  one\n  two\n");

    assert_at(&t, "one", 4, 3);
    assert_at(&t, "two", 5, 3);
}

static void test_yaml_text__literal_with_given_indentation(void **state)
{
    sm_text t = value_of(*state, "k: |2-\n    one\n  two\n");

    assert_true(sm_sv_eq_str(t.text, "  one\ntwo"));
    assert_at(&t, "one", 2, 5);
    assert_at(&t, "two", 3, 3);
}

static void test_yaml_text__literal_with_cr_lf(void **state)
{
    sm_text t = value_of(*state, "k: |\r\n  one\r\n\r\n  two\r\n");

    assert_true(sm_sv_eq_str(t.text, "one\n\ntwo\n"));
    assert_at(&t, "two", 4, 3);
}

static void test_yaml_text__folded_lines_are_followed(void **state)
{
    sm_text t = value_of(*state, "k: >\n  one\n  two\n\n\n  three\n    four\n    five\n  six\n");

    assert_true(sm_sv_eq_str(t.text, "one two\n\nthree\n  four\n  five\nsix\n"));
    assert_at(&t, "one", 2, 3);
    assert_at(&t, "two", 3, 3);
    assert_at(&t, "three", 6, 3);
    assert_at(&t, "four", 7, 5);
    assert_at(&t, "five", 8, 5);
    assert_at(&t, "six", 9, 3);
}

static void test_yaml_text__single_quotes_are_written_twice(void **state)
{
    sm_text t = value_of(*state, "k: 'a = ''x'' AND\n    b = 2'\n");

    assert_true(sm_sv_eq_str(t.text, "a = 'x' AND b = 2"));
    assert_at(&t, "a", 1, 5);
    assert_at(&t, "AND", 1, 15);
    assert_at(&t, "b", 2, 5);
}

static void test_yaml_text__escapes_are_one_character(void **state)
{
    sm_text t = value_of(*state, "k: \"a\\tb \\u00e9 \\x41 c\\n d \\\n  e\"\n");

    assert_true(sm_sv_eq_str(t.text, "a\tb \xC3\xA9 A c\n d e"));
    assert_at(&t, "b", 1, 8);
    assert_at(&t, "c", 1, 22);
    assert_at(&t, "d", 1, 26);
    assert_at(&t, "e", 2, 3);
}

static void test_yaml_text__columns_count_characters(void **state)
{
    sm_text t = value_of(*state, "# \xC3\xA9\xC3\xA9\nk: |\n  '\xC3\xA9\xE2\x82\xAC' AS x\n");
    sm_span euro = sm_text_span(&t, 3, 3);

    assert_at(&t, "AS", 3, 8);
    assert_int_equal(euro.column, 5);
    assert_int_equal(euro.end_column, 6);
}

static void test_yaml_text__an_anchor_is_no_part_of_it(void **state)
{
    sm_text t = value_of(*state, "k: &q  SELECT one\nl: *q\n");

    assert_at(&t, "SELECT", 1, 8);
}

static void test_yaml_text__the_end_has_a_place(void **state)
{
    sm_text t = value_of(*state, "k: |-\n  one\n  two");
    sm_span end = sm_text_span(&t, t.text.len, 0);

    assert_int_equal(end.line, 3);
    assert_int_equal(end.column, 6);
}

static void test_yaml_text__a_range_over_lines_ends_on_its_last_line(void **state)
{
    sm_text t = value_of(*state, "k: |\n  one\n  two\n");
    sm_span all = sm_text_span(&t, 0, 7);

    assert_int_equal(all.line, 2);
    assert_int_equal(all.column, 3);
    assert_int_equal(all.end_line, 3);
    assert_int_equal(all.end_column, 6);
}

static void test_text__without_a_map_counts_its_own_lines(void **state)
{
    sm_text t = sm_text_of(SM_SV("SELECT \xC3\xA9,\n  two"), "<query>");

    (void)state;
    assert_string_equal(t.at.file, "<query>");
    assert_at(&t, "SELECT", 1, 1);
    assert_at(&t, ",", 1, 9);
    assert_at(&t, "two", 2, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_yaml_text__plain_is_where_it_stands),
        SM_TEST(test_yaml_text__plain_over_lines_is_followed),
        SM_TEST(test_yaml_text__literal_loses_its_indentation),
        SM_TEST(test_yaml_text__literal_may_begin_with_empty_lines),
        SM_TEST(test_yaml_text__literal_with_given_indentation),
        SM_TEST(test_yaml_text__literal_with_cr_lf),
        SM_TEST(test_yaml_text__folded_lines_are_followed),
        SM_TEST(test_yaml_text__single_quotes_are_written_twice),
        SM_TEST(test_yaml_text__escapes_are_one_character),
        SM_TEST(test_yaml_text__columns_count_characters),
        SM_TEST(test_yaml_text__an_anchor_is_no_part_of_it),
        SM_TEST(test_yaml_text__the_end_has_a_place),
        SM_TEST(test_yaml_text__a_range_over_lines_ends_on_its_last_line),
        SM_TEST(test_text__without_a_map_counts_its_own_lines),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
