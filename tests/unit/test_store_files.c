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

static void test_lookup__gives_the_newest_file_of_a_path(void **state)
{
    store_fixture f;
    sm_source_file files[3] = { { .path = SM_SV("a") },
                                { .path = SM_SV("b") },
                                { .path = SM_SV("a"), .size = 2 } };
    sm_source_file found;
    sm_files_key key;

    (void)state;
    store_open(&f, "files");
    key = key_of(&f);
    sm_assert_ok(sm_store_files_add(f.s, &f.o, key, files, 3, &f.err), f.err);
    sm_assert_ok(sm_store_file_by_path(f.s, key, SM_SV("a"), f.a, &found, &f.err), f.err);
    assert_int_equal(found.size, 2);
    sm_assert_code(sm_store_file_by_path(f.s, key, SM_SV("c"), f.a, &found, &f.err),
                   SM_E_NOT_FOUND);
    store_close(&f);
}

static void test_match__finds_names_of_one_folder_along_the_index(void **state)
{
    store_fixture f;
    sm_source_file files[4] = { { .path = SM_SV("in/a") },
                                { .path = SM_SV("in/b"), .size = 1, .mtime_ns = 2 },
                                { .path = SM_SV("in2/c") },
                                { .path = SM_SV("in/b"), .size = 3, .mtime_ns = 4 } };
    const char *names[] = { "0", "a", "aa", "b", "c" };
    sm_file_seen seen[5];
    sm_files_key key, other;

    (void)state;
    store_open(&f, "files");
    key = key_of(&f);
    other = (sm_files_key){ .generation = key.generation, .source = SM_SV("other") };
    sm_assert_ok(sm_store_files_add(f.s, &f.o, key, files, 4, &f.err), f.err);
    sm_assert_ok(sm_store_files_match(f.s, key, SM_SV("in/"), names, 5, false, seen, &f.err),
                 f.err);
    assert_int_equal(seen[0].seq, 0);
    assert_int_equal(seen[1].seq, 1);
    assert_int_equal(seen[2].seq, 0);
    assert_int_equal(seen[3].seq, 4); /* the newest of its path */
    assert_int_equal(seen[4].seq, 0);
    sm_assert_ok(sm_store_files_match(f.s, key, SM_SV("in/"), names, 5, true, seen, &f.err), f.err);
    assert_int_equal(seen[3].size, 3);
    assert_int_equal(seen[3].mtime_ns, 4);
    assert_true(seen[3].waits);
    sm_assert_ok(sm_store_files_match(f.s, other, SM_SV("in/"), names, 5, false, seen, &f.err),
                 f.err);
    assert_int_equal(seen[1].seq, 0);
    store_close(&f);
}

static void test_match__passes_over_many_files_that_are_not_named(void **state)
{
    enum { FILES = 1000 };
    static sm_source_file files[FILES];
    static char paths[FILES][16];
    const char *names[] = { "f000000", "f000500", "f000500x", "f000999", "g" };
    store_fixture f;
    sm_file_seen seen[5];
    sm_files_key key;

    (void)state;
    store_open(&f, "files");
    key = key_of(&f);
    for (int i = 0; i < FILES; i++) {
        snprintf(paths[i], sizeof paths[i], "f%06d", i);
        files[i] = (sm_source_file){ .path = sm_sv_cstr(paths[i]) };
    }
    sm_assert_ok(sm_store_files_add(f.s, &f.o, key, files, FILES, &f.err), f.err);
    sm_assert_ok(sm_store_files_match(f.s, key, SM_SV(""), names, 5, false, seen, &f.err), f.err);
    assert_int_equal(seen[0].seq, 1);
    assert_int_equal(seen[1].seq, 501);
    assert_int_equal(seen[2].seq, 0);
    assert_int_equal(seen[3].seq, 1000);
    assert_int_equal(seen[4].seq, 0);
    store_close(&f);
}

static void test_skipped__files_are_seen_and_in_no_range(void **state)
{
    store_fixture f;
    sm_source_file old[2] = { { .path = SM_SV("a") }, { .path = SM_SV("b") } };
    sm_source_file new = { .path = SM_SV("c") };
    const char *names[] = { "a", "b", "c" };
    sm_source_file *list;
    sm_file_seen seen[3];
    sm_files_key key;
    int64_t last;
    size_t n;

    (void)state;
    store_open(&f, "files");
    key = key_of(&f);
    sm_assert_ok(sm_store_files_skip(f.s, &f.o, key, old, 1, &f.err), f.err);
    sm_assert_ok(sm_store_files_skip(f.s, &f.o, key, old + 1, 1, &f.err), f.err);
    sm_assert_ok(sm_store_files_last(f.s, key, &last, &f.err), f.err);
    assert_int_equal(last, 0);
    sm_assert_ok(sm_store_files_add(f.s, &f.o, key, &new, 1, &f.err), f.err);
    assert_int_equal(new.seq, 1);
    sm_assert_ok(sm_store_files_match(f.s, key, SM_SV(""), names, 3, true, seen, &f.err), f.err);
    assert_int_equal(seen[0].seq, -1);
    assert_int_equal(seen[1].seq, -2);
    assert_false(seen[1].waits);
    sm_assert_ok(sm_store_files_range(f.s, key, 0, 99, 0, f.a, &list, &n, &f.err), f.err);
    assert_int_equal(n, 1);
    store_close(&f);
}

static void test_refresh__changes_only_files_that_wait(void **state)
{
    store_fixture f;
    sm_source_file files[2] = { { .path = SM_SV("a") }, { .path = SM_SV("b") } };
    sm_source_file now[2] = { { .seq = 1, .size = 7 }, { .seq = 2, .size = 7 } };
    sm_file_range range = { .source = SM_SV("raw"), .to = 1 };
    sm_source_file *list;
    sm_batch_rec b;
    sm_decision d;
    sm_files_key key;
    size_t n;

    (void)state;
    store_open(&f, "files");
    key = key_of(&f);
    sm_assert_ok(sm_store_files_add(f.s, &f.o, key, files, 2, &f.err), f.err);
    b = store_batch(key.generation, 0);
    b.files = &range;
    b.n_files = 1;
    d = (sm_decision){ .records = &b, .n_records = 1 };
    sm_assert_ok(sm_store_decide(f.s, &f.o, &d, &f.err), f.err);
    sm_assert_ok(sm_store_files_refresh(f.s, &f.o, key, now, 2, &f.err), f.err);
    sm_assert_ok(sm_store_files_range(f.s, key, 0, 99, 0, f.a, &list, &n, &f.err), f.err);
    assert_int_equal(list[0].size, 0);
    assert_int_equal(list[0].batch, 0);
    assert_int_equal(list[1].size, 7);
    store_close(&f);
}

static void test_streams__begin_once_and_stay_begun(void **state)
{
    store_fixture f;
    sm_files_key key;
    bool begun;

    (void)state;
    store_open(&f, "files");
    key = key_of(&f);
    sm_assert_ok(sm_store_files_begun(f.s, key, &begun, &f.err), f.err);
    assert_false(begun);
    sm_assert_ok(sm_store_files_begin(f.s, &f.o, key, &f.err), f.err);
    sm_assert_ok(sm_store_files_begin(f.s, &f.o, key, &f.err), f.err);
    sm_assert_ok(sm_store_files_begun(f.s, key, &begun, &f.err), f.err);
    assert_true(begun);
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
        SM_TEST(test_lookup__gives_the_newest_file_of_a_path),
        SM_TEST(test_match__finds_names_of_one_folder_along_the_index),
        SM_TEST(test_match__passes_over_many_files_that_are_not_named),
        SM_TEST(test_skipped__files_are_seen_and_in_no_range),
        SM_TEST(test_refresh__changes_only_files_that_wait),
        SM_TEST(test_streams__begin_once_and_stay_begun),
        SM_TEST(test_files__of_an_old_generation_take_no_more),
        SM_TEST(test_files__with_a_path_too_long_add_none),
        SM_TEST(test_range__of_many_files_comes_in_pages),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
