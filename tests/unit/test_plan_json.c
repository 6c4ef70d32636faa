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
        SM_TEST(test_plan_json__damage_is_told_not_followed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
