/* SPDX-License-Identifier: Apache-2.0 */
/* test_decode_run.c -- many threads over one run: every record once, the same verdict. */
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/thread.h"
#include "runtime/connect/decode_run.h"

enum { RUN_FILES = 3, RUN_ROWS = 5000, RUN_THREADS = 4 };

typedef struct run_fixture {
    sm_arena *a;
    sm_decode_column *columns;
    sm_decode_file files[RUN_FILES];
    sm_decode_what what;
} run_fixture;

typedef struct run_thread {
    sm_decode_scan *scan;
    int64_t rows, sum;
    sm_code rc;
    sm_error err;
} run_thread;

/* Files of ids 0, 1, 2 …; every 100th line is no record, and tells its number. */
static void run_open(run_fixture *f, bool strict)
{
    sm_column id = { .name = SM_SV("id"), .type = SM_SV("BIGINT") };
    const sm_schema schema = { &id, 1 };
    const char *folder = sm_test_folder("decode_run");
    sm_error err = { 0 };
    sm_buf text;
    memset(f, 0, sizeof *f);
    f->a = sm_arena_new("test");
    sm_buf_init(&text, 16 * 1024 * 1024);
    for (int i = 0; i < RUN_FILES; i++) {
        sm_buf_clear(&text);
        for (int row = 0; row < RUN_ROWS; row++)
            sm_buf_addf(&text, row % 100 == 99 ? "bad %d\n" : "{\"id\":%d}\n", row);
        const char *path = sm_arena_printf(f->a, "%s/%d.json", folder, i).ptr;
        sm_test_write(path, text.ptr);
        f->files[i] = (sm_decode_file){ .path = path, .name = path, .size = (int64_t)text.len };
    }
    sm_buf_release(&text);
    sm_assert_ok(sm_decode_columns(&schema, f->a, &f->columns, &err), err);
    f->what = (sm_decode_what){ .columns = f->columns,
                                .n_columns = 1,
                                .files = f->files,
                                .n_files = RUN_FILES,
                                .strict_records = strict,
                                .block_size = 700 };
}

static void run_worker(void *arg)
{
    run_thread *t = arg;
    int64_t *ids = calloc(SM_DECODE_ROWS, sizeof *ids);
    sm_decode_vector *vector = calloc(1, sizeof *vector);
    sm_decode_worker *w = sm_decode_worker_new(t->scan);
    size_t n = 1;
    vector->data = ids;
    while (n > 0) {
        t->rc = sm_decode_worker_rows(w, vector, &n, &t->err);
        if (t->rc != SM_OK)
            break;
        t->rows += (int64_t)n;
        for (size_t i = 0; i < n; i++)
            t->sum += ids[i];
    }
    sm_decode_worker_free(w);
    free(vector);
    free(ids);
}

/* One scan of the run by all threads. */
static void run_scan(sm_decode_run *run, run_thread *all)
{
    sm_thread *threads[RUN_THREADS];
    run_thread parts[RUN_THREADS] = { 0 };
    sm_error err = { 0 };
    sm_decode_scan *scan = sm_decode_scan_new(run);
    memset(all, 0, sizeof *all);
    for (int i = 0; i < RUN_THREADS; i++) {
        parts[i].scan = scan;
        sm_assert_ok(sm_thread_start("worker", run_worker, &parts[i], &threads[i], &err), err);
    }
    for (int i = 0; i < RUN_THREADS; i++) {
        sm_thread_join(threads[i]);
        all->rows += parts[i].rows;
        all->sum += parts[i].sum;
        if (parts[i].rc != SM_OK) {
            all->rc = parts[i].rc;
            all->err = parts[i].err;
        }
    }
    sm_decode_scan_free(scan);
}

static void test_run__threads_share_every_record_once(void **state)
{
    run_fixture f;
    run_thread all;
    sm_error err = { 0 };
    (void)state;
    run_open(&f, false);
    sm_decode_run *run = sm_decode_run_new(&f.what);
    for (int i = 0; i < 5; i++) {
        run_scan(run, &all);
        const sm_decode_tally *t = sm_decode_run_tally(run);
        assert_int_equal(all.rc, SM_OK);
        assert_int_equal(all.rows, RUN_FILES * (RUN_ROWS - RUN_ROWS / 100));
        assert_int_equal(t->records, RUN_FILES * RUN_ROWS);
        assert_int_equal(t->undecodable, RUN_FILES * RUN_ROWS / 100);
        assert_int_equal(t->n_samples, SM_DECODE_SAMPLES);
        for (size_t s = 0; s < SM_DECODE_SAMPLES; s++) {
            assert_int_equal(t->samples[s].at.file, 0);
            assert_int_equal(sm_decode_line(f.files, t->samples[s].at), (s + 1) * 100);
        }
        sm_assert_code(sm_decode_run_judge(run, t, &err), SM_E_INVALID);
        sm_test_contains(err.msg, "150 undecodable records, the first is");
        sm_test_contains(err.msg, "0.json:100: \"b\" where \"{\" should be");
    }
    sm_decode_run_free(run);
    sm_arena_free(f.a);
}

static void test_run__a_strict_scan_fails_at_a_bad_record(void **state)
{
    run_fixture f;
    run_thread all;
    (void)state;
    run_open(&f, true);
    sm_decode_run *run = sm_decode_run_new(&f.what);
    run_scan(run, &all);
    assert_int_equal(all.rc, SM_E_INVALID);
    sm_test_contains(all.err.msg, "\"b\" where \"{\" should be");
    sm_decode_run_free(run);
    sm_arena_free(f.a);
}

static void test_run__names_the_unknown_field_that_came_first(void **state)
{
    run_fixture f;
    sm_error err = { 0 };
    (void)state;
    run_open(&f, false);
    sm_decode_run *run = sm_decode_run_new(&f.what);
    sm_decode_tally *t = calloc(1, sizeof *t);
    sm_assert_ok(sm_decode_run_judge_fields(run, t, &err), err);
    sm_decode_tally_unknown(t, SM_SV("late"), (sm_decode_place){ 1, 0 });
    sm_decode_tally_unknown(t, SM_SV("early"), (sm_decode_place){ 0, 9 });
    sm_assert_code(sm_decode_run_judge_fields(run, t, &err), SM_E_INVALID);
    sm_test_contains(err.msg, "field \"early\" (and 1 more) appeared in");
    sm_test_contains(err.msg, "0.json:2, the schema in force does not have it");
    free(t);
    sm_decode_run_free(run);
    sm_arena_free(f.a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_run__threads_share_every_record_once),
        SM_TEST(test_run__a_strict_scan_fails_at_a_bad_record),
        SM_TEST(test_run__names_the_unknown_field_that_came_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
