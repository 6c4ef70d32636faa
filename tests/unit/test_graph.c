/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/test.h"

#include "pipelines/plan/plan_int.h"

/* A graph of single digits: "1:02" says that 1 reads 0 and 2. */
static bool order_of(sm_arena *a, const char *const *lines, size_t n, size_t *order, sm_buf *cycle)
{
    const size_t **reads = SM_NEW_N(a, const size_t *, n);
    size_t *counts = SM_NEW_N(a, size_t, n);
    const size_t *met = NULL;
    size_t n_met = 0;
    bool ok;

    for (size_t i = 0; i < n; i++) {
        size_t *list = SM_NEW_N(a, size_t, 10);

        for (const char *c = lines[i] + 2; *c; c++)
            list[counts[i]++] = (size_t)(*c - '0');
        reads[i] = list;
    }
    ok = sm_plan__order(&(plan_graph){ n, reads, counts }, a, order, &met, &n_met);
    for (size_t i = 0; !ok && i < n_met; i++)
        sm_buf_addf(cycle, "%zu", met[i]);
    return ok;
}

static void check_order(const char *const *lines, size_t n, const char *wanted)
{
    sm_arena *a = sm_arena_new("test");
    size_t order[10];
    sm_buf text;

    sm_buf_init(&text, 100);
    if (order_of(a, lines, n, order, &text)) {
        for (size_t i = 0; i < n; i++)
            sm_buf_addf(&text, "%zu", order[i]);
    }
    assert_string_equal(text.ptr, wanted);
    sm_buf_release(&text);
    sm_arena_free(a);
}

static void test_graph__inputs_come_first_and_the_file_decides_otherwise(void **state)
{
    static const char *const chain[] = { "0:1", "1:2", "2:" };
    static const char *const loose[] = { "0:", "1:", "2:" };
    static const char *const diamond[] = { "0:12", "1:3", "2:3", "3:" };

    (void)state;
    check_order(chain, 3, "210");
    check_order(loose, 3, "012");
    check_order(diamond, 4, "3120");
}

static void test_graph__a_cycle_is_the_way_round(void **state)
{
    static const char *const self[] = { "0:", "1:1" };
    static const char *const ring[] = { "0:1", "1:2", "2:3", "3:1" };

    (void)state;
    check_order(self, 2, "11");
    check_order(ring, 4, "1231");
}

static void test_graph__a_chain_of_ten_thousand_needs_no_deep_stack(void **state)
{
    enum { N = 10000 };
    sm_arena *a = sm_arena_new("test");
    size_t *numbers = SM_NEW_N(a, size_t, N);
    const size_t **reads = SM_NEW_N(a, const size_t *, N);
    size_t *counts = SM_NEW_N(a, size_t, N);
    size_t *order = SM_NEW_N(a, size_t, N);
    const size_t *cycle;
    size_t n_cycle;

    (void)state;
    for (size_t i = 0; i + 1 < N; i++) {
        numbers[i] = i + 1;
        reads[i] = &numbers[i];
        counts[i] = 1;
    }
    assert_true(sm_plan__order(&(plan_graph){ N, reads, counts }, a, order, &cycle, &n_cycle));
    assert_int_equal(order[0], N - 1);
    assert_int_equal(order[N - 1], 0);
    sm_arena_free(a);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        SM_TEST(test_graph__inputs_come_first_and_the_file_decides_otherwise),
        SM_TEST(test_graph__a_cycle_is_the_way_round),
        SM_TEST(test_graph__a_chain_of_ten_thousand_needs_no_deep_stack),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
