/* SPDX-License-Identifier: Apache-2.0 */
/* test_fs_write.c -- files that are there whole, or not at all, whatever fails. */
#include "tests/support/test.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/base/failpoint.h"
#include "runtime/base/fs.h"

typedef struct fixture {
    sm_arena *a;
    const char *dir, *path;
    sm_error err;
} fixture;

static const char *in(fixture *f, const char *name)
{
    return sm_path_join(f->a, sm_sv_cstr(f->dir), sm_sv_cstr(name));
}

static void setup(fixture *f)
{
    f->a = sm_arena_new("test");
    f->dir = sm_arena_cstr(f->a, sm_sv_cstr(sm_test_folder("fs_write")));
    f->path = in(f, "file");
}

static void teardown(fixture *f)
{
    sm_failpoint_set(NULL);
    sm_test_remove(f->dir);
    sm_arena_free(f->a);
}

/* The bytes of f->path; ptr NULL when it is not there. */
static sm_sv content(fixture *f)
{
    sm_sv text = { NULL, 0 };
    sm_code rc = sm_fs_read(f->path, 1000, f->a, &text, &f->err);

    assert_true(rc == SM_OK || rc == SM_E_NOT_FOUND);
    return text;
}

static size_t count_entries(fixture *f)
{
    sm_fs_entry *e;
    size_t n;

    sm_assert_ok(sm_fs_list(f->dir, false, f->a, &e, &n, &f->err), f->err);
    return n;
}

static void test_write__durable_replaces_and_keeps_the_mode(void **state)
{
    fixture f;
    struct stat st;

    (void)state;
    setup(&f);
    sm_assert_ok(sm_fs_write_durable(f.path, SM_SV("one"), 0600, &f.err), f.err);
    sm_assert_ok(sm_fs_write_durable(f.path, SM_SV("two\0x"), 0600, &f.err), f.err);
    assert_true(sm_sv_eq(content(&f), SM_SV("two\0x")));
    assert_int_equal(stat(f.path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(count_entries(&f), 1);
    teardown(&f);
}

static void test_put_if_absent__the_second_one_loses(void **state)
{
    fixture f;

    (void)state;
    setup(&f);
    sm_assert_ok(sm_fs_put_if_absent(f.path, SM_SV("one"), 0640, &f.err), f.err);
    sm_assert_code(sm_fs_put_if_absent(f.path, SM_SV("two"), 0640, &f.err), SM_E_CONFLICT);
    assert_true(sm_sv_eq_str(content(&f), "one"));
    assert_int_equal(count_entries(&f), 1);
    teardown(&f);
}

typedef sm_code (*write_fn)(const char *path, sm_sv bytes, unsigned mode, sm_error *err);

/* One failing call each: what is under the name is the old or the new value, whole, and no
 * temporary file stays. */
static void fail_each(write_fn write_it, const char *old)
{
    static const char *const calls[] = { "fs.open",   "fs.write", "fs.fsync",
                                         "fs.rename", "fs.link",  "fs.fsync_dir" };
    char spec[64];

    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        fixture f;
        sm_sv now;
        sm_code rc;

        setup(&f);
        if (old != NULL)
            sm_test_write(f.path, old);
        snprintf(spec, sizeof spec, "%s:ENOSPC", calls[i]);
        sm_failpoint_set(spec);
        rc = write_it(f.path, SM_SV("new value"), 0600, &f.err);
        sm_failpoint_set(NULL);
        assert_true(rc == SM_OK || (rc == SM_E_IO && f.err.retryable));
        now = content(&f);
        if (rc == SM_OK)
            assert_true(sm_sv_eq_str(now, "new value"));
        else if (!sm_sv_eq_str(now, "new value"))
            assert_true(old == NULL ? now.ptr == NULL : sm_sv_eq_str(now, old));
        assert_int_equal(count_entries(&f), now.ptr == NULL ? 0 : 1);
        teardown(&f);
    }
}

static void test_write__durable_is_old_or_new_when_a_call_fails(void **state)
{
    (void)state;
    fail_each(sm_fs_write_durable, "old");
    fail_each(sm_fs_write_durable, NULL);
}

static void test_put_if_absent__is_there_or_not_when_a_call_fails(void **state)
{
    (void)state;
    fail_each(sm_fs_put_if_absent, NULL);
}

static void kill_child_at(const char *spec, const char *path)
{
    pid_t child = fork();
    int status = 0;

    if (child == 0) {
        sm_error err;

        sm_failpoint_set(spec);
        (void)sm_fs_put_if_absent(path, SM_SV("value"), 0600, &err);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
}

static void test_put_if_absent__a_killed_writer_leaves_whole_or_nothing(void **state)
{
    static const char *const specs[] = { "fs.write:kill", "fs.fsync:kill", "fs.link:kill",
                                         "fs.fsync_dir:kill" };

    (void)state;
    for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++) {
        fixture f;
        sm_code rc;

        setup(&f);
        kill_child_at(specs[i], f.path);
        rc = sm_fs_put_if_absent(f.path, SM_SV("value"), 0600, &f.err);
        assert_true(rc == (i == 3 ? SM_E_CONFLICT : SM_OK));
        assert_true(sm_sv_eq_str(content(&f), "value"));
        teardown(&f);
    }
}

static void test_write__a_disk_that_fills_leaves_a_part_under_a_plain_name(void **state)
{
    fixture f;

    (void)state;
    setup(&f);
    sm_failpoint_set("fs.write:ENOSPC");
    sm_assert_code(sm_fs_write(f.path, SM_SV("123456"), 0600, &f.err), SM_E_IO);
    sm_test_contains(f.err.msg, "free some space");
    assert_true(sm_sv_eq_str(content(&f), "123"));
    sm_assert_ok(sm_fs_write(f.path, SM_SV("ab"), 0600, &f.err), f.err);
    sm_assert_ok(sm_fs_append(f.path, SM_SV("cd"), 0600, &f.err), f.err);
    assert_true(sm_sv_eq_str(content(&f), "abcd"));
    teardown(&f);
}

static void test_pwrite__puts_bytes_where_it_is_told_into_a_file_that_is_new(void **state)
{
    fixture f;
    int fd, other;

    (void)state;
    setup(&f);
    sm_assert_ok(sm_fs_open_new(f.path, 0600, &fd, &f.err), f.err);
    sm_assert_ok(sm_fs_pwrite(fd, f.path, SM_SV("abcd"), 0, &f.err), f.err);
    sm_assert_ok(sm_fs_pwrite(fd, f.path, SM_SV("xyz"), 2, &f.err), f.err);
    sm_failpoint_set("fs.write:ENOSPC");
    sm_assert_code(sm_fs_pwrite(fd, f.path, SM_SV("5678"), 5, &f.err), SM_E_IO);
    sm_fs_close(fd);
    assert_true(sm_sv_eq_str(content(&f), "abxyz56"));
    sm_assert_code(sm_fs_open_new(f.path, 0600, &other, &f.err), SM_E_CONFLICT);
    assert_int_equal(other, -1);
    teardown(&f);
}

static void test_mkdirs__makes_what_is_missing_with_its_mode(void **state)
{
    fixture f;
    struct stat st;

    (void)state;
    setup(&f);
    sm_assert_ok(sm_fs_mkdirs(in(&f, "a/b/c"), 0700, &f.err), f.err);
    sm_assert_ok(sm_fs_mkdirs(in(&f, "a/b/c"), 0700, &f.err), f.err);
    assert_int_equal(stat(in(&f, "a/b"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    sm_test_write(f.path, "");
    sm_assert_code(sm_fs_mkdirs(in(&f, "file/x"), 0700, &f.err), SM_E_NOT_FOUND);
    sm_test_contains(f.err.msg, "Not a directory");
    sm_failpoint_set("fs.mkdir:2:EACCES");
    sm_assert_code(sm_fs_mkdirs(in(&f, "d/e"), 0700, &f.err), SM_E_DENIED);
    teardown(&f);
}

static void test_remove_tree__stays_below_its_root(void **state)
{
    fixture f;

    (void)state;
    setup(&f);
    sm_test_write(in(&f, "keep/file"), "x");
    sm_test_write(in(&f, "tree/a/b"), "x");
    sm_test_write(in(&f, "tree/c"), "x");
    assert_int_equal(symlink("../keep", in(&f, "tree/link")), 0);
    assert_int_equal(symlink("keep", in(&f, "link")), 0);
    sm_assert_code(sm_fs_remove_tree(in(&f, "tree"), 2, &f.err), SM_E_LIMIT);
    sm_assert_ok(sm_fs_remove_tree(in(&f, "tree"), 100, &f.err), f.err);
    sm_assert_ok(sm_fs_remove_tree(in(&f, "link"), 100, &f.err), f.err);
    sm_assert_ok(sm_fs_remove_tree(in(&f, "none"), 100, &f.err), f.err);
    assert_false(sm_fs_exists(in(&f, "tree")));
    assert_false(sm_fs_exists(in(&f, "link")));
    assert_true(sm_fs_exists(in(&f, "keep/file")));
    sm_assert_code(sm_fs_remove_tree("/", 100, &f.err), SM_E_DENIED);
    sm_assert_code(sm_fs_remove_tree("", 100, &f.err), SM_E_DENIED);
    teardown(&f);
}

static void test_unlink__what_is_not_there_is_fine(void **state)
{
    fixture f;
    sm_fs_stat st;

    (void)state;
    setup(&f);
    sm_assert_ok(sm_fs_unlink(f.path, &f.err), f.err);
    sm_assert_ok(sm_fs_rmdir(in(&f, "none"), &f.err), f.err);
    sm_assert_ok(sm_fs_allocate(f.path, 1 << 20, 0600, &f.err), f.err);
    sm_assert_ok(sm_fs_stat_path(f.path, &st, &f.err), f.err);
    assert_int_equal(st.size, 1 << 20);
    sm_assert_ok(sm_fs_fsync(f.path, &f.err), f.err);
    sm_failpoint_set("fs.unlink:EIO");
    sm_assert_code(sm_fs_unlink(f.path, &f.err), SM_E_IO);
    sm_assert_ok(sm_fs_unlink(f.path, &f.err), f.err);
    assert_false(sm_fs_exists(f.path));
    teardown(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_write__durable_replaces_and_keeps_the_mode),
        SM_TEST(test_put_if_absent__the_second_one_loses),
        SM_TEST(test_write__durable_is_old_or_new_when_a_call_fails),
        SM_TEST(test_put_if_absent__is_there_or_not_when_a_call_fails),
        SM_TEST(test_put_if_absent__a_killed_writer_leaves_whole_or_nothing),
        SM_TEST(test_write__a_disk_that_fills_leaves_a_part_under_a_plain_name),
        SM_TEST(test_pwrite__puts_bytes_where_it_is_told_into_a_file_that_is_new),
        SM_TEST(test_mkdirs__makes_what_is_missing_with_its_mode),
        SM_TEST(test_remove_tree__stays_below_its_root),
        SM_TEST(test_unlink__what_is_not_there_is_fine),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
