/* SPDX-License-Identifier: Apache-2.0 */
/* run_beside.c -- what ends a run from outside: its `timeout`, and who asks in the control store.
 *
 * A thread waits beside the run.  It looks at the store once in a while, for another process cannot
 * reach this one in another way; a short run never asks. */
#include "runtime/base/clock.h"
#include "runtime/exec/run_int.h"

enum { LOOK_MS = 1000 };

static int64_t left_of(int64_t until)
{
    int64_t left = until - sm_clock_boot_ms();

    return left > 0 ? left : 0;
}

/* Who asked it to stop; "" = nobody did.  Lives in `a`. */
static sm_sv asked_by(sm_run *r, sm_arena *a)
{
    sm_error ignored; /* the next look may tell */
    sm_sv by = SM_SV("");

    (void)sm_store_run_stop(r->q.store, r->env.run, a, &by, &ignored);
    return by;
}

static bool expires(const sm_run *r)
{
    return r->q.timeout_ms > 0 && !r->q.continuous;
}

static void wait_beside(void *arg)
{
    sm_run *r = arg;
    sm_arena *a = sm_arena_new("beside");
    int64_t until = expires(r) ? r->started_boot_ms + r->q.timeout_ms : INT64_MAX;
    bool over = false, expired = false;
    sm_sv by = SM_SV("");

    while (!over && !expired && by.len == 0) {
        int64_t next = sm_clock_boot_ms() + LOOK_MS;

        sm_mutex_lock(&r->mu);
        while (!r->through && left_of(next) > 0 && left_of(until) > 0)
            (void)sm_cond_wait_ms(&r->ended, &r->mu,
                                  left_of(next) < left_of(until) ? left_of(next) : left_of(until));
        over = r->through || r->stopping;
        expired = !over && left_of(until) == 0;
        sm_mutex_unlock(&r->mu);
        if (!over && !expired)
            by = asked_by(r, a);
    }
    sm_mutex_lock(&r->mu);
    r->expired = expired;
    if (by.len > 0)
        r->stopped_by = sm_arena_dup(r->told, by);
    sm_mutex_unlock(&r->mu);
    if (expired || by.len > 0)
        sm_run_cancel(r);
    sm_arena_free(a);
}

sm_code sm_run__beside_begin(sm_run *r, sm_error *err)
{
    return sm_thread_start("smelt-beside", wait_beside, r, &r->beside, err);
}

void sm_run__beside_end(sm_run *r)
{
    if (r->beside == NULL)
        return;
    sm_mutex_lock(&r->mu);
    r->through = true;
    sm_cond_broadcast(&r->ended);
    sm_mutex_unlock(&r->mu);
    sm_thread_join(r->beside);
    r->beside = NULL;
}

static void tell_expired(const sm_run *r, sm_run_result *out)
{
    sm_buf b;

    sm_buf_init(&b, 64);
    sm_buf_add_duration(&b, r->q.timeout_ms);
    out->state = SM_RUN_FAILED;
    out->code =
        sm_fail(&out->error, SM_E_TIMEOUT, 0,
                "stopped after its `timeout` of %s; what is decided stays, and the next run "
                "goes on behind it",
                b.ptr);
    sm_buf_release(&b);
}

void sm_run__beside_tell(const sm_run *r, sm_run_result *out)
{
    if (out->code != SM_E_CANCELLED)
        return;
    if (r->expired)
        tell_expired(r, out);
    else if (r->stopped_by.len > 0)
        sm_fail(&out->error, SM_E_CANCELLED, 0, "stopped by %.*s", SM_SV_ARG(r->stopped_by));
}
