/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "pipelines/spec/spec.h"
#include "tests/support/test.h"
#include "tests/support/units.h"

#define HEAD                                                                                       \
    "version: 1\n"                                                                                 \
    "pipeline: p\n"                                                                                \
    "storage: ./lake\n"                                                                            \
    "sources:\n"                                                                                   \
    "  s: {type: files, path: \"${env.LAKE:-x}/*.json\", format: json}\n"                          \
    "tables:\n"                                                                                    \
    "  t: {from: s}\n"

typedef struct loaded {
    sm_arena *a;
    sm_diags *d;
    const sm_spec *s;
} loaded;

static loaded load_with(const char *rest, const sm_spec_given *vars, size_t n)
{
    loaded l = { .a = sm_arena_new("test") };
    sm_spec_env env = sm_test_env;

    env.vars = vars;
    env.n_vars = n;
    l.d = sm_diags_new(l.a);
    l.s = sm_spec_parse("p.yml", sm_arena_printf(l.a, HEAD "%s", rest), &env, l.a, l.d);
    assert_non_null(l.s);
    return l;
}

static loaded load(const char *rest)
{
    return load_with(rest, NULL, 0);
}

/* The spec, which has no fault. */
static loaded good(const char *rest)
{
    loaded l = load(rest);
    sm_buf out;

    sm_buf_init(&out, 10000);
    sm_diags_print(l.d, false, &out);
    if (sm_diags_count(l.d) > 0)
        fail_msg("%s", out.ptr);
    sm_buf_release(&out);
    return l;
}

static void check_text(sm_sv found, const char *wanted)
{
    if (!sm_sv_eq_str(found, wanted))
        fail_msg("expected %s, found %.*s", wanted, SM_SV_ARG(found));
}

static void test_spec_variable__a_value_has_the_form_of_its_type(void **state)
{
    static const char *const rows[][4] = {
        { "5", "", "BIGINT", "5" },
        { "05", "INT", "INTEGER", "5" },
        { "1.5", "", "DOUBLE", "1.5" },
        { "true", "", "BOOLEAN", "true" },
        { "TRUE", "BOOL", "BOOLEAN", "true" },
        { "\"5\"", "", "VARCHAR", "5" },
        { "it's", "", "VARCHAR", "it's" },
        { "\"\"", "", "VARCHAR", "" },
        { "12.5", "DECIMAL(4,2)", "DECIMAL(4,2)", "12.5" },
        { "2026-02-28", "DATE", "DATE", "2026-02-28" },
        { "2026-02-28", "TIMESTAMP", "TIMESTAMP", "2026-02-28 00:00:00" },
        { "2026-02-28T10:11:12.5Z", "TIMESTAMP", "TIMESTAMP", "2026-02-28 10:11:12.5" },
        { "2026-02-28 10:11:12", "TIMESTAMP", "TIMESTAMP", "2026-02-28 10:11:12" },
        { "10 minutes", "INTERVAL", "INTERVAL", "600000 milliseconds" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sm_arena *a = sm_arena_new("test");
        loaded l =
            good(sm_arena_printf(a, "variables: {v: {default: %s%s%s}}\n", rows[i][0],
                                 rows[i][1][0] ? ", type: " : "",
                                 rows[i][1][0] ? sm_arena_printf(a, "\"%s\"", rows[i][1]).ptr : "")
                     .ptr);

        check_text(l.s->variables.items[0].type.text, rows[i][2]);
        check_text(l.s->variables.items[0].value, rows[i][3]);
        sm_arena_free(l.a);
        sm_arena_free(a);
    }
}

static void test_spec_variable__what_is_no_value_is_told(void **state)
{
    static const char *const rows[][2] = {
        { "9223372036854775808", "BIGINT" },
        { "128", "TINYINT" },
        { "1.0", "INTEGER" },
        { "yes", "BOOLEAN" },
        { "123.4", "DECIMAL(4,2)" },
        { ".5", "DECIMAL(4,2)" },
        { "5.", "DECIMAL(4,2)" },
        { "2026-02-30", "DATE" },
        { "2026-2-3", "DATE" },
        { "2026-02-28T10:00:00Z", "DATE" },
        { "now", "TIMESTAMP" },
        { "x", "INTERVAL" },
        { "2026-02-28X10:00:00+01:00", "TIMESTAMP" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sm_arena *a = sm_arena_new("test");
        loaded l = load(sm_arena_printf(a, "variables: {v: {default: \"%s\", type: \"%s\"}}\n",
                                        rows[i][0], rows[i][1])
                            .ptr);

        if (sm_diags_count(l.d) != 1 || strcmp(sm_diags_at(l.d, 0)->def->id, "SM0144") != 0)
            fail_msg("%s is taken as %s", rows[i][0], rows[i][1]);
        sm_arena_free(l.a);
        sm_arena_free(a);
    }
}

static void test_spec_variable__the_last_var_of_the_command_line_counts(void **state)
{
    const sm_spec_given vars[] = { { SM_SV("v"), SM_SV("7") }, { SM_SV("v"), SM_SV("8") } };
    loaded l = load_with("variables: {v: {default: 5}, w: 6}\n", vars, 2);

    (void)state;
    assert_int_equal(sm_diags_count(l.d), 0);
    check_text(l.s->variables.items[0].value, "8");
    check_text(l.s->variables.items[0].origin, "--var");
    check_text(l.s->variables.items[1].value, "6");
    check_text(l.s->variables.items[1].origin, "p.yml:8:33");
    sm_arena_free(l.a);
}

static void test_spec_variable__a_var_that_nothing_declares_is_told(void **state)
{
    const sm_spec_given vars[] = { { SM_SV("vv"), SM_SV("7") } };
    loaded l = load_with("variables: {vx: 5}\n", vars, 1);

    (void)state;
    assert_int_equal(sm_diags_errors(l.d), 1);
    check_text(sm_diags_at(l.d, 0)->message, "there is no variable `vv`");
    check_text(sm_diags_at(l.d, 0)->hint, "did you mean `vx`?");
    sm_arena_free(l.a);
}

static void test_spec_fill__a_value_is_never_read_as_structure(void **state)
{
    loaded l = good("variables: {v: \"x, b: [1]\\n  c: ${env.LAKE}\"}\n"
                    "description: \"<${var.v}> $${x} $$5 5$ ${pipeline} ${git.sha}\"\n"
                    "meta: {a: \"${var.v}\"}\n");

    (void)state;
    check_text(l.s->description.text, "<x, b: [1]\n  c: lake> ${x} $5 5$ p c0ffee");
    check_text(sm_json_get_sv(l.s->meta.v, "a", SM_SV("")), "x, b: [1]\n  c: lake");
    sm_arena_free(l.a);
}

static void test_spec_fill__one_reference_alone_has_the_type_of_its_value(void **state)
{
    loaded l = good("variables: {n: 3, b: true, t: view, five: \"5\"}\n"
                    "engine: {threads: \"${var.n}\", memory_limit: \"${var.n}GiB\"}\n"
                    "description: ${var.n}\n"
                    "meta: {n: \"${var.n}\", s: \"x${var.n}\"}\n"
                    "tags: [\"${var.t}\"]\n");

    (void)state;
    assert_int_equal(l.s->engine.threads.v, 3);
    assert_int_equal(l.s->engine.memory_limit.v, INT64_C(3) << 30);
    check_text(l.s->description.text, "3");
    assert_int_equal(sm_json_get_int(l.s->meta.v, "n", 0), 3);
    check_text(sm_json_get_sv(l.s->meta.v, "s", SM_SV("")), "x3");
    check_text(l.s->tags.items[0].text, "view");
    sm_arena_free(l.a);
}

static void test_spec_fill__what_comes_from_outside_is_remembered(void **state)
{
    loaded l = good("description: ${env.EMPTY:-none} ${env.EMPTY} ${git.sha}\n");

    (void)state;
    assert_int_equal(l.s->n_outside, 4);
    check_text(l.s->outside[0].value, "lake");
    check_text(l.s->outside[1].value, "none");
    check_text(l.s->outside[2].value, "");
    check_text(l.s->outside[3].value, "c0ffee");
    sm_arena_free(l.a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_spec_variable__a_value_has_the_form_of_its_type),
        SM_TEST(test_spec_variable__what_is_no_value_is_told),
        SM_TEST(test_spec_variable__the_last_var_of_the_command_line_counts),
        SM_TEST(test_spec_variable__a_var_that_nothing_declares_is_told),
        SM_TEST(test_spec_fill__a_value_is_never_read_as_structure),
        SM_TEST(test_spec_fill__one_reference_alone_has_the_type_of_its_value),
        SM_TEST(test_spec_fill__what_comes_from_outside_is_remembered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
