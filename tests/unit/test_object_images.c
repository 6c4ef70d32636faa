/* SPDX-License-Identifier: Apache-2.0 */
/* test_object_images.c -- what an image keeps on this machine. */
#include "tests/support/test.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "runtime/base/clock.h"
#include "runtime/base/fs.h"
#include "runtime/io/object_images.h"

enum { MINUTE_MS = 60 * 1000, NEVER = INT32_MAX };

typedef struct fixture {
    sm_arena *a;
    sm_images *images;
    const char *dir;
    sm_error err;
} fixture;

static sm_code connect_none(void *ctx, sm_s3 **out, sm_error *err)
{
    (void)ctx;
    (void)err;
    *out = NULL;
    return SM_OK;
}

static const char *path(const fixture *f, const char *name)
{
    return sm_arena_printf(f->a, "%s/%s", f->dir, name).ptr;
}

/* Ten bytes that were used so long ago. */
static void file(fixture *f, const char *name, int64_t minutes)
{
    int64_t ms = sm_clock_true_ms() - minutes * MINUTE_MS;
    struct timespec at = { .tv_sec = (time_t)(ms / 1000) }, times[2] = { at, at };

    sm_assert_ok(sm_fs_write(path(f, name), SM_SV("0123456789"), 0600, &f->err), f->err);
    assert_int_equal(utimensat(AT_FDCWD, path(f, name), times, 0), 0);
}

/* An image of tables and one of copies, with a file of yesterday, of two hours ago and of now. */
static void setup(fixture *f, int64_t max, int64_t every_ms)
{
    static const char *const folders[] = { "tables", "copies" };

    f->a = sm_arena_new("test");
    f->dir = sm_arena_cstr(f->a, sm_sv_cstr(sm_test_folder("images")));
    f->images = sm_images_new(max, every_ms);
    for (int i = 0; i < 2; i++) {
        sm_assert_ok(sm_fs_mkdirs(path(f, folders[i]), 0700, &f->err), f->err);
        file(f, sm_arena_printf(f->a, "%s/yesterday", folders[i]).ptr, 25 * 60);
        file(f, sm_arena_printf(f->a, "%s/earlier", folders[i]).ptr, 120);
        file(f, sm_arena_printf(f->a, "%s/now", folders[i]).ptr, 0);
    }
    sm_images_add(f->images, sm_sv_cstr(path(f, "tables")), SM_SV("b"), SM_SV(""), connect_none,
                  NULL);
    sm_images_add_reading(f->images, sm_sv_cstr(path(f, "copies")), SM_SV("c"), SM_SV("b"),
                          connect_none, NULL);
}

static void teardown(fixture *f)
{
    sm_images_free(f->images);
    sm_test_remove(f->dir);
    sm_arena_free(f->a);
}

static void assert_left(const fixture *f, const char *folder, bool yesterday, bool earlier)
{
    assert_int_equal(sm_fs_exists(path(f, sm_arena_printf(f->a, "%s/yesterday", folder).ptr)),
                     yesterday);
    assert_int_equal(sm_fs_exists(path(f, sm_arena_printf(f->a, "%s/earlier", folder).ptr)),
                     earlier);
    assert_true(sm_fs_exists(path(f, sm_arena_printf(f->a, "%s/now", folder).ptr)));
}

static void read(fixture *f)
{
    sm_s3 *s3;
    sm_sv folder;

    sm_assert_ok(sm_images_reading(f->images, SM_SV("c"), SM_SV("b"), &s3, &folder, &f->err),
                 f->err);
    assert_string_equal(folder.ptr, path(f, "copies"));
}

static void test_trim__what_was_used_longest_ago_goes_first(void **state)
{
    fixture f;

    (void)state;
    setup(&f, 20, NEVER);
    sm_images_trim(f.images);
    assert_left(&f, "tables", false, true);
    assert_left(&f, "copies", false, true);
    teardown(&f);
}

static void test_trim__what_was_used_within_the_hour_stays(void **state)
{
    fixture f;

    (void)state;
    setup(&f, 0, NEVER);
    sm_images_trim(f.images);
    assert_left(&f, "tables", false, false);
    assert_left(&f, "copies", false, false);
    teardown(&f);
}

/* A batch that runs may still be about what it fetched hours ago. */
static void test_reading__trims_copies_of_yesterday_when_nobody_did_for_a_while(void **state)
{
    fixture f;

    (void)state;
    setup(&f, 0, 0);
    read(&f);
    assert_left(&f, "tables", true, true);
    assert_left(&f, "copies", false, true);
    teardown(&f);
    setup(&f, 20, NEVER);
    read(&f);
    assert_left(&f, "copies", true, true);
    teardown(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_trim__what_was_used_longest_ago_goes_first),
        SM_TEST(test_trim__what_was_used_within_the_hour_stays),
        SM_TEST(test_reading__trims_copies_of_yesterday_when_nobody_did_for_a_while),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
