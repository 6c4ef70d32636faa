/* SPDX-License-Identifier: Apache-2.0 */
/* test_s3_listings.c -- a list that is good once, and not for long. */
#include "tests/support/test.h"

#include "runtime/base/clock.h"
#include "runtime/io/s3_listings.h"

static const sm_s3_object objects[] = {
    { .key = SM_SV_LIT("in/a.json"), .size = 3, .mtime_ms = 7, .etag = SM_SV_LIT("e1") },
    { .key = SM_SV_LIT("in/b/"), .folder = true },
};

static void test_listings__what_was_kept_is_taken_once(void **state)
{
    sm_s3_listings *l = sm_s3_listings_new(INT64_MAX);
    sm_arena *a = sm_arena_new("test");
    sm_s3_object *got;
    size_t n;

    (void)state;
    sm_s3_listings_keep(l, SM_SV("other"), sm_clock_boot_ms(), objects, 1);
    sm_s3_listings_keep(l, SM_SV("in/"), sm_clock_boot_ms(), objects, 1);
    sm_s3_listings_keep(l, SM_SV("in/"), sm_clock_boot_ms(), objects, 2); /* the newer one */
    assert_true(sm_s3_listings_take(l, SM_SV("in/"), a, &got, &n));
    assert_int_equal(n, 2);
    assert_true(sm_sv_eq(got[0].key, objects[0].key));
    assert_true(sm_sv_eq(got[0].etag, objects[0].etag));
    assert_int_equal(got[0].size, 3);
    assert_int_equal(got[0].mtime_ms, 7);
    assert_true(got[1].folder);
    assert_false(sm_s3_listings_take(l, SM_SV("in/"), a, &got, &n));
    sm_s3_listings_free(l);
    sm_arena_free(a);
}

static sm_s3_object *many_objects(sm_arena *a)
{
    sm_s3_object *many = SM_NEW_N(a, sm_s3_object, SM_S3_LISTINGS_MAX);

    for (size_t i = 0; i < SM_S3_LISTINGS_MAX; i++)
        many[i] = objects[0];
    return many;
}

static void test_listings__an_old_list_is_none_and_makes_room(void **state)
{
    enum { HOUR_MS = 3600 * 1000 };
    sm_s3_listings *l = sm_s3_listings_new(HOUR_MS);
    sm_arena *a = sm_arena_new("test");
    sm_s3_object *many = many_objects(a), *got;
    int64_t now = sm_clock_boot_ms();
    size_t n;

    (void)state;
    sm_s3_listings_keep(l, SM_SV("old"), now - HOUR_MS, many, SM_S3_LISTINGS_MAX - 1);
    sm_s3_listings_keep(l, SM_SV("in/"), now, many, SM_S3_LISTINGS_MAX - 1);
    assert_false(sm_s3_listings_take(l, SM_SV("old"), a, &got, &n));
    assert_true(sm_s3_listings_take(l, SM_SV("in/"), a, &got, &n));
    sm_s3_listings_free(l);
    sm_arena_free(a);
}

static void test_listings__what_is_too_much_is_not_kept(void **state)
{
    sm_s3_listings *l = sm_s3_listings_new(INT64_MAX);
    sm_arena *a = sm_arena_new("test");
    sm_s3_object *many = many_objects(a), *got;
    size_t n;

    (void)state;
    sm_s3_listings_keep(l, SM_SV("in/"), 0, many, SM_S3_LISTINGS_MAX);
    assert_false(sm_s3_listings_take(l, SM_SV("in/"), a, &got, &n));
    sm_s3_listings_keep(l, SM_SV("a/"), 0, many, SM_S3_LISTINGS_MAX - 2);
    sm_s3_listings_keep(l, SM_SV("b/"), 0, objects, 1);
    assert_false(sm_s3_listings_take(l, SM_SV("b/"), a, &got, &n));
    assert_true(sm_s3_listings_take(l, SM_SV("a/"), a, &got, &n));
    sm_s3_listings_keep(l, SM_SV("b/"), 0, objects, 1);
    assert_true(sm_s3_listings_take(l, SM_SV("b/"), a, &got, &n));
    sm_s3_listings_free(l);
    sm_arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_listings__what_was_kept_is_taken_once),
        SM_TEST(test_listings__an_old_list_is_none_and_makes_room),
        SM_TEST(test_listings__what_is_too_much_is_not_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
