/* SPDX-License-Identifier: Apache-2.0 */
/* test_engine_copy.c -- Parquet files and what is said about them. */
#include "tests/support/test.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/arena.h"
#include "runtime/base/fs.h"
#include "runtime/engine/engine_copy.h"

typedef struct fixture {
    sm_engine *e;
    sm_session *s;
    sm_arena *a;
    char folder[PATH_MAX], table[PATH_MAX + 16];
} fixture;

static int setup(void **state)
{
    static fixture f;
    sm_error err;
    sm_sv allowed;

    if (realpath(sm_test_folder("copy"), f.folder) == NULL)
        return 1;
    snprintf(f.table, sizeof f.table, "%s/table", f.folder);
    allowed = sm_sv_cstr(f.folder);
    sm_engine_config c = { .threads = 2,
                           .memory_limit = SM_SV("1GiB"),
                           .allowed_directories = &allowed,
                           .allowed_count = 1 };
    f.a = sm_arena_new("test");
    sm_assert_ok(sm_fs_mkdirs(f.table, 0750, &err), err);
    sm_assert_ok(sm_engine_open(&c, &f.e, &err), err);
    sm_assert_ok(sm_session_open(f.e, &f.s, &err), err);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;

    sm_session_close(f->s);
    sm_engine_close(f->e);
    sm_arena_free(f->a);
    return 0;
}

static sm_copied copy(fixture *f, const char *select, const char *stem, const sm_sv *by, size_t n)
{
    sm_copy_options o = { .folder = sm_sv_cstr(f->table),
                          .stem = sm_sv_cstr(stem),
                          .codec = SM_SV("zstd"),
                          .partition_by = by,
                          .partition_count = n };
    sm_copied out;
    sm_error err;

    sm_assert_ok(sm_session_copy(f->s, sm_sv_cstr(select), &o, f->a, &out, &err), err);
    return out;
}

static const sm_copy_stat *stat_of(const sm_copy_file *f, const char *first, const char *second)
{
    for (size_t i = 0; i < f->n_stats; i++) {
        const sm_copy_stat *s = &f->stats[i];
        if (s->path_len == (second != NULL ? 2u : 1u) && sm_sv_eq_str(s->path[0], first) &&
            (second == NULL || sm_sv_eq_str(s->path[1], second)))
            return s;
    }
    fail_msg("no statistics of %s", first);
    return NULL;
}

static void bounds_are(const sm_copy_stat *s, const char *min, const char *max, int64_t nulls)
{
    if (min == NULL)
        assert_null(s->min.ptr);
    else
        assert_string_equal(s->min.ptr, min);
    if (max == NULL)
        assert_null(s->max.ptr);
    else
        assert_string_equal(s->max.ptr, max);
    assert_int_equal(s->null_count, nulls);
}

static void test_copy__says_what_is_in_the_file(void **state)
{
    fixture *f = *state;
    sm_copied c = copy(
        f,
        "SELECT i AS id, CASE WHEN i % 2 = 0 THEN 'n' || i END AS name, i = 1 AS flag, DATE "
        "'2026-01-01' + i::INTEGER AS day, TIMESTAMPTZ '2026-01-01' AS at, {'x': i, 'a \"b\".c': "
        "'t'} AS point, [i, i + 1] AS list, i::DECIMAL(9,2) AS dec, 'nan'::DOUBLE AS nan, "
        "NULL::INT "
        "AS nothing FROM range(10) t(i) -- a comment",
        "part-1", NULL, 0);
    sm_fs_stat st;
    sm_error err;

    assert_int_equal(c.n_files, 1);
    assert_int_equal(c.rows, 10);
    assert_int_equal(c.files[0].rows, 10);
    assert_int_equal(c.files[0].n_partition, 0);
    sm_test_contains(c.files[0].path.ptr, "/table/part-1.parquet");
    sm_assert_ok(sm_fs_stat_path(c.files[0].path.ptr, &st, &err), err);
    assert_int_equal(st.size, c.files[0].bytes);
    bounds_are(stat_of(c.files, "id", NULL), "0", "9", 0);
    bounds_are(stat_of(c.files, "name", NULL), "n0", "n8", 5);
    bounds_are(stat_of(c.files, "day", NULL), "2026-01-01", "2026-01-10", 0);
    bounds_are(stat_of(c.files, "at", NULL), "2026-01-01 00:00:00+00", "2026-01-01 00:00:00+00", 0);
    bounds_are(stat_of(c.files, "point", "x"), "0", "9", 0);
    bounds_are(stat_of(c.files, "point", "a \"b\".c"), "t", "t", 0);
    bounds_are(stat_of(c.files, "dec", NULL), "0.00", "9.00", 0);
    bounds_are(stat_of(c.files, "nan", NULL), NULL, NULL, 0);
    bounds_are(stat_of(c.files, "nothing", NULL), NULL, NULL, 10);
    assert_true(stat_of(c.files, "nan", NULL)->has_nan);
    assert_false(stat_of(c.files, "id", NULL)->has_nan);
}

static const sm_copy_file *file_of(const sm_copied *c, const char *part)
{
    for (size_t i = 0; i < c->n_files; i++)
        if (strstr(c->files[i].path.ptr, part) != NULL)
            return &c->files[i];
    fail_msg("no file with %s", part);
    return NULL;
}

static void test_copy__partitions_are_folders_and_values(void **state)
{
    fixture *f = *state;
    sm_sv by[] = { SM_SV("p"), SM_SV("day") };
    sm_copied c = copy(f,
                       "SELECT i AS id, CASE i % 3 WHEN 0 THEN 'a/b=c é%' WHEN 1 THEN '' END AS p, "
                       "DATE '2026-01-01' AS day FROM range(9) t(i)",
                       "part-2", by, 2);
    const sm_copy_file *named = file_of(&c, "/p=a%2Fb%3Dc%20%C3%A9%25/day=2026-01-01/part-2");
    const sm_copy_file *null = file_of(&c, "/p=__HIVE_DEFAULT_PARTITION__/");

    assert_int_equal(c.n_files, 3);
    assert_int_equal(c.rows, 9);
    assert_int_equal(named->n_partition, 2);
    assert_string_equal(named->partition[0].value.ptr, "a/b=c é%");
    assert_string_equal(named->partition[1].value.ptr, "2026-01-01");
    assert_null(null->partition[0].value.ptr);
    assert_int_equal(file_of(&c, "/p=/")->partition[0].value.len, 0);
    assert_int_equal(named->n_stats, 1); /* partition columns are not in the file */
}

static void test_copy__a_second_copy_overwrites_nothing(void **state)
{
    fixture *f = *state;
    sm_sv by[] = { SM_SV("p") };
    sm_copied one = copy(f, "SELECT 1 AS id, 'x' AS p", "part-3", by, 1);
    sm_copied two = copy(f, "SELECT 2 AS id, 'x' AS p", "part-4", by, 1);

    assert_true(sm_fs_exists(one.files[0].path.ptr));
    assert_true(sm_fs_exists(two.files[0].path.ptr));
}

static void test_copy__no_rows_are_an_empty_file_or_none(void **state)
{
    fixture *f = *state;
    sm_sv by[] = { SM_SV("p") };
    sm_copied plain = copy(f, "SELECT 1 AS id, 'x' AS p WHERE false", "part-5", NULL, 0);
    sm_copied parted = copy(f, "SELECT 1 AS id, 'x' AS p WHERE false", "part-6", by, 1);

    assert_int_equal(plain.n_files, 1);
    assert_int_equal(plain.files[0].rows, 0);
    assert_int_equal(parted.n_files, 0);
}

static void test_copy__texts_with_any_bytes_keep_their_bounds(void **state)
{
    fixture *f = *state;
    sm_copied c = copy(f, "SELECT chr(1) || 'a''b' AS t UNION ALL SELECT 'z' || chr(10) || '\\'",
                       "part-7", NULL, 0);

    bounds_are(stat_of(c.files, "t", NULL), "\001a'b", "z\n\\", 0);
}

static void test_copy__a_failing_query_names_its_reason(void **state)
{
    fixture *f = *state;
    sm_copy_options o = { .folder = sm_sv_cstr(f->table), .stem = SM_SV("part-8") };
    sm_copied out;
    sm_error err;

    sm_assert_code(sm_session_copy(f->s,
                                   SM_SV("SELECT CASE WHEN i = 5000 THEN 'x' ELSE '1' END::INTEGER "
                                         "AS n FROM range(10000) t(i)"),
                                   &o, f->a, &out, &err),
                   SM_E_SQL);
    assert_string_equal(err.msg,
                        "the engine does not take a value: Could not convert string 'x' to INT32");
}

static void test_copy__a_missing_folder_is_io(void **state)
{
    fixture *f = *state;
    sm_copy_options o = { .folder = sm_arena_printf(f->a, "%s/none", f->folder),
                          .stem = SM_SV("part-9") };
    sm_copied out;
    sm_error err;

    sm_assert_code(sm_session_copy(f->s, SM_SV("SELECT 1 AS a"), &o, f->a, &out, &err), SM_E_IO);
    sm_test_contains(err.msg, "part-9");
}

static void test_copy__a_full_disk_is_told_as_such(void **state)
{
    fixture *f = *state;
    sm_sv allowed = SM_SV("/dev");
    sm_engine_config c = { .threads = 1, .allowed_directories = &allowed, .allowed_count = 1 };
    sm_engine *e;
    sm_session *s;
    sm_error err;

    (void)f;
    sm_assert_ok(sm_engine_open(&c, &e, &err), err);
    sm_assert_ok(sm_session_open(e, &s, &err), err);
    sm_assert_code(sm_session_exec(s,
                                   SM_SV("COPY (SELECT * FROM range(100000)) TO '/dev/full' "
                                         "(FORMAT csv)"),
                                   &err),
                   SM_E_IO);
    print_message("%d %s\n", err.sys, err.msg);
    sm_session_close(s);
    sm_engine_close(e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_copy__says_what_is_in_the_file),
        SM_TEST(test_copy__partitions_are_folders_and_values),
        SM_TEST(test_copy__a_second_copy_overwrites_nothing),
        SM_TEST(test_copy__no_rows_are_an_empty_file_or_none),
        SM_TEST(test_copy__texts_with_any_bytes_keep_their_bounds),
        SM_TEST(test_copy__a_failing_query_names_its_reason),
        SM_TEST(test_copy__a_missing_folder_is_io),
        SM_TEST(test_copy__a_full_disk_is_told_as_such),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
