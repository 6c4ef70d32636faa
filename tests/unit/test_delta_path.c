/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/delta/delta_path.h"
#include "tests/support/test.h"

static sm_arena *arena;

static int setup(void **state)
{
    (void)state;
    arena = sm_arena_new("test");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    sm_arena_free(arena);
    return 0;
}

static void assert_sv(sm_sv got, const char *want)
{
    assert_string_equal(sm_arena_cstr(arena, got), want);
}

static void test_delta_path__encodes_what_a_uri_cannot_hold(void **state)
{
    (void)state;
    assert_sv(sm_delta_path_encode(SM_SV("part-0.c000.zstd.parquet"), arena),
              "part-0.c000.zstd.parquet");
    assert_sv(sm_delta_path_encode(SM_SV("p=a b/x#?"), arena), "p=a%20b/x%23%3F");
    assert_sv(sm_delta_path_encode(SM_SV("p=a%3Ab"), arena), "p=a%253Ab");
    assert_sv(sm_delta_path_encode(SM_SV("p=\xc3\xa9"), arena), "p=%C3%A9");
}

static void test_delta_path__decodes_what_it_encoded(void **state)
{
    (void)state;
    char all[255];

    for (int i = 1; i < 256; i++)
        all[i - 1] = (char)i;
    sm_sv key = { all, sizeof all };
    assert_true(sm_sv_eq(sm_delta_path_decode(sm_delta_path_encode(key, arena), arena), key));
}

static void test_delta_path__takes_absolute_and_broken_paths(void **state)
{
    (void)state;
    assert_sv(sm_delta_path_decode(SM_SV("file:///t/a%20b"), arena), "/t/a b");
    assert_sv(sm_delta_path_decode(SM_SV("file:/t/a"), arena), "/t/a");
    assert_sv(sm_delta_path_decode(SM_SV("./a"), arena), "a");
    assert_sv(sm_delta_path_decode(SM_SV("a%2"), arena), "a%2");
    assert_sv(sm_delta_path_decode(SM_SV("a%zz%00"), arena), "a%zz%00");
    assert_sv(sm_delta_path_join(SM_SV("/root"), SM_SV("a/b"), arena), "/root/a/b");
    assert_sv(sm_delta_path_join(SM_SV("/root"), SM_SV("/other/b"), arena), "/other/b");
}

static void test_delta_path__names_of_the_log_have_twenty_digits(void **state)
{
    (void)state;
    assert_sv(sm_delta_commit_key(12, arena), "_delta_log/00000000000000000012.json");
    assert_sv(sm_delta_checkpoint_key(10, arena),
              "_delta_log/00000000000000000010.checkpoint.parquet");
}

static void assert_name(const char *name, sm_delta_name want, int64_t version, int64_t parts)
{
    int64_t v = -1, part = -1, p = -1;

    assert_int_equal(sm_delta_name_parse(sm_sv_cstr(name), &v, &part, &p), want);
    if (want != SM_DELTA_NAME_NONE) {
        assert_int_equal(v, version);
        assert_int_equal(p, parts);
    }
}

static void test_delta_path__tells_commits_from_checkpoints_from_the_rest(void **state)
{
    (void)state;
    assert_name("00000000000000000012.json", SM_DELTA_NAME_COMMIT, 12, 1);
    assert_name("00000000000000000010.checkpoint.parquet", SM_DELTA_NAME_CHECKPOINT, 10, 1);
    assert_name("00000000000000000010.checkpoint.0000000002.0000000003.parquet",
                SM_DELTA_NAME_CHECKPOINT, 10, 3);
    assert_name("00000000000000000010.checkpoint.0000000004.0000000003.parquet", SM_DELTA_NAME_NONE,
                0, 0);
    assert_name("00000000000000000010.checkpoint.80a083e8-7026.parquet", SM_DELTA_NAME_NONE, 0, 0);
    assert_name("00000000000000000010.crc", SM_DELTA_NAME_NONE, 0, 0);
    assert_name("0000000000000000001x.json", SM_DELTA_NAME_NONE, 0, 0);
    assert_name("99999999999999999999.json", SM_DELTA_NAME_NONE, 0, 0);
    assert_name("_last_checkpoint", SM_DELTA_NAME_NONE, 0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_delta_path__encodes_what_a_uri_cannot_hold),
        SM_TEST(test_delta_path__decodes_what_it_encoded),
        SM_TEST(test_delta_path__takes_absolute_and_broken_paths),
        SM_TEST(test_delta_path__names_of_the_log_have_twenty_digits),
        SM_TEST(test_delta_path__tells_commits_from_checkpoints_from_the_rest),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
