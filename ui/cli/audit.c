/* SPDX-License-Identifier: Apache-2.0 */
/* audit.c -- what a person did, in the event log.
 *
 * Looking takes no lock, so the event is written under whatever epoch is in force: it changes
 * nothing that a run owns.  When a run begins in between, its epoch is taken and tried again. */
#include "ui/cli/audit.h"

#include "runtime/events/event.h"

enum { ATTEMPTS = 5 };

static sm_code append(sm_store *s, const sm_project *p, const sm_event_rec *e, sm_arena *a,
                      sm_error *err)
{
    sm_code rc = SM_E_CONFLICT;

    for (int i = 0; rc == SM_E_CONFLICT && i < ATTEMPTS; i++) {
        sm_pipeline_rec rec;
        sm_owner owner;

        if ((rc = sm_store_pipeline(s, p->plan->pipeline, a, &rec, err)) != SM_OK)
            break;
        owner = (sm_owner){ .pipeline = rec.id, .epoch = rec.epoch };
        rc = sm_store_events_append(s, &owner, e, 1, NULL, err);
    }
    return rc;
}

sm_code sm_audit(const sm_project *p, sm_sv action, sm_sv dataset, sm_sv outcome, sm_error *err)
{
    sm_store_config config = { .state_path = p->state_dir };
    sm_event_rec e = sm_event_make(SM_EVENT_user_action, 0, action);
    sm_arena *a = sm_arena_new("audit");
    sm_json *details = sm_json_object(a);
    sm_store *s = NULL;
    sm_code rc = SM_OK;

    if (p->store == NULL || p->pipeline == 0)
        goto done;
    sm_json_set_string(details, "action", action);
    if (outcome.len > 0)
        sm_json_set_string(details, "outcome", outcome);
    e.dataset = dataset;
    e.details = sm_json_text(details, a);
    if ((rc = sm_store_open(&config, &s, err)) == SM_OK)
        rc = append(s, p, &e, a, err);
    if (rc != SM_OK)
        sm_wrap(err, "rows are only shown when that can be recorded");
done:
    sm_store_close(s);
    sm_arena_free(a);
    return rc;
}
