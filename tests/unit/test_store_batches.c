/* SPDX-License-Identifier: Apache-2.0 */
/* test_store_batches.c -- records of batches: order, owner, crash, fault. */
#include "tests/unit/store_fixture.h"

#include "runtime/base/failpoint.h"
#include "runtime/base/thread.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static sm_position position(store_fixture *f, const char *flow)
{
    sm_position p;

    sm_assert_ok(sm_store_position(f->s, f->o.pipeline, sm_sv_cstr(flow), f->a, &p, &f->err),
                 f->err);
    return p;
}

static void test_position__of_a_flow_that_never_ran_is_empty(void **state)
{
    store_fixture f;
    sm_position p;

    (void)state;
    store_open(&f, "batches");
    p = position(&f, "orders");
    assert_false(p.has_generation);
    assert_false(p.has_last);
    assert_int_equal(p.next, 0);
    store_close(&f);
}

static void test_decide__is_found_with_all_its_fields(void **state)
{
    store_fixture f;
    sm_position p;
    int64_t g;

    (void)state;
    store_open(&f, "batches");
    g = store_generation(&f, "orders");
    sm_assert_ok(store_decide(&f, g, 0, -1), f.err);
    p = position(&f, "orders");
    assert_true(p.has_generation && p.has_last && !p.has_done);
    assert_int_equal(p.generation.id, g);
    assert_true(p.generation.current);
    assert_int_equal(p.generation.why, SM_GENERATION_FIRST);
    assert_int_equal(p.last.state, SM_BATCH_DECIDED);
    assert_int_equal(p.last.n, 0);
    assert_int_equal(p.last.step, p.last.id);
    assert_int_equal(p.last.timestamp_ms, 1000);
    assert_sv(p.last.flow, "orders");
    assert_sv(p.last.manifest, "{\"add\":[]}");
    assert_sv(p.last.end_offsets, "{\"in\":2}");
    assert_sv(p.last.counters, "{\"read\":10}");
    assert_sv(p.last.watermarks, "");
    assert_int_equal(p.last.n_targets, 1);
    assert_sv(p.last.targets[0], "t");
    assert_int_equal(p.next, 1);
    store_close(&f);
}

static void test_decide__closes_the_batch_before_and_keeps_its_manifest(void **state)
{
    store_fixture f;
    sm_position p;
    int64_t g;

    (void)state;
    store_open(&f, "batches");
    g = store_generation(&f, "orders");
    sm_assert_ok(store_decide(&f, g, 0, -1), f.err);
    sm_assert_ok(store_decide(&f, g, 1, 0), f.err);
    p = position(&f, "orders");
    assert_int_equal(p.last.n, 1);
    assert_true(p.has_done);
    assert_int_equal(p.last_done.n, 0);
    assert_true(p.last_done.done_ms > 0);
    assert_sv(p.last_done.manifest, "{\"add\":[]}");
    store_close(&f);
}

static void test_decide__refuses_a_gap_and_a_second_open_batch(void **state)
{
    store_fixture f;
    int64_t g;

    (void)state;
    store_open(&f, "batches");
    g = store_generation(&f, "orders");
    sm_assert_code(store_decide(&f, g, 1, -1), SM_E_CONFLICT);
    sm_assert_ok(store_decide(&f, g, 0, -1), f.err);
    sm_assert_code(store_decide(&f, g, 0, -1), SM_E_CONFLICT);
    sm_assert_code(store_decide(&f, g, 1, -1), SM_E_CONFLICT);
    sm_assert_ok(store_done(&f, g, 0), f.err);
    sm_assert_code(store_decide(&f, g, 2, -1), SM_E_CONFLICT);
    sm_assert_ok(store_decide(&f, g, 1, -1), f.err);
    store_close(&f);
}

static void test_done__twice_is_success_and_drops_older_manifests(void **state)
{
    store_fixture f;
    sm_batch_rec b;
    int64_t g;

    (void)state;
    store_open(&f, "batches");
    g = store_generation(&f, "orders");
    sm_assert_ok(store_decide(&f, g, 0, -1), f.err);
    sm_assert_ok(store_decide(&f, g, 1, 0), f.err);
    sm_assert_ok(store_done(&f, g, 1), f.err);
    sm_assert_ok(store_done(&f, g, 1), f.err);
    sm_assert_code(store_done(&f, g, 2), SM_E_CONFLICT);
    sm_assert_ok(sm_store_batch(f.s, g, 0, f.a, &b, &f.err), f.err);
    assert_int_equal(b.manifest.len, 0);
    sm_assert_ok(sm_store_batch(f.s, g, 1, f.a, &b, &f.err), f.err);
    assert_sv(b.manifest, "{\"add\":[]}");
    store_close(&f);
}

static void test_done__keeps_the_last_manifest_of_each_target(void **state)
{
    static const sm_sv both[] = { { "t", 1 }, { "t__quarantine", 13 } };
    store_fixture f;
    sm_batch_rec b, found;
    sm_decision d = { .records = &b, .n_records = 1 };
    int64_t g, before;

    (void)state;
    store_open(&f, "batches");
    g = store_generation(&f, "orders");
    for (int64_t n = 0; n < 4; n++) {
        b = store_batch(g, n);
        b.targets = both;
        b.n_targets = n == 1 ? 2 : 1;
        sm_assert_ok(sm_store_decide(f.s, &f.o, &d, &f.err), f.err);
        sm_assert_ok(store_done(&f, g, n), f.err);
    }
    sm_assert_ok(sm_store_last_with_actions(f.s, g, both[1], f.a, &found, &before, &f.err), f.err);
    assert_int_equal(found.n, 1);
    assert_int_equal(before, -1);
    assert_sv(found.manifest, "{\"add\":[]}");
    sm_assert_ok(sm_store_batch(f.s, g, 2, f.a, &found, &f.err), f.err);
    assert_int_equal(found.manifest.len, 0);
    store_close(&f);
}

static void test_done__of_an_empty_batch_keeps_the_manifest_with_actions(void **state)
{
    store_fixture f;
    sm_batch_rec b, found;
    sm_decision d = { .records = &b, .n_records = 1 };
    int64_t g, before;

    (void)state;
    store_open(&f, "batches");
    g = store_generation(&f, "orders");
    for (int64_t n = 0; n < 2; n++) {
        sm_assert_ok(store_decide(&f, g, n, -1), f.err);
        sm_assert_ok(store_done(&f, g, n), f.err);
    }
    b = store_batch(g, 2);
    b.n_targets = 0;
    b.manifest = SM_SV("{}");
    sm_assert_ok(sm_store_decide(f.s, &f.o, &d, &f.err), f.err);
    sm_assert_ok(store_done(&f, g, 2), f.err);
    sm_assert_ok(sm_store_last_with_actions(f.s, g, SM_SV("t"), f.a, &found, &before, &f.err),
                 f.err);
    assert_int_equal(found.n, 1);
    assert_int_equal(before, 0);
    assert_sv(found.manifest, "{\"add\":[]}");
    sm_assert_ok(sm_store_last_with_actions(f.s, g, SM_SV("u"), f.a, &found, &before, &f.err),
                 f.err);
    assert_int_equal(found.n, -1);
    store_close(&f);
}

static void test_decide__takes_all_links_of_a_step_or_none(void **state)
{
    store_fixture f;
    sm_batch_rec links[2];
    sm_decision d = { .records = links, .n_records = 2 };
    int64_t g1, g2;

    (void)state;
    store_open(&f, "batches");
    g1 = store_generation(&f, "bronze");
    g2 = store_generation(&f, "silver");
    links[0] = store_batch(g1, 0);
    links[1] = store_batch(g2, 5); /* a gap */
    sm_assert_code(sm_store_decide(f.s, &f.o, &d, &f.err), SM_E_CONFLICT);
    assert_false(position(&f, "bronze").has_last);
    links[0] = store_batch(g1, 0);
    links[1] = store_batch(g2, 0);
    sm_assert_ok(sm_store_decide(f.s, &f.o, &d, &f.err), f.err);
    assert_int_equal(links[0].step, links[0].id);
    assert_int_equal(links[1].step, links[0].id);
    assert_int_equal(position(&f, "silver").last.step, links[0].id);
    store_close(&f);
}

static void test_decide__writes_progress_events_and_files_in_the_same_transaction(void **state)
{
    store_fixture f;
    sm_source_file files[3] = { { .path = SM_SV("a") },
                                { .path = SM_SV("b") },
                                { .path = SM_SV("c") } };
    sm_file_range range = { .source = SM_SV("raw"), .from = 0, .to = 2 };
    sm_batch_rec b;
    sm_run_flow_rec progress = { .flow = SM_SV("orders"),
                                 .dataset = SM_SV("orders"),
                                 .state = SM_RUN_FLOW_RUNNING,
                                 .batches = 1 };
    sm_event_rec event = { .type = SM_SV("flow_progress"),
                           .level = SM_EVENT_INFO,
                           .batch = 0,
                           .message = SM_SV("decided") };
    sm_decision d = { .records = &b,
                      .n_records = 1,
                      .progress = &progress,
                      .n_progress = 1,
                      .events = &event,
                      .n_events = 1 };
    sm_run_flow_rec *flows;
    sm_source_file *seen;
    size_t n;

    (void)state;
    store_open(&f, "batches");
    b = store_batch(store_generation(&f, "orders"), 0);
    b.run = progress.run = event.run = store_run(&f);
    b.files = &range;
    b.n_files = 1;
    sm_assert_ok(
        sm_store_files_add(f.s, &f.o,
                           (sm_files_key){ .generation = b.generation, .source = SM_SV("raw") },
                           files, 3, &f.err),
        f.err);
    sm_assert_ok(sm_store_decide(f.s, &f.o, &d, &f.err), f.err);
    assert_true(d.last_event > 0);
    store_expect_event(&f, "flow_progress", "decided");
    sm_assert_ok(sm_store_run_flows(f.s, b.run, f.a, &flows, &n, &f.err), f.err);
    assert_int_equal(n, 1);
    assert_int_equal(flows[0].batches, 1);
    sm_assert_ok(sm_store_files_range(
                     f.s, (sm_files_key){ .generation = b.generation, .source = SM_SV("raw") }, 0,
                     3, 0, f.a, &seen, &n, &f.err),
                 f.err);
    assert_int_equal(n, 3);
    assert_int_equal(seen[1].batch, 0);
    assert_int_equal(seen[2].batch, -1);
    store_close(&f);
}

static void test_decide__of_a_full_refresh_switches_the_generation_with_it(void **state)
{
    store_fixture f;
    sm_generation_switch switches[2] = {
        { .flow = SM_SV("orders"),
          .target = SM_SV("orders"),
          .uuid = SM_SV("new-1"),
          .why = SM_GENERATION_FULL_REFRESH },
        { .flow = SM_SV("orders.once"),
          .target = SM_SV("orders"),
          .uuid = SM_SV("new-2"),
          .why = SM_GENERATION_RESET },
    };
    sm_sv old_state = SM_SV("flows/orders/1");
    sm_batch_rec b = store_batch(0, 0);
    sm_decision d = { .switches = switches,
                      .n_switches = 2,
                      .records = &b,
                      .n_records = 1,
                      .delete_paths = &old_state,
                      .n_delete_paths = 1,
                      .delete_why = SM_SV("full refresh") };
    sm_generation *list;
    sm_deletion *deletions;
    sm_position p;
    size_t n;
    int64_t old;

    (void)state;
    store_open(&f, "batches");
    old = store_generation(&f, "orders");
    sm_assert_ok(store_decide(&f, old, 0, -1), f.err);
    sm_assert_ok(store_done(&f, old, 0), f.err);
    b.flow = SM_SV("orders");
    sm_assert_ok(sm_store_decide(f.s, &f.o, &d, &f.err), f.err);
    p = position(&f, "orders");
    assert_int_equal(p.generation.id, b.generation);
    assert_int_equal(p.generation.number, 2);
    assert_sv(p.generation.uuid, "new-1");
    assert_int_equal(p.last.n, 0);
    assert_true(position(&f, "orders.once").has_generation);
    assert_false(position(&f, "orders.once").has_last);
    sm_assert_ok(sm_store_generations(f.s, f.o.pipeline, SM_SV("orders"), f.a, &list, &n, &f.err),
                 f.err);
    assert_int_equal(n, 2);
    assert_false(list[1].current);
    assert_true(list[1].ended_ms > 0);
    sm_assert_ok(sm_store_deletions(f.s, f.o.pipeline, f.a, &deletions, &n, &f.err), f.err);
    assert_int_equal(n, 1);
    assert_sv(deletions[0].path, "flows/orders/1");
    sm_assert_ok(sm_store_deletion_done(f.s, &f.o, deletions[0].id, &f.err), f.err);
    sm_assert_code(store_decide(&f, old, 1, -1), SM_E_CONFLICT); /* the old life is over */
    sm_test_contains(f.err.msg, "is old");
    store_close(&f);
}

static void test_open_batches__leaves_out_what_an_old_generation_had_decided(void **state)
{
    store_fixture f;
    sm_generation_switch w = { .flow = SM_SV("orders"),
                               .target = SM_SV("orders"),
                               .uuid = SM_SV("anew"),
                               .why = SM_GENERATION_RESET };
    sm_batch_rec *open;
    size_t n;

    (void)state;
    store_open(&f, "batches");
    sm_assert_ok(store_decide(&f, store_generation(&f, "orders"), 0, -1), f.err);
    sm_assert_ok(sm_store_open_batches(f.s, f.o.pipeline, f.a, &open, &n, &f.err), f.err);
    assert_int_equal(n, 1);
    sm_assert_ok(sm_store_generation_begin(f.s, &f.o, &w, 1, NULL, &f.err), f.err);
    sm_assert_ok(sm_store_open_batches(f.s, f.o.pipeline, f.a, &open, &n, &f.err), f.err);
    assert_int_equal(n, 0);
    store_close(&f);
}

static void test_reserve__keeps_the_old_life_until_the_decision(void **state)
{
    store_fixture f;
    sm_generation_switch w = { .flow = SM_SV("orders"),
                               .target = SM_SV("orders"),
                               .uuid = SM_SV("dies"),
                               .why = SM_GENERATION_FULL_REFRESH };
    sm_source_file file = { .path = SM_SV("a") };
    sm_batch_rec b = store_batch(0, 0);
    sm_decision d = { .switches = &w, .n_switches = 1, .records = &b, .n_records = 1 };
    sm_generation *list;
    int64_t old, dead;
    size_t n;

    (void)state;
    store_open(&f, "batches");
    old = store_generation(&f, "orders");
    sm_assert_ok(sm_store_generation_reserve(f.s, &f.o, &w, &dead, &f.err), f.err);
    w.uuid = SM_SV("lives");
    sm_assert_ok(sm_store_generation_reserve(f.s, &f.o, &w, &w.reserved, &f.err), f.err);
    assert_int_equal(position(&f, "orders").generation.id, old);
    sm_assert_ok(sm_store_files_add(
                     f.s, &f.o, (sm_files_key){ .generation = w.reserved, .source = SM_SV("raw") },
                     &file, 1, &f.err),
                 f.err);
    b.flow = SM_SV("orders");
    sm_assert_ok(sm_store_decide(f.s, &f.o, &d, &f.err), f.err);
    assert_int_equal(b.generation, w.reserved);
    assert_int_equal(position(&f, "orders").generation.id, w.reserved);
    assert_sv(position(&f, "orders").generation.uuid, "lives");
    sm_assert_ok(sm_store_generations(f.s, f.o.pipeline, SM_SV("orders"), f.a, &list, &n, &f.err),
                 f.err);
    assert_int_equal(n, 2); /* the one that died was never a life */
    w.reserved = dead;
    sm_assert_code(sm_store_decide(f.s, &f.o, &d, &f.err), SM_E_CONFLICT);
    sm_test_contains(f.err.msg, "is not reserved");
    store_close(&f);
}

static void test_decide__adopts_a_position_as_a_done_batch(void **state)
{
    store_fixture f;
    sm_generation_switch w = { .flow = SM_SV("orders"),
                               .target = SM_SV("orders"),
                               .uuid = SM_SV("adopted"),
                               .why = SM_GENERATION_ADOPT };
    sm_batch_rec b = store_batch(0, 0);
    sm_decision d = { .switches = &w, .n_switches = 1, .records = &b, .n_records = 1 };
    sm_position p;

    (void)state;
    store_open(&f, "batches");
    b.flow = SM_SV("orders");
    b.state = SM_BATCH_DONE;
    sm_assert_code(sm_store_decide(f.s, &f.o, &d, &f.err), SM_E_INVALID); /* has actions */
    b.n_targets = 0;
    sm_assert_ok(sm_store_decide(f.s, &f.o, &d, &f.err), f.err);
    p = position(&f, "orders");
    assert_true(p.has_done);
    assert_int_equal(p.next, 1);
    assert_sv(p.last_done.end_offsets, "{\"in\":2}");
    store_close(&f);
}

static void test_intend__fixes_the_range_until_it_is_decided(void **state)
{
    store_fixture f;
    sm_batch_rec b, other;
    sm_decision d = { .records = &other, .n_records = 1 };
    sm_position p;

    (void)state;
    store_open(&f, "batches");
    b = store_batch(store_generation(&f, "orders"), 0);
    sm_assert_ok(sm_store_intend(f.s, &f.o, &b, &f.err), f.err);
    sm_assert_ok(sm_store_intend(f.s, &f.o, &b, &f.err), f.err);
    p = position(&f, "orders");
    assert_int_equal(p.last.state, SM_BATCH_INTENDED);
    assert_int_equal(p.next, 0);
    other = store_batch(b.generation, 0);
    other.end_offsets = SM_SV("{\"in\":3}");
    sm_assert_code(sm_store_intend(f.s, &f.o, &other, &f.err), SM_E_CONFLICT);
    other.state = SM_BATCH_DECIDED;
    sm_assert_code(sm_store_decide(f.s, &f.o, &d, &f.err), SM_E_CONFLICT);
    other = store_batch(b.generation, 0);
    sm_assert_ok(sm_store_decide(f.s, &f.o, &d, &f.err), f.err);
    assert_int_equal(position(&f, "orders").last.state, SM_BATCH_DECIDED);
    store_close(&f);
}

static void test_done__says_where_the_time_of_the_batch_went(void **state)
{
    store_fixture f;
    sm_batch_key key;
    sm_done d = { .keys = &key, .n_keys = 1 };
    int64_t g;

    (void)state;
    store_open(&f, "batches");
    g = store_generation(&f, "orders");
    key =
        (sm_batch_key){ .generation = g, .n = 0, .phases = SM_SV("{\"read\":7}"), .cpu_us = 1200 };
    sm_assert_ok(store_decide(&f, g, 0, -1), f.err);
    sm_assert_ok(sm_store_mark_done(f.s, &f.o, &d, &f.err), f.err);
    assert_string_equal(position(&f, "orders").last.phases.ptr, "{\"read\":7}");
    assert_int_equal(position(&f, "orders").last.cpu_us, 1200);
    sm_assert_ok(store_decide(&f, g, 1, -1), f.err);
    sm_assert_ok(store_done(&f, g, 1), f.err); /* not known */
    assert_int_equal(position(&f, "orders").last.phases.len, 0);
    assert_int_equal(position(&f, "orders").last.cpu_us, 0);
    store_close(&f);
}

static void test_void__takes_back_the_newest_decided_batch_only(void **state)
{
    store_fixture f;
    sm_batch_key key;
    int64_t g;

    (void)state;
    store_open(&f, "batches");
    g = store_generation(&f, "orders");
    sm_assert_ok(store_decide(&f, g, 0, -1), f.err);
    sm_assert_ok(store_decide(&f, g, 1, 0), f.err);
    key = (sm_batch_key){ .generation = g, .n = 0 };
    sm_assert_code(sm_store_void(f.s, &f.o, &key, 1, 0, SM_SV("x"), &f.err), SM_E_CONFLICT);
    key.n = 1;
    sm_assert_ok(sm_store_void(f.s, &f.o, &key, 1, 0, SM_SV("a file was removed"), &f.err), f.err);
    assert_int_equal(position(&f, "orders").next, 1);
    store_expect_event(&f, "batch_voided", "a file was removed");
    sm_assert_ok(store_decide(&f, g, 1, -1), f.err);
    store_close(&f);
}

static void test_owner__that_was_replaced_can_write_nothing(void **state)
{
    store_fixture f;
    sm_store *other;
    sm_owner newer;
    int64_t g;

    (void)state;
    store_open(&f, "batches");
    g = store_generation(&f, "orders");
    sm_assert_ok(store_decide(&f, g, 0, -1), f.err);
    other = store_again(&f, 0);
    sm_assert_ok(sm_store_acquire(other, SM_SV("iot"), SM_SV("b"), &newer, NULL, &f.err), f.err);
    assert_int_equal(newer.pipeline, f.o.pipeline);
    assert_int_equal(newer.epoch, f.o.epoch + 1);
    sm_assert_code(store_done(&f, g, 0), SM_E_CONFLICT);
    sm_test_contains(f.err.msg, "another run took over");
    assert_false(f.err.retryable);
    sm_assert_code(sm_store_owner_check(f.s, &f.o, &f.err), SM_E_CONFLICT);
    sm_assert_code(sm_store_files_add(f.s, &f.o, (sm_files_key){ .generation = g },
                                      &(sm_source_file){ .path = SM_SV("a") }, 1, &f.err),
                   SM_E_CONFLICT);
    assert_int_equal(position(&f, "orders").last.state, SM_BATCH_DECIDED);
    sm_store_close(other);
    store_close(&f);
}

/* Children acquire and decide as fast as they can; the record of each batch must be there once. */
static void compete(const store_fixture *f, int64_t g)
{
    sm_store *s = store_again(f, 0);
    sm_error err;

    for (int i = 0; i < 40; i++) {
        sm_arena *a = sm_arena_new("child");
        sm_owner o;
        sm_position p;
        sm_batch_rec b;
        sm_decision d = { .records = &b, .n_records = 1 };
        sm_done done = { .n_keys = 1 };
        sm_batch_key key;

        sm_assert_ok(sm_store_acquire(s, SM_SV("iot"), SM_SV("child"), &o, NULL, &err), err);
        sm_assert_ok(sm_store_position(s, o.pipeline, SM_SV("orders"), a, &p, &err), err);
        key = (sm_batch_key){ .generation = g, .n = p.has_last ? p.last.n : 0 };
        b = store_batch(g, p.next);
        done.keys = &key;
        if (p.has_last && p.last.state == SM_BATCH_DECIDED)
            (void)sm_store_mark_done(s, &o, &done, &err);
        else
            (void)sm_store_decide(s, &o, &d, &err);
        sm_arena_free(a);
    }
    sm_store_close(s);
}

static void test_owners__that_fight_leave_a_whole_history(void **state)
{
    store_fixture f;
    sm_batch_rec *list;
    size_t n;
    int64_t g;

    (void)state;
    store_open(&f, "batches");
    g = store_generation(&f, "orders");
    sm_store_close(f.s);
    for (int i = 0; i < 3; i++) {
        if (fork() == 0) {
            compete(&f, g);
            _exit(0);
        }
    }
    for (int i = 0; i < 3; i++) {
        int status;

        assert_true(wait(&status) > 0);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    f.s = store_again(&f, 0);
    sm_assert_ok(sm_store_check(f.s, &f.err), f.err);
    sm_assert_ok(
        sm_store_batches(f.s, f.o.pipeline, SM_SV("orders"), 0, 0, 1000, f.a, &list, &n, &f.err),
        f.err);
    assert_true(n >= 1);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(list[i].n, (int64_t)(n - 1 - i));
    for (size_t i = 1; i < n; i++)
        assert_int_equal(list[i].state, SM_BATCH_DONE);
    store_close(&f);
}

/* ---- threads ---- */

typedef struct worker {
    store_fixture *f;
    int64_t generation;
} worker;

static void work(void *arg)
{
    worker *w = arg;
    store_fixture own = *w->f; /* its own error */

    for (int64_t n = 0; n < 30; n++) {
        sm_assert_ok(store_decide(&own, w->generation, n, -1), own.err);
        sm_assert_ok(store_done(&own, w->generation, n), own.err);
    }
}

static void test_threads__share_one_handle(void **state)
{
    enum { WORKERS = 4 };
    store_fixture f;
    worker workers[WORKERS];
    sm_thread *threads[WORKERS];

    (void)state;
    store_open(&f, "batches");
    for (int i = 0; i < WORKERS; i++) {
        char flow[16];

        snprintf(flow, sizeof flow, "t.%d", i);
        workers[i] = (worker){ .f = &f, .generation = store_generation(&f, flow) };
    }
    for (int i = 0; i < WORKERS; i++)
        sm_assert_ok(sm_thread_start("work", work, &workers[i], &threads[i], &f.err), f.err);
    for (int i = 0; i < WORKERS; i++)
        sm_thread_join(threads[i]);
    for (int i = 0; i < WORKERS; i++) {
        sm_batch_rec b;

        sm_assert_ok(sm_store_batch(f.s, workers[i].generation, 29, f.a, &b, &f.err), f.err);
        assert_int_equal(b.state, SM_BATCH_DONE);
    }
    store_close(&f);
}

static void test_kill__between_decide_and_done_leaves_the_decided_record(void **state)
{
    store_fixture f;
    sm_position p;
    sm_batch_rec *open;
    int64_t g, closed;
    size_t n;
    int status;
    pid_t child;

    (void)state;
    store_open(&f, "batches");
    g = store_generation(&f, "orders");
    store_run(&f);
    sm_store_close(f.s);
    if ((child = fork()) == 0) {
        f.s = store_again(&f, 0);
        if (store_decide(&f, g, 0, -1) == SM_OK)
            raise(SIGKILL);
        _exit(1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    f.s = store_again(&f, 0);
    sm_assert_ok(sm_store_acquire(f.s, SM_SV("iot"), SM_SV("next"), &f.o, &closed, &f.err), f.err);
    assert_int_equal(closed, 1);
    p = position(&f, "orders");
    assert_int_equal(p.last.state, SM_BATCH_DECIDED);
    assert_sv(p.last.manifest, "{\"add\":[]}");
    sm_assert_ok(sm_store_open_batches(f.s, f.o.pipeline, f.a, &open, &n, &f.err), f.err);
    assert_int_equal(n, 1);
    sm_assert_ok(store_done(&f, g, 0), f.err);
    store_close(&f);
}

/* The Nth SQLite call of a decision fails, for N = 1, 2, … until none does: the record is there
 * with all that belongs to it, or nothing of it is. */
static void decide_under_faults(const char *error)
{
    store_fixture f;
    sm_run_flow_rec progress = { .flow = SM_SV("orders"), .dataset = SM_SV("orders") };
    sm_event_rec event = { .type = SM_SV("flow_progress"), .batch = -1, .message = SM_SV("m") };
    int64_t g, events = 0;
    bool failed = true;

    store_open(&f, "faults");
    g = store_generation(&f, "orders");
    progress.run = event.run = store_run(&f);
    sm_assert_ok(store_decide(&f, g, 0, -1), f.err);
    for (int nth = 1; failed; nth++) {
        sm_batch_rec b = store_batch(g, 1);
        sm_batch_key key = { .generation = g, .n = 0 };
        sm_decision d = { .done = &key,
                          .n_done = 1,
                          .records = &b,
                          .n_records = 1,
                          .progress = &progress,
                          .n_progress = 1,
                          .events = &event,
                          .n_events = 1 };
        char spec[64];
        sm_position p;

        snprintf(spec, sizeof spec, "store.step:%d:%s", nth, error);
        sm_failpoint_set(spec);
        failed = sm_store_decide(f.s, &f.o, &d, &f.err) != SM_OK;
        sm_failpoint_set("");
        if (failed)
            assert_int_equal(f.err.code, SM_E_IO);
        p = position(&f, "orders");
        assert_int_equal(p.last.n, failed ? 0 : 1);
        assert_int_equal(p.last.state, SM_BATCH_DECIDED);
        sm_assert_ok(sm_store_events_last(f.s, &events, &f.err), f.err);
        assert_int_equal(events, failed ? 0 : 1);
        assert_true(nth < 100);
    }
    sm_assert_ok(sm_store_check(f.s, &f.err), f.err);
    store_close(&f);
}

static void test_fault__at_any_call_leaves_a_whole_decision_or_none(void **state)
{
    (void)state;
    decide_under_faults("EIO");
    decide_under_faults("ENOSPC");
}

static void test_fault__after_the_commit_is_an_error_with_the_record_written(void **state)
{
    store_fixture f;
    int64_t g;

    (void)state;
    store_open(&f, "batches");
    g = store_generation(&f, "orders");
    sm_failpoint_set("store.after_commit:1:EIO");
    sm_assert_code(store_decide(&f, g, 0, -1), SM_E_IO);
    sm_failpoint_set("");
    assert_int_equal(position(&f, "orders").last.state, SM_BATCH_DECIDED);
    store_close(&f);
}

static void test_history__is_listed_newest_first_in_pages(void **state)
{
    store_fixture f;
    sm_batch_rec *list;
    size_t n;
    int64_t g, h;

    (void)state;
    store_open(&f, "batches");
    g = store_generation(&f, "orders");
    h = store_generation(&f, "items");
    for (int64_t i = 0; i < 5; i++) {
        sm_assert_ok(store_decide(&f, g, i, i - 1), f.err);
        sm_assert_ok(store_decide(&f, h, i, i - 1), f.err);
    }
    sm_assert_ok(
        sm_store_batches(f.s, f.o.pipeline, SM_SV("orders"), 0, 0, 2, f.a, &list, &n, &f.err),
        f.err);
    assert_int_equal(n, 2);
    assert_int_equal(list[0].n, 4);
    assert_int_equal(list[1].n, 3);
    assert_int_equal(list[0].n_targets, 1);
    sm_assert_ok(sm_store_batches(f.s, f.o.pipeline, SM_SV("orders"), 0, list[1].id, 0, f.a, &list,
                                  &n, &f.err),
                 f.err);
    assert_int_equal(n, 3);
    assert_int_equal(list[0].n, 2);
    sm_assert_ok(sm_store_batches(f.s, f.o.pipeline, SM_SV(""), 0, 0, 0, f.a, &list, &n, &f.err),
                 f.err);
    assert_int_equal(n, 10);
    store_close(&f);
}

static void test_manifest__above_the_limit_is_refused(void **state)
{
    store_fixture f;
    sm_batch_rec b;
    sm_decision d = { .records = &b, .n_records = 1 };
    char *text = calloc(1, SM_STORE_MANIFEST_MAX + 1);

    (void)state;
    assert_non_null(text);
    memset(text, 'x', SM_STORE_MANIFEST_MAX + 1);
    store_open(&f, "batches");
    b = store_batch(store_generation(&f, "orders"), 0);
    b.manifest = (sm_sv){ text, SM_STORE_MANIFEST_MAX + 1 };
    sm_assert_code(sm_store_decide(f.s, &f.o, &d, &f.err), SM_E_LIMIT);
    free(text);
    store_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_position__of_a_flow_that_never_ran_is_empty),
        SM_TEST(test_decide__is_found_with_all_its_fields),
        SM_TEST(test_decide__closes_the_batch_before_and_keeps_its_manifest),
        SM_TEST(test_decide__refuses_a_gap_and_a_second_open_batch),
        SM_TEST(test_done__twice_is_success_and_drops_older_manifests),
        SM_TEST(test_done__keeps_the_last_manifest_of_each_target),
        SM_TEST(test_done__of_an_empty_batch_keeps_the_manifest_with_actions),
        SM_TEST(test_decide__takes_all_links_of_a_step_or_none),
        SM_TEST(test_decide__writes_progress_events_and_files_in_the_same_transaction),
        SM_TEST(test_decide__of_a_full_refresh_switches_the_generation_with_it),
        SM_TEST(test_open_batches__leaves_out_what_an_old_generation_had_decided),
        SM_TEST(test_reserve__keeps_the_old_life_until_the_decision),
        SM_TEST(test_decide__adopts_a_position_as_a_done_batch),
        SM_TEST(test_intend__fixes_the_range_until_it_is_decided),
        SM_TEST(test_done__says_where_the_time_of_the_batch_went),
        SM_TEST(test_void__takes_back_the_newest_decided_batch_only),
        SM_TEST(test_owner__that_was_replaced_can_write_nothing),
        SM_TEST(test_owners__that_fight_leave_a_whole_history),
        SM_TEST(test_threads__share_one_handle),
        SM_TEST(test_kill__between_decide_and_done_leaves_the_decided_record),
        SM_TEST(test_fault__at_any_call_leaves_a_whole_decision_or_none),
        SM_TEST(test_fault__after_the_commit_is_an_error_with_the_record_written),
        SM_TEST(test_history__is_listed_newest_first_in_pages),
        SM_TEST(test_manifest__above_the_limit_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
