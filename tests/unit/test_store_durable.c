/* SPDX-License-Identifier: Apache-2.0 */
/* test_store_durable.c -- machines that share a log of decisions, which is a list in memory here.
 */
#include "tests/unit/store_fixture.h"

#include "runtime/base/failpoint.h"
#include "runtime/store/store_durable.h"
#include "runtime/store/store_int.h"

enum { ENTRIES = 64 };

typedef struct list {
    sm_arena *a;
    sm_sv entries[ENTRIES + 1], whole;
    int64_t n, whole_at;
    int got;        /* entries that were read */
    bool is_broken; /* takes the entry, and then says that it failed */
} list;

static sm_code list_put(void *ctx, int64_t number, sm_sv bytes, sm_error *err)
{
    list *l = ctx;

    if (number <= l->n)
        return sm_fail(err, SM_E_CONFLICT, 0, "there");
    assert_int_equal(number, l->n + 1);
    assert_true(number <= ENTRIES);
    l->entries[l->n = number] = sm_arena_dup(l->a, bytes);
    return l->is_broken ? sm_fail(err, SM_E_REMOTE, 0, "the connection broke") : SM_OK;
}

static sm_code list_get(void *ctx, int64_t number, sm_arena *a, sm_sv *out, sm_error *err)
{
    list *l = ctx;

    (void)a;
    if (number > l->n)
        return sm_fail(err, SM_E_NOT_FOUND, 0, "not there");
    l->got++;
    *out = l->entries[number];
    return SM_OK;
}

static sm_code whole_put(void *ctx, int64_t version, int64_t number, sm_sv bytes, sm_error *err)
{
    list *l = ctx;

    (void)version;
    (void)err;
    l->whole = sm_arena_dup(l->a, bytes);
    l->whole_at = number;
    return SM_OK;
}

static sm_code whole_get(void *ctx, int64_t version, sm_arena *a, sm_sv *out, sm_error *err)
{
    list *l = ctx;

    (void)version;
    (void)a;
    *out = l->whole;
    return l->whole_at > 0 ? SM_OK : sm_fail(err, SM_E_NOT_FOUND, 0, "none");
}

/* A machine of its own, which acquires the pipeline under the log. */
static sm_code join(store_fixture *f, const char *name, list *l)
{
    sm_store_log log = { list_put, list_get, whole_put, whole_get, l, SM_SV("iot") };

    store_open(f, name);
    sm_store_set_log(f->s, &log);
    return sm_store_acquire(f->s, SM_SV("iot"), SM_SV("test"), &f->o, NULL, &f->err);
}

static sm_position position(store_fixture *f)
{
    sm_position p;

    sm_assert_ok(sm_store_position(f->s, f->o.pipeline, SM_SV("orders"), f->a, &p, &f->err),
                 f->err);
    return p;
}

static void test_log__another_machine_stands_where_the_first_one_stood(void **state)
{
    list l = { .a = sm_arena_new("log") };
    store_fixture a, b;
    sm_position p;
    int64_t g;

    (void)state;
    sm_assert_ok(join(&a, "first", &l), a.err);
    g = store_generation(&a, "orders");
    for (int64_t n = 0; n < 3; n++)
        sm_assert_ok(store_decide(&a, g, n, n - 1), a.err);
    assert_int_equal(l.n, 3);
    sm_assert_ok(join(&b, "second", &l), b.err);
    p = position(&b);
    assert_true(p.has_last && p.has_done);
    assert_int_equal(p.last.n, 2);
    assert_int_equal(p.last.state, SM_BATCH_DECIDED);
    assert_int_equal(p.last_done.n, 1);
    assert_sv(p.last.manifest, "{\"add\":[]}");
    assert_sv(p.generation.uuid, position(&a).generation.uuid.ptr);
    sm_assert_ok(store_decide(&b, p.generation.id, 3, 2), b.err);
    store_close(&a);
    store_close(&b);
    sm_arena_free(l.a);
}

static void test_log__of_two_machines_that_decide_the_same_number_one_is_refused(void **state)
{
    list l = { .a = sm_arena_new("log") };
    store_fixture a, b;
    int64_t g;

    (void)state;
    sm_assert_ok(join(&a, "first", &l), a.err);
    g = store_generation(&a, "orders");
    sm_assert_ok(store_decide(&a, g, 0, -1), a.err);
    sm_assert_ok(join(&b, "second", &l), b.err);
    sm_assert_ok(store_decide(&b, position(&b).generation.id, 1, 0), b.err);
    sm_assert_code(store_decide(&a, g, 1, 0), SM_E_CONFLICT);
    sm_test_contains(a.err.msg, "another machine has decided number 2");
    assert_int_equal(position(&a).last.n, 0);
    sm_assert_ok(sm_store_follow(a.s, &a.err), a.err);
    assert_int_equal(position(&a).last.n, 1);
    store_close(&a);
    store_close(&b);
    sm_arena_free(l.a);
}

static void test_log__what_was_put_is_decided_also_when_that_was_not_heard(void **state)
{
    list l = { .a = sm_arena_new("log") };
    store_fixture a;
    int64_t g;

    (void)state;
    sm_assert_ok(join(&a, "first", &l), a.err);
    g = store_generation(&a, "orders");
    sm_assert_ok(store_decide(&a, g, 0, -1), a.err);
    l.is_broken = true;
    sm_assert_code(store_decide(&a, g, 1, 0), SM_E_REMOTE);
    l.is_broken = false;
    assert_int_equal(position(&a).last.n, 0);
    sm_assert_ok(sm_store_acquire(a.s, SM_SV("iot"), SM_SV("test"), &a.o, NULL, &a.err), a.err);
    assert_int_equal(position(&a).last.n, 1);
    assert_int_equal(position(&a).last.state, SM_BATCH_DECIDED);
    store_close(&a);
    sm_arena_free(l.a);
}

static void test_log__a_machine_that_begins_reads_few_entries(void **state)
{
    list l = { .a = sm_arena_new("log") };
    store_fixture a, b;
    int64_t g;

    (void)state;
    sm_assert_ok(join(&a, "first", &l), a.err);
    g = store_generation(&a, "orders");
    for (int64_t n = 0; n < 2 * SM_STORE_LOG_WHOLE + 3; n++)
        sm_assert_ok(store_decide(&a, g, n, n - 1), a.err);
    assert_int_equal(l.whole_at, 2 * SM_STORE_LOG_WHOLE);
    l.got = 0;
    sm_assert_ok(join(&b, "second", &l), b.err);
    assert_int_equal(l.got, 3);
    assert_int_equal(position(&b).last.n, 2 * SM_STORE_LOG_WHOLE + 2);
    store_close(&a);
    store_close(&b);
    sm_arena_free(l.a);
}

static void test_log__of_a_newer_smelt_is_refused(void **state)
{
    list l = { .a = sm_arena_new("log") };
    sm_store_log log = { list_put, list_get, whole_put, whole_get, &l, SM_SV("iot") };
    store_fixture a, b;

    (void)state;
    sm_assert_ok(join(&a, "first", &l), a.err);
    sm_assert_ok(store_decide(&a, store_generation(&a, "orders"), 0, -1), a.err);
    store_open(&b, "older");
    sm_assert_ok(sm_store__script(b.s, "alter table batches drop column cpu_us", &b.err), b.err);
    sm_store_set_log(b.s, &log);
    sm_assert_code(sm_store_acquire(b.s, SM_SV("iot"), SM_SV("test"), &b.o, NULL, &b.err),
                   SM_E_CORRUPT);
    sm_test_contains(b.err.msg, "written by a newer smelt, which knows more of \"batches\"");
    store_close(&a);
    store_close(&b);
    sm_arena_free(l.a);
}

static void test_log__that_lost_entries_is_refused(void **state)
{
    list l = { .a = sm_arena_new("log") }, empty = { .a = l.a };
    sm_store_log log = { list_put, list_get, whole_put, whole_get, &empty, SM_SV("iot") };
    store_fixture a;
    sm_store *again;
    sm_error err;
    int64_t g;

    (void)state;
    sm_assert_ok(join(&a, "first", &l), a.err);
    g = store_generation(&a, "orders");
    sm_assert_ok(store_decide(&a, g, 0, -1), a.err);
    sm_test_remove(
        sm_arena_printf(a.a, "%s/control/replica-%lld.db", a.path, (long long)sm_store_version(a.s))
            .ptr);
    again = store_again(&a, 0);
    sm_store_set_log(again, &log);
    sm_assert_code(sm_store_follow(again, &err), SM_E_CORRUPT);
    sm_test_contains(err.msg, "ends with 0, and this machine knows 1");
    sm_store_close(again);
    store_close(&a);
    sm_arena_free(l.a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_log__another_machine_stands_where_the_first_one_stood),
        SM_TEST(test_log__of_two_machines_that_decide_the_same_number_one_is_refused),
        SM_TEST(test_log__what_was_put_is_decided_also_when_that_was_not_heard),
        SM_TEST(test_log__a_machine_that_begins_reads_few_entries),
        SM_TEST(test_log__of_a_newer_smelt_is_refused),
        SM_TEST(test_log__that_lost_entries_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
