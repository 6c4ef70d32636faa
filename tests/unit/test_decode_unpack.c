/* SPDX-License-Identifier: Apache-2.0 */
/* test_decode_unpack.c -- the bytes of a file, unpacked while they are read.
 *
 * The packed texts: "one\ntwo\n" and "three\n" as two gzip members with padding behind, and as
 * two zstd frames with a skippable one between; 3,000 times "a" in either. */
#include "tests/support/test.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "runtime/connect/decode_unpack.h"

static const unsigned char gzip_members[] = {
    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xcb, 0xcf, 0x4b, 0xe5, 0x2a,
    0x29, 0xcf, 0xe7, 0x02, 0x00, 0xe6, 0x0b, 0xba, 0x12, 0x08, 0x00, 0x00, 0x00, 0x1f, 0x8b,
    0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0x2b, 0xc9, 0x28, 0x4a, 0x4d, 0xe5, 0x02,
    0x00, 0xd8, 0xc5, 0x46, 0xff, 0x06, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
};

static const unsigned char gzip_bomb[] = {
    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xed, 0xc1, 0x31,
    0x01, 0x00, 0x00, 0x00, 0xc2, 0xa0, 0xac, 0xeb, 0x5f, 0xc2, 0x1a, 0x1e, 0x40,
    0x01, 0x00, 0x00, 0xef, 0x06, 0xc8, 0x3c, 0xdc, 0x5e, 0xb8, 0x0b, 0x00, 0x00,
};

static const unsigned char zstd_frames[] = {
    0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0x08, 0x00, 0x00, 0x00, 0x20, 0x00, 0x00, 0x6f,
    0x6e, 0x65, 0x0a, 0x21, 0x00, 0x00, 0x74, 0x77, 0x6f, 0x0a, 0x50, 0x2a, 0x4d,
    0x18, 0x03, 0x00, 0x00, 0x00, 0x78, 0x79, 0x7a, 0x28, 0xb5, 0x2f, 0xfd, 0xa0,
    0x06, 0x00, 0x00, 0x00, 0x31, 0x00, 0x00, 0x74, 0x68, 0x72, 0x65, 0x65, 0x0a,
};

static const unsigned char zstd_bomb[] = {
    0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0xb8, 0x0b, 0x00, 0x00, 0xc3, 0x5d, 0x00, 0x61,
};

static const char *const text = "one\ntwo\nthree\n";

static const char *unpack_path(const char *name, const unsigned char *bytes, size_t len)
{
    static char path[600];
    snprintf(path, sizeof path, "%s/%s", sm_test_folder("decode_unpack"), name);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, len, f), len);
    fclose(f);
    return path;
}

/* What comes out of `bytes` in steps of `step`, and why no more. */
static void unpack_all(const char *name, const unsigned char *bytes, size_t len, size_t step,
                       const sm_unpack_limits *limits, char out[4096], char why[160])
{
    const char *path = unpack_path(name, bytes, len);
    sm_unpack *u;
    sm_error err;
    size_t n = 0, got = 1;
    sm_assert_ok(sm_unpack_new(path, path, (int64_t)len, limits, &u, &err), err);
    while (got > 0) {
        assert_true(n + step < 4096);
        sm_assert_ok(sm_unpack_read(u, out + n, step, &got, &err), err);
        n += got;
    }
    out[n] = '\0';
    snprintf(why, 160, "%s", sm_unpack_broken(u));
    sm_unpack_free(u);
}

static void check_whole(const char *name, const unsigned char *bytes, size_t len)
{
    char out[4096], why[160];
    for (size_t step = 1; step < 40; step++) {
        unpack_all(name, bytes, len, step, &sm_unpack_usual, out, why);
        assert_string_equal(why, "");
        assert_string_equal(out, text);
    }
}

static void test_unpack__gives_all_members_and_frames(void **state)
{
    (void)state;
    check_whole("x.gz", gzip_members, sizeof gzip_members);
    check_whole("x.zst", zstd_frames, sizeof zstd_frames);
    check_whole("x.json", (const unsigned char *)text, strlen(text));
}

static void test_unpack__an_empty_file_has_no_bytes(void **state)
{
    static const char *const names[] = { "x.gz", "x.zst", "x.json" };
    char out[4096], why[160];
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        unpack_all(names[i], gzip_members, 0, 9, &sm_unpack_usual, out, why);
        assert_string_equal(out, "");
        assert_string_equal(why, "");
    }
}

/* Cut at any byte: what comes out is a begin of the text, and unless a member or frame ends there
 * the break is told. */
static void check_cuts(const char *name, const unsigned char *bytes, size_t len)
{
    char out[4096], why[160];
    size_t told = 0;
    for (size_t cut = 1; cut < len; cut++) {
        unpack_all(name, bytes, cut, 7, &sm_unpack_usual, out, why);
        assert_memory_equal(out, text, strlen(out));
        if (why[0] != '\0')
            told++;
        else
            assert_true(strcmp(out, "one\ntwo\n") == 0 || strcmp(out, text) == 0);
    }
    assert_true(told > len / 2);
}

static void test_unpack__tells_a_file_that_is_cut(void **state)
{
    char out[4096], why[160];
    (void)state;
    check_cuts("x.gz", gzip_members, sizeof gzip_members);
    check_cuts("x.zst", zstd_frames, sizeof zstd_frames);
    unpack_all("x.gz", gzip_members, 20, 7, &sm_unpack_usual, out, why);
    assert_string_equal(why, "the file ends before its compressed data does");
}

/* Change any byte: no crash; where there are checksums, no other text without a word. */
static void check_flips(const char *name, const unsigned char *bytes, size_t len, bool sums)
{
    unsigned char copy[256];
    char out[4096], why[160];
    for (size_t i = 0; i < len; i++) {
        memcpy(copy, bytes, len);
        copy[i] ^= 0x55;
        unpack_all(name, copy, len, 64, &sm_unpack_usual, out, why);
        if (sums && why[0] == '\0')
            assert_string_equal(out, text);
    }
}

static void test_unpack__tells_damage(void **state)
{
    char out[4096], why[160];
    (void)state;
    check_flips("x.gz", gzip_members, sizeof gzip_members, true);
    check_flips("x.zst", zstd_frames, sizeof zstd_frames, false);
    unpack_all("x.gz", zstd_frames, sizeof zstd_frames, 64, &sm_unpack_usual, out, why);
    assert_string_equal(why, "this is no gzip");
    unpack_all("x.zst", gzip_members, sizeof gzip_members, 64, &sm_unpack_usual, out, why);
    sm_test_contains(why, "the zstd data is damaged");
}

static void check_limit(const sm_unpack_limits *limits, const char *wanted)
{
    char out[4096], why[160];
    unpack_all("x.gz", gzip_bomb, sizeof gzip_bomb, 100, limits, out, why);
    assert_string_equal(why, wanted);
    assert_true(strlen(out) <= 3000);
    unpack_all("x.zst", zstd_bomb, sizeof zstd_bomb, 100, limits, out, why);
    assert_string_equal(why, wanted);
}

static void test_unpack__stops_at_its_limits(void **state)
{
    (void)state;
    check_limit(&(sm_unpack_limits){ 30, 1000, 100000 }, "it becomes more than 30 times its size");
    check_limit(&(sm_unpack_limits){ 1000, 0, 2500 }, "it becomes more than 2500 bytes");
    check_limit(&(sm_unpack_limits){ 30, 3000, 3000 }, "");
    check_limit(&sm_unpack_usual, "");
}

static void test_unpack__tells_a_file_that_became_shorter(void **state)
{
    char out[64];
    size_t got;
    sm_unpack *u;
    sm_error err;
    (void)state;
    const char *path = unpack_path("x.gz", gzip_members, 10);
    sm_assert_ok(sm_unpack_new(path, path, 20, &sm_unpack_usual, &u, &err), err);
    sm_assert_code(sm_unpack_read(u, out, sizeof out, &got, &err), SM_E_AGAIN);
    sm_unpack_free(u);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_unpack__gives_all_members_and_frames),
        SM_TEST(test_unpack__an_empty_file_has_no_bytes),
        SM_TEST(test_unpack__tells_a_file_that_is_cut),
        SM_TEST(test_unpack__tells_damage),
        SM_TEST(test_unpack__stops_at_its_limits),
        SM_TEST(test_unpack__tells_a_file_that_became_shorter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
