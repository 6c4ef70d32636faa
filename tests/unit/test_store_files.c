/* SPDX-License-Identifier: Apache-2.0 */
/* test_store_files.c -- files of a source: numbers, look-ups, ranges. */
#include "tests/unit/store_fixture.h"

#include <stdio.h>
#include <string.h>

static sm_files_key key_of(store_fixture *f)
{
    return (sm_files_key){ .generation = store_generation(f, "orders"), .source = SM_SV("raw") };
}

static void test_files__get_numbers_in_the_order_they_came(void **state)
{
    store_fixture f;
    sm_source_file files[2] = {
        { .path = SM_SV("b.json"), .size = 10, .mtime_ns = 5, .inode = 7 },
        { .path = SM_SV("a.json"), .size = 20, .etag = SM_SV("e") },
    };
    sm_source_file more = { .path = SM_SV("c.json"), .size = 30 };
    sm_source_file *list;
    sm_files_sum sum;
    sm_files_key key;
    int64_t last;
    size_t n;

    (void)state;
    store_open(&f, "files");
    key = key_of(&f);
    sm_assert_ok(sm_store_files_last(f.s, key, &last, &f.err), f.err);
    assert_int_equal(last, 0);
    sm_assert_ok(sm_store_files_add(f.s, &f.o, key, files, 2, &f.err), f.err);
    assert_int_equal(files[1].seq, 2);
    sm_assert_ok(sm_store_files_add(f.s, &f.o, key, &more, 1, &f.err), f.err);
    assert_int_equal(more.seq, 3);
    sm_assert_ok(sm_store_files_range(f.s, key, 0, 2, 0, f.a, &list, &n, &f.err), f.err);
    assert_int_equal(n, 2);
    assert_sv(list[0].path, "b.json");
    assert_int_equal(list[0].inode, 7);
    assert_int_equal(list[0].mtime_ns, 5);
    assert_sv(list[1].etag, "e");
    assert_int_equal(list[1].batch, -1);
    sm_assert_ok(sm_store_files_range(f.s, key, 1, 99, 1, f.a, &list, &n, &f.err), f.err);
    assert_int_equal(n, 1);
    assert_int_equal(list[0].seq, 2);
    sm_assert_ok(sm_store_files_backlog(f.s, key, 1, &sum, &f.err), f.err);
    assert_int_equal(sum.files, 2);
    assert_int_equal(sum.bytes, 50);
    assert_int_equal(sum.last, 3);
    store_close(&f);
}

static void test_lookup__gives_the_newest_number_of_each_path(void **state)
{
    store_fixture f;
    sm_source_file files[3] = { { .path = SM_SV("a") },
                                { .path = SM_SV("b") },
                                { .path = SM_SV("a"), .size = 2 } };
    sm_sv paths[3] = { SM_SV("a"), SM_SV("b"), SM_SV("c") };
    sm_source_file found;
    sm_files_key key, other;
    int64_t seqs[3];

    (void)state;
    store_open(&f, "files");
    key = key_of(&f);
    other = (sm_files_key){ .generation = key.generation, .source = SM_SV("other") };
    sm_assert_ok(sm_store_files_add(f.s, &f.o, key, files, 3, &f.err), f.err);
    sm_assert_ok(sm_store_files_lookup(f.s, key, paths, 3, seqs, &f.err), f.err);
    assert_int_equal(seqs[0], 3);
    assert_int_equal(seqs[1], 2);
    assert_int_equal(seqs[2], 0);
    sm_assert_ok(sm_store_files_lookup(f.s, other, paths, 3, seqs, &f.err), f.err);
    assert_int_equal(seqs[0], 0);
    sm_assert_ok(sm_store_file_by_path(f.s, key, SM_SV("a"), f.a, &found, &f.err), f.err);
    assert_int_equal(found.size, 2);
    sm_assert_code(sm_store_file_by_path(f.s, key, SM_SV("c"), f.a, &found, &f.err),
                   SM_E_NOT_FOUND);
    store_close(&f);
}

static void test_files__of_an_old_generation_take_no_more(void **state)
{
    store_fixture f;
    sm_source_file file = { .path = SM_SV("a") };
    sm_files_key old;

    (void)state;
    store_open(&f, "files");
    old = key_of(&f);
    key_of(&f); /* begins another one */
    sm_assert_code(sm_store_files_add(f.s, &f.o, old, &file, 1, &f.err), SM_E_CONFLICT);
    store_close(&f);
}

static void test_files__with_a_path_too_long_add_none(void **state)
{
    static char path[5000];
    store_fixture f;
    sm_source_file files[2] = { { .path = SM_SV("a") }, { .path = { path, sizeof path } } };
    sm_files_key key;
    int64_t last;

    (void)state;
    memset(path, 'p', sizeof path);
    store_open(&f, "files");
    key = key_of(&f);
    sm_assert_code(sm_store_files_add(f.s, &f.o, key, files, 2, &f.err), SM_E_LIMIT);
    sm_assert_ok(sm_store_files_last(f.s, key, &last, &f.err), f.err);
    assert_int_equal(last, 0);
    store_close(&f);
}

static void test_range__of_many_files_comes_in_pages(void **state)
{
    enum { FILES = 2500 };
    static sm_source_file files[FILES];
    static char names[FILES][16];
    store_fixture f;
    sm_files_key key;
    sm_source_file *list;
    int64_t after = 0;
    size_t n, total = 0;

    (void)state;
    store_open(&f, "files");
    key = key_of(&f);
    for (int i = 0; i < FILES; i++) {
        snprintf(names[i], sizeof names[i], "f%06d", i);
        files[i] = (sm_source_file){ .path = sm_sv_cstr(names[i]), .size = 1 };
    }
    sm_assert_ok(sm_store_files_add(f.s, &f.o, key, files, FILES, &f.err), f.err);
    for (;;) {
        sm_assert_ok(sm_store_files_range(f.s, key, after, FILES, 0, f.a, &list, &n, &f.err),
                     f.err);
        if (n == 0)
            break;
        assert_true(n <= 1000);
        for (size_t i = 0; i < n; i++)
            assert_int_equal(list[i].seq, ++after);
        total += n;
    }
    assert_int_equal(total, FILES);
    store_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_files__get_numbers_in_the_order_they_came),
        SM_TEST(test_lookup__gives_the_newest_number_of_each_path),
        SM_TEST(test_files__of_an_old_generation_take_no_more),
        SM_TEST(test_files__with_a_path_too_long_add_none),
        SM_TEST(test_range__of_many_files_comes_in_pages),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
