/* SPDX-License-Identifier: Apache-2.0 */
/* run_graph.c -- which flow runs when: workers that take what is ready.
 *
 * A flow is ready when every selected flow that writes one of its inputs has finished, and, in
 * a rebuild or one that an earlier run left unfinished, when the lead of its table has: what
 * it appended before would be removed with the rest.  When one of those failed it is skipped,
 * and so is what reads it; siblings go on.  It also waits for tables that its foreign keys refer
 * to, which may fail: then only that check is left for the next run. */
#include "runtime/exec/run_int.h"

#include <stdlib.h>

bool sm_run__reads(const sm_run *r, size_t i, size_t j)
{
    const sm_plan_flow *reader = &r->q.plan->flows[i], *writer = &r->q.plan->flows[j];

    for (size_t k = 0; k < reader->n_inputs; k++) {
        const sm_plan_dataset *d = &r->q.plan->datasets[reader->inputs[k].dataset];
        size_t table = sm_dataset_is_side(d) ? d->owner : reader->inputs[k].dataset;

        if (table == writer->target)
            return true;
    }
    return false;
}

static bool waits_for(const sm_run *r, size_t i, size_t j)
{
    if (i == j || !r->slots[j].selected)
        return false;
    if (r->slots[j].lead && r->q.plan->flows[i].target == r->q.plan->flows[j].target)
        return true;
    return sm_run__reads(r, i, j);
}

typedef enum readiness { NOT_YET, READY, BLOCKED } readiness;

/* `*cause`: for BLOCKED, the flow that failed. */
static readiness look(const sm_run *r, size_t i, size_t *cause)
{
    readiness state = READY;

    for (size_t j = 0; j < r->q.plan->n_flows; j++) {
        if (r->slots[j].selected && !r->slots[j].finished && sm_run__refers(r, i, j))
            state = NOT_YET;
        if (!waits_for(r, i, j))
            continue;
        if (r->slots[j].failed) {
            *cause = j;
            return BLOCKED;
        }
        if (!r->slots[j].finished)
            state = NOT_YET;
    }
    return state;
}

static const char *words_of(const sm_run *r, size_t cause)
{
    sm_run_flow_state state = r->outcomes[cause].state;

    return state == SM_RUN_FLOW_STOPPED ? "stopped"
           : state == SM_RUN_FLOW_HELD  ? "is held back"
                                        : "failed";
}

static void skip(sm_run *r, size_t i, size_t cause)
{
    sm_flow_outcome *o = &r->outcomes[i];

    o->state = SM_RUN_FLOW_SKIPPED;
    o->reason = sm_arena_printf(r->arena, "upstream %.*s %s", SM_SV_ARG(r->outcomes[cause].dataset),
                                words_of(r, cause));
    r->slots[i].started = r->slots[i].finished = r->slots[i].failed = true;
    sm_run__tell(r, i);
}

/* A flow to run; n_flows when there is none now.  *left: some are not finished.  Skipping one
 * may block another, so it looks until nothing changes.  Called with mu held. */
static size_t take(sm_run *r, bool *left)
{
    size_t n = r->q.plan->n_flows, cause = 0;
    bool again = true;

    while (again) {
        again = *left = false;
        for (size_t i = 0; i < n; i++) {
            readiness state;

            *left |= !r->slots[i].finished;
            if (r->slots[i].started)
                continue;
            state = look(r, i, &cause);
            if (state == READY) {
                r->slots[i].started = true;
                return i;
            }
            if (state == BLOCKED) {
                skip(r, i, cause);
                sm_cond_broadcast(&r->changed);
                again = true;
            }
        }
    }
    return n;
}

static bool counts_as_failed(sm_run_flow_state state)
{
    return state == SM_RUN_FLOW_FAILED || state == SM_RUN_FLOW_STOPPED;
}

static void work(void *arg)
{
    sm_run *r = arg;
    bool left = true;

    sm_mutex_lock(&r->mu);
    while (left) {
        size_t i = take(r, &left);

        if (i == r->q.plan->n_flows) {
            if (left)
                sm_cond_wait(&r->changed, &r->mu);
            continue;
        }
        sm_mutex_unlock(&r->mu);
        sm_run__execute_flow(r, i);
        sm_mutex_lock(&r->mu);
        r->slots[i].finished = true;
        r->slots[i].failed = counts_as_failed(r->outcomes[i].state);
        sm_cond_broadcast(&r->changed);
    }
    sm_mutex_unlock(&r->mu);
}

void sm_run__graph(sm_run *r)
{
    sm_thread *threads[SM_RUN_MAX_WORKERS] = { NULL };
    int want = r->q.workers > SM_RUN_MAX_WORKERS ? SM_RUN_MAX_WORKERS : r->q.workers, n = 0;
    sm_error ignored;

    /* This thread works too; with fewer threads than wished it only takes longer. */
    while (n < want - 1 && (size_t)n + 1 < r->q.plan->n_flows &&
           sm_thread_start("smelt-flow", work, r, &threads[n], &ignored) == SM_OK)
        n++;
    work(r);
    for (int i = 0; i < n; i++)
        sm_thread_join(threads[i]);
}
