/* SPDX-License-Identifier: Apache-2.0 */
/* run_timeout.c -- a run that takes too long is cancelled by a thread that waits beside it. */
#include "runtime/base/clock.h"
#include "runtime/exec/run_int.h"

static void wait_beside(void *arg)
{
    sm_run *r = arg;
    int64_t until = r->started_boot_ms + r->q.timeout_ms;
    bool expired;

    sm_mutex_lock(&r->mu);
    while (!r->through && sm_clock_boot_ms() < until)
        (void)sm_cond_wait_ms(&r->ended, &r->mu, until - sm_clock_boot_ms());
    expired = r->expired = !r->through && !r->stopping;
    sm_mutex_unlock(&r->mu);
    if (expired)
        sm_run_cancel(r);
}

sm_code sm_run__timeout_begin(sm_run *r, sm_error *err)
{
    if (r->q.timeout_ms <= 0 || r->q.continuous)
        return SM_OK;
    return sm_thread_start("smelt-timeout", wait_beside, r, &r->timer, err);
}

void sm_run__timeout_end(sm_run *r)
{
    if (r->timer == NULL)
        return;
    sm_mutex_lock(&r->mu);
    r->through = true;
    sm_cond_broadcast(&r->ended);
    sm_mutex_unlock(&r->mu);
    sm_thread_join(r->timer);
    r->timer = NULL;
}

void sm_run__timeout_tell(const sm_run *r, sm_run_result *out)
{
    sm_buf b;

    if (!r->expired || out->code != SM_E_CANCELLED)
        return;
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
