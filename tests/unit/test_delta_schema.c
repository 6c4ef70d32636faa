/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/delta/delta_schema.h"
#include "runtime/delta/delta_select.h"
#include "tests/support/test.h"

static sm_arena *arena;
static sm_error err;
static sm_column columns[3];
static sm_schema schema = { columns, 3 };
static sm_sv partition = { "p", 1 };
static sm_delta_definition definition;

static int setup(void **state)
{
    (void)state;
    arena = sm_arena_new("test");
    columns[0] = (sm_column){ .name = SM_SV("id"), .type = SM_SV("BIGINT"), .nullable = true };
    columns[1] = (sm_column){ .name = SM_SV("p"), .type = SM_SV("VARCHAR"), .nullable = true };
    columns[2] = (sm_column){ .name = SM_SV("at"), .type = SM_SV("TIMESTAMP"), .nullable = true };
    definition = (sm_delta_definition){
        .name = SM_SV("t"), .schema = &schema, .partition_by = &partition, .partition_count = 1
    };
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    sm_arena_free(arena);
    return 0;
}

static sm_delta_metadata made(void)
{
    sm_delta_metadata m;

    sm_assert_ok(sm_delta_metadata_make(&definition, SM_SV(""), 5, arena, &m, &err), err);
    return m;
}

static void test_delta_schema__metadata_says_what_the_definition_said(void **state)
{
    (void)state;
    sm_delta_metadata m = made();
    const sm_sv *partitions;
    sm_schema back;
    size_t n;

    assert_int_equal(m.id.len, 36);
    sm_assert_ok(sm_delta_metadata_schema(&m, arena, &back, &err), err);
    assert_true(sm_schema_equal(&back, &schema));
    sm_assert_ok(sm_delta_metadata_partitions(&m, arena, &partitions, &n, &err), err);
    assert_int_equal(n, 1);
    assert_true(sm_delta_metadata_fits(&m, &definition, arena));
}

static void test_delta_schema__any_other_column_type_order_or_partition_does_not_fit(void **state)
{
    (void)state;
    sm_delta_metadata m = made();
    sm_column keep = columns[0];

    columns[0].type = SM_SV("INTEGER");
    assert_false(sm_delta_metadata_fits(&m, &definition, arena));
    columns[0] = keep;
    schema.n = 2;
    assert_false(sm_delta_metadata_fits(&m, &definition, arena));
    schema.n = 3;
    columns[0] = columns[2];
    columns[2] = keep;
    assert_false(sm_delta_metadata_fits(&m, &definition, arena));
    columns[2] = columns[0];
    columns[0] = keep;
    definition.partition_count = 0;
    assert_false(sm_delta_metadata_fits(&m, &definition, arena));
    definition.partition_count = 1;
    assert_true(sm_delta_metadata_fits(&m, &definition, arena));
}

static void test_delta_schema__refusal_shows_both_definitions_and_the_way_out(void **state)
{
    (void)state;
    sm_delta_metadata m = made();

    columns[0].type = SM_SV("INTEGER");
    sm_assert_code(sm_delta_metadata_refuse(&m, &definition, arena, &err), SM_E_INVALID);
    columns[0].type = SM_SV("BIGINT");
    sm_test_contains(err.msg, "(id BIGINT, p VARCHAR, at TIMESTAMP partitioned by p)");
    sm_test_contains(err.msg, "(id INTEGER, p VARCHAR, at TIMESTAMP partitioned by p)");
    sm_test_contains(err.msg, "--full-refresh");
}

static void test_delta_schema__refuses_partitions_that_directories_cannot_name(void **state)
{
    (void)state;
    sm_delta_metadata m;

    partition = SM_SV("nope");
    sm_assert_code(sm_delta_metadata_make(&definition, SM_SV(""), 5, arena, &m, &err),
                   SM_E_INVALID);
    sm_test_contains(err.msg, "\"nope\" is no column");
    partition = SM_SV("p");
    columns[1].type = SM_SV("INTEGER[]");
    sm_assert_code(sm_delta_metadata_make(&definition, SM_SV(""), 5, arena, &m, &err),
                   SM_E_INVALID);
    columns[1].type = SM_SV("BLOB");
    sm_assert_code(sm_delta_metadata_make(&definition, SM_SV(""), 5, arena, &m, &err),
                   SM_E_INVALID);
    columns[1].type = SM_SV("VARCHAR");
    schema = (sm_schema){ columns + 1, 1 };
    sm_assert_code(sm_delta_metadata_make(&definition, SM_SV(""), 5, arena, &m, &err),
                   SM_E_INVALID);
    schema = (sm_schema){ columns, 3 };
    sm_test_contains(err.msg, "every column");
}

static void test_delta_schema__plain_tables_stay_at_the_oldest_protocol(void **state)
{
    (void)state;
    sm_delta_protocol p = sm_delta_protocol_make(&schema, arena);

    assert_int_equal(p.min_reader, 1);
    assert_int_equal(p.min_writer, 2);
    assert_null(p.reader_features);
    columns[2].type = SM_SV("STRUCT(a TIMESTAMP_NTZ)");
    p = sm_delta_protocol_make(&schema, arena);
    columns[2].type = SM_SV("TIMESTAMP");
    assert_int_equal(p.min_reader, 3);
    assert_int_equal(sm_json_len(p.reader_features), 1);
    sm_assert_ok(sm_delta_protocol_check(&p, true, &err), err);
}

static sm_delta_protocol protocol(int reader, int writer, const char *feature)
{
    sm_json *list = sm_json_array(arena);

    sm_json_append_string(list, sm_sv_cstr(feature));
    return (sm_delta_protocol){ reader, writer, reader >= 3 ? list : NULL,
                                writer >= 7 ? list : NULL };
}

static void test_delta_schema__refuses_tables_that_ask_for_more(void **state)
{
    (void)state;
    sm_delta_protocol p = protocol(3, 7, "variantType");

    sm_assert_code(sm_delta_protocol_check(&p, false, &err), SM_E_INVALID);
    sm_test_contains(err.msg, "\"variantType\", which is not supported; give readers a copy");
    p = protocol(3, 7, "deletionVectors");
    sm_assert_ok(sm_delta_protocol_check(&p, false, &err), err);
    sm_assert_code(sm_delta_protocol_check(&p, true, &err), SM_E_INVALID);
    sm_test_contains(err.msg, "\"deletionVectors\"");
    p = protocol(2, 5, "");
    sm_assert_ok(sm_delta_protocol_check(&p, false, &err), err);
    sm_assert_code(sm_delta_protocol_check(&p, true, &err), SM_E_INVALID);
    p = protocol(4, 7, "timestampNtz");
    sm_assert_code(sm_delta_protocol_check(&p, false, &err), SM_E_INVALID);
    p = protocol(1, 4, "");
    sm_assert_ok(sm_delta_protocol_check(&p, false, &err), err);
    sm_assert_code(sm_delta_protocol_check(&p, true, &err), SM_E_INVALID);
    p = protocol(1, 7, "rowTracking");
    sm_assert_ok(sm_delta_protocol_check(&p, false, &err), err);
    sm_assert_code(sm_delta_protocol_check(&p, true, &err), SM_E_INVALID);
    p = (sm_delta_protocol){ .min_reader = 3, .min_writer = 7 };
    sm_assert_code(sm_delta_protocol_check(&p, false, &err), SM_E_CORRUPT);
}

static void assert_not_writable(const char *configuration, const char *field, const char *why)
{
    sm_sv schema_string = sm_arena_printf(
        arena, "{\"type\":\"struct\",\"fields\":[{\"name\":\"a\",\"type\":\"long\",%s}]}", field);
    sm_delta_metadata m = { .schema_string = schema_string };
    sm_json *j;

    sm_assert_ok(sm_json_parse(sm_sv_cstr(configuration), arena, &j, &err), err);
    m.configuration = j;
    sm_assert_code(sm_delta_metadata_check(&m, true, arena, &err), SM_E_INVALID);
    sm_test_contains(err.msg, why);
}

static void test_delta_schema__refuses_to_write_where_rows_must_be_checked(void **state)
{
    (void)state;
    sm_delta_metadata m = made();

    sm_assert_ok(sm_delta_metadata_check(&m, true, arena, &err), err);
    assert_not_writable("{\"delta.appendOnly\":\"true\"}", "\"nullable\":true", "appends only");
    assert_not_writable("{\"delta.constraints.c\":\"a > 0\"}", "\"nullable\":true", "constraint");
    assert_not_writable("{}", "\"nullable\":false", "NOT NULL");
    assert_not_writable("{}", "\"nullable\":true,\"metadata\":{\"delta.invariants\":\"x\"}",
                        "invariants");
}

static void test_delta_select__casts_every_column_to_what_its_file_has(void **state)
{
    (void)state;
    sm_sv sql;

    sm_assert_ok(sm_delta_select(&definition, SM_SV("SELECT 1"), arena, &sql, &err), err);
    const char *text = sm_arena_cstr(arena, sql);
    sm_test_contains(text, "make_timestamptz(epoch_us(\"at\")) AS \"at\"");
    sm_test_contains(text, "nullif(CAST(CAST(\"p\" AS VARCHAR) AS VARCHAR), '') AS \"p\"");
    sm_test_contains(text, "column \"id\": a value does not fit BIGINT");
    sm_test_contains(text, "FROM (\nSELECT 1\n)");
}

static void test_delta_select__takes_structs_with_instants_apart(void **state)
{
    (void)state;
    sm_column c[] = {
        { .name = SM_SV("w"), .type = SM_SV("STRUCT(\"start\" TIMESTAMP, n STRUCT(t TIMESTAMP))") },
        { .name = SM_SV("p"), .type = SM_SV("STRUCT(x INTEGER)") },
    };
    sm_schema two = { c, 2 };
    sm_delta_definition d = { .name = SM_SV("t"), .schema = &two };
    sm_sv sql;

    sm_assert_ok(sm_delta_select(&d, SM_SV("SELECT 1"), arena, &sql, &err), err);
    const char *text = sm_arena_cstr(arena, sql);
    sm_test_contains(text, "CASE WHEN \"w\" IS NULL THEN NULL ELSE {\"start\": "
                           "make_timestamptz(epoch_us(struct_extract(\"w\", 'start'))), \"n\": ");
    sm_test_contains(text, "{\"t\": make_timestamptz(epoch_us(struct_extract(struct_extract("
                           "\"w\", 'n'), 't')))} END} END AS \"w\"");
    sm_test_contains(text, "CAST(\"p\" AS STRUCT(");
}

static void test_delta_select__quotes_names_and_paths(void **state)
{
    (void)state;
    sm_delta_file file = { .path = SM_SV("o'x"), .key = SM_SV("o'x"), .partition_values = NULL };
    const sm_delta_file *files[] = { &file };
    sm_column c = { .name = SM_SV("a\"b"), .type = SM_SV("BIGINT"), .nullable = true };
    sm_schema s = { &c, 1 };
    sm_sv sql;

    sm_assert_ok(sm_delta_files_select(SM_SV("/t"), &s, NULL, 0, files, 1, arena, &sql, &err), err);
    sm_test_contains(sql.ptr, "read_parquet(['/t/o''x'], union_by_name=true");
    sm_test_contains(sql.ptr, "\"a\"\"b\"");
}

static void test_delta_select__no_files_are_a_typed_empty_relation(void **state)
{
    (void)state;
    sm_sv sql;

    sm_assert_ok(
        sm_delta_files_select(SM_SV("/t"), &schema, &partition, 1, NULL, 0, arena, &sql, &err),
        err);
    assert_int_equal(sm_sv_find(sql, SM_SV("read_parquet")), -1);
    sm_test_contains(sql.ptr, "WHERE false");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_delta_schema__metadata_says_what_the_definition_said),
        SM_TEST(test_delta_schema__any_other_column_type_order_or_partition_does_not_fit),
        SM_TEST(test_delta_schema__refusal_shows_both_definitions_and_the_way_out),
        SM_TEST(test_delta_schema__refuses_partitions_that_directories_cannot_name),
        SM_TEST(test_delta_schema__plain_tables_stay_at_the_oldest_protocol),
        SM_TEST(test_delta_schema__refuses_tables_that_ask_for_more),
        SM_TEST(test_delta_schema__refuses_to_write_where_rows_must_be_checked),
        SM_TEST(test_delta_select__casts_every_column_to_what_its_file_has),
        SM_TEST(test_delta_select__takes_structs_with_instants_apart),
        SM_TEST(test_delta_select__quotes_names_and_paths),
        SM_TEST(test_delta_select__no_files_are_a_typed_empty_relation),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
