/* SPDX-License-Identifier: Apache-2.0 */
/* test_decode_text.c -- lines as they are. */
#include "tests/support/test.h"

#include <string.h>

#include "runtime/connect/decode_text.h"

static void test_text__every_line_is_a_row_and_bad_utf8_is_told(void **state)
{
    char text[200] = "one\r\n\n\xff\xff\nthe last one, which is long\n";
    static sm_decode_string out[SM_DECODE_ROWS];
    static sm_decode_vector vector;
    static sm_decode_tally tally;
    size_t len = strlen(text) - 1; /* the sentinel ends the last line */
    sm_decode_block block = { .data = text, .end = text + len, .left_out = -1 };
    sm_text_lines lines;
    (void)state;
    vector.data = out;
    sm_text_begin(&lines, &block);
    assert_int_equal(sm_text_rows(&lines, &vector, &tally), 3);
    assert_int_equal(out[0].len, 3);
    assert_memory_equal(out[0].head, "one", 4);
    assert_int_equal(out[1].len, 0);
    assert_int_equal(out[2].len, 27);
    assert_memory_equal(out[2].u.ptr, "the last one, which is long", 27);
    assert_int_equal(tally.records, 4);
    assert_int_equal(tally.undecodable, 1);
    assert_string_equal(tally.samples[0].reason, "invalid UTF-8, at byte 1");
    assert_int_equal(sm_text_rows(&lines, &vector, &tally), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_text__every_line_is_a_row_and_bad_utf8_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
