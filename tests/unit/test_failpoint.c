/* SPDX-License-Identifier: Apache-2.0 */
/* test_failpoint.c -- the nth pass fails or dies, and the list names every place. */
#include "tests/support/test.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/base/failpoint.h"
#include "runtime/base/fs.h"
#include "runtime/base/strmap.h"

static void test_failpoint__fails_exactly_the_nth_pass(void **state)
{
    (void)state;
    sm_failpoint_set("fs.write:3:ENOSPC,fs.read:EIO");
    assert_int_equal(sm_failpoint_err("fs.write"), 0);
    assert_int_equal(sm_failpoint_err("fs.write"), 0);
    assert_int_equal(sm_failpoint_err("fs.read"), EIO);
    assert_int_equal(sm_failpoint_err("fs.read"), 0);
    assert_int_equal(sm_failpoint_err("fs.write"), ENOSPC);
    assert_int_equal(sm_failpoint_err("fs.write"), 0);
    assert_string_equal(sm_failpoint_last(), "fs.write");
    sm_failpoint_set("fs.write:*:EACCES");
    assert_int_equal(sm_failpoint_err("fs.write"), EACCES);
    assert_int_equal(sm_failpoint_err("fs.write"), EACCES);
    sm_failpoint_set(NULL);
    assert_int_equal(sm_failpoint_err("fs.write"), 0);
}

/* How a child ends that sets `spec` and passes "flow.after_decided" twice. */
static int child_status(const char *spec)
{
    int status = 0;
    pid_t child = fork();

    if (child == 0) {
        if (dup2(STDIN_FILENO, STDERR_FILENO) < 0)
            _exit(9);
        sm_failpoint_set(spec);
        sm_failpoint("flow.after_decided");
        sm_failpoint("flow.after_decided");
        _exit(0);
    }
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void test_failpoint__kill_is_sudden(void **state)
{
    int status = child_status("flow.after_decided:2:kill");

    (void)state;
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGKILL);
    assert_int_equal(child_status("flow.after_decided:3:kill"), 0);
}

static void test_failpoint__a_wrong_spec_ends_the_process(void **state)
{
    static const char *const bad[] = {
        "flow.nowhere:kill",         "flow.after_decided",        "flow.after_decided:0:kill",
        "flow.after_decided:x:kill", "flow.after_decided:EWRONG", "fs.write:2:3:EIO:",
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int status = child_status(bad[i]);

        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 2);
    }
}

/* ---- the list against the source ---- */

typedef struct census {
    sm_arena *a;
    sm_strmap *listed, *passed;
} census;

/* Each "name" of `text` that is a failpoint by its looks: an argument of sm_failpoint or
 * sm_failpoint_err must be listed; any listed name in quotes counts as passed. */
static void count_names(census *c, sm_sv text)
{
    sm_sv rest = text, before = SM_SV(""), part;
    bool inside = false;

    for (; sm_sv_next(&rest, '"', &part); inside = !inside) {
        size_t row;
        bool argument = sm_sv_ends(before, SM_SV("sm_failpoint(")) ||
                        sm_sv_ends(before, SM_SV("sm_failpoint_err("));

        if (inside && argument && !sm_strmap_get(c->listed, part, &row))
            fail_msg("\"%.*s\" is no row of SM_FAILPOINTS", SM_SV_ARG(part));
        if (inside && sm_strmap_get(c->listed, part, &row))
            sm_strmap_set(c->passed, part, 1);
        before = part;
    }
}

static void count_below(census *c, const char *dir)
{
    sm_fs_entry *e;
    size_t n;
    sm_error err;

    sm_assert_ok(sm_fs_list(dir, false, c->a, &e, &n, &err), err);
    for (size_t i = 0; i < n; i++) {
        const char *path = sm_path_join(c->a, sm_sv_cstr(dir), e[i].name);
        sm_sv text;

        if (e[i].stat.is_dir)
            count_below(c, path);
        if (!e[i].stat.is_file || !sm_sv_ends(e[i].name, SM_SV(".c")))
            continue;
        sm_assert_ok(sm_fs_read(path, 1 << 20, c->a, &text, &err), err);
        count_names(c, text);
    }
}

static void test_failpoint__every_name_is_passed_somewhere_and_none_is_unlisted(void **state)
{
    static const char *const folders[] = { "runtime", "pipelines", "expectations" };
    sm_arena *a = sm_arena_new("test");
    census c = { .a = a, .listed = sm_strmap_new(a), .passed = sm_strmap_new(a) };
    size_t n, row;
    const char *const *names = sm_failpoint_names(&n);

    (void)state;
    for (size_t i = 0; i < n; i++)
        assert_true(sm_strmap_put(c.listed, sm_sv_cstr(names[i]), i));
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
        count_below(&c, sm_test_source(folders[i]));
    for (size_t i = 0; i < n; i++)
        if (!sm_strmap_get(c.passed, sm_sv_cstr(names[i]), &row))
            fail_msg("no code passes \"%s\"", names[i]);
    sm_arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_failpoint__fails_exactly_the_nth_pass),
        SM_TEST(test_failpoint__kill_is_sudden),
        SM_TEST(test_failpoint__a_wrong_spec_ends_the_process),
        SM_TEST(test_failpoint__every_name_is_passed_somewhere_and_none_is_unlisted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
