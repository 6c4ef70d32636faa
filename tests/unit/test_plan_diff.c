/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/test.h"

#include "pipelines/plan/plan.h"

#define NAME(text)                                                                                 \
    {                                                                                              \
        text, sizeof text - 1                                                                      \
    }

static sm_column columns[] = {
    { .name = NAME("id"), .type = NAME("BIGINT") },
    { .name = NAME("at"), .type = NAME("TIMESTAMP") },
};
static const sm_sv day[] = { NAME("day") };
static const size_t order[] = { 0, 1 };

/* A streaming table and a materialized view, each of one flow with fingerprint f1. */
static void check(sm_plan_live *live, bool known, const char *wanted)
{
    sm_plan_dataset datasets[] = {
        { .name = NAME("t"),
          .kind = SM_DATASET_STREAMING_TABLE,
          .schema = { columns, 2 },
          .known = known,
          .flow = 0,
          .n_flows = 1 },
        { .name = NAME("v"),
          .kind = SM_DATASET_MATERIALIZED_VIEW,
          .schema = { columns, 2 },
          .known = true,
          .flow = 1,
          .n_flows = 1 },
    };
    sm_plan_flow flows[] = {
        { .name = NAME("t"), .target = 0, .fingerprint = NAME("f1") },
        { .name = NAME("v"), .target = 1, .kind = SM_FLOW_OVERWRITE, .fingerprint = NAME("f1") },
    };
    sm_plan plan = {
        .datasets = datasets, .n_datasets = 2, .flows = flows, .n_flows = 2, .order = order
    };
    sm_arena *a = sm_arena_new("test");
    const sm_plan_change *changes;
    size_t n;
    sm_buf text;

    sm_buf_init(&text, 10000);
    sm_plan_diff(&plan, live, a, &changes, &n);
    for (size_t i = 0; i < n; i++) {
        sm_buf_addf(&text, "%.*s %s", SM_SV_ARG(changes[i].table),
                    sm_plan_change_name(changes[i].kind));
        for (size_t k = 0; k < changes[i].n_reasons; k++)
            sm_buf_addf(&text, "; %.*s", SM_SV_ARG(changes[i].reasons[k]));
        sm_buf_addc(&text, '\n');
    }
    assert_string_equal(text.ptr, wanted);
    sm_buf_release(&text);
    sm_arena_free(a);
}

static void test_plan_diff__nothing_live_is_all_new(void **state)
{
    (void)state;
    check(&(sm_plan_live){ 0 }, true, "t new\nv new\n");
}

static void test_plan_diff__the_same_fingerprints_are_unchanged(void **state)
{
    sm_plan_live_table tables[] = {
        { .name = NAME("t"), .schema = { columns, 2 }, .active = true },
        { .name = NAME("v"), .schema = { columns, 2 }, .active = true },
    };
    sm_plan_live_flow flows[] = { { NAME("t"), NAME("t"), NAME("f1"), NULL },
                                  { NAME("v"), NAME("v"), NAME("f1"), NULL } };

    (void)state;
    check(&(sm_plan_live){ tables, 2, flows, 2 }, true, "t unchanged\nv unchanged\n");
}

static void test_plan_diff__a_changed_query_goes_forward_or_is_computed_again(void **state)
{
    sm_plan_live_table tables[] = {
        { .name = NAME("t"), .schema = { columns, 2 }, .active = true },
        { .name = NAME("v"), .schema = { columns, 1 }, .active = true },
    };
    sm_plan_live_flow flows[] = { { NAME("t"), NAME("t"), NAME("f0"), NULL },
                                  { NAME("v"), NAME("v"), NAME("f0"), NULL },
                                  { NAME("t.old"), NAME("t"), NAME("f0"), NULL } };

    (void)state;
    check(&(sm_plan_live){ tables, 2, flows, 3 }, true,
          "t forward; the query or the rules of flow \"t\" changed; flow \"t.old\" is gone\n"
          "v recompute; column \"at\" is new; the query or the rules of flow \"v\" changed\n");
}

/* What a flow remembers under other keys or types is of no use to the query of now. */
static void test_plan_diff__a_flow_that_remembers_something_else_asks_for_a_rebuild(void **state)
{
    sm_plan_live_table tables[] = {
        { .name = NAME("t"), .schema = { columns, 2 }, .active = true },
    };
    sm_arena *a = sm_arena_new("test");
    sm_json *stages = sm_json_array(a), *stage = sm_json_object(a);
    sm_plan_live_flow flows[] = { { NAME("t"), NAME("t"), NAME("f0"), stages } };

    (void)state;
    sm_json_set_string(stage, "name", SM_SV("aggregate_1"));
    sm_json_set_string(stage, "fingerprint", SM_SV("s0"));
    sm_json_append(stages, stage);
    check(
        &(sm_plan_live){ tables, 1, flows, 1 }, true,
        "t rebuild; what \"aggregate_1\" of flow \"t\" remembers has no use any more; the query or "
        "the rules of flow \"t\" changed\nv new\n");
    sm_arena_free(a);
}

/* As the sink does, which adds columns at the end of the table and finds the others by name. */
static void test_plan_diff__a_new_column_or_another_order_goes_on(void **state)
{
    sm_column turned[] = { columns[1], columns[0] };
    sm_plan_live_table tables[] = {
        { .name = NAME("t"), .schema = { columns, 1 }, .active = true },
        { .name = NAME("v"), .schema = { turned, 2 }, .active = true },
    };
    sm_plan_live_flow flows[] = { { NAME("t"), NAME("t"), NAME("f1"), NULL },
                                  { NAME("v"), NAME("v"), NAME("f1"), NULL } };

    (void)state;
    check(&(sm_plan_live){ tables, 2, flows, 2 }, true,
          "t forward; column \"at\" is new\n"
          "v recompute; the order or the spelling of the columns changed\n");
    tables[0].schema = (sm_schema){ turned, 2 };
    check(&(sm_plan_live){ tables, 1, flows, 1 }, true, "t unchanged\nv new\n");
}

static void test_plan_diff__a_column_that_changes_its_type_asks_for_a_rebuild(void **state)
{
    sm_column old[] = { { .name = NAME("id"), .type = NAME("VARCHAR") },
                        { .name = NAME("at"), .type = NAME("TIMESTAMP") },
                        { .name = NAME("gone"), .type = NAME("BIGINT") } };
    sm_plan_live_table tables[] = {
        { .name = NAME("t"), .schema = { old, 3 }, .active = true, .partition_by = { day, 1 } },
        { .name = NAME("v"), .schema = { old, 3 }, .active = true },
    };
    sm_plan_live_flow flows[] = { { NAME("t"), NAME("t"), NAME("f1"), NULL },
                                  { NAME("v"), NAME("v"), NAME("f1"), NULL } };

    (void)state;
    check(&(sm_plan_live){ tables, 2, flows, 2 }, true,
          "t rebuild; `partition_by` changed; column \"id\" changes from VARCHAR to BIGINT\n"
          "v recompute; column \"id\" changes from VARCHAR to BIGINT; column \"gone\" is gone\n");
}

static void test_plan_diff__a_column_that_is_given_no_more_stays_and_is_told_once(void **state)
{
    sm_column old[] = { { .name = NAME("gone"), .type = NAME("BIGINT") },
                        { .name = NAME("id"), .type = NAME("BIGINT") },
                        { .name = NAME("at"), .type = NAME("TIMESTAMP") } };
    sm_plan_live_table tables[] = { { .name = NAME("t"), .schema = { old, 2 }, .active = true } };
    sm_plan_live_flow flows[] = { { NAME("t"), NAME("t"), NAME("f0"), NULL } };

    (void)state;
    check(&(sm_plan_live){ tables, 1, flows, 1 }, true,
          "t forward; column \"at\" is new; the query or the rules of flow \"t\" changed; column "
          "\"gone\" stays, and is NULL in new rows: the query does not give it\n"
          "v new\n");
    flows[0].fingerprint = SM_SV("f1");
    tables[0].schema.n = 3;
    check(&(sm_plan_live){ tables, 1, flows, 1 }, true, "t unchanged\nv new\n");
}

static void test_plan_diff__what_left_the_file_is_inactive_and_what_waits_waits(void **state)
{
    sm_plan_live_table tables[] = {
        { .name = NAME("x"), .schema = { columns, 2 }, .active = true },
        { .name = NAME("v"), .schema = { columns, 2 }, .active = false },
    };

    (void)state;
    check(&(sm_plan_live){ tables, 2, NULL, 0 }, false,
          "t waiting; its columns depend on a source that has no data yet\n"
          "v new; it was in the file before, and its table is still there\n"
          "x inactive; it is not in the file; the table is kept, readable, and not written\n");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        SM_TEST(test_plan_diff__nothing_live_is_all_new),
        SM_TEST(test_plan_diff__the_same_fingerprints_are_unchanged),
        SM_TEST(test_plan_diff__a_changed_query_goes_forward_or_is_computed_again),
        SM_TEST(test_plan_diff__a_flow_that_remembers_something_else_asks_for_a_rebuild),
        SM_TEST(test_plan_diff__a_new_column_or_another_order_goes_on),
        SM_TEST(test_plan_diff__a_column_that_changes_its_type_asks_for_a_rebuild),
        SM_TEST(test_plan_diff__a_column_that_is_given_no_more_stays_and_is_told_once),
        SM_TEST(test_plan_diff__what_left_the_file_is_inactive_and_what_waits_waits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
