/* SPDX-License-Identifier: Apache-2.0 */
/* flow_phases.c -- where the time of a batch goes.
 *
 * A batch is in one phase at a time.  What comes behind the last of them, its end in the control
 * store, is in its duration and in no phase: the record is written by then.  Phases of an attempt
 * that was given up are forgotten with it. */
#include "runtime/base/clock.h"
#include "runtime/base/cpu_meter.h"
#include "runtime/exec/flow_int.h"

static void end_phase(sm_batch *b, int64_t now)
{
    if (b->phase_us != 0)
        b->times.us[b->phase] += now - b->phase_us;
    b->phase_us = 0;
}

void sm_flow__enter(sm_batch *b, sm_phase p)
{
    int64_t now = sm_clock_boot_us();

    end_phase(b, now);
    b->phase = p;
    b->phase_us = now;
}

void sm_flow__move_time(sm_batch *b, sm_phase from, sm_phase to, int64_t us)
{
    b->times.us[from] -= us; /* more will be added when it ends */
    b->times.us[to] += us;
}

void sm_flow__end_phases(const sm_flow *f, sm_batch *b)
{
    if (b->phase_us == 0)
        return;
    end_phase(b, sm_clock_boot_us());
    b->times.cpu_us = sm_cpu_meter_read(f->env->q->meter, f->cpu_begun);
}
