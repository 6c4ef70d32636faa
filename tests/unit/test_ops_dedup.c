/* SPDX-License-Identifier: Apache-2.0 */
/* test_ops_dedup.c -- the first row of each key, and the first rows of all. */
#include "tests/unit/ops_fixture.h"

#include <stdio.h>
#include <stdlib.h>

#define S(seconds) ((int64_t)(seconds)*1000000)

static sm_column columns[] = { { .name = { "_n", 2 }, .type = { "VARCHAR", 7 } },
                               { .name = { "rowid", 5 }, .type = { "INTEGER", 7 } },
                               { .name = { "c0", 2 }, .type = { "INTEGER", 7 } },
                               { .name = { "_smelt_e", 8 }, .type = { "BIGINT", 6 } },
                               { .name = { "_smelt_t", 8 }, .type = { "BIGINT", 6 } } };
static const sm_sv key[] = { SM_SV_LIT("_n"), SM_SV_LIT("rowid") };

/* Rows "second key value"; names that could meet ours.  What is late by the second dies ten
 * seconds after it. */
#define IN(rows)                                                                                   \
    "SELECT k::VARCHAR AS _n, v::INTEGER AS rowid, s::INTEGER AS c0 FROM (VALUES " rows            \
    ") t(s, k, v)"
#define NOTHING    IN("(0, 'a', 1)") " WHERE false"
#define ROWS(e, t) "SELECT *, " e " AS _smelt_e, " t " AS _smelt_t FROM _smelt_in_0"
#define TIME       "c0 * 1000000::BIGINT"
#define WITHIN     ROWS(TIME, "(c0 + 10) * 1000000::BIGINT")
#define SHOW                                                                                       \
    "SELECT coalesce(string_agg(concat_ws(' ', coalesce(_n, '-'), rowid, c0), ', ' ORDER BY c0, "  \
    "_n, rowid), '') FROM _smelt_st_0"

static sm_stage dedup(const char *rows, size_t n_keys)
{
    return (sm_stage){ .kind = SM_STAGE_DEDUP,
                       .name = SM_SV("dedup_1"),
                       .relation = SM_SV("_smelt_st_0"),
                       .rows = sm_sv_cstr(rows),
                       .schema = { columns, 5 },
                       .n_hidden = 2,
                       .late_by = SM_SV("_smelt_e"),
                       .final_by = SM_SV("_smelt_t"),
                       .out = { columns, 3 },
                       .watermarked = true,
                       .fingerprint = SM_SV("one"),
                       .columns = key,
                       .n_columns = n_keys };
}

static void test_rule_I1_the_first_row_of_a_key_comes_out_at_once(void **state)
{
    ops_fixture *f = *state;
    sm_stage st = dedup(WITHIN, 1);

    st.late_by = st.final_by = SM_SV("");
    st.watermarked = false;
    ops_begin(f, &st, 1);
    assert_string_equal(ops_batch(f, IN("(3, 'a', 1), (1, 'a', 2), (2, 'b', 3)"), NONE, SHOW),
                        "b 3 2, a 1 3");
    assert_int_equal(f->counts[0].duplicate, 1);
    ops_restart(f);
    assert_string_equal(ops_batch(f, IN("(9, 'b', 1), (8, 'c', 1)"), NONE, SHOW), "c 1 8");
    assert_int_equal(f->counts[0].duplicate, 1);
    assert_string_equal(ops_batch(f, NOTHING, NONE, SHOW), "");
    assert_int_equal(ops_files(f, "dedup_1"), 2);
}

static void test_rule_I1_the_first_row_is_the_first_of_many_too(void **state)
{
    ops_fixture *f = *state;
    sm_stage st = dedup(WITHIN, 1);

    st.late_by = st.final_by = SM_SV("");
    ops_begin(f, &st, 1);
    assert_string_equal(
        ops_batch(f,
                  "SELECT (i % 1000)::VARCHAR AS _n, i::INTEGER AS rowid, 0 AS c0 FROM "
                  "range(400000) r(i)",
                  NONE,
                  "SELECT count(*) || ' ' || max(rowid) || ' ' || sum(rowid) FROM "
                  "_smelt_st_0"),
        "1000 999 499500");
    assert_int_equal(f->counts[0].duplicate, 399000);
}

static void test_rule_I2_the_key_is_the_listed_columns_and_null_is_a_key(void **state)
{
    ops_fixture *f = *state;
    sm_stage st = dedup(WITHIN, 2);

    st.late_by = st.final_by = SM_SV("");
    ops_begin(f, &st, 1);
    assert_string_equal(
        ops_batch(f, IN("(1, 'a', 1), (2, 'a', 2), (3, NULL, 1), (4, NULL, 1)"), NONE, SHOW),
        "a 1 1, a 2 2, - 1 3");
    ops_restart(f);
    assert_string_equal(ops_batch(f, IN("(5, NULL, 1), (6, NULL, NULL)"), NONE, SHOW), "- 6");
    assert_string_equal(ops_batch(f, IN("(7, NULL, NULL), (8, 'a', NULL)"), NONE, SHOW), "a 8");
}

static void test_rule_I3_late_rows_leave_and_keys_die_by_their_event_time(void **state)
{
    ops_fixture *f = *state;
    sm_stage st = dedup(ROWS(TIME, TIME), 1);

    ops_begin(f, &st, 1);
    assert_string_equal(ops_batch(f, IN("(5, 'a', 1), (9, 'b', 1)"), S(5), SHOW), "a 1 5, b 1 9");
    ops_restart(f);
    /* a died at 5; a row at 5 is late, one after it is a first one */
    assert_string_equal(ops_batch(f, IN("(5, 'c', 1), (6, 'a', 2), (9, 'b', 2)"), S(5), SHOW),
                        "a 2 6");
    assert_int_equal(f->counts[0].late, 1);
    assert_int_equal(f->counts[0].duplicate, 1);
    assert_string_equal(ops_batch(f, NOTHING, S(9), SHOW), "");
    assert_int_equal(ops_files(f, "dedup_1"), 0);
}

static void test_rule_I3_without_event_time_in_the_key_nothing_dies(void **state)
{
    ops_fixture *f = *state;
    sm_stage st = dedup(ROWS(TIME, "NULL::BIGINT"), 1);

    st.final_by = SM_SV("");
    ops_begin(f, &st, 1);
    ops_batch(f, IN("(5, 'a', 1)"), S(100), SHOW);
    ops_restart(f);
    assert_string_equal(ops_batch(f, IN("(200, 'a', 1), (50, 'b', 1)"), S(100), SHOW), "");
    assert_int_equal(f->counts[0].duplicate, 1);
    assert_int_equal(f->counts[0].late, 1);
}

static void test_rule_I4_duplicates_are_counted_without_late_rows(void **state)
{
    ops_fixture *f = *state;
    sm_stage st = dedup(WITHIN, 1);
    sm_buf sql;
    sm_sv text;

    ops_begin(f, &st, 1);
    ops_batch(f, IN("(20, 'a', 1)"), S(15), SHOW);
    ops_batch(f, IN("(15, 'a', 1), (14, 'b', 2), (16, 'a', 3), (17, 'a', 4)"), S(15), SHOW);
    assert_int_equal(f->counts[0].duplicate, 2);
    assert_int_equal(f->counts[0].late, 2);
    sm_buf_init(&sql, 100000);
    sm_buf_adds(&sql,
                "SELECT string_agg(concat_ws('|', _stage, _event_time, _lateness, _row), '; ' "
                "ORDER BY _row) FROM (");
    sm_ops_late_rows(f->ops, &sql);
    sm_buf_addc(&sql, ')');
    sm_assert_ok(sm_session_text(f->s, sm_buf_sv(&sql), f->a, &text, &f->err), f->err);
    assert_string_equal(text.ptr, "dedup_1|1970-01-01 00:00:15|0|{\"_n\":\"a\",\"rowid\":1,\"c0\":"
                                  "15}; dedup_1|1970-01-01 00:00:14|1000000|{\"_n\":\"b\","
                                  "\"rowid\":2,\"c0\":14}");
    sm_buf_release(&sql);
}

static void test_rule_I6_other_columns_may_change_at_a_restart(void **state)
{
    ops_fixture *f = *state;
    sm_column fewer[] = { columns[2], columns[0], columns[3], columns[4] };
    sm_stage st = dedup(WITHIN, 1);

    ops_begin(f, &st, 1);
    ops_batch(f, IN("(20, 'a', 1)"), S(15), SHOW);
    st.rows = SM_SV("SELECT c0, _n, " TIME " AS _smelt_e, " TIME " + 10000000 AS _smelt_t FROM "
                    "_smelt_in_0");
    st.schema = (sm_schema){ fewer, 4 };
    ops_restart(f);
    assert_string_equal(ops_batch(f, IN("(21, 'a', 1), (22, 'b', 1)"), S(15),
                                  "SELECT string_agg(_n || c0, ',') FROM _smelt_st_0"),
                        "b22");
}

static void test_rule_J1_a_duplicate_does_not_make_the_key_live_longer(void **state)
{
    ops_fixture *f = *state;
    sm_stage st = dedup(WITHIN, 1);

    ops_begin(f, &st, 1);
    ops_batch(f, IN("(10, 'a', 1)"), S(5), SHOW);
    assert_string_equal(ops_batch(f, IN("(19, 'a', 2)"), S(5), SHOW), "");
    assert_string_equal(ops_batch(f, NOTHING, S(20), SHOW), "");
    assert_string_equal(ops_batch(f, IN("(21, 'a', 3)"), S(20), SHOW), "a 3 21");
}

static void test_rule_J2_a_key_is_forgotten_when_the_watermark_reaches_its_end(void **state)
{
    ops_fixture *f = *state;
    sm_stage st = dedup(WITHIN, 1);

    ops_begin(f, &st, 1);
    ops_batch(f, IN("(10, 'a', 1)"), NONE, SHOW);
    ops_restart(f);
    assert_string_equal(ops_batch(f, IN("(30, 'a', 2)"), S(19), SHOW), "");
    ops_restart(f);
    /* it dies in this batch, after its rows */
    assert_string_equal(ops_batch(f, IN("(31, 'a', 3)"), S(20), SHOW), "");
    ops_restart(f);
    assert_string_equal(ops_batch(f, IN("(32, 'a', 4), (33, 'a', 5)"), S(20), SHOW), "a 4 32");
}

static void test_rule_J3_a_row_at_the_watermark_is_late_and_one_without_time_is_not(void **state)
{
    ops_fixture *f = *state;
    sm_stage st = dedup(WITHIN, 1);

    ops_begin(f, &st, 1);
    ops_batch(f, IN("(10, 'a', 1)"), S(10), SHOW);
    assert_string_equal(ops_batch(f, IN("(10, 'b', 1), (NULL, 'c', 1)"), S(10), SHOW), "c 1");
    assert_int_equal(f->counts[0].late, 1);
    ops_restart(f);
    assert_string_equal(ops_batch(f, IN("(1000, 'c', 2)"), S(900), SHOW), "");
}

static void test_rule_C1_both_forms_want_a_batch_when_the_watermark_moves(void **state)
{
    sm_stage st = dedup(WITHIN, 1);

    (void)state;
    assert_true(sm_ops_follows(&st, 1));
    st.final_by = SM_SV("");
    assert_true(sm_ops_follows(&st, 1));
    st.watermarked = false;
    assert_false(sm_ops_follows(&st, 1));
}

static void test_rule_I5_two_in_a_row(void **state)
{
    ops_fixture *f = *state;
    sm_stage st[] = { dedup(WITHIN, 2), dedup("", 1) };

    st[1].rows =
        SM_SV("SELECT *, NULL::BIGINT AS _smelt_e, NULL::BIGINT AS _smelt_t FROM _smelt_st_0");
    st[1].name = SM_SV("dedup_2");
    st[1].relation = SM_SV("_smelt_st_1");
    ops_begin(f, st, 2);
    assert_string_equal(ops_batch(f, IN("(1, 'a', 1), (2, 'a', 1), (3, 'a', 2), (4, 'b', 1)"), NONE,
                                  "SELECT string_agg(_n || rowid || c0, ',' ORDER BY c0) FROM "
                                  "_smelt_st_1"),
                        "a11,b14");
    assert_int_equal(f->counts[0].duplicate, 1);
    assert_int_equal(f->counts[1].duplicate, 1);
}

/* ---- against a plain computation --------------------------------------------------------- */

typedef struct row {
    int key, value, second;
} row;

enum { KEYS = 12, BATCHES = 32, MOST = 40 };

static int compare(const void *x, const void *y)
{
    const row *a = x, *b = y;

    return a->value - b->value;
}

/* The values of the rows that come out of one batch, in their order; state: when a key dies. */
static const char *expected(ops_fixture *f, const row *rows, size_t n, int64_t *dies, int64_t *dups)
{
    row out[MOST];
    size_t n_out = 0;
    sm_buf text;
    sm_sv copy;

    *dups = 0;
    for (size_t i = 0; i < n; i++) {
        int64_t e = S(rows[i].second);

        if (f->final != NONE && e <= f->final)
            continue;
        if (dies[rows[i].key] != NONE && (f->final == NONE || dies[rows[i].key] > f->final)) {
            ++*dups;
            continue;
        }
        dies[rows[i].key] = e + S(10);
        out[n_out++] = rows[i];
    }
    qsort(out, n_out, sizeof *out, compare);
    sm_buf_init(&text, 100000);
    for (size_t i = 0; i < n_out; i++)
        sm_buf_addf(&text, "%s%d", i ? "," : "", out[i].value);
    copy = sm_arena_dup(f->a, sm_buf_sv(&text));
    sm_buf_release(&text);
    return copy.ptr;
}

static const char *select_of(ops_fixture *f, const row *rows, size_t n)
{
    sm_buf sql;
    sm_sv copy;

    sm_buf_init(&sql, 1000000);
    sm_buf_adds(&sql, "SELECT k::VARCHAR AS _n, v::INTEGER AS rowid, s::INTEGER AS c0 FROM (VALUES "
                      "(0, 0, 0)");
    for (size_t i = 0; i < n; i++)
        sm_buf_addf(&sql, ", (%d, %d, %d)", rows[i].second, rows[i].key, rows[i].value);
    sm_buf_adds(&sql, ") t(s, k, v) WHERE v > 0");
    copy = sm_arena_dup(f->a, sm_buf_sv(&sql));
    sm_buf_release(&sql);
    return copy.ptr;
}

static void test_ops_dedup__random_batches_give_what_a_plain_computation_gives(void **state)
{
    ops_fixture *f = *state;
    sm_stage st = dedup(WITHIN, 1);
    unsigned seed = ops_seed();
    int64_t dies[KEYS], dups;
    int value = 0;

    for (int i = 0; i < KEYS; i++)
        dies[i] = NONE;
    ops_begin(f, &st, 1);
    for (int i = 0; i < BATCHES; i++) {
        row rows[MOST];
        size_t n = ops_random(&seed, MOST);
        int64_t final = i < 5 ? NONE : S(i + (int)ops_random(&seed, 3));
        const char *wanted;

        for (size_t k = 0; k < n; k++)
            rows[k] =
                (row){ (int)ops_random(&seed, KEYS), ++value, i - 8 + (int)ops_random(&seed, 20) };
        if (final != NONE && f->final != NONE && final < f->final)
            final = f->final;
        wanted = expected(f, rows, n, dies, &dups);
        assert_string_equal(ops_batch(f, select_of(f, rows, n), final,
                                      "SELECT coalesce(string_agg(rowid, ',' ORDER BY rowid), '') "
                                      "FROM _smelt_st_0"),
                            wanted);
        assert_int_equal(f->counts[0].duplicate, dups);
        if (ops_random(&seed, 4) == 0)
            ops_restart(f);
    }
}

/* ---- limit --------------------------------------------------------------------------------- */

static sm_stage limit(int64_t rows)
{
    return (sm_stage){ .kind = SM_STAGE_LIMIT,
                       .name = SM_SV("limit_1"),
                       .relation = SM_SV("_smelt_st_0"),
                       .rows = SM_SV("SELECT * FROM _smelt_in_0"),
                       .schema = { columns, 3 },
                       .out = { columns, 3 },
                       .fingerprint = SM_SV("one"),
                       .limit = rows };
}

static void test_rule_F8_limit_counts_over_the_life_of_the_query(void **state)
{
    ops_fixture *f = *state;
    sm_stage st = limit(3);

    ops_begin(f, &st, 1);
    assert_string_equal(ops_batch(f, NOTHING, NONE, SHOW), "");
    assert_int_equal(ops_files(f, "limit_1"), 0);
    assert_string_equal(ops_batch(f, IN("(1, 'a', 1), (2, 'b', 2)"), NONE, SHOW), "a 1 1, b 2 2");
    ops_restart(f);
    assert_string_equal(ops_batch(f, IN("(3, 'c', 1), (4, 'd', 2)"), NONE,
                                  "SELECT count(*)::VARCHAR "
                                  "FROM _smelt_st_0"),
                        "1");
    ops_restart(f);
    for (int i = 0; i < 20; i++)
        assert_string_equal(ops_batch(f, IN("(5, 'e', 1)"), NONE, SHOW), "");
    assert_int_equal(ops_files(f, "limit_1"), 2);
    assert_false(sm_ops_follows(&st, 1));
}

static void test_rule_F8_limit_0_is_an_empty_result_and_many_batches_are_one_number(void **state)
{
    ops_fixture *f = *state;
    sm_stage none = limit(0), many = limit(50);

    ops_begin(f, &none, 1);
    assert_string_equal(ops_batch(f, IN("(1, 'a', 1)"), NONE, SHOW), "");
    ops_begin(f, &many, 1);
    for (int i = 0; i < 40; i++)
        ops_batch(f, IN("(1, 'a', 1)"), NONE, SHOW);
    ops_restart(f);
    assert_string_equal(ops_batch(f,
                                  "SELECT 'x' AS _n, i::INTEGER AS rowid, 0 AS c0 FROM range(30) "
                                  "r(i)",
                                  NONE, "SELECT count(*)::VARCHAR FROM _smelt_st_0"),
                        "10");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_rule_I1_the_first_row_of_a_key_comes_out_at_once),
        SM_TEST(test_rule_I1_the_first_row_is_the_first_of_many_too),
        SM_TEST(test_rule_I2_the_key_is_the_listed_columns_and_null_is_a_key),
        SM_TEST(test_rule_I3_late_rows_leave_and_keys_die_by_their_event_time),
        SM_TEST(test_rule_I3_without_event_time_in_the_key_nothing_dies),
        SM_TEST(test_rule_I4_duplicates_are_counted_without_late_rows),
        SM_TEST(test_rule_I5_two_in_a_row),
        SM_TEST(test_rule_I6_other_columns_may_change_at_a_restart),
        SM_TEST(test_rule_J1_a_duplicate_does_not_make_the_key_live_longer),
        SM_TEST(test_rule_J2_a_key_is_forgotten_when_the_watermark_reaches_its_end),
        SM_TEST(test_rule_J3_a_row_at_the_watermark_is_late_and_one_without_time_is_not),
        SM_TEST(test_rule_C1_both_forms_want_a_batch_when_the_watermark_moves),
        SM_TEST(test_ops_dedup__random_batches_give_what_a_plain_computation_gives),
        SM_TEST(test_rule_F8_limit_counts_over_the_life_of_the_query),
        SM_TEST(test_rule_F8_limit_0_is_an_empty_result_and_many_batches_are_one_number),
    };

    return cmocka_run_group_tests(tests, ops_setup, ops_teardown);
}
