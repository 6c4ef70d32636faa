/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "runtime/io/egress.h"
#include "tests/support/test.h"

static sm_egress listed(const sm_sv *pattern)
{
    return (sm_egress){ .patterns = pattern, .n = 1 };
}

static bool may_host(const char *pattern, const char *host, int port)
{
    sm_sv p = sm_sv_cstr(pattern);
    sm_egress e = listed(&p);
    sm_error err;

    return sm_egress_host(&e, sm_sv_cstr(host), port, &err) == SM_OK;
}

static bool may_address(const char *pattern, const char *text)
{
    struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(443) };
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(443) };
    bool four = inet_pton(AF_INET, text, &v4.sin_addr) == 1;
    sm_sv p = sm_sv_cstr(pattern);
    sm_egress e = listed(&p);
    sm_error err;

    assert_true(four || inet_pton(AF_INET6, text, &v6.sin6_addr) == 1);
    return sm_egress_address(&e, four ? (void *)&v4 : (void *)&v6, &err) == SM_OK;
}

static void test_host__is_listed_by_name_in_any_case(void **state)
{
    (void)state;
    assert_true(may_host("hooks.example.com", "Hooks.Example.COM", 443));
    assert_true(may_host("hooks.example.com", "hooks.example.com.", 443));
    assert_true(may_host("*.example.com", "a.b.example.com", 443));
    assert_false(may_host("*.example.com", "example.com", 443));
    assert_false(may_host("*.example.com", "a.example.com.evil.org", 443));
    assert_false(may_host("hooks.example.com", "hooks.example.co", 443));
}

static void test_host__is_listed_with_its_port(void **state)
{
    (void)state;
    assert_true(may_host("localhost:9000", "localhost", 9000));
    assert_false(may_host("localhost:9000", "localhost", 9001));
    assert_true(may_host("[::1]:9000", "[::1]", 9000));
    assert_true(may_host("::1", "[::1]", 80));
    assert_true(may_host("[fd00::7]", "[fd00:0::7]", 80));
}

static void test_host__nothing_is_allowed_when_nothing_is_listed(void **state)
{
    sm_egress none = { 0 }, any = { .any = true };
    sm_error err;

    (void)state;
    assert_int_equal(sm_egress_host(&none, SM_SV("example.com"), 443, &err), SM_E_DENIED);
    assert_non_null(strstr(err.msg, "\"example.com\""));
    assert_int_equal(sm_egress_host(&any, SM_SV("example.com"), 443, &err), SM_OK);
}

static void test_address__of_this_machine_or_the_link_is_listed_itself(void **state)
{
    static const char *const special[] = {
        "127.0.0.1",
        "127.9.9.9",
        "0.0.0.0",
        "::1",
        "::",
        "fe80::1",
        "169.254.169.254",
        "fd00:ec2::254",
        "100.100.100.200",
        "::ffff:127.0.0.1",
        "::127.0.0.1",
        "64:ff9b::169.254.169.254",
        "168.63.129.16",
    };

    (void)state;
    for (size_t i = 0; i < sizeof special / sizeof special[0]; i++) {
        assert_false(may_address("*", special[i]));
        assert_false(may_address("hooks.example.com", special[i]));
        assert_true(may_address(special[i], special[i]));
    }
    assert_true(may_address("*", "93.184.216.34"));
    assert_true(may_address("*", "10.0.0.5"));
    assert_true(may_address("*", "2001:db8::1"));
}

static void test_address__localhost_lists_this_machine_and_no_cloud(void **state)
{
    (void)state;
    assert_true(may_address("localhost", "127.0.0.1"));
    assert_true(may_address("localhost:443", "::1"));
    assert_false(may_address("localhost:80", "::1"));
    assert_false(may_address("localhost", "169.254.169.254"));
}

static void test_check__tells_a_pattern_from_an_address_of_the_web(void **state)
{
    sm_error err;

    (void)state;
    assert_int_equal(sm_egress_check(SM_SV("*.example.com:443"), &err), SM_OK);
    assert_int_equal(sm_egress_check(SM_SV("[::1]"), &err), SM_OK);
    assert_int_equal(sm_egress_check(SM_SV("https://example.com"), &err), SM_E_INVALID);
    assert_int_equal(sm_egress_check(SM_SV("example.com/path"), &err), SM_E_INVALID);
    assert_int_equal(sm_egress_check(SM_SV("example.com:0"), &err), SM_E_INVALID);
    assert_int_equal(sm_egress_check(SM_SV("10.0.0.0/8"), &err), SM_E_INVALID);
    assert_int_equal(sm_egress_check(SM_SV(""), &err), SM_E_INVALID);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_host__is_listed_by_name_in_any_case),
        cmocka_unit_test(test_host__is_listed_with_its_port),
        cmocka_unit_test(test_host__nothing_is_allowed_when_nothing_is_listed),
        cmocka_unit_test(test_address__of_this_machine_or_the_link_is_listed_itself),
        cmocka_unit_test(test_address__localhost_lists_this_machine_and_no_cloud),
        cmocka_unit_test(test_check__tells_a_pattern_from_an_address_of_the_web),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
