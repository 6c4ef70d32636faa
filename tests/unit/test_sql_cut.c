/* SPDX-License-Identifier: Apache-2.0 */
/* Queries over streams taken apart: which stages come of them, by the engine itself. */
#include "tests/support/live_engine.h"
#include "tests/support/test.h"

#include "pipelines/sql/sql_cut.h"

typedef struct cutting {
    sm_arena *a;
    sm_diags *d;
    sm_cut cut;
    bool ok;
} cutting;

static const sm_column columns[] = {
    { .name = SM_SV_LIT("ts"), .type = SM_SV_LIT("TIMESTAMP"), .nullable = true },
    { .name = SM_SV_LIT("k"), .type = SM_SV_LIT("VARCHAR"), .nullable = true },
    { .name = SM_SV_LIT("v"), .type = SM_SV_LIT("INTEGER"), .nullable = true },
};
static const sm_schema schema = { .columns = (sm_column *)columns, .n = 3 };

/* The text with each STREAM(x) as input i, under the mark i when a watermark is asked for. */
static bool compile(cutting *c, const char *sql, bool marked, sm_sql_text *text, size_t *n)
{
    sm_text *src = SM_NEW(c->a, sm_text);
    sm_sql_input in = { SM_SQL_QUERY, src, SM_SV("q"), { NULL, 0 } };
    const sm_sql_query *q = NULL;
    sm_sql_leaf *leaves;
    bool *streaming;
    sm_error err;

    *src = sm_text_of(sm_sv_cstr(sql), "<query>");
    assert_int_equal(sm_sql_read(sm_test_live_engine(), &in, 1, c->a, c->d, &q, &err), SM_OK);
    if (!q)
        return false;
    leaves = SM_NEW_N(c->a, sm_sql_leaf, q->n_refs + 1);
    streaming = SM_NEW_N(c->a, bool, q->n_refs + 1);
    *n = q->n_refs;
    for (size_t i = 0; i < q->n_refs; i++) {
        sm_sql_text *view = SM_NEW(c->a, sm_sql_text), bare = { 0 };

        streaming[i] = q->refs[i].stream;
        leaves[i].relation = sm_arena_printf(c->a, SM_SQL_RELATION "%zu", i);
        leaves[i].alias = q->refs[i].name;
        if (marked && q->refs[i].stream) {
            sm_sql_enclose(
                sm_arena_printf(c->a, "SELECT * FROM (SELECT * FROM _smelt_in_%zu", i).ptr, &bare,
                sm_arena_printf(c->a, ") AS " SM_SQL_MARK "%zu", i).ptr, c->a, view);
            leaves[i].view = view;
        }
    }
    return sm_sql_judge_stream(q, streaming, true, c->d) &&
           sm_sql_compile(q, leaves, SM_SQL_MARKED, c->a, c->d, text);
}

static cutting cut_as(const char *sql, bool marked, sm_stage_mode mode,
                      const sm_cut_deduplicate *dd)
{
    static const sm_cut_watermark w = { SM_SV_LIT("ts"), 10000000, 0, -1, SM_SV_LIT("s") };
    static const sm_cut_mark marks[] = { { &w, NULL }, { &w, NULL }, { &w, NULL } };
    static const bool streaming[] = { true, true, true };
    cutting c = { .a = sm_arena_new("test") };
    sm_sql_relation relations[3];
    sm_sql_text text;
    sm_cut_input in = { .engine = sm_test_live_engine(),
                        .owner = SM_SV("q"),
                        .text = &text,
                        .relations = relations,
                        .streaming = streaming,
                        .marks = marks,
                        .n_marks = 3,
                        .mode = mode,
                        .deduplicate = dd };
    sm_error err;

    c.d = sm_diags_new(c.a);
    if (!compile(&c, sql, marked, &text, &in.n_relations))
        return c;
    for (size_t i = 0; i < in.n_relations; i++)
        relations[i] = (sm_sql_relation){ sm_arena_printf(c.a, SM_SQL_RELATION "%zu", i), &schema };
    if (sm_sql_cut(&in, c.a, c.d, &c.cut, &c.ok, &err) != SM_OK)
        fail_msg("%s: %s", sql, err.msg);
    return c;
}

/* "watermark_1 aggregate_1(w, k; n=3 final)": the stages in short. */
static sm_sv shape(cutting *c)
{
    sm_buf b;
    sm_sv out;

    sm_buf_init(&b, 100000);
    for (size_t i = 0; i < c->cut.n_stages; i++) {
        const sm_stage *s = &c->cut.stages[i];

        sm_buf_addf(&b, "%s%.*s", i > 0 ? " " : "", SM_SV_ARG(s->name));
        if (s->n_keys + s->n_values > 0 || s->kind == SM_STAGE_AGGREGATE) {
            sm_buf_addc(&b, '(');
            for (size_t k = 0; k < s->n_keys; k++)
                sm_buf_addf(&b, "%s%.*s", k > 0 ? ", " : "", SM_SV_ARG(s->labels[k]));
            sm_buf_addf(&b, "; %zu%s%s)", s->n_values, s->keeps_rows ? " rows" : "",
                        s->final_by.len > 0 ? " final" : "");
        }
        if (s->lag_us > 0)
            sm_buf_addf(&b, " lag %lld", (long long)s->lag_us);
    }
    out = sm_arena_dup(c->a, sm_buf_sv(&b));
    sm_buf_release(&b);
    return out;
}

static const char *codes(cutting *c)
{
    sm_buf b;
    const char *out;

    sm_buf_init(&b, 10000);
    for (size_t i = 0; i < sm_diags_count(c->d); i++) {
        const sm_diag *d = sm_diags_at(c->d, i);

        sm_buf_addf(&b, "%s%s %u", i > 0 ? " " : "", d->def->id, d->at.column);
    }
    out = sm_arena_cstr(c->a, sm_buf_sv(&b));
    sm_buf_release(&b);
    return out;
}

static void check(const char *sql, sm_stage_mode mode, const char *wanted)
{
    cutting c = cut_as(sql, true, mode, NULL);
    const char *got = c.ok ? shape(&c).ptr : codes(&c);

    if (strcmp(got, wanted) != 0)
        fail_msg("%s\n  gives:  %s\n  wanted: %s", sql, got, wanted);
    sm_arena_free(c.a);
}

static void check_text(sm_sv got, const char *wanted)
{
    if (!sm_sv_eq_str(got, wanted))
        fail_msg("got:    %.*s\nwanted: %s", SM_SV_ARG(got), wanted);
}

static void groupings_become_stages(void **state)
{
    (void)state;
    check("SELECT window(ts, '10 minutes') AS w, k, count(*) AS n, sum(v) / count(*) AS r "
          "FROM STREAM(s) GROUP BY ALL HAVING n > 1",
          SM_STAGE_APPEND, "watermark_1 aggregate_1(w, k; 2 final)");
    check("SELECT ts, max(v) FROM STREAM(s) GROUP BY ts", SM_STAGE_APPEND,
          "watermark_1 aggregate_1(ts; 1 final)");
    check("SELECT window(ts, '10 minutes', '5 minutes') AS w, count(*) FROM STREAM(s) GROUP BY w",
          SM_STAGE_APPEND, "watermark_1 aggregate_1(w; 1 final)");
    check("SELECT k, sum(v) AS v FROM STREAM(s) GROUP BY k HAVING sum(v) > 1", SM_STAGE_UPDATE,
          "watermark_1 aggregate_1(k; 1)");
    check("SELECT k AS kind, median(v) FROM STREAM(s) GROUP BY kind", SM_STAGE_UPDATE,
          "watermark_1 aggregate_1(kind; 1 rows)");
    check("SELECT count(*) AS n FROM STREAM(s)", SM_STAGE_COMPLETE, "watermark_1 aggregate_1(; 1)");
    check("SELECT k, session_window(ts, '5 minutes') AS w, count(*) FROM STREAM(s) GROUP BY k, w",
          SM_STAGE_APPEND, "watermark_1 session_1(k; 1 final)");
    check("SELECT DISTINCT ts, k FROM STREAM(s)", SM_STAGE_APPEND,
          "watermark_1 aggregate_1(ts, k; 0 final)");
    check("SELECT k FROM STREAM(s) LIMIT 5", SM_STAGE_APPEND, "watermark_1 limit_1");
    check("SELECT k, ts FROM STREAM(a) UNION SELECT k, ts FROM STREAM(b)", SM_STAGE_APPEND,
          "watermark_1 watermark_2 aggregate_1(k, ts; 0 final)");
}

static void a_chain_of_groupings_goes_through_the_end_of_the_window(void **state)
{
    (void)state;
    check(
        "SELECT window(window_time(w), '1 hour') AS h, sum(n) FROM (SELECT window(ts, '1 minute') "
        "AS w, k, count(*) AS n FROM STREAM(s) GROUP BY ALL) GROUP BY h",
        SM_STAGE_APPEND, "watermark_1 aggregate_1(w, k; 1 final) aggregate_2(h; 1 final)");
}

/* K9: the watermark above a join is the least of what its states still wait for. */
static void a_range_join_lags_by_its_range(void **state)
{
    (void)state;
    check(
        "SELECT a.k FROM STREAM(a) a JOIN STREAM(b) b ON a.k = b.k AND a.ts BETWEEN b.ts AND b.ts "
        "+ INTERVAL 40 SECONDS",
        SM_STAGE_APPEND, "watermark_1 watermark_2 join_1");
    check(
        "SELECT window(a.ts, '1 minute') AS w, count(*) FROM STREAM(a) a JOIN STREAM(b) b ON a.k = "
        "b.k AND a.ts BETWEEN b.ts AND b.ts + INTERVAL 40 SECONDS GROUP BY ALL",
        SM_STAGE_APPEND, "watermark_1 watermark_2 join_1 aggregate_1(w; 1 final) lag 40001000");
}

static void what_has_no_answer_is_refused_at_its_place(void **state)
{
    (void)state;
    check("SELECT k, count(*) FROM STREAM(s) GROUP BY k", SM_STAGE_APPEND, "SM0501 44");
    check("SELECT date_trunc('hour', ts) AS h, count(*) FROM STREAM(s) GROUP BY h", SM_STAGE_APPEND,
          "SM0501 70");
    check("SELECT DISTINCT k FROM STREAM(s)", SM_STAGE_APPEND, "SM0502 17");
    check("SELECT DISTINCT ON (k) k, ts FROM STREAM(s)", SM_STAGE_APPEND, "SM0502 21");
    check("SELECT k FROM STREAM(s) LIMIT 5", SM_STAGE_UPDATE, "SM0505 31");
    check("SELECT k, session_window(ts, '5 m') AS w FROM STREAM(s) GROUP BY k, w", SM_STAGE_UPDATE,
          "SM0506 66");
    check("SELECT session_window(ts, '5 m') AS w, count(*) FROM STREAM(s) GROUP BY w",
          SM_STAGE_APPEND, "SM0506 73");
    check("SELECT a.k FROM STREAM(a) a JOIN STREAM(b) b ON a.v > b.v", SM_STAGE_APPEND,
          "SM0504 29");
    check("SELECT a.k FROM STREAM(a) a LEFT JOIN STREAM(b) b ON a.k = b.k", SM_STAGE_APPEND,
          "SM0532 29 SM0536 29");
    check("SELECT a.k FROM STREAM(a) a LEFT JOIN STREAM(b) b ON a.ts = b.ts", SM_STAGE_UPDATE,
          "SM0533 29");
    check("SELECT w, max(n) FROM (SELECT window(ts, '1 m') AS w, k, count(*) AS n FROM STREAM(s) "
          "GROUP "
          "BY ALL) GROUP BY w",
          SM_STAGE_UPDATE, "SM0534 31");
    check("SELECT k FROM STREAM(s)", SM_STAGE_COMPLETE, "SM0531 0");
    check("SELECT k, ts, window(ts, '1 m') AS w, count(*) FROM STREAM(s) GROUP BY k, ts, w",
          SM_STAGE_APPEND, "SM0530 15");
    check("SELECT count(*) AS n FROM STREAM(s) GROUP BY k", SM_STAGE_UPDATE, "SM0536 46 SM0537 0");
    check("SELECT k, count(*) FROM STREAM(s) GROUP BY ROLLUP (k, ts)", SM_STAGE_UPDATE,
          "SM0535 52");
}

static void the_select_that_is_left_keeps_names_and_expressions(void **state)
{
    cutting c = cut_as("SELECT upper(k) AS u, k, sum(v) / count(*), count(*) AS n FROM STREAM(s) "
                       "GROUP BY k HAVING n > 1",
                       true, SM_STAGE_UPDATE, NULL);

    (void)state;
    assert_true(c.ok);
    check_text(
        c.cut.sql,
        "SELECT upper(_smelt_k0) AS u, _smelt_k0 AS k, (_smelt_a0 / _smelt_a1) AS \"(sum(v) / "
        "count_star())\", _smelt_a1 AS n FROM (SELECT k0 AS _smelt_k0, a0 AS _smelt_a0, a1 AS "
        "_smelt_a1 FROM _smelt_st_1) AS _smelt_groups WHERE (_smelt_a1 > 1)");
    check_text(c.cut.touched, "SELECT k0 AS \"k\" FROM _smelt_st_1");
    assert_int_equal(c.cut.n_merge_keys, 1);
    sm_arena_free(c.a);
}

static void an_outer_join_comes_out_in_three_pieces(void **state)
{
    cutting c = cut_as("SELECT a.k, b.v FROM STREAM(a) a LEFT JOIN STREAM(b) b ON a.ts = b.ts",
                       true, SM_STAGE_APPEND, NULL);

    (void)state;
    assert_true(c.ok);
    check_text(
        c.cut.sql,
        "((SELECT a.k, b.v FROM _smelt_st_2_ln AS a INNER JOIN _smelt_st_2_ro AS b ON ((a.ts = "
        "b.ts))) UNION ALL (SELECT a.k, b.v FROM _smelt_st_2_la AS a INNER JOIN _smelt_st_2_rn "
        "AS b ON ((a.ts = b.ts)))) UNION ALL (SELECT a.k, b.v FROM _smelt_st_2_lu AS a LEFT "
        "JOIN _smelt_st_2_r0 AS b ON ((a.ts = b.ts)))");
    assert_true(c.cut.stages[2].left.preserved);
    assert_false(c.cut.stages[2].right.preserved);
    sm_arena_free(c.a);
}

/* K16: the third stream joins what the first two give. */
static void joins_of_streams_chain(void **state)
{
    cutting c =
        cut_as("SELECT a.k, b.v, c.v AS cv FROM STREAM(a) a JOIN STREAM(b) b ON a.k = b.k JOIN "
               "STREAM(c) c ON b.v = c.v WHERE a.v > 1",
               true, SM_STAGE_APPEND, NULL);

    (void)state;
    assert_string_equal(c.ok ? shape(&c).ptr : codes(&c),
                        "watermark_1 watermark_2 join_1 watermark_3 join_2");
    check_text(
        c.cut.sql,
        "(SELECT _smelt_j_0.k AS k, _smelt_j_0.\"b.v\" AS v, c.v AS cv FROM _smelt_st_4_ln AS "
        "_smelt_j_0 INNER JOIN _smelt_st_4_ro AS c ON ((_smelt_j_0.\"b.v\" = c.v)) WHERE "
        "(_smelt_j_0.v > 1)) UNION ALL (SELECT _smelt_j_0.k AS k, _smelt_j_0.\"b.v\" AS v, c.v AS "
        "cv FROM _smelt_st_4_la AS _smelt_j_0 INNER JOIN _smelt_st_4_rn AS c ON "
        "((_smelt_j_0.\"b.v\" = c.v)) WHERE (_smelt_j_0.v > 1))");
    sm_arena_free(c.a);
}

static void side_is(const char *sql, const char *left, size_t unread)
{
    cutting c = cut_as(sql, false, SM_STAGE_APPEND, NULL);

    if (!c.ok)
        fail_msg("%s\n  gives:  %s", sql, codes(&c));
    check_text(c.cut.stages[0].left.rows, left);
    assert_int_equal(c.cut.stages[0].left.n_unread, unread);
    sm_arena_free(c.a);
}

static void a_join_keeps_the_columns_that_are_read(void **state)
{
    (void)state;
#define ON   " FROM STREAM(a) a JOIN STREAM(b) b ON a.k = b.k"
#define SOME "SELECT k, v FROM _smelt_in_0 AS a"
#define ALL  "SELECT * FROM _smelt_in_0 AS a"
    side_is("SELECT b.ts AS t" ON, "SELECT ts, k FROM _smelt_in_0 AS a", 1);
    side_is("SELECT a.v" ON, SOME, 1);
    side_is("SELECT a.k" ON " WHERE a.v > 1", SOME, 1);
    side_is("SELECT b.v AS x" ON " AND a.v = 1", SOME, 1);
    side_is("SELECT a.v FROM STREAM(a) a JOIN STREAM(b) b USING (k)", SOME, 1);
    side_is("SELECT *" ON, ALL, 0);
    side_is("SELECT a.*" ON, ALL, 0);
    side_is("SELECT a" ON, ALL, 0);
    side_is("SELECT b.*" ON, "SELECT k FROM _smelt_in_0 AS a", 2);
    side_is("SELECT #1 AS first" ON, ALL, 0);
    side_is("WITH w AS (SELECT * FROM STREAM(b)) SELECT a.v FROM STREAM(a) a JOIN w ON a.k = w.k",
            "SELECT k, v FROM _smelt_in_1 AS a", 1);
#undef ON
#undef SOME
#undef ALL
}

static void a_duplicate_is_forgotten_with_its_watermark(void **state)
{
    static const sm_sv keys[] = { SM_SV_LIT("k") };
    sm_cut_deduplicate dd = { keys, 1, true, { 0 } };
    cutting c = cut_as("SELECT k, ts AS at FROM STREAM(s)", true, SM_STAGE_APPEND, &dd);

    (void)state;
    assert_true(c.ok);
    check_text(c.cut.stages[1].rows,
               "SELECT *, epoch_us(\"at\") AS _smelt_e, (COALESCE(epoch_us(\"at\"), "
               "0) + 10000000) AS _smelt_t FROM (SELECT k, ts AS \"at\" FROM "
               "(SELECT * FROM (SELECT * FROM _smelt_st_0) AS _smelt_mark_0) AS s) "
               "AS _smelt_rows");
    sm_arena_free(c.a);
    c = cut_as("SELECT k FROM STREAM(s)", true, SM_STAGE_APPEND, &dd);
    assert_string_equal(codes(&c), "SM0538 0");
    sm_arena_free(c.a);
    dd.within_watermark = false; /* R7: late is late, whatever the SELECT keeps */
    c = cut_as("SELECT k FROM STREAM(s)", true, SM_STAGE_APPEND, &dd);
    assert_true(c.ok);
    check_text(c.cut.stages[1].late_by, "_smelt_e");
    check_text(c.cut.stages[1].final_by, "");
    sm_arena_free(c.a);
}

/* A time without a watermark makes sessions too; none of them is ever final. */
static void a_session_is_one_under_any_name_and_without_a_watermark(void **state)
{
    cutting c = cut_as("SELECT k, s, count(*) FROM (SELECT *, session_window(ts, '5 s') AS s FROM "
                       "STREAM(a) UNION ALL SELECT *, session_window(ts, '3 s') AS s FROM "
                       "STREAM(b)) GROUP BY k, s",
                       false, SM_STAGE_COMPLETE, NULL);

    (void)state;
    assert_true(c.ok);
    check_text(shape(&c), "session_1(k; 1)");
    sm_arena_free(c.a);
    check("SELECT k, session_window(ts + INTERVAL 1 DAY, '5 s') AS s, count(*) FROM STREAM(a) "
          "GROUP BY k, s",
          SM_STAGE_APPEND, "SM0501 93");
}

static void check_meaning(const char *one, const char *other, sm_stage_mode mode,
                          sm_stage_mode then, bool same)
{
    cutting x = cut_as(one, true, mode, NULL), y = cut_as(other, true, then, NULL);
    const sm_stage *a = &x.cut.stages[x.cut.n_stages - 1], *b = &y.cut.stages[y.cut.n_stages - 1];

    if (!x.ok || !y.ok || sm_sv_eq(a->fingerprint, b->fingerprint) != same)
        fail_msg("%s\n%s\n  are %s", one, other, same ? "not of one state" : "of one state");
    sm_arena_free(x.a);
    sm_arena_free(y.a);
}

/* Groups of ten minutes are none of thirty, though their keys have one name and one type. */
static void state_is_of_one_meaning(void **state)
{
    static const char ten[] =
        "SELECT window(ts, '10 m') AS w, k, sum(v) FROM STREAM(s) GROUP BY ALL";
    static const char join[] = "SELECT a.k FROM STREAM(a) a JOIN STREAM(b) b ON a.k = b.k AND b.ts "
                               "BETWEEN a.ts AND a.ts + INTERVAL 1 HOUR";

    (void)state;
    check_meaning(ten,
                  "SELECT window(ts, '10 m') AS w, k, sum(v) + 1 FROM STREAM(s) WHERE v > 0 GROUP "
                  "BY ALL",
                  SM_STAGE_APPEND, SM_STAGE_APPEND, true);
    check_meaning(ten, "SELECT window(ts, '30 m') AS w, k, sum(v) FROM STREAM(s) GROUP BY ALL",
                  SM_STAGE_APPEND, SM_STAGE_APPEND, false);
    check_meaning(ten, "SELECT window(ts, '10 m') AS w, k, sum(v * 2) FROM STREAM(s) GROUP BY ALL",
                  SM_STAGE_APPEND, SM_STAGE_APPEND, false);
    check_meaning(ten, ten, SM_STAGE_APPEND, SM_STAGE_UPDATE, false);
    check_meaning(join,
                  "SELECT a.k FROM STREAM(a) a JOIN STREAM(b) b ON a.k = b.k AND b.ts BETWEEN a.ts "
                  "AND a.ts + INTERVAL 3 HOURS",
                  SM_STAGE_APPEND, SM_STAGE_APPEND, false);
}

static void an_alias_of_a_sliding_window_may_be_w(void **state)
{
    cutting c = cut_as("SELECT window(ts, '7 s', '5 s') AS w, count(*) AS n FROM STREAM(s) GROUP "
                       "BY w",
                       true, SM_STAGE_UPDATE, NULL);

    (void)state;
    assert_true(c.ok);
    assert_int_equal(c.cut.n_merge_keys, 1);
    check_text(c.cut.merge_keys[0], "w");
    sm_arena_free(c.a);
}

static void fields_keep_their_names(void **state)
{
    cutting c = cut_as("SELECT k, {'n': count(*), 'k': k} AS x FROM STREAM(s) GROUP BY k", true,
                       SM_STAGE_UPDATE, NULL);

    (void)state;
    assert_true(c.ok);
    check_text(c.cut.sql,
               "SELECT _smelt_k0 AS k, main.struct_pack(n := _smelt_a0, k := _smelt_k0) AS x "
               "FROM (SELECT k0 AS _smelt_k0, a0 AS _smelt_a0 FROM _smelt_st_1) AS "
               "_smelt_groups");
    sm_arena_free(c.a);
}

/* Its row is written anew by each batch, so it must come out of each, also of one without rows. */
static void a_group_without_a_key_is_complete_in_update(void **state)
{
    cutting c = cut_as("SELECT count(*) AS n FROM STREAM(s)", true, SM_STAGE_UPDATE, NULL);

    (void)state;
    assert_true(c.ok);
    assert_int_equal(c.cut.mode, SM_STAGE_COMPLETE);
    assert_int_equal(c.cut.stages[1].mode, SM_STAGE_COMPLETE);
    sm_arena_free(c.a);
}

/* K10, R8: it would wait for ever for a match that it cannot have. */
static void a_row_without_its_time_can_have_no_match(void **state)
{
    cutting c = cut_as("SELECT a.k FROM STREAM(a) a LEFT JOIN STREAM(b) b ON a.ts = b.ts", true,
                       SM_STAGE_APPEND, NULL);

    (void)state;
    assert_true(c.ok);
    check_text(c.cut.stages[2].left.ok_by, "_smelt_ok");
    check_text(c.cut.stages[2].left.rows,
               "SELECT ts, k, epoch_us(a.ts) AS _smelt_e, epoch_us(a.ts) AS _smelt_t, "
               "COALESCE((epoch_us(a.ts) = epoch_us(a.ts)), CAST(0 AS BOOLEAN)) AS _smelt_ok FROM "
               "(SELECT * FROM (SELECT * FROM _smelt_st_0) AS _smelt_mark_0) AS a");
    sm_arena_free(c.a);
    c = cut_as("SELECT a.k FROM STREAM(a) a JOIN STREAM(b) b ON a.ts IS NOT DISTINCT FROM b.ts",
               true, SM_STAGE_APPEND, NULL);
    assert_true(c.ok);
    check_text(c.cut.stages[2].left.ok_by, "");
    sm_arena_free(c.a);
}

static void the_same_rows_under_two_delays_are_two_watermarks(void **state)
{
    static const sm_cut_watermark w[] = { { SM_SV_LIT("ts"), 10000000, 0, -1, SM_SV_LIT("s") },
                                          { SM_SV_LIT("ts"), 20000000, 0, -1, SM_SV_LIT("s") } };
    static const bool streaming[] = { true };
    const sm_cut_mark marks[] = { { &w[0], NULL }, { &w[1], NULL }, { &w[1], NULL } };
    const sm_sql_relation relation = { SM_SV(SM_SQL_RELATION "0"), &schema };
    const sm_sql_text text = {
        .text = SM_SV("SELECT DISTINCT ts FROM (SELECT ts FROM (SELECT * FROM _smelt_in_0) AS "
                      "_smelt_mark_0 UNION ALL SELECT ts FROM (SELECT * FROM _smelt_in_0) AS "
                      "_smelt_mark_1 UNION ALL SELECT ts FROM (SELECT * FROM _smelt_in_0) AS "
                      "_smelt_mark_2) AS u")
    };
    sm_cut_input in = { .engine = sm_test_live_engine(),
                        .owner = SM_SV("q"),
                        .text = &text,
                        .relations = &relation,
                        .streaming = streaming,
                        .n_relations = 1,
                        .marks = marks,
                        .n_marks = 3,
                        .mode = SM_STAGE_APPEND };
    cutting c = { .a = sm_arena_new("test") };
    sm_error err;

    (void)state;
    c.d = sm_diags_new(c.a);
    sm_assert_ok(sm_sql_cut(&in, c.a, c.d, &c.cut, &c.ok, &err), err);
    assert_true(c.ok);
    check_text(shape(&c), "watermark_1 watermark_2 aggregate_1(ts; 0 final)");
    assert_int_equal(c.cut.stages[1].delay_us, 20000000);
    sm_arena_free(c.a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(groupings_become_stages),
        cmocka_unit_test(a_chain_of_groupings_goes_through_the_end_of_the_window),
        cmocka_unit_test(a_range_join_lags_by_its_range),
        cmocka_unit_test(what_has_no_answer_is_refused_at_its_place),
        cmocka_unit_test(the_select_that_is_left_keeps_names_and_expressions),
        cmocka_unit_test(an_outer_join_comes_out_in_three_pieces),
        cmocka_unit_test(joins_of_streams_chain),
        cmocka_unit_test(a_join_keeps_the_columns_that_are_read),
        cmocka_unit_test(a_duplicate_is_forgotten_with_its_watermark),
        cmocka_unit_test(a_session_is_one_under_any_name_and_without_a_watermark),
        cmocka_unit_test(state_is_of_one_meaning),
        cmocka_unit_test(an_alias_of_a_sliding_window_may_be_w),
        cmocka_unit_test(fields_keep_their_names),
        cmocka_unit_test(a_group_without_a_key_is_complete_in_update),
        cmocka_unit_test(a_row_without_its_time_can_have_no_match),
        cmocka_unit_test(the_same_rows_under_two_delays_are_two_watermarks),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    sm_test_live_close();
    return failed;
}
