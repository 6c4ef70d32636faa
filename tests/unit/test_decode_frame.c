/* SPDX-License-Identifier: Apache-2.0 */
/* test_decode_frame.c -- where a record ends, when a newline does not end it. */
#include "tests/support/test.h"

#include <stdio.h>
#include <string.h>

#include "runtime/base/str.h"
#include "runtime/connect/decode_frame.h"

/* The records of `text`, scanned in pieces of `step` bytes, each in brackets. */
static void frame_all(const sm_framing *framing, const char *text, size_t step, char out[1000])
{
    char copy[500];
    size_t len = strlen(text), n = 0, record = 0;
    sm_frame f = { 0 };
    assert_true(len < sizeof copy);
    memcpy(copy, text, len + 1);
    for (size_t i = 0; i < len;) {
        size_t have = len - i < step ? len - i : step;
        bool ended;
        i += sm_frame_scan(framing, &f, copy + i, have, &ended);
        if (!ended && i < len)
            continue;
        n += (size_t)snprintf(out + n, 1000 - n, "<%.*s>", (int)(i - record), copy + record);
        record = i;
    }
}

static void check_frames(const sm_framing *framing, const char *text, const char *wanted)
{
    char out[1000] = "";
    for (size_t step = 1; step <= strlen(text); step++) {
        frame_all(framing, text, step, out);
        assert_string_equal(out, wanted);
    }
}

static void test_frame__json_becomes_one_record_on_each_line(void **state)
{
    const sm_framing json = { .kind = SM_FRAME_JSON };
    (void)state;
    check_frames(&json, "{\n\"a\": 1\n}\n{}", "<{ \"a\": 1 }\n><{}>");
    check_frames(&json, "[{\"a\":[1,\n2]}, {}\n]\n", "< {\"a\":[1, 2]}\n>< {}\n><\n><\n>");
    check_frames(&json, "{}{\"a\":{}} {}", "<{}><{\"a\":{}}\n><{}>");
    check_frames(&json, "{\"a\":\"}\\\"\n{\"}\n", "<{\"a\":\"}\\\"\r{\"}\n>");
    check_frames(&json, "[1, [2], {}]", "< 1\n>< [2]\n>< {}\n>");
    check_frames(&json, "x {\n}\n", "<x { }\n>");
    check_frames(&json, "{\"a\":\n{}\n", "<{\"a\": {} >");
}

static void test_frame__csv_has_newlines_inside_quotes(void **state)
{
    const sm_framing csv = {
        .kind = SM_FRAME_CSV, .sep = ',', .quote = '"', .escape = '"', .comment = '#', .trim = true
    };
    const sm_framing slash = { .kind = SM_FRAME_CSV, .sep = ',', .quote = '\'', .escape = '\\' };
    (void)state;
    check_frames(&csv, "a,\"b\nc\"\nd\n", "<a,\"b\nc\"\n><d\n>");
    check_frames(&csv, "\"\"\"\n\",x\n\"\"\ny", "<\"\"\"\n\",x\n><\"\"\n><y>");
    check_frames(&csv, "a\"b\n \"c\nd\" \n", "<a\"b\n>< \"c\nd\" \n>");
    check_frames(&csv, "#\"\nx,#\"\n", "<#\"\n><x,#\"\n>");
    check_frames(&csv, "a,\"b\nc", "<a,\"b\nc>");
    check_frames(&slash, "'a\\'\n\\\\'\n'b\\\n'\n", "<'a\\'\n\\\\'\n><'b\\\n'\n>");
    check_frames(&slash, " 'a\n", "< 'a\n>");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_frame__json_becomes_one_record_on_each_line),
        SM_TEST(test_frame__csv_has_newlines_inside_quotes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
