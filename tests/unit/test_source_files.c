/* SPDX-License-Identifier: Apache-2.0 */
/* test_source_files.c -- which files there are, which are new, how far a batch goes. */
#include "tests/support/source_fixture.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/base/fs.h"
#include "runtime/store/store_files.h"

static int64_t seq_of(const sm_json *offset)
{
    return sm_json_get_int(offset, "seq", 0);
}

/* Names of the tracked files, in order. */
static const char *tracked(source_fixture *f)
{
    sm_source_file *files;
    size_t n;
    sm_buf b;
    sm_files_key key = { f->s.generation_id, f->s.name };
    sm_assert_ok(sm_store_files_range(f->s.store, key, 0, INT64_MAX, 0, f->a, &files, &n, &f->err),
                 f->err);
    sm_buf_init(&b, 100000);
    for (size_t i = 0; i < n; i++)
        sm_buf_addf(&b, "%.*s ", SM_SV_ARG(files[i].path));
    const char *text = sm_arena_cstr(f->a, sm_buf_sv(&b));
    sm_buf_release(&b);
    return text;
}

static void test_files__are_numbered_by_time_then_name(void **state)
{
    source_fixture f;
    (void)state;
    source_open(&f, "files", "{\"path\":\"in/*.json\",\"format\":\"json\"}");
    source_file(&f, "in/c.json", "{}", 1);
    source_file(&f, "in/b.json", "{}", 2);
    source_file(&f, "in/a.json", "{}", 2);
    source_file(&f, "in/other.csv", "{}", 0);
    const sm_json *end = source_next(&f, NULL);
    assert_int_equal(seq_of(end), 3);
    assert_string_equal(tracked(&f), "in/c.json in/a.json in/b.json ");
    source_close(&f);
}

static void test_files__that_come_later_are_new_whatever_their_time(void **state)
{
    source_fixture f;
    (void)state;
    source_open(&f, "files", "{\"path\":\"in\",\"format\":\"json\"}");
    source_file(&f, "in/b.json", "{}", 5);
    const sm_json *first = source_next(&f, NULL);
    assert_ptr_equal(source_next(&f, first), first); /* nothing new */
    source_file(&f, "in/a.json", "{}", 1);
    const sm_json *second = source_next(&f, first);
    assert_int_equal(seq_of(second), 2);
    assert_string_equal(tracked(&f), "in/b.json in/a.json ");
    source_file(&f, "in/b.json", "{\"changed\":1}", 9); /* a path is read once */
    assert_ptr_equal(source_next(&f, second), second);
    source_close(&f);
}

static void test_files__of_others_at_work_are_passed_over(void **state)
{
    source_fixture f;
    (void)state;
    source_open(&f, "files", "{\"path\":\"in/*\",\"format\":\"json\"}");
    source_file(&f, "in/.hidden", "{}", 1);
    source_file(&f, "in/_SUCCESS", "{}", 1);
    source_file(&f, "in/a.json.tmp", "{}", 1);
    source_file(&f, "in/a.json.crc", "{}", 1);
    source_file(&f, "in/a.json._COPYING_", "{}", 1);
    source_file(&f, "in/folder/deeper.json", "{}", 1);
    source_file(&f, "in/a.json", "{}", 1);
    source_next(&f, NULL);
    assert_string_equal(tracked(&f), "in/a.json ");
    source_close(&f);
}

static void test_files__are_found_below_patterns_of_folders(void **state)
{
    source_fixture f;
    (void)state;
    source_open(&f, "files", "{\"path\":\"in/day=*/part-?.json\",\"format\":\"json\"}");
    source_file(&f, "in/day=1/part-0.json", "{}", 1);
    source_file(&f, "in/day=2/part-1.json", "{}", 2);
    source_file(&f, "in/day=2/part-10.json", "{}", 2);
    source_file(&f, "in/night=1/part-0.json", "{}", 3);
    source_next(&f, NULL);
    assert_string_equal(tracked(&f), "in/day=1/part-0.json in/day=2/part-1.json ");
    source_close(&f);
}

static void test_files__a_batch_ends_at_its_limits(void **state)
{
    source_fixture f;
    char name[40];
    (void)state;
    source_open(&f, "files",
                "{\"path\":\"in\",\"format\":\"json\",\"max_files_per_trigger\":3,"
                "\"max_bytes_per_trigger\":25}");
    for (int i = 0; i < 6; i++) {
        snprintf(name, sizeof name, "in/%d.json", i);
        source_file(&f, name, i < 3 ? "{\"a\":1}\n" : "{\"a\":1234567890123}\n", i);
    }
    const sm_json *end = source_next(&f, NULL);
    assert_int_equal(seq_of(end), 3); /* three files */
    end = source_next(&f, end);
    assert_int_equal(seq_of(end), 5); /* 40 bytes: the file that reaches 25 is taken whole */
    end = source_next(&f, end);
    assert_int_equal(seq_of(end), 6);
    source_close(&f);
}

static void test_files__are_all_taken_when_one_is_larger_than_the_limit(void **state)
{
    source_fixture f;
    (void)state;
    source_open(&f, "files", "{\"path\":\"in\",\"format\":\"json\",\"max_bytes_per_trigger\":1}");
    source_file(&f, "in/a.json", "{\"a\":1}\n", 1);
    assert_int_equal(seq_of(source_next(&f, NULL)), 1);
    source_close(&f);
}

static void test_files__nothing_is_nothing_and_no_folder_is_told(void **state)
{
    source_fixture f;
    const sm_json *newest;
    (void)state;
    source_open(&f, "files", "{\"path\":\"in/*.json\",\"format\":\"json\"}");
    sm_assert_code(sm_source_newest(&f.s, f.a, &newest, &f.err), SM_E_NOT_FOUND);
    sm_test_contains(f.err.msg, "/in\"");
    source_file(&f, "in/.keep", "", 1);
    sm_assert_ok(sm_source_newest(&f.s, f.a, &newest, &f.err), f.err);
    assert_null(newest);
    source_close(&f);
}

static void test_files__a_folder_in_a_files_place_is_told(void **state)
{
    source_fixture f;
    const sm_json *newest;
    (void)state;
    source_open(&f, "files", "{\"path\":\"in/*.json\",\"format\":\"json\"}");
    source_file(&f, "in/a.json/deeper", "", 1);
    sm_assert_code(sm_source_newest(&f.s, f.a, &newest, &f.err), SM_E_INVALID);
    sm_test_contains(f.err.msg, "\"in/a.json\" is a folder, not a file");
    source_close(&f);
}

static void test_files__a_folder_without_permission_is_told(void **state)
{
    source_fixture f;
    const sm_json *newest;
    char dir[1300];
    (void)state;
    if (geteuid() == 0)
        skip(); /* nothing is denied to root */
    source_open(&f, "files", "{\"path\":\"in\",\"format\":\"json\"}");
    source_file(&f, "in/a.json", "{}", 1);
    snprintf(dir, sizeof dir, "%s/in", f.dir);
    chmod(dir, 0);
    sm_assert_code(sm_source_newest(&f.s, f.a, &newest, &f.err), SM_E_DENIED);
    chmod(dir, 0755);
    source_close(&f);
}

static void test_files__looking_without_owner_writes_nothing(void **state)
{
    source_fixture f;
    const sm_json *newest;
    (void)state;
    source_open(&f, "files", "{\"path\":\"in\",\"format\":\"json\"}");
    source_file(&f, "in/a.json", "{}", 1);
    source_next(&f, NULL);
    source_file(&f, "in/b.json", "{}", 2);
    f.s.owner = NULL;
    sm_assert_ok(sm_source_newest(&f.s, f.a, &newest, &f.err), f.err);
    assert_int_equal(seq_of(newest), 2);
    assert_string_equal(tracked(&f), "in/a.json ");
    source_close(&f);
}

static void test_files__positions_change_with_the_listing(void **state)
{
    source_fixture f;
    const sm_json *one, *same, *two;
    (void)state;
    source_open(&f, "files", "{\"path\":\"in\",\"format\":\"json\"}");
    source_file(&f, "in/a.json", "{}", 1);
    sm_assert_ok(sm_source_position(&f.s, f.a, &one, &f.err), f.err);
    sm_assert_ok(sm_source_position(&f.s, f.a, &same, &f.err), f.err);
    assert_true(sm_json_equal(one, same));
    source_file(&f, "in/a.json", "{ }", 1);
    sm_assert_ok(sm_source_position(&f.s, f.a, &two, &f.err), f.err);
    assert_false(sm_json_equal(one, two));
    source_close(&f);
}

static void test_files__adoption_takes_what_is_as_old_as_the_offset(void **state)
{
    source_fixture f;
    const sm_json *end;
    (void)state;
    source_open(&f, "files", "{\"path\":\"in\",\"format\":\"json\"}");
    source_file(&f, "in/a.json", "{}", 1);
    source_file(&f, "in/b.json", "{}", 2);
    source_file(&f, "in/c.json", "{}", 3);
    end = source_next(&f, NULL);
    /* the store is lost, one file was deleted, one is new */
    source_remove(&f, "in/a.json");
    source_file(&f, "in/d.json", "{}", 4);
    f.s.name = SM_SV("raw_again");
    sm_assert_ok(sm_source_adopt(&f.s, end, &f.err), f.err);
    assert_string_equal(tracked(&f), "deleted file 1 in/b.json in/c.json ");
    assert_int_equal(seq_of(source_next(&f, end)), 4);
    source_close(&f);
}

static void test_files__adoption_refuses_what_it_cannot_tell(void **state)
{
    source_fixture f;
    const sm_json *end;
    (void)state;
    source_open(&f, "files", "{\"path\":\"in\",\"format\":\"json\"}");
    source_file(&f, "in/b.json", "{}", 2);
    end = source_next(&f, NULL);
    source_file(&f, "in/a.json", "{}", 1); /* came late, with an old time */
    f.s.name = SM_SV("raw_again");
    sm_assert_code(sm_source_adopt(&f.s, end, &f.err), SM_E_CONFLICT);
    sm_test_contains(f.err.msg, "--full-refresh");
    source_close(&f);
}

static void test_infer__knows_nothing_without_files(void **state)
{
    source_fixture f;
    (void)state;
    source_open(&f, "files", "{\"path\":\"in\",\"format\":\"json\"}");
    source_file(&f, "in/.keep", "", 1);
    source_schema(&f, NULL);
    assert_int_equal(f.schema.n, 0);
    source_close(&f);
}

static void test_infer__looks_at_all_files_and_applies_hints(void **state)
{
    source_fixture f;
    (void)state;
    source_open(&f, "files", "{\"path\":\"in\",\"format\":\"json\"}");
    source_file(&f, "in/a.json", "{\"a\":1,\"t\":{\"x\":1}}\n", 1);
    source_file(&f, "in/b.json", "{\"a\":1.5,\"c\":\"x\"}\n", 2);
    f.s.schema_hints = SM_SV("t MAP(VARCHAR, VARCHAR)");
    source_schema(&f, NULL);
    assert_string_equal(sm_json_text(sm_schema_to_json(&f.schema, f.a), f.a).ptr,
                        "[{\"name\":\"a\",\"type\":\"DOUBLE\"},"
                        "{\"name\":\"t\",\"type\":\"MAP(VARCHAR, VARCHAR)\"},"
                        "{\"name\":\"c\",\"type\":\"VARCHAR\"}]");
    source_close(&f);
}

static void test_infer__makes_all_columns_text_if_told(void **state)
{
    source_fixture f;
    (void)state;
    source_open(&f, "files", "{\"path\":\"in\",\"format\":\"csv\",\"infer_column_types\":false}");
    source_file(&f, "in/a.csv", "\xef\xbb\xbfid,\"na\"\"me\"\n1,x\n", 1);
    source_schema(&f, NULL);
    assert_string_equal(sm_json_text(sm_schema_to_json(&f.schema, f.a), f.a).ptr,
                        "[{\"name\":\"id\",\"type\":\"VARCHAR\"},"
                        "{\"name\":\"na\\\"me\",\"type\":\"VARCHAR\"}]");
    source_close(&f);
}

static void test_infer__names_columns_of_csv_without_header(void **state)
{
    source_fixture f;
    (void)state;
    source_open(&f, "files", "{\"path\":\"in\",\"format\":\"csv\",\"header\":false,\"sep\":\";\"}");
    source_file(&f, "in/a.csv", "1;\"x \"\"y\"\"\"", 1);
    source_schema(&f, NULL);
    assert_string_equal(sm_json_text(sm_schema_to_json(&f.schema, f.a), f.a).ptr,
                        "[{\"name\":\"column_0\",\"type\":\"BIGINT\"},"
                        "{\"name\":\"column_1\",\"type\":\"VARCHAR\"}]");
    source_close(&f);
}

static void test_infer__refuses_files_compressed_in_other_ways(void **state)
{
    source_fixture f;
    sm_schema schema;
    (void)state;
    source_open(&f, "files", "{\"path\":\"in\",\"format\":\"json\"}");
    source_file(&f, "in/a.json.bz2", "x", 1);
    sm_assert_code(f.s.ops->infer(&f.s, f.a, &schema, &f.err), SM_E_INVALID);
    sm_test_contains(f.err.msg, "compressed in a way that is not supported");
    source_close(&f);
}

static void test_open__refuses_options_that_make_no_sense(void **state)
{
    static const char *const bad[] = {
        "{\"path\":\"a\",\"format\":\"csv\",\"sep\":\"ab\"}",
        "{\"path\":\"a\",\"format\":\"csv\",\"sep\":\"\"}",
        "{\"path\":\"a\",\"format\":\"csv\",\"quote\":\",\"}",
        "{\"path\":\"a\",\"format\":\"csv\",\"escape\":\"x\"}",
    };
    source_fixture f;
    (void)state;
    source_open(&f, "files", "{\"path\":\"in\",\"format\":\"json\"}");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        sm_source s = f.s;
        sm_json *values;
        s.state = NULL;
        s.config = sm_arena_alloc(f.a, s.ops->config_size, 16, 1);
        sm_assert_ok(sm_json_parse(sm_sv_cstr(bad[i]), f.a, &values, &f.err), f.err);
        if (sm_options_fill(s.ops->options, values, s.config, f.a, &f.err) != SM_OK) {
            sm_test_contains(f.err.msg, "it must be one character");
            continue;
        }
        sm_assert_code(sm_source_open(&s, &f.err), SM_E_INVALID);
        sm_source_close(&s);
    }
    source_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_files__are_numbered_by_time_then_name),
        SM_TEST(test_files__that_come_later_are_new_whatever_their_time),
        SM_TEST(test_files__of_others_at_work_are_passed_over),
        SM_TEST(test_files__are_found_below_patterns_of_folders),
        SM_TEST(test_files__a_batch_ends_at_its_limits),
        SM_TEST(test_files__are_all_taken_when_one_is_larger_than_the_limit),
        SM_TEST(test_files__nothing_is_nothing_and_no_folder_is_told),
        SM_TEST(test_files__a_folder_in_a_files_place_is_told),
        SM_TEST(test_files__a_folder_without_permission_is_told),
        SM_TEST(test_files__looking_without_owner_writes_nothing),
        SM_TEST(test_files__positions_change_with_the_listing),
        SM_TEST(test_files__adoption_takes_what_is_as_old_as_the_offset),
        SM_TEST(test_files__adoption_refuses_what_it_cannot_tell),
        SM_TEST(test_infer__knows_nothing_without_files),
        SM_TEST(test_infer__looks_at_all_files_and_applies_hints),
        SM_TEST(test_infer__makes_all_columns_text_if_told),
        SM_TEST(test_infer__names_columns_of_csv_without_header),
        SM_TEST(test_infer__refuses_files_compressed_in_other_ways),
        SM_TEST(test_open__refuses_options_that_make_no_sense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
