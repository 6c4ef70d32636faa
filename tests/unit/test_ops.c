/* SPDX-License-Identifier: Apache-2.0 */
/* test_ops.c -- stages that remember, over batches, restarts and faults. */
#include "tests/unit/ops_fixture.h"
#include "tests/unit/ops_stages.h"

#include <stdio.h>
#include <time.h>

#include "runtime/base/fs.h"

/* Rows "second key value", … as the input. */
#define IN(rows)                                                                                   \
    "SELECT make_timestamp(s * 1000000) AS ts, k, v::INTEGER AS v FROM (VALUES " rows ") t(s, k, " \
    "v)"
#define NOTHING IN("(0, 'a', 1)") " WHERE false"
#define SHOW                                                                                       \
    "SELECT coalesce(string_agg(concat_ws(' ', k0, coalesce(k1, '-'), a0, a1), ', ' ORDER BY k0, " \
    "k1), '') FROM _smelt_st_1"
#define S(seconds) ((int64_t)(seconds)*1000000)

/* ---- append ---------------------------------------------------------------------------- */

static void test_ops__a_window_comes_out_once_when_it_is_final_also_over_restarts(void **state)
{
    ops_fixture *f = *state;
    sm_stage st[] = { ops_watermark(), ops_aggregate(SM_STAGE_APPEND) };

    ops_begin(f, st, 2);
    assert_string_equal(ops_batch(f, IN("(1, 'a', 1), (2, 'a', 2), (11, 'b', 5)"), NONE, SHOW), "");
    assert_int_equal(f->counts[0].seen_us, S(11));
    assert_int_equal(f->counts[0].rows, 3);
    ops_restart(f);
    assert_string_equal(ops_batch(f, IN("(3, 'a', 4), (21, 'b', 1)"), S(10), SHOW), "0 a 3 7");
    ops_restart(f);
    assert_string_equal(ops_batch(f, NOTHING, S(21), SHOW), "1 b 1 5");
    ops_restart(f);
    assert_string_equal(ops_batch(f, NOTHING, S(30), SHOW), "2 b 1 1");
    assert_int_equal(ops_files(f, "aggregate_1"), 0);
}

static void test_rule_D1_a_row_at_the_watermark_of_the_batch_before_is_late(void **state)
{
    ops_fixture *f = *state;
    sm_stage st[] = { ops_watermark(), ops_aggregate(SM_STAGE_APPEND) };
    sm_buf sql;
    sm_sv text;

    ops_begin(f, st, 2);
    ops_batch(f, IN("(15, 'a', 1)"), S(9), SHOW);
    /* the window [0, 10) is not late at 9, so it is folded, and final at 10 in the same batch */
    assert_string_equal(ops_batch(f, IN("(1, 'a', 1)"), S(10), SHOW), "0 a 1 1");
    assert_int_equal(f->counts[1].late, 0);
    assert_string_equal(ops_batch(f, IN("(2, 'a', 1), (3, 'b', 7), (12, 'a', 1)"), S(10), SHOW),
                        "");
    assert_int_equal(f->counts[1].late, 2);
    sm_buf_init(&sql, 100000);
    sm_buf_adds(&sql,
                "SELECT string_agg(concat_ws('|', _stage, _event_time, _watermark, _lateness, "
                "_row), '; ' ORDER BY _row) FROM (");
    sm_ops_late_rows(f->ops, &sql);
    sm_buf_addc(&sql, ')');
    sm_assert_ok(sm_session_text(f->s, sm_buf_sv(&sql), f->a, &text, &f->err), f->err);
    assert_string_equal(text.ptr, "aggregate_1|1970-01-01 00:00:10|1970-01-01 00:00:10|0|"
                                  "{\"window(ts)\":0,\"k\":\"a\",\"v\":1}; "
                                  "aggregate_1|1970-01-01 00:00:10|1970-01-01 00:00:10|0|"
                                  "{\"window(ts)\":0,\"k\":\"b\",\"v\":7}");
    sm_buf_release(&sql);
}

static void test_ops__null_is_a_key_and_windows_before_1970_are_windows(void **state)
{
    ops_fixture *f = *state;
    sm_stage st[] = { ops_watermark(), ops_aggregate(SM_STAGE_APPEND) };

    st[1].rows =
        SM_SV("SELECT CAST(floor(epoch_us(ts) / 1e7) AS BIGINT) AS k0, k AS k1, v AS x0, "
              "(CAST(floor(epoch_us(ts) / 1e7) AS BIGINT) + 1) * 10000000 AS _smelt_t FROM "
              "_smelt_st_0");
    ops_begin(f, st, 2);
    ops_batch(f, IN("(-5, NULL, 1)"), NONE, SHOW);
    ops_batch(f, IN("(-6, NULL, 2)"), S(-100), SHOW);
    assert_string_equal(ops_batch(f, NOTHING, S(0), SHOW), "-1 - 2 3");
}

static void test_rule_B7_no_time_an_infinite_one_and_the_far_future_move_nothing(void **state)
{
    ops_fixture *f = *state;
    sm_stage st[] = { ops_watermark(), ops_aggregate(SM_STAGE_APPEND) };

    st[0].max_future_us = S(60); /* the batch is at second 1000 */
    ops_begin(f, st, 1);
    ops_batch(f,
              "SELECT ts, 'a' AS k, 1 AS v FROM (VALUES (NULL::TIMESTAMP), ('infinity'), "
              "('-infinity'), (make_timestamp(1060000001)), (make_timestamp(1059999999))) t(ts)",
              NONE, "SELECT count(*) FROM _smelt_st_0");
    assert_int_equal(f->counts[0].seen_us, 1059999000); /* B3: whole milliseconds */
    assert_int_equal(f->counts[0].rows, 5);
    ops_batch(f, "SELECT make_timestamp(-1) AS ts, 'a' AS k, 1 AS v", NONE, "SELECT 1");
    assert_int_equal(f->counts[0].seen_us, -1000);
    ops_batch(f, "SELECT NULL::TIMESTAMP AS ts, 'a' AS k, 1 AS v", NONE, "SELECT 1");
    assert_true(f->counts[0].seen_us == NONE);
}

static void test_ops__a_watermark_counts_how_late_rows_came(void **state)
{
    static const char *const rows =
        "SELECT make_timestamp(us) AS ts, 'a' AS k, 1 AS v FROM (VALUES (10000000), (10000001), "
        "(9000000), (9000000), (-9000000), (NULL), (99000000)) t(us)";
    const int64_t newest[] = { S(10) };
    ops_fixture *f = *state;
    sm_stage st[] = { ops_watermark() };
    const sm_lateness *l;

    ops_begin(f, st, 1);
    ops_batch(f, rows, NONE, "SELECT 1");
    l = f->counts[0].lateness;
    assert_int_equal(l->rows, 7);
    assert_int_equal(l->timeless, 1);
    assert_int_equal(l->first, 6);
    assert_int_equal(sm_lateness_compared(l), 0);
    f->newest = newest;
    ops_batch(f, rows, NONE, "SELECT 1");
    l = f->counts[0].lateness;
    assert_int_equal(l->rows, 7);
    assert_int_equal(l->timeless, 1);
    assert_int_equal(l->first, 0);
    assert_int_equal(l->ahead, 2);
    assert_int_equal(sm_lateness_compared(l), 6);
    assert_int_equal(sm_lateness_behind(l, 0), 4);
    assert_int_equal(sm_lateness_behind(l, 1000), 3);
    assert_int_equal(sm_lateness_behind(l, S(2)), 1);
    assert_int_equal(l->max_us, S(19));
    assert_int_equal(l->newest_us, S(99));
    assert_int_equal(f->counts[0].seen_us, S(99));
    ops_batch(f, "", NONE, "SELECT 1");
    ops_batch(f, "SELECT ts, 'a' AS k, 1 AS v FROM (VALUES ('infinity'::TIMESTAMP)) t(ts)", NONE,
              "SELECT 1");
    assert_int_equal(f->counts[0].lateness->timeless, 1);
    assert_true(f->counts[0].seen_us == NONE);
}

/* R10: what a SELECT above leaves out, the watermark has seen, whether its rows are copied or not.
 */
static void test_ops__a_watermark_over_columns_copies_no_rows(void **state)
{
    static const char *const rows = "SELECT make_timestamp(i * 1000000) AS ts, 'a' AS k, 1 AS v "
                                    "FROM range(1, 10) t(i)";
    ops_fixture *f = *state;
    sm_stage st = ops_watermark();

    st.relation = SM_SV("_smelt_st_9");
    for (int i = 0; i < 4; i++) {
        int64_t tables = 0;
        bool copies = i < 3; /* an input that gives columns, whole, in any order: the last */

        st.whole_input = i != 1;
        st.ordered = i == 2;
        ops_begin(f, &st, 1);
        f->columnar = i > 0;
        assert_string_equal(ops_batch(f, rows, NONE,
                                      "SELECT count(*) FROM _smelt_st_9 WHERE ts < TIMESTAMP "
                                      "'1970-01-01 00:00:03'"),
                            "2");
        assert_int_equal(f->counts[0].seen_us, S(9));
        assert_int_equal(f->counts[0].rows, 9);
        sm_assert_ok(sm_session_int64(f->s,
                                      SM_SV("SELECT count(*) FROM duckdb_tables() WHERE "
                                            "table_name = '_smelt_st_9_t'"),
                                      &tables, &f->err),
                     f->err);
        assert_int_equal(tables, copies);
        if (copies)
            sm_assert_ok(sm_session_exec(f->s, SM_SV("DROP TABLE _smelt_st_9_t"), &f->err), f->err);
    }
}

/* What stands as a table in one batch and as a view in the next is not mixed up. */
static void test_ops__a_batch_without_rows_puts_out_none_of_the_batch_before(void **state)
{
    static const char *const show = "SELECT (SELECT count(*) FROM _smelt_st_0) || ' ' || (SELECT "
                                    "count(*) FROM _smelt_st_1)";
    ops_fixture *f = *state;

    for (int i = 0; i < 4; i++) {
        sm_stage st[] = { ops_watermark(), ops_aggregate(SM_STAGE_UPDATE) };

        st[0].read_once = st[1].read_once = i % 2 == 1;
        ops_begin(f, st, 2);
        if (i >= 2)
            st[0].whole_input = f->columnar = true;
        assert_string_equal(
            ops_batch(f, "SELECT TIMESTAMP '1970-01-01 00:00:05' AS ts, 'a' AS k, 1 AS v", NONE,
                      show),
            "1 1");
        ops_input(f, "SELECT TIMESTAMP '1970-01-01' AS ts, 'a' AS k, 1 AS v WHERE false");
        assert_string_equal(ops_batch(f, "", NONE, show), "0 0");
        assert_int_equal(f->counts[0].rows, 0);
        assert_true(f->counts[0].seen_us == NONE);
        assert_string_equal(
            ops_batch(f, "SELECT TIMESTAMP '1970-01-01 00:00:06' AS ts, 'a' AS k, 1 AS v", NONE,
                      show),
            "1 1");
    }
}

static void test_ops__times_ages_apart_are_counted(void **state)
{
    const int64_t newest[] = { INT64_C(9000000000000000000) };
    ops_fixture *f = *state;
    sm_stage st[] = { ops_watermark() };

    ops_begin(f, st, 1);
    f->newest = newest;
    ops_batch(f, "SELECT make_timestamp(-9000000000000000000) AS ts, 'a' AS k, 1 AS v", NONE,
              "SELECT 1");
    assert_true(f->counts[0].lateness->max_us == INT64_MAX);
    assert_int_equal(sm_lateness_behind(f->counts[0].lateness, S(1000)), 1);
}

/* ---- update, complete -------------------------------------------------------------------- */

static void test_rule_F2_update_gives_each_touched_group_once(void **state)
{
    ops_fixture *f = *state;
    sm_stage st[] = { ops_watermark(), ops_aggregate(SM_STAGE_UPDATE) };

    ops_begin(f, st, 2);
    assert_string_equal(ops_batch(f, IN("(1, 'a', 1), (2, 'b', 2), (3, NULL, 3)"), NONE, SHOW),
                        "0 a 1 1, 0 b 1 2, 0 - 1 3");
    ops_restart(f);
    assert_string_equal(ops_batch(f, IN("(4, NULL, 1), (5, 'b', 1)"), NONE, SHOW),
                        "0 b 2 3, 0 - 2 4");
    assert_string_equal(ops_batch(f, NOTHING, S(10), SHOW), "");
    assert_string_equal(ops_batch(f, IN("(6, 'b', 1), (11, 'b', 1)"), S(10), SHOW), "1 b 1 1");
    assert_int_equal(f->counts[1].late, 1);
}

static void test_rule_F3_complete_gives_all_groups_and_has_no_late_rows(void **state)
{
    ops_fixture *f = *state;
    sm_stage st[] = { ops_watermark(), ops_aggregate(SM_STAGE_COMPLETE) };

    ops_begin(f, st, 2);
    ops_batch(f, IN("(1, 'a', 1)"), S(100), SHOW);
    ops_restart(f);
    assert_string_equal(ops_batch(f, IN("(2, 'a', 1), (12, 'b', 1)"), S(100), SHOW),
                        "0 a 2 2, 1 b 1 1");
    assert_string_equal(ops_batch(f, NOTHING, S(200), SHOW), "0 a 2 2, 1 b 1 1");
    assert_int_equal(f->counts[1].late, 0);
}

static void test_rule_C1_groups_want_a_batch_when_the_watermark_moves_but_for_complete(void **state)
{
    sm_stage append = ops_aggregate(SM_STAGE_APPEND), update = ops_aggregate(SM_STAGE_UPDATE);
    sm_stage complete = ops_aggregate(SM_STAGE_COMPLETE), watermark = ops_watermark();
    sm_stage limit = { .kind = SM_STAGE_LIMIT, .watermarked = true };

    (void)state;
    assert_true(sm_ops_follows(&append, 1));
    assert_true(sm_ops_follows(&update, 1));
    assert_false(sm_ops_follows(&complete, 1));
    assert_false(sm_ops_follows(&watermark, 1));
    assert_false(sm_ops_follows(&limit, 1));
}

#define SHOW_ONE                                                                                   \
    "SELECT count(*) || ': ' || string_agg(concat_ws(' ', a0, a1), ',') FROM _smelt_st_1"

static void test_rule_F4_a_global_aggregate_has_one_row_also_of_nothing(void **state)
{
    ops_fixture *f = *state;
    sm_stage st[] = { ops_watermark(), ops_aggregate(SM_STAGE_UPDATE) };

    st[1].n_keys = 0;
    st[1].rows = SM_SV("SELECT v AS x0 FROM _smelt_st_0");
    st[1].schema = (sm_schema){ ops_group_columns + 2, 1 };
    st[1].out = (sm_schema){ ops_out_columns + 2, 2 };
    st[1].late_by = st[1].final_by = SM_SV("");
    st[1].labels = ops_labels + 2;
    ops_begin(f, st, 2);
    assert_string_equal(ops_batch(f, NOTHING, NONE, SHOW_ONE), "1: 0");
    assert_string_equal(ops_batch(f, IN("(1, 'a', 1), (2, 'b', 4)"), NONE, SHOW_ONE), "1: 2 5");
    ops_restart(f);
    assert_string_equal(ops_batch(f, NOTHING, NONE, SHOW_ONE), "1: 2 5");
    assert_int_equal(ops_files(f, "aggregate_1"), 1);
}

static void test_ops__what_does_not_decompose_keeps_its_rows(void **state)
{
    ops_fixture *f = *state;
    sm_stage st[] = { ops_watermark(), ops_aggregate(SM_STAGE_UPDATE) };

    st[1].keeps_rows = true;
    st[1].values = ops_row_values;
    ops_begin(f, st, 2);
    assert_string_equal(ops_batch(f, IN("(1, 'a', 1), (2, 'a', 1), (3, 'a', 2)"), NONE, SHOW),
                        "0 a 2 4");
    ops_restart(f);
    assert_string_equal(ops_batch(f, IN("(1, 'a', 2), (1, 'a', 3)"), NONE, SHOW), "0 a 3 9");
}

/* ---- any cut into batches ------------------------------------------------------------------ */

/* 300 rows in an order of their own, of which a batch takes those from `at` on. */
static const char *slice(ops_fixture *f, unsigned at, unsigned n)
{
    return sm_arena_printf(
               f->a,
               "SELECT make_timestamp((hash(i) %% 90 * 1000000)::BIGINT) AS ts, CASE WHEN "
               "i %% 5 < 4 THEN 'k' || i %% 5 END AS k, (hash(i + 7) %% 50)::INTEGER AS v "
               "FROM range(%u, %u) t(i)",
               at, at + n)
        .ptr;
}

static const char *value_of(ops_fixture *f, const char *query)
{
    sm_sv out;

    sm_assert_ok(sm_session_text(f->s, sm_sv_cstr(query), f->a, &out, &f->err), f->err);
    return out.ptr;
}

static void test_ops__any_cut_into_batches_gives_what_one_query_over_all_rows_gives(void **state)
{
    ops_fixture *f = *state;
    unsigned seed = (unsigned)time(NULL);

    print_message("seed %u\n", seed);
    for (int life = 0; life < 6; life++) {
        sm_stage st[] = { ops_watermark(), ops_aggregate(SM_STAGE_COMPLETE) };
        const char *got = "", *values = "count(*), sum(v)";
        char query[1024];

        if (life % 2 == 1) {
            st[1].keeps_rows = true;
            st[1].values = ops_row_values;
            values = "count(DISTINCT v), sum(v)";
        }
        ops_begin(f, st, 2);
        for (unsigned at = 0, n; at < 300; at += n) {
            seed = seed * 1103515245 + 12345;
            n = 1 + (seed >> 16) % 40;
            n = at + n > 300 ? 300 - at : n;
            got = ops_batch(f, slice(f, at, n), NONE, SHOW);
            if (seed >> 28 < 4)
                ops_restart(f);
        }
        snprintf(
            query, sizeof query,
            "SELECT string_agg(concat_ws(' ', w, coalesce(k, '-'), a, b), ', ' ORDER BY w, k) "
            "FROM (SELECT epoch_us(ts) // 10000000 AS w, k, %s FROM (%s) GROUP BY ALL) t(w, k, "
            "a, b)",
            values, slice(f, 0, 300));
        assert_string_equal(got, value_of(f, query));
    }
}

/* ---- files ------------------------------------------------------------------------------- */

static void test_ops__sixteen_files_become_one_and_its_rows_are_combined(void **state)
{
    ops_fixture *f = *state;
    sm_stage st[] = { ops_watermark(), ops_aggregate(SM_STAGE_UPDATE) };

    ops_begin(f, st, 2);
    for (int i = 1; i <= 40; i++) {
        char expected[64];

        snprintf(expected, sizeof expected, "0 a %d %d", i, i);
        assert_string_equal(ops_batch(f, IN("(1, 'a', 1)"), NONE, SHOW), expected);
        if (i % 7 == 0)
            ops_restart(f);
    }
    assert_int_equal(ops_files(f, "aggregate_1"), 2 + 8);
}

static void test_ops__an_attempt_that_is_dropped_leaves_nothing(void **state)
{
    ops_fixture *f = *state;
    sm_stage st[] = { ops_watermark(), ops_aggregate(SM_STAGE_UPDATE) };
    const sm_json *unused;

    ops_begin(f, st, 2);
    ops_batch(f, IN("(1, 'a', 1)"), NONE, SHOW);
    assert_string_equal(ops_attempt(f, IN("(1, 'a', 5)"), NONE, SHOW), "0 a 2 6");
    sm_assert_ok(sm_ops_save(f->ops, f->a, &unused, &f->err), f->err);
    assert_int_equal(ops_files(f, "aggregate_1"), 2);
    sm_ops_drop(f->ops);
    assert_int_equal(ops_files(f, "aggregate_1"), 1);
    assert_string_equal(ops_batch(f, IN("(1, 'a', 3)"), NONE, SHOW), "0 a 2 4");
}

static void test_ops__what_a_dead_attempt_left_is_removed_by_the_next(void **state)
{
    ops_fixture *f = *state;
    sm_stage st[] = { ops_watermark(), ops_aggregate(SM_STAGE_UPDATE) };
    const sm_json *unused;

    ops_begin(f, st, 2);
    ops_batch(f, IN("(1, 'a', 1)"), NONE, SHOW);
    ops_attempt(f, IN("(1, 'a', 5)"), NONE, SHOW);
    sm_assert_ok(sm_ops_save(f->ops, f->a, &unused, &f->err), f->err);
    ops_restart(f); /* it died before it decided */
    assert_string_equal(ops_batch(f, IN("(1, 'a', 3)"), NONE, SHOW), "0 a 2 4");
    assert_int_equal(ops_files(f, "aggregate_1"), 2);
}

/* Run the next batch over one row; what it says when it fails. */
static const char *run_fails(ops_fixture *f, sm_code code)
{
    sm_ops_batch b = { .n = f->next, .late_us = NONE, .final_us = NONE, .session = f->s };

    ops_input(f, IN("(1, 'a', 1)"));
    sm_assert_code(sm_ops_run(f->ops, &b, &f->err), code);
    return f->err.msg;
}

static sm_fs_entry *only_file(ops_fixture *f)
{
    sm_fs_entry *found;
    size_t n;
    const char *path = sm_path_join(f->a, sm_sv_cstr(f->folder), SM_SV("aggregate_1"));

    sm_assert_ok(sm_fs_list(path, true, f->a, &found, &n, &f->err), f->err);
    assert_int_equal(n, 1);
    found->name = sm_sv_cstr(sm_path_join(f->a, sm_sv_cstr(path), found->name));
    return found;
}

static void test_ops__a_missing_or_damaged_file_is_refused_with_advice(void **state)
{
    ops_fixture *f = *state;
    sm_stage st[] = { ops_watermark(), ops_aggregate(SM_STAGE_UPDATE) };
    sm_fs_entry *file;
    char zeros[4096] = { 0 };

    ops_begin(f, st, 2);
    ops_batch(f, IN("(1, 'a', 1)"), NONE, SHOW);
    file = only_file(f);
    ops_restart(f);
    sm_assert_ok(
        sm_fs_write(file->name.ptr, (sm_sv){ zeros, (size_t)file->stat.size }, 0600, &f->err),
        f->err);
    sm_test_contains(run_fails(f, SM_E_CORRUPT),
                     "the state of stage \"aggregate_1\" cannot be read");
    sm_assert_ok(sm_fs_write(file->name.ptr, SM_SV("short"), 0600, &f->err), f->err);
    sm_test_contains(run_fails(f, SM_E_CORRUPT), "has 5 bytes");
    sm_assert_ok(sm_fs_unlink(file->name.ptr, &f->err), f->err);
    sm_test_contains(run_fails(f, SM_E_CORRUPT), "--full-refresh t");
}

/* ---- changed queries --------------------------------------------------------------------- */

static void refused(ops_fixture *f, const sm_stage *stages, size_t n, const char *why)
{
    sm_ops_config c = { .stages = stages,
                        .n_stages = n,
                        .folder = sm_sv_cstr(f->folder),
                        .flow = SM_SV("t"),
                        .table = SM_SV("t") };
    sm_ops *o;

    sm_assert_code(sm_ops_open(&c, f->record, &o, &f->err), SM_E_CONFLICT);
    sm_test_contains(f->err.msg, why);
    sm_test_contains(f->err.msg, "aggregate_");
    sm_test_contains(f->err.msg, "--full-refresh t");
}

static void test_ops__state_of_another_stage_is_refused_by_name(void **state)
{
    ops_fixture *f = *state;
    sm_stage st[] = { ops_watermark(), ops_aggregate(SM_STAGE_UPDATE),
                      ops_aggregate(SM_STAGE_UPDATE) };

    ops_begin(f, st, 2);
    ops_batch(f, IN("(1, 'a', 1)"), NONE, SHOW);
    st[2].name = SM_SV("aggregate_2");
    refused(f, st, 3, "was not there before");
    refused(f, st, 1, "is not there any more");
    st[1].fingerprint = SM_SV("two");
    refused(f, st, 2, "other keys, aggregates or another output mode");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_ops__a_window_comes_out_once_when_it_is_final_also_over_restarts),
        SM_TEST(test_rule_D1_a_row_at_the_watermark_of_the_batch_before_is_late),
        SM_TEST(test_ops__null_is_a_key_and_windows_before_1970_are_windows),
        SM_TEST(test_rule_B7_no_time_an_infinite_one_and_the_far_future_move_nothing),
        SM_TEST(test_ops__a_watermark_counts_how_late_rows_came),
        SM_TEST(test_ops__a_watermark_over_columns_copies_no_rows),
        SM_TEST(test_ops__a_batch_without_rows_puts_out_none_of_the_batch_before),
        SM_TEST(test_ops__times_ages_apart_are_counted),
        SM_TEST(test_rule_F2_update_gives_each_touched_group_once),
        SM_TEST(test_rule_F3_complete_gives_all_groups_and_has_no_late_rows),
        SM_TEST(test_rule_C1_groups_want_a_batch_when_the_watermark_moves_but_for_complete),
        SM_TEST(test_rule_F4_a_global_aggregate_has_one_row_also_of_nothing),
        SM_TEST(test_ops__what_does_not_decompose_keeps_its_rows),
        SM_TEST(test_ops__any_cut_into_batches_gives_what_one_query_over_all_rows_gives),
        SM_TEST(test_ops__sixteen_files_become_one_and_its_rows_are_combined),
        SM_TEST(test_ops__an_attempt_that_is_dropped_leaves_nothing),
        SM_TEST(test_ops__what_a_dead_attempt_left_is_removed_by_the_next),
        SM_TEST(test_ops__a_missing_or_damaged_file_is_refused_with_advice),
        SM_TEST(test_ops__state_of_another_stage_is_refused_by_name),
    };

    return cmocka_run_group_tests(tests, ops_setup, ops_teardown);
}
