/* SPDX-License-Identifier: Apache-2.0 */
/* test_engine_reader.c -- rows from C: types, projection, threads, errors. */
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/arena.h"
#include "runtime/base/thread.h"
#include "runtime/engine/engine_reader.h"

enum { ROWS = 200000, LONG = 40 };

/* A reader of numbers: columns id, half, flag, text, day, ts, dec, wide. */
typedef struct numbers {
    sm_atomic next; /* row that nobody has */
    sm_atomic begun, ended, opened, closed, asked;
    int64_t rows, fail_at;
} numbers;

typedef struct numbers_task {
    size_t n;
    size_t column[16];
    char texts[SM_READER_ROWS][LONG];
} numbers_task;

typedef struct fixture {
    sm_engine *e;
    sm_session *s;
    sm_arena *a;
    numbers n;
} fixture;

static int setup(void **state)
{
    static fixture f;
    sm_engine_config c = { .threads = 4, .memory_limit = SM_SV("1GiB") };
    sm_error err;

    f.a = sm_arena_new("test");
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

static sm_column number_columns[] = {
    { .name = { "id", 2 }, .type = { "BIGINT", 6 } },
    { .name = { "half", 4 }, .type = { "DOUBLE", 6 } },
    { .name = { "flag", 4 }, .type = { "BOOLEAN", 7 } },
    { .name = { "text", 4 }, .type = { "VARCHAR", 7 } },
    { .name = { "day", 3 }, .type = { "DATE", 4 } },
    { .name = { "ts", 2 }, .type = { "TIMESTAMP", 9 } },
    { .name = { "dec", 3 }, .type = { "DECIMAL(9,2)", 12 } },
    { .name = { "wide", 4 }, .type = { "DECIMAL(38,0)", 13 } },
};
static const sm_schema number_schema = { .columns = number_columns, .n = 8 };

static sm_code numbers_begin(void *ctx, void **scan, sm_error *err)
{
    numbers *n = ctx;

    (void)err;
    sm_atomic_set(&n->next, 0);
    sm_atomic_add(&n->begun, 1);
    *scan = n;
    return SM_OK;
}

static void numbers_end(void *ctx, void *scan)
{
    numbers *n = ctx;

    assert_ptr_equal(ctx, scan);
    assert_int_equal(sm_atomic_get(&n->opened), sm_atomic_get(&n->closed));
    sm_atomic_add(&n->ended, 1);
}

static sm_code numbers_open(void *ctx, void *scan, const size_t *column, size_t n, void **task,
                            sm_error *err)
{
    numbers_task *t = calloc(1, sizeof *t);

    (void)scan;
    (void)err;
    t->n = n;
    memcpy(t->column, column, n * sizeof *column);
    sm_atomic_add(&((numbers *)ctx)->opened, 1);
    sm_atomic_set(&((numbers *)ctx)->asked, (int64_t)n);
    *task = t;
    return SM_OK;
}

static void numbers_close(void *ctx, void *task)
{
    sm_atomic_add(&((numbers *)ctx)->closed, 1);
    free(task);
}

static void put_text(numbers_task *t, sm_reader_string *s, size_t row, int64_t v)
{
    int len = snprintf(t->texts[row], LONG, v % 2 == 0 ? "n%lld" : "the number %lld", (long long)v);

    s->len = (uint32_t)len;
    if (len <= 12) {
        memset(s->head, 0, 12);
        memcpy(s->head, t->texts[row], (size_t)(len < 4 ? len : 4));
        if (len > 4)
            memcpy(s->u.tail, t->texts[row] + 4, (size_t)len - 4);
        return;
    }
    memcpy(s->head, t->texts[row], 4);
    s->u.ptr = t->texts[row];
}

static void put(numbers_task *t, size_t column, void *data, size_t row, int64_t v)
{
    switch (column) {
    case 0:
        ((int64_t *)data)[row] = v;
        break;
    case 1:
        ((double *)data)[row] = (double)v / 2;
        break;
    case 2:
        ((uint8_t *)data)[row] = v % 2 == 0;
        break;
    case 3:
        put_text(t, (sm_reader_string *)data + row, row, v);
        break;
    case 4:
    case 6:
        ((int32_t *)data)[row] = (int32_t)v;
        break;
    case 5:
        ((int64_t *)data)[row] = v * 1000000;
        break;
    default:
        ((int64_t *)data)[2 * row] = v;
        ((int64_t *)data)[2 * row + 1] = 0;
        break;
    }
}

static sm_code numbers_fill(void *ctx, void *task, sm_reader_chunk *chunk, size_t *n_rows,
                            sm_error *err)
{
    numbers *n = ctx;
    numbers_task *t = task;
    int64_t from = sm_atomic_add(&n->next, SM_READER_ROWS);
    int64_t rows = n->rows - from < SM_READER_ROWS ? n->rows - from : SM_READER_ROWS;

    if (n->fail_at > 0 && from > n->fail_at)
        return sm_fail(err, SM_E_AGAIN, 0, "file \"(x)\" moved: line %lld", (long long)from);
    *n_rows = rows > 0 ? (size_t)rows : 0;
    for (size_t c = 0; c < chunk->n_columns; c++) {
        uint64_t nulls[SM_READER_ROWS / 64] = { 0 };
        assert_int_equal(chunk->column[c], t->column[c]);
        for (int64_t i = 0; i < rows; i++) {
            put(t, chunk->column[c], chunk->data[c], (size_t)i, from + i);
            if ((from + i) % 10 == 3)
                nulls[i / 64] |= (uint64_t)1 << (i % 64);
        }
        if (chunk->column[c] != 0)
            sm_reader_nulls(chunk, c, nulls, *n_rows);
    }
    return SM_OK;
}

static sm_engine_reader *reader_new(fixture *f, sm_buf *sql, const char *select)
{
    sm_reader_def def = { .schema = &number_schema,
                          .rows = ROWS,
                          .ctx = &f->n,
                          .begin = numbers_begin,
                          .end = numbers_end,
                          .task_open = numbers_open,
                          .fill = numbers_fill,
                          .task_close = numbers_close };
    sm_engine_reader *r;
    sm_error err;

    f->n = (numbers){ .rows = ROWS };
    sm_assert_ok(sm_engine_reader_add(f->e, &def, &r, &err), err);
    sm_buf_init(sql, 4096);
    sm_buf_addf(sql, "SELECT %s FROM ", select);
    sm_engine_reader_sql(r, sql);
    return r;
}

static void reads(fixture *f, const char *select, const char *expected, int64_t columns)
{
    sm_buf sql, row;
    sm_engine_reader *r = reader_new(f, &sql, select);
    sm_rows *rows;
    sm_error err;

    sm_assert_ok(sm_session_query(f->s, sm_buf_sv(&sql), &rows, &err), err);
    sm_buf_init(&row, 4096);
    assert_true(sm_rows_next(rows));
    for (size_t i = 0; i < sm_rows_schema(rows)->n; i++) {
        sm_buf_adds(&row, i > 0 ? "|" : "");
        sm_rows_text(rows, i, &row);
    }
    assert_string_equal(row.ptr, expected);
    sm_rows_free(rows);
    assert_int_equal(sm_atomic_get(&f->n.begun), 1);
    assert_int_equal(sm_atomic_get(&f->n.ended), 1);
    assert_int_equal(sm_atomic_get(&f->n.opened), sm_atomic_get(&f->n.closed));
    assert_int_equal(sm_atomic_get(&f->n.asked), columns);
    sm_engine_reader_remove(r);
    sm_buf_release(&sql);
    sm_buf_release(&row);
}

static void test_reader__gives_every_row_once(void **state)
{
    reads(*state, "count(*), sum(id), count(DISTINCT id), count(half)",
          "200000|19999900000|200000|180000", 2);
}

static void test_reader__is_asked_only_for_what_is_needed(void **state)
{
    reads(*state, "count(*)", "200000", 1); /* DuckDB wants at least one */
    reads(*state, "max(day)", "2517-07-31", 1);
    reads(*state, "count(*) FILTER (flag)", "100000", 1);
}

static void test_reader__values_arrive_as_they_were_written(void **state)
{
    reads(
        *state,
        "max(half), count(*) FILTER (NOT flag), min(text), max(text), max(day), max(ts), max(dec), "
        "max(wide), count(text)",
        "99999.5|80000|n0|the number 99999|2517-07-31|1970-01-03 07:33:19|1999.99|199999|180000",
        7);
    reads(*state, "count(DISTINCT text), sum(length(text)), bool_and(text LIKE '%' || id)",
          "180000|1960001|true", 2);
}

static void test_reader__strings_may_go_with_their_chunk(void **state)
{
    reads(*state,
          "md5(string_agg(text, ',' ORDER BY id)) = md5((SELECT string_agg(CASE WHEN i % 2 = "
          "0 THEN 'n' || i ELSE 'the number ' || i END, ',' ORDER BY i) FROM range(200000) "
          "r(i) WHERE i % 10 <> 3))",
          "true", 2);
}

static void test_reader__an_error_keeps_its_code_and_its_text(void **state)
{
    fixture *f = *state;
    sm_buf sql;
    sm_engine_reader *r = reader_new(f, &sql, "sum(id)");
    sm_error err;

    f->n.fail_at = 50000;
    sm_assert_code(sm_session_exec(f->s, sm_buf_sv(&sql), &err), SM_E_AGAIN);
    sm_test_contains(err.msg, "file \"(x)\" moved: line ");
    assert_null(strstr(err.msg, "smelt_read"));
    assert_int_equal(sm_atomic_get(&f->n.opened), sm_atomic_get(&f->n.closed));
    f->n.fail_at = 0;
    sm_assert_ok(sm_session_exec(f->s, sm_buf_sv(&sql), &err), err); /* and it can be read again */
    assert_int_equal(sm_atomic_get(&f->n.ended), 2);
    sm_engine_reader_remove(r);
    sm_buf_release(&sql);
}

static sm_code fails_to_begin(void *ctx, void **scan, sm_error *err)
{
    (void)ctx;
    (void)scan;
    return sm_fail(err, SM_E_IO, 13, "could not open");
}

static void test_reader__may_fail_when_it_begins(void **state)
{
    fixture *f = *state;
    sm_reader_def def = { .schema = &number_schema,
                          .rows = -1,
                          .ctx = &f->n,
                          .begin = fails_to_begin,
                          .task_open = numbers_open,
                          .fill = numbers_fill,
                          .task_close = numbers_close };
    sm_engine_reader *r;
    sm_buf sql;
    sm_error err;

    sm_assert_ok(sm_engine_reader_add(f->e, &def, &r, &err), err);
    sm_buf_init(&sql, 256);
    sm_buf_adds(&sql, "SELECT * FROM ");
    sm_engine_reader_sql(r, &sql);
    sm_assert_code(sm_session_exec(f->s, sm_buf_sv(&sql), &err), SM_E_IO);
    assert_int_equal(err.sys, 13);
    assert_string_equal(err.msg, "could not open");
    sm_engine_reader_remove(r);
    sm_buf_release(&sql);
}

static void test_reader__is_unknown_after_it_was_removed(void **state)
{
    fixture *f = *state;
    sm_buf sql;
    sm_engine_reader *r = reader_new(f, &sql, "*");
    sm_error err;

    sm_engine_reader_remove(r);
    sm_assert_code(sm_session_exec(f->s, sm_buf_sv(&sql), &err), SM_E_SQL);
    sm_test_contains(err.msg, "smelt_read is not for queries");
    sm_buf_release(&sql);
}

static void test_reader__an_early_end_closes_all(void **state)
{
    fixture *f = *state;
    sm_buf sql;
    sm_engine_reader *r = reader_new(f, &sql, "id");
    sm_error err;

    sm_buf_adds(&sql, " LIMIT 5");
    sm_assert_ok(sm_session_exec(f->s, sm_buf_sv(&sql), &err), err);
    assert_int_equal(sm_atomic_get(&f->n.opened), sm_atomic_get(&f->n.closed));
    assert_int_equal(sm_atomic_get(&f->n.ended), 1);
    sm_engine_reader_remove(r);
    sm_buf_release(&sql);
}

static sm_code text_fill(void *ctx, void *task, sm_reader_chunk *chunk, size_t *n_rows,
                         sm_error *err)
{
    numbers *n = ctx;
    char text[64] = "copied, and then overwritten";

    (void)task;
    (void)err;
    *n_rows = sm_atomic_add(&n->next, 1) == 0 ? 3 : 0;
    if (*n_rows == 0)
        return SM_OK;
    sm_reader_text(chunk, 0, 0, sm_sv_cstr(text));
    sm_reader_null(chunk, 0, 1);
    sm_reader_text(chunk, 0, 2, SM_SV("short"));
    memset(text, 'x', sizeof text);
    return SM_OK;
}

static void test_reader__texts_can_be_copied(void **state)
{
    fixture *f = *state;
    sm_column c = { .name = SM_SV("t"), .type = SM_SV("VARCHAR") };
    sm_schema schema = { .columns = &c, .n = 1 };
    sm_reader_def def = { .schema = &schema,
                          .rows = -1,
                          .max_threads = 1,
                          .ctx = &f->n,
                          .begin = numbers_begin,
                          .task_open = numbers_open,
                          .fill = text_fill,
                          .task_close = numbers_close };
    sm_engine_reader *r;
    sm_sv out;
    sm_buf sql;
    sm_error err;

    f->n = (numbers){ .rows = 0 };
    sm_assert_ok(sm_engine_reader_add(f->e, &def, &r, &err), err);
    sm_buf_init(&sql, 256);
    sm_buf_adds(&sql, "SELECT list(t) FROM ");
    sm_engine_reader_sql(r, &sql);
    sm_assert_ok(sm_session_text(f->s, sm_buf_sv(&sql), f->a, &out, &err), err);
    assert_string_equal(out.ptr, "[\"copied, and then overwritten\",null,\"short\"]");
    sm_engine_reader_remove(r);
    sm_buf_release(&sql);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_reader__gives_every_row_once),
        SM_TEST(test_reader__is_asked_only_for_what_is_needed),
        SM_TEST(test_reader__values_arrive_as_they_were_written),
        SM_TEST(test_reader__strings_may_go_with_their_chunk),
        SM_TEST(test_reader__an_error_keeps_its_code_and_its_text),
        SM_TEST(test_reader__may_fail_when_it_begins),
        SM_TEST(test_reader__is_unknown_after_it_was_removed),
        SM_TEST(test_reader__an_early_end_closes_all),
        SM_TEST(test_reader__texts_can_be_copied),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
