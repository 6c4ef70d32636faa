/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/test.h"

#include "pipelines/plan/plan.h"

/* raw -> bronze -> silver_a -> gold
 *               \> silver_b -/        other (alone) */
static const sm_sv hot[] = { { "hot", 3 }, { "pii", 3 } };
static const size_t reads_raw[] = { 0 }, reads_bronze[] = { 1 }, reads_silver[] = { 2, 3 };

#define NAME(text)                                                                                 \
    {                                                                                              \
        text, sizeof text - 1                                                                      \
    }

static const sm_plan_dataset datasets[] = {
    { .name = NAME("raw"), .kind = SM_DATASET_SOURCE, .layer = NAME("") },
    { .name = NAME("bronze"), .layer = NAME("bronze"), .reads = reads_raw, .n_reads = 1 },
    { .name = NAME("silver_a"),
      .layer = NAME("silver"),
      .reads = reads_bronze,
      .n_reads = 1,
      .tags = { hot, 2 } },
    { .name = NAME("silver_b"),
      .layer = NAME("silver"),
      .reads = reads_bronze,
      .n_reads = 1,
      .tags = { hot, 1 } },
    { .name = NAME("gold"), .layer = NAME("gold"), .reads = reads_silver, .n_reads = 2 },
    { .name = NAME("Other"), .layer = NAME("") },
};
static const size_t order[] = { 0, 1, 2, 3, 4, 5 };
static const sm_plan plan = { .datasets = datasets, .n_datasets = 6, .order = order };

static bool is_state(void *ctx, const sm_plan_dataset *ds, sm_sv state)
{
    (void)ctx;
    return sm_sv_eq_str(state, "failed") && sm_sv_eq_str(ds->name, "gold");
}

static void check(const char *select, const char *exclude, const char *wanted)
{
    static const sm_plan_states states = { is_state, NULL };
    sm_arena *a = sm_arena_new("test");
    bool selected[6];
    sm_error err = { 0 };
    sm_buf text;
    sm_code rc =
        sm_plan_select(&plan, sm_sv_cstr(select), sm_sv_cstr(exclude), &states, a, selected, &err);

    sm_buf_init(&text, 1000);
    if (rc != SM_OK)
        sm_buf_adds(&text, err.msg);
    for (size_t i = 0; rc == SM_OK && i < 6; i++) {
        if (selected[i])
            sm_buf_addf(&text, "%s%.*s", text.len ? " " : "", SM_SV_ARG(datasets[i].name));
    }
    assert_string_equal(text.ptr, wanted);
    sm_buf_release(&text);
    sm_arena_free(a);
}

static void test_plan_select__nothing_said_is_everything(void **state)
{
    (void)state;
    check("", "", "raw bronze silver_a silver_b gold Other");
    check("  ", "gold other", "raw bronze silver_a silver_b");
}

static void test_plan_select__names_and_globs_ignore_case(void **state)
{
    (void)state;
    check("bronze", "", "bronze");
    check("OTHER", "", "Other");
    check("silver_*", "", "silver_a silver_b");
    check("silver_? gold", "silver_b", "silver_a gold");
}

static void test_plan_select__plus_follows_the_graph(void **state)
{
    (void)state;
    check("+silver_a", "", "raw bronze silver_a");
    check("bronze+", "", "bronze silver_a silver_b gold");
    check("1+gold", "", "silver_a silver_b gold");
    check("2+gold", "", "bronze silver_a silver_b gold");
    check("bronze+1", "", "bronze silver_a silver_b");
    check("+silver_a+", "", "raw bronze silver_a gold");
    check("@silver_a", "", "raw bronze silver_a silver_b gold");
}

static void test_plan_select__tags_layers_and_states(void **state)
{
    (void)state;
    check("tag:hot", "", "silver_a silver_b");
    check("tag:hot,tag:pii", "", "silver_a");
    check("layer:gold bronze", "", "bronze gold");
    check("layer:silver,tag:pii+", "", "silver_a");
    check("state:failed", "", "gold");
    check("state:new", "", "");
    check("+state:failed", "bronze", "raw silver_a silver_b gold");
}

static void test_plan_select__what_matches_nothing_is_told(void **state)
{
    (void)state;
    check("silver_c", "", "selection \"silver_c\" matches nothing; did you mean \"silver_a\"?");
    check("tag:cold", "",
          "selection \"tag:cold\" matches nothing; `smelt ls` prints what there is");
    check("gold", "xyz", "selection \"xyz\" matches nothing; `smelt ls` prints what there is");
    check("path:x", "", "selection \"path:x\": before the colon stands tag, layer or state");
    check("state:odd", "",
          "selection \"state:odd\": the states are failed, stale, modified and new");
    check("tag:", "", "selection \"tag:\": a name is missing");
    check("+", "", "selection \"+\": a name is missing");
    check("gold,", "", "selection \"\": a name is missing");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        SM_TEST(test_plan_select__nothing_said_is_everything),
        SM_TEST(test_plan_select__names_and_globs_ignore_case),
        SM_TEST(test_plan_select__plus_follows_the_graph),
        SM_TEST(test_plan_select__tags_layers_and_states),
        SM_TEST(test_plan_select__what_matches_nothing_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
