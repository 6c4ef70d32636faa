/* SPDX-License-Identifier: Apache-2.0 */
/* test_flow_stages.c -- flows that remember, over whole runs. */
#include "tests/unit/ops_stages.h"
#include "tests/unit/run_fixture.h"

#include <stdio.h>

#include "runtime/base/clock.h"
#include "runtime/base/failpoint.h"
#include "runtime/base/fs.h"
#include "runtime/exec/flow_int.h"
#include "runtime/store/store_batches.h"

static sm_column result_columns[] = {
    { .name = { "w", 1 }, .type = { "BIGINT", 6 }, .nullable = true },
    { .name = { "k", 1 }, .type = { "VARCHAR", 7 }, .nullable = true },
    { .name = { "n", 1 }, .type = { "BIGINT", 6 }, .nullable = true },
    { .name = { "total", 5 }, .type = { "HUGEINT", 7 }, .nullable = true }
};

#define SELECT "SELECT k0 AS w, k1 AS k, a0 AS n, a1 AS total FROM _smelt_st_1"
#define SHOW                                                                                       \
    "SELECT coalesce(string_agg(concat_ws(' ', w, k, n, total), ', ' ORDER BY w, k), '') FROM {t}"

static void begin(run_fixture *f, const sm_stage *stages)
{
    sm_schema result = { result_columns, 4 };

    run_begin(f, "stages", stages, 2, &result, SELECT);
}

static void row(run_fixture *f, int second, const char *k, int v)
{
    char text[160];

    snprintf(text, sizeof text, "{\"ts\": \"2026-01-01T00:%02d:%02d\", \"k\": \"%s\", \"v\": %d}\n",
             second / 60, second % 60, k, v);
    run_arrives(f, text);
}

static void runs(run_fixture *f)
{
    if (!run_once(f))
        fail_msg("%s", f->err.msg);
}

/* What it ran and what the table is then; windows as seconds since midnight / 10. */
static void table_is(run_fixture *f, const char *expected)
{
    assert_string_equal(run_value(f, "SELECT coalesce(string_agg(concat_ws(' ', w - 176722560, k, "
                                     "n, total), ', ' ORDER BY w, k), '') FROM {t}"),
                        expected);
}

static void
test_stages__windows_come_out_once_over_runs_and_an_idle_run_opens_no_engine(void **state)
{
    run_fixture f;
    sm_stage st[] = { ops_watermark(), ops_aggregate(SM_STAGE_APPEND) };

    (void)state;
    begin(&f, st);
    row(&f, 1, "a", 1);
    row(&f, 2, "a", 2);
    runs(&f);
    table_is(&f, "");
    row(&f, 15, "b", 5); /* the mark is 15: the window before 10 is final without more rows */
    runs(&f);
    assert_int_equal(f.outcome.batches, 2);
    table_is(&f, "0 a 2 3");
    runs(&f);
    assert_int_equal(f.outcome.batches, 0);
    assert_false(f.engine_asked);
    row(&f, 3, "a", 9); /* late: the mark of the batch before is 15 */
    row(&f, 16, "b", 1);
    row(&f, 40, "c", 1);
    runs(&f);
    assert_int_equal(f.outcome.counts.late, 1);
    table_is(&f, "0 a 2 3, 1 b 2 6");
    assert_string_equal(run_value(&f,
                                  "SELECT string_agg(concat_ws('|', _stage, _event_time, "
                                  "_watermark, _lateness, _row, _flow, _batch_id)) FROM {late}"),
                        "aggregate_1|2026-01-01 00:00:10|2026-01-01 00:00:15|5000000|"
                        "{\"window(ts)\":176722560,\"k\":\"a\",\"v\":9}|t|5");
    run_end(&f);
}

static const sm_sv merge_keys[] = { SM_SV_LIT("w"), SM_SV_LIT("k") };

static void updates(run_fixture *f)
{
    f->flow.output_mode = SM_STAGE_UPDATE;
    f->flow.merge_keys = (sm_plan_list){ merge_keys, 2 };
    f->flow.touched = SM_SV("SELECT k0 AS w, k1 AS k FROM _smelt_st_1");
}

static void test_stages__update_replaces_the_rows_of_touched_groups(void **state)
{
    run_fixture f;
    sm_stage st[] = { ops_watermark(), ops_aggregate(SM_STAGE_UPDATE) };

    (void)state;
    begin(&f, st);
    updates(&f);
    row(&f, 1, "a", 1);
    row(&f, 2, "b", 2);
    runs(&f);
    table_is(&f, "0 a 1 1, 0 b 1 2");
    row(&f, 3, "a", 5);
    runs(&f);
    table_is(&f, "0 a 2 6, 0 b 1 2");
    f.flow.sql =
        SM_SV(SELECT " WHERE a1 < 7"); /* HAVING: a group that leaves takes its row along */
    row(&f, 3, "a", 5);
    runs(&f);
    table_is(&f, "0 b 1 2");
    run_end(&f);
}

static void test_stages__complete_replaces_the_table(void **state)
{
    run_fixture f;
    sm_stage st[] = { ops_watermark(), ops_aggregate(SM_STAGE_COMPLETE) };

    (void)state;
    begin(&f, st);
    f.flow.output_mode = SM_STAGE_COMPLETE;
    row(&f, 1, "a", 1);
    row(&f, 40, "b", 2);
    runs(&f);
    table_is(&f, "0 a 1 1, 4 b 1 2");
    row(&f, 3, "a", 5); /* nothing is late */
    runs(&f);
    table_is(&f, "0 a 2 6, 4 b 1 2");
    assert_int_equal(f.outcome.counts.late, 0);
    runs(&f);
    assert_int_equal(f.outcome.batches, 0);
    run_end(&f);
}

static void test_rule_C3_without_no_data_batches_results_wait_for_rows(void **state)
{
    run_fixture f;
    sm_stage st[] = { ops_watermark(), ops_aggregate(SM_STAGE_APPEND) };

    (void)state;
    begin(&f, st);
    f.flow.no_data_batches = false;
    row(&f, 1, "a", 1);
    row(&f, 15, "b", 5);
    runs(&f);
    runs(&f);
    table_is(&f, "");
    row(&f, 15, "b", 5);
    runs(&f);
    table_is(&f, "0 a 1 1");
    run_end(&f);
}

static void test_rule_R11_what_is_pending_comes_out_at_the_next_run(void **state)
{
    run_fixture f;
    sm_stage st[] = { ops_watermark(), ops_aggregate(SM_STAGE_APPEND) };

    (void)state;
    begin(&f, st);
    f.flow.no_data_batches = false;
    row(&f, 1, "a", 1);
    row(&f, 15, "b", 5);
    runs(&f);
    f.flow.no_data_batches = true;
    runs(&f);
    assert_int_equal(f.outcome.batches, 1);
    table_is(&f, "0 a 1 1");
    run_end(&f);
}

static void test_stages__a_full_refresh_begins_anew_and_drops_the_old_state(void **state)
{
    run_fixture f;
    sm_stage st[] = { ops_watermark(), ops_aggregate(SM_STAGE_UPDATE) };
    sm_fs_entry *found;
    size_t n;

    (void)state;
    begin(&f, st);
    updates(&f);
    row(&f, 1, "a", 1);
    runs(&f);
    f.full_refresh[1] = true;
    st[1].fingerprint = SM_SV("two");
    runs(&f);
    f.full_refresh[1] = false;
    row(&f, 2, "a", 2);
    runs(&f);
    table_is(&f, "0 a 2 3");
    sm_assert_ok(sm_fs_list(sm_path_join(f.a, sm_sv_cstr(f.root), SM_SV("lake/.smelt/flows/p/t")),
                            false, f.a, &found, &n, &f.err),
                 f.err);
    assert_int_equal(n, 1);
    run_end(&f);
}

static void test_stages__another_query_is_refused_until_it_is_rebuilt(void **state)
{
    run_fixture f;
    sm_stage st[] = { ops_watermark(), ops_aggregate(SM_STAGE_APPEND) };

    (void)state;
    begin(&f, st);
    row(&f, 1, "a", 1);
    runs(&f);
    st[1].fingerprint = SM_SV("two");
    row(&f, 15, "a", 1);
    assert_false(run_once(&f));
    assert_int_equal(f.err.code, SM_E_CONFLICT); /* refused: nothing is damaged */
    sm_test_contains(f.err.msg, "stage \"aggregate_1\"");
    sm_test_contains(f.err.msg, "--full-refresh t");
    st[1].fingerprint = SM_SV("one");
    runs(&f);
    table_is(&f, "0 a 1 1");
    run_end(&f);
}

/* Any call to the disk may fail: what comes out in the end is the same. */
static void test_fault__a_failing_disk_changes_no_result(void **state)
{
    static const char *const calls[] = { "fs.fsync", "fs.fsync_dir", "store.step" };

    (void)state;
    for (size_t c = 0; c < sizeof calls / sizeof calls[0]; c++)
        for (int nth = 1, failed = 1; failed; nth += c == 2 ? 61 : 2) {
            run_fixture f;
            sm_stage st[] = { ops_watermark(), ops_aggregate(SM_STAGE_APPEND) };
            char spec[64];

            begin(&f, st);
            row(&f, 1, "a", 1);
            runs(&f);
            row(&f, 2, "a", 2);
            row(&f, 15, "b", 5);
            snprintf(spec, sizeof spec, "%s:%d:EIO", calls[c], nth);
            sm_failpoint_set(spec);
            failed = run_tries(&f) ? 0 : 1;
            sm_failpoint_set("");
            runs(&f);
            table_is(&f, "0 a 2 3");
            run_end(&f);
        }
}

/* ---- history ---------------------------------------------------------------------------- */

static size_t kept_batches(run_fixture *f)
{
    sm_pipeline_rec p;
    sm_batch_rec *list;
    size_t n;

    sm_assert_ok(sm_store_pipeline(f->store, SM_SV("p"), f->a, &p, &f->err), f->err);
    sm_assert_ok(sm_store_batches(f->store, p.id, SM_SV("t"), 0, 0, 1000, f->a, &list, &n, &f->err),
                 f->err);
    return n;
}

static void test_flow__old_batches_go_while_it_runs_and_the_newest_stay(void **state)
{
    run_fixture f;
    sm_stage st[] = { ops_watermark(), ops_aggregate(SM_STAGE_APPEND) };

    (void)state;
    begin(&f, st);
    sm_clock_set_ms(INT64_C(1767225600000));
    for (int i = 0; i < 127; i++)
        row(&f, 0, "a", 1);
    runs(&f);
    assert_int_equal(kept_batches(&f), 127);
    sm_clock_set_ms(INT64_C(1767225600000) + INT64_C(31) * 86400000);
    row(&f, 0, "a", 1); /* the 128th */
    runs(&f);
    assert_in_range(kept_batches(&f), 100, 103);
    row(&f, 100, "a", 1);
    runs(&f);
    sm_clock_set_ms(-1);
    assert_string_equal(run_value(&f, "SELECT n FROM {t}"), "128");
    run_end(&f);
}

/* ---- asked to stop ------------------------------------------------------------------------ */

static sm_code give_engine(void *ctx, struct sm_engine **out, sm_error *err)
{
    run_fixture *f = ctx;

    (void)err;
    *out = f->engine;
    return SM_OK;
}

static bool was_asked(void *ctx)
{
    (void)ctx;
    return true;
}

static void see_session(void *ctx, struct sm_session *s)
{
    (void)ctx;
    assert_non_null(s);
}

/* An interrupt reaches a query that runs, and there is none yet. */
static void test_flow__a_session_that_opens_after_the_stop_runs_nothing(void **state)
{
    run_fixture f;
    sm_stage st[] = { ops_watermark(), ops_aggregate(SM_STAGE_APPEND) };
    sm_flow_env env = { .engine = give_engine,
                        .stopping = was_asked,
                        .session_opened = see_session,
                        .session_closing = see_session,
                        .ctx = &f };
    sm_flow flow = { .env = &env };

    (void)state;
    begin(&f, st);
    assert_string_equal(run_value(&f, "SELECT 'open'"), "open");
    assert_int_equal(sm_flow__need_session(&flow, &f.err), SM_E_CANCELLED);
    sm_flow__close_session(&flow);
    run_end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_stages__windows_come_out_once_over_runs_and_an_idle_run_opens_no_engine),
        SM_TEST(test_stages__update_replaces_the_rows_of_touched_groups),
        SM_TEST(test_stages__complete_replaces_the_table),
        SM_TEST(test_rule_C3_without_no_data_batches_results_wait_for_rows),
        SM_TEST(test_rule_R11_what_is_pending_comes_out_at_the_next_run),
        SM_TEST(test_stages__a_full_refresh_begins_anew_and_drops_the_old_state),
        SM_TEST(test_stages__another_query_is_refused_until_it_is_rebuilt),
        SM_TEST(test_fault__a_failing_disk_changes_no_result),
        SM_TEST(test_flow__old_batches_go_while_it_runs_and_the_newest_stay),
        SM_TEST(test_flow__a_session_that_opens_after_the_stop_runs_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
