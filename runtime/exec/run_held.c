/* SPDX-License-Identifier: Apache-2.0 */
/* run_held.c -- a table that a broken rule stopped is held back from the runs of triggers.
 *
 * A rule with `on_violation: fail` throws its batch away, and the next run would read the same rows
 * and throw them away again, every ten seconds.  So a server remembers the flow: runs that nobody
 * asked for leave it out, and what reads it, until the plan is another one, a person resumes the
 * pipeline, or a run of a person took the batch.  Other tables go on.
 *
 * It is remembered in the memory of the program (run_memory.h): a server that starts anew tries
 * once.  A check of the whole table, or a threshold that is judged at the end of a run, holds
 * nothing back: what it judges was written, and the next rows may mend it. */
#include "runtime/base/clock.h"
#include "runtime/exec/run_int.h"
#include "runtime/exec/run_memory.h"
#include "runtime/store/store_schedule.h"

static sm_sv key_of(const sm_run *r, size_t i, const char *what, sm_arena *a)
{
    return sm_arena_printf(a, "%s %.*s/%.*s", what, SM_SV_ARG(r->q.plan->fingerprint),
                           SM_SV_ARG(r->q.plan->flows[i].name));
}

void sm_run__hold_back(sm_run *r, size_t i)
{
    sm_arena *a = sm_arena_new("held");

    sm_run_memory_set(r->q.memory, key_of(r, i, "held at", a), sm_clock_now_ms());
    sm_run_memory_set(r->q.memory, key_of(r, i, "held by", a), r->env.run_number);
    sm_arena_free(a);
}

/* Has somebody resumed the pipeline since, or a run of a person gone on with the flow? */
static sm_code is_over(const sm_run *r, size_t i, int64_t since, sm_arena *a, bool *out,
                       sm_error *err)
{
    sm_schedule_rec said;
    sm_position pos;
    sm_code rc;

    if ((rc = sm_store_schedule(r->q.store, r->q.plan->pipeline, a, &said, err)) != SM_OK ||
        (rc = sm_store_position(r->q.store, r->env.owner.pipeline, r->q.plan->flows[i].name, a,
                                &pos, err)) != SM_OK)
        return rc;
    *out = (!said.paused && said.changed_ms >= since) ||
           (pos.has_last && pos.last.decided_ms >= since);
    return SM_OK;
}

static void leave_out(sm_run *r, size_t i, int64_t by)
{
    r->outcomes[i].state = SM_RUN_FLOW_HELD;
    r->outcomes[i].reason = sm_arena_printf(
        r->arena,
        "held back since run %lld, in which it broke a rule with `on_violation: fail`; it goes on "
        "when the files change, or after `smelt resume %.*s`",
        (long long)by, SM_SV_ARG(r->q.plan->pipeline));
    r->slots[i].started = r->slots[i].finished = r->slots[i].failed = true;
}

sm_code sm_run__leave_held(sm_run *r, sm_error *err)
{
    sm_arena *a = sm_arena_new("held");
    sm_code rc = SM_OK;

    for (size_t i = 0; rc == SM_OK && r->q.obeys && i < r->q.plan->n_flows; i++) {
        int64_t since = sm_run_memory_get(r->q.memory, key_of(r, i, "held at", a), 0);
        bool over = false;

        if (since == 0 || !r->slots[i].selected || r->slots[i].refresh)
            continue;
        rc = is_over(r, i, since, a, &over, err);
        if (rc == SM_OK && over)
            sm_run_memory_set(r->q.memory, key_of(r, i, "held at", a), 0);
        else if (rc == SM_OK)
            leave_out(r, i, sm_run_memory_get(r->q.memory, key_of(r, i, "held by", a), 0));
    }
    sm_arena_free(a);
    return rc;
}
