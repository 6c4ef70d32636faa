/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/test.h"

#include "runtime/base/decode_policy.h"

static void test_decode_policy__a_name_reads_back_and_an_unknown_word_fails(void **state)
{
    (void)state;
    for (int p = SM_DECODE_FAIL; p <= SM_DECODE_QUARANTINE; p++)
        assert_int_equal(
            sm_decode_policy_of(sm_sv_cstr(sm_decode_policy_name((sm_decode_policy)p))), p);
    assert_int_equal(sm_decode_policy_of(SM_SV("keep")), SM_DECODE_FAIL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_decode_policy__a_name_reads_back_and_an_unknown_word_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
