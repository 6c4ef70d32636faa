/* SPDX-License-Identifier: Apache-2.0 */
/* deploy_schedule.c -- from the keys of a pipeline to its schedule. */
#include "ui/cli/deploy_int.h"

enum { RUNS_AT_ONCE = 4, US_OF_MS = 1000 };

int sm_deploy__workers(const sm_deploy *d)
{
    (void)d;
    return RUNS_AT_ONCE;
}

sm_schedule sm_deploy__schedule(const sm_deployed *x, sm_arena *a)
{
    const sm_spec *spec = x->project.spec;
    sm_trigger *t = SM_NEW_N(a, sm_trigger, 1);

    *t = (sm_trigger){ .kind = SM_TRIGGER_AVAILABLE_NOW };
    if (spec->trigger.interval.v > 0)
        *t = (sm_trigger){ .kind = SM_TRIGGER_INTERVAL,
                           .interval_ms = spec->trigger.interval.v / US_OF_MS };
    return (sm_schedule){ .pipeline = sm_arena_dup(a, x->project.plan->pipeline),
                          .version = sm_arena_dup(a, x->project.plan->fingerprint),
                          .store = x->project.store,
                          .triggers = t,
                          .n_triggers = 1,
                          .paused = spec->trigger.paused.v,
                          .concurrency = SM_CONCURRENCY_QUEUE,
                          .max_attempts = 3,
                          .backoff_ms = 5 * 1000,
                          .backoff_max_ms = 5 * 60 * 1000 };
}
