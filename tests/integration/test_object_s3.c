/* SPDX-License-Identifier: Apache-2.0 */
/* The object store over a bucket of a real server, which tests/support/versitygw/run.sh started. */
#include <stdlib.h>
#include <sys/stat.h>

#include "runtime/base/failpoint.h"
#include "runtime/base/fs.h"
#include "runtime/base/thread.h"
#include "runtime/io/object_store.h"
#include "runtime/io/s3_client.h"
#include "runtime/io/s3_transfer.h"
#include "tests/support/test.h"

typedef struct fixture {
    sm_arena *a;
    sm_secret *id, *key;
    sm_s3_config config;
    sm_s3 *s3;
    sm_object_store *s;
    const char *image;
    sm_error err;
} fixture;

static const char *environment(const char *name)
{
    const char *value = getenv(name);

    if (value == NULL)
        fail_msg("%s is not set: this runs below tests/support/versitygw/run.sh", name);
    return value;
}

/* A bucket is a folder of the server. */
static void make_bucket(fixture *f, const char *name)
{
    const char *path =
        sm_path_join(f->a, sm_sv_cstr(environment("SM_S3_FOLDER")), sm_sv_cstr(name));

    sm_assert_ok(sm_fs_mkdirs(path, 0755, &f->err), f->err);
    f->config.bucket = sm_arena_dup(f->a, sm_sv_cstr(name));
}

static void setup(fixture *f, const char *bucket)
{
    *f = (fixture){ .a = sm_arena_new("test") };
    setenv("SM_S3_ID", "smelt", 1);
    setenv("SM_S3_KEY", "smelt-secret", 1);
    sm_assert_ok(sm_secret_from_environment("SM_S3_ID", &f->id, &f->err), f->err);
    sm_assert_ok(sm_secret_from_environment("SM_S3_KEY", &f->key, &f->err), f->err);
    f->config = (sm_s3_config){ .endpoint = sm_sv_cstr(environment("SM_S3_ENDPOINT")),
                                .path_style = true,
                                .access_key_id = f->id,
                                .secret_access_key = f->key,
                                .egress = { .any = true } };
    make_bucket(f, bucket);
    f->image = sm_path_absolute(f->a, sm_test_folder("image"), &f->err);
    sm_assert_ok(sm_s3_open(&f->config, &f->s3, &f->err), f->err);
    sm_assert_ok(
        sm_object_store_open_s3(f->s3, SM_SV("team/lake"), sm_sv_cstr(f->image), &f->s, &f->err),
        f->err);
}

static void teardown(fixture *f)
{
    sm_failpoint_set(NULL);
    sm_object_store_close(f->s);
    sm_s3_close(f->s3);
    sm_secret_free(f->id);
    sm_secret_free(f->key);
    sm_arena_free(f->a);
}

static void test_s3__put_get_stat_delete(void **state)
{
    fixture f;
    sm_object o;
    sm_sv v;

    (void)state;
    setup(&f, "values");
    sm_assert_code(sm_object_get(f.s, SM_SV("a/b"), 10, f.a, &v, &f.err), SM_E_NOT_FOUND);
    sm_assert_code(sm_object_stat(f.s, SM_SV("a/b"), &o, &f.err), SM_E_NOT_FOUND);
    sm_assert_ok(sm_object_put(f.s, SM_SV("a/b"), SM_SV("one"), &f.err), f.err);
    sm_assert_ok(sm_object_put(f.s, SM_SV("a/b"), SM_SV("two!"), &f.err), f.err);
    sm_assert_ok(sm_object_get(f.s, SM_SV("a/b"), 10, f.a, &v, &f.err), f.err);
    assert_string_equal(v.ptr, "two!");
    sm_assert_code(sm_object_get(f.s, SM_SV("a/b"), 3, f.a, &v, &f.err), SM_E_LIMIT);
    sm_assert_ok(sm_object_stat(f.s, SM_SV("a/b"), &o, &f.err), f.err);
    assert_int_equal(o.size, 4);
    assert_true(o.mtime_ms > 1700000000000);
    sm_assert_ok(sm_object_put(f.s, SM_SV("empty"), SM_SV(""), &f.err), f.err);
    sm_assert_ok(sm_object_get(f.s, SM_SV("empty"), 10, f.a, &v, &f.err), f.err);
    assert_int_equal(v.len, 0);
    sm_assert_ok(sm_object_delete(f.s, SM_SV("a/b"), &f.err), f.err);
    sm_assert_ok(sm_object_delete(f.s, SM_SV("a/b"), &f.err), f.err);
    sm_assert_code(sm_object_stat(f.s, SM_SV("a/b"), &o, &f.err), SM_E_NOT_FOUND);
    sm_assert_code(sm_object_put(f.s, SM_SV("../x"), SM_SV(""), &f.err), SM_E_INVALID);
    teardown(&f);
}

static void test_s3__keys_may_hold_any_letter(void **state)
{
    static const char *const keys[] = { "day=1/x y+z.parquet", "p=a%3Ab/(1)!*'&$@,;", "\xc3\xa4" };
    fixture f;
    sm_sv v;

    (void)state;
    setup(&f, "letters");
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        sm_assert_ok(sm_object_put(f.s, sm_sv_cstr(keys[i]), sm_sv_cstr(keys[i]), &f.err), f.err);
        sm_assert_ok(sm_object_get(f.s, sm_sv_cstr(keys[i]), 99, f.a, &v, &f.err), f.err);
        assert_string_equal(v.ptr, keys[i]);
    }
    teardown(&f);
}

static void test_s3__list_has_pages_and_begins_after_a_key(void **state)
{
    enum { MANY = 1100 }; /* a page holds 1000 */
    fixture f;
    sm_object *o;
    size_t n;

    (void)state;
    setup(&f, "pages");
    for (int i = 0; i < MANY; i++) /* as files of the server: faster than to put them */
        sm_test_write(
            sm_arena_printf(f.a, "%s/pages/team/lake/log/%05d", environment("SM_S3_FOLDER"), i).ptr,
            "x");
    sm_assert_ok(sm_object_put(f.s, SM_SV("log/deeper/1"), SM_SV("x"), &f.err), f.err);
    sm_assert_ok(sm_object_put(f.s, SM_SV("log.other"), SM_SV("xy"), &f.err), f.err);
    sm_assert_ok(sm_object_list(f.s, SM_SV("log"), SM_SV(""), f.a, &o, &n, &f.err), f.err);
    assert_int_equal(n, MANY);
    assert_true(sm_sv_eq(o[0].key, SM_SV("log/00000")) &&
                sm_sv_eq(o[1099].key, SM_SV("log/01099")));
    sm_assert_ok(sm_object_list(f.s, SM_SV("log"), SM_SV("log/01097"), f.a, &o, &n, &f.err), f.err);
    assert_int_equal(n, 2);
    assert_true(sm_sv_eq(o[0].key, SM_SV("log/01098")) && o[0].size == 1);
    sm_assert_ok(sm_object_list(f.s, SM_SV(""), SM_SV(""), f.a, &o, &n, &f.err), f.err);
    assert_int_equal(n, 1);
    assert_int_equal(o[0].size, 2);
    sm_assert_ok(sm_object_list(f.s, SM_SV("nowhere"), SM_SV(""), f.a, &o, &n, &f.err), f.err);
    assert_int_equal(n, 0);
    teardown(&f);
}

/* ---- of many writers one wins ---------------------------------------------------- */

enum { WRITERS = 16, VERSIONS = 5 };

typedef struct writer {
    fixture *f;
    int number;
    int won[VERSIONS];
} writer;

static void race(void *arg)
{
    writer *w = arg;
    sm_arena *a = sm_arena_new("race");
    sm_error err;

    for (int v = 0; v < VERSIONS; v++) {
        sm_sv key = sm_arena_printf(a, "log/%d", v), value = sm_arena_printf(a, "by %d", w->number);

        w->won[v] = sm_object_put_if_absent(w->f->s, key, value, &err) == SM_OK;
    }
    sm_arena_free(a);
}

static void test_s3__of_many_writers_exactly_one_wins(void **state)
{
    sm_thread *threads[WRITERS];
    writer writers[WRITERS];
    fixture f;

    (void)state;
    setup(&f, "race");
    for (int i = 0; i < WRITERS; i++) {
        writers[i] = (writer){ .f = &f, .number = i };
        sm_assert_ok(sm_thread_start("writer", race, &writers[i], &threads[i], &f.err), f.err);
    }
    for (int i = 0; i < WRITERS; i++)
        sm_thread_join(threads[i]);
    for (int v = 0; v < VERSIONS; v++) {
        sm_sv key = sm_arena_printf(f.a, "log/%d", v), value;
        int winners = 0, winner = -1;

        for (int i = 0; i < WRITERS; i++)
            if (writers[i].won[v]) {
                winners++;
                winner = i;
            }
        assert_int_equal(winners, 1);
        sm_assert_ok(sm_object_get(f.s, key, 99, f.a, &value, &f.err), f.err);
        assert_string_equal(value.ptr, sm_arena_printf(f.a, "by %d", winner).ptr);
    }
    teardown(&f);
}

/* ---- what gets lost on the way --------------------------------------------------- */

static void test_s3__a_lost_answer_to_a_put_under_a_condition_is_no_conflict(void **state)
{
    fixture f;
    sm_sv v;

    (void)state;
    setup(&f, "lost");
    sm_assert_ok(sm_object_put_if_absent(f.s, SM_SV("first"), SM_SV("x"), &f.err), f.err);
    sm_failpoint_set("s3.answer:1:EIO");
    sm_assert_ok(sm_object_put_if_absent(f.s, SM_SV("log/1"), SM_SV("ours"), &f.err), f.err);
    sm_failpoint_set(NULL);
    sm_assert_ok(sm_object_get(f.s, SM_SV("log/1"), 99, f.a, &v, &f.err), f.err);
    assert_string_equal(v.ptr, "ours");
    sm_assert_code(sm_object_put_if_absent(f.s, SM_SV("log/1"), SM_SV("theirs"), &f.err),
                   SM_E_CONFLICT);
    teardown(&f);
}

static void test_s3__what_fails_on_the_way_is_tried_again(void **state)
{
    fixture f;
    sm_sv v;

    (void)state;
    setup(&f, "again");
    sm_failpoint_set("s3.request:1:EIO");
    sm_assert_ok(sm_object_put(f.s, SM_SV("a"), SM_SV("x"), &f.err), f.err);
    sm_failpoint_set("s3.answer:1:EIO");
    sm_assert_ok(sm_object_get(f.s, SM_SV("a"), 9, f.a, &v, &f.err), f.err);
    sm_failpoint_set("s3.request:*:EIO");
    assert_true(sm_object_get(f.s, SM_SV("a"), 9, f.a, &v, &f.err) != SM_OK);
    assert_true(f.err.retryable);
    teardown(&f);
}

static void test_s3__says_who_is_not_let_in(void **state)
{
    sm_object o;
    fixture f;
    sm_sv v;

    (void)state;
    setup(&f, "keys");
    f.config.secret_access_key = f.id;
    sm_s3_close(f.s3);
    sm_object_store_close(f.s);
    sm_assert_ok(sm_s3_open(&f.config, &f.s3, &f.err), f.err);
    sm_assert_ok(sm_object_store_open_s3(f.s3, SM_SV(""), sm_sv_cstr(f.image), &f.s, &f.err),
                 f.err);
    sm_assert_code(sm_object_get(f.s, SM_SV("a"), 9, f.a, &v, &f.err), SM_E_DENIED);
    sm_test_contains(f.err.msg, "the secret_access_key is not the one of that key");
    sm_assert_code(sm_object_stat(f.s, SM_SV("a"), &o, &f.err), SM_E_DENIED);
    sm_test_contains(f.err.msg, "SignatureDoesNotMatch");
    assert_false(f.err.retryable);
    f.config.secret_access_key = f.key;
    f.config.bucket = SM_SV("nowhere");
    sm_s3_close(f.s3);
    sm_object_store_close(f.s);
    sm_assert_ok(sm_s3_open(&f.config, &f.s3, &f.err), f.err);
    sm_assert_ok(sm_object_store_open_s3(f.s3, SM_SV(""), sm_sv_cstr(f.image), &f.s, &f.err),
                 f.err);
    sm_assert_code(sm_object_put_if_absent(f.s, SM_SV("a"), SM_SV("x"), &f.err), SM_E_INVALID);
    sm_test_contains(f.err.msg, "there is no such bucket");
    teardown(&f);
}

/* ---- files ----------------------------------------------------------------------- */

/* Larger than one part, and no part like another. */
static sm_sv large(fixture *f)
{
    size_t n = SM_S3_PART + 4321;
    char *bytes = sm_arena_alloc(f->a, 1, 1, n);

    for (size_t i = 0; i < n; i++)
        bytes[i] = (char)(i * 2654435761U >> 24);
    return (sm_sv){ bytes, n };
}

static void keep_and_fetch(fixture *f, sm_sv key, sm_sv bytes)
{
    const char *path = sm_path_join(f->a, sm_sv_cstr(f->image), key);
    sm_object o = { key, (int64_t)bytes.len, 0 };
    sm_fs_stat st;
    sm_sv v;

    sm_assert_ok(sm_fs_mkdirs(sm_arena_cstr(f->a, sm_path_dir(sm_sv_cstr(path))), 0755, &f->err),
                 f->err);
    sm_assert_ok(sm_fs_write(path, bytes, 0644, &f->err), f->err);
    sm_assert_ok(sm_object_keep(f->s, &key, 1, &f->err), f->err);
    sm_assert_ok(sm_fs_unlink(path, &f->err), f->err);
    sm_assert_ok(sm_object_fetch(f->s, &o, 1, &f->err), f->err);
    sm_assert_ok(sm_fs_read(path, bytes.len + 1, f->a, &v, &f->err), f->err);
    assert_true(sm_sv_eq(v, bytes));
    sm_assert_ok(sm_fs_stat_path(path, &st, &f->err), f->err);
    o.size++;
    sm_assert_code(sm_object_fetch(f->s, &o, 1, &f->err), SM_E_CORRUPT);
    o.size = -1;
    sm_assert_ok(sm_object_fetch(f->s, &o, 1, &f->err), f->err);
    sm_assert_ok(sm_object_delete(f->s, key, &f->err), f->err);
    assert_false(sm_fs_exists(path));
}

static void test_s3__files_go_up_and_come_down_in_parts(void **state)
{
    fixture f;

    (void)state;
    setup(&f, "files");
    keep_and_fetch(&f, SM_SV("t/day=1/small.parquet"), SM_SV("small"));
    keep_and_fetch(&f, SM_SV("t/large.parquet"), large(&f));
    keep_and_fetch(&f, SM_SV("t/empty"), SM_SV(""));
    teardown(&f);
}

static void test_s3__a_part_that_fails_is_sent_again(void **state)
{
    fixture f;

    (void)state;
    setup(&f, "parts");
    for (int n = 1; n <= 6; n++) { /* begin, two parts, complete; two parts come back */
        sm_failpoint_set(sm_arena_printf(f.a, "s3.answer:%d:EIO", n).ptr);
        keep_and_fetch(&f, SM_SV("large"), large(&f));
    }
    teardown(&f);
}

/* The second try would get it, but the store is not asked for a second one. */
static void test_s3__a_full_disk_is_told_at_once(void **state)
{
    sm_object o = { .key = SM_SV_LIT("small"), .size = 5 };
    fixture f;

    (void)state;
    setup(&f, "full");
    sm_assert_ok(sm_object_put(f.s, o.key, SM_SV("small"), &f.err), f.err);
    sm_failpoint_set("fs.write:1:ENOSPC");
    sm_assert_code(sm_object_fetch(f.s, &o, 1, &f.err), SM_E_IO);
    assert_true(f.err.retryable);
    sm_test_contains(f.err.msg, "free some space");
    sm_assert_ok(sm_object_fetch(f.s, &o, 1, &f.err), f.err);
    teardown(&f);
}

static void test_s3__an_upload_that_fails_leaves_nothing(void **state)
{
    sm_sv key = SM_SV("large");
    sm_object o;
    fixture f;

    (void)state;
    setup(&f, "left");
    sm_assert_ok(sm_fs_write(sm_path_join(f.a, sm_sv_cstr(f.image), key), large(&f), 0644, &f.err),
                 f.err);
    sm_failpoint_set("fs.read:2:EIO");
    sm_assert_code(sm_object_keep(f.s, &key, 1, &f.err), SM_E_IO);
    sm_failpoint_set(NULL);
    sm_assert_code(sm_object_stat(f.s, key, &o, &f.err), SM_E_NOT_FOUND);
    teardown(&f);
}

static void test_s3__many_files_are_fetched_side_by_side(void **state)
{
    enum { MANY = 40 };
    sm_object objects[MANY];
    fixture f;

    (void)state;
    setup(&f, "many");
    for (int i = 0; i < MANY; i++) {
        objects[i] = (sm_object){ sm_arena_printf(f.a, "t/%d", i), 3, 0 };
        sm_assert_ok(sm_object_put(f.s, objects[i].key, SM_SV("abc"), &f.err), f.err);
    }
    sm_assert_ok(sm_object_fetch(f.s, objects, MANY, &f.err), f.err);
    for (int i = 0; i < MANY; i++)
        assert_true(sm_fs_exists(sm_path_join(f.a, sm_sv_cstr(f.image), objects[i].key)));
    objects[7].key = SM_SV("t/missing");
    sm_assert_code(sm_object_fetch(f.s, objects, MANY, &f.err), SM_E_NOT_FOUND);
    teardown(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_s3__put_get_stat_delete),
        SM_TEST(test_s3__keys_may_hold_any_letter),
        SM_TEST(test_s3__list_has_pages_and_begins_after_a_key),
        SM_TEST(test_s3__of_many_writers_exactly_one_wins),
        SM_TEST(test_s3__a_lost_answer_to_a_put_under_a_condition_is_no_conflict),
        SM_TEST(test_s3__what_fails_on_the_way_is_tried_again),
        SM_TEST(test_s3__says_who_is_not_let_in),
        SM_TEST(test_s3__files_go_up_and_come_down_in_parts),
        SM_TEST(test_s3__a_part_that_fails_is_sent_again),
        SM_TEST(test_s3__a_full_disk_is_told_at_once),
        SM_TEST(test_s3__an_upload_that_fails_leaves_nothing),
        SM_TEST(test_s3__many_files_are_fetched_side_by_side),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
