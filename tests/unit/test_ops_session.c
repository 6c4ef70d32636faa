/* SPDX-License-Identifier: Apache-2.0 */
/* test_ops_session.c -- sessions that grow, touch and end. */
#include "tests/unit/ops_fixture.h"

#include <stdio.h>
#include <stdlib.h>

#define S(seconds) ((int64_t)(seconds)*1000000)

static sm_column columns[] = { { .name = { "k0", 2 }, .type = { "VARCHAR", 7 } },
                               { .name = { "x0", 2 }, .type = { "INTEGER", 7 } },
                               { .name = { "_smelt_s", 8 }, .type = { "BIGINT", 6 } },
                               { .name = { "_smelt_t", 8 }, .type = { "BIGINT", 6 } } };
static sm_column out_columns[] = { { .name = { "k0", 2 }, .type = { "VARCHAR", 7 } },
                                   { .name = { "a0", 2 }, .type = { "BIGINT", 6 } },
                                   { .name = { "a1", 2 }, .type = { "HUGEINT", 7 } },
                                   { .name = { "_smelt_s", 8 }, .type = { "BIGINT", 6 } },
                                   { .name = { "_smelt_t", 8 }, .type = { "BIGINT", 6 } } };
static const sm_stage_partial partials[] = { { SM_SV_LIT("count(*)"), SM_SV_LIT("sum(p0)") },
                                             { SM_SV_LIT("sum(x0)"),
                                               SM_SV_LIT("sum(p1 ORDER BY _n)") } };
static const sm_stage_value values[] = { { SM_SV_LIT("p0"), SM_SV_LIT("count(*)") },
                                         { SM_SV_LIT("p1"), SM_SV_LIT("sum(v)") } };
static const sm_stage_value row_values[] = { { SM_SV_LIT("count(x0)"), SM_SV_LIT("count(v)") },
                                             { SM_SV_LIT("sum(DISTINCT x0)"),
                                               SM_SV_LIT("sum(DISTINCT v)") } };
static const sm_sv labels[] = { SM_SV_LIT("who"), SM_SV_LIT("what") };

/* Rows "second gap key value". */
#define IN(rows)                                                                                   \
    "SELECT k::VARCHAR AS k, v::INTEGER AS v, s::BIGINT AS s, g::BIGINT AS g FROM (VALUES " rows   \
    ") t(s, g, k, v)"
#define NOTHING IN("(0, 0, 'a', 1)") " WHERE false"
#define ROWS                                                                                       \
    "SELECT k AS k0, v AS x0, s * 1000000 AS _smelt_s, (s + g) * 1000000 AS _smelt_t FROM "        \
    "_smelt_in_0"
#define SHOW                                                                                       \
    "SELECT coalesce(string_agg(concat_ws(' ', coalesce(k0, '-'), _smelt_s // 1000000, _smelt_t "  \
    "// 1000000, a0, a1), ', ' ORDER BY k0, _smelt_s), '') FROM _smelt_st_0"

static sm_stage session(sm_stage_mode mode)
{
    return (sm_stage){ .kind = SM_STAGE_SESSION,
                       .name = SM_SV("session_1"),
                       .relation = SM_SV("_smelt_st_0"),
                       .rows = SM_SV(ROWS),
                       .schema = { columns, 4 },
                       .n_hidden = 2,
                       .late_by = SM_SV("_smelt_t"),
                       .final_by = SM_SV("_smelt_t"),
                       .out = { out_columns, 5 },
                       .watermarked = true,
                       .fingerprint = SM_SV("one"),
                       .mode = mode,
                       .n_keys = 1,
                       .labels = labels,
                       .n_args = 1,
                       .partials = partials,
                       .n_partials = 2,
                       .values = values,
                       .n_values = 2 };
}

static void test_rule_H1_sessions_that_touch_are_one(void **state)
{
    ops_fixture *f = *state;
    sm_stage st = session(SM_STAGE_COMPLETE);

    ops_begin(f, &st, 1);
    assert_string_equal(
        ops_batch(f,
                  IN("(10, 5, 'a', 1), (0, 5, 'a', 2), (5, 5, 'a', 4), (16, 5, 'a', 8), "
                     "(5, 5, 'b', 1)"),
                  NONE, SHOW),
        "a 0 15 3 7, a 16 21 1 8, b 5 10 1 1");
    ops_restart(f);
    assert_string_equal(ops_batch(f, IN("(15, 1, 'a', 16)"), NONE, SHOW),
                        "a 0 21 5 31, b 5 10 1 1");
}

static void test_rule_H2_the_gap_may_differ_and_none_is_no_session(void **state)
{
    ops_fixture *f = *state;
    sm_stage st = session(SM_STAGE_COMPLETE);

    ops_begin(f, &st, 1);
    /* the long gap of the first row ends last */
    assert_string_equal(ops_batch(f,
                                  IN("(0, 100, 'a', 1), (10, 1, 'a', 2), (99, 0, 'a', 4), (98, "
                                     "-5, 'a', 8), (50, NULL, 'a', 16), (NULL, 5, 'a', 32)"),
                                  NONE, SHOW),
                        "a 0 100 2 3");
    ops_restart(f);
    assert_string_equal(ops_batch(f, IN("(20, 2, 'a', 4), (100, 2, 'a', 8)"), NONE, SHOW),
                        "a 0 102 4 15");
}

static void test_rule_H3_what_is_final_comes_out_once_and_a_row_glues_sessions(void **state)
{
    ops_fixture *f = *state;
    sm_stage st = session(SM_STAGE_APPEND);

    ops_begin(f, &st, 1);
    assert_string_equal(ops_batch(f,
                                  IN("(0, 5, 'a', 1), (20, 5, 'a', 2), (30, 5, 'a', 4), (0, 3, "
                                     "'b', 1)"),
                                  NONE, SHOW),
                        "");
    ops_restart(f);
    /* [20,25), [25,30) and [30,35) are one; [0,5) is final, and so is b */
    assert_string_equal(ops_batch(f, IN("(25, 5, 'a', 8)"), S(5), SHOW), "a 0 5 1 1, b 0 3 1 1");
    ops_restart(f);
    assert_string_equal(ops_batch(f, NOTHING, S(34), SHOW), "");
    ops_restart(f);
    assert_string_equal(ops_batch(f, NOTHING, S(35), SHOW), "a 20 35 3 14");
    assert_string_equal(ops_batch(f, IN("(36, 1, 'a', 1)"), S(100), SHOW), "a 36 37 1 1");
    assert_int_equal(ops_files(f, "session_1"), 0);
}

static void test_rule_D4_a_row_is_late_by_the_end_of_its_own_session(void **state)
{
    ops_fixture *f = *state;
    sm_stage st = session(SM_STAGE_APPEND);
    sm_buf sql;
    sm_sv text;

    ops_begin(f, &st, 1);
    ops_batch(f, IN("(0, 30, 'a', 1)"), S(10), SHOW);
    /* [5,10) ends at the watermark: it is late, although a session of now would take it */
    ops_batch(f, IN("(5, 5, 'a', 2), (6, 5, 'a', 4)"), S(10), SHOW);
    assert_int_equal(f->counts[0].late, 1);
    sm_buf_init(&sql, 100000);
    sm_buf_adds(&sql,
                "SELECT string_agg(concat_ws('|', _stage, _event_time, _lateness, _row), '; ') "
                "FROM (");
    sm_ops_late_rows(f->ops, &sql);
    sm_buf_addc(&sql, ')');
    sm_assert_ok(sm_session_text(f->s, sm_buf_sv(&sql), f->a, &text, &f->err), f->err);
    assert_string_equal(text.ptr, "session_1|1970-01-01 00:00:10|0|{\"who\":\"a\",\"what\":2}");
    sm_buf_release(&sql);
    assert_string_equal(ops_batch(f, NOTHING, S(30), SHOW), "a 0 30 2 5");
}

static void test_rule_H4_complete_gives_all_sessions_every_time(void **state)
{
    ops_fixture *f = *state;
    sm_stage st = session(SM_STAGE_COMPLETE);

    ops_begin(f, &st, 1);
    ops_batch(f, IN("(0, 5, 'a', 1)"), S(100), SHOW);
    ops_restart(f);
    assert_string_equal(ops_batch(f, IN("(1, 5, 'b', 1), (3, 5, 'a', 1)"), S(100), SHOW),
                        "a 0 8 2 2, b 1 6 1 1");
    assert_string_equal(ops_batch(f, NOTHING, S(200), SHOW), "a 0 8 2 2, b 1 6 1 1");
    assert_int_equal(f->counts[0].late, 0);
    assert_false(sm_ops_follows(&st, 1));
}

static void test_rule_H5_null_is_a_key_as_any(void **state)
{
    ops_fixture *f = *state;
    sm_stage st = session(SM_STAGE_APPEND);

    ops_begin(f, &st, 1);
    ops_batch(f, IN("(0, 5, NULL, 1), (1, 5, 'a', 1)"), NONE, SHOW);
    ops_restart(f);
    assert_string_equal(ops_batch(f, IN("(4, 5, NULL, 2)"), S(9), SHOW), "a 1 6 1 1, - 0 9 2 3");
    assert_true(sm_ops_follows(&st, 1));
}

static void test_ops_session__what_does_not_decompose_keeps_its_rows(void **state)
{
    ops_fixture *f = *state;
    sm_stage st = session(SM_STAGE_APPEND);

    st.keeps_rows = true;
    st.values = row_values;
    ops_begin(f, &st, 1);
    ops_batch(f, IN("(0, 5, 'a', 1), (4, 5, 'a', 1), (20, 5, 'a', 7), (30, 5, 'b', 7)"), NONE,
              SHOW);
    ops_restart(f);
    assert_string_equal(ops_batch(f, IN("(9, 11, 'a', 3)"), NONE, SHOW), "");
    ops_restart(f);
    assert_string_equal(ops_batch(f, NOTHING, S(25), SHOW), "a 0 25 4 11");
    assert_string_equal(ops_batch(f, NOTHING, S(35), SHOW), "b 30 35 1 7");
}

static void test_ops_session__many_batches_of_one_key_become_few_rows(void **state)
{
    ops_fixture *f = *state;
    sm_stage st = session(SM_STAGE_APPEND);

    ops_begin(f, &st, 1);
    for (int i = 0; i < 34; i++) {
        char in[128];

        snprintf(in, sizeof in, "SELECT 'a' AS k, 1 AS v, %d AS s, 5 AS g", i);
        assert_string_equal(ops_batch(f, in, NONE, SHOW), "");
        if (i % 9 == 0)
            ops_restart(f);
    }
    assert_int_equal(ops_files(f, "session_1"), 4);
    ops_restart(f);
    assert_string_equal(ops_batch(f, NOTHING, S(38), SHOW), "a 0 38 34 34");
}

/* ---- against a plain computation --------------------------------------------------------- */

enum { KEYS = 4, BATCHES = 16, MOST = 20, SESSIONS = 1000 };

typedef struct session_row {
    int key;
    int64_t begin, end;
    int count, sum, values; /* values: a set of bits, of those from 0 to 15 */
    bool gone;
} session_row;

typedef struct model {
    session_row all[SESSIONS];
    size_t n;
} model;

static bool touch(const session_row *x, const session_row *y)
{
    return !x->gone && !y->gone && x->key == y->key && x->begin <= y->end && y->begin <= x->end;
}

static void join(session_row *to, session_row *from)
{
    to->begin = from->begin < to->begin ? from->begin : to->begin;
    to->end = from->end > to->end ? from->end : to->end;
    to->count += from->count;
    to->sum += from->sum;
    to->values |= from->values;
    from->gone = true;
}

static void model_add(model *m, session_row row)
{
    bool again = true;

    assert_true(m->n < SESSIONS);
    while (again) {
        again = false;
        for (size_t i = 0; i < m->n; i++) {
            if (!touch(&m->all[i], &row))
                continue;
            join(&row, &m->all[i]);
            again = true;
        }
    }
    m->all[m->n++] = row;
}

static int compare(const void *x, const void *y)
{
    const session_row *a = x, *b = y;

    return a->key != b->key ? a->key - b->key : a->begin < b->begin ? -1 : 1;
}

static int sum_of(int bits)
{
    int sum = 0;

    for (int i = 0; i < 16; i++)
        sum += bits >> i & 1 ? i : 0;
    return sum;
}

/* What comes out; append takes it away. */
static const char *model_out(ops_fixture *f, model *m, const sm_stage *st, int64_t final)
{
    bool append = st->mode == SM_STAGE_APPEND;
    sm_buf text;
    sm_sv copy;
    bool first = true;

    qsort(m->all, m->n, sizeof *m->all, compare);
    sm_buf_init(&text, 100000);
    for (size_t i = 0; i < m->n; i++) {
        session_row *r = &m->all[i];

        if (r->gone || (append && (final == NONE || r->end > final)))
            continue;
        sm_buf_addf(&text, "%s%d %lld %lld %d %d", first ? "" : ", ", r->key,
                    (long long)(r->begin / 1000000), (long long)(r->end / 1000000), r->count,
                    st->keeps_rows ? sum_of(r->values) : r->sum);
        first = false;
        r->gone = append;
    }
    copy = sm_arena_dup(f->a, sm_buf_sv(&text));
    sm_buf_release(&text);
    return copy.ptr;
}

static const char *random_batch(ops_fixture *f, unsigned *seed, model *m, bool append, int now)
{
    size_t n = ops_random(seed, MOST);
    sm_buf sql;
    sm_sv copy;

    sm_buf_init(&sql, 100000);
    sm_buf_adds(&sql, "SELECT k::VARCHAR AS k, v::INTEGER AS v, s::BIGINT AS s, g::BIGINT AS g "
                      "FROM (VALUES (0, 0, '0', 0)"); /* a row without a gap is none */
    for (size_t i = 0; i < n; i++) {
        int s = now + (int)ops_random(seed, 30), g = 1 + (int)ops_random(seed, 6);
        int key = (int)ops_random(seed, KEYS), v = (int)ops_random(seed, 16);

        sm_buf_addf(&sql, ", (%d, %d, '%d', %d)", s, g, key, v);
        if (!append || f->final == NONE || S(s + g) > f->final)
            model_add(m, (session_row){ key, S(s), S(s + g), 1, v, 1 << v, false });
    }
    sm_buf_adds(&sql, ") t(s, g, k, v)");
    copy = sm_arena_dup(f->a, sm_buf_sv(&sql));
    sm_buf_release(&sql);
    return copy.ptr;
}

static void check_random(ops_fixture *f, sm_stage_mode mode, bool keeps_rows)
{
    sm_stage st = session(mode);
    model *m = calloc(1, sizeof *m);
    unsigned seed = ops_seed();

    st.keeps_rows = keeps_rows;
    st.values = keeps_rows ? row_values : values;
    ops_begin(f, &st, 1);
    for (int i = 0; i < BATCHES; i++) {
        int64_t final = i < 3 ? NONE : S(2 * i + (int)ops_random(&seed, 8));
        const char *in = random_batch(f, &seed, m, mode == SM_STAGE_APPEND, 2 * i), *wanted;

        if (f->final != NONE && final < f->final)
            final = f->final;
        wanted = model_out(f, m, &st, final);
        assert_string_equal(ops_batch(f, in, final, SHOW), wanted);
        if (ops_random(&seed, 4) == 0)
            ops_restart(f);
    }
    free(m);
}

static void test_ops_session__random_batches_give_what_a_plain_computation_gives(void **state)
{
    check_random(*state, SM_STAGE_APPEND, false);
    check_random(*state, SM_STAGE_APPEND, true);
    check_random(*state, SM_STAGE_COMPLETE, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_rule_H1_sessions_that_touch_are_one),
        SM_TEST(test_rule_H2_the_gap_may_differ_and_none_is_no_session),
        SM_TEST(test_rule_H3_what_is_final_comes_out_once_and_a_row_glues_sessions),
        SM_TEST(test_rule_D4_a_row_is_late_by_the_end_of_its_own_session),
        SM_TEST(test_rule_H4_complete_gives_all_sessions_every_time),
        SM_TEST(test_rule_H5_null_is_a_key_as_any),
        SM_TEST(test_ops_session__what_does_not_decompose_keeps_its_rows),
        SM_TEST(test_ops_session__many_batches_of_one_key_become_few_rows),
        SM_TEST(test_ops_session__random_batches_give_what_a_plain_computation_gives),
    };

    return cmocka_run_group_tests(tests, ops_setup, ops_teardown);
}
