/* SPDX-License-Identifier: Apache-2.0 */
/* test_ops_join.c -- two streams that meet. */
#include "tests/unit/ops_fixture.h"

#include <stdio.h>
#include <stdlib.h>

#define S(seconds) ((int64_t)(seconds)*1000000)

/* Rows of both sides: "side id key second good".  Names that could meet ours.  A row has a match
 * within ten seconds of its own, so that it dies ten seconds after it. */
static sm_column columns[] = { { .name = { "_n", 2 }, .type = { "INTEGER", 7 } },
                               { .name = { "c0", 2 }, .type = { "VARCHAR", 7 } },
                               { .name = { "rowid", 5 }, .type = { "INTEGER", 7 } },
                               { .name = { "_smelt_e", 8 }, .type = { "BIGINT", 6 } },
                               { .name = { "_smelt_t", 8 }, .type = { "BIGINT", 6 } },
                               { .name = { "_smelt_ok", 9 }, .type = { "BOOLEAN", 7 } } };

#define IN(rows)                                                                                   \
    "SELECT w, n::INTEGER AS _n, k::VARCHAR AS c0, s::INTEGER AS rowid, g::BOOLEAN AS g FROM ("    \
    "VALUES " rows ") t(w, n, k, s, g)"
#define NOTHING IN("('l', 0, 'a', 1, true)") " WHERE false"
#define ROWS(side)                                                                                 \
    "SELECT _n, c0, rowid, rowid * 1000000::BIGINT AS _smelt_e, (rowid + 10) * 1000000::BIGINT "   \
    "AS _smelt_t, g AS _smelt_ok FROM _smelt_in_0 WHERE w = '" side "'"
#define ON "l.c0 = r.c0 AND l.rowid BETWEEN r.rowid - 10 AND r.rowid + 10"

/* "1:2" is a pair, "1:" a left row alone, ":2" a right one. */
#define PAIRS                                                                                      \
    "SELECT l._n, r._n FROM _smelt_st_0_ln l JOIN _smelt_st_0_ra r ON " ON                         \
    " UNION ALL SELECT l._n, r._n FROM _smelt_st_0_lo l JOIN _smelt_st_0_rn r ON " ON
#define LEFT_ALONE  " UNION ALL SELECT _n, NULL FROM _smelt_st_0_lu"
#define RIGHT_ALONE " UNION ALL SELECT NULL, _n FROM _smelt_st_0_ru"
#define SHOWN(rows)                                                                                \
    "SELECT coalesce(string_agg(concat(l, ':', r), ',' ORDER BY l, r), '') FROM (" rows ") o(l, "  \
    "r)"

/* All against what is new, and what is new against the rest. */
#define MATCHES(own, other)                                                                        \
    "SELECT " own "._smelt_id FROM _smelt_st_0_" own "i " own " SEMI JOIN _smelt_st_0_" other      \
    "n " other " ON " ON " UNION ALL SELECT " own                                                  \
    "._smelt_id FROM (SELECT * FROM _smelt_st_0_" own "i WHERE _smelt_new) " own                   \
    " SEMI JOIN _smelt_st_0_" other "o " other " ON " ON

static const char *const shows[] = {
    [SM_STAGE_INNER] = SHOWN(PAIRS),
    [SM_STAGE_LEFT] = SHOWN(PAIRS LEFT_ALONE),
    [SM_STAGE_RIGHT] = SHOWN(PAIRS RIGHT_ALONE),
    [SM_STAGE_FULL] = SHOWN(PAIRS LEFT_ALONE RIGHT_ALONE),
    [SM_STAGE_SEMI] = SHOWN("SELECT _n, NULL FROM _smelt_st_0_lm"),
    [SM_STAGE_ANTI] = SHOWN("SELECT _n, NULL FROM _smelt_st_0_lu"),
};

static bool keeps_left(sm_stage_join join)
{
    return join == SM_STAGE_LEFT || join == SM_STAGE_FULL || join == SM_STAGE_ANTI;
}

static bool keeps_right(sm_stage_join join)
{
    return join == SM_STAGE_RIGHT || join == SM_STAGE_FULL;
}

static sm_stage_side side(const char *rows, bool preserved)
{
    return (sm_stage_side){ .rows = sm_sv_cstr(rows),
                            .schema = { columns, 6 },
                            .n_hidden = 3,
                            .late_by = SM_SV("_smelt_e"),
                            .final_by = SM_SV("_smelt_t"),
                            .ok_by = SM_SV("_smelt_ok"),
                            .preserved = preserved };
}

static sm_stage join_of(sm_stage_join join)
{
    return (sm_stage){
        .kind = SM_STAGE_JOIN,
        .name = SM_SV("join_1"),
        .relation = SM_SV("_smelt_st_0"),
        .watermarked = true,
        .fingerprint = SM_SV("one"),
        .join = join,
        .left = side(ROWS("l"), keeps_left(join)),
        .right = side(ROWS("r"), keeps_right(join)),
        .match_left = SM_SV(MATCHES("l", "r")),
        .match_right = SM_SV(MATCHES("r", "l")),
    };
}

static void test_rule_K3_every_pair_comes_out_once(void **state)
{
    ops_fixture *f = *state;
    sm_stage st = join_of(SM_STAGE_INNER);
    const char *show = shows[SM_STAGE_INNER];

    ops_begin(f, &st, 1);
    assert_string_equal(ops_batch(f,
                                  IN("('l', 1, 'a', 1, true), ('r', 1, 'a', 2, true), ('r', 2, "
                                     "'b', 2, true)"),
                                  NONE, show),
                        "1:1");
    ops_restart(f);
    assert_string_equal(
        ops_batch(f, IN("('l', 2, 'a', 3, true), ('l', 3, 'b', 30, true)"), NONE, show), "2:1");
    ops_restart(f);
    assert_string_equal(
        ops_batch(f, IN("('r', 3, 'a', 4, true), ('l', 4, 'a', 5, true)"), NONE, show),
        "1:3,2:3,4:1,4:3");
    assert_string_equal(ops_batch(f, NOTHING, NONE, show), "");
}

static void test_ops_join__relations_have_the_columns_of_the_users_only(void **state)
{
    static const char *const names[] = { "ln", "lo", "la", "l0", "lu", "lm",
                                         "rn", "ro", "ra", "r0", "ru" };
    ops_fixture *f = *state;
    sm_stage st = join_of(SM_STAGE_SEMI);
    sm_schema schema;

    ops_begin(f, &st, 1);
    ops_batch(f, IN("('l', 1, 'a', 1, true)"), NONE, shows[SM_STAGE_SEMI]);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        sm_sv sql = sm_arena_printf(f->a, "FROM _smelt_st_0_%s", names[i]);

        sm_assert_ok(sm_session_describe(f->s, sql, f->a, &schema, &f->err), f->err);
        assert_int_equal(schema.n, 3);
        assert_string_equal(schema.columns[2].name.ptr, "rowid");
    }
}

static void test_rule_K4_late_rows_leave_by_side(void **state)
{
    ops_fixture *f = *state;
    sm_stage st = join_of(SM_STAGE_INNER);
    sm_buf sql;
    sm_sv text;

    st.right.late_by = SM_SV("");
    ops_begin(f, &st, 1);
    ops_batch(f, IN("('l', 1, 'a', 15, true)"), S(10), shows[0]);
    assert_string_equal(
        ops_batch(f, IN("('l', 2, 'a', 10, true), ('r', 1, 'a', 10, true)"), S(10), shows[0]),
        "1:1");
    assert_int_equal(f->counts[0].late, 1);
    sm_buf_init(&sql, 100000);
    sm_buf_adds(&sql,
                "SELECT string_agg(concat_ws('|', _stage, _event_time, _lateness, _row), '; ') "
                "FROM (");
    sm_ops_late_rows(f->ops, &sql);
    sm_buf_addc(&sql, ')');
    sm_assert_ok(sm_session_text(f->s, sm_buf_sv(&sql), f->a, &text, &f->err), f->err);
    assert_string_equal(text.ptr,
                        "join_1|1970-01-01 00:00:10|0|{\"_n\":2,\"c0\":\"a\",\"rowid\":10}");
    sm_buf_release(&sql);
}

static void test_rule_K5_a_row_that_can_have_no_match_comes_out_at_once(void **state)
{
    ops_fixture *f = *state;
    sm_stage st = join_of(SM_STAGE_LEFT);
    const char *show = shows[SM_STAGE_LEFT];

    ops_begin(f, &st, 1);
    assert_string_equal(ops_batch(f,
                                  IN("('l', 1, 'a', 1, false), ('l', 2, 'a', 1, NULL), ('l', 3, "
                                     "'a', 1, true), ('r', 1, 'a', 1, false)"),
                                  NONE, show),
                        "1:,2:");
    ops_restart(f);
    assert_string_equal(ops_batch(f, IN("('r', 2, 'a', 2, true)"), NONE, show), "3:2");
    assert_string_equal(ops_batch(f, NOTHING, S(100), show), "");
}

static void test_rule_K6_null_is_equal_to_nothing_and_waits_until_it_dies(void **state)
{
    ops_fixture *f = *state;
    sm_stage st = join_of(SM_STAGE_FULL);
    const char *show = shows[SM_STAGE_FULL];

    ops_begin(f, &st, 1);
    assert_string_equal(
        ops_batch(f, IN("('l', 1, NULL, 1, true), ('r', 1, NULL, 1, true)"), NONE, show), "");
    ops_restart(f);
    assert_string_equal(ops_batch(f, NOTHING, S(10), show), "");
    ops_restart(f);
    assert_string_equal(ops_batch(f, NOTHING, S(11), show), "1:,:1");
    assert_string_equal(ops_batch(f, NOTHING, S(12), show), "");
}

static void test_rule_K7_rows_die_on_both_sides_and_nothing_stays(void **state)
{
    ops_fixture *f = *state;
    sm_stage st = join_of(SM_STAGE_INNER);

    ops_begin(f, &st, 1);
    ops_batch(f, IN("('l', 1, 'a', 1, true), ('r', 1, 'a', 9, true)"), NONE, shows[0]);
    assert_int_equal(ops_files(f, "join_1_l") + ops_files(f, "join_1_r"), 2);
    ops_batch(f, NOTHING, S(11), shows[0]);
    assert_int_equal(ops_files(f, "join_1_l"), 0);
    assert_int_equal(ops_files(f, "join_1_r"), 1);
    ops_restart(f);
    /* the left row is dead: what comes now does not meet it */
    assert_string_equal(
        ops_batch(f, IN("('r', 2, 'a', 12, true), ('l', 2, 'a', 12, true)"), S(11), shows[0]),
        "2:1,2:2");
}

static void test_rule_K7_a_side_without_a_bound_is_never_cleaned(void **state)
{
    ops_fixture *f = *state;
    sm_stage st = join_of(SM_STAGE_INNER);
    sm_column fewer[] = { columns[0], columns[1], columns[2] };

    st.left = (sm_stage_side){ .rows = SM_SV("SELECT _n, c0, rowid FROM _smelt_in_0 WHERE w = 'l'"),
                               .schema = { fewer, 3 } };
    st.match_left = st.match_right = SM_SV("");
    ops_begin(f, &st, 1);
    ops_batch(f, IN("('l', 1, 'a', 1, false)"), S(1000), shows[0]);
    ops_restart(f);
    assert_int_equal(ops_files(f, "join_1_l"), 1);
    assert_string_equal(ops_batch(f, IN("('l', 2, 'a', 1005, false), ('r', 1, 'a', 1001, true)"),
                                  S(1000), shows[0]),
                        "2:1");
    assert_true(sm_ops_follows(&st, 1));
    st.right.final_by = SM_SV("");
    assert_false(sm_ops_follows(&st, 1));
}

static void test_rule_K10_what_had_a_match_leaves_silently_and_what_had_none_is_padded(void **state)
{
    ops_fixture *f = *state;
    sm_stage st = join_of(SM_STAGE_FULL);
    const char *show = shows[SM_STAGE_FULL];

    ops_begin(f, &st, 1);
    assert_string_equal(ops_batch(f,
                                  IN("('l', 1, 'a', 1, true), ('l', 2, 'b', 1, true), ('r', 1, "
                                     "'c', 1, true)"),
                                  NONE, show),
                        "");
    ops_restart(f);
    assert_string_equal(ops_batch(f, IN("('r', 2, 'a', 5, true)"), NONE, show), "1:2");
    ops_restart(f);
    assert_string_equal(ops_batch(f, NOTHING, S(11), show), "2:,:1");
    ops_restart(f);
    assert_string_equal(ops_batch(f, NOTHING, S(50), show), "");
    assert_int_equal(ops_files(f, "join_1_lm") + ops_files(f, "join_1_rm") +
                         ops_files(f, "join_1_l") + ops_files(f, "join_1_r"),
                     0);
}

static void test_rule_K11_a_row_that_meets_its_match_in_its_last_batch_is_not_padded(void **state)
{
    ops_fixture *f = *state;
    sm_stage st = join_of(SM_STAGE_LEFT);
    const char *show = shows[SM_STAGE_LEFT];

    ops_begin(f, &st, 1);
    ops_batch(f, IN("('l', 1, 'a', 1, true), ('l', 2, 'b', 1, true)"), NONE, show);
    ops_restart(f);
    assert_string_equal(ops_batch(f, IN("('r', 1, 'a', 11, true)"), S(11), show), "1:1,2:");
    assert_string_equal(ops_batch(f, NOTHING, S(30), show), "");
}

static void
test_rule_K12_a_row_that_is_dead_when_it_comes_meets_and_is_padded_but_not_stored(void **state)
{
    ops_fixture *f = *state;
    sm_stage st = join_of(SM_STAGE_FULL);
    const char *show = shows[SM_STAGE_FULL];

    ops_begin(f, &st, 1);
    ops_batch(f, IN("('l', 1, 'a', 1, true)"), NONE, show);
    assert_string_equal(
        ops_batch(f, IN("('r', 1, 'a', 2, true), ('r', 2, 'b', 3, true)"), S(20), show), "1:1,:2");
    assert_int_equal(ops_files(f, "join_1_r"), 0);
    ops_restart(f);
    assert_string_equal(ops_batch(f, NOTHING, S(40), show), "");
}

static void test_rule_K13_a_semi_row_comes_out_at_its_first_match_only(void **state)
{
    ops_fixture *f = *state;
    sm_stage st = join_of(SM_STAGE_SEMI);
    const char *show = shows[SM_STAGE_SEMI];

    ops_begin(f, &st, 1);
    assert_string_equal(ops_batch(f,
                                  IN("('l', 1, 'a', 1, true), ('l', 2, 'b', 1, true), ('r', 1, "
                                     "'a', 2, true), ('r', 2, 'a', 3, true)"),
                                  NONE, show),
                        "1:");
    ops_restart(f);
    assert_string_equal(
        ops_batch(f, IN("('r', 3, 'a', 4, true), ('r', 4, 'b', 4, true)"), NONE, show), "2:");
    ops_restart(f);
    assert_string_equal(
        ops_batch(f, IN("('r', 5, 'b', 5, true), ('l', 3, 'b', 5, true)"), NONE, show), "3:");
    ops_restart(f);
    assert_string_equal(ops_batch(f, NOTHING, S(100), show), "");
}

static void test_rule_K14_an_anti_row_comes_out_when_it_dies_without_a_match(void **state)
{
    ops_fixture *f = *state;
    sm_stage st = join_of(SM_STAGE_ANTI);
    const char *show = shows[SM_STAGE_ANTI];

    ops_begin(f, &st, 1);
    assert_string_equal(ops_batch(f,
                                  IN("('l', 1, 'a', 1, true), ('l', 2, 'b', 1, true), ('l', 3, "
                                     "NULL, 1, true), ('l', 4, 'b', 1, false)"),
                                  NONE, show),
                        "4:");
    ops_restart(f);
    assert_string_equal(
        ops_batch(f, IN("('r', 1, 'a', 4, true), ('r', 2, NULL, 4, true)"), NONE, show), "");
    ops_restart(f);
    assert_string_equal(ops_batch(f, NOTHING, S(11), show), "2:,3:");
    assert_string_equal(ops_batch(f, NOTHING, S(50), show), "");
}

static void test_rule_K15_without_a_watermark_everything_is_kept(void **state)
{
    ops_fixture *f = *state;
    sm_stage st = join_of(SM_STAGE_INNER);

    st.watermarked = false;
    ops_begin(f, &st, 1);
    ops_batch(f, IN("('l', 1, 'a', 1, true)"), S(1000), shows[0]);
    ops_restart(f);
    assert_string_equal(ops_batch(f, IN("('r', 1, 'a', 2, true)"), S(1000), shows[0]), "1:1");
    assert_int_equal(f->counts[0].late, 0);
    assert_false(sm_ops_follows(&st, 1));
}

static void test_rule_K9_the_watermark_of_a_join_lags_behind(void **state)
{
    ops_fixture *f = *state;
    sm_stage st = join_of(SM_STAGE_LEFT);
    const char *show = shows[SM_STAGE_LEFT];

    st.lag_us = S(5);
    ops_begin(f, &st, 1);
    ops_batch(f, IN("('l', 1, 'a', 1, true)"), S(15), show);
    assert_string_equal(ops_batch(f, NOTHING, S(16), show), "1:");
}

/* ---- against a plain computation --------------------------------------------------------- */

enum { BATCHES = 8, MOST = 14, ROWS_IN_ALL = BATCHES * MOST, PAIRS_IN_ALL = 20000 };

typedef struct row {
    bool left, good;
    int key, second, id; /* key 0: NULL */
} row;

typedef struct pair {
    int l, r; /* 0: none */
} pair;

typedef struct pairs {
    pair items[PAIRS_IN_ALL];
    size_t n;
} pairs;

static void add_pair(pairs *p, int l, int r)
{
    assert_true(p->n < PAIRS_IN_ALL);
    p->items[p->n++] = (pair){ l, r };
}

static int compare(const void *x, const void *y)
{
    const pair *a = x, *b = y;

    return a->l != b->l ? a->l - b->l : a->r - b->r;
}

static bool meet(const row *l, const row *r)
{
    return l->good && r->good && l->key != 0 && l->key == r->key &&
           abs(l->second - r->second) <= 10;
}

static bool has_match(const row *rows, size_t n, const row *x)
{
    for (size_t i = 0; i < n; i++)
        if (rows[i].left != x->left && meet(x, &rows[i]))
            return true;
    return false;
}

static void plain_row(pairs *out, sm_stage_join join, const row *rows, size_t n, const row *x)
{
    bool match = has_match(rows, n, x);
    bool alone = x->left ? keeps_left(join) && !match : keeps_right(join) && !match;

    if (alone || (x->left && match && join == SM_STAGE_SEMI))
        add_pair(out, x->left ? x->id : 0, x->left ? 0 : x->id);
    for (size_t i = 0; x->left && join < SM_STAGE_SEMI && i < n; i++)
        if (!rows[i].left && meet(x, &rows[i]))
            add_pair(out, x->id, rows[i].id);
}

/* "1:2,3:,:4" */
static void read_pairs(pairs *out, const char *text)
{
    while (*text) {
        char *end;
        int l = (int)strtol(text, &end, 10), r;

        assert_int_equal(*end, ':');
        r = (int)strtol(end + 1, &end, 10);
        add_pair(out, l, r);
        text = *end == ',' ? end + 1 : end;
    }
}

/* Fills `rows` with those that are not late; the text of all. */
static const char *random_batch(ops_fixture *f, unsigned *seed, int now, row *rows, size_t *n)
{
    size_t made = ops_random(seed, MOST);
    sm_buf sql;
    sm_sv copy;

    sm_buf_init(&sql, 100000);
    sm_buf_adds(&sql, "SELECT w, n::INTEGER AS _n, k::VARCHAR AS c0, s::INTEGER AS rowid, "
                      "g::BOOLEAN AS g FROM (VALUES ('', 0, NULL, 0, true)");
    for (size_t i = 0; i < made; i++) {
        row r = { .left = ops_random(seed, 2) == 0,
                  .good = ops_random(seed, 6) != 0,
                  .key = (int)ops_random(seed, 4),
                  .second = now + (int)ops_random(seed, 25) };

        r.id = now * MOST + (int)i + 1;
        sm_buf_addf(&sql, ", ('%c', %d, nullif(%d, 0), %d, %s)", r.left ? 'l' : 'r', r.id, r.key,
                    r.second, r.good ? "true" : "false");
        if (f->final == NONE || S(r.second) > f->final)
            rows[(*n)++] = r;
    }
    sm_buf_adds(&sql, ") t(w, n, k, s, g)");
    copy = sm_arena_dup(f->a, sm_buf_sv(&sql));
    sm_buf_release(&sql);
    return copy.ptr;
}

static void check_random(ops_fixture *f, sm_stage_join join)
{
    sm_stage st = join_of(join);
    pairs *found = calloc(1, sizeof *found), *wanted = calloc(1, sizeof *wanted);
    row rows[ROWS_IN_ALL];
    size_t n = 0;
    unsigned seed = ops_seed();

    ops_begin(f, &st, 1);
    for (int i = 0; i < BATCHES; i++) {
        int64_t final = i < 2 ? NONE : S(4 * i + (int)ops_random(&seed, 8));
        const char *in = random_batch(f, &seed, 4 * i, rows, &n);

        if (f->final != NONE && final < f->final)
            final = f->final;
        read_pairs(found, ops_batch(f, in, final, shows[join]));
        if (ops_random(&seed, 4) == 0)
            ops_restart(f);
    }
    read_pairs(found, ops_batch(f, NOTHING, S(1000), shows[join]));
    for (size_t i = 0; i < n; i++)
        plain_row(wanted, join, rows, n, &rows[i]);
    qsort(found->items, found->n, sizeof(pair), compare);
    qsort(wanted->items, wanted->n, sizeof(pair), compare);
    assert_int_equal(found->n, wanted->n);
    assert_memory_equal(found->items, wanted->items, wanted->n * sizeof(pair));
    assert_true(wanted->n > 0);
    free(found);
    free(wanted);
}

static void test_ops_join__random_batches_give_what_a_plain_computation_gives(void **state)
{
    for (sm_stage_join join = SM_STAGE_INNER; join <= SM_STAGE_ANTI; join++)
        check_random(*state, join);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_rule_K3_every_pair_comes_out_once),
        SM_TEST(test_ops_join__relations_have_the_columns_of_the_users_only),
        SM_TEST(test_rule_K4_late_rows_leave_by_side),
        SM_TEST(test_rule_K5_a_row_that_can_have_no_match_comes_out_at_once),
        SM_TEST(test_rule_K6_null_is_equal_to_nothing_and_waits_until_it_dies),
        SM_TEST(test_rule_K7_rows_die_on_both_sides_and_nothing_stays),
        SM_TEST(test_rule_K7_a_side_without_a_bound_is_never_cleaned),
        SM_TEST(test_rule_K9_the_watermark_of_a_join_lags_behind),
        SM_TEST(test_rule_K10_what_had_a_match_leaves_silently_and_what_had_none_is_padded),
        SM_TEST(test_rule_K11_a_row_that_meets_its_match_in_its_last_batch_is_not_padded),
        SM_TEST(test_rule_K12_a_row_that_is_dead_when_it_comes_meets_and_is_padded_but_not_stored),
        SM_TEST(test_rule_K13_a_semi_row_comes_out_at_its_first_match_only),
        SM_TEST(test_rule_K14_an_anti_row_comes_out_when_it_dies_without_a_match),
        SM_TEST(test_rule_K15_without_a_watermark_everything_is_kept),
        SM_TEST(test_ops_join__random_batches_give_what_a_plain_computation_gives),
    };

    return cmocka_run_group_tests(tests, ops_setup, ops_teardown);
}
