/* SPDX-License-Identifier: Apache-2.0 */
/* view_quarantine.h -- the rows that tables did not take, as documents.
 *
 * What lies in the folders counts, not the plan: a quarantine stays when its rule leaves the file.
 */
#ifndef SM_VIEW_VIEW_QUARANTINE_H
#define SM_VIEW_VIEW_QUARANTINE_H

#include "ui/view/view.h"

/* {"pipeline","quarantines":[{table, quarantine, rows, undecodable, rules:{name: rows}, newest}]}:
 * of every table that has kept something.  `session` is asked for when there is one. */
sm_code sm_view_quarantines(const sm_view *v, sm_session *session, sm_json **out, sm_error *err);

typedef struct sm_view_quarantine_filter {
    sm_sv rule, row; /* "": any */
    int64_t limit;
} sm_view_quarantine_filter;

/* {"pipeline","table","quarantine","total","rows":[{id, rules:[{name, expect, policy}], attempt,
 * run, flow, batch, at, row} or {id, reason, input, path, line, raw, …}],"truncated"}, oldest
 * first. SM_E_NOT_FOUND: nothing was set aside. */
sm_code sm_view_quarantine(const sm_view *v, const sm_plan_dataset *table, sm_session *session,
                           const sm_view_quarantine_filter *filter, sm_json **out, sm_error *err);

#endif
