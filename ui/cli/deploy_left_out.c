/* SPDX-License-Identifier: Apache-2.0 */
/* deploy_left_out.c -- an event for triggers that were due and got no run of their own.
 *
 * One for all of them, when the run that stood in their way has ended: a trigger of each second
 * would write an event each second otherwise. */
#include "runtime/events/event_log.h"
#include "ui/cli/deploy_int.h"

static sm_sv words_of(const sm_left_out *left, sm_arena *a)
{
    if (left->skipped == 0)
        return sm_arena_printf(a, "%lld more due at the same time are done with this run",
                               (long long)left->merged);
    return sm_arena_printf(a, "%lld due while the pipeline was at work were left out",
                           (long long)left->skipped);
}

void sm_deploy_left_out(void *ctx, const sm_run_order *o, const sm_left_out *left)
{
    sm_deploy *d = ctx;
    sm_deployed *x = sm_deploy_hold(d, o->pipeline);
    sm_arena *a = sm_arena_new("left out");
    sm_json *details = sm_json_object(a);
    sm_event_rec e = sm_event_make(SM_EVENT_trigger_left_out, 0, words_of(left, a));
    sm_pipeline_rec rec;
    sm_owner owner;
    sm_error ignored; /* it is only told */

    sm_json_set_string(details, "cause", o->cause);
    if (left->merged > 0)
        sm_json_set_int(details, "merged", left->merged);
    if (left->skipped > 0)
        sm_json_set_int(details, "skipped", left->skipped);
    e.details = sm_json_text(details, a);
    if (x != NULL && sm_store_pipeline(x->project.store, o->pipeline, a, &rec, &ignored) == SM_OK) {
        owner = (sm_owner){ .pipeline = rec.id, .epoch = rec.epoch };
        (void)sm_event_log_append((sm_event_log){ x->project.store, d->bus }, &owner, &e, 1,
                                  &ignored);
    }
    sm_arena_free(a);
    sm_deploy_let(x);
}
