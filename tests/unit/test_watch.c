/* SPDX-License-Identifier: Apache-2.0 */
/* test_watch.c -- who watches a folder is told of files that are whole. */
#include "tests/support/test.h"

#include <fcntl.h>

#include "runtime/base/fs.h"
#include "runtime/base/thread.h"
#include "runtime/base/watch.h"

enum { TAGS = 3 };

typedef struct fixture {
    sm_arena *a;
    sm_watch *w;
    sm_watch_news news[TAGS];
    sm_sv folder;
} fixture;

static const char *in(fixture *f, const char *name)
{
    return sm_path_join(f->a, f->folder, sm_sv_cstr(name));
}

static void setup(fixture *f)
{
    const char *folder;
    sm_error err;

    *f = (fixture){ .a = sm_arena_new("test") };
    sm_assert_ok(sm_fs_temp_folder("watch", f->a, &folder, &err), err);
    f->folder = sm_sv_cstr(folder);
    sm_assert_ok(sm_watch_new(&f->w, &err), err);
}

static void teardown(fixture *f)
{
    sm_error err;

    sm_watch_free(f->w);
    sm_assert_ok(sm_fs_remove_tree(f->folder.ptr, 100, &err), err);
    sm_arena_free(f->a);
}

static void put(fixture *f, const char *name)
{
    sm_error err;

    sm_assert_ok(sm_fs_write(in(f, name), SM_SV("x"), 0600, &err), err);
}

static void test_wait__tells_every_tag_of_a_folder_and_no_other(void **state)
{
    fixture f;
    sm_error err;

    (void)state;
    setup(&f);
    sm_assert_ok(sm_fs_mkdirs(in(&f, "other"), 0700, &err), err);
    sm_assert_ok(sm_watch_add(f.w, f.folder.ptr, 0, &err), err);
    sm_assert_ok(sm_watch_add(f.w, f.folder.ptr, 2, &err), err);
    sm_assert_ok(sm_watch_add(f.w, in(&f, "other"), 1, &err), err);
    put(&f, "a");
    sm_watch_wait(f.w, -1, f.news, TAGS);
    assert_true(f.news[0].changed && f.news[2].changed);
    assert_false(f.news[1].changed || f.news[0].folders);
    teardown(&f);
}

static void test_wait__ends_with_its_time_when_nothing_happened(void **state)
{
    fixture f;
    sm_error err;

    (void)state;
    setup(&f);
    sm_assert_ok(sm_watch_add(f.w, f.folder.ptr, 0, &err), err);
    sm_watch_wait(f.w, 1, f.news, TAGS);
    assert_false(f.news[0].changed);
    teardown(&f);
}

static void test_wait__tells_of_a_link_and_not_of_a_file_that_is_only_made(void **state)
{
    fixture f;
    sm_error err;
    int fd;

    (void)state;
    setup(&f);
    sm_assert_ok(sm_fs_mkdirs(in(&f, "landing"), 0700, &err), err);
    sm_assert_ok(sm_watch_add(f.w, in(&f, "landing"), 0, &err), err);
    fd = open(in(&f, "landing/half"), O_WRONLY | O_CREAT, 0600);
    assert_true(fd >= 0);
    sm_watch_wait(f.w, -1, f.news, TAGS);
    assert_false(f.news[0].changed);
    put(&f, "whole");
    sm_assert_ok(sm_fs_link(in(&f, "whole"), in(&f, "landing/whole"), &err), err);
    sm_watch_wait(f.w, -1, f.news, TAGS);
    assert_true(f.news[0].changed);
    sm_fs_close(fd);
    teardown(&f);
}

static void test_wait__forgets_a_folder_that_went_elsewhere(void **state)
{
    fixture f;
    sm_error err;

    (void)state;
    setup(&f);
    sm_assert_ok(sm_fs_mkdirs(in(&f, "here"), 0700, &err), err);
    sm_assert_ok(sm_watch_add(f.w, in(&f, "here"), 0, &err), err);
    sm_assert_ok(sm_fs_rename(in(&f, "here"), in(&f, "there"), &err), err);
    sm_watch_wait(f.w, -1, f.news, TAGS);
    assert_true(f.news[0].folders);
    f.news[0] = (sm_watch_news){ 0 };
    put(&f, "there/a");
    sm_watch_wait(f.w, 1, f.news, TAGS);
    assert_false(f.news[0].changed);
    teardown(&f);
}

static void test_wait__says_when_folders_came_or_went(void **state)
{
    fixture f;
    sm_error err;

    (void)state;
    setup(&f);
    sm_assert_ok(sm_fs_mkdirs(in(&f, "below"), 0700, &err), err);
    sm_assert_ok(sm_watch_add(f.w, f.folder.ptr, 0, &err), err);
    sm_assert_ok(sm_watch_add(f.w, in(&f, "below"), 1, &err), err);
    sm_assert_ok(sm_fs_mkdirs(in(&f, "new"), 0700, &err), err);
    sm_watch_wait(f.w, -1, f.news, TAGS);
    assert_true(f.news[0].folders);
    assert_false(f.news[1].folders);
    sm_assert_ok(sm_fs_rmdir(in(&f, "below"), &err), err);
    sm_watch_wait(f.w, -1, f.news, TAGS);
    assert_true(f.news[1].folders);
    teardown(&f);
}

static void test_add__refuses_what_is_no_folder(void **state)
{
    fixture f;
    sm_error err;

    (void)state;
    setup(&f);
    put(&f, "file");
    assert_int_equal(sm_watch_add(f.w, in(&f, "none"), 0, &err), SM_E_NOT_FOUND);
    assert_int_equal(sm_watch_add(f.w, in(&f, "file"), 0, &err), SM_E_NOT_FOUND);
    teardown(&f);
}

static void wait_long(void *arg)
{
    fixture *f = arg;

    sm_watch_wait(f->w, -1, f->news, TAGS);
}

static void test_wake__ends_a_wait_that_has_no_end(void **state)
{
    fixture f;
    sm_thread *t;
    sm_error err;

    (void)state;
    setup(&f);
    sm_assert_ok(sm_thread_start("waits", wait_long, &f, &t, &err), err);
    sm_watch_wake(f.w);
    sm_thread_join(t);
    assert_false(f.news[0].changed);
    teardown(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_wait__tells_every_tag_of_a_folder_and_no_other),
        SM_TEST(test_wait__ends_with_its_time_when_nothing_happened),
        SM_TEST(test_wait__tells_of_a_link_and_not_of_a_file_that_is_only_made),
        SM_TEST(test_wait__forgets_a_folder_that_went_elsewhere),
        SM_TEST(test_wait__says_when_folders_came_or_went),
        SM_TEST(test_add__refuses_what_is_no_folder),
        SM_TEST(test_wake__ends_a_wait_that_has_no_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
