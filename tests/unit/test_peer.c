/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/test.h"
#include "ui/http/http_int.h"

static void test_peer__ranges_of_addresses(void **state)
{
    static const struct {
        const char *address, *range;
        bool in;
    } cases[] = {
        { "10.1.2.3", "10.0.0.0/8", true },
        { "11.1.2.3", "10.0.0.0/8", false },
        { "10.1.2.3", "10.1.2.3", true },
        { "10.1.2.4", "10.1.2.3", false },
        { "10.1.2.3", "0.0.0.0/0", true },
        { "10.1.2.129", "10.1.2.128/25", true },
        { "10.1.2.127", "10.1.2.128/25", false },
        { "::ffff:10.1.2.3", "10.0.0.0/8", true },
        { "fd00::1", "fd00::/8", true },
        { "fe00::1", "fd00::/8", false },
        { "::1", "10.0.0.0/8", false },
        { "10.1.2.3", "10.0.0.0/33", false },
        { "10.1.2.3", "10.0.0.0/-1", false },
        { "10.1.2.3", "10.0.0.0/", false },
        { "10.1.2.3", "ten/8", false },
        { "", "0.0.0.0/0", false },
        { "10.1.2.3, 4.4.4.4", "0.0.0.0/0", false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (sm_peer__in_range(sm_sv_cstr(cases[i].address), sm_sv_cstr(cases[i].range)) !=
            cases[i].in)
            fail_msg("%s in %s", cases[i].address, cases[i].range);
}

static void test_peer__loopback_is_this_machine_only(void **state)
{
    (void)state;
    assert_true(sm_peer__is_loopback(SM_SV("localhost")));
    assert_true(sm_peer__is_loopback(SM_SV("127.0.0.1")));
    assert_true(sm_peer__is_loopback(SM_SV("127.9.9.9")));
    assert_true(sm_peer__is_loopback(SM_SV("::1")));
    assert_false(sm_peer__is_loopback(SM_SV("")));
    assert_false(sm_peer__is_loopback(SM_SV("0.0.0.0")));
    assert_false(sm_peer__is_loopback(SM_SV("127.0.0.1.evil.example")));
    assert_false(sm_peer__is_loopback(SM_SV("localhost.evil.example")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_peer__ranges_of_addresses),
        SM_TEST(test_peer__loopback_is_this_machine_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
