/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/base/arena.h"
#include "tests/support/test.h"
#include "ui/http/routes.h"
#include "ui/http/uri.h"

static sm_arena *a;

static int begin(void **state)
{
    (void)state;
    a = sm_arena_new("test");
    return 0;
}

static int end(void **state)
{
    (void)state;
    sm_arena_free(a);
    return 0;
}

static void assert_sv(sm_sv got, const char *want)
{
    assert_string_equal(sm_arena_cstr(a, got), want);
}

static void test_uri__decodes_each_part_once(void **state)
{
    sm_uri u;
    sm_error err;

    (void)state;
    sm_assert_ok(sm_uri_parse(SM_SV("/a%20b/c%2Fd/%2541/?x=1+2&y&z=%26"), a, &u, &err), err);
    assert_int_equal(u.n_segments, 3);
    assert_sv(u.segments[0], "a b");
    assert_sv(u.segments[1], "c/d");
    assert_sv(u.segments[2], "%41");
    assert_sv(*sm_uri_get(&u, SM_SV("x")), "1 2");
    assert_sv(*sm_uri_get(&u, SM_SV("y")), "");
    assert_sv(*sm_uri_get(&u, SM_SV("z")), "&");
    assert_null(sm_uri_get(&u, SM_SV("w")));
}

static void test_uri__refuses_what_cannot_be_meant(void **state)
{
    static const char *const targets[] = {
        "",       "a",         "http://x/", "/a//b",  "/./a",
        "/a/..",  "/%2e%2e/a", "/a%",       "/a%2",   "/a%zz",
        "/a%00b", "/%ff",      "/%c0%af",   "/a?x=%", "/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17",
    };

    (void)state;
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        sm_uri u;
        sm_error err;

        if (sm_uri_parse(sm_sv_cstr(targets[i]), a, &u, &err) != SM_E_INVALID)
            fail_msg("taken: %s", targets[i]);
    }
}

static void test_routes__a_path_finds_its_row_and_its_values(void **state)
{
    sm_route_values values;
    const sm_route *r;
    sm_uri u;
    sm_error err;
    bool other;

    (void)state;
    sm_assert_ok(sm_uri_parse(SM_SV("/api/v1/pipelines/iot/runs/12"), a, &u, &err), err);
    r = sm_route_find("GET", &u, &values, &other);
    assert_non_null(r);
    assert_string_equal(r->name, "getRun");
    assert_sv(sm_route_value(r, &values, "pipeline"), "iot");
    assert_sv(sm_route_value(r, &values, "run"), "12");
    assert_sv(sm_route_value(r, &values, "flow"), "");
    assert_ptr_equal(sm_route_find("HEAD", &u, &values, &other), r);
    assert_null(sm_route_find("DELETE", &u, &values, &other));
    assert_true(other);
    sm_assert_ok(sm_uri_parse(SM_SV("/api/v1/nothing"), a, &u, &err), err);
    assert_null(sm_route_find("GET", &u, &values, &other));
    assert_false(other);
}

static void test_routes__rows_are_whole(void **state)
{
    (void)state;
    for (const sm_route *r = sm_routes(); r->method != NULL; r++) {
        assert_non_null(r->handle);
        assert_non_null(r->name);
        assert_non_null(r->summary);
        for (const sm_route *other = sm_routes(); other != r; other++)
            assert_string_not_equal(other->name, r->name);
        for (const sm_param *p = r->query; p != NULL && p->name != NULL; p++)
            assert_non_null(p->doc);
    }
}

static void test_params__unknown_and_wrong_values_are_refused(void **state)
{
    static const struct {
        const char *target;
        bool good;
    } cases[] = {
        { "/api/v1/pipelines/p/runs?limit=5&before=9", true },
        { "/api/v1/pipelines/p/runs?limit=0", false },
        { "/api/v1/pipelines/p/runs?limit=501", false },
        { "/api/v1/pipelines/p/runs?limit=", false },
        { "/api/v1/pipelines/p/runs?limit=9223372036854775808", false },
        { "/api/v1/pipelines/p/runs?Limit=5", false },
        { "/api/v1/pipelines/p/events?level=warn", true },
        { "/api/v1/pipelines/p/events?level=", false },
        { "/api/v1/pipelines/p/status?x=1", false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sm_route_values values;
        sm_uri u;
        sm_error err;
        bool other;

        sm_assert_ok(sm_uri_parse(sm_sv_cstr(cases[i].target), a, &u, &err), err);
        if ((sm_params_check_query(sm_route_find("GET", &u, &values, &other)->query, &u, &err) ==
             SM_OK) != cases[i].good)
            fail_msg("%s", cases[i].target);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_uri__decodes_each_part_once),
        SM_TEST(test_uri__refuses_what_cannot_be_meant),
        SM_TEST(test_routes__a_path_finds_its_row_and_its_values),
        SM_TEST(test_routes__rows_are_whole),
        SM_TEST(test_params__unknown_and_wrong_values_are_refused),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
