/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "pipelines/spec/spec.h"
#include "runtime/base/limit.h"
#include "tests/support/test.h"
#include "tests/support/units.h"

#define HEAD    "version: 1\npipeline: shop\nstorage: ./lake/\n"
#define SOURCES "sources:\n  orders: {type: files, path: data, format: json}\n"
#define TABLES  "tables:\n  bronze: {from: orders}\n"

typedef struct fixture {
    sm_arena *a;
    sm_diags *d;
} fixture;

static int set_up(void **state)
{
    static fixture f;

    f.a = sm_arena_new("test");
    f.d = sm_diags_new(f.a);
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    sm_arena_free(((fixture *)*state)->a);
    return 0;
}

static const sm_spec *parse(fixture *f, const char *text)
{
    const sm_spec *s = sm_spec_parse("pipeline.yml", sm_sv_cstr(text), &sm_test_env, f->a, f->d);

    assert_non_null(s);
    return s;
}

/* Without a fault. */
static const sm_spec *parse_good(fixture *f, const char *text)
{
    const sm_spec *s = parse(f, text);

    if (sm_diags_count(f->d) > 0)
        fail_msg("%s", sm_diags_at(f->d, 0)->message.ptr);
    return s;
}

static void assert_only(const fixture *f, const char *code, uint32_t line)
{
    assert_int_equal(sm_diags_count(f->d), 1);
    assert_string_equal(sm_diags_at(f->d, 0)->def->id, code);
    assert_int_equal(sm_diags_at(f->d, 0)->at.line, line);
}

static void assert_text(const sm_text *t, const char *wanted)
{
    if (!sm_sv_eq_str(t->text, wanted))
        fail_msg("\"%.*s\" is not \"%s\"", SM_SV_ARG(t->text), wanted);
}

static void test_spec_bind__a_small_pipeline_gets_its_defaults(void **state)
{
    const sm_spec *s = parse_good(*state, HEAD SOURCES TABLES);

    assert_int_equal(s->version.v, 1);
    assert_text(&s->pipeline, "shop");
    assert_text(&s->schema, "shop");
    assert_false(sm_text_set(&s->schema));
    assert_text(&s->state.path, "./lake/.smelt");
    assert_int_equal(s->trigger.mode.v, SM_MODE_AVAILABLE_NOW);
    assert_int_equal(s->trigger.interval.v, 0);
    assert_int_equal(s->engine.workers.v, 4);
    assert_int_equal(s->engine.memory_limit.v, 0);
    assert_text(&s->engine.type, "embedded");
    assert_null(s->meta.v);
}

static void test_spec_bind__a_source_has_its_options_with_defaults(void **state)
{
    const sm_spec *s = parse_good(*state, HEAD SOURCES TABLES);
    const sm_spec_source *source = &s->sources.items[0];

    assert_int_equal(s->sources.n, 1);
    assert_text(&source->name, "orders");
    assert_string_equal(source->unit->name, "files");
    assert_true(sm_sv_eq_str(sm_json_get_sv(source->options, "path", SM_SV("")), "data"));
    assert_int_equal(sm_json_get_int(source->options, "max_bytes_per_trigger", 0), 128 << 20);
    assert_true(sm_json_get_bool(source->options, "header", false));
    assert_true(
        sm_sv_eq_str(sm_json_get_sv(source->origins, "path", SM_SV("")), "pipeline.yml:5:25"));
    assert_true(sm_sv_eq_str(sm_json_get_sv(source->origins, "header", SM_SV("")), "default"));
    assert_int_equal(source->on_decode_error.v, SM_DECODE_QUARANTINE);
    assert_null(sm_json_get(source->options, "type"));
}

static void test_spec_bind__a_source_has_columns_and_hints(void **state)
{
    const sm_spec *s = parse_good(
        *state, HEAD "sources:\n  x:\n    type: generate\n    on_decode_error: drop\n"
                     "    schema_hints: a INT\n    schema:\n      - {name: a b, data_type: "
                     "\"DECIMAL(10,2)\"}\n    every: 10 minutes\n" TABLES);
    const sm_spec_source *source = &s->sources.items[0];

    assert_int_equal(source->on_decode_error.v, SM_DECODE_DROP);
    assert_text(&source->schema_hints, "a INT");
    assert_int_equal(source->schema.n, 1);
    assert_text(&source->schema.items[0].name, "a b");
    assert_text(&source->schema.items[0].data_type, "DECIMAL(10,2)");
    assert_int_equal(sm_json_get_int(source->options, "every", 0), 600000);
}

static void test_spec_bind__a_table_has_rules_in_file_order(void **state)
{
    const sm_spec *s =
        parse_good(*state, HEAD SOURCES "tables:\n  silver:\n    sql: SELECT 1 AS id\n"
                                        "    partition_by: [day]\n    tags: [daily]\n"
                                        "    expectations:\n      short: id > 0\n"
                                        "      long: {expect: id < 9, on_violation: fail, "
                                        "description: why, tags: [x]}\n");
    const sm_spec_table *t = &s->tables.items[0];

    assert_int_equal(t->type.v, SM_TABLE_STREAMING);
    assert_text(&t->partition_by.items[0], "day");
    assert_int_equal(t->expectations.n, 2);
    assert_text(&t->expectations.items[0].name, "short");
    assert_text(&t->expectations.items[0].expect, "id > 0");
    assert_int_equal(t->expectations.items[0].on_violation.v, SM_VIOLATION_WARN);
    assert_int_equal(t->expectations.items[0].on_violation.at.line, 0);
    assert_int_equal(t->expectations.items[1].on_violation.v, SM_VIOLATION_FAIL);
    assert_int_equal(t->expectations.items[1].on_violation.at.line, 13);
    assert_text(&t->expectations.items[1].tags.items[0], "x");
}

static void test_spec_bind__a_table_may_have_several_flows(void **state)
{
    const sm_spec *s =
        parse_good(*state, HEAD SOURCES "tables:\n  all:\n    flows:\n      old: {sql: SELECT 1, "
                                        "once: true}\n      new: {sql: SELECT 2}\n");
    const sm_spec_flows *flows = &s->tables.items[0].flows;

    assert_int_equal(flows->n, 2);
    assert_text(&flows->items[0].name, "old");
    assert_true(flows->items[0].once.v);
    assert_false(flows->items[1].once.v);
    assert_text(&flows->items[1].sql, "SELECT 2");
}

static void test_spec_bind__sql_knows_its_lines(void **state)
{
    const sm_spec *s = parse_good(*state, HEAD SOURCES
                                  "tables:\n  v:\n    type: view\n    sql: |\n      SELECT id,\n"
                                  "        price\n      FROM orders\n");
    const sm_text *sql = &s->tables.items[0].sql;
    sm_span at = sm_text_span(sql, (size_t)sm_sv_find(sql->text, SM_SV("price")), 5);

    assert_int_equal(s->tables.items[0].type.v, SM_TABLE_VIEW);
    assert_int_equal(at.line, 11);
    assert_int_equal(at.column, 9);
}

static void test_spec_bind__meta_and_extensions_are_free(void **state)
{
    const sm_spec *s = parse_good(*state, "x-common: &c {layer: bronze}\n" HEAD SOURCES
                                          "meta: {team: {name: a}, n: [1, 2.5, true, null]}\n"
                                          "tables:\n  bronze:\n    <<: *c\n    from: orders\n"
                                          "    meta: {any: thing}\n");

    assert_text(&s->tables.items[0].layer, "bronze");
    assert_int_equal(sm_json_len(sm_json_get(s->meta.v, "n")), 4);
    assert_non_null(s->tables.items[0].meta.v);
}

static void test_spec_bind__extensions_below_the_top_are_unknown(void **state)
{
    (void)parse(*state, HEAD SOURCES "tables:\n  bronze: {from: orders, x-y: 1}\n");
    assert_only(*state, "SM0110", 7);
}

static void test_spec_bind__two_dollars_are_one(void **state)
{
    const sm_spec *s =
        parse_good(*state, HEAD SOURCES "description: $$5 and $${x} and $x\n" TABLES);

    assert_text(&s->description, "$5 and ${x} and $x");
}

static void test_spec_bind__two_dollars_in_sql_are_left_alone(void **state)
{
    const sm_spec *s =
        parse_good(*state, HEAD SOURCES "tables:\n  a: {sql: \"SELECT $$x :y ${z}$$ AS t\"}\n");

    assert_text(&s->tables.items[0].sql, "SELECT $$x :y ${z}$$ AS t");
}

static void test_spec_bind__a_faulty_table_is_broken_and_others_are_not(void **state)
{
    const sm_spec *s =
        parse(*state,
              HEAD SOURCES "tables:\n  bad: {from: orders, layr: x}\n  good: {from: orders}\n"
                           "  worse:\n    from: bad\n    expectations: {r: {expect: x, why: 1}}\n");

    assert_int_equal(sm_diags_errors(((fixture *)*state)->d), 2);
    assert_true(s->tables.items[0].broken);
    assert_false(s->tables.items[1].broken);
    assert_true(s->tables.items[2].broken);
    assert_true(s->tables.items[2].expectations.items[0].broken);
    assert_text(&s->tables.items[0].from, "orders");
}

static void test_spec_bind__sql_of_256_kib_is_the_end(void **state)
{
    fixture *f = *state;
    sm_buf b;

    sm_buf_init(&b, 1 << 20);
    sm_buf_adds(&b, HEAD SOURCES "tables:\n  a:\n    sql: SELECT '");
    while (b.len < SM_LIMIT_SQL_BYTES + 200)
        sm_buf_adds(&b, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
    sm_buf_adds(&b, "'\n");
    (void)parse(f, sm_arena_cstr(f->a, sm_buf_sv(&b)));
    assert_only(f, "SM0103", 8);
    sm_buf_release(&b);
}

static void test_spec_bind__10000_tables_is_the_end(void **state)
{
    fixture *f = *state;
    sm_buf b;

    sm_buf_init(&b, 1 << 20);
    sm_buf_adds(&b, HEAD SOURCES "tables:\n");
    for (int i = 0; i <= 10000; i++)
        sm_buf_addf(&b, "  t%d: {from: orders}\n", i);
    (void)parse(f, sm_arena_cstr(f->a, sm_buf_sv(&b)));
    assert_only(f, "SM0103", 6);
    sm_buf_release(&b);
}

static void test_spec_bind__a_name_has_at_most_128_characters(void **state)
{
    fixture *f = *state;
    char name[130];
    sm_sv text;

    memset(name, 'a', sizeof(name));
    text = sm_arena_printf(f->a, "%stables:\n  %.128s: {from: orders}\n", HEAD SOURCES, name);
    (void)parse_good(f, text.ptr);
    text = sm_arena_printf(f->a, "%stables:\n  %.129s: {from: orders}\n", HEAD SOURCES, name);
    (void)parse(f, text.ptr);
    assert_only(f, "SM0118", 7);
}

static void test_spec_bind__a_million_unknown_keys_take_no_memory(void **state)
{
    fixture *f = *state;
    sm_buf b;

    sm_buf_init(&b, SM_LIMIT_BATCH_SQL);
    sm_buf_adds(&b, HEAD SOURCES TABLES);
    for (int i = 0; i < 100000; i++)
        sm_buf_addf(&b, "k%d: 1\n", i);
    (void)parse(f, sm_arena_cstr(f->a, sm_buf_sv(&b)));
    assert_int_equal(sm_diags_errors(f->d), 100000);
    assert_true(sm_diags_count(f->d) <= 1000);
    sm_buf_release(&b);
}

static void test_spec_bind__a_missing_file_is_an_error_and_no_diagnostic(void **state)
{
    fixture *f = *state;
    const sm_spec *s;
    sm_error err;

    assert_int_equal(sm_spec_load("no/such.yml", &sm_test_env, f->a, f->d, &s, &err),
                     SM_E_NOT_FOUND);
    assert_null(s);
    assert_int_equal(sm_diags_count(f->d), 0);
}

#define WITH(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(test_spec_bind__a_small_pipeline_gets_its_defaults),
        WITH(test_spec_bind__a_source_has_its_options_with_defaults),
        WITH(test_spec_bind__a_source_has_columns_and_hints),
        WITH(test_spec_bind__a_table_has_rules_in_file_order),
        WITH(test_spec_bind__a_table_may_have_several_flows),
        WITH(test_spec_bind__sql_knows_its_lines),
        WITH(test_spec_bind__meta_and_extensions_are_free),
        WITH(test_spec_bind__extensions_below_the_top_are_unknown),
        WITH(test_spec_bind__two_dollars_are_one),
        WITH(test_spec_bind__two_dollars_in_sql_are_left_alone),
        WITH(test_spec_bind__a_faulty_table_is_broken_and_others_are_not),
        WITH(test_spec_bind__sql_of_256_kib_is_the_end),
        WITH(test_spec_bind__10000_tables_is_the_end),
        WITH(test_spec_bind__a_name_has_at_most_128_characters),
        WITH(test_spec_bind__a_million_unknown_keys_take_no_memory),
        WITH(test_spec_bind__a_missing_file_is_an_error_and_no_diagnostic),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
