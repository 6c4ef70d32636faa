/* SPDX-License-Identifier: Apache-2.0 */
/* test_store_disk.c -- the store on a disk that fails and loses power.
 *
 * Every operation of a random history writes one numbered event, so the events that survive a
 * power cut say which prefix of the history did; the rest of the store must be of that moment,
 * and nothing durable may be missing. */
#include "tests/unit/store_disk.h"
#include "tests/unit/store_fixture.h"

#include "runtime/store/store_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OPERATIONS = 30, CUTS = 40 };

typedef struct history {
    store_fixture f;
    char after[1024]; /* the folder after the cut */
    int64_t generation;
    int64_t next;                 /* batch */
    bool open;                    /* batch next - 1 is decided, not done */
    int64_t events;               /* written */
    int64_t durable;              /* of them, by the last durable call */
    int64_t last[OPERATIONS + 1]; /* [events]: newest batch */
    sm_batch_state state[OPERATIONS + 1];
} history;

static sm_event_rec one_event(void)
{
    return (sm_event_rec){ .type = SM_SV("x"), .batch = -1, .message = SM_SV("m") };
}

static void append_event(history *h)
{
    sm_event_rec e = one_event();

    sm_assert_ok(sm_store_events_append(h->f.s, &h->f.o, &e, 1, NULL, &h->f.err), h->f.err);
}

static void decide_next(history *h)
{
    sm_batch_key key = { .generation = h->generation, .n = h->next - 1 };
    sm_batch_rec b = store_batch(h->generation, h->next);
    sm_event_rec e = one_event();
    sm_decision d = {
        .done = &key, .n_done = h->open, .records = &b, .n_records = 1, .events = &e, .n_events = 1
    };

    sm_assert_ok(sm_store_decide(h->f.s, &h->f.o, &d, &h->f.err), h->f.err);
    h->next++;
    h->open = true;
    h->durable = h->events + 1;
}

static void close_open(history *h)
{
    sm_batch_key key = { .generation = h->generation, .n = h->next - 1 };
    sm_event_rec e = one_event();
    sm_done d = { .keys = &key, .n_keys = 1, .events = &e, .n_events = 1 };

    sm_assert_ok(sm_store_mark_done(h->f.s, &h->f.o, &d, &h->f.err), h->f.err);
    h->open = false;
}

static void operate(history *h, uint64_t choice)
{
    if (choice % 3 == 0)
        decide_next(h);
    else if (choice % 3 == 1 && h->open)
        close_open(h);
    else
        append_event(h);
    h->events++;
    h->last[h->events] = h->next - 1;
    h->state[h->events] = h->open ? SM_BATCH_DECIDED : SM_BATCH_DONE;
}

static void begin_history(history *h)
{
    *h = (history){ .next = 0 };
    snprintf(h->after, sizeof h->after, "%s", sm_test_folder("disk-after"));
    store_open(&h->f, "disk");
    h->generation = store_generation(&h->f, "t");
    h->last[0] = -1;
    sm_assert_ok(sm_store__script(h->f.s, "pragma wal_autocheckpoint = 12", &h->f.err), h->f.err);
}

/* The store as it is after a power cut; close with sm_store_close. */
static sm_store *after_cut(history *h, uint64_t seed)
{
    sm_store_config config = { .state_path = sm_sv_cstr(h->after) };
    char control[1200];
    sm_store *s;

    snprintf(control, sizeof control, "%s/control", h->after);
    sm_test_remove(control);
    disk_cut(h->f.path, control, seed);
    sm_assert_ok(sm_store_open(&config, &s, &h->f.err), h->f.err);
    sm_assert_ok(sm_store_check(s, &h->f.err), h->f.err);
    return s;
}

static sm_position position_in(history *h, sm_store *s)
{
    sm_position p;

    sm_assert_ok(sm_store_position(s, h->f.o.pipeline, SM_SV("t"), h->f.a, &p, &h->f.err),
                 h->f.err);
    return p;
}

static void test_power_cut__keeps_a_prefix_with_all_that_was_durable(void **state)
{
    (void)state;
    disk_install();
    for (uint64_t seed = 1; seed <= CUTS; seed++) {
        uint64_t random = seed * 0x9e3779b97f4a7c15u;
        int operations = (int)(random >> 40) % OPERATIONS + 1;
        history h;
        sm_store *s;
        int64_t survived;
        sm_position p;

        begin_history(&h);
        for (int i = 0; i < operations; i++)
            operate(&h, (random ^= random << 13, random ^= random >> 7, random ^= random << 17));
        s = after_cut(&h, seed);
        sm_assert_ok(sm_store_events_last(s, &survived, &h.f.err), h.f.err);
        assert_in_range(survived, h.durable, h.events);
        p = position_in(&h, s);
        assert_int_equal(p.has_last ? p.last.n : -1, h.last[survived]);
        if (p.has_last)
            assert_int_equal(p.last.state, h.state[survived]);
        if (p.has_last && p.last.state == SM_BATCH_DECIDED)
            assert_sv(p.last.manifest, "{\"add\":[]}");
        sm_store_close(s);
        store_close(&h.f);
        sm_test_remove(h.after);
    }
    disk_remove();
}

/* The nth call to the disk fails while a batch is decided.  The store says whether it was; if
 * not, another attempt of the same batch may be, and then that one survives. */
static bool decide_on_failing_disk(int nth, int code)
{
    history h;
    sm_batch_rec b;
    sm_decision d = { .records = &b, .n_records = 1 };
    sm_position p;
    sm_store *s;
    bool failed, there;

    begin_history(&h);
    for (int i = 0; i < 8; i++)
        operate(&h, (uint64_t)i);
    if (h.open)
        close_open(&h);
    b = store_batch(h.generation, h.next);
    disk_fail(nth, code);
    failed = sm_store_decide(h.f.s, &h.f.o, &d, &h.f.err) != SM_OK;
    disk_fail(0, 0);
    if (failed)
        assert_int_equal(h.f.err.code, SM_E_IO);
    there = position_in(&h, h.f.s).last.n == h.next;
    assert_true(failed || there);
    s = after_cut(&h, (uint64_t)nth);
    p = position_in(&h, s);
    assert_true(p.last.n == h.next || (failed && p.last.n == h.next - 1));
    sm_store_close(s);
    if (!there) {
        b = store_batch(h.generation, h.next);
        b.end_offsets = SM_SV("{\"in\":\"again\"}");
        sm_assert_ok(sm_store_decide(h.f.s, &h.f.o, &d, &h.f.err), h.f.err);
        s = after_cut(&h, (uint64_t)nth);
        assert_sv(position_in(&h, s).last.end_offsets, "{\"in\":\"again\"}");
        sm_store_close(s);
    }
    store_close(&h.f);
    sm_test_remove(h.after);
    return failed;
}

static void test_disk__that_fails_at_any_call_leaves_a_whole_decision_or_none(void **state)
{
    static const int codes[] = { SQLITE_IOERR_WRITE, SQLITE_FULL };

    (void)state;
    disk_install();
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        int passed = 0;

        for (int nth = 1; passed < 3; nth++) {
            passed = decide_on_failing_disk(nth, codes[i]) ? 0 : passed + 1;
            assert_true(nth < 200);
        }
    }
    disk_remove();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_power_cut__keeps_a_prefix_with_all_that_was_durable),
        SM_TEST(test_disk__that_fails_at_any_call_leaves_a_whole_decision_or_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
