/* SPDX-License-Identifier: Apache-2.0 */
/* store_fixture.c -- see store_fixture.h. */
#include "tests/unit/store_fixture.h"

#include <stdio.h>
#include <string.h>

void store_open(store_fixture *f, const char *name)
{
    *f = (store_fixture){ .a = sm_arena_new("test") };
    snprintf(f->path, sizeof f->path, "%s", sm_test_folder(name));
    f->s = store_again(f, 0);
    sm_assert_ok(sm_store_acquire(f->s, SM_SV("iot"), SM_SV("test"), &f->o, NULL, &f->err), f->err);
}

void store_close(store_fixture *f)
{
    sm_store_close(f->s);
    sm_arena_free(f->a);
    sm_test_remove(f->path);
}

sm_store *store_again(const store_fixture *f, int64_t busy_ms)
{
    sm_store_config config = { .state_path = sm_sv_cstr(f->path), .busy_ms = busy_ms };
    sm_store *s = NULL;
    sm_error err;

    sm_assert_ok(sm_store_open(&config, &s, &err), err);
    return s;
}

int64_t store_run(store_fixture *f)
{
    sm_run_rec r = { .state = SM_RUN_RUNNING, .cause = SM_SV("manual") };

    sm_assert_ok(sm_store_run_create(f->s, &f->o, &r, &f->err), f->err);
    return r.id;
}

int64_t store_generation(store_fixture *f, const char *flow)
{
    static int count;
    char uuid[64];
    sm_generation_switch w = { .flow = sm_sv_cstr(flow),
                               .target = sm_sv_cstr(flow),
                               .why = SM_GENERATION_FIRST };
    int64_t id = 0;

    snprintf(uuid, sizeof uuid, "uuid-%d", ++count);
    w.uuid = sm_sv_cstr(uuid);
    sm_assert_ok(sm_store_generation_begin(f->s, &f->o, &w, 1, &id, &f->err), f->err);
    return id;
}

sm_batch_rec store_batch(int64_t generation, int64_t n)
{
    static const sm_sv target = { "t", 1 };

    return (sm_batch_rec){
        .generation = generation,
        .n = n,
        .state = SM_BATCH_DECIDED,
        .attempt = 1,
        .timestamp_ms = 1000 + n,
        .start_offsets = SM_SV("{\"in\":1}"),
        .end_offsets = SM_SV("{\"in\":2}"),
        .plan_fingerprint = SM_SV("f"),
        .manifest = SM_SV("{\"add\":[]}"),
        .targets = &target,
        .n_targets = 1,
        .counters = SM_SV("{\"read\":10}"),
    };
}

sm_code store_decide(store_fixture *f, int64_t generation, int64_t n, int64_t done)
{
    sm_batch_rec b = store_batch(generation, n);
    sm_batch_key key = { .generation = generation, .n = done };
    sm_decision d = { .records = &b, .n_records = 1, .done = &key, .n_done = done >= 0 };

    return sm_store_decide(f->s, &f->o, &d, &f->err);
}

sm_code store_done(store_fixture *f, int64_t generation, int64_t n)
{
    sm_batch_key key = { .generation = generation, .n = n };
    sm_done d = { .keys = &key, .n_keys = 1 };

    return sm_store_mark_done(f->s, &f->o, &d, &f->err);
}

void store_expect_event(store_fixture *f, const char *type, const char *message)
{
    sm_event_filter filter = { .newest = true, .limit = 1 };
    sm_event_rec *events;
    size_t n;

    sm_assert_ok(sm_store_events_list(f->s, &filter, f->a, &events, &n, &f->err), f->err);
    assert_int_equal(n, 1);
    assert_sv(events[0].type, type);
    assert_sv(events[0].message, message);
}
