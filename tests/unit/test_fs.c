/* SPDX-License-Identifier: Apache-2.0 */
/* test_fs.c -- reading, listing, paths and locks. */
#include "tests/support/test.h"

#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/base/failpoint.h"
#include "runtime/base/fs.h"

typedef struct fixture {
    sm_arena *a;
    const char *dir;
    sm_error err;
} fixture;

static void setup(fixture *f)
{
    f->a = sm_arena_new("test");
    f->dir = sm_arena_cstr(f->a, sm_sv_cstr(sm_test_folder("fs")));
}

static const char *in(fixture *f, const char *name)
{
    return sm_path_join(f->a, sm_sv_cstr(f->dir), sm_sv_cstr(name));
}

static void teardown(fixture *f)
{
    sm_failpoint_set(NULL);
    sm_test_remove(f->dir);
    sm_arena_free(f->a);
}

static void test_fs__reads_a_whole_file_up_to_a_limit(void **state)
{
    fixture f;
    sm_sv text;

    (void)state;
    setup(&f);
    sm_test_write(in(&f, "a"), "hello");
    sm_assert_ok(sm_fs_read(in(&f, "a"), 5, f.a, &text, &f.err), f.err);
    assert_string_equal(text.ptr, "hello");
    sm_assert_code(sm_fs_read(in(&f, "a"), 4, f.a, &text, &f.err), SM_E_LIMIT);
    sm_assert_code(sm_fs_read(in(&f, "b"), 4, f.a, &text, &f.err), SM_E_NOT_FOUND);
    sm_test_contains(f.err.msg, "/fs/b\": No such file");
    sm_assert_code(sm_fs_read(f.dir, 4, f.a, &text, &f.err), SM_E_INVALID);
    sm_test_contains(f.err.msg, "is a folder");
    teardown(&f);
}

static void test_fs__a_pipe_is_refused_and_not_waited_for(void **state)
{
    fixture f;
    sm_sv text;

    (void)state;
    setup(&f);
    assert_int_equal(mkfifo(in(&f, "pipe"), 0600), 0);
    sm_assert_code(sm_fs_read(in(&f, "pipe"), 100, f.a, &text, &f.err), SM_E_INVALID);
    sm_test_contains(f.err.msg, "no regular file");
    teardown(&f);
}

static void test_fs__pread_gives_less_only_at_the_end(void **state)
{
    fixture f;
    char buffer[8];
    size_t got;
    int fd;

    (void)state;
    setup(&f);
    sm_test_write(in(&f, "a"), "0123456789");
    sm_assert_ok(sm_fs_open_read(in(&f, "a"), &fd, &f.err), f.err);
    sm_assert_ok(sm_fs_pread(fd, "a", buffer, 8, 6, &got, &f.err), f.err);
    assert_int_equal(got, 4);
    assert_memory_equal(buffer, "6789", 4);
    sm_assert_ok(sm_fs_pread(fd, "a", buffer, 8, 99, &got, &f.err), f.err);
    assert_int_equal(got, 0);
    sm_failpoint_set("fs.read:EIO");
    sm_assert_code(sm_fs_pread(fd, "a", buffer, 8, 0, &got, &f.err), SM_E_IO);
    sm_fs_close(fd);
    sm_fs_close(-1);
    teardown(&f);
}

static const sm_fs_entry *entry_named(const sm_fs_entry *e, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (sm_sv_eq_str(e[i].name, name))
            return &e[i];
    fail_msg("no entry \"%s\"", name);
    return NULL;
}

static void test_fs__lists_names_with_what_they_are(void **state)
{
    fixture f;
    sm_fs_entry *e;
    sm_fs_stat st;
    size_t n;

    (void)state;
    setup(&f);
    sm_test_write(in(&f, "x.json"), "12345");
    sm_test_write(in(&f, "sub/y"), "");
    assert_int_equal(symlink("nowhere", in(&f, "dangling")), 0);
    sm_assert_ok(sm_fs_list(f.dir, true, f.a, &e, &n, &f.err), f.err);
    assert_int_equal(n, 3);
    assert_true(entry_named(e, n, "sub")->stat.is_dir);
    assert_true(entry_named(e, n, "dangling")->gone);
    assert_int_equal(entry_named(e, n, "x.json")->stat.size, 5);
    sm_assert_ok(sm_fs_stat_path(in(&f, "x.json"), &st, &f.err), f.err);
    assert_true(st.mtime_ns == entry_named(e, n, "x.json")->stat.mtime_ns);
    assert_true(st.inode == entry_named(e, n, "x.json")->stat.inode);
    assert_true(st.device == entry_named(e, n, "x.json")->stat.device);
    sm_assert_ok(sm_fs_list(f.dir, false, f.a, &e, &n, &f.err), f.err);
    assert_true(entry_named(e, n, "x.json")->stat.is_file);
    sm_assert_code(sm_fs_list(in(&f, "none"), true, f.a, &e, &n, &f.err), SM_E_NOT_FOUND);
    sm_failpoint_set("fs.list:EACCES");
    sm_assert_code(sm_fs_list(f.dir, true, f.a, &e, &n, &f.err), SM_E_DENIED);
    teardown(&f);
}

static void assert_sv(sm_sv s, const char *text)
{
    assert_true(sm_sv_eq_str(s, text));
}

static void test_path__is_taken_apart_and_put_together(void **state)
{
    sm_arena *a = sm_arena_new("test");

    (void)state;
    assert_sv(sm_path_dir(SM_SV("a/b")), "a");
    assert_sv(sm_path_dir(SM_SV("a")), ".");
    assert_sv(sm_path_dir(SM_SV("/a")), "/");
    assert_sv(sm_path_base(SM_SV("a/b")), "b");
    assert_sv(sm_path_base(SM_SV("b")), "b");
    assert_string_equal(sm_path_join(a, SM_SV("a/"), SM_SV("b")), "a/b");
    assert_string_equal(sm_path_join(a, SM_SV("/"), SM_SV("b")), "/b");
    assert_string_equal(sm_path_join(a, SM_SV("a"), SM_SV("/b")), "/b");
    assert_string_equal(sm_path_join(a, SM_SV(""), SM_SV("b")), "b");
    sm_arena_free(a);
}

static void test_path__absolute_has_no_dots(void **state)
{
    sm_arena *a = sm_arena_new("test");
    sm_error err;

    (void)state;
    assert_string_equal(sm_path_absolute(a, "/a/./b//../c/", &err), "/a/c");
    assert_string_equal(sm_path_absolute(a, "/../..", &err), "/");
    assert_true(sm_sv_ends(sm_sv_cstr(sm_path_absolute(a, "x/../y", &err)), SM_SV("/y")));
    sm_arena_free(a);
}

static void test_path__real_follows_links_as_far_as_there_are_files(void **state)
{
    fixture f;
    const char *real;

    (void)state;
    setup(&f);
    sm_test_write(in(&f, "target/file"), "");
    assert_int_equal(symlink("target", in(&f, "link")), 0);
    real = sm_path_real(f.a, f.dir, &f.err);
    assert_string_equal(sm_path_real(f.a, in(&f, "link/file"), &f.err),
                        sm_path_join(f.a, sm_sv_cstr(real), SM_SV("target/file")));
    assert_string_equal(sm_path_real(f.a, in(&f, "link/new/deep"), &f.err),
                        sm_path_join(f.a, sm_sv_cstr(real), SM_SV("target/new/deep")));
    assert_int_equal(symlink("loop", in(&f, "loop")), 0);
    assert_null(sm_path_real(f.a, in(&f, "loop/x"), &f.err));
    sm_test_contains(f.err.msg, "could not resolve");
    teardown(&f);
}

/* 0: a child process gets the lock, 1: it is told that somebody has it. */
static int lock_in_child(const char *path)
{
    pid_t child = fork();
    int status = 0;

    if (child == 0) {
        sm_error err;
        sm_fs_lock *lock;
        sm_code rc = sm_fs_lock_take(path, &lock, &err);

        _exit(rc == SM_OK ? 0 : rc == SM_E_CONFLICT ? 1 : 2);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void test_lock__has_one_holder_and_ends_with_it(void **state)
{
    fixture f;
    sm_fs_lock *lock, *second;

    (void)state;
    setup(&f);
    sm_assert_ok(sm_fs_lock_take(in(&f, "lock"), &lock, &f.err), f.err);
    assert_int_equal(lock_in_child(in(&f, "lock")), 1);
    sm_assert_code(sm_fs_lock_take(in(&f, "lock"), &second, &f.err), SM_E_CONFLICT);
    assert_null(second);
    sm_fs_lock_release(lock);
    assert_int_equal(lock_in_child(in(&f, "lock")), 0);
    sm_assert_ok(sm_fs_lock_take(in(&f, "lock"), &lock, &f.err), f.err);
    sm_fs_lock_release(lock);
    sm_fs_lock_release(NULL);
    teardown(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_fs__reads_a_whole_file_up_to_a_limit),
        SM_TEST(test_fs__a_pipe_is_refused_and_not_waited_for),
        SM_TEST(test_fs__pread_gives_less_only_at_the_end),
        SM_TEST(test_fs__lists_names_with_what_they_are),
        SM_TEST(test_path__is_taken_apart_and_put_together),
        SM_TEST(test_path__absolute_has_no_dots),
        SM_TEST(test_path__real_follows_links_as_far_as_there_are_files),
        SM_TEST(test_lock__has_one_holder_and_ends_with_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
