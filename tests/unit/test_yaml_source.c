/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "pipelines/spec/yaml_int.h"
#include "tests/support/test.h"

static sm_yaml_doc doc_of(sm_arena *a, sm_diags *d, const char *text)
{
    sm_yaml_doc doc;

    assert_true(sm_yaml__doc_init(&doc, "f.yml", sm_sv_cstr(text), a, d));
    return doc;
}

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

/* The one fault of a file. */
static const sm_diag *fault_of(sm_arena *a, sm_sv text)
{
    sm_diags *d = sm_diags_new(a);
    sm_yaml_doc doc;

    assert_false(sm_yaml__doc_init(&doc, "f.yml", text, a, d));
    assert_int_equal(sm_diags_count(d), 1);
    assert_string_equal(sm_diags_at(d, 0)->def->id, "SM0102");
    return sm_diags_at(d, 0);
}

static void test_yaml_source__lines_end_with_lf_crlf_or_cr(void **state)
{
    sm_yaml_doc doc = doc_of(*state, sm_diags_new(*state), "a\nbc\r\nd\re");
    sm_span at = sm_yaml__span(&doc, 3, 9);

    assert_int_equal(doc.n_lines, 4);
    assert_int_equal(at.line, 2);
    assert_int_equal(at.column, 2);
    assert_int_equal(at.end_line, 4);
    assert_int_equal(at.end_column, 2);
}

static void test_yaml_source__characters_map_to_bytes(void **state)
{
    sm_yaml_doc doc;
    sm_buf b;

    sm_buf_init(&b, 4096);
    for (int i = 0; i < 200; i++)
        sm_buf_adds(&b, i % 2 ? "x" : "\xE2\x82\xAC");
    doc = doc_of(*state, sm_diags_new(*state), b.ptr);
    for (size_t i = 0; i < 200; i++)
        assert_int_equal(sm_yaml__byte_of(&doc, i), i / 2 * 4 + (i % 2) * 3);
    assert_int_equal(sm_yaml__byte_of(&doc, 200), 400);
    assert_int_equal(sm_yaml__byte_of(&doc, 5000), 400);
    assert_int_equal(sm_yaml__span(&doc, 400, 400).column, 201);
    sm_buf_release(&b);
}

static void test_yaml_source__what_is_no_utf8_has_a_place(void **state)
{
    static const char *const texts[] = {
        "a\nb: \xFF",     "a\nb: \xC0\x80",         "a\nb: \xED\xA0\x80",
        "a\nb: \xE2\x82", "a\nb: \xF5\x80\x80\x80", "a\nb: \x80",
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        sm_diags *d = sm_diags_new(*state);
        sm_yaml_doc doc;

        assert_false(sm_yaml__doc_init(&doc, "f.yml", sm_sv_cstr(texts[i]), *state, d));
        assert_int_equal(sm_diags_at(d, 0)->at.line, 2);
        assert_int_equal(sm_diags_at(d, 0)->at.column, 4);
    }
}

static void test_yaml_source__odd_characters_are_named(void **state)
{
    sm_test_contains(fault_of(*state, SM_SV("a: \x1B[0m"))->message.ptr, "U+001B");
    sm_test_contains(fault_of(*state, SM_SV("a: \xC2\x85 b"))->message.ptr, "U+0085");
    sm_test_contains(fault_of(*state, SM_SV("a: \xEF\xBB\xBF b"))->message.ptr, "U+FEFF");
}

static void test_yaml_source__utf16_is_recognised_with_and_without_mark(void **state)
{
    sm_test_contains(fault_of(*state, SM_SV("\xFF\xFE"
                                            "a\0"))
                         ->message.ptr,
                     "UTF-16");
    sm_test_contains(fault_of(*state, SM_SV("a\0:\0"))->message.ptr, "UTF-16");
    sm_test_contains(fault_of(*state, SM_SV("\0a\0:"))->message.ptr, "UTF-16");
}

static void test_yaml_source__tells_at_most_20_odd_bytes(void **state)
{
    sm_diags *d = sm_diags_new(*state);
    char text[100];
    sm_yaml_doc doc;

    memset(text, 0xFF, sizeof(text));
    text[0] = text[1] = 'a';
    assert_false(sm_yaml__doc_init(&doc, "f.yml", (sm_sv){ text, sizeof(text) }, *state, d));
    assert_int_equal(sm_diags_count(d), 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_yaml_source__lines_end_with_lf_crlf_or_cr),
        SM_TEST(test_yaml_source__characters_map_to_bytes),
        SM_TEST(test_yaml_source__what_is_no_utf8_has_a_place),
        SM_TEST(test_yaml_source__odd_characters_are_named),
        SM_TEST(test_yaml_source__utf16_is_recognised_with_and_without_mark),
        SM_TEST(test_yaml_source__tells_at_most_20_odd_bytes),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
