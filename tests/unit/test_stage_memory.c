/* SPDX-License-Identifier: Apache-2.0 */
/* test_stage_memory.c -- what a stage can make of what it remembered under other columns. */
#include "tests/support/test.h"

#include "pipelines/sql/sql_stage_memory.h"

#define NAME(text)                                                                                 \
    {                                                                                              \
        text, sizeof text - 1                                                                      \
    }

static sm_stage grouping(sm_column *columns)
{
    static const sm_sv labels[] = { SM_SV_LIT("city"), SM_SV_LIT("price") };

    return (sm_stage){ .kind = SM_STAGE_AGGREGATE,
                       .name = SM_SV("aggregate_1"),
                       .fingerprint = SM_SV("one"),
                       .schema = { columns, 2 },
                       .n_keys = 1,
                       .n_args = 1,
                       .labels = labels };
}

/* What is said of a key (or an argument) whose type changes; "" when it goes on. */
static void check_types(const char *was, const char *now, const char *said)
{
    sm_arena *a = sm_arena_new("test");
    sm_column old[] = { { .name = NAME("k0"), .type = sm_sv_cstr(was) },
                        { .name = NAME("x0"), .type = NAME("BIGINT") } };
    sm_column new[] = { { .name = NAME("k0"), .type = sm_sv_cstr(now) },
                        { .name = NAME("x0"), .type = NAME("BIGINT") } };
    sm_stage before = grouping(old), after = grouping(new);
    sm_buf why;

    sm_buf_init(&why, 1000);
    assert_int_equal(sm_stage_goes_on(&after, sm_stage_record(&before, a), a, &why),
                     said[0] == '\0');
    assert_string_equal(sm_arena_cstr(a, sm_buf_sv(&why)), said);
    sm_buf_release(&why);
    sm_arena_free(a);
}

static void test_rule_N5_a_wider_type_goes_on_and_another_one_is_refused(void **state)
{
    (void)state;
    check_types("BIGINT", "BIGINT", "");
    check_types("INTEGER", "BIGINT", "");
    check_types("INTEGER", "DOUBLE", "");
    check_types("BIGINT", "DECIMAL(38,0)", "");
    check_types("DECIMAL(10,2)", "DECIMAL(12,4)", "");
    check_types("STRUCT(a INTEGER)", "STRUCT(a BIGINT, b VARCHAR)", "");
    check_types("STRUCT(a INTEGER)[]", "STRUCT(a INTEGER, b DATE)[]", "");
    check_types("HUGEINT", "DECIMAL(38,0)", ""); /* sums of what became wider */
    check_types("DECIMAL(38,2)", "DECIMAL(38,4)", "");
    check_types("BIGINT", "VARCHAR",
                "has \"city\" as VARCHAR, which was BIGINT before and is no wider type of it");
    check_types("BIGINT", "INTEGER",
                "has \"city\" as INTEGER, which was BIGINT before and is no wider type of it");
    check_types("BIGINT", "DOUBLE",
                "has \"city\" as DOUBLE, which was BIGINT before and is no wider type of it");
    check_types("STRUCT(a INTEGER, b DATE)", "STRUCT(a INTEGER)",
                "has \"city\" as STRUCT(a INTEGER), which was STRUCT(a INTEGER, b DATE) before and "
                "is no wider type of it");
    check_types("TIMESTAMP", "VARCHAR",
                "has \"city\" as VARCHAR, which was TIMESTAMP before and is no wider type of it");
}

/* ---- a side of a join ------------------------------------------------------------------ */

static sm_stage join(sm_column *columns, size_t n, const sm_sv *unread, size_t n_unread)
{
    static sm_column key[] = { { .name = NAME("id"), .type = NAME("BIGINT") } };

    return (sm_stage){ .kind = SM_STAGE_JOIN,
                       .name = SM_SV("join_1"),
                       .fingerprint = SM_SV("one"),
                       .left = { .schema = { columns, n }, .unread = unread, .n_unread = n_unread },
                       .right = { .schema = { key, 1 } } };
}

static void check_join(const sm_stage *was, const sm_stage *now, const char *said)
{
    sm_arena *a = sm_arena_new("test");
    sm_buf why;

    sm_buf_init(&why, 1000);
    assert_int_equal(sm_stage_goes_on(now, sm_stage_record(was, a), a, &why), said[0] == '\0');
    assert_string_equal(sm_arena_cstr(a, sm_buf_sv(&why)), said);
    sm_buf_release(&why);
    sm_arena_free(a);
}

static void test_stage_memory__a_new_column_of_a_side_goes_on_and_one_not_kept_is_refused(void **s)
{
    sm_column columns[] = { { .name = NAME("id"), .type = NAME("BIGINT") },
                            { .name = NAME("note"), .type = NAME("VARCHAR") } };
    const sm_sv unread[] = { SM_SV("Note") };
    sm_stage alone = join(columns, 1, NULL, 0), both = join(columns, 2, NULL, 0);
    sm_stage without = join(columns, 1, unread, 1);

    (void)s;
    check_join(&alone, &both, "");
    check_join(&alone, &without, "");
    check_join(&both, &alone, "");
    check_join(&both, &without, "");
    check_join(&without, &both,
               "needs column \"note\", which was not kept as the query did not read it");
    both.fingerprint = SM_SV("two");
    check_join(&alone, &both, "has other keys, aggregates or another output mode than before");
}

static void test_stage_memory__a_column_that_another_text_gives_is_not_new_in_the_input(void **s)
{
    sm_column columns[] = { { .name = NAME("id"), .type = NAME("BIGINT") },
                            { .name = NAME("note"), .type = NAME("VARCHAR") } };
    sm_stage was = join(columns, 1, NULL, 0), now = join(columns, 2, NULL, 0);

    (void)s;
    was.left.whole = SM_SV("SELECT id");
    now.left.whole = SM_SV("SELECT id, note");
    check_join(&was, &now,
               "needs column \"note\", which the query of that side did not give before");
    check_join(&now, &was, "");
}

static void test_stage_memory__columns_of_a_side_go_by_their_origin(void **state)
{
    static const sm_sv first[] = { SM_SV_LIT("b.v") },
                       both[] = { SM_SV_LIT("a.v"), SM_SV_LIT("b.v") };
    sm_column columns[] = { { .name = NAME("v"), .type = NAME("BIGINT") },
                            { .name = NAME("b.v"), .type = NAME("BIGINT") } };
    sm_stage was = join(columns, 1, NULL, 0), now = join(columns, 2, NULL, 0);
    sm_arena *a = sm_arena_new("test");
    sm_stage_era era;

    (void)state;
    was.left.origins = first;
    was.left.n_origins = 1;
    now.left.origins = both;
    now.left.n_origins = 2;
    era = sm_stage_era_now(&was, 0, a);
    assert_string_equal(sm_stage_era_find(&era, SM_SV("b.v"))->at.ptr, "c0");
    era = sm_stage_era_now(&now, 0, a);
    assert_string_equal(sm_stage_era_find(&era, SM_SV("b.v"))->at.ptr, "c1");
    check_join(&was, &now, "");
    sm_arena_free(a);
}

static void test_stage_memory__what_another_version_wrote_is_told_so(void **state)
{
    sm_column columns[] = { { .name = NAME("id"), .type = NAME("BIGINT") } };
    sm_stage st = join(columns, 1, NULL, 0);
    sm_arena *a = sm_arena_new("test");
    sm_json *was = sm_stage_record(&st, a);
    sm_buf why;

    (void)state;
    sm_buf_init(&why, 1000);
    assert_false(sm_stage_is_foreign(was));
    sm_json_set_int(was, "version", SM_STAGE_MEMORY_VERSION - 1);
    assert_true(sm_stage_is_foreign(was));
    assert_true(sm_stage_goes_on(&st, was, a, &why)); /* it says the same */
    st.fingerprint = SM_SV("two");
    assert_false(sm_stage_goes_on(&st, was, a, &why));
    assert_string_equal(sm_arena_cstr(a, sm_buf_sv(&why)),
                        "was remembered by another version of smelt, in another way");
    sm_buf_release(&why);
    sm_arena_free(a);
}

/* ---- whole rows as keys ---------------------------------------------------------------- */

static void test_stage_memory__a_whole_row_takes_a_column_of_its_input_and_no_other(void **state)
{
    static const sm_sv keys[] = { SM_SV_LIT("id"), SM_SV_LIT("note") };
    sm_column columns[] = { { .name = NAME("id"), .type = NAME("BIGINT") },
                            { .name = NAME("note"), .type = NAME("VARCHAR") } };
    sm_stage was = { .kind = SM_STAGE_DEDUP,
                     .name = SM_SV("dedup_1"),
                     .schema = { columns, 2 },
                     .whole = SM_SV("SELECT *"),
                     .columns = keys,
                     .n_columns = 1 };
    sm_stage now = was, other;

    (void)state;
    now.n_columns = 2;
    check_join(&was, &now, "");
    check_join(&now, &was, "has column \"note\" in its key no more");
    other = now;
    other.whole = SM_SV("SELECT id, note");
    check_join(&was, &other, "has column \"note\" in its key, which it had not before");
    check_join(&now, &other, "");
}

/* ---- eras ------------------------------------------------------------------------------ */

static void test_stage_memory__an_era_is_the_same_when_it_was_written_and_read(void **state)
{
    sm_column columns[] = { { .name = NAME("id"), .type = NAME("BIGINT") } };
    const sm_sv unread[] = { SM_SV("note") };
    sm_stage st = join(columns, 1, unread, 1);
    sm_arena *a = sm_arena_new("test");
    sm_stage_era era = sm_stage_era_now(&st, 0, a), back;

    (void)state;
    back = sm_stage_era_read(sm_stage_era_json(&era, a), a);
    assert_true(sm_stage_era_same(&era, &back));
    assert_string_equal(sm_stage_era_find(&back, SM_SV("ID"))->at.ptr, "c0");
    assert_int_equal(sm_stage_era_find(&back, SM_SV("note"))->type.len, 0);
    assert_null(sm_stage_era_find(&back, SM_SV("c0")));
    columns[0].type = SM_SV("DOUBLE");
    back = sm_stage_era_now(&st, 0, a);
    assert_false(sm_stage_era_same(&era, &back));
    sm_arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_rule_N5_a_wider_type_goes_on_and_another_one_is_refused),
        SM_TEST(test_stage_memory__a_new_column_of_a_side_goes_on_and_one_not_kept_is_refused),
        SM_TEST(test_stage_memory__a_column_that_another_text_gives_is_not_new_in_the_input),
        SM_TEST(test_stage_memory__columns_of_a_side_go_by_their_origin),
        SM_TEST(test_stage_memory__what_another_version_wrote_is_told_so),
        SM_TEST(test_stage_memory__a_whole_row_takes_a_column_of_its_input_and_no_other),
        SM_TEST(test_stage_memory__an_era_is_the_same_when_it_was_written_and_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
