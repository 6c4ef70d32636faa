/* SPDX-License-Identifier: Apache-2.0 */
/* test_option.c -- rows of options check values and fill structs. */
#include "tests/support/test.h"

#include <string.h>

#include "runtime/base/option.h"

typedef struct config {
    sm_sv path;
    bool deep;
    int64_t most, bytes, wait;
    double share;
    int mode;
    sm_sv_list names;
    const sm_json *more;
} config;

static const char *const modes[] = { "fail", "drop", NULL };
static const sm_option options[] = {
    { .name = "path", .type = SM_TYPE_STRING, .offset = offsetof(config, path), .doc = "Where." },
    { .name = "deep",
      .type = SM_TYPE_BOOL,
      .offset = offsetof(config, deep),
      .fallback = "true",
      .doc = "Folders below, too." },
    { .name = "most",
      .type = SM_TYPE_INT,
      .offset = offsetof(config, most),
      .fallback = "1000",
      .min = 1,
      .max = 5000,
      .doc = "How many." },
    { .name = "bytes",
      .type = SM_TYPE_SIZE,
      .offset = offsetof(config, bytes),
      .fallback = "128MiB",
      .doc = "How much." },
    { .name = "wait",
      .type = SM_TYPE_TIME,
      .offset = offsetof(config, wait),
      .fallback = "10s",
      .doc = "How long." },
    { .name = "share",
      .type = SM_TYPE_DOUBLE,
      .offset = offsetof(config, share),
      .fallback = "0.5",
      .doc = "Which part." },
    { .name = "mode",
      .type = SM_TYPE_ENUM,
      .offset = offsetof(config, mode),
      .fallback = "fail",
      .choices = modes,
      .doc = "What then." },
    { .name = "names",
      .type = SM_TYPE_LIST,
      .offset = offsetof(config, names),
      .fallback = "[]",
      .doc = "Which." },
    { .name = "more",
      .type = SM_TYPE_MAP,
      .offset = offsetof(config, more),
      .fallback = "{}",
      .doc = "The rest." },
    { .name = NULL },
};

static sm_code fill(const char *json, config *c, sm_arena *a, sm_error *err)
{
    sm_json *values;

    sm_assert_ok(sm_json_parse(sm_sv_cstr(json), a, &values, err), *err);
    memset(c, 0, sizeof *c);
    return sm_options_fill(options, values, c, a, err);
}

static void test_option__what_is_missing_takes_its_default(void **state)
{
    sm_arena *a = sm_arena_new("test");
    config c;
    sm_error err;

    (void)state;
    sm_assert_ok(fill("{\"path\":\"in\",\"wait\":null}", &c, a, &err), err);
    assert_string_equal(c.path.ptr, "in");
    assert_true(c.deep);
    assert_int_equal(c.most, 1000);
    assert_int_equal(c.bytes, 128 << 20);
    assert_int_equal(c.wait, 10000);
    assert_true(c.share == 0.5);
    assert_int_equal(c.mode, 0);
    assert_int_equal(c.names.n, 0);
    assert_int_equal(sm_json_len(c.more), 0);
    sm_arena_free(a);
}

static void test_option__what_is_given_is_converted(void **state)
{
    sm_arena *a = sm_arena_new("test");
    config c;
    sm_error err;

    (void)state;
    sm_assert_ok(
        fill("{\"path\":\"\",\"deep\":false,\"most\":7,\"bytes\":\"1GB\",\"wait\":\"2 hours\","
             "\"share\":1,\"mode\":\"drop\",\"names\":[\"a\",\"b\"],\"more\":{\"k\":[1]}}",
             &c, a, &err),
        err);
    assert_false(c.deep);
    assert_int_equal(c.most, 7);
    assert_int_equal(c.bytes, 1000000000);
    assert_int_equal(c.wait, 7200000);
    assert_true(c.share == 1);
    assert_int_equal(c.mode, 1);
    assert_int_equal(c.names.n, 2);
    assert_string_equal(c.names.items[1].ptr, "b");
    assert_string_equal(sm_json_text(c.more, a).ptr, "{\"k\":[1]}");
    sm_arena_free(a);
}

static void test_option__a_wrong_value_is_named_with_what_is_allowed(void **state)
{
    static const struct {
        const char *json, *message;
    } rows[] = {
        { "{}", "option \"path\" is missing" },
        { "{\"path\":7}", "option \"path\": expected a text" },
        { "{\"path\":\"x\",\"paht\":1}", "there is no option \"paht\"" },
        { "{\"path\":\"x\",\"deep\":\"yes\"}", "option \"deep\": expected true or false" },
        { "{\"path\":\"x\",\"most\":0}", "option \"most\": 0 is not between 1 and 5000" },
        { "{\"path\":\"x\",\"most\":1.5}", "option \"most\": expected a whole number" },
        { "{\"path\":\"x\",\"wait\":\"soon\"}", "option \"wait\": \"soon\" is no duration" },
        { "{\"path\":\"x\",\"bytes\":\"1 heap\"}", "option \"bytes\": \"1 heap\" is no size" },
        { "{\"path\":\"x\",\"mode\":\"skip\"}", "option \"mode\": expected one of fail, drop" },
        { "{\"path\":\"x\",\"names\":[1]}", "option \"names\": expected a list of texts" },
        { "{\"path\":\"x\",\"more\":[]}", "option \"more\": expected a map" },
    };
    sm_arena *a = sm_arena_new("test");
    config c;
    sm_error err;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        sm_assert_code(fill(rows[i].json, &c, a, &err), SM_E_INVALID);
        assert_true(sm_sv_starts(sm_sv_cstr(err.msg), sm_sv_cstr(rows[i].message)));
    }
    sm_arena_free(a);
}

static void test_option__a_default_is_canonical(void **state)
{
    sm_arena *a = sm_arena_new("test");

    (void)state;
    assert_null(sm_option_default(sm_option_find(options, SM_SV("path")), a));
    assert_null(sm_option_find(options, SM_SV("nothing")));
    assert_int_equal(
        sm_json_int_value(sm_option_default(sm_option_find(options, SM_SV("wait")), a)), 10000);
    sm_arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_option__what_is_missing_takes_its_default),
        SM_TEST(test_option__what_is_given_is_converted),
        SM_TEST(test_option__a_wrong_value_is_named_with_what_is_allowed),
        SM_TEST(test_option__a_default_is_canonical),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
