/* SPDX-License-Identifier: Apache-2.0 */
/* flow_trim.c -- the history of a run that goes on, kept in bounds.
 *
 * Every so many batches of a flow a bounded number of rows goes: more than those batches wrote, so
 * that it keeps up, and few enough for one short transaction.  A server trims on its own, too. */
#include "runtime/exec/flow_int.h"

#include "runtime/base/clock.h"
#include "runtime/base/log.h"

enum {
    EVERY_BATCHES = 64,
    ROWS = 1000, /* at most, at once */
    KEEP_BATCHES = 100,
    KEEP_RUNS = 1000,
    KEEP_DAYS_LIVE = 30, /* batches, and events of the run that goes on */
    KEEP_DAYS = 400      /* runs, and their events */
};

static const int64_t day_ms = INT64_C(24) * 60 * 60 * 1000;

void sm_flow__trim(const sm_flow *f, const sm_batch *b)
{
    int64_t now = sm_clock_now_ms(), dropped;
    sm_trim t = { .before_ms = now - KEEP_DAYS * day_ms,
                  .live_before_ms = now - KEEP_DAYS_LIVE * day_ms,
                  .keep_runs = KEEP_RUNS,
                  .keep_batches = KEEP_BATCHES };
    sm_error err;

    if ((b->n + 1) % EVERY_BATCHES == 0 &&
        sm_store_trim(f->env->q->store, &f->env->owner, &t, ROWS, &dropped, &err) != SM_OK)
        sm_log(SM_LOG_WARN, "exec", "flow=%.*s old history could not be dropped: %s",
               SM_SV_ARG(f->plan->name), err.msg);
}
