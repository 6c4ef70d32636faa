/* SPDX-License-Identifier: Apache-2.0 */
/* test_decode_tally.c -- counts, samples and unknown fields, whoever was first. */
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/connect/decode_tally.h"

static sm_decode_tally *tally_new(void)
{
    return calloc(1, sizeof(sm_decode_tally));
}

static void test_tally__keeps_the_samples_with_the_lowest_places(void **state)
{
    sm_decode_tally *all = tally_new(), *part = tally_new();
    (void)state;
    for (size_t file = 5; file-- > 0;) { /* the last file's block comes first */
        for (int64_t i = 0; i < 30; i++)
            sm_decode_tally_bad(part, (sm_decode_place){ file, i }, 7, "bad");
        part->records = 30;
        sm_decode_tally_merge(all, part);
        assert_int_equal(part->undecodable, 0);
    }
    assert_int_equal(all->undecodable, 150);
    assert_int_equal(all->records, 150);
    assert_int_equal(all->n_samples, SM_DECODE_SAMPLES);
    for (size_t i = 0; i < SM_DECODE_SAMPLES; i++) {
        assert_int_equal(all->samples[i].at.file, 0);
        assert_int_equal(all->samples[i].at.offset, i);
    }
    free(part);
    free(all);
}

static void test_tally__keeps_the_first_place_of_an_unknown_field(void **state)
{
    sm_decode_tally *all = tally_new(), *part = tally_new();
    (void)state;
    sm_decode_tally_unknown(all, SM_SV("x"), (sm_decode_place){ 1, 100 });
    sm_decode_tally_unknown(part, SM_SV("x"), (sm_decode_place){ 0, 500 });
    sm_decode_tally_unknown(part, SM_SV("y"), (sm_decode_place){ 0, 700 });
    sm_decode_tally_merge(all, part);
    assert_int_equal(all->n_unknown, 2);
    assert_int_equal(all->unknown[0].at.file, 0);
    assert_int_equal(all->unknown[0].at.offset, 500);
    free(part);
    free(all);
}

static void test_tally__reads_lines_and_texts_again(void **state)
{
    char path[600];
    sm_arena *a = sm_arena_new("test");
    sm_decode_tally *t = tally_new();
    (void)state;
    snprintf(path, sizeof path, "%s/t.json", sm_test_folder("decode_tally"));
    sm_test_write(path, "{}\nbad one\n{}\nb\xff\n");
    const sm_decode_file file = { .path = path, .name = "t.json", .size = 17 };
    sm_decode_tally_bad(t, (sm_decode_place){ 0, 3 }, 7, "why");
    sm_decode_tally_bad(t, (sm_decode_place){ 0, 14 }, 7, "why not");
    sm_sv text = sm_json_text(sm_decode_tally_samples(t, &file, a), a);
    assert_string_equal(text.ptr,
                        "[{\"file\":\"t.json\",\"line\":2,\"reason\":\"why\",\"text\":\"bad one\"},"
                        "{\"file\":\"t.json\",\"line\":4,\"reason\":\"why not\","
                        "\"text\":\"b\xef\xbf\xbd\"}]");
    free(t);
    sm_arena_free(a);
}

static void test_tally__a_file_that_is_gone_has_no_line(void **state)
{
    const sm_decode_file file = { .path = "no such file", .name = "t.json", .size = 17 };
    (void)state;
    assert_int_equal(sm_decode_line(&file, (sm_decode_place){ 0, 3 }), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_tally__keeps_the_samples_with_the_lowest_places),
        SM_TEST(test_tally__keeps_the_first_place_of_an_unknown_field),
        SM_TEST(test_tally__reads_lines_and_texts_again),
        SM_TEST(test_tally__a_file_that_is_gone_has_no_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
