/* SPDX-License-Identifier: Apache-2.0 */
/* test_object_local.c -- objects as files: whole, ordered, and one winner. */
#include "tests/support/test.h"

#include <stdio.h>

#include "runtime/base/failpoint.h"
#include "runtime/base/thread.h"
#include "runtime/io/object_store.h"

typedef struct fixture {
    sm_arena *a;
    sm_object_store *s;
    const char *dir;
    sm_error err;
} fixture;

static void setup(fixture *f)
{
    f->a = sm_arena_new("test");
    f->dir = sm_arena_cstr(f->a, sm_sv_cstr(sm_test_folder("objects")));
    sm_assert_ok(sm_object_store_open_local(sm_sv_cstr(f->dir), &f->s, &f->err), f->err);
}

static void teardown(fixture *f)
{
    sm_failpoint_set(NULL);
    sm_object_store_close(f->s);
    sm_test_remove(f->dir);
    sm_arena_free(f->a);
}

static void test_object__put_get_stat_delete(void **state)
{
    fixture f;
    sm_object o;
    sm_sv v;

    (void)state;
    setup(&f);
    assert_string_equal(sm_object_store_root(f.s).ptr, f.dir);
    sm_assert_code(sm_object_get(f.s, SM_SV("a/b"), 10, f.a, &v, &f.err), SM_E_NOT_FOUND);
    sm_assert_code(sm_object_stat(f.s, SM_SV("a/b"), &o, &f.err), SM_E_NOT_FOUND);
    sm_assert_ok(sm_object_put(f.s, SM_SV("a/b"), SM_SV("one"), &f.err), f.err);
    sm_assert_ok(sm_object_put(f.s, SM_SV("a/b"), SM_SV("two!"), &f.err), f.err);
    sm_assert_ok(sm_object_get(f.s, SM_SV("a/b"), 10, f.a, &v, &f.err), f.err);
    assert_string_equal(v.ptr, "two!");
    sm_assert_code(sm_object_get(f.s, SM_SV("a/b"), 3, f.a, &v, &f.err), SM_E_LIMIT);
    sm_assert_ok(sm_object_stat(f.s, SM_SV("a/b"), &o, &f.err), f.err);
    assert_int_equal(o.size, 4);
    sm_assert_ok(sm_object_delete(f.s, SM_SV("a/b"), &f.err), f.err);
    sm_assert_ok(sm_object_delete(f.s, SM_SV("a/b"), &f.err), f.err);
    sm_assert_code(sm_object_stat(f.s, SM_SV("a/b"), &o, &f.err), SM_E_NOT_FOUND);
    teardown(&f);
}

static void test_object__a_key_stays_below_the_root(void **state)
{
    static const char *const bad[] = { "", "/a", "a/", "a//b", "../a", "a/../b", "./a", "." };
    fixture f;
    sm_object_store *s;

    (void)state;
    setup(&f);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        sm_assert_code(sm_object_put(f.s, sm_sv_cstr(bad[i]), SM_SV("x"), &f.err), SM_E_INVALID);
    sm_assert_code(sm_object_store_open_local(SM_SV("relative"), &s, &f.err), SM_E_INVALID);
    assert_null(s);
    sm_object_store_close(NULL);
    teardown(&f);
}

static void test_object__list_is_by_key_and_after_one(void **state)
{
    static const char *const keys[] = { "log/2", "log/10", "log/1", "log/sub/x", "other" };
    fixture f;
    sm_object *o;
    size_t n;

    (void)state;
    setup(&f);
    sm_assert_ok(sm_object_list(f.s, SM_SV("log"), SM_SV(""), f.a, &o, &n, &f.err), f.err);
    assert_int_equal(n, 0);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        sm_assert_ok(sm_object_put(f.s, sm_sv_cstr(keys[i]), SM_SV("x"), &f.err), f.err);
    sm_test_write(sm_arena_printf(f.a, "%s/log/.3.tmp", f.dir).ptr, "half");
    sm_assert_ok(sm_object_list(f.s, SM_SV("log"), SM_SV(""), f.a, &o, &n, &f.err), f.err);
    assert_int_equal(n, 3);
    assert_string_equal(o[0].key.ptr, "log/1");
    assert_string_equal(o[1].key.ptr, "log/10");
    assert_string_equal(o[2].key.ptr, "log/2");
    sm_assert_ok(sm_object_list(f.s, SM_SV("log"), SM_SV("log/10"), f.a, &o, &n, &f.err), f.err);
    assert_int_equal(n, 1);
    sm_assert_ok(sm_object_list(f.s, SM_SV(""), SM_SV(""), f.a, &o, &n, &f.err), f.err);
    assert_int_equal(n, 1);
    assert_string_equal(o[0].key.ptr, "other");
    teardown(&f);
}

enum { WRITERS = 8, VERSIONS = 40 };

typedef struct writer {
    sm_object_store *s;
    int64_t id;
    int won;
} writer;

static void write_versions(void *arg)
{
    writer *w = arg;
    char key[16], value[16];
    sm_error err;

    for (int v = 0; v < VERSIONS; v++) {
        snprintf(key, sizeof key, "v%d", v);
        snprintf(value, sizeof value, "%lld", (long long)w->id);
        if (sm_object_put_if_absent(w->s, sm_sv_cstr(key), sm_sv_cstr(value), &err) == SM_OK)
            w->won++;
        else if (err.code != SM_E_CONFLICT)
            w->won = -VERSIONS * WRITERS;
    }
}

static void test_object__of_many_writers_exactly_one_wins(void **state)
{
    sm_thread *threads[WRITERS];
    writer writers[WRITERS];
    fixture f;
    int won = 0;

    (void)state;
    setup(&f);
    for (int i = 0; i < WRITERS; i++) {
        writers[i] = (writer){ .s = f.s, .id = i };
        sm_assert_ok(sm_thread_start("writer", write_versions, &writers[i], &threads[i], &f.err),
                     f.err);
    }
    for (int i = 0; i < WRITERS; i++) {
        sm_thread_join(threads[i]);
        won += writers[i].won;
    }
    assert_int_equal(won, VERSIONS);
    teardown(&f);
}

/* The nth call of each kind fails, n = 1, 2, …, until a put comes through. */
static void test_object__a_failing_disk_leaves_whole_values(void **state)
{
    static const char *const calls[] = { "fs.mkdir", "fs.open", "fs.write",     "fs.fsync",
                                         "fs.link",  "fs.stat", "fs.fsync_dir", "fs.unlink" };

    (void)state;
    for (size_t c = 0; c < sizeof calls / sizeof calls[0]; c++)
        for (int n = 1, failed = 1; failed; n++) {
            fixture f;
            sm_sv v;
            sm_code rc;

            setup(&f);
            sm_failpoint_set(sm_arena_printf(f.a, "%s:%d:EIO", calls[c], n).ptr);
            rc = sm_object_put_if_absent(f.s, SM_SV("a/b"), SM_SV("value"), &f.err);
            sm_failpoint_set(NULL);
            failed = rc != SM_OK;
            assert_true(rc == SM_OK || rc == SM_E_IO);
            rc = sm_object_get(f.s, SM_SV("a/b"), 10, f.a, &v, &f.err);
            assert_true(rc == SM_OK || (rc == SM_E_NOT_FOUND && failed));
            if (rc == SM_OK)
                assert_string_equal(v.ptr, "value");
            teardown(&f);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_object__put_get_stat_delete),
        SM_TEST(test_object__a_key_stays_below_the_root),
        SM_TEST(test_object__list_is_by_key_and_after_one),
        SM_TEST(test_object__of_many_writers_exactly_one_wins),
        SM_TEST(test_object__a_failing_disk_leaves_whole_values),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
