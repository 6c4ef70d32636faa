/* SPDX-License-Identifier: Apache-2.0 */
/* test_store_tokens.c -- tokens, sessions and the audit: found, revoked, written once. */
#include "tests/unit/store_fixture.h"

#include "runtime/store/store_audit.h"
#include "runtime/store/store_tokens.h"

#include <string.h>

static void add_token(store_fixture *f, const char *id, const char *hash)
{
    sm_token_rec t = { .id = sm_sv_cstr(id),
                       .hash = sm_sv_cstr(hash),
                       .role = SM_SV("viewer"),
                       .label = SM_SV("screen"),
                       .by = SM_SV("cli"),
                       .created_ms = 1000,
                       .expires_ms = 9000 };

    sm_assert_ok(sm_store_token_add(f->s, &t, &f->err), f->err);
    sm_assert_code(sm_store_token_add(f->s, &t, &f->err), SM_E_CONFLICT);
}

static void add_session(store_fixture *f, const char *hash, const char *token, int64_t ms)
{
    sm_session_rec r = { .hash = sm_sv_cstr(hash),
                         .token = sm_sv_cstr(token),
                         .csrf = SM_SV("c"),
                         .created_ms = ms,
                         .used_ms = ms };

    sm_assert_ok(sm_store_session_add(f->s, &r, &f->err), f->err);
}

static sm_code session(store_fixture *f, const char *hash, sm_session_rec *s, sm_token_rec *t)
{
    return sm_store_session_by_hash(f->s, sm_sv_cstr(hash), f->a, s, t, &f->err);
}

static void test_tokens__are_found_by_their_hash_and_stay_when_revoked(void **state)
{
    store_fixture f;
    sm_session_rec s;
    sm_token_rec t, *all;
    size_t n;

    (void)state;
    store_open(&f, "tokens");
    add_token(&f, "t1", "aa");
    add_token(&f, "t2", "bb");
    sm_assert_ok(sm_store_token_by_hash(f.s, SM_SV("bb"), f.a, &t, &f.err), f.err);
    assert_sv(t.id, "t2");
    assert_int_equal(t.expires_ms, 9000);
    sm_assert_code(sm_store_token_by_hash(f.s, SM_SV("cc"), f.a, &t, &f.err), SM_E_NOT_FOUND);
    add_session(&f, "s1", "t1", 1000);
    add_session(&f, "s2", "t2", 1000);
    sm_assert_ok(session(&f, "s1", &s, &t), f.err);
    assert_sv(t.id, "t1");
    sm_assert_ok(sm_store_token_revoke(f.s, SM_SV("t1"), 5000, &f.err), f.err);
    sm_assert_ok(sm_store_token_revoke(f.s, SM_SV("t1"), 6000, &f.err), f.err);
    sm_assert_code(sm_store_token_revoke(f.s, SM_SV("t3"), 6000, &f.err), SM_E_NOT_FOUND);
    sm_assert_code(session(&f, "s1", &s, &t), SM_E_NOT_FOUND);
    sm_assert_ok(session(&f, "s2", &s, &t), f.err);
    sm_assert_ok(sm_store_tokens(f.s, f.a, &all, &n, &f.err), f.err);
    assert_int_equal(n, 2);
    assert_int_equal(all[0].revoked_ms, 5000);
    store_close(&f);
}

static void test_sessions__end_when_they_are_old_or_idle(void **state)
{
    store_fixture f;
    sm_session_rec s;
    sm_token_rec t;

    (void)state;
    store_open(&f, "sessions");
    add_token(&f, "t1", "aa");
    add_session(&f, "old", "t1", 1000);
    add_session(&f, "idle", "t1", 3000);
    add_session(&f, "used", "t1", 3000);
    sm_assert_ok(sm_store_session_used(f.s, SM_SV("old"), 9000, &f.err), f.err);
    sm_assert_ok(sm_store_session_used(f.s, SM_SV("used"), 9000, &f.err), f.err);
    sm_assert_ok(sm_store_sessions_trim(f.s, 8000, 2000, &f.err), f.err);
    sm_assert_code(session(&f, "old", &s, &t), SM_E_NOT_FOUND);
    sm_assert_code(session(&f, "idle", &s, &t), SM_E_NOT_FOUND);
    sm_assert_ok(session(&f, "used", &s, &t), f.err);
    sm_assert_ok(sm_store_session_end(f.s, SM_SV("used"), &f.err), f.err);
    sm_assert_code(session(&f, "used", &s, &t), SM_E_NOT_FOUND);
    store_close(&f);
}

static void test_audit__a_row_gets_its_outcome_once(void **state)
{
    store_fixture f;
    sm_audit_rec r = { .time_ms = 1000,
                       .by = SM_SV("t1"),
                       .address = SM_SV("10.0.0.1"),
                       .act = SM_SV("startRun"),
                       .pipeline = SM_SV("iot"),
                       .details = SM_SV("{}") };
    sm_audit_rec *rows;
    size_t n;

    (void)state;
    store_open(&f, "audit");
    sm_assert_ok(sm_store_audit_begin(f.s, &r, &f.err), f.err);
    sm_assert_ok(sm_store_audit_end(f.s, r.id, 2000, SM_SV("ok"), &f.err), f.err);
    sm_assert_ok(sm_store_audit_end(f.s, r.id, 3000, SM_SV("not ok"), &f.err), f.err);
    r.time_ms = 4000;
    sm_assert_ok(sm_store_audit_begin(f.s, &r, &f.err), f.err);
    sm_assert_ok(sm_store_audit_list(f.s, 0, 10, f.a, &rows, &n, &f.err), f.err);
    assert_int_equal(n, 2);
    assert_sv(rows[0].outcome, "");
    assert_sv(rows[1].outcome, "ok");
    assert_int_equal(rows[1].ended_ms, 2000);
    sm_assert_ok(sm_store_audit_trim(f.s, 4000, &f.err), f.err);
    sm_assert_ok(sm_store_audit_list(f.s, 0, 10, f.a, &rows, &n, &f.err), f.err);
    assert_int_equal(n, 1);
    store_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_tokens__are_found_by_their_hash_and_stay_when_revoked),
        SM_TEST(test_sessions__end_when_they_are_old_or_idle),
        SM_TEST(test_audit__a_row_gets_its_outcome_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
