/* SPDX-License-Identifier: Apache-2.0 */
/* test_source_generate_read.c -- made-up rows as a relation of the real engine. */
#include "tests/support/test.h"

#include <stdio.h>

#include "runtime/base/option.h"
#include "runtime/connect/connect.h"
#include "runtime/engine/engine.h"
#include "runtime/sources/source_generate.h"

typedef struct generate_fixture {
    sm_arena *a;
    sm_engine *engine;
    sm_schema schema;
    sm_source s;
    sm_error err;
} generate_fixture;

static void generate_open(generate_fixture *f, const char *options)
{
    const sm_engine_config config = { .memory_limit = SM_SV("256MiB"), .threads = 2 };
    sm_json *values;
    *f = (generate_fixture){ .a = sm_arena_new("test") };
    f->s = (sm_source){
        .ops = &sm_source_generate, .name = SM_SV("made_up"), .schema = &f->schema, .arena = f->a
    };
    f->s.config = sm_arena_alloc(f->a, f->s.ops->config_size, 16, 1);
    sm_assert_ok(sm_json_parse(sm_sv_cstr(options), f->a, &values, &f->err), f->err);
    sm_assert_ok(sm_options_fill(f->s.ops->options, values, f->s.config, f->a, &f->err), f->err);
    sm_assert_ok(sm_engine_open(&config, &f->engine, &f->err), f->err);
    sm_assert_ok(sm_session_open(f->engine, &f->s.session, &f->err), f->err);
    sm_assert_ok(sm_source_open(&f->s, &f->err), f->err);
    sm_assert_ok(sm_source_infer(&f->s, f->a, &f->schema, &f->err), f->err);
}

static void generate_close(generate_fixture *f)
{
    sm_source_close(&f->s);
    sm_session_close(f->s.session);
    sm_engine_close(f->engine);
    sm_arena_free(f->a);
}

/* Read (from, to] and return the one number that `sql` gives over the relation b. */
static int64_t generate_number(generate_fixture *f, int64_t from, int64_t to, const char *sql)
{
    sm_json *start = sm_json_object(f->a), *end = sm_json_object(f->a);
    int64_t n;
    sm_json_set_int(start, "rows", from);
    sm_json_set_int(end, "rows", to);
    sm_assert_ok(sm_source_read(&f->s, start, end, SM_SV("b"), &f->err), f->err);
    sm_assert_ok(sm_session_int64(f->s.session, sm_sv_cstr(sql), &n, &f->err), f->err);
    assert_int_equal(f->s.report.read, to - from);
    return n;
}

static void test_generate__parts_add_up_to_the_whole(void **state)
{
    static const char sum[] =
        "SELECT CAST(sum(id + hash(key) % 1000 + length(note) + v) AS BIGINT) FROM b";
    generate_fixture f;
    (void)state;
    generate_open(&f, "{\"rows\":200000,\"fields\":{\"id\":\"sequence\",\"key\":\"uuid\","
                      "\"v\":\"int\",\"note\":{\"type\":\"string\",\"length\":20}}}");
    int64_t all = generate_number(&f, 0, 200000, sum);
    assert_int_equal(generate_number(&f, 0, 70001, sum) + generate_number(&f, 70001, 200000, sum),
                     all);
    assert_int_equal(generate_number(&f, 0, 200000, sum), all);
    assert_int_equal(generate_number(&f, 0, 200000, "SELECT count(DISTINCT key) FROM b"), 200000);
    assert_int_equal(generate_number(&f, 5, 5, "SELECT count(*) FROM b"), 0);
    generate_close(&f);
}

static void test_generate__takes_the_types_of_a_declared_schema(void **state)
{
    sm_column columns[] = { { .name = SM_SV("v"), .type = SM_SV("SMALLINT") },
                            { .name = SM_SV("w"), .type = SM_SV("DOUBLE") } };
    generate_fixture f;
    sm_schema seen;
    (void)state;
    generate_open(&f, "{\"rows\":10,\"fields\":{\"v\":{\"type\":\"int\",\"max\":9}}}");
    f.schema = (sm_schema){ columns, 1 };
    assert_int_equal(generate_number(&f, 0, 10, "SELECT count(v) FROM b"), 10);
    sm_assert_ok(sm_session_describe(f.s.session, SM_SV("SELECT * FROM b"), f.a, &seen, &f.err),
                 f.err);
    assert_true(sm_sv_eq_str(seen.columns[0].type, "SMALLINT"));
    f.schema.n = 2;
    sm_assert_code(sm_source_read(&f.s, NULL, NULL, SM_SV("b"), &f.err), SM_E_INVALID);
    sm_test_contains(f.err.msg, "column \"w\" has no entry in `fields`");
    generate_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_generate__parts_add_up_to_the_whole),
        SM_TEST(test_generate__takes_the_types_of_a_declared_schema),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
