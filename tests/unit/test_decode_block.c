/* SPDX-License-Identifier: Apache-2.0 */
/* test_decode_block.c -- files cut into blocks of whole lines. */
#include "tests/support/test.h"

#include <stdio.h>
#include <string.h>

#include "tests/support/decode_table.h"

static const char *block_path(const char *name, const char *text)
{
    static char path[600];
    snprintf(path, sizeof path, "%s/%s", sm_test_folder("decode_block"), name);
    sm_test_write(path, text);
    return path;
}

/* All lines of `text`, as blocks of `size` give them. */
static void check_lines(const char *path, size_t len, size_t size, const char *rows)
{
    const sm_decode_file file = { .path = path, .name = "f", .size = (int64_t)len };
    decode_table t;
    decode_table_init(&t, "a BIGINT");
    decode_table_file(&t, &file, 1, size);
    if (strcmp(t.rows.ptr, rows) != 0 || t.tally.undecodable != 0)
        fail_msg("blocks of %zu: %s", size, t.rows.ptr);
    decode_table_release(&t);
}

static void test_block__any_size_gives_each_line_once(void **state)
{
    static const char *const texts[] = {
        "{\"a\":1}\n{\"a\":22}\n\n{\"a\":333}\n{\"a\":4}\n",
        "{\"a\":1}\n{\"a\":22}\n\n{\"a\":333}\r\n{\"a\":4}",
        "\xef\xbb\xbf{\"a\":1}\n{\"a\":22}\n\n\n\n\n{\"a\":333}\n{\"a\":4}",
    };
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        const char *path = block_path("lines.json", texts[i]);
        for (size_t size = 1; size <= strlen(texts[i]) + 1; size++)
            check_lines(path, strlen(texts[i]), size, "1\n22\n333\n4\n");
    }
}

static void test_block__empty_files_have_no_lines(void **state)
{
    (void)state;
    check_lines(block_path("empty.json", ""), 0, 0, "");
    check_lines(block_path("bom.json", "\xef\xbb\xbf"), 3, 0, "");
    check_lines(block_path("newline.json", "\n"), 1, 0, "");
}

static void test_block__files_keep_their_own_lines(void **state)
{
    char one[600], two[600];
    decode_table t;
    (void)state;
    snprintf(one, sizeof one, "%s", block_path("one.json", "{\"a\":1}\n{\"a\":2}"));
    snprintf(two, sizeof two, "%.*s/two.json", (int)(strrchr(one, '/') - one), one);
    sm_test_write(two, "{\"a\":3}\nx\n{\"a\":4}");
    const sm_decode_file files[] = { { .path = one, .name = "one", .size = 15 },
                                     { .path = two, .name = "two", .size = 17 } };
    decode_table_init(&t, "a BIGINT");
    for (size_t size = 1; size < 20; size++) {
        decode_table_file(&t, files, 2, size);
        assert_string_equal(t.rows.ptr, "1\n2\n3\n4\n");
        assert_int_equal(t.tally.samples[0].at.file, 1);
        assert_int_equal(t.tally.samples[0].at.offset, 8);
        assert_int_equal(sm_decode_line(files, t.tally.samples[0].at), 2);
    }
    decode_table_release(&t);
}

/* `before`, then n times x, then `after`, in a file; its length. */
static sm_decode_file block_long_file(const char *before, size_t n, const char *after)
{
    sm_buf text;
    sm_buf_init(&text, n + 100);
    sm_buf_adds(&text, before);
    for (size_t i = 0; i < n; i++)
        sm_buf_addc(&text, 'x');
    sm_buf_adds(&text, after);
    sm_decode_file file = { .path = block_path("long.json", text.ptr),
                            .name = "long",
                            .size = (int64_t)text.len };
    sm_buf_release(&text);
    return file;
}

static void test_block__a_line_of_20_mib_is_left_out_and_told(void **state)
{
    decode_table t;
    const sm_decode_file file =
        block_long_file("{\"a\":1}\n{\"a\":2,\"b\":\"", 20 * 1024 * 1024, "\"}\n{\"a\":3}\n");
    (void)state;
    decode_table_init(&t, "a BIGINT");
    for (size_t size = 256 * 1024; size <= 4 * 1024 * 1024; size *= 4) {
        decode_table_file(&t, &file, 1, size);
        assert_string_equal(t.rows.ptr, "1\n3\n");
        assert_int_equal(t.tally.records, 3);
        assert_int_equal(t.tally.undecodable, 1);
        assert_string_equal(t.tally.samples[0].reason, "the line is longer than 16 MiB");
        assert_int_equal(t.tally.samples[0].at.offset, 8);
    }
    decode_table_release(&t);
}

static void test_block__a_line_of_16_mib_is_read(void **state)
{
    decode_table t;
    const sm_decode_file file =
        block_long_file("{\"a\":2,\"b\":\"", SM_DECODE_MAX_RECORD - 20, "\"}\n{\"a\":3}\n");
    (void)state;
    decode_table_init(&t, "a BIGINT");
    decode_table_file(&t, &file, 1, 0);
    assert_string_equal(t.rows.ptr, "2\n3\n");
    decode_table_release(&t);
}

static sm_code block_first(const sm_decode_file *file, sm_error *err)
{
    sm_decode_blocks *blocks = sm_decode_blocks_new(file, 1, 0);
    sm_decode_block block;
    bool more;
    sm_decode_block_init(&block);
    sm_code rc = sm_decode_block_next(blocks, &block, &more, err);
    sm_decode_block_release(&block);
    sm_decode_blocks_free(blocks);
    return rc;
}

static void test_block__a_file_that_shrank_asks_for_another_attempt(void **state)
{
    const sm_decode_file file = { .path = block_path("short.json", "{}\n"),
                                  .name = "short.json",
                                  .size = 100 };
    sm_error err = { 0 };
    (void)state;
    sm_assert_code(block_first(&file, &err), SM_E_AGAIN);
    sm_test_contains(err.msg, "short.json");
}

static void test_block__a_compressed_file_is_cut_into_blocks_too(void **state)
{
    /* {"a":1} {"a":22} {"a":333}, the last without a newline, in one raw zstd block */
    static const char packed[] =
        "\x28\xb5\x2f\xfd\x20\x1a\xd1\x00\x00{\"a\":1}\n{\"a\":22}\n{\"a\":333}";
    enum { LEN = sizeof packed - 1 };
    const char *path = block_path("lines.json.zst", "");
    FILE *out = fopen(path, "wb");
    decode_table t;
    (void)state;
    assert_non_null(out);
    assert_int_equal(fwrite(packed, 1, LEN, out), LEN);
    fclose(out);
    decode_table_init(&t, "a BIGINT");
    for (size_t size = 1; size < 40; size++) {
        const sm_decode_file whole = { .path = path, .name = "lines.json.zst", .size = LEN };
        decode_table_file(&t, &whole, 1, size);
        assert_string_equal(t.rows.ptr, "1\n22\n333\n");
        assert_int_equal(t.tally.undecodable, 0);
    }
    const sm_decode_file files[] = { { .path = path, .name = "lines.json.zst", .size = LEN - 3 },
                                     { .path = path, .name = "b.zst", .size = LEN } };
    decode_table_file(&t, files, 2, 0); /* a broken one before a whole one */
    assert_int_equal(t.n_rows, 5);
    assert_int_equal(t.tally.records, 6);
    assert_int_equal(t.tally.undecodable, 1);
    assert_int_equal(t.tally.samples[0].at.offset, 17);
    assert_int_equal(sm_decode_line(files, t.tally.samples[0].at), 3);
    decode_table_release(&t);
}

static void test_block__a_file_that_is_gone_is_named(void **state)
{
    const sm_decode_file file = { .path = "no/such/file.json", .name = "file.json", .size = 100 };
    sm_error err = { 0 };
    (void)state;
    sm_assert_code(block_first(&file, &err), SM_E_NOT_FOUND);
    sm_test_contains(err.msg, "file.json");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_block__any_size_gives_each_line_once),
        SM_TEST(test_block__empty_files_have_no_lines),
        SM_TEST(test_block__files_keep_their_own_lines),
        SM_TEST(test_block__a_line_of_20_mib_is_left_out_and_told),
        SM_TEST(test_block__a_line_of_16_mib_is_read),
        SM_TEST(test_block__a_file_that_shrank_asks_for_another_attempt),
        SM_TEST(test_block__a_compressed_file_is_cut_into_blocks_too),
        SM_TEST(test_block__a_file_that_is_gone_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
