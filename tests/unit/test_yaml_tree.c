/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "pipelines/spec/yaml_tree.h"
#include "tests/support/test.h"

typedef struct fixture {
    sm_arena *a;
    sm_diags *d;
} fixture;

static int set_up(void **state)
{
    static fixture f;

    f.a = sm_arena_new("test");
    f.d = sm_diags_new(f.a);
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    sm_arena_free(((fixture *)*state)->a);
    return 0;
}

static const sm_yaml_node *parse(fixture *f, const char *text)
{
    return sm_yaml_parse("f.yml", sm_sv_cstr(text), f->a, f->d);
}

static const char *only_code(const fixture *f)
{
    assert_int_equal(sm_diags_count(f->d), 1);
    return sm_diags_at(f->d, 0)->def->id;
}

static const char *text_of(const sm_yaml_node *map, const char *key)
{
    const sm_yaml_node *n = sm_yaml_get(map, key);

    assert_non_null(n);
    return n->text.ptr;
}

/* `unit` repeated, then `tail`; in the arena. */
static const char *repeated(fixture *f, const char *unit, size_t times, const char *tail)
{
    sm_buf b;
    const char *text;

    sm_buf_init(&b, (size_t)64 * 1024 * 1024);
    while (times-- > 0)
        sm_buf_adds(&b, unit);
    sm_buf_adds(&b, tail);
    text = sm_arena_cstr(f->a, sm_buf_sv(&b));
    sm_buf_release(&b);
    return text;
}

static void test_yaml_tree__nodes_know_where_they_stand(void **state)
{
    const sm_yaml_node *root = parse(*state, "# c\na:\n  b: [1, 'x y']\n");
    const sm_yaml_node *list = sm_yaml_get(sm_yaml_get(root, "a"), "b");
    sm_span at = sm_yaml_span(list->items[1]);

    assert_int_equal(list->n, 2);
    assert_int_equal(list->items[0]->integer, 1);
    assert_int_equal(at.line, 3);
    assert_int_equal(at.column, 10);
    assert_int_equal(at.end_column, 15);
    assert_int_equal(sm_yaml_span(list).column, 6);
}

static void test_yaml_tree__a_block_map_is_placed_at_its_first_key(void **state)
{
    const sm_yaml_node *root = parse(*state, "a:\n  first: 1\n  second: 2\nb: 1\n");
    sm_span at = sm_yaml_span(sm_yaml_get(root, "a"));

    assert_int_equal(at.line, 2);
    assert_int_equal(at.end_line, 2);
    assert_int_equal(at.end_column, 8);
}

static void test_yaml_tree__quotes_make_strings(void **state)
{
    const sm_yaml_node *root = parse(*state, "a: '1'\nb: \"true\"\nc: |\n  null\n");

    assert_int_equal(sm_yaml_get(root, "a")->kind, SM_YAML_STRING);
    assert_int_equal(sm_yaml_get(root, "b")->kind, SM_YAML_STRING);
    assert_int_equal(sm_yaml_get(root, "c")->kind, SM_YAML_STRING);
}

static void test_yaml_tree__an_alias_is_the_node_itself(void **state)
{
    const sm_yaml_node *root = parse(*state, "a: &x {k: 1}\nb: *x\n");

    assert_ptr_equal(sm_yaml_get(root, "a"), sm_yaml_get(root, "b"));
}

static void test_yaml_tree__a_later_anchor_hides_the_first(void **state)
{
    const sm_yaml_node *root = parse(*state, "a: &x 1\nb: &x 2\nc: *x\n");

    assert_string_equal(text_of(root, "c"), "2");
}

static void test_yaml_tree__merge_keeps_what_the_map_has(void **state)
{
    const sm_yaml_node *root =
        parse(*state, "a: &a {x: 1, y: 2}\nb: &b {y: 3, z: 4}\nc:\n  <<: [*a, *b]\n  x: 0\n");
    const sm_yaml_node *c = sm_yaml_get(root, "c");

    assert_int_equal(c->n, 3);
    assert_string_equal(text_of(c, "x"), "0");
    assert_string_equal(text_of(c, "y"), "2");
    assert_string_equal(text_of(c, "z"), "4");
    assert_null(sm_yaml_get(c, "<<"));
}

static void test_yaml_tree__a_quoted_merge_key_is_a_plain_key(void **state)
{
    const sm_yaml_node *root = parse(*state, "\"<<\": 1\n");

    assert_string_equal(text_of(root, "<<"), "1");
}

static void test_yaml_tree__the_first_of_two_keys_stays(void **state)
{
    const sm_yaml_node *root = parse(*state, "a: 1\nb: 2\na: 3\n");

    assert_string_equal(only_code(*state), "SM0106");
    assert_int_equal(root->n, 2);
    assert_string_equal(text_of(root, "a"), "1");
}

static void test_yaml_tree__large_maps_find_duplicates_too(void **state)
{
    fixture *f = *state;
    sm_buf b;

    sm_buf_init(&b, 1024 * 1024);
    for (int i = 0; i < 1000; i++)
        sm_buf_addf(&b, "k%d: %d\n", i, i);
    sm_buf_adds(&b, "k500: x\n");
    assert_int_equal(parse(f, sm_arena_cstr(f->a, sm_buf_sv(&b)))->n, 1000);
    assert_string_equal(only_code(f), "SM0106");
    sm_buf_release(&b);
}

static void test_yaml_tree__a_byte_order_mark_is_skipped(void **state)
{
    const sm_yaml_node *root = parse(*state, "\xEF\xBB\xBF"
                                             "a: 1\n");

    assert_string_equal(text_of(root, "a"), "1");
    assert_int_equal(sm_yaml_span(sm_yaml_get(root, "a")).column, 4);
}

static void test_yaml_tree__64_levels_are_allowed(void **state)
{
    fixture *f = *state;

    assert_non_null(parse(f, repeated(f, "[", 64, repeated(f, "]", 64, "\n"))));
    assert_int_equal(sm_diags_count(f->d), 0);
}

static void test_yaml_tree__65_levels_are_not(void **state)
{
    fixture *f = *state;

    assert_null(parse(f, repeated(f, "[", 65, repeated(f, "]", 65, "\n"))));
    assert_string_equal(only_code(f), "SM0103");
}

static void test_yaml_tree__depth_counts_through_aliases(void **state)
{
    fixture *f = *state;
    const char *deep = repeated(f, "[", 40, repeated(f, "]", 40, "\n"));
    const char *text = sm_arena_printf(f->a, "a: &a %sb: %s*a%s", deep, repeated(f, "[", 30, ""),
                                       repeated(f, "]", 30, "\n"))
                           .ptr;

    assert_null(parse(f, text));
    assert_string_equal(only_code(f), "SM0103");
}

static void test_yaml_tree__aliases_stand_for_10000_values_at_most(void **state)
{
    fixture *f = *state;

    assert_non_null(
        parse(f, repeated(f, "- &a [1, 2, 3, 4]\n", 1, repeated(f, "- *a\n", 2000, ""))));
    assert_int_equal(sm_diags_count(f->d), 0);
    assert_null(parse(f, repeated(f, "- &a [1, 2, 3, 4]\n", 1, repeated(f, "- *a\n", 2001, ""))));
    assert_string_equal(only_code(f), "SM0103");
}

static void test_yaml_tree__a_million_values_is_the_end(void **state)
{
    fixture *f = *state;

    assert_null(parse(f, repeated(f, "- 1\n", 1000001, "")));
    assert_string_equal(only_code(f), "SM0103");
}

static void test_yaml_tree__4_mib_is_the_end(void **state)
{
    fixture *f = *state;

    assert_null(parse(f, repeated(f, "#\n", SM_YAML_MAX_BYTES / 2, "a: 1\n")));
    assert_string_equal(only_code(f), "SM0103");
}

static void test_yaml_tree__faults_of_one_place_do_not_end_the_parse(void **state)
{
    fixture *f = *state;
    const sm_yaml_node *root = parse(f, "a: !x 1\nb: *none\nc: 1\nc: 2\n<<: 1\nd: &d [*d]\n");

    assert_non_null(root);
    assert_int_equal(sm_diags_count(f->d), 5);
}

static void test_yaml_tree__a_describing_word_is_cut_between_characters(void **state)
{
    fixture *f = *state;
    const sm_yaml_node *root = parse(f, repeated(f, "\xC3\xA9", 100, "\n"));
    sm_sv words = sm_yaml_describe(root, f->a);

    assert_int_equal(sm_utf8_check(words), words.len);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_yaml_tree__nodes_know_where_they_stand, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_yaml_tree__a_block_map_is_placed_at_its_first_key,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_yaml_tree__quotes_make_strings, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_yaml_tree__an_alias_is_the_node_itself, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_yaml_tree__a_later_anchor_hides_the_first, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_yaml_tree__merge_keeps_what_the_map_has, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_yaml_tree__a_quoted_merge_key_is_a_plain_key, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_yaml_tree__the_first_of_two_keys_stays, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_yaml_tree__large_maps_find_duplicates_too, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_yaml_tree__a_byte_order_mark_is_skipped, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_yaml_tree__64_levels_are_allowed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_yaml_tree__65_levels_are_not, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_yaml_tree__depth_counts_through_aliases, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_yaml_tree__aliases_stand_for_10000_values_at_most,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_yaml_tree__a_million_values_is_the_end, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_yaml_tree__4_mib_is_the_end, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_yaml_tree__faults_of_one_place_do_not_end_the_parse,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_yaml_tree__a_describing_word_is_cut_between_characters,
                                        set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
