/* SPDX-License-Identifier: Apache-2.0 */
/* test_cpu_meter.c -- the time of the processor, shared by the work that goes on at the same time.
 */
#include "runtime/base/clock.h"
#include "runtime/base/cpu_meter.h"
#include "tests/support/test.h"

static void burn(int64_t us)
{
    int64_t until = sm_clock_cpu_us() + us;

    while (sm_clock_cpu_us() < until)
        continue;
}

static void test_cpu_meter__one_piece_of_work_gets_all(void **state)
{
    sm_cpu_meter *m = sm_cpu_meter_new();
    int64_t begun, before, got, most;

    (void)state;
    burn(5000); /* of nobody */
    before = sm_clock_cpu_us();
    begun = sm_cpu_meter_enter(m);
    burn(20 * 1000);
    got = sm_cpu_meter_read(m, begun);
    most = sm_clock_cpu_us() - before;
    sm_cpu_meter_leave(m);
    assert_in_range(got, 20 * 1000 - 1, most);
    sm_cpu_meter_free(m);
}

static void test_cpu_meter__two_at_a_time_get_a_half_each(void **state)
{
    sm_cpu_meter *m = sm_cpu_meter_new();
    int64_t first, second, a, b, before = sm_clock_cpu_us(), most;

    (void)state;
    first = sm_cpu_meter_enter(m);
    burn(10 * 1000); /* of the first alone */
    second = sm_cpu_meter_enter(m);
    burn(20 * 1000); /* of both */
    b = sm_cpu_meter_read(m, second);
    sm_cpu_meter_leave(m);
    burn(10 * 1000);
    a = sm_cpu_meter_read(m, first);
    most = sm_clock_cpu_us() - before;
    sm_cpu_meter_leave(m);
    assert_in_range(b, 10 * 1000 - 1, most / 2);
    assert_in_range(a, 30 * 1000 - 4, most);
    assert_in_range(a + b, 40 * 1000 - 4, most);
    sm_cpu_meter_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_cpu_meter__one_piece_of_work_gets_all),
        SM_TEST(test_cpu_meter__two_at_a_time_get_a_half_each),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
