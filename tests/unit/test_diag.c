/* SPDX-License-Identifier: Apache-2.0 */
/* test_diag.c -- faults with their place, as they are printed. */
#include "tests/support/test.h"

#include <string.h>

#include "runtime/base/diag.h"

typedef struct fixture {
    sm_arena *a;
    sm_diags *d;
    sm_buf out;
} fixture;

static void setup(fixture *f)
{
    f->a = sm_arena_new("test");
    f->d = sm_diags_new(f->a);
    sm_buf_init(&f->out, 1000000);
}

static void teardown(fixture *f)
{
    sm_buf_release(&f->out);
    sm_arena_free(f->a);
}

static sm_span at(uint32_t line, uint32_t column, uint32_t end_column)
{
    return (sm_span){ "p.yml", line, column, line, end_column };
}

static void test_diag__prints_line_carets_hint_and_see(void **state)
{
    fixture f;

    (void)state;
    setup(&f);
    sm_diags_source(f.d, "p.yml", SM_SV("one:\n  from: orders_row\r\n"));
    sm_diag_add(f.d, "SM0301", at(2, 9, 19), "nothing defines \"%s\"", "orders_row");
    sm_diag_hint(f.d, "did you mean \"%s\"?", "orders_raw");
    sm_diag_see(f.d, at(1, 1, 4), "defined here");
    sm_diags_print(f.d, false, &f.out);
    assert_string_equal(f.out.ptr, "p.yml:2:9: error[SM0301]: nothing defines \"orders_row\"\n"
                                   "    2 |   from: orders_row\n"
                                   "      |         ^^^^^^^^^^\n"
                                   "   hint: did you mean \"orders_raw\"?\n"
                                   "   p.yml:1:1: defined here\n");
    teardown(&f);
}

static void test_diag__carets_stand_below_characters(void **state)
{
    fixture f;

    (void)state;
    setup(&f);
    sm_diags_source(f.d, "p.yml", SM_SV("\t\xC3\xA4\xE2\x82\xAC: x\xC3\xB6\n"));
    sm_diag_add(f.d, "SM0101", (sm_span){ "p.yml", 1, 6, 2, 1 }, "bad");
    sm_diags_print(f.d, false, &f.out);
    assert_string_equal(f.out.ptr, "p.yml:1:6: error[SM0101]: bad\n"
                                   "    1 |  \xC3\xA4\xE2\x82\xAC: x\xC3\xB6\n"
                                   "      |      ^^\n");
    teardown(&f);
}

/* Bytes between the start of its line and the first `c` of a text. */
static size_t column_of(const char *text, char c)
{
    const char *p = strchr(text, c), *start = p;

    assert_non_null(p);
    while (start > text && start[-1] != '\n')
        start--;
    return (size_t)(p - start);
}

static void test_diag__a_long_line_is_cut_around_its_fault(void **state)
{
    fixture f;
    char line[5000];
    size_t fault;

    (void)state;
    setup(&f);
    memset(line, 'x', sizeof line);
    line[3000] = 'F';
    sm_diags_source(f.d, "p.yml", (sm_sv){ line, sizeof line });
    sm_diag_add(f.d, "SM0101", at(1, 3001, 3002), "bad");
    sm_diags_print(f.d, false, &f.out);
    assert_in_range(f.out.len, 200, 500);
    fault = column_of(f.out.ptr, 'F');
    assert_int_equal(fault, column_of(f.out.ptr, '^'));
    assert_in_range(fault, 50, 200);
    teardown(&f);
}

static void test_diag__foreign_text_cannot_drive_a_terminal(void **state)
{
    fixture f;

    (void)state;
    setup(&f);
    sm_diags_source(f.d, "p.yml", SM_SV("a: \x1B[31m\xE2\x80\xAE\xFF\n"));
    sm_diag_add(f.d, "SM0101", at(1, 4, 5), "\x1B]0;x\x07");
    sm_diags_print(f.d, false, &f.out);
    assert_null(strchr(f.out.ptr, '\x1B'));
    assert_null(strchr(f.out.ptr, '\x07'));
    sm_test_contains(f.out.ptr, "    1 | a: ?[31m??\n");
    sm_test_contains(f.out.ptr, "error[SM0101]: \\x1b]0;x\\x07\n");
    teardown(&f);
}

static void test_diag__sorts_by_place_and_drops_exact_doubles(void **state)
{
    fixture f;

    (void)state;
    setup(&f);
    sm_diag_add(f.d, "SM0101", at(9, 1, 2), "third");
    sm_diag_add(f.d, "SM0101", at(2, 8, 9), "second");
    sm_diag_add(f.d, "SM0101", at(2, 3, 4), "first");
    sm_diag_add(f.d, "SM0101", at(2, 8, 9), "second");
    assert_int_equal(sm_diags_errors(f.d), 4);
    sm_diags_sort(f.d);
    assert_int_equal(sm_diags_count(f.d), 3);
    assert_int_equal(sm_diags_errors(f.d), 3);
    assert_int_equal(sm_diags_warnings(f.d), 0);
    assert_string_equal(sm_diags_at(f.d, 0)->message.ptr, "first");
    assert_string_equal(sm_diags_at(f.d, 2)->message.ptr, "third");
    assert_null(sm_diags_at(f.d, 3));
    sm_diags_summary(f.d, &f.out);
    assert_string_equal(f.out.ptr, "3 errors");
    teardown(&f);
}

static void test_diag__a_million_faults_are_counted_and_few_printed(void **state)
{
    fixture f;

    (void)state;
    setup(&f);
    for (uint32_t i = 0; i < 100000; i++) {
        sm_diag_add(f.d, "SM0101", at(i + 1, 1, 2), "fault");
        sm_diag_hint(f.d, "a hint");
    }
    sm_diags_print(f.d, false, &f.out);
    sm_test_contains(f.out.ptr, "p.yml:100:1:");
    assert_null(strstr(f.out.ptr, "p.yml:101:1:"));
    sm_test_contains(f.out.ptr, "and 99900 more\n");
    sm_buf_clear(&f.out);
    sm_diags_summary(f.d, &f.out);
    assert_string_equal(f.out.ptr, "100000 errors");
    teardown(&f);
}

static void test_diag__json_holds_the_same(void **state)
{
    fixture f;
    sm_sv text;

    (void)state;
    setup(&f);
    sm_diag_add(f.d, "SM0301", at(2, 9, 19), "m");
    sm_diag_hint(f.d, "h");
    sm_diag_see(f.d, at(1, 1, 4), "l");
    text = sm_json_text(sm_diags_json(f.d, f.a), f.a);
    assert_string_equal(
        text.ptr, "[{\"code\":\"SM0301\",\"severity\":\"error\",\"file\":\"p.yml\",\"line\":2,"
                  "\"column\":9,\"end_line\":2,\"end_column\":19,\"message\":\"m\",\"hint\":\"h\","
                  "\"see\":[{\"file\":\"p.yml\",\"line\":1,\"column\":1,\"end_line\":1,"
                  "\"end_column\":4,\"label\":\"l\"}]}]");
    teardown(&f);
}

/* "SM0301", with the area that its file is named after. */
static void check_row(const sm_diag_def *row)
{
    sm_sv id = sm_sv_cstr(row->id), why = sm_sv_cstr(row->explanation);
    int64_t number;

    assert_int_equal(id.len, 6);
    assert_true(sm_sv_starts(id, SM_SV("SM")));
    assert_true(sm_sv_to_int64(sm_sv_sub(id, 2, 4), &number));
    assert_in_range(number, 101, 999);
    assert_string_not_equal(sm_diag_area(id), "");
    assert_in_range(strlen(row->title), 4, 70);
    assert_in_range(why.len, 20, 2000);
    assert_true(sm_sv_ends(why, SM_SV(".")));
    assert_int_equal(sm_utf8_check(why), why.len);
}

static void test_diag_table__rows_are_in_order_and_explained(void **state)
{
    size_t n;
    const sm_diag_def *rows = sm_diag_defs(&n);

    (void)state;
    assert_true(n > 50);
    for (size_t i = 0; i < n; i++) {
        check_row(&rows[i]);
        assert_ptr_equal(sm_diag_lookup(sm_sv_cstr(rows[i].id)), &rows[i]);
        if (i > 0)
            assert_true(strcmp(rows[i - 1].id, rows[i].id) < 0);
    }
}

static void test_diag_table__finds_by_code_in_any_case(void **state)
{
    (void)state;
    assert_string_equal(sm_diag_lookup(SM_SV("sm0301"))->id, "SM0301");
    assert_null(sm_diag_lookup(SM_SV("SM9999")));
    assert_string_equal(sm_diag_area(SM_SV("SM0301")), "graph");
    assert_string_equal(sm_diag_area(SM_SV("x")), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_diag__prints_line_carets_hint_and_see),
        SM_TEST(test_diag__carets_stand_below_characters),
        SM_TEST(test_diag__a_long_line_is_cut_around_its_fault),
        SM_TEST(test_diag__foreign_text_cannot_drive_a_terminal),
        SM_TEST(test_diag__sorts_by_place_and_drops_exact_doubles),
        SM_TEST(test_diag__a_million_faults_are_counted_and_few_printed),
        SM_TEST(test_diag__json_holds_the_same),
        SM_TEST(test_diag_table__rows_are_in_order_and_explained),
        SM_TEST(test_diag_table__finds_by_code_in_any_case),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
