/* SPDX-License-Identifier: Apache-2.0 */
/* test_store_tables.c -- datasets: declared, seen, inactive, owned; schema versions. */
#include "tests/unit/store_fixture.h"

#include <string.h>

static const sm_table_rec declared[] = {
    { .name = { "raw", 3 }, .kind = { "source", 6 }, .fingerprint = { "1", 1 } },
    { .name = { "bronze", 6 },
      .kind = { "streaming_table", 15 },
      .path = { "/w/main/bronze", 14 },
      .fingerprint = { "1", 1 } },
};

static sm_table_rec table(store_fixture *f, const char *name)
{
    sm_table_rec t;

    sm_assert_ok(sm_store_table(f->s, f->o.pipeline, sm_sv_cstr(name), f->a, &t, &f->err), f->err);
    return t;
}

static void test_declare__keeps_what_was_seen(void **state)
{
    store_fixture f;
    sm_table_rec t;

    (void)state;
    store_open(&f, "tables");
    sm_assert_ok(sm_store_tables_declare(f.s, &f.o, declared, 2, &f.err), f.err);
    assert_int_equal(table(&f, "bronze").version, -1);
    sm_assert_ok(sm_store_table_seen(f.s, &f.o, SM_SV("bronze"), SM_SV("id-1"), 4, SM_SV("txn-4"),
                                     SM_SV("{\"files\":2}"), &f.err),
                 f.err);
    sm_assert_ok(sm_store_tables_declare(f.s, &f.o, declared, 2, &f.err), f.err);
    sm_assert_ok(sm_store_table_seen(f.s, &f.o, SM_SV("bronze"), SM_SV(""), 5, SM_SV("txn-5"),
                                     SM_SV(""), &f.err),
                 f.err);
    t = table(&f, "bronze");
    assert_true(t.active);
    assert_int_equal(t.version, 5);
    assert_sv(t.version_txn, "txn-5");
    assert_sv(t.table_id, "id-1");
    assert_sv(t.delta_state, "{\"files\":2}");
    assert_sv(t.path, "/w/main/bronze");
    sm_assert_code(
        sm_store_table_seen(f.s, &f.o, SM_SV("gold"), SM_SV(""), 0, SM_SV(""), SM_SV(""), &f.err),
        SM_E_NOT_FOUND);
    store_close(&f);
}

static void test_declare__makes_what_is_gone_inactive_and_back(void **state)
{
    store_fixture f;
    sm_table_rec *list;
    size_t n;

    (void)state;
    store_open(&f, "tables");
    sm_assert_ok(sm_store_tables_declare(f.s, &f.o, declared, 2, &f.err), f.err);
    sm_assert_ok(sm_store_tables_declare(f.s, &f.o, declared, 1, &f.err), f.err);
    assert_false(table(&f, "bronze").active);
    assert_true(table(&f, "raw").active);
    sm_assert_ok(sm_store_tables(f.s, f.o.pipeline, f.a, &list, &n, &f.err), f.err);
    assert_int_equal(n, 2);
    assert_sv(list[0].name, "bronze");
    sm_assert_ok(sm_store_tables_declare(f.s, &f.o, declared, 2, &f.err), f.err);
    assert_true(table(&f, "bronze").active);
    store_close(&f);
}

static void test_declare__refuses_a_second_owner_of_a_path(void **state)
{
    store_fixture f;
    sm_owner other;
    sm_table_rec thief = { .name = SM_SV("mine"), .path = SM_SV("/w/main/bronze") };
    sm_table_rec t;

    (void)state;
    store_open(&f, "tables");
    sm_assert_ok(sm_store_tables_declare(f.s, &f.o, declared, 2, &f.err), f.err);
    sm_assert_ok(sm_store_acquire(f.s, SM_SV("thief"), SM_SV(""), &other, NULL, &f.err), f.err);
    sm_assert_code(sm_store_tables_declare(f.s, &other, &thief, 1, &f.err), SM_E_DENIED);
    sm_test_contains(f.err.msg, "belongs to pipeline \"iot\"");
    sm_assert_code(sm_store_table(f.s, other.pipeline, SM_SV("mine"), f.a, &t, &f.err),
                   SM_E_NOT_FOUND);
    store_close(&f);
}

static void test_forget__removes_a_table_with_its_records(void **state)
{
    store_fixture f;
    sm_generation *list;
    sm_table_rec t;
    int64_t version;
    size_t n;

    (void)state;
    store_open(&f, "tables");
    sm_assert_ok(sm_store_tables_declare(f.s, &f.o, declared, 2, &f.err), f.err);
    sm_assert_ok(store_decide(&f, store_generation(&f, "bronze"), 0, -1), f.err);
    sm_assert_ok(sm_store_schema_pin(f.s, &f.o, SM_SV("bronze"), SM_SV("[]"), SM_SV("query"),
                                     &version, &f.err),
                 f.err);
    sm_assert_ok(sm_store_table_forget(f.s, &f.o, SM_SV("bronze"), &f.err), f.err);
    sm_assert_code(sm_store_table(f.s, f.o.pipeline, SM_SV("bronze"), f.a, &t, &f.err),
                   SM_E_NOT_FOUND);
    sm_assert_ok(sm_store_generations(f.s, f.o.pipeline, SM_SV("bronze"), f.a, &list, &n, &f.err),
                 f.err);
    assert_int_equal(n, 0);
    sm_assert_code(sm_store_table_forget(f.s, &f.o, SM_SV("bronze"), &f.err), SM_E_NOT_FOUND);
    sm_assert_ok(sm_store_check(f.s, &f.err), f.err);
    store_close(&f);
}

static void test_pin__adds_a_version_only_for_a_new_schema(void **state)
{
    store_fixture f;
    sm_schema_version v, *list;
    int64_t version;
    size_t n;

    (void)state;
    store_open(&f, "tables");
    sm_assert_code(sm_store_schema_pin(f.s, &f.o, SM_SV("raw"), SM_SV("[1]"), SM_SV("inferred"),
                                       &version, &f.err),
                   SM_E_NOT_FOUND);
    sm_assert_ok(sm_store_tables_declare(f.s, &f.o, declared, 2, &f.err), f.err);
    sm_assert_code(sm_store_schema(f.s, f.o.pipeline, SM_SV("raw"), 0, f.a, &v, &f.err),
                   SM_E_NOT_FOUND);
    for (int i = 0; i < 2; i++) {
        sm_assert_ok(sm_store_schema_pin(f.s, &f.o, SM_SV("raw"), SM_SV("[1]"), SM_SV("inferred"),
                                         &version, &f.err),
                     f.err);
        assert_int_equal(version, 1);
    }
    sm_assert_ok(sm_store_schema_pin(f.s, &f.o, SM_SV("raw"), SM_SV("[1,2]"), SM_SV("new field"),
                                     &version, &f.err),
                 f.err);
    assert_int_equal(version, 2);
    sm_assert_ok(sm_store_schema(f.s, f.o.pipeline, SM_SV("raw"), 0, f.a, &v, &f.err), f.err);
    assert_sv(v.schema, "[1,2]");
    assert_sv(v.why, "new field");
    sm_assert_ok(sm_store_schema(f.s, f.o.pipeline, SM_SV("raw"), 1, f.a, &v, &f.err), f.err);
    assert_sv(v.schema, "[1]");
    sm_assert_ok(sm_store_schemas(f.s, f.o.pipeline, SM_SV("raw"), f.a, &list, &n, &f.err), f.err);
    assert_int_equal(n, 2);
    assert_int_equal(list[1].version, 2);
    assert_int_equal(table(&f, "raw").schema_version, 2);
    assert_sv(table(&f, "raw").schema, "[1,2]");
    store_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_declare__keeps_what_was_seen),
        SM_TEST(test_declare__makes_what_is_gone_inactive_and_back),
        SM_TEST(test_declare__refuses_a_second_owner_of_a_path),
        SM_TEST(test_forget__removes_a_table_with_its_records),
        SM_TEST(test_pin__adds_a_version_only_for_a_new_schema),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
