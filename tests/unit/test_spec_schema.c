/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "pipelines/spec/spec_keys.h"
#include "pipelines/spec/spec_schema.h"
#include "tests/support/test.h"
#include "tests/support/units.h"

static int set_up(void **state)
{
    *state = sm_arena_new("test");
    return 0;
}

static int tear_down(void **state)
{
    sm_arena_free(*state);
    return 0;
}

/* The value at a path of keys that ends with NULL. */
static const sm_json *at(const sm_json *j, const char *const *path)
{
    for (; *path; path++)
        j = sm_json_get(j, *path);
    return j;
}

#define PATH(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void test_spec_schema__a_key_has_its_sentence_and_default(void **state)
{
    sm_json *s = sm_spec_schema(sm_test_units, SM_SV("engine"), *state);
    const sm_json *workers = at(s, PATH("properties", "workers"));

    assert_int_equal(sm_json_get_int(workers, "default", 0), 4);
    assert_int_equal(sm_json_get_int(sm_json_at(sm_json_get(workers, "anyOf"), 0), "maximum", 0),
                     256);
    assert_true(sm_sv_eq_str(sm_json_get_sv(workers, "description", SM_SV("")),
                             "How many flows run at once."));
}

static void test_spec_schema__every_block_has_one(void **state)
{
    for (const char *const *name = sm_spec_schema_blocks(*state); *name; name++)
        assert_non_null(sm_spec_schema(sm_test_units, sm_sv_cstr(*name), *state));
    assert_non_null(sm_spec_schema(sm_test_units, SM_SV("generate"), *state));
}

static void test_spec_schema__what_is_not_supported_has_none(void **state)
{
    assert_null(sm_spec_schema(sm_test_units, SM_SV("kafka"), *state));
}

static void test_spec_schema__keys_of_later_are_absent(void **state)
{
    sm_sv text = sm_json_text(sm_spec_schema(sm_test_units, SM_SV(""), *state), *state);

    for (const char *const *key = sm_block_table.later; *key; key++) {
        sm_sv quoted = sm_arena_printf(*state, "\"%s\":", *key);

        if (strcmp(*key, "properties") == 0 || sm_key_find(&sm_block_pipeline, sm_sv_cstr(*key)))
            continue; /* words that stand there for another reason */
        if (sm_sv_find(text, quoted) >= 0)
            fail_msg("%s is in the schema", *key);
    }
}

static void test_spec_schema__it_is_the_same_each_time(void **state)
{
    sm_sv one = sm_json_text(sm_spec_schema(sm_test_units, SM_SV(""), *state), *state);
    sm_sv two = sm_json_text(sm_spec_schema(sm_test_units, SM_SV("pipeline"), *state), *state);

    assert_true(sm_sv_eq(one, two));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_spec_schema__a_key_has_its_sentence_and_default),
        SM_TEST(test_spec_schema__every_block_has_one),
        SM_TEST(test_spec_schema__what_is_not_supported_has_none),
        SM_TEST(test_spec_schema__keys_of_later_are_absent),
        SM_TEST(test_spec_schema__it_is_the_same_each_time),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
