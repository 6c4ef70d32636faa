/* SPDX-License-Identifier: Apache-2.0 */
/* test_plan.c -- from a pipeline text to a plan, with the real engine. */
#include "tests/support/test.h"

#include "pipelines/plan/plan.h"
#include "tests/support/live_engine.h"
#include "tests/support/units.h"

#define SOURCES                                                                                    \
    "version: 1\npipeline: p\nstorage: ./lake\nsources:\n"                                         \
    "  s: {type: files, path: x, format: json, schema: [{name: id, data_type: INT}, "              \
    "{name: ts, data_type: TIMESTAMP}]}\n"                                                         \
    "  u: {type: files, path: y, format: json}\n"                                                  \
    "  g: {type: generate, rows_per_second: 1}\n"

typedef struct made {
    sm_arena *a;
    sm_diags *d;
    const sm_plan *plan;
    sm_code rc;
    sm_error err;
} made;

static bool has_snapshot(void *ctx, sm_sv source_type)
{
    (void)ctx;
    return !sm_sv_eq_str(source_type, "generate");
}

/* u has nothing yet, g gives n BIGINT; "broken", "gone" and "bad" fail. */
static sm_code schema_of(void *ctx, const sm_spec_source *source, sm_arena *a, sm_schema *out,
                         sm_error *err)
{
    (void)ctx;
    if (sm_sv_eq_str(source->name.text, "broken"))
        return sm_fail(err, SM_E_IO, 0, "source \"broken\": no folder");
    if (sm_sv_eq_str(source->name.text, "gone"))
        return sm_fail(err, SM_E_NOT_FOUND, 0, "source \"gone\": no folder");
    if (sm_sv_eq_str(source->name.text, "bad"))
        return sm_fail(err, SM_E_INVALID, 0, "source \"bad\": no record");
    if (sm_sv_eq_str(source->name.text, "g")) {
        out->columns = SM_NEW(a, sm_column);
        out->columns[0] = (sm_column){ SM_SV("n"), SM_SV("BIGINT"), true, SM_SV("") };
        out->n = 1;
    }
    return SM_OK;
}

static made make(const char *tables)
{
    made m = { .a = sm_arena_new("test") };
    sm_plan_env env = { .sql = sm_test_live_engine(),
                        .schema_of = schema_of,
                        .has_snapshot = has_snapshot };
    sm_sv text = sm_arena_printf(m.a, "%s%s", SOURCES, tables);
    const sm_spec *spec;

    m.d = sm_diags_new(m.a);
    spec = sm_spec_parse("p.yml", text, &sm_test_env, m.a, m.d);
    assert_non_null(spec);
    m.rc = sm_plan_compile(spec, &env, m.a, m.d, &m.plan, &m.err);
    return m;
}

/* The plan, which there must be. */
static made plan_of(const char *tables)
{
    made m = make(tables);
    sm_buf out;

    sm_buf_init(&out, 100000);
    sm_diags_print(m.d, false, &out);
    if (m.rc != SM_OK || !m.plan)
        fail_msg("%s%s", m.rc != SM_OK ? m.err.msg : "", out.ptr);
    sm_buf_release(&out);
    return m;
}

static void check_codes(const char *tables, const char *wanted)
{
    made m = make(tables);
    sm_buf out;

    sm_buf_init(&out, 10000);
    for (size_t i = 0; i < sm_diags_count(m.d); i++)
        sm_buf_addf(&out, "%s%s", i ? " " : "", sm_diags_at(m.d, i)->def->id);
    if (strcmp(out.ptr, wanted) != 0)
        fail_msg("%s\n  expected %s\n  found    %s", tables, wanted, out.ptr);
    assert_null(m.plan);
    sm_buf_release(&out);
    sm_arena_free(m.a);
}

static void test_plan__types_of_a_table_are_those_that_it_stores(void **state)
{
    made m =
        plan_of("tables:\n"
                "  t: {sql: \"SELECT id, ts, sum_ AS n, u FROM STREAM(s), (SELECT sum(1) AS sum_, "
                "gen_random_uuid() AS u)\"}\n");
    const sm_plan_dataset *t = sm_plan_find(m.plan, SM_SV("t"));

    (void)state;
    assert_true(sm_sv_eq_str(m.plan->flows[0].result.columns[2].type, "HUGEINT"));
    assert_true(sm_sv_eq_str(t->schema.columns[0].type, "INTEGER"));
    assert_true(sm_sv_eq_str(t->schema.columns[2].type, "BIGINT"));
    assert_true(sm_sv_eq_str(t->schema.columns[3].type, "VARCHAR"));
    assert_true(sm_sv_eq_str(t->path, "p/t"));
    sm_arena_free(m.a);
}

static const sm_plan_dataset *dataset(const made *m, const char *name)
{
    return sm_plan_find(m->plan, sm_sv_cstr(name));
}

static void
test_plan__a_watermark_is_part_of_its_dataset_and_not_of_rows_that_nobody_remembers(void **state)
{
    made one = plan_of("tables: {t: {from: s}, r: {from: t}}\n");
    made two =
        plan_of("tables: {t: {from: s, watermark: {column: TS, delay: 1m}}, r: {from: t}}\n");
    made three =
        plan_of("tables: {t: {from: s, watermark: {s: {column: ts, delay: 2m}}}, r: {from: "
                "t}}\n");
    const sm_plan_dataset *t = dataset(&two, "t");
    const sm_plan_since_row *rows;
    size_t n, changed = 0;

    (void)state;
    assert_int_equal(t->n_watermarks, 1);
    assert_string_equal(two.plan->datasets[t->watermarks[0].input].name.ptr, "s");
    assert_true(sm_sv_eq_str(t->watermarks[0].column, "ts"));
    assert_int_equal(t->watermarks[0].delay_us, 60000000);
    assert_int_equal(t->watermarks[0].max_future_us, -1);
    assert_false(sm_sv_eq(dataset(&one, "t")->fingerprint, t->fingerprint));
    assert_false(sm_sv_eq(dataset(&three, "t")->fingerprint, t->fingerprint));
    assert_true(sm_sv_eq(dataset(&one, "r")->fingerprint, dataset(&two, "r")->fingerprint));
    assert_true(sm_sv_eq(one.plan->flows[0].fingerprint, two.plan->flows[0].fingerprint));
    assert_true(one.plan->flows[0].no_data_batches && one.plan->flows[0].keeps_late);
    sm_plan_since(two.plan, one.plan, one.a, &rows, &n);
    for (size_t i = 0; i < n; i++)
        changed += rows[i].change == SM_SINCE_MODIFIED &&
                   sm_sv_eq_str(rows[i].reasons[0], "`watermark` changed");
    assert_int_equal(changed, 1);
    sm_arena_free(one.a);
    sm_arena_free(two.a);
    sm_arena_free(three.a);
}

static void test_plan__rule_B5_a_watermark_waits_for_the_columns_of_its_input(void **state)
{
    made m =
        plan_of("tables: {t: {from: u, watermark: {column: x, delay: 1m}, late_rows: drop}}\n");

    (void)state;
    assert_int_equal(dataset(&m, "t")->n_watermarks, 1);
    sm_arena_free(m.a);
    check_codes("tables: {t: {from: s, watermark: {column: x, delay: 1m}}}\n", "SM0541");
    check_codes("tables: {t: {from: s, watermark: {column: id, delay: 1m}}}\n", "SM0540");
}

static void test_plan__rule_B8_no_row_has_two_watermarks(void **state)
{
    static const char view[] = "  v: {type: view, sql: \"SELECT * FROM STREAM(s)\", watermark: "
                               "{column: ts, delay: 1m}}\n";
    sm_arena *a = sm_arena_new("test");

    (void)state;
    check_codes(sm_arena_printf(a, "tables:\n%s%s", view,
                                "  t: {from: v, watermark: {column: ts, delay: 1m}}\n")
                    .ptr,
                "SM0542");
    check_codes(sm_arena_printf(a, "tables:\n%s%s%s", view,
                                "  w: {type: view, sql: \"SELECT id AS i, ts FROM v\"}\n",
                                "  t: {from: w, watermark: {w: {column: ts, delay: 1m}}}\n")
                    .ptr,
                "SM0542");
    sm_arena_free(plan_of(sm_arena_printf(a, "tables:\n%s%s%s", view, "  b: {from: v}\n",
                                          "  t: {from: b, watermark: {column: ts, delay: 1m}}\n")
                              .ptr)
                      .a);
    sm_arena_free(a);
}

static void test_plan__a_variable_is_one_constant_and_part_of_the_fingerprint(void **state)
{
    made one =
        plan_of("variables: {v: \"x') OR (true\"}\n"
                "tables:\n"
                "  w: {type: view, sql: \"SELECT * FROM STREAM(s) WHERE id::VARCHAR = $v\"}\n"
                "  t: {sql: SELECT id FROM w, expectations: {r: id::VARCHAR > $V}}\n");
    made two =
        plan_of("variables: {v: \"x') OR (trub\"}\n"
                "tables:\n"
                "  w: {type: view, sql: \"SELECT * FROM STREAM(s) WHERE id::VARCHAR = $v\"}\n"
                "  t: {sql: SELECT id FROM w, expectations: {r: id::VARCHAR > $V}}\n");
    const sm_plan_dataset *t = sm_plan_find(one.plan, SM_SV("t"));

    (void)state;
    sm_test_contains(one.plan->flows[0].sql.ptr,
                     "WHERE id::VARCHAR = CAST('x'') OR (true' AS VARCHAR)) AS \"w\"");
    sm_test_contains(t->rules[0].expr.ptr, "id::VARCHAR > CAST('x'') OR (true' AS VARCHAR)");
    assert_false(sm_sv_eq(t->fingerprint, sm_plan_find(two.plan, SM_SV("t"))->fingerprint));
    assert_false(sm_sv_eq(sm_plan_find(one.plan, SM_SV("w"))->fingerprint,
                          sm_plan_find(two.plan, SM_SV("w"))->fingerprint));
    sm_arena_free(one.a);
    sm_arena_free(two.a);
}

static void test_plan__what_reads_an_unknown_source_waits(void **state)
{
    made m =
        plan_of("tables:\n"
                "  a: {from: u}\n"
                "  b: {sql: \"SELECT anything FROM STREAM(a)\", expectations: {x: anything > 0}}\n"
                "  c: {from: g}\n");

    (void)state;
    assert_int_equal(m.plan->n_waiting, 4); /* with the quarantine of a */
    assert_false(sm_plan_find(m.plan, SM_SV("b"))->known);
    assert_false(sm_plan_find_flow(m.plan, SM_SV("b"))->bound);
    assert_true(sm_plan_find_flow(m.plan, SM_SV("c"))->bound);
    assert_true(sm_sv_eq_str(sm_plan_find_flow(m.plan, SM_SV("b"))->sql,
                             "SELECT anything FROM _smelt_in_0 AS \"a\""));
    sm_arena_free(m.a);
}

static void test_plan__a_failing_source_fails_the_call_and_names_itself(void **state)
{
    made m = make("  broken: {type: files, path: z, format: json}\ntables:\n  t: {from: broken}\n");

    (void)state;
    sm_assert_code(m.rc, SM_E_IO);
    assert_string_equal(m.err.msg, "source \"broken\": no folder");
    sm_arena_free(m.a);
}

static void test_plan__a_source_that_its_user_can_mend_is_a_fault_among_the_others(void **state)
{
    (void)state;
    check_codes("  gone: {type: files, path: z, format: json}\n"
                "  bad: {type: files, path: z, format: json}\n"
                "tables:\n"
                "  t: {from: gone}\n"
                "  v: {sql: SELECT nix FROM STREAM(bad)}\n"
                "  w: {sql: SELECT nix FROM STREAM(s)}\n",
                "SM0408 SM0408 SM0203");
}

static void test_plan__from_takes_a_name_that_is_a_word_of_sql(void **state)
{
    made m = plan_of("tables:\n"
                     "  order: {from: s}\n"
                     "  group: {from: order}\n"
                     "  select: {type: materialized_view, from: group}\n"
                     "  table: {type: view, from: p.order}\n");

    (void)state;
    assert_true(sm_sv_eq_str(sm_plan_find_flow(m.plan, SM_SV("select"))->sql,
                             "SELECT * FROM _smelt_in_0 AS \"group\""));
    sm_arena_free(m.a);
}

static sm_sv fingerprint(sm_arena *a, const char *tables, const char *flow)
{
    made m = plan_of(tables);
    sm_sv text = sm_arena_dup(a, sm_plan_find_flow(m.plan, sm_sv_cstr(flow))->fingerprint);

    assert_int_equal(text.len, 64);
    sm_arena_free(m.a);
    return text;
}

static void test_plan__fingerprints_follow_meaning_not_looks(void **state)
{
    static const char *const same[] = {
        "tables:\n  t: {sql: \"SELECT id FROM STREAM(s) WHERE id > 0\", expectations: {r: id > "
        "1}}\n",
        "tables:\n  t: {sql: \"SELECT id -- why\\n  FROM STREAM s WHERE   id > 0;\", description: "
        "other, tags: [x], expectations: {r: {expect: id > 1 /* ! */, description: d}}}\n",
    };
    static const char *const other[] = {
        "tables:\n  t: {sql: \"SELECT id FROM STREAM(s) WHERE id > 1\", expectations: {r: id > "
        "1}}\n",
        "tables:\n  t: {sql: \"SELECT id FROM STREAM(s) WHERE id > 0\", expectations: {r: id > "
        "2}}\n",
        "tables:\n  t: {sql: \"SELECT id FROM STREAM(s) WHERE id > 0\", expectations: {r: {expect: "
        "id "
        "> 1, on_violation: drop}}}\n",
        "tables:\n  t: {sql: \"SELECT id FROM STREAM(s) WHERE id > 0\", expectations: {q: id > "
        "1}}\n",
        "tables:\n  t: {sql: \"SELECT id FROM STREAM(s) WHERE id > 0\"}\n",
    };
    sm_arena *a = sm_arena_new("test");
    sm_sv first = fingerprint(a, same[0], "t");

    (void)state;
    assert_true(sm_sv_eq(first, fingerprint(a, same[1], "t")));
    for (size_t i = 0; i < sizeof other / sizeof *other; i++)
        assert_false(sm_sv_eq(first, fingerprint(a, other[i], "t")));
    sm_arena_free(a);
}

static void test_plan__a_changed_view_changes_who_reads_it(void **state)
{
#define VIEW(condition)                                                                            \
    "tables:\n  v: {type: view, sql: \"SELECT id FROM STREAM(s) WHERE " condition "\"}\n"          \
    "  t: {from: v}\n  w: {from: s}\n"
    sm_arena *a = sm_arena_new("test");

    (void)state;
    assert_false(
        sm_sv_eq(fingerprint(a, VIEW("id > 0"), "t"), fingerprint(a, VIEW("id > 1"), "t")));
    assert_true(sm_sv_eq(fingerprint(a, VIEW("id > 0"), "w"), fingerprint(a, VIEW("id > 1"), "w")));
    sm_arena_free(a);
#undef VIEW
}

static void test_plan__the_same_input_twice_is_read_once(void **state)
{
    made m = plan_of("tables:\n"
                     "  b: {from: s}\n"
                     "  t: {sql: \"SELECT x.id FROM STREAM(b) x JOIN b y USING (id) JOIN b z USING "
                     "(id)\"}\n");
    const sm_plan_flow *f = sm_plan_find_flow(m.plan, SM_SV("t"));

    (void)state;
    assert_int_equal(f->n_inputs, 2);
    assert_true(sm_sv_eq_str(f->sql, "SELECT x.id FROM _smelt_in_0 x JOIN _smelt_in_1 y USING (id) "
                                     "JOIN _smelt_in_1 z USING (id)"));
    assert_int_equal(f->inputs[0].mode, SM_INPUT_STREAM);
    assert_int_equal(f->inputs[1].mode, SM_INPUT_SNAPSHOT);
    sm_arena_free(m.a);
}

static void test_plan__names_of_relations_cannot_be_captured(void **state)
{
    made m =
        plan_of("tables:\n"
                "  v: {type: view, sql: \"SELECT id FROM STREAM(s)\"}\n"
                "  t: {sql: \"WITH s AS (SELECT 1 AS other) SELECT v.id, s.other FROM v, s\"}\n");

    (void)state;
    assert_true(
        sm_sv_eq_str(sm_plan_find_flow(m.plan, SM_SV("t"))->sql,
                     "WITH s AS (SELECT 1 AS other) SELECT v.id, s.other FROM (SELECT id FROM "
                     "_smelt_in_0 AS \"s\") AS \"v\", s"));
    sm_arena_free(m.a);
}

static void test_plan__once_flows_need_no_stream(void **state)
{
    made m = plan_of("tables:\n"
                     "  t:\n    flows:\n"
                     "      a: {sql: \"SELECT id FROM s\", once: true}\n"
                     "      b: {sql: \"SELECT id FROM STREAM(s)\"}\n");

    (void)state;
    assert_true(sm_plan_find_flow(m.plan, SM_SV("t.a"))->once);
    assert_false(sm_plan_find_flow(m.plan, SM_SV("t.b"))->once);
    assert_int_equal(sm_plan_find(m.plan, SM_SV("t"))->n_flows, 2);
    sm_arena_free(m.a);
}

static void test_plan__faults_are_told_once_and_what_depends_is_silent(void **state)
{
    (void)state;
    check_codes("tables:\n  a: {sql: \"SELECT nope FROM STREAM(s)\"}\n"
                "  b: {sql: \"SELECT nope FROM STREAM(a)\"}\n"
                "  c: {type: materialized_view, sql: \"SELECT nope FROM b\"}\n",
                "SM0203");
    check_codes("tables:\n  v: {type: view, sql: \"SELECT window(ts, '1 month') AS w FROM s\"}\n"
                "  a: {type: materialized_view, sql: \"FROM v\"}\n"
                "  b: {type: materialized_view, sql: \"FROM v\"}\n",
                "SM0215");
    check_codes("tables:\n  a: {sql: \"SELECT n FROM g\"}\n", "SM0309");
    check_codes(
        "tables:\n  a: {sql: \"SELECT nothing FROM STREAM(g)\", expectations: {x: sum(n) > 0, y: "
        "alsonothing > 0}}\n",
        "SM0603 SM0203");
    check_codes("tables:\n  a: {from: s, expectations: {x: id > 0, y: idd > 0, z: idx > 0}}\n",
                "SM0203 SM0203");
}

static void test_plan__views_within_views_have_an_end(void **state)
{
    sm_buf text;

    (void)state;
    sm_buf_init(&text, 100000);
    sm_buf_adds(&text, "tables:\n  v0: {type: view, sql: \"SELECT id FROM s\"}\n");
    for (int i = 1; i < 30; i++)
        sm_buf_addf(&text,
                    "  v%d: {type: view, sql: \"SELECT a.id FROM v%d a JOIN v%d b USING (id)\"}\n",
                    i, i - 1, i - 1);
    sm_buf_adds(&text, "  t: {type: materialized_view, sql: \"FROM v29\"}\n");
    check_codes(text.ptr, "SM0214");
    sm_buf_release(&text);
}

static int close_engine(void **state)
{
    (void)state;
    sm_test_live_close();
    return 0;
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        SM_TEST(
            test_plan__a_watermark_is_part_of_its_dataset_and_not_of_rows_that_nobody_remembers),
        SM_TEST(test_plan__rule_B5_a_watermark_waits_for_the_columns_of_its_input),
        SM_TEST(test_plan__rule_B8_no_row_has_two_watermarks),
        SM_TEST(test_plan__types_of_a_table_are_those_that_it_stores),
        SM_TEST(test_plan__a_variable_is_one_constant_and_part_of_the_fingerprint),
        SM_TEST(test_plan__what_reads_an_unknown_source_waits),
        SM_TEST(test_plan__a_failing_source_fails_the_call_and_names_itself),
        SM_TEST(test_plan__from_takes_a_name_that_is_a_word_of_sql),
        SM_TEST(test_plan__a_source_that_its_user_can_mend_is_a_fault_among_the_others),
        SM_TEST(test_plan__fingerprints_follow_meaning_not_looks),
        SM_TEST(test_plan__a_changed_view_changes_who_reads_it),
        SM_TEST(test_plan__the_same_input_twice_is_read_once),
        SM_TEST(test_plan__names_of_relations_cannot_be_captured),
        SM_TEST(test_plan__once_flows_need_no_stream),
        SM_TEST(test_plan__faults_are_told_once_and_what_depends_is_silent),
        SM_TEST(test_plan__views_within_views_have_an_end),
    };

    return cmocka_run_group_tests(tests, NULL, close_engine);
}
