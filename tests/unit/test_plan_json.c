/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/test.h"

#include "pipelines/plan/plan.h"

static const char plan_text[] =
    "{\"format\":1,\"pipeline\":\"p\",\"schema\":\"s\",\"storage\":\"./lake\",\"state_path\":"
    "\"./lake/"
    ".smelt\",\"file\":\"pipeline.yml\",\"tags\":[\"a\",\"b\"],\"variables\":[{\"name\":\"x\","
    "\"type\":\"BIGINT\",\"value\":"
    "\"5\"},{\"name\":\"y\",\"type\":\"VARCHAR\"}],\"dialect\":\"duckdb\","
    "\"requires\":[\"expect\",\"once\",\"partition_by\",\"stream\"],\"order\":[\"r\",\"t\"],"
    "\"datasets\":[{\"name\":\"r\",\"kind\":\"source\",\"source\":{\"type\":\"files\",\"options\":"
    "{\"path\":\"x\"},\"schema_declared\":false,\"schema_evolution_mode\":\"none\",\"schema_"
    "hints\":\"a INT\",\"on_decode_error\":"
    "\"drop\"},\"known\":true,\"columns\":[{\"name\":\"id\",\"type\":\"BIGINT\"}],"
    "\"delta_schema\":{\"type\":\"struct\",\"fields\":[{\"name\":\"id\",\"type\":\"long\","
    "\"nullable\":true,\"metadata\":{}}]},\"fingerprint\":\"f0\",\"place\":{\"file\":"
    "\"pipeline.yml\",\"line\":3,\"column\":1}},{\"name\":\"t\",\"kind\":\"streaming_table\","
    "\"layer\":\"bronze\",\"description\":\"d\",\"path\":\"s/t\",\"partition_by\":[\"id\"],"
    "\"reads\":[\"r\"],\"known\":true,\"columns\":[{\"name\":\"id\",\"type\":\"BIGINT\"}],"
    "\"delta_schema\":{\"type\":\"struct\",\"fields\":[{\"name\":\"id\",\"type\":\"long\","
    "\"nullable\":true,\"metadata\":{}}]},\"rules\":[{\"name\":\"ok\",\"expect\":\"id > 0\","
    "\"text\":\"id > 0 -- c\",\"on_violation\":\"drop\"}],\"flows\":[{\"name\":\"t.one\",\"kind\":"
    "\"append\",\"once\":true,\"bound\":true,\"inputs\":[{\"dataset\":\"r\",\"mode\":\"stream\","
    "\"relation\":\"_smelt_in_0\"}],\"steps\":[{\"op\":\"map\",\"sql\":\"SELECT 1\",\"columns\":"
    "[{\"name\":\"id\",\"type\":\"BIGINT\"}]},{\"op\":\"expect\",\"rules\":[\"ok\"]},{\"op\":"
    "\"write\",\"table\":\"t\",\"mode\":\"append\",\"delivery\":\"exactly_once\"}],\"sql_text\":"
    "\"SELECT 1\",\"fingerprint\":\"f1\"}],\"fingerprint\":\"f2\"}],\"fingerprint\":\"f3\"}";

static const sm_plan *read_plan(sm_arena *a, sm_sv text, sm_error *err)
{
    const sm_plan *plan = NULL;
    sm_json *json;

    if (sm_json_parse(text, a, &json, err) != SM_OK ||
        sm_plan_from_json(json, a, &plan, err) != SM_OK)
        return NULL;
    return plan;
}

static void test_plan_json__reading_and_writing_gives_the_same_bytes(void **state)
{
    sm_arena *a = sm_arena_new("test");
    sm_error err = { 0 };
    const sm_plan *plan = read_plan(a, sm_sv_cstr(plan_text), &err);

    (void)state;
    assert_string_equal(err.msg, "");
    assert_non_null(plan);
    assert_string_equal(sm_json_text(sm_plan_to_json(plan, a), a).ptr, plan_text);
    sm_arena_free(a);
}

static void test_plan_json__a_plan_outlives_the_text_that_it_was_read_from(void **state)
{
    sm_arena *a = sm_arena_new("plan"), *scratch = sm_arena_new("text");
    sm_json *json;
    const sm_plan *plan;
    sm_error err;

    (void)state;
    sm_assert_ok(sm_json_parse(sm_sv_cstr(plan_text), scratch, &json, &err), err);
    sm_assert_ok(sm_plan_from_json(json, a, &plan, &err), err);
    sm_arena_free(scratch);
    assert_int_equal(plan->n_datasets, 2);
    assert_true(sm_sv_eq_str(plan->datasets[1].rules[0].policy, "drop"));
    assert_true(
        sm_sv_eq_str(sm_json_get_sv(plan->datasets[0].source_config, "path", SM_SV("")), "x"));
    assert_ptr_equal(sm_plan_find(plan, SM_SV("T")), &plan->datasets[1]);
    assert_ptr_equal(sm_plan_find_flow(plan, SM_SV("t.one")), &plan->flows[0]);
    assert_int_equal(plan->flows[0].inputs[0].dataset, 0);
    assert_true(plan->flows[0].once);
    assert_true(sm_sv_eq_str(plan->datasets[1].schema.columns[0].name, "id"));
    assert_true(sm_sv_eq_str(plan->flows[0].result.columns[0].type, "BIGINT"));
    sm_arena_free(a);
}

/* The plan with more keys in its table, and in the flow of that. */
static sm_sv with_streaming(sm_arena *a, const char *dataset, const char *flow)
{
    const char *at = strstr(plan_text, "\"rules\":[{\"name\":\"ok\""),
               *then = strstr(plan_text, "\"sql_text\":\"SELECT 1\"");

    return sm_arena_printf(a, "%.*s%s%.*s%s%s", (int)(at - plan_text), plan_text, dataset,
                           (int)(then - at), at, flow, then);
}

static void test_plan_json__all_of_a_stage_is_read_and_written(void **state)
{
    static const char dataset[] =
        "\"watermarks\":[{\"input\":\"r\",\"column\":\"ts\",\"delay_us\":5,\"idle_us\":6,"
        "\"max_future_us\":0,\"place\":{\"file\":\"pipeline.yml\",\"line\":4,\"column\":2}},"
        "{\"input\":\"t\",\"column\":\"at\",\"delay_us\":0}],\"deduplicate\":{\"keys\":[\"id\"],"
        "\"within_watermark\":true},";
    static const char flow[] =
        "\"stages\":["
        "{\"kind\":\"watermark\",\"name\":\"watermark_1\",\"relation\":\"_smelt_st_0\",\"rows\":"
        "\"SELECT a\",\"columns\":[{\"name\":\"ts\",\"type\":\"TIMESTAMP\"}],\"watermarked\":true,"
        "\"time_column\":\"ts\",\"delay_us\":7,\"idle_us\":8,\"max_future_us\":9},"
        "{\"kind\":\"aggregate\",\"name\":\"aggregate_1\",\"relation\":\"_smelt_st_1\",\"rows\":"
        "\"SELECT b\",\"columns\":[{\"name\":\"k0\",\"type\":\"BIGINT\"},{\"name\":\"_smelt_t\","
        "\"type\":\"BIGINT\"}],\"hidden\":1,\"late_by\":\"_smelt_t\",\"final_by\":\"_smelt_t\","
        "\"out\":[{\"name\":\"k0\",\"type\":\"BIGINT\"}],\"watermarked\":true,\"lag_us\":10,"
        "\"fingerprint\":\"x\",\"mode\":\"update\",\"n_keys\":1,\"labels\":[\"k\",\"a\"],"
        "\"partials\":[{\"fold\":\"sum(x0)\",\"merge\":\"sum(p0)\"}],\"values\":[{\"final\":"
        "\"p0\",\"text\":\"sum(a)\"}]},"
        "{\"kind\":\"session\",\"name\":\"session_1\",\"mode\":\"append\",\"keeps_rows\":true},"
        "{\"kind\":\"dedup\",\"name\":\"dedup_1\",\"keys\":[\"id\",\"b c\"],\"delay_us\":11},"
        "{\"kind\":\"join\",\"name\":\"join_1\",\"join\":\"anti\",\"left\":{\"rows\":\"SELECT "
        "l\",\"columns\":[{\"name\":\"_smelt_e\",\"type\":\"BIGINT\"}],\"hidden\":1,\"late_by\":"
        "\"_smelt_e\",\"final_by\":\"f\",\"ok_by\":\"o\",\"preserved\":true},\"right\":{\"rows\":"
        "\"SELECT r\"},\"match_left\":\"ml\",\"match_right\":\"mr\"},"
        "{\"kind\":\"limit\",\"name\":\"limit_1\",\"limit\":0}],"
        "\"output_mode\":\"update\",\"merge_keys\":[\"k\"],\"touched\":\"SELECT t\","
        "\"watermark_policy\":\"max\",\"no_data_batches\":false,\"late_rows\":\"drop\",";
    sm_arena *a = sm_arena_new("test");
    sm_sv text = with_streaming(a, dataset, flow);
    sm_error err = { 0 };
    const sm_plan *plan = read_plan(a, text, &err);

    (void)state;
    assert_string_equal(err.msg, "");
    assert_string_equal(sm_json_text(sm_plan_to_json(plan, a), a).ptr, text.ptr);
    assert_int_equal(plan->flows[0].n_stages, 6);
    assert_int_equal(plan->flows[0].stages[1].n_args, 1);
    assert_int_equal(plan->flows[0].stages[1].max_future_us, 0);
    assert_false(plan->flows[0].keeps_late);
    assert_int_equal(plan->datasets[1].watermarks[0].max_future_us, 0);
    assert_int_equal(plan->datasets[1].watermarks[1].max_future_us, -1);
    sm_arena_free(a);
}

static void test_plan_json__a_damaged_stage_is_told(void **state)
{
    static const char *const stages[] = {
        "{}",
        "{\"kind\":\"odd\"}",
        "{\"kind\":\"dedup\",\"hidden\":1}",
        "{\"kind\":\"limit\",\"hidden\":-1}",
        "{\"kind\":\"session\",\"mode\":\"odd\"}",
        "{\"kind\":\"aggregate\",\"mode\":\"append\",\"n_keys\":2,\"labels\":[\"a\"]}",
        "{\"kind\":\"join\",\"join\":\"cross\"}",
        "{\"kind\":\"limit\",\"out\":[1]}",
    };
    sm_arena *a = sm_arena_new("test");

    (void)state;
    for (size_t i = 0; i < sizeof stages / sizeof *stages; i++) {
        sm_sv flow = sm_arena_printf(a, "\"stages\":[%s],", stages[i]);
        sm_error err = { 0 };

        assert_null(read_plan(a, with_streaming(a, "", flow.ptr), &err));
        assert_true(err.msg[0] != '\0');
    }
    sm_arena_free(a);
}

static void test_plan_json__damage_is_told_not_followed(void **state)
{
    static const char *const texts[] = {
        "{}",
        "[]",
        "{\"format\":2}",
        "{\"format\":1,\"datasets\":[{\"name\":\"t\",\"kind\":\"view\"}]}",
        "{\"format\":1,\"datasets\":[{\"name\":\"t\",\"kind\":\"odd\"}],\"order\":[\"t\"]}",
        "{\"format\":1,\"datasets\":[{\"name\":\"t\",\"kind\":\"view\",\"reads\":[\"x\"]}],"
        "\"order\":[\"t\"]}",
        "{\"format\":1,\"datasets\":[{\"name\":\"t\",\"kind\":\"view\",\"columns\":[1]}],"
        "\"order\":[\"t\"]}",
    };
    sm_arena *a = sm_arena_new("test");

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        sm_error err = { 0 };

        assert_null(read_plan(a, sm_sv_cstr(texts[i]), &err));
        assert_true(err.msg[0] != '\0');
    }
    sm_arena_free(a);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        SM_TEST(test_plan_json__reading_and_writing_gives_the_same_bytes),
        SM_TEST(test_plan_json__a_plan_outlives_the_text_that_it_was_read_from),
        SM_TEST(test_plan_json__all_of_a_stage_is_read_and_written),
        SM_TEST(test_plan_json__a_damaged_stage_is_told),
        SM_TEST(test_plan_json__damage_is_told_not_followed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
