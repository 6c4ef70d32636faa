/* SPDX-License-Identifier: Apache-2.0 */
/* phase.c -- see the header. */
#include "runtime/events/phase.h"

#include "runtime/base/json.h"

static const struct {
    const char *name;
    bool work;
} phases[SM_PHASES] = {
    [SM_PHASE_PLAN] = { "plan", false },     [SM_PHASE_OPEN] = { "open", false },
    [SM_PHASE_READ] = { "read", true },      [SM_PHASE_COMPUTE] = { "compute", true },
    [SM_PHASE_SYNC] = { "sync", false },     [SM_PHASE_KEEP] = { "keep", true },
    [SM_PHASE_DECIDE] = { "decide", false }, [SM_PHASE_PUBLISH] = { "publish", false },
};

const char *sm_phase_name(sm_phase p)
{
    return phases[p].name;
}

bool sm_phase_is_work(sm_phase p)
{
    return phases[p].work;
}

void sm_batch_times_add(sm_batch_times *to, const sm_batch_times *more)
{
    for (int i = 0; i < SM_PHASES; i++)
        to->us[i] += more->us[i];
    to->cpu_us += more->cpu_us;
}

sm_sv sm_batch_times_text(const sm_batch_times *t, sm_arena *a)
{
    sm_json *o = sm_json_object(a);
    int64_t all = 0;

    for (int i = 0; i < SM_PHASES; i++) {
        all += t->us[i];
        sm_json_set_int(o, phases[i].name, t->us[i]);
    }
    return all > 0 ? sm_json_text(o, a) : SM_SV("");
}
